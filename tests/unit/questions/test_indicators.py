"""Indicators by hand-computed values: like periods, reasons for the unknown, inputs with records, no trace of walls."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InvalidInput, NotFound
from queries.indicators import Definition, indicators, library
from queries.life_cycle import life_cycle

DAY = dt.date(2024, 10, 31)


@pytest.fixture
def firm(builder):
    g = builder
    node = g.node("Company", "c", name="澄江有限公司", client=True)
    rows = (
        ("2022-12-31", 12, 100.0, 10.0), ("2023-09-30", 9, 60.0, 6.0), ("2023-12-31", 12, 120.0, -3.0),
        ("2024-09-30", 9, 90.0, 9.0),
    )  # fmt: skip
    for n, (end, months, revenue, profit) in enumerate(rows):
        g.part("FinancialReport", f"r{n}", {"company": [node]}, name=end, period_end=end, period_months=months,
               revenue=revenue, net_profit=profit, total_assets=200.0, total_liabilities=50.0 + n)  # fmt: skip
    return g, node


def ask(firm, day=DAY):
    found = indicators(firm[0].projection().view(frozenset(), day), firm[1][1])
    return {one.id: one for one in found.indicators}, found


def test_growth_compares_like_periods(firm):
    found, _ = ask(firm)
    growth = found["revenue_growth"]
    assert (growth.value, growth.months, growth.period_end) == (0.5, 9, dt.date(2024, 9, 30))
    by_period = {(point.period_end, point.months): point for point in growth.trend}
    assert by_period[dt.date(2023, 12, 31), 12].value == pytest.approx(0.2)
    missing = by_period[dt.date(2023, 9, 30), 9]
    assert missing.value is None
    assert "上年同期" in (missing.reason or "")


def test_trailing_joins_the_year_and_the_running_periods(firm):
    found, _ = ask(firm)
    assert found["revenue_trailing"].value == 90 + 120 - 60
    assert len(found["revenue_trailing"].inputs) == 3
    assert all(one.records for one in found["revenue_trailing"].inputs)


def test_a_base_that_is_not_above_zero_gives_no_growth(firm):
    g, node = firm
    g.part(
        "FinancialReport",
        "r9",
        {"company": [node]},
        period_end="2024-12-31",
        period_months=12,
        net_profit=5.0,
    )
    found, _ = ask(firm, dt.date(2025, 1, 31))
    assert found["profit_growth"].value is None
    assert "不为正" in (found["profit_growth"].reason or "")


def test_ratios_and_what_is_not_stated(firm):
    found, _ = ask(firm)
    assert found["leverage"].value == pytest.approx(53 / 200)
    assert [round(point.value or 0, 3) for point in found["leverage"].trend] == [0.265, 0.26, 0.255, 0.25]
    assert found["net_margin"].value == pytest.approx(0.1)
    assert found["current_ratio"].value is None
    assert "未披露" in (found["current_ratio"].reason or "")


def test_nothing_is_known_without_reports_and_it_says_so(builder):
    node = builder.node("Company", "x", name="无名有限公司")
    found, whole = ask((builder, node))
    assert all(one.value is not None or one.reason for one in found.values())
    assert (found["revenue"].reason, found["group_size"].value) == ("没有可用的财务报告", 1.0)
    assert whole.findings == []


def test_graph_and_firm_indicators_show_their_records(firm):
    g, node = firm
    holder = g.node("Person", "p", name="周澄")
    g.edge("HOLDS", holder, node, share_ratio=0.6)
    g.part("Pledge", "p", {"pledgor": [holder], "security": [node]}, ratio=0.25)
    g.edge("OWNS_PRODUCT", node, g.node("Product", "b", name="公司债承销", category="固收"), revenue=5.0)
    found, _ = ask(firm)
    for name, value in (
        ("pledge_ratio", 0.25),
        ("controller_stake", 0.6),
        ("firm_revenue", 5.0),
        ("product_depth", 1.0),
    ):
        assert found[name].value == pytest.approx(value)
        assert found[name].inputs[0].records, name


def test_as_of_an_earlier_day(firm):
    found, _ = ask(firm, dt.date(2024, 1, 31))
    assert (found["revenue"].value, found["revenue"].months) == (120.0, 12)


def test_reports_that_are_wrong_are_findings(firm):
    g, node = firm
    g.part("FinancialReport", "odd", {"company": [node]}, name="怪", period_end="2024-03-31", period_months=0)
    _, whole = ask(firm)
    assert [finding.code for finding in whole.findings] == ["report_bad_length"]


def test_every_definition_is_in_two_languages_with_a_unit_and_a_source():
    assert library().version
    assert len(library().indicators) > 20
    with pytest.raises(ValueError, match="no fact"):
        Definition.model_validate({"id": "x", "name": {"zh": "某", "en": "x"}, "definition": {"zh": "某", "en": "x"},
                                   "unit": "CNY", "source": "graph", "fact": "nonsense"})  # fmt: skip


def test_a_person_has_no_indicators(builder):
    person = builder.node("Person", "p", name="李安")
    with pytest.raises(InvalidInput):
        indicators(builder.projection().view(frozenset(), DAY), person[1])


WALLS = ((), (), ("a",), ("b",))
report = st.tuples(
    st.integers(0, 2), st.sampled_from(("2022-12-31", "2023-12-31", "2023-06-30")), st.sampled_from((12, 6, None, 40)),
    st.sampled_from((1.0, -1.0, None)), st.sampled_from(WALLS),
)  # fmt: skip


def told(view, ids):
    there = [i for i in ids if _exists(view, i)]
    return [f(view, i).model_dump_json() for i in there for f in (indicators, life_cycle)]


def _exists(view, ref):
    try:
        return view.kind(view.resolve(ref)) == "Company"
    except NotFound:
        return False


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(reports=st.lists(report, min_size=1, max_size=8), who=st.sampled_from(((), ("a",), ("a", "b"))))
def test_walls_leave_no_trace(builder, reports, who):
    g = type(builder)()
    for company in range(3):
        g.node("Company", str(company), name=f"公司{company}有限公司")
    for n, (company, end, months, value, walls) in enumerate(reports):
        node = g.node("Company", str(company), walls=walls)
        g.part("FinancialReport", f"r{n}", {"company": [node]}, walls=walls, period_end=end, period_months=months,
               revenue=value, net_profit=value, operating_cash_flow=value, investing_cash_flow=value,
               financing_cash_flow=value, total_assets=2.0)  # fmt: skip
    ids = sorted({node[1]["id"] for node in g.nodes})
    walled = told(g.projection().view(frozenset(who), DAY), ids)
    fresh = told(g.without(who).projection().view(None, DAY), ids)
    assert walled == fresh
