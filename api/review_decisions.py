"""What the service does about reviews: it writes what people decide, and what follows from that."""

from __future__ import annotations

import datetime as dt
import json
from dataclasses import dataclass, replace
from typing import Any

from graph import upserts
from graph.errors import InvalidInput
from graph.ids import entity_handle, key_of, record_handle
from graph.store import Store
from graph.view import View
from graph.view_types import RecordRef
from ingest import alerts as writing
from ingest import readings
from ingest.loader import LoadOptions
from ingest.said import Correction
from ingest.written import DESK
from nlp.found import EVENT_TYPES, RELATION_TYPES
from queries.reviews import ReviewDecision, ReviewLine, decided


@dataclass(frozen=True, slots=True)
class Verdict:
    """What somebody decides: the state, why, and what is said instead; parties by id, code or name."""

    state: str
    who: str
    reason: str | None = None
    subject: str | None = None
    object: str | None = None
    type: str | None = None
    value: float | None = None
    office: str | None = None
    date: dt.date | None = None

    @property
    def changes(self) -> dict[str, Any]:
        """What is said instead, by name."""
        found = {
            name: getattr(self, name) for name in ("subject", "object", "type", "value", "office", "date")
        }
        return {name: value for name, value in found.items() if value is not None}


def decide(store: Store, view: View, found: ReviewLine, verdict: Verdict, options: LoadOptions) -> ReviewLine:
    """Write what somebody decided about a claim; returns the review as it then is.

    Args:
        store: Where it is written.
        view: What those see who are cleared for exactly the claim's compartments: parties, and what feeds list, are
            looked up there, so that what is more restricted cannot be named in it.
        found: The claim, as the one who decides sees it.
        verdict: What is decided.
        options: The day.

    Raises:
        InvalidInput: The state does not allow it, a correction says nothing, or nothing follows from it.
        NotFound, Ambiguous: Of a party that is named instead; or the claim has been taken back.
        StoreError: The store could not be written to.
    """
    following = decided(found, verdict.state)
    correction = _correction(view, found, verdict) if following == "corrected" else Correction()
    if following == "rejected":
        readings.take_back_settled(store, found.key, found.compartments, options)
    else:
        said = readings.settled(store, found.key, found.compartments, correction)
        readings.write_settled(store, said, options, view)
    return _written(store, found, replace(verdict, state=following), _said(correction), options)


def _correction(view: View, found: ReviewLine, verdict: Verdict) -> Correction:
    if not verdict.changes:
        raise InvalidInput(
            "correction", "请说明应为何 / say what it should be", hint="subject, object, type, value …"
        )
    if verdict.object is not None and found.object is None:
        raise InvalidInput("object", "这条断言没有客体 / this claim has no object")
    known = {"relation": RELATION_TYPES, "event": EVENT_TYPES}.get(found.kind, {})
    if verdict.type is not None and verdict.type not in known:
        raise InvalidInput("type", f"没有类型 {verdict.type} / no such type", hint=", ".join(known) or "none")
    return Correction(
        subject=_party(view, verdict.subject),
        object=_party(view, verdict.object),
        type=verdict.type,
        value=verdict.value,
        office=verdict.office,
        date=verdict.date,
    )


def _party(view: View, ref: str | None) -> tuple[str, str, str] | None:
    if ref is None:
        return None
    row = view.resolve(ref)
    return view.id(row), view.kind(row), view.name(row)


def _said(correction: Correction) -> str:
    said = {
        "subject": correction.subject and correction.subject[0],
        "object": correction.object and correction.object[0],
        "type": correction.type,
        "value": correction.value,
        "office": correction.office,
        "date": correction.date and correction.date.isoformat(),
    }
    stated = {name: value for name, value in said.items() if value is not None}
    return json.dumps(stated, ensure_ascii=False) if stated else ""


def _written(
    store: Store, found: ReviewLine, verdict: Verdict, correction: str, options: LoadOptions
) -> ReviewLine:
    """The review with one more decision, as a View of the next version shows it."""
    reason = (verdict.reason or "").strip()
    before = found.history[-1].id if found.history else ""
    # one key for one decision, so that one that is sent twice counts once
    parts = (found.id, before, verdict.state, reason, verdict.who, correction)
    key = key_of(*parts)
    handle = entity_handle(DESK, "Decision", key, found.compartments)
    standing = store.read(upserts.find_nodes("Decision"), ids=[handle])
    at = standing[0]["node"]["at"] if standing else dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    fields = {
        "id": key, "about": found.id, "state": verdict.state, "reason": reason, "who": verdict.who, "at": at,
        "correction": correction, "compartments": found.compartments, "valid_from": options.today.isoformat(),
    }  # fmt: skip
    if not standing:
        writing.write_decision(store, fields, options)
    line = ReviewDecision(
        id=handle,
        state=verdict.state,
        reason=reason or None,
        correction=json.loads(correction) if correction else None,
        who=verdict.who,
        at=dt.datetime.fromisoformat(at),
        records=[RecordRef(record_handle(DESK, "Decision", key, found.compartments), DESK, options.today)],
    )
    return replace(found, state=verdict.state, history=[*found.history, line])  # type: ignore[arg-type]
