"""The whole customer 360: each part says what it knows or why not; walls leave no trace in it or in its brief."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api import auth, cli, examples, show_360
from api.app import create_app
from api.brief import brief_of
from api.brief_render import html, pdf
from api.console import out
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import GuanxiError, InvalidInput, NotFound
from graph.ids import entity_handle
from queries.customer_360 import Means, customer_360
from queries.customer_360_lines import Customer360
from queries.opportunities import engine
from queries.paging import Page
from queries.profile import profile
from queries.rule_sets import rules_of

DAY = dt.date(2024, 6, 30)
VIEWERS = {"nobody": (), "a": ("a",), "ab": ("a", "b")}


@pytest.fixture(scope="module")
def by() -> Means:
    return Means(engine(), rules_of())


@pytest.fixture
def river(market_projection, by):
    return customer_360(market_projection.view(frozenset(), DAY), "澄江医药", by)


def full(builder):
    """A client with one of everything that the 360 looks at."""
    g = builder
    firm = g.node(
        "Company", "c", name="澄江有限公司", code="600001.SH", client=True, capital=5e8, nature="private"
    )
    other = g.node("Company", "o", name="湖海有限公司")
    chair, clerk = g.node("Person", "p", name="周澄"), g.node("Person", "q", name="吴白")
    staff = g.node("Employee", "e", name="冯经理")
    g.edge("OFFICER_OF", clerk, firm, office="监事")
    g.edge("OFFICER_OF", chair, firm, office="董事长")
    g.edge("HOLDS", chair, firm, share_ratio=0.7)
    g.edge("HOLDS", chair, other, share_ratio=0.9)
    g.edge("KNOWS", staff, chair, strength=0.6)
    g.edge("KNOWS", chair, staff, strength=0.8)
    g.edge("COVERS", staff, firm, role="lead")
    g.part("Contact", "k", {"client": [firm]}, name="郑联", title="财务经理")
    product = g.node("Product", "b", name="公司债券承销")
    g.edge("OWNS_PRODUCT", other, product, revenue=1e5, since=dt.date(2022, 1, 1))
    for year, revenue in ((2022, 100.0), (2023, 150.0)):
        g.part("FinancialReport", f"r{year}", {"company": [firm]}, period_end=f"{year}-12-31", period_months=12,
               revenue=revenue * 1e6, net_profit=revenue * 1e5, equity=1e8)  # fmt: skip
    event = g.part("Event", "v", {"subjects": [firm]}, name="违约", kind="default", date=dt.date(2024, 6, 1),
                   text="澄江有限公司未能按期兑付。")  # fmt: skip
    paper = g.node("Document", "d", name="澄江违约", kind="news", published=dt.date(2024, 6, 2))
    g.edge("ABOUT", paper, event)
    g.edge("MENTIONS", paper, firm, sentiment=-0.8)
    g.part("Exposure", "x", {"client": [firm]}, amount=3e7, collateral=1e7, date=dt.date(2024, 5, 1))
    return firm


# --- what it says ----------------------------------------------------------------------------------------------------


def test_it_holds_the_profile_as_it_is(market_projection, river):
    view = market_projection.view(frozenset(), DAY)
    base = profile(view, "澄江医药", page=Page(10))
    assert {**river.sections, "identity": None} == {**base.sections, "identity": None}
    assert (river.id, river.name, river.kind, river.relations) == (
        base.id,
        base.name,
        base.kind,
        base.relations,
    )


def test_a_small_page_hides_no_property_from_the_other_parts(builder, by):
    node = builder.node("Company", "n", name="全称有限公司", code="600001.SH", uscc="91110000100000001X", client=True,
                        nature="private", founded=dt.date(2001, 2, 3), capital=1e8, region="云州", country="CN",
                        address="云州市一号", website="https://example.invalid", description="做药。")  # fmt: skip
    found = customer_360(builder.projection().view(frozenset(), DAY), node[1], by, page=Page(1))
    assert found.sections["identity"].total == len(found.sections["identity"].lines) > 10
    assert "no_description" not in {line.code for line in found.missing}
    assert brief_of(found).chips[0] == "客户"


def test_each_part_speaks_of_the_company(builder, by):
    firm = full(builder)
    found = customer_360(builder.projection().view(frozenset(), DAY), firm[1], by)
    chair, contact = found.deciders.people[0], found.deciders.people[-1]
    assert (chair.name, chair.roles, chair.decides) == ("周澄", ["实际控制人", "董事长"], True)
    assert [(one.name, one.strength) for one in chair.known_by] == [("冯经理", 0.8)]
    assert (contact.name, contact.roles, contact.decides) == ("郑联", ["联系人（财务经理）"], False)
    assert found.deciders.ways_in[0].staff.name == "冯经理"
    assert found.events.events[0].sentiment == -0.8
    assert [one.name for one in found.events.events[0].documents] == ["澄江违约"]
    assert (found.risk.exposure.gross, found.risk.exposure.net) == (3e7, 2e7)
    assert [(hit.event_kind, hit.shock, hit.at_risk) for hit in found.risk.hits] == [("default", 1.0, 2e7)]
    bond = next(line for line in found.white_space.products if line.key == "corporate_bond")
    assert (bond.in_group, found.white_space.products[0].key) == (1, "corporate_bond")
    revenue = next(line for line in found.indicators if line.id == "revenue")
    assert (revenue.value, revenue.change) == (150e6, 50e6)
    assert [point.period_end.year for point in revenue.trend] == [2023, 2022]
    assert revenue.records
    assert found.controllers.computed[0].name == "周澄"
    assert found.group.totals.members == 2
    assert found.similar is None


def test_the_brief_says_it_in_words(builder, by):
    firm = full(builder)
    found = customer_360(builder.projection().view(frozenset(), DAY), firm[1], by)
    made = brief_of(found, "冯经理")
    text = html(made)
    for said in (
        "冯经理（主办）", "周澄", "董事长", "1.50 亿元", "↑ 50.0%", "澄江有限公司未能按期兑付。", "负面 -0.8",
        "公司债券承销", "2,000.00 万元", "截至 as of 2024-06-30", "供 冯经理 使用", "没有业务简介",
        "实际控制人未披露，按表决权计算得出",
    ):  # fmt: skip
        assert said in text, said
    assert [chapter.title for chapter in made.chapters][:3] == [
        "商机与下一步",
        "决策人与引荐",
        "股东与实际控制人",
    ]
    console = out()
    with console.capture() as shown:
        show_360.whole(console, found)
    assert "为何现在去" in shown.get()


def test_no_name_is_markup_wherever_it_is_shown(builder, by):
    name = "<img src=x onerror=alert(1)>#panic[bold]x[/nosuch]有限公司"
    node = builder.node("Company", "n", name=name, code="600001.SH", region="<script>1</script>", client=True)
    builder.edge("OFFICER_OF", builder.node("Person", "p", name="[/red]<b>周"), node, office="董事长")
    builder.part(
        "Event", "v", {"subjects": [node]}, kind="buy_back", date="2024-06-01", text='#read("/etc/passwd")'
    )
    found = customer_360(builder.projection().view(frozenset(), DAY), node[1], by)
    made = brief_of(found, "<i>")
    page = html(made)
    assert "<img" not in page
    assert "<script" not in page
    assert "<b>周" not in page
    assert pdf(made).startswith(b"%PDF-")
    console = out()
    with console.capture() as shown:
        show_360.whole(console, found)
    assert "[/nosuch]" in shown.get()
    assert "[/red]" in shown.get()


def test_nothing_known_is_said_part_by_part(builder, by):
    node = builder.node("Company", "n", name="静默有限公司")
    found = customer_360(builder.projection().view(frozenset(), DAY), node[1], by)
    assert [reason.code for reason in found.deciders.unknown] == ["no_people"]
    assert [reason.code for reason in found.events.unknown] == ["no_events"]
    assert {reason.code for reason in found.risk.unknown} == {
        "no_exposure",
        "no_pledge_ratio",
        "no_guarantee_ratio",
    }
    assert [reason.code for reason in found.touches.unknown] == ["no_touches"]
    assert found.life_cycle.stage is None
    assert all(line.value is not None or line.reason for line in found.indicators)
    codes = {line.code for line in found.missing}
    assert {
        "no_reports",
        "no_contacts",
        "no_coverage",
        "no_documents",
        "no_controller",
        "no_description",
    } <= codes
    assert "此行宜先补齐下列未知事项" in brief_of(found).why


@pytest.mark.parametrize(
    ("event", "owned", "why"),
    [
        ("2024-06-01", False, "最近动态：2024-06-01 高管变动"),
        ("2021-06-01", True, "近一年没有动态；可借回访"),
        (None, False, "补齐"),
    ],
)
def test_why_now_without_an_opportunity(builder, by, event, owned, why):
    node = builder.node("Company", "n", name="云州市国资委", nature="state_body")
    if event:
        builder.part("Event", "v", {"subjects": [node]}, kind="executive_change", date=event)
    if owned:
        builder.edge("OWNS_PRODUCT", node, builder.node("Product", "b", name="研究服务"))
    found = customer_360(builder.projection().view(frozenset(), DAY), node[1], by)
    assert not found.opportunities.opportunities
    assert why in brief_of(found).why


def test_old_papers_are_said_to_be_old(builder, by):
    node = builder.node("Company", "n", name="陈旧有限公司")
    builder.edge("ABOUT", builder.node("Document", "d", name="旧闻", published=dt.date(2022, 1, 1)), node)
    builder.part(
        "FinancialReport", "r", {"company": [node]}, period_end="2021-12-31", period_months=12, revenue=1.0
    )
    found = customer_360(builder.projection().view(frozenset(), DAY), node[1], by)
    said = {line.code: line.message for line in found.missing}
    assert "2022-01-01" in said["stale_documents"]
    assert "2021-12-31" in said["stale_reports"]


def test_a_state_body_has_no_group_and_says_so(market_projection, by):
    found = customer_360(market_projection.view(frozenset(), DAY), "云州市国资委", by)
    assert [finding.code for finding in found.group.findings] == ["state_body_no_group"]
    assert brief_of(found).chapters


@pytest.mark.parametrize(
    ("ref", "error"), [("没有这家公司", NotFound), ("周澄", InvalidInput), ("冯经理", InvalidInput)]
)
def test_it_is_of_companies_alone(market_projection, by, ref, error):
    with pytest.raises(error):
        customer_360(market_projection.view(frozenset(), DAY), ref, by)


# --- walls -----------------------------------------------------------------------------------------------------------

numbers = st.integers(0, 3)
walls = st.sampled_from(((), (), ("a",), ("b",), ("a", "b")))
statement = st.one_of(
    st.tuples(st.just("held"), numbers, numbers, st.sampled_from((0.1, 0.6)), walls),
    st.tuples(st.just("office"), numbers, numbers, st.sampled_from(("董事长", "监事")), walls),
    st.tuples(st.just("knows"), numbers, numbers, st.sampled_from((0.2, 0.9)), walls),
    st.tuples(st.just("covers"), numbers, numbers, st.sampled_from(("lead", "member")), walls),
    st.tuples(st.just("owned"), numbers, numbers, st.sampled_from((1e5, 3e5)), walls),
    st.tuples(st.just("event"), numbers, numbers, st.sampled_from(("default", "buy_back", "bid_won")), walls),
    st.tuples(st.just("report"), numbers, numbers, st.sampled_from((1e6, 5e8)), walls),
    st.tuples(st.just("exposure"), numbers, numbers, st.sampled_from((1e6, 2e7)), walls),
    st.tuples(st.just("contact"), numbers, numbers, st.sampled_from(("经理", "总监")), walls),
    st.tuples(st.just("stopped"), numbers, numbers, st.sampled_from(("静默期", "回避")), walls),
    st.tuples(st.just("told"), numbers, numbers, st.sampled_from((-0.8, 0.5)), walls),
    st.tuples(st.just("decided"), numbers, numbers, st.sampled_from(("accepted", "dismissed", "won")), walls),
    st.tuples(st.just("alerted"), numbers, numbers, st.sampled_from((0.2, 0.7)), walls),
    st.tuples(st.just("tagged"), numbers, numbers, st.sampled_from(("A", "B")), walls),
)
_PARTS = {"event": "Event", "report": "FinancialReport", "exposure": "Exposure", "contact": "Contact",
          "stopped": "Restriction"}  # fmt: skip
_ROLES = {
    "event": "subjects",
    "report": "company",
    "exposure": "client",
    "contact": "client",
    "stopped": "party",
}
_EDGES = {
    "held": "HOLDS",
    "office": "OFFICER_OF",
    "knows": "KNOWS",
    "covers": "COVERS",
    "owned": "OWNS_PRODUCT",
}


def _told(builder, nth, company, value, wall):
    paper = builder.node("Document", f"d{nth}", walls=wall, name=f"文{nth}", published="2024-04-01")
    event = builder.part(
        "Event", f"t{nth}", {"subjects": [company]}, walls=wall, kind="loss", date="2024-04-01"
    )
    builder.edge("MENTIONS", paper, company, walls=wall, sentiment=value)
    builder.edge("ABOUT", paper, event, walls=wall)


def _decided(builder, nth, company, value, wall):
    builder.node("Decision", f"o{nth}", walls=wall, source="desk", about="x", client=company[1],
                 product="cash_management", state=value, who="feng", at=f"2024-06-1{nth % 10}T10:00:00+00:00",
                 sources=["events"], valid_from="2024-06-10", stated="2024-06-10")  # fmt: skip


def _alerted(builder, nth, company, value, wall):
    trace = '{"own_shock": 0.1, "channels": [], "paths": []}'
    builder.node("Alert", f"a{nth}", walls=wall, source="risk-alerts", client=company[1], raised=f"2024-06-1{nth % 10}",
                 kind="default", shock=value, distress=value, distress_low=value, distress_high=value, net=1e6,
                 rule="event-shock", text=f"第{nth}条", text_en="alert", trace=trace)  # fmt: skip


def _tagged(builder, nth, company, value, wall):
    builder.node("Tier", f"t{nth}", walls=wall, source="tier-rules", name=value, company=company[1], tier=value,
                 since="2024-01-01", score=50.0, reason="得分", reason_en="score", rule="tiers 1",
                 valid_from="2024-01-01", evidence="[]")  # fmt: skip


_SAID = {"told": _told, "decided": _decided, "alerted": _alerted, "tagged": _tagged}


def built(builder, statements):
    """The statements as a loader stores them: ends are units of exactly the statement's compartments."""
    units = {}

    def unit(label, number, wall):
        named = {"name": f"{label}{number}号"}
        if label == "Product":
            named = {"name": ("公司债券承销", "现金管理", "研究服务", "做市")[number]}
        units.setdefault((label, number, ()), builder.node(label, f"{label}{number}", **named))
        key = (label, number, tuple(wall))
        if key not in units:
            units[key] = builder.node(label, f"{label}{number}", walls=wall)
        return units[key]

    for number in range(4):
        unit("Company", number, ())
    for nth, (kind, one, other, value, wall) in enumerate(statements):
        if kind in _PARTS:
            fields = {
                "event": {"kind": value, "date": "2024-05-20", "name": "事", "text": f"第{other}句"},
                "report": {"period_end": f"202{other}-12-31", "period_months": 12, "revenue": value},
                "exposure": {"amount": value, "date": "2024-01-01"},
                "contact": {"name": f"联系{other}", "title": value},
                "stopped": {"reason": value},
            }[kind]
            builder.part(
                _PARTS[kind],
                f"{kind}{nth}",
                {_ROLES[kind]: [unit("Company", one, wall)]},
                walls=wall,
                **fields,
            )
            continue
        if kind in _SAID:
            _SAID[kind](builder, nth, unit("Company", one, wall), value, wall)
            continue
        ends = {
            "held": ("Company", "Company", {"share_ratio": value}), "office": ("Person", "Company", {"office": value}),
            "knows": ("Employee", "Person", {"strength": value}), "covers": ("Employee", "Company", {"role": value}),
            "owned": ("Company", "Product", {"revenue": value}),
        }[kind]  # fmt: skip
        builder.edge(
            _EDGES[kind], unit(ends[0], one, wall), unit(ends[1], other, wall), walls=wall, **ends[2]
        )
    return builder


