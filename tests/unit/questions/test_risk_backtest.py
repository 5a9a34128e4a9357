"""The back-test: metrics against definitions worked out by hand, no look ahead, worlds with and without contagion."""

from __future__ import annotations

import contextlib
import datetime as dt
import json
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from api import risk_backtest_commands
from api.cli import app
from graph.errors import DataError, InvalidInput
from graph.projection import Projection
from graph.view import View
from ingest.world import write_world
from ingest.world.tables import tables_of
from queries import risk_backtest, risk_backtest_metrics
from queries.risk_backtest import Happened, Key, Plan, Replay
from queries.risk_backtest_metrics import Ratio
from queries.risk_channels import channels

COMPANIES = 400
TODAY = dt.date(2026, 6, 30)
DAYS = (
    dt.date(2024, 1, 1),
    dt.date(2024, 7, 1),
    dt.date(2025, 1, 1),
    dt.date(2025, 7, 1),
    dt.date(2026, 1, 1),
)
KINDS = ("default",)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("hazard")
    write_world(path, COMPANIES, 2, process="hazard")
    return path


@pytest.fixture(scope="module")
def projection(folder: Path) -> Projection:
    return Projection.of(tables_of(folder))


def _replay(projection: Projection, truth: list[Happened], *, ablation: bool = False) -> Replay:
    plan = Plan(DAYS, channels(), ("linear", "cascade"), ablation=ablation)
    return risk_backtest.replay(
        lambda day: projection.view(None, day, day),
        lambda view: risk_backtest.happened(view, KINDS),
        truth,
        plan,
    )


def _truth(projection: Projection) -> list[Happened]:
    return risk_backtest.happened(projection.view(None, TODAY, TODAY), KINDS)


# --- metrics ---------------------------------------------------------------------------------------------------------


def test_auc_counts_pairs_and_ties_half() -> None:
    generator = np.random.default_rng(5)
    score = generator.integers(0, 4, 40).astype(np.float64)
    hit = generator.random(40) < 0.3
    pairs = [(a > b) + 0.5 * (a == b) for a in score[hit] for b in score[~hit]]
    assert risk_backtest_metrics.auc(score, hit) == (sum(pairs), len(pairs))
    assert risk_backtest_metrics.auc(score, np.zeros(40, np.bool_)) == (0.0, 0.0)


def test_precision_takes_ties_at_the_border_in_expectation() -> None:
    score = np.array([3.0, 2.0, 2.0, 2.0, 1.0])
    hit = np.array([True, True, False, False, True])
    assert risk_backtest_metrics.precision(score, hit, 2) == pytest.approx((1 + 1 / 3, 2))
    assert risk_backtest_metrics.precision(score, hit, 10) == (3.0, 5.0)


def test_calibration_is_monotone_and_right_on_average() -> None:
    score = np.array([0.0, 0.0, 1.0, 1.0, 2.0, 2.0])
    hit = np.array([False, True, False, False, True, True])
    found = risk_backtest_metrics.calibrated(score, hit)
    assert found.of(np.array([-1.0, 0.0, 1.5, 9.0])) == pytest.approx([0.25, 0.25, 0.25, 1.0])
    assert found.of(score).sum() == pytest.approx(hit.sum())


def test_intervals_of_worlds_are_students_and_of_days_resampled() -> None:
    found = risk_backtest_metrics.over_worlds([1.0, 2.0, 3.0, float("nan")])
    assert found == pytest.approx((2.0, 2.0 - 4.302653 / 3**0.5, 2.0 + 4.302653 / 3**0.5))
    days = Ratio(np.array([1.0, 0.0, 1.0, 0.0]), np.ones(4))
    value, low, high = risk_backtest_metrics.over_days(days)
    assert (value, low, high) == (0.5, 0.0, 1.0)
    assert risk_backtest_metrics.over_days(days, days) == (0.0, 0.0, 0.0)


def test_nothing_said_has_no_slope() -> None:
    assert risk_backtest_metrics.slope(np.full(4, 0.1), np.array([True, False, False, True])) == (0.0, 0.0)


# --- replay ----------------------------------------------------------------------------------------------------------


def test_events_are_read_as_the_view_knows_them(projection: Projection) -> None:
    day = dt.date(2024, 1, 1)
    known = risk_backtest.happened(projection.view(None, day, day), KINDS)
    truth = _truth(projection)
    assert 0 < len(known) < len(truth)
    assert all(event.date <= day and event.kind == "default" for event in known)
    assert risk_backtest.happened(projection.view(None, TODAY, TODAY), ("no such kind",)) == []


