"""Every node and edge type of the graph, declared once; constraints, upserts, templates and docs derive from it.

A type is a pydantic class. A field's annotation gives its Python type, and a `Spec` beside it what a type alone
cannot say: the unit, whether it identifies the thing it stands on (and so may join two sources), and which
node types it points to. Fields are what a source may state; the few properties that every stored node or edge
also carries (who said it, when, to whom it may be shown) are `SYSTEM_NODE` and `SYSTEM_EDGE`.
"""

from __future__ import annotations

import datetime as dt
import functools
import types
import typing
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Annotated, Any, ClassVar

from pydantic import BaseModel, ConfigDict, Field


class Identifier(StrEnum):
    """What a field identifies its node by, strongest first; the order in which sources are joined."""

    USCC = "uscc"  # 统一社会信用代码, GB 32100-2015
    LEI = "lei"  # ISO 17442
    CODE = "code"  # exchange code with suffix, 600276.SH
    REGISTRY_ID = "registry_id"  # 工商注册号
    LEGAL_NAME = "legal_name"  # full, registered name
    FORMER_NAME = "former_name"  # 曾用名
    SHORT_NAME = "short_name"  # listed short name or registry brand; joins only where unique


class Kind(StrEnum):
    """How a field's values are stored, in a column and in a file."""

    TEXT = "text"
    TEXTS = "texts"
    NUMBER = "number"
    COUNT = "count"
    FLAG = "flag"
    DATE = "date"
    REFERENCE = "reference"
    REFERENCES = "references"


@dataclass(frozen=True, slots=True)
class Spec:
    """What a field's type cannot say: its unit, what it identifies, what it points to."""

    unit: str = ""
    identifier: Identifier | None = None
    refers_to: tuple[str, ...] = ()
    internal: bool = False
    """Kept for what works on the graph; no answer lists it among the properties."""


PARTIES = ("Company", "Person")

Ratio = Annotated[float, Field(ge=0, le=1), Spec(unit="fraction of 1")]
Money = Annotated[float, Spec(unit="CNY")]
NonNegativeMoney = Annotated[float, Field(ge=0), Spec(unit="CNY")]
Sentiment = Annotated[float, Field(ge=-1, le=1), Spec(unit="from -1 to 1")]
Internal = Annotated[str, Spec(internal=True)]
InternalTexts = Annotated[list[str], Spec(internal=True)]
CompanyRef = Annotated[str, Spec(refers_to=("Company",))]
PartyRef = Annotated[str, Spec(refers_to=PARTIES)]
PartyRefs = Annotated[list[str], Spec(refers_to=PARTIES)]


