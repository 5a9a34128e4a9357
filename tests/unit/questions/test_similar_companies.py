"""Similar companies: alike by what is told of them, with reasons; walls are tested with the search of documents."""

from __future__ import annotations

import datetime as dt
import io

import pytest
from rich.console import Console

from api import show_document_search
from graph.errors import InvalidInput, NotFound
from nlp.embedding import ShippedEmbedder
from queries.paging import Page
from queries.similar_companies import similar_companies
from queries.text_library import Library

TODAY = dt.date(2024, 6, 30)


@pytest.fixture(scope="module")
def library() -> Library:
    return Library(ShippedEmbedder())


@pytest.fixture
def market(builder):
    """Three makers of medicine, one of them behind a wall, a steel mill, a state body, a company told nothing of."""
    g = builder
    told = (
        ("river", "甲江医药有限公司", "研发和销售抗肿瘤药物。", (), None),
        ("lake", "乙河药业有限公司", "生产抗癌新药和原料药。", (), None),
        ("steel", "丙山钢铁有限公司", "生产热轧钢板和螺纹钢。", (), None),
        ("state", "云州市药品管理局", "监管抗肿瘤药物的研发和销售。", (), "state_body"),
        ("blank", "丁湖有限公司", None, (), None),
        ("secret", "戊海生物有限公司", "研发和销售抗肿瘤药物。", ("a",), None),
    )
    made = {
        key: g.node("Company", key, name=name, description=text, walls=walls, nature=nature)
        for key, name, text, walls, nature in told
    }
    pharma, theme = g.node("Industry", "i", name="制药"), g.node("Concept", "c", name="创新药")
    for company in ("river", "lake"):
        g.edge("IN_INDUSTRY", made[company], pharma)
    g.edge("HAS_CONCEPT", made["river"], theme)
    g.edge("HAS_CONCEPT", made["steel"], theme)
    g.node("Person", "p", name="周澄")
    return g


@pytest.fixture
def view(market):
    return market.projection().view(clearance=frozenset(), as_of=TODAY)


def test_the_likest_comes_first_with_reasons_and_records(view, library):
    answer = similar_companies(view, "甲江医药有限公司", library)
    best = answer.companies[0]
    assert best.name == "乙河药业有限公司"
    assert best.industries == 1.0
    assert best.concepts == 0.0
    assert best.score == pytest.approx(0.7 * best.meaning + 0.15)
    assert [reason.code for reason in best.reasons] == ["description", "industry"]
    assert best.reasons[1].text == "同属行业 制药"
    assert all(reason.records for reason in best.reasons)
    assert best.records


def test_state_bodies_and_itself_are_left_out(view, library):
    names = {one.name for one in similar_companies(view, "甲江医药有限公司", library).companies}
    assert not names & {"云州市药品管理局", "甲江医药有限公司", "丁湖有限公司"}


def test_a_hidden_company_is_not_there(market, library):
    projection = market.projection()
    for clearance, seen in (((), False), (("a",), True)):
        view = projection.view(clearance=frozenset(clearance), as_of=TODAY)
        found = similar_companies(view, "甲江医药有限公司", library)
        assert ("戊海生物有限公司" in [one.name for one in found.companies]) is seen


def test_the_description_alone(view, library):
    blended, alone = (
        {one.name: one for one in similar_companies(view, "甲江医药有限公司", library, blend=b).companies}
        for b in (True, False)
    )
    one = alone["乙河药业有限公司"]
    assert one.score == one.meaning == blended["乙河药业有限公司"].meaning


def test_of_what_nothing_is_told(view, library):
    answer = similar_companies(view, "丁湖有限公司", library)
    assert not answer.described
    assert answer.companies == []


def test_pages_join_to_the_whole(market, library):
    for i in range(5):
        market.node("Company", f"more{i}", name=f"更多{i}有限公司", description="研发和销售抗肿瘤药物。")
    view = market.projection().view(clearance=frozenset(), as_of=TODAY)
    whole = similar_companies(view, "甲江医药有限公司", library).companies
    seen, cursor = [], None
    for _ in range(10):
        page = similar_companies(view, "甲江医药有限公司", library, page=Page(2, cursor))
        seen += page.companies
        cursor = page.next
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) > 5


def test_what_cannot_be_asked(view, library):
    with pytest.raises(InvalidInput):
        similar_companies(view, "周澄", library)
    with pytest.raises(NotFound):
        similar_companies(view, "戊海生物有限公司", library)


def test_at_a_terminal(view, library):
    console = Console(width=140, record=True, file=io.StringIO())
    for name in ("甲江医药有限公司", "丁湖有限公司"):
        show_document_search.similar(console, similar_companies(view, name, library))
    shown = console.export_text()
    assert "同属行业 制药" in shown
    assert "没有描述" in shown
