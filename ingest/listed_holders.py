"""公告中的股东表: the holders tables of a document as holdings of its issuer, dated, with holders linked."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from itertools import groupby
from typing import Final, Literal

from ingest.documents import SourceDocument
from ingest.documents.holders import HoldingRow, holdings
from ingest.read_documents import Holder, HoldersTable
from nlp.found import Candidate, Mention, Reading
from nlp.linking import Linker

_ALL_SHARES: Final = "top_ten"
"""The table of all shares; the one of unrestricted shares repeats its holders."""

_HEAD: Final = 400
"""An announcement names its issuer within so many characters."""

_PERSON: Final = "自然人"


def holders_tables(
    document: SourceDocument, reading: Reading, linker: Linker | None
) -> tuple[HoldersTable, ...]:
    """The holders that a document's tables list, a table a day; none where its issuer is not known to the graph.

    A table without a day of its own holds on the day of publication; without that either it is left out.
    """
    rows = [row for row in holdings(document.tables, document.text) if row.table == _ALL_SHARES]
    issuer = issuer_of(reading)
    if not rows or issuer is None or linker is None:
        return ()
    links = _links(rows, linker)
    return tuple(
        HoldersTable(issuer, day, tuple(_holder(document.text, row, links) for row in listed))
        for day, listed in _by_day(rows, document.published or reading.published)
    )


def issuer_of(reading: Reading) -> Candidate | None:
    """发行人: the first company of the graph that the head of an announcement names."""
    for mention in reading.mentions:
        if mention.start >= _HEAD:
            return None
        if mention.link is not None and mention.link.kind == "Company":
            return mention.link
    return None


def _by_day(
    rows: Sequence[HoldingRow], published: dt.date | None
) -> Iterator[tuple[dt.date, list[HoldingRow]]]:
    dated = [(row.as_of or published, row) for row in rows]
    known = [(day, row) for day, row in dated if day is not None]
    for day, listed in groupby(
        sorted(known, key=lambda pair: (pair[0], pair[1].start)), key=lambda pair: pair[0]
    ):
        yield day, [row for _, row in listed]


def _links(rows: Sequence[HoldingRow], linker: Linker) -> Mapping[str, Candidate]:
    """The entity of each holder's name that is one company of the graph."""
    found = {}
    for name in {row.name for row in rows if _kind(row) == "Company"}:
        for mention in linker.link(name, [Mention(0, len(name), name, "company")]):
            if mention.link is not None and (mention.start, mention.end) == (0, len(name)):
                found[name] = mention.link
    return found


def _holder(text: str, row: HoldingRow, links: Mapping[str, Candidate]) -> Holder:
    place = text.find(row.name, row.start, row.end)
    start, end = (place, place + len(row.name)) if place >= 0 else (row.start, row.end)
    return Holder(
        name=row.name,
        start=start,
        end=end,
        rank=row.rank,
        shares=row.shares,
        ratio=row.ratio,
        kind=_kind(row),
        link=links.get(row.name),
        share_class=row.share_kind or None,
    )


def _kind(row: HoldingRow) -> Literal["Company", "Person"]:
    return "Person" if _PERSON in row.nature else "Company"
