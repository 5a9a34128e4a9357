"""Opportunities, tags, tiers, customer 360 and brief on a whole demo world: in memory, in process and over HTTP.

The world's files become the projection's tables without a store in between. One event more is then told as a commit
would tell it, and the next version made of it. Beside the time of the clock stands the processor's, which says the
same on a machine that does other things.
"""

from __future__ import annotations

import datetime as dt
import gc
import statistics
import time
from collections.abc import Callable, Iterator, Sequence
from functools import partial
from pathlib import Path
from typing import Any, Final, TypeVar
from urllib.parse import urlencode

import numpy as np
import over_http
from figures import Figure, against
from ground import TODAY, Ground, log
from over_http import Pace, Server
from structure_server import serving

from api.brief import brief_of
from api.brief_render import pdf
from graph.catchup import WalledKeys
from graph.ids import entity_handle, record_handle
from graph.projection import Current, InMemory, Projection
from graph.scan import Changes, Pair
from graph.tables import Tables, TablesBuilder
from graph.view import View
from ingest.native import Native
from ingest.world import write_world
from ingest.world.tables import tables_of
from queries.client_tiers import client_tiers, settle
from queries.company_facts import Facts, all_facts
from queries.customer_360 import Means, customer_360
from queries.group_totals import clients
from queries.opportunities import Wanted, engine, found_in, opportunities
from queries.rule_sets import RuleSet, rules_of
from queries.tags import concluded, tags

T = TypeVar("T")

MOST_COMPANIES: Final = 100_000
"""A world of so many has some 7,000 clients; all 100,000 companies may be prospects."""

TAGGED: Final = 10_000
ASKED: Final = 200
BRIEFS: Final = 5
WARM_UPS: Final = 40
READERS: Final = 100
TURNS: Final = 3
OF_A_TURN: Final = 100

TARGETS: Final = {"book": 60.0, "client": 30.0, "event": 1.0, "360": 50.0, "brief": 3.0, "throughput": 0.5}


class OneMore(InMemory):
    """Tables that one event more follows, of a company, dated the day before the world's present."""

    def __init__(self, tables: Tables, company: str, day: dt.date) -> None:
        super().__init__(tables, lambda _: ())
        self._company = company
        self._day = day.isoformat()

    def followed(self, current: Current) -> Current:
        """The version in which the event is told."""
        key, source = "E-benchmark", Native.name
        event = entity_handle(Native.namespace, "Event", key, ())
        said: dict[str, list[Any]] = {
            "source": [source], "record": [record_handle(source, "Event", key, ())],
            "valid_from": [None], "known_from": [self._day],
        }  # fmt: skip
        builder = TablesBuilder(current.tables.sources, current.tables.sets)
        props: dict[str, list[Any]] = {
            "name": ["控股股东质押"],
            "kind": ["pledge"],
            "date": [self._day],
            "amount": [3e8],
        }
        builder.add_nodes("Event", {"id": [event], "key": [key], **said, **props}, 1)
        ends = {"a": [self._company], "b": [event], "role": ["subjects"]}
        builder.add_edges("PARTY_TO", {**said, **ends}, 1)
        changes = Changes({"Event": [event]}, [Pair("PARTY_TO", self._company, event)], builder)
        return current.changed(changes, current.tables.version + 1, WalledKeys(current.tables))


def run(ground: Ground) -> list[Figure]:
    """All of it; needs nothing and leaves nothing."""
    return list(_measured(ground.folder / "opportunities", min(ground.companies, MOST_COMPANIES)))


