"""担保代偿清算: loans and guarantees on record, cleared before and after a shock; who loses what part of its equity."""

from __future__ import annotations

from dataclasses import replace
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import clearing, diffusion
from graph.algorithms.diffusion import Shock, Spread
from graph.view import View
from queries import stakes
from queries.exposure import Exposures, Origin, Unknown, joint_guarantees, matches, two_parts
from queries.exposure_equity import dense
from queries.risk_channels import CHANNELS
from queries.risk_outcome import Outcome, rounded
from queries.stakes import Floats

Rows = NDArray[np.int64]


class _Lines(NamedTuple):
    """Debts or guarantees with the thing or fact that states each; `amount` in yuan."""

    debtor: Rows
    creditor: Rows
    guarantor: Rows
    amount: Floats
    origin: Rows
    fact: Rows


class _System(NamedTuple):
    """What is owed on record, by whom to whom, and who answers for it; and how many lines have no amount."""

    debts: _Lines
    guarantees: _Lines
    joint: NDArray[np.bool_]
    unknown: int


def cleared(found: Exposures, shock: Shock) -> Outcome:
    """Clear before and after a shock takes its part of the assets of some parties; distress is equity lost.

    What a party has besides its claims on record is its equity and what it owes, less those claims. One of unknown
    equity covers all it owes and guarantees in the low run, what it owes in the central one, and nothing in the high.
    """
    view = found.view
    system = view.foundation("debts", lambda: _system(view))
    runs = [_losses(found, system, shock, run) for run in range(3)]
    lines = [system.debts, system.guarantees]
    source = np.concatenate([line.debtor for line in lines])
    target = np.concatenate([system.debts.creditor, system.guarantees.guarantor])
    equity = found.equity.above_zero[target]
    unknown = _unknown(found, len(system.debts.debtor), len(target))
    weight = np.stack([_parts(run, equity, part) for run, part in zip(runs, unknown, strict=True)])
    edges = _edges(found, system, source, target, weight)
    own = np.zeros(view.size)
    own[shock.node] = shock.size
    distress = [
        np.minimum(1.0, own + np.bincount(target, one, minlength=view.size))
        for one in np.sort(weight, axis=0)
    ]
    rows = np.flatnonzero((distress[2] > 0) | (own > 0))
    low, central, high = (rounded(values[rows]) for values in distress)
    network = diffusion.network(edges.index, edges.weight[1])
    spread = Spread(
        rows.astype(np.int32),
        distress[1][rows],
        own[rows],
        np.ones(len(rows)),
        0,
        converged=True,
        residual=0.0,
    )
    return Outcome(
        row=rows,
        distress=central,
        low=low,
        high=high,
        edges=edges,
        network=network,
        spread=spread,
        rounds=max(run.rounds for run in runs),
        converged=all(run.converged for run in runs),
        notes=_notes(system),
    )


def _notes(system: _System) -> tuple[tuple[str, str], ...]:
    if not system.unknown:
        return ()
    message = (
        f"{system.unknown} 笔借款或担保金额未知，未计入清算 / "
        f"the amounts of {system.unknown} loans or guarantees are unknown; they are not cleared"
    )
    return (("unknown_amounts", message),)


def _system(view: View) -> _System:
    loans, facts = view.arrays("LENDS_TO"), np.arange(len(view.arrays("LENDS_TO")))
    pledgor, pledgee, pledge = two_parts(view, "Pledge", ("pledgor", "pledgee"))
    secured, guaranteed = dense(view, "Pledge", "amount"), dense(view, "Guarantee", "amount")
    debtor, creditor, guarantee = two_parts(view, "Guarantee", ("debtor", "creditor"))
    nobody = np.full(len(loans), -1)
    stated = [
        _Lines(loans.end, loans.start, nobody, loans["amount"], nobody * 0 + Origin.LENDS_TO, facts),
        _things(pledgor, pledgee, pledge, secured),
    ]
    on_record = np.concatenate([line.debtor * view.size + line.creditor for line in stated])
    implied = _largest(
        view,
        _things(debtor, creditor, guarantee, guaranteed),
        np.isin(debtor * view.size + creditor, on_record),
    )
    guarantor_of, guarantor, thing = two_parts(view, "Guarantee", ("debtor", "guarantor"))
    one, other = matches(thing, guarantee, view.size)
    same = guarantor_of[one] == debtor[other]
    one, other = one[same], other[same]
    calls = _things(debtor[other], creditor[other], thing[one], guaranteed)._replace(guarantor=guarantor[one])
    debts = _usable(view, _stacked([*stated, implied]))
    answered = _usable(view, calls)
    missing = int(np.isnan(np.concatenate([*(line.amount for line in stated), calls.amount])).sum())
    return _System(debts, answered, joint_guarantees(view)[answered.fact], missing)


def _things(debtor: Rows, creditor: Rows, thing: Rows, amount: Floats) -> _Lines:
    kind = np.full(len(thing), int(Origin.THING))
    return _Lines(debtor, creditor, np.full(len(thing), -1), amount[thing], kind, thing)


def _stacked(lines: list[_Lines]) -> _Lines:
    amount = np.concatenate([line.amount for line in lines])
    debtor, creditor, guarantor, origin, fact = (
        np.concatenate([line[at] for line in lines]).astype(np.int64) for at in (0, 1, 2, 4, 5)
    )
    return _Lines(debtor, creditor, guarantor, amount, origin, fact)


