"""前十名股东: the tables of the ten largest shareholders in a document, as holdings.

Read are tables under the words 前十名股东 or 前十名无限售条件股东 (`data/holders.yaml`), by the words of their
headings. Rows that are broken over lines or pages are put together; totals are passed over; a row that cannot be read
is reported.
"""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import cache
from importlib import resources
from typing import Final

import yaml
from pydantic import BaseModel, ConfigDict, ValidationError

from graph.errors import DataError
from ingest.documents.document import Table, day
from ingest.values import ValueDropped, is_placeholder, parse_number, parse_ratio

_WHOLE: Final = 1.0001
"""Ratios are printed with two places: ten of them may add up to a little more than they are."""

_NEAR: Final = 300
_AS_OF: Final = re.compile(r"(?:截至|截止)\s*(\d{4}\s*年\s*\d{1,2}\s*月\s*\d{1,2}\s*日)")


@dataclass(frozen=True, slots=True)
class HoldingRow:
    """持股: one row of a holders table.

    `shares` and `pledged` are single shares, `ratio` is a fraction; None where the table does not say. `table` is
    `top_ten` or `top_ten_unrestricted`; characters `start` to `end` of the document's text are the row; `as_of` is the
    day that the words before the table name.
    """

    name: str
    nature: str
    shares: float | None
    ratio: float | None
    rank: int | None
    start: int
    end: int
    table: str
    share_kind: str = ""
    pledged: float | None = None
    page: int = 0
    as_of: dt.date | None = None


@dataclass(frozen=True, slots=True)
class Doubt:
    """What could not be read in a holders table, or cannot be true, and where."""

    start: int
    end: int
    page: int
    reason: str


@dataclass(slots=True)
class Holdings:
    """All holders tables of a document: their rows, and what could not be read."""

    rows: list[HoldingRow] = field(default_factory=list)
    doubts: list[Doubt] = field(default_factory=list)


def holdings(tables: Sequence[Table], text: str) -> list[HoldingRow]:
    """The rows of the holders tables of a document that can be true: a table whose ratios exceed 100 % gives none."""
    return find(tables, text).rows


def find(tables: Sequence[Table], text: str) -> Holdings:
    """The rows of the holders tables of a document, and all that could not be read in them."""
    found = Holdings()
    for section in _sections(tables, text):
        _read_section(section, found)
    return found


# --- words ------------------------------------------------------------------------------------------------------


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class _Column(_Declared):
    words: tuple[str, ...]
    without: tuple[str, ...] = ()


class _Kind(_Declared):
    heading: str
    unless: str


class _Words(_Declared):
    columns: Mapping[str, _Column]
    tables: Mapping[str, _Kind]
    totals: tuple[str, ...]
    ends: tuple[str, ...]
    units: Mapping[str, int]


@cache
def _words() -> _Words:
    file = resources.files("ingest.documents") / "data" / "holders.yaml"
    try:
        return _Words.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise DataError(f"{file}: {error}", hint="mend the file") from error


def _bare(cell: str) -> str:
    """Half-width, without white space."""
    return "".join(unicodedata.normalize("NFKC", cell).split())


def _kind_of(text: str) -> str:
    """The kind of holders table that words announce, the last of them; nothing where they announce none."""
    best = (-1, "")
    for kind, declared in _words().tables.items():
        for match in re.finditer(declared.heading, text):
            around = text[max(0, match.start() - 4) : match.end() + 16]
            if not re.search(declared.unless, around):
                best = max(best, (match.start(), kind))
    return best[1]


# --- from tables to sections --------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class _Columns:
    """Which column holds which field, the scale of counts of shares, the unit of ratios."""

    places: Mapping[str, int]
    heads: tuple[str, ...]

    def cell(self, row: Sequence[str], name: str) -> str:
        place = self.places.get(name)
        return row[place].strip() if place is not None and place < len(row) else ""

    def head(self, name: str) -> str:
        place = self.places.get(name)
        return self.heads[place] if place is not None else ""


@dataclass(frozen=True, slots=True)
class _Row:
    cells: tuple[str, ...]
    start: int
    end: int
    page: int


@dataclass(slots=True)
class _Section:
    """One holders table, put together over the pages that it covers."""

    kind: str
    as_of: dt.date | None
    columns: _Columns | None = None
    rows: list[_Row] = field(default_factory=list)


def _sections(tables: Sequence[Table], text: str) -> list[_Section]:
    """The holders tables of a document, each put together over the pages that it covers."""
    done: list[_Section] = []
    open_: _Section | None = None
    before = 0
    for table in tables:
        if not table.rows or not table.lines:
            continue
        near = text[max(before, table.lines[0][0] - _NEAR) : table.lines[0][0]]
        if open_ is None or open_.columns is None or not _goes_on(open_.columns, table, near):
            open_ = _Section(kind, _as_of(near)) if (kind := _kind_of(_last_block(near))) else None
            done += [open_] if open_ else []
        open_ = _add(table, open_, done, _as_of(near))
        before = table.lines[-1][1]
    return done


