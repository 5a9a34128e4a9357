"""Routes about texts: documents by word and meaning, and companies that are told alike."""

from __future__ import annotations

import threading
from typing import Annotated

from fastapi import APIRouter, Query, Request
from pydantic import AfterValidator, Field
from starlette.responses import Response

from api import parameters
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, view_of
from graph.vectors import Advance
from queries import document_search as searching
from queries import similar_companies as comparing
from queries.text_library import Library


class Documents(parameters.Paged):
    """Parameters of a search of documents."""

    q: Annotated[str, AfterValidator(parameters.printable)] = Field(
        max_length=searching.LONGEST_QUERY,
        description="Words, or a sentence: documents with the words, and documents that mean it.",
        examples=["新药获批上市"],
    )
    limit: int = Field(20, ge=1, le=100, description="Most documents of the page.")
    entity: Annotated[str, AfterValidator(parameters.printable)] | None = Field(
        None,
        max_length=parameters.MAX_REF,
        description="Documents that are about this entity or name it alone: id, code or name.",
    )
    kind: list[str] = Field(
        default_factory=list,
        max_length=30,
        description="Documents of this kind alone (news, announcement, report, filing); may be repeated.",
    )
    since: parameters.Date = Field(None, alias="from", description="Published on this day or later.")
    until: parameters.Date = Field(None, alias="to", description="Published on this day or earlier.")
    by: searching.By = Field(
        "both", description="Search by the words alone, by the meaning alone, or by both."
    )
    stories: bool = Field(default=False, description="Of documents that are nearly the same, the best alone.")

    def wanted(self) -> searching.Wanted:
        """Which documents."""
        return searching.Wanted(
            self.entity, tuple(self.kind), self.since, self.until, self.by, stories=self.stories
        )


class Similar(parameters.Paged):
    """Parameters of similar companies."""

    limit: int = Field(20, ge=1, le=100, description="Most companies of the page.")
    blend: bool = Field(
        default=True, description="Whether shared industries and concepts count beside the description."
    )


def library_of(settings: ApiSettings, advance: Advance | None = None) -> Library:
    """The library of the settings' model, whose vectors are kept in the data folder. Raises DataError."""
    from nlp.embedding import embedder  # noqa: PLC0415  # reading is loaded where it is asked for

    return Library(embedder(settings.embedding_model), settings.data_dir, advance)


class _Routes:
    """The routes over one library, which is opened when it is first asked for."""

    def __init__(self, settings: ApiSettings) -> None:
        self._settings = settings
        self._lock = threading.Lock()
        self._opened: Library | None = None

    def _library(self) -> Library:
        with self._lock:
            if self._opened is None:
                self._opened = library_of(self._settings)
            return self._opened

    def search(self, request: Request, asked: Annotated[Documents, Query()]) -> Response:
        """Documents with the passage that answers, the parts of the score and the parties linked, the best first."""
        page = asked.page(service_of(request).cursor_key)
        view = view_of(request, asked)
        found = searching.search_documents(view, asked.q, self._library(), asked.wanted(), page=page)
        return answer(request, found)

    def similar(
        self,
        request: Request,
        id: parameters.Ref,  # noqa: A002
        asked: Annotated[Similar, Query()],
    ) -> Response:
        """Companies by how alike they are told, each with its reasons; state bodies are left out."""
        page = asked.page(service_of(request).cursor_key)
        view = view_of(request, asked)
        found = comparing.similar_companies(view, id, self._library(), blend=asked.blend, page=page)
        return answer(request, found)


def router(settings: ApiSettings) -> APIRouter:
    """The routes; vectors are those of the model of the settings."""
    routes = _Routes(settings)
    made = APIRouter(prefix="/v1", default_response_class=Response)
    made.get(
        "/search/documents",
        tags=["find"],
        summary="Documents by words and by meaning",
        responses=responses(searching.DocumentSearch, 401, 404, 409, 422, 503),
    )(routes.search)
    made.get(
        "/entities/{id}/similar",
        tags=["entity"],
        summary="Companies that are told alike",
        responses=responses(comparing.SimilarCompanies, 401, 404, 409, 422, 503),
    )(routes.similar)
    return made
