"""Groups, related parties and changes over HTTP and on the command line: the answers of the same functions."""

from __future__ import annotations

import datetime as dt
import io
from collections.abc import Iterator

import pytest
from fastapi.testclient import TestClient
from rich.console import Console
from typer.testing import CliRunner

from api import auth, show_groups
from api.app import create_app
from api.cli import app as command_line
from api.live import FixedGraph
from api.settings import ApiSettings
from queries.changes import changes, on_day
from queries.group import group
from queries.related import related

DAY = "2024-06-30"


@pytest.fixture(scope="module")
def served(
    market_projection, tmp_path_factory: pytest.TempPathFactory
) -> Iterator[tuple[TestClient, dict[str, str]]]:
    folder = tmp_path_factory.mktemp("groups")
    tokens = folder / "tokens.json"
    headers = {"Authorization": f"Bearer {auth.add_token(tokens, 'reader', ())}"}
    settings = ApiSettings(data_dir=folder, token_file=tokens, cursor_key="k")
    with TestClient(create_app(settings, FixedGraph(market_projection))) as client:
        yield client, headers


def test_routes_answer_what_the_functions_answer(served, market_projection):
    client, headers = served
    view = market_projection.view(clearance=frozenset(), as_of=dt.date(2024, 6, 30))
    ask = lambda path, **params: client.get(f"/v1/entities/{path}", params=params, headers=headers)  # noqa: E731
    found = ask("600001.SH/group", as_of=DAY, limit=500)
    assert found.json() == group(view, "600001.SH").model_dump(mode="json")
    found = ask("600001.SH/related-parties", as_of=DAY, regime="sse")
    assert found.json() == related(view, "600001.SH", regime="sse").model_dump(mode="json")
    found = ask("600001.SH/changes", **{"from": "2018-01-01", "to": DAY})
    expected = changes(on_day(view, dt.date(2018, 1, 1)), view, "600001.SH").model_dump(mode="json")
    assert found.json() == expected
    assert expected["holders"]["total"] > 0


@pytest.mark.parametrize(
    ("path", "params", "field"),
    [
        ("related-parties", {"regime": "nyse"}, "regime"),
        ("related-parties", {}, "regime"),
        ("changes", {"from": DAY, "to": DAY}, "from"),
        ("changes", {"from": "yesterday"}, "from"),
        ("changes", {}, "from"),
        ("changes", {"from": "2020-01-01", "section": "x"}, "section"),
        ("changes", {"from": "2020-01-01", "as_of": DAY}, "as_of"),
        ("group", {"cursor": "nonsense"}, "cursor"),
        ("group", {"depth": "3"}, "depth"),
    ],
)
def test_bad_parameters_are_refused_by_name(served, path, params, field):
    client, headers = served
    found = client.get(f"/v1/entities/600001.SH/{path}", params=params, headers=headers)
    assert found.status_code == 422, found.text
    assert field in str(found.json()["errors"])


def test_hidden_and_absent_ids_are_not_found(served):
    client, headers = served
    for path in ("group", "related-parties?regime=cas36", "changes?from=2020-01-01"):
        assert client.get(f"/v1/entities/秘密收购有限公司/{path}", headers=headers).status_code == 404


def test_people_can_read_the_answers(market_projection):
    view = market_projection.view(as_of=dt.date(2024, 6, 30))
    before = on_day(view, dt.date(2018, 1, 1))
    console = Console(file=io.StringIO(), width=200)
    show_groups.group(console, group(view, "澄江生物有限公司"))
    show_groups.related(console, related(view, "600001.SH", regime="sse"))
    show_groups.changes(console, changes(before, view, "600001.SH"))
    text = console.file.getvalue()
    for expected in ("澄江生物有限公司", "80.00%", "6.3.3", "周澄", "董事长", "澄江集团有限公司"):
        assert expected in text


@pytest.mark.parametrize("name", ["group", "related", "changes"])
def test_commands_say_what_they_do(name):
    result = CliRunner().invoke(command_line, [name, "--help"])
    assert result.exit_code == 0
    assert "ID" in result.stdout
