"""The HTTP service over a graph in memory: tokens, problems, tags, pages, and what walls must not tell."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from fastapi.testclient import TestClient

from api import auth, examples
from api.app import create_app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.ids import entity_handle
from graph.projection import Projection
from queries.entity import Entity, Record
from queries.match import MatchAnswer, MatchRequest
from queries.neighbors import Neighbors
from queries.profile_lines import Profile
from queries.search import SearchAnswer
from queries.timeline import Timeline

RIVER = entity_handle("native", "Company", "river")
STATE = entity_handle("native", "Company", "state")
SECRET = entity_handle("native", "Company", "secret", ["deal:alpha"])
AS_OF = "2024-06-30"


class Api:
    """A client with tokens for an operator, a deal team and the public."""

    def __init__(self, client: TestClient, secrets: dict[str, str]) -> None:
        self.client = client
        self.secrets = secrets

    def get(
        self, path: str, who: str = "public", headers: dict[str, str] | None = None, **params: Any
    ) -> Any:
        params = {"as_of": AS_OF, **params} if path.startswith("/v1") else params
        token = {"Authorization": f"Bearer {self.secrets[who]}"}
        return self.client.get(path, params=params, headers={**token, **(headers or {})})

    def post(self, path: str, body: Any, who: str = "public") -> Any:
        headers = {"Authorization": f"Bearer {self.secrets[who]}"}
        return self.client.post(path, json=body, headers=headers, params={"as_of": AS_OF})


def api_of(projection: Projection, tokens: Path) -> Iterator[Api]:
    secrets = {
        "public": auth.add_token(tokens, "public"),
        "team": auth.add_token(tokens, "team", ["deal:alpha"]),
        "operator": auth.add_token(tokens, "operator", operator=True),
    }
    settings = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    with TestClient(create_app(settings, FixedGraph(projection)), raise_server_exceptions=False) as client:
        yield Api(client, secrets)


@pytest.fixture
def api(market_projection: Projection, tokens: Path) -> Iterator[Api]:
    yield from api_of(market_projection, tokens)


def assert_problem(response: Any, status: int, slug: str) -> dict[str, Any]:
    body: dict[str, Any] = response.json()
    assert response.status_code == status, body
    assert response.headers["content-type"] == "application/problem+json"
    assert body["type"] == f"urn:guanxi:problem:{slug}"
    assert body["status"] == status
    assert body["title"]
    assert body["detail"]
    return body


# --- tokens ---


@pytest.mark.parametrize(
    "path", ["/v1/search?q=a", "/openapi.json", "/", "/metrics", "/v1/nothing", "/nothing"]
)
@pytest.mark.parametrize("header", [None, "", "Bearer", "Bearer wrong", "Basic dXNlcjpwYXNz", "Bearer ü"])
def test_no_token_no_answer(api, path, header):
    headers = {} if header is None else {"Authorization": header.encode()}
    response = api.client.get(path, headers=headers)
    assert_problem(response, 401, "unauthorized")
    assert response.headers["www-authenticate"].startswith("Bearer")


def test_health_needs_no_token(api):
    assert api.client.get("/healthz").status_code == 200
    assert api.client.get("/readyz").status_code == 200


def test_a_removed_token_stops_working_at_once(api, tokens):
    assert api.get("/v1/search", q="澄江").status_code == 200
    auth.remove_token(tokens, "public")
    assert_problem(api.get("/v1/search", q="澄江"), 401, "unauthorized")


def test_metrics_are_for_operators_and_name_no_entity(api):
    api.get(f"/v1/entities/{RIVER}")
    assert_problem(api.get("/metrics"), 403, "forbidden")
    text = api.get("/metrics", "operator").text
    assert 'route="/v1/entities/{id}",status="200"} 1' in text
    assert RIVER not in text
    assert "guanxi_store_up 1" in text


# --- problems ---


def test_hidden_and_absent_ids_get_the_same_answer(api):
    absent = "0" * 24
    for suffix in ("", "/profile", "/neighbors", "/timeline"):
        hidden = api.get(f"/v1/entities/{SECRET}{suffix}")
        nowhere = api.get(f"/v1/entities/{absent}{suffix}")
        assert_problem(hidden, 404, "not-found")
        assert hidden.content == nowhere.content
        assert dict(hidden.headers) == dict(nowhere.headers)
        assert api.get(f"/v1/entities/{SECRET}{suffix}", "team").status_code == 200


def test_a_hidden_record_is_not_found(api, market):
    hidden = next(handle for handle, record in market.records.items() if record["compartments"])
    assert_problem(api.get(f"/v1/records/{hidden}"), 404, "not-found")
    assert api.get(f"/v1/records/{hidden}").content == api.get(f"/v1/records/{'0' * 24}").content
    assert api.get(f"/v1/records/{hidden}", "team").json()["id"] == hidden


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("/v1/search", {}, "q"),
        ("/v1/search", {"q": ""}, "q"),
        ("/v1/search", {"q": "  "}, "q"),
        ("/v1/search", {"q": "a\x00b"}, "q"),
        ("/v1/search", {"q": "长" * 201}, "q"),
        ("/v1/search", {"q": "a", "kind": "Companie"}, "kind"),
        ("/v1/search", {"q": "a", "limit": "0"}, "limit"),
        ("/v1/search", {"q": "a", "limit": "many"}, "limit"),
        ("/v1/search", {"q": "a", "cursor": "!!"}, "cursor"),
        ("/v1/search", {"q": "a", "as_of": "2024-13-01"}, "as_of"),
        ("/v1/search", {"q": "a", "as_of": "1700000000"}, "as_of"),
        ("/v1/search", {"q": "a", "known_at": "yesterday"}, "known_at"),
        ("/v1/search", {"q": "a", "asof": "2024-01-01"}, "asof"),
        (f"/v1/entities/{RIVER}", {"as_of": "x"}, "as_of"),
        (f"/v1/entities/{RIVER}/profile", {"section": "nonsense"}, "section"),
        (f"/v1/entities/{RIVER}/profile", {"cursor": "abc"}, "section"),
        (f"/v1/entities/{RIVER}/profile", {"cursor": "abc", "section": "holders"}, "cursor"),
        (f"/v1/entities/{RIVER}/neighbors", {"type": "LIKES"}, "type"),
        (f"/v1/entities/{RIVER}/neighbors", {"direction": "up"}, "direction"),
        (f"/v1/entities/{RIVER}/timeline", {"limit": "501"}, "limit"),
        ("/v1/entities/%00", {}, "id"),
        (f"/v1/entities/{'a' * 201}", {}, "id"),
    ],
)
def test_a_wrong_parameter_is_named(api, path, params, field):
    body = assert_problem(api.get(path, **params), 422, "invalid-parameter")
    assert field in {error["field"] for error in body["errors"]}


def test_wrong_route_method_and_body_are_problems_too(api):
    assert_problem(api.get("/v1/nothing"), 404, "not-found")
    response = api.post("/v1/search", {})
    assert_problem(response, 405, "method-not-allowed")
    assert response.headers["allow"] == "GET"
    token = {"Authorization": f"Bearer {api.secrets['public']}", "Content-Type": "application/json"}
    broken = api.client.post("/v1/match", content=b"{", headers=token)
    assert_problem(broken, 422, "invalid-parameter")


@pytest.mark.parametrize(
    ("body", "field"),
    [
        ({}, "items"),
        ({"items": []}, "items"),
        ({"items": ["a"] * 5001}, "items"),
        ({"items": ["a", 3]}, "items.1"),
        ({"items": [{"nom": "a"}]}, "items.0.nom"),
        ({"items": [{"name": "a\nb"}]}, "items.0.name"),
        ({"items": ["a"], "more": 1}, "more"),
    ],
)
def test_a_wrong_list_is_named(api, body, field):
    found = assert_problem(api.post("/v1/match", body), 422, "invalid-parameter")
    assert field in {error["field"] for error in found["errors"]}


def test_a_large_body_is_refused_declared_or_not(api):
    token = {"Authorization": f"Bearer {api.secrets['public']}", "Content-Type": "application/json"}
    large = b'{"items": ["' + b"a" * 5_000_000 + b'"]}'
    assert_problem(api.client.post("/v1/match", content=large, headers=token), 413, "too-large")
    pieces = (large[i : i + 100_000] for i in range(0, len(large), 100_000))
    assert_problem(api.client.post("/v1/match", content=pieces, headers=token), 413, "too-large")


def test_an_ambiguous_name_lists_ids_that_the_asker_may_see(builder, tokens):
    for key in "ab":
        builder.node("Company", key, name=f"双生{key}有限公司", aliases=["双生"])
    builder.node("Company", "c", name="双生c有限公司", aliases=["双生"], walls=["deal:alpha"])
    for api in api_of(builder.projection(), tokens):
        body = assert_problem(api.get("/v1/entities/双生"), 409, "ambiguous")
        assert sorted(body["candidates"]) == sorted(entity_handle("native", "Company", key) for key in "ab")


def test_what_goes_wrong_inside_tells_nothing(api, monkeypatch):
    def fail(*_: object, **__: object) -> None:
        raise ZeroDivisionError("secret")

    monkeypatch.setattr("queries.entity.entity", fail)
    body = assert_problem(api.get(f"/v1/entities/{RIVER}"), 500, "internal")
    assert "secret" not in json.dumps(body)


# --- tags and headers ---


@pytest.mark.parametrize("suffix", ["", "/profile", "/neighbors", "/timeline"])
def test_an_answer_is_sent_once(api, suffix):
    first = api.get(f"/v1/entities/{RIVER}{suffix}")
    assert first.status_code == 200
    assert first.headers["vary"] == "Authorization"
    assert first.headers["cache-control"].startswith("private")
    tag = first.headers["etag"]
    for sent in (tag, f"W/{tag}", f'"x", {tag}', "*"):
        again = api.get(f"/v1/entities/{RIVER}{suffix}", headers={"If-None-Match": sent})
        assert (again.status_code, again.content, again.headers["etag"]) == (304, b"", tag)
    assert api.get(f"/v1/entities/{RIVER}{suffix}", headers={"If-None-Match": '"x"'}).status_code == 200


def test_the_tag_is_of_what_the_asker_sees(api, market, tmp_path):
    public = api.get(f"/v1/entities/{RIVER}/profile")
    team = api.get(f"/v1/entities/{RIVER}/profile", "team")
    assert public.headers["etag"] != team.headers["etag"]
    (tmp_path / "fresh").mkdir()
    for fresh in api_of(market.without(()).projection(), tmp_path / "fresh" / "tokens.json"):
        same = fresh.get(f"/v1/entities/{RIVER}/profile", "operator")
        assert same.headers["etag"] == public.headers["etag"]


# --- pages ---


def pages(api: Api, path: str, items: str, who: str = "public", **params: Any) -> list[Any]:
    found, cursor = [], None
    for _ in range(200):
        more = {"cursor": cursor} if cursor else {}
        body = api.get(path, who, **params, **more).json()
        part = body["sections"][params["section"]] if "section" in params else body
        assert len(part[items]) <= params["limit"]
        found += part[items]
        cursor = part["next"]
        if cursor is None:
            return found
    raise AssertionError("the pages never end")


@pytest.mark.parametrize(
    ("path", "items", "params"),
    [
        ("/v1/search", "hits", {"q": "国有"}),
        (f"/v1/entities/{STATE}/neighbors", "neighbors", {}),
        (f"/v1/entities/{RIVER}/neighbors", "neighbors", {}),
        (f"/v1/entities/{RIVER}/neighbors", "neighbors", {"type": "PARTY_TO"}),
        (f"/v1/entities/{RIVER}/timeline", "items", {}),
        (f"/v1/entities/{STATE}/profile", "lines", {"section": "controls"}),
        (f"/v1/entities/{RIVER}/profile", "lines", {"section": "deals"}),
        (f"/v1/entities/{RIVER}/profile", "lines", {"section": "holders"}),
        (f"/v1/entities/{RIVER}/profile", "lines", {"section": "industry"}),
        (f"/v1/entities/{RIVER}/profile", "lines", {"section": "officers"}),
        (f"/v1/entities/{RIVER}/profile", "lines", {"section": "identity"}),
        (f"/v1/entities/{RIVER}/profile", "lines", {"section": "unknown"}),
    ],
)
def test_pages_put_together_are_the_whole(api, path, items, params):
    whole = pages(api, path, items, limit=100, **params)
    for limit in (1, 3, 7):
        assert pages(api, path, items, limit=limit, **params) == whole
    assert len(whole) == len({json.dumps(item) for item in whole})


def test_a_cursor_of_another_question_or_a_changed_one_is_refused(api):
    path = f"/v1/entities/{STATE}/neighbors"
    cursor = api.get(path, limit=3).json()["next"]
    assert api.get(path, limit=3, cursor=cursor).status_code == 200
    others = [
        (f"/v1/entities/{RIVER}/neighbors", {}),
        (path, {"type": "CONTROLS"}),
        (f"/v1/entities/{STATE}/timeline", {}),
    ]
    for other, params in others:
        body = assert_problem(api.get(other, cursor=cursor, **params), 422, "invalid-parameter")
        assert body["errors"][0]["field"] == "cursor"
    for place in range(len(cursor)):
        changed = cursor[:place] + ("A" if cursor[place] != "A" else "B") + cursor[place + 1 :]
        assert api.get(path, limit=3, cursor=changed).status_code == 422


# --- description ---


def test_the_description_is_openapi_31_with_an_example_of_every_answer(api):
    described = api.get("/openapi.json", "operator").json()
    assert described["openapi"].startswith("3.1")
    assert described["security"] == [{"token": []}]
    for path, operations in described["paths"].items():
        for operation in operations.values():
            assert operation["summary"]
            assert operation["tags"]
            content = operation["responses"]["200"]["content"]
            assert any("example" in media for media in content.values()), path
            if path.startswith("/v1"):
                asks_the_graph = path != "/v1/jobs/{id}"
                expected = {"401", "422", "503"} if asks_the_graph else {"401", "404"}
                assert expected <= operation["responses"].keys(), path


def test_examples_are_answers():
    for model, example in (
        (SearchAnswer, examples.SEARCH), (MatchAnswer, examples.MATCH), (Entity, examples.ENTITY),
        (Record, examples.RECORD), (Profile, examples.PROFILE), (Neighbors, examples.NEIGHBORS),
        (Timeline, examples.TIMELINE), *((MatchRequest, e["value"]) for e in examples.MATCH_REQUESTS.values()),
    ):  # fmt: skip
        model.model_validate_json(json.dumps(example))


def test_the_front_page_lists_the_routes(api):
    page = api.get("/", "operator").text
    assert "/v1/entities/{id}/profile" in page
    assert "http://" not in page
    assert "https://" not in page
