"""访前简报: the whole customer 360 as a brief of two or three pages, Chinese first."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Final

from api.brief_business import group, opportunities, people, products
from api.brief_pages import UNKNOWN, Brief, Chapter, Column, blocks, joined, plain, quiet, table
from api.brief_sources import sources
from api.brief_standing import events, indicators, missing, owners, risk, similar
from api.brief_words import SHORT, chinese, identity, section
from api.show import money
from queries.customer_360_lines import Customer360
from queries.indicators_stages import LABELS
from queries.labels import word

_RECENT: Final = 365


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
    yield opportunities(whole)
    yield people(whole)
    yield owners(whole)
    yield indicators(whole)
    yield events(whole)
    yield products(whole)
    yield group(whole)
    yield risk(whole)
    yield similar(whole)
    yield missing(whole)
    yield _sources(whole)


def _subtitle(whole: Customer360) -> str:
    known = identity(whole)
    industries = [line.name for line in section(whole, "industry").lines if line.relation == "own"]
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
    named = [chinese(line.name) for line in whole.tags.tags]
    client = "客户" if identity(whole).get("client") else ""
    found = [client, *map(chinese, tiers), stage, *named]
    return [plain(text, 20) for text in dict.fromkeys(found) if text]


def _coverage(whole: Customer360) -> str:
    lines = section(whole, "coverage").lines
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
    if section(whole, "products").total and lacks:
        return plain(
            f"暂无商机，近一年没有动态；可借回访介绍尚未持有的{joined(lacks, 3)}，并补齐未知事项。", 240
        )
    return "目前没有商机和动态；此行宜先补齐下列未知事项。"


def _footer(whole: Customer360, reader: str) -> str:
    made_for = f" · 供 {plain(reader, 30)} 使用" if reader else ""
    told = f" · 所知截至 {whole.known_at}" if whole.known_at else ""
    return f"内部资料，请勿外传 INTERNAL · 截至 as of {whole.as_of}{told}{made_for}"


def _sources(whole: Customer360) -> Chapter:
    rows = [[plain(s.name, SHORT), f"{s.records}", str(s.newest or UNKNOWN)] for s in sources(whole)]
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
