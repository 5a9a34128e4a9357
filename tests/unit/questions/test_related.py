"""Related parties by regime: each clause, what it leaves out, the days around, and what bad input gets."""

from __future__ import annotations

import datetime as dt

import pytest
from pydantic import ValidationError

from graph.errors import InvalidInput, NotFound
from queries.paging import Page
from queries.related import related
from queries.related_circle import months_from
from queries.related_regimes import PREDICATES, REGIMES, Regime, regime_named

DAY = dt.date(2024, 6, 30)


class World:
    """A graph in the making: companies (capital first letter) and persons by name."""

    def __init__(self, builder):
        self.builder = builder
        self.nodes = {}

    def node(self, name, **props):
        if name not in self.nodes:
            label = "Company" if name[0].isupper() else "Person"
            self.nodes[name] = self.builder.node(label, name, name=name, **props)
        return self.nodes[name]

    def holds(self, *stakes):
        for holder, company, share, *more in stakes:
            props = more[0] if more else {}
            self.builder.edge("HOLDS", self.node(holder), self.node(company), share_ratio=share, **props)

    def office(self, person, company, office, **when):
        self.builder.edge("OFFICER_OF", self.node(person), self.node(company), office=office, **when)

    def relative(self, one, other, relation):
        self.builder.edge("RELATIVE_OF", self.node(one), self.node(other), relation=relation)

    def concert(self, members, target):
        roles = {"parties": [self.node(m) for m in members], "target": [self.node(target)]}
        self.builder.part("ConcertAgreement", f"{members}{target}", roles, name="一致行动协议")

    def view(self, as_of=DAY):
        return self.builder.projection().view(as_of=as_of)

    def caught(self, company, regime, as_of=DAY):
        """Parties by clause."""
        answer = related(self.view(as_of), company, regime=regime, page=Page(500))
        found = {}
        for one in answer.parties:
            for met in one.clauses:
                assert met.facts, (one.name, met.clause)
                assert met.article
                found.setdefault(met.clause, set()).add(one.name)
        assert {c.clause: c.parties for c in answer.clauses if c.parties} == {
            k: len(v) for k, v in found.items()
        }
        return found


@pytest.fixture
def world(builder):
    return World(builder)


def test_listing_rules_catch_controllers_and_what_they_control(world):
    world.holds(("p", "Parent", 0.6), ("Parent", "Middle", 0.7), ("Middle", "X", 0.55), ("X", "Sub", 0.9))
    world.holds(("Parent", "Sister", 0.8), ("p", "Other", 0.9))
    assert world.caught("X", "sse") == {
        "legal-1": {"Parent", "Middle"},
        "legal-2": {"Middle", "Sister"},
        "legal-3": {"Parent", "Middle", "Sister", "Other"},
        "legal-4": {"Middle"},
        "person-1": {"p"},
    }


def test_listing_rules_catch_holders_of_five_percent_and_their_concert_parties(world):
    world.holds(("A", "X", 0.05), ("B", "X", 0.049), ("C", "X", 0.01), ("q", "X", 0.05), ("r", "X", 0.0499))
    world.holds(("D", "X", 0.03, {"share_class": "a"}), ("D", "X", 0.02, {"share_class": "b"}))
    world.concert(["A", "C"], "X")
    world.concert(["A", "B"], "Elsewhere")
    found = world.caught("X", "sse")
    assert found["legal-4"] == {"A", "C", "D"}
    assert found["person-1"] == {"q"}


def test_listing_rules_count_indirect_holdings_of_persons(world):
    world.holds(("q", "H", 0.5), ("s", "H", 0.5), ("H", "X", 0.1), ("r", "I", 0.4), ("I", "X", 0.1))
    assert world.caught("X", "sse")["person-1"] == {"q", "s"}


def test_a_person_who_controls_with_less_than_five_percent_of_the_capital_is_caught(world):
    world.holds(("p", "Gp", 0.8), ("Gp", "Fund", 0.01, {"partner": "general"}))
    world.holds(("q", "Fund", 0.99, {"partner": "limited"}), ("Fund", "X", 0.55))
    assert world.caught("X", "sse")["person-1"] == {"p", "q"}


def test_listing_rules_catch_officers_their_family_and_their_companies(world):
    world.holds(("Parent", "X", 0.6), ("w", "Wife", 0.8), ("X", "Sub", 1.0))
    for person, company, office in (
        ("d", "X", "董事长"), ("i", "X", "独立董事"), ("j", "X", "监事"), ("m", "X", "总经理"), ("n", "X", "销售员"),
        ("b", "X", "董事会秘书"), ("o", "Parent", "董事"), ("d", "Away", "董事"), ("i", "Away2", "独立董事"),
        ("i", "Away3", "董事"), ("m", "Away4", "监事"), ("o", "Away5", "财务负责人"), ("d", "Sub", "董事长"),
    ):  # fmt: skip
        world.office(person, company, office)
    world.relative("d", "w", "spouse")
    world.relative("k", "d", "child")
    world.relative("d", "f", "friend")
    world.relative("o", "v", "spouse")
    found = world.caught("X", "sse")
    assert found["person-2"] == {"d", "i", "j", "m", "b"}
    assert found["person-3"] == {"o"}
    assert found["person-4"] == {"w", "k"}
    assert found["legal-3"] == {"Wife", "Away", "Away3", "Away5", "Parent"}


