"""Lists in one cell taken apart: the investors of a deal, the offices of a person.

Chinese names hold no spaces, so a space ends one. Latin names do hold them, and a list such as
'Index Ventures Union Square Ventures 高盛' says nowhere where one ends. `split_parties` picks the most plausible
cut of each run of Latin words; `is_doubtful_party` tells which names a person should look at.
"""

import re
import unicodedata
from collections.abc import Container, Iterable, Sequence
from functools import cache
from itertools import pairwise
from typing import Final

from graph.names import LATIN_FIRM_WORDS, legal_form, normal_form
from ingest.investors import GIVEN_NAMES, INVESTORS

_OPENING: Final = "(（[［【〔{｛"
_CLOSING: Final = ")）]］】〕}｝"
_HARD_SEPARATORS: Final = frozenset("、；;|｜\n\t\r")
_SOFT_SEPARATORS: Final = frozenset(",，/／")
_LETTER: Final = re.compile(r"[^\W\d_]")
_CJK: Final = re.compile(
    r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7a3\uf900-\ufaff\U00020000-\U0003347f]"
)

_GEOGRAPHY: Final = {
    "中国": "china",
    "印度": "india",
    "日本": "japan",
    "韩国": "korea",
    "亚洲": "asia",
    "亚太": "asia",
    "美国": "us",
    "欧洲": "europe",
    "新加坡": "singapore",
    "以色列": "israel",
}
_GEOGRAPHIC_TAILS: Final = frozenset(_GEOGRAPHY.values()) | {
    "denmark", "germany", "france", "africa", "america", "usa", "uk", "global", "international", "australia",
}  # fmt: skip
_JOINING: Final = frozenset(
    {"&", "and", "of", "for", "du", "de", "der", "von", "van", "et", "y", "-", "in", "at", "+"}
)
_ARTICLES: Final = frozenset({"the", "le", "la", "les", "el"})
# a firm's word that as often qualifies the next one: 'The Venture Reality Fund', 'LG Technology Ventures'
_QUALIFIERS: Final = frozenset(
    {
        "venture", "growth", "angel", "technology", "healthcare", "media", "innovation", "equity", "network",
        "finance", "financial", "bank",
    }
)  # fmt: skip
_SELDOM_FIRST: Final = frozenset(
    {
        "ventures", "partners", "fund", "funds", "group", "holdings", "investments", "investors", "management",
        "advisors", "labs", "associates", "partnership", "inc", "ltd", "limited", "llc", "llp", "plc", "gmbh",
    }
)  # fmt: skip


# --- cutting into words ------------------------------------------------------------------------------------


def _depths(text: str) -> list[int]:
    """The depth of brackets at every character; a stray bracket opens nothing."""
    depths, depth = [], 0
    for position, character in enumerate(text):
        if character in _OPENING and any(later in _CLOSING for later in text[position:]):
            depth += 1
        depths.append(depth)
        if character in _CLOSING:
            depth = max(0, depth - 1)
    return depths


def _separates(text: str, position: int) -> bool:
    """Tell whether a comma or a slash parts two names; inside Latin ('R/GA', 'Foo, Inc.') it does not."""
    character = text[position]
    if character in _HARD_SEPARATORS:
        return True
    if character not in _SOFT_SEPARATORS:
        return False
    before, after = text[:position].rstrip(), text[position + 1 :].lstrip()
    if not before or not after or _CJK.match(before[-1]) or _CJK.match(after):
        return True
    if character in "/／":
        return text[position - 1].isspace() or text[position + 1 : position + 2].isspace()
    return not legal_form(f"x {_bare(after.split()[0])}")[1]


def _cut(text: str) -> list[str]:
    """Cut at separators outside brackets."""
    depths = _depths(text)
    cuts = [i for i, depth in enumerate(depths) if not depth and _separates(text, i)]
    ends = pairwise([-1, *cuts, len(text)])
    return [part for first, last in ends if (part := text[first + 1 : last].strip())]


def _words(text: str) -> list[str]:
    """Cut at white space outside brackets; a bracket belongs to the word before it."""
    depths = _depths(text)
    spaced = "".join(
        "\0" if character.isspace() and not depth else character
        for character, depth in zip(text, depths, strict=True)
    )
    glued = re.sub(rf"\0+(?=[{re.escape(_OPENING)}])", " ", spaced)
    return [word for word in glued.split("\0") if word]


def _outside_brackets(word: str) -> str:
    return "".join(c for c, depth in zip(word, _depths(word), strict=True) if not depth) or word


# --- Latin runs --------------------------------------------------------------------------------------------


