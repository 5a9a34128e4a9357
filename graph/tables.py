"""The statements of the graph as columns: one table of units, one of edges per type.

Built by a scan of the store or from the same rows in memory; saved as arrays and memory-mapped. What is
computed from them (entities, adjacency, search) is the fold, see `graph.fold`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cached_property
from itertools import islice
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.columns import (
    HANDLE,
    LONG_AGO,
    OPEN,
    Array,
    Coder,
    Column,
    Field,
    FieldBuilder,
    Reader,
    Writer,
    day_array,
    day_number,
    handle_array,
    handle_text,
)
from graph.errors import DataError
from graph.schema import BY_ID, FieldDef, Kind, edge_types, node_types

Node = tuple[str, Mapping[str, Any]]
"""(label, properties), as the store gives them."""

Edge = tuple[str, str, str, str, str, Mapping[str, Any]]
"""(edge type, label and id it starts from, label and id it ends at, properties)."""

LABELS: Final = tuple(node_types())
"""Node types by the number that stands for them in arrays."""

LABEL_NUMBER: Final[Mapping[str, int]] = {label: number for number, label in enumerate(LABELS)}

_BATCH: Final = 10_000
_DEFAULT_RANK: Final = 1000


class SourceInfo(NamedTuple):
    """A source: its name, its rank (smaller is better) and the namespace of its keys."""

    name: str
    rank: int = _DEFAULT_RANK
    namespace: str = ""


@dataclass(frozen=True)
class Sets:
    """The compartment sets that occur, by number; number 0 is the empty one."""

    names: tuple[tuple[str, ...], ...] = ((),)

    @cached_property
    def number(self) -> dict[tuple[str, ...], int]:
        """The number of each set."""
        return {names: number for number, names in enumerate(self.names)}

    @cached_property
    def rank(self) -> NDArray[np.int32]:
        """Where each set stands from the least restricted on: by size, then by names."""
        order = sorted(range(len(self.names)), key=lambda i: (len(self.names[i]), self.names[i]))
        rank = np.empty(len(order), np.int32)
        rank[order] = np.arange(len(order), dtype=np.int32)
        return rank

    def with_sets(self, more: Iterable[tuple[str, ...]]) -> Sets:
        """These sets and those of `more` that are new."""
        new = [names for names in dict.fromkeys(more) if names not in self.number]
        return Sets((*self.names, *new)) if new else self

    def allowed(self, clearance: frozenset[str] | None) -> NDArray[np.bool_]:
        """Which sets a viewer may see; None is the operator, who sees all."""
        if clearance is None:
            return np.ones(len(self.names), np.bool_)
        return np.array([clearance.issuperset(names) for names in self.names], np.bool_)


# --- system columns ---


@dataclass(frozen=True)
class Units:
    """One row per unit; equally long arrays. `local` is the row in the fields of the unit's label."""

    handle: Array
    label: NDArray[np.int8]
    local: NDArray[np.int32]
    set: NDArray[np.int32]
    source: NDArray[np.int16]
    record: Array
    stated: NDArray[np.int32]
    valid_from: NDArray[np.int32]
    valid_to: NDArray[np.int32]
    known_from: NDArray[np.int32]
    known_to: NDArray[np.int32]
    fields: Mapping[str, Mapping[str, Field]]
    sizes: Mapping[str, int]
    """How many rows the fields of each label have."""

    def __len__(self) -> int:
        return len(self.handle)

    def id(self, unit: int) -> str:
        """The handle of a unit as text."""
        return handle_text(*self.handle.item(unit))

    def value(self, unit: int, name: str) -> Any:
        """A field's value, or None."""
        found = self.fields[LABELS[self.label.item(unit)]].get(name)
        return None if found is None else found.value(self.local.item(unit))

    def of_label(self, label: str) -> NDArray[np.int64]:
        """The units of a label."""
        return np.flatnonzero(self.label == LABEL_NUMBER[label])


UNIT_ARRAYS: Final = (
    "handle", "label", "local", "set", "source", "record", "stated", "valid_from", "valid_to", "known_from",
    "known_to",
)  # fmt: skip


