"""The unlabelled text: read, freed of what is measured on, folded to plain characters, counted."""

from __future__ import annotations

import json
import logging
import lzma
import unicodedata
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from opencc import OpenCC

log = logging.getLogger(__name__)

CODE_POINTS = 0x30000
"""Characters beyond the third plane are unknown to the models."""

RUN = 20
"""A document that shares so many characters in a row with a text to be measured on is left out."""

SPACE = ord(" ")
SEPARATOR = 0

SHARES = {
    "raw_newswire": 0.22,
    "raw_bizdigest": 0.20,
    "raw_articles": 0.20,
    "raw_headlines": 0.07,
    "raw_findocs": 0.07,
    "raw_general": 0.06,
    "xwlb": 0.18,
}
"""How much of the pre-training text comes from each folder; the vectors see all of it."""


def fold_table() -> NDArray[np.uint32]:
    """For each code point the one that stands for it: half width, simplified, one kind of space."""
    simplify = OpenCC("t2s")
    table = np.arange(CODE_POINTS, dtype=np.uint32)
    for code in range(CODE_POINTS):
        if unicodedata.category(chr(code)) == "Cs":
            table[code] = SPACE
            continue
        plain = unicodedata.normalize("NFKC", chr(code))
        plain = plain if len(plain) == 1 else chr(code)
        if plain.isspace() or unicodedata.category(plain) in {"Cc", "Cf"}:
            plain = " "
        simple = simplify.convert(plain)
        table[code] = ord(simple) if len(simple) == 1 else ord(plain)
    return np.where(table < CODE_POINTS, table, SPACE).astype(np.uint32)


def code_points(text: str) -> NDArray[np.uint32]:
    """The text as code points, shape (len(text),)."""
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")


@dataclass(frozen=True)
class Corpus:
    """Folded code points of all documents, each followed by `SEPARATOR`; `ends` are the separators' places."""

    text: NDArray[np.uint32]
    ends: NDArray[np.int64]
    source: NDArray[np.int8]
    names: tuple[str, ...]


def run_hashes(text: NDArray[np.uint32]) -> NDArray[np.uint64]:
    """A hash of every run of `RUN` characters, shape (len(text) - RUN + 1,)."""
    if len(text) < RUN:
        return np.empty(0, np.uint64)
    count = len(text) - RUN + 1
    hashes = np.zeros(count, np.uint64)
    for place in range(RUN):
        hashes = hashes * np.uint64(0x9E3779B97F4A7C15) + text[place : place + count]
    return hashes


def _documents(folder: Path) -> Iterator[str]:
    for path in sorted(folder.glob("*.jsonl.xz")):
        with lzma.open(path, "rt", encoding="utf-8") as lines:
            for line in lines:
                row = json.loads(line)
                yield "\n".join(part for part in (row["title"], row["text"]) if part)


def load(data: Path, measured: Iterable[str]) -> Corpus:
    """All shared raw text, without documents that share a run of characters with a text of `measured`."""
    fold = fold_table()
    banned = np.unique(np.concatenate([run_hashes(fold[_clip(text)]) for text in measured]))
    parts: list[NDArray[np.uint32]] = []
    source: list[int] = []
    names = tuple(SHARES)
    separator = np.array([SEPARATOR], np.uint32)
    for number, name in enumerate(names):
        before = len(parts)
        dropped = 0
        for document in _documents(data / name):
            folded = fold[_clip(document)]
            if _any_of(run_hashes(folded), banned):
                dropped += 1
                continue
            parts += [folded, separator]
            source.append(number)
        log.info(
            "%s: %d documents kept, %d share text with a measured split",
            name,
            (len(parts) - before) // 2,
            dropped,
        )
    text = np.concatenate(parts)
    return Corpus(text, np.flatnonzero(text == SEPARATOR), np.array(source, np.int8), names)


def _any_of(hashes: NDArray[np.uint64], banned: NDArray[np.uint64]) -> bool:
    place = np.minimum(np.searchsorted(banned, hashes), len(banned) - 1)
    return bool((banned[place] == hashes).any())


def _clip(text: str) -> NDArray[np.uint32]:
    codes = code_points(text)
    return np.where((codes < CODE_POINTS) & (codes > 0), codes, SPACE)
