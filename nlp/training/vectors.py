"""The vocabulary and its skip-gram vectors: characters (128) and bigrams (64), by gensim over the raw text."""

from __future__ import annotations

import logging
from pathlib import Path

import numpy as np
from gensim.models import Word2Vec
from numpy.typing import NDArray

from nlp.encoder import FIRST_CHARACTER, PAD, SPACE_ID, UNKNOWN, Vocabulary
from nlp.training.corpus import CODE_POINTS, SEPARATOR, SPACE, Corpus

log = logging.getLogger(__name__)

CHARACTER_SIZE = 128
BIGRAM_SIZE = 64
MIN_CHARACTER = 20
MIN_BIGRAM = 60
MAX_BIGRAMS = 130_000
EVERY = {1: 2, 2: 3}
"""Characters are learned from every second document, bigrams from every third: what the time allowed."""

LINE = 1000
"""gensim reads lines of at most 10,000 words from a file."""

NO_SPACE = 0xE000
"""Stands for the space inside words, which a space would break (private use)."""


def build_vocabulary(
    corpus: Corpus, fold: NDArray[np.uint32]
) -> tuple[Vocabulary, NDArray[np.int64], NDArray[np.int64]]:
    """Characters and bigrams that are frequent enough, and their counts in the order of their ids."""
    counts = np.bincount(corpus.text, minlength=CODE_POINTS)
    counts[[SEPARATOR, SPACE]] = 0
    frequent = np.flatnonzero(counts >= MIN_CHARACTER)
    frequent = frequent[np.argsort(-counts[frequent], kind="stable")]
    ids = np.full(CODE_POINTS, UNKNOWN, np.uint16)
    ids[frequent] = np.arange(FIRST_CHARACTER, FIRST_CHARACTER + len(frequent), dtype=np.uint16)
    ids[SPACE] = SPACE_ID
    ids[SEPARATOR] = PAD
    size = FIRST_CHARACTER + len(frequent)
    pair_counts = np.zeros(size * size, np.int64)
    for start in range(0, len(corpus.text), 10_000_000):
        character = ids[corpus.text[start : start + 10_000_001]].astype(np.int64)
        pair_counts += np.bincount(character[:-1] * size + character[1:], minlength=size * size)
    pairs = np.flatnonzero(pair_counts >= MIN_BIGRAM)
    pairs = pairs[np.argsort(-pair_counts[pairs], kind="stable")][:MAX_BIGRAMS]
    character_counts = np.bincount(ids[corpus.text], minlength=size)
    bigram_counts = pair_counts[np.sort(pairs)]
    folded = ids[fold]
    folded[0] = SPACE_ID
    log.info("%d characters, %d bigrams", size, len(pairs))
    return Vocabulary(folded, np.sort(pairs), size), character_counts, bigram_counts


def _write_lines(corpus: Corpus, path: Path, width: int) -> tuple[int, int]:
    """Words of `width` characters, a space between them, as gensim reads them; returns lines and words."""
    lines = words = 0
    start = 0
    with path.open("w", encoding="utf-8") as out:
        for number, end in enumerate(corpus.ends):
            if number % EVERY[width]:
                start = end + 1
                continue
            document = np.where(corpus.text[start:end] == SPACE, NO_SPACE, corpus.text[start:end])
            for place in range(0, max(len(document) - width + 1, 0), LINE):
                part = document[place : place + LINE + width - 1]
                count = len(part) - width + 1
                table = np.full((count, width + 1), SPACE, "<u4")
                for column in range(width):
                    table[:, column] = part[column : column + count]
                out.write(table.tobytes().decode("utf-32-le"))
                out.write("\n")
                lines += 1
                words += count
            start = end + 1
    return lines, words


def _train(corpus: Corpus, scratch: Path, frequency: dict[str, int], size: int, seed: int) -> Word2Vec:
    width = len(next(iter(frequency)))
    path = scratch / f"words{width}.txt"
    lines, words = _write_lines(corpus, path, width)
    log.info("skip-gram over %d words of %d characters, %d kinds", words, width, len(frequency))
    # One worker a model: with more, the order of updates and so the figures would differ from run to run.
    model = Word2Vec(
        vector_size=size, window=5, negative=5, sample=1e-5, sg=1, workers=1, seed=seed, min_count=1
    )
    model.build_vocab_from_freq(frequency)
    model.train(corpus_file=str(path), total_examples=lines, total_words=words, epochs=1)
    path.unlink()
    return model


def _table(model: Word2Vec, words: list[str], size: int) -> NDArray[np.float32]:
    table = np.zeros((len(words), size), np.float32)
    for row, word in enumerate(words):
        if word and word in model.wv:
            table[row] = model.wv[word]
    return np.asarray(table / table[np.abs(table).sum(1) > 0].std(), np.float32)


def words_of(vocabulary: Vocabulary, fold: NDArray[np.uint32]) -> tuple[list[str], list[str]]:
    """The characters and the bigrams by id; "" where an id stands for no word."""
    characters = [""] * vocabulary.size
    for code in range(CODE_POINTS - 1, 0, -1):
        if fold[code] == code and vocabulary.character_ids[code] >= FIRST_CHARACTER:
            characters[vocabulary.character_ids[code]] = chr(code)
    characters[SPACE_ID] = chr(NO_SPACE)
    left, right = np.divmod(vocabulary.bigrams, vocabulary.size)
    pairs = [
        characters[a] + characters[b] if characters[a] and characters[b] else ""
        for a, b in zip(left, right, strict=True)
    ]
    return characters, ["", "", *pairs]


def train_characters(
    corpus: Corpus, words: list[str], counts: NDArray[np.int64], scratch: Path, seed: int
) -> NDArray[np.float32]:
    """Vectors of the characters, shape (characters, 128), of unit standard deviation."""
    frequency = {word: int(count) for word, count in zip(words, counts, strict=True) if word and count}
    return _table(_train(corpus, scratch, frequency, CHARACTER_SIZE, seed), words, CHARACTER_SIZE)


def train_bigrams(
    corpus: Corpus, words: list[str], counts: NDArray[np.int64], scratch: Path, seed: int
) -> NDArray[np.float32]:
    """Vectors of the bigrams, shape (bigrams + 2, 64), of unit standard deviation; rows 0 and 1 are zero."""
    frequency = {word: int(count) for word, count in zip(words[2:], counts, strict=True) if word}
    return _table(_train(corpus, scratch, frequency, BIGRAM_SIZE, seed), words, BIGRAM_SIZE)
