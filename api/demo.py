"""The demo: a fictional market loaded into the store, a few answers in the terminal, a token for the API."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
from pathlib import Path
from typing import Final
from urllib.parse import quote

from api import auth, console, loading
from api import show as shown
from api import show_ownership as shown_ownership
from api import show_risk as shown_risk
from api.settings import ApiSettings
from graph.errors import NotFound
from ingest.world import WorldSummary, write_world
from queries.controllers import controllers
from queries.owners import owners
from queries.paging import Page
from queries.profile import profile
from queries.risk import DEFAULT_SHOCK, Shocked, shock
from queries.search import search
from queries.timeline import timeline

TOKEN: Final = "demo"  # noqa: S105  # its name, not its secret


def write(
    folder: Path, companies: int, seed: int, process: str | None = None, needs: str | None = None
) -> WorldSummary:
    """Write the world into a folder, with progress on standard error. Raises InvalidInput."""
    with console.progress("生成 writing") as progress:
        return write_world(folder, companies, seed, progress, process=process, needs=needs)


def load(settings: ApiSettings, companies: int, seed: int) -> Path:
    """Make the world, unless it is there, and load it; a second time nothing new is written. Returns its folder."""
    folder = settings.data_dir / "demo" / f"{companies}-{seed}"
    if not (folder / "truth.json").is_file():
        draft = folder.with_name(f".{folder.name}.draft")
        shutil.rmtree(draft, ignore_errors=True)
        write(draft, companies, seed)
        shutil.rmtree(folder, ignore_errors=True)
        draft.rename(folder)
    files = sorted(path for path in folder.iterdir() if path.suffix == ".csv")
    loading.show(console.out(), loading.load(settings, "native", files))
    return folder


def show(folder: Path) -> None:
    """A few questions and their answers, each with the command that asks it."""
    name = _client(folder)
    with console.looking(None, None, None) as (view, key):
        page = Page(5, None, key)
        _asked(f"guanxi search {name[:2]}")
        shown.search(console.out(), search(view, name[:2], page=page))
        _asked(f"guanxi profile {name}")
        shown.profile(console.out(), profile(view, name, page=page))
        _asked(f"guanxi timeline {name} --limit 5")
        shown.timeline(console.out(), timeline(view, name, page=page))
        controlled = _planted(folder, "two_arms")
        _asked(f"guanxi owners {controlled}")
        shown_ownership.owners(console.out(), owners(view, controlled, page=page))
        _asked(f"guanxi controllers {controlled}")
        shown_ownership.controllers(console.out(), controllers(view, controlled))
        guarantor = _planted(folder, "circle_of_three")
        _asked(f"guanxi risk shock {guarantor} --default --limit 5")
        shown_risk.propagation(console.out(), shock(view, [Shocked(guarantor, DEFAULT_SHOCK)], page=page))


def _planted(folder: Path, scenario: str) -> str:
    """The full name of a company of a planted scenario, the last that its truths name."""
    truth = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
    entries = [entry for kind in ("controllers", "guarantee_circles") for entry in truth[kind]]
    found = [entry for entry in entries if entry["scenario"] == scenario][-1]
    wanted = found.get("company") or found["members"][-1]
    with (folder / "Company.csv").open(encoding="utf-8", newline="") as file:
        return next(row["name"] for row in csv.DictReader(file) if row["id"] == wanted and row["name"])


def _client(folder: Path) -> str:
    """The full name of the first listed client of the world, else of its first client."""
    with (folder / "Company.csv").open(encoding="utf-8", newline="") as file:
        clients = [row for row in csv.DictReader(file) if row["client"] and not row["compartments"]]
    return next((row["name"] for row in clients if row["code"]), clients[0]["name"])


def _asked(command: str) -> None:
    console.out().print(f"\n$ {command}", style="bold cyan", markup=False)


def token(settings: ApiSettings) -> str:
    """A new operator's token called `demo`; one of an earlier demo stops working."""
    with contextlib.suppress(NotFound):
        auth.remove_token(settings.tokens_path, TOKEN)
    return auth.add_token(settings.tokens_path, TOKEN, operator=True)


def banner(url: str, secret: str) -> None:
    """Where the API answers, and how to ask it."""
    command = f"curl -H 'Authorization: Bearer {secret}' '{url}/v1/search?q={quote('有限')}'"
    lines = (
        f"服务地址 serving at  {url}",
        f"令牌 token, shown this once  {secret}",
        f"试一试 try  {command}",
        "按 Ctrl+C 结束 / Ctrl+C ends it",
    )
    console.out().print("\n".join(lines), markup=False, soft_wrap=True)
