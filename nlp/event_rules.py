"""Events by rule: triggers with their context, parties by the order of the clause, figures and dates beside them.

The patterns are data (nlp/data/events.yaml, with the table of roles); this module only applies them.
"""

from __future__ import annotations

import datetime as dt
import re
from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cache
from importlib import resources
from operator import add
from typing import Any, Final

import yaml

from nlp.folded import simplified
from nlp.found import EVENT_TYPES, Argument, Event, Mention, MentionKind, Period, Quantity
from nlp.language import is_chinese
from nlp.parties import (
    DEFINITION,
    GENERAL,
    Layout,
    Party,
    definitions,
    layout_of,
    parties_of,
    within,
    without_lead,
)
from nlp.polarity import is_polarity, polarity_of, tells

RULE: Final = "rule"
"""`Event.by` is this with the trigger's pattern, rule:pledge/质押."""
CONTEXT: Final = 12
"""Characters right before a trigger that its context is looked for in."""
WORD_REACH: Final = 14
"""Characters before a party that can hold the word which introduces it."""
AFTER_REACH: Final = 16
"""Characters after a trigger within which its object begins."""
NEAR_ANNOUNCERS: Final = 8
NAME_LENGTH: Final = 40
REPEATS: Final = 32
"""So many events back, a repeat is looked for."""
NO_SUBJECT_FACTOR: Final = 0.7
BORROWED_FACTOR: Final = 0.9
"""A subject that stands in an earlier clause or sentence, against one in the clause."""
APPOSITION: Final = (
    "(?:其|本|下属|旗下|全资|控股|参股|间接|关联|公司|子公司|孙公司|企业|关联方|控股股东|股东|自然人|交易对方|卖方|买方|"
    "独立第三方)*"
)
"""What may stand between the word that introduces a party and its name (为全资子公司甲)."""
AMOUNTS: Final = ("amount", "shares", "ratio")
"""Roles whose figure is the event's amount, the first that it has."""
UNDONE: Final = frozenset({"denied", "terminated", "hypothetical"})
"""One event that is denied says nothing of another in its sentence."""
INCIDENTAL: Final = frozenset({"date", "way", "exchange", "round", "collateral"})
"""Roles that do not tell one event from another."""
BARE: Final = 6
"""Characters between 被 and its trigger that still leave the agent unsaid (被依法裁定)."""
PASSIVE: Final = re.compile("(?:被|遭到|遭|获得|获|受到|由)(?P<agent>[^，,。；;：:]{0,40})$")
HELD_BEFORE: Final = re.compile("(?:占|持有|所持|持|增持|减持|回购)$")
SHARES_AFTER: Final = re.compile("(?:的)?(?:[AHB]股)?(?:总?股[本份票权]|已发行|\\d)")
PARENT: Final = re.compile("的?(?:(?:下属|旗下|全资|控股|参股|间接)+(?:子公司|孙公司|公司)|旗下)")
HIS: Final = re.compile("\\s*(?:获悉|得知|知悉|因|称|告知)?其(?!中|他|余|控股|子|实际|下属|全资)")
OBJECT_WORDS: Final = ("将", "把")
ASIDE: Final = frozenset("（(-与向对给从被")
OWNED: Final = re.compile(
    r"(?:[（(][^（()）]{0,14}[）)])?的?(?:合计)?(?:\d[\d.]*%|\d[\d.,]*[万亿]?股|全部股权|股[权份票]|控股权|控制权|部分股权|"
    "(?:第[一二三]|控股|大|持股\\d*%?以上)?股东|实际控制人|实控人|高管|董事|监事|一致行动人|限售股|副?总经理|副?总裁|财务总监|财务负责人|董秘|首席|行长|独立董事|CEO|CFO)"
)
UNNAMED_OWNER: Final = re.compile(
    "(?:股东|实际控制人|实控人|高管|董监高|董事长?|监事|一致行动人)[^，,。；;：:]{0,24}$"
)
OF_HOLDERS: Final = re.compile("的?股东|(?:公司)?股份的")
LAST_YEARS: Final = re.compile("同期|度?经审|末?总股本|年报|度报告")
SHARE_OF: Final = re.compile("占[^，,。；;]{0,8}$")
NOT_AMOUNT: Final = re.compile("(?:出资额|注册资本|净资产|总资产|营业收入|营收)(?:为|约|达|约为)?$")
HELD: Final = re.compile("(?<!占其)(?<!占)(?:持有(?!的)|持股|所持)(?:比例)?[^，,。；;%的占]{0,8}$")
PER_SHARE: Final = re.compile(r"/股|每股|收盘价|均价|股价|发行价|市价")
REPORTED: Final = re.compile("[日月](?:电|讯|消息|丨|\\||，)")
OF_HOLDING: Final = re.compile("(?:其|所持|持股|持有)[^，,。；;%]{0,14}$")
OF_TOTAL: Final = re.compile("(?:总股本|股份总数|总数|已发行|股本)[^，,。；;%]{0,8}$")