@dataclass(frozen=True)
class Edges:
    """One row per edge statement of one type; `start` and `end` are units."""

    start: Column
    end: Column
    set: Column
    source: Column
    record: Column
    stated: Column
    valid_from: Column
    valid_to: Column
    start_unknown: Column
    known_from: Column
    known_to: Column
    fields: Mapping[str, Field]

    def __len__(self) -> int:
        return len(self.start)


EDGE_COLUMNS: Final = (
    "start", "end", "set", "source", "record", "stated", "valid_from", "valid_to", "start_unknown", "known_from",
    "known_to",
)  # fmt: skip


class HandleIndex:
    """Finds rows by handle: rows in order of handle, and those that came since."""

    def __init__(self, hi: Array, order: Array, handles: Array, late: Mapping[tuple[int, int], int]) -> None:
        self.hi = hi
        self.order = order
        self._handles = handles
        self._late = late

    @classmethod
    def of(cls, handles: Array) -> HandleIndex:
        """The index of all handles."""
        order = np.lexsort((handles["lo"], handles["hi"])).astype(np.int32)
        return cls(handles["hi"][order], order, handles, {})

    def extended(self, handles: Array, rows: Iterable[int]) -> HandleIndex:
        """This index with more rows; `handles` are those of all rows."""
        late = dict(self._late)
        late.update((handles.item(row), row) for row in rows)
        return HandleIndex(self.hi, self.order, handles, late)

    def find(self, hi: int, lo: int) -> int:
        """The row of a handle, or -1."""
        found = self._late.get((hi, lo))
        if found is not None:
            return found
        place = int(np.searchsorted(self.hi, np.uint64(hi)))
        while place < len(self.hi) and self.hi.item(place) == hi:
            row = self.order.item(place)
            if self._handles.item(row)[1] == lo:
                return int(row)
            place += 1
        return -1

    def rows(self, wanted: Array) -> NDArray[np.int32]:
        """The row of each handle, or -1."""
        out = np.full(len(wanted), -1, np.int32)
        place = np.searchsorted(self.hi, wanted["hi"])
        waiting = np.arange(len(wanted))
        while len(waiting):
            inside = place[waiting] < len(self.hi)
            waiting = waiting[inside]
            waiting = waiting[self.hi[place[waiting]] == wanted["hi"][waiting]]
            rows = self.order[place[waiting]]
            same = self._handles["lo"][rows] == wanted["lo"][waiting]
            out[waiting[same]] = rows[same]
            waiting = waiting[~same]
            place[waiting] += 1
        if self._late:
            for i in np.flatnonzero(out < 0).tolist():
                out[i] = self._late.get(wanted.item(i), -1)
        return out


# --- the tables ---


