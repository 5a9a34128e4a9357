"""From what a View says to what an answer shows: records, parties, facts and the things one takes part in."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any

from graph.view import Fact, View
from graph.view_types import RecordRef
from queries.models import Party

MAX_RECORDS = 20
"""Most witnesses shown for one statement; the best come first."""


def refs(records: Iterable[RecordRef]) -> list[RecordRef]:
    """The records as an answer shows them: each once, the best first."""
    found = list(records)
    return found if len(found) <= 1 else list(dict.fromkeys(found))[:MAX_RECORDS]


def party(view: View, row: int) -> Party:
    """An entity by id, name and type."""
    return Party(id=view.id(row), name=view.name(row), kind=view.kind(row))


def who(view: View, row: int) -> dict[str, str]:
    """The same, as the fields of a line."""
    return {"id": view.id(row), "name": view.name(row), "kind": view.kind(row)}


def of_units(view: View, row: int) -> Iterator[RecordRef]:
    """The records that describe a thing itself, the best one first."""
    return (RecordRef(u.record, u.source, u.stated) for u in view.units(row) if u.record)


def of_fields(records: Mapping[str, Iterable[RecordRef]], fields: Iterable[str]) -> list[RecordRef]:
    """The records behind some properties of a thing."""
    return refs(record for name in fields for record in records.get(name, ()))


def day_of(props: Mapping[str, Any]) -> dt.date | None:
    """The day that a thing happened or was published, whichever its type states."""
    for name in ("date", "published", "period_end", "valid_from"):
        if isinstance(day := props.get(name), dt.date):
            return day
    return None


def number_of(day: dt.date | None) -> int:
    """A day as a sortable number; an unknown one comes before all."""
    return day.toordinal() if day else 0


def newest_first(day: dt.date | None, stable_id: str) -> tuple[int, str]:
    """The position of something dated in a list that begins with the newest."""
    return -number_of(day), stable_id


def ends(fact: Fact, row: int) -> str:
    """Seen from `row`: `out` where the fact goes from it, `in` where it goes to it."""
    return "out" if fact.start == row else "in"
