"""Opportunities over HTTP and on the command line: lists, files, the funnel, errors."""

from __future__ import annotations

import csv
import datetime as dt
import io
import json

import pytest
from fastapi.testclient import TestClient
from openpyxl import load_workbook

from api import auth
from api.app import create_app
from api.live import FixedGraph
from api.opportunity_files import safe
from api.settings import ApiSettings
from queries.opportunities import opportunities
from queries.paging import Page

DAY = {"as_of": "2024-06-30"}


@pytest.fixture
def projection(builder):
    """A client with a name that a spreadsheet would run, and a walled event of another."""
    g = builder
    river = g.node(
        "Company",
        "river",
        name="=HYPERLINK(1)股份有限公司",
        code="600001.SH",
        client=True,
        listed_on="2010-01-01",
    )
    lake = g.node("Company", "lake", name="湖海股份有限公司", code="600002.SH", listed_on="2010-01-01")
    feng = g.node("Employee", "feng", name="冯经理")
    g.edge("COVERS", feng, river, role="lead")
    g.part(
        "Event",
        "e1",
        {"subjects": [river]},
        name="回购",
        kind="buy_back",
        date=dt.date(2024, 6, 1),
        amount=3e8,
    )
    g.part(
        "Event",
        "e2",
        {"subjects": [lake]},
        name="收购",
        kind="acquisition",
        date=dt.date(2024, 6, 1),
        walls=("deal:a",),
    )
    return g.projection()


@pytest.fixture
def client(projection, tmp_path):
    settings = ApiSettings(data_dir=tmp_path, cursor_key="k")
    headers = {"Authorization": f"Bearer {auth.add_token(settings.tokens_path, 'feng')}"}
    with TestClient(create_app(settings, FixedGraph(projection)), headers=headers) as made:
        yield made


def test_a_list_is_the_answer_of_the_question(client, projection):
    answer = client.get("/v1/opportunities", params={**DAY, "limit": 2})
    assert answer.status_code == 200, answer.text
    body = answer.json()
    view = projection.view(frozenset(), dt.date(2024, 6, 30))
    assert json.loads(opportunities(view, page=Page(2, None, "k")).model_dump_json()).keys() == body.keys()
    assert [one["product"]["key"] for one in body["opportunities"]] == [
        "employee_share_plan",
        "equity_incentive",
    ]
    one = body["opportunities"][0]
    assert client.get(f"/v1/opportunities/{one['id']}", params=DAY).json() == {"opportunity": one}
    more = client.get("/v1/opportunities", params={**DAY, "limit": 2, "cursor": body["next"]}).json()
    assert [one["product"]["key"] for one in more["opportunities"]] == ["buy_back"]
    wrong = client.get("/v1/opportunities", params={**DAY, "product": "ipo", "cursor": body["next"]})
    assert wrong.status_code == 422


def test_hidden_and_absent_are_one(client, projection):
    view = projection.view(None, dt.date(2024, 6, 30))
    hidden = next(one for one in opportunities(view).opportunities if one.product.key == "mna")
    answers = [client.get(f"/v1/opportunities/{ref}", params=DAY) for ref in (hidden.id, "0" * 24)]
    assert [answer.status_code for answer in answers] == [404, 404]
    assert answers[0].content == answers[1].content
    for state in ("stage", "source", "product"):
        assert client.get("/v1/opportunities", params={**DAY, state: "x"}).status_code == 422


def test_files_hold_the_list_and_no_formula(client):
    whole = client.get("/v1/opportunities", params=DAY).json()
    file = client.get("/v1/opportunities/export", params=DAY)
    assert file.headers["content-type"].startswith("text/csv")
    rows = list(csv.reader(io.StringIO(file.content.decode("utf-8-sig"))))
    assert [row[0] for row in rows[1:]] == [one["id"] for one in whole["opportunities"]]
    assert rows[1][2] == "'=HYPERLINK(1)股份有限公司"
    assert "湖海" not in file.text
    book = client.get("/v1/opportunities/export", params={**DAY, "format": "xlsx", "product": "buy_back"})
    (page,) = load_workbook(io.BytesIO(book.content)).worksheets
    assert page.max_row == 2
    assert all(cell.data_type != "f" for row in page.iter_rows() for cell in row)


@pytest.mark.parametrize("text", ["=1", "+1", "-1", "@a", "\t=1", "\r=1", "＝1"])
def test_what_looks_like_a_formula_is_marked(text):
    assert safe(text) == "'" + text
    assert safe(-1.5) == -1.5


def test_the_funnel_counts(client):
    found = client.get("/v1/opportunities/funnel", params=DAY).json()
    assert (found["total"]["proposed"], found["total"]["new"], found["unassigned"]) == (3, 3, 0)
    assert {line["key"]: line["proposed"] for line in found["by_source"]}["events"] == 3
    assert [line["name"] for line in found["by_manager"]] == ["冯经理"]
    assert {line["key"] for line in found["by_product"]} == {
        "buy_back",
        "employee_share_plan",
        "equity_incentive",
    }
