"""The linear part of a head of labels: logistic regression over hashed runs of characters, as `nlp.wide` reads it."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_matrix
from sklearn.linear_model import LogisticRegression

from nlp.datasets import Span
from nlp.encoder import Vocabulary
from nlp.training.stages import SEED
from nlp.wide import BUCKETS, Wide, marked_characters, runs

STRENGTH = 30.0
"""Inverse of the penalty on the weights."""

LEVELS = 127


def fit(vocabulary: Vocabulary, texts: Sequence[tuple[str, Sequence[Span]]], gold: NDArray[np.int64]) -> Wide:
    """The model of texts with their marks; `gold` is a label each, (texts,), or one 0 or 1 a label, (texts, labels)."""
    table, rarity = _table([marked_characters(vocabulary, text, marks) for text, marks in texts])
    columns = gold if gold.ndim > 1 else np.eye(gold.max() + 1, dtype=np.int64)[gold]
    fitted = [_logistic().fit(table, column) for column in columns.T]
    weights = np.stack([model.coef_[0] for model in fitted], axis=1)
    start = np.array([model.intercept_[0] for model in fitted])
    scale = np.maximum(np.abs(weights).max(axis=0), 1e-8) / LEVELS
    return Wide(
        np.round(weights / scale).astype(np.int8),
        scale.astype(np.float32),
        start.astype(np.float32),
        rarity.astype(np.float16).astype(np.float32),
    )


def _logistic() -> LogisticRegression:
    """One label against the rest: for forty labels a hundred times as fast as all in one model."""
    return LogisticRegression(C=STRENGTH, solver="liblinear", random_state=SEED)


def _table(texts: Sequence[NDArray[np.int32]]) -> tuple[csr_matrix, NDArray[np.float64]]:
    """Rows of unit length (texts, buckets), and the weight of each bucket: the rarer, the more (idf)."""
    found = [runs(characters) for characters in texts]
    ends = np.cumsum([0, *(len(buckets) for buckets, _ in found)])
    columns = np.concatenate([buckets for buckets, _ in found])
    texts_with = np.bincount(columns, minlength=BUCKETS)
    rarity = np.log((1 + len(texts)) / (1 + texts_with)) + 1
    rarity[texts_with <= 1] = 0
    values = np.concatenate([counts for _, counts in found]) * rarity[columns]
    rows = np.repeat(np.arange(len(texts)), np.diff(ends))
    norms = np.sqrt(np.bincount(rows, weights=values * values, minlength=len(texts)))
    values /= np.maximum(norms[rows], 1e-9)
    return csr_matrix((values, columns, ends), shape=(len(texts), BUCKETS)), rarity
