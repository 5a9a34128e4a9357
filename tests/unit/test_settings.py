"""Settings: where they come from, what they refuse, and the secrets kept beside them."""

import os
import stat
import subprocess
import sys
import threading
from pathlib import Path

import pytest
from pydantic import ValidationError

from graph.settings import PREFIX, Settings, kept_secret, table, user_data_dir


@pytest.fixture(autouse=True)
def no_settings(monkeypatch):
    for name in os.environ:
        if name.startswith(PREFIX):
            monkeypatch.delenv(name)


def test_the_defaults_lead_to_the_embedded_store():
    settings = Settings()
    assert settings.store_uri == ""
    assert settings.data_dir == user_data_dir()
    assert settings.tokens_path == settings.data_dir / "tokens.json"


def test_the_environment_sets_each_of_them(monkeypatch, tmp_path):
    monkeypatch.setenv("GUANXI_DATA_DIR", str(tmp_path))
    monkeypatch.setenv("GUANXI_STORE_URI", "neo4j+s://graph.example:7687")
    monkeypatch.setenv("GUANXI_STORE_PASSWORD", "geheim")
    monkeypatch.setenv("GUANXI_EMBEDDED_FSYNC", "false")
    monkeypatch.setenv("GUANXI_STORE_USER", "")  # an empty variable is one that is not set
    settings = Settings()
    assert settings.data_dir == tmp_path
    assert settings.store_uri == "neo4j+s://graph.example:7687"
    assert settings.store_password.get_secret_value() == "geheim"
    assert not settings.embedded_fsync
    assert settings.store_user == "neo4j"


def test_the_home_folder_may_be_written_short():
    assert Settings(data_dir=Path("~/guanxi")).data_dir == Path.home() / "guanxi"


def test_a_password_is_not_printed():
    assert "geheim" not in repr(Settings(store_password="geheim"))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("store_uri", "http://graph.example"),
        ("embedded_heap", "2 GB"),
        ("closing_share", 1.5),
        ("store_pool_size", 0),
        ("port", 70_000),
        ("no_such_setting", 1),
    ],
)
def test_an_unusable_value_is_refused_by_name(name, value):
    with pytest.raises(ValidationError, match=name):
        Settings(**{name: value})


def test_settings_do_not_change():
    settings = Settings()
    with pytest.raises(ValidationError):
        settings.port = 1


def test_every_setting_is_documented():
    for name, field in Settings.model_fields.items():
        assert field.description, name
        assert field.description.endswith("."), name


def test_the_table_has_a_row_for_every_setting():
    printed = subprocess.run(
        [sys.executable, "-m", "graph.settings"], capture_output=True, text=True, check=True, encoding="utf-8"
    ).stdout
    assert printed == table() + "\n"
    rows = printed.splitlines()[2:]
    assert [row.split("`")[1] for row in rows] == [PREFIX + name.upper() for name in Settings.model_fields]
    assert all(row.count(" | ") == 2 and row.split(" | ")[2].strip(" |") != "" for row in rows)


@pytest.mark.skipif(sys.platform != "linux", reason="the XDG folders are Linux's")
def test_the_data_folder_follows_the_desktop_standard(monkeypatch, tmp_path):
    monkeypatch.setenv("XDG_DATA_HOME", str(tmp_path))
    assert user_data_dir() == tmp_path / "guanxi"
    monkeypatch.delenv("XDG_DATA_HOME")
    assert user_data_dir() == Path.home() / ".local" / "share" / "guanxi"


def test_a_secret_is_made_once_and_for_the_owner(tmp_path):
    path = tmp_path / "keys" / "one"
    first = kept_secret(path)
    assert len(first) >= 32
    assert kept_secret(path) == first
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert kept_secret(tmp_path / "keys" / "two") != first
    assert sorted(p.name for p in path.parent.iterdir()) == ["one", "two"]


def test_racing_first_uses_agree_on_one_secret(tmp_path):
    path = tmp_path / "secret"
    start = threading.Barrier(8)
    found = []

    def use():
        start.wait()
        found.append(kept_secret(path))

    threads = [threading.Thread(target=use) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert len(found) == 8
    assert set(found) == {path.read_text()}


def test_a_secret_that_is_set_is_not_made(tmp_path):
    given = Settings(data_dir=tmp_path, cursor_key="c", identity_salt="s")
    assert (given.cursor_secret(), given.identity_secret()) == ("c", "s")
    assert list(tmp_path.iterdir()) == []
    kept = Settings(data_dir=tmp_path)
    assert kept.cursor_secret() != kept.identity_secret()
    assert kept.cursor_secret() == Settings(data_dir=tmp_path).cursor_secret()
