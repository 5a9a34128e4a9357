"""The records of readings: a row states what its type says, and native rows of whatever follows from it."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path
from typing import Final

from graph.schema import edge_types, node_types
from graph.statements import NodeStatement, Ref, Reject, SourceRecord
from ingest.native import NativeRole, split_list
from ingest.source import Context

STATED: Final = "stated"
STATES: Final = "states"
UNITS: Final = "units"
KEYS: Final = "keys"
BASIS: Final = "basis"
FIGURES: Final = "figures"
JOINS: Final = "joins"
DECIDED: Final = "decided"
_OWN: Final = (STATED, STATES, UNITS, KEYS, BASIS, FIGURES, JOINS, "document", "story", "until")
"""Columns of a row beside those of its type: its day, what follows, whom that names, its claims, what it rests on;
of an event its further figures, and what feeds list of which it tells. `DECIDED` marks what a person has accepted."""


class ReadRole:
    """Records of one kind: a node of the type of that name, where there is one, and what follows from it."""

    def __init__(self, name: str, source: str) -> None:
        self.name = name
        self._source = source
        self._own = NativeRole(node_types()[name]) if name in node_types() else None

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date | None:  # noqa: ARG002
        """None: every row says for itself for which day it speaks."""
        return None

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        """Every row of a file of JSON lines. Text stands as it is: offsets count its spaces too."""
        with path.open(encoding="utf-8") as lines:
            for number, line in enumerate(lines, 1):
                yield self.record(json.loads(line), number, context)

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        """The record of one row: a reject where a part of it cannot be read."""
        parts = [*self._itself(body, line, context), *_following(body, line, context)]
        for part in parts:
            if isinstance(part, Reject):
                return replace(part, key=body["key"])
        said = [part for part in parts if isinstance(part, SourceRecord)]
        named = (NodeStatement(Ref(label, key), primary=False) for key, label in _units(body).items())
        return SourceRecord(
            key=body["key"],
            body=body,
            nodes=(*(node for part in said for node in part.nodes), *named),
            edges=tuple(edge for part in said for edge in part.edges),
            source=self._source,
            line=line,
            compartments=tuple(sorted(split_list(body.get("compartments", "")))),
            stated=dt.date.fromisoformat(body[STATED]) if body.get(STATED) else None,
            findings=tuple(finding for part in said for finding in part.findings),
        )

    def _itself(
        self, body: Mapping[str, str], line: int, context: Context
    ) -> Iterator[SourceRecord | Reject]:
        if self._own is not None:
            columns = {name: value for name, value in body.items() if name not in _OWN}
            yield self._own.record(columns, line, context)


def _units(body: Mapping[str, str]) -> dict[str, str]:
    units: dict[str, str] = json.loads(body.get(UNITS, "{}"))
    return units


def _following(body: Mapping[str, str], line: int, context: Context) -> Iterator[SourceRecord | Reject]:
    """What the native rows in a row state."""
    for row in json.loads(body.get(STATES, "[]")):
        name = row["type"]
        columns = {column: text for column, text in row.items() if column != "type"}
        yield _ROLES[name].record(columns, line, context)


_ROLES: Final[Mapping[str, NativeRole]] = {
    t.name: NativeRole(t) for t in (*node_types().values(), *edge_types().values())
}
