"""The graph database, embedded or Neo4j, over one Bolt path: reads, scans, writes, and versions of the graph.

Every write that changes the graph goes through `Store.commit`, which ends its transaction with a `(:Commit)`
that lists what it touched. Readers follow these, see `Store.commits_since`.

A lost connection and a conflict between writers are both tried again, but not equally long: a conflict is
over when the other writer is done, but a request should soon hear that the database is down. That is why this
module holds its own retry loop around the driver's transactions: the driver's knows one limit for both, and
pauses for a second.
"""

from __future__ import annotations

import datetime as dt
import functools
import importlib.resources
import logging
import random
import threading
import time
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from types import TracebackType
from typing import Any, Generic, NamedTuple, Self, TypeVar

import neo4j
from neo4j import exceptions as bolt

from graph.dialect import Dialect, Engine, Index, Unique, dialect_of
from graph.embedded import Embedded, attach
from graph.errors import StoreConflict, StoreConstraint, StoreDown, StoreError, StoreTimeout
from graph.settings import Settings

T = TypeVar("T")
Row = dict[str, Any]
log = logging.getLogger(__name__)
# What the driver logs of lost connections reaches callers as StoreDown; without a handler it would go to stderr too.
logging.getLogger("neo4j").addHandler(logging.NullHandler())

# Not Unique("Commit", "version"): that the counter makes sure of, and where duplicates are found at the end, two
# writers that took the same version would hear of a broken rule, not of the conflict that is tried again.
OWN_SCHEMA = (Unique("Counter"), Index("Commit", "version"))
"""The constraint and the index that versions rest on."""

_IDLE_CHECK_SECONDS = 5.0  # a connection idle for longer is tried before use, so a frozen server is noticed
_FIRST_PAUSE_SECONDS = 0.02
_LONGEST_PAUSE_SECONDS = 1.0
_DUPLICATE_TRIES = 4
_COUNTER_TRIES = 4


@functools.cache
def cypher(name: str) -> str:
    """The statement in `graph/cypher/NAME.cypher`."""
    return importlib.resources.files("graph").joinpath("cypher", f"{name}.cypher").read_text(encoding="utf-8")


@dataclass(frozen=True, slots=True)
class Touched:
    """What a write created, changed or deleted, for those who follow the graph.

    `nodes` are `Company <id>`, `edges` are `HOLDS Company <id> Company <id>`. A `bulk` write lists nothing:
    whoever is older than it reads the graph anew.
    """

    nodes: Sequence[str] = ()
    edges: Sequence[str] = ()
    bulk: bool = False


@dataclass(frozen=True, slots=True)
class Commit:
    """One versioned write, as it stands in the graph; `at` is an ISO time in UTC."""

    version: int
    at: str
    load: str
    touched: Touched


@dataclass(frozen=True, slots=True)
class Committed(Generic[T]):
    """The version that a write became, and what its work returned."""

    version: int
    result: T


class _NoCounterError(Exception):
    """Nobody has made the counter of versions yet."""


class Tx:
    """What a unit of work can do inside its transaction."""

    def __init__(self, transaction: neo4j.Transaction) -> None:
        self._transaction = transaction

    def run(self, query: str, /, **parameters: Any) -> list[Row]:
        """Run a statement and return its rows."""
        return _rows(self._transaction.run(query, parameters))

    def execute(self, query: str, /, **parameters: Any) -> None:
        """Run a statement for its effect."""
        self._transaction.run(query, parameters).consume()


Work = Callable[[Tx], T]


class Address(NamedTuple):
    """Where a database is, and how to log in there; an empty database name is the user's home database."""

    uri: str
    user: str
    password: str
    database: str


@dataclass(frozen=True, slots=True)
class _Link:
    """A driver, what it talks to, and how."""

    uri: str
    driver: neo4j.Driver
    dialect: Dialect
    session_settings: dict[str, Any]

    def session(self, access: str, **more: Any) -> neo4j.Session:
        return self.driver.session(default_access_mode=access, **self.session_settings, **more)


