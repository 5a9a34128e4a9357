"""What was read, for people: the text with its mentions in colour, and below it what it tells."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from rich.console import Console
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from api import terminal
from api.reads import ReadLine, Reads
from ingest.said import DETAILS
from nlp.event_patterns import rules
from nlp.found import (
    EVENT_TYPES,
    RELATION_TYPES,
    Event,
    Mention,
    Period,
    Quantity,
    Reading,
    Relation,
    Sentiment,
)

_STYLES: Final[Mapping[str, str]] = {
    "company": "bold cyan",
    "person": "bold magenta",
    "office": "magenta",
    "government": "bold blue",
    "organisation": "blue",
    "product": "yellow",
    "brand": "yellow",
    "industry": "green",
    "place": "green",
    "project": "yellow",
    "money": "bold red",
    "shares": "red",
    "ratio": "red",
    "date": "dim underline",
}
_DETAILS: Final[Mapping[str, str]] = {name: f"{zh} {name}" for name, zh in DETAILS.items()}
_LONGEST: Final = 2_000
"""Characters of a text that are shown."""
_MUCH: Final = 0.2


def reads(console: Console, found: Reads) -> None:
    """Every document, then what could not be read, then what was written."""
    for line in found.documents:
        document(console, line)
    for one in found.unreadable:
        place = f"（{one.place}）" if one.place else ""
        console.print(f"! 无法读取 unreadable: {one.file}{place}: {one.reason}", style="yellow", markup=False)
        if one.hint:
            console.print(f"  {one.hint}", style="dim", markup=False)
    counts = f"{len(found.documents):,} 篇 documents, {found.seconds:.1f} s"
    if (done := found.written) is not None:
        counts += (
            f"；写入 written {done.changed:,}，未变 unchanged {done.unchanged:,}，"
            f"成为关系 made edges {done.made:,}，待审 waiting {done.waiting:,}"
        )
    console.print(counts, style="dim", soft_wrap=True)


def document(console: Console, line: ReadLine) -> None:
    """One document."""
    reading = line.reading
    if line.title and not reading.text.startswith(line.title):
        console.print(line.title, style="bold", markup=False, soft_wrap=True)
    console.print(coloured(reading), soft_wrap=True)
    for note in line.notes:
        console.print(f"  {note}", style="dim", markup=False)
    _told(console, reading)
    console.print()


def coloured(reading: Reading) -> Text:
    """The text with its mentions in colour; the linked ones are underlined."""
    shown = Text(reading.text[:_LONGEST])
    for mention in reading.mentions:
        style = _STYLES[mention.kind] + (" underline" if mention.link else "")
        shown.stylize(style, mention.start, min(mention.end, _LONGEST))
    if len(reading.text) > _LONGEST:
        shown.append(f" …（另有 {len(reading.text) - _LONGEST:,} 字 more characters）", "dim")
    return shown


def _told(console: Console, reading: Reading) -> None:
    rows = [*_links(reading), *_events(reading), *_relations(reading), *_feelings(reading)]
    if not rows:
        return
    table = Table.grid(padding=(0, 2), pad_edge=False)
    for fixed in (True, False, False, True):
        table.add_column(overflow="fold", no_wrap=fixed)
    for row in rows:
        table.add_row(*map(Text, row))
    console.print(Padding(table, (1, 0, 0, 1), expand=False))


def _links(reading: Reading) -> Iterator[tuple[str, str, str, str]]:
    seen: set[tuple[str, str]] = set()
    for mention in reading.mentions:
        key = mention.text, mention.link.id if mention.link else ""
        if key in seen:
            continue
        seen.add(key)
        if mention.link is not None:
            yield "主体 entity", mention.text, f"{mention.link.name}  {mention.link.id}", ""
        elif mention.candidates:
            names = "、".join(candidate.name for candidate in mention.candidates)
            yield "待审 to review", mention.text, f"? {names}", ""


def _events(reading: Reading) -> Iterator[tuple[str, str, str, str]]:
    for event in reading.events:
        yield "事件 event", _event_name(event), _arguments(reading, event), f"{event.confidence:.0%}"


def _event_name(event: Event) -> str:
    """What happened, and how far it did (计划 planned), or of which kind it was."""
    if event.type == "negative" and event.detail:
        return f"{event.detail} negative"
    detail = _DETAILS.get(event.detail or "", event.detail)
    more = f" （{detail}）" if detail else ""
    return f"{EVENT_TYPES[event.type]} {event.type}{more}"


def _arguments(reading: Reading, event: Event) -> str:
    """What takes part in an event, a line each."""
    roles = rules().roles
    named = ((f"{roles[a.role].zh} {a.role}" if a.role in roles else a.role, a.text) for a in event.arguments)
    parts = [f"{role}: {words}" for role, words in dict.fromkeys(named)]
    if not parts:
        parts = [_name(reading.mentions[number]) for number in event.subjects]
    if event.amount is not None:
        parts.append(_quantity(event.amount))
    if event.date is not None:
        parts.append(_period(event.date))
    return "\n".join(parts)


def _relations(reading: Reading) -> Iterator[tuple[str, str, str, str]]:
    for relation in reading.relations:
        yield (
            "关系 relation",
            f"{RELATION_TYPES[relation.type]} {_DETAILS.get(relation.detail or '', relation.detail) or relation.type}",
            _ends(reading, relation),
            f"{relation.confidence:.0%}",
        )


def _ends(reading: Reading, relation: Relation) -> str:
    more = [relation.office or "", _quantity(relation.quantity) if relation.quantity else ""]
    what = " ".join(filter(None, more))
    ends = " → ".join(_name(reading.mentions[end]) for end in (relation.subject, relation.object))
    return f"{ends}（{what}）" if what else ends


def _feelings(reading: Reading) -> Iterator[tuple[str, str, str, str]]:
    if reading.sentiment is not None:
        yield (
            "情感 sentiment",
            "全文 the text",
            _feeling(reading.sentiment),
            f"{reading.sentiment.confidence:.0%}",
        )
    for number, feeling in sorted(reading.toward.items()):
        yield "", _name(reading.mentions[number]), _feeling(feeling), f"{feeling.confidence:.0%}"


def _feeling(feeling: Sentiment) -> str:
    word = "中性 neutral" if abs(feeling.score) < _MUCH else "正面 good" if feeling.score > 0 else "负面 bad"
    return f"{word} {feeling.score:+.2f}"


def _name(mention: Mention) -> str:
    return mention.link.name if mention.link is not None else mention.text


def _quantity(value: Quantity) -> str:
    if value.unit == "ratio":
        return terminal.percent(value.value)
    return f"{value.value:,.0f} {value.unit}"


def _period(period: Period) -> str:
    last = (period.end - period.start).days
    return period.start.isoformat() if last <= 1 else f"{period.start.isoformat()} / {period.end.isoformat()}"
