"""Records beside what is stored: which are new, which correct or continue what was said, and what that changes."""

from __future__ import annotations

import dataclasses
import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field

from graph import upserts
from graph.statements import Finding, Reject, SourceRecord
from graph.store import Store
from ingest.history import Snapshots, Stored, Verdict, decide
from ingest.plan import Batch, PlannedRecord, Planner, Row, UnitId, nowhere, plan_record
from ingest.source import Context, Source
from ingest.write import Changes, Place, Restate, chunks

ENDING = frozenset({"Guarantee", "Pledge", "Exposure", "Limit", "Restriction", "ConcertAgreement"})
"""Node types that are no more when a snapshot no longer lists them; companies and people go on existing."""


@dataclass(slots=True)
class Revision:
    """What planning a batch came to."""

    written: int = 0
    unchanged: int = 0
    rejects: list[Reject] = field(default_factory=list)
    findings: list[Finding] = field(default_factory=list)


def restate(source: Source, row: Row, salt: str) -> SourceRecord | None:
    """What a stored record says by the mapping of today; None where the mapping no longer reads it."""
    stated = dt.date.fromisoformat(row["stated"]) if row.get("stated") else None
    said = source.role(row["role"]).record(json.loads(row["body"]), 0, Context(stated, salt))
    if isinstance(said, Reject):
        return None
    known_from = said.known_from or dt.date.fromisoformat(row["known_from"])
    return dataclasses.replace(said, known_from=known_from)


