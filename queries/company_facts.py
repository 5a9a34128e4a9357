"""规则可读的事实: what any rule may read of a company: one documented model, computed for all companies at once.

A rule reads a fact by the name of its field here, an inner one with a dot: `events_90.pledge`. None is unknown, and no
comparison with an unknown holds. Everything is as the View shows it: on its day, by what was known, for its viewer.
"""

from __future__ import annotations

import datetime as dt
import threading
from collections import deque
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from types import MappingProxyType
from typing import Annotated, Any, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graph.errors import InvalidInput
from graph.view import View
from queries import (
    indicators_events,
    indicators_finance,
    indicators_firm,
    indicators_owners,
    indicators_standing,
)
from queries.indicators_ground import Columns, Ground
from queries.models import Answer, EntityId

Rows = NDArray[np.int64]

Fraction = Annotated[float | None, Field(description="Fraction of 1.")]
Yuan = Annotated[float | None, Field(description="Yuan.")]


class EventCounts(Answer):
    """How many events of each kind happened to the company within a window; of kinds not named here: `other`."""

    total: int = Field(description="事件总数: events of any kind.")
    pledge: int = Field(description="股权质押: pledges of shares.")
    pledge_release: int = Field(description="解除质押: releases of pledges.")
    controller_pledge: int = Field(description="控股股东质押: pledges by the controller.")
    increase: int = Field(description="增持: holders increase.")
    reduction: int = Field(description="减持: holders reduce.")
    share_transfer: int = Field(description="股权转让: shares change hands.")
    controller_change: int = Field(description="控制权变更: a new controller.")
    acquisition: int = Field(description="收购: acquisitions.")
    financing: int = Field(description="融资: financing rounds told as events.")
    listing_guidance: int = Field(description="上市辅导: listing guidance.")
    listing: int = Field(description="上市: listings.")
    buy_back: int = Field(description="回购: buy-backs.")
    lockup_expiry: int = Field(description="限售股解禁: lock-up expiries.")
    bond_maturity: int = Field(description="债券到期: bond maturities.")
    bid_won: int = Field(description="中标: bids won.")
    contract: int = Field(description="重大合同: contracts.")
    guarantee: int = Field(description="担保: guarantees.")
    executive_change: int = Field(description="高管变动: changes of officers.")
    loss: int = Field(description="亏损: losses.")
    lawsuit: int = Field(description="诉讼: lawsuits.")
    judgment: int = Field(description="判决: judgments.")
    penalty: int = Field(description="处罚: penalties.")
    summons: int = Field(description="约谈: summonses.")
    default: int = Field(description="违约: defaults.")
    bankruptcy: int = Field(description="破产: bankruptcies.")
    customer_loss: int = Field(description="失去大客户: loss of a large customer.")
    rating_cut: int = Field(description="评级下调: rating cuts.")
    other: int = Field(description="其他: of any other kind.")


class DealCounts(Answer):
    """How many deals the company was in within a window."""

    financing: int = Field(description="融资: rounds in which it was financed.")
    acquisition: int = Field(description="被收购: deals in which it was acquired.")
    offering: int = Field(description="发行: offerings of its securities.")
    invested: int = Field(description="对外投资: deals in which it invested or acquired.")


