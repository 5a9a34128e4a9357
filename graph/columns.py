"""Columns: typed arrays with one value per row that may be memory-mapped, grow at the end, and read as Python.

A column is a `base`, which is never changed and usually lies on disk, and a short `tail` of rows added since.
"""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from hashlib import blake2b
from itertools import chain, pairwise
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.errors import DataError
from graph.schema import Kind

Array = NDArray[Any]
Rows = NDArray[np.int32] | NDArray[np.int64]

HANDLE: Final = np.dtype([("hi", "<u8"), ("lo", "<u4")])
"""A handle of 24 hexadecimal digits as 12 bytes; all zero means none."""

LONG_AGO: Final = -(2**31)
"""Day of an unknown start, and of a date that is absent."""

OPEN: Final = 2**31 - 1
"""Day of an open end."""

_EPOCH: Final = dt.date(1970, 1, 1).toordinal()
_NO_HANDLE: Final = "0" * 24
_JOIN: Final = "\x1f"
_CACHED_TEXTS: Final = 4096


# --- single values ---


def day_number(date: dt.date) -> int:
    """Days since 1970-01-01."""
    return date.toordinal() - _EPOCH


def date_of(day: int) -> dt.date | None:
    """The date of a day number; None for an unknown start, an open end and an absent date."""
    return None if day in (LONG_AGO, OPEN) else dt.date.fromordinal(day + _EPOCH)


def handle_text(hi: int, lo: int) -> str:
    """The handle as text."""
    return f"{hi:016x}{lo:08x}"


def split_handle(handle: str) -> tuple[int, int]:
    """The two numbers that a handle is stored as."""
    return int(handle[:16], 16), int(handle[16:], 16)


def handle_array(handles: Sequence[str | None]) -> Array:
    """Handles as an array of `HANDLE`; None becomes zero.

    Raises:
        DataError: Something is not a handle.
    """
    try:
        raw = bytes.fromhex("".join(h or _NO_HANDLE for h in handles))
        big = np.frombuffer(raw, dtype=[("hi", ">u8"), ("lo", ">u4")])
    except (ValueError, TypeError) as error:
        raise DataError("an id of the graph is not a handle of 24 hexadecimal digits") from error
    if len(big) != len(handles):
        raise DataError("an id of the graph is not a handle of 24 hexadecimal digits")
    return big.astype(HANDLE)


def text_hash(text: str) -> int:
    """64 bits of BLAKE2b; never 0, which stands for none. The same in every process and on every machine."""
    return int.from_bytes(blake2b(text.encode(), digest_size=8).digest(), "little") or 1


def text_hashes(texts: Iterable[str], prefix: str = "") -> NDArray[np.uint64]:
    """`text_hash` of many texts, each behind a prefix."""
    start = blake2b(prefix.encode(), digest_size=8)
    digests = []
    for text in texts:
        one = start.copy()
        one.update(text.encode())
        digests.append(one.digest())
    hashes = np.frombuffer(b"".join(digests), "<u8").copy()
    hashes[hashes == 0] = 1
    return hashes


class Coder(dict[str, int]):
    """Numbers texts in the order in which they first come."""

    def __missing__(self, text: str) -> int:
        code = self[text] = len(self)
        return code

    def codes(self, texts: Sequence[str | None]) -> NDArray[np.int32]:
        """The number of each text, -1 for None."""
        if None in texts:
            found: Iterable[int] = (-1 if t is None else self[t] for t in texts)
            return np.fromiter(found, np.int32, len(texts))
        plain: Sequence[str] = texts  # type: ignore[assignment]  # no None among them
        return np.fromiter(map(self.__getitem__, plain), np.int32, len(texts))


# --- texts ---


