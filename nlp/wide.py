"""A linear model over hashed runs of 1 to 3 characters: what single words say, beside what the network reads."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.errors import DataError
from nlp.datasets import Span
from nlp.encoder import Vocabulary

BITS: Final = 16
BUCKETS: Final = 1 << BITS
LONGEST_RUN: Final = 3
_FACTOR: Final = np.uint64(0x9E3779B97F4A7C15)
_SHIFT: Final = np.uint64(64 - BITS)


def runs(characters: NDArray[np.int32]) -> tuple[NDArray[np.int64], NDArray[np.float32]]:
    """The buckets of a text's runs, ascending, and 1 + the logarithm of how often each occurs."""
    ids = characters.astype(np.uint64) + np.uint64(1)
    keys = [ids]
    for _ in range(LONGEST_RUN - 1):
        keys.append(keys[-1][:-1] * _FACTOR + ids[len(keys) :] * np.uint64(0x100000001B3))
    hashes = np.concatenate([(key * _FACTOR) ^ (key >> np.uint64(29)) for key in keys if len(key)] or [ids])
    buckets, counts = np.unique((hashes * _FACTOR) >> _SHIFT, return_counts=True)
    return buckets.astype(np.int64), (1 + np.log(counts)).astype(np.float32)


def marked_characters(vocabulary: Vocabulary, text: str, marks: Sequence[Span]) -> NDArray[np.int32]:
    """Ids of a text in which each mark is one character of its own, with what is marked behind the text."""
    parts: list[NDArray[np.int32]] = []
    named: list[NDArray[np.int32]] = []
    ids, last = vocabulary.characters(text), 0
    for mark in sorted(marks):
        sign = np.array([vocabulary.size + sum(map(ord, mark.label))], np.int32)
        parts += [ids[last : mark.start], sign]
        named += [sign, ids[mark.start : mark.end]]
        last = max(last, mark.end)
    return np.concatenate([*parts, ids[last:], *named])


@dataclass(frozen=True)
class Wide:
    """Weights (buckets, labels) as int8 with a scale a label, what each label starts from, a weight a bucket (idf)."""

    weights: NDArray[np.int8]
    scale: NDArray[np.float32]
    start: NDArray[np.float32]
    rarity: NDArray[np.float32]

    def scores(self, characters: NDArray[np.int32]) -> NDArray[np.float32]:
        """The score of each label, for the ids of a text's characters."""
        buckets, counts = runs(characters)
        values = counts * self.rarity[buckets]
        values /= max(float(np.sqrt((values * values).sum())), 1e-9)
        result: NDArray[np.float32] = (
            values @ self.weights[buckets].astype(np.float32)
        ) * self.scale + self.start
        return result

    def save(self, path: Path) -> None:
        """Write it, packed."""
        np.savez_compressed(
            path,
            weights=self.weights,
            scale=self.scale,
            start=self.start,
            rarity=self.rarity.astype(np.float16),
        )


def load_wide(path: Path) -> Wide:
    """Read what `Wide.save` wrote; `DataError` when it is damaged."""
    try:
        with np.load(path) as stored:
            rarity = stored["rarity"].astype(np.float32)
            return Wide(stored["weights"], stored["scale"], stored["start"], rarity)
    except (OSError, ValueError, KeyError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="install the package again") from error
