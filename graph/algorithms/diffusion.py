"""Where distress travels: linear and original DebtRank over a network of exposures, and what came through which edge.

An edge (source, target, weight) says that a unit of distress of the source is `weight` of distress of the target. Nodes
are renumbered in the order of their stable keys and edges sorted by their ends and keys, so that every sum is taken in
that order: results are the same to the last bit whatever the order of rows, and whether or not hidden rows are there.

- Linear DebtRank (Bardoscia, Battiston, Caccioli and Caldarelli 2015, PLoS ONE 10(6) e0130406):
  h(t+1) = min(1, h(t) + W' (h(t) - h(t-1))). Weights may exceed 1, distress may not. Sum of what a node passed on is
  what it suffered before the last round, so one vector explains every edge.
- Original DebtRank (Battiston, Puliga, Kaushik, Tasca and Caldarelli 2012, Sci. Rep. 2, 541): weights count as at most
  1 and a node passes on once, in the round after it was first hit. More distress or more edges may therefore do less
  harm; linear DebtRank has no such effect.

A node passes on when more than the tolerance of its distress is not yet passed on. A round walks the edges of the nodes
that do so, or all edges where those are many; both give the same bits. An edge from a node to itself has no effect.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor, as_completed
from contextlib import contextmanager
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import group, jit

Floats = NDArray[np.float64]
Rows = NDArray[np.int32]
Wide = NDArray[np.int64]
Keys = NDArray[np.uint64]
Mask = NDArray[np.uint8] | NDArray[np.bool_]

TOLERANCE: Final = 1e-6
MOST_ROUNDS: Final = 1000
ENDLESS: Final = 1e6
"""Uncapped distress above this is taken to have no limit."""
_DENSE_PART: Final = 8
"""A round that would walk more than one in so many edges walks all of them, in the order in which they lie."""
_CHUNK: Final = 32


class Lists(NamedTuple):
    """Edges by node: those of `node` are at places `first[node]` to `first[node + 1]`, sorted by the other end."""

    first: Wide
    other: Rows
    weight: Floats


@dataclass(frozen=True)
class Index:
    """Edges sorted by stable keys: keep it per graph; weights and masks come and go with `network`.

    `row` is the caller's row by place, `place` the reverse. By edge in the order of the sources: `target`, `edge` (the
    caller's row of the edge) and `stamp`, a hash of its key and those of its ends. `back` is the place in that order of
    each edge in the order of the targets.
    """

    row: Rows
    place: Rows
    key: Keys
    first: Wide
    target: Rows
    edge: Rows
    stamp: Keys
    back_first: Wide
    back_source: Rows
    back: Rows

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.row)


@dataclass(frozen=True)
class Network:
    """Weights on an index; a hidden edge weighs 0. `ahead` lists by source, `behind` by target."""

    index: Index
    ahead: Lists
    behind: Lists

    @property
    def size(self) -> int:
        """Number of nodes."""
        return self.index.size


class Shock(NamedTuple):
    """Own distress in [0, 1] of some nodes, by the caller's row; the rest has none."""

    node: Rows
    size: Floats


@dataclass(frozen=True)
class Spread:
    """Nodes in distress in the order of their keys, by the caller's row; the other arrays are as long.

    `shock` is a node's own part, `passed` the distress that it passed on. `residual` is the largest distress of a node
    that was not passed on; where `converged` it is at most the tolerance. `highest_weight` is what a weight counts as
    at most (1 in the original DebtRank).
    """

    node: Rows
    distress: Floats
    shock: Floats
    passed: Floats
    rounds: int
    converged: bool
    residual: float
    highest_weight: float = np.inf

    def by_row(self, size: int) -> Floats:
        """Distress of every node."""
        found = np.zeros(size)
        found[self.node] = self.distress
        return found


def mixed(bits: Keys) -> Keys:
    """SplitMix64's finaliser (Steele, Lea and Flood 2014): a bijection that makes neighbours unlike."""
    with np.errstate(over="ignore"):
        bits = bits + np.uint64(0x9E3779B97F4A7C15)
        bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
        bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    return bits ^ (bits >> np.uint64(31))


