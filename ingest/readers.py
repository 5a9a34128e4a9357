"""Rows from CSV, XLSX, JSON, JSON lines and Python literals, compressed or not, whatever their encoding.

A row comes as `(line, {column: value})` with empty cells left out; a malformed one as a `Reject` with its
line. What stands before a break in a file is read, and the break is one reject. `line` is the line of the
file in which the row begins (the row number of a sheet), as an editor counts it.
"""

from __future__ import annotations

import ast
import codecs
import csv
import datetime as dt
import gzip
import io
import json
import lzma
import warnings
import zipfile
import zlib
from collections import deque
from collections.abc import Callable, Collection, Iterable, Iterator, Sequence
from dataclasses import dataclass
from operator import itemgetter
from pathlib import Path
from typing import IO, Any, Final, Literal, TypeAlias, cast
from xml.etree.ElementTree import ParseError

import openpyxl

from graph.errors import InvalidInput
from graph.statements import Reject

Kind: TypeAlias = Literal["csv", "xlsx", "json", "jsonl", "literal"]
Row: TypeAlias = tuple[int, dict[str, Any]]

LARGEST_FIELD: Final = 1 << 20
"""Characters of a CSV field; beyond it a quote was opened and never closed."""

_DELIMITERS: Final = (",", "\t", ";", "|")
_CHUNK: Final = 1 << 20
_BROKEN_STREAM: Final = (EOFError, zlib.error, lzma.LZMAError, OSError)
_SUFFIXES: Final[dict[str, Kind]] = {
    ".csv": "csv",
    ".tsv": "csv",
    ".txt": "csv",
    ".xlsx": "xlsx",
    ".xlsm": "xlsx",
    ".json": "json",
    ".jsonl": "jsonl",
    ".ndjson": "jsonl",
}
_COMPRESSED: Final = (".gz", ".xz")

csv.field_size_limit(LARGEST_FIELD)


@dataclass(frozen=True, slots=True)
class Format:
    """How a file is written, where its name and content leave it open.

    `sheet` names a sheet of a workbook (the first one by default), `items` the list inside a JSON object ('.':
    the object itself is the one row), `header` the columns of a CSV file that has no header line.
    """

    kind: Kind | None = None
    sheet: str = ""
    items: str = ""
    delimiter: str = ""
    encoding: str = ""
    header: tuple[str, ...] = ()


def rows(
    path: Path,
    form: Format = Format(),
    columns: Collection[str] | None = None,
) -> Iterator[Row | Reject]:
    """Every row of a file, in its order, with only `columns` where given.

    Raises InvalidInput for what no row can be read from: no such file, an unknown extension, a missing sheet,
    no header, a column of `columns` that a CSV or XLSX header lacks.
    """
    _check_exists(path)
    kind = _kind(path, form)
    if kind == "csv":
        return _csv_rows(path, form, columns)
    if kind == "xlsx":
        return _xlsx_rows(path, form, columns)
    return _picked(_object_rows(path, form, kind), columns)


def header(path: Path, form: Format = Format()) -> tuple[str, ...]:
    """The column names of a file, or the keys of its first object; what a file is recognised by.

    Raises InvalidInput as `rows` does.
    """
    _check_exists(path)
    kind = _kind(path, form)
    if kind == "csv":
        survey = _survey(path, form)
        with _open_text(path, survey) as lines:
            return _csv_header(path, lines, form)[0]
    if kind == "xlsx":
        return cast("tuple[str, ...]", next(_sheet_rows(path, form))[1])
    first = next((row for row in _object_rows(path, form, kind) if not isinstance(row, Reject)), None)
    if first is None:
        raise InvalidInput("file", f"{path.name}: no row can be read")
    return tuple(first[1])


def stem(path: Path) -> str:
    """A file's name up to its first dot: `HOLDS` of `HOLDS.csv.gz`."""
    return path.name.partition(".")[0]


