"""What is handed over to be written: a document, what was read in it, and the holders that its tables list."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Literal

from nlp.found import Candidate, Reading

DocumentKind = Literal["news", "announcement", "report", "filing"]


@dataclass(frozen=True, slots=True)
class Holder:
    """A row of a table of holders: characters `start` to `end` of the text name the holder.

    `ratio` is a fraction of 1. `link` is the entity that the name means; where it is None, a holder is made of the
    name, a company or person as `kind` says, which joins others by its name and the company held.
    """

    name: str
    start: int
    end: int
    rank: int | None = None
    shares: float | None = None
    ratio: float | None = None
    kind: Literal["Company", "Person"] | None = None
    link: Candidate | None = None
    share_class: str | None = None


@dataclass(frozen=True, slots=True)
class HoldersTable:
    """前十名股东: the holders of a company on a day, as one table of a document lists them."""

    company: Candidate
    date: dt.date
    holders: tuple[Holder, ...]
    by: str = "holders-table"
    confidence: float = 1.0


@dataclass(frozen=True, slots=True)
class ReadDocument:
    """A document with what was read in it on the View of exactly its compartments.

    `key` names the document for good: the same text from the same place has the same key (its URL, or a hash of
    its text). `keep_text` is False where the text may not be kept; offsets are then of a text that is elsewhere.
    `published` is that of the reading where it is None. `basis` says what the reading rests on but for the graph: the
    document and the version of the reader. A document that stands with the same basis is not written again, since what
    the graph has learned from it would change its links; without a basis every reading is written.
    """

    key: str
    reading: Reading
    title: str | None = None
    kind: DocumentKind = "news"
    published: dt.date | None = None
    publisher: str | None = None
    url: str | None = None
    compartments: tuple[str, ...] = ()
    holdings: tuple[HoldersTable, ...] = ()
    keep_text: bool = True
    basis: str = ""

    @property
    def day(self) -> dt.date | None:
        """The day of publication."""
        return self.published or self.reading.published
