"""Clearing of debts and guarantee calls in the manner of Eisenberg and Noe (2001, Management Science 47(2), 236-249).

Every node has assets and owes nominal debts. Limited liability: nobody pays more than it has. Priority of debt: a node
that can not pay all it owes pays all it has. Pro rata: each creditor gets the same part. A guarantee is one more debt
of the guarantor, but contingent: it is called only for what the debtor left unpaid of its debts to that creditor.

- Joint and several (连带责任保证, Civil Code art. 688): called beside the debtor, at once for its shortfall.
- General (一般保证, art. 687): called after that, for what is still open; the guarantor's defence of prior enforcement
  (先诉抗辩权) has ended then, for in clearing a debtor falls short only when its whole estate is paid out.
- Several guarantors of one kind share what is open in proportion to what each guarantees; what one can not pay the
  others are called for, each up to its own amount (art. 699). So a creditor never gets more than its claim.

Recourse of a guarantor against the debtor (art. 700) brings nothing: the debtor's estate is paid out.

If one node pays a smaller part, its creditors get less or the same and its guarantors owe more or the same. So the map
from the parts paid to the parts paid is monotone, and from "all pay in full" downward it comes to the greatest clearing
vector. Defaults are found in waves as by Eisenberg and Noe's fictitious default algorithm: the first wave can not pay
even if all others do; each later wave falls because of those before.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import jit
from graph.algorithms.diffusion import Floats, Keys, Mask, Rows, Wide, check_rows

TOLERANCE: Final = 1e-9
_ROUNDING: Final = 1e-12


class Kind(IntEnum):
    """Kind of guarantee."""

    GENERAL = 0
    JOINT = 1


class Debts(NamedTuple):
    """What is owed, one line each; parallel lines of one debtor and creditor are one claim."""

    debtor: Rows
    creditor: Rows
    amount: Floats
    mask: Mask | None = None


class Guarantees(NamedTuple):
    """Who answers for a debtor's debts to a creditor, up to an amount; `kind` is of `Kind`, `key` a stable key."""

    guarantor: Rows
    debtor: Rows
    creditor: Rows
    amount: Floats
    kind: NDArray[np.uint8]
    key: Keys
    mask: Mask | None = None


NO_GUARANTEES: Final = Guarantees(
    np.zeros(0, np.int32),
    np.zeros(0, np.int32),
    np.zeros(0, np.int32),
    np.zeros(0),
    np.zeros(0, np.uint8),
    np.zeros(0, np.uint64),
)


@dataclass(frozen=True)
class Clearing:
    """The greatest clearing vector. Amounts are in the caller's unit.

    By node: `paid_part` of what it owes (1 where it owes nothing), `owed` with guarantees called, `available` assets
    and receipts, `equity` what is left after payment, `wave` in which it defaults (0: not at all). By debt: `paid` by
    the debtor, `open` after the guarantors (the creditor's loss). By guarantee: `called` and `called_paid`; `matched`
    says whether the debtor owes that creditor anything here. Hidden lines have zeros.

    `rounds` counts the iterations; `residual` is how much more of what it owes a node pays here than it has.
    """

    paid_part: Floats
    owed: Floats
    available: Floats
    equity: Floats
    wave: Rows
    paid: Floats
    open: Floats
    called: Floats
    called_paid: Floats
    matched: NDArray[np.bool_]
    rounds: int
    converged: bool
    residual: float


class _Claims(NamedTuple):
    """One claim for each pair, in the order of the keys; guarantees of a claim at `first[claim]`, joint ones first."""

    debtor: Rows
    creditor: Rows
    amount: Floats
    first: Wide
    guarantor: Rows
    limit: Floats
    joint: NDArray[np.bool_]


class _Flows(NamedTuple):
    """By node what it has and owes; by guarantee what is called and paid. Overwritten by each round."""

    available: Floats
    owed: Floats
    called: Floats
    called_paid: Floats


@jit
def _share(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    begin: int, end: int, open_amount: float, claims: _Claims, part: Floats, flows: _Flows
) -> float:
    """Call guarantees of one kind for what is open; what they pay."""
    worth = 0.0
    for at in range(begin, end):
        worth += part[claims.guarantor[at]] * min(claims.limit[at], open_amount)
    scale = 1.0 if worth <= open_amount else open_amount / worth
    paid = 0.0
    for at in range(begin, end):
        flows.called[at] = scale * min(claims.limit[at], open_amount)
        flows.called_paid[at] = flows.called[at] * part[claims.guarantor[at]]
        paid += flows.called_paid[at]
    return paid


