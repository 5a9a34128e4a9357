"""An answer to a viewer is, byte for byte, the answer of a graph that never held what the viewer may not see."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from api import auth
from api.app import create_app
from api.auth import Viewer
from api.settings import ApiSettings
from graph.identifiers import uscc_check_digit
from graph.ids import entity_handle
from graph.projection import Projection
from graph.view import View

WALLS = ((), (), (), ("a",), ("b",), ("a", "b"))
VIEWERS = {"nobody": (), "a": ("a",), "b": ("b",), "ab": ("a", "b")}
NAMES = ("江河有限公司", "湖海股份有限公司", "山川集团有限公司", "江河", "湖海")
CODES = tuple(body + uscc_check_digit(body) for body in ("91110000MA0000000", "91310000MA1111111"))
DATES = (None, "2019-05-01", "2022-01-01", "2030-01-01")

company = st.fixed_dictionaries(
    {
        "name": st.sampled_from((*NAMES, None)),
        "short_name": st.sampled_from(("江河", "湖海", None)),
        "uscc": st.sampled_from((*CODES, None, None)),
        "client": st.sampled_from((True, None)),
        "controller_unknown": st.sampled_from((True, None)),
    }
)
person = st.fixed_dictionaries({"name": st.sampled_from(("李安", "王平"))})
deal = st.fixed_dictionaries(
    {"name": st.just("交易"), "date": st.sampled_from(DATES), "amount": st.sampled_from((1e6, None))}
)
node = st.one_of(
    st.tuples(st.just("Company"), st.integers(0, 3), company),
    st.tuples(st.just("Company"), st.integers(0, 3), company),
    st.tuples(st.just("Person"), st.integers(0, 1), person),
    st.tuples(st.just("Deal"), st.integers(0, 1), deal),
)
statement = st.tuples(node, st.sampled_from(WALLS), st.sampled_from(("registry", "desk")))
interval = st.fixed_dictionaries(
    {"valid_from": st.sampled_from(DATES), "valid_to": st.sampled_from((None, "2023-01-01"))}
)
share = st.fixed_dictionaries({"share_ratio": st.sampled_from((0.2, 0.6, None))})
office = st.fixed_dictionaries({"office": st.sampled_from(("董事", "总经理"))})
ratio = st.fixed_dictionaries({"ratio": st.sampled_from((0.5, None))})
role = st.fixed_dictionaries({"role": st.sampled_from(("target", "investor"))})
edge = st.one_of(
    st.tuples(st.just("HOLDS"), st.sampled_from(("Company", "Person")), st.just("Company"), share),
    st.tuples(st.just("OFFICER_OF"), st.just("Person"), st.just("Company"), office),
    st.tuples(st.just("CONTROLS"), st.sampled_from(("Company", "Person")), st.just("Company"), ratio),
    st.tuples(st.just("PARTY_TO"), st.just("Company"), st.just("Deal"), role),
)
numbers = st.integers(0, 3)
tie = st.tuples(
    edge, numbers, numbers, interval, st.sampled_from(WALLS), st.sampled_from(("registry", "desk"))
)


OF_AN_ENTITY = (
    ("", {}), ("/profile", {}), ("/timeline", {}), ("/owners", {}), ("/holdings", {}), ("/controllers", {}),
    ("/beneficial-owners", {"regime": "cn"}), ("/beneficial-owners", {"regime": "eu"}), ("/group", {}),
    ("/related-parties", {"regime": "sse"}), ("/related-parties", {"regime": "cas36"}), ("/introductions", {}),
)  # fmt: skip
"""Questions about one entity; those about ownership and paths have tests of their own on graphs full of these."""


class Graph:
    """The graph that the app serves just now."""

    projection: Projection

    def view(self, viewer: Viewer, as_of: Any = None, known_at: Any = None) -> View:
        return self.projection.view(clearance=viewer.visible, as_of=as_of, known_at=known_at)

    def check(self) -> None:
        pass

    version = 0
    store_up = True


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[TestClient, Graph, dict[str, str]]]:
    folder, graph = tmp_path_factory.mktemp("walls"), Graph()
    tokens = folder / "tokens.json"
    secrets = {name: auth.add_token(tokens, name, walls) for name, walls in VIEWERS.items()}
    secrets["operator"] = auth.add_token(tokens, "operator", operator=True)
    app = create_app(ApiSettings(data_dir=folder, token_file=tokens, cursor_key="k"), graph)
    with TestClient(app) as client:
        yield client, graph, secrets


def built(builder: Any, statements: Any, ties: Any) -> Any:
    """The statements as a loader stores them: an edge's ends are units of exactly the edge's compartments."""
    units = {}
    for (label, key, props), walls, source in statements:
        unit = (label, str(key), walls, source)
        if unit not in units:
            units[unit] = builder.node(label, str(key), walls=walls, source=source, **props)
    for (kind, start, end, props), a, b, dates, walls, source in ties:
        ends = []
        for label, number in ((start, a), (end, b)):
            unit = (label, str(number % (4 if label == "Company" else 2)), walls, source)
            if unit not in units:
                units[unit] = builder.node(label, unit[1], walls=walls, source=source)
            ends.append(units[unit])
        builder.edge(kind, *ends, walls=walls, source=source, **props, **dates)
    return builder


def answers(client: TestClient, secret: str, ids: list[str], records: list[str]) -> Iterator[tuple[str, Any]]:
    """Every question, and its answer with what a reader of the wire would see."""
    headers = {"Authorization": f"Bearer {secret}"}

    def ask(path: str, **params: Any) -> Any:
        response = client.get(path, params={"as_of": "2024-06-30", **params}, headers=headers)
        return response.status_code, response.content, response.headers.get("etag"), response

    for name in (*NAMES[:3], "江何", "李安", "jianghe", "hh", CODES[0]):
        for params in ({}, {"limit": 1}):
            yield f"search {name} {params}", ask("/v1/search", q=name, **params)[:3]
    body = {"items": [*NAMES, *({"uscc": code, "name": NAMES[0]} for code in CODES), "江何有限公司"]}
    found = client.post("/v1/match", json=body, params={"as_of": "2024-06-30"}, headers=headers)
    yield "match", (found.status_code, found.content, found.headers.get("etag"))
    for ref in (*ids, *NAMES, *CODES):
        for suffix, params in OF_AN_ENTITY:
            yield f"{ref}{suffix} {params}", ask(f"/v1/entities/{ref}{suffix}", **params)[:3]
        dates = {"from": "2022-06-30", "to": "2024-06-30"}
        found = client.get(f"/v1/entities/{ref}/changes", params=dates, headers=headers)
        yield f"{ref}/changes", (found.status_code, found.content, found.headers.get("etag"))
        cursor: str | None = ""
        while cursor is not None:
            *seen, response = ask(
                f"/v1/entities/{ref}/neighbors", limit=2, **({"cursor": cursor} if cursor else {})
            )
            yield f"{ref}/neighbors {cursor}", tuple(seen)
            cursor = response.json().get("next")
    for mode in ("shortest", "cheapest", "joining"):
        body = {"parties": ids[:2], "mode": mode}
        found = client.post("/v1/paths", json=body, params={"as_of": "2024-06-30"}, headers=headers)
        yield f"paths {mode}", (found.status_code, found.content, found.headers.get("etag"))
    for handle in records:
        yield f"record {handle}", ask(f"/v1/records/{handle}")[:3]


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    statements=st.lists(statement, min_size=1, max_size=8),
    ties=st.lists(tie, max_size=8),
    who=st.sampled_from(sorted(VIEWERS)),
)
def test_walls_leave_no_trace(served, builder, statements, ties, who):
    client, graph, secrets = served
    builder = built(type(builder)(), statements, ties)
    ids = sorted(unit["id"] for _, unit in builder.nodes)
    records = sorted(builder.records)[:6]
    graph.projection = builder.projection()
    walled = list(answers(client, secrets[who], ids, records))
    graph.projection = builder.without(VIEWERS[who]).projection()
    fresh = list(answers(client, secrets["operator"], ids, records))
    assert walled == fresh


def test_the_test_would_notice_a_leak(served, builder):
    """Somebody who may see more gets other answers, so that equality above says something."""
    client, graph, secrets = served
    built(
        builder,
        [
            (("Company", 0, {"name": NAMES[0]}), (), "desk"),
            (("Company", 1, {"name": NAMES[1]}), ("a",), "desk"),
        ],
        [],
    )
    graph.projection = builder.projection()
    ids = [entity_handle("desk", "Company", key, walls) for key, walls in (("0", ()), ("1", ("a",)))]
    assert list(answers(client, secrets["nobody"], ids, [])) != list(answers(client, secrets["a"], ids, []))
