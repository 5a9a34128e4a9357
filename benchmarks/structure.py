"""Ownership, control and paths: the questions' kernels and whole answers, beside Neo4j and graph libraries.

The store is bypassed: the world's files become the projection's tables directly, and the product's own application
serves that projection. Every kernel is warm, that is compiled; what is worked out once a version and kept (the arrays
of ties, capital, votes) is told apart from what each question costs.
"""

from __future__ import annotations

import ctypes
import gc
import json
import math
import os
import sys
import time
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import graph_kernels
import numpy as np
import structure_peers as peers
from client import Answer, Answers
from figures import Figure
from ground import Ground, World, fresh, log
from structure_peers import Asked, Pair
from structure_server import Client, serving
from structure_world import WALLS, tables_of

from graph.algorithms import paths as kernel
from graph.algorithms.control_near import near
from graph.algorithms.ownership_world import solve_world
from graph.algorithms.paths import Walk
from graph.ids import entity_handle, record_handle
from graph.projection import Projection
from graph.tables import TablesBuilder
from graph.view import Snapshot, View
from queries import stakes
from queries.tie_costs import tie_costs
from queries.ties import Ties, Wanted, party_ties
from tests.service.neo4j.server import UnavailableError

SEED = 17
PAIRS = 200
WARM_UPS = 30
COMPANIES = 500
WORST_OF_A_SORT = 20
DENSE = 3_000
HUB_HOLDINGS = 200_000
GIB = 2**30

TARGET_LENGTH_MS = 1.0
TARGET_BESIDE_NEO4J = 20.0
TARGET_BESIDE_NETWORKX = 50.0
TARGET_PATHS_MS = 15.0
TARGET_OWNERS_MS = 20.0
TARGET_CONTROL = 5.0
TARGET_WORLD = 60.0
TARGET_GIB = 1.0
TARGET_DENSE = 1.0
TARGET_DENSE_KEPT_MS = 20.0


def run(ground: Ground) -> list[Figure]:
    """All of it; needs nothing but the world's files, and leaves nothing."""
    folder = ground.folder / "structure"
    folder.mkdir(exist_ok=True)
    log("compiling kernels")
    _in_memory(Subject.of(ground.warm_up_world()))
    log("the projection, from the world's files")
    subject = Subject.of(ground.world())
    found = [
        Figure("structure: projection from the world's files, the store bypassed", subject.seconds, "s"),
        *_in_memory(subject),
    ]
    with serving(subject.projection, folder) as client:
        found += _answers_about_owners(client, subject)
        paths = _answers_about_paths(client, subject)
    found += _paths(subject, paths, folder)
    return [*found, *_dense(), *_hub(folder)]


@dataclass(frozen=True)
class Subject:
    """What is measured: a projection, the public's view of it, and pairs of parties who are connected there."""

    projection: Projection
    view: View
    seconds: float
    before: float
    """Bytes that the process had before."""

    @classmethod
    def of(cls, world: World) -> Subject:
        """A world's."""
        before, began = resident(), time.perf_counter()
        projection = Projection.of(tables_of(world))
        seconds = time.perf_counter() - began
        return cls(projection, projection.view(frozenset()), seconds, before)

    @property
    def ties(self) -> Ties:
        """What paths are searched over."""
        return party_ties(self.view)

    @property
    def walk(self) -> Walk:
        """The same as a question with default ties walks it."""
        return self.ties.masked(Wanted(tie_costs().default)).walk

    def pairs(self, count: int) -> list[Pair]:
        """Random connected parties; none of them is a state body, which would open its own ties."""
        draw = np.random.default_rng(SEED)
        walk = self.walk
        tied = np.flatnonzero(walk.either)
        found: list[Pair] = []
        with self.ties.space() as space:
            while len(found) < count:
                a, b = (int(row) for row in draw.choice(tied, 2))
                if kernel.shortest_length(walk, (a, b), space).hops > 0:
                    found.append((a, b))
        return found


