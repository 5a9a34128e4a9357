"""排序: everything proposed, joined by company and product, with probability, value, urgency and score as columns.

probability = part taken up x part of that won, both as learned from feedback; of several sources one is enough:
1 - the product of (1 - strength x rate). value: the product's formula. score = probability x value x urgency. No figure
depends on the order of rows, so none shows what a viewer may not see.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Final

import numpy as np

from queries.catalogue import Product
from queries.company_facts import company_facts
from queries.opportunity_feedback import Learned, Pair
from queries.opportunity_proposals import Desk, Flags, Floats, Proposals, Rows, Source

PLACES: Final = 9

A_CLIENT: Final = 3
"""So many opportunities of one client stand in a row of rounds, before every other client has had as many."""

HALVED: Final = 0.5
"""Each further opportunity of a client counts so much of its score where the list is ordered."""


@dataclass(frozen=True)
class Book:
    """Pairs of company and product, ascending; `first[i]:first[i + 1]` are the proposals of pair i.

    `live` is what is open on the day; numbers of what is not are those of its last window.
    """

    desk: Desk
    sources: Sequence[Source]
    proposals: Proposals
    source: Rows
    first: Rows
    company: Rows
    product: Rows
    live: Flags
    take_up: Floats
    won: Floats
    value: Floats
    urgency: Floats
    opens: Rows
    closes: Rows
    amount: Floats
    counted: Flags
    """By proposal whether it makes the figures of its pair: it is open on the day, or none of the pair is."""

    def __len__(self) -> int:
        return len(self.company)

    @cached_property
    def probability(self) -> Floats:
        """Part taken up and won."""
        return np.round(self.take_up * self.won, PLACES)

    @cached_property
    def score(self) -> Floats:
        """Expected yuan, weighted by urgency."""
        return np.round(self.probability * self.value * self.urgency, 2)

    def place(self, pair: Pair) -> int:
        """Where a pair stands; -1 where nothing was ever proposed."""
        keys = self.desk.keys(self.company, self.product)
        wanted = pair[0] * self.desk.size + pair[1]
        at = int(np.searchsorted(keys, wanted))
        return at if at < len(keys) and keys.item(at) == wanted else -1

    def of(self, place: int) -> list[int]:
        """The proposals of a pair that make its figures."""
        numbers = np.arange(self.first.item(place), self.first.item(place + 1))
        chosen: list[int] = numbers[self.counted[numbers]].tolist()
        return chosen


def _open(proposals: Proposals, day: int) -> Flags:
    return (proposals.opens <= day) & (day < proposals.closes)


def book(desk: Desk, sources: Sequence[Source], learned: Learned) -> Book:
    """All proposals of all sources, joined."""
    parts = [source.propose(desk) for source in sources]
    every = Proposals.joined(parts)
    source = np.repeat(np.arange(len(parts)), [len(part) for part in parts])
    keys = desk.keys(every.company, every.product)
    order = np.lexsort((source, keys))
    every, source, keys = every.taken(order), source[order], keys[order]
    fresh = np.flatnonzero(np.diff(keys, prepend=-1))
    first = np.append(fresh, len(keys))
    company, product = every.company[fresh], every.product[fresh]
    counted = _counted(every, desk.day, first)
    rate = learned.take_up[source, every.product] if len(source) else np.zeros(0)
    take_up = _any_of(np.where(counted, rate * every.strength, 0.0), source, first, len(sources))
    amount = _most(np.where(counted & ~np.isnan(every.amount), every.amount, -np.inf), first)
    amount[np.isinf(amount)] = np.nan
    return Book(
        desk, sources, every, source, first, company, product,
        live=_most(_open(every, desk.day), first).astype(np.bool_),
        take_up=take_up,
        won=learned.won[product],
        value=_values(desk, (company, product), amount),
        urgency=_most(np.where(counted, every.urgency, 0.0), first),
        opens=-_most(np.where(counted, -every.opens, -np.inf), first).astype(np.int64),
        closes=_most(np.where(counted, every.closes, -np.inf), first).astype(np.int64),
        amount=amount,
        counted=counted,
    )  # fmt: skip


def _counted(every: Proposals, day: int, first: Rows) -> Flags:
    """Which proposals make the figures of their pair: those open on the day; where none is, all."""
    open_now = _open(every, day)
    some = _most(open_now, first).astype(np.bool_)
    counted: Flags = open_now | ~np.repeat(some, np.diff(first))
    return counted


def _most(values: Floats | Flags, first: Rows) -> Floats:
    if not len(values):
        return np.zeros(0)
    most: Floats = np.maximum.reduceat(values.astype(np.float64), first[:-1])
    return most


def _any_of(parts: Floats, source: Rows, first: Rows, sources: int) -> Floats:
    """The chance that at least one source is right, each by its best proposal."""
    pair = np.repeat(np.arange(len(first) - 1), np.diff(first))
    best = np.zeros((len(first) - 1, sources))
    np.maximum.at(best, (pair, source), parts)
    chance: Floats = np.round(1.0 - np.prod(1.0 - best, axis=1), PLACES)
    return chance


def _values(desk: Desk, pairs: tuple[Rows, Rows], amount: Floats) -> Floats:
    """Expected revenue in yuan by the formula of each product."""
    company, product = pairs
    found = np.zeros(len(company))
    for place in np.unique(product).tolist():
        at = np.flatnonzero(product == place)
        found[at] = _value(desk, desk.catalogue.products[place], company[at], amount[at])
    return np.round(found, 2)


def _value(desk: Desk, product: Product, company: Rows, amount: Floats) -> Floats:
    formula = product.revenue
    base = np.full(len(company), np.nan)
    rows, which = np.unique(company, return_inverse=True)
    for name in reversed(formula.of):
        facts = amount if name == "amount" else company_facts(desk.view, rows).columns[name][which]
        base = np.where(np.isnan(facts), base, facts)
    expected = np.clip(formula.rate * base, formula.least, formula.most)
    found: Floats = np.where(np.isnan(base), formula.otherwise, expected)
    return found


# --- the order of a list ---


@dataclass(frozen=True)
class Ranked:
    """Places of a book in the order of a list, with the two numbers that stand before the ids in that order."""

    places: Rows
    round: Rows
    standing: Floats


def ranked(found: Book, places: Rows) -> Ranked:
    """Best first, without one client filling a page.

    Of each client the best stand in rounds of `A_CLIENT`: nobody's fourth comes before another's third. Within a round
    by score, halved for each better one of the same client; then by the ids of company and product.
    """
    view = found.desk.view
    names = np.argsort(np.argsort([product.key for product in found.desk.catalogue.products]))
    company, product, score = found.company[places], names[found.product[places]], found.score[places]
    order = np.lexsort((product, -score, company))
    starts = np.flatnonzero(np.diff(company[order], prepend=-1))
    nth = np.arange(len(order)) - np.repeat(starts, np.diff(np.append(starts, len(order))))
    standing = np.round(score[order] * np.power(HALVED, nth.astype(np.float64)), 4)
    rounds = nth // A_CLIENT
    rows, which = np.unique(company[order], return_inverse=True)
    by_id = np.argsort(np.argsort(np.array([view.id(row) for row in rows.tolist()], "U24")))
    final = np.lexsort((product[order], by_id[which], -standing, rounds))
    return Ranked(places[order][final], rounds[final], standing[final])
