"""Industries, who supplies whom along them, themes, securities and yearly reports."""

from __future__ import annotations

import datetime as dt

import numpy as np

from ingest.world import parties, text, vocabulary
from ingest.world.files import Columns, Files
from ingest.world.market import Market
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import INDUSTRIES, UPSTREAM, Flags, Ints

_THEMES = ("国产替代", "专精特新", "碳中和", "数字经济", "人工智能", "工业互联网", "储能", "氢能", "创新药", "乡村振兴",
           "一带一路", "国企改革", "低空经济", "商业航天", "养老产业", "预制菜")  # fmt: skip
_YEARS = (2021, 2022, 2023, 2024, 2025)
_SCHEME = "观势行业分类"

# Dickinson (2011), table 1: signs of operating, investing and financing cash flow by stage of the life cycle
STAGES: tuple[tuple[int, int, int], ...] = ((-1, -1, 1), (1, -1, 1), (1, -1, -1), (1, 1, -1), (-1, 1, -1))
"""Introduction, growth, mature, shake-out, decline."""


def write(files: Files, market: Market, seed: int) -> None:
    """Write everything of this module."""
    _industries(files, market, seed)
    _supplies(files, market, seed)
    _themes(files, market, seed)
    _securities(files, market, seed)
    _reports(files, market, seed)


def _industries(files: Files, market: Market, seed: int) -> None:
    sectors = tuple(dict.fromkeys(sector for _, sector, _ in INDUSTRIES))
    names = [name for name, _, _ in INDUSTRIES]
    for prefix, mark, listed in (("I", "", names), ("IS", "S", sectors)):
        files.rows("Industry", [
            {"id": f"{prefix}{n}", "name": name, "code": f"{mark}{n:02d}", "scheme": _SCHEME, "source": "industry"}
            for n, name in enumerate(listed, 1)
        ])  # fmt: skip
    files.rows("IN_INDUSTRY", [
        {"from": f"I{n}", "to": f"IS{sectors.index(sector) + 1}", "source": "industry"}
        for n, (_, sector, _) in enumerate(INDUSTRIES, 1)
    ])  # fmt: skip
    files.rows("UPSTREAM_OF", [
        {"from": f"I{names.index(a) + 1}", "to": f"I{names.index(b) + 1}", "weight": 1 + n % 5, "source": "industry"}
        for n, (a, b) in enumerate(UPSTREAM)
    ])  # fmt: skip
    known = text.chance(text.generator(seed, "industry"), len(market.members), 0.4)
    member = np.flatnonzero(known | market.client | (market.listed >= 0))
    industry = market.industry[member]

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.ids("C", market.members.start + member[a:b]),
            "to": text.ids("I", industry[a:b]),
            "source": ["industry"] * (b - a),
        }

    files.chunked("IN_INDUSTRY", len(member), rows)


def _supplies(files: Files, market: Market, seed: int) -> None:
    """A supply for every third company, along the industries; a few suppliers and customers have very many."""
    rng = text.generator(seed, "supplies")
    order = np.argsort(market.industry, kind="stable")
    counts = np.bincount(market.industry, minlength=len(INDUSTRIES))
    first = np.cumsum(counts) - counts
    names = [name for name, _, _ in INDUSTRIES]
    links = np.array([(names.index(a), names.index(b)) for a, b in UPSTREAM])
    links = links[(counts[links] > 0).all(axis=1)]
    wanted = len(market.members) // 3
    link = links[rng.integers(0, len(links), wanted)]

    def pick(industry: Ints) -> Ints:
        place = (counts[industry] * rng.random(wanted) ** 2.5).astype(np.int64)
        found: Ints = market.members.start + order[first[industry] + place]
        return found

    pairs = np.unique(np.stack([pick(link[:, 0]), pick(link[:, 1])]), axis=1)
    supplier, customer = pairs[0], pairs[1]
    size = len(supplier)
    partners = np.maximum(np.bincount(customer)[customer], np.bincount(supplier)[supplier])
    # shares of all partners of one company stay below 1 together
    share = np.maximum((rng.uniform(0.1, 0.9, size) * text.WHOLE / partners).astype(np.int64), 1)
    told = text.chance(rng, size, 0.5)
    amount = (10 ** rng.normal(7.0, 0.7, size)).astype(np.int64)
    start = rng.integers(text.day("2019-01-01"), NOW - 100, size)
    end = np.where(text.chance(rng, size, 0.15), start + rng.integers(100, 900, size), NEVER)
    end = np.where(end > NOW, NEVER, end)
    trade = market.trade[supplier - market.members.start]

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.ids("C", supplier[a:b]),
            "to": text.ids("C", customer[a:b]),
            "amount": amount[a:b].tolist(),
            "cost_share": text.ratios(np.where(told[a:b], share[a:b], -1)),
            "revenue_share": text.ratios(np.where(told[a:b], -1, share[a:b])),
            "item": text.words(vocabulary.TRADES, trade[a:b]),
            "valid_from": text.dates(start[a:b]),
            "valid_to": text.dates(end[a:b]),
            "known_from": text.dates(np.minimum(start[a:b] + 60, NOW)),
            "source": ["filings"] * (b - a),
        }

    files.chunked("SUPPLIES", size, rows)


