"""The commands about ownership and control: owners, holdings, controllers."""

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
    looking,
    out,
    print_json,
)
from queries.paging import Page


def owners(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    section: Annotated[
        str | None, typer.Option(help="仅此部分，可翻页 / one list alone: terminals, intermediates, direct")
    ] = None,
    limit: LimitOption = 500,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """股东穿透 / who owns a company, through all layers and loops."""
    from api import show_ownership as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.owners import owners as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, section=section, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.owners(out(), answer)


def holdings(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """对外投资穿透 / what a company or person owns, through all layers and loops."""
    from api import show_ownership as show  # noqa: PLC0415  # see owners
    from queries.owners import holdings as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.holdings(out(), answer)


def controllers(
    ref: Ref,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """实际控制人 / who controls a company, as disclosed and as computed."""
    from api import show_ownership as show  # noqa: PLC0415  # see owners
    from queries.controllers import controllers as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show.controllers(out(), answer)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(owners)
    app.command()(holdings)
    app.command()(controllers)
