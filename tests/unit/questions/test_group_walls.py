"""Groups, related parties and changes as a viewer sees them are those of a graph without what is hidden from it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator
from typing import Any

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import GuanxiError
from queries.changes import changes, on_day
from queries.group import group
from queries.paging import Page
from queries.related import related

DAY = dt.date(2024, 6, 30)
WALLS = ((), (), (), ("a",), ("b",), ("a", "b"))
VIEWERS = ((), ("a",), ("b",), ("a", "b"))

numbers = st.integers(0, 3)
walls = st.sampled_from(WALLS)
party = st.tuples(st.sampled_from(("Company", "Company", "Person")), numbers)
dates = st.sampled_from(({}, {}, {"valid_to": "2024-01-01"}, {"valid_from": "2024-03-01"}))
tie = st.one_of(
    st.tuples(
        st.just("HOLDS"), party, numbers,
        st.fixed_dictionaries({"share_ratio": st.sampled_from((0.05, 0.2, 0.3, 0.51, 0.6, None))}),
    ),
    st.tuples(
        st.just("HOLDS"), party, numbers,
        st.fixed_dictionaries({"share_ratio": st.sampled_from((0.3, 0.51, 1.0))}),
    ),
    st.tuples(
        st.just("OFFICER_OF"), st.tuples(st.just("Person"), numbers), numbers,
        st.fixed_dictionaries({"office": st.sampled_from(("董事长", "独立董事", "总经理", "监事"))}),
    ),
    st.tuples(
        st.just("RELATIVE_OF"), st.tuples(st.just("Person"), numbers), numbers,
        st.fixed_dictionaries({"relation": st.sampled_from(("spouse", "friend"))}),
    ),
    st.tuples(st.just("CONTROLS"), party, numbers, st.just({})),
    st.tuples(st.just("OWNS_PRODUCT"), st.tuples(st.just("Company"), numbers), numbers, st.just({"revenue": 5.0})),
)  # fmt: skip
ties = st.lists(st.tuples(tie, dates, walls), min_size=1, max_size=12)
concerts = st.lists(st.tuples(st.lists(party, min_size=2, max_size=3), numbers, walls), max_size=2)
things = st.lists(
    st.tuples(
        st.sampled_from(("Exposure", "Guarantee")), numbers, numbers, st.sampled_from((1e6, None)), walls
    ),
    max_size=3,
)
described = st.lists(
    st.tuples(numbers, st.sampled_from((None, "state_body")), st.sampled_from((None, True)), walls),
    max_size=4,
)
END = {"RELATIVE_OF": "Person", "OWNS_PRODUCT": "Product"}
ROLES = {"Exposure": ("client",), "Guarantee": ("debtor", "guarantor")}


class Stated:
    """Statements as a loader stores them: an edge's ends are units of exactly the edge's compartments."""

    def __init__(self, builder: Any) -> None:
        self.builder = builder
        self.units: dict[Any, tuple[str, str]] = {}

    def unit(self, label: str, number: int, compartments: tuple[str, ...], **props: Any) -> tuple[str, str]:
        unit = (label, number, compartments)
        if unit not in self.units:
            named = {"name": f"{label}{number}"} if not compartments or props else {}
            self.units[unit] = self.builder.node(label, str(number), walls=compartments, **named, **props)
        return self.units[unit]

    def tie(self, said: Any, when: dict[str, str], compartments: tuple[str, ...]) -> None:
        kind, (label, start), end, props = said
        ends = self.unit(label, start, compartments), self.unit(END.get(kind, "Company"), end, compartments)
        self.builder.edge(kind, *ends, walls=compartments, **props, **when)

    def concert(self, key: int, members: Any, target: int, compartments: tuple[str, ...]) -> None:
        roles = {
            "parties": [self.unit(*member, compartments) for member in dict.fromkeys(members)],
            "target": [self.unit("Company", target, compartments)],
        }
        self.builder.part("ConcertAgreement", f"ca{key}", roles, walls=compartments, name="协议")

    def thing(self, key: int, said: Any) -> None:
        kind, *clients, amount, compartments = said
        roles = {
            role: [self.unit("Company", n, compartments)]
            for role, n in zip(ROLES[kind], clients, strict=False)
        }
        self.builder.part(kind, f"t{key}", roles, walls=compartments, name="事项", amount=amount)


def answers(
    builder: Any, cleared: tuple[str, ...] | None, also: Iterable[str] = ()
) -> Iterator[tuple[str, ...]]:
    """Every question about every party, page by page, and the error where there is no answer."""
    clearance = None if cleared is None else frozenset(cleared)
    view = builder.projection().view(clearance=clearance, as_of=DAY)
    questions = {
        "group": lambda ref, page: group(view, ref, page=page),
        "sse": lambda ref, page: related(view, ref, regime="sse", page=page),
        "cas36": lambda ref, page: related(view, ref, regime="cas36", page=page),
        "changes": lambda ref, _: changes(on_day(view, dt.date(2023, 6, 30)), view, ref),
    }
    refs = {node["id"] for label, node in builder.nodes if label in ("Company", "Person")}
    for ref in sorted(refs | set(also)):
        for name, ask in questions.items():
            yield from pages(f"{ref} {name}", ref, ask)


def pages(title: str, ref: str, ask: Any) -> Iterator[tuple[str, ...]]:
    cursor = None
    while True:
        try:
            answer = ask(ref, Page(2, cursor, "k"))
        except GuanxiError as error:
            yield title, type(error).__name__, str(error), error.hint
            return
        yield title, answer.model_dump_json()
        cursor = getattr(answer, "next", None)
        if cursor is None:
            return


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(companies=described, said=ties, signed=concerts, parts=things, cleared=st.sampled_from(VIEWERS))
def test_walls_leave_no_trace(builder, companies, said, signed, parts, cleared):  # noqa: PLR0913, PLR0917
    stated = Stated(type(builder)())
    for number, nature, client, compartments in companies:
        stated.unit("Company", number, compartments, nature=nature, client=client)
    for fact in said:
        stated.tie(*fact)
    for number, agreement in enumerate(signed):
        stated.concert(number, *agreement)
    for number, thing in enumerate(parts):
        stated.thing(number, thing)
    ids = [node["id"] for label, node in stated.builder.nodes if label in ("Company", "Person")]
    walled = list(answers(stated.builder, cleared, ids))
    fresh = list(answers(stated.builder.without(cleared), None, ids))
    assert walled == fresh


def test_the_test_would_notice_a_leak(builder):
    stated = Stated(builder)
    stated.tie(("HOLDS", ("Person", 0), 0, {"share_ratio": 0.6}), {}, ())
    stated.tie(("HOLDS", ("Company", 0), 1, {"share_ratio": 0.6}), {}, ("a",))
    assert list(answers(builder, ())) != list(answers(builder, ("a",)))
