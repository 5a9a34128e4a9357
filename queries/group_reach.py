"""控制所及: what one party controls by itself or in concert, and everybody who controls a company, layer by layer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.control import TOLERANCE
from graph.view import Fact, View
from queries import stakes
from queries.group_realm import Numbers, split, whole
from queries.stakes import Flags, Floats, Rows


@dataclass(frozen=True)
class Reach:
    """What a party controls: `rows`, ascending, without itself; `alone` those that it controls by itself, by layer."""

    view: View
    party: int
    rows: Numbers
    alone: tuple[Rows, ...]

    @classmethod
    def of(cls, view: View, party: int) -> Reach:
        """Everything that a party controls, in layers from itself on, and what it controls in concert."""
        layers = _layers(view, party)
        rows = union([*layers, *_in_concert(view, party)])
        return cls(view, party, rows[rows != party], layers)

    def has(self, row: int) -> bool:
        """Whether it controls a company."""
        place = int(np.searchsorted(self.rows, row))
        return place < len(self.rows) and self.rows.item(place) == row

    @cached_property
    def _layer_of(self) -> dict[int, int]:
        found = {row: layer for layer, rows in enumerate(self.alone, 1) for row in rows.tolist()}
        return {**found, self.party: 0}

    def proof(self, company: int) -> Iterator[Fact]:
        """The holdings whose votes prove it, along the strongest chain, the company's own first."""
        if company not in self._layer_of:
            yield from concert_proof(self.view, company)
            return
        while company != self.party:
            facts, company = self._step(company)
            yield from facts

    def _step(self, company: int) -> tuple[list[Fact], int]:
        """The holdings by whose votes a company was found, the most votes first, and who casts most of them."""
        ballot, weight = stakes.ballot(self.view), stakes.control(self.view).weight
        layer = self._layer_of
        by_caster: dict[int, list[int]] = {}
        for vote in _rows_of(ballot.votes.ballots.up_first, ballot.votes.ballots.up_row, company):
            caster = ballot.votes.ballots.caster.item(vote)
            if weight.item(vote) > 0 and layer.get(caster, len(layer)) < layer[company]:
                by_caster.setdefault(caster, []).append(vote)
        total = {caster: sum(weight.item(vote) for vote in votes) for caster, votes in by_caster.items()}
        casters = sorted(total, key=lambda caster: (-round(total[caster], 12), self.view.id_key(caster)))
        facts = [fact for caster in casters for fact in _facts(self.view, by_caster[caster])]
        return facts, casters[0]


def union(parts: Iterable[NDArray[np.integer]]) -> Numbers:
    """All rows of several lists, each once, ascending."""
    filled = [part for part in parts if len(part)]
    if not filled:
        return np.zeros(0, np.int64)
    rows = (np.concatenate(filled) if len(filled) > 1 else filled[0]).astype(np.int64)
    if not (rows[1:] > rows[:-1]).all():
        rows = np.sort(rows, kind="stable")
        rows = rows[np.concatenate([[True], rows[1:] > rows[:-1]])]
    return rows


def without(rows: Numbers, others: Numbers) -> Numbers:
    """The rows of one ascending list that are not in another."""
    return rows[~_among(rows, others)] if len(others) else rows


def _rows_of(first: Numbers, rows: Rows, node: int) -> list[int]:
    found: list[int] = rows[first[node] : first[node + 1]].tolist()
    return found


def _facts(view: View, votes: list[int]) -> list[Fact]:
    facts = stakes.ballot(view).facts
    return sorted((facts.fact(vote) for vote in votes), key=lambda fact: fact.records[0].id)


def _layers(view: View, party: int) -> tuple[Rows, ...]:
    """What a party controls by itself: what it has a majority of, then what both have, and so on."""
    control, ballots = stakes.control(view), stakes.ballot(view).votes.ballots
    layers: list[Rows] = []
    inside = frontier = np.array([party], np.int32)
    company, votes = np.zeros(0, np.int32), np.zeros(0)
    while len(frontier):
        rows = _down(ballots.down_first, ballots.down_row, frontier)
        heard = ballots.company[rows]
        rows = rows[~_among(heard, inside)]
        company = np.concatenate([company, ballots.company[rows]])
        votes = np.concatenate([votes, control.weight[rows]])
        targets, which = np.unique(company, return_inverse=True)
        cast = np.bincount(which, votes, len(targets))
        majority = (2 * cast - control.votable[targets] > TOLERANCE) & (cast > TOLERANCE)
        frontier = targets[majority]
        company, votes = company[~majority[which]], votes[~majority[which]]
        if len(frontier):
            layers.append(frontier)
            inside = np.sort(np.concatenate([inside, frontier]), kind="stable")
    return tuple(layers)