# --- files --------------------------------------------------------------------------------------------------


def _check_exists(path: Path) -> None:
    if not path.is_file():
        what = "is a folder" if path.is_dir() else "does not exist"
        raise InvalidInput("file", f"{path.name}: the file {what}", hint="Name a file that can be read.")


def _kind(path: Path, form: Format) -> Kind:
    suffixes = [s.lower() for s in path.suffixes]
    if suffixes and suffixes[-1] in _COMPRESSED:
        suffixes.pop()
    kind = form.kind or _SUFFIXES.get(suffixes[-1] if suffixes else "")
    if kind is None:
        known = " ".join(_SUFFIXES)
        raise InvalidInput(
            "file", f"{path.name}: unknown kind of file", hint=f"Read are {known}, also .gz and .xz."
        )
    return _sniffed_json(path) if kind == "json" and form.kind is None and not form.items else kind


def _open_bytes(path: Path) -> IO[bytes]:
    suffix = path.suffix.lower()
    if suffix == ".gz":
        return cast("IO[bytes]", gzip.open(path))
    return cast("IO[bytes]", lzma.open(path)) if suffix == ".xz" else path.open("rb")


@dataclass(frozen=True, slots=True)
class _Survey:
    """What one fast pass over the bytes tells: the encoding, and whether rows need a closer look."""

    encoding: str
    suspect: bool


_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)


def _chunks(path: Path) -> Iterator[bytes]:
    """The bytes of a file up to its end, or to where its compression breaks."""
    with _open_bytes(path) as file:
        while True:
            try:
                chunk = file.read(_CHUNK)
            except _BROKEN_STREAM:
                return  # read again row by row, where the break becomes a reject
            if not chunk:
                return
            yield chunk


def _decodable(path: Path, encoding: str) -> int | None:
    """None if all of a file decodes; else the position of the chunk that does not."""
    decoder = codecs.getincrementaldecoder(encoding)()
    position = 0
    try:
        for chunk in _chunks(path):
            decoder.decode(chunk)
            position += len(chunk)
        decoder.decode(b"", final=True)
    except UnicodeDecodeError:
        return position
    return None


def _survey(path: Path, form: Format) -> _Survey:
    with_nul = any(b"\0" in chunk for chunk in _chunks(path))
    if form.encoding:
        return _Survey(form.encoding, with_nul or _decodable(path, form.encoding) is not None)
    start = next(_chunks(path), b"")
    for mark, encoding in _MARKS:
        if start.startswith(mark):
            return _Survey(encoding, with_nul or _decodable(path, encoding) is not None)
    # GB18030 has GBK and GB2312 as subsets; UTF-8 Chinese seldom happens to be valid GB18030 to its end
    failures = {encoding: _decodable(path, encoding) for encoding in ("utf-8", "gb18030")}
    for encoding, failure in failures.items():
        if failure is None:
            return _Survey(encoding, with_nul)
    return _Survey(max(failures, key=lambda e: failures[e] or 0), suspect=True)


def _open_text(path: Path, survey: _Survey) -> io.TextIOWrapper:
    return io.TextIOWrapper(_open_bytes(path), encoding=survey.encoding, errors="replace", newline="")


def _damage(text: str) -> str:
    if "\0" in text:
        return "holds a NUL byte"
    return "holds bytes that are not text in the file's encoding" if "\ufffd" in text else ""


def _break(path: Path, line: int, error: BaseException) -> Reject:
    return Reject(path.name, line, f"the file breaks off here: {error}")


# --- CSV ----------------------------------------------------------------------------------------------------


def _delimiter(line: str) -> str:
    return max(_DELIMITERS, key=lambda d: len(next(csv.reader([line], delimiter=d), [])))


