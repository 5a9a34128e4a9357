"""What a brief is made of: a heading, one sentence, sections of tables, facts and notes; the same for HTML and PDF."""

from __future__ import annotations

import unicodedata
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Final, Literal

UNKNOWN: Final = "—"
_UNPRINTED: Final = frozenset({"Cc", "Cf", "Co", "Cs", "Cn", "Zl", "Zp"})


def plain(text: object, most: int = 200) -> str:
    """A text of the graph on one line: without characters that do not print or turn the direction, cut at `most`."""
    shown = " ".join(str(text).split())
    shown = "".join(c for c in shown if unicodedata.category(c) not in _UNPRINTED)
    return shown if len(shown) <= most else f"{shown[: most - 1]}…"


@dataclass(frozen=True, slots=True)
class Column:
    """A column: its title, its part of the width (0: as wide as what is in it), and how it is aligned."""

    title: str
    width: float = 0
    align: Literal["left", "right"] = "left"


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under columns."""

    columns: Sequence[Column]
    rows: Sequence[Sequence[str]]
    kind: Literal["table"] = "table"


@dataclass(frozen=True, slots=True)
class Facts:
    """Labels with values."""

    items: Sequence[tuple[str, str]]
    kind: Literal["facts"] = "facts"


@dataclass(frozen=True, slots=True)
class Notes:
    """Sentences, one below the other."""

    items: Sequence[str]
    kind: Literal["notes"] = "notes"


@dataclass(frozen=True, slots=True)
class Quiet:
    """A remark in small type."""

    text: str
    kind: Literal["quiet"] = "quiet"


Block = Table | Facts | Notes | Quiet


@dataclass(frozen=True, slots=True)
class Chapter:
    """A section with its heading in both languages."""

    title: str
    title_en: str
    blocks: Sequence[Block]


@dataclass(frozen=True, slots=True)
class Brief:
    """A brief before a visit, as text alone."""

    title: str
    name: str
    subtitle: str
    chips: Sequence[str]
    coverage: str
    why: str
    chapters: Sequence[Chapter]
    footer: str
    lang: str = field(default="zh-CN")


def blocks(*found: Block | None) -> list[Block]:
    """Those that are there."""
    return [block for block in found if block is not None]


def table(columns: Sequence[Column], rows: Iterable[Sequence[str]]) -> Table | None:
    """A table, None where it would have no row."""
    made = [list(row) for row in rows]
    return Table(columns, made) if made else None


def notes(items: Iterable[str]) -> Notes | None:
    """Notes, None where there are none."""
    made = list(items)
    return Notes(made) if made else None


def quiet(text: str) -> Quiet | None:
    """A remark, None for nothing."""
    return Quiet(text) if text else None


def joined(items: Iterable[str], most: int = 5) -> str:
    """Names as a list, with how many more there are."""
    every = list(items)
    more = f"等 {len(every)} 项" if len(every) > most else ""
    return "、".join(every[:most]) + more
