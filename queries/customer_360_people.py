"""决策人: who decides for a company, who of the staff knows them, and the ways in."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from graph.view import View
from graph.view_types import RecordRef
from queries.controllers import Controllers
from queries.customer_360_lines import DeciderLine, Deciders, KnownBy, Reason
from queries.introductions import decides, introductions
from queries.sections import seniority
from queries.statements import refs, who

WAYS: Final = 3
_MOST_KNOWN: Final = 3
_CONTROLLER, _CONTACT, _OFFICER = "实际控制人", "联系人", "高管"
_CONTACT_RANK: Final = 50
_CONTROLLER_RANK: Final = -1

Position = tuple[bool, int, str, str]


@dataclass
class _Person:
    """Somebody on the way to a line: roles with their ranks, and the records that give them."""

    row: int
    decides: bool = False
    roles: list[tuple[int, str]] = field(default_factory=list)
    records: list[RecordRef] = field(default_factory=list)

    def add(self, rank: int, role: str, records: Iterable[RecordRef], *, rank_decides: bool) -> None:
        """One role more."""
        self.roles.append((rank, role))
        self.decides |= rank_decides
        self.records.extend(records)


def deciders(view: View, row: int, controlled: Controllers, limit: int) -> Deciders:
    """The people of a company, given by row: those of decision rank first, then by rank, name and id."""
    people = _people(view, row, controlled)
    ordered = sorted(people, key=lambda person: _position(view, person))
    ways = introductions(view, view.id(row), limit=WAYS).paths
    return Deciders(
        people=[_line(view, person) for person in ordered[:limit]],
        total=len(people),
        ways_in=ways,
        unknown=list(_unknown(known=bool(people), reached=bool(ways))),
    )


def _unknown(*, known: bool, reached: bool) -> Iterator[Reason]:
    if not known:
        text = "没有高管、控制人或联系人资料"
        yield Reason(code="no_people", text=text, text_en="no officer, controller or contact is on record")
    elif not reached:
        text = "员工与决策人之间没有已知的路径"
        yield Reason(code="no_way_in", text=text, text_en="no way from staff to them is known")


def _people(view: View, row: int, controlled: Controllers) -> list[_Person]:
    found: dict[int, _Person] = {}

    def person(other: int) -> _Person:
        return found.setdefault(other, _Person(other))

    for fact in view.facts(row, "CONTROLS", "in"):
        if view.kind(fact.other) == "Person":
            person(fact.other).add(_CONTROLLER_RANK, _CONTROLLER, fact.records, rank_decides=True)
    for one in controlled.computed:
        if one.kind == "Person":
            votes = (record for step in one.chain for record in step.records)
            person(view.resolve(one.id)).add(_CONTROLLER_RANK, _CONTROLLER, votes, rank_decides=True)
    for fact in view.facts(row, "OFFICER_OF", "in"):
        office = str(fact.props.get("office") or _OFFICER)
        person(fact.other).add(seniority(office), office, fact.records, rank_decides=decides(office))
    for fact in view.facts(row, "PARTY_TO", "out"):
        if view.kind(fact.other) == "Contact":
            title = view.value(fact.other, "title")
            role = f"{_CONTACT}（{title}）" if title else _CONTACT
            person(fact.other).add(_CONTACT_RANK, role, fact.records, rank_decides=False)
    return list(found.values())


def _position(view: View, person: _Person) -> Position:
    return (
        not person.decides,
        min(rank for rank, _ in person.roles),
        view.name(person.row),
        view.id(person.row),
    )


def _line(view: View, person: _Person) -> DeciderLine:
    known = _known_by(view, person.row)
    return DeciderLine(
        **who(view, person.row),
        roles=list(dict.fromkeys(role for _, role in sorted(person.roles))),
        decides=person.decides,
        known_by=known[:_MOST_KNOWN],
        known_by_total=len(known),
        records=refs(person.records),
    )


def _known_by(view: View, row: int) -> list[KnownBy]:
    """Staff who know somebody, whichever way it is stated, the best acquainted first, then by id."""
    best: dict[int, KnownBy] = {}
    for direction in ("in", "out"):
        for fact in view.facts(row, "KNOWS", direction):
            if view.kind(fact.other) != "Employee":
                continue
            line = KnownBy(
                **who(view, fact.other), strength=fact.props.get("strength"), records=refs(fact.records)
            )
            before = best.get(fact.other)
            if before is None or (line.strength or 0.0) > (before.strength or 0.0):
                best[fact.other] = line
    return sorted(best.values(), key=lambda line: (-(line.strength or 0.0), line.id))
