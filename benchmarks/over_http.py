"""Questions over HTTP, asked of `guanxi serve` as a client would: how long they take, and how many a second.

No question is asked twice, but for those that warm the server up. The asker has a token without any clearance, so
that every answer passes the walls. The peer of throughput is `ready_made.py`, given the very profiles that the
product has just answered with; the two take turns, so that other work on the machine hits both.
"""

from __future__ import annotations

import contextlib
import os
import statistics
import sys
import time
import urllib.request
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import quote

import samples
from client import Answers, ask
from figures import Figure, against
from ground import Ground, Service, log, service
from samples import Subject

from api.auth import add_token, remove_token
from graph.settings import Settings

TARGET_MS = 20.0
TARGET_THROUGHPUT = 0.5
START_SECONDS = 300
CONNECTIONS = (1, 8)
TURNS = 5
WARM_UPS = 60
MOST_LATENCIES = 1000
MOST_OF_A_TURN = 400
SEARCHES_OF_A_SORT = 200
_READY_MADE = [sys.executable, str(Path(__file__).parent / "ready_made.py")]
SERVE = [sys.executable, "-m", "api.cli", "serve", "--port", "0"]
ASKER = "benchmark"


@dataclass(frozen=True, slots=True)
class Timed:
    """Answers, and milliseconds of the server's processor time that each took."""

    answers: Answers
    cost: float


@dataclass(frozen=True, slots=True)
class Server:
    """A server and the token that it wants."""

    running: Service
    token: str = ""

    def ask(self, paths: Sequence[str], connections: int = 1) -> Answers:
        """Ask it."""
        return ask(self.running.address, paths, connections=connections, token=self.token)

    def timed(self, paths: Sequence[str], connections: int) -> Timed:
        """Ask it, and see what that costs its process."""
        before = self.running.processor_seconds()
        answers = self.ask(paths, connections)
        spent = self.running.processor_seconds() - before
        return Timed(answers, 1000 * spent / len(answers.answers))


def run(ground: Ground) -> list[Figure]:
    """Latency of search and profile, and throughput beside ready-made answers."""
    world = ground.world()
    with ground.store() as settings:
        began = time.perf_counter()
        with service(SERVE, _environment(settings)) as running:
            server = Server(running, _token(settings))
            _await_ready(running.address)
            figures = [Figure("server, from its start to ready", time.perf_counter() - began, "s")]
            questions = Questions(samples.draw(world, _wanted(ground.companies)))
            _warm_up(server, questions)
            figures += _searches(server, questions)
            figures += _profiles(server, questions, samples.hubs(world))
            figures += _throughput(server, questions)
        return figures


def _wanted(companies: int) -> int:
    most = 2 * WARM_UPS + MOST_LATENCIES + TURNS * len(CONNECTIONS) * MOST_OF_A_TURN
    return min(companies, max(most, SEARCHES_OF_A_SORT * 7))


