"""待审: what was read but is not sure enough, or open whom it means, until a person accepts, corrects or rejects it."""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated, Any, ClassVar, Final, Literal

from pydantic import ConfigDict, Field

from graph.errors import InvalidInput, NotFound
from graph.schema import WRITTEN_BY
from graph.view import View
from queries.models import Answer, Cursor, Day, EntityId, Line, Party
from queries.paging import Page, Position, cut
from queries.statements import number_of, of_units, party, refs

State = Literal["waiting", "accepted", "corrected", "rejected"]
Decided = Literal["accepted", "corrected", "rejected"]
ClaimState = Literal["made", "waiting", "accepted", "corrected", "rejected", "open"]

STATES: Final[tuple[State, ...]] = ("waiting", "accepted", "corrected", "rejected")
DECIDED: Final[tuple[Decided, ...]] = ("accepted", "corrected", "rejected")
FOLLOWS: Final[Mapping[State, tuple[Decided, ...]]] = {
    "waiting": DECIDED,
    "accepted": ("corrected", "rejected"),
    "corrected": DECIDED,
    "rejected": ("accepted", "corrected"),
}
"""What may be decided in each state; what was decided is changed by deciding anew."""


class Choice(Answer):
    """An entity that words may mean, how well it fits, and why."""

    entity: Party
    score: float
    reason: str


class ClaimParty(Answer):
    """A party of a claim: the words, whom they mean, and where that is open, whom they may mean, best first."""

    words: str
    entity: Party | None
    choices: list[Choice]


class Amount(Answer):
    """A value with its unit, and bounds where the text gives some."""

    value: float
    unit: str
    low: float | None
    high: float | None


@dataclass(slots=True, kw_only=True)
class ReviewDecision(Line):
    """What somebody decided, and when."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    state: str
    reason: str | None
    correction: Annotated[dict[str, Any] | None, Field(description="What was said instead.")]
    who: str
    at: dt.datetime


@dataclass(slots=True, kw_only=True)
class ClaimLine(Line):
    """断言: what a document says, with the characters that say it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    kind: Annotated[str, Field(description="relation, event, holding, mention.")]
    type: str
    detail: str | None
    state: Annotated[
        ClaimState,
        Field(
            description="made (part of the graph), waiting, accepted, corrected, rejected; "
            "open: its parties are not in the graph."
        ),
    ]
    confidence: float
    by: Annotated[str, Field(description="Rule or model that read it.")]
    text: Annotated[str, Field(description="The sentence; of a mention its words.")]
    start: int
    end: int
    subject: ClaimParty
    object: ClaimParty | None
    value: Amount | None
    office: str | None
    date: Day
    makes: Annotated[str | None, Field(description="Type of the edge or node that it makes.")]


@dataclass(slots=True, kw_only=True)
class ReviewLine(ClaimLine):
    """A claim that waits for a person, or has been decided on, with its history, the oldest decision first."""

    key: Annotated[str, Field(description="Key of the claim in its source.")]
    document: Annotated[Party | None, Field(description="The document that says it.")]
    published: Day
    compartments: list[str]
    history: list[ReviewDecision]


class Reviews(Answer):
    """Reviews, the newest document first, then the surest claim, then by id."""

    reviews: list[ReviewLine]
    total: int
    next: Cursor


class OneReview(Answer):
    """One review."""

    review: ReviewLine


@dataclass(frozen=True, slots=True)
class Wanted:
    """Which reviews: in a state, of a kind, about an entity, of a document; all where nothing is given."""

    state: str | None = None
    kind: str | None = None
    entity: str | None = None
    document: str | None = None


