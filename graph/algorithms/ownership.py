"""Integrated ownership: who owns how much of a company through any number of layers and loops (穿透持股).

With W[i, j] the share of j that i holds, V = (I - W)^-1 (Brioschi, Buzzacchi and Colombo 1989). The column of W
of a node where look-through stops is zero, so that what V says of such a node is all that ends there, and

    sum over terminals t of V[t, j]  +  unknown  =  1,   unknown = sum over k of V[k, j] (1 - sum over i of W[i, k])

with k the companies looked through. Read as a random walk from j to its holders, V[i, j] is the expected number of
visits to i, and (V[i, j] - [i = j]) / V[i, i] the chance ever to come there: the share corrected for what i holds
in itself through loops (Baldone, Brioschi and Paleari 1998), which is never above 1.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import IntEnum
from functools import cached_property
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import group, jit, strong_components
from graph.algorithms.loops import Edges, Floats, Flow, KnownFactors, Rows, closed_nodes

TOLERANCE: Final = 1e-9
"""Shares are the same within this; the holders of a company may exceed 1 by so much."""
COSTLY: Final = 64
"""Of so many intermediates in large sparse loops the corrected share is found: a solve each."""
_ALL: Final = np.zeros(0, np.uint8)

Mask = NDArray[np.uint8]
Number = TypeVar("Number", bound=np.generic)


class Stop(IntEnum):
    """Why look-through stops at a node. The caller gives codes from 1 to 249; those from 250 are found here."""

    NOWHERE = 0
    NO_DATA = 250
    OVERSTATED = 251
    CIRCULAR = 252


class State(IntEnum):
    """What kind of answer a company gets."""

    SOLVED = 0
    OVERSTATED = 1
    """Stated holders sum above 1: the direct lines are shown, no sum is promised."""
    CIRCULAR = 2
    """A closed ring without an outside owner: everything is unknown."""


class _Lists(NamedTuple):
    """Holdings listed by company (up) or by holder (down): the other end, the caller's row, share, if it is walked.

    Shares are copied into this order: fetched by row they would cost a cache miss each.
    """

    first: NDArray[np.int64]
    other: Rows
    row: Rows
    share: Floats
    walked: Mask


class _Stated(NamedTuple):
    """What sources state, by row: shares, their bounds, and the reason to stop by node."""

    share: Floats
    low: Floats
    high: Floats
    stop: Mask


@dataclass(frozen=True)
class Holdings:
    """All holdings of a version of the graph, both ways. Rows are the caller's; masks are as long as there are rows."""

    up: _Lists
    down: _Lists
    stated: _Stated
    intervals: bool
    in_loop: Mask
    factors: KnownFactors = field(default_factory=KnownFactors, compare=False, repr=False)

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.stated.stop)

    def of(self, company: int) -> Rows:
        """The caller's rows of the holdings in a company, ascending."""
        return self.up.row[self.up.first.item(company) : self.up.first.item(company + 1)]

    def between(self, holder: int, company: int) -> Rows:
        """The caller's rows of the holdings of one in the other, ascending."""
        others = self.up.other[self.up.first.item(company) : self.up.first.item(company + 1)]
        rows: Rows = self.of(company)[others == holder]
        return rows


