"""已列事件: the events and deals that feeds list, found for what is read, so that it is told of them and not again.

Only what the View sees is looked at, and of that only what others than readings state: the choice is the same in a
graph without what is hidden, and whatever else was read before.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Final

from graph.errors import NotFound
from graph.view import Fact, View
from ingest.joining import Listed, joining
from ingest.said import Said
from ingest.written import READING
from nlp.polarity import is_polarity

_SUBJECTS: Final = "subjects"
_PLANNED: Final = "planned"


@dataclass(frozen=True, slots=True)
class Feed:
    """A thing that a feed lists: its type and the id of its statement there."""

    label: str
    id: str


@dataclass(frozen=True, slots=True)
class _Listed:
    """An event or deal as feeds state it; the parties are rows of the View, with their roles."""

    feed: Feed
    kind: str
    detail: str | None
    day: dt.date
    amount: float | None
    parties: frozenset[tuple[str, int]]
    completed: bool
    """Whether feeds call it so."""

    def others(self, subject: int) -> frozenset[int]:
        """The parties beside one."""
        return frozenset(row for _, row in self.parties) - {subject}


@dataclass(frozen=True, order=True)
class _Fit:
    """How well a listed thing fits, the best the smallest."""

    as_deal: bool
    strength: int
    apart: int
    difference: float


class FeedEvents:
    """What feeds list, on one View."""

    def __init__(self, view: View, rules: Listed | None = None) -> None:
        self._view = view
        self._rules = rules or joining().listed
        self._of: dict[int, list[_Listed]] = {}
        self._days: dict[dt.date, View] = {}

    def sees(self, compartments: Sequence[str]) -> bool:
        """Whether the View is that of those who may see exactly what has these compartments."""
        return self._view.viewpoint.clearance == frozenset(compartments)

    def told_by(self, said: Said) -> Feed | None:
        """The listed event or deal that a claim tells, or None where there is none, or several fit as well."""
        if said.kind != "event" or said.detail in self._rules.never:
            return None
        subject = self._row(said.subject.id)
        if subject is None:
            return None
        found = [(fit, one.feed) for one in self._listed(subject) if (fit := self._fit(said, subject, one))]
        best = sorted(found, key=lambda pair: pair[0])[:2]
        if not best or (len(best) > 1 and best[0][0] == best[1][0]):
            return None
        return best[0][1]

    def pledged(self, parties: tuple[str, str], day: dt.date, figures: Mapping[str, float]) -> Feed | None:
        """The listed pledge of a pledgor's shares in a company that began near a day with these figures, if one."""
        pledgor, company = map(self._row, parties)
        if pledgor is None or company is None:
            return None
        # it may have ended since, and counts no longer on the day of this View
        then = self._on(day + dt.timedelta(self._rules.days))
        facts = then.facts(pledgor, "PARTY_TO", "out")
        begun = {
            f.other: None if f.start_unknown else f.valid_from for f in facts if _pledges(then, f, company)
        }
        near = [row for row, start in begun.items() if start is None or self._near(start, day)]
        fitting = [row for row in near if self._alike(then, row, figures, otherwise=begun[row] is not None)]
        return _feed(then, fitting[0]) if len(fitting) == 1 else None

    def _on(self, day: dt.date) -> View:
        """What the same see on another day; the rows are the same."""
        if day not in self._days:
            self._days[day] = View(self._view.snapshot, replace(self._view.viewpoint, as_of=day))
        return self._days[day]

    def _near(self, one: dt.date, other: dt.date) -> bool:
        return abs((one - other).days) <= self._rules.days

    def _alike(self, view: View, row: int, told: Mapping[str, float], *, otherwise: bool) -> bool:
        """Whether a pledge has the figures told; where none is told of both, as `otherwise` says."""
        common = [(told[unit], value) for unit in told if (value := _own(view, row, unit))]
        if any(abs(one - other) > self._rules.tolerance * max(one, other) for one, other in common):
            return False
        return bool(common) or otherwise

    # --- what is listed ---

    def _row(self, id_: str | None) -> int | None:
        try:
            return None if id_ is None else self._view.resolve(id_)
        except NotFound:
            return None

    def _listed(self, subject: int) -> list[_Listed]:
        """What feeds list of a party."""
        if subject not in self._of:
            facts = self._view.facts(subject, "PARTY_TO", "out")
            rows = {fact.other for fact in facts if _stated(fact) and self._view.kind(fact.other) in _LABELS}
            self._of[subject] = [one for row in sorted(rows) if (one := self._one(row)) is not None]
        return self._of[subject]

    def _one(self, row: int) -> _Listed | None:
        feed, day = _feed(self._view, row), _own(self._view, row, "date")
        if feed is None or day is None:
            return None
        return _Listed(
            feed=feed,
            kind=str(_own(self._view, row, "kind") or ""),
            detail=_own(self._view, row, "detail") if feed.label == "Event" else None,
            day=day,
            amount=_own(self._view, row, "amount"),
            parties=frozenset(self._parties(row)),
            completed=any(self._completes(row, name) for name in _TELLING[feed.label]),
        )

    def _completes(self, row: int, name: str) -> bool:
        """Whether a property says that a deal or event is carried out."""
        return self._rules.completed.search(str(_own(self._view, row, name) or "").casefold()) is not None

    def _parties(self, row: int) -> Iterator[tuple[str, int]]:
        for edge_type, direction in (("PARTY_TO", "in"), ("ABOUT", "out")):
            for fact in self._view.facts(row, edge_type, direction):
                if _stated(fact):
                    yield str(fact.props.get("role") or ""), fact.other

    # --- how it fits ---

    def _fit(self, said: Said, subject: int, one: _Listed) -> _Fit | None:
        """How a listed thing fits what is said of a party; None where it does not."""
        apart = min((abs((one.day - day).days) for day in (said.date, said.published) if day), default=None)
        if apart is None or apart > self._rules.days or not self._same_kind(said, subject, one):
            return None
        if said.detail == _PLANNED and not self._may_be_planned(said, one):
            return None
        difference = self._difference(said, one)
        strength = self._strength(said, subject, one, difference)
        if strength is None or (strength == _BARE and apart > self._rules.days_bare):
            return None
        return _Fit(one.feed.label == "Deal", strength, apart, difference or 0.0)

    def _same_kind(self, said: Said, subject: int, one: _Listed) -> bool:
        if one.feed.label == "Deal":
            deal = self._rules.deals.get(said.type)
            return deal is not None and one.kind == deal.kind and (deal.subject, subject) in one.parties
        if one.kind != said.type or (_SUBJECTS, subject) not in one.parties:
            return False
        if said.type == "negative":
            return said.detail == one.detail
        if not one.detail or one.detail == said.detail:
            return True
        return is_polarity(said.detail) and not is_polarity(one.detail)

    @staticmethod
    def _may_be_planned(said: Said, one: _Listed) -> bool:
        """Whether what is told as a plan is what feeds list: an announced deal, or the announcement of a plan."""
        if one.completed:
            return False
        if one.feed.label == "Deal" or one.detail == _PLANNED:
            return True
        return said.published is None or said.published >= one.day

    @staticmethod
    def _difference(said: Said, one: _Listed) -> float | None:
        """How far two amounts are apart, as a share of the larger; None where one of them is not told in yuan."""
        told = said.quantity
        if told is None or told.unit != "CNY" or one.amount is None:
            return None
        return abs(told.value - one.amount) / max(abs(told.value), abs(one.amount), 1.0)

    def _strength(self, said: Said, subject: int, one: _Listed, difference: float | None) -> int | None:
        """By what they are the same: amount, another party, or nothing but type and subject; None: they are not."""
        if difference is not None:
            return _AMOUNT if difference <= self._rules.tolerance else None
        rows = {row for part in said.parts if (row := self._row(part.id)) is not None} - {subject}
        listed = one.others(subject)
        if rows & listed:
            return _PARTY
        kinds = ({self._view.kind(row) for row in some} for some in (rows, listed))
        return _BARE if said.story.among == 1 and not set.intersection(*kinds) else None


