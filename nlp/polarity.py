"""极性: whether the words beside what a text tells say that it was denied, is over, is rumoured or only planned.

The words are data (`polarity` in nlp/data/events.yaml); rules, models and relations ask the same questions.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from nlp.parties import Layout

BEFORE: Final = 40
"""Characters before a trigger within which a word says that it is not so."""
AFTER: Final = 40
AHEAD: Final = 120
"""Characters of the sentence before a trigger."""
ANSWER: Final = 120
"""Characters behind the sentence of a rumour within which the company answers it."""
RUMOUR: Final = "rumoured"


@dataclass(frozen=True)
class Polarity:
    """One entry of `polarity`: words, what they say, how sure that leaves the event, types that it is not for."""

    detail: str
    factor: float
    most: float
    before: re.Pattern[str] | None
    after: re.Pattern[str] | None
    later: re.Pattern[str] | None
    ahead: re.Pattern[str] | None
    unless: re.Pattern[str] | None
    exempt: frozenset[str]
    only: frozenset[str]

    def concerns(self, kind: str) -> bool:
        """Whether it applies to a type of event."""
        return kind not in self.exempt and (not self.only or kind in self.only)


@dataclass(frozen=True)
class Rules:
    """What events.yaml says of polarity, and of trades that are no shareholder's."""

    polarities: tuple[Polarity, ...]
    most: Mapping[str, float]
    alarming: frozenset[str]
    alarming_details: frozenset[str]
    alarming_most: float
    portfolio_types: frozenset[str]
    portfolio: re.Pattern[str]
    unless: re.Pattern[str]
    denial: re.Pattern[str]


@cache
def rules() -> Rules:
    """The part of events.yaml that this module applies."""
    declared = yaml.safe_load((resources.files("nlp") / "data" / "events.yaml").read_text("utf-8"))
    polarities = tuple(_polarity(entry) for entry in declared["polarity"])
    alarming, portfolio = declared["alarming"], declared["portfolio"]
    return Rules(
        polarities,
        {polarity.detail: polarity.most for polarity in polarities},
        frozenset(alarming["types"]),
        frozenset(alarming["details"]),
        alarming["most"],
        frozenset(portfolio["types"]),
        re.compile(portfolio["expression"]),
        re.compile(portfolio["unless"]),
        re.compile(declared["denial"]),
    )


def _polarity(declared: Mapping[str, Any]) -> Polarity:
    words = {
        name: re.compile(declared[name]) if name in declared else None
        for name in ("before", "after", "later", "ahead", "unless")
    }
    return Polarity(
        declared["detail"],
        declared["factor"],
        declared["most"],
        exempt=frozenset(declared.get("not", ())),
        only=frozenset(declared.get("only", ())),
        **words,
    )


def polarity_of(layout: Layout, trigger: tuple[int, int], kind: str) -> tuple[str | None, float]:
    """What the words around a trigger say of an event, and the factor of its confidence; None, 1 for nothing."""
    text, (start, end) = layout.text, trigger
    first, last = layout.clause(start)
    before = text[max(first, start - BEFORE) : start]
    after = text[end : min(last, end + AFTER)]
    ahead = text[max(layout.segment(start)[0], start - AHEAD) : start]
    around = before, after, _later(layout, trigger, last), ahead
    for one in rules().polarities:
        if one.concerns(kind) and _says(one, around):
            return one.detail, one.factor
    return None, 1.0


def _says(one: Polarity, around: tuple[str, str, str, str]) -> bool:
    if one.unless and any(map(one.unless.search, around)):
        return False
    asked = zip((one.before, one.after, one.later, one.ahead), around, strict=True)
    return any(words is not None and words.search(part) is not None for words, part in asked)


def _later(layout: Layout, trigger: tuple[int, int], clause_end: int) -> str:
    """The rest of the sentence behind the trigger's clause; of a rumour also what the company answers."""
    first, last = layout.segment(trigger[0])
    text = layout.text
    rumour = next(one for one in rules().polarities if one.detail == RUMOUR)
    if rumour.before and rumour.before.search(text[first : trigger[0]][-BEFORE:]):
        last = min(last + ANSWER, len(text))
    return text[clause_end : max(last, clause_end)]


def bounded(detail: str | None, kind: str, confidence: float) -> float:
    """A confidence, at most what the polarity of an event of a type allows."""
    known = rules()
    most = known.most.get(detail or "", 1.0)
    if kind in known.alarming and detail in known.alarming_details:
        most = min(most, known.alarming_most)
    return min(confidence, most)


DENIED: Final = 0.3
"""What is left of the confidence of something that its sentence denies."""


def denied(layout: Layout, place: int) -> bool:
    """Whether the sentence at a place says of what it tells that it is not so (辟谣, 不属实, 不存在)."""
    return rules().denial.search(layout.text, *layout.segment(place)) is not None


_ORDER: Final[Sequence[str | None]] = (
    "denied",
    "hypothetical",
    "terminated",
    RUMOUR,
    "planned",
    "standing",
    None,
)


def heavier(one: str | None, other: str | None) -> str | None:
    """Of two details of one event that which says more against it; a detail that is no polarity stands."""
    for detail in (one, other):
        if detail not in _ORDER:
            return detail
    return min(one, other, key=_ORDER.index)


def is_polarity(detail: str | None) -> bool:
    """Whether a detail says how far an event is so, and not of which finer kind it is."""
    return detail in _ORDER


CELLS: Final = 2
"""Tabs of a line from which on it is a row of a table."""


def in_row(layout: Layout, place: int) -> bool:
    """Whether a place lies in a row of a table, whose words state nothing by themselves (质押 as a state of shares)."""
    text = layout.text
    first = text.rfind("\n", max(place - ROW, 0), place) + 1
    last = text.find("\n", place, place + ROW)
    return text.count("\t", first, last if last >= 0 else place + ROW) >= CELLS


ROW: Final = 1_000
"""Characters to each side within which the ends of a row are looked for."""


def in_title_marks(layout: Layout, place: int) -> bool:
    """Whether a place lies in 《》, which name a document and tell nothing."""
    text, first = layout.text, layout.segment(place)[0]
    return text.rfind("《", first, place) > text.rfind("》", first, place)


def tells(layout: Layout, start: int, kind: str) -> bool:
    """Whether words at a place may tell an event of a type at all."""
    return not (of_portfolio(layout, start, kind) or in_row(layout, start) or in_title_marks(layout, start))


def of_portfolio(layout: Layout, start: int, kind: str) -> bool:
    """Whether a purchase or sale is one of a fund's portfolio, or of the market's, and no shareholder's."""
    known = rules()
    if kind not in known.portfolio_types:
        return False
    sentence = layout.text[slice(*layout.segment(start))]
    return bool(known.portfolio.search(sentence)) and not known.unless.search(sentence)
