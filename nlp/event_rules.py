"""Events by rule: triggers with their context, parties by the order of the clause, figures and dates beside them.

The patterns are data (nlp/data/events.yaml, with the table of roles); this module only applies them.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import replace
from operator import add
from typing import Final

from nlp.event_cast import Cast
from nlp.event_figures import date_beside, figures, texts
from nlp.event_patterns import Pattern, rules
from nlp.event_repeats import merged, without_repeats
from nlp.event_scene import Hit, Scene, start_of
from nlp.folded import simplified
from nlp.found import Argument, Event, Mention, Period, Quantity
from nlp.language import is_chinese
from nlp.parties import Layout, Party, definitions, layout_of, parties_of, within
from nlp.polarity import polarity_of, tells

RULE: Final = "rule"
"""`Event.by` is this with the trigger's pattern, rule:pledge/质押."""
CONTEXT: Final = 12
"""Characters right before a trigger that its context is looked for in."""
NAME_LENGTH: Final = 40
AMOUNTS: Final = ("amount", "shares", "ratio")
"""Roles whose figure is the event's amount, the first that it has."""


def events(text: str, mentions: Sequence[Mention], published: dt.date | None) -> list[Event]:
    """The events that a text tells, in order of their triggers; `mentions` are parties, figures and dates of the text.

    `Event.detail` is denied, terminated, rumoured, planned or standing where the words around the trigger say so, else
    what the pattern says (appointed, resigned). Denied events keep a confidence below 0.3: a reader may drop them.
    """
    if not is_chinese(text):
        return []
    read = simplified(text)
    if read == text:
        return _events(text, mentions, published)
    named = [replace(m, text=read[m.start : m.end]) for m in mentions]
    return [_as_written(text, event) for event in _events(read, named, published)]


def _as_written(text: str, event: Event) -> Event:
    """An event of a text in Traditional characters, with the words of its arguments as they stand there."""
    arguments = tuple(replace(a, text=text[a.start : a.end]) for a in event.arguments)
    return replace(event, arguments=arguments)


def _events(text: str, mentions: Sequence[Mention], published: dt.date | None) -> list[Event]:
    layout = layout_of(text)
    hits = list(_hits(text, layout))
    if not hits:
        return []
    parties, announcers = parties_of(text, mentions)
    defined = definitions(text)
    hits = [hit for hit in hits if not _in_name(hit, parties) and not within(hit.start, defined)]
    scene = Scene(text, mentions, layout, parties, announcers, hits, published)
    found = [event for place in range(len(hits)) if (event := _event(scene, place)) is not None]
    return without_repeats(merged(found))


def _hits(text: str, layout: Layout) -> Iterator[Hit]:
    known = rules()
    done = 0
    for start, trigger in _triggers(text):
        if start < done:
            continue
        end = start + len(trigger)
        done = end
        first, last = layout.segment(start)
        for pattern in known.patterns[trigger]:
            if _fits(text, (start, end), pattern, first, last) and tells(layout, start, pattern.type):
                yield Hit(start, end, trigger, pattern)
                break


def _triggers(text: str) -> list[tuple[int, str]]:
    """Where each trigger stands, the longest of those that begin there; by their first two characters, for speed."""
    known = rules().triggers
    begun = ((n, known[pair]) for n, pair in enumerate(map(add, text, text[1:])) if pair in known)
    longest = ((n, next((t for t in triggers if text.startswith(t, n)), "")) for n, triggers in begun)
    return [(place, trigger) for place, trigger in longest if trigger]


NAME_ENDS: Final = re.compile("(?:公司|投资|集团|资本|基金|合伙|控股|中心|银行|证券|股份|）)$")


def _in_name(hit: Hit, parties: Sequence[Party]) -> bool:
    """Whether a trigger is part of a name (华越投资)."""
    for number in range(bisect_right(parties, hit.start, key=start_of) - 1, -1, -1):
        party = parties[number]
        if party.end >= hit.end:
            return NAME_ENDS.search(party.text) is not None
        if party.start < hit.start - NAME_LENGTH:
            return False
    return False


def _fits(text: str, place: tuple[int, int], pattern: Pattern, first: int, last: int) -> bool:
    """Whether what stands beside the trigger lets it stand."""
    start, end = place
    if pattern.not_after and pattern.not_after.match(text, end, last):
        return False
    before = max(start - CONTEXT, first)
    if pattern.not_before and pattern.not_before.search(text, before, start):
        return False
    if pattern.avoid and pattern.avoid.search(text, first, last):
        return False
    return pattern.needs is None or pattern.needs.search(text, first, last) is not None


def _event(scene: Scene, place: int) -> Event | None:
    hit = scene.hits[place]
    pattern = hit.pattern
    cast = Cast(scene, hit, scene.hits[place + 1].start if place + 1 < len(scene.hits) else len(scene.text))
    cast.fill()
    arguments = [*cast.arguments(), *figures(scene, place)]
    arguments += texts(scene, hit, {argument.role for argument in arguments})
    if not _complete(pattern, arguments):
        return None
    detail, factor = polarity_of(scene.layout, (hit.start, hit.end), pattern.type)
    confidence = pattern.confidence * factor * cast.factor
    start, end = scene.layout.sentence(hit.start, hit.end)
    amounts = {a.role: a for a in reversed(arguments) if a.role in AMOUNTS}
    amount = next((amounts[role] for role in AMOUNTS if role in amounts), None)
    day = date_beside(scene, hit)
    return Event(
        pattern.type,
        _core(hit),
        start,
        end,
        round(confidence, 4),
        f"{RULE}:{pattern.type}/{hit.text}",
        tuple(sorted([*arguments, *([day] if day else [])], key=lambda a: (a.start, a.end, a.role))),
        _subjects(pattern, arguments),
        _quantity(scene, amount),
        _when(scene, day),
        pattern.detail if pattern.detail and detail in {None, "planned", "rumoured", "standing"} else detail,
    )


def _core(hit: Hit) -> tuple[int, int]:
    first, last = rules().cores[hit.text]
    return hit.start + first, hit.start + last


def _complete(pattern: Pattern, arguments: Sequence[Argument]) -> bool:
    filled = {argument.role for argument in arguments}
    parties = {
        *pattern.before,
        *pattern.after,
        pattern.subject,
        *(r for w in pattern.words.values() for r in w),
    }
    if pattern.needs_party and not filled & parties:
        return False
    if pattern.needs_people and pattern.people not in filled:
        return False
    return not pattern.needs_money or "amount" in filled


def _subjects(pattern: Pattern, arguments: Sequence[Argument]) -> tuple[int, ...]:
    """Who it happened to; where they are not named, the company whose shares they are."""
    for role in (pattern.subject, pattern.topic):
        numbers = [a.mention for a in arguments if a.role == role and a.mention is not None]
        if numbers:
            break
    return tuple(dict.fromkeys(numbers))


def _quantity(scene: Scene, amount: Argument | None) -> Quantity | None:
    if amount is None or amount.mention is None:
        return None
    return scene.mentions[amount.mention].quantity


def _when(scene: Scene, day: Argument | None) -> Period | None:
    return scene.mentions[day.mention].period if day and day.mention is not None else None
