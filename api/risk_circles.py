"""The route of guarantee circles: who guarantees whom in a circle, and what breaks it."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import Field
from starlette.responses import Response

from api import parameters
from api.wire import answer, responses, service_of, view_of
from queries import risk_circles as circling
from queries.paging import MAX_LIMIT, Page

router = APIRouter(prefix="/v1", tags=["risk"], default_response_class=Response)


class Circles(parameters.Read):
    """Parameters of the circles."""

    limit: int = Field(circling.FIRST_PAGE.limit, ge=1, le=MAX_LIMIT, description="Most circles of the page.")
    cursor: str | None = Field(
        None, max_length=parameters.MAX_CURSOR, description="`next` of the page before."
    )
    chain_edges: int = Field(
        circling.CHAIN_EDGES, ge=1, le=1000, description="Fewest guarantees of a chain (担保链)."
    )
    chains: int = Field(
        circling.MOST_CHAINS, ge=0, le=MAX_LIMIT, description="Most chains, the longest first."
    )


@router.get(
    "/risk/guarantee-circles",
    summary="Circles of guarantees, what they come to and what breaks them; long chains",
    responses=responses(circling.GuaranteeCircles, 401, 422, 503),
)
def guarantee_circles(request: Request, asked: Annotated[Circles, Query()]) -> Response:
    """Circles by total amount: members with their burden, guarantees with records, the cheapest way to break each."""
    found = circling.guarantee_circles(
        view_of(request, asked),
        page=Page(asked.limit, asked.cursor, service_of(request).cursor_key),
        chain_edges=asked.chain_edges,
        most_chains=asked.chains,
    )
    return answer(request, found)
