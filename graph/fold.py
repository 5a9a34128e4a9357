"""The fold: what is computed from the statements once, for all viewers. Entities, adjacency, lookups.

Nothing here depends on a viewer: every row keeps its compartment set, and a View masks.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from itertools import combinations
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.claims import Claims, claims_of
from graph.columns import LONG_AGO, OPEN, Array, Column, Reader, Writer, split_handle, text_hash
from graph.content import with_fields
from graph.csr import Csr
from graph.identity import COMPANY, EVENT, PERSON, TIES, Evidence, Ties, partition
from graph.ids import entity_handle, is_handle
from graph.schema import Kind, edge_model
from graph.tables import LABELS, Edges, HandleIndex, Tables, Units

_SMALL_SET: Final = 12
"""Up to this many compartments all subsets are tried; for larger sets those that occur are looked through."""


@dataclass(frozen=True)
class Adjacency:
    """The statements of one type by entity: those that start there and those that end there.

    Within an entity they are ordered by the entity at the other end, class, and preference: statements of one
    fact stand together, the best first.
    """

    out: Csr
    into: Csr
    class_key: Column
    """Hash of the class per statement; 0 where there is none."""


@dataclass(frozen=True)
class ClaimIndex:
    """Units by claim: the claims in order of value."""

    value: NDArray[np.uint64]
    unit: NDArray[np.int32]
    kind: NDArray[np.int8]
    void: NDArray[np.bool_] | None = None
    """Units whose claims here no longer hold; a later index has those that do."""

    @classmethod
    def of(cls, claims: Claims) -> ClaimIndex:
        """The index of these claims."""
        order = np.argsort(claims.value, kind="stable")
        return cls(claims.value[order], claims.unit[order], claims.kind[order])

    def find(self, value: int) -> tuple[NDArray[np.int32], NDArray[np.int8]]:
        """The units that make a claim, and as what kind."""
        wanted = np.uint64(value)
        low = int(self.value.searchsorted(wanted, "left"))
        high = low + 1
        if high < len(self.value) and self.value.item(high) == value:
            high = int(self.value.searchsorted(wanted, "right"))
        elif low == len(self.value) or self.value.item(low) != value:
            high = low
        units, kinds = self.unit[low:high], self.kind[low:high]
        if self.void is None or not len(units):
            return units, kinds
        holds = ~self.void[units]
        return units[holds], kinds[holds]

    def units(self, values: NDArray[np.uint64]) -> NDArray[np.int32]:
        """All units that make any of the claims."""
        low = np.searchsorted(self.value, values, "left")
        counts = np.searchsorted(self.value, values, "right") - low
        within = np.arange(counts.sum()) - np.repeat(np.cumsum(counts) - counts, counts)
        units: NDArray[np.int32] = self.unit[np.repeat(low, counts) + within]
        return units if self.void is None else units[~self.void[units]]


@dataclass(frozen=True)
class Fold:
    """Everything that is computed from the tables.

    `entity` is the entity of each unit (-1: the unit is gone), `members` the units of each entity in order of
    preference, `kind` the label number of each entity (-1: it is gone), `canonical` the unit that gives the
    entity its id where all is visible, `plain` whether it exists for everyone on every day.
    """

    entity: NDArray[np.int32]
    members: Csr
    kind: NDArray[np.int8]
    canonical: NDArray[np.int32]
    plain: NDArray[np.bool_]
    adjacency: Mapping[str, Adjacency]
    handles: HandleIndex
    claims: tuple[ClaimIndex, ...]

    @property
    def size(self) -> int:
        """How many rows of entities there are."""
        return len(self.kind)


# --- evidence ---


def evidence_of(tables: Tables, handles: HandleIndex, claims: Claims) -> Evidence:
    """What identity may look at, of all units."""
    units = tables.units
    namespace = tables.source_namespace[units.source]
    return Evidence(units.label, units.set, namespace, parents_of(tables, handles), claims, ties_of(tables))


def parents_of(tables: Tables, handles: HandleIndex) -> NDArray[np.int32]:
    """For each unit the one that it is said to be, as `parent_of` gives it."""
    parents = np.full(len(tables.units), -1, np.int32)
    for unit in attaching(tables, np.arange(len(tables.units))).tolist():
        parents[unit] = parent_of(tables, handles, unit)
    return parents


def attaching(tables: Tables, units: Array) -> Array:
    """Those of some units that may have a parent: walled ones, and those of namespaces whose keys may be ids."""
    found: Array = units[(tables.units.set[units] != 0) | tables.by_id[tables.units.source[units]]]
    return found


def parent_of(tables: Tables, handles: HandleIndex, unit: int, alive: NDArray[np.bool_] | None = None) -> int:
    """The unit that a unit is said to be, or -1.

    That whose id its key is, where its namespace has such keys; else the one of the same namespace and key with the
    least restricted proper subset of the unit's set. Units that are not `alive` are passed over.
    """
    named = _named_by_key(tables, handles, unit)
    if named >= 0 and (alive is None or alive.item(named)):
        return named
    units = tables.units
    label, key, namespace = LABELS[units.label.item(unit)], units.value(unit, "key"), tables.namespace(unit)
    for subset in proper_subsets(tables.sets.names[units.set.item(unit)], tables.sets.number):
        handle = entity_handle(namespace, label, key or "", subset)
        found = handles.find(int(handle[:16], 16), int(handle[16:], 16))
        if found >= 0 and (alive is None or alive.item(found)):
            return found
    return -1


def _named_by_key(tables: Tables, handles: HandleIndex, unit: int) -> int:
    """The unit of the same type whose id a unit's key is, where whoever sees the one sees the other; or -1."""
    units = tables.units
    if not _keyed_by_id(tables, unit):
        return -1
    found = handles.find(*split_handle(units.value(unit, "key")))
    if found < 0 or found == unit or units.label.item(found) != units.label.item(unit):
        return -1
    sets = tables.sets.names
    visible = set(sets[units.set.item(found)]) <= set(sets[units.set.item(unit)])
    return found if visible and not _keyed_by_id(tables, found) else -1


