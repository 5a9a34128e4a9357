"""版面: characters with their boxes to lines, and lines to paragraphs and headings. Pure; y grows upward, in points."""

from __future__ import annotations

import re
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from itertools import pairwise
from statistics import median
from typing import Final, NamedTuple

_GAP: Final = 0.9  # of the type size: wider than a space, so cells beside each other, or words set apart
_SPACE: Final = 0.18  # of the type size: the least gap between two Latin words
_INDENT: Final = 0.9
_SHORT: Final = 2.0  # of the type size: a line that ends so far before the margin ends its paragraph
_LOOSE: Final = 1.1  # of the type size: more room above a line than this begins a paragraph
_LARGER: Final = 1.15
_MANY: Final = 0.15  # of the lines
_MARGIN: Final = 0.12  # of the page's height: where running headers, footers and page numbers stand
_REPEATED: Final = 0.4  # of the pages
_HEADING_LENGTH: Final = 45


class Glyph(NamedTuple):
    """One character with its box and type size."""

    char: str
    left: float
    bottom: float
    right: float
    top: float
    size: float


@dataclass(frozen=True, slots=True)
class Piece:
    """Characters of a line without a wide gap between them."""

    text: str
    left: float
    right: float


@dataclass(frozen=True, slots=True)
class Line:
    """One line of a page: pieces from left to right."""

    pieces: tuple[Piece, ...]
    bottom: float
    top: float
    size: float
    page: int = 1

    @property
    def text(self) -> str:
        """Its characters, pieces two spaces apart."""
        return "  ".join(piece.text for piece in self.pieces)

    @property
    def left(self) -> float:
        """Where its first character begins."""
        return self.pieces[0].left

    @property
    def right(self) -> float:
        """Where its last character ends."""
        return self.pieces[-1].right


@dataclass(frozen=True, slots=True)
class Paragraph:
    """Lines joined; `level` above 0 is a heading's."""

    text: str
    level: int = 0
    page: int = 1


class Margins(NamedTuple):
    """Where lines begin and end."""

    left: float
    right: float


def lines(glyphs: Iterable[Glyph], page: int = 1) -> list[Line]:
    """The lines of a page from top to bottom; characters on one height are one line."""
    return [line for row in _rows(glyphs) if (line := _line(row, page)) is not None]


def _rows(glyphs: Iterable[Glyph]) -> list[list[Glyph]]:
    """Characters by height: those whose middle lies within half a size of the line's."""
    rows: list[list[Glyph]] = []
    middle = 0.0
    for glyph in sorted(glyphs, key=lambda g: -(g.bottom + g.top)):
        place = (glyph.bottom + glyph.top) / 2
        if rows and middle - place <= 0.45 * max(glyph.size, rows[-1][0].size):
            rows[-1].append(glyph)
        else:
            rows.append([glyph])
            middle = place
    return rows


def _line(row: list[Glyph], page: int) -> Line | None:
    row.sort(key=lambda g: g.left)
    wide = [glyph.size for glyph in row if not glyph.char.isascii()]
    size = median(wide or [glyph.size for glyph in row])
    pieces = [piece for group in _pieces(row, size) if (piece := _piece(group, size)).text]
    if not pieces:
        return None
    bottom, top = min(g.bottom for g in row), max(g.top for g in row)
    return Line(tuple(pieces), bottom, top, size, page)


def _pieces(row: Sequence[Glyph], size: float) -> Iterator[list[Glyph]]:
    group: list[Glyph] = []
    for glyph in row:
        if glyph.char.isspace():
            continue
        if group and glyph.left - group[-1].right > _GAP * size:
            yield group
            group = []
        if group and _shadow(group[-1], glyph):
            continue
        group.append(glyph)
    if group:
        yield group


def _shadow(one: Glyph, other: Glyph) -> bool:
    """Bold type is sometimes the same character set twice, a hair apart."""
    return one.char == other.char and other.left - one.left < 0.25 * (one.right - one.left)


def _piece(group: Sequence[Glyph], size: float) -> Piece:
    text = group[0].char
    for before, glyph in pairwise(group):
        gap = glyph.left - before.right > _SPACE * size
        text += f" {glyph.char}" if gap and (_latin(before.char) or _latin(glyph.char)) else glyph.char
    return Piece(text, group[0].left, group[-1].right)


def _latin(char: str) -> bool:
    return char.isascii() and char.isprintable()


# --- what every page repeats ----------------------------------------------------------------------------------

_PAGE_NUMBER: Final = re.compile(
    r"[-—–\s]*(第?\s*\d{1,4}\s*页?)(\s*[/／,，、]?\s*(共|of)?\s*\d{1,4}\s*页?)?[-—–\s]*"
)


