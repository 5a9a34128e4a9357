"""净资产、营业收入: the figures by which amounts are measured, from the newest report of the day or before."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property
from typing import NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.columns import day_number
from graph.view import View
from queries.stakes import Floats

Rows = NDArray[np.int64]

YUAN = "CNY"


class Basis(IntEnum):
    """Where a company's equity was taken from."""

    UNKNOWN = 0
    REPORT = 1
    REGISTERED_CAPITAL = 2
    STAKES = 3


@dataclass(frozen=True)
class Equity:
    """Equity by row in yuan, NaN where unknown; where from; and the row of the report, -1 for none."""

    value: Floats
    basis: NDArray[np.uint8]
    report: NDArray[np.int32]

    @cached_property
    def above_zero(self) -> Floats:
        """The same, NaN also where it is not above zero: nothing can be measured by that."""
        return np.where(self.value > 0, self.value, np.nan)


class Totals(NamedTuple):
    """Revenue and costs of a year by row, in yuan, NaN where unknown or not above zero."""

    revenue: Floats
    cost: Floats


class _Reports(NamedTuple):
    """Reports of companies on the day, with the last day of their period."""

    company: Rows
    report: Rows
    ended: NDArray[np.int64]


def equity_of(view: View) -> Equity:
    """Equity of every company. Kept by View."""
    return view.foundation("equity", lambda: _equity_of(view))


def _equity_of(view: View) -> Equity:
    reported = dense(view, "FinancialReport", "equity")
    owed = dense(view, "FinancialReport", "total_assets") - dense(
        view, "FinancialReport", "total_liabilities"
    )
    reported = np.where(np.isnan(reported), owed, reported)
    company, report = _newest(view, _reports(view), ~np.isnan(reported))
    value = _registered(view)
    basis = np.where(np.isnan(value), np.uint8(Basis.UNKNOWN), np.uint8(Basis.REGISTERED_CAPITAL))
    value[company], basis[company] = reported[report], Basis.REPORT
    stakes_held = _stakes_held(view, value)
    more = (basis == Basis.REGISTERED_CAPITAL) & (stakes_held > value)
    value[more], basis[more] = stakes_held[more], Basis.STAKES
    reports = np.full(view.size, -1, np.int32)
    reports[company] = report
    return Equity(value, basis, reports)


def dense(view: View, kind: str, name: str) -> Floats:
    """A number of all entities of a type by row, NaN where it is not stated."""
    found = np.full(view.size, np.nan)
    rows, values = view.column(kind, name)
    found[rows] = values
    return found


def _registered(view: View) -> Floats:
    """注册资本: above zero and in yuan."""
    capital = dense(view, "Company", "capital")
    currencies = view.property_texts("Company", "capital_currency")
    foreign = np.array([text != YUAN for text in currencies.texts], np.bool_)
    capital[currencies.rows[foreign[currencies.which]]] = np.nan
    return np.where(capital > 0, capital, np.nan)


def _stakes_held(view: View, value: Floats) -> Floats:
    """By row the value of the stakes that it holds, as far as it is known, in yuan to the fen."""
    facts = view.arrays("HOLDS")
    worth = facts["share_ratio"] * np.maximum(value[facts.end], 0.0)
    return np.round(np.bincount(facts.start, np.nan_to_num(worth), minlength=view.size), 2)


def _reports(view: View) -> _Reports:
    facts = view.arrays("PARTY_TO")
    of_company = np.flatnonzero(view.of_kind(facts.end, "FinancialReport") & facts.equals("role", "company"))
    company, report = facts.start[of_company].astype(np.int64), facts.end[of_company].astype(np.int64)
    ended = np.full(view.size, np.iinfo(np.int64).max)
    rows, days = view.column("FinancialReport", "period_end")
    ended[rows] = days
    known = ended[report] <= day_number(view.as_of)
    return _Reports(company[known], report[known], ended[report[known]])


def _newest(view: View, reports: _Reports, stated: NDArray[np.bool_]) -> tuple[Rows, Rows]:
    """Of each company the newest report that states something, by row; of two for one day, that of the larger id."""
    told = stated[reports.report]
    company, report, ended = (column[told] for column in reports)
    order = np.lexsort((view.id_keys()[report], ended, company))
    last = np.ones(len(order), np.bool_)
    last[:-1] = company[order][1:] != company[order][:-1]
    return company[order][last], report[order][last]


def revenue_of(view: View) -> Totals:
    """Revenue and costs of every company, a year. Kept by View."""
    return view.foundation("revenue", lambda: _revenue_of(view))


def _revenue_of(view: View) -> Totals:
    yearly = _year(view)
    revenue = dense(view, "FinancialReport", "revenue") * yearly
    profit = dense(view, "FinancialReport", "net_profit") * yearly
    company, report = _newest(view, _reports(view), ~np.isnan(revenue))
    found = Totals(np.full(view.size, np.nan), np.full(view.size, np.nan))
    found.revenue[company], found.cost[company] = revenue[report], (revenue - profit)[report]
    return Totals(*(np.where(values > 0, values, np.nan) for values in found))


def _year(view: View) -> Floats:
    """By report how many of its periods make a year; one of no stated length is taken for a year."""
    found = np.ones(view.size)
    rows, months = view.column("FinancialReport", "period_months")
    found[rows] = np.where(months > 0, 12 / np.maximum(months, 1), 1.0)
    return found
