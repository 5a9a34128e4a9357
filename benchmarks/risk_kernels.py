"""Times the risk kernels on a synthetic network of skewed degrees, beside scipy, NetworkX, igraph and scikit-network.

Run `python benchmarks/risk_kernels.py --nodes 1000000 --edges 3000000`; `--peers` adds the other libraries, `--json
FILE` writes the table. The world is that of graph_kernels.py with every second edge turned round, so that distress
goes up and down and there are circles; an edge weighs `--passed` times its share, and what hits one node no more than
that in all. The whole-graph shock is 5 % on every node, a local one the default of one node drawn at random.
"""

import argparse
import json
import os
import resource
from pathlib import Path
from typing import Any

import numpy as np
from graph_kernels import Row, quantiles, show, synthetic, timed
from scipy.sparse import csr_array

from graph.algorithms import cascade, circles, clearing, diffusion, pagerank, paths, shock_paths

OWN_CAPITAL = 0.05


class World:
    """A network, and what it was made of."""

    def __init__(self, nodes: int, edges: int, hub: int, passed: float) -> None:
        world = synthetic(nodes, edges, hub)
        turned = np.random.default_rng(3).random(edges) < 0.5
        self.source = np.where(turned, world.company, world.holder)
        self.target = np.where(turned, world.holder, world.company)
        self.holder, self.company = world.holder, world.company
        # What hits one node adds up to `passed` at most, as losses do to a part of its assets.
        inward = np.bincount(self.target, world.share, nodes)
        self.weight = world.share * passed / np.maximum(inward, 1.0)[self.target]
        self.size = nodes
        self.key = np.random.default_rng(4).permutation(nodes).astype(np.uint64)
        self.edge_key = np.arange(edges, dtype=np.uint64)
        self.index_ms, self.index = timed(
            lambda: diffusion.index(self.source, self.target, self.key, self.edge_key)
        )
        self.weights_ms, self.net = timed(lambda: diffusion.network(self.index, self.weight))

    def defaults(self, count: int) -> list[diffusion.Shock]:
        """Single nodes with edges, each in full default."""
        drawn = np.random.default_rng(8).choice(np.unique(self.source), count)
        return [diffusion.Shock(np.array([node], np.int32), np.ones(1)) for node in drawn]


def whole_rows(world: World) -> list[Row]:
    """DebtRank from a shock to everybody, and as many products of scipy as it took rounds."""
    shock = diffusion.Shock(np.arange(world.size, dtype=np.int32), np.full(world.size, OWN_CAPITAL))
    took, spread = min(
        (timed(lambda: diffusion.linear_debtrank(world.net, shock)) for _ in range(3)), key=first
    )
    matrix = csr_array((world.weight, (world.target, world.source)), shape=(world.size, world.size))
    vector = np.random.default_rng(0).random(world.size)
    product = min(timed(lambda: matrix @ vector)[0] for _ in range(7))
    rounds = spread.rounds
    rows = [
        Row("index by keys", world.index_ms, "ms"),
        Row("weights under a mask", world.weights_ms, "ms"),
        Row("one product of scipy", product, "ms"),
        Row("linear DebtRank, 5 % on every node", took, "ms", 1.5 * product * rounds),
        Row("  rounds", rounds, ""),
        Row("  by as many products of scipy", took / product / rounds, "times", 1.5),
        Row("  nodes in default", float((spread.distress >= 1).sum()), ""),
    ]
    took, _ = timed(lambda: diffusion.original_debtrank(world.net, shock))
    rows.append(Row("original DebtRank, 5 % on every node", took, "ms"))
    took, _ = timed(lambda: diffusion.attribution(world.net, spread))
    return [*rows, Row("attribution of all of it", took, "ms")]


def first(pair: tuple[float, Any]) -> float:
    """The time of a result."""
    return pair[0]


