"""关联方认定规则: what a regime counts as a related party, as declared in `data/related_parties_*.yaml`."""

from __future__ import annotations

import functools
from typing import Final, Literal, Self, get_args

from pydantic import Field, model_validator

from graph.errors import InvalidInput
from queries.declared import Declared, read, shipped

Predicate = Literal[
    "companies_controlling_it",
    "companies_controlling_it_in_concert",
    "companies_of_its_controllers",
    "companies_of_its_parents",
    "companies_controlled_by_it",
    "companies_controlled_by_it_in_concert",
    "companies_holding_it",
    "companies_influencing_it",
    "companies_influenced_by_it",
    "companies_influenced_by_its_group",
    "persons_owning_it",
    "persons_controlling_it",
    "persons_influencing_it",
    "officers_of_it",
    "officers_of_its_controllers",
    "officers_of_its_parents",
    "close_family_of_them",
    "companies_controlled_by_them",
    "companies_influenced_by_them",
    "companies_with_them_in_office",
    "holders_of_it_within_months",
    "officers_of_it_within_months",
]
"""What the code can find out about a company; `them` are the persons that the clauses of `of` catch."""

PREDICATES: Final[tuple[Predicate, ...]] = get_args(Predicate)

REGIMES: Final = ("sse", "cas36")
"""The regimes there are, each with a file."""


class Offices(Declared):
    """Which offices make a director (a word of them, without the words of `not_director`), supervisor, manager."""

    director: list[str] = Field(min_length=1)
    not_director: list[str]
    supervisor: list[str] = Field(min_length=1)
    senior: list[str] = Field(min_length=1)


OfficeKind = Literal["director", "supervisor", "senior"]


class Clause(Declared):
    """One clause: its article and text, and by what the code tells whom it catches."""

    id: str
    article: str
    text: str
    text_en: str
    any_of: list[Predicate] = Field(min_length=1)
    of: list[str] = Field(default_factory=list)
    share: float | None = Field(None, gt=0, le=1)
    months: int | None = Field(None, ge=1, le=120)
    offices: list[OfficeKind] = Field(default_factory=list)

    @model_validator(mode="after")
    def _parameters(self) -> Self:
        needs = {
            "of": ("them", self.of),
            "share": (("holding", "influenc", "owning", "holders"), self.share),
            "offices": (("officers", "office"), self.offices),
            "months": ("months", self.months),
        }
        for name, (words, value) in needs.items():
            wanted = (words,) if isinstance(words, str) else words
            if any(word in predicate for predicate in self.any_of for word in wanted) and not value:
                raise ValueError(f"clause {self.id} needs `{name}` for {', '.join(self.any_of)}")
        return self


class LeftOut(Declared):
    """Who is not counted, and by which article."""

    article: str
    text: str
    text_en: str


class Regime(Declared):
    """A whole regime; clauses stand in the order in which answers list what they catch."""

    regime: str
    title: str
    title_en: str
    version: str
    offices: Offices
    independent: list[str]
    close_family: list[str] = Field(min_length=1)
    clauses: list[Clause] = Field(min_length=1)
    left_out: LeftOut

    @model_validator(mode="after")
    def _whole(self) -> Self:
        ids = [clause.id for clause in self.clauses]
        if len(set(ids)) != len(ids):
            raise ValueError("two clauses have one id")
        settled: set[str] = set()
        waiting = list(self.clauses)
        while waiting:
            ready = [clause for clause in waiting if settled.issuperset(clause.of)]
            if not ready:
                names = ", ".join(clause.id for clause in waiting)
                raise ValueError(f"clauses refer to what is not there, or to each other in a ring: {names}")
            settled.update(clause.id for clause in ready)
            waiting = [clause for clause in waiting if clause.id not in settled]
        return self


def regime_named(name: str) -> Regime:
    """A regime by its name.

    Raises:
        InvalidInput: There is none of that name; the error lists those there are.
        DataError: Its file is not as it must be.
    """
    if name not in REGIMES:
        raise InvalidInput(
            "regime", f"没有规则 {name!r} / there is no regime {name!r}", hint=f"one of {', '.join(REGIMES)}"
        )
    return _read(name)


@functools.cache
def _read(name: str) -> Regime:
    return read(Regime, shipped(f"related_parties_{name}.yaml"), "mend the file, or install guanxi anew")
