"""Clauses of a text, its parties (companies, persons, authorities) and who announces: what the rules stand on."""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Final

import yaml

from nlp.found import Mention, MentionKind

PARTY_KINDS: Final[frozenset[MentionKind]] = frozenset(
    {"company", "person", "government", "organisation", "product", "brand", "project"}
)
SEGMENT_MARK: Final = re.compile("[。！？!?；;\n【】]")
CLAUSE_MARK: Final = re.compile(r"[。！？!?；;\n【】：:，]|(?<!\d),|,(?!\d{3})")
INSIDE_NAME: Final = re.compile(
    r"[，。：:；;】【”“]|公告[,，]?|控股股东|股东(?=.{2})|全资子公司|控股子公司|子公司|旗下|实际控制人|(?<=\d)[）)]"
)
LEADING: Final = re.compile(
    "(?:公司|本公司|其|下属|旗下|持股\\d*%?以上|持有公司\\d*%?|控股股东|实际控制人|实控人|全资子公司|控股子公司|子公司|参股公司|大股东|股东|及其|暨|一致行动人|、)+"
)
TRAILING: Final = re.compile("(?P<keep>有限公司)(?!分公司|.{0,8}[分支]行)[^（(].*")
ROLE_TAIL: Final = re.compile("(?P<keep>.{2})(?:第[一二三]大|控股|大)?(?:股东|实际控制人|实控人)$")
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

    segments: tuple[int, ...]
    clauses: tuple[int, ...]
    length: int

    @classmethod
    def of(cls, text: str) -> Layout:
        """The layout of a text."""
        return cls(
            tuple(found.end() for found in SEGMENT_MARK.finditer(text)),
            tuple(found.end() for found in CLAUSE_MARK.finditer(text)),
            len(text),
        )

    def segment(self, place: int) -> tuple[int, int]:
        """First and last character (exclusive, its mark with it) of the segment that holds a place."""
        return self._around(self.segments, place)

    def clause(self, place: int) -> tuple[int, int]:
        """As `segment`, for the clause."""
        return self._around(self.clauses, place)

    def _around(self, ends: tuple[int, ...], place: int) -> tuple[int, int]:
        number = bisect_right(ends, place)
        first = ends[number - 1] if number else 0
        return first, ends[number] if number < len(ends) else self.length


@dataclass(frozen=True)
class Announcements:
    """What events.yaml says of who reports and who announces."""

    sources: frozenset[str]
    announcers: tuple[re.Pattern[str], ...]
    nobody: re.Pattern[str]


@cache
def announcements() -> Announcements:
    """The part of events.yaml that names sources and announcers."""
    declared = yaml.safe_load((resources.files("nlp") / "data" / "events.yaml").read_text("utf-8"))
    return Announcements(
        frozenset(declared["sources"]),
        tuple(re.compile(expression) for expression in declared["announcers"]),
        re.compile(declared["not_announcers"]),
    )


def parties_of(text: str, mentions: Sequence[Mention]) -> list[Party]:
    """The parties among mentions, in order, without those who merely report, and without words beside their names."""
    parties = [
        _trimmed(text, mention, number)
        for number, mention in enumerate(mentions)
        if mention.kind in PARTY_KINDS
    ]
    sources = announcements().sources
    return sorted(
        (party for party in parties if party.text and party.text not in sources),
        key=lambda p: (p.start, p.end),
    )


def _trimmed(text: str, mention: Mention, number: int) -> Party:
    start, end = mention.start, mention.end
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


def announcers_of(text: str, parties: Sequence[Party]) -> list[Party]:
    """Companies that a text says announce something, in order: before a stock code, before 公告, or heading a title."""
    known = announcements()
    by_place = {(party.start, party.end): party for party in parties}
    found: dict[int, Party] = {}
    for expression in known.announcers:
        for match in expression.finditer(text):
            party = _announcer(match, by_place, known)
            if party:
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
    return Party(start, end, match[1], "company", None)
