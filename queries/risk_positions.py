"""本公司敞口: what the firm has at risk on its clients, by exposure, as arrays; kept by View."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from graph.columns import day_number
from graph.view import View
from queries.exposure import parts
from queries.exposure_equity import dense
from queries.stakes import Floats

Rows = NDArray[np.int64]


@dataclass(frozen=True)
class Positions:
    """Exposures dated on the day or before; a line for each client of each. Amounts in yuan, NaN where unknown.

    `net` is the amount less the collateral, not below 0, and 0 where the amount is unknown. Lines are in the order of
    the ids of the exposure, then of the client.
    """

    exposure: Rows
    client: Rows
    amount: Floats
    collateral: Floats
    net: Floats

    def by_row(self, size: int) -> Floats:
        """Net amount by row."""
        return np.bincount(self.client, self.net, minlength=size).astype(np.float64)


def positions(view: View) -> Positions:
    """All exposures of the firm. Kept by View."""
    return view.foundation("positions", lambda: _positions(view))


def _positions(view: View) -> Positions:
    client, exposure = parts(view, "Exposure", "client")
    rows, days = view.column("Exposure", "date")
    told = np.ones(view.size, np.bool_)
    told[rows] = days <= day_number(view.as_of)
    keys = view.id_keys()
    order = np.lexsort((keys[client], keys[exposure]))
    order = order[told[exposure[order]]]
    exposure, client = exposure[order], client[order]
    amount, collateral = (dense(view, "Exposure", name)[exposure] for name in ("amount", "collateral"))
    amount = np.where(amount < 0, np.nan, amount)
    net = np.maximum(np.nan_to_num(amount) - np.maximum(np.nan_to_num(collateral), 0.0), 0.0)
    return Positions(exposure, client, amount, collateral, net)


def net_by_row(view: View) -> Floats:
    """The firm's net exposure by row, in yuan. Kept by View."""
    return view.foundation("net exposure", lambda: positions(view).by_row(view.size))


def products(view: View) -> Rows:
    """By line of `positions` the row of the product, -1 for none; of several that with the smallest id. Kept."""
    return view.foundation("position products", lambda: _products(view))


def _products(view: View) -> Rows:
    product, exposure = parts(view, "Exposure", "product")
    order = np.argsort(view.id_keys()[product], kind="stable")[::-1]
    of_row = np.full(view.size, -1, np.int64)
    of_row[exposure[order]] = product[order]
    return of_row[positions(view).exposure]
