"""指标: what the library of indicators says of a company on the day, with inputs, and over the periods reported."""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal, Self

import numpy as np
from pydantic import Field, model_validator

from graph.view import View
from graph.view_types import RecordRef
from queries.company_facts import Facts, company_facts, fact_names
from queries.declared import Declared, Wording, read, shipped
from queries.indicators_findings import report_findings
from queries.indicators_records import behind
from queries.indicators_reports import FIGURES, YEAR, Reports, reports
from queries.labels import FIELDS, Label
from queries.life_cycle import end_of
from queries.models import Answer, EntityId, Finding
from queries.owners import company_row
from queries.statements import of_units, refs

MOST_PERIODS: Final = 12
"""Of a trend so many periods are shown, the newest first."""

PLACES: Final = 12
_NO_REPORT: Final = Label("没有可用的财务报告", "no usable report is on record")


# --- what is declared ----------------------------------------------------------------------------------------------


class Definition(Declared):
    """One indicator: what it is called and means, its unit, and how it is worked out; one way exactly."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]*$")]
    name: Wording
    definition: Wording
    unit: Annotated[str, Field(min_length=1)]
    source: Literal["reports", "graph", "firm"]
    value: str | None = None
    ratio: tuple[str, str] | None = None
    growth: str | None = None
    trailing: str | None = None
    fact: str | None = None
    unknown: Wording | None = None

    @property
    def figures(self) -> tuple[str, ...]:
        """The figures of reports that it takes."""
        one = self.value or self.growth or self.trailing
        return self.ratio or ((one,) if one else ())

    @model_validator(mode="after")
    def _worked_out(self) -> Self:
        ways = [way for way in (self.value, self.ratio, self.growth, self.trailing, self.fact) if way]
        if len(ways) != 1:
            raise ValueError(
                f"{self.id}: one of value, ratio, growth, trailing, fact must be given, not {len(ways)}"
            )
        strange = [name for name in self.figures if name not in FIGURES]
        if strange:
            raise ValueError(f"{self.id}: reports have no figure {strange[0]!r}")
        if self.fact is not None and self.fact not in fact_names():
            raise ValueError(f"{self.id}: there is no fact {self.fact!r}")
        if self.fact is not None and self.unknown is None:
            raise ValueError(f"{self.id}: say in `unknown` why the fact may not be known")
        return self


class Library(Declared):
    """All indicators."""

    version: str
    indicators: tuple[Definition, ...]

    @model_validator(mode="after")
    def _once(self) -> Self:
        names = [one.id for one in self.indicators]
        if len(names) != len(set(names)):
            raise ValueError("an indicator stands twice")
        return self


@functools.cache
def library() -> Library:
    """The indicators that come with guanxi."""
    return read(Library, shipped("indicators.yaml"), "mend the file of indicators")


# --- answers -------------------------------------------------------------------------------------------------------


class Input(Answer):
    """Something that a value was worked out from."""

    name: str = Field(description="Figure of a report, or fact.")
    label: str
    period_end: dt.date | None = Field(
        description="Of a figure: last day of the month in which its period ends."
    )
    months: int | None = Field(description="Of a figure: length of its period.")
    value: float | int | bool | str | None
    records: list[RecordRef]


class Point(Answer):
    """The value of one period; null with the reason where it is not known."""

    period_end: dt.date
    months: int = Field(
        description="Length of the period; flows of less than 12 are cumulative in their year."
    )
    value: float | None
    reason: str | None
    reason_en: str | None
    inputs: list[Input]


class Indicator(Answer):
    """One indicator on the day."""

    id: str
    name: str
    name_en: str
    definition: str
    definition_en: str
    unit: str
    source: str = Field(description="reports, graph, firm")
    value: float | None
    period_end: dt.date | None = Field(description="Of the newest period; null for what is true on the day.")
    months: int | None
    reason: str | None = Field(description="Why it is unknown; null where it is known.")
    reason_en: str | None
    inputs: list[Input]
    trend: list[Point] = Field(
        description=f"The last {MOST_PERIODS} periods, newest first; like compares with like."
    )


class Indicators(Answer):
    """The indicators of a company on the day, in the order of the library."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date
    known_at: dt.date | None
    version: str = Field(description="Version of the library.")
    indicators: list[Indicator]
    findings: list[Finding] = Field(description="What is wrong with its reports.")


def indicators(view: View, ref: str) -> Indicators:
    """The indicators of a company.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `owners.company_row`.
    """
    row = company_row(view, ref)
    facts, series = company_facts(view, np.array([row])), _Series(view, reports(view), row)
    return Indicators(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        version=library().version,
        indicators=[
            _of_fact(view, row, one, one.fact, facts) if one.fact else _of_reports(one, series)
            for one in library().indicators
        ],
        findings=report_findings(view, row),
    )


def _indicator(
    one: Definition,
    value: float | None,
    reason: Label | None,
    inputs: list[Input],
    trend: Sequence[Point] = (),
) -> Indicator:
    newest = trend[0] if trend else None
    return Indicator(
        id=one.id,
        name=one.name.zh,
        name_en=one.name.en,
        definition=one.definition.zh,
        definition_en=one.definition.en,
        unit=one.unit,
        source=one.source,
        value=value,
        period_end=newest.period_end if newest else None,
        months=newest.months if newest else None,
        reason=reason.zh if reason else None,
        reason_en=reason.en if reason else None,
        inputs=inputs,
        trend=list(trend),
    )


