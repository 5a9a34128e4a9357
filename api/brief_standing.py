"""The chapters of a brief about how a company stands: owners, figures, events, risk, what is not known."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from api.brief_pages import (
    UNKNOWN,
    Block,
    Chapter,
    Column,
    Facts,
    Quiet,
    blocks,
    joined,
    notes,
    plain,
    quiet,
    table,
)
from api.brief_words import SENTENCE, SHORT, SHOWN, chinese, part, yuan
from api.show import money
from queries.customer_360_lines import Customer360, IndicatorLine
from queries.indicators_reports import YEAR
from queries.indicators_stages import LABELS
from queries.labels import KINDS, word

OWNERS: Final = 6
EVENTS: Final = 6
YEARS: Final = 3
_GOOD: Final = 0.1
_TABLED: Final = (
    "revenue", "revenue_growth", "net_profit", "net_margin", "return_on_equity", "leverage",
    "operating_cash_flow",
)  # fmt: skip
"""Indicators with a column for each year; the others are true on the day."""
_ON_THE_DAY: Final = (
    "pledge_ratio", "controller_stake", "customer_concentration", "guarantee_ratio", "product_depth",
    "firm_revenue", "relationship",
)  # fmt: skip


def owners(whole: Customer360) -> Chapter:
    """股东: controllers as computed and as disclosed, holders, where look-through ends."""
    found = whole.controllers
    computed = [f"{plain(one.name, SHORT)}（表决权 {part(one.voting_ratio)}）" for one in found.computed]
    disclosed = [
        f"{plain(one.name, SHORT)}{f'（{part(one.ratio)}）' if one.ratio else ''}" for one in found.disclosed
    ]
    direct = [
        [plain(line.name, SHORT), KINDS[line.kind].zh, part(line.direct_ratio)]
        for line in whole.owners.direct[:OWNERS]
    ]
    return Chapter(
        "股东与实际控制人",
        "Owners and controller",
        blocks(
            Facts(
                [
                    ("实际控制人（计算）", joined(computed) or chinese(found.status_text)),
                    ("实际控制人（披露）", joined(disclosed) or whole.sections["controllers"].message),
                ]
            ),
            table((Column("直接股东", 4), Column("类型", 2), Column("持股比例", 1.5, "right")), direct),
            *_looked_through(whole),
        ),
    )


def _looked_through(whole: Customer360) -> Iterator[Block | None]:
    """Who owns it in the end, unless these are its direct holders with the shares that they hold."""
    found = whole.owners
    shares = {line.id: line.direct_ratio for line in found.direct}
    ends = [line for line in found.terminals[:OWNERS] if (line.integrated_ratio or 0.0) >= SHOWN]
    if (
        ends
        and all(shares.get(line.id) == line.integrated_ratio for line in ends)
        and len(ends) == len(shares)
    ):
        yield Quiet("直接股东即最终持有人。")
    else:
        columns = (Column("穿透后的最终持有人", 4), Column("穿透止于", 2), Column("合计比例", 1.5, "right"))
        rows = [
            [plain(line.name, SHORT), chinese(line.stopped_text), part(line.integrated_ratio)]
            for line in ends
        ]
        yield table(columns, rows)
    unknown = found.unknown_ratio
    yield quiet(f"穿透后股本中 {part(unknown)} 归属未知。" if unknown and unknown >= SHOWN else "")


def indicators(whole: Customer360) -> Chapter:
    """指标: three years of reports, and what is true on the day."""
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
            quiet(plain("；".join(chinese(finding.message) for finding in whole.findings[:2]))),
        ),
    )


def _by_year(line: IndicatorLine) -> dict[int, float | None]:
    return {point.period_end.year: point.value for point in reversed(line.trend) if point.months == YEAR}


def _value(line: IndicatorLine, value: float | None) -> str:
    if value is None:
        return UNKNOWN
    if line.unit == "CNY":
        return yuan(value)
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


def events(whole: Customer360) -> Chapter:
    """动态: what happened, in the words of who tells it."""
    columns = (Column("日期"), Column("事件", 1.6), Column("原句", 7), Column("情感", 1.2))
    rows = [
        [
            str(event.date or UNKNOWN),
            plain(word(event.event_kind or "") or event.name, 20),
            plain(event.text or event.name, SENTENCE),
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


def risk(whole: Customer360) -> Chapter:
    """风险: exposure, restricted list, alerts, hard events."""
    found = whole.risk
    facts = [
        (
            "本公司敞口",
            f"{yuan(found.exposure.gross)}，净额 {yuan(found.exposure.net)}"
            if found.exposure.exposures
            else "无",
        ),
        ("质押比例", part(found.pledge_ratio)),
        ("担保 / 净资产", part(found.guarantee_ratio)),
        ("预警记录", f"{found.alerts_total} 条" if found.alerts_total else "无"),
    ]
    tags = [chinese(line.name) for line in whole.tags.tags if line.category == "risk"]
    said = [
        *(reason.text for reason in found.restricted),
        *([f"风险标签：{'、'.join(tags)}"] if tags else []),
        *(f"{alert.raised} 预警：{alert.text}" for alert in found.alerts[:3]),
        *(
            f"{hit.date} {word(hit.event_kind)}（{hit.name}）：按规则自身冲击 {hit.shock:.0%}"
            + (f"，本公司净敞口受影响 {money(hit.at_risk)}" if hit.at_risk else "")
            for hit in found.hits[:4]
        ),
    ]
    return Chapter("风险提示", "Risk", blocks(Facts(facts), notes(plain(text, SENTENCE) for text in said)))


def similar(whole: Customer360) -> Chapter:
    """相似公司: those told alike, where that was asked for."""
    found = whole.similar.companies if whole.similar else []
    said = [f"{plain(one.name, SHORT)}：{plain('；'.join(r.text for r in one.reasons), 60)}" for one in found]
    return Chapter("相似公司", "Similar companies", blocks(notes(said)))


def missing(whole: Customer360) -> Chapter:
    """未知事项: what to find out."""
    said = [plain(line.message, 80) for line in whole.missing]
    text = "；".join(dict.fromkeys(said))
    return Chapter(
        "未知事项", "What is not known", blocks(notes([f"{text}。"] if text else ["没有发现缺口。"]))
    )
