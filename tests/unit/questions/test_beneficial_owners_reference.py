"""Beneficial owners of small random graphs against a slow reference that shares no code: dense algebra, brute force."""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator, Mapping

import numpy as np
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from queries.beneficial_owners import beneficial_owners
from queries.regimes import regime

DAY = dt.date(2026, 6, 30)
COMPANIES = ("c0", "c1", "c2", "c3")
PERSONS = ("p0", "p1", "p2")
QUARTER = 0.25 - 1e-9
HALF = 0.5 + 1e-9

Shares = Mapping[tuple[str, str], float]

twentieths = st.sampled_from((1, 2, 3, 4, 5, 5, 6, 7, 10, 11, 12, 15, 19, 20))
stakes = st.dictionaries(
    st.tuples(st.sampled_from((*PERSONS, *COMPANIES)), st.sampled_from(COMPANIES)),
    twentieths,
    max_size=12,
)


def within_one(stated: Mapping[tuple[str, str], int]) -> dict[tuple[str, str], float]:
    """The stakes as far as a company has something left: companies take 95% of one another at most."""
    left = dict.fromkeys(COMPANIES, 20)
    left_for_companies = dict.fromkeys(COMPANIES, 19)
    found = {}
    for (holder, company), part in sorted(stated.items()):
        room = left[company] if holder in PERSONS else min(left[company], left_for_companies[company])
        taken = min(part, room)
        if taken:
            found[holder, company] = taken / 20
            left[company] -= taken
            left_for_companies[company] -= taken if holder in COMPANIES else 0
    return found


def integrated(shares: Shares) -> dict[tuple[str, str], float]:
    """What each person owns of each company: P (I - C)^-1."""
    between = np.array([[shares.get((a, b), 0.0) for b in COMPANIES] for a in COMPANIES])
    by_persons = np.array([[shares.get((a, b), 0.0) for b in COMPANIES] for a in PERSONS])
    owned = by_persons @ np.linalg.inv(np.eye(len(COMPANIES)) - between)
    return {(p, c): owned[i, j] for i, p in enumerate(PERSONS) for j, c in enumerate(COMPANIES)}


def controlled_by(shares: Shares, dead: set[tuple[str, str]], party: str) -> set[str]:
    """What a party controls by majorities of the live votes, to the fixpoint."""
    found: set[str] = set()
    while True:
        more = {
            company
            for company in COMPANIES
            if company not in found
            and votes_of(shares, dead, {party, *found}, company)
            > HALF * (1 - sum(s for (h, c), s in shares.items() if c == company and (h, c) in dead))
        }
        if not more:
            return found
        found |= more


def votes_of(shares: Shares, dead: set[tuple[str, str]], parties: set[str], company: str) -> float:
    return sum(shares.get((party, company), 0.0) for party in parties if (party, company) not in dead)


def control(shares: Shares) -> dict[str, set[str]]:
    """What everybody controls: own shares have no vote, and those of what a company controls die in rounds."""
    dead = {(holder, company) for holder, company in shares if holder == company}
    while True:
        found = {party: controlled_by(shares, dead, party) for party in (*PERSONS, *COMPANIES)}
        dying = {(h, c) for h, c in shares if h in found.get(c, ())} - dead
        if not dying:
            return found
        dead |= dying


def expected(shares: Shares, company: str, law: str) -> set[tuple[str, str]]:
    """Persons with the criteria that they meet, by the letter of the law."""
    owned, controls = integrated(shares), control(shares)
    return {
        (person, criterion)
        for person in PERSONS
        for criterion in (
            _cn(owned, controls, (person, company))
            if law == "cn"
            else _eu(shares, owned, controls, (person, company))
        )
    }


def _cn(owned, controls, ends) -> Iterator[str]:
    person, company = ends
    if owned[person, company] >= QUARTER:
        yield "capital"
    elif company in controls[person]:
        yield "control"


