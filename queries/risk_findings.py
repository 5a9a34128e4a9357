"""What a reader of a shock should know: what is missing on its way, and where it left the known graph."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.diffusion import Shock
from graph.view import View
from queries import stakes
from queries.exposure import Unknown
from queries.exposure_equity import Basis
from queries.models import Finding
from queries.owners import PLACES
from queries.risk_outcome import Outcome
from queries.stakes import Floats

Rows = NDArray[np.int64]

NOTICED: Final = 1e-4
"""Of less distress than this nothing is said about what is missing."""

_KNOWN = 1 - 1e-9

_MISSING = {
    Unknown.AMOUNT: ("unknown_amounts", "金额", "amount"),
    Unknown.EQUITY: ("unknown_equity", "净资产", "equity"),
    Unknown.SHARE: ("unknown_shares", "比例", "share"),
}


def unknown_parts(view: View) -> Floats:
    """By row the part of a company's capital whose holders no source states; NaN for what is no company. Kept."""
    return view.foundation("unknown holders", lambda: _unknown_parts(view))


def _unknown_parts(view: View) -> Floats:
    facts = view.arrays("HOLDS")
    known = np.bincount(facts.end, np.nan_to_num(facts["share_ratio"]), minlength=view.size)
    found = np.full(view.size, np.nan)
    companies = view.rows("Company")
    missing = np.round(1 - known[companies], PLACES)
    found[companies] = np.where(known[companies] >= _KNOWN, 0.0, missing)
    found[stakes.state_bodies(view)] = np.nan
    return found


def unknown_holders(view: View, row: int) -> float | None:
    """The part of a company's capital whose holders are unknown; None of what is no company."""
    part = unknown_parts(view).item(row)
    return None if np.isnan(part) else part


def findings(view: View, outcome: Outcome, hit: Shock) -> list[Finding]:
    """All that should be known of an outcome."""
    return [
        Finding(code=code, message=message, records=[]) for code, message in _findings(view, outcome, hit)
    ]


def _findings(view: View, outcome: Outcome, hit: Shock) -> Iterator[tuple[str, str]]:
    yield from _of_shocked(view, outcome, hit)
    if not outcome.converged:
        yield (
            "not_converged",
            (
                f"{outcome.rounds} 轮后仍未收敛，最大余量 {outcome.spread.residual:.3g} / "
                f"not converged in {outcome.rounds} rounds; up to {outcome.spread.residual:.3g} is not passed on"
            ),
        )
    yield from outcome.notes
    struck = outcome.row[outcome.high >= NOTICED]
    yield from _missing(outcome, struck)
    yield from _of_equity(view, outcome, struck)
    left = int((np.nan_to_num(unknown_parts(view)[struck]) > 0).sum())
    if left:
        yield (
            "left_known_graph",
            (
                f"{left} 家受冲击公司有未知股东，冲击由此传出已知图谱 / "
                f"the holders of {left} of the companies hit are not all known: there the shock leaves the known graph"
            ),
        )


def _of_shocked(view: View, outcome: Outcome, hit: Shock) -> Iterator[tuple[str, str]]:
    states = stakes.state_bodies(view)
    index = outcome.edges.index
    for row in hit.node.tolist():
        if row in states:
            yield (
                "state_body",
                f"{view.name(row)} 是国家机关，不传导风险 / is a state body, through which no distress travels",
            )
        elif index.first[(place := index.place.item(row)) + 1] == index.first[place]:
            yield (
                "no_exposures",
                (
                    f"没有资料说明 {view.name(row)} 的困境会传给谁 / "
                    f"no source states a tie through which distress of {view.name(row)} would travel"
                ),
            )


def _missing(outcome: Outcome, struck: Rows) -> Iterator[tuple[str, str]]:
    """Ties that distress travels through, of which something is unknown."""
    index = outcome.edges.index
    places = index.place[struck]
    begin, count = index.first[places], index.first[places + 1] - index.first[places]
    at = np.repeat(begin - np.cumsum(count) + count, count) + np.arange(count.sum())
    unknown = outcome.edges.unknown[index.edge[at]]
    for flag, (code, zh, en) in _MISSING.items():
        affected = int((unknown & np.uint8(flag) > 0).sum())
        if affected:
            yield (
                code,
                (
                    f"受冲击方的 {affected} 条关系{zh}未知，结果以区间表示 / "
                    f"the {en} of {affected} ties of those hit is unknown; it shows as a range"
                ),
            )


def _of_equity(view: View, outcome: Outcome, struck: Rows) -> Iterator[tuple[str, str]]:
    equity = outcome.edges.equity
    capital = (Basis.REGISTERED_CAPITAL, Basis.STAKES)
    registered = int(np.isin(equity.basis[struck], capital).sum())
    if registered:
        yield (
            "registered_capital",
            (
                f"{registered} 家公司没有财务报告，以注册资本（不低于所持股权价值）代替净资产 / "
                f"{registered} companies hit have no report: registered capital, or the stakes held, stand for equity"
            ),
        )
    below = struck[equity.value[struck] <= 0].tolist()
    if below:
        named = sorted(below, key=view.id_key)[:5]
        names = "、".join(view.name(row) for row in named)
        yield (
            "equity_not_positive",
            (
                f"{len(below)} 家受冲击公司净资产不为正数，按未知计：{names} / "
                f"the equity of {len(below)} companies hit is not above zero and taken for unknown: {names}"
            ),
        )
