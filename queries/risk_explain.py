"""冲击解释: what each party's distress came through: shares by channel and neighbour, strongest paths, a sentence."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.algorithms import diffusion
from graph.algorithms.diffusion import Shock
from graph.algorithms.paths import COST_UNIT
from graph.algorithms.shock_paths import Strongest, strongest_paths
from graph.view import View
from queries.exposure import Exposures, Unknown
from queries.models import EntityId, Line
from queries.owners import PLACES
from queries.risk_channels import CHANNELS
from queries.risk_outcome import Outcome
from queries.statements import refs, who

MOST_NEIGHBOURS: Final = 20
MOST_PATHS: Final = 3
_TRIED: Final = 12
"""How many nearest neighbours are looked at: the best path to one may run through the party itself."""

Rows = NDArray[np.int64]


@dataclass(slots=True, kw_only=True)
class ChannelShare:
    """How much of a party's distress came through one channel."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    channel: str
    name: str
    name_en: str
    share: Annotated[float, Field(description="Part of the distress; with `own_shock` all add up to it.")]


@dataclass(slots=True, kw_only=True)
class NeighbourShare:
    """How much of a party's distress came directly from one other."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    channels: list[str]
    share: Annotated[float, Field(description="Part of the distress.")]


@dataclass(slots=True, kw_only=True)
class Step(Line):
    """One edge of a path: who hits whom through what, and the records that say that they are tied."""

    source: EntityId
    source_name: str
    target: EntityId
    target_name: str
    channel: str
    channel_name: str
    channel_name_en: str
    weight: Annotated[float, Field(description="Distress of the target for a unit of that of the source.")]
    weight_low: float
    weight_high: float
    unknown: Annotated[
        list[str],
        Field(description="What no source states of it: amount, equity, share. It makes the range."),
    ]


@dataclass(slots=True, kw_only=True)
class Path:
    """A chain of edges from a shocked party."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    strength: Annotated[
        float, Field(description="Shock times the weights along it, each counted as at most 1.")
    ]
    steps: list[Step]


@dataclass(frozen=True)
class Explanation:
    """What explains the distress of one party."""

    own: float
    uncapped: float
    channels: list[ChannelShare]
    neighbours: list[NeighbourShare]
    neighbours_total: int
    neighbours_rest: float
    paths: list[Path]


class Shown:
    """Parties and edges of one answer as it shows them, each made once."""

    def __init__(self, view: View, edges: Exposures) -> None:
        self.view = view
        self.edges = edges
        self._parties: dict[int, dict[str, str]] = {}
        self._steps: dict[int, Step] = {}

    def who(self, row: int) -> dict[str, str]:
        """A party by id, name and type."""
        if row not in self._parties:
            self._parties[row] = who(self.view, row)
        return self._parties[row]

    def path(self, chosen: Iterable[int], strength: float) -> Path:
        """A path of some edges in their order."""
        return Path(strength=_rounded(strength), steps=[self.step(edge) for edge in chosen])

    def step(self, edge: int) -> Step:
        """One edge."""
        if edge not in self._steps:
            self._steps[edge] = self._step(edge)
        return self._steps[edge]

    def _step(self, edge: int) -> Step:
        edges = self.edges
        channel = CHANNELS[edges.channel.item(edge)]
        declared = edges.parameters.channels[channel].name
        source, target = self.who(edges.source.item(edge)), self.who(edges.target.item(edge))
        low, central, high = edges.weight[:, edge].tolist()
        return Step(
            source=source["id"],
            source_name=source["name"],
            target=target["id"],
            target_name=target["name"],
            channel=channel,
            channel_name=declared.zh,
            channel_name_en=declared.en,
            weight=_rounded(central),
            weight_low=_rounded(low),
            weight_high=_rounded(high),
            unknown=[str(one.name).lower() for one in Unknown(edges.unknown.item(edge))],
            records=refs(edges.records(edge)),
        )


