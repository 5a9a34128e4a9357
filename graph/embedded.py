"""The embedded default store: a local ArcadeDB server in a process of its own, shared by its users.

Nobody has to start or stop it. The first user of a folder starts it; whoever comes later finds it; it ends a
moment after the last user has gone. Locks, not process ids, say who is there, because the kernel lets go of a
lock however its holder ends:

    users.lock   shared by every user; the server ends once it gets it exclusively
    server.lock  held by the server as long as it lives; free means crashed or ended, whatever state.json says
    start.lock   held by the user that is starting the server, so that racing users start one

`python -m graph.embedded FOLDER` is the server itself.
"""

from __future__ import annotations

import argparse
import contextlib
import fcntl
import json
import os
import secrets
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from types import TracebackType
from typing import TYPE_CHECKING, Any, Self

from graph.errors import StoreDown
from graph.settings import Settings, kept_secret

if TYPE_CHECKING:
    from arcadedb_embedded.server import ArcadeDBServer

DATABASE = "guanxi"
USER = "root"  # the only account that ArcadeDB makes by itself
LOOPBACK = "127.0.0.1"
_POLL_SECONDS = 0.05
_IDLE_POLL_SECONDS = 0.25
_MESSAGE_BYTES = 256 * 1024 * 1024  # Bolt message, by default 16 MiB: less than a batch of wide rows
_LOG_TAIL_LINES = 5
_SUCCESSION_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class State:
    """What a running server says of itself in `state.json`."""

    pid: int
    port: int
    heap: str
    started: str


@dataclass(frozen=True, slots=True)
class Files:
    """Where the embedded store keeps what, below a data folder."""

    root: Path

    @classmethod
    def of(cls, data_dir: Path) -> Files:
        """The files of a data folder's store; made, for its owner only, where they are absent."""
        files = cls(data_dir.resolve() / "store")
        files.root.mkdir(parents=True, exist_ok=True, mode=0o700)
        return files

    @property
    def state(self) -> Path:
        """Where the server can be reached."""
        return self.root / "state.json"

    @property
    def password(self) -> Path:
        """The server's password, readable by the owner alone."""
        return self.root / "password"

    @property
    def log(self) -> Path:
        """Everything that the server prints."""
        return self.root / "server.log"

    def lock(self, name: str) -> Path:
        """One of the lock files."""
        return self.root / f"{name}.lock"


class _Lock:
    """An advisory lock on a file, let go by `release` or by the end of the process."""

    def __init__(self, path: Path) -> None:
        self._descriptor = os.open(path, os.O_RDWR | os.O_CREAT, 0o600)

    def take(self, *, shared: bool = False) -> bool:
        """Whether the lock could be had at once."""
        try:
            fcntl.flock(self._descriptor, (fcntl.LOCK_SH if shared else fcntl.LOCK_EX) | fcntl.LOCK_NB)
        except BlockingIOError:
            return False
        return True

    def let_go(self) -> None:
        """Give the lock back and keep the file open to try again."""
        fcntl.flock(self._descriptor, fcntl.LOCK_UN)

    def release(self) -> None:
        """Give the lock back for good."""
        if self._descriptor >= 0:
            os.close(self._descriptor)
            self._descriptor = -1


def _is_held(path: Path) -> bool:
    lock = _Lock(path)
    try:
        return not lock.take(shared=True)
    finally:
        lock.release()


def _wait_for(condition: Callable[[], bool], deadline: float) -> bool:
    while not condition():
        if time.monotonic() > deadline:
            return False
        time.sleep(_POLL_SECONDS)
    return True


def _read_state(files: Files) -> State | None:
    """What the living server says of itself; none while there is none or it is not ready."""
    if not _is_held(files.lock("server")):
        return None
    try:
        return State(**json.loads(files.state.read_text()))
    except FileNotFoundError:
        return None


# --- the user ---


