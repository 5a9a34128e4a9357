"""The store of vectors: exact products, kept by text, shared by processes, honest about damage."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import DataError
from graph.vectors import VectorStore, key_of

SIZE = 48


class Encoder:
    """A vector for each text, from its hash alone; remembers what it was asked."""

    def __init__(self) -> None:
        self.asked: list[str] = []

    def __call__(self, texts: Sequence[str]) -> np.ndarray:
        self.asked += texts
        return vectors(texts)


def vectors(texts: Sequence[str]) -> np.ndarray:
    made = np.zeros((len(texts), SIZE), np.float32)
    for row, text in enumerate(texts):
        if text:
            vector = np.random.default_rng(list(key_of(text))).normal(size=SIZE)
            made[row] = vector / np.linalg.norm(vector)
    return made


def test_likeness_is_the_cosine_within_the_rounding_of_int8():
    texts = [f"text {i}" for i in range(50)]
    found = VectorStore(None, "m", SIZE).of(texts, vectors).likeness(vectors(["text 3"])[0])
    exact = vectors(texts) @ vectors(["text 3"])[0]
    assert np.abs(found - exact).max() < 0.01
    assert found[3] == 1.0
    assert (VectorStore(None, "m", SIZE).of([""], vectors).likeness(vectors(["a"])[0]) == 0).all()


@given(
    texts=st.lists(st.text(max_size=4), min_size=1, max_size=30),
    others=st.lists(st.text(max_size=4), max_size=30),
    query=st.text(min_size=1, max_size=4),
)
def test_other_texts_change_no_bit(texts, others, query):
    asked = vectors([query])[0]
    alone = VectorStore(None, "m", SIZE).of(texts, vectors).likeness(asked)
    crowded = VectorStore(None, "m", SIZE)
    crowded.of(others, vectors)
    assert (crowded.of([*others, *texts], vectors).likeness(asked)[len(others) :] == alone).all()


def test_a_text_is_encoded_once_and_by_all_processes(tmp_path):
    encoder = Encoder()
    store = VectorStore(tmp_path, "m", SIZE)
    texts = [f"text {i}" for i in range(5)]
    first = store.of([*texts, *texts], encoder)
    assert encoder.asked == texts
    other = VectorStore(tmp_path, "m", SIZE).of(texts, encoder)
    assert encoder.asked == texts
    assert (first.likeness(vectors(["a"])[0])[:5] == other.likeness(vectors(["a"])[0])).all()


def test_files_stay_few_and_what_was_given_stays_good(tmp_path):
    store, other = (VectorStore(tmp_path, "m", SIZE) for _ in range(2))
    texts = [f"text {i}" for i in range(100)]
    early = store.of(texts[:1], vectors)
    for i in range(100):
        (store if i % 3 else other).of(texts[i : i + 1], vectors)
    assert len(list(tmp_path.rglob("*.npy"))) < 10
    asked = vectors(["a"])[0]
    fresh = VectorStore(None, "m", SIZE).of(texts, vectors).likeness(asked)
    assert (store.of(texts, vectors).likeness(asked) == fresh).all()
    assert early.likeness(asked)[0] == fresh[0]


def test_models_do_not_mix(tmp_path):
    encoder = Encoder()
    for model in ("m", "n"):
        VectorStore(tmp_path, model, SIZE).of(["text"], encoder)
    assert encoder.asked == ["text", "text"]


def test_progress_is_told():
    told: list[tuple[str, int]] = []
    VectorStore(None, "m", SIZE).of(["a", "b"], vectors, lambda name, count: told.append((name, count)))
    assert told == [("向量 vectors", 2)]


def test_a_damaged_file_is_named(tmp_path):
    VectorStore(tmp_path, "m", SIZE).of(["text"], vectors)
    [path] = tmp_path.rglob("*.npy")
    path.write_bytes(b"not numpy")
    with pytest.raises(DataError, match=path.name):
        VectorStore(tmp_path, "m", SIZE).of(["text"], vectors)
