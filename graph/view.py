"""A View: the graph as one viewer may see it on one day. The only thing that a question reads.

Rows are numbers of entities within one View; what leaves a question is an id. Every method sees only statements
whose compartments the viewer is cleared for, so its result is that of a graph loaded without the others.
"""

from __future__ import annotations

import datetime as dt
import json
from bisect import bisect_right
from collections import OrderedDict
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import accumulate
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.claims import Claim, claim_hash
from graph.columns import HANDLE, LONG_AGO, OPEN, Array, date_of, day_number, handle_text, split_handle
from graph.errors import Ambiguous, InvalidInput, NotFound
from graph.findings import alike, findings
from graph.fold import Adjacency, Fold
from graph.ids import is_handle
from graph.names import legal_key, short_key
from graph.recent import Recent
from graph.schema import Kind, edge_types, node_types
from graph.tables import LABEL_NUMBER, LABELS, Edges, Tables
from graph.view_types import (
    Fact,
    FactPage,
    Finding,
    RecordBody,
    RecordRef,
    SearchHit,
    SearchPage,
    Unit,
)

K = TypeVar("K")

Direction = str
"""'out' for facts that start at an entity, 'in' for those that end there."""

_FEW: Final = 16
"""Up to this many statements are worked through one by one: numpy's fixed cost a call is larger than theirs."""

_LONG_KEPT: Final = 1024
"""How many longer lists of facts are kept once they are worked out: those of hubs, to which many lead."""

_MOST_CANDIDATES: Final = 20

_UNLISTED: Final = frozenset(
    {"key"} | {f.name for t in node_types().values() for f in t.fields if f.internal}
)
"""Columns that are no properties of the thing; `View.value` gives them all the same."""

_FOUNDATIONS_KEPT: Final = 128
"""How many large things are kept per version; each may take a hundred bytes for every edge."""

_ARRAYS_KEPT: Final = 32
"""How many types' facts are kept as columns per version, for all views together."""

_DAYS_KEPT: Final = 4
"""On how many days the public's view is kept for the views of others."""


# --- order of facts ---


class Order(NamedTuple):
    """The field by which facts of a type are ordered before the id of the other end decides."""

    field: str
    descending: bool = False


FACT_ORDER: Final[Mapping[str, Order]] = {
    "HOLDS": Order("share_ratio", descending=True),
    "CONTROLS": Order("ratio", descending=True),
    "OFFICER_OF": Order("office"),
    "RELATIVE_OF": Order("relation"),
    "LENDS_TO": Order("amount", descending=True),
    "SUPPLIES": Order("amount", descending=True),
    "PARTY_TO": Order("valid_from", descending=True),
    "UPSTREAM_OF": Order("weight", descending=True),
    "COVERS": Order("role"),
    "KNOWS": Order("strength", descending=True),
    "OWNS_PRODUCT": Order("revenue", descending=True),
    "MENTIONS": Order("start"),
    "ABOUT": Order("valid_from", descending=True),
}
"""Types not listed are ordered by the id of the other end alone. What has no value comes last."""


# --- masked statements ---


@dataclass(frozen=True)
class Run:
    """Visible statements of one list of facts: `rows[first[i]:first[i + 1]]` state fact i, the best first."""

    rows: Array
    first: Array
    other: Array
    """The other entity of each fact."""

    @property
    def best(self) -> Array:
        """The best statement of each fact."""
        return self.rows[self.first[:-1]]

    def __len__(self) -> int:
        return len(self.first) - 1

    def ordered(self, order: Array) -> Run:
        """The same facts in another order."""
        counts = np.diff(self.first)[order]
        first = np.concatenate([[0], np.cumsum(counts)])
        at = np.repeat(self.first[:-1][order] - first[:-1], counts) + np.arange(first[-1])
        return Run(self.rows[at], first, self.other[order])


class FactArrays:
    """The facts of one type as columns for kernels, one row per fact, in no order that means anything.

    `start` and `end` are entity rows. `column(name)` gives a field: numbers as float64 with NaN for absent,
    counts and dates with -2**31, flags with -1, references as entity rows with -1; `texts(name)` gives texts.
    """

    def __init__(self, view: View, edge_type: str, run: Run, start: Array, end: Array) -> None:
        self.type = edge_type
        self.start = start
        self.end = end
        self.statement = run.best
        self._view = view
        self._run = run
        self._kept: dict[str, Array] = {}

    def __len__(self) -> int:
        return len(self.start)

    def column(self, name: str) -> Array:
        """The values of a field; all absent where no statement has one.

        Raises:
            KeyError: The type has no such field.
        """
        if name not in self._kept:
            self._kept[name] = self._view.edge_column(self.type, name, self.statement)
        return self._kept[name]

    def __getitem__(self, name: str) -> Array:
        return self.column(name)

    @property
    def class_key(self) -> Array:
        """Hash of the class (share class, office, role) that tells facts between the same two ends apart."""
        return self._view.class_keys(self.type, self.statement)

    @property
    def valid_from(self) -> Array:
        """First day of validity as days since 1970-01-01."""
        return self.column("valid_from")

    @property
    def valid_to(self) -> Array:
        """First day after validity."""
        return self.column("valid_to")

    def equals(self, name: str, value: str) -> NDArray[np.bool_]:
        """Where a text field has a value."""
        return self._view.edge_equals(self.type, name, value, self.statement)

    def texts(self, name: str) -> list[str | None]:
        """The values of a text field."""
        return self._view.edge_texts(self.type, name, self.statement)

    def records(self, i: int) -> tuple[RecordRef, ...]:
        """The records of one of them, the best first: cheaper than the whole fact."""
        first = self._run.first
        return self._view.statement_records(self.type, self._run.rows[first.item(i) : first.item(i + 1)])

    def handles(self, rows: Array) -> Array:
        """The handles of the best records of some of them."""
        return self._view.edge_handles(self.type, self.statement[rows])

    def fact(self, i: int) -> Fact:
        """One of them as a fact, seen from its start."""
        return self._view.fact_of(self.type, self._run, i, (self.start.item(i), self.end.item(i)))