class Store:
    """The graph database. Threads may share one; processes open their own."""

    def __init__(self, settings: Settings, embedded: Embedded | None) -> None:
        self._settings = settings
        self._embedded = embedded
        self._linking = threading.Lock()
        self._link: _Link | None = None
        self._drivers: list[neo4j.Driver] = []
        self._ensured: set[tuple[tuple[Unique | Index, ...], tuple[str, ...]]] = set()
        self._reviver: threading.Thread | None = None
        # Held from taking a version to its commit: threads of one process then queue for the counter, where
        # an engine that checks for conflicts at the end would undo and repeat whole transactions.
        self._version_lock = threading.Lock()

    @classmethod
    def open(cls, settings: Settings) -> Self:
        """The store that the settings name: Neo4j is connected to on first use, an embedded one started now.

        Raises:
            StoreDown: The embedded store did not start.
        """
        return cls(settings, None if settings.store_uri else attach(settings))

    def close(self) -> None:
        """Close all connections; the embedded store ends if nobody else uses it."""
        for driver in self._drivers:
            driver.close()
        if self._embedded is not None:
            self._embedded.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    @property
    def engine(self) -> Engine:
        """Which database answers."""
        return self._attempt(lambda link: link.dialect.engine)

    def address(self) -> Address:
        """Where the database is and how to log in, for another program or a `Settings` of its own."""
        chosen, embedded = self._settings, self._embedded
        if embedded is not None:
            return Address(embedded.uri, *embedded.auth, embedded.database)
        password = chosen.store_password.get_secret_value()
        return Address(chosen.store_uri, chosen.store_user, password, chosen.store_database)

    @staticmethod
    def query(name: str) -> str:
        """The statement in `graph/cypher/NAME.cypher`."""
        return cypher(name)

    def read(self, query: str, /, **parameters: Any) -> list[Row]:
        """All rows of a reading statement.

        Raises:
            StoreDown: The database does not answer within `store_down_seconds`.
            StoreTimeout: The statement ran longer than `store_transaction_seconds`.
            StoreError: The statement is wrong, or the database refuses it.
        """

        def once(link: _Link) -> list[Row]:
            with link.session(neo4j.READ_ACCESS, fetch_size=self._settings.store_fetch_size) as session:
                return _rows(session.run(self._timed(query), parameters))

        return self._attempt(once)

    def stream(self, query: str, /, **parameters: Any) -> Iterator[Sequence[Any]]:
        """The rows of a scan as they come, each a sequence of values; a connection lost midway is an error.

        Raises: as `read`.
        """
        session, result = self._attempt(lambda link: self._started_scan(link, query, parameters))
        try:
            values = tuple.__iter__  # a Record's own iterator checks each value in Python, at half the speed
            for record in result:
                yield tuple(values(record))
        except (bolt.DriverError, bolt.Neo4jError) as error:
            raise _translated(error) from error
        finally:
            session.close()

    def write(self, work: Work[T]) -> T:
        """Run `work` in a transaction and return its result; after a conflict it runs again from the start.

        Raises:
            StoreConflict: Conflicts lasted longer than `store_retry_seconds`.
            StoreConstraint: A uniqueness rule would be broken.
            StoreDown, StoreTimeout, StoreError: as `read`. After StoreDown at the very end of a transaction
                it is open whether it took place; the message says so.
        """
        return self._attempt(lambda link: self._transact(link, work))

    def commit(
        self, work: Work[T], touched: Touched | Callable[[T], Touched], *, load: str = ""
    ) -> Committed[T]:
        """Run `work` and record as a new version what it touched, in one transaction.

        Args:
            work: As of `write`; it may run more than once.
            touched: What it touches, or what computes that from its result.
            load: Id of the load that this write belongs to.

        Raises: as `write`.
        """
        for _ in range(_COUNTER_TRIES):
            try:
                return self._attempt(lambda link: self._transact_versioned(link, work, touched, load))
            except _NoCounterError:
                # Made on its own: a transaction that began before another writer made it may not see it.
                self.write(lambda tx: tx.execute(cypher("counter")))
        raise StoreError("The counter of versions cannot be found although it has just been made.")

    def version(self) -> int:
        """The newest version of the graph; 0 before the first commit."""
        rows = self.read(cypher("version"))
        return int(rows[0]["version"]) if rows else 0

    def commits_since(self, version: int) -> list[Commit]:
        """All commits after `version`, oldest first."""
        rows = self.read(cypher("commits"), after=version, upto=self.version())
        return [_commit(row) for row in rows]

    def ensure_schema(self, rules: Iterable[Unique | Index], edge_types: Iterable[str] = ()) -> None:
        """Make the constraints and indexes that are not there yet, and those that versions rest on.

        What this store has made before it does not ask for again.
        """
        wanted = (*OWN_SCHEMA, *rules), tuple(edge_types)
        if wanted in self._ensured:
            return

        def once(link: _Link) -> None:
            statements = [
                *link.dialect.schema(wanted[0]),
                *link.dialect.edge_types(wanted[1]),
                cypher("counter"),
            ]
            with link.session(neo4j.WRITE_ACCESS) as session:
                for statement in statements:
                    session.run(statement).consume()

        self._attempt(once)
        self._ensured.add(wanted)

    # --- transactions ---

    def _timed(self, query: str) -> neo4j.Query:
        return neo4j.Query(query, timeout=self._settings.store_transaction_seconds)

    def _started_scan(self, link: _Link, query: str, parameters: Row) -> tuple[neo4j.Session, neo4j.Result]:
        session = link.session(neo4j.READ_ACCESS, fetch_size=self._settings.store_fetch_size)
        try:
            result = session.run(self._timed(query), parameters)
            result.peek()  # so that what is wrong shows here, where it can still be tried again
        except BaseException:
            session.close()
            raise
        return session, result

    def _transact(self, link: _Link, work: Work[T]) -> T:
        with (
            link.session(neo4j.WRITE_ACCESS) as session,
            session.begin_transaction(timeout=self._settings.store_transaction_seconds) as transaction,
        ):
            result = work(Tx(transaction))
            transaction.commit()
            return result

    def _transact_versioned(
        self, link: _Link, work: Work[T], touched: Touched | Callable[[T], Touched], load: str
    ) -> Committed[T]:
        with (
            link.session(neo4j.WRITE_ACCESS) as session,
            session.begin_transaction(timeout=self._settings.store_transaction_seconds) as transaction,
        ):
            tx = Tx(transaction)
            result = work(tx)
            change = touched(result) if callable(touched) else touched
            with self._version_lock:
                version = _take_version(tx, change, load)
                transaction.commit()
            return Committed(version, result)

    # --- connections and retries ---

    def _attempt(self, action: Callable[[_Link], T]) -> T:
        """Do something with a connection, again and again while that may help."""
        patience = _Patience(self._settings)
        while True:
            link = self._link
            try:
                link = link or self._connected()
                return action(link)
            except (bolt.DriverError, bolt.Neo4jError, OSError) as error:
                problem = _translated(error)
                pause = patience.pause(problem, error, link.dialect if link else None)
                if isinstance(problem, StoreDown) and self._embedded is not None:
                    self._revive(self._embedded, patience.remaining(problem))
                time.sleep(pause)

    def _connected(self) -> _Link:
        with self._linking:
            if self._link is None:
                self._link = self._connect()
            return self._link

    def _connect(self) -> _Link:
        address, chosen = self.address(), self._settings
        driver = neo4j.GraphDatabase.driver(
            address.uri,
            auth=(address.user, address.password),
            max_connection_pool_size=chosen.store_pool_size,
            connection_timeout=chosen.store_connect_seconds,
            connection_acquisition_timeout=chosen.store_acquire_seconds,
            liveness_check_timeout=_IDLE_CHECK_SECONDS,
        )
        try:
            dialect = dialect_of(driver.get_server_info().agent)
        except BaseException:
            driver.close()
            raise
        self._drivers.append(driver)
        return _Link(address.uri, driver, dialect, _session_settings(address, dialect))

    def _revive(self, embedded: Embedded, seconds: float) -> None:
        """Have the embedded server started anew if it has crashed, and wait for that, but not too long."""
        with self._linking:
            if self._reviver is None or not self._reviver.is_alive():
                self._reviver = threading.Thread(target=self._relink, args=(embedded,), daemon=True)
                self._reviver.start()
            reviver = self._reviver
        reviver.join(seconds)

    def _relink(self, embedded: Embedded) -> None:
        try:
            uri = embedded.revive()
        except StoreError:
            log.exception("the embedded store could not be started again")  # the next request tries anew
            return
        with self._linking:
            # The old driver is left to those who are in the midst of using it, and closed with the store.
            if self._link is not None and self._link.uri != uri:
                self._link = None


