"""线索: what a source proposes, as columns: which company may need which product, by which rule, when, how strongly."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from typing import Any, Final, Protocol, Self

import numpy as np
from numpy.typing import NDArray

from graph.columns import OPEN, day_number
from graph.names import short_key
from graph.view import Fact, View
from graph.view_types import RecordRef
from queries.catalogue import Catalogue
from queries.labels import Label
from queries.stakes import state_bodies

Rows = NDArray[np.int64]
Floats = NDArray[np.float64]
Flags = NDArray[np.bool_]

NEVER: Final = int(OPEN)
"""The last day of what does not expire, as days since 1970-01-01."""

SETTLED: Final = 0.2
"""Part of a rule's urgency that is left at the least pressing day of its window."""


@dataclass(frozen=True)
class Proposals:
    """Columns of one length. Days are numbers since 1970-01-01; `strength` and `urgency` lie in [0, 1].

    `rule` is a place among the rules of the source; `evidence` a row of the View, `detail` what else the source needs
    to explain itself; `dated` the day on which the evidence came up; `amount` is in yuan, NaN where unknown.
    """

    company: Rows
    product: Rows
    rule: Rows
    opens: Rows
    closes: Rows
    dated: Rows
    strength: Floats
    urgency: Floats
    amount: Floats
    evidence: Rows
    detail: Rows

    def __len__(self) -> int:
        return len(self.company)

    def taken(self, which: Rows | Flags) -> Self:
        """Some of them."""
        return type(self)(*(getattr(self, f.name)[which] for f in fields(self)))

    @classmethod
    def joined(cls, parts: Sequence[Proposals]) -> Self:
        """All of several."""
        columns: dict[str, Any] = {
            f.name: np.concatenate([np.zeros(0), *(getattr(part, f.name) for part in parts)])
            for f in fields(cls)
        }
        return cls(**{name: column.astype(_kind(name)) for name, column in columns.items()})

    @classmethod
    def lasting(cls, pairs: tuple[Rows, Rows], by: Mapping[str, NDArray[np.generic] | float]) -> Self:
        """Proposals of (company, product) without a window of their own; columns not given are 0, amounts unknown."""
        size = len(pairs[0])
        given: dict[str, Any] = {
            "company": pairs[0], "product": pairs[1], "closes": NEVER, "amount": np.nan, **by,
        }  # fmt: skip
        columns: dict[str, Any] = {f.name: np.broadcast_to(given.get(f.name, 0), size) for f in fields(cls)}
        return cls(**{name: column.astype(_kind(name)) for name, column in columns.items()})


_NUMBERS: Final = frozenset({"strength", "urgency", "amount"})


def _kind(name: str) -> type[np.float64 | np.int64]:
    return np.float64 if name in _NUMBERS else np.int64


@dataclass(frozen=True)
class Evidence:
    """Why, as a sentence, with the records that say so and the compartments that these need."""

    rule: str
    text: Label
    records: tuple[RecordRef, ...]
    things: tuple[str, ...]
    compartments: frozenset[str]


@dataclass(frozen=True)
class Desk:
    """What all sources read: the View, the catalogue, and who has which product."""

    view: View
    catalogue: Catalogue
    owner: Rows
    owned: Rows
    """Pairs: the row of a company, and the place in the catalogue of a product that it has."""

    holding: Rows
    """By pair, the number of the fact among `view.arrays("OWNS_PRODUCT")`."""

    @property
    def place(self) -> Rows:
        """By row of the View the place in the catalogue of a product; -1 for everything else. Kept by View."""
        return _places(self.view, self.catalogue)

    @property
    def day(self) -> int:
        """The day as a number."""
        return day_number(self.view.as_of)

    @property
    def size(self) -> int:
        """How many products there are."""
        return len(self.catalogue.products)

    def keys(self, company: Rows, product: Rows) -> Rows:
        """One number for each pair."""
        return company.astype(np.int64) * self.size + product

    def has(self, company: Rows, product: Rows) -> Flags:
        """Where a company has a product."""
        return np.isin(self.keys(company, product), self.keys(self.owner, self.owned))


class Source(Protocol):
    """来源: one way to find opportunities, which can explain what it found."""

    @property
    def name(self) -> str:
        """What it is called in answers and in feedback."""

    @property
    def label(self) -> Label:
        """The same for people."""

    @property
    def version(self) -> str:
        """Version of its rules."""

    def propose(self, desk: Desk) -> Proposals:
        """All that it proposes, whether or not the company has the product or may have it."""

    def explain(self, desk: Desk, proposals: Proposals, at: int) -> Evidence:
        """Why it proposed one of them."""


def desk_of(view: View, catalogue: Catalogue) -> Desk:
    """What all sources read. Kept by View."""
    return view.foundation(("product desk", catalogue.label), lambda: _desk(view, catalogue))


def _desk(view: View, catalogue: Catalogue) -> Desk:
    facts = view.arrays("OWNS_PRODUCT")
    at = _places(view, catalogue)[facts.end]
    good = np.flatnonzero(at >= 0)
    return Desk(view, catalogue, facts.start[good].astype(np.int64), at[good], good)


def _places(view: View, catalogue: Catalogue) -> Rows:
    return view.kept(("products", catalogue.label), lambda: _places_of(view, catalogue))


def _places_of(view: View, catalogue: Catalogue) -> Rows:
    place = np.full(view.size, -1, np.int64)
    for row in view.rows("Product").tolist():
        place[row] = catalogue.by_name.get(short_key(view.name(row)), -1)
    return place


def public_desk(desk: Desk) -> Desk:
    """The same as everyone sees it; the desk itself where that is what it shows."""
    public = desk.view.public()
    return desk if public is desk.view else desk_of(public, desk.catalogue)


def facts_of_product(desk: Desk, owner: int, product: int) -> list[Fact]:
    """The facts that say that a company has a product."""
    return [f for f in desk.view.facts(owner, "OWNS_PRODUCT", "out") if desk.place.item(f.other) == product]


def without_state(view: View, rows: Rows) -> Flags:
    """Which are no state body: those are an end of the road."""
    return ~np.isin(rows, state_bodies(view))


def company_rows(view: View, rows: Rows) -> Flags:
    """Which are companies and no state body."""
    return view.of_kind(rows, "Company") & without_state(view, rows)


def spreading(desk: Desk) -> Flags:
    """Of each product whether it says something about a company that others have it."""
    return np.array([product.spreads for product in desk.catalogue.products])