class Pool:
    """Texts by number: one UTF-8 blob with offsets, and a tail of texts added since."""

    def __init__(self, blob: Array, offsets: Array, tail: tuple[str, ...] = ()) -> None:
        self.blob = blob
        self.offsets = offsets
        self.tail = tail
        self._kept: dict[int, str] = {}

    @classmethod
    def of(cls, texts: Iterable[str]) -> Pool:
        """A pool of these texts, numbered in their order."""
        encoded = [text.encode() for text in texts]
        offsets = np.zeros(len(encoded) + 1, np.int64)
        np.cumsum(np.fromiter(map(len, encoded), np.int64, len(encoded)), out=offsets[1:])
        return cls(np.frombuffer(b"".join(encoded), np.uint8), offsets)

    def __len__(self) -> int:
        return len(self.offsets) - 1 + len(self.tail)

    def __getitem__(self, code: int) -> str:
        found = self._kept.get(code)
        if found is None:
            found = self._read(code)
            if len(self._kept) < _CACHED_TEXTS:
                self._kept[code] = found
        return found

    def _read(self, code: int) -> str:
        size = len(self.offsets) - 1
        if code >= size:
            return self.tail[code - size]
        return self.blob[self.offsets.item(code) : self.offsets.item(code + 1)].tobytes().decode()

    def texts(self) -> list[str]:
        """All texts, by number."""
        raw = self.blob.tobytes()
        bounds = self.offsets.tolist()
        return [raw[a:b].decode() for a, b in pairwise(bounds)] + list(self.tail)

    def extended(self, texts: Iterable[str]) -> Pool:
        """This pool with more texts at the end."""
        return Pool(self.blob, self.offsets, (*self.tail, *texts))


# --- columns ---


class Column:
    """One number, flag, day or handle per row."""

    __slots__ = ("base", "tail")

    def __init__(self, base: Array, tail: Array | None = None) -> None:
        self.base = base
        self.tail = base[:0] if tail is None else tail

    def __len__(self) -> int:
        return len(self.base) + len(self.tail)

    def take(self, rows: Array) -> Array:
        """The values of rows."""
        if not len(self.tail):
            return self.base[rows]
        size = len(self.base)
        late = rows >= size
        if not late.any():
            return self.base[rows]
        if not size:
            return self.tail[rows]
        out = self.base[np.where(late, 0, rows)]
        out[late] = self.tail[rows[late] - size]
        return out

    def item(self, row: int) -> Any:
        """The value of one row as a Python number."""
        size = len(self.base)
        return self.base.item(row) if row < size else self.tail.item(row - size)

    def all(self) -> Array:
        """The values of all rows."""
        return np.concatenate([self.base, self.tail]) if len(self.tail) else self.base

    def extended(self, more: Array) -> Column:
        """This column with more rows at the end."""
        tail = np.concatenate([self.tail, more.astype(self.base.dtype, copy=False)])
        return Column(self.base, tail)


_DTYPES: Final[Mapping[Kind, tuple[Any, Any]]] = {
    Kind.NUMBER: (np.float64, np.nan),
    Kind.COUNT: (np.int64, LONG_AGO),
    Kind.FLAG: (np.int8, -1),
    Kind.DATE: (np.int32, LONG_AGO),
    Kind.TEXT: (np.int32, -1),
    Kind.TEXTS: (np.int32, -1),
    Kind.REFERENCE: (HANDLE, 0),
}


def _absent(kind: Kind, size: int) -> Array:
    """A column in which every value is absent; it takes no memory."""
    dtype, fill = _DTYPES[kind]
    single = np.zeros(1, dtype) if kind is Kind.REFERENCE else np.full(1, fill, dtype)
    return np.broadcast_to(single, (size,))


def _dates(values: Sequence[str | None], absent: int = LONG_AGO) -> NDArray[np.int32]:
    coder = Coder()
    codes = coder.codes(values)
    days = [day_number(dt.date.fromisoformat(text)) for text in coder]
    return np.array([*days, absent], np.int32)[codes]


def day_array(values: Sequence[str | None], absent: int) -> NDArray[np.int32]:
    """ISO dates as day numbers.

    Raises:
        DataError: Something is not an ISO date.
    """
    try:
        return _dates(values, absent)
    except (ValueError, TypeError) as error:
        raise DataError(f"a stored date is not of the form 2024-12-31: {error}") from error


