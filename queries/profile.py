"""客户全景: everything that a client manager wants to know of a company or person before a meeting."""

from __future__ import annotations

import datetime as dt
import itertools
import typing
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, Final, TypeVar, cast

from graph import schema
from graph.errors import InvalidInput
from graph.view import View
from graph.view_types import Fact, FactPage
from graph.view_types import RecordRef as ViewRef
from queries import profile_lines as lines
from queries.labels import field_label, relation_label, unit_of
from queries.listing import Facts, Items, Listing
from queries.models import AliasLine, FieldLine, Line, RecordRef, Section, SimilarLine
from queries.paging import Page, Position
from queries.statements import day_of, newest_first, party, refs, who

LineT = TypeVar("LineT", bound=Line)

SECTION_LINES = 20
ALSO_CONTROLS = 10
OTHER_OFFICES = 5
PARTIES = 20
CHAIN_DEPTH = 5
COUNTED_HOLDERS = 500
FULL = 1 - 1e-9

_NAMES: Final = ("name", "short_name", "former_names", "aliases")
_USAGE: Final = {
    "name": "legal_name", "short_name": "short_name", "former_names": "former_name", "aliases": "alias",
}  # fmt: skip


@dataclass
class Subject:
    """Whose profile it is, and what several sections ask of the View."""

    view: View
    row: int
    page: Page

    @cached_property
    def id(self) -> str:
        """Its id."""
        return self.view.id(self.row)

    @cached_property
    def props(self) -> Mapping[str, Any]:
        """Its properties."""
        return self.view.props(self.row)

    @cached_property
    def property_records(self) -> Mapping[str, Sequence[ViewRef]]:
        """The records behind each property."""
        return self.view.property_records(self.row)

    @cached_property
    def parts(self) -> Mapping[str, list[Part]]:
        """What it takes part in, by type, newest first."""
        found: dict[int, Part] = {}
        for fact, role in self._part_facts():
            part = found.setdefault(fact.other, Part(self.view, fact.other))
            part.facts.append(fact)
            if role and role not in part.roles:
                part.roles.append(role)
        by_kind: dict[str, list[Part]] = {}
        for part in found.values():
            if part.is_later_than(self.view.as_of):
                continue
            by_kind.setdefault(self.view.kind(part.row), []).append(part)
        for parts in by_kind.values():
            parts.sort(key=Part.position)
        return by_kind

    def _part_facts(self) -> Iterator[tuple[Fact, str | None]]:
        for fact in self.facts("PARTY_TO", "out"):
            yield fact, fact.props.get("role")
        for fact in self.facts("ABOUT", "in"):
            yield fact, fact.props.get("role") or "about"
        for fact in self.facts("MENTIONS", "in"):
            yield fact, "mentioned"

    @cached_property
    def _first(self) -> dict[tuple[str, str], FactPage]:
        return {}

    def first(self, edge_type: str, direction: str) -> FactPage:
        """The first of its facts of a type, as many as a section shows; asked of the View once."""
        key = (edge_type, direction)
        if key not in self._first:
            self._first[key] = self.view.page(self.row, edge_type, direction, None, self.page.limit)
        return self._first[key]

    def facts(self, edge_type: str, direction: str) -> Sequence[Fact]:
        """All of its facts of a type, as the View orders them."""
        first = self.first(edge_type, direction)
        return first.facts if first.next is None else self.view.facts(self.row, edge_type, direction)

    def total(self, edge_type: str, direction: str) -> int:
        """How many facts of a type it has."""
        key = (edge_type, direction)
        known = self._first.get(key)
        return self.view.degree(self.row, edge_type, direction) if known is None else known.total

    def pages(self, edge_type: str, direction: str) -> Callable[[str | None, int], FactPage]:
        """What gives pages of its facts of a type."""

        def page(after: str | None, limit: int) -> FactPage:
            if after is None and limit == self.page.limit:
                return self.first(edge_type, direction)
            return self.view.page(self.row, edge_type, direction, after, limit)

        return page

    def who(self, fact: Fact) -> dict[str, str]:
        """The other end of a fact, as the fields of a line."""
        return who(self.view, fact.other)

    def question(self, section: str) -> tuple[str, str, str]:
        """What a cursor of one of its sections belongs to."""
        return ("profile", self.id, section)


