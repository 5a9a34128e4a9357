"""The commands about alerts: `guanxi alerts`, with `run`, `list`, `show`, `decide`."""

from __future__ import annotations

import time
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
    progress,
    viewer,
)
from api.settings import ApiSettings
from queries.paging import Page

if TYPE_CHECKING:
    from api.alert_runs import RunReport

alerts_app = typer.Typer(cls=Commands, help="预警 / clients that an event hit hard")

StateOption = Annotated[str | None, typer.Option("--state", help="new, acknowledged, dismissed, closed")]
ClientOption = Annotated[str | None, typer.Option("--client", help="仅此客户 / of this client alone")]
CoveredOption = Annotated[
    str | None,
    typer.Option(
        "--covered-by", help="仅此员工覆盖的客户 / of clients that this member of staff looks after"
    ),
]
AlertId = Annotated[str, typer.Argument(metavar="ID", help="预警编号 / id of the alert")]


def _list(  # noqa: PLR0913  # one parameter an option
    *,
    state: str | None,
    client: str | None,
    covered_by: str | None,
    page: Page,
    who: tuple[str | None, str | None, str | None],
    as_json: bool,
) -> None:
    from api import show_alerts as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.alerts import Wanted  # noqa: PLC0415  # same
    from queries.alerts import alerts as ask  # noqa: PLC0415  # same

    with looking(*who) as (view, key):
        answer = ask(view, Wanted(state, client, covered_by), page=page.signed(key))
    if as_json:
        print_json(answer)
    else:
        show.alerts(out(), answer)


@alerts_app.callback(invoke_without_command=True)
def alerts(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """预警 / clients that an event hit hard; without a command: the list."""
    if context.invoked_subcommand is None:
        _list(state=None, client=None, covered_by=None, page=Page(), who=(None, None, None), as_json=as_json)


@alerts_app.command(name="list")
def listed(  # noqa: PLR0913  # one parameter an option
    *,
    state: StateOption = None,
    client: ClientOption = None,
    covered_by: CoveredOption = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出 / alerts, the newest first."""
    _list(
        state=state,
        client=client,
        covered_by=covered_by,
        page=Page(limit, cursor),
        who=(as_name, as_of, known_at),
        as_json=as_json,
    )


@alerts_app.command()
def show(
    ref: AlertId,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """一条 / one alert, with its paths, records and history."""
    from api import show_alerts  # noqa: PLC0415  # see _list
    from queries.alerts import alert as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show_alerts.alert(out(), answer.alert)


@alerts_app.command()
def run(
    *,
    since: Annotated[
        str | None,
        typer.Option(
            metavar="DATE", help="此日起获知的事件也算新事件 / events told from this day on are new too"
        ),
    ] = None,
    every: Annotated[
        float | None,
        typer.Option(
            "--every", metavar="SECONDS", min=1, help="持续筛查，直到中断 / go on screening until interrupted"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """筛查 / raise the alerts of every event told since the last run; may be stopped and run again at any moment."""
    from api.alert_runs import Screening, screen  # noqa: PLC0415  # see _list
    from api.loading import options_of  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same
    from queries.alert_rules import event_shocks  # noqa: PLC0415  # same
    from queries.risk_channels import channels  # noqa: PLC0415  # same

    settings, first = ApiSettings(), date("since", since)
    rules, used = event_shocks(settings.event_shocks), channels(settings.risk_channels)
    with opened(settings) as store:
        with progress("读取 reading") as advance:
            projection = Projection.open(store, settings, advance)
        while True:
            by = Screening(store, projection, rules, used, options_of(settings))
            with progress("筛查 screening") as advance:
                report = screen(by, advance, first)
            _report(report, as_json=as_json)
            if every is None:
                return
            time.sleep(every)


def _report(report: RunReport, *, as_json: bool) -> None:
    if as_json:
        print_json(report)
    else:
        out().print(
            f"事件 events {report.events}  预警 alerts {report.alerts}  待补当事方 waiting {report.waiting}"
            f"  自 since {report.since}"
        )


@alerts_app.command()
def decide(
    ref: AlertId,
    state: Annotated[str, typer.Argument(metavar="STATE", help="acknowledged, dismissed, closed")],
    *,
    reason: Annotated[str | None, typer.Option("--reason", help="理由 / why")] = None,
    as_name: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """决定 / acknowledge, dismiss with a reason, or close an alert."""
    from api import show_alerts  # noqa: PLC0415  # see _list
    from api.alert_runs import decide as write  # noqa: PLC0415  # same
    from api.loading import options_of  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same
    from queries.alerts import alert as ask  # noqa: PLC0415  # same

    settings = ApiSettings()
    who = viewer(settings, as_name)
    with opened(settings) as store:
        found = ask(Projection.open(store, settings).view(clearance=who.visible), ref).alert
        done = write(store, found, (state, reason, who.name), options_of(settings))
    if as_json:
        print_json({"alert": done})
    else:
        show_alerts.alert(out(), done)
