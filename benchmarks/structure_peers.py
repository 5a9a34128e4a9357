"""Neo4j, NetworkX, igraph and rustworkx on the edges that paths are searched over, asked for the same pairs."""

from __future__ import annotations

import contextlib
import shutil
import statistics
import subprocess
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from ground import log
from neo4j import Driver, GraphDatabase, Session
from numpy.typing import NDArray

from graph.algorithms.paths import MOST_HOPS
from graph.view import Fact, View
from queries.ties import Ties
from tests.service.neo4j import server

Pair = tuple[int, int]
Rows = NDArray[np.int32]

BATCH = 10_000
PATIENCE = 120.0
"""Seconds after which a slow peer is asked no further pair."""

HEAP = "2g"
PAGES_MIB = 2048
"""Room for the whole graph of a million companies, so that Neo4j reads nothing from disk."""

LENGTH = (
    f"MATCH (a:Party {{id: $a}}), (b:Party {{id: $b}}), p = shortestPath((a)-[*..{MOST_HOPS}]-(b)) "
    "RETURN length(p) AS hops"
)
WHOLE = (
    f"MATCH (a:Party {{id: $a}}), (b:Party {{id: $b}}), p = allShortestPaths((a)-[*..{MOST_HOPS}]-(b)) "
    "RETURN p LIMIT 10"
)


@dataclass(frozen=True, slots=True)
class Asked:
    """Seconds by pair, in the order of the pairs, and the lengths found; as many as patience allowed."""

    seconds: list[float]
    hops: list[int]


def asked(hops: Callable[[Pair], int], pairs: Sequence[Pair], warm_up: Sequence[Pair] = ()) -> Asked:
    """Ask for each pair in turn."""
    for pair in warm_up:
        hops(pair)
    found = Asked([], [])
    began = time.perf_counter()
    for pair in pairs:
        start = time.perf_counter()
        found.hops.append(hops(pair))
        found.seconds.append(time.perf_counter() - start)
        if time.perf_counter() - began > PATIENCE:
            break
    return found


# --- libraries: each in a process of its own, see `ground.fresh` ---


@dataclass(frozen=True, slots=True)
class Graph:
    """What the libraries are given: the edges that may be walked, and the pairs."""

    size: int
    start: Rows
    end: Rows
    pairs: list[Pair]

    @property
    def ends(self) -> NDArray[np.int32]:
        """Both ends by edge."""
        return np.stack([self.start, self.end], axis=1)


def with_networkx(graph: Graph) -> Asked:
    """Bidirectional search in Python."""
    import networkx as nx  # noqa: PLC0415 - each library in its own process

    made = nx.Graph()
    made.add_nodes_from(range(graph.size))
    made.add_edges_from(graph.ends.tolist())
    return asked(lambda p: len(nx.bidirectional_shortest_path(made, *p)) - 1, graph.pairs, graph.pairs[:1])


def with_igraph(graph: Graph) -> Asked:
    """Breadth-first search in C from one side."""
    import igraph  # noqa: PLC0415

    made = igraph.Graph(n=graph.size, edges=graph.ends)
    return asked(lambda p: int(made.distances(p[0], p[1])[0][0]), graph.pairs[:40], graph.pairs[:1])


def with_rustworkx(graph: Graph) -> Asked:
    """Dijkstra in Rust from one side."""
    import rustworkx  # noqa: PLC0415

    made = rustworkx.PyGraph(multigraph=False)
    made.add_nodes_from(range(graph.size))
    made.extend_from_edge_list(list(map(tuple, graph.ends.tolist())))

    def hops(pair: Pair) -> int:
        return len(rustworkx.dijkstra_shortest_paths(made, pair[0], pair[1])[pair[1]]) - 1

    return asked(hops, graph.pairs[:12], graph.pairs[:1])


# --- Neo4j ---


