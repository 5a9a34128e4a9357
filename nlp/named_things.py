"""Projects and brands, by the words around them, which the models do not know; authorities and courts, which they miss.

Of projects and brands only what is in quotation marks, or stands between a verb or 的 and its own class word, is taken:
rather too little.
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

_AUTHORITY: Final = (
    "中国证券监督管理委员会(?:[\\u4e00-\\u9fff]{2,4}监管局)?|(?:中国)?证监会|[\\u4e00-\\u9fff]{2}证监局|(?:上海|深圳|北京)证券交易所|[上深北]交所|"
    "(?:国家)?金融监督管理总局|(?:国家)?金融监管总局|中国人民银行|(?:国务院)?国资委|(?:国家)?发改委|财政部|商务部|工信部|"
    "(?:国家)?市场监(?:督管理|管)总局|[\\u4e00-\\u9fff]{2,8}?(?:市|区|县|省)(?:第[一二三四五]|高级|中级|高|中)*(?:人民法院|院)(?<=法院)"
)

_SIGNS: Final = (
    "证监", "证券监", "交所", "交易所", "监管总局", "监督管",
    "人民银行", "国资委", "发改委", "财政部", "商务部", "工信部", "法院",
)  # fmt: skip
"""A text without these names no authority: most do not, and the expression looks at every place."""

_THINGS: Final[tuple[tuple[MentionKind, re.Pattern[str]], ...]] = (
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
_PATTERNS: Final[tuple[tuple[MentionKind, re.Pattern[str]], ...]] = (
    ("government", re.compile(f"({_AUTHORITY})")),
    *_THINGS,
)


def named_things(text: str) -> Iterator[Mention]:
    """Projects (项目), brands (品牌), authorities and courts of a text, in no certain order; mentions may overlap."""
    patterns = _PATTERNS if any(sign in text for sign in _SIGNS) else _THINGS
    for kind, pattern in patterns:
        for match in pattern.finditer(text):
            yield Mention(match.start(1), match.end(1), match[1], kind, CONFIDENCE)
