"""The command `guanxi risk backtest`: replays demo worlds, a world's folder, or events that the reader brings."""

from __future__ import annotations

import datetime as dt
import tempfile
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final, NamedTuple

import typer
from rich.table import Table

from api import console
from api.console import JsonOption, date, opened, out, print_json
from api.risk_commands import parameters
from api.settings import ApiSettings
from graph.errors import InvalidInput

if TYPE_CHECKING:
    from queries.risk_backtest import BacktestRow, Plan, Replay
    from queries.risk_models import Model

    Days = Sequence[dt.date]

_READ: Final = (
    "Company", "Person", "Security", "Industry", "FinancialReport", "Guarantee", "Pledge", "ConcertAgreement", "Event",
    "HOLDS", "OFFICER_OF", "CONTROLS", "LENDS_TO", "SUPPLIES", "ISSUED", "IN_INDUSTRY",
)  # fmt: skip
"""The types of a world that the network of exposures, and what it is compared with, are made of."""

_FIRST: Final = dt.date(2022, 1, 1)
"""The demo world's guarantees, loans and supplies begin from 2019 on: earlier there are few."""
_MODELS: Final = ("linear", "original", "clearing", "cascade")
_EVENT_KINDS: Final = ("default",)
_SHOWN: Final = ("auc", "auc_over_best_baseline", "precision@10", "brier_skill", "reliability_slope")


