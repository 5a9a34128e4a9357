"""Where the name of a company begins and ends in what a model took for one (控股股东甲集团有限公司, 乙创投领投)."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from functools import lru_cache
from typing import Final

from nlp.found import Mention

_COMPANIES: Final = frozenset({"company", "organisation"})
_SEAM: Final = re.compile(
    '(?:[“”"「」『』\\n，。；：]|(?<=[\u4e00-\u9fff)）]):|(?<=..)公告(?:称|显示)?(?=[，：:公]|$)'
    "|(?<=..)(?:吸收合并)?(?:下属)?(?:全资|控股)(?:子公司|孙公司)(?=..)"
    "|(?<=..)(?:中标|将(?:成为|被)|被)(?=..)|(?<=..)的?(?:控股股东|实际控制人|实控人|第一大股东)[为是]?(?=..))+[）)]?(?:公告|晚间)?(?:称|显示)?[，：:]?"
)
"""Marks that no name holds, and what announces."""
_LEAD: Final = re.compile(
    "(?:持有|新增(?:股东)?|引入|本公司|公司|其|(?:间接|第一大|第二大|原)?(?:控股股东|实际控制人|大股东)(?:暨实际控制人)?|股东|"
    "(?:下属|旗下|持股|[一二三]级)?(?:全资|控股|参股)(?:子公司|孙公司)|下属公司|被担保人|担保人|原告|被告|申请人|被申请人|债权人|交易对方|自然人|及|为)+"
    "(?=[^的]{3,})"
)
_TAIL: Final = re.compile(
    "(?<=公司)(?:关于|董事会|监事会|董事|监事|独立|全体|及|与|和|在|于|对|为|控股股东|部分|股东|的|持有|拟|将|收到).*"
    "|(?<=..)(?:联合|共同|独家)?(?:旗下|下属|领投|跟投|持有|公告|(?:吸收合并)?(?:全资|控股)(?:子|孙)公司|及其?(?:间接|一致行动人)?)$"
    "|(?<=[)）])[获拟将]$|(?:(?<=公司)|(?<=中心)|(?<=[）)]))(?:转让|减持|增持|质押|收购)(?:公司)?$"
)
_NO_NAMES: Final = re.compile(
    "拟.*|(?:部分|全部)?股[份权票]|[\\d.,%％]+|(?:本?公司|附属公司|旗下|下属|[一二三]级|全资|控股|(?:全资|控股|参股)?(?:子公司|孙公司)|(?:第?一?大|控股)?股东|集团|一致行动?人?|及|的)+"
)
_SIGNS: Final = re.compile("^[^\\w（(《*]+")
_PERSON: Final = "自然人"
_LEAST: Final = 2
"""Characters of the shortest name."""


def edged(mention: Mention) -> Iterator[Mention]:
    """The mention, a company's without the words around its name; each of several names that marks part."""
    if mention.text.startswith(_PERSON) and len(mention.text) > len(_PERSON) + 1:
        name = mention.text.removeprefix(_PERSON)
        yield replace(mention, start=mention.end - len(name), text=name, kind="person")
    elif mention.kind not in _COMPANIES:
        yield mention
    else:
        yield from _names(mention)


def _names(mention: Mention) -> Iterator[Mention]:
    for place, name in _named(mention.text):
        start = mention.start + place
        yield replace(mention, start=start, end=start + len(name), text=name)


@lru_cache(maxsize=4096)
def _named(taken: str) -> tuple[tuple[int, str], ...]:
    """The names in what was taken for one, each with where it begins; a text names a company again and again."""
    found = []
    for place, whole in _pieces(taken):
        piece = _SIGNS.sub("", whole).rstrip()
        start = place + len(whole.rstrip()) - len(piece)
        tail = _TAIL.search(piece)
        text = piece[: tail.start()] if tail else piece
        lead = _LEAD.match(text)
        if lead and len(text) - lead.end() >= _LEAST:
            start, text = start + lead.end(), text[lead.end() :]
        if len(text) >= _LEAST and not _NO_NAMES.fullmatch(text):
            found.append((start, text))
    return tuple(found)


def _pieces(text: str) -> Iterator[tuple[int, str]]:
    """The parts between seams, each with where it begins."""
    last = 0
    for seam in _SEAM.finditer(text):
        yield last, text[last : seam.start()]
        last = seam.end()
    yield last, text[last:]
