"""One hash of the whole graph: equal for equal graphs, whatever the order of loading or the engine."""

import csv
import datetime as dt
import random
from pathlib import Path

import pytest

from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.withdrawal import refold, withdraw
from ingest.world import write_world


@pytest.fixture(scope="module")
def world(tmp_path_factory) -> list[Path]:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, companies=250, seed=11)
    return sorted(folder.glob("*.csv"))


def shuffled(files: list[Path], folder: Path) -> list[Path]:
    """The same files with their rows in another order."""
    folder.mkdir()
    order = random.Random(5)  # noqa: S311 - an order, not a secret
    for path in files:
        with path.open(encoding="utf-8", newline="") as file:
            header, *rows = csv.reader(file)
        order.shuffle(rows)
        with (folder / path.name).open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *rows])
    return [folder / path.name for path in files]


def options(folder: Path, day: str = "2026-11-22") -> LoadOptions:
    return LoadOptions(today=dt.date.fromisoformat(day), rejects=folder / "rejects")


def digest(store: Store, data_dir: Path) -> str:
    return Projection.open(store, Settings(data_dir=data_dir)).digest()


def test_order_engine_day_and_repetition_do_not_show(store, world, tmp_path):
    load(store, Native(), world, options(tmp_path))
    first = digest(store, tmp_path / "first")
    load(store, Native(), shuffled(world, tmp_path / "shuffled"), options(tmp_path))
    assert digest(store, tmp_path / "first") == first
    with Store.open(Settings(data_dir=tmp_path / "other", embedded_heap="512m")) as other:
        for path in reversed(shuffled(world, tmp_path / "again")):
            load(other, Native(), [path], options(tmp_path, "2026-01-05"))
        load(other, Native(), world, options(tmp_path, "2026-01-06"))  # edges that came before their nodes
        assert digest(other, tmp_path / "other") == first


def test_what_is_withdrawn_leaves_no_trace_and_refolding_none(store, world, tmp_path):
    load(store, Native(), world, options(tmp_path))
    first = digest(store, tmp_path / "data")
    extra = tmp_path / "Company.csv"
    extra.write_text(
        "id,name,source\nC0000001,另一个名字有限公司,rumour\nnew,新公司,rumour\n", encoding="utf-8"
    )
    load(store, Native(), [extra], options(tmp_path))
    assert digest(store, tmp_path / "data") != first
    withdraw(store, Native(), "rumour", options(tmp_path))
    assert digest(store, tmp_path / "data") == first
    refold(store, Native(), options(tmp_path))
    assert digest(store, tmp_path / "data") == first