@dataclass(frozen=True)
class Tables:
    """All statements of one version of the graph. Immutable: a change makes new tables that share arrays."""

    version: int
    sets: Sets
    sources: tuple[SourceInfo, ...]
    units: Units
    edges: Mapping[str, Edges]

    @classmethod
    def from_rows(
        cls,
        nodes: Iterable[Node],
        edges: Iterable[Edge],
        *,
        sources: Iterable[SourceInfo] = (),
        version: int = 0,
    ) -> Tables:
        """Tables of rows as the store gives them. Past ones carry their `known_to` among the properties.

        Raises:
            DataError: An edge leads to a node that is not among the nodes, or a value has the wrong form.
        """
        builder = TablesBuilder(sources)
        for label, rows in _grouped(nodes).items():
            builder.add_nodes(label, _columns(rows), len(rows))
        for name, rows in _grouped((e[0], {**e[5], "a": e[2], "b": e[4]}) for e in edges).items():
            builder.add_edges(name, _columns(rows), len(rows))
        return builder.finish(version)

    def with_rows(self, nodes: Iterable[Node], edges: Iterable[Edge]) -> Tables:
        """These tables and more rows; an id may come again with another `known_to`."""
        builder = TablesBuilder(self.sources, self.sets)
        for label, rows in _grouped(nodes).items():
            builder.add_nodes(label, _columns(rows), len(rows))
        for name, rows in _grouped((e[0], {**e[5], "a": e[2], "b": e[4]}) for e in edges).items():
            builder.add_edges(name, _columns(rows), len(rows))
        more = builder.units()
        units = appended_units(self.units, more)
        index = HandleIndex.of(units.handle)
        added = {name: builder.edges(name, index, strict=False) for name in builder.edge_types}
        sets, added = effective_sets(builder.sets, units, added)
        return Tables(self.version, sets, builder.sources, units, appended_edges(self.edges, added))

    @cached_property
    def source_rank(self) -> NDArray[np.int32]:
        """The rank of each source, by source number."""
        return np.array([source.rank for source in self.sources] or [0], np.int32)

    @cached_property
    def source_namespace(self) -> NDArray[np.int32]:
        """The number of each source's namespace, by source number."""
        coder = Coder()
        return np.array([coder[source.namespace or source.name] for source in self.sources] or [0], np.int32)

    @cached_property
    def by_id(self) -> NDArray[np.bool_]:
        """Of each source, whether keys of its namespace may be ids, by source number."""
        return np.array([(s.namespace or s.name) in BY_ID for s in self.sources] or [False], np.bool_)

    def namespace(self, unit: int) -> str:
        """The namespace of a unit's key."""
        source = self.sources[self.units.source.item(unit)]
        return source.namespace or source.name

    def known(self, day: int | None, handles: HandleIndex | None = None) -> Tables:
        """What was believed on a day; None means now."""
        chosen = _known_units(self.units, day)
        if chosen is None and all(_known(e, day) is None for e in self.edges.values()):
            return self
        rows = np.arange(len(self.units)) if chosen is None else chosen
        units = select_units(self.units, rows)
        index = handles or HandleIndex.of(units.handle)
        moved = index.rows(self.units.handle)
        edges = {name: _known_edges(e, day, moved) for name, e in self.edges.items()}
        return replace(self, units=units, edges={name: e for name, e in edges.items() if len(e)})


def _grouped(pairs: Iterable[tuple[str, Mapping[str, Any]]]) -> dict[str, list[Mapping[str, Any]]]:
    grouped: dict[str, list[Mapping[str, Any]]] = defaultdict(list)
    for name, row in pairs:
        grouped[name].append(row)
    return grouped


def _columns(rows: Sequence[Mapping[str, Any]]) -> dict[str, list[Any]]:
    names = dict.fromkeys(name for row in rows for name in row)
    return {name: [row.get(name) for row in rows] for name in names}


def live_tables(tables: Tables, alive: NDArray[np.bool_], statements: Mapping[str, Array]) -> Tables:
    """Tables of some units and statements only, with no more text than these need."""
    rows = np.flatnonzero(alive)
    place = np.full(len(alive), -1, np.int32)
    place[rows] = np.arange(len(rows))
    units = _compact_units(select_units(tables.units, rows))
    edges = {}
    for name, table in tables.edges.items():
        chosen = select_edges(table, statements[name])
        ends = {side: Column(place[getattr(chosen, side).all()]) for side in ("start", "end")}
        fields = {n: f.compacted() for n, f in chosen.fields.items()}
        edges[name] = replace(chosen, fields=fields, **ends)
    return replace(tables, units=units, edges={name: e for name, e in edges.items() if len(e)})


def _compact_units(units: Units) -> Units:
    """The units with fields that have no other rows than theirs, in their order."""
    local, fields, sizes = np.zeros(len(units), np.int32), {}, {}
    for number, label in enumerate(LABELS):
        rows = np.flatnonzero(units.label == number)
        at = units.local[rows]
        fields[label] = {name: f.selected(at).compacted() for name, f in units.fields[label].items()}
        sizes[label] = len(rows)
        local[rows] = np.arange(len(rows))
    return replace(units, local=local, fields=fields, sizes=sizes)


def select_units(units: Units, rows: Array) -> Units:
    """Some of the units, with the fields of all."""
    return replace(units, **{name: getattr(units, name)[rows] for name in UNIT_ARRAYS})


def select_edges(edges: Edges, rows: Array) -> Edges:
    """Some of the statements."""
    columns = {name: Column(getattr(edges, name).take(rows)) for name in EDGE_COLUMNS}
    return Edges(**columns, fields={name: f.selected(rows) for name, f in edges.fields.items()})