@dataclass
class Part:
    """A guarantee, deal, event … that the subject takes part in, and as what."""

    view: View
    row: int
    facts: list[Fact] = field(default_factory=list)
    roles: list[str] = field(default_factory=list)

    @cached_property
    def props(self) -> Mapping[str, Any]:
        """Its properties."""
        return self.view.props(self.row)

    def is_later_than(self, as_of: dt.date | None) -> bool:
        """Whether it had not happened yet, whatever the file that tells of it says of its own dates."""
        day = day_of(self.props)
        return day is not None and as_of is not None and day > as_of

    def position(self) -> Position:
        """Where it stands among those of its type: the newest first."""
        return newest_first(day_of(self.props), self.view.id(self.row))

    def records(self) -> Iterator[ViewRef]:
        """Of the part played, then of the thing itself."""
        for fact in self.facts:
            yield from fact.records
        for unit in self.view.units(self.row):
            if unit.record:
                yield ViewRef(unit.record, unit.source, unit.stated)


# --- Sections ----------------------------------------------------------------------------------------------------


def _identity(subject: Subject) -> Listing[FieldLine]:
    kind = subject.view.kind(subject.row)
    shown = [
        f.name
        for f in schema.node_types()[kind].fields
        if f.name not in _NAMES[1:] and f.name in subject.props
    ]

    def line(item: tuple[int, str]) -> FieldLine:
        label = field_label(item[1])
        return FieldLine(
            field=item[1],
            label=label.zh,
            label_en=label.en,
            value=subject.props[item[1]],
            unit=unit_of(kind, item[1]),
            records=refs(subject.property_records.get(item[1], ())),
        )

    return Items(list(enumerate(shown)), _identity_position, line)


def _aliases(subject: Subject) -> Listing[AliasLine]:
    known = aliases(subject.view, subject.row)
    return Items(sorted(known, key=_alias_position), _alias_position, _itself)


def _alias_position(line: AliasLine) -> Position:
    return tuple(_USAGE.values()).index(line.usage), line.name


def aliases(view: View, row: int) -> list[AliasLine]:
    """Every name that the visible records give it, with the records that do, in the order of their weight."""
    props, records = view.props(row), view.property_records(row)
    return [
        AliasLine(name=name, usage=usage, records=refs(records.get(field_name, ())))
        for field_name, usage in _USAGE.items()
        for name in _several(props.get(field_name))
    ]


def _several(value: str | list[str] | None) -> list[str]:
    return [value] if isinstance(value, str) else value or []


def _identity_position(item: tuple[int, str]) -> Position:
    return item


def _itself(line: LineT) -> LineT:
    return line


def _securities(subject: Subject) -> Listing[lines.SecurityLine]:
    def line(fact: Fact) -> lines.SecurityLine:
        props = subject.view.props(fact.other)
        return lines.SecurityLine(
            **subject.who(fact),
            code=props.get("code"),
            security_kind=props.get("kind"),
            exchange=props.get("exchange"),
            listed_on=props.get("listed_on"),
            matures_on=props.get("matures_on"),
            records=refs(fact.records),
        )

    return Facts(subject.pages("ISSUED", "out"), line)


@dataclass(frozen=True, slots=True)
class ChainStep:
    """An industry on the way from the subject, and the fact that leads to it."""

    fact: Fact
    relation: str
    through: int | None


_CHAIN_ORDER: Final = ("own", "parent", "upstream", "downstream")


