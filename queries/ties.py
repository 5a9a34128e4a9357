"""关系: what a View says of who is tied to whom, as the arrays on which paths are searched.

All of it depends on the View alone and is kept with it. Keys come from ids and from what tells facts apart, never from
rows, so that nothing hidden can decide between equals.
"""

from __future__ import annotations

import contextlib
import hashlib
import unicodedata
from bisect import bisect_right
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import combinations
from typing import Final, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import paths as kernel
from graph.algorithms.paths import Keys, Mask, Rows, Scratch, Walk, Weights
from graph.recent import Recent
from graph.view import Fact, FactArrays, View
from queries.stakes import state_bodies
from queries.tie_costs import SHARED_ADDRESS, TieCosts, tie_costs, tie_names

Costs = NDArray[np.float64]

FORWARD: Final = 1
EITHER_WAY: Final = 3

_GRAPHS_KEPT: Final = 3
_WALKS_KEPT: Final = 6
_SPACES_KEPT: Final = 4

T = TypeVar("T")


# --- keys ---


def name_key(*names: str) -> np.uint64:
    """A number for a name, the same everywhere."""
    digest = hashlib.blake2b("|".join(names).encode(), digest_size=8).digest()
    return np.uint64(int.from_bytes(digest, "little"))


def mixed(keys: Keys, *more: Keys) -> Keys:
    """One number for several, by row; changing any of them changes it (splitmix64, Steele and others 2014)."""
    out = keys
    for other in (np.zeros(len(keys), np.uint64), *more):
        out = (out ^ other) + np.uint64(0x9E3779B97F4A7C15)
        out = (out ^ (out >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        out = (out ^ (out >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
        out ^= out >> np.uint64(31)
    return out


# --- pieces: the edges of one tie ---


@dataclass(frozen=True)
class Piece:
    """The edges of one tie: ends, costs, keys, and what each one states.

    `way` says which way they may be walked at most (see `graph.algorithms.paths`), `share` is the certain share of
    a holding. `fact` is None for edges that only help the search and are in no answer.
    """

    tie: str
    start: Rows
    end: Rows
    cost: Costs
    key: Keys
    fact: Callable[[int], Fact] | None
    way: int | Mask = EITHER_WAY
    share: Costs | None = None


def piece_of(tie: str, facts: FactArrays, chosen: NDArray[np.intp], cost: Costs, nodes: Keys) -> Piece:
    """Some facts of a type as the edges of a tie."""
    start, end = facts.start[chosen].astype(np.int32), facts.end[chosen].astype(np.int32)
    class_key = facts.class_key[chosen].astype(np.uint64)
    key = mixed(class_key ^ name_key(facts.type), nodes[start], nodes[end])

    def fact(i: int) -> Fact:
        return facts.fact(chosen.item(i))

    return Piece(tie, start, end, cost, key, fact)


def pieces(view: View, names: Iterable[str], nodes: Keys) -> Iterator[Piece]:
    """The edges of some ties, in the order of the data model."""
    wanted = set(names)
    table = tie_costs()
    for name in tie_names():
        if name not in wanted:
            continue
        if name == SHARED_ADDRESS:
            yield _shared_addresses(view, table, nodes)
            continue
        facts = view.arrays(name.partition(":")[0])
        kind = name.partition(":")[2]
        chosen = (
            np.flatnonzero(view.of_kind(facts.end, kind)) if kind else np.arange(len(facts), dtype=np.intp)
        )
        if name == "HOLDS":
            share = certain_share(facts)
            piece = piece_of(name, facts, chosen, _holding_cost(share, table), nodes)
            yield replace(piece, share=share)
        elif name == "KNOWS":
            yield piece_of(name, facts, chosen, _acquaintance_cost(facts, table), nodes)
        else:
            yield piece_of(name, facts, chosen, np.full(len(chosen), table.ties[name].cost), nodes)


def certain_share(facts: FactArrays) -> Costs:
    """The share of each holding that is certain: as stated, else the lower bound of an interval, else NaN."""
    share = facts.column("share_ratio")
    return np.where(np.isnan(share), facts.column("share_min"), share)


def _holding_cost(share: Costs, table: TieCosts) -> Costs:
    large = [share >= step.at_least - 1e-9 for step in table.holding]
    return np.select(large, [step.cost for step in table.holding], table.ties["HOLDS"].cost)


def _acquaintance_cost(facts: FactArrays, table: TieCosts) -> Costs:
    strength, known = facts.column("strength"), table.acquaintance
    cost = known.weakest + (known.strongest - known.weakest) * strength
    return np.where(np.isnan(strength), table.ties["KNOWS"].cost, cost)


def address_key(text: str) -> str:
    """An address without what is merely written differently: width, case, spaces."""
    return "".join(unicodedata.normalize("NFKC", text).casefold().split())


def _shared_addresses(view: View, table: TieCosts, nodes: Keys) -> Piece:
    """Each two companies that state one address, the smaller id first; not where half the street does."""
    found = view.property_texts("Company", "address")
    keys = [address_key(text) for text in found.texts]
    together: dict[str, list[int]] = {}
    for row, which in zip(found.rows.tolist(), found.which.tolist(), strict=True):
        if keys[which]:
            together.setdefault(keys[which], []).append(row)
    ends: list[tuple[int, int]] = []
    for rows in together.values():
        if 1 < len(rows) <= table.most_at_one_address:
            ends += combinations(sorted(rows, key=view.id_key), 2)
    both = np.array(ends, np.int32).reshape(-1, 2)
    start, end = both[:, 0].copy(), both[:, 1].copy()
    key = mixed(np.full(len(start), name_key(SHARED_ADDRESS)), nodes[start], nodes[end])
    cost = np.full(len(start), table.ties[SHARED_ADDRESS].cost)

    def fact(i: int) -> Fact:
        return _address_fact(view, start.item(i), end.item(i))

    return Piece(SHARED_ADDRESS, start, end, cost, key, fact)


def _address_fact(view: View, start: int, end: int) -> Fact:
    said = [ref for row in (start, end) for ref in view.property_records(row).get("address", ())]
    props = {"address": view.value(start, "address")}
    return Fact(SHARED_ADDRESS, start, end, props, None, None, False, tuple(dict.fromkeys(said)), end)  # noqa: FBT003


# --- the graph ---


@dataclass(frozen=True)
class Wanted:
    """Which ties may be walked: by name, along their direction only, holdings of this share or more only.

    A state body and a member of the firm's own staff are ends of the road unless paths may run through them.
    """

    ties: frozenset[str]
    forward: bool = False
    min_ratio: float | None = None
    through_state_bodies: bool = False
    through_staff: bool = False


@dataclass(frozen=True)
class Masked:
    """A walk, which nodes are ends of the road in it, and the mask that it would have without such."""

    walk: Walk
    closed: NDArray[np.bool_]
    free: Mask


class Ties:
    """Edges of several ties over the rows of a View, and over helping rows behind them.

    `alias` gives the View's row of each helping row, -1 for one that is in no answer.
    """

    def __init__(
        self, view: View, parts: Sequence[Piece], alias: Rows | None = None, more_keys: Keys | None = None
    ) -> None:
        nodes = view.id_keys()
        self._view_size = view.size
        self._alias = np.zeros(0, np.int32) if alias is None else alias
        node_keys = nodes if more_keys is None else np.concatenate([nodes, more_keys])
        self.pieces = tuple(parts)
        self.first = [0]
        for part in parts:
            self.first.append(self.first[-1] + len(part.start))
        self.start = _joined([p.start for p in parts], np.int32)
        self.end = _joined([p.end for p in parts], np.int32)
        self.keyed = kernel.Keyed(node_keys, _joined([p.key for p in parts], np.uint64))
        self.price: Weights = kernel.weights(_joined([p.cost for p in parts], np.float64))
        self.adjacency = kernel.adjacency(self.start, self.end, len(node_keys))
        self._size = len(node_keys)
        self._state = self._nodes_of(state_bodies(view))
        self._staff = self._nodes_of(view.rows("Employee"))
        self._walks: Recent = Recent(_WALKS_KEPT)
        self._spaces: list[Scratch] = []

    def _nodes_of(self, rows: NDArray[np.int64]) -> NDArray[np.bool_]:
        """Which nodes stand for one of some rows."""
        there = np.zeros(self._size, np.bool_)
        there[rows] = True
        behind = np.flatnonzero(self._alias >= 0)
        there[self._view_size + behind] = there[self._alias[behind]]
        return there

    def row(self, node: int) -> int:
        """The View's row behind a node, -1 for one that only helps the search."""
        return node if node < self._view_size else self._alias.item(node - self._view_size)

    def helping_row(self, row: int) -> int:
        """The helping row that stands for a row of the View, or the row itself where there is none."""
        behind = np.flatnonzero(self._alias == row)
        return self._view_size + int(behind[0]) if len(behind) else row

    def piece_at(self, edge: int) -> tuple[Piece, int]:
        """The tie that an edge belongs to, and its place there."""
        number = bisect_right(self.first, edge) - 1
        return self.pieces[number], edge - self.first[number]

    def masked(self, wanted: Wanted) -> Masked:
        """The graph as it may be walked; kept."""
        return self._walks.get(wanted, lambda: self._masked(wanted))

    def _masked(self, wanted: Wanted) -> Masked:
        free = np.zeros(len(self.start), np.uint8)
        for number, piece in enumerate(self.pieces):
            if piece.fact is not None and piece.tie not in wanted.ties:
                continue
            both_ways = not wanted.forward or piece.tie == SHARED_ADDRESS
            here = free[self.first[number] : self.first[number + 1]]
            here[:] = piece.way if both_ways else piece.way & FORWARD
            if piece.share is not None and wanted.min_ratio is not None:
                here[~(piece.share >= wanted.min_ratio - 1e-9)] = 0
        closed, mask = np.zeros(self._size, np.bool_), free
        if not wanted.through_state_bodies:
            closed |= self._state
        if not wanted.through_staff:
            closed |= self._staff
        if closed.any():
            mask = np.where(closed[self.start] | closed[self.end], np.uint8(0), free)
        return Masked(kernel.walk(self.adjacency, self.keyed, mask), closed, free)

    def between(self, wanted: Wanted, ends: Iterable[int]) -> Walk:
        """The graph as it may be walked between some nodes: these are no ends of the road, whatever they are."""
        masked = self.masked(wanted)
        closed = [end for end in ends if masked.closed.item(end)]
        if not closed:
            return masked.walk
        first, half = self.adjacency.first, self.adjacency.half
        edges = [half[first.item(end) : first.item(end + 1)] >> 1 for end in closed]
        touched = np.unique(np.concatenate(edges)).astype(np.int64)
        return self.changed(masked.walk, touched, masked.free[touched])

    def changed(self, walk: Walk, edges: NDArray[np.int64], way: Mask) -> Walk:
        """A walk with other ways for some edges, each named once."""
        mask = walk.mask.copy()
        ahead, back, either = walk.ahead.copy(), walk.back.copy(), walk.either.copy()
        real = (
            self.start[edges] != self.end[edges]
        )  # an edge from a node to itself is in no list of half-edges
        reach = edges[real]
        for sign, ways in ((-1, mask[reach]), (1, way[real])):
            along, against = (ways & 1).astype(np.int32), (ways >> 1 & 1).astype(np.int32)
            for nodes, out, into in ((self.start, along, against), (self.end, against, along)):
                np.add.at(ahead, nodes[reach], sign * out)
                np.add.at(back, nodes[reach], sign * into)
                np.add.at(either, nodes[reach], sign * (along | against))
        mask[edges] = way
        return Walk(walk.adjacency, walk.keyed, mask, ahead, back, either)

    @contextlib.contextmanager
    def space(self) -> Iterator[Scratch]:
        """Working space for the caller alone; what an error left dirty is not used again."""
        try:
            space = self._spaces.pop()
        except IndexError:
            space = kernel.scratch(self._size)
        yield space
        if len(self._spaces) < _SPACES_KEPT:
            self._spaces.append(space)


def _joined(parts: Sequence[NDArray[T]], dtype: type[T]) -> NDArray[T]:  # type: ignore[type-var]
    return np.concatenate([np.zeros(0, dtype), *parts]).astype(dtype, copy=False)


# --- the graphs that questions ask ---


def party_ties(view: View) -> Ties:
    """The ties between parties; made once per View."""
    return view.foundation("party ties", lambda: ties_of(view, tie_costs().default))


def ties_of(view: View, names: Iterable[str]) -> Ties:
    """The edges of some ties."""
    return Ties(view, list(pieces(view, names, view.id_keys())))


def ties_for(view: View, names: frozenset[str]) -> Ties:
    """A graph that holds at least these ties."""
    if names <= tie_costs().default:
        return party_ties(view)
    named: Recent = view.foundation("named ties", lambda: Recent(_GRAPHS_KEPT))
    return named.get(names, lambda: ties_of(view, names))


def investor_ties(view: View) -> Ties:
    """共同投资人: companies and who invested in them, by holding or by deal.

    Investors stand on helping rows of their own, so that every path goes from a company to an investor of it and on
    to another company that it invested in.
    """
    return view.foundation("investors", lambda: _investor_ties(view))


INVESTOR_TIES: Final = frozenset({"HOLDS", "PARTY_TO:Deal"})


def _investor_ties(view: View) -> Ties:
    nodes = view.id_keys()
    found = list(pieces(view, INVESTOR_TIES, nodes))
    deals = view.arrays("PARTY_TO")
    roles = np.array(deals.texts("role"), object)[np.flatnonzero(view.of_kind(deals.end, "Deal"))]
    investing = [np.ones(len(p.start), np.bool_) if p.tie == "HOLDS" else roles == "investors" for p in found]
    parts = [_only(p, there) for p, there in zip(found, investing, strict=True)]
    investors = np.unique(np.concatenate([p.start for p in parts]))
    moved = [replace(p, start=_behind(p.start, investors, view.size)) for p in parts]
    targets = [_only(p, roles == "target") for p in found if p.tie != "HOLDS"]
    keys = mixed(nodes[investors], np.full(len(investors), name_key("investor")))
    return Ties(view, [*moved, *targets], investors.astype(np.int32), keys)


def _behind(rows: Rows, helping: Rows, size: int) -> Rows:
    return (size + np.searchsorted(helping, rows)).astype(np.int32)


def _only(piece: Piece, there: NDArray[np.bool_]) -> Piece:
    """Some edges of a tie."""
    chosen, whole = np.flatnonzero(there), piece.fact
    share = None if piece.share is None else piece.share[chosen]

    def fact(i: int) -> Fact:
        assert whole is not None  # noqa: S101  # narrows the type: only real ties are chosen from
        return whole(chosen.item(i))

    return Piece(
        piece.tie, piece.start[chosen], piece.end[chosen], piece.cost[chosen], piece.key[chosen], fact,
        piece.way, share,
    )  # fmt: skip
