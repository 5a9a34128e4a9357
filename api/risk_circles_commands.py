"""The command `guanxi risk circles`: guarantee circles, mutual pairs, long chains."""

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
    looking,
    out,
    print_json,
)
from queries.paging import Page


def circles(  # noqa: PLR0913  # one parameter an option
    *,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    chain_edges: Annotated[
        int, typer.Option(min=1, help="担保链至少几笔 / fewest guarantees of a chain")
    ] = 3,
    chains: Annotated[int, typer.Option(min=0, max=500, help="最多几条担保链 / most chains")] = 20,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """担保圈 / circles of guarantees, what they come to, what breaks them; long chains."""
    from api import show_risk_circles as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.risk_circles import guarantee_circles as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, page=Page(limit, cursor, key), chain_edges=chain_edges, most_chains=chains)
    if as_json:
        print_json(answer)
    else:
        show.circles(out(), answer)


def register(app: typer.Typer) -> None:
    """Add the command to `guanxi risk`."""
    app.command()(circles)
