"""The loader: files of a source into the store, once and for all, however often and in whatever order they come.

Every row becomes a record; a batch of records becomes one transaction with its statements, so that a load killed at
any moment leaves a consistent store, and running it again finishes the job. While one batch is being written, the
next is read and planned.
"""

from __future__ import annotations

import dataclasses
import datetime as dt
import hashlib
import itertools
import json
import time
import uuid
from collections import Counter, deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass, field
from pathlib import Path
from types import TracebackType
from typing import Self, TypeVar

from graph import upserts
from graph.dialect import Unique
from graph.errors import Refused
from graph.schema import BOOKKEEPING, edge_types, node_types
from graph.statements import Finding, Reject, SourceRecord
from graph.store import Store
from ingest.history import Snapshots, among
from ingest.plan import Known, PlannedRecord, Planner, Row, plan_record
from ingest.revise import Reviser, restate
from ingest.source import Context, Role, Source
from ingest.write import BatchWriter, Changes

T = TypeVar("T")

BATCH = 5000
"""Rows read, planned and written together."""

BULK = 100_000
"""A load that touches more than this is followed by building anew: later commits of it list nothing."""

Progress = Callable[[str, int], None]
"""Called with a file's name and the rows read so far."""


@dataclass(frozen=True, slots=True)
class LoadOptions:
    """How to load.

    `stated` is the day for which the files speak, where the source itself does not say; `today` the day on which
    we are told; `rejects` the folder for the files of rejected rows.
    """

    today: dt.date
    rejects: Path
    salt: str = ""
    stated: dt.date | None = None
    force: bool = False
    closing_share: float = 0.5


@dataclass(slots=True)
class FileReport:
    """What became of one file, counted in source records: read = written + unchanged + rejected."""

    file: str
    role: str
    read: int = 0
    written: int = 0
    unchanged: int = 0
    closed: int = 0
    rejected: int = 0
    findings: Counter[str] = field(default_factory=Counter)
    examples: dict[str, Finding] = field(default_factory=dict)
    rejects_file: str = ""
    seconds: float = 0.0

    def add_findings(self, findings: Iterable[Finding]) -> None:
        """Count findings and keep the first of each kind as an example."""
        for finding in findings:
            self.findings[finding.code] += 1
            self.examples.setdefault(finding.code, finding)


@dataclass(slots=True)
class LoadReport:
    """What became of all files of one load."""

    source: str
    files: list[FileReport] = field(default_factory=list)

    def total(self, name: str) -> int:
        """The sum of one count over the files."""
        return sum(getattr(report, name) for report in self.files)


def ensure_graph_schema(store: Store) -> None:
    """Make the constraints that loading relies on."""
    store.ensure_schema(
        [Unique(label) for label in (*node_types(), *BOOKKEEPING) if label != "Commit"], edge_types()
    )


def load(
    store: Store,
    source: Source,
    files: Sequence[Path],
    options: LoadOptions,
    progress: Progress | None = None,
) -> LoadReport:
    """Load files of one source, files of nodes before files of edges.

    Raises:
        InvalidInput: A file is not one of the source's.
        Refused: A snapshot would close more than `closing_share` of what is open, and `force` is not set, so that
            nothing of the file is written; or folding the namespace anew was interrupted.
        StoreError: The store could not be written to; loading again goes on where it stopped.
    """
    ensure_graph_schema(store)
    check_not_refolding(store, source.namespace)
    jobs = sorted(((path, source.role_for(path)) for path in files), key=lambda job: _order(job[1]))
    known = Known(StoreReader(store), complete=_is_new(store, source.namespace))
    report = LoadReport(source.source)
    begun: set[str] = set()
    for path, role in jobs:
        run = _FileLoad(store, source, role, path, options, known, progress)
        run.fresh = known.complete and role.name not in begun
        begun.add(role.name)
        report.files.append(run.run())
    return report


def check_not_refolding(store: Store, namespace: str) -> None:
    """Refuse to load into a namespace whose folding anew was interrupted. Raises Refused."""
    if store.read(store.query("refolding"), namespace=namespace):
        raise Refused(
            f"{namespace} 的重新折叠曾被中断 (folding {namespace} anew was interrupted)",
            hint=f"请先运行 guanxi refold {namespace} (run that first).",
        )


def _order(role: Role) -> int:
    """What is referred to comes before what refers to it: plain nodes, nodes with references, edges."""
    if role.name in edge_types():
        return 2
    node_type = node_types().get(role.name)
    return int(node_type is not None and any(f.refers_to for f in node_type.fields))


