"""Mass pushed along the edges of a graph with loops, exactly: y = b (I - M)^-1 by components (Brioschi et al. 1989)."""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict
from dataclasses import dataclass, field
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.linalg import lapack
from scipy.linalg.blas import dtrmm, dtrmv
from scipy.sparse import csc_array, eye_array
from scipy.sparse.linalg import SuperLU, splu

from graph.algorithms.blas import threads_for
from graph.algorithms.components import group, jit, strong_components

SMALL: Final = 32
"""A loop of so many nodes is inverted inside the sweep; a larger one gets a factor of its own."""
LOST_PIVOT: Final = 1e-14
"""A pivot so small is nothing but rounding."""
_DENSE_ROWS: Final = 8192
_DENSE_FILL: Final = 0.01
_ALWAYS_DENSE: Final = 512
_DIAGONAL_WORK: Final = 2e9
_BATCH: Final = 64

Floats = NDArray[np.float64]
Rows = NDArray[np.int32]


class Edges(NamedTuple):
    """Lists per source: the edges of `source` are at places `first[source]` to `first[source + 1]`."""

    first: NDArray[np.int64]
    target: Rows
    weight: Floats


class Parts(NamedTuple):
    """Strongly connected components: the number of each node and its place in the list of its component."""

    number: Rows
    first: NDArray[np.int64]
    members: Rows
    place: Rows


class Blocks(NamedTuple):
    """Inverses of (I - M) of small loops, one after another; `endless` marks components that have none."""

    first: NDArray[np.int64]
    value: Floats
    endless: NDArray[np.uint8]


class DenseFactor:
    """The two inverted triangles of a dense component.

    Both inverses together cost two thirds of the full inverse, and the diagonal of the inverse falls out of them;
    a solve is then two triangular products. Bounds of the error are those of LU: I - M has a dominant diagonal.
    """

    def __init__(self, matrix: Floats) -> None:
        """Factor `matrix` (I - M transposed, in Fortran order, overwritten)."""
        triangles, pivots, info = lapack.dgetrf(matrix, overwrite_a=1)
        self.singular = info != 0
        if self.singular:
            return
        triangles, _ = lapack.dtrtri(triangles, lower=0, overwrite_c=1)
        self._triangles, _ = lapack.dtrtri(triangles, lower=1, unitdiag=1, overwrite_c=1)
        size = len(matrix)
        self._order = np.arange(size)
        for row, other in enumerate(pivots.tolist()):
            self._order[[row, other]] = self._order[[other, row]]
        self._place = np.empty(size, np.int64)
        self._place[self._order] = np.arange(size)
        self._diagonal = _diagonal_of_product(self._triangles, self._place)

    def solve(self, mass: Floats) -> Floats:
        """Y for one b."""
        given = np.flatnonzero(mass)
        if len(given) == 1:
            place = int(self._place[given[0]])
            below = np.zeros(len(mass))
            below[place] = mass[given[0]]
            below[place + 1 :] = self._triangles[place + 1 :, place] * mass[given[0]]
        else:
            below = dtrmv(self._triangles, mass[self._order], lower=1, diag=1)
        found: Floats = dtrmv(self._triangles, below)
        return found

    def solve_back(self, values: Floats) -> Floats:
        """U with (I - M) u = `values`, column by column."""
        half = dtrmm(1.0, self._triangles, values, lower=0, trans_a=1)
        found: Floats = dtrmm(1.0, self._triangles, half, lower=1, diag=1, trans_a=1)[self._place]
        return found

    def diagonal(self, rows: NDArray[np.int64]) -> Floats:
        """Entries (row, row) of the inverse."""
        return self._diagonal[rows]


@jit
def _diagonal_of_product(triangles: Floats, place: NDArray[np.int64]) -> Floats:
    size = len(place)
    found = np.zeros(size)
    for row in range(size):
        column = place[row]
        for inner in range(max(row, column), size):
            below = 1.0 if inner == column else triangles[inner, column]
            found[row] += triangles[row, inner] * below
    return found


