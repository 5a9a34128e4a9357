"""Long work over HTTP: a job is started, goes on behind the answer, and is asked after at `GET /v1/jobs/{id}`.

A job's state is a file below the data folder, so that every process of the service can tell it. A job belongs to
the viewer who started it; to anybody else it does not exist.
"""

from __future__ import annotations

import datetime as dt
import logging
import os
import secrets
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any, Final, Literal

from fastapi import APIRouter, Request
from pydantic import BaseModel, Field, ValidationError
from starlette.responses import Response

from api import parameters
from api.errors import MISSING_DETAIL
from api.settings import ApiSettings
from api.wire import answer, responses, viewer_of
from graph.errors import GuanxiError, NotFound
from queries.models import Answer

_log = logging.getLogger("guanxi.api")

_KEPT: Final = dt.timedelta(days=7)
_LOST: Final = "服务已重启，任务中断 / the service was restarted and the job was lost"
_FAILED: Final = "内部错误 / internal error"

Progress = Callable[[int], None]
"""Called with how many items are done."""

Work = Callable[[Progress], dict[str, Any]]


class Job(Answer):
    """Long work: how far it is, and what came of it."""

    id: str = Field(description="Ask again at `/v1/jobs/{id}`.")
    kind: str
    state: Literal["queued", "running", "done", "failed"]
    done: int = Field(description="Items done.")
    total: int = Field(description="Items in all.")
    started: dt.datetime
    finished: dt.datetime | None
    result: dict[str, Any] | None = Field(description="What came of it, once it is done.")
    problem: str | None = Field(description="What went wrong, where it failed.")
    hint: str | None = Field(description="What to do about that.")


class _Kept(BaseModel):
    """A job as its file holds it."""

    job: Job
    owner: str
    process: int
    born: float


class Jobs:
    """The jobs of one service: one runs at a time in each process, the others wait."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._pool: ThreadPoolExecutor | None = None

    def start(self, kind: str, owner: str, total: int, work: Work) -> Job:
        """Queue work; returns the job as it stands."""
        self._folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        self._forget()
        job = Job(
            id=secrets.token_hex(12), kind=kind, state="queued", done=0, total=total, started=_now(),
            finished=None, result=None, problem=None, hint=None,
        )  # fmt: skip
        kept = _Kept(job=job, owner=owner, process=os.getpid(), born=_birth(os.getpid()))
        self._write(kept)
        with self._lock:
            if self._pool is None:
                self._pool = ThreadPoolExecutor(1, "guanxi-jobs")
            self._pool.submit(self._run, kept, work)
        return job

    def find(self, id: str, owner: str) -> Job:  # noqa: A002
        """A job of an owner. Raises NotFound, also for somebody else's."""
        kept = self._read(id)
        if kept is None or kept.owner != owner:
            raise NotFound(MISSING_DETAIL)
        lost = kept.job.state in {"queued", "running"} and _birth(kept.process) != kept.born
        return (
            _ended(kept.job, state="failed", problem=_LOST, hint="请重新提交 / send it again")
            if lost
            else kept.job
        )

    def _run(self, kept: _Kept, work: Work) -> None:
        job = kept.job

        def progress(done: int) -> None:
            nonlocal job
            job = job.model_copy(update={"state": "running", "done": done})
            self._write(kept.model_copy(update={"job": job}))

        progress(0)
        try:
            job = _ended(job, state="done", done=job.total, result=work(progress))
        except GuanxiError as error:
            job = _ended(job, state="failed", problem=error.message, hint=error.hint or None)
        except Exception:  # noqa: BLE001  # the job must say that it failed, whatever it was
            _log.exception("job %s failed", job.id)
            job = _ended(job, state="failed", problem=_FAILED)
        self._write(kept.model_copy(update={"job": job}))

    def _path(self, id: str) -> Path:  # noqa: A002
        return self._folder / f"{id}.json"

    def _read(self, id: str) -> _Kept | None:  # noqa: A002
        if not id.isalnum():
            return None
        try:
            return _Kept.model_validate_json(self._path(id).read_bytes())
        except (FileNotFoundError, ValidationError):
            return None

    def _write(self, kept: _Kept) -> None:
        path = self._path(kept.job.id)
        new = path.with_suffix(".new")
        new.write_text(kept.model_dump_json(), encoding="utf-8")
        new.replace(path)

    def _forget(self) -> None:
        """Take away the files of jobs that were started long ago."""
        oldest = (_now() - _KEPT).timestamp()
        for path in self._folder.glob("*.json"):
            if path.stat().st_mtime < oldest:
                path.unlink(missing_ok=True)


def _ended(job: Job, **more: Any) -> Job:
    return job.model_copy(update={"finished": _now(), **more})


def _now() -> dt.datetime:
    return dt.datetime.now(dt.UTC).replace(microsecond=0)


def _birth(process: int) -> float:
    """When a process was started, 0 where there is none: a number may have gone to another process since."""
    try:
        return Path(f"/proc/{process}").stat().st_ctime
    except FileNotFoundError:
        return 0.0 if Path("/proc/self").exists() else float(process == os.getpid())


def jobs_of(settings: ApiSettings) -> Jobs:
    """The jobs of an installation."""
    return Jobs(settings.data_dir / "jobs")


def router(jobs: Jobs) -> APIRouter:
    """The route that tells how far a job is."""
    made = APIRouter(prefix="/v1", tags=["operations"], default_response_class=Response)

    def job(request: Request, id: parameters.Handle) -> Response:  # noqa: A002
        """How far a job of the asker is, and what came of it."""
        return answer(request, jobs.find(id, viewer_of(request).name))

    made.get("/jobs/{id}", summary="Long work: how far it is", responses=responses(Job, 401, 404))(job)
    return made