def _keyed_by_id(tables: Tables, unit: int) -> bool:
    units = tables.units
    return bool(tables.by_id.item(units.source.item(unit))) and is_handle(units.value(unit, "key") or "")


def proper_subsets(names: tuple[str, ...], known: Mapping[tuple[str, ...], Any]) -> Iterator[tuple[str, ...]]:
    """The proper subsets of a set that occur, smallest first, then by name."""
    if len(names) <= _SMALL_SET:
        candidates = (c for size in range(len(names)) for c in combinations(names, size))
        yield from (c for c in candidates if c in known)
    else:
        whole = frozenset(names)
        smaller = [c for c in known if len(c) < len(names) and whole.issuperset(c)]
        yield from sorted(smaller, key=lambda c: (len(c), c))


def ties_of(tables: Tables) -> Ties:
    """The edges between persons and companies that tell namesakes apart."""
    labels = tables.units.label
    found = []
    for name in TIES:
        if name in tables.edges:
            edges = tables.edges[name]
            start, end = edges.start.all(), edges.end.all()
            mine = (labels[start] == PERSON) & (labels[end] == COMPANY)
            found.append((start[mine], end[mine], edges.set.all()[mine]))
    if not found:
        nothing = np.zeros(0, np.int32)
        return Ties(nothing, nothing, nothing)
    return Ties(*(np.concatenate([f[i] for f in found]) for i in range(3)))


# --- preference ---


@dataclass(frozen=True)
class Preference:
    """Numbers by which statements rank: smaller is better, from the first array on."""

    set_rank: Array
    source_rank: Array
    stated: Array
    hi: Array
    lo: Array

    def keys(self) -> tuple[Array, ...]:
        """The arrays as `numpy.lexsort` wants them, the last the most important."""
        return self.lo, self.hi, -self.stated.astype(np.int64), self.source_rank, self.set_rank


def unit_preference(tables: Tables, units: Array) -> Preference:
    """Which of several units of an entity speaks first: least restricted, best source, newest, id."""
    u = tables.units
    handle = u.handle[units]
    return Preference(
        tables.sets.rank[u.set[units]], tables.source_rank[u.source[units]], u.stated[units],
        handle["hi"], handle["lo"],
    )  # fmt: skip


def statement_preference(tables: Tables, edges: Edges, rows: Array) -> tuple[Array, ...]:
    """Which of several statements of a fact counts: least restricted, best source, newest, record, newest interval.

    Arrays as `numpy.lexsort` wants them, the last the most important.
    """
    record = edges.record.take(rows)
    preference = Preference(
        tables.sets.rank[edges.set.take(rows)], tables.source_rank[edges.source.take(rows)],
        edges.stated.take(rows), record["hi"], record["lo"],
    )  # fmt: skip
    begin, end = (column.take(rows).astype(np.int64) for column in (edges.valid_from, edges.valid_to))
    return -end, -begin, *preference.keys()


# --- entities ---