def backtest(  # noqa: PLR0913  # one parameter an option
    *,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="已写出的虚构世界 / a demo world that is written already"),
    ] = None,
    events: Annotated[
        Path | None,
        typer.Option(
            metavar="CSV", help="自带事件 party,date,kind，对已载入的图 / events for the graph loaded"
        ),
    ] = None,
    process: Annotated[
        list[str] | None,
        typer.Option(help="隐藏过程，可重复；默认全部 / hidden process; repeatable; default: all"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="每个过程的世界数 / worlds for each process")] = 10,
    companies: Annotated[int, typer.Option(help="每个世界的公司数 / companies a world")] = 1500,
    model: Annotated[
        list[str] | None, typer.Option(help="模型，可重复；默认全部 / model; repeatable; default: all")
    ] = None,
    kind: Annotated[
        list[str] | None,
        typer.Option(
            help="事件类型，可重复；默认违约，CSV 默认全部 / kind of event; default: default, of a CSV all"
        ),
    ] = None,
    window: Annotated[int, typer.Option(min=1, help="前后窗口天数 / days before and after a day")] = 180,
    first: Annotated[str | None, typer.Option(metavar="DATE", help="首日 / first day")] = None,
    last: Annotated[str | None, typer.Option(metavar="DATE", help="末日 / last day")] = None,
    ablation: Annotated[bool, typer.Option(help="逐一去掉渠道 / leave out each channel in turn")] = True,
    hindsight: Annotated[
        bool,
        typer.Option("--hindsight", help="CSV：以今日所知看过去 / CSV: past days from what is known now"),
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """回测 / what the models said on past days against what followed, beside simple baselines."""
    from queries import risk_backtest as asked  # noqa: PLC0415  # a command imports what it needs, to start fast

    if world and events:
        raise InvalidInput("events", "--world 与 --events 只能选一个 / give --world or --events, not both")
    span = _Span(date("first", first), date("last", last), window)
    kinds = tuple(kind or _EVENT_KINDS)
    plan = asked.Plan((), parameters(), _models(model), window, ablation)
    if events:
        rows = asked.rows([_brought(events, kind, span, plan, hindsight=hindsight)])
    elif world:
        rows = asked.rows([_world(world, kinds, span, plan)], _process(world))
    else:
        rows = _worlds(process, _Worlds(seeds, companies), kinds, span, plan)
    if as_json:
        print_json({"rows": [row.model_dump(mode="json") for row in rows]})
    else:
        _show(rows)


def register(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command()(backtest)


class _Span(NamedTuple):
    """The days asked for, and the window."""

    first: dt.date | None
    last: dt.date | None
    window: int

    def quarters(self, first: dt.date, last: dt.date) -> Days:
        """First days of quarters whose window is over by the last day."""
        from queries.risk_backtest import quarter_days  # noqa: PLC0415  # see backtest

        window = dt.timedelta(days=self.window)
        days = quarter_days(self.first or first, min(self.last or last - window, last - window))
        if not days:
            raise InvalidInput(
                "first", "其间没有可回测的季度首日 / no quarter begins in time for its window to end"
            )
        return days


def _models(names: list[str] | None) -> tuple[Model, ...]:
    from queries.risk_models import MODELS  # noqa: PLC0415  # see backtest

    for name in names or ():
        if name not in _MODELS:
            raise InvalidInput(
                "model", f"没有模型 {name} / no model {name!r}", hint=f"one of {', '.join(_MODELS)}"
            )
    return tuple(model for model in MODELS if model in (names or _MODELS))


# --- demo worlds -----------------------------------------------------------------------------------------------------


def _worlds(
    processes: Sequence[str] | None, worlds: _Worlds, kinds: Sequence[str], span: _Span, plan: Plan
) -> list[BacktestRow]:
    """Worlds of seed 1 and on, made in a folder that goes away."""
    from ingest.world import contagion, write_world  # noqa: PLC0415  # see backtest
    from queries.risk_backtest import rows  # noqa: PLC0415  # same

    found = []
    chosen = [contagion.check(name) for name in processes or contagion.PROCESSES]
    with console.progress("回测 replaying") as advance:
        for process in chosen:
            replays = []
            for seed in range(1, worlds.seeds + 1):
                with tempfile.TemporaryDirectory() as folder:
                    write_world(Path(folder), worlds.companies, seed, process=process)
                    replays.append(_world(Path(folder), kinds, span, plan))
                advance(process, seed)
            found += rows(replays, process)
    return found


class _Worlds(NamedTuple):
    """How many worlds of a process, and how large."""

    seeds: int
    companies: int


def _process(folder: Path) -> str | None:
    """The hidden process of a world; None where it has none."""
    from ingest.world import read_truth  # noqa: PLC0415  # see backtest

    name: str | None = read_truth(folder).get("process", {}).get("name")
    return name


def _world(folder: Path, kinds: Sequence[str], span: _Span, plan: Plan) -> Replay:
    """Replay one world from its files, as the public sees it."""
    from graph.projection import Projection  # noqa: PLC0415  # see backtest
    from ingest.world import read_truth  # noqa: PLC0415  # same
    from ingest.world.tables import tables_of  # noqa: PLC0415  # same
    from queries.risk_backtest import happened, replay  # noqa: PLC0415  # same

    today = dt.date.fromisoformat(read_truth(folder)["as_of"])
    projection = Projection.of(tables_of(folder, _READ))
    truth = happened(projection.view(None, today, today), kinds)
    days = span.quarters(_FIRST, today)
    return replay(
        lambda day: projection.view(None, day, day),
        lambda view: happened(view, kinds),
        truth,
        replace(plan, days=days),
    )


# --- events that the reader brings -----------------------------------------------------------------------------------


def _brought(file: Path, kinds: Sequence[str] | None, span: _Span, plan: Plan, *, hindsight: bool) -> Replay:
    """Replay a file's events on the graph loaded; each is taken to be known on its day."""
    from graph.projection import Projection  # noqa: PLC0415  # see backtest
    from queries.risk_backtest import read_events, replay, unknown  # noqa: PLC0415  # same

    events = [event for event in read_events(file) if not kinds or event.kind in kinds]
    if not events:
        raise InvalidInput("events", f"{file}：没有此类事件 / {file}: no events of these kinds")
    settings = ApiSettings()
    with opened(settings) as store, console.progress("读取 reading") as advance:
        projection = Projection.open(store, settings, advance)
        if nobody := unknown(projection.view(), events):
            console.err().print(
                f"图中没有 not in the graph: {len(nobody)} ({', '.join(nobody[:5])} …)", markup=False
            )
        dates = [event.date for event in events]
        days = span.quarters(min(dates) + dt.timedelta(days=1), max(dates))
        return replay(
            lambda day: projection.view(None, day, None if hindsight else day),
            lambda view: [event for event in events if event.date <= view.as_of],
            events,
            replace(plan, days=days),
        )


# --- for people ------------------------------------------------------------------------------------------------------


def _show(rows: Sequence[BacktestRow]) -> None:
    """A line a score, without those that leave a channel out, and for those the change of AUC alone."""
    table = Table(
        "过程 process", "模型 model", "去掉 left out", "指标 metric", "值 value", "95 %", "对照 against"
    )
    for row in rows:
        if row.metric in (_SHOWN if row.channel_left_out is None else ("auc_change",)):
            table.add_row(
                row.process or "—",
                f"{row.model} (基准 baseline)" if row.is_baseline else row.model,
                row.channel_left_out or "",
                row.metric,
                _number(row.value),
                f"{_number(row.low)} … {_number(row.high)}",
                row.against or "",
            )
    out().print(table)


def _number(value: float | None) -> str:
    return "—" if value is None else f"{value:.3f}"