def index(source: Rows, target: Rows, key: Keys, edge_key: Keys) -> Index:
    """Sort edges by the keys of their ends and their own.

    Args:
        source: Row of the node whose distress is passed on, by edge.
        target: Row of the node that it is passed on to, by edge.
        key: Stable key by node. Nodes with equal keys are in the order of their rows.
        edge_key: Stable key by edge; it tells parallel edges apart.

    Raises:
        ValueError: A row is out of range, or arrays differ in length.
    """
    size = len(key)
    if not len(source) == len(target) == len(edge_key):
        raise ValueError(f"{len(source)} sources, {len(target)} targets and {len(edge_key)} keys of edges")
    for name, rows in (("source", source), ("target", target)):
        check_rows(rows, size, name)
    row = np.argsort(key, kind="stable").astype(np.int32)
    place = np.empty(size, np.int32)
    place[row] = np.arange(size, dtype=np.int32)
    order = np.argsort(edge_key, kind="stable").astype(np.int32)
    order = order[group(place[target[order]], size)[1]]
    first, by_source = group(place[source[order]], size)
    order = order[by_source]
    starts, ends = place[source[order]], place[target[order]]
    back_first, back = group(ends, size)
    stamp = mixed(edge_key[order] ^ mixed(key[source[order]] ^ mixed(key[target[order]])))
    return Index(row, place, key[row], first, ends, order, stamp, back_first, starts[back], back)


def check_rows(rows: Rows, size: int, name: str) -> None:
    """Raise ValueError unless every row is one of `size` nodes."""
    if len(rows) and (rows.min() < 0 or rows.max() >= size):
        at = int(np.flatnonzero((rows < 0) | (rows >= size))[0])
        raise ValueError(f"{name} {at} is row {rows[at]}, which is not in 0 to {size - 1}")


def network(edges: Index, weight: Floats, mask: Mask | None = None) -> Network:
    """Put weights on an index; edges whose `mask` is 0 do not exist. One pass over the edges.

    Raises:
        ValueError: The weight of a shown edge is negative, infinite or no number.
    """
    if len(weight) != len(edges.edge) or (mask is not None and len(mask) != len(weight)):
        raise ValueError(f"{len(weight)} weights for {len(edges.edge)} edges, or a mask of another length")
    shown = weight if mask is None else np.where(np.asarray(mask, np.bool_), weight, 0.0)
    bad = ~((shown >= 0) & (shown < np.inf))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ValueError(f"edge {at} weighs {weight[at]}; a weight is a finite number from 0 up")
    ahead = shown[edges.edge].astype(np.float64)
    _forget_own(edges.first, edges.target, ahead)
    return Network(
        edges,
        Lists(edges.first, edges.target, ahead),
        Lists(edges.back_first, edges.back_source, ahead[edges.back]),
    )


@jit
def _forget_own(first: Wide, target: Rows, weight: Floats) -> None:
    for node in range(len(first) - 1):
        for place in range(first[node], first[node + 1]):
            if target[place] == node:
                weight[place] = 0.0


class Space(NamedTuple):
    """Working space by place, for one thread at a time; all of it is blank between questions.

    `pending` is distress not yet passed on, `inflow` what a round brings, `touched` lists the nodes in distress.
    """

    distress: Floats
    pending: Floats
    inflow: Floats
    touched: Rows


def space(size: int) -> Space:
    """Working space for networks of so many nodes; pages that are not touched cost nothing."""
    return Space(np.zeros(size), np.zeros(size), np.zeros(size), np.empty(size, np.int32))


class _Run(NamedTuple):
    """How a run went: rounds, number of nodes touched (-1: look at all), whether it came to rest."""

    rounds: int
    touched: int
    converged: bool


