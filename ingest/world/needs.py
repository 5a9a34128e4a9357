"""客户需求: a history of what clients took, with a hidden process behind it, for back-tests; see docs/world.md.

Three families of processes differ in form from every source of opportunities; in a fourth world only the popularity of
products matters. Time goes by in weeks. Whoever looks knows of a product on the day it is taken.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np

from graph.errors import InvalidInput
from ingest.world import text
from ingest.world.files import Columns, Files
from ingest.world.firm import PRODUCTS, Book
from ingest.world.kept import Floats, Kept, column, companies, days, ends, numbers
from ingest.world.market import Market
from ingest.world.news import KINDS
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import CITIES, INDUSTRIES, Flags, Ints

Needs = Literal["events", "peers", "leanings", "popularity"]
NEEDS: Final[tuple[Needs, ...]] = get_args(Needs)

READ: Final = ("Company", "Event", "FinancialReport", "SUPPLIES")
"""The types whose rows the process works on; `Files` keeps them for it."""

_SINCE: Final = text.day("2020-01-01")
_WEEK: Final = 7
_YEAR: Final = 365.0
_SHORTEST, _LONGEST = 180, 1800
"""Days for which a product is kept, where it is not kept for good."""
_GIVEN_UP: Final = 0.3

_ANSWERS: Final[Mapping[str, tuple[int, ...]]] = {
    "pledge": (7, 12, 16, 18), "pledge_release": (7, 8, 18), "penalty": (15, 5), "lawsuit": (12, 15),
    "bid_won": (4, 3, 12), "executive_change": (9, 10, 18), "buy_back": (11, 9, 10), "reduction": (8, 18, 12),
    "increase": (11, 7, 15), "listing_guidance": (0, 6, 9), "acquisition": (5, 1, 2), "contract": (4, 3, 16),
    "loss": (5, 4, 7), "lockup_expiry": (8, 18, 16), "bond_maturity": (3, 4, 2), "default": (5, 4),
}  # fmt: skip
"""Products (numbers in `PRODUCTS`) that an event may make a client need; which of them it does is hidden."""


def check(needs: str) -> Needs:
    """The process of a name. Raises InvalidInput for a name that there is not."""
    for known in NEEDS:
        if needs == known:
            return known
    raise InvalidInput("needs", f"there is no process {needs!r}", hint=f"one of {', '.join(NEEDS)}")


# --- hidden parameters -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Base:
    """What is taken without a cause: products a client and year, and how much more popular some are than others."""

    rate: float = 0.25
    spread: float = 0.7


@dataclass(frozen=True)
class Events:
    """An event makes a need with a hidden chance by kind, product and client, met after a hidden delay."""

    base: Base = Base(rate=0.08)
    likely: float = 0.6
    strongest: float = 1.0
    strange: float = 0.25
    openness: float = 1.5
    mean_delay_days: float = 70.0


@dataclass(frozen=True)
class Peers:
    """A product spreads: its rate grows with what the group, trading partners and neighbours hold."""

    base: Base = Base(rate=0.15, spread=0.5)
    group: float = 80.0
    trade: float = 25.0
    neighbour: float = 10.0
    noise: float = 0.7
    saturation: float = 200.0


@dataclass(frozen=True)
class Leanings:
    """A client's leaning comes from industry, size, stage, listing and itself; products pull in hidden directions."""

    base: Base = Base(rate=0.3)
    directions: int = 4
    industry: float = 0.9
    stage: float = 0.7
    size: float = 0.5
    listing: float = 0.8
    own: float = 0.6
    pull: float = 0.9


@dataclass(frozen=True)
class Popularity:
    """Nothing about a client matters; some products are taken more than others."""

    base: Base = Base(rate=0.6)


Parameters = Events | Peers | Leanings | Popularity


# --- what the process works on ---------------------------------------------------------------------------------------


class _Clients(NamedTuple):
    """Clients: company number, place of each company among them (-1), group, industry, city, stage, size, listed."""

    company: Ints
    place: Ints
    group: Ints
    industry: Ints
    city: Ints
    stage: Ints
    size: Floats
    listed: Flags


def _clients(rng: np.random.Generator, market: Market, company: Ints, kept: Kept) -> _Clients:
    place = np.full(market.size, -1)
    place[company] = np.arange(len(company))
    industry = rng.integers(0, len(INDUSTRIES), market.size)
    city = rng.integers(0, len(CITIES), market.size)
    industry[market.members.start :], city[market.members.start :] = market.industry, market.city
    group = -1 - np.arange(market.size)  # a planted company is in no group of the market
    group[market.members.start :] = market.group
    listed = np.zeros(market.size, np.bool_)
    listed[market.members.start :] = market.listed >= 0
    stage, size = _reports(market, kept)
    return _Clients(
        company,
        place,
        group[company],
        industry[company],
        city[company],
        stage[company],
        size[company],
        listed[company],
    )


