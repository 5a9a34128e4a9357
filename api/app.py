"""The HTTP service: questions as routes under `/v1`, each a plain function of the asker's View."""

from __future__ import annotations

import contextlib
import gc
import html
from collections.abc import AsyncIterator
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, FastAPI, Query, Request
from fastapi.openapi.utils import get_openapi
from starlette.concurrency import run_in_threadpool
from starlette.responses import HTMLResponse, PlainTextResponse, Response

from api import (
    alerts,
    beneficial_owners,
    connections,
    customer_360,
    document_search,
    documents,
    examples,
    groups,
    indicators,
    jobs,
    opportunities,
    ownership,
    parameters,
    reading,
    risk,
    risk_circles,
    scenarios,
    tags,
)
from api.auth import Forbidden, TokenBook
from api.errors import Problem, install
from api.gate import OPEN_PATHS, Gate
from api.live import Graph, LiveGraph
from api.metrics import Metrics
from api.settings import ApiSettings
from api.wire import Service, answer, responses, service_of, view_of, viewer_of
from queries import entity as entities
from queries import match as matching
from queries import neighbors as neighbouring
from queries import profile as profiles
from queries import search as searching
from queries import timeline as timelines
from queries.profile_lines import Profile

_OBJECTS_BETWEEN_COLLECTIONS: Final = 20_000
"""A profile makes about a thousand objects; Python's own 700 would stop every one of them midway."""

VERSION: Final = "0.1.0"
TITLE: Final = "guanxi 关系"
DESCRIPTION: Final = """\
企业客户情报：公司、人员、股权、任职、担保、交易与动态。每一行答案都带有来源记录。

Client intelligence for a securities firm's corporate business. Every line of an answer carries the records
that say so. The bearer token decides what an answer may contain; `as_of` and `known_at` decide for which day it
holds and what had been told by when. Lists page by `cursor`; errors are problem+json (RFC 9457).
"""


def create_app(settings: ApiSettings | None = None, graph: Graph | None = None) -> FastAPI:
    """The application.

    Args:
        settings: Where tokens, store and projection are; read from the environment where absent.
        graph: Where views come from; where absent, the store of the settings, opened when the app starts.
    """
    settings = settings or ApiSettings()
    metrics = Metrics()

    @contextlib.asynccontextmanager
    async def lifespan(app: FastAPI) -> AsyncIterator[None]:
        with contextlib.ExitStack() as stack:
            source = graph
            if source is None:
                live = stack.enter_context(LiveGraph(settings))
                await run_in_threadpool(live.wait, settings.embedded_start_seconds)
                _leave_alone_what_stays()
                source = live
            app.state.service = Service(source, metrics, settings.cursor_secret())
            yield

    app = FastAPI(
        title=TITLE,
        version=VERSION,
        description=DESCRIPTION,
        lifespan=lifespan,
        docs_url=None,  # the bundled pages load scripts from a CDN, which a bank's network does not reach
        redoc_url=None,
        openapi_tags=examples.TAGS,
    )
    app.add_middleware(
        Gate, book=TokenBook(settings.tokens_path), metrics=metrics, max_body_bytes=settings.max_body_bytes
    )
    install(app)
    app.include_router(_questions())
    app.include_router(ownership.router)
    app.include_router(beneficial_owners.router)
    app.include_router(connections.router)
    app.include_router(groups.router)
    app.include_router(indicators.router)
    app.include_router(tags.router(settings))
    app.include_router(risk.router(settings))
    app.include_router(alerts.router(settings))
    app.include_router(opportunities.router(settings))
    app.include_router(customer_360.router(settings))
    app.include_router(risk_circles.router)
    app.include_router(scenarios.router(settings))
    app.include_router(document_search.router(settings))
    app.include_router(documents.router(settings))
    waiting = jobs.jobs_of(settings)
    app.include_router(reading.router(settings, waiting))
    app.include_router(jobs.router(waiting))
    app.include_router(_operations())
    app.openapi = lambda: _openapi(app)  # type: ignore[method-assign]  # FastAPI's documented way to extend it
    return app


