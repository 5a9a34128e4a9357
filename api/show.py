"""Answers for people at a terminal: tables and panels that read well at 80 columns."""

from __future__ import annotations

import dataclasses
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from rich.console import Console, Group, RenderableType
from rich.panel import Panel
from rich.text import Text

from api import terminal
from graph.schema import edge_types, node_types
from graph.view_types import RecordRef
from queries.entity import Entity
from queries.labels import KINDS, SECTIONS, Label, field_label, word
from queries.match import MatchAnswer
from queries.models import PartyLine, Section
from queries.neighbors import Neighbors
from queries.profile_lines import Profile
from queries.search import SearchAnswer
from queries.timeline import Change, Timeline

_HUNDRED_MILLION = 1e8
_TEN_THOUSAND = 1e4
_LONGEST = 60
_UNITS = {f.name: f.unit for t in (*node_types().values(), *edge_types().values()) for f in t.fields}
_RATIOS = frozenset(name for name, unit in _UNITS.items() if unit == "fraction of 1" and name != "strength")
_AMOUNTS = frozenset(name for name, unit in _UNITS.items() if unit == "CNY")
_HIDDEN = frozenset(
    {"id", "name", "kind", "records", "start_unknown", "other_offices_total", "parties_total"}
)


def value_text(name: str, value: object) -> str:
    """A value as a person reads it: ratios in %, money in 万 and 亿."""
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, (int, float)):
        return _number(name, value)
    if isinstance(value, (list, tuple)):
        return "、".join(word(str(part)) for part in value)
    text = "" if value is None else word(str(value))
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _number(name: str, value: float) -> str:
    if name in _RATIOS:
        return f"{value:.2%}"
    if name in _AMOUNTS:
        return money(value)
    return f"{value:,.4g}" if abs(value) < 1 else f"{value:,.2f}".rstrip("0").rstrip(".")


def money(amount: float) -> str:
    """Yuan in the unit that Chinese readers count in."""
    if abs(amount) >= _HUNDRED_MILLION:
        return f"{amount / _HUNDRED_MILLION:,.2f} 亿元"
    if abs(amount) >= _TEN_THOUSAND:
        return f"{amount / _TEN_THOUSAND:,.2f} 万元"
    return f"{amount:,.2f} 元"


def _sources(records: Iterable[RecordRef]) -> str:
    """Who says so; the handles are in the JSON."""
    return "、".join(dict.fromkeys(record.source for record in records))


def _more(shown: int, total: int) -> str:
    return f"另有 {total - shown} 条 / {total - shown} more" if total > shown else ""


def _heading(name: str, kind: str, entity_id: str) -> Text:
    label = KINDS[kind]
    return Text.assemble((name, "bold"), f"  {label.zh} {label.en}  ", (entity_id, "dim"))


def search(console: Console, answer: SearchAnswer) -> None:
    """Hits as a table."""
    if not answer.hits:
        console.print("没有找到 / nothing found")
        return
    table = terminal.table("名称 name", "类型 kind", "匹配 match", "id")
    table.columns[-1].no_wrap = True
    for hit in answer.hits:
        matched = "" if hit.matched == hit.name else f" {hit.matched}"
        table.add_row(hit.name, KINDS[hit.kind].zh, f"{hit.reason_text}{matched}", hit.id)
    console.print(table)
    if answer.next:
        console.print(f"下一页 next page: --cursor {answer.next}", style="dim", soft_wrap=True)


def entity(console: Console, answer: Entity) -> None:
    """Properties, names and handles."""
    console.print(_heading(answer.name, answer.kind, answer.id))
    table = terminal.table("字段 field", "值 value", "来源 source")
    for line in answer.properties:
        table.add_row(
            f"{line.label} {line.label_en}", value_text(line.field, line.value), _sources(line.records)
        )
    console.print(table)
    handles = terminal.table("来源 source", "来源内编号 key", "id")
    for handle in answer.handles:
        handles.add_row(handle.source, handle.key, handle.id)
    console.print(handles)
    for finding in answer.findings:
        console.print(f"! {finding.message}", style="yellow")
    for similar in answer.possibly_same:
        console.print(f"? {similar.name} {similar.id}：{similar.reason}", style="yellow")


def neighbors(console: Console, answer: Neighbors) -> None:
    """Counts, then relations."""
    console.print(_heading(answer.name, answer.kind, answer.id))
    counts = "  ".join(f"{c.label} {c.label_en} {c.count}" for c in answer.counts)
    console.print(counts or "没有关系 / no relations", style="dim")
    table = terminal.table("关系 relation", "对方 other end", "内容 values", "起始 from", "来源 source")
    for n in answer.neighbors:
        start = "" if n.start_unknown else value_text("", n.valid_from)
        table.add_row(n.label, n.name, _values(n.properties), start, _sources(n.records))
    console.print(table)
    if answer.next:
        console.print(f"下一页 next page: --cursor {answer.next}", style="dim", soft_wrap=True)


def _values(properties: Mapping[str, Any]) -> str:
    return "，".join(
        f"{field_label(name).zh} {value_text(name, value)}" for name, value in properties.items()
    )


