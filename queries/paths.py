"""关联路径: how two parties are connected, and what joins several.

A path is a walk over facts; a guarantee, a deal or a shared director is two steps through what stands in between. A
state body is an end of the road: it may be an end of a path, not stand in its middle, unless that is asked for. So is
a member of the firm's own staff, unless a question names the types to walk: that one banker looks after two clients
joins neither to the other. An answer is complete, or `truncated` says which limit cut it.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from pydantic import ConfigDict, Field

from graph.algorithms import paths as kernel
from graph.algorithms.paths import COST_UNIT, Cut, Limits, Path
from graph.errors import InvalidInput, NotFound
from graph.view import Fact, View
from queries.labels import Label, relation_label
from queries.models import Answer, Day, EntityId, Party, Records, Value
from queries.statements import party, refs
from queries.tie_costs import SHARED_ADDRESS, tie_costs, tie_names
from queries.ties import INVESTOR_TIES, Ties, Wanted, investor_ties, ties_for

Mode = Literal["shortest", "cheapest", "joining"]
MODES: Final[tuple[Mode, ...]] = ("shortest", "cheapest", "joining")
Direction = Literal["any", "forward"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("any", "forward")
Filter = Literal["shared_officers", "shared_addresses", "shared_investors"]
FILTERS: Final[Mapping[Filter, frozenset[str]]] = {
    "shared_officers": frozenset({"OFFICER_OF"}),
    "shared_addresses": frozenset({SHARED_ADDRESS}),
    "shared_investors": INVESTOR_TIES,
}
"""共同高管, 同一地址, 共同投资人: the ties that each ready-made filter walks."""

FEWEST_PARTIES: Final = 2
MOST_PARTIES: Final = 50
MOST_HOPS: Final = kernel.MOST_HOPS
MOST_PATHS: Final = 100
DEFAULT_PATHS: Final = 10

_WORK: Final[Mapping[Mode, int]] = {"shortest": 10_000_000, "cheapest": 4_000_000, "joining": 4_000_000}
"""Most visible ties looked at for one answer: about a second each; by cost a tie takes longer to look at."""

_SHARED_ADDRESS_LABEL: Final = Label("同一地址", "Same address")


# --- the question ---


@dataclass(frozen=True)
class PathQuestion:
    """What is asked for; refuses what cannot be.

    Raises:
        InvalidInput: A value is out of range or unknown, or two do not go together.
    """

    parties: Sequence[str]
    mode: str | None = None
    types: Sequence[str] = ()
    filter: str | None = None
    direction: str = "any"
    min_ratio: float | None = None
    max_hops: int = MOST_HOPS
    limit: int = DEFAULT_PATHS
    through_state_bodies: bool = False

    def __post_init__(self) -> None:
        if not FEWEST_PARTIES <= len(self.parties) <= MOST_PARTIES:
            raise _out_of_range("parties", FEWEST_PARTIES, MOST_PARTIES, f"{len(self.parties)}")
        if not 1 <= self.max_hops <= MOST_HOPS:
            raise _out_of_range("max_hops", 1, MOST_HOPS, f"{self.max_hops}")
        if not 1 <= self.limit <= MOST_PATHS:
            raise _out_of_range("limit", 1, MOST_PATHS, f"{self.limit}")
        if self.min_ratio is not None and not 0 <= self.min_ratio <= 1:
            raise _out_of_range("min_ratio", 0, 1, f"{self.min_ratio}")
        _one_of("direction", self.direction, DIRECTIONS)
        if self.mode is not None:
            _one_of("mode", self.mode, MODES)
        if self.filter is not None:
            _one_of("filter", self.filter, tuple(FILTERS))
            self._goes_with_filter()
        if self.how != "joining" and len(self.parties) != FEWEST_PARTIES:
            raise InvalidInput(
                "mode", f"{self.mode} 只用于两方 / {self.mode} is for two parties; joining is for several"
            )

    def _goes_with_filter(self) -> None:
        if self.types:
            raise InvalidInput(
                "types", "filter 已定关系类型，不能同时给出 types / a filter says the types; do not name any"
            )
        if self.direction != "any":
            raise InvalidInput(
                "direction", "filter 不分方向 / what is shared has no direction; leave it out with a filter"
            )

    @property
    def how(self) -> Mode:
        """The mode, or the one that fits as many parties."""
        for mode in MODES:
            if self.mode == mode:
                return mode
        return "shortest" if len(self.parties) == FEWEST_PARTIES else "joining"

    @property
    def ties(self) -> frozenset[str]:
        """The ties to be walked. Raises InvalidInput where a type is unknown."""
        for name, walked in FILTERS.items():
            if self.filter == name:
                return walked
        if not self.types:
            return tie_costs().default
        return frozenset(name for wanted in self.types for name in _named(wanted))


def _out_of_range(field: str, low: float, high: float, found: str) -> InvalidInput:
    return InvalidInput(
        field, f"{field} 应在 {low} 到 {high} 之间 / {field} must be {low} to {high}, not {found}"
    )


def _one_of(field: str, found: str, allowed: Sequence[str]) -> None:
    if found not in allowed:
        listed = ", ".join(allowed)
        raise InvalidInput(field, f"{field} 应为其中之一 / {field} is one of {listed}; not {found!r}")


def _named(wanted: str) -> list[str]:
    """The ties that a type means: PARTY_TO is the part in anything, PARTY_TO:Guarantee that in a guarantee."""
    found = [name for name in tie_names() if wanted in (name, name.partition(":")[0])]
    if not found:
        known = ", ".join(tie_names())
        raise InvalidInput("types", f"没有 {wanted} 这种关系 / there is no such type; there are: {known}")
    return found


# --- the answer ---


class PathEdge(Answer):
    """A step: a fact, which way it was walked, what it costs, and the records behind it."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    type: str = Field(description="Edge type of the data model, or SHARED_ADDRESS.")
    start: EntityId = Field(alias="from")
    end: EntityId = Field(alias="to")
    direction: Literal["forward", "backward"] = Field(
        description="forward: walked from `from` to `to`; backward: the other way."
    )
    label: str
    label_en: str
    properties: dict[str, Value]
    valid_from: Day
    valid_to: Day
    start_unknown: bool = Field(description="True where `valid_from` is merely the source's own date.")
    cost: float
    records: Records


