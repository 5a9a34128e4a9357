"""The words of `data/linking.yaml` by which a name in a text is judged, ready to be asked."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import cache

from pydantic import BaseModel, ConfigDict

from graph.names import normal_form
from nlp.declared import declared


class _Declared(BaseModel):
    """The file as it is: lists of words separated by space."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    ambiguous_listed: str
    ambiguous: str
    places: str
    continued_by: str
    not_continued_by: str
    follows: str
    idle: str
    precedes: str
    market: str
    roles: str
    words_across: str


@dataclass(frozen=True)
class LinkingRules:
    """Sets of words, and patterns that stand right after, right before or anywhere."""

    ambiguous: frozenset[str]
    places: frozenset[str]
    words_across: frozenset[str]
    continued: re.Pattern[str]
    follows: re.Pattern[str]
    precedes: re.Pattern[str]
    idle: frozenset[str]
    market: re.Pattern[str]
    roles: re.Pattern[str]


def _any(words: str) -> str:
    """A pattern of any of the words, in the normal form that texts are judged in."""
    return "|".join(map(re.escape, sorted(map(normal_form, words.split()), key=len, reverse=True)))


@cache
def linking_rules() -> LinkingRules:
    """What ships with the package.

    Raises:
        DataError: The file is not as it must be.
    """
    words = declared("linking.yaml", _Declared)
    return LinkingRules(
        ambiguous=frozenset((words.ambiguous + " " + words.ambiguous_listed).split()),
        places=frozenset(words.places.split()),
        words_across=frozenset(words.words_across.split()),
        continued=re.compile(f"(?!{_any(words.not_continued_by)})(?:{_any(words.continued_by)})"),
        follows=re.compile(_any(words.follows)),
        precedes=re.compile(f"(?:{_any(words.precedes)})$"),
        idle=frozenset(map(normal_form, words.idle.split())),
        market=re.compile(_any(words.market)),
        roles=re.compile(_any(words.roles)),
    )
