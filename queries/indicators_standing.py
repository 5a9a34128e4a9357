"""基本事实: name, listing, age, region, industries, and the tier last written, over all companies."""

from __future__ import annotations

import numpy as np

from graph.schema import WRITTEN_BY
from graph.view import View
from queries import stakes
from queries.indicators_ground import Columns, Ground, as_numbers, objects, texts_of
from queries.life_cycle import years_since


def columns(ground: Ground) -> Columns:
    """Who each company is."""
    view = ground.view
    listed = np.zeros(view.size, np.bool_)
    listed[stakes.listed(view)] = True
    listed_on, founded = ground.days("listed_on"), ground.days("founded")
    member = view.arrays("IN_INDUSTRY")
    industry = member.end.astype(np.int64)
    called = {row: view.name(row) for row in np.unique(industry).tolist()}
    return {
        "id": objects(view.ids(ground.rows)),
        "name": _names(ground),
        "kind": objects(["Company"] * len(ground)),
        "nature": ground.texts("nature"),
        "region": ground.texts("region"),
        "country": ground.texts("country"),
        "industries": ground.lists(
            member.start.astype(np.int64), industry, [called[row] for row in industry.tolist()]
        ),
        "listed": listed[ground.rows],
        "exchange": ground.texts("exchange"),
        "listed_on": listed_on,
        "listed_years": years_since(view, as_numbers(listed_on)),
        "founded": founded,
        "age_years": years_since(view, as_numbers(founded)),
        "capital": ground.number("capital"),
        "market_value": ground.number("market_value"),
        "tier": _tiers(view, ground),
    }


def _names(ground: Ground) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """What a person calls each, as `View.name`."""
    found = ground.texts("name")
    for place in np.flatnonzero(found == None).tolist():  # noqa: E711  # by element
        found[place] = ground.view.name(ground.rows.item(place))
    return found


def _tiers(view: View, ground: Ground) -> np.ndarray[tuple[int], np.dtype[np.object_]]:
    """The tier in force on the day as the rules of tiers wrote it; of several the one with the smallest id."""
    found = np.full(len(ground), None, np.object_)
    stated = view.property_texts("Tier", "company")
    tiers = texts_of(view, "Tier", "tier")
    company = dict(zip(stated.rows.tolist(), (stated.texts[i] for i in stated.which.tolist()), strict=True))
    places = {handle: place for place, handle in enumerate(view.ids(ground.rows))} if company else {}
    for row in sorted(company, key=view.id_key, reverse=True):
        place = places.get(company[row])
        if place is not None and all(unit.source == WRITTEN_BY["Tier"] for unit in view.units(row)):
            found[place] = tiers[row]
    return found
