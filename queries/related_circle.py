"""关联关系: everything around one company that may make a party related to it, each kind a predicate."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from itertools import pairwise
from typing import Final

import numpy as np

from graph.algorithms.control import TOLERANCE
from graph.algorithms.ownership import State
from graph.view import Fact, View
from queries import stakes
from queries.control import Controlled, Voter
from queries.group_reach import Reach, concert_proof, controllers_above, union, votes_cast, votes_in, without
from queries.group_realm import Numbers
from queries.owners import LookedThrough
from queries.related_regimes import Clause, OfficeKind, Predicate, Regime

Proof = Callable[[int], Iterable[Fact]]
"""The facts that show why a party (row) is caught."""


@dataclass(frozen=True)
class Caught:
    """Whom something catches: rows, ascending, and what shows it for each."""

    rows: Numbers
    proof: Proof

    def proves(self, row: int) -> list[Fact]:
        """The facts for a party, each once; none where it is not caught."""
        place = int(np.searchsorted(self.rows, row))
        if place == len(self.rows) or self.rows.item(place) != row:
            return []
        return _once(self.proof(row))


def _once(facts: Iterable[Fact]) -> list[Fact]:
    return list({(fact.type, fact.start, fact.end, fact.records): fact for fact in facts}.values())


def _listed(found: Mapping[int, Sequence[Fact]]) -> Caught:
    """Parties with their facts."""
    return Caught(np.array(sorted(found), np.int64), lambda row: found[row])


def _all(rows: Numbers | Sequence[int], proof: Proof) -> Caught:
    return Caught(union([np.asarray(rows, np.int64)]), proof)


@dataclass
class Circle:
    """One company and a regime: whom each clause catches, worked out when it is asked for."""

    view: View
    row: int
    regime: Regime
    _caught: dict[str, list[Caught]] = field(default_factory=dict)
    _rows: dict[str, Numbers] = field(default_factory=dict)
    _reaches: dict[int, Reach] = field(default_factory=dict)

    def clause(self, clause: Clause) -> list[Caught]:
        """Whom a clause catches, by predicate."""
        if clause.id not in self._caught:
            self._caught[clause.id] = [_PREDICATES[name](self, clause) for name in clause.any_of]
        return self._caught[clause.id]

    def rows(self, clause: Clause) -> Numbers:
        """Whom a clause catches in all: neither the company itself nor a state body, and of a state body nobody."""
        if self.row in stakes.state_bodies(self.view):
            return np.zeros(0, np.int64)
        if clause.id not in self._rows:
            rows = union(caught.rows for caught in self.clause(clause))
            self._rows[clause.id] = rows[(rows != self.row) & ~np.isin(rows, stakes.state_bodies(self.view))]
        return self._rows[clause.id]

    def proof(self, clause: Clause, row: int) -> list[Fact]:
        """The facts by which a clause catches a party, each once; none where it does not."""
        return _once(fact for caught in self.clause(clause) for fact in caught.proves(row))

    # --- what predicates stand on ---

    def reach(self, party: int) -> Reach:
        """What a party controls."""
        if party not in self._reaches:
            self._reaches[party] = Reach.of(self.view, party)
        return self._reaches[party]

    @cached_property
    def own(self) -> Numbers:
        """The company and what it controls."""
        return union([self.reach(self.row).rows, np.array([self.row])])

    @cached_property
    def above(self) -> list[tuple[int, ...]]:
        """Everybody but state bodies who controls it, the ultimate ones first; several where they act in concert."""
        return controllers_above(self.view, self.row)

    def controllers(self, kind: str, *, alone: bool = True, concert: bool = False) -> list[int]:
        """Controllers of a type, those that control it alone, or those that do so in concert, or both."""
        return [
            party
            for parties in self.above
            if (alone and len(parties) == 1) or (concert and len(parties) > 1)
            for party in parties
            if self.view.kind(party) == kind
        ]

    @cached_property
    def voters(self) -> list[Voter]:
        """Who casts votes in it in the end."""
        return Controlled.of(self.view, self.row).voters

    def them(self, clause: Clause) -> dict[int, list[Fact]]:
        """The persons that the clauses of `of` catch, with what shows it, by id."""
        found: dict[int, list[Fact]] = {}
        for other in self.regime.clauses:
            if other.id in clause.of:
                for row in self.rows(other).tolist():
                    if self.view.kind(row) == "Person":
                        found.setdefault(row, []).extend(self.proof(other, row))
        return dict(sorted(found.items(), key=lambda pair: self.view.id_key(pair[0])))

    def has_office(self, fact: Fact, kinds: Sequence[OfficeKind]) -> bool:
        """Whether an office is one of these kinds."""
        return any(self._is(str(fact.props.get("office") or ""), kind) for kind in kinds)

    def _is(self, office: str, kind: OfficeKind) -> bool:
        known = self.regime.offices
        if kind == "director":
            return _has(office, known.director) and not _has(office, known.not_director)
        return _has(office, known.supervisor) if kind == "supervisor" else office in known.senior

    def is_independent(self, fact: Fact) -> bool:
        """独立董事: whether an office is that of an independent director."""
        return str(fact.props.get("office") or "") in self.regime.independent


def _has(office: str, words: Sequence[str]) -> bool:
    return any(word in office for word in words)


# --- who controls it, and what they control ---------------------------------------------------------------------------


def _controlling(circle: Circle, rows: Sequence[int], *, alone: bool) -> Caught:
    def proof(row: int) -> Iterable[Fact]:
        return circle.reach(row).proof(circle.row) if alone else concert_proof(circle.view, circle.row)

    return _all(rows, proof)


def _companies_controlling(circle: Circle, _: Clause) -> Caught:
    return _controlling(circle, circle.controllers("Company"), alone=True)


def _companies_controlling_in_concert(circle: Circle, _: Clause) -> Caught:
    rows = circle.controllers("Company", alone=False, concert=True)
    return _controlling(circle, rows, alone=False)


def _persons_controlling(circle: Circle, _: Clause) -> Caught:
    rows = circle.controllers("Person", concert=True)
    return _all(rows, lambda row: circle.reach(row).proof(circle.row))


def _under(circle: Circle, heads: Sequence[int]) -> Caught:
    """What some controllers of the company control, without it and what it controls."""
    reaches = [circle.reach(head) for head in heads]
    rows = union(reach.rows for reach in reaches)

    def proof(row: int) -> Iterator[Fact]:
        head = next(reach for reach in reaches if reach.has(row))
        yield from head.proof(row)
        yield from head.proof(circle.row)

    return _all(without(rows, circle.own), proof)


def _companies_of_controllers(circle: Circle, _: Clause) -> Caught:
    return _under(circle, circle.controllers("Company", concert=True))


def _companies_of_parents(circle: Circle, _: Clause) -> Caught:
    return _under(circle, circle.controllers("Company"))


def _controlled(circle: Circle, _: Clause) -> Caught:
    reach = circle.reach(circle.row)
    return _all(union(reach.alone), reach.proof)


def _controlled_in_concert(circle: Circle, _: Clause) -> Caught:
    reach = circle.reach(circle.row)
    return _all(without(reach.rows, _controlled(circle, _).rows), reach.proof)


# --- who holds it or has a say in it ---------------------------------------------------------------------------------


def _companies_holding(circle: Circle, clause: Clause) -> Caught:
    """Companies that hold a part of the capital directly, and who has agreed with one of them to vote as one."""
    held: dict[int, list[Fact]] = {}
    for fact in circle.view.facts(circle.row, "HOLDS", "in"):
        held.setdefault(fact.other, []).append(fact)
    view, least = circle.view, _least(clause)
    found = {
        row: facts
        for row, facts in held.items()
        if sum(_share(fact) for fact in facts) >= least and view.kind(row) == "Company"
    }
    for agreement in stakes.ballot(view).agreements:
        holders = [row for row in agreement.members if row in found]
        if holders and circle.row in agreement.targets:
            parts = [fact for row in agreement.agreements for fact in view.facts(row, "PARTY_TO", "in")]
            for row in agreement.members:
                if view.kind(row) == "Company" and row not in found:
                    found[row] = [*parts, *found[holders[0]]]
    return _listed(found)


def _least(clause: Clause) -> float:
    assert clause.share is not None  # noqa: S101  # the regime's model makes sure
    return clause.share - TOLERANCE


def _share(fact: Fact) -> float:
    share: float = fact.props.get("share_ratio", fact.props.get("share_min")) or 0.0
    return share


def _persons_owning(circle: Circle, clause: Clause) -> Caught:
    """Persons whose share through all layers is large enough; the direct one alone where there is no solution."""
    looked = LookedThrough.of(circle.view, circle.row)
    view, least = circle.view, _least(clause)
    found: dict[int, list[Fact]] = {}
    for fact in view.facts(circle.row, "HOLDS", "in"):
        found.setdefault(fact.other, []).append(fact)
    direct = {row for row, facts in found.items() if sum(map(_share, facts)) >= least}
    owned = looked.owners.terminals
    large = (
        owned.share >= least if looked.owners.state is State.SOLVED else np.zeros(len(owned.node), np.bool_)
    )
    rows = {row for row in (*direct, *owned.node[large].tolist()) if view.kind(row) == "Person"}

    def proof(row: int) -> Iterator[Fact]:
        yield from found.get(row, ())
        if row not in direct:
            yield from _chain_of(looked, row)

    return _all(sorted(rows), proof)


def _chain_of(looked: LookedThrough, owner: int) -> Iterator[Fact]:
    """The holdings of the largest chain from an owner down to the company."""
    capital = stakes.capital(looked.view)
    nodes = looked.chains.chain(owner).nodes
    for holder, company in pairwise(nodes):
        rows = capital.graph.between(holder, company).tolist()
        yield from _by_record(capital.facts.fact(row) for row in rows)


def _by_record(facts: Iterable[Fact]) -> list[Fact]:
    return sorted(facts, key=lambda fact: fact.records[0].id)


def _influencing(circle: Circle, clause: Clause, kind: str) -> Caught:
    """Parties with enough of the votes, with all that they control, without control."""
    view, least = circle.view, _least(clause)
    controlling = {row for parties in circle.above for row in parties}
    found: dict[int, list[Fact]] = {}
    for voter in circle.voters:
        if voter.ratio >= least:
            facts = _by_record(stakes.ballot(view).facts.fact(row) for row in voter.rows)
            found.update(dict.fromkeys(voter.parties, facts))
    for row, facts in _direct_voters(circle, least).items():
        found.setdefault(row, facts)
        for parties in controllers_above(view, row) if view.kind(row) == "Company" else ():
            for party in parties:
                found.setdefault(party, [*circle.reach(party).proof(row), *facts])
    return _listed({
        row: facts for row, facts in found.items() if view.kind(row) == kind and row not in controlling
    })  # fmt: skip


def _direct_voters(circle: Circle, least: float) -> dict[int, list[Fact]]:
    """Who casts enough of the votes directly, with the holdings that they are of."""
    ballots = stakes.ballot(circle.view).votes.ballots
    rows = ballots.up_row[ballots.up_first[circle.row] : ballots.up_first[circle.row + 1]]
    control = stakes.control(circle.view)
    casters, which = np.unique(ballots.caster[rows], return_inverse=True)
    cast = np.bincount(which, control.weight[rows], len(casters))
    enough = (cast >= least * control.votable.item(circle.row)) & (cast > TOLERANCE)
    large = casters[enough].tolist()
    return {row: votes_cast(circle.view, np.array([row]), circle.row) for row in large}


def _companies_influencing(circle: Circle, clause: Clause) -> Caught:
    return _influencing(circle, clause, "Company")


def _persons_influencing(circle: Circle, clause: Clause) -> Caught:
    return _influencing(circle, clause, "Person")


def _influenced_by(circle: Circle, party: int, least: float) -> tuple[Numbers, Proof]:
    """Companies in which a party, with all that it controls, has enough of the votes without control."""
    inside = union([circle.reach(party).rows, np.array([party])])
    companies, part = votes_in(circle.view, inside)
    rows = without(companies[part >= least], inside)
    return rows, lambda row: votes_cast(circle.view, inside, row)


def _companies_influenced(circle: Circle, clause: Clause) -> Caught:
    rows, proof = _influenced_by(circle, circle.row, _least(clause))
    return _all(rows, proof)


def _companies_influenced_by_group(circle: Circle, clause: Clause) -> Caught:
    """What the parents, with all that they control, influence beyond what the company itself does."""
    found = [_influenced_by(circle, head, _least(clause)) for head in circle.controllers("Company")]
    rows = union(rows for rows, _ in found)
    return _all(rows, lambda row: next(proof(row) for rows, proof in found if row in rows))


# --- persons, and what is theirs --------------------------------------------------------------------------------------


def _officers(circle: Circle, companies: Iterable[int], clause: Clause) -> Caught:
    found: dict[int, list[Fact]] = {}
    for company in companies:
        for fact in circle.view.facts(company, "OFFICER_OF", "in"):
            if circle.has_office(fact, clause.offices):
                found.setdefault(fact.other, []).append(fact)
    return _listed(found)


def _officers_of_it(circle: Circle, clause: Clause) -> Caught:
    return _officers(circle, [circle.row], clause)


def _officers_of_controllers(circle: Circle, clause: Clause) -> Caught:
    return _officers(circle, circle.controllers("Company", concert=True), clause)


def _officers_of_parents(circle: Circle, clause: Clause) -> Caught:
    return _officers(circle, circle.controllers("Company"), clause)


def _family(circle: Circle, clause: Clause) -> Caught:
    found: dict[int, list[Fact]] = {}
    for person, why in circle.them(clause).items():
        for direction in ("out", "in"):
            for fact in circle.view.facts(person, "RELATIVE_OF", direction):
                if fact.props.get("relation") in circle.regime.close_family:
                    found.setdefault(fact.other, []).extend([fact, *why])
    return _listed(found)


def _controlled_by_them(circle: Circle, clause: Clause) -> Caught:
    them = circle.them(clause)

    def proof(row: int) -> Iterator[Fact]:
        for person, why in them.items():
            if circle.reach(person).has(row):
                yield from circle.reach(person).proof(row)
                yield from why

    rows = union(circle.reach(person).rows for person in them)
    return _all(without(rows, circle.own), proof)


def _influenced_by_them(circle: Circle, clause: Clause) -> Caught:
    them = circle.them(clause)
    found = {person: _influenced_by(circle, person, _least(clause)) for person in them}

    def proof(row: int) -> Iterator[Fact]:
        for person, (rows, shows) in found.items():
            if row in rows:
                yield from shows(row)
                yield from them[person]

    rows = union(rows for rows, _ in found.values())
    return _all(without(rows, circle.own), proof)


def _in_office(circle: Circle, clause: Clause) -> Caught:
    """Where they are directors or senior managers; not who is merely an independent director of both."""
    found: dict[int, list[Fact]] = {}
    own = set(circle.own.tolist())
    for person, why in circle.them(clause).items():
        offices = circle.view.facts(person, "OFFICER_OF", "out")
        here = [fact for fact in offices if fact.other == circle.row]
        independent = bool(here) and all(circle.is_independent(fact) for fact in here)
        for fact in offices:
            merely = independent and circle.is_independent(fact)
            if fact.other not in own and circle.has_office(fact, clause.offices) and not merely:
                found.setdefault(fact.other, []).extend([fact, *why])
    return _listed(found)


# --- within months ---------------------------------------------------------------------------------------------------


def _near(circle: Circle, clause: Clause, edge_type: str) -> Iterator[Fact]:
    """Facts at the company that held within so many months before the day, or will within as many after it."""
    assert clause.months is not None  # noqa: S101  # the regime's model makes sure
    day = circle.view.as_of
    first, last = months_from(day, -clause.months), months_from(day, clause.months)
    for fact in circle.view.history(circle.row, edge_type, "in"):
        over = fact.valid_to is not None and first < fact.valid_to <= day
        coming = fact.valid_from is not None and day < fact.valid_from <= last
        if over or coming:
            yield fact


def months_from(day: dt.date, months: int) -> dt.date:
    """The same day so many months later, or the last of that month; the first or last day there is beyond those."""
    year, month = divmod(day.year * 12 + day.month - 1 + months, 12)
    if not dt.MINYEAR <= year <= dt.MAXYEAR:
        return dt.date.min if months < 0 else dt.date.max
    for number in range(day.day, 0, -1):
        try:
            return dt.date(year, month + 1, number)
        except ValueError:
            continue
    raise AssertionError("every month has a first day")


def _past_holders(circle: Circle, clause: Clause) -> Caught:
    """Who held enough or will, and does not on the day."""
    now: dict[int, float] = {}
    for fact in circle.view.facts(circle.row, "HOLDS", "in"):
        now[fact.other] = now.get(fact.other, 0.0) + _share(fact)
    found: dict[int, list[Fact]] = {}
    for fact in _near(circle, clause, "HOLDS"):
        if _share(fact) >= _least(clause) > now.get(fact.other, 0.0):
            found.setdefault(fact.other, []).append(fact)
    return _listed(found)


def _past_officers(circle: Circle, clause: Clause) -> Caught:
    """Who was in office or will be, and is not on the day."""
    now = set(_officers_of_it(circle, clause).rows.tolist())
    found: dict[int, list[Fact]] = {}
    for fact in _near(circle, clause, "OFFICER_OF"):
        if fact.other not in now and circle.has_office(fact, clause.offices):
            found.setdefault(fact.other, []).append(fact)
    return _listed(found)


_PREDICATES: Final[Mapping[Predicate, Callable[[Circle, Clause], Caught]]] = {
    "companies_controlling_it": _companies_controlling,
    "companies_controlling_it_in_concert": _companies_controlling_in_concert,
    "companies_of_its_controllers": _companies_of_controllers,
    "companies_of_its_parents": _companies_of_parents,
    "companies_controlled_by_it": _controlled,
    "companies_controlled_by_it_in_concert": _controlled_in_concert,
    "companies_holding_it": _companies_holding,
    "companies_influencing_it": _companies_influencing,
    "companies_influenced_by_it": _companies_influenced,
    "companies_influenced_by_its_group": _companies_influenced_by_group,
    "persons_owning_it": _persons_owning,
    "persons_controlling_it": _persons_controlling,
    "persons_influencing_it": _persons_influencing,
    "officers_of_it": _officers_of_it,
    "officers_of_its_controllers": _officers_of_controllers,
    "officers_of_its_parents": _officers_of_parents,
    "close_family_of_them": _family,
    "companies_controlled_by_them": _controlled_by_them,
    "companies_influenced_by_them": _influenced_by_them,
    "companies_with_them_in_office": _in_office,
    "holders_of_it_within_months": _past_holders,
    "officers_of_it_within_months": _past_officers,
}