class SparseFactor:
    """A sparse LU of a large component with few edges."""

    def __init__(self, matrix: csc_array[np.float64]) -> None:
        """Factor `matrix` (I - M transposed)."""
        self._size = matrix.shape[0]
        self.singular = False
        try:
            self._lu: SuperLU = splu(matrix)
        except RuntimeError:  # exactly singular: the caller calls such a loop endless
            self.singular = True
        self._diagonal = np.full(self._size, np.nan)

    def solve(self, mass: Floats) -> Floats:
        """Y for one b."""
        return self._lu.solve(mass)

    def solve_back(self, values: Floats) -> Floats:
        """U with (I - M) u = `values`, column by column."""
        found: Floats = self._lu.solve(values, "T")  # type: ignore[call-overload]  # the stubs know no second argument
        return found

    @property
    def diagonal_is_cheap(self) -> bool:
        """Whether all of the diagonal may be asked for at once."""
        return float(self._size) * float(self._lu.nnz) <= _DIAGONAL_WORK

    def diagonal(self, rows: NDArray[np.int64]) -> Floats:
        """Entries (row, row) of the inverse; each costs a solve the first time."""
        missing = rows[np.isnan(self._diagonal[rows])]
        for start in range(0, len(missing), _BATCH):
            batch = missing[start : start + _BATCH]
            columns = np.zeros((self._size, len(batch)), order="F")
            columns[batch, np.arange(len(batch))] = 1.0
            self._diagonal[batch] = self._lu.solve(columns)[batch, np.arange(len(batch))]
        return self._diagonal[rows]


def _factor(size: int, inner: tuple[Rows, Rows, Floats]) -> DenseFactor | SparseFactor:
    source, target, weight = inner
    dense = size <= _ALWAYS_DENSE or (size <= _DENSE_ROWS and len(weight) > _DENSE_FILL * size * size)
    if dense:
        transposed = np.zeros((size, size))
        _subtract(transposed, source, target, weight)
        return DenseFactor(transposed.T)
    moved = csc_array((weight, (target, source)), shape=(size, size))
    return SparseFactor(csc_array(eye_array(size, format="csc") - moved))


def _finite_factor(size: int, inner: tuple[Rows, Rows, Floats]) -> DenseFactor | SparseFactor | None:
    """The factor of a loop, None where it multiplies mass without bound."""
    factor = _factor(size, inner)
    # M has a finite sum of powers exactly if some positive vector exceeds its own image under M.
    finite = not factor.singular and bool(np.all(factor.solve(np.ones(size)) > 0))
    return factor if finite else None


class KnownFactors:
    """Factors of large loops by what they were made of; those used last are kept, within a budget of memory."""

    def __init__(self, most_bytes: int = 256 * 2**20) -> None:
        self._most = most_bytes
        self._kept: OrderedDict[bytes, tuple[DenseFactor | SparseFactor | None, int]] = OrderedDict()
        self._lock = threading.Lock()

    def of(self, size: int, inner: tuple[Rows, Rows, Floats]) -> DenseFactor | SparseFactor | None:
        """The factor of a loop with so many nodes and these edges; None where it multiplies mass without bound."""
        digest = hashlib.blake2b(b"".join(array.tobytes() for array in inner), digest_size=20).digest()
        with self._lock:
            if digest in self._kept:
                self._kept.move_to_end(digest)
                return self._kept[digest][0]
        made = _finite_factor(size, inner)
        with self._lock:
            self._kept[digest] = made, 8 * (size * size if isinstance(made, DenseFactor) else len(inner[0]))
            while sum(cost for _, cost in self._kept.values()) > self._most and len(self._kept) > 1:
                self._kept.popitem(last=False)
        return made


@jit
def _subtract(matrix: Floats, source: Rows, target: Rows, weight: Floats) -> None:
    for row in range(len(matrix)):
        matrix[row, row] = 1.0
    for place in range(len(weight)):
        matrix[source[place], target[place]] -= weight[place]


