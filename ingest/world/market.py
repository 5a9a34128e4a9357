"""The bulk of the market: groups of companies, their holders and officers, as arrays.

Every group is a tree. A member is held by its parent with more than half of the votes; the root is held by a natural
person, by a state body, by nobody on record, or is dispersed with at most 45 % on record in all. Whatever else
is held stays within what is left, so no second party can reach a majority anywhere: who controls whom is known by
construction.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import IntEnum

import numpy as np

from ingest.world import text, vocabulary
from ingest.world.text import NEVER, NOW, WHOLE
from ingest.world.vocabulary import Flags, Ints

_LATEST_FOUNDING = text.day("2024-06-30")
_EARLIEST_FOUNDING = text.day("1993-01-01")
_LISTED_HIGH_UP = 4
FUNDS_SINCE = text.day("2016-01-01")
_DISPERSED_SUM = 4500
_LIMITED_PARTNER_MOST = 4900


class Root(IntEnum):
    """Who stands behind a group."""

    PERSON = 0
    STATE = 1
    UNRECORDED = 2
    DISPERSED = 3


@dataclass(frozen=True)
class Holdings:
    """Stakes: parties as in `text.party_ids`, basis points (-1 unknown), days."""

    holder: Ints
    company: Ints
    points: Ints
    least: Ints
    most: Ints
    partner: Ints
    start: Ints
    end: Ints
    known: Ints

    def __len__(self) -> int:
        return len(self.holder)


@dataclass(frozen=True)
class Market:
    """The companies behind the planted ones. Blocks of numbers: state bodies, banks, funds, members of groups.

    Arrays over members are indexed by number less `first_member`; `parent` and `root` hold company numbers.
    """

    size: int
    first: int
    state: range
    banks: range
    funds: range
    members: range
    group: Ints
    rank: Ints
    parent: Ints
    root: Ints
    root_kind: Ints
    brand: Ints
    home: Ints
    line: Ints
    founded: Ints
    listed: Ints
    client: Flags
    persons_first: Ints
    persons: Ints
    person_count: int
    first_person: int

    @property
    def city(self) -> Ints:
        """City of each member."""
        return vocabulary.member_city(self.home[self.group], self.rank)

    @property
    def trade(self) -> Ints:
        """Trade of each member."""
        return vocabulary.member_trade(self.line[self.group], self.rank)

    @property
    def industry(self) -> Ints:
        """Industry of each member."""
        return vocabulary.TRADE_INDUSTRY[self.trade]

    def numbers(self) -> Ints:
        """Company numbers of the members."""
        return np.arange(self.members.start, self.members.stop)


def _group_sizes(rng: np.random.Generator, companies: int) -> Ints:
    sizes = np.minimum(1 + rng.pareto(1.25, companies), vocabulary.GROUP_LIMIT / 2).astype(np.int64)
    groups = int(np.searchsorted(np.cumsum(sizes), companies)) + 1
    sizes = sizes[:groups]
    sizes[-1] -= sizes.sum() - companies
    return sizes


def _parents(rng: np.random.Generator, rank: Ints, first: Ints) -> Ints:
    """The parent of each member among the earlier ones of its group, nearer to the root more often; -1 for a root."""
    within = (rank * rng.random(len(rank)) ** 1.6).astype(np.int64)
    return np.where(rank == 0, -1, first + within)


def build(seed: int, companies: int, first: int, first_person: int, first_brand: int) -> Market:
    """Lay out the companies numbered `first` to `companies` - 1."""
    rng = text.generator(seed, "market")
    count = companies - first
    state = range(first, first + min(len(vocabulary.CITIES), 2 + count // 60))
    banks = range(state.stop, state.stop + min(len(vocabulary.CITIES), 2 + count // 200))
    funds = range(banks.stop, banks.stop + max(2, count // 100))
    members = range(funds.stop, companies)
    sizes = _group_sizes(rng, len(members))
    groups = len(sizes)
    group = np.repeat(np.arange(groups), sizes)
    start = np.cumsum(sizes) - sizes
    rank = np.arange(len(members)) - start[group]
    kinds = rng.choice(4, groups, p=[0.62, 0.12, 0.12, 0.14])
    founded = rng.integers(_EARLIEST_FOUNDING, _LATEST_FOUNDING, len(members))
    persons = 1 + (sizes * 0.35).astype(np.int64) + text.chance(rng, groups, 0.4)
    return Market(
        size=companies,
        first=first,
        state=state,
        banks=banks,
        funds=funds,
        members=members,
        group=group,
        rank=rank,
        parent=_parents(rng, rank, members.start + start[group]),
        root=members.start + start[group],
        root_kind=kinds[group],
        brand=first_brand + np.arange(groups),
        home=rng.integers(0, len(vocabulary.CITIES), groups),
        line=rng.integers(0, len(vocabulary.TRADES), groups),
        founded=founded,
        listed=_listed(rng, rank, kinds[group], founded),
        client=rng.random(len(members)) < np.where(kinds[group] == Root.DISPERSED, 0.14, 0.065),
        persons_first=first_person + np.cumsum(persons) - persons,
        persons=persons,
        person_count=first_person + int(persons.sum()),
        first_person=first_person,
    )


def _listed(rng: np.random.Generator, rank: Ints, kind: Ints, founded: Ints) -> Ints:
    """The number of the listing of each member, -1 for the unlisted."""
    chance = np.where(kind == Root.DISPERSED, 0.1, np.where(rank < _LISTED_HIGH_UP, 0.012, 0.0))
    chosen = np.flatnonzero(
        (rng.random(len(rank)) < chance)
        & (rank < vocabulary.TRADES_A_CITY)
        & (founded < text.day("2018-01-01"))
    )
    chosen = np.sort(rng.permutation(chosen)[: vocabulary.LISTING_LIMIT // 2])
    listed = np.full(len(rank), -1)
    listed[chosen] = np.arange(len(chosen))
    return listed


# --- who holds -----------------------------------------------------------------------------------------------------


def holdings(market: Market, seed: int) -> Holdings:
    """All stakes of the bulk of the market."""
    rng = text.generator(seed, "holdings")
    main = _main_points(rng, market)
    holder = _main_holders(rng, market)
    held = np.flatnonzero(main > 0)
    controlling = _joined(_main(rng, market, holder[held], held, main[held]))
    others = _once(_minority(rng, market, main), controlling, market.size)
    return _joined([controlling, others, _partnerships(rng, market)])


def _once(others: Holdings, controlling: Holdings, companies: int) -> Holdings:
    """The others without a second stake of one holder in one company: that would state one fact twice."""
    key = others.holder * companies + others.company
    first = np.zeros(len(key), bool)
    first[np.unique(key, return_index=True)[1]] = True
    keep = first & ~np.isin(key, controlling.holder * companies + controlling.company)
    return _chosen(others, keep)


def _chosen(stakes: Holdings, keep: Flags) -> Holdings:
    return Holdings(**{name: getattr(stakes, name)[keep] for name in Holdings.__dataclass_fields__})


def _joined(parts: list[Holdings]) -> Holdings:
    fields = Holdings.__dataclass_fields__
    return Holdings(**{name: np.concatenate([getattr(part, name) for part in parts]) for name in fields})


def _main_points(rng: np.random.Generator, market: Market) -> Ints:
    """What the controlling holder of each member holds; 0 where there is none."""
    size = len(market.rank)
    drawn = rng.integers(5100, 9500, size)
    points = np.where(text.chance(rng, size, 0.33), WHOLE, drawn)
    points[market.listed >= 0] = rng.integers(5100, 7000, int((market.listed >= 0).sum()))
    headless = (market.rank == 0) & (market.root_kind >= Root.UNRECORDED)
    return np.where(headless, 0, points)


def _main_holders(rng: np.random.Generator, market: Market) -> Ints:
    """The party that holds the main stake of each member: its parent, or who stands behind the root."""
    person = text.person(market.persons_first[market.group])
    # one founder in twelve has built another group before
    other = text.person(market.persons_first[rng.integers(0, len(market.persons), len(person))])
    person = np.where(text.chance(rng, len(person), 0.08), other, person)
    state = rng.integers(market.state.start, market.state.stop, len(person))
    head = np.where(market.root_kind == Root.STATE, state, person)
    return np.where(market.rank == 0, head, market.parent)


def _known(rng: np.random.Generator, start: Ints) -> Ints:
    """The day we were told: mostly within a month, sometimes years late."""
    late = text.chance(rng, len(start), 0.06)
    lag = np.where(late, rng.integers(200, 900, len(start)), rng.integers(0, 30, len(start)))
    return np.minimum(start + lag, NOW)


def _between(rng: np.random.Generator, low: Ints, high: Ints | int) -> Ints:
    """A day from `low` to `high`, later where they are the wrong way round."""
    return low + (rng.random(len(low)) * np.maximum(high - low, 1)).astype(np.int64)


def _stakes(
    rng: np.random.Generator, holder: Ints, company: Ints, points: Ints, days: tuple[Ints, Ints]
) -> Holdings:
    """Plain stakes, without interval or partnership, from the first of the days to the second."""
    start, end = days
    absent = np.full(len(holder), -1)
    return Holdings(holder, company, points, absent, absent, absent, start, end, _known(rng, start))


def _main(
    rng: np.random.Generator, market: Market, holder: Ints, member: Ints, points: Ints
) -> list[Holdings]:
    """The main stakes with their history: some grew, and some roots have changed hands."""
    company = member + market.members.start
    founded = _edge_start(market, holder, market.founded[member])
    turn = _between(rng, np.maximum(founded + 30, text.day("2019-01-01")), NOW - 60)
    grew = text.chance(rng, len(member), 0.04) & (points < WHOLE)
    group = market.group[member]
    seller = text.person(market.persons_first[group] + market.persons[group] - 1)
    sold = ~grew & (holder < 0) & (seller != holder) & (text.chance(rng, len(member), 0.08))
    start = np.where(grew | sold, turn, founded)
    never = np.full(len(member), NEVER)
    earlier = (points[grew] + 5050) // 2
    return [
        _stakes(rng, holder, company, points, (start, never)),
        _stakes(rng, holder[grew], company[grew], earlier, (founded[grew], turn[grew])),
        _stakes(rng, seller[sold], company[sold], points[sold], (founded[sold], turn[sold])),
    ]


def _edge_start(market: Market, holder: Ints, founded: Ints) -> Ints:
    """From when a stake can exist: when both company and holder do."""
    inside = holder >= market.members.start
    born = market.founded[np.where(inside, holder - market.members.start, 0)]
    in_fund = (holder >= market.funds.start) & ~inside
    return np.maximum(founded, np.where(inside, born, np.where(in_fund, FUNDS_SINCE, founded)))


def _minority_counts(rng: np.random.Generator, market: Market, main: Ints) -> Ints:
    counts = np.minimum(rng.pareto(1.3, len(main)) * 1.2, 9).astype(np.int64)
    dispersed = (market.rank == 0) & (market.root_kind == Root.DISPERSED)
    counts = np.where(dispersed, rng.integers(4, 11, len(main)), counts)
    counts = np.where((market.listed >= 0) & ~dispersed, rng.integers(3, 10, len(main)), counts)
    unrecorded = (market.rank == 0) & (market.root_kind == Root.UNRECORDED)
    return np.where((main == WHOLE) | unrecorded, 0, counts)


def _minority(rng: np.random.Generator, market: Market, main: Ints) -> Holdings:
    """The other stakes: what the main holder leaves, split, with missing and interval shares among them."""
    counts = _minority_counts(rng, market, main)
    member = np.repeat(np.arange(len(main)), counts)
    dispersed = main == 0
    left = np.where(dispersed, _DISPERSED_SUM, WHOLE - main)
    # half of the companies are held to the last share, the others keep something off the record
    left = np.where(
        dispersed | (text.chance(rng, len(main), 0.5)), left, (left * rng.random(len(main))).astype(np.int64)
    )
    points = _split(rng, left, counts, member)
    holder = _minority_holders(rng, market, member)
    keep = (points > 0) & (holder != member + market.members.start)
    member, points, holder = member[keep], points[keep], holder[keep]
    start = _between(rng, _edge_start(market, holder, market.founded[member]), NOW - 90)
    ended = text.chance(rng, len(member), 0.08)
    end = np.where(ended, _between(rng, start + 30, NOW), NEVER)
    end = np.where(end > NOW, NEVER, end)
    hidden = text.chance(rng, len(member), 0.06) & ~dispersed[member]
    ranged = text.chance(rng, len(member), 0.5) & hidden & (points > 1)
    return Holdings(
        holder,
        member + market.members.start,
        np.where(hidden, -1, points),
        np.where(ranged, points // 2, -1),
        np.where(ranged, points, -1),
        np.full(len(member), -1),
        start,
        end,
        _known(rng, start),
    )


def _split(rng: np.random.Generator, left: Ints, counts: Ints, member: Ints) -> Ints:
    """Split `left` of each company among its `counts` holders, unevenly, in whole basis points."""
    weight = rng.exponential(1.0, len(member)) + 0.05
    total = np.bincount(member, weight, len(left))
    points = (left[member] * weight / total[member]).astype(np.int64)
    rest = left - np.bincount(member, points, len(left)).astype(np.int64)
    opening = np.cumsum(counts) - counts
    has = counts > 0
    points[opening[has]] += rest[has]
    return points


def _minority_holders(rng: np.random.Generator, market: Market, member: Ints) -> Ints:
    """Who takes a minority: people of the group, people at large, funds (a few take very much), other companies."""
    size = len(member)
    group = market.group[member]
    own = market.persons_first[group] + (rng.random(size) * market.persons[group]).astype(np.int64)
    anybody = rng.integers(0, market.person_count, size)
    fund = market.funds.start + (len(market.funds) ** rng.random(size)).astype(np.int64) - 1
    company = market.members.start + (len(market.members) * rng.random(size) ** 2).astype(np.int64)
    kind = text.kinds(rng, size, 0.3, 0.15, 0.35, 0.2)
    holders: Ints = np.choose(kind, [text.person(own), text.person(anybody), fund, company])
    return holders


def _partnerships(rng: np.random.Generator, market: Market) -> Holdings:
    """Funds are limited partnerships: a general partner with 1 %, two limited partners with less than half each."""
    funds = np.arange(market.funds.start, market.funds.stop)
    manager = rng.integers(market.members.start, market.members.stop, len(funds))
    people = text.person(rng.integers(0, market.person_count, len(funds)))
    backer = rng.integers(market.members.start, market.members.stop, len(funds))
    # a state body backs every third fund; two limited partners are never the same company as the manager
    backer = np.where(funds % 3 == 0, market.state.start + funds % len(market.state), backer)
    backer = np.where(backer == manager, market.state.start, backer)
    holder = np.concatenate([manager, people, backer])
    fund = np.tile(funds, 3)
    share = rng.integers(2000, _LIMITED_PARTNER_MOST, 2 * len(funds))
    points = np.concatenate([np.full(len(funds), 100), share])
    role = np.repeat([0, 1, 1], len(funds))
    absent = np.full(len(fund), -1)
    start = rng.integers(text.day("2016-01-01"), text.day("2021-01-01"), len(fund))
    start = _edge_start(market, holder, start)
    return Holdings(
        holder, fund, points, absent, absent, role, start, np.full(len(fund), NEVER), _known(rng, start)
    )
