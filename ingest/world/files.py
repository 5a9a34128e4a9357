"""Writing the native form: one CSV per type, in chunks, with the columns of the schema in a fixed order."""

from __future__ import annotations

import csv
import itertools
from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import ExitStack
from pathlib import Path
from types import MappingProxyType, TracebackType
from typing import Any, Self

CHUNK = 50_000
"""Rows assembled at a time: bounds the memory that text takes, whatever the size of the world."""

_DATED = ("valid_from", "valid_to", "known_from", "compartments", "source")

HEADERS: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "Company": (
        "id", "name", "short_name", "former_names", "aliases", "uscc", "lei", "code", "nature", "listed_on",
        "exchange", "founded", "capital", "capital_currency", "total_shares", "market_value", "address", "region",
        "country", "description", "client", "controller_unknown", "compartments", "source",
    ),
    "Person": ("id", "name", "nature", "compartments", "source"),
    "Security": ("id", "name", "code", "kind", "exchange", "listed_on", "matures_on", "source"),
    "Industry": ("id", "name", "code", "scheme", "source"),
    "Concept": ("id", "name", "kind", "source"),
    "Product": ("id", "name", "category", "source"),
    "Branch": ("id", "name", "region", "source"),
    "Employee": ("id", "name", "title", "branch", "source"),
    "Contact": ("id", "name", "title", "client", "source"),
    "Document": ("id", "name", "kind", "published", "publisher", "text", "known_from", "compartments", "source"),
    "Event": ("id", "name", "kind", "date", "amount", "text", "subjects", "known_from", "compartments", "source"),
    "Deal": (
        "id", "name", "kind", "stage", "date", "amount", "amount_stated", "currency", "target", "investors",
        "known_from", "compartments", "source",
    ),
    "FinancialReport": (
        "id", "name", "company", "period_end", "period_months", "revenue", "net_profit", "total_assets",
        "total_liabilities", "current_assets", "current_liabilities", "equity", "operating_cash_flow",
        "investing_cash_flow", "financing_cash_flow", "known_from", "source",
    ),
    "Guarantee": ("id", "name", "debtor", "creditor", "guarantor", "kind", "amount", "called", *_DATED),
    "Pledge": ("id", "name", "pledgor", "pledgee", "security", "amount", "shares", "ratio", *_DATED),
    "Exposure": ("id", "name", "client", "product", "amount", "collateral", "date", "known_from", "source"),
    "Limit": ("id", "name", "client", "kind", "amount", "ratio", "rule", "valid_from", "source"),
    "ConcertAgreement": ("id", "name", "parties", "target", *_DATED),
    "HOLDS": (
        "from", "to", "share_ratio", "share_min", "share_max", "voting_ratio", "income_ratio", "amount",
        "share_class", "partner", "votes_entrusted_to", *_DATED,
    ),
    "OFFICER_OF": ("from", "to", "office", "nominated_by", *_DATED),
    "CONTROLS": ("from", "to", "ratio", "joint", "nature", *_DATED),
    "RELATIVE_OF": ("from", "to", "relation", "source"),
    "LENDS_TO": ("from", "to", "amount", *_DATED),
    "SUPPLIES": ("from", "to", "amount", "cost_share", "revenue_share", "item", *_DATED),
    "ISSUED": ("from", "to", "valid_from", "source"),
    "IN_INDUSTRY": ("from", "to", "source"),
    "UPSTREAM_OF": ("from", "to", "weight", "source"),
    "HAS_CONCEPT": ("from", "to", "source"),
    "COVERS": ("from", "to", "role", "valid_from", "valid_to", "source"),
    "KNOWS": ("from", "to", "strength", "valid_from", "compartments", "source"),
    "OWNS_PRODUCT": ("from", "to", "since", "revenue", "valid_from", "valid_to", "known_from", "source"),
    "MENTIONS": ("from", "to", "start", "end", "text", "compartments", "source"),
    "ABOUT": ("from", "to", "role", "compartments", "source"),
})  # fmt: skip
"""The columns that the world fills, by type; each is a field of the schema or one that any row may have."""

Column = Sequence[object]
Columns = Mapping[str, Column]
Progress = Callable[[str, int], None]


class Files:
    """The open CSV files of one folder; counts rows by type. A context manager.

    `progress(type, rows)` is called after every chunk with the rows of that type written so far. Types that are
    not `wanted` (None: all are) are not written. The columns of the types to `keep` stay in `kept`, by chunk.
    """

    def __init__(
        self,
        folder: Path,
        progress: Progress | None = None,
        wanted: tuple[str, ...] | None = None,
        keep: tuple[str, ...] = (),
    ) -> None:
        self._folder = folder
        self._wanted = wanted
        self._progress = progress
        self._open = ExitStack()
        self._writers: dict[str, Any] = {}
        self.kept: dict[str, list[Columns]] = {name: [] for name in keep}
        self.counts: dict[str, int] = {}

    def __enter__(self) -> Self:
        self._folder.mkdir(parents=True, exist_ok=True)
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._open.close()

    @property
    def paths(self) -> tuple[Path, ...]:
        """The files written, in the order of first use."""
        return tuple(self._folder / f"{name}.csv" for name in self.counts)

    def columns(self, name: str, columns: Columns) -> None:
        """Append rows of type `name` given column by column; a column left out is empty."""
        if not self.wants(name):
            return
        header = HEADERS[name]
        if unknown := columns.keys() - set(header):
            raise KeyError(f"{name} rows with columns {sorted(unknown)}, which HEADERS does not list")
        size = len(next(iter(columns.values())))
        if any(len(column) != size for column in columns.values()):
            raise ValueError(f"columns of {name} differ in length")
        rows = zip(*(columns.get(column) or itertools.repeat("", size) for column in header), strict=True)
        self._write(name, rows, size)
        if name in self.kept:
            self.kept[name].append(columns)

    def wants(self, name: str) -> bool:
        """Whether rows of this type are written at all."""
        return self._wanted is None or name in self._wanted

    def chunked(self, name: str, size: int, build: Callable[[int, int], Columns]) -> None:
        """Append `size` rows, asking `build(first, last)` for the columns of one chunk at a time."""
        for first in range(0, size if self.wants(name) else 0, CHUNK):
            self.columns(name, build(first, min(first + CHUNK, size)))

    def rows(self, name: str, rows: Iterable[Mapping[str, object]]) -> None:
        """Append rows given one by one as mappings from column to value."""
        listed = list(rows)
        if listed:
            used = {column: None for row in listed for column in row}
            self.columns(name, {column: [row.get(column, "") for row in listed] for column in used})

    def _write(self, name: str, rows: Iterable[tuple[object, ...]], size: int) -> None:
        if name not in self._writers:
            handle = self._open.enter_context(
                (self._folder / f"{name}.csv").open("w", encoding="utf-8", newline="")
            )
            self._writers[name] = csv.writer(handle, lineterminator="\n")
            self._writers[name].writerow(HEADERS[name])
            self.counts[name] = 0
        self._writers[name].writerows(rows)
        self.counts[name] += size
        if self._progress:
            self._progress(name, self.counts[name])
