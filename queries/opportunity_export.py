"""商机清单导出: the lines of a list as plain rows, for a file; what a viewer may see and no more."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final

from graph.errors import BudgetExceeded
from graph.view import View
from queries.group_totals import clients
from queries.labels import Label
from queries.opportunities import (
    Engine,
    Found,
    Wanted,
    best_reason,
    chosen,
    date_or_none,
    engine,
    found_in,
    opportunity_id,
    stage_of,
)
from queries.opportunity_ranking import ranked

MOST: Final = 50_000
"""Most lines of a file; more are asked for by branch or product."""

Cell = str | float | int | bool | dt.date | None

COLUMNS: Final = (
    Label("商机编号", "id"), Label("公司编号", "company id"), Label("公司", "company"), Label("是否客户", "client"),
    Label("产品", "product"), Label("业务线", "line"), Label("阶段", "stage"), Label("得分", "score"),
    Label("概率", "probability"), Label("预期收入（元）", "expected revenue, yuan"), Label("紧迫", "urgency"),
    Label("自", "opens"), Label("至", "expires"), Label("客户经理", "worked by"), Label("依据", "why"),
    Label("下一步", "next step"),
)  # fmt: skip


@dataclass(frozen=True)
class Sheet:
    """Rows in the order of the list, under `COLUMNS`."""

    rows: Iterator[tuple[Cell, ...]]
    total: int


def sheet(view: View, wanted: Wanted | None = None, *, by: Engine | None = None) -> Sheet:
    """All lines of a list.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `opportunities`.
        BudgetExceeded: There are more than a file may have.
    """
    found = found_in(view, by or engine())
    order = ranked(found.book, chosen(found, wanted or Wanted()))
    if len(order.places) > MOST:
        raise BudgetExceeded(
            f"{len(order.places)} 条超过一次导出的上限 {MOST} 条 / more than the {MOST} lines of one file",
            hint="按分支机构或产品分别导出 / export by branch or product",
        )
    return Sheet((_row(found, place) for place in order.places.tolist()), len(order.places))


def _row(found: Found, place: int) -> tuple[Cell, ...]:
    every, view = found.book, found.desk.view
    company, product = every.company.item(place), found.engine.catalogue.products[every.product.item(place)]
    staff = sorted(found.workers(place), key=view.id_key)
    return (
        opportunity_id(view.id(company), product.key),
        view.id(company),
        view.name(company),
        bool(clients(view).item(company)),
        product.name.zh,
        product.line.zh,
        stage_of(found, place),
        every.score.item(place),
        every.probability.item(place),
        every.value.item(place),
        every.urgency.item(place),
        date_or_none(every.opens.item(place)),
        date_or_none(every.closes.item(place)),
        "、".join(view.name(row) for row in staff),
        best_reason(found, place),
        product.next_step.zh,
    )
