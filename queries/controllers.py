"""实际控制人: who controls a company, as disclosed and as computed, by the tiers of the takeover rule."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from graph.algorithms.control import TOLERANCE
from graph.algorithms.ownership import State
from graph.view import Fact, View
from queries import stakes
from queries.control import HALF, MOST_LINKS, WAYS, Controlled, Voter, Votes, chain
from queries.labels import Label
from queries.models import Answer, Finding, Party, PartyLine, Ratio
from queries.owners import LookedThrough, company_row, overstated, ratio
from queries.statements import party, refs, who
from queries.tiers import TIERS, TierResult, tiers_of

STATUSES: Final = {
    "controlled": Label("有控制人", "somebody controls it"),
    "none": Label("无实际控制人", "nobody controls it"),
    "not_determinable": Label("无法判断", "not determinable from what is stated"),
    "circular": Label("闭环持股，无法追溯至控制人", "a closed ring of holdings that leads to nobody"),
}


_LARGEST: Final = 8
"""Cash-flow rights are wanted of controllers alone, and these are among the largest owners."""


@dataclass(slots=True, kw_only=True)
class Disclosed(PartyLine):
    """A controller as a source discloses it."""

    ratio: Ratio
    joint: bool | None
    nature: str | None


@dataclass(slots=True, kw_only=True)
class Computed(PartyLine):
    """A controller as computed: it, or the group that it acts in, gathers more than half of the votes that count."""

    voting_ratio: Annotated[
        float, Field(description="Part of the votes that count; several who act in concert share it.")
    ]
    held_ratio: Annotated[
        float, Field(description="Capital held by the same parties, as far as it is stated.")
    ]
    tier: Annotated[str, Field(description="The takeover rule's tier that it meets: " + ", ".join(TIERS))]
    tier_text: str
    suspected: Annotated[
        bool, Field(description="Always false here; see `suspected` for those that are inferred.")
    ]
    by: Annotated[str, Field(description=", ".join(WAYS))]
    by_text: str
    joint: Annotated[bool, Field(description="Whether it controls together with the others listed.")]
    chain: Annotated[list[Votes], Field(description="The votes that prove it, from the controller down.")]
    weakest_ratio: Annotated[
        float, Field(description="The weakest link: the least part of votes along the chain.")
    ]
    cash_flow_ratio: Annotated[
        Ratio, Field(description="Its own share of the capital through all layers (现金流权).")
    ]
    wedge: Annotated[
        float | None, Field(description="Votes less the cash-flow rights of all who share them (两权分离度).")
    ]


@dataclass(slots=True, kw_only=True)
class Suspected(PartyLine):
    """Somebody who meets a tier of the takeover rule without a majority; inferred, not established."""

    tier: str
    tier_text: str
    ratio: Annotated[float, Field(description="Of capital, votes or directors, as the tier counts.")]


class Controllers(Answer):
    """Who controls a company: disclosed and computed side by side, and what differs."""

    company: Party
    as_of: dt.date
    known_at: dt.date | None
    status: Annotated[str, Field(description=", ".join(STATUSES))]
    status_text: str
    disclosed: list[Disclosed]
    computed: list[Computed]
    suspected: list[Suspected]
    tiers: list[TierResult]
    findings: list[Finding]


def controllers(view: View, ref: str) -> Controllers:
    """Who controls a company.

    Control is a majority of votes, strictly (公司法 2023 art. 265), gathered through all that is controlled, by one
    party or by parties to a concert agreement; what the takeover rule (上市公司收购管理办法 art. 84) counts beyond that
    is shown as suspected.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is no company.
    """
    row = company_row(view, ref)
    found = Controlled.of(view, row)
    looked = LookedThrough.of(view, row, _LARGEST)
    tiers = tiers_of(found)
    concluded = status_of(found, looked)
    disclosed = view.facts(row, "CONTROLS", "in")
    computed = [_computed(found, looked, controller, tiers) for controller in found.controllers]
    return Controllers(
        company=party(view, row),
        as_of=view.as_of,
        known_at=view.known_at,
        status=concluded[0],
        status_text=str(STATUSES[concluded[0]]),
        disclosed=[_disclosed(view, fact) for fact in disclosed],
        computed=computed,
        suspected=[] if computed else list(_suspected(tiers)),
        tiers=tiers,
        findings=findings_of(found, concluded),
    )


def _disclosed(view: View, fact: Fact) -> Disclosed:
    props = fact.props
    return Disclosed(
        **who(view, fact.other),
        ratio=props.get("ratio"),
        joint=props.get("joint"),
        nature=props.get("nature"),
        records=refs(fact.records),
    )


def _computed(
    found: Controlled, looked: LookedThrough, controller: int, tiers: Sequence[TierResult]
) -> Computed:
    links = chain(found)
    known = looked.owners.state is State.SOLVED
    rights = {row: looked.share_of(row) if known else float("nan") for row in found.controllers}
    tier = next(result.tier for result in tiers if result.result == "met")
    return Computed(
        **who(found.view, controller),
        voting_ratio=round(found.gathered, 12),
        held_ratio=round(found.held, 12),
        tier=tier,
        tier_text=str(TIERS[tier]),
        suspected=False,
        by=found.way,
        by_text=str(WAYS[found.way]),
        joint=len(found.controllers) > 1,
        chain=links,
        weakest_ratio=round(found.weakest, 12),
        cash_flow_ratio=ratio(rights[controller]),
        wedge=ratio(found.gathered - sum(rights.values())),
        records=refs(record for link in links for record in link.records),
    )


def _suspected(tiers: Sequence[TierResult]) -> Iterator[Suspected]:
    for result in tiers:
        for line in result.parties:
            yield Suspected(
                id=line.id, name=line.name, kind=line.kind, tier=result.tier, tier_text=result.text,
                ratio=line.ratio, records=line.records,
            )  # fmt: skip


# --- whether it can be said at all -----------------------------------------------------------------------------------


def status_of(found: Controlled, looked: LookedThrough) -> tuple[str, list[Finding]]:
    """Whether somebody controls a company, nobody does, or it cannot be said; and why not.

    Nobody does where no unstated votes could make a majority: neither those of a holder whose share is not stated, nor
    those whose holder is not stated (of a listed company they are taken to be dispersed), nor those of
    several holders who may have one controller that no source states.
    """
    if found.controllers:
        return "controlled", []
    if looked.owners.state is State.CIRCULAR:
        return "circular", []
    doubts = list(_doubts(found, looked))
    return ("not_determinable", doubts) if doubts else ("none", [])


def _doubts(found: Controlled, looked: LookedThrough) -> Iterator[Finding]:
    if not len(looked.owners.direct[0]):
        yield _doubt("没有资料说明股东 / no source states its holders")
        return
    if looked.owners.state is State.OVERSTATED:
        yield overstated(found.view, found.row)
    for voter in _unclear(found):
        names = "、".join(found.view.name(row) for row in voter.parties)
        facts = [found.ballot.facts.fact(row) for row in voter.rows]
        yield _doubt(
            f"{names} 的表决权不明，可能过半 / the votes of {names} are unclear and may be a majority", facts
        )
    unnamed = _unnamed(found)
    if unnamed > HALF + TOLERANCE:
        yield _doubt(f"{unnamed:.2%} 的表决权没有资料 / no source states who has {unnamed:.2%} of the votes")
    hidden = _behind_companies(found)
    if hidden:
        names = "、".join(found.view.name(row) for voter in hidden for row in voter.parties)
        yield _doubt(
            f"{names} 的控制人不明，可能同属一方 / nobody can say who controls {names}: it may be one party"
        )


def _unclear(found: Controlled) -> Iterator[Voter]:
    """Voters who, with the votes that may be theirs beyond those stated, may have a majority."""
    stated = sum(voter.ratio for voter in found.voters)
    return (v for v in found.voters if min(v.most, 1.0 - stated + v.ratio) > HALF + TOLERANCE)


def _unnamed(found: Controlled) -> float:
    """The votes that nobody is said to have; in a listed company they are taken to be dispersed."""
    if stakes.is_listed(found.view, found.row):
        return 0.0
    return 1.0 - sum(voter.ratio for voter in found.voters)


def _behind_companies(found: Controlled) -> list[Voter]:
    """Several companies with a majority together of which nobody can say who controls them, if there are such."""
    companies = [v for v in found.voters if _may_be_controlled(found.view, v)]
    if len(companies) < 2 or sum(v.ratio for v in companies) <= HALF + TOLERANCE:  # noqa: PLR2004  # several
        return []
    hidden = [v for v in companies[:_MOST_LOOKED_BEHIND] if _in_doubt(found.view, v.parties[0])]
    return hidden if len(hidden) > 1 and sum(v.ratio for v in hidden) > HALF + TOLERANCE else []


_MOST_LOOKED_BEHIND: Final = 50
"""So many of the largest voters; who has fewer votes than all these decides nothing."""


def _may_be_controlled(view: View, voter: Voter) -> bool:
    """Whether a voter is a company that somebody may control."""
    (row, *more) = voter.parties
    if more or view.kind(row) != "Company" or stakes.is_listed(view, row):
        return False
    return bool(view.value(row, "nature") != "state_body")


def _in_doubt(view: View, company: int) -> bool:
    """Whether no source states who holds a company, or a majority of it."""
    if not stakes.has_holders(view, company):
        return True
    found = Controlled.of(view, company)
    return any(True for _ in _unclear(found)) or _unnamed(found) > HALF + TOLERANCE


def _doubt(text: str, facts: Sequence[Fact] = ()) -> Finding:
    records = refs(record for fact in facts for record in fact.records)
    return Finding(code="control_not_determinable", message=text, records=records)


# --- what differs ----------------------------------------------------------------------------------------------------


def findings_of(found: Controlled, concluded: tuple[str, list[Finding]]) -> list[Finding]:
    """What the reader of controllers should know about the data; `concluded` is what `status_of` gives."""
    status, why = concluded
    disclosed = found.view.facts(found.row, "CONTROLS", "in")
    return [*why, *_differences(found, status, disclosed), *_said_unknown(found), *_cut(found)]


def _differences(found: Controlled, status: str, disclosed: Sequence[Fact]) -> Iterator[Finding]:
    """Where the disclosed and the computed controllers are not the same."""
    view = found.view
    said, computed = {fact.other for fact in disclosed}, set(found.controllers)
    if said == computed:
        return
    records = refs(record for fact in disclosed for record in fact.records)
    if not view.degree(found.row, "HOLDS", "in"):
        text = "已披露；无股东资料，无法计算 / disclosed; not computable: no shareholders"
        yield Finding(code="disclosed_not_computable", message=text, records=records)
    elif not computed:
        text = f"披露的控制人未得到计算结果支持：{STATUSES[status].zh} / disclosed, but computed: {STATUSES[status].en}"
        yield Finding(code="disclosed_not_confirmed", message=text, records=records)
    elif not said:
        names = _names(view, computed)
        text = f"计算得出控制人 {names}，但没有披露 / {names} computed, nobody disclosed"
        yield Finding(code="controller_not_disclosed", message=text, records=[])
    else:
        one, other = _names(view, said), _names(view, computed)
        text = f"披露为 {one}，计算为 {other} / disclosed as {one}, computed as {other}"
        yield Finding(code="controllers_differ", message=text, records=records)


def _names(view: View, rows: set[int]) -> str:
    return "、".join(view.name(row) for row in sorted(rows, key=view.id_key))


def _cut(found: Controlled) -> Iterator[Finding]:
    if len(found.links) >= MOST_LINKS:
        count = len(found.links)
        text = f"只列出 {count} 笔表决权，控制链未全部展开 / {count} rows of votes are listed, not the whole chain"
        yield Finding(code="chain_cut", message=text, records=[])


def _said_unknown(found: Controlled) -> Iterator[Finding]:
    stated = [record for value, record in found.view.stated(found.row, "controller_unknown") if value]
    if stated:
        text = "资料明确表示实际控制人不详或不存在 / a source says outright that it is unknown or that there is none"
        yield Finding(code="controller_stated_unknown", message=text, records=refs(r for r in stated if r))
