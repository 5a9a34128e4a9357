"""读取: files, folders and bytes as documents; what cannot be read is reported, and the rest of a batch goes on."""

from __future__ import annotations

import gzip
import io
import lzma
import zlib
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Final, TypeAlias, cast

from ingest.documents import json_lines, plain
from ingest.documents.document import CannotRead, SourceDocument, Unreadable
from ingest.documents.formats import compression, detect, is_json_lines, plain_name
from ingest.documents.json_lines import FieldNames
from ingest.documents.worker import Limits, Worker

MOST_BYTES: Final = 200 << 20
"""Of one file that is not JSON lines, unpacked; JSON lines may be of any size."""

Read: TypeAlias = SourceDocument | Unreadable


def read(
    source: Path | bytes, name: str = "", *, names: FieldNames | None = None, limits: Limits | None = None
) -> Iterator[Read]:
    """The documents of a file, of the files of a folder in the order of their names, or of bytes.

    Args:
        source: a file, a folder (with the folders in it), or the bytes of a file.
        name: what to call it in reports; of bytes it also tells the format where they leave it open.
        names: under which names fields come in JSON lines.
        limits: what reading one PDF, DOCX or HTML file may cost.

    Nothing is raised for what stands in a file: each failure comes as an Unreadable.
    """
    with Worker(limits) as worker:
        if isinstance(source, bytes):
            yield from _guarded(io.BytesIO(source), name or "text", worker, names)
            return
        for path, called in _files(source, name):
            try:
                with path.open("rb") as file:
                    yield from _guarded(file, called, worker, names)
            except OSError as error:
                yield Unreadable(
                    called, "", f"cannot be opened: {error.strerror or error}", "check its name and rights"
                )


def _files(source: Path, name: str) -> Iterator[tuple[Path, str]]:
    """Every file with what to call it; hidden ones and links out of the folder are passed over."""
    if not source.is_dir():
        yield source, name or source.name
        return
    inside = (p for p in source.rglob("*") if p.is_file() and not p.is_symlink())
    for path in sorted(inside, key=lambda p: p.relative_to(source).as_posix()):
        relative = path.relative_to(source)
        if not any(part.startswith(".") for part in relative.parts):
            yield path, relative.as_posix()


def _guarded(file: IO[bytes], name: str, worker: Worker, names: FieldNames | None) -> Iterator[Read]:
    try:
        yield from _read(file, name, worker, names)
    except CannotRead as error:
        yield Unreadable(name, "", error.reason, error.hint)


def _read(file: IO[bytes], name: str, worker: Worker, names: FieldNames | None) -> Iterator[Read]:
    unpacked = _unpacked(file)
    if is_json_lines(name):
        yield from json_lines.read(unpacked, name, names)
        return
    data = _all(unpacked)
    form = detect(data, plain_name(name))
    if form == "json_lines":
        yield from json_lines.read(io.BytesIO(data), name, names)
    elif form == "text":
        yield plain.read(data, name)
    else:
        yield from worker.read(form, data, name)


def _unpacked(file: IO[bytes]) -> IO[bytes]:
    """The bytes of a file, unpacked as they are read."""
    packed = compression(file.read(6))
    file.seek(0)
    if packed == "gz":
        return cast("IO[bytes]", gzip.GzipFile(fileobj=file))
    return cast("IO[bytes]", lzma.LZMAFile(file)) if packed == "xz" else file


def _all(file: IO[bytes]) -> bytes:
    try:
        data = file.read(MOST_BYTES + 1)
    except (EOFError, zlib.error, lzma.LZMAError, OSError) as error:
        raise CannotRead(f"damaged: {error}", "fetch the file again") from error
    if len(data) > MOST_BYTES:
        raise CannotRead(f"larger than {MOST_BYTES >> 20} MB", "split the file")
    return data
