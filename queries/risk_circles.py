"""担保圈、互保、担保链: who guarantees whom in a circle, what it comes to, and what breaks it."""

from __future__ import annotations

import datetime as dt
import hashlib
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.algorithms import circles as kernel
from graph.algorithms import diffusion
from graph.view import View
from queries import stakes
from queries.exposure import joint_guarantees, two_parts
from queries.exposure_equity import dense, equity_of
from queries.group_realm import below_state, of_state, whole
from queries.models import Answer, Cursor, EntityId, Finding, Line, Money, Party, Section
from queries.owners import PLACES
from queries.paging import Page, Position, cut
from queries.stakes import Floats
from queries.statements import of_units, party, refs, who

MOST_MEMBERS: Final = 200
MOST_EDGES: Final = 500
MOST_OVERLAPS: Final = 50
MOST_CHAINS: Final = 100
CHAIN_EDGES: Final = 3
"""A chain (担保链) has so many guarantees or more, where nothing else is asked for."""
FIRST_PAGE: Final = Page(20)

Rows = NDArray[np.int64]

_AMOUNT = "Yuan, as far as amounts are known."


# --- the answer ----------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class GuaranteeEdge(Line):
    """One guarantee from a guarantor to a debtor."""

    guarantee: EntityId
    name: str
    guarantor: EntityId
    guarantor_name: str
    debtor: EntityId
    debtor_name: str
    amount: Money
    kind: Annotated[str | None, Field(description="As stated: 连带, 一般.")]
    joint: Annotated[
        bool, Field(description="连带责任; one of no stated kind counts as 一般 (民法典 art. 686).")
    ]


@dataclass(slots=True, kw_only=True)
class CircleEdge(GuaranteeEdge):
    """A guarantee inside a circle, and what would be left of the circle if it alone were gone."""

    in_break: Annotated[bool, Field(description="Whether it is in the set that breaks the circle.")]
    left: Annotated[
        list[int] | None,
        Field(
            description="Without it alone: members of each circle left, largest first; empty where it breaks the "
            "circle; null where the circle is too large to try all."
        ),
    ]
    freed: Annotated[
        int | None, Field(description="Members that are in no circle any more without it alone.")
    ]


