"""集团的边界: which companies stand under which ultimate controllers, and what is left of that below a state body."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cached_property

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import control as voting
from graph.algorithms.control import TOLERANCE
from graph.view import View
from queries import stakes
from queries.stakes import Flags, Floats, Rows

Numbers = NDArray[np.int64]


@dataclass(frozen=True)
class Tree:
    """集团: the companies of a group, in no order.

    By place: the row, the layer below the top (0 the top itself), the votes gathered and the least of them along the
    chain (NaN at the top), the row of the next step of the strongest chain up (-1 where that is the top itself when it
    is several, or nobody), and whether the top controls it only together with others.
    """

    top: tuple[int, ...]
    rows: Rows
    layer: Rows
    gathered: Floats
    weakest: Floats
    parent: Rows
    joint: Flags


@dataclass(frozen=True)
class Realm:
    """Companies, each with its ultimate controllers: those of a whole View, or those below one state body.

    Places are numbers of `nodes`, which are rows of the View. A controller that is a place with `cast_in` is no party:
    it stands for the votes of a state body in that one company (a place), so that nothing gathers them.
    """

    nodes: Rows
    control: voting.Control
    agreements: tuple[tuple[int, ...], ...]
    cast_in: Rows

    @cached_property
    def _parties(self) -> Rows:
        """The rows of the parties, which ascend and stand before what is no party."""
        return self.nodes[self.cast_in < 0]

    def place(self, row: int) -> int:
        """The place of a row that is among the parties."""
        return int(np.searchsorted(self._parties, row))

    def tops(self, place: int) -> tuple[int, ...]:
        """Who is at the top of the group of a company, as places: one, or several who act in concert."""
        controller = self.control.controller.item(place)
        if controller < 0:
            return (place,)
        if controller >= len(self.nodes):
            return self.agreements[controller - len(self.nodes)]
        stands_for = self.cast_in.item(controller)
        return (stands_for if stands_for >= 0 else controller,)

    def tree(self, tops: tuple[int, ...], *, company: bool) -> Tree:
        """All under these. Of one top also what it controls together with others, and itself if it is a company."""
        alone, joint = self._classes(tops)
        controller = self.control.controller
        places = np.flatnonzero(np.isin(controller, [*alone, *joint]))
        if company and len(tops) == 1 and tops[0] not in places:
            places = np.append(tops[0], places)
        layer, parent = self.control.steps[places].astype(np.int32), self.control.parent[places]
        below_state = np.isin(controller[places], np.flatnonzero(self.cast_in >= 0))
        layer[below_state] -= 1
        own = (places == tops[0]) & (len(tops) == 1)
        layer[own] = 0
        unnamed = own | (parent < 0) | (parent >= len(self.nodes))
        return Tree(
            top=tuple(self.nodes[list(tops)].tolist()),
            rows=self.nodes[places],
            layer=layer,
            gathered=np.where(own, np.nan, self.control.gathered[places]),
            weakest=np.where(own, np.nan, self.control.weakest[places]),
            parent=np.where(unnamed, -1, self.nodes[np.where(unnamed, 0, parent)]).astype(np.int32),
            joint=np.isin(controller[places], joint) & ~own & (len(tops) == 1),
        )

    def _classes(self, tops: tuple[int, ...]) -> tuple[list[int], list[int]]:
        """Numbers of controllers that are these, and those of concert groups that one of them is a member of."""
        size = len(self.nodes)
        if len(tops) > 1:
            return [size + self.agreements.index(tops)], []
        (top,) = tops
        stands_for = np.flatnonzero(self.cast_in == top).tolist()
        return [top, *stands_for], [size + g for g, members in enumerate(self.agreements) if top in members]


def whole(view: View) -> Realm:
    """Every company of a View, by its ultimate controllers. Kept by View."""
    return view.foundation("realm", lambda: _whole(view))


def _whole(view: View) -> Realm:
    nodes = np.arange(view.size, dtype=np.int32)
    agreements = tuple(a.members for a in stakes.ballot(view).agreements)
    return Realm(nodes, stakes.control(view), agreements, np.full(view.size, -1, np.int32))


def of_state(view: View, row: int) -> bool:
    """Whether nobody but state bodies stands at the top of a company's group."""
    realm, bodies = whole(view), stakes.state_bodies(view)
    return realm.control.controller.item(row) >= 0 and all(top in bodies for top in realm.tops(row))