def _measured(folder: Path, companies: int) -> Iterator[Figure]:
    world = folder / "world"
    if not (world / "truth.json").exists():
        log(f"a whole world of {companies:,} companies")
        write_world(world, companies)
    tables = tables_of(world)
    projection = Projection.of(tables)
    gc.collect()
    gc.freeze()
    view = projection.view(frozenset(), TODAY)
    rows = np.flatnonzero(clients(view))
    yield Figure("opportunities: companies", len(view.rows("Company")), "")
    yield Figure("opportunities: of them clients", len(rows), "")
    drawn = np.random.default_rng(3).choice(rows, min(ASKED, len(rows)), replace=False)
    asked = [view.id(row) for row in drawn.tolist()]
    # Before anything is worked out here: libraries that have begun threads do not live through the server's fork.
    log("over HTTP")
    yield from _over_http(projection, folder, asked)
    log("the book")
    yield from _book(view)
    log("tags and tiers")
    yield from _rules(view)
    log("in process")
    yield from _in_process(view, asked)
    log("one event more")
    yield from _after_an_event(tables, asked)


# --- what is measured ---


class _Clock:
    """Times of calls, by the clock and by the processor, in seconds."""

    def __init__(self) -> None:
        self.wall: list[float] = []
        self.busy: list[float] = []

    def of(self, make: Callable[[], T]) -> T:
        """What a call gives, timed."""
        wall, busy = time.perf_counter(), time.process_time()
        made = make()
        self.wall.append(time.perf_counter() - wall)
        self.busy.append(time.process_time() - busy)
        return made

    def whole(self, what: str, target: float | None = None) -> list[Figure]:
        """The time of all calls together."""
        return [
            Figure(what, sum(self.wall), "s", target),
            Figure(f"{what}, processor time", sum(self.busy), "s"),
        ]

    def each(self, what: str, target: float | None) -> list[Figure]:
        """The times of calls, in milliseconds."""
        high = 1000 * np.quantile([self.wall, self.busy], 0.95, axis=1)
        return [
            Figure(f"{what}, p50", 1000 * statistics.median(self.wall), "ms"),
            Figure(f"{what}, p95", high.item(0), "ms", target),
            Figure(f"{what}, processor time, p95", high.item(1), "ms"),
        ]


def _book(view: View) -> Iterator[Figure]:
    clock = _Clock()
    found = clock.of(lambda: found_in(view, engine()))
    yield from clock.whole(
        "opportunities: the whole book, from a view for which nothing was worked out", TARGETS["book"]
    )
    yield Figure("opportunities: proposals of all sources", len(found.book.proposals), "")
    yield Figure("opportunities: pairs of company and product that stand", int(found.standing.sum()), "")


def _rules(view: View) -> Iterator[Figure]:
    """All rules over so many companies, from facts that are there; nothing is written."""
    facts, rules = all_facts(view), rules_of()
    chosen = facts.taken(np.flatnonzero(np.arange(len(facts)) < TAGGED))
    clock = _Clock()
    given = sum(clock.of(partial(_tags, one, chosen)) for one in rules.concluding("tags"))
    yield from clock.whole(f"tags of {len(chosen):,} companies")
    yield Figure("tags concluded", given, "")
    clock = _Clock()
    for one in rules.concluding("tier"):
        clock.of(partial(_tiers, one, chosen))
    yield from clock.whole(f"tiers of {len(chosen):,} companies")


def _tags(one: RuleSet, facts: Facts) -> int:
    return sum(len(found) for found in concluded(one, facts))


def _tiers(one: RuleSet, facts: Facts) -> int:
    pairs = zip(one.conclude(facts), facts.values("client"), strict=True)
    return sum(settle(one, found, client=client, before=None).tier is not None for found, client in pairs)


def _in_process(view: View, asked: Sequence[str]) -> Iterator[Figure]:
    by, rules = engine(), rules_of()
    means = Means(by, rules)
    for what, target, ask in (
        ("opportunities of a client", "client", lambda one: opportunities(view, Wanted(company=one), by=by)),
        ("tags of a company", "", lambda one: tags(view, one, rules)),
        ("tier of a company", "", lambda one: client_tiers(view, one, rules)),
        ("customer 360", "360", lambda one: customer_360(view, one, means)),
    ):
        ask(asked[0])
        clock = _Clock()
        for one in asked:
            clock.of(partial(ask, one))
        yield from clock.each(f"{what}, in process", TARGETS.get(target))
    clock = _Clock()
    for one in asked[:BRIEFS]:
        clock.of(partial(_printed, view, one, means))
    yield Figure("brief as PDF, in process, slowest", max(clock.wall), "s", TARGETS["brief"])
    yield Figure("brief as PDF, in process, slowest, processor time", max(clock.busy), "s")