def _plain_array(kind: Kind, values: Sequence[Any]) -> Array:
    dtype, fill = _DTYPES[kind]
    if kind is Kind.NUMBER:
        return np.array(values, dtype)
    if kind is Kind.DATE:
        return day_array(values, LONG_AGO)
    if kind is Kind.REFERENCE:
        return handle_array(values)
    return np.array([fill if v is None else int(v) for v in values], dtype)


def _joined(values: Sequence[Any]) -> list[str | None]:
    return [_JOIN.join(v) if v else None for v in values]


class Field:
    """The values of one schema field: a column, and for texts the pool that it numbers."""

    __slots__ = ("column", "kind", "pool")

    def __init__(self, kind: Kind, column: Column, pool: Pool | None = None) -> None:
        self.kind = kind
        self.column = column
        self.pool = pool

    @classmethod
    def absent(cls, kind: Kind, size: int) -> Field:
        """A field that no row states."""
        pool = Pool.of(()) if kind in (Kind.TEXT, Kind.TEXTS) else None
        return cls(kind, Column(_absent(kind, size)), pool)

    def __len__(self) -> int:
        return len(self.column)

    def value(self, row: int) -> Any:
        """The value of one row as Python knows it (text, list, float, int, bool, date); None if absent.

        A reference is given as the handle that it holds.
        """
        return _READERS[self.kind](self, row)

    def stated(self, rows: Array) -> NDArray[np.bool_]:
        """Which of the rows have a value."""
        values = self.column.take(rows)
        if self.kind is Kind.REFERENCE:
            found: NDArray[np.bool_] = (values["hi"] != 0) | (values["lo"] != 0)
        elif self.kind is Kind.NUMBER:
            found = ~np.isnan(values)
        else:
            found = values != _DTYPES[self.kind][1]
        return found

    def having(self, rows: Array, text: str) -> NDArray[np.bool_]:
        """Which of the rows have this text, in a field of single texts."""
        if self.pool is None:
            raise TypeError("only texts can be compared with a text")
        codes = [code for code, known in enumerate(self.pool.texts()) if known == text]
        return np.isin(self.column.take(rows), codes)

    def extended(self, other: Field) -> Field:
        """This field with the rows of another at the end."""
        more = other.column.all()
        if self.pool is None or other.pool is None:
            return Field(self.kind, self.column.extended(more))
        shifted = np.where(more >= 0, more + np.int32(len(self.pool)), more)
        return Field(self.kind, self.column.extended(shifted), self.pool.extended(other.pool.texts()))

    def selected(self, rows: Array) -> Field:
        """The field of some rows."""
        return Field(self.kind, Column(self.column.take(rows)), self.pool)

    def compacted(self) -> Field:
        """The field with a pool of just its texts, each once."""
        if self.pool is None:
            return Field(self.kind, Column(self.column.all()))
        codes = self.column.all()
        used, which = np.unique(codes, return_inverse=True)
        coder = Coder()
        fresh = np.array([-1 if c < 0 else coder[self.pool[c]] for c in used.tolist()], np.int32)
        return Field(self.kind, Column(fresh[which.ravel()]), Pool.of(coder))


def _read_number(field: Field, row: int) -> float | None:
    value: float = field.column.item(row)
    return None if value != value else value  # noqa: PLR0124 - only NaN differs from itself


def _read_count(field: Field, row: int) -> int | None:
    value: int = field.column.item(row)
    return None if value == LONG_AGO else value


def _read_flag(field: Field, row: int) -> bool | None:
    value: int = field.column.item(row)
    return None if value < 0 else bool(value)


def _read_date(field: Field, row: int) -> dt.date | None:
    return date_of(field.column.item(row))


def _read_text(field: Field, row: int) -> str | None:
    code: int = field.column.item(row)
    return None if code < 0 or field.pool is None else field.pool[code]


def _read_texts(field: Field, row: int) -> list[str] | None:
    text = _read_text(field, row)
    return None if text is None else text.split(_JOIN)


def _read_reference(field: Field, row: int) -> str | None:
    hi, lo = field.column.item(row)
    return handle_text(hi, lo) if hi or lo else None


