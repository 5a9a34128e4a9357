"""Vectors of whole texts: the shipped encoder, a sentence-transformers model made here, and what goes wrong."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import numpy as np
import pytest

from graph.errors import DataError
from nlp.embedding import SentenceTransformerEmbedder, ShippedEmbedder, embedder

TEXTS = ("甲江医药的新药获得批准。", "乙河药业的抗癌药上市。", "丙山钢铁减产。" * 60, "a", "😀\0")


@pytest.fixture(scope="module")
def shipped() -> ShippedEmbedder:
    return ShippedEmbedder()


def test_vectors_have_length_one(shipped):
    made = shipped.encode(TEXTS)
    assert made.shape == (len(TEXTS), shipped.size)
    assert np.allclose(np.linalg.norm(made, axis=1), 1, atol=1e-5)


def test_an_empty_text_has_no_direction(shipped):
    assert not shipped.encode([""]).any()
    assert shipped.encode([]).shape == (0, shipped.size)


def test_a_vector_depends_on_its_text_alone_to_the_last_bit(shipped):
    together = shipped.encode(TEXTS)
    assert all((together[i] == shipped.encode([text])[0]).all() for i, text in enumerate(TEXTS))


def test_what_means_alike_lies_nearer(shipped):
    one, other, far = shipped.encode(["新药获得批准上市", "抗癌药物获批", "螺纹钢产量下降"])
    assert one @ other > one @ far


def test_the_default_is_the_shipped_one_and_its_fingerprint_stays(shipped):
    assert embedder().fingerprint == shipped.fingerprint == ShippedEmbedder().fingerprint


def test_without_the_extra_the_error_says_what_to_install(monkeypatch):
    def absent(name: str) -> None:
        raise ImportError(f"No module named {name!r}")

    monkeypatch.setattr(importlib, "import_module", absent)
    with pytest.raises(DataError, match="sentence_transformers") as caught:
        embedder("any/model")
    assert "guanxi[transformers]" in caught.value.hint


@pytest.fixture(scope="module")
def tiny_model(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A random BERT of two small layers, saved as sentence-transformers saves models."""
    pytest.importorskip("sentence_transformers", reason="the extra guanxi[transformers] is not installed")
    torch = importlib.import_module("torch")
    transformers = importlib.import_module("transformers")
    folder = tmp_path_factory.mktemp("model")
    words = [
        "[PAD]",
        "[UNK]",
        "[CLS]",
        "[SEP]",
        "[MASK]",
        *sorted({c for text in TEXTS for c in text if c > " "}),
    ]
    (folder / "vocab.txt").write_text("\n".join(words) + "\n", encoding="utf-8")
    torch.manual_seed(7)
    config = transformers.BertConfig(
        vocab_size=len(words), hidden_size=32, num_hidden_layers=2, num_attention_heads=2,
        intermediate_size=64, max_position_embeddings=64,
    )  # fmt: skip
    transformers.BertModel(config).save_pretrained(folder)
    transformers.BertTokenizer(str(folder / "vocab.txt")).save_pretrained(folder)
    pooling = folder / "1_Pooling"
    pooling.mkdir()
    (pooling / "config.json").write_text(
        json.dumps({"word_embedding_dimension": 32, "pooling_mode_mean_tokens": True})
    )
    kind = "sentence_transformers.models."
    modules = [
        {"idx": 0, "name": "0", "path": "", "type": kind + "Transformer"},
        {"idx": 1, "name": "1", "path": "1_Pooling", "type": kind + "Pooling"},
    ]
    (folder / "modules.json").write_text(json.dumps(modules))
    (folder / "sentence_bert_config.json").write_text(
        json.dumps({"max_seq_length": 64, "do_lower_case": False})
    )
    return folder


@pytest.mark.filterwarnings("ignore")
def test_a_sentence_transformers_model_takes_its_place(tiny_model):
    made = embedder(str(tiny_model))
    assert isinstance(made, SentenceTransformerEmbedder)
    assert made.size == 32
    together = made.encode([*TEXTS[:3], ""])
    assert np.allclose(np.linalg.norm(together[:3], axis=1), 1, atol=1e-5)
    assert not together[3].any()
    assert all((together[i] == made.encode([text])[0]).all() for i, text in enumerate(TEXTS[:3]))
    assert made.fingerprint == embedder(str(tiny_model)).fingerprint != ShippedEmbedder().fingerprint


@pytest.mark.filterwarnings("ignore")
def test_a_model_that_is_not_here_is_not_fetched(tiny_model):
    assert tiny_model.is_dir()
    with pytest.raises(DataError, match="not on this machine"):
        embedder("guanxi-tests/no-such-model")


@pytest.mark.filterwarnings("ignore")
def test_a_damaged_model_is_named(tiny_model, tmp_path):
    (tmp_path / "modules.json").write_text("[{]")
    assert tiny_model.is_dir()
    with pytest.raises(DataError, match="cannot be loaded"):
        embedder(str(tmp_path))