def quantile(seconds: Sequence[float], share: float) -> float:
    """The milliseconds within which a share of them lies; the same as of `client.Answers`."""
    return 1000 * sorted(seconds)[min(len(seconds) - 1, int(share * len(seconds)))]


def timed(run: Callable[[], Any]) -> tuple[float, Any]:
    """Seconds, and what came of it."""
    began = time.perf_counter()
    found = run()
    return time.perf_counter() - began, found


# --- in memory: control, ownership, memory ---


def _in_memory(subject: Subject) -> list[Figure]:
    trimmed = resident()
    log("ties, capital, votes")
    ties_seconds, _ = timed(lambda: subject.walk)
    figures = [Figure("structure: ties made ready for paths, once a version", ties_seconds, "s")]
    figures += _control(subject)
    figures += _world(subject)
    return [*figures, *_memory(subject, trimmed)]


def _control(subject: Subject) -> list[Figure]:
    log("control of every company")
    whole, view = timed(lambda: _controlled(_afresh(subject.view)))
    kernel_alone, _ = timed(lambda: stakes.voting.control_of_all(stakes.ballot(view).votes))
    figures = [
        Figure("control of every company, public view", whole, "s", TARGET_CONTROL),
        Figure("control of every company, of it the kernel", kernel_alone, "s"),
        Figure("control, companies in all", len(view.rows("Company")), ""),
    ]
    for wall, count in WALLS.items():
        walled = subject.projection.view(frozenset({wall}))
        _controlled(_afresh(walled))  # compiles
        walled = _afresh(walled)
        stakes.control(walled.public())
        seconds, _ = timed(lambda view=walled: _controlled(view))
        changed, read = _recomputed(walled)
        what = f"control, a viewer of {count} walled holdings more"
        figures += [
            Figure(f"{what}, beside the public's", seconds, "s", None, whole, whole / seconds),
            Figure(f"{what}: companies recomputed", changed, ""),
            Figure(f"{what}: parties read for them", read, ""),
        ]
    return figures


def _afresh(view: View) -> View:
    """The same view of a snapshot for which nothing was worked out yet."""
    known = view.snapshot
    return View(Snapshot(known.tables, known.fold, known.searcher, known.bodies), view.viewpoint)


def _controlled(view: View) -> View:
    """The view, once it knows who controls each company."""
    stakes.control(view)
    return view


def _recomputed(walled: View) -> tuple[int, int]:
    """How many companies lie below walled votes, and how many parties above those."""
    ballot, public = stakes.ballot(walled), stakes.ballot(walled.public())
    ballots = ballot.votes.ballots
    new = ~np.isin(ballot.facts.statement, public.facts.statement)
    below = np.unique(ballots.company[new])
    while True:
        wider = np.union1d(below, ballots.company[np.isin(ballots.caster, below)])
        if len(wider) == len(below):
            return len(below), len(near(ballot.votes, below.astype(np.int32)).nodes)
        below = wider


def _world(subject: Subject) -> list[Figure]:
    log("integrated ownership of the whole world")
    capital = stakes.capital(subject.view)
    seconds, solved = timed(lambda: solve_world(capital.graph, subject.view.id_keys()))
    exact = float(np.mean(solved.missing < 1e-9))
    return [
        Figure("integrated ownership, the whole world solved", seconds, "s", TARGET_WORLD),
        Figure("integrated ownership, parties whose largest terminals are exact", exact, "part"),
    ]


def _memory(subject: Subject, after_projection: float) -> list[Figure]:
    snapshot, view = subject.view.snapshot, subject.view
    tables = held_bytes(snapshot.tables, snapshot.fold)
    names = held_bytes(snapshot.searcher, snapshot.tables, snapshot.fold) - tables
    kept = held_bytes(subject.ties, stakes.capital(view), stakes.ballot(view), stakes.control(view))
    grown = after_projection - subject.before
    figures = [
        Figure("memory, arrays of the projection (tables and fold)", tables / GIB, "GiB", TARGET_GIB),
        Figure("memory, arrays of the index of names", names / GIB, "GiB"),
        Figure("memory, arrays that paths, ownership and control keep for the public", kept / GIB, "GiB"),
        Figure("memory, growth of the process by the projection with names", grown / GIB, "GiB"),
        Figure("memory, growth with those of paths, ownership and control", (resident() - subject.before) / GIB,
               "GiB"),
    ]  # fmt: skip
    return [figure for figure in figures if not math.isnan(figure.value)]