@jit
def _receive(node: int, cap: float, work: Space) -> bool:
    """Take a round's inflow; True where the node was not in distress before."""
    distress = work.distress[node]
    more = min(cap, distress + work.inflow[node])
    work.inflow[node] = 0.0
    work.distress[node] = more
    work.pending[node] += more - distress
    return bool(distress == 0.0 and more > 0.0)


@jit
def _push(ahead: Lists, active: Rows, work: Space, fresh: Rows) -> int:
    """Pass on the pending distress of active nodes, in their order; how many nodes it reaches (`fresh`)."""
    fill = 0
    for node in active:
        passed = work.pending[node]
        work.pending[node] = 0.0
        for place in range(ahead.first[node], ahead.first[node + 1]):
            other = ahead.other[place]
            before = work.inflow[other]
            work.inflow[other] = before + ahead.weight[place] * passed
            if before == 0.0 and work.inflow[other] > 0.0:
                fresh[fill] = other
                fill += 1
    return fill


@jit
def _pull(out: Wide, behind: Lists, tolerance: float, cap: float, work: Space) -> tuple[int, int]:
    """A round over all edges: the same sums in the same order as `_push` takes them, leaving `inflow` to be blanked.

    Returns how many nodes have something to pass on, and how many edges they have.
    """
    size, waiting, reach = len(out) - 1, 0, 0
    passed = work.inflow
    for node in range(size):
        passed[node] = 0.0
        if work.pending[node] > tolerance:
            passed[node] = work.pending[node]
            work.pending[node] = 0.0
    for node in range(size):
        inflow = 0.0
        for place in range(behind.first[node], behind.first[node + 1]):
            inflow += behind.weight[place] * passed[behind.other[place]]
        if inflow > 0.0:
            distress = work.distress[node]
            more = min(cap, distress + inflow)
            work.distress[node] = more
            work.pending[node] += more - distress
            if work.pending[node] > tolerance:
                waiting += 1
                reach += out[node + 1] - out[node]
    return waiting, reach


@jit
def _active(pending: Floats, tolerance: float) -> Rows:
    count = 0
    for waiting in pending:
        count += waiting > tolerance
    found = np.empty(count, np.int32)
    fill = 0
    for node in range(len(pending)):
        if pending[node] > tolerance:
            found[fill] = node
            fill += 1
    return found


@jit
def _work_of(first: Wide, nodes: Rows) -> int:
    total = 0
    for node in nodes:
        total += first[node + 1] - first[node]
    return total


@jit
def _linear(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    ahead: Lists, behind: Lists, seeds: Rows, tolerance: float, most_rounds: int, cap: float, work: Space
) -> _Run:
    """Linear DebtRank from `seeds` (ascending), whose distress is both suffered and pending in `work`."""
    touched, rounds = len(seeds), 0
    work.touched[:touched] = seeds
    active = seeds[work.pending[seeds] > tolerance]
    waiting, reach, listed = len(active), _work_of(ahead.first, active), True
    fresh = np.empty(0, np.int32)
    dense_from = len(ahead.other) // _DENSE_PART + 1
    while waiting > 0 and rounds < most_rounds:
        rounds += 1
        if reach >= dense_from:
            waiting, reach = _pull(ahead.first, behind, tolerance, cap, work)
            touched, listed = -1, False
        else:
            if not listed:
                work.inflow[:] = 0.0
                active, listed = _active(work.pending, tolerance), True
            if reach > len(fresh):
                fresh = np.empty(max(reach, 64), np.int32)
            reached = fresh[: _push(ahead, active, work, fresh)]
            waiting = 0
            for node in reached:
                if _receive(node, cap, work) and touched >= 0:
                    work.touched[touched] = node
                    touched += 1
                if work.pending[node] > tolerance:
                    reached[waiting] = node
                    waiting += 1
            active = np.sort(reached[:waiting])
            reach = _work_of(ahead.first, active)
        if cap > 1.0 and waiting > 0 and _highest(work.distress, active, listed) > ENDLESS:
            break
    if not listed:
        work.inflow[:] = 0.0
    return _Run(rounds, touched, waiting == 0)


