"""No name that the demo world can make is a real company's: its whole vocabulary against the shared real names."""

from __future__ import annotations

import ast
import csv
import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

import openpyxl
import pytest

from ingest.world import vocabulary

pytestmark = pytest.mark.real

REAL = Path(os.environ.get("GUANXI_SHARED_DATA", Path(__file__).parents[3] / "shared" / "data"))
if not REAL.is_dir():
    pytest.skip(f"the real data is not at {REAL}; set GUANXI_SHARED_DATA", allow_module_level=True)

BRAND = f"[{''.join(vocabulary.SYLLABLES)}]{{2,3}}"
TRADE = "|".join(sorted(vocabulary.TRADES, key=len, reverse=True))


def _short_names() -> Iterator[str]:
    with (REAL / "graph/industry_chain/company.json").open(encoding="utf-8") as handle:
        yield from (json.loads(line)["name"] for line in handle)
    with (REAL / "graph/ashare_import/stock.csv").open(encoding="utf-8", newline="") as handle:
        yield from (row["name"] for row in csv.DictReader(handle))
    with (REAL / "graph/ashare_2019/astock20190123.json").open(encoding="utf-8") as handle:
        yield from (ast.literal_eval(line)["stock_name"] for line in handle)
    yield from (REAL / "names/company_short_form_28w.txt").read_text(encoding="utf-8-sig").splitlines()


def _registered_names() -> Iterator[str]:
    with (REAL / "graph/industry_chain/company.json").open(encoding="utf-8") as handle:
        yield from (json.loads(line)["fullname"] for line in handle)
    book = openpyxl.load_workbook(REAL / "graph/registry_deals/registry_10k.xlsx", read_only=True)
    yield from (str(row[1]) for row in book.worksheets[0].iter_rows(values_only=True))
    book.close()


def test_no_short_name_can_be_a_real_one() -> None:
    real = set(_short_names())
    assert len(real) > 250_000
    ours = re.compile(f"{BRAND}(?:{TRADE}|资本)")
    assert [name for name in real if ours.fullmatch(name)] == []


def test_no_registered_name_can_be_a_real_one() -> None:
    real = set(_registered_names())
    assert len(real) > 10_000
    ours = re.compile(f"(?:{'|'.join(vocabulary.CITIES)})")
    assert [name for name in real if ours.match(name)] == []