def resident() -> float:
    """Bytes of memory that the process really uses, garbage given back first; NaN where the system does not tell."""
    gc.collect()
    if not sys.platform.startswith("linux"):
        return math.nan
    ctypes.CDLL(None).malloc_trim(0)
    return int(Path("/proc/self/statm").read_text().split()[1]) * float(os.sysconf("SC_PAGE_SIZE"))


def held_bytes(*things: Any) -> int:
    """Bytes of the arrays that things hold, each once, without those of views that they lead to."""
    waiting, seen, total = list(things), dict[int, Any](), 0
    while waiting:
        thing = waiting.pop()
        while isinstance(thing, np.ndarray) and isinstance(thing.base, np.ndarray):
            thing = thing.base
        if id(thing) in seen:
            continue
        seen[id(thing)] = thing
        if isinstance(thing, np.ndarray):
            total += thing.nbytes
        else:
            waiting += _parts(thing)
    return total


def _parts(thing: Any) -> Iterable[Any]:
    if isinstance(thing, Mapping):
        return thing.values()
    if isinstance(thing, tuple | list):
        return [part for part in thing if not isinstance(part, str | int | float)]
    ours = type(thing).__module__.partition(".")[0] in ("graph", "queries")
    if not ours or isinstance(thing, View | Snapshot):
        return ()
    slots = [getattr(thing, name) for name in getattr(type(thing), "__slots__", ())]
    return [*slots, *getattr(thing, "__dict__", {}).values()]


# --- answers over HTTP ---


def _answers_about_owners(client: Client, subject: Subject) -> list[Figure]:
    view, chance = subject.view, np.random.default_rng(SEED)
    held = np.unique(stakes.capital(view).facts.end)
    sample = chance.permutation(held)[: COMPANIES + WARM_UPS]
    worst = _worst(view)
    found = []
    for question, target in (("owners", TARGET_OWNERS_MS), ("controllers", None)):
        log(f"{question} over HTTP")
        _ask_each(client, question, view, sample[:WARM_UPS])
        drawn = _ask_each(client, question, view, sample[WARM_UPS:])
        hard = _ask_each(client, question, view, worst)
        what = f"{question} over HTTP"
        found += [
            Figure(f"{what}, p50", drawn.quantile(0.5), "ms"),
            Figure(f"{what}, p95", drawn.quantile(0.95), "ms", target),
            Figure(f"{what}, the worst companies, p95", hard.quantile(0.95), "ms", target),
            Figure(f"{what}, the worst companies, slowest", hard.quantile(1), "ms"),
            Figure(f"{what}, largest answer", max(len(a.body) for a in hard.answers) / 1000, "kB"),
            Figure(f"{what}, companies asked about", len(drawn.answers) + len(hard.answers), ""),
        ]
    return found


def _ask_each(client: Client, question: str, view: View, rows: Iterable[int]) -> Answers:
    found: list[Answer] = []
    began = time.perf_counter()
    for entity in view.ids(np.fromiter(rows, np.int64)):
        found.append(client.get(f"/v1/entities/{entity}/{question}"))
        if time.perf_counter() - began > peers.PATIENCE:
            break
    return Answers(time.perf_counter() - began, found)


