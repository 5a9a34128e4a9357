"""无框表: holders tables without lines, read by how their columns stand under the words of the header."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.documents.document import Rows
from ingest.documents.layout import Line, Piece

_NAMES: Final = ("股东名称", "股东姓名", "持有人名称", "股东（持有人）名称")
_LEAST: Final = 3
_ROW_GAP: Final = 2.5  # of the type size, between rows
_CELL_GAP: Final = 0.8  # of the type size, between lines of one cell
_SENTENCE: Final = ("。", "；", "：", ":")


@dataclass(frozen=True, slots=True)
class Aligned:
    """A table without lines and the height at which it begins."""

    rows: Rows
    top: float


def aligned_tables(page: Sequence[Line]) -> Iterator[Line | Aligned]:
    """The lines of a page, with those of a holders table put together as one."""
    at = 0
    while at < len(page):
        end = _end(page, at) if _is_header(page[at]) else at
        if end > at + 1:
            yield Aligned(_rows(page[at:end]), page[at].top)
            at = end
        else:
            yield page[at]
            at += 1


def _is_header(line: Line) -> bool:
    return len(line.pieces) >= _LEAST and any(name in piece.text for piece in line.pieces for name in _NAMES)


def _end(page: Sequence[Line], start: int) -> int:
    """Where the table ends: at the first line that neither has columns nor goes on a cell of the row above."""
    header = page[start]
    end = start + 1
    while end < len(page) and _belongs(page[end - 1], page[end], header):
        end += 1
    return end


def _belongs(above: Line, line: Line, header: Line) -> bool:
    gap = above.bottom - line.top
    if len(line.pieces) >= _LEAST:
        return gap < _ROW_GAP * line.size
    narrow = line.right - line.left < 0.5 * (header.right - header.left)
    return (
        above is not header and narrow and gap < _CELL_GAP * line.size and not line.text.endswith(_SENTENCE)
    )


def _rows(lines: Sequence[Line]) -> Rows:
    header = lines[0].pieces
    rows: list[list[str]] = [[piece.text for piece in header]]
    for line in lines[1:]:
        cells = [""] * len(header)
        for piece in line.pieces:
            column = _column(piece, header)
            cells[column] += piece.text
        if len(line.pieces) < _LEAST and len(rows) > 1:
            rows[-1] = [above + cell for above, cell in zip(rows[-1], cells, strict=True)]
        else:
            rows.append(cells)
    return tuple(map(tuple, rows))


def _column(piece: Piece, header: Sequence[Piece]) -> int:
    """The column whose header overlaps the piece most; else the one whose middle is nearest."""

    def fit(n: int) -> tuple[float, float]:
        over = min(piece.right, header[n].right) - max(piece.left, header[n].left)
        return max(over, 0.0), -abs((piece.left + piece.right) - (header[n].left + header[n].right))

    return max(range(len(header)), key=fit)
