"""The names and codes by which entities are searched: what goes into the index, and its hits as a View gives them."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph import names
from graph.algorithms import search as kernel
from graph.algorithms.search import Match, NameKind, SearchArrays
from graph.claims import SEPARATOR
from graph.columns import Array, Field, Reader, Writer, split_handle
from graph.errors import InvalidInput
from graph.fold import Fold
from graph.ids import is_handle
from graph.tables import LABEL_NUMBER, LABELS, Tables, Units
from graph.view import Searcher
from graph.view_types import SearchHit, SearchPage

if TYPE_CHECKING:
    from graph.view import View

PERSONAL: Final = frozenset({"Person", "Employee", "Contact"})
"""Types whose names begin with a surname, which is read in its own way."""


class Way(NamedTuple):
    """One way to find an entity: the field, and what it is to the index."""

    field: str
    reason: str
    kind: NameKind


WAYS: Final = (
    Way("name", "name", NameKind.FULL),
    Way("short_name", "short_name", NameKind.SHORT),
    Way("former_names", "former_name", NameKind.FORMER),
    Way("aliases", "alias", NameKind.ALIAS),
    Way("code", "code", NameKind.CODE),
    Way("bare_code", "code", NameKind.CODE),
    Way("uscc", "uscc", NameKind.CODE),
    Way("lei", "lei", NameKind.CODE),
    Way("registry_id", "registry_id", NameKind.CODE),
)
"""In the order of the numbers that stand for them in arrays."""


class Forms(NamedTuple):
    """A name as the index reads it."""

    text: str
    pinyin: str
    initials: str


@dataclass(frozen=True)
class Origins:
    """Where each entry comes from: its unit, its way, and the place in a list of names."""

    unit: NDArray[np.int32]
    way: NDArray[np.int8]
    place: NDArray[np.int16]

    def __len__(self) -> int:
        return len(self.unit)

    def followed_by(self, other: Origins) -> Origins:
        """These entries and more."""
        return Origins(
            np.concatenate([self.unit, other.unit]),
            np.concatenate([self.way, other.way]),
            np.concatenate([self.place, other.place]),
        )


class _Collected:
    """Entries of the index, field by field."""

    def __init__(self) -> None:
        self.texts: list[str] = []
        self.pinyin: list[str] = []
        self.initials: list[str] = []
        self.parts: list[Origins] = []

    def add(self, units: Array, way: int, forms: Mapping[int, Sequence[Forms]], codes: Sequence[int]) -> None:
        """Add the entries of one field: the forms of each unit's text by its code."""
        found = [forms[code] for code in codes]
        counts = [len(f) for f in found]
        for unit_forms in found:
            for form in unit_forms:
                self.texts.append(form.text)
                self.pinyin.append(form.pinyin)
                self.initials.append(form.initials)
        total = sum(counts)
        first = np.repeat(np.cumsum(counts) - counts, counts) if total else np.zeros(0, np.int64)
        self.parts.append(
            Origins(
                np.repeat(units, counts).astype(np.int32),
                np.full(total, way, np.int8),
                (np.arange(total) - first).astype(np.int16),
            )
        )

    def origins(self) -> Origins:
        """Where the entries come from, in their order."""
        if not self.parts:
            return Origins(np.zeros(0, np.int32), np.zeros(0, np.int8), np.zeros(0, np.int16))
        return Origins(
            np.concatenate([p.unit for p in self.parts]),
            np.concatenate([p.way for p in self.parts]),
            np.concatenate([p.place for p in self.parts]),
        )


def _spoken(name: str, *, person: bool) -> Forms:
    return Forms(
        names.normal_form(name), names.pinyin(name, person=person), names.initials(name, person=person)
    )


def _reader(way: Way, label: str) -> Callable[[str], list[Forms]]:
    """What gives the forms of a stored text."""
    person = label in PERSONAL
    if way.field == "bare_code":
        return lambda code: [Forms(names.normal_form(code.split(".")[0]), "", "")] if "." in code else []
    if way.kind is NameKind.CODE:
        return lambda code: [Forms(names.normal_form(code), "", "")]
    return lambda text: [_spoken(name, person=person) for name in text.split(SEPARATOR)]