@contextlib.contextmanager
def neo4j(folder: Path) -> Iterator[Driver]:
    """A Neo4j with nothing in it, whose data goes with the block. Raises `server.UnavailableError`."""
    server.build()
    home = Path(tempfile.mkdtemp(prefix="neo4j-", dir=folder))
    output = home / "output"
    # Neo4j ends when the pipe does, which is at the latest when this process does.
    running = server.start(home / "data", subprocess.PIPE, output, heap=HEAP, pages_mib=PAGES_MIB)
    try:
        with GraphDatabase.driver(f"bolt://127.0.0.1:{server.announced_port(output)}") as driver:
            yield driver
    finally:
        running.communicate()
        shutil.rmtree(home, ignore_errors=True)


def fill(driver: Driver, view: View, ties: Ties, mask: NDArray[np.uint8]) -> float:
    """Write what may be walked, with all that our answers say of it; gives the seconds."""
    began = time.perf_counter()
    with driver.session() as session:
        session.run("CREATE CONSTRAINT FOR (n:Party) REQUIRE n.id IS UNIQUE").consume()
        parties = ([view.id(row), view.kind(row), view.props(row)] for row in np.flatnonzero(view.existing()))
        _write(session, "CREATE (n:Party {id: r[0], kind: r[1]}) SET n += r[2]", parties, "parties")
        for piece, first in zip(ties.pieces, ties.first, strict=False):
            chosen = np.flatnonzero(mask[first : first + len(piece.start)])
            assert piece.fact is not None
            edges = (_edge(view, piece.fact(int(i))) for i in chosen)
            # Types cannot be parameters; these are the schema's.
            kind = piece.tie.partition(":")[0]
            ends = "MATCH (a:Party {id: r[0]}) MATCH (b:Party {id: r[1]})"
            statement = f"{ends} CREATE (a)-[e:{kind}]->(b) SET e = r[2]"
            _write(session, statement, edges, piece.tie)
    return time.perf_counter() - began


def _edge(view: View, fact: Fact) -> list[Any]:
    props = {
        **fact.props,
        "valid_from": fact.valid_from,
        "valid_to": fact.valid_to,
        "records": [ref.id for ref in fact.records],
    }
    return [view.id(fact.start), view.id(fact.end), props]


def _write(session: Session, statement: str, rows: Iterator[list[Any]], what: str) -> None:
    count = 0
    while batch := list(islice(rows, BATCH)):
        session.run(f"UNWIND $rows AS r {statement}", rows=batch).consume()
        count += len(batch)
        if count % (50 * BATCH) == 0:
            log(f"  {count:,} {what}")
    if count:
        log(f"  {count:,} {what}: all")


@dataclass(frozen=True, slots=True)
class OfNeo4j:
    """Lengths asked for, whole answers, and the seconds of an empty query."""

    length: Asked
    whole: Asked
    empty: float


def ask_neo4j(driver: Driver, view: View, pairs: Sequence[Pair], warm_up: Sequence[Pair]) -> OfNeo4j:
    """Ask for each pair, in one session as a service would keep it."""
    with driver.session() as session:

        def hops(pair: Pair) -> int:
            found = session.run(LENGTH, a=view.id(pair[0]), b=view.id(pair[1])).single(strict=True)
            return int(found["hops"])

        def whole(pair: Pair) -> int:
            found = [record["p"] for record in session.run(WHOLE, a=view.id(pair[0]), b=view.id(pair[1]))]
            assert all(dict(node) for path in found for node in path.nodes)
            assert all(dict(edge) for path in found for edge in path.relationships)
            return len(found[0].relationships)

        def nothing(_pair: Pair) -> int:
            return int(session.run("RETURN 1 AS one").single(strict=True)["one"])

        length = asked(hops, pairs, warm_up)
        answers = asked(whole, pairs, warm_up)
        empty = asked(nothing, pairs, pairs)
    return OfNeo4j(length, answers, statistics.median(empty.seconds))
