"""Lists per row by counting sort, and strongly connected components: what the graph kernels share."""

from collections.abc import Callable
from typing import ParamSpec, TypeVar, cast

import numba
import numpy as np
from numpy.typing import NDArray

P = ParamSpec("P")
R = TypeVar("R")

# Called from Python only, never from a kernel of another file: numba's cache watches the file of the caller alone.


def jit(function: Callable[P, R]) -> Callable[P, R]:
    """Compile a kernel once per machine (kept beside the module), free of the interpreter lock, still typed."""
    return cast("Callable[P, R]", numba.njit(cache=True, nogil=True)(function))


@jit
def group(rows: NDArray[np.int32], size: int) -> tuple[NDArray[np.int64], NDArray[np.int32]]:
    """Places of equal rows together: `order[first[row]:first[row + 1]]` are the places of `row`, ascending."""
    first = np.zeros(size + 1, np.int64)
    for row in rows:
        first[row + 1] += 1
    for row in range(size):
        first[row + 1] += first[row]
    order = np.empty(len(rows), np.int32)
    fill = first[:-1].copy()
    for place in range(len(rows)):
        order[fill[rows[place]]] = place
        fill[rows[place]] += 1
    return first, order


@jit
def strong_components(  # noqa: C901, PLR0912 - the recursion of the textbook, written out as a loop
    first: NDArray[np.int64], target: NDArray[np.int32], walked: NDArray[np.uint8]
) -> tuple[NDArray[np.int32], int]:
    """Number of each node's strongly connected component (Tarjan 1972, without recursion), and how many there are.

    A component has a higher number than every other that can be reached from it. `walked` (0 or 1 for each
    place of `target`, or empty for all) says which edges exist. Linear.
    """
    size = len(first) - 1
    number = np.full(size, -1, np.int32)
    low = np.zeros(size, np.int32)  # 0 is not yet seen
    stack = np.empty(size, np.int32)
    path = np.empty(size, np.int32)
    seen_as = np.empty(size, np.int32)  # order of discovery of the node at this depth of the path
    at = first[:-1].copy()
    everything = len(walked) == 0
    stacked, seen, count, depth = 0, 0, 0, -1
    for root in range(size):
        if low[root]:
            continue
        fresh = root
        while fresh >= 0 or depth >= 0:
            if fresh >= 0:
                seen += 1
                depth += 1
                path[depth], seen_as[depth], low[fresh] = fresh, seen, seen
                stack[stacked] = fresh
                stacked += 1
                fresh = -1
            node = path[depth]
            while at[node] < first[node + 1]:
                place = at[node]
                at[node] += 1
                other = target[place]
                if not everything and not walked[place]:
                    continue
                if not low[other]:
                    fresh = other
                    break
                if number[other] < 0:
                    low[node] = min(low[node], low[other])
            if fresh >= 0:
                continue
            if low[node] == seen_as[depth]:
                while True:
                    stacked -= 1
                    number[stack[stacked]] = count
                    if stack[stacked] == node:
                        break
                count += 1
            depth -= 1
            if depth >= 0:
                low[path[depth]] = min(low[path[depth]], low[node])
    return number, count
