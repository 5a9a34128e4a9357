"""PDF: announcements and reports as text in reading order, headings, and ruled tables with their cells.

Characters, their boxes and the lines that are drawn come from pdfium; what they make up is worked out here. Run it
through `worker`: a hostile file can make any PDF library run out of memory or time.
"""

from __future__ import annotations

import ctypes
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from itertools import pairwise
from math import pi
from typing import Any, Final

import pypdfium2
from pypdfium2 import raw

from ingest.documents import layout
from ingest.documents.aligned import Aligned, aligned_tables
from ingest.documents.dates import signed_on
from ingest.documents.document import (
    CannotRead,
    Rows,
    SourceDocument,
    TextBuilder,
    Unreadable,
    content_key,
    first_line,
)
from ingest.documents.grids import Grid, Rule, grids
from ingest.documents.layout import Glyph, Line

MOST_BYTES: Final = 200 << 20
MOST_PAGES: Final = 2_000
MOST_CHARACTERS: Final = 100_000
"""Of one page; a page of print has 3,000."""

_MOST_SEGMENTS: Final = 20_000
_THIN: Final = 3.0
_FEW: Final = 20
_UNNAMED_SHARE: Final = 0.3


@dataclass(frozen=True, slots=True)
class _Ruled:
    """A table of a page and where it stands."""

    rows: Rows
    shown: Rows
    top: float


@dataclass(frozen=True, slots=True)
class _Page:
    """What stands on a page: its lines outside of tables, its tables, its size."""

    lines: list[Line]
    tables: list[_Ruled]
    width: float
    height: float


@dataclass(slots=True)
class _Read:
    pages: list[_Page] = field(default_factory=list)
    failed: list[Unreadable] = field(default_factory=list)


def read(data: bytes, name: str) -> Iterator[SourceDocument | Unreadable]:
    """The document that a PDF is, and every page that cannot be read; only the pages, where none can.

    Raises:
        CannotRead: It is encrypted, damaged or over the limits.
    """
    with _opened(data) as pdf:
        found = _pages(pdf, name)
    yield from found.failed
    if any(page.lines or page.tables for page in found.pages):
        yield _document(found.pages, name)
    elif not found.failed:
        raise CannotRead("all pages are empty")


def _opened(data: bytes) -> pypdfium2.PdfDocument:
    if len(data) > MOST_BYTES:
        raise CannotRead(f"larger than {MOST_BYTES >> 20} MB", "split the file")
    try:
        pdf = pypdfium2.PdfDocument(data)
    except pypdfium2.PdfiumError as error:
        if "password" in str(error).lower():
            raise CannotRead("encrypted", "save it without a password") from error
        raise CannotRead(f"damaged, or no PDF: {error}", "fetch the file again") from error
    if len(pdf) > MOST_PAGES:
        raise CannotRead(f"{len(pdf)} pages, more than {MOST_PAGES}", "split the file")
    if not len(pdf):
        raise CannotRead("damaged: it has no page", "fetch the file again")
    return pdf


def _pages(pdf: pypdfium2.PdfDocument, name: str) -> _Read:
    read_so_far = _Read()
    for number in range(1, len(pdf) + 1):
        try:
            page = pdf[number - 1]
            read_so_far.pages.append(_page(page, number))
            page.close()
        except pypdfium2.PdfiumError as error:
            damaged = Unreadable(name, f"page {number}", f"damaged: {error}", "fetch the file again")
            read_so_far.failed.append(damaged)
            read_so_far.pages.append(_Page([], [], 1.0, 1.0))
        except CannotRead as error:
            read_so_far.failed.append(Unreadable(name, f"page {number}", error.reason, error.hint))
            read_so_far.pages.append(_Page([], [], 1.0, 1.0))
    return read_so_far


# --- one page ---------------------------------------------------------------------------------------------------


