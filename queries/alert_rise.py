"""事件预警: which events wait to be screened, and which clients an event hits hard enough for an alert."""

from __future__ import annotations

import datetime as dt
import math
from collections.abc import Collection, Mapping
from typing import Any, Final, NamedTuple

import numpy as np

from graph.algorithms.diffusion import Shock
from graph.schema import PARTIES
from graph.view import View
from queries.alert_rules import EventShock, EventShocks
from queries.alerts import Trace
from queries.exposure import exposures
from queries.exposure_equity import equity_of
from queries.risk_channels import Channels
from queries.risk_explain import Explanation, explanations
from queries.risk_models import Sampling, run
from queries.risk_outcome import Outcome
from queries.risk_positions import net_by_row
from queries.risk_text import sentences
from queries.stakes import Floats

_SAMPLING: Final = Sampling()


class Due(NamedTuple):
    """An event as one compartment set states it: the handle that it has there."""

    compartments: tuple[str, ...]
    date: dt.date
    handle: str


class Raised(NamedTuple):
    """An alert to be written: its key, and its fields."""

    key: str
    fields: Mapping[str, Any]


def due(view: View, rules: EventShocks, since: dt.date, screened: Collection[str]) -> list[Due]:
    """Events of kinds that shock, told since a day, dated on the View's day or before, and not screened yet.

    By compartment set, so that what a View needs is worked out once, then by date and handle. `view` is the operator's.
    """
    kinds = view.property_texts("Event", "kind")
    wanted = np.array([text in rules.kinds for text in kinds.texts], np.bool_)
    rows = kinds.rows[wanted[kinds.which]] if len(kinds.texts) else kinds.rows
    rows = rows[view.told_since(rows, since)]
    found = (
        Due(unit.compartments, date, unit.id)
        for row in rows.tolist()
        if (date := view.value(row, "date") or since) <= view.as_of
        for unit in view.units(row)
        if unit.id not in screened
    )
    return sorted(found)


def raised(view: View, event: str, rules: EventShocks, parameters: Channels) -> list[Raised] | None:
    """The alerts of one event on the View of its compartment set, by client; None where nobody is known to be hit.

    The central distress decides. Its range is that of the low shock with the channels' low parameters to the high
    shock with their high ones.

    Args:
        view: What somebody sees who is cleared for exactly the set, on the day of the run.
        event: A handle of the event.
        rules: Shocks and the threshold.
        parameters: The channels.
    """
    row = view.resolve(event)
    rule = rules.kinds.get(str(view.value(row, "kind")))
    subjects = _subjects(view, row)
    if rule is None or not subjects:
        return None
    low, central, high = (_shock(view, row, rule, subjects, at) for at in range(3))
    if not central.size.any():
        return []
    network = exposures(view, parameters)
    outcome = run(network, central, rules.model, _SAMPLING)
    hit = _clients(view, outcome, rules.threshold)
    if not hit:
        return []
    least = _by_row(view, run(network, low, rules.model, _SAMPLING), "low")
    most = _by_row(view, run(network, high, rules.model, _SAMPLING), "high")
    why = explanations(view, outcome, [outcome.row.item(at) for at in hit])
    said = _event_fields(view, row, rules) | {"event": event, "shock": float(central.size.max())}
    return [
        _raised(view, outcome, at, one, said | _range(outcome, at, least, most))
        for at, one in zip(hit, why, strict=True)
    ]


def _subjects(view: View, event: int) -> list[int]:
    """The parties that it happened to, in order of id."""
    found = {
        fact.other
        for fact in view.facts(event, "PARTY_TO", "in")
        if fact.props.get("role") == "subjects" and view.kind(fact.other) in PARTIES
    }
    return sorted(found, key=view.id_key)


def _shock(view: View, event: int, rule: EventShock, subjects: list[int], at: int) -> Shock:
    """Low, central or high shock of each subject."""
    amount = view.value(event, "amount")
    equity = equity_of(view).value
    sizes = [rule.sizes(amount, _known(equity.item(row)))[at] for row in subjects]
    return Shock(np.array(subjects, np.int32), np.array(sizes, np.float64))


def _known(value: float) -> float | None:
    return None if math.isnan(value) else value


def _clients(view: View, outcome: Outcome, threshold: float) -> list[int]:
    """Places of the firm's clients whose distress reaches the threshold, in order of id."""
    places = np.flatnonzero(outcome.distress >= threshold).tolist()
    found = [at for at in places if view.value(outcome.row.item(at), "client") is True]
    return sorted(found, key=lambda at: view.id_key(outcome.row.item(at)))


def _by_row(view: View, outcome: Outcome, which: str) -> Floats:
    values = np.zeros(view.size)
    values[outcome.row] = getattr(outcome, which)
    return values


def _range(outcome: Outcome, at: int, least: Floats, most: Floats) -> dict[str, float]:
    row, distress = outcome.row.item(at), outcome.distress.item(at)
    return {
        "distress": distress,
        "distress_low": min(distress, least.item(row)),
        "distress_high": max(distress, most.item(row)),
    }


def _event_fields(view: View, event: int, rules: EventShocks) -> dict[str, Any]:
    date = view.value(event, "date")
    return {
        "kind": view.value(event, "kind"),
        "date": date.isoformat() if date else None,
        "raised": view.as_of.isoformat(),
        "valid_from": view.as_of.isoformat(),
        "rule": rules.label,
    }


def _raised(view: View, outcome: Outcome, at: int, why: Explanation, said: Mapping[str, Any]) -> Raised:
    row = outcome.row.item(at)
    client = view.id(row)
    text, text_en = sentences(view, outcome, at, why)
    trace = Trace(own_shock=why.own, channels=why.channels, paths=why.paths)
    fields = {
        **said,
        "client": client,
        "net": net_by_row(view).item(row),
        "trace": trace.model_dump_json(),
        "text": text,
        "text_en": text_en,
    }
    return Raised(f"{said['event']}|{client}", fields)
