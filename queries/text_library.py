"""What questions about texts stand on: an embedder, the vectors and words of all texts met so far, and passages."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.words import WordIndex
from graph.vectors import Advance, Vectors, VectorStore, key_of

if TYPE_CHECKING:
    from nlp.embedding import Embedder

PASSAGE: Final = 300
"""Most characters of a passage; the vector of a longer text would say little of any part of it."""

UNRELATED: Final = (
    "公司拟派发现金红利，每十股派两元。", "央行开展逆回购操作，利率维持不变。", "控股股东质押所持部分股份用于融资。",
    "新能源汽车销量同比增长三成。", "法院裁定受理该企业的破产重整申请。", "国际油价收盘下跌超过百分之二。",
    "董事会聘任新任财务总监。", "沪深两市成交额突破万亿元。", "抗肿瘤新药获得临床试验批准。",
    "钢铁企业下调螺纹钢出厂价格。", "地方政府发行专项债券支持水利建设。", "芯片工厂二期项目正式投产。",
    "证监局对公司出具警示函。", "全国多地迎来强降雨天气。", "航空公司恢复多条国际航线。",
    "银行下调三年期存款利率。", "粮食主产区夏收进展顺利。", "公司中标轨道交通信号系统项目。",
    "房地产开发投资同比下降。", "黄金价格创下历史新高。",
)  # fmt: skip
"""Sentences of business news that have nothing in common: how alike a query is to them is the zero of likeness."""

_HIGHEST_ZERO: Final = 0.99
_SENTENCE_ENDS: Final = "\n。！？!?；;"


class Library:
    """Vectors and words by text, shared by all viewers: what it knows of a text depends on that text alone.

    It grows with the texts it meets and holds no list of documents; which texts count is each question's to say.
    """

    def __init__(
        self, embedder: Embedder, folder: Path | None = None, advance: Advance | None = None
    ) -> None:
        """Vectors are kept in `folder`, in memory alone where there is none; `advance` is told of those made."""
        self.embedder = embedder
        self._vectors = VectorStore(folder, embedder.fingerprint, embedder.size)
        self._advance = advance
        self._unrelated = self._vectors.of(UNRELATED, embedder.encode)
        self._words = WordIndex()
        self._numbers: dict[bytes, int] = {}
        self._lock = threading.Lock()

    def vectors(self, texts: Sequence[str]) -> Vectors:
        """The vectors of texts, made where they are new."""
        return self._vectors.of(texts, self.embedder.encode, self._advance)

    def vector(self, text: str) -> NDArray[np.float32]:
        """The vector of a text that is not kept, as of a query."""
        found: NDArray[np.float32] = self.embedder.encode([text])[0]
        return found

    def contrast(self, vector: NDArray[np.float32], cosine: NDArray[np.float64]) -> NDArray[np.float64]:
        """Cosines with a vector as 0 for what is no more alike than unrelated business news, to 1 for the same.

        Models differ in how alike they find any two texts; this zero is each model's own for the vector, and the same
        whatever the documents are.
        """
        zero = min(float(np.median(self._unrelated.likeness(vector))), _HIGHEST_ZERO)
        return np.clip((cosine - zero) / (1 - zero), 0, 1)

    def words(self, texts: Sequence[str]) -> tuple[WordIndex, NDArray[np.int64]]:
        """An index of words that holds these texts among others, and their numbers in it."""
        keys = [key_of(text) for text in texts]
        with self._lock:
            new = {key: text for key, text in zip(keys, texts, strict=True) if key not in self._numbers}
            self._words = self._words.extended(list(new.values()))
            for key in new:
                self._numbers[key] = len(self._numbers)
            return self._words, np.array([self._numbers[key] for key in keys], np.int64)


@dataclass(frozen=True)
class Passage:
    """Characters `start` to `end` of a text."""

    start: int
    end: int


def passages(text: str) -> list[Passage]:
    """A text in parts of at most `PASSAGE` characters that end with a sentence where there is an end; none if empty."""
    found, start = [], 0
    while len(text) - start > PASSAGE:
        limit = start + PASSAGE
        cut = max(text.rfind(end, start + PASSAGE // 2, limit) for end in _SENTENCE_ENDS)
        end = cut + 1 if cut >= 0 else limit
        found.append(Passage(start, end))
        start = end
    return [*found, Passage(start, len(text))] if text[start:] else found


@dataclass(frozen=True)
class Passages:
    """The vectors of the passages of many texts: text `i` has those from `first[i]` to `first[i + 1]`."""

    vectors: Vectors
    first: NDArray[np.int64]

    def best(self, vector: NDArray[np.float32]) -> tuple[NDArray[np.float64], NDArray[np.int64]]:
        """Of each text the cosine of its likest passage with a vector, and which passage it is; of equals the first."""
        likeness = self.vectors.likeness(vector)
        best = np.maximum.reduceat(likeness, self.first[:-1])
        same = np.flatnonzero(likeness == np.repeat(best, np.diff(self.first)))
        place = same[np.searchsorted(same, self.first[:-1])]
        return best, place - self.first[:-1]


def passages_of(library: Library, texts: Sequence[tuple[str, str]]) -> Passages:
    """The passages of texts with titles; each is read with its title, and a title alone is a passage."""
    parts = [_told(title, text) for title, text in texts]
    first = np.concatenate([[0], np.cumsum([len(part) for part in parts], dtype=np.int64)])
    return Passages(library.vectors([passage for part in parts for passage in part]), first)


def _told(title: str, text: str) -> list[str]:
    found = [text[part.start : part.end] for part in passages(text)] or [""]
    return [f"{title}\n{passage}" if title and passage else title or passage for passage in found]
