"""动态与风险: events with what documents say of them, and what is known of a company's risk without a propagation."""

from __future__ import annotations

import datetime as dt
from typing import Final

import numpy as np

from graph.view import View
from queries.alert_rules import EventShocks, event_shocks
from queries.alerts import Wanted, alerts
from queries.company_facts import CompanyFacts, facts_of
from queries.customer_360_lines import EventsTold, EventTold, HitLine, Positioned, Reason, RiskSummary
from queries.documents import Naming, by_day, mean, of_entity
from queries.opportunities import Engine
from queries.opportunity_eligibility import restrictions
from queries.opportunity_proposals import desk_of
from queries.paging import Page
from queries.profile_lines import EventLine, Profile
from queries.risk_positions import positions
from queries.sentiment import sentiment
from queries.statements import of_units, party, refs, who

ALERTS: Final = 5
HITS: Final = 10
LOOKBACK: Final = 365
_MOST_DOCUMENTS: Final = 3


# --- events --------------------------------------------------------------------------------------------------------


def events_told(view: View, row: int, base: Profile) -> EventsTold:
    """The events of a profile, each with how the documents that tell it speak of the company."""
    section = base.sections["events"]
    named = of_entity(view, row)
    unknown = [] if section.total else [
        Reason(code="no_events", text="没有已知事件", text_en="no event is on record")
    ]  # fmt: skip
    return EventsTold(
        events=[_told(view, line, named) for line in section.lines],
        total=section.total,
        sentiment=sentiment(view, view.id(row)),
        unknown=unknown,
    )


def _told(view: View, line: EventLine, named: dict[int, Naming]) -> EventTold:
    facts = view.facts(view.resolve(line.id), "ABOUT", "in")
    tellers = by_day(view, {fact.other for fact in facts if view.kind(fact.other) == "Document"})
    toward = [value for one in tellers if one in named for value in named[one].toward]
    return EventTold(
        id=line.id,
        name=line.name,
        kind=line.kind,
        event_kind=line.event_kind,
        date=line.date,
        amount=line.amount,
        text=line.text,
        sentiment=mean(toward),
        documents=[party(view, one) for one in tellers[:_MOST_DOCUMENTS]],
        documents_total=len(tellers),
        records=line.records,
    )


# --- risk ----------------------------------------------------------------------------------------------------------


def risk_summary(view: View, row: int, by: Engine, shocks: EventShocks | None = None) -> RiskSummary:
    """What is known of the risk of a company, given by row; no propagation is run."""
    rules, facts = shocks or event_shocks(), facts_of(view, row)
    exposure = _exposure(view, row)
    raised = alerts(view, Wanted(client=view.id(row)), page=Page(ALERTS))
    hits = _hits(view, row, rules, (exposure.net, facts))
    desk = desk_of(view, by.catalogue)
    return RiskSummary(
        exposure=exposure,
        alerts=raised.alerts,
        alerts_total=raised.total,
        hits=hits[:HITS],
        hits_total=len(hits),
        rule=rules.label,
        pledge_ratio=facts.pledge_ratio,
        guarantee_ratio=facts.guarantee_ratio,
        restricted=[_restricted(view, entry.row) for entry in restrictions(desk) if entry.company == row],
        unknown=list(_unknown(exposure, facts)),
    )


def _exposure(view: View, row: int) -> Positioned:
    found = positions(view)
    own = found.client == row
    amount, collateral = found.amount[own], found.collateral[own]
    return Positioned(
        exposures=int(own.sum()),
        gross=_sum(amount),
        collateral=_sum(collateral),
        net=_sum(found.net[own]),
        unknown_amounts=int(np.isnan(amount).sum()),
    )


def _sum(values: np.ndarray[tuple[int], np.dtype[np.float64]]) -> float:
    """A sum that no order of rows shows in."""
    return float(np.sort(values[~np.isnan(values)]).sum())


def _hits(view: View, row: int, rules: EventShocks, of: tuple[float, CompanyFacts]) -> list[HitLine]:
    net, facts = of
    since = view.as_of - dt.timedelta(days=LOOKBACK)
    rows = {
        fact.other
        for edge_type, direction in (("PARTY_TO", "out"), ("ABOUT", "in"))
        for fact in view.facts(row, edge_type, direction)
        if view.kind(fact.other) == "Event"
    }
    found = []
    for event in rows:
        kind, day = view.value(event, "kind"), view.value(event, "date")
        rule = rules.kinds.get(str(kind))
        if rule is None or not isinstance(day, dt.date) or not since < day <= view.as_of:
            continue
        low, size, high = rule.sizes(view.value(event, "amount"), facts.equity)
        found.append(
            HitLine(
                **who(view, event),
                event_kind=str(kind),
                date=day,
                shock=round(size, 9),
                shock_low=round(low, 9),
                shock_high=round(high, 9),
                at_risk=round(net * size, 2),
                records=refs(of_units(view, event)),
            )
        )
    return sorted(found, key=lambda hit: (-hit.shock, -hit.date.toordinal(), hit.id))


def _restricted(view: View, entry: int) -> Reason:
    said = view.value(entry, "reason")
    return Reason(
        code="restricted",
        text=f"在限制名单上{f'：{said}' if said else ''}",
        text_en=f"on the restricted list{f': {said}' if said else ''}",
    )


def _unknown(exposure: Positioned, facts: CompanyFacts) -> list[Reason]:
    found = []
    if not exposure.exposures:
        found.append(
            Reason(
                code="no_exposure", text="本公司没有对它的敞口记录", text_en="no exposure to it is on record"
            )
        )
    if facts.pledge_ratio is None:
        found.append(
            Reason(
                code="no_pledge_ratio",
                text="没有质押记录，或比例未披露",
                text_en="no pledge is on record, or none states its ratio",
            )
        )
    if facts.guarantee_ratio is None:
        found.append(
            Reason(
                code="no_guarantee_ratio",
                text="没有担保金额，或净资产未知",
                text_en="no guarantee states an amount, or its equity is not known",
            )
        )
    return found