def _collect(units: Units, rows: NDArray[np.int64]) -> _Collected:
    """The entries of some units."""
    out = _Collected()
    labels = units.label[rows]
    for number in np.unique(labels[labels >= 0]).tolist():
        label = LABELS[number]
        mine = rows[labels == number]
        for way_number, way in enumerate(WAYS):
            field = units.fields[label].get("code" if way.field == "bare_code" else way.field)
            if field is not None:
                _collect_field(out, mine, units.local[mine], (way_number, field, _reader(way, label)))
    return out


def _collect_field(
    out: _Collected, rows: Array, local: Array, what: tuple[int, Field, Callable[[str], list[Forms]]]
) -> None:
    way, field, forms_of = what
    codes = field.column.take(local)
    stated = codes >= 0
    if field.pool is None or not stated.any():
        return
    chosen = codes[stated].tolist()
    used = set(chosen)
    texts = field.pool.texts() if 2 * len(used) > len(field.pool) else field.pool
    forms = {code: forms_of(texts[code]) for code in used}
    out.add(rows[stated], way, forms, chosen)


def _entries(tables: Tables, fold: Fold, found: _Collected) -> kernel.NameEntries:
    origins = found.origins()
    units = tables.units
    owner = fold.entity[origins.unit]
    handle = units.handle[fold.canonical[owner]]
    raw = np.empty(len(handle), [("hi", ">u8"), ("lo", ">u4")])
    raw["hi"], raw["lo"] = handle["hi"], handle["lo"]
    kinds = np.array([way.kind for way in WAYS], np.uint8)
    return kernel.NameEntries(
        text=found.texts, pinyin=found.pinyin, initials=found.initials,
        owner=owner.astype(np.int32), stable_id=raw.view("V12"), kind=kinds[origins.way],
        set_number=units.set[origins.unit].astype(np.uint32),
        prior=_listed(tables, fold, owner, origins.unit).astype(np.uint8),
    )  # fmt: skip


def _listed(tables: Tables, fold: Fold, owner: Array, unit: Array) -> NDArray[np.bool_]:
    """Whether an entry is a listed company's, as far as everyone who sees the entry can tell.

    Only the unit itself and those of the entity's least restricted set count: whoever sees the entry sees those.
    """
    units = tables.units
    coded = np.zeros(len(units), np.bool_)
    field = units.fields["Company"].get("code")
    if field is not None:
        companies = units.of_label("Company")
        coded[companies[field.stated(units.local[companies])]] = True
    least = units.set[fold.canonical]
    mine = np.flatnonzero(coded & (fold.entity >= 0))
    open_ = mine[units.set[mine] == least[fold.entity[mine]]]
    listed = np.zeros(fold.size, np.bool_)
    listed[fold.entity[open_]] = True
    found: NDArray[np.bool_] = listed[owner] | coded[unit]
    return found


