"""来源: the sources that a whole customer 360 rests on, by the records that its lines cite."""

from __future__ import annotations

import dataclasses
import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass

from pydantic import BaseModel

from graph.view_types import RecordRef


@dataclass(frozen=True, slots=True)
class Cited:
    """A source, how many of its records are cited, and the newest day that one of them speaks of."""

    name: str
    records: int
    newest: dt.date | None


def sources(answer: BaseModel) -> list[Cited]:
    """The sources of an answer, the most cited first, then by name."""
    found: dict[str, dict[str, dt.date | None]] = {}
    for record in set(_records(answer)):
        found.setdefault(record.source, {})[record.id] = record.stated
    cited = [
        Cited(name, len(records), max((day for day in records.values() if day), default=None))
        for name, records in found.items()
    ]
    return sorted(cited, key=lambda one: (-one.records, one.name))


def _records(value: object) -> Iterator[RecordRef]:
    if isinstance(value, RecordRef):
        yield value
    elif isinstance(value, BaseModel):
        for name in type(value).model_fields:
            yield from _records(getattr(value, name))
    elif dataclasses.is_dataclass(value):
        for field in dataclasses.fields(value):
            yield from _records(getattr(value, field.name))
    elif isinstance(value, dict):
        for item in value.values():
            yield from _records(item)
    elif isinstance(value, list | tuple):
        for item in value:
            yield from _records(item)
