"""受益所有人: the beneficial owners of a company under a regime, what proves each, and what is missing to be sure."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import Field

from graph.view import View
from graph.view_types import RecordRef
from queries.beneficial_owner_criteria import Case, Met, by_person
from queries.beneficial_owner_gaps import Exemption, Missing, exemption_of, findings_of, missing_of
from queries.control import Votes
from queries.interests import MOST_PATHS, Step
from queries.models import Answer, EntityId, Finding, Line, Party, PartyLine, Ratio
from queries.owners import company_row, ratio
from queries.regimes import Fallback, Regime, StateOwned
from queries.statements import party, refs, who

MOST_POSSIBLE: Final = 100
"""Most persons shown who may be beneficial owners."""

BASES: Final = ("computed", "disclosed", "fallback", "state_owned")
"""Why somebody is listed: by what is computed, by what is disclosed, or by office."""


class RegimeUsed(Answer):
    """The law that the answer applies."""

    name: str
    title: str
    version: str
    in_force_from: dt.date
    source: str


@dataclass(slots=True, kw_only=True)
class CriterionMet:
    """A criterion that somebody meets, or may meet, with the part that is measured."""

    criterion: str
    article: str
    text: str
    measure: Annotated[
        str | None, Field(description="capital, votes, income; null where nothing is measured.")
    ]
    ratio: Ratio
    ratio_min: Ratio
    ratio_max: Ratio
    through: Annotated[
        list[EntityId], Field(description="Companies through whose control the part counts; else empty.")
    ]


@dataclass(slots=True, kw_only=True)
class OwnershipPath:
    """A chain of holdings that counts for a criterion, from the owner down."""

    criterion: str
    ratio: Annotated[Ratio, Field(description="Product of what is counted along the chain.")]
    steps: list[Step]


@dataclass(slots=True, kw_only=True)
class BeneficialOwner(PartyLine):
    """A natural person who is a beneficial owner or is deemed to be one, and why."""

    basis: Annotated[str, Field(description=", ".join(BASES))]
    criteria: list[CriterionMet]
    paths: Annotated[
        list[OwnershipPath], Field(description=f"The largest chains, {MOST_PATHS} a criterion at most.")
    ]
    paths_truncated: Annotated[bool, Field(description="Whether there are, or may be, more chains.")]
    votes: Annotated[
        list[Votes], Field(description="The votes that prove control, from the controller down.")
    ]


@dataclass(slots=True, kw_only=True)
class PossibleOwner(PartyLine):
    """A natural person who may be a beneficial owner: what would decide it is not stated."""

    basis: str
    criteria: list[CriterionMet]


@dataclass(slots=True, kw_only=True)
class Official(PartyLine):
    """A senior managing official, named because nobody is identified; not a beneficial owner."""

    office: str
    article: str
    text: str


class BeneficialOwners(Answer):
    """The beneficial owners of a company under a regime."""

    company: Party
    as_of: dt.date
    known_at: dt.date | None
    regime: RegimeUsed
    beneficial_owners: list[BeneficialOwner]
    possible: list[PossibleOwner]
    possible_total: int
    senior_managing_officials: list[Official]
    exemption: Exemption | None
    missing: list[Missing]
    findings: list[Finding]


def beneficial_owners(view: View, ref: str, regime: Regime) -> BeneficialOwners:
    """Who the beneficial owners of a company are.

    Args:
        view: What the asker may see, on the day asked for.
        ref: The company: an id, a code, or a name that one thing has.
        regime: The law to apply, see `queries.regimes.regime`.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is no company.
    """
    case = Case(view, company_row(view, ref), regime)
    sure, unsure = by_person(case.results, certain=True), by_person(case.results, certain=False)
    owners = sorted((_owner(case, mets) for mets in sure.values()), key=_position)
    named = list(_named_by_office(case, owned=bool(owners)))
    open_ones = sorted(
        (_possible(case, mets) for row, mets in unsure.items() if row not in sure), key=_position
    )
    missing = missing_of(case, unnamed=not named)
    return BeneficialOwners(
        company=party(view, case.row),
        as_of=view.as_of,
        known_at=view.known_at,
        regime=_used(regime),
        beneficial_owners=[*owners, *(line for line in named if isinstance(line, BeneficialOwner))],
        possible=open_ones[:MOST_POSSIBLE],
        possible_total=len(open_ones),
        senior_managing_officials=[line for line in named if isinstance(line, Official)],
        exemption=exemption_of(case),
        missing=missing,
        findings=[*_provisional(owners, named, missing), *findings_of(case)],
    )


def _provisional(
    owners: Sequence[BeneficialOwner],
    named: Sequence[BeneficialOwner | Official],
    missing: Sequence[Missing],
) -> Iterator[Finding]:
    """Whoever is named by office where nobody is found stands there only until what is missing is known."""
    by_office = not owners and any(isinstance(line, Official) or line.basis == "fallback" for line in named)
    if by_office and missing:
        text = "资料不全，以职务认定仅为暂定 / data is missing, so whoever is named by office is provisional"
        yield Finding(code="fallback_provisional", message=text, records=[])


def _used(regime: Regime) -> RegimeUsed:
    return RegimeUsed(
        name=regime.name, title=str(regime.title), version=regime.version,
        in_force_from=regime.in_force_from, source=regime.source,
    )  # fmt: skip


def _position(line: BeneficialOwner | PossibleOwner) -> tuple[float, str]:
    """The largest part first, then by id."""
    return -max((met.ratio_max or 0.0 for met in line.criteria), default=0.0), line.id


# --- by criterion ----------------------------------------------------------------------------------------------------


def _owner(case: Case, mets: Sequence[Met]) -> BeneficialOwner:
    paths, truncated = [], False
    for met in mets:
        chains, more = case.paths(met)
        truncated |= more
        paths += [
            OwnershipPath(criterion=met.criterion.id, ratio=ratio(part), steps=steps)
            for part, steps in chains
        ]
    votes = _once(vote for met in mets for vote in case.votes_of(met))
    return BeneficialOwner(
        **who(case.view, mets[0].person),
        basis=mets[0].basis,
        criteria=[_criterion(case, met) for met in mets],
        paths=paths,
        paths_truncated=truncated,
        votes=votes,
        records=refs(_records(mets, paths, votes)),
    )


def _once(votes: Iterator[Votes]) -> list[Votes]:
    """Each row of votes once, by the record that states it and in which company it is cast."""
    found: dict[tuple[str, str, str, str], Votes] = {}
    for vote in votes:
        found.setdefault((vote.holder, vote.company, vote.cast_by, vote.records[0].id), vote)
    return list(found.values())


def _records(
    mets: Sequence[Met], paths: Sequence[OwnershipPath], votes: Sequence[Votes]
) -> Iterator[RecordRef]:
    yield from (record for met in mets for record in met.records)
    lines: list[Line] = [*(step for path in paths for step in path.steps), *votes]
    yield from (record for line in lines for record in line.records)


def _criterion(case: Case, met: Met) -> CriterionMet:
    share = met.share
    return CriterionMet(
        criterion=met.criterion.id,
        article=met.criterion.article,
        text=str(met.criterion.text),
        measure=met.measure,
        ratio=ratio(share.ratio) if share else None,
        ratio_min=ratio(share.low) if share else None,
        ratio_max=ratio(share.high) if share else None,
        through=[case.view.id(row) for row in met.through],
    )


def _possible(case: Case, mets: Sequence[Met]) -> PossibleOwner:
    stated = [record for met in mets for record in met.records]
    held = [record for met in mets if met.measure for record in case.holdings_of(met.person, met.measure)]
    return PossibleOwner(
        **who(case.view, mets[0].person),
        basis=mets[0].basis,
        criteria=[_criterion(case, met) for met in mets],
        records=refs([*stated, *held]),
    )


# --- by office -------------------------------------------------------------------------------------------------------


def _named_by_office(case: Case, *, owned: bool) -> Iterator[BeneficialOwner | Official]:
    """Who stands for the owner: of a company that the state has its legal representative, else its managers."""
    rule = case.regime.state_owned
    if rule is not None and case.state_owned:
        for office, person, records in case.officers(rule.offices, first=True):
            yield _deemed(case, (rule, "state_owned", office), person, records)
    elif not owned:
        fallback = case.regime.fallback
        for office, person, records in case.officers(fallback.offices, first=fallback.take == "first"):
            if fallback.deemed:
                yield _deemed(case, (fallback, "fallback", office), person, records)
            else:
                yield Official(
                    **who(case.view, person), office=office, article=fallback.article,
                    text=str(fallback.text), records=refs(records),
                )  # fmt: skip


def _deemed(
    case: Case, why: tuple[Fallback | StateOwned, str, str], person: int, records: Sequence[RecordRef]
) -> BeneficialOwner:
    rule, basis, office = why
    met = CriterionMet(
        criterion=basis, article=rule.article, text=f"{rule.text}（{office}）", measure=None, ratio=None,
        ratio_min=None, ratio_max=None, through=[],
    )  # fmt: skip
    return BeneficialOwner(
        **who(case.view, person), basis=basis, criteria=[met], paths=[], paths_truncated=False, votes=[],
        records=refs(records),
    )  # fmt: skip
