"""股权与授信事实: holders, controllers, groups, pledges, guarantees, customers and bonds, over all companies."""

from __future__ import annotations

from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.columns import day_number
from queries import stakes
from queries.exposure import matches, parts
from queries.exposure_equity import dense
from queries.group_realm import Realm, split, whole
from queries.indicators_ground import (
    FEN,
    PLACES,
    Columns,
    Ground,
    as_days,
    days_of,
    objects,
    picked,
    texts_of,
)
from queries.stakes import Floats

Rows = NDArray[np.int64]

TOP: Final = 5
"""Of customers and suppliers the five largest are disclosed (前五大)."""


def columns(ground: Ground) -> Columns:
    """What stands above, below and beside each company."""
    return {**_holders(ground), **_controllers(ground), **_groups(ground), **_credit(ground), **_trade(ground),
            **_bonds(ground)}  # fmt: skip


# --- owners --------------------------------------------------------------------------------------------------------


def _holders(ground: Ground) -> Columns:
    """The largest stake, all share classes of a holder together."""
    capital = stakes.capital(ground.view)
    holder, company = (ends.astype(np.int64) for ends in (capital.facts.start, capital.facts.end))
    known = ~np.isnan(capital.stated)
    pairs, which = np.unique(company[known] * ground.view.size + holder[known], return_inverse=True)
    share = np.bincount(which, capital.stated[known], minlength=len(pairs)).astype(np.float64).round(PLACES)
    return {"largest_stake": ground.most(pairs // max(ground.view.size, 1), share)}


def _controllers(ground: Ground) -> Columns:
    """Controllers as computed; where votes show none, as disclosed."""
    view, control = ground.view, stakes.control(ground.view)
    agreements = stakes.ballot(view).agreements
    number = control.controller[ground.rows].astype(np.int64)
    joint = number >= view.size
    firsts = np.array([a.members[0] for a in agreements], np.int64)
    computed = np.where(joint, firsts[np.where(joint, number - view.size, 0)] if len(firsts) else -1, number)
    disclosed, ratio, together = _disclosed(ground)
    top = np.where(number >= 0, computed, disclosed)
    votes = np.round(control.gathered[ground.rows].astype(np.float64), PLACES)
    there = top >= 0
    return {
        "controller_id": _or_none(there, view.ids(top[there])),
        "controller_kind": _or_none(there, [view.kind(row) for row in top[there].tolist()]),
        "controller_state": _or_none(there, np.isin(top[there], stakes.state_bodies(view)).tolist()),
        "controller_joint": _or_none(there, np.where(number >= 0, joint, together)[there].tolist()),
        "controller_basis": _or_none(there, np.where(number >= 0, "computed", "disclosed")[there].tolist()),
        "controller_stake": np.where(number >= 0, votes, ratio),
    }


def _disclosed(ground: Ground) -> tuple[Rows, Floats, NDArray[np.bool_]]:
    """Of those disclosed the one with the largest ratio, then the smallest id; its ratio; whether there are several."""
    facts = ground.view.arrays("CONTROLS")
    company, party = facts.end.astype(np.int64), facts.start.astype(np.int64)
    ratio = facts["ratio"]
    last = np.where(np.isnan(ratio), np.inf, -ratio)
    best = ground.best(company, (last, ground.view.id_keys()[party]))
    return picked(party, best, -1), picked(ratio, best, np.nan), ground.count(company) > 1


def _or_none(there: NDArray[np.bool_], values: list[Any]) -> NDArray[np.object_]:
    found = np.full(len(there), None, np.object_)
    found[there] = objects(values)
    return found


def _groups(ground: Ground) -> Columns:
    """Companies under the same ultimate controllers; below a state body, what stands together without it."""
    view, realm = ground.view, whole(ground.view)
    size = _sizes(ground, realm, ground.rows)
    controller, bodies = realm.control.controller, stakes.state_bodies(view)
    concerts = [
        view.size + n for n, members in enumerate(realm.agreements) if set(members) <= set(bodies.tolist())
    ]
    of_state = np.isin(controller, [*bodies.tolist(), *concerts])
    below = ground.rows[of_state[ground.rows]]
    if len(below):
        chosen = np.flatnonzero(of_state[stakes.ballot(view).votes.ballots.company])
        size[ground.place[below]] = _sizes(ground, split(view, chosen, bodies), below)
    size[ground.place[bodies]] = 1
    under = np.bincount(controller[controller >= 0], minlength=view.size)[: view.size]
    return {"group_size": size, "subsidiaries": under[ground.rows]}


def _sizes(ground: Ground, realm: Realm, rows: Rows) -> NDArray[np.int64]:
    """Of companies that are parties of a realm how many stand under the same top each, that included."""
    controller, size = realm.control.controller.astype(np.int64), len(realm.nodes)
    stands_for = np.arange(size + len(realm.agreements))
    stands_for[:size] = np.where(realm.cast_in >= 0, realm.cast_in, stands_for[:size])
    top = np.where(controller >= 0, stands_for[controller], -1)
    counted = np.bincount(top[top >= 0], minlength=len(stands_for))
    company = np.zeros(len(stands_for), np.bool_)
    parties = np.flatnonzero(realm.cast_in < 0)
    company[parties] = ground.place[realm.nodes[parties]] >= 0
    outside = np.ones(len(stands_for), np.bool_)
    outside[:size] = top != np.arange(size)
    places = parties[np.searchsorted(realm.nodes[parties], rows)]
    own = np.where(top[places] >= 0, top[places], places)
    found: NDArray[np.int64] = counted[own] + (company & outside)[own]
    return found


# --- credit, trade, bonds ------------------------------------------------------------------------------------------


def _credit(ground: Ground) -> Columns:
    view = ground.view
    party, pledge = parts(view, "Pledge", "security")
    issued = view.arrays("ISSUED")
    of, by = matches(party, issued.end.astype(np.int64), view.size)
    party = np.concatenate([party, issued.start.astype(np.int64)[by]])
    pledge = np.concatenate([pledge, pledge[of]])
    party, pledge = _pairs(party, pledge, view.size)
    whole_number = dense(view, "Company", "total_shares")[party]
    shares = dense(view, "Pledge", "shares")[pledge] / np.where(whole_number > 0, whole_number, np.nan)
    ratio = dense(view, "Pledge", "ratio")[pledge]
    guarantor, guarantee = parts(view, "Guarantee", "guarantor")
    amount = dense(view, "Guarantee", "amount")[guarantee]
    return {
        "pledge_ratio": ground.sum(party, np.where(np.isnan(ratio), shares, ratio), PLACES),
        "guarantees_given": ground.sum(guarantor, amount, FEN),
    }


def _pairs(party: Rows, thing: Rows, size: int) -> tuple[Rows, Rows]:
    """Each pair once."""
    found = np.unique(party * size + thing)
    return found // max(size, 1), found % max(size, 1)


def _trade(ground: Ground) -> Columns:
    facts = ground.view.arrays("SUPPLIES")
    supplier, customer = facts.start.astype(np.int64), facts.end.astype(np.int64)
    sold, bought = facts["revenue_share"], facts["cost_share"]
    return {
        "customer_concentration": ground.largest_sum(supplier, sold, TOP),
        "largest_customer": ground.most(supplier, sold),
        "supplier_concentration": ground.largest_sum(customer, bought, TOP),
    }


def _bonds(ground: Ground) -> Columns:
    """Bonds that have not matured, and the first day on which one does."""
    view = ground.view
    issued = view.arrays("ISSUED")
    company, security = issued.start.astype(np.int64), issued.end.astype(np.int64)
    kinds, matures = (
        texts_of(view, "Security", "kind")[security],
        days_of(view, "Security", "matures_on")[security],
    )
    today = day_number(view.as_of)
    open_ones = np.flatnonzero(np.isin(kinds.astype(str), ("bond", "convertible")) & (matures > today))
    company, matures = company[open_ones], matures[open_ones]
    first = -ground.most(company, -matures)
    days = objects([None if np.isnan(day) else int(day - today) for day in first.tolist()])
    return {"bonds": ground.count(company), "bond_matures_on": as_days(first), "bond_matures_days": days}
