"""Ownership and control for people at a terminal, Chinese first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console

from api.terminal import findings, heading, more, percent, table
from queries.control import Votes
from queries.controllers import Computed, Controllers
from queries.owners import Holdings, Owner, Owners, Stake, Terminal


def _range(low: float | None, high: float | None, value: float | None) -> str:
    if low is None or high is None or value is None or high - low < 1e-9:  # noqa: PLR2004  # the same at any precision shown
        return percent(value)
    return f"{percent(value)} ({percent(low)} – {percent(high)})"


def _path(steps: Sequence[Stake]) -> str:
    return (
        " → ".join([*(f"{s.holder_name} {percent(s.share_ratio)}" for s in steps), steps[-1].company_name])
        if steps
        else ""
    )


# --- owners ----------------------------------------------------------------------------------------------------------


def owners(console: Console, answer: Owners) -> None:
    """Terminals with their sum, intermediates, direct holders where nothing can be summed."""
    heading(console, answer.company)
    if answer.terminals:
        shown = table("最终持有人 ends at", "比例 share", "原因 because", "路径 largest path")
        for line in answer.terminals:
            shown.add_row(line.name, _share(line), line.stopped_text.split(" / ")[0], _path(line.path))
        console.print(shown)
        more(console, len(answer.terminals), answer.terminals_total, "terminals", answer.terminals_next)
    unknown = _range(answer.unknown_min, answer.unknown_max, answer.unknown_ratio)
    console.print(f"未知 unknown: {unknown}", style="bold")
    if answer.intermediates:
        shown = table("中间持有人 through", "直接 direct", "合计 integrated", "层 layers", title="")
        for owner in answer.intermediates:
            shown.add_row(owner.name, percent(owner.direct_ratio), _share(owner), str(owner.layers))
        console.print(shown)
        more(
            console,
            len(answer.intermediates),
            answer.intermediates_total,
            "intermediates",
            answer.intermediates_next,
        )
    if answer.direct and not answer.terminals:
        shown = table("直接股东 direct holder", "比例 share")
        for direct in answer.direct:
            shown.add_row(direct.name, percent(direct.direct_ratio))
        console.print(shown)
    findings(console, answer.findings)


def _share(line: Owner | Terminal) -> str:
    return _range(line.integrated_min, line.integrated_max, line.integrated_ratio)


def holdings(console: Console, answer: Holdings) -> None:
    """What is owned, the largest share first."""
    heading(console, answer.owner)
    shown = table("持有 holding", "直接 direct", "合计 integrated", "层 layers")
    for line in answer.holdings:
        shown.add_row(line.name, percent(line.direct_ratio), percent(line.integrated_ratio), str(line.layers))
    console.print(shown if answer.holdings else "没有对外持股 / holds nothing on record")
    more(console, len(answer.holdings), answer.total, cursor=answer.next)


# --- controllers -----------------------------------------------------------------------------------------------------


def controllers(console: Console, answer: Controllers) -> None:
    """Disclosed and computed, the proof, the tiers."""
    heading(console, answer.company)
    console.print(f"结论 conclusion: {answer.status_text}", style="bold")
    shown = table("", "控制人 controller", "比例 ratio", "依据 because")
    for disclosed in answer.disclosed:
        shown.add_row("披露 disclosed", disclosed.name, percent(disclosed.ratio), disclosed.nature or "")
    for computed in answer.computed:
        shown.add_row("计算 computed", computed.name, percent(computed.voting_ratio), computed.by_text)
    for suspected in answer.suspected:
        shown.add_row("疑似 suspected", suspected.name, percent(suspected.ratio), suspected.tier_text)
    if shown.row_count:
        console.print(shown)
    if answer.computed:
        _proof(console, answer.computed)
    for tier in answer.tiers:
        console.print(
            f"{_RESULTS[tier.result]}  {tier.text}{f'：{tier.missing}' if tier.missing else ''}",
            soft_wrap=True,
        )
    findings(console, answer.findings)


_RESULTS = {
    "met": "[green]符合 met[/green]",
    "suspected": "[yellow]疑似 suspected[/yellow]",
    "not_met": "不符合 not met",
    "not_determinable": "[dim]无法判断 not determinable[/dim]",
}


def _proof(console: Console, computed: Sequence[Computed]) -> None:
    for link in computed[0].chain:
        console.print(_link(link), markup=False, soft_wrap=True)
    rights = "、".join(f"{line.name} {percent(line.cash_flow_ratio)}" for line in computed)
    console.print(
        f"最弱一环 weakest link {percent(computed[0].weakest_ratio)}  现金流权 cash-flow rights {rights}"
        f"  两权分离 wedge {percent(computed[0].wedge)}",
        soft_wrap=True,
    )


def _link(link: Votes) -> str:
    note = "（普通合伙人 general partner）" if link.partner == "general" else ""
    entrusted = "（受托表决 by proxy）" if link.cast_by != link.holder else ""
    return f"   {link.holder_name} → {link.company_name}  表决权 votes {percent(link.voting_ratio)}{note}{entrusted}"