class Element(BaseModel):
    """What nodes and edges have in common: plain fields, nothing unknown let in."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    valid_from: dt.date | None = Field(None, description="First day on which it is true (inclusive).")
    valid_to: dt.date | None = Field(None, description="First day on which it is no longer true (exclusive).")


class Node(Element):
    """A thing. `name` is what a person reads; identifiers decide whether two sources mean the same thing."""

    name: str | None = Field(None, description="Display name; of a company the full registered name (全称).")


class Edge(Element):
    """A typed, directed relation. `joins` lists the node types it may go from and to."""

    joins: ClassVar[tuple[tuple[str, ...], tuple[str, ...]]]
    classes: ClassVar[tuple[str, ...]] = ()
    """Fields that tell apart facts of one type between the same two nodes (share class, office, role)."""


# --- Parties ---------------------------------------------------------------------------------------------------


class Company(Node):
    """公司、机构: a legal person, partnership, fund, state body or other organisation."""

    name: Annotated[str | None, Spec(identifier=Identifier.LEGAL_NAME)] = Field(
        None, description="Full registered name (全称)."
    )
    short_name: Annotated[str | None, Spec(identifier=Identifier.SHORT_NAME)] = Field(
        None, description="Listed short name or brand (简称)."
    )
    former_names: Annotated[list[str], Spec(identifier=Identifier.FORMER_NAME)] = Field(
        default_factory=list, description="Earlier registered names (曾用名)."
    )
    aliases: list[str] = Field(default_factory=list, description="Other names in use; they find, never join.")
    uscc: Annotated[str | None, Spec(identifier=Identifier.USCC)] = Field(
        None, description="Unified social credit code (统一社会信用代码), check digit verified."
    )
    lei: Annotated[str | None, Spec(identifier=Identifier.LEI)] = Field(
        None, description="Legal entity identifier, check digits verified."
    )
    code: Annotated[str | None, Spec(identifier=Identifier.CODE)] = Field(
        None, description="Exchange code of its listed share, padded and suffixed (600276.SH)."
    )
    registry_id: Annotated[str | None, Spec(identifier=Identifier.REGISTRY_ID)] = Field(
        None, description="Registration number (工商注册号), from before the unified code."
    )
    nature: str | None = Field(
        None,
        description="state_body, state_owned, private, foreign, collective, university, fund, arrangement, other.",
    )
    listed_on: dt.date | None = Field(None, description="First day of trading.")
    exchange: str | None = Field(None, description="Stock exchange.")
    founded: dt.date | None = Field(None, description="Date of registration (成立日期).")
    capital: Money | None = Field(None, description="Registered capital (注册资本).")
    capital_currency: str | None = Field(
        None, description="ISO 4217 currency in which the capital is stated."
    )
    total_shares: Annotated[float | None, Spec(unit="shares")] = Field(
        None, description="Shares in issue (总股本)."
    )
    market_value: Money | None = Field(None, description="Market capitalisation (总市值).")
    address: str | None = Field(None, description="Registered address.")
    region: str | None = Field(None, description="Province or city.")
    country: str | None = Field(None, description="ISO 3166 country of registration.")
    website: str | None = Field(None, description="Web site.")
    description: str | None = Field(None, description="What it does (主营业务、简介).")
    client: bool | None = Field(None, description="Whether it is a client of the firm (本公司客户).")
    controller_unknown: bool | None = Field(
        None,
        description="A source says outright that the controller is not known (不详) or that there is none.",
    )


class Person(Node):
    """自然人: a natural person, by name and office only; no other personal detail is ever loaded."""

    nature: str | None = Field(None, description="foreign where a source says so.")


# --- What parties issue, belong to and make ----------------------------------------------------------------------


class Security(Node):
    """证券: a share, bond or fund unit."""

    code: str | None = Field(None, description="Exchange code, padded and suffixed.")
    kind: str | None = Field(None, description="share, bond, convertible, fund.")
    exchange: str | None = Field(None, description="Where it trades.")
    listed_on: dt.date | None = Field(None, description="First day of trading.")
    matures_on: dt.date | None = Field(None, description="Maturity of a bond.")


class Industry(Node):
    """行业: a node of an industry classification."""

    code: str | None = Field(None, description="Code in its classification.")
    scheme: str | None = Field(None, description="Which classification (申万, 同花顺 …).")


class Concept(Node):
    """概念: a market theme, or a product of the industry chain (产业链产品)."""

    kind: str | None = Field(None, description="theme or chain_product.")


class Product(Node):
    """产品: what the firm sells."""

    category: str | None = Field(None, description="Business line (投行, 固收, 经纪, 资管 …).")


# --- The firm and its clients' people ----------------------------------------------------------------------------


class Branch(Node):
    """分支机构: a branch or department of the firm."""

    region: str | None = Field(None, description="Where it works.")


class Employee(Node):
    """员工: a member of the firm's staff."""

    title: str | None = Field(None, description="Office held in the firm.")
    branch: Annotated[str | None, Spec(refers_to=("Branch",))] = Field(None, description="Branch worked in.")


class Contact(Node):
    """联系人: a person at a client whom the firm talks to."""

    title: str | None = Field(None, description="Office held at the client.")
    client: CompanyRef | None = Field(None, description="The client.")


# --- Things said and things that happened ------------------------------------------------------------------------


