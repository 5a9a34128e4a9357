"""Places of a text that may name a company, and how sure that is before one asks which company.

Evidence is counted in hundredths: what the name is worth by itself (a full name is enough, a common word is not), and
what stands beside it.
"""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from graph.claims import Claim, claim_hash
from graph.names import legal_key
from graph.view import View
from nlp.folded import Folded
from nlp.found import Mention
from nlp.linking_rules import LinkingRules
from nlp.name_index import LONGEST, Hit, NameIndex, Way, stated_names

ENOUGH: Final = 60
"""Hundredths from which on a name is taken for a mention of a company."""
SURE: Final = 90

_ORGANISATIONS: Final = frozenset({"company", "organisation", "brand", "government"})
_OTHERS: Final[Mapping[str, int]] = {
    "person": -40,
    "place": -20,
    "product": -10,
    "industry": -25,
    "office": -40,
}
_BESIDE: Final = 14
CERTAIN: Final = 100
_WEAK: Final = 50
"""A name that is worth less by itself is a word of the language as well, or may be part of any other."""

_SHORT: Final = 4
_LEFT, _RIGHT = 6, 10
_NEAR: Final = 8
"""How many mentions that begin before a name are looked at for one that holds it."""
_BETWEEN: Final = frozenset({",", "和", "与", "及", "以及", "/", ";"})
_LEGAL_FORM: Final = re.compile(
    r"\(?(?:集团)?\)?(?:股份有限公司|有限责任公司|股份有限责任公司|有限公司|股份公司)"
)
_LATER_FORM: Final = re.compile(
    r"[^\W\d_与和及或向对将的获被收购参增减转让投设司股称为拟,]{0,14}?"
    r"(?:\([^\W\d_]{2,6}\)|集团|股份|有限|责任)+(?:有限公司|责任公司|有限责任公司|公司)"
    r"|(?![子孙分母]|[^公]{0,2}(?:股|属|资|等|的|市|联|家|名|多|转|受|对|为|向|与|和|及|或|于|因|获|将|拟|被|称|该|本|成|购))"
    r"[\u4e00-\u9fff]{1,3}公司"
)
_BRANCH: Final = re.compile(r".{0,8}(?:分行|支行|营业部|分公司|总行|公司)|[abh]股|股份|总部")
_LISTING: Final = re.compile(
    r"(?<![0-9a-z])(?:(?:sh|sz|bj)[.:]?)?([03689]\d{5})(?:\.(?:sh|ss|sz|bj|xshg|xshe))?(?![0-9a-z]|[.,]\d|万|亿|元|股|手)"
)
_CODE_WORD: Final = re.compile("代码[为是:]?$")
_SEVERAL: Final = re.compile("子公司|孙公司|股东|旗下|实控人|实际控制人")
"""Words that stand between two names, and in none."""
_OPENING: Final = re.compile(r"(?:^|\n)[\"(]?$")
_HEADING: Final = re.compile(r"[:|]|\((?:sh|sz|bj)?[.:]?\d{6}")
_HAN: Final = "\u2e80"


@dataclass(slots=True)
class Spot:
    """Folded characters `start` to `end`, the companies that they may mean, each by its surest way, and evidence."""

    start: int
    end: int
    rows: dict[int, Way]
    score: int = 0
    coded: int | None = None
    """The row whose code stands beside the name."""
    weak: bool = False
    mention: int | None = None
    """The number of the given mention that has the same characters."""

    @property
    def meant(self) -> int:
        """The row that the code beside it, or else the first by its order, says."""
        return self.coded if self.coded is not None else next(iter(self.rows))

    @property
    def sure(self) -> bool:
        """Whether it names one company beyond doubt."""
        return self.score >= SURE and (len(self.rows) == 1 or self.coded is not None)


