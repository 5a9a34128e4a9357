"""The route about beneficial owners."""

from __future__ import annotations

from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from api import parameters
from api.wire import answer, responses, view_of
from queries import beneficial_owners as owning
from queries.regimes import regime


class BeneficialOwners(parameters.Read):
    """Parameters of the beneficial owners."""

    regime: Annotated[str, AfterValidator(parameters.printable)] = Field(
        "cn",
        max_length=40,
        description="The law to apply: cn (令〔2024〕第3号), eu (Regulation (EU) 2024/1624).",
    )


def beneficial_owners(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[BeneficialOwners, Query()],
) -> Response:
    """The natural persons who meet a criterion of the regime, every chain that proves it, and what is missing."""
    return answer(request, owning.beneficial_owners(view_of(request, asked), id, regime(asked.regime)))


router = APIRouter(prefix="/v1", default_response_class=Response)
router.get(
    "/entities/{id}/beneficial-owners",
    tags=["ownership"],
    summary="Its beneficial owners under a named regime",
    responses=responses(owning.BeneficialOwners, 401, 404, 409, 422, 503),
)(beneficial_owners)
