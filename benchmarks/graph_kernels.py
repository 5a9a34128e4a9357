"""Times the graph kernels on a synthetic graph of skewed degrees, beside NetworkX, igraph and rustworkx on equal pairs.

Run `python benchmarks/graph_kernels.py --nodes 1000000 --edges 3000000`; `--peers` adds the other libraries, `--json
FILE` writes the table. Degrees follow a power law; the largest holder has `--hub` holdings; some groups of companies
hold each other in small loops.
"""

import argparse
import json
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import ownership, paths
from graph.algorithms.ownership_world import solve_world

PERSON = 1


class Row(NamedTuple):
    """A line of the table."""

    name: str
    value: float
    unit: str
    target: float | None = None
    peer: str = ""
    ratio: float | None = None


class Synthetic(NamedTuple):
    """Holdings of persons and companies: columns, and who is a person."""

    holder: NDArray[np.int32]
    company: NDArray[np.int32]
    share: NDArray[np.float64]
    person: NDArray[np.uint8]


def synthetic(nodes: int, edges: int, hub: int, seed: int = 5) -> Synthetic:
    """Layers of companies under persons; every hundredth holding goes against the layers, inside a group of 20."""
    draw = np.random.default_rng(seed)
    person = (draw.random(nodes) < 0.4).astype(np.uint8)
    rank = np.arange(nodes)
    company = draw.choice(np.flatnonzero(person == 0), edges).astype(np.int64)
    # A holder stands before what it holds; low ranks are preferred, so that degrees fall off as a power law.
    holder = (company * draw.random(edges) ** 3).astype(np.int64)
    holder[draw.random(edges) < 0.5] = 0
    chosen = holder == 0
    people = np.flatnonzero(person)
    holder[chosen] = people[(len(people) * draw.random(chosen.sum()) ** 3).astype(np.int64)]
    against = draw.random(edges) < 0.01
    holder[against] = company[against] - company[against] % 20 + draw.integers(0, 20, against.sum())
    holder[:hub] = people[0]
    holder = np.minimum(holder, nodes - 1)
    moved = draw.permutation(rank)  # ranks must not be rows, or every access would be near the last
    weight = draw.random(edges) ** 2 + 0.01
    total = np.bincount(company, weight, nodes)
    share = weight / total[company] * np.where(draw.random(nodes) < 0.7, 1.0, 0.8)[company]
    kinds = np.empty(nodes, np.uint8)
    kinds[moved] = person
    return Synthetic(moved[holder].astype(np.int32), moved[company].astype(np.int32), share, kinds)


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Milliseconds of wall clock, and the result."""
    start = time.perf_counter()
    result = run()
    return (time.perf_counter() - start) * 1e3, result


def quantiles(run: Callable[[Any], Any], inputs: list[Any]) -> tuple[float, float, float]:
    """Median, 95th percentile and maximum, in milliseconds."""
    took = np.array([timed(lambda given=given: run(given))[0] for given in inputs])
    return float(np.median(took)), float(np.quantile(took, 0.95)), float(took.max())


def path_rows(world: Synthetic, pairs: list[tuple[int, int]], *, peers: bool) -> list[Row]:
    """Shortest, all shortest, cheapest, joining; and the peers on the same pairs."""
    nodes, edges = len(world.person), len(world.holder)
    index_ms, adjacency = timed(lambda: paths.adjacency(world.holder, world.company, nodes))
    keyed = paths.Keyed(np.arange(nodes, dtype=np.uint64), np.arange(edges, dtype=np.uint64))
    walk_ms, walk = timed(lambda: paths.walk(adjacency, keyed, np.full(edges, 3, np.uint8)))
    price = paths.weights(
        np.array([1.0, 2.0, 4.0]), (world.share < 0.5).astype(np.uint8) + (world.share < 0.2)
    )
    space = paths.scratch(nodes)
    limits = paths.Limits(paths=10, work=2_000_000)
    party_lists = [
        np.array([n for p in pairs[i : i + 5] for n in p], np.int32) for i in range(0, len(pairs), 50)
    ]
    runs: list[tuple[str, Callable[[Any], Any], list[Any], float | None]] = [
        ("shortest length", lambda p: paths.shortest_length(walk, p, space), pairs, 1.0),
        (
            "all shortest paths",
            lambda p: paths.shortest_paths(walk, p, price.cost, space, paths.Limits()),
            pairs,
            None,
        ),
        (
            "10 cheapest paths",
            lambda p: paths.cheapest_paths(walk, p, price, space, limits),
            pairs[:50],
            None,
        ),
        ("joining 10 parties", lambda p: paths.joining(walk, p, price, space), party_lists, None),
    ]
    rows = [Row("paths: index", index_ms, "ms"), Row("paths: prepare a mask", walk_ms, "ms")]
    ours = 0.0
    for name, run, inputs, target in runs:
        run(inputs[0])
        middle, high, most = quantiles(run, inputs)
        ours = ours or high
        rows += [
            Row(f"{name}, p50", middle, "ms"),
            Row(f"{name}, p95", high, "ms", target),
            Row(f"{name}, max", most, "ms"),
        ]
    hub = int(np.bincount(np.concatenate([world.holder, world.company])).argmax())
    from_hub = [(hub, b) for _, b in pairs]
    _, high, _ = quantiles(lambda p: paths.shortest_length(walk, p, space), from_hub)
    rows.append(Row("shortest length from the hub, p95", high, "ms", 1.0))
    if peers:
        rows += peer_rows(world, pairs, ours, lambda p: paths.shortest_length(walk, p, space).hops)
    return rows


def peer_rows(
    world: Synthetic, pairs: list[tuple[int, int]], ours: float, length: Callable[[tuple[int, int]], int]
) -> list[Row]:
    """The 95th percentile of other libraries for one shortest path."""
    import igraph  # noqa: PLC0415 - the peers are needed by --peers alone
    import networkx as nx  # noqa: PLC0415
    import rustworkx  # noqa: PLC0415

    ends = np.stack([world.holder, world.company], axis=1)
    nodes = len(world.person)

    def row(name: str, run: Callable[[tuple[int, int]], int], inputs: list[tuple[int, int]]) -> Row:
        assert [run(p) for p in inputs[:10]] == [length(p) for p in inputs[:10]], name
        _, high, _ = quantiles(run, inputs)
        return Row("one shortest path, p95", high, "ms", None, name, high / ours)

    def with_igraph() -> Row:
        graph = igraph.Graph(n=nodes, edges=ends)
        return row("igraph", lambda p: graph.distances(p[0], p[1])[0][0], pairs[:40])

    def with_rustworkx() -> Row:
        graph = rustworkx.PyGraph(multigraph=False)
        graph.add_nodes_from(range(nodes))
        graph.extend_from_edge_list(list(map(tuple, ends.tolist())))
        return row(
            "rustworkx",
            lambda p: len(rustworkx.dijkstra_shortest_paths(graph, p[0], p[1])[p[1]]) - 1,
            pairs[:12],
        )

    def with_networkx() -> Row:
        graph = nx.Graph()
        graph.add_nodes_from(range(nodes))
        graph.add_edges_from(ends.tolist())
        return row("NetworkX", lambda p: len(nx.bidirectional_shortest_path(graph, *p)) - 1, pairs)

    # One after the other, so that one library's memory is free before the next needs it.
    return [with_igraph(), with_rustworkx(), with_networkx()]


def ownership_rows(world: Synthetic, sample: list[int]) -> list[Row]:
    """One company, one holder, the hub, all of them."""
    index_ms, graph = timed(
        lambda: ownership.holdings(world.holder, world.company, world.share, world.person)
    )
    ownership.owners_of(graph, sample[0])
    ownership.holdings_of(graph, sample[0])
    rows = [Row("ownership: index", index_ms, "ms")]
    middle, high, most = quantiles(lambda c: ownership.owners_of(graph, c), sample)
    rows += [
        Row("owners of one company, p50", middle, "ms"),
        Row("owners of one company, p95", high, "ms"),
        Row("owners of one company, max", most, "ms", 20.0),
    ]
    middle, high, most = quantiles(lambda c: ownership.holdings_of(graph, c), sample)
    rows += [Row("holdings of one holder, p95", high, "ms"), Row("holdings of one holder, max", most, "ms")]
    hub = int(np.bincount(world.holder).argmax())
    rows.append(Row("holdings of the hub", timed(lambda: ownership.holdings_of(graph, hub))[0], "ms"))
    key = np.arange(graph.size, dtype=np.uint64)
    took, solved = timed(lambda: solve_world(graph, key))
    rows.append(Row("whole world solved", took / 1e3, "s", 60.0))
    exact = float(np.mean(solved.missing < 1e-9))
    return [*rows, Row("companies whose largest terminals are exact", exact, "part")]


def conglomerate_rows(size: int) -> list[Row]:
    """Companies that all hold each other."""
    draw = np.random.default_rng(0)
    w = draw.random((size, size))
    np.fill_diagonal(w, 0)
    w *= 0.95 / w.sum(0)
    holder, company = np.nonzero(w)
    graph = ownership.holdings(
        np.concatenate([holder, np.full(size, size)]).astype(np.int32),
        np.concatenate([company, np.arange(size)]).astype(np.int32),
        np.concatenate([w[holder, company], np.full(size, 0.03)]),
        (np.arange(size + 1) == size).astype(np.uint8),
    )
    cold, solved = timed(lambda: ownership.Upstream(graph, 0))
    first, _ = timed(lambda: solved.owners(0))
    _, high, _ = quantiles(solved.owners, list(range(1, 30)))
    return [
        Row(f"{size} companies that all hold each other, cold", (cold + first) / 1e3, "s", 1.0),
        Row(f"{size} companies that all hold each other, factor kept, p95", high, "ms", 20.0),
    ]


def show(rows: list[Row]) -> None:
    """Print the table."""
    print(f"{'name':58} {'value':>10} {'unit':5} {'target':>8} {'peer':10} {'ratio':>8}")
    for row in rows:
        target = "" if row.target is None else f"{row.target:g}"
        ratio = "" if row.ratio is None else f"{row.ratio:.1f}"
        print(f"{row.name:58} {row.value:10.3f} {row.unit:5} {target:>8} {row.peer:10} {ratio:>8}")


def main() -> None:
    """Print the table and, with --json, write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=3_000_000)
    parser.add_argument("--hub", type=int, default=200_000)
    parser.add_argument("--pairs", type=int, default=500)
    parser.add_argument("--conglomerate", type=int, default=3000)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    measured(2000, 6000, 500, options.pairs, 40, peers=False)  # compile
    rows = measured(
        options.nodes, options.edges, options.hub, options.pairs, options.conglomerate, peers=options.peers
    )
    show(rows)
    if options.json:
        options.json.write_text(json.dumps([row._asdict() for row in rows], indent=1), "utf-8")


def measured(  # noqa: PLR0913 - the options
    nodes: int, edges: int, hub: int, pairs_wanted: int, conglomerate: int, *, peers: bool
) -> list[Row]:
    """All rows for one size."""
    world = synthetic(nodes, edges, hub)
    draw = np.random.default_rng(9)
    connected = np.unique(np.concatenate([world.holder, world.company]))
    pairs = [(int(a), int(b)) for a, b in draw.choice(connected, (pairs_wanted, 2)) if a != b]
    sample = [int(c) for c in draw.choice(np.unique(world.company), 200)]
    rows = path_rows(world, pairs, peers=peers)
    rows += ownership_rows(world, sample)
    return [*rows, *conglomerate_rows(conglomerate)]


if __name__ == "__main__":
    main()
