"""Documents and similar companies for people at a terminal, Chinese first."""

from __future__ import annotations

from collections.abc import Iterable

from rich.console import Console
from rich.text import Text

from api.terminal import heading, more, table
from queries.document_search import DocumentSearch, LinkedEvent, Span
from queries.similar_companies import SimilarCompanies


def documents(console: Console, answer: DocumentSearch) -> None:
    """A title and a snippet a document, the query's words marked."""
    if not answer.documents:
        console.print("没有相关文档 / no document answers")
        return
    for hit in answer.documents:
        console.print(
            Text.assemble(
                _marked(hit.title, hit.title_highlights), f"  {hit.published or ''} ", (hit.id, "dim")
            ),
            soft_wrap=True,
        )
        console.print(
            f"  得分 score {hit.score:.3f}  词 words {hit.words:.3f}  义 meaning {hit.meaning:.3f}"
            f"  {hit.kind or ''} {hit.publisher or ''}",
            style="dim",
            markup=False,
            soft_wrap=True,
        )
        if hit.snippet:
            console.print(
                Text("  ") + _marked(hit.snippet.text.replace("\n", " "), hit.snippet.highlights),
                soft_wrap=True,
            )
        _linked(console, "主体 parties", (party.name for party in hit.parties), hit.parties_total)
        _linked(console, "主题 topics", (topic.name for topic in hit.topics), hit.topics_total)
        _linked(console, "事件 events", map(_event, hit.events), hit.events_total)
    more(console, len(answer.documents), answer.total, cursor=answer.next)


def _linked(console: Console, what: str, names: Iterable[str], total: int) -> None:
    """A line of what a document is linked to, where it is linked to any."""
    shown = list(names)
    if shown:
        more = f" …（共 {total:,} in all）" if total > len(shown) else ""
        console.print(f"  {what}: {'、'.join(shown)}{more}", markup=False, soft_wrap=True)


def _event(event: LinkedEvent) -> str:
    """What happened, to whom, on which day."""
    whom = "、".join(party.name for party in event.subjects)
    said = filter(None, (event.name, whom, str(event.date or "")))
    return " ".join(said)


def similar(console: Console, answer: SimilarCompanies) -> None:
    """A line a company."""
    heading(console, answer.company)
    if not answer.described:
        console.print("没有描述、行业或概念可比 / there is no description, industry or concept to compare by")
        return
    if not answer.companies:
        console.print("没有相似公司 / no company is like it")
        return
    shown = table("公司 company", "得分 score", "理由 reasons", "编号 id")
    for company in answer.companies:
        reasons = "；".join(reason.text for reason in company.reasons)
        shown.add_row(Text(company.name), f"{company.score:.3f}", Text(reasons), company.id)
    console.print(shown)
    more(console, len(answer.companies), answer.total, cursor=answer.next)


def _marked(text: str, spans: Iterable[Span]) -> Text:
    shown = Text(text)
    for start, end in spans:
        shown.stylize("bold yellow", start, end)
    return shown
