"""Arrays into columns of text: ids, ratios, dates, names. Tables are built once and looked up."""

from __future__ import annotations

import datetime as dt
from functools import cache
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from ingest.world import vocabulary
from ingest.world.vocabulary import Flags, Ints

TODAY = dt.date(2026, 6, 30)
"""The world's present: nothing in it is known later than this day."""

EPOCH = dt.date(1970, 1, 1)
NOW = (TODAY - EPOCH).days
NOBODY = -(2**62)
"""A party number that is nobody's."""

NEVER = -1
"""A day that is not there; becomes an empty cell."""

WHOLE = 10_000
"""Basis points in 1. Shares are whole basis points, so that sums are exact."""


def generator(seed: int, part: str) -> np.random.Generator:
    """The random numbers of one part of the world; parts do not disturb each other."""
    return np.random.default_rng([seed, crc32(part.encode())])


def day(text: str) -> int:
    """Days since 1970-01-01 of an ISO date."""
    return (dt.date.fromisoformat(text) - EPOCH).days


@cache
def _dates() -> NDArray[np.object_]:
    days = [(EPOCH + dt.timedelta(days=n)).isoformat() for n in range(day("2040-01-01"))]
    return np.array([*days, ""], dtype=object)


@cache
def _ratios() -> NDArray[np.object_]:
    return np.array([*(repr(n / WHOLE) for n in range(WHOLE + 1)), ""], dtype=object)


def chance(rng: np.random.Generator, size: int, probability: float) -> Flags:
    """Independent draws, each true with the given probability."""
    drawn: Flags = rng.random(size) < probability
    return drawn


def kinds(rng: np.random.Generator, size: int, *weights: float) -> Ints:
    """Independent draws of 0, 1 …, each as often as its weight says."""
    bounds = np.cumsum(weights[:-1]) / sum(weights)
    drawn: Ints = np.searchsorted(bounds, rng.random(size), side="right")
    return drawn


def dates(days: Ints) -> list[str]:
    """ISO dates; `NEVER` becomes an empty cell."""
    found: list[str] = _dates()[days].tolist()
    return found


def ratios(points: Ints) -> list[str]:
    """Basis points as fractions of 1; -1 becomes an empty cell."""
    found: list[str] = _ratios()[points].tolist()
    return found


def ids(prefix: str, numbers: Ints) -> list[str]:
    """Native ids, counted from 1."""
    return [f"{prefix}{number + 1}" for number in numbers.tolist()]


def party_ids(parties: Ints) -> list[str]:
    """Native ids of parties: a company is its number n >= 0, a person its number p as -1 - p."""
    return [f"C{n + 1}" if n >= 0 else f"P{-n}" for n in parties.tolist()]


def person(numbers: Ints) -> Ints:
    """The party numbers of persons."""
    return -1 - numbers


def words(table: tuple[str, ...], numbers: Ints) -> list[str]:
    """Words of a table by their numbers; -1 becomes an empty cell."""
    found: list[str] = np.array([*table, ""], dtype=object)[numbers].tolist()
    return found


def person_names(rng: np.random.Generator, size: int) -> list[str]:
    """People's names; the frequent surnames come first in the table, and names repeat as they do in life."""
    surnames, given = vocabulary.SURNAMES, vocabulary.GIVEN
    family = (len(surnames) * rng.random(size) ** 2.2).astype(np.int64)
    first = rng.integers(0, len(given), size)
    second = np.where(chance(rng, size, 0.75), rng.integers(0, len(given), size), -1)
    parts = zip(words(surnames, family), words(given, first), words(given, second), strict=True)
    return [a + b + c for a, b, c in parts]