@jit
def _highest(values: Floats, nodes: Rows, listed: bool) -> float:  # noqa: FBT001 - numba has no keyword-only
    return float(values[nodes].max() if listed else values.max())


@jit
def _once(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    ahead: Lists, seeds: Rows, tolerance: float, most_rounds: int, passed: Floats, work: Space
) -> _Run:
    """Original DebtRank: a node passes on the distress that it has in the round after it first has some."""
    touched, rounds = len(seeds), 0
    work.touched[:touched] = seeds
    active = seeds[work.distress[seeds] > tolerance]
    while len(active) and rounds < most_rounds:
        rounds += 1
        fresh = np.empty(_work_of(ahead.first, active), np.int32)
        fill = 0
        for node in active:
            passed[node] = work.distress[node]
            for place in range(ahead.first[node], ahead.first[node + 1]):
                other = ahead.other[place]
                before = work.inflow[other]
                work.inflow[other] = before + min(1.0, ahead.weight[place]) * passed[node]
                if before == 0.0 and work.inflow[other] > 0.0:
                    fresh[fill] = other
                    fill += 1
        waiting = 0
        for node in fresh[:fill]:
            if _receive(node, 1.0, work):
                work.touched[touched] = node
                touched += 1
            if passed[node] == 0.0 and work.distress[node] > tolerance:
                fresh[waiting] = node
                waiting += 1
        active = np.sort(fresh[:waiting])
    return _Run(rounds, touched, len(active) == 0)


def _seeded(edges: Index, shock: Shock, work: Space) -> Rows:
    """Place a shock; its places in order.

    Raises:
        ValueError: A shock is outside [0, 1], its row out of range or named twice.
    """
    node, size = np.asarray(shock.node, np.int32), np.asarray(shock.size, np.float64)
    if len(node) != len(size):
        raise ValueError(f"{len(node)} shocked rows and {len(size)} sizes of shocks")
    check_rows(node, edges.size, "shock")
    bad = ~((size >= 0) & (size <= 1))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ValueError(f"the shock to row {node[at]} is {size[at]}; a shock is from 0 to 1")
    seeds = np.sort(edges.place[node[size > 0]])
    if len(seeds) > 1 and (seeds[1:] == seeds[:-1]).any():
        raise ValueError(f"row {edges.row[seeds[:-1][seeds[1:] == seeds[:-1]]][0]} is shocked twice")
    work.distress[edges.place[node]] = size
    work.pending[edges.place[node]] = size
    return seeds


def _places(run: _Run, work: Space) -> Rows:
    """Nodes in distress, in order."""
    if run.touched < 0:
        return np.flatnonzero(work.distress).astype(np.int32)
    return np.sort(work.touched[: run.touched])


@contextmanager
def _clean(work: Space) -> Iterator[list[_Run]]:
    """Leave working space blank, whatever happens; the runs put into the list say what was touched."""
    runs: list[_Run] = []
    try:
        yield runs
    finally:
        touched = runs[0].touched if runs else -1
        at = slice(None) if touched < 0 else work.touched[:touched]
        for array in (work.distress, work.pending, work.inflow):
            array[at] = 0.0


def _own(edges: Index, places: Rows, shock: Shock) -> Floats:
    own = np.zeros(edges.size)
    own[edges.place[np.asarray(shock.node)]] = shock.size
    found: Floats = own[places]
    return found


def linear_debtrank(
    net: Network,
    shock: Shock,
    *,
    tolerance: float = TOLERANCE,
    most_rounds: int = MOST_ROUNDS,
    work: Space | None = None,
) -> Spread:
    """Linear DebtRank: distress is passed on as it arrives until no node has more than `tolerance` left to pass on.

    Args:
        net: Weights on an index.
        shock: Own distress.
        tolerance: Distress that is not passed on; every node may keep up to so much back.
        most_rounds: Rounds after which it is not `converged`.
        work: Working space to use again; by default new.

    Raises:
        ValueError: A shock is outside [0, 1], its row out of range or named twice.
    """
    work = work or space(net.size)
    with _clean(work) as runs:
        seeds = _seeded(net.index, shock, work)
        runs.append(_linear(net.ahead, net.behind, seeds, tolerance, most_rounds, 1.0, work))
        places = _places(runs[0], work)
        distress, pending = work.distress[places], work.pending[places]
        return Spread(
            net.index.row[places],
            distress,
            _own(net.index, places, shock),
            np.maximum(distress - pending, 0.0),
            runs[0].rounds,
            runs[0].converged,
            float(pending.max(initial=0.0)),
        )


