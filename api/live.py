"""The graph as the API serves it: opened in the background, kept up to date, and honest when the store is down."""

from __future__ import annotations

import datetime as dt
import logging
import threading
import time
from types import TracebackType
from typing import Protocol, Self

from api.auth import Viewer
from api.settings import ApiSettings
from graph.errors import GuanxiError, StoreDown
from graph.projection import Projection
from graph.store import Store
from graph.view import View

_log = logging.getLogger("guanxi.api")

_LONGEST_PAUSE = 2.0


class Graph(Protocol):
    """Where the views come from that the API asks."""

    def view(self, viewer: Viewer, as_of: dt.date | None = None, known_at: dt.date | None = None) -> View:
        """What a viewer may see, on two days. Raises StoreDown while nothing can be served."""

    def check(self) -> None:
        """Return when questions can be answered. Raises StoreDown."""

    @property
    def version(self) -> int:
        """The version of the graph that is served; -1 before there is one."""

    @property
    def store_up(self) -> bool:
        """Whether the store answered when it was last asked."""


class FixedGraph:
    """A projection that somebody else keeps: the command line's, and the tests'."""

    def __init__(self, projection: Projection) -> None:
        self._projection = projection

    def view(self, viewer: Viewer, as_of: dt.date | None = None, known_at: dt.date | None = None) -> View:
        """What a viewer may see, on two days."""
        return self._projection.view(clearance=viewer.visible, as_of=as_of, known_at=known_at)

    def check(self) -> None:
        """It can always be asked."""

    @property
    def version(self) -> int:
        """The version of the projection."""
        return self._projection.version

    @property
    def store_up(self) -> bool:
        """There is no store that could be down."""
        return True


class LiveGraph:
    """The store's graph, followed by a thread of its own.

    Requests never wait for that thread: until the first version stands, and while the store has been down for
    longer than `outage_seconds`, they get StoreDown at once; as soon as it answers again, so do they.
    """

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._store: Store | None = None
        self._projection: Projection | None = None
        self._problem: GuanxiError | None = None
        self._reached = time.monotonic()
        self._stop = threading.Event()
        self._tried = threading.Event()
        self._thread = threading.Thread(target=self._follow, name="guanxi-follow", daemon=True)

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stop.set()
        self._thread.join()
        if self._store is not None:
            self._store.close()

    def wait(self, seconds: float) -> bool:
        """Wait until the store has been asked for the first time; whether that happened in time."""
        return self._tried.wait(seconds)

    def view(self, viewer: Viewer, as_of: dt.date | None = None, known_at: dt.date | None = None) -> View:
        """What a viewer may see, on two days. Raises StoreDown."""
        self.check()
        projection = self._projection
        if projection is None:  # pragma: no cover  # check() has just said that there is one
            raise _starting()
        return projection.view(clearance=viewer.visible, as_of=as_of, known_at=known_at)

    def check(self) -> None:
        """Return when questions can be answered. Raises StoreDown."""
        if self._projection is None:
            raise self._problem or _starting()
        if self._problem is not None and time.monotonic() - self._reached > self._settings.outage_seconds:
            raise self._problem

    @property
    def version(self) -> int:
        """The version of the graph that is served; -1 before there is one."""
        return self._projection.version if self._projection else -1

    @property
    def store_up(self) -> bool:
        """Whether the store answered when it was last asked."""
        return self._projection is not None and self._problem is None

    def _follow(self) -> None:
        pause = self._settings.refresh_seconds
        while not self._stop.is_set():
            try:
                self._catch_up()
            except GuanxiError as error:
                self._lost(error)
                pause = min(2 * pause, _LONGEST_PAUSE)
            except Exception as error:  # noqa: BLE001  # whatever it is, the thread must go on and say so
                _log.exception("the graph could not be followed")
                self._lost(
                    StoreDown(f"图数据无法更新 / the graph cannot be followed: {type(error).__name__}")
                )
                pause = min(2 * pause, _LONGEST_PAUSE)
            else:
                self._found()
                pause = self._settings.refresh_seconds
            self._tried.set()
            self._stop.wait(pause)

    def _catch_up(self) -> None:
        if self._store is None:
            self._store = Store.open(self._settings)
        if self._projection is None:
            self._projection = Projection.open(self._store, self._settings)
        else:
            self._projection.refresh()

    def _lost(self, error: GuanxiError) -> None:
        if self._problem is None:
            _log.warning("the store does not answer: %s", error)
        self._problem = error

    def _found(self) -> None:
        if self._problem is not None:
            _log.warning("the store answers again")
        self._problem = None
        self._reached = time.monotonic()


def _starting() -> StoreDown:
    return StoreDown("服务正在启动 / the service is starting")