def _themes(files: Files, market: Market, seed: int) -> None:
    files.rows("Concept", [
        {"id": f"T{n}", "name": name, "kind": "theme", "source": "industry"} for n, name in enumerate(_THEMES, 1)
    ])  # fmt: skip
    rng = text.generator(seed, "themes")
    chance = np.where(market.listed >= 0, 0.18, np.where(market.client, 0.04, 0.0))
    relevant = np.flatnonzero(chance)
    member, theme = np.nonzero(rng.random((len(relevant), len(_THEMES))) < chance[relevant, None])
    columns = {
        "from": text.ids("C", market.members.start + relevant[member]),
        "to": text.ids("T", theme),
        "source": ["industry"] * len(member),
    }
    files.columns("HAS_CONCEPT", columns)


def _securities(files: Files, market: Market, seed: int) -> None:
    """A share for every listed company (S1 is listing number 1), and bonds of some of them and of large clients."""
    rng = text.generator(seed, "securities")
    listed = np.flatnonzero(market.listed >= 0)
    listed = listed[np.argsort(market.listed[listed])]
    chance = np.where(market.listed >= 0, 0.3, np.where(market.client, 0.03, 0.0))
    bonds = np.flatnonzero(rng.random(len(chance)) < chance)
    issued = rng.integers(text.day("2021-01-01"), NOW - 60, len(bonds))
    matures = issued + 365 * rng.integers(2, 8, len(bonds))
    _, shares = parties.member_names(market, seed, listed)
    _, issuers = parties.member_names(market, seed, bonds)
    codes = [vocabulary.listing_code(n) for n in market.listed[listed].tolist()]
    files.rows("Security", [
        {"id": f"S{n}", "name": name, "code": code, "kind": "share", "source": "exchange",
         "exchange": parties.exchange(code)}
        for n, (name, code) in enumerate(zip(shares, codes, strict=True), 1)
    ])  # fmt: skip
    files.rows("Security", [
        {"id": f"BD{n}", "name": f"{start[2:4]}{name}债{n % 3 + 1:02d}", "code": f"9{n:08d}.IB", "kind": "bond",
         "exchange": "银行间市场", "listed_on": start, "matures_on": end, "source": "exchange"}
        for n, (name, start, end) in enumerate(zip(issuers, text.dates(issued), text.dates(matures), strict=True), 1)
    ])  # fmt: skip
    for prefix, member, days in (("S", listed, market.founded[listed] + 900), ("BD", bonds, issued)):
        columns = {
            "from": text.ids("C", market.members.start + member),
            "to": text.ids(prefix, np.arange(len(member))),
            "valid_from": text.dates(np.minimum(days, NOW)),
            "source": ["exchange"] * len(member),
        }
        files.columns("ISSUED", columns)


