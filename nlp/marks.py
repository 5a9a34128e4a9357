"""Parts of a text that a question is about (a trigger, the two ends of a relation), as the heads of marks take them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

import numpy as np
from numpy.typing import NDArray

from nlp.datasets import Span

REACH: Final = 160
"""Characters to each side of what is marked that are read with it."""

STEPS: Final = np.array([1, 2, 3, 4, 5, 7, 10, 15, 21, 31, 46, 71])
"""Where a class of distances begins: near ones are told apart, far ones are not."""

CLASSES: Final = 2 * len(STEPS) + 1
"""Classes of distances to one mark: inside it, and each of `STEPS` to its left and to its right."""

BETWEEN: Final = "between"
"""What lies between two marks is a mark of its own."""


def window(marks: Sequence[Span], length: int) -> tuple[int, int]:
    """The characters that are read for some marks of a text of `length` characters."""
    first, last = min(mark.start for mark in marks), max(mark.end for mark in marks)
    return max(first - REACH, 0), min(last + REACH, length)


def measured(names: Sequence[str]) -> int:
    """From how many marks a head measures distances, for the names of its marks: both ends, or the one mark."""
    return 2 if BETWEEN in names else 1


def places(marks: Sequence[Span], start: int, end: int) -> NDArray[np.int64]:
    """The class of each character's distance to each mark, (end - start, marks), marks apart by `CLASSES`.

    Both ends of a relation count, what lies between them does not.
    """
    characters = np.arange(start, end)
    columns = []
    for number, mark in enumerate(mark for mark in marks if mark.label != BETWEEN):
        left = np.searchsorted(STEPS, mark.start - characters, side="right")
        right = np.searchsorted(STEPS, characters - mark.end + 1, side="right")
        columns.append(
            np.where(left > 0, left, np.where(right > 0, right + len(STEPS), 0)) + number * CLASSES
        )
    return np.stack(columns, axis=1).astype(np.int64)


def kinds(marks: Sequence[Span], names: Sequence[str], start: int, end: int) -> NDArray[np.int64]:
    """What each character is marked as, shape (end - start,): 0 for nothing, else 1 + the place of its name."""
    row = np.zeros(end - start, np.int64)
    for mark in marks:
        first, last = max(mark.start - start, 0), max(min(mark.end, end) - start, 0)
        row[first:last] = 1 + names.index(mark.label)
    return row


def with_between(marks: Sequence[Span]) -> tuple[Span, ...]:
    """Two marks, and what lies between them where they are apart."""
    one, other = sorted(marks)
    return (*marks, Span(one.end, other.start, BETWEEN)) if one.end < other.start else tuple(marks)
