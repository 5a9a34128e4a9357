"""回测指标: each a ratio of sums over days, so that days can be pooled, resampled and compared.

- auc: how often a party hit scores above one that was not, ties counting half (Hanley and McNeil 1982), within a day.
- precision@k: part of the k highest scores that was hit; a tie at the border counts in expectation.
- brier: mean squared error of the calibrated score (Brier 1950); brier_skill: by how much it is below that of the
  rate of all, as a part of it; reliability_slope: slope of what happened on what was said, within a day; 1 is right.

A score becomes a probability by the monotone map that fits best (isotonic regression) on days whose windows are over.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from scipy.optimize import isotonic_regression
from scipy.stats import rankdata, t

from queries.stakes import Floats

Mask = NDArray[np.bool_]

CONFIDENCE: Final = 0.95
_RESAMPLED: Final = 1000


class Ratio(NamedTuple):
    """Numerators and denominators by day."""

    top: Floats
    bottom: Floats

    @property
    def value(self) -> float:
        """Over all days; NaN where nothing was measured."""
        below = float(self.bottom.sum())
        return float(self.top.sum()) / below if below else float("nan")


class Interval(NamedTuple):
    """A value with its 95 % interval."""

    value: float
    low: float
    high: float


def auc(score: Floats, hit: Mask) -> tuple[float, float]:
    """Pairs in the right order, and pairs."""
    hits = int(hit.sum())
    pairs = hits * (len(hit) - hits)
    ranks = rankdata(score)
    return float(ranks[hit].sum()) - hits * (hits + 1) / 2, float(pairs)


def precision(score: Floats, hit: Mask, k: int) -> tuple[float, float]:
    """Hits among the k highest scores, and k; fewer where there are not so many."""
    k = min(k, len(score))
    if not k:
        return 0.0, 0.0
    border = np.partition(score, len(score) - k)[len(score) - k]
    above, at = score > border, score == border
    return float(hit[above].sum() + (k - above.sum()) * hit[at].mean()), float(k)


class Calibration(NamedTuple):
    """A step function from score to probability."""

    score: Floats
    probability: Floats

    def of(self, score: Floats) -> Floats:
        """Probabilities; a score below all that were seen has that of the lowest."""
        place = np.searchsorted(self.score, score, side="right") - 1
        return self.probability[np.maximum(place, 0)]


def calibrated(score: Floats, hit: Mask) -> Calibration:
    """The monotone map that fits best."""
    levels, which, count = np.unique(score, return_inverse=True, return_counts=True)
    rate = np.bincount(which, hit) / count
    return Calibration(levels, isotonic_regression(rate, weights=count).x)


def squares(probability: Floats, hit: Mask) -> float:
    """Sum of squared errors."""
    return float(((probability - hit) ** 2).sum())


def slope(probability: Floats, hit: Mask) -> tuple[float, float]:
    """Covariance of what was said and what happened, and the variance of what was said, as sums."""
    if probability.min() == probability.max():
        return 0.0, 0.0
    said = probability - probability.mean()
    return float((said * hit).sum()), float((said**2).sum())


def over_worlds(values: Sequence[float]) -> Interval:
    """Mean over worlds that are independent of each other, with Student's interval; NaN is left out."""
    found = np.array([value for value in values if not np.isnan(value)])
    if not len(found):
        return Interval(float("nan"), float("nan"), float("nan"))
    mean = float(found.mean())
    if len(found) == 1:
        return Interval(mean, float("nan"), float("nan"))
    half = float(t.ppf((1 + CONFIDENCE) / 2, len(found) - 1)) * float(found.std(ddof=1)) / len(found) ** 0.5
    return Interval(mean, mean - half, mean + half)


def over_days(ratio: Ratio, other: Ratio | None = None) -> Interval:
    """A ratio, less another one of the same days, with the interval of 1,000 resamples of the days (Efron 1979)."""
    days = len(ratio.top)
    weight = np.random.default_rng(0).multinomial(days, np.full(days, 1 / days), _RESAMPLED)
    drawn = _drawn(ratio, weight) - (_drawn(other, weight) if other else 0.0)
    value = ratio.value - (other.value if other else 0.0)
    drawn = drawn[~np.isnan(drawn)]
    if not len(drawn):
        return Interval(value, float("nan"), float("nan"))
    tail = (1 - CONFIDENCE) / 2
    low, high = np.quantile(drawn, [tail, 1 - tail]).tolist()
    return Interval(value, low, high)


def _drawn(ratio: Ratio, weight: NDArray[np.int64]) -> Floats:
    below = weight @ ratio.bottom
    found: Floats = np.where(below > 0, weight @ ratio.top / np.where(below > 0, below, 1.0), np.nan)
    return found
