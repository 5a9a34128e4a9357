"""制度: what a law counts as beneficial owner, as `data/beneficial_owner_*.yaml` declares; code knows only tests.

A criterion is met by a natural person. `test: interest` measures a share against `threshold`, which itself counts
where `equality` is true. `measures` are what is counted (capital, votes, income; the largest decides), and `counted`
how: multiplied along a chain and added across chains; as what companies that the person controls hold directly; or as
what the person has of entities that control the company. `test: control` asks who controls, alone or jointly;
`disclosed` counts a disclosed controller where nothing can be computed. `unless` names criteria that come before it.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Mapping
from enum import StrEnum
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Literal, Self

from pydantic import Field, model_validator

from graph.errors import InvalidInput
from queries.declared import Declared, Wording, read_all, shipped

_PREFIX: Final = "beneficial_owner_"


class Measure(StrEnum):
    """What a share is a share of."""

    CAPITAL = "capital"
    VOTES = "votes"
    INCOME = "income"


class Counted(StrEnum):
    """How shares through several layers are counted."""

    MULTIPLIED = "multiplied"
    THROUGH_CONTROLLED_HOLDERS = "through_controlled_holders"
    IN_CONTROLLING_ENTITIES = "in_controlling_entities"


class _Rule(Declared):
    article: str = Field(min_length=1)
    text: Wording


class InterestCriterion(_Rule):
    """A share that makes a natural person a beneficial owner."""

    id: str
    test: Literal["interest"]
    measures: tuple[Measure, ...] = Field(min_length=1)
    counted: Counted
    threshold: float = Field(gt=0, le=1)
    equality: bool
    unless: tuple[str, ...] = ()


class ControlCriterion(_Rule):
    """Control, alone or jointly, that makes a natural person a beneficial owner."""

    id: str
    test: Literal["control"]
    disclosed: bool
    unless: tuple[str, ...] = ()


Criterion = Annotated[InterestCriterion | ControlCriterion, Field(discriminator="test")]
Offices = Annotated[tuple[str, ...], Field(min_length=1)]


class Fallback(_Rule):
    """Who is named where nobody meets a criterion: by office, the first that somebody holds or all of them.

    `deemed` is whether the law then takes them for beneficial owners.
    """

    deemed: bool
    take: Literal["first", "all"]
    offices: Offices


class StateOwned(_Rule):
    """国有独资、国有控股: whose officers stand for the owner of a company that the state has, by its stated nature."""

    natures: tuple[str, ...]
    offices: Offices


class ExemptionRule(_Rule):
    """Small companies held by natural persons alone, which need not file once they have made a commitment."""

    capital_at_most: float = Field(gt=0)
    currency: str


class Regime(Declared):
    """One law: its criteria in order, and what it says beyond them."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: Wording
    version: str
    in_force_from: dt.date
    source: str
    criteria: tuple[Criterion, ...] = Field(min_length=1)
    fallback: Fallback
    state_owned: StateOwned | None = None
    exemption: ExemptionRule | None = None

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        before: set[str] = set()
        for criterion in self.criteria:
            if criterion.id in before:
                raise ValueError(f"two criteria have the id {criterion.id!r}")
            if wrong := set(criterion.unless) - before:
                raise ValueError(
                    f"{criterion.id}: `unless` names no criterion before it: {', '.join(sorted(wrong))}"
                )
            before.add(criterion.id)
        return self


def regime(name: str, folder: Path | None = None) -> Regime:
    """A regime by its name; files in `folder` stand before those that come with guanxi.

    Raises:
        InvalidInput: There is no such regime; the error lists those there are.
        DataError: A file is not as it must be; the error says where.
    """
    known = {**_shipped(), **(_declared(folder) if folder else {})}
    if name not in known:
        raise InvalidInput(
            "regime",
            f"没有 {name} 制度 / there is no regime {name!r}",
            hint=f"one of {', '.join(sorted(known))}",
        )
    return known[name]


@functools.cache
def _shipped() -> Mapping[str, Regime]:
    return _declared(shipped())


def _declared(folder: Traversable | Path) -> dict[str, Regime]:
    return {found.name: found for found in read_all(Regime, folder, _PREFIX)}
