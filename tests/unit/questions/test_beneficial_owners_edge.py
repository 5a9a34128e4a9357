"""Beneficial owners over HTTP, on the command line and at a terminal."""

from __future__ import annotations

import io
import json
from collections.abc import Iterator
from typing import Any

import pytest
from fastapi.testclient import TestClient
from rich.console import Console
from typer.testing import CliRunner

from api import auth, beneficial_owners_commands, show_beneficial_owners
from api.app import create_app
from api.auth import Viewer
from api.cli import app as commands
from api.examples import ANSWERS
from api.settings import ApiSettings
from graph.projection import Projection
from graph.view import View
from queries.beneficial_owners import BeneficialOwners, beneficial_owners
from queries.regimes import regime

DAY = "2026-06-30"


class Graph:
    """The graph that the app serves."""

    def __init__(self, projection: Projection) -> None:
        self.projection = projection

    def view(self, viewer: Viewer, as_of: Any = None, known_at: Any = None) -> View:
        return self.projection.view(clearance=viewer.visible, as_of=as_of, known_at=known_at)

    def check(self) -> None:
        pass

    version = 0
    store_up = True


@pytest.fixture
def company(builder: Any) -> str:
    """Somebody with 60% of what owns 30% of it, an interval, a manager, and a holder without holders."""
    person, other = builder.node("Person", "p", name="周澄"), builder.node("Person", "o", name="吴白")
    between, shell = (builder.node("Company", key, name=f"{key}有限公司") for key in ("集团", "空壳"))
    target = builder.node("Company", "t", name="澄江医药有限公司", capital=5e6)
    builder.edge("HOLDS", person, between, share_ratio=0.6)
    builder.edge("HOLDS", between, target, share_ratio=0.3)
    builder.edge("HOLDS", other, target, share_min=0.2, share_max=0.3)
    builder.edge("HOLDS", shell, target, share_ratio=0.4)
    builder.edge("OFFICER_OF", other, target, office="总经理")
    return str(target[1])


@pytest.fixture
def client(builder: Any, company: str, tmp_path: Any) -> Iterator[TestClient]:  # noqa: ARG001 - it fills the builder
    tokens = tmp_path / "tokens.json"
    token = auth.add_token(tokens, "operator", operator=True)
    settings = ApiSettings(data_dir=tmp_path, token_file=tokens, cursor_key="k")
    with TestClient(create_app(settings, Graph(builder.projection()))) as served:
        served.headers["Authorization"] = f"Bearer {token}"
        yield served


def test_the_route_answers_as_the_question_does(client, builder, company):
    view = builder.projection().view(as_of=None)
    for law in ("cn", "eu"):
        found = client.get(f"/v1/entities/{company}/beneficial-owners", params={"regime": law, "as_of": DAY})
        assert found.status_code == 200
        assert found.json()["regime"]["name"] == law
    assert found.json()["beneficial_owners"][0]["criteria"][0]["criterion"] == "controls_holder"
    today = client.get(f"/v1/entities/{company}/beneficial-owners")
    assert today.json() == json.loads(beneficial_owners(view, company, regime("cn")).model_dump_json())


def test_what_cannot_be_asked_is_refused(client, company):
    wrong = client.get(f"/v1/entities/{company}/beneficial-owners", params={"regime": "us"})
    assert wrong.status_code == 422
    assert "cn, eu" in wrong.text
    assert client.get("/v1/entities/周澄/beneficial-owners").status_code == 422
    assert client.get("/v1/entities/nobody/beneficial-owners").status_code == 404
    assert client.get(f"/v1/entities/{company}/beneficial-owners", params={"law": "cn"}).status_code == 422


@pytest.mark.parametrize("law", ["cn", "eu"])
def test_a_terminal_shows_who_and_why_and_what_is_missing(builder, company, law):
    answer = beneficial_owners(builder.projection().view(as_of=None), company, regime(law))
    text = io.StringIO()
    show_beneficial_owners.beneficial_owners(Console(file=text, width=100), answer)
    shown = text.getvalue()
    assert "吴白" in shown
    assert "缺 missing" in shown
    assert ("周澄" in shown) is (law == "eu")
    assert ("第三条" in shown) is (law == "cn")
    assert "20.00% – 30.00%" in shown


def test_the_command_prints_json_or_a_page(builder, company, monkeypatch):
    class Looking:
        def __enter__(self) -> tuple[View, str]:
            return builder.projection().view(as_of=None), "key"

        def __exit__(self, *_: object) -> None:
            pass

    monkeypatch.setattr(beneficial_owners_commands, "looking", lambda *_: Looking())
    printed = CliRunner().invoke(commands, ["beneficial-owners", company, "--regime", "eu", "--json"])
    assert printed.exit_code == 0
    assert json.loads(printed.stdout)["regime"]["name"] == "eu"
    page = CliRunner().invoke(commands, ["beneficial-owners", company])
    assert "第六条" in page.stdout
    assert CliRunner().invoke(commands, ["beneficial-owners", company, "--regime", "us"]).exit_code == 2


def test_the_example_is_an_answer():
    shown = ANSWERS["get", "/v1/entities/{id}/beneficial-owners"]
    BeneficialOwners.model_validate_json(json.dumps(shown))
