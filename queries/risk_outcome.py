"""What every risk model gives: distress by party with its range, and the flows over edges that explain it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.diffusion import Network, Spread
from queries.exposure import Exposures
from queries.owners import PLACES
from queries.stakes import Floats


@dataclass(frozen=True)
class Outcome:
    """Distress by party: rows in any order, each with its central value and range, rounded.

    `spread` on `network`, whose edges are those of `edges`, explains the central values; `capped` is False for a
    model whose values have no cap.
    """

    row: NDArray[np.int64]
    distress: Floats
    low: Floats
    high: Floats
    edges: Exposures
    network: Network
    spread: Spread
    rounds: int
    converged: bool
    capped: bool = True
    notes: tuple[tuple[str, str], ...] = ()
    """What the reader should know beside: code and message."""


def rounded(values: Floats) -> Floats:
    """Numbers as an answer shows them: what stands behind 12 places depends on the order of sums."""
    return np.round(values, PLACES).astype(np.float64)
