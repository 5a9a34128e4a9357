"""资格: who may not have which product, and why: by the catalogue, by what a company has, by the restricted list."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from enum import IntEnum
from typing import Any, Final, Literal

import numpy as np
import zen
from numpy.typing import NDArray

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
            of, answers = _answers(desk.view, condition, rows)
            failed = np.array([answer is False for answer in answers], np.bool_)[of]
            found[at[failed[which]]] = Verdict.CONDITION + number
    found[restricted(desk, company, product)] = Verdict.RESTRICTED
    return found


# --- conditions ---


def held(view: View, condition: Condition, rows: Rows) -> Iterator[bool | None]:
    """Whether a condition holds, for each company; None where a fact that decides it is unknown."""
    which, answers = _answers(view, condition, rows)
    return (answers[at] for at in which.tolist())


def _answers(view: View, condition: Condition, rows: Rows) -> tuple[Rows, list[bool | None]]:
    """For each company the place of its answer among those to all that differ in what the condition reads."""
    every, names = all_facts(view), condition.facts
    places = np.searchsorted(every.rows, rows)
    coded = [_coded(every.columns[name][places]) for name in names]
    which = np.zeros(len(rows), np.int64)
    for codes, values in coded:
        which = np.unique(which * len(values) + codes, return_inverse=True)[1].astype(np.int64)
    first = np.unique(which, return_index=True)[1]
    expression = zen.compile_expression(condition.when)
    answers = [
        _decided(
            expression, {name: of[codes.item(at)] for name, (codes, of) in zip(names, coded, strict=True)}
        )
        for at in first.tolist()
    ]
    return which, answers


def _coded(column: NDArray[Any]) -> tuple[Rows, list[Value]]:
    """A column as places among its different values."""
    if column.dtype.kind == "O":
        number: dict[Value, int] = {}
        codes = [number.setdefault(_plain(value), len(number)) for value in column.tolist()]
        return np.array(codes, np.int64), list(number)
    values, places = np.unique(column, return_inverse=True)
    found = Facts(places, {"": values}).values("")
    return places.astype(np.int64), [_plain(value) for value in found]


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
