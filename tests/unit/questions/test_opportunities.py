"""Opportunities: what events lead to, who may have what, in which order, and what feedback does."""

from __future__ import annotations

import datetime as dt

import pytest

from graph.errors import InvalidInput, NotFound
from queries.opportunities import Wanted, actionable, opportunities, opportunity, opportunity_id
from queries.paging import Page

DAY = dt.date(2024, 6, 30)


@pytest.fixture
def firm(builder):
    """A listed client that buys back, a company under listing guidance, a bond that falls due, and staff."""
    g = builder
    g.river = g.node(
        "Company", "river", name="澄江医药股份有限公司", code="600001.SH", client=True, listed_on="2010-01-01"
    )
    g.young = g.node("Company", "young", name="青禾药房有限公司", founded=dt.date(2015, 1, 1))
    g.builder = g.node("Company", "builder", name="青石建设有限公司")
    g.state = g.node("Company", "state", name="云州市国资委", nature="state_body")
    bond = g.node("Security", "b1", name="22青石01", kind="bond", matures_on=dt.date(2024, 9, 30))
    g.edge("ISSUED", g.builder, bond)
    g.part(
        "Event",
        "e1",
        {"subjects": [g.river]},
        name="回购",
        kind="buy_back",
        date=dt.date(2024, 6, 1),
        amount=3e8,
    )
    g.part(
        "Event", "e2", {"subjects": [g.young]}, name="辅导", kind="listing_guidance", date=dt.date(2024, 6, 1)
    )
    g.part("Event", "old", {"subjects": [g.young]}, name="质押", kind="pledge", date=dt.date(2022, 6, 1))
    g.part("Event", "e3", {"subjects": [g.state]}, name="中标", kind="bid_won", date=dt.date(2024, 6, 1))
    g.branch = g.node("Branch", "b", name="云州分公司")
    g.feng = g.node("Employee", "feng", name="冯经理")
    g.edge("PARTY_TO", g.branch, g.feng, role="branch")
    g.edge("COVERS", g.feng, g.river, role="lead")
    g.products = {
        name: g.node("Product", name, name=name) for name in ("股份回购服务", "现金管理", "股权激励服务")
    }
    return g


def seen(builder, clearance=frozenset(), day=DAY):
    return builder.projection().view(clearance, day)


def pairs(answer):
    return [(one.company.name, one.product.key) for one in answer.opportunities]


def test_events_lead_to_opportunities_with_reason_window_and_score(firm):
    answer = opportunities(seen(firm))
    assert set(pairs(answer)) == {
        ("澄江医药股份有限公司", "buy_back"),
        ("澄江医药股份有限公司", "employee_share_plan"),
        ("澄江医药股份有限公司", "equity_incentive"),
        ("青禾药房有限公司", "ipo"),
        ("青禾药房有限公司", "owner_wealth"),
        ("青禾药房有限公司", "research"),
        ("青石建设有限公司", "corporate_bond"),
    }
    one = next(one for one in answer.opportunities if one.product.key == "buy_back")
    assert (one.opens, one.expires) == (dt.date(2024, 6, 1), dt.date(2024, 11, 28))
    (why,) = one.why
    assert why.source == "events"
    assert why.rule.startswith("buy-back-service@")
    assert why.records
    assert "2024年6月1日" in why.text
    assert "3.00亿元" in why.text
    score = one.score
    assert score.probability == pytest.approx(0.2 * 0.35)
    assert score.value == pytest.approx(3e8 * 0.001)
    assert score.score == pytest.approx(score.probability * score.value * score.urgency, abs=0.01)
    assert one.introducer is not None
    assert one.introducer.staff.name == "冯经理"
    assert one.law


def test_the_urgency_of_what_lies_ahead_grows(firm):
    early = opportunities(seen(firm, day=dt.date(2024, 5, 1)), Wanted(product="corporate_bond")).opportunities
    late = opportunities(seen(firm, day=dt.date(2024, 9, 29)), Wanted(product="corporate_bond")).opportunities
    assert early[0].score.urgency < late[0].score.urgency
    assert early[0].id == late[0].id
    assert not opportunities(
        seen(firm, day=dt.date(2024, 9, 30)), Wanted(product="corporate_bond")
    ).opportunities


