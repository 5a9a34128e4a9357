"""Jobs: they go on behind the answer, tell how far they are, belong to one viewer, and say when they failed."""

from __future__ import annotations

import json
import threading
import time
from pathlib import Path

import pytest

from api.jobs import Job, Jobs, Progress
from graph.errors import InvalidInput, NotFound


def _ended(jobs: Jobs, job: Job, owner: str = "anna") -> Job:
    for _ in range(500):
        found = jobs.find(job.id, owner)
        if found.state in {"done", "failed"}:
            return found
        time.sleep(0.01)
    raise AssertionError("the job did not end")


def test_a_job_is_done_with_its_result(tmp_path: Path) -> None:
    """And another service over the same folder can tell."""
    jobs = Jobs(tmp_path / "jobs")
    job = jobs.start("documents", "anna", 3, lambda progress: {"said": progress(3)})
    done = _ended(jobs, job)
    assert (done.state, done.done, done.total, done.result) == ("done", 3, 3, {"said": None})
    assert done.finished is not None
    assert Jobs(tmp_path / "jobs").find(job.id, "anna") == done


def test_a_job_tells_how_far_it_is(tmp_path: Path) -> None:
    """While it runs; the next one waits."""
    jobs = Jobs(tmp_path)
    told, go_on = threading.Event(), threading.Event()

    def work(progress: Progress) -> dict[str, int]:
        progress(1)
        told.set()
        assert go_on.wait(10)
        return {}

    first = jobs.start("documents", "anna", 2, work)
    second = jobs.start("documents", "anna", 2, lambda _: {})
    assert told.wait(10)
    running = jobs.find(first.id, "anna")
    assert (running.state, running.done) == ("running", 1)
    assert jobs.find(second.id, "anna").state == "queued"
    go_on.set()
    assert _ended(jobs, second).state == "done"


@pytest.mark.parametrize("error", [InvalidInput("file", "broken", hint="mend it"), ZeroDivisionError()])
def test_a_job_that_fails_says_so(tmp_path: Path, error: Exception) -> None:
    """An error on purpose in its words, any other without a word of the inside."""

    def work(_: Progress) -> dict[str, int]:
        raise error

    jobs = Jobs(tmp_path)
    failed = _ended(jobs, jobs.start("documents", "anna", 1, work))
    assert failed.state == "failed"
    assert failed.problem is not None
    assert ("broken" in failed.problem) == isinstance(error, InvalidInput)
    assert failed.hint == ("mend it" if isinstance(error, InvalidInput) else None)


@pytest.mark.parametrize("id", ["absent", "../../etc/passwd", "", "0" * 24])
def test_somebody_elses_job_is_absent(tmp_path: Path, id: str) -> None:  # noqa: A002
    """Another viewer gets the same as for an id that is none."""
    jobs = Jobs(tmp_path)
    job = jobs.start("documents", "anna", 1, lambda _: {})
    _ended(jobs, job)
    with pytest.raises(NotFound) as other:
        jobs.find(job.id, "boris")
    with pytest.raises(NotFound) as absent:
        jobs.find(id, "anna")
    assert str(other.value) == str(absent.value)


def test_a_job_of_a_process_that_is_gone_has_failed(tmp_path: Path) -> None:
    """It will never end, so it does not say that it runs."""
    jobs = Jobs(tmp_path)
    job = jobs.start("documents", "anna", 1, lambda _: {})
    _ended(jobs, job)
    path = tmp_path / f"{job.id}.json"
    kept = json.loads(path.read_text(encoding="utf-8"))
    kept["job"].update(state="running", finished=None)
    kept["process"], kept["born"] = 2**22 + 1, 1.0
    path.write_text(json.dumps(kept), encoding="utf-8")
    lost = jobs.find(job.id, "anna")
    assert lost.state == "failed"
    assert lost.hint is not None
