"""One batch of changes, written in one transaction: what is new, what is corrected, what has ended."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from hashlib import blake2b
from typing import Any, Final, NamedTuple

from graph import upserts
from graph.statements import SourceRecord
from graph.store import Touched, Tx
from ingest.plan import Batch, PlannedRecord, Planner, Row, Shape, UnitId

CHUNK = 5000
"""Rows in one statement; the measurement is in docs/decisions/store.md."""

Restate = Callable[[Row], SourceRecord | None]
"""What a stored record says, by the mapping of today; None where it cannot be read any more."""


class Place(NamedTuple):
    """One edge of one record: where it stands and which run of the record it belongs to."""

    shape: Shape
    start: str
    end: str
    record: str
    stated: str


@dataclass(slots=True)
class Changes:
    """What happens to statements that are already stored, beside the new ones of `batch`."""

    batch: Batch = field(default_factory=Batch)
    retracted: list[Place] = field(default_factory=list)
    """Edges that were never true: they move to Past."""
    redated: list[tuple[Place, Row]] = field(default_factory=list)
    """Edges whose dates change, with the new dates."""
    records: list[tuple[str, Row]] = field(default_factory=list)
    """Properties to set on stored records, by id."""
    moved: list[Row] = field(default_factory=list)
    """Record nodes of earlier runs."""
    replaced: list[Row] = field(default_factory=list)
    """Record nodes that take the place of the one with their id."""
    undescribed: set[tuple[UnitId, str]] = field(default_factory=set)
    """Units, and a record whose description of them no longer holds."""
    ended: list[tuple[UnitId, str, str]] = field(default_factory=list)
    """Units that end with their record: unit, record, first day on which they are no more."""

    @property
    def size(self) -> int:
        """How many things change."""
        more = (
            self.retracted,
            self.redated,
            self.records,
            self.moved,
            self.replaced,
            self.undescribed,
            self.ended,
        )
        return self.batch.size + sum(len(group) for group in more)

    def touched(self, *, bulk: bool) -> Touched:
        """What the commit must list."""
        if bulk:
            return Touched(bulk=True)
        nodes, edges = self.batch.touched()
        places = [*self.retracted, *(place for place, _ in self.redated)]
        edges += [f"{p.shape[0]} {p.shape[1]} {p.start} {p.shape[2]} {p.end}" for p in places]
        units = [*(unit for unit, _ in self.undescribed), *(unit for unit, _, _ in self.ended)]
        nodes += [f"{unit.label} {unit.id}" for unit in units]
        return Touched(tuple(dict.fromkeys(nodes)), tuple(dict.fromkeys(edges)))


LONG_TEXTS: Final = ("Document",)
"""Nodes that may hold a long text: not to be read again for each of their edges."""


def chunks(rows: Sequence[Any]) -> Iterator[Sequence[Any]]:
    """The rows, at most CHUNK at a time."""
    for begin in range(0, len(rows), CHUNK):
        yield rows[begin : begin + CHUNK]


@dataclass(slots=True)
class BatchWriter:
    """Writes `Changes` inside a transaction.

    `known_to` is the day from which retracted statements are no longer believed.
    """

    planner: Planner
    restate: Restate
    known_to: str

    def write(self, tx: Tx, changes: Changes) -> None:
        """Write everything; may run again from the start after a conflict."""
        self._hold_texts(tx, changes)
        self._retract_edges(tx, changes.retracted)
        self._redate_edges(tx, changes.redated)
        before = self._standing(tx, changes)
        self._keep_outranked(tx, changes.batch, before)
        self._write_nodes(tx, changes.batch)
        for shape, rows in changes.batch.edges.items():
            _run(tx, upserts.create_edges(*shape), rows)
        self._write_records(tx, changes)
        self._end_nodes(tx, changes.ended)
        self._describe_anew(tx, changes.undescribed, before)
        self._remove_orphans(tx, changes.retracted)

    # --- edges ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _hold_texts(tx: Tx, changes: Changes) -> None:
        """Hold the nodes with long texts of which edges change."""
        places = [*changes.retracted, *(place for place, _ in changes.redated)]
        starts: dict[str, dict[str, None]] = {label: {} for label in LONG_TEXTS}
        for place in places:
            if place.shape[1] in starts:
                starts[place.shape[1]][place.start] = None
        for shape, rows in changes.batch.edges.items():
            if shape[1] in starts:
                starts[shape[1]].update((row["a"], None) for row in rows)
        for label, ids in starts.items():
            for chunk in chunks(list(ids)):
                tx.execute(upserts.hold_nodes(label), ids=chunk)

    def _retract_edges(self, tx: Tx, places: Iterable[Place]) -> None:
        for shape, rows in _by_shape(places).items():
            for chunk in chunks(rows):
                self.keep_edges(tx, shape, _run_on_edges(tx, upserts.take_edges, shape, chunk))

    def keep_edges(self, tx: Tx, shape: Shape, taken: Sequence[Row]) -> None:
        """Keep edges that were taken from the graph as Past."""
        past = [self._past_edge(shape, row) for row in taken]
        _run(tx, upserts.replace_nodes("Past"), past)

    def _past_edge(self, shape: Shape, row: Row) -> Row:
        edge_type, start, end = shape
        body = dict(row["edge"], from_label=start, from_id=row["a"], to_label=end, to_id=row["b"])
        return self._past("edge", edge_type, body)

    def _past(self, kind: str, type_name: str, body: Row) -> Row:
        text = json.dumps(body, ensure_ascii=False, sort_keys=True)
        identity = blake2b(
            f"{kind}\x1f{type_name}\x1f{text}\x1f{self.known_to}".encode(), digest_size=12
        ).hexdigest()
        return {"id": identity, "kind": kind, "type": type_name, "known_to": self.known_to, "body": text}

    @staticmethod
    def _redate_edges(tx: Tx, redated: Iterable[tuple[Place, Row]]) -> None:
        grouped: dict[Shape, list[Row]] = defaultdict(list)
        for place, dates in redated:
            grouped[place.shape].append(_place_row(place) | {"set": dates})
        for shape, rows in grouped.items():
            for chunk in chunks(rows):
                _run_on_edges(tx, upserts.date_edges, shape, chunk)

    # --- nodes ----------------------------------------------------------------------------------------------------

    @staticmethod
    def _write_nodes(tx: Tx, batch: Batch) -> None:
        for label, rows in batch.new_nodes.items():
            _run(tx, upserts.describe_nodes(label), list(rows.values()))
        for label, rows in batch.changed_nodes.items():
            _run(tx, upserts.describe_nodes(label), list(rows.values()))
        others: dict[UnitId, list[str]] = defaultdict(list)
        for unit, record in batch.outranked:
            others[unit].append(record)
        for label, units in _by_label(others).items():
            found = _nodes(tx, label, [unit.id for unit in units])
            sets = [{"id": u.id, "set": _with_others(found[u.id], others[u])} for u in units if u.id in found]
            _run(tx, upserts.merge_properties(label), sets)

    @staticmethod
    def _end_nodes(tx: Tx, ended: Iterable[tuple[UnitId, str, str]]) -> None:
        due = {unit: (record, day) for unit, record, day in ended}
        for label, units in _by_label(due).items():
            found = _nodes(tx, label, [unit.id for unit in units])
            sets = [
                {"id": unit.id, "set": {"valid_to": due[unit][1]}}
                for unit in units
                if unit.id in found and found[unit.id].get("record") == due[unit][0]
            ]
            _run(tx, upserts.merge_properties(label), sets)

    @staticmethod
    def _standing(tx: Tx, changes: Changes) -> Mapping[str, Row]:
        """Nodes whose description is about to go, as they stand."""
        units = dict.fromkeys(unit for unit, _ in changes.undescribed)
        units |= {UnitId(label, i): None for label, rows in changes.batch.changed_nodes.items() for i in rows}
        found: dict[str, Row] = {}
        for label, listed in _by_label(units).items():
            found.update(_nodes(tx, label, [unit.id for unit in listed]))
        return found

    def _keep_outranked(self, tx: Tx, batch: Batch, before: Mapping[str, Row]) -> None:
        """Keep what was known of units on the days before something better was."""
        for label, rows in batch.changed_nodes.items():
            known = [(before[i], row) for i, row in rows.items() if i in before]
            gone = [self._past("node", label, old) for old, row in known if _outlived(old, row)]
            _run(tx, upserts.replace_nodes("Past"), gone)

    def _describe_anew(
        self, tx: Tx, undescribed: Iterable[tuple[UnitId, str]], before: Mapping[str, Row]
    ) -> None:
        """Give units whose description no longer holds the best that is left, or none; `before` becomes the past."""
        stale: dict[UnitId, set[str]] = defaultdict(set)
        for unit, record in undescribed:
            stale[unit].add(record)
        for label, units in _by_label(stale).items():
            found = _nodes(tx, label, [unit.id for unit in units])
            affected = [
                unit
                for unit in units
                if unit.id in found
                and (stale[unit] & {found[unit.id].get("record"), *found[unit.id].get("others", ())})
            ]
            self._redescribe(tx, label, {unit.id: found[unit.id] for unit in affected}, before)

    def _redescribe(self, tx: Tx, label: str, nodes: Mapping[str, Row], before: Mapping[str, Row]) -> None:
        for chunk in chunks(list(nodes)):
            witnesses = self._witnesses(tx, label, {i: nodes[i] for i in chunk})
            records = self._stored_records(tx, {r for found in witnesses.values() for r in found})
            rows = [
                self._best(label, nodes[i], (records[r] for r in witnesses[i] if r in records)) for i in chunk
            ]
            gone = [self._past("node", label, before[i]) for i in chunk if before.get(i, {}).get("record")]
            _run(tx, upserts.replace_nodes("Past"), gone)
            _run(tx, upserts.replace_nodes(label), rows)
            self.planner.known.rank_keys.update((row["id"], row["rank_key"]) for row in rows)
            self._delete_unattached(tx, label, [row["id"] for row in rows if not row["rank_key"]])

    @staticmethod
    def _witnesses(tx: Tx, label: str, nodes: Mapping[str, Row]) -> dict[str, set[str]]:
        found: dict[str, set[str]] = {i: {*node.get("others", ())} for i, node in nodes.items()}
        for i, node in nodes.items():
            if node.get("record"):
                found[i].add(node["record"])
        for row in tx.run(upserts.node_witnesses(label), ids=list(nodes)):
            found[row["id"]].update(row["records"])
        return found

    def _stored_records(self, tx: Tx, handles: set[str]) -> dict[str, PlannedRecord]:
        found: dict[str, PlannedRecord] = {}
        for row in _nodes(tx, "Record", sorted(handles)).values():
            said = None if row.get("known_to") else self.restate(row)
            if said is not None:
                found[row["id"]] = PlannedRecord(said, row["id"], row["hash"], row["body"])
        return found

    def _best(self, label: str, node: Row, witnesses: Iterable[PlannedRecord]) -> Row:
        """The best description of a unit that its records give, or a bare mention."""
        rows = [row for record in witnesses for row in self._descriptions(label, node["id"], record)]
        bare = {k: node[k] for k in ("id", "key", "source", "compartments", "known_from") if k in node} | {
            "rank_key": ""
        }
        if not rows:
            return bare
        best = max(rows, key=lambda row: str(row["rank_key"]))
        primaries = {row["record"] for row in rows if row["rank_key"].startswith("1")}
        others = sorted(primaries - {best.get("record")})
        return best | ({"others": others} if others else {})

    def _descriptions(self, label: str, unit: str, planned: PlannedRecord) -> Iterator[Row]:
        for statement in planned.record.nodes:
            if statement.ref.label == label:
                row = self.planner.node_row(statement, planned)
                if row["id"] == unit:
                    yield row

    def _remove_orphans(self, tx: Tx, places: Iterable[Place]) -> None:
        """Delete units that only the retracted edges mentioned."""
        ends: dict[str, set[str]] = defaultdict(set)
        for place in places:
            ends[place.shape[1]].add(place.start)
            ends[place.shape[2]].add(place.end)
        for label, ids in ends.items():
            bare = [i for i, node in _nodes(tx, label, sorted(ids)).items() if not node.get("record")]
            self._delete_unattached(tx, label, bare)

    def _delete_unattached(self, tx: Tx, label: str, ids: Sequence[str]) -> None:
        for chunk in chunks(ids):
            tx.execute(upserts.delete_nodes(label), ids=chunk)
            left = {row["id"] for row in tx.run(upserts.find_ids(label), ids=chunk)}
            for i in set(chunk) - left:
                self.planner.known.rank_keys.pop(i, None)

    # --- records --------------------------------------------------------------------------------------------------

    @staticmethod
    def _write_records(tx: Tx, changes: Changes) -> None:
        _run(tx, upserts.create_nodes("Record"), changes.batch.records)
        _run(tx, upserts.replace_nodes("Record"), changes.moved)
        _run(tx, upserts.replace_nodes("Record"), changes.replaced)
        _run(tx, upserts.merge_properties("Record"), [{"id": i, "set": row} for i, row in changes.records])


def _place_row(place: Place) -> Row:
    return {"a": place.start, "b": place.end, "record": place.record, "stated": place.stated}


def _by_shape(places: Iterable[Place]) -> dict[Shape, list[Row]]:
    grouped: dict[Shape, list[Row]] = defaultdict(list)
    for place in dict.fromkeys(places):
        grouped[place.shape].append(_place_row(place))
    return grouped


def _by_label(units: Iterable[UnitId]) -> dict[str, list[UnitId]]:
    grouped: dict[str, list[UnitId]] = defaultdict(list)
    for unit in units:
        grouped[unit.label].append(unit)
    return grouped


def _run(tx: Tx, query: str, rows: Sequence[Row]) -> None:
    for chunk in chunks(rows):
        tx.execute(query, rows=chunk)


def _run_on_edges(tx: Tx, statement: Callable[..., str], shape: Shape, rows: Sequence[Row]) -> list[Row]:
    """Run a statement on stored edges: those of starts with many of the rows walked, the others looked up."""
    many = upserts.many_at(row["a"] for row in rows)
    walked: dict[str, dict[str, Row]] = defaultdict(dict)
    for row in rows:
        if row["a"] in many:
            walked[row["a"]][upserts.edge_key(row["record"], row["stated"], row["b"])] = row
    found: list[Row] = []
    if few := [row for row in rows if row["a"] not in many]:
        found += tx.run(statement(*shape), rows=few)
    if walked:
        starts = [{"id": start, "rows": listed} for start, listed in walked.items()]
        found += tx.run(statement(*shape, walking=True), starts=starts)
    return found


def _nodes(tx: Tx, label: str, ids: Sequence[str]) -> dict[str, Row]:
    found: dict[str, Row] = {}
    for chunk in chunks(ids):
        found.update((row["node"]["id"], row["node"]) for row in tx.run(upserts.find_nodes(label), ids=chunk))
    return found


def _outlived(old: Row, row: Row) -> bool:
    """Whether a description takes the place of one that was known on days on which it was not."""
    return bool(old["rank_key"] < row["rank_key"] and old["known_from"] < row["known_from"])


def _with_others(node: Row, records: Iterable[str]) -> Row:
    others = {*node.get("others", ()), *records} - {node.get("record")}
    return {"others": sorted(others)}