def _session_settings(address: Address, dialect: Dialect) -> dict[str, Any]:
    chosen: dict[str, Any] = {"database": address.database or None}
    if dialect.filters_notifications:
        chosen["notifications_min_severity"] = neo4j.NotificationMinimumSeverity.OFF
    return chosen


@dataclass(slots=True)
class _Patience:
    """How long one request goes on trying: shorter for a lost database than for a conflict."""

    settings: Settings
    began: dict[type[StoreError], float] = field(default_factory=dict)
    pauses: int = 0
    duplicates: int = 0

    def pause(self, problem: StoreError, error: BaseException, dialect: Dialect | None) -> float:
        """Seconds to wait before the next try; raises the problem where there shall be none."""
        if not self._may_help(error, dialect) or self.remaining(problem) <= 0:
            raise problem from error
        self.pauses += 1
        longest = min(_LONGEST_PAUSE_SECONDS, _FIRST_PAUSE_SECONDS * 2**self.pauses)
        return random.uniform(longest / 2, longest)  # noqa: S311 - spreads writers, guards nothing

    def remaining(self, problem: StoreError) -> float:
        """Seconds left for this kind of problem, counted from the first time it came up."""
        limit = (
            self.settings.store_down_seconds
            if isinstance(problem, StoreDown)
            else self.settings.store_retry_seconds
        )
        now = time.monotonic()
        return self.began.setdefault(type(problem), now) + limit - now

    def _may_help(self, error: BaseException, dialect: Dialect | None) -> bool:
        if isinstance(error, bolt.ConstraintError):
            # Two writers may have merged the same new node; the second one finds it if it tries again.
            self.duplicates += 1
            late = dialect is not None and dialect.finds_duplicates_late
            return late and self.duplicates < _DUPLICATE_TRIES
        if isinstance(error, (bolt.DriverError, bolt.Neo4jError)):
            return error.is_retryable() or isinstance(error, bolt.ConnectionAcquisitionTimeoutError)
        return isinstance(error, ConnectionError)


