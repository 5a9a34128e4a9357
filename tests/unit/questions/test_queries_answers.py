"""What the questions answer about a small market whose facts are known."""

from __future__ import annotations

import datetime as dt

import pytest

from graph.errors import InvalidInput, NotFound
from graph.identifiers import uscc_check_digit
from queries.entity import entity, record
from queries.match import MatchItem, match
from queries.neighbors import neighbors
from queries.paging import Page
from queries.profile import profile, sections_of
from queries.search import search
from queries.sections import SECTIONS
from queries.timeline import timeline

DAY = dt.date(2024, 6, 30)


@pytest.fixture
def public(market_projection):
    return market_projection.view(frozenset(), DAY)


@pytest.fixture
def team(market_projection):
    return market_projection.view(frozenset({"deal:alpha"}), DAY)


def section(view, ref, name, **page):
    return profile(view, ref, section=name, page=Page(**{"limit": 20, **page})).sections[name]


def names(lines):
    return [line.name for line in lines]


# --- profile ---


def test_every_line_of_a_profile_has_its_records(public):
    shown = profile(public, "600001").sections
    assert tuple(shown) == sections_of("Company")
    bare = [(name, line) for name, part in shown.items() for line in part.lines if not line.records]
    assert [name for name, line in bare] == ["unknown"] * len(bare)
    assert sum(len(part.lines) for part in shown.values()) > 50


def test_holders_are_the_best_statement_of_the_day(public, market_projection):
    held = {line.name: line.share_ratio for line in section(public, "600001", "holders").lines}
    assert held == {"澄江集团有限公司": 0.4521, "周澄": 0.05, "吴白": None}
    then = market_projection.view(frozenset(), dt.date(2019, 12, 31))
    assert {line.name: line.share_ratio for line in section(then, "600001", "holders").lines} == {
        "澄江集团有限公司": 0.4521,
        "周澄": 0.1,
    }


def test_officers_come_by_seniority_with_their_other_boards(public):
    chair, secretary = section(public, "600001", "officers").lines
    assert [office.office for office in chair.offices] == ["董事长"]
    assert (names(chair.other_offices), chair.other_offices_total) == (["澄江集团有限公司"], 1)
    assert (secretary.name, secretary.other_offices_total) == ("吴白", 0)


def test_the_controller_and_the_other_companies_under_it(public):
    found = section(public, "600001", "controllers")
    (line,) = found.lines
    assert (found.status, line.name, line.ratio, line.state_body) == ("disclosed", "周澄", 0.4, False)
    assert names(line.also_controls.lines) == ["澄江集团有限公司"]


@pytest.mark.parametrize(
    ("ref", "status"), [("600002", "unknown_stated"), ("静默科技有限公司", "not_stated")]
)
def test_an_unknown_controller_is_said_aloud(public, ref, status):
    found = section(public, ref, "controllers")
    assert (found.total, found.status, bool(found.records)) == (0, status, status == "unknown_stated")
    assert f"controller_{status}" in {line.code for line in section(public, ref, "unknown").lines}


def test_a_hub_pages_and_never_floods(public):
    (line,) = section(public, "国有第00企业有限公司", "controllers").lines
    assert line.state_body
    assert line.also_controls.total == 29
    assert len(line.also_controls.lines) <= 10
    rest, cursor = [], line.also_controls.next
    while cursor:
        part = section(public, "云州市国资委", "controls", limit=8, cursor=cursor)
        rest += names(part.lines)
        cursor = part.next
    others = {*names(line.also_controls.lines), *rest}
    assert len(others | {"国有第00企业有限公司"}) == 30


def test_the_chain_goes_up_and_beside(public):
    found = [(line.relation, line.name) for line in section(public, "600001", "industry").lines]
    assert found == [("own", "制药"), ("parent", "医疗"), ("upstream", "化工")]


def test_deals_are_newest_first_and_page(public):
    first = section(public, "600001", "deals", limit=10)
    assert first.total == 25
    days = [line.date for line in first.lines]
    assert days == sorted(days, reverse=True)
    assert first.lines[0].roles == ["investors"]
    assert [(party.name, party.role) for party in first.lines[0].parties] == [("澄江生物有限公司", "target")]


def test_what_lies_ahead_is_not_told(public, market_projection):
    assert names(section(public, "600001", "events").lines) == ["中标"]
    later = market_projection.view(frozenset(), dt.date(2032, 1, 1))
    assert names(section(later, "600001", "events").lines) == ["将来", "中标"]


def test_a_wall_shows_to_its_team_alone(public, team):
    assert "秘密收购有限公司" not in names(section(public, "600001", "holders").lines)
    assert "秘密收购有限公司" in names(section(team, "600001", "holders").lines)
    assert section(team, "600001", "deals").total == 26


