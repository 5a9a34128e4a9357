"""时间线: what happened to an entity and what changed about it, newest first."""

from __future__ import annotations

import datetime as dt
import itertools
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import Field

from graph import schema
from graph.view import Fact, View
from graph.view_types import RecordRef as ViewRef
from queries.documents import told_by
from queries.labels import CHANGES, KINDS, Label, relation_label
from queries.models import Answer, Cursor, EntityId, Line, Party, Value
from queries.paging import Page, Position, cut
from queries.statements import MAX_RECORDS, day_of, newest_first, party, refs

CHANGING: Final = (
    "HOLDS", "OFFICER_OF", "CONTROLS", "RELATIVE_OF", "LENDS_TO", "SUPPLIES", "ISSUED", "COVERS", "OWNS_PRODUCT",
)  # fmt: skip
"""Edge types whose beginning, end and change of value is news about both ends."""

HAPPENING: Final = (
    "Event", "Deal", "Guarantee", "Pledge", "ConcertAgreement", "Document", "FinancialReport", "Exposure",
)  # fmt: skip
"""Node types that are themselves something that happened."""


@dataclass(slots=True, kw_only=True)
class Change(Line):
    """One thing that happened, or one change."""

    date: dt.date
    change: Annotated[str, Field(description="began, ended, changed, or happened.")]
    type: Annotated[str, Field(description="Edge type that changed, or type of what happened.")]
    direction: Annotated[str, Field(description="out: a relation from the entity; in: one to it.")]
    title: str
    title_en: str
    party: Annotated[Party, Field(description="The other end of the relation, or what happened.")]
    properties: Annotated[
        dict[str, Value], Field(description="Values from that day on; of an end, the last ones.")
    ]
    before: Annotated[
        dict[str, Value] | None, Field(description="Of a change: the values that were replaced.")
    ]
    documents: Annotated[
        list[Party],
        Field(description="Of an event: the documents that tell it, the newest first, at most 20."),
    ]
    documents_total: int


