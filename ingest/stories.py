"""同一报道、同一事件: keys that texts and events share with what is nearly the same text or the very same event.

A key depends on its own document alone, so that it is the same in whatever order and with whatever other documents
it is written. What shares a key is joined where the graph is folded (graph/identity.py), so that a withdrawn
document leaves no trace of a join that it made.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
import unicodedata
import zlib
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Final

from datasketch import MinHash

WINDOW: Final = 3
"""Days within which texts and events may be the same; two days up to five apart may still share a window."""

BANDS: Final = 16
ROWS: Final = 3
"""Of 48 hash functions. Of texts with half of their shingles in common 9 of 10 pairs share a band; with a fifth, 1."""

_SHINGLE: Final = 3
_LEAST: Final = 8
_MOST: Final = 4000
_PLAIN: Final = re.compile(r"[\W_]+")
_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_SIGNIFICANT: Final = 3


def shingles(text: str) -> frozenset[str]:
    """Groups of three characters of the beginning of a text, without space and punctuation."""
    plain = _PLAIN.sub("", unicodedata.normalize("NFKC", text[:_MOST])).casefold()
    return frozenset(plain[i : i + _SHINGLE] for i in range(len(plain) - _SHINGLE + 1))


def likeness(one: str, other: str) -> float:
    """Share of the shingles of two texts that both have (Jaccard), from 0 to 1."""
    first, second = shingles(one), shingles(other)
    both = first | second
    return len(first & second) / len(both) if both else 0.0


def bands(text: str) -> tuple[str, ...]:
    """Parts of the text's signature (MinHash); near duplicates share one or more. A very short text has none."""
    found = shingles(text)
    if len(found) < _LEAST:
        return ()
    made = _blank().copy()
    made.update_batch([shingle.encode() for shingle in sorted(found)])
    parts = made.hashvalues.reshape(BANDS, ROWS)
    return tuple(f"{i}:{'.'.join(f'{value:x}' for value in part.tolist())}" for i, part in enumerate(parts))


@functools.cache
def _blank() -> MinHash:
    """A signature of nothing: to make one takes longer than to read a headline."""
    return MinHash(num_perm=BANDS * ROWS, seed=1, hashfunc=zlib.crc32)


def windows(day: dt.date | None) -> tuple[str, ...]:
    """The two spans of days that a day lies in; days up to `WINDOW` apart always share one."""
    if day is None:
        return ("",)
    number = (day.toordinal() - _EPOCH) // WINDOW
    return str(number - 1), str(number)


def of_text(text: str, day: dt.date | None) -> list[str]:
    """The keys of a document, each of a window: the more two have in common, the nearer their words are."""
    return [f"{window}.{_key(band)}" for band in bands(text) for window in windows(day)]


@dataclass(frozen=True, slots=True)
class Told:
    """An event as one document tells it.

    `subject` and `others` are ids, `day` is the day that the text itself gives, `number` counts events of the same
    type and subject in the document, from 0, of `among` in all.
    """

    type: str
    subject: str
    day: dt.date | None
    published: dt.date | None
    figure: str
    others: Sequence[str]
    bands: Sequence[str]
    number: int
    among: int


@dataclass(frozen=True, slots=True)
class EventKeys:
    """Keys by which an event joins: by `same` always, by most of `like` where only one of the two states a figure."""

    same: tuple[str, ...]
    like: tuple[str, ...]


def figure_of(value: float | None, unit: str) -> str:
    """An amount as it is compared, to three digits; empty for none."""
    return "" if value is None else f"{value:.{_SIGNIFICANT}g}{unit}"


def of_event(told: Told) -> EventKeys:
    """The keys of an event.

    The same figure within days is the same event. Without a figure, the same place in nearly the same text, the same
    day, or the same other party within days will do.
    """
    base = (told.type, told.subject)
    when = told.day or told.published
    like: list[tuple[str, ...]] = [
        ("text", window, band, str(told.number)) for band in told.bands for window in windows(told.published)
    ]
    if told.among == 1:
        like += [("day", str(told.day))] if told.day else []
        like += [("with", window, other) for other in sorted(set(told.others)) for window in windows(when)]
    if told.figure:
        figures = [("figure", window, told.figure) for window in windows(when)]
        return EventKeys(_keys(base, figures), _keys(base, like))
    return EventKeys(_keys(base, ((*key, "") for key in like)), _keys(base, like))


def of_plan(about: Sequence[str], first: str) -> str:
    """The key that all reports of one plan share: what it is about, and the key of its first report."""
    return _key("plan", *about, first)


def _keys(base: tuple[str, ...], parts: Iterable[tuple[str, ...]]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(_key(*base, *part) for part in parts))


def _key(*parts: str) -> str:
    return blake2b("\x1f".join(parts).encode(), digest_size=6).hexdigest()
