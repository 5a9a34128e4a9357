"""The commands about groups: group, related, changes."""

from __future__ import annotations

from typing import Annotated

import typer

from api.console import (
    AsOfOption,
    AsOption,
    CursorOption,
    JsonOption,
    KnownAtOption,
    LimitOption,
    Ref,
    date,
    looking,
    out,
    print_json,
)


def group(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """集团 / the companies under one ultimate controller, and what we do with them."""
    from api import show_groups as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.group import group as ask  # noqa: PLC0415  # same
    from queries.paging import Page  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.group(out(), answer)


def related(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    regime: Annotated[
        str,
        typer.Option(help="sse 交易所上市规则、cas36 会计准则第36号 / listing rules, accounting standard 36"),
    ],
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """关联方 / who is related to a company under a regime, and by which clause."""
    from api import show_groups as show  # noqa: PLC0415  # see group
    from queries.paging import Page  # noqa: PLC0415  # same
    from queries.related import related as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, regime=regime, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.related(out(), answer)


def changes(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    first: Annotated[str, typer.Option("--from", metavar="DATE", help="前一日 / the first day")],
    last: Annotated[
        str | None,
        typer.Option("--to", metavar="DATE", help="后一日；默认今天 / the second day; default: today"),
    ] = None,
    section: Annotated[str | None, typer.Option(help="仅此部分 / one list alone")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """变化 / what changed at a company between two days."""
    from api import show_groups as show  # noqa: PLC0415  # see group
    from queries.changes import changes as ask  # noqa: PLC0415  # same
    from queries.changes import on_day  # noqa: PLC0415  # same
    from queries.paging import Page  # noqa: PLC0415  # same

    date("to", last)  # named as it was typed, before the graph is opened
    day = date("from", first)
    assert day is not None  # noqa: S101  # the option is required
    with looking(as_name, last, known_at) as (after, key):
        answer = ask(on_day(after, day), after, ref, section=section, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.changes(out(), answer)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(group)
    app.command()(related)
    app.command()(changes)
