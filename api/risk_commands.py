"""The commands about risk: `guanxi risk shock`, `threats`, `book`, `ranking`, `limits`."""

from __future__ import annotations

from typing import TYPE_CHECKING, Annotated

import typer

from api.console import (
    AsOfOption,
    AsOption,
    Commands,
    CursorOption,
    JsonOption,
    KnownAtOption,
    LimitOption,
    Ref,
    looking,
    out,
    print_json,
    progress,
)
from api.settings import ApiSettings
from graph.errors import InvalidInput
from queries.paging import Page

if TYPE_CHECKING:
    from queries.risk import Question, Shocked
    from queries.risk_channels import Channels

risk_app = typer.Typer(cls=Commands, help="风险传导 / where a shock travels", no_args_is_help=True)

Refs = Annotated[
    list[str], typer.Argument(metavar="ID…", help="受冲击的公司或个人 / who is hit: ids, codes or names")
]
DefaultOption = Annotated[bool, typer.Option("--default", help="违约，即冲击 1 / they default: a shock of 1")]
SizeOption = Annotated[float | None, typer.Option("--size", help="冲击大小，0 到 1 / the shock, from 0 to 1")]
ModelOption = Annotated[str, typer.Option("--model", help="linear, original, clearing, cascade, pagerank")]
WithoutOption = Annotated[
    list[str] | None,
    typer.Option("--without", help="不计此渠道，可重复 / leave out a channel; may be repeated"),
]
SeedOption = Annotated[int, typer.Option("--seed", min=0, help="cascade 的随机种子 / seed of a cascade")]
RunsOption = Annotated[
    int, typer.Option("--runs", min=1, max=100_000, help="cascade 的次数 / runs of a cascade")
]


def parameters() -> Channels:
    """The channels under the firm's settings."""
    from queries.risk_channels import channels  # noqa: PLC0415  # a command imports what it needs, to start fast

    return channels(ApiSettings().risk_channels)


def shocked(refs: list[str], *, default: bool, size: float | None) -> list[Shocked]:
    """Who is hit by how much. Raises InvalidInput where both a default and another size are asked for."""
    from queries.risk import DEFAULT_SHOCK, Shocked  # noqa: PLC0415  # see parameters

    if default and size is not None:
        raise InvalidInput("size", "--default 与 --size 只能选一个 / give --default or --size, not both")
    return [Shocked(ref, DEFAULT_SHOCK if size is None else size) for ref in refs]


def question(model: str, without: list[str] | None, seed: int, runs: int) -> Question:
    """What is asked. Raises InvalidInput for an unknown model."""
    from queries.risk import Question, model_named  # noqa: PLC0415  # see parameters
    from queries.risk_models import Sampling  # noqa: PLC0415  # same

    return Question(model_named(model), tuple(without or ()), Sampling(seed, runs))


@risk_app.command()
def shock(  # noqa: PLR0913  # one parameter an option
    refs: Refs,
    *,
    default: DefaultOption = False,
    size: SizeOption = None,
    model: ModelOption = "linear",
    without: WithoutOption = None,
    seed: SeedOption = 0,
    runs: RunsOption = 1000,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """冲击传导 / where a shock travels, through what, and what the firm has at risk there."""
    from api import show_risk as show  # noqa: PLC0415  # see parameters
    from queries.risk import shock as ask  # noqa: PLC0415  # same

    hit, asked, used = (
        shocked(refs, default=default, size=size),
        question(model, without, seed, runs),
        parameters(),
    )
    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, hit, asked, parameters=used, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.propagation(out(), answer)


@risk_app.command()
def threats(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    limit: Annotated[int, typer.Option("--limit", min=1, max=50, help="最多几个 / most parties")] = 10,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """风险来源 / whose default would hurt a party most."""
    from api import show_risk as show  # noqa: PLC0415  # see parameters
    from queries.risk_backward import threats as ask  # noqa: PLC0415  # same

    used = parameters()
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref, limit=limit, parameters=used)
    if as_json:
        print_json(answer)
    else:
        show.threats(out(), answer)


@risk_app.command()
def book(  # noqa: PLR0913  # one parameter an option
    refs: Annotated[
        list[str] | None,
        typer.Argument(metavar="[ID…]", help="受冲击方，可不填 / who is hit, if anybody"),
    ] = None,
    *,
    default: DefaultOption = False,
    size: SizeOption = None,
    model: ModelOption = "linear",
    without: WithoutOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """本公司敞口 / what the firm has at risk, by client, group, industry and product."""
    from api import show_risk as show  # noqa: PLC0415  # see parameters
    from queries.risk_book import book as ask  # noqa: PLC0415  # same

    hit, used = shocked(refs or [], default=default, size=size), parameters()
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, hit, question(model, without, 0, 1000), parameters=used)
    if as_json:
        print_json(answer)
    else:
        show.book(out(), answer)


@risk_app.command()
def ranking(
    *,
    limit: LimitOption = 20,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """系统重要性 / the clients whose default would do most harm."""
    from api import show_risk as show  # noqa: PLC0415  # see parameters
    from queries.risk_book import ranking as ask  # noqa: PLC0415  # same

    used = parameters()
    with looking(as_name, as_of, known_at) as (view, _), progress("计算 running") as advance:
        answer = ask(view, limit=limit, parameters=used, progress=lambda done: advance("客户 clients", done))
    if as_json:
        print_json(answer)
    else:
        show.ranking(out(), answer)


@risk_app.command()
def limits(  # noqa: PLR0913  # one parameter an option
    *,
    rules: Annotated[str, typer.Option(help="限额规则 / whose rules: broker, bank")] = "broker",
    limit: LimitOption = 50,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """集中度限额 / exposures to clients and groups against limits."""
    from api import show_risk as show  # noqa: PLC0415  # see parameters
    from queries import risk_limits as limiting  # noqa: PLC0415  # same

    settings = ApiSettings()
    rule_book = limiting.rules(rules, settings.risk_limits)
    with looking(as_name, as_of, known_at) as (view, _):
        answer = limiting.limits(view, rule_book, limiting.Capital.of(settings), limit=limit)
    if as_json:
        print_json(answer)
    else:
        show.limits(out(), answer)
