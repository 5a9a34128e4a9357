"""JSON lines: a document a line, under field names that a data file declares; a bad line does not stop the rest."""

from __future__ import annotations

import json
import zlib
from collections.abc import Iterator, Mapping
from dataclasses import replace
from functools import cache
from importlib import resources
from importlib.resources.abc import Traversable
from lzma import LZMAError
from pathlib import Path
from typing import IO, Any, Final

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import DataError
from ingest.documents.document import (
    CannotRead,
    SourceDocument,
    Unreadable,
    content_key,
    day,
    first_line,
    printable,
    with_title,
)
from ingest.documents.plain import decode

LONGEST_LINE: Final = 16 << 20
"""Bytes of one line; a longer one is reported and passed over."""

_BROKEN_STREAM: Final = (EOFError, zlib.error, LZMAError, OSError)
_Names = tuple[str, ...]


class FieldNames(BaseModel):
    """Under which names each field of a document may come, the first that is there counts."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    id: _Names = ()
    title: _Names = ()
    text: _Names = Field(min_length=1)
    date: _Names = ()
    kind: _Names = ()
    publisher: _Names = ()
    url: _Names = ()


def field_names(file: Traversable | Path) -> FieldNames:
    """The names that a YAML file declares. Raises DataError."""
    try:
        return FieldNames.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
    except (OSError, yaml.YAMLError, ValidationError) as error:
        raise DataError(f"{file}: {error}", hint="name for each field the keys it may come under") from error


@cache
def usual_names() -> FieldNames:
    """The names that are read where nothing else is asked for."""
    return field_names(resources.files("ingest.documents") / "data" / "json_lines.yaml")


def read(
    stream: IO[bytes], name: str, names: FieldNames | None = None
) -> Iterator[SourceDocument | Unreadable]:
    """Every line of a stream as a document, or what was wrong with it and in which line."""
    number = 0
    while True:
        number += 1
        try:
            line = stream.readline(LONGEST_LINE + 1)
            if len(line) > LONGEST_LINE:
                _skip(stream)
        except _BROKEN_STREAM as error:
            yield Unreadable(
                name, f"line {number}", f"the file breaks off here: {error}", "fetch the file again"
            )
            return
        if not line:
            return
        if line.strip():
            yield _one(line, name, number, names or usual_names())


def _skip(stream: IO[bytes]) -> None:
    while (piece := stream.readline(LONGEST_LINE)) and not piece.endswith(b"\n"):
        pass


def _one(line: bytes, name: str, number: int, names: FieldNames) -> SourceDocument | Unreadable:
    place = f"line {number}"
    try:
        return replace(document(_value(line), name, names), place=place)
    except CannotRead as error:
        return Unreadable(name, place, error.reason, error.hint)


def _value(line: bytes) -> Mapping[str, Any]:
    if len(line) > LONGEST_LINE:
        raise CannotRead(f"longer than {LONGEST_LINE >> 20} MB", "give such a text a file of its own")
    try:
        value = json.loads(decode(line).text)
    except (ValueError, RecursionError) as error:
        raise CannotRead(f"not JSON: {error}", "one JSON object a line") from error
    if not isinstance(value, dict):
        raise CannotRead(
            "not an object with named values", 'like {"title": "…", "text": "…", "date": "2026-05-17"}'
        )
    return value


def document(value: Mapping[str, Any], name: str, names: FieldNames) -> SourceDocument:
    """The document that an object says. Raises CannotRead where it has neither title nor text."""
    title, body = _text(value, names.title), _text(value, names.text)
    text = with_title(title, body)
    if not text.strip():
        raise CannotRead("neither title nor text", f"text comes under {', '.join(names.text)}")
    stated = _text(value, names.date)
    published = day(stated)
    publisher, url = _text(value, names.publisher), _text(value, names.url)
    key = _text(value, names.id) or content_key(title, body, stated, publisher, url)
    notes = (f"the date {stated[:40]!r} is not one",) if stated and published is None else ()
    return SourceDocument(
        key=key,
        title=title or first_line(text),
        text=text,
        kind=_text(value, names.kind) or "news",
        published=published,
        publisher=publisher,
        url=url,
        notes=notes,
        file=name,
    )


def _text(value: Mapping[str, Any], names: _Names) -> str:
    """The first field that is there, as text without control characters; numbers count, lists and objects do not."""
    for name in names:
        found = value.get(name)
        if isinstance(found, str | int | float) and not isinstance(found, bool) and str(found).strip():
            return printable(str(found))
    return ""
