"""Catching up: the fold of changed tables, worked out from the fold before and what has changed.

The result is that of folding anew, apart from the numbers that rows have. Identity is worked out again for the
*closure* of what changed: everything that shares a cluster, a claim or a key with it, and the namesakes of
persons tied to it. Within the closure the rules see all that they would see in the whole graph.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.claims import Claim, Claims, claims_of
from graph.columns import Array, Column, handle_array, split_handle
from graph.csr import Csr
from graph.fold import (
    Adjacency,
    ClaimIndex,
    Fold,
    attaching,
    canonical_units,
    class_keys,
    members_of,
    order_statements,
    pairs,
    parent_of,
    plain_entities,
)
from graph.identity import CLASSIFIED, COMPANY, EVENT, PERSON, SECURITY, TIES, Evidence, Ties, partition
from graph.ids import entity_handle, is_handle
from graph.scan import Changes, Pair
from graph.tables import (
    LABELS,
    UNIT_ARRAYS,
    Edges,
    HandleIndex,
    Tables,
    Units,
    appended_edges,
    appended_fields,
    effective_sets,
)

JOINING: Final = (
    Claim.USCC, Claim.LEI, Claim.CODE, Claim.REGISTRY, Claim.LEGAL, Claim.FORMER, Claim.SHORT, Claim.ANSWERS,
    Claim.SAME, Claim.LIKE,
)  # fmt: skip
"""Kinds of claims that can join; the others only find, or only refine a join by one of these."""

JOINED: Final = (COMPANY, PERSON, SECURITY, EVENT, *CLASSIFIED)
"""Labels whose units can join by claims."""

_CONTEXT: Final = 127
"""Label of a row that stands for an entity outside the closure; no rule is about it."""

Ints = NDArray[np.int64]


@dataclass(frozen=True)
class Edited:
    """Tables after a change, and what of them is new.

    `units` are the units that were written or deleted, `gone` those deleted, `alive` tells for every unit whether it
    is there; `removed` and `added` are statements by edge type. Statements of a type keep their numbers, new ones
    come behind.
    """

    tables: Tables
    handles: HandleIndex
    units: Ints
    gone: Ints
    alive: NDArray[np.bool_]
    removed: Mapping[str, Array]
    added: Mapping[str, Array]


# --- tables ---


def edit(tables: Tables, fold: Fold, changes: Changes, version: int) -> Edited:
    """Put what was read of the store into the tables."""
    builder = changes.found
    fresh = builder.units()
    known = fold.handles.rows(fresh.handle)
    units, rows = _written_units(tables.units, fresh, known)
    late = rows[known < 0]
    handles = fold.handles.extended(units.handle, late.tolist())
    gone = _missing(changes.nodes, handles, rows)
    removed = _statements_between(tables, fold, changes.pairs)
    added = {name: builder.edges(name, handles, strict=False) for name in builder.edge_types}
    sets, added = effective_sets(builder.sets, units, added)
    before = {name: len(tables.edges[name]) if name in tables.edges else 0 for name in added}
    edges = appended_edges(tables.edges, added)
    numbers = {name: np.arange(before[name], before[name] + len(e)) for name, e in added.items()}
    return Edited(
        Tables(version, sets, builder.sources, units, edges),
        handles, np.union1d(rows, gone).astype(np.int64), gone, _alive(fold, len(units), rows, gone), removed, numbers,
    )  # fmt: skip


def _written_units(units: Units, fresh: Units, known: Array) -> tuple[Units, Ints]:
    """The units with fresh ones put over those that are known and behind the others; and where each one is now."""
    new = known < 0
    rows = np.where(new, len(units) + np.cumsum(new) - 1, known).astype(np.int64)
    before = np.array([units.sizes.get(label, 0) for label in LABELS], np.int32)
    moved = replace(fresh, local=(fresh.local + before[fresh.label]).astype(np.int32))
    arrays = {}
    for name in UNIT_ARRAYS:
        old, late = getattr(units, name), getattr(moved, name)
        array = np.empty(len(old) + int(new.sum()), old.dtype)
        array[: len(old)] = old
        array[rows] = late
        arrays[name] = array
    fields, sizes = appended_fields(units, fresh)
    return Units(**arrays, fields=fields, sizes=sizes), rows


def _alive(fold: Fold, size: int, written: Ints, gone: Ints) -> NDArray[np.bool_]:
    alive = np.zeros(size, np.bool_)
    alive[: len(fold.entity)] = fold.entity >= 0
    alive[written] = True
    alive[gone] = False
    return alive


def _missing(nodes: Mapping[str, Sequence[str]], handles: HandleIndex, found: Ints) -> Ints:
    """The units that were touched and are in the store no more."""
    listed = [handle for ids in nodes.values() for handle in ids]
    rows = handles.rows(handle_array(listed))
    return np.setdiff1d(rows[rows >= 0], found).astype(np.int64)


def _statements_between(tables: Tables, fold: Fold, touched: Iterable[Pair]) -> dict[str, Array]:
    """The statements, by type, between the given pairs of units."""
    by_type: dict[str, list[Pair]] = {}
    for pair in touched:
        by_type.setdefault(pair.type, []).append(pair)
    out = {}
    for name, listed in by_type.items():
        if name in tables.edges:
            start = fold.handles.rows(handle_array([pair.start for pair in listed]))
            end = fold.handles.rows(handle_array([pair.end for pair in listed]))
            there = (start >= 0) & (end >= 0)
            out[name] = _between(tables.edges[name], fold, fold.adjacency[name], (start[there], end[there]))
    return out


def _between(edges: Edges, fold: Fold, adjacency: Adjacency, ends: tuple[Array, Array]) -> Array:
    """The statements between pairs of units, looked up at the end of each pair that has fewer."""
    start, end = ends
    alive = (fold.entity[start] >= 0) & (fold.entity[end] >= 0)
    start, end = start[alive], end[alive]
    wanted = pairs(start, end)
    near, far = fold.entity[start], fold.entity[end]
    from_start = adjacency.out.counts(near) <= adjacency.into.counts(far)
    _, forward = adjacency.out.expanded(np.unique(near[from_start]))
    _, backward = adjacency.into.expanded(np.unique(far[~from_start]))
    rows = np.union1d(forward, backward)
    return rows[np.isin(pairs(edges.start.take(rows), edges.end.take(rows)), wanted)]


def _without(rows: Array, dropped: Array, size: int) -> Array:
    """The rows, of `size` that there are, that are not among those dropped."""
    mark = np.zeros(size, np.bool_)
    mark[dropped] = True
    return rows[~mark[rows]]


# --- the closure ---


@dataclass(frozen=True)
class Closure:
    """The units for which identity has to be worked out again, with what they claim and are tied to."""

    units: Ints
    claims: Claims
    ties: Ties
    """In numbers of units; a company in it may be outside the closure."""


class _Closing:
    """Works out the closure of a change."""

    def __init__(self, edited: Edited, fold: Fold, walled: WalledKeys) -> None:
        self._edited = edited
        self._fold = fold
        self._walled = walled
        self._units = edited.tables.units
        self._old_size = len(fold.entity)
        self._in = np.zeros(len(self._units), np.bool_)
        self._stale = np.zeros(len(self._units), np.bool_)
        self._stale[edited.units] = True

    @cached_property
    def _fresh(self) -> ClaimIndex:
        """What the written units claim now."""
        alive = np.setdiff1d(self._edited.units, self._edited.gone)
        return ClaimIndex.of(claims_of(self._units, alive))

    def closed(self) -> Closure:
        """The closure."""
        tied = self._persons_of_edges()
        frontier = np.union1d(self._edited.units, tied)
        while len(frontier):
            self._in[frontier] = True
            near = np.concatenate(
                [
                    self._of_clusters(frontier),
                    self._of_claims(frontier),
                    self._of_keys(frontier),
                    self._tied_to(frontier),
                ]
            )
            frontier = np.unique(near[~self._in[near]]).astype(np.int64)
        alive = np.flatnonzero(self._in & self._edited.alive)
        return Closure(alive, claims_of(self._units, alive), self._ties(alive))

    def _entity(self, units: Array) -> Array:
        """The entity before the change; -1 for new units."""
        out = np.full(len(units), -1, np.int32)
        old = units < self._old_size
        out[old] = self._fold.entity[units[old]]
        return out

    def _persons_of_edges(self) -> Ints:
        """Persons at touched edges that tell namesakes apart."""
        found: list[Array] = [np.zeros(0, np.int64)]
        for name in TIES:
            edges = self._edited.tables.edges.get(name)
            for rows in (self._edited.removed.get(name), self._edited.added.get(name)):
                if edges is not None and rows is not None:
                    start = edges.start.take(rows)
                    found.append(start[self._units.label[start] == PERSON])
        return np.unique(np.concatenate(found)).astype(np.int64)

    def _of_clusters(self, units: Ints) -> Array:
        entities = self._entity(units)
        return self._fold.members.expanded(np.unique(entities[entities >= 0]))[1].astype(np.int64)

    def _of_claims(self, units: Ints) -> Array:
        """Units that share a claim with some units, as these were and as they are."""
        mine = units[np.isin(self._units.label[units], JOINED)]
        now = claims_of(self._units, mine).of_kind(*JOINING).value
        values = np.unique(np.concatenate([now, self._earlier_claims(mine)]))
        found = [index.units(values) for index in self._fold.claims]
        late = self._fresh.units(values)
        near = np.concatenate([*found, late]).astype(np.int64)
        return near[np.isin(self._units.label[near], JOINED)]

    def _earlier_claims(self, units: Ints) -> NDArray[np.uint64]:
        """What units claimed that have been written since."""
        written = np.zeros(len(self._units), np.bool_)
        written[units[self._stale[units]]] = True
        if not written.any():
            return np.zeros(0, np.uint64)
        return np.concatenate([self._claims_in(index, written) for index in self._fold.claims])

    @staticmethod
    def _claims_in(index: ClaimIndex, written: NDArray[np.bool_]) -> NDArray[np.uint64]:
        holds = written[index.unit]
        if index.void is not None:
            holds &= ~index.void[index.unit]
        values: NDArray[np.uint64] = index.value[holds & np.isin(index.kind, JOINING)]
        return values

    def _of_keys(self, units: Ints) -> Array:
        """Units of the same namespace and key, of which one is or becomes the parent of another."""
        handles = self._edited.handles
        found = [other for unit in units.tolist() for other in self._walled.beside(unit, handles)]
        return np.array(found, np.int64)

    def _tied_to(self, units: Ints) -> Array:
        """Persons tied to companies whose cluster may change."""
        companies = units[self._units.label[units] == COMPANY]
        return np.concatenate([self._tied_in(name, companies) for name in TIES])

    def _tied_in(self, name: str, companies: Ints) -> Array:
        adjacency, edges = self._fold.adjacency.get(name), self._edited.tables.edges.get(name)
        entities = self._entity(companies)
        entities = entities[entities >= 0]
        if adjacency is None or edges is None or not len(entities):
            return np.zeros(0, np.int64)
        start = edges.start.take(adjacency.into.expanded(np.unique(entities))[1])
        return np.unique(start[self._units.label[start] == PERSON]).astype(np.int64)

    def _ties(self, units: Ints) -> Ties:
        """All ties of the closure's persons, as they are now."""
        persons = units[self._units.label[units] == PERSON]
        found = [self._ties_in(name, persons) for name in TIES if name in self._edited.tables.edges]
        if not found:
            nothing = np.zeros(0, np.int32)
            return Ties(nothing, nothing, nothing)
        return Ties(*(np.concatenate([f[i] for f in found]) for i in range(3)))

    def _ties_in(self, name: str, persons: Ints) -> tuple[Array, Array, Array]:
        edges = self._edited.tables.edges[name]
        rows = self._edited.added.get(name, np.zeros(0, np.int64))
        adjacency = self._fold.adjacency.get(name)
        if adjacency is not None:
            entities = self._entity(persons)
            old = adjacency.out.expanded(np.unique(entities[entities >= 0]))[1]
            rows = np.concatenate([_without(old, self._edited.removed.get(name, rows[:0]), len(edges)), rows])
        start, end = edges.start.take(rows), edges.end.take(rows)
        chosen = np.zeros(len(self._units), np.bool_)
        chosen[persons] = True
        mine = chosen[start] & (self._units.label[end] == COMPANY)
        return start[mine], end[mine], edges.set.take(rows)[mine]


