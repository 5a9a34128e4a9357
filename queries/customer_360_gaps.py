"""未知事项（全）: what a client manager would look for before a visit and no visible record says."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from typing import Final, cast

from queries.controllers import Controllers
from queries.labels import Label
from queries.models import Section
from queries.profile_lines import DocumentLine, Profile, ReportLine, UnknownLine

STALE_DOCUMENTS: Final = 365
"""Days after which the newest document says nothing of how a company is now."""

STALE_REPORTS: Final = 550
"""Days after the end of a year: its report and the next one's deadline (四个月，证券法 2019 art. 79) are over."""

_CONTROLLER: Final = "controller_"
_EMPTY: Final = {
    "reports": Label("没有财务报告", "no financial report is on record"),
    "contacts": Label("没有联系人", "no contact is on record"),
    "coverage": Label("没有服务团队", "nobody of the staff covers it"),
    "documents": Label("没有关于它的文档", "no document tells of it"),
    "products": Label("没有持有产品的记录", "no product of ours is on record"),
    "description": Label("没有业务简介", "nothing describes its business"),
}


def missing(day: dt.date, base: Profile, controlled: Controllers) -> list[UnknownLine]:
    """All that is missing, by code; what the profile says first."""
    said = [_said(line, controlled) for line in base.sections["unknown"].lines]
    more = [
        UnknownLine(code=code, message=text.zh, message_en=text.en, records=[])
        for code, text in sorted(
            {**dict(_empty(base)), **dict(_stale(day, base)), **dict(_control(controlled))}.items()
        )
    ]
    return [*said, *more]


def _said(line: UnknownLine, controlled: Controllers) -> UnknownLine:
    """A line of the profile; of a controller that is not disclosed but computed it says so."""
    if not (line.code.startswith(_CONTROLLER) and controlled.computed):
        return line
    return UnknownLine(
        code=line.code,
        message="实际控制人未披露，按表决权计算得出",
        message_en="its controller is not disclosed; it is computed from votes",
        records=line.records,
    )


def _empty(base: Profile) -> Iterator[tuple[str, Label]]:
    for name in ("reports", "contacts", "coverage", "documents", "products"):
        if not _section(base, name).total:
            yield f"no_{name}", _EMPTY[name]
    if all(line.field != "description" for line in base.sections["identity"].lines):
        yield "no_description", _EMPTY["description"]


def _section(base: Profile, name: str) -> Section[object]:
    return cast("dict[str, Section[object]]", base.sections)[name]


def _stale(day: dt.date, base: Profile) -> Iterator[tuple[str, Label]]:
    documents: Section[DocumentLine] = base.sections["documents"]
    told = [line.published for line in documents.lines if line.published]
    if told and (day - max(told)).days > STALE_DOCUMENTS:
        yield (
            "stale_documents",
            Label(
                f"最近的文档发布于 {max(told)}，已超过一年",
                f"the newest document is of {max(told)}, over a year old",
            ),
        )
    reports: Section[ReportLine] = base.sections["reports"]
    ends = [line.period_end for line in reports.lines if line.period_end]
    if ends and (day - max(ends)).days > STALE_REPORTS:
        yield (
            "stale_reports",
            Label(f"最近的财务报告截至 {max(ends)}", f"the newest report is for the period to {max(ends)}"),
        )


def _control(controlled: Controllers) -> Iterator[tuple[str, Label]]:
    if controlled.status == "not_determinable" and not controlled.disclosed:
        yield (
            "no_controller",
            Label("实际控制人无法计算，也未披露", "its controller is neither computable nor disclosed"),
        )
