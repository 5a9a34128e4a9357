"""What clients take by a hidden process: the same for a seed, known on the day, and shaped as its family says."""

from __future__ import annotations

import csv
import json
from collections import Counter
from pathlib import Path

import pytest

from graph.errors import InvalidInput
from ingest.world import write_world
from ingest.world.needs import NEEDS


def _taken(folder: Path) -> list[dict[str, str]]:
    with (folder / "OWNS_PRODUCT.csv").open(encoding="utf-8") as file:
        return list(csv.DictReader(file))


@pytest.mark.parametrize("needs", NEEDS)
def test_the_same_seed_gives_the_same_history(tmp_path: Path, needs: str) -> None:
    """Byte for byte, with the parameters in the truth."""
    one, two = tmp_path / "one", tmp_path / "two"
    for folder in (one, two):
        write_world(folder, 400, 5, needs=needs)
    assert (one / "OWNS_PRODUCT.csv").read_bytes() == (two / "OWNS_PRODUCT.csv").read_bytes()
    assert json.loads((one / "truth.json").read_text(encoding="utf-8"))["needs"]["name"] == needs


@pytest.mark.parametrize("needs", NEEDS)
def test_every_row_is_known_on_its_day_and_ends_after_it(tmp_path: Path, needs: str) -> None:
    """Nothing is known early, nothing lies ahead, and nobody takes what is held already."""
    write_world(tmp_path, 1500, 3, needs=needs)
    rows = _taken(tmp_path)
    assert rows
    until: dict[tuple[str, str], str] = {}
    for row in rows:
        assert row["since"] == row["valid_from"] == row["known_from"] <= "2026-06-30"
        assert not row["valid_to"] or row["valid_from"] < row["valid_to"] <= "2026-06-30"
        pair = row["from"], row["to"]
        assert until.get(pair, "0") <= row["since"]
        until[pair] = row["valid_to"] or "9999-12-31"


def test_nothing_else_of_the_world_changes(tmp_path: Path) -> None:
    """All other files are those of the world without a process."""
    write_world(tmp_path / "with", 400, 5, needs="peers")
    write_world(tmp_path / "without", 400, 5)
    for path in (tmp_path / "without").glob("*.csv"):
        if path.stem != "OWNS_PRODUCT":
            assert path.read_bytes() == (tmp_path / "with" / path.name).read_bytes(), path.name


def test_events_come_before_what_is_taken_in_the_world_of_events(tmp_path: Path) -> None:
    """A client that had an event takes more than one that had none."""
    write_world(tmp_path, 3000, 2, needs="events")
    with (tmp_path / "Event.csv").open(encoding="utf-8") as file:
        struck = {row["subjects"].split(";")[0] for row in csv.DictReader(file)}
    with (tmp_path / "Company.csv").open(encoding="utf-8") as file:
        clients = {row["id"] for row in csv.DictReader(file) if row["client"] == "true"}
    taken = Counter(row["from"] for row in _taken(tmp_path))
    mean = {
        hit: sum(taken[client] for client in group) / len(group)
        for hit, group in ((True, clients & struck), (False, clients - struck))
    }
    assert mean[True] > 1.3 * mean[False]


def test_an_unknown_process_is_refused(tmp_path: Path) -> None:
    """The error names those that there are."""
    with pytest.raises(InvalidInput, match="no process"):
        write_world(tmp_path, 400, 5, needs="magic")
    with pytest.raises(InvalidInput, match="benchmarks"):
        write_world(tmp_path, 400, 5, needs="peers", for_benchmark=True)
