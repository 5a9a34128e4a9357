"""The sections of a profile: what each lists, in which order, and the line of each item.

A section is a function of the `Subject` that gives a listing, or None where there is nothing to list.
"""

from __future__ import annotations

import dataclasses
import functools
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeVar

from graph import schema
from graph.view import View
from graph.view_types import Fact, RecordRef
from queries import profile_lines as lines
from queries.gaps import Gap, gaps
from queries.labels import Label, field_label
from queries.listing import Facts, Items, Listing
from queries.models import AliasLine, FieldLine, Line, Section, SimilarLine
from queries.paging import Position
from queries.statements import of_units, party, refs, who
from queries.subject import Part, Subject

Builder = Callable[[Subject], Listing[Any] | None]
LineT = TypeVar("LineT", bound=Line)

ALSO_CONTROLS: Final = 10
OTHER_OFFICES: Final = 5
PARTIES: Final = 20
CHAIN_DEPTH: Final = 5

USAGE: Final = {
    "name": "legal_name", "short_name": "short_name", "former_names": "former_name", "aliases": "alias",
}  # fmt: skip
"""What a name is to its owner, by the field that holds it, the weightiest first."""


def _itself(line: LineT) -> LineT:
    return line


def _from_facts(edge_type: str, direction: str, line: Callable[[Subject, Fact], Line]) -> Builder:
    """A section with a line for each fact of one type."""

    def build(subject: Subject) -> Listing[Line] | None:
        if (edge_type, direction) not in subject.touching:
            return None
        return Facts(subject.pages(edge_type, direction), functools.partial(line, subject))

    return build


# --- the entity itself -----------------------------------------------------------------------------------------


@functools.cache
def _shown_fields(kind: str) -> tuple[tuple[int, str, Label, str], ...]:
    """The properties that a profile shows of a type: place, name, label, unit."""
    fields = [
        f for f in schema.node_types()[kind].fields if f.name not in ("short_name", "former_names", "aliases")
    ]
    return tuple((place, f.name, field_label(f.name), f.unit) for place, f in enumerate(fields))


def _identity(subject: Subject) -> Listing[FieldLine]:
    props = subject.props

    def line(item: tuple[int, str, Label, str]) -> FieldLine:
        _, name, label, unit = item
        return FieldLine(
            field=name,
            label=label.zh,
            label_en=label.en,
            value=props[name],
            unit=unit,
            records=refs(subject.said_of(name)),
        )

    known = [item for item in _shown_fields(subject.view.kind(subject.row)) if item[1] in props]
    return Items(known, lambda item: (item[0], item[1]), line)


def _aliases(subject: Subject) -> Listing[AliasLine]:
    return Items(sorted(named(*subject.described), key=_alias_position), _alias_position, _itself)


def _alias_position(line: AliasLine) -> Position:
    return tuple(USAGE.values()).index(line.usage), line.name


def named(props: Mapping[str, Any], records: Mapping[str, Sequence[RecordRef]]) -> list[AliasLine]:
    """Every name that the visible records give an entity, the weightiest first, with the records that do."""
    return [
        AliasLine(name=name, usage=usage, records=refs(records.get(field, ())))
        for field, usage in USAGE.items()
        if field in props
        for name in ([props[field]] if isinstance(props[field], str) else props[field])
    ]


def possibly_same(view: View, row: int) -> list[SimilarLine]:
    """Entities that may be the same one; nothing is concluded from it."""
    return [
        SimilarLine(**who(view, other), reason=finding.message, records=_described_by(view, other))
        for finding in view.alike(row)
        for other in map(view.resolve, finding.candidates)
    ]


def _described_by(view: View, row: int) -> list[RecordRef]:
    return refs(of_units(view, row))


def _possibly_same(subject: Subject) -> Listing[SimilarLine] | None:
    known = possibly_same(subject.view, subject.row)
    return Items(sorted(known, key=_similar_position), _similar_position, _itself) if known else None


def _similar_position(line: SimilarLine) -> Position:
    return line.name, line.id, line.reason


def _security(subject: Subject, fact: Fact) -> lines.SecurityLine:
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


# --- industry and concepts -------------------------------------------------------------------------------------


