"""本公司敞口: what the firm has at risk, by client, group, industry and product, and which clients matter most."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.algorithms import diffusion
from graph.algorithms.diffusion import Shock
from graph.errors import InvalidInput
from graph.view import View
from queries.exposure import exposures
from queries.group_realm import below_state, of_state, whole
from queries.group_totals import clients as clients_of
from queries.models import Answer, EntityId, Finding
from queries.risk import Parameters, Question, Shocked, declared, resolved, rounded
from queries.risk_channels import Channels, channels
from queries.risk_models import run
from queries.risk_positions import Positions, positions, products
from queries.stakes import Floats
from queries.statements import who

MOST_LINES: Final = 100
DEFAULT_RANKED: Final = 20
HIT: Final = 0.01
"""A party counts as hit from this distress on."""

Rows = NDArray[np.int64]


@dataclass(slots=True, kw_only=True)
class BookLine:
    """What the firm has at risk on a client, a group, an industry or through a product, in yuan."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: Annotated[EntityId | None, Field(description="Null for what has no group, industry or product.")]
    name: str
    kind: str | None
    exposures: int
    amount: float
    net: Annotated[float, Field(description="After collateral, exposure by exposure.")]
    at_risk: Annotated[float, Field(description="Net amount times distress of the client.")]
    at_risk_low: float
    at_risk_high: float
    gross_at_risk: Annotated[
        float, Field(description="Amount times distress, were the collateral worthless.")
    ]


class BookSection(Answer):
    """Lines by what is at risk, gross, then by amount, then by id."""

    lines: list[BookLine]
    total: int


class Book(Answer):
    """The firm's own book, as it is or under a shock. A client in several industries counts in each."""

    as_of: dt.date
    known_at: dt.date | None
    shocks: list[EntityId]
    model: str | None
    parameters: Parameters | None
    exposures: int
    amount: float
    collateral: float
    net: float
    at_risk: float
    at_risk_low: float
    at_risk_high: float
    gross_at_risk: float
    by_client: BookSection
    by_group: BookSection
    by_industry: BookSection
    by_product: BookSection
    findings: list[Finding]


@dataclass(frozen=True, slots=True)
class _Lines:
    """The positions with what is at risk of each: net low, central, high, and gross."""

    found: Positions
    risk: NDArray[np.float64]

    def total(self, lines: Rows) -> tuple[int, list[float]]:
        """How many exposures, and the sums of amount, net and risk; each exposure counts once, at its worst client."""
        order = lines[np.lexsort((-self.risk[3, lines], self.found.exposure[lines]))]
        _, first = np.unique(self.found.exposure[order], return_index=True)
        once = order[first]
        columns = (np.nan_to_num(self.found.amount), self.found.net, *self.risk)
        return len(once), [round(float(np.sort(column[once]).sum()), 2) for column in columns]


def book(
    view: View,
    shocks: Sequence[Shocked] = (),
    question: Question | None = None,
    *,
    parameters: Channels | None = None,
) -> Book:
    """The firm's book, under a shock where one is given.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `risk.shock`.
    """
    question = question or Question()
    if question.model == "pagerank":
        raise InvalidInput(
            "model",
            "pagerank 给出相关度，不是困境 / pagerank gives relevance, no distress",
            hint="linear, original, clearing, cascade",
        )
    network = exposures(view, parameters or channels(), question.without)
    used, found = network.parameters, positions(view)
    distress, hit = np.zeros((3, view.size)), list[int]()
    if shocks:
        given = resolved(view, shocks)
        outcome = run(network, given, question.model, question.sampling)
        distress[:, outcome.row] = np.minimum(np.stack([outcome.low, outcome.distress, outcome.high]), 1.0)
        hit = given.node.tolist()
    at = distress[:, found.client]
    lines = _Lines(found, np.concatenate([at * found.net, at[1:2] * np.nan_to_num(found.amount)]))
    everything = np.arange(len(found.client))
    count, (amount, net, low, central, high, gross) = lines.total(everything)
    product = products(view)
    return Book(
        as_of=view.as_of,
        known_at=view.known_at,
        shocks=[view.id(row) for row in hit],
        model=question.model if shocks else None,
        parameters=declared(used) if shocks else None,
        exposures=count,
        amount=amount,
        collateral=_collateral(found),
        net=net,
        at_risk=central,
        at_risk_low=low,
        at_risk_high=high,
        gross_at_risk=gross,
        by_client=_section(view, lines, {at: [(row,)] for at, row in enumerate(found.client.tolist())}),
        by_group=_section(view, lines, _groups(view, found)),
        by_industry=_section(view, lines, _industries(view, found)),
        by_product=_section(
            view, lines, {at: [(row,) if row >= 0 else ()] for at, row in enumerate(product.tolist())}
        ),
        findings=_findings(found),
    )


def _collateral(found: Positions) -> float:
    _, first = np.unique(found.exposure, return_index=True)
    return round(float(np.sort(np.nan_to_num(found.collateral)[first]).sum()), 2)


def _findings(found: Positions) -> list[Finding]:
    if not len(found.client):
        return [
            Finding(
                code="no_exposures", message="没有敞口资料 / no exposure of the firm is on record", records=[]
            )
        ]
    unknown = int(np.isnan(found.amount).sum())
    message = (
        f"{unknown} 笔敞口金额未知，按 0 计 / the amounts of {unknown} exposures are unknown, counted as 0"
    )
    return [Finding(code="unknown_amounts", message=message, records=[])] if unknown else []


