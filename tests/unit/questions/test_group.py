"""The group of a company: planted trees, concert, state bodies, totals, pages, and what bad input gets."""

from __future__ import annotations

import datetime as dt
import time

import numpy as np
import pytest

from graph.errors import Ambiguous, InvalidInput, NotFound
from queries import stakes
from queries.group import group
from queries.paging import Page

DAY = dt.date(2024, 6, 30)


class World:
    """A graph in the making: companies and persons by name, holdings by pairs."""

    def __init__(self, builder):
        self.builder = builder
        self.nodes = {}

    def company(self, name, **props):
        return self._node("Company", name, props)

    def person(self, name):
        return self._node("Person", name, {})

    def _node(self, label, name, props):
        self.nodes[name] = self.builder.node(label, name, name=name, **props)
        return self.nodes[name]

    def holds(self, *stakes_):
        for holder, company, share, *more in stakes_:
            props = more[0] if more else {}
            self.builder.edge(
                "HOLDS", self._known(holder, person=True), self._known(company), share_ratio=share, **props
            )

    def _known(self, name, *, person=False):
        if name not in self.nodes:
            self.person(name) if person and name[0].islower() else self.company(name)
        return self.nodes[name]

    def concert(self, members, target):
        roles = {"parties": [self._known(m, person=True) for m in members], "target": [self._known(target)]}
        self.builder.part("ConcertAgreement", f"{members}{target}", roles, name="一致行动协议")

    def view(self, **when):
        return self.builder.projection().view(as_of=when.pop("as_of", DAY), **when)


@pytest.fixture
def world(builder):
    return World(builder)


def members(answer):
    return [(m.name, m.layer, m.parent_name, m.voting_ratio) for m in answer.members]


def names(parties):
    return [one.name for one in parties]


def codes(answer):
    return [finding.code for finding in answer.findings]


def test_a_pyramid_is_one_group_from_whichever_of_its_members_one_asks(world):
    world.holds(("p", "A", 0.6), ("A", "B", 0.7), ("B", "C", 0.55), ("C", "D", 0.51), ("q", "D", 0.49))
    view = world.view()
    answer = group(view, "D")
    assert names(answer.controllers) == names(answer.top) == ["p"]
    assert members(answer) == [
        ("A", 1, "p", 0.6), ("B", 2, "A", 0.7), ("C", 3, "B", 0.55), ("D", 4, "C", 0.51),
    ]  # fmt: skip
    assert [m.weakest_ratio for m in answer.members] == [0.6, 0.6, 0.55, 0.51]
    for asked in ("p", "A", "B", "C"):
        assert group(view, asked).members == answer.members
    assert group(view, "p").controllers == []
    assert group(view, "q").members == []


def test_a_company_that_nobody_controls_is_the_top_of_its_own_group(world):
    world.holds(("p", "A", 0.5), ("A", "B", 0.8), ("q", "A", 0.5))
    answer = group(world.view(), "B")
    assert names(answer.top) == names(answer.controllers) == ["A"]
    assert members(answer) == [("A", 0, None, None), ("B", 1, "A", 0.8)]
    assert answer.totals.members == 2


def test_two_arms_show_the_stronger_one_and_all_votes(world):
    world.holds(("p", "L", 0.6), ("p", "R", 0.7), ("L", "T", 0.3), ("R", "T", 0.25), ("q", "T", 0.4))
    (*_, target) = group(world.view(), "p").members
    assert (target.name, target.parent_name, target.voting_ratio, target.share_ratio) == ("T", "L", 0.55, 0.3)
    assert len(target.records) == 1


def test_members_come_by_layer_then_votes_then_id(world):
    world.holds(("p", "A", 0.6), ("p", "B", 0.9), ("p", "C", 0.6), ("A", "D", 1.0))
    answer = group(world.view(), "p")
    same = sorted(m.id for m in answer.members if m.voting_ratio == 0.6)
    assert answer.members[0].name == "B"
    assert [m.id for m in answer.members][1:3] == same
    assert answer.members[3].name == "D"


def test_those_who_act_in_concert_have_a_group_of_what_they_control_together(world):
    world.holds(("p", "T", 0.2), ("q", "T", 0.18), ("r", "T", 0.15), ("T", "S", 0.9), ("p", "Own", 0.8))
    world.concert(["p", "q", "r"], "T")
    view = world.view()
    answer = group(view, "S")
    assert sorted(names(answer.top)) == ["p", "q", "r"]
    assert [(m.name, m.layer, m.parent_name) for m in answer.members] == [("T", 1, None), ("S", 2, "T")]
    assert answer.members[0].share_ratio == pytest.approx(0.53)
    assert not any(m.joint for m in answer.members)
    assert [(m.name, m.joint) for m in group(view, "p").members] == [
        ("Own", False), ("T", True), ("S", True),
    ]  # fmt: skip
    assert [m.name for m in group(view, "Own").members] == ["Own", "T", "S"]