def _csv_header(path: Path, lines: Iterator[str], form: Format) -> tuple[tuple[str, ...], str]:
    """The column names and the delimiter; leaves `lines` behind the header."""
    if form.header:
        return form.header, form.delimiter or ","
    try:
        first = next((line for line in lines if line.strip()), "")
    except _BROKEN_STREAM as error:
        raise InvalidInput("file", f"{path.name}: cannot be read: {error}") from error
    if not first:
        raise InvalidInput(
            "file", f"{path.name}: the file is empty", hint="The first line names the columns."
        )
    delimiter = form.delimiter or _delimiter(first)
    try:
        names = next(csv.reader([first], delimiter=delimiter, strict=True))
    except csv.Error as error:
        raise InvalidInput("file", f"{path.name}: the header cannot be read: {error}") from error
    return tuple(name.strip() for name in names), delimiter


def _positions(path: Path, names: Sequence[str], columns: Collection[str] | None) -> list[tuple[int, str]]:
    """Where the wanted columns stand; all that have a name, where none are asked for."""
    wanted = [n for n in names if n] if columns is None else list(columns)
    missing = [n for n in wanted if n not in names]
    if missing:
        raise InvalidInput(
            "file",
            f"{path.name}: no column {', '.join(missing)}",
            hint=f"The file's columns are: {', '.join(names)}.",
        )
    twice = [n for n in wanted if names.count(n) > 1]
    if twice:
        raise InvalidInput("file", f"{path.name}: the column {twice[0]} stands there twice")
    return [(names.index(n), n) for n in wanted]


def _feed(lines: Iterator[str], pending: deque[str], kept: list[str]) -> Iterator[str]:
    """Lines for the parser, pushed-back ones first; `kept` holds those of the row that is being read."""
    while True:
        line = pending.popleft() if pending else next(lines, None)
        if line is None:
            return
        kept.append(line)
        yield line


def _parsed(
    path: Path, lines: Iterator[str], delimiter: str, line: int
) -> Iterator[tuple[int, list[str]] | Reject]:
    """Rows of cells with the line each begins in.

    A quote that is never closed would swallow what follows: only its line is rejected, and reading goes on
    with the next.
    """
    pending: deque[str] = deque()
    while True:
        kept: list[str] = []
        try:
            for row in csv.reader(_feed(lines, pending, kept), delimiter=delimiter, strict=True):
                yield line, row
                line += len(kept)
                kept.clear()
        except csv.Error as error:
            yield Reject(path.name, line, f"the quotes of the row do not close: {error}")
            pending.extendleft(reversed(kept[1:]))
            line += 1
        except _BROKEN_STREAM as error:
            yield _break(path, line, error)
            return
        else:
            return


def _csv_rows(path: Path, form: Format, columns: Collection[str] | None) -> Iterator[Row | Reject]:
    survey = _survey(path, form)
    with _open_text(path, survey) as lines:
        names, delimiter = _csv_header(path, lines, form)
        positions = _positions(path, names, columns)
        parsed = _parsed(path, lines, delimiter, 1 if form.header else 2)
        checked = _undamaged(path, parsed) if survey.suspect else parsed
        yield from _named(path, checked, len(names), positions)


def _undamaged(
    path: Path, parsed: Iterable[tuple[int, list[str]] | Reject]
) -> Iterator[tuple[int, list[str]] | Reject]:
    for item in parsed:
        damage = "" if isinstance(item, Reject) else _damage("".join(item[1]))
        yield Reject(path.name, cast("int", item[0]), f"the row {damage}") if damage else item  # type: ignore[index]


def _named(
    path: Path,
    parsed: Iterable[tuple[int, list[str]] | Reject],
    width: int,
    positions: Sequence[tuple[int, str]],
) -> Iterator[Row | Reject]:
    names = [name for _, name in positions]
    pick = _picker([position for position, _ in positions], width)
    for item in parsed:
        if item.__class__ is Reject:
            yield item
            continue
        line, cells = cast("tuple[int, list[str]]", item)
        if len(cells) != width:
            if not cells:
                continue  # a blank line is no row
            if len(cells) < width or any(cells[width:]):
                yield Reject(path.name, line, f"{len(cells)} columns where the header has {width}")
                continue
        yield line, {name: text for name, cell in zip(names, pick(cells)) if (text := cell.strip())}  # noqa: B905