@dataclass(frozen=True)
class Role:
    """A part in an event: the kinds of mention that may fill it, and what its words must hold, where they must."""

    name: str
    zh: str
    kinds: frozenset[str]
    like: re.Pattern[str] | None
    unlike: re.Pattern[str] | None


@dataclass(frozen=True)
class Pattern:
    """What one entry of events.yaml declares, its expressions compiled."""

    type: str
    confidence: float
    not_before: re.Pattern[str] | None
    not_after: re.Pattern[str] | None
    needs: re.Pattern[str] | None
    avoid: re.Pattern[str] | None
    before: tuple[str, ...]
    after: tuple[str, ...]
    words: Mapping[str, tuple[str, ...]]
    tails: Mapping[str, tuple[str, ...]]
    introduces: re.Pattern[str]
    if_taken: str | None
    topic: str | None
    subject: str
    people: str | None
    figures: Mapping[str, str]
    texts: Mapping[str, re.Pattern[str]]
    needs_party: bool
    needs_people: bool
    needs_money: bool
    detail: str | None


@dataclass(frozen=True)
class Rules:
    """All of events.yaml."""

    roles: Mapping[str, Role]
    triggers: Mapping[str, tuple[str, ...]]
    patterns: Mapping[str, tuple[Pattern, ...]]
    cores: Mapping[str, tuple[int, int]]
    links: re.Pattern[str]


def _names(declared: str | list[str] | None) -> tuple[str, ...]:
    if declared is None:
        return ()
    return (declared,) if isinstance(declared, str) else tuple(declared)


def _compiled(expression: str | None, office: str, form: str = "{}") -> re.Pattern[str] | None:
    return re.compile(form.format(f"(?:{expression.replace('OFFICE', office)})")) if expression else None


def _pattern(kind: str, declared: Mapping[str, Any], office: str) -> Pattern:
    words = {word: _names(role) for word, role in declared.get("words", {}).items()}
    before = _names(declared["before"])
    after = _names(declared["after"])
    words = {**dict.fromkeys(OBJECT_WORDS, after), **words}
    longest = sorted(words, key=lambda word: (-len(word), word))
    return Pattern(
        type=kind,
        confidence=declared["confidence"],
        not_before=_compiled(declared.get("not_before"), office, "{}$"),
        not_after=_compiled(declared.get("not_after"), office),
        needs=_compiled(declared.get("needs"), office),
        avoid=_compiled(declared.get("avoid"), office),
        before=before,
        after=after,
        words=words,
        tails={word: _names(role) for word, role in declared.get("tails", {}).items()},
        introduces=re.compile(f"(?P<word>{'|'.join(map(re.escape, longest))}){APPOSITION}$"),
        if_taken=declared.get("if_taken"),
        topic=declared.get("topic"),
        subject=declared["subject"],
        people=declared.get("people"),
        figures=declared.get("figures", {}),
        texts={
            role: re.compile(expression.replace("OFFICE", office))
            for role, expression in declared.get("texts", {}).items()
        },
        needs_party=declared.get("needs_party", False),
        needs_people=declared.get("needs_people", False),
        needs_money=declared.get("needs_money", False),
        detail=declared.get("detail"),
    )


