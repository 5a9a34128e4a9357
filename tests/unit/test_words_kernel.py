"""Words of texts and BM25, beside a plain implementation."""

from __future__ import annotations

import math
from collections import Counter

import numpy as np
from hypothesis import given
from hypothesis import strategies as st

from graph.algorithms.words import K1, B, WordIndex, terms_of

letters = st.text(alphabet="江河湖海药股abAB12 ，。漲涨ＡＢ\n😀", max_size=30)


def words(text: str) -> list[int]:
    return terms_of([text]).key.tolist()


def shown(text: str) -> set[str]:
    found = terms_of([text])
    return {text[a:b] for a, b in zip(found.start.tolist(), found.end.tolist(), strict=True)}


def test_words_are_pairs_of_ideographs_lone_ones_and_runs_of_letters():
    assert shown("A股涨停板，升abc12 x。") == {"A", "股涨", "涨停", "停板", "升", "abc12", "x"}


def test_width_case_and_script_do_not_count():
    assert sorted(words("ＡＢＣ漲停")) == sorted(words("abc涨停"))


def test_words_of_other_characters_differ():
    assert not set(words("ab")) & set(words("ba"))
    assert not set(words("江河")) & set(words("河江"))


@given(st.lists(st.text(max_size=20), max_size=5))
def test_offsets_index_the_text_as_given(texts):
    found = terms_of(texts)
    for text, key, start, end in zip(found.text, found.key, found.start, found.end, strict=True):
        part = texts[text][start:end]
        assert part
        assert key in terms_of([part]).key


def plain(query: str, texts: list[str]) -> list[float]:
    bags = [Counter(words(text)) for text in texts]
    mean = sum(sum(bag.values()) for bag in bags) / max(len(texts), 1)
    asked = set(words(query))
    weigh = {}
    for word in asked:
        having = sum(word in bag for bag in bags)
        weigh[word] = math.log(1 + (len(texts) - having + 0.5) / (having + 0.5))
    most = sum(weigh.values())
    return [
        sum(
            weigh[word] * bag[word] / (bag[word] + K1 * (1 - B + B * sum(bag.values()) / max(mean, 1e-9)))
            for word in asked
            if bag[word]
        )
        / (most or 1)
        for bag in bags
    ]


@given(query=letters, texts=st.lists(letters, max_size=8, unique=True), hidden=st.lists(letters, max_size=8))
def test_scores_are_those_of_the_texts_that_count(query, texts, hidden):
    index = WordIndex()
    for text in [*hidden, *texts]:
        index = index.extended([text])
    weights = np.array([0] * len(hidden) + [1] * len(texts), np.int64)
    keys = sorted(set(words(query)))
    found = index.scores(keys, weights)[len(hidden) :]
    assert np.allclose(found, plain(query, texts))
    alone = WordIndex().extended(texts).scores(keys, np.ones(len(texts), np.int64))
    assert (found == alone).all()


def test_parts_stay_few():
    index = WordIndex()
    for i in range(200):
        index = index.extended([f"第{i}条 江河湖海"])
    assert len(index.parts) < 12
    assert index.scores(words("江河"), np.ones(200, np.int64)).all()
