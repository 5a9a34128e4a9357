"""From what was read in a document to the rows of its records: the document, its mentions, its claims."""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from importlib import resources
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field

from graph.names import legal_key, looks_like_company, short_key
from graph.schema import edge_model
from ingest import stories
from ingest.joining import joining
from ingest.own_parties import Origins, named, own_end
from ingest.read_documents import Holder, HoldersTable, ReadDocument
from ingest.read_figures import with_figures
from ingest.read_roles import BASIS, KEYS, STATED, STATES, UNITS
from ingest.said import End, Made, Part, Row, Said, Story, claim_row, mentions
from nlp.found import Candidate, Event, Mention, Period, Quantity, Reading, Relation, sentence_around

_MENTIONED: Final = edge_model("MENTIONS").joins[1]


# --- what is believed without asking anybody ---


class Believed(BaseModel):
    """From which confidence on a claim of a type becomes part of the graph."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    version: str
    otherwise: float = Field(ge=0, le=1)
    relations: dict[str, float] = {}
    events: dict[str, float] = {}
    holdings: float = Field(ge=0, le=1)

    def needed(self, said: Said) -> float:
        """The confidence that a claim needs."""
        if said.kind == "holding":
            return self.holdings
        declared = {"relation": self.relations, "event": self.events}.get(said.kind, {})
        return declared.get(said.type, self.otherwise)


@functools.cache
def believed() -> Believed:
    """What `ingest/data/reading.yaml` declares."""
    file = resources.files("ingest") / "data" / "reading.yaml"
    return Believed.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))


def waits(said: Said, rules: Believed) -> bool:
    """Whether a person has to decide: it is not sure enough, or it is open whom it means; and somebody could say."""
    if said.kind == "mention" or not said.known:
        return said.choosable
    return said.confidence < rules.needed(said)


# --- a document ---


@dataclass(frozen=True, slots=True)
class DocumentRows:
    """The rows of one document by role."""

    document: Row
    mentions: tuple[Row, ...]
    claims: tuple[Row, ...]


def rows_of(
    read: ReadDocument, rules: Believed, decided: Mapping[str, str], own: Origins | None = None
) -> DocumentRows:
    """The rows of a document with what was read in it.

    Args:
        read: The document.
        rules: What is believed.
        decided: What people have decided on earlier claims of it, by the key of the claim.
        own: Those of whom it tells that readings have made of their names.
    """
    mentioned = tuple(_mention_rows(read, own or {}))
    claims = tuple(_claim_rows(read, rules, decided, own or {}))
    keys = {"Mention": [row["key"] for row in mentioned], "Claim": [row["key"] for row in claims]}
    return DocumentRows(_document_row(read, keys, basis_of(read, rules)), mentioned, claims)


def basis_of(read: ReadDocument, rules: Believed) -> str:
    """What the rows of a reading rest on, but for the graph and what people decide; nothing where it does not say."""
    return f"{read.basis} {rules.version} {joining().version}" if read.basis else ""


def claims_of(read: ReadDocument) -> list[Said]:
    """Everything that a document says, each key once."""
    found = [*_relations(read), *_events(read), *_holdings(read), *_unclear(read)]
    return list({said.key: said for said in found}.values())


def _claim_rows(
    read: ReadDocument, rules: Believed, decided: Mapping[str, str], own: Origins
) -> Iterator[Row]:
    for said in (named(one, own) for one in claims_of(read)):
        # what a person has decided is made by the decision's own record, or by none
        row = claim_row(said, waits=waits(said, rules) or said.key in decided)
        yield with_figures(row, read, said, joining())


def _document_row(read: ReadDocument, keys: Mapping[str, Sequence[str]], basis: str) -> Row:
    reading, day = read.reading, read.day
    told = f"{read.title or ''}\n{reading.text}"
    row = {
        "id": read.key, "key": read.key, "name": read.title or _first_words(reading.text), "kind": read.kind,
        "published": day.isoformat() if day else "", "publisher": read.publisher or "", "url": read.url or "",
        "text": reading.text if read.keep_text else "",
        "sentiment": _number(reading.sentiment.score) if reading.sentiment else "",
        "found": _json([_found(mention) for mention in reading.mentions]),
        "alike": _json(stories.of_text(told, day)),
        "compartments": ";".join(sorted(read.compartments)),
        STATED: day.isoformat() if day else "",
        KEYS: _json(keys), BASIS: basis,
    }  # fmt: skip
    return {name: text for name, text in row.items() if text}


_TITLE: Final = 60


def _first_words(text: str) -> str:
    return text.strip().split("\n", 1)[0][:_TITLE]


def _number(value: float) -> str:
    return f"{value:.4g}"


def _json(value: Any) -> str:
    return json.dumps(value, ensure_ascii=False, default=str) if value else ""


def _found(mention: Mention) -> dict[str, Any]:
    """A mention as the document keeps it: without what is absent."""
    said = {
        "start": mention.start, "end": mention.end, "text": mention.text, "kind": mention.kind,
        "confidence": float(_number(mention.confidence)), "antecedent": mention.antecedent,
        "quantity": asdict(mention.quantity) if mention.quantity else None,
        "period": [mention.period.start.isoformat(), mention.period.end.isoformat()] if mention.period else None,
        "link": mention.link.id if mention.link else None,
    }  # fmt: skip
    return {name: value for name, value in said.items() if value is not None}


# --- mentions ---


def _mention_rows(read: ReadDocument, own: Origins) -> Iterator[Row]:
    for number in range(len(read.reading.mentions)):
        link = _link(read.reading, number)
        if link is not None and link.kind in _MENTIONED:
            yield _mention_row(read, number, link, own)


def _mention_row(read: ReadDocument, number: int, link: Candidate, own: Origins) -> Row:
    mention, out = read.reading.mentions[number], Made(units={read.key: "Document"})
    part = Part("", mention.start, mention.end, mention.text)
    key = out.ref(own_end(End(mention.text, link.id, link.kind), own))
    states = mentions(read.key, key, link.kind, part) | {"confidence": _number(link.score)}
    toward = read.reading.toward.get(number)
    if toward is not None:
        states["sentiment"] = _number(toward.score)
    row = {
        "key": f"{read.key}#{mention.start}-{mention.end}", "document": read.key, "start": str(mention.start),
        "end": str(mention.end), "text": mention.text, "by": link.reason, "confidence": _number(link.score),
        STATED: read.day.isoformat() if read.day else "", "compartments": ";".join(sorted(read.compartments)),
        STATES: _json([*out.rows, states]), UNITS: _json(dict(sorted(out.units.items()))),
    }  # fmt: skip
    return {name: text for name, text in row.items() if text}


def _link(reading: Reading, number: int) -> Candidate | None:
    """The entity that a mention means, its own or that of what it stands for."""
    seen: set[int] = set()
    at: int | None = number
    while at is not None and at not in seen:
        seen.add(at)
        mention = reading.mentions[at]
        if mention.link is not None:
            return mention.link
        at = mention.antecedent
    return None


def _end(reading: Reading, number: int) -> End:
    mention, link = reading.mentions[number], _link(reading, number)
    if link is not None:
        return End(mention.text, link.id, link.kind)
    while mention.antecedent is not None and not mention.candidates:
        number, mention = mention.antecedent, reading.mentions[mention.antecedent]
    return End(mention.text, choices=tuple(asdict(candidate) for candidate in mention.candidates))


def _unclear(read: ReadDocument) -> Iterator[Said]:
    """Mentions that may mean somebody: one claim for all of one name."""
    reading = read.reading
    by_name: dict[tuple[str, str], list[Mention]] = {}
    for number, mention in enumerate(reading.mentions):
        if mention.candidates and _link(reading, number) is None:
            by_name.setdefault((mention.kind, mention.text), []).append(mention)
    for (kind, text), found in by_name.items():
        first = found[0]
        yield Said(
            key=f"{read.key}#mention|{kind}|{text}",
            kind="mention",
            type=kind,
            start=first.start,
            end=first.end,
            text=text,
            confidence=first.candidates[0].score,
            by=first.candidates[0].reason,
            subject=End(text, choices=tuple(asdict(candidate) for candidate in first.candidates)),
            parts=tuple(Part("mention", m.start, m.end, m.text) for m in found),
            **_common(read),
        )


def _common(read: ReadDocument) -> dict[str, Any]:
    return {
        "document": read.key,
        "published": read.day,
        "compartments": tuple(sorted(read.compartments)),
    }


# --- relations, events, holdings ---


def _relations(read: ReadDocument) -> Iterator[Said]:
    reading = read.reading
    for relation in reading.relations:
        yield Said(
            key=_relation_key(read, relation),
            kind="relation",
            type=relation.type,
            start=relation.start,
            end=relation.end,
            text=reading.text[relation.start : relation.end],
            confidence=relation.confidence,
            by=relation.by,
            subject=_end(reading, relation.subject),
            object=_end(reading, relation.object),
            detail=relation.detail,
            quantity=relation.quantity,
            office=relation.office,
            **_common(read),
        )


def _relation_key(read: ReadDocument, relation: Relation) -> str:
    ends = (read.reading.mentions[number] for number in (relation.subject, relation.object))
    places = "|".join(str(mention.start) for mention in ends)
    return f"{read.key}#relation|{relation.type}|{relation.detail or ''}|{relation.office or ''}|{places}"


def _events(read: ReadDocument) -> Iterator[Said]:
    reading = read.reading
    bands = stories.bands(f"{read.title or ''}\n{reading.text}")
    sorts = Counter(_sort(reading, event) for event in reading.events)
    seen: Counter[tuple[str, str]] = Counter()
    for event in sorted(reading.events, key=lambda e: (e.trigger, e.type, e.detail or "")):
        sort = _sort(reading, event)
        if event.subjects:
            yield _event(read, event, Story(bands, seen[sort], sorts[sort]))
        seen[sort] += 1


def _sort(reading: Reading, event: Event) -> tuple[str, str]:
    subject = _end(reading, event.subjects[0]) if event.subjects else End("")
    return f"{event.type} {event.detail or ''}", subject.id or subject.name


def _event(read: ReadDocument, event: Event, story: Story) -> Said:
    reading = read.reading
    return Said(
        key=f"{read.key}#event|{event.type}|{event.detail or ''}|{event.trigger[0]}-{event.trigger[1]}",
        kind="event",
        type=event.type,
        start=event.start,
        end=event.end,
        text=reading.text[event.start : event.end],
        confidence=event.confidence,
        by=event.by,
        subject=_end(reading, event.subjects[0]),
        detail=event.detail,
        quantity=event.amount,
        date=_single(event.date),
        parts=tuple(_parts(reading, event)),
        story=story,
        **_common(read),
    )


def _single(period: Period | None) -> dt.date | None:
    """The day of a period of one day; a longer one gives no day."""
    return period.start if period is not None and (period.end - period.start).days == 1 else None


def _parts(reading: Reading, event: Event) -> Iterator[Part]:
    for number in event.subjects[1:]:
        mention = reading.mentions[number]
        yield _part("subjects", mention.start, mention.end, mention.text, _end(reading, number))
    for argument in event.arguments:
        end = End("") if argument.mention is None else _end(reading, argument.mention)
        yield _part(argument.role, argument.start, argument.end, argument.text, end)


def _part(role: str, start: int, end: int, text: str, party: End) -> Part:
    return Part(role, start, end, text, party.id, party.kind)


def _holdings(read: ReadDocument) -> Iterator[Said]:
    for table in read.holdings:
        for holder in table.holders:
            yield _holding(read, table, holder)


def _holding(read: ReadDocument, table: HoldersTable, holder: Holder) -> Said:
    text = read.reading.text
    begin, end = sentence_around(text, holder.start, holder.end) if holder.end <= len(text) else (0, 0)
    return Said(
        key=f"{read.key}#holding|{table.company.id}|{table.date}|{holder.name}|{holder.share_class or ''}",
        kind="holding",
        type="holds",
        start=holder.start,
        end=holder.end,
        text=text[begin:end] or holder.name,
        confidence=table.confidence,
        by=table.by,
        subject=_holder(holder, table.company),
        object=End(table.company.name, table.company.id, table.company.kind),
        detail=holder.share_class,
        quantity=Quantity(holder.ratio, "ratio") if holder.ratio is not None else None,
        date=table.date,
        **_common(read),
    )


def _holder(holder: Holder, company: Candidate) -> End:
    if holder.link is not None:
        return End(holder.name, holder.link.id, holder.link.kind)
    kind = holder.kind or ("Company" if looks_like_company(holder.name) else "Person")
    if kind == "Company":
        return End(holder.name, None, kind, key=f"Company:{legal_key(holder.name)}")
    return End(holder.name, None, kind, key=f"Person:{short_key(holder.name)}@{company.id}")
