"""集中度限额: the firm's exposures to single clients and groups of connected clients against limits.

Limits are data: `data/limits_*.yaml` with the rule they come from, files of the firm's own, and Limit nodes.
"""

from __future__ import annotations

import datetime as dt
import functools
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Literal, Protocol, Self

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graph.errors import InvalidInput
from graph.view import View
from graph.view_types import RecordRef
from queries.declared import Declared, Wording, read_all, shipped
from queries.models import Answer, Finding, Line, Party
from queries.paging import DEFAULT_LIMIT
from queries.risk_book import client_groups
from queries.risk_positions import Positions, positions, products
from queries.statements import of_units, party, refs

_PREFIX: Final = "limits_"
PLACES: Final = 12
INTERNAL: Final = "internal"
"""A limit that the firm set itself, as a Limit node."""


class Rule(Declared):
    """One limit: on whom, what share of the capital, of which amount, in which products (all where none is named)."""

    id: str
    scope: Literal["client", "group"]
    ratio: float = Field(gt=0, le=1)
    measure: Literal["amount", "net"]
    products: tuple[str, ...] = ()
    article: str
    text: Wording


class Rules(Declared):
    """The limits of one rule book; `capital` is what they are shares of, `warn_at` the part of a limit that warns."""

    name: str = Field(pattern=r"^[a-z][a-z0-9_-]*$")
    title: Wording
    capital: Literal["net_capital", "tier1_capital"]
    warn_at: float = Field(0.8, gt=0, le=1)
    rules: tuple[Rule, ...] = Field(min_length=1)


class _Settings(Protocol):
    @property
    def net_capital(self) -> float | None: ...
    @property
    def tier1_capital(self) -> float | None: ...


@dataclass(frozen=True, slots=True)
class Capital:
    """净资本、一级资本净额: the firm's own, in yuan, as its settings state them; None where they do not."""

    net_capital: float | None = None
    tier1_capital: float | None = None

    @classmethod
    def of(cls, settings: _Settings) -> Self:
        """What the settings state."""
        return cls(settings.net_capital, settings.tier1_capital)


def rules(name: str, folder: Path | None = None) -> Rules:
    """The limits of a rule book by its name; files in `folder` stand before those that come with guanxi.

    Raises:
        InvalidInput: There is no such rule book; the error lists those there are.
        DataError: A file is not as it must be; the error says where.
    """
    known = {**_shipped(), **(_in(folder) if folder else {})}
    if name not in known:
        raise InvalidInput(
            "rules",
            f"没有 {name} 限额规则 / there are no rules {name!r}",
            hint=f"one of {', '.join(sorted(known))}",
        )
    return known[name]


@functools.cache
def _shipped() -> Mapping[str, Rules]:
    return _in(shipped())


def _in(folder: Traversable | Path) -> dict[str, Rules]:
    return {found.name: found for found in read_all(Rules, folder, _PREFIX)}


# --- answers -------------------------------------------------------------------------------------------------------


@dataclass(slots=True, kw_only=True)
class Use(Line):
    """One client or group against one limit."""

    rule: str
    article: str
    text: str
    scope: str
    parties: Annotated[list[Party], Field(description="The client, or who is at the top of the group.")]
    clients: Annotated[list[Party], Field(description="The clients counted.")]
    amount: Annotated[float, Field(description="What counts against the limit, in yuan.")]
    limit: Annotated[float | None, Field(description="In yuan; null where the capital is unknown.")]
    ratio: Annotated[float | None, Field(description="Share of the capital; null where that is unknown.")]
    limit_ratio: float | None
    used: Annotated[float | None, Field(description="Part of the limit that is used.")]
    status: Annotated[str, Field(description="over, warning, within, unknown.")]


class Limits(Answer):
    """Concentration against limits: the largest part of a limit first, then by rule, then by id."""

    rules: str
    title: str
    as_of: dt.date
    known_at: dt.date | None
    capital: Annotated[float | None, Field(description="Net capital, or tier 1 capital, in yuan.")]
    capital_source: Annotated[str, Field(description="settings, limit_nodes, unknown.")]
    uses: list[Use]
    total: int
    over: int
    warning: int
    findings: list[Finding]


def limits(view: View, book: Rules, capital: Capital | None = None, *, limit: int = DEFAULT_LIMIT) -> Limits:
    """Exposures against the limits of a rule book, and against those that the firm set itself.

    Args:
        view: What the asker may see, on the day asked for.
        book: The limits.
        capital: The firm's capital from its settings.
        limit: Most lines.
    """
    given = getattr(capital or Capital(), book.capital)
    amount, source = (given, "settings") if given else _stated_capital(view, book)
    found = [*_by_rules(view, book, amount), *_by_nodes(view, book, amount)]
    found.sort(key=lambda use: (use.used is None, -(use.used or 0.0), use.rule, [p.id for p in use.parties]))
    return Limits(
        rules=book.name,
        title=str(book.title),
        as_of=view.as_of,
        known_at=view.known_at,
        capital=amount,
        capital_source=source,
        uses=found[:limit],
        total=len(found),
        over=sum(use.status == "over" for use in found),
        warning=sum(use.status == "warning" for use in found),
        findings=list(_findings(view, book, amount)),
    )


def _stated_capital(view: View, book: Rules) -> tuple[float | None, str]:
    """What a Limit node that states both an amount and a share of net capital says of that; the smallest of several."""
    if book.capital != "net_capital":
        return None, "unknown"
    stated = [
        props["amount"] / props["ratio"]
        for row in view.rows("Limit").tolist()
        if (props := view.props(row)).get("amount") and props.get("ratio")
    ]
    return (round(min(stated), 2), "limit_nodes") if stated else (None, "unknown")