def local_rows(world: World, count: int) -> list[Row]:
    """One default at a time: distress, its shares and its paths; and backward."""
    shocks = world.defaults(count)
    net, rows = world.net, list[Row]()

    def explained(shock: diffusion.Shock) -> None:
        spread = diffusion.linear_debtrank(net, shock)
        top = spread.node[np.argsort(-spread.distress)[:20]]
        diffusion.attribution(net, spread, top)
        best = shock_paths.strongest_paths(net, shock, least=1e-4)
        for row in top.tolist():
            best.path(row)

    def into(shock: diffusion.Shock) -> None:
        spread = diffusion.linear_debtrank(net, shock)
        worst = spread.node[np.argsort(-spread.distress)[:2]]
        shock_paths.strongest_into(net, shock, int(worst[-1]), paths.Limits(paths=5), least=1e-4)

    runs: list[tuple[str, Any, float | None]] = [
        ("linear DebtRank of one default", lambda s: diffusion.linear_debtrank(net, s), None),
        ("original DebtRank of one default", lambda s: diffusion.original_debtrank(net, s), None),
        ("  with shares and paths of 20", explained, 50.0),
        ("  and the 5 strongest paths into one", into, None),
        ("sensitivity of one node", lambda s: diffusion.sensitivity(net, int(s.node[0])), None),
        ("10 worst threats to one node", lambda s: diffusion.threats(net, int(s.node[0]), 10), None),
    ]
    for name, run, target in runs:
        run(shocks[0])
        middle, high, most = quantiles(run, shocks)
        rows += [
            Row(f"{name}, p50", middle, "ms"),
            Row(f"{name}, p95", high, "ms", target),
            Row(f"{name}, max", most, "ms"),
        ]
    hit = [len(diffusion.linear_debtrank(net, shock).node) for shock in shocks]
    return [*rows, Row("nodes in distress, p50", float(np.median(hit)), ""), Row("  max", max(hit), "")]


def many_rows(world: World, clients: int) -> list[Row]:
    """The ranking of clients, and cascades."""
    shocks = world.defaults(clients)
    value = np.random.default_rng(1).random((world.size, 1))
    took, found = timed(lambda: diffusion.impacts(world.net, shocks, value))
    rows = [
        Row(f"ranking of {clients} clients", took / 1e3, "s", 60.0),
        Row("  converged", float(found.converged.mean()), "part"),
    ]
    reach = [
        (timed(lambda s=s: cascade.cascades(world.net, s, cascade.Draws(1, 1000))), s) for s in shocks[:20]
    ]
    took_all = np.array([pair[0][0] for pair in reach])
    size = max(float(pair[0][1].size.mean()) for pair in reach)
    return [
        *rows,
        Row("1,000 cascades of one default, p50", float(np.median(took_all)) / 1e3, "s", 2.0),
        Row("1,000 cascades of one default, max", float(took_all.max()) / 1e3, "s", 2.0),
        Row("  mean nodes fallen, largest", size, ""),
    ]


def circle_rows(world: World) -> list[Row]:
    """All guarantee circles: as the world has them, and with one giant circle."""
    amount = np.random.default_rng(2).random(len(world.weight)) * 1e6
    small = diffusion.index(world.holder, world.company, world.key, world.edge_key)
    rows = []
    for name, edges in (("small circles", small), ("one giant circle", world.index)):
        took, found = timed(lambda edges=edges: circles.circles(edges, amount))
        rows += [
            Row(f"all guarantee circles, {name}", took / 1e3, "s", 2.0),
            Row("  circles", len(found), ""),
        ]
        rows.append(Row("  largest", float(np.diff(found.first).max(initial=0)), "nodes"))
    took, (_, count) = timed(lambda: circles.chains(small, at_least=3))
    rows += [Row("all guarantee chains", took / 1e3, "s"), Row("  chains", count, "")]
    found = circles.circles(small, amount)
    sizes = np.diff(found.first)
    for limit, name in ((circles.EXACT_MEMBERS, "exactly"), (10**9, "by the heuristic")):
        at = int(np.argmax(np.where(sizes <= limit, sizes, 0))) if len(sizes) else 0
        if len(sizes) and (limit < 10**9 or sizes[at] > circles.EXACT_MEMBERS):
            took, _ = timed(lambda at=at: circles.breaking(found, at))
            rows.append(Row(f"a circle of {sizes[at]} broken {name}", took, "ms"))
    return rows