def test_who_may_not_have_a_product_is_told_why(firm):
    g = firm
    g.part("Event", "p", {"subjects": [g.young]}, name="质押", kind="pledge", date=dt.date(2024, 6, 20))
    g.edge("OWNS_PRODUCT", g.river, g.products["股权激励服务"], since="2020-01-01")
    g.edge("OWNS_PRODUCT", g.river, g.products["股份回购服务"], since="2020-01-01")
    view = seen(g)
    young = opportunities(view, Wanted(company="青禾药房有限公司"))
    assert [(one.product.key, one.code) for one in young.aside] == [("share_pledge", "not_eligible")]
    assert "上市股份" in young.aside[0].reason
    river = opportunities(view, Wanted(company="澄江医药股份有限公司"))
    assert [(one.product.key, one.code) for one in river.aside] == [("equity_incentive", "has_it")]
    assert river.aside[0].records
    assert ("澄江医药股份有限公司", "buy_back") in pairs(river), "a product that repeats may be needed again"


def test_the_restricted_list_sets_aside(firm):
    g = firm
    g.part("Restriction", "r1", {"party": [g.young]}, kind="restricted", products=["ipo"], reason="项目立项")
    answer = opportunities(seen(g), Wanted(company="青禾药房有限公司"))
    assert [(one.product.key, one.code) for one in answer.aside] == [("ipo", "restricted")]
    assert "项目立项" in answer.aside[0].reason
    assert ("青禾药房有限公司", "research") in pairs(answer)


def test_an_unknown_fact_leaves_the_question_open(firm):
    answer = opportunities(seen(firm), Wanted(product="corporate_bond"))
    assert any("净资产" in check for check in answer.opportunities[0].to_check)


def test_filters_and_pages(firm):
    view = seen(firm)
    whole = opportunities(view)
    mine = opportunities(view, Wanted(manager="冯经理"))
    assert {name for name, _ in pairs(mine)} == {"澄江医药股份有限公司"}
    assert pairs(opportunities(view, Wanted(branch="云州分公司"))) == pairs(mine)
    rest = opportunities(view, Wanted(unassigned=True))
    assert sorted(pairs(rest) + pairs(mine)) == sorted(pairs(whole))
    assert pairs(opportunities(view, Wanted(source="events"))) == pairs(whole)
    paged, cursor = [], None
    while True:
        page = opportunities(view, page=Page(2, cursor, "k"))
        paged += pairs(page)
        cursor = page.next
        if cursor is None:
            break
    assert paged == pairs(whole)
    for wanted in (Wanted(stage="x"), Wanted(product="x"), Wanted(source="x"), Wanted(company="冯经理")):
        with pytest.raises(InvalidInput):
            opportunities(view, wanted)


def test_no_client_fills_a_page(builder):
    g = builder
    big = g.node("Company", "big", name="大河股份有限公司", code="600009.SH", listed_on="2000-01-01")
    for n, kind in enumerate(("buy_back", "reduction", "lockup_expiry", "acquisition", "pledge")):
        g.part(
            "Event", f"b{n}", {"subjects": [big]}, name=kind, kind=kind, date=dt.date(2024, 6, 1), amount=1e11
        )
    for n in range(4):
        small = g.node(
            "Company", f"s{n}", name=f"小溪{n}股份有限公司", code=f"60001{n}.SH", listed_on="2000-01-01"
        )
        g.part(
            "Event",
            f"s{n}",
            {"subjects": [small]},
            name="回购",
            kind="buy_back",
            date=dt.date(2024, 6, 1),
            amount=1e6,
        )
    names = [name for name, _ in pairs(opportunities(seen(g)))]
    first = names[
        : names.index("大河股份有限公司", 3) if names[:3] == ["大河股份有限公司"] * 3 else len(names)
    ]
    assert first.count("大河股份有限公司") == 3
    assert {name for name in first if name.startswith("小溪")} == {f"小溪{n}股份有限公司" for n in range(4)}


def test_one_by_its_id(firm):
    view = seen(firm)
    listed = opportunities(view).opportunities
    for one in listed:
        assert opportunity(view, one.id).opportunity == one
        assert opportunity_id(one.company.id, one.product.key) == one.id
    for ref in ("0" * 24, "nonsense", listed[0].company.id):
        with pytest.raises(NotFound):
            opportunity(view, ref)


def test_what_expired_says_so(firm):
    view = seen(firm)
    pledge = opportunity_id(view.id(view.resolve("青禾药房有限公司")), "share_pledge")
    with pytest.raises(InvalidInput, match="过期"):
        actionable(view, pledge)
    with pytest.raises(NotFound):
        opportunity(view, pledge)