@cache
def rules() -> Rules:
    """What events.yaml declares; a type that nlp.found does not know is an error of the file."""
    declared = yaml.safe_load((resources.files("nlp") / "data" / "events.yaml").read_text("utf-8"))
    patterns: dict[str, list[Pattern]] = {}
    cores: dict[str, tuple[int, int]] = {}
    for kind, entry in declared["events"].items():
        if kind not in EVENT_TYPES:
            raise ValueError(f"events.yaml: no type of event is called {kind!r}")
        for one in entry["patterns"]:
            pattern = _pattern(kind, entry["defaults"] | one, declared["office"])
            for trigger in one["triggers"]:
                plain = trigger.replace("[", "").replace("]", "")
                patterns.setdefault(plain, []).append(pattern)
                cores[plain] = (
                    (trigger.index("["), trigger.index("]") - 1) if "[" in trigger else (0, len(plain))
                )
    by_start: dict[str, tuple[str, ...]] = {}
    for trigger in sorted(patterns, key=lambda trigger: (-len(trigger), trigger)):
        by_start[trigger[:2]] = (*by_start.get(trigger[:2], ()), trigger)
    return Rules(
        {
            name: Role(
                name,
                role["zh"],
                frozenset(role["kinds"]),
                _compiled(role.get("like"), ""),
                _compiled(role.get("unlike"), ""),
            )
            for name, role in declared["roles"].items()
        },
        by_start,
        {trigger: tuple(found) for trigger, found in patterns.items()},
        cores,
        re.compile(
            f"(?:先生|女士)?(?:{DEFINITION.pattern})?(?:、|和|及|与|以及|暨|/)(?:其|公司|时任|原|{declared['office']})*"
            "(?:下属|全资|控股|参股)*(?:子公司|孙公司|控股股东|实际控制人|一致行动人|自然人|老股东)?$"
        ),
    )


@dataclass(frozen=True)
class _Hit:
    """A trigger that its context lets stand."""

    start: int
    end: int
    text: str
    pattern: Pattern


@dataclass(frozen=True)
class _Scene:
    """A text with all that the rules look at."""

    text: str
    mentions: Sequence[Mention]
    layout: Layout
    parties: Sequence[Party]
    announcers: Sequence[Party]
    hits: Sequence[_Hit]
    published: dt.date | None


def events(text: str, mentions: Sequence[Mention], published: dt.date | None) -> list[Event]:
    """The events that a text tells, in order of their triggers; `mentions` are parties, figures and dates of the text.

    `Event.detail` is denied, terminated, rumoured, planned or standing where the words around the trigger say so, else
    what the pattern says (appointed, resigned). Denied events keep a confidence below 0.3: a reader may drop them.
    """
    if not is_chinese(text):
        return []
    read = simplified(text)
    if read == text:
        return _events(text, mentions, published)
    named = [replace(m, text=read[m.start : m.end]) for m in mentions]
    return [_as_written(text, event) for event in _events(read, named, published)]


def _as_written(text: str, event: Event) -> Event:
    """An event of a text in Traditional characters, with the words of its arguments as they stand there."""
    arguments = tuple(replace(a, text=text[a.start : a.end]) for a in event.arguments)
    return replace(event, arguments=arguments)


def _events(text: str, mentions: Sequence[Mention], published: dt.date | None) -> list[Event]:
    layout = layout_of(text)
    hits = list(_hits(text, layout))
    if not hits:
        return []
    parties, announcers = parties_of(text, mentions)
    defined = definitions(text)
    hits = [hit for hit in hits if not _in_name(hit, parties) and not within(hit.start, defined)]
    scene = _Scene(text, mentions, layout, parties, announcers, hits, published)
    found = [event for place in range(len(hits)) if (event := _event(scene, place)) is not None]
    return _without_repeats(_merged(found))


