"""Routes about groups: the group of a company, its related parties, and what changed between two days."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import parameters
from api.wire import answer, responses, service_of, view_of, viewer_of
from queries import changes as comparing
from queries import group as grouping
from queries import related as relating
from queries.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from queries.related_regimes import REGIMES


class Related(parameters.Paged):
    """Parameters of the related parties."""

    regime: str = Field(
        max_length=40, description=f"The rules to apply: {', '.join(REGIMES)}.", examples=["sse", "cas36"]
    )


class Changes(BaseModel):
    """Parameters of what changed between two days."""

    model_config = ConfigDict(extra="forbid")

    from_day: parameters.Date = Field(alias="from", description="The first day.", examples=["2023-12-31"])
    to_day: parameters.Date = Field(
        None,
        alias="to",
        description="The second day, later than the first; today if not given.",
        examples=["2024-06-30"],
    )
    known_at: parameters.Date = Field(
        None, description="Answer from what had been told by this day only.", examples=["2024-12-31"]
    )
    section: str | None = Field(
        None, max_length=40, description="One list alone, to page through it.", examples=["holders"]
    )
    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most lines of a list.")
    cursor: str | None = Field(
        None, max_length=parameters.MAX_CURSOR, description="`next` of the page before."
    )


def group(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Paged, Query()],
) -> Response:
    """All companies under the ultimate controller, by layer, and totals: clients, credit, products, revenue."""
    view, page = view_of(request, asked), asked.page(service_of(request).cursor_key)
    return answer(request, grouping.group(view, id, page=page))


def related_parties(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[Related, Query()],
) -> Response:
    """Who is related to a company under a regime, each with the clause that catches it and the facts that show it."""
    view, page = view_of(request, asked), asked.page(service_of(request).cursor_key)
    return answer(request, relating.related(view, id, regime=asked.regime, page=page))


def changes(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[Changes, Query()],
) -> Response:
    """Holders, officers, controllers and owners that came, left or changed from one day to another."""
    graph, viewer = service_of(request).graph, viewer_of(request)
    before, after = (graph.view(viewer, day, asked.known_at) for day in (asked.from_day, asked.to_day))
    if before.snapshot is not after.snapshot:  # the graph was replaced between the two
        before = comparing.on_day(after, before.as_of)
    page = Page(asked.limit, asked.cursor, service_of(request).cursor_key)
    return answer(request, comparing.changes(before, after, id, section=asked.section, page=page))


router = APIRouter(prefix="/v1", default_response_class=Response)
router.get(
    "/entities/{id}/group",
    tags=["ownership"],
    summary="The group that it belongs to",
    responses=responses(grouping.Group, 401, 404, 409, 422, 503),
)(group)
router.get(
    "/entities/{id}/related-parties",
    tags=["ownership"],
    summary="Its related parties under a regime",
    responses=responses(relating.RelatedParties, 401, 404, 409, 422, 503),
)(related_parties)
router.get(
    "/entities/{id}/changes",
    tags=["ownership"],
    summary="What changed between two days",
    responses=responses(comparing.Changes, 401, 404, 409, 422, 503),
)(changes)
