"""A text in the normal form of `graph.names`, character by character, with the way back to the text as given."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from typing import Final

from graph import names


class _Forms(dict[int, str]):
    """For `str.translate`: what each character becomes; white space becomes a space, a line's end stays."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        if character.isspace():
            form = "\n" if character in "\n\r\v\f\x85\u2028\u2029" else " "
        else:
            form = names.normal_form(character)
        self[code] = form
        return form


@cache
def forms() -> _Forms:
    """The normal form of every character met so far."""
    return _Forms()


def folded_name(name: str) -> str:
    """What `names.normal_form` gives, faster for the names that a table by character settles."""
    form = name.translate(forms())
    return form if form.isascii() is False and " " not in form else names.normal_form(name)


class _Simplified(dict[int, str]):
    """For `str.translate`: Traditional forms of one character as the Simplified one; all else as it is."""

    def __missing__(self, code: int) -> str:
        character = chr(code)
        form = forms()[code] if HAN[0] <= character <= HAN[1] else character
        self[code] = form if len(form) == 1 else character
        return self[code]


HAN: Final = ("\u4e00", "\u9fff")


@cache
def _simplified_forms() -> _Simplified:
    return _Simplified()


def simplified(text: str) -> str:
    """The text in Simplified characters; every character keeps its place."""
    return text.translate(_simplified_forms())


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` in normal form; its character i stands for characters `starts[i]` to `ends[i]` of the original.

    Idle spaces (贵州 茅台) and invisible characters are gone; lines stay apart. Marks that combine over several
    characters of the original are not composed.
    """

    text: str
    starts: Sequence[int]
    ends: Sequence[int]

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The characters of the original that the folded ones stand for; `start` < `end`."""
        return self.starts[start], self.ends[end - 1]

    def place(self, start: int, end: int) -> tuple[int, int]:
        """The folded characters that come of `start` to `end` of the original; may be none."""
        first = _first_at_least(self.ends, start + 1)
        last = _first_at_least(self.starts, end)
        return first, max(first, last)


def _first_at_least(values: Sequence[int], wanted: int) -> int:
    low, high = 0, len(values)
    while low < high:
        middle = (low + high) // 2
        if values[middle] < wanted:
            low = middle + 1
        else:
            high = middle
    return low


def fold(text: str) -> Folded:
    """The folded form of a text of any length."""
    table = forms()
    form = text.translate(table)
    if len(form) == len(text) and " " not in form and all(map(len, map(table.__getitem__, map(ord, text)))):
        return Folded(form, range(len(text)), range(1, len(text) + 1))
    pieces: list[str] = []
    starts: list[int] = []
    for place, character in enumerate(text):
        piece = table[ord(character)]
        pieces.append(piece)
        starts.extend([place] * len(piece))
    return _without_idle_spaces("".join(pieces), starts)


def _without_idle_spaces(form: str, starts: list[int]) -> Folded:
    kept: list[int] = []
    for place, character in enumerate(form):
        if character == " " and not (kept and _of_a_word(form[kept[-1]]) and _word_follows(form, place)):
            continue
        kept.append(place)
    begun = [starts[place] for place in kept]
    return Folded("".join(form[place] for place in kept), begun, [start + 1 for start in begun])


def _of_a_word(character: str) -> bool:
    """Whether a space beside it means something: a letter or digit of an alphabet."""
    return character.isalnum() and character < "\u2e80"


def _word_follows(form: str, place: int) -> bool:
    following = form[place + 1 : place + 2]
    return bool(following) and _of_a_word(following)
