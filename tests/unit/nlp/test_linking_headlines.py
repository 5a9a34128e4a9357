"""How well companies are linked in real headlines: recall of the labelled one, precision of what people read."""

from __future__ import annotations

import ast
import csv
import hashlib
import json
import lzma
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from graph.identifiers import listing_code
from graph.ids import entity_handle, record_handle
from graph.projection import Projection
from graph.tables import SourceInfo, Tables
from graph.view import View
from nlp.linking import Linker

pytestmark = pytest.mark.real

SOURCES = ("industry_chain", "ashare_2019", "ashare_import", "registry_deals")


class Rows:
    """Nodes and edges of several sources as a store would give them."""

    def __init__(self) -> None:
        self.nodes: dict[str, tuple[str, dict[str, Any]]] = {}
        self.edges: list[tuple[str, str, str, str, str, dict[str, Any]]] = []

    def node(self, label: str, source: str, key: str, **props: Any) -> tuple[str, str]:
        """State a node."""
        handle = entity_handle(source, label, key, [])
        told = {name: value for name, value in props.items() if value}
        self.nodes.setdefault(
            handle, (label, {"id": handle, "key": key, "rank_key": "", **_said(source, key)})
        )
        self.nodes[handle][1].update(told)
        return label, handle

    def edge(
        self, kind: str, start: tuple[str, str], end: tuple[str, str], source: str, **props: Any
    ) -> None:
        """State an edge."""
        key = f"{kind}{start[1]}{end[1]}{props}"
        self.edges.append((kind, *start, *end, {**_said(source, key), **props}))

    def view(self) -> View:
        """All of it, for everybody."""
        sources = [SourceInfo(name, 10 * (i + 1), name) for i, name in enumerate(SOURCES)]
        tables = Tables.from_rows(list(self.nodes.values()), self.edges, sources=sources)
        return Projection.of(tables).view(None)


def _said(source: str, key: str) -> dict[str, Any]:
    stated = "2019-01-01"
    return {
        "source": source,
        "record": record_handle(source, "test", key, []),
        "stated": stated,
        "known_from": stated,
    }


def _code(text: str) -> str | None:
    try:
        return listing_code(text, pad=True)
    except ValueError:
        return None


def listed_companies(folder: Path) -> View:
    """The listed companies of three public sources with industries and officers, in memory."""
    rows = Rows()
    for line in (folder / "industry_chain" / "company.json").read_text("utf-8").splitlines():
        row = json.loads(line)
        rows.node("Company", "industry_chain", row["fullname"], name=row["fullname"], short_name=row["name"],
                  code=_code(row["code"]))  # fmt: skip
    for line in (folder / "industry_chain" / "company_industry.json").read_text("utf-8").splitlines():
        row = json.loads(line)
        company = rows.node("Company", "industry_chain", row["company_code"], code=_code(row["company_code"]),
                            short_name=row["company_name"])  # fmt: skip
        industry = rows.node("Industry", "industry_chain", row["industry_name"], name=row["industry_name"],
                             scheme="申万")  # fmt: skip
        rows.edge("IN_INDUSTRY", company, industry, "industry_chain")
    for row in _table(folder / "ashare_import" / "stock.csv"):
        rows.node("Company", "ashare_import", row["code"], short_name=row["name"], code=_code(row["code"]))
    for line in (folder / "ashare_2019" / "astock20190123.json").read_text("utf-8").splitlines():
        row = ast.literal_eval(line)
        rows.node(
            "Company", "ashare_2019", row["stock_code"], short_name=row["stock_name"], code=row["stock_code"]
        )
    for row in _table(folder / "ashare_2019" / "topmanager20190121.csv"):
        company = rows.node("Company", "ashare_2019", row["股票代码"], short_name=row["股票简称"],
                            code=_code(row["股票代码"]))  # fmt: skip
        person = rows.node(
            "Person", "ashare_2019", f"{row['股票代码']}|{row['高管姓名']}", name=row["高管姓名"]
        )
        rows.edge("OFFICER_OF", person, company, "ashare_2019", office=row["高管职务"])
    return rows.view()


