"""The sources of opportunities, each alone: what it proposes, what not, and how it explains itself."""

from __future__ import annotations

import datetime as dt

import numpy as np
import pytest

from queries.catalogue import catalogue
from queries.opportunities import sources_of
from queries.opportunity_collaborative import preferences
from queries.opportunity_proposals import desk_of
from queries.opportunity_rules import opportunity_rules

DAY = dt.date(2024, 6, 30)
OWNED = ("现金管理", "公司债券承销", "衍生品与套期保值", "做市")


@pytest.fixture
def market(builder):
    """Names of products as nodes of a graph."""
    builder.products = {name: builder.node("Product", name, name=name) for name in OWNED}
    return builder


def firm(builder, key, **props):
    return builder.node("Company", key, name=f"{key}有限公司", **props)


def proposed(builder, name, clearance=frozenset()):
    """(company, product) by explanation."""
    desk = desk_of(builder.projection().view(clearance, DAY), catalogue())
    source = sources_of(opportunity_rules())[name]()
    found = source.propose(desk)
    return {
        (desk.view.name(company), catalogue().products[product].key): source.explain(desk, found, at)
        for at, (company, product) in enumerate(
            zip(found.company.tolist(), found.product.tolist(), strict=True)
        )
    }


@pytest.mark.parametrize(
    ("kind", "products"),
    [
        ("pledge", {"share_pledge", "hedging"}),
        ("pledge_release", {"block_trade", "share_pledge"}),
        ("buy_back", {"buy_back", "employee_share_plan", "equity_incentive"}),
        ("increase", {"share_pledge", "owner_wealth"}),
        ("reduction", {"block_trade", "owner_wealth"}),
        ("financing", {"ipo", "cash_management", "neeq_bse"}),
        ("listing_guidance", {"ipo", "owner_wealth", "research"}),
        ("acquisition", {"mna", "corporate_bond", "private_placement"}),
        ("executive_change", {"equity_incentive", "owner_wealth"}),
        ("bid_won", {"abs", "corporate_bond", "hedging"}),
        ("loss", {"mna", "abs"}),
        ("lockup_expiry", {"block_trade", "share_pledge", "owner_wealth"}),
        ("bond_maturity", {"corporate_bond", "convertible_bond"}),
    ],
)
def test_every_kind_of_event_has_its_rules(market, kind, products):
    market.part(
        "Event", "e", {"subjects": [firm(market, "甲")]}, name="事", kind=kind, date=dt.date(2024, 6, 29)
    )
    found = proposed(market, "events")
    assert {key for _, key in found} == products
    assert all(
        evidence.records and "甲" in evidence.text.zh and "2024-06-29" in evidence.text.en
        for evidence in found.values()
    )


def test_deals_maturities_and_new_controllers_count_too(market):
    one, other, state = firm(market, "甲"), firm(market, "乙"), firm(market, "国资委", nature="state_body")
    market.part(
        "Deal", "d", {"target": [one], "investors": [other]}, kind="acquisition", date=dt.date(2024, 6, 1)
    )
    market.edge(
        "ISSUED", other, market.node("Security", "b", name="债", kind="bond", matures_on=dt.date(2024, 8, 1))
    )
    market.edge("CONTROLS", market.node("Person", "p", name="周澄"), one, valid_from="2024-05-01")
    market.edge("CONTROLS", state, other, valid_from="2024-05-01")
    found = proposed(market, "events")
    assert {key for name, key in found if name == "甲有限公司"} == {"mna", "owner_wealth", "share_pledge"}
    assert {key for name, key in found if name == "乙有限公司"} == {
        "mna", "corporate_bond", "private_placement", "convertible_bond",
    }  # fmt: skip
    assert "周澄" in found["甲有限公司", "owner_wealth"].text.zh


def test_what_is_ahead_waits_for_its_window(market):
    market.part(
        "Event",
        "e",
        {"subjects": [firm(market, "甲")]},
        name="解禁",
        kind="lockup_expiry",
        date=dt.date(2024, 12, 1),
    )
    assert not proposed(market, "events")