class FoundPath(Answer):
    """One connection: a node more than edges, from the first party to the second."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    length: int = Field(description="Number of steps.")
    cost: float = Field(description="Sum of the declared costs of its steps.")
    nodes: list[Party]
    edges: list[PathEdge]


class Joined(Answer):
    """What joins the parties: a tree for each part of them that is connected."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    nodes: list[Party]
    edges: list[PathEdge]
    parts: list[list[EntityId]] = Field(description="The parties that are joined with each other.")
    cost: float


class Truncated(Answer):
    """Which limit cut the answer short."""

    by: Literal["work", "hops", "results"] = Field(
        description="work: ties looked at; hops: longer connections may exist; results: more paths than asked for."
    )
    limit: int
    text: str
    text_en: str


class Paths(Answer):
    """How the parties are connected: paths (shortest in order of ids, others cheapest first), or what joins them."""

    model_config = ConfigDict(frozen=True, extra="forbid", serialize_by_alias=True)

    parties: list[Party]
    mode: Mode
    types: list[str] = Field(description="The ties that could be walked.")
    as_of: dt.date | None
    known_at: dt.date | None
    paths: list[FoundPath]
    joined: Joined | None
    truncated: Truncated | None = Field(description="null where the answer is complete.")


# --- from one to the other ---


def paths(view: View, asked: PathQuestion) -> Paths:
    """How parties are connected.

    Two parties: all shortest paths, or the cheapest by declared cost. Any number: the subgraph that joins them.

    Raises:
        NotFound: A party does not exist or may not be seen; `fields` says which.
        Ambiguous: Several things have a party's name.
        InvalidInput: A type is unknown, or a party is named twice.
    """
    walked = asked.ties
    rows = _rows(view, asked.parties)
    ties = investor_ties(view) if asked.filter == "shared_investors" else ties_for(view, walked)
    nodes = [_node(view, asked, ties, row) for row in rows]
    wanted = Wanted(
        walked,
        asked.direction == "forward",
        asked.min_ratio,
        through_state_bodies=asked.through_state_bodies,
        through_staff=bool(asked.types),
    )
    shown = Shown(view, ties)
    found, joined, cut = _asked(ties, wanted, asked, nodes, shown)
    return Paths(
        parties=[party(view, row) for row in rows],
        mode=asked.how,
        types=[name for name in tie_names() if name in walked],
        as_of=view.as_of,
        known_at=view.known_at,
        paths=found,
        joined=joined,
        truncated=truncated(cut, _limit_of(cut, asked)),
    )


def _asked(
    ties: Ties, wanted: Wanted, asked: PathQuestion, nodes: list[int], shown: Shown
) -> tuple[list[FoundPath], Joined | None, Cut]:
    walk, work = ties.between(wanted, nodes), _WORK[asked.how]
    if asked.how == "joining":
        with ties.space() as space:
            tree = kernel.joining(walk, np.array(nodes, np.int32), ties.price, space, budget=work)
        return [], shown.joined(tree, nodes), tree.cut
    ends, limits = (nodes[0], nodes[1]), Limits(asked.max_hops, asked.limit, work)
    with ties.space() as space:
        if asked.how == "shortest":
            found = kernel.shortest_paths(walk, ends, ties.price.cost, space, limits)
        else:
            found = kernel.cheapest_paths(walk, ends, ties.price, space, limits)
    return [shown.path(path) for path in found.paths], None, found.cut