def appended_units(units: Units, more: Units) -> Units:
    """Units and more units behind them."""
    arrays = {name: np.concatenate([getattr(units, name), getattr(more, name)]) for name in UNIT_ARRAYS}
    before = np.array([units.sizes.get(label, 0) for label in LABELS], np.int32)
    arrays["local"][len(units) :] += before[more.label]
    fields, sizes = appended_fields(units, more)
    return Units(**arrays, fields=fields, sizes=sizes)


def appended_fields(units: Units, more: Units) -> tuple[dict[str, dict[str, Field]], dict[str, int]]:
    """The fields of units with the rows of more units behind them, and the sizes then."""
    sizes = {label: units.sizes.get(label, 0) + more.sizes.get(label, 0) for label in LABELS}
    fields = {
        label: _appended(
            (units.fields[label], units.sizes.get(label, 0)),
            (more.fields[label], more.sizes.get(label, 0)),
            _NODE_FIELDS[label],
        )
        for label in LABELS
    }
    return fields, sizes


def _appended(
    first: tuple[Mapping[str, Field], int],
    second: tuple[Mapping[str, Field], int],
    wanted: Iterable[tuple[str, Kind]],
) -> dict[str, Field]:
    """Two lots of fields, each with how many rows it has, in the wanted order; what one lacks is absent there."""
    (old, old_size), (new, new_size) = first, second
    if not new_size:
        return dict(old)
    kinds = {name: kind for name, kind in wanted if name in old or name in new}
    return {
        name: (old.get(name) or Field.absent(kind, old_size)).extended(
            new.get(name) or Field.absent(kind, new_size)
        )
        for name, kind in kinds.items()
    }


def appended_edges(edges: Mapping[str, Edges], more: Mapping[str, Edges]) -> dict[str, Edges]:
    """Statements and more statements behind them."""
    out = dict(edges)
    for name, added in more.items():
        if len(added):
            out[name] = _appended_statements(name, edges[name], added) if name in edges else added
    return out


def _appended_statements(name: str, edges: Edges, more: Edges) -> Edges:
    columns = {n: getattr(edges, n).extended(getattr(more, n).all()) for n in EDGE_COLUMNS}
    fields = _appended((edges.fields, len(edges)), (more.fields, len(more)), _EDGE_FIELDS[name])
    return Edges(**columns, fields=fields)


def _known_mask(known_from: Array, known_to: Array, day: int | None) -> NDArray[np.bool_]:
    if day is None:
        current: NDArray[np.bool_] = known_to == OPEN
        return current
    mask: NDArray[np.bool_] = (known_from <= day) & (known_to > day)
    return mask


def _known_units(units: Units, day: int | None) -> NDArray[np.int64] | None:
    """The units known on a day, each once, the last told version; None for all as they are."""
    mask = _known_mask(units.known_from, units.known_to, day)
    if day is None and mask.all():
        return None
    rows = np.flatnonzero(mask)
    handles = units.handle[rows]
    order = np.lexsort((units.known_from[rows], handles["lo"], handles["hi"]))
    ordered = handles[order]
    last = np.ones(len(order), np.bool_)
    last[:-1] = ordered[1:] != ordered[:-1]
    return np.sort(rows[order[last]])


def _known(edges: Edges, day: int | None) -> NDArray[np.int64] | None:
    mask = _known_mask(edges.known_from.all(), edges.known_to.all(), day)
    return None if day is None and mask.all() else np.flatnonzero(mask)


def _known_edges(edges: Edges, day: int | None, moved: NDArray[np.int32]) -> Edges:
    """The statements known on a day between units that were known then."""
    found = _known(edges, day)
    rows = np.arange(len(edges)) if found is None else found
    start, end = moved[edges.start.take(rows)], moved[edges.end.take(rows)]
    there = (start >= 0) & (end >= 0)
    chosen = select_edges(edges, rows[there])
    return replace(chosen, start=Column(start[there]), end=Column(end[there]))


# --- building ---


