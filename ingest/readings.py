"""What was read in documents, written into the graph: documents, mentions, claims, and what claims make true.

Each is a record of the source `reading`. A document's own record lists the others, so that another reading of it
takes back what it no longer finds, and withdrawing it takes back all of them.
"""

from __future__ import annotations

import json
import tempfile
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import islice
from pathlib import Path
from typing import Final

from graph import upserts
from graph.errors import InvalidInput, NotFound
from graph.ids import entity_handle, record_handle
from graph.store import Store
from graph.view import View
from ingest.event_rows import ALONE, placed
from ingest.feed_events import FeedEvents
from ingest.holder_tables import Succession, companies, company_of
from ingest.joining import joining
from ingest.loader import LoadOptions, LoadReport, load
from ingest.own_parties import MADE, Origins, links, named, origins, parties
from ingest.plan_progress import RowKey, key_of_row
from ingest.read_documents import ReadDocument
from ingest.read_roles import BASIS, DECIDED, JOINS, KEYS
from ingest.reading_rows import DocumentRows, basis_of, believed, claims_of, rows_of
from ingest.reviewed import REVIEWED, concerned, elsewhere, handle_of, is_whole, reviewed_row
from ingest.said import Correction, End, Part, Row, Said, corrected, made, said_of
from ingest.told_together import Together, beside_feeds, is_together, types_together
from ingest.withdrawal import withdraw_records
from ingest.write import chunks
from ingest.written import READING, reading
from nlp.found import Candidate

BATCH: Final = 1000
"""Documents written together."""

ACCEPTING: Final = ("accepted", "corrected")


@dataclass(slots=True)
class Written:
    """What writing readings came to.

    Of the documents: their mentions, their claims, how many of these make something and how many wait for a person.
    Of the records: how many were written anew or changed, were there already, were taken back, or could not be
    written (the loader's file of rejects says why).
    """

    documents: int = 0
    mentions: int = 0
    claims: int = 0
    made: int = 0
    waiting: int = 0
    changed: int = 0
    unchanged: int = 0
    taken_back: int = 0
    rejected: int = 0

    def stand(self, documents: Sequence[Row]) -> None:
        """Count documents that are there already."""
        self.documents += len(documents)
        for document in documents:
            self.unchanged += 1 + sum(map(len, json.loads(document.get(KEYS, "{}")).values()))

    def correct(self, loaded: LoadReport) -> None:
        """Count what changes of documents that are there already."""
        self.changed += loaded.total("written")
        self.unchanged -= loaded.total("written")

    def add(self, rows: Sequence[DocumentRows], loads: Sequence[LoadReport], taken_back: int) -> None:
        """Count one batch."""
        claims = [claim for one in rows for claim in one.claims]
        self.documents += len(rows)
        self.mentions += sum(len(one.mentions) for one in rows)
        self.claims += len(claims)
        self.made += sum("makes" in claim for claim in claims)
        self.waiting += sum("waits" in claim for claim in claims)
        self.changed += sum(loaded.total("written") for loaded in loads)
        self.unchanged += sum(loaded.total("unchanged") for loaded in loads)
        self.taken_back += taken_back
        self.rejected += sum(loaded.total("rejected") for loaded in loads)


def write(
    store: Store, documents: Iterable[ReadDocument], options: LoadOptions, view: View | None = None
) -> Written:
    """Write documents with what was read in them; what is there already is left as it is.

    Args:
        store: Where they are written.
        documents: What was read.
        options: The day.
        view: What feeds list, as those see it who may see exactly the documents: what a document tells of that is
            told of it. Without it, or for documents with other compartments, what stands stays, and no more is found.

    Raises:
        Refused: Folding the namespace anew was interrupted.
        StoreError: The store could not be written to; writing again goes on where it stopped.
    """
    writer = _Writer(store, options, None if view is None else FeedEvents(view))
    for batch in _batches(documents):
        writer.write(batch)
    return writer.report


def _batches(documents: Iterable[ReadDocument]) -> Iterator[list[ReadDocument]]:
    """The documents, some at a time; of one that comes twice in a batch the last."""
    coming = iter(documents)
    while batch := list(islice(coming, BATCH)):
        yield list({(one.key, one.compartments): one for one in batch}.values())