class CompanyFacts(Answer):
    """规则可读的事实: what any rule may read of one company. None is unknown."""

    # who it is
    id: EntityId
    name: str = Field(description="名称.")
    kind: str = Field(description="类型: always Company.")
    nature: str | None = Field(
        description="性质: state_body, state_owned, private, foreign … as a source says."
    )
    region: str | None = Field(description="地区: province or city.")
    country: str | None = Field(description="国家: ISO 3166.")
    industries: list[str] = Field(description="行业: names, in the order of the industries' ids.")
    listed: bool = Field(description="上市: has a listed share on the day.")
    exchange: str | None = Field(description="交易所.")
    listed_on: dt.date | None = Field(description="上市日期.")
    listed_years: float | None = Field(description="上市年数: years since listing.")
    founded: dt.date | None = Field(description="成立日期.")
    age_years: float | None = Field(description="成立年数: years since it was founded.")
    capital: Yuan = Field(description="注册资本: registered capital, yuan.")
    market_value: Yuan = Field(description="总市值: market capitalisation, yuan.")
    # life cycle and financing
    life_cycle: str | None = Field(description="生命周期: introduction, growth, mature, shake_out, decline.")
    life_cycle_basis: str | None = Field(
        description="依据: cash_flows, or fallback where no recent report shows it."
    )
    financing_round: str | None = Field(description="最近融资轮次: of the newest financing deal.")
    financed_on: dt.date | None = Field(description="最近融资日期.")
    financed_years: float | None = Field(description="距最近融资的年数.")
    # its newest yearly figures
    report_year: int | None = Field(description="最近年报年度: year in which the newest yearly report ends.")
    revenue: Yuan = Field(description="营业收入: of the newest yearly report, yuan.")
    net_profit: Yuan = Field(description="归母净利润: of the newest yearly report, yuan.")
    revenue_growth: Fraction = Field(description="营业收入增长率: against the year before.")
    profit_growth: Fraction = Field(
        description="净利润增长率: against the year before, where that was above zero."
    )
    net_margin: Fraction = Field(description="净利率: net profit over revenue.")
    return_on_equity: Fraction = Field(
        description="净资产收益率: net profit over equity at the end of the year."
    )
    operating_cash_flow: Yuan = Field(description="经营现金流净额: of the newest yearly report, yuan.")
    total_assets: Yuan = Field(description="总资产: of the newest report, yuan.")
    equity: Yuan = Field(description="归母净资产: of the newest report, yuan.")
    leverage: Fraction = Field(description="资产负债率: liabilities over assets, newest report.")
    current_ratio: float | None = Field(
        description="流动比率: current assets over current liabilities, newest report."
    )
    # owners and group
    largest_stake: Fraction = Field(description="第一大股东持股比例, of those stated.")
    controller_id: str | None = Field(
        description="实际控制人: its id; of several in concert the one with the smallest id."
    )
    controller_kind: str | None = Field(description="控制人类型: Person, Company.")
    controller_state: bool | None = Field(
        description="控制人为国家机关: whether a state body controls it; None without one."
    )
    controller_joint: bool | None = Field(description="一致行动: whether several control it in concert.")
    controller_basis: str | None = Field(description="依据: computed from votes, else disclosed.")
    controller_stake: Fraction = Field(
        description="控制人表决权比例: votes as computed, else the ratio disclosed."
    )
    group_size: int = Field(
        description="集团规模: companies under the same ultimate controllers, itself included."
    )
    subsidiaries: int = Field(description="控制企业数: companies that it alone controls in the end.")
    # pledges, guarantees, customers, bonds
    pledge_ratio: Fraction = Field(
        description="质押比例: part of its total shares pledged, as stated; None without a pledge."
    )
    guarantees_given: Yuan = Field(
        description="对外担保余额: stated amounts guaranteed for others; None without one."
    )
    guarantee_ratio: Fraction = Field(description="担保比例: guarantees given over equity.")
    customer_concentration: Fraction = Field(
        description="前五大客户收入占比: stated shares of revenue, the five largest."
    )
    largest_customer: Fraction = Field(description="第一大客户收入占比.")
    supplier_concentration: Fraction = Field(description="前五大供应商采购占比.")
    bonds: int = Field(description="存续债券数: bonds issued that have not matured.")
    bond_matures_on: dt.date | None = Field(description="最近债券到期日.")
    bond_matures_days: int | None = Field(description="距最近债券到期的天数.")
    # events and deals
    events_30: EventCounts = Field(description="近 30 天事件数.")
    events_90: EventCounts = Field(description="近 90 天事件数.")
    events_365: EventCounts = Field(description="近 365 天事件数.")
    events_ahead_90: EventCounts = Field(description="未来 90 天已知事件数, such as lock-up expiries.")
    deals_365: DealCounts = Field(description="近 365 天交易数.")
    # the firm's own dealings
    client: bool = Field(description="本公司客户: marked as client, covered by staff, or has a product.")
    products: list[str] = Field(description="持有产品: names, in the order of the products' ids.")
    product_lines: list[str] = Field(description="业务类别: business lines of the products held, by name.")
    product_count: int = Field(description="产品数.")
    product_depth: Fraction = Field(description="产品深度: business lines held over all that the firm sells.")
    firm_revenue: Yuan = Field(
        description="创收: revenue to the firm, yuan a year; None where products state none."
    )
    exposure: Yuan = Field(description="敞口: what the firm has at risk, yuan.")
    exposure_net: Yuan = Field(description="净敞口: after collateral, yuan.")
    staff: int = Field(description="服务人数: staff who cover it.")
    relationship: Fraction = Field(
        description="关系强度: best stated acquaintance of staff with its officers or contacts."
    )
    contacts: int = Field(description="联系人数.")
    tier: str | None = Field(description="客户分层: as it was last written, on the day.")


_GROUPS: Final[Mapping[str, tuple[str, ...]]] = MappingProxyType(
    {
        **{
            name: tuple(EventCounts.model_fields)
            for name in ("events_30", "events_90", "events_365", "events_ahead_90")
        },
        "deals_365": tuple(DealCounts.model_fields),
    }
)

EVENT_KINDS: Final = tuple(name for name in EventCounts.model_fields if name not in ("total", "other"))


