"""Lists of clients to be matched: a text with a name a line, a CSV or an XLSX whose header names the columns."""

from __future__ import annotations

import csv
from collections.abc import Iterable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Final

from openpyxl import load_workbook
from pydantic import ValidationError

from graph.errors import InvalidInput
from queries.match import MAX_ITEMS, MatchItem

_ENCODINGS: Final = ("utf-8-sig", "gb18030")

HEADERS: Final[Mapping[str, str]] = {
    **dict.fromkeys(
        ("name", "名称", "公司名称", "企业名称", "客户名称", "全称", "公司", "单位名称", "简称"), "name"
    ),
    **dict.fromkeys(("uscc", "统一社会信用代码", "社会信用代码", "信用代码"), "uscc"),
    "lei": "lei",
    **dict.fromkeys(("code", "代码", "证券代码", "股票代码"), "code"),
    **dict.fromkeys(("registry_id", "工商注册号", "注册号"), "registry_id"),
}
"""What the columns of client lists are called; other columns are left alone."""


def read_list(path: Path) -> list[MatchItem]:
    """The items of a file; empty rows are left out. Raises InvalidInput that says what is wrong, and where."""
    if not path.is_file():
        raise InvalidInput("file", f"没有文件 {path} / there is no file {path}")
    items = [_item(number, row) for number, row in _rows(path) if any(row.values())]
    if not items:
        raise InvalidInput("file", f"{path.name} 中没有名单 / {path.name} lists nobody")
    if len(items) > MAX_ITEMS:
        raise InvalidInput(
            "file",
            f"{path.name} 有 {len(items)} 项，一次最多 {MAX_ITEMS} 项 / more than {MAX_ITEMS} items at a time",
        )
    return items


def _item(number: int, row: Mapping[str, str]) -> MatchItem:
    try:
        return MatchItem(**row)
    except ValidationError as error:
        fault = error.errors()[0]
        field = fault["loc"][0] if fault["loc"] else "row"
        message = f"第 {number} 行 {field} 无效 / row {number}, {field}: {fault['msg']}"
        raise InvalidInput("file", message) from None


def _rows(path: Path) -> Iterator[tuple[int, dict[str, str]]]:
    if path.suffix.lower() == ".xlsx":
        return _named(_sheet(path))
    text = _decoded(path)
    if path.suffix.lower() == ".csv":
        return _named(csv.reader(text.splitlines()))
    return ((number, {"name": line.strip()}) for number, line in enumerate(text.splitlines(), 1))


def _named(rows: Iterable[Sequence[str]]) -> Iterator[tuple[int, dict[str, str]]]:
    """Rows by the names of the header; without a known one the first column holds names, from the first row on."""
    lines = iter(rows)
    header = next(lines, [])
    fields = [HEADERS.get(cell.strip().lower(), "") for cell in header]
    if not any(fields):
        fields = ["name"]
        yield 1, dict(zip(fields, header, strict=False))
    for number, row in enumerate(lines, 2):
        yield number, {field: cell.strip() for field, cell in zip(fields, row, strict=False) if field}


def _sheet(path: Path) -> Iterator[list[str]]:
    """The first sheet; a number is written as people see it, without a decimal point."""
    try:
        book = load_workbook(path, read_only=True, data_only=True)
    except Exception as error:
        raise InvalidInput("file", f"{path.name} 不是可读的 XLSX / is no readable XLSX: {error}") from error
    try:
        for row in book.worksheets[0].iter_rows(values_only=True):
            yield [_text(cell) for cell in row]
    finally:
        book.close()


def _text(cell: object) -> str:
    if cell is None:
        return ""
    return str(int(cell)) if isinstance(cell, float) and cell.is_integer() else str(cell)


def _decoded(path: Path) -> str:
    data = path.read_bytes()
    for encoding in _ENCODINGS:
        try:
            return data.decode(encoding)
        except UnicodeDecodeError:
            continue
    raise InvalidInput("file", f"{path.name} 不是 UTF-8 或 GB18030 文本 / is neither UTF-8 nor GB18030 text")
