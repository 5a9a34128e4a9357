"""A world with a hidden process: reproducible, told by parameters alone, different in news alone."""

from __future__ import annotations

import csv
import datetime as dt
import json
from collections import Counter
from pathlib import Path

import pytest

from graph.errors import InvalidInput
from graph.projection import Projection
from ingest.world import write_world
from ingest.world.contagion import EVENT, PROCESSES
from ingest.world.tables import tables_of

COMPANIES = 600


def _defaults(folder: Path) -> list[dict[str, str]]:
    with (folder / "Event.csv").open(encoding="utf-8", newline="") as file:
        return [row for row in csv.DictReader(file) if row["kind"] == EVENT]


@pytest.fixture(scope="module")
def folders(tmp_path_factory: pytest.TempPathFactory) -> dict[str, Path]:
    top = tmp_path_factory.mktemp("contagion")
    for process in PROCESSES:
        write_world(top / process, COMPANIES, 3, process=process)
    write_world(top / "plain", COMPANIES, 3)
    return {path.name: path for path in top.iterdir()}


@pytest.mark.parametrize("process", PROCESSES)
def test_same_arguments_give_the_same_bytes(process: str, folders: dict[str, Path], tmp_path: Path) -> None:
    write_world(tmp_path, COMPANIES, 3, process=process)
    for path in folders[process].iterdir():
        assert path.read_bytes() == (tmp_path / path.name).read_bytes()


@pytest.mark.parametrize("process", PROCESSES)
def test_a_process_changes_nothing_but_what_news_tell(process: str, folders: dict[str, Path]) -> None:
    told = {"Event.csv", "Document.csv", "MENTIONS.csv", "ABOUT.csv", "truth.json"}
    for path in folders["plain"].iterdir():
        same = path.read_bytes() == (folders[process] / path.name).read_bytes()
        assert same == (path.name not in told), path.name


@pytest.mark.parametrize("process", PROCESSES)
def test_a_few_percent_fail_a_year_each_once_and_after_its_founding(
    process: str, folders: dict[str, Path]
) -> None:
    rows = _defaults(folders[process])
    assert 0.01 < len(rows) / COMPANIES / 8.5 < 0.06
    assert max(Counter(row["subjects"] for row in rows).values()) == 1
    with (folders[process] / "Company.csv").open(encoding="utf-8", newline="") as file:
        founded = {row["id"]: row["founded"] for row in csv.DictReader(file)}
    for row in rows:
        assert founded[row["subjects"]] <= row["date"] <= row["known_from"] <= "2026-06-30"


@pytest.mark.parametrize("process", PROCESSES)
def test_the_truth_tells_parameters_and_no_outcome(process: str, folders: dict[str, Path]) -> None:
    truth = json.loads((folders[process] / "truth.json").read_text(encoding="utf-8"))
    plain = json.loads((folders["plain"] / "truth.json").read_text(encoding="utf-8"))
    told = truth.pop("process")
    assert truth == plain
    assert told["name"] == process
    assert all(isinstance(value, int | float | str | dict) for value in told.values())


def test_refuses_an_unknown_process_and_one_in_a_world_for_benchmarks(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match="no process 'plague'"):
        write_world(tmp_path / "a", COMPANIES, 3, process="plague")
    with pytest.raises(InvalidInput, match="no events"):
        write_world(tmp_path / "b", COMPANIES, 3, process="null", for_benchmark=True)
    assert not list(tmp_path.iterdir())


def test_tables_of_a_folder_hold_every_public_row_of_the_day(folders: dict[str, Path]) -> None:
    view = Projection.of(tables_of(folders["hazard"])).view(as_of=dt.date(2026, 6, 30))
    for kind in ("Company", "Event", "Guarantee", "FinancialReport"):
        with (folders["hazard"] / f"{kind}.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        public = {row["id"] for row in rows if not row.get("compartments") and not row.get("valid_to")}
        units = {unit.key for row in view.rows(kind).tolist() for unit in view.units(row)}
        assert units == public
    assert len(view.arrays("SUPPLIES")) > COMPANIES / 5