@dataclass
class _Parts:
    """Arrays of one table, batch by batch, and its fields."""

    arrays: dict[str, list[Array]] = field(default_factory=lambda: defaultdict(list))
    fields: dict[str, FieldBuilder] = field(default_factory=dict)
    size: int = 0

    def add_fields(self, wanted: Iterable[tuple[str, Kind]], columns: Mapping[str, Sequence[Any]]) -> None:
        """Add the batch's values of each field, absent ones too where the field occurred before."""
        size = len(next(iter(columns.values())))
        for name, kind in wanted:
            values = columns.get(name)
            if name not in self.fields:
                if values is None or values.count(None) == len(values):
                    continue
                self.fields[name] = FieldBuilder(kind)
                if self.size:
                    self.fields[name].add([None] * self.size)
            self.fields[name].add([None] * size if values is None else values)

    def array(self, name: str) -> Array:
        """All batches of one array."""
        return np.concatenate(self.arrays[name])

    def finished_fields(self, wanted: Iterable[tuple[str, Kind]]) -> dict[str, Field]:
        """The fields that occur, in the order of the schema."""
        built = {name: self.fields[name].finish() for name, _ in wanted if name in self.fields}
        return _present(built)


def stored_fields(fields: Iterable[FieldDef]) -> list[tuple[str, Kind]]:
    """The fields that are properties in the store, with their kinds (an edge's references are; a node's not)."""
    return [(f.name, f.kind) for f in fields]


_NODE_FIELDS: Final[Mapping[str, list[tuple[str, Kind]]]] = {
    label: [
        ("key", Kind.TEXT),
        *((f.name, f.kind) for f in t.fields if f.kind not in (Kind.REFERENCE, Kind.REFERENCES)),
    ]
    for label, t in node_types().items()
}
_EDGE_FIELDS: Final[Mapping[str, list[tuple[str, Kind]]]] = {
    name: stored_fields(t.fields) for name, t in edge_types().items()
}

NODE_COLUMNS: Final[Mapping[str, tuple[str, ...]]] = {
    label: (
        "id", "source", "record", "compartments", "stated", "valid_from", "valid_to", "known_from",
        *(name for name, _ in fields),
    )
    for label, fields in _NODE_FIELDS.items()
}  # fmt: skip
"""The properties of a node that the tables keep, by label."""

EDGE_PROPERTIES: Final[Mapping[str, tuple[str, ...]]] = {
    name: (
        "record", "source", "compartments", "stated", "valid_from", "valid_to", "start_unknown", "known_from",
        *(name for name, _ in fields),
    )
    for name, fields in _EDGE_FIELDS.items()
}  # fmt: skip
"""The properties of an edge that the tables keep, by type."""


