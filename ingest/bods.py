"""Beneficial Ownership Data Standard 0.4: statements about entities, people and the interests between them.

One record a `recordId`: its successive statements (new, updated, closed) make the history of its interests. Of people
only the name is read, never birth, nationality, address or identifier. How statements become nodes and edges is in
`docs/mappings.md`. Source: https://standard.openownership.org/en/0.4.0/.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from itertools import pairwise
from pathlib import Path
from typing import Any, Final, NamedTuple

from graph import identifiers
from graph.errors import InvalidInput
from graph.statements import EdgeStatement, Finding, NodeStatement, Ref, Reject, Scalar, SourceRecord
from ingest.readers import Format, rows
from ingest.source import Context
from ingest.values import ValueDropped, parse_date

NAME: Final = "bods"
_UNSPECIFIED: Final = "unspecified"
_FORM: Final = Format(items=".")

_NATURES: Final[Mapping[str, str]] = {
    "state": "state_body",
    "stateBody": "state_body",
    "arrangement": "arrangement",
}
_UNNAMED: Final = frozenset({"anonymousEntity", "unknownEntity", "anonymousPerson", "unknownPerson"})
_OFFICES: Final[Mapping[str, str]] = {
    "boardMember": "董事",
    "boardChair": "董事长",
    "seniorManagingOfficial": "高级管理人员",
}
_STAKES: Final[Mapping[str, str]] = {
    "shareholding": "share",
    "votingRights": "voting",
    "rightsToProfitOrIncome": "income",
    "rightToProfitOrIncomeFromAssets": "income",
}
_UNKNOWN_INTERESTS: Final = frozenset({"", "unknownInterest", "unpublishedInterest"})


# --- what is kept of a statement ---------------------------------------------------------------------------------


def _text(value: Any) -> str:
    return value.strip() if isinstance(value, str) else ""


def _objects(value: Any) -> list[dict[str, Any]]:
    return [item for item in value if isinstance(item, dict)] if isinstance(value, list) else []


def _object(value: Any) -> dict[str, Any]:
    return value if isinstance(value, dict) else {}


def _filled(**values: Any) -> dict[str, Any]:
    return {name: value for name, value in values.items() if value not in (None, "", [], {})}


def _kept_entity(details: dict[str, Any]) -> dict[str, Any]:
    addresses = [a for a in _objects(details.get("addresses")) if a.get("type") == "registered"]
    kind = _object(details.get("entityType"))
    return _filled(
        type=_text(kind.get("type")),
        name=_text(details.get("name")),
        alternateNames=[n for n in map(_text, details.get("alternateNames") or []) if n],
        identifiers=[
            _filled(scheme=_text(i.get("scheme")) or _text(i.get("schemeName")), id=_text(i.get("id")))
            for i in _objects(details.get("identifiers"))
        ],
        country=_text(_object(details.get("jurisdiction")).get("code")),
        foundingDate=_text(details.get("foundingDate")),
        dissolutionDate=_text(details.get("dissolutionDate")),
        address=_text(addresses[0].get("address")) if addresses else "",
        reason=_text(_object(details.get("unspecifiedEntityDetails")).get("reason")),
    )


def _kept_person(details: dict[str, Any]) -> dict[str, Any]:
    names = _objects(details.get("names"))
    legal = [n for n in names if n.get("type") == "legal"] or names
    parts = (legal[0].get("givenName"), legal[0].get("familyName")) if legal else ()
    name = _text(legal[0].get("fullName")) or " ".join(filter(None, map(_text, parts))) if legal else ""
    reason = _object(details.get("unspecifiedPersonDetails")).get("reason")
    return _filled(type=_text(details.get("personType")), name=name, reason=_text(reason))


def _kept_party(value: Any) -> str | dict[str, str]:
    return (
        _filled(reason=_text(value.get("reason")) or "unknown") if isinstance(value, dict) else _text(value)
    )


def _kept_relationship(details: dict[str, Any]) -> dict[str, Any]:
    return _filled(
        subject=_kept_party(details.get("subject")),
        interestedParty=_kept_party(details.get("interestedParty")),
        components=len(details.get("componentRecords") or []),
        interests=[
            _filled(
                type=_text(i.get("type")),
                how=_text(i.get("directOrIndirect")),
                share=_object(i.get("share")),
                startDate=_text(i.get("startDate")),
                endDate=_text(i.get("endDate")),
            )
            for i in _objects(details.get("interests"))
        ],
    )


_KEPT: Final[Mapping[str, Callable[[dict[str, Any]], dict[str, Any]]]] = {
    "entity": _kept_entity,
    "person": _kept_person,
    "relationship": _kept_relationship,
}


def _kept(row: dict[str, Any]) -> dict[str, Any]:
    """What may be stored of a statement: nothing personal but a name. Raises ValueError for what is none."""
    kind = _text(row.get("recordType"))
    if kind not in _KEPT:
        old = _text(row.get("statementType"))
        raise ValueError(
            f"{old} is of an older BODS; 0.4 is read" if old else f"unknown record type {kind!r}"
        )
    if not _text(row.get("recordId")):
        raise ValueError("no recordId")
    details = _object(row.get("recordDetails"))
    if not details:
        raise ValueError("no recordDetails")
    publisher = _object(_object(row.get("publicationDetails")).get("publisher")).get("name")
    kept = _filled(
        id=_text(row.get("recordId")),
        kind=kind,
        statement=_text(row.get("statementId")),
        date=_text(row.get("statementDate"))[:10],
        status=_text(row.get("recordStatus")),
        publisher=_text(publisher),
    )
    return {**kept, "details": _KEPT[kind](details)}


# --- reading a file ----------------------------------------------------------------------------------------------


@dataclass
class _Survey:
    """What a first pass learns: how many statements a record has, what it is, which parties are not named."""

    counts: dict[str, int] = field(default_factory=dict)
    types: dict[str, str] = field(default_factory=dict)
    undisclosed: dict[str, str] = field(default_factory=dict)

    def add(self, statement: dict[str, Any]) -> None:
        """Take one statement into account."""
        record, details = statement["id"], statement["details"]
        self.counts[record] = self.counts.get(record, 0) + 1
        if statement["kind"] == "relationship":
            self._add_party(details)
        else:
            unnamed = details.get("type") in _UNNAMED
            self.types[record] = _UNSPECIFIED if unnamed else statement["kind"]

    def _add_party(self, details: dict[str, Any]) -> None:
        subject, party = details.get("subject"), details.get("interestedParty")
        if isinstance(subject, str) and isinstance(party, dict):
            self.undisclosed[subject] = party["reason"]


def _statements(path: Path) -> Iterator[tuple[int, dict[str, Any]] | Reject]:
    for item in rows(path, _FORM):
        if isinstance(item, Reject):
            yield item
            continue
        line, row = item
        try:
            yield line, _kept(row)
        except (ValueError, TypeError, AttributeError) as error:
            yield Reject(path.name, line, f"no BODS 0.4 statement: {error}", _text(row.get("recordId")))


def _body(statements: list[dict[str, Any]], survey: _Survey) -> dict[str, str]:
    """The stored form of a record: its statements in their order, and what its parties are."""
    ordered = sorted(statements, key=lambda s: s.get("date", ""))
    parties = {
        p
        for s in ordered
        for e in ("subject", "interestedParty")
        if isinstance(p := s["details"].get(e), str)
    }
    types = {p: survey.types[p] for p in sorted(parties) if p in survey.types}
    record = ordered[0]["id"]
    return _filled(
        recordId=record,
        recordType=ordered[0]["kind"],
        publisher=ordered[-1].get("publisher", ""),
        statements=json.dumps(ordered, ensure_ascii=False, sort_keys=True),
        parties=json.dumps(types, ensure_ascii=False, sort_keys=True) if types else "",
        undisclosed=survey.undisclosed.get(record, ""),
    )


class BodsRole:
    """Every BODS file: a list of statements, or one a line."""

    name = "statements"

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date | None:  # noqa: ARG002  # the API of roles
        """What the caller says: statements carry dates of their own."""
        return override

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        """Every record of a file, its statements put together, or a reject for what is no statement."""
        context = replace(context, file=context.file or path.name)
        survey = _Survey()
        for item in _statements(path):
            if not isinstance(item, Reject):
                survey.add(item[1])
        waiting: dict[str, list[dict[str, Any]]] = {}
        for item in _statements(path):
            if isinstance(item, Reject):
                yield item
                continue
            line, statement = item
            record = statement["id"]
            gathered = waiting.setdefault(record, [])
            gathered.append(statement)
            if len(gathered) == survey.counts[record]:
                yield self.record(_body(waiting.pop(record), survey), line, context)

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        """The record of stored statements."""
        reading = _Reading(body, line, context)
        nodes, edges = reading.say()
        dates = [day for s in reading.statements if (day := reading.day(s.get("date", ""), "statementDate"))]
        return SourceRecord(
            key=reading.id,
            body=body,
            nodes=tuple(nodes),
            edges=tuple(edges),
            source=NAME,
            line=line,
            stated=max(dates) if dates else context.stated,
            findings=tuple(reading.findings),
        )


class Bods:
    """The source `bods`."""

    name = NAME
    title = "受益所有权数据标准 Beneficial Ownership Data Standard 0.4"
    source = NAME
    namespace = NAME
    rank = 20
    snapshot = False
    fingerprint = "bods-0.4-1"

    @functools.cached_property
    def _role(self) -> BodsRole:
        return BodsRole()

    def role_for(self, path: Path) -> BodsRole:  # noqa: ARG002  # every file has the same role
        """The one role."""
        return self._role

    def role(self, name: str) -> BodsRole:
        """The one role. Raises InvalidInput for another name."""
        if name != BodsRole.name:
            raise InvalidInput("role", f"bods has no role {name}", hint=f"It has {BodsRole.name}.")
        return self._role


# --- from statements to nodes and edges -----------------------------------------------------------------------------


class _Piece(NamedTuple):
    """What an interest says of one edge during a time; no start: unknown, no end: still so."""

    type: str
    office: str
    props: Mapping[str, Scalar]
    start: dt.date | None
    end: dt.date | None


class _Reading:
    """The statements of one record being read, with what is found wrong."""

    def __init__(self, body: Mapping[str, str], line: int, context: Context) -> None:
        self.id = body["recordId"]
        self.kind = body["recordType"]
        self.undisclosed = body.get("undisclosed", "")
        self.statements: list[dict[str, Any]] = json.loads(body["statements"])
        self.types: dict[str, str] = json.loads(body.get("parties", "{}"))
        self.findings: list[Finding] = []
        self._line, self._file = line, context.file

    def find(self, code: str, message: str, field_name: str = "", value: str = "") -> None:
        """Note a finding, once."""
        finding = Finding(code, message, self._file, self._line, field_name, value)
        if finding not in self.findings:
            self.findings.append(finding)

    def day(self, text: str, field_name: str) -> dt.date | None:
        """A date of the standard, whole or cut to a month or year; None for none."""
        if not text:
            return None
        try:
            return parse_date(text).date
        except ValueDropped as error:
            self.find("bad_value", f"{text!r} {error.reason}", field_name, text)
            return None

    def say(self) -> tuple[list[NodeStatement], list[EdgeStatement]]:
        """The nodes and edges."""
        if self.kind == "relationship":
            return self._relationship()
        return self._party(), []

    # --- entities and people ---

    def _party(self) -> list[NodeStatement]:
        last = self.statements[-1]
        details = last["details"]
        if details.get("type") in _UNNAMED:
            reason = details.get("reason", "no reason")
            self.find("unspecified_party", f"not named ({reason}): it becomes no node", "recordId", self.id)
            return []
        props = self._company(details) if self.kind == "entity" else _filled(name=details.get("name"))
        end = self.day(details.get("dissolutionDate", ""), "dissolutionDate")
        if end is None and last.get("status") == "closed":
            end = self.day(last.get("date", ""), "statementDate")
        return [NodeStatement(Ref(_label(self.kind), self.id), props, valid_to=end)]

    def _company(self, details: dict[str, Any]) -> dict[str, Scalar]:
        name = details.get("name", "")
        earlier = [s["details"].get("name", "") for s in self.statements[:-1]]
        return _filled(
            name=name,
            former_names=[n for n in dict.fromkeys(earlier) if n and n != name],
            aliases=details.get("alternateNames", []),
            nature=_NATURES.get(details.get("type", ""), ""),
            country=details.get("country", ""),
            founded=self.day(details.get("foundingDate", ""), "foundingDate"),
            address=details.get("address", ""),
            controller_unknown=True if self.undisclosed else None,
            **self._identifiers(details.get("identifiers", [])),
        )

    def _identifiers(self, listed: Iterable[dict[str, str]]) -> dict[str, str]:
        found: dict[str, str] = {}
        for one in listed:
            scheme, text = one.get("scheme", ""), one.get("id", "")
            try:
                name, value = _identifier(scheme, text)
            except ValueError as error:
                self.find("bad_value", str(error), "identifiers", text)
                continue
            if value:
                found.setdefault(name, value)
        return found

    # --- relationships ---

    def _relationship(self) -> tuple[list[NodeStatement], list[EdgeStatement]]:
        last = self.statements[-1]["details"]
        subject, party = last.get("subject"), last.get("interestedParty")
        unnamed = [end for end in (subject, party) if not self._is_named(end)]
        if unnamed:
            return self._undisclosed(subject, party), []
        start, end = self._ref(str(party)), Ref("Company", str(subject))
        edges = [
            EdgeStatement(p.type, start, end, p.props, p.start, p.end)
            for p in _merged(list(self._pieces(start.label)))
        ]
        mentioned = [
            NodeStatement(ref, primary=False) for ref in (start, end) if ref.label and ref.key in self.types
        ]
        return mentioned, edges

    def _is_named(self, end: Any) -> bool:
        return isinstance(end, str) and bool(end) and self.types.get(end) != _UNSPECIFIED

    def _ref(self, record: str) -> Ref:
        kind = self.types.get(record)
        return Ref(_label(kind) if kind else "", record)

    def _undisclosed(self, subject: Any, party: Any) -> list[NodeStatement]:
        reason = party.get("reason", "") if isinstance(party, dict) else ""
        whom = "interested party" if self._is_named(subject) else "subject"
        message = f"the {whom} is not named{f' ({reason})' if reason else ''}: there is no edge"
        self.find("unspecified_party", message, "interestedParty", reason)
        if not reason or not self._is_named(subject) or self.types.get(subject) is None:
            return []
        # said beside the company's own description, which carries it too where the file has one
        return [NodeStatement(Ref("Company", subject), {"controller_unknown": True}, primary=False)]

    def _pieces(self, label: str) -> Iterator[_Piece]:
        """What each statement's interests say, each for as long as the next statement lets it stand."""
        for number, statement in enumerate(self.statements):
            following = self.statements[number + 1] if number + 1 < len(self.statements) else None
            if statement.get("status") == "closed" and number > 0:
                continue  # it repeats what was true until now; its date ends the statement before it
            interests = statement["details"].get("interests") or [{}]
            kinds = [(i.get("type"), i.get("how")) for i in interests]
            if len(set(kinds)) < len(kinds):
                self.find(
                    "several_interests", "several interests of one type at one time are added up", "interests"
                )
            for interest in interests:
                yield from self._piece(interest, statement, following, number, label)

    def _piece(  # an interest stands in its statement and between two others
        self,
        interest: dict[str, Any],
        statement: dict[str, Any],
        following: dict[str, Any] | None,
        number: int,
        label: str,
    ) -> Iterator[_Piece]:
        kind = interest.get("type", "")
        indirect = interest.get("how") == "indirect"
        if indirect and statement["details"].get("components"):
            message = "an indirect interest whose components are stated is evidence for them, not an edge of its own"
            self.find("indirect_evidence", message, "interests", kind)
            return
        start = self._start(interest, statement, number, is_last=following is None)
        end = self._end(interest, statement, following, start)
        if start is not None and end is not None and end <= start:
            return  # replaced on the day it began
        yield self._told(interest, kind, label, start, end, indirect=indirect)

    def _start(
        self, interest: dict[str, Any], statement: dict[str, Any], number: int, *, is_last: bool
    ) -> dt.date | None:
        """Since when: as stated; an update without a later start of its own holds from its statement on."""
        start = self.day(interest.get("startDate", ""), "startDate")
        said = self.day(statement.get("date", ""), "statementDate")
        before = self._same(self.statements[number - 1], interest) if number else None
        if before is not None:
            started = self.day(before.get("startDate", ""), "startDate")
            if start is None or (started is not None and start <= started):
                return said
        return start if start is not None or (is_last and number == 0) else said

    def _end(
        self,
        interest: dict[str, Any],
        statement: dict[str, Any],
        following: dict[str, Any] | None,
        start: dt.date | None,
    ) -> dt.date | None:
        """Until when: as stated, else until the next statement says something else."""
        stated = self.day(interest.get("endDate", ""), "endDate")
        if stated is not None:
            return stated
        if following is None:
            closed = statement.get("status") == "closed"
            return self.day(statement.get("date", ""), "statementDate") if closed else None
        said = self.day(following.get("date", ""), "statementDate")
        after = self._same(following, interest)
        if after is None:
            return said
        if following.get("status") == "closed":
            return self.day(after.get("endDate", ""), "endDate") or said
        began = self.day(after.get("startDate", ""), "startDate")
        return began if began is not None and (start is None or began > start) else said

    @staticmethod
    def _same(statement: dict[str, Any], interest: dict[str, Any]) -> dict[str, Any] | None:
        """The interest of the same type in another statement."""
        kind = (interest.get("type"), interest.get("how"))
        interests = statement["details"].get("interests") or [{}]
        return next((i for i in interests if (i.get("type"), i.get("how")) == kind), None)

    def _told(  # noqa: PLR0913  # what an interest is takes its parts
        self,
        interest: dict[str, Any],
        kind: str,
        label: str,
        start: dt.date | None,
        end: dt.date | None,
        *,
        indirect: bool,
    ) -> _Piece:
        share = self._share(interest.get("share", {}))
        if kind in _UNKNOWN_INTERESTS and not indirect:
            self.find(
                "interest_unspecified",
                "what the interest is, is not stated: a holding of unknown size",
                "interests",
            )
            return _Piece("HOLDS", "", {}, start, end)
        if kind in _STAKES and not indirect:
            return _Piece("HOLDS", "", _stake(_STAKES[kind], share), start, end)
        if kind in _OFFICES and label == "Person":
            return _Piece("OFFICER_OF", _OFFICES[kind], {"office": _OFFICES[kind]}, start, end)
        nature = f"indirect {kind or 'interest'}" if indirect else kind
        return _Piece("CONTROLS", "", _filled(nature=nature, ratio=share.get("exact")), start, end)

    def _share(self, share: dict[str, Any]) -> dict[str, float]:
        """exact, low and high of a share, as fractions; a bound that is no ratio is left out with a finding."""
        sources = {
            "exact": ("exact",),
            "low": ("minimum", "exclusiveMinimum"),
            "high": ("maximum", "exclusiveMaximum"),
        }
        found: dict[str, float] = {}
        for name, keys in sources.items():
            value = next((share[key] for key in keys if share.get(key) is not None), None)
            if isinstance(value, int | float) and not isinstance(value, bool) and 0 <= value <= 100:  # noqa: PLR2004  # per cent
                found[name] = value / 100
            elif value is not None:
                self.find("bad_value", f"{value!r} is no share between 0 and 100", "share", str(value))
        if found.get("low", 0.0) > found.get("high", 1.0):
            self.find(
                "reversed_interval", "the least share is larger than the most", "share", json.dumps(share)
            )
            found = {"exact": found["exact"]} if "exact" in found else {}
        return found


