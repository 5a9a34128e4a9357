"""What units claim to be: identifiers and names, normalised and hashed, by which they join and are found.

Two values are the same claim when their hashes are equal. A hash is 64 bits of BLAKE2b over the space that the
value lives in and its normal form; it does not depend on load order, process or machine.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph import names
from graph.columns import Array, Field, text_hash, text_hashes
from graph.tables import LABELS, Units

SEPARATOR: Final = "\x1f"


class Claim(IntEnum):
    """The kinds of claims."""

    USCC = 1
    LEI = 2
    CODE = 3
    REGISTRY = 4
    LEGAL = 5  # key of the registered name
    FORMER = 6  # key of an earlier registered name; comparable with LEGAL
    SHORT = 7  # key of the short name as stated
    ANSWERS = 8  # every name that finds it by exact match; comparable with SHORT
    ALIAS = 9  # another name, which finds but never joins; comparable with SHORT
    BARE_CODE = 10  # exchange code without its suffix
    SCHEME = 11  # classification, or kind of concept
    MENTION = 12  # the key of a company that its source calls by a short name only; comparable with SHORT
    SAME = 13  # a key that an event shares with others that are the same, or a text with its near duplicates
    LIKE = 14  # a key by which an event told without a figure is found to be one told with it
    FIGURE = 15  # the figure of an event


_SPACE: Final = {
    Claim.FORMER: Claim.LEGAL,
    Claim.ANSWERS: Claim.SHORT,
    Claim.ALIAS: Claim.SHORT,
    Claim.MENTION: Claim.SHORT,
}


_KEYED: Final[Mapping[str, tuple[tuple[Claim, str], ...]]] = {
    "Event": ((Claim.SAME, "same"), (Claim.LIKE, "like"), (Claim.FIGURE, "figure")),
    "Document": ((Claim.SAME, "alike"),),
}
"""Fields that hold keys as they are compared, by type."""


def claim_hash(kind: Claim, key: str) -> int:
    """The hash of a normalised value; never 0, which means none."""
    return text_hash(_prefix(kind) + key)


def _prefix(kind: Claim) -> str:
    return f"{int(_SPACE.get(kind, kind))}{SEPARATOR}"


@dataclass(frozen=True)
class Claims:
    """Equally long arrays: which unit claims what."""

    unit: NDArray[np.int32]
    kind: NDArray[np.int8]
    value: NDArray[np.uint64]

    @classmethod
    def joined(cls, parts: Sequence[Claims]) -> Claims:
        """All claims of several tables."""
        if not parts:
            return cls(np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0, np.uint64))
        return cls(
            np.concatenate([p.unit for p in parts]),
            np.concatenate([p.kind for p in parts]),
            np.concatenate([p.value for p in parts]),
        )

    def of_kind(self, *kinds: Claim) -> Claims:
        """The claims of some kinds."""
        mask = np.isin(self.kind, kinds)
        return Claims(self.unit[mask], self.kind[mask], self.value[mask])


def claims_of(units: Units, rows: NDArray[np.int64] | None = None) -> Claims:
    """The claims of some units, or of all."""
    chosen = np.arange(len(units)) if rows is None else rows
    labels = units.label[chosen]
    parts: list[Claims] = []
    for number in np.unique(labels).tolist():
        if number >= 0:
            parts.extend(_claims_of_label(units, LABELS[number], chosen[labels == number]))
    return Claims.joined(parts)


def claims_of_unit(units: Units, unit: int) -> Iterator[tuple[Claim, int]]:
    """What `claims_of` gives of one unit, kind and hash, without what array operations cost each."""

    def keys(kind: Claim, name: str, key: Callable[[str], tuple[str, ...]]) -> Iterator[tuple[Claim, int]]:
        stated = units.value(unit, name)
        for text in [stated] if isinstance(stated, str) else stated or ():
            yield from ((kind, claim_hash(kind, made)) for made in dict.fromkeys(key(text)) if made)

    label = LABELS[units.label.item(unit)]
    yield from keys(Claim.CODE, "code", lambda code: (code,))
    yield from keys(Claim.BARE_CODE, "code", lambda code: (code.split(".")[0],))
    for kind, name in _KEYED.get(label, ()):
        yield from keys(kind, name, lambda text: (text,))
    if label != "Company":
        yield from keys(Claim.ANSWERS, "name", lambda name: (names.short_key(name),))
        yield from keys(Claim.SCHEME, "kind" if label == "Concept" else "scheme", lambda scheme: (scheme,))
        return
    for kind, name, key in _OF_COMPANIES:
        yield from keys(kind, name, key)
    if units.value(unit, "code") is not None:
        yield from keys(Claim.ANSWERS, "short_name", _without_markers)
    if units.value(unit, "name") is None and units.value(unit, "short_name") is not None:
        yield from keys(Claim.MENTION, "key", lambda key: (names.short_key(key),))


_OF_COMPANIES: Final[tuple[tuple[Claim, str, Callable[[str], tuple[str, ...]]], ...]] = (
    *((kind, name, lambda code: (code,)) for kind, name in (
        (Claim.USCC, "uscc"), (Claim.LEI, "lei"), (Claim.REGISTRY, "registry_id"),
    )),
    *((kind, name, lambda name: (names.legal_key(name),)) for kind, name in (
        (Claim.LEGAL, "name"), (Claim.FORMER, "former_names"),
    )),
    *((kind, name, lambda name: (names.short_key(name),)) for kind, name in (
        (Claim.SHORT, "short_name"), (Claim.ANSWERS, "short_name"), (Claim.ANSWERS, "name"),
        (Claim.ANSWERS, "former_names"), (Claim.ALIAS, "aliases"),
    )),
)  # fmt: skip
"""What a company claims by which field, and how that is normalised."""


def _claims_of_label(units: Units, label: str, rows: NDArray[np.int64]) -> Iterable[Claims]:
    table = _Table(units, label, rows)
    yield table.claims(Claim.CODE, "code", lambda code: (code,))
    yield table.claims(Claim.BARE_CODE, "code", lambda code: (code.split(".")[0],))
    for kind, name in _KEYED.get(label, ()):
        yield table.claims(kind, name, _each(lambda text: text))
    if label == "Company":
        yield from _claims_of_companies(table)
    else:
        yield table.claims(Claim.ANSWERS, "name", lambda name: (names.short_key(name),))
        yield table.claims(Claim.SCHEME, "kind" if label == "Concept" else "scheme", lambda scheme: (scheme,))


def _claims_of_companies(table: _Table) -> Iterable[Claims]:
    yield table.claims(Claim.USCC, "uscc", lambda code: (code,))
    yield table.claims(Claim.LEI, "lei", lambda code: (code,))
    yield table.claims(Claim.REGISTRY, "registry_id", lambda code: (code,))
    yield table.claims(Claim.LEGAL, "name", lambda name: (names.legal_key(name),))
    yield table.claims(Claim.FORMER, "former_names", _each(names.legal_key))
    short = table.claims(Claim.SHORT, "short_name", lambda name: (names.short_key(name),))
    yield short
    yield Claims(short.unit, np.full(len(short.unit), Claim.ANSWERS, np.int8), short.value)
    yield table.claims(Claim.ANSWERS, "name", lambda name: (names.short_key(name),))
    yield table.claims(Claim.ANSWERS, "former_names", _each(names.short_key))
    yield table.with_field("code").claims(Claim.ANSWERS, "short_name", _without_markers)
    yield table.claims(Claim.ALIAS, "aliases", _each(names.short_key))
    yield (
        table.with_field("short_name")
        .without("name")
        .claims(Claim.MENTION, "key", lambda key: (names.short_key(key),))
    )


def _each(key: Callable[[str], str]) -> Callable[[str], tuple[str, ...]]:
    def keys(joined: str) -> tuple[str, ...]:
        return tuple(dict.fromkeys(key(name) for name in joined.split(SEPARATOR)))

    return keys


def _without_markers(name: str) -> tuple[str, ...]:
    """What a listed short name answers to beside itself (*ST东南 to 东南)."""
    plain = names.short_key(name)
    return tuple(key for key in names.short_keys(name, listed=True) if key != plain)


@dataclass(frozen=True)
class _Table:
    """Some units of one label."""

    units: Units
    label: str
    rows: NDArray[np.int64]

    def field(self, name: str) -> Field | None:
        return self.units.fields[self.label].get(name)

    def _stated(self, name: str) -> NDArray[np.bool_]:
        found = self.field(name)
        if found is None:
            return np.zeros(len(self.rows), np.bool_)
        return found.stated(self.units.local[self.rows])

    def with_field(self, name: str) -> _Table:
        """The units that state a field."""
        return _Table(self.units, self.label, self.rows[self._stated(name)])

    def without(self, name: str) -> _Table:
        """The units that do not state a field."""
        return _Table(self.units, self.label, self.rows[~self._stated(name)])

    def claims(self, kind: Claim, name: str, keys: Callable[[str], tuple[str, ...]]) -> Claims:
        """The claims that one field makes; `keys` gives the normalised values of a text."""
        field = self.field(name)
        if field is None or field.pool is None or not len(self.rows):
            return Claims.joined(())
        codes = field.column.take(self.units.local[self.rows])
        used, which = _distinct(codes[codes >= 0], len(field.pool))
        keyed = [[key for key in keys(text) if key] for text in _texts(field, used)]
        values = text_hashes([key for found in keyed for key in found], _prefix(kind))
        units = self.rows[codes >= 0]
        if len(values) == len(keyed) and all(map(len, keyed)):
            return _made(kind, units, values[which])
        return _several(kind, units, values, (np.fromiter(map(len, keyed), np.int64, len(keyed)), which))


def _distinct(codes: Array, size: int) -> tuple[Array, Array]:
    """The codes that occur, and for each place which of them stands there."""
    if size > 8 * len(codes):
        used, which = np.unique(codes, return_inverse=True)
        return used, which
    seen = np.zeros(size, np.bool_)
    seen[codes] = True
    used = np.flatnonzero(seen)
    number = np.zeros(size, np.int32)
    number[used] = np.arange(len(used))
    return used, number[codes]


def _texts(field: Field, codes: Array) -> list[str]:
    pool = field.pool
    if pool is None:
        return []
    if 2 * len(codes) > len(pool):
        texts = pool.texts()
        return texts if len(codes) == len(pool) else [texts[code] for code in codes.tolist()]
    return [pool[code] for code in codes.tolist()]


def _made(kind: Claim, units: Array, values: NDArray[np.uint64]) -> Claims:
    return Claims(units.astype(np.int32), np.full(len(units), kind, np.int8), values)


def _several(kind: Claim, units: Array, values: NDArray[np.uint64], lists: tuple[Array, Array]) -> Claims:
    """Claims of units with a list each: how many values each list has, and the list of each unit."""
    counts, which = lists
    firsts = np.cumsum(counts) - counts
    repeat = counts[which]
    begin = np.repeat(firsts[which], repeat)
    within = np.arange(len(begin)) - np.repeat(np.cumsum(repeat) - repeat, repeat)
    return _made(kind, np.repeat(units, repeat), values[begin + within])
