"""股权、表决权: the holdings and votes of a View as the kernels of ownership and control take them, made once each."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Iterator
from dataclasses import dataclass, field, replace
from enum import IntEnum
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import control as voting
from graph.algorithms import control_near as voting_near
from graph.algorithms import ownership
from graph.recent import Recent
from graph.view import FactArrays, View

Rows = NDArray[np.int32]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

MAJOR_HOLDING: Final = 0.05
"""From here on a stake in a listed company must be disclosed (证券法 2019, art. 63)."""

_HELD_KEPT: Final = 8

_UPSTREAM_BYTES: Final = 256 * 2**20
"""Most memory that solved ownership may take by View."""


class End(IntEnum):
    """Why look-through stops at a holder, beside what the kernel itself finds (`ownership.Stop`)."""

    PERSON = 1
    STATE_BODY = 2
    LISTED_DISPERSED = 3


# --- capital -------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Capital:
    """The holdings of a View: the facts by row, and the graph of them that the kernels walk.

    By row, `stated` is the share, or the least of its interval, NaN where neither is stated; `reversed_bounds` is
    whether a stated interval begins above its end, so that it says nothing, and `silent` whether nothing at all is
    stated of the share.
    """

    facts: FactArrays
    graph: ownership.Holdings
    stated: Floats
    reversed_bounds: Flags
    silent: Flags


def capital(view: View) -> Capital:
    """Who holds how much of what, kept by View."""
    return view.foundation("capital", lambda: _capital(view))


def _capital(view: View) -> Capital:
    facts = view.arrays("HOLDS")
    share, low, high, crossed = _shares(facts)
    stop = _ends(view, facts, np.fmax(share, high))
    graph = ownership.holdings(
        facts.start.astype(np.int32), facts.end.astype(np.int32), share, stop, (low, high)
    )
    silent = np.isnan(share) & np.isnan(low) & np.isnan(high) & ~crossed
    return Capital(facts, graph, _first(share, low), crossed, silent)


def _shares(facts: FactArrays) -> tuple[Floats, Floats, Floats, Flags]:
    """Share, its bounds, and where the bounds cross. A stated share is its own bounds."""
    share, low, high = facts["share_ratio"], facts["share_min"], facts["share_max"]
    crossed: Flags = np.isnan(share) & (low > high)
    exact = ~np.isnan(share)
    low = np.where(exact, share, np.where(crossed, np.nan, low))
    return share, low, np.where(exact, share, np.where(crossed, np.nan, high)), crossed


def _ends(view: View, facts: FactArrays, most: Floats) -> NDArray[np.uint8]:
    stop = np.zeros(view.size, np.uint8)
    stop[_dispersed(view, facts, most)] = End.LISTED_DISPERSED
    stop[state_bodies(view)] = End.STATE_BODY
    stop[view.rows("Person")] = End.PERSON
    return stop


def state_bodies(view: View) -> NDArray[np.int64]:
    """国家机关: the rows of state bodies, where every road ends; sharing one joins nobody. Kept by View.

    Company Law 2023 art. 265(4).
    """
    return view.kept("state bodies", lambda: _state_bodies(view))


def _state_bodies(view: View) -> NDArray[np.int64]:
    found = view.property_texts("Company", "nature")
    said = [place for place, text in enumerate(found.texts) if text == "state_body"]
    rows: NDArray[np.int64] = found.rows[np.isin(found.which, said)].astype(np.int64)
    return rows


def listed(view: View) -> NDArray[np.int64]:
    """上市公司: rows of companies with a listed share on the day, ascending. Kept by View."""
    return view.kept("listed", lambda: _listed(view))


def _listed(view: View) -> NDArray[np.int64]:
    dated = [
        row
        for row in view.stating("Company", "listed_on").tolist()
        if (day := view.value(row, "listed_on")) is not None and day <= view.as_of
    ]
    coded = view.stating("Company", "code").tolist()
    undated = [row for row in coded if view.value(row, "listed_on") is None]
    return np.array(sorted({*dated, *undated}), np.int64)


def has_holders(view: View, row: int) -> bool:
    """Whether any holding in a company is on record for the day."""
    return bool(len(capital(view).graph.of(row)))


def is_listed(view: View, row: int) -> bool:
    """Whether a company has a listed share on the day."""
    rows = listed(view)
    place = int(np.searchsorted(rows, row))
    return place < len(rows) and rows.item(place) == row


def _dispersed(view: View, facts: FactArrays, most: Floats) -> NDArray[np.int64]:
    """Listed companies with holders on record none of whom has, or may have, a major holding."""
    largest = np.zeros(view.size)
    held = np.zeros(view.size, np.bool_)
    np.maximum.at(largest, facts.end, np.where(np.isnan(most), 1.0, most))
    held[facts.end] = True
    rows = listed(view)
    return rows[held[rows] & (largest[rows] < MAJOR_HOLDING)]


class _Upstreams:
    """What was solved above companies, least used first, within a budget of memory."""

    def __init__(self) -> None:
        self._kept: OrderedDict[int, ownership.Upstream] = OrderedDict()
        self._bytes = 0
        self._lock = threading.Lock()

    def of(self, graph: ownership.Holdings, company: int) -> ownership.Upstream:
        """The solution that serves a company; one solution serves all in a loop."""
        with self._lock:
            found = self._kept.get(company)
            if found is not None:
                self._kept.move_to_end(company)
                return found
        made = ownership.Upstream(graph, company)
        with self._lock:
            for served in made.served():
                self._kept[served] = made
            self._bytes += made.nbytes
            while self._bytes > _UPSTREAM_BYTES and len(self._kept) > 1:
                self._drop(next(iter(self._kept.values())))
        return made

    def _drop(self, upstream: ownership.Upstream) -> None:
        for served in upstream.served():
            if self._kept.get(served) is upstream:
                del self._kept[served]
        self._bytes -= upstream.nbytes


def upstream(view: View, company: int) -> ownership.Upstream:
    """Everything above a company, solved; kept by View while there is room."""
    return view.foundation("upstreams", _Upstreams).of(capital(view).graph, company)


def held_by(view: View, holder: int) -> ownership.Held:
    """All that a party owns; the last few answers are kept, since that of a hub is read in pages."""
    recent: Recent = view.foundation("held", lambda: Recent(_HELD_KEPT))
    return recent.get(holder, lambda: ownership.holdings_of(capital(view).graph, holder))


# --- votes ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Agreement:
    """一致行动: parties who vote as one in some companies, by all agreements (rows) of exactly these parties."""

    members: tuple[int, ...]
    targets: tuple[int, ...]
    agreements: tuple[int, ...]


@dataclass(frozen=True)
class Ballot:
    """The votes of a View: the facts by row, the kernel's world, and the concert groups in their order.

    By row, `capital` is the share of capital, or the least of its interval.
    """

    facts: FactArrays
    votes: voting.Votes
    agreements: tuple[Agreement, ...]
    capital: Floats
    most: Floats = field(repr=False)
    """The most votes that a row can stand for: its upper bound, 1 where none is stated."""


def ballot(view: View) -> Ballot:
    """Who casts how many votes where, kept by View."""
    return view.foundation("ballot", lambda: _ballot(view))


def _ballot(view: View) -> Ballot:
    facts = view.arrays("HOLDS")
    share, low, high, _ = _shares(facts)
    ratio, least, greatest = facts["voting_ratio"], facts["voting_min"], facts["voting_max"]
    limited = facts.equals("partner", "limited")
    certain = _first(ratio, least, share, low)
    most = np.where(limited, 0.0, _first(ratio, greatest, share, high, np.ones(len(facts))))
    agreements = tuple(_agreements(view))
    stakes = voting.Stakes(
        holder=facts.start.astype(np.int32),
        company=facts.end.astype(np.int32),
        ratio=np.where(limited, 0.0, certain),
        caster=_casters(facts),
        general=facts.equals("partner", "general").astype(np.uint8),
    )
    concert = voting.concert_of([(a.members, a.targets) for a in agreements])
    votes = voting.votes(stakes, view.id_keys(), concert)
    return Ballot(
        facts,
        votes,
        agreements,
        _first(share, low),
        np.fmax(most, np.nan_to_num(certain)),
    )


def _first(*columns: Floats) -> Floats:
    """By row the first value that is stated."""
    found = columns[0]
    for column in columns[1:]:
        found = np.where(np.isnan(found), column, found)
    return found


def _casters(facts: FactArrays) -> Rows:
    """表决权委托: who casts the votes of each row: whom they are entrusted to, else the holder."""
    entrusted = facts["votes_entrusted_to"]
    return np.where(entrusted >= 0, entrusted, facts.start).astype(np.int32)


def _agreements(view: View) -> Iterator[Agreement]:
    """Concert groups: fewest members first, then by the members' ids."""
    groups: dict[tuple[int, ...], tuple[set[int], list[int]]] = {}
    for row in sorted(view.rows("ConcertAgreement").tolist(), key=view.id_key):
        roles: dict[str, set[int]] = {"parties": set(), "target": set()}
        for fact in view.facts(row, "PARTY_TO", "in"):
            roles.setdefault(str(fact.props.get("role")), set()).add(fact.other)
        members = tuple(sorted(roles["parties"], key=view.id_key))
        if len(members) > 1 and roles["target"]:
            targets, agreements = groups.setdefault(members, (set(), []))
            targets |= roles["target"]
            agreements.append(row)
    order = sorted(groups, key=lambda members: (len(members), [view.id_key(m) for m in members]))
    for members in order:
        targets, agreements = groups[members]
        yield Agreement(members, tuple(sorted(targets, key=view.id_key)), tuple(agreements))


