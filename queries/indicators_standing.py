"""基本事实: name, listing, age, region, industries, and the tier last written, over all companies."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Mapping
from typing import Final

import numpy as np

from graph.errors import NotFound
from graph.schema import WRITTEN_BY
from graph.view import View
from queries import stakes
from queries.indicators_ground import Columns, Ground, as_numbers, objects
from queries.indicators_stages import years_since
from queries.statements import number_of

NO_TIER: Final = "none"
"""What is written where a company has no tier any more."""


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
    """The tier that each moved to last, as it was written from what everybody sees."""
    found = np.full(len(ground), None, np.object_)
    for company, moves in written(view, "Tier").items():
        public = [row for row in moves if not any(unit.compartments for unit in view.units(row))]
        tier = view.value(public[0], "tier") if public else None
        found[ground.place[company]] = None if tier == NO_TIER else tier
    return found


def written(view: View, kind: str) -> Mapping[int, list[int]]:
    """What rules wrote of a type (Tag, Tier) by company, begun on the day or before, the newest first, then by id."""
    stated = view.property_texts(kind, "company")
    companies = [_resolved(view, handle) for handle in stated.texts]
    found: dict[int, list[tuple[int, str, int]]] = defaultdict(list)
    for row, which in zip(stated.rows.tolist(), stated.which.tolist(), strict=True):
        company, since = companies[which], view.value(row, "since")
        if company is None or since is None or since > view.as_of:
            continue
        if all(unit.source == WRITTEN_BY[kind] for unit in view.units(row)):
            found[company].append((-number_of(since), view.id(row), row))
    return {company: [row for *_, row in sorted(some)] for company, some in found.items()}


def _resolved(view: View, handle: str) -> int | None:
    try:
        row = view.resolve(handle)
    except NotFound:
        return None
    return row if view.kind(row) == "Company" else None
