"""Clauses of a text, its parties (companies, persons, authorities) and who announces: what the rules stand on."""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache, lru_cache
from importlib import resources
from itertools import islice
from operator import itemgetter
from typing import Any, Final

import yaml

from nlp.coreference import HEAD_REACH, TITLED, is_headed
from nlp.found import SENTENCE_ENDS, Mention, MentionKind

PARTY_KINDS: Final[frozenset[MentionKind]] = frozenset(
    {"company", "person", "government", "organisation", "product", "brand", "project"}
)
COURT: Final = "法院"
THINGS: Final = frozenset({"product", "brand", "project"})
REACH: Final = 48
"""Characters around 公告, a bracket or 简称 that can hold the name it belongs to."""
LONG: Final = 20_000
"""Texts beyond this are no news: names that they abbreviate are not looked for at each of their places."""
FAR: Final = 400
"""Characters beyond which nothing belongs to a trigger, whatever the punctuation."""
SEGMENT_ENDS: Final = f"{SENTENCE_ENDS}【】"
CLAUSE_MARK: Final = re.compile(rf"[{SEGMENT_ENDS}：:，]|(?<!\d),|,(?!\d{{3}})")
INSIDE_NAME: Final = re.compile(
    r"[，。：:；;】【”“]|公告[,，]?|控股股东|股东(?=.{2})|全资子公司|控股子公司|子公司|旗下|实际控制人|(?<=\d)[）)]"
)
LEADING: Final = re.compile(
    "(?:拟向|拟由|拟与|向参股公司|公司关联方|[\u4e00-\u9fff]{2,8}(?:(?<!合伙)企业|龙头|厂商|独角兽)(?!管理|集团|有限|发展|服务)(?=..)|公司|本公司|其|下属|旗下|持股\\d*%?以上|持有公司\\d*%?|控股股东|实际控制人|实控人|全资子公司|控股子公司|子公司|参股公司|大股东|股东|及其|暨|一致行动人|、)+"
)
TRAILING: Final = re.compile("(?P<keep>有限公司)(?!分公司|.{0,8}[分支]行)[^（(].*")
ROLE_TAIL: Final = re.compile("(?P<keep>.{2})(?:第[一二三]大|控股|大)?(?:股东|实际控制人|实控人)$")
MAYBE_LONGER: Final = frozenset("，。：:；;】【”“告股子旗实）)(（企龙厂独拟向其下及持公大参、暨一控")
"""Names without these hold no words that are not theirs."""
GENERAL: Final = frozenset({"公司", "本公司", "上市公司", "该公司", "集团", "本集团"})
"""Short names that stand in other words too (子公司): whom they mean is for nlp.coreference."""
DEFINITION: Final = re.compile("[（(][^（()）\n]{0,20}(?:简称|下称)[^（()）\n]{1,60}[）)]")
CODE: Final = re.compile(r"(?P<keep>)[（(](?:\w{2}|[^（()）]{0,8}[:：])?\d{4,}.*")


@dataclass(frozen=True)
class Party:
    """Someone named in a text; `mention` is the number of the mention, None where only the rules saw it."""

    start: int
    end: int
    text: str
    kind: str
    mention: int | None


@dataclass(frozen=True)
class Layout:
    """Where segments (sentences and their parts at ； and 【】) and clauses end."""

    text: str
    sentences: tuple[int, ...]
    segments: tuple[int, ...]
    clauses: tuple[int, ...]

    @classmethod
    def of(cls, text: str) -> Layout:
        """The layout of a text."""
        clauses = tuple([found.end() for found in CLAUSE_MARK.finditer(text)])
        segments = tuple([end for end in clauses if text[end - 1] in SEGMENT_ENDS])
        return cls(
            text, tuple([end for end in segments if text[end - 1] in SENTENCE_ENDS]), segments, clauses
        )

    def sentence(self, start: int, end: int) -> tuple[int, int]:
        """What `nlp.found.sentence_around` says, without a look at the whole text."""
        first, _ = self._around(self.sentences, start)
        number = bisect_left(self.sentences, end + 1)
        last = self.sentences[number] if number < len(self.sentences) else len(self.text)
        while first < start and self.text[first].isspace():
            first += 1
        while last > end and self.text[last - 1].isspace():
            last -= 1
        return first, last

    def segment(self, place: int) -> tuple[int, int]:
        """First and last (exclusive) character of the segment that holds a place, within `FAR` of it."""
        first, last = self._around(self.segments, place)
        return max(first, place - FAR), min(last, place + FAR)

    def clause(self, place: int) -> tuple[int, int]:
        """As `segment`, for the clause."""
        return self._around(self.clauses, place)

    def _around(self, ends: tuple[int, ...], place: int) -> tuple[int, int]:
        number = bisect_right(ends, place)
        first = ends[number - 1] if number else 0
        return first, ends[number] if number < len(ends) else len(self.text)


