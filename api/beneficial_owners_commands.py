"""The command about beneficial owners."""

from __future__ import annotations

from typing import Annotated

import typer

from api.console import AsOfOption, AsOption, JsonOption, KnownAtOption, Ref, looking, out, print_json


def beneficial_owners(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    regime: Annotated[
        str, typer.Option(help="cn 令〔2024〕第3号、eu / the law to apply: cn, eu (Regulation 2024/1624)")
    ] = "cn",
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """受益所有人 / its beneficial owners under a named regime."""
    from api import show_beneficial_owners as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.beneficial_owners import beneficial_owners as ask  # noqa: PLC0415  # same
    from queries.regimes import regime as declared  # noqa: PLC0415  # same

    applied = declared(regime)
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref, applied)
    if as_json:
        print_json(answer)
    else:
        show.beneficial_owners(out(), answer)


def register(app: typer.Typer) -> None:
    """Add the command to the command line."""
    app.command()(beneficial_owners)
