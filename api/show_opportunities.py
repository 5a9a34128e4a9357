"""Opportunities for people at a terminal, Chinese first."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from api.show import money
from api.terminal import more, percent, table
from queries.opportunity_answer import Opportunities, Opportunity
from queries.opportunity_funnel import Funnel

_STAGES: Final = {
    "new": "新 new",
    "accepted": "跟进 accepted",
    "snoozed": "暂缓 snoozed",
    "dismissed": "排除 dismissed",
    "won": "成交 won",
    "lost": "失单 lost",
    "assigned": "指派 assigned",
}


def opportunities(console: Console, answer: Opportunities) -> None:
    """A few lines an opportunity."""
    if not answer.opportunities:
        console.print("没有商机 / no opportunity")
    for one in answer.opportunities:
        _brief(console, one)
    for aside in answer.aside:
        console.print(
            f"搁置 set aside: {aside.company.name} {aside.product.name}：{aside.reason} / {aside.reason_en}",
            style="dim", markup=False, soft_wrap=True,
        )  # fmt: skip
    more(console, len(answer.opportunities), answer.total, cursor=answer.next)


def _brief(console: Console, one: Opportunity) -> None:
    until = f"  至 until {one.expires}" if one.expires else ""
    back = " 再现 returned" if one.returned else ""
    console.print(
        f"{one.company.name}  {one.product.name} {one.product.name_en}  {_STAGES[one.stage]}{back}{until}",
        style="bold", markup=False, soft_wrap=True,
    )  # fmt: skip
    console.print(f"  {one.why[0].text}", markup=False, soft_wrap=True)
    door = f"  引荐 introduced by {one.introducer.staff.name}" if one.introducer else ""
    console.print(f"  {_scored(one)}{door}  {one.id}", style="dim", markup=False, soft_wrap=True)


def _scored(one: Opportunity) -> str:
    score = one.score
    return (
        f"得分 score {score.score:,.0f} = 概率 {percent(score.probability)} × 收入 {money(score.value)}"
        f" × 紧迫 {score.urgency:.2f}"
    )


def opportunity(console: Console, one: Opportunity) -> None:
    """One opportunity: why, what it is worth, who opens the door, what was decided."""
    _brief(console, one)
    reasons = table("来源 source", "规则 rule", "依据 why", "至 until")
    for why in one.why:
        reasons.add_row(why.source_name, why.rule, why.text, str(why.expires or ""))
    console.print(reasons)
    if one.introducer:
        console.print(f"引荐 introducer: {one.introducer.text}", markup=False, soft_wrap=True)
    console.print(f"下一步 next: {one.next_step} / {one.next_step_en}", markup=False, soft_wrap=True)
    for check in one.to_check:
        console.print(f"! {check}", style="yellow", markup=False, soft_wrap=True)
    for law in one.law:
        console.print(
            f"  {law.name} {law.article or ''} {law.in_force} {law.about}",
            style="dim",
            markup=False,
            soft_wrap=True,
        )
    for line in one.history:
        said = " ".join(
            str(part) for part in (line.reason, line.until, line.amount and money(line.amount)) if part
        )
        given = line.assignee.name if line.assignee else ""
        console.print(
            f"  {line.at:%Y-%m-%d %H:%M} {_STAGES[line.state]} {line.who} {given}{said}",
            markup=False,
            soft_wrap=True,
        )


def funnel(console: Console, answer: Funnel) -> None:
    """The funnel: a table a grouping."""
    for title, lines in (
        ("合计 total", [answer.total]),
        ("来源 source", answer.by_source),
        ("产品 product", answer.by_product),
        ("分支机构 branch", answer.by_branch),
        ("客户经理 manager", answer.by_manager),
    ):
        shown = table(
            title, "提出", "新", "跟进", "暂缓", "排除", "成交", "失单", "采纳率", "成交率", "成交额"
        )
        for line in lines:
            counts = (
                line.proposed,
                line.new,
                line.accepted,
                line.snoozed,
                line.dismissed,
                line.won,
                line.lost,
            )
            rates = ("" if rate is None else percent(rate) for rate in (line.take_up, line.conversion))
            shown.add_row(
                line.name, *map(str, counts), *rates, money(line.amount_won) if line.amount_won else ""
            )
        console.print(shown)
    console.print(f"无人负责 unassigned {answer.unassigned:,}  搁置 set aside {answer.set_aside:,}")
