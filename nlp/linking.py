"""Mentions of companies and persons as entities of the graph: found by their names, told apart by what is beside them.

`Linker` reads nothing but a View, so what a viewer may not see is never linked and never decides anything.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_right
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from graph.names import legal_key
from graph.view import View
from nlp.folded import Folded, fold
from nlp.found import Mention
from nlp.language import is_chinese
from nlp.linking_people import People
from nlp.linking_rules import LinkingRules, linking_rules
from nlp.name_index import NameIndex, Way, core_of, stem_of
from nlp.namesakes import LEAD, Context, Namesakes, Ranked, names_of
from nlp.placed import Placed, candidate
from nlp.spots import Codes, Spot, Spotter

_REPLACED: Final = frozenset(
    {"company", "organisation", "brand", "product", "place", "industry", "government", "person"}
)
"""Kinds of given mentions that go where a linked company's name covers or cuts them."""

_COMPANIES: Final = frozenset({"company", "organisation", "brand"})
_RENAMED: Final = re.compile(
    r"更名|前身|原称|原为|现[称为]|[（(]现|改名|简称|名称|变更|曾用名|原名|改为|变为"
)
_NEAR_CODE: Final = 12
"""Characters within which a code belongs to the name beside it."""
_SIGNS: Final = re.compile(r"[^\w（(《“\"'*]+")
_LEAST_ABBREVIATION: Final = 2
_MOST_CANDIDATES: Final = 5


def _codes(view: View) -> Mapping[str, int]:
    """The row of each exchange code, six digits; codes that two companies claim belong to none."""
    codes = view.property_texts("Company", "code")
    found: dict[str, int] = {}
    doubtful: set[str] = set()
    for row, which in zip(codes.rows.tolist(), codes.which.tolist(), strict=True):
        digits = codes.texts[which].partition(".")[0]
        if found.setdefault(digits, row) != row:
            doubtful.add(digits)
    return {digits: row for digits, row in found.items() if digits not in doubtful}


def _without_signs(mention: Mention) -> Mention:
    """A given mention without emoji and the like at its beginning (🚀云岭重工), which are no part of a name."""
    signs = _SIGNS.match(mention.text)
    if signs is None or signs.end() == len(mention.text):
        return mention
    return replace(mention, start=mention.start + signs.end(), text=mention.text[signs.end() :])


