"""One event told by rules and by models, or by two rules, is one event: what each knows of it, joined."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import replace
from typing import Final

from nlp.found import Argument, Event

PLACES: Final = 4


def union(events: Iterable[Event]) -> list[Event]:
    """The events without repeats, in order of place.

    Two are one when they are of one type, in one sentence, and have the same trigger or the same main subject, or
    either has none. Of rules and models that agree, the confidence is that at least one is right.
    """
    joined: list[Event] = []
    for event in sorted(events, key=_standing):
        place = next((n for n, other in enumerate(joined) if _same(other, event)), None)
        if place is None:
            joined.append(event)
        else:
            joined[place] = _both(joined[place], event)
    return sorted(joined, key=lambda e: (e.start, e.trigger, e.type))


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
    if (one.type, one.detail or "") != (other.type, other.detail or "") and not _planned(one, other):
        return False
    if not _overlap((one.start, one.end), (other.start, other.end)):
        return False
    if _overlap(one.trigger, other.trigger):
        return True
    return not one.subjects or not other.subjects or one.subjects[0] == other.subjects[0]


def _planned(one: Event, other: Event) -> bool:
    """Whether only one of two events of one type says that it is planned or over."""
    return one.type == other.type != "negative" and None in {one.detail, other.detail}


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def _both(best: Event, other: Event) -> Event:
    sure = best.confidence
    if _kind(best.by) != _kind(other.by):
        sure = round(1 - (1 - best.confidence) * (1 - other.confidence), PLACES)
    return replace(
        best,
        confidence=sure,
        by=best.by if other.by in best.by else f"{best.by}+{other.by}",
        arguments=_joined(best.arguments, other.arguments),
        subjects=best.subjects or other.subjects,
        amount=best.amount or other.amount,
        date=best.date or other.date,
        detail=best.detail or other.detail,
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