class Document(Node):
    """文档: a filing, announcement or news item."""

    kind: str | None = Field(None, description="news, announcement, report, filing.")
    published: dt.date | None = Field(None, description="Day of publication.")
    publisher: str | None = Field(None, description="Who published it.")
    text: str | None = Field(None, description="Its text, where it may be kept.")
    url: str | None = Field(None, description="Where it was published.")
    sentiment: Sentiment | None = Field(None, description="Sentiment of the text.")
    found: Internal | None = Field(None, description="All mentions with their offsets, as JSON.")
    alike: InternalTexts = Field(
        default_factory=list,
        description="Keys that it shares with texts of the same days that are nearly the same.",
    )


class Event(Node):
    """事件: something that happened to one or more parties."""

    kind: str | None = Field(
        None, description="pledge, default, penalty, lawsuit, bid_won, executive_change …"
    )
    date: dt.date | None = Field(None, description="Day on which it happened.")
    amount: Money | None = Field(None, description="Amount involved.")
    text: str | None = Field(None, description="The sentence that says it.")
    subjects: PartyRefs = Field(default_factory=list, description="Parties it happened to.")
    detail: str | None = Field(None, description="Its finer kind, as the reading names it.")
    same: InternalTexts = Field(
        default_factory=list, description="Keys under which others tell of this very event; they join."
    )
    like: InternalTexts = Field(
        default_factory=list,
        description="Keys by which one told without a figure is found to be one told with it.",
    )
    figure: Internal | None = Field(None, description="The amount, rounded, by which two events differ.")


class Claim(Node):
    """断言: what a document says of parties, as it was read, with its span, how sure the reading is, and by what."""

    kind: str | None = Field(None, description="relation, event, holding, mention.")
    type: str | None = Field(None, description="Type of relation or event; of a mention, what it names.")
    detail: str | None = Field(None, description="Finer type, as the reading names it.")
    confidence: Ratio | None = Field(None, description="How sure the reading is.")
    by: str | None = Field(None, description="Rule or model that read it.")
    waits: bool | None = Field(None, description="Whether it makes nothing until a person has decided on it.")
    makes: str | None = Field(None, description="Type of the edge or node that it makes, where it makes one.")
    text: str | None = Field(None, description="The sentence; of a mention, its words.")
    start: Annotated[int | None, Spec(unit="characters")] = Field(
        None, description="Offset of the first character."
    )
    end: Annotated[int | None, Spec(unit="characters")] = Field(
        None, description="Offset behind the last one."
    )
    subject: str | None = Field(None, description="Id of whom it is about, as text.")
    subject_name: str | None = Field(None, description="The words for it.")
    object: str | None = Field(None, description="Id of the other party, as text.")
    object_name: str | None = Field(None, description="The words for it.")
    value: float | None = Field(None, description="Amount, number or ratio.")
    value_unit: str | None = Field(None, description="Its unit: CNY, USD, shares, ratio.")
    value_min: float | None = Field(None, description="Its lower bound, where the text gives one.")
    value_max: float | None = Field(None, description="Its upper bound.")
    office: str | None = Field(None, description="The office, of a relation to one.")
    date: dt.date | None = Field(None, description="Day that the text gives.")
    choices: Internal | None = Field(None, description="Whom its words may mean, as JSON.")
    arguments: Internal | None = Field(None, description="Parts of an event by role, as JSON.")


class Deal(Node):
    """交易: a financing round, acquisition or offering."""

    kind: str | None = Field(None, description="financing, acquisition, offering.")
    stage: str | None = Field(None, description="Round (轮次) or stage.")
    date: dt.date | None = Field(None, description="Day announced.")
    amount: Money | None = Field(
        None, description="Amount in yuan, where stated in yuan or exactly convertible."
    )
    amount_stated: str | None = Field(None, description="Amount as the source words it.")
    currency: str | None = Field(None, description="ISO 4217 currency of the stated amount.")
    target: CompanyRef | None = Field(None, description="Company financed or acquired (融资方).")
    investors: PartyRefs = Field(default_factory=list, description="Investors or acquirers (投资方).")


