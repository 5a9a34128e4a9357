"""Scenarios for people at a terminal, Chinese first."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from api.scenario_files import Saved
from api.show import money
from api.show_risk import span
from api.terminal import findings, more, percent, table
from queries.scenario_changes import Applied
from queries.scenarios import AtRisk, Comparison, ScenarioOutcome


def outcome(console: Console, answer: ScenarioOutcome) -> None:
    """What was changed, who is hit more or less, and the firm's book on both sides."""
    console.print(
        f"情景 scenario {answer.name or answer.hash}  模型 model {answer.model}"
        f"  参数 parameters {answer.parameters.version}  截至 as of {answer.as_of}",
        style="bold",
        soft_wrap=True,
    )
    for change in answer.changes:
        _change(console, change)
    shown = table("主体 party", "之前 before", "之后 after", "差 difference", "敞口变化 at risk")
    for line in answer.parties:
        shown.add_row(
            line.name,
            _span(line.before),
            _span(line.after),
            f"{line.difference:+.2%}",
            money(line.at_risk_difference) if line.net else "",
        )
    console.print(shown if answer.parties else "没有变化 / nothing is other than before")
    more(console, len(answer.parties), answer.total)
    console.print(
        f"本公司敞口风险 at risk: {money(answer.before.at_risk.value)} → {money(answer.after.at_risk.value)}"
        f" ({money(answer.at_risk_difference)})",
        style="bold",
        soft_wrap=True,
    )
    findings(console, answer.after.findings)


def _span(found: AtRisk) -> str:
    return span(found.low, found.value, found.high)


def _change(console: Console, change: Applied) -> None:
    ends = " → ".join(name for name in (change.source_name, change.target_name) if name)
    values = "  ".join(
        f"{name}: {change.before.get(name, '—')} → {value}" for name, value in change.after.items()
    )
    console.print(f"• {change.action} {change.type or ''} {ends}  {values}", markup=False, soft_wrap=True)


def comparison(console: Console, answer: Comparison) -> None:
    """The firm's book under each scenario, then the parties in which they differ."""
    names = [one.name or one.hash for one in answer.scenarios]
    totals = table("情景 scenario", "受冲击 hit", "之前 before", "之后 after", "差 difference")
    for name, one in zip(names, answer.scenarios, strict=True):
        totals.add_row(
            name,
            f"{one.after.hit:,}",
            money(one.before.at_risk.value),
            money(one.after.at_risk.value),
            money(one.at_risk_difference),
        )
    console.print(totals)
    shown = table("主体 party", *names)
    for line in answer.parties:
        shown.add_row(line.name, *(percent(one.value) for one in line.distress))
    console.print(shown if answer.parties else "各情景相同 / the same in all scenarios")
    more(console, len(answer.parties), answer.total)


def saved(console: Console, found: Iterable[Saved]) -> None:
    """Names, owners, what each holds."""
    shown = table(
        "名称 name", "所有者 owner", "保存 saved", "冲击 shocks", "变更 changes", "隔离 compartments"
    )
    for one in found:
        walls = "全部 all" if one.operator else "、".join(one.compartments)
        counts = (str(len(one.scenario.shocks)), str(len(one.scenario.changes)))
        shown.add_row(one.name, one.owner, one.saved.date().isoformat(), *counts, walls)
    console.print(shown if shown.rows else "没有情景 / no scenario")
