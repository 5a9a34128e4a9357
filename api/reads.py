"""Documents read and written: what `guanxi read` and `POST /v1/documents` have in common."""

from __future__ import annotations

import itertools
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, fields
from typing import Final, get_args

from pydantic import Field

from graph.ids import entity_handle, key_of
from graph.store import Store
from graph.view import View
from ingest.documents import SourceDocument, Unreadable
from ingest.listed_holders import holders_tables
from ingest.loader import LoadOptions
from ingest.read_documents import DocumentKind, ReadDocument
from ingest.readings import Written, write
from ingest.written import READING
from nlp.found import Reading
from nlp.language import is_chinese
from nlp.reader import Reader, Text, reader_version
from queries.models import Answer, EntityId

BATCH: Final = 256
"""Documents that are written together: a run that is stopped does at most so many again."""

_FOREIGN: Final = (
    "文本不是中文，只找图中的名称与数字 / not Chinese: only names of the graph and figures were looked for"
)

_OWN_KEY: Final = "给每篇文档各自的编号 / give each document an id of its own"

_KINDS: Final = frozenset(get_args(DocumentKind))

Progress = Callable[[int], None]


class ReadLine(Answer):
    """One document with what was read in it; offsets index `reading.text`."""

    id: EntityId
    key: str = Field(description="What names the document for good: its source's id, or a hash of its text.")
    title: str | None
    reading: Reading
    notes: list[str] = Field(description="What was assumed, as an encoding, or left out.")


class UnreadableLine(Answer):
    """What could not be read, where, why, and what to do."""

    file: str
    place: str
    reason: str
    hint: str


class WrittenCounts(Answer):
    """What writing came to."""

    documents: int
    mentions: int
    claims: int
    made: int = Field(description="Claims that were sure enough to become edges.")
    waiting: int = Field(description="Claims and mentions that wait for a person.")
    changed: int = Field(description="Records written anew.")
    unchanged: int
    taken_back: int = Field(description="Records that no longer hold.")
    rejected: int = Field(description="Records that could not be used.")


class Reads(Answer):
    """What was read of a batch of documents."""

    documents: list[ReadLine]
    unreadable: list[UnreadableLine]
    written: WrittenCounts | None = Field(description="Null where nothing was to be written.")
    seconds: float


@dataclass(frozen=True, slots=True)
class Run:
    """How documents are read: on which View, for what, behind which walls; where they go (None: nowhere)."""

    view: View
    heads: Sequence[str]
    compartments: tuple[str, ...] = ()
    store: Store | None = None
    options: LoadOptions | None = None


def read(
    documents: Iterable[SourceDocument | Unreadable], run: Run, progress: Progress = lambda _: None
) -> Reads:
    """Read documents, and write what they tell.

    Raises:
        NotFound, DataError: A model is not there.
        StoreError: The store could not be written to; reading again goes on where it stopped.
    """
    began = time.perf_counter()
    reader = Reader(run.view, run.heads)
    lines: list[ReadLine] = []
    unreadable: list[UnreadableLine] = []
    total = Written() if run.store is not None else None
    for batch in _batches(_without_clashes(documents)):
        good = [one for one in batch if isinstance(one, SourceDocument)]
        unreadable += [_unreadable(one) for one in batch if isinstance(one, Unreadable)]
        done = list(_read(good, reader, run))
        lines += [_line(document, source) for document, source in zip(done, good, strict=True)]
        if total is not None and run.store is not None and run.options is not None:
            _add(total, write(run.store, done, run.options, run.view))
        progress(len(lines) + len(unreadable))
    return Reads(
        documents=lines,
        unreadable=unreadable,
        written=None
        if total is None
        else WrittenCounts(**{f.name: getattr(total, f.name) for f in fields(total)}),
        seconds=round(time.perf_counter() - began, 3),
    )


def _batches(
    documents: Iterable[SourceDocument | Unreadable],
) -> Iterator[list[SourceDocument | Unreadable]]:
    stream = iter(documents)
    while batch := list(itertools.islice(stream, BATCH)):
        yield batch


def _without_clashes(
    documents: Iterable[SourceDocument | Unreadable],
) -> Iterator[SourceDocument | Unreadable]:
    """The documents; one under the key of another that says something else is reported, and replaces nothing."""
    first: dict[str, tuple[str, str]] = {}
    for one in documents:
        if isinstance(one, SourceDocument):
            content, where = first.setdefault(one.key, (_content(one), f"{one.file} {one.place}".strip()))
            if content != _content(one):
                reason = f"编号 {one.key} 已属另一文档：{where} / another document has the id already"
                yield Unreadable(one.file, one.place, reason, _OWN_KEY)
                continue
        yield one


def _content(document: SourceDocument) -> str:
    """A hash of all that a source says of a document."""
    parts = (document.title, document.text, str(document.published), document.kind, document.publisher)
    return key_of(*parts, document.url)


def _read(documents: Sequence[SourceDocument], reader: Reader, run: Run) -> Iterator[ReadDocument]:
    texts = [Text(document.text, document.published) for document in documents]
    for document, reading in zip(documents, reader.pipe(texts), strict=True):
        yield ReadDocument(
            key=document.key,
            reading=reading,
            title=document.title or None,
            kind=document.kind if document.kind in _KINDS else "news",  # type: ignore[arg-type]  # just looked
            publisher=document.publisher or None,
            url=document.url or None,
            compartments=run.compartments,
            holdings=holders_tables(document, reading, reader.linker),
            basis=_basis(document, run),
        )


def _basis(document: SourceDocument, run: Run) -> str:
    """What a reading rests on but for the graph: the document, and who read it for what."""
    return key_of(reader_version(), *run.heads, _content(document))


def _line(document: ReadDocument, source: SourceDocument) -> ReadLine:
    return ReadLine(
        id=entity_handle(READING, "Document", document.key, document.compartments),
        key=document.key,
        title=document.title,
        reading=document.reading,
        notes=[*source.notes, *([] if is_chinese(source.text) or not source.text.strip() else [_FOREIGN])],
    )


def _unreadable(found: Unreadable) -> UnreadableLine:
    return UnreadableLine(file=found.file, place=found.place, reason=found.reason, hint=found.hint)


def _add(total: Written, more: Written) -> None:
    for one in fields(total):
        setattr(total, one.name, getattr(total, one.name) + getattr(more, one.name))
