"""The command line over a graph in memory: what it prints, where, and how it ends."""

from __future__ import annotations

import contextlib
import json
import stat
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from rich.cells import cell_len
from typer.testing import CliRunner

from api import cli, console, loading
from api.auth import OPERATOR, read_tokens
from api.cli import app
from api.settings import ApiSettings
from graph.errors import StoreDown
from graph.projection import Projection
from graph.view import View

pytestmark = pytest.mark.usefixtures("home")


@pytest.fixture
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv("GUANXI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("COLUMNS", "100")
    return tmp_path


@pytest.fixture
def run(market_projection: Projection, monkeypatch: pytest.MonkeyPatch) -> Any:
    @contextlib.contextmanager
    def looking(as_name: str | None, as_of: str | None, known_at: str | None) -> Iterator[tuple[View, str]]:
        settings = ApiSettings()
        who = console.viewer(settings, as_name)
        days = [console.date(name, text) for name, text in (("as-of", as_of), ("known-at", known_at))]
        yield market_projection.view(who.visible, *days), settings.cursor_secret()

    monkeypatch.setattr(cli, "looking", looking)
    return lambda *arguments: CliRunner().invoke(app, [str(a) for a in arguments])


def answer(result: Any) -> Any:
    assert result.exit_code == 0, result.stderr
    return json.loads(result.stdout)


QUESTIONS = (
    ("search", "澄江"),
    ("entity", "600001"),
    ("profile", "600001"),
    ("profile", "周澄"),
    ("neighbors", "600001"),
    ("timeline", "600001.SH"),
)


@pytest.mark.parametrize("question", QUESTIONS)
def test_a_question_prints_a_table_or_one_json_document(run, question):
    shown = run(*question)
    assert shown.exit_code == 0, shown.output
    assert "澄" in shown.stdout
    assert isinstance(answer(run(*question, "--json")), dict)


def test_search_prints_what_other_programs_rely_on(run):
    hits = answer(run("search", "澄江医药", "--json"))
    assert hits["next"] is None
    assert {"id", "name", "kind", "reason", "score"} <= hits["hits"][0].keys()


def test_the_profile_names_controller_and_unknowns(run):
    assert "周澄" in run("profile", "600001").stdout
    profile = answer(run("profile", "600002", "--json"))
    assert profile["sections"]["controllers"]["status"] == "unknown_stated"
    assert profile["sections"]["controllers"]["records"]
    assert "不详" in run("profile", "600002").stdout


def test_lines_fit_the_terminal(run):
    for question in QUESTIONS:
        lines = run(*question).stdout.splitlines()
        assert all(cell_len(line) <= 100 for line in lines if "--cursor" not in line)


def test_pages_follow_on_the_command_line(run):
    first = answer(run("neighbors", "600001", "--limit", 2, "--json"))
    second = answer(run("neighbors", "600001", "--limit", 2, "--cursor", first["next"], "--json"))
    assert first["neighbors"] != second["neighbors"]


def test_another_viewer_sees_what_the_token_may(run):
    answer(run("token", "add", "outsider", "--json"))
    assert len(answer(run("search", "秘密收购", "--json"))["hits"]) == 2
    assert answer(run("search", "秘密收购", "--as", "outsider", "--json"))["hits"] == []
    assert run("search", "秘密收购", "--as", "nobody").exit_code == 2


@pytest.mark.parametrize(
    ("arguments", "word"),
    [
        (("profile", "no such thing"), "找不到"),
        (("profile", "600001", "--as-of", "soon"), "as-of"),
        (("profile", "600001", "--section", "x"), "section"),
        (("neighbors", "600001", "--direction", "up"), "direction"),
        (("neighbors", "600001", "--cursor", "x"), "cursor"),
        (("search", " "), "空"),
        (("match", "absent.txt"), "absent.txt"),
        (("load", "no_such_mapping", __file__), "no_such_mapping"),
        (("load", "native", "absent.csv"), "absent.csv"),
        (("load", "native", __file__), "test_cli"),
        (("template", "Companie"), "Companie"),
        (("token", "remove", "nobody"), "nobody"),
        (("token", "add", "two words"), "two words"),
    ],
)
def test_a_refusal_says_why_on_standard_error(run, arguments, word):
    result = run(*arguments)
    assert result.exit_code == 2
    assert result.stdout == ""
    assert word in result.stderr
    assert "Traceback" not in result.stderr


def test_a_store_that_is_down_ends_a_command_with_a_message(run, monkeypatch):
    @contextlib.contextmanager
    def down(*_: object) -> Iterator[None]:
        raise StoreDown("数据库没有应答 / the database does not answer", hint="start it")
        yield

    monkeypatch.setattr(cli, "looking", down)
    result = run("profile", "600001", "--json")
    assert (result.exit_code, result.stdout) == (2, "")
    assert "start it" in result.stderr


def test_tokens_are_shown_once_and_kept_as_hashes(run, home):
    secret = run("token", "add", "manager", "--clearance", "deal:beta, deal:alpha").stdout.strip()
    path = home / "tokens.json"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert secret not in path.read_text()
    assert secret.removeprefix("gx_") not in path.read_text()
    (token,) = read_tokens(path)
    assert token.clearance == ("deal:alpha", "deal:beta")
    assert run("token", "add", "manager").exit_code == 2
    assert secret not in run("token", "list").stdout
    assert "hash" not in answer(run("token", "list", "--json"))[0]
    assert run("token", "remove", "manager").exit_code == 0
    assert read_tokens(path) == ()


def test_an_open_token_file_is_refused(run, home):
    run("token", "add", "manager")
    (home / "tokens.json").chmod(0o644)
    result = run("token", "list")
    assert result.exit_code == 2
    assert "chmod 600" in result.stderr


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_match_reads_texts_and_tables(run, home, encoding):
    (home / "names.txt").write_text("澄江医药\n\n澄江制药厂\n不存在的公司\n", encoding=encoding)
    (home / "list.csv").write_text(
        "序号,客户名称,证券代码\n1,澄江,600001\n2,静默科技有限公司,\n", encoding=encoding
    )
    book = openpyxl.Workbook()
    for row in (["公司名称", "代码"], ["澄江", 600001.0], ["静默科技有限公司", None]):
        book.active.append(row)
    book.save(home / "list.xlsx")
    texts = answer(run("match", home / "names.txt", "--json"))
    assert [r["reason"] for r in texts["results"]] == ["short_name", "former_name", None]
    for name in ("list.csv", "list.xlsx"):
        table = answer(run("match", home / name, "--json"))
        assert [r["reason"] for r in table["results"]] == ["code", "legal_name"], name
    assert "✓" in run("match", home / "names.txt").stdout


def test_too_long_or_empty_lists_are_refused(run, home):
    (home / "long.txt").write_text("某公司\n" * 5001, encoding="utf-8")
    (home / "empty.txt").write_text("\n \n", encoding="utf-8")
    assert "5001" in run("match", home / "long.txt").stderr
    assert run("match", home / "empty.txt").exit_code == 2


def test_template_and_mappings_and_world(run, home):
    assert run("template", "company").stdout.startswith("id,name")
    assert "native" in answer(run("mappings", "--json"))
    assert answer(run("world", home / "w", "--companies", 260, "--json"))["nodes"] > 260
    assert (home / "w" / "Company.csv").is_file()


def test_a_load_with_rejects_ends_with_one(run, monkeypatch):
    counts = dict.fromkeys((*loading.COUNTS, "seconds"), 1)
    report = loading.Report(
        source="s", rejects_file="r", findings={"bad": 1}, examples={"bad": "x"}, files=[], **counts
    )
    monkeypatch.setattr(loading, "load", lambda *_, **__: report)
    result = run("load", "native", __file__, "--json")
    assert result.exit_code == 1
    expected = {"source", "read", "written", "unchanged", "closed", "rejected", "rejects_file", "seconds"}
    assert expected <= json.loads(result.stdout).keys()
    assert "1 × bad" in run("load", "native", __file__).stdout


def test_the_unexpected_ends_in_one_line(monkeypatch, capsys):
    def fail() -> None:
        raise ZeroDivisionError("oops")

    monkeypatch.delenv("GUANXI_DEBUG", raising=False)
    monkeypatch.setattr(cli, "app", fail)
    with pytest.raises(SystemExit) as ended:
        cli.main()
    assert ended.value.code == 2
    assert "ZeroDivisionError: oops" in capsys.readouterr().err
    assert OPERATOR.visible is None