class FinancialReport(Node):
    """财务报告: one company's figures for one period."""

    company: CompanyRef | None = Field(None, description="Whose report.")
    period_end: dt.date | None = Field(None, description="Last day of the period.")
    period_months: Annotated[int | None, Spec(unit="months")] = Field(
        None, description="Length of the period."
    )
    revenue: Money | None = Field(None, description="Operating revenue (营业收入).")
    net_profit: Money | None = Field(None, description="Net profit attributable to the parent (归母净利润).")
    total_assets: Money | None = Field(None, description="Total assets.")
    total_liabilities: Money | None = Field(None, description="Total liabilities.")
    current_assets: Money | None = Field(None, description="Current assets.")
    current_liabilities: Money | None = Field(None, description="Current liabilities.")
    equity: Money | None = Field(None, description="Equity attributable to the parent (归母净资产).")
    operating_cash_flow: Money | None = Field(None, description="Net cash flow from operations.")
    investing_cash_flow: Money | None = Field(None, description="Net cash flow from investing.")
    financing_cash_flow: Money | None = Field(None, description="Net cash flow from financing.")


# --- Credit, collateral and agreements ---------------------------------------------------------------------------


class Guarantee(Node):
    """担保: a guarantor answers to a creditor for a debtor (民法典 art. 681 and following)."""

    debtor: PartyRef | None = Field(None, description="Principal debtor (被担保人、债务人).")
    creditor: PartyRef | None = Field(None, description="Creditor (债权人).")
    guarantor: PartyRef | None = Field(None, description="Guarantor (担保人).")
    kind: str | None = Field(None, description="一般 (after the debtor) or 连带 (beside the debtor).")
    amount: NonNegativeMoney | None = Field(None, description="Amount guaranteed.")
    called: bool | None = Field(None, description="Whether the creditor has called it (代偿).")


class Pledge(Node):
    """质押: shares pledged for a loan."""

    pledgor: PartyRef | None = Field(None, description="Who pledges (出质人).")
    pledgee: PartyRef | None = Field(None, description="Who takes the pledge (质权人).")
    security: Annotated[str | None, Spec(refers_to=("Security", "Company"))] = Field(
        None, description="What is pledged: a security, or the company whose shares they are."
    )
    amount: NonNegativeMoney | None = Field(None, description="Loan secured.")
    shares: Annotated[float | None, Field(ge=0), Spec(unit="shares")] = Field(
        None, description="Shares pledged."
    )
    ratio: Ratio | None = Field(None, description="Share of the company's total that is pledged.")


class Exposure(Node):
    """敞口: what the firm itself has at risk on a client."""

    client: PartyRef | None = Field(None, description="The client.")
    product: Annotated[str | None, Spec(refers_to=("Product",))] = Field(
        None, description="Through which product."
    )
    amount: NonNegativeMoney | None = Field(None, description="Amount at risk.")
    collateral: NonNegativeMoney | None = Field(None, description="Value of collateral held.")
    date: dt.date | None = Field(None, description="Day of the figure.")


class Limit(Node):
    """限额: the most that the firm allows itself on a client or in a business."""

    client: PartyRef | None = Field(None, description="The client limited; absent for a limit on everyone.")
    kind: str | None = Field(None, description="What it limits.")
    amount: NonNegativeMoney | None = Field(None, description="Limit in yuan.")
    ratio: Ratio | None = Field(None, description="Limit as a share of net capital (净资本).")
    rule: str | None = Field(None, description="The rule it comes from.")


class Restriction(Node):
    """限制名单: business that the firm does not do with a party for now, as of its restricted list (限制清单)."""

    party: PartyRef | None = Field(None, description="Who is restricted.")
    kind: str | None = Field(None, description="restricted or watch.")
    products: list[str] = Field(
        default_factory=list, description="Keys of the products that it stops; none given: all of them."
    )
    reason: str | None = Field(None, description="Why.")


