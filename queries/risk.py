"""风险传导: where a shock travels, through what, how sure that is, and what the firm has at risk there."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.algorithms.diffusion import Shock
from graph.errors import InvalidInput
from graph.schema import PARTIES
from graph.view import View
from queries.exposure import exposures
from queries.models import Answer, Cursor, EntityId, Finding
from queries.owners import PLACES
from queries.paging import Page, Position, cut
from queries.risk_channels import Channel, Channels, channels
from queries.risk_explain import ChannelShare, Explanation, NeighbourShare, Path, explanations
from queries.risk_findings import findings, unknown_holders
from queries.risk_models import MODELS, Model, Sampling, run
from queries.risk_outcome import Outcome
from queries.risk_positions import net_by_row
from queries.risk_text import sentences
from queries.statements import who

MOST_SHOCKS: Final = 200
DEFAULT_VICTIMS: Final = 20
FIRST_PAGE: Final = Page(DEFAULT_VICTIMS)
DEFAULT_SHOCK: Final = 1.0
"""违约: a party that defaults is in full distress."""

Rows = NDArray[np.int64]


@dataclass(frozen=True, slots=True)
class Shocked:
    """A party, by id, code or unambiguous name, and how hard it is hit, from 0 to 1."""

    ref: str
    size: float = DEFAULT_SHOCK


_SAMPLING: Final = Sampling()


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked of a shock: the model, channels left out, and how random numbers are drawn."""

    model: Model = "linear"
    without: tuple[str, ...] = ()
    sampling: Sampling = _SAMPLING


@dataclass(slots=True, kw_only=True)
class ShockedParty:
    """A party that was shocked: by how much, and its distress when all has come back to it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    size: float
    distress: float


@dataclass(slots=True, kw_only=True)
class ExposureAtRisk:
    """What the firm itself has on a party, in yuan: net of collateral, and that times the distress."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    net: float
    at_risk: Annotated[float | None, Field(description="Null in pagerank, which gives no distress.")]
    at_risk_low: float | None
    at_risk_high: float | None


