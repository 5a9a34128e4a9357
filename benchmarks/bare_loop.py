"""The peer of loading: the official driver in a loop of `UNWIND … MERGE`, with rows that need no more thought.

`prepare` has the planner make the rows that the loader would write, and keeps them in a file in batches, so that
both write the same properties; `run` writes them and counts only the time that the driver and the database take.
"""

from __future__ import annotations

import itertools
import pickle
import time
from collections import defaultdict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, BinaryIO

import neo4j
from ground import TODAY
from neo4j import GraphDatabase, ManagedTransaction

from graph.schema import edge_types, node_types
from graph.settings import Settings
from graph.statements import SourceRecord
from graph.store import Store
from ingest.native import Native, NativeRole
from ingest.plan import Batch, Known, Planner, plan_record
from ingest.source import Context

ROWS = 5000
"""Rows of one statement, and of one transaction."""

Row = dict[str, Any]
Kind = tuple[str, ...]
"""(label,) of nodes and records, (type, label, label) of edges."""


def statement(kind: Kind) -> str:
    """What the loop runs for rows of a kind. Edges are told apart by their record, for a pair may have several."""
    if len(kind) == 1:
        return f"UNWIND $rows AS row MERGE (n:{kind[0]} {{id: row.id}}) SET n = row"
    edge_type, start, end = kind
    return (
        f"UNWIND $rows AS row MATCH (a:{start} {{id: row.a}}), (b:{end} {{id: row.b}}) "
        f"MERGE (a)-[e:{edge_type} {{record: row.e.record}}]->(b) SET e = row.e"
    )


# --- rows, prepared ---


@dataclass(frozen=True, slots=True)
class Prepared:
    """Where the rows are, and what it took to read the files and plan them, without any store."""

    path: Path
    seconds: float
    rows: int


class _NoStore:
    """A store of which nothing may be asked: the planner knows that there is nothing in it."""

    def descriptions(self, label: str, ids: Sequence[str]) -> dict[str, Row]:
        """Nothing should be looked up."""
        raise AssertionError(f"the planner asks for {len(ids)} nodes {label} of a new namespace")


class _Batches:
    """Rows by kind, written to a file whenever there are enough; nodes before the edges that join them."""

    def __init__(self, file: BinaryIO) -> None:
        self._file = file
        self._rows: dict[Kind, list[Row]] = defaultdict(list)

    def add(self, batch: Batch) -> None:
        """Take the rows of one planned batch."""
        if batch.outranked or batch.changed_nodes:
            raise AssertionError("the benchmark's world describes something twice; the loop would write less")
        for label, nodes in batch.new_nodes.items():
            self._rows[label,] += nodes.values()
        for shape, edges in batch.edges.items():
            self._rows[shape] += edges
        self._rows["Record",] += batch.records
        self.flush(ROWS)

    def flush(self, least: int = 1) -> None:
        """Write out kinds with at least so many rows; all nodes where edges are among them."""
        due = {kind for kind, rows in self._rows.items() if len(rows) >= least}
        if any(len(kind) > 1 for kind in due):
            due |= {kind for kind in self._rows if len(kind) == 1}
        for kind in sorted(due, key=len):
            rows = self._rows.pop(kind)
            for begin in range(0, len(rows), ROWS):
                pickle.dump((kind, rows[begin : begin + ROWS]), self._file, pickle.HIGHEST_PROTOCOL)


def prepare(files: Sequence[Path], path: Path) -> Prepared:
    """Read and plan files of the native form into batches at `path`."""
    known = Known(_NoStore(), complete=True)
    seconds, rows = 0.0, 0
    with path.open("wb") as file:
        batches = _Batches(file)
        for source in sorted(files, key=_order):
            role = Native().role_for(source)
            planner = Planner(
                Native.namespace,
                role.name,
                Native.rank,
                TODAY,
                "0" * 32,
                f"{Native.source}/{role.name}",
                known,
            )
            planned = _planned(planner, role, source)
            began = time.perf_counter()
            for batch in planned:
                seconds += time.perf_counter() - began
                rows += len(batch.records)
                batches.add(batch)
                began = time.perf_counter()
            seconds += time.perf_counter() - began
            batches.flush()
    return Prepared(path, seconds, rows)


def _order(path: Path) -> int:
    """As the loader: plain nodes, nodes that refer to others, edges."""
    if path.stem in edge_types():
        return 2
    return int(any(f.refers_to for f in node_types()[path.stem].fields))


def _planned(planner: Planner, role: NativeRole, path: Path) -> Iterator[Batch]:
    rows = role.read(path, Context(None, "benchmark", path.name))
    while chunk := list(itertools.islice(rows, ROWS)):
        batch = Batch()
        for row in chunk:
            if not isinstance(row, SourceRecord) or planner.add(plan_record(row, role.name), batch) is None:
                raise AssertionError(f"the benchmark's world has a row that is rejected: {row}")
        yield batch


def batches(path: Path) -> Iterator[tuple[Kind, list[Row]]]:
    """The prepared rows, batch by batch."""
    with path.open("rb") as file:
        while True:
            try:
                yield pickle.load(file)  # noqa: S301  # our own file
            except EOFError:
                return


# --- the loop ---


def run(settings: Settings, path: Path, *, records: bool) -> float:
    """Write prepared rows into a store, with the records or without; returns the seconds that writing took."""
    with Store.open(settings) as store:
        uri, user, password, database = store.address()
        with (
            GraphDatabase.driver(uri, auth=(user, password)) as driver,
            driver.session(database=database or None) as s,
        ):
            return sum(
                _write(s, kind, rows) for kind, rows in batches(path) if records or kind != ("Record",)
            )


def _write(session: neo4j.Session, kind: Kind, rows: list[Row]) -> float:
    query = statement(kind)

    def work(tx: ManagedTransaction) -> None:
        tx.run(query, rows=rows).consume()

    began = time.perf_counter()
    session.execute_write(work)
    return time.perf_counter() - began
