"""From what a source said to the rows that the store must write: units, edges, records.

Planning is pure but for two questions to the store (which units are there, how they are described), which a
`Known` answers from what this run has already seen where it can.
"""

from __future__ import annotations

import datetime as dt
import json
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import combinations
from typing import Any, NamedTuple, Protocol

from graph.ids import entity_handle, record_handle
from graph.schema import FieldDef, Kind, edge_model, edge_types
from graph.statements import EdgeStatement, Finding, NodeStatement, Ref, Scalar, SourceRecord

Row = dict[str, Any]
Shape = tuple[str, str, str]
"""(edge type, label it starts from, label it ends at)."""


class UnitId(NamedTuple):
    """Where a unit stands in the store."""

    label: str
    id: str


class UnitReader(Protocol):
    """What planning asks of the store."""

    def descriptions(self, label: str, ids: Sequence[str]) -> dict[str, Row]:
        """The properties of those of the nodes that exist, by id."""
        ...


@dataclass(slots=True)
class Known:
    """Units that this run knows to exist, with the `rank_key` of their description.

    `complete` says that nothing of the namespace was in the store when the run began, so that what is not known
    does not exist and the store need not be asked.
    """

    reader: UnitReader
    complete: bool
    rank_keys: dict[str, str] = field(default_factory=dict)

    def learn(self, wanted: Mapping[str, set[str]]) -> None:
        """Ask the store about units (ids by label) that are not known yet."""
        if self.complete:
            return
        for label, ids in wanted.items():
            unknown = [i for i in ids if i not in self.rank_keys]
            if unknown:
                found = self.reader.descriptions(label, unknown)
                self.rank_keys.update((i, row.get("rank_key", "")) for i, row in found.items())


@dataclass(slots=True)
class Batch:
    """Rows to write in one transaction, grouped as the statements want them."""

    new_nodes: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    changed_nodes: dict[str, dict[str, Row]] = field(default_factory=lambda: defaultdict(dict))
    outranked: list[tuple[UnitId, str]] = field(default_factory=list)
    edges: dict[Shape, list[Row]] = field(default_factory=lambda: defaultdict(list))
    records: list[Row] = field(default_factory=list)

    @property
    def size(self) -> int:
        """How many rows it holds."""
        nodes = sum(map(len, self.new_nodes.values())) + sum(map(len, self.changed_nodes.values()))
        return nodes + sum(map(len, self.edges.values())) + len(self.records)

    def touched(self) -> tuple[list[str], list[str]]:
        """What the commit must list: 'Label id' of units, 'TYPE Label id Label id' of endpoint pairs."""
        groups = (*self.new_nodes.items(), *self.changed_nodes.items())
        nodes = [f"{label} {i}" for label, rows in groups for i in rows]
        nodes += [f"{unit.label} {unit.id}" for unit, _ in self.outranked]
        edges = {
            f"{t} {s} {row['a']} {e} {row['b']}" for (t, s, e), rows in self.edges.items() for row in rows
        }
        return nodes, sorted(edges)


@dataclass(frozen=True, slots=True)
class PlannedRecord:
    """One record with its handle, the hash of its body and the text that is stored."""

    record: SourceRecord
    handle: str
    hash: str
    body: str


class Unresolved(NamedTuple):
    """A reference that leads nowhere, and the statement that makes it."""

    ref: Ref
    where: str


def body_text(body: Mapping[str, str]) -> str:
    """The canonical text of a body: equal bodies, equal text."""
    return json.dumps(body, ensure_ascii=False, sort_keys=True, separators=(",", ":"))


def plan_record(record: SourceRecord, role: str) -> PlannedRecord:
    """Handle, hash and stored text of a record."""
    body = body_text(record.body)
    stamp = (body, record.known_from.isoformat() if record.known_from else "")
    digest = blake2b("\x1f".join(stamp).encode(), digest_size=12).hexdigest()
    return PlannedRecord(
        record, record_handle(record.source, role, record.key, record.compartments), digest, body
    )


