"""存疑: what would have to be known to be sure of beneficial owners, and whether a company is exempt from filing."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from pydantic import Field

from graph.algorithms.control import TOLERANCE
from graph.algorithms.ownership import State
from queries import controllers as controlling
from queries import owners as owning
from queries.beneficial_owner_criteria import Case, meets
from queries.control import Controlled
from queries.controllers import status_of
from queries.interests import Interests
from queries.labels import Label
from queries.models import Answer, Finding, Party, Ratio, Records
from queries.owners import STOPS, LookedThrough, ratio, stopped_because
from queries.regimes import Counted, ExemptionRule, InterestCriterion, Measure
from queries.statements import party

MEASURES: Final = {
    Measure.CAPITAL: Label("股权", "capital"),
    Measure.VOTES: Label("表决权", "votes"),
    Measure.INCOME: Label("收益权", "income"),
}

EXEMPTIONS: Final = ("may_apply", "does_not_apply", "not_determinable")


class Missing(Answer):
    """Something that would have to be known to be sure."""

    code: str = Field(
        description="no_holders, overstated, circular, unknown_ratio, holder_not_traced, small_parts, "
        "control_not_determinable, entities_cut, no_officer"
    )
    text: str
    party: Party | None = Field(
        None, description="The holder or controller behind whom nobody knows who stands."
    )
    measure: str | None = None
    ratio: Ratio = Field(None, description="The part that is at stake.")
    records: Records = Field(default_factory=list)


class Condition(Answer):
    """One condition of the exemption; `met` is null where it cannot be said."""

    text: str
    met: bool | None


class Exemption(Answer):
    """Whether the company may be exempt from filing; its owners are listed all the same."""

    result: str = Field(description=", ".join(EXEMPTIONS))
    article: str
    text: str
    conditions: list[Condition]


# --- missing ---------------------------------------------------------------------------------------------------------


def missing_of(case: Case, *, unnamed: bool) -> list[Missing]:
    """What is missing. `unnamed` is whether nobody is found to stand for an owner by office."""
    found: list[Missing] = []
    for criterion, measure in _multiplied(case):
        interests = case.interests(case.row, measure)
        if interests.measure is measure:  # else it is counted as capital
            found += _hidden(case, criterion, interests)
    found += [
        Missing(code="control_not_determinable", text=doubt.message, party=above, records=doubt.records)
        for above, doubts in _control_doubts(case)
        for doubt in doubts
    ]
    found += _cut(case)
    needed = case.state_owned or not any(met.certain for met in case.results)
    if unnamed and needed:
        found.append(Missing(code="no_officer", text=_wanted_officers(case)))
    return found


def _cut(case: Case) -> Iterator[Missing]:
    counted = (getattr(criterion, "counted", None) for criterion in case.regime.criteria)
    if Counted.IN_CONTROLLING_ENTITIES in counted and case.entities_cut:
        text = (
            f"可能控制该公司的法人过多，{case.entities_cut} 家未予检查 / too many entities may control it: "
            f"{case.entities_cut} are not looked at"
        )
        yield Missing(code="entities_cut", text=text)


def _control_doubts(case: Case) -> Iterator[tuple[Party | None, list[Finding]]]:
    """Why it cannot be said who controls the company, or the companies that control it in the end."""
    view = case.view
    if case.status[0] == "not_determinable":
        yield None, case.status[1]
    for row in case.controlled.controllers:
        if view.kind(row) == "Company" and view.value(row, "nature") != "state_body":
            status, doubts = status_of(Controlled.of(view, row), LookedThrough.of(view, row))
            if status == "not_determinable":
                yield party(view, row), doubts


def _wanted_officers(case: Case) -> str:
    rule = case.regime.state_owned if case.state_owned else None
    offices = "、".join((rule or case.regime.fallback).offices)
    return f"没有资料说明由谁担任：{offices} / no source states who holds any of these offices: {offices}"


def _multiplied(case: Case) -> Iterator[tuple[InterestCriterion, Measure]]:
    """Each measure once, with the first criterion that multiplies it along chains."""
    seen = set[Measure]()
    for criterion in case.regime.criteria:
        if isinstance(criterion, InterestCriterion) and criterion.counted is Counted.MULTIPLIED:
            for measure in criterion.measures:
                if measure not in seen:
                    seen.add(measure)
                    yield criterion, measure


def _hidden(case: Case, criterion: InterestCriterion, interests: Interests) -> Iterator[Missing]:
    """Parts behind which somebody may stand who meets a criterion, or that may make somebody meet it."""
    owned, label = interests.owners, MEASURES[interests.measure]
    if not len(owned.direct[0]):
        yield Missing(
            code="no_holders",
            text="没有资料说明其股东 / no source states its holders",
            measure=interests.measure,
        )
    elif owned.state is State.OVERSTATED:
        text = f"股东合计超过 100%，{label.zh}无法计算 / its stated holders exceed 100%, so no {label.en} is computed"
        yield Missing(code="overstated", text=text, measure=interests.measure)
    elif owned.state is State.CIRCULAR:
        text = "闭环持股，没有外部股东 / a closed ring of holdings without an outside owner"
        yield Missing(code="circular", text=text, measure=interests.measure, ratio=1.0)
    else:
        yield from _parts(case, criterion, interests)


def _parts(case: Case, criterion: InterestCriterion, interests: Interests) -> Iterator[Missing]:
    label, unknown = MEASURES[interests.measure], interests.owners.unknown
    large = [part for part in _untraced(case, interests) if meets(criterion, part[2])]
    if meets(criterion, unknown):
        text = (
            f"{unknown:.2%} 的{label.zh}没有资料 / no source states who has {unknown:.2%} of the {label.en}"
        )
        yield Missing(code="unknown_ratio", text=text, measure=interests.measure, ratio=ratio(unknown))
    for row, why, part in large:
        name, reason = case.view.name(row), STOPS[why]
        text = f"{name}：{reason.zh}，至多 {part:.2%} 的{label.zh} / {reason.en}; {part:.2%} of the {label.en} at most"
        yield Missing(
            code="holder_not_traced", text=text, party=party(case.view, row), measure=interests.measure,
            ratio=ratio(part),
        )  # fmt: skip
    if not large and not meets(criterion, unknown):
        yield from _small(criterion, interests)


def _untraced(case: Case, interests: Interests) -> list[tuple[int, str, float]]:
    """Holders behind whom nobody knows who stands, the largest part first, then by id."""
    view = case.view
    found = [(row, stopped_because(view, row, stop), high) for row, stop, high in interests.hidden()]
    return sorted(found, key=lambda part: (-round(part[2], 12), view.id_key(part[0])))


def _small(criterion: InterestCriterion, interests: Interests) -> Iterator[Missing]:
    """Parts too small each, but not all together, or not with what some person is known to have."""
    untraced = interests.owners.unknown + sum(high for _, _, high in interests.hidden())
    low = interests.persons.low
    together = min(untraced + low[low < criterion.threshold - TOLERANCE].max(initial=0.0), 1.0)
    if untraced > TOLERANCE and meets(criterion, together):
        label = MEASURES[interests.measure]
        text = (
            f"{untraced:.2%} 的{label.zh}未能穿透，若同属一人可能达到标准 / {untraced:.2%} of the {label.en} is not "
            "traced, and would be enough if one person had it"
        )
        yield Missing(code="small_parts", text=text, measure=interests.measure, ratio=ratio(untraced))


# --- findings --------------------------------------------------------------------------------------------------------


def findings_of(case: Case) -> list[Finding]:
    """What the reader should know about the data and about the regime, each once."""
    found = [
        *_not_in_force(case),
        *owning.findings_of(case.looked),
        *controlling.findings_of(case.controlled, case.status),
    ]
    return [finding for place, finding in enumerate(found) if finding not in found[:place]]


def _not_in_force(case: Case) -> Iterator[Finding]:
    begins = case.regime.in_force_from
    if case.view.as_of < begins:
        text = f"该制度自 {begins} 起施行 / this regime applies from {begins}"
        yield Finding(code="not_in_force", message=text, records=[])


# --- exemption -------------------------------------------------------------------------------------------------------


def exemption_of(case: Case) -> Exemption | None:
    """Whether the regime's exemption may apply; None where it has none."""
    rule = case.regime.exemption
    if rule is None:
        return None
    conditions = [_small_capital(case, rule), _persons_only(case), _nobody_else(case), _equity_alone(case)]
    said = {condition.met for condition in conditions}
    result = EXEMPTIONS[1] if False in said else EXEMPTIONS[2] if None in said else EXEMPTIONS[0]
    return Exemption(result=result, article=rule.article, text=str(rule.text), conditions=conditions)


