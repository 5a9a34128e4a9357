"""The commands about what-if: `guanxi risk scenario FILE`, `save`, `list`, `compare`."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from api.console import (
    AsOfOption,
    AsOption,
    Commands,
    CursorOption,
    JsonOption,
    KnownAtOption,
    LimitOption,
    looking,
    out,
    print_json,
    viewer,
)
from api.risk_commands import ModelOption, RunsOption, SeedOption, WithoutOption, parameters, question
from api.settings import ApiSettings
from queries.paging import Page

if TYPE_CHECKING:
    from queries.scenario_changes import Scenario


class _FileFirst(Commands):
    """A group whose first word may be a file: then the scenario in it is run."""

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:
        """Read the command line; what names no command is what `run` takes."""
        if args and args[0] not in self.commands and args[0] not in ctx.help_option_names:
            args = ["run", *args]
        return super().parse_args(ctx, args)


scenario_app = typer.Typer(cls=_FileFirst, help="情景分析 / what if", no_args_is_help=True)

_SOURCE = "情景文件（YAML、JSON）或已存名称 / a scenario file, or the name of a saved one"
FileOption = Annotated[str, typer.Argument(metavar="FILE", help=_SOURCE)]


def _scenario(settings: ApiSettings, as_name: str | None, source: str) -> Scenario:
    """The scenario in a file, or the saved one of that name; `owner/name` names another's."""
    from api.scenario_files import ScenarioFiles  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.scenario_changes import read_scenario  # noqa: PLC0415  # same

    path = Path(source)
    if path.suffix in {".yaml", ".yml", ".json"} or path.is_file():
        found = read_scenario(path)
        return found if found.name else found.model_copy(update={"name": path.stem[:64]})
    owner, _, name = source.rpartition("/")
    saved = ScenarioFiles(settings.data_dir).get(viewer(settings, as_name), name, owner or None)
    return saved.scenario.model_copy(update={"name": saved.name})


@scenario_app.command()
def run(  # noqa: PLR0913  # one parameter an option
    file: FileOption,
    *,
    model: ModelOption = "linear",
    without: WithoutOption = None,
    seed: SeedOption = 0,
    runs: RunsOption = 1000,
    limit: LimitOption = 20,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """前后对比 / distress and the firm's book before and after a scenario; `run` may be left out."""
    from api import show_scenarios as show  # noqa: PLC0415  # see _scenario
    from queries.scenarios import scenario_outcome as ask  # noqa: PLC0415  # same

    scenario = _scenario(ApiSettings(), as_name, file)
    asked, used = question(model, without, seed, runs), parameters()
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, scenario, asked, parameters=used, limit=limit)
    if as_json:
        print_json(answer)
    else:
        show.outcome(out(), answer)


@scenario_app.command()
def compare(  # noqa: PLR0913  # one parameter an option
    files: Annotated[list[str], typer.Argument(metavar="FILE…", help=_SOURCE)],
    *,
    model: ModelOption = "linear",
    without: WithoutOption = None,
    seed: SeedOption = 0,
    runs: RunsOption = 1000,
    limit: LimitOption = 20,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """情景比较 / scenarios side by side."""
    from api import show_scenarios as show  # noqa: PLC0415  # see _scenario
    from queries.scenarios import compare as ask  # noqa: PLC0415  # same

    settings = ApiSettings()
    scenarios = [_scenario(settings, as_name, file) for file in files]
    asked, used = question(model, without, seed, runs), parameters()
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, scenarios, asked, parameters=used, limit=limit)
    if as_json:
        print_json(answer)
    else:
        show.comparison(out(), answer)


@scenario_app.command()
def save(
    name: Annotated[str, typer.Argument(metavar="NAME", help="名称 / under which name")],
    file: FileOption,
    *,
    as_name: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """保存情景 / keep a scenario; whoever is cleared for all that its owner is may see it."""
    from api import show_scenarios as show  # noqa: PLC0415  # see _scenario
    from api.scenario_files import ScenarioFiles  # noqa: PLC0415  # same

    settings = ApiSettings()
    scenario = _scenario(settings, as_name, file)
    saved = ScenarioFiles(settings.data_dir).save(viewer(settings, as_name), name, scenario)
    if as_json:
        print_json(saved)
    else:
        show.saved(out(), [saved])


@scenario_app.command(name="list")
def listed(
    *,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """已存情景 / saved scenarios."""
    from api import show_scenarios as show  # noqa: PLC0415  # see _scenario
    from api.scenario_files import ScenarioFiles  # noqa: PLC0415  # same

    settings = ApiSettings()
    page = Page(limit, cursor, settings.cursor_secret())
    answer = ScenarioFiles(settings.data_dir).page(viewer(settings, as_name), page)
    if as_json:
        print_json(answer)
    else:
        show.saved(out(), answer.scenarios)


def register(app: typer.Typer) -> None:
    """Add the commands to `guanxi risk`."""
    app.add_typer(scenario_app, name="scenario")
