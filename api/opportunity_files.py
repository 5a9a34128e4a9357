"""Lists of opportunities as files: CSV and XLSX, whose cells no spreadsheet takes for a formula."""

from __future__ import annotations

import csv
import io
from collections.abc import Iterator
from pathlib import Path
from typing import Final, Literal

from openpyxl import Workbook

from graph.errors import InvalidInput
from queries.opportunity_export import COLUMNS, Cell, Sheet

Format = Literal["csv", "xlsx"]

MEDIA: Final[dict[Format, str]] = {
    "csv": "text/csv; charset=utf-8",
    "xlsx": "application/vnd.openxmlformats-officedocument.spreadsheetml.sheet",
}

_FORMULA: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "＝", "＋", "－", "＠")


def safe(cell: Cell) -> Cell:
    """A text that a spreadsheet would take for a formula, marked as text (OWASP, CSV injection)."""
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_FORMULA) else cell


def form_of(path: Path) -> Format:
    """The form that a file's name asks for. Raises InvalidInput."""
    for form in MEDIA:
        if path.suffix.lower() == f".{form}":
            return form
    raise InvalidInput("export", f"{path.name} 应以 .csv 或 .xlsx 结尾 / should end in .csv or .xlsx")


def written(sheet: Sheet, form: Format) -> bytes:
    """The file: a heading, and a row a line."""
    return _csv(sheet) if form == "csv" else _xlsx(sheet)


def _rows(sheet: Sheet) -> Iterator[list[Cell]]:
    yield [f"{label.zh} {label.en}" for label in COLUMNS]
    for row in sheet.rows:
        yield [safe(cell) for cell in row]


def _csv(sheet: Sheet) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows(_rows(sheet))
    return text.getvalue().encode("utf-8-sig")  # without the mark Excel takes it for another encoding


def _xlsx(sheet: Sheet) -> bytes:
    book = Workbook(write_only=True)
    page = book.create_sheet("商机 opportunities")
    for row in _rows(sheet):
        page.append(row)
    file = io.BytesIO()
    book.save(file)
    return file.getvalue()
