"""What a source said, taken apart: the form in which ingest hands facts to the store."""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import NamedTuple

Scalar = str | int | float | bool | dt.date | list[str]
"""A value of a schema field; dates become ISO text in the store."""


class Ref(NamedTuple):
    """A node as a source refers to it. An empty label: whichever of the types allowed here has this key."""

    label: str
    key: str


@dataclass(frozen=True, slots=True)
class NodeStatement:
    """That a node exists and what it is like.

    `primary` tells a row about the node from a row that merely names it beside something else.
    """

    ref: Ref
    props: Mapping[str, Scalar] = field(default_factory=dict)
    primary: bool = True
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class EdgeStatement:
    """That one node stands in a relation to another."""

    type: str
    start: Ref
    end: Ref
    props: Mapping[str, Scalar] = field(default_factory=dict)
    valid_from: dt.date | None = None
    valid_to: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Finding:
    """Something about the data that a person should know: a value dropped, a conflict, a repair.

    `line` is the line of the file on which the row begins, as an editor counts; 0 where none is meant.
    """

    code: str
    message: str
    file: str = ""
    line: int = 0
    field: str = ""
    value: str = ""


@dataclass(frozen=True, slots=True)
class Reject:
    """A row that cannot be loaded, and why."""

    file: str
    line: int
    reason: str
    key: str = ""


@dataclass(frozen=True, slots=True)
class SourceRecord:
    """One row of a source: its key, the mapped columns as stated, and what follows from them.

    `body` holds the mapped columns only, as text; a key that no column gives is the hash of the body.
    `source` is who said it; the node keys live in the mapping's namespace. `partition` is the part of a snapshot
    that the row belongs to: a snapshot closes only what is missing in the partitions that it covers.
    """

    key: str
    body: Mapping[str, str]
    nodes: tuple[NodeStatement, ...]
    edges: tuple[EdgeStatement, ...]
    source: str
    line: int
    compartments: tuple[str, ...] = ()
    stated: dt.date | None = None
    known_from: dt.date | None = None
    partition: str = ""
    findings: tuple[Finding, ...] = ()