def _picker(positions: Sequence[int], width: int) -> Callable[[list[str]], Sequence[str]]:
    if list(positions) == list(range(width)):
        return lambda cells: cells
    if len(positions) == 1:
        only = positions[0]
        return lambda cells: (cells[only],)
    return itemgetter(*positions) if positions else lambda _: ()


# --- XLSX ---------------------------------------------------------------------------------------------------

_BROKEN_BOOK: Final = (
    *(zipfile.BadZipFile, zlib.error, EOFError, OSError, ParseError, NotImplementedError),
    *(KeyError, ValueError, TypeError, AttributeError, IndexError),  # what openpyxl makes of damaged parts
)


def _xlsx_rows(path: Path, form: Format, columns: Collection[str] | None) -> Iterator[Row | Reject]:
    sheet = _sheet_rows(path, form)
    _, names = next(sheet)
    positions = _positions(path, names, columns)
    for line, cells in sheet:
        if isinstance(cells, Reject):
            yield cells
        elif any(cell is not None for cell in cells):
            yield (
                line,
                {
                    name: value
                    for position, name in positions
                    if position < len(cells) and (value := _cell(cells[position])) != ""
                },
            )


def _sheet_rows(path: Path, form: Format) -> Iterator[tuple[int, Any]]:
    """First the header's names, then every row's values; a broken sheet ends in a Reject."""
    with path.open("rb") as file:
        cells = _quiet(lambda: _sheet(path, file, form.sheet))
        line = 0
        while True:
            line += 1
            try:
                values = _quiet(lambda: next(cells, None))
            except _BROKEN_BOOK as error:
                if line == 1:
                    raise InvalidInput("file", f"{path.name}: the sheet cannot be read: {error}") from error
                yield line, _break(path, line, error)
                return
            if values is None:
                break
            yield line, values if line > 1 else tuple(_cell(v).strip() for v in values)
        if line == 1:
            raise InvalidInput(
                "file", f"{path.name}: the sheet is empty", hint="The first row names the columns."
            )


def _sheet(path: Path, file: IO[bytes], name: str) -> Iterator[tuple[Any, ...]]:
    try:
        book = openpyxl.load_workbook(file, read_only=True, data_only=True)
        titles = book.sheetnames
        if name and name not in titles:
            raise InvalidInput(
                "sheet", f"{path.name}: no sheet {name}", hint=f"Its sheets are: {', '.join(titles)}."
            )
        sheet = book[name or titles[0]]
        sheet.reset_dimensions()  # some writers state wrong dimensions, which would cut rows off
        return cast("Iterator[tuple[Any, ...]]", sheet.iter_rows(values_only=True))
    except _BROKEN_BOOK as error:
        raise InvalidInput("file", f"{path.name}: not a readable XLSX workbook: {error}") from error


def _quiet(step: Callable[[], Any]) -> Any:
    """Run a step of openpyxl without its warnings about styles and validation, which do not touch values."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return step()


def _cell(value: Any) -> str:
    """A cell's value as text: whole numbers without a decimal point, days as ISO dates."""
    if value is None:
        return ""
    if isinstance(value, dt.datetime):
        return (value.date() if value.time() == dt.time() else value).isoformat()
    if isinstance(value, float) and value.is_integer() and abs(value) < 1e15:  # noqa: PLR2004  # exact in a float
        return str(int(value))
    return str(value).strip()


# --- text ---------------------------------------------------------------------------------------------------
def text_rows(
    path: Path, form: Format = Format(), columns: Collection[str] | None = None
) -> Iterator[tuple[int, dict[str, str]] | Reject]:
    """`rows` with every value as text: lists and objects as JSON, what is null or empty left out."""
    found = rows(path, form, columns)
    return found if _kind(path, form) in {"csv", "xlsx"} else map(_textual, found)


