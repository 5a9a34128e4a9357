"""语种: whether a text is Chinese. The models know nothing else, and what they see in other languages is made up."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Final

LOOKED_AT: Final = 4_000
"""Characters of a text by which it is judged."""
KANA_SHARE: Final = 0.15
HAN_SHARE: Final = 0.1

_HAN: Final = re.compile("[\u3400-\u9fff]")
_KANA: Final = re.compile("[\u3041-\u30ff]")
_LETTER: Final = re.compile(r"[^\W\d_]")


def is_chinese(text: str) -> bool:
    """False for Japanese (kana among the characters) and for texts of letters with hardly a Chinese character."""
    return _is_chinese(text[:LOOKED_AT])


@lru_cache(maxsize=256)
def _is_chinese(start: str) -> bool:
    """Several steps of reading ask of one text."""
    kana, han, letters = (len(words.findall(start)) for words in (_KANA, _HAN, _LETTER))
    return kana <= KANA_SHARE * (kana + han) and han >= HAN_SHARE * letters
