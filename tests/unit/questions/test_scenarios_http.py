"""Scenarios over HTTP and at the terminal: run, compared, saved, and shared with those who are cleared."""

import io
import json

import pytest
import typer
from fastapi.testclient import TestClient
from rich.console import Console
from typer.testing import CliRunner

from api import auth, examples, scenarios_commands, show_scenarios
from api.app import create_app
from api.auth import OPERATOR, Viewer
from api.live import FixedGraph
from api.scenario_files import Saved, SavedList, ScenarioFiles
from api.settings import ApiSettings
from graph.errors import Ambiguous, DataError, InvalidInput, NotFound
from queries.paging import Page
from queries.risk_circles import GuaranteeCircles
from queries.scenario_changes import Scenario
from queries.scenarios import Comparison, ScenarioOutcome, compare, scenario_outcome
from tests.unit.questions.conftest import TODAY

RIVER, SUBSIDIARY, SUPPLIER = "澄江医药股份有限公司", "澄江生物有限公司", "白石化工有限公司"
GONE = {
    "shocks": [{"id": SUBSIDIARY}],
    "changes": [{"action": "remove", "type": "GUARANTEES", "from": RIVER, "to": SUBSIDIARY}],
}
MORE = {
    "shocks": [{"id": SUBSIDIARY}],
    "changes": [
        {
            "action": "add",
            "type": "GUARANTEES",
            "from": SUPPLIER,
            "to": SUBSIDIARY,
            "values": {"amount": 9e7, "kind": "连带"},
        }
    ],
}


@pytest.fixture
def ask(market_projection, tokens):
    walls = {"public": [], "other": [], "team": ["deal:alpha"]}
    secrets = {who: auth.add_token(tokens, who, clearance) for who, clearance in walls.items()}
    settings = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    with TestClient(create_app(settings, FixedGraph(market_projection))) as client:

        def asked(path, body=None, who="public", **params):
            headers = {"Authorization": f"Bearer {secrets[who]}"}
            if body is None:
                return client.get(f"/v1/risk/{path}", params=params, headers=headers)
            if path != "scenarios":
                params = {"as_of": TODAY.isoformat(), **params}
            return client.post(f"/v1/risk/{path}", json=body, params=params, headers=headers)

        yield asked


def test_before_and_after_over_http(ask):
    answer = ask("scenario-outcomes", {"scenario": GONE})
    assert answer.status_code == 200
    assert answer.content == ask("scenario-outcomes", {"scenario": GONE}).content
    found = answer.json()
    river = next(p for p in found["parties"] if p["name"] == RIVER)
    assert river["difference"] < 0
    assert found["at_risk_difference"] < 0
    assert found["changes"][0]["records"]


def test_a_propagation_may_take_a_scenario(ask):
    body = {"shocks": [{"id": SUBSIDIARY}], "scenario": {"changes": MORE["changes"]}}
    plain = ask("propagations", {"shocks": body["shocks"]}).json()
    found = ask("propagations", body).json()
    hit = [{v["name"]: v["distress"] for v in one["victims"]} for one in (plain, found)]
    assert hit[1][SUPPLIER] > hit[0][SUPPLIER]
    assert ask("propagations", {"scenario": MORE}).json()["victims"] == found["victims"]
    page = ask("propagations", {**body, "limit": 1}).json()
    assert ask("propagations", {**body, "limit": 1, "cursor": page["next"]}).status_code == 200
    assert (
        ask("propagations", {"shocks": body["shocks"], "limit": 1, "cursor": page["next"]}).status_code == 422
    )
    assert ask("propagations", {"scenario": {"changes": MORE["changes"]}}).status_code == 422
    assert ask("propagations", {**body, "scenario": MORE}).status_code == 422


def test_scenarios_side_by_side_over_http(ask):
    ask("scenarios", {"name": "more", "scenario": MORE})
    body = {"scenarios": [{"scenario": GONE}, {"name": "more"}]}
    found = ask("scenario-comparisons", body).json()
    assert [one["name"] for one in found["scenarios"]] == ["", "more"]
    assert {p["name"] for p in found["parties"]} >= {RIVER, SUPPLIER}


@pytest.mark.parametrize(
    ("path", "body", "status"),
    [
        (
            "scenario-outcomes",
            {"scenario": {**GONE, "changes": [{**GONE["changes"][0], "from": SUPPLIER}]}},
            404,
        ),
        (
            "scenario-outcomes",
            {"scenario": {**GONE, "changes": [{**GONE["changes"][0], "from": "没有"}]}},
            404,
        ),
        ("scenario-outcomes", {"scenario": {**GONE, "changes": [{"action": "drop"}]}}, 422),
        ("scenario-outcomes", {"scenario": {"shocks": [{"id": RIVER, "size": 2}]}}, 422),
        ("scenario-outcomes", {"scenario": GONE, "model": "pagerank"}, 422),
        ("scenario-outcomes", {"scenario": GONE, "name": "both"}, 422),
        ("scenario-outcomes", {}, 422),
        ("scenario-outcomes", {"name": "never-saved"}, 404),
        ("scenario-comparisons", {"scenarios": [{"scenario": GONE}]}, 422),
        ("scenarios", {"name": "../up", "scenario": GONE}, 422),
    ],
)
def test_bad_requests_are_refused(ask, path, body, status):
    assert ask(path, body).status_code == status


