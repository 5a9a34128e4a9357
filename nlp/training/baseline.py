"""The comparison: a linear model over TF-IDF of character n-grams, for tasks with one label a text."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from sklearn.feature_extraction.text import TfidfVectorizer
from sklearn.pipeline import make_pipeline
from sklearn.svm import LinearSVC

from nlp.datasets import LabelledText, Span, TaggedText


def _plain(example: LabelledText) -> str:
    """The text, with what is marked put in its place as a word of its own."""
    text = example.text
    for mark in sorted(example.marks, reverse=True):
        text = f"{text[: mark.start]}⟦{mark.label}⟧{text[mark.end :]}"
    return text


def _vectorizer() -> TfidfVectorizer:
    return TfidfVectorizer(analyzer="char", ngram_range=(1, 3), min_df=2, sublinear_tf=True)


def label_sets(train: Sequence[TaggedText], texts: Sequence[TaggedText], seed: int) -> list[set[str]]:
    """Which labels each text has, by one linear model a label."""
    labels = sorted({span.label for example in train for span in example.spans})
    vectorizer = _vectorizer()
    known = vectorizer.fit_transform([example.text for example in train])
    asked = vectorizer.transform([example.text for example in texts])
    found: list[set[str]] = [set() for _ in texts]
    for label in labels:
        has = [any(span.label == label for span in example.spans) for example in train]
        model = LinearSVC(C=0.5, class_weight="balanced", random_state=seed).fit(known, has)
        for number in np.flatnonzero(model.predict(asked)):
            found[number].add(label)
    return found


def names_by_list(
    train: Sequence[TaggedText], texts: Sequence[TaggedText], labels: Sequence[set[str]]
) -> list[tuple[Span, ...]]:
    """For each label of a text the name, of those known from training, that stands in it most often, then first."""
    known = {example.text[span.start : span.end] for example in train for span in example.spans}
    longest = max(map(len, known))
    found = []
    for example, some in zip(texts, labels, strict=True):
        text = example.text
        runs = ((n, n + size) for n in range(len(text)) for size in range(2, longest + 1))
        places = [
            (-text.count(text[a:b]), a, a - b, b) for a, b in runs if b <= len(text) and text[a:b] in known
        ]
        best = min(places, default=None)
        found.append(() if best is None else tuple(Span(best[1], best[3], label) for label in sorted(some)))
    return found


def predictions(train: Sequence[LabelledText], texts: Sequence[LabelledText], seed: int) -> list[str]:
    """Labels of `texts` by the linear model."""
    model = make_pipeline(
        _vectorizer(),
        LinearSVC(C=0.5, class_weight="balanced", random_state=seed),
    )
    model.fit([_plain(example) for example in train], [example.label for example in train])
    return [str(label) for label in model.predict([_plain(example) for example in texts])]