def answers(projection, clearance, refs, by):
    """The whole and the words of the brief, as they would go over the wire."""
    view = projection.view(clearance, DAY)
    for ref in refs:
        try:
            found = customer_360(view, ref, by)
        except GuanxiError as error:
            yield ref, type(error).__name__, error.message
            continue
        yield (
            ref,
            found.model_dump_json(),
            json.dumps(dataclasses.asdict(brief_of(found)), ensure_ascii=False),
        )


@settings(max_examples=12, deadline=None, suppress_health_check=list(HealthCheck))
@given(statements=st.lists(statement, min_size=4, max_size=16), who=st.sampled_from(sorted(VIEWERS)))
def test_walls_leave_no_trace(builder, by, statements, who):
    graph = built(type(builder)(), statements)
    refs = [unit["id"] for label, unit in graph.nodes if label == "Company"][:2]
    cleared = VIEWERS[who]
    walled = list(answers(graph.projection(), frozenset(cleared), refs, by))
    assert walled == list(answers(graph.without(cleared).projection(), None, refs, by))


def test_what_the_system_and_the_desk_said_is_in_it(builder, by):
    firm = full(builder)
    for nth, (said, value) in enumerate(
        (("alerted", 0.7), ("decided", "won"), ("tagged", "A"), ("told", -0.8))
    ):
        _SAID[said](builder, nth, firm, value, ())
    found = customer_360(builder.projection().view(frozenset(), DAY), firm[1], by)
    assert (found.risk.alerts_total, found.risk.alerts[0].text) == (1, "第0条")
    assert [(line.state, line.who, line.product) for line in found.touches.lines] == [
        ("won", "feng", "现金管理")
    ]
    assert [move.tier for move in found.tiers.history] == ["A"]
    assert found.events.total == 2
    text = html(brief_of(found))
    assert "2024-06-10 预警：第0条" in text
    assert "2024-06-11 feng 成交 现金管理" in text


