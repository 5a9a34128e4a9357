"""One event told by rules and by models, or by two rules, is one event: what each knows of it, joined."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import Final

from nlp.event_models import MODEL
from nlp.event_repeats import UNDONE
from nlp.event_rules import RULE
from nlp.found import Argument, Event, Mention
from nlp.polarity import bounded, heavier, is_polarity

PLACES: Final = 4
BLOCK: Final = 512
"""Characters of a block by which events are found."""
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


_ASIDE: Final = frozenset({"date", "way", "collateral", "office"})


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


def union(events: Iterable[Event], mentions: Sequence[Mention] = ()) -> list[Event]:
    """The events without repeats, in order of place.

    Two are one when they are of one type, in one sentence, and have the same trigger or the same main subject, or
    either has none; or, with the `mentions`, the same main party and nothing that tells them apart, or one figure of a
    rule and a model. Of rules and models that
    agree, the confidence is that at least one is right, as far as what the text says against it allows (终止, 传闻).
    Where a rule names another type for the same trigger, the model is not heard: the words decide (解除质押 is no
    质押).
    """
    every = list(events)
    rules = _Places()
    for event in every:
        if _kind(event.by) == RULE and event.type in _LITERAL:
            rules.add(event)
    joined = _Places()
    for event in sorted((e for e in every if not _outdone(e, rules)), key=_standing):
        place = next((n for n in joined.near(event) if _same(joined.events[n], event, mentions)), None)
        if place is None:
            joined.add(event)
        else:
            joined.put(place, both(joined.events[place], event))
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


def _same(one: Event, other: Event, mentions: Sequence[Mention]) -> bool:
    if one.type != other.type or not compatible(one, other):
        return False
    if not _overlap((one.start, one.end), (other.start, other.end)):
        return False
    if _overlap(one.trigger, other.trigger):
        return True
    if one_undone(one, other) or _goes_on_apart(one, other):
        return False
    if not one.subjects or not other.subjects or one.subjects[0] == other.subjects[0]:
        return True
    return bool(mentions) and (_one_party(one, other, mentions) or _one_figure(one, other))


def _goes_on_apart(one: Event, other: Event) -> bool:
    """Whether one of two is a state that goes on (此前质押的8,600万股) and the other is of another figure."""
    figures = one.amount, other.amount
    return (
        one.detail != other.detail
        and "standing" in {one.detail, other.detail}
        and None not in figures
        and (figures[0] != figures[1])
    )


def _one_party(one: Event, other: Event, mentions: Sequence[Mention]) -> bool:
    """Whether one party, called twice (云岭重工公告，公司…), did both, and no part of them is told differently."""
    if party_of(one.subjects[0], mentions) != party_of(other.subjects[0], mentions):
        return False
    first, second = (_parts(event, mentions) for event in (one, other))
    return not any(first[role].isdisjoint(second[role]) for role in first.keys() & second.keys())


def _parts(event: Event, mentions: Sequence[Mention]) -> dict[str, set[str]]:
    """Who and what stands in each role, days, ways and offices aside."""
    parts: dict[str, set[str]] = {}
    for argument in event.arguments:
        if argument.role not in _ASIDE:
            named = argument.text if argument.mention is None else party_of(argument.mention, mentions)
            parts.setdefault(argument.role, set()).add(named)
    return parts


def _one_figure(one: Event, other: Event) -> bool:
    """Whether a rule and a model take the very same figure of the text, whomever the model names."""
    figures = [{a.start for a in event.arguments if a.role == "amount"} for event in (one, other)]
    return {_kind(one.by), _kind(other.by)} == {MODEL, RULE} and not figures[0].isdisjoint(figures[1])


def party_of(number: int, mentions: Sequence[Mention]) -> str:
    """Who a mention is: the entity, else the words that it or its antecedent is called by."""
    mention = mentions[number]
    root = mention if mention.antecedent is None else mentions[mention.antecedent]
    return root.text if root.link is None else root.link.id


def one_undone(one: Event, other: Event) -> bool:
    """Whether one of two is told as undone, and the other not, or otherwise."""
    return one.detail != other.detail and not UNDONE.isdisjoint({one.detail, other.detail})


def compatible(one: Event, other: Event) -> bool:
    """Whether the details of two events of one type do not name two kinds of it (appointed, resigned)."""
    if one.detail == other.detail:
        return True
    if one.type == "negative":
        return False
    return None in {one.detail, other.detail} or (is_polarity(one.detail) and is_polarity(other.detail))


def _overlap(one: tuple[int, int], other: tuple[int, int]) -> bool:
    return one[0] < other[1] and other[0] < one[1]


def both(best: Event, other: Event) -> Event:
    """One of two; whom and what a rule names stands before what a model names, which errs more often."""
    first, second = (other, best) if _kind(other.by) == RULE != _kind(best.by) else (best, other)
    sure = best.confidence
    if _kind(best.by) != _kind(other.by):
        sure = round(1 - (1 - best.confidence) * (1 - other.confidence), PLACES)
    return replace(
        best,
        confidence=sure,
        by=best.by if other.by in best.by else f"{best.by}+{other.by}",
        arguments=joined_arguments(first.arguments, second.arguments),
        subjects=first.subjects or second.subjects,
        amount=first.amount or second.amount,
        date=first.date or second.date,
        detail=heavier(best.detail, other.detail),
    )


def _kind(by: str) -> str:
    return by.partition(":")[0]


def joined_arguments(first: tuple[Argument, ...], second: tuple[Argument, ...]) -> tuple[Argument, ...]:
    """The arguments of both; of two in one place, or two of one role where the first has it, the first."""
    roles = {argument.role for argument in first}
    more = [
        argument
        for argument in second
        if argument.role not in roles
        and not any(_overlap((argument.start, argument.end), (a.start, a.end)) for a in first)
    ]
    return tuple(sorted((*first, *more), key=lambda a: (a.start, a.end, a.role)))
