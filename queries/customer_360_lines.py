"""What the whole customer 360 is made of beside the answers of other questions: people, events, risk, white space."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from queries.alerts import AlertLine
from queries.client_tiers import ClientTiers
from queries.controllers import Controllers
from queries.group import Group
from queries.introductions import Introduction
from queries.life_cycle import LifeCycle
from queries.models import Answer, Day, EntityId, Finding, Line, Money, Party, PartyLine, Ratio
from queries.opportunities import Opportunities
from queries.owners import Owners
from queries.profile_lines import RelationCount, Sections, UnknownLine
from queries.sentiment import SentimentOverTime
from queries.similar_companies import SimilarCompanies
from queries.tags import Tags


class Reason(Answer):
    """Why a part has nothing to show."""

    code: str
    text: str
    text_en: str


# --- indicators ----------------------------------------------------------------------------------------------------


class TrendPoint(Answer):
    """The value of one period; null where it is not known."""

    period_end: dt.date
    months: int
    value: float | None


@dataclass(slots=True, kw_only=True)
class IndicatorLine(Line):
    """One indicator on the day, with its last periods, the newest first; like compares with like."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: str
    name: str
    name_en: str
    unit: str
    source: Annotated[str, Field(description="reports, graph, firm")]
    value: float | None
    period_end: Day
    months: int | None
    reason: Annotated[str | None, Field(description="Why it is unknown; null where it is known.")]
    reason_en: str | None
    trend: list[TrendPoint]
    change: Annotated[
        float | None,
        Field(
            description="Newest value less that of the like period a year before; null unless both are known."
        ),
    ]


# --- people who decide ---------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class KnownBy(PartyLine):
    """A member of staff who knows somebody, and how well as far as it is stated."""

    strength: Ratio


@dataclass(slots=True, kw_only=True)
class DeciderLine(PartyLine):
    """决策人: somebody who decides for the company, or whom the firm talks to there."""

    roles: Annotated[list[str], Field(description="Offices, 实际控制人, 联系人; the weightiest first.")]
    decides: Annotated[bool, Field(description="Whether one of them is of decision rank.")]
    known_by: Annotated[list[KnownBy], Field(description="Staff who know them, the best acquainted first.")]
    known_by_total: int


class Deciders(Answer):
    """People who decide, by rank, then by name and id; and the ways to them that are open to the firm."""

    people: list[DeciderLine]
    total: int
    ways_in: list[Introduction] = Field(description="Who can introduce us, the cheapest way first.")
    unknown: list[Reason]


# --- events --------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class EventTold(PartyLine):
    """An event, the sentence that tells it, and how the documents that tell it speak of the company."""

    event_kind: str | None
    date: Day
    amount: Money
    text: str | None
    sentiment: Annotated[
        float | None, Field(description="Mean toward the company over the documents; null where not read.")
    ]
    documents: Annotated[
        list[Party], Field(description="The documents that tell it, newest first, at most 3.")
    ]
    documents_total: int


class EventsTold(Answer):
    """Events up to the day, the newest first, and sentiment toward the company by month."""

    events: list[EventTold]
    total: int
    sentiment: SentimentOverTime
    unknown: list[Reason]


# --- risk ----------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class HitLine(PartyLine):
    """An event of the last year that the shock rules know: how hard it hits, and what the firm has at risk by it."""

    event_kind: str
    date: dt.date
    shock: Annotated[
        float, Field(description="Its own shock by the rules, from 0 to 1; no propagation is run.")
    ]
    shock_low: float
    shock_high: float
    at_risk: Annotated[float, Field(description="Net exposure of the firm times the shock, yuan.")]


class Positioned(Answer):
    """敞口: what the firm has at risk on the company itself."""

    exposures: int
    gross: float
    collateral: float
    net: float
    unknown_amounts: int


class RiskSummary(Answer):
    """风险: alerts, exposure, hard events, and the figures that banks look at first."""

    exposure: Positioned
    alerts: list[AlertLine] = Field(description="The newest, at most 5.")
    alerts_total: int
    hits: list[HitLine] = Field(description="Events of the last 365 days that shock, the hardest first.")
    hits_total: int
    rule: str = Field(description="Rule and version of the shocks.")
    pledge_ratio: Ratio
    guarantee_ratio: Ratio
    restricted: list[Reason] = Field(description="Entries of the restricted list.")
    unknown: list[Reason]


# --- what it has, and has not ---------------------------------------------------------------------------------------


class WhiteLine(Answer):
    """A product of the catalogue that the company has not."""

    key: str
    name: str
    name_en: str
    line: str = Field(description="Business line.")
    line_en: str
    verdict: Literal["eligible", "restricted", "not_eligible"]
    reason: str | None = Field(description="Why it may not have it.")
    reason_en: str | None
    in_group: int = Field(description="Other companies of its group that have it.")
    opportunity: bool = Field(description="Whether an opportunity is open for it.")


class WhiteSpaceSummary(Answer):
    """产品空白: what the firm sells and the company has not; what its group has first."""

    catalogue: str
    held: int = Field(description="Products of the catalogue that it has.")
    lines_held: int = Field(description="Business lines of which it has a product.")
    lines: int = Field(description="Business lines that the firm sells.")
    products: list[WhiteLine]


@dataclass(slots=True, kw_only=True)
class TouchLine(Line):
    """What the desk did about the company: a decision on an opportunity, with who and when."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    at: dt.datetime
    who: str
    state: str
    product: str
    reason: str | None


class Touches(Answer):
    """Last contacts: the newest first; the data model has no visits, so these are decisions of the desk alone."""

    lines: list[TouchLine]
    total: int
    unknown: list[Reason]


# --- the whole -----------------------------------------------------------------------------------------------------


class Customer360(Answer):
    """客户全景（全）: everything that guanxi knows of a company, as one page; sections as in the profile."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date
    known_at: dt.date | None
    sections: Sections
    relations: list[RelationCount]
    life_cycle: LifeCycle
    indicators_version: str
    indicators: list[IndicatorLine]
    tags: Tags
    tiers: ClientTiers
    controllers: Controllers
    owners: Owners
    group: Group
    deciders: Deciders
    events: EventsTold
    risk: RiskSummary
    white_space: WhiteSpaceSummary
    opportunities: Opportunities
    touches: Touches
    similar: SimilarCompanies | None = Field(description="Null where vectors of texts were not asked for.")
    missing: list[UnknownLine] = Field(description="What a reader would look for and no visible record says.")
    findings: list[Finding] = Field(description="What is wrong with its reports.")
