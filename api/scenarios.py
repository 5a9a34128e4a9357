"""Routes of what-if: scenarios before and after, side by side, saved and shared."""

from __future__ import annotations

from typing import Annotated, Any, Final, Self

from fastapi import APIRouter, Body, Path, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field, model_validator
from starlette.responses import Response

from api import parameters
from api.scenario_files import Saved, SavedList, ScenarioFiles, ScenarioName
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of, viewer_of
from queries import scenarios as asking
from queries.paging import MAX_LIMIT
from queries.risk import Question
from queries.risk_channels import Channels, channels
from queries.risk_models import Model, Sampling
from queries.scenario_changes import MOST_NAME, Scenario

_GUARANTEE: Final = {"type": "GUARANTEES", "from": "澄江医药", "to": "澄江生物有限公司"}
_GONE: Final[dict[str, Any]] = {
    "shocks": [{"id": "澄江生物有限公司", "size": 1.0}],
    "changes": [{"action": "remove", **_GUARANTEE}],
}
_LARGER: Final[dict[str, Any]] = {
    "shocks": _GONE["shocks"],
    "changes": [
        {"action": "change", **_GUARANTEE, "values": {"amount": 3e8}},
        {
            "action": "add",
            "type": "LENDS_TO",
            "from": "白石化工有限公司",
            "to": "澄江生物有限公司",
            "values": {"amount": 5e7},
        },
    ],
}
_OUTCOMES: Final[dict[str, Any]] = {
    "changes": {"summary": "A larger guarantee, and a loan", "value": {"scenario": _LARGER, "limit": 2}},
    "saved": {"summary": "A saved one", "value": {"name": "without-guarantee"}},
}
_COMPARISONS: Final[dict[str, Any]] = {
    "two": {
        "summary": "One in full, one saved",
        "value": {"scenarios": [{"scenario": _LARGER}, {"name": "without-guarantee"}], "limit": 2},
    }
}
_SAVES: Final[dict[str, Any]] = {
    "one": {"summary": "A scenario", "value": {"name": "without-guarantee", "scenario": _GONE}}
}

Named = Annotated[str, Field(max_length=MOST_NAME), AfterValidator(parameters.printable)]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid")


class ScenarioAsked(_Body):
    """A scenario: in full, or by the name under which it was saved."""

    scenario: Scenario | None = None
    name: Named | None = Field(None, description="Of a saved one.")
    owner: Named | None = Field(None, description="Who saved it, where several have one of that name.")

    @model_validator(mode="after")
    def _one(self) -> Self:
        if (self.scenario is None) == (self.name is None):
            raise ValueError("give either `scenario` or `name`")
        return self


class _Modelled(_Body):
    model: Model = Field("linear", description="linear, original, clearing, cascade.")
    without: list[Named] = Field(default_factory=list, max_length=20, description="Channels left out.")
    seed: int = Field(0, ge=0, lt=2**63, description="Of a cascade's random numbers.")
    runs: int = Field(1000, ge=1, le=20_000, description="Of a cascade.")
    limit: int = Field(asking.DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most parties.")

    def question(self) -> Question:
        """What is asked for."""
        return Question(self.model, tuple(self.without), Sampling(self.seed, self.runs))


class OutcomeRequest(ScenarioAsked, _Modelled):
    """Body of a question about one scenario."""


class ComparisonRequest(_Modelled):
    """Body of a question about several scenarios."""

    scenarios: list[ScenarioAsked] = Field(min_length=2, max_length=asking.MOST_COMPARED)


class SaveRequest(_Body):
    """A scenario to be kept under a name."""

    name: ScenarioName
    scenario: Scenario


class Whose(parameters.Read):
    """Whose saved scenario is meant."""

    owner: Named | None = Field(None, description="Who saved it, where several have one of that name.")


class _Routes:
    """The routes over one folder, under the firm's parameters."""

    def __init__(self, used: Channels, files: ScenarioFiles) -> None:
        self._used = used
        self._files = files

    def _scenario(self, request: Request, asked: ScenarioAsked) -> Scenario:
        if asked.scenario is not None:
            return asked.scenario
        saved = self._files.get(viewer_of(request), asked.name or "", asked.owner)
        return saved.scenario.model_copy(update={"name": saved.name})

    def outcomes(
        self,
        request: Request,
        wanted: Annotated[OutcomeRequest, Body(openapi_examples=_OUTCOMES)],
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """Distress by party before and after, the difference, and what the firm has at risk on both sides."""
        scenario, view = self._scenario(request, wanted), view_of(request, asked)
        found = asking.scenario_outcome(
            view, scenario, wanted.question(), parameters=self._used, limit=wanted.limit
        )
        return answer(request, found)

    def comparisons(
        self,
        request: Request,
        wanted: Annotated[ComparisonRequest, Body(openapi_examples=_COMPARISONS)],
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """Scenarios side by side: what the firm has at risk under each, and where they differ."""
        scenarios = [self._scenario(request, one) for one in wanted.scenarios]
        found = asking.compare(
            view_of(request, asked), scenarios, wanted.question(), parameters=self._used, limit=wanted.limit
        )
        return answer(request, found)

    def save(
        self, request: Request, wanted: Annotated[SaveRequest, Body(openapi_examples=_SAVES)]
    ) -> Response:
        """Keep it for whoever is cleared for all that the asker is; the asker's own of that name is replaced."""
        return answer(request, self._files.save(viewer_of(request), wanted.name, wanted.scenario))

    def listed(self, request: Request, asked: Annotated[parameters.Paged, Query()]) -> Response:
        """Those that the asker may see."""
        return answer(
            request, self._files.page(viewer_of(request), asked.page(service_of(request).cursor_key))
        )

    def get(
        self,
        request: Request,
        name: Annotated[str, Path(max_length=MOST_NAME)],
        asked: Annotated[Whose, Query()],
    ) -> Response:
        """The asker's own of that name, or another's that the asker may see."""
        return answer(request, self._files.get(viewer_of(request), name, asked.owner))


def router(settings: ApiSettings) -> APIRouter:
    """The routes, under the firm's parameters. Raises DataError where a file of them is not as it must be."""
    routes = _Routes(channels(settings.risk_channels), ScenarioFiles(settings.data_dir))
    made = APIRouter(prefix="/v1/risk", tags=["risk"], default_response_class=Response)
    made.post(
        "/scenario-outcomes",
        summary="What if: before and after a scenario",
        responses=responses(asking.ScenarioOutcome, 401, 404, 409, 413, 422, 503),
    )(routes.outcomes)
    made.post(
        "/scenario-comparisons",
        summary="Scenarios side by side",
        responses=responses(asking.Comparison, 401, 404, 409, 413, 422, 503),
    )(routes.comparisons)
    made.post("/scenarios", summary="Save a scenario", responses=responses(Saved, 401, 413, 422, 503))(
        routes.save
    )
    made.get("/scenarios", summary="Saved scenarios", responses=responses(SavedList, 401, 422, 503))(
        routes.listed
    )
    made.get(
        "/scenarios/{name}",
        summary="A saved scenario",
        responses=responses(Saved, 401, 404, 409, 422, 503),
    )(routes.get)
    return made