@dataclass(slots=True)
class _Writer:
    """Writes documents, a batch at a time; `feeds`: what feeds list, where it is known."""

    store: Store
    options: LoadOptions
    feeds: FeedEvents | None
    report: Written = field(default_factory=Written)

    def write(self, batch: Sequence[ReadDocument]) -> None:
        """Write a batch, but for what stands as the same reader has read it before."""
        standing = _documents(self.store, batch)
        left = _as_read(self.store, batch, standing)
        self.report.stand([json.loads(standing[handle]) for handle in left])
        self._look_again([one for one in batch if _handle_of(one) in left], standing)
        anew = [one for one in batch if _handle_of(one) not in left]
        if anew:
            self._write_anew(anew, standing)

    def _look_again(self, left: Sequence[ReadDocument], standing: Mapping[str, str]) -> None:
        """Correct the events of documents that stand, where feeds have since listed them, or list them no longer."""
        if self.feeds is None:
            return
        keys = [(one, _keys(standing[_handle_of(one)])) for one in left]
        told = _rows(self.store, [handle for pair in keys for handle in _events_of(*pair)])
        told += _decided_rows(self.store, keys)
        beside = [beside_feeds(row, self.feeds, joining()) for row in told]
        changed = [new for new, old in zip(beside, told, strict=True) if new.get(JOINS) != old.get(JOINS)]
        if changed:
            mine, others = _together(self.store, changed, ())
            self.report.correct(_load(self.store, [], [*mine, *others], self.options))

    def _write_anew(self, batch: Sequence[ReadDocument], standing: Mapping[str, str]) -> None:
        earlier = {handle: _keys(body) for handle, body in standing.items()}
        decided = _decided(self.store, batch, earlier)
        told = _told(
            self.store, [h for one in batch for h in _events_of(one, earlier.get(_handle_of(one), {}))]
        )
        own = _own(self.store, (link for one in batch for link in links(one)))
        rows = [self._beside(rows_of(one, believed(), decided, own), told) for one in batch]
        rows = [_with_kept(one, earlier.get(_handle("Document", one.document), {}), decided) for one in rows]
        dropped = [handle for one in rows for handle in _dropped(one, earlier)]
        taken_back = withdraw_records(self.store, reading(), dropped, self.options)
        before = {company for keys in earlier.values() for company in _companies(keys)}
        rows, ended = _in_succession(self.store, rows, companies(rows) | before)
        accepted = _decided_rows(self.store, [(one, earlier.get(_handle_of(one), {})) for one in batch])
        rows, moved = _placed(self.store, rows, [*told.values(), *accepted], self._again(accepted))
        moved = [row for row in moved if row not in accepted]
        others = [*ended, *moved]
        # first: were it left undone by an interruption, nobody would notice once the documents stand
        first = [_load(self.store, [], others, self.options)] if others else []
        self.report.add(rows, [*first, _load(self.store, rows, [], self.options)], taken_back)

    def _again(self, rows: Sequence[Row]) -> list[Row]:
        """What people have accepted of documents, told of what feeds list now."""
        return [row if self.feeds is None else beside_feeds(row, self.feeds, joining()) for row in rows]

    def _beside(self, rows: DocumentRows, told: Mapping[RowKey, Row]) -> DocumentRows:
        """The rows of a document told of what feeds list; where that is not known, of what they told of before."""
        return replace(rows, claims=tuple(self._claim_beside(row, told) for row in rows.claims))

    def _claim_beside(self, row: Row, told: Mapping[RowKey, Row]) -> Row:
        before = told.get(key_of_row(row), {}).get(JOINS)
        kept = row if before is None else row | {JOINS: before}
        if self.feeds is not None:
            return beside_feeds(kept, self.feeds, joining())
        return row if before is None else placed(kept, ALONE)


def _events_of(read: ReadDocument, keys: Keys) -> Iterator[str]:
    """Handles of the records of the events that a document lists."""
    return _parts({"Claim": _event_keys(keys)}, sorted(read.compartments))


def _event_keys(keys: Keys) -> list[str]:
    return [key for key in keys.get("Claim", ()) if "#event|" in key]


def _decided_rows(store: Store, documents: Iterable[tuple[ReadDocument, Keys]]) -> list[Row]:
    """What people have accepted of the events that documents list."""
    listed = ((one, key) for one, keys in documents for key in _event_keys(keys))
    rows = _rows(store, [handle_of(key, sorted(one.compartments)) for one, key in listed])
    return [row for row in rows if is_whole(row)]