@dataclass(frozen=True)
class Codes:
    """Exchange codes in a text: folded characters and rows, where a visible company has the code."""

    found: tuple[tuple[int, int, int], ...]
    marked: tuple[tuple[int, int, int], ...] = ()
    """Those that are surely codes: with their exchange, or behind the word 代码."""

    @classmethod
    def of(cls, text: str, by_code: Mapping[str, int]) -> Codes:
        """The codes that visible companies have."""
        matches = [m for m in _LISTING.finditer(text) if m[1] in by_code]
        marked = [
            m for m in matches if m[0] != m[1] or _CODE_WORD.search(text, max(m.start() - 6, 0), m.start())
        ]
        return cls(*(tuple((m.start(), m.end(), by_code[m[1]]) for m in some) for some in (matches, marked)))

    def beside(self, start: int, end: int, rows: Mapping[int, Way]) -> int | None:
        """The row among these whose code stands just after a name, or just before it."""
        for begin, stop, row in self.found:
            if row in rows and (0 <= begin - end <= _BESIDE or 0 <= start - stop <= _BESIDE):
                return row
        return None


class Spotter:
    """Finds the spots of one text."""

    def __init__(
        self, view: View, index: NameIndex, rules: LinkingRules, folded: Folded, codes: Codes
    ) -> None:
        self._view = view
        self._index = index
        self._rules = rules
        self._folded = folded
        self._text = folded.text
        self._codes = codes
        self._market = bool(rules.market.search(folded.text))

    def spots(self, mentions: Sequence[Mention]) -> list[Spot]:
        """All spots that are likely enough, by place, none within another."""
        given = _Given(self._folded, mentions)
        made = [spot for hit in self._hits() if (spot := self._spot(hit, given))]
        for spot in made:
            self._judge(spot, given)
        chosen = _longest(made)
        _dispute(chosen, made)
        self._help_each_other(chosen)
        return [spot for spot in chosen if spot.score >= ENOUGH]

    def _hits(self) -> list[Hit]:
        """The names in the text but those within a registered one, of which nothing more is to be said."""
        hits = self._index.hits(self._text)
        whole = {
            place
            for hit in hits
            if self._text.endswith("公司", 0, hit.end)
            for place in range(hit.start, hit.end)
        }
        if not whole:
            return hits
        return [
            h
            for h in hits
            if h.start not in whole or self._text.endswith("公司", 0, h.end) or h.end - 1 not in whole
        ]

    def _spot(self, hit: Hit, given: _Given) -> Spot | None:
        start, end = hit.start, hit.end
        surface = self._text[start:end]
        if _cut_from_a_word(self._text, start, end):
            return None
        rows = self._index.entries(hit.low, hit.high)
        form = _LEGAL_FORM.match(self._text, end)
        if form:
            before = self._text[start - 1 : start]
            alone = end - start > 2 and (before <= _HAN or self._led_to(start))  # noqa: PLR2004
            same = self._of_legal_name(self._text[start : form.end()], rows, alone=alone)
            return Spot(start, form.end(), same) if same else None
        exact = given.exact(start, end)
        rows = {row: way for row, way in rows.items() if self._fits(surface, way, exact=exact is not None)}
        return Spot(start, end, rows, mention=exact) if rows else None

    def _led_to(self, start: int) -> bool:
        """Whether a word that stands before companies stands before a place."""
        return self._rules.precedes.search(self._text[max(0, start - _LEFT) : start]) is not None

    def _fits(self, surface: str, way: Way, *, exact: bool) -> bool:
        if way == Way.CORE:
            return exact and len(surface) > 2  # noqa: PLR2004 - two characters may be anything
        if way == Way.MARKED:
            return surface.startswith("st")
        return True

    def _of_legal_name(self, surface: str, rows: Mapping[int, Way], *, alone: bool) -> dict[int, Way]:
        """Those of which this is a registered name; else those of which none is known, or one that begins with a place.

        `alone`: nothing leads up to it, so it may be a registered name without its place.
        """
        wanted = legal_key(surface)
        bearers = self._view.claimants(Claim.LEGAL, claim_hash(Claim.LEGAL, wanted), Claim.FORMER)
        if bearers:
            return dict.fromkeys(sorted(bearers, key=self._view.id_key), Way.FULL)
        return {row: way for row, way in rows.items() if self._may_be(row, way, wanted, alone=alone)}

    def _may_be(self, row: int, way: Way, wanted: str, *, alone: bool) -> bool:
        full = stated_names(self._view, row, "name")
        if not full:
            return way != Way.MARKED
        return alone and way in (Way.CORE, Way.SHORT) and any(legal_key(n).endswith(wanted) for n in full)

    def _judge(self, spot: Spot, given: _Given) -> None:
        surface = self._text[spot.start : spot.end]
        spot.score = max(self._worth(surface, row, way) for row, way in spot.rows.items())
        spot.coded = self._codes.beside(spot.start, spot.end, spot.rows)
        if spot.coded is not None:
            spot.score = CERTAIN
        if spot.score < CERTAIN:
            spot.weak = spot.score < _WEAK
            spot.score += self._beside(spot) + given.evidence(spot)
            if self._continued(spot):
                spot.score = 0

    def _worth(self, surface: str, row: int, way: Way) -> int:
        """What a name is worth by itself."""
        if way in (Way.FULL, Way.FORMER) and len(surface) > _SHORT and _LEGAL_FORM.search(surface):
            return CERTAIN
        listed, size = self._index.listed.item(row), len(surface)
        if surface.isascii():
            return (55 if size > 3 else 30) if listed else (40 if size > _SHORT else 15)  # noqa: PLR2004
        if size < 3 or surface in self._rules.ambiguous or surface in self._rules.places:  # noqa: PLR2004
            return 25 if listed else 10
        if way in (Way.STEM, Way.CORE):
            return min(90, 20 + 10 * size + (10 if listed else 0))
        if way == Way.MARKED:
            return 45
        worth = {3: 65, 4: 85}.get(size, 95)
        return worth if listed else worth - 20

    def _beside(self, spot: Spot) -> int:
        """What the characters around say."""
        text = self._text
        left, right = text[max(0, spot.start - _LEFT) : spot.start], text[spot.end : spot.end + _RIGHT]
        score = 0
        if _OPENING.search(left):
            listed = any(self._index.listed.item(row) for row in spot.rows)
            heading = bool(_HEADING.match(right))
            score += {(True, True): 60, (True, False): 30, (False, True): 20, (False, False): 5}[
                heading, listed
            ]
        else:
            score += 15 * right.startswith(":") + self._before(spot, left)
        if self._says(self._rules.follows.match(right), spot):
            score += 25
        if self._market and not spot.weak:
            score += 10
        return score - self._cut(spot)

    def _before(self, spot: Spot, left: str) -> int:
        """What stands before a name within a sentence; a short one that other characters lead up to is doubtful."""
        right = self._text[spot.end : spot.end + 1]
        size = spot.end - spot.start
        if (left.endswith(("子公司", "孙公司")) and size < _SHORT) or (left.endswith('"') and right == '"'):
            return -30
        if self._says(self._rules.precedes.search(left), spot):
            return 20
        if size > 3 or left[-1:] <= _HAN:  # noqa: PLR2004 - four characters are seldom a part of anything
            return 0
        within = right > _HAN and not self._rules.follows.match(self._text, spot.end)
        return -25 if size < 3 or within else 0  # noqa: PLR2004

    def _says(self, found: re.Match[str] | None, spot: Spot) -> bool:
        """Whether a word beside a name is evidence: for a name that is a word itself not every one is."""
        return found is not None and not (spot.weak and found[0] in self._rules.idle)

    def _cut(self, spot: Spot) -> int:
        """What speaks for the name being cut out of longer words."""
        text = self._text
        edges = (text[spot.start - 1 : spot.start + 1], text[spot.end - 1 : spot.end + 1])
        return 60 * sum(edge in self._rules.words_across for edge in edges)

    def _continued(self, spot: Spot) -> bool:
        """Whether the name goes on to be another organisation's."""
        text, end = self._text, spot.end
        if spot.weak and text.startswith("股份", end):
            return True
        if text.startswith("中国", spot.start) and text.startswith(
            "公司", end
        ):  # a listed one's state-owned parent
            return True
        return bool(self._rules.continued.match(text, end) or _LATER_FORM.match(text, end))

    def _help_each_other(self, spots: Sequence[Spot]) -> None:
        """A name that alone says too little is believed beside a company in a list, or with another name of its own."""
        likely = [spot.score >= ENOUGH for spot in spots]
        sure = {spot.meant for spot in spots if spot.sure}
        for number, spot in enumerate(spots):
            if spot.weak and spot.score > 0 and self._ends_there(spot):
                spot.score += 45 * self._listed_with(spots, likely, number)
            if not spot.sure and spot.score > 0 and self._ends_there(spot) and not sure.isdisjoint(spot.rows):
                spot.score += 50
                spot.rows = {row: way for row, way in spot.rows.items() if row in sure}

    def _ends_there(self, spot: Spot) -> bool:
        """Whether no character of a word goes on after a name, unless it begins a word that follows names."""
        following = self._text[spot.end : spot.end + 1]
        return not following.isalpha() or self._rules.follows.match(self._text, spot.end) is not None

    def _listed_with(self, spots: Sequence[Spot], likely: Sequence[bool], number: int) -> bool:
        """Whether nothing but a comma or an 'and' stands between a spot and a likely one."""
        pairs = ((number - 1, number), (number, number + 1))
        return any(
            likely[other] and self._text[spots[one].end : spots[two].start] in _BETWEEN
            for one, two in pairs
            if one >= 0 and two < len(spots)
            for other in ((one if two == number else two),)
        )