def test_the_test_would_notice_a_leak(builder, by):
    firm = full(builder)
    builder.part(
        "Event", "w", {"subjects": [firm]}, name="密", kind="buy_back", date="2024-06-20", walls=("a",)
    )
    projection = builder.projection()
    outside, inside = (next(answers(projection, frozenset(who), [firm[1]], by)) for who in ("", "a"))
    assert outside[1] != inside[1]
    assert outside[2] != inside[2]


# --- over HTTP -------------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(market_projection, tokens) -> Iterator[Any]:
    secrets = {
        "public": auth.add_token(tokens, "public"),
        "team": auth.add_token(tokens, "team", ["deal:alpha"]),
    }
    own = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    with TestClient(create_app(own, FixedGraph(market_projection))) as client:

        def asked(path, who="public", **params):
            headers = {"Authorization": f"Bearer {secrets[who]}"}
            return client.get(
                f"/v1/entities/{path}", params={"as_of": "2024-06-30", **params}, headers=headers
            )

        yield asked


def test_routes_answer_and_refuse(ask):
    found = ask("澄江医药/360", limit=3)
    assert found.status_code == 200
    assert Customer360.model_validate_json(found.content, by_alias=True).name == "澄江医药股份有限公司"
    following = found.json()["sections"]["deals"]["next"]
    more = ask("澄江医药/profile", section="deals", cursor=following, limit=3)
    assert more.json()["sections"]["deals"]["lines"]
    for path, status in (("没有/360", 404), ("周澄/360", 422), ("没有/brief", 404), ("周澄/brief", 422)):
        assert ask(path).status_code == status, path
    assert ask("澄江医药/brief", format="docx").status_code == 422
    assert ask("澄江医药/360", limit=51).status_code == 422
    assert ask("澄江医药/360", surplus="1").status_code == 422
    secret = entity_handle("native", "Company", "secret", ["deal:alpha"])
    assert ask(f"{secret}/360").status_code == 404
    assert ask(f"{secret}/360", "team").status_code == 200