@jit
def _inner_sums(edges: Edges, number: Rows, by_target: bool) -> Floats:  # noqa: FBT001 - numba has no keyword-only
    sums = np.zeros(len(number))
    for source in range(len(number)):
        for place in range(edges.first[source], edges.first[source + 1]):
            other = edges.target[place]
            if number[other] == number[source]:
                sums[other if by_target else source] += edges.weight[place]
    return sums


def closed_nodes(edges: Edges, *, by_target: bool, tolerance: float) -> NDArray[np.bool_]:
    """Members of loops in which nothing leaks: every member's weights inside its component reach 1.

    A node's weights are those of the edges that leave it or, `by_target`, that reach it.
    """
    number, count = strong_components(edges.first, edges.target, (edges.weight > 0).astype(np.uint8))
    sums = _inner_sums(edges, number, by_target)
    closed = np.ones(count, np.bool_)
    closed[number[sums < 1 - tolerance]] = False
    found: NDArray[np.bool_] = closed[number]
    return found


@jit
def _outer_edges(edges: Edges, number: Rows) -> tuple[NDArray[np.int64], Rows, Floats]:
    count = 0
    for source in range(len(number)):
        for place in range(edges.first[source], edges.first[source + 1]):
            count += edges.weight[place] > 0 and number[edges.target[place]] != number[source]
    first = np.zeros(len(edges.first), np.int64)
    target = np.empty(count, np.int32)
    weight = np.empty(count)
    fill = 0
    for source in range(len(number)):
        for place in range(edges.first[source], edges.first[source + 1]):
            if edges.weight[place] > 0 and number[edges.target[place]] != number[source]:
                target[fill] = edges.target[place]
                weight[fill] = edges.weight[place]
                fill += 1
        first[source + 1] = fill
    return first, target, weight


@jit
def _is_loop(edges: Edges, parts: Parts) -> NDArray[np.uint8]:
    loop = np.zeros(len(parts.first) - 1, np.uint8)
    for component in range(len(loop)):
        if parts.first[component + 1] - parts.first[component] > 1:
            loop[component] = 1
            continue
        node = parts.members[parts.first[component]]
        for place in range(edges.first[node], edges.first[node + 1]):
            if edges.target[place] == node and edges.weight[place] > 0:
                loop[component] = 1
    return loop


@jit
def _inverted(matrix: Floats) -> bool:
    """Invert in place by Gauss-Jordan; False where a pivot is not positive, so that the inverse is no finite sum.

    No rows are exchanged: a matrix I - M with M >= 0 has a non-negative inverse exactly if all its pivots in
    natural order are positive (Fiedler and Ptak 1962).
    """
    size = len(matrix)
    for pivot in range(size):
        value = matrix[pivot, pivot]
        if not value > LOST_PIVOT:
            return False
        matrix[pivot, pivot] = 1.0
        for column in range(size):
            matrix[pivot, column] /= value
        for row in range(size):
            if row != pivot:
                multiple = matrix[row, pivot]
                matrix[row, pivot] = 0.0
                for column in range(size):
                    matrix[row, column] -= multiple * matrix[pivot, column]
    return True


@jit
def _small_blocks(edges: Edges, parts: Parts) -> Blocks:
    loop = _is_loop(edges, parts)
    count = len(loop)
    first = np.zeros(count + 1, np.int64)
    endless = np.zeros(count, np.uint8)
    for component in range(count):
        size = parts.first[component + 1] - parts.first[component]
        first[component + 1] = first[component] + (size * size if loop[component] and size <= SMALL else 0)
    value = np.zeros(first[count])
    for component in range(count):
        if first[component + 1] == first[component]:
            continue
        size = parts.first[component + 1] - parts.first[component]
        matrix = value[first[component] : first[component + 1]].reshape((size, size))
        for row in range(size):
            matrix[row, row] += 1.0
            node = parts.members[parts.first[component] + row]
            for place in range(edges.first[node], edges.first[node + 1]):
                if parts.number[edges.target[place]] == component:
                    matrix[row, parts.place[edges.target[place]]] -= edges.weight[place]
        if not _inverted(matrix):
            endless[component] = 1
    return Blocks(first, value, endless)


