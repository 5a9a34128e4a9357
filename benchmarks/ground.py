"""What the suites stand on: the world's files, fresh stores, processes that end with the run, progress."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import json
import math
import multiprocessing
import os
import re
import shutil
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import asdict, dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any, ParamSpec, TypeVar, cast

from graph.embedded import status
from graph.schema import edge_types
from graph.settings import Settings
from graph.store import Store
from ingest.loader import LoadOptions, ensure_graph_schema
from ingest.world import SMALLEST

P = ParamSpec("P")
R = TypeVar("R")

SEED = 7
TODAY = dt.date(2026, 6, 30)
"""The world's present, see docs/world.md."""

GRACE_SECONDS = 0.5
"""How long an embedded store outlives its last user here."""

WARM_UP = 500
"""Companies of the throw-away world that every store is warmed up with: some 2,400 rows."""

GUANXI = "guanxi"
"""Name of the store that the questions are asked of."""

_BEGAN = time.monotonic()


def log(text: str) -> None:
    """Say what goes on, with the time since the start."""
    print(f"[{time.monotonic() - _BEGAN:7.1f} s] {text}", file=sys.stderr, flush=True)


@dataclass(frozen=True, slots=True)
class World:
    """The files of a world, and how much is in them."""

    files: tuple[Path, ...]
    counts: dict[str, int]

    @property
    def edges(self) -> int:
        """Rows of files of edges."""
        return sum(count for name, count in self.counts.items() if name in edge_types())

    @property
    def nodes(self) -> int:
        """Rows of files of nodes."""
        return self.rows - self.edges

    @property
    def rows(self) -> int:
        """Rows of all files."""
        return sum(self.counts.values())

    def file(self, name: str) -> Path:
        """The file of a type."""
        return next(path for path in self.files if path.stem == name)


@dataclass(frozen=True, slots=True)
class Loaded:
    """The first load of the world into the store that the questions are asked of."""

    seconds: float
    rows: int


@dataclass(frozen=True, slots=True)
class Ground:
    """Everything that one run keeps on disk, below one folder, and the store that it measures.

    `store_uri` is a Neo4j that this run may empty; without one, stores are embedded, each in a folder of its own.
    """

    companies: int
    folder: Path
    store_uri: str
    rounds: int

    # --- the world ---

    def world(self) -> World:
        """The world of this run's size, written by a process of its own where it is not there yet."""
        return self._world(self.companies, "world")

    def warm_up_world(self) -> World:
        """A small world to throw away."""
        return self._world(WARM_UP, "warm-up-world")

    def _world(self, companies: int, name: str) -> World:
        folder = self.folder / name
        if not (folder / "truth.json").exists():
            log(f"writing a world of {companies} companies")
            _write_world(folder, max(companies, SMALLEST))
        files = tuple(sorted(folder.glob("*.csv")))
        return World(files, {path.stem: _rows(path) for path in files})

    # --- stores ---

    def settings(self, name: str) -> Settings:
        """Settings of a store by name; they all mean the same Neo4j where there is one."""
        return Settings(
            data_dir=self.folder / name, store_uri=self.store_uri, embedded_grace_seconds=GRACE_SECONDS
        )

    @staticmethod
    def embedded(folder: Path) -> Settings:
        """Settings of an embedded store, whatever the run measures."""
        return Settings(data_dir=folder, store_uri="", embedded_grace_seconds=GRACE_SECONDS)

    @contextlib.contextmanager
    def fresh_store(self, name: str) -> Iterator[Settings]:
        """A new store with nothing but constraints in it; its process runs until the end of the block."""
        settings = self.settings(name)
        self.forget(name)
        with Store.open(settings) as store:
            ensure_graph_schema(store)
            empty(store)
            yield settings
        await_end(self.settings(name))

    @contextlib.contextmanager
    def store(self) -> Iterator[Settings]:
        """The store that holds the world, its process running."""
        settings = self.settings(GUANXI)
        if self.loaded() is None:
            raise RuntimeError("the world is not loaded yet: run the suite `load` first, or with it")
        with Store.open(settings):
            yield settings
        await_end(self.settings(GUANXI))

    def forget(self, name: str) -> None:
        """Remove a store that nobody uses any more."""
        await_end(self.settings(name))
        shutil.rmtree(self.folder / name, ignore_errors=True)

    # --- what was loaded ---

    @property
    def _note(self) -> Path:
        return self.folder / GUANXI / "loaded.json"

    def loaded(self) -> Loaded | None:
        """The first load, if the store holds the world."""
        return Loaded(**json.loads(self._note.read_text())) if self._note.exists() else None

    def note_loaded(self, loaded: Loaded) -> None:
        """Remember the first load."""
        self._note.write_text(json.dumps(asdict(loaded)))


