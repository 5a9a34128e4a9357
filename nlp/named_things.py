"""Projects and brands, by the words around them: the models know neither.

Only what is in quotation marks, or stands between a verb or 的 and its own class word, is taken: rather too little.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Final

from nlp.found import Mention, MentionKind

CONFIDENCE: Final = 0.8

_OPEN, _CLOSE = '[“"「『《]', '[”"」』》]'
_INSIDE = '[^“”"「」『』《》\\n，。；]'
_LETTERS = "[\\u4e00-\\u9fffA-Za-z0-9（）()·#\\-]"

_PATTERNS: Final[tuple[tuple[MentionKind, re.Pattern[str]], ...]] = (
    ("project", re.compile(f"{_OPEN}({_INSIDE}{{2,40}}?(?:项目|工程|标段|生产线))(?={_CLOSE})")),
    ("project", re.compile(f"{_OPEN}({_INSIDE}{{2,40}}?)(?={_CLOSE}(?:项目|工程))")),
    (
        "project",
        re.compile(
            "(?:中标|承建|承接|投建|投资建设|签约|建设|开发|启动|实施|参与|拿下|投产)(?:了|的)?"
            f"({_LETTERS}{{4,30}}?(?:项目|工程|标段|生产线|产业园|生产基地))(?![\\u4e00-\\u9fff]{{0,2}}公司)"
        ),
    ),
    ("brand", re.compile(f"{_OPEN}({_INSIDE}{{1,16}}?)(?={_CLOSE}(?:等)?(?:系列)?品牌)")),
    ("brand", re.compile(f"品牌{_OPEN}({_INSIDE}{{1,16}}?)(?={_CLOSE})")),
    (
        "brand",
        re.compile(
            "旗下(?:的)?(?:[\\u4e00-\\u9fff]{1,4})?品牌([A-Za-z\\u4e00-\\u9fff·]{2,10}?)(?=[，,。；;、发推宣获与和在将])"
        ),
    ),
)


def named_things(text: str) -> Iterator[Mention]:
    """Projects (项目) and brands (品牌) of a text, in no certain order; they may overlap with other mentions."""
    for kind, pattern in _PATTERNS:
        for match in pattern.finditer(text):
            yield Mention(match.start(1), match.end(1), match[1], kind, CONFIDENCE)
