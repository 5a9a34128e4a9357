"""Indicators and the life cycle for people at a terminal, Chinese first."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from api.show import money
from api.terminal import findings, heading, percent, table
from queries.indicators import Indicator, Indicators, Point
from queries.life_cycle import LifeCycle
from queries.models import Party

_SHOWN_PERIODS: Final = 4
_SOURCES: Final = {"reports": "财务报告 reports", "graph": "图谱 graph", "firm": "本公司 firm"}


def indicators(console: Console, answer: Indicators) -> None:
    """A line an indicator: its value, of which period, and the periods before; what is unknown says why."""
    heading(console, Party(id=answer.id, name=answer.name, kind=answer.kind))
    shown = table("指标 indicator", "数值 value", "期间 period", "此前 before", "来源 source")
    for one in answer.indicators:
        value = _amount(one.value, one.unit) if one.value is not None else f"未知：{one.reason}"
        shown.add_row(f"{one.name} {one.name_en}", value, _period(one), _before(one), _SOURCES[one.source])
    console.print(shown)
    console.print(f"指标库 library {answer.version}", style="dim")
    findings(console, answer.findings)


def _amount(value: float | None, unit: str) -> str:
    if value is None:
        return "?"
    if unit == "CNY":
        return money(value)
    return percent(value) if unit == "fraction of 1" else f"{value:,.4g}"


def _period(one: Indicator) -> str:
    return "" if one.period_end is None else f"{one.period_end:%Y-%m}（{one.months} 个月）"


def _before(one: Indicator) -> str:
    """The like periods before the newest."""
    like: list[Point] = [point for point in one.trend[1:] if point.months == one.months]
    return "  ".join(
        f"{point.period_end:%Y-%m} {_amount(point.value, one.unit)}" for point in like[:_SHOWN_PERIODS]
    )


def life_cycle(console: Console, answer: LifeCycle) -> None:
    """The stage, on what it rests, and a line a year."""
    heading(console, Party(id=answer.id, name=answer.name, kind=answer.kind))
    console.print(f"生命周期 life cycle: {answer.stage_name or '未知 unknown'}", style="bold")
    console.print(answer.text, soft_wrap=True)
    console.print(answer.text_en, style="dim", soft_wrap=True)
    if answer.years:
        shown = table(
            "年度 year",
            "经营 operating",
            "投资 investing",
            "筹资 financing",
            "当年 shown",
            "阶段 stage",
            "说明 why",
        )
        for year in answer.years:
            flows = (year.operating_cash_flow, year.investing_cash_flow, year.financing_cash_flow)
            amounts = ("?" if flow is None else money(flow) for flow in flows)
            shown.add_row(
                f"{year.period_end:%Y-%m}", *amounts, year.shown or "?", year.stage or "?", year.reason
            )
        console.print(shown)
    console.print(f"规则 rules {answer.rules}", style="dim", soft_wrap=True)
    findings(console, answer.findings)