class ConcertAgreement(Node):
    """一致行动协议: parties who vote as one in a target company, between dates."""

    parties: PartyRefs = Field(default_factory=list, description="Who acts in concert (一致行动人).")
    target: CompanyRef | None = Field(None, description="In which company.")


# --- What rules conclude and people decide ---------------------------------------------------------------------------


class Alert(Node):
    """预警: what a rule concluded from an event about a client, on the day on which it was raised."""

    event: str | None = Field(
        None, description="Id of the event, as text: it may be withdrawn, the alert stays."
    )
    client: str | None = Field(None, description="Id of the client, as text.")
    kind: str | None = Field(None, description="Kind of the event.")
    date: dt.date | None = Field(None, description="Day of the event.")
    raised: dt.date | None = Field(None, description="Day on which the alert was raised.")
    shock: Ratio | None = Field(None, description="Largest shock that the event gave a party.")
    distress: Ratio | None = Field(None, description="Distress of the client.")
    distress_low: Ratio | None = Field(None, description="Distress, lower bound.")
    distress_high: Ratio | None = Field(None, description="Distress, upper bound.")
    net: NonNegativeMoney | None = Field(None, description="What the firm had at risk on the client, net.")
    rule: str | None = Field(None, description="Rule and version that concluded it.")
    trace: str | None = Field(None, description="Channels, strongest paths and records, as JSON.")
    text: str | None = Field(None, description="What hits the client, in Chinese.")
    text_en: str | None = Field(None, description="The same in English.")


class Tag(Node):
    """标签: what a rule concluded of a company, true from the day on which it was first seen until it no longer was."""

    company: str | None = Field(None, description="Id of the company, as text.")
    category: str | None = Field(None, description="basic, behaviour, risk, need, value.")
    tag: str | None = Field(None, description="The tag within its category.")
    since: dt.date | None = Field(None, description="Day from which it held.")
    until: dt.date | None = Field(
        None, description="Day on which it no longer held; of a record that says so."
    )
    rule: str | None = Field(None, description="Rule set, version and row that concluded it.")
    evidence: str | None = Field(None, description="The facts read, with values and records, as JSON.")


class Tier(Node):
    """客户分层: the tier that a company moved to on a day, until it moves again, and why it moved."""

    company: str | None = Field(None, description="Id of the company, as text.")
    tier: str | None = Field(None, description="The tier; none once it has none.")
    before: str | None = Field(None, description="The tier before, absent for the first.")
    since: dt.date | None = Field(None, description="Day of the move.")
    score: float | None = Field(None, description="Score on the day of the move.")
    reason: str | None = Field(None, description="Why it moved, in Chinese.")
    reason_en: str | None = Field(None, description="The same in English.")
    rule: str | None = Field(None, description="Rule set and version that concluded it.")
    evidence: str | None = Field(None, description="The parts of the score, as JSON.")


class Decision(Node):
    """决定: what a person decided about something that waited for it, as an alert; never changed, only followed."""

    about: str | None = Field(None, description="Id of what was decided on.")
    state: str | None = Field(
        None,
        description="Of an alert: acknowledged, dismissed, closed. Of an opportunity: accepted, snoozed, dismissed, "
        "won, lost, assigned.",
    )
    reason: str | None = Field(None, description="Why.")
    client: str | None = Field(None, description="Of an opportunity: id of the company, as text.")
    product: str | None = Field(None, description="Of an opportunity: key of the product.")
    sources: list[str] = Field(
        default_factory=list, description="Of an opportunity: the sources that proposed it on that day."
    )
    evidence: list[str] = Field(
        default_factory=list, description="Of an opportunity: ids of what it rested on that day, as text."
    )
    until: dt.date | None = Field(None, description="Until when it is put off.")
    amount: Money | None = Field(None, description="What was won or lost.")
    assignee: str | None = Field(None, description="Id of the member of staff it is given to, as text.")
    correction: Internal | None = Field(
        None, description="Of a review: what the claim says as corrected, as JSON."
    )
    who: str | None = Field(None, description="Who decided.")
    at: str | None = Field(None, description="When, ISO 8601 in UTC.")