_LOST = (
    bolt.ServiceUnavailable,
    bolt.SessionExpired,
    bolt.ConnectionAcquisitionTimeoutError,
    bolt.DatabaseUnavailable,
    bolt.NotALeader,
    OSError,
)


def _translated(error: BaseException) -> StoreError:
    """The error of our tree that a driver's error stands for."""
    text = (error.message if isinstance(error, bolt.Neo4jError) else None) or str(error)
    code = (error.code if isinstance(error, bolt.Neo4jError) else None) or ""
    if isinstance(error, bolt.IncompleteCommit):
        return StoreDown(
            f"The connection was lost during a commit, so it is open whether that took place: {text}",
            hint="Do it again: loading and deciding twice changes nothing.",
        )
    if isinstance(error, _LOST):
        return StoreDown(
            f"The graph database does not answer: {text}", hint="Is it running, and at GUANXI_STORE_URI?"
        )
    if any(word in code for word in ("TransactionTimedOut", "Terminated", "LockClientStopped")):
        return StoreTimeout(f"The graph database ended a transaction that ran for too long: {text}")
    return _translated_refusal(error, text)


def _translated_refusal(error: BaseException, text: str) -> StoreError:
    if isinstance(error, bolt.ConstraintError):
        return StoreConstraint(f"A uniqueness rule would be broken: {text}")
    if isinstance(error, bolt.TransientError):
        return StoreConflict(f"Other writers were in the way for too long: {text}")
    if isinstance(error, bolt.AuthError):
        return StoreError(
            f"The graph database refuses the user: {text}",
            hint="See GUANXI_STORE_USER and GUANXI_STORE_PASSWORD.",
        )
    return StoreError(f"The graph database could not do it: {text}")


def _take_version(tx: Tx, touched: Touched, load: str) -> int:
    """Lock the counter, and with it the order of versions, until the end of the transaction."""
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    parameters = {
        "at": at,
        "load": load,
        "bulk": touched.bulk,
        "nodes": list(touched.nodes),
        "edges": list(touched.edges),
    }
    rows = tx.run(cypher("commit"), **parameters)
    if not rows:
        raise _NoCounterError
    return int(rows[0]["version"])


def _commit(row: Row) -> Commit:
    touched = Touched(tuple(row["nodes"]), tuple(row["edges"]), bool(row["bulk"]))
    return Commit(int(row["version"]), row["at"], row["load"], touched)


def _rows(result: neo4j.Result) -> list[Row]:
    keys = result.keys()
    values = tuple.__iter__
    return [dict(zip(keys, values(record), strict=True)) for record in result]
