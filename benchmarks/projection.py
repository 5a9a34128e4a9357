"""The projection: built from the store, opened again by a fresh process, and caught up with a corrected file."""

from __future__ import annotations

import csv
import itertools
import resource
import shutil
import statistics
import sys
import tempfile
import time
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

from figures import Figure
from ground import Ground, World, await_end, fresh, log, options
from samples import Subject, company_id, draw, rows

from graph.ids import entity_handle
from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from graph.view import View
from ingest.loader import load
from ingest.native import Native
from queries.profile import profile
from queries.search import search

TARGET_BUILD = 90.0
"""Of a graph of a million nodes and three million edges; a smaller one has no target of its own."""

TARGET_WARM_START = 1.0
TARGET_CATCH_UP = 1.0
CHANGES = 1000
CORRECTIONS = 3
WARM_STARTS = 3


@dataclass(frozen=True, slots=True)
class Built:
    """What building took."""

    seconds: float
    entities: int
    peak_gib: float


@dataclass(frozen=True, slots=True)
class Started:
    """Seconds from the store's address to an open projection, then to the first answers."""

    opened: float
    answered: float


def run(ground: Ground) -> list[Figure]:
    """Build, start again, catch up; leaves a saved projection."""
    subject = draw(ground.world(), 1)[0]
    _compile(ground)
    with ground.store() as settings:
        log("building the projection")
        built = fresh(build, settings, subject)
        log(f"  {built.seconds:.2f} s, {built.peak_gib:.1f} GiB; starting again")
        starts = [fresh(start, settings, subject) for _ in range(WARM_STARTS)]
        log("catching up")
        caught_up = fresh(catch_up, settings, ground.world())
    return [
        Figure("projection, built from the store", built.seconds, "s", TARGET_BUILD),
        Figure("projection, most memory while it is built", built.peak_gib, "GiB"),
        Figure("projection, entities", built.entities, ""),
        Figure("projection, saved", _size(settings.data_dir / "projection") / 1e6, "MB"),
        Figure(
            "projection, warm start to the first search and profile",
            statistics.median(s.answered for s in starts), "s", TARGET_WARM_START,
        ),
        Figure("projection, warm start, of it opening", statistics.median(s.opened for s in starts), "s"),
        Figure(f"projection, {CHANGES:,} changes seen", statistics.median(caught_up), "s", TARGET_CATCH_UP),
    ]  # fmt: skip


def _compile(ground: Ground) -> None:
    """Build a small projection and throw it away, so that compiling kernels, once an installation, is not timed."""
    log("compiling kernels")
    small = ground.warm_up_world()
    with tempfile.TemporaryDirectory(dir=ground.folder) as folder:
        settings = ground.embedded(Path(folder))
        with Store.open(settings) as store:
            load(store, Native(), small.files, options(settings.data_dir))
            fresh(build, settings, draw(small, 1)[0])
        await_end(settings)


def _size(folder: Path) -> int:
    return sum(path.stat().st_size for path in folder.rglob("*") if path.is_file())


# --- build and start, each in a process of its own ---


def build(settings: Settings, subject: Subject) -> Built:
    """Read the whole graph; then answer, so that kernels are compiled and kept as an installed service has them."""
    shutil.rmtree(settings.data_dir / "projection", ignore_errors=True)
    with Store.open(settings) as store:
        began = time.perf_counter()
        view = Projection.open(store, settings).view(frozenset())
        seconds = time.perf_counter() - began
        _answer(view, subject)
        return Built(seconds, view.size, _peak_gib())


def start(settings: Settings, subject: Subject) -> Started:
    """Open what is saved, as a worker that starts, and answer."""
    began = time.perf_counter()
    with Store.open(settings) as store:
        view = Projection.open(store, settings).view(frozenset())
        opened = time.perf_counter() - began
        _answer(view, subject)
        return Started(opened, time.perf_counter() - began)


def _answer(view: View, subject: Subject) -> None:
    found = search(view, subject.name)
    assert any(hit.id == subject.id for hit in found.hits), f"{subject.name} is not found"
    assert profile(view, subject.id).name == subject.name


