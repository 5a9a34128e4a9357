"""Integrated ownership of every company at once, as totals that fit into memory.

All of V for a million companies can be as large as the square of them. What fits, and is exact, is a row of totals by
company: how much of it ends at each reason to stop and how much is unknown. Each is a column of u = b + M u, with M
the shares from company to holder, and costs one sweep. Beside them stand the largest terminals of each company: only so
many travel on from node to node, so that a share may be too small by what was left behind on the way, which is said.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import jit
from graph.algorithms.loops import Blocks, Edges, Floats, Flow, Parts, Rows
from graph.algorithms.ownership import Holdings, Mask, Stop, open_graph

_ALL: Final = np.zeros(0, np.uint8)
_KEPT_IN_LARGE_LOOPS: Final = 64


@dataclass(frozen=True)
class World:
    """Totals by node.

    `totals[node, i]` is what ends at terminals with reason `reasons[i]`; with `unknown` a row adds up to 1 (`circular`
    is the part of `unknown` that runs into closed rings). A node where look-through stops has all under its own
    reason. `terminal[node]` are the largest terminals found, -1 where there are fewer, with `share`; no share is too
    large, and none by more than `missing[node]` too small.
    """

    stop: Mask
    reasons: Mask
    totals: Floats
    unknown: Floats
    circular: Floats
    terminal: NDArray[np.int32]
    share: Floats
    missing: Floats


class _Largest(NamedTuple):
    """Terminals by node, largest first, and scratch: a sum by node (0 between uses), who was touched, keys."""

    terminal: NDArray[np.int32]
    share: Floats
    sums: Floats
    touched: Rows
    key: NDArray[np.uint64]


def solve_world(graph: Holdings, key: NDArray[np.uint64], visible: Mask = _ALL, kept: int = 8) -> World:
    """Integrated ownership of every node.

    Args:
        graph: All holdings.
        key: Stable key by node, which decides between equal shares.
        visible: 1 or 0 by holding; empty for all.
        kept: How many terminals are kept by node.
    """
    edges, stop = open_graph(graph, visible)
    flow = Flow.of(edges)
    reasons = np.unique(stop[stop > 0])
    outside = np.zeros((len(stop), len(reasons) + 1))
    outside[np.arange(len(stop)), np.searchsorted(reasons, stop)] = np.where(stop > 0, 1.0, 0.0)
    outside[:, -1] = np.where(stop > 0, 0.0, _leaks(edges))
    found = flow.collect(outside)
    circular = found[:, :-1][:, reasons == Stop.CIRCULAR].sum(axis=1)
    ends = reasons != Stop.CIRCULAR
    totals = found[:, :-1][:, ends]
    largest = _largest(flow, stop, key, kept)
    missing = np.maximum(totals.sum(axis=1) - largest.share.sum(axis=1), 0.0)
    unknown = found[:, -1] + circular
    return World(stop, reasons[ends], totals, unknown, circular, largest.terminal, largest.share, missing)


def _leaks(edges: Edges) -> Floats:
    sums = (
        np.add.reduceat(np.append(edges.weight, 0.0), edges.first[:-1])
        if len(edges.first) > 1
        else np.zeros(0)
    )
    # An empty list would take the value that stands at its place.
    sums[edges.first[:-1] == edges.first[1:]] = 0.0
    return np.maximum(1.0 - sums, 0.0)


def _largest(flow: Flow, stop: Mask, key: NDArray[np.uint64], kept: int) -> _Largest:
    size = len(stop)
    largest = _Largest(
        np.full((size, kept), -1, np.int32),
        np.zeros((size, kept)),
        np.zeros(size),
        np.empty(size, np.int32),
        key,
    )
    low = 0
    for component in sorted(flow.factors):
        _travel(low, component - 1, flow.parts, flow.blocks, flow.outer, stop, largest)
        _through_large_loop(flow, component, largest)
        low = component + 1
    _travel(low, len(flow.parts.first) - 2, flow.parts, flow.blocks, flow.outer, stop, largest)
    return largest


@jit
def _add(node: int, multiple: float, outer: Edges, largest: _Largest, touched: int) -> int:
    """Add the terminals of a node's holders to the sums; how many nodes are touched then."""
    for edge in range(outer.first[node], outer.first[node + 1]):
        holder = outer.target[edge]
        for place in range(largest.terminal.shape[1]):
            terminal = largest.terminal[holder, place]
            if terminal < 0:
                break
            if largest.sums[terminal] == 0.0:
                largest.touched[touched] = terminal
                touched += 1
            largest.sums[terminal] += multiple * outer.weight[edge] * largest.share[holder, place]
    return touched


@jit
def _keep(node: int, touched: int, largest: _Largest) -> None:
    """Write the largest sums as a node's terminals, and wipe the sums."""
    for place in range(largest.terminal.shape[1]):
        best = -1
        for terminal in largest.touched[:touched]:
            value = largest.sums[terminal]
            most = largest.sums[best] if best >= 0 else 0.0
            if value > most or (value == most > 0.0 and largest.key[terminal] < largest.key[best]):
                best = terminal
        if best < 0:
            break
        largest.terminal[node, place], largest.share[node, place] = best, largest.sums[best]
        largest.sums[best] = 0.0
    for terminal in largest.touched[:touched]:
        largest.sums[terminal] = 0.0


@jit
def _travel(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    low: int, high: int, parts: Parts, blocks: Blocks, outer: Edges, stop: Mask, largest: _Largest
) -> None:
    for component in range(low, high + 1):
        begin, end = parts.first[component], parts.first[component + 1]
        loop = blocks.first[component + 1] > blocks.first[component]
        for at in range(begin, end):
            node = parts.members[at]
            touched = 0
            if stop[node]:
                largest.terminal[node, 0], largest.share[node, 0] = node, 1.0
                continue
            if not loop:
                touched = _add(node, 1.0, outer, largest, touched)
            else:
                for inner in range(end - begin):
                    through = blocks.value[blocks.first[component] + (at - begin) * (end - begin) + inner]
                    touched = _add(parts.members[begin + inner], through, outer, largest, touched)
            _keep(node, touched, largest)


def _through_large_loop(flow: Flow, component: int, largest: _Largest) -> None:
    """The same for a loop with a factor, for the terminals that hold most of its members directly or from outside."""
    nodes = flow.members_of(component)
    _keep_each(nodes, flow.outer, largest)
    terminal, share = largest.terminal[nodes], largest.share[nodes]
    there = terminal >= 0
    candidates, column = np.unique(terminal[there], return_inverse=True)
    weight = np.bincount(column, share[there], len(candidates))
    best = np.lexsort((largest.key[candidates], -weight))[:_KEPT_IN_LARGE_LOOPS]
    entering = np.zeros((len(nodes), len(candidates)))
    entering[np.nonzero(there)[0], column] = share[there]
    found = flow.factors[component].solve_back(np.asfortranarray(entering[:, best]))
    kept = min(largest.terminal.shape[1], len(best))
    order = np.argsort(-found, axis=1, kind="stable")[:, :kept]
    values = np.take_along_axis(found, order, axis=1)
    largest.terminal[nodes] = -1
    largest.share[nodes] = 0.0
    largest.terminal[nodes[:, None], np.arange(kept)] = np.where(values > 0, candidates[best][order], -1)
    largest.share[nodes[:, None], np.arange(kept)] = np.maximum(values, 0.0)


@jit
def _keep_each(nodes: Rows, outer: Edges, largest: _Largest) -> None:
    for node in nodes:
        _keep(node, _add(node, 1.0, outer, largest, 0), largest)
