"""What the service does about alerts: it screens new events, and writes what people decide."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Final

from pydantic import BaseModel

from graph.ids import entity_handle, key_of, record_handle
from graph.projection import Projection
from graph.store import Store
from graph.view_types import RecordRef
from ingest import alerts as writing
from ingest.loader import LoadOptions
from ingest.written import DESK
from queries.alert_rise import Due, due, raised
from queries.alert_rules import EventShocks
from queries.alerts import AlertLine, DecisionLine, decided, state_named
from queries.risk_channels import Channels

BATCH: Final = 100
"""Events whose alerts are written together: a run that is stopped does at most so many again."""


class RunReport(BaseModel):
    """What a run did."""

    since: dt.date
    events: int
    alerts: int
    waiting: int


@dataclass(frozen=True, slots=True)
class Screening:
    """What a run screens, by which rules, and where it writes."""

    store: Store
    projection: Projection
    rules: EventShocks
    channels: Channels
    options: LoadOptions


def screen(by: Screening, progress: Callable[[str, int], None], since: dt.date | None = None) -> RunReport:
    """Raise the alerts of every event told since the last run; safe to stop at any moment and to run again.

    Events that were known `lookback_days` before the first run are history. An event whose parties are not known yet
    waits for them.

    Args:
        by: What is screened, and by which rules.
        progress: Called with how many events have been screened.
        since: Take events told from this day on for new too, in this run and all later ones.

    Raises:
        StoreError: The store could not be written to; running again goes on where it stopped.
    """
    day = by.options.today
    by.projection.refresh()
    done = writing.done(by.store)
    first = min(filter(None, (done.since, since)), default=day - dt.timedelta(days=by.rules.lookback_days))
    if first != done.since:
        writing.write_since(by.store, first, by.options)
    events = due(by.projection.view(None, day), by.rules, first, done.screened)
    report = RunReport(since=first, events=0, alerts=0, waiting=0)
    for start in range(0, len(events), BATCH):
        _screen(by, events[start : start + BATCH], done, report)
        progress("事件 events", min(start + BATCH, len(events)))
    return report


def _screen(by: Screening, events: Sequence[Due], done: writing.Done, report: RunReport) -> None:
    """One batch: its alerts first, and then that they have been written."""
    rows, screened = [], []
    for event in events:
        view = by.projection.view(frozenset(event.compartments), by.options.today)
        found = raised(view, event.handle, by.rules, by.channels)
        if found is None:
            report.waiting += 1
            continue
        screened.append((event.handle, event.compartments))
        rows += [
            {**one.fields, "id": one.key, "compartments": list(event.compartments)}
            for one in found
            if one.key not in done.alerts
        ]
    report.alerts += writing.write_alerts(by.store, rows, by.options)
    writing.write_screened(by.store, screened, by.options)
    report.events += len(screened)


def decide(
    store: Store, found: AlertLine, decision: tuple[str, str | None, str], options: LoadOptions
) -> AlertLine:
    """Write what somebody decided about an alert; returns the alert as it then is.

    Args:
        store: Where it is written.
        found: The alert, as the one who decides sees it.
        decision: State, reason, and who decides.
        options: The day.

    Raises:
        InvalidInput: The alert's state does not allow it, or a reason is missing.
        StoreError: The store could not be written to.
    """
    state, reason, who = decision
    following = decided(found, state, reason)
    said = (reason or "").strip()
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    before = found.history[-1].id if found.history else ""
    # one key for one decision, so that one that is sent twice counts once
    key = key_of(found.id, before, following, said, who)
    fields = {"about": found.id, "state": following, "reason": said, "who": who, "at": at}
    writing.write_decision(
        store, {**fields, "id": key, "compartments": found.compartments, "valid_from": _day(options)}, options
    )
    return _followed(found, key, fields, options)


def _day(options: LoadOptions) -> str:
    return options.today.isoformat()


def _followed(found: AlertLine, key: str, fields: Mapping[str, str], options: LoadOptions) -> AlertLine:
    """The alert with one more decision, as a View of the next version shows it."""
    handle = entity_handle(DESK, "Decision", key, found.compartments)
    record = record_handle(DESK, "Decision", key, found.compartments)
    line = DecisionLine(
        id=handle,
        state=fields["state"],
        reason=fields["reason"] or None,
        who=fields["who"],
        at=dt.datetime.fromisoformat(fields["at"]),
        records=[RecordRef(record, DESK, options.today)],
    )
    return replace(found, state=state_named(fields["state"]), history=[*found.history, line])
