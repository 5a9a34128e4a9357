"""事件与交易计数: how many events and deals of each kind, within windows of days, over all companies."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.columns import day_number
from graph.view import View
from queries.exposure import parts
from queries.indicators_ground import Columns, Ground, as_days, days_of, picked, texts_of
from queries.indicators_stages import years_since
from queries.stakes import Floats

Rows = NDArray[np.int64]

BEHIND: Final = {"events_30": 30, "events_90": 90, "events_365": 365}
AHEAD: Final = {"events_ahead_90": 90}
YEAR: Final = 365


def columns(ground: Ground, kinds: Sequence[str]) -> Columns:
    """Counts by kind, and the newest financing round."""
    return {**_events(ground, kinds), **_deals(ground)}


def event_parties(view: View) -> tuple[Rows, Rows]:
    """Pairs of a party and an event that happened to it, each once."""
    party, event = parts(view, "Event", "subjects")
    about = view.arrays("ABOUT")
    of_event = np.flatnonzero(view.of_kind(about.start, "Event"))
    party = np.concatenate([party, about.end[of_event].astype(np.int64)])
    event = np.concatenate([event, about.start[of_event].astype(np.int64)])
    pairs = np.unique(party * view.size + event)
    return pairs // max(view.size, 1), pairs % max(view.size, 1)


def _events(ground: Ground, kinds: Sequence[str]) -> Columns:
    view = ground.view
    party, event = event_parties(view)
    inside = ground.inside(party)
    place, event = ground.place[party[inside]], event[inside]
    ago = day_number(view.as_of) - days_of(view, "Event", "date")[event]
    numbers = {kind: number for number, kind in enumerate(kinds)}
    kind = np.array(
        [numbers.get(text, len(kinds)) for text in texts_of(view, "Event", "kind")[event].tolist()], np.int64
    )
    found: dict[str, NDArray[Any]] = {}
    for name, days in BEHIND.items():
        found.update(_counted(ground, name, (place, kind), (ago >= 0) & (ago < days), kinds))
    for name, days in AHEAD.items():
        found.update(_counted(ground, name, (place, kind), (ago < 0) & (ago >= -days), kinds))
    return found


def _counted(
    ground: Ground, name: str, at: tuple[Rows, Rows], chosen: NDArray[np.bool_], kinds: Sequence[str]
) -> Columns:
    """Counts by kind of the chosen events, at each company."""
    width = len(kinds) + 1
    key = at[0][chosen] * width + at[1][chosen]
    table = np.bincount(key, minlength=len(ground) * width).reshape(len(ground), width).astype(np.int32)
    by_kind = {f"{name}.{kind}": table[:, number] for number, kind in enumerate((*kinds, "other"))}
    return {f"{name}.total": table.sum(axis=1), **by_kind}


def _deals(ground: Ground) -> Columns:
    view = ground.view
    target, deal = parts(view, "Deal", "target")
    day, kind = days_of(view, "Deal", "date"), texts_of(view, "Deal", "kind")
    today = day_number(view.as_of)

    def lately(deals: Rows) -> NDArray[np.bool_]:
        ago: Floats = today - day[deals]
        return (ago >= 0) & (ago < YEAR)

    counts = {
        f"deals_365.{name}": ground.count(target[lately(deal) & (kind[deal] == name)])
        for name in ("financing", "acquisition", "offering")
    }
    investor, bought = parts(view, "Deal", "investors")
    rounds = np.flatnonzero((kind[deal] == "financing") & (day[deal] <= today))
    company, deals = target[rounds], deal[rounds]
    newest = ground.best(company, (-day[deals], view.id_keys()[deals]))
    financed = picked(day[deals], newest, np.nan)
    return {
        **counts,
        "deals_365.invested": ground.count(investor[lately(bought)]),
        "financing_round": picked(texts_of(view, "Deal", "stage")[deals], newest, None),
        "financed_on": as_days(financed),
        "financed_years": years_since(view, financed),
    }
