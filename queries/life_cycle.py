"""生命周期: the stage of a company on the day and the years that led to it, or a fall-back that says it is one."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from pydantic import ConfigDict, Field

from graph.view import View
from queries.company_facts import CompanyFacts, facts_of
from queries.indicators_findings import report_findings
from queries.indicators_reports import YEAR, reports
from queries.indicators_stages import (
    FLOWS,
    LABELS,
    STAGES,
    FallBack,
    LifeCycleRules,
    Stages,
    Standing,
    fallback,
    life_cycle_rules,
    stages,
)  # fmt: skip
from queries.labels import Label
from queries.models import Answer, EntityId, Finding, Line, Money
from queries.owners import company_row
from queries.statements import of_units, refs

SOURCE: Final = "Dickinson 2011, The Accounting Review 86(6), 1969-1994"

_BASES: Final = {
    "cash_flows": Label("依据年报现金流量", "by the cash flows of yearly reports"),
    "fallback": Label(
        "没有近期年报可用，按替代规则判断，仅供参考",
        "no recent yearly report shows it: by the fall-back, as a hint only",
    ),
}


@dataclass(slots=True, kw_only=True)
class StageYear(Line):
    """One yearly report: its flows, the stage that their signs show, and the stage in force after it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    report: EntityId
    period_end: Annotated[dt.date, Field(description="Last day of the month in which the year ends.")]
    operating_cash_flow: Money
    investing_cash_flow: Money
    financing_cash_flow: Money
    signs: Annotated[
        str | None, Field(description="Operating, investing, financing; null where one is unknown.")
    ]
    shown: Annotated[str | None, Field(description=", ".join(STAGES))]
    stage: Annotated[str | None, Field(description="The stage in force after this year.")]
    at_once: Annotated[bool, Field(description="Whether the flows were large enough to change it at once.")]
    reason: str
    reason_en: str


