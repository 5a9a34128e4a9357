"""Groups, related parties and changes for people at a terminal: a line a party, Chinese first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from queries.group import Group, GroupMember
from queries.models import Finding, Party


def group(console: Console, answer: Group) -> None:
    """The top, the totals, then the members indented by layer."""
    console.print(Text(f"集团 group: {_names(answer.top) or '—'}", style="bold"), soft_wrap=True)
    console.print(
        f"实际控制人 controllers: {_names(answer.controllers) or '—'}", markup=False, soft_wrap=True
    )
    totals = answer.totals
    console.print(
        f"成员 members {totals.members:,}  客户 clients {totals.clients:,}  "
        f"敞口 credit {totals.credit.gross:,.0f} 元 CNY (净额 net {totals.credit.net:,.0f})  "
        f"产品 products {totals.holdings_of_products:,}  收入 revenue {totals.revenue:,.0f} 元 CNY  "
        f"集团内担保 guarantees within {totals.guarantees_within.amount:,.0f} 元 CNY",
        markup=False,
        soft_wrap=True,
    )
    for member in answer.members:
        console.print(_member(member), soft_wrap=True)
    findings(console, answer.findings)
    more(console, answer.next)


def _names(parties: Sequence[Party]) -> str:
    return "、".join(one.name for one in parties)


def _member(member: GroupMember) -> Text:
    words = [percent(member.voting_ratio)]
    if member.parent_name is not None:
        words.append(f"← {member.parent_name}")
    words += ["共同 joint"] * member.joint + ["客户 client"] * member.client
    return Text.assemble(
        "  " * (member.layer + 1), (member.name, "cyan"), f"  {'  '.join(words)}  ", (member.id, "dim")
    )


def percent(value: float | None) -> str:
    """A ratio as people read it."""
    return "—" if value is None else f"{value:.2%}"


def findings(console: Console, found: Sequence[Finding]) -> None:
    """What a reader should know about the data."""
    for finding in found:
        console.print(f"! {finding.message}", style="yellow", markup=False, soft_wrap=True)


def more(console: Console, cursor: str | None) -> None:
    """Where a list goes on."""
    if cursor is not None:
        console.print(f"… 后续 more: --cursor {cursor}", style="dim", markup=False, soft_wrap=True)