class WalledKeys:
    """Units that may have a parent, by what they are about: a namespace, type and key, or the id that is their key."""

    def __init__(self, tables: Tables) -> None:
        self._tables = tables
        self._by_key: dict[str, list[int]] = {}
        self._take(np.arange(len(tables.units)))

    def _take(self, units: Array) -> None:
        for unit in attaching(self._tables, units).tolist():
            self._by_key.setdefault(self._about(unit), []).append(unit)

    def _about(self, unit: int) -> str:
        units = self._tables.units
        key = units.value(unit, "key") or ""
        if self._tables.by_id.item(units.source.item(unit)) and is_handle(key):
            return key
        return entity_handle(self._tables.namespace(unit), LABELS[units.label.item(unit)], key)

    def follow(self, tables: Tables) -> None:
        """Take in the units that have come since."""
        before = len(self._tables.units)
        self._tables = tables
        self._take(np.arange(before, len(tables.units)))

    def beside(self, unit: int, handles: HandleIndex) -> Sequence[int]:
        """The units of the same namespace, type and key as a unit, and those that are said to be it or it to be."""
        if not self._by_key:
            return ()
        about = self._about(unit)
        found = self._by_key.get(about, ())
        if found:
            public = handles.find(*split_handle(about))
            found = found if public < 0 else [*found, public]
        own = self._tables.units.id(unit)
        return found if own == about else [*found, *self._by_key.get(own, ())]