@cache
def _known_investors() -> frozenset[str]:
    return frozenset(map(normal_form, INVESTORS))


def _is_known(name: str, known: Container[str]) -> bool:
    return name in known or normal_form(name) in known or normal_form(name) in _known_investors()


def _bare(word: str) -> str:
    return unicodedata.normalize("NFKC", _outside_brackets(word)).casefold().strip(" .,'\"")


def _is_firm_word(bare: str) -> bool:
    return bare in LATIN_FIRM_WORDS or bool(legal_form(f"x {bare}")[1])


def _is_brand(word: str) -> bool:
    """Tell whether a word looks like a whole name: BlackRock, DCM, 500startups."""
    return any(c.isupper() for c in word[1:]) or (word[:1].isdigit() and any(c.isalpha() for c in word))


class _Shape:
    """What the words of a would-be name look like."""

    def __init__(self, words: Sequence[str]) -> None:
        self.bare = [_bare(word) for word in words]
        firm = [_is_firm_word(bare) for bare in self.bare]
        tail = len(words)
        while tail > 1 and self.bare[tail - 1] in _GEOGRAPHIC_TAILS:
            tail -= 1
        chain = tail
        while chain > 1 and firm[chain - 1]:  # the first word is the name, even in 'Alliance Venture'
            chain -= 1
        self.is_firm = chain < tail
        self.stem = self.bare[:chain]
        self.inner_ends = sum(
            0.5 if self.stem[i] in _QUALIFIERS else 1.0
            for i in range(1, len(self.stem) - 1)
            if firm[i] and not firm[i + 1]
        )


def _cost(words: Sequence[str], known: Container[str]) -> float:
    """Price a would-be name of a run: low is plausible. The figures only rank cuts against each other."""
    if _is_known(" ".join(words), known):
        return 0.0
    shape = _Shape(words)
    price = _edge_price(shape.bare)
    content = [bare for bare in shape.stem if bare not in _ARTICLES and bare not in _JOINING]
    if shape.is_firm:
        price += (
            0.8
            + (1.5 if not content else 0.5 if all(map(_is_firm_word, content)) else 0.0)
            + (0.0, 0.0, 0.15, 0.4, 0.8)[min(len(content), 4)]
        )
        price += max(0, len(content) - 4) * 0.7
        price += 0.4 * _begins_with_person(words, content) + 0.3 * _ends_in_known(words, known)
    else:
        price += _plain_price(words, shape.bare)
    return price + shape.inner_ends


def _begins_with_person(words: Sequence[str], content: Sequence[str]) -> bool:
    """Tell whether 'Zohar Zisapel Amiti Ventures' begins like a person; 'Thomas H. Lee Partners' is a firm."""
    return len(content) > 2 and content[0] in GIVEN_NAMES and len(_bare(words[1])) > 1  # noqa: PLR2004 - two names


def _ends_in_known(words: Sequence[str], known: Container[str]) -> bool:
    return any(_is_known(" ".join(words[start:]), known) for start in range(1, len(words) - 1))


def _edge_price(bare: Sequence[str]) -> float:
    price = 0.0
    if bare[0] in _JOINING or bare[-1] in _JOINING or bare[-1] in _ARTICLES:
        price += 5.0
    if bare[0] in _SELDOM_FIRST and len(bare) > 1:
        price += 0.8
    if all(word.isdigit() for word in bare):
        price += 3.0
    if not _ARTICLES.isdisjoint(bare[1:]):
        price += 0.6
    return price


def _plain_price(words: Sequence[str], bare: Sequence[str]) -> float:
    """Price a name without a firm's word: one word, a person, or words that nothing tells apart."""
    content = len([word for word in bare if word not in _JOINING])
    if content <= 1 and len(words) == 1:
        return 2.0 if _is_firm_word(bare[0]) else 0.7 if _is_brand(words[0]) else 1.0
    if content == 2 and bare[0] in GIVEN_NAMES:  # noqa: PLR2004 - a given name and a surname
        return 0.6
    brands = sum(_is_brand(word) for word in words)
    return 0.6 + 0.55 * content + 0.25 * (brands == len(words)) - (0.5 if len(bare) > content else 0.0)


_LONGEST_NAME: Final = 7


