"""What people accept or correct, as the row of a claim that is believed: so it goes the way of one that is sure.

The row stands under the claim's key as a record of its own, which goes with the decision. It says everything that the
claim says as a person has it, and states what follows.
"""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import asdict, replace
from typing import Final

from graph import upserts
from graph.ids import record_handle
from graph.store import Store
from ingest.event_rows import decided_row
from ingest.joining import Joining
from ingest.read_figures import figures_of
from ingest.read_roles import DECIDED, FIGURES
from ingest.said import Row, Said, claim_row
from ingest.told_together import is_together, types_together
from ingest.write import chunks
from ingest.written import READING

REVIEWED: Final = "Reviewed"
_RATIO, _SHARES = "ratio", "shares"


def reviewed_row(claim: Row, said: Said) -> Row:
    """The row of a claim, as read, that a person has as `said`."""
    row = claim_row(said, waits=False) | {DECIDED: "true"}
    figures = _figures(claim, said)
    return decided_row(row | ({FIGURES: figures} if figures else {}))


def _figures(claim: Row, said: Said) -> str:
    """The figures of a claim, with the number that a person has corrected."""
    found, quantity = figures_of(claim), said.quantity
    read = claim.get("value")
    if quantity is not None and read is not None and float(read) != quantity.value:
        if quantity.unit == _SHARES and found.shares == float(read):
            found = replace(found, shares=quantity.value)
        if quantity.unit == _RATIO and found.ratio == float(read):
            found = replace(found, ratio=quantity.value)
    stated = {name: value for name, value in asdict(found).items() if value}
    return json.dumps(stated) if stated else ""


def handle_of(key: str, compartments: Iterable[str]) -> str:
    """Of the record of what follows from a decision on a claim."""
    return record_handle(READING, REVIEWED, key, tuple(compartments))


def is_whole(row: Row) -> bool:
    """Whether a row says what was decided; earlier versions wrote no more than what followed."""
    return DECIDED in row


def elsewhere(store: Store, subjects: set[str], rules: Joining) -> Iterator[str]:
    """Handles of what follows from decisions that may have made events of these subjects of claims that name others.

    A claim whose subject was open has none of its own; another may have been corrected to a subject or type.
    """
    types = types_together(rules)
    corrections: dict[str, list[dict[str, str]]] = defaultdict(list)
    for row in store.read(store.query("accepted")):
        corrections[row["about"]].append(json.loads(row["correction"] or "{}"))
    for chunk in chunks(sorted(corrections)):
        for found in store.read(upserts.find_nodes("Claim"), ids=chunk):
            claim, said = found["node"], corrections[found["node"]["id"]]
            changed = any(one.get("subject") in subjects or one.get("type") in types for one in said)
            if claim["kind"] == "event" and (changed or not claim.get("subject")):
                yield handle_of(claim["key"], claim.get("compartments") or ())


def concerned(rows: Iterable[Row], subjects: set[str], rules: Joining) -> Iterator[Row]:
    """Those of the rows that are looked at together with events of these subjects."""
    return (row for row in rows if is_whole(row) and is_together(row, rules) and row["subject"] in subjects)
