"""未知事项: what a reader would look for and no visible record says. Unknown is a value, and it is said aloud."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from itertools import chain
from typing import Final

from graph.view_types import RecordRef
from queries.labels import Label
from queries.subject import Subject

COUNTED_HOLDERS: Final = 500
"""With more holders than this their shares are not added up: no register of so many is meant to be complete."""

_ALL: Final = 1 - 1e-9


class ControllerStatus(StrEnum):
    """What is known of who controls a company, as disclosed."""

    DISCLOSED = "disclosed"
    UNKNOWN_STATED = "unknown_stated"
    NOT_STATED = "not_stated"


CONTROLLER_TEXTS: Final = {
    ControllerStatus.DISCLOSED: Label("已披露", "disclosed"),
    ControllerStatus.UNKNOWN_STATED: Label(
        "资料明确表示实际控制人不详或不存在",
        "a source says outright that it is unknown or that there is none",
    ),
    ControllerStatus.NOT_STATED: Label("没有资料说明实际控制人", "no source says who it is"),
}


@dataclass(frozen=True, slots=True)
class Gap:
    """Something unknown, and the records that say that it is."""

    code: str
    text: Label
    records: Iterable[RecordRef] = ()


def controller_status(subject: Subject) -> ControllerStatus:
    """Whether a controller is disclosed, stated to be unknown (不详), or not spoken of."""
    if subject.total("CONTROLS", "in"):
        return ControllerStatus.DISCLOSED
    stated = subject.props.get("controller_unknown")
    return ControllerStatus.UNKNOWN_STATED if stated else ControllerStatus.NOT_STATED


def said_unknown(subject: Subject) -> Iterable[RecordRef]:
    """The records that say outright that the controller is unknown, where that is what is known."""
    unknown = controller_status(subject) is ControllerStatus.UNKNOWN_STATED
    return subject.said_of("controller_unknown") if unknown else ()


def gaps(subject: Subject) -> Iterator[Gap]:
    """What is unknown of a company."""
    if not subject.props.get("uscc"):
        yield Gap("uscc", Label("统一社会信用代码未知", "its unified social credit code is unknown"))
    if not subject.total("IN_INDUSTRY", "out"):
        yield Gap("industry", Label("所属行业未知", "its industry is unknown"))
    status = controller_status(subject)
    if status is not ControllerStatus.DISCLOSED:
        zh, en = CONTROLLER_TEXTS[status]
        text = Label(f"实际控制人未知：{zh}", f"its controller is unknown: {en}")
        yield Gap(f"controller_{status}", text, said_unknown(subject))
    yield from _holders(subject)
    if not subject.total("OFFICER_OF", "in"):
        yield Gap("officers", Label("高管未知", "its officers are unknown"))


def _holders(subject: Subject) -> Iterator[Gap]:
    holders = subject.total("HOLDS", "in")
    if not holders:
        yield Gap("holders", Label("股东未知", "its holders are unknown"))
    if not holders or holders > COUNTED_HOLDERS:
        return
    facts = subject.facts("HOLDS", "in")
    silent = [fact for fact in facts if fact.props.get("share_ratio") is None]
    if silent:
        count = len(silent)
        text = Label(f"{count} 位股东的持股比例未知", f"the share of {count} of its holders is unknown")
        yield Gap("holder_ratios", text, chain.from_iterable(fact.records for fact in silent))
    missing = 1 - sum(fact.props.get("share_ratio") or 0.0 for fact in facts)
    if missing > 1 - _ALL:
        text = Label(f"{missing:.2%} 的股本归属未知", f"who holds {missing:.2%} of its capital is unknown")
        yield Gap("capital", text)
