"""事件规则来源: what happened to a company, or lies ahead of it, and what it may need because of that for a while."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Final

import numpy as np

from graph.columns import LONG_AGO, date_of
from graph.view import View
from queries.exposure_equity import dense
from queries.labels import Label, word
from queries.opportunity_proposals import (
    SETTLED,
    Desk,
    Evidence,
    Floats,
    Proposals,
    Rows,
    company_rows,
    without_state,
)
from queries.opportunity_rules import EventRule, OpportunityRules
from queries.opportunity_text import day_text, money_text
from queries.statements import of_units, refs

SHARED: Final = 0.6
"""An event that names several parties counts so much for each: which of them it is about is not said."""

_CONTROLLER: Final = "controller"


@dataclass(frozen=True)
class Happenings:
    """Columns: to which company, what (a row), its kind (place among `kinds`), when, how much, how surely this one."""

    kinds: list[str]
    company: Rows
    thing: Rows
    kind: Rows
    day: Rows
    amount: Floats
    part: Floats


class Events:
    """事件规则: a need that follows from what happened, within a window."""

    name = "events"
    label = Label("事件规则", "event rules")

    def __init__(self, rules: OpportunityRules) -> None:
        self._rules = rules.events
        self.version = rules.label

    def propose(self, desk: Desk) -> Proposals:
        """A proposal for each rule and each thing that triggers it, expired ones too."""
        found = happenings(desk.view)
        codes = {kind: code for code, kind in enumerate(found.kinds)}
        parts = [self._of_rule(desk, found, codes, (number, rule)) for number, rule in enumerate(self._rules)]
        return Proposals.joined(parts)

    def _of_rule(
        self, desk: Desk, found: Happenings, codes: dict[str, int], which: tuple[int, EventRule]
    ) -> Proposals:
        number, rule = which
        wanted = [codes[kind] for kind in _triggers(rule) if kind in codes]
        begun = found.day + rule.opens <= desk.day
        at = np.flatnonzero(np.isin(found.kind, wanted) & begun)
        day = found.day[at]
        opens, closes = day + rule.opens, day + rule.closes
        place = desk.catalogue.places[rule.product]
        return Proposals(
            company=found.company[at],
            product=np.full(len(at), place, np.int64),
            rule=np.full(len(at), number, np.int64),
            opens=opens,
            closes=closes,
            dated=np.minimum(day, opens),
            strength=rule.strength * found.part[at],
            urgency=_pressing(rule, (desk.day - opens) / (rule.closes - rule.opens)),
            amount=found.amount[at],
            evidence=found.thing[at],
            detail=found.kind[at],
        )

    def explain(self, desk: Desk, proposals: Proposals, at: int) -> Evidence:
        """What happened, when, and why it makes for a need."""
        view, rule = desk.view, self._rules[proposals.rule.item(at)]
        thing, company = proposals.evidence.item(at), proposals.company.item(at)
        day = date_of(proposals.opens.item(at) - rule.opens)
        amount = proposals.amount.item(at)
        told = _happened(view, (company, thing), day, None if np.isnan(amount) else amount)
        return Evidence(
            rule=f"{rule.id}@{self.version}",
            text=Label(f"{told.zh}：{rule.why.zh}。", f"{told.en}: {rule.why.en}."),
            records=tuple(refs(_records(view, (company, thing)))),
            things=(view.id(thing),),
            compartments=_walls(view, (company, thing)),
        )


def _pressing(rule: EventRule, passed: Any) -> Floats:
    """Urgency by the part of the window that has passed: it grows towards what lies ahead, and fades after it."""
    ahead = rule.opens < 0
    left = np.clip(passed if ahead else 1 - passed, 0.0, 1.0)
    pressing: Floats = np.round(rule.urgency * (SETTLED + (1 - SETTLED) * left), 9)
    return pressing


def _triggers(rule: EventRule) -> list[str]:
    on = rule.when
    deals = [f"deal:{kind}:{role}" for kind in on.deal for role in on.role]
    securities = [f"security:{kind}" for kind in on.security]
    return [*(f"event:{kind}" for kind in on.event), *deals, *securities, *([_CONTROLLER] * on.controller)]


# --- what happened ---


def happenings(view: View) -> Happenings:
    """Events, deals, maturities and new controllers of all companies. Kept by View."""
    return view.foundation("happenings", lambda: _happenings(view))


def _happenings(view: View) -> Happenings:
    parts = [
        _events(view),
        _deals(view, "target"),
        _deals(view, "investors"),
        _maturities(view),
        _taken_over(view),
    ]
    kinds = sorted({kind for part in parts for kind in part.kinds})
    codes = {kind: code for code, kind in enumerate(kinds)}
    recoded = [np.array([codes[k] for k in part.kinds], np.int64)[part.kind] for part in parts]
    return Happenings(
        kinds,
        np.concatenate([part.company for part in parts]),
        np.concatenate([part.thing for part in parts]),
        np.concatenate([np.zeros(0, np.int64), *recoded]),
        np.concatenate([part.day for part in parts]),
        np.concatenate([part.amount for part in parts]),
        np.concatenate([part.part for part in parts]),
    )


def _made(view: View, kind: str, naming: tuple[str, str], pairs: tuple[Rows, Rows]) -> Happenings:
    """Happenings of things of a type with a kind and a day each; `naming` stands around the kind."""
    company, thing = pairs
    dates = "matures_on" if kind == "Security" else "date"
    prefix, suffix = naming
    told = view.property_texts(kind, "kind")
    code, day = np.full(view.size, -1, np.int64), np.full(view.size, LONG_AGO, np.int64)
    code[told.rows] = told.which
    rows, values = view.column(kind, dates)
    day[rows] = values
    good = (code[thing] >= 0) & (day[thing] > LONG_AGO) & company_rows(view, company)
    company, thing = company[good], thing[good]
    amount = dense(view, kind, "amount")[thing] if kind != "Security" else np.full(len(thing), np.nan)
    kinds = [f"{prefix}{text}{suffix}" for text in told.texts]
    return Happenings(kinds, company, thing, code[thing], day[thing], amount, np.ones(len(thing)))


def _events(view: View) -> Happenings:
    """Events by their subjects; one that has not come by the day counts only where it was announced for a day ahead."""
    parts, about = view.arrays("PARTY_TO"), view.arrays("ABOUT")
    subject = np.flatnonzero(parts.equals("role", "subjects") & view.of_kind(parts.end, "Event"))
    told = np.flatnonzero(view.of_kind(about.start, "Event") & view.of_kind(about.end, "Company"))
    company = np.concatenate([parts.start[subject], about.end[told]]).astype(np.int64)
    event = np.concatenate([parts.end[subject], about.start[told]]).astype(np.int64)
    pairs = np.unique(np.stack([company, event]), axis=1)
    named = np.bincount(pairs[1], minlength=view.size)
    found = _made(view, "Event", ("event:", ""), (pairs[0], pairs[1]))
    part = np.where(named[found.thing] > 1, SHARED, 1.0)
    return Happenings(found.kinds, found.company, found.thing, found.kind, found.day, found.amount, part)


def _deals(view: View, role: str) -> Happenings:
    parts = view.arrays("PARTY_TO")
    chosen = np.flatnonzero(parts.equals("role", role) & view.of_kind(parts.end, "Deal"))
    pairs = parts.start[chosen].astype(np.int64), parts.end[chosen].astype(np.int64)
    return _made(view, "Deal", ("deal:", f":{role}"), pairs)


def _maturities(view: View) -> Happenings:
    issued = view.arrays("ISSUED")
    pairs = issued.start.astype(np.int64), issued.end.astype(np.int64)
    return _made(view, "Security", ("security:", ""), pairs)


def _taken_over(view: View) -> Happenings:
    """Companies with a disclosed controller whose first day is known, and is not the company's own first."""
    facts = view.arrays("CONTROLS")
    known = (facts.valid_from > LONG_AGO) & (facts["start_unknown"] == 0)
    good = np.flatnonzero(known & company_rows(view, facts.end) & without_state(view, facts.start))
    company = facts.end[good].astype(np.int64)
    size = len(good)
    return Happenings(
        [_CONTROLLER],
        company,
        facts.start[good].astype(np.int64),
        np.zeros(size, np.int64),
        facts.valid_from[good].astype(np.int64),
        np.full(size, np.nan),
        np.ones(size),
    )