def _page(page: pypdfium2.PdfPage, number: int) -> _Page:
    glyphs, turns = _glyphs(page)
    _check_readable(page, glyphs)
    upright = _Upright.of(page, turns)
    placed = [upright.glyph(glyph) for glyph in glyphs]
    width, height = upright.size
    across, down = _rules(page, upright)
    found = grids(across, down)
    inside: list[list[Glyph]] = [[] for _ in found]
    outside: list[Glyph] = []
    for glyph in placed:
        x, y = (glyph.left + glyph.right) / 2, (glyph.bottom + glyph.top) / 2
        home = next((n for n, grid in enumerate(found) if grid.holds(x, y)), None)
        (outside if home is None else inside[home]).append(glyph)
    tables = [_table(grid, held) for grid, held in zip(found, inside, strict=True)]
    return _Page(layout.lines(outside, number), [t for t in tables if t], width, height)


def _glyphs(page: pypdfium2.PdfPage) -> tuple[list[Glyph], int]:
    """The characters of a page, and by how many quarter turns to the left most of them are turned.

    Characters at another angle (a watermark across the page) are left out.
    """
    text = page.get_textpage()
    count = text.count_chars()
    if count > MOST_CHARACTERS:
        raise CannotRead(f"{count} characters, more than {MOST_CHARACTERS}", "it is no page of print")
    box, handle = raw.FS_RECTF(), text.raw
    angled: list[tuple[int, Glyph]] = []
    for index in range(count):
        char = chr(raw.FPDFText_GetUnicode(handle, index))
        if char.isspace() or raw.FPDFText_IsGenerated(handle, index) == 1:
            continue
        if not raw.FPDFText_GetLooseCharBox(handle, index, box):
            continue
        angle = round(raw.FPDFText_GetCharAngle(handle, index) * 36 / pi)
        angled.append((angle % 72, Glyph(char, box.left, box.bottom, box.right, box.top, 0.0)))
    text.close()
    usual = Counter(angle for angle, _ in angled).most_common(1)
    if not usual:
        return [], 0
    angle = usual[0][0]
    return [glyph for other, glyph in angled if other == angle], -round(
        angle / 18
    ) % 4  # pdfium counts with the clock


def _check_readable(page: pypdfium2.PdfPage, glyphs: Sequence[Glyph]) -> None:
    """Raise CannotRead for a page that is a picture, or whose font does not say what its characters are."""
    if len(glyphs) < _FEW and _is_picture(page, bare=not glyphs):
        raise CannotRead(
            "scanned: a picture without text", "recognise its text (OCR) elsewhere first; nothing is guessed"
        )
    unnamed = sum(g.char < " " or "\ue000" <= g.char <= "\uf8ff" or g.char == "\ufffd" for g in glyphs)
    if unnamed > _UNNAMED_SHARE * max(1, len(glyphs)):
        raise CannotRead(
            "its font does not say which characters its shapes are",
            "recognise its text (OCR) elsewhere first",
        )


def _is_picture(page: pypdfium2.PdfPage, *, bare: bool) -> bool:
    width, height = page.get_size()
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_IMAGE]):
        left, bottom, right, top = item.get_bounds()
        if (right - left) * (top - bottom) > 0.3 * width * height:
            return True
    if not bare:
        return False
    shapes = sum(1 for _ in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH, raw.FPDF_PAGEOBJ_IMAGE]))
    return shapes > _FEW


@dataclass(frozen=True, slots=True)
class _Upright:
    """Turns a page so that its text stands upright, whatever /Rotate says, with the corner at nought."""

    turns: int
    left: float
    bottom: float
    width: float
    height: float

    @classmethod
    def of(cls, page: pypdfium2.PdfPage, turns: int) -> _Upright:
        left, bottom, right, top = page.get_mediabox()
        return cls(turns, left, bottom, right - left, top - bottom)

    @property
    def size(self) -> tuple[float, float]:
        """Width and height once turned."""
        return (self.height, self.width) if self.turns % 2 else (self.width, self.height)

    def point(self, x: float, y: float) -> tuple[float, float]:
        x, y = x - self.left, y - self.bottom
        if self.turns == 1:
            return y, self.width - x
        if self.turns == 2:  # noqa: PLR2004 - upside down
            return self.width - x, self.height - y
        return (self.height - y, x) if self.turns else (x, y)

    def glyph(self, glyph: Glyph) -> Glyph:
        x0, y0 = self.point(glyph.left, glyph.bottom)
        x1, y1 = self.point(glyph.right, glyph.top)
        left, right, bottom, top = min(x0, x1), max(x0, x1), min(y0, y1), max(y0, y1)
        size = top - bottom if glyph.char.isascii() else right - left
        return Glyph(glyph.char, left, bottom, right, top, size)


