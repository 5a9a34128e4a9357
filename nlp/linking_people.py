"""Persons in a text as persons of the graph: by name and by a tie to a company that is in the text too."""

from __future__ import annotations

from bisect import bisect_left
from collections.abc import Iterator, Sequence
from operator import add
from typing import Final

from graph.claims import Claim, claim_hash
from graph.names import short_key
from graph.view import View
from nlp.folded import Folded
from nlp.found import Mention
from nlp.linking_rules import LinkingRules
from nlp.namesakes import tied_companies_of_person, tied_people
from nlp.placed import Placed

_REACH: Final = 8
"""Characters on each side of a name in which an office or 先生 makes it a person's."""


class People:
    """Links the persons of one text."""

    def __init__(self, view: View, rules: LinkingRules, folded: Folded, companies: Sequence[Placed]) -> None:
        self._view = view
        self._rules = rules
        self._folded = folded
        self._companies = companies
        self._tied = self._of_companies()

    def _of_companies(self) -> dict[str, list[int]]:
        """By name the persons tied to a linked company, by id."""
        found: dict[str, set[int]] = {}
        for row in dict.fromkeys(c.row for c in self._companies if c.row is not None):
            for name, person in tied_people(self._view, row):
                found.setdefault(name, set()).add(person)
        return {name: sorted(rows, key=self._view.id_key) for name, rows in found.items()}

    def given(self, mention: Mention) -> Placed:
        """A given person with its entity, or with those that it may be."""
        first, last = self._folded.place(mention.start, mention.end)
        tied = self._tied.get(self._folded.text[first:last], [])
        if tied:
            return Placed.decided(self._view, mention, tied, "tied_company", 0.95)
        named = sorted(
            (r for r in self._named(mention.text) if self._view.kind(r) == "Person"), key=self._view.id_key
        )
        if len(named) == 1 and self._role_beside(first, last) and self._agrees(named[0]):
            return Placed.decided(self._view, mention, named, "only_one_of_the_name", 0.7)
        return Placed.undecided(self._view, mention, named, "same_name")

    def _named(self, name: str) -> set[int]:
        return self._view.claimants(Claim.ANSWERS, claim_hash(Claim.ANSWERS, short_key(name)))

    def _agrees(self, person: int) -> bool:
        """Whether a company that is mentioned, but not linked, has the name of one that the person is tied to."""
        names = [self._view.name(row) for row in tied_companies_of_person(self._view, person)]
        loose = [c.mention.text for c in self._companies if c.row is None]
        return any(text[:2] in name or text[-2:] in name for text in loose for name in names if len(text) > 1)

    def _role_beside(self, start: int, end: int) -> bool:
        text = self._folded.text
        return bool(
            self._rules.roles.search(text[max(0, start - _REACH) : start] + "|" + text[end : end + _REACH])
        )

    def found(self, taken: Sequence[tuple[int, int]]) -> Iterator[Placed]:
        """Persons tied to a linked company named in the text outside what is taken (characters of the original)."""
        ends = sorted(taken)
        for start, name in self._named_places():
            begin, end = self._folded.span(start, start + len(name))
            before = bisect_left(ends, (end, 0))
            free = not before or ends[before - 1][1] <= begin
            if free and (len(name) > 2 or self._role_beside(start, start + len(name))):  # noqa: PLR2004
                mention = Mention(begin, end, "", "person", 0.9)
                yield Placed.decided(self._view, mention, self._tied[name], "tied_company", 0.9)

    def _named_places(self) -> Iterator[tuple[int, str]]:
        """Where the tied persons' names stand, the longest at each place; one pass whatever their number."""
        by_start: dict[str, list[str]] = {}
        for name in sorted(self._tied, key=len, reverse=True):
            by_start.setdefault(name[:2], []).append(name)
        text, free = self._folded.text, 0
        begun = [n for n, pair in enumerate(map(add, text, text[1:])) if pair in by_start]
        for place in begun:
            if place < free:
                continue
            named = next((n for n in by_start[text[place : place + 2]] if text.startswith(n, place)), None)
            if named is not None:
                yield place, named
                free = place + len(named)
