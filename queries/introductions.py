"""引荐: who of the firm's own staff can introduce us to a company's decision makers, the closest first.

One search from all staff to all decision makers of the company: helping rows behind those of the View stand for 'any
member of staff' and for 'any decision maker of this company'; their edges cost the least and are in no answer.
"""

from __future__ import annotations

import datetime as dt
import functools
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.algorithms import paths as kernel
from graph.algorithms.paths import Cut, Keys, Limits, Path, Walk
from graph.errors import InvalidInput
from graph.view import Fact, FactArrays, View
from queries.labels import Label
from queries.models import Answer, Party, PartyLine
from queries.paths import FoundPath, Shown, Truncated, cost_of, truncated
from queries.stakes import state_bodies
from queries.statements import party, refs, who
from queries.tie_costs import tie_costs
from queries.ties import FORWARD, Piece, Ties, Wanted, mixed, name_key, pieces

DEFAULT_LIMIT: Final = 5
MOST: Final = 20
DEFAULT_HOPS: Final = 6
MOST_HOPS: Final = kernel.MOST_HOPS

TIES: Final = frozenset({"COVERS", "KNOWS", "PARTY_TO:Contact", "OFFICER_OF", "HOLDS", "CONTROLS"})
"""覆盖, 相识, 联系人, 任职, 持股, 控制: what an introduction may lead over."""

_HELPING_STEPS: Final = 2
_HELPING_COST: Final = 0.001
_WORK: Final = 4_000_000
"""Most visible ties looked at for one answer: about a second."""

_BACKWARD: Final = 2
_OFFICES_APART: Final = re.compile(r"[、，,/／;；和兼及()（）\s]+")


# --- the answer ---


@dataclass(slots=True, kw_only=True)
class DecisionMaker(PartyLine):
    """Somebody who decides for the company, or whom we know there, and as what."""

    role: str
    role_en: str
    office: str | None


class Introduction(FoundPath):
    """A way from a member of staff to a decision maker, with a sentence that says it."""

    staff: Party
    decision_maker: DecisionMaker
    sentence: str
    sentence_en: str


class Introductions(Answer):
    """Who can introduce us, the cheapest way first, each by another member of staff."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    company: Party
    as_of: dt.date | None
    known_at: dt.date | None
    paths: list[Introduction]
    decision_makers: int = Field(description="How many there are to be introduced to.")
    truncated: Truncated | None = Field(description="null where the answer is complete.")


# --- the question ---


def introductions(
    view: View, ref: str, *, limit: int = DEFAULT_LIMIT, max_hops: int = DEFAULT_HOPS
) -> Introductions:
    """The best ways from the firm's own staff to a company's decision makers.

    Raises:
        NotFound: No such company, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: It is no company, or a number is out of range.
    """
    for name, value, most in (("limit", limit, MOST), ("max_hops", max_hops, MOST_HOPS)):
        if not 1 <= value <= most:
            raise InvalidInput(
                name, f"{name} 应在 1 到 {most} 之间 / {name} must be 1 to {most}, not {value}"
            )
    row = view.resolve(ref)
    if view.kind(row) != "Company":
        raise InvalidInput("id", f"{ref!r} 不是公司 / {ref!r} is no company")
    desks = view.foundation("introductions", lambda: _desks(view))
    found, cut = _closest(desks, row, Limits(max_hops + _HELPING_STEPS, limit, _WORK))
    shown = Shown(view, desks.ties)
    spent = {Cut.WORK: _WORK, Cut.HOPS: max_hops, Cut.RESULTS: limit}
    return Introductions(
        company=party(view, row),
        as_of=view.as_of,
        known_at=view.known_at,
        paths=[_introduction(view, desks, shown, path) for path in found],
        decision_makers=len(desks.makers(row)),
        truncated=truncated(cut, spent.get(cut, 0)),
    )


# --- the graph, with helping rows ---


@dataclass(frozen=True)
class _Desks:
    """The ties that introductions lead over, behind them the row of all staff and a row for each company's deciders.

    `facts` says by helping edge what makes somebody a decision maker.
    """

    ties: Ties
    staff: int
    companies: NDArray[np.int64]
    first_edge: int
    facts: Sequence[tuple[FactArrays, NDArray[np.intp]]]

    def row(self, company: int) -> int:
        """The helping row of a company's decision makers; -1 where it has none."""
        place = int(np.searchsorted(self.companies, company))
        found = place < len(self.companies) and self.companies.item(place) == company
        return self.staff + 1 + place if found else -1

    def makers(self, company: int) -> list[int]:
        """The rows of a company's decision makers."""
        desk, graph = self.row(company), self.ties.adjacency
        if desk < 0:
            return []
        rows: list[int] = np.unique(graph.other[graph.first[desk] : graph.first[desk + 1]]).tolist()
        return rows

    def fact(self, edge: int) -> Fact:
        """What makes somebody a decision maker."""
        place = edge - self.first_edge
        for facts, chosen in self.facts:
            if place < len(chosen):
                return facts.fact(chosen.item(place))
            place -= len(chosen)
        raise IndexError(edge)