def _eu(shares, owned, controls, ends) -> Iterator[str]:
    person, company = ends
    if owned[person, company] >= QUARTER:
        yield "ownership"
    if company in controls[person]:
        yield "control"
    held = sum(shares.get((c, company), 0.0) for c in controls[person] - {company})
    if held >= QUARTER:
        yield "controls_holder"
    above = [c for c in COMPANIES if c != company and company in controls[c]]
    if any(owned[person, entity] >= QUARTER for entity in above):
        yield "owns_controller"


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(stated=stakes)
def test_the_owners_are_those_of_the_reference(builder, stated):
    shares, graph = within_one(stated), type(builder)()
    nodes = {name: graph.node("Company", name, name=f"{name}有限公司") for name in COMPANIES}
    nodes |= {name: graph.node("Person", name, name=name) for name in PERSONS}
    names = {node[1]: name for name, node in nodes.items()}
    for (holder, company), share in shares.items():
        graph.edge("HOLDS", nodes[holder], nodes[company], share_ratio=share)
    view, owned = graph.projection().view(as_of=DAY), integrated(shares)
    for law in ("cn", "eu"):
        for company in COMPANIES:
            answer = beneficial_owners(view, nodes[company][1], regime(law))
            found = {
                (names[owner.id], met.criterion)
                for owner in answer.beneficial_owners
                for met in owner.criteria
            }
            assert found == expected(shares, company, law), (law, company, shares)
            assert not answer.possible
            for owner in answer.beneficial_owners:
                for met in owner.criteria:
                    if met.criterion in ("capital", "ownership"):
                        assert abs(met.ratio - owned[names[owner.id], company]) < 1e-9


widths = st.lists(
    st.sampled_from(("exact", "exact", "wide", "narrow", "silent", "hidden")), min_size=12, max_size=12
)


def as_told(share: float, told: str) -> dict[str, float]:
    """What a source states of a share that it does not know, or does not say, exactly."""
    if told == "exact":
        return {"share_ratio": share}
    margin = {"wide": 0.2, "narrow": 0.05}.get(told)
    return (
        {}
        if margin is None
        else {"share_min": max(share - margin, 0.0), "share_max": min(share + margin, 1.0)}
    )


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(stated=stakes, told=widths)
def test_what_is_told_badly_is_never_taken_for_the_whole(builder, stated, told):
    """Whoever truly owns a quarter is found, or is possible, or something is said to be missing."""
    shares, graph = within_one(stated), type(builder)()
    nodes = {name: graph.node("Company", name, name=f"{name}有限公司") for name in COMPANIES}
    nodes |= {name: graph.node("Person", name, name=name) for name in PERSONS}
    names = {node[1]: name for name, node in nodes.items()}
    for ((holder, company), share), how in zip(sorted(shares.items()), told, strict=False):
        if how != "hidden":
            graph.edge("HOLDS", nodes[holder], nodes[company], **as_told(share, how))
    view, owned, controls = graph.projection().view(as_of=DAY), integrated(shares), control(shares)
    for company in COMPANIES:
        answer = beneficial_owners(view, nodes[company][1], regime("cn"))
        sure = {
            names[owner.id]: met
            for owner in answer.beneficial_owners
            for met in owner.criteria
            if met.criterion == "capital"
        }
        open_ones = {
            names[line.id]: met
            for line in answer.possible
            for met in line.criteria
            if met.criterion == "capital"
        }
        missing = {gap.code for gap in answer.missing} - {"no_officer"}
        for person in PERSONS:
            true = owned[person, company]
            if person in sure:
                assert missing or true >= QUARTER
                assert sure[person].ratio_min <= true + 1e-9
            elif true >= QUARTER:
                assert person in open_ones or missing, (company, person, shares, told)
            elif company in controls[person]:
                listed = {names[o.id] for o in (*answer.beneficial_owners, *answer.possible)}
                assert person in listed or missing, (company, person, shares, told)
