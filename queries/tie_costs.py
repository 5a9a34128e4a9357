"""关系成本: what a tie costs in a path, as declared in `data/tie_costs.yaml`."""

from __future__ import annotations

import functools
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from graph.schema import edge_model, edge_types
from queries.declared import Declared, read, shipped

SHARED_ADDRESS: Final = "SHARED_ADDRESS"
"""同一地址: two companies whose sources state one address; no edge of the data model, made where it is asked for."""

Cost = Annotated[float, Field(ge=0.001, le=1000)]


class TieCost(Declared):
    """One tie: the cost of a step, and whether it is walked unless a question names others."""

    cost: Cost
    party: bool


class HoldingStep(Declared):
    """The cost of a holding of this share or more."""

    at_least: float = Field(alias="from", ge=0, le=1)
    cost: Cost


class Acquaintance(Declared):
    """The cost of knowing somebody, from the weakest to the strongest."""

    weakest: Cost
    strongest: Cost


class TieCosts(Declared):
    """The whole table. Ties are edge types; `PARTY_TO:Guarantee` is the part in a thing of that type."""

    version: str
    ties: dict[str, TieCost]
    holding: list[HoldingStep] = Field(min_length=1)
    acquaintance: Acquaintance
    most_at_one_address: int = Field(ge=2, le=1000)
    decision_offices: list[str] = Field(min_length=1)

    @model_validator(mode="after")
    def _whole(self) -> Self:
        known = set(tie_names())
        if wrong := known.symmetric_difference(self.ties):
            raise ValueError(
                f"ties that are missing, or that the data model lacks: {', '.join(sorted(wrong))}"
            )
        steps = [step.at_least for step in self.holding]
        if steps != sorted(set(steps), reverse=True) or steps[-1] != 0:
            raise ValueError("the steps of `holding` must fall, down to 0")
        if self.acquaintance.strongest > self.acquaintance.weakest:
            raise ValueError("knowing somebody well must not cost more than knowing somebody a little")
        return self

    @functools.cached_property
    def default(self) -> frozenset[str]:
        """The ties between parties, which are walked unless a question names others."""
        return frozenset(name for name, tie in self.ties.items() if tie.party)


def tie_names() -> tuple[str, ...]:
    """Every tie that a path may take, in the order of the data model."""
    names: list[str] = []
    for edge_type in edge_types():
        if edge_type == "PARTY_TO":
            names += [f"PARTY_TO:{kind}" for kind in edge_model(edge_type).joins[1]]
        else:
            names.append(edge_type)
    return (*names, SHARED_ADDRESS)


@functools.cache
def tie_costs() -> TieCosts:
    """The declared table.

    Raises:
        DataError: The file is not as it must be; the error says where.
    """
    return read(TieCosts, shipped("tie_costs.yaml"), "mend the file, or install guanxi anew")
