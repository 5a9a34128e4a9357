"""Which units mean the same thing: from claims to clusters. Pure: arrays in, arrays out.

Everyone's units (compartment set 0) join each other. A unit of a set S only ever attaches to a less
restricted one or joins units of exactly S, so that what is hidden from a viewer never changes how the rest is
joined: the partition that a viewer sees is the one that a fresh load of what is visible would give. No rule
looks at the order of rows.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import cached_property
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.claims import Claim, Claims
from graph.tables import LABEL_NUMBER

Ints = NDArray[Any]
Mask = NDArray[np.bool_]
Hashes = NDArray[np.uint64]

COMPANY: Final = LABEL_NUMBER["Company"]
PERSON: Final = LABEL_NUMBER["Person"]
SECURITY: Final = LABEL_NUMBER["Security"]
EVENT: Final = LABEL_NUMBER["Event"]
CLASSIFIED: Final = (LABEL_NUMBER["Industry"], LABEL_NUMBER["Concept"])

TIES: Final = ("OFFICER_OF", "CONTROLS", "HOLDS")
"""Edge types that tie a person to a company closely enough to tell namesakes apart."""

_CODES: Final = (Claim.USCC, Claim.LEI, Claim.CODE)
_DENSE: Final = (
    Claim.USCC, Claim.LEI, Claim.CODE, Claim.REGISTRY, Claim.LEGAL, Claim.SHORT, Claim.ANSWERS, Claim.SCHEME,
    Claim.MENTION, Claim.FIGURE,
)  # fmt: skip


@dataclass(frozen=True)
class Ties:
    """Edges between a person and a company, as rows of the evidence, and the set of each edge."""

    person: Ints
    company: Ints
    scope: Ints


@dataclass(frozen=True)
class Evidence:
    """What identity may look at, one row per unit.

    `scope` is the compartment set; `parent` the unit that a unit is said to be: the less restricted one of the same
    namespace and key, or the one whose id its key is; -1 where there is none.
    """

    label: Ints
    scope: Ints
    namespace: Ints
    parent: Ints
    claims: Claims
    ties: Ties

    def __len__(self) -> int:
        return len(self.label)

    @cached_property
    def dense(self) -> dict[Claim, Hashes]:
        """Of each kind that a unit claims at most once, the value per unit; 0 where it claims none.

        ANSWERS is here for persons and classes, which have one name.
        """
        out: dict[Claim, Hashes] = {}
        for kind in _DENSE:
            found = self.claims.of_kind(kind)
            out[kind] = np.zeros(len(self), np.uint64)
            out[kind][found.unit] = found.value
        return out

    @cached_property
    def former(self) -> Lists:
        """The earlier names of each unit, without the one that it bears now."""
        found = self.claims.of_kind(Claim.FORMER)
        earlier = found.value != self.dense[Claim.LEGAL][found.unit]
        return Lists.of(found.unit[earlier], found.value[earlier], len(self))

    @cached_property
    def short_only(self) -> Mask:
        """Companies that are known by a short name and nothing else."""
        known = np.zeros(len(self), np.bool_)
        for kind in (Claim.USCC, Claim.LEI, Claim.CODE, Claim.REGISTRY, Claim.LEGAL):
            known |= self.dense[kind] != 0
        known |= np.diff(self.former.first) > 0
        mask: Mask = (self.label == COMPANY) & (self.dense[Claim.SHORT] != 0) & ~known
        return mask

    @cached_property
    def distinct(self) -> Mask:
        """Units whose key tells them from other keys of the namespace.

        Not one that is known by a short name only and whose key is that name: a source that mentions a brand by
        its name (a deal's target) does not say that it is another than what it lists elsewhere under a number.
        """
        mention = self.short_only & (self.dense[Claim.MENTION] == self.dense[Claim.SHORT])
        mask: Mask = ~mention
        return mask


@dataclass(frozen=True)
class Lists:
    """A list of values per row."""

    first: NDArray[np.int64]
    values: Hashes

    @classmethod
    def of(cls, rows: Ints, values: Hashes, size: int) -> Lists:
        """The lists of `size` rows from pairs."""
        order = np.argsort(rows, kind="stable")
        first = np.concatenate([[0], np.cumsum(np.bincount(rows, minlength=size))])
        return cls(first, values[order])

    def expanded(self, rows: Ints) -> tuple[Ints, Hashes]:
        """Pairs (place in `rows`, value) of all lists of the rows."""
        counts = self.first[rows + 1] - self.first[rows]
        place = np.repeat(np.arange(len(rows)), counts)
        within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        return place, self.values[np.repeat(self.first[rows], counts) + within]


@dataclass(frozen=True)
class Groups:
    """Units that share a value: pairs (group, unit), ordered by group; `value` per group."""

    group: Ints
    unit: Ints
    value: Hashes

    def many(self, values: Hashes) -> Mask:
        """Of each group, whether its pairs have two different values; 0 is none."""
        return several_values(self.group, values, len(self.value))

    def links(self, good: Mask) -> tuple[Ints, Ints]:
        """Pairs of units that hold together every group that is good."""
        same = (self.group[1:] == self.group[:-1]) & good[self.group[1:]]
        return self.unit[:-1][same], self.unit[1:][same]


# --- arrays ---


def mix(left: Ints, right: Ints) -> Hashes:
    """One 64-bit number for a pair (the finaliser of splitmix64 over a sum)."""
    with np.errstate(over="ignore"):
        x = left.astype(np.uint64) * np.uint64(0x9E3779B97F4A7C15) + right.astype(np.uint64)
        x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        mixed: Hashes = x ^ (x >> np.uint64(31))
    return mixed


def several_values(group: Ints, values: Hashes, size: int) -> Mask:
    """Of `size` groups, which have two different values that are not 0."""
    stated = values != 0
    order = np.lexsort((values[stated], group[stated]))
    g, v = group[stated][order], values[stated][order]
    out = np.zeros(size, np.bool_)
    out[g[1:][(g[1:] == g[:-1]) & (v[1:] != v[:-1])]] = True
    return out


def grouped(units: Ints, keys: Hashes) -> Groups:
    """The groups of two or more different units with one key; a key of 0 is none."""
    stated = keys != 0
    units, keys = units[stated], keys[stated]
    order = np.argsort(keys, kind="stable")
    ordered = keys[order]
    twin = np.zeros(len(order), np.bool_)
    twin[1:] = ordered[1:] == ordered[:-1]
    twin[:-1] |= twin[1:]
    chosen = order[twin]
    chosen = chosen[np.lexsort((units[chosen], keys[chosen]))]
    k, u = keys[chosen], units[chosen]
    fresh = np.ones(len(k), np.bool_)
    fresh[1:] = (k[1:] != k[:-1]) | (u[1:] != u[:-1])
    k, u = k[fresh], u[fresh]
    begins = np.ones(len(k), np.bool_)
    begins[1:] = k[1:] != k[:-1]
    return Groups(np.cumsum(begins) - 1, u, k[begins])


def components(size: int, links: Iterable[tuple[Ints, Ints]]) -> Ints:
    """For each of `size` rows, the smallest row that the links join it to."""
    # a third of a second to import, which a process that opens a saved projection need not pay
    from scipy.sparse import coo_array  # noqa: PLC0415
    from scipy.sparse.csgraph import connected_components  # noqa: PLC0415

    pairs = list(links)
    if not pairs:
        return np.arange(size)
    left = np.concatenate([a for a, _ in pairs])
    right = np.concatenate([b for _, b in pairs])
    if not len(left):
        return np.arange(size)
    graph = coo_array((np.ones(len(left), np.int8), (left, right)), shape=(size, size))
    count, number = connected_components(graph, directed=False)
    smallest = np.full(count, size)
    # written backwards, the smallest row of a component is what stays
    smallest[number[::-1]] = np.arange(size)[::-1]
    return smallest[number]


# --- the rules ---


def partition(evidence: Evidence) -> Ints:
    """For each unit a row that stands for its cluster, the same for all units of a cluster."""
    root = np.arange(len(evidence))
    for joiner in (_Companies, _Classes, _Securities, _Events):
        _settle(joiner(evidence), root)
    _follow(root)
    _settle(_Persons(evidence, root), root)
    child = evidence.parent >= 0
    root[child] = evidence.parent[child]
    return _follow(root)


def _follow(root: Ints) -> Ints:
    """Make every row point at the one that stands for it, in place."""
    while True:
        further = root[root]
        if (further == root).all():
            return root
        root[:] = further


class _Joiner:
    """How units of some labels join; rows are those of the evidence."""

    labels: tuple[int, ...] = ()

    def __init__(self, evidence: Evidence) -> None:
        self.evidence = evidence
        self.dense = evidence.dense

    def chosen(self) -> Mask:
        """The units that it is about."""
        return np.isin(self.evidence.label, self.labels)

    def clusters(self, active: Mask) -> Ints:
        """Join the active units of each scope among themselves."""
        raise NotImplementedError

    def attached(self, waiting: Ints, root: Ints) -> Ints:
        """For each waiting walled unit the public cluster that it names, or -1."""
        raise NotImplementedError

    def keyed(self, active: Mask, value: Hashes, *more: Ints) -> Groups:
        """Groups of active units of one label and scope with one value."""
        rows = np.flatnonzero(active & (value != 0))
        return grouped(rows, self.scoped(rows, value[rows], *(m[rows] for m in more)))

    def scoped(self, rows: Ints, *values: Ints) -> Hashes:
        """A key of label, scope and values; 0 where a value is 0."""
        key = mix(self.evidence.label[rows], self.evidence.scope[rows])
        missing = np.zeros(len(rows), np.bool_)
        for value in values:
            key = mix(key, value)
            missing |= value == 0
        return np.where(missing, np.uint64(0), key)

    def namespace_taken(self, public: _Clusters, rows: Ints, cluster: Ints) -> Mask:
        """Whether the cluster, or another of these units of the same scope, has a key of the unit's namespace.

        Two keys of one namespace never join by a short name or a person's name.
        """
        namespace = self.evidence.namespace
        known = public.units[self.evidence.distinct[public.units]]
        inside = mix(public.root[known], namespace[known])
        wanted = mix(cluster, namespace[rows])
        beside = mix(wanted, self.evidence.scope[rows])
        distinct = self.evidence.distinct[rows]
        taken: Mask = distinct & (np.isin(wanted, inside) | np.isin(beside, more_than_once(beside[distinct])))
        return taken


def _settle(joiner: _Joiner, root: Ints) -> None:
    """Join public units, attach what is walled to them, then join the rest within each wall."""
    evidence = joiner.evidence
    mine = joiner.chosen()
    child = mine & (evidence.parent >= 0)
    root[child] = evidence.parent[child]
    public = mine & (evidence.scope == 0) & ~child
    found = joiner.clusters(public)
    root[public] = found[public]
    waiting = np.flatnonzero(mine & ~public & ~child)
    if not len(waiting):
        return
    target = joiner.attached(waiting, root)
    root[waiting[target >= 0]] = target[target >= 0]
    alone = np.zeros(len(evidence), np.bool_)
    alone[waiting[target < 0]] = True
    found = joiner.clusters(alone)
    root[alone] = found[alone]


@dataclass(frozen=True)
class _Clusters:
    """What some units state, and the clusters they are in, to look other units up in."""

    units: Ints
    root: Ints

    def matches(self, wanted: Hashes, offered: Hashes, units: Ints) -> tuple[Ints, Ints]:
        """Pairs (place in `wanted`, cluster), each once, of the public units that offer a wanted value."""
        order = np.argsort(offered, kind="stable")
        ordered = offered[order]
        low = np.searchsorted(ordered, wanted, "left")
        high = np.searchsorted(ordered, wanted, "right")
        counts = np.where(wanted == 0, 0, high - low)
        place = np.repeat(np.arange(len(wanted)), counts)
        within = np.arange(len(place)) - np.repeat(np.cumsum(counts) - counts, counts)
        cluster = self.root[units[order[np.repeat(low, counts) + within]]]
        pairs = np.unique(np.stack([place, cluster], axis=1), axis=0)
        return pairs[:, 0], pairs[:, 1]

    def denies(self, cluster: Ints, value: Hashes, stated: Hashes) -> Mask:
        """Whether a cluster states values of a kind (`stated`, per unit), and this value is none of them."""
        has = self.units[stated[self.units] != 0]
        agrees = np.isin(mix(cluster, value), mix(self.root[has], stated[has]))
        denied: Mask = (value != 0) & np.isin(cluster, self.root[has]) & ~agrees
        return denied


def only_one(place: Ints, cluster: Ints, size: int) -> tuple[Ints, Mask]:
    """Of each of `size` places the cluster if it has exactly one (else -1), and whether it has any."""
    counts = np.bincount(place, minlength=size)
    target = np.full(size, -1)
    target[place] = cluster
    target[counts != 1] = -1
    return target, counts > 0


def most_shared(rows: Ints, targets: Ints, count: Ints) -> tuple[Ints, Ints]:
    """Of each row the target with the highest count, where no other has as many."""
    if not len(rows):
        return rows, targets
    order = np.lexsort((-count, rows))
    rows, targets, count = rows[order], targets[order], count[order]
    first = np.ones(len(rows), np.bool_)
    first[1:] = rows[1:] != rows[:-1]
    rival = np.zeros(len(rows), np.bool_)
    rival[:-1] = ~first[1:] & (count[1:] == count[:-1])
    best = first & ~rival
    return rows[best], targets[best]


class _Companies(_Joiner):
    """Companies, by identifiers and names, strongest first."""

    labels = (COMPANY,)

    def clusters(self, active: Mask) -> Ints:
        strong = [self._by_code(active, kind) for kind in (Claim.USCC, Claim.LEI, Claim.CODE, Claim.REGISTRY)]
        weak = [self._by_legal_name(active), self._by_former_name(active)]
        root = self._without_two_codes([strong[:1], strong, [*strong, *weak]])
        return self._with_short_names(active, root)

    def _by_code(self, active: Mask, kind: Claim) -> tuple[Ints, Ints]:
        groups = self.keyed(active, self.dense[kind])
        good = np.ones(len(groups.value), np.bool_)
        if kind is not Claim.USCC:
            good &= ~groups.many(self.dense[Claim.USCC][groups.unit])
        if kind in (Claim.CODE, Claim.REGISTRY):
            good &= ~groups.many(self.dense[Claim.LEI][groups.unit]) & ~self._many_names(groups)
        return groups.links(good)

    def _many_names(self, groups: Groups) -> Mask:
        """Which groups have two current legal names, of which neither is an earlier name of a member."""
        return groups.many(self._current_names(groups))

    def _current_names(self, groups: Groups) -> Hashes:
        """The legal name of each pair's unit, 0 where another unit of the group calls it an earlier one."""
        legal = self.dense[Claim.LEGAL][groups.unit]
        place, former = self.evidence.former.expanded(groups.unit)
        past = np.isin(mix(groups.group, legal), mix(groups.group[place], former))
        return np.where(past, np.uint64(0), legal)

    def _codes_differ(self, groups: Groups) -> Mask:
        bad = np.zeros(len(groups.value), np.bool_)
        for kind in _CODES:
            bad |= groups.many(self.dense[kind][groups.unit])
        return bad | self._registry_differs(groups)

    def _registry_differs(self, groups: Groups) -> Mask:
        """Which groups hold two registration numbers given by one namespace."""
        stated = self.dense[Claim.REGISTRY][groups.unit]
        spaces = grouped_pairs(groups.group, self.evidence.namespace[groups.unit])
        bad = np.zeros(len(groups.value), np.bool_)
        bad[groups.group[several_values(spaces, stated, len(groups.group))[spaces]]] = True
        return bad

    def _by_legal_name(self, active: Mask) -> tuple[Ints, Ints]:
        groups = self.keyed(active, self.dense[Claim.LEGAL])
        return groups.links(~self._codes_differ(groups))

    def _by_former_name(self, active: Mask) -> tuple[Ints, Ints]:
        rows = np.flatnonzero(active)
        place, former = self.evidence.former.expanded(rows)
        if not len(place):
            return rows[:0], rows[:0]
        legal = self.dense[Claim.LEGAL][rows]
        current = rows[np.isin(legal, former) & (legal != 0)]
        units = np.concatenate([rows[place], current])
        values = np.concatenate([former, self.dense[Claim.LEGAL][current]])
        groups = grouped(units, self.scoped(units, values))
        held = self._current_names(groups)
        return groups.links(~self._codes_differ(groups) & ~groups.many(held))

    def _without_two_codes(self, stages: list[list[tuple[Ints, Ints]]]) -> Ints:
        """Clusters by the last stage's links; those with two USCCs fall back to the stage before."""
        size = len(self.evidence)
        uscc = self.dense[Claim.USCC]
        root = components(size, stages[-1])
        for links in reversed(stages[:-1]):
            bad = several_values(root, uscc, size)[root]
            if not bad.any():
                break
            finer = components(size, [(a[bad[a]], b[bad[a]]) for a, b in links])
            root = np.where(bad, finer, root)
        return root

    def _with_short_names(self, active: Mask, root: Ints) -> Ints:
        """Let units known by short name only join the one cluster that answers to it."""
        short = active & self.evidence.short_only
        lone = np.flatnonzero(short)
        if not len(lone):
            return root
        target = self._anchors(active & ~short, lone, root)
        target = self._or_each_other(lone, target)
        target = self._unless_same_namespace(np.flatnonzero(active & ~short), lone, target, root)
        root = root.copy()
        root[lone[target >= 0]] = target[target >= 0]
        return root

    def _anchors(self, anchored: Mask, lone: Ints, root: Ints) -> Ints:
        """The one cluster that answers to each lone unit's short name; -1 for none, -2 for several."""
        answers = self.evidence.claims.of_kind(Claim.ANSWERS)
        offer = anchored[answers.unit]
        units = answers.unit[offer]
        public = _Clusters(np.flatnonzero(anchored), root)
        wanted = self.scoped(lone, self.dense[Claim.SHORT][lone])
        place, cluster = public.matches(wanted, self.scoped(units, answers.value[offer]), units)
        target, any_found = only_one(place, cluster, len(lone))
        return np.where(any_found & (target < 0), -2, target)

    def _or_each_other(self, lone: Ints, target: Ints) -> Ints:
        """Where nothing answers to a short name, the units that bear it join, unless a namespace has two."""
        free = lone[target == -1]
        groups = grouped(free, self.scoped(free, self.dense[Claim.SHORT][free]))
        good = ~repeated(groups, self.evidence)
        first = np.zeros(len(groups.value), np.int64)
        first[groups.group[::-1]] = groups.unit[::-1]
        where = np.full(len(self.evidence), -1)
        joins = good[groups.group]
        where[groups.unit[joins]] = first[groups.group[joins]]
        return np.where(target == -1, where[lone], target)

    def _unless_same_namespace(self, anchored: Ints, lone: Ints, target: Ints, root: Ints) -> Ints:
        """Two keys of one namespace never join by a short name."""
        namespace = self.evidence.namespace
        going = (target >= 0) & self.evidence.distinct[lone]
        taken = mix(root[anchored], namespace[anchored])
        wanted = mix(np.where(going, target, 0), namespace[lone])
        refused = going & (np.isin(wanted, taken) | np.isin(wanted, more_than_once(wanted[going])))
        return np.where(refused, -1, target)

    def attached(self, waiting: Ints, root: Ints) -> Ints:
        evidence = self.evidence
        units = np.flatnonzero(self.chosen() & (evidence.scope == 0))
        public = _Clusters(units, root)
        target = np.full(len(waiting), -1)
        open_ = np.ones(len(waiting), np.bool_)
        for kind in (
            Claim.USCC,
            Claim.LEI,
            Claim.CODE,
            Claim.REGISTRY,
            Claim.LEGAL,
            Claim.FORMER,
            Claim.SHORT,
        ):
            places = np.flatnonzero(open_)
            found, any_found = self._named(public, waiting[places], kind)
            kept = self._agreed(public, waiting[places], found, kind)
            target[places] = kept
            open_[places[any_found]] = False
        return target

    def _named(self, public: _Clusters, rows: Ints, kind: Claim) -> tuple[Ints, Mask]:
        """The public cluster that each unit's claim of a kind names, if one; and whether any does."""
        offered = self._offered(public, kind)
        place, wanted = self._wanted(rows, kind)
        at, cluster = public.matches(wanted, offered.value, offered.unit)
        if not len(at):
            return np.full(len(rows), -1), np.zeros(len(rows), np.bool_)
        pairs = np.unique(np.stack([place[at], cluster], axis=1), axis=0)
        return only_one(pairs[:, 0], pairs[:, 1], len(rows))

    def _offered(self, public: _Clusters, kind: Claim) -> Claims:
        kinds = {Claim.LEGAL: (Claim.LEGAL, Claim.FORMER), Claim.FORMER: (Claim.LEGAL, Claim.FORMER)}
        found = self.evidence.claims.of_kind(
            *kinds.get(kind, (Claim.ANSWERS if kind is Claim.SHORT else kind,))
        )
        mine = np.isin(found.unit, public.units)
        return Claims(found.unit[mine], found.kind[mine], found.value[mine])

    def _wanted(self, rows: Ints, kind: Claim) -> tuple[Ints, Hashes]:
        if kind is Claim.FORMER:
            return self.evidence.former.expanded(rows)
        values = self.dense[kind][rows]
        if kind is Claim.SHORT:
            values = np.where(self.evidence.short_only[rows], values, np.uint64(0))
        return np.arange(len(rows)), values

    def _agreed(self, public: _Clusters, rows: Ints, target: Ints, kind: Claim) -> Ints:
        """The targets, without those that state something else of a stronger kind."""
        at = np.flatnonzero(target >= 0)
        if not len(at):
            return target
        rows, cluster = rows[at], target[at]
        bad = np.zeros(len(at), np.bool_)
        for stronger in _CODES:
            if stronger < kind:
                bad |= public.denies(cluster, self.dense[stronger][rows], self.dense[stronger])
        if kind in (Claim.CODE, Claim.REGISTRY):
            bad |= self._names_deny(public, rows, cluster)
        if kind is Claim.SHORT:
            bad |= self.namespace_taken(public, rows, cluster)
        out = target.copy()
        out[at[bad]] = -1
        return out

    def _names_deny(self, public: _Clusters, rows: Ints, cluster: Ints) -> Mask:
        """Whether unit and cluster have different legal names, of which neither is known as an earlier one."""
        legal = self.dense[Claim.LEGAL]
        bad = public.denies(cluster, legal[rows], legal)
        past = self.evidence.claims.of_kind(Claim.FORMER)
        mine = np.isin(past.unit, public.units)
        known = mix(public.root[past.unit[mine]], past.value[mine])
        bad &= ~np.isin(mix(cluster, legal[rows]), known)
        place, former = self.evidence.former.expanded(rows)
        stated = mix(public.root[public.units], legal[public.units])
        bad[place[np.isin(mix(cluster[place], former), stated)]] = False
        return bad


def grouped_pairs(left: Ints, right: Ints) -> Ints:
    """A number for each distinct pair, from 0."""
    return np.unique(mix(left, right), return_inverse=True)[1].ravel()


def more_than_once(values: Hashes) -> Hashes:
    """The values that occur more than once."""
    found, counts = np.unique(values, return_counts=True)
    several: Hashes = found[counts > 1]
    return several


def repeated(groups: Groups, evidence: Evidence) -> Mask:
    """Which groups hold two units that one namespace tells apart by their keys."""
    bad = np.zeros(len(groups.value), np.bool_)
    distinct = evidence.distinct[groups.unit]
    keys = mix(groups.group, evidence.namespace[groups.unit])
    bad[groups.group[distinct & np.isin(keys, more_than_once(keys[distinct]))]] = True
    return bad


class _Classes(_Joiner):
    """Industries and concepts: by name within a namespace or scheme, across them by name and code."""

    labels = CLASSIFIED

    def _keys(self, rows: Ints, *, scoped: bool) -> list[Hashes]:
        name, code, scheme = (self.dense[k][rows] for k in (Claim.ANSWERS, Claim.CODE, Claim.SCHEME))
        namespace = self.evidence.namespace[rows] + 1
        concept = self.evidence.label[rows] == CLASSIFIED[1]
        # a theme and a product of the chain with one name are two things
        within = mix(namespace, np.where(concept, scheme, np.uint64(0)))
        label = self.evidence.label[rows]
        base = mix(label, self.evidence.scope[rows]) if scoped else mix(label, np.zeros(len(rows), np.int64))
        alone = np.where(concept, np.uint64(0), scheme)
        return [self._key(base, name, second, salt) for salt, second in enumerate((within, alone, code), 1)]

    @staticmethod
    def _key(base: Hashes, name: Hashes, second: Hashes, salt: int) -> Hashes:
        key = mix(mix(base, name), mix(second, np.full(len(name), salt)))
        return np.where((name == 0) | (second == 0), np.uint64(0), key)

    def clusters(self, active: Mask) -> Ints:
        rows = np.flatnonzero(active)
        links = []
        for keys in self._keys(rows, scoped=True):
            groups = grouped(rows, keys)
            links.append(groups.links(~groups.many(self.dense[Claim.CODE][groups.unit])))
        return components(len(self.evidence), links)

    def attached(self, waiting: Ints, root: Ints) -> Ints:
        units = np.flatnonzero(self.chosen() & (self.evidence.scope == 0))
        public = _Clusters(units, root)
        target = np.full(len(waiting), -1)
        open_ = np.ones(len(waiting), np.bool_)
        wanted = self._keys(waiting, scoped=False)
        for want, offer in zip(wanted, self._keys(units, scoped=False), strict=True):
            place, cluster = public.matches(np.where(open_, want, np.uint64(0)), offer, units)
            found, any_found = only_one(place, cluster, len(waiting))
            code = self.dense[Claim.CODE]
            denied = public.denies(np.where(found < 0, 0, found), code[waiting], code)
            target = np.where(open_ & (found >= 0) & ~denied, found, target)
            open_ &= ~any_found
        return target


class _Securities(_Joiner):
    """Securities, by code."""

    labels = (SECURITY,)

    def clusters(self, active: Mask) -> Ints:
        groups = self.keyed(active, self.dense[Claim.CODE])
        return components(len(self.evidence), [groups.links(np.ones(len(groups.value), np.bool_))])

    def attached(self, waiting: Ints, root: Ints) -> Ints:
        units = np.flatnonzero(self.chosen() & (self.evidence.scope == 0))
        code = self.dense[Claim.CODE]
        place, cluster = _Clusters(units, root).matches(code[waiting], code[units], units)
        return only_one(place, cluster, len(waiting))[0]


class _Events(_Joiner):
    """Events, by the keys that their tellers give them.

    Those that share a strong key are one. Where nobody tells the figure of one, it is the event with a figure with
    which it shares the most weak keys.
    """

    labels = (EVENT,)

    def _groups(self, active: Mask, kind: Claim) -> Groups:
        found = self.evidence.claims.of_kind(kind)
        mine = active[found.unit]
        units, values = found.unit[mine], found.value[mine]
        return grouped(units, self.scoped(units, values))

    def clusters(self, active: Mask) -> Ints:
        strong = self._groups(active, Claim.SAME)
        root = components(len(self.evidence), [strong.links(np.ones(len(strong.value), np.bool_))])
        silent, target = self._told_of(active, root)
        merged = np.arange(len(root))
        merged[silent] = target
        return merged[root]

    def _told_of(self, active: Mask, root: Ints) -> tuple[Ints, Ints]:
        """Clusters that state no figure, and the one with a figure that each shares the most weak keys with."""
        figured = np.zeros(len(root), np.bool_)
        figured[root[active & (self.dense[Claim.FIGURE] != 0)]] = True
        weak = self._groups(active, Claim.LIKE)
        pairs = np.unique(np.stack([weak.group, root[weak.unit]], axis=1), axis=0)
        with_figure = figured[pairs[:, 1]]
        offered = Lists.of(pairs[with_figure, 0], pairs[with_figure, 1].astype(np.uint64), len(weak.value))
        place, found = offered.expanded(pairs[~with_figure, 0])
        silent = pairs[~with_figure, 1][place]
        shared, count = np.unique(
            np.stack([silent, found.astype(np.int64)], axis=1), axis=0, return_counts=True
        )
        return most_shared(shared[:, 0], shared[:, 1], count)

    def attached(self, waiting: Ints, root: Ints) -> Ints:
        """The one public event that a walled one shares a key with; of weak keys, one that states no other figure."""
        figure = self.dense[Claim.FIGURE]
        public = self.chosen() & (self.evidence.scope == 0)
        clusters = _Clusters(np.flatnonzero(public), root)
        target = np.full(len(waiting), -1)
        for kind in (Claim.SAME, Claim.LIKE):
            found = self.evidence.claims.of_kind(kind)
            offered = public[found.unit]
            place, wanted = Lists.of(found.unit, found.value, len(self.evidence)).expanded(waiting)
            at, cluster = clusters.matches(wanted, found.value[offered], found.unit[offered])
            if not len(at):
                continue
            pairs = np.unique(np.stack([place[at], cluster], axis=1), axis=0)
            one, _ = only_one(pairs[:, 0], pairs[:, 1], len(waiting))
            if kind is Claim.LIKE:
                denied = clusters.denies(np.where(one < 0, 0, one), figure[waiting], figure)
                one = np.where(denied | self._figures_differ(waiting, one), -1, one)
            target = np.where(target < 0, one, target)
        return target

    def _figures_differ(self, waiting: Ints, target: Ints) -> Mask:
        """Which walled events with a figure go where another of their scope goes with another figure."""
        figure = np.where(target < 0, np.uint64(0), self.dense[Claim.FIGURE][waiting])
        where = grouped_pairs(self.evidence.scope[waiting], target + 1)
        differ: Mask = (figure != 0) & several_values(where, figure, len(waiting))[where]
        return differ


class _Persons(_Joiner):
    """Persons, by name and company: joined only within one company."""

    labels = (PERSON,)

    def __init__(self, evidence: Evidence, root: Ints) -> None:
        super().__init__(evidence)
        self._company = root.copy()

    def _tied(self, active: Mask) -> tuple[Ints, Hashes]:
        """Persons with a key of name and company, from the ties of their own scope."""
        ties, evidence = self.evidence.ties, self.evidence
        mine = active[ties.person] & (evidence.scope[ties.person] == ties.scope)
        person, company = ties.person[mine], self._company[ties.company[mine]]
        name = self.dense[Claim.ANSWERS][person]
        return person, np.where(name == 0, np.uint64(0), mix(name, company + 1))

    def clusters(self, active: Mask) -> Ints:
        person, key = self._tied(active)
        scope = self.evidence.scope[person]
        groups = grouped(person, np.where(key == 0, np.uint64(0), mix(key, scope)))
        links = groups.links(~repeated(groups, self.evidence))
        size = len(self.evidence)
        root = components(size, [links])
        joined = np.flatnonzero(active)
        pairs = mix(root[joined], self.evidence.namespace[joined])
        torn = np.zeros(size, np.bool_)
        torn[root[joined[np.isin(pairs, more_than_once(pairs))]]] = True
        return np.where(torn[root], np.arange(size), root)

    def attached(self, waiting: Ints, root: Ints) -> Ints:
        evidence = self.evidence
        public = self.chosen() & (evidence.scope == 0)
        units, offered = self._tied(public)
        active = np.zeros(len(evidence), np.bool_)
        active[waiting] = True
        persons, wanted = self._tied(active)
        at, cluster = _Clusters(units, root).matches(wanted, offered, units)
        place = np.searchsorted(waiting, persons[at])
        if not len(place):
            return np.full(len(waiting), -1)
        pairs = np.unique(np.stack([place, cluster], axis=1), axis=0)
        target = only_one(pairs[:, 0], pairs[:, 1], len(waiting))[0]
        at_place = np.flatnonzero(target >= 0)
        clusters = _Clusters(np.flatnonzero(public), root)
        taken = self.namespace_taken(clusters, waiting[at_place], target[at_place])
        target[at_place[taken]] = -1
        return target