@jit
def _flow(claims: _Claims, assets: Floats, part: Floats, flows: _Flows) -> None:
    """What everybody has and owes if everybody pays the given part."""
    flows.available[:] = assets
    flows.owed[:] = 0.0
    for claim in range(len(claims.debtor)):
        debtor, creditor, amount = claims.debtor[claim], claims.creditor[claim], claims.amount[claim]
        paid = part[debtor] * amount
        flows.owed[debtor] += amount
        begin, end = claims.first[claim], claims.first[claim + 1]
        middle = begin
        while middle < end and claims.joint[middle]:
            middle += 1
        by_joint = _share(begin, middle, max(amount - paid, 0.0), claims, part, flows)
        by_general = _share(middle, end, max(amount - paid - by_joint, 0.0), claims, part, flows)
        for at in range(begin, end):
            flows.owed[claims.guarantor[at]] += flows.called[at]
        flows.available[creditor] += paid + by_joint + by_general


@jit
def _clear(
    claims: _Claims, assets: Floats, tolerance: float, most_rounds: int, flows: _Flows
) -> tuple[Floats, Rows, int, bool]:
    """Waves of default; between waves those in default pay what they have until that changes no more."""
    size = len(assets)
    part, wave = np.ones(size), np.zeros(size, np.int32)
    rounds, number = 0, 0
    _flow(claims, assets, part, flows)
    while True:
        number += 1
        fallen = 0
        for node in range(size):
            if wave[node] == 0 and flows.available[node] < flows.owed[node] * (1.0 - _ROUNDING):
                wave[node] = number
                fallen += 1
        if fallen == 0:
            return part, wave, rounds, True
        while True:
            if rounds >= most_rounds:
                return part, wave, rounds, False
            rounds += 1
            change = 0.0
            for node in range(size):
                if wave[node]:
                    after = min(part[node], flows.available[node] / flows.owed[node])
                    change = max(change, part[node] - after)
                    part[node] = after
            _flow(claims, assets, part, flows)
            if change <= tolerance:
                break


def clear(  # noqa: PLR0913 - the system, and how exact the answer must be
    assets: Floats,
    key: Keys,
    debts: Debts,
    guarantees: Guarantees = NO_GUARANTEES,
    *,
    tolerance: float = TOLERANCE,
    most_rounds: int = 100_000,
) -> Clearing:
    """The greatest clearing vector of debts and contingent guarantees.

    A guarantee of debts that are not here is not called. Debts and guarantees of 0 are allowed.

    Args:
        assets: What each node has without what others here owe it; may not be negative.
        key: Stable key by node.
        debts: Nominal debts. What a node owes itself is left out.
        guarantees: Contingent debts.
        tolerance: The change of a part paid at which a round is the last of its wave.
        most_rounds: Rounds after which it is not `converged`.

    Raises:
        ValueError: An amount or an asset is negative or no number, a row is out of range, a kind is unknown, or a
            guarantor is the debtor or the creditor.
    """
    _check(assets, debts, guarantees)
    claims, of_debt, order, of_guarantee = _claims(key, debts, guarantees)
    flows = _Flows(np.zeros(len(key)), np.zeros(len(key)), np.zeros(len(order)), np.zeros(len(order)))
    part, wave, rounds, converged = _clear(
        claims, np.asarray(assets, np.float64), tolerance, most_rounds, flows
    )
    received = np.zeros(len(claims.debtor))
    np.add.at(received, np.repeat(np.arange(len(claims.debtor)), np.diff(claims.first)), flows.called_paid)
    shown = of_debt >= 0
    paid, still_open = np.zeros(len(of_debt)), np.zeros(len(of_debt))
    amount = np.asarray(debts.amount, np.float64)[shown]
    paid[shown] = part[debts.debtor[shown]] * amount
    claim = of_debt[shown]
    short = claims.amount[claim] * (1 - part[claims.debtor[claim]])
    left = np.where(short > 0, np.maximum(1 - received[claim] / np.where(short > 0, short, 1.0), 0.0), 0.0)
    still_open[shown] = (amount - paid[shown]) * left
    called, called_paid = np.zeros((2, len(of_guarantee)))
    called[order], called_paid[order] = flows.called, flows.called_paid
    return Clearing(
        part,
        flows.owed,
        flows.available,
        np.maximum(flows.available - flows.owed, 0.0),
        wave,
        paid,
        still_open,
        called,
        called_paid,
        of_guarantee >= 0,
        rounds,
        converged,
        _too_much(part, flows),
    )