class Questions:
    """Companies to ask about, handed out once each; searches are drawn from all of them."""

    def __init__(self, subjects: list[Subject]) -> None:
        self.subjects = subjects
        self._left = iter(subjects)
        rest = len(subjects) - 2 * WARM_UPS
        self.of_latency = min(MOST_LATENCIES, rest // 3)
        self.of_a_turn = min(MOST_OF_A_TURN, (rest - self.of_latency) // (TURNS * len(CONNECTIONS)))

    def profiles(self, count: int) -> list[str]:
        """Ids of companies that were not asked about before."""
        return [next(self._left).id for _ in range(count)]


def _profile(entity: str) -> str:
    return f"/v1/entities/{entity}/profile"


def _search(query: str) -> str:
    return f"/v1/search?q={quote(query)}"


# --- the server ---


def _environment(settings: Settings) -> dict[str, str]:
    return os.environ | {"GUANXI_DATA_DIR": str(settings.data_dir), "GUANXI_STORE_URI": settings.store_uri}


def _token(settings: Settings) -> str:
    path = settings.tokens_path
    if path.exists():
        remove_token(path, ASKER)
    return add_token(path, ASKER)


def _await_ready(address: str) -> None:
    deadline = time.monotonic() + START_SECONDS
    while True:
        try:
            with urllib.request.urlopen(f"{address}/readyz", timeout=10):  # noqa: S310  # our own server
                return
        except OSError:
            if time.monotonic() > deadline:
                raise
            time.sleep(0.02)


def _warm_up(server: Server, questions: Questions) -> None:
    log("warming the server up")
    server.ask([_profile(entity) for entity in questions.profiles(2 * WARM_UPS)], connections=2)
    for queries in samples.queries(questions.subjects[-WARM_UPS:]).values():
        server.ask([_search(query) for query in queries])


# --- latency ---


def _searches(server: Server, questions: Questions) -> list[Figure]:
    log("searching")
    by_sort = samples.queries(questions.subjects[:-WARM_UPS])
    answers = {
        sort: server.ask([_search(query) for query in queries[:SEARCHES_OF_A_SORT]])
        for sort, queries in by_sort.items()
    }
    every = Answers(1, [answer for found in answers.values() for answer in found.answers])
    return [
        *_latencies("search", every, TARGET_MS),
        *(Figure(f"search, {sort}, p95", found.quantile(0.95), "ms") for sort, found in answers.items()),
    ]


def _profiles(server: Server, questions: Questions, hubs: list[str]) -> list[Figure]:
    log("profiles")
    drawn = server.ask([_profile(entity) for entity in questions.profiles(questions.of_latency)])
    busiest = server.ask([_profile(entity) for entity in hubs])
    every = Answers(1, [*drawn.answers, *busiest.answers])
    size = statistics.mean(len(answer.body) for answer in drawn.answers)
    return [
        *_latencies("profile", every, TARGET_MS),
        Figure(f"profile, the {len(hubs)} busiest companies, p95", busiest.quantile(0.95), "ms"),
        Figure("profile, mean size", size / 1000, "kB"),
    ]


def _latencies(what: str, found: Answers, target: float) -> list[Figure]:
    return [
        Figure(f"{what}, p50", found.quantile(0.5), "ms"),
        Figure(f"{what}, p95", found.quantile(0.95), "ms", target),
    ]


# --- throughput ---


@dataclass(frozen=True, slots=True)
class Turn:
    """What came of the same ids: from us, and ready-made from a plain function and from a coroutine."""

    ours: Timed
    plain: Timed
    coroutine: Timed


def _throughput(server: Server, questions: Questions) -> list[Figure]:
    with ready_made("profile") as peer:
        _warm_up_peer(server, peer, questions)
        return [figure for count in CONNECTIONS for figure in _at(count, server, peer, questions)]


@contextlib.contextmanager
def ready_made(model: str) -> Iterator[Server]:
    """The peer: a server that returns models of a sort (`profile` or `360`) which are handed to it."""
    with service([*_READY_MADE, model], _with_sources()) as running:
        yield Server(running)


def _with_sources() -> dict[str, str]:
    sources = str(Path(__file__).parent.parent)
    return os.environ | {
        "PYTHONPATH": os.pathsep.join(filter(None, [sources, os.environ.get("PYTHONPATH", "")]))
    }


def _warm_up_peer(server: Server, peer: Server, questions: Questions) -> None:
    entities = [subject.id for subject in questions.subjects[:WARM_UPS]]
    turn(2, server, peer, [_profile(entity) for entity in entities])


def _at(connections: int, server: Server, peer: Server, questions: Questions) -> list[Figure]:
    where = f"at {connections} connection{'s' * (connections > 1)}"
    log(f"throughput {where}")
    asked = [[_profile(entity) for entity in questions.profiles(questions.of_a_turn)] for _ in range(TURNS)]
    turns = [turn(connections, server, peer, paths) for paths in asked]
    ways = ([getattr(turn, way) for turn in turns] for way in ("ours", "plain", "coroutine"))
    ours, plain, coroutine = (Pace.of(timed) for timed in ways)
    ready, rate = "beside a ready-made model", "answers/s"
    return [
        against(f"profile throughput {where}, {ready}", ours.rate, plain.rate, rate, TARGET_THROUGHPUT),
        against(f"profile throughput {where}, {ready} from a coroutine", ours.rate, coroutine.rate, rate),
        Figure(f"profile, processor time an answer {where}", ours.cost, "ms", peer=plain.cost),
    ]


@dataclass(frozen=True, slots=True)
class Pace:
    """Medians over turns: answers a second, and milliseconds of the server's processor time an answer."""

    rate: float
    cost: float

    @classmethod
    def of(cls, turns: Sequence[Timed]) -> Pace:
        """Of these turns."""
        return cls(statistics.median(t.answers.rate for t in turns), statistics.median(t.cost for t in turns))


def turn(connections: int, server: Server, peer: Server, paths: list[str]) -> Turn:
    """Ask for paths like `/v1/entities/{id}/profile`, then the peer for what came of them."""
    ours = server.timed(paths, connections)
    _hand_over(peer, ours.answers)
    entities = [_entity(path) for path in paths]
    plain = peer.timed([f"/models/{entity}" for entity in entities], connections)
    coroutine = peer.timed([f"/async-models/{entity}" for entity in entities], connections)
    _check_same(ours.answers, plain.answers)
    _check_same(ours.answers, coroutine.answers)
    return Turn(ours, plain, coroutine)


def _entity(path: str) -> str:
    return path.split("/")[-2]


def _hand_over(peer: Server, found: Answers) -> None:
    """Have the peer keep the models that were found, under the ids that were asked for."""
    lines = (_entity(answer.path).encode() + b" " + answer.body for answer in found.answers)
    where = f"{peer.running.address}/ready"
    request = urllib.request.Request(where, data=b"\n".join(lines), method="PUT")  # noqa: S310  # our own server
    with urllib.request.urlopen(request, timeout=60) as answer:  # noqa: S310
        assert int(answer.read()) == len(found.answers)


def _check_same(ours: Answers, theirs: Answers) -> None:
    """The peer has to answer with the same bytes, or it is no peer."""
    if sorted(answer.body for answer in ours.answers) != sorted(answer.body for answer in theirs.answers):
        raise AssertionError("the ready-made models differ from the product's")
