"""Beneficial owners as a viewer sees them are, byte for byte, those of a graph without what the viewer may not see."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import GuanxiError
from graph.ids import entity_handle
from queries.beneficial_owners import beneficial_owners
from queries.regimes import regime

DAY = dt.date(2024, 6, 30)
WALLS = ((), (), (), ("a",), ("b",), ("a", "b"))
VIEWERS = ((), ("a",), ("b",), ("a", "b"))
COMPANIES = range(4)
PERSONS = range(3)
SHARES = (0.1, 0.2, 0.25, 0.3, 0.51, 0.6, 1.0, None)

numbers = st.integers(0, 3)
walls = st.sampled_from(WALLS)
optional_ratio = st.sampled_from((None, None, None, 0.1, 0.3, 0.6))
interval = st.sampled_from((None, None, (0.2, 0.3), (0.5, 0.7), (0.4, 0.1)))
holding = st.fixed_dictionaries(
    {
        "holder": st.tuples(st.sampled_from(("Company", "Person", "Person")), numbers),
        "company": numbers,
        "share_ratio": st.sampled_from(SHARES),
        "interval": interval,
        "voting_ratio": optional_ratio,
        "income_ratio": optional_ratio,
        "partner": st.sampled_from((None, None, None, "general", "limited")),
        "entrusted": st.sampled_from((None, None, None, 0, 1)),
        "walls": walls,
    }
)
office = st.tuples(numbers, numbers, st.sampled_from(("总经理", "法定代表人", "副总经理", "经理")), walls)
disclosed = st.tuples(st.sampled_from(("Company", "Person")), numbers, numbers, walls)
concert = st.tuples(st.lists(numbers, min_size=2, max_size=3), numbers, walls)
described = st.fixed_dictionaries(
    {
        "number": numbers,
        "walls": walls,
        "capital": st.sampled_from((1e6, 1e8, None)),
        "nature": st.sampled_from((None, None, "state_body", "state_owned", "foreign")),
    }
)


class Stated:
    """Statements as a loader stores them: an edge's ends are units of exactly the edge's compartments."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.units: dict[Any, tuple[str, str]] = {}

    def unit(self, label: str, number: int, compartments: tuple[str, ...], **props: Any) -> tuple[str, str]:
        key = str(number % (len(COMPANIES) if label == "Company" else len(PERSONS)))
        unit = (label, key, compartments)
        if unit not in self.units:
            # An edge's end that nothing describes has no name of its own.
            named = {"name": f"{label}{key}"} if not compartments or props else {}
            self.units[unit] = self.builder.node(label, key, walls=compartments, **named, **props)
        return self.units[unit]

    def holds(self, stake: dict[str, Any]) -> None:
        compartments = stake["walls"]
        low, high = stake["interval"] or (None, None)
        entrusted = stake["entrusted"]
        self.builder.edge(
            "HOLDS",
            self.unit(*stake["holder"], compartments),
            self.unit("Company", stake["company"], compartments),
            walls=compartments,
            share_ratio=None if low else stake["share_ratio"],
            share_min=low,
            share_max=high,
            voting_ratio=stake["voting_ratio"],
            income_ratio=stake["income_ratio"],
            partner=stake["partner"],
            votes_entrusted_to=None if entrusted is None else self.unit("Person", entrusted, compartments)[1],
        )

    def office(self, person: int, company: int, title: str, compartments: tuple[str, ...]) -> None:
        ends = self.unit("Person", person, compartments), self.unit("Company", company, compartments)
        self.builder.edge("OFFICER_OF", *ends, walls=compartments, office=title)

    def controls(self, kind: str, party: int, company: int, compartments: tuple[str, ...]) -> None:
        ends = self.unit(kind, party, compartments), self.unit("Company", company, compartments)
        self.builder.edge("CONTROLS", *ends, walls=compartments)

    def concert(self, key: int, people: list[int], company: int, compartments: tuple[str, ...]) -> None:
        roles = {
            "parties": [self.unit("Person", person, compartments) for person in people],
            "target": [self.unit("Company", company, compartments)],
        }
        self.builder.part("ConcertAgreement", f"ca{key}", roles, walls=compartments, name="协议")


def answers(builder: Any, cleared: tuple[str, ...] | None) -> Iterator[tuple[str, str, str]]:
    """Every company's owners under every regime, and the error where there is no answer."""
    clearance = None if cleared is None else frozenset(cleared)
    view = builder.projection().view(clearance=clearance, as_of=DAY)
    refs = [
        entity_handle("native", "Company", str(n), list(walls)) for n in COMPANIES for walls in set(WALLS)
    ]
    for ref in sorted(refs):
        for law in ("cn", "eu"):
            try:
                yield ref, law, beneficial_owners(view, ref, regime(law)).model_dump_json()
            except GuanxiError as error:
                yield ref, law, f"{type(error).__name__} {error} {error.hint}"


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    companies=st.lists(described, max_size=4),
    stakes=st.lists(holding, min_size=1, max_size=9),
    offices=st.lists(office, max_size=3),
    said=st.lists(disclosed, max_size=2),
    concerts=st.lists(concert, max_size=1),
    cleared=st.sampled_from(VIEWERS),
)
def test_walls_leave_no_trace(builder, companies, stakes, offices, said, concerts, cleared):  # noqa: PLR0913, PLR0917
    stated = Stated(type(builder)())
    for one in companies:
        props = {name: one[name] for name in ("capital", "nature")}
        stated.unit("Company", one["number"], one["walls"], **props)
    for stake in stakes:
        stated.holds(stake)
    for fact in offices:
        stated.office(*fact)
    for controller in said:
        stated.controls(*controller)
    for number, agreement in enumerate(concerts):
        stated.concert(number, *agreement)
    walled = list(answers(stated.builder, cleared))
    assert walled == list(answers(stated.builder.without(cleared), None))


def test_the_test_would_notice_a_leak(builder):
    stated = Stated(builder)
    for person, compartments in ((0, ()), (1, ("a",))):
        stated.unit("Person", person, compartments)
        builder.edge(
            "HOLDS",
            stated.unit("Person", person, compartments),
            stated.unit("Company", 0, compartments),
            walls=compartments,
            share_ratio=0.3,
        )
    assert list(answers(builder, ())) != list(answers(builder, ("a",)))
