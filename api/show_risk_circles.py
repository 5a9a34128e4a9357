"""Guarantee circles for people at a terminal, Chinese first."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console

from api.show import money
from api.terminal import findings, more, percent, table
from queries.models import Party
from queries.risk_circles import Chain, Circle, CircleEdge, GuaranteeCircles, GuaranteeEdge

_KINDS = {"circle": "担保圈 circle", "mutual_pair": "互保 mutual pair"}


def circles(console: Console, answer: GuaranteeCircles) -> None:
    """Each circle with its members and guarantees, then the chains."""
    console.print(
        f"担保 guarantees {answer.guarantees:,}  担保圈 circles {answer.total:,}"
        f"  担保链 chains {answer.chains.total:,}  截至 as of {answer.as_of}",
        style="bold",
        soft_wrap=True,
    )
    for circle in answer.circles:
        _circle(console, circle)
    more(console, len(answer.circles), answer.total, cursor=answer.next)
    for chain in answer.chains.lines:
        _chain(console, chain)
    more(console, len(answer.chains.lines), answer.chains.total)
    findings(console, answer.findings)


def _circle(console: Console, circle: Circle) -> None:
    unknown = f"  未知 unknown {circle.unknown_amounts}" if circle.unknown_amounts else ""
    console.print(
        f"\n{_KINDS[circle.kind]} {circle.id}  成员 members {circle.members_total}"
        f"  合计 total {money(circle.total_amount)}  净额 net {money(circle.net_amount)}{unknown}",
        style="bold",
        soft_wrap=True,
    )
    shown = table("成员 member", "提供 given", "获得 received", "净额 net", "占净资产 of equity")
    for member in circle.members:
        shown.add_row(
            member.name,
            money(member.given),
            money(member.received),
            money(member.net),
            percent(member.burden),
        )
    console.print(shown)
    more(console, len(circle.members), circle.members_total)
    for edge in circle.edges:
        _edge(console, edge, _effect(edge))
    more(console, len(circle.edges), circle.edges_total)
    for overlap in circle.groups:
        console.print(
            f"  同一集团 one group: {_names(overlap.members)} ← {_names(overlap.controllers)}",
            markup=False,
            soft_wrap=True,
        )
    exact = "最小 smallest" if circle.breaking.exact else "近似 approximate"
    console.print(
        f"  拆圈 breaks at {money(circle.breaking.amount)}  担保 guarantees {circle.breaking.edges}  {exact}",
        style="yellow",
        soft_wrap=True,
    )


def _names(parties: Iterable[Party]) -> str:
    return "、".join(one.name for one in parties)


def _effect(edge: CircleEdge) -> str:
    mark = "✂ " if edge.in_break else ""
    if edge.left is None:
        return mark
    if not edge.left:
        return f"{mark}去掉即拆圈 alone breaks it"
    return f"{mark}去掉后余 leaves {'+'.join(str(size) for size in edge.left)}"


def _edge(console: Console, edge: GuaranteeEdge, effect: str) -> None:
    amount = "未知 ?" if edge.amount is None else money(edge.amount)
    sources = "、".join(f"{record.source}:{record.id}" for record in edge.records)
    console.print(
        f"  {edge.guarantor_name} → {edge.debtor_name}  {amount}  {edge.kind or ''}  {effect}"
        f"  {edge.guarantee} [{sources}]",
        markup=False,
        soft_wrap=True,
    )


def _chain(console: Console, chain: Chain) -> None:
    console.print(
        f"\n担保链 chain  {chain.length} 笔 guarantees  合计 total {money(chain.total_amount)}",
        style="bold",
        soft_wrap=True,
    )
    for edge in chain.edges:
        _edge(console, edge, "")
