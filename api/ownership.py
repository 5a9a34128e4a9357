"""Routes about ownership and control: owners, holdings, controllers."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import parameters
from api.wire import answer, responses, service_of, view_of
from queries import controllers as controlling
from queries import owners as owning


class Owners(parameters.Paged):
    """Parameters of the owners."""

    section: str | None = Field(
        None, max_length=40, description="One list alone, to page through it: " + ", ".join(owning.SECTIONS)
    )


def owners(request: Request, id: parameters.Ref, asked: Annotated[Owners, Query()]) -> Response:  # noqa: A002
    """Look-through up: where it stops with which share, through whom, and what is unknown; together they are 1."""
    page = asked.page(service_of(request).cursor_key)
    return answer(request, owning.owners(view_of(request, asked), id, section=asked.section, page=page))


def holdings(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Paged, Query()],
) -> Response:
    """Look-through down: all that is owned, directly and through others, the largest share first."""
    page = asked.page(service_of(request).cursor_key)
    return answer(request, owning.holdings(view_of(request, asked), id, page=page))


def controllers(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """Controllers as disclosed and as computed, with the votes that prove it and the takeover rule's tiers."""
    return answer(request, controlling.controllers(view_of(request, asked), id))


router = APIRouter(prefix="/v1/entities/{id}", tags=["ownership"], default_response_class=Response)
router.get(
    "/owners",
    summary="Who owns it, through all layers",
    responses=responses(owning.Owners, 401, 404, 409, 422, 503),
)(owners)
router.get(
    "/holdings",
    summary="What it owns, through all layers",
    responses=responses(owning.Holdings, 401, 404, 409, 422, 503),
)(holdings)
router.get(
    "/controllers",
    summary="Who controls it, disclosed and computed",
    responses=responses(controlling.Controllers, 401, 404, 409, 422, 503),
)(controllers)