# --- lines that are drawn ---------------------------------------------------------------------------------------


def _rules(page: pypdfium2.PdfPage, upright: _Upright) -> tuple[list[Rule], list[Rule]]:
    across: list[Rule] = []
    down: list[Rule] = []
    segments = 0
    for item in page.get_objects(filter=[raw.FPDF_PAGEOBJ_PATH]):
        segments += raw.FPDFPath_CountSegments(item.raw)
        if segments > _MOST_SEGMENTS:
            return [], []
        stroked = _stroked(item)
        for points in _outlines(item):
            _add_rules([upright.point(*point) for point in points], stroked=stroked, across=across, down=down)
    return across, down


def _stroked(item: Any) -> bool:
    fill, stroke = ctypes.c_int(), ctypes.c_int()
    return bool(raw.FPDFPath_GetDrawMode(item.raw, fill, stroke)) and bool(stroke.value)


def _outlines(item: Any) -> Iterator[list[tuple[float, float]]]:
    """The straight outlines of a path in the page's coordinates; one with a curve is left out."""
    matrix = item.get_matrix()
    around = item.container
    while around is not None:
        matrix = matrix.multiply(around.get_matrix())
        around = around.container
    points: list[tuple[float, float]] = []
    x, y = ctypes.c_float(), ctypes.c_float()
    curved = False
    for index in range(raw.FPDFPath_CountSegments(item.raw)):
        segment = raw.FPDFPath_GetPathSegment(item.raw, index)
        kind = raw.FPDFPathSegment_GetType(segment)
        raw.FPDFPathSegment_GetPoint(segment, x, y)
        if kind == raw.FPDF_SEGMENT_MOVETO:
            if len(points) > 1 and not curved:
                yield points
            points, curved = [], False
        curved = curved or kind == raw.FPDF_SEGMENT_BEZIERTO
        points.append(matrix.on_point(x.value, y.value))
        if raw.FPDFPathSegment_GetClose(segment):
            points.append(points[0])
    if len(points) > 1 and not curved:
        yield points


def _add_rules(
    points: Sequence[tuple[float, float]], *, stroked: bool, across: list[Rule], down: list[Rule]
) -> None:
    xs, ys = [x for x, _ in points], [y for _, y in points]
    left, right, bottom, top = min(xs), max(xs), min(ys), max(ys)
    if top - bottom <= _THIN:  # a line, or a bar as thin as one
        if right - left > _THIN:
            across.append(Rule((bottom + top) / 2, left, right))
    elif right - left <= _THIN:
        down.append(Rule((left + right) / 2, bottom, top))
    elif stroked:
        for (x0, y0), (x1, y1) in pairwise(points):
            if abs(y0 - y1) < 1:
                across.append(Rule(y0, min(x0, x1), max(x0, x1)))
            elif abs(x0 - x1) < 1:
                down.append(Rule(x0, min(y0, y1), max(y0, y1)))


# --- tables -----------------------------------------------------------------------------------------------------


def _table(grid: Grid, held: Sequence[Glyph]) -> _Ruled | None:
    """The cells of a ruled table; None where it holds no character."""
    if not held:
        return None
    rows, columns = grid.shape
    home = {
        (r, c): cell
        for cell in grid.cells
        for r in range(cell.top, cell.bottom)
        for c in range(cell.left, cell.right)
    }
    inside: dict[Any, list[Glyph]] = {cell: [] for cell in grid.cells}
    for glyph in held:
        place = grid.place((glyph.left + glyph.right) / 2, (glyph.bottom + glyph.top) / 2)
        if place in home:
            inside[home[place]].append(glyph)
    texts = {cell: _cell_text(glyphs) for cell, glyphs in inside.items()}
    full = tuple(
        tuple(texts[home[r, c]] if (r, c) in home else "" for c in range(columns)) for r in range(rows)
    )
    shown = tuple(
        tuple(
            texts[cell] if (cell := home.get((r, c))) is not None and (cell.top, cell.left) == (r, c) else ""
            for c in range(columns)
        )
        for r in range(rows)
    )
    return _Ruled(full, shown, grid.ys[0])


