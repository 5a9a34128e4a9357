"""The commands about texts: `guanxi search-documents`, `guanxi similar`, `guanxi vectors`."""

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
    Ref,
    date,
    looking,
    out,
    print_json,
    progress,
)
from api.settings import ApiSettings
from queries.paging import Page


def search_documents(  # noqa: PLR0913  # one parameter an option
    query: Annotated[str, typer.Argument(metavar="Q", help="词语或一句话 / words, or a sentence")],
    *,
    entity: Annotated[
        str | None, typer.Option(help="仅与此主体有关 / about this entity, or naming it, alone")
    ] = None,
    kind: Annotated[list[str] | None, typer.Option(help="仅此类文档 / of this kind alone")] = None,
    since: Annotated[
        str | None, typer.Option("--from", metavar="DATE", help="此日及以后发布 / published from this day on")
    ] = None,
    until: Annotated[
        str | None, typer.Option("--to", metavar="DATE", help="此日及以前发布 / published by this day")
    ] = None,
    by: Annotated[str, typer.Option(help="both, words, meaning")] = "both",
    stories: Annotated[
        bool, typer.Option("--stories", help="同一报道仅列一篇 / one document of each story")
    ] = False,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """搜文档 / find documents by words and by meaning."""
    from api import show_document_search as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from api.document_search import library_of  # noqa: PLC0415  # same
    from queries.document_search import Wanted, by_of  # noqa: PLC0415  # same
    from queries.document_search import search_documents as ask  # noqa: PLC0415  # same

    wanted = Wanted(
        entity, tuple(kind or ()), date("from", since), date("to", until), by_of(by), stories=stories
    )
    with looking(as_name, as_of, known_at) as (view, key), progress("计算 making") as advance:
        answer = ask(view, query, library_of(ApiSettings(), advance), wanted, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.documents(out(), answer)


def similar(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    blend: Annotated[
        bool, typer.Option(help="计入共同的行业与概念 / count shared industries and concepts")
    ] = True,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """相似公司 / companies that are told alike."""
    from api import show_document_search as show  # noqa: PLC0415  # see search_documents
    from api.document_search import library_of  # noqa: PLC0415  # same
    from queries.similar_companies import similar_companies as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key), progress("计算 making") as advance:
        library = library_of(ApiSettings(), advance)
        answer = ask(view, ref, library, blend=blend, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.similar(out(), answer)


def vectors(*, as_json: JsonOption = False) -> None:
    """计算向量 / make the vectors of all texts ahead of the first search; those that are there stay."""
    from api.document_search import library_of  # noqa: PLC0415  # see search_documents
    from queries.document_search import documents  # noqa: PLC0415  # same
    from queries.similar_companies import companies_told  # noqa: PLC0415  # same

    with looking(None, None, None) as (view, _), progress("计算 making") as advance:
        library = library_of(ApiSettings(), advance)
        counts = {
            "documents": len(documents(view, library).rows),
            "companies": len(companies_told(view, library).rows),
            "model": library.embedder.fingerprint,
        }
    if as_json:
        print_json(counts)
    else:
        out().print(
            f"文档 documents {counts['documents']}  公司 companies {counts['companies']}  模型 model {counts['model']}"
        )


def register(app: typer.Typer) -> None:
    """Add the commands to `guanxi`."""
    app.command(name="search-documents")(search_documents)
    app.command()(similar)
    app.command()(vectors)