def members_of(tables: Tables, entity: Array, units: Array, size: int) -> Csr:
    """The units of each entity, best first; `entity` is that of each of the `units`."""
    order = np.argsort(entity, kind="stable")
    e = entity[order]
    twin = np.zeros(len(order), np.bool_)
    twin[1:] = e[1:] == e[:-1]
    twin[:-1] |= twin[1:]
    crowd = np.flatnonzero(twin)
    ranked = np.lexsort((*unit_preference(tables, units[order[crowd]]).keys(), e[crowd]))
    order[crowd] = order[crowd[ranked]]
    return Csr.of_sorted(e, units[order], size)


def canonical_order(tables: Tables, units: Array) -> NDArray[np.int64]:
    """The order of units by compartment set (size, names), then handle.

    Those of namespaces whose keys may be ids come last in their set, and of them those with such a key: what is said
    of a thing by its id never changes that id.
    """
    handle = tables.units.handle[units]
    said = tables.by_id[tables.units.source[units]].astype(np.int8)
    for at in np.flatnonzero((said == 1) & (tables.units.label[units] != EVENT)).tolist():
        said[at] += _keyed_by_id(tables, units.item(at))
    return np.lexsort((handle["lo"], handle["hi"], said, tables.sets.rank[tables.units.set[units]]))


def canonical_units(tables: Tables, members: Csr) -> NDArray[np.int32]:
    """Of each entity the unit that gives it its id; -1 where it has none."""
    counts = np.diff(members.first)
    out = np.full(len(members), -1, np.int32)
    single = counts == 1
    out[single] = members.items[members.first[:-1][single]]
    several = np.flatnonzero(counts > 1)
    place, units = members.expanded(several)
    order = canonical_order(tables, units)[::-1]
    # written from the last to the first, the first stays
    out[several[place[order]]] = units[order]
    return out


def plain_entities(units: Units, members: Csr) -> NDArray[np.bool_]:
    """Which entities have a unit that everyone sees and that is valid on every day."""
    always = (units.set == 0) & (units.valid_from == LONG_AGO) & (units.valid_to == OPEN)
    owner = np.repeat(np.arange(len(members)), np.diff(members.first))
    out = np.zeros(len(members), np.bool_)
    out[owner[always[members.items]]] = True
    return out


def number_entities(tables: Tables, root: Array) -> tuple[NDArray[np.int32], int]:
    """Number clusters by label and then by the least handle of the least restricted set, not by row."""
    units = tables.units
    order = np.lexsort((units.handle["lo"], units.handle["hi"], tables.sets.rank[units.set], units.label))
    first = np.full(len(root), len(root))
    # written from the last to the first, the first stays
    first[root[order[::-1]]] = np.arange(len(root))[::-1]
    used = np.flatnonzero(np.bincount(root, minlength=len(root)))
    number = np.zeros(len(root), np.int32)
    number[used[np.argsort(first[used])]] = np.arange(len(used), dtype=np.int32)
    return number[root], len(used)


# --- adjacency ---


def class_keys(edge_type: str, edges: Edges, rows: Array | None = None) -> Array:
    """For each statement a number for its class, the same wherever the class's text is the same; 0 for none."""
    chosen = np.arange(len(edges)) if rows is None else rows
    names = edge_model(edge_type).classes
    found = [edges.fields[name] for name in names if name in edges.fields]
    if not found:
        return np.broadcast_to(np.zeros(1, np.uint64), (len(chosen),))
    out = np.zeros(len(chosen), np.uint64)
    for field in found:
        values = field.column.take(chosen)
        if field.kind is Kind.TEXT and field.pool is not None:
            used, which = np.unique(values, return_inverse=True)
            pool = field.pool
            hashed = [text_hash(pool[c]) if c >= 0 else 0 for c in used.tolist()]
            out ^= np.array(hashed, np.uint64)[which.ravel()]
        else:
            numbers = values.astype(np.int64).astype(np.uint64) + np.uint64(1)
            out ^= np.where(field.stated(chosen), numbers, np.uint64(0))
    return out


def pairs(near: Array, far: Array) -> NDArray[np.uint64]:
    """Two entities as one number, ordered by the first."""
    joined: NDArray[np.uint64] = (near.astype(np.uint64) << np.uint64(32)) | far.astype(np.uint64)
    return joined


def order_statements(tables: Tables, edges: Edges, rows: Array, pair: Array, keys: Array) -> Array:
    """The order of statements by pair of entities, class and preference."""
    order = np.argsort(pair, kind="stable")
    ordered = pair[order]
    twin = np.zeros(len(order), np.bool_)
    twin[1:] = ordered[1:] == ordered[:-1]
    twin[:-1] |= twin[1:]
    crowd = np.flatnonzero(twin)
    chosen = order[crowd]
    ranks = (*statement_preference(tables, edges, rows[chosen]), keys[chosen], ordered[crowd])
    order[crowd] = chosen[_ranked(edges, rows[chosen], ranks)]
    return order