class TablesBuilder:
    """Collects batches of columns and makes tables of them."""

    def __init__(self, sources: Iterable[SourceInfo] = (), sets: Sets | None = None) -> None:
        self._sources = {source.name: source for source in sources}
        self._source_codes = Coder()
        for name in self._sources:
            self._source_codes[name]
        self._set_codes = dict((sets or Sets()).number)
        self._nodes: dict[str, _Parts] = {}
        self._edges: dict[str, _Parts] = {}

    def add_nodes(self, label: str, columns: Mapping[str, Sequence[Any]], size: int) -> None:
        """Add nodes of one label: equally long columns by property name, None where absent.

        Raises:
            DataError: The label is not of the schema, or a value has the wrong form.
        """
        if label not in LABEL_NUMBER:
            raise DataError(f"the graph holds a node with the unknown type {label!r}")
        parts = self._nodes.setdefault(label, _Parts())
        parts.arrays["handle"].append(handle_array(columns["id"]))
        self._add_system(parts, columns, size)
        parts.add_fields(_NODE_FIELDS[label], columns)
        parts.size += size

    def add_edges(self, name: str, columns: Mapping[str, Sequence[Any]], size: int) -> None:
        """Add edges of one type; the columns `a` and `b` are the ids of the nodes.

        Raises:
            DataError: The type is not of the schema, or a value has the wrong form.
        """
        if name not in _EDGE_FIELDS:
            raise DataError(f"the graph holds an edge with the unknown type {name!r}")
        parts = self._edges.setdefault(name, _Parts())
        parts.arrays["start"].append(handle_array(columns["a"]))
        parts.arrays["end"].append(handle_array(columns["b"]))
        unknown = columns.get("start_unknown")
        flags = np.zeros(size, np.int8) if unknown is None else np.array([bool(v) for v in unknown], np.int8)
        parts.arrays["start_unknown"].append(flags)
        self._add_system(parts, columns, size)
        parts.add_fields(_EDGE_FIELDS[name], columns)
        parts.size += size

    def _add_system(self, parts: _Parts, columns: Mapping[str, Sequence[Any]], size: int) -> None:
        nothing: list[None] = [None] * size
        parts.arrays["set"].append(self._set_numbers(columns.get("compartments"), size))
        sources = ["" if s is None else s for s in columns.get("source", nothing)]
        parts.arrays["source"].append(self._source_codes.codes(sources).astype(np.int16))
        parts.arrays["record"].append(handle_array(columns.get("record", nothing)))
        for name, absent in (
            ("stated", LONG_AGO), ("valid_from", LONG_AGO), ("valid_to", OPEN), ("known_from", LONG_AGO),
            ("known_to", OPEN),
        ):  # fmt: skip
            parts.arrays[name].append(day_array(columns.get(name, nothing), absent))

    def _set_numbers(self, values: Sequence[Any] | None, size: int) -> NDArray[np.int32]:
        if values is None or values.count(None) == size:
            return np.zeros(size, np.int32)
        codes = self._set_codes
        names = (tuple(sorted(v)) if v else () for v in values)
        return np.fromiter((codes.setdefault(n, len(codes)) for n in names), np.int32, size)

    @property
    def sources(self) -> tuple[SourceInfo, ...]:
        """The sources by the number that stands for them in arrays."""
        return tuple(self._sources.get(name, SourceInfo(name)) for name in self._source_codes)

    @property
    def sets(self) -> Sets:
        """The compartment sets by number."""
        return Sets(tuple(self._set_codes))

    def edge_handles(self, name: str) -> tuple[Array, Array]:
        """The ids that the edges of a type lead from and to."""
        parts = self._edges[name]
        return parts.array("start"), parts.array("end")

    @property
    def edge_types(self) -> tuple[str, ...]:
        """The types of which edges were added."""
        return tuple(self._edges)

    def finish(self, version: int, *, strict: bool = True) -> Tables:
        """The tables of everything added.

        Args:
            version: Version of the graph.
            strict: Whether an edge whose node is not there is an error; a scan that runs while others write may
                meet one, and its catch-up sets that right.

        Raises:
            DataError: An edge leads nowhere.
        """
        units = self.units()
        index = HandleIndex.of(units.handle)
        edges = {name: self.edges(name, index, strict=strict) for name in self._edges}
        sets, edges = effective_sets(self.sets, units, edges)
        return Tables(version, sets, self.sources, units, {name: e for name, e in edges.items() if len(e)})

    def units(self) -> Units:
        """The units added so far."""
        labels = [label for label in LABELS if label in self._nodes]
        parts = [self._nodes[label] for label in labels]
        sizes = [p.size for p in parts]
        arrays = {
            name: np.concatenate([p.array(name) for p in parts]) if parts else _EMPTY_UNITS[name]
            for name in UNIT_ARRAYS
            if name not in ("label", "local")
        }
        numbers = np.repeat([LABEL_NUMBER[label] for label in labels], sizes).astype(np.int8)
        local = np.concatenate([np.arange(0), *(np.arange(s) for s in sizes)]).astype(np.int32)
        fields = {
            label: self._nodes[label].finished_fields(_NODE_FIELDS[label]) if label in labels else {}
            for label in LABELS
        }
        sizes_of = dict(zip(labels, sizes, strict=True))
        return Units(**arrays, label=numbers, local=local, fields=fields, sizes=sizes_of)

    def edges(self, name: str, index: HandleIndex, *, strict: bool) -> Edges:
        """The edges of a type added so far, between units that `index` finds; see `finish`."""
        parts = self._edges[name]
        handles = {side: parts.array(side) for side in ("start", "end")}
        rows = {side: index.rows(found) for side, found in handles.items()}
        for side, found in rows.items():
            if strict and (found < 0).any():
                lost = handle_text(*handles[side].item(int(np.argmin(found))))
                raise DataError(f"an edge {name} leads to {lost}, which is no node")
        columns = {c: Column(parts.array(c)) for c in EDGE_COLUMNS if c not in rows}
        ends = {side: Column(found) for side, found in rows.items()}
        edges = Edges(**columns, **ends, fields=parts.finished_fields(_EDGE_FIELDS[name]))
        there = (rows["start"] >= 0) & (rows["end"] >= 0)
        return edges if there.all() else select_edges(edges, np.flatnonzero(there))


