"""访前简报: the whole customer 360 as a brief of two or three pages, Chinese first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping
from typing import Any, Final, cast

from api.brief_pages import UNKNOWN, Brief, Chapter, Column, Facts, blocks, joined, notes, plain, quiet, table
from api.brief_sources import sources
from api.show import money
from queries.customer_360_lines import Customer360, DeciderLine, IndicatorLine
from queries.indicators_reports import YEAR
from queries.indicators_stages import LABELS
from queries.labels import KINDS, word
from queries.models import Section
from queries.opportunities import Opportunity

OPPORTUNITIES: Final = 5
PEOPLE: Final = 8
OWNERS: Final = 6
EVENTS: Final = 6
WHITE: Final = 6
YEARS: Final = 3
MEMBERS: Final = 8
TOUCHES: Final = 3

_DECIDED: Final = {
    "accepted": "跟进", "snoozed": "暂缓", "dismissed": "排除", "won": "成交", "lost": "失单", "assigned": "指派",
}  # fmt: skip

_GOOD: Final = 0.1
_SENTENCE: Final = 120
_SHORT: Final = 40
_RECENT: Final = 365

_TABLED: Final = (
    "revenue", "revenue_growth", "net_profit", "net_margin", "return_on_equity", "leverage",
    "operating_cash_flow",
)  # fmt: skip
"""Indicators with a column for each year; the others are true on the day."""

_ON_THE_DAY: Final = (
    "pledge_ratio", "controller_stake", "customer_concentration", "guarantee_ratio", "product_depth",
    "firm_revenue", "relationship",
)  # fmt: skip


def brief_of(whole: Customer360, reader: str = "") -> Brief:
    """The brief of a company; `reader` is for whom it is made, and stands in its footer."""
    return Brief(
        title=f"访前简报：{plain(whole.name)}",
        name=plain(whole.name, 60),
        subtitle=_subtitle(whole),
        chips=_chips(whole),
        coverage=_coverage(whole),
        why=_why_now(whole),
        chapters=[chapter for chapter in _chapters(whole) if chapter.blocks],
        footer=_footer(whole, reader),
    )


def _chapters(whole: Customer360) -> Iterator[Chapter]:
    yield _opportunities(whole)
    yield _people(whole)
    yield _owners(whole)
    yield _indicators(whole)
    yield _events(whole)
    yield _products(whole)
    yield _group(whole)
    yield _risk(whole)
    yield _similar(whole)
    yield _missing(whole)
    yield _sources(whole)


# --- the head ------------------------------------------------------------------------------------------------------


def _identity(whole: Customer360) -> Mapping[str, Any]:
    return {line.field: line.value for line in whole.sections["identity"].lines}


def _section(whole: Customer360, name: str) -> Section[Any]:
    return cast("dict[str, Section[Any]]", whole.sections)[name]


def _subtitle(whole: Customer360) -> str:
    known = _identity(whole)
    industries = [line.name for line in _section(whole, "industry").lines if line.relation == "own"]
    founded = known.get("founded")
    parts = [
        str(known.get("code") or ""),
        f"统一社会信用代码 {known['uscc']}" if known.get("uscc") else "",
        joined(industries, 2),
        str(known.get("region") or ""),
        word(str(known["nature"])) if known.get("nature") else "",
        f"{founded:%Y} 年成立" if founded else "",
        f"注册资本 {money(known['capital'])}" if known.get("capital") else "",
    ]
    return plain(" · ".join(part for part in parts if part)) or "没有登记资料 / nothing is on record"


def _chips(whole: Customer360) -> list[str]:
    tiers = [state.tier_name or state.tier or "" for state in whole.tiers.tiers]
    stage = LABELS[whole.life_cycle.stage].zh if whole.life_cycle.stage else ""
    named = [_chinese(line.name) for line in whole.tags.tags]
    client = "客户" if _identity(whole).get("client") else ""
    found = [client, *map(_chinese, tiers), stage, *named]
    return [plain(text, 20) for text in dict.fromkeys(found) if text]


def _chinese(text: str) -> str:
    return text.split(" / ", 1)[0]


def _coverage(whole: Customer360) -> str:
    lines = _section(whole, "coverage").lines
    if not lines:
        return "服务团队：无 / nobody covers it"
    return plain("服务团队：" + "、".join(f"{line.name}（{word(line.role or 'member')}）" for line in lines))


def _why_now(whole: Customer360) -> str:
    """One sentence: the best opportunity, else the newest event of a year, else white space, else what is not known."""
    best = whole.opportunities.opportunities[:1]
    if best:
        until = f"（{best[0].expires} 前有效）" if best[0].expires else ""
        return plain(f"{best[0].text.rstrip('。')}{until}。", 240)
    since = whole.as_of - dt.timedelta(days=_RECENT)
    for event in whole.events.events:
        if event.date and event.date > since:
            said = event.text or word(event.event_kind or "") or event.name
            return plain(f"暂无商机；最近动态：{event.date} {said}", 240)
    lacks = [line.name for line in whole.white_space.products if line.verdict == "eligible"]
    if _section(whole, "products").total and lacks:
        return plain(
            f"暂无商机，近一年没有动态；可借回访介绍尚未持有的{joined(lacks, 3)}，并补齐未知事项。", 240
        )
    return "目前没有商机和动态；此行宜先补齐下列未知事项。"


def _footer(whole: Customer360, reader: str) -> str:
    made_for = f" · 供 {plain(reader, 30)} 使用" if reader else ""
    told = f" · 所知截至 {whole.known_at}" if whole.known_at else ""
    return f"内部资料，请勿外传 INTERNAL · 截至 as of {whole.as_of}{told}{made_for}"


# --- opportunities and people ---------------------------------------------------------------------------------------


def _opportunities(whole: Customer360) -> Chapter:
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
            notes(plain(check, _SENTENCE) for check in checks[:3]),
            quiet(f"另有 {more} 条商机。" if more > 0 else ""),
            quiet(plain(f"已搁置：{'；'.join(aside)}") if aside else ""),
        ),
    )


def _opportunity(one: Opportunity) -> list[str]:
    door = one.introducer.text if one.introducer else "没有已知路径"
    until = str(one.expires) if one.expires else "长期"
    return [
        plain(one.product.name, _SHORT),
        plain(one.why[0].text, _SENTENCE),
        plain(door, 60),
        plain(one.next_step, 60),
        until,
    ]


def _people(whole: Customer360) -> Chapter:
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
                ([plain(p.name, _SHORT), plain("、".join(p.roles), 60), _known(p)] for p in people[:PEOPLE]),
            ),
            quiet(f"另有 {more} 人。" if more > 0 else ""),
            notes(plain(way, _SENTENCE) for way in ways),
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


# --- owners, figures, events -----------------------------------------------------------------------------------------


def _owners(whole: Customer360) -> Chapter:
    found = whole.controllers
    computed = [f"{plain(one.name, _SHORT)}（表决权 {_part(one.voting_ratio)}）" for one in found.computed]
    disclosed = [
        f"{plain(one.name, _SHORT)}{f'（{_part(one.ratio)}）' if one.ratio else ''}"
        for one in found.disclosed
    ]
    direct = [
        [plain(line.name, _SHORT), KINDS[line.kind].zh, _part(line.direct_ratio)]
        for line in whole.owners.direct[:OWNERS]
    ]
    ends = [
        [
            plain(line.name, _SHORT),
            plain(line.stopped_text.split(" / ")[0], _SHORT),
            _part(line.integrated_ratio),
        ]
        for line in whole.owners.terminals[:OWNERS]
        if (line.integrated_ratio or 0.0) >= _SHOWN
    ]
    unknown = whole.owners.unknown_ratio
    return Chapter(
        "股东与实际控制人",
        "Owners and controller",
        blocks(
            Facts(
                [
                    ("实际控制人（计算）", joined(computed) or _chinese(found.status_text)),
                    ("实际控制人（披露）", joined(disclosed) or "未披露"),
                ]
            ),
            table((Column("直接股东", 4), Column("类型", 2), Column("持股比例", 1.5, "right")), direct),
            table(
                (Column("穿透后的最终持有人", 4), Column("穿透止于", 2), Column("合计比例", 1.5, "right")),
                ends,
            ),
            quiet(f"穿透后股本中 {_part(unknown)} 归属未知。" if unknown and unknown >= _SHOWN else ""),
        ),
    )


_SHOWN: Final = 5e-5
"""Smaller shares would be printed as 0.00%."""


def _yuan(value: float) -> str:
    return money(value) if value else "0 元"


def _part(value: float | None) -> str:
    return UNKNOWN if value is None else f"{value:.2%}"


def _indicators(whole: Customer360) -> Chapter:
    by_id = {line.id: line for line in whole.indicators}
    yearly = {name: _by_year(by_id[name]) for name in _TABLED if name in by_id}
    years = sorted({year for values in yearly.values() for year in values}, reverse=True)[:YEARS][::-1]
    columns = [
        Column("指标", 3),
        *(Column(f"{year} 年", 2, "right") for year in years),
        Column("同比", 2, "right"),
    ]
    rows = [
        [
            by_id[name].name,
            *(_value(by_id[name], values.get(year)) for year in years),
            _trend(by_id[name], values, years),
        ]
        for name, values in yearly.items()
        if any(values.get(year) is not None for year in years)
    ]
    facts = [
        (by_id[name].name, _value(by_id[name], by_id[name].value)) for name in _ON_THE_DAY if name in by_id
    ]
    known = [(label, value) for label, value in facts if value != UNKNOWN]
    stage = (
        f"{LABELS[whole.life_cycle.stage].zh}（{whole.life_cycle.text}）"
        if whole.life_cycle.stage
        else whole.life_cycle.text
    )
    return Chapter(
        "经营与往来指标",
        "Indicators, last three years",
        blocks(
            table(columns, rows) if years else None,
            quiet("" if rows else "没有可用的年度财务报告。"),
            Facts([("生命周期", plain(stage, 80)), *known]),
            quiet(plain("；".join(_chinese(finding.message) for finding in whole.findings[:2]))),
        ),
    )


def _by_year(line: IndicatorLine) -> dict[int, float | None]:
    return {point.period_end.year: point.value for point in reversed(line.trend) if point.months == YEAR}


def _value(line: IndicatorLine, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if line.unit == "CNY":
        return money(value)
    if line.unit == "fraction of 1":
        return f"{value:.1%}"
    return f"{value:,.2f} 倍" if line.unit == "times" else f"{value:,.0f}"


def _trend(line: IndicatorLine, values: Mapping[int, float | None], years: list[int]) -> str:
    """The newest year against the one before: amounts in %, fractions in percentage points, a turn of sign in words."""
    if len(years) < 2 or years[-1] - years[-2] != 1:  # noqa: PLR2004  # two years make a trend
        return UNKNOWN
    before, now = values.get(years[-2]), values.get(years[-1])
    if before is None or now is None:
        return UNKNOWN
    if line.unit != "fraction of 1" and (before > 0) != (now > 0):
        return "由正转负" if before > 0 else "由负转正"
    arrow = "→" if now == before else "↑" if now > before else "↓"
    if line.unit == "fraction of 1":
        return f"{arrow} {abs(now - before) * 100:.1f} 个百分点"
    return f"{arrow} {abs(now / before - 1):.1%}" if before > 0 else f"{arrow} 仍为负"


def _events(whole: Customer360) -> Chapter:
    columns = (Column("日期"), Column("事件", 1.6), Column("原句", 7), Column("情感", 1.2))
    rows = [
        [
            str(event.date or UNKNOWN),
            plain(word(event.event_kind or "") or event.name, 20),
            plain(event.text or event.name, _SENTENCE),
            _feeling(event.sentiment),
        ]
        for event in whole.events.events[:EVENTS]
    ]
    over = whole.events.sentiment
    said = (
        f"{over.documents} 篇文档对它的平均情感 {over.mean:+.2f}（-1 到 1）。"
        if over.mean is not None
        else ""
    )
    more = whole.events.total - len(rows)
    return Chapter(
        "近期动态",
        "Recent events",
        blocks(
            table(columns, rows),
            quiet(f"{said}{f'另有 {more} 项更早动态。' if more > 0 else ''}"),
            quiet("没有已知事件。" if not rows else ""),
        ),
    )


def _feeling(value: float | None) -> str:
    if value is None:
        return UNKNOWN
    name = "正面" if value > _GOOD else "负面" if value < -_GOOD else "中性"
    return f"{name} {value:+.1f}"


# --- products, group, risk, what is missing ---------------------------------------------------------------------------


def _products(whole: Customer360) -> Chapter:
    held = _section(whole, "products").lines
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


def _group(whole: Customer360) -> Chapter:
    found, totals, within = whole.group, whole.group.totals, whole.group.totals.guarantees_within
    tops = [one.name for one in found.top]
    members = [
        [plain(m.name, _SHORT), f"{m.layer}", _part(m.voting_ratio), "是" if m.client else UNKNOWN]
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
        ("集团敞口（净额）", _yuan(totals.credit.net)),
        ("集团年创收", _yuan(totals.revenue)),
        ("集团内互保", f"{within.count} 笔，{_yuan(within.amount)}" if within.count else "无"),
    ]
    return Chapter(
        "集团",
        "The group",
        blocks(
            quiet("没有已知的同一控制下公司。" if alone else ""),
            None if alone else Facts(facts),
            None if alone else table(columns, members),
            notes(plain(_chinese(finding.message), _SENTENCE) for finding in found.findings),
        ),
    )


def _risk(whole: Customer360) -> Chapter:
    risk = whole.risk
    facts = [
        (
            "本公司敞口",
            f"{_yuan(risk.exposure.gross)}，净额 {_yuan(risk.exposure.net)}"
            if risk.exposure.exposures
            else "无",
        ),
        ("质押比例", _part(risk.pledge_ratio)),
        ("担保 / 净资产", _part(risk.guarantee_ratio)),
        ("预警记录", f"{risk.alerts_total} 条" if risk.alerts_total else "无"),
    ]
    tags = [_chinese(line.name) for line in whole.tags.tags if line.category == "risk"]
    said = [
        *(reason.text for reason in risk.restricted),
        *([f"风险标签：{'、'.join(tags)}"] if tags else []),
        *(f"{alert.raised} 预警：{alert.text}" for alert in risk.alerts[:3]),
        *(
            f"{hit.date} {word(hit.event_kind)}（{hit.name}）：按规则自身冲击 {hit.shock:.0%}"
            + (f"，本公司净敞口受影响 {money(hit.at_risk)}" if hit.at_risk else "")
            for hit in risk.hits[:4]
        ),
    ]
    return Chapter("风险提示", "Risk", blocks(Facts(facts), notes(plain(text, _SENTENCE) for text in said)))


def _similar(whole: Customer360) -> Chapter:
    found = whole.similar.companies if whole.similar else []
    said = [
        f"{plain(one.name, _SHORT)}：{plain('；'.join(r.text for r in one.reasons), 60)}" for one in found
    ]
    return Chapter("相似公司", "Similar companies", blocks(notes(said)))


def _missing(whole: Customer360) -> Chapter:
    said = [plain(line.message, 80) for line in whole.missing]
    text = "；".join(dict.fromkeys(said))
    return Chapter(
        "未知事项", "What is not known", blocks(notes([f"{text}。"] if text else ["没有发现缺口。"]))
    )


def _sources(whole: Customer360) -> Chapter:
    rows = [[plain(s.name, _SHORT), f"{s.records}", str(s.newest or UNKNOWN)] for s in sources(whole)]
    columns = (Column("来源", 4), Column("引用记录", 1.5, "right"), Column("最新日期", 2, "right"))
    rules = _rules(whole)
    return Chapter(
        "来源与口径",
        "Sources and rules",
        blocks(table(columns, rows[:8]), quiet(plain("规则：" + "；".join(rules), 300))),
    )


def _rules(whole: Customer360) -> Iterable[str]:
    yield from whole.tags.rules
    yield from (state.rule for state in whole.tiers.tiers)
    yield f"商机 {whole.opportunities.rules}"
    yield f"产品目录 {whole.opportunities.catalogue}"
    yield f"指标库 {whole.indicators_version}"