def layout_of(text: str) -> Layout:
    """The layout of a text; several steps of reading ask for that of one text, which is kept unless it is long."""
    return _kept_layout(text) if len(text) <= LONG else Layout.of(text)


@lru_cache(maxsize=8)
def _kept_layout(text: str) -> Layout:
    return Layout.of(text)


@dataclass(frozen=True)
class Announcements:
    """What events.yaml says of who reports and who announces."""

    sources: frozenset[str]
    announcers: tuple[Sought, ...]
    headings: tuple[Sought, ...]
    aliases: tuple[Sought, ...]
    nobody: re.Pattern[str]


@dataclass(frozen=True)
class Sought:
    """An expression, and the words near which alone it is sought; everywhere, where there are none."""

    expression: re.Pattern[str]
    near: tuple[str, ...]

    def hits(self, text: str) -> Iterator[re.Match[str]]:
        """The hits in a text, in order."""
        if not self.near:
            found = self.expression.match(text)
            return iter([found] if found else [])
        return self._near(text)

    def _near(self, text: str) -> Iterator[re.Match[str]]:
        for word in self.near:
            place = text.find(word)
            while place >= 0:
                yield from self.expression.finditer(text, max(place - REACH, 0), place + REACH)
                place = text.find(word, place + len(word))


def _sought(declared: Mapping[str, Any]) -> Sought:
    return Sought(re.compile(declared["expression"]), tuple(declared.get("near", ())))


@cache
def announcements() -> Announcements:
    """The part of events.yaml that names sources and announcers."""
    declared = yaml.safe_load((resources.files("nlp") / "data" / "events.yaml").read_text("utf-8"))
    return Announcements(
        frozenset(declared["sources"]),
        tuple(_sought(entry) for entry in declared["announcers"]),
        tuple(_sought(entry) for entry in declared["headings"]),
        tuple(_sought(entry) for entry in declared["aliases"]),
        re.compile(declared["not_announcers"]),
    )


def parties_of(text: str, mentions: Sequence[Mention]) -> tuple[list[Party], list[Party]]:
    """The parties among mentions, in order, and those that announce something (before a stock code or 公告).

    Those who merely report are left out, words beside a name are cut off, and a name that the text itself makes
    certain (it announces, or a longer name is abbreviated to it) stands wherever its characters do.
    """
    sources = announcements().sources
    found = [
        _trimmed(text, mention, number)
        for number, mention in enumerate(mentions)
        if mention.kind in PARTY_KINDS
    ]
    parties = [party for party in found if party.text and party.text not in sources]
    announcers = _announcers(text, parties)
    if len(text) <= LONG:
        names = {party.text: party.mention for party in announcers} | dict(_aliases(text, parties))
        parties = _with_names(text, parties, names)
    ordered = sorted(parties, key=lambda p: (p.start, p.end))
    return _outside_definitions(text, _with_courts(ordered)), announcers


def _with_courts(parties: Sequence[Party]) -> list[Party]:
    """Parties in order, 法院 alone as the court that was named last."""
    known: int | None = None
    told = []
    for party in parties:
        if party.text == COURT and known is not None:
            told.append(replace(party, mention=known))
            continue
        if party.text.endswith(COURT) and party.mention is not None and party.text != COURT:
            known = party.mention
        told.append(party)
    return told


def _outside_definitions(text: str, parties: Sequence[Party]) -> list[Party]:
    """Parties without the names that a definition gives (以下简称“公司”): there they do nothing."""
    defined = definitions(text)
    return [party for party in parties if not within(party.start, defined)] if defined else list(parties)


def definitions(text: str) -> list[tuple[int, int]]:
    """Where brackets define a short name (以下简称“云岭”), in order."""
    if "简称" not in text and "下称" not in text:
        return []
    return [found.span() for found in DEFINITION.finditer(text)]


def within(place: int, spans: Sequence[tuple[int, int]]) -> bool:
    """Whether one of the spans, which are in order and apart, holds a place."""
    number = bisect_right(spans, place, key=itemgetter(0)) - 1
    return number >= 0 and place < spans[number][1]


def _aliases(text: str, parties: Sequence[Party]) -> Iterator[tuple[str, int | None]]:
    """Short names that the text gives, each with the mention of the name that it is short for."""
    ends = {party.end: party.mention for party in parties}
    for sought in announcements().aliases:
        for found in sought.hits(text):
            first, last = found.span()[0], found.start(1)
            bracket = max(text.rfind(mark, max(first - REACH, 0), last) for mark in "（(")
            if found[1] not in GENERAL:
                yield found[1], ends.get(bracket)


