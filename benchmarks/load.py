"""Loading: the first load beside a bare driver loop that writes the same, and the same files once more."""

from __future__ import annotations

import statistics
import time
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar

import bare_loop
from figures import Figure, against
from ground import GUANXI, Ground, Loaded, World, empty, fresh, log, options

from graph.schema import edge_types, node_types
from graph.settings import Settings
from graph.store import Committed, Store, Touched, Work
from ingest.loader import LoadReport, load
from ingest.native import Native

T = TypeVar("T")

TARGET_WITH_RECORDS = 0.70
TARGET_WITHOUT_RECORDS = 0.45
TARGET_RELOAD = 10.0
WARM_UPS = 2
ROWS = "rows/s"


class WatchedStore(Store):
    """A store that knows how long its versioned writes took."""

    writing_seconds = 0.0

    def commit(
        self, work: Work[T], touched: Touched | Callable[[T], Touched], *, load: str = ""
    ) -> Committed[T]:
        """As of Store, with a stopwatch."""
        began = time.perf_counter()
        try:
            return super().commit(work, touched, load=load)
        finally:
            self.writing_seconds += time.perf_counter() - began


class Ticker:
    """Progress for people: a line at most every ten seconds."""

    def __init__(self) -> None:
        self._next = time.monotonic() + 10

    def __call__(self, file: str, rows: int) -> None:
        """Say where a load is."""
        if time.monotonic() >= self._next:
            self._next = time.monotonic() + 10
            log(f"  {file}: {rows} rows")


# --- one load, in a process of its own ---


@dataclass(frozen=True, slots=True)
class Done:
    """What one load took and came to."""

    seconds: float
    in_transactions: float
    written: int
    unchanged: int


def guanxi_load(settings: Settings, files: tuple[Path, ...]) -> Done:
    """Load files into a store."""
    with WatchedStore.open(settings) as store:
        began = time.perf_counter()
        report = load(store, Native(), files, options(settings.data_dir), Ticker())
        seconds = time.perf_counter() - began
        _check(report)
        return Done(seconds, store.writing_seconds, report.total("written"), report.total("unchanged"))


def _check(report: LoadReport) -> None:
    if report.total("rejected"):
        raise AssertionError(f"the benchmark's world has rejected rows, see {report.files}")


def census(settings: Settings) -> dict[str, int]:
    """How many nodes of each label and edges of each type a store holds."""
    with Store.open(settings) as store:
        counts = {label: f"MATCH (n:{label}) RETURN count(n) AS n" for label in (*node_types(), "Record")}
        counts |= {name: f"MATCH ()-[e:{name}]->() RETURN count(e) AS n" for name in edge_types()}
        return {name: found for name, query in counts.items() if (found := store.read(query)[0]["n"])}


# --- warming up ---


def warm_up(settings: Settings, world: World, prepared: Path) -> None:
    """Write a small world in both ways, twice, so that the database's code is compiled; leaves nothing."""
    with Store.open(settings) as store:
        for _ in range(WARM_UPS):
            load(store, Native(), world.files, options(settings.data_dir))
            empty(store)
            bare_loop.run(settings, prepared, records=True)
            empty(store)


# --- the suites ---


class Runs:
    """The three ways to load, each into a fresh and warmed-up store; remembers how long each took."""

    def __init__(self, ground: Ground) -> None:
        self.ground = ground
        self.world = ground.world()
        self.small = ground.warm_up_world()
        log("preparing the rows of the bare loop")
        self.small_rows = fresh(bare_loop.prepare, self.small.files, ground.folder / "warm-up-rows").path
        self.prepared = fresh(bare_loop.prepare, self.world.files, ground.folder / "rows")
        self.with_records: list[float] = []
        self.without_records: list[float] = []
        self.guanxi: list[float] = []
        self.in_transactions: list[float] = []
        self.again: list[float] = []
        self.bare_census: dict[str, int] = {}

    def bare(self, *, records: bool) -> None:
        """Run the bare loop."""
        with self.ground.fresh_store("bare") as settings:
            fresh(warm_up, settings, self.small, self.small_rows)
            log(f"the bare loop {'with' if records else 'without'} records")
            seconds = fresh(bare_loop.run, settings, self.prepared.path, records=records)
            if records:
                self.bare_census = fresh(census, settings)
        self.ground.forget("bare")
        (self.with_records if records else self.without_records).append(seconds)
        log(f"  {seconds:.2f} s")

    def load(self) -> None:
        """Run the loader; the store stays."""
        with self.ground.fresh_store(GUANXI) as settings:
            fresh(warm_up, settings, self.small, self.small_rows)
            log("guanxi, first load")
            done = fresh(guanxi_load, settings, self.world.files)
            self._check_same(fresh(census, settings))
            log(f"  {done.seconds:.2f} s; the same files again")
            again = fresh(guanxi_load, settings, self.world.files)
        if again.written or again.unchanged != done.written:
            raise AssertionError(f"{again.written} rows of unchanged files were written")
        log(f"  {again.seconds:.2f} s")
        self.ground.note_loaded(Loaded(done.seconds, done.written))
        self.guanxi.append(done.seconds)
        self.in_transactions.append(done.in_transactions)
        self.again.append(again.seconds)

    def _check_same(self, counts: dict[str, int]) -> None:
        if counts != self.bare_census:
            raise AssertionError(
                f"not the same was written: {counts} by guanxi, {self.bare_census} by the loop"
            )


def run(ground: Ground) -> list[Figure]:
    """The first load against the bare loop, the second against the first; leaves the loaded store."""
    runs = Runs(ground)
    for number in range(1, ground.rounds + 1):
        log(f"round {number} of {ground.rounds}")
        runs.bare(records=False)
        runs.bare(records=True)
        runs.load()
    rows = runs.world.rows
    ways = (runs.guanxi, runs.with_records, runs.without_records, runs.again)
    ours, with_records, without, again = (rows / statistics.median(seconds) for seconds in ways)
    planning = rows / runs.prepared.seconds
    return [
        against(
            "first load, beside the bare loop with records", ours, with_records, ROWS, TARGET_WITH_RECORDS
        ),
        against(
            "first load, beside the bare loop without records", ours, without, ROWS, TARGET_WITHOUT_RECORDS
        ),
        against("the same files again, beside the first load", again, ours, ROWS, TARGET_RELOAD),
        Figure("first load, whole", statistics.median(runs.guanxi), "s"),
        Figure("first load, of it in transactions", statistics.median(runs.in_transactions), "s"),
        Figure("reading and planning alone, no store", planning, ROWS),
    ]