# --- how it is told ---


def _happened(view: View, pair: tuple[int, int], day: dt.date | None, amount: float | None) -> Label:
    company, thing = pair
    name, kind = view.name(company), view.kind(thing)
    when = day_text(day)
    if kind in ("Company", "Person"):
        other = view.name(thing)
        return Label(
            f"{name}自{when.zh}起由{other}实际控制", f"{name} has been controlled by {other} since {when.en}"
        )
    if kind == "Security":
        paper = view.name(thing)
        return Label(
            f"{name}发行的{paper}于{when.zh}到期", f"{paper}, issued by {name}, matures on {when.en}"
        )
    what = str(view.value(thing, "kind") or "")
    size = money_text(amount)
    ahead = day is not None and day > view.as_of
    zh = f"{name}{'将于' if ahead else ''}{when.zh}{'' if ahead else '发生'}{word(what)}"
    en = f"{name}: {what.replace('_', ' ')} on {when.en}"
    if size is not None:
        zh, en = f"{zh}，金额{size.zh}", f"{en}, {size.en}"
    return Label(zh, en)


def _records(view: View, pair: tuple[int, int]) -> Any:
    company, thing = pair
    if view.kind(thing) in ("Company", "Person"):
        facts = [fact for fact in view.facts(company, "CONTROLS", "in") if fact.other == thing]
        return (record for fact in facts for record in fact.records)
    return of_units(view, thing)


def _walls(view: View, pair: tuple[int, int]) -> frozenset[str]:
    """What one must be cleared for to be told this."""
    company, thing = pair
    ties = [
        f
        for kind, way in _LEADS[view.kind(thing)]
        for f in view.facts(thing, kind, way)
        if f.other == company
    ]
    return _least(unit.compartments for unit in view.units(thing)) | _least(
        fact.compartments for fact in ties
    )


_LEADS: Final = {
    "Event": (("PARTY_TO", "in"), ("ABOUT", "out")),
    "Deal": (("PARTY_TO", "in"),),
    "Security": (("ISSUED", "in"),),
    "Company": (("CONTROLS", "out"),),
    "Person": (("CONTROLS", "out"),),
}
"""By which facts a thing leads to the company that it happened to."""


def _least(walls: Iterable[tuple[str, ...]]) -> frozenset[str]:
    """Of several statements of one thing the compartments of the least restricted."""
    least: tuple[str, ...] = min(walls, key=_how_restricted, default=())
    return frozenset(least)


def _how_restricted(names: tuple[str, ...]) -> tuple[int, tuple[str, ...]]:
    return len(names), names
