"""Words of texts and what they weigh: character bigrams, words of alphabets and digits, and BM25 over some texts.

BM25 as Robertson & Zaragoza, The Probabilistic Relevance Framework (2009), with the idf that is never negative.
Its statistics are of the texts that count (`weights`), so what a viewer may not see does not enter them.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.names import normal_form

K1: Final = 1.2
"""How soon another occurrence of a word adds little."""

B: Final = 0.75
"""How much longer texts are discounted."""

_NOTHING, _IDEOGRAPH, _LETTER = 0, 1, 2
_FIRST_IDEOGRAPH: Final = 0x2E80
_SHIFT: Final = np.uint64(21)
_WORD: Final = np.uint64(1 << 63)
_BASE: Final = np.uint64(0x9E3779B97F4A7C15)
_MANY: Final = 100_000
_BATCH: Final = 16_384
"""Texts whose words are sorted at a time."""


@dataclass(frozen=True)
class Terms:
    """Words of texts: `text` says of which, `key` what, `start` and `end` where; in no order that means anything."""

    text: NDArray[np.int64]
    key: NDArray[np.uint64]
    start: NDArray[np.int64]
    end: NDArray[np.int64]


def terms_of(texts: Sequence[str]) -> Terms:
    """Each pair of neighbouring ideographs, an ideograph that stands alone, each run of letters and digits.

    Letters are compared in one width, case and script, a character at a time, so offsets index the text as given.
    """
    joined = "\0".join([*texts, ""]).encode("utf-32-le", "surrogatepass")
    codes, kinds = _folded(np.frombuffer(joined, "<u4"))
    lengths = np.fromiter((len(text) + 1 for text in texts), np.int64, len(texts))
    begin = np.concatenate([[0], np.cumsum(lengths)])
    ideograph, letter = kinds == _IDEOGRAPH, kinds == _LETTER
    pairs = np.flatnonzero(ideograph[:-1] & ideograph[1:])
    alone = ideograph.copy()
    alone[1:] &= ~ideograph[:-1]
    alone[:-1] &= ~ideograph[1:]
    single = np.flatnonzero(alone)
    first = np.flatnonzero(letter & ~np.concatenate([[False], letter[:-1]]))
    last = np.flatnonzero(letter & ~np.concatenate([letter[1:], [False]])) + 1
    start = np.concatenate([pairs, single, first])
    end = np.concatenate([pairs + 2, single + 1, last])
    key = np.concatenate(
        [codes[pairs] << _SHIFT | codes[pairs + 1], codes[single] << _SHIFT, _hashed(codes, first, last)]
    )
    text = np.searchsorted(begin, start, side="right") - 1
    return Terms(text, key, start - begin[text], end - begin[text])


def _folded(codes: NDArray[np.uint32]) -> tuple[NDArray[np.uint64], NDArray[np.uint8]]:
    """The characters as they are compared, and of what kind each is."""
    met = np.flatnonzero(np.bincount(codes, minlength=1)) if len(codes) > _MANY else np.unique(codes)
    known = [_form(code) for code in met.tolist()]
    place = np.searchsorted(met, codes)
    form = np.array([form for form, _ in known], np.uint64)
    return form[place], np.array([kind for _, kind in known], np.uint8)[place]


@lru_cache(maxsize=1 << 17)
def _form(code: int) -> tuple[int, int]:
    """A character as it is compared, and its kind; one that becomes several stays as it is."""
    folded = normal_form(chr(code))
    seen = folded if len(folded) == 1 else chr(code)
    if not seen.isalnum():
        return ord(seen), _NOTHING
    return ord(seen), _IDEOGRAPH if ord(seen) >= _FIRST_IDEOGRAPH else _LETTER


def _hashed(codes: NDArray[np.uint64], first: NDArray[np.intp], last: NDArray[np.intp]) -> NDArray[np.uint64]:
    """A number for each run of letters, from its characters and their places in it."""
    if not len(first):
        return np.zeros(0, np.uint64)
    lengths = last - first
    begin = np.cumsum(lengths) - lengths
    place = np.arange(int(lengths.sum())) - np.repeat(begin, lengths)
    powers = np.full(int(lengths.max()), _BASE)
    powers[0] = 1
    powers = np.multiply.accumulate(powers)
    at = place + np.repeat(first, lengths)
    return np.add.reduceat(codes[at] * powers[place], begin) | _WORD


@dataclass(frozen=True)
class Postings:
    """In which texts each word stands: those of `keys[i]` are `texts[first[i]:first[i + 1]]`, `counts` times each."""

    keys: NDArray[np.uint64]
    first: NDArray[np.int64]
    texts: NDArray[np.int32]
    counts: NDArray[np.int32]

    def of(self, key: int) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The texts with a word, ascending, and how often each has it."""
        place = int(np.searchsorted(self.keys, np.uint64(key)))
        if place == len(self.keys) or self.keys.item(place) != key:
            return self.texts[:0], self.counts[:0]
        part = slice(self.first.item(place), self.first.item(place + 1))
        return self.texts[part], self.counts[part]

    def __len__(self) -> int:
        return len(self.texts)


