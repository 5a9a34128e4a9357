"""Connections for people at a terminal: a line a step, Chinese first."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from rich.console import Console
from rich.text import Text

from api.show import value_text
from queries.introductions import Introductions
from queries.labels import KINDS, field_label
from queries.models import Party
from queries.paths import FoundPath, Joined, PathEdge, Paths, Truncated


def paths(console: Console, answer: Paths) -> None:
    """Each path as a ladder; of joined parties the edges."""
    if answer.joined is not None:
        _joined(console, answer.joined, answer.parties)
    elif not answer.paths:
        console.print("没有找到路径 / no path found")
    for number, path in enumerate(answer.paths, 1):
        console.print(
            Text(f"{number}. {path.length} 步 steps  成本 cost {path.cost:g}", style="bold"), soft_wrap=True
        )
        ladder(console, path)
    _cut(console, answer.truncated)


def ladder(console: Console, path: FoundPath) -> None:
    """The nodes of a path below each other, the steps between them."""
    for place, node in enumerate(path.nodes):
        console.print(_node(node), soft_wrap=True)
        if place < len(path.edges):
            console.print(_step(path.edges[place]), soft_wrap=True)


def _node(node: Party) -> Text:
    return Text.assemble("   ", (node.name, "cyan"), f"  {KINDS[node.kind].zh}  ", (node.id, "dim"))


def _step(edge: PathEdge) -> Text:
    arrow = "↓" if edge.direction == "forward" else "↑"
    said = "、".join(dict.fromkeys(record.source for record in edge.records))
    values = _values(edge.properties)
    return Text.assemble(
        f"     {arrow} {edge.label} {edge.label_en}", f"  {values}" if values else "", (f"  [{said}]", "dim")
    )


def _values(properties: Mapping[str, object]) -> str:
    return "，".join(
        f"{field_label(name).zh} {value_text(name, value)}" for name, value in properties.items()
    )


def _joined(console: Console, joined: Joined, parties: Sequence[Party]) -> None:
    names = {node.id: node.name for node in (*joined.nodes, *parties)}
    for number, part in enumerate(joined.parts, 1):
        who = "、".join(names[one] for one in part)
        console.print(Text(f"第 {number} 组 part {number}: {who}", style="bold"), soft_wrap=True)
    for edge in joined.edges:
        line = f"   {names[edge.start]} → {names[edge.end]}  {edge.label} {edge.label_en}  {_values(edge.properties)}"
        console.print(line.rstrip(), markup=False, soft_wrap=True)
    if len(joined.parts) > 1:
        console.print("并非全部相连 / not all are connected", style="yellow")


def _cut(console: Console, cut: Truncated | None) -> None:
    if cut is not None:
        console.print(f"! {cut.text} / {cut.text_en}", style="yellow", markup=False, soft_wrap=True)


def introductions(console: Console, answer: Introductions) -> None:
    """A sentence and its ladder for each member of staff."""
    console.print(Text(answer.company.name, style="bold"))
    if not answer.paths:
        console.print("没有可用的引荐路径 / nobody can introduce us")
    for number, path in enumerate(answer.paths, 1):
        console.print(f"{number}. {path.sentence}", style="bold", markup=False, soft_wrap=True)
        console.print(f"   {path.sentence_en}", style="dim", markup=False, soft_wrap=True)
        ladder(console, path)
    _cut(console, answer.truncated)