def original_debtrank(
    net: Network,
    shock: Shock,
    *,
    tolerance: float = TOLERANCE,
    most_rounds: int = MOST_ROUNDS,
    work: Space | None = None,
) -> Spread:
    """Original DebtRank: every node passes on once; arguments and errors as for `linear_debtrank`.

    A node whose distress never exceeds `tolerance` does not pass on; `residual` is the largest such distress.
    """
    work = work or space(net.size)
    with _clean(work) as runs:
        seeds = _seeded(net.index, shock, work)
        passed = np.zeros(net.size)
        runs.append(_once(net.ahead, seeds, tolerance, most_rounds, passed, work))
        places = _places(runs[0], work)
        distress = work.distress[places]
        held = distress[passed[places] == 0.0]
        return Spread(
            net.index.row[places],
            distress,
            _own(net.index, places, shock),
            passed[places],
            runs[0].rounds,
            runs[0].converged,
            float(held.max(initial=0.0)),
            1.0,
        )


class Shares(NamedTuple):
    """Where the distress of some nodes came from: entries of the i-th are at `first[i]` to `first[i + 1]`.

    `edge` and `source` are the caller's rows, in the order of the sources' keys; `inflow` is what the edge brought
    before the cap and `share` what of it counts: own shock and shares add up to the distress. `own` is by node.
    """

    first: Wide
    edge: Rows
    source: Rows
    inflow: Floats
    share: Floats
    own: Floats


def attribution(net: Network, spread: Spread, nodes: Rows | None = None) -> Shares:
    """What came through each edge into some nodes (the caller's rows), by default into all that are in distress.

    A node's own shock counts in full; at the cap the rest is shared in proportion to the uncapped inflow.

    Raises:
        ValueError: A row is out of range.
    """
    wanted = spread.node if nodes is None else np.asarray(nodes, np.int32)
    check_rows(wanted, net.size, "node")
    by_place = np.zeros((3, net.size))
    by_place[:, net.index.place[spread.node]] = spread.passed, spread.distress, spread.shock
    places = net.index.place[wanted]
    first, at, inflow, share = _attributed(
        net.behind, places, by_place[0], by_place[1], by_place[2], spread.highest_weight
    )
    edge = net.index.edge[net.index.back[at]]
    return Shares(first, edge, net.index.row[net.behind.other[at]], inflow, share, by_place[2][places])


@jit
def _attributed(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    behind: Lists, nodes: Rows, passed: Floats, distress: Floats, own: Floats, highest: float
) -> tuple[Wide, Wide, Floats, Floats]:
    first = np.zeros(len(nodes) + 1, np.int64)
    for number, node in enumerate(nodes):
        count = 0
        for place in range(behind.first[node], behind.first[node + 1]):
            count += min(highest, behind.weight[place]) * passed[behind.other[place]] > 0
        first[number + 1] = first[number] + count
    at = np.empty(first[-1], np.int64)
    inflow = np.empty(first[-1])
    share = np.empty(first[-1])
    for number, node in enumerate(nodes):
        fill, total = first[number], 0.0
        for place in range(behind.first[node], behind.first[node + 1]):
            brought = min(highest, behind.weight[place]) * passed[behind.other[place]]
            if brought > 0:
                at[fill], inflow[fill] = place, brought
                total += brought
                fill += 1
        for entry in range(first[number], fill):
            share[entry] = inflow[entry] / total * (distress[node] - own[node])
    return first, at, inflow, share


