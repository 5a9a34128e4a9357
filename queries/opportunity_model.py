"""成交概率: how likely a client takes a product within the window, fitted on what happened, reproducibly.

A logistic model: logit P = logit(base rate of the product) + the sum of weight x strength over sources and rules. The
weights are the most probable ones under normal priors (MAP), found by Newton's method from the prior means, so that
equal data give equal weights. Without data the weights are the priors; where nothing about a client matters they go
to 0, and what is left is popularity.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

import numpy as np

from queries.opportunity_proposals import Flags, Floats, Rows

STEPS: Final = 50
TOLERANCE: Final = 1e-9
SPREAD: Final = 1.0
"""Standard deviation of the prior of a weight, in log-odds."""
BASE_WEIGHT: Final = 20.0
"""How many cases the overall base rate counts for, beside a product's own."""
LEAST_RATE: Final = 1e-4


@dataclass(frozen=True)
class Cases:
    """Pairs of a client and a product that it did not have: `features` (cases, weights), and which were taken."""

    product: Rows
    features: Floats
    taken: Flags

    @classmethod
    def joined(cls, parts: Sequence[Cases]) -> Cases:
        """All of several days."""
        return cls(
            np.concatenate([part.product for part in parts]),
            np.concatenate([part.features for part in parts]),
            np.concatenate([part.taken for part in parts]),
        )


@dataclass(frozen=True)
class Fitted:
    """Base rate by product, and the weights."""

    base: Floats
    weights: Floats

    def probability(self, product: Rows, features: Floats) -> Floats:
        """The chance of each pair, (cases,)."""
        return _logistic(_logit(self.base)[product] + features @ self.weights)


def fit(cases: Cases, products: int, prior: Floats) -> Fitted:
    """The most probable weights after the cases; `prior` are their means before.

    Args:
        cases: What happened.
        products: How many products there are.
        prior: (weights,) in log-odds a unit of strength.
    """
    offset = _logit(_base_rates(cases, products, np.zeros(len(cases.product))))[cases.product]
    weights = prior.astype(np.float64)
    base = _base_rates(cases, products, np.zeros(len(cases.product)))
    used = np.flatnonzero(np.abs(cases.features).sum(axis=0) > 0)
    x, y = cases.features[:, used], cases.taken.astype(np.float64)
    for _ in range(STEPS):
        chance = _logistic(offset + x @ weights[used])
        slope = x.T @ (y - chance) - (weights[used] - prior[used]) / SPREAD**2
        bend = (x * (chance * (1 - chance))[:, None]).T @ x + np.eye(len(used)) / SPREAD**2
        step = np.linalg.solve(bend, slope)
        weights[used] += step
        base = _base_rates(cases, products, cases.features @ weights)
        offset = _logit(base)[cases.product]
        if np.abs(step).max(initial=0.0) < TOLERANCE:
            break
    return Fitted(base, np.round(weights, 6))


def _base_rates(cases: Cases, products: int, lifted: Floats) -> Floats:
    """Rate of each product where no source speaks, shrunk to the rate of all.

    What sources explain is taken out: a case counts as many times as they make it likelier.
    """
    weight = np.exp(np.clip(lifted, -8, 8))
    seen = np.bincount(cases.product, weight, products)
    taken = np.bincount(cases.product, cases.taken, products)
    overall = max(float(taken.sum()), 1.0) / max(float(seen.sum()), 1.0)
    return np.clip((taken + BASE_WEIGHT * overall) / (seen + BASE_WEIGHT), LEAST_RATE, 0.5)


def _logit(rate: Floats) -> Floats:
    return np.log(rate) - np.log1p(-rate)


def _logistic(value: Floats) -> Floats:
    return 1 / (1 + np.exp(-np.clip(value, -30, 30)))
