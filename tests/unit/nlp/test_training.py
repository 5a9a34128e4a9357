"""Training, in small: what is learned, the CRF's loss by hand, the int8 export against the network itself."""

from __future__ import annotations

import itertools
from typing import Any

import numpy as np
import pytest

torch: Any = pytest.importorskip("torch", reason="training needs the extra guanxi[train]")
pytest.importorskip("onnx", reason="training needs the extra guanxi[train]")

from nlp.datasets import LabelledText, Span, TaggedText, TextPair  # noqa: E402 - after the check for torch
from nlp.encoder import Vectors, Vocabulary, quantize, save_vectors  # noqa: E402
from nlp.tagger import Classifier, SentenceEncoder, Tagger  # noqa: E402
from nlp.training.corpus import RUN, code_points, run_hashes  # noqa: E402
from nlp.training.finetune import Feeder, Prepared, Recipe, Start, make, ship  # noqa: E402
from nlp.training.network import Crf  # noqa: E402
from nlp.training.pretrain import mask_rows  # noqa: E402
from nlp.viterbi import legal_steps, tag_count  # noqa: E402

LETTERS = "甲乙丙丁戊己庚辛在与"


@pytest.fixture(scope="module")
def vectors():
    random = np.random.default_rng(0)
    ids = np.zeros(0x10000, np.uint16)
    ids[[ord(letter) for letter in LETTERS]] = np.arange(4, 4 + len(LETTERS))
    vocabulary = Vocabulary(ids, np.arange(0, 196, 3), 14)
    tables = [random.normal(size=(rows, width)).astype(np.float32) for rows, width in ((14, 16), (68, 8))]
    return Vectors(vocabulary, *quantize(tables[0]), *quantize(tables[1]))


@pytest.fixture
def folder(tmp_path, vectors):
    (tmp_path / "vectors").mkdir()
    save_vectors(tmp_path / "vectors" / "vectors.npz", vectors)
    return tmp_path


def texts(count):
    random = np.random.default_rng(1)
    return ["".join(random.choice(list(LETTERS), 8)) for _ in range(count)]


def shipped(name, examples, vectors, folder):
    made = make(name, examples, vectors_start(vectors))
    sample = [Prepared(getattr(e, "text", ""), getattr(e, "marks", ())) for e in examples[:32]]
    ship(made, vectors, sample, folder / name)
    return made, sample


def vectors_start(vectors):
    return Start(vectors, None, Recipe(epochs=6, batch=16, encoder_rate=1e-3), 7)


def test_a_tagger_learns_a_rule_and_ships_it(vectors, folder):
    examples = [
        TaggedText(text, tuple(Span(i, i + 1, "x") for i, letter in enumerate(text) if letter == "甲"))
        for text in texts(160)
    ]
    shipped("rule", examples, vectors, folder)
    found = Tagger("rule", folder).spans([example.text for example in examples])
    right = sum(spans == example.spans for spans, example in zip(found, examples, strict=True))
    assert right > 0.9 * len(examples)


def test_the_shipped_classifier_answers_as_the_network_does(vectors, folder):
    marks = (Span(0, 1, "head"), Span(3, 5, "tail"))
    examples = [LabelledText(text, "yes" if "甲" in text else "no", marks) for text in texts(64)]
    made, sample = shipped("yes", examples, vectors, folder)
    with torch.no_grad():
        wanted = torch.softmax(made.model(*Feeder(vectors, made.marks).tensors(sample)), 1).numpy()
    got = Classifier("yes", folder).probabilities([s.text for s in sample], [s.marks for s in sample])
    assert np.abs(wanted - got).max() < 0.1
    assert np.abs(wanted - got).mean() < 0.02


def test_a_sentence_encoder_gives_unit_vectors(vectors, folder):
    pairs = [TextPair(a, b, float(len(set(a) & set(b)))) for a, b in itertools.pairwise(texts(40))]
    made = make("pair", pairs, vectors_start(vectors))
    ship(made, vectors, [Prepared(pair.left, ()) for pair in pairs], folder / "pair")
    table = SentenceEncoder("pair", folder).encode(["甲乙", "", "丙"])
    assert np.allclose((table**2).sum(1), [1, 0, 1], atol=1e-5)


def test_the_same_seed_gives_the_same_network(vectors):
    examples = [TaggedText(text, (Span(0, 2, "x"),)) for text in texts(32)]
    one, other = (make("same", examples, vectors_start(vectors)) for _ in range(2))
    assert one.losses == other.losses


def test_the_loss_of_the_crf_is_that_of_all_sequences():
    tags, length = tag_count(1), 3
    crf = Crf(*[torch.from_numpy(table) for table in legal_steps(1)])
    with torch.no_grad():
        crf.steps.normal_()
    emissions = torch.randn(1, length, tags)
    steps, first, last = (table.detach() for table in crf.tables())

    def score(path):
        inner = sum(float(steps[a, b]) for a, b in itertools.pairwise(path))
        return (
            float(first[path[0]] + last[path[-1]])
            + inner
            + sum(float(emissions[0, i, t]) for i, t in enumerate(path))
        )

    path = (1, 2, 3)
    total = np.logaddexp.reduce([score(p) for p in itertools.product(range(tags), repeat=length)])
    loss = crf.loss(emissions, torch.tensor([path]), torch.ones(1, length))
    assert loss.item() == pytest.approx(total - score(path), abs=1e-3)


def test_masking_hides_the_character_and_every_bigram_that_touches_it():
    rows = np.random.default_rng(0).integers(4, 14, (8, 40)).astype(np.uint16)
    vocabulary = Vocabulary(np.zeros(1, np.uint16), np.arange(196), 14)
    batch = mask_rows(rows, vocabulary, np.random.default_rng(1))
    hidden = (batch.characters == 2).numpy()
    assert (rows[hidden] == batch.answers.numpy()).all()
    assert (batch.left.numpy()[hidden] == 1).all()
    assert (batch.right.numpy()[hidden] == 1).all()
    assert (batch.left.numpy()[:, 1:][hidden[:, :-1]] == 1).all()
    assert 0.08 < hidden.mean() < 0.25


def test_a_shared_run_of_characters_is_found():
    text = "第一季度营业收入增长百分之二十三净利润下降百分之四"
    mine = run_hashes(code_points(f"前文{text}后文"))
    assert np.isin(run_hashes(code_points(text)), mine).all()
    assert len(run_hashes(code_points(text[: RUN - 1]))) == 0
    assert not np.isin(run_hashes(code_points("完全不同的一段文字" * 4)), mine).any()
