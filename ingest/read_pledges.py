"""质押与解除: events of pledging as pledges that the risk engine counts, each once, until the release that fits.

Several who tell of the same pledgor, company and figure within days tell one pledge. A release ends the one pledge
whose figure it repeats; a release of a part, which says how much stays pledged, leaves that of the one pledge that was
as much as both. What everyone may see is put together by itself; what is walled goes with that, or with what is behind
the same wall, and never ends or reduces a pledge for others.
"""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

from ingest.event_rows import joins
from ingest.joining import Pledges
from ingest.plan_progress import RowKey, key_of_row
from ingest.read_figures import PLEDGE, PLEDGING, figures_of
from ingest.said import Part, Row, Said, said_of
from ingest.stories import figure_of

Parties = tuple[str, str]
"""Pledgor and the company whose shares are pledged, by id."""

_COMPANY: Final = ("company", "security")
_PARTIES: Final = ("Company", "Person")
_SHARES: Final = "shares"


@dataclass(frozen=True, slots=True)
class Pledging:
    """What one document tells of a pledge or release."""

    key: RowKey
    type: str
    day: dt.date
    parties: Parties
    figures: dict[str, float]
    pledgee: str
    amount: float | None
    name: str
    listed: bool
    left: float | None = None
    """Of a release the shares that stay pledged."""

    @property
    def wall(self) -> str:
        """The compartments of the document."""
        return self.key[1]


@dataclass(slots=True)
class _Group:
    """Those who tell of one pledge, or one release, the first of them first."""

    first: Pledging
    members: list[Pledging] = field(default_factory=list)
    until: dt.date | None = None
    reduced: list[tuple[dt.date, float]] = field(default_factory=list)
    """By day, the shares that were left from then on."""

    def fits(self, told: Pledging, days: int) -> bool:
        """Whether a teller tells of it."""
        near = any(abs((told.day - member.day).days) <= days for member in self.members)
        return near and self._has(self.figures, told) and self._is_taken_by(told)

    def is_ended_by(self, release: _Group) -> bool:
        """Whether a release is of all that is pledged still."""
        told = release.first
        return self._is_open(release) and self._has(self.standing, told) and self._is_taken_by(told)

    def is_reduced_by(self, release: _Group) -> bool:
        """Whether a release is of a part: what it released and what it says is left are all that is pledged still."""
        gone, left, mine = release.figures.get(_SHARES), release.left, self.standing.get(_SHARES)
        if not gone or not left or not mine or not self._is_open(release):
            return False
        return figure_of(gone + left, _SHARES) == figure_of(mine, _SHARES) and self._is_taken_by(
            release.first
        )

    def _is_open(self, release: _Group) -> bool:
        begun = self.reduced[-1][0] if self.reduced else self.start
        return self.until is None and begun < release.start

    @staticmethod
    def _has(mine: Mapping[str, float], told: Pledging) -> bool:
        """Whether figures are those of a teller, as far as both give them."""
        common = set(mine) & set(told.figures)
        alike = all(figure_of(mine[unit], unit) == figure_of(told.figures[unit], unit) for unit in common)
        return bool(common) and alike

    def _is_taken_by(self, told: Pledging) -> bool:
        """Whether the pledgee is that of a teller, as far as both give one."""
        pledgees = {member.pledgee for member in self.members if member.pledgee}
        return not told.pledgee or not pledgees or told.pledgee in pledgees

    @property
    def figures(self) -> dict[str, float]:
        """The figures that the first teller of each gives."""
        out: dict[str, float] = {}
        for member in self.members:
            out = member.figures | out
        return out

    @property
    def standing(self) -> dict[str, float]:
        """The figures of what is pledged still."""
        return {_SHARES: self.reduced[-1][1]} if self.reduced else self.figures

    @property
    def left(self) -> float | None:
        """Of a release the shares that stay pledged, as the first who says so has it."""
        return next((member.left for member in self.members if member.left), None)

    @property
    def listed(self) -> bool:
        """Whether a feed lists it: then that is what counts, with the day on which the feed ends it."""
        return any(member.listed for member in self.members)

    @property
    def start(self) -> dt.date:
        """The first day told."""
        return min(member.day for member in self.members)

    def rows(self) -> tuple[Row, ...]:
        """The pledge with what the first teller of each part gives, and what each release of a part left of it.

        What is left is told with the pledge, not with the release: so it stands behind the pledge's wall, and goes
        with either of the two.
        """
        pledgor, company = self.first.parties
        key = "|".join(("pledge", pledgor, company, self.first.key[0]))
        parts = [(key, self.start, self.figures)]
        parts += [(f"{key}|{day}", day, {_SHARES: left}) for day, left in self.reduced]
        ends = [*(day for day, _ in self.reduced), self.until]
        return tuple(self._row(*part, end) for part, end in zip(parts, ends, strict=True))

    def _row(self, key: str, start: dt.date, figures: Mapping[str, float], end: dt.date | None) -> Row:
        pledgor, company = self.first.parties
        row = {
            "type": "Pledge",
            "id": key,
            "name": self.first.name,
            "pledgor": pledgor,
            "security": company,
            "pledgee": next((member.pledgee for member in self.members if member.pledgee), ""),
            "valid_from": start.isoformat(),
            "valid_to": end.isoformat() if end else "",
        }
        amount = next((member.amount for member in self.members if member.amount is not None), None)
        row |= {"amount": repr(amount)} if amount is not None else {}
        row |= {unit: repr(value) for unit, value in figures.items()}
        return {name: text for name, text in row.items() if text}


