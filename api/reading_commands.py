"""`guanxi read`: documents in, what they tell out, and into the graph."""

from __future__ import annotations

import sys
from collections.abc import Iterable, Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from api.console import DONE_WITH_REJECTS, JsonOption, date, opened, out, print_json, progress
from api.settings import ApiSettings
from graph.errors import InvalidInput

if TYPE_CHECKING:
    from ingest.documents import SourceDocument, Unreadable

Source = Annotated[
    str,
    typer.Argument(metavar="FILE|-|FOLDER", help="文件、标准输入或文件夹 / file, standard input or folder"),
]
DryOption = Annotated[bool, typer.Option("--dry-run", help="只读不写 / read, write nothing")]
LinesOption = Annotated[
    bool, typer.Option("--lines", help="标准输入每行一篇 / a document a line of standard input")
]
LiveOption = Annotated[
    bool,
    typer.Option(
        "--live", help="只读实体、事件与情感，较快 / entities, events and sentiment alone, which is faster"
    ),
]
PublishedOption = Annotated[
    str | None,
    typer.Option(
        "--published", metavar="DATE", help="发布日，文件未载明时 / day of publication where none is stated"
    ),
]
WallOption = Annotated[
    list[str] | None,
    typer.Option("--compartment", help="置于信息墙之后，可重复 / behind this wall; may be repeated"),
]


def read(  # noqa: PLR0913  # one parameter an option
    source: Source,
    *,
    dry_run: DryOption = False,
    lines: LinesOption = False,
    live: LiveOption = False,
    published: PublishedOption = None,
    compartment: WallOption = None,
    as_json: JsonOption = False,
) -> None:
    """读文档 / read texts, HTML, PDF, DOCX and JSON lines: who, what happened, and into the graph."""
    from api import reads, show_reading  # noqa: PLC0415  # a command imports what it needs, to start fast
    from api.loading import options_of  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same
    from nlp.reader import FULL, LIVE  # noqa: PLC0415  # same

    settings = ApiSettings()
    walls = tuple(sorted(set(compartment or ())))
    documents = _documents(source, published, lines=lines)
    with opened(settings) as store:
        with progress("图 graph") as advance:
            projection = Projection.open(store, settings, advance)
        run = reads.Run(
            view=projection.view(clearance=frozenset(walls)),
            heads=LIVE if live else FULL,
            compartments=walls,
            store=None if dry_run else store,
            options=None if dry_run else options_of(settings),
        )
        with progress("读 reading") as advance:
            found = reads.read(documents, run, lambda done: advance("文档 documents", done))
    if as_json:
        print_json(found)
    else:
        show_reading.reads(out(), found)
    if found.unreadable:
        raise typer.Exit(DONE_WITH_REJECTS)


def _documents(source: str, published: str | None, *, lines: bool) -> Iterable[SourceDocument | Unreadable]:
    """The documents of what was named; those without a day of their own get the one given. Raises InvalidInput."""
    from ingest.documents import SourceDocument  # noqa: PLC0415  # see read

    day = date("published", published)
    for one in _found(source, lines=lines):
        if isinstance(one, SourceDocument) and one.published is None:
            yield replace(one, published=day)
        else:
            yield one


def _found(source: str, *, lines: bool) -> Iterator[SourceDocument | Unreadable]:
    from ingest.documents import read as documents  # noqa: PLC0415  # see read

    if source == "-":
        data = sys.stdin.buffer.read()
        for number, part in enumerate(data.splitlines() if lines else [data], 1):
            if part.strip() or not lines:
                yield from documents(part, f"stdin:{number}" if lines else "stdin")
        return
    path = Path(source)
    if not path.exists():
        raise InvalidInput("source", f"没有文件或文件夹 {path} / there is no file or folder {path}")
    yield from documents(path)
