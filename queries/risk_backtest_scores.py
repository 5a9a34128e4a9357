"""回测打分: what each model and each simple rule says of every party on a past day."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from scipy.sparse import csr_array
from scipy.sparse.csgraph import dijkstra

from graph.algorithms.diffusion import Shock, mixed
from graph.view import View
from queries.exposure import Exposures
from queries.risk_channels import CHANNELS
from queries.risk_models import Model, Sampling, run
from queries.stakes import Floats

Rows = NDArray[np.int64]

BY_CHANNEL: Final[frozenset[Model]] = frozenset({"linear", "original", "cascade"})
"""Models that run on the channels; clearing has debts and guarantees alone, and none to leave out."""

_PRIOR_FIRMS: Final = 20
"""An industry's rate is drawn towards that of all as if it had so many more companies, of the average."""


@dataclass(frozen=True)
class Moment:
    """A past day: its View and network, who is in distress, and who was ever hit as far as known."""

    view: View
    found: Exposures
    shocked: Rows
    ever_hit: Rows
    sampling: Sampling

    @property
    def shock(self) -> Shock:
        """Whole distress of all who are."""
        return Shock(self.shocked.astype(np.int32), np.ones(len(self.shocked)))


def model_scores(moment: Moment, model: Model, left_out: str | None = None) -> Floats:
    """Distress of every row; with a channel left out."""
    found = moment.found if left_out is None else without(moment.found, left_out)
    score = np.zeros(moment.view.size)
    if len(moment.shocked):
        outcome = run(found, moment.shock, model, moment.sampling)
        score[outcome.row] = outcome.distress
    return score


def without(found: Exposures, channel: str) -> Exposures:
    """The same network with the edges of a channel weighing nothing."""
    return replace(found, weight=np.where(found.channel == CHANNELS.index(channel), 0.0, found.weight))


def channels_in(found: Exposures) -> list[str]:
    """The channels that the network has edges of."""
    return [CHANNELS[at] for at in np.unique(found.channel).tolist()]


def _same_for_all(moment: Moment) -> Floats:
    return np.zeros(moment.view.size)


def _random(moment: Moment) -> Floats:
    salt = mixed(np.array([moment.sampling.seed], np.uint64))[0]
    return mixed(moment.view.id_keys() ^ salt).astype(np.float64)


def _degree(moment: Moment) -> Floats:
    """Number of parties that one is tied to."""
    size, found = moment.view.size, moment.found
    ends = np.concatenate([found.source, found.target]).astype(np.int64)
    others = np.concatenate([found.target, found.source]).astype(np.int64)
    pairs = np.unique(ends * size + others)
    return np.bincount(pairs // size, minlength=size).astype(np.float64)


def _near(moment: Moment, *, directed: bool) -> Floats:
    """Less the steps from the nearest party in distress."""
    size, found = moment.view.size, moment.found
    if not len(moment.shocked):
        return np.zeros(size)
    edges = csr_array((np.ones(len(found)), (found.source, found.target)), shape=(size, size))
    steps = dijkstra(edges, directed=directed, indices=moment.shocked, unweighted=True, min_only=True)
    return -np.where(np.isfinite(steps), steps, float(size))


def _distance(moment: Moment) -> Floats:
    return _near(moment, directed=False)


def _distance_directed(moment: Moment) -> Floats:
    return _near(moment, directed=True)


def _industry(moment: Moment) -> Floats:
    """Part of the companies of one's industry that were ever hit, as far as known."""
    view = moment.view
    hit = np.zeros(view.size)
    hit[moment.ever_hit] = 1.0
    companies = view.rows("Company")
    overall = float(hit[companies].mean()) if len(companies) else 0.0
    facts = view.arrays("IN_INDUSTRY")
    of_company = view.of_kind(facts.start, "Company")
    company, industry = facts.start[of_company], facts.end[of_company]
    members = np.bincount(industry, minlength=view.size)
    struck = np.bincount(industry, hit[company], minlength=view.size)
    rate = (struck + _PRIOR_FIRMS * overall) / (members + _PRIOR_FIRMS)
    score = np.full(view.size, -1.0)
    np.maximum.at(score, company, rate[industry])
    return np.where(score < 0, overall, score)


def _pagerank(moment: Moment) -> Floats:
    return model_scores(moment, "pagerank")


BASE_RATE: Final = "base_rate"
BASELINES: Final[Mapping[str, Callable[[Moment], Floats]]] = {
    BASE_RATE: _same_for_all,
    "random": _random,
    "degree": _degree,
    "distance": _distance,
    "distance_directed": _distance_directed,
    "industry": _industry,
    "pagerank": _pagerank,
}
"""What a model must beat: by name, from a moment to a score by row."""