def _hits(text: str, layout: Layout) -> Iterator[_Hit]:
    known = rules()
    done = 0
    for start, trigger in _triggers(text):
        if start < done:
            continue
        end = start + len(trigger)
        done = end
        first, last = layout.segment(start)
        for pattern in known.patterns[trigger]:
            if _fits(text, (start, end), pattern, first, last) and tells(layout, start, pattern.type):
                yield _Hit(start, end, trigger, pattern)
                break


def _triggers(text: str) -> list[tuple[int, str]]:
    """Where each trigger stands, the longest of those that begin there; by their first two characters, for speed."""
    known = rules().triggers
    begun = ((n, known[pair]) for n, pair in enumerate(map(add, text, text[1:])) if pair in known)
    longest = ((n, next((t for t in triggers if text.startswith(t, n)), "")) for n, triggers in begun)
    return [(place, trigger) for place, trigger in longest if trigger]


NAME_ENDS: Final = re.compile("(?:公司|投资|集团|资本|基金|合伙|控股|中心|银行|证券|股份|）)$")


def _in_name(hit: _Hit, parties: Sequence[Party]) -> bool:
    """Whether a trigger is part of a name (华越投资)."""
    for number in range(bisect_right(parties, hit.start, key=_start) - 1, -1, -1):
        party = parties[number]
        if party.end >= hit.end:
            return NAME_ENDS.search(party.text) is not None
        if party.start < hit.start - NAME_LENGTH:
            return False
    return False


def _start(item: Party | Mention) -> int:
    return item.start


def _fits(text: str, place: tuple[int, int], pattern: Pattern, first: int, last: int) -> bool:
    """Whether what stands beside the trigger lets it stand."""
    start, end = place
    if pattern.not_after and pattern.not_after.match(text, end, last):
        return False
    before = max(start - CONTEXT, first)
    if pattern.not_before and pattern.not_before.search(text, before, start):
        return False
    if pattern.avoid and pattern.avoid.search(text, first, last):
        return False
    return pattern.needs is None or pattern.needs.search(text, first, last) is not None


def _event(scene: _Scene, place: int) -> Event | None:
    hit = scene.hits[place]
    pattern = hit.pattern
    cast = _Cast(scene, hit, scene.hits[place + 1].start if place + 1 < len(scene.hits) else len(scene.text))
    cast.fill()
    arguments = [*cast.arguments(), *_figures(scene, place)]
    arguments += _texts(scene, hit, {argument.role for argument in arguments})
    if not _complete(pattern, arguments):
        return None
    detail, factor = polarity_of(scene.layout, (hit.start, hit.end), pattern.type)
    confidence = pattern.confidence * factor * cast.factor
    start, end = scene.layout.sentence(hit.start, hit.end)
    figures = {a.role: a for a in reversed(arguments) if a.role in AMOUNTS}
    amount = next((figures[role] for role in AMOUNTS if role in figures), None)
    day = _date(scene, hit)
    return Event(
        pattern.type,
        _core(hit),
        start,
        end,
        round(confidence, 4),
        f"{RULE}:{pattern.type}/{hit.text}",
        tuple(sorted([*arguments, *([day] if day else [])], key=lambda a: (a.start, a.end, a.role))),
        _subjects(pattern, arguments),
        _quantity(scene, amount),
        _when(scene, day),
        pattern.detail if pattern.detail and detail in {None, "planned", "rumoured", "standing"} else detail,
    )


def _core(hit: _Hit) -> tuple[int, int]:
    first, last = rules().cores[hit.text]
    return hit.start + first, hit.start + last


def _complete(pattern: Pattern, arguments: Sequence[Argument]) -> bool:
    filled = {argument.role for argument in arguments}
    parties = {
        *pattern.before,
        *pattern.after,
        pattern.subject,
        *(r for w in pattern.words.values() for r in w),
    }
    if pattern.needs_party and not filled & parties:
        return False
    if pattern.needs_people and pattern.people not in filled:
        return False
    return not pattern.needs_money or "amount" in filled


