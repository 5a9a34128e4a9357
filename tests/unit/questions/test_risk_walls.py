"""What a viewer may not see leaves no trace in any answer about risk."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import GuanxiError
from queries.paging import Page
from queries.risk import Question, Shocked, shock
from queries.risk_backward import threats
from queries.risk_book import book, ranking
from queries.risk_limits import Capital, limits, rules
from queries.risk_models import MODELS, Sampling

DAY = dt.date(2024, 6, 30)
WALLS = ((), (), (), ("a",), ("b",), ("a", "b"))
VIEWERS = ((), ("a",), ("b",), ("a", "b"))

amounts = st.sampled_from((10.0, 37.1, 250.0, None))
ratios = st.sampled_from((0.1, 0.35, 0.6, None))
parties = st.tuples(st.sampled_from(("Company", "Company", "Company", "Person")), st.integers(0, 3))
companies = st.tuples(st.just("Company"), st.integers(0, 3))
persons = st.tuples(st.just("Person"), st.integers(0, 1))
walls = st.sampled_from(WALLS)
described = st.lists(
    st.tuples(
        st.integers(0, 3),
        walls,
        st.fixed_dictionaries(
            {
                "capital": amounts,
                "client": st.sampled_from((True, None)),
                "nature": st.sampled_from((None, None, "state_body")),
            }
        ),
    ),
    max_size=4,
)
ties = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(st.just("HOLDS"), parties, companies, st.fixed_dictionaries({"share_ratio": ratios})),
            st.tuples(st.just("CONTROLS"), parties, companies, st.fixed_dictionaries({"ratio": ratios})),
            st.tuples(st.just("LENDS_TO"), companies, companies, st.fixed_dictionaries({"amount": amounts})),
            st.tuples(st.just("OFFICER_OF"), persons, companies, st.just({"office": "董事"})),
            st.tuples(
                st.just("SUPPLIES"),
                companies,
                companies,
                st.fixed_dictionaries({"revenue_share": ratios, "amount": amounts}),
            ),
        ),
        walls,
    ),
    max_size=8,
)
things = st.lists(
    st.tuples(
        st.one_of(
            st.tuples(
                st.just("Guarantee"),
                st.fixed_dictionaries({"debtor": parties, "guarantor": parties, "creditor": companies}),
                st.fixed_dictionaries({"amount": amounts, "kind": st.sampled_from(("一般", "连带", None))}),
            ),
            st.tuples(
                st.just("Pledge"),
                st.fixed_dictionaries({"pledgor": parties, "pledgee": companies, "security": companies}),
                st.fixed_dictionaries({"amount": amounts, "ratio": ratios}),
            ),
            st.tuples(
                st.just("Exposure"),
                st.fixed_dictionaries({"client": companies}),
                st.fixed_dictionaries({"amount": amounts, "collateral": amounts}),
            ),
            st.tuples(
                st.just("FinancialReport"),
                st.fixed_dictionaries({"company": companies}),
                st.fixed_dictionaries(
                    {
                        "equity": st.sampled_from((55.0, 300.0, -10.0, None)),
                        "revenue": amounts,
                        "period_end": st.sampled_from(("2022-12-31", "2023-12-31")),
                    }
                ),
            ),
            st.tuples(
                st.just("Limit"),
                st.fixed_dictionaries({"client": companies}),
                st.fixed_dictionaries({"amount": amounts, "ratio": ratios}),
            ),
        ),
        walls,
    ),
    max_size=7,
)


class Stated:
    """Statements as a loader stores them: the ends of a walled one are units of its compartments."""

    def __init__(self, builder: Any) -> None:
        self.g = builder
        self.units: dict[Any, Any] = {}

    def unit(self, end: tuple[str, int], compartments: tuple[str, ...], **props: Any) -> Any:
        label, number = end
        key = (label, number, compartments)
        if key not in self.units:
            self.units[key] = self.g.node(
                label, f"{label}{number}", walls=compartments, name=f"名{label}{number}", **props
            )
        return self.units[key]


def built(builder: Any, said: Any, stated: Any, parts: Any) -> Any:
    graph = Stated(type(builder)())
    for number, compartments, props in said:
        graph.unit(("Company", number), compartments, **props)
    for (kind, start, end, props), compartments in stated:
        graph.g.edge(
            kind, graph.unit(start, compartments), graph.unit(end, compartments), walls=compartments, **props
        )
    for number, ((label, roles, props), compartments) in enumerate(parts):
        ends = {role: [graph.unit(end, compartments)] for role, end in roles.items()}
        graph.g.part(label, f"{label}{number}", ends, name=f"{label}{number}", walls=compartments, **props)
    return graph.g


def answers(builder: Any, cleared: Any, ids: list[str]) -> Iterator[tuple[str, str]]:
    """Every question about every party, and the error where there is no answer."""
    view = builder.projection().view(clearance=None if cleared is None else frozenset(cleared), as_of=DAY)
    asked = {
        f"shock {model}": lambda ref, model=model: shock(
            view, [Shocked(ref)], Question(model, (), Sampling(0, 50)), page=Page(500, None, "k")
        )
        for model in MODELS
    }
    asked["page"] = lambda ref: shock(view, [Shocked(ref)], page=Page(1, None, "k"))
    asked["threats"] = lambda ref: threats(view, ref, limit=3)
    asked["book"] = lambda ref: book(view, [Shocked(ref, 0.5)])
    for ref in ids:
        for name, ask in asked.items():
            try:
                yield f"{ref} {name}", ask(ref).model_dump_json()
            except GuanxiError as error:
                yield f"{ref} {name}", str(error)
    yield "ranking", ranking(view).model_dump_json()
    for name in ("broker", "bank"):
        yield name, limits(view, rules(name), Capital(1000.0, 1000.0)).model_dump_json()


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(said=described, stated=ties, parts=things, cleared=st.sampled_from(VIEWERS))
def test_walls_leave_no_trace(builder, said, stated, parts, cleared):
    graph = built(builder, said, stated, parts)
    ids = sorted({props["id"] for label, props in graph.nodes if label in ("Company", "Person")})[:4]
    assert list(answers(graph, cleared, ids)) == list(answers(graph.without(cleared), None, ids))


def test_the_test_would_notice_a_leak(builder):
    tie = (("LENDS_TO", ("Company", 0), ("Company", 1), {"amount": 10.0}), ("a",))
    graph = built(builder, [(0, (), {}), (1, (), {})], [tie], [])
    ids = [props["id"] for _, props in graph.nodes if "compartments" not in props]
    assert list(answers(graph, ("a",), ids)) != list(answers(graph, (), ids))
