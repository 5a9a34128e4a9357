"""What every source offers the loader, whether a mapping file, the native form or BODS describes it."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Protocol

from graph.statements import Reject, SourceRecord


@dataclass(frozen=True, slots=True)
class Context:
    """What a load knows besides the file: the day its snapshot states, and the salt of personal identifiers.

    `file` names the file in findings and rejects.
    """

    stated: dt.date | None = None
    salt: str = ""
    file: str = ""


class Role(Protocol):
    """One kind of file of a source."""

    @property
    def name(self) -> str:
        """The role's name, part of its records' handles."""

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date | None:
        """The day for which a file speaks: the caller's, else the source's; None if unknown."""

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        """Every row of a file as a record or a reject, in the file's order.

        `context.stated` is the day that `stated` gave.
        """

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        """The record of a stored body, as a fresh load of its row would make it."""


class Source(Protocol):
    """A source as the loader sees it."""

    @property
    def name(self) -> str:
        """What the command line calls it."""

    @property
    def title(self) -> str:
        """What people call it."""

    @property
    def source(self) -> str:
        """Who says it: the provenance of its records."""

    @property
    def namespace(self) -> str:
        """Where its node keys live."""

    @property
    def rank(self) -> int:
        """Which source wins a conflict: the smaller."""

    @property
    def snapshot(self) -> bool:
        """Whether a file lists all there is, so that what it no longer lists has ended."""

    @property
    def fingerprint(self) -> str:
        """A hash of the description: another one means that stored bodies read differently."""

    def role_for(self, path: Path) -> Role:
        """The role of a file. Raises InvalidInput that names what was expected."""

    def role(self, name: str) -> Role:
        """The role of a name, for stored records. Raises InvalidInput."""
