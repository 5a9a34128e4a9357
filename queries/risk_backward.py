"""风险来源: which parties would hurt a client most if they defaulted, and through what."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from pydantic import ConfigDict, Field

from graph.algorithms import diffusion
from graph.algorithms.diffusion import Shock
from graph.errors import InvalidInput
from graph.schema import PARTIES
from graph.view import View
from queries.exposure import Exposures, exposures
from queries.models import Answer, EntityId, Finding, Party
from queries.risk import Parameters, declared
from queries.risk_channels import Channels, channels
from queries.risk_explain import ChannelShare, Path, explanations
from queries.risk_findings import unknown_holders
from queries.risk_models import Sampling, run
from queries.risk_text import sentences
from queries.statements import party, who

DEFAULT_LIMIT: Final = 10
MOST: Final = 50


@dataclass(slots=True, kw_only=True)
class Threat:
    """A party whose default would hurt, how much, and through what."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    name: str
    kind: str
    distress: Annotated[float, Field(description="Distress that its default alone would bring.")]
    distress_low: float
    distress_high: float
    channels: Annotated[list[ChannelShare], Field(description="What came in directly; they add up to it.")]
    paths: list[Path]
    text: str
    text_en: str


class Threats(Answer):
    """What threatens a party, worst first, then by id. Each is the linear DebtRank of that party's default alone."""

    client: Party
    as_of: dt.date
    known_at: dt.date | None
    parameters: Parameters
    threats: list[Threat]
    certain: Annotated[
        bool, Field(description="Whether no party that is not listed can hurt more than the last one.")
    ]
    unknown_holders: float | None
    findings: list[Finding]


def threats(
    view: View, ref: str, *, limit: int = DEFAULT_LIMIT, parameters: Channels | None = None
) -> Threats:
    """The parties whose default would hurt somebody most.

    Candidates come from one backward pass of linear sensitivities; each is then run with the cap.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is neither company nor person, or the limit is not from 1 to 50.
    """
    row = view.resolve(ref)
    if view.kind(row) not in PARTIES:
        raise InvalidInput(
            "id", f"{view.name(row)} 不是公司或个人 / is a {view.kind(row)}, neither a company nor a person"
        )
    if not 1 <= limit <= MOST:
        raise InvalidInput("limit", f"limit 应在 1 到 {MOST} 之间 / limit must be between 1 and {MOST}")
    used = parameters or channels()
    found = exposures(view, used)
    listed = diffusion.threats(found.central, row, limit)
    nodes = listed.node[listed.distress > 0].tolist()
    lines = [_threat(view, found, row, node) for node in nodes]
    return Threats(
        client=party(view, row),
        as_of=view.as_of,
        known_at=view.known_at,
        parameters=declared(used),
        threats=sorted(lines, key=lambda line: (-line.distress, line.id)),
        certain=listed.certain,
        unknown_holders=unknown_holders(view, row),
        findings=_findings(view, found, row, len(lines)),
    )


def _threat(view: View, found: Exposures, row: int, node: int) -> Threat:
    """One default, run forward."""
    outcome = run(found, Shock(np.array([node], np.int32), np.ones(1)), "linear", Sampling())
    at = int(np.flatnonzero(outcome.row == row)[0])
    why = explanations(view, outcome, [row])[0]
    text, text_en = sentences(view, outcome, at, why)
    return Threat(
        **who(view, node),
        distress=outcome.distress.item(at),
        distress_low=outcome.low.item(at),
        distress_high=outcome.high.item(at),
        channels=why.channels,
        paths=why.paths,
        text=text,
        text_en=text_en,
    )


def _findings(view: View, found: Exposures, row: int, listed: int) -> list[Finding]:
    if listed:
        unknown = int((found.unknown[found.target == row] > 0).sum())
        message = (
            f"冲击可传至此的 {unknown} 条关系有资料缺失 / "
            f"something is unknown of {unknown} of the ties through which it would be hit"
        )
        return [Finding(code="unknown_ties", message=message, records=[])] if unknown else []
    message = (
        f"没有资料说明谁的困境会传至 {view.name(row)} / "
        f"no source states a tie through which anybody's distress would reach {view.name(row)}"
    )
    return [Finding(code="no_exposures", message=message, records=[])]
