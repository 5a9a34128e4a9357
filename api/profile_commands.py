"""The commands about a company's figures and standing: `indicators`, `life-cycle`, `tags`, `tiers`, `rules`."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer
from pydantic import TypeAdapter, ValidationError

from api.console import (
    AsOfOption,
    AsOption,
    JsonOption,
    KnownAtOption,
    looking,
    opened,
    out,
    print_json,
    progress,
)
from api.settings import ApiSettings
from graph.errors import DataError, InvalidInput

if TYPE_CHECKING:
    from queries.rule_sets import Band

Ref = Annotated[str, typer.Argument(metavar="ID", help="编号、代码或唯一名称 / id, code or unambiguous name")]
Who = tuple[str | None, str | None, str | None]
"""`--as`, `--as-of`, `--known-at`."""
Everybody = Annotated[
    bool, typer.Option("--all", help="全部公司，而非仅客户 / all companies, not clients alone")
]


def indicators(
    ref: Ref,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """指标 / growth, leverage, pledges, concentration and dealings of a company, with trend."""
    from api import show_indicators  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.indicators import indicators as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show_indicators.indicators(out(), answer)


def life_cycle(
    ref: Ref,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """生命周期 / the stage of a company's life, by its cash flows."""
    from api import show_indicators  # noqa: PLC0415  # see indicators
    from queries.life_cycle import life_cycle as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show_indicators.life_cycle(out(), answer)


def tags(  # noqa: PLR0913  # one parameter an option
    ref: Annotated[
        str, typer.Argument(metavar="ID|run|dry-run", help="公司 / a company; or `run`, `dry-run`")
    ],
    file: Annotated[
        Path | None,
        typer.Argument(metavar="[FILE]", help="试运行的规则文件 / the changed rule file of a dry run"),
    ] = None,
    *,
    name: Annotated[
        str, typer.Option("--set", help="试运行所替换的规则集 / the rule set that it would replace")
    ] = "tags",
    bands: Annotated[
        str | None, typer.Option("--bands", metavar="JSON", help="试运行另用分层界线 / other bands of a tier")
    ] = None,
    everybody: Everybody = False,
    compartments: Annotated[
        str,
        typer.Option(
            "--compartments", metavar="A,B", help="在此隔离墙内运行 / run within these compartments"
        ),
    ] = "",
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """标签 / tags of a company with evidence; `run` writes what rules conclude; `dry-run FILE`: what would change."""
    who = (as_name, as_of, known_at)
    if ref == "run":
        _run(everybody=everybody, compartments=compartments, as_json=as_json)
    elif ref == "dry-run":
        _dry_run(file, (name, bands), who, everybody=everybody, as_json=as_json)
    else:
        _tags(ref, who, as_json=as_json)


def _tags(ref: str, who: Who, *, as_json: bool) -> None:
    from api import show_tags  # noqa: PLC0415  # see indicators
    from queries.rule_sets import rules_of  # noqa: PLC0415  # same
    from queries.tags import tags as ask  # noqa: PLC0415  # same

    rules = rules_of(ApiSettings().rules_dir)
    with looking(*who) as (view, _):
        answer = ask(view, ref, rules)
    if as_json:
        print_json(answer)
    else:
        show_tags.tags(out(), answer)


def _run(*, everybody: bool, compartments: str, as_json: bool) -> None:
    from api.loading import options_of  # noqa: PLC0415  # see indicators
    from api.profile_runs import Running, run  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same
    from queries.rule_sets import rules_of  # noqa: PLC0415  # same

    settings = ApiSettings()
    rules = rules_of(settings.rules_dir)
    walls = tuple(sorted({name.strip() for name in compartments.split(",") if name.strip()}))
    with opened(settings) as store:
        with progress("读取 reading") as advance:
            projection = Projection.open(store, settings, advance)
        by = Running(store, projection, rules, options_of(settings), walls, everybody)
        with progress("写入 writing") as advance:
            report = run(by, advance)
    if as_json:
        print_json(report)
        return
    out().print(
        f"公司 companies {report.companies:,}  新标签 tags begun {report.tags_begun:,}"
        f"  结束 ended {report.tags_ended:,}  分层变动 tiers moved {report.tiers_moved:,}"
    )


def tiers(
    ref: Ref,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """客户分层 / the tier of a client, the parts of its score, and its moves."""
    from api import show_tags  # noqa: PLC0415  # see indicators
    from queries.client_tiers import client_tiers as ask  # noqa: PLC0415  # same
    from queries.rule_sets import rules_of  # noqa: PLC0415  # same

    rules = rules_of(ApiSettings().rules_dir)
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref, rules)
    if as_json:
        print_json(answer)
    else:
        show_tags.tiers(out(), answer)


def rules(*, as_json: JsonOption = False) -> None:
    """规则 / the rule sets in force, and what is wrong with their files."""
    from api import show_tags  # noqa: PLC0415  # see indicators
    from queries.rule_changes import rule_sets  # noqa: PLC0415  # same
    from queries.rule_sets import RuleBook  # noqa: PLC0415  # same

    listed = rule_sets(RuleBook(ApiSettings().rules_dir))
    if as_json:
        print_json(listed)
    else:
        show_tags.rules(out(), listed)


def _dry_run(
    file: Path | None, of: tuple[str, str | None], who: Who, *, everybody: bool, as_json: bool
) -> None:
    from api import show_tags  # noqa: PLC0415  # see indicators
    from queries.rule_changes import dry_run  # noqa: PLC0415  # same
    from queries.rule_sets import changed, rules_of  # noqa: PLC0415  # same

    if file is None:
        raise InvalidInput(
            "file", "请给出改动后的规则文件 / name the changed rule file", hint="guanxi tags dry-run FILE"
        )
    name, bands = of
    now = rules_of(ApiSettings().rules_dir).named(name)
    then = changed(now, _text(file), file.name, _bands(bands))
    with looking(*who) as (view, _):
        found = dry_run(view, now, then, everybody=everybody)
    if as_json:
        print_json(found)
    else:
        show_tags.dry_run(out(), found)


def _text(file: Path) -> str:
    try:
        return file.read_text(encoding="utf-8")
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{file}: {error}", hint="给出规则文件 / name a rule file") from error


def _bands(text: str | None) -> tuple[Band, ...] | None:
    if text is None:
        return None
    from queries.rule_sets import Band  # noqa: PLC0415  # see indicators

    try:
        return TypeAdapter(tuple[Band, ...]).validate_python(json.loads(text))
    except (json.JSONDecodeError, ValidationError) as error:
        raise InvalidInput(
            "bands", str(error), hint='[{"tier": "A", "enter": 70, "keep": 62, …}, …]'
        ) from error


def register(app: typer.Typer) -> None:
    """Add the commands."""
    app.command()(indicators)
    app.command(name="life-cycle")(life_cycle)
    app.command()(tags)
    app.command()(tiers)
    app.command()(rules)