def _reports(market: Market, kept: Kept) -> tuple[Ints, Floats]:
    """Signs of the three cash flows of the newest report as a number below 8, and log revenue, standardised."""
    stage, size = np.zeros(market.size, np.int64), np.zeros(market.size)
    reporting = companies(column(kept, "FinancialReport", "company"))
    flows = [
        numbers(column(kept, "FinancialReport", f"{flow}_cash_flow"))
        for flow in ("operating", "investing", "financing")
    ]
    # reports of one company stand in the order of their years, so that the newest is the last one written
    stage[reporting] = sum((flow > 0) * 2**bit for bit, flow in enumerate(flows))
    revenue = np.log10(np.fmax(numbers(column(kept, "FinancialReport", "revenue")), 1.0))
    size[reporting] = (revenue - revenue.mean()) / max(float(revenue.std()), 1e-9)
    return stage, size


class _Taken:
    """Who holds which product since when and until when; (clients, products), goes on week by week."""

    def __init__(self, rng: np.random.Generator, clients: _Clients, base: Base) -> None:
        self._rng = rng
        shape = (len(clients.company), len(PRODUCTS))
        self.held: Flags = np.zeros(shape, np.bool_)
        self.until: Ints = np.full(shape, NOW + 1)
        popularity = np.exp(rng.normal(0, base.spread, len(PRODUCTS)))
        self.rate: Floats = np.broadcast_to(base.rate * popularity / popularity.sum(), shape).copy()
        self.rows: list[tuple[int, int, int, int]] = []

    def strike(self, rate: Floats) -> Flags:
        """Draw what is taken in a week at yearly rates."""
        struck: Flags = self._rng.random(rate.shape) < 1 - np.exp(-rate * _WEEK / _YEAR)
        return struck

    def take(self, week: int, wanted: Flags) -> None:
        """Give up what has run out, and take what is wanted and not held, on a day of the week."""
        self.held &= self.until > week
        client, product = np.nonzero(wanted & ~self.held)
        day = np.minimum(week + self._rng.integers(0, _WEEK, len(client)), NOW)
        kept = self._rng.integers(_SHORTEST, _LONGEST, len(client))
        end = np.where(self._rng.random(len(client)) < _GIVEN_UP, day + kept, NOW + 1)
        self.held[client, product] = True
        self.until[client, product] = end
        self.rows += zip(client.tolist(), product.tolist(), day.tolist(), end.tolist(), strict=True)


def _weeks() -> range:
    return range(_SINCE, NOW, _WEEK)


# --- the processes ---------------------------------------------------------------------------------------------------


def _popularity(rng: np.random.Generator, clients: _Clients, _: Kept, given: Popularity) -> _Taken:
    taken = _Taken(rng, clients, given.base)
    for week in _weeks():
        taken.take(week, taken.strike(taken.rate))
    return taken


def _events(rng: np.random.Generator, clients: _Clients, kept: Kept, given: Events) -> _Taken:
    taken = _Taken(rng, clients, given.base)
    client, product, due = _needs(rng, clients, kept, given)
    for week in _weeks():
        wanted = taken.strike(taken.rate)
        now = (due >= week) & (due < week + _WEEK)
        wanted[client[now], product[now]] = True
        taken.take(week, wanted)
    return taken


def _needs(rng: np.random.Generator, clients: _Clients, kept: Kept, given: Events) -> tuple[Ints, Ints, Ints]:
    """Needs that events make: client, product, and the day on which it is met."""
    kinds = [kind.name for kind in KINDS]
    chance = _chances(rng, kinds, given)
    told = column(kept, "Event", "kind")
    subject = companies([str(parties).split(";")[0] for parties in column(kept, "Event", "subjects")])
    place = np.where(subject >= 0, clients.place[subject], -1)
    day = days(column(kept, "Event", "date"), NOW + 1)
    kind = np.array([kinds.index(name) for name in told])
    here = np.flatnonzero(place >= 0)
    openness = rng.gamma(given.openness, 1 / given.openness, len(clients.company))
    odds = np.minimum(chance[kind[here]] * openness[place[here], None], 1.0)
    event, product = np.nonzero(rng.random(odds.shape) < odds)
    delay = rng.gamma(2.0, given.mean_delay_days / 2, len(event)).astype(np.int64) + 1
    return place[here][event], product, day[here][event] + delay


def _chances(rng: np.random.Generator, kinds: list[str], given: Events) -> Floats:
    """The chance that an event of a kind makes a product needed; (kinds, products)."""
    chance = np.zeros((len(kinds), len(PRODUCTS)))
    for number, name in enumerate(kinds):
        for product in _ANSWERS[name]:
            if rng.random() < given.likely:
                chance[number, product] = given.strongest * rng.random()
        if rng.random() < given.strange:
            chance[number, rng.integers(0, len(PRODUCTS))] = given.strongest * rng.random()
    return chance


