"""Text to numbers: each character with the bigrams on its left and right, as ids and as vectors; numpy alone."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from graph.errors import DataError

PAD, UNKNOWN, MASK, SPACE_ID, FIRST_CHARACTER = 0, 1, 2, 3, 4
"""Ids of what is no character; `PAD` is also the text's edge in a bigram."""

UNKNOWN_BIGRAM, MASK_BIGRAM, FIRST_BIGRAM = 0, 1, 2


@dataclass(frozen=True)
class Vocabulary:
    """`character_ids`: id by code point; `bigrams`: sorted keys left * size + right; `size`: how many ids."""

    character_ids: NDArray[np.uint16]
    bigrams: NDArray[np.int64]
    size: int

    def characters(self, text: str) -> NDArray[np.int32]:
        """The id of each character, shape (len(text),); one id a character, whatever it is."""
        codes = np.frombuffer(text.encode("utf-32-le", "surrogatepass"), dtype="<u4")
        known = codes < len(self.character_ids)
        return np.where(known, self.character_ids[np.where(known, codes, 0)], UNKNOWN).astype(np.int32)

    def pairs(self, characters: NDArray[np.int32]) -> NDArray[np.int32]:
        """Bigram ids over ids with an edge on both sides, shape (len + 1,): [i] is left of i, [i + 1] right of it."""
        edged = np.zeros(len(characters) + 2, np.int64)
        edged[1:-1] = characters
        keys = edged[:-1] * self.size + edged[1:]
        place = np.minimum(np.searchsorted(self.bigrams, keys), len(self.bigrams) - 1)
        return np.where(self.bigrams[place] == keys, place + FIRST_BIGRAM, UNKNOWN_BIGRAM).astype(np.int32)


@dataclass(frozen=True)
class Vectors:
    """The embedding tables as int8 with a scale a row: characters (·, 128) and bigrams (·, 64)."""

    vocabulary: Vocabulary
    characters: NDArray[np.int8]
    character_scale: NDArray[np.float32]
    bigrams: NDArray[np.int8]
    bigram_scale: NDArray[np.float32]

    @property
    def width(self) -> int:
        """How many numbers stand for one character."""
        return int(self.characters.shape[1] + 2 * self.bigrams.shape[1])

    def embed(self, texts: Sequence[str]) -> tuple[NDArray[np.float32], NDArray[np.float32]]:
        """Vectors of a batch, (texts, longest, width), and which places hold text, (texts, longest), 1 or 0."""
        longest = max((len(text) for text in texts), default=0)
        batch = np.zeros((len(texts), longest, self.width), np.float32)
        mask = np.zeros((len(texts), longest), np.float32)
        for row, text in enumerate(texts):
            batch[row, : len(text)] = self.embed_one(text)
            mask[row, : len(text)] = 1
        return batch, mask

    def embed_one(self, text: str) -> NDArray[np.float32]:
        """Vectors of one text, shape (len(text), width)."""
        ids = self.vocabulary.characters(text)
        pairs = self.vocabulary.pairs(ids)
        bigrams = self.bigrams[pairs] * self.bigram_scale[pairs, None]
        characters = self.characters[ids] * self.character_scale[ids, None]
        return np.concatenate([characters, bigrams[:-1], bigrams[1:]], axis=1, dtype=np.float32)


def quantize(table: NDArray[np.float32]) -> tuple[NDArray[np.int8], NDArray[np.float32]]:
    """A table as int8 and a scale for each row."""
    scale = np.maximum(np.abs(table).max(axis=1), 1e-8) / 127
    return np.round(table / scale[:, None]).astype(np.int8), scale.astype(np.float32)


def save_vectors(path: Path, vectors: Vectors) -> None:
    """Write the tables; the bigrams' keys as differences, which pack well."""
    np.savez_compressed(
        path,
        character_ids=vectors.vocabulary.character_ids,
        bigram_steps=np.diff(vectors.vocabulary.bigrams, prepend=0).astype(np.int32),
        characters=vectors.characters,
        character_scale=vectors.character_scale,
        bigrams=vectors.bigrams,
        bigram_scale=vectors.bigram_scale,
    )


def load_vectors(path: Path) -> Vectors:
    """Read what `save_vectors` wrote; `DataError` when it is missing or damaged."""
    try:
        with np.load(path) as stored:
            arrays = dict(stored)
        vocabulary = Vocabulary(
            arrays["character_ids"],
            np.cumsum(arrays["bigram_steps"].astype(np.int64)),
            len(arrays["characters"]),
        )
        return Vectors(
            vocabulary,
            arrays["characters"],
            arrays["character_scale"],
            arrays["bigrams"],
            arrays["bigram_scale"],
        )
    except (OSError, ValueError, KeyError) as error:
        raise DataError(
            f"{path}: the vectors cannot be read: {error}",
            hint="install the package again, or run make models",
        ) from error