def timeline(console: Console, answer: Timeline) -> None:
    """Changes, the newest first."""
    console.print(_heading(answer.name, answer.kind, answer.id))
    table = terminal.table("日期 date", "事项 what", "内容 values", "来源 source")
    for item in answer.items:
        table.add_row(item.date.isoformat(), item.title, _changed(item), _sources(item.records))
    console.print(table)
    console.print(_more(len(answer.items), answer.total), style="dim")
    if answer.next:
        console.print(f"下一页 next page: --cursor {answer.next}", style="dim", soft_wrap=True)


def _changed(item: Change) -> str:
    now = {name: value for name, value in item.properties.items() if name not in ("name", "date")}
    if item.before is None:
        return _values(now)
    differing = {
        name: now.get(name) for name in {**item.before, **now} if now.get(name) != item.before.get(name)
    }
    return "，".join(
        f"{field_label(name).zh} {value_text(name, item.before.get(name))} → {value_text(name, value)}"
        for name, value in differing.items()
    )


def match(console: Console, answer: MatchAnswer) -> None:
    """A row for each item, then the counts."""
    table = terminal.table("名单 asked", "结果 result", "主体 entity", "依据 reason")
    for result in answer.results:
        asked = next(iter(filter(None, result.item.model_dump().values())), "")
        if result.entity:
            table.add_row(asked, "✓", result.entity.name, result.reason_text)
        elif result.candidates:
            names = "、".join(f"{c.name} ({c.score:.2f})" for c in result.candidates)
            table.add_row(asked, "?", names, "；".join(result.notes))
        else:
            table.add_row(asked, "–", "", "；".join(result.notes))
    console.print(table)
    console.print(
        f"匹配 matched {answer.matched}，待选 candidates {answer.candidates}，无 none {answer.none}",
        style="bold",
    )


def profile(console: Console, answer: Profile) -> None:
    """A panel for each section that has something in it; the others are named at the end."""
    console.print(_heading(answer.name, answer.kind, answer.id))
    empty = []
    for name, section in answer.sections.items():
        assert isinstance(section, Section)  # noqa: S101  # narrows the type; Sections holds nothing else
        body = _section(name, section)
        if body is None:
            empty.append(SECTIONS[name])
        else:
            console.print(_panel(SECTIONS[name], section, body))
    if empty:
        missing = "、".join(label.zh for label in empty)
        console.print(f"无资料 nothing known: {missing}", style="dim")


def _panel(label: Label, section: Section[Any], body: RenderableType) -> Panel:
    more = _more(len(section.lines), section.total)
    return Panel(
        body, title=f"{label.zh} {label.en} ({section.total})", title_align="left", subtitle=more or None
    )


def _section(name: str, section: Section[Any]) -> RenderableType | None:
    message = getattr(section, "message", "") if not section.lines else ""
    if message:
        return Text(f"{message} / {getattr(section, 'message_en', '')}", style="yellow")
    if not section.lines:
        return None
    drawers = {"identity": _fields, "aliases": _aliases, "unknown": _gaps}
    return drawers.get(name, _parties)(section.lines)


def _fields(lines: Sequence[Any]) -> RenderableType:
    table = terminal.table("字段 field", "值 value", "来源 source")
    for line in lines:
        table.add_row(
            f"{line.label} {line.label_en}", value_text(line.field, line.value), _sources(line.records)
        )
    return table


def _aliases(lines: Sequence[Any]) -> RenderableType:
    table = terminal.table("名称 name", "用途 usage", "来源 source")
    for line in lines:
        table.add_row(line.name, value_text("usage", line.usage), _sources(line.records))
    return table


def _gaps(lines: Sequence[Any]) -> RenderableType:
    return Group(*(Text(f"{line.message} / {line.message_en}") for line in lines))


def _parties(lines: Sequence[PartyLine]) -> RenderableType:
    table = terminal.table("名称 name", "内容 values", "来源 source")
    for line in lines:
        table.add_row(line.name, _line_values(line), _sources(line.records))
    return table


def _line_values(line: PartyLine) -> str:
    return "，".join(part for field in dataclasses.fields(line) if (part := _line_value(line, field.name)))


_NESTED = {
    "offices": "",
    "other_offices": "另任 also ",
    "parties": "参与方 parties ",
    "also_controls": "另控制 also controls ",
}


def _line_value(line: PartyLine, name: str) -> str:
    value = getattr(line, name)
    if name in _HIDDEN or value is None or value in ([], "", False):
        return ""
    if name in _NESTED:
        return _nested(line, name, value)
    if name in ("roles", "relation", "side", "through"):
        return str(getattr(value, "name", value_text(name, value)))
    return f"{field_label(name).zh} {value_text(name, value)}"


def _nested(line: PartyLine, name: str, value: Any) -> str:
    if name == "offices":
        return "、".join(office.office or "任职" for office in value)
    items = value.lines if isinstance(value, Section) else value
    total = value.total if isinstance(value, Section) else getattr(line, f"{name}_total")
    if not items:
        return ""
    names = "、".join(item.name for item in items[:5])
    return f"{_NESTED[name]}{names}{f' 等 {total} 家' if total > len(items[:5]) else ''}"