def holdings(
    holder: Rows,
    company: Rows,
    share: Floats,
    stop: Mask,
    bounds: tuple[Floats, Floats] | None = None,
) -> Holdings:
    """Index the holdings.

    Args:
        holder: Row of the holder, by holding.
        company: Row of the company held, by holding. Several holdings of one pair add up.
        share: Share of the company (0 to 1), NaN where no source states one: then the lower bound counts as
            owned and the rest as unknown.
        stop: Why look-through stops, by node: 0 nowhere, 1 to 249 the caller's reasons (natural person, state
            body, foreign or listed and dispersed). A company without any holding gets `Stop.NO_DATA`.
        bounds: Lower and upper bound of each share, NaN where not stated. A share that is stated is its own bounds
            then; where nothing at all is stated the bounds are 0 and 1.

    Raises:
        ValueError: A share is negative or infinite, a row is out of range, bounds cross, or a reason is reserved.
    """
    size = len(stop)
    low, high = _bounds(share, bounds)
    point = np.where(np.isnan(share), low, share)
    _check(size, holder, company, point, low, high, stop)
    up_first, up_row = group(company, size)
    down_first, down_row = group(holder, size)
    number, count = strong_components(down_first, company[down_row], (high > 0).astype(np.uint8)[down_row])
    in_loop = (np.bincount(number, minlength=count) > 1)[number].astype(np.uint8)
    in_loop[holder[(holder == company) & (high > 0)]] = 1
    return Holdings(
        _Lists(up_first, holder[up_row], up_row, point[up_row], (high[up_row] > 0).astype(np.uint8)),
        _Lists(
            down_first, company[down_row], down_row, point[down_row], (point[down_row] > 0).astype(np.uint8)
        ),
        _Stated(point, low, high, stop),
        bool((low != high).any()),
        in_loop,
    )


def _bounds(share: Floats, bounds: tuple[Floats, Floats] | None) -> tuple[Floats, Floats]:
    if bounds is None and not np.isnan(share).any():
        return share, share
    none = np.full(len(share), np.nan)
    low, high = bounds or (none, none)
    low = np.where(np.isnan(low), np.where(np.isnan(share), 0.0, share), low)
    return low, np.where(np.isnan(high), np.where(np.isnan(share), 1.0, share), high)


def _check(  # noqa: PLR0913, PLR0917 - the columns of one table
    size: int, holder: Rows, company: Rows, point: Floats, low: Floats, high: Floats, stop: Mask
) -> None:
    wrong = {
        "row out of range": (np.minimum(holder, company) < 0) | (np.maximum(holder, company) >= size),
        "share or bound negative or not finite": ~(
            (low >= 0) & (point >= 0) & np.isfinite(point) & np.isfinite(high)
        ),
        "share outside its bounds": (low > point + TOLERANCE) | (point > high + TOLERANCE),
    }
    for what, rows in wrong.items():
        if rows.any():
            raise ValueError(
                f"holding {int(np.flatnonzero(rows)[0])}: {what}; correct or leave out that holding"
            )
    if (stop >= Stop.NO_DATA).any():
        node = int(np.flatnonzero(stop >= Stop.NO_DATA)[0])
        raise ValueError(
            f"node {node}: stop reason {int(stop[node])} is reserved; use 1 to {Stop.NO_DATA - 1}"
        )


class _Local(NamedTuple):
    """The part of the graph that one answer needs; its rows are local, in order of discovery from the root."""

    node: Rows
    layer: Rows
    stop: Mask
    stated: Floats
    first: NDArray[np.int64]
    target: Rows
    row: Rows
    share: Floats


# Numba freezes globals into the cached code: an IntEnum's member would be an object there, an int is not.
_NO_DATA: Final = int(Stop.NO_DATA)
_OVERSTATED: Final = int(Stop.OVERSTATED)
_CIRCULAR: Final = int(Stop.CIRCULAR)


@jit
def _stop_of(node: int, up: _Lists, stop: Mask, visible: Mask, root: int) -> tuple[int, float]:
    """Why look-through stops at a node, and the sum that its visible holders state."""
    total = 0.0
    some = False
    for place in range(up.first[node], up.first[node + 1]):
        row = up.row[place]
        if up.walked[place] and (len(visible) == 0 or visible[row]):
            total += up.share[place]
            some = True
    if total > 1.0 + TOLERANCE:
        return (stop[node] if stop[node] and node != root else _OVERSTATED), total
    if stop[node] and node != root:
        return stop[node], total
    return (0 if some or node == root else _NO_DATA), total