def _with_names(text: str, parties: Sequence[Party], names: Mapping[str, int | None]) -> list[Party]:
    """Parties with every place of the certain names; a party that a name's place overlaps gives way to it."""
    places: list[Party] = []
    for name in sorted(names, key=lambda name: (-len(name), name)):
        start = text.find(name)
        while start >= 0:
            end = start + len(name)
            if not any(start < other.end and other.start < end for other in places):
                places.append(_at((start, end), name, names[name], parties))
            start = text.find(name, end)
    kept = [party for party in parties if not any(_gives_way(party, place) for place in places)]
    named = [party for party in kept if party.kind not in THINGS]  # a product may begin with its maker's name
    return kept + [
        place for place in places if not any(p.start <= place.start and place.end <= p.end for p in named)
    ]


def _at(place: tuple[int, int], name: str, known: int | None, parties: Sequence[Party]) -> Party:
    """A certain name at a place: its own mention, or the one that it is short for."""
    start, end = place
    mention = next((p.mention for p in parties if p.start < end and start < p.end), known)
    return Party(start, end, name, "company", mention)


def _gives_way(party: Party, place: Party) -> bool:
    overlap = party.start < place.end and place.start < party.end
    return overlap and not (
        party.start <= place.start and place.end <= party.end and len(party.text) > len(place.text)
    )


def without_lead(text: str, start: int, end: int) -> int:
    """Where a name begins after words that say what it is (公司控股股东, 具身智能企业)."""
    leading = LEADING.match(text, start, end)
    return leading.end() if leading and leading.end() < end - 1 else start


def _trimmed(text: str, mention: Mention, number: int) -> Party:
    start, end = mention.start, mention.end
    if mention.antecedent is not None or MAYBE_LONGER.isdisjoint(mention.text):
        return Party(start, end, mention.text, mention.kind, number)
    for found in INSIDE_NAME.finditer(text, start, end):
        start = found.end() if found.end() < end else start
        end = found.start() if found.end() >= end > found.start() > start else end
    for tail in (TRAILING, CODE, ROLE_TAIL):
        cut = tail.search(text, start, end)
        end = cut.end("keep") if cut else end
    leading = LEADING.match(text, start, end)
    if leading and mention.kind != "person" and leading.end() not in range(end - 1, end):
        start = leading.end()
    return Party(start, end, text[start:end], mention.kind, number)


def _announcers(text: str, parties: Sequence[Party]) -> list[Party]:
    known = announcements()
    by_place = {(party.start, party.end): party for party in parties}
    found: dict[int, Party] = {}
    if is_headed(text):
        titled = (p for p in parties if p.start < HEAD_REACH and TITLED.match(text, p.end))
        found |= {party.start: party for party in islice(titled, 1)}
    for sought in known.announcers:
        for match in sought.hits(text):
            party = _announcer(match, by_place, known)
            if party:
                found.setdefault(party.start, party)
    for sought in known.headings:
        for match in sought.hits(text):
            party = _announcer(match, by_place, known)
            if party and (party.mention is not None or text.count(party.text) > 1):
                found.setdefault(party.start, party)
    return [found[start] for start in sorted(found)]


def _announcer(
    match: re.Match[str], by_place: dict[tuple[int, int], Party], known: Announcements
) -> Party | None:
    start, end = match.span(1)
    exact = by_place.get((start, end))
    if exact:
        return exact if exact.kind in {"company", "organisation"} else None
    if known.nobody.search(match[1]) or match[1] in known.sources:
        return None
    return _inside(match, by_place) or Party(start, end, match[1], "company", None)


BESIDE_NAME: Final = re.compile(
    "(?:[于在]|据[传悉称]|网传|传闻|市场传|去年|今年|前年|明年|预计|公司|近日|日前|昨日|今日|拟|将|已|的|再|又|新|年度|[上下]半年|董事会|.{0,4}公告)*"
)
"""Words around a company's name that an announcer's expression takes in."""


def _inside(match: re.Match[str], by_place: Mapping[tuple[int, int], Party]) -> Party | None:
    """The company found in the first group, where its other characters are no part of a name."""
    (start, end), text = match.span(1), match.string
    for begin in range(start, end - 1):
        for stop in range(end, begin + 1, -1):
            party = by_place.get((begin, stop))
            if party and party.kind in {"company", "organisation"}:
                around = BESIDE_NAME.fullmatch(text, start, begin) and BESIDE_NAME.fullmatch(text, stop, end)
                return party if around else None
    return None
