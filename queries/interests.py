"""权益: a natural person's part of capital, votes or income, multiplied along chains and added across them."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise
from typing import Annotated, Final, NamedTuple

import numpy as np
from pydantic import Field

from graph.algorithms import ownership, paths
from graph.algorithms.ownership import State, Stop
from graph.algorithms.ownership_paths import Chain, largest_chains, largest_paths
from graph.view import FactArrays, View
from queries import stakes
from queries.models import EntityId
from queries.owners import Stake
from queries.regimes import Measure
from queries.stakes import End, Flags, Floats, Rows
from queries.statements import refs

MOST_PATHS: Final = 20
"""Most chains shown for one person and one criterion; the largest come first."""

_LIMITS: Final = paths.Limits(hops=64, paths=MOST_PATHS, work=1_000_000)
_COLUMNS: Final = {
    Measure.VOTES: ("voting_ratio", "voting_min", "voting_max"),
    Measure.INCOME: ("income_ratio", None, None),
}


@dataclass(slots=True, kw_only=True)
class Step(Stake):
    """One holding of a chain, and what of it counts for the criterion."""

    counted_ratio: Annotated[float, Field(description="What is counted: share of capital, votes or income.")]
    entrusted_by: Annotated[
        EntityId | None, Field(description="Whose votes they are, where the holder casts them for another.")
    ]


class Share(NamedTuple):
    """Part of a company, and between what it may lie; `ratio` is NaN where only the bounds say something."""

    ratio: float
    low: float
    high: float


class Parts(NamedTuple):
    """The parts of several persons, by row."""

    rows: Rows
    ratio: Floats
    low: Floats
    high: Floats

    def of_at_least(self, part: float) -> Iterator[tuple[int, Share]]:
        """Those who have, or may have, so much."""
        for i in np.flatnonzero(self.high >= part).tolist():
            yield self.rows.item(i), Share(self.ratio.item(i), self.low.item(i), self.high.item(i))


class Paths(NamedTuple):
    """Chains of holdings with the product of what each counts, the largest first; whether there may be more."""

    chains: list[tuple[float, list[Step]]]
    truncated: bool


@dataclass(frozen=True)
class Measured:
    """All holdings as one measure counts them; `differs` marks the companies in which it is not as capital does."""

    graph: ownership.Holdings
    holder: Rows
    differs: Flags


def measured(view: View, measure: Measure) -> Measured:
    """The holdings of a View in a measure, kept by View."""
    return view.kept(("measured", measure), lambda: _measured(view, measure))


def _measured(view: View, measure: Measure) -> Measured:
    known = stakes.capital(view)
    facts = known.facts
    holder, differs = facts.start.astype(np.int32), np.zeros(view.size, np.bool_)
    if measure is Measure.CAPITAL:
        return Measured(known.graph, holder, differs)
    ratio, low, high = _stated(facts, measure)
    own = ~(np.isnan(ratio) & np.isnan(low) & np.isnan(high))
    caster = _casters(facts) if measure is Measure.VOTES else holder
    differs[facts.end[own | (caster != holder)]] = True
    if not differs.any():
        return Measured(known.graph, holder, differs)
    capital = _unless_unstated(known, facts)
    ratio, low, high = (
        np.where(own, mine, theirs) for mine, theirs in zip((ratio, low, high), capital, strict=True)
    )
    company = facts.end.astype(np.int32)
    graph = ownership.holdings(caster, company, ratio, known.graph.stated.stop, (low, high))
    return Measured(graph, caster, differs)


def _stated(facts: FactArrays, measure: Measure) -> tuple[Floats, Floats, Floats]:
    """What is stated of the measure itself. Bounds that cross say nothing; a ratio is its own bounds."""
    nothing = np.full(len(facts), np.nan)
    ratio, low, high = (facts[name] if name else nothing for name in _COLUMNS[measure])
    crossed = low > high
    exact = ~np.isnan(ratio)
    return (
        ratio,
        np.where(exact, ratio, np.where(crossed, np.nan, low)),
        np.where(exact, ratio, np.where(crossed, np.nan, high)),
    )


def _unless_unstated(known: stakes.Capital, facts: FactArrays) -> tuple[Floats, Floats, Floats]:
    """What counts as capital, with the share itself absent where none is stated."""
    stated = known.graph.stated
    return np.where(np.isnan(facts["share_ratio"]), np.nan, stated.share), stated.low, stated.high


def _casters(facts: FactArrays) -> Rows:
    entrusted = facts["votes_entrusted_to"]
    return np.where(entrusted >= 0, entrusted, facts.start).astype(np.int32)


def counts_otherwise(view: View, company: int, measure: Measure) -> bool:
    """Whether anything above a company counts otherwise in a measure than it does as capital."""
    above = stakes.upstream(view, company).looked_through[0]
    return bool(measured(view, measure).differs[above].any())


@dataclass(frozen=True)
class Interests:
    """Who has how much of one company in one measure."""

    view: View
    row: int
    measure: Measure
    all: Measured
    upstream: ownership.Upstream

    @classmethod
    def of(cls, view: View, row: int, measure: Measure) -> Interests:
        """Look through a company."""
        everything = measured(view, measure)
        own = measure is not Measure.CAPITAL
        found = ownership.Upstream(everything.graph, row) if own else stakes.upstream(view, row)
        return cls(view, row, measure, everything, found)

    @cached_property
    def owners(self) -> ownership.Owners:
        """Terminals and what is unknown, as the kernel gives them."""
        return self.upstream.owners(self.row)

    @cached_property
    def persons(self) -> Parts:
        """The part of every natural person who has one or may have one.

        Of a company whose stated holders exceed 1 nothing is certain but that each has no more than is stated.
        """
        if self.owners.state is State.OVERSTATED:
            rows = self._direct_of("Person")
            high = np.minimum([self.direct(row).high for row in rows.tolist()], 1.0)
            return Parts(rows, np.full(len(rows), np.nan), np.zeros(len(rows)), high)
        lines = self.owners.terminals
        at = np.flatnonzero(lines.stop == End.PERSON)
        return Parts(lines.node[at], lines.share[at], lines.low[at], lines.high[at])

    def _direct_of(self, kind: str) -> Rows:
        rows = self.owners.direct[0]
        found: Rows = rows[self.view.of_kind(rows, kind) & (rows != self.row)]
        return found

    def direct(self, holder: int) -> Share:
        """What a party holds in the company itself."""
        rows = self.all.graph.between(holder, self.row)
        stated = self.all.graph.stated
        return Share(*(float(column[rows].sum()) for column in (stated.share, stated.low, stated.high)))

    def companies_holding(self) -> list[int]:
        """The other companies that hold something directly, by id."""
        return sorted(self._direct_of("Company").tolist(), key=self.view.id_key)

    def paths(self, person: int) -> Paths:
        """The largest chains of holdings from a person to the company."""
        key = self.view.id_keys()
        found, cut = largest_paths(self.upstream, (person, self.row), key, _LIMITS)
        if not found:
            chain = largest_chains(self.upstream, self.row, key).chain(person)
            found = [chain] if len(chain.nodes) > 1 else []
        return Paths([self._steps(chain) for chain in found], cut is not paths.Cut.NOTHING)

    def _steps(self, chain: Chain) -> tuple[float, list[Step]]:
        return chain.share, [step for pair in pairwise(chain.nodes) for step in self.steps_between(*pair)]

    def steps_between(self, holder: int, company: int) -> list[Step]:
        """The holdings of one in another as they count here, by the id of their first record."""
        rows = self.all.graph.between(holder, company).tolist()
        return sorted((self._step(row, holder) for row in rows), key=lambda step: step.records[0].id)

    def _step(self, row: int, holder: int) -> Step:
        view, fact = self.view, stakes.capital(self.view).facts.fact(row)
        return Step(
            holder=view.id(holder),
            holder_name=view.name(holder),
            company=view.id(fact.end),
            company_name=view.name(fact.end),
            share_ratio=fact.props.get("share_ratio", fact.props.get("share_min")),
            counted_ratio=self.all.graph.stated.share.item(row),
            entrusted_by=None if fact.start == holder else view.id(fact.start),
            records=refs(fact.records),
        )

    def hidden(self) -> list[tuple[int, int, float]]:
        """Holders behind whom nobody knows who stands: row, why look-through stopped, largest part."""
        lines = self.owners.terminals
        found = np.flatnonzero(np.isin(lines.stop, (Stop.NO_DATA, Stop.OVERSTATED)))
        return [(lines.node.item(i), lines.stop.item(i), lines.high.item(i)) for i in found.tolist()]