def _is_new(store: Store, namespace: str) -> bool:
    return not store.read(store.query("namespace_sources"), namespace=namespace)


@dataclass(frozen=True, slots=True)
class StoreReader:
    """Answers what planning asks of the store."""

    store: Store

    def descriptions(self, label: str, ids: Sequence[str]) -> dict[str, Row]:
        """The properties of those of the nodes that exist, by id."""
        rows = self.store.read(upserts.find_nodes(label), ids=list(ids))
        return {row["node"]["id"]: row["node"] for row in rows}


class _Pipeline:
    """Writes batches one after another in a thread of its own, while the next is being planned."""

    DEPTH = 2

    def __init__(self) -> None:
        self._pool = ThreadPoolExecutor(max_workers=1, thread_name_prefix="guanxi-writer")
        self._pending: deque[Future[None]] = deque()

    def submit(self, job: Callable[[], None]) -> None:
        """Have a job done; waits while too many are pending. Raises what an earlier job raised."""
        while len(self._pending) >= self.DEPTH:
            self._pending.popleft().result()
        self._pending.append(self._pool.submit(job))

    def flush(self) -> None:
        """Wait until everything is written."""
        while self._pending:
            self._pending.popleft().result()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._pool.shutdown(wait=True, cancel_futures=error is not None)


@dataclass(slots=True)
class _Survey:
    """What a first pass over a snapshot found: the records it lists, and what may not be concluded from it."""

    handles: set[int] = field(default_factory=set)
    partitions: set[str] = field(default_factory=set)
    rejected_keys: set[str] = field(default_factory=set)
    damaged: bool = False

    def add(self, row: SourceRecord | Reject, role: str) -> None:
        """Take one row into account."""
        if isinstance(row, Reject):
            self.rejected_keys.add(row.key)
            self.damaged = self.damaged or not row.key
        else:
            self.handles.add(_number(plan_record(row, role).handle))
            self.partitions.add(row.partition)

    def misses(self, handle: str, key: str) -> bool:
        """Whether an open record is not in the file, and not among its unreadable rows either."""
        return _number(handle) not in self.handles and key not in self.rejected_keys