def _postings(key: NDArray[np.uint64], text: NDArray[np.int32], counts: NDArray[np.int32]) -> Postings:
    """From words in any order; a word and a text that come twice are added up."""
    order = np.lexsort((text, key))
    key, text, counts = key[order], text[order], counts[order]
    fresh = np.ones(len(key), np.bool_)
    fresh[1:] = (key[1:] != key[:-1]) | (text[1:] != text[:-1])
    at = np.flatnonzero(fresh)
    counts = np.add.reduceat(counts, at) if len(at) else counts
    key, text = key[at], text[at]
    new = np.ones(len(key), np.bool_)
    new[1:] = key[1:] != key[:-1]
    first = np.flatnonzero(new)
    return Postings(key[first], np.append(first, len(key)), text, counts.astype(np.int32))


def _joined(one: Postings, other: Postings) -> Postings:
    keys = np.concatenate([np.repeat(part.keys, np.diff(part.first)) for part in (one, other)])
    texts = np.concatenate([one.texts, other.texts])
    return _postings(keys, texts, np.concatenate([one.counts, other.counts]))


@dataclass(frozen=True)
class WordIndex:
    """The words of texts, numbered as they came; immutable, so that who reads one may go on while another grows."""

    parts: tuple[Postings, ...] = ()
    lengths: NDArray[np.int32] = field(default_factory=lambda: np.zeros(0, np.int32))
    """How many words each text has."""

    def __len__(self) -> int:
        return len(self.lengths)

    def extended(self, texts: Sequence[str]) -> WordIndex:
        """This index with more texts, numbered on; a part swallows those that are not larger, so there are few."""
        index = self
        for start in range(0, len(texts), _BATCH):
            index = index._with(texts[start : start + _BATCH])
        return index

    def _with(self, texts: Sequence[str]) -> WordIndex:
        found = terms_of(texts)
        numbers = (found.text + len(self)).astype(np.int32)
        made = _postings(found.key, numbers, np.ones(len(numbers), np.int32))
        parts = list(self.parts)
        while parts and len(parts[-1]) <= len(made):
            made = _joined(parts.pop(), made)
        lengths = np.bincount(found.text, minlength=len(texts)).astype(np.int32)
        return WordIndex((*parts, made), np.concatenate([self.lengths, lengths]))

    def scores(self, words: Sequence[int], weights: NDArray[np.int64]) -> NDArray[np.float64]:
        """BM25 of each text for some words, as a share of the most that any text could reach: from 0 to below 1.

        Args:
            words: Keys of the words asked for, each once.
            weights: How many of the documents that count have each of the first texts; a later text has none.
        """
        total = np.zeros(len(weights))
        documents = int(weights.sum())
        lengths = self.lengths[: len(weights)]
        mean = int((weights * lengths).sum()) / max(documents, 1)
        discount = K1 * (1 - B + B * lengths / max(mean, 1e-9))
        most = 0.0
        for word in sorted(words):
            texts, counts = self._counting(word, weights)
            having = int(weights[texts].sum())
            idf = math.log(1 + (documents - having + 0.5) / (having + 0.5))
            most += idf
            total[texts] += idf * counts / (counts + discount[texts])
        return total / most if most else total

    def _counting(self, word: int, weights: NDArray[np.int64]) -> tuple[NDArray[np.int32], NDArray[np.int32]]:
        """The texts with a word that count."""
        found = [part.of(word) for part in self.parts]
        texts = np.concatenate([texts for texts, _ in found] or [np.zeros(0, np.int32)])
        counts = np.concatenate([counts for _, counts in found] or [np.zeros(0, np.int32)])
        there = texts < len(weights)
        texts, counts = texts[there], counts[there]
        counting = weights[texts] > 0
        return texts[counting], counts[counting]