def _peers(rng: np.random.Generator, clients: _Clients, kept: Kept, given: Peers) -> _Taken:
    taken = _Taken(rng, clients, given.base)
    one, other, strength = _neighbours(rng, clients, kept, given)
    for week in _weeks():
        around = np.zeros(taken.rate.shape)
        np.add.at(around, other, strength[:, None] * taken.held[one])
        rate = taken.rate * (1 + np.minimum(around, given.saturation))
        taken.take(week, taken.strike(rate))
    return taken


def _neighbours(
    rng: np.random.Generator, clients: _Clients, kept: Kept, given: Peers
) -> tuple[Ints, Ints, Floats]:
    """Pairs of clients, both ways, by place, and how strongly the first draws the second."""
    parts = [
        (*_same(clients.group), given.group),
        (*_within(clients, *ends(kept, "SUPPLIES", ("from", "to"))), given.trade),
        (*_same(clients.industry * len(CITIES) + clients.city), given.neighbour),
    ]
    one = np.concatenate([np.concatenate([a, b]) for a, b, _ in parts])
    other = np.concatenate([np.concatenate([b, a]) for a, b, _ in parts])
    mean = np.concatenate([np.full(2 * len(a), value) for a, _, value in parts])
    return one, other, mean * np.exp(rng.normal(-(given.noise**2) / 2, given.noise, len(mean)))


def _within(clients: _Clients, one: Ints, other: Ints) -> tuple[Ints, Ints]:
    """Pairs of companies as pairs of clients; those of whom one is none are left out."""
    there = (one >= 0) & (other >= 0)
    left, right = clients.place[one[there]], clients.place[other[there]]
    both = (left >= 0) & (right >= 0) & (left != right)
    return left[both], right[both]


def _same(key: Ints) -> tuple[Ints, Ints]:
    """Each client with the next three of the same key."""
    order = np.argsort(key, kind="stable")
    pairs = [(order[:-step], order[step:]) for step in (1, 2, 3)]
    left = np.concatenate([a[key[a] == key[b]] for a, b in pairs])
    right = np.concatenate([b[key[a] == key[b]] for a, b in pairs])
    return left, right


def _leanings(rng: np.random.Generator, clients: _Clients, _: Kept, given: Leanings) -> _Taken:
    taken = _Taken(rng, clients, given.base)
    size = given.directions
    leaning = (
        given.industry * rng.normal(size=(len(INDUSTRIES), size))[clients.industry]
        + given.stage * rng.normal(size=(8, size))[clients.stage]
        + given.size * clients.size[:, None] * rng.normal(size=size)
        + given.listing * clients.listed[:, None] * rng.normal(size=size)
        + given.own * rng.normal(size=(len(clients.company), size))
    )
    pulled = given.pull * leaning @ rng.normal(size=(size, len(PRODUCTS)))
    rate = taken.rate * np.exp(np.clip(pulled, -3, 3))
    for week in _weeks():
        taken.take(week, taken.strike(rate))
    return taken


_RUNS: Final[Mapping[Needs, tuple[Parameters, Callable[..., _Taken]]]] = {
    "events": (Events(), _events),
    "peers": (Peers(), _peers),
    "leanings": (Leanings(), _leanings),
    "popularity": (Popularity(), _popularity),
}


# --- what is written -------------------------------------------------------------------------------------------------


def write(files: Files, market: Market, firm: Book, seed: int, needs: Needs) -> dict[str, object]:
    """Write what clients took as OWNS_PRODUCT, and give the process's parameters for the truth."""
    parameters, run = _RUNS[needs]
    rng = text.generator(seed, f"needs {needs}")
    clients = _clients(rng, market, firm.clients, files.kept)
    taken = run(rng, clients, files.kept, parameters)
    files.columns("OWNS_PRODUCT", _owned(rng, clients, np.array(sorted(taken.rows, key=_by_day))))
    return {"name": needs, "since": text.dates(np.array([_SINCE]))[0], **asdict(parameters)}


def _by_day(row: tuple[int, int, int, int]) -> tuple[int, int, int]:
    client, product, day, _ = row
    return day, client, product


def _owned(rng: np.random.Generator, clients: _Clients, rows: Ints) -> Columns:
    client, product, day, end = rows.T
    since = text.dates(day)
    return {
        "from": text.ids("C", clients.company[client]),
        "to": text.ids("PR", product),
        "since": since,
        "revenue": (10 ** rng.normal(5.4, 0.6, len(rows))).astype(np.int64).tolist(),
        "valid_from": since,
        "valid_to": text.dates(np.where(end > NOW, NEVER, end)),
        "known_from": since,
        "source": ["crm"] * len(rows),
    }