_CHAIN_ORDER: Final = ("own", "parent", "upstream", "downstream")


def _industry(subject: Subject) -> Listing[lines.IndustryLine] | None:
    """Its own industries, their parents up to the top, and what stands next to its own ones in the chain."""
    if ("IN_INDUSTRY", "out") not in subject.touching:
        return None
    view, own = subject.view, subject.facts("IN_INDUSTRY", "out")
    found = {_chain_position(line): line for line in (_step(view, fact, "own", None) for fact in own)}
    for fact in own:
        industry = fact.other
        found.update(view.kept(("chain", industry), functools.partial(_chain, view, industry)))
    known = sorted(found.items())
    return Items(known, lambda item: item[0], lambda item: item[1])


def _chain(view: View, industry: int) -> dict[Position, lines.IndustryLine]:
    """What lies above and beside an industry: the same for all companies in it."""
    found, level, seen = [], [industry], {industry}
    for _ in range(CHAIN_DEPTH):
        parents = [(row, fact) for row in level for fact in view.facts(row, "IN_INDUSTRY", "out")]
        parents = [(row, fact) for row, fact in parents if fact.other not in seen]
        found += [_step(view, fact, "parent", row) for row, fact in parents]
        level = list(dict.fromkeys(fact.other for _, fact in parents))
        seen.update(level)
    for relation, direction in (("upstream", "in"), ("downstream", "out")):
        found += [_step(view, f, relation, industry) for f in view.facts(industry, "UPSTREAM_OF", direction)]
    return {_chain_position(line): line for line in found}


def _step(view: View, fact: Fact, relation: str, through: int | None) -> lines.IndustryLine:
    return lines.IndustryLine(
        **who(view, fact.other),
        relation=relation,
        through=None if through is None else party(view, through),
        code=view.value(fact.other, "code"),
        scheme=view.value(fact.other, "scheme"),
        weight=fact.props.get("weight"),
        records=refs(fact.records),
    )


def _chain_position(line: lines.IndustryLine) -> Position:
    return _CHAIN_ORDER.index(line.relation), line.name, line.id, line.through.id if line.through else ""


def _concept(subject: Subject, fact: Fact) -> lines.ConceptLine:
    kind = subject.view.value(fact.other, "kind")
    return lines.ConceptLine(**subject.who(fact), concept_kind=kind, records=refs(fact.records))


# --- ownership, offices, control -------------------------------------------------------------------------------


def _stake(subject: Subject, fact: Fact) -> lines.StakeLine:
    value = fact.props.get
    return lines.StakeLine(
        **subject.who(fact),
        share_ratio=value("share_ratio"),
        share_min=value("share_min"),
        share_max=value("share_max"),
        voting_ratio=value("voting_ratio"),
        amount=value("amount"),
        share_class=value("share_class"),
        partner=value("partner"),
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        start_unknown=fact.start_unknown,
        records=refs(fact.records),
    )


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


def seniority(office: str | None) -> int:
    """Chair before chief executive before board; an office in none of these groups comes last."""
    text = office or ""
    if text.startswith("副董事长"):
        return 1
    if "副总" in text:
        return _SENIORITY.index("副总")
    return next((rank for rank, word in enumerate(_SENIORITY) if word in text), len(_SENIORITY))


@dataclass(frozen=True, slots=True)
class Officer:
    """A person with the offices held in the subject, the most senior first."""

    row: int
    facts: tuple[Fact, ...]
    position: Position


def _office_order(fact: Fact) -> tuple[int, str]:
    office = fact.props.get("office")
    return seniority(office), office or ""


def _officers(subject: Subject) -> Listing[lines.OfficerLine] | None:
    if ("OFFICER_OF", "in") not in subject.touching:
        return None
    view = subject.view
    held: dict[int, list[Fact]] = {}
    for fact in subject.facts("OFFICER_OF", "in"):
        held.setdefault(fact.other, []).append(fact)
    officers = []
    for row, facts in held.items():
        facts.sort(key=_office_order)
        officers.append(
            Officer(row, tuple(facts), (_office_order(facts[0])[0], view.name(row), view.id(row)))
        )
    officers.sort(key=lambda officer: officer.position)
    return Items(officers, lambda officer: officer.position, functools.partial(_officer, subject))


