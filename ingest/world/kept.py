"""Rows that were written, read back as columns: for the hidden processes that work on what a world holds."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from numpy.typing import NDArray

from ingest.world import text
from ingest.world.files import Columns
from ingest.world.vocabulary import Ints

Floats = NDArray[np.float64]
Kept = Mapping[str, Sequence[Columns]]


def column(kept: Kept, kind: str, name: str) -> list[Any]:
    """A column of all rows of a type; "" where a row has none."""
    return [
        value
        for columns in kept.get(kind, ())
        for value in columns.get(name, [""] * len(next(iter(columns.values()))))
    ]


def companies(keys: Sequence[Any]) -> Ints:
    """Company numbers by native id, -1 for who is no company."""
    return np.array([int(key[1:]) - 1 if str(key)[:1] == "C" else -1 for key in keys], np.int64)


def numbers(values: Sequence[Any]) -> Floats:
    """Values as numbers, nan for what is not stated."""
    return np.array([float(value) if value != "" else np.nan for value in values], np.float64)


def days(values: Sequence[Any], otherwise: int) -> Ints:
    """Dates as days, `otherwise` where none is stated."""
    return np.array([text.day(str(value)) if value else otherwise for value in values], np.int64)


def ends(kept: Kept, name: str, columns: tuple[str, str]) -> tuple[Ints, Ints]:
    """Company numbers in two columns; rows behind a wall name nobody."""
    hidden = np.array([bool(value) for value in column(kept, name, "compartments")], np.bool_)
    one, other = (companies(column(kept, name, chosen)) for chosen in columns)
    return np.where(hidden, -1, one), other
