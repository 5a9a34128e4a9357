"""The projection of a real store: scanned, saved, caught up after loads, and equal to one made afresh."""

import csv
import dataclasses
import datetime as dt
import itertools
from pathlib import Path

import pytest

from graph.errors import NotFound
from graph.projection import Projection
from graph.settings import Settings
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.withdrawal import withdraw
from ingest.world import write_world

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def options(tmp_path) -> LoadOptions:
    return LoadOptions(today=TODAY, rejects=tmp_path / "rejects")


@pytest.fixture
def opened(store, tmp_path):
    """Opens projections of the store, each in a folder of its own or in one that is named."""
    numbers = itertools.count()

    def open_(name: str = "") -> Projection:
        folder = tmp_path / (name or f"fresh-{next(numbers)}")
        return Projection.open(store, Settings(data_dir=folder))

    return open_


def write_rows(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, list(dict.fromkeys(c for row in rows for c in row)))
        writer.writeheader()
        writer.writerows(rows)
    return path


def companies(folder: Path, name: str = "甲有限公司") -> Path:
    rows = [
        {"id": "a", "name": name},
        {"id": "b", "name": "乙有限公司"},
        {"id": "w", "name": "丙", "compartments": "deal"},
    ]
    return write_rows(folder, "Company", rows)


def holdings(folder: Path, ratio: str = "0.6") -> Path:
    return write_rows(
        folder, "HOLDS", [{"from": "a", "to": "b", "share_ratio": ratio, "valid_from": "2020-01-01"}]
    )


def ratio_of(projection: Projection, name: str = "乙有限公司") -> list[float]:
    view = projection.view()
    return [fact.props["share_ratio"] for fact in view.facts(view.resolve(name), "HOLDS", "in")]


def test_an_empty_store_is_an_empty_projection_that_follows(store, tmp_path, options, opened):
    projection = opened()
    with pytest.raises(NotFound):
        projection.view().resolve("甲有限公司")
    load(store, Native(), [companies(tmp_path)], options)
    assert projection.refresh()
    assert projection.view().props(projection.view().resolve("甲有限公司"))["name"] == "甲有限公司"
    assert not projection.refresh()


def test_a_corrected_file_is_followed(store, tmp_path, options, opened):
    load(store, Native(), [companies(tmp_path / "1"), holdings(tmp_path / "1")], options)
    projection = opened("kept")
    assert ratio_of(projection) == [0.6]
    load(
        store, Native(), [companies(tmp_path / "2", "甲新有限公司"), holdings(tmp_path / "2", "0.7")], options
    )
    assert ratio_of(projection) == [0.6]
    assert projection.refresh()
    assert ratio_of(projection) == [0.7]
    assert projection.digest() == opened().digest() == opened("kept").digest()


def test_withdrawing_a_source_is_followed(store, tmp_path, options, opened):
    load(store, Native(), [companies(tmp_path), holdings(tmp_path)], options)
    projection = opened()
    withdraw(store, Native(), "native", options)
    assert projection.refresh()
    assert not len(projection.view().rows("Company"))
    assert projection.digest() == opened().digest()


def test_what_was_known_before_a_correction(store, tmp_path, options, opened):
    first = dataclasses.replace(options, today=dt.date(2026, 1, 1))
    load(store, Native(), [companies(tmp_path / "1"), holdings(tmp_path / "1")], first)
    load(
        store, Native(), [companies(tmp_path / "2", "甲新有限公司"), holdings(tmp_path / "2", "0.7")], options
    )
    projection = opened()
    view = projection.view(known_at=dt.date(2026, 6, 1))
    (fact,) = view.facts(view.resolve("乙有限公司"), "HOLDS", "in")
    assert fact.props["share_ratio"] == 0.6
    assert view.name(fact.other) == "甲有限公司"
    assert ratio_of(projection) == [0.7]
    before = projection.view(known_at=dt.date(2025, 1, 1))
    assert not len(before.rows("Company"))


def test_records_have_bodies_for_those_who_may_see_them(store, tmp_path, options, opened):
    load(store, Native(), [companies(tmp_path)], options)
    projection = opened()
    operator, public = projection.view(), projection.view(frozenset())
    row = operator.resolve("丙")
    (unit,) = operator.units(row)
    (body,) = operator.records([unit.record])
    assert (body.body["name"], body.compartments) == ("丙", ("deal",))
    assert public.records([unit.record]) == []
    with pytest.raises(NotFound):
        public.resolve(unit.id)


def test_a_world_loaded_while_it_is_followed(store, tmp_path, options, opened):
    world = tmp_path / "world"
    write_world(world, companies=250, seed=5)
    projection = opened()
    files = sorted(path for path in world.iterdir() if path.suffix == ".csv")
    for path in sorted(files, key=lambda p: p.stem.isupper()):
        load(store, Native(), [path], options)
        projection.refresh()
    assert projection.digest() == opened().digest()
    view = projection.view()
    assert len(view.rows("Company")) >= 200
    row = int(view.rows("Company")[0])
    assert view.search(view.name(row), 5).hits[0].name == view.name(row)
