"""预警: clients that an event hit hard, through what, who covers them, and what has been decided."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from pydantic import ConfigDict, Field

from graph.errors import InvalidInput, NotFound
from graph.schema import WRITTEN_BY
from graph.view import View
from queries.exposure_equity import dense
from queries.models import Answer, Cursor, EntityId, Line, Party
from queries.paging import Page, Position, cut
from queries.risk_explain import ChannelShare, Path
from queries.statements import number_of, party, refs

State = Literal["new", "acknowledged", "dismissed", "closed"]
Decided = Literal["acknowledged", "dismissed", "closed"]

STATES: Final[tuple[State, ...]] = ("new", "acknowledged", "dismissed", "closed")
FOLLOWS: Final[Mapping[State, tuple[Decided, ...]]] = {
    "new": ("acknowledged", "dismissed", "closed"),
    "acknowledged": ("dismissed", "closed"),
    "dismissed": ("acknowledged",),
    "closed": ("acknowledged",),
}
"""What may be decided in each state; what was dismissed or closed is taken up again by acknowledging it."""

NEEDS_REASON: Final = ("dismissed",)


class Trace(Answer):
    """What the client's distress came through, as it was worked out when the alert was raised."""

    own_shock: float = Field(description="The part that is its own shock.")
    channels: list[ChannelShare] = Field(description="With `own_shock` they add up to the distress.")
    paths: list[Path] = Field(description="The strongest, first.")


@dataclass(slots=True, kw_only=True)
class DecisionLine(Line):
    """What somebody decided, and when."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    state: str
    reason: str | None
    who: str
    at: dt.datetime


@dataclass(slots=True, kw_only=True)
class AlertLine(Line):
    """One alert, with its history, the oldest decision first."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    state: State
    raised: dt.date
    kind: Annotated[str, Field(description="Kind of the event.")]
    date: Annotated[dt.date | None, Field(description="Day of the event.")]
    event: Annotated[Party | None, Field(description="Null once no source states it any more.")]
    client: Party
    shock: Annotated[float, Field(description="Largest shock that the event gave a party, from 0 to 1.")]
    distress: float
    distress_low: float
    distress_high: float
    net: Annotated[float, Field(description="What the firm had at risk, net of collateral, in yuan.")]
    rule: Annotated[str, Field(description="Rule and version that raised it.")]
    text: str
    text_en: str
    trace: Trace
    covered_by: Annotated[list[Party], Field(description="Staff who look after the client, on the day.")]
    compartments: Annotated[
        list[str], Field(description="On what was seen with these alone it was computed.")
    ]
    history: list[DecisionLine]