def clearing_rows(world: World, debts: int) -> list[Row]:
    """Debts along the edges, every fifth guaranteed by another debtor."""
    draw = np.random.default_rng(6)
    chosen = draw.choice(len(world.weight), debts, replace=False)
    debtor, creditor = world.source[chosen].astype(np.int32), world.target[chosen].astype(np.int32)
    amount = draw.random(debts) * 100
    assets = np.bincount(debtor, amount, world.size) * draw.random(world.size) * 1.5
    guaranteed = draw.choice(debts, debts // 5, replace=False)
    guarantor = debtor[draw.permutation(guaranteed)]
    fit = (guarantor != debtor[guaranteed]) & (guarantor != creditor[guaranteed])
    guaranteed, guarantor = guaranteed[fit], guarantor[fit]
    lines = clearing.Guarantees(
        guarantor,
        debtor[guaranteed],
        creditor[guaranteed],
        amount[guaranteed],
        draw.integers(0, 2, len(guarantor)).astype(np.uint8),
        guaranteed.astype(np.uint64),
    )
    owed = clearing.Debts(debtor, creditor, amount)
    took, found = timed(lambda: clearing.clear(assets, world.key, owed, lines))
    return [
        Row(f"clearing of {debts} debts, {len(guarantor)} guarantees", took / 1e3, "s"),
        Row("  rounds", found.rounds, ""),
        Row("  waves of default", float(found.wave.max()), ""),
        Row("  converged", float(found.converged), ""),
    ]


def pagerank_rows(world: World, *, peers: bool) -> list[Row]:
    """Personalised PageRank from ten nodes to 1e-9; the peers on the same graph."""
    node = np.unique(np.random.default_rng(8).choice(np.unique(world.source), 10)).astype(np.int32)
    start = diffusion.Shock(node, np.ones(len(node)))
    pagerank.personalised_pagerank(world.net, start)
    ours, found = min(
        (timed(lambda: pagerank.personalised_pagerank(world.net, start)) for _ in range(3)), key=first
    )
    rows = [
        Row("personalised PageRank", ours, "ms"),
        Row("  nodes reached", len(found.node), ""),
        Row("  sweeps", found.sweeps, ""),
    ]
    return rows + (peer_rows(world, node, ours, found.by_row(world.size)) if peers else [])


def peer_rows(world: World, node: np.ndarray, ours: float, value: np.ndarray) -> list[Row]:
    """Personalised PageRank by others, without the time they take to build their graph."""
    import igraph  # noqa: PLC0415 - the peers are needed by --peers alone
    import networkx as nx  # noqa: PLC0415

    rows = []
    graph = igraph.Graph(n=world.size, edges=np.stack([world.source, world.target], 1), directed=True)
    weight = world.weight.tolist()
    took, theirs = timed(lambda: graph.personalized_pagerank(reset_vertices=node.tolist(), weights=weight))
    rows.append(Row("personalised PageRank", took, "ms", None, "igraph", took / ours))
    rows.append(Row("  largest difference", float(np.abs(np.array(theirs) - value).max()), ""))
    try:
        from sknetwork.ranking import PageRank  # noqa: PLC0415
    except ImportError:
        print("scikit-network is not installed: left out")
    else:
        matrix = csr_array((world.weight, (world.source, world.target)), shape=(world.size, world.size))
        matrix.sum_duplicates()
        for solver in ("piteration", "RH", "bicgstab"):
            model = PageRank(solver=solver, n_iter=130 if solver != "RH" else 100, tol=1e-9)
            chosen = dict.fromkeys(node.tolist(), 1.0)
            took, theirs = timed(lambda model=model, chosen=chosen: model.fit_predict(matrix, weights=chosen))
            rows.append(Row(f"personalised PageRank ({solver})", took, "ms", None, "sknetwork", took / ours))
            rows.append(Row("  largest difference", float(np.abs(theirs - value).max()), ""))
    slow = nx.DiGraph()
    slow.add_nodes_from(range(world.size))
    slow.add_weighted_edges_from(
        zip(world.source.tolist(), world.target.tolist(), world.weight.tolist(), strict=True)
    )
    start = dict.fromkeys(node.tolist(), 1.0)
    took, _ = timed(lambda: nx.pagerank(slow, personalization=start, tol=1e-9 / world.size, max_iter=1000))
    rows.append(Row("personalised PageRank", took, "ms", 100 * ours, "NetworkX", took / ours))
    return rows


def measured(options: argparse.Namespace) -> list[Row]:
    """All rows for one size."""
    world = World(options.nodes, options.edges, options.hub, options.passed)
    before = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows = whole_rows(world) + local_rows(world, options.shocks) + many_rows(world, options.clients)
    rows += circle_rows(world) + clearing_rows(world, options.edges // 3)
    rows += pagerank_rows(world, peers=False)
    after = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    rows.append(Row("memory over the network, at most", (after - before) / 1024, "MiB", 1024.0))
    return rows + (pagerank_rows(world, peers=True)[3:] if options.peers else [])


def main() -> None:
    """Print the table and, with --json, write it."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--nodes", type=int, default=1_000_000)
    parser.add_argument("--edges", type=int, default=3_000_000)
    parser.add_argument("--hub", type=int, default=200_000)
    parser.add_argument("--passed", type=float, default=0.6)
    parser.add_argument("--shocks", type=int, default=200)
    parser.add_argument("--clients", type=int, default=10_000)
    parser.add_argument("--peers", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    tiny = {"nodes": 2000, "edges": 6000, "hub": 100, "shocks": 10, "clients": 20, "peers": False}
    measured(argparse.Namespace(**{**vars(options), **tiny}))  # compile
    load = os.getloadavg()[0]
    rows = measured(options)
    print(f"{os.cpu_count()} processors, load before {load:.1f}, after {os.getloadavg()[0]:.1f}")
    show(rows)
    if options.json:
        options.json.write_text(json.dumps([row._asdict() for row in rows], indent=1), "utf-8")


if __name__ == "__main__":
    main()
