"""Whose profile it is: what its sections ask of the View, each thing once."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property, partial
from typing import Any

from graph.view import View
from graph.view_types import Fact, FactPage
from graph.view_types import RecordRef as ViewRef
from queries.paging import Page, Position
from queries.statements import day_of, newest_first, of_units, who

_NO_FACTS = FactPage([], 0, None)


@dataclass
class Part:
    """A guarantee, deal, event … that the subject takes part in, and as what."""

    view: View
    row: int
    facts: list[Fact] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)

    @cached_property
    def props(self) -> Mapping[str, Any]:
        """Its properties."""
        return self.view.props(self.row)

    def is_later_than(self, as_of: dt.date) -> bool:
        """Whether it had not happened yet, whatever the file that tells of it says of its own dates."""
        day = day_of(self.props)
        return day is not None and day > as_of

    def position(self) -> Position:
        """Where it stands among those of its type: the newest first."""
        return newest_first(day_of(self.props), self.view.id(self.row))

    def records(self) -> Iterator[ViewRef]:
        """Of the part played, then of the thing itself."""
        for fact in self.facts:
            yield from fact.records
        yield from of_units(self.view, self.row)


@dataclass
class Subject:
    """Whose profile it is, and what several sections ask of the View."""

    view: View
    row: int
    page: Page
    _first: dict[tuple[str, str], FactPage] = field(default_factory=dict)

    @cached_property
    def id(self) -> str:
        """Its id."""
        return self.view.id(self.row)

    @cached_property
    def described(self) -> tuple[Mapping[str, Any], Mapping[str, Sequence[ViewRef]]]:
        """Its properties, and the records behind each."""
        return self.view.described(self.row)

    @property
    def props(self) -> Mapping[str, Any]:
        """Its properties."""
        return self.described[0]

    @cached_property
    def touching(self) -> set[tuple[str, str]]:
        """The types and directions of facts that it may have; of all others it has none."""
        return self.view.touching(self.row)

    def said_of(self, name: str) -> Sequence[ViewRef]:
        """The records behind a property."""
        return self.described[1].get(name, ())

    def first(self, edge_type: str, direction: str) -> FactPage:
        """The first of its facts of a type, as many as a section shows; asked of the View once."""
        key = (edge_type, direction)
        if key not in self.touching:
            return _NO_FACTS
        if key not in self._first:
            self._first[key] = self.view.page(self.row, edge_type, direction, None, self.page.limit)
        return self._first[key]

    def facts(self, edge_type: str, direction: str) -> Sequence[Fact]:
        """All of its facts of a type, as the View orders them."""
        first = self.first(edge_type, direction)
        return first.facts if first.next is None else self.view.facts(self.row, edge_type, direction)

    def total(self, edge_type: str, direction: str) -> int:
        """How many facts of a type it has."""
        key = (edge_type, direction)
        if key not in self.touching:
            return 0
        known = self._first.get(key)
        return self.view.degree(self.row, edge_type, direction) if known is None else known.total

    def pages(self, edge_type: str, direction: str) -> Callable[[str | None, int], FactPage]:
        """What gives pages of its facts of a type."""
        return partial(self._page, edge_type, direction)

    def _page(self, edge_type: str, direction: str, after: str | None, limit: int) -> FactPage:
        if after is None and limit == self.page.limit:
            return self.first(edge_type, direction)
        return self.view.page(self.row, edge_type, direction, after, limit)

    def who(self, fact: Fact) -> dict[str, str]:
        """The other end of a fact, as the fields of a line."""
        return who(self.view, fact.other)

    def question(self, section: str) -> tuple[str, str, str]:
        """What a cursor of one of its sections belongs to."""
        return ("profile", self.id, section)

    @cached_property
    def parts(self) -> Mapping[str, list[Part]]:
        """What it takes part in, by type, newest first."""
        found: dict[int, Part] = {}
        for fact, role in self._part_facts():
            part = found.setdefault(fact.other, Part(self.view, fact.other))
            part.facts.append(fact)
            if role and role not in part.roles:
                part.roles.append(role)
        by_kind: dict[str, list[Part]] = {}
        for part in found.values():
            if not part.is_later_than(self.view.as_of):
                by_kind.setdefault(self.view.kind(part.row), []).append(part)
        for parts in by_kind.values():
            parts.sort(key=Part.position)
        return by_kind

    def _part_facts(self) -> Iterator[tuple[Fact, str | None]]:
        for fact in self.facts("PARTY_TO", "out"):
            yield fact, fact.props.get("role")
        for fact in self.facts("ABOUT", "in"):
            yield fact, fact.props.get("role") or "about"
        for fact in self.facts("MENTIONS", "in"):
            yield fact, "mentioned"