@dataclass(frozen=True)
class NameIndex(Searcher):
    """The search index of a snapshot: a base, and a later part for what has changed since."""

    base: SearchArrays
    origins: Origins
    base_size: int
    late: SearchArrays | None = None
    removed: NDArray[np.uint8] | None = None

    @classmethod
    def of(cls, tables: Tables, fold: Fold) -> NameIndex:
        """The index of all units."""
        found = _collect(tables.units, np.flatnonzero(fold.entity >= 0))
        return cls(kernel.build(_entries(tables, fold, found)), found.origins(), len(found.texts))

    def changed(self, tables: Tables, fold: Fold, units: Array) -> NameIndex:
        """The index after these units, or the entities they are in, have changed."""
        mark = np.zeros(len(tables.units), np.bool_)
        mark[units] = True
        late_units = self.origins.unit[self.base_size :]
        mark[late_units] = True
        removed = mark[self.origins.unit[: self.base_size]].astype(np.uint8)
        if self.removed is not None:
            removed |= self.removed
        chosen = np.flatnonzero(mark & (fold.entity >= 0))
        found = _collect(tables.units, chosen)
        late = kernel.build(_entries(tables, fold, found), first_entry=self.base_size)
        kept = Origins(*(getattr(self.origins, n)[: self.base_size] for n in ("unit", "way", "place")))
        return NameIndex(self.base, kept.followed_by(found.origins()), self.base_size, late, removed)

    @cached_property
    def _index(self) -> kernel.SearchIndex:
        if self.late is None:
            return kernel.attach(self.base)
        return kernel.attach(self.base, self.late, removed=self.removed)

    def search(
        self, view: View, query: str, limit: int, kinds: Sequence[str], after: str | None
    ) -> SearchPage:
        """Hits among what the view may see; see `View.search`."""
        if limit < 1:
            raise InvalidInput("limit", f"{limit} is no number of hits", hint="give at least 1")
        normal = names.normal_form(query)
        size = len("".join(normal.split()).encode("utf-16-le")) // 2
        if not 0 < size <= kernel.LONGEST_QUERY:
            problem = "空的查询 / the query is empty" if not size else "查询过长 / the query is too long"
            raise InvalidInput("q", problem, hint=f"1 to {kernel.LONGEST_QUERY} characters")
        form, scope = kernel.QueryForms.of(normal), self._scope(view, kinds)
        found = kernel.search(self._index, form, scope, limit + 1, _cursor(after))
        hits = [self._hit(view, found, i) for i in range(min(limit, len(found.owner)))]
        more = f"{hits[-1].score!r}|{hits[-1].id}" if len(found.owner) > limit else None
        return SearchPage(hits, more)

    @staticmethod
    def _scope(view: View, kinds: Sequence[str]) -> kernel.SearchScope:
        allowed, visible = view.allowed.view(np.uint8), view.existing().view(np.uint8)
        if not kinds:
            return kernel.SearchScope(allowed, visible)
        wanted = np.zeros(256, np.uint8)
        for kind in kinds:
            if kind not in LABEL_NUMBER:
                raise InvalidInput("kinds", f"there is no node type {kind!r}", hint=", ".join(LABELS))
            wanted[LABEL_NUMBER[kind]] = 1
        owner_kind = np.ascontiguousarray(view.snapshot.fold.kind).view(np.uint8)
        return kernel.SearchScope(allowed, visible, owner_kind, wanted)

    def _hit(self, view: View, found: kernel.Hits, i: int) -> SearchHit:
        row, entry = found.owner.item(i), found.entry.item(i)
        way = WAYS[self.origins.way.item(entry)]
        return SearchHit(
            row, view.id(row), view.name(row), view.kind(row),
            f"{way.reason}:{Match(found.match.item(i)).name.lower()}",
            self._matched(view.snapshot.tables.units, entry, way), found.score.item(i),
        )  # fmt: skip

    def _matched(self, units: Units, entry: int, way: Way) -> str:
        """The name or code that answered, as stated."""
        value: Any = units.value(
            self.origins.unit.item(entry), "code" if way.field == "bare_code" else way.field
        )
        if isinstance(value, list):
            return str(value[self.origins.place.item(entry)])
        return str(value)


def _cursor(after: str | None) -> tuple[float, bytes] | None:
    if after is None:
        return None
    score, _, handle = after.partition("|")
    try:
        place = float(score)
    except ValueError as error:
        raise InvalidInput(
            "after", "this is no place in the hits", hint="pass `next` of the page before"
        ) from error
    if not is_handle(handle):
        raise InvalidInput("after", "this is no place in the hits", hint="pass `next` of the page before")
    hi, lo = split_handle(handle)
    return place, hi.to_bytes(8, "big") + lo.to_bytes(4, "big")


def save_names(index: NameIndex, writer: Writer) -> dict[str, Any]:
    """Write an index without a later part; gives what `load_names` needs beside the arrays."""
    for name, array in index.base.items():
        writer.array(f"names.{name}", array)
    for name in ("unit", "way", "place"):
        writer.array(f"names.origin.{name}", getattr(index.origins, name))
    return {"names": sorted(index.base)}


def load_names(reader: Reader) -> NameIndex:
    """The index that `save_names` wrote, memory-mapped."""
    base = {name: reader.array(f"names.{name}") for name in reader.facts["names"]}
    origins = Origins(*(reader.array(f"names.origin.{name}") for name in ("unit", "way", "place")))
    return NameIndex(base, origins, len(origins))
