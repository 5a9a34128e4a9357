"""情景分析: distress and the firm's book before and after what a scenario changes, and scenarios side by side."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.errors import InvalidInput
from graph.view import View
from queries.exposure import exposures
from queries.models import Answer, EntityId, Finding
from queries.risk import Parameters, Question, Shocked, declared, resolved, rounded
from queries.risk_channels import Channels, channels
from queries.risk_findings import findings as missing
from queries.risk_models import run
from queries.risk_positions import net_by_row
from queries.scenario_changes import Applied, Scenario, applied
from queries.statements import who

DEFAULT_LIMIT: Final = 20
MOST_COMPARED: Final = 8

Three = NDArray[np.float64]
"""Low, central and high distress by row."""


@dataclass(slots=True, kw_only=True)
class AtRisk:
    """Distress of a party, or what the firm has at risk in yuan, with its range."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    value: float
    low: float
    high: float


@dataclass(slots=True, kw_only=True)
class Shift:
    """A party whose distress is another under the scenario."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    before: AtRisk
    after: AtRisk
    difference: Annotated[float, Field(description="After less before.")]
    net: Annotated[float, Field(description="The firm's net exposure to it, in yuan.")]
    at_risk_difference: Annotated[float, Field(description="Net exposure times the difference, in yuan.")]


class Side(Answer):
    """One run, of the graph as it is or as the scenario has it."""

    shocks: list[EntityId]
    hit: Annotated[int, Field(description="Parties in distress, those shocked among them.")]
    at_risk: Annotated[AtRisk, Field(description="The firm's net exposure times distress, in yuan.")]
    rounds: int
    converged: bool
    findings: list[Finding]


class ScenarioOutcome(Answer):
    """Before and after a scenario. Parties by the size of the difference, the largest first, then by id."""

    name: str
    hash: str
    as_of: dt.date
    known_at: dt.date | None
    model: str
    parameters: Parameters
    changes: list[Applied]
    before: Side
    after: Side
    at_risk_difference: float
    parties: list[Shift]
    total: Annotated[int, Field(description="Parties whose distress or its range differs.")]


class Compared(Answer):
    """One of several scenarios."""

    name: str
    hash: str
    before: Side
    after: Side
    at_risk_difference: float
    changed: int


@dataclass(slots=True, kw_only=True)
class Across:
    """Distress of a party under each scenario, in their order."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    distress: list[AtRisk]
    spread: Annotated[float, Field(description="The largest of them less the smallest.")]
    net: float


class Comparison(Answer):
    """Scenarios side by side. Parties by how far the scenarios are apart, then by id."""

    as_of: dt.date
    known_at: dt.date | None
    model: str
    parameters: Parameters
    scenarios: list[Compared]
    parties: list[Across]
    total: Annotated[int, Field(description="Parties whose distress or its range is not the same in all.")]


class _Run:
    """A scenario run on both sides."""

    def __init__(self, view: View, scenario: Scenario, question: Question, parameters: Channels) -> None:
        what_if = applied(view, scenario)
        self.scenario = scenario
        self.changes = what_if.applied
        self.before, self.distress_before = _side(view, what_if.before, question, parameters, view)
        self.after, self.distress = _side(what_if.view, what_if.after, question, parameters, view)

    @property
    def at_risk_difference(self) -> float:
        """What the scenario adds to what the firm has at risk, in yuan."""
        return round(self.after.at_risk.value - self.before.at_risk.value, 2)


def scenario_outcome(
    view: View,
    scenario: Scenario,
    question: Question | None = None,
    *,
    parameters: Channels | None = None,
    limit: int = DEFAULT_LIMIT,
) -> ScenarioOutcome:
    """Distress before and after what a scenario changes.

    Args:
        view: What the asker may see, on the day asked for.
        scenario: Shocks, and what is other than on record.
        question: The model and its settings.
        parameters: The channels; those that come with guanxi where absent.
        limit: Most parties in the answer.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `scenario_changes.applied` and `risk.shock`.
    """
    question, used = _asked(question), parameters or channels()
    ran = _Run(view, scenario, question, used)
    order = _differing(view, np.stack([ran.distress_before, ran.distress]))
    net = net_by_row(view)
    return ScenarioOutcome(
        name=scenario.name,
        hash=scenario.hash,
        as_of=view.as_of,
        known_at=view.known_at,
        model=question.model,
        parameters=declared(used.without(*question.without)),
        changes=ran.changes,
        before=ran.before,
        after=ran.after,
        at_risk_difference=ran.at_risk_difference,
        parties=[_shift(view, row, ran, net.item(row)) for row in order[:limit]],
        total=len(order),
    )


