"""事实的依据: the records behind a fact that a rule read, found for one company when somebody asks for them."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from itertools import chain
from types import MappingProxyType
from typing import Final

from graph.view import View
from graph.view_types import RecordRef
from queries import stakes
from queries.company_facts import EVENT_KINDS
from queries.indicators_events import AHEAD, BEHIND
from queries.indicators_reports import YEAR, Reports, reports
from queries.indicators_stages import stages
from queries.statements import of_units, refs

MOST_RECORDS: Final = 5
"""Of one fact so many records are shown; the best come first."""

Found = Iterable[RecordRef]


def behind(view: View, row: int, fact: str) -> list[RecordRef]:
    """The records of a company (given by row) that a fact stands on; none for what no record says.

    Raises:
        KeyError: There is no such fact.
    """
    return view.kept(("behind", row, fact), lambda: _behind(view, row, fact))


def _behind(view: View, row: int, fact: str) -> list[RecordRef]:
    outer, _, inner = fact.partition(".")
    if outer in BEHIND or outer in AHEAD:
        return refs(_events(view, row, outer, inner))[:MOST_RECORDS]
    return refs(_BEHIND[outer](view, row))[:MOST_RECORDS]


def _of(*fields: str) -> Callable[[View, int], Found]:
    """The records that state properties."""

    def found(view: View, row: int) -> Iterator[RecordRef]:
        for name in fields:
            stated = view.stated(row, name)
            yield from (record for value, record in stated if record is not None and value == stated[0][0])

    return found


def _facts(edge_type: str, direction: str) -> Callable[[View, int], Found]:
    """The records of facts at the company, in their order."""

    def found(view: View, row: int) -> Found:
        page = view.page(row, edge_type, direction, None, MOST_RECORDS)
        return chain.from_iterable(fact.records for fact in page.facts)

    return found


def _things(kind: str, *roles: str) -> Callable[[View, int], Found]:
    """The records that describe what the company plays a part in, in the order of the facts."""

    def found(view: View, row: int) -> Found:
        facts = view.facts(row, "PARTY_TO", "out")
        rows = (f.other for f in facts if f.props.get("role") in roles and view.kind(f.other) == kind)
        return chain.from_iterable(of_units(view, thing) for thing in rows)

    return found


def _events(view: View, row: int, window: str, kind: str) -> Iterator[RecordRef]:
    """The records of events within a window, of one kind or any."""
    days = BEHIND.get(window, 0)
    ahead = AHEAD.get(window, 0)
    parts = chain(view.facts(row, "PARTY_TO", "out"), view.facts(row, "ABOUT", "in"))
    for event in dict.fromkeys(fact.other for fact in parts if view.kind(fact.other) == "Event"):
        day = view.value(event, "date")
        ago = None if day is None else (view.as_of - day).days
        inside = ago is not None and (0 <= ago < days if days else -ahead <= ago < 0)
        said = view.value(event, "kind")
        if inside and kind in ("total", said if said in EVENT_KINDS else "other"):
            yield from of_units(view, event)


def _reported(*, yearly: bool, before: bool = False) -> Callable[[View, int], Found]:
    """The records of the newest report, and of the year before."""

    def found(view: View, row: int) -> Found:
        return chain.from_iterable(of_units(view, report) for report in _newest(view, row, yearly, before))

    return found


def _newest(view: View, row: int, yearly: bool, before: bool) -> Iterator[int]:  # noqa: FBT001  # as `_reported`
    every = reports(view)
    run = every.of(row)
    places = [
        p for p in range(run.start, run.stop) if every.used[p] and (not yearly or every.months[p] == YEAR)
    ]
    if places:
        yield every.report.item(places[-1])
        earlier = [p for p in places if every.month[p] == every.month[places[-1]] - YEAR] if before else []
        yield from (every.report.item(p) for p in earlier)


def _staged(view: View, row: int) -> Found:
    """The yearly reports that the stage stands on, the newest first; without any, what the fall-back reads."""
    every: Reports = reports(view)
    run, shown = every.of(row), stages(view).shown
    places = [p for p in range(run.start, run.stop) if shown[p] >= 0]
    if places:
        return chain.from_iterable(of_units(view, every.report.item(p)) for p in reversed(places[-3:]))
    return chain(_LISTING(view, row), _of("founded")(view, row), _things("Deal", "target")(view, row))


def _controlled(view: View, row: int) -> Iterator[RecordRef]:
    """The largest votes of each step of the chain that proves control, from the company up; then the disclosure."""
    control, facts = stakes.control(view), stakes.ballot(view).facts
    company = row
    for _ in range(MOST_RECORDS):
        if not 0 <= company < view.size or control.controller.item(company) < 0:
            break
        if control.ballot.item(company) >= 0:
            yield from facts.records(control.ballot.item(company))
        company = control.parent.item(company)
    yield from _facts("CONTROLS", "in")(view, row)


def _pledged(view: View, row: int) -> Found:
    issued = [fact.other for fact in view.facts(row, "ISSUED", "out")]
    return chain.from_iterable(_things("Pledge", "security")(view, thing) for thing in (row, *issued))


def _bonds(view: View, row: int) -> Found:
    bonds = (fact.other for fact in view.facts(row, "ISSUED", "out") if view.value(fact.other, "matures_on"))
    return chain.from_iterable(of_units(view, bond) for bond in bonds)


def _client(view: View, row: int) -> Found:
    return chain(
        _of("client")(view, row), _facts("COVERS", "in")(view, row), _facts("OWNS_PRODUCT", "out")(view, row)
    )


def _known(view: View, row: int) -> Iterator[RecordRef]:
    """The acquaintances of staff with officers and contacts, the strongest first."""
    people = [fact.other for fact in view.facts(row, "OFFICER_OF", "in")]
    people += [f.other for f in view.facts(row, "PARTY_TO", "out") if view.kind(f.other) == "Contact"]
    ties = [
        fact
        for person in people
        for direction in ("in", "out")
        for fact in view.facts(person, "KNOWS", direction)
        if view.kind(fact.other) == "Employee" and fact.props.get("strength") is not None
    ]
    for fact in sorted(ties, key=lambda f: (-f.props["strength"], view.id_key(f.start), view.id_key(f.end))):
        yield from fact.records


def _nothing(_view: View, _row: int) -> Found:
    return ()


_LISTING: Final = _of("listed_on", "code")
_YEARLY, _GROWTH = _reported(yearly=True), _reported(yearly=True, before=True)
_LATEST = _reported(yearly=False)
_SOLD, _BOUGHT = _facts("SUPPLIES", "out"), _facts("SUPPLIES", "in")
_PRODUCTS, _CREDIT, _ROUNDS = (
    _facts("OWNS_PRODUCT", "out"),
    _things("Exposure", "client"),
    _things("Deal", "target"),
)

_BEHIND: Final[Mapping[str, Callable[[View, int], Found]]] = MappingProxyType(
    {
        "id": _nothing, "kind": _nothing, "name": _of("name"), "tier": _nothing,
        "nature": _of("nature"), "region": _of("region"), "country": _of("country"), "exchange": _of("exchange"),
        "industries": _facts("IN_INDUSTRY", "out"), "capital": _of("capital"), "market_value": _of("market_value"),
        "listed": _LISTING, "listed_on": _LISTING, "listed_years": _LISTING,
        "founded": _of("founded"), "age_years": _of("founded"),
        "life_cycle": _staged, "life_cycle_basis": _staged,
        "financing_round": _ROUNDS, "financed_on": _ROUNDS, "financed_years": _ROUNDS,
        "report_year": _YEARLY, "revenue": _YEARLY, "net_profit": _YEARLY, "net_margin": _YEARLY,
        "return_on_equity": _YEARLY, "operating_cash_flow": _YEARLY,
        "revenue_growth": _GROWTH, "profit_growth": _GROWTH,
        "total_assets": _LATEST, "equity": _LATEST, "leverage": _LATEST, "current_ratio": _LATEST,
        "largest_stake": _facts("HOLDS", "in"), "group_size": _controlled, "subsidiaries": _facts("HOLDS", "out"),
        "controller_id": _controlled, "controller_kind": _controlled, "controller_state": _controlled,
        "controller_joint": _controlled, "controller_basis": _controlled, "controller_stake": _controlled,
        "pledge_ratio": _pledged, "guarantees_given": _things("Guarantee", "guarantor"),
        "guarantee_ratio": _things("Guarantee", "guarantor"),
        "customer_concentration": _SOLD, "largest_customer": _SOLD, "supplier_concentration": _BOUGHT,
        "bonds": _bonds, "bond_matures_on": _bonds, "bond_matures_days": _bonds,
        "deals_365": _things("Deal", "target", "investors"),
        "client": _client, "products": _PRODUCTS, "product_lines": _PRODUCTS, "product_count": _PRODUCTS,
        "product_depth": _PRODUCTS, "firm_revenue": _PRODUCTS, "exposure": _CREDIT, "exposure_net": _CREDIT,
        "staff": _facts("COVERS", "in"), "relationship": _known, "contacts": _things("Contact", "client"),
    }
)  # fmt: skip