def test_a_score_knows_nothing_of_what_came_later(
    projection: Projection, folder: Path, tmp_path: Path
) -> None:
    """A world whose later events are cut off gives the same scores on a day before."""
    day, seen = dt.date(2024, 1, 1), {}
    for path in folder.iterdir():
        lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
        if path.stem == "Event":
            known = lines[0].rstrip().split(",").index("known_from")
            lines = [
                lines[0],
                *(line for line in lines[1:] if line.rstrip().split(",")[known] <= "2024-01-01"),
            ]
        (tmp_path / path.name).write_text("".join(lines), encoding="utf-8")
    for name, world in (("whole", projection), ("cut", Projection.of(tables_of(tmp_path)))):
        plan = Plan((day,), channels(), ("linear",), ablation=False)
        told = lambda view: risk_backtest.happened(view, KINDS)  # noqa: E731
        found = risk_backtest._replayed(world.view(None, day, day), told, [], plan, day)
        assert found is not None
        seen[name] = found.scores
    for key, score in seen["whole"].items():
        assert np.array_equal(score, seen["cut"][key]), key


def test_those_already_hit_are_not_scored(projection: Projection) -> None:
    truth = _truth(projection)
    day = DAYS[-1]
    plan = Plan((day,), channels(), (), ablation=False)
    found = risk_backtest._replayed(projection.view(None, day, day), lambda _: (), truth, plan, day)
    assert found is not None
    after = [event for event in truth if day < event.date <= day + dt.timedelta(days=plan.window)]
    assert int(found.hit.sum()) == len(after)
    at_risk = len(risk_backtest._companies(projection.view(None, day, day), day))
    assert len(found.hit) == at_risk - sum(event.date <= day for event in truth)


def test_leaving_out_a_channel_that_has_no_edges_changes_nothing(projection: Projection) -> None:
    found = _replay(projection, _truth(projection), ablation=True)
    left_out = {key.left_out for key in found.ratios if key.model == "linear"}
    assert left_out == {None, *channels().channels}
    rows = risk_backtest.rows([found])
    changes = {
        row.channel_left_out: row.value
        for row in rows
        if row.metric == "auc_change" and row.model == "linear"
    }
    assert any(value for value in changes.values())


def test_a_rule_that_knows_the_future_wins_and_one_that_knows_nothing_does_not(
    projection: Projection,
) -> None:
    """The harness itself: told of exactly those to be hit, distress of whom they are tied to says little more."""
    found = _replay(projection, _truth(projection))
    assert found.ratios[Key("base_rate")]["auc"].value == 0.5
    assert found.ratios[Key("base_rate")]["brier_skill"].value == 0.0
    assert found.ratios[Key("random")]["auc"].value == pytest.approx(0.5, abs=0.15)


def test_rows_say_against_what_and_on_how_much(projection: Projection) -> None:
    replays = [_replay(projection, _truth(projection))] * 2
    rows = risk_backtest.rows(replays, "hazard")
    gain = next(row for row in rows if row.model == "linear" and row.metric == "auc_over_best_baseline")
    baselines = {row.model: row.value for row in rows if row.is_baseline and row.metric == "auc"}
    own = next(row.value for row in rows if row.model == "linear" and row.metric == "auc")
    assert gain.against is not None
    assert baselines[gain.against] == max(value for value in baselines.values() if value is not None)
    assert own is not None
    assert gain.value == pytest.approx(own - baselines[gain.against], abs=2e-6)
    assert gain.low == gain.value == gain.high
    assert gain.worlds == 2
    assert gain.days == 2 * len(DAYS)


def test_the_same_twice(projection: Projection) -> None:
    one, two = (risk_backtest.rows([_replay(projection, _truth(projection))]) for _ in range(2))
    assert one == two


def test_nothing_known_that_early_is_said(projection: Projection) -> None:
    with pytest.raises(InvalidInput, match="no day"):
        _replay(projection, [])


@pytest.mark.parametrize(("process", "travels"), [("null", False), ("hazard", True)])
def test_models_beat_the_base_rate_only_where_distress_travels(
    process: str, tmp_path: Path, *, travels: bool
) -> None:
    replays = []
    for seed in range(1, 6):
        write_world(tmp_path / f"{seed}", 600, seed, process=process)
        projection = Projection.of(tables_of(tmp_path / f"{seed}"))
        replays.append(_replay(projection, _truth(projection)))
    rows = risk_backtest.rows(replays, process)
    lows = [row.low for row in rows if row.metric == "auc" and not row.is_baseline]
    assert [low is not None and low > 0.5 for low in lows] == [travels, travels]