def _textual(item: Row | Reject) -> tuple[int, dict[str, str]] | Reject:
    if isinstance(item, Reject):
        return item
    return item[0], {column: text for column, value in item[1].items() if (text := as_text(value))}


def as_text(value: Any) -> str:
    """A JSON value as the text of a cell; empty for null."""
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, list | tuple | set | dict):
        plain = sorted(value, key=str) if isinstance(value, set) else value
        return json.dumps(plain, ensure_ascii=False, default=str) if value else ""
    return str(value).strip()


# --- JSON, JSON lines, Python literals ----------------------------------------------------------------------


def _picked(found: Iterable[Row | Reject], columns: Collection[str] | None) -> Iterator[Row | Reject]:
    if columns is None:
        yield from found
        return
    wanted = frozenset(columns)
    for item in found:
        if isinstance(item, Reject):
            yield item
        else:
            yield item[0], {k: v for k, v in item[1].items() if k in wanted}


def _sniffed_json(path: Path) -> Kind:
    """What a `.json` file really holds: one document, or a JSON object or a Python literal a line."""
    form = Format()
    with _open_text(path, _survey(path, form)) as lines:
        try:
            first = next((line for line in lines if line.strip()), "").strip()
        except _BROKEN_STREAM:
            return "json"
    if not first.startswith("{"):
        return "json"
    if isinstance(_try(_json_value, first), dict):
        return "jsonl"
    return "literal" if isinstance(_try(_literal_value, first), dict) else "json"


def _try(parse: Callable[[str], Any], text: str) -> Any:
    try:
        return parse(text)
    except _UnreadableError:
        return None


class _UnreadableError(ValueError):
    """Text that is not what it should be, with the reason."""


def _json_value(text: str) -> Any:
    try:
        return _storable(json.loads(text), text)
    except (ValueError, RecursionError) as error:
        raise _UnreadableError(f"not JSON: {error}") from error


def _literal_value(text: str) -> Any:
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a backslash in a name is not worth a warning
            return _storable(ast.literal_eval(text), text)
    except (ValueError, SyntaxError, TypeError, MemoryError, RecursionError) as error:
        raise _UnreadableError(f"not a Python literal: {error}") from error


def _storable(value: Any, text: str) -> Any:
    """The value, once it is sure that no escape in it stands for half a character or for NUL."""
    if "\\" in text:
        plain = json.dumps(value, ensure_ascii=False, default=str)
        if not plain.isascii():
            plain.encode()  # UnicodeEncodeError is a ValueError
        if "\\u0000" in plain:
            raise _UnreadableError("holds a NUL character")
    return value


def _object_rows(path: Path, form: Format, kind: Kind) -> Iterator[Row | Reject]:
    survey = _survey(path, form)
    with _open_text(path, survey) as lines:
        if kind == "json":
            yield from _document_rows(path, lines, form)
        else:
            yield from _line_rows(path, lines, _json_value if kind == "jsonl" else _literal_value, survey)


def _line_rows(
    path: Path, lines: Iterator[str], parse: Callable[[str], Any], survey: _Survey
) -> Iterator[Row | Reject]:
    line = 0
    while True:
        line += 1
        try:
            text = next(lines, None)
        except _BROKEN_STREAM as error:
            yield _break(path, line, error)
            return
        if text is None:
            return
        damage = _damage(text) if survey.suspect else ""
        if damage:
            yield Reject(path.name, line, f"the row {damage}")
        elif text.strip():
            yield _object(path, line, parse, text.strip())


def _object(path: Path, line: int, parse: Callable[[str], Any], text: str) -> Row | Reject:
    try:
        value = parse(text)
    except _UnreadableError as error:
        return Reject(path.name, line, str(error))
    if not isinstance(value, dict):
        return Reject(path.name, line, "not an object with named values")
    return line, {str(k): v for k, v in value.items()}