class PropertyTexts(NamedTuple):
    """A text property of many entities: `texts[which[i]]` is that of `rows[i]`, each row once."""

    rows: Array
    which: Array
    texts: list[str]


class _Kept(OrderedDict[tuple[int, str, str], Run]):
    """The long lists of facts that were asked for last."""

    def keep(self, key: tuple[int, str, str], run: Run) -> None:
        """Keep one, and let the oldest go when there are too many."""
        self[key] = run
        while len(self) > _LONG_KEPT:
            try:
                self.popitem(last=False)
            except KeyError:  # another thread took the last one
                return


class Searcher:
    """What a View needs of the search index; see `graph.naming.NameIndex`."""

    def search(
        self, view: View, query: str, limit: int, kinds: Sequence[str], after: str | None
    ) -> SearchPage:
        """Hits among what the view may see."""
        raise NotImplementedError


Bodies = Callable[[Sequence[str]], Iterable[Mapping[str, Any]]]
"""Gives the stored records with these handles, as far as they exist."""


@dataclass(frozen=True)
class Snapshot:
    """One version of the graph, folded; shared by the views on it."""

    tables: Tables
    fold: Fold
    searcher: Searcher
    bodies: Bodies
    foundations: Recent = field(default_factory=lambda: Recent(_FOUNDATIONS_KEPT), compare=False, repr=False)
    arrays: Recent = field(default_factory=lambda: Recent(_ARRAYS_KEPT), compare=False, repr=False)
    _public: OrderedDict[Viewpoint, View] = field(default_factory=OrderedDict, compare=False, repr=False)

    def public(self, viewpoint: Viewpoint) -> View:
        """The view of somebody without any clearance; the last few days asked for are kept."""
        open_to_all = replace(viewpoint, clearance=frozenset())
        found = self._public.get(open_to_all)
        if found is None:
            found = self._public.setdefault(open_to_all, View(self, open_to_all))
            while len(self._public) > _DAYS_KEPT:
                self._public.pop(next(iter(self._public)), None)
        return found


@dataclass(frozen=True)
class Viewpoint:
    """Who looks, and when: clearance (None: the operator, who sees all) and the two dates."""

    clearance: frozenset[str] | None = None
    as_of: dt.date = field(default_factory=dt.date.today)
    known_at: dt.date | None = None


