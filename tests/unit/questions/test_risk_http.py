"""The routes and commands about risk: answers, problems, walls on the wire, the same bytes twice."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.ids import entity_handle

SHOCK = "/v1/risk/propagations"


@pytest.fixture
def ask(market_projection, tokens) -> Iterator[Any]:
    secrets = {
        "public": auth.add_token(tokens, "public"),
        "team": auth.add_token(tokens, "team", ["deal:alpha"]),
    }
    settings = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k", net_capital=1e8)
    with TestClient(create_app(settings, FixedGraph(market_projection))) as client:

        def asked(path, body=None, who="public", **params):
            headers = {"Authorization": f"Bearer {secrets[who]}"}
            params = {"as_of": "2024-06-30", **params}
            if body is None:
                return client.get(path, params=params, headers=headers)
            return client.post(path, json=body, params=params, headers=headers)

        yield asked


def test_a_shock_over_http_is_the_same_twice_and_pages(ask):
    body = {"shocks": [{"id": "澄江生物有限公司"}]}
    first = ask(SHOCK, body)
    assert first.status_code == 200
    assert first.content == ask(SHOCK, body).content
    answer = first.json()
    guarantor = next(v for v in answer["victims"] if v["name"] == "澄江医药股份有限公司")
    assert guarantor["exposure"]["net"] == 3e7
    assert guarantor["paths"][0]["steps"][0]["records"]
    page = ask(SHOCK, {**body, "limit": 1}).json()
    rest = ask(SHOCK, {**body, "limit": 1, "cursor": page["next"]}).json()
    assert [v["id"] for v in (*page["victims"], *rest["victims"])] == [v["id"] for v in answer["victims"][:2]]


@pytest.mark.parametrize(
    ("body", "status"),
    [
        ({"shocks": []}, 422),
        ({"shocks": [{"id": "澄江医药", "size": 1.5}]}, 422),
        ({"shocks": [{"id": "澄江医药", "size": -1}]}, 422),
        ({"shocks": [{"id": "没有这家公司"}]}, 404),
        ({"shocks": [{"id": entity_handle("native", "Company", "secret", ["deal:alpha"])}]}, 404),
        ({"shocks": [{"id": "澄江医药"}], "model": "other"}, 422),
        ({"shocks": [{"id": "澄江医药"}], "without": ["other"]}, 422),
        ({"shocks": [{"id": "澄江医药"}, {"id": "600001.SH"}]}, 422),
        ({"shocks": [{"id": "澄江医药"}], "cursor": "x"}, 422),
        ({"shocks": [{"id": "澄江医药"}], "surplus": 1}, 422),
    ],
)
def test_bad_questions_are_refused(ask, body, status):
    assert ask(SHOCK, body).status_code == status


def test_a_hidden_holder_is_hit_for_those_who_may_see_it_alone(ask):
    body = {"shocks": [{"id": "澄江医药"}]}
    named = {who: {v["name"] for v in ask(SHOCK, body, who).json()["victims"]} for who in ("public", "team")}
    assert named["team"] - named["public"] == {"秘密收购有限公司"}


def test_the_other_routes_answer(ask):
    company = "/v1/entities/澄江医药"
    assert ask(f"{company}/threats", limit=3).json()["threats"]
    assert ask("/v1/risk/book").json()["amount"] == 3e7
    assert ask("/v1/risk/book", {"shocks": [{"id": "澄江医药"}]}).json()["at_risk"] == 3e7
    assert ask("/v1/risk/ranking").json()["total"] >= 1
    limits = ask("/v1/risk/limits", rules="bank").json()
    assert limits["uses"][0]["status"] == "unknown"
    assert ask("/v1/risk/limits", rules="other").status_code == 422
    assert ask("/v1/risk/book", {"shocks": [{"id": "澄江医药"}], "model": "pagerank"}).status_code == 422