def _last_block(near: str) -> str:
    """The last lines before a table: what stands further up announces something else."""
    lines = [line for line in near.split("\n") if line.strip()]
    return "\n".join(lines[-4:])


def _as_of(near: str) -> dt.date | None:
    found = _AS_OF.findall(near)
    return day("".join(found[-1].split())) if found else None


def _goes_on(columns: _Columns, table: Table, near: str) -> bool:
    """Whether a table goes on one that the end of a page broke off."""
    return (
        len(table.rows[0]) == len(columns.heads) and len("".join(near.split())) <= 40 and not _kind_of(near)  # noqa: PLR2004 - a line
    )


def _add(
    table: Table, open_: _Section | None, done: list[_Section], as_of: dt.date | None
) -> _Section | None:
    """Add a table's rows to the open section, or to those that words inside of it begin; the section left open."""
    at = 0
    while at < len(table.rows):
        row = table.rows[at]
        filled = list(dict.fromkeys(filter(None, map(_bare, row))))
        announced = _kind_of("".join(filled)) if len(filled) <= 2 else ""  # noqa: PLR2004 - a heading and its unit
        height = 1
        if announced:
            open_ = _Section(announced, as_of)
            done.append(open_)
        elif open_ is not None:
            columns, height = _header(table.rows, at)
            if columns is not None:
                open_.columns = columns
            elif open_.columns is not None and _ends(filled):
                open_ = None
            elif open_.columns is not None and filled:
                open_.rows.append(_Row(row, *table.lines[at], table.page))
        at += height
    return open_


def _ends(filled: Sequence[str]) -> bool:
    return any(cell.startswith(_words().ends) for cell in filled[:2])


def _header(rows: Sequence[Sequence[str]], at: int) -> tuple[_Columns | None, int]:
    """The columns that the row at `at` begins to name, and in how many rows it does; None where it names none."""
    first = [_bare(cell) for cell in rows[at]]
    if _place(first, "name") is None or any(re.fullmatch(r"[\d,.%]{2,}", cell) for cell in first):
        return None, 1
    height = 1
    name = _place(first, "name")
    while at + height < len(rows) and name is not None and _header_goes_on(first, rows[at + height], name):
        height += 1
    heads = []
    for column in range(len(first)):
        parts = dict.fromkeys(_bare(row[column]) for row in rows[at : at + height] if column < len(row))
        heads.append("".join(parts))
    places = {field_: place for field_ in _words().columns if (place := _place(heads, field_)) is not None}
    if "shares" not in places and "ratio" not in places:
        return None, 1
    return _Columns(places, tuple(heads)), height


def _header_goes_on(first: Sequence[str], row: Sequence[str], name: int) -> bool:
    """A second row of headings: under the name stands the same word or nothing, and there is no figure."""
    cells = [_bare(cell) for cell in row]
    under = cells[name] if name < len(cells) else ""
    figures = any(re.search(r"\d", re.sub(r"[(（].*?[)）]", "", cell)) for cell in cells)
    return under in ("", first[name]) and any(cells) and not figures


def _place(heads: Sequence[str], name: str) -> int | None:
    column = _words().columns[name]
    for word in map(_bare, column.words):
        for place, head in enumerate(heads):
            fits = head.startswith(word) if word == "股东" else word in head
            if fits and len(head) < 40 and not any(_bare(w) in head for w in column.without):  # noqa: PLR2004 - characters
                return place
    return None


# --- from rows to holdings ----------------------------------------------------------------------------------------


def _read_section(section: _Section, found: Holdings) -> None:
    columns = section.columns
    if columns is None or not section.rows:
        return
    rows = list(_joined(section.rows, columns))
    unit = _ratio_unit(rows, columns)
    read: list[HoldingRow] = []
    for row in rows:
        if _is_total(row, columns):
            continue
        holding, reasons = _holding(row, section, columns, unit)
        found.doubts += [Doubt(row.start, row.end, row.page, reason) for reason in reasons]
        if holding is None:
            continue
        if read and _same(read[-1], holding):
            kinds = dict.fromkeys(filter(None, (read[-1].share_kind, holding.share_kind)))
            read[-1] = replace(read[-1], share_kind="；".join(kinds), end=holding.end)
        else:
            read.append(holding)
    total = sum(holding.ratio or 0.0 for holding in read)
    if total > _WHOLE:
        reason = f"the ratios of the table add up to {total:.2%}: none of it is taken"
        found.doubts.append(Doubt(read[0].start, read[-1].end, read[0].page, reason))
    else:
        found.rows += read


