"""客户分层: the tier that a score gives, with hysteresis, its parts and evidence, and the moves on file."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from pydantic import ConfigDict, Field

from graph.errors import DataError
from graph.view import View
from queries.company_facts import Facts, company_facts
from queries.indicators_standing import NO_TIER, written
from queries.labels import Label
from queries.models import Answer, EntityId, Line
from queries.owners import company_row
from queries.rule_sets import Band, Conclusion, Rules, RuleSet
from queries.statements import of_units, refs
from queries.tags import Evidence, compartments_of, evidence_of, read_evidence, set_of

PLACES: Final = 6
"""Scores are rounded to so many places."""


class ScorePart(Answer):
    """One part of the score."""

    part: str
    part_en: str
    points: float
    row: str = Field(description="Row of the rules that gave it.")
    evidence: list[Evidence]


@dataclass(slots=True, kw_only=True)
class TierMove(Line):
    """A move to a tier, as it was written."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    since: dt.date
    tier: Annotated[str | None, Field(description="Null where it had none any more.")]
    before: str | None
    score: float | None
    reason: str
    reason_en: str
    rule: str
    evidence: list[Evidence]
    compartments: list[str]


class TierState(Answer):
    """What one rule set says of the company on the day."""

    rule: str
    name: str
    name_en: str
    tier: str | None = Field(description="With hysteresis after the last move on file; null for none.")
    tier_name: str | None
    score: float | None = Field(description="Sum of the parts; null for a company that gets no tier.")
    parts: list[ScorePart]
    reason: str
    reason_en: str
    since: dt.date | None = Field(description="Day of the last move on file, where that is to this tier.")


class ClientTiers(Answer):
    """The tier of a company by every rule set, and its moves on file."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date
    known_at: dt.date | None
    tiers: list[TierState]
    history: list[TierMove] = Field(description="As written by the runs, the newest first.")


@dataclass(frozen=True, slots=True)
class Settled:
    """A tier by the bands, and why."""

    tier: str | None
    score: float | None
    reason: Label


def client_tiers(view: View, ref: str, rules: Rules) -> ClientTiers:
    """The tiers of a company.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `owners.company_row`.
        DataError: A rule cannot be evaluated.
    """
    row = company_row(view, ref)
    facts = company_facts(view, np.array([row]))
    history = [_move(view, one) for one in moves(view).get(row, [])]
    return ClientTiers(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        tiers=[_state(view, row, one, facts, history) for one in rules.concluding("tier")],
        history=history,
    )


def _state(view: View, row: int, one: RuleSet, facts: Facts, history: Sequence[TierMove]) -> TierState:
    (found,) = one.conclude(facts)
    last = next((move for move in history if set_of(move.rule) == one.name and not move.compartments), None)
    settled = settle(one, found, client=facts.value(0, "client"), before=last.tier if last else None)
    named = {band.tier: str(band.name) for band in one.spec.bands}
    parts = [
        ScorePart(
            part=str(part.outputs.get("part", part.row.node)),
            part_en=str(part.outputs.get("part_en", part.row.node)),
            points=points_of(part, one.file),
            row=part.row.id,
            evidence=evidence_of(view, row, facts, 0, [part]),
        )
        for part in found
    ]
    return TierState(
        rule=one.label,
        name=one.spec.name.zh,
        name_en=one.spec.name.en,
        tier=settled.tier,
        tier_name=named.get(settled.tier or ""),
        score=settled.score,
        parts=parts if settled.score is not None else [],
        reason=settled.reason.zh,
        reason_en=settled.reason.en,
        since=last.since if last is not None and last.tier == settled.tier else None,
    )


# --- the score and its bands ---------------------------------------------------------------------------------------


def points_of(part: Conclusion, file: str) -> float:
    """The points of a row. Raises DataError where they are no number."""
    points = part.outputs.get("points")
    if isinstance(points, bool) or not isinstance(points, int | float):
        raise DataError(
            f"{file}: 节点 node {part.row.node!r}: 第 {part.row.number} 行的分数不是数 / row {part.row.number}:"
            f" points is {points!r}, no number",
            hint="分数须为数 / give a number",
        )
    return float(points)


def settle(one: RuleSet, parts: Iterable[Conclusion], *, client: bool, before: str | None) -> Settled:
    """The tier of a company after `before`.

    A tier is entered from its `enter` on and left below its `keep`; one that is left falls to the highest whose `enter`
    is reached. Raises DataError where points are no number.
    """
    if one.spec.clients_only and not client:
        return Settled(None, None, Label("不是本公司客户", "it is no client of the firm"))
    score = round(sum(sorted(points_of(part, one.file) for part in parts)), PLACES)
    entered = next(band for band in one.spec.bands if score >= band.enter)
    held = next((band for band in one.spec.bands if band.tier == before), None)
    if held is None or entered == held:
        return Settled(entered.tier, score, _reached(score, entered))
    if entered.enter > held.enter:
        return Settled(entered.tier, score, _risen(score, entered))
    if score >= held.keep:
        return Settled(held.tier, score, _kept(score, held))
    return Settled(entered.tier, score, _fallen(score, held, entered))


def _reached(score: float, band: Band) -> Label:
    return Label(
        f"得分 {score:g}，达到 {band.tier} 的 {band.enter:g}",
        f"score {score:g} reaches {band.enter:g} of {band.tier}",
    )


def _risen(score: float, band: Band) -> Label:
    return Label(
        f"得分升至 {score:g}，达到 {band.tier} 的 {band.enter:g}",
        f"score rose to {score:g}, {band.enter:g} of {band.tier}",
    )


def _kept(score: float, band: Band) -> Label:
    return Label(
        f"得分 {score:g}，未低于 {band.tier} 的保留线 {band.keep:g}",
        f"score {score:g} is not below {band.keep:g}, from which {band.tier} is kept",
    )


def _fallen(score: float, held: Band, band: Band) -> Label:
    return Label(
        f"得分降至 {score:g}，低于 {held.tier} 的保留线 {held.keep:g}，转入 {band.tier}",
        f"score fell to {score:g}, below {held.keep:g} from which {held.tier} is kept, to {band.tier}",
    )


# --- what is on file -----------------------------------------------------------------------------------------------


def moves(view: View) -> Mapping[int, list[int]]:
    """Rows of written moves by company, the newest first. Kept by View."""
    return view.foundation("tier moves", lambda: written(view, "Tier"))


def _move(view: View, row: int) -> TierMove:
    props = view.props(row)
    return TierMove(
        id=view.id(row),
        since=props["since"],
        tier=None if props["tier"] == NO_TIER else props["tier"],
        before=props.get("before"),
        score=props.get("score"),
        reason=props["reason"],
        reason_en=props["reason_en"],
        rule=props["rule"],
        evidence=read_evidence(props.get("evidence")),
        compartments=compartments_of(view, row),
        records=refs(of_units(view, row)),
    )