def _worst(view: View) -> list[int]:
    """Companies with the most holders, the longest chains above them, and the most parties above them."""
    votes = stakes.ballot(view).votes
    holder, company = votes.ballots.holder, votes.ballots.company
    holders = np.bincount(company, minlength=view.size)
    depth, walks = np.zeros(view.size, np.int32), np.zeros(view.size)
    for _ in range(64):  # in a loop both grow for ever
        longer = np.zeros_like(depth)
        np.maximum.at(longer, company, depth[holder] + 1)
        walks = np.minimum(np.bincount(company, walks[holder] + 1, view.size), 1e12)
        if np.array_equal(longer, depth):
            break
        depth = longer
    many = np.argsort(-walks, kind="stable")[: 10 * WORST_OF_A_SORT]
    above = np.array([len(near(votes, many[i : i + 1].astype(np.int32)).nodes) for i in range(len(many))])
    chosen = [
        np.argsort(-holders, kind="stable")[:WORST_OF_A_SORT],
        np.argsort(-depth, kind="stable")[:WORST_OF_A_SORT],
        many[np.argsort(-above, kind="stable")[:WORST_OF_A_SORT]],
    ]
    log(f"  most holders {holders.max():,}, most parties above {above.max():,}, longest chain {depth.max()}")
    return [int(row) for row in np.unique(np.concatenate(chosen))]


# --- paths ---


@dataclass(frozen=True)
class Answered:
    """Pairs of connected parties, those to warm up with, and what the product said of the pairs."""

    pairs: list[Pair]
    warm_up: list[Pair]
    length: Asked
    whole: Asked


def _answers_about_paths(client: Client, subject: Subject) -> Answered:
    log("paths: the kernel, and answers over HTTP")
    walk, found = subject.walk, subject.pairs(PAIRS + WARM_UPS)
    pairs, warm_up = found[:PAIRS], found[PAIRS:]

    def whole(pair: Pair) -> int:
        body = {"parties": [subject.view.id(row) for row in pair]}
        return int(json.loads(client.post("/v1/paths", body).body)["paths"][0]["length"])

    with subject.ties.space() as space:
        length = peers.asked(lambda p: kernel.shortest_length(walk, p, space).hops, pairs, warm_up)
    return Answered(pairs, warm_up, length, peers.asked(whole, pairs, warm_up))


def _paths(subject: Subject, ours: Answered, folder: Path) -> list[Figure]:
    assert ours.whole.hops == ours.length.hops, "the answers' lengths differ from the kernel's"
    length, whole = ours.length.seconds, ours.whole.seconds
    return [
        Figure("shortest length between two parties, p50", quantile(length, 0.5), "ms"),
        Figure("shortest length between two parties, p95", quantile(length, 0.95), "ms", TARGET_LENGTH_MS),
        Figure("paths over HTTP, names and evidence, p50", quantile(whole, 0.5), "ms"),
        Figure("paths over HTTP, names and evidence, p95", quantile(whole, 0.95), "ms", TARGET_PATHS_MS),
        *_beside_libraries(subject, ours),
        *_beside_neo4j(subject, ours, folder),
    ]


def _beside(what: str, ours: Asked, theirs: Asked, target: float | None = None, less: float = 0.0) -> Figure:
    """How much longer a peer takes for the same pairs; `less` are seconds that are not counted against it."""
    count = len(theirs.hops)
    assert theirs.hops == ours.hops[:count], f"{what}: the lengths differ"
    value = quantile(ours.seconds[:count], 0.95)
    peer = quantile([max(seconds - less, 0.0) for seconds in theirs.seconds], 0.95)
    return Figure(f"{what}, p95 of {count} pairs", value, "ms", target, peer, peer / value)


def _beside_libraries(subject: Subject, ours: Answered) -> Iterator[Figure]:
    open_edges = np.flatnonzero(subject.walk.mask)
    start, end = subject.ties.start[open_edges], subject.ties.end[open_edges]
    graph = peers.Graph(subject.view.size, start, end, ours.pairs)
    for name, peer, target in (
        ("NetworkX, bidirectional", peers.with_networkx, TARGET_BESIDE_NETWORKX),
        ("igraph", peers.with_igraph, None),
        ("rustworkx", peers.with_rustworkx, None),
    ):
        log(f"paths: {name}")
        yield _beside(f"shortest length beside {name}", ours.length, fresh(peer, graph), target)