def _officer(subject: Subject, officer: Officer) -> lines.OfficerLine:
    view, here = subject.view, len(officer.facts)
    every = view.page(officer.row, "OFFICER_OF", "out", None, OTHER_OFFICES + here)
    elsewhere = [fact for fact in every.facts if fact.other != subject.row]
    return lines.OfficerLine(
        **who(view, officer.row),
        offices=[_office_held(fact) for fact in officer.facts],
        other_offices=[_other_office(view, fact) for fact in elsewhere[:OTHER_OFFICES]],
        other_offices_total=every.total - here,
        records=refs(record for fact in officer.facts for record in fact.records),
    )


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


def _office(subject: Subject, fact: Fact) -> lines.OfficeLine:
    return lines.OfficeLine(
        **subject.who(fact),
        office=fact.props.get("office"),
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        start_unknown=fact.start_unknown,
        records=refs(fact.records),
    )


def _control(subject: Subject, fact: Fact) -> lines.ControlLine:
    return lines.ControlLine(**_control_fields(subject, fact))


def _control_fields(subject: Subject, fact: Fact) -> dict[str, Any]:
    return {
        **subject.who(fact),
        "ratio": fact.props.get("ratio"),
        "joint": fact.props.get("joint"),
        "nature": fact.props.get("nature"),
        "valid_from": fact.valid_from,
        "valid_to": fact.valid_to,
        "records": refs(fact.records),
    }


def _controller(subject: Subject, fact: Fact) -> lines.ControllerLine:
    return lines.ControllerLine(
        **_control_fields(subject, fact),
        state_body=subject.view.value(fact.other, "nature") == "state_body",
        also_controls=_also_controls(subject, fact.other),
    )


def _also_controls(subject: Subject, controller: int) -> Section[lines.ControlLine]:
    """The controller's other companies: the first few; the cursor goes on in the controller's own profile."""
    owner = Subject(subject.view, controller, subject.page)
    found = subject.view.page(controller, "CONTROLS", "out", None, ALSO_CONTROLS)
    others = [fact for fact in found.facts if fact.other != subject.row]
    return Section[lines.ControlLine](
        lines=[_control(owner, fact) for fact in others],
        total=found.total - 1,
        next=subject.page.next((found.next,), *owner.question("controls")) if found.next else None,
    )


def _relatives(subject: Subject) -> Listing[lines.RelativeLine] | None:
    facts = [*subject.facts("RELATIVE_OF", "out"), *subject.facts("RELATIVE_OF", "in")]

    def position(fact: Fact) -> Position:
        return fact.props.get("relation") or "", subject.view.id(fact.start), subject.view.id(fact.end)

    def line(fact: Fact) -> lines.RelativeLine:
        relation = fact.props.get("relation")
        return lines.RelativeLine(**subject.who(fact), relation=relation, records=refs(fact.records))

    return Items(sorted(facts, key=position), position, line) if facts else None


# --- credit, trade, the firm's own book ------------------------------------------------------------------------


def _loans(subject: Subject) -> Listing[lines.LoanLine] | None:
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

    return Items(sorted(sides, key=position), position, line) if sides else None


def _trade(subject: Subject, fact: Fact) -> lines.TradeLine:
    value = fact.props.get
    return lines.TradeLine(
        **subject.who(fact),
        amount=value("amount"),
        cost_share=value("cost_share"),
        revenue_share=value("revenue_share"),
        item=value("item"),
        records=refs(fact.records),
    )


def _product(subject: Subject, fact: Fact) -> lines.ProductLine:
    return lines.ProductLine(
        **subject.who(fact),
        category=subject.view.value(fact.other, "category"),
        since=fact.props.get("since"),
        revenue=fact.props.get("revenue"),
        records=refs(fact.records),
    )


def _coverage(subject: Subject, fact: Fact) -> lines.CoverageLine:
    return lines.CoverageLine(
        **subject.who(fact),
        role=fact.props.get("role"),
        title=subject.view.value(fact.other, "title"),
        records=refs(fact.records),
    )


# --- what it takes part in -------------------------------------------------------------------------------------