def _too_much(part: Floats, flows: _Flows) -> float:
    short = flows.owed > flows.available
    return float((part[short] - flows.available[short] / flows.owed[short]).max(initial=0.0))


def _shown(mask: Mask | None, size: int) -> NDArray[np.bool_]:
    return np.ones(size, np.bool_) if mask is None else np.asarray(mask, np.bool_)


def _claims(key: Keys, debts: Debts, guarantees: Guarantees) -> tuple[_Claims, Wide, Wide, Wide]:
    """Claims in the order of the keys; the claim of each debt, guarantees in order, the claim of each (-1: none)."""
    size = len(key)
    place = np.empty(size, np.int64)
    place[np.argsort(key, kind="stable")] = np.arange(size)
    shown = _shown(debts.mask, len(debts.debtor)) & (debts.debtor != debts.creditor)
    pair = place[debts.debtor] * size + place[debts.creditor]
    rows = np.flatnonzero(shown)
    # Equal pairs in the order of their amounts, so that a sum does not depend on the order of rows.
    rows = rows[np.lexsort((debts.amount[rows], pair[rows]))]
    pairs, first, number = np.unique(pair[rows], return_index=True, return_inverse=True)
    of_debt = np.full(len(shown), -1, np.int64)
    of_debt[rows] = number
    amount = np.zeros(len(pairs))
    np.add.at(amount, number, debts.amount[rows])

    wanted = place[guarantees.debtor] * size + place[guarantees.creditor]
    at = np.searchsorted(pairs, wanted)
    known = at < len(pairs)
    known[known] = pairs[at[known]] == wanted[known]
    known &= _shown(guarantees.mask, len(guarantees.debtor))
    of_guarantee = np.where(known, at, -1)
    order = np.flatnonzero(known)
    by = (
        guarantees.key[order],
        place[guarantees.guarantor[order]],
        guarantees.kind[order] != Kind.JOINT,
        at[order],
    )
    order = order[np.lexsort(by)]
    claims = _Claims(
        debts.debtor[rows][first],
        debts.creditor[rows][first],
        amount,
        np.searchsorted(at[order], np.arange(len(pairs) + 1)),
        guarantees.guarantor[order],
        np.asarray(guarantees.amount, np.float64)[order],
        guarantees.kind[order] == Kind.JOINT,
    )
    return claims, of_debt, order, of_guarantee


def _check(assets: Floats, debts: Debts, guarantees: Guarantees) -> None:
    size = len(assets)
    _check_amounts(assets, None, "the assets of row")
    for name, rows in (("debtor", debts.debtor), ("creditor", debts.creditor)):
        check_rows(rows, size, name)
    _check_amounts(debts.amount, debts.mask, "debt")
    for name in ("guarantor", "debtor", "creditor"):
        check_rows(getattr(guarantees, name), size, f"the {name} of guarantee")
    _check_amounts(guarantees.amount, guarantees.mask, "guarantee")
    shown = _shown(guarantees.mask, len(guarantees.debtor))
    own = (guarantees.guarantor == guarantees.debtor) | (guarantees.guarantor == guarantees.creditor)
    for bad, what in (
        (own, "is by the debtor or the creditor itself"),
        (guarantees.kind > Kind.JOINT, "is of an unknown kind"),
    ):
        if (bad & shown).any():
            raise ValueError(f"guarantee {int(np.flatnonzero(bad & shown)[0])} {what}")


def _check_amounts(amount: Floats, mask: Mask | None, name: str) -> None:
    bad = ~((amount >= 0) & (amount < np.inf)) & _shown(mask, len(amount))
    if bad.any():
        at = int(np.flatnonzero(bad)[0])
        raise ValueError(f"{name} {at} is {amount[at]}; expected a finite amount from 0 up")
