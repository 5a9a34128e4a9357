"""What every request passes first: a token, a size limit, a stopwatch. Plain ASGI, since it runs on all of them."""

from __future__ import annotations

import time
from typing import Final

from starlette.exceptions import HTTPException
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from api.auth import TokenBook, Unauthorized, Viewer
from api.errors import TOO_LARGE, from_error, problem
from api.metrics import Metrics
from graph.errors import GuanxiError

OPEN_PATHS: Final = frozenset({"/healthz", "/readyz"})
"""The only paths that answer without a token; they tell nothing but whether the service runs."""


class Gate:
    """Lets in who has a token, and puts the viewer into the request's state."""

    def __init__(self, app: ASGIApp, book: TokenBook, metrics: Metrics, max_body_bytes: int) -> None:
        self._app = app
        self._book = book
        self._metrics = metrics
        self._max_body_bytes = max_body_bytes

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Handle one connection."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        started = time.perf_counter()
        status = 500

        async def watched(message: Message) -> None:
            nonlocal status
            if message["type"] == "http.response.start":
                status = message["status"]
            await send(message)

        try:
            await self._admit(scope, receive, watched)
        finally:
            route = getattr(scope.get("route"), "path", "other")
            self._metrics.add(_known_method(scope["method"]), route, status, time.perf_counter() - started)

    async def _admit(self, scope: Scope, receive: Receive, send: Send) -> None:
        try:
            scope.setdefault("state", {})["viewer"] = self._viewer(scope)
        except GuanxiError as error:
            await from_error(error)(scope, receive, send)
            return
        if self._declared(scope) > self._max_body_bytes:
            await problem(TOO_LARGE, self._too_large())(scope, receive, send)
            return
        await self._app(scope, self._limited(receive), send)

    def _viewer(self, scope: Scope) -> Viewer:
        if scope["path"] in OPEN_PATHS:
            return Viewer("")
        headers = [value for name, value in scope["headers"] if name == b"authorization"]
        if len(headers) > 1:
            raise Unauthorized("只能有一个令牌 / more than one Authorization header")
        return self._book.viewer(headers[0].decode("latin-1") if headers else None)

    @staticmethod
    def _declared(scope: Scope) -> int:
        declared = next((value for name, value in scope["headers"] if name == b"content-length"), b"0")
        return int(declared) if declared.isdigit() else 0

    def _limited(self, receive: Receive) -> Receive:
        """Count the body as it comes: a declared length may be absent or a lie."""
        read = 0

        async def limited() -> Message:
            nonlocal read
            message = await receive()
            read += len(message.get("body", b""))
            if read > self._max_body_bytes:
                raise HTTPException(TOO_LARGE.status, self._too_large())
            return message

        return limited

    def _too_large(self) -> str:
        limit = self._max_body_bytes
        return f"请求体超过 {limit} 字节 / the body is larger than {limit} bytes"


def _known_method(method: str) -> str:
    """Anybody may send any word as a method; each would be a new line of the metrics."""
    return method if method in ("GET", "POST", "HEAD", "PUT", "DELETE", "OPTIONS", "PATCH") else "OTHER"