class _FileLoad:
    """One run over one file."""

    def __init__(  # noqa: PLR0913, PLR0917  # the one place where a run's parts meet
        self,
        store: Store,
        source: Source,
        role: Role,
        path: Path,
        options: LoadOptions,
        known: Known,
        progress: Progress | None,
    ) -> None:
        self.store, self.source, self.role, self.path, self.options = store, source, role, path, options
        self.report = FileReport(path.name, role.name)
        self.progress = progress or (lambda _file, _read: None)
        self.stated = role.stated(path, options.stated)
        self.context = Context(self.stated, options.salt, path.name)
        self.scope = f"{source.source}/{role.name}"
        self.load_id = uuid.uuid4().hex
        self.planner = Planner(
            source.namespace, role.name, source.rank, options.today, self.load_id, self.scope, known
        )
        self.writer = BatchWriter(self.planner, self._restate, options.today.isoformat())
        self.snapshots = self._snapshots()
        self.reviser = Reviser(store, self.planner, self.snapshots, self._restate, self.report.file)
        self.seen: set[int] = set()
        self.sources: set[str] = set()
        self.amount_written = 0
        self.sha256 = ""
        self.fresh = False  # whether certainly no record of this role is stored

    def _snapshots(self) -> Snapshots | None:
        if not self.source.snapshot or self.stated is None:
            return None
        rows = self.store.read(self.store.query("loads"), scope=self.scope)
        return among(self.stated, (dt.date.fromisoformat(row["stated"]) for row in rows))

    def _restate(self, row: Row) -> SourceRecord | None:
        return restate(self.source, row, self.options.salt)

    # --- the run --------------------------------------------------------------------------------------------------

    def run(self) -> FileReport:
        """Load the file and write down that it was loaded."""
        began = time.monotonic()
        self.sha256 = _sha256(self.path)
        if self._is_known():
            self.report.seconds = time.monotonic() - began
            self._finish()
            return self.report
        self._declare_source(self.source.source)
        closing = self._to_close()
        with _RejectsFile(self.options.rejects, self.load_id) as rejects, _Pipeline() as pipeline:
            for rows in ahead(batches(self.role.read(self.path, self.context), BATCH)):
                rejects.write(self._load_rows(rows, pipeline))
                self.progress(self.path.name, self.report.read)
            pipeline.flush()
            self._close(closing, pipeline)
            pipeline.flush()
            self.report.rejects_file = rejects.name
        self.report.seconds = time.monotonic() - began
        self._finish()
        return self.report

    def _is_known(self) -> bool:
        """Whether nothing has changed what this very file said since it was loaded to the end.

        A file with rejects is read again: what its rows missed may be there by now.
        """
        if self.fresh:
            return False
        query = self.store.query("latest_loads")
        rows = self.store.read(query, namespace=self.source.namespace, sha256=self.sha256)
        loads = [row["load"] for row in rows]
        changes = [done["version"] for done in loads if done["changed"] and self._concerns(done)]
        for done in loads:
            if self._says_the_same(done) and done["version"] >= max(changes, default=0):
                self.report.read = self.report.unchanged = done["read"]
                self.report.findings.update(json.loads(done["findings"]))
                return True
        return False

    def _concerns(self, done: Row) -> bool:
        """Whether a load may have changed records of this scope: one of the same scope, or no load of a file."""
        return "sha256" not in done or bool(done["scope"] == self.scope)

    def _says_the_same(self, load_: Row) -> bool:
        """Whether a load read this file in this way, and left nothing behind."""
        stated = self.stated.isoformat() if self.stated else None
        return (
            load_.get("sha256") == self.sha256
            and load_.get("scope") == self.scope
            and load_.get("stated") == stated
            and load_.get("fingerprint") == self.source.fingerprint
            and load_.get("rejected") == 0
            and load_.get("dangling") == 0
        )

    def _load_rows(self, rows: Sequence[SourceRecord | Reject], pipeline: _Pipeline) -> list[Reject]:
        """Plan one batch and hand it to the writer; returns its rejects."""
        rejects = [row for row in rows if isinstance(row, Reject)]
        records = [row for row in rows if isinstance(row, SourceRecord)]
        for record in records:
            self.report.add_findings(record.findings)
            if record.source not in self.sources:
                self._declare_source(record.source)
        changes = Changes()
        rejects += self._plan([plan_record(record, self.role.name) for record in records], changes, pipeline)
        self.report.read += len(rows)
        self.report.rejected += len(rejects)
        self._submit(changes, pipeline)
        return rejects

    def _plan(self, planned: Sequence[PlannedRecord], changes: Changes, pipeline: _Pipeline) -> list[Reject]:
        if not self.fresh:
            pipeline.flush()  # what is planned now may depend on what is being written
        items, losers = self._without_duplicates(planned)
        repeated = {i.handle for i in items if _number(i.handle) in self.seen}
        self.seen.update(_number(item.handle) for item in items)
        if repeated:
            pipeline.flush()
        ask = [i for i in items if i.handle in repeated] if self.fresh else items
        revision = self.reviser.plan(items, ask, repeated, losers, changes)
        self.report.written += revision.written
        self.report.unchanged += revision.unchanged
        self.report.add_findings(revision.findings)
        return revision.rejects

    def _without_duplicates(
        self, planned: Sequence[PlannedRecord]
    ) -> tuple[list[PlannedRecord], dict[str, set[str]]]:
        """One row for each key, the one with the largest hash, and the hashes of those that lost."""
        kept: dict[str, PlannedRecord] = {}
        losers: dict[str, set[str]] = {}
        for item in planned:
            other = kept.setdefault(item.handle, item)
            if other is item:
                continue
            self.report.unchanged += 1
            if other.hash != item.hash:
                winner, loser = (item, other) if item.hash > other.hash else (other, item)
                kept[item.handle] = winner
                losers.setdefault(item.handle, set()).add(loser.hash)
                self.report.add_findings([self.reviser.duplicate(loser)])
        return list(kept.values()), losers

    def _submit(self, changes: Changes, pipeline: _Pipeline) -> None:
        if changes.size:
            self.amount_written += changes.size
            bulk = self.amount_written > BULK
            pipeline.submit(lambda: self._commit(changes, bulk=bulk))

    def _commit(self, changes: Changes, *, bulk: bool) -> None:
        self.store.commit(
            lambda tx: self.writer.write(tx, changes), changes.touched(bulk=bulk), load=self.load_id
        )

    # --- closing what a snapshot no longer lists ------------------------------------------------------------------

    def _to_close(self) -> list[str]:
        """Handles of open records that the snapshot no longer lists."""
        if not self.source.snapshot or self.fresh:
            return []
        if self.snapshots is not None and self.snapshots.closes_at is not None:
            return []  # an older snapshot loaded later closes nothing
        open_records = list(self.store.stream(self.store.query("open_records"), scope=self.scope))
        if not open_records:
            return []
        survey = self._survey()
        scope = [row for row in open_records if (row[2] or "") in survey.partitions]
        closing = [handle for handle, key, _ in scope if survey.misses(handle, key)]
        if closing and survey.damaged:
            message = "有行无法读出键，本快照不关闭任何记录 (rows without a readable key: this snapshot closes nothing)"
            self.report.add_findings([Finding("closing_skipped", message, self.path.name)])
            return []
        self._check_share(len(closing), len(scope))
        return closing

    def _survey(self) -> _Survey:
        survey = _Survey()
        for row in self.role.read(self.path, self.context):
            survey.add(row, self.role.name)
        return survey

    def _check_share(self, closing: int, open_records: int) -> None:
        if closing > self.options.closing_share * open_records and not self.options.force:
            raise Refused(
                f"{self.path.name}: 该快照将关闭 {open_records} 条有效记录中的 {closing} 条 "
                f"(this snapshot would close {closing} of {open_records} open records); nothing was written",
                hint="若文件确实完整，请使用 --force (if the file is complete, load it with --force).",
            )

    def _close(self, handles: Sequence[str], pipeline: _Pipeline) -> None:
        for chunk in batches(iter(handles), BATCH):
            changes = Changes()
            self.report.closed += self.reviser.close(chunk, changes)
            self._submit(changes, pipeline)
            pipeline.flush()

    # --- book-keeping ---------------------------------------------------------------------------------------------

    def _declare_source(self, name: str) -> None:
        """Write down the source with its rank, before anything of it is written."""
        self.sources.add(name)
        row = {
            "id": name,
            "rank": self.source.rank,
            "namespace": self.source.namespace,
            "title": self.source.title,
            "mapping": self.source.name,
            "fingerprint": self.source.fingerprint,
        }
        self.store.write(lambda tx: tx.execute(upserts.replace_nodes("Source"), rows=[row]))

    def _finish(self) -> None:
        counts = ("read", "written", "unchanged", "closed", "rejected")
        row = {name: getattr(self.report, name) for name in counts} | {
            "id": self.load_id,
            "source": self.source.source,
            "scope": self.scope,
            "file": self.path.name,
            "sha256": self.sha256,
            "fingerprint": self.source.fingerprint,
            "findings": json.dumps(self.report.findings, sort_keys=True),
            "dangling": self.report.findings["edge_to_nowhere"],
        }
        if self.stated is not None:
            row["stated"] = self.stated.isoformat()
        leave_load(self.store, self.source.namespace, row, changed=self.report.written + self.report.closed)