class Sensitivity(NamedTuple):
    """What a unit of distress of each node would be of a target's, before any cap; nodes in the order of their keys.

    Not `converged` where circles amplify without end: the values then only order the nodes of the rounds made.
    """

    node: Rows
    value: Floats
    rounds: int
    converged: bool


def sensitivity(
    net: Network,
    target: int,
    *,
    tolerance: float = TOLERANCE,
    most_rounds: int = 100,
    work: Space | None = None,
) -> Sensitivity:
    """One reverse pass: for each node the sum over all walks to the target of the products of their weights.

    Raises:
        ValueError: The row is out of range.
    """
    work = work or space(net.size)
    with _clean(work) as runs:
        seeds = _seeded(net.index, Shock(np.array([target], np.int32), np.ones(1)), work)
        runs.append(_linear(net.behind, net.ahead, seeds, tolerance, most_rounds, np.inf, work))
        places = _places(runs[0], work)
        places = places[places != seeds[0]]
        value = work.distress[places]
        return Sensitivity(net.index.row[places], value, runs[0].rounds, runs[0].converged)


@dataclass(frozen=True)
class Threats:
    """Nodes whose default would hurt a target most, worst first, ties in the order of their keys.

    `distress` is the target's in linear DebtRank when the node alone defaults; `bound` is the uncapped sensitivity.
    `certain` says that no node outside the list can hurt more than the last of it (within the tolerance).
    """

    node: Rows
    distress: Floats
    bound: Floats
    certain: bool


def threats(
    net: Network, target: int, most: int, *, tolerance: float = TOLERANCE, candidates: int = 0
) -> Threats:
    """The `most` nodes that would hurt a target most: candidates from one reverse pass, each then run with the cap.

    Args:
        net: Weights on an index.
        target: The caller's row.
        most: How many are wanted.
        tolerance: As for `linear_debtrank`.
        candidates: How many nodes are run; by default four times as many as wanted.

    Raises:
        ValueError: The row is out of range.
    """
    work = space(net.size)
    found = sensitivity(net, target, tolerance=tolerance, work=work)
    order = np.lexsort((net.index.place[found.node], -found.value))
    tried = order[: candidates or 4 * most]
    exact = np.zeros(len(tried))
    for number, candidate in enumerate(found.node[tried].tolist()):
        spread = linear_debtrank(
            net, Shock(np.array([candidate], np.int32), np.ones(1)), tolerance=tolerance, work=work
        )
        hit = np.flatnonzero(spread.node == target)
        exact[number] = spread.distress[hit[0]] if len(hit) else 0.0
    best = np.lexsort((net.index.place[found.node[tried]], -exact))[:most]
    untried = float(found.value[order[len(tried)]]) if len(order) > len(tried) else 0.0
    worst = float(exact[best[-1]]) if len(best) else 0.0
    certain = len(order) == len(tried) or (found.converged and worst + tolerance >= untried)
    return Threats(found.node[tried][best], exact[best], found.value[tried][best], certain)


@dataclass(frozen=True)
class Impacts:
    """What each of many shocks does, one line each.

    `loss` (shocks x values) sums the induced distress (own shock not counted) times each value; `hit` counts nodes
    whose induced distress is above the threshold.
    """

    loss: Floats
    hit: Wide
    rounds: Wide
    converged: NDArray[np.bool_]


