"""认定标准: which natural persons meet the criteria of a regime, surely or possibly, and what proves it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Final

import numpy as np

from graph.algorithms.control import TOLERANCE
from graph.view import View
from graph.view_types import RecordRef
from queries import stakes
from queries.control import HALF, Controlled, Votes, chain
from queries.controllers import status_of
from queries.interests import Interests, Share, Step, counts_otherwise
from queries.models import Finding
from queries.owners import PLACES, LookedThrough
from queries.regimes import ControlCriterion, Counted, Criterion, InterestCriterion, Measure, Regime

COMPUTED: Final = "computed"
DISCLOSED: Final = "disclosed"

MOST_PROVED: Final = 4
"""Of how many holders that somebody controls the votes that prove it are shown."""

MOST_ENTITIES: Final = 64
"""Most companies looked at that may control the one asked about; a conglomerate has as many as members."""

_NOTHING: Final = Share(0.0, 0.0, 0.0)


@dataclass(frozen=True)
class Met:
    """A person meets a criterion, or may meet it: `certain` says which."""

    person: int
    criterion: Criterion
    share: Share | None
    measure: Measure | None = None
    certain: bool = True
    basis: str = COMPUTED
    through: tuple[int, ...] = ()
    """Companies that it controls and that hold, or in which it has its part and that control."""
    records: tuple[RecordRef, ...] = field(default=())


@dataclass(frozen=True)
class Case:
    """One company under one regime: all that its criteria are measured against."""

    view: View
    row: int
    regime: Regime

    # --- what is asked of the graph ---

    @cached_property
    def looked(self) -> LookedThrough:
        """Its owners."""
        return LookedThrough(self.view, self.row, self.interests(self.row, Measure.CAPITAL).owners)

    @cached_property
    def controlled(self) -> Controlled:
        """Its controllers."""
        return Controlled.of(self.view, self.row)

    @cached_property
    def status(self) -> tuple[str, list[Finding]]:
        """Whether somebody controls it, and why that cannot be said where it cannot."""
        return status_of(self.controlled, self.looked)

    @cached_property
    def _interests(self) -> dict[tuple[int, Measure], Interests]:
        return {}

    def interests(self, company: int, measure: Measure) -> Interests:
        """Who has how much of a company: that of capital where the measure gives the same."""
        if not counts_otherwise(self.view, company, measure):
            measure = Measure.CAPITAL
        key = company, measure
        if key not in self._interests:
            self._interests[key] = Interests.of(self.view, company, measure)
        return self._interests[key]

    # --- control ---

    @cached_property
    def controllers(self) -> tuple[int, ...]:
        """自然人: the natural persons who control it alone or jointly, as computed; by id."""
        return self._natural(self.controlled.controllers)

    @cached_property
    def disclosed(self) -> dict[int, tuple[RecordRef, ...]]:
        """The natural persons who are disclosed as controllers, or control a company that is, with the records."""
        found: dict[int, tuple[RecordRef, ...]] = {}
        for fact in self.view.facts(self.row, "CONTROLS", "in"):
            for person in self._natural((fact.other,)):
                found[person] = (*found.get(person, ()), *fact.records)
        return found

    def _natural(self, parties: Iterable[int]) -> tuple[int, ...]:
        """The natural persons among parties, and those who control the companies among them."""
        persons, waiting, seen = set[int](), list(parties), set[int]()
        while waiting:
            row = waiting.pop()
            if row in seen:
                continue
            seen.add(row)
            if self.view.kind(row) == "Person":
                persons.add(row)
            else:
                waiting += Controlled.of(self.view, row).controllers
        return tuple(sorted(persons, key=self.view.id_key))

    @cached_property
    def _place(self) -> Mapping[int, int]:
        """Where each company above stands in what was solved for control."""
        return {row: place for place, row in enumerate(self.controlled.near.nodes.tolist())}

    def persons_controlling(self, company: int) -> tuple[int, ...]:
        """The natural persons who control a company that stands above this one."""
        near, ballot = self.controlled.near, self.controlled.ballot
        if company not in self._place:
            return ()
        number = near.control.controller.item(self._place[company])
        if number < 0:
            return ()
        size = len(near.nodes)
        return self._natural(
            ballot.agreements[number - size].members if number >= size else (near.nodes.item(number),)
        )

    @cached_property
    def controlling_entities(self) -> tuple[int, ...]:
        """The companies that control it: each that has a majority with all that it controls, and joint controllers."""
        joint = set(self.controlled.controllers)
        return tuple(
            row for row in self._candidates[:MOST_ENTITIES] if row in joint or self.row in self._below(row)
        )

    @property
    def entities_cut(self) -> int:
        """How many companies that may control it were left out, because there are too many."""
        return max(len(self._candidates) - MOST_ENTITIES, 0)

    @cached_property
    def _candidates(self) -> list[int]:
        """The companies that may control it: those among the controlling set whose votes prove control; by id."""
        callers = {link.caster for link in self.controlled.links} | set(self.controlled.controllers)
        found = (row for row in callers - {self.row} if self.view.kind(row) == "Company")
        return sorted(found, key=self.view.id_key)

    @cached_property
    def _cast(self) -> Mapping[int, list[tuple[int, float]]]:
        """Who casts how many of the votes that prove control, and in which companies."""
        cast: dict[int, list[tuple[int, float]]] = {}
        for link in self.controlled.links:
            cast.setdefault(link.caster, []).append((link.company, link.ratio))
        return cast

    def _below(self, party: int) -> set[int]:
        """What a party controls alone, among the companies of the chain that proves control."""
        gathered: dict[int, float] = {}
        below, waiting = {party}, [party]
        while waiting:
            for company, ratio in self._cast.get(waiting.pop(), ()):
                gathered[company] = gathered.get(company, 0.0) + ratio
                if gathered[company] > HALF + TOLERANCE and company not in below:
                    below.add(company)
                    waiting.append(company)
        return below

    def votes_of(self, met: Met) -> list[Votes]:
        """The votes that prove the control that a criterion rests on, from the controller down."""
        counted = getattr(met.criterion, "counted", None)
        if counted is Counted.THROUGH_CONTROLLED_HOLDERS:
            return [vote for row in met.through[:MOST_PROVED] for vote in self._proof(row, seen=set())]
        if counted is Counted.IN_CONTROLLING_ENTITIES:
            return [vote for row in met.through for vote in self._proof_from(row)]
        if isinstance(met.criterion, ControlCriterion) and met.basis == COMPUTED:
            return self._proof(self.row, seen=set())
        return []

    def _proof(self, company: int, seen: set[int]) -> list[Votes]:
        """The votes by which natural persons control a company, through joint controllers too."""
        if company in seen:
            return []
        seen.add(company)
        found = self.controlled if company == self.row else Controlled.of(self.view, company)
        above = [row for row in found.controllers if self.view.kind(row) == "Company"]
        return [*(vote for row in above for vote in self._proof(row, seen)), *chain(found)]

    def _proof_from(self, entity: int) -> list[Votes]:
        """The votes by which an entity, alone or in concert, controls the company."""
        everything = chain(self.controlled)
        if entity in self.controlled.controllers:
            return everything
        below = {self.view.id(row) for row in self._below(entity)}
        return [vote for vote in everything if vote.cast_by in below and vote.company in below]

    # --- criteria ---

    @cached_property
    def results(self) -> list[Met]:
        """Every person who meets a criterion or may meet it, criterion by criterion, by id."""
        found: list[Met] = []
        for criterion in self.regime.criteria:
            excluded = {met.person for met in found if met.certain and met.criterion.id in criterion.unless}
            found += [met for met in self._meeting(criterion) if met.person not in excluded]
        return found

    def _meeting(self, criterion: Criterion) -> list[Met]:
        found = (
            self._controlling(criterion)
            if isinstance(criterion, ControlCriterion)
            else self._interested(criterion)
        )
        return sorted(found, key=lambda met: self.view.id_key(met.person))

    def _controlling(self, criterion: ControlCriterion) -> Iterator[Met]:
        gathered = self.controlled.gathered
        votes = Share(gathered, gathered, gathered)
        for person in self.controllers:
            yield Met(person, criterion, votes, Measure.VOTES)
        if criterion.disclosed:
            open_question = self.status[0] in ("not_determinable", "circular")
            for person, records in self.disclosed.items():
                if person not in self.controllers:
                    yield Met(
                        person, criterion, None, certain=open_question, basis=DISCLOSED, records=records
                    )

    def _interested(self, criterion: InterestCriterion) -> Iterator[Met]:
        best: dict[int, Met] = {}
        for measure in criterion.measures:
            for met in self._in_measure(criterion, measure):
                rival = best.get(met.person)
                if rival is None or _rank(met) > _rank(rival):
                    best[met.person] = met
        yield from best.values()

    def _in_measure(self, criterion: InterestCriterion, measure: Measure) -> Iterator[Met]:
        for person, share, through in self._parts(criterion, measure):
            if meets(criterion, share.high):
                certain = meets(criterion, share.low)
                yield Met(person, criterion, share, measure, certain, through=through)

    def _parts(
        self, criterion: InterestCriterion, measure: Measure
    ) -> Iterator[tuple[int, Share, tuple[int, ...]]]:
        """Natural persons' parts as a criterion counts them, and the companies that they are counted through.

        Those far below the threshold are left out where there may be many.
        """
        counted, least = criterion.counted, criterion.threshold - 2 * TOLERANCE
        if counted is Counted.MULTIPLIED:
            for person, share in self.interests(self.row, measure).persons.of_at_least(least):
                yield person, share, ()
        elif counted is Counted.THROUGH_CONTROLLED_HOLDERS:
            yield from self._through_controlled(measure)
        else:
            for entity in self.controlling_entities:
                for person, share in self.interests(entity, measure).persons.of_at_least(least):
                    yield person, share, (entity,)

    def _through_controlled(self, measure: Measure) -> Iterator[tuple[int, Share, tuple[int, ...]]]:
        """What the companies that a person controls hold directly, added up."""
        interests = self.interests(self.row, measure)
        parts: dict[int, list[int]] = {}
        for holder in interests.companies_holding():
            for person in self.persons_controlling(holder):
                parts.setdefault(person, []).append(holder)
        for person, holders in parts.items():
            direct = [interests.direct(holder) for holder in holders]
            yield (
                person,
                Share(*(min(sum(column), 1.0) for column in zip(*direct, strict=True))),
                tuple(holders),
            )

    # --- by office ---

    @cached_property
    def state_owned(self) -> bool:
        """国有独资、国有控股: stated so, or controlled by a state body, as computed or else as disclosed."""
        rule = self.regime.state_owned
        if rule is None:
            return False
        parties = self.controlled.controllers or tuple(
            fact.other for fact in self.view.facts(self.row, "CONTROLS", "in")
        )
        stated = self.view.value(self.row, "nature") in rule.natures
        return stated or any(self.view.value(row, "nature") == "state_body" for row in parties)

    def officers(
        self, offices: Sequence[str], *, first: bool
    ) -> list[tuple[str, int, tuple[RecordRef, ...]]]:
        """Who holds some offices, in the order of the offices and then by id; of the first held only, or of all.

        Somebody who holds several is listed with the first.
        """
        holding: dict[str, list[tuple[int, tuple[RecordRef, ...]]]] = {}
        for fact in self.view.facts(self.row, "OFFICER_OF", "in"):
            holding.setdefault(str(fact.props.get("office") or ""), []).append((fact.other, fact.records))
        found: dict[int, tuple[str, int, tuple[RecordRef, ...]]] = {}
        for office in offices:
            for person, records in sorted(holding.get(office, []), key=lambda one: self.view.id_key(one[0])):
                found.setdefault(person, (office, person, records))
            if first and found:
                break
        return list(found.values())

    # --- paths ---

    def paths(self, met: Met) -> tuple[list[tuple[float, list[Step]]], bool]:
        """The chains of holdings that make somebody meet a criterion, and whether there may be more."""
        if not isinstance(met.criterion, InterestCriterion) or met.measure is None:
            return [], False
        if met.criterion.counted is Counted.THROUGH_CONTROLLED_HOLDERS:
            interests = self.interests(self.row, met.measure)
            steps = [interests.steps_between(holder, self.row) for holder in met.through]
            return [(sum(step.counted_ratio for step in own), own) for own in steps], len(
                met.through
            ) > MOST_PROVED
        company = met.through[0] if met.through else self.row
        found = self.interests(company, met.measure).paths(met.person)
        return found.chains, found.truncated

    def holdings_of(self, person: int, measure: Measure) -> list[RecordRef]:
        """The records of what somebody holds in what was looked through, in the order of their handles."""
        interests = self.interests(self.row, measure)
        rows = np.unique(interests.upstream.rows())
        facts = stakes.capital(self.view).facts
        own = rows[interests.all.holder[rows] == person]
        found = {record for row in own.tolist() for record in facts.fact(row).records}
        return sorted(found, key=lambda record: record.id)


def meets(criterion: InterestCriterion, value: float) -> bool:
    """Whether a part reaches the threshold; parts closer than the tolerance are equal."""
    least = criterion.threshold - TOLERANCE if criterion.equality else criterion.threshold + TOLERANCE
    return round(value, PLACES) >= least if criterion.equality else round(value, PLACES) > least


def _rank(met: Met) -> tuple[bool, float, float]:
    share = met.share or _NOTHING
    return met.certain, round(share.low, PLACES), round(share.high, PLACES)


def by_person(results: Sequence[Met], *, certain: bool) -> dict[int, list[Met]]:
    """Results grouped by person, those that are certain or those that are not."""
    found: dict[int, list[Met]] = {}
    for met in results:
        if met.certain is certain:
            found.setdefault(met.person, []).append(met)
    return found