@dataclass(slots=True, kw_only=True)
class Victim:
    """A party that distress came to, how much, and through what."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    distress: Annotated[float, Field(description="From 0 to 1; in pagerank a relevance that adds up to 1.")]
    distress_low: float
    distress_high: float
    own_shock: Annotated[float, Field(description="The part that is its own shock.")]
    channels: Annotated[
        list[ChannelShare], Field(description="With `own_shock` they add up to the distress.")
    ]
    neighbours: list[NeighbourShare]
    neighbours_total: int
    neighbours_rest: Annotated[
        float, Field(description="What came through those not shown; with them and `own_shock` all add up.")
    ]
    paths: Annotated[list[Path], Field(description="The strongest, first.")]
    text: str
    text_en: str
    capped: Annotated[bool, Field(description="Whether more came in than there is to lose.")]
    uncapped: Annotated[float, Field(description="Its own shock and all that came in, before the cap.")]
    unknown_holders: Annotated[
        float | None,
        Field(
            description="Part of its capital whose holders are unknown: so much left the known graph there."
        ),
    ]
    exposure: ExposureAtRisk


class ChannelUsed(Channel):
    """A channel as declared: formula, parameters, source."""

    id: str


class Parameters(Answer):
    """The channels as the answer used them; `version` tells them from every other setting."""

    version: str
    equity: str
    channels: list[ChannelUsed]


class Propagation(Answer):
    """Where shocks travel: every party in distress, by distress, then by id; those shocked alone are not listed."""

    shocks: list[ShockedParty]
    as_of: dt.date
    known_at: dt.date | None
    model: str
    parameters: Parameters
    victims: list[Victim]
    total: int
    next: Cursor
    rounds: Annotated[int, Field(description="Rounds of the model; runs of a cascade.")]
    converged: bool
    residual: Annotated[float, Field(description="The most distress of a party that was not passed on.")]
    seed: Annotated[int | None, Field(description="Of a model that draws random numbers.")]
    at_risk: Annotated[
        float | None,
        Field(description="Yuan of the firm at risk with all parties hit and shocked; null in pagerank."),
    ]
    at_risk_low: float | None
    at_risk_high: float | None
    findings: list[Finding]


def shock(
    view: View,
    shocks: Sequence[Shocked],
    question: Question | None = None,
    *,
    parameters: Channels | None = None,
    page: Page = FIRST_PAGE,
) -> Propagation:
    """Where shocks travel, and through what.

    Args:
        view: What the asker may see, on the day asked for.
        shocks: Who is hit, and how hard.
        question: The model and its settings.
        parameters: The channels; those that come with guanxi where absent.
        page: How many victims, and behind which cursor.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: A shock outside [0, 1], none or too many, one party twice, no party, an unknown model or channel.
    """
    question = question or Question()
    hit = resolved(view, shocks)
    found = exposures(view, parameters or channels(), question.without)
    used = found.parameters
    outcome = run(found, hit, question.model, question.sampling)
    order = _order(view, outcome, hit)

    def position(at: int) -> Position:
        return -outcome.distress.item(at), view.id(outcome.row.item(at))

    asked = (
        "shock", question.model, used.hash, str(question.sampling), view.as_of.isoformat(),
        *(f"{view.id(row)}={size}" for row, size in zip(hit.node.tolist(), hit.size.tolist(), strict=True)),
    )  # fmt: skip
    shown, after = cut(order, page, position, *asked)
    risk = [_at_risk(view, outcome, values) for values in (outcome.distress, outcome.low, outcome.high)]
    return Propagation(
        shocks=_shocked(view, outcome, hit),
        as_of=view.as_of,
        known_at=view.known_at,
        model=question.model,
        parameters=declared(used),
        victims=_victims(view, outcome, shown),
        total=len(order),
        next=after,
        rounds=outcome.rounds,
        converged=outcome.converged,
        residual=rounded(outcome.spread.residual),
        seed=question.sampling.seed if question.model == "cascade" else None,
        at_risk=risk[0],
        at_risk_low=risk[1],
        at_risk_high=risk[2],
        findings=findings(view, outcome, hit),
    )


def model_named(name: str) -> Model:
    """The model of a name. Raises InvalidInput, which lists those there are."""
    for model in MODELS:
        if model == name:
            return model
    raise InvalidInput(
        "model", f"没有 {name} 模型 / there is no model {name!r}", hint=f"one of {', '.join(MODELS)}"
    )


def rounded(value: float) -> float:
    """A number as an answer shows it: what stands behind 12 places depends on the order of sums."""
    return round(float(value), PLACES)


def resolved(view: View, shocks: Sequence[Shocked]) -> Shock:
    """The parties of shocks by row, in the order of their ids.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: A shock outside [0, 1], none or too many, one party twice, or no party.
    """
    if not 1 <= len(shocks) <= MOST_SHOCKS:
        raise InvalidInput(
            "shocks",
            f"冲击应有 1 到 {MOST_SHOCKS} 个 / between 1 and {MOST_SHOCKS} shocks, not {len(shocks)}",
        )
    sizes: dict[int, float] = {}
    for one in shocks:
        if not 0 <= one.size <= 1:
            raise InvalidInput(
                "size",
                f"冲击应在 0 到 1 之间 / a shock is from 0 to 1, not {one.size}",
                hint="1 为违约 / 1 is a default",
            )
        row = view.resolve(one.ref)
        if view.kind(row) not in PARTIES:
            raise InvalidInput(
                "party",
                f"{view.name(row)} 不是公司或个人 / is a {view.kind(row)}, neither a company nor a person",
            )
        if row in sizes:
            raise InvalidInput("shocks", f"{view.name(row)} 出现两次 / is shocked twice")
        sizes[row] = one.size
    rows = sorted(sizes, key=view.id_key)
    return Shock(np.array(rows, np.int32), np.array([sizes[row] for row in rows], np.float64))


def declared(used: Channels) -> Parameters:
    """The channels as an answer quotes them, those left out too."""
    return Parameters(
        version=used.label,
        equity=str(used.equity),
        channels=[
            ChannelUsed(id=name, **channel.model_dump(by_alias=True))
            for name, channel in used.channels.items()
        ],
    )


def _order(view: View, outcome: Outcome, hit: Shock) -> list[int]:
    """Places of the parties that distress came to, by distress, then by id."""
    own = np.zeros(view.size)
    own[hit.node] = hit.size
    more = (
        outcome.distress > 0 if not outcome.capped else outcome.distress > np.round(own[outcome.row], PLACES)
    )
    more |= outcome.high > np.round(np.maximum(own[outcome.row], outcome.distress), PLACES)
    more &= ~((own[outcome.row] > 0) & (outcome.distress <= np.round(own[outcome.row], PLACES)))
    places = np.flatnonzero(more)
    keys = view.id_keys()[outcome.row[places]]
    order: list[int] = places[np.lexsort((keys, -outcome.distress[places]))].tolist()
    return order


def _shocked(view: View, outcome: Outcome, hit: Shock) -> list[ShockedParty]:
    distress = np.zeros(view.size)
    distress[outcome.row] = outcome.distress
    return [
        ShockedParty(**who(view, row), size=size, distress=distress.item(row))
        for row, size in zip(hit.node.tolist(), hit.size.tolist(), strict=True)
    ]


def _at_risk(view: View, outcome: Outcome, distress: NDArray[np.float64]) -> float | None:
    if not outcome.capped:
        return None
    values = net_by_row(view)[outcome.row] * distress
    return round(float(np.sort(values[values > 0]).sum()), 2)


def _victims(view: View, outcome: Outcome, shown: Sequence[int]) -> list[Victim]:
    rows = outcome.row[list(shown)].tolist()
    explained = explanations(view, outcome, rows)
    return [_victim(view, outcome, at, why) for at, why in zip(shown, explained, strict=True)]


def _victim(view: View, outcome: Outcome, at: int, why: Explanation) -> Victim:
    row = outcome.row.item(at)
    distress, low, high = (values.item(at) for values in (outcome.distress, outcome.low, outcome.high))
    net = net_by_row(view).item(row)
    text, text_en = sentences(view, outcome, at, why)
    return Victim(
        **who(view, row),
        distress=distress,
        distress_low=low,
        distress_high=high,
        own_shock=why.own,
        channels=why.channels,
        neighbours=why.neighbours,
        neighbours_total=why.neighbours_total,
        neighbours_rest=why.neighbours_rest,
        paths=why.paths,
        text=text,
        text_en=text_en,
        capped=outcome.capped and why.uncapped > 1,
        uncapped=why.uncapped,
        unknown_holders=unknown_holders(view, row),
        exposure=ExposureAtRisk(
            net=net,
            at_risk=round(net * distress, 2) if outcome.capped else None,
            at_risk_low=round(net * low, 2) if outcome.capped else None,
            at_risk_high=round(net * high, 2) if outcome.capped else None,
        ),
    )