# --- Edges -------------------------------------------------------------------------------------------------------

_PARTY_LIKE = ("Company", "Person", "Employee", "Branch", "Contact", "Product", "Security", "Industry")
_ROLE_BEARERS = (
    "Event", "Deal", "FinancialReport", "Guarantee", "Pledge", "Exposure", "Limit", "Restriction", "ConcertAgreement",
    "Contact", "Employee", "Document",
)  # fmt: skip


class Holds(Edge):
    """持股: a holder's stake in a company or partnership."""

    joins = (PARTIES, ("Company",))
    classes = ("share_class",)
    share_ratio: Ratio | None = Field(None, description="Share of capital.")
    share_min: Ratio | None = Field(None, description="Lower bound, where only an interval is stated.")
    share_max: Ratio | None = Field(None, description="Upper bound, where only an interval is stated.")
    voting_ratio: Ratio | None = Field(None, description="Share of votes, where it differs from capital.")
    voting_min: Ratio | None = Field(None, description="Lower bound of votes.")
    voting_max: Ratio | None = Field(None, description="Upper bound of votes.")
    income_ratio: Ratio | None = Field(None, description="Share of income, where it differs from capital.")
    amount: NonNegativeMoney | None = Field(None, description="Capital paid in or subscribed.")
    share_class: str | None = Field(None, description="Class of shares.")
    partner: str | None = Field(
        None, description="In a partnership: general (普通合伙人) or limited (有限合伙人)."
    )
    votes_entrusted_to: PartyRef | None = Field(None, description="Who casts the votes (表决权委托).")


class OfficerOf(Edge):
    """任职: a person holds an office in a company."""

    joins = (("Person",), ("Company",))
    classes = ("office",)
    office: str | None = Field(None, description="The office (董事长, 总经理 …).")
    nominated_by: PartyRef | None = Field(None, description="Who nominated the person (提名人).")


class Controls(Edge):
    """控制: a controller as disclosed (实际控制人); never computed."""

    joins = (PARTIES, ("Company",))
    ratio: Ratio | None = Field(None, description="Ratio disclosed with it.")
    joint: bool | None = Field(
        None, description="True where the ratio belongs to several controllers together."
    )
    nature: str | None = Field(None, description="Type of controller as the source words it.")


class RelativeOf(Edge):
    """亲属: a family tie."""

    joins = (("Person",), ("Person",))
    classes = ("relation",)
    relation: str | None = Field(None, description="spouse, parent, child, sibling …")


class LendsTo(Edge):
    """借款: a loan from lender to borrower."""

    joins = (PARTIES, PARTIES)
    amount: NonNegativeMoney | None = Field(None, description="Amount outstanding.")


class Supplies(Edge):
    """供应: a supplier sells to a customer."""

    joins = (("Company",), ("Company",))
    classes = ("item",)
    amount: NonNegativeMoney | None = Field(None, description="Amount a year.")
    cost_share: Ratio | None = Field(None, description="Share of the customer's purchases.")
    revenue_share: Ratio | None = Field(None, description="Share of the supplier's revenue.")
    item: str | None = Field(None, description="What is supplied.")


class Issued(Edge):
    """发行: a company issued a security."""

    joins = (("Company",), ("Security",))


class PartyTo(Edge):
    """参与: the part that somebody or something plays in a deal, guarantee or event.

    Every reference field of a node becomes one: what `debtor` of a Guarantee names is PARTY_TO it with role
    `debtor`.
    """

    joins = (_PARTY_LIKE, _ROLE_BEARERS)
    classes = ("role",)
    role: str | None = Field(None, description="The part played.")


class InIndustry(Edge):
    """所属行业: a company's industry, or an industry's parent."""

    joins = (("Company", "Industry"), ("Industry",))


class UpstreamOf(Edge):
    """上游: the first industry supplies the second."""

    joins = (("Industry",), ("Industry",))
    weight: Annotated[float | None, Field(ge=0)] = Field(
        None, description="Strength as the source counts it."
    )