def test_twelve_months_back_and_forward(world):
    world.holds(("s", "X", 0.6, {"valid_to": "2024-01-15"}), ("b", "X", 0.6, {"valid_from": "2024-01-15"}))
    world.holds(
        ("Old", "X", 0.05, {"valid_to": "2024-01-15"}), ("Small", "X", 0.04, {"valid_to": "2024-01-15"})
    )
    world.office("c", "X", "董事", valid_to="2024-01-15")
    world.office("e", "X", "监事", valid_from="2024-12-01")
    assert world.caught("X", "sse")["months-12"] == {"s", "Old", "c", "e"}
    assert world.caught("X", "sse", dt.date(2025, 1, 14))["months-12"] == {"s", "Old", "c"}
    assert "months-12" not in world.caught("X", "sse", dt.date(2025, 1, 15))
    assert world.caught("X", "sse", dt.date(2023, 6, 30))["months-12"] == {"b"}


def test_the_standard_catches_the_group_the_influential_and_their_own(world):
    world.holds(("p", "Parent", 0.6), ("Parent", "X", 0.55), ("X", "Sub", 0.9), ("Parent", "Sister", 0.8))
    world.holds(
        ("Influence", "X", 0.2), ("Small", "X", 0.19), ("X", "Associate", 0.25), ("Sub", "Associate2", 0.2)
    )
    world.holds(
        ("Sister", "Far", 0.3), ("p", "Own", 0.9), ("p", "Part", 0.2), ("w", "Wife", 0.5), ("v", "Wife", 0.5)
    )
    world.holds(("Above", "Influence", 0.6))
    world.relative("p", "w", "spouse")
    for person, company, office in (("m", "X", "总经理"), ("o", "Parent", "董事"), ("j", "X", "监事")):
        world.office(person, company, office)
    world.relative("m", "n", "parent")
    found = world.caught("X", "cas36")
    assert found["parent"] == {"Parent"}
    assert found["subsidiary"] == {"Sub"}
    assert found["same-parent"] == {"Sister"}
    assert found["influence"] == {"Influence", "Above"}
    assert found["associate"] == {"Associate", "Associate2"}
    assert found["group-associate"] == {"Associate", "Associate2", "Far"}
    assert found["main-investor"] == {"p"}
    assert found["main-investor-family"] == {"w"}
    assert found["key-management"] == {"m", "o"}
    assert found["key-management-family"] == {"n"}
    assert found["their-enterprises"] >= {"Own", "Part", "Wife", "Sister", "Parent", "Far"}
    assert "Sub" not in found["their-enterprises"]


def test_joint_control_and_joint_ventures(world):
    world.holds(("A", "X", 0.3), ("q", "X", 0.3), ("X", "Venture", 0.4), ("B", "Venture", 0.4))
    world.concert(["A", "q"], "X")
    world.concert(["X", "B"], "Venture")
    found = world.caught("X", "cas36")
    assert found["joint-control"] == {"A"}
    assert found["main-investor"] == {"q"}
    assert found["joint-venture"] == {"Venture"}
    assert "subsidiary" not in found
    assert world.caught("X", "sse")["legal-1"] == {"A"}


def test_to_share_a_state_body_alone_relates_nobody(world):
    world.node("State", nature="state_body")
    world.holds(("State", "H1", 1.0), ("H1", "B1", 0.6), ("State", "H2", 1.0), ("H2", "B2", 0.6))
    for regime in REGIMES:
        for asked, own in (("B1", {"H1"}), ("H1", {"B1"}), ("B2", {"H2"})):
            found = set().union(*world.caught(asked, regime).values(), set())
            assert found <= own, (regime, asked)
            codes = [f.code for f in related(world.view(), asked, regime=regime).findings]
            assert "state_body_left_out" in codes


def test_a_state_body_has_no_related_parties(world):
    world.node("State", nature="state_body")
    world.holds(("State", "H1", 1.0), ("H1", "B1", 0.6))
    world.office("d", "State", "董事长")
    for regime in REGIMES:
        answer = related(world.view(), "State", regime=regime)
        assert answer.total == 0
        assert answer.findings[0].code == "state_body_left_out"


