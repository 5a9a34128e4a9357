"""Vectors of texts beside the projection: kept by text and model, memory-mapped, made once for everybody.

A vector is kept as whole numbers (int8), so that products of vectors are exact: the same whatever else is compared
in the same breath, on every machine. Which text a vector belongs to is known by the text's hash alone.
"""

from __future__ import annotations

import fcntl
import os
import secrets
import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.errors import DataError

Encode = Callable[[Sequence[str]], NDArray[np.float32]]
"""Vectors of texts, (texts, size). A text's vector must depend on that text alone, to the last bit."""

Advance = Callable[[str, int], None]
"""Told what is being done and how many are done."""

_LARGEST: Final = 127
_EXACT: Final = 1_024
"""Coordinates whose products sum exactly in float32: 127² · 1024 < 2²⁴."""

_BLOCK: Final = 8_192
_BATCH: Final = 1_024
"""Texts that are encoded and saved at a time: what a killed process loses at most."""


def key_of(text: str) -> bytes:
    """The 16 bytes that stand for a text."""
    return blake2b(text.encode("utf-8", "surrogatepass"), digest_size=16).digest()


def in_whole_numbers(vectors: NDArray[np.float32]) -> NDArray[np.int8]:
    """Vectors of length 1, (n, size), as int8 with the same direction; zeros stay zeros."""
    largest = np.maximum(np.abs(vectors).max(axis=1, keepdims=True, initial=0), 1e-12)
    whole: NDArray[np.int8] = np.rint(vectors * (_LARGEST / largest)).astype(np.int8)
    return whole


def _row_type(size: int) -> np.dtype[Any]:
    return np.dtype([("key", "S16"), ("square", "<i4"), ("values", "i1", (size,))])


def _table(keys: Sequence[bytes], vectors: NDArray[np.float32]) -> NDArray[Any]:
    """Vectors as rows in order of their keys; `square` is the squared length in whole numbers."""
    values = in_whole_numbers(vectors)
    table = np.zeros(len(keys), _row_type(values.shape[1]))
    table["key"], table["values"] = keys, values
    table["square"] = np.square(values.astype(np.int32)).sum(axis=1)
    return table[np.argsort(table["key"])]


@dataclass(frozen=True)
class Vectors:
    """The vectors of some texts, in the texts' order; stays good whatever is added later."""

    tables: tuple[NDArray[Any], ...]
    table: NDArray[np.intp]
    row: NDArray[np.intp]

    def __len__(self) -> int:
        return len(self.row)

    def likeness(self, vector: NDArray[np.float32]) -> NDArray[np.float64]:
        """The cosine of each with a vector, (size,): exact for the whole numbers that stand for both; 0 for none."""
        asked = in_whole_numbers(vector[None, :])[0].astype(np.float32)
        square = float(np.square(asked, dtype=np.float64).sum())
        found = np.zeros(len(self.row))
        for number, table in enumerate(self.tables):
            mine = np.flatnonzero(self.table == number)
            for start in range(0, len(mine), _BLOCK):
                block = mine[start : start + _BLOCK]
                rows = self.row[block]
                norm = np.sqrt(table["square"][rows].astype(np.float64) * square)
                found[block] = _products(table["values"][rows], asked) / np.where(norm > 0, norm, 1)
        return found

    def vector(self, place: int) -> NDArray[np.float32]:
        """One of them, in the whole numbers that stand for it."""
        found: NDArray[np.float32] = self.tables[self.table.item(place)]["values"][self.row.item(place)]
        return found.astype(np.float32)


def _products(values: NDArray[np.int8], asked: NDArray[np.float32]) -> NDArray[np.float64]:
    """Exact products of rows with a vector of whole numbers: floats hold them all, so order changes nothing."""
    total = np.zeros(len(values))
    for first in range(0, len(asked), _EXACT):
        part = slice(first, first + _EXACT)
        total += values[:, part].astype(np.float32) @ asked[part]
    return total


