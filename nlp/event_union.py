"""One event told by rules and by models, or by two rules, is one event: what each knows of it, joined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from nlp.event_models import MODEL
from nlp.event_rules import RULE
from nlp.found import Argument, Event
from nlp.polarity import bounded, heavier, is_polarity

PLACES: Final = 4
BLOCK: Final = 512
"""Characters of a block by which events are found."""
_UNDONE: Final = frozenset({"denied", "terminated", "hypothetical"})
"""One purchase that is denied says nothing of another in its sentence."""
_LITERAL: Final = frozenset(
    {
        "pledge",
        "pledge_release",
        "increase",
        "reduction",
        "investment",
        "share_transfer",
        "acquisition",
        "buy_back",
    }
)
"""Types whose triggers the model confuses, and a rule tells apart by the words."""


class _Places:
    """Events by where their sentences stand: who is near is found without a look at all of a long text's."""

    def __init__(self) -> None:
        self.events: list[Event] = []
        self._by_block: dict[int, list[int]] = {}

    def add(self, event: Event) -> None:
        """One more event."""
        self.put(len(self.events), event)

    def put(self, number: int, event: Event) -> None:
        """The event in place of one with the same sentence, or behind the last."""
        if number < len(self.events):
            self.events[number] = event
            return
        self.events.append(event)
        for block in self._blocks(event):
            self._by_block.setdefault(block, []).append(number)

    def near(self, event: Event) -> list[int]:
        """Numbers, in order, of all events whose sentence may overlap."""
        return sorted({n for block in self._blocks(event) for n in self._by_block.get(block, ())})

    @staticmethod
    def _blocks(event: Event) -> range:
        return range(event.start // BLOCK, event.end // BLOCK + 1)


def union(events: Iterable[Event]) -> list[Event]:
    """The events without repeats, in order of place.

    Two are one when they are of one type, in one sentence, and have the same trigger or the same main subject, or
    either has none. Of rules and models that agree, the confidence is that at least one is right, as far as what the
    text says against it allows (终止, 传闻). Where a rule names another type for the same trigger, the model is not
    heard: the words decide (解除质押 is no 质押).
    """
    every = list(events)
    rules = _Places()
    for event in every:
        if _kind(event.by) == RULE and event.type in _LITERAL:
            rules.add(event)
    joined = _Places()
    for event in sorted((e for e in every if not _outdone(e, rules)), key=_standing):
        place = next((n for n in joined.near(event) if _same(joined.events[n], event)), None)
        if place is None:
            joined.add(event)
        else:
            joined.put(place, _both(joined.events[place], event))
    known = [
        replace(e, confidence=bounded(e.detail, e.type, e.confidence))
        for e in joined.events
        if not _of_nothing(e)
    ]
    return sorted(known, key=lambda e: (e.start, e.trigger, e.type))


def _of_nothing(event: Event) -> bool:
    """Whether its amount is nought: guarantees of 0 yuan are none."""
    return event.amount is not None and event.amount.value == 0


def _outdone(event: Event, rules: _Places) -> bool:
    """Whether a model found it where a rule finds another type by the same words or, of nobody, in its sentence."""
    if _kind(event.by) != MODEL or event.type not in _LITERAL:
        return False
    others = (rules.events[number] for number in rules.near(event))
    return any(
        other.type != event.type
        and _overlap((event.start, event.end), (other.start, other.end))
        and (not event.subjects or _overlap(event.trigger, other.trigger))
        for other in others
    )


def _standing(event: Event) -> tuple[object, ...]:
    """The surest first; of equals, none before the other by the order in which they came."""
    told = tuple((a.role, a.start, a.end) for a in event.arguments)
    return (
        -event.confidence,
        event.start,
        event.trigger,
        event.type,
        event.by,
        event.subjects,
        event.detail or "",
        told,
    )


def _same(one: Event, other: Event) -> bool:
    if one.type != other.type or not _compatible(one, other):
        return False
    if not _overlap((one.start, one.end), (other.start, other.end)):
        return False
    if _overlap(one.trigger, other.trigger):
        return True
    if one.detail != other.detail and not _UNDONE.isdisjoint({one.detail, other.detail}):
        return False
    return not one.subjects or not other.subjects or one.subjects[0] == other.subjects[0]


def _compatible(one: Event, other: Event) -> bool:
    """Whether the details of two events of one type do not name two kinds of it (appointed, resigned)."""
    if one.detail == other.detail:
        return True
    if one.type == "negative":
        return False
    return None in {one.detail, other.detail} or (is_polarity(one.detail) and is_polarity(other.detail))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _both(best: Event, other: Event) -> Event:
    """One of two; whom and what a rule names stands before what a model names, which errs more often."""
    first, second = (other, best) if _kind(other.by) == RULE != _kind(best.by) else (best, other)
    sure = best.confidence
    if _kind(best.by) != _kind(other.by):
        sure = round(1 - (1 - best.confidence) * (1 - other.confidence), PLACES)
    return replace(
        best,
        confidence=sure,
        by=best.by if other.by in best.by else f"{best.by}+{other.by}",
        arguments=_joined(first.arguments, second.arguments),
        subjects=first.subjects or second.subjects,
        amount=first.amount or second.amount,
        date=first.date or second.date,
        detail=heavier(best.detail, other.detail),
    )


def _kind(by: str) -> str:
    return by.partition(":")[0]


def _joined(first: tuple[Argument, ...], second: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """The arguments of both; of two in one place, or two of one role where the first has it, the first."""
    roles = {argument.role for argument in first}
    more = [
        argument
        for argument in second
        if argument.role not in roles
        and not any(_overlap((argument.start, argument.end), (a.start, a.end)) for a in first)
    ]
    return tuple(sorted((*first, *more), key=lambda a: (a.start, a.end, a.role)))