def test_a_state_body_ends_the_road(world):
    world.company("State", nature="state_body")
    world.holds(("State", "H1", 1.0), ("H1", "B1", 0.6), ("State", "H2", 1.0), ("H2", "B2", 0.6))
    view = world.view()
    for head, below in (("H1", "B1"), ("H2", "B2")):
        for asked in (head, below):
            answer = group(view, asked)
            assert names(answer.controllers) == ["State"]
            assert names(answer.top) == [head]
            assert members(answer) == [(head, 0, None, None), (below, 1, head, 0.6)]
            assert codes(answer) == ["group_below_state_body"]
    answer = group(view, "State")
    assert answer.members == answer.top == []
    assert answer.totals.members == 0
    assert codes(answer) == ["state_body_no_group"]


def test_what_only_the_state_gathers_belongs_to_none_of_its_groups(world):
    world.company("State", nature="state_body")
    world.holds(
        ("State", "H1", 1.0), ("State", "H2", 1.0), ("H1", "X", 0.3), ("H2", "X", 0.25), ("X", "Y", 0.9)
    )
    view = world.view()
    assert [m.name for m in group(view, "H1").members] == ["H1"]
    assert [m.name for m in group(view, "Y").members] == ["X", "Y"]


def test_two_groups_of_the_state_that_sign_an_agreement_control_together(world):
    world.company("State", nature="state_body")
    world.holds(("State", "H1", 1.0), ("State", "H2", 1.0), ("H1", "X", 0.3), ("H2", "X", 0.25))
    world.concert(["H1", "H2"], "X")
    answer = group(world.view(), "X")
    assert sorted(names(answer.top)) == ["H1", "H2"]
    assert [(m.name, m.layer) for m in answer.members] == [("X", 1)]


def test_a_general_partner_and_entrusted_votes_count(world):
    world.holds(
        ("p", "Manager", 0.8),
        ("Manager", "Fund", 0.01, {"partner": "general"}),
        ("q", "Fund", 0.99, {"partner": "limited"}),
        ("Fund", "Target", 0.55),
    )
    answer = group(world.view(), "Target")
    assert members(answer) == [
        ("Manager", 1, "p", 0.8),
        ("Fund", 2, "Manager", 1.0),
        ("Target", 3, "Fund", 0.55),
    ]
    assert answer.members[1].share_ratio == 0.01


def test_own_shares_and_rings(world):
    world.holds(("p", "A", 0.45), ("S", "A", 0.15), ("A", "S", 1.0))
    ring = [("X", "Y", 1.0), ("Y", "Z", 1.0), ("Z", "X", 1.0), ("M", "M", 1.0)]
    world.holds(*ring)
    view = world.view()
    assert [m.name for m in group(view, "S").members] == ["A", "S"]
    for alone in ("X", "Y", "Z", "M"):
        assert [m.name for m in group(view, alone).members] == [alone]


# --- totals ---------------------------------------------------------------------------------------


@pytest.fixture
def served(world):
    """A group of three, and a stranger, with all that the firm may do with them."""
    world.company("A", client=True)
    world.holds(("p", "A", 0.6), ("A", "B", 0.7), ("p", "C", 0.9), ("q", "Other", 1.0))
    g, n = world.builder, world.nodes
    bond = g.node("Product", "bond", name="公司债")
    fund = g.node("Product", "fund", name="基金")
    g.edge("OWNS_PRODUCT", n["A"], bond, revenue=100.0)
    g.edge("OWNS_PRODUCT", n["B"], bond, revenue=50.0)
    g.edge("OWNS_PRODUCT", n["B"], fund)
    g.edge("OWNS_PRODUCT", n["Other"], fund, revenue=7.0)
    g.edge("COVERS", g.node("Employee", "e", name="经理"), n["C"], role="lead")
    for key, clients, amount, collateral in (
        ("x1", ["A"], 100.0, 130.0),
        ("x2", ["A", "B"], 50.0, 20.0),
        ("x3", ["B"], None, 5.0),
        ("x4", ["Other"], 1000.0, None),
        ("x5", ["C"], 10.0, None),
    ):
        g.part(
            "Exposure",
            key,
            {"client": [n[c] for c in clients]},
            name=key,
            amount=amount,
            collateral=collateral,
        )
    g.part("Exposure", "x6", {"client": [n["C"]]}, name="later", amount=99.0, date=dt.date(2030, 1, 1))
    g.part("Guarantee", "g1", {"debtor": [n["B"]], "guarantor": [n["A"]]}, name="g1", amount=30.0)
    g.part("Guarantee", "g2", {"debtor": [n["B"]], "guarantor": [n["Other"]]}, name="g2", amount=40.0)
    g.part("Guarantee", "g3", {"debtor": [n["B"]], "guarantor": [n["A"], n["C"]]}, name="g3")
    return world


