"""The command `guanxi opportunities backtest`: replays demo worlds whose clients take products by a hidden process."""

from __future__ import annotations

import datetime as dt
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Final

import typer

from api import console, terminal
from api.console import JsonOption, out, print_json

if TYPE_CHECKING:
    from queries.opportunities import Engine
    from queries.opportunity_backtest import BacktestRow, Plan, Replay

_READ: Final = (
    "Company", "Person", "Industry", "Concept", "Product", "Branch", "Employee", "Contact", "Event", "Deal", "Security",
    "FinancialReport", "ConcertAgreement", "Pledge", "Limit", "HOLDS", "OFFICER_OF", "CONTROLS", "SUPPLIES", "ISSUED",
    "IN_INDUSTRY", "HAS_CONCEPT", "COVERS", "KNOWS", "OWNS_PRODUCT",
)  # fmt: skip
"""The types of a world that the sources read."""
_SHOWN: Final = ("hit_rate@10", "recall@10", "lift_over_popularity")


def backtest(  # noqa: PLR0913  # one parameter an option
    *,
    world: Annotated[
        Path | None,
        typer.Option(metavar="FOLDER", help="已写出的虚构世界 / a demo world that is written already"),
    ] = None,
    needs: Annotated[
        list[str] | None,
        typer.Option(help="隐藏过程，可重复；默认全部 / hidden process; repeatable; default: all"),
    ] = None,
    seeds: Annotated[int, typer.Option(min=1, help="每个过程的世界数 / worlds for each process")] = 10,
    companies: Annotated[int, typer.Option(help="每个世界的公司数 / companies a world")] = 4000,
    days: Annotated[int, typer.Option(min=1, help="回测日数 / days, half a year apart")] = 3,
    leave_out: Annotated[bool, typer.Option(help="逐一隐去产品 / leave out each product in turn")] = True,
    as_json: JsonOption = False,
) -> None:
    """回测 / what the engine ranked first on past days against what clients took, beside simple baselines."""
    from queries.opportunity_backtest import rows  # noqa: PLC0415  # a command imports what it needs, to start fast

    if world:
        found = rows([_replay(world, days, leave_out=leave_out)], _hidden(world))
    else:
        found = _worlds(needs, (seeds, companies, days), leave_out=leave_out)
    if as_json:
        print_json({"rows": [row.model_dump(mode="json") for row in found]})
    else:
        _show(found)


def register(app: typer.Typer) -> None:
    """Add the command to a program."""
    app.command()(backtest)


def _worlds(names: list[str] | None, size: tuple[int, int, int], *, leave_out: bool) -> list[BacktestRow]:
    """Worlds of seed 1 and on, made in a folder that goes away."""
    from ingest.world import needs, write_world  # noqa: PLC0415  # see backtest
    from queries.opportunity_backtest import rows  # noqa: PLC0415  # same

    seeds, companies, days = size
    found = []
    chosen = [needs.check(name) for name in names or needs.NEEDS]
    with console.progress("回测 replaying") as advance:
        for name in chosen:
            replays = []
            for seed in range(1, seeds + 1):
                with tempfile.TemporaryDirectory() as folder:
                    write_world(Path(folder), companies, seed, needs=name)
                    replays.append(_replay(Path(folder), days, leave_out=leave_out))
                advance(name, seed)
            found += rows(replays, name)
    return found


def _hidden(folder: Path) -> str | None:
    """The hidden process of a world; None where it has none."""
    from ingest.world import read_truth  # noqa: PLC0415  # see backtest

    name: str | None = read_truth(folder).get("needs", {}).get("name")
    return name


def _engine() -> Engine:
    """The engine with all sources, those included that are off by default: the back-test is where they earn it."""
    from queries.catalogue import catalogue  # noqa: PLC0415  # see backtest
    from queries.opportunities import Engine, sources_of  # noqa: PLC0415  # same
    from queries.opportunity_rules import opportunity_rules  # noqa: PLC0415  # same

    rules = opportunity_rules()
    return Engine(catalogue(), rules, [make() for make in sources_of(rules).values()])


def _plan(today: dt.date, days: int, *, leave_out: bool) -> Plan:
    from queries.opportunity_backtest import WINDOW, Plan  # noqa: PLC0415  # see backtest

    window = dt.timedelta(days=WINDOW)
    return Plan([today - step * window for step in range(1, days + 1)], leave_out=leave_out)


def _replay(folder: Path, days: int, *, leave_out: bool) -> Replay:
    """Replay one world from its files, as the public sees it."""
    from graph.projection import Projection  # noqa: PLC0415  # see backtest
    from ingest.world import read_truth  # noqa: PLC0415  # same
    from ingest.world.tables import tables_of  # noqa: PLC0415  # same
    from queries.opportunity_backtest import replay  # noqa: PLC0415  # same

    today = dt.date.fromisoformat(read_truth(folder)["as_of"])
    projection = Projection.of(tables_of(folder, _READ))
    return replay(
        lambda day: projection.view(None, day, day), _engine(), _plan(today, days, leave_out=leave_out)
    )


# --- shown -----------------------------------------------------------------------------------------------------------


def _show(found: list[BacktestRow]) -> None:
    table = terminal.table("过程 needs", "模型 model", *_SHOWN)
    for needs in dict.fromkeys(row.needs for row in found):
        for model in dict.fromkeys(row.model for row in found if row.needs == needs):
            cells = [_cell(found, (needs, model, metric)) for metric in _SHOWN]
            table.add_row(needs or "", model, *cells)
    out().print(table)


def _cell(found: list[BacktestRow], key: tuple[str | None, str, str]) -> str:
    for row in found:
        if (row.needs, row.model, row.metric) == key and row.product is None and row.value is not None:
            if row.low is None or row.high is None:
                return f"{row.value:.3f}"
            return f"{row.value:.3f} [{row.low:.3f}, {row.high:.3f}]"
    return ""
