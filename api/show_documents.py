"""Documents and reviews for people at a terminal, Chinese first."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from rich.console import Console

from api.terminal import heading, more, percent, table
from queries.documents import Document, Documents
from queries.labels import word
from queries.models import Party
from queries.reviews import ClaimLine, ClaimParty, ReviewLine, Reviews
from queries.sentiment import SentimentOverTime

_STATES: Final = {
    "made": "已入图 made",
    "open": "未关联 open",
    "waiting": "待审 waiting",
    "accepted": "已接受 accepted",
    "corrected": "已更正 corrected",
    "rejected": "已拒绝 rejected",
}


def _signed(value: float | None) -> str:
    return "" if value is None else f"{value:+.2f}"


def _who(party: ClaimParty | None) -> str:
    if party is None:
        return ""
    if party.entity is not None:
        return party.entity.name
    return f"{party.words} ?" + "".join(
        f" {choice.entity.name} {choice.score:.2f};" for choice in party.choices
    )


def _value(line: ClaimLine) -> str:
    found = line.value
    if found is None:
        return ""
    return percent(found.value) if found.unit == "ratio" else f"{found.value:,.10g} {found.unit}"


def document(console: Console, found: Document) -> None:
    """A document: what it is, what it says, and who else tells it."""
    heading(console, Party(id=found.id, name=found.title, kind="Document"))
    said = (str(found.published or ""), found.publisher or "", found.url or "", _signed(found.sentiment))
    console.print("  ".join(filter(None, said)), markup=False, soft_wrap=True)
    console.print(f"键 key {found.key}", style="dim", markup=False, soft_wrap=True)
    names = dict.fromkeys(mention.entity.name for mention in found.mentions if mention.entity)
    if names:
        console.print(f"提及 mentions: {'、'.join(names)}", markup=False, soft_wrap=True)
    else:
        console.print("没有提及您可查看的主体 / names nobody of the graph whom you may see", soft_wrap=True)
    if found.claims:
        claims(console, found.claims)
    else:
        console.print("没有读出断言 / no claim was read in it")
    for event in found.events:
        console.print(
            f"{word(event.kind)} {event.date or ''}  {event.documents_total} 篇 documents  {event.text or ''}",
            markup=False,
            soft_wrap=True,
        )
    for other in found.story:
        console.print(f"同一报道 same story: {other.name}  {other.id}", markup=False, soft_wrap=True)


def claims(console: Console, lines: Sequence[ClaimLine]) -> None:
    """A line a claim."""
    shown = table(
        "类型 type", "主体 subject", "客体 object", "数值 value", "置信 conf.", "状态 state", "编号 id"
    )
    for line in lines:
        shown.add_row(
            word(line.type), _who(line.subject), _who(line.object), _value(line), f"{line.confidence:.2f}",
            _STATES[line.state], line.id,
        )  # fmt: skip
    console.print(shown, markup=False)


def documents(console: Console, found: Documents) -> None:
    """A line a document."""
    heading(console, Party(id=found.id, name=found.name, kind=found.kind))
    if not found.documents:
        console.print("没有您可查看的文档提及该主体 / no document that you may see names it", soft_wrap=True)
        return
    shown = table("日期 date", "标题 title", "来源 publisher", "情感 sentiment", "编号 id")
    for line in found.documents:
        feeling = _signed(line.sentiment if line.toward is None else line.toward)
        shown.add_row(str(line.published or ""), line.name, line.publisher or "", feeling, line.id)
    console.print(shown, markup=False)
    more(console, len(found.documents), found.total, cursor=found.next)


def sentiment(console: Console, found: SentimentOverTime) -> None:
    """A line a month."""
    heading(console, Party(id=found.id, name=found.name, kind=found.kind))
    if not found.months:
        console.print(
            "没有您可查看的文档表明对其的情感 / no document that you may see shows a sentiment toward it",
            soft_wrap=True,
        )
        return
    shown = table("月份 month", "均值 mean", "文档 documents", "正面 good", "负面 bad")
    for month in found.months:
        shown.add_row(
            f"{month.month:%Y-%m}", _signed(month.mean), str(month.documents), str(month.good), str(month.bad)
        )
    console.print(shown, markup=False)


def reviews(console: Console, found: Reviews) -> None:
    """A line a review."""
    if not found.reviews:
        console.print("没有待审项 / nothing to review")
        return
    claims(console, found.reviews)
    more(console, len(found.reviews), found.total, cursor=found.next)


def review(console: Console, line: ReviewLine) -> None:
    """One review: the sentence, whom it may mean, what was decided."""
    console.print(f"{word(line.type)}  {_STATES[line.state]}  {line.id}", style="bold", soft_wrap=True)
    console.print(line.text, markup=False, soft_wrap=True)
    if line.document is not None:
        console.print(
            f"{line.document.name}  {line.published or ''}  {line.document.id}  [{line.start}:{line.end}]",
            style="dim", markup=False, soft_wrap=True,
        )  # fmt: skip
    console.print(f"主体 subject: {_who(line.subject)}", markup=False, soft_wrap=True)
    if line.object is not None:
        console.print(f"客体 object: {_who(line.object)}", markup=False, soft_wrap=True)
    stated = (_value(line), line.office or "", str(line.date or ""))
    console.print(
        "  ".join(filter(None, (*stated, f"置信 confidence {line.confidence:.2f}", line.by))),
        markup=False, soft_wrap=True,
    )  # fmt: skip
    for one in line.history:
        console.print(
            f"  {one.at:%Y-%m-%d %H:%M} {_STATES.get(one.state, one.state)} {one.who} {one.reason or ''}"
            f" {one.correction or ''}",
            markup=False, soft_wrap=True,
        )  # fmt: skip
