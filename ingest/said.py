"""断言: one thing that a document says, apart from whether it is believed; and the rows of the graph that it makes."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterator, Mapping
from dataclasses import asdict, dataclass, field, replace
from typing import Any, Final

from graph.schema import edge_model
from ingest import stories
from ingest.read_roles import STATED, STATES, UNITS
from nlp.found import EVENT_TYPES, Quantity

Row = dict[str, str]


@dataclass(frozen=True, slots=True)
class End:
    """A party as a document names it: the entity meant, or else whom its words may mean, best first.

    `kind` is its type. A party with a `key` is made of its name under that key, whoever else makes it: one that is not
    in the graph, or is there by what was read only. `called` is that name, where the document's words are others.
    """

    name: str
    id: str | None = None
    kind: str = ""
    choices: tuple[Mapping[str, Any], ...] = ()
    key: str = ""
    called: str = ""

    @property
    def known(self) -> bool:
        """Whether something can be said of it."""
        return bool(self.id or self.key)


@dataclass(frozen=True, slots=True)
class Part:
    """A part of an event: its role, its words and their place, and the party that it is (as `End`), where it is one."""

    role: str
    start: int
    end: int
    text: str
    id: str | None = None
    kind: str = ""
    key: str = ""
    called: str = ""

    @property
    def ref(self) -> str | None:
        """The key under which it is named; None where it is no party."""
        return self.key or self.id


@dataclass(frozen=True, slots=True)
class Story:
    """What tells an event from others: the signature of its text, and which one of its kind in it it is."""

    bands: tuple[str, ...] = ()
    number: int = 0
    among: int = 1


@dataclass(frozen=True, slots=True)
class Said:
    """A relation, event, holding or unclear mention, with the characters that say it."""

    key: str
    document: str
    kind: str
    type: str
    start: int
    end: int
    text: str
    confidence: float
    by: str
    subject: End
    object: End | None = None
    detail: str | None = None
    quantity: Quantity | None = None
    office: str | None = None
    date: dt.date | None = None
    until: dt.date | None = None
    published: dt.date | None = None
    parts: tuple[Part, ...] = ()
    story: Story = field(default_factory=Story)
    compartments: tuple[str, ...] = ()

    @property
    def known(self) -> bool:
        """Whether all parties that it needs are known."""
        return self.subject.known and (self.object is None or self.object.known)

    @property
    def choosable(self) -> bool:
        """Whether a person could say who its parties are."""
        ends = [end for end in (self.subject, self.object) if end is not None]
        return all(end.known or end.choices for end in ends)


# --- what it makes ---


@dataclass(slots=True)
class Made:
    """Native rows that follow from a claim, the units that they name by key, and the type of the main one."""

    makes: str = ""
    rows: list[Row] = field(default_factory=list)
    units: dict[str, str] = field(default_factory=dict)

    def ref(self, end: End) -> str:
        """The key under which a party is named here; one that is made of its name is described as well."""
        key = end.key or end.id or ""
        if end.key and key not in self.units:
            self.rows.append({"type": end.kind, "id": key, "name": end.called or end.name})
        self.units[key] = end.kind
        return key


def made(said: Said) -> Made:
    """What a claim makes where it is believed; nothing where its parties are not known or cannot stand so."""
    out = Made()
    if said.known:
        _MAKERS[said.kind](said, out)
    return out


_EDGES: Final = {
    "holds": "HOLDS", "controls": "CONTROLS", "officer_of": "OFFICER_OF", "supplies": "SUPPLIES",
    "lends_to": "LENDS_TO",
}  # fmt: skip
"""Relations that have an edge type of their own; the others become RELATES with their name as its kind."""


def _relation(said: Said, out: Made) -> None:
    assert said.object is not None  # noqa: S101  # a relation has two ends
    if said.type == "guarantees":
        _guarantee(said, out)
        return
    kind = _EDGES.get(said.type, "RELATES")
    starts, ends = edge_model(kind).joins
    if said.subject.kind not in starts or said.object.kind not in ends:
        return
    row = {"type": kind, **_ends(said.subject, said.object, out)}
    out.rows.append(row | _EDGE_VALUES.get(kind, _no_values)(said))
    out.makes = kind


def _ends(start: End, end: End, out: Made) -> Row:
    return {"from": out.ref(start), "from_type": start.kind, "to": out.ref(end), "to_type": end.kind}


def _guarantee(said: Said, out: Made) -> None:
    """A guarantee, the same for everybody who tells of these parties and this amount: it is owed once."""
    assert said.object is not None  # noqa: S101  # a relation has two ends
    if not {said.subject.kind, said.object.kind} <= {"Company", "Person"}:
        return
    guarantor, debtor = out.ref(said.subject), out.ref(said.object)
    row = {
        "type": "Guarantee",
        "id": "|".join(("guarantee", said.subject.id or guarantor, said.object.id or debtor, _figure(said))),
        "guarantor": guarantor,
        "debtor": debtor,
        **_money(said),
    }
    out.rows.append(row)
    out.makes = "Guarantee"


def _no_values(_said: Said) -> Row:
    return {}


def _money(said: Said) -> Row:
    quantity = said.quantity
    return {"amount": repr(quantity.value)} if quantity is not None and quantity.unit == "CNY" else {}


def _share(said: Said) -> Row:
    quantity = said.quantity
    if quantity is None or quantity.unit != "ratio":
        return _money(said) | _since(said)
    bounds = {"share_min": quantity.low, "share_max": quantity.high}
    stated = {name: repr(bound) for name, bound in bounds.items() if bound is not None}
    return stated or {"share_ratio": repr(quantity.value)}


def _holding_values(said: Said) -> Row:
    share_class = {"share_class": said.detail} if said.kind == "holding" and said.detail else {}
    return _share(said) | _since(said) | share_class


def _since(said: Said) -> Row:
    days = {"valid_from": said.date, "valid_to": said.until}
    return {name: day.isoformat() for name, day in days.items() if day is not None}


def _control_values(said: Said) -> Row:
    quantity = said.quantity
    return {"ratio": repr(quantity.value)} if quantity is not None and quantity.unit == "ratio" else {}


def _other_values(said: Said) -> Row:
    return {"kind": said.type, **({"detail": said.detail} if said.detail else {}), **_money(said)}


def _office(said: Said) -> Row:
    return {"office": said.office} if said.office else {}


_EDGE_VALUES: Final[Mapping[str, Callable[[Said], Row]]] = {
    "HOLDS": _holding_values,
    "CONTROLS": _control_values,
    "OFFICER_OF": _office,
    "SUPPLIES": _money,
    "LENDS_TO": _money,
    "RELATES": _other_values,
}


def _event(said: Said, out: Made) -> None:
    subjects = [said.subject, *(_as_end(p) for p in said.parts if p.role == "subjects" and p.id)]
    subjects = [end for end in subjects if end.kind in {"Company", "Person"}]
    if not subjects:
        return
    named = list(dict.fromkeys(out.ref(end) for end in subjects))
    keys = stories.of_event(_told(said))
    row = {
        "type": "Event",
        "id": said.key,
        "name": event_name(said.type, said.detail),
        "kind": said.type,
        "text": said.text,
        "subjects": json.dumps(named),
        "same": json.dumps(keys.same),
        "like": json.dumps(keys.like),
        "figure": _figure(said),
        **_money(said),
    }
    day = said.date or said.published
    row |= {"date": day.isoformat()} if day else {}
    row |= {"detail": said.detail} if said.detail else {}
    out.rows.append({name: text for name, text in row.items() if text})
    out.rows += list(_others(said, out, named))
    out.units[said.document] = "Document"
    told = {"from": said.document, "from_type": "Document", "to": said.key, "to_type": "Event"}
    out.rows.append({"type": "ABOUT", **told})
    out.makes = "Event"


DETAILS: Final[Mapping[str, str]] = {
    "planned": "计划",
    "terminated": "终止",
    "rumoured": "传闻",
    "denied": "否认",
    "hypothetical": "假设",
    "standing": "存量",
    "appointed": "任职",
    "resigned": "离任",
}
"""How far an event is so, or of which kind it is: what a reading says as `detail`, each with its Chinese term."""


def event_name(type_: str, detail: str | None) -> str:
    """The name of an event: its type, and how far it is so where it is not simply so (收购（计划）)."""
    name = EVENT_TYPES.get(type_, type_)
    how = DETAILS.get(detail or "")
    return f"{name}（{how}）" if how else name


def _as_end(part: Part) -> End:
    return End(part.text, part.id, part.kind, key=part.key, called=part.called)


def _figure(said: Said) -> str:
    quantity = said.quantity
    return "" if quantity is None else stories.figure_of(quantity.value, quantity.unit)


def _told(said: Said) -> stories.Told:
    others = [
        part.id for part in said.parts if part.id and part.role != "subjects" and part.id != said.subject.id
    ]
    return stories.Told(
        # a plan, its end and the deed are three events, and so are a resignation and an appointment
        type=f"{said.type} {said.detail or ''}",
        subject=said.subject.id or said.subject.name,
        day=said.date,
        published=said.published,
        figure=_figure(said),
        others=others,
        bands=said.story.bands,
        number=said.story.number,
        among=said.story.among,
    )


_ABOUT_ENDS: Final = ("Company", "Person", "Industry")


def _others(said: Said, out: Made, subjects: list[str]) -> Iterator[Row]:
    """Other parties of an event, each with its role."""
    for part in said.parts:
        if part.ref and part.ref not in subjects and part.kind in _ABOUT_ENDS:
            key = out.ref(_as_end(part))
            yield {
                "type": "ABOUT", "from": said.key, "from_type": "Event", "to": key, "to_type": part.kind,
                "role": part.role,
            }  # fmt: skip


def _mention(said: Said, out: Made) -> None:
    if said.subject.kind in edge_model("MENTIONS").joins[1]:
        key = out.ref(said.subject)
        out.units[said.document] = "Document"
        out.rows += [mentions(said.document, key, said.subject.kind, part) for part in said.parts]
        out.makes = "MENTIONS"


def mentions(document: str, key: str, kind: str, part: Part) -> Row:
    """The native row of a mention."""
    return {
        "type": "MENTIONS", "from": document, "to": key, "to_type": kind, "start": str(part.start),
        "end": str(part.end), "text": part.text,
    }  # fmt: skip


_MAKERS: Final[Mapping[str, Callable[[Said, Made], None]]] = {
    "relation": _relation,
    "holding": _relation,
    "event": _event,
    "mention": _mention,
}


# --- as a row, and back ---


def claim_row(said: Said, *, waits: bool) -> Row:
    """The row of a claim; where it does not wait, with what it makes."""
    out = Made() if waits else made(said)
    out.units[said.document] = "Document"
    states = [{"type": "STATES", "from": said.document, "to": said.key}, *out.rows]
    row = {
        "id": said.key, "key": said.key, "document": said.document, "kind": said.kind, "type": said.type,
        "name": said.text[:_LONGEST_NAME], "start": str(said.start), "end": str(said.end), "text": said.text,
        "confidence": f"{said.confidence:.4g}", "by": said.by, "waits": "true" if waits else "", "makes": out.makes,
        "detail": said.detail or "", "office": said.office or "",
        **_named("subject", said.subject), **_named("object", said.object), **_valued(said.quantity),
        "date": said.date.isoformat() if said.date else "",
        "until": said.until.isoformat() if said.until else "",
        STATED: said.published.isoformat() if said.published else "",
        "choices": _json({"subject": said.subject, "object": said.object}),
        "arguments": json.dumps([asdict(part) for part in said.parts], ensure_ascii=False) if said.parts else "",
        "story": json.dumps(asdict(said.story)) if said.kind == "event" else "",
        "compartments": ";".join(said.compartments),
        STATES: json.dumps(states, ensure_ascii=False),
        UNITS: json.dumps(dict(sorted(out.units.items())), ensure_ascii=False),
    }  # fmt: skip
    return {name: text for name, text in row.items() if text}


_LONGEST_NAME: Final = 60


def _named(role: str, end: End | None) -> Row:
    return {} if end is None else {role: end.id or "", f"{role}_name": end.name}


def _valued(quantity: Quantity | None) -> Row:
    if quantity is None:
        return {}
    numbers = {"value": quantity.value, "value_min": quantity.low, "value_max": quantity.high}
    return {"value_unit": quantity.unit} | {name: repr(n) for name, n in numbers.items() if n is not None}


def _json(ends: Mapping[str, End | None]) -> str:
    return json.dumps(
        {role: asdict(end) for role, end in ends.items() if end is not None}, ensure_ascii=False
    )


def said_of(row: Mapping[str, str]) -> Said:
    """The claim of a row that `claim_row` made."""
    ends = {
        role: End(**{**end, "choices": tuple(end["choices"])})
        for role, end in json.loads(row["choices"]).items()
    }
    numbers = {name: float(row[name]) for name in ("value", "value_min", "value_max") if name in row}
    quantity = None
    if "value" in numbers:
        bounds = numbers.get("value_min"), numbers.get("value_max")
        quantity = Quantity(numbers["value"], row.get("value_unit", ""), *bounds)
    story = json.loads(row.get("story", "{}"))
    return Said(
        key=row["key"], document=row["document"], kind=row["kind"], type=row["type"], start=int(row["start"]),
        end=int(row["end"]), text=row["text"], confidence=float(row["confidence"]), by=row["by"],
        subject=ends["subject"], object=ends.get("object"), detail=row.get("detail"), quantity=quantity,
        office=row.get("office"), date=_day(row.get("date")), until=_day(row.get("until")),
        published=_day(row.get(STATED)),
        parts=tuple(Part(**part) for part in json.loads(row.get("arguments", "[]"))),
        story=Story(**{**story, "bands": tuple(story["bands"])}) if story else Story(),
        compartments=tuple(filter(None, row.get("compartments", "").split(";"))),
    )  # fmt: skip


def _day(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


@dataclass(frozen=True, slots=True)
class Correction:
    """What a person says instead: other parties (id and type), another type, value, office or day."""

    subject: tuple[str, str, str] | None = None
    object: tuple[str, str, str] | None = None
    type: str | None = None
    value: float | None = None
    office: str | None = None
    date: dt.date | None = None


def corrected(said: Said, by: Correction) -> Said:
    """The claim as a person corrected it; a party that is still open becomes the likeliest choice."""
    quantity = said.quantity
    if by.value is not None:
        quantity = Quantity(by.value, quantity.unit if quantity else _UNIT.get(said.type, "CNY"))
    return replace(
        said,
        subject=_settled(said.subject, by.subject),
        object=None if said.object is None else _settled(said.object, by.object),
        type=by.type or said.type,
        quantity=quantity,
        office=by.office or said.office,
        date=by.date or said.date,
    )


_UNIT: Final = {"holds": "ratio", "controls": "ratio"}


def _settled(end: End, chosen: tuple[str, str, str] | None) -> End:
    if chosen is not None:
        return End(chosen[2], chosen[0], chosen[1])
    if end.known or not end.choices:
        return end
    best = end.choices[0]
    return End(end.name, str(best["id"]), str(best["kind"]))