def _from_parts(kind: str, model: type[lines.RoleLine]) -> Builder:
    """A section of what the subject takes part in; a line's own fields are the properties of the same name.

    `deal_kind` is the property `kind` of a Deal: a line's `kind` is the type of the thing.
    """
    general = {field.name for field in dataclasses.fields(lines.RoleLine)}
    own = [field.name for field in dataclasses.fields(model) if field.name not in general]
    sources = {name: "kind" if name.endswith("_kind") else name for name in own}

    def build(subject: Subject) -> Listing[lines.RoleLine] | None:
        def line(part: Part) -> lines.RoleLine:
            shown, total = _others(subject, part)
            return model(
                **who(subject.view, part.row),
                roles=part.roles,
                parties=shown,
                parties_total=total,
                **_own_fields(part, sources),
                records=refs(part.records()),
            )

        parts = subject.parts.get(kind)
        return Items(parts, Part.position, line) if parts else None

    return build


def _own_fields(part: Part, sources: Mapping[str, str]) -> dict[str, Any]:
    return {name: part.props.get(source) for name, source in sources.items()}


def _participant(subject: Subject, fact: Fact) -> lines.ParticipantLine:
    return lines.ParticipantLine(**subject.who(fact), role=fact.props.get("role"), records=refs(fact.records))


def _others(subject: Subject, part: Part) -> tuple[list[lines.RoleParty], int]:
    """The others who take part: the first of them, and how many there are."""
    view = subject.view
    found = view.page(part.row, "PARTY_TO", "in", None, PARTIES + len(part.facts))
    others = [fact for fact in found.facts if fact.other != subject.row]
    own = sum(fact.type == "PARTY_TO" for fact in part.facts)
    shown = [lines.RoleParty(**who(view, f.other), role=f.props.get("role")) for f in others[:PARTIES]]
    return shown, found.total - own


# --- what is unknown -------------------------------------------------------------------------------------------


def _unknown(subject: Subject) -> Listing[lines.UnknownLine]:
    return Items(sorted(gaps(subject), key=_gap_position), _gap_position, _unknown_line)


def _gap_position(gap: Gap) -> Position:
    return (gap.code,)


def _unknown_line(gap: Gap) -> lines.UnknownLine:
    return lines.UnknownLine(
        code=gap.code, message=gap.text.zh, message_en=gap.text.en, records=refs(gap.records)
    )


SECTIONS: Final[Mapping[str, Builder]] = {
    "identity": _identity,
    "aliases": _aliases,
    "securities": _from_facts("ISSUED", "out", _security),
    "industry": _industry,
    "concepts": _from_facts("HAS_CONCEPT", "out", _concept),
    "controllers": _from_facts("CONTROLS", "in", _controller),
    "holders": _from_facts("HOLDS", "in", _stake),
    "holdings": _from_facts("HOLDS", "out", _stake),
    "controls": _from_facts("CONTROLS", "out", _control),
    "parties": _from_facts("PARTY_TO", "in", _participant),
    "officers": _officers,
    "offices": _from_facts("OFFICER_OF", "out", _office),
    "relatives": _relatives,
    "guarantees": _from_parts("Guarantee", lines.GuaranteeLine),
    "loans": _loans,
    "pledges": _from_parts("Pledge", lines.PledgeLine),
    "deals": _from_parts("Deal", lines.DealLine),
    "suppliers": _from_facts("SUPPLIES", "in", _trade),
    "customers": _from_facts("SUPPLIES", "out", _trade),
    "products": _from_facts("OWNS_PRODUCT", "out", _product),
    "coverage": _from_facts("COVERS", "in", _coverage),
    "contacts": _from_parts("Contact", lines.ContactLine),
    "exposures": _from_parts("Exposure", lines.ExposureLine),
    "limits": _from_parts("Limit", lines.LimitLine),
    "agreements": _from_parts("ConcertAgreement", lines.AgreementLine),
    "events": _from_parts("Event", lines.EventLine),
    "documents": _from_parts("Document", lines.DocumentLine),
    "reports": _from_parts("FinancialReport", lines.ReportLine),
    "possibly_same": _possibly_same,
    "unknown": _unknown,
}
"""Every section of a profile, in the order in which it is shown."""
