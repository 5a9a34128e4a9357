"""The lines of a profile, a class a section; each carries the records that say so."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, NotRequired

from pydantic import Field
from typing_extensions import TypedDict

from queries.models import (
    AliasLine,
    Answer,
    Day,
    EntityId,
    FieldLine,
    Line,
    Money,
    Party,
    PartyLine,
    Ratio,
    Records,
    Section,
    SimilarLine,
)


@dataclass(slots=True, kw_only=True)
class SecurityLine(PartyLine):
    """证券: a security that the company issued."""

    code: str | None
    security_kind: str | None
    exchange: str | None
    listed_on: Day
    matures_on: Day


@dataclass(slots=True, kw_only=True)
class IndustryLine(PartyLine):
    """行业与产业链: an industry, how the company stands to it, and through which of its own industries."""

    relation: Annotated[str, Field(description="own, parent, upstream, downstream.")]
    through: Annotated[
        Party | None, Field(description="The industry next to it on the way; null for an own one.")
    ]
    code: str | None
    scheme: str | None
    weight: Annotated[float | None, Field(description="Strength of the link as the source counts it.")]


@dataclass(slots=True, kw_only=True)
class ConceptLine(PartyLine):
    """概念: a market theme."""

    concept_kind: str | None


@dataclass(slots=True, kw_only=True)
class StakeLine(PartyLine):
    """持股: a stake, with the other party to it."""

    share_ratio: Ratio
    share_min: Ratio
    share_max: Ratio
    voting_ratio: Ratio
    amount: Money
    share_class: str | None
    partner: str | None
    valid_from: Day
    valid_to: Day
    start_unknown: Annotated[
        bool, Field(description="True where `valid_from` is merely the source's own date.")
    ]


@dataclass(slots=True, kw_only=True)
class OfficeHeld(Line):
    """One office that a person holds in the company."""

    office: str | None
    valid_from: Day
    start_unknown: bool


@dataclass(slots=True, kw_only=True)
class OtherOffice(PartyLine):
    """An office that a person holds elsewhere; id, name and kind are the company's."""

    office: str | None


@dataclass(slots=True, kw_only=True)
class OfficerLine(PartyLine):
    """高管: a person with all offices held in the company, and those held in other companies."""

    offices: list[OfficeHeld]
    other_offices: list[OtherOffice]
    other_offices_total: int


@dataclass(slots=True, kw_only=True)
class OfficeLine(PartyLine):
    """任职: an office; id, name and kind are the company's."""

    office: str | None
    valid_from: Day
    valid_to: Day
    start_unknown: bool


@dataclass(slots=True, kw_only=True)
class ControlLine(PartyLine):
    """控制: a relation of control as disclosed, with the other party to it."""

    ratio: Ratio
    joint: Annotated[
        bool | None, Field(description="True where the ratio belongs to several controllers together.")
    ]
    nature: str | None
    valid_from: Day
    valid_to: Day


@dataclass(slots=True, kw_only=True)
class ControllerLine(ControlLine):
    """实际控制人: a controller as disclosed, and the other companies that it is disclosed to control."""

    state_body: Annotated[
        bool, Field(description="A state body: sharing it makes no group (Company Law art. 265).")
    ]
    also_controls: Section[ControlLine]


@dataclass(slots=True, kw_only=True)
class RelativeLine(PartyLine):
    """亲属: a relative."""

    relation: str | None


@dataclass(slots=True, kw_only=True)
class ParticipantLine(PartyLine):
    """参与方: somebody who takes part in what the profile is of."""

    role: str | None


class RoleParty(Party):
    """Somebody who takes part, and as what."""

    role: str | None


@dataclass(slots=True, kw_only=True)
class RoleLine(PartyLine):
    """Something that the entity takes part in: id, name and kind are its own."""

    roles: Annotated[list[str], Field(description="What the entity is in it.")]
    parties: Annotated[list[RoleParty], Field(description="The others who take part, at most 20.")]
    parties_total: int


@dataclass(slots=True, kw_only=True)
class GuaranteeLine(RoleLine):
    """担保: a guarantee that the entity gives, owes or holds."""

    guarantee_kind: str | None
    amount: Money
    called: bool | None
    valid_from: Day
    valid_to: Day


@dataclass(slots=True, kw_only=True)
class PledgeLine(RoleLine):
    """质押: a pledge that the entity gives or takes, or of its shares."""

    amount: Money
    shares: float | None
    ratio: Ratio
    valid_from: Day
    valid_to: Day


@dataclass(slots=True, kw_only=True)
class DealLine(RoleLine):
    """交易: a deal."""

    deal_kind: str | None
    stage: str | None
    date: Day
    amount: Money
    amount_stated: str | None
    currency: str | None