def _rows(store: Store, handles: Sequence[str]) -> list[Row]:
    """The rows of records that stand."""
    return [json.loads(row["body"]) for row in _standing(store, handles)]


def _told(store: Store, handles: Sequence[str]) -> dict[RowKey, Row]:
    """The rows of claims that stand, by key."""
    return {key_of_row(row): row for row in _rows(store, handles)}


def _placed(
    store: Store, rows: Sequence[DocumentRows], before: Iterable[Row], settled_rows: Sequence[Row]
) -> tuple[list[DocumentRows], list[Row]]:
    """The rows with their events in their places, and other rows that stand and whose place changes.

    `settled_rows`: what people have accepted of the same documents.
    """
    claims = [claim for one in rows for claim in one.claims]
    mine, others = _together(store, [*claims, *settled_rows], before)
    coming = iter(mine)
    done = [replace(one, claims=tuple(islice(coming, len(one.claims)))) for one in rows]
    return done, [*others, *coming]


def _together(
    store: Store, mine: Sequence[Row], before: Iterable[Row], gone: Sequence[Row] = ()
) -> tuple[list[Row], list[Row]]:
    """Rows in their places beside all that stands, and other rows whose place changes.

    Args:
        store: Where the others stand.
        mine: The rows that are to be written.
        before: What stood for them.
        gone: What stands and is to be taken back.
    """
    rules = joining()
    about = {row["subject"] for row in (*mine, *before, *gone) if is_together(row, rules)}
    if not about:
        return list(mine), []
    here = {_record(row) for row in (*mine, *gone)}
    others = [row for row in _told_of(store, about) if _record(row) not in here]
    together = Together([*others, *mine], rules)
    moved = [row for other in others if (row := together.placed(other)) != other]
    return [together.placed(row) for row in mine], moved


def _told_of(store: Store, subjects: set[str]) -> list[Row]:
    """What stands of events of these subjects of which it matters what others tell, read or accepted."""
    rules = joining()
    found = store.read(store.query("events_told_of"), types=types_together(rules), subjects=sorted(subjects))
    read = _rows(store, [row["record"] for row in found])
    handles = {handle_of(row["key"], _compartments(row)) for row in read if "waits" in row}
    handles.update(elsewhere(store, subjects, rules))
    return [*read, *concerned(_rows(store, sorted(handles)), subjects, rules)]


def _record(row: Row) -> str:
    """The handle of the record that an event's row is or will be."""
    return _handle(REVIEWED if DECIDED in row else "Claim", row)


def _load(
    store: Store, rows: Sequence[DocumentRows], older: Sequence[Row], options: LoadOptions
) -> LoadReport:
    with tempfile.TemporaryDirectory(prefix="guanxi-") as folder:
        return load(store, reading(), list(_files(Path(folder), rows, older)), replace(options, stated=None))


def _companies(keys: Keys) -> set[str]:
    return {company for key in keys.get("Claim", ()) if (company := company_of(key)) is not None}


def _in_succession(
    store: Store, rows: Sequence[DocumentRows], of: set[str]
) -> tuple[list[DocumentRows], list[Row]]:
    """The rows with each table of holders ended by the next, and rows of earlier tables whose end changes."""
    if not of:
        return list(rows), []
    found = store.read(store.query("holdings_of"), companies=sorted(of))
    standing = [json.loads(row["body"]) for row in _standing(store, [row["record"] for row in found])]
    here = {(one.document["key"], one.document.get("compartments", "")) for one in rows}
    others = [row for row in standing if (row["document"], row.get("compartments", "")) not in here]
    succession = Succession([*others, *(claim for one in rows for claim in one.claims)])
    ended = [replace(one, claims=tuple(map(succession.ended, one.claims))) for one in rows]
    return ended, [row for other in others if (row := succession.ended(other)) != other]


def _files(folder: Path, rows: Sequence[DocumentRows], older: Sequence[Row]) -> Iterator[Path]:
    parts = {
        "Document": [one.document for one in rows],
        "Mention": [row for one in rows for row in one.mentions],
        "Claim": [
            *(row for row in older if DECIDED not in row),
            *(row for one in rows for row in one.claims),
        ],
        REVIEWED: [row for row in older if DECIDED in row],
    }
    for role, listed in parts.items():
        if listed:
            yield _file(folder, role, listed)