def fact_names() -> tuple[str, ...]:
    """Every name that a rule may read, inner ones with a dot, in the order of the model."""
    return tuple(
        full
        for name in CompanyFacts.model_fields
        for full in (tuple(f"{name}.{part}" for part in _GROUPS[name]) if name in _GROUPS else (name,))
    )


@dataclass(frozen=True)
class Facts:
    """The facts of companies as columns: `columns[name][i]` is that of `rows[i]`; inner facts are named with a dot."""

    rows: Rows
    columns: Columns

    def __len__(self) -> int:
        return len(self.rows)

    def values(self, name: str) -> list[Any]:
        """A column as Python values, None for unknown. Raises KeyError for a name that is no fact."""
        return _python(self.columns[name])

    def value(self, i: int, name: str) -> Any:
        """One fact of `rows[i]`, None for unknown. Raises KeyError for a name that is no fact."""
        return _python(self.columns[name][i : i + 1])[0]

    def flat(self, names: Sequence[str]) -> Iterator[dict[str, Any]]:
        """Of each company the facts of these names, by name with the dot."""
        lists = [self.values(name) for name in names]
        return (
            (dict(zip(names, values, strict=True)) for values in zip(*lists, strict=True))
            if names
            else ({} for _ in range(len(self)))
        )

    def model(self, i: int) -> CompanyFacts:
        """The facts of `rows[i]`."""
        at = np.array([i])
        (found,) = self.taken(at).flat(fact_names())
        return CompanyFacts.model_validate(nested(found))

    def taken(self, places: Rows) -> Facts:
        """Those of some of the companies."""
        return Facts(self.rows[places], _Taken(self.columns, places))


class _Taken(Mapping[str, NDArray[Any]]):
    """Columns of some of the companies, each taken when it is first read."""

    def __init__(self, columns: Columns, places: Rows) -> None:
        self._columns = columns
        self._places = places
        self._found: dict[str, NDArray[Any]] = {}

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._found:
            self._found[name] = self._columns[name][self._places]
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._columns)

    def __len__(self) -> int:
        return len(self._columns)


Maker = Callable[[Ground, Columns], Columns]


class _Made(Mapping[str, NDArray[Any]]):
    """Columns of all companies: one after another the makers run, as far as the names that are read need them."""

    def __init__(self, ground: Ground, makers: Sequence[Maker]) -> None:
        self._ground = ground
        self._waiting = deque(makers)
        self._found: dict[str, NDArray[Any]] = {}
        self._lock = threading.RLock()

    def __getitem__(self, name: str) -> NDArray[Any]:
        if name not in self._found:
            with self._lock:
                while name not in self._found and self._waiting:
                    made = self._waiting[0](self._ground, self._found)
                    self._found = {**self._found, **made}
                    self._waiting.popleft()
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(fact_names())

    def __len__(self) -> int:
        return len(fact_names())


def nested(found: Mapping[str, Any]) -> dict[str, Any]:
    """Facts by name with the dot as the inner models want them; dates stay dates."""
    out: dict[str, Any] = {}
    for name, value in found.items():
        outer, _, inner = name.partition(".")
        if inner:
            out.setdefault(outer, {})[inner] = value
        else:
            out[outer] = value
    return out


def _python(column: NDArray[Any]) -> list[Any]:
    if column.dtype.kind == "f":
        return [None if value != value else value for value in column.tolist()]  # noqa: PLR0124  # NaN
    found: list[Any] = column.tolist()
    return found


def company_facts(view: View, rows: Rows) -> Facts:
    """The facts of companies, given by row.

    Raises:
        InvalidInput: A row is no company of the View.
    """
    every = all_facts(view)
    places = np.searchsorted(every.rows, rows)
    inside = np.minimum(places, max(len(every.rows) - 1, 0))
    if len(rows) and (not len(every.rows) or (every.rows[inside] != rows).any()):
        raise InvalidInput("id", "只有公司有这些事实 / only companies have facts that rules read")
    return every.taken(places)


def facts_of(view: View, row: int) -> CompanyFacts:
    """The facts of one company. Raises InvalidInput where the row is none."""
    return company_facts(view, np.array([row])).model(0)


def all_facts(view: View) -> Facts:
    """The facts of every company of a View, by row ascending. Kept by View."""
    return view.foundation("company facts", lambda: _all_facts(view))


def _all_facts(view: View) -> Facts:
    ground = Ground.of(view)
    return Facts(ground.rows, _Made(ground, _MAKERS))


_MAKERS: Final[tuple[Maker, ...]] = (
    lambda ground, _: indicators_standing.columns(ground),
    lambda ground, _: indicators_finance.columns(ground),
    lambda ground, _: indicators_owners.columns(ground),
    lambda ground, _: indicators_events.columns(ground, EVENT_KINDS),
    indicators_finance.derived,
    lambda ground, _: indicators_firm.columns(ground),
)
"""In the order in which they run: each may read what those before it made, and what opportunities need comes first."""