@dataclass(slots=True, kw_only=True)
class CircleMember:
    """A party of a circle, and its burden inside it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    given: Annotated[float, Field(description=f"What it guarantees for other members. {_AMOUNT}")]
    received: Annotated[float, Field(description=f"What other members guarantee for it. {_AMOUNT}")]
    net: Annotated[float, Field(description="Given less received.")]
    unknown_given: Annotated[int, Field(description="Guarantees that it gives here without a known amount.")]
    equity: Annotated[Money, Field(description="Net assets in yuan; null where unknown.")]
    burden: Annotated[
        float | None, Field(description="Given over equity; null where that is unknown or not above zero.")
    ]


class MutualPair(Answer):
    """互保: two members who guarantee each other."""

    one: Party
    other: Party
    given: Annotated[float, Field(description=f"What one guarantees for the other. {_AMOUNT}")]
    received: Annotated[float, Field(description=f"What the other guarantees for the one. {_AMOUNT}")]
    net: Annotated[float, Field(description="What is left when the two are set off.")]


class GroupOverlap(Answer):
    """Members that are in one ownership group: who controls them, and who they are."""

    controllers: list[Party]
    members: list[Party]


class Break(Answer):
    """The edges of the smallest known amount without which no circle is left."""

    guarantees: list[EntityId]
    edges: int
    amount: float
    unknown: Annotated[
        int, Field(description="Edges of it without a known amount; each counts as the largest known.")
    ]
    exact: Annotated[bool, Field(description="Whether it is proven that no other set comes to less.")]


class Circle(Answer):
    """担保圈: parties each of whom guarantees, over some steps, every other. Two make a mutual pair (互保)."""

    id: str = Field(description="The same as long as the members are the same.")
    kind: Annotated[str, Field(description="circle, or mutual_pair for two members.")]
    total_amount: float = Field(description=_AMOUNT)
    net_amount: float = Field(
        description="What is left when what two members guarantee each other is set off."
    )
    unknown_amounts: int = Field(description="Guarantees in it without a known amount.")
    members: Annotated[list[CircleMember], Field(description="By id.")]
    members_total: int
    edges: Annotated[list[CircleEdge], Field(description="Largest first.")]
    edges_total: int
    mutual_pairs: list[MutualPair]
    mutual_pairs_total: int
    groups: Annotated[
        list[GroupOverlap],
        Field(description="Where two members or more are in one ownership group; a state body makes none."),
    ]
    breaking: Break


class Chain(Answer):
    """担保链: parties outside circles each of which guarantees the next."""

    length: int = Field(description="Guarantees in it.")
    members: list[Party]
    edges: list[GuaranteeEdge]
    total_amount: float = Field(description=_AMOUNT)
    unknown_amounts: int


class GuaranteeCircles(Answer):
    """Circles by total amount, the largest first, then by id; and the longest chains, one for each last debtor."""

    as_of: dt.date
    known_at: dt.date | None
    guarantees: int = Field(description="Pairs of guarantor and debtor on record for the day.")
    circles: list[Circle]
    total: int
    next: Cursor
    chains: Section[Chain]
    findings: list[Finding]


# --- the graph -----------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Guarantees:
    """Guarantees of a View as edges from guarantor to debtor, and the circles among them."""

    view: View
    guarantor: Rows
    debtor: Rows
    thing: Rows
    amount: Floats
    joint: NDArray[np.bool_]
    refused: int
    """Amounts below zero, which count as unknown."""
    index: diffusion.Index

    @cached_property
    def circles(self) -> kernel.Circles:
        """All circles."""
        return kernel.circles(self.index, self.amount)

    @cached_property
    def ids(self) -> list[str]:
        """The id of each circle: a hash of its members' ids."""
        return [self._id(circle) for circle in range(len(self.circles))]

    def _id(self, circle: int) -> str:
        members = sorted(self.view.ids(self.circles.members(circle)))
        return hashlib.blake2b(" ".join(members).encode(), digest_size=12).hexdigest()

    @cached_property
    def order(self) -> list[int]:
        """Circles by total amount, the largest first, then by id."""
        total = np.round(self.circles.gross, 2)
        return sorted(range(len(self.circles)), key=lambda at: (-total.item(at), self.ids[at]))


def _guarantees(view: View) -> _Guarantees:
    """The guarantees of a View. Kept by View."""
    return view.foundation("guarantees", lambda: _made(view))


def _made(view: View) -> _Guarantees:
    guarantor, debtor, thing = two_parts(view, "Guarantee", ("guarantor", "debtor"))
    apart = np.flatnonzero(guarantor != debtor)
    guarantor, debtor, thing = guarantor[apart], debtor[apart], thing[apart]
    stated = dense(view, "Guarantee", "amount")[thing]
    good = np.isfinite(stated) & (stated >= 0)
    keys = view.id_keys()
    index = diffusion.index(guarantor.astype(np.int32), debtor.astype(np.int32), keys, keys[thing])
    return _Guarantees(
        view,
        guarantor,
        debtor,
        thing,
        np.where(good, stated, np.nan),
        joint_guarantees(view)[thing],
        int((~good & ~np.isnan(stated)).sum()),
        index,
    )


# --- the question --------------------------------------------------------------------------------------------------


def guarantee_circles(
    view: View, *, page: Page = FIRST_PAGE, chain_edges: int = CHAIN_EDGES, most_chains: int = MOST_CHAINS
) -> GuaranteeCircles:
    """Circles of guarantees, mutual pairs, and long chains.

    Args:
        view: What the asker may see, on the day asked for.
        page: How many circles, and behind which cursor.
        chain_edges: Fewest guarantees of a chain.
        most_chains: How many chains are listed, the longest first.

    Raises:
        InvalidInput: The cursor is not valid.
    """
    found = _guarantees(view)

    def position(at: int) -> Position:
        return -round(found.circles.gross.item(at), 2), found.ids[at]

    shown, after = cut(found.order, page, position, "guarantee circles", view.as_of.isoformat())
    return GuaranteeCircles(
        as_of=view.as_of,
        known_at=view.known_at,
        guarantees=len(found.thing),
        circles=[_circle(found, at) for at in shown],
        total=len(found.order),
        next=after,
        chains=_chains(found, chain_edges, most_chains),
        findings=list(_findings(found)),
    )