def _among(rows: NDArray[np.integer], ascending: NDArray[np.integer]) -> Flags:
    """Which rows are in a list that is not empty."""
    place = np.minimum(np.searchsorted(ascending, rows), len(ascending) - 1)
    found: Flags = ascending[place] == rows
    return found


def _down(first: Numbers, rows: Rows, nodes: Rows) -> Rows:
    """The rows of several nodes of a list."""
    counts = first[nodes + 1] - first[nodes]
    starts = np.repeat(first[nodes] - np.cumsum(counts) + counts, counts)
    found: Rows = rows[starts + np.arange(counts.sum())]
    return found


def _in_concert(view: View, party: int) -> list[Numbers]:
    """What is controlled by concert groups that it is a member of."""
    numbers = [number for number, a in enumerate(stakes.ballot(view).agreements) if party in a.members]
    controller = stakes.control(view).controller
    return [np.flatnonzero(controller == view.size + number) for number in numbers]


def concert_proof(view: View, company: int) -> Iterator[Fact]:
    """The holdings that prove who controls a company in concert, along the strongest chain, its own first."""
    control = stakes.control(view)
    while company >= 0:
        parent = control.parent.item(company)
        members = whole(view).tops(company) if parent >= view.size else ()
        yield from votes_cast(
            view, acting_together(view, members) if members else np.array([parent]), company
        )
        company = parent if parent < view.size else -1


def acting_together(view: View, members: tuple[int, ...]) -> Numbers:
    """Whose votes a concert group has in its target companies: its members' and what each of them controls alone."""
    layers = [layer for member in members for layer in _layers(view, member)]
    return union([np.array(members), *layers])


def controllers_above(view: View, company: int) -> list[tuple[int, ...]]:
    """Everybody but state bodies who controls a company, the ultimate ones first, down to the nearest.

    Each is one party, or several that act in concert. Found by setting apart who is found, until nobody controls.
    """
    controller = stakes.control(view).controller
    if controller.item(company) < 0:
        return []
    above = stakes.control_above(view, company).rows.astype(np.int64)
    controlled = stakes.ballot(view).votes.ballots.company[above]
    above = above[controller[controlled] == controller.item(company)]
    apart = stakes.state_bodies(view)
    found: list[tuple[int, ...]] = []
    while True:
        realm = split(view, above, apart)
        tops = tuple(realm.nodes[list(realm.tops(realm.place(company)))].tolist())
        if tops == (company,):
            return found
        found.append(tops)
        apart = np.union1d(apart, tops)


def votes_in(view: View, casters: Numbers) -> tuple[Numbers, Floats]:
    """Companies in which some parties cast votes together, ascending, and their part of the votes that count."""
    control, ballots = stakes.control(view), stakes.ballot(view).votes.ballots
    rows = _down(ballots.down_first, ballots.down_row, casters.astype(np.int32))
    targets, which = np.unique(ballots.company[rows], return_inverse=True)
    cast = np.bincount(which, control.weight[rows], len(targets))
    votable = control.votable[targets]
    return targets.astype(np.int64), np.divide(
        cast, votable, out=np.zeros(len(cast)), where=votable > TOLERANCE
    )


def votes_cast(view: View, casters: Numbers, company: int) -> list[Fact]:
    """The holdings whose votes some parties cast in a company, by the id of their first record."""
    control, ballots = stakes.control(view), stakes.ballot(view).votes.ballots
    rows = ballots.up_row[ballots.up_first[company] : ballots.up_first[company + 1]]
    return _facts(view, rows[np.isin(ballots.caster[rows], casters) & (control.weight[rows] > 0)].tolist())
