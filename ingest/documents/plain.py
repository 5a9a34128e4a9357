"""纯文本: bytes to characters, whatever the encoding; what had to be assumed is said."""

from __future__ import annotations

import codecs
from dataclasses import dataclass
from typing import Final

from charset_normalizer import from_bytes

from ingest.documents.document import CannotRead, SourceDocument, content_key, first_line, printable

MOST_BYTES: Final = 64 << 20

_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16: its mark begins with that one's
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_SAMPLE: Final = 1 << 16
_COMMON_SHARE: Final = (
    0.6  # of the ideographs: real Chinese has above 0.9 in GB 2312 level 1, misread text half of that
)
_ELSEWHERE: Final = ["shift_jis", "euc_jp", "big5", "euc_kr", "cp1252", "cp1251", "utf_16_le", "utf_16_be"]
_WRITTEN_SHARE: Final = 0.9
_LOST_SHARE: Final = 0.05  # of the characters: beyond it a file is no text
_CONTROL_SHARE: Final = 0.05  # of the bytes, the same
_CONTROLS: Final = bytes([*range(9), *range(14, 27), *range(28, 32), 127])
"""Bytes that no text has in number; 27 begins the colours of terminals."""
_NULS: Final = "NUL characters stand as spaces"


@dataclass(frozen=True, slots=True)
class Decoded:
    """Characters, the encoding's name, and what was assumed (empty where nothing was)."""

    text: str
    encoding: str
    note: str = ""


def decode(data: bytes, stated: str = "") -> Decoded:
    """The characters of a text; `stated` is the encoding that the file names (the `charset` of a page).

    Order: byte order mark, UTF-16 without mark, UTF-8, the stated encoding, GB18030, UTF-8 and GB18030 mixed line by
    line, other encodings by a guess. A few control characters, NUL too, do not make a text binary.

    Raises:
        CannotRead: The bytes are no text.
    """
    for mark, encoding in _MARKS:
        if data.startswith(mark):
            return _marked(data, encoding)
    wide = _with_zeros(data) if b"\0" in data else None
    if wide is not None:
        return wide
    plain = _tried(data, "utf-8")
    if plain is not None:
        return Decoded(plain, "utf-8")
    named = _tried(data, stated) if stated else None
    if named is not None:
        return Decoded(named, stated.lower())
    return _assumed(data)


def _with_zeros(data: bytes) -> Decoded | None:
    """UTF-16 where it is; None for a text with a stray NUL. Raises CannotRead where there is more of the kind."""
    wide = _wide(data)
    controls = len(data) - len(data.translate(None, _CONTROLS))
    if wide is None and controls > _CONTROL_SHARE * len(data):
        raise CannotRead("binary, not text", "give a text, HTML, PDF, DOCX or JSON-lines file")
    return wide


def read(data: bytes, name: str) -> SourceDocument:
    """The document that a text file is. Raises CannotRead."""
    if len(data) > MOST_BYTES:
        raise CannotRead(f"larger than {MOST_BYTES >> 20} MB", "split the file")
    decoded = decode(data)
    text = printable(decoded.text)
    notes = tuple(filter(None, (decoded.note, _NULS if "\0" in decoded.text else "")))
    return SourceDocument(content_key(text), first_line(text), text, "text", notes=notes, file=name)


def _tried(data: bytes, encoding: str) -> str | None:
    try:
        return data.decode(encoding)
    except (UnicodeError, LookupError):
        return None


def _marked(data: bytes, encoding: str) -> Decoded:
    text = _tried(data, encoding)
    name = encoding.removesuffix("-sig")
    if text is not None:
        return Decoded(text, name)
    return _lossy(data.decode(encoding, "replace"), name)


def _lossy(text: str, encoding: str) -> Decoded:
    lost = text.count("\ufffd")
    if lost > max(1.0, _LOST_SHARE * len(text)):
        raise CannotRead("no text in any encoding that is read", "save it as UTF-8")
    return Decoded(
        text, encoding, f"read as {encoding}; {lost} characters that are not in it stand as U+FFFD"
    )


def _assumed(data: bytes) -> Decoded:
    chinese = _tried(data, "gb18030")
    if chinese is not None and _looks_chinese(chinese):
        return Decoded(chinese, "gb18030", "no encoding is stated; read as gb18030")
    mixed = _line_by_line(data)
    if chinese is None and "\ufffd" not in mixed and _looks_chinese(mixed):
        return Decoded(mixed, "mixed", "lines in UTF-8 and lines in gb18030, each read as what it is")
    guessed = from_bytes(data[:_SAMPLE], cp_isolation=_ELSEWHERE).best()
    elsewhere = _tried(data, guessed.encoding) if guessed else None
    if guessed and elsewhere is not None:
        return Decoded(
            elsewhere, guessed.encoding, f"no encoding is stated; read as {guessed.encoding}, a guess"
        )
    return _lossy(mixed, "mixed")


def _wide(data: bytes) -> Decoded | None:
    """UTF-16 without a mark: the zero bytes of its line ends and digits stand all on one side; None for no such."""
    sides = data[0:_SAMPLE:2].count(0), data[1:_SAMPLE:2].count(0)
    encoding = "utf-16-le" if sides[1] > sides[0] else "utf-16-be"
    text = _tried(data, encoding) if min(sides) <= max(sides) // 50 else None
    if text is None or not _looks_written(text[:_SAMPLE]):
        return None
    return Decoded(text, encoding, f"no encoding is stated; read as {encoding}")


def _line_by_line(data: bytes) -> str:
    return "".join(
        line if (line := _tried(raw, "utf-8") or _tried(raw, "gb18030")) else raw.decode("utf-8", "replace")
        for raw in data.splitlines(keepends=True)
    )


def _looks_written(text: str) -> bool:
    """Mostly ideographs, kana, ASCII and their punctuation, with none of the characters that nobody types."""
    usual = sum(
        "\u3000" <= c <= "\u30ff"
        or "\u4e00" <= c <= "\u9fff"
        or " " <= c <= "~"
        or c in "\t\r\n"
        or "\uff00" <= c <= "\uffef"
        for c in text
    )
    return usual >= _WRITTEN_SHARE * len(text)


def _looks_chinese(text: str) -> bool:
    """Whether the ideographs are mostly the 3,755 everyday ones; Japanese or Korean bytes read as GB18030 are not."""
    ideographs = [
        c for c in text[:_SAMPLE] if c >= "\x80" and not "\u3000" <= c <= "\u303f" and not c >= "\uff00"
    ]
    lead = [c.encode("gb18030", "replace")[0] for c in ideographs]
    common = sum(0xB0 <= byte <= 0xD7 for byte in lead)  # noqa: PLR2004 - rows 16 to 55 of GB 2312
    return common >= _COMMON_SHARE * len(lead)
