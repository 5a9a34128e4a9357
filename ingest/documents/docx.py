"""DOCX: paragraphs, headings and tables of a Word document in their order."""

from __future__ import annotations

import io
import re
import zipfile
from collections.abc import Iterator
from typing import Any, Final

import docx
from docx.document import Document
from docx.table import Table
from docx.text.paragraph import Paragraph

from ingest.documents.dates import signed_on
from ingest.documents.document import (
    CannotRead,
    SourceDocument,
    TextBuilder,
    content_key,
    first_line,
)

MOST_BYTES: Final = 100 << 20
MOST_UNPACKED: Final = 300 << 20
MOST_PARTS: Final = 10_000
MOST_CELLS: Final = 50_000
"""Of one table."""

_RATIO: Final = 200
_SMALL: Final = 8 << 20
_HEADING: Final = re.compile(r"(?:heading|标题)\s*(\d)", re.IGNORECASE)


def read(data: bytes, name: str) -> Iterator[SourceDocument]:
    """The document that a DOCX file is. Raises CannotRead."""
    _check_size(data)
    try:
        document = docx.Document(io.BytesIO(data))
    except Exception as error:  # python-docx raises whatever its parts raise on a damaged one
        raise CannotRead(f"damaged, or no DOCX: {error}", "open it in Word and save it again") from error
    builder = TextBuilder()
    title = _write(document, builder)
    text = builder.text
    if not text.strip():
        raise CannotRead("no text", "pictures of text need OCR elsewhere first")
    yield SourceDocument(
        key=content_key(text),
        title=title or _stated_title(document) or first_line(text),
        text=text,
        kind="announcement",
        published=signed_on(text),
        tables=tuple(builder.tables),
        headings=tuple(builder.headings),
        file=name,
    )


def _check_size(data: bytes) -> None:
    """Refuse what would unpack to more than is sane, by the sizes that the archive states, before unpacking any."""
    if len(data) > MOST_BYTES:
        raise CannotRead(f"larger than {MOST_BYTES >> 20} MB", "split the file")
    try:
        parts = zipfile.ZipFile(io.BytesIO(data)).infolist()
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        raise CannotRead(f"damaged: {error}", "fetch the file again") from error
    unpacked = sum(part.file_size for part in parts)
    if len(parts) > MOST_PARTS:
        raise CannotRead(f"{len(parts)} parts, more than {MOST_PARTS}", "it is no ordinary document")
    if unpacked > MOST_UNPACKED or any(p.file_size > max(_SMALL, _RATIO * p.compress_size) for p in parts):
        raise CannotRead(f"unpacks to {unpacked >> 20} MB: a zip bomb", "it is no ordinary document")
    if any(part.flag_bits & 1 for part in parts):
        raise CannotRead("encrypted", "save it without a password")


def _write(document: Document, builder: TextBuilder) -> str:
    """Write all of it; returns the text of the paragraph in the style Title."""
    title = ""
    for block in document.iter_inner_content():
        if isinstance(block, Table):
            rows = [_cells(row) for row in block.rows]
            if rows:
                _check_cells(rows)
                builder.table(_even(rows))
            continue
        text = " ".join(block.text.split("\n")).strip()
        if text:
            level = _level(block)
            builder.block(text, level)
            title = title or (text if _style(block) == "title" else "")
    return title


def _cells(row: Any) -> list[str]:
    """The cells of a row, a merged one at each place that it covers, with empty ones where the row begins late."""
    return ["" for _ in range(row.grid_cols_before)] + [" ".join(cell.text.split()) for cell in row.cells]


def _check_cells(rows: list[list[str]]) -> None:
    if sum(map(len, rows)) > MOST_CELLS:
        raise CannotRead(f"a table of more than {MOST_CELLS} cells", "give the table as CSV instead")


def _even(rows: list[list[str]]) -> list[list[str]]:
    width = max(map(len, rows))
    return [row + [""] * (width - len(row)) for row in rows]


def _style(paragraph: Paragraph) -> str:
    style = paragraph.style
    return (style.name or "").lower() if style is not None else ""


def _level(paragraph: Paragraph) -> int:
    style = _style(paragraph)
    found = _HEADING.match(style)
    return int(found[1]) if found else int(style in ("title", "标题"))


def _stated_title(document: Document) -> str:
    try:
        return (document.core_properties.title or "").strip()
    except Exception:  # noqa: BLE001 - damaged properties are no reason to lose the text
        return ""
