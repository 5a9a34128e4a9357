"""Routes about indicators and the life cycle of a company."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from starlette.responses import Response

from api import parameters
from api.wire import answer, responses, view_of
from queries.indicators import Indicators
from queries.indicators import indicators as ask_indicators
from queries.life_cycle import LifeCycle
from queries.life_cycle import life_cycle as ask_life_cycle

router = APIRouter(prefix="/v1/entities/{id}", tags=["entity"], default_response_class=Response)


@router.get(
    "/indicators",
    summary="Growth, leverage, pledges, concentration and dealings, each with its inputs and trend",
    responses=responses(Indicators, 401, 404, 409, 422, 503),
)
def indicators(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """Every indicator of the library on the day: value or why it is unknown, inputs with records, and trend."""
    return answer(request, ask_indicators(view_of(request, asked), id))


@router.get(
    "/life-cycle",
    summary="The stage of its life, by cash flows or by a fall-back that says so",
    responses=responses(LifeCycle, 401, 404, 409, 422, 503),
)
def life_cycle(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """The stage on the day (Dickinson 2011), the years that led to it, and what is wrong with the reports."""
    return answer(request, ask_life_cycle(view_of(request, asked), id))