# --- identity of the closure ---


def _evidence(edited: Edited, fold: Fold, closure: Closure) -> Evidence:
    """The closure as evidence: its units first, then a row for each entity outside it that a tie leads to."""
    tables, units = edited.tables, closure.units
    place = np.full(len(tables.units), -1)
    place[units] = np.arange(len(units))
    company = closure.ties.company
    outside = place[company] < 0
    entities, which = np.unique(_old_entity(fold, company[outside]), return_inverse=True)
    row = place[company]
    row[outside] = len(units) + which.ravel()
    ties = Ties(place[closure.ties.person], row, closure.ties.scope)
    claims = replace(closure.claims, unit=place[closure.claims.unit].astype(np.int32))
    label = np.concatenate([tables.units.label[units], np.full(len(entities), _CONTEXT, np.int8)])
    scope = np.concatenate([tables.units.set[units], np.zeros(len(entities), np.int32)])
    namespace = tables.source_namespace[tables.units.source[units]]
    namespace = np.concatenate([namespace, np.zeros(len(entities), np.int32)])
    parent = np.full(len(label), -1)
    parent[: len(units)] = _parents(edited, units, place)
    return Evidence(label, scope, namespace, parent, claims, ties)


def _old_entity(fold: Fold, units: Array) -> Array:
    return fold.entity[units]


