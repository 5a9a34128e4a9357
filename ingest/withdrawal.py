"""Taking statements back: withdrawing what a source said, and folding stored records anew by a changed mapping."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

from graph import upserts
from graph.errors import NotFound
from graph.schema import edge_types, node_types
from graph.store import Store, Touched, Tx
from ingest.loader import LoadOptions, StoreReader, batches, ensure_graph_schema, leave_load
from ingest.plan import Batch, Known, PlannedRecord, Planner, Row, plan_record
from ingest.revise import Reviser, end_edges, restate
from ingest.source import Source
from ingest.write import CHUNK, BatchWriter, Changes

Progress = Callable[[str, int], None]


@dataclass(frozen=True, slots=True)
class Withdrawal:
    """What was withdrawn: how many records of which source."""

    source: str
    records: int


@dataclass(slots=True)
class Refolding:
    """What folding anew came to; `unreadable` records say nothing by the mapping of today."""

    namespace: str
    records: int = 0
    unreadable: int = 0
    dangling: int = 0


def withdraw(  # noqa: PLR0913  # two of them are optional
    store: Store,
    source: Source,
    name: str,
    options: LoadOptions,
    *,
    key: str | None = None,
    progress: Progress | None = None,
) -> Withdrawal:
    """Take back exactly what only `name` said; the records stay, marked, for questions about what was known.

    Args:
        store: The store.
        source: How the records of `name` are read.
        name: The source withdrawn, one of those in the namespace of `source`.
        options: Day and salt, as for loading.
        key: Only the records with this key.
        progress: Called with the source's name and the records withdrawn so far.

    Raises:
        NotFound: The source has said nothing that still stands.
    """
    ensure_graph_schema(store)
    rows = (node for (node,) in store.stream(store.query("records_of_source"), source=name))
    due = [row for row in rows if key is None or row["key"] == key]
    if not due:
        raise NotFound(
            f"来源 {name!r} 没有可撤回的记录 (source {name!r} has no record to withdraw"
            + (f" under key {key!r})" if key else ")"),
            hint="guanxi store status 列出所有来源 (guanxi store status lists the sources).",
        )
    done = 0
    for chunk in _taken_back(store, source, due, options):
        done += chunk
        if progress:
            progress(name, done)
    _leave(store, source, f"withdraw {name}", changed=done)
    return Withdrawal(name, done)


def withdraw_records(store: Store, source: Source, handles: Sequence[str], options: LoadOptions) -> int:
    """Take back some records of a source; those that do not stand are passed over. Returns how many did."""
    found = [row["node"] for row in store.read(upserts.find_nodes("Record"), ids=list(handles))]
    due = [row for row in found if not row.get("known_to")]
    done = sum(_taken_back(store, source, due, options))
    if done:
        _leave(store, source, f"withdraw {source.source}", changed=done)
    return done


def _taken_back(store: Store, source: Source, due: Sequence[Row], options: LoadOptions) -> Iterator[int]:
    """Take records back, a chunk at a time; gives how many each chunk has."""
    planner = _planner(store, source, options, complete=False)
    reviser = Reviser(store, planner, None, lambda row: restate(source, row, options.salt), "")
    writer = BatchWriter(planner, reviser.restate, options.today.isoformat())
    for chunk in batches(iter(due), CHUNK):
        changes = _withdrawn(chunk, reviser)
        store.commit(
            lambda tx, c=changes: writer.write(tx, c),  # type: ignore[misc]
            changes.touched(bulk=len(due) > 10 * CHUNK),
        )
        yield len(chunk)


def _leave(store: Store, source: Source, what: str, *, changed: int) -> None:
    leave_load(
        store,
        source.namespace,
        {"id": uuid.uuid4().hex, "source": source.source, "scope": what},
        changed=changed,
    )


def _withdrawn(rows: Sequence[Row], reviser: Reviser) -> Changes:
    changes = Changes()
    said = [(row, reviser.restate(row)) for row in rows]
    reviser.planner.learn(plan_record(record, "") for _, record in said if record is not None)
    for row, record in said:
        reviser.withdraw(row, record, changes)
    return changes


def _planner(store: Store, source: Source, options: LoadOptions, *, complete: bool) -> Planner:
    known = Known(StoreReader(store), complete)
    return Planner(source.namespace, "", source.rank, options.today, "", "", known)


# --- folding anew ---


def refold(store: Store, source: Source, options: LoadOptions, progress: Progress | None = None) -> Refolding:
    """Make the graph of a namespace anew from its stored records, by the mapping of today.

    Readers notice nothing until it is done: only its last transaction makes a version. When it is interrupted, the
    namespace stays marked, and loading into it is refused until it is folded anew.
    """
    ensure_graph_schema(store)
    names = [row["id"] for row in store.read(store.query("namespace_sources"), namespace=source.namespace)]
    if not names:
        raise NotFound(f"尚未加载 {source.source!r} (nothing of {source.source!r} is loaded)")
    _mark(store, names, refolding=True)
    for name in names:
        _wipe(store, name)
    report = Refolding(source.namespace)
    planner = _planner(store, source, options, complete=True)
    for nodes_only in (True, False):
        _refold_pass(store, source, options, planner, report, nodes_only=nodes_only, progress=progress)
    _mark(store, names, refolding=False)
    store.commit(lambda _tx: None, Touched(bulk=True))
    _leave(store, source, f"refold {source.namespace}", changed=report.records)
    return report


def _mark(store: Store, names: Sequence[str], *, refolding: bool) -> None:
    rows = [{"id": name, "set": {"refolding": refolding or None}} for name in names]
    store.write(lambda tx: tx.execute(upserts.merge_properties("Source"), rows=rows))


def _wipe(store: Store, name: str) -> None:
    """Delete every edge and node that a source stated."""
    queries = [upserts.wipe_edges(kind) for kind in edge_types()] + [
        upserts.wipe_nodes(a) for a in node_types()
    ]
    for query in queries:
        while store.write(lambda tx, q=query: _delete_some(tx, q, name)):  # type: ignore[misc]
            pass


def _delete_some(tx: Tx, query: str, name: str) -> int:
    return int(tx.run(query, source=name, limit=CHUNK)[0]["deleted"])


def _refold_pass(  # noqa: PLR0913  # one pass has all of a refolding's parts
    store: Store,
    source: Source,
    options: LoadOptions,
    planner: Planner,
    report: Refolding,
    *,
    nodes_only: bool,
    progress: Progress | None,
) -> None:
    found = store.stream(store.query("records_of_namespace"), namespace=source.namespace)
    rows = (node for (node,) in found)
    writer = BatchWriter(planner, lambda row: restate(source, row, options.salt), options.today.isoformat())
    for chunk in batches(rows, CHUNK):
        changes = Changes()
        for row, planned in _restated(chunk, source, options, report, count=nodes_only):
            if nodes_only:
                planner.add(_without_edges(planned), changes.batch)
                changes.batch.records.pop()
            else:
                _fold_edges(row, planned, planner, changes, report)
        store.write(lambda tx, c=changes: writer.write(tx, c))  # type: ignore[misc]
        if progress:
            progress(source.namespace, report.records)


def _restated(
    rows: Sequence[Row], source: Source, options: LoadOptions, report: Refolding, *, count: bool
) -> Iterator[tuple[Row, PlannedRecord]]:
    for row in rows:
        said = restate(source, row, options.salt)
        report.records += count
        if said is None:
            report.unreadable += count
        else:
            yield row, PlannedRecord(said, row["id"].split("@")[0], row["hash"], row["body"])


def _without_edges(planned: PlannedRecord) -> PlannedRecord:
    return replace(planned, record=replace(planned.record, edges=()))


def _fold_edges(
    row: Row, planned: PlannedRecord, planner: Planner, changes: Changes, report: Refolding
) -> None:
    batch: Batch = changes.batch
    first = {shape: len(rows) for shape, rows in batch.edges.items()}
    resolvable = replace(planned, record=replace(planned.record, nodes=()))
    lost = planner.add(resolvable, batch)
    if lost is not None:
        batch.records.pop()
    if row.get("valid_to"):
        end_edges(batch, first, row["valid_to"])
    dangling = len(planner.unresolved(planned.record))
    report.dangling += bool(dangling)
    if dangling != (row.get("dangling") or 0):
        changes.records.append((row["id"], {"dangling": dangling or None}))
