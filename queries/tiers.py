"""上市公司控制权: the tiers of the takeover rule (上市公司收购管理办法 art. 84) for who controls a listed company."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from graph.algorithms.control import TOLERANCE
from graph.view import Fact, View
from queries.control import HALF, Controlled, Voter
from queries.labels import Label
from queries.models import Answer, PartyLine
from queries.statements import refs, who

TIERS: Final = {
    "held_half": Label("第（一）项：持股 50% 以上的控股股东", "(1) holds 50% or more of the shares"),
    "votes_over_30": Label("第（二）项：可支配表决权超过 30%", "(2) disposes of more than 30% of the votes"),
    "elects_board": Label(
        "第（三）项：能够决定董事会半数以上成员选任", "(3) decides on half of the board or more"
    ),
    "decisive_influence": Label(
        "第（四）项：足以对股东大会决议产生重大影响",
        "(4) enough votes for a decisive influence on resolutions",
    ),
}
"""In the order of the article; the law speaks of listed companies, and others are measured by the same."""

VOTES: Final = 0.3

_NOT_A_DIRECTOR: Final = ("秘书",)


@dataclass(slots=True, kw_only=True)
class TierParty(PartyLine):
    """Somebody who meets a tier."""

    ratio: Annotated[float, Field(description="Of capital, votes or directors, as the tier counts.")]


class TierResult(Answer):
    """One tier: whether somebody meets it, and what is missing where that cannot be said."""

    tier: str = Field(description=", ".join(TIERS))
    text: str
    result: str = Field(
        description="met (by whoever has a majority), suspected (by somebody who has none), not_met, not_determinable"
    )
    parties: list[TierParty]
    missing: str = Field(description="What would have to be known, where the tier is not determinable.")


def tiers_of(found: Controlled) -> list[TierResult]:
    """The four tiers for one company."""
    return [
        _by_ratio(found, "held_half", [(v, v.held) for v in found.voters if v.held >= HALF - TOLERANCE]),
        _by_ratio(
            found, "votes_over_30", [(v, v.ratio) for v in found.voters if v.ratio > VOTES + TOLERANCE]
        ),
        _board(found),
        _decisive(found),
    ]


def _by_ratio(found: Controlled, tier: str, meeting: list[tuple[Voter, float]]) -> TierResult:
    controlling = [pair for pair in meeting if pair[0].parties == found.controllers]
    parties = [line for voter, value in controlling or meeting for line in _lines(found, voter, value)]
    if parties:
        return _result(tier, "met" if controlling else "suspected", parties)
    known = sum(v.most for v in found.voters) >= 1 - TOLERANCE or all(v.most == v.ratio for v in found.voters)
    if found.voters and known:
        return _result(tier, "not_met", [])
    missing = "股东持股比例或表决权比例 / the holders' shares of capital or votes"
    return _result(tier, "not_determinable", [], missing)


def _lines(found: Controlled, voter: Voter, value: float) -> Iterator[TierParty]:
    facts = [found.ballot.facts.fact(row) for row in voter.rows]
    records = refs(record for fact in facts for record in fact.records)
    for row in voter.parties:
        yield TierParty(**who(found.view, row), ratio=round(value, 12), records=records)


def _result(tier: str, result: str, parties: list[TierParty], missing: str = "") -> TierResult:
    return TierResult(tier=tier, text=str(TIERS[tier]), result=result, parties=parties, missing=missing)


# --- the board -------------------------------------------------------------------------------------------------------


def directors(view: View, company: int) -> list[Fact]:
    """董事: the offices that make a director, by office and then by id of the person."""
    offices = view.facts(company, "OFFICER_OF", "in")
    return [fact for fact in offices if is_director(str(fact.props.get("office") or ""))]


def is_director(office: str) -> bool:
    """Whether an office is a seat on the board (董事长, 执行董事, 独立董事 …); its secretary has none."""
    return "董事" in office and not any(word in office for word in _NOT_A_DIRECTOR)


def _board(found: Controlled) -> TierResult:
    """Who nominated half of the directors or more (半数以上), with all that it controls counted as one."""
    seats: dict[int, Fact] = {}
    for fact in directors(found.view, found.row):
        if fact.other not in seats or "nominated_by" in fact.props:
            seats[fact.other] = fact
    nominated: dict[tuple[int, ...], list[Fact]] = {}
    for fact in seats.values():
        if "nominated_by" in fact.props:
            behind = acting_for(found.view, found.view.resolve(fact.props["nominated_by"]))
            nominated.setdefault(behind, []).append(fact)
    enough = {rows: facts for rows, facts in nominated.items() if 2 * len(facts) >= len(seats)}
    if enough:
        return _elected(found, enough, len(seats))
    silent = len(seats) - sum(map(len, nominated.values()))
    if seats and 2 * (max(map(len, nominated.values()), default=0) + silent) < len(seats):
        return _result("elects_board", "not_met", [])
    return _result(
        "elects_board", "not_determinable", [], "董事及其提名人 / the directors and who nominated them"
    )


def acting_for(view: View, row: int) -> tuple[int, ...]:
    """Who stands behind a party in the end: its controllers, or itself."""
    return Controlled.of(view, row).controllers or (row,)


def _elected(found: Controlled, nominated: Mapping[tuple[int, ...], list[Fact]], seats: int) -> TierResult:
    view, parties = found.view, []
    for rows in sorted(nominated, key=lambda rows: [view.id_key(row) for row in rows]):
        records = refs(record for fact in nominated[rows] for record in fact.records)
        part = round(len(nominated[rows]) / seats, 12)
        parties += [TierParty(**who(view, row), ratio=part, records=records) for row in rows]
    met = found.controllers in nominated
    return _result("elects_board", "met" if met else "suspected", parties)


def _decisive(found: Controlled) -> TierResult:
    """A majority has it; without one it depends on who attends, which no source here states."""
    leading = next(
        (voter for voter in found.voters if found.controllers and voter.parties == found.controllers), None
    )
    if leading is not None:
        return _result("decisive_influence", "met", list(_lines(found, leading, leading.ratio)))
    missing = "股东大会出席与表决情况 / attendance and votes at shareholders' meetings"
    return _result("decisive_influence", "not_determinable", [], missing)