def plain(value: Scalar) -> Any:
    """A value as the store keeps it: dates as ISO text."""
    return value.isoformat() if isinstance(value, dt.date) else value


def _subsets(compartments: Sequence[str]) -> Iterator[tuple[str, ...]]:
    """The set itself, then every smaller one, larger first, the empty set last."""
    for size in range(len(compartments), -1, -1):
        yield from combinations(sorted(compartments), size)


_REFERENCES: Mapping[str, tuple[FieldDef, ...]] = {
    name: tuple(f for f in type_def.fields if f.kind is Kind.REFERENCE)
    for name, type_def in edge_types().items()
}


@dataclass(slots=True)
class Planner:
    """Turns the records of one file into batches.

    `rank` is the source's declared rank (smaller is better), `today` the day on which we are told.
    """

    namespace: str
    role: str
    rank: int
    today: dt.date
    load: str
    scope: str
    known: Known

    # --- references -----------------------------------------------------------------------------------------------

    def unit(self, ref: Ref, compartments: Sequence[str]) -> UnitId:
        """The unit that a labelled reference means in a compartment set."""
        return UnitId(ref.label, entity_handle(self.namespace, ref.label, ref.key, compartments))

    def _candidates(self, ref: Ref, allowed: Sequence[str], compartments: Sequence[str]) -> Iterator[UnitId]:
        labels = (ref.label,) if ref.label else allowed
        for subset in _subsets(compartments):
            for label in labels:
                yield self.unit(Ref(label, ref.key), subset)

    def _resolve(self, ref: Ref, allowed: Sequence[str], compartments: Sequence[str]) -> UnitId | None:
        """The unit within exactly `compartments` of what `ref` means, if it is known there or less restricted."""
        rank_keys = self.known.rank_keys
        for candidate in self._candidates(ref, allowed, compartments):
            if candidate.id in rank_keys:
                return self.unit(Ref(candidate.label, ref.key), compartments) if compartments else candidate
        return None

    def learn(self, records: Iterable[PlannedRecord]) -> None:
        """Ask the store, once for all of them, about every unit that the records name."""
        if self.known.complete:
            return
        wanted: dict[str, set[str]] = defaultdict(set)
        for planned in records:
            for ref, allowed in _all_references(planned.record):
                for unit in self._candidates(ref, allowed, planned.record.compartments):
                    wanted[unit.label].add(unit.id)
        self.known.learn(wanted)

    # --- rows -----------------------------------------------------------------------------------------------------

    def add(self, planned: PlannedRecord, batch: Batch) -> list[Unresolved] | None:
        """Put a record's statements into the batch.

        Returns the references that lead nowhere, or None where the record says nothing without them (an edge to
        nowhere) and so is not added at all.
        """
        record = planned.record
        for statement in record.nodes:
            self._describe(statement, planned, batch)
        lost: list[Unresolved] = []
        rows = [
            row for edge in record.edges if (row := self._edge_row(edge, planned, batch, lost)) is not None
        ]
        if lost and not record.nodes and not rows:
            return None
        for shape, edge_row in rows:
            batch.edges[shape].append(edge_row)
        batch.records.append(self.record_row(planned, len(lost)))
        return lost

    def _describe(self, statement: NodeStatement, planned: PlannedRecord, batch: Batch) -> None:
        """Put a description into the batch if it outranks the one that is there."""
        unit = self.unit(statement.ref, planned.record.compartments)
        row = self.node_row(statement, planned)
        present = self.known.rank_keys.get(unit.id)
        if present is None:
            batch.new_nodes[unit.label][unit.id] = row
            self.known.rank_keys[unit.id] = row["rank_key"]
        elif present < row["rank_key"]:
            self._outrank(unit, row, present, batch)
        elif statement.primary and _record_of(present) != planned.handle:
            batch.outranked.append((unit, planned.handle))

    def _outrank(self, unit: UnitId, row: Row, present: str, batch: Batch) -> None:
        self.known.rank_keys[unit.id] = row["rank_key"]
        fresh = batch.new_nodes[unit.label]
        (fresh if unit.id in fresh else batch.changed_nodes[unit.label])[unit.id] = row
        if present.startswith("1") and _record_of(present) != row["record"]:
            batch.outranked.append((unit, _record_of(present)))

    def _mention(self, unit: UnitId, ref: Ref, planned: PlannedRecord, batch: Batch) -> None:
        """Let a unit exist inside a wall for what stands outside it, with nothing said about it."""
        statement = NodeStatement(Ref(unit.label, ref.key), primary=False)
        row = self.node_row(statement, planned)
        if unit.id not in self.known.rank_keys:
            batch.new_nodes[unit.label][unit.id] = row
            self.known.rank_keys[unit.id] = row["rank_key"]
        elif (fresh := batch.new_nodes[unit.label].get(unit.id)) is not None and "record" not in fresh:
            # of several mentions the earliest counts, whichever comes first
            fresh["known_from"] = min(fresh["known_from"], row["known_from"])

    def _edge_row(
        self, edge: EdgeStatement, planned: PlannedRecord, batch: Batch, lost: list[Unresolved]
    ) -> tuple[Shape, Row] | None:
        compartments = planned.record.compartments
        starts, ends = edge_model(edge.type).joins
        start, end = (self._resolve(r, a, compartments) for r, a in ((edge.start, starts), (edge.end, ends)))
        if start is None or end is None:
            lost.append(Unresolved(edge.start if start is None else edge.end, edge.type))
            return None
        if compartments:
            self._mention(start, edge.start, planned, batch)
            self._mention(end, edge.end, planned, batch)
        row = {"a": start.id, "b": end.id, "e": self._edge_properties(edge, planned, lost)}
        return (edge.type, start.label, end.label), row

    def _edge_properties(self, edge: EdgeStatement, planned: PlannedRecord, lost: list[Unresolved]) -> Row:
        record = planned.record
        row = {"record": planned.handle, **self._system(record)}
        row.update(
            (name, plain(value)) for name, value in edge.props.items() if value is not None and value != []
        )
        for reference in _REFERENCES[edge.type]:
            if reference.name in row:
                self._resolve_property(row, reference, record.compartments, lost, edge.type)
        start = edge.valid_from or record.stated
        if start is not None:
            row["valid_from"] = start.isoformat()
            if edge.valid_from is None:
                row["start_unknown"] = True
        if edge.valid_to is not None:
            row["valid_to"] = edge.valid_to.isoformat()
        return row

    def _resolve_property(
        self,
        row: Row,
        reference: FieldDef,
        compartments: Sequence[str],
        lost: list[Unresolved],
        edge_type: str,
    ) -> None:
        ref = Ref("", row.pop(reference.name))
        unit = self._resolve(ref, reference.refers_to, compartments)
        if unit is None:
            lost.append(Unresolved(ref, f"{edge_type}.{reference.name}"))
        else:
            row[reference.name] = unit.id

    def _system(self, record: SourceRecord) -> Row:
        """The properties that nodes, edges and records share."""
        row: Row = {"source": record.source, "known_from": (record.known_from or self.today).isoformat()}
        if record.compartments:
            row["compartments"] = sorted(record.compartments)
        if record.stated is not None:
            row["stated"] = record.stated.isoformat()
        return row

    def node_row(self, statement: NodeStatement, planned: PlannedRecord) -> Row:
        """All properties of a unit as this statement describes it."""
        record = planned.record
        described = {k: plain(v) for k, v in statement.props.items() if v is not None and v != []}
        for name, date in (("valid_from", statement.valid_from), ("valid_to", statement.valid_to)):
            if date is not None:
                described[name] = date.isoformat()
        row = {
            "id": entity_handle(self.namespace, statement.ref.label, statement.ref.key, record.compartments),
            "key": statement.ref.key,
            "rank_key": self._rank_key(statement, planned, described),
            **self._system(record),
            **described,
        }
        if described or statement.primary:
            row["record"] = planned.handle
        else:
            row.pop("stated", None)  # or it would tell which of several mentions came first
        return row

    def _rank_key(self, statement: NodeStatement, planned: PlannedRecord, described: Row) -> str:
        """Which of several descriptions of a unit wins: about it before in passing, rank, newest, then its text.

        Ends in the record's handle. A bare mention has the empty key, which everything outranks.
        """
        if not described and not statement.primary:
            return ""
        stated = planned.record.stated.isoformat() if planned.record.stated else "0000-00-00"
        digest = blake2b(body_text(described).encode(), digest_size=4).hexdigest()
        return f"{int(statement.primary)}{9999 - self.rank:04d}{stated}{digest}{planned.handle}"

    def record_row(self, planned: PlannedRecord, dangling: int = 0) -> Row:
        """All properties of the stored record."""
        record = planned.record
        row = {
            "id": planned.handle, "role": self.role, "namespace": self.namespace, "scope": self.scope,
            "key": record.key, "hash": planned.hash, "body": planned.body, "load": self.load, **self._system(record),
        }  # fmt: skip
        if record.partition:
            row["partition"] = record.partition
        if dangling:
            row["dangling"] = dangling
        return row

    def unresolved(self, record: SourceRecord) -> list[Unresolved]:
        """The references of a record that lead nowhere."""
        lost: list[Unresolved] = []
        for edge in record.edges:
            starts, ends = edge_model(edge.type).joins
            named: list[tuple[Ref, Sequence[str], str]] = [
                (edge.start, starts, edge.type),
                (edge.end, ends, edge.type),
            ]
            for reference in _REFERENCES[edge.type]:
                value = edge.props.get(reference.name)
                if isinstance(value, str):
                    named.append((Ref("", value), reference.refers_to, f"{edge.type}.{reference.name}"))
            missing = (
                Unresolved(ref, where)
                for ref, allowed, where in named
                if self._resolve(ref, allowed, record.compartments) is None
            )
            first = next(missing, None)
            if first is not None:
                lost.append(first)
                lost += missing if "." in first.where else ()  # an edge that is not there has no properties
        return lost

    def edge_places(self, record: SourceRecord) -> Iterator[tuple[Shape, str, str]]:
        """Where the edges of a stored record stand: shape and the two ids; only endpoints that exist."""
        for edge in record.edges:
            starts, ends = edge_model(edge.type).joins
            start = self._resolve(edge.start, starts, record.compartments)
            end = self._resolve(edge.end, ends, record.compartments)
            if start is not None and end is not None:
                yield (edge.type, start.label, end.label), start.id, end.id


def _record_of(rank_key: str) -> str:
    return rank_key[-24:]


def _all_references(record: SourceRecord) -> Iterator[tuple[Ref, Sequence[str]]]:
    """Every node that a record names, with the types it may have."""
    for node in record.nodes:
        yield node.ref, (node.ref.label,)
    for edge in record.edges:
        starts, ends = edge_model(edge.type).joins
        yield edge.start, starts
        yield edge.end, ends
        for reference in _REFERENCES[edge.type]:
            value = edge.props.get(reference.name)
            if isinstance(value, str):
                yield Ref("", value), reference.refers_to


def nowhere(unresolved: Iterable[Unresolved], file: str, line: int) -> list[Finding]:
    """Findings for references that lead nowhere."""
    return [
        Finding(
            "edge_to_nowhere",
            f"{item.where}: 没有 {item.ref.key!r} 这个节点 (no {item.ref.label or 'node'} has this key); load it first",
            file, line, item.where, item.ref.key,
        )
        for item in unresolved
    ]  # fmt: skip
