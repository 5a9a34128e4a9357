"""Tags and spans: what BIOES allows, Viterbi against trying every sequence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.datasets import Span, spans_of_bmes
from nlp.viterbi import best_tags, confidences, decode, encode, legal_steps, likeliest_span, tag_count

LABELS = ("company", "name")


@st.composite
def disjoint_spans(draw):
    cuts = sorted(draw(st.sets(st.integers(0, 30), max_size=10)))
    pairs = list(itertools.pairwise(cuts))[::2]
    return [Span(start, end, draw(st.sampled_from(LABELS))) for start, end in pairs]


@given(disjoint_spans())
def test_tags_of_spans_give_the_spans_back(spans):
    assert list(decode(encode(30, spans, LABELS), LABELS)) == spans


@given(disjoint_spans())
def test_tags_of_spans_are_legal(spans):
    tags = encode(30, spans, LABELS)
    legal, first, last = legal_steps(len(LABELS))
    assert first[tags[0]]
    assert last[tags[-1]]
    assert legal[tags[:-1], tags[1:]].all()


def test_of_overlapping_spans_the_longer_one_is_kept():
    assert decode(encode(6, [Span(0, 2, "name"), Span(1, 5, "company")], LABELS), LABELS) == (
        Span(1, 5, "company"),
    )


class Sequences:
    """A random CRF over one or two labels, and the score of every sequence of tags by hand."""

    def __init__(self, seed, length, labels):
        random = np.random.default_rng(seed)
        tags = tag_count(labels)
        self.emissions = random.normal(size=(length, tags)).astype(np.float32)
        legal, first, last = legal_steps(labels)
        self.steps = np.where(legal, random.normal(size=(tags, tags)), -1e4).astype(np.float32)
        self.first = np.where(first, random.normal(size=tags), -1e4).astype(np.float32)
        self.last = np.where(last, 0, -1e4).astype(np.float32)
        self.all = {path: self.score(path) for path in itertools.product(range(tags), repeat=length)}

    def score(self, path):
        inner = sum(self.steps[a, b] for a, b in itertools.pairwise(path))
        return (
            self.first[path[0]]
            + self.last[path[-1]]
            + inner
            + sum(self.emissions[i, t] for i, t in enumerate(path))
        )

    @property
    def crf(self):
        return self.steps, self.first, self.last


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("length", "labels"), [(1, 1), (2, 2), (4, 1), (3, 2)])
def test_viterbi_is_the_best_of_all_sequences(seed, length, labels):
    made = Sequences(seed, length, labels)
    assert tuple(best_tags(made.emissions, *made.crf)) == max(made.all, key=made.score)


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize(("length", "labels"), [(1, 1), (4, 1), (3, 2)])
def test_the_confidence_of_a_span_is_the_share_of_all_sequences_that_have_it(seed, length, labels):
    made = Sequences(seed, length, labels)
    path = best_tags(made.emissions, *made.crf)
    spans = [(start, end) for start in range(length) for end in range(start + 1, length + 1)]
    weights = {p: np.exp(score) for p, score in made.all.items()}
    wanted = [
        sum(w for p, w in weights.items() if p[a:b] == tuple(path[a:b])) / sum(weights.values())
        for a, b in spans
    ]
    assert confidences(made.emissions, made.crf, path, np.array(spans)) == pytest.approx(wanted, abs=1e-5)


@pytest.mark.parametrize("seed", range(5))
def test_the_likeliest_span_is_that_of_the_largest_share(seed):
    made = Sequences(seed, 4, 1)
    weights = {path: np.exp(score) for path, score in made.all.items()}
    shares = {}
    for path, weight in ((path, weight) for path, weight in weights.items() if weight):
        for span in decode(np.array(path), LABELS[:1]):
            shares[span] = shares.get(span, 0) + weight / sum(weights.values())
    wanted = max(shares, key=shares.__getitem__)
    start, end, sure = likeliest_span(made.emissions, made.crf, 4)
    assert (start, end) == (wanted.start, wanted.end)
    assert sure == pytest.approx(shares[wanted], abs=1e-5)


def test_a_bmes_span_that_does_not_end_as_it_began_is_none():
    tags = ["B-ORG", "M-ORG", "E-ORG", "B-NAME", "O", "S-LOC", "B-ORG", "E-NAME", "E-ORG"]
    assert spans_of_bmes(tags) == (Span(0, 3, "ORG"), Span(5, 6, "LOC"))