def _parents(edited: Edited, units: Ints, place: Array) -> Array:
    tables = edited.tables
    out = np.full(len(units), -1)
    for unit in attaching(tables, units).tolist():
        found = parent_of(tables, edited.handles, unit, edited.alive)
        out[np.searchsorted(units, unit)] = place[found] if found >= 0 else -1
    return out


@dataclass(frozen=True)
class Renumbered:
    """The entity of each unit after a change, and which entities have other members than before."""

    entity: NDArray[np.int32]
    size: int
    touched: Array


def renumber(edited: Edited, fold: Fold, closure: Closure) -> Renumbered:
    """Work out identity for the closure. A cluster keeps the row of its first unit, where that is free."""
    tables, units = edited.tables, closure.units
    root = partition(_evidence(edited, fold, closure))[: len(units)]
    entity = np.full(len(tables.units), -1, np.int32)
    entity[: len(fold.entity)] = fold.entity
    before = entity[units]
    entity[edited.gone] = -1
    rank = np.empty(len(units), np.int64)
    handle = tables.units.handle[units]
    rank[np.lexsort((handle["lo"], handle["hi"], tables.sets.rank[tables.units.set[units]]))] = np.arange(
        len(units)
    )
    taken: set[int] = set()
    size = fold.size
    number: dict[int, int] = {}
    for at in np.argsort(rank).tolist():
        cluster = int(root[at])
        if cluster not in number:
            row = int(before[at])
            if row < 0 or row in taken:
                row, size = size, size + 1
            taken.add(row)
            number[cluster] = row
    entity[units] = [number[cluster] for cluster in root.tolist()]
    ended = fold.entity[edited.gone]
    touched = np.unique(np.concatenate([before[before >= 0], entity[units], ended[ended >= 0]]))
    return Renumbered(entity, size, touched)


