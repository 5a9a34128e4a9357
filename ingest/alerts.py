"""预警与决定: alerts, and what people decide, written by the loader as records of sources of their own.

A screening is a record that says of an event that its alerts have been written; what a run did not get to has none,
so that the next run goes on there.
"""

from __future__ import annotations

import datetime as dt
import json
import tempfile
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any, Final

from graph.store import Store
from ingest.loader import LoadOptions, load
from ingest.written import RISK_ALERTS, SCREENING, Written, desk, risk_alerts

_SINCE: Final = "since "

Fields = Mapping[str, Any]


# --- what has been done ---


@dataclass(frozen=True, slots=True)
class Done:
    """What earlier runs did: keys of alerts, keys of events screened, and from which day on events are screened."""

    alerts: frozenset[str]
    screened: frozenset[str]
    since: dt.date | None


def done(store: Store) -> Done:
    """What earlier runs did and nobody has withdrawn."""
    screenings = _keys(store, SCREENING)
    starts = [key.removeprefix(_SINCE) for key in screenings if key.startswith(_SINCE)]
    since = min(map(dt.date.fromisoformat, starts), default=None)
    return Done(frozenset(_keys(store, "Alert")), frozenset(screenings), since)


def _keys(store: Store, role: str) -> list[str]:
    rows = store.stream(store.query("open_records"), scope=f"{RISK_ALERTS}/{role}")
    return [key for _, key, _ in rows]


# --- writing ---


def write_since(store: Store, day: dt.date, options: LoadOptions) -> None:
    """Write down from which day on events are screened."""
    write_rows(store, risk_alerts(), SCREENING, [{"key": f"{_SINCE}{day.isoformat()}"}], options)


def write_alerts(store: Store, rows: Sequence[Fields], options: LoadOptions) -> int:
    """Write alerts, each with `id`, fields of the type, `compartments`; returns how many are new."""
    return write_rows(store, risk_alerts(), "Alert", rows, options)


def write_screened(store: Store, events: Iterable[tuple[str, Sequence[str]]], options: LoadOptions) -> None:
    """Write down that all alerts of some events, by handle with compartments, have been written."""
    rows = [{"key": event, "compartments": list(compartments)} for event, compartments in events]
    write_rows(store, risk_alerts(), SCREENING, rows, options)


def write_decision(store: Store, row: Fields, options: LoadOptions) -> None:
    """Write one decision, with the fields of the type and `compartments`."""
    write_rows(store, desk(), "Decision", [row], options)


def write_rows(store: Store, source: Written, role: str, rows: Sequence[Fields], options: LoadOptions) -> int:
    """Write rows of one type, as records of a source that the system itself writes; returns how many changed."""
    if not rows:
        return 0
    with tempfile.TemporaryDirectory(prefix="guanxi-") as folder:
        path = Path(folder) / f"{role}.jsonl"
        lines = (json.dumps({**row, "source": source.name}, ensure_ascii=False) for row in rows)
        path.write_text("\n".join(lines) + "\n", encoding="utf-8")
        return load(store, source, [path], replace(options, stated=options.today)).total("written")
