"""商机规则: the declared rules of the sources; data, not code."""

from __future__ import annotations

import functools
from hashlib import blake2b
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from graph.errors import DataError
from queries.catalogue import Catalogue
from queries.declared import Declared, Wording, read, shipped

Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Trigger(Declared):
    """What a rule waits for: kinds of events, of deals (by role), of securities that mature; a new controller."""

    event: list[str] = Field(default_factory=list)
    deal: list[str] = Field(default_factory=list)
    role: list[Literal["target", "investors"]] = Field(default_factory=list)
    security: list[str] = Field(default_factory=list)
    controller: bool = False

    @model_validator(mode="after")
    def _something(self) -> Self:
        if not (self.event or self.deal or self.security or self.controller):
            raise ValueError("规则没有触发条件 / the rule waits for nothing")
        if self.deal and not self.role:
            raise ValueError("交易触发须说明角色 / a rule about deals must say in which role")
        return self


class EventRule(Declared):
    """事件规则: what may be needed after, or before, something happens, and from when to when."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    when: Trigger
    product: str
    opens: Annotated[int, Field(ge=-3650, le=3650)]
    closes: Annotated[int, Field(ge=-3650, le=3650)]
    strength: Part
    urgency: Part
    why: Wording

    @model_validator(mode="after")
    def _window(self) -> Self:
        if self.opens >= self.closes:
            raise ValueError(f"窗口为空 / the window opens at {self.opens} and closes at {self.closes}")
        return self


class Belief(Declared):
    """What is believed of a rate before there is feedback: its mean, worth so many observations (Beta prior)."""

    mean: Annotated[float, Field(gt=0, lt=1)]
    weight: Annotated[float, Field(gt=0, le=10_000)]

    def after(self, good: float, all_of_them: float) -> float:
        """The mean once so many were observed (Beta-Binomial: Gelman et al., Bayesian Data Analysis, 2.4)."""
        return (self.mean * self.weight + good) / (self.weight + all_of_them)


class Rates(Declared):
    """The beliefs: by source how often what it proposes is taken up, and how often that is won."""

    take_up: dict[str, Belief]
    won: Belief


class OpportunityRules(Declared):
    """All of them."""

    version: str
    rates: Rates
    events: list[EventRule]

    @model_validator(mode="after")
    def _once(self) -> Self:
        seen: set[str] = set()
        for rule in self.events:
            if rule.id in seen:
                raise ValueError(f"规则 {rule.id} 重复 / appears twice")
            seen.add(rule.id)
        return self

    @functools.cached_property
    def label(self) -> str:
        """Version and a hash of all."""
        return f"{self.version}+{blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()}"

    def check(self, catalogue: Catalogue) -> None:
        """Refuse rules about products that the catalogue does not have. Raises DataError."""
        for rule in self.events:
            if rule.product not in catalogue.places:
                raise DataError(
                    f"规则 {rule.id}：产品目录中没有 {rule.product} / the catalogue has no product {rule.product!r}",
                    hint=f"one of {', '.join(catalogue.places)}",
                )


def opportunity_rules(file: Path | None = None) -> OpportunityRules:
    """The rules that come with guanxi, or a firm's own. Raises DataError that says where it is wrong."""
    return _shipped() if file is None else _read(file)


@functools.cache
def _shipped() -> OpportunityRules:
    return _read(shipped("opportunity_rules.yaml"))


def _read(file: Traversable | Path) -> OpportunityRules:
    return read(OpportunityRules, file, "改正商机规则文件 / mend the file of opportunity rules")