# --- the fold ---


def refold(edited: Edited, fold: Fold, walled: WalledKeys) -> tuple[Fold, Array]:
    """The fold of edited tables; and the units whose names have to be indexed again."""
    closure = _Closing(edited, fold, walled).closed()
    renumbered = renumber(edited, fold, closure)
    tables, units = edited.tables, edited.tables.units
    entity, size, touched = renumbered.entity, renumbered.size, renumbered.touched
    fresh = _members(tables, closure.units, renumbered)
    members = fold.members.replaced(touched, fresh, size)
    kind = _grown(fold.kind, size, -1)
    kind[touched] = -1
    kind[entity[closure.units]] = units.label[closure.units]
    canonical = _grown(fold.canonical, size, -1)
    canonical[touched] = canonical_units(tables, fresh)
    plain = _grown(fold.plain, size, 0)
    plain[touched] = plain_entities(units, fresh)
    adjacency = _adjacencies(edited, fold, renumbered)
    folded = Fold(
        entity=entity, members=members, kind=kind, canonical=canonical, plain=plain, adjacency=adjacency,
        handles=edited.handles, claims=_claims(edited, fold),
    )  # fmt: skip
    return folded, _renamed(edited, fold, folded, touched)


def _members(tables: Tables, units: Ints, renumbered: Renumbered) -> Csr:
    """The units of the touched entities."""
    place = np.searchsorted(renumbered.touched, renumbered.entity[units])
    return members_of(tables, place, units, len(renumbered.touched))


def _grown(array: Array, size: int, fill: int) -> Array:
    out = np.full(size, fill, array.dtype)
    out[: len(array)] = array
    return out


def _claims(edited: Edited, fold: Fold) -> tuple[ClaimIndex, ...]:
    """The base index without what was written since, and an index of all that."""
    base, *later = fold.claims
    void = np.zeros(len(edited.tables.units), np.bool_)
    if base.void is not None:
        void[: len(base.void)] = base.void
    for index in later:
        void[index.unit] = True
    void[edited.units] = True
    late = np.flatnonzero(void & edited.alive)
    return replace(base, void=void), ClaimIndex.of(claims_of(edited.tables.units, late))


def _renamed(edited: Edited, fold: Fold, folded: Fold, touched: Array) -> Array:
    """Written units, and all units of entities whose members or id have changed."""
    old, new = len(fold.entity), len(folded.entity)
    moved = np.ones(new, np.bool_)
    moved[:old] = folded.entity[:old] != fold.entity
    moved[edited.units] = True
    entities = np.unique(folded.entity[moved])
    before = fold.entity[np.flatnonzero(moved[:old])]
    changed = np.union1d(entities, before)
    mine = np.intersect1d(changed[changed >= 0], touched)
    return np.union1d(np.flatnonzero(moved), folded.members.expanded(mine)[1])


