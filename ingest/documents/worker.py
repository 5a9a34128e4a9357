"""隔离读取: PDF, DOCX and HTML are read in a process of their own, with limits of memory and time.

A hostile file can make any parser run out of memory, never end, or crash: then the process ends, the file is reported
as unreadable, and the next file gets a new process. What comes back is JSON, never code; the process may write no file.
"""

from __future__ import annotations

import datetime as dt
import json
import os
import subprocess
import sys
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, dataclass
from importlib import import_module
from typing import IO, Any, Final, Self, cast

from ingest.documents.document import CannotRead, Heading, SourceDocument, Table, Unreadable

if sys.platform != "win32":
    import resource

_READERS: Final = {"pdf", "docx", "html"}
_DAMAGED: Final = "fetch the file again, or give it as text"


@dataclass(frozen=True, slots=True)
class Limits:
    """What reading one file may cost: bytes of memory, seconds of processor, seconds by the clock."""

    memory: int = 2 << 30
    processor: int = 120
    clock: float = 240.0


class Worker:
    """A process that reads one file after another; a context manager. It is started when first needed."""

    def __init__(self, limits: Limits | None = None) -> None:
        self._limits = limits or Limits()
        self._process: subprocess.Popen[bytes] | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self._end()

    def read(self, form: str, data: bytes, name: str) -> list[SourceDocument | Unreadable]:
        """What the reader of this format makes of a file; an Unreadable for all of it where it breaks a limit."""
        process = self._started()
        overdue = threading.Event()

        def end() -> None:
            overdue.set()
            process.kill()

        timer = threading.Timer(self._limits.clock, end)
        timer.start()
        try:
            answer = _asked(process, form, data, name)
        finally:
            timer.cancel()
        if answer is None:
            reason = self._why_it_ended(process, overdue=overdue.is_set())
            self._end()
            return [Unreadable(name, "", reason, "split it, or give it as text; it may be made to do harm")]
        return [_item(value) for value in json.loads(answer)]

    def _started(self) -> subprocess.Popen[bytes]:
        if self._process is None or self._process.poll() is not None:
            self._end()
            limits = str(self._limits.memory), str(self._limits.processor)
            self._process = subprocess.Popen(  # noqa: S603 - this Python, and numbers
                [sys.executable, "-m", "ingest.documents", *limits],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                stderr=subprocess.DEVNULL,
            )
        return self._process

    def _why_it_ended(self, process: subprocess.Popen[bytes], *, overdue: bool) -> str:
        code = process.wait()
        if overdue:
            return f"reading it takes longer than {self._limits.clock:g} s"
        if code == -24:  # noqa: PLR2004 - SIGXCPU
            return f"reading it takes more than {self._limits.processor} s of processor time"
        if code == _OUT_OF_MEMORY:
            return f"reading it takes more than {self._limits.memory >> 20} MB of memory"
        most = self._limits.memory >> 20
        return f"reading it ended the reader (exit {code}): damaged, or it needs more than {most} MB"

    def _end(self) -> None:
        process, self._process = self._process, None
        if process is None:
            return
        for stream in (process.stdin, process.stdout):
            with suppress(OSError):
                cast("IO[bytes]", stream).close()
        process.kill()
        process.wait()


def _asked(process: subprocess.Popen[bytes], form: str, data: bytes, name: str) -> bytes | None:
    """The answer to one request; None where the process ended without one."""
    request = json.dumps({"form": form, "name": name, "bytes": len(data)}).encode() + b"\n"
    stdin, stdout = cast("IO[bytes]", process.stdin), cast("IO[bytes]", process.stdout)
    try:
        stdin.write(request)
        stdin.write(data)
        stdin.flush()
        answer = stdout.readline()
    except OSError:
        return None
    return answer if answer.endswith(b"\n") else None


def _item(value: dict[str, Any]) -> SourceDocument | Unreadable:
    if "reason" in value:
        return Unreadable(**value)
    tables = tuple(
        Table(tuple(map(tuple, t["rows"])), tuple((a, b) for a, b in t["lines"]), t["page"])
        for t in value["tables"]
    )
    headings = tuple(Heading(**heading) for heading in value["headings"])
    published = dt.date.fromisoformat(value["published"]) if value["published"] else None
    plain = {"tables": tables, "headings": headings, "published": published}
    return SourceDocument(
        **{**value, **plain, "pages": tuple(value["pages"]), "notes": tuple(value["notes"])}
    )


# --- inside the process -----------------------------------------------------------------------------------------

_OUT_OF_MEMORY: Final = 70


def serve(limits: Limits, requests: IO[bytes], answers: IO[bytes]) -> None:
    """Answer requests, one JSON line each, until there are no more."""
    _limit_memory(limits)
    while line := requests.readline():
        request = json.loads(line)
        data = requests.read(request["bytes"])
        _limit_time(limits)
        try:
            items = _read(request["form"], data, request["name"])
            answer = json.dumps(items, default=dt.date.isoformat).encode()
        except MemoryError:
            os._exit(_OUT_OF_MEMORY)  # the heap may be in no state to go on
        answers.write(answer + b"\n")
        answers.flush()


def _read(form: str, data: bytes, name: str) -> list[dict[str, Any]]:
    try:
        reader = import_module(f"ingest.documents.{form if form in _READERS else 'plain'}")
        found: Iterator[SourceDocument | Unreadable] = reader.read(data, name)
        return [asdict(item) for item in found]
    except CannotRead as error:
        return [asdict(Unreadable(name, "", error.reason, error.hint))]
    except MemoryError:
        raise
    except Exception as error:  # noqa: BLE001 - whatever a parser raises on a damaged file ends that file alone
        return [asdict(Unreadable(name, "", f"damaged: {type(error).__name__}: {error}", _DAMAGED))]


def _limit_memory(limits: Limits) -> None:
    if sys.platform == "win32":
        return
    for kind, most in (
        (resource.RLIMIT_AS, limits.memory),
        (resource.RLIMIT_CORE, 0),
        (resource.RLIMIT_FSIZE, 0),
    ):
        with suppress(ValueError, OSError):  # some systems refuse; the clock still ends what does not end
            resource.setrlimit(kind, (most, most))


def _limit_time(limits: Limits) -> None:
    """So many seconds from now; the hard limit stays, for a soft one cannot be raised beyond it."""
    if sys.platform == "win32":
        return
    usage = resource.getrusage(resource.RUSAGE_SELF)
    spent = int(usage.ru_utime + usage.ru_stime) + 1
    with suppress(ValueError, OSError):
        resource.setrlimit(
            resource.RLIMIT_CPU, (spent + limits.processor, resource.getrlimit(resource.RLIMIT_CPU)[1])
        )