def test_a_brief_over_http_runs_nothing_and_is_walled(ask):
    page, team = ask("澄江医药/brief"), ask("澄江医药/brief", "team")
    assert page.headers["content-type"].startswith("text/html")
    assert page.headers["content-security-policy"].startswith("default-src 'none'")
    assert page.headers["cache-control"] == "private, no-store"
    assert "秘密收购" not in page.text
    assert "秘密收购" in team.text
    file = ask("澄江医药/brief", format="pdf")
    assert file.headers["content-type"] == "application/pdf"
    assert file.content.startswith(b"%PDF-")
    assert "filename*=UTF-8''%E8%AE%BF" in file.headers["content-disposition"]


@pytest.mark.parametrize(
    ("options", "wrong"),
    [
        (["--brief", "out.docx"], ".pdf"),
        (["--brief", "nowhere/out.pdf"], "nowhere"),
        (["--whole", "--section", "holders"], "--section"),
        (["--brief", "out.pdf", "--cursor", "x"], "--section"),
    ],
)
def test_the_command_refuses_before_it_opens_anything(tmp_path, monkeypatch, options, wrong):
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("GUANXI_DATA_DIR", str(tmp_path))
    done = CliRunner().invoke(cli.app, ["profile", "澄江医药", *options])
    assert done.exit_code == 2
    assert wrong in done.stderr
    assert not list(tmp_path.iterdir())


def test_the_example_is_an_answer():
    shown = examples.ANSWERS["get", "/v1/entities/{id}/360"]
    Customer360.model_validate_json(json.dumps(shown), by_alias=True)