# --- adjacency ---


def _adjacencies(edited: Edited, fold: Fold, renumbered: Renumbered) -> dict[str, Adjacency]:
    old = len(fold.entity)
    moved = np.zeros(len(renumbered.entity), np.bool_)
    moved[:old] = renumbered.entity[:old] != fold.entity
    out = {}
    for name in edited.tables.edges:
        before = fold.adjacency.get(name) or _no_statements(fold.size)
        out[name] = _Splice(edited, fold, renumbered, name, before).spliced(moved)
    return out


def _no_statements(size: int) -> Adjacency:
    empty = Csr(np.zeros(size + 1, np.int32), np.zeros(0, np.int32))
    return Adjacency(empty, empty, Column(np.zeros(0, np.uint64)))


class _Splice:
    """The adjacency of one edge type after a change."""

    def __init__(
        self, edited: Edited, fold: Fold, renumbered: Renumbered, name: str, before: Adjacency
    ) -> None:
        self._tables = edited.tables
        self._name = name
        self._edges = edited.tables.edges[name]
        self._old_entity = fold.entity
        self._entity = renumbered.entity
        self._size = renumbered.size
        self._before = before
        nothing = np.zeros(0, np.int64)
        self._removed = edited.removed.get(name, nothing)
        self._added = edited.added.get(name, nothing)

    def spliced(self, moved: NDArray[np.bool_]) -> Adjacency:
        """Both directions, with statements of moved units where they are now; unchanged where nothing changed."""
        shifted = self._of_moved(moved)
        if not len(shifted) and not len(self._removed) and not len(self._added):
            return self._before
        keys = self._before.class_key
        if len(self._added):
            fresh = class_keys(self._name, self._edges, self._added)
            keys = keys.extended(fresh) if len(keys) else Column(np.asarray(fresh))
        left = np.concatenate([shifted, self._removed]).astype(np.int64)
        came = np.concatenate([_without(shifted, self._removed, len(self._edges)), self._added]).astype(
            np.int64
        )
        came = came[self._ends_live(came)]
        out = self._side(self._before.out, keys, (left, came), forward=True)
        into = self._side(self._before.into, keys, (left, came), forward=False)
        return Adjacency(out, into, keys)

    def _ends_live(self, rows: Array) -> NDArray[np.bool_]:
        start, end = self._entity[self._edges.start.take(rows)], self._entity[self._edges.end.take(rows)]
        live: NDArray[np.bool_] = (start >= 0) & (end >= 0)
        return live

    def _of_moved(self, moved: NDArray[np.bool_]) -> Array:
        """The statements before the change of which an end is in another entity now."""
        units = np.flatnonzero(moved[: len(self._old_entity)])
        entities = np.unique(self._old_entity[units])
        entities = entities[entities >= 0]
        out = self._before.out.expanded(entities)[1]
        into = self._before.into.expanded(entities)[1]
        rows = np.union1d(out[moved[self._edges.start.take(out)]], into[moved[self._edges.end.take(into)]])
        return rows.astype(np.int64)

    def _side(self, csr: Csr, keys: Column, change: tuple[Array, Array], *, forward: bool) -> Csr:
        left, came = change
        near, far = (self._edges.start, self._edges.end) if forward else (self._edges.end, self._edges.start)
        old = self._old_entity[near.take(left)]
        rows = np.unique(np.concatenate([old[old >= 0], self._entity[near.take(came)]]))
        kept = csr.expanded(rows)[1].astype(np.int64)
        statements = np.concatenate([_without(kept, left, len(self._edges)), came])
        ends = self._entity[near.take(statements)], self._entity[far.take(statements)]
        order = order_statements(self._tables, self._edges, statements, pairs(*ends), keys.take(statements))
        place = np.searchsorted(rows, ends[0][order])
        return csr.replaced(rows, Csr.of_sorted(place, statements[order], len(rows)), self._size)