def _chain(subject: Subject) -> Iterator[ChainStep]:
    """Its own industries, their parents up to the top, and what stands next to its own ones in the chain."""
    view = subject.view
    own = [ChainStep(f, "own", None) for f in subject.facts("IN_INDUSTRY", "out")]
    yield from own
    level = [step.fact.other for step in own]
    seen = set(level)
    for _ in range(CHAIN_DEPTH):
        parents = [
            ChainStep(f, "parent", row) for row in level for f in view.facts(row, "IN_INDUSTRY", "out")
        ]
        parents = [step for step in parents if step.fact.other not in seen]
        yield from parents
        level = list(dict.fromkeys(step.fact.other for step in parents))
        seen.update(level)
    for step in own:
        for relation, direction in (("upstream", "in"), ("downstream", "out")):
            for fact in view.facts(step.fact.other, "UPSTREAM_OF", direction):
                yield ChainStep(fact, relation, step.fact.other)


def _industry(subject: Subject) -> Listing[lines.IndustryLine]:
    view = subject.view

    def position(step: ChainStep) -> Position:
        through = view.id(step.through) if step.through is not None else ""
        return (
            _CHAIN_ORDER.index(step.relation),
            view.name(step.fact.other),
            view.id(step.fact.other),
            through,
        )

    def line(step: ChainStep) -> lines.IndustryLine:
        props = view.props(step.fact.other)
        return lines.IndustryLine(
            **who(view, step.fact.other),
            relation=step.relation,
            through=party(view, step.through) if step.through is not None else None,
            code=props.get("code"),
            scheme=props.get("scheme"),
            weight=step.fact.props.get("weight"),
            records=refs(step.fact.records),
        )

    return Items(sorted(_chain(subject), key=position), position, line)


def _concepts(subject: Subject) -> Listing[lines.ConceptLine]:
    def line(fact: Fact) -> lines.ConceptLine:
        kind = subject.view.props(fact.other).get("kind")
        return lines.ConceptLine(**subject.who(fact), concept_kind=kind, records=refs(fact.records))

    return Facts(subject.pages("HAS_CONCEPT", "out"), line)


def _stakes(direction: str) -> Builder:
    def build(subject: Subject) -> Listing[lines.StakeLine]:
        def line(fact: Fact) -> lines.StakeLine:
            return lines.StakeLine(
                **subject.who(fact),
                **_picked(fact, "share_ratio", "share_min", "share_max", "voting_ratio", "amount"),
                **_picked(fact, "share_class", "partner"),
                valid_from=fact.valid_from,
                valid_to=fact.valid_to,
                start_unknown=fact.start_unknown,
                records=refs(fact.records),
            )

        return Facts(subject.pages("HOLDS", direction), line)

    return build


def _picked(fact: Fact, *names: str) -> dict[str, Any]:
    return {name: fact.props.get(name) for name in names}


_SENIORITY: Final = (
    "董事长",
    "副董事长",
    "总经理",
    "总裁",
    "首席执行官",
    "董事",
    "监事",
    "副总",
    "财务",
    "秘书",
)


def _seniority(office: str | None) -> int:
    """Chair before chief executive before board; an office in none of these groups comes last."""
    text = office or ""
    if text.startswith("副董事长"):
        return 1
    return next((rank for rank, word in enumerate(_SENIORITY) if word in text), len(_SENIORITY))


@dataclass(frozen=True, slots=True)
class Officer:
    """A person with the offices held in the subject, the most senior first."""

    row: int
    facts: tuple[Fact, ...]
    position: Position


