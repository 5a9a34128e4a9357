"""资格: who may not have which product, and why: by the catalogue, by what a company has, by the restricted list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Literal

import numpy as np
import zen

from graph.view import View
from graph.view_types import RecordRef
from queries.catalogue import Condition
from queries.company_facts import Facts, all_facts
from queries.labels import Label
from queries.opportunity_proposals import Desk, Flags, Rows, facts_of_product
from queries.statements import of_units, refs

Value = Any


class Verdict(IntEnum):
    """What became of a pair of company and product."""

    GOOD = 0
    HAS_IT = 1
    RESTRICTED = 2
    CONDITION = 3
    """This and above: the condition of the catalogue, in its order, that does not hold."""


def verdicts(desk: Desk, company: Rows, product: Rows) -> Rows:
    """A `Verdict` for each pair; restrictions stand before conditions, these before what it has already."""
    found = np.full(len(company), Verdict.GOOD, np.int64)
    once = np.array([not p.repeats for p in desk.catalogue.products])
    found[desk.has(company, product) & once[product]] = Verdict.HAS_IT
    for place in np.unique(product).tolist():
        at = np.flatnonzero(product == place)
        rows, which = np.unique(company[at], return_inverse=True)
        conditions = desk.catalogue.products[place].eligible
        for number, condition in reversed(list(enumerate(conditions))):
            failed = np.array([holds is False for holds in held(desk.view, condition, rows)], np.bool_)
            found[at[failed[which]]] = Verdict.CONDITION + number
    found[restricted(desk, company, product)] = Verdict.RESTRICTED
    return found


# --- conditions ---


def held(view: View, condition: Condition, rows: Rows) -> Iterator[bool | None]:
    """Whether a condition holds, for each company; None where a fact that decides it is unknown."""
    names = condition.facts
    every = all_facts(view)
    places = np.searchsorted(every.rows, rows)
    facts = Facts(rows, {name: every.columns[name][places] for name in names})
    expression = zen.compile_expression(condition.when)
    known: dict[tuple[Value, ...], bool | None] = {}
    for found in zip(*(map(_plain, facts.values(name)) for name in names), strict=True):
        if found not in known:
            known[found] = _decided(expression, dict(zip(names, found, strict=True)))
        yield known[found]


def _plain(value: Value) -> Value:
    if isinstance(value, list):
        return tuple(value)
    return value.isoformat() if isinstance(value, dt.date) else value


def _decided(expression: Any, values: Mapping[str, Value]) -> bool | None:
    """What an expression says; zen refuses to compare what is null, which leaves the question open."""
    context: dict[str, Any] = {}
    for name, value in values.items():
        outer, _, inner = name.partition(".")
        plain = list(value) if isinstance(value, tuple) else value
        if inner:
            context.setdefault(outer, {})[inner] = plain
        else:
            context[outer] = plain
    try:
        found = expression.evaluate(context)
    except RuntimeError:
        if None in values.values():
            return None
        raise
    return bool(found)


def open_questions(desk: Desk, company: int, product: int) -> list[Label]:
    """The conditions that could not be decided, since a fact is unknown."""
    return [
        Label(f"待核实：{condition.reason.zh}", f"to be checked: {condition.reason.en}")
        for condition in desk.catalogue.products[product].eligible
        if next(held(desk.view, condition, np.array([company]))) is None
    ]


# --- the restricted list ---


@dataclass(frozen=True)
class Restriction:
    """An entry of the restricted list: of whom, for which products (places; none: all), by which node."""

    company: int
    products: frozenset[int]
    row: int


def restrictions(desk: Desk) -> Sequence[Restriction]:
    """限制名单: what stands on the day, as this viewer sees it. Kept by View."""
    return desk.view.kept(("restrictions", desk.catalogue.label), lambda: list(_restrictions(desk)))


def _restrictions(desk: Desk) -> Iterator[Restriction]:
    view = desk.view
    for row in sorted(view.rows("Restriction").tolist(), key=view.id_key):
        keys = view.value(row, "products") or []
        products = frozenset(desk.catalogue.places[key] for key in keys if key in desk.catalogue.places)
        if keys and not products:
            continue
        for fact in view.facts(row, "PARTY_TO", "in"):
            yield Restriction(fact.other, products, row)


def restricted(desk: Desk, company: Rows, product: Rows) -> Flags:
    """Which pairs an entry of the list stops."""
    found = np.zeros(len(company), np.bool_)
    for entry in restrictions(desk):
        same = company == entry.company
        found |= same & np.isin(product, list(entry.products)) if entry.products else same
    return found


# --- why not ---

_HAS_IT: Final = Label("已持有该产品", "it has the product")


@dataclass(frozen=True)
class WhyNot:
    """Why a company may not have a product, with the records that say so."""

    code: Literal["has_it", "restricted", "not_eligible"]
    reason: Label
    records: tuple[RecordRef, ...]


def why_not(desk: Desk, pair: tuple[int, int], verdict: int) -> WhyNot:
    """The reason of a verdict other than good."""
    company, product = pair
    if verdict == Verdict.HAS_IT:
        return WhyNot(
            "has_it",
            _HAS_IT,
            tuple(refs(record for fact in facts_of_product(desk, *pair) for record in fact.records)),
        )
    if verdict == Verdict.RESTRICTED:
        entry = next(
            e
            for e in restrictions(desk)
            if e.company == company and (not e.products or product in e.products)
        )
        said = desk.view.value(entry.row, "reason")
        return WhyNot(
            "restricted",
            Label(
                f"在限制名单上{f'：{said}' if said else ''}",
                f"on the restricted list{f': {said}' if said else ''}",
            ),
            tuple(refs(of_units(desk.view, entry.row))),
        )
    condition = desk.catalogue.products[product].eligible[verdict - Verdict.CONDITION]
    return WhyNot("not_eligible", Label(condition.reason.zh, condition.reason.en), ())