def _subjects(pattern: Pattern, arguments: Sequence[Argument]) -> tuple[int, ...]:
    """Who it happened to; where they are not named, the company whose shares they are."""
    for role in (pattern.subject, pattern.topic):
        numbers = [a.mention for a in arguments if a.role == role and a.mention is not None]
        if numbers:
            break
    return tuple(dict.fromkeys(numbers))


def _quantity(scene: _Scene, amount: Argument | None) -> Quantity | None:
    if amount is None or amount.mention is None:
        return None
    return scene.mentions[amount.mention].quantity


def _when(scene: _Scene, day: Argument | None) -> Period | None:
    return scene.mentions[day.mention].period if day and day.mention is not None else None


class _Cast:
    """Who plays which part beside a trigger."""

    def __init__(self, scene: _Scene, hit: _Hit, limit: int) -> None:
        self.scene = scene
        self.hit = hit
        self.pattern = hit.pattern
        self.limit = limit
        self.factor = 1.0
        self.roles: dict[Party, str] = {}
        first, last = scene.layout.clause(hit.start)
        segment = scene.layout.segment(hit.start)
        self.announcers = scene.announcers[: bisect_left(scene.announcers, hit.start, key=_start)][
            -NEAR_ANNOUNCERS:
        ]
        self.clause = (first, last)
        self.segment = segment
        first_party = bisect_left(scene.parties, segment[0], key=_start)
        last_party = bisect_left(scene.parties, segment[1], key=_start)
        inside = scene.parties[first_party:last_party]
        self.near = [p for p in inside if p.end <= segment[1] and not self._hit(p)]
        self.left = [p for p in self.near if first <= p.start and p.end <= hit.start]
        self.right = [p for p in self.near if hit.end <= p.start and p.end <= last]

    def _hit(self, party: Party) -> bool:
        return party.start < self.hit.end and self.hit.start < party.end

    def fill(self) -> None:
        """Parties by the words that introduce them, then by their place around the trigger."""
        self._by_words()
        passive = self._passive()
        agents, patients = self.pattern.before, self.pattern.after
        self._people()
        if passive is None:
            self._before(agents)
        else:
            self._agent(passive, agents)
            self._before(patients if self._has_agent(passive) or self._bare(passive) else agents)
        self._after(patients)
        self._topic()
        if not any(role == self.pattern.subject for role in self.roles.values()):
            self.factor *= NO_SUBJECT_FACTOR

    def arguments(self) -> list[Argument]:
        """The parts taken, as arguments."""
        return [
            Argument(role, party.start, party.end, party.text, party.mention)
            for party, role in self.roles.items()
        ]

    def _fitting(self, party: Party, roles: Iterable[str]) -> str | None:
        known = rules().roles
        for name in roles:
            role = known[name]
            if party.kind not in role.kinds or (role.unlike and role.unlike.search(party.text)):
                continue
            if role.like is None or role.like.search(party.text):
                return name
        return None

    def _take(self, party: Party, roles: Iterable[str]) -> bool:
        name = self._fitting(party, roles)
        if party in self.roles or name is None:
            return False
        self.roles[party] = name
        return True

    def _by_words(self) -> None:
        last_role: tuple[Party, tuple[str, ...]] | None = None
        for party in self.near:
            if last_role and self._linked(last_role[0], party):
                self._take(party, last_role[1])
                last_role = (party, last_role[1])
                continue
            last_role = None
            found = self._introduced(party)
            if found and self._take(party, found):
                last_role = (party, found)

    def _introduced(self, party: Party) -> tuple[str, ...] | None:
        """The roles that the word right before a party gives it, where that word reaches to the trigger."""
        inside = self.clause[0] <= party.start and party.end <= self.clause[1]
        start = max(party.start - WORD_REACH, self.segment[0])
        if inside and self.hit.end <= party.start and self.pattern.tails:
            tail = self._last_linked(party).end
            for word, roles in self.pattern.tails.items():
                if self.scene.text.startswith(word, tail):
                    return roles
        found = self.pattern.introduces.search(self.scene.text, start, party.start)
        if not found:
            return None
        word = found["word"]
        opens = found.start() == self.scene.layout.clause(party.start)[0]
        far = (len(word) > 1 or opens) and self.hit.end <= party.start < self.limit
        before_trigger = inside and party.end <= self.hit.start
        after_trigger = inside and self.hit.end <= party.start < self.limit
        return self.pattern.words[word] if before_trigger or after_trigger or far else None

    def _last_linked(self, party: Party) -> Party:
        """The last of the parties that are listed with one (甲、乙和丙持有的), itself where it stands alone."""
        for other in self.right:
            if other.start >= party.end:
                if not self._linked(party, other):
                    break
                party = other
        return party

    def _linked(self, one: Party, two: Party) -> bool:
        """Whether only 、 or 和 stands between two parties."""
        return rules().links.fullmatch(self.scene.text, one.end, two.start) is not None

    def _passive(self) -> re.Match[str] | None:
        return PASSIVE.search(self.scene.text, self.clause[0], self.hit.start) or (
            PASSIVE.match(self.hit.text[:1]) if self.hit.text.startswith("被") else None
        )

    def _bare(self, passive: re.Match[str]) -> bool:
        """被收购: the passive word right at the trigger, its agent unsaid."""
        return len(passive["agent"]) <= BARE and not passive[0].startswith(("由", "获"))

    def _has_agent(self, passive: re.Match[str]) -> bool:
        return any(passive.start("agent") <= p.start for p in self.left) and passive.re.groups > 0

    def _agent(self, passive: re.Match[str], roles: tuple[str, ...]) -> None:
        if passive.string is not self.scene.text:
            return
        for party in self.left:
            if party.start >= passive.start("agent"):
                self._take(party, roles)

    def _people(self) -> None:
        """Persons in the clause of an appointment or resignation; else those in the clauses beside it."""
        role = self.pattern.people
        if not role or not self.pattern.needs_people:
            return
        persons = [p for p in (*self.left, *self.right) if p.kind == "person" and p.start < self.limit]
        if not persons:
            persons = [p for p in self.near if p.kind == "person" and p.end <= self.hit.start][-1:]
        if not persons:
            persons = [p for p in self.near if p.kind == "person" and p.start >= self.hit.end][:1]
        for party in persons:
            self._take(party, (role,))

    def _before(self, roles: tuple[str, ...]) -> None:
        """The nearest party before the trigger, with those linked to it; else an earlier one; else who announces."""
        filled = set(self.roles.values())
        if roles and roles[0] in filled and self.pattern.if_taken:
            roles = (
                ()
                if any(self._fitting(p, self.pattern.after) for p in self.right)
                else (self.pattern.if_taken,)
            )
        roles = tuple(role for role in roles if role not in filled)
        last: Party | None = None
        for party in reversed(self.left):
            if last is not None and not self._linked(party, last):
                if set(self.roles.values()) & set(roles):
                    return
                last = None
            if not self._aside(party) and self._take(party, self._own(party, roles)):
                last = party
        if last is not None and set(self.roles.values()) & set(roles):
            return
        if roles and not self._borrowed(roles):
            self._announcer(roles)

    def _aside(self, party: Party) -> bool:
        """Whether a party stands in brackets, or behind a word that makes it no subject."""
        return self.scene.text[max(party.start - 1, self.segment[0]) : party.start] in ASIDE

    def _owned(self, party: Party) -> bool:
        """X控股股东, X3%股权: the company is whose shares they are."""
        return OWNED.match(self.scene.text, party.end) is not None

    def _own(self, party: Party, roles: tuple[str, ...]) -> tuple[str, ...]:
        if self._possessed(party):
            topic = self.pattern.topic
            return (topic,) if topic and topic not in self.roles.values() else ()
        owned = self._owned(party) or (
            (party is self.left[-1] if self.left else False) and self._owner_after(party)
        )
        return (self.pattern.topic,) if self.pattern.topic and owned else roles

    def _owner_after(self, party: Party) -> bool:
        """Whether a shareholder without a name stands between a party and the trigger (甲公司关于股东减持)."""
        return (
            party.end <= self.hit.start
            and UNNAMED_OWNER.search(self.scene.text, party.end, self.hit.start) is not None
        )

    def _borrowed(self, roles: tuple[str, ...]) -> bool:
        """The first party of the nearest earlier clause of the segment that has one."""
        earlier = [
            p
            for p in self.near
            if p.end <= self.clause[0]
            and self._fitting(p, roles)
            and p not in self.roles
            and not self._aside(p)
            and not self._possessed(p)
        ]
        if not earlier:
            return False
        first, _ = self.scene.layout.clause(earlier[-1].start)
        clause = [p for p in earlier if p.start >= first]
        party = earlier[-1] if self._his() else next((p for p in clause if not self._parent(p)), clause[0])
        self.factor *= BORROWED_FACTOR
        topic = self.pattern.topic
        if topic and (
            self._owned(party)
            or self._unnamed_owner()
            or any(party.text == other.text for other in self.announcers)
        ):
            return self._take(party, (topic,))
        return self._take(party, roles)

    def _possessed(self, party: Party) -> bool:
        """持有X股份, 占X总股本: the company is whose shares they are, nobody who acts."""
        text, start = self.scene.text, party.start
        return (
            HELD_BEFORE.search(text, max(start - WORD_REACH, self.segment[0]), start) is not None
            and SHARES_AFTER.match(text, party.end) is not None
        )

    def _parent(self, party: Party) -> bool:
        """X全资子公司Y: X is whose subsidiary it is."""
        return PARENT.match(self.scene.text, party.end) is not None

    def _his(self) -> bool:
        """Whether the clause goes on with 其: who was named last did it (公司接到甲的通知，获悉其将所持股份质押)."""
        return HIS.match(self.scene.text, self.clause[0], self.hit.start) is not None

    def _unnamed_owner(self) -> bool:
        """Whether the clause has a shareholder without a name (控股股东质押): the party before is the company."""
        return (
            not self.left
            and UNNAMED_OWNER.search(self.scene.text, self.clause[0], self.hit.start) is not None
        )

    def _announcer(self, roles: tuple[str, ...]) -> None:
        for party in reversed(self.announcers):
            topic = self.pattern.topic
            if party.start < self.hit.start and self._take(party, (topic,) if topic else roles):
                self.factor *= BORROWED_FACTOR
                return

    def _after(self, roles: tuple[str, ...]) -> None:
        filled = set(self.roles.values())
        roles = tuple(role for role in roles if role not in filled)
        last: Party | None = None
        reach = self.hit.end + AFTER_REACH
        for party in self.right:
            if party in self.roles:
                reach = (
                    party.end + AFTER_REACH
                )  # 收购甲、乙合计持有的丙: what is bought stands behind who sells
            if last is None and not self.hit.end <= party.start <= reach:
                continue
            if last is not None and not self._linked(last, party):
                break
            if self._take(party, self._own(party, roles)):
                last = party

    def _topic(self) -> None:
        """The company whose shares they are: who announces, where that is no party already."""
        role = self.pattern.topic
        if not role or role in self.roles.values():
            return
        names = {party.text for party in self.roles}
        for party in reversed(self.announcers):
            if party.start < self.hit.start and party.text not in names:
                self._take(party, (role,))
                return
        if self.pattern.needs_people:
            earlier = [p for p in self.near if p.end <= self.clause[0] and self._fitting(p, (role,))]
            if earlier and self._take(earlier[-1], (role,)):
                self.factor *= BORROWED_FACTOR


