"""Tags, tiers and dry runs for people at a terminal, Chinese first."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from rich.console import Console

from api.terminal import heading, table
from queries.client_tiers import ClientTiers, TierState
from queries.models import Party
from queries.rule_changes import DryRun, RuleSets
from queries.tags import CATEGORY_LABELS, Evidence, Tags


def tags(console: Console, answer: Tags) -> None:
    """Tags by category with their evidence, and those on file."""
    heading(console, Party(id=answer.id, name=answer.name, kind=answer.kind))
    if not answer.tags:
        console.print("没有标签 / no tag")
    else:
        shown = table("类别 category", "标签 tag", "依据 evidence", "自 since")
        for one in answer.tags:
            shown.add_row(
                str(CATEGORY_LABELS[one.category]), f"{one.name} {one.name_en}", _evidence(one.evidence),
                str(one.since or "未入档 not on file"),
            )  # fmt: skip
        console.print(shown)
    if answer.history:
        shown = table("在档 on file", "自 since", "至 until", "规则 rule")
        for period in answer.history:
            shown.add_row(period.name, str(period.since), str(period.until or ""), period.rule)
        console.print(shown)
    console.print(f"规则 rules {'、'.join(answer.rules)}", style="dim", soft_wrap=True)


def _evidence(found: Iterable[Evidence]) -> str:
    return "；".join(f"{item.fact} = {_value(item.value)}" for item in found)


def _value(value: object) -> str:
    if isinstance(value, float):
        return f"{value:,.4g}"
    return "、".join(map(str, value)) if isinstance(value, list) else str(value)


def tiers(console: Console, answer: ClientTiers) -> None:
    """The tier with the parts of its score, and the moves on file."""
    heading(console, Party(id=answer.id, name=answer.name, kind=answer.kind))
    for state in answer.tiers:
        _state(console, state)
    if answer.history:
        shown = table("日期 since", "此前 before", "分层 tier", "得分 score", "理由 reason")
        for move in answer.history:
            score = "" if move.score is None else f"{move.score:g}"
            shown.add_row(str(move.since), move.before or "—", move.tier or "—", score, move.reason)
        console.print(shown)


def _state(console: Console, state: TierState) -> None:
    tier = f"{state.tier} {state.tier_name}" if state.tier else "无 none"
    console.print(f"{state.name} {state.name_en}: {tier}", style="bold", soft_wrap=True)
    console.print(state.reason, soft_wrap=True)
    if state.parts:
        shown = table("部分 part", "分数 points", "依据 evidence")
        for part in state.parts:
            shown.add_row(f"{part.part} {part.part_en}", f"{part.points:g}", _evidence(part.evidence))
        console.print(shown)
    console.print(f"规则 rules {state.rule}", style="dim")


def rules(console: Console, answer: RuleSets) -> None:
    """A line a rule set, and what is wrong with the files."""
    shown = table("规则集 set", "名称 name", "版本 version", "行 rows", "所读事实 facts")
    for one in answer.sets:
        shown.add_row(one.set, f"{one.name} {one.name_en}", one.rule, str(one.rows), str(len(one.reads)))
    console.print(shown)
    if answer.problem:
        console.print(
            f"! 未采用改动，沿用上一版 / not in force: {answer.problem}",
            style="yellow",
            markup=False,
            soft_wrap=True,
        )


def dry_run(console: Console, answer: DryRun) -> None:
    """Who would enter and leave each tag and tier."""
    console.print(f"试运行 dry run: {answer.now} → {answer.then}", style="bold", soft_wrap=True)
    console.print(f"公司 companies {answer.companies:,}  将变动 would change {answer.changed:,}")
    if answer.tags:
        shown = table("标签 tag", "现 now", "改后 then", "进入 entering", "离开 leaving")
        for one in answer.tags:
            shown.add_row(
                f"{one.name} {one.category}.{one.tag}", str(one.before), str(one.after),
                _named(one.entering, one.entering_total), _named(one.leaving, one.leaving_total),
            )  # fmt: skip
        console.print(shown)
    if answer.tiers:
        shown = table("分层 tier", "现 now", "改后 then")
        for tier in answer.tiers:
            shown.add_row(tier.tier or "—", str(tier.before), str(tier.after))
        console.print(shown)
    for move in answer.moves:
        console.print(
            f"{move.before or '—'} → {move.after or '—'}: {_named(move.companies, move.total)}",
            soft_wrap=True,
        )


_FEW = 5


def _named(parties: Sequence[Party], total: int) -> str:
    names = "、".join(party.name for party in parties[:_FEW])
    return f"{total:,}：{names}{' …' if total > _FEW else ''}" if total else "0"
