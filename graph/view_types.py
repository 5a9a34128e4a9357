"""What a View gives: facts, units, records, hits, findings."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True, slots=True)
class RecordRef:
    """A record that states something: its handle, its source and the day it speaks for."""

    id: str
    source: str
    stated: dt.date | None


@dataclass(frozen=True, slots=True)
class Fact:
    """An edge between entities (rows), with the values of its best visible statement.

    `records` begins with the record that gave the values; the others are witnesses. `other` is the entity at the
    other end from where it was asked.
    """

    type: str
    start: int
    end: int
    props: Mapping[str, Any]
    valid_from: dt.date | None
    valid_to: dt.date | None
    start_unknown: bool
    records: tuple[RecordRef, ...]
    other: int
    compartments: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class FactPage:
    """Some facts in order, how many there are in all, and where the next page begins."""

    facts: list[Fact]
    total: int
    next: str | None


@dataclass(frozen=True, slots=True)
class Unit:
    """What the records of one namespace and key within one compartment set say of an entity."""

    id: str
    source: str
    key: str
    record: str | None
    stated: dt.date | None
    compartments: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class SearchHit:
    """An entity that answers a query, the name or code that did, and how."""

    row: int
    id: str
    name: str
    kind: str
    reason: str
    matched: str
    score: float


@dataclass(frozen=True, slots=True)
class SearchPage:
    """Hits, best first, and where the next page begins."""

    hits: list[SearchHit]
    next: str | None


@dataclass(frozen=True, slots=True)
class RecordBody:
    """A record with the columns that it was made of."""

    id: str
    source: str
    role: str
    key: str
    body: Mapping[str, Any]
    compartments: tuple[str, ...]
    stated: dt.date | None
    known_from: dt.date | None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about an entity that a person should look at; `candidates` are ids of other entities."""

    code: str
    message: str
    field: str = ""
    values: tuple[str, ...] = ()
    records: tuple[RecordRef, ...] = ()
    candidates: tuple[str, ...] = ()
