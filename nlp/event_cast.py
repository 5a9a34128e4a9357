"""Who plays which part beside a trigger: by the words that introduce a party, then by its place in the clause."""

from __future__ import annotations

import re
from bisect import bisect_left
from collections.abc import Iterable
from typing import Final

from nlp.event_patterns import rules
from nlp.event_scene import Hit, Scene, start_of
from nlp.found import Argument
from nlp.parties import Party

WORD_REACH: Final = 14
"""Characters before a party that can hold the word which introduces it."""
AFTER_REACH: Final = 16
"""Characters after a trigger within which its object begins."""
NEAR_ANNOUNCERS: Final = 8
NO_SUBJECT_FACTOR: Final = 0.7
BORROWED_FACTOR: Final = 0.9
"""A subject that stands in an earlier clause or sentence, against one in the clause."""
BARE: Final = 6
"""Characters between 被 and its trigger that still leave the agent unsaid (被依法裁定)."""
PASSIVE: Final = re.compile("(?:被|遭到|遭|获得|获|受到|由)(?P<agent>[^，,。；;：:]{0,40})$")
HELD_BEFORE: Final = re.compile("(?:占|持有|所持|持|增持|减持|回购)$")
SHARES_AFTER: Final = re.compile("(?:的)?(?:[AHB]股)?(?:总?股[本份票权]|已发行|\\d)")
PARENT: Final = re.compile("的?(?:(?:下属|旗下|全资|控股|参股|间接)+(?:子公司|孙公司|公司)|旗下)")
HIS: Final = re.compile("\\s*(?:获悉|得知|知悉|因|称|告知)?其(?!中|他|余|控股|子|实际|下属|全资)")
ASIDE: Final = frozenset("（(-与向对给从被")
OWNED: Final = re.compile(
    r"(?:[（(][^（()）]{0,14}[）)])?的?(?:合计)?(?:\d[\d.]*%|\d[\d.,]*[万亿]?股|全部股权|股[权份票]|控股权|控制权|部分股权|"
    "(?:第[一二三]|控股|大|持股\\d*%?以上)?股东|实际控制人|实控人|高管|董事|监事|一致行动人|限售股|副?总经理|副?总裁|财务总监|财务负责人|董秘|首席|行长|独立董事|CEO|CFO)"
)
UNNAMED_OWNER: Final = re.compile(
    "(?:股东|实际控制人|实控人|高管|董监高|董事长?|监事|一致行动人)[^，,。；;：:]{0,24}$"
)


class Cast:
    """Who plays which part beside a trigger."""

    def __init__(self, scene: Scene, hit: Hit, limit: int) -> None:
        self.scene = scene
        self.hit = hit
        self.pattern = hit.pattern
        self.limit = limit
        self.factor = 1.0
        self.roles: dict[Party, str] = {}
        first, last = scene.layout.clause(hit.start)
        segment = scene.layout.segment(hit.start)
        self.announcers = scene.announcers[: bisect_left(scene.announcers, hit.start, key=start_of)][
            -NEAR_ANNOUNCERS:
        ]
        self.clause = (first, last)
        self.segment = segment
        first_party = bisect_left(scene.parties, segment[0], key=start_of)
        last_party = bisect_left(scene.parties, segment[1], key=start_of)
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