def _rows(view: View, parties: Sequence[str]) -> list[int]:
    rows: list[int] = []
    missing: list[int] = []
    for place, ref in enumerate(parties):
        try:
            rows.append(view.resolve(ref))
        except NotFound:
            missing.append(place)
    if missing:
        named = ", ".join(repr(parties[place]) for place in missing)
        raise NotFound(
            f"找不到 {named} / nothing is called {named}",
            fields=[f"parties.{place}" for place in missing],
            hint="用搜索找出它的编号 / search for its id",
        )
    twice = [parties[place] for place, row in enumerate(rows) if row in rows[:place]]
    if twice:
        raise InvalidInput("parties", f"{twice[0]!r} 重复 / {twice[0]!r} is a party that is named before")
    return rows


def _node(view: View, asked: PathQuestion, ties: Ties, row: int) -> int:
    """Where a party stands in the graph: among investors a person is one, a company is one that is invested in."""
    if asked.filter == "shared_investors" and view.kind(row) != "Company":
        return ties.helping_row(row)
    return row


def _limit_of(cut: Cut, asked: PathQuestion) -> int:
    return {Cut.WORK: _WORK[asked.how], Cut.HOPS: asked.max_hops, Cut.RESULTS: asked.limit}.get(cut, 0)


def truncated(cut: Cut, limit: int) -> Truncated | None:
    """What cut an answer short, for people and programs."""
    if cut is Cut.WORK:
        return Truncated(
            by="work", limit=limit,
            text=f"查看了 {limit:,} 条关系后停止，结果可能不全；请缩小关系类型或提高持股比例下限",
            text_en=f"stopped before looking at more than {limit:,} ties; name fewer types or a higher ratio",
        )  # fmt: skip
    if cut is Cut.HOPS:
        return Truncated(
            by="hops", limit=limit,
            text=f"仅查找 {limit} 步以内，可能存在更长的路径",
            text_en=f"only up to {limit} steps were looked for; there may be longer connections",
        )  # fmt: skip
    if cut is Cut.RESULTS:
        return Truncated(
            by="results", limit=limit,
            text=f"仅列出前 {limit} 条路径，还有更多",
            text_en=f"these are the first {limit} paths; there are more",
        )  # fmt: skip
    return None


# --- how it is shown ---


class Shown:
    """Makes what an answer shows of rows and edges, each once."""

    def __init__(self, view: View, ties: Ties) -> None:
        self._view = view
        self._ties = ties
        self._parties: dict[int, Party] = {}
        self._facts: dict[int, Fact] = {}

    def party(self, node: int) -> Party:
        """The entity behind a node."""
        row = self._ties.row(node)
        if row not in self._parties:
            self._parties[row] = party(self._view, row)
        return self._parties[row]

    def fact(self, edge: int) -> Fact:
        """What an edge states."""
        if edge not in self._facts:
            piece, place = self._ties.piece_at(edge)
            assert piece.fact is not None  # noqa: S101  # narrows the type: helping edges are in no answer
            self._facts[edge] = piece.fact(place)
        return self._facts[edge]

    def path(self, path: Path) -> FoundPath:
        """A path of the kernel."""
        edges = [self.edge(edge, node) for edge, node in zip(path.edges, path.nodes[:-1], strict=True)]
        return FoundPath(
            length=len(edges),
            cost=cost_of(path.cost),
            nodes=[self.party(node) for node in path.nodes],
            edges=edges,
        )

    def edge(self, edge: int, node: int | None = None) -> PathEdge:
        """A step over an edge from a node, or the edge as such."""
        fact = self.fact(edge)
        forward = node is None or self._ties.start.item(edge) == node
        label = step_label(fact.type, forward=forward)
        view, cost = self._view, self._ties.price.cost.item(edge)
        values = {
            "type": fact.type,
            "from": view.id(fact.start),
            "to": view.id(fact.end),
            "direction": "forward" if forward else "backward",
            "label": label.zh,
            "label_en": label.en,
            "properties": dict(fact.props),
            "valid_from": fact.valid_from,
            "valid_to": fact.valid_to,
            "start_unknown": fact.start_unknown,
            "cost": cost_of(cost),
            "records": refs(fact.records),
        }
        return PathEdge.model_validate(values)

    def joined(self, tree: kernel.Joined, nodes: Sequence[int]) -> Joined:
        """A subgraph of the kernel."""
        keys = self._ties.keyed.node
        ordered = sorted(set(nodes), key=lambda node: int(keys[node]))
        parts: dict[int, list[str]] = {}
        for node, part in zip(ordered, tree.part, strict=True):
            parts.setdefault(part, []).append(self.party(node).id)
        return Joined(
            nodes=[self.party(node) for node in tree.nodes.tolist()],
            edges=[self.edge(edge) for edge in tree.edges.tolist()],
            parts=list(parts.values()),
            cost=cost_of(tree.cost),
        )


def cost_of(parts: int) -> float:
    """A cost of the kernel as declared."""
    return round(parts / COST_UNIT, 6)


def step_label(edge_type: str, *, forward: bool) -> Label:
    """What stands at the other end of a step, seen from where it begins."""
    if edge_type == SHARED_ADDRESS:
        return _SHARED_ADDRESS_LABEL
    return relation_label(edge_type, "out" if forward else "in")
