"""The command line: `guanxi` and `python -m api.cli`. It mirrors the API, and loads what the API answers from.

Standard output carries the answer alone; progress and errors go to standard error. Exit codes: 0 done, 1 done with
rejected rows, 2 refused or failed.
"""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import Annotated, Any

import typer

from api import (
    alerts_commands,
    auth,
    beneficial_owners_commands,
    connections_commands,
    console,
    customer_360_commands,
    demo,
    document_search_commands,
    documents_commands,
    groups_commands,
    loading,
    opportunities_commands,
    opportunity_backtest_commands,
    ownership_commands,
    profile_commands,
    reading_commands,
    risk_backtest_commands,
    risk_circles_commands,
    risk_commands,
    scenarios_commands,
    server,
    stores,
)
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
)
from api.settings import ApiSettings
from graph.errors import GuanxiError
from ingest import templates
from queries.paging import Page

app = typer.Typer(
    cls=Commands,
    name="guanxi",
    help="关系：企业客户情报 / client intelligence for a securities firm's corporate business",
    no_args_is_help=True,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
token_app = typer.Typer(cls=Commands, help="API 令牌 / API tokens", no_args_is_help=True)
store_app = typer.Typer(cls=Commands, help="图数据库 / the graph database", no_args_is_help=True)
app.add_typer(token_app, name="token")
app.add_typer(store_app, name="store")
app.add_typer(risk_commands.risk_app, name="risk")
app.add_typer(alerts_commands.alerts_app, name="alerts")
app.add_typer(documents_commands.documents_app, name="documents")
app.add_typer(documents_commands.reviews_app, name="reviews")
document_search_commands.register(app)
app.command(name="read")(reading_commands.read)
app.add_typer(opportunities_commands.opportunities_app, name="opportunities")
opportunity_backtest_commands.register(opportunities_commands.opportunities_app)

Seed = Annotated[int, typer.Option(min=0, help="随机种子 / seed: the same one gives the same world")]


# --- questions -----------------------------------------------------------------------------------------------------


@app.command()
def search(  # noqa: PLR0913  # one parameter an option
    query: Annotated[
        str, typer.Argument(metavar="Q", help="名称、拼音、首字母或代码 / name, pinyin, initials, code")
    ],
    *,
    kind: Annotated[list[str] | None, typer.Option(help="仅此类型 / of this type alone")] = None,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """搜索 / find entities by name, pinyin, initials or code."""
    from api import show  # noqa: PLC0415  # a command imports what it needs, so that all start fast
    from queries.search import search as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, query, kinds=kind or (), page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.search(out(), answer)


@app.command()
def entity(
    ref: Ref,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """主体 / one entity: identifiers, names, handles, properties, records."""
    from api import show  # noqa: PLC0415  # see search
    from queries.entity import entity as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show.entity(out(), answer)


@app.command()
def profile(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    section: Annotated[str | None, typer.Option(help="仅此部分 / one section alone")] = None,
    whole: Annotated[
        bool,
        typer.Option(
            "--whole", help="含指标、标签、商机、风险等 / with indicators, tags, opportunities, risk …"
        ),
    ] = False,
    brief: Annotated[
        Path | None,
        typer.Option(
            "--brief", metavar="FILE", help="访前简报，.pdf 或 .html / a brief before a visit, .pdf or .html"
        ),
    ] = None,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """客户全景 / the customer 360 of a company or person."""
    from api import show  # noqa: PLC0415  # see search
    from queries.profile import profile as ask  # noqa: PLC0415  # same

    if whole or brief is not None:
        asked = customer_360_commands.Asked(ref, section=section, cursor=cursor, limit=limit, brief=brief)
        customer_360_commands.profile(asked, (as_name, as_of, known_at), as_json=as_json)
        return
    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, section=section, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.profile(out(), answer)


@app.command()
def neighbors(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    edge_type: Annotated[
        str | None, typer.Option("--type", help="仅此关系 / of this edge type alone")
    ] = None,
    direction: Annotated[str | None, typer.Option(help="out 或 in / out or in")] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """相邻 / what an entity is directly related to."""
    from api import show  # noqa: PLC0415  # see search
    from queries.neighbors import direction_of  # noqa: PLC0415  # same
    from queries.neighbors import neighbors as ask  # noqa: PLC0415  # same

    side, page = direction_of(direction), Page(limit, cursor)
    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, edge_type=edge_type, direction=side, page=page.signed(key))
    if as_json:
        print_json(answer)
    else:
        show.neighbors(out(), answer)


@app.command()
def timeline(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """时间线 / what happened and what changed, newest first."""
    from api import show  # noqa: PLC0415  # see search
    from queries.timeline import timeline as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.timeline(out(), answer)


@app.command()
def record(
    handle: Annotated[str, typer.Argument(metavar="ID", help="记录编号 / handle of a record")],
    *,
    as_name: AsOption = None,
    known_at: KnownAtOption = None,
) -> None:
    """来源记录 / one record: what a source said, as JSON."""
    from queries.entity import record as ask  # noqa: PLC0415  # see search

    with looking(as_name, None, known_at) as (view, _):
        print_json(ask(view, handle))


@app.command()
def match(
    file: Annotated[
        Path, typer.Argument(metavar="FILE", help="名单：文本、CSV 或 XLSX / a list: text, CSV or XLSX")
    ],
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """名单匹配 / join a list of up to 5,000 names and identifiers to the graph."""
    from api import show  # noqa: PLC0415  # see search
    from api.lists import read_list  # noqa: PLC0415  # same
    from queries.match import match as ask  # noqa: PLC0415  # same

    items = read_list(file)
    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, items)
    if as_json:
        print_json(answer)
    else:
        show.match(out(), answer)


ownership_commands.register(app)
beneficial_owners_commands.register(app)
connections_commands.register(app)
profile_commands.register(app)
groups_commands.register(app)
risk_backtest_commands.register(risk_commands.risk_app)
risk_circles_commands.register(risk_commands.risk_app)
scenarios_commands.register(risk_commands.risk_app)


# --- sources ---------------------------------------------------------------------------------------------------------


@app.command()
def load(
    mapping: Annotated[
        str, typer.Argument(metavar="MAPPING", help="映射名或 .yaml 文件 / a mapping's name or file")
    ],
    files: Annotated[list[Path], typer.Argument(metavar="FILE…", help="来源文件 / files of the source")],
    *,
    date: Annotated[str | None, typer.Option(help="文件所述日期 / day for which the files speak")] = None,
    force: Annotated[
        bool, typer.Option(help="允许大量关闭 / let a snapshot close more than its share")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """加载来源文件 / load files of a source; exit code 1 when rows were rejected."""
    report = loading.load(ApiSettings(), mapping, files, stated=console.date("date", date), force=force)
    if as_json:
        print_json(report)
    else:
        loading.show(out(), report)
    if report.rejected:
        raise typer.Exit(console.DONE_WITH_REJECTS)


@app.command()
def withdraw(
    name: Annotated[
        str, typer.Argument(metavar="NAME", help="映射或来源 / a mapping, or a source that is loaded")
    ],
    *,
    source: Annotated[
        str | None, typer.Option(help="映射加载的某一来源 / one of the sources that a mapping loaded")
    ] = None,
    key: Annotated[str | None, typer.Option(help="仅此记录 / only the records with this key")] = None,
    as_json: JsonOption = False,
) -> None:
    """撤回来源 / take back exactly what only this source said."""
    answer = loading.withdraw(ApiSettings(), name, source, key)
    if as_json:
        print_json(answer)
    else:
        out().print(f"已撤回 withdrawn: {answer['source']} {answer['records']:,}")


@app.command()
def refold(
    mapping: Annotated[
        str | None, typer.Argument(metavar="MAPPING", help="默认全部 / a mapping; default: all loaded")
    ] = None,
    *,
    as_json: JsonOption = False,
) -> None:
    """重新折叠 / make the graph of stored records anew, by the mappings of today."""
    answer = loading.refold(ApiSettings(), mapping)
    if as_json:
        print_json(answer)
    for one in () if as_json else answer:
        out().print(f"已重新折叠 refolded: {one['namespace']} {one['records']:,}")


@app.command()
def digest(*, as_json: JsonOption = False) -> None:
    """摘要 / one hash of the whole graph, equal for equal graphs."""
    found = loading.digest(ApiSettings())
    if as_json:
        print_json({"digest": found})
    else:
        sys.stdout.write(found + "\n")


@app.command()
def template(
    kind: Annotated[
        str, typer.Argument(metavar="TYPE", help="节点或关系类型 / node or edge type, as Company, HOLDS")
    ],
    *,
    example: Annotated[bool, typer.Option(help="附一行示例 / with an example row")] = False,
) -> None:
    """原生格式的表头 / the header of a native CSV file of a type."""
    sys.stdout.write(templates.template(kind, example=example))


@app.command()
def mappings(*, as_json: JsonOption = False) -> None:
    """列出映射 / list what can be loaded by name."""
    found = loading.mappings()
    if as_json:
        print_json(found)
    else:
        out().print("\n".join(f"{name}  {title}" for name, title in found.items()), markup=False)


# --- the demo world --------------------------------------------------------------------------------------------------


@app.command()
def world(  # noqa: PLR0913 - what there is to choose about a world
    folder: Annotated[Path, typer.Argument(metavar="FOLDER", help="写入文件夹 / folder to write to")],
    *,
    companies: Annotated[int, typer.Option(help="公司数 / how many companies")] = 1000,
    seed: Seed = 7,
    process: Annotated[
        str | None,
        typer.Option(
            help="产生违约的隐藏过程 / the hidden process behind defaults: threshold, hazard, liquidity, null"
        ),
    ] = None,
    needs: Annotated[
        str | None,
        typer.Option(
            help="客户需求的隐藏过程 / the hidden process behind what clients take: "
            "events, peers, leanings, popularity"
        ),
    ] = None,
    as_json: JsonOption = False,
) -> None:
    """生成虚构世界 / write a fictional market as native files, and the truths planted in it."""
    summary = demo.write(folder, companies, seed, process, needs)
    counts: dict[str, Any] = {"folder": str(folder), "nodes": summary.nodes, "edges": summary.edges}
    if as_json:
        print_json(counts)
    else:
        out().print(json.dumps(counts, ensure_ascii=False))


@app.command(name="demo")
def run_demo(
    *,
    companies: Annotated[int, typer.Option(help="公司数 / how many companies")] = 1000,
    seed: Seed = 7,
    serve: Annotated[bool, typer.Option(help="随后启动服务 / then serve the API")] = True,
    port: Annotated[int | None, typer.Option(help="端口 / port; default: the setting, or a free one")] = None,
) -> None:
    """演示 / load the demo world, show a few answers, serve the API."""
    settings = ApiSettings()
    demo.show(demo.load(settings, companies, seed))
    if serve:
        secret = demo.token(settings)
        server.serve(settings, port=port, any_port=port is None, banner=lambda url: demo.banner(url, secret))


# --- service ---------------------------------------------------------------------------------------------------------


@app.command(name="serve")
def run_server(
    *,
    host: Annotated[str | None, typer.Option(help="监听地址 / address")] = None,
    port: Annotated[int | None, typer.Option(help="端口 / port; 0: any free one")] = None,
    workers: Annotated[int | None, typer.Option(min=1, help="进程数 / processes")] = None,
) -> None:
    """启动 API / serve the API."""
    server.serve(ApiSettings(), host=host, port=port, workers=workers)


@token_app.command(name="add")
def token_add(
    name: Annotated[str, typer.Argument(metavar="NAME", help="谁 / whose token")],
    *,
    clearance: Annotated[
        str, typer.Option(help="可见隔离区，逗号分隔 / compartments, separated by commas")
    ] = "",
    operator: Annotated[
        bool, typer.Option("--operator", help="管理员，可见一切 / an operator, who sees all")
    ] = False,
    as_json: JsonOption = False,
) -> None:
    """新增令牌，仅显示一次 / make a token; it is shown this once."""
    cleared = [part.strip() for part in clearance.split(",") if part.strip()]
    secret = auth.add_token(ApiSettings().tokens_path, name, cleared, operator=operator)
    if as_json:
        print_json({"name": name, "token": secret})
    else:
        console.err().print(
            "请立即保存，之后无法再次显示 / keep it now: it cannot be shown again", style="yellow"
        )
        sys.stdout.write(secret + "\n")


@token_app.command(name="list")
def token_list(*, as_json: JsonOption = False) -> None:
    """列出令牌 / list tokens, without their secrets."""
    tokens = auth.read_tokens(ApiSettings().tokens_path)
    if as_json:
        print_json([t.model_dump(mode="json", exclude={"hash"}) for t in tokens])
    for token in () if as_json else tokens:
        sees = "全部 all" if token.operator else ", ".join(token.clearance) or "公开 public"
        out().print(f"{token.name}  {sees}  {token.created}", markup=False)


@token_app.command(name="remove")
def token_remove(name: Annotated[str, typer.Argument(metavar="NAME", help="谁 / whose token")]) -> None:
    """删除令牌 / take a token away, at once."""
    auth.remove_token(ApiSettings().tokens_path, name)
    console.err().print(f"已删除 removed: {name}", markup=False)


@store_app.command(name="status")
def store_status(*, as_json: JsonOption = False) -> None:
    """数据库状态与来源 / the database, its version and its sources."""
    answer = stores.status(ApiSettings())
    if as_json:
        print_json(answer)
    else:
        stores.show(out(), answer)


@store_app.command(name="stop")
def store_stop() -> None:
    """停止内嵌数据库 / end the embedded database; the next command starts it again."""
    stopped = stores.stop(ApiSettings())
    console.err().print("已停止 stopped" if stopped else "未在运行 not running")


def main() -> None:
    """Run the command line; something unexpected ends in one line, and in a traceback with GUANXI_DEBUG."""
    try:
        app()
    except BrokenPipeError:
        sys.stderr.close()  # the reader of our output has left; there is nobody to tell
        sys.exit(console.DONE)
    except Exception as error:
        if console.debugging():
            raise
        problem = error if isinstance(error, GuanxiError) else _unexpected(error)
        console.report(problem)
        sys.exit(console.FAILED)


def _unexpected(error: Exception) -> GuanxiError:
    return GuanxiError(
        f"意外错误 / unexpected: {type(error).__name__}: {error}",
        hint="设置 GUANXI_DEBUG=1 查看详情 / set GUANXI_DEBUG=1 to see where",
    )


if __name__ == "__main__":
    main()
