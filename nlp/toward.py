"""Sentiment toward each company that a text names: that of the clauses which it is the subject of, or which it governs.

A text is cut into clauses at commas and stops, and before 而, 但, 相比 and the like. A clause belongs to the companies
that it begins with (A、B和C大涨: to all three); one that begins with none goes on about those of the clause before. A
company that is only ever spoken of (收购B, 相比B) gets the clauses that name it, with less confidence, and after a
comparison the other way round. Where a text names one company, its sentiment is the text's.

Some events are no good news by themselves, however they are worded (质押): a company of which little else is told is
not spoken well of.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict

from nlp.found import Event, Mention, Sentiment

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


_UNTOLD: Final = frozenset({"denied", "terminated"})
"""Events that did not happen or are over."""
_JUDGED: Final = "negative"
"""Events of this type say how bad something is, not what happened."""
_MAIN: Final = 0.5
"""An event is what a company's clauses are about if so much of their characters are in its sentence."""

Place = tuple[int, int]
"""Characters from `start` to before `end`."""


@dataclass
class _Share:
    """The clauses of one company: those that it is the subject of, those that only name it, and comparisons."""

    subject: list[Place] = field(default_factory=list)
    named: list[Place] = field(default_factory=list)
    compared: list[Place] = field(default_factory=list)


@dataclass(frozen=True)
class _Part:
    """What to score for a company, with which sign and weight."""

    clauses: tuple[Place, ...]
    sign: int
    weight: float


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    at_best: Mapping[str, float]


@cache
def _at_best() -> Mapping[str, float]:
    """How good the news of an event can be for a company by itself, for the types where that is limited."""
    text = (resources.files("nlp") / "data" / "toward.yaml").read_text(encoding="utf-8")
    declared: Any = yaml.safe_load(text)
    return _Declared.model_validate(declared).at_best


def sentiments(
    text: str,
    mentions: Sequence[Mention],
    events: Sequence[Event],
    whole: float,
    score_of: Callable[[Sequence[Sequence[Place]]], Sequence[float]],
) -> dict[int, Sentiment]:
    """The sentiment toward each company, by the number of its first mention.

    Args:
        text: What was read.
        mentions: In order of place; those with one link or one antecedent are one company.
        events: What the text tells, with what it denies.
        whole: Score of the text from -1 (bad) to 1 (good), which is that of the only company.
        score_of: The same of parts of the text, each some clauses; called at most once.
    """
    companies = _companies(mentions)
    if not companies:
        return {}
    every = tuple(_clauses(text))
    told = _Told.of(events)
    if len(companies) == 1:
        [first] = companies
        return {first: _sentiment(min(whole, _best(every, told)), _SUBJECT)}
    shares = _shares(text, mentions, companies, every)
    parts = {first: _part(share, every) for first, share in shares.items()}
    wanted = list(dict.fromkeys(part.clauses for part in parts.values()))
    scores = dict(zip(wanted, score_of(wanted), strict=True))
    return {
        first: _sentiment(min(scores[part.clauses] * part.sign, _best(part.clauses, told)), part.weight)
        for first, part in parts.items()
    }


@dataclass(frozen=True)
class _Told:
    """Events that did happen, in order of their triggers: those of a clause are found without a look at all."""

    events: Sequence[Event]
    triggers: Sequence[int]

    @classmethod
    def of(cls, events: Iterable[Event]) -> _Told:
        """Those that say what happened."""
        told = [e for e in events if e.type != _JUDGED and e.detail not in _UNTOLD]
        told.sort(key=lambda e: e.trigger)
        return cls(told, [e.trigger[0] for e in told])

    def within(self, clauses: Iterable[Place]) -> list[Event]:
        """Those whose trigger begins in one of the clauses."""
        edges = (
            (bisect_left(self.triggers, start), bisect_left(self.triggers, end)) for start, end in clauses
        )
        return [event for first, last in edges for event in self.events[first:last]]


def _best(clauses: Sequence[Place], events: _Told) -> float:
    """How good the news can be that some clauses tell: limited where they are about events of limited types alone."""
    told = events.within(clauses)
    limits = _at_best()
    if not told or any(event.type not in limits for event in told):
        return 1.0
    if _size(_touched(clauses, told)) < _MAIN * _size(clauses):
        return 1.0
    return max(limits[event.type] for event in told)


def _touched(clauses: Sequence[Place], events: Iterable[Event]) -> list[Place]:
    """The clauses that the sentence of an event reaches into."""
    starts: list[int] = []
    ends: list[int] = []
    for start, end in sorted((event.start, event.end) for event in events):
        if ends and start <= ends[-1]:
            ends[-1] = max(ends[-1], end)
        else:
            starts.append(start)
            ends.append(end)
    places = ((clause, bisect_right(ends, clause[0])) for clause in clauses)
    return [clause for clause, place in places if place < len(starts) and starts[place] < clause[1]]


def _size(places: Sequence[Place]) -> int:
    return sum(end - start for start, end in places)


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


def _clauses(text: str) -> Iterator[Place]:
    start = 0
    for match in _EDGE.finditer(text):
        if match.start() > start:
            yield start, match.start()
        start = match.end()
    if start < len(text):
        yield start, len(text)


def _shares(
    text: str, mentions: Sequence[Mention], companies: dict[int, list[int]], clauses: Sequence[Place]
) -> dict[int, _Share]:
    """What is said of each company."""
    owner = {number: first for first, some in companies.items() for number in some}
    numbers = sorted(owner, key=lambda n: mentions[n].start)
    starts = [mentions[n].start for n in numbers]
    shares = {first: _Share() for first in companies}
    about: list[int] = []
    for clause in clauses:
        start, end = clause
        near = numbers[bisect_left(starts, start) : bisect_left(starts, end)]
        inside = [n for n in near if mentions[n].end <= end]
        subjects = _subjects(text, start, [mentions[n] for n in inside])
        opened = [owner[n] for n in inside if mentions[n] in subjects]
        about = opened or about
        for first in dict.fromkeys(about):
            shares[first].subject.append(clause)
        for number in inside:
            if owner[number] not in about:
                compared = _COMPARED.search(text[start : mentions[number].start])
                (shares[owner[number]].compared if compared else shares[owner[number]].named).append(clause)
    return shares


def _subjects(text: str, start: int, inside: Sequence[Mention]) -> list[Mention]:
    """The company that a clause begins with, and those that are listed with it."""
    found: list[Mention] = []
    for mention in sorted(inside, key=lambda m: m.start):
        gap = _BETWEEN if found else _LEADS
        if not gap.fullmatch(text, start, mention.start):
            break
        found.append(mention)
        start = mention.end
    return found


def _part(share: _Share, every: tuple[Place, ...]) -> _Part:
    for clauses, sign, weight in (
        (share.subject, 1, _SUBJECT),
        (share.named, 1, _OBJECT),
        (share.compared, -1, _OBJECT),
    ):
        if clauses:
            return _Part(tuple(dict.fromkeys(clauses)), sign, weight)
    return _Part(every, 1, _WHOLE)
