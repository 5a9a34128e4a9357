"""Linking against many names: how long the index takes, what it weighs, and what linking costs a text.

`python benchmarks/linking.py --names 1000000` prints a table. Names and texts are made up. With `--peers` two kept
libraries, where installed (pyahocorasick, marisa-trie), find the same names in the same texts.
"""

from __future__ import annotations

import argparse
import random
import resource
import time
from collections.abc import Callable, Iterator, Sequence
from typing import Any

import numpy as np
from figures import Figure, table
from rich.console import Console

from graph.view import PropertyTexts
from nlp.folded import fold, folded_name
from nlp.linking_rules import linking_rules
from nlp.name_index import NameIndex, build, stem_of
from nlp.spots import Codes, Spotter

SIGNS = (
    "安邦宝博昌诚创达德鼎丰福富刚高光广国海汉和恒宏鸿华汇嘉建江金锦晶景九久凯康科乐力利联龙绿"
    "美明能宁鹏平普奇启荣瑞润森山盛世泰天通万维伟文希祥新鑫信星兴雄旭亚阳永优宇远泽振正志智中众卓"
)
TRADES = ("科技", "医药", "实业", "能源", "证券", "材料", "电子", "食品", "物流", "智能装备")
PLACES = ("北京", "上海", "深圳", "杭州", "成都", "武汉市", "江苏", "")
TEXT = 200


class Names:
    """What the index asks of a view, of made-up companies: two thirds of the names are full ones, one third short."""

    def __init__(self, count: int) -> None:
        source = random.Random(1)
        self.size = count * 2 // 3
        self._short = [
            "".join(source.choices(SIGNS, k=source.choice((2, 2, 3)))) + source.choice(TRADES)
            for _ in range(self.size)
        ]
        self._full = [f"{source.choice(PLACES)}{short}有限公司" for short in self._short]
        self._listed = max(1, self.size // 200)

    def property_texts(self, _: str, field: str) -> PropertyTexts:
        """The names of a field, as `View.property_texts` gives them."""
        texts = {"name": self._full, "short_name": self._short[: count_of(self.size)]}.get(field, [])
        if field == "code":
            texts = [f"{number:06d}.SZ" for number in range(300_000, 300_000 + self._listed)]
        rows = np.arange(len(texts))
        return PropertyTexts(rows, rows, texts)

    def rows(self, _: str) -> Any:
        """All of them."""
        return np.arange(self.size)

    def visible_units(self, row: int) -> list[int]:
        """One each."""
        return [row]

    def id_keys(self) -> Any:
        """Any order."""
        return np.arange(self.size, dtype=np.uint64)

    def id_key(self, row: int) -> tuple[int, int]:
        """The same order."""
        return row, 0

    def stated(self, row: int, field: str) -> list[tuple[str, None]]:
        """The full name."""
        return [(self._full[row], None)] if field == "name" else []

    def claimants(self, *_: Any) -> set[int]:
        """None: a full name is found as it stands."""
        return set()

    def wanted(self) -> Iterator[str]:
        """The names that the peers look for."""
        for name in self._full:
            yield name
            yield stem_of(name)
        yield from self._short[: count_of(self.size)]

    def texts(self, count: int) -> list[str]:
        """News of 200 characters about some of them."""
        source = random.Random(2)
        return ["".join(self._sentence(source) for _ in range(6))[:TEXT] for _ in range(count)]

    def _sentence(self, source: random.Random) -> str:
        growth = f"公告，公司上半年净利润同比增长{source.randint(1, 90)}%"
        return f"{source.choice(self._short)}{growth}，并与{source.choice(self._full)}签署合作协议。"


def count_of(companies: int) -> int:
    """How many companies have a short name."""
    return companies // 2


def memory() -> float:
    """Megabytes that the process holds at its highest."""
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def per_text(find: Callable[[str], object], texts: Sequence[str]) -> float:
    """Milliseconds of processor time a text."""
    find(texts[0])
    start = time.process_time()
    for text in texts:
        find(text)
    return (time.process_time() - start) / len(texts) * 1000


def measure(count: int, texts: int = 500) -> list[Figure]:
    """Figures of the index over `count` names and of finding and judging names in texts."""
    names: Any = Names(count)
    before = memory()
    start = time.process_time()
    index = build(names)
    seconds = time.process_time() - start
    arrays = (index.value, index.row, index.way, index.first, index.lengths, index.listed)
    sample = names.texts(texts)
    found = per_text(lambda t: index.hits(fold(t).text), sample)
    weighed = per_text(lambda t: judged(names, index, t), sample)
    return [
        Figure("linking: index of names, build", seconds, "s", 30),
        Figure("linking: index of names, held", sum(a.nbytes for a in arrays) / 2**20, "MB", 500),
        Figure("linking: index of names, most while building", memory() - before, "MB", 500),
        Figure("linking: names found in 200 characters", found, "ms"),
        Figure("linking: names found and judged, 200 characters", weighed, "ms", 0.8),
    ]


def judged(names: Any, index: NameIndex, text: str) -> object:
    """What linking does with a text before it asks which of several companies is meant."""
    folded = fold(text)
    return Spotter(names, index, linking_rules(), folded, Codes(())).spots([])


def peers(count: int, texts: int = 500) -> list[Figure]:
    """The same by two kept libraries."""
    import ahocorasick  # noqa: PLC0415 - compared, not used
    import marisa_trie  # noqa: PLC0415

    names = Names(count)
    sample = [fold(text).text for text in names.texts(texts)]
    keys = [folded_name(key) for key in names.wanted()]
    figures = []
    before, start = memory(), time.process_time()
    trie = marisa_trie.Trie(keys)
    figures.append(Figure("marisa-trie: build of the same names", time.process_time() - start, "s"))
    figures.append(Figure("marisa-trie: held", len(trie.tobytes()) / 2**20, "MB"))
    found = per_text(lambda t: [trie.prefixes(t[i : i + 63]) for i in range(len(t))], sample)
    figures.append(Figure("marisa-trie: names found in 200 characters", found, "ms"))
    before, start = memory(), time.process_time()
    automaton = ahocorasick.Automaton()
    for number, key in enumerate(keys):
        automaton.add_word(key, number)
    automaton.make_automaton()
    figures.append(Figure("pyahocorasick: build of the same names", time.process_time() - start, "s"))
    figures.append(Figure("pyahocorasick: held", memory() - before, "MB"))
    figures.append(
        Figure(
            "pyahocorasick: names found in 200 characters",
            per_text(lambda t: list(automaton.iter(t)), sample),
            "ms",
        )
    )
    return figures


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--names", type=int, default=100_000)
    parser.add_argument("--peers", action="store_true")
    given = parser.parse_args()
    find = peers if given.peers else measure
    Console().print(table(f"Linking, {given.names:,} names", find(given.names)))


if __name__ == "__main__":
    main()
