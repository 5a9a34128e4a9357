"""What was read in documents, written into the graph: documents, mentions, claims, and what claims make true."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

from graph.store import Store
from ingest.loader import LoadOptions
from ingest.read_documents import ReadDocument


@dataclass(slots=True)
class Written:
    """What writing readings came to; `changed` records were written anew, `taken_back` no longer hold."""

    documents: int = 0
    mentions: int = 0
    claims: int = 0
    made: int = 0
    waiting: int = 0
    changed: int = 0
    unchanged: int = 0
    taken_back: int = 0


def write(store: Store, documents: Iterable[ReadDocument], options: LoadOptions) -> Written:
    """Write documents with what was read in them; what is there already is left as it is.

    Raises:
        StoreError: The store could not be written to; writing again goes on where it stopped.
    """
    raise NotImplementedError


def withdraw_document(store: Store, key: str, options: LoadOptions, compartments: tuple[str, ...] = ()) -> int:
    """Take back a document, its claims and what they and decisions on them made; returns how many records.

    Raises:
        NotFound: There is no such document with exactly these compartments.
    """
    raise NotImplementedError
