"""财务报告: the reports of all companies as arrays, by company and period; what is unusable is marked, not used."""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.columns import LONG_AGO, day_number
from graph.view import View
from queries.exposure import parts
from queries.exposure_equity import dense
from queries.stakes import Flags, Floats

Rows = NDArray[np.int64]

FIGURES: Final = (
    "revenue", "net_profit", "total_assets", "total_liabilities", "current_assets", "current_liabilities", "equity",
    "operating_cash_flow", "investing_cash_flow", "financing_cash_flow",
)  # fmt: skip

YEAR: Final = 12
_LONGEST: Final = 18
"""Months of the longest period taken for one: a first or changed financial year may be longer than twelve."""


class Problem(IntEnum):
    """Why a report is not used, or with what doubt it is."""

    NONE = 0
    NO_PERIOD_END = 1
    BAD_LENGTH = 2
    LENGTH_UNKNOWN = 3
    SAME_PERIOD = 4


@dataclass(frozen=True)
class Reports:
    """Reports whose period ended on the day or before, by company, end, length, id; `first` bounds each row's run.

    `month` is the number of the last month of the period (year x 12 + month), `months` its length, 0 where unknown.
    Of two reports of one period that with the larger id is used, the other marked. A report that states no length is
    taken for a year where it ends in December, else it is not used.
    """

    company: Rows
    report: Rows
    month: Rows
    months: Rows
    problem: NDArray[np.uint8]
    first: NDArray[np.int64]
    figures: dict[str, Floats]

    @property
    def used(self) -> Flags:
        """Which stand for their period."""
        found: Flags = self.problem == Problem.NONE
        return found

    def of(self, row: int) -> slice:
        """The places of one company's reports."""
        return slice(self.first.item(row), self.first.item(row + 1))

    def newest(self, chosen: Flags) -> tuple[Rows, Rows]:
        """Of each company the newest of the chosen reports: rows of companies, places of reports."""
        places = np.flatnonzero(chosen)
        company = self.company[places]
        last = np.ones(len(places), np.bool_)
        last[:-1] = company[1:] != company[:-1]
        return company[last], places[last]

    def year_before(self, places: Rows) -> Rows:
        """Of each report that of the like period a year before, -1 for none."""
        used = np.flatnonzero(self.used)
        keys = self._key(used, 0)
        wanted = self._key(places, YEAR)
        order = np.argsort(keys)
        at = np.minimum(np.searchsorted(keys[order], wanted), max(len(used) - 1, 0))
        if not len(used):
            return np.full(len(places), -1, np.int64)
        found = used[order[at]]
        return np.where(keys[order[at]] == wanted, found, -1)

    def _key(self, places: Rows, back: int) -> Rows:
        """One number for company, end and length, `back` months earlier."""
        key: Rows = (self.company[places] * 2**16 + self.month[places] - back) * 32 + self.months[places]
        return key


def reports(view: View) -> Reports:
    """All reports of a View. Kept by View."""
    return view.foundation("reports", lambda: _reports(view))


def _reports(view: View) -> Reports:
    company, report = parts(view, "FinancialReport", "company")
    ended = _ended(view)[report]
    told = ended <= day_number(view.as_of)
    company, report, ended = company[told], report[told], ended[told]
    month = _month(ended)
    months, problem = _lengths(view, report, ended, month)
    order = np.lexsort((view.id_keys()[report], months, month, company))
    company, report, month, months = company[order], report[order], month[order], months[order]
    problem = problem[order]
    problem[_superseded(company, month, months, problem)] = Problem.SAME_PERIOD
    first = np.searchsorted(company, np.arange(view.size + 1))
    figures = {name: dense(view, "FinancialReport", name)[report] for name in FIGURES}
    return Reports(company, report, month, months, problem, first, figures)


def _ended(view: View) -> Rows:
    """By row the last day of a report's period."""
    found = np.full(view.size, LONG_AGO, np.int64)
    rows, days = view.column("FinancialReport", "period_end")
    found[rows] = days
    return found


def _lengths(view: View, report: Rows, ended: Rows, month: Rows) -> tuple[Rows, NDArray[np.uint8]]:
    """Length of each report's period in months, 0 where it cannot be used, and what is wrong with it."""
    stated = np.full(view.size, -1, np.int64)
    rows, months = view.column("FinancialReport", "period_months")
    stated[rows] = np.maximum(months, 0)
    length = stated[report]
    assumed = (length < 0) & (ended != LONG_AGO) & (month % YEAR == YEAR - 1)
    length = np.where(assumed, YEAR, length)
    problem = np.zeros(len(report), np.uint8)
    problem[(length == 0) | (length > _LONGEST)] = Problem.BAD_LENGTH
    problem[length < 0] = Problem.LENGTH_UNKNOWN
    problem[ended == LONG_AGO] = Problem.NO_PERIOD_END
    return np.where(problem == Problem.NONE, length, 0), problem


def _month(days: Rows) -> Rows:
    """The number of the month of each day: year x 12 + month from 0; far below 0 where there is no day."""
    known = np.where(days == LONG_AGO, 0, days)
    number = known.astype("datetime64[D]").astype("datetime64[M]").astype(np.int64) + 1970 * YEAR
    found: Rows = np.where(days == LONG_AGO, 0, number)
    return found


def _superseded(company: Rows, month: Rows, months: Rows, problem: NDArray[np.uint8]) -> Rows:
    """Places of good reports that another good one of the same period follows."""
    good = np.flatnonzero(problem == Problem.NONE)
    key = np.stack([company[good], month[good], months[good]])
    again = np.all(key[:, 1:] == key[:, :-1], axis=0)
    found: Rows = good[:-1][again] if len(good) else good
    return found


def growth(now: Floats, before: Floats) -> Floats:
    """By how much of the earlier figure the later is larger; NaN where the earlier is unknown or not above zero."""
    found: Floats = np.where(before > 0, now / np.where(before > 0, before, 1.0) - 1.0, np.nan)
    return found


def over(top: Floats, bottom: Floats) -> Floats:
    """A quotient; NaN where the divisor is unknown or not above zero."""
    found: Floats = np.where(bottom > 0, top / np.where(bottom > 0, bottom, 1.0), np.nan)
    return found
