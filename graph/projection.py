"""The projection: the newest version of the graph as arrays, kept up with the store, from which views are made."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from functools import partial
from typing import Any, Final, Protocol, TypeVar

import numpy as np

from graph.catchup import WalledKeys, edit, refold
from graph.columns import day_number
from graph.digest import digest_of
from graph.fold import Fold, fold
from graph.naming import NameIndex
from graph.saved import Folder, Saved
from graph.scan import Changes, Progress, Readable, fetch, scan, silent, sources_of, touched_by, with_past
from graph.settings import Settings
from graph.tables import SourceInfo, Tables, TablesBuilder, live_tables
from graph.view import Bodies, Snapshot, View, Viewpoint

K = TypeVar("K")
V = TypeVar("V")

_VIEWS_KEPT: Final = 256
_DAYS_KEPT: Final = 4

MOST_TOUCHED: Final = 0.05
"""Share of the graph that may be read piece by piece; more is read faster by a scan."""

MOST_LATE: Final = 0.02
"""Share of the graph that may have changed since the saved version before a new one is worth saving."""

_FEW: Final = 20_000
"""Changes that never call for a scan or a new saved version."""


def no_bodies(_handles: Sequence[str]) -> Iterable[Mapping[str, Any]]:
    """The records of a projection that has no store behind it."""
    return ()


def bodies_of(store: Readable) -> Bodies:
    """What reads records of a store."""
    query = store.query("record_bodies")
    return lambda handles: store.read(query, ids=list(handles)) if handles else []


@dataclass(frozen=True)
class Current:
    """A version of the graph, folded, with the index of its names, and how much of it is not saved."""

    tables: Tables
    fold: Fold
    names: NameIndex
    late: int = 0

    @classmethod
    def of(cls, tables: Tables) -> Current:
        """Tables of what is believed, folded."""
        folded = fold(tables)
        return cls(tables, folded, NameIndex.of(tables, folded))

    @property
    def size(self) -> int:
        """How many units and statements there are."""
        return len(self.tables.units) + sum(map(len, self.tables.edges.values()))

    def changed(self, changes: Changes, version: int, walled: WalledKeys) -> Current:
        """The version after changes."""
        edited = edit(self.tables, self.fold, changes, version)
        walled.follow(edited.tables)
        folded, renamed = refold(edited, self.fold, walled)
        names = self.names.changed(edited.tables, folded, renamed) if len(renamed) else self.names
        count = (
            len(edited.units) + sum(map(len, edited.added.values())) + sum(map(len, edited.removed.values()))
        )
        return Current(edited.tables, folded, names, self.late + count)

    def live(self) -> Tables:
        """The tables without rows that changes have made void."""
        if not self.late:
            return self.tables
        statements = {name: np.sort(adjacency.out.items) for name, adjacency in self.fold.adjacency.items()}
        return live_tables(self.tables, self.fold.entity >= 0, statements)


class Origin(Protocol):
    """Where a projection comes from and follows."""

    bodies: Bodies

    def everything(self, tables: Tables) -> Tables:
        """The tables with what is believed no more."""
        ...

    def followed(self, current: Current) -> Current:
        """The newest version."""
        ...


class InMemory:
    """Tables that nothing follows."""

    def __init__(self, tables: Tables, bodies: Bodies) -> None:
        self._tables = tables
        self.bodies = bodies

    def everything(self, tables: Tables) -> Tables:
        """All rows, believed or not."""
        return self._tables if self._tables.version == tables.version else tables

    def followed(self, current: Current) -> Current:
        """Nothing ever changes."""
        return current


class InStore:
    """A graph in a store, with saved versions in a folder."""

    def __init__(self, store: Readable, folder: Folder, progress: Progress) -> None:
        self._store = store
        self._folder = folder
        self._progress = progress
        self._walled: WalledKeys | None = None
        self.bodies = bodies_of(store)

    def opened(self) -> Current:
        """The newest saved version, caught up; where there is none, a scan, which is saved."""
        found = self._saved()
        if found is None:
            with self._folder.locked():
                found = self._saved() or self._scanned()
        return self.followed(found)

    def _birth(self) -> str:
        rows = self._store.read(self._store.query("birth"))
        return str(rows[0]["at"]) if rows else ""

    def _saved(self) -> Current | None:
        saved = self._folder.newest(self._birth(), self._store.version())
        return None if saved is None else Current(saved.tables, saved.fold, saved.names)

    def _scanned(self) -> Current:
        """Everything anew from the store, saved."""
        current = Current.of(scan(self._store, self._progress))
        self._save(current)
        self._walled = None
        return current

    def _save(self, current: Current) -> None:
        self._progress("save", current.size)
        self._folder.save(Saved(self._birth(), current.tables, current.fold, current.names))

    def followed(self, current: Current) -> Current:
        """The newest version: by what commits touched, or by a scan where they touched too much."""
        commits = self._store.commits_since(current.tables.version)
        if not commits:
            return current
        touched = touched_by(commits)
        sources = _merged(current.tables.sources, sources_of(self._store))
        too_much = touched.size > max(_FEW, MOST_TOUCHED * current.size)
        if too_much or any(c.touched.bulk for c in commits) or _rank_changed(current.tables.sources, sources):
            with self._folder.locked():
                newer = self._newer_than(current.tables.version)
                return newer if newer is not None else self.followed(self._scanned())
        changes = fetch(self._store, touched, TablesBuilder(sources, current.tables.sets))
        self._walled = self._walled or WalledKeys(current.tables)
        return self._kept(current.changed(changes, commits[-1].version, self._walled))

    def _newer_than(self, version: int) -> Current | None:
        """A saved version that another process has made meanwhile, caught up."""
        found = self._saved()
        if found is None or found.tables.version <= version:
            return None
        self._walled = None
        return self.followed(found)

    def _kept(self, current: Current) -> Current:
        """The version, saved if much of it is not."""
        if current.late <= max(_FEW, MOST_LATE * current.size):
            return current
        compact = Current.of(current.live())
        with self._folder.locked():
            self._save(compact)
        self._walled = None
        return compact

    def everything(self, tables: Tables) -> Tables:
        """The tables with what is believed no more."""
        return with_past(self._store, tables)


def _merged(known: Iterable[SourceInfo], stored: Iterable[SourceInfo]) -> tuple[SourceInfo, ...]:
    """The sources known before, in their order and as they are now, then those that are new."""
    now = {source.name: source for source in stored}
    first = [now.get(source.name, source) for source in known]
    names = {source.name for source in first}
    return (*first, *(source for source in now.values() if source.name not in names))


def _rank_changed(known: Sequence[SourceInfo], merged: Sequence[SourceInfo]) -> bool:
    """Whether a source ranks otherwise, or names keys otherwise, than when the tables were made."""
    return any(a != b for a, b in zip(known, merged, strict=False))


class Projection:
    """The newest version of the graph that this process has, and the views on it. Threads may share one."""

    def __init__(self, origin: Origin, current: Current) -> None:
        self._origin = origin
        self._current = current
        self._snapshot = self._snapshot_of(current)
        self._views: OrderedDict[tuple[int, Viewpoint], View] = OrderedDict()
        self._earlier: OrderedDict[tuple[int, int], Snapshot] = OrderedDict()
        self._lock = threading.Lock()
        self._refreshing = threading.Lock()

    @classmethod
    def of(cls, tables: Tables, bodies: Bodies = no_bodies) -> Projection:
        """A projection of tables in memory, past statements among them."""
        return cls(InMemory(tables, bodies), Current.of(tables.known(None)))

    @classmethod
    def open(cls, store: Readable, settings: Settings, progress: Progress = silent) -> Projection:
        """The newest version in the store: from a saved one and what has been committed since.

        Args:
            store: The graph.
            settings: For the data folder.
            progress: Told about a scan, where one is needed: what is being read, how many rows so far.

        Raises:
            StoreError: The store cannot be read.
        """
        origin = InStore(store, Folder(settings.data_dir), progress)
        return cls(origin, origin.opened())

    def _snapshot_of(self, current: Current) -> Snapshot:
        return Snapshot(current.tables, current.fold, current.names, self._origin.bodies)

    @property
    def version(self) -> int:
        """Version of the graph; for operators only, since hidden writes raise it too."""
        return self._current.tables.version

    def refresh(self) -> bool:
        """Catch up with the store; True if there was anything new. Views made before stay as they are.

        Raises:
            StoreError: The store cannot be read; the version from before goes on being served.
        """
        with self._refreshing:
            newest = self._origin.followed(self._current)
            if newest is self._current:
                return False
            snapshot = self._snapshot_of(newest)
            with self._lock:
                self._current, self._snapshot = newest, snapshot
                self._views.clear()
                self._earlier.clear()
            return True

    def view(
        self,
        clearance: frozenset[str] | None = None,
        as_of: dt.date | None = None,
        known_at: dt.date | None = None,
    ) -> View:
        """What somebody may see.

        Args:
            clearance: Compartments that the viewer is cleared for; None is the operator, who sees all.
            as_of: Day on which things shall be true; today by default.
            known_at: Day by which we must have been told; now by default.
        """
        point = Viewpoint(clearance, as_of or dt.datetime.now().astimezone().date(), known_at)
        snapshot = self._snapshot if known_at is None else self._known(known_at)
        key = (id(snapshot), point)
        nobody = clearance is not None and not clearance
        make = partial(snapshot.public, point) if nobody else partial(View, snapshot, point)
        return _kept(self._lock, self._views, key, make, _VIEWS_KEPT)

    def _known(self, known_at: dt.date) -> Snapshot:
        """The fold of what was known on a day."""
        current, day = self._current, day_number(known_at)

        def make() -> Snapshot:
            tables = self._origin.everything(current.live()).known(day)
            return self._snapshot_of(Current.of(tables))

        return _kept(self._lock, self._earlier, (current.tables.version, day), make, _DAYS_KEPT)

    def digest(self) -> str:
        """One hash of the whole graph as the operator sees it, the same for equal graphs.

        It does not depend on load order, on the engine, nor on when we were told.
        """
        return digest_of(self._current.tables, self._current.fold)


def _kept(lock: threading.Lock, kept: OrderedDict[K, V], key: K, make: Callable[[], V], most: int) -> V:
    """What is kept under a key, made if it is not there; the least used go when there are too many."""
    with lock:
        if key in kept:
            kept.move_to_end(key)
            return kept[key]
    made = make()
    with lock:
        kept[key] = made
        while len(kept) > most:
            kept.popitem(last=False)
    return made
