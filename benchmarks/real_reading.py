"""Figures of docs/real-reading.md: a thousand finance flashes read twice into a graph that holds the listed companies.

`python benchmarks/real_reading.py ../shared/data --items 1000` loads the listed companies into a store of its own,
reads flashes spread evenly over the newswire, reads them again, and prints Markdown. Every figure is counted, none is
typed; no sentence is printed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import json
import lzma
import sys
import tempfile
import time
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

from api.reads import Reads, Run, read
from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from ingest.documents import SourceDocument
from ingest.documents.document import content_key
from ingest.loader import LoadOptions, load
from ingest.mapping import load_mapping
from nlp.found import EVENT_TYPES, RELATION_TYPES
from nlp.reader import FULL
from queries.reviews import reviews

TODAY = dt.date(2026, 11, 22)
YEAR = "2026-"


def flashes(folder: Path, count: int) -> list[SourceDocument]:
    """Flashes of the year, so many, spread evenly over the file."""
    [path] = sorted(folder.glob("*.jsonl.xz"))
    with lzma.open(path, "rt", encoding="utf-8") as lines:
        rows = [row for line in lines if (row := json.loads(line))["date"].startswith(YEAR)]
    chosen = rows[:: max(len(rows) // count, 1)][:count]
    return [
        SourceDocument(
            content_key(row["text"], row["date"]),
            "",
            row["text"],
            "news",
            published=dt.date.fromisoformat(row["date"][:10]),
        )
        for row in chosen
    ]


def main() -> None:
    """Load, read twice, print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("data", type=Path)
    parser.add_argument("--items", type=int, default=1000)
    given = parser.parse_args()
    with tempfile.TemporaryDirectory(prefix="guanxi-real-") as folder:
        settings = Settings(data_dir=Path(folder), embedded_heap="1g", embedded_grace_seconds=0.5)
        options = LoadOptions(today=TODAY, rejects=Path(folder), salt="figures")
        with Store.open(settings) as store:
            files = sorted((given.data / "graph" / "industry_chain").glob("company*.json"))
            load(store, load_mapping("industry_chain"), files, options)
            projection = Projection.open(store, settings)
            documents = flashes(given.data / "text" / "raw_newswire", given.items)
            run = Run(projection.view(frozenset(), TODAY), FULL, (), store, options)
            first, seconds = _timed(documents, run)
            projection.refresh()
            before = projection.digest()
            second, again = _timed(documents, run)
            projection.refresh()
            same = projection.digest() == before
            print("\n".join(_page(first, second, (seconds, again), same=same)))
            print(f"\nwaiting for review: {reviews(projection.view(frozenset(), TODAY)).total}")
            events = projection.view(frozenset(), TODAY)
            print(f"events in the graph: {len(events.rows('Event'))}", file=sys.stderr)


def _timed(documents: list[SourceDocument], run: Run) -> tuple[Reads, float]:
    began = time.process_time()
    found = read(documents, run, lambda done: print(done, file=sys.stderr))
    return found, time.process_time() - began


def _page(first: Reads, second: Reads, seconds: tuple[float, float], *, same: bool) -> Iterator[str]:
    mentions = Counter(m.kind for line in first.documents for m in line.reading.mentions)
    linked = sum(m.link is not None for line in first.documents for m in line.reading.mentions)
    events = Counter(e.type for line in first.documents for e in line.reading.events)
    relations = Counter(r.type for line in first.documents for r in line.reading.relations)
    yield "| | first time | second time |"
    yield "|---|---|---|"
    assert first.written is not None
    assert second.written is not None
    for name in type(first.written).model_fields:
        yield f"| {name} | {getattr(first.written, name)} | {getattr(second.written, name)} |"
    yield f"| seconds of this process's processor | {seconds[0]:.1f} | {seconds[1]:.1f} |"
    yield f"| graph the same after the second time | | {'yes' if same else 'no'} |"
    yield ""
    yield f"mentions: {', '.join(f'{k} {n}' for k, n in mentions.most_common())}; linked {linked}"
    yield ""
    yield f"events: {', '.join(f'{EVENT_TYPES[k]} {n}' for k, n in events.most_common())}"
    yield ""
    yield f"relations: {', '.join(f'{RELATION_TYPES[k]} {n}' for k, n in relations.most_common())}"


if __name__ == "__main__":
    main()