def _file(folder: Path, role: str, rows: Iterable[Row]) -> Path:
    path = folder / f"{role}.jsonl"
    # sorted, so that the same documents in another order are the same file
    lines = sorted(json.dumps(row, ensure_ascii=False, sort_keys=True) for row in rows)
    path.write_text("\n".join(lines) + "\n", encoding="utf-8")
    return path


# --- beside what is there ---

Keys = Mapping[str, Sequence[str]]
"""Of a document the keys of its records, by role."""


def _documents(store: Store, batch: Iterable[ReadDocument]) -> dict[str, str]:
    """What earlier readings said of these documents, as JSON, by the handle of the document's record."""
    return {row["id"]: row["body"] for row in _standing(store, [_handle_of(one) for one in batch])}


def _handle_of(read: ReadDocument) -> str:
    return record_handle(READING, "Document", read.key, read.compartments)


def _as_read(store: Store, batch: Iterable[ReadDocument], standing: Mapping[str, str]) -> set[str]:
    """Handles of the documents that stand as the same reader has read them before, with all that they list.

    What they list is written after them, so that an interrupted writing leaves documents that stand without it.
    """
    parts: dict[str, set[str]] = {}
    for one in batch:
        handle = _handle_of(one)
        basis = basis_of(one, believed())
        if basis and handle in standing and json.loads(standing[handle]).get(BASIS) == basis:
            parts[handle] = set(_parts(_keys(standing[handle]), one.compartments))
    there = _there(store, sorted({part for listed in parts.values() for part in listed}))
    return {handle for handle, listed in parts.items() if listed <= there}


def _there(store: Store, handles: Sequence[str]) -> set[str]:
    """Those of the records that stand."""
    query = store.query("stored_records")
    rows = (row for chunk in chunks(handles) for row in store.read(query, ids=chunk))
    return {row["id"] for row in rows if row["known_to"] is None}


def _parts(keys: Keys, compartments: Sequence[str]) -> Iterator[str]:
    """Handles of the records that a document lists."""
    for role, listed in keys.items():
        for key in listed:
            yield record_handle(READING, role, key, compartments)


def _keys(body: str) -> Keys:
    """The records that an earlier reading of a document has."""
    found: Keys = json.loads(json.loads(body).get(KEYS, "{}"))
    return found


def _own(store: Store, told_of: Iterable[Candidate | End | Part]) -> Origins:
    """Those of these parties that readings have made of their names."""
    ids: dict[str, set[str]] = {label: set() for label in MADE}
    for one in told_of:
        if one.id and one.kind in ids:
            ids[one.kind].add(one.id)
    return origins(
        row["node"]
        for label, some in ids.items()
        for chunk in chunks(sorted(some))
        for row in store.read(upserts.find_nodes(label), ids=chunk)
    )


def _standing(store: Store, handles: Sequence[str]) -> list[dict[str, str]]:
    found = (row["node"] for row in store.read(upserts.find_nodes("Record"), ids=list(handles)))
    return [row for row in found if not row.get("known_to")]


def _decided(store: Store, batch: Sequence[ReadDocument], earlier: Mapping[str, Keys]) -> dict[str, str]:
    """What people have decided on claims of these documents, found now or earlier, by the key of the claim."""
    keys: dict[str, str] = {}
    for one in batch:
        before = earlier.get(_handle_of(one), {})
        for key in {*(said.key for said in claims_of(one)), *before.get("Claim", ())}:
            keys[entity_handle(READING, "Claim", key, one.compartments)] = key
    rows = store.read(store.query("decisions_about"), ids=list(keys))
    rows.sort(key=lambda row: (row["at"], row["id"]))
    return {keys[row["about"]]: row["state"] for row in rows}


def _with_kept(rows: DocumentRows, earlier: Keys, decided: Mapping[str, str]) -> DocumentRows:
    """The rows of a document that goes on listing claims which people have accepted, whatever is read in it now."""
    keys = json.loads(rows.document[KEYS])
    found = set(keys.get("Claim", ()))
    kept = sorted(k for k in earlier.get("Claim", ()) if k not in found and decided.get(k) in ACCEPTING)
    if not kept:
        return rows
    listed = {**keys, "Claim": [*keys.get("Claim", ()), *kept]}
    return replace(rows, document={**rows.document, KEYS: json.dumps(listed, ensure_ascii=False)})


