"""HTML: the article of a page with its title, date and site; fragments and filings as they are; tables as tables.

The article is found by trafilatura. Where it finds none (a fragment, a filing that is one long table) all visible text
is kept. Tables are read from the page itself.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from copy import deepcopy
from typing import Any, Final

import lxml.html
import trafilatura
from lxml.etree import ParserError
from trafilatura.settings import Document as Article

from ingest.documents.dates import signed_on
from ingest.documents.document import (
    TITLE_LENGTH,
    CannotRead,
    Rows,
    SourceDocument,
    TextBuilder,
    content_key,
    day,
    first_line,
)
from ingest.documents.plain import decode

MOST_BYTES: Final = 20 << 20
MOST_CELLS: Final = 50_000
"""Of one table, spans counted out."""

_CHARSET: Final = re.compile(rb"<meta[^>]{0,200}?charset\s*=\s*[\"']?\s*([-\w]{2,20})", re.IGNORECASE)
_WIDER: Final = {"gb2312": "gb18030", "gbk": "gb18030", "gb_2312-80": "gb18030", "x-gbk": "gb18030"}
_UNSEEN: Final = (
    "//script|//style|//noscript|//template|//iframe|//object|//svg|//canvas|//select|//textarea|//button"
    "|//comment()|//processing-instruction()|//*[@hidden]|//*[@aria-hidden='true']"
)
_HIDING: Final = re.compile(
    r"display\s*:\s*none|visibility\s*:\s*hidden|(?:font-size|opacity)\s*:\s*0*(?:\.0+)?(?:px|pt|em|rem|%)?\s*(?:;|!|$)",
    re.IGNORECASE,
)
_BLOCKS: Final = frozenset(
    "address article aside blockquote body br center dd div dl dt fieldset figcaption figure footer form h1 h2 h3 h4"  # noqa: SIM905 - one line a dozen
    " h5 h6 header hr html li main nav ol p pre section table tbody td tfoot th thead tr ul".split()
)
_HEADINGS: Final = {f"h{level}": level for level in range(1, 7)}
_PAGE: Final = re.compile(r"<(html|body|head)\b", re.IGNORECASE)
_SPACES: Final = re.compile(r"[ \t\r\n\f\xa0\u3000]+")


def read(data: bytes, name: str) -> Iterator[SourceDocument]:
    """The document that a page is. Raises CannotRead."""
    if len(data) > MOST_BYTES:
        raise CannotRead(f"larger than {MOST_BYTES >> 20} MB", "split the file")
    decoded = decode(data, _stated(data))
    root = _parsed(decoded.text)
    # its wider search takes any day in the text, or the year of the copyright, for the day of publication
    said = trafilatura.extract_metadata(lxml.html.tostring(root, encoding="unicode"), extensive=False)
    _drop_unseen(root)
    _spread_spans(root)
    article = _article(root) if _PAGE.search(decoded.text[:4096]) else None
    title = " ".join(str(said.title or "").split())
    builder = _built(root, article, "")
    if title and title not in builder.text[: 4 * TITLE_LENGTH]:
        builder = _built(root, article, title)
    text = builder.text
    if not text.strip():
        raise CannotRead("no visible text", "the page may be built by a script: save it as shown, or as text")
    yield SourceDocument(
        key=content_key(text),
        title=title or first_line(text),
        text=text,
        kind="page",
        published=day(said.date) or signed_on(text),
        publisher=str(said.sitename or ""),
        url=str(said.url or ""),
        tables=tuple(builder.tables),
        headings=tuple(builder.headings),
        notes=(decoded.note,) if decoded.note else (),
        file=name,
    )


def _built(root: Any, article: Any, title: str) -> TextBuilder:
    """The text under its title: the article's where there is one, else all that is visible."""
    builder = TextBuilder()
    if title:
        builder.block(title, 1)
    if article is not None:
        _write_article(article, builder)
    else:
        body = root.find("body")
        _write_all(root if body is None else body, builder)
    return builder


def _stated(data: bytes) -> str:
    found = _CHARSET.search(data[:4096])
    name = found[1].decode("ascii").lower() if found else ""
    return _WIDER.get(name, name)


def _parsed(text: str) -> Any:
    without_declaration = re.sub(r"^\s*<\?xml[^>]*\?>", "", text)
    try:
        root = lxml.html.document_fromstring(without_declaration.replace("\0", " "))
    except (ParserError, ValueError) as error:
        raise CannotRead(f"no HTML: {error}", "save it as text if it is none") from error
    return root