@jit
def _impacts(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    ahead: Lists,
    behind: Lists,
    first: Wide,
    seeds: Rows,
    size: Floats,
    value: Floats,
    limits: tuple[float, int, float],
    work: Space,
) -> tuple[Floats, Wide, Wide, NDArray[np.bool_]]:
    count = len(first) - 1
    loss = np.zeros((count, value.shape[1]))
    hit, rounds = np.zeros(count, np.int64), np.zeros(count, np.int64)
    converged = np.zeros(count, np.bool_)
    for number in range(count):
        begin, end = first[number], first[number + 1]
        for at in range(begin, end):
            work.distress[seeds[at]] = size[at]
            work.pending[seeds[at]] = size[at]
        run = _linear(ahead, behind, seeds[begin:end], limits[0], limits[1], 1.0, work)
        nodes = (
            np.flatnonzero(work.distress).astype(np.int32)
            if run.touched < 0
            else np.sort(work.touched[: run.touched])
        )
        own = begin
        for node in nodes:
            induced = work.distress[node]
            while own < end and seeds[own] < node:
                own += 1
            if own < end and seeds[own] == node:
                induced -= size[own]
            hit[number] += induced > limits[2]
            for column in range(value.shape[1]):
                loss[number, column] += induced * value[node, column]
            work.distress[node] = 0.0
            work.pending[node] = 0.0
        rounds[number], converged[number] = run.rounds, run.converged
    return loss, hit, rounds, converged


def impacts(  # noqa: PLR0913 - the question, how exact, and how it is run
    net: Network,
    shocks: list[Shock],
    value: Floats,
    *,
    tolerance: float = TOLERANCE,
    threshold: float = 0.01,
    most_rounds: int = MOST_ROUNDS,
    workers: int | None = None,
    progress: Callable[[int], None] | None = None,
) -> Impacts:
    """Linear DebtRank from each of many shocks, in parallel; the number of workers does not show in the result.

    Args:
        net: Weights on an index.
        shocks: One run each.
        value: Value by node (rows x values), such as the yuan that the firm has with it.
        tolerance: As for `linear_debtrank`.
        threshold: Induced distress above which a node counts as hit.
        most_rounds: As for `linear_debtrank`.
        workers: Threads; by default as many as there are processors, at most 8.
        progress: Told the number of shocks done, from the calling thread.

    Raises:
        ValueError: As for `linear_debtrank`; or `value` has not a row for each node.
    """
    if value.ndim != 2 or len(value) != net.size:  # noqa: PLR2004 - rows and columns
        raise ValueError(f"values have shape {value.shape}; expected {net.size} rows")
    first, seeds, size = _all_seeds(net, shocks)
    by_place = np.ascontiguousarray(value[net.index.row], np.float64)
    spare: list[Space] = []
    limits = (tolerance, most_rounds, threshold)

    def part(begin: int) -> tuple[Floats, Wide, Wide, NDArray[np.bool_]]:
        work = spare.pop() if spare else space(net.size)
        end = min(begin + _CHUNK, len(shocks))
        result = _impacts(net.ahead, net.behind, first[begin : end + 1], seeds, size, by_place, limits, work)
        spare.append(work)
        return result

    starts = range(0, len(shocks), _CHUNK)
    parts: dict[Future[tuple[Floats, Wide, Wide, NDArray[np.bool_]]], int] = {}
    with ThreadPoolExecutor(workers or min(8, os.cpu_count() or 1)) as pool:
        parts = {pool.submit(part, start): start for start in starts}
        for done, future in enumerate(as_completed(parts), 1):
            future.result()
            if progress:
                progress(min(done * _CHUNK, len(shocks)))
    found = [future.result() for future in sorted(parts, key=parts.__getitem__)]
    if not found:
        return Impacts(
            np.zeros((0, value.shape[1])), np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0, np.bool_)
        )
    return Impacts(*(np.concatenate(column) for column in zip(*found, strict=True)))


def _all_seeds(net: Network, shocks: list[Shock]) -> tuple[Wide, Rows, Floats]:
    """Shocks one after another, each checked and in order of places."""
    places, sizes = [np.zeros(0, np.int32)], [np.zeros(0)]
    work = space(net.size)
    for shock in shocks:
        seeds = _seeded(net.index, shock, work)
        places.append(seeds)
        sizes.append(work.distress[seeds])
        for array in (work.distress, work.pending):
            array[net.index.place[shock.node]] = 0.0
    first = np.cumsum([len(seeds) for seeds in places])
    return first.astype(np.int64), np.concatenate(places), np.concatenate(sizes)
