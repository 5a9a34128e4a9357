"""Routes about risk: where a shock travels, what threatens a client, the firm's own book, limits."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import parameters
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of
from queries import risk as spreading
from queries import risk_backward as backward
from queries import risk_book as booking
from queries import risk_limits as limiting
from queries.paging import DEFAULT_LIMIT, MAX_LIMIT, Page
from queries.risk_channels import Channels, channels
from queries.risk_models import Model, Sampling
from queries.scenario_changes import Scenario, applied

_MOST_RUNS: Final = 20_000
_EXAMPLE: Final = "0b51f1f3c2a94e6d8f7a2c31"

_REQUESTS: Final[dict[str, Any]] = {
    "default": {"summary": "One default", "value": {"shocks": [{"id": _EXAMPLE, "size": 1.0}]}},
    "several": {
        "summary": "Two shocks, another model, without a channel",
        "value": {
            "shocks": [{"id": _EXAMPLE, "size": 0.6}, {"id": "600002.SH", "size": 0.3}],
            "model": "cascade",
            "without": ["shared_officer"],
        },
    },
}

Named = Annotated[str, Field(max_length=parameters.MAX_REF), AfterValidator(parameters.printable)]


class ShockOn(BaseModel):
    """Who is hit, and how hard."""

    model_config = ConfigDict(extra="forbid")

    id: Named = Field(description="A company or person: an id, a code, or a name that one thing has.")
    size: float = Field(1.0, ge=0, le=1, allow_inf_nan=False, description="From 0 to 1; 1 is a default.")

    def shocked(self) -> spreading.Shocked:
        """The shock as the question takes it."""
        return spreading.Shocked(self.id, self.size)


class PropagationRequest(BaseModel):
    """Body of a question about a shock."""

    model_config = ConfigDict(extra="forbid")

    shocks: list[ShockOn] = Field(default_factory=list, max_length=spreading.MOST_SHOCKS)
    scenario: Scenario | None = Field(
        None, description="What if: changes under which the shocks travel; its own shocks join those above."
    )
    model: Model = Field("linear", description="linear: DebtRank of 2015; original: of 2012; clearing; cascade; "
                         "pagerank: relevance, no distress.")  # fmt: skip
    without: list[Named] = Field(default_factory=list, max_length=20, description="Channels left out.")
    seed: int = Field(0, ge=0, lt=2**63, description="Of a cascade's random numbers.")
    runs: int = Field(1000, ge=1, le=_MOST_RUNS, description="Of a cascade.")
    limit: int = Field(spreading.DEFAULT_VICTIMS, ge=1, le=MAX_LIMIT, description="Most victims of the page.")
    cursor: str | None = Field(
        None, max_length=parameters.MAX_CURSOR, description="`next` of the page before."
    )

    def question(self) -> spreading.Question:
        """What is asked for."""
        return spreading.Question(self.model, tuple(self.without), Sampling(self.seed, self.runs))

    def page(self, key: str) -> Page:
        """The page asked for; `key` signs cursors."""
        return Page(self.limit, self.cursor, key)


class BookRequest(BaseModel):
    """Body of a question about the firm's book under a shock."""

    model_config = ConfigDict(extra="forbid")

    shocks: list[ShockOn] = Field(min_length=1, max_length=spreading.MOST_SHOCKS)
    model: Model = "linear"
    without: list[Named] = Field(default_factory=list, max_length=20, description="Channels left out.")


class Threats(parameters.Read):
    """Parameters of the threats."""

    limit: int = Field(backward.DEFAULT_LIMIT, ge=1, le=backward.MOST, description="Most parties.")


class Ranking(parameters.Read):
    """Parameters of the ranking."""

    limit: int = Field(booking.DEFAULT_RANKED, ge=1, le=MAX_LIMIT, description="Most clients.")


class Limits(parameters.Read):
    """Parameters of the limits."""

    rules: str = Field("broker", max_length=40, description="Which rules: broker, bank.")
    limit: int = Field(
        DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most lines, the closest to a limit first."
    )