def _drop_unseen(root: Any) -> None:
    styled = [element for element in root.xpath("//*[@style]") if _HIDING.search(element.get("style"))]
    for element in [*root.xpath(_UNSEEN), *styled]:
        if element.getparent() is not None:
            element.drop_tree()


# --- tables -----------------------------------------------------------------------------------------------------


def _spread_spans(root: Any) -> None:
    """Put a copy of each cell at every place that its colspan and rowspan cover."""
    for table in root.iter("table"):
        if next(table.iterdescendants("table"), None) is None:
            _spread_table(table)


def _spread_table(table: Any) -> None:
    rows = list(table.iter("tr"))
    below: dict[tuple[int, int], Any] = {}
    cells = 0
    for number, row in enumerate(rows):
        own = [cell for cell in row if cell.tag in ("td", "th")]
        placed: list[Any] = []
        for cell in own:
            _take_from_above(placed, below, number)
            across, deep = _span(cell, "colspan"), min(_span(cell, "rowspan"), len(rows) - number)
            cells += across * deep
            if cells > MOST_CELLS:
                raise CannotRead(f"a table of more than {MOST_CELLS} cells", "give the table as CSV instead")
            for lower in range(1, deep):
                below.update({(number + lower, len(placed) + n): cell for n in range(across)})
            placed += [cell] * across
        _take_from_above(placed, below, number)
        for cell in own:
            row.remove(cell)
        row.extend(map(deepcopy, placed))


def _take_from_above(placed: list[Any], below: dict[tuple[int, int], Any], number: int) -> None:
    while (cell := below.pop((number, len(placed)), None)) is not None:
        placed.append(cell)


def _span(cell: Any, name: str) -> int:
    value = str(cell.attrib.pop(name, "1")).strip()
    return min(max(int(value), 1), 1000) if value.isascii() and value.isdigit() and len(value) < 6 else 1  # noqa: PLR2004


def _is_data(rows: Rows) -> bool:
    """Two rows and two columns at least; else a table is there for the page's looks."""
    return len(rows) > 1 and max(map(len, rows)) > 1


def _even(rows: list[list[str]]) -> Rows:
    filled = [row for row in rows if any(row)]
    width = max(map(len, filled), default=0)
    return tuple(tuple(row + [""] * (width - len(row))) for row in filled)


def _write_rows(rows: Rows, builder: TextBuilder) -> None:
    if _is_data(rows):
        builder.table(rows)
        return
    for row in rows:
        for cell in filter(None, row):
            builder.block(cell)


# --- the article as trafilatura gives it --------------------------------------------------------------------------


def _article(root: Any) -> Any:
    """The article's body in trafilatura's own elements (head, p, list, table); None where it finds none."""
    found = trafilatura.bare_extraction(
        root, include_tables=True, include_comments=False, include_formatting=False, favor_recall=True
    )
    return found.body if isinstance(found, Article) and (found.text or "").strip() else None


def _write_article(body: Any, builder: TextBuilder) -> None:
    for element in body:
        if element.tag == "table":
            rows = [[_flat(cell) for cell in row.iter("cell")] for row in element.iter("row")]
            _write_rows(_even(rows), builder)
        elif element.tag in ("list", "div", "quote") and len(element):
            _write_article(element, builder)
        elif text := _flat(element):
            builder.block(text, _HEADINGS.get(element.get("rend", "h2"), 2) if element.tag == "head" else 0)
        if (element.tail or "").strip():
            builder.block(_SPACES.sub(" ", element.tail).strip())


def _flat(element: Any) -> str:
    return _SPACES.sub(" ", "".join(element.itertext())).strip()


# --- all that is visible ------------------------------------------------------------------------------------------


def _write_all(root: Any, builder: TextBuilder) -> None:
    """Every visible text of an element, a line a block."""
    waiting: list[str] = []

    def flush(level: int = 0) -> None:
        text = _SPACES.sub(" ", "".join(waiting)).strip()
        waiting.clear()
        if text:
            builder.block(text, level)

    def walk(element: Any) -> None:
        block = element.tag in _BLOCKS
        if block:
            flush()
        if element.tag == "table" and next(element.iterdescendants("table"), None) is None:
            rows = [[_flat(cell) for cell in row if cell.tag in ("td", "th")] for row in element.iter("tr")]
            _write_rows(_even(rows), builder)
        else:
            waiting.append(element.text or "")
            for child in element:
                walk(child)
                waiting.append(child.tail or "")
        if block:
            flush(_HEADINGS.get(element.tag, 0))

    walk(root)
    flush()
