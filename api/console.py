"""What all commands share: where output goes, how errors end a command, how the graph is opened."""

from __future__ import annotations

import contextlib
import datetime as dt
import os
import sys
from collections.abc import Iterator, Mapping, Sequence
from typing import Annotated, Any, Final

import typer
from pydantic import BaseModel
from pydantic_core import to_json
from rich.console import Console
from rich.progress import BarColumn, Progress, SpinnerColumn, TextColumn, TimeElapsedColumn
from typer.core import TyperGroup

from api.auth import OPERATOR, Viewer, viewer_named
from api.settings import ApiSettings
from graph.errors import GuanxiError, InvalidInput
from graph.store import Store
from graph.view import View

DONE: Final = 0
DONE_WITH_REJECTS: Final = 1
FAILED: Final = 2

AsOption = Annotated[
    str | None,
    typer.Option(
        "--as",
        metavar="NAME",
        help="以此令牌的身份查看；默认管理员 / as this token's viewer; default: operator",
    ),
]
AsOfOption = Annotated[
    str | None, typer.Option("--as-of", metavar="DATE", help="此日的状况 / as it was true on this day")
]
KnownAtOption = Annotated[
    str | None,
    typer.Option("--known-at", metavar="DATE", help="截至此日所知 / from what was told by this day"),
]
Ref = Annotated[str, typer.Argument(metavar="ID", help="编号、代码或唯一名称 / id, code or unambiguous name")]
JsonOption = Annotated[bool, typer.Option("--json", help="输出 JSON / print one JSON document")]
LimitOption = Annotated[int, typer.Option("--limit", min=1, max=500, help="每页条数 / items a page")]
CursorOption = Annotated[
    str | None, typer.Option("--cursor", help="上一页的 next / `next` of the page before")
]


class Commands(TyperGroup):
    """A group whose commands end with a message, never with a traceback, when something is wrong."""

    def invoke(self, ctx: Any) -> Any:
        """Run a command; an error on purpose is exit code 2."""
        try:
            return super().invoke(ctx)
        except GuanxiError as error:
            if debugging():
                raise
            report(error)
            raise typer.Exit(FAILED) from None


def debugging() -> bool:
    """Whether tracebacks are wanted."""
    return bool(os.environ.get("GUANXI_DEBUG"))


def out() -> Console:
    """Where answers go."""
    return Console(highlight=False)


def err() -> Console:
    """Where everything else goes: progress, hints, errors."""
    return Console(stderr=True, highlight=False)


def report(error: GuanxiError) -> None:
    """Say what was wrong and what to do."""
    console = err()
    console.print(f"错误 error: {error.message}", style="bold red", markup=False, soft_wrap=True)
    candidates = getattr(error, "candidates", ())
    if candidates:
        console.print("  " + "\n  ".join(candidates), markup=False)
    if error.hint:
        console.print(f"提示 hint: {error.hint}", markup=False, soft_wrap=True)


def print_json(value: BaseModel | Mapping[str, Any] | Sequence[Any]) -> None:
    """One JSON document, the bytes that the API would send, and a line end."""
    body = value.__pydantic_serializer__.to_json(value) if isinstance(value, BaseModel) else to_json(value)
    sys.stdout.write(body.decode() + "\n")


def date(name: str, text: str | None) -> dt.date | None:
    """A date of the command line. Raises InvalidInput that names the option."""
    if text is None:
        return None
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise InvalidInput(
            name, f"--{name} 应为 YYYY-MM-DD / --{name} should be a date as YYYY-MM-DD, not {text!r}"
        ) from None


def viewer(settings: ApiSettings, name: str | None) -> Viewer:
    """Who asks: the operator, or the viewer of a token. Raises NotFound."""
    return viewer_named(settings.tokens_path, name) if name else OPERATOR


@contextlib.contextmanager
def opened(settings: ApiSettings) -> Iterator[Store]:
    """The store, until the end of the block."""
    with Store.open(settings) as store:
        yield store


@contextlib.contextmanager
def looking(as_name: str | None, as_of: str | None, known_at: str | None) -> Iterator[tuple[View, str]]:
    """The View that a reading command asks, and the key of its cursors."""
    from graph.projection import Projection  # noqa: PLC0415  # compiles kernels; only reading needs them

    settings = ApiSettings()
    who, day, told = viewer(settings, as_name), date("as-of", as_of), date("known-at", known_at)
    with opened(settings) as store:
        with progress("读取 reading") as advance:
            projection = Projection.open(store, settings, advance)
        yield projection.view(clearance=who.visible, as_of=day, known_at=told), settings.cursor_secret()


@contextlib.contextmanager
def progress(text: str) -> Iterator[Any]:
    """A bar on standard error; yields what a loader calls with a name and the rows done so far."""
    columns = (
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TextColumn("{task.completed:,}"),
    )
    with Progress(*columns, TimeElapsedColumn(), console=err(), transient=True) as bar:
        tasks: dict[str, Any] = {}

        def advance(name: str, rows: int) -> None:
            if name not in tasks:
                tasks[name] = bar.add_task(f"{text} {name}", total=None)
            bar.update(tasks[name], completed=rows)

        yield advance
