"""变化: what changed at a company between two days: holders, officers, controllers, owners through all layers."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Annotated, Any, Final, Literal, TypeVar

from pydantic import Field

from graph.errors import InvalidInput, NotFound
from graph.view import Fact, View
from graph.view_types import RecordRef
from queries.control import Controlled, chain
from queries.controllers import STATUSES, status_of
from queries.models import Answer, Finding, Party, PartyLine, Ratio, Section
from queries.owners import Asked, LookedThrough, company_row, ratio, state_of
from queries.paging import Page, Position, cut
from queries.statements import party, refs, who

SECTIONS: Final = ("holders", "officers", "disclosed", "terminals")
"""The lists of an answer; `section` asks for one of them alone, to page through it."""

LEAST_CHANGE: Final = 1e-9
"""Shares that differ by no more than this are the same: they are sums, and nobody states one as finely."""

Change = Literal["came", "left", "changed"]
_ORDER: Final[tuple[Change, ...]] = ("came", "left", "changed")

_SHARES: Final = ("share_ratio", "share_min", "share_max", "voting_ratio", "voting_min", "voting_max")


@dataclass(slots=True, kw_only=True)
class Changed(PartyLine):
    """Somebody who came, left, or is there with another value."""

    change: Annotated[Change, Field(description=", ".join(_ORDER))]


@dataclass(slots=True, kw_only=True)
class Shares:
    """A holding as stated on one day."""

    share_ratio: Ratio = None
    share_min: Ratio = None
    share_max: Ratio = None
    voting_ratio: Ratio = None
    voting_min: Ratio = None
    voting_max: Ratio = None


@dataclass(slots=True, kw_only=True)
class HolderChange(Changed):
    """A direct holder, by class of shares; null on the day on which it held nothing."""

    share_class: str | None
    before: Shares | None
    after: Shares | None


@dataclass(slots=True, kw_only=True)
class OfficerChange(Changed):
    """A person and an office that was taken up or given up."""

    office: str | None


@dataclass(slots=True, kw_only=True)
class DisclosedChange(Changed):
    """A controller as disclosed, with the ratio disclosed with it."""

    ratio_before: Ratio
    ratio_after: Ratio


@dataclass(slots=True, kw_only=True)
class TerminalChange(Changed):
    """An owner at which look-through stops, with its share through all layers; null where it is none or unknown."""

    integrated_before: Ratio
    integrated_after: Ratio


class ControlOn(Answer):
    """Who controlled the company on one day, as computed."""

    status: str = Field(description=", ".join((*STATUSES, "not_there")))
    status_text: str
    controllers: list[Party]
    voting_ratio: Ratio = Field(description="Votes that they gather; null where nobody controls.")
    records: list[RecordRef] = Field(description="The records of the holdings that prove it.")


class ControlChange(Answer):
    """控制权变更: computed controllers on both days."""

    changed: bool = Field(description="Whether the controllers are others, or there were none and now are.")
    before: ControlOn
    after: ControlOn


class OwnedOn(Answer):
    """How far the owners of the company are known on one day."""

    state: str = Field(description="solved, overstated, circular, no_holders, not_there.")
    unknown_ratio: Ratio


class Changes(Answer):
    """What changed at a company from one day to another. Lists come by change (came, left, changed), then by id."""

    company: Party
    from_day: dt.date
    to_day: dt.date
    known_at: dt.date | None
    there_before: bool = Field(description="Whether anything is known of the company on the first day.")
    there_after: bool
    holders: Section[HolderChange]
    officers: Section[OfficerChange]
    disclosed: Section[DisclosedChange]
    control: ControlChange
    terminals: Section[TerminalChange]
    owned_before: OwnedOn
    owned_after: OwnedOn
    findings: list[Finding]


def changes(
    before: View, after: View, ref: str, *, section: str | None = None, page: Page | None = None
) -> Changes:
    """What changed at a company between the days of two Views.

    On a day on which the company is not there it has neither holders nor officers nor controllers, so all that it has
    on the other day came or left.

    Args:
        before: What the asker may see, on the first day.
        after: The same asker's, told by the same day, on the second day, which is later.
        ref: The company: an id, a code, or a name that one thing has; as on the second day, else as on the first.
        section: One list alone (`holders`, `officers`, `disclosed`, `terminals`), to page through it.
        page: How many lines of a list, and behind which cursor.

    Raises:
        NotFound: No such company on either day, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: It is no company, the second day is not later, there is no such section, or the
            cursor is not valid.
    """
    if before.as_of >= after.as_of:
        raise InvalidInput(
            "from", f"from 应早于 to / from must be before to: {before.as_of} is not before {after.as_of}"
        )
    asked = Asked.of(section, page, SECTIONS)
    return _answer(*_both(before, after, ref), asked)


def on_day(view: View, day: dt.date) -> View:
    """The same version of the graph for the same asker, told by the same day, as it was true on another day."""
    point = replace(view.viewpoint, as_of=day)
    return view.snapshot.public(point) if point.clearance == frozenset() else View(view.snapshot, point)


def _both(before: View, after: View, ref: str) -> tuple[_Day, _Day]:
    """The company on both days."""
    try:
        named = after.id(company_row(after, ref))
    except NotFound:
        named = before.id(company_row(before, ref))
    return _Day(before, _row(before, named)), _Day(after, _row(after, named))


def _row(view: View, named: str) -> int | None:
    try:
        return view.resolve(named)
    except NotFound:
        return None


Key = tuple[str, str]
"""The id of a party, and the class of what it has (shares, office)."""


@dataclass(frozen=True)
class _Day:
    """The company on one day; `row` is None where it is not there."""

    view: View
    row: int | None

    def facts(self, edge_type: str, name: str = "") -> dict[Key, Fact]:
        """Facts that end at the company, by party and class."""
        if self.row is None:
            return {}
        found = self.view.facts(self.row, edge_type, "in")
        return {(self.view.id(fact.other), str(fact.props.get(name) or "")): fact for fact in found}

    @cached_property
    def looked(self) -> LookedThrough | None:
        """The company looked through."""
        return None if self.row is None else LookedThrough.of(self.view, self.row)

    @cached_property
    def terminals(self) -> dict[Key, tuple[int, float | None]]:
        """Owners at which look-through stops: row and share."""
        if self.looked is None:
            return {}
        lines = self.looked.owners.terminals
        pairs = zip(lines.node.tolist(), lines.share.tolist(), strict=True)
        return {(self.view.id(row), ""): (row, ratio(share)) for row, share in pairs}

    def proof(self, terminal: str) -> list[RecordRef]:
        """The records of the largest chain from an owner to the company."""
        found = self.terminals.get((terminal, ""))
        if self.looked is None or found is None:
            return []
        steps, _ = self.looked.path(found[0])
        return [record for step in steps for record in step.records]

    @cached_property
    def owned(self) -> OwnedOn:
        """How far its owners are known."""
        if self.looked is None:
            return OwnedOn(state="not_there", unknown_ratio=None)
        found = self.looked.owners
        return OwnedOn(state=state_of(found), unknown_ratio=ratio(found.unknown))

    @cached_property
    def control(self) -> ControlOn:
        """Who controls it."""
        if self.row is None or self.looked is None:
            text = "当日无此公司 / the company is not there on the day"
            return ControlOn(
                status="not_there", status_text=text, controllers=[], voting_ratio=None, records=[]
            )
        found = Controlled.of(self.view, self.row)
        status, _ = status_of(found, self.looked)
        return ControlOn(
            status=status,
            status_text=str(STATUSES[status]),
            controllers=[party(self.view, row) for row in found.controllers],
            voting_ratio=ratio(found.gathered) if found.controllers else None,
            records=refs(record for link in chain(found) for record in link.records),
        )


def _answer(before: _Day, after: _Day, asked: Asked) -> Changes:
    shown = after if after.row is not None else before
    assert shown.row is not None  # noqa: S101  # it was found on one of the days
    pages = _Pages(asked, (shown.view.id(shown.row), str(before.view.as_of), str(after.view.as_of)))
    return Changes(
        company=party(shown.view, shown.row),
        from_day=before.view.as_of,
        to_day=after.view.as_of,
        known_at=after.view.known_at,
        there_before=before.row is not None,
        there_after=after.row is not None,
        holders=pages.of("holders", list(_holders(before, after))),
        officers=pages.of("officers", list(_officers(before, after))),
        disclosed=pages.of("disclosed", list(_disclosed(before, after))),
        control=_control(before.control, after.control),
        terminals=_proven(before, after, pages.of("terminals", list(_terminals(before, after)))),
        owned_before=before.owned,
        owned_after=after.owned,
        findings=list(_findings(before, after)),
    )


# --- lists -----------------------------------------------------------------------------------------------------------

C = TypeVar("C", bound=Changed)
F = TypeVar("F")


@dataclass(frozen=True)
class _Pages:
    """Which list is wanted, and which page of it."""

    asked: Asked
    question: tuple[str, ...]

    def of(self, section: str, lines: list[C]) -> Section[C]:
        """One page of a list; none of its lines where another list was asked for."""
        lines.sort(key=_position)
        if not self.asked.wants(section):
            return Section[C](lines=[], total=len(lines), next=None)
        shown, after = cut(lines, self.asked.page, _position, "changes", *self.question, section)
        return Section[C](lines=list(shown), total=len(lines), next=after)


def _position(line: Changed) -> Position:
    word = getattr(line, "share_class", None) or getattr(line, "office", None) or ""
    return _ORDER.index(line.change), line.id, word


def _compared(before: Mapping[Key, F], after: Mapping[Key, F]) -> Iterator[tuple[Key, F | None, F | None]]:
    """Each party and class with what it has on either day."""
    for key in (*after, *(key for key in before if key not in after)):
        yield key, before.get(key), after.get(key)


def _line(
    days: tuple[_Day, _Day], rows: tuple[int | None, int | None], records: Sequence[RecordRef]
) -> dict[str, Any]:
    """The fields of any line: whom it is about, and whether it came or left."""
    (before, after), (old, new) = days, rows
    named = who(after.view, new) if new is not None else who(before.view, old) if old is not None else {}
    change: Change = "came" if old is None else "left" if new is None else "changed"
    return {**named, "change": change, "records": refs(records)}


def _of_facts(before: _Day, after: _Day, old: Fact | None, new: Fact | None) -> dict[str, Any]:
    rows = (old.other if old else None, new.other if new else None)
    records = [record for fact in (new, old) if fact for record in fact.records]
    return _line((before, after), rows, records)


def _holders(before: _Day, after: _Day) -> Iterator[HolderChange]:
    was, now = before.facts("HOLDS", "share_class"), after.facts("HOLDS", "share_class")
    for (_, word), old, new in _compared(was, now):
        had, has = _shares(old), _shares(new)
        if had != has:
            yield HolderChange(
                **_of_facts(before, after, old, new), share_class=word or None, before=had, after=has
            )


def _shares(fact: Fact | None) -> Shares | None:
    return None if fact is None else Shares(**{name: fact.props.get(name) for name in _SHARES})


def _officers(before: _Day, after: _Day) -> Iterator[OfficerChange]:
    was, now = before.facts("OFFICER_OF", "office"), after.facts("OFFICER_OF", "office")
    for (_, word), old, new in _compared(was, now):
        if old is None or new is None:
            yield OfficerChange(**_of_facts(before, after, old, new), office=word or None)


def _disclosed(before: _Day, after: _Day) -> Iterator[DisclosedChange]:
    for _, old, new in _compared(before.facts("CONTROLS"), after.facts("CONTROLS")):
        had, has = (fact.props.get("ratio") if fact else None for fact in (old, new))
        if old is None or new is None or had != has:
            yield DisclosedChange(**_of_facts(before, after, old, new), ratio_before=had, ratio_after=has)


def _terminals(before: _Day, after: _Day) -> Iterator[TerminalChange]:
    """Owners that came, left or have another share; without records, which are costly to find."""
    for _, old, new in _compared(before.terminals, after.terminals):
        had, has = old[1] if old else None, new[1] if new else None
        if old is None or new is None or not _same(had, has):
            rows = (old[0] if old else None, new[0] if new else None)
            yield TerminalChange(
                **_line((before, after), rows, []), integrated_before=had, integrated_after=has
            )


def _proven(before: _Day, after: _Day, lines: Section[TerminalChange]) -> Section[TerminalChange]:
    """The lines of a page with the records of the largest chain on either day."""
    shown = [
        replace(line, records=refs([*after.proof(line.id), *before.proof(line.id)])) for line in lines.lines
    ]
    return Section[TerminalChange](lines=shown, total=lines.total, next=lines.next)


def _same(one: float | None, other: float | None) -> bool:
    if one is None or other is None:
        return one is other
    return abs(one - other) <= LEAST_CHANGE


# --- control ---------------------------------------------------------------------------------------------------------


def _control(before: ControlOn, after: ControlOn) -> ControlChange:
    was, now = ({one.id for one in day.controllers} for day in (before, after))
    return ControlChange(changed=was != now, before=before, after=after)


def _findings(before: _Day, after: _Day) -> Iterator[Finding]:
    for day in (before, after):
        if day.row is None:
            text = f"{day.view.as_of} 无此公司 / the company is not there on {day.view.as_of}"
            yield Finding(code="not_there", message=text, records=[])