_TELLING: Final = {"Event": ("name", "detail"), "Deal": ("name", "stage")}
"""What is looked up, and the properties that say how far it has come."""
_LABELS: Final = tuple(_TELLING)
_AMOUNT, _PARTY, _BARE = range(3)


def _stated(fact: Fact) -> bool:
    """Whether others than readings state it."""
    return any(ref.source != READING for ref in fact.records)


def _feed(view: View, row: int) -> Feed | None:
    """A thing by its least restricted statement by others than readings."""
    units = [unit for unit in view.units(row) if unit.source != READING]
    best = min(units, key=lambda unit: (len(unit.compartments), unit.compartments, unit.id), default=None)
    return None if best is None else Feed(view.kind(row), best.id)


def _own(view: View, row: int, name: str) -> Any:
    """The best value of a property that others than readings state."""
    stated = view.stated(row, name)
    return next((value for value, ref in stated if ref is not None and ref.source != READING), None)


def _pledges(view: View, fact: Fact, company: int) -> bool:
    """Whether a feed states that a party pledges shares in a company."""
    if not _stated(fact) or fact.props.get("role") != "pledgor" or view.kind(fact.other) != "Pledge":
        return False
    parts = view.facts(fact.other, "PARTY_TO", "in")
    things = {f.other for f in parts if f.props.get("role") == "security" and _stated(f)}
    issuers = {f.other for thing in things for f in view.facts(thing, "ISSUED", "in")}
    return company in things | issuers