def test_totals_count_everything_once(served):
    totals = group(served.view(), "p").totals
    assert (totals.members, totals.clients) == (3, 3)
    assert (totals.holdings_of_products, totals.revenue, totals.unknown_revenues) == (3, 150.0, 1)
    assert [(p.name, p.companies, p.revenue) for p in totals.products] == [
        ("公司债", 2, 150.0),
        ("基金", 1, 0.0),
    ]
    credit = totals.credit
    assert (credit.exposures, credit.clients, credit.unknown_amounts) == (4, 3, 1)
    assert (credit.gross, credit.collateral, credit.net) == (160.0, 155.0, 40.0)
    assert [(c.name, c.exposures, c.gross, c.net) for c in credit.by_client] == [
        ("A", 2, 150.0, 30.0), ("B", 2, 50.0, 30.0), ("C", 1, 10.0, 10.0),
    ]  # fmt: skip
    within = totals.guarantees_within
    assert (within.count, within.amount, within.unknown_amounts) == (2, 30.0, 1)


def test_totals_do_not_depend_on_the_page(served):
    view = served.view()
    whole = group(view, "p")
    seen, cursor = [], None
    while True:
        page = group(view, "p", page=Page(1, cursor, "k"))
        assert page.totals == whole.totals
        seen += page.members
        cursor = page.next
        if cursor is None:
            break
    assert seen == whole.members
    assert [m.client for m in seen] == [True, True, True]


def test_a_cursor_belongs_to_one_group(served):
    view = served.view()
    cursor = group(view, "p", page=Page(1, None, "k")).next
    for asked in ("q", "Other"):
        with pytest.raises(InvalidInput):
            group(view, asked, page=Page(1, cursor, "k"))


# --- what bad input gets --------------------------------------------------------------------------


def test_what_is_neither_company_nor_person_has_no_group(world):
    world.builder.node("Industry", "i", name="制药", scheme="测试")
    with pytest.raises(InvalidInput) as error:
        group(world.view(), "制药")
    assert error.value.field == "id"


def test_unknown_ids_ambiguous_names_and_an_empty_graph(builder):
    with pytest.raises(NotFound):
        group(builder.projection().view(as_of=DAY), "nobody")
    for key in ("a", "b"):
        builder.node("Person", key, name="同名")
    with pytest.raises(Ambiguous):
        group(builder.projection().view(as_of=DAY), "同名")


def test_before_any_data_a_company_stands_alone(world):
    world.holds(("p", "A", 0.6, {"valid_from": "2020-01-01"}))
    view = world.view(as_of=dt.date(1999, 1, 1))
    answer = group(view, "A")
    assert members(answer) == [("A", 0, None, None)]
    assert group(view, "p").members == []


def test_only_disclosed_controllers_are_said_not_to_be_computable(world):
    world.builder.edge("CONTROLS", world.person("p"), world.company("A"), ratio=0.4)
    answer = group(world.view(), "A")
    assert codes(answer) == ["disclosed_not_computable"]
    assert [m.name for m in answer.members] == ["A"]


def test_a_large_group_answers_in_pages_and_fast(builder):
    head = builder.node("Company", "head", name="总部")
    for number in range(3000):
        company = builder.node("Company", f"c{number}", name=f"子公司{number}")
        builder.edge("HOLDS", head, company, share_ratio=0.6)
    view = builder.projection().view(as_of=DAY)
    group(view, "总部")
    start = time.perf_counter()
    answer = group(view, "总部", page=Page(50, None, "k"))
    assert time.perf_counter() - start < 0.5
    assert answer.totals.members == 3001
    assert len(answer.members) == 50
    assert np.count_nonzero(stakes.control(view).controller >= 0) == 3000
