"""Groups and what parties control, against the definition taken set by set."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queries import stakes
from queries.control import Controlled
from queries.group import group
from queries.group_reach import Reach, controllers_above
from queries.owners import LookedThrough
from queries.related_circle import Circle
from queries.related_regimes import regime_named

DAY = dt.date(2024, 6, 30)
TIE = 1e-9

parties = st.sampled_from(("C0", "C1", "C2", "C3", "C4", "C5", "p0", "p1", "S"))
companies = st.sampled_from(("C0", "C1", "C2", "C3", "C4", "C5"))
shares = st.sampled_from((0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.51, 0.6, 1.0))
holdings = st.lists(
    st.tuples(parties, companies, shares, st.sampled_from((None,) * 8 + ("general",))), max_size=14
)
agreements = st.lists(
    st.tuples(st.lists(parties, min_size=2, max_size=3, unique=True), companies), max_size=2
)


def seen(builder, stakes_, signed=()):
    """The View of some holdings and agreements, and its rows by name."""
    nodes = {}
    for name in ("C0", "C1", "C2", "C3", "C4", "C5", "S"):
        nature = {"nature": "state_body"} if name == "S" else {}
        nodes[name] = builder.node("Company", name, name=name, **nature)
    for name in ("p0", "p1"):
        nodes[name] = builder.node("Person", name, name=name)
    for place, (holder, company, share, partner) in enumerate(stakes_):
        props = {"share_class": str(place), "partner": partner}
        builder.edge("HOLDS", nodes[holder], nodes[company], share_ratio=share, **props)
    for place, (members, target) in enumerate(signed):
        roles = {"parties": [nodes[m] for m in members], "target": [nodes[target]]}
        builder.part("ConcertAgreement", str(place), roles, name="协议")
    view = builder.projection().view(as_of=DAY)
    return view, {name: view.resolve(node[1]) for name, node in nodes.items()}


def controlled_by(view, party, without=()):
    """What a party controls alone, set by set; votes of `without` are cast by nobody."""
    control, ballots = stakes.control(view), stakes.ballot(view).votes.ballots
    inside = {party}
    while True:
        more = set()
        for company in view.rows("Company").tolist():
            rows = [r for r in range(len(ballots.company)) if ballots.company[r] == company]
            cast = sum(
                control.weight[r]
                for r in rows
                if ballots.caster[r] in inside and ballots.caster[r] not in without
            )
            if cast > TIE and 2 * cast - control.votable[company] > TIE:
                more.add(company)
        if more <= inside:
            return inside - {party}
        inside |= more


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes_=holdings, signed=agreements)
def test_a_group_is_all_that_has_its_top_among_its_ultimate_controllers(builder, stakes_, signed):
    view, rows = seen(type(builder)(), stakes_, signed)
    bodies = {rows["S"]}
    ultimate = {row: Controlled.of(view, row).controllers for row in view.rows("Company").tolist()}
    for name, row in rows.items():
        tops = ultimate.get(row) or (row,)
        if row in bodies or set(tops) <= bodies:
            continue
        found = {member.name for member in group(view, view.id(row)).members}
        if len(tops) > 1:
            expected = {view.name(one) for one, controllers in ultimate.items() if controllers == tops}
        else:
            expected = {view.name(one) for one, controllers in ultimate.items() if tops[0] in controllers}
            expected |= {view.name(tops[0])} & {view.name(one) for one in ultimate}
        assert found == expected, name


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes_=holdings)
def test_below_the_state_a_group_is_what_its_highest_company_controls_by_itself(builder, stakes_):
    view, rows = seen(type(builder)(), stakes_)
    state = rows["S"]
    alone = {row: controlled_by(view, row) for row in rows.values()}
    for row in alone[state]:
        if any(row in alone[p] and p != state and state in alone[p] for p in alone):
            continue
        above = [p for p in alone if p != state and row in alone[p]]
        tops = [p for p in above if not any(p in alone[q] for q in above)] or [row]
        (top,) = tops
        answer = group(view, view.id(row))
        if [one.name for one in answer.controllers] == ["S"]:
            assert [one.name for one in answer.top] == [view.name(top)]
            assert {m.name for m in answer.members} == {view.name(r) for r in alone[top] | {top}}


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes_=holdings)
def test_what_a_party_controls_and_who_controls_a_company_are_the_same_relation(builder, stakes_):
    view, rows = seen(type(builder)(), stakes_)
    alone = {row: controlled_by(view, row) for row in rows.values()}
    for row, expected in alone.items():
        assert set(Reach.of(view, row).rows.tolist()) == expected
    for company in view.rows("Company").tolist():
        above = {p for (p,) in controllers_above(view, company)}
        assert above == {p for p in alone if p != rows["S"] and company in alone[p]}


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes_=holdings)
def test_predicates_of_common_control_and_ownership_against_their_definition(builder, stakes_):
    view, rows = seen(type(builder)(), stakes_)
    alone = {row: controlled_by(view, row) for row in rows.values()}
    enterprises = {rows[name] for name in ("C0", "C1", "C2", "C3", "C4", "C5")}
    persons = {rows["p0"], rows["p1"]}
    for company in enterprises:
        circle = Circle(view, company, regime_named("cas36"))
        caught = {c.id: set(circle.rows(c).tolist()) for c in circle.regime.clauses}
        parents = {p for p in enterprises if company in alone[p]}
        bodies = {rows["S"], company}
        assert caught["parent"] == parents
        assert caught["subsidiary"] == alone[company] - bodies
        under = set().union(*(alone[p] for p in parents))
        assert caught["same-parent"] == under - alone[company] - bodies
        assert caught["main-investor"] >= {p for p in persons if company in alone[p]}
        sse = Circle(view, company, regime_named("sse"))
        owners = LookedThrough.of(view, company).owners.terminals
        large = {int(n) for n, s in zip(owners.node, owners.share, strict=True) if s >= 0.05 - TIE}
        person_1 = next(c for c in sse.regime.clauses if c.id == "person-1")
        assert set(sse.rows(person_1).tolist()) >= large & persons


def test_the_proof_of_control_leads_from_the_controller_to_the_company(builder):
    holdings_ = [
        ("p0", "C0", 0.6, None),
        ("C0", "C1", 0.3, None),
        ("p0", "C1", 0.25, None),
        ("C1", "C2", 0.9, None),
    ]
    view, rows = seen(builder, holdings_)
    facts = [(view.name(f.start), view.name(f.end)) for f in Reach.of(view, rows["p0"]).proof(rows["C2"])]
    assert facts == [("C1", "C2"), ("C0", "C1"), ("p0", "C1"), ("p0", "C0")]
    assert controllers_above(view, rows["C2"]) == [(rows["p0"],), (rows["C1"],)]


def test_no_control_is_no_proof(builder):
    view, rows = seen(builder, [("p0", "C0", 0.5, None)])
    assert Reach.of(view, rows["p0"]).rows.tolist() == []
    assert controllers_above(view, rows["C0"]) == []
    with pytest.raises(StopIteration):
        next(iter(controllers_above(view, rows["C1"])))
