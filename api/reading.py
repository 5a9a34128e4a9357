"""The route that texts are sent to: short ones are read at once, batches as a job."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Annotated, Any, Final, Literal

from fastapi import APIRouter, Body, Request
from pydantic import AfterValidator, BaseModel, ConfigDict, Field
from starlette.responses import Response

from api import parameters
from api.auth import Viewer
from api.jobs import Job, Jobs
from api.loading import options_of
from api.reads import Reads, Run, read
from api.settings import ApiSettings
from api.wire import answer, responses, service_of, viewer_of
from graph.errors import InvalidInput
from graph.store import Store
from ingest.documents import SourceDocument
from ingest.documents.document import content_key, printable, with_title
from ingest.read_documents import DocumentKind
from nlp.reader import FULL, LIVE

AT_ONCE_DOCUMENTS: Final = 16
AT_ONCE_CHARACTERS: Final = 40_000
MOST_DOCUMENTS: Final = 5_000

_HEADS: Final = {"live": LIVE, "full": FULL}

Named = Annotated[str, Field(max_length=parameters.MAX_REF), AfterValidator(parameters.printable)]


class SentDocument(BaseModel):
    """A text and what is known of it."""

    model_config = ConfigDict(extra="forbid")

    text: str = Field(
        description="Offsets of the answer index `title`, a line end, and this; control characters are spaces there."
    )
    key: Named | None = Field(
        None, description="Names it for good; where absent, a hash of title and text does."
    )
    title: str | None = Field(None, max_length=1000)
    kind: DocumentKind = "news"
    published: parameters.Date = Field(None, description="Words such as 昨日 count from it.")
    publisher: Named | None = None
    url: Named | None = None

    def document(self, place: str = "") -> SourceDocument:
        """The same as readers of files give it: control characters are spaces, halves of characters U+FFFD."""
        title, text = printable((self.title or "").strip()), printable(self.text)
        return SourceDocument(
            key=self.key or content_key(title, text),
            title=title,
            text=with_title(title, text),
            kind=self.kind,
            published=self.published,
            publisher=self.publisher or "",
            url=self.url or "",
            place=place,
        )

    @property
    def size(self) -> int:
        """Characters."""
        return len(self.text) + len(self.title or "")


class ReadRequest(BaseModel):
    """Body: documents to read."""

    model_config = ConfigDict(
        extra="forbid",
        json_schema_extra={
            "examples": [
                {"documents": [{"text": "泠川实业：股东赵一鸣质押300万股。", "published": "2026-03-05"}]}
            ]
        },
    )

    documents: list[SentDocument] = Field(min_length=1, max_length=MOST_DOCUMENTS)
    profile: Literal["live", "full"] = Field(
        "full", description="`live`: entities, links, events and sentiment alone, which is faster."
    )
    write: bool = Field(default=True, description="Whether what is read goes into the graph.")
    compartments: list[Named] = Field(
        default_factory=list,
        max_length=16,
        description="Walls that all of it lies behind; you must be cleared for them.",
    )

    @property
    def at_once(self) -> bool:
        """Whether it is little enough to be read while the asker waits."""
        return (
            len(self.documents) <= AT_ONCE_DOCUMENTS
            and sum(document.size for document in self.documents) <= AT_ONCE_CHARACTERS
        )


class _Routes:
    """The route over the store of the settings."""

    def __init__(self, settings: ApiSettings, jobs: Jobs) -> None:
        self._settings = settings
        self._jobs = jobs

    def post(self, request: Request, wanted: Annotated[ReadRequest, Body()]) -> Response:
        """Read texts: mentions, links, values, events, relations, sentiment; a batch answers 202 with its job."""
        walls = _walls(viewer_of(request), wanted.compartments)
        view = service_of(request).graph.view(Viewer("reader", frozenset(walls)))
        run = Run(view, _HEADS[wanted.profile], walls)
        documents = [one.document(f"documents[{n}]") for n, one in enumerate(wanted.documents)]
        if wanted.at_once:
            return answer(request, self._read(documents, run, write=wanted.write))

        def work(progress: Any) -> dict[str, Any]:
            return _summary(self._read(documents, run, write=wanted.write, progress=progress))

        job = self._jobs.start("documents", viewer_of(request).name, len(documents), work)
        found = answer(request, job)
        found.status_code = 202
        found.headers["Location"] = f"/v1/jobs/{job.id}"
        return found

    def _read(
        self, documents: Sequence[SourceDocument], run: Run, *, write: bool, progress: Any = lambda _: None
    ) -> Reads:
        if not write:
            return read(documents, run, progress)
        with Store.open(self._settings) as store:
            writing = Run(run.view, run.heads, run.compartments, store, options_of(self._settings))
            return read(documents, writing, progress)


def _walls(viewer: Viewer, wanted: Sequence[str]) -> tuple[str, ...]:
    """The compartments asked for. Raises InvalidInput for one that the viewer is not cleared for."""
    beyond = sorted(set(wanted) - viewer.clearance) if not viewer.operator else []
    if beyond:
        raise InvalidInput(
            "compartments",
            f"您无权使用 {'、'.join(beyond)} / you are not cleared for {', '.join(beyond)}",
        )
    return tuple(sorted(set(wanted)))


def _summary(found: Reads) -> dict[str, Any]:
    """What a job keeps of a batch: ids and counts; the documents are asked for by id."""
    return {
        "documents": [line.id for line in found.documents],
        "unreadable": [line.model_dump() for line in found.unreadable],
        "written": None if found.written is None else found.written.model_dump(),
        "seconds": found.seconds,
    }


def router(settings: ApiSettings, jobs: Jobs) -> APIRouter:
    """The route; what is read is written to the store of the settings."""
    routes = _Routes(settings, jobs)
    made = APIRouter(prefix="/v1", tags=["documents"], default_response_class=Response)
    described = responses(Reads, 401, 413, 422, 503)
    described[202] = {"model": Job, "description": "A batch: it is read as a job."}
    made.post("/documents", summary="Read texts, and write what they tell", responses=described)(routes.post)
    return made
