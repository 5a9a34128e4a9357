"""Risk: the kernels beside their peers on a synthetic network, and questions over HTTP on a whole demo world."""

from __future__ import annotations

import argparse
import json
import time
from collections.abc import Iterator, Mapping

import numpy as np
import risk_kernels
from figures import Figure
from graph_kernels import Row
from ground import Ground, log
from structure_server import Client, serving

from graph.projection import Projection
from ingest.world import write_world
from ingest.world.tables import tables_of

MOST_COMPANIES = 20_000
"""Of the world that is asked over HTTP: a whole one, with reports, guarantees, supply and the firm's own book."""

SHOCKS = 200
TARGET_SHOCK_MS = 50.0
BESIDE: Mapping[str, float] = {"NetworkX": 100.0, "igraph": 1.0, "sknetwork": 1.0}


def run(ground: Ground) -> list[Figure]:
    """All of it; needs nothing and leaves nothing."""
    log("kernels")
    risk_kernels.measured(_options(2_000))  # compiles them
    rows = risk_kernels.measured(_options(ground.companies))
    return [*(_figure(row) for row in rows), *_over_http(ground)]


def _options(nodes: int) -> argparse.Namespace:
    whole = nodes > MOST_COMPANIES
    return argparse.Namespace(
        nodes=nodes,
        edges=3 * nodes,
        hub=nodes // 5,
        passed=0.6,
        shocks=200 if whole else 10,
        clients=10_000 if whole else 100,
        peers=True,
    )


def _figure(row: Row) -> Figure:
    name = f"risk: {row.name.strip()}"
    if row.peer and row.ratio:
        ours = row.value / row.ratio
        return Figure(f"{name} beside {row.peer}", ours, row.unit, BESIDE[row.peer], row.value, row.ratio)
    return Figure(name, row.value, row.unit, row.target)


def _over_http(ground: Ground) -> Iterator[Figure]:
    companies = min(ground.companies, MOST_COMPANIES)
    folder = ground.folder / "risk"
    log(f"a whole world of {companies:,} companies")
    write_world(folder / "world", companies)
    projection = Projection.of(tables_of(folder / "world"))
    view = projection.view(frozenset())
    draw = np.random.default_rng(3)
    rows = draw.choice(view.rows("Company"), SHOCKS, replace=False)
    with serving(projection, folder) as client:
        took = [_shock(client, view.id(int(row))) for row in rows]
        yield Figure("risk: first shock after a new version, over HTTP", took[0], "s")
        warm = 1000 * np.array(took[1:])
        yield Figure("risk: a shock with its explanation over HTTP, p50", float(np.median(warm)), "ms")
        high = float(np.quantile(warm, 0.95))
        yield Figure("risk: a shock with its explanation over HTTP, p95", high, "ms", TARGET_SHOCK_MS)
        began = time.perf_counter()
        client.get("/v1/risk/guarantee-circles")
        yield Figure("risk: guarantee circles over HTTP", time.perf_counter() - began, "s", 2.0)


def _shock(client: Client, company: str) -> float:
    """Seconds that one default takes, from question to answer."""
    answer = client.post("/v1/risk/propagations", {"shocks": [{"id": company, "size": 1.0}]})
    assert json.loads(answer.body)["model"] == "linear"
    return answer.seconds