@jit
def _open_shares(up: _Lists, reasons: Mask, visible: Mask) -> tuple[Mask, Floats, Floats]:
    """By node why look-through stops and what is stated; by place upwards the share, 0 where it stops."""
    size = len(reasons)
    stop, stated, share = np.empty(size, np.uint8), np.empty(size), np.zeros(len(up.other))
    for node in range(size):
        stop[node], stated[node] = _stop_of(node, up, reasons, visible, -1)
        if stop[node]:
            continue
        for place in range(up.first[node], up.first[node + 1]):
            if up.walked[place] and (len(visible) == 0 or visible[up.row[place]]):
                share[place] = up.share[place] / max(stated[node], 1.0)
    return stop, stated, share


def open_graph(graph: Holdings, visible: Mask = _ALL) -> tuple[Edges, Mask]:
    """The whole graph as look-through walks it, from company to holder, and why it stops at each node."""
    stop, _, share = _open_shares(graph.up, graph.stated.stop, visible)
    edges = Edges(graph.up.first, graph.up.other, share)
    closed = closed_nodes(edges, by_target=False, tolerance=TOLERANCE) & (stop == 0)
    stop[closed] = _CIRCULAR
    share[np.repeat(closed, np.diff(graph.up.first))] = 0.0
    return edges, stop


@jit
def _grown(array: NDArray[Number], needed: int) -> NDArray[Number]:
    if needed <= len(array):
        return array
    larger = np.empty(max(needed, 2 * len(array)), array.dtype)
    larger[: len(array)] = array
    return larger


@jit
def _explore(  # noqa: PLR0913, PLR0917 - a kernel takes arrays, and one of them is a flag
    root: int,
    lists: _Lists,
    graph: tuple[_Lists, Mask],
    visible: Mask,
    local: Rows,
    down: bool,  # noqa: FBT001 - numba has no keyword-only arguments
) -> _Local:
    """All that is reached from `root` by looking through, up to owners or down to what it holds.

    `lists` go the way that is asked for and `graph` holds those upwards; `local` is 0 for every node of the graph.
    Upwards the root is opened whatever stops there, and holdings with nothing but an upper bound are walked too.
    """
    up, reasons = graph
    node, layer = np.empty(64, np.int32), np.empty(64, np.int32)
    target, row_of, share = np.empty(256, np.int32), np.empty(256, np.int32), np.empty(256)
    stop, total, first = np.empty(64, np.uint8), np.empty(64), np.zeros(65, np.int64)
    node[0], layer[0], local[root] = root, 0, 1
    count, edges, at = 1, 0, 0
    while at < count:
        if at + 2 > len(stop):
            stop, total = _grown(stop, 2 * at + 2), _grown(total, 2 * at + 2)
            first = _grown(first, 2 * at + 3)
        here = node[at]
        stop[at], total[at] = _stop_of(here, up, reasons, visible, -1 if down else root)
        opened = stop[at] == 0 or (down and at == 0)
        degree = lists.first[here + 1] - lists.first[here] if opened else 0
        target, row_of = _grown(target, edges + degree), _grown(row_of, edges + degree)
        share = _grown(share, edges + degree)
        node, layer = _grown(node, count + degree), _grown(layer, count + degree)
        for place in range(lists.first[here], lists.first[here] + degree):
            row, other = lists.row[place], lists.other[place]
            if lists.walked[place] and (len(visible) == 0 or visible[row]):
                if local[other] == 0:
                    node[count], layer[count] = other, layer[at] + 1
                    count += 1
                    local[other] = count
                target[edges], row_of[edges], share[edges] = local[other] - 1, row, lists.share[place]
                edges += 1
        at += 1
        first[at] = edges
    nodes, lines = slice(0, count), slice(0, edges)
    return _Local(
        node[nodes],
        layer[nodes],
        stop[nodes],
        total[nodes],
        first[: count + 1],
        target[lines],
        row_of[lines],
        share[lines],
    )


@jit
def _source_of(first: NDArray[np.int64], edges: int) -> Rows:
    source = np.empty(edges, np.int32)
    for row in range(len(first) - 1):
        for place in range(first[row], first[row + 1]):
            source[place] = row
    return source


def _local(graph: Holdings, root: int, visible: Mask, *, down: bool) -> _Local:
    lists = graph.down if down else graph.up
    return _explore(root, lists, (graph.up, graph.stated.stop), visible, np.zeros(graph.size, np.int32), down)


