"""The names of all companies that a view sees, by 64-bit hashes of their normal forms: found in texts and by name.

A name is hashed from its first character on, so one pass over a text tries all lengths at every place; a table by the
first two characters says which lengths are worth trying. With 64 bits and a million names, others have a name's
hash about once in a thousand million texts.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, NamedTuple

import numba
import numpy as np
from numpy.typing import NDArray

from graph import names
from graph.claims import SEPARATOR
from graph.view import View
from nlp.folded import folded_name
from nlp.linking_rules import linking_rules

LONGEST: Final = 63
"""Characters of a name that is found in a text; longer ones are found by name alone."""

MOST_NAMESAKES: Final = 50
"""A name that more companies share is nobody's in particular; no text can tell them all apart."""

_PREFIX_BITS: Final = 20
_BUCKET_BITS: Final = 18
_CHUNK: Final = 200_000


class Way(IntEnum):
    """How a name is one of a company, the surest first."""

    FULL = 0
    SHORT = 1
    """Short name, with and without an exchange's markers and share class."""
    FORMER = 2
    ALIAS = 3
    STEM = 4
    """Full name without its legal form."""
    CORE = 5
    """Stem without the place that it begins with, or without brackets."""
    MARKED = 6
    """ST and the first two characters of a listed short name."""
    CLASSLESS = 7
    """Listed short name without its share class."""


class Hit(NamedTuple):
    """Characters `start` to `end` of a folded text have the hash of entries `low` to `high`."""

    start: int
    end: int
    low: int
    high: int


# --- hashes ----------------------------------------------------------------------------------------------------------


@numba.njit(nogil=True, cache=True)
def _hashes(codes: NDArray[np.uint32], ends: NDArray[np.int64], values: Any, starts: Any) -> None:
    """For each text, joined in `codes`, its hash and that of its first two characters."""
    begin = 0
    for i in range(len(ends)):
        h = np.uint64(14695981039346656037)
        for place in range(begin, ends[i]):
            h = (h ^ np.uint64(codes[place])) * np.uint64(1099511628211)
            if place == begin + 1:
                starts[i] = (h * np.uint64(11400714819323198485)) >> np.uint64(64 - 20)
        h ^= h >> np.uint64(29)
        h *= np.uint64(13787848793156543929)
        values[i] = h ^ (h >> np.uint64(32))
        begin = ends[i]


@numba.njit(nogil=True, cache=True)
def _scan(codes: Any, lengths: Any, first: Any, value: Any, found: Any) -> int:
    """Fill `found` with (start, end, low, high) of all names in a text; gives how many, at most its length."""
    count, size = 0, len(codes)
    for start in range(size - 1):
        h = np.uint64(14695981039346656037)
        h = (h ^ np.uint64(codes[start])) * np.uint64(1099511628211)
        h = (h ^ np.uint64(codes[start + 1])) * np.uint64(1099511628211)
        wanted = lengths[(h * np.uint64(11400714819323198485)) >> np.uint64(64 - 20)]
        wanted >>= np.uint64(2)
        end = start + 2
        while wanted:
            if wanted & np.uint64(1):
                v = h ^ (h >> np.uint64(29))
                v *= np.uint64(13787848793156543929)
                v ^= v >> np.uint64(32)
                bucket = v >> np.uint64(64 - 18)
                low, high = first[bucket], first[bucket + np.uint64(1)]
                while low < high and value[low] < v:
                    low += 1
                if low < high and value[low] == v:
                    last = low + 1
                    while last < high and value[last] == v:
                        last += 1
                    if count < len(found):
                        found[count, 0], found[count, 1], found[count, 2], found[count, 3] = (
                            start,
                            end,
                            low,
                            last,
                        )
                    count += 1
            if end == size:
                break
            h = (h ^ np.uint64(codes[end])) * np.uint64(1099511628211)
            end += 1
            wanted >>= np.uint64(1)
    return count


def _codes(text: str) -> NDArray[np.uint32]:
    return np.frombuffer(text.encode("utf-32-le", "surrogatepass"), np.uint32)


