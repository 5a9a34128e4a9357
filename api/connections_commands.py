"""The commands about connections: paths, introductions."""

from __future__ import annotations

from typing import Annotated

import typer

from api.console import (
    AsOfOption,
    AsOption,
    JsonOption,
    KnownAtOption,
    Ref,
    looking,
    out,
    print_json,
)

Parties = Annotated[
    list[str],
    typer.Argument(metavar="A B…", help="两方至五十方 / 2 to 50 parties: id, code or unambiguous name"),
]
Hops = Annotated[int, typer.Option("--max-hops", help="最多步数 / most steps")]


def paths(  # noqa: PLR0913  # one parameter an option
    parties: Parties,
    *,
    mode: Annotated[
        str | None, typer.Option(help="shortest 最短、cheapest 最优、joining 连接 / how to connect them")
    ] = None,
    types: Annotated[
        list[str] | None,
        typer.Option("--type", help="仅此关系，可重复 / walk this edge type; may be repeated"),
    ] = None,
    ready_made: Annotated[
        str | None,
        typer.Option("--filter", help="shared_officers, shared_addresses, shared_investors"),
    ] = None,
    direction: Annotated[str, typer.Option(help="any 或 forward / any, or along edges only")] = "any",
    min_ratio: Annotated[
        float | None, typer.Option(help="持股比例下限 / holdings of this share or more, 0 to 1")
    ] = None,
    max_hops: Hops = 15,
    limit: Annotated[int, typer.Option(help="最多路径数 / most paths")] = 10,
    through_state_bodies: Annotated[
        bool,
        typer.Option("--through-state-bodies", help="允许经过国家机关 / let paths run through state bodies"),
    ] = False,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """关联路径 / how parties are connected."""
    from api import show_connections as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.paths import PathQuestion  # noqa: PLC0415  # same
    from queries.paths import paths as ask  # noqa: PLC0415  # same

    asked = PathQuestion(
        parties, mode, types or (), ready_made, direction, min_ratio, max_hops, limit, through_state_bodies
    )
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, asked)
    if as_json:
        print_json(answer)
    else:
        show.paths(out(), answer)


def introductions(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    max_hops: Hops = 6,
    limit: Annotated[int, typer.Option(help="最多路径数 / most paths, each by other staff")] = 5,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """引荐 / who of our staff can introduce us to a company's decision makers."""
    from api import show_connections as show  # noqa: PLC0415  # see paths
    from queries.introductions import introductions as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref, limit=limit, max_hops=max_hops)
    if as_json:
        print_json(answer)
    else:
        show.introductions(out(), answer)


def register(app: typer.Typer) -> None:
    """Add the commands to the command line."""
    app.command()(paths)
    app.command()(introductions)
