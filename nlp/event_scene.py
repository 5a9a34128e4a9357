"""A text as the rules of events see it: its parties, who announces, and the triggers that stand."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass

from nlp.event_patterns import Pattern
from nlp.found import Mention
from nlp.parties import Layout, Party


@dataclass(frozen=True)
class Hit:
    """A trigger that its context lets stand."""

    start: int
    end: int
    text: str
    pattern: Pattern


@dataclass(frozen=True)
class Scene:
    """A text with all that the rules look at."""

    text: str
    mentions: Sequence[Mention]
    layout: Layout
    parties: Sequence[Party]
    announcers: Sequence[Party]
    hits: Sequence[Hit]
    published: dt.date | None


def start_of(item: Party | Mention) -> int:
    """Where it begins: the key by which parties and mentions are looked up."""
    return item.start