def _small_capital(case: Case, rule: ExemptionRule) -> Condition:
    most = f"{rule.capital_at_most:,.0f} {rule.currency}"
    capital, currency = (case.view.value(case.row, name) for name in ("capital", "capital_currency"))
    met = (
        None if capital is None or currency not in (None, rule.currency) else capital <= rule.capital_at_most
    )
    why = "" if met is not None else "（资料不足 / not stated in this currency）"
    return Condition(text=f"注册资本不超过 {most} / capital not above {most}{why}", met=met)


def _persons_only(case: Case) -> Condition:
    """All holders are natural persons; without holders for all of the capital that cannot be said."""
    rows, parts = case.looked.owners.direct
    others = not case.view.of_kind(rows, "Person").all()
    whole = float(parts.sum()) >= 1 - TOLERANCE
    text = "股东、合伙人全部为自然人 / all holders are natural persons"
    return Condition(text=text, met=False if others else True if whole else None)


def _nobody_else(case: Case) -> Condition:
    holders = set(case.looked.owners.direct[0].tolist())
    behind = {*case.controllers, *case.disclosed}
    for _, measure in _multiplied(case):
        behind.update(case.interests(case.row, measure).persons.rows.tolist())
    text = (
        "没有股东以外的自然人实际控制或者获取收益 / no natural person but the holders controls it or benefits"
    )
    return Condition(text=text, met=False if behind - holders else _if_known(case))


def _equity_alone(case: Case) -> Condition:
    controlled = case.controlled
    otherwise = bool(controlled.controllers) and controlled.way in _OTHERWISE
    text = "没有股权、合伙权益以外的控制或者收益安排 / no control or benefit otherwise than through equity"
    return Condition(text=text, met=False if otherwise else _if_known(case))


_OTHERWISE: Final = ("concert", "entrustment")


def _if_known(case: Case) -> bool | None:
    return None if case.status[0] == "not_determinable" else True