class _Keys:
    """Keys of names as hashes, made chunk by chunk."""

    def __init__(self) -> None:
        self.value: list[NDArray[np.uint64]] = []
        self.row: list[NDArray[np.int32]] = []
        self.way: list[NDArray[np.int8]] = []
        self.lengths = np.zeros(1 << _PREFIX_BITS, np.uint64)
        self._texts: list[str] = []
        self._rows: list[int] = []
        self._ways: list[int] = []

    def add(self, text: str, row: int, way: Way) -> None:
        """Add one; a single character is no name to look for."""
        if len(text) > 1:
            self._texts.append(text)
            self._rows.append(row)
            self._ways.append(way)
            if len(self._texts) >= _CHUNK:
                self.flush()

    def flush(self) -> None:
        """Hash what has been added."""
        if not self._texts:
            return
        sizes = np.fromiter(map(len, self._texts), np.int64, len(self._texts))
        values, starts = np.empty(len(sizes), np.uint64), np.zeros(len(sizes), np.uint64)
        _hashes(_codes("".join(self._texts)), np.cumsum(sizes), values, starts)
        findable = sizes <= LONGEST
        bits = np.uint64(1) << sizes[findable].astype(np.uint64)
        np.bitwise_or.at(self.lengths, starts[findable].astype(np.int64), bits)
        self.value.append(values)
        self.row.append(np.array(self._rows, np.int32))
        self.way.append(np.array(self._ways, np.int8))
        self._texts, self._rows, self._ways = [], [], []


@dataclass(frozen=True)
class NameIndex:
    """Entries in order of hash, listed ones first, then by id: `row[i]` is called what hashes to `value[i]`."""

    value: NDArray[np.uint64]
    row: NDArray[np.int32]
    way: NDArray[np.int8]
    first: NDArray[np.int64]
    lengths: NDArray[np.uint64]
    listed: NDArray[np.bool_]
    """By row, whether it is a company with an exchange code."""

    @classmethod
    def of(cls, view: View) -> NameIndex:
        """The index of the companies that a view sees, made once for all views that see the same."""
        made: NameIndex = view.foundation("company names in texts", lambda: build(view))
        return made

    def hits(self, text: str) -> list[Hit]:
        """All places of a folded text that have the hash of a name, by start, then by end."""
        if len(text) < 2 or not len(self.value):  # noqa: PLR2004 - the shortest name
            return []
        codes = _codes(text)
        room = len(text)
        while True:
            found = np.empty((room, 4), np.int64)
            count = _scan(codes, self.lengths, self.first, self.value, found)
            if count <= room:
                return [Hit(*hit) for hit in found[:count].tolist()]
            room = count

    def entries(self, low: int, high: int) -> dict[int, Way]:
        """The rows of entries, each with its surest way: of very many the listed ones, then the first by id."""
        rows: dict[int, Way] = {}
        high = min(high, low + MOST_NAMESAKES)
        for row, way in zip(self.row[low:high].tolist(), self.way[low:high].tolist(), strict=True):
            rows[row] = Way(min(way, rows.get(row, way)))
        return rows

    def called(self, folded: str) -> dict[int, Way]:
        """The rows of which this, in normal form, may be a name."""
        if len(folded) < 2:  # noqa: PLR2004 - the shortest name
            return {}
        value = np.empty(1, np.uint64)
        _hashes(_codes(folded), np.array([len(folded)]), value, np.empty(1, np.uint64))
        low, high = (
            np.searchsorted(self.value, value[0], "left"),
            np.searchsorted(self.value, value[0], "right"),
        )
        return self.entries(int(low), int(high))


# --- keys of a company -----------------------------------------------------------------------------------------------

_SUFFIXES: Final = (
    "集团股份有限公司", "股份有限公司", "集团有限责任公司", "集团有限公司", "有限责任公司", "有限公司", "股份公司",
    "集团公司",
)  # fmt: skip
_UNSPOKEN: Final = str.maketrans("", "", "()\"'·")
_LEAST_STEM: Final = 3
_LEAST_CORE: Final = 2


def stem_of(full: str) -> str:
    """A full name in normal form without its legal form; 集团 before the form goes with it."""
    for suffix in _SUFFIXES:
        if full.endswith(suffix):
            return full[: -len(suffix)].removesuffix("(集团)") or full
    return names.legal_form(full)[0]


def core_of(stem: str, places: frozenset[str]) -> str:
    """A stem without the place that it begins with."""
    for size in (4, 3, 2):
        if stem[:size] in places:
            rest = stem[size:]
            for unit in ("省", "市", "县", "区"):
                rest = rest.removeprefix(unit)
            return rest
    return stem