def compare(
    view: View,
    scenarios: Sequence[Scenario],
    question: Question | None = None,
    *,
    parameters: Channels | None = None,
    limit: int = DEFAULT_LIMIT,
) -> Comparison:
    """Scenarios side by side on the same day.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `scenario_outcome`; also fewer than two scenarios, or too many.
    """
    if not 2 <= len(scenarios) <= MOST_COMPARED:  # noqa: PLR2004 - one has nothing beside it
        raise InvalidInput(
            "scenarios", f"应比较 2 到 {MOST_COMPARED} 个情景 / compare 2 to {MOST_COMPARED} scenarios"
        )
    question, used = _asked(question), parameters or channels()
    runs = [_Run(view, scenario, question, used) for scenario in scenarios]
    distress = np.stack([one.distress for one in runs])
    order = _differing(view, distress)
    net = net_by_row(view)
    return Comparison(
        as_of=view.as_of,
        known_at=view.known_at,
        model=question.model,
        parameters=declared(used.without(*question.without)),
        scenarios=[
            Compared(
                name=one.scenario.name,
                hash=one.scenario.hash,
                before=one.before,
                after=one.after,
                at_risk_difference=one.at_risk_difference,
                changed=len(_differing(view, np.stack([one.distress_before, one.distress]))),
            )
            for one in runs
        ],
        parties=[
            Across(
                **who(view, row),
                distress=[_ranged(one[:, row]) for one in distress],
                spread=rounded(np.ptp(distress[:, 1, row])),
                net=net.item(row),
            )
            for row in order[:limit]
        ],
        total=len(order),
    )


def _asked(question: Question | None) -> Question:
    question = question or Question()
    if question.model == "pagerank":
        raise InvalidInput(
            "model",
            "pagerank 给出相关度，不是困境 / pagerank gives relevance, no distress",
            hint="linear, original, clearing, cascade",
        )
    return question


def _side(
    view: View, shocks: Sequence[Shocked], question: Question, parameters: Channels, seen: View
) -> tuple[Side, Three]:
    """One run, and distress by row of `seen`, whose rows the scenario's view has too; without shocks there is none."""
    distress = np.zeros((3, seen.size))
    if not shocks:
        nothing = AtRisk(value=0.0, low=0.0, high=0.0)
        return Side(shocks=[], hit=0, at_risk=nothing, rounds=0, converged=True, findings=[]), distress
    given = resolved(view, shocks)
    outcome = run(exposures(view, parameters, question.without), given, question.model, question.sampling)
    distress[:, outcome.row] = np.stack([outcome.low, outcome.distress, outcome.high])
    value = distress * net_by_row(seen)
    low, central, high = (round(float(np.sort(one[one > 0]).sum()), 2) for one in value)
    return Side(
        shocks=[view.id(row) for row in given.node.tolist()],
        hit=int((distress[1] > 0).sum()),
        at_risk=AtRisk(value=central, low=low, high=high),
        rounds=outcome.rounds,
        converged=outcome.converged,
        findings=missing(view, outcome, given),
    ), distress


def _differing(view: View, distress: NDArray[np.float64]) -> list[int]:
    """Rows in which runs differ (runs × 3 × rows), by how far apart the central values are, then by id."""
    spread = np.round(np.ptp(distress, axis=0), 12)
    rows = np.flatnonzero(spread.max(axis=0) > 0)
    order: list[int] = rows[np.lexsort((view.id_keys()[rows], -spread[1, rows]))].tolist()
    return order


def _ranged(three: NDArray[np.float64]) -> AtRisk:
    low, value, high = (rounded(one) for one in three.tolist())
    return AtRisk(value=value, low=low, high=high)


def _shift(view: View, row: int, ran: _Run, net: float) -> Shift:
    before, after = _ranged(ran.distress_before[:, row]), _ranged(ran.distress[:, row])
    difference = rounded(after.value - before.value)
    return Shift(
        **who(view, row),
        before=before,
        after=after,
        difference=difference,
        net=net,
        at_risk_difference=round(net * difference, 2),
    )