def _cut_run(words: Sequence[str], known: Container[str]) -> list[str]:
    """Cut a run of Latin words into names at the least total cost; ties keep the longer first name."""
    best: list[tuple[float, int]] = [(0.0, 0)]
    for end in range(1, len(words) + 1):
        starts = range(max(0, end - _LONGEST_NAME), end)
        allowed = (
            start for start in starts if not any(_must_part(words[i : i + 2]) for i in range(start, end - 1))
        )
        best.append(
            min((round(best[start][0] + _cost(words[start:end], known), 6), start) for start in allowed)
        )
    names: list[str] = []
    end = len(words)
    while end:
        start = best[end][1]
        names.append(" ".join(words[start:end]))
        end = start
    return names[::-1]


def _must_part(pair: Sequence[str]) -> bool:
    """Tell whether a name ends between two words: Chinese or a closing bracket before, or Chinese after."""
    first, second = pair
    return bool(first[-1] in _CLOSING or _CJK.match(first[-1]) or _CJK.match(second[0]))


def _is_bilingual(latin: str, chinese: str) -> bool:
    """Tell whether two neighbours are one firm in two languages: 'Sequoia Capital China' 红杉中国."""
    if not _LETTER.search(latin) or _CJK.search(latin) or not _CJK.search(chinese):
        return False
    tail = next((name for place, name in _GEOGRAPHY.items() if chinese.endswith(place)), None)
    return tail is not None and _bare(latin.rsplit(maxsplit=1)[-1]) == tail and " " in latin


def _join_bilingual(names: list[str], known: Container[str]) -> list[str]:
    joined: list[str] = []
    for name in names:
        before = joined[-1] if joined else ""
        pair = f"{before} {name}"
        if before and (_is_bilingual(before, name) or _is_bilingual(name, before) or pair in known):
            joined[-1] = pair
        else:
            joined.append(name)
    return joined


# --- public ------------------------------------------------------------------------------------------------


def _has_latin_edge(word: str) -> bool:
    """Tell whether a word may be part of a longer Latin name: it begins or ends outside Chinese."""
    outside = _outside_brackets(word)
    return not (_CJK.match(outside[0]) and _CJK.match(outside[-1]))


def _names_of(chunk: str, known: Container[str]) -> list[str]:
    if _is_known(chunk, known):
        return [chunk]
    names: list[str] = []
    run: list[str] = []
    for word in _words(chunk):
        if _has_latin_edge(word):
            run.append(word)
            continue
        names += _cut_run(run, known)
        names.append(word)
        run = []
    return _join_bilingual(names + _cut_run(run, known), known)


def _distinct(names: Iterable[str]) -> list[str]:
    first: dict[str, str] = {}
    for name in names:
        first.setdefault(normal_form(name), name)
    return list(first.values())


def split_parties(text: str, known: Container[str] = frozenset()) -> list[str]:
    """Take a list of investors apart: '鼎珮投资集团 国投创业 Le Peigné' into its three names.

    Separators are white space, 、 , ; | and /, none of them inside brackets, and white space not inside a Latin
    name. Where Latin names follow each other, the cut with the most plausible names wins: known names first,
    then names that end in a firm's word (Accel Partners | Index Ventures), then persons by their given names.
    Words that nothing tells apart stay together: a name nobody has is harmless, half a name may be another's.

    The order of the list is kept, a name listed twice is given once, placeholders are given like any name.

    Args:
        text: the cell.
        known: names, as written or in normal form, that decide where Latin words join. The result then depends
            on them, so a loader must take them from its mapping and not from the rows it happens to read.
    """
    return _distinct(name for chunk in _cut(text) for name in _names_of(chunk, known))


def is_doubtful_party(name: str, known: Container[str] = frozenset()) -> bool:
    """Tell whether a name out of `split_parties` may be several names, or part of one."""
    words = _words(name)
    if _is_known(name, known) or (len(words) == 1 and not _is_firm_word(_bare(name))):
        return False
    if any(_CJK.search(_outside_brackets(word)) for word in words):
        return len(words) > 1
    shape = _Shape(words)
    if shape.is_firm:
        content = [bare for bare in shape.stem if bare not in _ARTICLES]
        return not content or len(content) > 2 or shape.inner_ends > 0  # noqa: PLR2004 - 'Union Square'
    return not (len(words) == 2 and shape.bare[0] in GIVEN_NAMES)  # noqa: PLR2004 - a given name and a surname


_OFFICE_SEPARATORS: Final = frozenset("/／,，、;；|｜\n")


def split_offices(text: str) -> list[str]:
    """Take a list of offices apart: '董事长/董事' and '副总经理, 财务总监' into their offices, each once."""
    depths = _depths(text)
    marked = "".join(
        "\0" if character in _OFFICE_SEPARATORS and not depth else character
        for character, depth in zip(text, depths, strict=True)
    )
    return list(dict.fromkeys(office for part in marked.split("\0") if (office := part.strip())))