class Embedded:
    """A user's hold on the embedded store: the server runs at least until `close`."""

    database = DATABASE

    def __init__(self, settings: Settings) -> None:
        self._settings = settings
        self._files = Files.of(settings.data_dir)
        self._starting = threading.Lock()
        self._use = _Lock(self._files.lock("users"))
        deadline = time.monotonic() + settings.embedded_start_seconds
        # A server on its way out holds this lock to its end; a user that comes then waits for that.
        if not _wait_for(lambda: self._use.take(shared=True), deadline):
            self._use.release()
            raise self._failure("is ending and does not come to its end")
        try:
            self._state = self._found_or_started()
        except BaseException:
            self._use.release()
            raise

    @property
    def uri(self) -> str:
        """The Bolt address; another one after `revive` had to start the server anew."""
        return f"bolt://{LOOPBACK}:{self._state.port}"

    @property
    def auth(self) -> tuple[str, str]:
        """User and password."""
        return USER, self._files.password.read_text().strip()

    def revive(self) -> str:
        """The Bolt address of a server that runs now: the known one, or its successor if it has crashed."""
        with self._starting:
            self._state = self._found_or_started()
        return self.uri

    def close(self) -> None:
        """Stop using the server; it ends when nobody does."""
        self._use.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def _found_or_started(self) -> State:
        state = _read_state(self._files)
        if state is not None:
            return state
        deadline = time.monotonic() + self._settings.embedded_start_seconds
        with _exclusive(self._files.lock("start"), deadline):
            return _read_state(self._files) or self._start(deadline)

    def _start(self, deadline: float) -> State:
        server = _spawn(self._files, self._settings)
        while time.monotonic() < deadline:
            state = _read_state(self._files)
            if state is not None:
                return state
            if server.poll() is not None:
                raise self._failure(f"ended at once with status {server.returncode}")
            time.sleep(_POLL_SECONDS)
        server.kill()
        server.wait()
        raise self._failure(f"was not ready within {self._settings.embedded_start_seconds:g} s")

    def _failure(self, what: str) -> StoreDown:
        log = self._files.log
        lines = log.read_text(errors="replace").splitlines()[-_LOG_TAIL_LINES:] if log.exists() else []
        return StoreDown(
            "\n".join([f"The embedded store in {self._files.root} {what}.", *lines]),
            hint=f"Its log is {log}.",
        )


def attach(settings: Settings) -> Embedded:
    """Use the embedded store of `settings.data_dir`, starting its server if none runs.

    Raises:
        StoreDown: The server did not start in time; the message ends with the last lines of its log.
    """
    return Embedded(settings)


@dataclass(frozen=True, slots=True)
class Status:
    """The embedded store of a data folder, seen from outside."""

    running: bool
    uri: str
    state: State | None
    log: Path


def status(data_dir: Path) -> Status:
    """How the store of a data folder is, without starting or using it."""
    files = Files(data_dir.resolve() / "store")
    state = _read_state(files) if files.root.exists() else None
    uri = f"bolt://{LOOPBACK}:{state.port}" if state else ""
    return Status(running=state is not None, uri=uri, state=state, log=files.log)


@contextlib.contextmanager
def _exclusive(path: Path, deadline: float) -> Iterator[None]:
    lock = _Lock(path)
    try:
        if not _wait_for(lock.take, deadline):
            raise StoreDown(f"Another process has been starting the embedded store for too long ({path}).")
        yield
    finally:
        lock.release()


def _spawn(files: Files, settings: Settings) -> subprocess.Popen[bytes]:
    kept_secret(files.password)
    arguments = [
        sys.executable, "-m", "graph.embedded", str(files.root.parent),
        "--heap", settings.embedded_heap,
        "--grace", str(settings.embedded_grace_seconds),
    ]  # fmt: skip
    if not settings.embedded_fsync:
        arguments.append("--no-fsync")
    source = str(Path(__file__).resolve().parent.parent)
    path = os.pathsep.join(filter(None, [source, os.environ.get("PYTHONPATH", "")]))
    with files.log.open("ab") as log:
        # A session of its own: Ctrl-C at a user's terminal ends that user, not what others work with.
        server = subprocess.Popen(  # noqa: S603 - our own module, run by our own interpreter
            arguments,
            cwd=files.root,
            env={**os.environ, "PYTHONPATH": path},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
            start_new_session=True,
        )
    # Reaps the server should it end before us, and does not hold us up should it not.
    threading.Thread(target=server.wait, name="embedded-store-reaper", daemon=True).start()
    return server


# --- the server ---


@dataclass(frozen=True, slots=True)
class _Options:
    heap: str
    grace: float
    fsync: bool


