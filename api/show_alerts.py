"""Alerts for people at a terminal, Chinese first."""

from __future__ import annotations

from typing import Final

from rich.console import Console

from api.show import money
from api.show_risk import one_path, span
from api.terminal import more, percent, table
from queries.alerts import AlertLine, Alerts
from queries.labels import WORDS

_STATES: Final = {
    "new": "新 new",
    "acknowledged": "已确认 acknowledged",
    "dismissed": "已排除 dismissed",
    "closed": "已关闭 closed",
}


def alerts(console: Console, answer: Alerts) -> None:
    """A line an alert."""
    if not answer.alerts:
        console.print("没有预警 / no alert")
        return
    shown = table(
        "编号 id", "日期 raised", "客户 client", "事件 event", "困境 distress", "敞口 net", "状态 state"
    )
    for one in answer.alerts:
        shown.add_row(
            one.id,
            str(one.raised),
            one.client.name,
            _event(one),
            percent(one.distress),
            money(one.net) if one.net else "",
            _STATES[one.state],
        )
    console.print(shown)
    more(console, len(answer.alerts), answer.total, cursor=answer.next)


def alert(console: Console, one: AlertLine) -> None:
    """One alert: what hits the client through what, who covers it, what was decided."""
    console.print(f"{one.client.name}  {one.client.id}  {_STATES[one.state]}", style="bold", soft_wrap=True)
    console.print(
        f"{_event(one)} {one.date or ''}  冲击 shock {percent(one.shock)}"
        f"  困境 distress {span(one.distress_low, one.distress, one.distress_high)}  净敞口 net {money(one.net)}",
        soft_wrap=True,
    )
    console.print(f"预警 raised {one.raised}  规则 rule {one.rule}  {one.id}", style="dim", soft_wrap=True)
    console.print(one.text, markup=False, soft_wrap=True)
    console.print(one.text_en, style="dim", markup=False, soft_wrap=True)
    for found in one.trace.paths:
        one_path(console, found)
    if one.covered_by:
        names = "、".join(staff.name for staff in one.covered_by)
        console.print(f"客户经理 covered by: {names}", markup=False, soft_wrap=True)
    for line in one.history:
        console.print(
            f"  {line.at:%Y-%m-%d %H:%M} {_STATES.get(line.state, line.state)} {line.who} {line.reason or ''}",
            markup=False,
            soft_wrap=True,
        )


def _event(one: AlertLine) -> str:
    word = WORDS.get(one.kind)
    return str(word) if word else one.kind
