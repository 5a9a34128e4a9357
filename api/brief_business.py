"""The chapters of a brief about business with a company: opportunities, people, products, the group."""

from __future__ import annotations

from typing import Final

from api.brief_pages import UNKNOWN, Chapter, Column, Facts, blocks, joined, notes, plain, quiet, table
from api.brief_words import SENTENCE, SHORT, chinese, part, section, yuan
from queries.customer_360_lines import Customer360, DeciderLine
from queries.opportunities import Opportunity

OPPORTUNITIES: Final = 5
PEOPLE: Final = 8
WHITE: Final = 6
MEMBERS: Final = 8
TOUCHES: Final = 3
_DECIDED: Final = {
    "accepted": "跟进", "snoozed": "暂缓", "dismissed": "排除", "won": "成交", "lost": "失单", "assigned": "指派",
}  # fmt: skip


def opportunities(whole: Customer360) -> Chapter:
    """商机: what to offer, why, who opens the door, what to do next."""
    shown = whole.opportunities.opportunities[:OPPORTUNITIES]
    columns = (
        Column("产品", 2),
        Column("依据", 5),
        Column("引荐", 2.2),
        Column("下一步", 3),
        Column("有效至"),
    )
    rows = [_opportunity(one) for one in shown]
    checks = list(dict.fromkeys(check for one in shown for check in one.to_check))
    more = whole.opportunities.total - len(shown)
    none = "当前没有可推进的商机。" if not rows else ""
    aside = [f"{one.product.name}：{one.reason}" for one in whole.opportunities.aside[:WHITE]]
    return Chapter(
        "商机与下一步",
        "Opportunities",
        blocks(
            table(columns, rows),
            quiet(none),
            notes(plain(check, SENTENCE) for check in checks[:3]),
            quiet(f"另有 {more} 条商机。" if more > 0 else ""),
            quiet(plain(f"已搁置：{'；'.join(aside)}") if aside else ""),
        ),
    )


def _opportunity(one: Opportunity) -> list[str]:
    door = one.introducer.text if one.introducer else "没有已知路径"
    until = str(one.expires) if one.expires else "长期"
    return [
        plain(one.product.name, SHORT),
        plain(one.why[0].text, SENTENCE),
        plain(door, 60),
        plain(one.next_step, 60),
        until,
    ]


def people(whole: Customer360) -> Chapter:
    """决策人: who decides, who knows them, the ways in, what the desk did last."""
    found = whole.deciders
    columns = (Column("姓名", 2), Column("职务", 4), Column("本公司谁认识（关系强度）", 4))
    people = sorted(found.people, key=lambda line: not (line.decides or line.known_by))
    ways = [way.sentence for way in found.ways_in]
    more = found.total - min(len(people), PEOPLE)
    return Chapter(
        "决策人与引荐",
        "Who decides, and who knows them",
        blocks(
            table(
                columns,
                ([plain(p.name, SHORT), plain("、".join(p.roles), 60), _known(p)] for p in people[:PEOPLE]),
            ),
            quiet(f"另有 {more} 人。" if more > 0 else ""),
            notes(plain(way, SENTENCE) for way in ways),
            notes(reason.text for reason in found.unknown),
            quiet(plain(f"最近跟进：{_touched(whole)}")),
        ),
    )


def _touched(whole: Customer360) -> str:
    """The newest decisions of the desk."""
    said = [
        f"{line.at:%Y-%m-%d} {line.who} {_DECIDED.get(line.state, line.state)} {line.product}"
        for line in whole.touches.lines[:TOUCHES]
    ]
    return "；".join(said) or "；".join(reason.text for reason in whole.touches.unknown)


def _known(person: DeciderLine) -> str:
    named = [
        f"{line.name}（{line.strength:.0%}）" if line.strength is not None else line.name
        for line in person.known_by
    ]
    more = f"等 {person.known_by_total} 人" if person.known_by_total > len(named) else ""
    return plain("、".join(named) + more, 60) or UNKNOWN


def products(whole: Customer360) -> Chapter:
    """产品: what it has of what the firm sells, and what not."""
    held = section(whole, "products").lines
    space = whole.white_space
    named = [f"{line.name}{f'（{line.since.year} 年起）' if line.since else ''}" for line in held]
    lines = [line for line in space.products if line.verdict == "eligible"]
    lines.sort(key=lambda line: not line.opportunity)
    rows = [
        [
            line.name,
            line.line,
            f"{line.in_group} 家" if line.in_group else UNKNOWN,
            "有商机" if line.opportunity else UNKNOWN,
        ]
        for line in lines[:WHITE]
    ]
    columns = (Column("空白产品", 3), Column("业务线", 2), Column("集团内已持有", 2), Column("商机", 1.5))
    not_now = [line.name for line in space.products if line.verdict != "eligible"]
    return Chapter(
        "产品持有与空白",
        "Products held, white space",
        blocks(
            Facts(
                [(f"已持有（{space.lines_held} / {space.lines} 条业务线）", plain(joined(named, 12)) or "无")]
            ),
            table(columns, rows),
            quiet(plain(f"另有 {len(lines) - len(rows)} 项可推介。") if len(lines) > len(rows) else ""),
            quiet(plain(f"资格不符或受限：{joined(not_now, 10)}。") if not_now else ""),
        ),
    )


def group(whole: Customer360) -> Chapter:
    """集团: its companies and what the firm does with them."""
    found, totals, within = whole.group, whole.group.totals, whole.group.totals.guarantees_within
    tops = [one.name for one in found.top]
    members = [
        [plain(m.name, SHORT), f"{m.layer}", part(m.voting_ratio), "是" if m.client else UNKNOWN]
        for m in found.members[:MEMBERS]
        if m.id != whole.id
    ]
    columns = (
        Column("主要成员", 5),
        Column("层级", 1, "right"),
        Column("表决权", 1.5, "right"),
        Column("客户", 1, "right"),
    )
    alone = totals.members <= 1
    facts = [
        ("集团顶层", plain(joined(tops, 3)) or "无"),
        ("成员 / 客户", f"{totals.members} 家 / {totals.clients} 家"),
        ("集团敞口（净额）", yuan(totals.credit.net)),
        ("集团年创收", yuan(totals.revenue)),
        ("集团内互保", f"{within.count} 笔，{yuan(within.amount)}" if within.count else "无"),
    ]
    return Chapter(
        "集团",
        "The group",
        blocks(
            quiet("没有已知的同一控制下公司。" if alone else ""),
            None if alone else Facts(facts),
            None if alone else table(columns, members),
            notes(plain(chinese(finding.message), SENTENCE) for finding in found.findings),
        ),
    )
