"""`guanxi profile ID --whole` and `--brief FILE`: the whole customer 360 at a terminal, and as a brief."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Final

from api.console import err, looking, out, print_json
from api.settings import ApiSettings
from graph.errors import InvalidInput

if TYPE_CHECKING:
    from graph.view import View
    from queries.customer_360_lines import Customer360

ENDINGS: Final = (".pdf", ".html")


@dataclass(frozen=True, slots=True)
class Asked:
    """What `guanxi profile` was asked for."""

    ref: str
    section: str | None
    cursor: str | None
    limit: int
    brief: Path | None


def profile(asked: Asked, who: tuple[str | None, str | None, str | None], *, as_json: bool) -> None:
    """The whole customer 360 as `who` (name, day, day told) sees it: at the terminal, as JSON, or as a brief.

    Raises:
        InvalidInput: A section or a cursor goes with the plain profile alone, or the file cannot be one.
        NotFound, Ambiguous, DataError: As `customer_360`.
    """
    if asked.section is not None or asked.cursor is not None:
        raise InvalidInput(
            "section",
            "--section、--cursor 不能与 --whole、--brief 同用 / --section and --cursor go with the plain profile",
        )
    path = None if asked.brief is None else brief_file(asked.brief)
    with looking(*who) as (view, key):
        answer = _whole(view, asked, key)
    if path is not None:
        _write(answer, path, who[0] or "")
    else:
        _show(answer, as_json=as_json)


def brief_file(path: Path) -> Path:
    """Where a brief goes. Raises InvalidInput where its name says neither PDF nor HTML, or its folder is not there."""
    if path.suffix.lower() not in ENDINGS:
        raise InvalidInput(
            "brief",
            f"文件名应以 {' 或 '.join(ENDINGS)} 结尾 / {path.name!r}: the name should end in .pdf or .html",
        )
    if not path.parent.is_dir():
        raise InvalidInput("brief", f"没有文件夹 {path.parent} / there is no folder {path.parent}")
    return path


def _whole(view: View, asked: Asked, key: str) -> Customer360:
    """The whole customer 360, with similar companies."""
    from api.customer_360 import MeansOf  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.customer_360 import customer_360  # noqa: PLC0415  # same
    from queries.paging import Page  # noqa: PLC0415  # same

    by = MeansOf(ApiSettings()).current(similar=True)
    return customer_360(view, asked.ref, by, page=Page(asked.limit).signed(key))


def _show(answer: Customer360, *, as_json: bool) -> None:
    """At a terminal, or as JSON."""
    from api import show_360  # noqa: PLC0415  # see _whole

    if as_json:
        print_json(answer)
    else:
        show_360.whole(out(), answer)


def _write(answer: Customer360, path: Path, reader: str) -> None:
    """The brief as a file. Raises InvalidInput where it cannot be written, GuanxiError where it cannot be set."""
    from api.brief import brief_of  # noqa: PLC0415  # see _whole
    from api.brief_render import html, pdf  # noqa: PLC0415  # same

    made = brief_of(answer, reader)
    body = pdf(made) if path.suffix.lower() == ".pdf" else html(made).encode()
    try:
        path.write_bytes(body)
    except OSError as error:
        raise InvalidInput("brief", f"无法写入 {path} / cannot write {path}: {error.strerror}") from error
    err().print(f"已写入 written: {path}", markup=False, soft_wrap=True)