def _keys_of_full(name: str, way: Way, places: frozenset[str]) -> Iterator[tuple[str, Way]]:
    full = folded_name(name)
    yield full, way
    stem = stem_of(full)
    if len(stem) >= _LEAST_STEM and stem != full:
        yield stem, Way.STEM if way == Way.FULL else way
        if full.startswith(("集团", "(集团)"), len(stem)):
            yield f"{stem}集团", Way.STEM if way == Way.FULL else way
    bare = stem.replace("(集团)", "").replace("(中国)", "").translate(_UNSPOKEN) if "(" in stem else stem
    for key in (bare, core_of(bare, places)):
        if len(key) >= _LEAST_CORE and key != stem:
            yield key, Way.CORE


def _keys_of_short(name: str, way: Way, *, listed: bool) -> Iterator[tuple[str, Way]]:
    if listed:
        whole, *bare = names.short_keys(name, listed=True)
        yield whole, way
        yield from ((key, Way.CLASSLESS) for key in bare)
        if len(whole) > 2 and whole[0] > "\u2e80":  # noqa: PLR2004 - ST leaves two of them
            yield f"st{whole[:2]}", Way.MARKED
    yield names.short_key(name), way


def _keys(field: str, text: str, places: frozenset[str], *, listed: bool) -> Iterator[tuple[str, Way]]:
    if field == "name":
        return _keys_of_full(text, Way.FULL, places)
    if field == "former_names":
        return _keys_of_full(text, Way.FORMER, places)
    return _keys_of_short(text, Way.SHORT if field == "short_name" else Way.ALIAS, listed=listed)


# --- building --------------------------------------------------------------------------------------------------------

_FIELDS: Final = ("name", "short_name", "former_names", "aliases")


def stated_names(view: View, row: int, field: str) -> list[str]:
    """Every name of a field that a visible statement gives an entity, the best first."""
    found = [value for value, _ in view.stated(row, field)]
    return list(dict.fromkeys(name for v in found for name in (v if isinstance(v, list) else [v])))


def _stated(view: View, field: str, several: set[int]) -> Iterator[tuple[int, str]]:
    """The names that a field states: the best one of a row, or of those with `several` units all."""
    texts = view.property_texts("Company", field)
    for row, which in zip(texts.rows.tolist(), texts.which.tolist(), strict=True):
        if row in several:
            yield from ((row, name) for name in stated_names(view, row, field))
        else:
            yield from ((row, name) for name in texts.texts[which].split(SEPARATOR))


def build(view: View) -> NameIndex:
    """The index of all names that a view states of companies."""
    places, keys = linking_rules().places, _Keys()
    listed = np.zeros(view.size, np.bool_)
    listed[view.property_texts("Company", "code").rows] = True
    several = {row for row in view.rows("Company").tolist() if len(view.visible_units(row)) > 1}
    for field in _FIELDS:
        for row, text in _stated(view, field, several):
            for key, way in _keys(field, text, places, listed=listed.item(row)):
                keys.add(key, row, way)
    return _finished(keys, listed, view.id_keys())


def _finished(keys: _Keys, listed: NDArray[np.bool_], id_keys: NDArray[np.uint64]) -> NameIndex:
    keys.flush()
    value = np.concatenate([np.zeros(0, np.uint64), *keys.value])
    row = np.concatenate([np.zeros(0, np.int32), *keys.row])
    way = np.concatenate([np.zeros(0, np.int8), *keys.way])
    order = np.lexsort((way, row, value))
    value, row, way = value[order], row[order], way[order]
    fresh = np.ones(len(value), np.bool_)
    fresh[1:] = (value[1:] != value[:-1]) | (row[1:] != row[:-1])
    value, row, way = value[fresh], row[fresh], way[fresh]
    order = np.lexsort((id_keys[row], ~listed[row], value))
    value, row, way = value[order], row[order], way[order]
    buckets = (value >> np.uint64(64 - _BUCKET_BITS)).astype(np.int64)
    first = np.searchsorted(buckets, np.arange((1 << _BUCKET_BITS) + 1))
    return NameIndex(value, row, way, first.astype(np.int64), keys.lengths, listed)