def test_guarantee_pledge_loan_trade_and_the_firms_own_book(public):
    (guarantee,) = section(public, "600001", "guarantees").lines
    assert (guarantee.roles, guarantee.guarantee_kind, guarantee.called) == (["guarantor"], "连带", False)
    assert {party.role for party in guarantee.parties} == {"debtor", "creditor"}
    expected = {
        "pledges": "质押", "loans": "云州银行股份有限公司", "suppliers": "白石化工有限公司", "contacts": "郑联",
        "customers": "青禾药房有限公司", "products": "公司债承销", "coverage": "冯经理", "exposures": "敞口",
        "concepts": "创新药", "securities": "澄江医药", "documents": "澄江医药中标", "holdings": "澄江生物有限公司",
    }  # fmt: skip
    assert {name: names(section(public, "600001", name).lines) for name in expected} == {
        name: [value] for name, value in expected.items()
    }


def test_a_person_has_offices_holdings_and_companies_under_control(public):
    shown = profile(public, "周澄").sections
    assert set(names(shown["offices"].lines)) == {"澄江医药股份有限公司", "澄江集团有限公司"}
    assert names(shown["holdings"].lines) == ["澄江医药股份有限公司"]
    assert shown["controls"].total == 2
    assert "holders" not in shown


def test_a_deal_names_who_takes_part(public):
    deal = section(public, "600001", "deals", limit=1).lines[0]
    parties = {(line.name, line.role) for line in section(public, deal.id, "parties").lines}
    assert parties == {("澄江医药股份有限公司", "investors"), ("澄江生物有限公司", "target")}


def test_every_section_belongs_to_some_type(public):
    assert {*sections_of("Company"), *sections_of("Person"), *sections_of("Industry")} == set(SECTIONS)
    assert profile(public, "制药").kind == "Industry"


# --- entity and records ---


def test_an_entity_tells_where_everything_comes_from(public, market):
    found = entity(public, "600001")
    assert [(line.scheme, line.value) for line in found.identifiers] == [("code", "600001.SH")]
    assert {line.name: line.usage for line in found.aliases} == {
        "澄江医药股份有限公司": "legal_name", "澄江医药": "short_name", "澄江制药厂": "former_name",
    }  # fmt: skip
    assert [handle.key for handle in found.handles] == ["river"]
    assert found.records == [record(public, found.records[0].id)]
    assert found.records_total == 1
    with pytest.raises(NotFound):
        record(public, next(h for h, r in market.records.items() if r["compartments"]))


def test_two_units_of_one_entity_are_one_with_two_handles(builder):
    for source in ("a", "b"):
        builder.node("Company", source, source=source, name="同一有限公司")
    view = builder.projection().view(frozenset(), DAY)
    found = entity(view, "同一有限公司")
    assert {handle.source for handle in found.handles} == {"a", "b"}
    assert {entity(view, handle.id).id for handle in found.handles} == {found.id}


# --- neighbours and timeline ---


def test_neighbours_are_counted_typed_and_filtered(public):
    every = neighbors(public, "600001", page=Page(500))
    assert every.next is None
    counts = {(count.type, count.direction): count.count for count in every.counts}
    for (edge_type, direction), count in counts.items():
        some = neighbors(public, "600001", edge_type=edge_type, direction=direction, page=Page(500))
        assert len(some.neighbors) == count
        assert {(n.type, n.direction) for n in some.neighbors} == {(edge_type, direction)}
    assert sum(counts.values()) == len(every.neighbors)


def test_a_page_that_ends_with_a_type_goes_on_with_the_next(public):
    holders = neighbors(public, "600001", page=Page(1)).neighbors
    assert [n.type for n in holders] == ["HOLDS"]
    page = neighbors(public, "600001", page=Page(1))
    assert page.next is not None
    following = neighbors(public, "600001", page=Page(1, page.next))
    assert following.neighbors[0] != holders[0]


def test_the_timeline_tells_beginnings_ends_and_changes(builder):
    one, two = builder.node("Company", "one", name="甲有限公司"), builder.node("Person", "two", name="乙")
    three = builder.node("Person", "three", name="丙")
    builder.edge("HOLDS", two, one, share_ratio=0.1, valid_from="2019-01-01", valid_to="2020-01-01")
    builder.edge("HOLDS", two, one, share_ratio=0.3, valid_from="2020-01-01", valid_to="2022-01-01")
    builder.edge("OFFICER_OF", three, one, office="董事", valid_from="2018-01-01", start_unknown=True)
    builder.edge("OFFICER_OF", three, one, office="监事", valid_from="2030-01-01")
    items = timeline(builder.projection().view(frozenset(), DAY), "甲有限公司").items
    told = [(item.date.isoformat(), item.change, item.title) for item in items]
    assert told == [
        ("2022-01-01", "ended", "股东终止：乙"),
        ("2020-01-01", "changed", "股东变更：乙"),
        ("2019-01-01", "began", "股东新增：乙"),
    ]
    assert (items[1].before, items[1].properties) == ({"share_ratio": 0.1}, {"share_ratio": 0.3})
    assert all(item.records for item in items)


