"""文档: what a document says, of whom, and who else tells it; and the documents that name an entity."""

from __future__ import annotations

import datetime as dt
import json
from collections import Counter
from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Annotated, Any, ClassVar, Final

from pydantic import ConfigDict, Field

from graph.claims import Claim, claim_hash
from graph.errors import NotFound
from graph.ids import entity_handle, record_handle
from graph.schema import WRITTEN_BY
from graph.view import View
from graph.view_types import RecordRef
from queries.models import Answer, Cursor, Day, EntityId, Line, Party, PartyLine, Records
from queries.paging import Page, cut
from queries.reviews import ClaimLine, claim_fields, meant_subjects, seen
from queries.statements import newest_first, of_units, party, refs

NEARLY_SAME: Final = 0.2
"""Least share of the parts of two texts' signatures that are the same (of MinHash bands of three, so of texts with
about 0.6 of their shingles in common)."""

REVIEWED: Final = "Reviewed"
"""Role of the records of what people have accepted."""

MOST_TELLERS: Final = 100
MOST_NEAR: Final = 500

Sentiment = Annotated[float | None, Field(description="From -1 (bad) to 1 (good); null where not read.")]


# --- one document ---


@dataclass(slots=True, kw_only=True)
class ClaimTold(ClaimLine):
    """A claim of a document."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    event: Annotated[Party | None, Field(description="The event that it makes.")]


class Named(Answer):
    """A mention: characters `start` to `end` of the text, what kind of thing they name, and which one."""

    start: int
    end: int
    text: str
    kind: str
    confidence: float
    entity: Party | None = Field(description="Null where it is nobody of the graph, or not clear who.")
    antecedent: int | None = Field(description="Number of the mention that it stands for, from 0.")
    quantity: dict[str, float | str | None] | None
    period: list[dt.date] | None = Field(description="First day, and the day after the last.")


@dataclass(slots=True, kw_only=True)
class EventTold(Line):
    """An event of the document, with all documents that tell it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    kind: str
    date: Day
    amount: float | None
    text: Annotated[str | None, Field(description="The sentence that tells it best.")]
    documents: list[Party]
    documents_total: int


class Document(Answer):
    """A document with what was read in it; claims in the order of the text."""

    id: EntityId
    key: str = Field(description="By which it is read again, or withdrawn.")
    title: str
    kind: str | None
    published: Day
    publisher: str | None
    url: str | None
    text: str | None
    sentiment: Sentiment
    compartments: list[str]
    mentions: list[Named]
    claims: list[ClaimTold]
    events: list[EventTold]
    story: list[Party] = Field(description="Documents of the same days in nearly the same words.")
    records: Records


def document(view: View, ref: str) -> Document:
    """A document by its id. Raises NotFound where there is none that may be seen."""
    row = document_row(view, ref)
    props = view.props(row)
    unit = view.units(row)[0]
    claims = [fact.other for fact in view.facts(row, "STATES", "out")]
    lines = sorted(
        (_claim(view, claim) for claim in claims), key=lambda line: (line.start, line.end, line.id)
    )
    return Document(
        id=view.id(row),
        key=unit.key,
        title=view.name(row),
        kind=props.get("kind"),
        published=props.get("published"),
        publisher=props.get("publisher"),
        url=props.get("url"),
        text=props.get("text"),
        sentiment=props.get("sentiment"),
        compartments=sorted(unit.compartments),
        mentions=[_named(view, found) for found in json.loads(view.value(row, "found") or "[]")],
        claims=lines,
        events=_events(view, row),
        story=[party(view, other) for other in story(view, row) if other != row],
        records=refs(of_units(view, row)),
    )


def document_row(view: View, ref: str) -> int:
    """The document that an id means. Raises NotFound."""
    missing = NotFound(
        f"没有文档 {ref!r} / there is no document {ref!r}", hint="guanxi profile 列出主体的文档"
    )
    try:
        row = view.resolve(ref)
    except NotFound:
        raise missing from None
    if view.kind(row) != "Document":
        raise missing
    return row


def _named(view: View, found: dict[str, Any]) -> Named:
    period = found.get("period")
    return Named(
        start=found["start"],
        end=found["end"],
        text=found["text"],
        kind=found["kind"],
        confidence=found["confidence"],
        entity=seen(view, found.get("link")),
        antecedent=found.get("antecedent"),
        quantity=found.get("quantity"),
        period=None if period is None else [dt.date.fromisoformat(day) for day in period],
    )


def _claim(view: View, row: int) -> ClaimTold:
    return ClaimTold(**claim_fields(view, row), event=_made(view, row))


def _made(view: View, row: int) -> Party | None:
    """The event that a claim tells, believed at once or by a person; or what a feed lists and the claim witnesses."""
    if view.value(row, "kind") != "event":
        return None
    unit = view.units(row)[0]
    own = seen(view, entity_handle(WRITTEN_BY["Claim"], "Event", unit.key, unit.compartments))
    accepted = record_handle(WRITTEN_BY["Claim"], REVIEWED, unit.key, unit.compartments)
    return own if own is not None else _witnessed(view, row, {unit.record, accepted})


def _witnessed(view: View, row: int, records: Collection[str | None]) -> Party | None:
    """The event or deal that a feed lists and that a claim is a witness of, by what the claim or a decision states."""
    subjects = [one for ref in meant_subjects(view, row) if (one := seen(view, ref)) is not None]
    facts = [fact for one in subjects for fact in view.facts(view.resolve(one.id), "PARTY_TO", "out")]
    told = [fact.other for fact in facts if any(ref.id in records for ref in fact.records)]
    listed = [other for other in told if view.kind(other) in {"Event", "Deal"}]
    return party(view, min(listed, key=view.id_key)) if listed else None