def _desks(view: View) -> _Desks:
    """Make the graph: ties without ways into or through staff, then the helping edges."""
    nodes = view.id_keys()
    parts = [_from_staff(view, piece) for piece in pieces(view, TIES, nodes)]
    employees, staff = view.rows("Employee"), view.size
    makers = list(_makers(view))
    maker = np.concatenate([np.zeros(0, np.int64), *(rows for rows, _, _ in makers)])
    company = np.concatenate([np.zeros(0, np.int64), *(rows for _, rows, _ in makers)])
    companies, place = np.unique(company, return_inverse=True)
    keys = np.concatenate(
        [[name_key("staff")], mixed(nodes[companies], np.full(len(companies), name_key("decides")))]
    )
    into_staff = _helping(np.full(len(employees), staff), employees, np.zeros(len(employees), np.uint64))
    to_desks = _helping(maker, staff + 1 + place, _fact_keys(makers))
    helping = np.full(1 + len(companies), -1, np.int32)
    ties = Ties(view, [*parts, into_staff, to_desks], helping, keys.astype(np.uint64))
    facts = [(found, chosen) for _, _, (found, chosen) in makers]
    return _Desks(ties, staff, companies, ties.first[-2], facts)


def _helping(start: NDArray[np.int64], end: NDArray[np.int64], key: Keys) -> Piece:
    """Helping edges, from start to end only."""
    cost = np.full(len(start), _HELPING_COST)
    return Piece("", start.astype(np.int32), end.astype(np.int32), cost, key, None, FORWARD)


def _from_staff(view: View, piece: Piece) -> Piece:
    """The same edges, without ways to a member of staff: whoever introduces us is the first of the path."""
    begins, ends = view.of_kind(piece.start, "Employee"), view.of_kind(piece.end, "Employee")
    way = np.where(begins, np.where(ends, 0, FORWARD), np.where(ends, _BACKWARD, piece.way))
    return replace(piece, way=way.astype(np.uint8))


_Makers = tuple[NDArray[np.int64], NDArray[np.int64], tuple[FactArrays, NDArray[np.intp]]]


def _makers(view: View) -> Iterator[_Makers]:
    """Who decides, for which company, by which facts: officers of rank, disclosed controllers, contacts."""
    bodies = state_bodies(view)
    officers, controls, parts = (view.arrays(name) for name in ("OFFICER_OF", "CONTROLS", "PARTY_TO"))
    others = ~np.isin(controls.start, bodies) & (controls.start != controls.end)
    for facts, chosen in (
        (officers, np.flatnonzero(_deciding(officers))),
        (controls, np.flatnonzero(others)),
    ):
        yield facts.start[chosen].astype(np.int64), facts.end[chosen].astype(np.int64), (facts, chosen)
    contacts = np.flatnonzero(view.of_kind(parts.end, "Contact"))
    yield parts.end[contacts].astype(np.int64), parts.start[contacts].astype(np.int64), (parts, contacts)


def _deciding(officers: FactArrays) -> NDArray[np.bool_]:
    """Which offices are of decision rank."""
    codes, texts = officers.column("office"), officers.texts("office")
    first = dict(zip(codes.tolist(), texts, strict=True))
    good = [code for code, office in first.items() if office is not None and decides(office)]
    return np.isin(codes, good)