class HasConcept(Edge):
    """概念: a company belongs to a market theme."""

    joins = (("Company",), ("Concept",))


class Covers(Edge):
    """覆盖: a member of staff looks after a client."""

    joins = (("Employee",), ("Company",))
    classes = ("role",)
    role: str | None = Field(None, description="lead or member.")


class Knows(Edge):
    """相识: a member of staff or contact knows somebody."""

    joins = (("Employee", "Contact", "Person"), ("Person", "Contact", "Employee"))
    strength: Ratio | None = Field(None, description="How well, from 0 to 1.")


class OwnsProduct(Edge):
    """持有产品: a client has a product of the firm."""

    joins = (("Company",), ("Product",))
    since: dt.date | None = Field(None, description="Since when.")
    revenue: Money | None = Field(None, description="Revenue to the firm, a year.")


class Mentions(Edge):
    """提及: a document names a party."""

    joins = (("Document",), ("Company", "Person", "Industry", "Concept", "Product"))
    classes = ("start",)
    start: Annotated[int | None, Spec(unit="characters")] = Field(
        None, description="Offset of the first character."
    )
    end: Annotated[int | None, Spec(unit="characters")] = Field(
        None, description="Offset behind the last one."
    )
    text: str | None = Field(None, description="The words used.")
    confidence: Ratio | None = Field(None, description="How sure the link is.")
    sentiment: Sentiment | None = Field(None, description="Sentiment of the text toward the party.")


class States(Edge):
    """记载: a document says what a claim says."""

    joins = (("Document",), ("Claim",))


class Relates(Edge):
    """其他关系: a relation that a document states and no other type has; neither ownership nor risk follows it."""

    joins = (PARTIES, PARTIES)
    classes = ("kind",)
    kind: str | None = Field(
        None, description="subsidiary_of, acquires, invests_in, cooperates_with, competes_with, sues, other."
    )
    detail: str | None = Field(None, description="Finer type, as the reading names it.")
    amount: NonNegativeMoney | None = Field(None, description="Amount stated with it.")


class About(Edge):
    """关于: an event or document is about a party."""

    joins = (("Event", "Document"), ("Company", "Person", "Event", "Industry"))
    classes = ("role",)
    role: str | None = Field(None, description="What the party is in it.")


# --- Derived views of the declarations -----------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class FieldDef:
    """One field of one type, as everything that derives from the schema needs it."""

    name: str
    kind: Kind
    description: str
    unit: str = ""
    identifier: Identifier | None = None
    refers_to: tuple[str, ...] = ()
    low: float | None = None
    high: float | None = None
    internal: bool = False


@dataclass(frozen=True, slots=True)
class TypeDef:
    """One node or edge type: its name in the graph, its class, its fields without the two dates."""

    name: str
    model: type[Element]
    fields: tuple[FieldDef, ...]

    @property
    def doc(self) -> str:
        """The first line of the class's docstring: Chinese term, colon, English."""
        return (self.model.__doc__ or "").strip().splitlines()[0]

    def field(self, name: str) -> FieldDef:
        """The field called `name`. Raises KeyError."""
        return next(f for f in self.fields if f.name == name) if self.has(name) else _no_field(self, name)

    def has(self, name: str) -> bool:
        """Whether a field is called `name`."""
        return any(f.name == name for f in self.fields)


def _no_field(type_def: TypeDef, name: str) -> typing.NoReturn:
    known = ", ".join(f.name for f in type_def.fields)
    raise KeyError(f"{type_def.name} has no field {name!r}; it has {known}")


_PLAIN: Mapping[type, Kind] = types.MappingProxyType(
    {str: Kind.TEXT, float: Kind.NUMBER, int: Kind.COUNT, bool: Kind.FLAG, dt.date: Kind.DATE}
)


