"""Builds and starts a real Neo4j out of Maven Central: for the service tests, and for benchmarks beside it."""

import fcntl
import hashlib
import os
import shutil
import subprocess
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import IO

HERE = Path(__file__).parent
TARGET = HERE / "target"
START_SECONDS = 120
OPENED = [f"--add-opens=java.base/{package}=ALL-UNNAMED" for package in ("java.nio", "java.io", "sun.nio.ch")]


class UnavailableError(Exception):
    """There can be no Neo4j here; says why."""


@contextmanager
def exclusive(path: Path) -> Iterator[None]:
    """Only one process at a time gets past this."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def tool(name: str) -> str:
    """The path of a program that is needed. Raises UnavailableError."""
    path = shutil.which(name)
    if path is None:
        raise UnavailableError(f"Neo4j needs {name}, which is not on the path")
    return path


def build() -> None:
    """Fetch Neo4j and compile its launcher, unless that was done for these sources already.

    Raises:
        UnavailableError: A program is missing, or Maven failed.
    """
    tool("java")
    sources = [HERE / "pom.xml", HERE / "src/main/java/Launcher.java"]
    wanted = hashlib.sha256(b"".join(source.read_bytes() for source in sources)).hexdigest()
    stamp = TARGET / "built-from"
    TARGET.mkdir(exist_ok=True)
    with exclusive(TARGET / "build.lock"):
        if stamp.exists() and stamp.read_text() == wanted:
            return
        built = subprocess.run(  # noqa: S603 - our own pom.xml
            [tool("mvn"), "-q", "-B", "compile"], cwd=HERE, capture_output=True, text=True, check=False
        )
        if built.returncode:
            raise UnavailableError(f"Maven could not build Neo4j: {(built.stdout + built.stderr)[-2000:]}")
        stamp.write_text(wanted)


def start(
    home: Path, reader: int | IO[bytes], output: Path, *, heap: str = "1g", pages_mib: int = 64
) -> subprocess.Popen[bytes]:
    """Start what `build` built; it ends when nobody can write to what it reads any more.

    Args:
        home: An empty folder for its data.
        reader: What it reads.
        output: File for what it says.
        heap: Java's heap.
        pages_mib: MiB of Neo4j's page cache.
    """
    classpath = f"{TARGET / 'classes'}{os.pathsep}{TARGET / 'lib' / '*'}"
    memory = ["-Xms128m", f"-Xmx{heap}", f"-Dpages.mib={pages_mib}"]
    command = [tool("java"), *memory, *OPENED, "-cp", classpath, "Launcher", str(home)]
    with output.open("wb") as log:
        return subprocess.Popen(  # noqa: S603 - our own launcher
            command, stdin=reader, stdout=log, stderr=log, start_new_session=True
        )


def announced_port(output: Path) -> int:
    """The Bolt port that it says it listens on. Raises UnavailableError where it does not start."""
    deadline = time.monotonic() + START_SECONDS
    while time.monotonic() < deadline:
        for line in output.read_text().splitlines():
            if line.startswith("bolt port "):
                return int(line.rsplit(" ", 1)[1])
        time.sleep(0.1)
    raise UnavailableError(f"Neo4j did not start: {output.read_text()[-2000:]}")