def _by_rules(view: View, book: Rules, capital: float | None) -> Iterator[Use]:
    found = positions(view)
    for rule in book.rules:
        counted = _counted(view, found, rule.products)
        for tops, clients, lines in _pools(view, found, counted, rule.scope):
            yield _use(
                view,
                found,
                lines,
                _Bound(rule.id, rule.article, str(rule.text), rule.scope, rule.measure, rule.ratio, None),
                (tops, clients),
                (capital, book.warn_at),
            )


@dataclass(frozen=True, slots=True)
class _Bound:
    """A limit as it is applied: a share of the capital, or an amount."""

    rule: str
    article: str
    text: str
    scope: str
    measure: str
    ratio: float | None
    amount: float | None
    records: tuple[RecordRef, ...] = ()


def _counted(view: View, found: Positions, wanted: Sequence[str]) -> NDArray[np.int64]:
    """Lines in products of these names or business lines; all where none is named."""
    if not wanted:
        return np.arange(len(found.client))
    product = products(view)
    rows = [
        row
        for row in view.rows("Product").tolist()
        if any(word in (view.name(row), view.value(row, "category")) for word in wanted)
    ]
    return np.flatnonzero(np.isin(product, rows))


def _pools(
    view: View, found: Positions, counted: NDArray[np.int64], scope: str
) -> Iterator[tuple[list[int], list[int], NDArray[np.int64]]]:
    """Who is limited together: each client, or each group with several of them; the top, the clients, the lines."""
    lines: dict[tuple[int, ...], list[int]] = {}
    groups = client_groups(view) if scope == "group" else {}
    for line in counted.tolist():
        client = found.client.item(line)
        lines.setdefault(groups.get(client, (client,)), []).append(line)
    for tops in sorted(lines, key=lambda rows: [view.id_key(row) for row in rows]):
        at = np.array(lines[tops], np.int64)
        clients = sorted(set(found.client[at].tolist()), key=view.id_key)
        yield list(tops), clients, at


def _use(  # noqa: PLR0913, PLR0917 - who, how much, against what
    view: View,
    found: Positions,
    lines: NDArray[np.int64],
    bound: _Bound,
    who: tuple[list[int], list[int]],
    capital: tuple[float | None, float],
) -> Use:
    values = found.net if bound.measure == "net" else np.nan_to_num(found.amount)
    _, first = np.unique(found.exposure[lines], return_index=True)
    amount = round(float(np.sort(values[lines[first]]).sum()), 2)
    most = bound.amount if bound.ratio is None else None if capital[0] is None else bound.ratio * capital[0]
    used = None if not most else round(amount / most, PLACES)
    return Use(
        records=refs(
            [
                *bound.records,
                *(record for row in found.exposure[lines].tolist() for record in of_units(view, row)),
            ]
        ),
        rule=bound.rule,
        article=bound.article,
        text=bound.text,
        scope=bound.scope,
        parties=[party(view, row) for row in who[0]],
        clients=[party(view, row) for row in who[1]],
        amount=amount,
        limit=None if most is None else round(most, 2),
        ratio=None if not capital[0] else round(amount / capital[0], PLACES),
        limit_ratio=bound.ratio,
        used=used,
        status=_status(used, capital[1]),
    )


def _status(used: float | None, warn_at: float) -> str:
    if used is None:
        return "unknown"
    return "over" if used > 1 else "warning" if used >= warn_at else "within"


def _by_nodes(view: View, book: Rules, capital: float | None) -> Iterator[Use]:
    """Limits that the firm set itself for a client, as an amount or as a share of net capital."""
    found = positions(view)
    for row in sorted(view.rows("Limit").tolist(), key=view.id_key):
        props, records = view.described(row)
        amount = props.get("amount")
        ratio = props.get("ratio") if amount is None and book.capital == "net_capital" else None
        clients = sorted({f.other for f in view.facts(row, "PARTY_TO", "in")}, key=view.id_key)
        if (not amount and not ratio) or not clients:
            continue
        lines = np.flatnonzero(np.isin(found.client, clients))
        said = refs(record for some in records.values() for record in some)
        text = f"{props.get('kind') or props.get('name') or ''}"
        bound = _Bound(
            INTERNAL, str(props.get("rule") or ""), text, "client", "amount", ratio, amount, tuple(said)
        )
        yield _use(view, found, lines, bound, (clients, clients), (capital, book.warn_at))


def _findings(view: View, book: Rules, capital: float | None) -> Iterator[Finding]:
    if capital is None:
        setting = f"GUANXI_{book.capital.upper()}"
        zh = "净资本" if book.capital == "net_capital" else "一级资本净额"
        message = (
            f"{zh}未知，不能判断按比例的限额；请设置 {setting} / "
            f"the capital is unknown, so limits that are a share of it cannot be judged; set {setting}"
        )
        yield Finding(code="capital_unknown", message=message, records=[])
    found = positions(view)
    unknown = int(np.isnan(found.amount).sum())
    if unknown:
        message = f"{unknown} 笔敞口金额未知，按 0 计 / the amounts of {unknown} exposures are unknown, counted as 0"
        yield Finding(code="unknown_amounts", message=message, records=[])
    if not len(found.client):
        yield Finding(
            code="no_exposures", message="没有敞口资料 / no exposure of the firm is on record", records=[]
        )
    if any(rule.scope == "group" for rule in book.rules):
        message = (
            "关联客户只按控制关系合并，未计经济依存关系 / "
            "clients are connected by control alone; economic dependence is not counted"
        )
        yield Finding(code="connected_by_control", message=message, records=[])
