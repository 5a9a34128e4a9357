"""Whom 公司, 本公司, 该公司, 上市公司 and defined short forms stand for within one document.

Rules, in the order in which they decide: a definition (以下简称“公司”) holds from its place on; the issuer of an
announcement is whose code stands in its head; 公司 is else the last company that a clause of the same paragraph began
with; 该公司 the last company named. 其, 双方, 子公司 and plurals are left alone.
"""

from __future__ import annotations

import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Final

from nlp.folded import folded_name
from nlp.found import Mention
from nlp.linking_rules import linking_rules
from nlp.name_index import core_of, stem_of

_QUOTED: Final = r"[“\"「『‘']([^“”\"」』’'（）()\n]{2,20})[”\"」』’']"
_DEFINITION: Final = re.compile(
    rf"[（(](?:股票代码[^）)]{{0,20}}[，,])?(?:以下|下)?(?:简称|称)(?:为)?[:：]?\s*{_QUOTED}(?:\s*[、或和及，,]\s*{_QUOTED})?(?:\s*[、或和及，,]\s*{_QUOTED})?"
)
_PLURAL: Final = re.compile(r"各|等|双方|们|统称|合称")
_NAME_BEFORE: Final = re.compile(
    r"[^\s，,。；;：:、“”\"《》！？]{2,40}?(?:公司|集团|银行|合伙企业（有限合伙）|合伙企业\(有限合伙\)|中心|研究院)$"
)
_FUNCTION: Final = (
    "占对与为和及由在将向因是持给从经使据按至即若但而或以后前时内中到让令受就并了称示指出随获得过照于的其如"
)
_BARE: Final = re.compile(
    rf"(?:(?P<own>本公司|我公司)|(?P<that>该公司)"
    rf"|(?<![^\W\d_])(?P<first>公司)|(?:(?<=[{_FUNCTION}])|(?<=[持拥]有))(?<!标的)(?<!目的)(?P<bare>公司)|(?P<listed>上市公司))"
    r"(?!法|债|章程|制|登记|类|型|名|们|治理准则|信用类)"
)
_LISTED_IN_GENERAL: Final = re.compile(
    r"(?:家|股|等|为|的|类|多|各|所|港|数|境内|境外|国内|优质|科技|国有|成为|相关|民营|部分|其他)$"
)
_HEAD: Final = re.compile(r"(?:证券|股票)(?:代码|简称)|公告编号")
HEAD_REACH: Final = 200
TITLED: Final = re.compile(r"(?<=公司)\s*(?:\n|关于|董事会|监事会|\d{4}年)")
"""What follows the name of whom an announcement is about, in its title."""
_SHORT_NAME: Final = re.compile(r"简称[：:]?\s*$")
_NEAR: Final = 8
_FAR: Final = 200
"""How many companies back are looked at: for one that ends at a place, and for an antecedent."""
_PARAGRAPH: Final = re.compile(r"\n|(?:^|(?<=[\s。；]))(?:[①-⑳]|\d{1,2}[、）)]|[⒈-⒛])")
_SOURCE: Final = re.compile(r"来源[：:]?[^。\n]{0,12}$")
_NOT_A_SUBJECT: Final = re.compile(r"整理|研究所|研究院|研究部|研报")
_EXCHANGE: Final = re.compile(r"(?:交易所|[上深北港联]交所)$")
"""Where a company announces something, not who."""
_DONE_TO: Final = re.compile(r"(?:成为|持有|收购|入股|增持|减持|转让|质押)$")
_CLAUSE_END: Final = re.compile(r"[，。；,;\n]")
_LEADING: Final = re.compile(
    r".*(?:股东|子公司|约占|为满足|为了|关于|[为由与向对受给被从称]|注册地：.{2,3}市)(?=[^\s]{6,})"
)
_COMPANIES: Final = frozenset({"company", "organisation", "brand"})
_SAID: Final = re.compile(
    r"[：:，, ]?(?:公告|披露|表示|发布|称|宣布|晚间|今日|近日|拟|将|回应|在互动|方面|董事|收到)"
)


@dataclass(frozen=True)
class Definition:
    """From `place` on `form` stands for the mention."""

    place: int
    form: str
    mention: Mention


def is_headed(text: str) -> bool:
    """Whether a text is the announcement of a listed company, whose code, short name or number stands in its head."""
    return _HEAD.search(text, 0, HEAD_REACH) is not None


