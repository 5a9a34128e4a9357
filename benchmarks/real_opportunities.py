"""Tables of docs/real-opportunities.md: what the engine proposes for ten listed companies, from real data alone.

`python benchmarks/real_opportunities.py ../shared/data` loads listed companies, controllers and financing deals
into a store of its own, reads the finance flashes that name one of the ten, and prints Markdown. Facts and dates are
printed, never a sentence of a publisher.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import lzma
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from api.reads import Run, read
from graph.errors import GuanxiError
from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from graph.view import View
from ingest.documents import SourceDocument
from ingest.documents.document import content_key
from ingest.loader import LoadOptions, load
from ingest.mapping import load_mapping
from nlp.reader import LIVE
from queries.opportunities import Wanted, opportunities
from queries.paging import Page

TODAY: Final = dt.date(2026, 8, 22)
SINCE: Final = "2026-04"
COMPANIES: Final = {
    "贵州茅台": "600519.SH", "宁德时代": "300750.SZ", "比亚迪": "002594.SZ", "恒瑞医药": "600276.SH",
    "药明康德": "603259.SH", "万科A": "000002.SZ", "美的集团": "000333.SZ", "海康威视": "002415.SZ",
    "京东方A": "000725.SZ", "东方财富": "300059.SZ",
}  # fmt: skip
_EVENTFUL: Final = (
    "质押", "减持", "增持", "回购", "收购", "中标", "合同", "亏损", "辞", "解禁", "债", "融资", "增发", "起诉", "投资",
    "股权激励", "员工持股",
)  # fmt: skip


def flashes(folder: Path, each: int) -> Iterator[SourceDocument]:
    """Flashes of the last months that name one of the companies beside a word of business, at most so many of each."""
    taken: Counter[str] = Counter()
    [path] = sorted(folder.glob("*.jsonl.xz"))
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text = row["text"]
            named = [name for name in COMPANIES if name.rstrip("A") in text]
            if row["date"][:7] < SINCE or not named or not any(word in text for word in _EVENTFUL):
                continue
            if taken[named[0]] < each:
                taken[named[0]] += 1
                day = dt.date.fromisoformat(row["date"][:10])
                yield SourceDocument(content_key(text), "", text, "news", published=day)


def loaded(store: Store, data: Path, options: LoadOptions) -> None:
    """Listed companies, controllers and deals."""
    graph = data / "graph"
    load(
        store,
        load_mapping("industry_chain"),
        sorted((graph / "industry_chain").glob("company*.json")),
        options,
    )
    load(store, load_mapping("ashare_2019"), [graph / "ashare_2019" / "astock20190123.json"], options)
    load(
        store,
        load_mapping("registry_deals"),
        sorted((graph / "registry_deals").glob("invest_events*.xlsx")),
        options,
    )


def rows(view: View) -> Iterator[str]:
    """A line of the table for each opportunity, and how many were set aside and why."""
    yield "| company | product | rules and what they rest on | expires | probability | to check first |"
    yield "|---|---|---|---|---|---|"
    for name, code in COMPANIES.items():
        try:
            found = opportunities(view, Wanted(company=code), page=Page(12))
        except GuanxiError as error:
            yield f"| {name} | {error.message} | | | | |"
            continue
        for one in found.opportunities:
            why = "; ".join(f"{w.rule.partition('@')[0]} ({w.opens})" for w in one.why[:3])
            checks = ", ".join(one.to_check_en)
            yield (
                f"| {name} | {one.product.name} {one.product.name_en} | {why} | {one.expires or '–'} "
                f"| {one.score.probability:.2f} | {checks} |"
            )
        if not found.opportunities:
            yield f"| {name} | nothing | | | | |"
        reasons = Counter(aside.code for aside in found.aside)
        if reasons:
            yield f"| | *set aside: {', '.join(f'{code} {count}' for code, count in reasons.items())}* | | | | |"


def main() -> None:
    """Load, read, ask, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--each", type=int, default=40, help="flashes of each company")
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="guanxi-real-") as folder:
        settings = Settings(data_dir=Path(folder), embedded_heap="1g", embedded_grace_seconds=0.5)
        options = LoadOptions(today=TODAY, rejects=Path(folder), salt="figures")
        with Store.open(settings) as store:
            loaded(store, given.data, options)
            projection = Projection.open(store, settings)
            documents = list(flashes(given.data / "text" / "raw_newswire", given.each))
            found = read(documents, Run(projection.view(frozenset(), TODAY), LIVE, (), store, options))
            projection.refresh()
            print(f"{len(found.documents)} flashes read; written: {found.written}\n", file=sys.stderr)
            print("\n".join(rows(projection.view(frozenset(), TODAY))))


if __name__ == "__main__":
    main()