@dataclass(slots=True, kw_only=True)
class ExposureLine(RoleLine):
    """敞口: what the firm has at risk on the entity."""

    amount: Money
    collateral: Money
    date: Day


@dataclass(slots=True, kw_only=True)
class LimitLine(RoleLine):
    """限额: the most that the firm allows itself on the entity."""

    limit_kind: str | None
    amount: Money
    ratio: Ratio
    rule: str | None


@dataclass(slots=True, kw_only=True)
class AgreementLine(RoleLine):
    """一致行动协议: an agreement to act in concert."""

    valid_from: Day
    valid_to: Day


@dataclass(slots=True, kw_only=True)
class ReportLine(RoleLine):
    """财务报告: the main figures of one period."""

    period_end: Day
    period_months: int | None
    revenue: Money
    net_profit: Money
    total_assets: Money
    total_liabilities: Money
    equity: Money
    operating_cash_flow: Money


@dataclass(slots=True, kw_only=True)
class ContactLine(RoleLine):
    """联系人: a person at the client."""

    title: str | None


@dataclass(slots=True, kw_only=True)
class EventLine(RoleLine):
    """动态: an event."""

    event_kind: str | None
    date: Day
    amount: Money
    text: str | None


@dataclass(slots=True, kw_only=True)
class DocumentLine(RoleLine):
    """文档: a document about the entity or naming it."""

    document_kind: str | None
    published: Day
    publisher: str | None


@dataclass(slots=True, kw_only=True)
class LoanLine(PartyLine):
    """借款: a loan, with the other party to it."""

    side: Annotated[str, Field(description="lender or borrower: what the entity itself is.")]
    amount: Money
    valid_from: Day
    valid_to: Day


@dataclass(slots=True, kw_only=True)
class TradeLine(PartyLine):
    """供应: a supplier or customer."""

    amount: Money
    cost_share: Ratio
    revenue_share: Ratio
    item: str | None


@dataclass(slots=True, kw_only=True)
class ProductLine(PartyLine):
    """持有产品: a product of the firm that the client has."""

    category: str | None
    since: Day
    revenue: Money


@dataclass(slots=True, kw_only=True)
class CoverageLine(PartyLine):
    """服务团队: a member of staff who looks after the client."""

    role: str | None
    title: str | None


@dataclass(slots=True, kw_only=True)
class UnknownLine(Line):
    """未知事项: something that a reader would look for and that no visible record says."""

    code: str
    message: str
    message_en: str


class ControllerSection(Section[ControllerLine]):
    """The disclosed controllers, or why there is none."""

    status: str = Field(
        description="disclosed; unknown_stated (a source says 不详 outright); not_stated (no source says anything)."
    )
    message: str
    message_en: str
    records: Records = Field(description="Of the statement that the controller is unknown.")


class Sections(TypedDict):
    """The sections of a profile; which there are depends on what the entity is."""

    identity: NotRequired[Section[FieldLine]]
    aliases: NotRequired[Section[AliasLine]]
    securities: NotRequired[Section[SecurityLine]]
    industry: NotRequired[Section[IndustryLine]]
    concepts: NotRequired[Section[ConceptLine]]
    controllers: NotRequired[ControllerSection]
    holders: NotRequired[Section[StakeLine]]
    holdings: NotRequired[Section[StakeLine]]
    controls: NotRequired[Section[ControlLine]]
    parties: NotRequired[Section[ParticipantLine]]
    officers: NotRequired[Section[OfficerLine]]
    offices: NotRequired[Section[OfficeLine]]
    relatives: NotRequired[Section[RelativeLine]]
    guarantees: NotRequired[Section[GuaranteeLine]]
    loans: NotRequired[Section[LoanLine]]
    pledges: NotRequired[Section[PledgeLine]]
    deals: NotRequired[Section[DealLine]]
    suppliers: NotRequired[Section[TradeLine]]
    customers: NotRequired[Section[TradeLine]]
    products: NotRequired[Section[ProductLine]]
    coverage: NotRequired[Section[CoverageLine]]
    contacts: NotRequired[Section[ContactLine]]
    exposures: NotRequired[Section[ExposureLine]]
    limits: NotRequired[Section[LimitLine]]
    agreements: NotRequired[Section[AgreementLine]]
    events: NotRequired[Section[EventLine]]
    documents: NotRequired[Section[DocumentLine]]
    reports: NotRequired[Section[ReportLine]]
    possibly_same: NotRequired[Section[SimilarLine]]
    unknown: NotRequired[Section[UnknownLine]]


class RelationCount(Answer):
    """How many relations of one type and direction the entity has."""

    type: str
    direction: str = Field(description="out: from the entity; in: to it.")
    label: str
    label_en: str
    count: int


class Profile(Answer):
    """客户全景: what a client manager wants to know before a meeting."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date | None
    known_at: dt.date | None
    sections: Sections
    relations: list[RelationCount]
