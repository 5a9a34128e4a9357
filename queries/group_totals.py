"""集团合计: what the firm does with a group: clients, credit, products, revenue, and guarantees within it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graph.view import View
from queries.models import Answer, EntityId
from queries.owners import PLACES
from queries.stakes import Flags, Rows

MOST_CLIENTS = 50
"""Most clients whose credit is listed one by one; the totals count them all."""


class ClientCredit(Answer):
    """What the firm has at risk on one client of the group."""

    id: EntityId
    name: str
    exposures: int
    gross: float
    net: float


class GroupCredit(Answer):
    """授信: what the firm has at risk on the group, in yuan; each exposure counts once."""

    exposures: int = Field(description="Exposures whose client is in the group, dated on the day or before.")
    clients: int = Field(description="Clients in the group with an exposure.")
    gross: float = Field(description="Sum of the amounts at risk.")
    collateral: float = Field(description="Sum of the collateral held.")
    net: float = Field(
        description="Sum over exposures of the amount less its own collateral, not below 0 for any of them."
    )
    unknown_amounts: int = Field(description="Exposures whose amount no source states; counted as 0.")
    by_client: list[ClientCredit] = Field(
        description=f"The largest {MOST_CLIENTS}, by gross amount, then by id."
    )


class ProductCount(Answer):
    """How many companies of the group have one product of the firm."""

    id: EntityId
    name: str
    companies: int
    revenue: float = Field(description="Yuan a year, as far as it is stated.")


class GroupGuarantees(Answer):
    """互保: guarantees whose debtor and guarantor are both in the group; each counts once."""

    count: int
    amount: float = Field(description="Sum in yuan, as far as it is stated.")
    unknown_amounts: int


class GroupTotals(Answer):
    """Totals over all companies of the group, whatever page is shown; of a person at the top nothing is counted."""

    members: int = Field(description="Companies in the group, the top included where it is a company.")
    clients: int = Field(
        description="Companies that are marked as client, are covered by staff or have a product."
    )
    credit: GroupCredit
    products: list[ProductCount] = Field(description="By companies that have it, then by id.")
    holdings_of_products: int = Field(description="Pairs of company and product.")
    revenue: float = Field(description="Revenue to the firm from products, yuan a year, as far as stated.")
    unknown_revenues: int = Field(description="Pairs of company and product without a stated revenue.")
    guarantees_within: GroupGuarantees


def totals_of(view: View, rows: Rows) -> GroupTotals:
    """Sums over companies, given by row."""
    inside = np.zeros(view.size, np.bool_)
    inside[rows] = True
    owned = view.arrays("OWNS_PRODUCT")
    chosen = inside[owned.start]
    revenue = owned["revenue"][chosen]
    return GroupTotals(
        members=len(rows),
        clients=int(clients(view)[rows].sum()),
        credit=_credit(view, inside),
        products=_products(view, owned.end[chosen], revenue),
        holdings_of_products=int(chosen.sum()),
        revenue=_sum(revenue),
        unknown_revenues=int(np.isnan(revenue).sum()),
        guarantees_within=_guarantees(view, inside),
    )


def _sum(values: NDArray[np.float64]) -> float:
    """A sum that no order of rows shows in."""
    return float(np.sort(values[~np.isnan(values)]).sum())


# --- clients -------------------------------------------------------------------------------------------------------


def clients(view: View) -> Flags:
    """客户: for every row whether it is a client of the firm. Kept by View."""
    return view.foundation("clients", lambda: _clients(view))


def _clients(view: View) -> Flags:
    found = np.zeros(view.size, np.bool_)
    found[view.arrays("OWNS_PRODUCT").start] = True
    found[view.arrays("COVERS").end] = True
    for row in view.stating("Company", "client").tolist():
        found[row] |= bool(view.value(row, "client"))
    return found


# --- what companies take part in -----------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Parts:
    """Who plays one part in things of one type: pairs of the party's row and the thing's."""

    party: Rows
    thing: Rows


def _parts(view: View, kind: str, role: str) -> _Parts:
    return view.foundation(("parts", kind, role), lambda: _parts_of(view, kind, role))


def _parts_of(view: View, kind: str, role: str) -> _Parts:
    facts = view.arrays("PARTY_TO")
    chosen = view.of_kind(facts.end, kind) & facts.equals("role", role)
    return _Parts(facts.start[chosen], facts.end[chosen])


def _amounts(view: View, rows: Rows, name: str) -> NDArray[np.float64]:
    """A number of some things, NaN where none is stated."""
    values = (view.value(row, name) for row in rows.tolist())
    return np.array([np.nan if value is None else value for value in values], np.float64)


def _products(view: View, products: Rows, revenue: NDArray[np.float64]) -> list[ProductCount]:
    rows, which = np.unique(products, return_inverse=True)
    counts = np.bincount(which, minlength=len(rows))
    found = [
        ProductCount(
            id=view.id(row),
            name=view.name(row),
            companies=counts.item(at),
            revenue=_sum(revenue[which == at]),
        )
        for at, row in enumerate(rows.tolist())
    ]
    return sorted(found, key=lambda line: (-line.companies, line.id))


def _credit(view: View, inside: Flags) -> GroupCredit:
    parts = _parts(view, "Exposure", "client")
    chosen = inside[parts.party]
    client, exposure = parts.party[chosen], parts.thing[chosen]
    told = np.array([_by_now(view, row) for row in exposure.tolist()], np.bool_)
    client, exposure = client[told], exposure[told]
    each = np.unique(exposure)
    amount, collateral = _amounts(view, each, "amount"), _amounts(view, each, "collateral")
    net = np.maximum(amount - np.nan_to_num(collateral), 0.0)
    at = np.searchsorted(each, exposure)
    return GroupCredit(
        exposures=len(each),
        clients=len(np.unique(client)),
        gross=_sum(amount),
        collateral=_sum(collateral),
        net=_sum(net),
        unknown_amounts=int(np.isnan(amount).sum()),
        by_client=_by_client(view, client, amount[at], net[at]),
    )


def _by_now(view: View, exposure: int) -> bool:
    """Whether a figure is of the day asked for or before."""
    day = view.value(exposure, "date")
    return day is None or day <= view.as_of


def _by_client(
    view: View, client: Rows, amount: NDArray[np.float64], net: NDArray[np.float64]
) -> list[ClientCredit]:
    """The largest, by gross amount, then by id."""
    rows, which = np.unique(client, return_inverse=True)
    order = np.argsort(which, kind="stable")
    bounds = np.searchsorted(which[order], np.arange(len(rows) + 1))
    places = [order[bounds[i] : bounds[i + 1]] for i in range(len(rows))]
    gross = np.array([_sum(amount[at]) for at in places])
    largest = np.lexsort((view.id_keys()[rows], -np.round(gross, PLACES)))[:MOST_CLIENTS].tolist()
    return [
        ClientCredit(
            id=view.id(rows.item(i)),
            name=view.name(rows.item(i)),
            exposures=len(places[i]),
            gross=gross.item(i),
            net=_sum(net[places[i]]),
        )
        for i in largest
    ]


def _guarantees(view: View, inside: Flags) -> GroupGuarantees:
    debtors, guarantors = _parts(view, "Guarantee", "debtor"), _parts(view, "Guarantee", "guarantor")
    within = np.intersect1d(debtors.thing[inside[debtors.party]], guarantors.thing[inside[guarantors.party]])
    amount = _amounts(view, within, "amount")
    return GroupGuarantees(
        count=len(within), amount=_sum(amount), unknown_amounts=int(np.isnan(amount).sum())
    )