def _joined(rows: Iterable[_Row], columns: _Columns) -> Iterator[_Row]:
    """Rows with those put together that a line's or a page's end broke."""
    held: _Row | None = None
    for row in rows:
        if held is not None and _is_rest(held, row, columns):
            cells = tuple(_glued(a, b) for a, b in zip(held.cells, row.cells, strict=False))
            held = _Row(cells, held.start, row.end, held.page)
            continue
        if held is not None:
            yield held
        held = row
    if held is not None:
        yield held


def _glued(above: str, below: str) -> str:
    return above if above == below else above + below


def _is_rest(held: _Row, row: _Row, columns: _Columns) -> bool:
    """Whether a row only holds what was missing or broken off in the one above."""
    figures = ("shares", "ratio")
    has_name = bool(columns.cell(row.cells, "name"))
    has_figures = any(columns.cell(row.cells, name) for name in figures)
    ranked = bool(columns.cell(row.cells, "rank"))
    above_has_figures = any(columns.cell(held.cells, name) for name in figures)
    return not ranked and ((not has_figures) or (not has_name and not above_has_figures))


def _is_total(row: _Row, columns: _Columns) -> bool:
    cells = {
        _bare(columns.cell(row.cells, "name")),
        _bare(columns.cell(row.cells, "rank")),
        _bare(row.cells[0]),
    }
    return bool(cells & set(_words().totals))


def _same(one: HoldingRow, other: HoldingRow) -> bool:
    """A merged cell stands at each row that it covers: one holder with shares of two kinds."""
    return (one.name, one.shares, one.ratio, one.rank) == (other.name, other.shares, other.ratio, other.rank)


def _holding(
    row: _Row, section: _Section, columns: _Columns, unit: str
) -> tuple[HoldingRow | None, list[str]]:
    reasons: list[str] = []
    name = _name(columns.cell(row.cells, "name"))
    shares = _shares(columns, row, "shares", reasons)
    ratio = _ratio(columns.cell(row.cells, "ratio"), unit, reasons)
    if not name or is_placeholder(name):
        empty = shares is None and ratio is None
        return None, [] if empty and not reasons else [*reasons, "no holder is named"]
    if shares is None and ratio is None:
        return None, [*reasons, "neither a count of shares nor a ratio"]
    holding = HoldingRow(
        name=name,
        nature=_bare(columns.cell(row.cells, "nature")),
        shares=shares,
        ratio=ratio,
        rank=_rank(columns.cell(row.cells, "rank")),
        start=row.start,
        end=row.end,
        table=section.kind,
        share_kind=_bare(columns.cell(row.cells, "share_kind")),
        pledged=_shares(columns, row, "pledged", reasons),
        page=row.page,
        as_of=section.as_of,
    )
    return holding, reasons


def _name(cell: str) -> str:
    """The name without the spaces that broken lines leave between ideographs."""
    text = " ".join(cell.split())
    return re.sub(r"(?<=[^\x00-\x7f]) | (?=[^\x00-\x7f])", "", text)


def _rank(cell: str) -> int | None:
    text = _bare(cell).rstrip(".、")
    return int(text) if text.isascii() and text.isdigit() and len(text) < 4 else None  # noqa: PLR2004 - digits


def _shares(columns: _Columns, row: _Row, name: str, reasons: list[str]) -> float | None:
    cell = columns.cell(row.cells, name)
    if not cell or is_placeholder(cell):
        return None
    text = re.sub(r"^(?:质押|冻结|标记)", "", _bare(cell)).removesuffix("股")
    own = re.search(r"[万亿千]", text)
    try:
        count = parse_number(text, field=name)
    except ValueDropped as error:
        reasons.append(error.message)
        return None
    if count < 0:
        reasons.append(f"{name}: {cell!r} is negative")
        return None
    return count if own else count * _scale(columns.head(name))


def _scale(head: str) -> int:
    """The unit in a heading: 持股数量（万股）."""
    units = _words().units
    return next(
        (
            units[unit]
            for unit in sorted(units, key=len, reverse=True)
            if f"({unit})" in head or f":{unit}" in head
        ),
        1,
    )


def _ratio_unit(rows: Iterable[_Row], columns: _Columns) -> str:
    """What a bare figure of the ratio column counts in; where no sign says so, a figure above 1 does."""
    if "%" in columns.head("ratio"):
        return "%"
    figures = []
    for row in rows:
        try:
            figures.append(parse_number(_bare(columns.cell(row.cells, "ratio"))))
        except ValueDropped:
            continue
    return "%" if max(figures, default=0.0) > 1 else ""


def _ratio(cell: str, unit: str, reasons: list[str]) -> float | None:
    if not cell or is_placeholder(cell):
        return None
    try:
        return parse_ratio(cell, unit=unit).value
    except ValueDropped as error:
        reasons.append(error.message)
        return None