class Timeline(Answer):
    """A page of an entity's history; ordered by date, the newest first, then by type and stable ids."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date | None
    known_at: dt.date | None
    items: list[Change]
    total: int
    next: Cursor


@dataclass(frozen=True, slots=True)
class Moment:
    """A change before it is worded; `position` orders the timeline."""

    position: Position
    date: dt.date
    change: str
    type: str
    direction: str
    other: int
    props: Mapping[str, Any]
    before: Mapping[str, Any] | None
    records: tuple[ViewRef, ...]


def timeline(view: View, ref: str, *, page: Page | None = None) -> Timeline:
    """Events, deals, guarantees, pledges, and relations that began, ended or changed, up to the day asked for.

    Raises:
        NotFound: No such entity, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: The cursor is not valid.
    """
    page = page or Page()
    row = view.resolve(ref)
    moments = sorted(_moments(view, row), key=lambda moment: moment.position)
    shown, following = cut(moments, page, lambda moment: moment.position, "timeline", view.id(row))
    return Timeline(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        items=[_worded(view, moment) for moment in shown],
        total=len(moments),
        next=following,
    )


def _moments(view: View, row: int) -> Iterator[Moment]:
    last = view.as_of or dt.date.max
    found = itertools.chain(_changes(view, row), _happenings(view, row))
    return (moment for moment in found if moment.date <= last)


# --- Relations that began, ended or changed --------------------------------------------------------------------------


def _changes(view: View, row: int) -> Iterator[Moment]:
    for edge_type, direction in itertools.product(CHANGING, ("out", "in")):
        facts: dict[tuple[Any, ...], list[Fact]] = {}
        for fact in view.history(row, edge_type, direction):
            facts.setdefault((fact.other, *_class(fact)), []).append(fact)
        for (other, *_), statements in facts.items():
            for day, before, after in _turns(statements):
                yield _moment(view, (edge_type, direction, other), day, before, after)


def _class(fact: Fact) -> tuple[Any, ...]:
    return tuple(fact.props.get(name) for name in schema.edge_model(fact.type).classes)


def _turns(statements: Sequence[Fact]) -> Iterator[tuple[dt.date, Fact | None, Fact | None]]:
    """The days on which a fact began, ended or changed its values, with what held before and from then on.

    Of several statements that hold on one day the first counts: a View gives the best one first.
    """
    days = {s.valid_from for s in statements} | {s.valid_to for s in statements}
    for day in sorted(day for day in days if day is not None):
        before = next((s for s in statements if _holds(s, day - dt.timedelta(days=1))), None)
        after = next((s for s in statements if _holds(s, day)), None)
        if before is None and after is not None and after.start_unknown:
            continue  # the day on which a source was made is not the day on which something began
        if _values(before) != _values(after):
            yield day, before, after


def _holds(fact: Fact, day: dt.date) -> bool:
    return (fact.valid_from is None or fact.valid_from <= day) and (
        fact.valid_to is None or day < fact.valid_to
    )


def _values(fact: Fact | None) -> dict[str, Any] | None:
    return None if fact is None else dict(fact.props)


def _moment(
    view: View, relation: tuple[str, str, int], day: dt.date, before: Fact | None, after: Fact | None
) -> Moment:
    edge_type, direction, other = relation
    change = "changed" if before and after else "began" if after else "ended"
    now = after or before
    assert now is not None  # noqa: S101  # a turn has at least one side
    words = tuple(str(value or "") for value in _class(now))
    return Moment(
        position=(*newest_first(day, edge_type), direction, change, view.id(other), *words),
        date=day,
        change=change,
        type=edge_type,
        direction=direction,
        other=other,
        props=now.props,
        before=before.props if before and after else None,
        records=now.records,
    )


# --- Things that happened ----------------------------------------------------------------------------------------


def _happenings(view: View, row: int) -> Iterator[Moment]:
    parts: dict[int, list[ViewRef]] = {}
    for edge_type, direction in (("PARTY_TO", "out"), ("ABOUT", "in"), ("MENTIONS", "in")):
        for fact in view.history(row, edge_type, direction):
            if view.kind(fact.other) in HAPPENING:
                parts.setdefault(fact.other, []).extend(fact.records)
    for other, records in parts.items():
        yield from _happening(view, other, records)


def _happening(view: View, other: int, records: Iterable[ViewRef]) -> Iterator[Moment]:
    kind, props = view.kind(other), view.props(other)
    day = day_of(props)
    if day is None:
        return
    if kind == "Document":
        props = {name: value for name, value in props.items() if name != "text"}  # read where the document is
    yield Moment(
        position=(*newest_first(day, kind), "in", "happened", view.id(other)),
        date=day,
        change="happened",
        type=kind,
        direction="in",
        other=other,
        props=props,
        before=None,
        records=tuple(records),
    )


# --- Words ---------------------------------------------------------------------------------------------------------


def _worded(view: View, moment: Moment) -> Change:
    title = _title(view, moment)
    tellers = told_by(view, moment.other) if moment.type == "Event" else []
    return Change(
        date=moment.date,
        change=moment.change,
        type=moment.type,
        direction=moment.direction,
        title=title.zh,
        title_en=title.en,
        party=party(view, moment.other),
        properties=dict(moment.props),
        before=dict(moment.before) if moment.before is not None else None,
        documents=tellers[:MAX_RECORDS],
        documents_total=len(tellers),
        records=refs(moment.records),
    )


def _title(view: View, moment: Moment) -> Label:
    name = view.name(moment.other)
    if moment.change == "happened":
        kind = KINDS[moment.type]
        return Label(f"{kind.zh}：{name}", f"{kind.en}: {name}")
    what, change = relation_label(moment.type, moment.direction), CHANGES[moment.change]
    return Label(f"{what.zh}{change.zh}：{name}", f"{what.en} {change.en}: {name}")
