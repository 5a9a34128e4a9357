"""漏斗: how many opportunities stand in which stage, by source, product, branch and manager, and how many are won."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import ConfigDict, Field

from graph.view import View
from queries.models import Answer
from queries.opportunities import Engine, Found, Wanted, assigned, engine, found_in, of_whom, stage_of
from queries.opportunity_eligibility import Verdict
from queries.opportunity_feedback import STAGES, TAKEN_UP, Stage
from queries.opportunity_proposals import Rows

Group = Literal["source", "product", "branch", "manager"]


@dataclass(slots=True, kw_only=True)
class FunnelLine:
    """Counts of one source, product, branch or manager; an opportunity of several counts at each of them."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    key: Annotated[
        str, Field(description="Name of the source, key of the product, id of the branch or person.")
    ]
    name: str
    name_en: str
    proposed: Annotated[int, Field(description="All of them, in any stage.")]
    new: int
    accepted: int
    snoozed: int
    dismissed: int
    won: int
    lost: int
    amount_won: Annotated[float, Field(description="Yuan, as far as it was said.")]
    take_up: Annotated[
        float | None,
        Field(description="Part of what was decided that was accepted, won or lost; null: nothing was."),
    ]
    conversion: Annotated[
        float | None, Field(description="Part of what ended that was won; null: nothing ended.")
    ]


class Funnel(Answer):
    """The funnel: how far opportunities have come."""

    total: FunnelLine
    by_source: list[FunnelLine]
    by_product: list[FunnelLine]
    by_branch: list[FunnelLine]
    by_manager: list[FunnelLine]
    unassigned: int = Field(description="Open opportunities that nobody of the staff covers or was given.")
    set_aside: int = Field(
        description="Open proposals that were set aside: not eligible, restricted, or held."
    )


@dataclass
class _Count:
    """Counts of a group while they are made."""

    names: tuple[str, str]
    places: list[int]


def funnel(view: View, wanted: Wanted | None = None, *, by: Engine | None = None) -> Funnel:
    """Opportunities by stage, of all or of whom it is asked; `stage`, `source`, `unassigned` do not count here.

    Raises:
        NotFound, Ambiguous: As `View.resolve`, of a company, manager or branch.
    """
    found = found_in(view, by or engine())
    mine = of_whom(found, wanted or Wanted())
    places = np.flatnonzero(found.standing & mine)
    new = (found.stage == STAGES.index("new")) | (found.stage == STAGES.index("accepted"))
    return Funnel(
        total=_line(found, "all", ("全部", "all"), places.tolist()),
        by_source=_lines(found, _sources(found, places)),
        by_product=_lines(found, _products(found, places)),
        by_branch=_lines(found, _staffed(found, places, branches=True)),
        by_manager=_lines(found, _staffed(found, places, branches=False)),
        unassigned=int((found.standing & mine & new & ~assigned(found)).sum()),
        set_aside=int((found.book.live & mine & (found.verdict != Verdict.GOOD)).sum()),
    )


def _lines(found: Found, groups: Iterable[tuple[str, _Count]]) -> list[FunnelLine]:
    """The largest first, then by key."""
    lines = [_line(found, key, group.names, group.places) for key, group in groups]
    return sorted(lines, key=lambda line: (-line.proposed, line.key))


_COUNTED: Final = ("new", "accepted", "snoozed", "dismissed", "won", "lost")


def _line(found: Found, key: str, names: tuple[str, str], places: list[int]) -> FunnelLine:
    counts = dict.fromkeys(_COUNTED, 0)
    for stage in np.array(STAGES)[found.stage[places]].tolist() if places else ():
        counts[stage] += 1
    decided = sum(counts[stage] for stage in ("accepted", "dismissed", "won", "lost"))
    ended = counts["won"] + counts["lost"]
    return FunnelLine(
        key=key,
        name=names[0],
        name_en=names[1],
        proposed=len(places),
        **counts,
        amount_won=_won(found, places),
        take_up=round(sum(counts[stage] for stage in TAKEN_UP) / decided, 6) if decided else None,
        conversion=round(counts["won"] / ended, 6) if ended else None,
    )


def _won(found: Found, places: list[int]) -> float:
    """Amounts said of what is won, in a sum that no order shows in."""
    amounts = []
    for place in places:
        stage: Stage = stage_of(found, place)
        if stage == "won" and (last := found.track(place).last) is not None and last.amount is not None:
            amounts.append(last.amount)
    return float(np.sort(np.array(amounts, np.float64)).sum())


def _sources(found: Found, places: Rows) -> Iterator[tuple[str, _Count]]:
    """By source what it proposes now, or proposed when it was decided on."""
    every = found.book
    pair = np.repeat(np.arange(len(every)), np.diff(every.first))
    for number, source in enumerate(found.engine.sources):
        proposing = np.zeros(len(every), np.bool_)
        proposing[pair[(every.source == number) & found.counted]] = True
        chosen = [
            place
            for place in places.tolist()
            if _proposed_by(found, place, source.name, now=proposing.item(place))
        ]
        yield source.name, _Count((source.label.zh, source.label.en), chosen)


def _proposed_by(found: Found, place: int, name: str, *, now: bool) -> bool:
    last = found.track(place).last
    return name in last.sources if last is not None and last.sources else now


def _products(found: Found, places: Rows) -> Iterator[tuple[str, _Count]]:
    product = found.book.product[places]
    for number in np.unique(product).tolist():
        offered = found.engine.catalogue.products[number]
        yield offered.key, _Count((offered.name.zh, offered.name.en), places[product == number].tolist())


def _staffed(found: Found, places: Rows, *, branches: bool) -> Iterator[tuple[str, _Count]]:
    """By who works on it: who was given it, else who covers the company; or by the branches that these are of."""
    view = found.desk.view
    by_staff: dict[int, list[int]] = defaultdict(list)
    for place in places.tolist():
        staff = found.workers(place)
        groups = {branch for one in staff for branch in _branches(view, one)} if branches else staff
        for group in groups:
            by_staff[group].append(place)
    for row, chosen in by_staff.items():
        yield view.id(row), _Count((view.name(row), view.name(row)), chosen)


def _branches(view: View, staff: int) -> set[int]:
    return {f.other for f in view.facts(staff, "PARTY_TO", "in") if f.props.get("role") == "branch"}