def _cell_text(glyphs: Sequence[Glyph]) -> str:
    """The lines of a cell as one; Latin words broken over lines stay apart, ideographs and figures do not."""
    text = ""
    for line in layout.lines(glyphs):
        words = (
            text
            and text[-1].isascii()
            and text[-1].isalpha()
            and line.text[0].isascii()
            and line.text[0].isalpha()
        )
        text += f" {line.text}" if words else line.text
    return text


# --- the document -----------------------------------------------------------------------------------------------


def _document(pages: Sequence[_Page], name: str) -> SourceDocument:
    repeated = layout.furniture([page.lines for page in pages], [page.height for page in pages])
    kept = [
        [line for n, line in enumerate(page.lines) if n not in out]
        for page, out in zip(pages, repeated, strict=True)
    ]
    body = layout.body_size(kept)
    builder = _flow(pages, kept, body)
    text = builder.text
    title = _title(kept, body) or first_line(text)
    return SourceDocument(
        key=content_key(text),
        title=title,
        text=text,
        kind="announcement",
        published=signed_on(text),
        tables=tuple(builder.tables),
        pages=tuple(builder.pages),
        headings=tuple(builder.headings),
        file=name,
    )


def _flow(pages: Sequence[_Page], kept: Sequence[Sequence[Line]], body: float) -> TextBuilder:
    """Text and tables in reading order; a paragraph that runs over a page's end belongs to the page it begins on."""
    borders = _borders(pages, kept, body)
    builder = TextBuilder()
    waiting: list[Line] = []

    def reach(number: int) -> None:
        while len(builder.pages) < number:
            builder.page()

    def flush() -> None:
        for paragraph in layout.paragraphs(waiting, body, borders):
            reach(paragraph.page)
            builder.block(paragraph.text, paragraph.level)
        waiting.clear()

    for number, (page, page_lines) in enumerate(zip(pages, kept, strict=True), 1):
        for item in _in_order(page, page_lines):
            if isinstance(item, Line):
                waiting.append(item)
                continue
            flush()
            reach(number)
            shown = item.shown if isinstance(item, _Ruled) else None
            builder.table(item.rows, shown, number)
    flush()
    reach(len(pages))
    return builder


def _borders(pages: Sequence[_Page], kept: Sequence[Sequence[Line]], body: float) -> list[layout.Margins]:
    by_width: dict[int, list[Line]] = {}
    for page, page_lines in zip(pages, kept, strict=True):
        by_width.setdefault(round(page.width), []).extend(page_lines)
    margins = {width: layout.margins(column, body) for width, column in by_width.items()}
    return [margins[round(page.width)] for page in pages]


def _in_order(page: _Page, page_lines: Sequence[Line]) -> Iterator[Line | _Ruled | Aligned]:
    items: list[tuple[float, Line | _Ruled | Aligned]] = [(table.top, table) for table in page.tables]
    items += [(item.top, item) for item in aligned_tables(page_lines)]
    yield from (item for _, item in sorted(items, key=lambda pair: -pair[0]))


def _title(kept: Sequence[Sequence[Line]], body: float) -> str:
    """The largest type of the first page that has text, where it is larger than the rest."""
    first = next((page for page in kept if page), [])
    largest = max((line.size for line in first), default=0.0)
    if largest < body * 1.15:
        return ""
    start = next(n for n, line in enumerate(first) if line.size >= 0.98 * largest)
    title = ""
    for line in first[start:]:
        if line.size < 0.98 * largest:
            break
        title += line.text.replace("  ", "")
    return title if len(title) <= 120 else ""  # noqa: PLR2004 - characters