def _events(view: View, row: int) -> list[EventTold]:
    rows = {fact.other for fact in view.facts(row, "ABOUT", "out") if view.kind(fact.other) == "Event"}
    return [_event(view, event) for event in sorted(rows, key=view.id_key)]


def _event(view: View, row: int) -> EventTold:
    props, tellers = view.props(row), told_by(view, row)
    return EventTold(
        id=view.id(row),
        kind=str(props.get("kind") or ""),
        date=props.get("date"),
        amount=props.get("amount"),
        text=props.get("text"),
        documents=tellers[:MOST_TELLERS],
        documents_total=len(tellers),
        records=refs(of_units(view, row)),
    )


def told_by(view: View, event: int) -> list[Party]:
    """The documents that tell an event, the newest first."""
    rows = {fact.other for fact in view.facts(event, "ABOUT", "in") if view.kind(fact.other) == "Document"}
    return [party(view, row) for row in by_day(view, rows)]


def by_day(view: View, rows: Iterable[int]) -> list[int]:
    """Documents, the newest first, then by id."""
    return sorted(rows, key=lambda row: newest_first(view.value(row, "published"), view.id(row)))


# --- the same story ---


def story(view: View, row: int) -> list[int]:
    """The documents of the days around it that tell in nearly the same words, it included, the newest first.

    What is near to one of them belongs to them as well; at most `MOST_NEAR`, those nearest in steps.
    """
    found, frontier = {row}, [row]
    while frontier and len(found) < MOST_NEAR:
        near = {other for one in frontier for other in _near(view, one)} - found
        frontier = sorted(near, key=view.id_key)[: MOST_NEAR - len(found)]
        found.update(frontier)
    return by_day(view, found)


def _near(view: View, row: int) -> list[int]:
    """Documents that share enough of the text's signature within one window of days."""
    shared: Counter[tuple[int, str]] = Counter()
    sizes: Counter[str] = Counter()
    for key in view.value(row, "alike") or ():
        window = key.partition(".")[0]
        sizes[window] += 1
        for other in view.claimants(Claim.SAME, claim_hash(Claim.SAME, key)):
            if other != row and view.kind(other) == "Document":
                shared[other, window] += 1
    return [other for (other, window), count in shared.items() if count >= NEARLY_SAME * sizes[window]]


# --- the documents of an entity ---


@dataclass(slots=True, kw_only=True)
class DocumentTold(PartyLine):
    """A document that names the entity or is about it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    document_kind: str | None
    published: Day
    publisher: str | None
    sentiment: Sentiment
    toward: Annotated[float | None, Field(description="Sentiment toward the entity; null where not read.")]
    mentions: Annotated[int, Field(description="How often it names the entity.")]


class Documents(Answer):
    """A page of the documents of an entity, the newest first."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date | None
    known_at: dt.date | None
    documents: list[DocumentTold]
    total: int
    next: Cursor


def documents(view: View, ref: str, *, page: Page | None = None) -> Documents:
    """The documents that name an entity or are about it, up to the day asked for.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: The cursor is not valid.
    """
    page = page or Page()
    row = view.resolve(ref)
    found = of_entity(view, row)
    positions = {one: newest_first(view.value(one, "published"), view.id(one)) for one in found}
    order = sorted(found, key=positions.__getitem__)
    shown, following = cut(
        order, page, positions.__getitem__, "documents", view.id(row), view.as_of.isoformat()
    )
    return Documents(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        documents=[_told(view, one, found[one]) for one in shown],
        total=len(order),
        next=following,
    )


@dataclass(slots=True)
class Naming:
    """How a document names an entity: how often, with which sentiment, and the records that say so."""

    mentions: int = 0
    toward: list[float] = field(default_factory=list)
    records: list[RecordRef] = field(default_factory=list)


def of_entity(view: View, row: int) -> dict[int, Naming]:
    """The documents that name an entity or are about it, published by the day, and how each does."""
    found: dict[int, Naming] = {}
    for edge_type in ("MENTIONS", "ABOUT"):
        for fact in view.facts(row, edge_type, "in"):
            if view.kind(fact.other) != "Document":
                continue
            naming = found.setdefault(fact.other, Naming())
            naming.mentions += edge_type == "MENTIONS"
            naming.records += fact.records
            if fact.props.get("sentiment") is not None:
                naming.toward.append(fact.props["sentiment"])
    return {one: naming for one, naming in found.items() if _published(view, one)}


def _published(view: View, row: int) -> bool:
    day = view.value(row, "published")
    return day is None or day <= view.as_of


def mean(values: Sequence[float]) -> float | None:
    """The mean; None of nothing. Summed in order of value, so that no order shows."""
    return round(sum(sorted(values)) / len(values), 9) if values else None


def _told(view: View, row: int, naming: Naming) -> DocumentTold:
    props = view.props(row)
    return DocumentTold(
        id=view.id(row),
        name=view.name(row),
        kind="Document",
        document_kind=props.get("kind"),
        published=props.get("published"),
        publisher=props.get("publisher"),
        sentiment=props.get("sentiment"),
        toward=mean(naming.toward),
        mentions=naming.mentions,
        records=refs(naming.records),
    )