def _table(path: Path) -> Iterator[dict[str, str]]:
    with path.open(encoding="utf-8-sig", newline="") as lines:
        yield from csv.DictReader(lines)


def headlines(folder: Path) -> list[dict[str, str]]:
    """The rows of the headlines file."""
    return list(_table(folder / "news_sentiment" / "news_seed.csv"))


# --- what is measured ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def listed(shared_data: Path) -> View:
    """The graph of listed companies."""
    return listed_companies(shared_data / "graph")


@pytest.fixture(scope="module")
def linker(listed: View) -> Linker:
    """A linker to it."""
    return Linker(listed)


@pytest.fixture(scope="module")
def judged() -> list[dict[str, Any]]:
    """Links that were read and judged: where they stand, the code linked, whether that is who is meant."""
    path = Path(__file__).parent / "data" / "headline_links.jsonl"
    return [json.loads(line) for line in path.read_text("utf-8").splitlines()]


def codes(view: View, linker: Linker, text: str) -> dict[tuple[int, int], str]:
    """The codes of the companies linked in a text, by place."""
    found = [m for m in linker.link(text, []) if m.link and m.link.kind == "Company"]
    return {(m.start, m.end): view.value(view.resolve(m.link.id), "code") or "" for m in found if m.link}


def newswire(folder: Path, rows: set[int]) -> dict[int, str]:
    """Some documents of the newswire, by line: title and text."""
    texts = {}
    with lzma.open(
        folder / "text" / "raw_newswire" / "raw_newswire.jsonl.xz", "rt", encoding="utf-8"
    ) as lines:
        for number, line in enumerate(lines):
            if number in rows:
                document = json.loads(line)
                texts[number] = f"{document['title']}\n{document['text']}"
            if number >= max(rows):
                break
    return texts


def precision(
    judged: list[dict[str, Any]], links: dict[int, dict[tuple[int, int], str]]
) -> tuple[float, int]:
    """The share of right ones among the judged places that are linked, and how many those are.

    Where a wrong link has become another one, nobody has judged that.
    """
    verdicts = []
    for item in judged:
        now = links[item["row"]].get((item["start"], item["end"]))
        if now is not None and (item["right"] or now == item["code"]):
            verdicts.append(item["right"] and now == item["code"])
    return sum(verdicts) / len(verdicts), len(verdicts)


def test_the_labelled_companies_of_the_headlines_are_linked(
    listed: View, linker: Linker, shared_data: Path
) -> None:
    found = labels = 0
    for row in headlines(shared_data / "text"):
        linked = {code[:6] for code in codes(listed, linker, row["标题"]).values()}
        wanted = [code.strip().zfill(6) for code in row["代码"].split(",")]
        labels += len(wanted)
        found += sum(code in linked for code in wanted)
    assert labels == 5917
    assert found / labels >= 0.99


def test_links_in_headlines_are_right(
    listed: View, linker: Linker, judged: list[dict[str, Any]], shared_data: Path
) -> None:
    mine = [item for item in judged if item["set"] == "headlines"]
    rows = headlines(shared_data / "text")
    links = {item["row"]: codes(listed, linker, rows[item["row"]]["标题"]) for item in mine}
    share, count = precision(mine, links)
    assert count >= 300
    assert share >= 0.98


@pytest.mark.parametrize("name", ["newswire", "newswire_held"])
def test_links_in_the_newswire_are_right(
    name: str, listed: View, linker: Linker, judged: list[dict[str, Any]], shared_data: Path
) -> None:
    """The names and contexts of the first set were learnt from, those of the held one were not."""
    least, floor = {"newswire": (280, 0.98), "newswire_held": (140, 0.97)}[name]
    mine = [item for item in judged if item["set"] == name]
    texts = newswire(shared_data, {item["row"] for item in mine})
    for item in mine:
        assert hashlib.sha256(texts[item["row"]].encode()).hexdigest() == item["sha256"]
    links = {row: codes(listed, linker, text) for row, text in texts.items()}
    share, count = precision(mine, links)
    assert count >= least
    assert share >= floor
