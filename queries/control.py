"""控制: who controls a company, solved from what is above it, with the votes that prove it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, Final

import numpy as np
from pydantic import Field

from graph.algorithms.control import TOLERANCE
from graph.algorithms.control_near import Near
from graph.view import Fact, View
from queries import stakes
from queries.labels import Label
from queries.models import EntityId, Line, Ratio
from queries.paging import Position
from queries.stakes import Agreement, Ballot
from queries.statements import refs

HALF: Final = 0.5

MOST_LINKS: Final = 500
"""So many rows of votes prove control well enough; no reader follows more."""

WAYS: Final = {
    "majority": Label("持有过半数表决权", "holds a majority of the votes"),
    "votes": Label("表决权比例不同于持股比例，表决权过半数", "votes differ from capital, and are a majority"),
    "majority_less_own_shares": Label(
        "扣除公司自持及子公司持有的无表决权股份后过半数", "a majority once shares without a vote are left out"
    ),
    "concert": Label("一致行动", "acting in concert"),
    "entrustment": Label("表决权委托", "votes entrusted to it"),
    "general_partner": Label("作为普通合伙人控制合伙企业", "as the general partner of a partnership"),
}
"""By what a company is controlled; the first that applies somewhere along the chain, from the last to the first."""


@dataclass(slots=True, kw_only=True)
class Votes(Line):
    """Votes that prove control: who holds them in which company, who casts them, and how many of those there are."""

    holder: EntityId
    holder_name: str
    company: EntityId
    company_name: str
    cast_by: Annotated[
        EntityId, Field(description="Who casts them: the holder, or whom they are entrusted to.")
    ]
    voting_ratio: Annotated[float, Field(description="Part of the votes that count in the company.")]
    share_ratio: Ratio
    partner: Annotated[str | None, Field(description="general where the holder is the general partner.")]


@dataclass(frozen=True)
class Link:
    """A row of votes that the controlling set casts in a company of the chain."""

    row: int
    holder: int
    caster: int
    company: int
    ratio: float


@dataclass(frozen=True)
class Voter:
    """Who casts votes in the company in the end: one party, or several who act in concert, with all that they control.

    `ratio` is their part of the votes that count, as far as it is stated, `most` with all that may be theirs beyond,
    `held` their stated share of the capital.
    """

    parties: tuple[int, ...]
    ratio: float
    most: float
    held: float
    rows: tuple[int, ...]


@dataclass(frozen=True)
class Controlled:
    """One company and all above it, solved: who controls it, how, and what proves that."""

    view: View
    row: int
    ballot: Ballot
    near: Near

    @classmethod
    def of(cls, view: View, row: int) -> Controlled:
        """Solve what is above a company."""
        return cls(view, row, stakes.ballot(view), stakes.control_above(view, row))

    # --- who ---

    @cached_property
    def _number(self) -> int:
        return self.near.control.controller.item(0)

    @property
    def agreement(self) -> Agreement | None:
        """The concert group that controls it, if one does."""
        group = self._number - len(self.near.nodes)
        return self.ballot.agreements[group] if group >= 0 else None

    @property
    def controllers(self) -> tuple[int, ...]:
        """Rows of the ultimate controllers: one, several who act in concert, or none."""
        if self._number < 0:
            return ()
        return self.agreement.members if self.agreement else (self.near.nodes.item(self._number),)

    @property
    def gathered(self) -> float:
        """The controlling set's part of the votes that count; where nobody controls, the leader's."""
        return self.near.control.gathered.item(0)

    @property
    def weakest(self) -> float:
        """The least such part along the strongest chain from the controller to the company."""
        return self.near.control.weakest.item(0)

    @cached_property
    def voters(self) -> list[Voter]:
        """All who cast votes in the company or may do so, the most votes first, then by id."""
        control = self.near.control
        by_top: dict[int, list[int]] = {}
        for vote, caster in self._all_votes_in(0):
            top = control.controller.item(caster)
            if self._number >= 0 and self._within(caster, 0):
                top = self._number
            by_top.setdefault(caster if top < 0 else top, []).append(vote)
        found = [self._voter(top, votes) for top, votes in by_top.items()]
        return sorted(found, key=lambda v: (-round(v.ratio, 12), [self.view.id_key(p) for p in v.parties]))

    def _voter(self, top: int, votes: list[int]) -> Voter:
        near, votable = self.near, self.near.control.votable.item(0)
        rows = [near.rows.item(vote) for vote in votes]
        certain = sum(near.control.weight.item(vote) for vote in votes)
        beyond = sum(max(self.ballot.most.item(row) - near.votes.ballots.votes.item(vote), 0.0)
                     for row, vote in zip(rows, votes, strict=True))  # fmt: skip
        parties = self._parties(top)
        held = float(np.nansum(self.ballot.capital[rows]))
        ratio = certain / votable if votable > TOLERANCE else 0.0
        return Voter(parties, ratio, ratio + beyond, held, tuple(rows))

    def _parties(self, top: int) -> tuple[int, ...]:
        size = len(self.near.nodes)
        return self.ballot.agreements[top - size].members if top >= size else (self.near.nodes.item(top),)

    # --- what proves it ---

    @cached_property
    def links(self) -> list[Link]:
        """The votes that the controlling set casts, in the company and in all through which it casts them.

        The company's own come first; within a company the largest come first, then by id of the holder. In a
        conglomerate the search ends with the company at which there are `MOST_LINKS` of them.
        """
        if not self.controllers:
            return []
        found: list[Link] = []
        waiting, seen = [0], {0}
        while waiting and len(found) < MOST_LINKS:
            company = waiting.pop(0)
            for link, caster in self._cast_in(company):
                found.append(link)
                if caster not in seen and link.caster not in self.controllers:
                    seen.add(caster)
                    waiting.append(caster)
        return found

    def _cast_in(self, company: int) -> list[tuple[Link, int]]:
        """Votes of the controlling set in a company of the part, each with the caster's place in the part."""
        found = [
            (self._link(vote), caster)
            for vote, caster in self._votes_in(company)
            if self._within(caster, company)
        ]
        return sorted(found, key=lambda pair: self._position(pair[0]))

    def _votes_in(self, company: int) -> Iterator[tuple[int, int]]:
        """Votes that count, each with the place of its caster."""
        weight = self.near.control.weight
        return ((vote, caster) for vote, caster in self._all_votes_in(company) if weight.item(vote) > 0)

    def _all_votes_in(self, company: int) -> Iterator[tuple[int, int]]:
        """Votes that are not dead, stated or not."""
        ballots, weight = self.near.votes.ballots, self.near.control.weight
        for place in range(ballots.up_first[company], ballots.up_first[company + 1]):
            vote = ballots.up_row.item(place)
            dead = ballots.votes.item(vote) > 0 and weight.item(vote) == 0
            if not dead:
                yield vote, ballots.caster.item(vote)

    def _within(self, caster: int, company: int) -> bool:
        """Whether a party of the part belongs to the controlling set, as far as a company is concerned."""
        control = self.near.control
        if caster == self._number or control.controller.item(caster) == self._number:
            return True
        group = self._number - len(self.near.nodes)
        if group < 0 or company not in self._concert(group)[1]:
            return False
        members = self._concert(group)[0]
        return caster in members or bool(members.intersection(self._above(caster)))

    def _concert(self, group: int) -> tuple[set[int], set[int]]:
        """Members and targets of a concert group that are in the part."""
        c = self.near.votes.concert
        return (
            set(c.member[c.member_first[group] : c.member_first[group + 1]].tolist()),
            set(c.target[c.target_first[group] : c.target_first[group + 1]].tolist()),
        )

    def _above(self, place: int) -> Iterator[int]:
        """The strongest chain up from a party of the part."""
        parent = self.near.control.parent
        while place < len(parent):
            yield place
            place = parent.item(place)
            if place < 0:
                return

    def _link(self, vote: int) -> Link:
        near, ballots = self.near, self.near.votes.ballots
        company = ballots.company.item(vote)
        return Link(
            row=near.rows.item(vote),
            holder=near.nodes.item(ballots.holder.item(vote)),
            caster=near.nodes.item(ballots.caster.item(vote)),
            company=near.nodes.item(company),
            ratio=near.control.weight.item(vote) / near.control.votable.item(company),
        )

    def _position(self, link: Link) -> Position:
        return -round(link.ratio, 12), self.view.id(link.holder), self.ballot.facts.records(link.row)[0].id

    def fact(self, link: Link) -> Fact:
        """The holding that a link's votes come from."""
        return self.ballot.facts.fact(link.row)

    # --- how ---

    @cached_property
    def way(self) -> str:
        """By what it is controlled, a word of `WAYS`."""
        if self.agreement:
            return "concert"
        facts = [self.fact(link) for link in self.links]
        if any(fact.props.get("partner") == "general" for fact in facts):
            return "general_partner"
        if any(link.caster != link.holder for link in self.links):
            return "entrustment"
        if any(self._needs_dead_votes(link.company) for link in self.links):
            return "majority_less_own_shares"
        return "votes" if any(_votes_differ(fact) for fact in facts) else "majority"

    def _needs_dead_votes(self, company: int) -> bool:
        """Whether the set's votes are a majority only because others do not count."""
        place = int(np.flatnonzero(self.near.nodes == company)[0])
        control = self.near.control
        votes = control.gathered.item(place) * control.votable.item(place)
        return control.votable.item(place) < 1 and votes <= HALF + TOLERANCE

    @property
    def held(self) -> float:
        """The controlling set's share of the company's capital, as far as it is stated."""
        rows = [link.row for link in self.links if link.company == self.row]
        return float(np.nansum(self.ballot.capital[rows]))


def _votes_differ(fact: Fact) -> bool:
    votes = fact.props.get("voting_ratio", fact.props.get("voting_min"))
    return votes is not None and votes != fact.props.get("share_ratio")


def chain(found: Controlled) -> list[Votes]:
    """The votes that prove control, from the controller down."""
    return [_votes(found, link) for link in reversed(found.links)]


def _votes(found: Controlled, link: Link) -> Votes:
    view, fact = found.view, found.fact(link)
    return Votes(
        holder=view.id(link.holder),
        holder_name=view.name(link.holder),
        company=view.id(link.company),
        company_name=view.name(link.company),
        cast_by=view.id(link.caster),
        voting_ratio=round(link.ratio, 12),
        share_ratio=fact.props.get("share_ratio", fact.props.get("share_min")),
        partner=fact.props.get("partner"),
        records=refs(fact.records),
    )
