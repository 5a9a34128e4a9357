"""商机规则: the declared rules of the sources; data, not code."""

from __future__ import annotations

import functools
from collections.abc import Sequence
from hashlib import blake2b
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Literal, Self

from pydantic import Field, model_validator

from graph.errors import DataError
from queries.catalogue import Catalogue
from queries.declared import Declared, Wording, read, shipped

SourceName = Literal["events", "white_space", "look_alikes", "collaborative", "chain"]

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


class WhiteSpaceRule(Declared):
    """集团空白: how pressing it is."""

    urgency: Part


class LookAlikeRule(Declared):
    """相似客户: how many neighbours are asked, how alike they must be, and how many of them must have a product."""

    neighbours: Annotated[int, Field(ge=1, le=200)]
    least_likeness: Part
    least_holders: Annotated[int, Field(ge=1)]
    least_share: Part
    urgency: Part


class CollaborativeRule(Declared):
    """协同过滤: the parameters of the factorisation, and how many of a client's best products are proposed."""

    factors: Annotated[int, Field(ge=1, le=64)]
    iterations: Annotated[int, Field(ge=1, le=100)]
    regularization: Annotated[float, Field(gt=0)]
    confidence: Annotated[float, Field(gt=0)]
    each: Annotated[int, Field(ge=1)]
    least_score: Part
    fewest_clients: Annotated[int, Field(ge=2)]
    urgency: Part
    seed: Annotated[int, Field(ge=0)]


Relation = Literal["supplier", "customer", "investor", "officer"]


class ChainRule(Declared):
    """What a company that stands in a relation to a good client may need."""

    id: Annotated[str, Field(pattern=r"^[a-z][a-z0-9-]*$")]
    relation: Relation
    product: str
    strength: Part
    urgency: Part
    why: Wording


class ChainRules(Declared):
    """产业链与关系链: what makes a good client, and the rules."""

    good_products: Annotated[int, Field(ge=1)]
    most_offices: Annotated[int, Field(ge=1)]
    rules: list[ChainRule]


class OpportunityRules(Declared):
    """All of them."""

    version: str
    rates: Rates
    sources: list[SourceName]
    white_space: WhiteSpaceRule
    look_alikes: LookAlikeRule
    collaborative: CollaborativeRule
    chain: ChainRules
    events: list[EventRule]

    @model_validator(mode="after")
    def _once(self) -> Self:
        seen: set[str] = set()
        for rule in self.about_products:
            if rule.id in seen:
                raise ValueError(f"规则 {rule.id} 重复 / appears twice")
            seen.add(rule.id)
        if unbelieved := [name for name in self.sources if name not in self.rates.take_up]:
            raise ValueError(f"没有先验比率 / no rate is declared for {', '.join(unbelieved)}")
        return self

    @property
    def about_products(self) -> Sequence[EventRule | ChainRule]:
        """Every rule about one product."""
        return [*self.events, *self.chain.rules]

    @functools.cached_property
    def label(self) -> str:
        """Version and a hash of all."""
        return f"{self.version}+{blake2b(self.model_dump_json().encode(), digest_size=6).hexdigest()}"

    def check(self, catalogue: Catalogue) -> None:
        """Refuse rules about products that the catalogue does not have. Raises DataError."""
        for rule in self.about_products:
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
