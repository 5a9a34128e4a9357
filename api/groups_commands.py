"""The commands about groups: group, related, changes."""

from __future__ import annotations

import typer

from api.console import (
    AsOfOption,
    AsOption,
    CursorOption,
    JsonOption,
    KnownAtOption,
    LimitOption,
    Ref,
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


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(group)
