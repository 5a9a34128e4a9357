"""The market's stakes, offices, families and disclosures as rows."""

from __future__ import annotations

import numpy as np

from ingest.world import text
from ingest.world.files import Columns, Files
from ingest.world.market import Holdings, Market, Root
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import Ints

_OFFICES = ("执行董事", "董事长", "总经理", "董事", "监事", "财务负责人", "独立董事", "副总经理")
_RELATIONS = ("spouse", "sibling", "parent", "child")


def write(files: Files, market: Market, stakes: Holdings, seed: int) -> None:
    """Write HOLDS, OFFICER_OF, RELATIVE_OF and CONTROLS of the market."""
    files.chunked("HOLDS", len(stakes), lambda a, b: _stakes(stakes, slice(a, b)))
    _officers(files, market, seed)
    _relatives(files, market, seed)
    _disclosures(files, market, stakes, seed)


def _stakes(stakes: Holdings, part: slice) -> Columns:
    holder = stakes.holder[part]
    return {
        "from": text.party_ids(holder),
        "to": text.party_ids(stakes.company[part]),
        "share_ratio": text.ratios(stakes.points[part]),
        "share_min": text.ratios(stakes.least[part]),
        "share_max": text.ratios(stakes.most[part]),
        "partner": text.words(("general", "limited"), stakes.partner[part]),
        "valid_from": text.dates(stakes.start[part]),
        "valid_to": text.dates(stakes.end[part]),
        "known_from": text.dates(stakes.known[part]),
        "source": ["registry"] * len(holder),
    }


def _officers(files: Files, market: Market, seed: int) -> None:
    """A leading officer of two companies in three, a board where it matters, and officers who left."""
    rng = text.generator(seed, "officers")
    size = len(market.members)
    board = (market.listed >= 0) | market.client
    counts = np.where(board, rng.integers(3, 6, size), text.chance(rng, size, 0.66).astype(np.int64))
    member = np.repeat(np.arange(size), counts)
    place = np.arange(len(member)) - (np.cumsum(counts) - counts)[member]
    group = market.group[member]
    inside = market.persons_first[group] + place % market.persons[group]
    outside = rng.integers(market.first_person, market.person_count, len(member))
    person = np.where(text.chance(rng, len(member), 0.1) | (place >= market.persons[group]), outside, inside)
    office = np.where(board[member], 1 + place, place)
    start = np.maximum(
        market.founded[member], rng.integers(text.day("2012-01-01"), text.day("2024-01-01"), len(member))
    )
    end = np.where(text.chance(rng, len(member), 0.1), start + rng.integers(200, 1500, len(member)), NEVER)
    end = np.where(end > NOW, NEVER, end)
    known = np.minimum(start + rng.integers(0, 30, len(member)), NOW)

    def rows(first: int, last: int) -> Columns:
        part = slice(first, last)
        return {
            "from": text.ids("P", person[part]),
            "to": text.ids("C", market.members.start + member[part]),
            "office": text.words(_OFFICES, office[part]),
            "valid_from": text.dates(start[part]),
            "valid_to": text.dates(end[part]),
            "known_from": text.dates(known[part]),
            "source": ["registry"] * (last - first),
        }

    files.chunked("OFFICER_OF", len(member), rows)


def _relatives(files: Files, market: Market, seed: int) -> None:
    """A family tie between the first two people of every eighth group that has two."""
    rng = text.generator(seed, "relatives")
    first = market.persons_first[(market.persons > 1) & (text.chance(rng, len(market.persons), 0.12))]
    relation = rng.integers(0, len(_RELATIONS), len(first))

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.ids("P", first[a:b]),
            "to": text.ids("P", first[a:b] + 1),
            "relation": text.words(_RELATIONS, relation[a:b]),
            "source": ["filings"] * (b - a),
        }

    files.chunked("RELATIVE_OF", len(first), rows)


def heads(market: Market, stakes: Holdings) -> Ints:
    """The party that in the end controls each member today: who holds the majority of its root, or the root."""
    top = np.full(len(market.members), text.NOBODY)
    major = (stakes.points > text.WHOLE // 2) & (stakes.end == NEVER) & (stakes.partner < 0)
    root = major & (stakes.company >= market.members.start)
    top[stakes.company[root] - market.members.start] = stakes.holder[root]
    of_root = top[market.root - market.members.start]
    return np.where(of_root == text.NOBODY, market.root, of_root)


def _disclosures(files: Files, market: Market, stakes: Holdings, seed: int) -> None:
    """What filings disclose: of all listed companies and one other in ten, the controller; one in 25 is wrong."""
    rng = text.generator(seed, "disclosures")
    size = len(market.members)
    head = heads(market, stakes)
    known = (market.root_kind <= Root.STATE) | (market.rank > 0)
    chosen = np.flatnonzero(known & ((market.listed >= 0) | text.chance(rng, size, 0.1)))
    wrong = text.chance(rng, len(chosen), 0.04)
    stranger = text.person(rng.integers(market.first_person, market.person_count, len(chosen)))
    named = np.where(wrong, stranger, head[chosen])
    start = np.maximum(market.founded[chosen], text.day("2019-04-30"))
    natures = ("自然人", "国有资产管理机构", "法人")
    nature = np.where(named < 0, 0, np.where(named < market.state.stop, 1, 2))

    def rows(a: int, b: int) -> Columns:
        return {
            "from": text.party_ids(named[a:b]),
            "to": text.ids("C", market.members.start + chosen[a:b]),
            "nature": text.words(natures, nature[a:b]),
            "valid_from": text.dates(start[a:b]),
            "known_from": text.dates(np.minimum(start[a:b] + 120, NOW)),
            "source": ["filings"] * (b - a),
        }

    files.chunked("CONTROLS", len(chosen), rows)