def test_a_group_has_what_one_of_its_companies_lacks_and_the_state_joins_nobody(market):
    top, one, other = firm(market, "母"), firm(market, "甲"), firm(market, "乙")
    state = firm(market, "国资委", nature="state_body")
    alone, apart = firm(market, "丙"), firm(market, "丁")
    for company in (one, other):
        market.edge("HOLDS", top, company, share_ratio=0.8)
    for company in (alone, apart):
        market.edge("HOLDS", state, company, share_ratio=0.8)
    market.edge("OWNS_PRODUCT", one, market.products["现金管理"])
    market.edge("OWNS_PRODUCT", alone, market.products["现金管理"])
    found = proposed(market, "white_space")
    assert set(found) == {("母有限公司", "cash_management"), ("乙有限公司", "cash_management")}
    assert "甲有限公司" in found["乙有限公司", "cash_management"].text.zh
    assert found["乙有限公司", "cash_management"].records


def test_a_walled_link_of_a_group_is_walled_in_the_reason(market):
    top, one, other = firm(market, "母"), firm(market, "甲"), firm(market, "乙")
    market.edge("HOLDS", top, one, share_ratio=0.8)
    for key in ("母", "乙"):
        market.node("Company", key, walls=("deal:a",))
    market.edge("HOLDS", top, other, share_ratio=0.8, walls=("deal:a",))
    market.edge("OWNS_PRODUCT", one, market.products["现金管理"])
    assert set(proposed(market, "white_space")) == {("母有限公司", "cash_management")}
    inside = proposed(market, "white_space", frozenset({"deal:a"}))
    assert inside["乙有限公司", "cash_management"].compartments == {"deal:a"}
    assert inside["母有限公司", "cash_management"].compartments == frozenset()


def test_clients_alike_have_what_one_lacks(market):
    trade, other_trade = (
        market.node("Industry", name, name=name, scheme="测试") for name in ("医药", "钢铁")
    )
    for n in range(6):
        company = firm(market, f"药{n}", client=True, capital=1e8 + n, founded="2005-01-01")
        market.edge("IN_INDUSTRY", company, trade)
        if n:
            market.edge("OWNS_PRODUCT", company, market.products["衍生品与套期保值"])
    far = firm(market, "钢", client=True, capital=1e8, founded="2005-01-01")
    market.edge("IN_INDUSTRY", far, other_trade)
    found = proposed(market, "look_alikes")
    assert set(found) == {("药0有限公司", "hedging")}
    assert "5家" in found["药0有限公司", "hedging"].text.zh


def test_prospects_near_a_good_client(market):
    good, supplier, buyer, fund, sister = (firm(market, key) for key in ("优", "供", "购", "投", "友"))
    state = firm(market, "国资委", nature="state_body")
    client = firm(market, "客", client=True)
    for name in OWNED[:2]:
        market.edge("OWNS_PRODUCT", good, market.products[name])
    market.edge("SUPPLIES", supplier, good)
    market.edge("SUPPLIES", client, good)
    market.edge("SUPPLIES", good, buyer)
    market.edge("HOLDS", fund, good, share_ratio=0.05)
    market.edge("HOLDS", state, good, share_ratio=0.3)
    chair = market.node("Person", "chair", name="周澄")
    market.edge("OFFICER_OF", chair, good, office="董事长")
    market.edge("OFFICER_OF", chair, sister, office="董事")
    found = proposed(market, "chain")
    assert {name for name, _ in found} == {"供有限公司", "购有限公司", "投有限公司", "友有限公司"}
    assert "周澄" in found["友有限公司", "ipo"].text.zh
    assert all(evidence.records for evidence in found.values())


def test_collaborative_filtering_is_off_deterministic_and_finds_structure():
    rules = opportunity_rules()
    assert "collaborative" not in rules.sources
    owned = np.zeros((60, 6))
    owned[:30, :3] = owned[30:, 3:] = 1.0
    owned[0, 2] = owned[59, 5] = 0.0
    first, again = (preferences(owned, rules.collaborative) for _ in range(2))
    assert first.tobytes() == again.tobytes()
    assert first[0, 2] > first[0, 3:].max()
    assert first[59, 5] > first[59, :3].max()