def _unwrap(annotation: Any) -> Iterator[Any]:
    """All Annotated metadata and, last, the bare type inside optional and Annotated layers."""
    while True:
        if typing.get_origin(annotation) is Annotated:
            annotation, *metadata = typing.get_args(annotation)
            yield from metadata
        elif isinstance(annotation, types.UnionType) or typing.get_origin(annotation) is typing.Union:
            annotation = next(a for a in typing.get_args(annotation) if a is not type(None))
        else:
            yield annotation
            return


def _kind(bare: Any, *, many: bool, refers: bool) -> Kind:
    if refers:
        return Kind.REFERENCES if many else Kind.REFERENCE
    return Kind.TEXTS if many else _PLAIN[bare]


def _field_def(name: str, annotation: Any, description: str) -> FieldDef:
    *metadata, bare = _unwrap(annotation)
    spec = next((m for m in metadata if isinstance(m, Spec)), Spec())
    bounds = [c for m in metadata for c in getattr(m, "metadata", [])]
    kind = _kind(bare, many=typing.get_origin(bare) is list, refers=bool(spec.refers_to))
    return FieldDef(
        name=name, kind=kind, description=description, unit=spec.unit,
        identifier=spec.identifier, refers_to=spec.refers_to,
        low=next((float(b.ge) for b in bounds if hasattr(b, "ge")), None),
        high=next((float(b.le) for b in bounds if hasattr(b, "le")), None),
        internal=spec.internal,
    )  # fmt: skip


def _type_def(name: str, model: type[Element]) -> TypeDef:
    hints = typing.get_type_hints(model, include_extras=True)
    own = [n for n in model.model_fields if n not in Element.model_fields]
    fields = tuple(_field_def(n, hints[n], model.model_fields[n].description or "") for n in own)
    return TypeDef(name, model, fields)


def _edge_name(model: type[Edge]) -> str:
    """OfficerOf -> OFFICER_OF."""
    return "".join(("_" if c.isupper() and i else "") + c.upper() for i, c in enumerate(model.__name__))


@functools.cache
def node_types() -> Mapping[str, TypeDef]:
    """Every node type by its label, in the order of declaration."""
    return types.MappingProxyType({m.__name__: _type_def(m.__name__, m) for m in Node.__subclasses__()})


@functools.cache
def edge_types() -> Mapping[str, TypeDef]:
    """Every edge type by its name, in the order of declaration."""
    return types.MappingProxyType({_edge_name(m): _type_def(_edge_name(m), m) for m in Edge.__subclasses__()})


def edge_model(name: str) -> type[Edge]:
    """The class behind an edge type. Raises KeyError."""
    model = edge_types()[name].model
    assert issubclass(model, Edge)  # noqa: S101  # narrows the type; edge_types() holds nothing else
    return model


# --- What the store keeps beside the fields ---------------------------------------------------------------------------

BOOKKEEPING = types.MappingProxyType(
    {
        "Record": "What a source said: one row of one file, one statement, one decision.",
        "Source": "A source: its name, rank and namespace.",
        "Load": "One run of the loader over one file: source, date, file hash, counts.",
        "Commit": "One write transaction: its version and what it touched; the change feed.",
        "Past": "A statement that was withdrawn or corrected, kept for questions about what was known then.",
    }
)
"""Nodes that the system itself writes, beside the types above."""

WRITTEN_BY = types.MappingProxyType(
    {"Alert": "risk-alerts", "Tag": "tag-rules", "Tier": "tier-rules", "Decision": "desk", "Claim": "reading"}
)
"""Types whose nodes the system itself states, each with the source of their records."""

BY_ID = frozenset({"reading"})
"""Namespaces whose keys may be ids: what stands under such a key is said of the entity that has the id."""

SYSTEM_NODE = (
    "id", "source", "key", "compartments", "record", "others", "rank_key", "stated",
    "valid_from", "valid_to", "known_from",
)  # fmt: skip
"""Properties of every stored node besides its fields; `record` describes it, `others` would without it."""

SYSTEM_EDGE = (
    "record", "source", "compartments", "stated", "valid_from", "valid_to", "start_unknown", "known_from",
)  # fmt: skip
"""Properties of every stored edge besides its type's fields."""
