"""Relations between two parties of a sentence by the model, where no rule has told one."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from functools import partial
from itertools import islice, takewhile
from typing import Final

from nlp.datasets import Span
from nlp.event_models import MODEL
from nlp.found import Mention, Relation, sentence_around
from nlp.language import is_chinese
from nlp.relation_rules import against, of_finre
from nlp.shared import Found, SharedReader

NONE: Final = frozenset({"unknown", "自己"})
"""What FinRE calls no relation, and what it calls a party with itself: two parties are asked for."""
LEAST: Final = 0.5
MOST_PAIRS: Final = 64
"""Of one text; a list of a hundred companies would ask for five thousand."""
MOST_APART: Final = 80

_PARTIES: Final = frozenset({"company", "person", "organisation"})


def model_relations(
    models: SharedReader, found: Found, mentions: Sequence[Mention], told: Sequence[Relation]
) -> Iterator[Relation]:
    """Directed FinRE relations of pairs in one sentence; pairs that `told` relates already are not asked for."""
    if not is_chinese(found.text):
        return
    known = {frozenset((relation.subject, relation.object)) for relation in told}
    pairs = list(islice(_pairs(found.text, mentions, known), MOST_PAIRS))
    if not pairs:
        return
    places = [(_place(mentions[one], "head"), _place(mentions[other], "tail")) for one, other in pairs]
    [shares] = models.relations([found], [places])
    for (one, other), labels in zip(pairs, shares, strict=True):
        name = max(labels, key=lambda label: (labels[label], label))
        if name not in NONE and labels[name] >= LEAST:
            yield _relation(found.text, mentions, (one, other), (name, labels[name]))


def _pairs(
    text: str, mentions: Sequence[Mention], known: Collection[frozenset[int]]
) -> Iterator[tuple[int, int]]:
    """Two parties of one sentence that are not one and the same, at most one of them a person."""
    parties = [n for n, mention in enumerate(mentions) if mention.kind in _PARTIES]
    near = (
        (one, other)
        for place, one in enumerate(parties)
        for other in takewhile(
            partial(_near, mentions, one), islice(parties, place + 1, place + 1 + MOST_PAIRS)
        )
    )
    for one, other in near:
        left, right = mentions[one], mentions[other]
        if frozenset((one, other)) in known:
            continue
        both_persons = left.kind == right.kind == "person"
        if both_persons or _same(left, right) or sentence_around(text, left.start, left.end)[1] < right.end:
            continue
        yield one, other


def _near(mentions: Sequence[Mention], one: int, other: int) -> bool:
    return mentions[other].start - mentions[one].end <= MOST_APART


def _same(one: Mention, other: Mention) -> bool:
    if one.link is not None and other.link is not None:
        return one.link.id == other.link.id
    return one.text == other.text


def _place(mention: Mention, label: str) -> Span:
    return Span(mention.start, mention.end, label)


def _relation(
    text: str, mentions: Sequence[Mention], pair: tuple[int, int], told: tuple[str, float]
) -> Relation:
    name, sure = told
    kind, swapped, detail = of_finre(name)
    subject, other = reversed(pair) if swapped else pair
    first, last = mentions[pair[0]].start, mentions[pair[1]].end
    start, end = sentence_around(text, first, last)
    contrary, factor = against(text, first, last, kind)
    detail = contrary or detail if kind != "other" else detail
    return Relation(
        kind, subject, other, start, end, round(sure * factor, 4), f"{MODEL}:finre", detail=detail
    )