def _printed(view: View, one: str, means: Means) -> bytes:
    return pdf(brief_of(customer_360(view, one, means), "benchmark"))


# --- over HTTP ---


def _over_http(projection: Projection, folder: Path, asked: Sequence[str]) -> Iterator[Figure]:
    with serving(projection, folder) as client, over_http.ready_made("360") as peer:
        server = Server(client.running, client.token)
        server.ask([_whole(one) for one in asked[:WARM_UPS]], connections=2)
        server.ask([_opportunities(one) for one in asked[:WARM_UPS]], connections=2)
        yield from _latency(
            server, "opportunities of a client", [_opportunities(one) for one in asked], "client"
        )
        yield from _latency(server, "customer 360", [_whole(one) for one in asked], "360")
        took = [client.get(_brief(one)).seconds for one in asked[:BRIEFS]]
        yield Figure("brief as PDF over HTTP, slowest", max(took), "s", TARGETS["brief"])
        over_http.turn(2, server, peer, [_whole(one) for one in asked[:WARM_UPS]])
        yield from _throughput(server, peer, [_whole(one) for one in asked[:OF_A_TURN]])


def _latency(server: Server, what: str, paths: Sequence[str], target: str) -> Iterator[Figure]:
    found = server.timed(paths, 1)
    size = statistics.mean(len(answer.body) for answer in found.answers.answers)
    yield Figure(f"{what} over HTTP, p50", found.answers.quantile(0.5), "ms")
    yield Figure(f"{what} over HTTP, p95", found.answers.quantile(0.95), "ms", TARGETS[target])
    yield Figure(f"{what} over HTTP, processor time an answer", found.cost, "ms")
    yield Figure(f"{what}, mean size", size / 1000, "kB")


def _throughput(server: Server, peer: Server, paths: list[str]) -> Iterator[Figure]:
    turns = [over_http.turn(READERS, server, peer, paths) for _ in range(TURNS)]
    ours, plain = Pace.of([turn.ours for turn in turns]), Pace.of([turn.plain for turn in turns])
    what = f"at {READERS} connections"
    target = TARGETS["throughput"]
    yield against(
        f"customer 360 throughput {what}, beside a ready-made model",
        ours.rate,
        plain.rate,
        "answers/s",
        target,
    )
    yield Figure(f"customer 360, processor time an answer {what}", ours.cost, "ms", peer=plain.cost)


def _of(path: str, **more: str) -> str:
    return f"{path}?{urlencode({'as_of': TODAY.isoformat(), **more})}"


def _opportunities(company: str) -> str:
    return _of("/v1/opportunities", company=company)


def _whole(company: str) -> str:
    return _of(f"/v1/entities/{company}/360")


def _brief(company: str) -> str:
    return _of(f"/v1/entities/{company}/brief", format="pdf")


# --- after an event ---


def _after_an_event(tables: Tables, asked: Sequence[str]) -> Iterator[Figure]:
    """From a version for which all was worked out to the same answer on the next one."""
    by, company = engine(), asked[0]
    projection = Projection(
        OneMore(tables, company, TODAY - dt.timedelta(days=1)), Current.of(tables.known(None))
    )
    before = opportunities(projection.view(frozenset(), TODAY), Wanted(company=company), by=by)
    gc.collect()
    gc.freeze()
    follow, answer = _Clock(), _Clock()
    follow.of(projection.refresh)
    after = answer.of(
        lambda: opportunities(projection.view(frozenset(), TODAY), Wanted(company=company), by=by)
    )
    assert after != before
    yield from follow.whole("one event more: the next version of the projection")
    yield from answer.whole("one event more: the client's opportunities from it", TARGETS["event"])
    facts = _Clock()
    facts.of(lambda: opportunities(projection.view(frozenset(), TODAY), Wanted(company=asked[1]), by=by))
    yield from facts.whole("one event more: another client's opportunities after that")
