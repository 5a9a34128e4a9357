"""Reading statements from the store: all of them by a scan, or those that commits say were touched."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from itertools import islice
from typing import Any, Final, NamedTuple, Protocol

from graph.schema import edge_model, edge_types, node_types
from graph.store import Commit
from graph.tables import EDGE_PROPERTIES, NODE_COLUMNS, SourceInfo, Tables, TablesBuilder
from graph.upserts import many_at

BATCH: Final = 20_000
"""Rows that are turned into columns at a time."""

_CHUNK: Final = 5_000
"""Ids in one lookup."""

Progress = Callable[[str, int], None]
"""Told what is being read and how many rows of it have been."""


class Readable(Protocol):
    """What reading needs of a store."""

    def read(self, query: str, /, **parameters: Any) -> list[dict[str, Any]]:
        """All rows of a statement."""
        ...

    def stream(self, query: str, /, **parameters: Any) -> Iterator[Sequence[Any]]:
        """The rows of a scan as they come."""
        ...

    def version(self) -> int:
        """The newest version of the graph."""
        ...

    def commits_since(self, version: int) -> list[Commit]:
        """All commits after a version, oldest first."""
        ...

    def query(self, name: str) -> str:
        """A statement by name."""
        ...


def silent(_what: str, _rows: int) -> None:
    """Progress that nobody wants to see."""


# --- statements ---


def _items(variable: str, names: Iterable[str]) -> str:
    return ", ".join(f"{variable}.{name} AS {name}_" for name in names)


def nodes_query(label: str) -> str:
    """All nodes of a label, their properties as columns."""
    return f"MATCH (n:{label}) RETURN {_items('n', NODE_COLUMNS[label])}"


def edges_query(edge_type: str, start: str) -> str:
    """All edges of a type by the node of a label that they start from: its id, then a list of lists: id, properties.

    A row for each node instead of each edge: what a database spends on a row is more than what it spends on an edge.
    """
    values = ", ".join(f"e.{name}" for name in EDGE_PROPERTIES[edge_type])
    return (
        f"MATCH (a:{start}) WHERE (a)-[:{edge_type}]->() "
        f"RETURN a.id AS a_, [(a)-[e:{edge_type}]->(b) | [b.id, {values}]] AS edges_"
    )


def some_nodes_query(label: str) -> str:
    """The nodes of a label with the ids in `ids`."""
    return f"UNWIND $ids AS id MATCH (n:{label} {{id: id}}) RETURN {_items('n', NODE_COLUMNS[label])}"


def some_edges_query(shape: Shape) -> str:
    """The edges of a type between the pairs of ids in `pairs`."""
    properties = _items("e", EDGE_PROPERTIES[shape.type])
    return (
        f"UNWIND $pairs AS pair MATCH (a:{shape.start} {{id: pair[0]}}), (b:{shape.end} {{id: pair[1]}}) "
        f"MATCH (a)-[e:{shape.type}]->(b) RETURN pair[0] AS a_, pair[1] AS b_, {properties}"
    )


def many_edges_query(shape: Shape) -> str:
    """The same for many ends of one start. Parameter `starts`: list of {id, ends: {id of an end: true}}."""
    properties = _items("e", EDGE_PROPERTIES[shape.type])
    return (
        f"UNWIND $starts AS start MATCH (a:{shape.start} {{id: start.id}})-[e:{shape.type}]->(b:{shape.end}) "
        f"WITH start, e, b.id AS b_ WHERE start.ends[b_] IS NOT NULL RETURN start.id AS a_, b_, {properties}"
    )


# --- the whole graph ---


def sources_of(store: Readable) -> list[SourceInfo]:
    """The sources that the graph knows, by name."""
    rows = store.read(store.query("sources"))
    found = (SourceInfo(r["id"], _rank(r["rank"]), r["namespace"] or r["id"]) for r in rows)
    return sorted(found)


def _rank(stated: int | None) -> int:
    return SourceInfo("").rank if stated is None else stated


def scan(store: Readable, progress: Progress = silent) -> Tables:
    """All statements that are believed now.

    Others may write meanwhile: the tables carry the version from before the scan, and catching up from there reads
    again what has been touched since.
    """
    version = store.version()
    builder = TablesBuilder(sources_of(store))
    for label in node_types():
        _scan(
            store.stream(nodes_query(label)), NODE_COLUMNS[label], _Sink(builder.add_nodes, label, progress)
        )
    for edge_type in edge_types():
        names = ("a", "b", *EDGE_PROPERTIES[edge_type])
        _scan(_edges(store, edge_type), names, _Sink(builder.add_edges, edge_type, progress))
    return builder.finish(version, strict=False)


def _edges(store: Readable, edge_type: str) -> Iterator[Sequence[Any]]:
    """The edges of a type one by one."""
    for start in edge_model(edge_type).joins[0]:
        for node, edges in store.stream(edges_query(edge_type, start)):
            for edge in edges:
                yield node, *edge


class _Sink(NamedTuple):
    """Where the columns of a scan go."""

    add: Callable[[str, Mapping[str, Sequence[Any]], int], None]
    what: str
    progress: Progress


def _scan(rows: Iterable[Sequence[Any]], names: Sequence[str], sink: _Sink) -> None:
    done = 0
    iterator = iter(rows)
    while batch := list(islice(iterator, BATCH)):
        columns = dict(zip(names, zip(*batch, strict=True), strict=True))
        sink.add(sink.what, columns, len(batch))
        done += len(batch)
        sink.progress(sink.what, done)


def with_past(store: Readable, tables: Tables) -> Tables:
    """The tables with what is no longer believed beside what is; slow, for questions about an earlier day."""
    nodes: list[Any] = []
    edges: list[Any] = []
    for kind, name, known_to, text in store.stream(store.query("past")):
        body = json.loads(text) | {"known_to": known_to}
        if kind == "node":
            nodes.append((name, body))
        else:
            edges.append((name, *(body.pop(k) for k in ("from_label", "from_id", "to_label", "to_id")), body))
    return tables.with_rows(nodes, edges)


# --- what was touched ---


class Shape(NamedTuple):
    """An edge type between two node types."""

    type: str
    start: str
    end: str


class Pair(NamedTuple):
    """The ids of two nodes between which edges of a type were touched."""

    type: str
    start: str
    end: str


class Touched(NamedTuple):
    """What commits changed: ids by label, and pairs of ids by shape."""

    nodes: dict[str, list[str]]
    edges: dict[Shape, list[tuple[str, str]]]
    size: int


def touched_by(commits: Iterable[Commit]) -> Touched:
    """Everything that the commits list, each once."""
    nodes: dict[str, dict[str, None]] = {}
    edges: dict[Shape, dict[tuple[str, str], None]] = {}
    for commit in commits:
        for entry in commit.touched.nodes:
            label, _, handle = entry.partition(" ")
            nodes.setdefault(label, {})[handle] = None
        for entry in commit.touched.edges:
            edge_type, start, a, end, b = entry.split(" ")
            edges.setdefault(Shape(edge_type, start, end), {})[a, b] = None
    size = sum(map(len, nodes.values())) + sum(map(len, edges.values()))
    return Touched({k: list(v) for k, v in nodes.items()}, {k: list(v) for k, v in edges.items()}, size)


class Changes(NamedTuple):
    """What was touched, and how it stands in the store now: what was touched and is not there was deleted."""

    nodes: dict[str, list[str]]
    pairs: list[Pair]
    found: TablesBuilder


def fetch(store: Readable, touched: Touched, builder: TablesBuilder) -> Changes:
    """Read the present state of everything touched into `builder`."""
    for label, ids in touched.nodes.items():
        for chunk in _chunks(ids):
            _into(
                builder.add_nodes,
                label,
                NODE_COLUMNS[label],
                store.stream(some_nodes_query(label), ids=chunk),
            )
    for shape, pairs in touched.edges.items():
        names = ("a", "b", *EDGE_PROPERTIES[shape.type])
        for chunk in _chunks(pairs):
            _into(builder.add_edges, shape.type, names, _edges_between(store, shape, chunk))
    pairs_touched = [Pair(shape.type, *pair) for shape, pairs in touched.edges.items() for pair in pairs]
    return Changes(touched.nodes, pairs_touched, builder)


def _edges_between(
    store: Readable, shape: Shape, pairs: Sequence[tuple[str, str]]
) -> Iterator[Sequence[Any]]:
    """The edges between pairs: those of starts with many of the pairs walked, the others looked up."""
    many = many_at(start for start, _ in pairs)
    ends: dict[str, dict[str, bool]] = {start: {} for start in sorted(many)}
    for start, end in pairs:
        if start in ends:
            ends[start][end] = True
    if few := [[start, end] for start, end in pairs if start not in many]:
        yield from store.stream(some_edges_query(shape), pairs=few)
    if ends:
        starts = [{"id": start, "ends": listed} for start, listed in ends.items()]
        yield from store.stream(many_edges_query(shape), starts=starts)


def _into(
    add: Callable[[str, Mapping[str, Sequence[Any]], int], None],
    what: str,
    names: Sequence[str],
    rows: Iterable[Sequence[Any]],
) -> None:
    found = list(rows)
    if found:
        add(what, dict(zip(names, zip(*found, strict=True), strict=True)), len(found))


def _chunks(items: Sequence[Any]) -> Iterator[Sequence[Any]]:
    for begin in range(0, len(items), _CHUNK):
        yield items[begin : begin + _CHUNK]
