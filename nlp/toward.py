"""Sentiment toward each company that a text names: that of the clauses which it is the subject of, or which it governs.

A text is cut into clauses at commas and stops, and before 而, 但, 相比 and the like. A clause belongs to the companies
that it begins with (A、B和C大涨: to all three); one that begins with none goes on about those of the clause before. A
company that is only ever spoken of (收购B, 相比B) gets the clauses that name it, with less confidence, and after a
comparison the other way round. Where a text names one company, its sentiment is the text's.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Final

from nlp.found import Mention, Sentiment

_COMPANIES: Final = frozenset({"company", "brand"})
_EDGE: Final = re.compile(
    r"[，,；;。！？!?\n]+|(?=(?<![，,；;。！？!?\n])(?:而(?!且|言|后)|但是?|不过|相比之下|反观|与此同时))"
)
_COMPARED: Final = re.compile(
    r"(?:相比(?:于|之下)?|相较(?:于)?|对比|不如|不及|好于|优于|逊于|弱于|强于|跑赢|跑输|高于|低于)[^，。]{0,6}$"
)
_BETWEEN: Final = re.compile(r"[、和与及,，/\s以]*")
_LEADS: Final = re.compile(
    r"[\s“\"「【（(]*(?:而|但是?|不过|相比之下|反观|其中|此外|另外|同时|与此同时|近日|今日|昨日|日前|据悉|消息面上|受此影响)?[\s，,：:“\"]*"
)
_SUBJECT, _OBJECT, _WHOLE = 1.0, 0.6, 0.4
"""How far the sentiment of a clause is that toward its subject, toward another company in it, and of the text."""


@dataclass(frozen=True)
class _Clause:
    start: int
    end: int


@dataclass
class _Share:
    """The clauses of one company: those that it is the subject of, those that only name it, and comparisons."""

    subject: list[_Clause] = field(default_factory=list)
    named: list[_Clause] = field(default_factory=list)
    compared: list[_Clause] = field(default_factory=list)


def sentiments(
    text: str, mentions: Sequence[Mention], score_of: Callable[[list[str]], list[float]]
) -> dict[int, Sentiment]:
    """The sentiment toward each company, by the number of its first mention.

    Args:
        text: What was read.
        mentions: In order of place; those with one link or one antecedent are one company.
        score_of: Scores from -1 (bad) to 1 (good) of texts; called at most once.
    """
    companies = _companies(mentions)
    if not companies:
        return {}
    if len(companies) == 1:
        [first] = companies
        [score] = score_of([text])
        return {first: _sentiment(score, _SUBJECT)}
    shares = _shares(text, mentions, companies)
    parts = {first: _part(text, share) for first, share in shares.items()}
    wanted = list(dict.fromkeys([text, *(part for part, _, _ in parts.values())]))
    scores = dict(zip(wanted, score_of(wanted), strict=True))
    return {first: _sentiment(scores[part] * sign, weight) for first, (part, sign, weight) in parts.items()}


def _sentiment(score: float, weight: float) -> Sentiment:
    """A score that is far from nought is surer."""
    bounded = max(-1.0, min(1.0, score))
    return Sentiment(round(bounded, 4), round(weight * (1 + abs(bounded)) / 2, 4))


def _companies(mentions: Sequence[Mention]) -> dict[int, list[int]]:
    """The mentions of each company, by the number of the first."""
    first: dict[str, int] = {}
    found: dict[int, list[int]] = {}
    for number, mention in enumerate(mentions):
        if mention.kind not in _COMPANIES:
            continue
        root = mention if mention.antecedent is None else mentions[mention.antecedent]
        key = root.text if root.link is None else root.link.id
        found.setdefault(first.setdefault(key, number), []).append(number)
    return found


def _clauses(text: str) -> Iterator[_Clause]:
    start = 0
    for match in _EDGE.finditer(text):
        if match.start() > start:
            yield _Clause(start, match.start())
        start = match.end()
    if start < len(text):
        yield _Clause(start, len(text))


def _shares(text: str, mentions: Sequence[Mention], companies: dict[int, list[int]]) -> dict[int, _Share]:
    """What is said of each company."""
    owner = {number: first for first, numbers in companies.items() for number in numbers}
    shares = {first: _Share() for first in companies}
    about: list[int] = []
    for clause in _clauses(text):
        inside = [n for n in owner if clause.start <= mentions[n].start and mentions[n].end <= clause.end]
        subjects = _subjects(text, clause, [mentions[n] for n in inside])
        opened = [owner[n] for n in inside if mentions[n] in subjects]
        about = opened or about
        for first in dict.fromkeys(about):
            shares[first].subject.append(clause)
        for number in inside:
            if owner[number] not in about:
                compared = _COMPARED.search(text[clause.start : mentions[number].start])
                (shares[owner[number]].compared if compared else shares[owner[number]].named).append(clause)
    return shares


def _subjects(text: str, clause: _Clause, inside: Sequence[Mention]) -> list[Mention]:
    """The company that a clause begins with, and those that are listed with it."""
    found: list[Mention] = []
    place = clause.start
    for mention in sorted(inside, key=lambda m: m.start):
        gap = _BETWEEN if found else _LEADS
        if not gap.fullmatch(text, place, mention.start):
            break
        found.append(mention)
        place = mention.end
    return found


def _part(text: str, share: _Share) -> tuple[str, int, float]:
    """What to score for a company, with which sign and weight."""
    for clauses, sign, weight in (
        (share.subject, 1, _SUBJECT),
        (share.named, 1, _OBJECT),
        (share.compared, -1, _OBJECT),
    ):
        if clauses:
            return "，".join(text[c.start : c.end] for c in clauses), sign, weight
    return text, 1, _WHOLE
