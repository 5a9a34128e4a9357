"""The product's own HTTP application over a projection in memory, in a forked process, and a client of it."""

from __future__ import annotations

import contextlib
import gc
import http.client
import json
import multiprocessing
import socket
import time
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import uvicorn
from client import Answer, UnexpectedAnswerError
from ground import Service

from api.app import create_app
from api.auth import add_token
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.projection import Projection


class Client:
    """Asks over one connection that is kept, with a token without any clearance."""

    def __init__(self, running: Service, port: int, token: str) -> None:
        self.running = running
        self.token = token
        self._connection = http.client.HTTPConnection("127.0.0.1", port, timeout=300)
        self._headers = {"Authorization": f"Bearer {token}", "Content-Type": "application/json"}

    def get(self, path: str) -> Answer:
        """What a path answers. Raises UnexpectedAnswerError."""
        return self._ask("GET", path, None)

    def post(self, path: str, body: Mapping[str, Any]) -> Answer:
        """What a path answers to a body. Raises UnexpectedAnswerError."""
        return self._ask("POST", path, json.dumps(body).encode())

    def _ask(self, method: str, path: str, body: bytes | None) -> Answer:
        began = time.perf_counter()
        self._connection.request(method, path, body, self._headers)
        answer = self._connection.getresponse()
        text = answer.read()
        seconds = time.perf_counter() - began
        if answer.status != 200:
            raise UnexpectedAnswerError(f"{path}: {answer.status} {text[:1000].decode(errors='replace')}")
        return Answer(path, seconds, text)


@contextlib.contextmanager
def serving(projection: Projection, folder: Path) -> Iterator[Client]:
    """Serve a projection until the end of the block. What was worked out for its views before is shared."""
    settings = ApiSettings(data_dir=folder, token_file=folder / "tokens.json", cursor_key="benchmark")
    settings.tokens_path.unlink(missing_ok=True)
    token = add_token(settings.tokens_path, "benchmark")
    # with the protocol named, asyncio sets TCP_NODELAY; without it an answer's body waits 40 ms for an ACK
    with socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP) as listener:
        listener.bind(("127.0.0.1", 0))
        listener.listen()
        port = listener.getsockname()[1]
        # A fork: the projection is in memory alone, and shall be there once.
        server = multiprocessing.get_context("fork").Process(
            target=_serve, args=(settings, projection, listener), daemon=True
        )
        server.start()
    try:
        yield Client(Service(f"http://127.0.0.1:{port}", server.pid or 0), port, token)
    finally:
        server.terminate()
        server.join(30)
        server.kill()


def _serve(settings: ApiSettings, projection: Projection, listener: socket.socket) -> None:
    gc.freeze()
    gc.set_threshold(20_000, 20, 50)  # as the application sets it where it opens the graph itself
    config = uvicorn.Config(
        create_app(settings, FixedGraph(projection)), access_log=False, log_config=None, server_header=False
    )
    uvicorn.Server(config).run(sockets=[listener])