def below_state(view: View, row: int) -> Realm:
    """What is left of control among the companies of a state body when it gathers no votes itself. Kept by View.

    Law: 公司法 2023 art. 265(4), 企业会计准则第36号 art. 6: to be controlled by the state alone relates nobody.
    """
    number = whole(view).control.controller.item(row)
    return view.kept(("realm below", number), lambda: _below(view, number))


def _below(view: View, number: int) -> Realm:
    controlled = whole(view).control.controller == number
    chosen = np.flatnonzero(controlled[stakes.ballot(view).votes.ballots.company])
    return split(view, chosen, stakes.state_bodies(view))


def split(view: View, chosen: Numbers, apart: Numbers) -> Realm:
    """Control by some votes (rows `chosen` of the ballot), those of the parties `apart` cast by nobody in common.

    Which votes count at all is not asked anew: that depends on who controls whom in the whole.
    """
    ballots = stakes.ballot(view).votes.ballots
    company, caster = ballots.company[chosen].astype(np.int64), ballots.caster[chosen].astype(np.int64)
    of_them = np.isin(caster, apart)
    pairs, which = np.unique(caster[of_them] * view.size + company[of_them], return_inverse=True)
    caster[of_them] = view.size + which
    nodes, places = np.unique(np.concatenate([ballots.holder[chosen], company, caster]), return_inverse=True)
    holders, companies, casters = places.reshape(3, -1).astype(np.int32)
    proxies = np.flatnonzero(nodes >= view.size)
    cast_in = np.full(len(nodes), -1, np.int32)
    cast_in[proxies] = np.searchsorted(nodes, pairs % max(view.size, 1))
    nodes[proxies] = pairs // max(view.size, 1)
    control = stakes.control(view)
    votable = control.votable[company]
    part = np.divide(control.weight[chosen], votable, out=np.zeros(len(chosen)), where=votable > TOLERANCE)
    cast = voting.Stakes(holders, companies, part, casters)
    places_of = {row: at for at, row in enumerate(nodes[cast_in < 0].tolist())}
    agreements = _agreements_among(view, places_of, companies, apart)
    votes = voting.votes(cast, view.id_keys()[nodes], voting.concert_of(agreements))
    members = tuple(members for members, _ in agreements)
    return Realm(nodes.astype(np.int32), voting.control_of_all(votes), members, cast_in)


def _agreements_among(
    view: View, places: Mapping[int, int], companies: Rows, apart: Numbers
) -> list[tuple[tuple[int, ...], tuple[int, ...]]]:
    """The concert groups of parties that are there and not set apart, with the targets that are, as places."""
    out, there = set(apart.tolist()), set(companies.tolist())
    found = []
    for agreement in stakes.ballot(view).agreements:
        targets = tuple(places[t] for t in agreement.targets if places.get(t) in there)
        if targets and out.isdisjoint(agreement.members) and all(m in places for m in agreement.members):
            found.append((tuple(places[m] for m in agreement.members), targets))
    return found


def group_of(view: View, row: int) -> Tree | None:
    """The group that a company belongs to or a person controls; None of a state body, which has none."""
    if row in stakes.state_bodies(view):
        return None
    company = view.kind(row) == "Company"
    realm = below_state(view, row) if company and of_state(view, row) else whole(view)
    place = realm.place(row)
    tops = realm.tops(place) if company else (place,)
    return realm.tree(tops, company=len(tops) == 1 and view.kind(realm.nodes.item(tops[0])) == "Company")
