"""商机的答案: what an opportunity looks like: why, score, introducer, history; the list, and what was set aside."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Literal

from pydantic import ConfigDict, Field

from queries.models import Answer, Cursor, EntityId, Line, Party, Records
from queries.opportunity_feedback import Stage


@dataclass(slots=True, kw_only=True)
class Why(Line):
    """One reason: the source that found it, its rule and version, and a sentence."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    source: str
    source_name: str
    source_name_en: str
    rule: Annotated[str, Field(description="Rule and version.")]
    opens: dt.date | None
    expires: Annotated[
        dt.date | None, Field(description="First day on which it no longer counts; null: none.")
    ]
    strength: float
    text: str
    text_en: str


class ProductInfo(Answer):
    """What is offered."""

    key: str
    name: str
    name_en: str
    line: str = Field(description="Business line.")
    line_en: str
    need: str = Field(description="What it answers to.")
    need_en: str
    revenue_unit: str
    revenue_unit_en: str


class Score(Answer):
    """得分: score = probability x value x urgency, with probability = take-up x won."""

    score: float = Field(description="Expected yuan, weighted by urgency.")
    probability: float
    take_up: float = Field(description="Chance that it is taken up, as learned from feedback.")
    won: float = Field(description="Chance that what is taken up is won, as learned from feedback.")
    value: float = Field(description="Expected revenue to the firm, yuan.")
    urgency: float = Field(description="From 0 to 1.")


class Introducer(Answer):
    """引荐人: who can open the door, and how."""

    staff: Party
    way: Literal["lead", "member", "path"]
    text: str
    text_en: str


class Restriction(Answer):
    """A rule that restricts the product."""

    name: str
    article: str | None
    in_force: dt.date
    about: str
    about_en: str


@dataclass(slots=True, kw_only=True)
class FeedbackLine(Line):
    """What somebody decided, and when."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    state: str
    reason: str | None
    until: dt.date | None
    amount: Annotated[float | None, Field(description="Yuan.")]
    assignee: Party | None
    who: str
    at: dt.datetime


class Opportunity(Answer):
    """One opportunity: a company, a product, and why."""

    id: str = Field(
        description="The same for a company and a product on every day and for everyone who sees it."
    )
    company: Party
    client: bool = Field(description="Whether it is a client of the firm already.")
    product: ProductInfo
    stage: Stage
    returned: bool = Field(description="Whether it had been decided, and something new has happened since.")
    text: str = Field(description="The whole in a sentence.")
    text_en: str
    why: list[Why] = Field(description="The strongest first.")
    opens: dt.date | None
    expires: dt.date | None = Field(description="First day on which it is over; null: no day is set.")
    score: Score
    to_check: list[str] = Field(description="Conditions of eligibility that could not be decided.")
    to_check_en: list[str]
    law: list[Restriction]
    introducer: Introducer | None
    assigned_to: Party | None
    next_step: str
    next_step_en: str
    rests_on: list[str] = Field(description="Ids of the things that the reasons tell of.")
    compartments: list[str] = Field(description="What one must be cleared for to see all that it rests on.")
    history: list[FeedbackLine]


class Aside(Answer):
    """What was proposed and set aside, and why."""

    company: Party
    product: ProductInfo
    code: Literal["has_it", "restricted", "not_eligible"]
    reason: str
    reason_en: str
    records: Records


class Opportunities(Answer):
    """Opportunities, best first; of one client at most three before every other has had three."""

    as_of: dt.date
    known_at: dt.date | None
    catalogue: str = Field(description="Version of the catalogue.")
    rules: str = Field(description="Version of the rules.")
    opportunities: list[Opportunity]
    total: int
    aside: list[Aside] = Field(
        description="What one company was not offered, and why; of a list of many: none."
    )
    aside_total: int
    next: Cursor


class One(Answer):
    """One opportunity."""

    opportunity: Opportunity
