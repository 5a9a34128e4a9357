"""What all routes share: who asks, the View that answers, and what an answer looks like on the wire."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass
from typing import Any, Final

from fastapi import Request
from pydantic import BaseModel
from starlette.responses import Response

from api import parameters
from api.auth import Viewer
from api.errors import PROBLEM_JSON
from api.live import Graph
from api.metrics import Metrics
from graph.view import View


@dataclass(frozen=True, slots=True)
class Service:
    """What the routes of one app share."""

    graph: Graph
    metrics: Metrics
    cursor_key: str


def service_of(request: Request) -> Service:
    """What the app behind a request keeps."""
    service: Service = request.app.state.service
    return service


def viewer_of(request: Request) -> Viewer:
    """Who asks, by the token."""
    viewer: Viewer = request.state.viewer
    return viewer


def view_of(request: Request, asked: parameters.Read) -> View:
    """What the asker may see, on the days asked for."""
    return service_of(request).graph.view(viewer_of(request), asked.as_of, asked.known_at)


def answer(request: Request, model: BaseModel) -> Response:
    """A model as JSON, with the hash of what the asker sees as its tag; 304 where the asker has it already."""
    body = model.__pydantic_serializer__.to_json(model)
    tag = f'"{hashlib.blake2b(body, digest_size=16).hexdigest()}"'
    headers = {"ETag": tag, "Cache-Control": "private, no-cache", "Vary": "Authorization"}
    if _has(request.headers.get("if-none-match"), tag):
        return Response(status_code=304, headers=headers)
    return Response(body, headers=headers, media_type="application/json")


def _has(if_none_match: str | None, tag: str) -> bool:
    """Whether the asker's tags include this one; the comparison is weak (RFC 9110, 13.1.2)."""
    if if_none_match is None:
        return False
    tags = {part.strip().removeprefix("W/") for part in if_none_match.split(",")}
    return tag in tags or "*" in tags


_PROBLEMS: Final = {
    401: "No token, or one that is not valid.",
    404: "No such thing, or none that may be seen: the two are not told apart.",
    409: "A name that several things have; `candidates` are their ids.",
    413: "The body is too large.",
    422: "A parameter cannot be used; `errors` names it.",
    503: "The graph database does not answer; `Retry-After` says when to ask again.",
}


def responses(model: type[BaseModel], *statuses: int) -> dict[int | str, dict[str, Any]]:
    """How a route's answers are documented: the model, then the problems it may meet."""
    found: dict[int | str, dict[str, Any]] = {
        200: {
            "model": model,
            "description": (model.__doc__ or "").split("\n")[0],
            "headers": {"ETag": {"description": "Hash of the answer.", "schema": {"type": "string"}}},
        },
        304: {"description": "The answer is the one whose ETag was sent as If-None-Match."},
    }
    for status in statuses:
        content = {PROBLEM_JSON: {"schema": {"$ref": "#/components/schemas/Problem"}}}
        found[status] = {"description": _PROBLEMS[status], "content": content}
    return found
