"""The commands about what was read: `guanxi documents` and `guanxi reviews`."""

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
    date,
    looking,
    opened,
    out,
    print_json,
    viewer,
)
from api.settings import ApiSettings
from queries.paging import Page

if TYPE_CHECKING:
    from api.review_decisions import Verdict

documents_app = typer.Typer(cls=Commands, help="文档 / documents that were read", no_args_is_help=True)
reviews_app = typer.Typer(cls=Commands, help="待审 / what was read and waits for a person")

DocumentId = Annotated[str, typer.Argument(metavar="ID", help="文档编号 / id of the document")]
ReviewId = Annotated[str, typer.Argument(metavar="ID", help="待审项编号 / id of the review")]
ReasonOption = Annotated[str | None, typer.Option("--reason", help="理由 / why")]


# --- documents -----------------------------------------------------------------------------------------------------


@documents_app.command(name="show")
def show_document(
    ref: DocumentId,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """一篇 / one document with its mentions, claims and events."""
    from api import show_documents as show  # noqa: PLC0415  # a command imports what it needs, to start fast
    from queries.documents import document as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show.document(out(), answer)


@documents_app.command(name="of")
def documents_of(  # noqa: PLR0913  # one parameter an option
    ref: Ref,
    *,
    limit: LimitOption = 20,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """主体的文档 / documents that name an entity, newest first."""
    from api import show_documents as show  # noqa: PLC0415  # see show_document
    from queries.documents import documents as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, ref, page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.documents(out(), answer)


@documents_app.command(name="sentiment")
def sentiment_of(
    ref: Ref,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """情感走势 / how texts speak of an entity, by month."""
    from api import show_documents as show  # noqa: PLC0415  # see show_document
    from queries.sentiment import sentiment as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show.sentiment(out(), answer)


@documents_app.command(name="withdraw")
def withdraw(ref: DocumentId, *, as_json: JsonOption = False) -> None:
    """撤回 / take back a document, its claims, and what they and decisions on them made."""
    from api.loading import options_of  # noqa: PLC0415  # see show_document
    from graph.projection import Projection  # noqa: PLC0415  # same
    from ingest.readings import withdraw_document  # noqa: PLC0415  # same
    from queries.documents import document as ask  # noqa: PLC0415  # same

    settings = ApiSettings()
    with opened(settings) as store:
        found = ask(Projection.open(store, settings).view(clearance=None), ref)
        records = withdraw_document(store, found.key, options_of(settings), found.compartments)
    if as_json:
        print_json({"document": found.id, "records": records})
    else:
        out().print(f"已撤回 withdrawn: {found.title} {records:,}", markup=False)


# --- reviews -------------------------------------------------------------------------------------------------------


@reviews_app.callback(invoke_without_command=True)
def reviews(context: typer.Context, *, as_json: JsonOption = False) -> None:
    """待审 / what was read and waits for a person; without a command: the list of what waits."""
    if context.invoked_subcommand is None:
        listed(state="waiting", as_json=as_json)


@reviews_app.command(name="list")
def listed(  # noqa: PLR0913  # one parameter an option
    *,
    state: Annotated[
        str | None, typer.Option("--state", help="waiting, accepted, corrected, rejected")
    ] = None,
    kind: Annotated[str | None, typer.Option("--kind", help="relation, event, holding, mention")] = None,
    entity: Annotated[str | None, typer.Option("--entity", help="仅此主体 / about this entity alone")] = None,
    document: Annotated[
        str | None, typer.Option("--document", help="仅此文档 / of this document alone")
    ] = None,
    limit: LimitOption = 50,
    cursor: CursorOption = None,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """列出 / reviews, the newest document first."""
    from api import show_documents as show  # noqa: PLC0415  # see show_document
    from queries.reviews import Wanted  # noqa: PLC0415  # same
    from queries.reviews import reviews as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, key):
        answer = ask(view, Wanted(state, kind, entity, document), page=Page(limit, cursor, key))
    if as_json:
        print_json(answer)
    else:
        show.reviews(out(), answer)


@reviews_app.command(name="show")
def show_review(
    ref: ReviewId,
    *,
    as_name: AsOption = None,
    as_of: AsOfOption = None,
    known_at: KnownAtOption = None,
    as_json: JsonOption = False,
) -> None:
    """一项 / one review with its sentence, whom it may mean, and its history."""
    from api import show_documents as show  # noqa: PLC0415  # see show_document
    from queries.reviews import review as ask  # noqa: PLC0415  # same

    with looking(as_name, as_of, known_at) as (view, _):
        answer = ask(view, ref)
    if as_json:
        print_json(answer)
    else:
        show.review(out(), answer.review)


@reviews_app.command()
def accept(
    ref: ReviewId, *, reason: ReasonOption = None, as_name: AsOption = None, as_json: JsonOption = False
) -> None:
    """接受 / accept it as it is; a party that is open becomes the likeliest."""
    from api.review_decisions import Verdict  # noqa: PLC0415  # see show_document

    _decide(ref, as_name, Verdict("accepted", "", reason), as_json=as_json)


@reviews_app.command()
def reject(
    ref: ReviewId, *, reason: ReasonOption = None, as_name: AsOption = None, as_json: JsonOption = False
) -> None:
    """拒绝 / reject it."""
    from api.review_decisions import Verdict  # noqa: PLC0415  # see show_document

    _decide(ref, as_name, Verdict("rejected", "", reason), as_json=as_json)


@reviews_app.command()
def correct(  # noqa: PLR0913  # one parameter an option
    ref: ReviewId,
    *,
    subject: Annotated[str | None, typer.Option("--subject", help="主体应为 / whom it is about")] = None,
    object_: Annotated[str | None, typer.Option("--object", help="客体应为 / the other party")] = None,
    kind: Annotated[str | None, typer.Option("--type", help="类型应为 / the type")] = None,
    value: Annotated[float | None, typer.Option("--value", help="数值应为 / the value")] = None,
    office: Annotated[str | None, typer.Option("--office", help="职务应为 / the office")] = None,
    day: Annotated[str | None, typer.Option("--date", metavar="DATE", help="日期应为 / the day")] = None,
    reason: ReasonOption = None,
    as_name: AsOption = None,
    as_json: JsonOption = False,
) -> None:
    """更正 / accept it with something else instead."""
    from api.review_decisions import Verdict  # noqa: PLC0415  # see show_document

    verdict = Verdict("corrected", "", reason, subject, object_, kind, value, office, date("date", day))
    _decide(ref, as_name, verdict, as_json=as_json)


def _decide(ref: str, as_name: str | None, verdict: Verdict, *, as_json: bool) -> None:
    from dataclasses import replace  # noqa: PLC0415  # see show_document

    from api import show_documents as show  # noqa: PLC0415  # same
    from api.loading import options_of  # noqa: PLC0415  # same
    from api.review_decisions import decide  # noqa: PLC0415  # same
    from graph.projection import Projection  # noqa: PLC0415  # same
    from queries.reviews import review as ask  # noqa: PLC0415  # same

    settings = ApiSettings()
    who = viewer(settings, as_name)
    with opened(settings) as store:
        projection = Projection.open(store, settings)
        found = ask(projection.view(clearance=who.visible), ref).review
        within = projection.view(clearance=frozenset(found.compartments))
        done = decide(store, within, found, replace(verdict, who=who.name), options_of(settings))
    if as_json:
        print_json({"review": done})
    else:
        show.review(out(), done)
