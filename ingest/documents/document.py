"""文档: what every reader of documents gives, whatever the file was; offsets index `SourceDocument.text`."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, TypeAlias

from graph.ids import key_of
from ingest.values import ValueDropped, parse_date

Rows: TypeAlias = tuple[tuple[str, ...], ...]


@dataclass(frozen=True, slots=True)
class Table:
    """表格: cells row by row; a merged cell stands at each place that it covers.

    `lines` are the characters of the document's text that hold each row; `page` counts from 1, 0 where a format has
    no pages.
    """

    rows: Rows
    lines: tuple[tuple[int, int], ...]
    page: int = 0


@dataclass(frozen=True, slots=True)
class Heading:
    """标题: characters `start` to `end` are a heading of this level, 1 the highest."""

    start: int
    end: int
    level: int


@dataclass(frozen=True, slots=True)
class SourceDocument:
    """文档: a text as it came, with what its file says of it.

    `key` is the id that its source gives, else a hash of its content. `pages` are the offsets at which pages begin,
    empty where a format has none. `notes` say what was assumed (an encoding) or left out. `place` is where in its
    file it stands (`line 3`), empty where it is all of it.
    """

    key: str
    title: str
    text: str
    kind: str
    published: dt.date | None = None
    publisher: str = ""
    url: str = ""
    tables: tuple[Table, ...] = ()
    pages: tuple[int, ...] = ()
    headings: tuple[Heading, ...] = ()
    notes: tuple[str, ...] = ()
    file: str = ""
    place: str = ""


@dataclass(frozen=True, slots=True)
class Unreadable:
    """不可读: what could not be read, where in the file (`line 3`, `page 2`, empty for all of it), why, what to do."""

    file: str
    place: str
    reason: str
    hint: str = ""


class CannotRead(Exception):  # noqa: N818 - named by what is wrong, like all of graph/errors.py
    """A whole file that a reader gives up; never leaves this package, where it becomes an Unreadable."""

    def __init__(self, reason: str, hint: str = "") -> None:
        super().__init__(reason)
        self.reason = reason
        self.hint = hint


TITLE_LENGTH: Final = 80
"""Characters; a first line beyond it is no title."""


def content_key(*parts: str) -> str:
    """The key of a document that has no id of its own: equal content, equal key, whatever the file's name."""
    return key_of(*parts)


def first_line(text: str) -> str:
    """The first line that says something, where it is short enough to be a title; else nothing."""
    line = next((stripped for line in text.split("\n", 50) if (stripped := line.strip())), "")
    return line if len(line) <= TITLE_LENGTH else ""


def with_title(title: str, body: str) -> str:
    """The text that is read: the title as first line, unless the body begins with it."""
    if not title or body.lstrip().startswith(title):
        return body
    return f"{title}\n{body}" if body else title


def day(value: object) -> dt.date | None:
    """The day that a source states; None where it states none, or only a month or a year."""
    if not isinstance(value, str | dt.date) or not value:
        return None
    try:
        date = parse_date(value)
    except ValueDropped:
        return None
    return None if date.imprecise else date.date


_UNPRINTABLE: Final = {
    **dict.fromkeys([*range(9), 11, 12, *range(14, 32), 127, *range(128, 160)], " "),
    **dict.fromkeys(range(0xD800, 0xE000), "\ufffd"),
}


def printable(text: str) -> str:
    """The text with control characters as spaces and halves of characters as U+FFFD, one for one."""
    return text.translate(_UNPRINTABLE)


class TextBuilder:
    """Text put together block by block, with headings and tables noted where they come to stand."""

    def __init__(self) -> None:
        self._pieces: list[str] = []
        self._length = 0
        self.headings: list[Heading] = []
        self.tables: list[Table] = []
        self.pages: list[int] = []

    @property
    def length(self) -> int:
        """Characters so far."""
        return self._length

    @property
    def text(self) -> str:
        """All characters so far."""
        return "".join(self._pieces)

    def block(self, text: str, level: int = 0) -> None:
        """A paragraph; a heading where `level` is given."""
        kept = printable(text)
        if level:
            self.headings.append(Heading(self._length, self._length + len(kept), level))
        self._add(kept)

    def page(self) -> None:
        """Another page begins."""
        self.pages.append(self._length)

    def table(
        self, rows: Sequence[Sequence[str]], shown: Iterable[Sequence[str]] | None = None, page: int = 0
    ) -> None:
        """A table, a line a row, cells apart by tabs; `shown` is what to print of it where cells are merged."""
        lines = []
        for cells in shown or rows:
            line = printable("\t".join(" ".join(cell.split()) for cell in cells)).rstrip()
            lines.append((self._length, self._length + len(line)))
            self._add(line)
        kept = tuple(tuple(printable(cell) for cell in row) for row in rows)
        self.tables.append(Table(kept, tuple(lines), page))

    def _add(self, text: str) -> None:
        self._pieces.append(f"{text}\n")
        self._length += len(text) + 1