def _circle(found: _Guarantees, at: int) -> Circle:
    view, circles = found.view, found.circles
    members = circles.members(at)
    breaking = view.kept(("circle breaking", found.ids[at]), lambda: kernel.breaking(circles, at))
    chosen = set(breaking.edge)
    edges = sorted(circles.edges(at).tolist(), key=lambda edge: _place(found, edge))
    pairs = circles.pairs(at)
    removed = [edge for edge in edges if edge in chosen]
    return Circle(
        id=found.ids[at],
        kind="circle" if len(members) > 2 else "mutual_pair",  # noqa: PLR2004 - a pair is two
        total_amount=_yuan(circles.gross.item(at)),
        net_amount=_yuan(circles.net.item(at)),
        unknown_amounts=circles.unknown.item(at),
        members=_members(found, at),
        members_total=len(members),
        edges=[_circle_edge(found, edge, breaking, len(members)) for edge in edges[:MOST_EDGES]],
        edges_total=len(edges),
        mutual_pairs=_pairs(found, edges, pairs[:MOST_MEMBERS]),
        mutual_pairs_total=len(pairs),
        groups=_overlaps(view, members.astype(np.int64)),
        breaking=Break(
            guarantees=list(dict.fromkeys(view.id(found.thing.item(edge)) for edge in removed))[:MOST_EDGES],
            edges=len(removed),
            amount=_yuan(breaking.amount),
            unknown=breaking.unknown,
            exact=breaking.exact,
        ),
    )


def _yuan(amount: float) -> float:
    """An amount to the fen, which no order of sums shows in."""
    return round(float(amount), 2)


def _place(found: _Guarantees, edge: int) -> tuple[float, str, str, str]:
    """Where an edge stands: largest first, then by ids; unknown amounts last."""
    amount, ids = found.amount.item(edge), found.view.id
    rows = (found.thing.item(edge), found.guarantor.item(edge), found.debtor.item(edge))
    one, two, three = (ids(row) for row in rows)
    return (float("inf") if np.isnan(amount) else -amount), one, two, three


def _members(found: _Guarantees, at: int) -> list[CircleMember]:
    view, circles = found.view, found.circles
    span = slice(circles.first.item(at), circles.first.item(at + 1))
    unknown: dict[int, int] = {}
    for edge in circles.edges(at).tolist():
        if np.isnan(found.amount.item(edge)):
            giver = found.guarantor.item(edge)
            unknown[giver] = unknown.get(giver, 0) + 1
    columns = (circles.member[span], circles.given[span], circles.received[span])
    rows = zip(*(column.tolist() for column in columns), strict=True)
    chosen = sorted(rows, key=lambda line: view.id_key(line[0]))[:MOST_MEMBERS]
    equity = equity_of(view)
    return [
        CircleMember(
            **who(view, row),
            given=_yuan(given),
            received=_yuan(received),
            net=_yuan(given - received),
            unknown_given=unknown.get(row, 0),
            equity=None if np.isnan(worth := equity.value.item(row)) else _yuan(worth),
            burden=round(given / worth, PLACES) if worth > 0 else None,
        )
        for row, given, received in chosen
    ]


def _edge(found: _Guarantees, edge: int) -> dict[str, object]:
    """A guarantee as the fields of a line."""
    view, thing = found.view, found.thing.item(edge)
    guarantor, debtor = found.guarantor.item(edge), found.debtor.item(edge)
    amount = found.amount.item(edge)
    records = of_units(view, thing)
    return {
        "guarantee": view.id(thing),
        "name": view.name(thing),
        "guarantor": view.id(guarantor),
        "guarantor_name": view.name(guarantor),
        "debtor": view.id(debtor),
        "debtor_name": view.name(debtor),
        "amount": None if np.isnan(amount) else amount,
        "kind": view.value(thing, "kind"),
        "joint": found.joint.item(edge),
        "records": refs(records),
    }


def _circle_edge(found: _Guarantees, edge: int, breaking: kernel.Breaking, size: int) -> CircleEdge:
    left = breaking.effects.get(edge)
    return CircleEdge(
        **_edge(found, edge),  # type: ignore[arg-type]
        in_break=edge in breaking.edge,
        left=left,
        freed=None if left is None else size - sum(left),
    )


