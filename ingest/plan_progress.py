"""进展: reports of what a plan (buy-back, increase, reduction) has come to, told one after the other, as one story.

A report belongs to the plan that its company told of before, within days, with figures that have grown since. What
everyone may see is ordered first, by itself; what is walled goes with that, or with what is behind the same wall.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from ingest.event_rows import Place, joins
from ingest.joining import Progress
from ingest.read_figures import figures_of
from ingest.said import Row, Said, said_of
from ingest.stories import figure_of, of_plan

RowKey = tuple[str, str]
"""The key of a claim and its compartments."""

About = tuple[str, ...]


def key_of_row(row: Row) -> RowKey:
    """By which a row is told from others."""
    return row["key"], row.get("compartments", "")


@dataclass(frozen=True, slots=True)
class _Report:
    """A report: when it was told, and how much by unit."""

    key: RowKey
    day: dt.date
    told: Mapping[str, float]


@dataclass(slots=True)
class _Plan:
    """A plan as told so far: the key of its first report, its last day, its reports, by unit the highest figure."""

    first: str
    last: dt.date
    members: list[_Report] = field(default_factory=list)
    highest: dict[str, float] = field(default_factory=dict)
    seen: set[str] = field(default_factory=set)

    def goes_on(self, report: _Report, days: int) -> bool:
        """Whether a report is one of it: figures that it has in common have grown, or have been told before."""
        common = set(report.told) & set(self.highest)
        if not common or (report.day - self.last).days > days:
            return False
        return all(report.told[unit] >= self.highest[unit] for unit in common) or all(
            figure_of(report.told[unit], unit) in self.seen for unit in common
        )

    def growth(self, report: _Report) -> float:
        """How many times what it had come to a report tells; the figure that has grown most counts."""
        common = set(report.told) & set(self.highest)
        return max(report.told[unit] / (self.highest[unit] or 1.0) for unit in common)

    def surpasses(self, report: _Report) -> bool:
        """Whether by the day of a report it was told to have come to more."""
        return any(
            other.told.get(unit, value) > value
            for other in self.members
            if other.day <= report.day
            for unit, value in report.told.items()
        )

    def add(self, report: _Report) -> None:
        """Note what a report tells."""
        self.members.append(report)
        self.last = max(self.last, report.day)
        for unit, value in report.told.items():
            self.highest[unit] = max(value, self.highest.get(unit, value))
            self.seen.add(figure_of(value, unit))


def placed_progress(rows: Iterable[Row], rules: Progress) -> dict[RowKey, Place]:
    """The places of all rows that report progress."""
    reports: dict[About, dict[str, list[_Report]]] = defaultdict(lambda: defaultdict(list))
    for row in rows:
        report = _report(row)
        if report is not None:
            said = said_of(row)
            reports[_about(said, rules)][row.get("compartments", "")].append(report)
    out: dict[RowKey, Place] = {}
    for about, by_wall in reports.items():
        public = by_wall.get("", [])
        out |= _line_up(about, public, [], rules.days)
        for wall, walled in by_wall.items():
            if wall:
                out |= _line_up(about, walled, public, rules.days)
    return out


def _report(row: Row) -> _Report | None:
    if not row.get("makes") or joins(row, "Event") is not None or not figures_of(row).progress:
        return None
    figures, said = figures_of(row), said_of(row)
    if said.published is None:
        return None
    money = said.quantity
    told = {money.unit: money.value} if money is not None and money.unit != "ratio" else {}
    told |= {"shares": figures.shares} if figures.shares is not None else {}
    told |= {"ratio": figures.ratio} if figures.ratio is not None else {}
    return _Report(key_of_row(row), said.published, told) if told else None


def _about(said: Said, rules: Progress) -> About:
    """What tells one plan from another: type, company, and who carries it out."""
    roles = rules.types[said.type]
    doers = sorted({part.id or part.text for part in said.parts if part.role in roles})
    return said.type, said.subject.id or said.subject.name, *doers


def _line_up(
    about: About, mine: Iterable[_Report], public: Iterable[_Report], days: int
) -> dict[RowKey, Place]:
    """The places of reports, beside public ones that are placed without them."""
    line = [(report, False) for report in public] + [(report, True) for report in mine]
    line.sort(key=lambda one: (one[0].day, one[1], sorted(one[0].told.items()), one[0].key))
    plans: dict[bool, list[_Plan]] = {False: [], True: []}
    found: list[tuple[_Report, _Plan]] = []
    for report, own in line:
        plan = _of(plans[False], report, days) if own else None
        if plan is None:
            plan = _of(plans[own], report, days)
            if plan is None:
                plan = _Plan(report.key[0], report.day)
                plans[own].append(plan)
            plan.add(report)
        if own:
            found.append((report, plan))
    return {report.key: Place(of_plan(about, plan.first), plan.surpasses(report)) for report, plan in found}


def _of(plans: Iterable[_Plan], report: _Report, days: int) -> _Plan | None:
    """The plan that a report goes on with: of several the one that it adds least to, then the one begun last."""
    going = [plan for plan in plans if plan.goes_on(report, days)]
    return min(reversed(going), key=lambda plan: plan.growth(report), default=None)
