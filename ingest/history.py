"""What a row means beside what the same record said before: pure decisions, no store.

A stream's row with a new body corrects the old one. A snapshot (快照) says what was true on its date: a body that
differs from an earlier snapshot's begins a new *run*, an equal one goes on with the old run, and a snapshot that is
older than one loaded before fills in the past without touching what the newer ones said.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass, field
from enum import Enum, auto


class Verdict(Enum):
    """What to do with a row."""

    NEW = auto()  # nothing was stored under its handle, or it was withdrawn
    UNCHANGED = auto()  # it says what is stored
    CORRECTED = auto()  # it replaces what is stored; the old statements were an error
    NEW_RUN = auto()  # what is stored was true until this snapshot's date
    EARLIER_RUN = auto()  # it was true before what is stored
    EXTENDED = auto()  # what is stored was already true on this older snapshot's date
    DUPLICATE = auto()  # the same file has another row with this key, which wins


@dataclass(frozen=True, slots=True)
class Stored:
    """What the store holds under a handle."""

    hash: str
    stated: str = ""
    valid_to: str = ""
    withdrawn: bool = False
    dangling: int = 0
    also: tuple[str, ...] = ()
    """Hashes of rows with the same key that lost against this one in its own file."""
    runs: tuple[str, ...] = ()
    """Earlier runs, each `date|hash`."""


@dataclass(frozen=True, slots=True)
class Snapshots:
    """The snapshot being loaded, among the dates of those loaded before in the same scope."""

    stated: dt.date | None = None
    loaded: tuple[dt.date, ...] = field(default=())

    @property
    def dated(self) -> bool:
        """Whether it says for which day it speaks."""
        return self.stated is not None

    @property
    def closes_at(self) -> dt.date | None:
        """The next newer snapshot's date; None for the newest."""
        newer = [d for d in self.loaded if self.stated is not None and d > self.stated]
        return min(newer, default=None)


def among(stated: dt.date | None, loaded: Iterable[dt.date]) -> Snapshots:
    """The snapshot of a date among those loaded before."""
    return Snapshots(stated, tuple(sorted(loaded)))


def decide(digest: str, stored: Stored | None, snapshots: Snapshots | None, *, seen: bool) -> Verdict:
    """What to do with a row whose body has this hash.

    Args:
        digest: Hash of the row's body.
        stored: What is stored under its handle, or None.
        snapshots: Of a dated snapshot; None for a stream or an undated file.
        seen: Whether this file already had a row with this key.
    """
    if stored is None or stored.withdrawn:
        return Verdict.NEW
    if digest in stored.also:
        return Verdict.UNCHANGED
    if seen:
        return _among_duplicates(digest, stored)
    if snapshots is None or not snapshots.dated:
        return Verdict.UNCHANGED if digest == stored.hash and not stored.valid_to else Verdict.CORRECTED
    return _in_time(digest, stored, str(snapshots.stated), snapshots.closes_at)


def _among_duplicates(digest: str, stored: Stored) -> Verdict:
    """Of rows with one key in one file the largest hash wins, whatever their order."""
    if digest == stored.hash:
        return Verdict.UNCHANGED
    return Verdict.DUPLICATE if digest < stored.hash else Verdict.CORRECTED


def _in_time(digest: str, stored: Stored, day: str, newer: dt.date | None) -> Verdict:
    covers = stored.stated <= day and (not stored.valid_to or day < stored.valid_to)
    if covers and digest == stored.hash:
        return Verdict.UNCHANGED
    if stored.stated == day:
        return Verdict.CORRECTED
    if f"{day}|{digest}" in stored.runs:
        return Verdict.UNCHANGED
    if newer is None:
        return Verdict.NEW_RUN
    if digest == stored.hash and stored.stated == newer.isoformat():
        return Verdict.EXTENDED
    return Verdict.EARLIER_RUN