def pledge_rows(rows: Iterable[Row], rules: Pledges) -> dict[RowKey, tuple[Row, ...]]:
    """The pledges that the rows of events make, by row."""
    told: dict[Parties, list[Pledging]] = defaultdict(list)
    for row in rows:
        one = pledging(row, rules)
        if one is not None:
            told[one.parties].append(one)
    out: dict[RowKey, tuple[Row, ...]] = {}
    for some in told.values():
        for wall in sorted({one.wall for one in some}):
            out |= _behind(wall, [one for one in some if one.wall in {"", wall}], rules.days)
    return out


def _behind(wall: str, told: Sequence[Pledging], days: int) -> dict[RowKey, tuple[Row, ...]]:
    """The pledges told behind a wall, beside public ones that are put together without them."""
    ledger = _Ledger(days)
    unmatched = ledger.enter([one for one in told if not one.wall])
    if wall:
        ledger = _Ledger(days, ledger.pledges)
        ledger.enter([one for one in told if one.wall], unmatched)
    return {one.key: group.rows() for one, group in ledger.found if not group.listed}


class _Ledger:
    """Pledges told of one pledgor's shares in one company, beside others that are not changed by what is told here."""

    def __init__(self, days: int, others: Sequence[_Group] = ()) -> None:
        self.pledges: list[_Group] = []
        self.found: list[tuple[Pledging, _Group]] = []
        self._days, self._others = days, others

    def enter(self, told: Iterable[Pledging], more: Sequence[_Group] = ()) -> list[_Group]:
        """Enter what is told, and end pledges by its releases and `more`; gives the releases that fit no one."""
        releases: list[_Group] = []
        for one in sorted(told, key=lambda one: (one.day, one.key)):
            if one.type == PLEDGE:
                self.found.append((one, self._group_of(one, self.pledges, self._others)))
            else:
                self._group_of(one, releases)
        ordered = sorted([*releases, *more], key=lambda group: (group.start, group.first.key))
        return [release for release in ordered if not self._ends(release)]

    def _group_of(self, one: Pledging, groups: list[_Group], others: Sequence[_Group] = ()) -> _Group:
        for group in others:
            if group.fits(one, self._days):
                return group
        for group in reversed(groups):
            if group.fits(one, self._days):
                group.members.append(one)
                return group
        groups.append(_Group(one, [one]))
        return groups[-1]

    def _ends(self, release: _Group) -> bool:
        """End, or else reduce, the one open pledge that a release fits; whether there is one."""
        ended = [pledge for pledge in self.pledges if pledge.is_ended_by(release)]
        reduced = [pledge for pledge in self.pledges if not ended and pledge.is_reduced_by(release)]
        if len(ended) == 1:
            ended[0].until = release.start
        elif len(reduced) == 1 and release.left:
            reduced[0].reduced.append((release.start, release.left))
        return len(ended) == 1 or len(reduced) == 1


def pledging(row: Row, rules: Pledges) -> Pledging | None:
    """What the row of an event tells of a pledge; None where it is no new one, or lacks a part."""
    if row["type"] not in PLEDGING or row["kind"] != "event" or not row.get("makes"):
        return None
    said, figures = said_of(row), figures_of(row)
    day = said.date or said.published
    pledgor, company = said.subject, _company(said)
    measured = {_SHARES: figures.shares, "ratio": figures.ratio}
    stated = {unit: value for unit, value in measured.items() if value}
    if day is None or said.detail in rules.never or pledgor.kind not in _PARTIES or not stated:
        return None
    if pledgor.id is None or company is None:
        return None
    money = said.quantity
    loan = money.value if money is not None and money.unit == "CNY" and figures.loan else None
    return Pledging(
        key_of_row(row), said.type, day, (pledgor.id, company[0]), stated, _pledgee(said), loan,
        f"{pledgor.name}质押{company[1]}", joins(row, "Pledge") is not None, figures.left,
    )  # fmt: skip


def _company(said: Said) -> tuple[str, str] | None:
    """The company whose shares are pledged, by id and name: the one that is named so, beside the pledgor."""
    found = {part.id: part.text for part in _parts(said, _COMPANY) if part.kind == "Company"}
    found.pop(said.subject.id, None)
    return next(((str(id_), name) for id_, name in found.items()), None) if len(found) == 1 else None


def _pledgee(said: Said) -> str:
    return next((str(part.id) for part in _parts(said, ("pledgee",)) if part.kind in _PARTIES), "")


def _parts(said: Said, roles: Sequence[str]) -> Iterator[Part]:
    return (part for part in said.parts if part.role in roles and part.id)
