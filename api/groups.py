"""Routes about groups: the group of a company, its related parties, and what changed between two days."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import parameters
from api.wire import answer, responses, service_of, view_of
from queries import group as grouping


def group(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Paged, Query()],
) -> Response:
    """All companies under the ultimate controller, by layer, and totals: clients, credit, products, revenue."""
    view, page = view_of(request, asked), asked.page(service_of(request).cursor_key)
    return answer(request, grouping.group(view, id, page=page))


router = APIRouter(prefix="/v1", default_response_class=Response)
router.get(
    "/entities/{id}/group",
    tags=["groups"],
    summary="The group that it belongs to",
    responses=responses(grouping.Group, 401, 404, 409, 422, 503),
)(group)
