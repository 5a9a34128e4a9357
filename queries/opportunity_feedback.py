"""反馈: what people decided on opportunities, which stage that leads to, and what it teaches about the sources."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np

from graph.errors import InvalidInput, NotFound
from graph.schema import WRITTEN_BY
from graph.view import View
from graph.view_types import RecordRef
from queries.opportunity_proposals import Desk, Floats, public_desk
from queries.opportunity_rules import Rates
from queries.statements import of_units, refs

Stage = Literal["new", "accepted", "snoozed", "dismissed", "won", "lost"]
Decided = Literal["accepted", "snoozed", "dismissed", "won", "lost"]

STAGES: Final[tuple[Stage, ...]] = ("new", "accepted", "snoozed", "dismissed", "won", "lost")
OPEN_STAGES: Final[tuple[Stage, ...]] = ("new", "accepted")
FOLLOWS: Final[Mapping[Stage, tuple[Decided, ...]]] = {
    "new": ("accepted", "snoozed", "dismissed", "won", "lost"),
    "accepted": ("won", "lost", "snoozed", "dismissed"),
    "snoozed": ("accepted", "snoozed", "dismissed", "won", "lost"),
    "dismissed": ("accepted",),
    "won": ("lost",),
    "lost": ("won", "accepted"),
}
"""What may be decided in each stage; what was dismissed is taken up again by accepting it."""

ASSIGNED: Final = "assigned"

TAKEN_UP: Final = frozenset({"accepted", "won", "lost"})


@dataclass(frozen=True)
class Decision:
    """One decision on an opportunity."""

    row: int
    id: str
    state: str
    reason: str | None
    who: str
    at: str
    day: dt.date
    until: dt.date | None
    amount: float | None
    sources: tuple[str, ...]
    evidence: frozenset[str]
    assignee: int | None
    records: tuple[RecordRef, ...]


@dataclass(frozen=True)
class Track:
    """What was decided on one opportunity, the oldest first."""

    history: tuple[Decision, ...]

    @property
    def last(self) -> Decision | None:
        """The newest decision on its stage."""
        return next((one for one in reversed(self.history) if one.state != ASSIGNED), None)

    @property
    def assignee(self) -> int | None:
        """Row of the member of staff to whom it was given last."""
        return next((one.assignee for one in reversed(self.history) if one.state == ASSIGNED), None)


Pair = tuple[int, int]
"""The row of a company, and the place of a product."""


def tracks(desk: Desk) -> Mapping[Pair, Track]:
    """What was decided, by company and product, as this viewer sees it. Kept by View."""
    return desk.view.foundation(("opportunity tracks", desk.catalogue.label), lambda: _tracks(desk))


def _tracks(desk: Desk) -> dict[Pair, Track]:
    view = desk.view
    found: dict[Pair, list[Decision]] = defaultdict(list)
    stated = view.property_texts("Decision", "product")
    for row, which in zip(stated.rows.tolist(), stated.which.tolist(), strict=True):
        product = desk.catalogue.places.get(stated.texts[which])
        company = _resolved(view, view.value(row, "client"))
        if product is not None and company is not None and _own(view, row):
            found[company, product].append(_decision(view, row))
    return {
        pair: Track(tuple(sorted(some, key=lambda one: (one.at, one.id)))) for pair, some in found.items()
    }


def _own(view: View, row: int) -> bool:
    """Whether the desk itself stated it."""
    return all(unit.source == WRITTEN_BY["Decision"] for unit in view.units(row))


def _resolved(view: View, handle: str | None) -> int | None:
    if handle is None:
        return None
    try:
        return view.resolve(handle)
    except NotFound:
        return None


def _decision(view: View, row: int) -> Decision:
    props = view.props(row)
    at = dt.datetime.fromisoformat(str(props["at"]))
    stated = [unit.stated for unit in view.units(row) if unit.stated]
    return Decision(
        row=row,
        id=view.id(row),
        state=str(props["state"]),
        reason=props.get("reason"),
        who=str(props["who"]),
        at=str(props["at"]),
        day=min(stated, default=at.date()),
        until=props.get("until"),
        amount=props.get("amount"),
        sources=tuple(props.get("sources", ())),
        evidence=frozenset(props.get("evidence", ())),
        assignee=_resolved(view, props.get("assignee")),
        records=tuple(refs(of_units(view, row))),
    )


# --- the stage ---


def stage(view: View, last: Decision | None, something_new: Callable[[Decision], bool]) -> tuple[Stage, bool]:
    """The stage on the day, and whether it came back because something new had happened since it was decided.

    What was decided comes back when something new happens, what is snoozed also when its time is over; what was
    accepted stays so.
    """
    if last is None:
        return "new", False
    state: Stage = next(one for one in STAGES if one == last.state)
    if state == "snoozed" and last.until is not None and last.until <= view.as_of:
        return "new", False
    if state != "accepted" and something_new(last):
        return "new", True
    return state, False


def decided(now: Stage, wanted: str, reason: str | None, until: dt.date | None, today: dt.date) -> Decided:
    """The stage that feedback leads to.

    Raises:
        InvalidInput: It may not be decided in this stage, or lacks its reason or its day.
    """
    following = next((one for one in FOLLOWS[now] if one == wanted), None)
    if following is None:
        raise InvalidInput(
            "state",
            f"阶段为 {now} 的商机不能改为 {wanted} / an opportunity that is {now} cannot become {wanted!r}",
            hint=f"one of {', '.join(FOLLOWS[now])}",
        )
    if following == "dismissed" and not (reason or "").strip():
        raise InvalidInput("reason", "请说明理由 / say why it is dismissed")
    if following == "snoozed" and (until is None or until <= today):
        raise InvalidInput("until", "请给出将来的日期 / give a day to come until which it is put off")
    return following


# --- what it teaches ---


@dataclass(frozen=True)
class Learned:
    """Rates after what everyone may see of the feedback: take-up by source and product, and won by product."""

    take_up: Floats
    won: Floats


def learned(desk: Desk, rates: Rates, sources: Sequence[str]) -> Learned:
    """The posterior means; they read the public View alone.

    An opportunity counts once for each source that had proposed it, by the newest decision: taken up (accepted, won or
    lost) or dismissed; put off does not count. What was taken up counts as won or lost once that is said.
    """
    found = tracks(public_desk(desk))
    good, seen = np.zeros((len(sources), desk.size)), np.zeros((len(sources), desk.size))
    won, ended = np.zeros(desk.size), np.zeros(desk.size)
    places = {name: at for at, name in enumerate(sources)}
    for (_, product), track in found.items():
        last = track.last
        if last is None or last.state == "snoozed":
            continue
        for name in last.sources:
            if name in places:
                seen[places[name], product] += 1
                good[places[name], product] += last.state in TAKEN_UP
        won[product] += last.state == "won"
        ended[product] += last.state in ("won", "lost")
    take_up = [
        [rates.take_up[name].after(good.item(at, p), seen.item(at, p)) for p in range(desk.size)]
        for at, name in enumerate(sources)
    ]
    return Learned(
        np.round(np.array(take_up).reshape(len(sources), desk.size), 9),
        np.round(np.array([rates.won.after(won.item(p), ended.item(p)) for p in range(desk.size)]), 9),
    )
