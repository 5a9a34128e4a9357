"""The whole customer 360 for people at a terminal: what a brief says, in tables that read well at 80 columns."""

from __future__ import annotations

from rich.console import Console
from rich.text import Text

from api import terminal
from api.brief import brief_of
from api.brief_pages import Block, Chapter
from queries.customer_360_lines import Customer360
from queries.models import Party


def whole(console: Console, answer: Customer360) -> None:
    """The brief, chapter by chapter."""
    made = brief_of(answer)
    terminal.heading(console, Party(id=answer.id, name=answer.name, kind=answer.kind))
    for line in (made.subtitle, " · ".join(made.chips), made.coverage):
        console.print(line, style="dim", markup=False, soft_wrap=True)
    console.print(f"为何现在去 why now: {made.why}", style="bold", markup=False, soft_wrap=True)
    for chapter in made.chapters:
        _chapter(console, chapter)
    console.print(made.footer, style="dim", markup=False, soft_wrap=True)


def _chapter(console: Console, chapter: Chapter) -> None:
    console.print(f"\n{chapter.title} {chapter.title_en}", style="bold cyan", markup=False)
    for block in chapter.blocks:
        _block(console, block)


def _block(console: Console, block: Block) -> None:
    if block.kind == "table":
        drawn = terminal.table(*(column.title for column in block.columns))
        for row in block.rows:
            drawn.add_row(*map(Text, row))
        console.print(drawn)
    elif block.kind == "facts":
        for label, value in block.items:
            console.print(f"{label}  {value}", markup=False, soft_wrap=True)
    elif block.kind == "notes":
        for item in block.items:
            console.print(f"· {item}", markup=False, soft_wrap=True)
    else:
        console.print(block.text, style="dim", markup=False, soft_wrap=True)