def _leave_alone_what_stays() -> None:
    """Spare the garbage collector what lives as long as the process, and let it look at answers less often."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(_OBJECTS_BETWEEN_COLLECTIONS, 20, 50)


# --- Questions -----------------------------------------------------------------------------------------------------


def _questions() -> APIRouter:
    router = APIRouter(prefix="/v1", default_response_class=Response)
    router.get(
        "/search",
        tags=["find"],
        summary="Entities by name, short or former name, pinyin, initials or code",
        responses=responses(searching.SearchAnswer, 401, 422, 503),
    )(search)
    router.post(
        "/match",
        tags=["find"],
        summary="Join a list of names and identifiers to the graph",
        responses=responses(matching.MatchAnswer, 401, 413, 422, 503),
    )(match)
    router.get(
        "/entities/{id}",
        tags=["entity"],
        summary="The entity itself, and the records that describe it",
        responses=responses(entities.Entity, 401, 404, 409, 422, 503),
    )(entity)
    router.get(
        "/entities/{id}/profile",
        tags=["entity"],
        summary="The customer 360",
        responses=responses(Profile, 401, 404, 409, 422, 503),
    )(profile)
    router.get(
        "/entities/{id}/neighbors",
        tags=["entity"],
        summary="What it is directly related to, in pages, with counts",
        responses=responses(neighbouring.Neighbors, 401, 404, 409, 422, 503),
    )(neighbors)
    router.get(
        "/entities/{id}/timeline",
        tags=["entity"],
        summary="What happened to it and what changed about it, newest first",
        responses=responses(timelines.Timeline, 401, 404, 409, 422, 503),
    )(timeline)
    router.get(
        "/records/{id}",
        tags=["entity"],
        summary="One record: what a source said",
        responses=responses(entities.Record, 401, 404, 422, 503),
    )(record)
    return router


def search(request: Request, asked: Annotated[parameters.Search, Query()]) -> Response:
    """Find entities by any of their names, by pinyin or initials, or by code; each hit says why it is one."""
    page = asked.page(service_of(request).cursor_key)
    return answer(request, searching.search(view_of(request, asked), asked.q, kinds=asked.kind, page=page))


def match(
    request: Request,
    wanted: Annotated[matching.MatchRequest, Body(openapi_examples=examples.MATCH_REQUESTS)],
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """Join up to 5,000 names or identifiers to the graph: for each an entity and why, or candidates, or none."""
    return answer(request, matching.match(view_of(request, asked), wanted.items))


def entity(request: Request, id: parameters.Ref, asked: Annotated[parameters.Read, Query()]) -> Response:  # noqa: A002
    """The entity with its identifiers, names, handles, properties and the rows that describe it."""
    return answer(request, entities.entity(view_of(request, asked), id))


def profile(request: Request, id: parameters.Ref, asked: Annotated[parameters.Profile, Query()]) -> Response:  # noqa: A002
    """The customer 360 in sections; pass `section` and its `next` as `cursor` to page through one of them."""
    page = asked.page(service_of(request).cursor_key)
    return answer(request, profiles.profile(view_of(request, asked), id, section=asked.section, page=page))


def neighbors(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Neighbors, Query()],
) -> Response:
    """Relations by type and direction, the best statement of each, with how many there are in all."""
    page = asked.page(service_of(request).cursor_key)
    view = view_of(request, asked)
    found = neighbouring.neighbors(view, id, edge_type=asked.type, direction=asked.direction, page=page)
    return answer(request, found)


def timeline(request: Request, id: parameters.Ref, asked: Annotated[parameters.Paged, Query()]) -> Response:  # noqa: A002
    """Events, deals, guarantees and pledges, and relations that began, ended or changed."""
    page = asked.page(service_of(request).cursor_key)
    return answer(request, timelines.timeline(view_of(request, asked), id, page=page))


def record(request: Request, id: parameters.Handle, asked: Annotated[parameters.Read, Query()]) -> Response:  # noqa: A002
    """The mapped columns of one row of one source, as the source words them."""
    return answer(request, entities.record(view_of(request, asked), id))


# --- Operations ----------------------------------------------------------------------------------------------------


def _operations() -> APIRouter:
    router = APIRouter(default_response_class=Response)
    plain: dict[int | str, dict[str, Any]] = {200: {"content": {"text/plain": {"example": "ok"}}}}
    router.get("/healthz", tags=["operations"], summary="Whether the process runs", responses=plain)(healthz)
    router.get("/readyz", tags=["operations"], summary="Whether questions are answered", responses=plain)(
        readyz
    )
    router.get("/metrics", tags=["operations"], summary="Counts and latencies", responses=plain)(metrics)
    router.get("/", include_in_schema=False)(index)
    return router


def healthz() -> Response:
    """Needs no token."""
    return PlainTextResponse("ok\n")


def readyz(request: Request) -> Response:
    """Needs no token; 503 while the graph database does not answer."""
    service_of(request).graph.check()
    return PlainTextResponse("ok\n")


def metrics(request: Request) -> Response:
    """In Prometheus's text format. Needs an operator's token: counts tell what others ask."""
    if not viewer_of(request).operator:
        raise Forbidden("只有管理员令牌可以读取指标 / metrics need an operator's token")
    service = service_of(request)
    gauges = {
        "guanxi_projection_version": ("Version of the graph that is served.", float(service.graph.version)),
        "guanxi_store_up": ("Whether the graph database answered last time.", float(service.graph.store_up)),
    }
    return PlainTextResponse(service.metrics.text(gauges), media_type="text/plain; version=0.0.4")


def index(request: Request) -> Response:
    """A page that lists the routes, without a script from elsewhere."""
    rows = [
        f"<tr><td>{method.upper()}</td><td><code>{html.escape(path)}</code></td>"
        f"<td>{html.escape(operation.get('summary', ''))}</td></tr>"
        for path, operations in request.app.openapi()["paths"].items()
        for method, operation in operations.items()
    ]
    return HTMLResponse(
        f"<!doctype html><html lang=zh><meta charset=utf-8><title>{TITLE}</title><h1>{TITLE}</h1>"
        "<p>机器可读的说明 / machine-readable description: <a href=/openapi.json>/openapi.json</a></p>"
        f"<table>{''.join(rows)}</table></html>"
    )


# --- Description ---------------------------------------------------------------------------------------------------


def _openapi(app: FastAPI) -> dict[str, Any]:
    if app.openapi_schema is None:
        schema = get_openapi(
            title=app.title,
            version=app.version,
            description=app.description,
            routes=app.routes,
            tags=app.openapi_tags,
        )
        components = schema.setdefault("components", {})
        components.setdefault("schemas", {})["Problem"] = _problem_schema(components["schemas"])
        components["securitySchemes"] = {"token": {"type": "http", "scheme": "bearer"}}
        schema["security"] = [{"token": []}]
        for (method, path), example in examples.ANSWERS.items():  # get_openapi would drop the nulls in them
            schema["paths"][path][method]["responses"]["200"]["content"]["application/json"]["example"] = (
                example
            )
        for path in OPEN_PATHS:
            schema["paths"][path]["get"]["security"] = []
        app.openapi_schema = schema
    return app.openapi_schema


def _problem_schema(schemas: dict[str, Any]) -> dict[str, Any]:
    schema = Problem.model_json_schema(ref_template="#/components/schemas/{model}")
    schemas.update(schema.pop("$defs", {}))
    return schema
