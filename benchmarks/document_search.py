"""Search of documents: how fast, in how much memory, and how often a title finds its own text; JSON lines.

Reads newswire items as JSON lines with `title` and `text` (plain or .xz), as shared/data/text/raw_newswire has them.
The weight of meaning is chosen on every other query, and all is reported on the rest: titles that should find their
texts, and sentences of STS-B that should find another of the same meaning.
"""

from __future__ import annotations

import argparse
import json
import lzma
import random
import resource
import time
from collections.abc import Iterator, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.ids import entity_handle
from graph.projection import Projection
from graph.recent import Recent
from graph.tables import SourceInfo, Tables
from graph.view import View
from nlp.embedding import embedder
from queries.document_search import LONGEST_QUERY, Asked, documents, search_documents
from queries.paging import Page
from queries.text_library import Library

TEXT = 200
SHORTEST = 80
"""Characters of a text that a title should find."""

WEIGHTS = np.arange(0, 1.01, 0.05)
RANK_FUSION = 60
"""The constant of reciprocal rank fusion (Cormack, Clarke & Büttcher 2009)."""


class Item(NamedTuple):
    """An item of the newswire; `title` is empty unless it is a query."""

    title: str
    text: str


def items(path: Path) -> Iterator[Item]:
    """Each different text, cut to a length; a title counts where the text does not begin with it or contain it."""
    opened = lzma.open if path.suffix == ".xz" else open
    seen = set()
    with opened(path, "rt", encoding="utf-8") as lines:
        for line in lines:
            row = json.loads(line)
            text, title = row["text"][:TEXT], row["title"].strip()
            if text in seen or len(text) < SHORTEST:
                continue
            seen.add(text)
            good = 0 < len(title) <= LONGEST_QUERY and title[:10] not in text
            yield Item(title if good else "", text)


def sample(path: Path, count: int, pairs: int) -> list[Item]:
    """So many items in a fixed order; the first `pairs` of them have titles."""
    found = list(items(path))
    random.Random(5).shuffle(found)
    titled = [item for item in found if item.title][:pairs]
    rest = [Item("", item.text) for item in found if item not in set(titled)]
    return titled + rest[: count - len(titled)]


def view_of(chosen: Sequence[Item]) -> tuple[View, NDArray[np.int64]]:
    """A graph of documents with texts alone, and the row of each."""
    handles = [entity_handle("native", "Document", str(i), []) for i in range(len(chosen))]
    nodes: list[tuple[str, dict[str, Any]]] = [
        ("Document", {"id": handle, "key": str(i), "rank_key": "", "source": "native", "text": item.text})
        for i, (handle, item) in enumerate(zip(handles, chosen, strict=True))
    ]
    tables = Tables.from_rows(nodes, [], sources=[SourceInfo("native", 10, "native")])
    view = Projection.of(tables).view()
    places = dict(zip(view.ids(view.rows("Document")), view.rows("Document").tolist(), strict=True))
    return view, np.array([places[handle] for handle in handles])


def megabytes() -> int:
    """The most memory that the process has had."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss // 1024


def made(view: View, library: Library, count: int) -> dict[str, Any]:
    """What it takes to read all documents, and to find them read in the next version."""
    before = megabytes()
    start, busy = time.perf_counter(), time.process_time()
    found = documents(view, library)
    first, busy = time.perf_counter() - start, time.process_time() - busy
    index = found.index
    words = sum(p.keys.nbytes + p.first.nbytes + p.texts.nbytes + p.counts.nbytes for p in index.parts)
    vectors = sum(table.nbytes for table in found.passages.vectors.tables)
    again = View(replace(view.snapshot, foundations=Recent(1)), view.viewpoint)
    start = time.process_time()
    documents(again, library)
    return {
        "documents": count,
        "read_s": round(first, 1),
        "documents_per_processor_s": round(count / busy),
        "next_version_processor_s": round(time.process_time() - start, 2),
        "index_mb": round(words / 1e6),
        "vectors_mb": round(vectors / 1e6),
        "memory_before_mb": before,
        "memory_mb": megabytes(),
    }


def speed(view: View, library: Library, queries: Sequence[str]) -> dict[str, Any]:
    """Time of whole answers of twenty documents."""
    took, busy = [], []
    for query in queries:
        start, work = time.perf_counter(), time.process_time()
        search_documents(view, query, library, page=Page(20))
        took.append(1000 * (time.perf_counter() - start))
        busy.append(1000 * (time.process_time() - work))
    names = ("p50_ms", "p95_ms", "processor_p50_ms", "processor_p95_ms")
    values = (*np.quantile(took, [0.5, 0.95]), *np.quantile(busy, [0.5, 0.95]))
    return {"queries": len(queries), **{n: round(float(v), 1) for n, v in zip(names, values, strict=True)}}


def place_of(scores: NDArray[np.float64], own: int) -> int:
    """How many stand before one's own or beside it."""
    return int((scores >= scores[own]).sum()) - 1


Found = dict[str, NDArray[np.int64]]
"""By way of joining, the place at which each query found its own text, from 0."""