def reviews(view: View, wanted: Wanted | None = None, *, page: Page | None = None) -> Reviews:
    """What waits for a person, or has been decided, as far as a viewer may see it.

    Raises:
        NotFound, Ambiguous: As `View.resolve`, of the entity or document.
        InvalidInput: An unknown state, or a cursor that is not valid.
    """
    wanted, page = wanted or Wanted(), page or Page()
    if wanted.state is not None and wanted.state not in STATES:
        raise InvalidInput(
            "state", f"没有状态 {wanted.state} / there is no state {wanted.state!r}",
            hint=f"one of {', '.join(STATES)}",
        )  # fmt: skip
    decisions = _decisions(view)
    asked = _Asked(view, wanted)
    rows = [row for row in _reviewed(view) if asked.wants(row, _state(view, decisions.get(view.id(row), [])))]
    positions = {row: _position(view, row) for row in rows}
    order = sorted(rows, key=positions.__getitem__)
    shown, following = cut(order, page, positions.__getitem__, *asked.question)
    lines = [_line(view, row, decisions.get(view.id(row), [])) for row in shown]
    return Reviews(reviews=lines, total=len(order), next=following)


class _Asked:
    """Which claims are asked for."""

    def __init__(self, view: View, wanted: Wanted) -> None:
        self._view, self._wanted = view, wanted
        self._entity = None if wanted.entity is None else view.id(view.resolve(wanted.entity))
        self._document = None if wanted.document is None else view.resolve(wanted.document)
        named = self._document
        document = "" if named is None else view.id(named)
        self.question = (
            "reviews", view.as_of.isoformat(), wanted.state or "", wanted.kind or "", self._entity or "", document,
        )  # fmt: skip

    def wants(self, row: int, state: State) -> bool:
        """Whether a claim is among them."""
        view, wanted = self._view, self._wanted
        if wanted.state not in (None, state) or wanted.kind not in (None, view.value(row, "kind")):
            return False
        if self._document is not None and self._document not in _documents(view, row):
            return False
        return self._entity is None or self._entity in _concerned(view, row)


def _concerned(view: View, row: int) -> set[str]:
    """Ids of whom a claim is about, or may be about."""
    found = (_party(view, row, role) for role in ("subject", "object"))
    ends = [one for one in found if one is not None]
    known = {one.entity.id for one in ends if one.entity is not None}
    return known | {choice.entity.id for one in ends for choice in one.choices}


def review(view: View, ref: str) -> OneReview:
    """One review by its id. Raises NotFound where there is none that may be seen."""
    missing = NotFound(f"没有待审项 {ref!r} / there is no review {ref!r}", hint="guanxi reviews list")
    try:
        row = view.resolve(ref)
    except NotFound:
        raise missing from None
    if view.kind(row) != "Claim" or not view.value(row, "waits") or not _own(view, row):
        raise missing
    return OneReview(review=_line(view, row, _decisions(view).get(view.id(row), [])))


def decided(found: ReviewLine, state: str) -> Decided:
    """The state that a decision leads to. Raises InvalidInput where it may not be decided now."""
    now = next(one for one in STATES if one == found.state)
    for following in FOLLOWS[now]:
        if following == state:
            return following
    raise InvalidInput(
        "state",
        f"状态为 {found.state} 的待审项不能改为 {state} / a review that is {found.state} cannot become {state!r}",
        hint=f"one of {', '.join(FOLLOWS[now])}",
    )


# --- rows ---


def _reviewed(view: View) -> list[int]:
    return [
        row for row in view.stating("Claim", "waits").tolist() if view.value(row, "waits") and _own(view, row)
    ]


def _own(view: View, row: int) -> bool:
    """Whether the system itself stated it; files may have rows of these types too, which say nothing here."""
    return all(unit.source == WRITTEN_BY[view.kind(row)] for unit in view.units(row))


def _decisions(view: View) -> dict[str, list[int]]:
    """By what was decided on the decisions, oldest first."""
    stated = view.property_texts("Decision", "about")
    found: dict[str, list[tuple[str, str, int]]] = defaultdict(list)
    for row, which in zip(stated.rows.tolist(), stated.which.tolist(), strict=True):
        if view.value(row, "state") in DECIDED and _own(view, row):
            found[stated.texts[which]].append((str(view.value(row, "at")), view.id(row), row))
    return {about: [row for *_, row in sorted(some)] for about, some in found.items()}


def _state(view: View, decisions: list[int]) -> State:
    newest = view.value(decisions[-1], "state") if decisions else None
    return next((state for state in STATES if state == newest), "waiting")


