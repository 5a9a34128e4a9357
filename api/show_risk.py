"""Risk for people at a terminal, Chinese first."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from api.show import money
from api.terminal import findings, heading, more, percent, table
from queries.risk import Propagation, Victim
from queries.risk_backward import Threats
from queries.risk_book import Book, BookSection, Ranking
from queries.risk_explain import Path
from queries.risk_limits import Limits

_SHOWN: Final = 15
"""Most lines of a table of the book."""

_STATUS: Final = {
    "over": "[red]超限 over[/red]",
    "warning": "[yellow]预警 warning[/yellow]",
    "within": "",
    "unknown": "[dim]未知 unknown[/dim]",
}


def span(low: float, value: float, high: float) -> str:
    """A fraction of 1, with its range where that shows."""
    shown = percent(value)
    if percent(low) == shown == percent(high):
        return shown
    return f"{shown} ({percent(low)} – {percent(high)})"


def propagation(console: Console, answer: Propagation) -> None:
    """Who is hit, the reasons of each with records, what the firm has at risk, what is missing."""
    for party in answer.shocks:
        console.print(
            f"冲击 shock: {party.name} {percent(party.size)}  {party.id}", style="bold", soft_wrap=True
        )
    state = "收敛 converged" if answer.converged else "未收敛 not converged"
    console.print(
        f"模型 model {answer.model}  {answer.rounds} 轮 rounds  {state}  参数 parameters {answer.parameters.version}"
        f"  截至 as of {answer.as_of}",
        style="dim",
        soft_wrap=True,
    )
    if not answer.victims:
        console.print("没有其他主体受冲击 / nobody else is hit")
    else:
        shown = table("受冲击方 hit", "困境 distress", "渠道 channels", "敞口 at risk")
        for victim in answer.victims:
            shown.add_row(
                victim.name,
                span(victim.distress_low, victim.distress, victim.distress_high),
                "、".join(f"{line.name} {percent(line.share)}" for line in victim.channels[:3]),
                money(victim.exposure.at_risk or 0.0) if victim.exposure.net else "",
            )
        console.print(shown)
        more(console, len(answer.victims), answer.total, cursor=answer.next)
        for victim in answer.victims:
            _because(console, victim)
    if answer.at_risk is not None and answer.at_risk_low is not None and answer.at_risk_high is not None:
        console.print(
            f"本公司敞口风险 at risk: {money(answer.at_risk)}"
            f" ({money(answer.at_risk_low)} – {money(answer.at_risk_high)})",
            style="bold",
            soft_wrap=True,
        )
    findings(console, answer.findings)


def _because(console: Console, victim: Victim) -> None:
    console.print(f"• {victim.text}", markup=False, soft_wrap=True)
    console.print(f"  {victim.text_en}", style="dim", markup=False, soft_wrap=True)
    for path in victim.paths:
        one_path(console, path)


def one_path(console: Console, path: Path) -> None:
    """A chain of edges, each with its channel, weight and records."""
    console.print(f"    强度 strength {path.strength:.3g}", style="dim", soft_wrap=True)
    for step in path.steps:
        unknown = f" 未知 unknown: {', '.join(step.unknown)}" if step.unknown else ""
        sources = "、".join(dict.fromkeys(f"{record.source}:{record.id}" for record in step.records))
        console.print(
            f"      {step.source_name} → {step.target_name}  {step.channel_name} {step.channel_name_en}"
            f" {step.weight:.3g}{unknown}  [{sources}]",
            markup=False,
            soft_wrap=True,
        )


def threats(console: Console, answer: Threats) -> None:
    """Who would hurt it most, with the reasons."""
    heading(console, answer.client)
    for threat in answer.threats:
        console.print(
            f"• {threat.name} {threat.id}  {span(threat.distress_low, threat.distress, threat.distress_high)}",
            style="bold",
            soft_wrap=True,
        )
        console.print(f"  {threat.text}", markup=False, soft_wrap=True)
        for path in threat.paths:
            one_path(console, path)
    if not answer.certain:
        console.print(
            "未列出者可能危害更大 / somebody not listed may hurt more", style="yellow", soft_wrap=True
        )
    findings(console, answer.findings)


def book(console: Console, answer: Book) -> None:
    """Totals, then a table by client, group, industry, product."""
    console.print(
        f"敞口 exposures {answer.exposures}  金额 amount {money(answer.amount)}"
        f"  抵押 collateral {money(answer.collateral)}  净额 net {money(answer.net)}",
        style="bold",
        soft_wrap=True,
    )
    if answer.shocks:
        console.print(
            f"风险 at risk {money(answer.at_risk)} ({money(answer.at_risk_low)} – {money(answer.at_risk_high)})"
            f"  抵押失效时 without collateral {money(answer.gross_at_risk)}",
            style="bold",
            soft_wrap=True,
        )
    for title, section in (
        ("客户 by client", answer.by_client),
        ("集团 by group", answer.by_group),
        ("行业 by industry", answer.by_industry),
        ("产品 by product", answer.by_product),
    ):
        _section(console, title, section)
    findings(console, answer.findings)


def _section(console: Console, title: str, section: BookSection) -> None:
    shown = table("", "金额 amount", "净额 net", "风险 at risk", "无抵押 gross at risk", title=title)
    for line in section.lines[:_SHOWN]:
        shown.add_row(
            line.name, money(line.amount), money(line.net), money(line.at_risk), money(line.gross_at_risk)
        )
    if section.lines:
        console.print(shown)
        more(console, min(len(section.lines), _SHOWN), section.total)


def ranking(console: Console, answer: Ranking) -> None:
    """Clients by the harm that each would do."""
    shown = table("客户 client", "他方损失 harm", "受冲击 hit", "本公司风险 at risk")
    for line in answer.clients:
        shown.add_row(line.name, money(line.harm), f"{line.hit:,}", money(line.at_risk))
    console.print(shown if answer.clients else "没有客户 / no client")
    more(console, len(answer.clients), answer.total)


def limits(console: Console, answer: Limits) -> None:
    """Who is nearest to a limit."""
    capital = "未知 unknown" if answer.capital is None else money(answer.capital)
    console.print(
        f"{answer.title}  资本 capital {capital} ({answer.capital_source})", style="bold", soft_wrap=True
    )
    shown = table("", "客户或集团 client or group", "金额 amount", "限额 limit", "已用 used", "规则 rule")
    for use in answer.uses:
        shown.add_row(
            _STATUS[use.status],
            "、".join(one.name for one in use.parties),
            money(use.amount),
            "未知 ?" if use.limit is None else money(use.limit),
            percent(use.used),
            use.text.split(" / ")[0],
        )
    if answer.uses:
        console.print(shown)
        more(console, len(answer.uses), answer.total)
    findings(console, answer.findings)
