"""报告存疑: what is wrong with the reports of a company: unusable periods, two of one, years that do not follow."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Final

from graph.view import View
from graph.view_types import RecordRef
from queries.indicators_reports import YEAR, Problem, Reports, reports
from queries.labels import Label
from queries.models import Finding
from queries.statements import of_units, refs

_UNUSED: Final = {
    Problem.NO_PERIOD_END: (
        "report_no_period_end",
        Label("没有报告期末，未采用", "has no end of period and is not used"),
    ),
    Problem.BAD_LENGTH: (
        "report_bad_length",
        Label("报告期月数不合理，未采用", "has an impossible length and is not used"),
    ),
    Problem.LENGTH_UNKNOWN: (
        "report_length_unknown",
        Label(
            "没有报告期月数且期末不在十二月，未采用",
            "states no length and does not end in December; it is not used",
        ),
    ),
}


def report_findings(view: View, row: int) -> list[Finding]:
    """What is wrong with the reports of a company, given by row, in the order of their periods."""
    every = reports(view)
    run = every.of(row)
    return [*_unused(view, every, run), *_twice(view, every, run), *_gaps(view, every, run)]


def _named(view: View, report: int) -> str:
    return f"{view.name(report)} ({view.id(report)})"


def _said(view: View, *found: int) -> list[RecordRef]:
    return refs(record for report in found for record in of_units(view, report))


def _unused(view: View, every: Reports, run: slice) -> Iterator[Finding]:
    for place in range(run.start, run.stop):
        problem = Problem(every.problem.item(place))
        if problem in _UNUSED:
            code, text = _UNUSED[problem]
            report = every.report.item(place)
            named = _named(view, report)
            yield Finding(code=code, message=f"{named}: {text.zh} / {text.en}", records=_said(view, report))


def _twice(view: View, every: Reports, run: slice) -> Iterator[Finding]:
    for place in range(run.start, run.stop):
        if every.problem[place] != Problem.SAME_PERIOD:
            continue
        taken = next(
            at for at in range(place + 1, run.stop)
            if every.problem[at] == Problem.NONE and _period(every, at) == _period(every, place)
        )  # fmt: skip
        left, used = every.report.item(place), every.report.item(taken)
        yield Finding(
            code="report_same_period",
            message=f"两份报告为同一期间：采用 {_named(view, used)}，未采用 {_named(view, left)} / two reports are"
            f" of one period: {_named(view, used)} is used, {_named(view, left)} is not",
            records=_said(view, used, left),
        )


def _period(every: Reports, place: int) -> tuple[int, int]:
    return every.month.item(place), every.months.item(place)


def _gaps(view: View, every: Reports, run: slice) -> Iterator[Finding]:
    """Yearly reports that do not follow each other by a year."""
    yearly = [p for p in range(run.start, run.stop) if every.used[p] and every.months[p] == YEAR]
    for before, after in pairwise(yearly):
        apart = every.month.item(after) - every.month.item(before)
        if apart == YEAR:
            continue
        pair = every.report.item(before), every.report.item(after)
        names = _named(view, pair[0]), _named(view, pair[1])
        code, text = (
            ("report_year_missing", Label("之间缺少年报", "a yearly report is missing between them"))
            if apart > YEAR
            else (
                "report_years_overlap",
                Label("的期间重叠，不作同比", "overlap; no growth is taken between them"),
            )
        )
        yield Finding(
            code=code, message=f"{names[0]} 与 {names[1]} {text.zh} / {names[0]}, {names[1]}: {text.en}",
            records=_said(view, *pair),
        )  # fmt: skip