def _officers(subject: Subject) -> Listing[lines.OfficerLine]:
    view = subject.view
    held: dict[int, list[Fact]] = {}
    for fact in subject.facts("OFFICER_OF", "in"):
        held.setdefault(fact.other, []).append(fact)
    officers = []
    for row, facts in held.items():
        facts.sort(key=lambda fact: (_seniority(fact.props.get("office")), fact.props.get("office") or ""))
        first = _seniority(facts[0].props.get("office"))
        officers.append(Officer(row, tuple(facts), (first, view.name(row), view.id(row))))
    officers.sort(key=lambda officer: officer.position)

    def line(officer: Officer) -> lines.OfficerLine:
        elsewhere = [f for f in view.facts(officer.row, "OFFICER_OF", "out") if f.other != subject.row]
        return lines.OfficerLine(
            **who(view, officer.row),
            offices=[_office_held(fact) for fact in officer.facts],
            other_offices=[_other_office(view, fact) for fact in elsewhere[:OTHER_OFFICES]],
            other_offices_total=len(elsewhere),
            records=refs(record for fact in officer.facts for record in fact.records),
        )

    return Items(officers, lambda officer: officer.position, line)


def _office_held(fact: Fact) -> lines.OfficeHeld:
    return lines.OfficeHeld(
        office=fact.props.get("office"),
        valid_from=fact.valid_from,
        start_unknown=fact.start_unknown,
        records=refs(fact.records),
    )


def _other_office(view: View, fact: Fact) -> lines.OtherOffice:
    return lines.OtherOffice(
        **who(view, fact.other), office=fact.props.get("office"), records=refs(fact.records)
    )


def _offices(subject: Subject) -> Listing[lines.OfficeLine]:
    def line(fact: Fact) -> lines.OfficeLine:
        return lines.OfficeLine(
            **subject.who(fact),
            office=fact.props.get("office"),
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
            start_unknown=fact.start_unknown,
            records=refs(fact.records),
        )

    return Facts(subject.pages("OFFICER_OF", "out"), line)


def _control(view: View, fact: Fact) -> dict[str, Any]:
    return {
        **who(view, fact.other),
        **_picked(fact, "ratio", "joint", "nature"),
        "valid_from": fact.valid_from,
        "valid_to": fact.valid_to,
        "records": refs(fact.records),
    }


def _controls(subject: Subject) -> Listing[lines.ControlLine]:
    def line(fact: Fact) -> lines.ControlLine:
        return lines.ControlLine(**_control(subject.view, fact))

    return Facts(subject.pages("CONTROLS", "out"), line)


def _controllers(subject: Subject) -> Listing[lines.ControllerLine]:
    def line(fact: Fact) -> lines.ControllerLine:
        return lines.ControllerLine(
            **_control(subject.view, fact),
            state_body=subject.view.props(fact.other).get("nature") == "state_body",
            also_controls=_also_controls(subject, fact.other),
        )

    return Facts(subject.pages("CONTROLS", "in"), line)


def _also_controls(subject: Subject, controller: int) -> Section[lines.ControlLine]:
    """The controller's other companies: the first few; the cursor goes on in the controller's own profile."""
    owner = Subject(subject.view, controller, subject.page)
    found = subject.view.page(controller, "CONTROLS", "out", None, ALSO_CONTROLS)
    others = [fact for fact in found.facts if fact.other != subject.row]
    return Section[lines.ControlLine](
        lines=[lines.ControlLine(**_control(subject.view, fact)) for fact in others],
        total=found.total - 1,
        next=subject.page.next((found.next,), *owner.question("controls")) if found.next else None,
    )


_CONTROLLER_TEXTS: Final = {
    "disclosed": ("已披露", "disclosed"),
    "unknown_stated": (
        "资料明确表示实际控制人不详或不存在",
        "a source says outright that it is unknown or that there is none",
    ),
    "not_stated": ("没有资料说明实际控制人", "no source says who it is"),
}


def _controller_status(subject: Subject) -> str:
    if subject.total("CONTROLS", "in"):
        return "disclosed"
    return "unknown_stated" if subject.props.get("controller_unknown") else "not_stated"


def _relatives(subject: Subject) -> Listing[lines.RelativeLine]:
    facts = [*subject.facts("RELATIVE_OF", "out"), *subject.facts("RELATIVE_OF", "in")]

    def position(fact: Fact) -> Position:
        return fact.props.get("relation") or "", subject.view.id(fact.start), subject.view.id(fact.end)

    def line(fact: Fact) -> lines.RelativeLine:
        relation = fact.props.get("relation")
        return lines.RelativeLine(**subject.who(fact), relation=relation, records=refs(fact.records))

    return Items(sorted(facts, key=position), position, line)


