"""Which of several companies of one name a text means: by industry, place, and people and companies tied to each."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Final, NamedTuple

from graph.view import View
from nlp.folded import folded_name
from nlp.linking_rules import LinkingRules
from nlp.name_index import NameIndex, Way, core_of, stated_names

LEAD: Final = 25
"""Hundredths by which the best of several must lead to be meant."""

_TIES: Final = ("HOLDS", "CONTROLS", "SUPPLIES", "LENDS_TO")
_OFFICES: Final = ("OFFICER_OF", "CONTROLS", "HOLDS")
_MOST_TIES: Final = 300
"""A hub's neighbours are not read: it is tied to everything and so tells nothing."""

_WORTH: Final[Mapping[Way, int]] = {
    Way.FULL: 60, Way.SHORT: 45, Way.ALIAS: 30, Way.STEM: 20, Way.FORMER: 20, Way.CLASSLESS: 20, Way.CORE: 10,
    Way.MARKED: 10,
}  # fmt: skip
_REASON: Final[Mapping[Way, str]] = {
    Way.FULL: "full_name", Way.SHORT: "short_name", Way.STEM: "full_name", Way.ALIAS: "alias",
    Way.FORMER: "former_name", Way.CORE: "part_of_name", Way.MARKED: "short_name",
    Way.CLASSLESS: "short_name",
}  # fmt: skip


@dataclass(frozen=True)
class Context:
    """What decides: the folded text, the companies surely in it, whether it is about markets, and its day."""

    text: str
    beside: str
    """The text without the names to be told apart: a place in a name says nothing about which of its bearers."""
    sure: frozenset[int]
    market: bool
    published: dt.date | None


class Ranked(NamedTuple):
    """A candidate, the hundredths that speak for it, and why."""

    row: int
    score: int
    reason: str


class Namesakes:
    """Weighs the companies that a name may mean. Reads nothing but the view."""

    def __init__(self, view: View, index: NameIndex, rules: LinkingRules) -> None:
        self._view = view
        self._index = index
        self._rules = rules

    def ranked(self, rows: Mapping[int, Way], context: Context) -> list[Ranked]:
        """All that existed when the text was published, best first; equal ones by id."""
        if len(rows) == 1:
            return [Ranked(row, _WORTH[way], _REASON[way]) for row, way in rows.items()]
        there = [row for row in rows if self._existed(row, context.published)]
        found = [self._weighed(row, rows[row], context) for row in there]
        return sorted(found, key=lambda r: (-r.score, self._view.id_key(r.row)))

    def _existed(self, row: int, published: dt.date | None) -> bool:
        founded = self._view.value(row, "founded")
        return not isinstance(founded, dt.date) or published is None or founded <= published

    def _weighed(self, row: int, way: Way, context: Context) -> Ranked:
        parts = {
            "tied_company": 50 * (not context.sure.isdisjoint(tied_companies(self._view, row))),
            "tied_person": 60 * any(name in context.text for name, _ in tied_people(self._view, row)),
            "industry": min(50, 25 * sum(word in context.text for word in self._trade(row))),
            "place": 30 * any(place in context.beside for place in self._places(row)),
            "listed": 30 * (context.market and self._index.listed.item(row)),
            "already_named": 60 * (row in context.sure),
            _REASON[way]: _WORTH[way],
        }
        reason = ",".join(sorted(name for name, worth in parts.items() if worth))
        return Ranked(row, sum(parts.values()), reason)

    def _trade(self, row: int) -> tuple[str, ...]:
        """The words of its industries and concepts; those that stand in its own names say nothing new."""
        return self._view.kept(("words of trade", row), lambda: self._read_trade(row))

    def _read_trade(self, row: int) -> tuple[str, ...]:
        view = self._view
        own = "".join(self._own_names(row))
        found = (
            folded_name(view.name(other))
            for kind in ("IN_INDUSTRY", "HAS_CONCEPT")
            for other in _others(view, row, kind, "out")
        )
        return tuple(dict.fromkeys(word for word in found if len(word) > 1 and word not in own))

    def _places(self, row: int) -> tuple[str, ...]:
        return self._view.kept(("places of a company", row), lambda: self._read_places(row))

    def _read_places(self, row: int) -> tuple[str, ...]:
        """Provinces and cities of its address, region and registered name, but not those of its short names."""
        stated = [
            *(self._view.value(row, f) or "" for f in ("region", "address")),
            *stated_names(self._view, row, "name"),
        ]
        text = folded_name(" ".join(map(str, stated)))
        short = "".join(map(folded_name, stated_names(self._view, row, "short_name")))
        return tuple(sorted(place for place in self._rules.places if place in text and place not in short))

    def _own_names(self, row: int) -> Iterable[str]:
        for field in ("name", "short_name"):
            yield from map(folded_name, stated_names(self._view, row, field))


def _others(view: View, row: int, kind: str, direction: str) -> list[int]:
    """The entities at the other end of a list of facts that is not a hub's."""
    run = view.run(row, kind, direction)
    return [] if run is None or len(run) > _MOST_TIES else run.other.tolist()


def tied_companies(view: View, row: int) -> frozenset[int]:
    """The companies that a company holds, controls, supplies or lends to, or that do so to it."""

    def read() -> frozenset[int]:
        ways = ((kind, direction) for kind in _TIES for direction in ("out", "in"))
        return frozenset(other for kind, direction in ways for other in _others(view, row, kind, direction))

    return view.kept(("companies tied to", row), read)


def tied_people(view: View, row: int) -> tuple[tuple[str, int], ...]:
    """The officers, holders and controllers of a company who are persons, by folded name; by name, then id."""

    def read() -> tuple[tuple[str, int], ...]:
        rows = {
            other
            for kind in _OFFICES
            for other in _others(view, row, kind, "in")
            if view.kind(other) == "Person"
        }
        named = [(folded_name(view.name(person)), person) for person in rows]
        return tuple(
            sorted(((n, p) for n, p in named if len(n) > 1), key=lambda n: (n[0], view.id_key(n[1])))
        )

    return view.kept(("people tied to", row), read)


def names_of(view: View, row: int, places: frozenset[str]) -> tuple[str, ...]:
    """The names of a company in normal form that an abbreviation may begin, with and without their place."""

    def read() -> tuple[str, ...]:
        stated = [folded_name(n) for field in ("name", "short_name") for n in stated_names(view, row, field)]
        return tuple(dict.fromkeys([*stated, *(core_of(name, places) for name in stated)]))

    return view.kept(("names that begin", row), read)


def tied_companies_of_person(view: View, person: int) -> tuple[int, ...]:
    """The companies of which a person is an officer, a holder or the controller, in order of id."""
    found = {other for kind in _OFFICES for other in _others(view, person, kind, "out")}
    return tuple(sorted(found, key=view.id_key))