def _section(view: View, lines: _Lines, keys: Mapping[int, list[tuple[int, ...]]]) -> BookSection:
    """Sums by key, which is a tuple of rows: () for none."""
    pools: dict[tuple[int, ...], list[int]] = {}
    for line, found in keys.items():
        for key in found:
            pools.setdefault(key, []).append(line)
    made = [_line(view, lines, key, np.array(at, np.int64)) for key, at in pools.items()]
    made.sort(key=lambda line: (-line.gross_at_risk, -line.amount, line.id or ""))
    return BookSection(lines=made[:MOST_LINES], total=len(made))


def _line(view: View, lines: _Lines, key: tuple[int, ...], at: Rows) -> BookLine:
    count, (amount, net, low, central, high, gross) = lines.total(at)
    return BookLine(
        id=view.id(key[0]) if key else None,
        name="、".join(view.name(row) for row in key) or "未知 / unknown",
        kind=view.kind(key[0]) if key else None,
        exposures=count,
        amount=amount,
        net=net,
        at_risk=central,
        at_risk_low=low,
        at_risk_high=high,
        gross_at_risk=gross,
    )


def _groups(view: View, found: Positions) -> dict[int, list[tuple[int, ...]]]:
    groups = client_groups(view)
    return {at: [groups[row]] for at, row in enumerate(found.client.tolist())}


def client_groups(view: View) -> Mapping[int, tuple[int, ...]]:
    """By client with an exposure who is at the top of its group, in order of id; itself where nobody is. Kept."""
    return view.foundation("client groups", lambda: _client_groups(view))


def _client_groups(view: View) -> Mapping[int, tuple[int, ...]]:
    return {row: _tops(view, row) for row in np.unique(positions(view).client).tolist()}


def _tops(view: View, row: int) -> tuple[int, ...]:
    if view.kind(row) != "Company":
        return (row,)
    realm = below_state(view, row) if of_state(view, row) else whole(view)
    tops = realm.nodes[list(realm.tops(realm.place(row)))].tolist()
    return tuple(sorted(tops, key=view.id_key))


def _industries(view: View, found: Positions) -> dict[int, list[tuple[int, ...]]]:
    facts = view.arrays("IN_INDUSTRY")
    chosen = np.flatnonzero(np.isin(facts.start, found.client))
    of_client: dict[int, list[tuple[int, ...]]] = {}
    for client, industry in zip(facts.start[chosen].tolist(), facts.end[chosen].tolist(), strict=True):
        of_client.setdefault(client, []).append((industry,))
    return {at: of_client.get(row, [()]) for at, row in enumerate(found.client.tolist())}


# --- systemic ranking ----------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Ranked:
    """A client, and what its default would do to others and to the firm."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    harm: Annotated[
        float, Field(description="Equity that others would lose, in yuan, as far as it is known.")
    ]
    hit: Annotated[int, Field(description=f"Others whose distress would be above {HIT:.0%}.")]
    own: Annotated[float, Field(description="What the firm has on itself, net, in yuan.")]
    at_risk: Annotated[float, Field(description="What the firm would have at risk on others, net, in yuan.")]
    gross_at_risk: Annotated[float, Field(description="The same without collateral.")]


class Ranking(Answer):
    """Clients by the harm that the default of each alone would do (linear DebtRank), then by hits, then by id."""

    as_of: dt.date
    known_at: dt.date | None
    parameters: Parameters
    clients: list[Ranked]
    total: int
    not_converged: int


def ranking(
    view: View,
    *,
    limit: int = DEFAULT_RANKED,
    parameters: Channels | None = None,
    progress: Callable[[int], None] | None = None,
) -> Ranking:
    """The clients whose default would do most harm; every client is run.

    Args:
        view: What the asker may see, on the day asked for.
        limit: Most clients in the answer.
        parameters: The channels; those that come with guanxi where absent.
        progress: Told how many clients are done.
    """
    used = parameters or channels()
    found = exposures(view, used)
    rows = _all_clients(view)
    value = np.stack([np.nan_to_num(found.equity.above_zero), *_firm(view)], axis=1)
    shocks = [Shock(np.array([row], np.int32), np.ones(1)) for row in rows.tolist()]
    impacts = diffusion.impacts(found.central, shocks, value, threshold=HIT, progress=progress)
    harm = np.round(impacts.loss, 2)
    order = np.lexsort((view.id_keys()[rows], -impacts.hit, -harm[:, 0]))[:limit].tolist()
    own = value[rows, 1]
    return Ranking(
        as_of=view.as_of,
        known_at=view.known_at,
        parameters=declared(used),
        clients=[
            Ranked(
                **who(view, rows.item(at)),
                harm=harm.item(at, 0),
                hit=impacts.hit.item(at),
                own=rounded(own.item(at)),
                at_risk=harm.item(at, 1),
                gross_at_risk=harm.item(at, 2),
            )
            for at in order
        ],
        total=len(rows),
        not_converged=int((~impacts.converged).sum()),
    )


def _all_clients(view: View) -> Rows:
    marked = clients_of(view).copy()
    marked[positions(view).client] = True
    return np.flatnonzero(marked).astype(np.int64)


def _firm(view: View) -> tuple[Floats, Floats]:
    """The firm's exposures by row, net and gross."""
    found = positions(view)
    gross = np.bincount(found.client, np.nan_to_num(found.amount), minlength=view.size)
    return found.by_row(view.size), gross.astype(np.float64)
