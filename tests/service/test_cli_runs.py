"""The command line as a program, on an embedded store of its own: load, ask, withdraw, and the demo."""

from __future__ import annotations

import json
import os
import re
import signal
import subprocess
import sys
import time
import urllib.request
from pathlib import Path
from typing import Any

import pytest

from graph.embedded import status

SECONDS = 240


@pytest.fixture
def guanxi(tmp_path: Path) -> Any:
    """Runs `python -m api.cli` with state of its own."""
    environment = {
        **os.environ, "GUANXI_DATA_DIR": str(tmp_path / "data"), "COLUMNS": "90", "GUANXI_EMBEDDED_HEAP": "512m",
    }  # fmt: skip

    def run(*arguments: object, code: int = 0) -> subprocess.CompletedProcess[str]:
        done = subprocess.run(  # noqa: S603  # our own program
            [sys.executable, "-m", "api.cli", *map(str, arguments)],
            capture_output=True, text=True, timeout=SECONDS, check=False, env=environment,
        )  # fmt: skip
        assert done.returncode == code, done.stderr
        assert "Traceback" not in done.stderr
        return done

    run.environment = environment  # type: ignore[attr-defined]
    return run


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_load_ask_and_withdraw(guanxi, tmp_path):
    company = written(
        tmp_path,
        "Company.csv",
        "id,name,source\n1,甲山有限公司,registry\n2,乙水有限公司,registry\n,无号,registry\n",
    )
    holds = written(tmp_path, "HOLDS.csv", "from,to,share_ratio,source\n1,2,0.6,filings\n1,9,0.1,filings\n")
    first = json.loads(guanxi("load", "native", company, holds, "--json", code=1).stdout)
    assert first["read"] == first["written"] + first["unchanged"] + first["rejected"] == 5
    assert first["rejected"] == 2
    rejects = [json.loads(line) for line in Path(first["rejects_file"]).read_text("utf-8").splitlines()]
    assert {"file", "line", "reason", "key"} <= rejects[0].keys()

    again = json.loads(guanxi("load", "native", company, holds, "--json", code=1).stdout)
    assert (again["written"], again["unchanged"]) == (0, first["written"])
    digest = guanxi("digest").stdout.strip()
    assert re.fullmatch(r"[0-9a-f]{16,}", digest)

    profile = json.loads(guanxi("profile", "乙水有限公司", "--json").stdout)
    (holder,) = profile["sections"]["holders"]["lines"]
    assert (holder["name"], holder["share_ratio"]) == ("甲山有限公司", 0.6)
    assert holder["records"][0]["source"] == "filings"
    record = json.loads(guanxi("record", holder["records"][0]["id"]).stdout)
    assert record["body"]["share_ratio"] == "0.6"
    assert "甲山" in guanxi("search", "甲山").stdout
    assert {s["id"] for s in json.loads(guanxi("store", "status", "--json").stdout)["sources"]} >= {
        "registry",
        "filings",
    }

    assert json.loads(guanxi("withdraw", "filings", "--json").stdout) == {"source": "filings", "records": 1}
    assert json.loads(guanxi("profile", "乙水有限公司", "--json").stdout)["sections"]["holders"]["total"] == 0
    assert "refolded" in guanxi("refold").stdout
    guanxi("profile", "丙", code=2)


def test_the_demo_shows_answers_and_serves(guanxi, tmp_path):
    command = [sys.executable, "-m", "api.cli", "demo", "--companies", "260", "--port", "0"]
    with (
        (tmp_path / "out").open("w+") as out,
        subprocess.Popen(  # noqa: S603  # our own program
            command, stdout=out, stderr=subprocess.DEVNULL, env=guanxi.environment, text=True
        ) as demo,
    ):
        try:
            text = until_it_says(out.name, "serving at", demo)
            url = re.findall(r"http://\S+", text)[0]
            secret = re.findall(r"gx_[\w-]+", text)[0]
            for command_line in ("guanxi search", "guanxi profile", "guanxi timeline"):
                assert f"$ {command_line}" in text
            assert ask(f"{url}/readyz", secret) == b"ok\n"
            assert json.loads(ask(f"{url}/v1/search?q=a&limit=1", secret))["hits"] is not None
        finally:
            demo.send_signal(signal.SIGINT)
            demo.wait(60)
    deadline = time.monotonic() + 60
    while status(Path(guanxi.environment["GUANXI_DATA_DIR"])).running:
        assert time.monotonic() < deadline, "the embedded store outlives its last user"
        time.sleep(0.2)


def until_it_says(path: str, words: str, process: subprocess.Popen[str]) -> str:
    deadline = time.monotonic() + SECONDS
    while words not in (text := Path(path).read_text("utf-8")) or "gx_" not in text:
        assert process.poll() is None, text
        assert time.monotonic() < deadline, text
        time.sleep(0.2)
    return text


def ask(url: str, secret: str) -> bytes:
    """An answer, once the service is ready."""
    request = urllib.request.Request(url, headers={"Authorization": f"Bearer {secret}"})  # noqa: S310  # loopback
    deadline = time.monotonic() + SECONDS
    while True:
        try:
            with urllib.request.urlopen(request, timeout=30) as response:  # noqa: S310  # same
                return bytes(response.read())
        except OSError:
            assert time.monotonic() < deadline
            time.sleep(0.2)
