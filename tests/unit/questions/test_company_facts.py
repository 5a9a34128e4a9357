"""Facts that rules read: by hand-computed values, all columns there, and no trace of what is hidden."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InvalidInput
from queries.company_facts import CompanyFacts, all_facts, company_facts, fact_names, facts_of

DAY = dt.date(2024, 6, 30)
WALLS = ((), (), ("a",), ("b",))
VIEWERS = {"nobody": (), "a": ("a",), "ab": ("a", "b")}


def seen(builder, clearance=frozenset()):
    return builder.projection().view(clearance, DAY)


def of(builder, node, clearance=frozenset()) -> CompanyFacts:
    view = seen(builder, clearance)
    return facts_of(view, view.resolve(node[1]))


@pytest.fixture
def firm(builder):
    """A listed client with reports of two years, owners, pledges, events and products."""
    g = builder
    river = g.node("Company", "river", name="澄江医药股份有限公司", code="600001.SH", listed_on=dt.date(2019, 6, 30),
                   founded=dt.date(2004, 6, 30), region="云州", client=True, total_shares=1000.0)  # fmt: skip
    for year, revenue, profit in ((2022, 100.0, 10.0), (2023, 125.0, 8.0)):
        g.part("FinancialReport", f"r{year}", {"company": [river]}, period_end=f"{year}-12-31", period_months=12,
               revenue=revenue, net_profit=profit, total_assets=400.0, total_liabilities=100.0, equity=200.0,
               current_assets=90.0, current_liabilities=60.0, operating_cash_flow=30.0, investing_cash_flow=-20.0,
               financing_cash_flow=-5.0)  # fmt: skip
    return g, river


def test_every_fact_has_a_column_and_a_documented_field(market_projection):
    view = market_projection.view(frozenset(), DAY)
    assert tuple(all_facts(view).columns) == fact_names()
    assert all(field.description or field.metadata for field in CompanyFacts.model_fields.values())


def test_a_company_with_nothing_known_has_facts_that_say_so(builder):
    found = of(builder, builder.node("Company", "x", name="无名有限公司"))
    assert found.revenue is found.leverage is found.controller_id is found.pledge_ratio is None
    assert (found.group_size, found.firm_revenue, found.exposure, found.product_count) == (1, 0.0, 0.0, 0)
    assert found.life_cycle is None


def test_financial_facts_by_hand(firm):
    found = of(*firm)
    assert (found.report_year, found.revenue, found.net_profit) == (2023, 125.0, 8.0)
    assert found.revenue_growth == pytest.approx(0.25)
    assert found.profit_growth == pytest.approx(-0.2)
    assert (found.leverage, found.current_ratio) == (0.25, 1.5)
    assert (found.net_margin, found.return_on_equity) == (pytest.approx(0.064), pytest.approx(0.04))
    assert (found.life_cycle, found.life_cycle_basis) == ("mature", "cash_flows")
    assert found.listed_years == pytest.approx(5.0, abs=0.01)


def test_owner_facts_by_hand(firm):
    g, river = firm
    group, son, state = (g.node("Company", n, name=f"{n}有限公司") for n in ("group", "son", "state"))
    chair = g.node("Person", "chair", name="周澄")
    g.edge("HOLDS", chair, group, share_ratio=0.9)
    g.edge("HOLDS", group, river, share_ratio=0.4, share_class="A")
    g.edge("HOLDS", group, river, share_ratio=0.2, share_class="B")
    g.edge("HOLDS", river, son, share_ratio=0.7)
    g.edge("CONTROLS", state, river, ratio=0.3)
    found = of(g, river)
    assert found.largest_stake == pytest.approx(0.6)
    assert (found.controller_id, found.controller_kind, found.controller_basis) == (
        chair[1],
        "Person",
        "computed",
    )
    assert found.controller_stake == pytest.approx(0.6)
    assert found.group_size == 3  # group, river, son
    assert of(g, group).group_size == 3


def test_a_state_body_makes_no_group(firm):
    g, river = firm
    state = g.node("Company", "state", name="云州市国资委", nature="state_body")
    other, son = (g.node("Company", n, name=f"{n}有限公司") for n in ("other", "son"))
    g.edge("HOLDS", state, river, share_ratio=0.6)
    g.edge("HOLDS", state, other, share_ratio=0.6)
    g.edge("HOLDS", river, son, share_ratio=0.6)
    found = of(g, river)
    assert (found.controller_state, found.group_size) == (True, 2)
    assert (of(g, son).group_size, of(g, other).group_size) == (2, 1)


def test_credit_and_dealings_by_hand(firm):
    g, river = firm
    bank = g.node("Company", "bank", name="云州银行")
    share = g.node("Security", "s", name="澄江", kind="share")
    g.edge("ISSUED", river, share)
    g.part("Pledge", "p1", {"pledgor": [bank], "security": [river]}, ratio=0.1)
    g.part("Pledge", "p2", {"pledgor": [bank], "security": [share]}, shares=50.0)
    g.part("Guarantee", "g", {"guarantor": [river], "debtor": [bank]}, amount=50.0)
    g.edge("SUPPLIES", river, bank, revenue_share=0.3)
    bond = g.node("Security", "b", name="23澄江01", kind="bond", matures_on=dt.date(2024, 7, 10))
    g.edge("ISSUED", river, bond)
    products = [
        g.node("Product", f"p{i}", name=f"产品{i}", category=line) for i, line in enumerate(("投行", "固收"))
    ]
    g.edge("OWNS_PRODUCT", river, products[0], revenue=7.0)
    found = of(g, river)
    assert found.pledge_ratio == pytest.approx(0.15)
    assert (found.guarantees_given, found.guarantee_ratio) == (50.0, 0.25)
    assert (found.largest_customer, found.bond_matures_days, found.bonds) == (0.3, 10, 1)
    assert (found.products, found.product_lines, found.product_depth) == (["产品0"], ["投行"], 0.5)
    assert found.firm_revenue == 7.0


def test_relationship_is_the_best_acquaintance_of_staff_with_officers_and_contacts(firm):
    g, river = firm
    staff, chair = g.node("Employee", "e", name="冯经理"), g.node("Person", "c", name="周澄")
    contact = g.part("Contact", "k", {"client": [river]}, name="郑联")
    g.edge("OFFICER_OF", chair, river, office="董事长")
    g.edge("KNOWS", staff, chair, strength=0.4)
    g.edge("KNOWS", contact, staff, strength=0.7)
    g.edge("COVERS", staff, river, role="lead")
    found = of(g, river)
    assert (found.relationship, found.staff, found.contacts) == (0.7, 1, 1)


def test_events_are_counted_by_kind_within_windows(firm):
    g, river = firm
    for i, (kind, day) in enumerate((("pledge", "2024-06-30"), ("pledge", "2024-05-01"), ("odd", "2024-02-01"),
                                     ("lockup_expiry", "2024-08-01"), ("pledge", "2020-01-01"))):  # fmt: skip
        g.part("Event", f"e{i}", {"subjects": [river]}, name="事", kind=kind, date=day)
    g.part("Deal", "d", {"target": [river]}, kind="financing", stage="B轮", date=dt.date(2024, 1, 1))
    found = of(g, river)
    assert (found.events_30.pledge, found.events_90.pledge, found.events_365.pledge) == (1, 2, 2)
    assert (found.events_365.other, found.events_365.total, found.events_ahead_90.lockup_expiry) == (1, 3, 1)
    assert (found.financing_round, found.deals_365.financing) == ("B轮", 1)


def test_only_companies_have_facts(firm):
    g, river = firm
    person = g.node("Person", "p", name="李安")
    view = seen(g)
    with pytest.raises(InvalidInput):
        company_facts(view, np.array([view.resolve(person[1])]))
    assert len(company_facts(view, np.array([view.resolve(river[1])]))) == 1


amount = st.sampled_from((0.1, 0.3, 0.6, None))
statement = st.tuples(
    st.sampled_from(("report", "holds", "pledge", "event", "product", "knows", "supplies", "exposure", "controls")),
    st.integers(0, 2), st.integers(0, 2), amount, st.sampled_from(WALLS),
)  # fmt: skip


def built(g, statements):  # noqa: C901  # one branch a kind of statement
    """A few companies, all walls of a statement on everything that it makes."""
    nodes = {}

    def node(label, key, walls):
        if (label, key, walls) not in nodes:
            nodes[label, key, walls] = g.node(label, key, walls=walls, name=f"{label}{key}有限公司")
        return nodes[label, key, walls]

    for i, (what, a, b, value, walls) in enumerate(statements):
        one, other = node("Company", str(a), walls), node("Company", str(b), walls)
        thing = {"walls": walls, "name": what}
        if what == "report":
            g.part("FinancialReport", f"f{b}", {"company": [one]}, period_end=f"202{b}-12-31", period_months=12,
                   revenue=value, total_assets=1.0, operating_cash_flow=value, investing_cash_flow=-0.2,
                   financing_cash_flow=0.01, **thing)  # fmt: skip
        elif what == "holds":
            g.edge("HOLDS", one, other, walls=walls, share_ratio=value)
        elif what == "controls":
            g.edge("CONTROLS", one, other, walls=walls, ratio=value)
        elif what == "pledge":
            g.part("Pledge", f"p{i}", {"security": [one]}, ratio=value, **thing)
        elif what == "event":
            g.part("Event", f"e{i}", {"subjects": [one]}, kind="pledge", date="2024-06-01", **thing)
        elif what == "product":
            g.edge("OWNS_PRODUCT", one, node("Product", str(b), walls), walls=walls, revenue=value)
        elif what == "knows":
            person = node("Person", str(b), walls)
            g.edge("OFFICER_OF", person, one, walls=walls, office="董事")
            g.edge("KNOWS", node("Employee", "e", walls), person, walls=walls, strength=value)
        elif what == "supplies":
            g.edge("SUPPLIES", one, other, walls=walls, revenue_share=value)
        else:
            g.part("Exposure", f"x{i}", {"client": [one]}, amount=value, date="2024-01-01", **thing)
    return g


def told(view):
    found = all_facts(view)
    return {view.id(row): found.model(i).model_dump_json() for i, row in enumerate(found.rows.tolist())}


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(statements=st.lists(statement, min_size=1, max_size=9), who=st.sampled_from(sorted(VIEWERS)))
def test_walls_leave_no_trace(builder, statements, who):
    g = built(type(builder)(), statements)
    walled = told(g.projection().view(frozenset(VIEWERS[who]), DAY))
    fresh = told(g.without(VIEWERS[who]).projection().view(None, DAY))
    assert walled == fresh