def control_above(view: View, company: int) -> voting_near.Near:
    """Who controls a company and everything above it, from what is above it alone."""
    return voting_near.near(ballot(view).votes, np.array([company], np.int32))


def control(view: View) -> voting.Control:
    """Who controls every company, kept by View. A restricted viewer's costs what the walls touch."""
    return view.foundation("control", lambda: _control(view))


def _control(view: View) -> voting.Control:
    public = view.public()
    if public is view:
        return voting.control_of_all(ballot(view).votes)
    return _beside_public(view, public)


def _beside_public(view: View, public: View) -> voting.Control:
    """The answer from the public's, which sees some of the same statements and agreements in the same order."""
    ours, theirs = ballot(view), ballot(public)
    rows = _places(ours.facts.statement, theirs.facts.statement)
    groups = [ours.agreements.index(one) for one in theirs.agreements if one in ours.agreements]
    if len(rows) != len(theirs.facts) or len(groups) != len(theirs.agreements):
        return voting.control_of_all(ours.votes)
    before = _renumbered(control(public), rows, np.array(groups, np.int32), len(ours.facts))
    return voting_near.recomputed(
        ours.votes,
        before,
        (_marked(rows, len(ours.facts)), np.ones(len(ours.facts), np.uint8)),
        (_marked(groups, len(ours.agreements)), np.ones(len(ours.agreements), np.uint8)),
    )


def _places(ours: Rows, theirs: Rows) -> Rows:
    """Where in ours the statements stand that are theirs too."""
    seen = np.zeros(int(max(ours.max(initial=-1), theirs.max(initial=-1))) + 1, np.bool_)
    seen[theirs] = True
    return np.flatnonzero(seen[ours]).astype(np.int32)


def _marked(places: Rows | list[int], size: int) -> NDArray[np.uint8]:
    mask = np.zeros(size, np.uint8)
    mask[places] = 1
    return mask


def _renumbered(found: voting.Control, rows: Rows, groups: Rows, size: int) -> voting.Control:
    """An answer over some of the rows and groups, in the numbers of all."""
    nodes, weight = len(found.controller), np.zeros(size)
    weight[rows] = found.weight
    numbers = np.append(rows, np.int32(-1))
    by_group = np.append(groups + nodes, np.int32(-1)).astype(np.int32)

    def named(values: Rows) -> Rows:
        return np.where(values >= nodes, by_group[np.maximum(values - nodes, -1)], values).astype(np.int32)

    return replace(
        found,
        controller=named(found.controller),
        parent=named(found.parent),
        ballot=numbers[found.ballot],
        weight=weight,
    )
