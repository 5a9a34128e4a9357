"""How long a document with a long text and many links takes: the figures of docs/decisions/store.md.

`python benchmarks/long_documents.py 60000 250000` writes for each number of characters a document that tells an event
every fifty characters, follows it into a projection, withdraws it and follows that, in an embedded store in a
temporary folder, or with `GUANXI_STORE_URI` in that database, which has to be empty. Nothing is read by a model.
"""

import datetime as dt
import sys
import tempfile
import time
from collections.abc import Callable
from pathlib import Path

from graph.ids import entity_handle
from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.read_documents import ReadDocument
from ingest.readings import withdraw_document, write
from nlp.found import Candidate, Event, Mention, Quantity, Reading

TODAY = dt.date(2024, 6, 30)
COMPANIES = 12


def main() -> None:
    """Measure each length."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings() if Settings().store_uri else Settings(data_dir=Path(folder), embedded_heap="2g")
        with Store.open(settings) as store:
            print(store.engine)
            options = LoadOptions(today=TODAY, rejects=Path(folder))
            _load_companies(store, Path(folder), options)
            projection = Projection.open(store, settings)
            for characters in map(int, sys.argv[1:] or ["60000"]):
                _measure(store, projection, article(characters), options)


def _load_companies(store: Store, folder: Path, options: LoadOptions) -> None:
    path = folder / "Company.jsonl"
    path.write_text("\n".join(f'{{"id": "c{i}", "name": "测试{i}股份有限公司"}}' for i in range(COMPANIES)))
    load(store, Native(), [path], options)


def article(characters: int) -> ReadDocument:
    """A text of so many characters, read: an event of one company in every sentence."""
    sentence = "测试{:05}公司公告称，将所持全部股份质押给本地银行，融资金额为{:06}万元，期限三年，用于偿债。"
    count = characters // len(sentence.format(0, 0))
    text = "".join(sentence.format(i, i) for i in range(count)).ljust(characters, "。")
    length = len(sentence.format(0, 0))
    mentions = tuple(_mention(i, i * length) for i in range(count))
    events = tuple(_event(i, i * length, length) for i in range(count))
    return ReadDocument(
        f"long-{characters}", Reading(text, dt.date(2024, 3, 1), mentions, (), events, None, {})
    )


def _mention(number: int, start: int) -> Mention:
    name = f"测试{number:05}公司"
    handle = entity_handle("native", "Company", f"c{number % COMPANIES}")
    return Mention(
        start, start + len(name), name, "company", 0.95, link=Candidate(handle, name, "Company", 0.97, "name")
    )


def _event(number: int, start: int, length: int) -> Event:
    money = Quantity(1e4 * (number + 1), "CNY")
    return Event(
        "pledge",
        (start + 19, start + 21),
        start,
        start + length,
        0.95,
        "events@1",
        (),
        (number,),
        money,
        None,
        None,
    )


def _measure(store: Store, projection: Projection, document: ReadDocument, options: LoadOptions) -> None:
    steps: dict[str, Callable[[], object]] = {
        "written": lambda: write(store, [document], options),
        "followed": projection.refresh,
        "withdrawn": lambda: withdraw_document(store, document.key, options),
        "followed again": projection.refresh,
    }
    print(f"{len(document.reading.text)} characters")
    for name, step in steps.items():
        began = time.perf_counter()
        step()
        print(f"  {name:16} {time.perf_counter() - began:8.1f} s", flush=True)
        if name == "written":
            [links] = store.read("MATCH (:Document)-[e]->() RETURN count(e) AS number")
            print(f"  {'links':16} {links['number']:8}")


if __name__ == "__main__":
    main()