def _dropped(rows: DocumentRows, earlier: Mapping[str, Keys]) -> Iterator[str]:
    """Handles of the records that this document listed and lists no longer."""
    now: Keys = json.loads(rows.document[KEYS])
    for role, keys in earlier.get(_handle("Document", rows.document), {}).items():
        for key in sorted(set(keys) - set(now.get(role, ()))):
            yield record_handle(READING, role, key, _compartments(rows.document))


def _handle(role: str, row: Row) -> str:
    return record_handle(READING, role, row["key"], _compartments(row))


def _compartments(row: Row) -> tuple[str, ...]:
    return tuple(filter(None, row.get("compartments", "").split(";")))


# --- taking back ---


def withdraw_document(store: Store, key: str, options: LoadOptions, compartments: Sequence[str] = ()) -> int:
    """Take back a document, its claims and what they and decisions on them made; returns how many records.

    Raises:
        NotFound: There is no such document with exactly these compartments.
        StoreError: The store could not be written to; withdrawing again goes on where it stopped.
    """
    own = record_handle(READING, "Document", key, compartments)
    found = _standing(store, [own])
    if not found:
        raise NotFound(
            f"没有文档 {key!r} / there is no document {key!r}",
            hint="guanxi documents show ID 给出文档的键 / shows a document's key",
        )
    listed = _keys(found[0]["body"])
    listed = {**listed, REVIEWED: listed.get("Claim", ())}
    parts = list(_parts(listed, compartments))
    told = _rows(
        store,
        [
            record_handle(READING, role, key, compartments)
            for role in ("Claim", REVIEWED)
            for key in listed.get("Claim", ())
        ],
    )
    # the document goes last: what is left of an interrupted withdrawal is found through it
    done = withdraw_records(store, reading(), parts, options)
    _, older = _in_succession(store, [], _companies(listed))
    _, moved = _together(store, [], [row for row in told if "kind" in row])
    _load(store, [], [*older, *moved], options)
    return done + withdraw_records(store, reading(), [own], options)


# --- what people decide ---


def settled(store: Store, key: str, compartments: Sequence[str], correction: Correction) -> Said:
    """A claim as a person says it is. Raises NotFound where there is none, InvalidInput where it makes nothing."""
    found = _standing(store, [record_handle(READING, "Claim", key, compartments)])
    if not found:
        raise NotFound("这条断言已被撤回 / this claim has been taken back")
    said = corrected(said_of(json.loads(found[0]["body"])), correction)
    said = named(said, _own(store, parties(said)))
    if not made(said).makes:
        raise InvalidInput(
            "correction",
            "请指明主体（及客体）/ say which entities are meant: without them, or between these two, nothing follows",
        )
    return said


def write_settled(store: Store, said: Said, options: LoadOptions, view: View) -> None:
    """Write what follows from a claim that a person has accepted or corrected, as from one that is sure.

    Args:
        store: Where it is written.
        said: The claim as the person has it.
        options: The day.
        view: What feeds list, as those see it who may see exactly the claim.
    """
    (claim,) = _rows(store, [record_handle(READING, "Claim", said.key, said.compartments)])
    row = beside_feeds(reviewed_row(claim, said), FeedEvents(view), joining())
    before = _settled_before(store, said.key, said.compartments)
    (mine,), moved = _together(store, [row], before)
    if moved:
        _load(store, [], moved, options)
    _load(store, [], [mine], options)


def take_back_settled(store: Store, key: str, compartments: Sequence[str], options: LoadOptions) -> None:
    """Take back what an accepted claim made: a person has rejected it since."""
    _, moved = _together(store, [], (), _settled_before(store, key, compartments))
    if moved:
        _load(store, [], moved, options)
    withdraw_records(store, reading(), [handle_of(key, compartments)], options)


def _settled_before(store: Store, key: str, compartments: Sequence[str]) -> list[Row]:
    """What stands of an earlier decision on a claim."""
    return [row for row in _rows(store, [handle_of(key, compartments)]) if is_whole(row)]
