"""A mention with the row that it is linked to, while a text is being linked."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from graph.view import View
from nlp.found import Candidate, Mention

MOST_CANDIDATES: Final = 5


@dataclass(frozen=True, slots=True)
class Placed:
    """A mention, and the row of its entity within the view; None where it is linked to nobody."""

    mention: Mention
    row: int | None = None

    @classmethod
    def linked(cls, view: View, mention: Mention, row: int, reason: str, score: float) -> Placed:
        """The mention linked to an entity."""
        return cls(replace(mention, link=candidate(view, row, reason, score)), row)

    @classmethod
    def decided(cls, view: View, mention: Mention, rows: Sequence[int], reason: str, score: float) -> Placed:
        """The mention linked to the only row, or with several as candidates."""
        if len(rows) == 1:
            return cls.linked(view, mention, rows[0], reason, score)
        return cls.undecided(view, mention, rows, reason)

    @classmethod
    def undecided(cls, view: View, mention: Mention, rows: Sequence[int], reason: str) -> Placed:
        """The mention linked to nobody; the rows, best first, as candidates."""
        shown = rows[:MOST_CANDIDATES]
        found = tuple(candidate(view, row, reason, round(1 / (1 + len(rows)), 3)) for row in shown)
        return cls(replace(mention, candidates=found))


def candidate(view: View, row: int, reason: str, score: float) -> Candidate:
    """An entity as a reviewer sees it."""
    return Candidate(
        view.id(row), view.name(row), view.kind(row), round(min(1.0, max(0.0, score)), 3), reason
    )
