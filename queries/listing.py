"""Ordered lists of which an answer shows one page: made whole, or fact by fact from the View."""

from __future__ import annotations

import bisect
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Generic, Protocol, TypeVar

from graph.view_types import Fact, FactPage
from queries.paging import Position

T = TypeVar("T")
L = TypeVar("L")
L_co = TypeVar("L_co", covariant=True)


@dataclass(frozen=True, slots=True)
class Taken(Generic[L_co]):
    """The lines of one page, how many there are in all, and the position of the last one where more follow."""

    lines: Sequence[L_co]
    total: int
    last: Position | None


class Listing(Protocol[L_co]):
    """A list in a stated order; lines are built for the page that is shown, and for no other."""

    def take(self, after: Position | None, limit: int) -> Taken[L_co]:
        """At most `limit` lines behind `after`."""


@dataclass(frozen=True, slots=True)
class Items(Generic[T, L]):
    """A list that is known whole: `items` ascend by `position`, `line` builds the line of one."""

    items: Sequence[T]
    position: Callable[[T], Position]
    line: Callable[[T], L]

    def take(self, after: Position | None, limit: int) -> Taken[L]:
        """At most `limit` lines behind `after`."""
        start = 0 if after is None else bisect.bisect_right(self.items, after, key=self.position)
        chosen = self.items[start : start + limit]
        last = self.position(chosen[-1]) if start + limit < len(self.items) else None
        return Taken([self.line(item) for item in chosen], len(self.items), last)


@dataclass(frozen=True, slots=True)
class Facts(Generic[L]):
    """Facts in the View's order; `page` gives some of them, so that a hub's are never all built."""

    page: Callable[[str | None, int], FactPage]
    line: Callable[[Fact], L]

    def take(self, after: Position | None, limit: int) -> Taken[L]:
        """At most `limit` lines behind `after`; the position is the View's own place in the list."""
        page = self.page(None if after is None else str(after[0]), limit)
        last = None if page.next is None else (page.next,)
        return Taken([self.line(fact) for fact in page.facts], page.total, last)
