"""Routes about documents that were read, and about what was read and waits for a person."""

from __future__ import annotations

import datetime as dt
from typing import Annotated, Final

from fastapi import APIRouter, Body, Query, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import parameters
from api.auth import Viewer
from api.loading import options_of
from api.review_decisions import Verdict, decide
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of, viewer_of
from graph.store import Store
from queries import documents as telling
from queries import reviews as reviewing
from queries import sentiment as feeling

_MOST_TEXT: Final = 2000

Named = Annotated[str, Field(max_length=parameters.MAX_REF), AfterValidator(parameters.printable)]


class Listed(parameters.Paged):
    """Parameters of the list of reviews."""

    state: reviewing.State | None = Field(None, description="Reviews in this state alone.")
    kind: str | None = Field(None, max_length=40, description="relation, event, holding or mention alone.")
    entity: Named | None = Field(
        None, description="About this entity alone, or perhaps about it: id, code, name."
    )
    document: Named | None = Field(None, description="Of this document alone, by its id.")

    def wanted(self) -> reviewing.Wanted:
        """Which reviews."""
        return reviewing.Wanted(self.state, self.kind, self.entity, self.document)


class ReviewRequest(BaseModel):
    """Body of a decision; who decides is the viewer of the token. A correction says at least one thing instead."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [{"state": "corrected", "subject": "600001.SH", "reason": "另一家公司"}]
        },
    )

    state: reviewing.Decided
    reason: str | None = Field(None, max_length=_MOST_TEXT)
    subject: Named | None = Field(None, description="Whom it is about: id, code or name.")
    object: Named | None = Field(None, description="The other party: id, code or name.")
    type: str | None = Field(None, max_length=40, description="Type of relation or event.")
    value: float | None = Field(None, allow_inf_nan=False, description="In the unit of the claim.")
    office: str | None = Field(None, max_length=100)
    date: dt.date | None = None


class _Routes:
    """The routes over the store of the settings."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings

    def reviews(self, request: Request, asked: Annotated[Listed, Query()]) -> Response:
        """What waits for a person, or has been decided, the newest document first."""
        page = asked.page(service_of(request).cursor_key)
        return answer(request, reviewing.reviews(view_of(request, asked), asked.wanted(), page=page))

    def review(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        asked: Annotated[parameters.Read, Query()],
    ) -> Response:
        """One review with its sentence, whom it may mean, and its history."""
        return answer(request, reviewing.review(view_of(request, asked), id))

    def decision(
        self,
        request: Request,
        id: parameters.Handle,  # noqa: A002
        wanted: Annotated[ReviewRequest, Body()],
    ) -> Response:
        """Accept, correct or reject; what is accepted or corrected becomes part of the graph."""
        found = reviewing.review(view_of(request, parameters.Read()), id).review
        reviewing.decided(found, wanted.state)  # what is refused needs no store
        within = Viewer("claim", frozenset(found.compartments))
        view = service_of(request).graph.view(within, None, None)
        verdict = Verdict(who=viewer_of(request).name, **wanted.model_dump())
        with Store.open(self._settings) as store:
            done = decide(store, view, found, verdict, options_of(self._settings))
        return answer(request, reviewing.OneReview(review=done))


def document(
    request: Request,
    id: parameters.Handle,  # noqa: A002
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """A document with its mentions, claims and events, and who else tells the same."""
    return answer(request, telling.document(view_of(request, asked), id))


def documents(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Paged, Query()],
) -> Response:
    """The documents that name an entity or are about it, the newest first."""
    page = asked.page(service_of(request).cursor_key)
    return answer(request, telling.documents(view_of(request, asked), id, page=page))


def sentiment(
    request: Request,
    id: parameters.Ref,  # noqa: A002
    asked: Annotated[parameters.Read, Query()],
) -> Response:
    """How texts speak of an entity, month by month."""
    return answer(request, feeling.sentiment(view_of(request, asked), id))


def router(settings: ApiSettings) -> APIRouter:
    """The routes; decisions are written to the store of the settings."""
    routes = _Routes(settings)
    made = APIRouter(prefix="/v1", tags=["documents"], default_response_class=Response)
    made.get(
        "/documents/{id}",
        summary="One document with what was read in it",
        responses=responses(telling.Document, 401, 404, 422, 503),
    )(document)
    made.get(
        "/entities/{id}/documents",
        summary="Documents that name an entity, newest first",
        responses=responses(telling.Documents, 401, 404, 409, 422, 503),
    )(documents)
    made.get(
        "/entities/{id}/sentiment",
        summary="How texts speak of an entity, by month",
        responses=responses(feeling.SentimentOverTime, 401, 404, 409, 422, 503),
    )(sentiment)
    made.get(
        "/reviews",
        summary="What was read and waits for a person",
        responses=responses(reviewing.Reviews, 401, 404, 409, 422, 503),
    )(routes.reviews)
    made.get(
        "/reviews/{id}",
        summary="One review",
        responses=responses(reviewing.OneReview, 401, 404, 422, 503),
    )(routes.review)
    made.post(
        "/reviews/{id}/decision",
        summary="Accept, correct or reject what was read",
        responses=responses(reviewing.OneReview, 401, 404, 409, 413, 422, 503),
    )(routes.decision)
    return made
