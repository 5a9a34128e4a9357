"""关联方: who is related to a company under a regime, each with the clause that catches it and what shows it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from graph.view import Fact, View
from queries import stakes
from queries.group import controllers_of
from queries.group_realm import Numbers, of_state
from queries.models import Answer, Cursor, Day, EntityId, Finding, Line, Party, PartyLine, Ratio
from queries.owners import company_row
from queries.paging import Page, Position, cut
from queries.related_circle import Circle
from queries.related_regimes import REGIMES, Regime, regime_named
from queries.statements import party, refs, who

MOST_PROOFS: Final = 20
"""Most facts shown for one clause; `facts_total` counts them all."""


@dataclass(slots=True, kw_only=True)
class Shown(Line):
    """One fact that shows a relation: a holding, an office, a family tie, a part in an agreement."""

    type: Annotated[str, Field(description="Edge type of the data model.")]
    start: EntityId
    start_name: str
    end: EntityId
    end_name: str
    share_ratio: Ratio
    detail: Annotated[str | None, Field(description="The office, the family tie or the part played.")]
    valid_from: Day
    valid_to: Day


@dataclass(slots=True, kw_only=True)
class ClauseMet:
    """A clause that catches the party, and the facts that show it."""

    clause: Annotated[str, Field(description="Its id within the regime.")]
    article: str
    text: str
    text_en: str
    facts: list[Shown]
    facts_total: int


@dataclass(slots=True, kw_only=True)
class RelatedParty(PartyLine):
    """A related party with every clause that catches it, in the regime's order."""

    clauses: list[ClauseMet]


class ClauseCount(Answer):
    """How many parties a clause catches; one that several catch counts in each."""

    clause: str
    article: str
    text: str
    text_en: str
    parties: int


class RegimeInfo(Answer):
    """The regime that was applied."""

    name: str = Field(description=", ".join(REGIMES))
    title: str
    title_en: str
    version: str


class RelatedParties(Answer):
    """Related parties of a company under one regime, by their first clause, then by id."""

    company: Party
    as_of: dt.date
    known_at: dt.date | None
    regime: RegimeInfo
    clauses: list[ClauseCount]
    parties: list[RelatedParty]
    total: int
    next: Cursor
    findings: list[Finding]


def related(view: View, ref: str, *, regime: str, page: Page | None = None) -> RelatedParties:
    """Who is related to a company.

    Control and votes are computed (see `queries.controllers`), shares are looked through. State bodies are listed
    under no clause and join nobody: to be controlled by the same one alone is no relation.

    Args:
        view: What the asker may see, on the day asked for.
        ref: The company: an id, a code, or a name that one thing has.
        regime: `sse` (exchange listing rules), `cas36` (accounting standard 36).
        page: How many parties, and behind which cursor.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is no company, there is no such regime, or the cursor is not valid.
    """
    rules = regime_named(regime)
    row = company_row(view, ref)
    circle = Circle(view, row, rules)
    by_clause = [circle.rows(clause) for clause in rules.clauses]
    rows, first = _first_clauses(by_clause)
    shown, after = _page(view, rows, first, page or Page(), (view.id(row), regime))
    return RelatedParties(
        company=party(view, row),
        as_of=view.as_of,
        known_at=view.known_at,
        regime=RegimeInfo(name=regime, title=rules.title, title_en=rules.title_en, version=rules.version),
        clauses=[
            ClauseCount(clause=c.id, article=c.article, text=c.text, text_en=c.text_en, parties=len(found))
            for c, found in zip(rules.clauses, by_clause, strict=True)
        ],
        parties=[_party(circle, one) for one in shown],
        total=len(rows),
        next=after,
        findings=list(_findings(view, row, rules)),
    )


def _first_clauses(by_clause: Sequence[Numbers]) -> tuple[Numbers, Numbers]:
    """Every party once, ascending, with the number of the first clause that catches it."""
    rows, places = np.unique(np.concatenate(by_clause), return_index=True)
    numbers = np.repeat(np.arange(len(by_clause)), [len(found) for found in by_clause])
    return rows, numbers[places]


def _page(
    view: View, rows: Numbers, first: Numbers, page: Page, question: tuple[str, str]
) -> tuple[list[int], str | None]:
    order = np.lexsort((view.id_keys()[rows], first))

    def position(at: int) -> Position:
        place = order.item(at)
        return first.item(place), view.id(rows.item(place))

    chosen, after = cut(range(len(order)), page, position, "related", *question)
    return [rows.item(order.item(at)) for at in chosen], after


def _party(circle: Circle, row: int) -> RelatedParty:
    met = list(_met(circle, row))
    return RelatedParty(
        **who(circle.view, row),
        clauses=met,
        records=refs(record for clause in met for fact in clause.facts for record in fact.records),
    )


def _met(circle: Circle, row: int) -> Iterator[ClauseMet]:
    for clause in circle.regime.clauses:
        facts = circle.proof(clause, row)
        if facts:
            yield ClauseMet(
                clause=clause.id,
                article=clause.article,
                text=clause.text,
                text_en=clause.text_en,
                facts=[_shown(circle.view, fact) for fact in facts[:MOST_PROOFS]],
                facts_total=len(facts),
            )


def _shown(view: View, fact: Fact) -> Shown:
    props = fact.props
    return Shown(
        type=fact.type,
        start=view.id(fact.start),
        start_name=view.name(fact.start),
        end=view.id(fact.end),
        end_name=view.name(fact.end),
        share_ratio=props.get("share_ratio", props.get("share_min")),
        detail=props.get("office") or props.get("relation") or props.get("role"),
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        records=refs(fact.records),
    )


def _findings(view: View, row: int, rules: Regime) -> Iterator[Finding]:
    if of_state(view, row) or row in stakes.state_bodies(view):
        text = f"{rules.left_out.article}：{rules.left_out.text} / {rules.left_out.text_en}"
        yield Finding(code="state_body_left_out", message=text, records=[])
    if not view.degree(row, "HOLDS", "in"):
        text = "没有资料说明股东，向上的关联方无法认定 / no source states its holders: nobody above it can be found"
        yield Finding(code="no_holders", message=text, records=[])
    if not view.degree(row, "OFFICER_OF", "in"):
        text = "没有资料说明董事、监事和高级管理人员 / no source states its officers"
        yield Finding(code="no_officers", message=text, records=[])
    if any(clause.months for clause in rules.clauses):
        text = (
            "过去和未来若干个月仅按直接持股和任职认定 / "
            "for the months before and after only direct holdings and offices are looked at"
        )
        yield Finding(code="months_direct_only", message=text, records=[])
    yield from _not_computed(view, row)


def _not_computed(view: View, row: int) -> Iterator[Finding]:
    """Disclosed controllers that the votes do not confirm: nobody is listed on the strength of the disclosure alone."""
    known = {*controllers_of(view, row), *stakes.state_bodies(view).tolist()}
    facts = [fact for fact in view.facts(row, "CONTROLS", "in") if fact.other not in known]
    if facts:
        names = "、".join(view.name(fact.other) for fact in facts)
        text = (
            f"披露的控制人 {names} 未得到计算结果支持，未据此列示关联方 / "
            f"{names} disclosed as controller, not computed: nobody is listed by that alone"
        )
        records = refs(record for fact in facts for record in fact.records)
        yield Finding(code="disclosed_not_confirmed", message=text, records=records)
