"""Groups, related parties and changes for people at a terminal: a line a party, Chinese first."""

from __future__ import annotations

from collections.abc import Sequence

from rich.console import Console
from rich.text import Text

from api.terminal import findings
from queries.changes import SECTIONS, Changed, Changes, ControlOn, Shares
from queries.group import Group, GroupMember
from queries.labels import relation_label
from queries.models import Party
from queries.related import RelatedParties, Shown


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


def related(console: Console, answer: RelatedParties) -> None:
    """A block a party: its clauses, and under each the facts that show it."""
    regime = answer.regime
    console.print(
        Text(f"{answer.company.name}  {regime.title} {regime.version}", style="bold"), soft_wrap=True
    )
    console.print(f"关联方 related parties {answer.total:,}")
    for party in answer.parties:
        console.print(Text.assemble((party.name, "cyan"), "  ", (party.id, "dim")), soft_wrap=True)
        for met in party.clauses:
            console.print(f"    {met.article}：{met.text}", markup=False, soft_wrap=True)
            for fact in met.facts:
                console.print(_fact(fact), soft_wrap=True)
    findings(console, answer.findings)
    more(console, answer.next)


def _fact(fact: Shown) -> Text:
    said = "、".join(dict.fromkeys(record.source for record in fact.records))
    value = fact.detail or ("" if fact.share_ratio is None else percent(fact.share_ratio))
    label = relation_label(fact.type, "out")
    return Text.assemble(
        f"        {fact.start_name} {label.zh} {fact.end_name}  {value}", (f"  [{said}]", "dim")
    )


def changes(console: Console, answer: Changes) -> None:
    """Control first, then each list that has lines."""
    console.print(
        Text(f"{answer.company.name}  {answer.from_day} → {answer.to_day}", style="bold"), soft_wrap=True
    )
    was, now = answer.control.before, answer.control.after
    sign = "≠" if answer.control.changed else "="
    console.print(f"实际控制人 controllers: {_controllers(was)} {sign} {_controllers(now)}", markup=False)
    for line in answer.holders.lines:
        value = f"{_share(line.before)} → {_share(line.after)}"
        _changed(console, "股东 holder", line, value)
    for officer in answer.officers.lines:
        _changed(console, "任职 office", officer, officer.office or "")
    for controller in answer.disclosed.lines:
        value = f"{percent(controller.ratio_before)} → {percent(controller.ratio_after)}"
        _changed(console, "披露控制人 disclosed", controller, value)
    for owner in answer.terminals.lines:
        value = f"{percent(owner.integrated_before)} → {percent(owner.integrated_after)}"
        _changed(console, "最终权益 owner", owner, value)
    findings(console, answer.findings)
    for name in SECTIONS:
        more(console, getattr(answer, name).next, f"--section {name} ")


_SIGNS = {"came": "+", "left": "-", "changed": "~"}


def _changed(console: Console, title: str, line: Changed, value: str) -> None:
    console.print(
        Text.assemble(
            f"{_SIGNS[line.change]} {title}  ", (line.name, "cyan"), f"  {value}  ", (line.id, "dim")
        ),
        soft_wrap=True,
    )


def _controllers(day: ControlOn) -> str:
    return "、".join(one.name for one in day.controllers) or day.status_text


def _share(shares: Shares | None) -> str:
    return percent(None if shares is None else shares.share_ratio)


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


def more(console: Console, cursor: str | None, options: str = "") -> None:
    """Where a list goes on."""
    if cursor is not None:
        console.print(f"… 后续 more: {options}--cursor {cursor}", style="dim", markup=False, soft_wrap=True)