def found_by(queries: Sequence[tuple[str, int, int | None]], view: View, library: Library) -> Found:
    """Queries with the place of their own text among the documents and of one that does not count, every way."""
    documents_ = documents(view, library)
    ranks: dict[str, list[int]] = {}
    for query, own, left_out in queries:
        asked = Asked(documents_, query, library, "both")
        ways = {f"{w:.2f}": (1 - w) * asked.words + w * asked.meaning for w in WEIGHTS}
        orders = [np.argsort(np.argsort(-part, kind="stable")) for part in (asked.words, asked.meaning)]
        ways["rank fusion"] = np.sum([1 / (RANK_FUSION + 1 + order) for order in orders], axis=0)
        for way, score in ways.items():
            if left_out is not None:
                score[left_out] = -1
            ranks.setdefault(way, []).append(place_of(score, own))
    return {way: np.array(each) for way, each in ranks.items()}


def likeness(queries: Sequence[tuple[str, int, int | None]], view: View, library: Library) -> dict[str, Any]:
    """How alike queries are to their own text, and to all texts."""
    all_documents = documents(view, library)
    own, others = [], []
    for query, place, _ in queries:
        meaning = Asked(all_documents, query, library, "meaning").meaning
        own.append(meaning[place])
        others.append(np.quantile(meaning, [0.5, 0.9, 0.99]))
    return {
        "own_text_p10_p50": np.round(np.quantile(own, [0.1, 0.5]), 2).tolist(),
        "all_texts_p50_p90_p99": np.round(np.median(others, axis=0), 2).tolist(),
    }


def reciprocal(found: NDArray[np.int64]) -> float:
    """Mean of 1 / place."""
    return float((1 / (found + 1)).mean())


def chosen_weight(sets: Sequence[Found]) -> str:
    """The weight of meaning with the best mean reciprocal place on every other query, the sets counting alike."""
    weights = [way for way in sets[0] if way != "rank fusion"]
    return max(weights, key=lambda way: sum(reciprocal(found[way][::2]) for found in sets))


def lines(name: str, found: Found, weight: str) -> Iterator[dict[str, Any]]:
    """The figures on the queries that the weight was not chosen on."""
    for by, way in (
        ("words", "0.00"),
        ("meaning", "1.00"),
        ("joined", weight),
        ("rank fusion", "rank fusion"),
    ):
        rest = found[way][1::2]
        yield {
            "set": name,
            "by": by,
            "weight": way,
            "queries": len(rest),
            "hit@1": round(float((rest == 0).mean()), 3),
            "hit@10": round(float((rest < 10).mean()), 3),
            "mrr": round(reciprocal(rest), 3),
        }
    shown = ("0.00", "0.05", "0.10", "0.20", "0.30", "0.40", "0.60", "0.80", "1.00")
    yield {"set": name, "mrr_by_weight_all_queries": {way: round(reciprocal(found[way]), 3) for way in shown}}


def paraphrases(path: Path) -> tuple[list[Item], list[tuple[int, int]]]:
    """Sentences of STS-B, each once, and pairs of different ones that mean the same (4 or more of 5)."""
    rows = [line.split("||") for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    numbers = {text: i for i, text in enumerate(dict.fromkeys(t for row in rows for t in row[1:3]))}
    same = [(numbers[a], numbers[b]) for _, a, b, score in rows if float(score) >= 4 and a != b]
    return [Item("", text) for text in numbers], same


def main() -> None:
    """Measure, and print JSON lines."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("file", type=Path)
    parser.add_argument("--paraphrases", type=Path, help="STS-B sentence pairs, as shared/data/text/stsb_zh")
    parser.add_argument("--documents", type=int, default=50_000)
    parser.add_argument("--pairs", type=int, default=400)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--model", default="")
    given = parser.parse_args()
    chosen = sample(given.file, given.documents, given.pairs)
    view, rows = view_of(chosen)
    library = Library(embedder(given.model))
    print(json.dumps(made(view, library, len(chosen))), flush=True)
    titles = [item.title for item in chosen if item.title]
    print(json.dumps(speed(view, library, titles[: given.queries])), flush=True)
    order = {row: place for place, row in enumerate(documents(view, library).rows.tolist())}
    asked = [(title, order[row], None) for title, row in zip(titles, rows.tolist(), strict=False)]
    sets = {"titles": found_by(asked, view, library)}
    if given.paraphrases:
        sentences, same = paraphrases(given.paraphrases)
        other, places = view_of(sentences)
        order = {row: place for place, row in enumerate(documents(other, library).rows.tolist())}
        at = [order[row] for row in places.tolist()]
        pairs = [(sentences[a].text, at[b], at[a]) for a, b in same[: given.pairs]]
        sets["paraphrases"] = found_by(pairs, other, library)
    weight = chosen_weight(list(sets.values()))
    for name, found in sets.items():
        for line in lines(name, found, weight):
            print(json.dumps(line), flush=True)
    print(json.dumps({"titles": likeness(asked[:100], view, library)}), flush=True)


if __name__ == "__main__":
    main()