def test_saved_scenarios_are_seen_by_those_who_are_cleared(ask):
    assert ask("scenarios", {"name": "mine", "scenario": GONE}).json()["owner"] == "public"
    ask("scenarios", {"name": "secret", "scenario": MORE}, who="team")
    names = {
        who: [one["name"] for one in ask("scenarios", who=who).json()["scenarios"]]
        for who in ("other", "team")
    }
    assert names == {"other": ["mine"], "team": ["mine", "secret"]}
    assert ask("scenarios/mine", who="other").json()["scenario"]["changes"]
    assert ask("scenarios/secret", who="other").status_code == 404
    assert ask("scenarios/nothing", who="other").status_code == 404
    assert ask("scenario-outcomes", {"name": "secret"}, who="other").status_code == 404
    assert ask("scenario-outcomes", {"name": "secret"}, who="team").json()["name"] == "secret"
    assert ask("scenarios", limit=1, who="team").json()["total"] == 2


# --- the folder ------------------------------------------------------------------------------------------------------


def test_a_folder_of_scenarios(tmp_path):
    files, made = ScenarioFiles(tmp_path), Scenario.model_validate(GONE)
    one, two, third = Viewer("one"), Viewer("two"), Viewer("three")
    assert files.seen(one) == []
    files.save(one, "name", made)
    assert files.get(two, "name").scenario == made
    files.save(two, "name", Scenario())
    assert files.get(one, "name").scenario == made
    with pytest.raises(Ambiguous) as caught:
        files.get(third, "name")
    assert caught.value.candidates == ("one", "two")
    assert files.get(third, "name", "two").scenario == Scenario()
    files.save(one, "name", Scenario(note="new"))
    assert files.page(one, Page(1)).total == 2
    files.save(OPERATOR, "all", made)
    with pytest.raises(NotFound):
        files.get(Viewer("x", frozenset({"a"})), "all")
    with pytest.raises(InvalidInput):
        files.save(one, "a/b", made)
    (tmp_path / "scenarios" / "bad.json").write_text("{", "utf-8")
    with pytest.raises(DataError, match=r"bad\.json"):
        files.seen(one)


# --- the terminal ----------------------------------------------------------------------------------------------------


def test_the_terminal_shows_them(market_projection, tmp_path):
    view = market_projection.view(frozenset(), TODAY)
    gone, more = (Scenario.model_validate(one) for one in (GONE, MORE))
    console = Console(file=io.StringIO(), width=140)
    show_scenarios.outcome(console, scenario_outcome(view, more))
    show_scenarios.comparison(console, compare(view, [gone, more]))
    show_scenarios.saved(console, [ScenarioFiles(tmp_path).save(Viewer("one"), "name", more)])
    text = console.file.getvalue()
    assert all(
        part in text for part in ("add GUARANTEES 白石化工有限公司 → 澄江生物有限公司", "at risk", "name")
    )


def test_commands_save_and_list_and_a_file_alone_is_run(tmp_path, monkeypatch):
    monkeypatch.setenv("GUANXI_DATA_DIR", str(tmp_path / "data"))
    file = tmp_path / "gone.json"
    file.write_text(json.dumps(GONE), "utf-8")
    app = typer.Typer()
    scenarios_commands.register(app)
    app.command()(lambda: None)
    run = CliRunner().invoke
    saved = run(app, ["scenario", "save", "gone", str(file), "--json"])
    assert json.loads(saved.stdout)["operator"] is True
    assert run(app, ["scenario", "list"]).exit_code == 0
    assert json.loads(run(app, ["scenario", "list", "--json"]).stdout)["total"] == 1
    asked = []
    monkeypatch.setattr(scenarios_commands, "looking", lambda *_: asked.append(1) or _nobody())
    for words in ([str(file)], ["gone", "--json"], ["run", "gone"]):
        run(app, ["scenario", *words])
    assert len(asked) == 3
    missing = run(app, ["scenario", str(tmp_path / "none.yaml")])
    assert missing.exit_code == 2
    assert "none.yaml" in missing.stderr


def _nobody():
    raise NotFound("没有图 / no graph")


@pytest.mark.parametrize(
    ("route", "model"),
    [
        (("get", "/v1/risk/guarantee-circles"), GuaranteeCircles),
        (("post", "/v1/risk/scenario-outcomes"), ScenarioOutcome),
        (("post", "/v1/risk/scenario-comparisons"), Comparison),
        (("post", "/v1/risk/scenarios"), Saved),
        (("get", "/v1/risk/scenarios"), SavedList),
        (("get", "/v1/risk/scenarios/{name}"), Saved),
    ],
)
def test_examples_are_answers(route, model):
    model.model_validate_json(json.dumps(examples.ANSWERS[route]), by_alias=True)