def test_a_second_source_that_says_the_same_changes_nothing(builder):
    one, two = builder.node("Company", "one", name="甲有限公司"), builder.node("Person", "two", name="乙")
    builder.edge("HOLDS", two, one, share_ratio=0.1, valid_from="2019-01-01", valid_to="2021-01-01")
    builder.edge("HOLDS", two, one, share_ratio=0.1, valid_from="2020-01-01", stated="2023-01-01")
    items = timeline(builder.projection().view(frozenset(), DAY), "甲有限公司").items
    assert [(item.date.isoformat(), item.change) for item in items] == [("2019-01-01", "began")]


# --- search and match ---


@pytest.mark.parametrize(
    ("query", "reason"),
    [
        ("澄江医药股份有限公司", "name:name_exact"),
        ("澄江醫藥", "short_name:name_exact"),
        ("澄江制药厂", "former_name:name_exact"),
        ("600001", "code:code_exact"),
        ("cjyy", "short_name:initials_exact"),
        ("chengjiangyiyao", "short_name:pinyin_exact"),
        ("澄江衣药股份有限公司", "name:fuzzy_exact"),
    ],
)
def test_a_search_says_why_it_found(public, query, reason):
    first = search(public, query, kinds=["Company"]).hits[0]
    assert (first.name, first.reason) == ("澄江医药股份有限公司", reason)
    assert first.reason_text.count(" / ") == 1
    assert 0 < first.score <= 1


def test_unknown_types_are_named():
    with pytest.raises(InvalidInput, match="Companie"):
        search(None, "x", kinds=["Companie"])  # type: ignore[arg-type]  # refused before the view is asked


@pytest.fixture
def register(builder):
    codes = [body + uscc_check_digit(body) for body in ("91110000MA0000000", "91110000MA1111111")]
    builder.node("Company", "a", name="东山集团有限公司", short_name="东山", uscc=codes[0])
    builder.node("Company", "b", name="东山置业有限公司", short_name="东山", uscc=codes[1])
    builder.node(
        "Company", "c", name="西海（上海）有限责任公司", former_names=["西海实业有限公司"], code="600003.SH"
    )
    builder.node("Person", "p", name="东山集团有限公司")
    return builder.projection().view(frozenset(), DAY), codes


@pytest.mark.parametrize(
    ("item", "status", "reason", "name"),
    [
        ({"name": "东山集团有限公司"}, "matched", "legal_name", "东山集团有限公司"),
        ({"name": "西海(上海)有限公司"}, "matched", "legal_name", "西海（上海）有限责任公司"),
        ({"name": "西海实业有限公司"}, "matched", "former_name", "西海（上海）有限责任公司"),
        ({"name": "东山"}, "candidates", None, None),
        ({"name": "东山集团有限公同"}, "candidates", None, None),
        ({"name": "无此公司"}, "none", None, None),
        ({"code": "600003"}, "matched", "code", "西海（上海）有限责任公司"),
        ({"name": "600003.SH"}, "matched", "code", "西海（上海）有限责任公司"),
        ({"uscc": "{1}", "name": "东山"}, "matched", "uscc", "东山置业有限公司"),
        ({"uscc": "{1}", "name": "东山集团有限公司"}, "matched", "uscc", "东山置业有限公司"),
        (
            {"uscc": "91110000MA0000001X", "name": "东山集团有限公司"},
            "matched",
            "legal_name",
            "东山集团有限公司",
        ),
    ],
)
def test_a_list_is_matched_by_the_strongest_evidence(register, item, status, reason, name):
    view, codes = register
    filled = {field: value.format(*codes) for field, value in item.items()}
    (result,) = match(view, [MatchItem(**filled)]).results
    assert (result.status, result.reason) == (status, reason)
    assert (result.entity.name if result.entity else None) == name


def test_doubts_are_noted(register):
    view, codes = register
    wrong = match(view, [MatchItem(uscc="91110000MA0000001X", name="东山集团有限公司")]).results[0]
    assert "check digit" in wrong.notes[0]
    torn = match(view, [MatchItem(uscc=codes[1], name="东山集团有限公司")]).results[0]
    assert "东山集团有限公司" in torn.notes[0]
    other = "91110000MA2222222"
    stranger = match(
        view, [MatchItem(uscc=other + uscc_check_digit(other), name="东山集团有限公司")]
    ).results[0]
    assert (stranger.status, stranger.candidates[0].name) == ("candidates", "东山集团有限公司")
    assert codes[0] in stranger.notes[0]


def test_candidates_are_ranked_by_likeness(register):
    view, _ = register
    near = match(view, [MatchItem(name="东山集团有限公同")]).results[0].candidates
    assert near[0].name == "东山集团有限公司"
    assert near[0].score > 0.8
    assert [c.score for c in near] == sorted((c.score for c in near), reverse=True)


def test_counts_add_up(register):
    view, _ = register
    items = [MatchItem(name=name) for name in ("东山集团有限公司", "东山", "无此公司", "")]
    answer = match(view, items)
    assert (answer.matched, answer.candidates, answer.none) == (1, 1, 2)
    assert [result.item for result in answer.results] == items
