"""What pages at a terminal are made of: tables, headings, ratios, findings, where a list goes on."""

from __future__ import annotations

from collections.abc import Iterable

from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from queries.labels import KINDS
from queries.models import Finding, Party


def table(*columns: str, title: str = "") -> Table:
    """A table that reads well at 80 columns."""
    made = Table(box=box.SIMPLE_HEAD, title=title or None, title_justify="left", pad_edge=False)
    for column in columns:
        made.add_column(column, overflow="fold")
    return made


def heading(console: Console, party: Party) -> None:
    """Whose answer it is."""
    label = KINDS[party.kind]
    console.print(
        Text.assemble((party.name, "bold"), f"  {label.zh} {label.en}  ", (party.id, "dim")), soft_wrap=True
    )


def percent(value: float | None) -> str:
    """A fraction of 1 as a person reads it."""
    return "未知 ?" if value is None else f"{value:.2%}"


def findings(console: Console, found: Iterable[Finding]) -> None:
    """What the reader should know about the data."""
    for finding in found:
        console.print(f"! {finding.message}", style="yellow", markup=False, soft_wrap=True)


def more(console: Console, shown: int, total: int, section: str = "", cursor: str | None = None) -> None:
    """How many lines are not shown, and how to get them."""
    if total > shown:
        how = (
            f"：--section {section} --cursor {cursor}"
            if section and cursor
            else f"：--cursor {cursor}"
            if cursor
            else ""
        )
        console.print(f"另有 {total - shown:,} 条 / {total - shown:,} more{how}", style="dim", soft_wrap=True)
