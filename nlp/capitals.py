"""大写词: words of capitals alone that a model takes for companies, left out where nothing says that they are any.

A name that the graph knows is linked, or has candidates, before this is asked, and stays.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from pydantic import BaseModel, ConfigDict

from graph.names import looks_like_company
from nlp.declared import declared
from nlp.found import Mention

_KINDS: Final = frozenset({"company", "organisation", "brand"})
_NAMES: Final = frozenset({"company", "person", "organisation", "government"})
_CAPITALS: Final = re.compile(r"[A-Z][A-Z0-9]*(?:[&.\- ][A-Z0-9]+)*")
_NUMBERED: Final = re.compile(r"[\d.\-]+[A-Z]?$")
_AROUND: Final = "【】（）()《》“”\"' "
_SIDE: Final = 14
_SURE: Final = 0.7
"""A model this sure is believed of a word that is no term, whatever stands beside it."""
_HEADING: Final = re.compile(r"[：:]")
_LIST: Final = re.compile(r"[、，,/和与及\s]{1,2}")


class _Declared(BaseModel):
    """The file as it is: lists of words separated by space."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    after: str
    before: str
    bodies: str
    terms: str


@dataclass(frozen=True)
class _Rules:
    after: re.Pattern[str]
    before: re.Pattern[str]
    terms: frozenset[str]


def _any(words: str) -> str:
    return "|".join(map(re.escape, sorted(words.split(), key=len, reverse=True)))


@cache
def _rules() -> _Rules:
    """What `data/capitals.yaml` declares. Raises DataError."""
    words = declared("capitals.yaml", _Declared)
    return _Rules(
        after=re.compile(rf"[）)】\s]*(?:{_any(words.after)})"),
        before=re.compile(rf"(?:(?:{_any(words.before)})|(?:{_any(words.bodies)})[（(]\s*)$"),
        terms=frozenset(words.terms.split()),
    )


def without_terms(text: str, mentions: Sequence[Mention]) -> list[Mention]:
    """The mentions, but for words of capitals that neither graph nor text nor a sure model says to be somebody.

    A word that the text shows to be somebody in one place is so in every place.
    """
    doubtful = [mention for mention in mentions if _is_doubtful(mention)]
    if not doubtful:
        return list(mentions)
    clear = {id(m) for m in mentions if m.kind in _NAMES} - {id(m) for m in doubtful}
    edges = _edges(m for m in mentions if id(m) in clear)
    shown = {
        _word(m)
        for m in doubtful
        if not _is_term(_word(m)) and (m.confidence >= _SURE or _is_shown(text, m, edges))
    }
    dropped = {id(m) for m in doubtful if _word(m) not in shown}
    return [mention for mention in mentions if id(mention) not in dropped]


def _word(mention: Mention) -> str:
    return mention.text.strip(_AROUND)


def _is_doubtful(mention: Mention) -> bool:
    if mention.kind not in _KINDS or mention.link is not None or mention.candidates:
        return False
    word = _word(mention)
    return len(word) > 1 and _CAPITALS.fullmatch(word) is not None and not looks_like_company(word)


def _is_term(word: str) -> bool:
    """Whether it is a term, or the number of a model of one (HBM4E, DDR5)."""
    terms = _rules().terms
    return word in terms or _NUMBERED.sub("", word) in terms


def _edges(mentions: Iterable[Mention]) -> frozenset[int]:
    """Where names begin and end."""
    return frozenset(place for mention in mentions for place in (mention.start, mention.end))


def _is_shown(text: str, mention: Mention, edges: frozenset[int]) -> bool:
    """Whether the words beside a mention say that it is somebody, or it is listed with somebody."""
    rules, before = _rules(), text[max(mention.start - _SIDE, 0) : mention.start]
    if rules.after.match(text, mention.end) or rules.before.search(before):
        return True
    if _HEADING.match(text, mention.end) and (mention.start == 0 or before[-1:] in "\n【"):
        return True
    after = _LIST.match(text, mention.end)
    return (after is not None and after.end() in edges) or any(
        place in edges and _LIST.fullmatch(text, place, mention.start)
        for place in range(mention.start - 2, mention.start)
    )