def _label(kind: str) -> str:
    return "Person" if kind == "person" else "Company"


def _identifier(scheme: str, text: str) -> tuple[str, str]:
    """The field and value of an identifier. Raises ValueError for a failed check digit."""
    if scheme == "XI-LEI":
        return "lei", identifiers.lei(text)
    if scheme.startswith("CN-") and len(text) == 18:  # noqa: PLR2004  # the length of a unified social credit code
        return "uscc", identifiers.uscc(text)
    return "registry_id", f"{scheme}:{text}" if text and scheme else ""


def _stake(name: str, share: Mapping[str, float]) -> dict[str, Scalar]:
    """The fields of HOLDS that a share fills; income has no interval."""
    if "exact" in share:
        return {f"{name}_ratio": share["exact"]}
    if name == "income":
        return {}
    if share and share.get("low") == share.get("high"):
        return {f"{name}_ratio": share["low"]}
    return _filled(**{f"{name}_min": share.get("low"), f"{name}_max": share.get("high")})


# --- one edge at a time --------------------------------------------------------------------------------------------


def _merged(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Pieces of one edge as edges that do not overlap: what holds at the same time is one edge."""
    kinds = dict.fromkeys((piece.type, piece.office) for piece in pieces)
    return [edge for kind in kinds for edge in _in_turn([p for p in pieces if (p.type, p.office) == kind])]


def _in_turn(pieces: Sequence[_Piece]) -> list[_Piece]:
    """Cut at every start and end, put together what holds between two cuts, and join what goes on unchanged."""
    starts = [p.start or dt.date.min for p in pieces]
    ends = [p.end or dt.date.max for p in pieces]
    cuts = sorted({*starts, *ends})
    edges: list[_Piece] = []
    for start, end in pairwise(cuts):
        during = [p for p, s, e in zip(pieces, starts, ends, strict=True) if s <= start and end <= e]
        if not during:
            continue
        edge = _Piece(during[0].type, during[0].office, _together(during), start, end)
        if edges and edges[-1].end == start and edges[-1].props == edge.props:
            edge = edges.pop()._replace(end=end)
        edges.append(edge)
    return [
        e._replace(
            start=None if e.start == dt.date.min else e.start, end=None if e.end == dt.date.max else e.end
        )
        for e in edges
    ]


def _together(pieces: Sequence[_Piece]) -> dict[str, Scalar]:
    """The fields of what holds at one time: shares add up, several natures of control stand side by side."""
    props: dict[str, Scalar] = {}
    for name, value in (item for piece in pieces for item in piece.props.items()):
        present = props.get(name)
        if isinstance(present, float) and isinstance(value, float):
            total = present + value
            props[name] = total if total <= 1 else max(present, value)  # else one interest, stated twice
        else:
            props[name] = value
    natures = dict.fromkeys(str(p.props["nature"]) for p in pieces if "nature" in p.props)
    return {**props, "nature": "; ".join(natures)} if natures else props