class LifeCycle(Answer):
    """The stage of a company's life, on what it rests, and the years that led to it, the newest first."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date
    known_at: dt.date | None
    stage: str | None = Field(description=", ".join(STAGES) + "; null where nothing is known.")
    stage_name: str | None
    basis: str | None = Field(description="cash_flows or fallback")
    text: str
    text_en: str
    rules: str = Field(description="Version of the rules, and the source of the patterns.")
    years: list[StageYear]
    findings: list[Finding]


def life_cycle(view: View, ref: str) -> LifeCycle:
    """The stage of a company.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `owners.company_row`.
    """
    row = company_row(view, ref)
    rules, facts = life_cycle_rules(), facts_of(view, row)
    text = _text(rules, facts)
    return LifeCycle(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        stage=facts.life_cycle,
        stage_name=None if facts.life_cycle is None else str(LABELS[facts.life_cycle]),
        basis=facts.life_cycle_basis,
        text=text.zh,
        text_en=text.en,
        rules=f"{rules.version}; {SOURCE}",
        years=_years(view, row, rules),
        findings=[*_stale(view, row, facts, rules), *report_findings(view, row)],
    )


# --- on what it rests ----------------------------------------------------------------------------------------------


def _text(rules: LifeCycleRules, facts: CompanyFacts) -> Label:
    if facts.life_cycle_basis is None:
        return Label(
            "没有年报、上市、融资或成立日期可供判断",
            "neither reports nor listing, financing or age are known",
        )
    basis = _BASES[facts.life_cycle_basis]
    if facts.life_cycle_basis == "cash_flows":
        return basis
    standing = Standing(
        np.array([facts.listed]),
        np.array([_number(facts.listed_years)]),
        np.array([_number(facts.age_years)]),
        np.array([facts.financing_round], np.object_),
        np.array([_number(facts.financed_years)]),
    )
    line = rules.fallback[int(fallback(rules, standing)[0])]
    why = _conditions(line, facts)
    return Label(f"{basis.zh}：{why.zh}", f"{basis.en}: {why.en}")


def _number(value: float | None) -> float:
    return np.nan if value is None else value


def _conditions(line: FallBack, facts: CompanyFacts) -> Label:
    """The conditions of a line of the fall-back that held, in words."""
    said: list[Label] = []
    if line.round:
        said.append(
            Label(f"最近融资为{facts.financing_round}", f"last financed in round {facts.financing_round}")
        )
    if line.listed is not None:
        said.append(Label("已上市", "listed") if line.listed else Label("未上市", "not listed"))
    if line.listed_under_years is not None:
        said.append(
            Label(f"上市不足 {line.listed_under_years} 年", f"for less than {line.listed_under_years} years")
        )
    if line.age_under_years is not None:
        said.append(
            Label(
                f"成立不足 {line.age_under_years} 年", f"founded less than {line.age_under_years} years ago"
            )
        )
    if line.age_from_years is not None:
        said.append(
            Label(f"成立满 {line.age_from_years} 年", f"founded {line.age_from_years} years ago or more")
        )
    return Label("，".join(label.zh for label in said), ", ".join(label.en for label in said))


def _stale(view: View, row: int, facts: CompanyFacts, rules: LifeCycleRules) -> list[Finding]:
    """That the reports are too old to say anything of the day."""
    last = stages(view).last.item(row)
    if facts.life_cycle_basis == "cash_flows" or last < 0:
        return []
    report = reports(view).report.item(last)
    return [
        Finding(
            code="reports_stale",
            message=f"最近的年报 {view.name(report)} ({view.id(report)}) 早于 {rules.stale_years} 年，不说明现状 / the"
            f" newest yearly report is more than {rules.stale_years} years old and says nothing of the day",
            records=refs(of_units(view, report)),
        )
    ]


# --- the years -----------------------------------------------------------------------------------------------------


def _years(view: View, row: int, rules: LifeCycleRules) -> list[StageYear]:
    every, found = reports(view), stages(view)
    run = every.of(row)
    places = [p for p in range(run.start, run.stop) if every.used[p] and every.months[p] == YEAR]
    lines: list[StageYear] = []
    stage: str | None = None
    last = 0
    for place in places:
        flows = [_known(every.figures[name].item(place)) for name in FLOWS]
        if lines and every.month.item(place) - last > rules.stale_years * YEAR:
            stage = None
        before, stage, last = stage, _stage(found.after.item(place)) or stage, every.month.item(place)
        reason = _reason(found, place, (before, stage), rules)
        report = every.report.item(place)
        lines.append(
            StageYear(
                report=view.id(report),
                period_end=end_of(every.month.item(place)),
                operating_cash_flow=flows[0],
                investing_cash_flow=flows[1],
                financing_cash_flow=flows[2],
                signs=None if None in flows else "".join("+" if flow and flow > 0 else "-" for flow in flows),
                shown=_stage(found.shown.item(place)),
                stage=stage,
                at_once=bool(found.large[place]),
                reason=reason.zh,
                reason_en=reason.en,
                records=refs(of_units(view, report)),
            )
        )
    return lines[::-1]


def _reason(found: Stages, place: int, moved: tuple[str | None, str | None], rules: LifeCycleRules) -> Label:
    shown, (before, after) = _stage(found.shown.item(place)), moved
    if shown is None:
        return Label("现金流不全，阶段不变", "a flow is unknown: the stage stays")
    if before is None:
        return Label("首份可用年报", "the first yearly report that shows a stage")
    if shown == before:
        return Label("与此前相同", "the same as before")
    if after != shown:
        return Label(
            "首次出现，暂不变更", f"seen for the first time; {rules.years_to_change} years running are needed"
        )
    if found.large[place]:
        return Label("现金流幅度大，当年变更", "flows are large: it changes at once")
    return Label("连续出现，变更", "seen for years running: it changes")


def _stage(number: int) -> str | None:
    return STAGES[number] if number >= 0 else None


def _known(value: float) -> float | None:
    return None if value != value else value  # noqa: PLR0124  # NaN


def end_of(month: int) -> dt.date:
    """The last day of a month by its number (year x 12 + month from 0)."""
    year, place = divmod(month + 1, YEAR)
    return dt.date(year, place + 1, 1) - dt.timedelta(days=1)