def _largest(view: View, lines: _Lines, known: NDArray[np.bool_]) -> _Lines:
    """What is guaranteed but not on record as a debt: of each pair the largest amount."""
    keys = view.id_keys()[lines.fact]
    order = np.lexsort((keys, -np.nan_to_num(lines.amount), lines.creditor, lines.debtor))
    order = order[~known[order]]
    pair = lines.debtor[order] * view.size + lines.creditor[order]
    first = np.ones(len(order), np.bool_)
    first[1:] = pair[1:] != pair[:-1]
    return _chosen(lines, order[first])


def _chosen(lines: _Lines, at: Rows) -> _Lines:
    debtor, creditor, guarantor, amount, origin, fact = lines
    return _Lines(debtor[at], creditor[at], guarantor[at], amount[at], origin[at], fact[at])


def _usable(view: View, lines: _Lines) -> _Lines:
    """Lines with an amount, between parties that are different and no state bodies."""
    states = np.append(stakes.state_bodies(view), -2)
    ends = (lines.debtor, lines.creditor, lines.guarantor)
    good = (lines.amount > 0) & (lines.debtor != lines.creditor)
    good &= (lines.guarantor != lines.debtor) & (lines.guarantor != lines.creditor)
    for end in ends:
        good &= ~np.isin(end, states)
    return _chosen(lines, np.flatnonzero(good))


class _Losses(NamedTuple):
    """By line what the creditor of a debt or the guarantor lost through the shock, in yuan."""

    debts: Floats
    guarantees: Floats
    rounds: int
    converged: bool


def _losses(found: Exposures, system: _System, shock: Shock, run: int) -> _Losses:
    view = found.view
    assets = _assets(found, system, run)
    left = np.ones(view.size)
    left[shock.node] = 1 - shock.size
    before, after = (_clear(view, system, one) for one in (assets, assets * left))
    return _Losses(
        np.maximum(after.open - before.open, 0.0),
        np.maximum(after.called_paid - before.called_paid, 0.0),
        after.rounds,
        before.converged and after.converged,
    )


def _assets(found: Exposures, system: _System, run: int) -> Floats:
    size = found.view.size
    owed = _sum(system.debts.debtor, system.debts.amount, size)
    claims = _sum(system.debts.creditor, system.debts.amount, size)
    answered = _sum(system.guarantees.guarantor, system.guarantees.amount, size)
    covering = (owed + answered, owed, np.zeros(size))[run]
    known = np.maximum(found.equity.value + owed - claims, 0.0)
    return np.where(np.isnan(known), covering, known)


def _sum(rows: Rows, amount: Floats, size: int) -> Floats:
    """Sums in yuan to the fen, which no order of rows shows in."""
    return np.round(np.bincount(rows, amount, minlength=size), 2)


def _clear(view: View, system: _System, assets: Floats) -> clearing.Clearing:
    debts, calls = system.debts, system.guarantees
    return clearing.clear(
        assets,
        view.id_keys(),
        clearing.Debts(debts.debtor.astype(np.int32), debts.creditor.astype(np.int32), debts.amount),
        clearing.Guarantees(
            calls.guarantor.astype(np.int32),
            calls.debtor.astype(np.int32),
            calls.creditor.astype(np.int32),
            calls.amount,
            system.joint.astype(np.uint8),
            view.id_keys()[calls.fact],
        ),
    )


def _unknown(found: Exposures, debts: int, lines: int) -> list[Floats]:
    """What a loss is of an equity that is unknown, by line, in each run."""
    of_debt, of_call = (found.parameters.values(name, "unknown") for name in ("loan", "guarantee"))
    return [np.where(np.arange(lines) < debts, of_debt[run], of_call[run]) for run in range(3)]


def _parts(losses: _Losses, equity: Floats, unknown: Floats) -> Floats:
    """Losses as parts of the equity."""
    loss = np.round(np.concatenate([losses.debts, losses.guarantees]), 2)
    return np.where(np.isnan(equity), np.where(loss > 0, unknown, 0.0), loss / equity)


def _edges(found: Exposures, system: _System, source: Rows, target: Rows, weight: Floats) -> Exposures:
    origin = np.concatenate([system.debts.origin, system.guarantees.origin])
    fact = np.concatenate([system.debts.fact, system.guarantees.fact])
    names = np.where(np.arange(len(source)) < len(system.debts.debtor), "loan", "guarantee")
    keys = found.view.id_keys()[np.where(origin == Origin.THING, fact, source)]
    key = diffusion.mixed(keys ^ (names == "loan").astype(np.uint64))
    ends = source.astype(np.int32), target.astype(np.int32)
    unknown = np.where(np.isnan(found.equity.above_zero[target]), int(Unknown.EQUITY), 0)
    return replace(
        found,
        source=ends[0],
        target=ends[1],
        channel=np.where(names == "loan", CHANNELS.index("loan"), CHANNELS.index("guarantee")).astype(
            np.uint8
        ),
        weight=np.sort(weight, axis=0),
        unknown=unknown.astype(np.uint8),
        origin=origin.astype(np.uint8),
        fact=fact.astype(np.int32),
        second=np.full(len(source), -1, np.int32),
        index=diffusion.index(*ends, found.view.id_keys(), key),
    )
