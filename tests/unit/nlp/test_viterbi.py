"""Tags and spans: what BIOES allows, Viterbi against trying every sequence."""

from __future__ import annotations

import itertools

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.datasets import Span, spans_of_bmes
from nlp.viterbi import best_tags, decode, encode, legal_steps, tag_count

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


@pytest.mark.parametrize("seed", range(5))
@pytest.mark.parametrize("length", [1, 2, 4])
def test_viterbi_is_the_best_of_all_sequences(seed, length):
    random = np.random.default_rng(seed)
    tags = tag_count(1)
    emissions = random.normal(size=(length, tags)).astype(np.float32)
    legal, first_legal, last_legal = legal_steps(1)
    steps = np.where(legal, random.normal(size=(tags, tags)), -1e4).astype(np.float32)
    first = np.where(first_legal, 0, -1e4).astype(np.float32)
    last = np.where(last_legal, 0, -1e4).astype(np.float32)

    def score(sequence):
        inner = sum(steps[a, b] for a, b in itertools.pairwise(sequence))
        return (
            first[sequence[0]]
            + last[sequence[-1]]
            + inner
            + sum(emissions[i, t] for i, t in enumerate(sequence))
        )

    best = max(itertools.product(range(tags), repeat=length), key=score)
    assert tuple(best_tags(emissions, steps, first, last)) == best


def test_a_bmes_span_that_does_not_end_as_it_began_is_none():
    tags = ["B-ORG", "M-ORG", "E-ORG", "B-NAME", "O", "S-LOC", "B-ORG", "E-NAME", "E-ORG"]
    assert spans_of_bmes(tags) == (Span(0, 3, "ORG"), Span(5, 6, "LOC"))