class Linker:
    """Links the mentions of texts to what one viewer sees of the graph."""

    def __init__(self, view: View) -> None:
        self._view = view
        self._rules: LinkingRules = linking_rules()
        self._index = NameIndex.of(view)
        self._by_code: Mapping[str, int] = view.foundation("codes in texts", lambda: _codes(view))
        self._namesakes = Namesakes(view, self._index, self._rules)

    def link(self, text: str, mentions: Sequence[Mention], published: dt.date | None = None) -> list[Mention]:
        """The mentions with their entities, and the graph's companies and their people that were not given.

        In order of place, so numbers of mentions change. Given mentions that a linked company's name covers or cuts
        go. Of several companies those founded after `published` are not meant. Ties are broken by id: the answer is
        that of a graph which never held what the viewer may not see. What was seen in a text that is not Chinese is
        left out; names of the graph are found in any.
        """
        mentions = [_without_signs(mention) for mention in mentions] if is_chinese(text) else ()
        folded = fold(text)
        codes = Codes.of(folded.text, self._by_code)
        spots = Spotter(self._view, self._index, self._rules, folded, codes).spots(mentions)
        context = self._context(folded.text, spots, published)
        found = [self._spotted(text, folded, spot, mentions, context) for spot in spots]
        found = self._without_later_names(folded.text, found, spots)
        found += self._coded(text, folded, codes, found)
        kept = _uncovered(mentions, found)
        companies = [*found, *self._given_companies(folded, kept, found, context)]
        persons = self._people(folded, kept, companies)
        others = [m for m in kept if m.kind not in _COMPANIES and m.kind != "person"]
        return _in_order(text, [*(p.mention for p in (*companies, *persons)), *others])

    def _coded(self, text: str, folded: Folded, codes: Codes, found: Sequence[Placed]) -> list[Placed]:
        """Companies that the text calls by their exchange code alone (600519.SH, SZ000001, 证券代码：600519)."""
        placed = []
        for first, last, row in codes.marked:
            start, end = folded.span(first, last)
            if not any(
                p.row == row and p.mention.start - _NEAR_CODE < end and start < p.mention.end + _NEAR_CODE
                for p in found
            ):
                mention = Mention(start, end, text[start:end], "company")
                placed.append(Placed.linked(self._view, mention, row, "code", 1.0))
        return placed

    def _context(self, text: str, spots: Sequence[Spot], published: dt.date | None) -> Context:
        sure = frozenset(spot.meant for spot in spots if spot.sure)
        return Context(text, _outside(text, spots), sure, bool(self._rules.market.search(text)), published)

    def _people(self, folded: Folded, kept: Sequence[Mention], companies: Sequence[Placed]) -> list[Placed]:
        """The given persons, and those tied to the companies; nobody reads those where no office is mentioned."""
        given = [mention for mention in kept if mention.kind == "person"]
        if not given and not self._rules.roles.search(folded.text):
            return []
        people = People(self._view, self._rules, folded, companies)
        persons = [people.given(mention) for mention in given]
        taken = [(p.mention.start, p.mention.end) for p in (*companies, *persons)]
        return [*persons, *people.found(taken)]

    # --- names found in the text ---

    def _spotted(
        self, text: str, folded: Folded, spot: Spot, mentions: Sequence[Mention], context: Context
    ) -> Placed:
        start, end = folded.span(spot.start, spot.end)
        given = None if spot.mention is None else mentions[spot.mention]
        mention = given or Mention(start, end, text[start:end], "company")
        sureness = min(1.0, spot.score / 100)
        mention = replace(mention, confidence=round(max(mention.confidence if given else 0.0, sureness), 3))
        if spot.coded is not None:
            return Placed.linked(self._view, mention, spot.coded, "code", 1.0)
        return self._decided(mention, self._namesakes.ranked(spot.rows, context), sureness)

    def _decided(self, mention: Mention, ranked: Sequence[Ranked], sureness: float) -> Placed:
        """Linked where one stands alone or leads; else to nobody, with the best as candidates."""
        if not ranked:
            return Placed(mention)
        best = ranked[0]
        if len(ranked) == 1:
            return Placed.linked(self._view, mention, best.row, best.reason, sureness)
        rival = next((r for r in ranked[1:] if not self._same_listing(best.row, r.row)), None)
        if rival is None or best.score - rival.score >= LEAD:
            return Placed.linked(self._view, mention, best.row, best.reason, sureness)
        shown = [candidate(self._view, r.row, r.reason, r.score / 200) for r in ranked[:_MOST_CANDIDATES]]
        return Placed(replace(mention, candidates=tuple(shown)))

    def _same_listing(self, one: int, other: int) -> bool:
        """Whether sources state two registered names under one exchange code: for a text it is one listed company."""
        code = self._view.value(one, "code")
        return code is not None and code == self._view.value(other, "code")

    def _without_later_names(self, text: str, found: list[Placed], spots: Sequence[Spot]) -> list[Placed]:
        """What is called by two different short names is named once: who is to be its parent may have lent it a name.

        亚夏汽车 is to be taken over by 中公教育, and will be called so. Only a text about the change of name means one.
        """
        if len(found) < 2 or _RENAMED.search(text):  # noqa: PLR2004 - two names
            return found
        first: dict[str, tuple[int, str]] = {}
        for number, (place, spot) in enumerate(zip(found, spots, strict=True)):
            way = None if place.row is None else spot.rows.get(place.row)
            if place.row is None or way not in (Way.SHORT, Way.FORMER) or spot.coded is not None:
                continue
            name = text[spot.start : spot.end]
            listing = str(self._view.value(place.row, "code") or self._view.id(place.row))
            before = first.setdefault(listing, (number, name))[1]
            if before != name and not set(before) >= set(name) and not set(name) >= set(before):
                found[number] = self._unlinked(place)
        return found

    @staticmethod
    def _unlinked(place: Placed) -> Placed:
        link = place.mention.link
        shown = () if link is None else (replace(link, score=0.5, reason="other_name_in_use"),)
        return Placed(replace(place.mention, link=None, candidates=shown))

    # --- mentions given ---

    def _given_companies(
        self, folded: Folded, mentions: Iterable[Mention], found: Sequence[Placed], context: Context
    ) -> list[Placed]:
        """Companies that somebody else found and whose own characters named nobody surely enough."""
        rows = tuple(dict.fromkeys(place.row for place in found if place.row is not None))
        return [
            self._given_company(
                folded.text[slice(*folded.place(m.start, m.end))],
                m,
                rows if self._stands_apart(folded, m) else (),
                context,
            )
            for m in mentions
            if m.kind in _COMPANIES
        ]

    def _stands_apart(self, folded: Folded, mention: Mention) -> bool:
        """Whether no characters lead up to a mention or go on after it, as they do in 中信财务."""
        start, end = folded.place(mention.start, mention.end)
        text = folded.text
        before, after = text[max(0, start - 6) : start], text[end : end + 1]
        begins = not before[-1:].isalpha() or self._rules.precedes.search(before) is not None
        return begins and (not after.isalpha() or self._rules.follows.match(text, end) is not None)

    def _given_company(self, name: str, mention: Mention, rows: Sequence[int], context: Context) -> Placed:
        """`rows`: the companies that the text names elsewhere, whose name this may shorten."""
        shortened = [row for row in rows if self._abbreviates(name, row)]
        if len(shortened) == 1:
            return Placed.linked(self._view, mention, shortened[0], "abbreviation", 0.85)
        doubtful = self._index.called(name)
        ranked = self._namesakes.ranked(
            doubtful or self._index.called(core_of(stem_of(name), self._rules.places)), context
        )
        whole = [r for r in ranked if self._same_registered(name, r.row)]
        if len(whole) == 1:
            return Placed.linked(self._view, mention, whole[0].row, "full_name", 0.9)
        shown = tuple(
            candidate(self._view, r.row, r.reason, r.score / 200) for r in ranked[:_MOST_CANDIDATES]
        )
        return Placed(replace(mention, candidates=shown))

    def _abbreviates(self, name: str, row: int) -> bool:
        """Whether a name begins one of a company that the text names elsewhere."""
        return (
            len(name) >= _LEAST_ABBREVIATION
            and name not in self._rules.ambiguous
            and any(full.startswith(name) for full in names_of(self._view, row, self._rules.places))
        )

    def _same_registered(self, name: str, row: int) -> bool:
        """Whether both are registered names that differ by place and brackets alone."""
        stated = self._view.value(row, "name")
        if stem_of(name) == name or not stated:
            return False
        return legal_key(str(stated)).endswith(legal_key(core_of(name, self._rules.places)))


def _outside(text: str, spots: Sequence[Spot]) -> str:
    """A text without the spots."""
    edges = [0, *(edge for spot in spots for edge in (spot.start, spot.end)), len(text)]
    return "|".join(text[start:end] for start, end in zip(edges[::2], edges[1::2], strict=True))


def _uncovered(mentions: Sequence[Mention], found: Sequence[Placed]) -> list[Mention]:
    """The given mentions that no found name stands for, covers or cuts; found ones are in order and apart."""
    ends = [place.mention.end for place in found]

    def stays(mention: Mention) -> bool:
        if mention.kind not in _REPLACED:
            return True
        place = bisect_right(ends, mention.start)
        return place == len(found) or found[place].mention.start >= mention.end

    return [mention for mention in mentions if stays(mention)]


def _in_order(text: str, mentions: Iterable[Mention]) -> list[Mention]:
    found = [m if m.text else replace(m, text=text[m.start : m.end]) for m in mentions]
    return sorted(found, key=lambda m: (m.start, m.end, m.kind))