def _cut_from_a_word(text: str, start: int, end: int) -> bool:
    """Whether letters or digits go on at an edge ('cl' in 'tcl'), or the parts of a foreign name."""

    def joined(one: str, other: str) -> bool:
        return one.isalnum() and other.isalnum() and one < _HAN and other < _HAN

    before, after = text[start - 1 : start], text[end : end + 1]
    if "·" in (before, after):  # of a foreign person's name
        return True
    return bool(before and joined(before, text[start])) or bool(after and joined(text[end - 1], after))


def _longest(spots: Sequence[Spot]) -> list[Spot]:
    """Of spots that overlap the longest, of equally long ones the likelier, then the first; by place."""
    taken: list[Spot] = []
    free = bytearray(b"\1" * (max((spot.end for spot in spots), default=0)))
    for spot in sorted(spots, key=lambda s: (s.start - s.end, -s.score, s.start)):
        if all(free[spot.start : spot.end]):
            free[spot.start : spot.end] = bytes(spot.end - spot.start)
            taken.append(spot)
    return sorted(taken, key=lambda s: s.start)


def _dispute(chosen: Sequence[Spot], made: Sequence[Spot]) -> None:
    """Where a name begins or ends within another one, the characters may be cut in either way."""
    starts = [spot.start for spot in made]
    for spot in chosen:
        for other in made[bisect_left(starts, spot.start - LONGEST) : bisect_left(starts, spot.end)]:
            before = other.start < spot.start < other.end < spot.end
            if (before or spot.start < other.start < spot.end < other.end) and other.end - other.start > 2:  # noqa: PLR2004
                spot.score -= 60