class Alerts(Answer):
    """Alerts, the newest first, then by distress, then by id."""

    alerts: list[AlertLine]
    total: int
    next: Cursor


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which alerts: in a state, of a client, of clients that a member of staff covers; all where nothing is given."""

    state: str | None = None
    client: str | None = None
    covered_by: str | None = None


def alerts(view: View, wanted: Wanted | None = None, *, page: Page | None = None) -> Alerts:
    """The alerts that a viewer may see.

    Raises:
        NotFound, Ambiguous: As `View.resolve`, of a client or member of staff.
        InvalidInput: An unknown state, or a cursor that is not valid.
    """
    wanted, page = wanted or Wanted(), page or Page()
    if wanted.state is not None and wanted.state not in STATES:
        raise InvalidInput(
            "state", f"没有状态 {wanted.state} / there is no state {wanted.state!r}",
            hint=f"one of {', '.join(STATES)}",
        )  # fmt: skip
    clients = _client_rows(view)
    chosen = _clients_wanted(view, wanted)
    rows = [row for row, client in clients.items() if chosen is None or client in chosen]
    decisions = _decisions(view)
    if wanted.state is not None:
        rows = [row for row in rows if _state(view, decisions.get(view.id(row), [])) == wanted.state]
    positions = _positions(view, rows)
    order = sorted(rows, key=positions.__getitem__)
    asked = ("alerts", view.as_of.isoformat(), wanted.state or "", *sorted(map(view.id, chosen or ())))
    shown, following = cut(order, page, positions.__getitem__, *asked)
    lines = [_line(view, row, clients[row], decisions.get(view.id(row), [])) for row in shown]
    return Alerts(alerts=lines, total=len(order), next=following)


class One(Answer):
    """One alert."""

    alert: AlertLine


def alert(view: View, ref: str) -> One:
    """One alert by its id. Raises NotFound where there is none that may be seen."""
    row = _row(view, ref)
    client = _client_rows(view).get(row)
    if client is None:
        raise _none(ref)
    return One(alert=_line(view, row, client, _decisions(view).get(view.id(row), [])))


def _row(view: View, ref: str) -> int:
    try:
        row = view.resolve(ref)
    except NotFound:
        raise _none(ref) from None
    if view.kind(row) != "Alert":
        raise _none(ref)
    return row


def _none(ref: str) -> NotFound:
    return NotFound(f"没有预警 {ref!r} / there is no alert {ref!r}", hint="guanxi alerts list")


def decided(found: AlertLine, state: str, reason: str | None) -> Decided:
    """The state that a decision leads to. Raises InvalidInput where it may not be decided, or has no reason."""
    for following in FOLLOWS[found.state]:
        if following == state:
            if following in NEEDS_REASON and not (reason or "").strip():
                raise InvalidInput("reason", "请说明理由 / say why it is dismissed")
            return following
    raise InvalidInput(
        "state",
        f"状态为 {found.state} 的预警不能改为 {state} / an alert that is {found.state} cannot become {state!r}",
        hint=f"one of {', '.join(FOLLOWS[found.state])}",
    )


def _client_rows(view: View) -> dict[int, int]:
    """By row of an alert that of its client. Kept by View."""
    return view.foundation("alerts by client", lambda: _clients_of_alerts(view))


def _clients_of_alerts(view: View) -> dict[int, int]:
    """Alerts whose client is not there on the day are left out."""
    stated = view.property_texts("Alert", "client")
    rows = [_resolved(view, text) for text in stated.texts]
    found = zip(stated.rows.tolist(), (rows[which] for which in stated.which.tolist()), strict=True)
    return {alert: client for alert, client in found if client is not None and _own(view, alert)}


def _own(view: View, row: int) -> bool:
    """Whether the system itself stated it; files may have rows of these types too, which say nothing here."""
    return all(unit.source == WRITTEN_BY[view.kind(row)] for unit in view.units(row))


def _resolved(view: View, handle: str | None) -> int | None:
    if handle is None:
        return None
    try:
        return view.resolve(handle)
    except NotFound:
        return None


def _clients_wanted(view: View, wanted: Wanted) -> set[int] | None:
    chosen: set[int] | None = None
    if wanted.client is not None:
        chosen = {view.resolve(wanted.client)}
    if wanted.covered_by is not None:
        covered = {fact.other for fact in view.facts(view.resolve(wanted.covered_by), "COVERS", "out")}
        chosen = covered if chosen is None else chosen & covered
    return chosen


def _positions(view: View, rows: list[int]) -> dict[int, Position]:
    distress = dense(view, "Alert", "distress")
    return {
        row: (-number_of(view.value(row, "raised")), -float(np.nan_to_num(distress[row])), view.id(row))
        for row in rows
    }


def _decisions(view: View) -> dict[str, list[int]]:
    """By what was decided on the decisions, oldest first. Kept by View."""
    return view.foundation("decisions by what they are about", lambda: _all_decisions(view))


def _all_decisions(view: View) -> dict[str, list[int]]:
    stated = view.property_texts("Decision", "about")
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row, which in zip(stated.rows.tolist(), stated.which.tolist(), strict=True):
        if _own(view, row):
            found[stated.texts[which]].append((str(view.value(row, "at")), view.id(row), row))
    return {about: [row for *_, row in sorted(some)] for about, some in found.items()}


def _line(view: View, row: int, client: int, decisions: list[int]) -> AlertLine:
    props, records = view.described(row)
    event = _resolved(view, props.get("event"))
    history = [_decision(view, one) for one in decisions]
    return AlertLine(
        id=view.id(row),
        state=_state(view, decisions),
        raised=props["raised"],
        kind=str(props["kind"]),
        date=props.get("date"),
        event=None if event is None else party(view, event),
        client=party(view, client),
        shock=props["shock"],
        distress=props["distress"],
        distress_low=props["distress_low"],
        distress_high=props["distress_high"],
        net=props.get("net", 0.0),
        rule=str(props["rule"]),
        text=str(props["text"]),
        text_en=str(props["text_en"]),
        trace=Trace.model_validate_json(props["trace"]),
        covered_by=_covering(view, client),
        compartments=sorted({name for unit in view.units(row) for name in unit.compartments}),
        history=history,
        records=refs(record for some in records.values() for record in some),
    )


def _state(view: View, decisions: list[int]) -> State:
    """The state that the newest decision led to."""
    newest = view.value(decisions[-1], "state") if decisions else None
    return state_named(newest)


def state_named(text: str | None) -> State:
    """The state of a name; new for none."""
    return next((state for state in STATES if state == text), "new")


def _decision(view: View, row: int) -> DecisionLine:
    props, records = view.described(row)
    return DecisionLine(
        id=view.id(row),
        state=str(props["state"]),
        reason=props.get("reason"),
        who=str(props["who"]),
        at=dt.datetime.fromisoformat(props["at"]),
        records=refs(record for some in records.values() for record in some),
    )


def _covering(view: View, client: int) -> list[Party]:
    rows = {fact.other for fact in view.facts(client, "COVERS", "in")}
    return [party(view, row) for row in sorted(rows, key=view.id_key)]