def _loans(subject: Subject) -> Listing[lines.LoanLine]:
    sides = [(fact, "lender") for fact in subject.facts("LENDS_TO", "out")]
    sides += [(fact, "borrower") for fact in subject.facts("LENDS_TO", "in")]

    def position(item: tuple[Fact, str]) -> Position:
        return -(item[0].props.get("amount") or 0.0), item[1], subject.view.id(item[0].other)

    def line(item: tuple[Fact, str]) -> lines.LoanLine:
        fact, side = item
        return lines.LoanLine(
            **subject.who(fact),
            side=side,
            amount=fact.props.get("amount"),
            valid_from=fact.valid_from,
            valid_to=fact.valid_to,
            records=refs(fact.records),
        )

    return Items(sorted(sides, key=position), position, line)


def _trade(direction: str) -> Builder:
    def build(subject: Subject) -> Listing[lines.TradeLine]:
        def line(fact: Fact) -> lines.TradeLine:
            return lines.TradeLine(
                **subject.who(fact),
                **_picked(fact, "amount", "cost_share", "revenue_share", "item"),
                records=refs(fact.records),
            )

        return Facts(subject.pages("SUPPLIES", direction), line)

    return build


def _products(subject: Subject) -> Listing[lines.ProductLine]:
    def line(fact: Fact) -> lines.ProductLine:
        return lines.ProductLine(
            **subject.who(fact),
            category=subject.view.props(fact.other).get("category"),
            **_picked(fact, "since", "revenue"),
            records=refs(fact.records),
        )

    return Facts(subject.pages("OWNS_PRODUCT", "out"), line)


def _coverage(subject: Subject) -> Listing[lines.CoverageLine]:
    def line(fact: Fact) -> lines.CoverageLine:
        return lines.CoverageLine(
            **subject.who(fact),
            role=fact.props.get("role"),
            title=subject.view.props(fact.other).get("title"),
            records=refs(fact.records),
        )

    return Facts(subject.pages("COVERS", "in"), line)


def _parts(kind: str, model: type[lines.RoleLine]) -> Builder:
    """A section of what the subject takes part in; a line's own fields are the properties of the same name.

    `deal_kind` is the property `kind` of a Deal: a line's `kind` is the type of the thing.
    """
    own = [name for name in model.model_fields if name not in lines.RoleLine.model_fields]
    sources = {name: "kind" if name.endswith("_kind") else name for name in own}

    def build(subject: Subject) -> Listing[lines.RoleLine]:
        def line(part: Part) -> lines.RoleLine:
            shown, total = _others(subject, part)
            return model(
                **who(subject.view, part.row),
                roles=part.roles,
                parties=shown,
                parties_total=total,
                **{name: part.props.get(source) for name, source in sources.items()},
                records=refs(part.records()),
            )

        return Items(subject.parts.get(kind, []), Part.position, line)

    return build


def _others(subject: Subject, part: Part) -> tuple[list[lines.RoleParty], int]:
    """The others who take part: the first of them, and how many there are."""
    view = subject.view
    found = view.page(part.row, "PARTY_TO", "in", None, PARTIES + len(part.facts))
    others = [fact for fact in found.facts if fact.other != subject.row]
    own = sum(fact.type == "PARTY_TO" for fact in part.facts)
    total = found.total - own
    shown = [lines.RoleParty(**who(view, f.other), role=f.props.get("role")) for f in others[:PARTIES]]
    return shown, total


def possibly_same(view: View, row: int) -> list[SimilarLine]:
    """Entities that may be the same one; nothing is concluded from it."""
    return [
        SimilarLine(**who(view, other), reason=finding.message, records=_unit_records(view, other))
        for finding in view.alike(row)
        for other in map(view.resolve, finding.candidates)
    ]