def leave_load(store: Store, namespace: str, row: Row, *, changed: int) -> None:
    """Write down what was done to a namespace: `changed` counts records written, closed or withdrawn."""
    done = row | {
        "namespace": namespace,
        "changed": changed,
        "version": store.version(),
        "at": dt.datetime.now(dt.UTC).isoformat(timespec="seconds"),
        "status": "done",
    }
    store.write(lambda tx: tx.execute(upserts.create_nodes("Load"), rows=[done]))


class _RejectsFile:
    """JSON lines of rejected rows; made only when there are any."""

    def __init__(self, folder: Path, load: str) -> None:
        self._path = folder / f"{load}.jsonl"
        self.name = ""

    def write(self, rejects: Iterable[Reject]) -> None:
        """Add rejected rows."""
        rejects = list(rejects)
        if not rejects:
            return
        self._path.parent.mkdir(parents=True, exist_ok=True)
        self.name = str(self._path)
        with self._path.open("a", encoding="utf-8") as file:
            for reject in rejects:
                file.write(json.dumps(dataclasses.asdict(reject), ensure_ascii=False) + "\n")

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        """Nothing is held open between batches, so that what is written survives a kill."""


def _number(handle: str) -> int:
    """A handle as a number of 64 bits, to keep millions of them in a set."""
    return int(handle[:16], 16)


def batches(rows: Iterator[T], size: int) -> Iterator[list[T]]:
    """The rows in lists of `size`, the last one shorter."""
    while batch := list(itertools.islice(rows, size)):
        yield batch


def ahead(batches_: Iterator[list[T]]) -> Iterator[list[T]]:
    """The same lists; while one is being used, the next is made in a thread."""
    with ThreadPoolExecutor(max_workers=1, thread_name_prefix="guanxi-reader") as pool:
        coming = pool.submit(next, batches_, None)
        while (batch := coming.result()) is not None:
            coming = pool.submit(next, batches_, None)
            yield batch


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
