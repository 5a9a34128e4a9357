"""From a View to columns over companies: texts, numbers, days, sums, the best of several, lists."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from graph.columns import LONG_AGO
from graph.view import View
from queries.exposure_equity import dense
from queries.stakes import Flags, Floats

Rows = NDArray[np.int64]
Texts = NDArray[np.object_]
Days = NDArray[np.datetime64]
Columns = Mapping[str, NDArray[Any]]
"""By name a column over companies. Unknown is NaN in numbers, NaT in days, None in objects."""

FEN = 2
PLACES = 12
"""Sums of money are rounded to the fen and of ratios to 12 places: no order of rows shows in them."""


@dataclass(frozen=True)
class Ground:
    """The companies of a View, ascending by row, and of every row its place among them, -1 for none."""

    view: View
    rows: Rows
    place: Rows

    @classmethod
    def of(cls, view: View) -> Ground:
        """All companies of a View."""
        rows = view.rows("Company")
        place = np.full(view.size, -1, np.int64)
        place[rows] = np.arange(len(rows))
        return cls(view, rows, place)

    def __len__(self) -> int:
        return len(self.rows)

    # --- properties of companies ---

    def number(self, name: str) -> Floats:
        """A number of companies, NaN where unknown."""
        return dense(self.view, "Company", name)[self.rows]

    def days(self, name: str) -> Days:
        """A date of companies."""
        return as_days(days_of(self.view, "Company", name)[self.rows])

    def texts(self, name: str) -> Texts:
        """A text of companies."""
        return texts_of(self.view, "Company", name)[self.rows]

    # --- from things to companies ---

    def inside(self, parties: Rows) -> Flags:
        """Which parties are companies of the View."""
        found: Flags = self.place[parties] >= 0
        return found

    def count(self, parties: Rows) -> NDArray[np.int64]:
        """How often each company is among parties."""
        places = self.place[parties]
        return np.bincount(places[places >= 0], minlength=len(self))

    def sum(self, parties: Rows, values: Floats, decimals: int) -> Floats:
        """The sum of the known values at each company; NaN where it has none that is known."""
        places = self.place[parties]
        known = (places >= 0) & ~np.isnan(values)
        total = np.bincount(places[known], values[known], minlength=len(self))
        there = np.bincount(places[known], minlength=len(self)) > 0
        found: Floats = np.where(there, np.round(total, decimals), np.nan)
        return found

    def most(self, parties: Rows, values: Floats) -> Floats:
        """The largest known value at each company, NaN for none."""
        places = self.place[parties]
        known = (places >= 0) & ~np.isnan(values)
        found = np.full(len(self), -np.inf)
        np.maximum.at(found, places[known], values[known])
        return np.where(np.isinf(found), np.nan, found)

    def largest_sum(self, parties: Rows, values: Floats, most: int) -> Floats:
        """The sum of the largest few known values at each company, at most 1; NaN for none."""
        places = self.place[parties]
        known = np.flatnonzero((places >= 0) & ~np.isnan(values))
        order = known[np.lexsort((-values[known], places[known]))]
        rank = ranks(places[order])
        chosen = order[rank < most]
        return np.minimum(self.sum(parties[chosen], values[chosen], PLACES), 1.0)

    def best(self, parties: Rows, order: tuple[NDArray[Any], ...]) -> Rows:
        """By company the index of its first entry by ascending keys, the first key before the second; -1 for none."""
        places = self.place[parties]
        there = np.flatnonzero(places >= 0)
        sorting = there[np.lexsort((*[key[there] for key in reversed(order)], places[there]))]
        first = sorting[ranks(places[sorting]) == 0]
        found = np.full(len(self), -1, np.int64)
        found[places[first]] = first
        return found

    def lists(self, parties: Rows, things: Rows, names: Sequence[str | None]) -> Texts:
        """By company the names of its things, each thing once, in the order of the things' ids."""
        places = self.place[parties]
        pairs = np.flatnonzero((places >= 0) & np.array([name is not None for name in names], np.bool_))
        order = pairs[np.lexsort((self.view.id_keys()[things[pairs]], places[pairs]))]
        fresh = np.ones(len(order), np.bool_)
        fresh[1:] = (places[order][1:] != places[order][:-1]) | (things[order][1:] != things[order][:-1])
        found: list[list[str]] = [[] for _ in range(len(self))]
        for at in order[fresh].tolist():
            found[places.item(at)].append(names[at] or "")
        return objects(found)


def ranks(groups: Rows) -> Rows:
    """Of entries sorted by group the number of each within its group."""
    fresh = np.ones(len(groups), np.bool_)
    fresh[1:] = groups[1:] != groups[:-1]
    start = np.maximum.accumulate(np.where(fresh, np.arange(len(groups)), 0))
    return np.arange(len(groups)) - start


def objects(values: Sequence[Any]) -> Texts:
    """A column of Python values, lists among them."""
    found = np.empty(len(values), np.object_)
    for at, value in enumerate(values):
        found[at] = value
    return found


def days_of(view: View, kind: str, name: str) -> Floats:
    """A date of all entities of a type by row as a number of days, NaN where unknown."""
    found = np.full(view.size, np.nan)
    rows, days = view.column(kind, name)
    found[rows] = np.where(days == LONG_AGO, np.nan, days)
    return found


def as_days(numbers: Floats) -> Days:
    """Numbers of days since 1970-01-01 as dates."""
    known = ~np.isnan(numbers)
    found = np.full(len(numbers), np.datetime64("NaT", "D"))
    found[known] = numbers[known].astype(np.int64).astype("datetime64[D]")
    return found


def as_numbers(days: Days) -> Floats:
    """Dates as numbers of days, NaN for none."""
    found: Floats = np.where(np.isnat(days), np.nan, days.astype("datetime64[D]").astype(np.int64))
    return found


def texts_of(view: View, kind: str, name: str) -> Texts:
    """A text of all entities of a type by row, None where unknown."""
    found = np.full(view.size, None, np.object_)
    stated = view.property_texts(kind, name)
    found[stated.rows] = objects(stated.texts)[stated.which] if len(stated.rows) else None
    return found


def picked(values: NDArray[Any], places: Rows, unknown: Any) -> NDArray[Any]:
    """`values[places]`, `unknown` where a place is -1."""
    found = np.full(len(places), unknown, values.dtype)
    there = places >= 0
    found[there] = values[places[there]]
    return found
