"""Tables of holders as dated snapshots: what a table says of a company holds until the next one of that company."""

from __future__ import annotations

import datetime as dt
from bisect import bisect_right
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import replace

from ingest.reading_rows import DocumentRows
from ingest.said import Row, claim_row, said_of

About = tuple[str, str]
"""A company, by id, and the compartments of what is said of it: a table ends another of its own compartments only."""


class Succession:
    """The days of all tables, by company."""

    def __init__(self, rows: Iterable[Row]) -> None:
        days: dict[About, set[dt.date]] = defaultdict(set)
        for row in rows:
            if _is_holding(row):
                days[_about(row)].add(dt.date.fromisoformat(row["date"]))
        self._days = {about: sorted(some) for about, some in days.items()}

    def ended(self, row: Row) -> Row:
        """A row with the end that the next table gives it; the same where there is none."""
        if not _is_holding(row):
            return row
        days = self._days[_about(row)]
        place = bisect_right(days, dt.date.fromisoformat(row["date"]))
        until = days[place] if place < len(days) else None
        return claim_row(replace(said_of(row), until=until), waits="waits" in row)


def _is_holding(row: Row) -> bool:
    return row["kind"] == "holding" and "date" in row and bool(row.get("object"))


def _about(row: Row) -> About:
    return row["object"], row.get("compartments", "")


def companies(rows: Sequence[DocumentRows]) -> set[str]:
    """The companies whose holders these documents list, by id."""
    return {claim["object"] for one in rows for claim in one.claims if _is_holding(claim)}


def company_of(key: str) -> str | None:
    """The company of a holding, by the key of its claim; None of another claim."""
    _, found, rest = key.partition("#holding|")
    return rest.split("|", 1)[0] if found else None
