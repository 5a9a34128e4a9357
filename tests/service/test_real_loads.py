"""The four real sources: loaded twice, and loaded shuffled and in another order to the same graph."""

import csv
import datetime as dt
import json
import os
import random
from pathlib import Path

import openpyxl
import pytest

from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from ingest.loader import LoadOptions, LoadReport, load
from ingest.mapping import load_mapping

SOURCES = {
    "ashare_2019": ["astock20190123.json", "topmanager20190121.csv"],
    "industry_chain": [
        "company.json", "company_industry.json", "industry.json", "industry_industry.json", "industry_up.json",
        "product.json",
    ],
    "ashare_import": [
        "stock.csv", "executive.csv", "executive_stock.csv", "concept.csv", "stock_concept.csv", "industry.csv",
        "stock_industry.csv",
    ],
    "registry_deals": ["registry_10k.xlsx", "invest_events_2k.xlsx", "invest_institutions_1k.xlsx"],
}  # fmt: skip
ROWS = int(os.environ.get("GUANXI_TEST_REAL_ROWS", "400"))
"""Rows of each file; GUANXI_TEST_REAL_ROWS=1000000 runs on all of them, in minutes."""


def part(path: Path, folder: Path, order: random.Random) -> Path:
    """The first rows of a file in another order, in a file of the same kind and name."""
    folder.mkdir(parents=True, exist_ok=True)
    target = folder / path.name
    if path.suffix == ".xlsx":
        real = openpyxl.load_workbook(path, read_only=True)
        rows = list(real.active.iter_rows(values_only=True))
        real.close()
        book = openpyxl.Workbook()
        for row in [rows[0], *shuffled(rows[1 : ROWS + 1], order)]:
            book.active.append(row)
        book.save(target)
    elif path.suffix == ".csv":
        with path.open(encoding="utf-8-sig", newline="") as file:
            header, *rows = csv.reader(file)
        with target.open("w", encoding="utf-8", newline="") as file:
            csv.writer(file).writerows([header, *shuffled(rows[:ROWS], order)])
    else:
        lines = path.read_text(encoding="utf-8").splitlines()
        target.write_text("\n".join(shuffled(lines[:ROWS], order)) + "\n", encoding="utf-8")
    return target


def shuffled(rows: list, order: random.Random) -> list:
    rows = list(rows)
    order.shuffle(rows)
    return rows


def load_all(store: Store, sources: dict[str, list[Path]], folder: Path) -> dict[str, LoadReport]:
    options = LoadOptions(today=dt.date(2026, 11, 22), rejects=folder / "rejects", salt="a salt of the tests")
    reports = {name: load(store, load_mapping(name), files, options) for name, files in sources.items()}
    for report in reports.values():
        for file in report.files:
            assert file.read == file.written + file.unchanged + file.rejected, file
    return reports


@pytest.mark.real
def test_twice_and_shuffled(shared_data, tmp_path):
    order = random.Random(1)  # noqa: S311 - an order, not a secret
    real = {name: [shared_data / "graph" / name / file for file in files] for name, files in SOURCES.items()}
    first = {n: [part(p, tmp_path / "a" / n, order) for p in files] for n, files in real.items()}
    second = {
        n: [part(p, tmp_path / "b" / n, order) for p in reversed(files)]
        for n, files in reversed(real.items())
    }
    settings = Settings(data_dir=tmp_path / "one", embedded_heap="1g")
    with Store.open(settings) as store:
        done = load_all(store, first, tmp_path)
        assert all(report.total("written") > 0 for report in done.values())
        version = store.version()
        again = load_all(store, first, tmp_path)
        assert [report.total("written") for report in again.values()] == [0, 0, 0, 0]
        assert store.version() == version
        digest = Projection.open(store, settings).digest()
        other = load_all(store, second, tmp_path)
        assert [report.total("closed") for report in other.values()] == [0, 0, 0, 0]
        assert Projection.open(store, settings).digest() == digest
    settings = Settings(data_dir=tmp_path / "two", embedded_heap="1g")
    with Store.open(settings) as store:
        load_all(store, second, tmp_path)
        assert Projection.open(store, settings).digest() == digest


@pytest.mark.real
def test_no_personal_detail_beyond_name_and_office(shared_data, tmp_path):
    order = random.Random(1)  # noqa: S311 - an order, not a secret
    files = {
        "ashare_2019": [
            part(shared_data / "graph/ashare_2019/topmanager20190121.csv", tmp_path / "a", order)
        ],
        "ashare_import": [part(shared_data / "graph/ashare_import/executive.csv", tmp_path / "b", order)],
    }
    settings = Settings(data_dir=tmp_path / "store", embedded_heap="1g")
    with Store.open(settings) as store:
        load_all(store, files, tmp_path)
        bodies = [json.loads(row["body"]) for row in store.read("MATCH (r:Record) RETURN r.body AS body")]
        columns = {column for body in bodies for column in body}
        kept = {key for row in store.read("MATCH (p:Person) RETURN keys(p) AS keys") for key in row["keys"]}
    assert not {
        c for c in columns if any(w in c for w in ("薪酬", "性别", "国籍", "学历", "学校", "gender", "age"))
    }
    assert not kept & {"gender", "age", "birth", "school", "nationality", "pay"}