def _position(view: View, row: int) -> Position:
    return (
        -number_of(_published(view, _documents(view, row))),
        -float(view.value(row, "confidence") or 0.0),
        view.id(row),
    )


def _documents(view: View, row: int) -> list[int]:
    return [fact.other for fact in view.facts(row, "STATES", "in")]


def _published(view: View, documents: list[int]) -> dt.date | None:
    day = view.value(documents[0], "published") if documents else None
    return day if isinstance(day, dt.date) else None


# --- lines ---


def _line(view: View, row: int, decisions: list[int]) -> ReviewLine:
    documents = _documents(view, row)
    return ReviewLine(
        **claim_fields(view, row, _state(view, decisions)),
        key=view.units(row)[0].key,
        document=party(view, documents[0]) if documents else None,
        published=_published(view, documents),
        compartments=_compartments(view, row),
        history=[_decision(view, one) for one in decisions],
    )


def _compartments(view: View, row: int) -> list[str]:
    own = next(unit for unit in view.units(row) if unit.id == view.id(row))
    return sorted(own.compartments)


def claim_fields(view: View, row: int, state: State | None = None) -> dict[str, Any]:
    """What a claim says, as the fields of a line; its state, where it is not given, is looked up."""
    value = view.props(row).get
    subject = _party(view, row, "subject")
    assert subject is not None  # noqa: S101  # a claim is about somebody
    return {
        "id": view.id(row),
        "kind": str(value("kind")),
        "type": str(value("type")),
        "detail": value("detail"),
        "state": state or _told_state(view, row),
        "confidence": value("confidence", 0.0),
        "by": str(value("by") or ""),
        "text": str(value("text") or ""),
        "start": value("start", 0),
        "end": value("end", 0),
        "subject": subject,
        "object": _party(view, row, "object"),
        "value": _amount(value),
        "office": value("office"),
        "date": value("date"),
        "makes": value("makes"),
        "records": refs(of_units(view, row)),
    }


def _told_state(view: View, row: int) -> ClaimState:
    if view.value(row, "makes"):
        return "made"
    if not view.value(row, "waits"):
        return "open"
    return _state(view, _decided_on(view, row))


def _decided_on(view: View, row: int) -> list[int]:
    decisions = view.kept("review decisions", lambda: _decisions(view))
    return decisions.get(view.id(row), [])


def meant_subjects(view: View, row: int) -> list[str]:
    """Ids of whom a claim is about: as read, as accepted where that was open, as somebody corrected it."""
    said = json.loads(view.value(row, "choices") or "{}").get("subject") or {"choices": []}
    newest = _decided_on(view, row)[-1:]
    corrected = [json.loads(view.value(one, "correction") or "{}").get("subject") for one in newest]
    found = [view.value(row, "subject"), *(one["id"] for one in said["choices"][:1]), *corrected]
    return list(dict.fromkeys(filter(None, found)))


def _amount(value: Any) -> Amount | None:
    if value("value") is None:
        return None
    return Amount(
        value=value("value"), unit=value("value_unit") or "", low=value("value_min"), high=value("value_max")
    )


def _party(view: View, row: int, role: str) -> ClaimParty | None:
    said = json.loads(view.value(row, "choices") or "{}").get(role)
    if said is None:
        return None
    choices = [
        Choice(entity=found, score=one["score"], reason=one["reason"])
        for one in said["choices"]
        if (found := seen(view, one["id"])) is not None
    ]
    return ClaimParty(words=said["name"], entity=seen(view, said["id"]), choices=choices)


def seen(view: View, ref: str | None) -> Party | None:
    """The entity of an id, where there is one that may be seen."""
    if not ref:
        return None
    try:
        return party(view, view.resolve(ref))
    except NotFound:
        return None


def _decision(view: View, row: int) -> ReviewDecision:
    props, records = view.described(row)
    correction = view.value(row, "correction")
    return ReviewDecision(
        id=view.id(row),
        state=str(props["state"]),
        reason=props.get("reason"),
        correction=json.loads(correction) if correction else None,
        who=str(props["who"]),
        at=dt.datetime.fromisoformat(props["at"]),
        records=refs(record for some in records.values() for record in some),
    )