def _summed(rows: NDArray[np.int32] | NDArray[np.int64], values: Floats, size: int) -> Floats:
    """Sums of the values of equal rows."""
    return np.bincount(rows, values, size).astype(np.float64, copy=False)


def _tightened(low: Floats, high: Floats, source: Rows, size: int) -> Floats:
    """Upper bounds that leave room for the lower bounds of all other holders of the same company."""
    room = 1.0 - _summed(source, low, size)[source] + low
    return np.maximum(low, np.minimum(high, np.maximum(room, 0.0)))


class Lines(NamedTuple):
    """Lines of an answer by ascending row of the node; every array is as long as there are lines.

    `share` is of the whole company, with `low` and `high` around it; `direct` is the part held directly; `corrected`
    is the share corrected for self-holding (NaN where finding it was too costly); `stop` says why look-through
    stopped there, 0 where it went on; `layers` is 1 for a direct holding, by the shortest way.
    """

    node: Rows
    share: Floats
    low: Floats
    high: Floats
    direct: Floats
    corrected: Floats
    stop: Mask
    layers: Rows


@dataclass(frozen=True)
class Owners:
    """Who owns a company.

    Where `state` is SOLVED the shares of `terminals` and `unknown` add up to 1. `intermediates` stand outside that
    sum; their `share` is V, which counts round trips through loops again, and their bounds are of `corrected`.
    Members of a closed ring that were reached are intermediates with stop `Stop.CIRCULAR`: what arrives there is
    part of `unknown`, and `circular` says how much. Where `state` is OVERSTATED, `unknown` is NaN and only `direct`
    says anything. `direct` lists the company's own holders, itself included, by ascending row.

    The bounds hold for every choice of each share within its stated bounds under which no company's holders exceed
    1: the true share is never outside them. Not all of them need be reached, and not at once. Without intervals
    they equal the shares.
    """

    company: int
    state: State
    direct: tuple[Rows, Floats]
    terminals: Lines
    intermediates: Lines
    unknown: float
    unknown_bounds: tuple[float, float]
    circular: float
    itself: float
    """V[j, j]: 1 where the company holds nothing in itself, neither directly nor through others; else more."""


class _Solved(NamedTuple):
    flow: Flow
    stop: Mask
    leak: Floats

    def mass_from(self, row: int) -> Floats:
        start = np.zeros(len(self.stop))
        start[row] = 1.0
        return self.flow.push(start)

    def unknown(self, mass: Floats) -> tuple[float, float]:
        """What is unknown, and the part of it that goes into closed rings."""
        circular = float(mass[self.stop == _CIRCULAR].sum())
        return float(mass @ self.leak) + circular, circular

    def corrected(self, mass: Floats, rows: Rows, costly: int) -> Floats:
        """The chance ever to come to `rows`, none of which is the start; for the largest alone where it is costly."""
        order = np.argsort(-mass[rows], kind="stable")
        itself = np.empty(len(rows))
        itself[order] = self.flow.diagonal(rows[order], costly)
        with np.errstate(invalid="ignore"):  # infinite by infinite: nothing is known but that it is at most 1
            found: Floats = np.where(np.isinf(mass[rows]), 1.0, mass[rows] / itself)
        return found