@functools.cache
def decides(office: str) -> bool:
    """Whether an office is of decision rank, alone or beside others: 董事长兼总经理, but not 副总经理."""
    ranks = frozenset(tie_costs().decision_offices)
    return any(part in ranks for part in _OFFICES_APART.split(office))


def _fact_keys(makers: Sequence[_Makers]) -> Keys:
    """Keys of the helping edges to desks: what makes somebody a decision maker, never where it lies."""
    keys = [
        facts.class_key[chosen].astype(np.uint64) ^ name_key(facts.type) for _, _, (facts, chosen) in makers
    ]
    return np.concatenate([np.zeros(0, np.uint64), *keys])


# --- the search ---


def _closest(desks: _Desks, company: int, limits: Limits) -> tuple[list[Path], Cut]:
    """The cheapest path of each of the closest members of staff, and what cut the list short."""
    desk, ties = desks.row(company), desks.ties
    found: list[Path] = []
    if desk < 0:
        return found, Cut.NOTHING
    walk, work = ties.between(Wanted(TIES, through_staff=True), [company]), 0
    with ties.space() as space:
        while True:
            one = replace(limits, paths=1, work=limits.work - work)
            best = kernel.cheapest_paths(walk, (desks.staff, desk), ties.price, space, one, prove_more=False)
            work += best.work
            if not best.paths:
                return found, best.cut
            if len(found) == limits.paths:
                return found, Cut.RESULTS
            found.append(best.paths[0])
            walk = _without(ties, walk, best.paths[0].edges[0])


def _without(ties: Ties, walk: Walk, edge: int) -> Walk:
    return ties.changed(walk, np.array([edge]), np.zeros(1, np.uint8))


# --- how it is shown ---


def _introduction(view: View, desks: _Desks, shown: Shown, path: Path) -> Introduction:
    helping = sum(desks.ties.price.cost[[path.edges[0], path.edges[-1]]].tolist())
    way = Path(path.nodes[1:-1], path.edges[1:-1], path.cost - helping)
    steps = shown.path(way)
    maker = _decision_maker(view, way.nodes[-1], desks.fact(path.edges[-1]))
    said = [_said(view, shown.fact(edge)) for edge in way.edges]
    staff = shown.party(way.nodes[0])
    return Introduction(
        length=steps.length,
        cost=cost_of(way.cost),
        nodes=steps.nodes,
        edges=steps.edges,
        staff=staff,
        decision_maker=maker,
        sentence=f"{staff.name}可引荐{maker.name}（{maker.office or maker.role}）："
        + "；".join(label.zh for label in said)
        + "。",
        sentence_en=f"{staff.name} can introduce us to {maker.name} ({maker.office or maker.role_en}): "
        + "; ".join(label.en for label in said)
        + ".",
    )


_ROLES: Final = {
    "OFFICER_OF": Label("高管", "officer"),
    "CONTROLS": Label("实际控制人", "controller"),
    "PARTY_TO": Label("联系人", "contact"),
}


def _decision_maker(view: View, row: int, fact: Fact) -> DecisionMaker:
    role = _ROLES[fact.type]
    office = view.value(row, "title") if fact.type == "PARTY_TO" else fact.props.get("office")
    return DecisionMaker(
        **who(view, row), role=role.zh, role_en=role.en, office=office, records=refs(fact.records)
    )


def _said(view: View, fact: Fact) -> Label:
    """A step as a sentence, as the fact goes, whichever way it was walked."""
    one, other = view.name(fact.start), view.name(fact.end)
    if fact.type == "COVERS":
        return Label(f"{one}负责客户{other}", f"{one} looks after {other}")
    if fact.type == "KNOWS":
        return Label(f"{one}与{other}相识", f"{one} knows {other}")
    if fact.type == "PARTY_TO":
        return Label(f"{other}是{one}的联系人", f"{other} is our contact at {one}")
    if fact.type == "OFFICER_OF":
        office = fact.props.get("office")
        return Label(f"{one}任{other}{office or '高管'}", f"{one} is {office or 'an officer'} of {other}")
    if fact.type == "HOLDS":
        share = fact.props.get("share_ratio")
        part = "" if share is None else f"{share:.2%}"
        return Label(f"{one}持有{other}{part}股权", f"{one} holds {part or 'a stake'} of {other}")
    return Label(f"{one}控制{other}", f"{one} controls {other}")