def _unit_records(view: View, row: int) -> list[RecordRef]:
    """The records that describe an entity."""
    return refs(ViewRef(u.record, u.source, u.stated) for u in view.units(row) if u.record)


def _possibly_same(subject: Subject) -> Listing[SimilarLine]:
    known = possibly_same(subject.view, subject.row)
    return Items(sorted(known, key=_similar_position), _similar_position, _itself)


def _similar_position(line: SimilarLine) -> Position:
    return line.name, line.id, line.reason


# --- What is unknown -----------------------------------------------------------------------------------------------


def _unknown(subject: Subject) -> Listing[lines.UnknownLine]:
    return Items(sorted(_gaps(subject), key=_gap_position), _gap_position, _itself)


def _gap_position(line: lines.UnknownLine) -> Position:
    return (line.code,)


def _gap(code: str, message: str, message_en: str, records: Iterable[ViewRef] = ()) -> lines.UnknownLine:
    return lines.UnknownLine(code=code, message=message, message_en=message_en, records=refs(records))


def _gaps(subject: Subject) -> Iterator[lines.UnknownLine]:
    if not subject.props.get("uscc"):
        yield _gap("uscc", "统一社会信用代码未知", "its unified social credit code is unknown")
    if not subject.total("IN_INDUSTRY", "out"):
        yield _gap("industry", "所属行业未知", "its industry is unknown")
    status = _controller_status(subject)
    if status != "disclosed":
        zh, en = _CONTROLLER_TEXTS[status]
        records = subject.property_records.get("controller_unknown", ()) if status == "unknown_stated" else ()
        yield _gap(
            f"controller_{status}", f"实际控制人未知：{zh}", f"its controller is unknown: {en}", records
        )
    yield from _holder_gaps(subject)
    if not subject.total("OFFICER_OF", "in"):
        yield _gap("officers", "高管未知", "its officers are unknown")


def _holder_gaps(subject: Subject) -> Iterator[lines.UnknownLine]:
    holders = subject.total("HOLDS", "in")
    if not holders:
        yield _gap("holders", "股东未知", "its holders are unknown")
    if not holders or holders > COUNTED_HOLDERS:
        return
    facts = subject.facts("HOLDS", "in")
    silent = [fact for fact in facts if fact.props.get("share_ratio") is None]
    if silent:
        yield _gap(
            "holder_ratios",
            f"{len(silent)} 位股东的持股比例未知",
            f"the share of {len(silent)} of its holders is unknown",
            itertools.chain.from_iterable(fact.records for fact in silent),
        )
    known = sum(fact.props.get("share_ratio") or 0.0 for fact in facts)
    if known < FULL:
        yield _gap(
            "capital",
            f"{1 - known:.2%} 的股本归属未知",
            f"who holds {1 - known:.2%} of its capital is unknown",
        )


# --- The whole -----------------------------------------------------------------------------------------------------

Builder = Callable[[Subject], Listing[Any]]

_BUILDERS: Final[Mapping[str, Builder]] = {
    "identity": _identity,
    "aliases": _aliases,
    "securities": _securities,
    "industry": _industry,
    "concepts": _concepts,
    "controllers": _controllers,
    "holders": _stakes("in"),
    "holdings": _stakes("out"),
    "controls": _controls,
    "officers": _officers,
    "offices": _offices,
    "relatives": _relatives,
    "guarantees": _parts("Guarantee", lines.GuaranteeLine),
    "loans": _loans,
    "pledges": _parts("Pledge", lines.PledgeLine),
    "deals": _parts("Deal", lines.DealLine),
    "suppliers": _trade("in"),
    "customers": _trade("out"),
    "products": _products,
    "coverage": _coverage,
    "contacts": _parts("Contact", lines.ContactLine),
    "exposures": _parts("Exposure", lines.ExposureLine),
    "limits": _parts("Limit", lines.LimitLine),
    "agreements": _parts("ConcertAgreement", lines.AgreementLine),
    "events": _parts("Event", lines.EventLine),
    "documents": _parts("Document", lines.DocumentLine),
    "reports": _parts("FinancialReport", lines.ReportLine),
    "possibly_same": _possibly_same,
    "unknown": _unknown,
}

