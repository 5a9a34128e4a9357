"""The projection: a version of the graph as arrays, from which views are made."""

from __future__ import annotations

import datetime as dt
import threading
from collections import OrderedDict
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from graph.columns import day_number
from graph.fold import fold
from graph.naming import NameIndex
from graph.tables import Tables
from graph.view import Bodies, Snapshot, View, Viewpoint

_VIEWS_KEPT: Final = 256


def no_bodies(_handles: Sequence[str]) -> Iterable[Mapping[str, Any]]:
    """The records of a projection that has no store behind it."""
    return ()


def snapshot_of(tables: Tables, bodies: Bodies = no_bodies) -> Snapshot:
    """Tables whose rows are all believed, folded."""
    folded = fold(tables)
    return Snapshot(tables, folded, NameIndex.of(tables, folded), bodies)


class Projection:
    """The newest version of the graph that this process has, and the views on it. Threads may share one."""

    def __init__(self, snapshot: Snapshot, everything: Tables | None = None) -> None:
        self._snapshot = snapshot
        self._everything = everything
        self._views: OrderedDict[tuple[Any, ...], View] = OrderedDict()
        self._earlier: OrderedDict[int, Snapshot] = OrderedDict()
        self._lock = threading.Lock()

    @classmethod
    def of(cls, tables: Tables, bodies: Bodies = no_bodies) -> Projection:
        """A projection of tables in memory, past statements among them."""
        return cls(snapshot_of(tables.known(None), bodies), tables)

    @property
    def version(self) -> int:
        """Version of the graph."""
        return self._snapshot.tables.version

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
        with self._lock:
            found = self._views.pop(key, None) or View(snapshot, point)
            self._views[key] = found
            while len(self._views) > _VIEWS_KEPT:
                self._views.popitem(last=False)
        return found

    def _known(self, known_at: dt.date) -> Snapshot:
        day = day_number(known_at)
        found = self._earlier.get(day)
        if found is None:
            tables = self._everything or self._snapshot.tables
            found = self._earlier[day] = snapshot_of(tables.known(day), self._snapshot.bodies)
        return found
