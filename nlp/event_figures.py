"""Figures, words and dates beside a trigger, each in its role."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterator, Mapping, Sequence
from typing import Final

from nlp.event_scene import Hit, Scene, start_of
from nlp.found import Argument, Mention, MentionKind
from nlp.parties import without_lead

OF_HOLDERS: Final = re.compile("的?股东|(?:公司)?股份的")
LAST_YEARS: Final = re.compile("同期|度?经审|末?总股本|年报|度报告")
SHARE_OF: Final = re.compile("占[^，,。；;]{0,8}$")
NOT_AMOUNT: Final = re.compile("(?:出资额|注册资本|净资产|总资产|营业收入|营收)(?:为|约|达|约为)?$")
HELD: Final = re.compile("(?<!占其)(?<!占)(?:持有(?!的)|持股|所持)(?:比例)?[^，,。；;%的占]{0,8}$")
PER_SHARE: Final = re.compile(r"/股|每股|收盘价|均价|股价|发行价|市价")
REPORTED: Final = re.compile("[日月](?:电|讯|消息|丨|\\||，)")
OF_HOLDING: Final = re.compile("(?:其|所持|持股|持有)[^，,。；;%]{0,14}$")
OF_TOTAL: Final = re.compile("(?:总股本|股份总数|总数|已发行|股本)[^，,。；;%]{0,8}$")


def figures(scene: Scene, place: int) -> Iterator[Argument]:
    """The figures beside a trigger: of its clause, of the clauses that follow, else of the clause before."""
    hit = scene.hits[place]
    roles = hit.pattern.figures
    first, last = scene.layout.clause(hit.start)
    segment_first, segment_last = scene.layout.segment(hit.start)
    limit = segment_last
    for later in scene.hits[place + 1 :]:
        if later.start >= last:
            limit = min(limit, scene.layout.clause(later.start)[0])
            break
    earliest = max(segment_first, scene.layout.clause(max(first - 2, segment_first))[0])
    if place and scene.hits[place - 1].end > earliest:
        earliest = max(earliest, min(scene.hits[place - 1].end, first))
    done: set[str] = set()
    for number, mention in _in_order(scene.mentions, hit, (earliest, first, last, limit)):
        role = _figure_role(scene.text, mention, roles, traded=_traded(scene.text, mention, hit))
        if role and role not in done:
            done.add(role)
            yield Argument(role, mention.start, mention.end, mention.text, number)


def _between(mentions: Sequence[Mention], first: int, last: int) -> Iterator[tuple[int, Mention]]:
    """Mentions, which stand in order, between two places, with their numbers."""
    for number in range(bisect_left(mentions, first, key=start_of), len(mentions)):
        if mentions[number].start >= last:
            return
        if mentions[number].end <= last:
            yield number, mentions[number]


def _in_order(
    mentions: Sequence[Mention], hit: Hit, bounds: tuple[int, int, int, int]
) -> list[tuple[int, Mention]]:
    """Figures with their numbers: after the trigger in its clause, before it there, in later clauses, in earlier."""
    earliest, first, last, limit = bounds

    def rank(mention: Mention) -> tuple[int, int]:
        if hit.end <= mention.start < last:
            return 0, mention.start
        if first <= mention.start < hit.start:
            return 1, -mention.start
        return (2, mention.start) if mention.start >= last else (3, -mention.start)

    near = [
        (number, mention)
        for number, mention in _between(mentions, earliest, limit)
        if mention.kind in FIGURES
    ]
    return sorted(near, key=lambda pair: rank(pair[1]))


PARTY_ROLES: Final = frozenset({"company", "target"})
FIGURES: Final[frozenset[MentionKind]] = frozenset({"money", "shares", "ratio"})


TRADED: Final = re.compile(
    "(?:[^，,。；;的]{0,6}股[份票]?|股[份票权])?(?:已?[于在][\\d年月日]{2,11})?(?:办理(?:了)?)?"
)
"""所持公司1,000万股(股份办理了)解除质押: between the figure and the trade."""


def _traded(text: str, mention: Mention, hit: Hit) -> bool:
    """Whether the trade follows a figure at once: all that is held of is what is traded."""
    return mention.kind == "shares" and TRADED.fullmatch(text, mention.end, hit.start) is not None


def _figure_role(text: str, mention: Mention, roles: Mapping[str, str], *, traded: bool) -> str | None:
    """The role of a figure: a sum a share is a price; a ratio says of what it is one."""
    role = roles.get(mention.kind)
    held = HELD.search(text, max(mention.start - 12, 0), mention.start) or OF_HOLDERS.match(text, mention.end)
    if mention.kind != "money" and held and not traded:
        return None
    if mention.kind == "money" and NOT_AMOUNT.search(text, max(mention.start - 8, 0), mention.start):
        return None
    if mention.kind == "money" and (
        PER_SHARE.match(text, mention.end) or PER_SHARE.search(text, max(mention.start - 6, 0), mention.start)
    ):
        return "price" if "shares" in roles else None
    if mention.kind == "ratio" and role == "ratio":
        before = max(mention.start - 20, 0)
        if OF_TOTAL.search(text, before, mention.start):
            return "ratio_of_total"
        if OF_HOLDING.search(text, before, mention.start):
            return "ratio_of_holding"
    return role


def texts(scene: Scene, hit: Hit, filled: set[str]) -> Iterator[Argument]:
    """Roles not filled that an expression finds: the nearest hit in the clause, else in the segment."""
    for role, expression in hit.pattern.texts.items():
        if role in filled:
            continue
        first, last = scene.layout.segment(hit.start)
        found = list(expression.finditer(scene.text, first, last))
        inside = [m for m in found if scene.layout.clause(m.start()) == scene.layout.clause(hit.start)]
        nearest = min(inside or found, key=lambda m: (abs(m.start() - hit.start), m.start()), default=None)
        if nearest:
            start, end = nearest.span("name" if "name" in expression.groupindex else 0)
            if role in PARTY_ROLES:
                start = without_lead(scene.text, start, end)
            yield Argument(role, start, end, scene.text[start:end])


def date_beside(scene: Scene, hit: Hit) -> Argument | None:
    """The nearest date before the trigger in its clause, else after it there, else the nearest of its segment."""
    first, last = scene.layout.clause(hit.start)
    segment_first, segment_last = scene.layout.segment(hit.start)
    days = [
        (number, m)
        for number, m in _between(scene.mentions, segment_first, segment_last)
        if m.kind == "date"
        and not REPORTED.match(scene.text, m.end - 1)
        and not SHARE_OF.search(scene.text, max(m.start - 10, 0), m.start)
        and not LAST_YEARS.match(scene.text, m.end - (2 if m.text.endswith("同期") else 0))
    ]

    def rank(mention: Mention) -> tuple[int, int]:
        if first <= mention.start < hit.start:
            return 0, -mention.start
        return (
            (1, mention.start) if hit.start <= mention.start < last else (2, abs(mention.start - hit.start))
        )

    number, best = min(days, key=lambda pair: rank(pair[1]), default=(0, None))
    return Argument("date", best.start, best.end, best.text, number) if best else None
