"""Text to vectors: one row a character, the same for full width and Traditional forms, stored and read back."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import DataError
from nlp.encoder import UNKNOWN, Vectors, Vocabulary, load_vectors, quantize, save_vectors
from nlp.tagger import MODELS, vectors_of


@given(st.text(alphabet=st.characters(codec=None, exclude_categories=[]), max_size=80))
@settings(max_examples=100, deadline=None)
def test_one_row_for_each_character(text):
    assert vectors_of(MODELS).embed_one(text).shape == (len(text), vectors_of(MODELS).width)


def test_width_and_script_of_a_character_do_not_matter():
    vocabulary = vectors_of(MODELS).vocabulary
    assert list(vocabulary.characters("ＡＢ１％")) == list(vocabulary.characters("AB1%"))
    assert list(vocabulary.characters("證券龍頭")) == list(vocabulary.characters("证券龙头"))
    assert len(set(vocabulary.characters("\t\u3000 \n\x00").tolist())) == 1


def test_a_character_never_seen_is_unknown():
    assert list(vectors_of(MODELS).vocabulary.characters("\U0001f600\U000e0001")) == [UNKNOWN, UNKNOWN]


def test_the_left_bigram_of_a_character_is_the_right_one_of_the_character_before():
    vectors = vectors_of(MODELS)
    size = vectors.bigrams.shape[1]
    rows = vectors.embed_one("上海证券交易所")
    assert (rows[1:, -2 * size : -size] == rows[:-1, -size:]).all()
    assert np.abs(rows[1:-1, -size:]).sum(1).all()


def test_a_batch_is_its_texts_with_zeros_behind():
    vectors = vectors_of(MODELS)
    batch, mask = vectors.embed(["上海", "证券交易所"])
    assert (batch[0, :2] == vectors.embed_one("上海")).all()
    assert not batch[0, 2:].any()
    assert mask.tolist() == [[1, 1, 0, 0, 0], [1, 1, 1, 1, 1]]


def test_tables_are_read_back_as_written(tmp_path):
    random = np.random.default_rng(0)
    vocabulary = Vocabulary(np.arange(50, dtype=np.uint16), np.array([3, 90, 2000]), 50)
    tables = (
        quantize(random.normal(size=(50, 8)).astype(np.float32)),
        quantize(random.normal(size=(5, 4)).astype(np.float32)),
    )
    vectors = Vectors(vocabulary, *tables[0], *tables[1])
    save_vectors(tmp_path / "vectors.npz", vectors)
    again = load_vectors(tmp_path / "vectors.npz")
    assert (again.embed_one("\x05\x06\x07") == vectors.embed_one("\x05\x06\x07")).all()
    assert (again.vocabulary.bigrams == vocabulary.bigrams).all()


def test_damaged_tables_are_an_error_that_names_the_file(tmp_path):
    (tmp_path / "vectors.npz").write_bytes(b"PK nothing")
    with pytest.raises(DataError, match=r"vectors\.npz"):
        load_vectors(tmp_path / "vectors.npz")
    with pytest.raises(DataError, match=r"none\.npz"):
        load_vectors(tmp_path / "none.npz")