class Upstream:
    """Everything above a company, solved once: it then answers at once for each company in the same loop.

    Keep it per version of the graph, viewer and dates; `serves` says for which companies it may be asked.
    """

    def __init__(self, graph: Holdings, company: int, visible: Mask = _ALL) -> None:
        """Look through from `company`; `visible` (1 or 0 by holding) leaves holdings out."""
        self._graph = graph
        self._visible = visible
        self._local = _local(graph, company, visible, down=False)
        # A sum above 1 by rounding alone is brought back to 1.
        self._source = _source_of(self._local.first, len(self._local.target))
        self._share = self._local.share
        if (self._local.stated > 1.0).any():
            self._share = self._share / np.maximum(self._local.stated, 1.0)[self._source]
        self._point = self._solve(self._share, endless=False)
        self._serves = self._served()

    def _served(self) -> dict[int, int]:
        """Local rows of the companies in the loop of the root. One where look-through stops was opened as root only."""
        number = self._point.flow.parts.number
        same = number == number[0]
        same &= (self._graph.stated.stop[self._local.node[0]] == 0) & (self._point.stop == 0)
        same[0] = True
        return dict(zip(self._local.node[same].tolist(), np.flatnonzero(same).tolist(), strict=True))

    @property
    def nbytes(self) -> int:
        """Roughly what keeping this costs, without the factors, which the graph keeps."""
        flow = self._point.flow
        arrays: list[NDArray[Any]] = [*self._local, self._source, *flow.blocks, *flow.outer]
        return sum(array.nbytes for array in arrays)

    def serves(self, company: int) -> bool:
        """Whether `owners` may be asked for this company."""
        return company in self._serves

    def served(self) -> Iterable[int]:
        """The companies that `owners` may be asked for."""
        return self._serves.keys()

    def _solve(self, weight: Floats, *, endless: bool) -> _Solved:
        local = self._local
        stop = local.stop
        sums = (
            np.minimum(local.stated, 1.0)
            if weight is self._share
            else _summed(self._source, weight, len(stop))
        )
        edges = Edges(local.first, local.target, weight)
        if not endless and bool(((sums >= 1.0 - TOLERANCE) & (stop == 0)).any()):
            closed = closed_nodes(edges, by_target=False, tolerance=TOLERANCE) & (stop == 0)
            if closed.any():
                stop = np.where(closed, np.uint8(_CIRCULAR), stop)
                edges = edges._replace(weight=np.where(closed[self._source], 0.0, weight))
        flow = Flow.of(edges, self._graph.factors, local.node)
        return _Solved(flow, stop, np.where(stop == 0, np.maximum(1.0 - sums, 0.0), 0.0))

    @cached_property
    def _bounds(self) -> tuple[_Solved, _Solved] | None:
        low, high = self._graph.stated.low[self._local.row], self._graph.stated.high[self._local.row]
        if not self._graph.intervals or np.array_equal(low, high):
            return None
        high = _tightened(low, high, self._source, len(self._local.node))
        return self._solve(low, endless=False), self._solve(high, endless=True)

    def owners(self, company: int, costly: int = COSTLY) -> Owners:
        """All owners of a company.

        `costly` says of how many intermediates in large loops the share is corrected, which costs a solve each.

        Raises:
            ValueError: `serves` does not hold for the company.
        """
        if company not in self._serves:
            raise ValueError(f"company {company} is not in the loop that was solved; make an Upstream for it")
        row = self._serves[company]
        state = {_OVERSTATED: State.OVERSTATED, _CIRCULAR: State.CIRCULAR}.get(
            self._point.stop.item(row), State.SOLVED
        )
        mass = self._point.mass_from(row)
        unknown, circular = self._point.unknown(mass)
        terminals, middle = self._reached(row, mass, state)
        direct = _direct(company, self._graph.up, self._graph.stated.share, self._visible)
        lines = self._bounded_lines(row, mass, (terminals, middle), costly)
        low_high = lines[2] if state is State.SOLVED else (unknown, unknown)
        if state is State.OVERSTATED:
            unknown, low_high = float("nan"), (float("nan"), float("nan"))
        itself = float(mass[row]) if state is State.SOLVED else float("nan")
        return Owners(company, state, direct, lines[0], lines[1], unknown, low_high, circular, itself)

    def _reached(self, row: int, mass: Floats, state: State) -> tuple[Rows, Rows]:
        """Local rows of the terminals and of the intermediates, by ascending row of the graph."""
        stop = self._point.stop
        passed = (stop == 0) | (stop == _CIRCULAR)
        reached = mass > 0
        if self._bounds is not None:
            reached |= self._bounds[1].mass_from(row) > 0
        if state is State.CIRCULAR:
            reached = stop == _CIRCULAR
        elif state is State.OVERSTATED:
            reached = np.zeros_like(reached)
        reached[row] = False
        return self._by_node(reached & ~passed), self._by_node(reached & passed)

    def _by_node(self, chosen: NDArray[np.bool_]) -> Rows:
        rows = np.flatnonzero(chosen).astype(np.int32)
        return rows[np.argsort(self._local.node[rows])]

    def _bounded_lines(
        self, row: int, mass: Floats, reached: tuple[Rows, Rows], costly: int
    ) -> tuple[Lines, Lines, tuple[float, float]]:
        solved, (terminals, middle) = self._point, reached
        share, rest = mass[terminals], solved.unknown(mass)[0]
        corrected = np.where(solved.stop[middle] == 0, solved.corrected(mass, middle, costly), np.nan)
        ends, mids, rests = (share, share), (corrected, corrected), (rest, rest)
        if self._bounds is not None:
            ends, mids, rests = self._bounds_of(row, reached, self._bounds)
        return (
            self._lines(row, terminals, mass, share, ends),
            self._lines(row, middle, mass, corrected, mids),
            rests,
        )

    @staticmethod
    def _bounds_of(
        row: int, reached: tuple[Rows, Rows], bounds: tuple[_Solved, _Solved]
    ) -> tuple[tuple[Floats, Floats], tuple[Floats, Floats], tuple[float, float]]:
        """Low and high for terminals, intermediates and the unknown: both are monotone in every share.

        Those of intermediates in large sparse loops are NaN: they would cost two more solves each.
        """
        (low, high), (terminals, middle) = bounds, reached
        low_mass, high_mass = low.mass_from(row), high.mass_from(row)
        least = low_mass[terminals]
        rest = float(low_mass @ high.leak) + float(low_mass[low.stop == _CIRCULAR].sum())
        others = np.maximum(1.0 - rest - (least.sum() - least), least)
        ends = (least, np.minimum(high_mass[terminals], others))
        mids = (
            low.corrected(low_mass, middle, 0),
            np.minimum(high.corrected(high_mass, middle, 0), 1.0),
        )
        return ends, mids, (rest, max(1.0 - float(least.sum()), rest))

    def _lines(
        self, row: int, rows: Rows, mass: Floats, corrected: Floats, bounds: tuple[Floats, Floats]
    ) -> Lines:
        local = self._local
        own = slice(local.first.item(row), local.first.item(row + 1))
        direct = _summed(local.target[own], self._share[own], len(local.node))
        layers = local.layer if row == 0 else _layers_from(row, local.first, local.target)
        return Lines(
            local.node[rows],
            mass[rows],
            *bounds,
            direct[rows],
            corrected,
            self._point.stop[rows],
            layers[rows],
        )

    def rows(self) -> Rows:
        """The caller's rows of the holdings looked through, in no order that means anything."""
        return self._local.row

    @cached_property
    def looked_through(self) -> tuple[Rows, Rows, Rows, Floats]:
        """The holdings looked through: nodes, then holder and company as places among them, and the share.

        Holdings of one pair are added up; those without a stated share are left out. By ascending place of the company.
        """
        size = len(self._local.node)
        pairs, place = np.unique(
            self._source.astype(np.int64) * size + self._local.target, return_inverse=True
        )
        share = _summed(place, self._share, len(pairs))
        pairs, share = pairs[share > 0], share[share > 0]
        return self._local.node, (pairs % size).astype(np.int32), (pairs // size).astype(np.int32), share


@jit
def _layers_from(root: int, first: NDArray[np.int64], target: Rows) -> Rows:
    layer = np.full(len(first) - 1, -1, np.int32)
    queue = np.empty(len(layer), np.int32)
    queue[0], layer[root] = root, 0
    count, at = 1, 0
    while at < count < len(layer):
        for place in range(first[queue[at]], first[queue[at] + 1]):
            if layer[target[place]] < 0:
                layer[target[place]] = layer[queue[at]] + 1
                queue[count] = target[place]
                count += 1
        at += 1
    return layer


def _direct(node: int, lists: _Lists, share: Floats, visible: Mask) -> tuple[Rows, Floats]:
    """The other ends of a node's visible holdings, ascending, holdings of one pair added up."""
    own = slice(lists.first.item(node), lists.first.item(node + 1))
    rows, others = lists.row[own], lists.other[own]
    if len(visible):
        rows, others = rows[visible[rows] > 0], others[visible[rows] > 0]
    found, place = np.unique(others, return_inverse=True)
    return found, _summed(place, share[rows], len(found))


def owners_of(graph: Holdings, company: int, visible: Mask = _ALL) -> Owners:
    """All owners of a company: `Upstream` for one question."""
    return Upstream(graph, company, visible).owners(company)


@dataclass(frozen=True)
class Held:
    """What a holder owns, by ascending row of the company, the holder itself left out.

    `share` is V; `corrected` leaves out what the holder holds in itself through loops. Where the `state` of a line is
    not SOLVED both are NaN, and `direct` is what is known. `stop` says why nothing is counted through a company.
    """

    holder: int
    node: Rows
    share: Floats
    corrected: Floats
    direct: Floats
    state: Mask
    stop: Mask
    layers: Rows


def holdings_of(graph: Holdings, holder: int, visible: Mask = _ALL) -> Held:
    """All that a holder owns, directly and through companies that are looked through.

    Each line agrees with `owners_of` that company. Cost is that of what is reached.
    """
    local = _local(graph, holder, visible, down=True)
    source = _source_of(local.first, len(local.target))
    # Targets where look-through stops are still companies held: the stop keeps only what lies beyond from counting.
    sums = np.maximum(local.stated, 1.0)
    share = local.share / np.where(local.stop == _OVERSTATED, 1.0, sums)[local.target]
    inner = np.where(local.stop[source] == 0, share, 0.0)
    closed = closed_nodes(Edges(local.first, local.target, inner), by_target=True, tolerance=TOLERANCE)
    closed &= local.stop == 0
    stop = np.where(closed, np.uint8(_CIRCULAR), local.stop)
    passing = (stop[source] == 0) | (source == 0)
    # What comes back to a holder where look-through stops ends there, as it does for `owners_of`.
    passing &= ~((local.target == 0) & (stop[0] != 0))
    weight = np.where(passing, share, 0.0)
    flow = Flow.of(Edges(local.first, local.target, weight))
    start = np.zeros(len(local.node))
    start[0] = 1.0
    mass = flow.push(start)
    overstated = local.stated > 1.0 + TOLERANCE
    state = np.where(overstated, State.OVERSTATED, np.where(closed, State.CIRCULAR, State.SOLVED)).astype(
        np.uint8
    )
    direct = _summed(local.target[source == 0], local.share[source == 0], len(local.node))
    corrected = np.where(state == State.SOLVED, mass / mass[0], np.nan)
    found = np.where(state == State.SOLVED, mass, np.nan)
    for row in np.flatnonzero(
        (stop != 0) & (graph.in_loop[local.node] == 1) & (state == State.SOLVED)
    ).tolist():
        if row:
            found[row], corrected[row] = _as_target(graph, holder, local.node.item(row), visible)
    reached = np.flatnonzero((mass > 0) | (direct > 0))
    reached = reached[reached > 0]
    reached = reached[np.argsort(local.node[reached])]
    return Held(
        holder=holder,
        node=local.node[reached],
        share=found[reached],
        corrected=corrected[reached],
        direct=direct[reached],
        state=state[reached],
        stop=stop[reached],
        layers=local.layer[reached],
    )


def _as_target(graph: Holdings, holder: int, company: int, visible: Mask) -> tuple[float, float]:
    """The share of one holder in a company where look-through stops unless it is the company asked about."""
    owners = owners_of(graph, company, visible)
    for lines in (owners.terminals, owners.intermediates):
        place = np.flatnonzero(lines.node == holder)
        if len(place):
            return lines.share.item(place[0]), lines.corrected.item(place[0])
    return 0.0, 0.0