class View:
    """One viewer's graph on one day. Immutable; threads may share it."""

    def __init__(self, snapshot: Snapshot, viewpoint: Viewpoint) -> None:
        self.snapshot = snapshot
        self.viewpoint = viewpoint
        self.allowed = snapshot.tables.sets.allowed(viewpoint.clearance)
        self._tables = snapshot.tables
        self._fold = snapshot.fold
        self._units = snapshot.tables.units
        self._day = day_number(viewpoint.as_of)
        self._long = _Kept()
        self._worked_out = Recent(_LONG_KEPT)

    def public(self) -> View:
        """The same graph on the same day for somebody without any clearance; shared by all views of a version."""
        if self.viewpoint.clearance == frozenset():
            return self
        return self.snapshot.public(self.viewpoint)

    def kept(self, key: Hashable, make: Callable[[], K]) -> K:
        """What `make` gives, made once per View: for what many answers share, as an industry's place in the chain.

        `key` names the question and what it is about. The last thousand are kept, and never an answer.
        """
        return self._worked_out.get(key, make)

    def foundation(self, key: Hashable, make: Callable[[], K]) -> K:
        """What `make` gives, for the few large things that questions stand on, as all ties in one array.

        The last few are kept, for all views of a version that see the same; `key` is one of a fixed handful, never
        made of what somebody asks for.
        """
        return self.snapshot.foundations.get((self.allowed.tobytes(), self._day, key), make)

    # --- version and dates ---

    @property
    def version(self) -> int:
        """Version of the graph; for operators only, since hidden writes raise it too."""
        return self._tables.version

    @property
    def as_of(self) -> dt.date:
        """The day on which things are true."""
        return self.viewpoint.as_of

    @property
    def known_at(self) -> dt.date | None:
        """The day by which we had been told; None is now."""
        return self.viewpoint.known_at

    @property
    def size(self) -> int:
        """How many rows there are, visible or not; for the length of kernels' arrays only."""
        return self._fold.size

    # --- existence ---

    def exists(self, row: int) -> bool:
        """Whether a row is an entity that this view has."""
        if not 0 <= row < self._fold.size:
            return False
        canonical = self._fold.canonical.item(row)
        if canonical < 0 or not self.allowed.item(self._units.set.item(canonical)):
            return False
        return self._fold.plain.item(row) or bool(self.visible_units(row))

    def exist(self, rows: Array) -> NDArray[np.bool_]:
        """Of many rows, which are entities that this view has."""
        fold, units = self._fold, self._units
        canonical = fold.canonical[rows]
        seen = (canonical >= 0) & self.allowed[units.set[canonical]]
        unsure = np.flatnonzero(seen & ~fold.plain[rows])
        if len(unsure):
            place, found = fold.members.expanded(rows[unsure])
            good = self._seen_units(found)
            seen[unsure] = np.bincount(place[good], minlength=len(unsure)) > 0
        return seen

    def told_since(self, rows: Array, day: dt.date) -> NDArray[np.bool_]:
        """Of many rows, which have a visible unit that we were told of on a day or later."""
        place, found = self._fold.members.expanded(rows)
        told = self._seen_units(found) & (self._units.known_from[found] >= day_number(day))
        late: NDArray[np.bool_] = np.bincount(place[told], minlength=len(rows)) > 0
        return late

    def _seen_units(self, units: Array) -> NDArray[np.bool_]:
        u = self._units
        seen: NDArray[np.bool_] = (
            self.allowed[u.set[units]] & (u.valid_from[units] <= self._day) & (u.valid_to[units] > self._day)
        )
        return seen

    def _seen_unit(self, unit: int) -> bool:
        u = self._units
        if not self.allowed.item(u.set.item(unit)):
            return False
        return bool(u.valid_from.item(unit) <= self._day < u.valid_to.item(unit))

    def visible_units(self, row: int) -> list[int]:
        """The visible units of an entity that are valid on the day, best first."""
        return [unit for unit in self._fold.members.of(row).tolist() if self._seen_unit(unit)]

    @cached_property
    def _all_existing(self) -> NDArray[np.bool_]:
        return self.exist(np.arange(self._fold.size))

    def existing(self) -> NDArray[np.bool_]:
        """For every row whether this view has it; kept."""
        return self._all_existing

    def rows(self, kind: str) -> NDArray[np.int64]:
        """The visible entities of a type.

        Raises:
            InvalidInput: There is no such type.
        """
        if kind not in LABEL_NUMBER:
            raise InvalidInput("kind", f"there is no node type {kind!r}", hint=f"one of {', '.join(LABELS)}")
        rows = np.flatnonzero(self._fold.kind == LABEL_NUMBER[kind])
        return rows[self.exist(rows)]

    def stating(self, kind: str, name: str) -> NDArray[np.int64]:
        """The visible entities of a type of which a visible unit states a field, ascending by row.

        Raises:
            KeyError: The type has no such field.
        """
        definition = node_types()[kind].field(name)
        found = self._units.fields.get(kind, {}).get(definition.name)
        if found is None:
            return np.zeros(0, np.int64)
        units = self._units.of_label(kind)
        units = units[found.stated(self._units.local[units])]
        rows = np.unique(self._fold.entity[units[self._seen_units(units)]])
        rows = rows[rows >= 0]
        return rows[self.exist(rows)].astype(np.int64)

    # --- entities ---

    def id(self, row: int) -> str:
        """The id of an entity, the same for everyone who sees it and on every day."""
        return self._units.id(self._fold.canonical.item(row))

    def id_key(self, row: int) -> tuple[int, int]:
        """A pair of numbers that orders as the id does."""
        hi, lo = self._units.handle.item(self._fold.canonical.item(row))
        return hi, lo

    def id_keys(self) -> NDArray[np.uint64]:
        """For every row a number that is stable as its id is: the first 64 bits of that; 0 where there is no entity."""
        return self.foundation("id keys", self._id_keys)

    def _id_keys(self) -> NDArray[np.uint64]:
        canonical = self._fold.canonical
        return np.where(canonical >= 0, self._units.handle["hi"][canonical], np.uint64(0))

    def ids(self, rows: Array) -> list[str]:
        """The ids of many rows."""
        return [handle_text(hi, lo) for hi, lo in self._units.handle[self._fold.canonical[rows]].tolist()]

    def of_kind(self, rows: Array, kind: str) -> NDArray[np.bool_]:
        """Of many rows, which are of a type."""
        same: NDArray[np.bool_] = self._fold.kind[rows] == LABEL_NUMBER[kind]
        return same

    def property_texts(self, kind: str, name: str) -> PropertyTexts:
        """A text property of all visible entities of a type that state one, as `props` shows it."""
        found = self._units.fields.get(kind, {}).get(name)
        if found is None or found.pool is None:
            return PropertyTexts(np.zeros(0, np.int64), np.zeros(0, np.int64), [])
        units = self._units.of_label(kind)
        codes = found.column.take(self._units.local[units])
        stating = (codes >= 0) & self._seen_units(units) & (self._fold.entity[units] >= 0)
        units, codes = units[stating], codes[stating]
        rows, first, count = np.unique(self._fold.entity[units], return_index=True, return_counts=True)
        best = codes[first]
        for place in np.flatnonzero(count > 1).tolist():
            of_row = (self._units.local.item(unit) for unit in self.visible_units(rows.item(place)))
            best[place] = next(code for at in of_row if (code := found.column.item(at)) >= 0)
        there = self.exist(rows)
        used, which = np.unique(best[there], return_inverse=True)
        return PropertyTexts(rows[there], which, [found.pool[code] for code in used.tolist()])

    def column(self, kind: str, name: str) -> tuple[NDArray[np.int64], Array]:
        """A number, count or date of all visible entities of a type that state one, as `props` shows it.

        Rows ascend, each once; dates are days since 1970-01-01.

        Raises:
            KeyError: The type has no such field.
        """
        definition = node_types()[kind].field(name)
        found = self._units.fields.get(kind, {}).get(definition.name)
        if found is None:
            return np.zeros(0, np.int64), _ABSENT[definition.kind](0)
        units = self._units.of_label(kind)
        units = units[found.stated(self._units.local[units])]
        units = units[self._seen_units(units) & (self._fold.entity[units] >= 0)]
        rows, first, count = np.unique(self._fold.entity[units], return_index=True, return_counts=True)
        best = units[first]
        for place in np.flatnonzero(count > 1).tolist():
            of_row = self.visible_units(rows.item(place))
            best[place] = next(u for u in of_row if self._units.value(u, name) is not None)
        there = self.exist(rows)
        values: Array = found.column.take(self._units.local[best[there]])
        return rows[there].astype(np.int64), values

    def kind(self, row: int) -> str:
        """The type of an entity."""
        return LABELS[self._fold.kind.item(row)]

    def name(self, row: int) -> str:
        """What a person calls it: its name, else its short name, else its code, else its id."""
        units = self.visible_units(row)
        for wanted in ("name", "short_name", "code"):
            for unit in units:
                found = self._units.value(unit, wanted)
                if found:
                    return str(found)
        return self.id(row)

    def value(self, row: int, name: str) -> Any:
        """One property as `props` gives it, or None."""
        lists: list[str] = []
        for unit in self.visible_units(row):
            found = self._units.value(unit, name)
            if isinstance(found, list):
                lists.extend(found)
            elif found is not None:
                return found
        return list(dict.fromkeys(lists)) or None

    def props(self, row: int) -> dict[str, Any]:
        """The properties of an entity, field by field from the best visible unit that states it.

        Lists are joined over units. A property that nobody states is left out.
        """
        return {name: self._merged(found) for name, found in self._stated(row).items()}

    @staticmethod
    def _merged(found: list[tuple[int, Any]]) -> Any:
        if isinstance(found[0][1], list):
            return list(dict.fromkeys(item for _, value in found for item in value))
        return found[0][1]

    def _stated(self, row: int) -> dict[str, list[tuple[int, Any]]]:
        """Of each property the visible units that state it, best first, with what they state."""
        stated: dict[str, list[tuple[int, Any]]] = {}
        fields, local = self._units.fields[self.kind(row)], self._units.local
        for unit in self.visible_units(row):
            at = local.item(unit)
            for name, column in fields.items():
                value = column.value(at) if name not in _UNLISTED else None
                if value is not None:
                    stated.setdefault(name, []).append((unit, value))
        return stated

    def property_records(self, row: int) -> dict[str, list[RecordRef]]:
        """Of each property the records that state the value that `props` shows, best first."""
        return self.described(row)[1]

    def described(self, row: int) -> tuple[dict[str, Any], dict[str, list[RecordRef]]]:
        """Both `props` and `property_records`, for little more than one of them."""
        props: dict[str, Any] = {}
        out: dict[str, list[RecordRef]] = {}
        known: dict[int, RecordRef | None] = {}
        for name, found in self._stated(row).items():
            shown = props[name] = self._merged(found)
            same = [u for u, value in found if isinstance(value, list) or value == shown]
            for unit in same:
                if unit not in known:
                    known[unit] = self._unit_record(unit)
            out[name] = list(dict.fromkeys(ref for unit in same if (ref := known[unit]) is not None))
        return props, out

    def stated(self, row: int, name: str) -> list[tuple[Any, RecordRef | None]]:
        """Every visible statement of one property, best first, with its record."""
        found = ((unit, self._units.value(unit, name)) for unit in self.visible_units(row))
        return [(value, self._unit_record(unit)) for unit, value in found if value is not None]

    def _unit_record(self, unit: int) -> RecordRef | None:
        u = self._units
        hi, lo = u.record.item(unit)
        if not hi and not lo:
            return None
        return RecordRef(handle_text(hi, lo), self._source(u.source.item(unit)), date_of(u.stated.item(unit)))

    def _source(self, number: int) -> str:
        return self._tables.sources[number].name

    def units(self, row: int) -> list[Unit]:
        """The visible units of an entity, best first."""
        return [self._unit(unit) for unit in self.visible_units(row)]

    def _unit(self, unit: int) -> Unit:
        u, record = self._units, self._unit_record(unit)
        return Unit(
            u.id(unit), self._source(u.source.item(unit)), u.value(unit, "key") or "",
            record.id if record else None, date_of(u.stated.item(unit)),
            self._tables.sets.names[u.set.item(unit)],
        )  # fmt: skip

    # --- facts ---

    def _adjacency(self, edge_type: str) -> tuple[Edges, Adjacency] | None:
        found = self._fold.adjacency.get(edge_type)
        if found is None:
            if edge_type not in edge_types():
                known = ", ".join(edge_types())
                raise InvalidInput(
                    "edge_type", f"there is no edge type {edge_type!r}", hint=f"one of {known}"
                )
            return None
        return self._tables.edges[edge_type], found

    def _statements(self, row: int, edge_type: str, direction: Direction) -> Array | None:
        """All statements of a list of facts, visible or not; None where there are none."""
        found = self._adjacency(edge_type)
        if found is None:
            return None
        if direction not in ("out", "in"):
            raise InvalidInput("direction", f"{direction!r} is no direction", hint="out or in")
        csr = found[1].out if direction == "out" else found[1].into
        begin, end = csr.bounds(row)
        return csr.items[begin:end] if end > begin else None

    def _other(self, edges: Edges, rows: Array, direction: Direction) -> Array:
        ends = edges.end if direction == "out" else edges.start
        return self._fold.entity[ends.take(rows)]

    def _masked(self, edge_type: str, rows: Array, direction: Direction, *, dated: bool = True) -> Run:
        """The visible statements of one entity, in facts; with `dated` only those valid on the day."""
        edges, adjacency = self._tables.edges[edge_type], self._fold.adjacency[edge_type]
        keep = self.allowed[edges.set.take(rows)]
        if dated:
            keep &= (edges.valid_from.take(rows) <= self._day) & (edges.valid_to.take(rows) > self._day)
        if not keep.all():
            rows = rows[keep]
        other = self._other(edges, rows, direction)
        there = self.exist(other)
        if not there.all():
            rows, other = rows[there], other[there]
        keys = adjacency.class_key.take(rows)
        fresh = np.ones(len(rows) + 1, np.bool_)
        fresh[1:-1] = (other[1:] != other[:-1]) | (keys[1:] != keys[:-1])
        first = np.flatnonzero(fresh)
        return Run(rows, first, other[first[:-1]])

    def run(self, row: int, edge_type: str, direction: Direction) -> Run | None:
        """The visible statements of a list of facts, valid on the day, in the declared order; None for none."""
        rows = self._statements(row, edge_type, direction)
        if rows is None or not self.exists(row):
            return None
        if len(rows) <= _FEW:
            return self._few(edge_type, rows.tolist(), direction)
        kept = self._long.get((row, edge_type, direction))
        if kept is not None:
            return kept
        run = self._masked(edge_type, rows, direction)
        if len(run) > 1:
            run = run.ordered(self._fact_order(edge_type, run))
        self._long.keep((row, edge_type, direction), run)
        return run

    def _few(self, edge_type: str, statements: Iterable[int], direction: Direction) -> Run:
        """What `_masked` and `_fact_order` make of a short list, without what array operations cost each."""
        edges, key_of = self._tables.edges[edge_type], self._fold.adjacency[edge_type].class_key
        ends = edges.end if direction == "out" else edges.start
        facts: list[tuple[int, int, list[int]]] = []
        for statement in statements:
            if not self._seen_statement(edges, statement):
                continue
            other, key = self._fold.entity.item(ends.item(statement)), key_of.item(statement)
            if facts and facts[-1][:2] == (other, key):
                facts[-1][2].append(statement)
            elif self.exists(other):
                facts.append((other, key, [statement]))
        if len(facts) > 1:
            facts.sort(key=lambda fact: (self._place(edge_type, fact[2][0]), self.id_key(fact[0]), fact[1]))
        rows = [statement for _, _, run in facts for statement in run]
        first = [0, *accumulate(len(run) for _, _, run in facts)]
        return Run(
            np.array(rows, np.int32), np.array(first), np.array([other for other, _, _ in facts], np.int32)
        )

    def _seen_statement(self, edges: Edges, statement: int) -> bool:
        if not self.allowed.item(edges.set.item(statement)):
            return False
        return bool(edges.valid_from.item(statement) <= self._day < edges.valid_to.item(statement))

    def _place(self, edge_type: str, statement: int) -> tuple[bool, Any]:
        """What `_sort_values` orders by, of one statement; what has no value comes last."""
        edges, declared = self._tables.edges[edge_type], FACT_ORDER.get(edge_type)
        if declared is None:
            return False, 0
        if declared.field == "valid_from":
            return False, -edges.valid_from.item(statement)
        found = edges.fields.get(declared.field)
        value = None if found is None else found.value(statement)
        if value is None:
            return True, 0
        return False, -value if declared.descending else value

    def _fact_order(self, edge_type: str, run: Run) -> Array:
        best = run.best
        handle = self._units.handle[self._fold.canonical[run.other]]
        keys = [self._fold.adjacency[edge_type].class_key.take(best), handle["lo"], handle["hi"]]
        declared = FACT_ORDER.get(edge_type)
        if declared is not None:
            keys.append(self._sort_values(edge_type, declared, best))
        return np.lexsort(keys)

    def _sort_values(self, edge_type: str, declared: Order, best: Array) -> Array:
        """Numbers by which facts are sorted ascending; what has no value comes last."""
        edges = self._tables.edges[edge_type]
        if declared.field == "valid_from":
            latest_first: Array = -edges.valid_from.take(best).astype(np.int64)
            return latest_first
        found = edges.fields.get(declared.field)
        if found is None:
            return np.zeros(len(best))
        if found.kind is Kind.TEXT and found.pool is not None:
            return _text_ranks(found.column.take(best), found.pool.__getitem__)
        values = found.column.take(best).astype(np.float64)
        absent = ~found.stated(best)
        return np.where(absent, np.inf, -values if declared.descending else values)

    def facts(self, row: int, edge_type: str, direction: Direction) -> list[Fact]:
        """The facts of a type at an entity, valid on the day, in the declared order, each once.

        Raises:
            InvalidInput: There is no such edge type or direction.
        """
        run = self.run(row, edge_type, direction)
        if run is None:
            return []
        return self._facts(edge_type, direction, row, run, range(len(run)))

    def _facts(
        self, edge_type: str, direction: Direction, row: int, run: Run, chosen: Iterable[int]
    ) -> list[Fact]:
        forward = direction == "out"
        facts = []
        for i in chosen:
            other = run.other.item(i)
            facts.append(self._fact(edge_type, run, i, (row, other) if forward else (other, row)))
        return facts

    def _fact(self, edge_type: str, run: Run, i: int, ends: tuple[int, int]) -> Fact:
        edges = self._tables.edges[edge_type]
        statements = run.rows[run.first.item(i) : run.first.item(i + 1)].tolist()
        best = statements[0]
        return Fact(
            type=edge_type,
            start=ends[0],
            end=ends[1],
            props=self._edge_props(edges, best),
            valid_from=date_of(edges.valid_from.item(best)),
            valid_to=date_of(edges.valid_to.item(best)),
            start_unknown=bool(edges.start_unknown.item(best)),
            records=self._records(edges, statements),
            other=run.other.item(i),
            compartments=self._tables.sets.names[edges.set.item(best)],
        )

    def fact_of(self, edge_type: str, run: Run, i: int, ends: tuple[int, int]) -> Fact:
        """Fact number `i` of a run, seen from its start."""
        return self._fact(edge_type, run, i, ends)

    def statement_records(self, edge_type: str, statements: Array) -> tuple[RecordRef, ...]:
        """The records of statements, each once."""
        return self._records(self._tables.edges[edge_type], statements.tolist())

    def _records(self, edges: Edges, statements: Sequence[int]) -> tuple[RecordRef, ...]:
        if len(statements) == 1:
            return (self._record(edges, statements[0]),)
        return tuple(dict.fromkeys(self._record(edges, s) for s in statements))

    def findings(self, row: int) -> list[Finding]:
        """Conflicts among visible statements about an entity, and what is possibly the same."""
        return findings(self, row)

    def alike(self, row: int) -> list[Finding]:
        """Of the findings those that name others which may be the same thing; cheaper than all of them."""
        return alike(self, row)

    def _record(self, edges: Edges, row: int) -> RecordRef:
        return RecordRef(
            handle_text(*edges.record.item(row)),
            self._source(edges.source.item(row)),
            date_of(edges.stated.item(row)),
        )

    def _edge_props(self, edges: Edges, row: int) -> dict[str, Any]:
        props = {}
        for name, column in edges.fields.items():
            value = column.value(row)
            if value is not None and column.kind is Kind.REFERENCE:
                value = self._referred(value)
            if value is not None:
                props[name] = value
        return props

    def _referred(self, handle: str) -> str | None:
        """The id of the visible entity that a reference means; None where there is none."""
        row = self._row_of_handle(handle)
        return None if row is None else self.id(row)

    def touching(self, row: int) -> set[tuple[str, Direction]]:
        """The lists of facts (type, direction) of an entity that may hold something here; all others are empty."""
        return {
            (edge_type, direction)
            for edge_type, adjacency in self._fold.adjacency.items()
            for direction, lists in (("out", adjacency.out), ("in", adjacency.into))
            if lists.holds(row)
        }

    def degree(self, row: int, edge_type: str, direction: Direction) -> int:
        """How many facts `facts` would give."""
        run = self.run(row, edge_type, direction)
        return 0 if run is None else len(run)

    def page(
        self, row: int, edge_type: str, direction: Direction, after: str | None = None, limit: int = 20
    ) -> FactPage:
        """Some facts of a list that may be long, in the order of `facts`.

        Args:
            row: The entity.
            edge_type: Which facts.
            direction: 'out' or 'in'.
            after: `next` of the page before; it stays good when facts come or go.
            limit: Most facts to give.

        Raises:
            InvalidInput: `after` is not what a page gave.
        """
        run = self.run(row, edge_type, direction)
        if run is None:
            return FactPage([], 0, None)
        begin = 0 if after is None else self._place_after(edge_type, run, after)
        end = min(begin + limit, len(run))
        facts = self._facts(edge_type, direction, row, run, range(begin, end))
        more = self._token(edge_type, run, end - 1) if begin < end < len(run) else None
        return FactPage(facts, len(run), more)

    def _sort_key(self, edge_type: str, run: Run, i: int) -> tuple[Any, ...]:
        """By what fact `i` stands where it stands; two of a type compare as the facts are ordered."""
        best = run.rows.item(run.first.item(i))
        value: Any = 0
        declared = FACT_ORDER.get(edge_type)
        if declared is not None:
            found = self._tables.edges[edge_type].fields.get(declared.field)
            if found is not None and found.kind is Kind.TEXT:
                text = found.value(best)
                value = "1" if text is None else f"0{text}"
            else:
                value = self._sort_values(edge_type, declared, np.array([best])).item(0)
        return value, self.id(run.other.item(i)), self._fold.adjacency[edge_type].class_key.item(best)

    def _token(self, edge_type: str, run: Run, i: int) -> str:
        value, other, key = self._sort_key(edge_type, run, i)
        return f"{value}|{other}|{key:x}"

    def _place_after(self, edge_type: str, run: Run, token: str) -> int:
        problem = InvalidInput("after", "this is no place in the list", hint="pass `next` of the page before")
        value, *rest = token.rsplit("|", 2)
        if len(rest) != 2:  # noqa: PLR2004 - id and class
            raise problem
        if not len(run):
            return 0
        sample = self._sort_key(edge_type, run, 0)[0]
        try:
            key = (type(sample)(value), rest[0], int(rest[1], 16))
        except ValueError as error:
            raise problem from error
        return bisect_right(range(len(run)), key, key=lambda i: self._sort_key(edge_type, run, i))

    def history(self, row: int, edge_type: str, direction: Direction) -> list[Fact]:
        """All visible facts of a type at an entity whatever their validity, an interval each, newest first."""
        rows = self._statements(row, edge_type, direction)
        if rows is None or not self.exists(row):
            return []
        run = self._by_interval(edge_type, self._masked(edge_type, rows, direction, dated=False))
        return self._facts(edge_type, direction, row, run, range(len(run)))

    def _by_interval(self, edge_type: str, run: Run) -> Run:
        """The facts split by interval, newest start first, then by id, class and end."""
        edges = self._tables.edges[edge_type]
        fact = np.repeat(np.arange(len(run)), np.diff(run.first))
        start, end = edges.valid_from.take(run.rows), edges.valid_to.take(run.rows)
        handle = self._units.handle[self._fold.canonical[run.other]]
        keys = self._fold.adjacency[edge_type].class_key.take(run.rows)
        order = np.lexsort(
            (np.arange(len(fact)), end, keys, handle["lo"][fact], handle["hi"][fact], -start.astype(np.int64))
        )
        fact, start, end = fact[order], start[order], end[order]
        fresh = np.ones(len(order) + 1, np.bool_)
        fresh[1:-1] = (fact[1:] != fact[:-1]) | (start[1:] != start[:-1]) | (end[1:] != end[:-1])
        first = np.flatnonzero(fresh)
        return Run(run.rows[order], first, run.other[fact[first[:-1]]])

    # --- whole types, for kernels ---

    def arrays(self, edge_type: str) -> FactArrays:
        """All facts of a type valid on the day, each once, as columns. Those asked for last are kept.

        Raises:
            InvalidInput: There is no such edge type.
        """
        key = (self.allowed.tobytes(), self._day, edge_type)
        return self.snapshot.arrays.get(key, lambda: self._all_facts(edge_type))

    def _all_facts(self, edge_type: str) -> FactArrays:
        found = self._adjacency(edge_type)
        if found is None:
            nothing = np.zeros(0, np.int32)
            return FactArrays(self, edge_type, Run(nothing, np.zeros(1, np.int64), nothing), nothing, nothing)
        edges, adjacency = found
        rows: Array = adjacency.out.items
        keep = self.allowed[edges.set.take(rows)]
        keep &= (edges.valid_from.take(rows) <= self._day) & (edges.valid_to.take(rows) > self._day)
        if not keep.all():
            rows = rows[keep]
        start, end = self._fold.entity[edges.start.take(rows)], self._fold.entity[edges.end.take(rows)]
        there = self.existing()[start] & self.existing()[end]
        if not there.all():
            rows, start, end = rows[there], start[there], end[there]
        keys = adjacency.class_key.take(rows)
        fresh = np.ones(len(rows) + 1, np.bool_)
        fresh[1:-1] = (start[1:] != start[:-1]) | (end[1:] != end[:-1]) | (keys[1:] != keys[:-1])
        first = np.flatnonzero(fresh)
        at = first[:-1]
        return FactArrays(self, edge_type, Run(rows, first, end[at]), start[at], end[at])

    def edge_column(self, edge_type: str, name: str, statements: Array) -> Array:
        """A field of statements as `FactArrays.column` gives it."""
        if name in ("valid_from", "valid_to", "stated", "start_unknown"):
            edges = self._tables.edges.get(edge_type)
            if edges is None:
                return np.zeros(0, np.int32)
            dates: Array = getattr(edges, name).take(statements)
            return dates
        definition = edge_types()[edge_type].field(name)
        edges = self._tables.edges.get(edge_type)
        found = None if edges is None else edges.fields.get(name)
        if found is None:
            return _ABSENT[definition.kind](len(statements))
        values: Array = found.column.take(statements)
        return self._referred_rows(values) if found.kind is Kind.REFERENCE else values

    def _referred_rows(self, handles: Array) -> Array:
        found = np.full(len(handles), -1, np.int32)
        stated = np.flatnonzero((handles["hi"] != 0) | (handles["lo"] != 0))
        units = self._fold.handles.rows(handles[stated])
        rows = np.where(units >= 0, self._fold.entity[units], -1)
        there = np.flatnonzero(rows >= 0)
        seen = self.allowed[self._units.set[units[there]]] & self.exist(rows[there])
        found[stated[there[seen]]] = rows[there[seen]]
        return found

    def edge_equals(self, edge_type: str, name: str, value: str, statements: Array) -> NDArray[np.bool_]:
        """Which statements have a value in a text field."""
        edges = self._tables.edges.get(edge_type)
        found = None if edges is None else edges.fields.get(name)
        if found is None:
            edge_types()[edge_type].field(name)
            return np.zeros(len(statements), np.bool_)
        return found.having(statements, value)

    def class_keys(self, edge_type: str, statements: Array) -> Array:
        """The hash of the class of statements."""
        found = self._fold.adjacency.get(edge_type)
        return np.zeros(0, np.uint64) if found is None else found.class_key.take(statements)

    def edge_handles(self, edge_type: str, statements: Array) -> Array:
        """The handles of the records of statements."""
        edges = self._tables.edges.get(edge_type)
        return np.zeros(0, HANDLE) if edges is None else edges.record.take(statements)

    def edge_texts(self, edge_type: str, name: str, statements: Array) -> list[str | None]:
        """A text field of statements."""
        edges = self._tables.edges.get(edge_type)
        found = None if edges is None else edges.fields.get(name)
        if found is None or found.pool is None:
            edge_types()[edge_type].field(name)
            return [None] * len(statements)
        pool = found.pool
        return [None if code < 0 else pool[code] for code in found.column.take(statements).tolist()]

    # --- finding entities ---

    def _row_of_handle(self, handle: str) -> int | None:
        unit = self._fold.handles.find(*split_handle(handle))
        if unit < 0 or not self.allowed.item(self._units.set.item(unit)):
            return None
        row = self._fold.entity.item(unit)
        return row if row >= 0 and self.exists(row) else None

    def resolve(self, ref: str) -> int:
        """The entity that a handle, a code or an unambiguous name means.

        A company stands before other things of the same code or name.

        Raises:
            NotFound: There is none, or none that this viewer may see.
            Ambiguous: There are several; the error names them.
        """
        text = ref.strip()
        if is_handle(text.lower()):
            row = self._row_of_handle(text.lower())
            if row is not None:
                return row
        for rows in self._named(text):
            companies = [row for row in rows if self.kind(row) == "Company"]
            found = companies or rows
            if len(found) == 1:
                return found[0]
            if found:
                raise self._ambiguous(ref, found)
        raise NotFound(
            f"找不到 {ref!r} / nothing is called {ref!r}", hint="用搜索找出它的编号 / search for its id"
        )

    def _named(self, text: str) -> Iterator[list[int]]:
        """Visible entities by exact claim: by code, then by legal name, then by any name, then by alias."""
        code = "".join(text.upper().split())
        codes = (Claim.USCC, Claim.LEI, Claim.CODE, Claim.BARE_CODE, Claim.REGISTRY)
        yield self._claimants([(kind, code) for kind in codes])
        yield self._claimants([(Claim.LEGAL, legal_key(text))])
        yield self._claimants([(Claim.ANSWERS, short_key(text))])
        yield self._claimants([(Claim.FORMER, legal_key(text)), (Claim.ALIAS, short_key(text))])

    def _claimants(self, wanted: Iterable[tuple[Claim, str]]) -> list[int]:
        """The visible entities with a visible unit that makes one of the claims, in order of id."""
        rows: set[int] = set()
        for kind, key in wanted:
            if key:
                rows.update(self.claimants(kind, claim_hash(kind, key)))
        return sorted(rows, key=self.id_key)

    def claimants(self, kind: Claim, value: int, *also: Claim) -> set[int]:
        """The visible entities with a visible unit that makes a claim, by its hash; as `also` counts as well."""
        wanted = (kind, *also)
        rows: set[int] = set()
        for index in self._fold.claims:
            units, kinds = index.find(value)
            if len(units) > _FEW:
                units = units[np.isin(kinds, wanted)]
                rows.update(self._fold.entity[units[self._seen_units(units)]].tolist())
                continue
            for unit, claimed in zip(units.tolist(), kinds.tolist(), strict=True):
                if claimed in wanted and self._seen_unit(unit):
                    rows.add(self._fold.entity.item(unit))
        return {row for row in rows if row >= 0 and self.exists(row)}

    def _ambiguous(self, ref: str, rows: Sequence[int]) -> Ambiguous:
        shown = rows[:_MOST_CANDIDATES]
        listed = "; ".join(f"{self.id(row)} {self.name(row)}" for row in shown)
        return Ambiguous(
            f"{ref!r} 不唯一 / {ref!r} fits {len(rows)} entities",
            candidates=[self.id(row) for row in shown],
            hint=f"用编号指明 / name one by its id: {listed}",
        )

    def search(
        self, query: str, limit: int = 20, kinds: Sequence[str] = (), after: str | None = None
    ) -> SearchPage:
        """Entities by name, short name, former name, pinyin, initials or code, best first.

        Raises:
            InvalidInput: The query is empty or too long, a kind is unknown, or `after` is not what a page gave.
        """
        return self.snapshot.searcher.search(self, query, limit, kinds, after)

    # --- records ---

    def records(self, handles: Iterable[str]) -> list[RecordBody]:
        """The visible records among these, with their bodies, in the order asked for."""
        wanted = list(dict.fromkeys(handles))
        found = {row["id"]: self._body(row) for row in self.snapshot.bodies(wanted) if self._may_read(row)}
        return [found[handle] for handle in wanted if handle in found]

    def _may_read(self, row: Mapping[str, Any]) -> bool:
        clearance, known_at = self.viewpoint.clearance, self.viewpoint.known_at
        cleared = clearance is None or clearance.issuperset(row.get("compartments") or ())
        told = row.get("known_from")
        return cleared and (known_at is None or told is None or dt.date.fromisoformat(told) <= known_at)

    @staticmethod
    def _body(row: Mapping[str, Any]) -> RecordBody:
        return RecordBody(
            row["id"], row.get("source") or "", row.get("role") or "", row.get("key") or "",
            json.loads(row.get("body") or "{}"), tuple(row.get("compartments") or ()),
            _date(row.get("stated")), _date(row.get("known_from")),
        )  # fmt: skip