def _peak_gib() -> float:
    unit = 1 if sys.platform == "darwin" else 1024  # bytes there, kibibytes elsewhere
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / 2**30


# --- catching up ---


@dataclass(frozen=True, slots=True)
class Correction:
    """Changed rows of two files, and what shall be seen of them."""

    files: tuple[Path, ...]
    capital: Mapping[str, float]
    names: Mapping[str, str]
    ratios: Mapping[tuple[str, str], float]


def catch_up(settings: Settings, world: World) -> list[float]:
    """Seconds in which 1,000 corrected rows are seen in a projection that stands, several times."""
    took = []
    with Store.open(settings) as store:
        projection = Projection.open(store, settings)
        projection.view(frozenset())
        for number in range(CORRECTIONS):
            folder = settings.data_dir / f"corrected-{number}"
            correction = correct(world, folder, number * CHANGES // 2, store.version())
            report = load(store, Native(), correction.files, options(settings.data_dir))
            assert report.total("written") == CHANGES, report
            began = time.perf_counter()
            projection.refresh()
            view = projection.view(frozenset())
            _check_one(view, correction)
            took.append(time.perf_counter() - began)
            log(f"  {took[-1]:.2f} s")
            _check_all(view, correction)
    return took


def correct(world: World, folder: Path, first: int, stamp: int) -> Correction:
    """Files with changed rows: a capital for most companies, a new name for some, shares of holders.

    `first` is where in the files the rows are taken, `stamp` a number that no correction before this one had.
    """
    half = CHANGES // 2
    companies = _some(world.file("Company"), first, half)
    renamed, others = companies[: half // 5], companies[half // 5 :]
    for row in renamed:
        row["name"] = f"改{stamp}{row['name']}"
    for row in others:
        row["capital"] = str(7_000_000 + stamp)
    stakes = [row for row in _some(world.file("HOLDS"), first, 3 * half) if row["share_ratio"]][:half]
    for row in stakes:
        row["share_ratio"] = f"{float(row['share_ratio']) * (0.5 + stamp % 1000 / 2500):.6f}"
    folder.mkdir(exist_ok=True)
    files = _write(folder / "Company.csv", companies), _write(folder / "HOLDS.csv", stakes)
    return Correction(
        files,
        {company_id(row["id"]): float(row["capital"]) for row in others},
        {company_id(row["id"]): row["name"] for row in renamed},
        {(row["from"], row["to"]): float(row["share_ratio"]) for row in stakes},
    )


def _some(path: Path, first: int, count: int) -> list[dict[str, str]]:
    """Rows of a file that are public and still hold, from one of them on."""
    public = (row for row in rows(path) if not row["compartments"] and not row.get("valid_to"))
    return list(itertools.islice(public, first, first + count))


def _write(path: Path, listed: list[dict[str, str]]) -> Path:
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, list(listed[0]))
        writer.writeheader()
        writer.writerows(listed)
    return path


def _check_one(view: View, correction: Correction) -> None:
    """That a change of each sort is seen: part of what is timed."""
    entity, capital = next(iter(correction.capital.items()))
    assert view.props(view.resolve(entity))["capital"] == capital
    entity, name = next(iter(correction.names.items()))
    assert any(hit.id == entity for hit in search(view, name).hits), f"{name} is not found"
    (start, end), ratio = next(iter(correction.ratios.items()))
    _check_stake(view, start, end, ratio)


def _check_all(view: View, correction: Correction) -> None:
    for field, values in (("capital", correction.capital), ("name", correction.names)):
        for entity, value in values.items():
            stated = [said for said, _ in view.stated(view.resolve(entity), field)]
            assert value in stated, f"{entity} has {field} {stated}, not {value}"
    for (start, end), ratio in correction.ratios.items():
        _check_stake(view, start, end, ratio)


def _check_stake(view: View, start: str, end: str, ratio: float) -> None:
    holder = entity_handle(Native.namespace, "Person" if start.startswith("P") else "Company", start)
    held = view.resolve(company_id(end))
    stated = [
        fact.props.get("share_ratio")
        for fact in view.history(view.resolve(holder), "HOLDS", "out")
        if fact.other == held
    ]
    assert ratio in stated, f"{start} holds {stated} of {end}, not {ratio}"