def _figures(scene: _Scene, place: int) -> Iterator[Argument]:
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
    for number in range(bisect_left(mentions, first, key=_start), len(mentions)):
        if mentions[number].start >= last:
            return
        if mentions[number].end <= last:
            yield number, mentions[number]


def _in_order(
    mentions: Sequence[Mention], hit: _Hit, bounds: tuple[int, int, int, int]
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


def _traded(text: str, mention: Mention, hit: _Hit) -> bool:
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


def _texts(scene: _Scene, hit: _Hit, filled: set[str]) -> Iterator[Argument]:
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


def _date(scene: _Scene, hit: _Hit) -> Argument | None:
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


def _merged(found: Sequence[Event]) -> list[Event]:
    """Events of one type, sentence and subject, told twice there, are one, with all arguments."""
    merged: list[Event] = []
    for event in found:
        place = next(
            (n for n in range(max(len(merged) - REPEATS, 0), len(merged)) if _same(merged[n], event)), None
        )
        if place is None:
            merged.append(event)
        else:
            merged[place] = _union(merged[place], event)
    return merged


def _values(event: Event, role: str) -> set[str]:
    return {argument.text for argument in event.arguments if argument.role == role}


def _same(one: Event, two: Event) -> bool:
    if (one.type, one.start, one.end) != (two.type, two.start, two.end):
        return False
    if one.detail != two.detail and (
        {one.detail, two.detail} & UNDONE or not (is_polarity(one.detail) and is_polarity(two.detail))
    ):
        return False
    roles = {a.role for a in (*one.arguments, *two.arguments)} - INCIDENTAL
    pairs = ((_values(one, role), _values(two, role)) for role in roles)
    return all(not a or not b or a & b for a, b in pairs)


def _union(one: Event, two: Event) -> Event:
    fuller, other = (two, one) if len(two.arguments) > len(one.arguments) else (one, two)
    known = {(a.role, a.text) for a in fuller.arguments}
    roles = {a.role for a in fuller.arguments}
    more = [a for a in other.arguments if (a.role, a.text) not in known and a.role not in roles]
    arguments = sorted([*fuller.arguments, *more], key=lambda a: (a.start, a.end, a.role))
    return replace(
        fuller,
        arguments=tuple(arguments),
        confidence=max(one.confidence, two.confidence),
        subjects=fuller.subjects or other.subjects,
        amount=fuller.amount or other.amount,
        date=fuller.date or other.date,
        detail=fuller.detail if fuller.detail != "standing" and other.detail != "planned" else other.detail,
    )


def _told(event: Event) -> set[tuple[str, str]]:
    return {(argument.role, argument.text) for argument in event.arguments if argument.role not in INCIDENTAL}


def _without_repeats(found: Sequence[Event]) -> list[Event]:
    """Events that say nothing which one of their type before them did not say (a title and its text) are left out."""
    kept: list[Event] = []
    for event in found:
        told = _told(event)
        earlier = [
            other
            for other in kept[-REPEATS:]
            if other.type == event.type and _compatible(other.detail, event.detail)
        ]
        again = next((other for other in earlier if _left_already(event, other)), None)
        if again is not None:
            kept[kept.index(again)] = _union(again, event)
        elif not told or not any(told <= _told(other) for other in earlier):
            kept.append(event)
    return kept


def _left_already(event: Event, other: Event) -> bool:
    """辞职: whether both tell of one person's leaving, of which the text may name each office apart."""
    return (
        event.detail == other.detail == "resigned"
        and bool(_values(event, "person"))
        and _values(event, "person") == _values(other, "person")
        and not _companies_differ(event, other)
    )


def _companies_differ(one: Event, other: Event) -> bool:
    """Whether two events name two companies, 公司 and the like aside."""
    names = [_values(event, "company") - GENERAL for event in (one, other)]
    return all(names) and names[0].isdisjoint(names[1])


def _compatible(one: str | None, two: str | None) -> bool:
    return one == two or {one, two} <= {None, "planned", "standing"}