def _document_rows(path: Path, lines: io.TextIOWrapper, form: Format) -> Iterator[Row | Reject]:
    text = _Text(lines)
    start = text.peek()
    if not start:
        raise InvalidInput("file", f"{path.name}: the file is empty")
    if start == "[":
        yield from _array_rows(path, text)
        return
    value = text.value()
    if isinstance(value, _UnreadableError):
        yield Reject(path.name, text.line, str(value))
        return
    yield from _listed(path, value, form)


def _listed(path: Path, value: Any, form: Format) -> Iterator[Row | Reject]:
    """The rows of a JSON object that holds a list: the named one, or the only one."""
    if form.items == "." and isinstance(value, dict):
        yield 1, value
        return
    lists = {k: v for k, v in value.items() if isinstance(v, list)} if isinstance(value, dict) else {}
    if form.items and form.items not in lists:
        raise InvalidInput("file", f"{path.name}: no list {form.items} in the JSON object")
    if not form.items and len(lists) != 1:
        raise InvalidInput("file", f"{path.name}: neither a JSON array nor an object with one list")
    chosen = lists[form.items] if form.items else next(iter(lists.values()))
    for number, item in enumerate(chosen, 1):
        if isinstance(item, dict):
            yield number, item
        else:
            yield Reject(path.name, number, "not an object with named values")


def _array_rows(path: Path, text: _Text) -> Iterator[Row | Reject]:
    text.skip()
    while (mark := text.peek()) != "]":
        if mark == ",":
            text.skip()
            continue
        line = text.line
        value = text.value() if mark else _UnreadableError("the array is not closed")
        if isinstance(value, _UnreadableError):
            yield Reject(path.name, line, f"the file breaks off here: {value}")
            return
        if isinstance(value, dict):
            yield line, value
        else:
            yield Reject(path.name, line, "not an object with named values")


class _Text:
    """A JSON text read piece by piece: one value at a time, whatever the size of the file."""

    def __init__(self, file: io.TextIOWrapper) -> None:
        self._file = file
        self._buffer = ""
        self._at = 0
        self._ended = False
        self._decoder = json.JSONDecoder()
        self.line = 1

    def _more(self) -> bool:
        if self._ended:
            return False
        # doubling keeps a value that is larger than a piece from being parsed over and over
        size = max(_CHUNK, len(self._buffer) - self._at)
        try:
            piece = self._file.read(size)
        except _BROKEN_STREAM:
            piece = ""
        self._ended = not piece
        self._buffer = self._buffer[self._at :] + piece
        self._at = 0
        return bool(piece)

    def _advance(self, end: int) -> None:
        self.line += self._buffer.count("\n", self._at, end)
        self._at = end

    def peek(self) -> str:
        """The next character that is not white space; empty at the end."""
        while True:
            rest = len(self._buffer)
            while self._at < rest and self._buffer[self._at] in " \t\r\n\ufeff":
                self._advance(self._at + 1)
            if self._at < rest:
                return self._buffer[self._at]
            if not self._more():
                return ""

    def skip(self) -> None:
        """Pass the character that `peek` showed."""
        self._advance(self._at + 1)

    def value(self) -> Any:
        """The next value; an _UnreadableError where there is none."""
        while True:
            try:
                value, end = self._decoder.raw_decode(self._buffer, self._at)
                # a number at the end of the buffer may go on in the next piece
                if end < len(self._buffer) or not self._more():
                    text = self._buffer[self._at : end]
                    self._advance(end)
                    return _storable(value, text)
            except (ValueError, RecursionError) as error:
                if isinstance(error, RecursionError) or not self._more():
                    return (
                        error
                        if isinstance(error, _UnreadableError)
                        else _UnreadableError(f"not JSON: {error}")
                    )
