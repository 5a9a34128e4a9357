"""Guarantees, loans and pledges of the market. No guarantee runs back to a lower company number: no circles."""

from __future__ import annotations

import numpy as np

from ingest.world import text
from ingest.world.files import Columns, Files
from ingest.world.market import Holdings, Market
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import Ints

_SINCE = text.day("2019-01-01")


def write(files: Files, market: Market, stakes: Holdings, seed: int, first_guarantee: int) -> None:
    """Write Guarantee, LENDS_TO and Pledge; guarantees are numbered from `first_guarantee`."""
    _guarantees(files, market, seed, first_guarantee)
    _loans(files, market, seed)
    _pledges(files, market, stakes, seed)


def _amounts(rng: np.random.Generator, size: int) -> Ints:
    amounts: Ints = (10 ** rng.normal(7.3, 0.5, size)).astype(np.int64) // 10_000 * 10_000 + 10_000
    return amounts


def _ends(rng: np.random.Generator, start: Ints) -> Ints:
    """Most run on; some have ended."""
    end = np.where(text.chance(rng, len(start), 0.3), start + rng.integers(180, 1100, len(start)), NEVER)
    return np.where(end > NOW, NEVER, end)


def _guarantees(files: Files, market: Market, seed: int, first: int) -> None:
    """Parents answer for subsidiaries, founders for their companies, and neighbours for neighbours."""
    rng = text.generator(seed, "guarantees")
    member = np.flatnonzero(text.chance(rng, len(market.members), 0.07))
    founder = text.person(market.persons_first[market.group[member]])
    neighbour = market.members.start + (member * rng.random(len(member))).astype(np.int64)
    parent = np.where(market.parent[member] >= 0, market.parent[member], neighbour)
    guarantor = np.choose(text.kinds(rng, len(member), 0.2, 0.55, 0.25), [founder, parent, neighbour])
    debtor = market.members.start + member
    keep = guarantor != debtor
    guarantor, debtor, size = guarantor[keep], debtor[keep], int(keep.sum())
    bank = rng.integers(market.banks.start, market.banks.stop, size)
    amount = _amounts(rng, size)
    start = rng.integers(_SINCE, NOW - 90, size)
    end = _ends(rng, start)
    several = text.chance(rng, size, 0.8)
    called = text.chance(rng, size, 0.02) & (end != NEVER)

    def rows(a: int, b: int) -> Columns:
        return {
            "id": text.ids("G", first + np.arange(a, b)),
            "name": [f"保证合同{first + n + 1}" for n in range(a, b)],
            "debtor": text.ids("C", debtor[a:b]),
            "creditor": text.ids("C", bank[a:b]),
            "guarantor": text.party_ids(guarantor[a:b]),
            "kind": text.words(("一般", "连带"), several[a:b].astype(np.int64)),
            "amount": amount[a:b].tolist(),
            "called": text.words(("false", "true"), called[a:b].astype(np.int64)),
            "valid_from": text.dates(start[a:b]),
            "valid_to": text.dates(end[a:b]),
            "known_from": text.dates(np.minimum(start[a:b] + 15, NOW)),
            "source": ["credit"] * (b - a),
        }

    files.chunked("Guarantee", size, rows)


def _loans(files: Files, market: Market, seed: int) -> None:
    """Banks lend to companies, parents to subsidiaries."""
    rng = text.generator(seed, "loans")
    member = np.flatnonzero(text.chance(rng, len(market.members), 0.08))
    bank = rng.integers(market.banks.start, market.banks.stop, len(member))
    inside = text.chance(rng, len(member), 0.3) & (market.parent[member] >= 0)
    lender = np.where(inside, market.parent[member], bank)
    amount = _amounts(rng, len(member))
    start = rng.integers(_SINCE, NOW - 90, len(member))
    end = _ends(rng, start)

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.ids("C", lender[a:b]),
            "to": text.ids("C", market.members.start + member[a:b]),
            "amount": amount[a:b].tolist(),
            "valid_from": text.dates(start[a:b]),
            "valid_to": text.dates(end[a:b]),
            "known_from": text.dates(np.minimum(start[a:b] + 15, NOW)),
            "source": ["credit"] * (b - a),
        }

    files.chunked("LENDS_TO", len(member), rows)


def _pledges(files: Files, market: Market, stakes: Holdings, seed: int) -> None:
    """Holders of listed and some other shares pledge part of what they hold, to banks."""
    rng = text.generator(seed, "pledges")
    open_stake = (stakes.end == NEVER) & (stakes.points > 0) & (stakes.company >= market.members.start)
    listing = np.full(market.size, -1)
    listing[market.members.start :] = market.listed
    chance = np.where(listing[stakes.company] >= 0, 0.2, 0.004)
    chosen = np.flatnonzero(open_stake & (rng.random(len(stakes)) < chance))
    listed = listing[stakes.company[chosen]]
    pledged = np.maximum(stakes.points[chosen] * rng.integers(10, 100, len(chosen)) // 100, 1)
    start = np.maximum(stakes.start[chosen], rng.integers(_SINCE, NOW - 90, len(chosen)))
    end = _ends(rng, start)
    bank = rng.integers(market.banks.start, market.banks.stop, len(chosen))
    amount = _amounts(rng, len(chosen))
    company = text.ids("C", stakes.company[chosen])
    size = len(chosen)
    files.columns(
        "Pledge",
        {
            "id": text.ids("PL", np.arange(size)),
            "name": [f"股权质押{n + 1}" for n in range(size)],
            "pledgor": text.party_ids(stakes.holder[chosen]),
            "pledgee": text.ids("C", bank),
            "security": [f"S{n + 1}" if n >= 0 else c for n, c in zip(listed.tolist(), company, strict=True)],
            "amount": amount.tolist(),
            "ratio": text.ratios(pledged),
            "valid_from": text.dates(start),
            "valid_to": text.dates(end),
            "known_from": text.dates(np.minimum(start + 3, NOW)),
            "source": ["filings"] * size,
        },
    )