def furniture(pages: Sequence[Sequence[Line]], heights: Sequence[float]) -> list[frozenset[int]]:
    """Numbers of the lines of each page that are running headers, footers or page numbers.

    A line counts that stands in the outer eighth of its page and, digits aside, on two fifths of the pages (at least
    two) at the same height; a page number counts at once.
    """
    seen: Counter[tuple[str, int]] = Counter()
    for page, height in zip(pages, heights, strict=True):
        seen.update({_mark(page[n]) for n in _outer(page, height)})
    enough = max(2.0, _REPEATED * len(pages))
    return [
        frozenset(
            n
            for n in _outer(page, height)
            if seen[_mark(page[n])] >= enough or _PAGE_NUMBER.fullmatch(page[n].text) or _said_again(page, n)
        )
        for page, height in zip(pages, heights, strict=True)
    ]


def _said_again(page: Sequence[Line], number: int) -> bool:
    """A running header on a title page says what the title says, in smaller type."""
    line = page[number]
    return any(other.text == line.text and other.size > line.size for other in page)


def _outer(page: Sequence[Line], height: float) -> list[int]:
    return [
        n
        for n, line in enumerate(page)
        if line.bottom > (1 - _MARGIN) * height or line.top < _MARGIN * height
    ]


def _mark(line: Line) -> tuple[str, int]:
    return re.sub(r"\d+", "#", line.text), round(line.bottom / 4)


# --- paragraphs -----------------------------------------------------------------------------------------------

_NUMBERED: Final = (
    re.compile(r"第[一二三四五六七八九十百零〇\d]{1,4}[章节编部](?!分)"),
    re.compile(r"[一二三四五六七八九十]{1,3}\s*[、．.]"),
    re.compile(r"[（(][一二三四五六七八九十]{1,3}[）)]"),
    re.compile(r"\d{1,2}(\.\d{1,2}){0,3}\s*[、．.]?\s*(?=[^\d\s.,，%])"),
)
_OPEN_END: Final = tuple("。；，：;,:、！？")


def body_size(pages: Iterable[Sequence[Line]]) -> float:
    """The type size that most characters have."""
    sizes: dict[float, int] = defaultdict(int)
    for page in pages:
        for line in page:
            sizes[round(line.size * 2) / 2] += len(line.text)
    return max(sizes, key=lambda s: (sizes[s], -s), default=10.0)


def heading_level(line: Line, body: float) -> int:
    """The level of the heading that a line is, by its numbering (第一节, 一、, （一）, 1.) or its size; 0 for none."""
    text = line.text
    if len(text) > _HEADING_LENGTH or text.endswith(_OPEN_END) or not re.search(r"[^\W\d]", text):
        return 0
    level = next((level for level, form in enumerate(_NUMBERED, 1) if form.match(text)), 0)
    if level == len(_NUMBERED) and line.size < body * 1.02:
        return 0  # 2026年5月20日 and lists begin with a figure too: such a heading must be set larger
    return level or (1 if line.size >= _LARGER * body else 0)


def margins(column: Sequence[Line], body: float) -> Margins:
    """Where the lines of running text begin and end: the first place from the left where many begin."""
    running = [line for line in column if abs(line.size - body) <= 0.1 * body] or list(column)
    if not running:
        return Margins(0.0, 0.0)
    starts = Counter(round(line.left / 3) for line in running)
    many = _MANY * len(running)
    first = min((start for start, count in starts.items() if count >= many), default=min(starts))
    return Margins(3.0 * first, max(line.right for line in running))


def paragraphs(column: Sequence[Line], body: float, borders: Sequence[Margins]) -> list[Paragraph]:
    """Lines joined to paragraphs; the room at a line's end, an indent or a gap above ends one.

    `borders` are the margins of each page, the first page's first.
    """
    done: list[Paragraph] = []
    current: list[Line] = []
    for line in column:
        if current and _begins(current[-1], line, borders, body):
            done.append(_paragraph(current, body))
            current = []
        current.append(line)
    if current:
        done.append(_paragraph(current, body))
    return done


def _begins(before: Line, line: Line, borders: Sequence[Margins], body: float) -> bool:
    if _title_goes_on(before, line, body):
        return False
    resized = abs(before.size - line.size) > 0.08 * line.size
    short = before.right < borders[before.page - 1].right - _SHORT * before.size
    indented = line.left > borders[line.page - 1].left + _INDENT * line.size
    if resized or short or indented or heading_level(line, body):
        return True
    return before.page == line.page and before.bottom - line.top > _LOOSE * line.size


def _title_goes_on(before: Line, line: Line, body: float) -> bool:
    """Centred lines in the same large type are one title."""
    same = abs(before.size - line.size) <= 0.02 * line.size
    near = 0 <= before.bottom - line.top <= _LOOSE * line.size
    centred = abs((before.left + before.right) - (line.left + line.right)) < 2 * line.size
    return same and near and centred and line.size >= _LARGER * body


def _paragraph(group: Sequence[Line], body: float) -> Paragraph:
    text = group[0].text
    for line in group[1:]:
        apart = _latin(text[-1]) and _latin(line.text[0])
        text += f" {line.text}" if apart else line.text
    level = heading_level(group[0], body)
    return Paragraph(text, level if len(text) <= 2 * _HEADING_LENGTH else 0, group[0].page)
