"""Routes about the whole customer 360: the answer itself, and the brief before a visit as HTML or PDF."""

from __future__ import annotations

import threading
from typing import Annotated, Any, Final, Literal
from urllib.parse import quote

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import parameters
from api.brief import brief_of
from api.brief_render import html, pdf
from api.opportunity_runs import Engines
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of, viewer_of
from queries.customer_360 import LINES, Means, customer_360
from queries.customer_360_lines import Customer360
from queries.paging import Page
from queries.rule_sets import RuleBook
from queries.text_library import Library

MOST_LINES: Final = 50
HTML, PDF = "text/html; charset=utf-8", "application/pdf"

_POLICY: Final = "default-src 'none'; style-src 'unsafe-inline'; sandbox"
"""A brief loads nothing and runs nothing, whatever the names in it are."""


class Whole(parameters.Read):
    """Parameters of the whole customer 360."""

    limit: int = Field(LINES, ge=1, le=MOST_LINES, description="Most lines of each list.")
    similar: bool = Field(
        default=False,
        description="Also companies that are told alike; this reads the vectors of all descriptions.",
    )


class AsBrief(parameters.Read):
    """Parameters of the brief."""

    format: Literal["html", "pdf"] = Field("html", description="One HTML file, or a PDF with its own face.")
    similar: bool = Field(default=False, description="Also companies that are told alike.")


class MeansOf:
    """What the answers of a service depend on beside the View; the vectors are opened when they are first wanted."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._engines = Engines(settings)
        self._rules = RuleBook(settings.rules_dir)
        self._lock = threading.Lock()
        self._library: Library | None = None

    def current(self, *, similar: bool) -> Means:
        """The engine and rules in force, with vectors where similar companies are wanted."""
        return Means(self._engines.current(), self._rules.current(), self._opened() if similar else None)

    def _opened(self) -> Library:
        from api.document_search import library_of  # noqa: PLC0415  # reading is loaded where it is asked for

        with self._lock:
            if self._library is None:
                self._library = library_of(self._settings)
            return self._library


class _Routes:
    """The routes over the engine, rules and vectors of the settings."""

    def __init__(self, settings: ApiSettings) -> None:
        self._means = MeansOf(settings)

    def whole(
        self,
        request: Request,
        id: parameters.Ref,  # noqa: A002
        asked: Annotated[Whole, Query()],
    ) -> Response:
        """The sections of the profile and every other question's answer; each list goes on under its own route."""
        page = Page(asked.limit).signed(service_of(request).cursor_key)
        by = self._means.current(similar=asked.similar)
        return answer(request, customer_360(view_of(request, asked), id, by, page=page))

    def brief(
        self,
        request: Request,
        id: parameters.Ref,  # noqa: A002
        asked: Annotated[AsBrief, Query()],
    ) -> Response:
        """Two or three A4 pages in Chinese: why now, who decides, figures, events, white space, risk, gaps."""
        by = self._means.current(similar=asked.similar)
        whole = customer_360(view_of(request, asked), id, by)
        made = brief_of(whole, viewer_of(request).name)
        body: bytes = pdf(made) if asked.format == "pdf" else html(made).encode()
        return Response(body, headers=_headers(made.name, asked.format), media_type=_MEDIA[asked.format])


_MEDIA: Final = {"html": HTML, "pdf": PDF}


def _headers(name: str, ending: str) -> dict[str, str]:
    file = quote(f"访前简报 {name}.{ending}", safe="")
    return {
        "Content-Disposition": f"inline; filename=\"brief.{ending}\"; filename*=UTF-8''{file}",
        "Cache-Control": "private, no-store",
        "Content-Security-Policy": _POLICY,
        "X-Content-Type-Options": "nosniff",
        "Vary": "Authorization",
    }


def router(settings: ApiSettings) -> APIRouter:
    """The routes; rules and engine are those of the settings, read again when a file changes."""
    routes = _Routes(settings)
    made = APIRouter(prefix="/v1/entities/{id}", tags=["entity"], default_response_class=Response)
    made.get(
        "/360",
        summary="The whole customer 360: the profile with every other question's answer",
        responses=responses(Customer360, 401, 404, 409, 422, 503),
    )(routes.whole)
    made.get(
        "/brief",
        summary="A brief before a visit, as HTML or PDF",
        responses=_brief_responses(),
    )(routes.brief)
    return made


def _brief_responses() -> dict[int | str, dict[str, Any]]:
    found = responses(Customer360, 401, 404, 409, 422, 503)
    shown = {"schema": {"type": "string"}, "example": '<!doctype html><html lang="zh">…</html>'}
    binary = {"schema": {"type": "string", "format": "binary"}}
    found[200] = {"description": "The brief.", "content": {"text/html": shown, "application/pdf": binary}}
    del found[304]
    return found
