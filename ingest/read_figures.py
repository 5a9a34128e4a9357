"""Figures of an event beside its amount, as its document gives them: what tells one pledge or report from another."""

from __future__ import annotations

import json
import re
from bisect import bisect_left
from collections.abc import Iterator
from dataclasses import asdict, dataclass
from typing import Final

from ingest.joining import Joining
from ingest.read_documents import ReadDocument
from ingest.read_roles import FIGURES
from ingest.said import Part, Row, Said
from nlp.found import Mention

PLEDGE: Final = "pledge"
RELEASE: Final = "pledge_release"
PLEDGING: Final = (PLEDGE, RELEASE)

_OF_TOTAL: Final = "ratio_of_total"
"""The only ratio that says of what it is one: another may be what a holder has left, or a part of what it holds."""

_BEFORE: Final = 16
_CLAUSE: Final = re.compile("[，,。；;：:]")


@dataclass(frozen=True, slots=True)
class Figures:
    """Shares, a ratio, whether both are what a plan has come to so far, and whether its money is a loan.

    `left`: of a release the shares that stay pledged.
    """

    progress: bool = False
    loan: bool = False
    shares: float | None = None
    ratio: float | None = None
    left: float | None = None


def figures_of(row: Row) -> Figures:
    """Those of a claim's row."""
    return Figures(**json.loads(row.get(FIGURES, "{}")))


def with_figures(row: Row, read: ReadDocument, said: Said, rules: Joining) -> Row:
    """The row of an event with its figures, where it is one that is looked at together with others."""
    if said.kind != "event" or said.type not in {*PLEDGING, *rules.progress.types}:
        return row
    pledging = said.type in PLEDGING
    never = rules.pledges.never
    figures = Figures(
        progress=not pledging
        and said.detail not in never
        and rules.progress.words.search(said.text) is not None,
        loan=pledging and rules.pledges.loan.search(said.text) is not None,
        shares=_figure(read, said, "shares", rules.pledges.sums if pledging else None),
        ratio=_figure(read, said, _OF_TOTAL, rules.pledges.sums if pledging else None),
        left=_left(read, said, rules.pledges.left) if said.type == RELEASE else None,
    )
    stated = {name: value for name, value in asdict(figures).items() if value}
    return row | ({FIGURES: json.dumps(stated)} if stated else {})


def _figure(read: ReadDocument, said: Said, role: str, sums: re.Pattern[str] | None) -> float | None:
    """The first figure of a role that is not a sum of several."""
    for part in said.parts:
        found = _mention(read, part) if part.role == role else None
        if found is not None and found.quantity is not None and not _is_sum(read, part, found, sums):
            return found.quantity.value
    return None


def _mention(read: ReadDocument, part: Part) -> Mention | None:
    """The mention with the very characters of a part, the last of several."""
    same = (found for found in _from(read, part.start, part.start + 1) if found.end == part.end)
    return next(iter(list(same)[::-1]), None)


def _from(read: ReadDocument, start: int, end: int) -> Iterator[Mention]:
    """The mentions, which stand in order, that begin from one place to before another."""
    mentions = read.reading.mentions
    first = bisect_left(mentions, start, key=lambda mention: mention.start)
    last = bisect_left(mentions, end, lo=first, key=lambda mention: mention.start)
    return iter(mentions[first:last])


def _left(read: ReadDocument, said: Said, left: re.Pattern[str]) -> float | None:
    """The first number of shares in a release's sentence that stays pledged."""
    for found in _from(read, said.start, said.end):
        quantity = found.quantity
        if (
            quantity is not None
            and quantity.unit == "shares"
            and left.search(_before(read, found.start, found))
        ):
            return quantity.value
    return None


def _is_sum(read: ReadDocument, part: Part, found: Mention, sums: re.Pattern[str] | None) -> bool:
    """Whether the words right before a figure, in its clause, say that it is a sum of several."""
    return sums is not None and sums.search(_before(read, part.start, found)) is not None


def _before(read: ReadDocument, start: int, found: Mention) -> str:
    """The words right before a figure, in its clause, from a little before `start` on."""
    return _CLAUSE.split(read.reading.text[max(start - _BEFORE, 0) : found.start])[-1]