def test_who_sits_on_both_boards_relates_what_only_the_state_joins(world):
    world.node("State", nature="state_body")
    world.holds(("State", "H1", 1.0), ("State", "H2", 1.0))
    world.office("d", "H1", "董事长")
    world.office("d", "H2", "董事")
    assert world.caught("H1", "sse")["legal-3"] == {"H2"}


def test_pages_go_by_clause_then_id_and_miss_nobody(world):
    world.holds(("Parent", "X", 0.6), *[("Parent", f"S{n}", 0.9) for n in range(7)], ("q", "X", 0.2))
    view = world.view()
    whole = related(view, "X", regime="sse")
    assert whole.total == len(whole.parties) == 9
    seen, cursor = [], None
    while True:
        page = related(view, "X", regime="sse", page=Page(2, cursor, "k"))
        seen += page.parties
        cursor = page.next
        if cursor is None:
            break
    assert seen == whole.parties
    first = [one.clauses[0].clause for one in seen]
    assert first == ["legal-1", *["legal-2"] * 7, "person-1"]
    assert [one.id for one in seen[1:8]] == sorted(one.id for one in seen[1:8])
    other = related(view, "X", regime="sse", page=Page(2, None, "k")).next
    with pytest.raises(InvalidInput):
        related(view, "X", regime="cas36", page=Page(2, other, "k"))


def test_overstated_and_circular_companies_have_an_answer(world):
    world.holds(("q", "X", 0.7), ("r", "X", 0.6), ("A", "B", 1.0), ("B", "A", 1.0), ("M", "M", 1.0))
    assert world.caught("X", "sse")["person-1"] == {"q", "r"}
    for regime in REGIMES:
        for company in ("A", "B", "M"):
            assert set().union(*world.caught(company, regime).values(), set()) <= {"A", "B"}


def test_a_long_chain_is_gone_up_and_down(world):
    world.holds(*[(f"C{n}", f"C{n + 1}", 0.9) for n in range(120)])
    assert len(world.caught("C120", "cas36")["parent"]) == 120
    assert len(world.caught("C0", "cas36")["subsidiary"]) == 120


def test_what_bad_input_gets(world):
    world.holds(("p", "X", 0.6))
    view = world.view()
    with pytest.raises(InvalidInput) as error:
        related(view, "X", regime="hkex")
    assert error.value.field == "regime"
    assert all(name in error.value.hint for name in REGIMES)
    with pytest.raises(InvalidInput):
        related(view, "p", regime="sse")
    with pytest.raises(NotFound):
        related(view, "nobody", regime="sse")
    answer = related(world.view(dt.date(1999, 1, 1)), "X", regime="sse")
    assert {f.code for f in answer.findings} >= {"no_officers"}


def test_an_empty_graph_and_a_company_of_which_nothing_is_known(builder):
    with pytest.raises(NotFound):
        related(builder.projection().view(as_of=DAY), "X", regime="sse")
    builder.node("Company", "X", name="X")
    for regime in REGIMES:
        answer = related(builder.projection().view(as_of=DAY), "X", regime=regime)
        assert (answer.total, answer.parties, answer.next) == (0, [], None)
        assert [f.code for f in answer.findings][:2] == ["no_holders", "no_officers"]


def test_a_disclosed_controller_whom_the_votes_do_not_confirm_is_said_so(world):
    world.holds(("p", "X", 0.6), ("q", "X", 0.04))
    world.builder.edge("CONTROLS", world.node("q"), world.node("X"))
    answer = related(world.view(), "X", regime="sse")
    (said,) = (f for f in answer.findings if f.code == "disclosed_not_confirmed")
    assert "q" in said.message
    assert said.records
    assert {one.name for one in answer.parties} == {"p"}


def test_regimes_are_whole_and_every_predicate_is_used():
    used = {p for name in REGIMES for clause in regime_named(name).clauses for p in clause.any_of}
    assert used == set(PREDICATES)


@pytest.mark.parametrize(
    "wrong",
    [
        {"of": ["nothing"]},
        {"any_of": ["companies_holding_it"], "share": None},
        {"any_of": ["officers_of_it"], "offices": []},
        {"any_of": ["close_family_of_them"], "of": []},
        {"any_of": ["holders_of_it_within_months"], "months": None},
        {"any_of": ["whatever"]},
    ],
)
def test_a_regime_that_is_not_whole_is_refused(wrong):
    whole = regime_named("sse").model_dump()
    with pytest.raises(ValidationError):
        Regime.model_validate(
            {**whole, "clauses": [*whole["clauses"], {**whole["clauses"][0], "id": "x", **wrong}]}
        )


def test_months_from_a_day():
    assert months_from(dt.date(2024, 2, 29), -12) == dt.date(2023, 2, 28)
    assert months_from(dt.date(2024, 1, 31), 1) == dt.date(2024, 2, 29)
    assert months_from(dt.date(1, 1, 1), -12) == dt.date.min
    assert months_from(dt.date(9999, 12, 1), 12) == dt.date.max