@jit
def _pass_block(mass: Floats, component: int, parts: Parts, blocks: Blocks) -> None:
    """What arrives at the members of a loop, multiplied by the loop, in place."""
    begin = parts.first[component]
    size = parts.first[component + 1] - begin
    arrived = np.empty(size)
    for row in range(size):
        arrived[row] = mass[parts.members[begin + row]]
    if arrived.sum() == 0.0:
        return
    endless = blocks.endless[component] == 1
    for column in range(size):
        value = np.inf if endless else 0.0
        if not endless:
            for row in range(size):
                if arrived[row] > 0.0:
                    value += arrived[row] * blocks.value[blocks.first[component] + row * size + column]
        mass[parts.members[begin + column]] = value


@jit
def _sweep(mass: Floats, high: int, low: int, parts: Parts, blocks: Blocks, outer: Edges) -> None:  # noqa: PLR0913, PLR0917 - one more tuple would only hide them
    """Push the mass through the components numbered `high` down to `low`, in place."""
    for component in range(high, low - 1, -1):
        if blocks.first[component + 1] > blocks.first[component] or blocks.endless[component]:
            _pass_block(mass, component, parts, blocks)
        for place in range(parts.first[component], parts.first[component + 1]):
            node = parts.members[place]
            if mass[node] > 0.0:
                for edge in range(outer.first[node], outer.first[node + 1]):
                    mass[outer.target[edge]] += mass[node] * outer.weight[edge]


@jit
def _sweep_back(values: Floats, low: int, high: int, parts: Parts, blocks: Blocks, outer: Edges) -> None:  # noqa: PLR0913, PLR0917 - one more tuple would only hide them
    """Collect through the components numbered `low` to `high`, in place; loops without a block stay as they are."""
    width = values.shape[1]
    for component in range(low, high + 1):
        begin, end = parts.first[component], parts.first[component + 1]
        for at in range(begin, end):
            node = parts.members[at]
            for edge in range(outer.first[node], outer.first[node + 1]):
                for column in range(width):
                    values[node, column] += outer.weight[edge] * values[outer.target[edge], column]
        if blocks.first[component + 1] == blocks.first[component]:
            continue
        size = end - begin
        arrived = np.empty((size, width))
        for row in range(size):
            arrived[row] = values[parts.members[begin + row]]
        for row in range(size):
            node = parts.members[begin + row]
            for column in range(width):
                total = 0.0
                for inner in range(size):
                    total += (
                        blocks.value[blocks.first[component] + row * size + inner] * arrived[inner, column]
                    )
                values[node, column] = total


@jit
def _inner_edges(nodes: Rows, edges: Edges, parts: Parts) -> tuple[Rows, Rows, Floats]:
    room = 0
    for node in nodes:
        room += edges.first[node + 1] - edges.first[node]
    source, target, weight = np.empty(room, np.int32), np.empty(room, np.int32), np.empty(room)
    fill = 0
    for node in nodes:
        for place in range(edges.first[node], edges.first[node + 1]):
            other = edges.target[place]
            if edges.weight[place] > 0 and parts.number[other] == parts.number[node]:
                source[fill], target[fill] = parts.place[node], parts.place[other]
                weight[fill] = edges.weight[place]
                fill += 1
    return source[:fill], target[:fill], weight[:fill]


@jit
def _small_diagonal(nodes: Rows, parts: Parts, blocks: Blocks) -> Floats:
    found = np.ones(len(nodes))
    for place in range(len(nodes)):
        component = parts.number[nodes[place]]
        if blocks.endless[component]:
            found[place] = np.inf
        elif blocks.first[component + 1] > blocks.first[component]:
            size = parts.first[component + 1] - parts.first[component]
            found[place] = blocks.value[blocks.first[component] + parts.place[nodes[place]] * (size + 1)]
    return found


