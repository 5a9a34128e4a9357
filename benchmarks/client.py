"""An HTTP client that costs little, so that what is measured is the server: kept-alive sockets, nothing else."""

from __future__ import annotations

import asyncio
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from urllib.parse import urlsplit

HEAD_END = b"\r\n\r\n"
_LENGTH = b"content-length:"


@dataclass(frozen=True, slots=True)
class Answer:
    """One answer: its body, and how long it took from the first byte sent to the last one received."""

    path: str
    seconds: float
    body: bytes


@dataclass(frozen=True, slots=True)
class Answers:
    """What came back, in the order in which it did, and how long all of it took."""

    seconds: float
    answers: list[Answer]

    @property
    def rate(self) -> float:
        """Answers a second."""
        return len(self.answers) / self.seconds

    def quantile(self, share: float) -> float:
        """The time, in milliseconds, within which a share of the answers came."""
        times = sorted(answer.seconds for answer in self.answers)
        return 1000 * times[min(len(times) - 1, int(share * len(times)))]


class UnexpectedAnswerError(Exception):
    """The server said something else than 200."""


class _Connection(asyncio.Protocol):
    """Sends one request after another, each when the answer before it is complete."""

    def __init__(
        self, paths: Iterator[str], fixed: str, answers: list[Answer], done: asyncio.Future[None]
    ) -> None:
        self._paths, self._fixed, self._answers, self._done = paths, fixed, answers, done
        self._transport: asyncio.Transport
        self._path = ""
        self._began = 0.0
        self._received = bytearray()
        self._wanted = 0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Begin."""
        assert isinstance(transport, asyncio.Transport)
        self._transport = transport
        self._ask()

    def _ask(self) -> None:
        path = next(self._paths, None)
        if path is None:
            self._finish(None)
            return
        self._path, self._wanted = path, 0
        self._received.clear()
        request = f"GET {path} HTTP/1.1\r\n{self._fixed}\r\n".encode()
        self._began = time.perf_counter()
        self._transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take what has come; ask the next question when that was all."""
        self._received += data
        if not self._wanted:
            end = self._received.find(HEAD_END)
            if end < 0:
                return
            self._wanted = end + len(HEAD_END) + self._length(bytes(self._received[:end]))
        if len(self._received) >= self._wanted:
            self._answered(time.perf_counter() - self._began)

    def _length(self, head: bytes) -> int:
        for line in head.lower().split(b"\r\n"):
            if line.startswith(_LENGTH):
                return int(line[len(_LENGTH) :])
        raise UnexpectedAnswerError(f"{self._path}: an answer without a length: {head[:200]!r}")

    def _answered(self, seconds: float) -> None:
        whole = bytes(self._received)
        if not whole.startswith(b"HTTP/1.1 200"):
            self._finish(UnexpectedAnswerError(f"{self._path}: {whole[:1000].decode(errors='replace')}"))
            return
        self._answers.append(Answer(self._path, seconds, whole[whole.index(HEAD_END) + len(HEAD_END) :]))
        self._ask()

    def connection_lost(self, exc: Exception | None) -> None:
        """The server should not do that."""
        self._finish(exc or UnexpectedAnswerError(f"{self._path}: the connection was closed"))

    def _finish(self, error: Exception | None) -> None:
        if not self._done.done():
            if error is None:
                self._done.set_result(None)
            else:
                self._done.set_exception(error)
        self._transport.close()


def ask(address: str, paths: Sequence[str], *, connections: int = 1, token: str = "") -> Answers:
    """Ask for paths, so many at a time as there are connections.

    Raises UnexpectedAnswerError for an answer that is not 200.
    """
    return asyncio.run(_ask(address, paths, connections, token))


async def _ask(address: str, paths: Sequence[str], connections: int, token: str) -> Answers:
    where = urlsplit(address)
    fixed = f"Host: {where.netloc}\r\nAccept: application/json\r\n"
    fixed += f"Authorization: Bearer {token}\r\n" if token else ""
    loop = asyncio.get_running_loop()
    queue, answers = iter(paths), list[Answer]()
    done = [loop.create_future() for _ in range(connections)]
    began = time.perf_counter()
    for end in done:
        connection = partial(_Connection, queue, fixed, answers, end)
        await loop.create_connection(connection, where.hostname or "", where.port or 80)
    await asyncio.gather(*done)
    return Answers(time.perf_counter() - began, answers)