def _ranked(edges: Edges, rows: Array, ranks: tuple[Array, ...]) -> Array:
    """The order of statements by ranks; those that tie, by what they state, so that row numbers decide nothing."""
    order = np.lexsort(ranks)
    tied = np.ones(max(len(order) - 1, 0), np.bool_)
    for rank in ranks:
        tied &= rank[order[1:]] == rank[order[:-1]]
    if not tied.any():
        return order
    alike = order[np.union1d(np.flatnonzero(tied), np.flatnonzero(tied) + 1)]
    content = np.zeros(len(order), np.uint64)
    begun = edges.start_unknown.take(rows[alike]).astype(np.uint64)
    content[alike] = with_fields(begun, edges.fields, rows[alike])
    return np.lexsort((content, *ranks))


def adjacency_of(tables: Tables, edge_type: str, entity: Array, size: int) -> Adjacency:
    """Both directions of one edge type."""
    edges = tables.edges[edge_type]
    rows = np.arange(len(edges), dtype=np.int32)
    keys = class_keys(edge_type, edges)
    start, end = entity[edges.start.all()], entity[edges.end.all()]
    out = order_statements(tables, edges, rows, pairs(start, end), keys)
    into = order_statements(tables, edges, rows, pairs(end, start), keys)
    return Adjacency(
        Csr.of_sorted(start[out], rows[out], size), Csr.of_sorted(end[into], rows[into], size), Column(keys)
    )


# --- all of it ---


def fold(tables: Tables) -> Fold:
    """Compute everything from tables whose rows are all believed now."""
    units = tables.units
    handles = HandleIndex.of(units.handle)
    claims = claims_of(units)
    root = partition(evidence_of(tables, handles, claims))
    entity, size = number_entities(tables, root)
    members = members_of(tables, entity, np.arange(len(units)), size)
    kind = np.full(size, -1, np.int8)
    kind[entity] = units.label
    return Fold(
        entity=entity,
        members=members,
        kind=kind,
        canonical=canonical_units(tables, members),
        plain=plain_entities(units, members),
        adjacency={name: adjacency_of(tables, name, entity, size) for name in tables.edges},
        handles=handles,
        claims=(ClaimIndex.of(claims),),
    )


_ARRAYS: Final = ("entity", "kind", "canonical", "plain")


def save_fold(folded: Fold, writer: Writer) -> None:
    """Write a fold that no change has been applied to."""
    for name in _ARRAYS:
        writer.array(f"fold.{name}", getattr(folded, name))
    _save_csr(folded.members, "fold.members", writer)
    for name, adjacency in folded.adjacency.items():
        _save_csr(adjacency.out, f"fold.{name}.out", writer)
        _save_csr(adjacency.into, f"fold.{name}.into", writer)
        writer.array(f"fold.{name}.class", adjacency.class_key.all())
    writer.array("fold.handles.hi", folded.handles.hi)
    writer.array("fold.handles.order", folded.handles.order)
    (claims,) = folded.claims
    for part in ("value", "unit", "kind"):
        writer.array(f"fold.claims.{part}", getattr(claims, part))


def load_fold(tables: Tables, reader: Reader) -> Fold:
    """The fold that `save_fold` wrote, memory-mapped."""
    handles = HandleIndex(
        reader.array("fold.handles.hi"), reader.array("fold.handles.order"), tables.units.handle, {}
    )
    claims = ClaimIndex(*(reader.array(f"fold.claims.{part}") for part in ("value", "unit", "kind")))
    adjacency = {
        name: Adjacency(
            _load_csr(f"fold.{name}.out", reader),
            _load_csr(f"fold.{name}.into", reader),
            Column(reader.array(f"fold.{name}.class")),
        )
        for name in tables.edges
    }
    arrays = {name: reader.array(f"fold.{name}") for name in _ARRAYS}
    return Fold(
        **arrays,
        members=_load_csr("fold.members", reader),
        adjacency=adjacency,
        handles=handles,
        claims=(claims,),
    )


def _save_csr(csr: Csr, name: str, writer: Writer) -> None:
    writer.array(f"{name}.first", csr.first)
    writer.array(f"{name}.items", csr.items)


def _load_csr(name: str, reader: Reader) -> Csr:
    return Csr(reader.array(f"{name}.first"), reader.array(f"{name}.items"))