def explanations(view: View, outcome: Outcome, rows: Sequence[int]) -> list[Explanation]:
    """The explanation of some parties."""
    wanted = np.array(rows, np.int32)
    shares = diffusion.attribution(outcome.network, outcome.spread, wanted)
    shown = Shown(view, outcome.edges)
    paths = _paths(shown, outcome, rows)
    found = []
    for at in range(len(rows)):
        part = slice(shares.first.item(at), shares.first.item(at + 1))
        edge, source, share = shares.edge[part], shares.source[part], shares.share[part]
        neighbours = _neighbours(shown, edge, source, share)
        found.append(
            Explanation(
                own=_rounded(shares.own.item(at)),
                uncapped=_rounded(shares.own.item(at) + float(shares.inflow[part].sum())),
                channels=_channels(outcome.edges, edge, share),
                neighbours=neighbours.shown,
                neighbours_total=neighbours.total,
                neighbours_rest=neighbours.rest,
                paths=paths[at],
            )
        )
    return found


def _rounded(value: float) -> float:
    return round(float(value), PLACES)


def _channels(edges: Exposures, edge: NDArray[np.int32], share: NDArray[np.float64]) -> list[ChannelShare]:
    sums = np.bincount(edges.channel[edge], share, minlength=len(CHANNELS))
    declared = edges.parameters.channels
    found = [
        ChannelShare(
            channel=name,
            name=declared[name].name.zh,
            name_en=declared[name].name.en,
            share=_rounded(sums[at]),
        )
        for at, name in enumerate(CHANNELS)
        if sums[at] > 0
    ]
    return sorted(found, key=lambda line: (-line.share, line.channel))


class _Neighbours(NamedTuple):
    """Those shown, how many there are, and the share of the others."""

    shown: list[NeighbourShare]
    total: int
    rest: float


def _neighbours(
    shown: Shown, edge: NDArray[np.int32], source: NDArray[np.int32], share: NDArray[np.float64]
) -> _Neighbours:
    sums: dict[int, float] = {}
    through: dict[int, set[str]] = {}
    channels = shown.edges.channel[edge].tolist()
    for channel, row, part in zip(channels, source.tolist(), share.tolist(), strict=True):
        sums[row] = sums.get(row, 0.0) + part
        through.setdefault(row, set()).add(CHANNELS[channel])
    order = sorted(sums, key=lambda row: (-_rounded(sums[row]), shown.view.id_key(row)))
    lines = [
        NeighbourShare(**shown.who(row), channels=sorted(through[row]), share=_rounded(sums[row]))
        for row in order[:MOST_NEIGHBOURS]
    ]
    return _Neighbours(lines, len(order), _rounded(sum(sums[row] for row in order[MOST_NEIGHBOURS:])))


# --- paths ---------------------------------------------------------------------------------------------------------


def _paths(shown: Shown, outcome: Outcome, rows: Sequence[int]) -> list[list[Path]]:
    """Of each the best path over each of its nearest neighbours, strongest first."""
    spread = outcome.spread
    given = spread.shock > 0
    start = Shock(spread.node[given], np.minimum(spread.shock[given], 1.0))
    tree = strongest_paths(outcome.network, start)
    return [list(_paths_to(shown, outcome, tree, row)) for row in rows]


def _paths_to(shown: Shown, outcome: Outcome, tree: Strongest, row: int) -> Iterator[Path]:
    index, behind = outcome.edges.index, outcome.network.behind
    place = index.place.item(row)
    at = slice(behind.first.item(place), behind.first.item(place + 1))
    strength = _strengths(tree, behind.other[at]) * np.minimum(behind.weight[at], 1.0)
    best = np.argsort(-strength, kind="stable")[:_TRIED]
    left = MOST_PATHS
    for one in best[strength[best] > 0].tolist():
        before = tree.path(index.row.item(behind.other.item(at.start + one)))
        if before is None or row in before.nodes:
            continue
        edges = [*before.edges, index.edge.item(index.back.item(at.start + one))]
        yield shown.path(edges, strength.item(one))
        left -= 1
        if not left:
            return


def _strengths(tree: Strongest, places: NDArray[np.int32]) -> NDArray[np.float64]:
    """How strong the strongest path to each place is, 0 where there is none."""
    cost = tree.search.cost[places]
    return np.where(tree.search.settled[places] > 0, np.exp(-(cost - 1) / COST_UNIT), 0.0)