@dataclass(frozen=True)
class Flow:
    """A graph prepared for pushing mass: what one node passes on may come back to it through loops, without end.

    `push(b)` gives y = b (I - M)^-1 with M[source, target] = weight. Where a loop multiplies mass without bound,
    y is infinite there and beyond; where no node passes on more than 1 and no loop is closed, this cannot be.
    """

    parts: Parts
    blocks: Blocks
    outer: Edges
    factors: dict[int, DenseFactor | SparseFactor] = field(default_factory=dict)

    @classmethod
    def of(cls, edges: Edges, known: KnownFactors | None = None, name: Rows | None = None) -> Flow:
        """Prepare a graph; weights are at least 0, and 0 is no edge.

        `known` are factors of loops that were met before, in graphs whose nodes have other rows but the same `name`.
        """
        number, count = strong_components(edges.first, edges.target, (edges.weight > 0).astype(np.uint8))
        member_first, members = group(number, count)
        if name is not None:
            members = np.lexsort((name, number)).astype(np.int32)
        place = np.empty(len(number), np.int32)
        place[members] = np.arange(len(members)) - member_first[number[members]]
        parts = Parts(number, member_first, members, place)
        flow = cls(parts, _small_blocks(edges, parts), Edges(*_outer_edges(edges, number)))
        for component in np.flatnonzero(np.diff(member_first) > SMALL).tolist():
            with threads_for(member_first.item(component + 1) - member_first.item(component)):
                flow._add_factor(component, edges, known)
        return flow

    def _add_factor(self, component: int, edges: Edges, known: KnownFactors | None) -> None:
        nodes = self.members_of(component)
        inner = _inner_edges(nodes, edges, self.parts)
        factor = known.of(len(nodes), inner) if known else _finite_factor(len(nodes), inner)
        if factor is None:
            self.blocks.endless[component] = 1
        else:
            self.factors[component] = factor

    def members_of(self, component: int) -> Rows:
        """The nodes of a component."""
        return self.parts.members[self.parts.first[component] : self.parts.first[component + 1]]

    def push(self, mass: Floats) -> Floats:
        """Y = b (I - M)^-1 for b = `mass`, both as long as there are nodes."""
        found = mass.copy()
        high = len(self.parts.first) - 2
        for component in sorted(self.factors, reverse=True):
            self._swept(found, high, component + 1)
            nodes = self.members_of(component)
            if found[nodes].any():
                with threads_for(len(nodes)):
                    found[nodes] = self._solved(component, found[nodes])
            self._swept(found, component, component)
            high = component - 1
        self._swept(found, high, 0)
        return found

    def _solved(self, component: int, mass: Floats) -> Floats:
        if not np.isfinite(mass).all():
            return np.full(len(mass), np.inf)
        # The inverse has no negative entry; one ulp below zero is rounding.
        return np.maximum(self.factors[component].solve(mass), 0.0)

    def _swept(self, mass: Floats, high: int, low: int) -> None:
        _sweep(mass, high, low, self.parts, self.blocks, self.outer)

    def collect(self, values: Floats) -> Floats:
        """U = (I - M)^-1 b for b = `values`, a row by node and any number of columns: what each node gets from all.

        For graphs without endless loops only.
        """
        found = values.copy()
        low = 0
        for component in sorted(self.factors):
            # The sweep adds what comes from outside to a large loop too, and leaves the loop itself to its factor.
            self._collected(found, low, component)
            nodes = self.members_of(component)
            found[nodes] = self.factors[component].solve_back(np.asfortranarray(found[nodes]))
            low = component + 1
        self._collected(found, low, len(self.parts.first) - 2)
        return found

    def _collected(self, values: Floats, low: int, high: int) -> None:
        _sweep_back(values, low, high, self.parts, self.blocks, self.outer)

    def diagonal(self, nodes: Rows, costly: int) -> Floats:
        """Entries (node, node) of (I - M)^-1; NaN where it was too costly.

        Entries inside large sparse loops cost a solve each: of those, the first `costly` of `nodes` are found.
        """
        found = _small_diagonal(nodes, self.parts, self.blocks)
        component = self.parts.number[nodes]
        for number, factor in self.factors.items():
            inside = np.flatnonzero(component == number)
            found[inside] = np.nan
            if isinstance(factor, SparseFactor) and not factor.diagonal_is_cheap:
                inside = inside[:costly]
            found[inside] = factor.diagonal(self.parts.place[nodes[inside]].astype(np.int64))
        return found
