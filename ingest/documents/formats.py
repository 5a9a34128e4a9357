"""哪种文件: which reader is for which bytes, told by the bytes first and the name second."""

from __future__ import annotations

import io
import re
import zipfile
from pathlib import PurePath
from typing import Final, Literal, TypeAlias

from ingest.documents.document import CannotRead

Format: TypeAlias = Literal["text", "html", "pdf", "docx", "json_lines"]

_COMPRESSED: Final = {b"\x1f\x8b": "gz", b"\xfd7zXZ\x00": "xz"}
_JSON_NAMES: Final = (".jsonl", ".ndjson")
_HTML_NAMES: Final = (".html", ".htm", ".xhtml", ".shtml")
_TAG: Final = re.compile(
    rb"\s*(?:<!--.{0,2000}?-->\s*)*<(?:!doctype\s+html|\?xml[^>]{0,200}\?>\s*<(?:!doctype\s+)?html|/?(?:html|head|body|title|meta|p|div"
    rb"|span|table|tr|td|ul|ol|li|h[1-6]|article|section|main|br|b|strong|em|i|a|font|center|script|style)[\s/>])",
    re.IGNORECASE | re.DOTALL,
)
_OTHERS: Final[tuple[tuple[bytes, str, str], ...]] = (
    (
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1",
        "an old or an encrypted Office file",
        "save it as DOCX without a password",
    ),
    (b"{\\rtf", "RTF", "save it as DOCX"),
    (b"\x89PNG", "a picture", "recognise its text (OCR) elsewhere first"),
    (b"\xff\xd8\xff", "a picture", "recognise its text (OCR) elsewhere first"),
    (b"GIF8", "a picture", "recognise its text (OCR) elsewhere first"),
    (b"II*\x00", "a picture", "recognise its text (OCR) elsewhere first"),
    (b"MM\x00*", "a picture", "recognise its text (OCR) elsewhere first"),
    (b"Rar!", "an archive", "unpack it"),
    (b"7z\xbc\xaf", "an archive", "unpack it"),
    (b"\x7fELF", "a program", "give a text, HTML, PDF, DOCX or JSON-lines file"),
)
_HEAD: Final = 4096


def compression(head: bytes) -> str:
    """`gz`, `xz` or nothing."""
    return next((name for mark, name in _COMPRESSED.items() if head.startswith(mark)), "")


def plain_name(name: str) -> str:
    """A file's name without what says that it is compressed."""
    path = PurePath(name)
    return path.stem if path.suffix.lower() in (".gz", ".xz") else name


def is_json_lines(name: str) -> bool:
    """Whether a name says that a file holds a document a line."""
    return plain_name(name).lower().endswith(_JSON_NAMES)


def detect(data: bytes, name: str) -> Format:
    """The reader for a file that is not compressed.

    Raises:
        CannotRead: It is empty, or of a kind that is not read.
    """
    if not data.strip(b" \t\r\n"):
        raise CannotRead("empty", "there is nothing to read")
    if is_json_lines(name):
        return "json_lines"
    if b"%PDF-" in data[:1024]:
        return "pdf"
    if data.startswith((b"PK\x03\x04", b"PK\x05\x06")):
        return _archive(data)
    for mark, what, hint in _OTHERS:
        if data.startswith(mark):
            raise CannotRead(f"{what} is not read", hint)
    return _written(data[:_HEAD], name)


def _written(head: bytes, name: str) -> Format:
    suffix = PurePath(name).suffix.lower()
    start = head.removeprefix(b"\xef\xbb\xbf")
    if suffix in _HTML_NAMES or (suffix not in (".txt", ".md") and _TAG.match(start)):
        return "html"
    if suffix == ".pdf":
        raise CannotRead("damaged, or no PDF: it does not begin as one", "fetch the file again")
    if suffix == ".docx":
        raise CannotRead("damaged, or no DOCX: it does not begin as one", "fetch the file again")
    if suffix == ".json" and start.lstrip().startswith(b"{"):
        return "json_lines"
    return "text"


def _archive(data: bytes) -> Format:
    try:
        names = set(zipfile.ZipFile(io.BytesIO(data)).namelist())
    except (zipfile.BadZipFile, ValueError, NotImplementedError, EOFError, OSError) as error:
        raise CannotRead(f"damaged: {error}", "fetch the file again") from error
    if "word/document.xml" in names or (
        "[Content_Types].xml" in names and any(n.startswith("word/") for n in names)
    ):
        return "docx"
    if any(n.startswith("xl/") for n in names):
        raise CannotRead("a workbook is not read as a document", "load its tables with guanxi load")
    raise CannotRead("an archive is not read", "unpack it")
