"""标题与正文: what a title tells in round figures and the text below it to the last digit is one event.

12亿元 above and 12.36亿元 below are one purchase: the figure that says more stands.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Final

from nlp.event_union import both, compatible, joined_arguments, one_undone, party_of
from nlp.found import Event, Mention, Quantity
from nlp.parties import within

LONGEST: Final = 200
"""Characters; a first line beyond it is no title."""

_TITLE: Final = re.compile(r"\s*(?:【[^】\n]+】|[^\n]+\n)")
_ANNOUNCED: Final = re.compile(
    r"(?=[^\n]{0,160}(?:(?:证券|股票)(?:代码|简称)|编号))(?:[^\n]{0,160}\n){1,8}?[^\n]{0,160}(?:公告|公告书|报告书|通知书)(?:[（(][^）)\n]{1,12}[）)])?\s*\n"
)
"""公告: the head of a listed company's announcement, with its code and its number, and the title, which ends so."""
_HEADING: Final = re.compile(
    r"^[ \t]*(?:[一二三四五六七八九十]+、|[（(][一二三四五六七八九十\d]+[)）]|\d+[、.．])[^\n，。；]{0,40}$",
    re.MULTILINE,
)
"""A heading in an announcement, which names what the paragraph below tells."""
_NUMBER: Final = re.compile(r"\d[\d,，]*(?:\.(\d+))?")


def with_title(text: str, events: Sequence[Event], mentions: Sequence[Mention]) -> list[Event]:
    """The events, those of the title (first line, or 【…】) joined with those below that tell the same.

    What the title of a listed company's announcement (公告) names is what its text tells: an event of that type
    there is the one. Two are the same when they are of one type and one main party, their days do not differ, and their
    figures are equal as far as the rounder one goes. Of several below, the title's is the one whose figure is nearest,
    then the first.
    """
    announced = _ANNOUNCED.match(text)
    title = announced or _TITLE.match(text)
    if title is None or (title.end() > LONGEST and not announced):
        return list(events)
    above = [event for event in events if event.trigger[0] < title.end()]
    below = [event for event in events if event.trigger[0] >= title.end()]
    if announced:
        headings = [found.span() for found in _HEADING.finditer(text)]
        named = [event for event in below if within(event.trigger[0], headings)]
        below = [event for event in below if event not in named]
        above = [event for event in (*above, *named) if not any(_told_below(event, other) for other in below)]
    left: list[Event] = []
    for event in above:
        told = _Told.of(event, mentions)
        others = [(n, _Told.of(other, mentions)) for n, other in enumerate(below) if other.type == event.type]
        same = [(told.apart(other), n) for n, other in others if told.same(other)]
        if same:
            place = min(same)[1]
            below[place] = _one(told, _Told.of(below[place], mentions))
        else:
            left.append(event)
    return [*left, *below]


def _told_below(event: Event, other: Event) -> bool:
    """Whether the text of an announcement tells what its title names: it says who, and how much, itself."""
    return event.type == other.type and compatible(event, other) and bool(other.arguments)


@dataclass(frozen=True)
class _Told:
    """An event, who it is about, and its figure with the worth of the last digit that is written (None: unknown)."""

    event: Event
    party: str | None
    figure: Quantity | None
    digit: float | None

    @classmethod
    def of(cls, event: Event, mentions: Sequence[Mention]) -> _Told:
        stated = (mentions[a.mention] for a in event.arguments if a.mention is not None)
        written = next((m for m in stated if m.quantity is not None and m.quantity == event.amount), None)
        party = party_of(event.subjects[0], mentions) if event.subjects else None
        return cls(event, party, event.amount, None if written is None else _last_digit(written))

    def same(self, other: _Told) -> bool:
        """Whether both may tell one thing."""
        return (
            self.party is not None
            and self.party == other.party
            and compatible(self.event, other.event)
            and not one_undone(self.event, other.event)
            and not _days_differ(self.event, other.event)
            and self._agrees(other)
        )

    def apart(self, other: _Told) -> float:
        """How far the figures are from each other."""
        return abs(self.worth - other.worth)

    @property
    def worth(self) -> float:
        """The figure, nought where there is none."""
        return 0.0 if self.figure is None else self.figure.value

    def _agrees(self, other: _Told) -> bool:
        if self.figure is None or other.figure is None or self.figure.unit != other.figure.unit:
            return False
        if self.figure.value == other.figure.value:
            return True
        if self.digit is None or other.digit is None or self.digit == other.digit:
            return False
        rough, fine = (self, other) if self.digit > other.digit else (other, self)
        return rough.rounds(fine.worth)

    def rounds(self, value: float) -> bool:
        """Whether the figure is another one, rounded; where it says 逾 or 近, up or down alone."""
        if self.figure is None or self.digit is None:
            return False
        beyond = value - self.figure.value
        if self.figure.low == self.figure.high:
            return 2 * abs(beyond) <= self.digit
        return 0 <= (beyond if self.figure.low is not None else -beyond) < self.digit

    def finer(self, other: _Told) -> bool:
        """Whether its figure says more than the other's."""
        return self.digit is not None and (other.digit is None or self.digit < other.digit)


def _one(above: _Told, below: _Told) -> Event:
    """Both as one, where the text tells it unless the title alone has the finer figure."""
    first, second = (above, below) if above.finer(below) else (below, above)
    joined = both(first.event, second.event)
    sure = max(first.event.confidence, second.event.confidence)
    told = joined_arguments(first.event.arguments, second.event.arguments)
    return replace(
        joined, confidence=sure, arguments=told, subjects=first.event.subjects, amount=first.figure
    )


def _last_digit(mention: Mention) -> float | None:
    """What the last digit of a figure counts for: a hundred million of 12亿元, a million of 12.36亿元."""
    number = _NUMBER.search(mention.text)
    if number is None or mention.quantity is None:
        return None
    written = float(re.sub("[,，]", "", number.group()))
    return mention.quantity.value / written / 10 ** len(number.group(1) or "") if written else None


def _days_differ(one: Event, other: Event) -> bool:
    if one.date is None or other.date is None:
        return False
    return one.date.end <= other.date.start or other.date.end <= one.date.start