def _reports(files: Files, market: Market, seed: int) -> None:
    """Five yearly reports of every listed company and client."""
    member = np.flatnonzero((market.listed >= 0) | market.client)

    def rows(first: int, last: int) -> Columns:
        return _report_rows(market, seed, member[first:last])

    # a chunk of companies has five times as many reports
    for first in range(0, len(member), 10_000):
        files.columns("FinancialReport", rows(first, min(first + 10_000, len(member))))


def _stages(rng: np.random.Generator, size: int) -> Ints:
    """Stage by company and year: it stays mostly, and moves by one when it moves."""
    stage = rng.choice(len(STAGES), size, p=[0.1, 0.32, 0.38, 0.12, 0.08])
    moves = np.where(
        text.chance(rng, size * len(_YEARS), 0.15).reshape(size, -1),
        rng.choice([-1, 1], (size, len(_YEARS))),
        0,
    )
    moves[:, 0] = 0
    found: Ints = np.clip(stage[:, None] + np.cumsum(moves, axis=1), 0, len(STAGES) - 1)
    return found


def _report_rows(market: Market, seed: int, member: Ints) -> Columns:
    """Figures that agree: assets = liabilities + equity, parts below the whole, cash flows signed by the stage."""
    rng = text.generator(seed, f"reports{member[0]}")
    shape = (len(member), len(_YEARS))
    stage = _stages(rng, len(member))
    growth = np.array([0.45, 0.25, 0.06, -0.05, -0.18])[stage] + rng.normal(0, 0.06, shape)
    base = 10 ** rng.normal(8.6, 0.6, (len(member), 1)) * np.where(market.listed[member, None] >= 0, 8, 1)
    revenue = base * np.cumprod(1 + np.clip(growth, -0.6, 1.0), axis=1)
    margin = np.array([-0.12, 0.08, 0.11, 0.02, -0.15])[stage] + rng.normal(0, 0.04, shape)
    assets = revenue * rng.uniform(1.1, 2.4, (len(member), 1))
    leverage = np.clip(rng.uniform(0.2, 0.75, (len(member), 1)) + rng.normal(0, 0.04, shape), 0.05, 0.95)
    total = assets.astype(np.int64)
    liabilities = (assets * leverage).astype(np.int64)
    flows = np.array(STAGES)[stage] * (assets[..., None] * rng.uniform(0.01, 0.12, (*shape, 3)))
    keep = _existing(market.founded[member])
    ids = np.arange(len(member))[:, None] * len(_YEARS) + np.arange(len(_YEARS))
    company = np.broadcast_to(market.members.start + member[:, None], shape)[keep]
    years = np.broadcast_to(np.array(_YEARS), shape)[keep].tolist()

    def cells(figures: Ints) -> list[int]:
        listed: list[int] = figures[keep].tolist()
        return listed

    return {
        "id": [f"F{c + 1}-{y}" for c, y in zip(company.tolist(), years, strict=True)],
        "name": [f"{y}年年度报告" for y in years],
        "company": text.ids("C", company),
        "period_end": [f"{y}-12-31" for y in years],
        "period_months": [12] * len(ids[keep]),
        "revenue": cells(revenue.astype(np.int64)),
        "net_profit": cells((revenue * margin).astype(np.int64)),
        "total_assets": cells(total),
        "total_liabilities": cells(liabilities),
        "current_assets": cells((assets * rng.uniform(0.3, 0.8, shape)).astype(np.int64)),
        "current_liabilities": cells((liabilities * rng.uniform(0.3, 0.9, shape)).astype(np.int64)),
        "equity": cells(total - liabilities),
        "operating_cash_flow": cells(flows[..., 0].astype(np.int64)),
        "investing_cash_flow": cells(flows[..., 1].astype(np.int64)),
        "financing_cash_flow": cells(flows[..., 2].astype(np.int64)),
        "known_from": [f"{y + 1}-04-{28 - c % 20:02d}" for c, y in zip(company.tolist(), years, strict=True)],
        "source": ["filings"] * len(years),
    }


def _existing(founded: Ints) -> Flags:
    """Which of the years a company founded on a day reports on."""
    ends = np.array([(dt.date(year, 1, 1) - text.EPOCH).days for year in _YEARS])
    existing: Flags = founded[:, None] < ends
    return existing
