"""One entity: its identifiers, names, handles and properties, and the records that all of it comes from."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, Any

from pydantic import Field

from graph import schema
from graph.errors import NotFound
from graph.view import RecordBody, View
from queries.labels import field_label
from queries.models import AliasLine, Answer, Day, EntityId, FieldLine, Finding, Line, SimilarLine
from queries.sections import named, possibly_same
from queries.statements import refs

MAX_BODIES = 50


@dataclass(slots=True, kw_only=True)
class IdentifierLine(Line):
    """An identifier that joins sources."""

    scheme: Annotated[str, Field(description="uscc, lei, code or registry_id.")]
    value: str


class Handle(Answer):
    """An id that the entity also answers to, and what it stands for."""

    id: EntityId
    source: str
    key: str = Field(description="What the source itself calls it.")


class Record(Answer):
    """One row of one source, as far as it is kept."""

    id: str
    source: str
    role: str = Field(description="Which of the source's files it comes from.")
    key: str
    stated: Day
    known_from: Day
    body: dict[str, Any] = Field(description="The columns that were mapped, as the source words them.")


class Entity(Answer):
    """Everything that the visible records say of one entity itself."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date | None
    known_at: dt.date | None
    identifiers: list[IdentifierLine]
    aliases: list[AliasLine]
    handles: list[Handle]
    properties: list[FieldLine]
    records: list[Record] = Field(description="Rows that describe the entity, newest first, at most 50.")
    records_total: int
    findings: list[Finding]
    possibly_same: list[SimilarLine]


def entity(view: View, ref: str) -> Entity:
    """An entity by id, code or unambiguous name. Raises NotFound, Ambiguous, StoreDown."""
    row = view.resolve(ref)
    units = view.units(row)
    handles = list(dict.fromkeys(unit.record for unit in units if unit.record))
    return Entity(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        identifiers=_identifiers(view, row),
        aliases=named(*view.described(row)),
        handles=[Handle(id=unit.id, source=unit.source, key=unit.key) for unit in units],
        properties=properties(view, row),
        records=[_record(body) for body in view.records(handles[:MAX_BODIES])],
        records_total=len(handles),
        findings=_findings(view, row),
        possibly_same=possibly_same(view, row),
    )


def record(view: View, handle: str) -> Record:
    """One record by its handle. Raises NotFound where there is none or it may not be seen, and StoreDown."""
    found = view.records([handle])
    if not found:
        raise NotFound(f"没有记录 {handle} / there is no record {handle}")
    return _record(found[0])


def properties(view: View, row: int) -> list[FieldLine]:
    """What is known of an entity of any type, in the order in which the schema declares it."""
    type_def, props, records = (
        schema.node_types()[view.kind(row)],
        view.props(row),
        view.property_records(row),
    )
    found = []
    for field in type_def.fields:
        if field.name in props:
            label = field_label(field.name)
            found.append(
                FieldLine(
                    field=field.name,
                    label=label.zh,
                    label_en=label.en,
                    value=props[field.name],
                    unit=field.unit,
                    records=refs(records.get(field.name, ())),
                )
            )
    return found


def _identifiers(view: View, row: int) -> list[IdentifierLine]:
    props, records = view.props(row), view.property_records(row)
    return [
        IdentifierLine(scheme=name, value=props[name], records=refs(records.get(name, ())))
        for name in ("uscc", "lei", "code", "registry_id")
        if props.get(name)
    ]


def _findings(view: View, row: int) -> list[Finding]:
    return [
        Finding(code=finding.code, message=finding.message, records=refs(finding.records))
        for finding in view.findings(row)
    ]


def _record(body: RecordBody) -> Record:
    return Record(
        id=body.id,
        source=body.source,
        role=body.role,
        key=body.key,
        stated=body.stated,
        known_from=body.known_from,
        body=dict(body.body),
    )
