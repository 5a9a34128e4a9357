"""What reading a text finds: mentions, links, relations, events and sentiment, with offsets of the text as given."""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass, field
from typing import Final, Literal

MentionKind = Literal[
    "company", "person", "office", "government", "organisation", "product", "brand", "industry", "place",
    "project", "money", "shares", "ratio", "date",
]  # fmt: skip

EVENT_TYPES: Final[dict[str, str]] = {
    "pledge": "质押",
    "pledge_release": "解除质押",
    "increase": "增持",
    "reduction": "减持",
    "investment": "投资",
    "share_transfer": "股份股权转让",
    "acquisition": "收购",
    "guarantee": "担保",
    "bid_won": "中标",
    "contract": "签署合同",
    "lawsuit": "起诉",
    "judgment": "判决",
    "financing": "企业融资",
    "listing_guidance": "上市辅导",
    "listing": "公司上市",
    "buy_back": "股份回购",
    "executive_change": "高管变动",
    "loss": "亏损",
    "summons": "被约谈",
    "bankruptcy": "企业破产",
    "default": "债务违约",
    "penalty": "行政处罚",
    "lockup_expiry": "限售股解禁",
    "bond_maturity": "债券到期",
    "negative": "负面事件",
}
"""Types of events, each with its Chinese term; `negative` carries a finer FinESE type in `Event.detail`."""

RELATION_TYPES: Final[dict[str, str]] = {
    "holds": "持股",
    "controls": "控制",
    "officer_of": "任职",
    "subsidiary_of": "子公司",
    "acquires": "收购",
    "invests_in": "投资",
    "guarantees": "担保",
    "supplies": "供应",
    "cooperates_with": "合作",
    "competes_with": "竞争",
    "sues": "起诉",
    "lends_to": "借贷",
    "other": "其他",
}
"""Types of relations, from subject to object; `other` carries the FinRE name in `Relation.detail`."""


@dataclass(frozen=True, slots=True)
class Quantity:
    """A value with its unit: "CNY", "USD" … for money, "shares", "ratio" (a fraction); bounds where it says so.

    `low` and `high` are set where the text gives a range or a bound (不超过, 至少); `value` is then the best single
    figure (the stated one, or the middle).
    """

    value: float
    unit: str
    low: float | None = None
    high: float | None = None


@dataclass(frozen=True, slots=True)
class Period:
    """Days from `start` to before `end`; one day where they are a day apart."""

    start: dt.date
    end: dt.date


@dataclass(frozen=True, slots=True)
class Candidate:
    """An entity of the graph that a mention may mean, how well it fits from 0 to 1, and why."""

    id: str
    name: str
    kind: str
    score: float
    reason: str


@dataclass(frozen=True, slots=True)
class Mention:
    """Characters `start` to `end` of the text and what they name.

    `link` is the entity meant; where it is None, `candidates` are what a reviewer may choose from, best first.
    `antecedent` is the number of the mention in the same reading that 公司, 本公司, 该公司 stand for.
    """

    start: int
    end: int
    text: str
    kind: MentionKind
    confidence: float = 1.0
    quantity: Quantity | None = None
    period: Period | None = None
    link: Candidate | None = None
    candidates: tuple[Candidate, ...] = ()
    antecedent: int | None = None


@dataclass(frozen=True, slots=True)
class Relation:
    """A directed relation between two mentions, by number, told by characters `start` to `end` (the sentence)."""

    type: str
    subject: int
    object: int
    start: int
    end: int
    confidence: float
    by: str
    detail: str | None = None
    quantity: Quantity | None = None
    office: str | None = None


@dataclass(frozen=True, slots=True)
class Argument:
    """A part of an event: its role, where it stands, and the mention that it is, where it is one."""

    role: str
    start: int
    end: int
    text: str
    mention: int | None = None


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened: type, trigger, arguments by role; `start` to `end` is the sentence that says it.

    `subjects` are the numbers of the mentions that it happened to, the main one first; `by` names the rule or model.
    """

    type: str
    trigger: tuple[int, int]
    start: int
    end: int
    confidence: float
    by: str
    arguments: tuple[Argument, ...] = ()
    subjects: tuple[int, ...] = ()
    amount: Quantity | None = None
    date: Period | None = None
    detail: str | None = None


@dataclass(frozen=True, slots=True)
class Sentiment:
    """-1 (bad) to 1 (good), and how sure, from 0 to 1."""

    score: float
    confidence: float


@dataclass(frozen=True, slots=True)
class Reading:
    """All that was found in one text, its mentions in order of place.

    `toward` is the sentiment toward each company, by number of its first mention.
    """

    text: str
    published: dt.date | None = None
    mentions: tuple[Mention, ...] = ()
    relations: tuple[Relation, ...] = ()
    events: tuple[Event, ...] = ()
    sentiment: Sentiment | None = None
    toward: dict[int, Sentiment] = field(default_factory=dict)


SENTENCE_ENDS: Final = "。！？!?；;\n"
LONGEST_SENTENCE: Final = 2_000
"""Characters to each side within which a sentence's edge is looked for: a text without stops stays linear to read."""

_EDGE: Final = re.compile(f"[{SENTENCE_ENDS}]")


def sentence_around(text: str, start: int, end: int) -> tuple[int, int]:
    """The sentence that holds characters `start` to `end`, without space at its edges."""
    first = max(0, start - LONGEST_SENTENCE)
    for edge in _EDGE.finditer(text, first, start):
        first = edge.end()
    after = _EDGE.search(text, end, min(len(text), end + LONGEST_SENTENCE))
    last = after.end() if after else min(len(text), end + LONGEST_SENTENCE)
    while first < start and text[first].isspace():
        first += 1
    while last > end and text[last - 1].isspace():
        last -= 1
    return first, last
