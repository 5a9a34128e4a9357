"""Routes about alerts: the list, one of them, and decisions on it."""

from __future__ import annotations

from typing import Annotated, Final

from fastapi import APIRouter, Body, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import parameters
from api.alert_runs import decide
from api.loading import options_of
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of, viewer_of
from graph.store import Store
from queries import alerts as asking

_MOST_REASON: Final = 2000

Named = Annotated[str, Field(max_length=parameters.MAX_REF), AfterValidator(parameters.printable)]


class Listed(parameters.Paged):
    """Parameters of the list."""

    state: asking.State | None = Field(None, description="Alerts in this state alone.")
    client: Named | None = Field(None, description="Alerts of this client alone: id, code or name.")
    covered_by: Named | None = Field(
        None, description="Alerts of clients that this member of staff looks after: id or name."
    )

    def wanted(self) -> asking.Wanted:
        """Which alerts."""
        return asking.Wanted(self.state, self.client, self.covered_by)


class DecisionRequest(BaseModel):
    """Body of a decision; who decides is the viewer of the token."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"state": "dismissed", "reason": "风险已化解"}]},
    )

    state: asking.Decided
    reason: str | None = Field(None, max_length=_MOST_REASON, description="Needed to dismiss.")


class _Routes:
    """The routes over the store of the settings."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings

    def listed(self, request: Request, asked: Annotated[Listed, Query()]) -> Response:
        """Alerts with their trace and history, the newest first."""
        page = asked.page(service_of(request).cursor_key)
        return answer(request, asking.alerts(view_of(request, asked), asked.wanted(), page=page))

    def one(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """One alert with its trace and history."""
        return answer(request, asking.alert(view_of(request, asked), id))

    def decision(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        wanted: Annotated[DecisionRequest, Body()],
    ) -> Response:
        """Acknowledge, dismiss with a reason, or close; the answer is the alert as it then is."""
        found = asking.alert(view_of(request, parameters.Read()), id).alert
        asking.decided(found, wanted.state, wanted.reason)  # what is refused needs no store
        who = viewer_of(request).name
        with Store.open(self._settings) as store:
            done = decide(store, found, (wanted.state, wanted.reason, who), options_of(self._settings))
        return answer(request, asking.One(alert=done))


def router(settings: ApiSettings) -> APIRouter:
    """The routes; decisions are written to the store of the settings."""
    routes = _Routes(settings)
    made = APIRouter(prefix="/v1", tags=["risk"], default_response_class=Response)
    made.get(
        "/alerts",
        summary="Clients that an event hit hard, newest first",
        responses=responses(asking.Alerts, 401, 404, 409, 422, 503),
    )(routes.listed)
    made.get(
        "/alerts/{id}",
        summary="One alert",
        responses=responses(asking.One, 401, 404, 422, 503),
    )(routes.one)
    made.post(
        "/alerts/{id}/decision",
        summary="Acknowledge, dismiss or close an alert",
        responses=responses(asking.One, 401, 404, 413, 422, 503),
    )(routes.decision)
    return made
