"""风险模型: one interface to all of them: shocks in, distress per party out, and what explains it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final, Literal, NamedTuple, get_args

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import diffusion
from graph.algorithms.cascade import Draws, cascades, wilson
from graph.algorithms.diffusion import Network, Shock, Spread
from graph.algorithms.pagerank import DAMPING, personalised_pagerank
from queries.exposure import Exposures
from queries.risk_clearing import cleared
from queries.risk_outcome import Outcome, rounded
from queries.stakes import Floats

Model = Literal["linear", "original", "clearing", "cascade", "pagerank"]
MODELS: Final[tuple[Model, ...]] = get_args(Model)
DEFAULT_RUNS: Final = 1000

Rows = NDArray[np.int64]


class Sampling(NamedTuple):
    """How a model that draws random numbers draws them."""

    seed: int = 0
    runs: int = DEFAULT_RUNS


def run(found: Exposures, shock: Shock, model: Model, sampling: Sampling) -> Outcome:
    """What a model makes of a shock."""
    return _MODELS[model](found, shock, sampling)


def _linear(found: Exposures, shock: Shock, _: Sampling) -> Outcome:
    return _debtrank(diffusion.linear_debtrank, found, shock)


def _original(found: Exposures, shock: Shock, _: Sampling) -> Outcome:
    return _debtrank(diffusion.original_debtrank, found, shock)


def _debtrank(kernel: Callable[[Network, Shock], Spread], found: Exposures, shock: Shock) -> Outcome:
    """Three runs; of the original DebtRank more weight may do less harm, so the range is that of all three."""
    spreads = [kernel(network, shock) for network in (found.low, found.central, found.high)]
    rows = np.unique(np.concatenate([spread.node for spread in spreads])).astype(np.int64)
    values = np.stack([rounded(spread.by_row(found.index.size)[rows]) for spread in spreads])
    central = spreads[1]
    return Outcome(
        row=rows,
        distress=values[1],
        low=values.min(axis=0),
        high=values.max(axis=0),
        edges=found,
        network=found.central,
        spread=central,
        rounds=central.rounds,
        converged=all(spread.converged for spread in spreads),
    )


def _cascade(found: Exposures, shock: Shock, sampling: Sampling) -> Outcome:
    """Distress is the part of runs in which a party falls; the range spans the 95 % intervals of low and high runs."""
    size, draws = found.index.size, Draws(sampling.seed, sampling.runs)
    low, central, high = (
        cascades(network, shock, draws) for network in (found.low, found.central, found.high)
    )
    rows = np.unique(np.concatenate([one.node for one in (low, central, high)])).astype(np.int64)
    never = wilson(np.zeros(1, np.int64), sampling.runs)[1].item(0)
    least = _placed(low.node, low.low, size, 0.0)[rows]
    most = _placed(high.node, high.high, size, never)[rows]
    mean = _placed(central.node, central.mean, size, 0.0)
    own = np.minimum(_placed(shock.node, shock.size, size, 0.0), mean)
    node = central.node
    return Outcome(
        row=rows,
        distress=rounded(mean[rows]),
        low=rounded(np.minimum(least, mean[rows])),
        high=rounded(np.maximum(most, mean[rows])),
        edges=found,
        network=found.central,
        spread=Spread(
            node, mean[node], own[node], mean[node], 0, converged=True, residual=0.0, highest_weight=1.0
        ),
        rounds=sampling.runs,
        converged=True,
    )


def _placed(rows: NDArray[np.int32], values: Floats, size: int, otherwise: float) -> Floats:
    found = np.full(size, otherwise)
    found[rows] = values
    return found


def _pagerank(found: Exposures, shock: Shock, _: Sampling) -> Outcome:
    """Relevance, no distress: values add up to 1, and what is unknown gives no range."""
    if not (shock.size > 0).any():
        return _debtrank(diffusion.linear_debtrank, found, shock)
    rank = personalised_pagerank(found.central, shock)
    value, weight = rank.by_row(found.index.size), found.weight[1]
    out = np.bincount(found.source, weight, minlength=found.index.size)
    part = DAMPING * weight / np.where(out > 0, out, 1.0)[found.source]
    inflow = np.bincount(found.target, part * value[found.source], minlength=found.index.size)
    given = np.zeros(found.index.size)
    given[shock.node] = np.maximum(value - inflow, 0.0)[shock.node]
    network = diffusion.network(found.index, part)
    rows, shown = rank.node.astype(np.int64), rounded(rank.value)
    spread = Spread(rank.node, rank.value, given[rows], rank.value, rank.sweeps, rank.converged, rank.error)
    return Outcome(
        rows, shown, shown, shown, found, network, spread, rank.sweeps, rank.converged, capped=False
    )


def _clearing(found: Exposures, shock: Shock, _: Sampling) -> Outcome:
    return cleared(found, shock)


_MODELS: Final[Mapping[Model, Callable[[Exposures, Shock, Sampling], Outcome]]] = {
    "linear": _linear,
    "original": _original,
    "clearing": _clearing,
    "cascade": _cascade,
    "pagerank": _pagerank,
}