class VectorStore:
    """Vectors by text of one model, in a folder that processes share, or in memory where there is none.

    Each batch of new texts is a file of its own; a file swallows those that are not larger, so there are few.
    """

    def __init__(self, folder: Path | None, model: str, size: int) -> None:
        self._path = None if folder is None else folder / "vectors" / f"{model}-{size}"
        self._size = size
        self._tables: dict[str, NDArray[Any]] = {}
        self._lock = threading.Lock()

    def of(self, texts: Sequence[str], encode: Encode, advance: Advance | None = None) -> Vectors:
        """The vectors of texts; those that nobody has asked for yet are made and kept.

        Raises:
            DataError: A file of the folder is damaged.
        """
        keys = np.array([key_of(text) for text in texts], "S16")
        with self._lock:
            missing = self._missing(keys)
            if len(missing):
                self._read()
                missing = self._missing(keys)
            for start in range(0, len(missing), _BATCH):
                self._make([texts[place] for place in missing[start : start + _BATCH].tolist()], encode)
                if advance is not None:
                    advance("向量 vectors", min(start + _BATCH, len(missing)))
            return self._found(keys)

    def _missing(self, keys: NDArray[np.bytes_]) -> NDArray[np.intp]:
        """Places of texts without a vector, each text once."""
        absent = np.flatnonzero(self._found(keys).table < 0)
        _, first = np.unique(keys[absent], return_index=True)
        return absent[np.sort(first)]

    def _found(self, keys: NDArray[np.bytes_]) -> Vectors:
        tables = tuple(self._tables.values())
        table, row = np.full(len(keys), -1, np.intp), np.zeros(len(keys), np.intp)
        for number, one in enumerate(tables):
            place = np.minimum(np.searchsorted(one["key"], keys), len(one) - 1)
            same = one["key"][place] == keys
            table[same], row[same] = number, place[same]
        return Vectors(tables, table, row)

    def _make(self, texts: Sequence[str], encode: Encode) -> None:
        with self._alone():
            self._read()
            keys = [key_of(text) for text in texts]
            absent = self._missing(np.array(keys, "S16")).tolist()
            if absent:
                made = _table([keys[i] for i in absent], encode([texts[i] for i in absent]))
                self._add(made)

    @contextmanager
    def _alone(self) -> Iterator[None]:
        """Let one process at a time add to the folder; the lock goes with the process."""
        if self._path is None:
            yield
            return
        self._path.mkdir(parents=True, exist_ok=True, mode=0o700)
        with (self._path / ".lock").open("a") as lock:
            fcntl.flock(lock, fcntl.LOCK_EX)
            yield

    def _add(self, made: NDArray[Any]) -> None:
        swallowed = []
        for name, table in reversed(self._tables.items()):
            if len(table) > len(made):
                break
            swallowed.append(name)
            made = np.concatenate([table, made])
        made = made[np.argsort(made["key"], kind="stable")]
        name = f"{secrets.token_hex(8)}.npy"
        if self._path is not None:
            draft = self._path / f".{name}.{os.getpid()}"
            with draft.open("wb") as file:
                np.save(file, made)
            draft.rename(self._path / name)
            made = _mapped(self._path / name, self._size)
        for old in swallowed:
            del self._tables[old]
            if self._path is not None:
                (self._path / old).unlink(missing_ok=True)
        self._tables[name] = made

    def _read(self) -> None:
        """Take note of what other processes have added or joined; the largest first."""
        if self._path is None or not self._path.is_dir():
            return
        tables: dict[str, NDArray[Any]] = {}
        for path in self._path.glob("[!.]*.npy"):
            try:
                tables[path.name] = self._tables.get(path.name, _mapped(path, self._size))
            except FileNotFoundError:
                continue  # swallowed just now: its rows are in another file, or are made anew
        self._tables = dict(sorted(tables.items(), key=lambda item: (-len(item[1]), item[0])))


def _mapped(path: Path, size: int) -> NDArray[Any]:
    try:
        table: NDArray[Any] = np.load(path, mmap_mode="r")
    except (ValueError, EOFError) as error:
        raise DataError(f"{path}: the vectors cannot be read: {error}", hint=_MEND) from error
    if table.dtype != _row_type(size) or not len(table):
        raise DataError(f"{path}: these are not vectors of {size} numbers", hint=_MEND)
    return table


_MEND: Final = "删除该文件，向量会重新计算 / remove the file: the vectors are made again"