def _beside_neo4j(subject: Subject, ours: Answered, folder: Path) -> list[Figure]:
    log("paths: Neo4j, to be filled first")
    try:
        with peers.neo4j(folder) as driver:
            filled = peers.fill(driver, subject.view, subject.ties, subject.walk.mask)
            log("  asking")
            theirs = peers.ask_neo4j(driver, subject.view, ours.pairs, ours.warm_up)
    except UnavailableError as error:
        return [Figure(f"paths beside Neo4j: not measured: {error}", 0, "")]
    return [
        _beside("shortest length beside Neo4j's shortestPath less an empty query", ours.length, theirs.length,
                TARGET_BESIDE_NEO4J, theirs.empty),
        _beside("paths, the whole HTTP answer beside Neo4j's whole Bolt answer", ours.whole, theirs.whole),
        Figure("Neo4j, an empty query, p50", 1000 * theirs.empty, "ms"),
        Figure("Neo4j, filled", filled, "s"),
    ]  # fmt: skip


# --- hard graphs ---


def _dense() -> list[Figure]:
    log(f"{DENSE:,} companies that all hold each other")
    graph_kernels.conglomerate_rows(40)  # compiles
    cold, kept = graph_kernels.conglomerate_rows(DENSE)
    return [
        Figure(f"owners where {DENSE:,} companies all hold each other, cold", cold.value, "s", TARGET_DENSE),
        Figure("owners there, the factor kept, p95", kept.value, "ms", TARGET_DENSE_KEPT_MS),
    ]


def _hub(folder: Path) -> list[Figure]:
    log(f"a hub with {HUB_HOLDINGS:,} holdings")
    projection = _hub_projection()
    hub, last = _handle(0), _handle(HUB_HOLDINGS + 1)
    with serving(projection, folder) as client:
        page = client.get(f"/v1/entities/{hub}/holdings")
        again = client.get(f"/v1/entities/{hub}/holdings")
        body = {"parties": [hub, last]}
        path = client.post("/v1/paths", body)
        path_again = client.post("/v1/paths", body)
    listed, found = json.loads(page.body), json.loads(path.body)
    assert listed["total"] == HUB_HOLDINGS + 1, listed["total"]
    assert listed["holdings"], "an empty page"
    assert listed["next"], "no second page"
    assert found["paths"][0]["length"] == 2, "no path from the hub"
    what = f"a hub with {HUB_HOLDINGS:,} holdings"
    return [
        Figure(f"{what}: first page of all that it owns, first answer", page.seconds, "s"),
        Figure(f"{what}: first page of all that it owns, again", again.seconds, "s"),
        Figure(f"{what}: shortest paths from it, first answer", path.seconds, "s"),
        Figure(f"{what}: shortest paths from it, again", 1000 * path_again.seconds, "ms"),
    ]


def _handle(number: int) -> str:
    return entity_handle("native", "Company", f"H{number}")


def _hub_projection() -> Projection:
    """Company 0 holds half of each other one but the last, which the last but one holds half of."""
    ids = [_handle(number) for number in range(HUB_HOLDINGS + 2)]
    keys = [f"H{number}" for number in range(len(ids))]
    builder = TablesBuilder()
    source = ["native"] * len(ids)
    records = [record_handle("native", "hub", key) for key in keys]
    said = {"source": source, "record": records}
    builder.add_nodes(
        "Company", {"id": ids, "key": keys, "name": [f"枢纽{key}公司" for key in keys], **said}, len(ids)
    )
    edges = {name: values[1:] for name, values in said.items()}
    holders = [ids[0]] * HUB_HOLDINGS + [ids[-2]]
    builder.add_edges(
        "HOLDS", {"a": holders, "b": ids[1:], "share_ratio": [0.5] * len(holders), **edges}, len(holders)
    )
    return Projection.of(builder.finish(version=1))