@dataclass(slots=True)
class Reviser:
    """Plans batches of one file against what is stored."""

    store: Store
    planner: Planner
    snapshots: Snapshots | None
    restate: Restate
    file: str

    def plan(
        self,
        items: Sequence[PlannedRecord],
        ask: Sequence[PlannedRecord],
        repeated: set[str],
        losers: Mapping[str, set[str]],
        changes: Changes,
    ) -> Revision:
        """Plan records with distinct handles.

        Args:
            items: The records.
            ask: Those of them of which something may be stored.
            repeated: Handles that the file had before.
            losers: By handle, hashes of rows of the same batch that lost against the item.
            changes: Where the changes go.
        """
        revision = Revision()
        if ask and len(ask) == len(items) and self._all_unchanged(items):
            revision.unchanged = len(items)
            return revision
        stored = self._stored([item.handle for item in ask])
        new, due = [], []
        for item in items:
            present = stored.get(item.handle)
            verdict = decide(item.hash, present, self.snapshots, seen=item.handle in repeated)
            if present is None:
                new.append(item)
            elif verdict is Verdict.UNCHANGED and not present.dangling:
                revision.unchanged += 1
            else:
                due.append((item, verdict, present))
        self.planner.learn([*new, *(item for item, _, _ in due)])
        for item in new:
            self._plan_new(item, losers.get(item.handle, set()), changes, revision)
        self._plan_changes(due, changes, revision)
        return revision

    def _all_unchanged(self, items: Sequence[PlannedRecord]) -> bool:
        """Whether all the records are stored as they are: one count instead of a row for each."""
        stated = self.snapshots.stated if self.snapshots else None
        rows = [[item.handle, item.hash] for item in items]
        query = self.store.query("unchanged_records")
        found = self.store.read(query, rows=rows, stated=stated.isoformat() if stated else None)
        return int(found[0]["unchanged"]) == len(items)

    def _stored(self, handles: Sequence[str]) -> dict[str, Stored]:
        rows = self.store.read(self.store.query("stored_records"), ids=list(handles)) if handles else []
        return {row["id"]: _as_stored(row) for row in rows}

    def _rows(self, ids: Iterable[str]) -> dict[str, Row]:
        found: dict[str, Row] = {}
        for chunk in chunks(list(ids)):
            rows = self.store.read(upserts.find_nodes("Record"), ids=list(chunk))
            found.update((row["node"]["id"], row["node"]) for row in rows)
        return found

    # --- new records ----------------------------------------------------------------------------------------------

    def _plan_new(self, item: PlannedRecord, losers: set[str], changes: Changes, revision: Revision) -> None:
        row = self._add(item, changes.batch, self._closes_at(), revision)
        if row is None:
            return
        if losers:
            row["also"] = sorted(losers)
        changes.batch.records.append(row)
        revision.written += 1

    def _closes_at(self) -> str:
        newer = self.snapshots.closes_at if self.snapshots else None
        return newer.isoformat() if newer else ""

    def _add(self, item: PlannedRecord, batch: Batch, closes_at: str, revision: Revision) -> Row | None:
        """Put a record's statements into a batch; returns its own row, or None after rejecting it."""
        first = {shape: len(rows) for shape, rows in batch.edges.items()}
        lost = self.planner.add(item, batch)
        if lost is None:
            revision.rejects.append(_reject(item.record, self.file))
            return None
        revision.findings += nowhere(lost, self.file, item.record.line)
        row = batch.records.pop()
        if closes_at:
            row["valid_to"] = closes_at
            end_edges(batch, first, closes_at)
        return row

    # --- records that are there -----------------------------------------------------------------------------------

    def _plan_changes(
        self, due: Sequence[tuple[PlannedRecord, Verdict, Stored]], changes: Changes, revision: Revision
    ) -> None:
        rows = self._rows(item.handle for item, _, _ in due)
        said = {handle: self.restate(row) for handle, row in rows.items()}
        self.planner.learn(plan_record(old, self.planner.role) for old in said.values() if old is not None)
        for item, verdict, stored in due:
            change = _Change(item, stored, rows[item.handle], said[item.handle])
            self._plan_change(verdict, change, changes, revision)

    def _plan_change(self, verdict: Verdict, change: _Change, changes: Changes, revision: Revision) -> None:
        if verdict is Verdict.DUPLICATE:
            self._duplicate(change, changes, revision)
        elif verdict is Verdict.EXTENDED:
            self._extend(change, changes, revision)
        elif verdict is Verdict.EARLIER_RUN:
            self._earlier_run(change, changes, revision)
        elif verdict is Verdict.NEW_RUN:
            self._new_run(change, changes, revision)
        elif verdict is Verdict.UNCHANGED:
            self._retry_dangling(change, changes, revision)
        else:
            self._correct(change, changes, revision)

    def duplicate(self, loser: PlannedRecord) -> Finding:
        """The finding for a row that has the key of another row of its file."""
        message = f"同一文件中另有一行使用键 {loser.record.key!r} (another row has this key and is kept)"
        return Finding("duplicate_key", message, self.file, loser.record.line)

    def _duplicate(self, change: _Change, changes: Changes, revision: Revision) -> None:
        also = sorted({*change.stored.also, change.item.hash})
        changes.records.append((change.item.handle, {"also": also}))
        revision.findings.append(self.duplicate(change.item))
        revision.unchanged += 1

    def _retry_dangling(self, change: _Change, changes: Changes, revision: Revision) -> None:
        """A record whose references led nowhere says more once what they name is there."""
        lost = self.planner.unresolved(change.item.record)
        if len(lost) == change.stored.dangling:
            revision.findings += nowhere(lost, self.file, change.item.record.line)
            revision.unchanged += 1
        else:
            self._correct(change, changes, revision)

    def _correct(self, change: _Change, changes: Changes, revision: Revision) -> None:
        """What is stored was an error: it is believed no longer."""
        row = self._add(change.item, changes.batch, change.row.get("valid_to", ""), revision)
        if row is None:
            return
        self._retract(change.row, change.said, changes)
        if change.stored.runs:
            row["runs"] = list(change.stored.runs)
        if change.item.hash != change.stored.hash and change.stored.also:
            row["also"] = sorted({*change.stored.also, change.stored.hash} - {change.item.hash})
        changes.replaced.append(row)
        revision.written += 1

    def _retract(self, row: Row, said: SourceRecord | None, changes: Changes) -> None:
        if not row.get("known_to"):
            known_to = self.planner.today.isoformat()
            old = f"{row['id']}@{row.get('stated', '')}#{row['hash'][:8]}"
            changes.moved.append({**row, "id": old, "known_to": known_to})
            changes.retracted += self._places(row, said)
            changes.undescribed |= self._descriptions(row["id"], said)

    def _new_run(self, change: _Change, changes: Changes, revision: Revision) -> None:
        """What is stored was true until the day of this snapshot."""
        row = self._add(change.item, changes.batch, "", revision)
        if row is None:
            return
        day, old = str(self.planner_day()), change.row
        if not old.get("valid_to"):
            changes.redated += [(p, {"valid_to": day}) for p in self._open_places(old, change.said, day)]
        changes.moved.append(
            {**old, "id": f"{old['id']}@{old['stated']}", "valid_to": old.get("valid_to", day)}
        )
        row["runs"] = sorted({*change.stored.runs, f"{old['stated']}|{old['hash']}"})
        changes.replaced.append(row)
        changes.undescribed |= self._descriptions(old["id"], change.said)
        revision.written += 1

    def planner_day(self) -> dt.date:
        """The day of the snapshot being loaded."""
        if self.snapshots is None or self.snapshots.stated is None:
            raise ValueError("only a dated snapshot has runs")
        return self.snapshots.stated

    def _earlier_run(self, change: _Change, changes: Changes, revision: Revision) -> None:
        """The record said something else before what is stored."""
        day = self.planner_day().isoformat()
        first = self._closes_at()
        starts = [change.stored.stated] if change.stored.stated > day else []
        row = self._add(change.item, changes.batch, min([first, *starts]), revision)
        if row is None:
            return
        for run, old in self._rows([f"{change.item.handle}@{day}"]).items():
            changes.retracted += self._places({**old, "id": change.item.handle}, self.restate(old))
            changes.moved.append(
                {**old, "id": f"{run}#{old['hash'][:8]}", "known_to": str(self.planner.today)}
            )
        changes.moved.append({**row, "id": f"{change.item.handle}@{day}"})
        kept = [run for run in change.stored.runs if not run.startswith(f"{day}|")]
        changes.records.append((change.item.handle, {"runs": sorted([*kept, f"{day}|{change.item.hash}"])}))
        revision.written += 1

    def _extend(self, change: _Change, changes: Changes, revision: Revision) -> None:
        """What is stored was true on this older day already."""
        day = self.planner_day().isoformat()
        unknown, known = self._split_by_start(change)
        changes.redated += [(place, {"stated": day, "valid_from": day}) for place in unknown]
        changes.redated += [(place, {"stated": day}) for place in known]
        changes.records.append((change.item.handle, {"stated": day}))
        changes.undescribed |= self._descriptions(change.item.handle, change.said)
        revision.written += 1

    def _split_by_start(self, change: _Change) -> tuple[list[Place], list[Place]]:
        """Places of the edges that start with their source's date, and of those that state a start."""
        if change.said is None:
            return [], []
        parts = (
            dataclasses.replace(
                change.said, edges=tuple(e for e in change.said.edges if (e.valid_from is None) is p)
            )
            for p in (True, False)
        )
        unknown, known = (list(self._places(change.row, part)) for part in parts)
        return unknown, known

    # --- endings --------------------------------------------------------------------------------------------------

    def close(self, handles: Sequence[str], changes: Changes) -> int:
        """End records that a snapshot no longer lists; returns how many."""
        rows = self._rows(handles)
        said = {handle: self.restate(row) for handle, row in rows.items()}
        self.planner.learn(plan_record(old, self.planner.role) for old in said.values() if old is not None)
        for handle, row in rows.items():
            if self.snapshots is None:
                self.withdraw(row, said[handle], changes)
            else:
                self._end(row, said[handle], changes)
        return len(rows)

    def withdraw(self, row: Row, said: SourceRecord | None, changes: Changes) -> None:
        """Believe a record no longer."""
        changes.retracted += self._places(row, said)
        changes.undescribed |= self._descriptions(row["id"], said)
        changes.records.append((row["id"], {"known_to": self.planner.today.isoformat()}))

    def _end(self, row: Row, said: SourceRecord | None, changes: Changes) -> None:
        day = self.planner_day().isoformat()
        changes.redated += [(place, {"valid_to": day}) for place in self._open_places(row, said, day)]
        changes.records.append((row["id"], {"valid_to": day}))
        for unit, record in self._descriptions(row["id"], said):
            if unit.label in ENDING:
                changes.ended.append((unit, record, day))

    # --- where a stored record's statements stand -------------------------------------------------------------------

    def _places(self, row: Row, said: SourceRecord | None) -> Iterator[Place]:
        if said is not None:
            for shape, start, end in self.planner.edge_places(said):
                yield Place(shape, start, end, row["id"], row.get("stated", ""))

    def _open_places(self, row: Row, said: SourceRecord | None, day: str) -> Iterator[Place]:
        """Places of the edges that have no earlier end of their own."""
        if said is None:
            return iter(())
        edges = tuple(e for e in said.edges if e.valid_to is None or e.valid_to.isoformat() > day)
        return self._places(row, dataclasses.replace(said, edges=edges))

    def _descriptions(self, handle: str, said: SourceRecord | None) -> set[tuple[UnitId, str]]:
        """The units that a record describes, each with the record's handle."""
        if said is None:
            return set()
        return {(self.planner.unit(node.ref, said.compartments), handle) for node in said.nodes}


@dataclass(frozen=True, slots=True)
class _Change:
    """A row beside what is stored under its handle: in short, whole, and as it reads by the mapping of today."""

    item: PlannedRecord
    stored: Stored
    row: Row
    said: SourceRecord | None


def _as_stored(row: Row) -> Stored:
    return Stored(
        hash=row["hash"],
        stated=row["stated"] or "",
        valid_to=row["valid_to"] or "",
        withdrawn=row["known_to"] is not None,
        dangling=row["dangling"] or 0,
        also=tuple(row["also"] or ()),
        runs=tuple(row["runs"] or ()),
    )


def _reject(record: SourceRecord, file: str) -> Reject:
    ends = ", ".join(repr(ref.key) for edge in record.edges for ref in (edge.start, edge.end))
    reason = f"两端节点有一个不存在：{ends} (an edge to nowhere; load the nodes first)"
    return Reject(file, record.line, reason, record.key)


def end_edges(batch: Batch, first: Mapping[tuple[str, str, str], int], day: str) -> None:
    """End the edges that were put into the batch after `first`, unless they end earlier themselves."""
    for shape, rows in batch.edges.items():
        for row in rows[first.get(shape, 0) :]:
            row["e"]["valid_to"] = min(row["e"].get("valid_to", day), day)