def _of_fact(view: View, row: int, one: Definition, fact: str, facts: Facts) -> Indicator:
    value = facts.value(0, fact)
    unknown = one.unknown
    reason = Label(unknown.zh, unknown.en) if value is None and unknown is not None else None
    said = behind(view, row, fact)
    inputs = [] if value is None else [
        Input(name=fact, label=one.name.zh, period_end=None, months=None, value=value, records=said)
    ]  # fmt: skip
    return _indicator(one, None if value is None else float(value), reason, inputs)


# --- from reports --------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Series:
    """The usable reports of one company."""

    view: View
    every: Reports
    row: int

    def places(self) -> list[int]:
        """Their places, the newest first; of periods that end together the longer first."""
        run = self.every.of(self.row)
        return [place for place in range(run.start, run.stop) if self.every.used[place]][::-1]

    def at(self, month: int, months: int) -> int | None:
        """The place of the report of a period."""
        same = (
            p
            for p in self.places()
            if (self.every.month.item(p), self.every.months.item(p)) == (month, months)
        )
        return next(same, None)

    def before(self, place: int) -> int | None:
        """The like period a year before."""
        return self.at(self.every.month.item(place) - YEAR, self.every.months.item(place))

    def last_year(self, place: int) -> int | None:
        """The whole financial year before the one that a period begins."""
        begun = self.every.month.item(place) - self.every.months.item(place)
        return self.at(begun, YEAR)

    def figure(self, place: int, name: str) -> float | None:
        """A figure, None where the report does not state it."""
        value = self.every.figures[name].item(place)
        return None if np.isnan(value) else value

    def input(self, place: int, name: str) -> Input:
        """A figure with its period and records."""
        return Input(
            name=name,
            label=FIELDS[name].zh,
            period_end=end_of(self.every.month.item(place)),
            months=self.every.months.item(place),
            value=self.figure(place, name),
            records=refs(of_units(self.view, self.every.report.item(place))),
        )


@dataclass(frozen=True, slots=True)
class _Worked:
    """A value, or why there is none, and what was looked at."""

    value: float | None
    reason: Label | None
    inputs: list[Input]


def _of_reports(one: Definition, series: _Series) -> Indicator:
    trend = [_point(one, series, place) for place in series.places()[:MOST_PERIODS]]
    if not trend:
        return _indicator(one, None, _NO_REPORT, [])
    newest = trend[0]
    reason = Label(newest.reason, newest.reason_en or "") if newest.reason else None
    return _indicator(one, newest.value, reason, newest.inputs, trend)


def _point(one: Definition, series: _Series, place: int) -> Point:
    worked = _worked(one, series, place)
    return Point(
        period_end=end_of(series.every.month.item(place)),
        months=series.every.months.item(place),
        value=None if worked.value is None else round(worked.value, PLACES),
        reason=worked.reason.zh if worked.reason else None,
        reason_en=worked.reason.en if worked.reason else None,
        inputs=worked.inputs,
    )


def _worked(one: Definition, series: _Series, place: int) -> _Worked:
    if one.ratio:
        return _ratio(series, place, one.ratio)
    if one.growth:
        return _growth(series, place, one.growth)
    if one.trailing:
        return _trailing(series, place, one.trailing)
    return _stated(series, [(place, name) for name in one.figures])


def _stated(series: _Series, wanted: Sequence[tuple[int, str]]) -> _Worked:
    """The first of some figures; none where one of them is not stated."""
    inputs = [series.input(place, name) for place, name in wanted]
    missing = next((one for one in inputs if one.value is None), None)
    if missing is not None:
        label = FIELDS[missing.name]
        end = missing.period_end
        reason = Label(f"{end} 的报告未披露{label.zh}", f"the report to {end} does not state: {label.en}")
        return _Worked(None, reason, inputs)
    return _Worked(series.figure(*wanted[0]), None, inputs)


def _ratio(series: _Series, place: int, names: tuple[str, str]) -> _Worked:
    found = _stated(series, [(place, name) for name in names])
    below = series.figure(place, names[1])
    if found.value is None or below is None:
        return found
    if below <= 0:
        label = FIELDS[names[1]]
        return _Worked(None, Label(f"{label.zh}不为正", f"not above zero: {label.en}"), found.inputs)
    return _Worked(found.value / below, None, found.inputs)


def _growth(series: _Series, place: int, name: str) -> _Worked:
    before = series.before(place)
    if before is None:
        only = [series.input(place, name)]
        return _Worked(
            None, Label("缺少上年同期报告", "the report of the like period a year before is missing"), only
        )
    found = _stated(series, [(place, name), (before, name)])
    base = series.figure(before, name)
    if found.value is None or base is None:
        return found
    if base <= 0:
        return _Worked(None, Label("上年同期不为正", "a year before it was not above zero"), found.inputs)
    return _Worked(found.value / base - 1, None, found.inputs)


def _trailing(series: _Series, place: int, name: str) -> _Worked:
    if series.every.months.item(place) == YEAR:
        return _stated(series, [(place, name)])
    before, year = series.before(place), series.last_year(place)
    if before is None or year is None:
        only = [series.input(place, name)]
        reason = Label(
            "缺少上年年报或上年同期报告", "last year's report, or that of its like period, is missing"
        )
        return _Worked(None, reason, only)
    found = _stated(series, [(place, name), (year, name), (before, name)])
    whole, like = series.figure(year, name), series.figure(before, name)
    if found.value is None or whole is None or like is None:
        return found
    return _Worked(found.value + whole - like, None, found.inputs)
