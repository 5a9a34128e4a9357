"""The commands about opportunities: `guanxi opportunities`, with `show`, `feedback`, `assign`, `funnel`."""

from __future__ import annotations

from pathlib import Path
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
    date,
    looking,
    opened,
    out,
    print_json,
    viewer,
)
from api.settings import ApiSettings
from graph.errors import InvalidInput
from queries.paging import Page

if TYPE_CHECKING:
    from graph.view import View
    from queries.opportunities import Engine, Wanted

opportunities_app = typer.Typer(cls=Commands, help="商机 / who needs which product now, and why")

OpportunityId = Annotated[str, typer.Argument(metavar="ID", help="商机编号 / id of the opportunity")]
CompanyOption = Annotated[str | None, typer.Option("--company", help="仅此公司 / of this company alone")]
ManagerOption = Annotated[
    str | None, typer.Option("--manager", help="仅此客户经理 / of clients that this member of staff covers")
]
BranchOption = Annotated[str | None, typer.Option("--branch", help="仅此分支机构 / of the staff of a branch")]
ProductOption = Annotated[str | None, typer.Option("--product", help="仅此产品 / of this product alone")]
SourceOption = Annotated[str | None, typer.Option("--source", help="仅此来源 / that this source proposes")]
StageOption = Annotated[
    str | None, typer.Option("--stage", help="new, accepted, snoozed, dismissed, won, lost")
]
UnassignedOption = Annotated[
    bool, typer.Option("--unassigned", help="无人负责的 / that nobody covers or was given")
]


@opportunities_app.callback(invoke_without_command=True)
def opportunities(  # noqa: PLR0913  # one parameter an option
    context: typer.Context,
    *,
    company: CompanyOption = None,
    manager: ManagerOption = None,
    branch: BranchOption = None,
    product: ProductOption = None,
    source: SourceOption = None,
    stage: StageOption = None,
    unassigned: UnassignedOption = False,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    export: Annotated[
        Path | None,
        typer.Option(
            "--export", metavar="FILE", help="全部写入 .csv 或 .xlsx 文件 / write all of them to a file"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """商机 / who needs which product now, best first."""
    if context.invoked_subcommand is not None:
        return
    from api import show_opportunities as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from api.opportunity_runs import Engines  # noqa: PLC0415  # same
    from queries.opportunities import Wanted  # noqa: PLC0415  # same
    from queries.opportunities import opportunities as ask  # noqa: PLC0415  # same

    by = Engines(ApiSettings()).current()
    wanted = Wanted(company, manager, branch, product, source, stage, unassigned)
    with looking(as_name, as_of, known_at) as (view, key):
        if export is not None:
            _export(view, (wanted, by), export, as_json=as_json)
            return
        answer = ask(view, wanted, by=by, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.opportunities(out(), answer)


def _export(view: View, asked: tuple[Wanted, Engine], path: Path, *, as_json: bool) -> None:
    from api.opportunity_files import form_of, written  # noqa: PLC0415  # see opportunities
    from queries.opportunity_export import sheet  # noqa: PLC0415  # same

    form = form_of(path)
    wanted, by = asked
    found = sheet(view, wanted, by=by)
    try:
        path.write_bytes(written(found, form))
    except OSError as error:
        raise InvalidInput("export", f"无法写入 {path} / cannot write {path}: {error.strerror}") from error
    if as_json:
        print_json({"file": str(path), "lines": found.total})
    else:
        out().print(f"{path}: {found.total:,} 条 lines", markup=False)


@opportunities_app.command()
def funnel(  # noqa: PLR0913  # one parameter an option
    *,
    company: CompanyOption = None,
    manager: ManagerOption = None,
    branch: BranchOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """漏斗 / how many stand in which stage, by source, product, branch, manager."""
    from api import show_opportunities  # noqa: PLC0415  # see opportunities
    from api.opportunity_runs import Engines  # noqa: PLC0415  # same
    from queries.opportunities import Wanted  # noqa: PLC0415  # same
    from queries.opportunity_funnel import funnel as ask  # noqa: PLC0415  # same

    by = Engines(ApiSettings()).current()
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, Wanted(company, manager, branch), by=by)
    if as_json:
        print_json(answer)
    else:
        show_opportunities.funnel(out(), answer)


@opportunities_app.command()
def show(
    ref: OpportunityId,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """一条 / one opportunity, with its evidence, score, introducer and history."""
    from api import show_opportunities  # noqa: PLC0415  # see opportunities
    from api.opportunity_runs import Engines  # noqa: PLC0415  # same
    from queries.opportunities import opportunity as ask  # noqa: PLC0415  # same

    by = Engines(ApiSettings()).current()
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref, by=by)
    if as_json:
        print_json(answer)
    else:
        show_opportunities.opportunity(out(), answer.opportunity)


@opportunities_app.command()
def feedback(  # noqa: PLR0913  # one parameter an option
    ref: OpportunityId,
    state: Annotated[str, typer.Argument(metavar="STATE", help="accepted, snoozed, dismissed, won, lost")],
    *,
    reason: Annotated[str | None, typer.Option("--reason", help="理由 / why")] = None,
    until: Annotated[
        str | None, typer.Option("--until", metavar="DATE", help="暂缓至 / put off until")
    ] = None,
    amount: Annotated[float | None, typer.Option("--amount", min=0, help="金额（元） / yuan")] = None,
    as_name: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """反馈 / accept, snooze, dismiss with a reason, won or lost."""
    from api.loading import options_of  # noqa: PLC0415  # see opportunities
    from api.opportunity_runs import Desk, Engines  # noqa: PLC0415  # same
    from api.opportunity_runs import feedback as write  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same

    settings = ApiSettings()
    who, said = viewer(settings, as_name), (state, reason, date("until", until), amount)
    by = Engines(settings).current()
    with opened(settings) as store:
        view = Projection.open(store, settings).view(clearance=who.visible)
        done = write(Desk(store, view, by, who.name, options_of(settings)), ref, said)
    _done(done, as_json=as_json)


@opportunities_app.command()
def assign(
    ref: OpportunityId,
    to: Annotated[str, typer.Argument(metavar="STAFF", help="员工编号或名称 / member of staff, id or name")],
    *,
    as_name: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """指派 / give an opportunity to a member of staff."""
    from api.loading import options_of  # noqa: PLC0415  # see opportunities
    from api.opportunity_runs import Desk, Engines  # noqa: PLC0415  # same
    from api.opportunity_runs import assign as write  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same

    settings = ApiSettings()
    who, by = viewer(settings, as_name), Engines(settings).current()
    with opened(settings) as store:
        view = Projection.open(store, settings).view(clearance=who.visible)
        done = write(Desk(store, view, by, who.name, options_of(settings)), ref, to)
    _done(done, as_json=as_json)


def _done(done: object, *, as_json: bool) -> None:
    from api import show_opportunities  # noqa: PLC0415  # see opportunities
    from queries.opportunity_answer import One, Opportunity  # noqa: PLC0415  # same

    assert isinstance(done, Opportunity)  # noqa: S101  # narrows the type; imported late
    if as_json:
        print_json(One(opportunity=done))
    else:
        show_opportunities.opportunity(out(), done)
