"""Events that the models find, in the same types and roles as those of the rules."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml
from pydantic import BaseModel, ConfigDict

from nlp.folded import simplified
from nlp.found import Argument, Event, Mention, Quantity, sentence_around
from nlp.language import is_chinese
from nlp.parties import Layout, layout_of
from nlp.polarity import DENIED, denied, in_row, polarity_of, tells
from nlp.shared import Found, FoundEvent, Scored

MODEL: Final = "model"
"""`Event.by` is this with the head's name, model:fewfc."""

_NEGATIVE_HEAD: Final = "finese"
PLACES: Final = 4
"""Digits of a confidence."""
NEAR: Final = 24
"""Mentions before a place among which the one is that covers it."""
_VALUES: Final = frozenset({"money", "shares", "ratio", "date"})
_FIGURES: Final = ("amount", "shares", "ratio")


class _Meaning(BaseModel):
    """What one type of a model is among ours."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    type: str
    subject: tuple[str, ...]
    roles: Mapping[str, str]


class _Meanings(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    precedence: tuple[str, ...]
    fewfc: Mapping[str, _Meaning]
    finese: Mapping[str, str]


@cache
def _meanings() -> _Meanings:
    text = (resources.files("nlp") / "data" / "event_models.yaml").read_text(encoding="utf-8")
    declared: Any = yaml.safe_load(text)
    return _Meanings.model_validate(declared)


def most_special(text: str, triggers: Sequence[Scored]) -> list[Scored]:
    """Of triggers that overlap, the one whose type is first in `precedence`; none where the text is not Chinese."""
    if not triggers or not is_chinese(text):
        return []
    order = _meanings().precedence
    told: list[Scored] = []
    for together in _overlapping(triggers):
        apart: list[Scored] = []
        for one in sorted(together, key=lambda t: (order.index(t.label), t)):
            if not any(one.start < other.end and other.start < one.end for other in apart):
                apart.append(one)
        told += sorted(apart)
    return told


def model_events(found: Found, mentions: Sequence[Mention]) -> Iterator[Event]:
    """Events of the ten FewFC types at the triggers that were chosen; an argument that is a mention has its number."""
    if not found.events:
        return
    layout = layout_of(simplified(found.text))
    for event in found.events:
        if tells(layout, event.trigger.start, _meanings().fewfc[event.trigger.label].type):
            yield _event(found.text, layout, event, mentions)


def _overlapping(triggers: Sequence[Scored]) -> Iterator[list[Scored]]:
    """Triggers in the order of the text, by runs of such that overlap: a long text has thousands, apart."""
    run: list[Scored] = []
    end = 0
    for trigger in sorted(triggers):
        if run and trigger.start >= end:
            yield run
            run = []
        run.append(trigger)
        end = max(end, trigger.end)
    if run:
        yield run


def _event(text: str, layout: Layout, event: FoundEvent, mentions: Sequence[Mention]) -> Event:
    meaning = _meanings().fewfc[event.trigger.label]
    arguments = tuple(
        _argument(text, span, meaning.roles[span.label], mentions)
        for span in event.arguments
        if span.label in meaning.roles
    )
    trigger = event.trigger.start, event.trigger.end
    start, end = sentence_around(text, *trigger)
    arguments = _nearest(arguments, start, end)
    by_role = {argument.role: argument for argument in reversed(arguments)}
    subjects = tuple(
        argument.mention
        for role in meaning.subject
        for argument in arguments
        if argument.role == role and argument.mention is not None
    )
    detail, factor = polarity_of(layout, trigger, meaning.type)
    date = _mention_of(by_role.get("date"), mentions)
    return Event(
        type=meaning.type,
        trigger=trigger,
        start=start,
        end=end,
        confidence=round(event.trigger.confidence * factor, PLACES),
        by=f"{MODEL}:fewfc",
        arguments=arguments,
        subjects=tuple(dict.fromkeys(subjects)),
        amount=_figure(by_role, mentions),
        date=None if date is None else date.period,
        detail=detail,
    )


def _nearest(arguments: Sequence[Argument], start: int, end: int) -> tuple[Argument, ...]:
    """Arguments of the trigger's sentence; of a role that it leaves open, the nearest of another one."""
    own = [a for a in arguments if start <= a.start < end]
    filled = {a.role for a in own}
    others = sorted(
        (a for a in arguments if a.role not in filled),
        key=lambda a: (max(start - a.start, a.start - end), a.start),
    )
    nearest = {a.role: a for a in reversed(others)}
    return tuple(sorted([*own, *nearest.values()], key=lambda a: (a.start, a.end, a.role)))


def _argument(text: str, span: Scored, role: str, mentions: Sequence[Mention]) -> Argument:
    """An argument; a figure or a day goes with its unit and its bound, as far as its mention goes (不超过300万股)."""
    start, end = span.start, span.end
    number = _covering(start, end, mentions)
    if number is not None and mentions[number].kind in _VALUES:
        start, end = min(start, mentions[number].start), max(end, mentions[number].end)
    return Argument(role, start, end, text[start:end], number)


def _covering(start: int, end: int, mentions: Sequence[Mention]) -> int | None:
    """The mention, of those in order of place, that shares most characters with a place; the first of several."""
    stop = bisect_left(mentions, end, key=lambda m: m.start)
    near = range(stop - 1, max(stop - NEAR, 0) - 1, -1)
    shared = [(min(mentions[n].end, end) - max(mentions[n].start, start), -n) for n in near]
    most, number = max(shared, default=(0, 0))
    return -number if most > 0 else None


def _mention_of(argument: Argument | None, mentions: Sequence[Mention]) -> Mention | None:
    return None if argument is None or argument.mention is None else mentions[argument.mention]


def _figure(by_role: Mapping[str, Argument], mentions: Sequence[Mention]) -> Quantity | None:
    for role in _FIGURES:
        mention = _mention_of(by_role.get(role), mentions)
        if mention is not None and mention.quantity is not None:
            return mention.quantity
    return None


def negative_events(found: Found, mentions: Sequence[Mention]) -> Iterator[Event]:
    """负面事件: negative events of the FinESE types, each with the party that it happened to."""
    if not found.spans.get(_NEGATIVE_HEAD) or not is_chinese(found.text):
        return
    layout = layout_of(simplified(found.text))
    for span in found.spans[_NEGATIVE_HEAD]:
        kind = _meanings().finese.get(span.label, "negative")
        if kind == "none" or in_row(layout, span.start):
            continue
        number = _covering(span.start, span.end, mentions)
        start, end = sentence_around(found.text, span.start, span.end)
        sure = span.confidence * (DENIED if denied(layout, span.start) else 1)
        yield Event(
            type=kind,
            trigger=(span.start, span.end),
            start=start,
            end=end,
            confidence=round(sure, PLACES),
            by=f"{MODEL}:{_NEGATIVE_HEAD}",
            arguments=(Argument("subject", span.start, span.end, found.text[span.start : span.end], number),),
            subjects=() if number is None else (number,),
            detail=span.label if kind == "negative" else None,
        )