def options(data_dir: Path) -> LoadOptions:
    """How every load of a benchmark is done."""
    return LoadOptions(today=TODAY, rejects=data_dir / "rejects", salt="benchmark")


def await_end(settings: Settings) -> None:
    """Wait until an embedded store's process has ended, which it does when its last user has gone."""
    deadline = time.monotonic() + 120
    while status(settings.data_dir).running and time.monotonic() < deadline:
        time.sleep(0.1)


def empty(store: Store) -> None:
    """Delete every node and edge, in transactions of bounded size."""
    statement = "MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS deleted"
    while store.write(lambda tx: tx.run(statement))[0]["deleted"]:
        pass
    ensure_graph_schema(store)  # the counter of versions has to stand again


def _rows(path: Path) -> int:
    with path.open(encoding="utf-8", newline="") as file:
        return sum(1 for _ in csv.reader(file)) - 1


def _write_world(folder: Path, companies: int) -> None:
    command = [
        sys.executable,
        "-m",
        "ingest.world",
        str(folder),
        "--companies",
        str(companies),
        "--seed",
        str(SEED),
    ]
    subprocess.run([*command, "--for-benchmark"], check=True, stdout=sys.stderr)  # noqa: S603  # our own module


# --- processes ---


def fresh(function: Callable[P, R], *args: P.args, **kwargs: P.kwargs) -> R:
    """What a function returns when it is run in a fresh interpreter, which nothing before it has warmed or filled."""
    spawn = multiprocessing.get_context("spawn")
    ours, theirs = spawn.Pipe(duplex=False)
    # A daemon: ends with this process, however this one ends.
    child = spawn.Process(target=_answer, args=(theirs, function, args, kwargs), daemon=True)
    child.start()
    theirs.close()
    try:
        result = ours.recv()
    except EOFError:
        child.join()
        name = getattr(function, "__name__", repr(function))
        raise RuntimeError(f"{name} failed in its process (exit code {child.exitcode}); see above") from None
    finally:
        child.join()
    return cast("R", result)


def _answer(
    pipe: Connection, function: Callable[..., Any], args: tuple[Any, ...], kwargs: dict[str, Any]
) -> None:
    pipe.send(function(*args, **kwargs))


@dataclass(frozen=True, slots=True)
class Service:
    """A server that runs: where it answers, and its process."""

    address: str
    process: int

    def processor_seconds(self) -> float:
        """Time that its process has spent on processors; NaN where the system does not tell."""
        path = Path(f"/proc/{self.process}/stat")
        if not path.exists():
            return math.nan
        fields = path.read_text().rsplit(")", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@contextlib.contextmanager
def service(command: list[str], environment: dict[str, str]) -> Iterator[Service]:
    """Run a server, which prints its address once it listens, until the end of the block."""
    with tempfile.NamedTemporaryFile(prefix="guanxi-bench-", suffix=".log") as output:
        server = subprocess.Popen(  # noqa: S603  # our own modules
            command, env=environment, stdin=subprocess.DEVNULL, stdout=subprocess.DEVNULL, stderr=output
        )
        try:
            yield Service(_address(server, Path(output.name)), server.pid)
        except BaseException:
            print(Path(output.name).read_text(errors="replace")[-5000:], file=sys.stderr)
            raise
        finally:
            _end(server)


def _end(server: subprocess.Popen[bytes]) -> None:
    server.terminate()
    try:
        server.wait(timeout=30)
    except subprocess.TimeoutExpired:
        server.kill()
        server.wait()


def _address(server: subprocess.Popen[bytes], output: Path) -> str:
    while server.poll() is None:
        if found := re.search(r"http://[\d.]+:\d+", output.read_text(errors="replace")):
            return found[0]
        time.sleep(0.01)
    raise RuntimeError(f"{server.args!r} ended before it listened")