_EMPTY_UNITS: Final[Mapping[str, Array]] = {
    name: np.zeros(0, HANDLE if name in ("handle", "record") else np.int16 if name == "source" else np.int32)
    for name in UNIT_ARRAYS
}


def effective_sets(sets: Sets, units: Units, edges: Mapping[str, Edges]) -> tuple[Sets, dict[str, Edges]]:
    """Let an edge carry the sets of its ends beside its own, since nobody sees an edge whose ends are hidden."""
    out: dict[str, Edges] = {}
    for name, table in edges.items():
        own = table.set.all()
        ends = np.stack([own, units.set[table.start.all()], units.set[table.end.all()]], axis=1)
        odd = np.flatnonzero(((ends[:, 1:] != 0) & (ends[:, 1:] != ends[:, :1])).any(axis=1))
        if not len(odd):
            out[name] = table
            continue
        triples, which = np.unique(ends[odd], axis=0, return_inverse=True)
        joined = [tuple(sorted({c for s in triple for c in sets.names[s]})) for triple in triples.tolist()]
        sets = sets.with_sets(joined)
        numbers = np.array([sets.number[names] for names in joined], np.int32)
        own = own.copy()
        own[odd] = numbers[which.ravel()]
        out[name] = replace(table, set=Column(own))
    return sets, out


def batches(rows: Iterable[Sequence[Any]], size: int = _BATCH) -> Iterable[list[Sequence[Any]]]:
    """The rows in lists of at most `size`."""
    iterator = iter(rows)
    while batch := list(islice(iterator, size)):
        yield batch


# --- on disk ---


def save_tables(tables: Tables, writer: Writer) -> dict[str, Any]:
    """Write all arrays; gives what `load_tables` needs beside them."""
    for name in UNIT_ARRAYS:
        writer.array(f"unit.{name}", getattr(tables.units, name))
    for label, fields in tables.units.fields.items():
        for name, found in fields.items():
            writer.field(f"unit.{label}.{name}", found)
    for edge_type, edges in tables.edges.items():
        for name in EDGE_COLUMNS:
            writer.array(f"edge.{edge_type}.{name}", getattr(edges, name).all())
        for name, found in edges.fields.items():
            writer.field(f"edge.{edge_type}.field.{name}", found)
    return {
        "version": tables.version, "sets": tables.sets.names, "sources": tables.sources,
        "sizes": dict(tables.units.sizes),
    }  # fmt: skip


def load_tables(reader: Reader) -> Tables:
    """The tables that `save_tables` wrote, memory-mapped."""
    facts = reader.facts
    names = set(reader.names())
    unit_fields = {
        label: _present({name: reader.field(f"unit.{label}.{name}", kind) for name, kind in fields})
        for label, fields in _NODE_FIELDS.items()
    }
    units = Units(
        **{name: reader.array(f"unit.{name}") for name in UNIT_ARRAYS},
        fields=unit_fields,
        sizes=facts["sizes"],
    )
    edges = {t: _load_edges(reader, t) for t in _EDGE_FIELDS if f"edge.{t}.start" in names}
    sets = Sets(tuple(tuple(s) for s in facts["sets"]))
    return Tables(facts["version"], sets, tuple(SourceInfo(*s) for s in facts["sources"]), units, edges)


def _load_edges(reader: Reader, edge_type: str) -> Edges:
    columns = {name: Column(reader.array(f"edge.{edge_type}.{name}")) for name in EDGE_COLUMNS}
    fields = _EDGE_FIELDS[edge_type]
    found = {name: reader.field(f"edge.{edge_type}.field.{name}", kind) for name, kind in fields}
    return Edges(**columns, fields=_present(found))


def _present(fields: Mapping[str, Field | None]) -> dict[str, Field]:
    return {name: found for name, found in fields.items() if found is not None}


__all__ = ["Edges", "HandleIndex", "Sets", "SourceInfo", "Tables", "TablesBuilder", "Units", "day_number"]