def resolve(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions and those that stand for one of them, in order of place; these have `antecedent` and its link.

    Numbers of mentions change. A mention that is given as a company and shortens an earlier one's name gets that as
    its antecedent.
    """
    companies = sorted((m for m in mentions if m.kind in _COMPANIES), key=lambda m: m.start)
    document = _Document(text, companies)
    found = [*document.definitions_unnamed(), *mentions]
    stands_for = {id(m): antecedent for m, antecedent in document.shortened()}
    for mention, antecedent in document.anaphors():
        found.append(mention)
        stands_for[id(mention)] = antecedent
    return _numbered(found, stands_for)


def _numbered(found: Sequence[Mention], stands_for: dict[int, Mention]) -> list[Mention]:
    """In order of place, antecedents by number, links inherited."""
    ordered = sorted(found, key=lambda m: (m.start, m.end, m.kind))
    number = {id(m): i for i, m in enumerate(ordered)}
    out = []
    for mention in ordered:
        antecedent = stands_for.get(id(mention))
        while antecedent is not None and id(antecedent) in stands_for:
            antecedent = stands_for[id(antecedent)]
        if antecedent is None:
            out.append(mention)
        else:
            link = mention.link or antecedent.link
            out.append(replace(mention, antecedent=number[id(antecedent)], link=link))
    return out


_GENERAL: Final = frozenset({"公司", "本公司", "上市公司", "该公司"})
"""Forms that are looked for with or without a definition."""


class _Document:
    """One text with its companies, in order of place."""

    def __init__(self, text: str, companies: Sequence[Mention]) -> None:
        self._text = text
        self._breaks = [match.start() for match in _PARAGRAPH.finditer(text)]
        self._unnamed: list[Mention] = []
        self._companies = list(companies)
        self._starts = [m.start for m in companies]
        self._by_form: dict[str, list[Definition]] = {}
        for definition in self._define():
            self._by_form.setdefault(definition.form, []).append(definition)
        self._companies = sorted([*companies, *self._unnamed], key=lambda m: m.start)
        self._starts = [m.start for m in self._companies]
        self._headed = is_headed(text)
        self._issuer = self._find_issuer()

    # --- definitions ---

    def definitions_unnamed(self) -> list[Mention]:
        """Names that a definition follows and nobody had found."""
        return self._unnamed

    def _define(self) -> Iterator[Definition]:
        for match in _DEFINITION.finditer(self._text):
            if _PLURAL.search(match[0]):
                continue
            mention = self._ending(match.start())
            if mention is not None:
                for form in filter(None, match.groups()):
                    yield Definition(match.end(), form, mention)

    def _ending(self, place: int) -> Mention | None:
        """The company whose name ends there; one that nobody found is added."""
        last = bisect_left(self._starts, place)
        before = [m for m in self._companies[max(0, last - _NEAR) : last] if place - 2 <= m.end <= place]
        if before:
            return max(before, key=lambda m: (m.link is not None, m.end - m.start))
        start = max(0, place - 40)
        match = _NAME_BEFORE.search(self._text[start:place])
        if match is None:
            return None
        name = _LEADING.sub("", match[0])
        end = start + match.end()  # before `place` where a line ends between name and definition
        made = Mention(end - len(name), end, name, "company", 0.7)
        self._unnamed.append(made)
        return made

    def _defined(self, form: str, place: int) -> Mention | None:
        """Whom the last definition before a place gives the form."""
        definitions = self._by_form.get(form, ())
        last = bisect_right(definitions, place, key=lambda d: d.place)
        return definitions[last - 1].mention if last else None

    # --- issuer ---

    def _find_issuer(self) -> Mention | None:
        """Whose document it is: whose code or short name stands in its head, or who opens it."""
        if not self._companies:
            return None
        first = self._companies[0]
        if not self._headed:
            return first if first.start <= 1 else None
        in_head = [m for m in self._companies if m.start < HEAD_REACH]
        linked = [m for m in in_head if m.link is not None]
        titled = [m for m in in_head if TITLED.match(self._text, m.end)]
        return next(iter([*linked, *titled, *in_head]), None)

    def _head_names(self) -> Iterator[tuple[Mention, Mention]]:
        """The issuer's short name in the head of its announcement (证券简称), where nothing else says whose it is."""
        if self._headed and self._issuer is not None:
            for mention in self._companies:
                if mention.start >= HEAD_REACH:
                    return
                before = self._text[max(0, mention.start - 6) : mention.start]
                shorter = len(mention.text) < len(self._issuer.text)
                if shorter and mention.link is None and _SHORT_NAME.search(before):
                    yield mention, self._issuer

    # --- what stands for another ---

    def anaphors(self) -> Iterator[tuple[Mention, Mention]]:
        """Mentions that stand for a company, each with it."""
        for start, end, antecedent in self._occurrences():
            if not self._covered(start, end):
                yield Mention(start, end, self._text[start:end], "company", 0.8), antecedent

    def _covered(self, start: int, end: int) -> bool:
        """Whether a company's own name holds these characters, or a definition's quotes do."""
        place = bisect_left(self._starts, end)
        near = self._companies[max(0, place - _NEAR) : place]
        quoted = (
            self._text[start - 1 : start] in "“\"「『‘'" and self._text[end : end + 1] in "”\"」』’'"
            if start
            else False
        )
        return quoted or any(m.start < end and start < m.end for m in near)

    def _occurrences(self) -> Iterator[tuple[int, int, Mention]]:
        for match in _BARE.finditer(self._text):
            antecedent = (
                None
                if _SOURCE.search(self._text[max(0, match.start() - 20) : match.start()])
                else self._meant(match)
            )
            if antecedent is not None:
                yield match.start(), match.end(), antecedent
        for start, form in self._forms():
            defined = self._defined(form, start)
            if defined is not None and not self._goes_on(start, start + len(form)):
                yield start, start + len(form), defined

    def _forms(self) -> Iterator[tuple[int, str]]:
        """Where the forms that definitions give stand in the text, whatever their number in one pass."""
        forms = self._by_form.keys() - _GENERAL
        sizes: dict[str, set[int]] = {}
        for form in forms:
            sizes.setdefault(form[0], set()).add(len(form))
        if not sizes:
            return
        for match in re.finditer(f"[{re.escape(''.join(sorted(sizes)))}]", self._text):
            start = match.start()
            for size in sorted(sizes[match[0]]):
                if (form := self._text[start : start + size]) in forms:
                    yield start, form

    def _goes_on(self, start: int, end: int) -> bool:
        """Whether a defined form is a part of a longer name there."""
        text = self._text
        return (
            bool(linking_rules().continued.match(text, end))
            or text[start - 1 : start + 1] in linking_rules().words_across
        )

    def _meant(self, match: re.Match[str]) -> Mention | None:
        kind, place = match.lastgroup, match.start()
        if kind == "that":
            return self._last(place)
        defined = self._defined(match[0], place) or (
            self._defined("公司", place) if kind in ("own", "first", "bare") else None
        )
        defined = defined or (self._defined("本公司", place) if kind in ("own", "first", "bare") else None)
        if kind == "listed":
            general = _LISTED_IN_GENERAL.search(self._text[max(0, place - 2) : place])
            return None if general else defined
        if defined is not None or kind == "own":
            return defined or self._issuer
        return (self._issuer if self._headed else None) or self._last_subject(place) or self._issuer

    def _before(self, place: int) -> Iterator[Mention]:
        """The companies before a place, the last first; those far back are nobody's antecedent."""
        last = bisect_left(self._starts, place)
        return reversed(self._companies[max(0, last - _FAR) : last])

    def _last(self, place: int) -> Mention | None:
        """The last company named in the same paragraph, not farther back than the sentence before."""
        for mention in self._before(place):
            between = self._text[mention.end : place]
            if (
                self._apart(mention.end, place)
                or "有限公司" in between
                or sum(between.count(mark) for mark in "。！？") > 1
            ):
                return None
            if mention.end <= place:
                clause = re.split("[，。；,;\n]", self._text[place : place + 40])[0]
                return None if mention.text in clause else mention
        return None

    def _last_subject(self, place: int) -> Mention | None:
        """The last company that a clause of the same paragraph began with."""
        for mention in self._before(place):
            if self._apart(mention.start, place):
                return None
            if mention.end <= place and self._subject(mention) and not self._done_to(mention, place):
                return mention
        return None

    def _done_to(self, mention: Mention, place: int) -> bool:
        """Whether the clause of a mention says that it does something to 公司, or is its: 乙将成为公司子公司."""
        between = self._text[mention.end : place]
        return _DONE_TO.search(between) is not None and not _CLAUSE_END.search(between)

    def _apart(self, start: int, end: int) -> bool:
        """Whether a paragraph or an item of a list begins between two places."""
        place = bisect_left(self._breaks, start + 1)
        return place < len(self._breaks) and self._breaks[place] < end

    def _subject(self, mention: Mention) -> bool:
        before = self._text[max(0, mention.start - 1) : mention.start]
        owner = self._text[max(0, mention.start - 3) : mention.start]
        if (
            _EXCHANGE.search(mention.text)
            or _NOT_A_SUBJECT.match(self._text, mention.end)
            or owner.endswith(("股东", "子公司", "孙公司", "旗下"))
        ):
            return False
        if before in "、（(" and not self._text[max(0, mention.start - 2) : mention.start - 1].isdigit():
            return not before
        return not before.isalnum() or _SAID.match(self._text, mention.end) is not None

    def shortened(self) -> Iterator[tuple[Mention, Mention]]:
        """Companies given without a link whose name begins an earlier one's, or is the short name in the head."""
        yield from self._head_names()
        names = [folded_name(company.text) for company in self._companies]
        for number, (mention, name) in enumerate(zip(self._companies, names, strict=True)):
            if mention.link is not None or mention.candidates or len(name) < 2:  # noqa: PLR2004
                continue
            first = max(0, number - _FAR)
            place = next((n for n in range(first, number) if _shortens(name, names[n])), None)
            if place is not None:
                yield mention, self._companies[place]


@lru_cache(maxsize=4096)
def _shortens(name: str, full: str) -> bool:
    """Whether a name begins a registered one, with or without the place that this begins with."""
    if len(full) <= len(name) or name not in full:
        return False
    stem = stem_of(full)
    begins = stem.startswith(name) or (
        name.startswith(stem) and full.startswith(name)
    )  # 云岭集团 of 云岭集团有限公司
    return stem != full and (begins or core_of(stem, linking_rules().places).startswith(name))
