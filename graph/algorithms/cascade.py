"""Independent cascade (Goldenberg, Libai and Muller 2001; Kempe, Kleinberg and Tardos 2003) by seeded Monte Carlo.

A node that falls tries each of its edges once; an edge fires with its weight, at most 1, as probability. Whether an
edge fires in a run is a hash of the seed, the run and the edge's stable keys, so a draw depends on nothing else: not on
other edges, their order, or the number of workers. In each run, therefore, one more edge or shock never saves anybody.
"""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import jit
from graph.algorithms.diffusion import Floats, Keys, Lists, Network, Rows, Shock, check_rows, mixed

Wide = NDArray[np.int64]

Z95: Final = 1.959963984540054
"""97.5 % quantile of the normal distribution."""
_CHUNK: Final = 50
_OWN: Final = np.uint64(0xA5A5A5A55A5A5A5A)


class Draws(NamedTuple):
    """The seed, and which runs: the same seed and run draw the same numbers on the same edges."""

    seed: int
    runs: int
    first: int = 0


@dataclass(frozen=True)
class Cascades:
    """Nodes that fell in any run, in the order of their keys, by the caller's row.

    `mean` is the part of runs in which a node fell, `error` its standard error, `low` and `high` the 95 % interval of
    Wilson (1927). `size` is by run the number of fallen nodes, `loss` the sum of their values; shocked nodes count.
    """

    node: Rows
    count: Wide
    mean: Floats
    error: Floats
    low: Floats
    high: Floats
    size: Wide
    loss: Floats
    runs: int


class _Space(NamedTuple):
    """By place: the number of the last run in which a node fell, and in how many it did; and who falls in this run."""

    seen: Wide
    fallen: Wide
    queue: Rows


@jit
def _draw(bits: np.uint64) -> float:
    """SplitMix64's finaliser as a number from 0 to below 1; the same as `mixed`."""
    bits += np.uint64(0x9E3779B97F4A7C15)
    bits = (bits ^ (bits >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
    bits = (bits ^ (bits >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
    bits ^= bits >> np.uint64(31)
    return float(bits >> np.uint64(11)) * (1.0 / 9007199254740992.0)


@jit
def _cascades(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    ahead: Lists,
    stamp: Keys,
    seeds: tuple[Rows, Floats, Keys],
    salts: Keys,
    value: Floats,
    space: _Space,
) -> tuple[Wide, Floats]:
    size, loss = np.zeros(len(salts), np.int64), np.zeros(len(salts))
    for run in range(len(salts)):
        fill, salt = 0, salts[run]
        for at in range(len(seeds[0])):
            if _draw(seeds[2][at] ^ salt) < seeds[1][at]:
                space.queue[fill] = seeds[0][at]
                space.seen[seeds[0][at]] = run + 1
                fill += 1
        begin = 0
        while begin < fill:
            node = space.queue[begin]
            begin += 1
            for place in range(ahead.first[node], ahead.first[node + 1]):
                other = ahead.other[place]
                if space.seen[other] != run + 1 and _draw(stamp[place] ^ salt) < ahead.weight[place]:
                    space.seen[other] = run + 1
                    space.queue[fill] = other
                    fill += 1
        fallen = np.sort(space.queue[:fill]) if len(value) else space.queue[:fill]
        for node in fallen:
            space.fallen[node] += 1
            if len(value):
                loss[run] += value[node]
        size[run] = fill
    return size, loss


def wilson(count: Wide, runs: int) -> tuple[Floats, Floats]:
    """The 95 % interval of Wilson (1927) for a part of so many runs."""
    mean, square = count / runs, Z95**2 / runs
    middle = (mean + square / 2) / (1 + square)
    half = Z95 / (1 + square) * np.sqrt(mean * (1 - mean) / runs + square / (4 * runs))
    return np.where(count == 0, 0.0, middle - half), np.where(count == runs, 1.0, middle + half)


def cascades(
    net: Network, shock: Shock, draws: Draws, *, value: Floats | None = None, workers: int | None = None
) -> Cascades:
    """Run cascades from shocked nodes; a node shocked by less than 1 falls of itself with that probability.

    Args:
        net: Probabilities as weights; above 1 they count as 1.
        shock: Probability by shocked node.
        draws: Seed and number of runs.
        value: Value by node (caller's rows), such as the yuan that the firm has with it, for `loss`.
        workers: Threads; by default as many as there are processors, at most 8. They do not show in the result.

    Raises:
        ValueError: A shock outside [0, 1], a row out of range, no run, a negative seed or first run.
    """
    seeds = _seeds(net, shock)
    if draws.runs < 1 or draws.seed < 0 or draws.first < 0:
        raise ValueError(f"{draws}: at least one run, and no negative number")
    if value is not None and len(value) != net.size:
        raise ValueError(f"{len(value)} values for {net.size} nodes")
    by_place = np.zeros(0) if value is None else np.asarray(value, np.float64)[net.index.row]
    numbers = np.arange(draws.first, draws.first + draws.runs, dtype=np.uint64)
    salts = mixed(numbers ^ mixed(np.array([draws.seed % 2**64], np.uint64)))
    workers = min(workers or min(8, os.cpu_count() or 1), -(-draws.runs // _CHUNK))

    def part(worker: int) -> tuple[Wide, tuple[Wide, Floats]]:
        space = _Space(
            np.zeros(net.size, np.int64), np.zeros(net.size, np.int64), np.empty(net.size, np.int32)
        )
        result = _cascades(net.ahead, net.index.stamp, seeds, shares[worker], by_place, space)
        return space.fallen, result

    shares = np.array_split(salts, workers)
    with ThreadPoolExecutor(workers) as pool:
        parts = list(pool.map(part, range(workers)))
    total = parts[0][0]
    for count, _ in parts[1:]:
        total += count
    places = np.flatnonzero(total)
    count = total[places]
    mean = count / draws.runs
    low, high = wilson(count, draws.runs)
    return Cascades(
        net.index.row[places],
        count,
        mean,
        np.sqrt(mean * (1 - mean) / draws.runs),
        low,
        high,
        np.concatenate([size for _, (size, _) in parts]),
        np.concatenate([loss for _, (_, loss) in parts]),
        draws.runs,
    )


def _seeds(net: Network, shock: Shock) -> tuple[Rows, Floats, Keys]:
    """Places of shocked nodes in order, their probabilities and keys to draw by."""
    node, size = np.asarray(shock.node, np.int32), np.asarray(shock.size, np.float64)
    if len(node) != len(size):
        raise ValueError(f"{len(node)} shocked rows and {len(size)} sizes of shocks")
    check_rows(node, net.size, "shock")
    bad = ~((size >= 0) & (size <= 1))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ValueError(f"the shock to row {node[at]} is {size[at]}; a shock is from 0 to 1")
    places = net.index.place[node]
    order = np.argsort(places)
    places = places[order]
    if len(places) > 1 and (places[1:] == places[:-1]).any():
        raise ValueError(f"row {net.index.row[places[:-1][places[1:] == places[:-1]]][0]} is shocked twice")
    return places, size[order], mixed(net.index.key[places] ^ _OWN)
