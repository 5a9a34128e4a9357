"""Relations by rule: sentences in which names are signs, matched against the sentence forms of relations.yaml."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Final

import yaml

from nlp.coreference import is_headed
from nlp.folded import simplified
from nlp.found import Mention, Quantity, Relation
from nlp.parties import CLAUSE_MARK, Layout, Party, layout_of, parties_of

SIGNS: Final = {
    "company": "\ue001", "organisation": "\ue001", "person": "\ue002", "government": "\ue003", "office": "\ue004",
}  # fmt: skip
"""Private-use characters that stand for names, by kind."""
SIGN: Final = re.compile("[\ue001-\ue004]")
ANY: Final = "[\ue001\ue002]"
COMPANY, PERSON, OFFICE = SIGNS["company"], SIGNS["person"], SIGNS["office"]
AUTHORITY: Final = "[\ue001\ue003]"
ASIDE: Final = '[”」』"]?(?:[（(][^（()）]{0,36}[）)])?'
"""A stock code or short name in brackets may follow any name."""
LINK: Final = "(?:[、及]|[和与](?![^，。]{0,30}(?:签|订立|合作|达成|共同|联合|成立|设立|开展)))"
"""What lists names; 甲和乙签约 tells of both, and is no list."""
ACTS: Final = frozenset(
    {
        "acquires",
        "invests_in",
        "guarantees",
        "supplies",
        "cooperates_with",
        "sues",
        "lends_to",
        "controls",
        "holds",
    }
)
"""Relations that begin with an act, which may only be planned."""
QUANTITY_REACH: Final = 36


def _many(sign: str) -> str:
    return f"{sign}{ASIDE}(?:{LINK}(?:老股东|自然人)?{sign}{ASIDE})*"


NAMES: Final = {
    "{C}": COMPANY + ASIDE,
    "{P}": PERSON + ASIDE,
    "{A}": ANY + ASIDE,
    "{AG}": AUTHORITY + ASIDE,
    "{G}": SIGNS["government"] + ASIDE,
    "{O}": OFFICE,
    "{CS}": _many(COMPANY),
    "{PS}": _many(PERSON),
    "{AS}": _many(ANY),
}


@dataclass(frozen=True)
class Pattern:
    """A sentence form that states a relation."""

    type: str
    confidence: float
    expression: re.Pattern[str]
    quantity: str | None
    detail: str | None
    of_issuer: str | None
    """The group that is the issuer of the announcement where the sentence names nobody for it."""


@dataclass(frozen=True)
class Against:
    """Words that say of a stated relation that it is not so, what they say, and how sure that leaves it.

    They are looked for `before` characters before the words that state the relation, in these, and `after` behind.
    """

    detail: str
    factor: float
    words: re.Pattern[str]
    before: int
    after: int


@dataclass(frozen=True)
class Rules:
    """All of relations.yaml, and the expression of offices of events.yaml."""

    patterns: tuple[Pattern, ...]
    words: re.Pattern[str]
    against: tuple[Against, ...]
    office: re.Pattern[str]


def _declared(name: str) -> Any:
    return yaml.safe_load((resources.files("nlp") / "data" / name).read_text("utf-8"))


@cache
def rules() -> Rules:
    """What relations.yaml declares; a type that nlp.found does not know is an error of the file."""
    declared = _declared("relations.yaml")
    return Rules(
        tuple(_pattern(entry) for entry in declared["patterns"]),
        re.compile(
            "|".join(w for w in KEYWORDS.values() if w != OFFICE) + f"|{_declared('events.yaml')['office']}"
        ),
        tuple(_against(entry) for entry in declared["against"]),
        re.compile(_declared("events.yaml")["office"]),
    )


def _against(entry: Mapping[str, Any]) -> Against:
    return Against(
        entry["detail"], entry["factor"], re.compile(entry["words"]), entry["before"], entry["after"]
    )


def against(text: str, start: int, end: int, kind: str) -> tuple[str | None, float]:
    """What the words beside and within characters `start` to `end` say against a relation; None, 1 for nothing."""
    for one in rules().against:
        first = _edge(text, max(start - one.before, 0), start)
        last = CLAUSE_MARK.search(text, end, end + one.after)
        stop = last.start() if last else min(end + one.after, len(text))
        if (kind in ACTS or one.detail != "planned") and one.words.search(text, first, stop):
            return one.detail, one.factor
    return None, 1.0


def _edge(text: str, first: int, start: int) -> int:
    """The beginning of the clause that holds a place, not before `first`."""
    marks = [mark.end() for mark in CLAUSE_MARK.finditer(text, first, start)]
    return marks[-1] if marks else first


def _pattern(entry: Mapping[str, Any]) -> Pattern:
    if entry["type"] not in KEYWORDS:
        raise ValueError(f"relations.yaml: no type of relation is called {entry['type']!r}")
    expression = entry["expression"]
    for name, sign in NAMES.items():
        expression = expression.replace(name, sign)
    return Pattern(
        entry["type"],
        entry["confidence"],
        re.compile(expression),
        entry.get("quantity"),
        entry.get("detail"),
        entry.get("of_issuer"),
    )


KEYWORDS: Final = {
    "holds": "持有|股东",
    "controls": "控股|控制|实控|母公司",
    "subsidiary_of": "子公司|孙公司|附属公司|旗下",
    "officer_of": OFFICE,
    "acquires": "收购|并购|买下|私有化",
    "invests_in": "投|入股|增资|注资",
    "guarantees": "担保|保证",
    "supplies": "供|采购|销售|购入|订购|进货",
    "cooperates_with": "合作|签|共建|共同|合资|联合",
    "competes_with": "竞争|对手|竞品",
    "sues": "诉|告|仲裁",
    "lends_to": "贷|借|资助|授信",
}
"""What a sentence must hold for a type to be looked for."""


@cache
def _keywords() -> Mapping[str, re.Pattern[str]]:
    return {kind: re.compile(words) for kind, words in KEYWORDS.items()}


@dataclass(frozen=True)
class _Sentence:
    """A sentence with signs for names: where each of its characters stands in the text, and whom each sign means."""

    signed: str
    places: Sequence[int]
    parties: Mapping[int, Party]
    issuer: _Issuer | None


@dataclass(frozen=True)
class _Issuer:
    """Who announces, the mentions that mean it by number, and whether the text is its announcement (公告)."""

    party: Party
    meant: frozenset[int]
    headed: bool

    def left_out(self, sentence: _Sentence, place: int) -> bool:
        """Whether a clause that begins there and names no owner means it: in news, where no other company is before."""
        first = sentence.signed.rfind("】", 0, place)  # a title in brackets is no clause before
        before = (party for start, party in sentence.parties.items() if first < start < place)
        return self.headed or not any(p.kind == "company" and p.mention not in self.meant for p in before)


def relations(text: str, mentions: Sequence[Mention]) -> list[Relation]:
    """The relations that a text states between its mentions, in order of their sentences; each pair and type once.

    Subject and object are as `nlp.found` says: who holds, controls, is an officer, is the subsidiary, buys, invests,
    guarantees, supplies, sues or lends is the subject, passive or not. Names that no mention covers take no part.
    """
    text = simplified(text)
    if not rules().words.search(text):
        return []
    parties, announcers = parties_of(text, mentions)
    offices = _offices(text) if any(party.kind == "person" for party in parties) else []
    named = [p for p in [*parties, *offices] if p.kind in SIGNS and p.mention is not None]
    found: dict[tuple[str, int, int], Relation] = {}
    layout = layout_of(text)
    for sentence in _sentences(text, layout, _apart(named), _issuer(text, mentions, announcers)):
        for relation in _stated(text, mentions, sentence):
            key = (relation.type, relation.subject, relation.object)
            if key not in found or found[key].confidence < relation.confidence:
                found[key] = relation
    return list(found.values())


def _offices(text: str) -> list[Party]:
    """Offices by their words; mention number -1, for an office is no party."""
    return [Party(m.start(), m.end(), m[0], "office", -1) for m in rules().office.finditer(text)]


def _apart(parties: Sequence[Party]) -> list[Party]:
    """Parties in order, the longer one where two overlap."""
    kept: list[Party] = []
    for party in sorted(parties, key=lambda p: (p.start, -p.end)):
        if not kept or party.start >= kept[-1].end:
            kept.append(party)
    return kept


def _issuer(text: str, mentions: Sequence[Mention], announcers: Sequence[Party]) -> _Issuer | None:
    """Who announces; in an announcement with its code in the head, whom it calls 公司 or 本公司."""
    own = (m.antecedent for m in mentions if m.text in {"公司", "本公司"} and m.antecedent is not None)
    numbers = [p.mention for p in announcers if p.mention is not None] or list(own if is_headed(text) else ())
    if not numbers:
        return None
    named = mentions[numbers[0]]
    name = mentions[_root(mentions, numbers[0])].text
    roots = (mentions[_root(mentions, number)].text for number in range(len(mentions)))
    meant = frozenset(n for n, other in enumerate(roots) if other in name or name in other)
    party = Party(named.start, named.end, named.text, "company", numbers[0])
    return _Issuer(party, meant, is_headed(text))


def _sentences(
    text: str, layout: Layout, parties: Sequence[Party], issuer: _Issuer | None
) -> Iterator[_Sentence]:
    """Sentences that name two parties or more; one is enough where the text has an issuer."""
    number = 0
    while number < len(parties):
        start, end = layout.sentence(parties[number].start, parties[number].end)
        inside = []
        while number < len(parties) and parties[number].start < end:
            inside.append(parties[number])
            number += 1
        if len(inside) > 1 or issuer is not None:
            yield _signed(text, (start, end), inside, issuer)


def _signed(text: str, place: tuple[int, int], parties: Sequence[Party], issuer: _Issuer | None) -> _Sentence:
    start, end = place
    pieces: list[str] = []
    places: list[int] = []
    by_place: dict[int, Party] = {}
    last = start
    for party in parties:
        pieces.append(text[last : party.start])
        places += range(last, party.start)
        by_place[len(places)] = party
        pieces.append(SIGNS[party.kind])
        places.append(party.start)
        last = party.end
    pieces.append(text[last:end])
    places += range(last, end)
    return _Sentence("".join(pieces), places, by_place, issuer)


def _stated(text: str, mentions: Sequence[Mention], sentence: _Sentence) -> Iterator[Relation]:
    known = rules()
    heard = {kind for kind, words in _keywords().items() if words.search(sentence.signed)}
    for pattern in known.patterns:
        if pattern.type not in heard:
            continue
        for match in pattern.expression.finditer(sentence.signed):
            yield from _relations_of(text, mentions, sentence, pattern, match)


def _relations_of(
    text: str, mentions: Sequence[Mention], sentence: _Sentence, pattern: Pattern, match: re.Match[str]
) -> Iterator[Relation]:
    subjects, objects = _meant(sentence, match, "s", pattern), _meant(sentence, match, "o", pattern)
    if not subjects or not objects:
        return
    start, end = sentence.places[0], sentence.places[-1] + 1
    detail, factor = against(sentence.signed, match.start(), match.end(), pattern.type)
    office = _office(sentence, match, pattern)
    stop = sentence.places[match.end() - 1] + QUANTITY_REACH
    quantity = _quantity(
        text, mentions, pattern.quantity, max(p.start for p in (*subjects, *objects)), min(stop, end)
    )
    for subject in subjects:
        for thing in objects:
            if subject.mention is not None and thing.mention is not None and _two(mentions, subject, thing):
                yield Relation(
                    pattern.type,
                    subject.mention,
                    thing.mention,
                    start,
                    end,
                    round(pattern.confidence * factor, 4),
                    f"rule:{pattern.type}",
                    detail or pattern.detail,
                    quantity,
                    office,
                )


def _two(mentions: Sequence[Mention], one: Party, other: Party) -> bool:
    """Whether two parties are mentions of two things."""
    numbers = one.mention, other.mention
    return one.text != other.text and len({_root(mentions, n) for n in numbers if n is not None}) > 1


def _root(mentions: Sequence[Mention], number: int) -> int:
    """The mention that a mention stands for, itself where it stands for none."""
    antecedent = mentions[number].antecedent
    return number if antecedent is None else antecedent


def _meant(sentence: _Sentence, match: re.Match[str], group: str, pattern: Pattern) -> list[Party]:
    if group == pattern.of_issuer:
        issuer = sentence.issuer
        return [issuer.party] if issuer and issuer.left_out(sentence, match.start()) else []
    first, last = match.span(group)
    return [sentence.parties[place] for place in range(first, last) if place in sentence.parties]


def _office(sentence: _Sentence, match: re.Match[str], pattern: Pattern) -> str | None:
    if "office" not in match.re.groupindex:
        return None
    return "、".join(party.text for party in _meant(sentence, match, "office", pattern))


TRADE: Final = re.compile("减持|增持|质押|转让|出售|回购|冻结")
"""A share behind one of these is that of the trade, not of what is held."""


def _quantity(
    text: str, mentions: Sequence[Mention], kind: str | None, start: int, end: int
) -> Quantity | None:
    """The first figure of a kind after the names, where there is one near."""
    if kind is None:
        return None
    first = bisect_left(mentions, start, key=lambda mention: mention.start)
    for mention in mentions[first:]:
        if mention.start > end or (kind == "ratio" and TRADE.search(text, start, mention.start)):
            return None
        if mention.kind == kind:
            return mention.quantity
    return None


@cache
def _finre() -> Mapping[str, tuple[str, bool, str | None]]:
    declared = _declared("finre_relations.yaml")
    return {
        name: (entry["type"], entry.get("swapped", False), entry.get("detail"))
        for name, entry in declared.items()
    }


def of_finre(name: str) -> tuple[str, bool, str | None]:
    """Our type of a FinRE relation, whether head and tail change places, and what the type does not say.

    Raises:
        KeyError: FinRE has no relation of that name.
    """
    return _finre()[name]
