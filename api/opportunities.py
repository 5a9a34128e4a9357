"""Routes about opportunities: the list, one of them, feedback, assignment, the funnel, the export."""

from __future__ import annotations

from typing import Annotated, Any, Final

from fastapi import APIRouter, Body, Query, Request
from pydantic import BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import parameters
from api.alerts import Named
from api.loading import options_of
from api.opportunity_files import MEDIA, Format, written
from api.opportunity_runs import Desk, Engines, assign, feedback
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of, viewer_of
from graph.store import Store
from queries import opportunities as asking
from queries import opportunity_funnel as counting
from queries.opportunity_answer import One, Opportunities
from queries.opportunity_export import COLUMNS, sheet
from queries.opportunity_feedback import Decided, Stage

_MOST_REASON: Final = 2000


class OfWhom(parameters.Read):
    """Parameters that say of whom."""

    company: Named | None = Field(None, description="Of this company alone: id, code or name.")
    manager: Named | None = Field(
        None, description="Of clients that this member of staff covers, and those assigned: id or name."
    )
    branch: Named | None = Field(None, description="The same of all staff of a branch: id or name.")

    def wanted(self) -> asking.Wanted:
        """Which opportunities."""
        return asking.Wanted(self.company, self.manager, self.branch)


class Filtered(OfWhom):
    """Parameters that choose opportunities."""

    product: Named | None = Field(None, description="Of this product alone: its key or a name of it.")
    source: Named | None = Field(None, description="That this source proposes.")
    stage: Stage | None = Field(None, description="In this stage alone; otherwise what is new or accepted.")
    unassigned: bool = Field(default=False, description="That nobody of the staff covers or was given.")

    def wanted(self) -> asking.Wanted:
        """Which opportunities."""
        chosen = (self.product, self.source, self.stage, self.unassigned)
        return asking.Wanted(self.company, self.manager, self.branch, *chosen)


class Exported(Filtered):
    """Parameters of a file."""

    format: Format = Field("csv", description="csv or xlsx.")


class Listed(Filtered, parameters.Paged):
    """Parameters of the list."""


class FeedbackRequest(BaseModel):
    """Body of feedback; who gives it is the viewer of the token."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={"examples": [{"state": "won", "amount": 12000000}]},
    )

    state: Decided
    reason: str | None = Field(None, max_length=_MOST_REASON, description="Needed to dismiss.")
    until: parameters.Date = Field(None, description="Needed to snooze: until when.")
    amount: float | None = Field(None, ge=0, allow_inf_nan=False, description="What was won or lost, yuan.")


class AssignRequest(BaseModel):
    """Body of an assignment."""

    model_config = ConfigDict(extra="forbid", json_schema_extra={"examples": [{"to": "冯经理"}]})

    to: Named = Field(description="The member of staff: id or name.")


class _Routes:
    """The routes over the store of the settings."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._engines = Engines(settings)

    def listed(self, request: Request, asked: Annotated[Listed, Query()]) -> Response:
        """Who needs which product now, and why; best first, and no client fills a page."""
        page = asked.page(service_of(request).cursor_key)
        view = view_of(request, asked)
        return answer(
            request, asking.opportunities(view, asked.wanted(), by=self._engines.current(), page=page)
        )

    def one(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """One opportunity with its evidence, score, introducer and history."""
        return answer(request, asking.opportunity(view_of(request, asked), id, by=self._engines.current()))

    def funnel(self, request: Request, asked: Annotated[OfWhom, Query()]) -> Response:
        """How many stand in which stage, by source, product, branch and manager, and how many are won."""
        view = view_of(request, asked)
        return answer(request, counting.funnel(view, asked.wanted(), by=self._engines.current()))

    def export(self, request: Request, asked: Annotated[Exported, Query()]) -> Response:
        """The whole list as a file, within what the asker may see."""
        found = sheet(view_of(request, asked), asked.wanted(), by=self._engines.current())
        headers = {
            "Content-Disposition": f'attachment; filename="opportunities.{asked.format}"',
            "Cache-Control": "private, no-store",
            "Vary": "Authorization",
        }
        return Response(written(found, asked.format), headers=headers, media_type=MEDIA[asked.format])

    def feedback(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        wanted: Annotated[FeedbackRequest, Body()],
    ) -> Response:
        """Accept, snooze until a day, dismiss with a reason, won or lost with an amount; as it then is."""
        said = (wanted.state, wanted.reason, wanted.until, wanted.amount)
        with Store.open(self._settings) as store:
            done = feedback(self._desk(request, store), id, said)
        return answer(request, One(opportunity=done))

    def assign(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        wanted: Annotated[AssignRequest, Body()],
    ) -> Response:
        """Give it to a member of staff; the opportunity as it then is."""
        with Store.open(self._settings) as store:
            done = assign(self._desk(request, store), id, wanted.to)
        return answer(request, One(opportunity=done))

    def _desk(self, request: Request, store: Store) -> Desk:
        view, who = view_of(request, parameters.Read()), viewer_of(request).name
        return Desk(store, view, self._engines.current(), who, options_of(self._settings))


def router(settings: ApiSettings) -> APIRouter:
    """The routes; feedback is written to the store of the settings."""
    routes = _Routes(settings)
    made = APIRouter(prefix="/v1", tags=["opportunities"], default_response_class=Response)
    made.get(
        "/opportunities",
        summary="Which client or prospect needs which product now, best first",
        responses=responses(Opportunities, 401, 404, 409, 422, 503),
    )(routes.listed)
    made.get(
        "/opportunities/funnel",
        summary="Opportunities by stage and source, product, branch, manager; conversion",
        responses=responses(counting.Funnel, 401, 404, 409, 422, 503),
    )(routes.funnel)
    made.get(
        "/opportunities/export",
        summary="The list as CSV or XLSX",
        responses=_files(),
    )(routes.export)
    made.get(
        "/opportunities/{id}",
        summary="One opportunity",
        responses=responses(One, 401, 404, 422, 503),
    )(routes.one)
    made.post(
        "/opportunities/{id}/feedback",
        summary="Accept, snooze, dismiss, won or lost",
        responses=responses(One, 401, 404, 413, 422, 503),
    )(routes.feedback)
    made.post(
        "/opportunities/{id}/assign",
        summary="Give an opportunity to a member of staff",
        responses=responses(One, 401, 404, 409, 413, 422, 503),
    )(routes.assign)
    return made


def _files() -> dict[int | str, dict[str, Any]]:
    """How the answers of the export are documented."""
    problems = responses(One, 401, 404, 409, 422, 503)
    heading = ",".join(f"{label.zh} {label.en}" for label in COLUMNS)
    file = {"description": "The file.", "content": {"text/csv": {"example": heading}, MEDIA["xlsx"]: {}}}
    return {200: file, **{status: found for status, found in problems.items() if status not in (200, 304)}}
