"""Routes about connections: paths between parties, and who can introduce us to a company."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import examples, parameters
from api.wire import answer, responses, view_of
from queries import introductions as introducing
from queries import paths as pathfinding
from queries.paths import PathQuestion

_MOST_TYPES: Final = 40

Named = Annotated[str, Field(max_length=parameters.MAX_REF), AfterValidator(parameters.printable)]


class PathsRequest(BaseModel):
    """Body of a question about paths."""

    model_config = ConfigDict(extra="forbid")

    parties: list[Named] = Field(
        min_length=pathfinding.FEWEST_PARTIES,
        max_length=pathfinding.MOST_PARTIES,
        description="2 to 50 parties: ids, codes, or names where only one thing has them.",
    )
    mode: pathfinding.Mode | None = Field(
        None,
        description="shortest: all paths of the fewest steps; cheapest: the best by declared cost; joining: "
        "the subgraph that joins all. Default: shortest for two parties, joining for more.",
    )
    types: list[Named] = Field(
        default_factory=list,
        max_length=_MOST_TYPES,
        description="Edge types to walk; `PARTY_TO:Guarantee`: the part in a guarantee. Default: ties between parties.",
    )
    filter: pathfinding.Filter | None = Field(None, description="Ready-made types: what parties share.")
    direction: pathfinding.Direction = Field(
        "any",
        description="any, or forward: along the direction of edges only (joining takes edges either way).",
    )
    min_ratio: float | None = Field(
        None, ge=0, le=1, description="Holdings of this share or more only; one of unknown size is left out."
    )
    max_hops: int = Field(
        pathfinding.MOST_HOPS,
        ge=1,
        le=pathfinding.MOST_HOPS,
        description="Most steps of a path; joining has no such limit.",
    )
    limit: int = Field(pathfinding.DEFAULT_PATHS, ge=1, le=pathfinding.MOST_PATHS, description="Most paths.")
    through_state_bodies: bool = Field(
        default=False, description="Let paths run through state bodies; by default to share one joins nobody."
    )

    def question(self) -> PathQuestion:
        """What is asked for."""
        return PathQuestion(**self.model_dump())


class Introductions(parameters.Read):
    """Parameters of the introductions."""

    limit: int = Field(
        introducing.DEFAULT_LIMIT, ge=1, le=introducing.MOST, description="Most paths, each by other staff."
    )
    max_hops: int = Field(introducing.DEFAULT_HOPS, ge=1, le=pathfinding.MOST_HOPS, description="Most steps.")


def paths(
    request: Request,
    wanted: Annotated[PathsRequest, Body(openapi_examples=examples.PATHS_REQUESTS)],
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """All shortest paths, the best by declared cost, or what joins up to 50 parties; `truncated` says what cut it."""
    return answer(request, pathfinding.paths(view_of(request, asked), wanted.question()))


def introductions(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[Introductions, Query()],
) -> Response:
    """From the firm's own staff to the company's decision makers, over who covers, knows, sits with or owns whom."""
    view = view_of(request, asked)
    found = introducing.introductions(view, id, limit=asked.limit, max_hops=asked.max_hops)
    return answer(request, found)


router = APIRouter(prefix="/v1", default_response_class=Response)
router.post(
    "/paths",
    tags=["connections"],
    summary="How parties are connected",
    responses=responses(pathfinding.Paths, 401, 404, 409, 413, 422, 503),
)(paths)
router.get(
    "/entities/{id}/introductions",
    tags=["connections"],
    summary="Who can introduce us to its decision makers",
    responses=responses(introducing.Introductions, 401, 404, 409, 422, 503),
)(introductions)