_READERS: Final[Mapping[Kind, Callable[[Field, int], Any]]] = {
    Kind.NUMBER: _read_number,
    Kind.COUNT: _read_count,
    Kind.FLAG: _read_flag,
    Kind.DATE: _read_date,
    Kind.TEXT: _read_text,
    Kind.TEXTS: _read_texts,
    Kind.REFERENCE: _read_reference,
}


class FieldBuilder:
    """Collects the values of one field, batch by batch."""

    def __init__(self, kind: Kind) -> None:
        self._kind = kind
        self._coder = Coder()
        self._parts: list[Array] = []
        self._occurs = False

    def add(self, values: Sequence[Any]) -> None:
        """Add a batch of values as the store gives them."""
        if self._kind in (Kind.TEXT, Kind.TEXTS):
            texts = _joined(values) if self._kind is Kind.TEXTS else values
            part: Array = self._coder.codes(texts)
            self._occurs = self._occurs or bool(self._coder)
        elif values.count(None) == len(values):
            part = _absent(self._kind, len(values))
        else:
            part = _plain_array(self._kind, values)
            self._occurs = True
        self._parts.append(part)

    def finish(self) -> Field | None:
        """The field, or None where no row states it."""
        if not self._occurs:
            return None
        pool = Pool.of(self._coder) if self._kind in (Kind.TEXT, Kind.TEXTS) else None
        return Field(self._kind, Column(np.concatenate(self._parts)), pool)


# --- on disk ---


def _is_constant(array: Array) -> bool:
    return array.ndim == 1 and len(array) > 1 and array.dtype != HANDLE and bool((array == array[0]).all())


class Writer:
    """Writes named arrays into a folder, with one list of them; a constant array takes no room."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._constant: dict[str, int] = {}
        self._names: list[str] = []

    def array(self, name: str, array: Array) -> None:
        """Write one array."""
        kept = array
        if _is_constant(array):
            self._constant[name] = len(array)
            kept = array[:1]
        self._names.append(name)
        np.save(self._folder / f"{name}.npy", np.ascontiguousarray(kept), allow_pickle=False)

    def field(self, name: str, field: Field) -> None:
        """Write a field and its pool."""
        self.array(name, field.column.all())
        if field.pool is not None:
            pool = Pool.of(field.pool.texts()) if field.pool.tail else field.pool
            self.array(f"{name}.blob", pool.blob)
            self.array(f"{name}.offsets", pool.offsets)

    def finish(self, facts: Mapping[str, Any]) -> None:
        """Write the list of arrays, with facts of one's own beside it."""
        listed = {"arrays": self._names, "constant": self._constant, **facts}
        (self._folder / "manifest.json").write_text(json.dumps(listed, ensure_ascii=False), encoding="utf-8")


@dataclass(frozen=True)
class Reader:
    """Reads what a `Writer` wrote, memory-mapped."""

    folder: Path

    @cached_property
    def facts(self) -> dict[str, Any]:
        """What the writer noted beside the arrays."""
        listed: dict[str, Any] = json.loads((self.folder / "manifest.json").read_text(encoding="utf-8"))
        return listed

    def array(self, name: str) -> Array:
        """One array."""
        path = self.folder / f"{name}.npy"
        size = self.facts["constant"].get(name)
        if size is not None:
            return np.broadcast_to(np.load(path, allow_pickle=False), (size,))
        # a plain view of the map: np.memmap's own indexing takes ten times as long
        return np.asarray(np.load(path, mmap_mode="r", allow_pickle=False)).view(np.ndarray)

    def field(self, name: str, kind: Kind) -> Field | None:
        """One field, or None where there is none of that name."""
        if name not in self._listed:
            return None
        pool = None
        if kind in (Kind.TEXT, Kind.TEXTS):
            pool = Pool(self.array(f"{name}.blob"), self.array(f"{name}.offsets"))
        return Field(kind, Column(self.array(name)), pool)

    @cached_property
    def _listed(self) -> frozenset[str]:
        return frozenset(self.facts["arrays"])

    def names(self) -> Iterator[str]:
        """The names of all arrays."""
        return chain(self.facts["arrays"])