_MODELS: Final[Mapping[str, type[Section[Any]]]] = {
    name: typing.get_args(hint)[0]
    for name, hint in typing.get_type_hints(lines.Sections, include_extras=True).items()
}
"""The class of each section; with another one pydantic would validate every line anew."""

_OF_PERSON: Final = (
    "identity", "aliases", "offices", "holdings", "controls", "relatives", "guarantees", "loans", "pledges",
    "deals", "agreements", "events", "documents", "possibly_same",
)  # fmt: skip
_OF_OTHERS: Final = ("identity", "aliases", "events", "documents", "possibly_same")


def sections_of(kind: str) -> tuple[str, ...]:
    """The sections that a profile of that type has, in their order."""
    if kind == "Company":
        return tuple(name for name in _BUILDERS if name not in ("offices", "relatives"))
    return _OF_PERSON if kind == "Person" else _OF_OTHERS


def profile(view: View, ref: str, *, section: str | None = None, page: Page | None = None) -> lines.Profile:
    """What a client manager wants to know of an entity before a meeting.

    Args:
        view: What the asker may see, on the day asked for.
        ref: An id of the entity, its code, or its name where only one thing has it.
        section: One section alone, to page through it; all of them where absent.
        page: How many lines a section shows, and behind which cursor (of one section) it begins.

    Raises:
        NotFound: No such entity, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: `section` is none of an entity of this type, or the cursor is not valid.
    """
    subject = Subject(view, view.resolve(ref), page or Page(SECTION_LINES))
    kind = view.kind(subject.row)
    chosen = _chosen(kind, section, subject.page)
    return lines.Profile(
        id=subject.id,
        name=view.name(subject.row),
        kind=kind,
        as_of=view.as_of,
        known_at=view.known_at,
        sections=cast("lines.Sections", {name: _section(subject, name) for name in chosen}),
        relations=counted(subject.total),
    )


def _chosen(kind: str, section: str | None, page: Page) -> tuple[str, ...]:
    known = sections_of(kind)
    if section is None:
        if page.cursor is not None:
            raise InvalidInput(
                "section", "cursor 需要与 section 一起使用 / a cursor needs the section it belongs to"
            )
        return known
    if section not in known:
        raise InvalidInput(
            "section", f"没有 {section} 这一部分 / there is no such section; there are: {', '.join(known)}"
        )
    return (section,)


def _section(subject: Subject, name: str) -> Section[Any]:
    listing = _BUILDERS[name](subject)
    question = subject.question(name)
    taken = listing.take(subject.page.after(*question), subject.page.limit)
    fields = {
        "lines": taken.lines,
        "total": taken.total,
        "next": subject.page.next(taken.last, *question) if taken.last is not None else None,
    }
    if name != "controllers":
        return _MODELS[name](**fields)
    status = _controller_status(subject)
    zh, en = _CONTROLLER_TEXTS[status]
    said = subject.property_records.get("controller_unknown", ()) if status == "unknown_stated" else ()
    return lines.ControllerSection(**fields, status=status, message=zh, message_en=en, records=refs(said))


def counted(total: Callable[[str, str], int]) -> list[lines.RelationCount]:
    """How many relations of each type and direction there are; those that there are none of are left out."""
    found = []
    for edge_type, direction in itertools.product(schema.edge_types(), ("out", "in")):
        if count := total(edge_type, direction):
            label = relation_label(edge_type, direction)
            found.append(
                lines.RelationCount(
                    type=edge_type, direction=direction, label=label.zh, label_en=label.en, count=count
                )
            )
    return found
