"""One event told several times by the rules is one: in a sentence, and in a title and its text."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Final

from nlp.found import Event
from nlp.parties import GENERAL
from nlp.polarity import is_polarity

REPEATS: Final = 32
"""So many events back, a repeat is looked for."""
UNDONE: Final = frozenset({"denied", "terminated", "hypothetical"})
"""One event that is denied says nothing of another in its sentence."""
INCIDENTAL: Final = frozenset({"date", "way", "exchange", "round", "collateral"})
"""Roles that do not tell one event from another."""


def merged(found: Sequence[Event]) -> list[Event]:
    """Events of one type, sentence and subject, told twice there, are one, with all arguments."""
    merged: list[Event] = []
    for event in found:
        place = next(
            (n for n in range(max(len(merged) - REPEATS, 0), len(merged)) if _same(merged[n], event)), None
        )
        if place is None:
            merged.append(event)
        else:
            merged[place] = _union(merged[place], event)
    return merged


def _values(event: Event, role: str) -> set[str]:
    return {argument.text for argument in event.arguments if argument.role == role}


def _same(one: Event, two: Event) -> bool:
    if (one.type, one.start, one.end) != (two.type, two.start, two.end):
        return False
    if one.detail != two.detail and (
        {one.detail, two.detail} & UNDONE or not (is_polarity(one.detail) and is_polarity(two.detail))
    ):
        return False
    roles = {a.role for a in (*one.arguments, *two.arguments)} - INCIDENTAL
    pairs = ((_values(one, role), _values(two, role)) for role in roles)
    return all(not a or not b or a & b for a, b in pairs)


def _union(one: Event, two: Event) -> Event:
    fuller, other = (two, one) if len(two.arguments) > len(one.arguments) else (one, two)
    known = {(a.role, a.text) for a in fuller.arguments}
    roles = {a.role for a in fuller.arguments}
    more = [a for a in other.arguments if (a.role, a.text) not in known and a.role not in roles]
    arguments = sorted([*fuller.arguments, *more], key=lambda a: (a.start, a.end, a.role))
    return replace(
        fuller,
        arguments=tuple(arguments),
        confidence=max(one.confidence, two.confidence),
        subjects=fuller.subjects or other.subjects,
        amount=fuller.amount or other.amount,
        date=fuller.date or other.date,
        detail=fuller.detail if fuller.detail != "standing" and other.detail != "planned" else other.detail,
    )


def _told(event: Event) -> set[tuple[str, str]]:
    return {(argument.role, argument.text) for argument in event.arguments if argument.role not in INCIDENTAL}


def without_repeats(found: Sequence[Event]) -> list[Event]:
    """Events that say nothing which one of their type before them did not say (a title and its text) are left out."""
    kept: list[Event] = []
    for event in found:
        told = _told(event)
        earlier = [
            other
            for other in kept[-REPEATS:]
            if other.type == event.type and _compatible(other.detail, event.detail)
        ]
        again = next((other for other in earlier if _left_already(event, other)), None)
        if again is not None:
            kept[kept.index(again)] = _union(again, event)
        elif not told or not any(told <= _told(other) for other in earlier):
            kept.append(event)
    return kept


def _left_already(event: Event, other: Event) -> bool:
    """辞职: whether both tell of one person's leaving, of which the text may name each office apart."""
    return (
        event.detail == other.detail == "resigned"
        and bool(_values(event, "person"))
        and _values(event, "person") == _values(other, "person")
        and not _companies_differ(event, other)
    )


def _companies_differ(one: Event, other: Event) -> bool:
    """Whether two events name two companies, 公司 and the like aside."""
    names = [_values(event, "company") - GENERAL for event in (one, other)]
    return all(names) and names[0].isdisjoint(names[1])


def _compatible(one: str | None, two: str | None) -> bool:
    return one == two or {one, two} <= {None, "planned", "standing"}