class _Given:
    """The mentions that somebody else found, as evidence."""

    def __init__(self, folded: Folded, mentions: Sequence[Mention]) -> None:
        self._kinds = [m.kind for m in mentions]
        self._spans = [folded.place(m.start, m.end) for m in mentions]
        self._text = folded.text
        self._ordered = sorted((*span, kind) for span, kind in zip(self._spans, self._kinds, strict=True))
        self._exact = {
            span: number
            for number, span in reversed(list(enumerate(self._spans)))
            if self._kinds[number] in _ORGANISATIONS or self._kinds[number] in _OTHERS
        }

    def exact(self, start: int, end: int) -> int | None:
        """The number of an organisation's mention with just these characters."""
        number = self._exact.get((start, end))
        return number if number is not None and self._kinds[number] in _ORGANISATIONS else None

    def evidence(self, spot: Spot) -> int:
        """What the mentions say of a spot: the same characters, or more than those."""
        number = self._exact.get((spot.start, spot.end))
        if number is not None:
            kind = self._kinds[number]
            return {"company": 35, "brand": 20, "organisation": 20, "government": -20}.get(
                kind, _OTHERS.get(kind, 0)
            )
        place = bisect_left(self._ordered, (spot.start + 1, 0, ""))
        for start, end, kind in self._ordered[max(0, place - _NEAR) : place]:
            if spot.end <= end:
                return self._within(spot, start, end, kind)
        return 0

    def _within(self, spot: Spot, start: int, end: int, kind: str) -> int:
        """A longer name of another kind is another thing; a branch is the company. Two names in one are no name."""
        if _SEVERAL.search(self._text, start, end):
            return 0
        if kind in ("company", "organisation", "brand", "government"):
            whole = start == spot.start and bool(_BRANCH.fullmatch(self._text, spot.end, end))
            return 20 if whole else -45
        return _OTHERS.get(kind, 0)