# --- events of one's own ---------------------------------------------------------------------------------------------


def test_reads_a_csv_of_events_and_says_which_line_is_wrong(tmp_path: Path) -> None:
    file = tmp_path / "events.csv"
    file.write_text("party,date,kind\nC1,2024-01-05,default\n", encoding="utf-8-sig")
    assert risk_backtest.read_events(file) == [Happened("C1", dt.date(2024, 1, 5), "default")]
    for text, told in (
        ("party,kind\n", "no column date"),
        ("party,date,kind\nC1,2024-02-30,x\n", "line 2.*no date"),
        ("party,date,kind\n,2024-02-03,x\n", "line 2: no party"),
    ):
        file.write_text(text, encoding="utf-8")
        with pytest.raises(DataError, match=told):
            risk_backtest.read_events(file)


def test_events_of_ones_own_give_what_the_graphs_own_give(projection: Projection) -> None:
    truth = _truth(projection)
    plan = Plan(DAYS, channels(), ("linear",), ablation=False)

    def told(view: View) -> list[Happened]:
        return [event for event in truth if event.date <= view.as_of]

    found = risk_backtest.replay(lambda day: projection.view(None, day, day), told, truth, plan)
    assert found.scored == _replay(projection, truth).scored
    assert risk_backtest.unknown(projection.view(), [*truth, Happened("nobody", TODAY, "")]) == ["nobody"]


# --- the command -----------------------------------------------------------------------------------------------------


def test_the_command_replays_a_folder_and_prints_rows(folder: Path) -> None:
    arguments = ["backtest", "--world", str(folder), "--model", "linear", "--no-ablation", "--json"]
    ran = CliRunner().invoke(app, ["risk", *arguments])
    assert ran.exit_code == 0, ran.output
    rows = json.loads(ran.stdout)["rows"]
    assert {row["process"] for row in rows} == {"hazard"}
    assert {"auc", "precision@10", "brier", "auc_over_best_baseline"} <= {row["metric"] for row in rows}
    assert {row["model"] for row in rows if not row["is_baseline"]} == {"linear"}


def test_the_command_makes_worlds_of_its_own() -> None:
    arguments = ["backtest", "--process", "null", "--seeds", "2", "--companies", "300", "--model", "linear"]
    days = ["--first", "2025-01-01", "--no-ablation"]
    ran = CliRunner().invoke(app, ["risk", *arguments, *days, "--json"])
    assert ran.exit_code == 0, ran.output
    assert {row["worlds"] for row in json.loads(ran.stdout)["rows"]} == {2}


def test_the_command_replays_events_of_ones_own(
    projection: Projection, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """On the graph loaded, which stands here for the store's; whom it does not know is said, and left out."""
    monkeypatch.setattr(risk_backtest_commands, "opened", contextlib.nullcontext)
    monkeypatch.setattr(Projection, "open", lambda *_: projection)
    lines = [f"{event.party},{event.date},bust" for event in _truth(projection)]
    file = tmp_path / "events.csv"
    file.write_text("\n".join(["party,date,kind", *lines, "nobody,2024-01-01,bust"]), encoding="utf-8")
    arguments = [
        "backtest",
        "--events",
        str(file),
        "--model",
        "linear",
        "--no-ablation",
        "--first",
        "2025-01-01",
    ]
    ran = CliRunner().invoke(app, ["risk", *arguments, "--json"])
    assert ran.exit_code == 0, ran.output
    assert "not in the graph: 1 (nobody" in ran.stderr
    rows = json.loads(ran.stdout)["rows"]
    assert {row["process"] for row in rows} == {None}
    hindsight = CliRunner().invoke(app, ["risk", *arguments, "--hindsight", "--json"])
    assert json.loads(hindsight.stdout)["rows"][0]["scored"] == rows[0]["scored"]
    assert CliRunner().invoke(app, ["risk", *arguments, "--kind", "other"]).exit_code == 2


@pytest.mark.parametrize(
    "arguments",
    [
        ["--world", "nowhere"],
        ["--world", "a", "--events", "b"],
        ["--process", "plague"],
        ["--model", "crystal-ball"],
        ["--first", "2030-01-01"],
    ],
)
def test_the_command_refuses(arguments: list[str]) -> None:
    assert CliRunner().invoke(app, ["risk", "backtest", *arguments]).exit_code == 2