def _pairs(found: _Guarantees, edges: Sequence[int], pairs: Sequence[tuple[int, int]]) -> list[MutualPair]:
    view = found.view
    sums: dict[tuple[int, int], float] = {}
    for edge in edges:
        ends = found.guarantor.item(edge), found.debtor.item(edge)
        sums[ends] = sums.get(ends, 0.0) + float(np.nan_to_num(found.amount.item(edge)))
    ordered = [tuple(sorted(pair, key=view.id_key)) for pair in pairs]
    made = []
    for one, other in sorted(ordered, key=lambda pair: [view.id_key(row) for row in pair]):
        given, received = _yuan(sums[one, other]), _yuan(sums[other, one])
        made.append(
            MutualPair(
                one=party(view, one),
                other=party(view, other),
                given=given,
                received=received,
                net=_yuan(abs(given - received)),
            )
        )
    return made


# --- ownership groups ----------------------------------------------------------------------------------------------


def _overlaps(view: View, members: Rows) -> list[GroupOverlap]:
    """Members that stand under one computed controller, or are it; what the state alone has in common is nothing."""
    controller = whole(view).control.controller[members]
    tops = np.where(controller >= 0, controller, members)
    shared, which, count = np.unique(tops, return_inverse=True, return_counts=True)
    groups: dict[tuple[int, ...], list[int]] = {}
    for number in np.flatnonzero(count > 1).tolist():
        for row in members[which == number].tolist():
            groups.setdefault(_tops(view, row, shared.item(number)), []).append(row)
    states = set(stakes.state_bodies(view).tolist())
    made = [
        GroupOverlap(
            controllers=[party(view, top) for top in tops],
            members=[party(view, row) for row in sorted(rows, key=view.id_key)[:MOST_MEMBERS]],
        )
        for tops, rows in groups.items()
        if len(rows) > 1 and states.isdisjoint(tops)
    ]
    made.sort(key=lambda overlap: (-len(overlap.members), [one.id for one in overlap.controllers]))
    return made[:MOST_OVERLAPS]


def _tops(view: View, row: int, controller: int) -> tuple[int, ...]:
    """Who is at the top of the group of a party, in order of id; below a state body the highest company."""
    if row == controller:
        return (row,)
    realm = below_state(view, row) if of_state(view, row) else whole(view)
    tops = realm.nodes[list(realm.tops(realm.place(row)))].tolist()
    return tuple(sorted(tops, key=view.id_key))


# --- chains, findings ----------------------------------------------------------------------------------------------


def _chains(found: _Guarantees, at_least: int, most: int) -> Section[Chain]:
    chains, total = kernel.chains(found.index, at_least=at_least, most=most)
    return Section[Chain](lines=[_chain(found, chain) for chain in chains], total=total, next=None)


def _chain(found: _Guarantees, chain: kernel.Chain) -> Chain:
    amount = found.amount[chain.edges]
    return Chain(
        length=len(chain.edges),
        members=[party(found.view, row) for row in chain.nodes],
        edges=[GuaranteeEdge(**_edge(found, edge)) for edge in chain.edges],  # type: ignore[arg-type]
        total_amount=_yuan(np.nansum(amount)),
        unknown_amounts=int(np.isnan(amount).sum()),
    )


def _findings(found: _Guarantees) -> Iterator[Finding]:
    if not len(found.thing):
        text = "没有担保资料 / no guarantee is on record"
        yield Finding(code="no_guarantees", message=text, records=[])
    unknown = int(np.isnan(found.amount).sum())
    if unknown:
        text = (
            f"{unknown} 笔担保金额未知，不计入合计；拆圈时按圈内最大已知金额计 / the amounts of {unknown} guarantees "
            "are unknown and left out of sums; to break a circle each counts as the largest known in it"
        )
        yield Finding(code="unknown_amounts", message=text, records=[])
    if found.refused:
        text = (
            f"{found.refused} 笔担保金额为负或无效，按未知计 / "
            f"{found.refused} amounts are negative or no number, and taken for unknown"
        )
        yield Finding(code="amounts_refused", message=text, records=[])
    shared = len(found.thing) - len(np.unique(found.thing))
    if shared:
        text = (
            "有担保由多人提供或为多人提供，每一对担保人与债务人各计全额 / guarantees of several guarantors or for "
            "several debtors count in full for each pair"
        )
        yield Finding(code="shared_guarantees", message=text, records=[])
