"""Tags: concluded with evidence, dated by what is on file, dry-run before a change, no trace of what is hidden."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import auth
from api.app import create_app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import InvalidInput, NotFound
from queries.client_tiers import client_tiers
from queries.declared import shipped
from queries.rule_changes import dry_run
from queries.rule_sets import changed, rules_of
from queries.tags import tags

DAY = dt.date(2024, 6, 30)
RULES = rules_of()
FILE = (shipped("rules") / "tags.json").read_text(encoding="utf-8")


def company(builder, key="c", **props):
    return builder.node("Company", key, name=f"澄江{key}有限公司", **props)


def ask(builder, node, *, day=DAY, who=frozenset()):
    return tags(builder.projection().view(who, day), node[1], RULES)


def written(builder, node, tag, since, **other):
    """That a tag began, and where `until` is given that it ended, as two records."""
    category, name = tag.split(".")
    until, walls, source = other.get("until"), other.get("walls", ()), other.get("source", "tag-rules")
    evidence = json.dumps([{"fact": "listed", "value": True, "records": []}])
    for day, said in ((since, {"evidence": evidence}), (until, {"until": until})):
        if day is not None:
            builder.node(
                "Tag", f"{tag}/{since}/{day}", source=source, walls=walls, name=name, company=node[1],
                category=category, tag=name, since=since, rule=f"tags 1+x {tag}", valid_from=day, **said,
            )  # fmt: skip


def test_tags_stand_by_category_with_what_they_rest_on(builder):
    node = company(builder, code="600001.SH", client=True)
    builder.part("Event", "e", {"subjects": [node]}, name="违约", kind="default", date=dt.date(2024, 6, 1))
    found = ask(builder, node)
    assert [(one.category, one.tag) for one in found.tags] == [
        ("basic", "listed"), ("basic", "mature"), ("risk", "defaulted"), ("value", "dormant"),
        ("value", "uncovered_listed"),
    ]  # fmt: skip
    default = found.tags[2]
    assert (default.evidence[0].fact, default.evidence[0].value) == ("events_365.default", 1)
    assert default.evidence[0].records == default.records
    assert default.rule == RULES.named("tags").label


def test_a_tag_is_dated_by_what_is_on_file(builder):
    node = company(builder, code="600001.SH")
    written(builder, node, "basic.listed", dt.date(2024, 2, 1))
    written(builder, node, "risk.defaulted", dt.date(2023, 1, 1), until=dt.date(2024, 3, 1))
    found = ask(builder, node)
    assert {one.tag: one.since for one in found.tags}["listed"] == dt.date(2024, 2, 1)
    assert [(p.tag, p.since, p.until) for p in found.history] == [
        ("listed", dt.date(2024, 2, 1), None), ("defaulted", dt.date(2023, 1, 1), dt.date(2024, 3, 1)),
    ]  # fmt: skip
    assert found.history[0].evidence[0].fact == "listed"


def test_history_is_that_of_the_day(builder):
    node = company(builder, code="600001.SH")
    written(builder, node, "basic.listed", dt.date(2024, 2, 1))
    written(builder, node, "risk.defaulted", dt.date(2023, 1, 1), until=dt.date(2024, 3, 1))
    before = ask(builder, node, day=dt.date(2024, 1, 15))
    assert [(p.tag, p.until) for p in before.history] == [("defaulted", None)]


def test_what_files_state_of_tags_says_nothing(builder):
    node = company(builder)
    written(builder, node, "basic.listed", dt.date(2024, 2, 1), source="native")
    assert ask(builder, node).history == []


def test_only_companies_have_tags(builder):
    person = builder.node("Person", "p", name="李安")
    view = builder.projection().view(frozenset(), DAY)
    with pytest.raises(InvalidInput):
        tags(view, person[1], RULES)
    with pytest.raises(NotFound):
        tags(view, "0" * 24, RULES)


# --- dry runs ------------------------------------------------------------------------------------------------------


def test_a_dry_run_lists_who_enters_and_leaves(builder):
    high = company(builder, "a", client=True)
    middle = company(builder, "b", client=True)
    company(builder, "c")
    for node, owed in ((high, 80.0), (middle, 60.0)):
        builder.part("FinancialReport", f"r{node[1]}", {"company": [node]}, period_end="2023-12-31", period_months=12,
                     total_assets=100.0, total_liabilities=owed)  # fmt: skip
    view, now = builder.projection().view(frozenset(), DAY), RULES.named("tags")
    assert FILE.count('">= 0.7"') >= 1
    looser = changed(now, FILE.replace('">= 0.7"', '">= 0.55"'), "tags.json")
    found = dry_run(view, now, looser)
    assert (found.companies, found.changed) == (2, 1)
    (change,) = found.tags
    assert (change.tag, change.before, change.after, change.entering_total) == ("high_leverage", 1, 2, 1)
    assert [party.id for party in change.entering] == [middle[1]]
    back = dry_run(view, looser, now)
    assert [party.id for party in back.tags[0].leaving] == [middle[1]]
    assert dry_run(view, now, now).tags == []
    assert dry_run(view, now, now, everybody=True).companies == 3


def test_a_dry_run_compares_like_with_like(builder):
    company(builder)
    with pytest.raises(NotFound):
        dry_run(builder.projection().view(frozenset(), DAY), RULES.named("tags"), RULES.named("tiers"))


# --- over HTTP -----------------------------------------------------------------------------------------------------


@pytest.fixture
def client(market_projection, tmp_path, tokens):
    secret = auth.add_token(tokens, "somebody", ())
    settings = ApiSettings(data_dir=tmp_path, token_file=tokens, cursor_key="k")
    with TestClient(create_app(settings, FixedGraph(market_projection))) as made:
        made.headers["Authorization"] = f"Bearer {secret}"
        yield made


@pytest.mark.parametrize("question", ["tags", "tiers", "indicators", "life-cycle"])
def test_questions_over_http(client, question):
    found = client.get(f"/v1/entities/600001.SH/{question}", params={"as_of": "2024-06-30"})
    assert found.status_code == 200, found.text
    assert found.json()["name"] == "澄江医药股份有限公司"
    assert client.get(f"/v1/entities/{'0' * 24}/{question}").status_code == 404


def test_rules_over_http(client):
    found = client.get("/v1/rules").json()
    assert {one["set"] for one in found["sets"]} == {"tags", "tiers"}
    assert found["problem"] is None
    body = {"rules": json.loads(FILE), "everybody": True}
    run = client.post("/v1/rules/tags/dry-run", json=body, params={"as_of": "2024-06-30"})
    assert run.status_code == 200, run.text
    assert run.json()["changed"] == 0
    assert client.post("/v1/rules/none/dry-run", json=body).status_code == 404


def test_a_wrong_rule_file_is_refused_with_its_place(client):
    body = {"rules": json.loads(FILE.replace('"field": "leverage"', '"field": "levrage"'))}
    refused = client.post("/v1/rules/tags/dry-run", json=body)
    assert refused.status_code == 422
    assert "levrage" in refused.json()["detail"]


# --- walls ---------------------------------------------------------------------------------------------------------

WALLS = ((), (), ("a",), ("b",))
LOOSER = changed(RULES.named("tags"), FILE.replace('">= 0.7"', '">= 0.5"'), "tags.json")
said = st.tuples(
    st.sampled_from(("default", "report", "owns", "tag", "tier", "client")), st.integers(0, 2),
    st.sampled_from((1.0, 50.0, None)), st.sampled_from(WALLS),
)  # fmt: skip


def built(g, statements):
    for key in range(3):
        g.node("Company", str(key), name=f"公司{key}有限公司")
    for n, (what, key, value, walls) in enumerate(statements):
        node = g.node("Company", str(key), walls=walls, **({"client": True} if what == "client" else {}))
        if what == "default":
            g.part("Event", f"e{n}", {"subjects": [node]}, walls=walls, kind="default", date="2024-06-01")
        elif what == "report":
            g.part("FinancialReport", f"r{n}", {"company": [node]}, walls=walls, period_end="2023-12-31",
                   period_months=12, total_assets=60.0, total_liabilities=value, net_profit=-1.0)  # fmt: skip
        elif what == "owns":
            g.edge(
                "OWNS_PRODUCT",
                node,
                g.node("Product", "p", walls=walls, name="产品"),
                walls=walls,
                revenue=value,
            )
        elif what == "tag":
            written(g, node, "risk.defaulted", dt.date(2024, 1, 1 + n), walls=walls)
        elif what == "tier":
            g.node("Tier", f"t{n}", source="tier-rules", walls=walls, name="x", company=node[1], tier="B",
                   since=dt.date(2024, 1, 1 + n), reason="理由", reason_en="why", rule="tiers 1+x")  # fmt: skip
    return g


def told(view, ids):
    found = [one for one in ids if _there(view, one)]
    answers = [f(view, one, RULES).model_dump_json() for one in found for f in (tags, client_tiers)]
    return [*answers, dry_run(view, RULES.named("tags"), LOOSER, everybody=True).model_dump_json()]


def _there(view, ref):
    try:
        return view.kind(view.resolve(ref)) == "Company"
    except NotFound:
        return False


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(statements=st.lists(said, min_size=1, max_size=8), who=st.sampled_from(((), ("a",), ("a", "b"))))
def test_walls_leave_no_trace(builder, statements, who):
    g = built(type(builder)(), statements)
    ids = sorted({node[1]["id"] for node in g.nodes})
    walled = told(g.projection().view(frozenset(who), DAY), ids)
    fresh = told(g.without(who).projection().view(None, DAY), ids)
    assert walled == fresh
