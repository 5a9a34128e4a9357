"""财务指标: the newest yearly figures, growth, leverage, liquidity and life cycle, over all companies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from queries import indicators_stages as cycle
from queries.indicators_ground import Columns, Ground, objects
from queries.indicators_reports import FIGURES, YEAR, Reports, Rows, growth, over, reports
from queries.indicators_stages import STAGES
from queries.stakes import Floats


def columns(ground: Ground) -> Columns:
    """Figures of reports."""
    found = reports(ground.view)
    yearly = _by_company(ground, found.newest(found.used & (found.months == YEAR)))
    newest = _by_company(ground, found.newest(found.used))
    before = np.full(len(ground), -1, np.int64)
    there = yearly >= 0
    before[there] = found.year_before(yearly[there])
    year, last, now = (_figures(found, places) for places in (before, yearly, newest))
    return {
        "report_year": _years(found, yearly),
        "revenue": last["revenue"],
        "net_profit": last["net_profit"],
        "revenue_growth": growth(last["revenue"], year["revenue"]),
        "profit_growth": growth(last["net_profit"], year["net_profit"]),
        "net_margin": over(last["net_profit"], last["revenue"]),
        "return_on_equity": over(last["net_profit"], last["equity"]),
        "operating_cash_flow": last["operating_cash_flow"],
        "total_assets": now["total_assets"],
        "equity": now["equity"],
        "leverage": over(now["total_liabilities"], now["total_assets"]),
        "current_ratio": over(now["current_assets"], now["current_liabilities"]),
    }


def derived(ground: Ground, known: Columns) -> Columns:
    """What stands on other facts: the stage, with its fall-back, and guarantees against equity."""
    rules, found, of = cycle.life_cycle_rules(), reports(ground.view), cycle.stages(ground.view)
    stage = cycle.current(ground.view, rules, found, of, ground.rows)
    standing = cycle.Standing(
        known["listed"],
        known["listed_years"],
        known["age_years"],
        known["financing_round"],
        known["financed_years"],
    )
    line = cycle.fallback(rules, standing)
    names = [STAGES[s] if s >= 0 else rules.fallback[n].stage if n >= 0 else None
             for s, n in zip(stage.tolist(), line.tolist(), strict=True)]  # fmt: skip
    basis = ["cash_flows" if s >= 0 else "fallback" if n >= 0 else None
             for s, n in zip(stage.tolist(), line.tolist(), strict=True)]  # fmt: skip
    return {
        "life_cycle": objects(names),
        "life_cycle_basis": objects(basis),
        "guarantee_ratio": over(known["guarantees_given"], known["equity"]),
    }


def _by_company(ground: Ground, newest: tuple[Rows, Rows]) -> Rows:
    """By company the place of a report, -1 for none."""
    company, places = newest
    at = np.full(len(ground), -1, np.int64)
    at[ground.place[company]] = places
    return at


def _figures(found: Reports, places: Rows) -> dict[str, Floats]:
    if not len(found.report):
        return {name: np.full(len(places), np.nan) for name in FIGURES}
    there = np.maximum(places, 0)
    return {name: np.where(places >= 0, found.figures[name][there], np.nan) for name in FIGURES}


def _years(found: Reports, places: Rows) -> NDArray[np.object_]:
    return objects([int(found.month[place]) // YEAR if place >= 0 else None for place in places.tolist()])
