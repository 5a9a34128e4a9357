"""What questions about texts stand on: an embedder, the vectors and words of all texts met so far, and passages."""

from __future__ import annotations

import threading
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.words import WordIndex
from graph.vectors import Advance, Vectors, VectorStore, key_of
from nlp.embedding import Embedder

PASSAGE: Final = 300
"""Most characters of a passage; the vector of a longer text would say little of any part of it."""

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