def _date(text: str | None) -> dt.date | None:
    return dt.date.fromisoformat(text) if text else None


def _text_ranks(codes: Array, text_of: Callable[[int], str]) -> Array:
    """Where each text stands among them in order of text; absent ones last."""
    used, which = np.unique(codes, return_inverse=True)
    texts = [None if code < 0 else text_of(code) for code in used.tolist()]
    places = {text: place for place, text in enumerate(sorted({t for t in texts if t is not None}))}
    ranks = np.array([len(places) if t is None else places[t] for t in texts])
    return ranks[which.ravel()]


_ABSENT: Final[Mapping[Kind, Callable[[int], Array]]] = {
    Kind.NUMBER: lambda n: np.full(n, np.nan),
    Kind.COUNT: lambda n: np.full(n, LONG_AGO, np.int64),
    Kind.DATE: lambda n: np.full(n, LONG_AGO, np.int32),
    Kind.FLAG: lambda n: np.full(n, -1, np.int8),
    Kind.TEXT: lambda n: np.full(n, -1, np.int32),
    Kind.TEXTS: lambda n: np.full(n, -1, np.int32),
    Kind.REFERENCE: lambda n: np.full(n, -1, np.int32),
}

__all__ = [
    "FACT_ORDER", "OPEN", "Fact", "FactArrays", "FactPage", "Finding", "PropertyTexts", "RecordBody", "RecordRef",
    "SearchHit", "SearchPage", "Snapshot", "Unit", "View", "Viewpoint",
]  # fmt: skip
