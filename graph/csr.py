"""Lists of rows per row (compressed sparse rows), of which a few can be replaced without building all anew."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.columns import Array


@dataclass(frozen=True)
class Csr:
    """`items[first[row]:first[row + 1]]` belong to `row`; `beside` are arrays as long as `items`."""

    first: NDArray[np.int32]
    items: NDArray[np.int32]

    @classmethod
    def of_sorted(cls, rows: Array, items: Array, size: int) -> Csr:
        """The lists of `size` rows from pairs in ascending order of row."""
        first = np.zeros(size + 1, np.int32)
        np.cumsum(np.bincount(rows, minlength=size), out=first[1:])
        return cls(first, items.astype(np.int32, copy=False))

    def __len__(self) -> int:
        return len(self.first) - 1

    def bounds(self, row: int) -> tuple[int, int]:
        """Where the items of a row begin and end."""
        if row >= len(self.first) - 1:
            return 0, 0
        return self.first.item(row), self.first.item(row + 1)

    def holds(self, row: int) -> bool:
        """Whether a row has any items."""
        return row < len(self.first) - 1 and bool(self.first.item(row + 1) > self.first.item(row))

    def of(self, row: int) -> NDArray[np.int32]:
        """The items of a row."""
        begin, end = self.bounds(row)
        return self.items[begin:end]

    def counts(self, rows: Array) -> NDArray[np.int64]:
        """How many items each of the rows has."""
        inside = rows < len(self)
        safe = np.where(inside, rows, 0)
        if not len(self):
            return np.zeros(len(rows), np.int64)
        return np.where(inside, self.first[safe + 1].astype(np.int64) - self.first[safe], 0)

    def expanded(self, rows: Array) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
        """Pairs (place in `rows`, item) of all items of the rows."""
        counts = self.counts(rows)
        begin = self.first[np.where(rows < len(self), rows, 0)].astype(np.int64)
        place = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        return place, self.items[np.repeat(begin, counts) + within]

    def replaced(self, rows: Array, other: Csr, size: int) -> Csr:
        """These lists with those of `rows` (ascending) replaced by `other`'s lists, in order; `size` rows."""
        counts = np.zeros(size, np.int64)
        counts[: len(self)] = np.diff(self.first)
        counts[rows] = np.diff(other.first)
        first = np.zeros(size + 1, np.int32)
        np.cumsum(counts, out=first[1:])
        items = np.empty(int(first[-1]), np.int32)
        last = 0
        old_first = np.concatenate([self.first, np.full(size - len(self), self.first[-1], np.int32)])
        for place, row in enumerate(rows.tolist()):
            items[first[last] : first[row]] = self.items[old_first[last] : old_first[row]]
            items[first[row] : first[row + 1]] = other.of(place)
            last = row + 1
        items[first[last] :] = self.items[old_first[last] :]
        return Csr(first, items)