def serve(files: Files, options: _Options) -> None:
    """Run the server until nobody has used it for the grace time, or until SIGTERM or SIGINT."""
    life = _Lock(files.lock("server"))
    # Not at the first try: a server before us may be closing, and who looks for one holds it for an instant.
    if not _wait_for(life.take, time.monotonic() + _SUCCESSION_SECONDS):
        return
    files.state.unlink(missing_ok=True)
    end = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda _number, _frame: end.set())
    users = _Lock(files.lock("users"))
    with _running_server(files, options) as state:
        _publish(files, state)
        _wait_until_unused(users, options.grace, end)
        files.state.unlink(missing_ok=True)


def _wait_until_unused(users: _Lock, grace: float, end: threading.Event) -> None:
    """Return, holding the lock so that nobody comes in any more, once it was free for `grace` seconds."""
    idle_since: float | None = None
    while not end.wait(_IDLE_POLL_SECONDS):
        if not users.take():
            idle_since = None
            continue
        idle_since = idle_since or time.monotonic()
        if time.monotonic() - idle_since >= grace:
            return
        users.let_go()


@contextlib.contextmanager
def _running_server(files: Files, options: _Options) -> Iterator[State]:
    # Imported by the server alone: it brings Java into the process.
    from arcadedb_embedded.server import ArcadeDBServer  # noqa: PLC0415

    server = ArcadeDBServer(
        str(files.root),
        root_password=files.password.read_text().strip(),
        config={
            "host": LOOPBACK,
            "http_port": "0",  # the HTTP listener cannot be left out; nothing of ours talks to it
            "server_httpWorkerThreads": 2,
            "server_plugins": "Bolt:com.arcadedb.bolt.BoltProtocolPlugin",
            "bolt_port": 0,
            "bolt_defaultDatabase": DATABASE,
            "bolt_maxMessageSize": _MESSAGE_BYTES,
            # Not "production", which hides from a client what was wrong with its statement. What else that mode
            # sees to, that no statement reads files and that commits reach the disk, is set below.
            "mode": "development",
        },
        jvm_kwargs={"heap_size": options.heap, "jvm_args": _java_arguments(options)},
    )
    with server:
        server.create_database(DATABASE)
        yield _state(server, options.heap)


def _java_arguments(options: _Options) -> list[str]:
    # The engine reads these from Java's own properties only, and ignores them in the server's configuration.
    properties = {
        "txWalFlush": 1 if options.fsync else 0,
        "opencypher.loadCsv.allowFileUrls": "false",
        "opencypher.loadCsv.allowRemoteUrls": "false",
    }
    # -Xrs leaves SIGTERM to Python, which closes the database in order.
    return ["-Xrs", "-Xms64m", *(f"-Darcadedb.{name}={value}" for name, value in properties.items())]


def _state(server: ArcadeDBServer, heap: str) -> State:
    java: Any = server._java_server  # noqa: SLF001 - the wrapper does not tell which free ports it got
    bolt = next(p for p in java.getPlugins() if str(p.getClass().getSimpleName()) == "BoltProtocolPlugin")
    return State(
        pid=os.getpid(),
        port=int(bolt.getPort()),
        heap=heap,
        started=time.strftime("%Y-%m-%dT%H:%M:%S%z"),
    )


def _publish(files: Files, state: State) -> None:
    draft = files.state.with_name(f".state.{secrets.token_hex(4)}")
    draft.write_text(json.dumps(asdict(state)))
    draft.replace(files.state)


def main(arguments: list[str]) -> None:
    """Run the server of a data folder; `attach` calls this, people need not."""
    parser = argparse.ArgumentParser(prog="python -m graph.embedded", description=main.__doc__)
    parser.add_argument("data_dir", type=Path)
    parser.add_argument("--heap", default="2g", help="Java heap")
    parser.add_argument("--grace", type=float, default=2.0, help="seconds to outlive the last user")
    parser.add_argument("--no-fsync", action="store_true", help="do not wait for the disk at each commit")
    given = parser.parse_args(arguments)
    files = Files.of(given.data_dir)
    kept_secret(files.password)
    serve(files, _Options(given.heap, given.grace, not given.no_fsync))
    # The database is closed; what is left are threads of Java that wait for clients, and it would wait for them.
    sys.stdout.flush()
    os._exit(0)


if __name__ == "__main__":
    main(sys.argv[1:])