class _Routes:
    """The routes under the firm's own settings."""

    def __init__(self, used: Channels, capital: limiting.Capital, rules: Path | None) -> None:
        self._used = used
        self._capital = capital
        self._rules = rules

    def propagations(
        self,
        request: Request,
        wanted: Annotated[PropagationRequest, Body(openapi_examples=_REQUESTS)],
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """Distress by party, the strongest paths to each with records, and what is missing on the way."""
        view, shocks = view_of(request, asked), [one.shocked() for one in wanted.shocks]
        key = service_of(request).cursor_key
        if wanted.scenario is not None:
            what_if = applied(view, wanted.scenario)
            view, shocks, key = what_if.view, [*what_if.after, *shocks], f"{key} {wanted.scenario.hash}"
        found = spreading.shock(view, shocks, wanted.question(), parameters=self._used, page=wanted.page(key))
        return answer(request, found)

    def threats(
        self,
        request: Request,
        id: parameters.Ref,  # noqa: A002
        asked: Annotated[Threats, Query()],
    ) -> Response:
        """The parties whose default would hurt it most, worst first."""
        found = backward.threats(view_of(request, asked), id, limit=asked.limit, parameters=self._used)
        return answer(request, found)

    def book(self, request: Request, asked: Annotated[parameters.Read, Query()]) -> Response:
        """What the firm has at risk on its clients, by client, group, industry and product."""
        return answer(request, booking.book(view_of(request, asked), parameters=self._used))

    def shocked_book(
        self,
        request: Request,
        wanted: Annotated[BookRequest, Body(openapi_examples=_REQUESTS)],
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """The same under a shock."""
        found = booking.book(
            view_of(request, asked),
            [one.shocked() for one in wanted.shocks],
            spreading.Question(wanted.model, tuple(wanted.without)),
            parameters=self._used,
        )
        return answer(request, found)

    def ranking(self, request: Request, asked: Annotated[Ranking, Query()]) -> Response:
        """Clients by the harm that the default of each would do, greatest first."""
        return answer(
            request, booking.ranking(view_of(request, asked), limit=asked.limit, parameters=self._used)
        )

    def limits(self, request: Request, asked: Annotated[Limits, Query()]) -> Response:
        """Exposures to single clients and to groups of connected clients against the limits of a rule."""
        rules = limiting.rules(asked.rules, self._rules)
        return answer(
            request, limiting.limits(view_of(request, asked), rules, self._capital, limit=asked.limit)
        )


def router(settings: ApiSettings) -> APIRouter:
    """The routes, under the firm's parameters. Raises DataError where a file of them is not as it must be."""
    routes = _Routes(channels(settings.risk_channels), limiting.Capital.of(settings), settings.risk_limits)
    made = APIRouter(prefix="/v1", tags=["risk"], default_response_class=Response)
    made.post(
        "/risk/propagations",
        summary="Where a shock travels, through what, and how sure that is",
        responses=responses(spreading.Propagation, 401, 404, 409, 413, 422, 503),
    )(routes.propagations)
    made.get(
        "/entities/{id}/threats",
        summary="What would hurt it most",
        responses=responses(backward.Threats, 401, 404, 409, 422, 503),
    )(routes.threats)
    made.get(
        "/risk/book",
        summary="What the firm has at risk",
        responses=responses(booking.Book, 401, 422, 503),
    )(routes.book)
    made.post(
        "/risk/book",
        summary="What the firm has at risk under a shock",
        responses=responses(booking.Book, 401, 404, 409, 413, 422, 503),
    )(routes.shocked_book)
    made.get(
        "/risk/ranking",
        summary="Clients whose default would do most harm",
        responses=responses(booking.Ranking, 401, 422, 503),
    )(routes.ranking)
    made.get(
        "/risk/limits",
        summary="Concentration against limits",
        responses=responses(limiting.Limits, 401, 422, 503),
    )(routes.limits)
    return made
