"""Owners, holdings and controllers: planted structures, cases from the law, bad input."""

import datetime as dt

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InvalidInput, NotFound
from queries.control import Controlled
from queries.controllers import controllers
from queries.owners import holdings, owners
from queries.paging import Page
from queries.stakes import control

DAY = dt.date(2024, 6, 30)


class Small:
    """Companies and persons by short names: `p…` is a person, all else a company."""

    def __init__(self, builder):
        self.g = builder
        self.nodes = {}

    def node(self, key, **props):
        if key not in self.nodes:
            label = "Person" if key.startswith("p") else "Company"
            self.nodes[key] = self.g.node(label, key, name=f"名{key}", **props)
        return self.nodes[key]

    def holds(self, holder, company, share=None, **props):
        self.g.edge("HOLDS", self.node(holder), self.node(company), share_ratio=share, **props)

    def concert(self, parties, target, **props):
        roles = {"parties": [self.node(p) for p in parties], "target": [self.node(target)]}
        self.g.part("ConcertAgreement", f"ca{'-'.join(parties)}{target}", roles, name="一致行动协议", **props)

    def view(self, clearance=frozenset(), day=DAY):
        return self.g.projection().view(clearance, day)


@pytest.fixture
def small(builder):
    return Small(builder)


def shares(lines):
    return {line.name: line.integrated_ratio for line in lines}


# --- owners ----------------------------------------------------------------------------------------------------------


def test_layers_arms_and_what_is_unknown(small):
    small.holds("p1", "a", 0.6)
    small.holds("p1", "b", 0.7)
    small.holds("a", "c", 0.3)
    small.holds("b", "c", 0.25)
    small.holds("p2", "c", 0.4)
    answer = owners(small.view(), "名c")
    assert shares(answer.terminals) == pytest.approx({"名p2": 0.4, "名p1": 0.355})
    assert [line.stopped_because for line in answer.terminals] == ["natural_person"] * 2
    assert shares(answer.intermediates) == {"名a": 0.3, "名b": 0.25}
    assert answer.unknown_ratio == pytest.approx(0.245)
    largest = answer.terminals[1]
    assert [(step.holder_name, step.company_name) for step in largest.path] == [
        ("名p1", "名a"),
        ("名a", "名c"),
    ]
    assert largest.path_ratio == pytest.approx(0.18)
    assert all(step.records for step in largest.path)


def test_a_loop_counts_all_its_rounds(small):
    """Two companies that hold 15 and 20 % of each other (Brioschi, Buzzacchi and Colombo 1989), worked by hand."""
    small.holds("p1", "a", 0.6)
    small.holds("b", "a", 0.15)
    small.holds("p2", "b", 0.8)
    small.holds("a", "b", 0.2)
    answer = owners(small.view(), "名a")
    loop = 1 - 0.15 * 0.2
    assert shares(answer.terminals) == pytest.approx(
        {"名p1": 0.6 / loop, "名p2": 0.8 * 0.15 / loop}, abs=1e-9
    )
    assert shares(answer.intermediates) == pytest.approx({"名b": 0.15}, abs=1e-9)
    assert answer.own_ratio == pytest.approx(0.03)
    assert sum(shares(answer.terminals).values()) + answer.unknown_ratio == pytest.approx(1, abs=1e-9)


def test_a_closed_ring_is_circular_and_an_overstated_company_promises_no_sum(small):
    for holder, company in (("a", "b"), ("b", "c"), ("c", "a")):
        small.holds(holder, company, 1.0)
    for person, share in (("p1", 0.7), ("p2", 0.5)):
        small.holds(person, "d", share)
    small.holds("d", "e", 1.0)
    view = small.view()
    ring = owners(view, "名a")
    assert (ring.state, ring.unknown_ratio, ring.terminals) == ("circular", 1.0, [])
    over = owners(view, "名d")
    assert (over.state, over.unknown_ratio, over.terminals) == ("overstated", None, [])
    assert [line.direct_ratio for line in over.direct] == [0.7, 0.5]
    assert "overstated" in [finding.code for finding in over.findings]
    above = owners(view, "名e")
    assert [(line.name, line.stopped_because) for line in above.terminals] == [("名d", "overstated")]
    assert "overstated_above" in [finding.code for finding in above.findings]


@pytest.mark.parametrize(
    ("props", "reason"),
    [
        ({"nature": "state_body"}, "state_body"),
        ({"country": "GBR"}, "foreign"),
        ({"code": "600001.SH"}, "listed"),
        ({}, "no_data"),
    ],
)
def test_why_look_through_stopped(small, props, reason):
    small.node("x", **props)
    small.holds("x", "a", 0.5)
    assert [line.stopped_because for line in owners(small.view(), "名a").terminals] == [reason]


def test_a_state_body_stops_whatever_stands_above_it(small):
    small.node("s", nature="state_body")
    small.holds("t", "s", 1.0)
    small.holds("s", "a", 0.5)
    assert shares(owners(small.view(), "名a").terminals) == {"名s": 0.5}


def test_a_listed_company_that_nobody_holds_a_major_part_of_stops(small):
    small.node("x", code="600001.SH")
    small.node("y", code="600002.SH")
    small.holds("p1", "x", 0.04)
    small.holds("p1", "y", 0.06)
    small.holds("x", "a", 0.5)
    small.holds("y", "a", 0.5)
    answer = owners(small.view(), "名a")
    assert shares(answer.terminals) == pytest.approx({"名x": 0.5, "名p1": 0.03})
    assert answer.terminals[0].stopped_because == "listed_dispersed"


def test_holders_known_on_other_days_only(small):
    small.holds("x", "a", 0.5)
    small.holds("p1", "x", 1.0, valid_from="2020-01-01", valid_to="2021-01-01")
    assert [line.stopped_because for line in owners(small.view(), "名a").terminals] == ["date"]
    then = owners(small.view(day=dt.date(2020, 6, 1)), "名a")
    assert shares(then.terminals) == {"名p1": 0.5}


def test_intervals_give_bounds_and_what_nobody_states_stays_unknown(small):
    small.holds("p1", "a", share_min=0.25, share_max=0.5)
    small.holds("p2", "a")
    small.holds("p3", "a", share_min=0.4, share_max=0.1)
    answer = owners(small.view(), "名a")
    (one,) = [line for line in answer.terminals if line.name == "名p1"]
    assert (one.integrated_ratio, one.integrated_min, one.integrated_max) == (0.25, 0.25, 0.5)
    assert (answer.unknown_ratio, answer.unknown_min) == (0.75, 0)
    assert {finding.code for finding in answer.findings} == {"share_unknown", "interval_reversed"}


def test_shares_of_exactly_zero_and_one_and_of_oneself(small):
    small.holds("p1", "a", 0.0)
    small.holds("p2", "b", 1.0)
    small.holds("c", "c", 0.2)
    small.holds("p3", "c", 0.8)
    view = small.view()
    assert (owners(view, "名a").terminals, owners(view, "名a").unknown_ratio) == ([], 1.0)
    assert (shares(owners(view, "名b").terminals), owners(view, "名b").unknown_ratio) == ({"名p2": 1.0}, 0.0)
    assert shares(owners(view, "名c").terminals) == pytest.approx({"名p3": 1.0})
    assert owners(view, "名c").own_ratio == pytest.approx(0.2)


def test_a_company_without_holders_is_all_unknown(small):
    small.node("a")
    answer = owners(small.view(), "名a")
    assert (answer.state, answer.unknown_ratio, answer.terminals) == ("no_holders", 1.0, [])
    assert [finding.code for finding in answer.findings] == ["no_holders"]


def test_a_date_before_any_data(small):
    small.holds("p1", "a", 0.5, valid_from="2020-01-01")
    assert owners(small.view(day=dt.date(1990, 1, 1)), "名a").unknown_ratio == 1.0
    assert controllers(small.view(day=dt.date(1990, 1, 1)), "名a").status == "not_determinable"


def test_pages_of_one_list_give_all_of_it_once(small):
    for i in range(7):
        small.holds(f"p{i}", "a", 0.1)
    view, cursor, seen = small.view(), None, []
    whole = [line.name for line in owners(view, "名a").terminals]
    while True:
        answer = owners(view, "名a", section="terminals", page=Page(2, cursor, "k"))
        assert answer.terminals_total == 7
        assert not answer.direct
        seen += [line.name for line in answer.terminals]
        cursor = answer.terminals_next
        if cursor is None:
            break
    assert seen == whole


def test_holdings_agree_with_owners(small):
    small.holds("p1", "a", 0.6)
    small.holds("b", "a", 0.15)
    small.holds("a", "b", 0.2)
    small.holds("a", "c", 0.5)
    view = small.view()
    held = {line.name: line.integrated_ratio for line in holdings(view, "名p1").holdings}
    for company, share in held.items():
        assert shares(owners(view, company).terminals)["名p1"] == pytest.approx(share, abs=1e-9)
    assert list(held.values()) == sorted(held.values(), reverse=True)
    assert holdings(view, "名c").holdings == []


@pytest.mark.parametrize("question", [owners, controllers])
def test_what_is_no_company(small, question):
    small.holds("p1", "a", 0.6)
    with pytest.raises(InvalidInput):
        question(small.view(), "名p1")
    with pytest.raises(NotFound):
        question(small.view(), "不存在")


def test_nothing_but_a_company_or_person_holds(small):
    small.g.node("Industry", "i", name="行业", scheme="测试")
    with pytest.raises(InvalidInput):
        holdings(small.view(), "行业")


def test_sections_and_cursors_are_checked(small):
    small.node("a")
    with pytest.raises(InvalidInput):
        owners(small.view(), "名a", section="everything")
    with pytest.raises(InvalidInput):
        owners(small.view(), "名a", page=Page(5, "x", "k"))


# --- controllers -----------------------------------------------------------------------------------------------------


def found(view, ref):
    answer = controllers(view, ref)
    return answer.status, [line.name for line in answer.computed]


def test_a_chain_its_weakest_link_and_the_wedge(small):
    small.holds("p1", "a", 0.6)
    small.holds("a", "b", 0.51)
    (line,) = controllers(small.view(), "名b").computed
    assert (line.name, line.voting_ratio, line.weakest_ratio) == ("名p1", 0.51, 0.51)
    assert line.cash_flow_ratio == pytest.approx(0.306)
    assert line.wedge == pytest.approx(0.204)
    assert [(v.holder_name, v.company_name) for v in line.chain] == [("名p1", "名a"), ("名a", "名b")]


def test_half_is_no_majority_but_meets_the_takeover_rule_first_tier(small):
    small.holds("p1", "a", 0.5)
    small.holds("p2", "a", 0.5)
    answer = controllers(small.view(), "名a")
    assert (answer.status, answer.computed) == ("none", [])
    assert {(line.name, line.tier) for line in answer.suspected} == {
        (name, tier) for name in ("名p1", "名p2") for tier in ("held_half", "votes_over_30")
    }


def test_votes_over_thirty_percent_are_suspected(small):
    small.node("a", code="600001.SH")
    small.holds("p1", "a", 0.31)
    small.holds("p2", "a", 0.30)
    answer = controllers(small.view(), "名a")
    assert (answer.status, [line.name for line in answer.suspected]) == ("none", ["名p1"])


@pytest.mark.parametrize(("nominated", "result"), [(3, "suspected"), (2, "suspected"), (1, "not_met")])
def test_who_elects_half_of_the_board(small, nominated, result):
    small.holds("b", "a", 0.2)
    small.holds("p0", "a", 0.2)
    small.holds("p9", "b", 0.8)
    for i in range(4):
        by = {"nominated_by": small.node("b" if i < nominated else "p0")[1]}
        small.g.edge("OFFICER_OF", small.node(f"p1{i}"), small.node("a"), office="董事", **by)
    small.g.edge("OFFICER_OF", small.node("p8"), small.node("a"), office="董事会秘书")
    tier = next(t for t in controllers(small.view(), "名a").tiers if t.tier == "elects_board")
    assert tier.result == (result if nominated != 1 else "suspected")
    names = {line.name for line in tier.parties}
    assert names == {3: {"名p9"}, 2: {"名p9", "名p0"}, 1: {"名p0"}}[nominated]


def test_a_board_whose_nominators_nobody_states(small):
    small.holds("p1", "a", 0.2)
    small.g.edge("OFFICER_OF", small.node("p2"), small.node("a"), office="董事长")
    tiers = {t.tier: t for t in controllers(small.view(), "名a").tiers}
    assert tiers["elects_board"].result == "not_determinable"
    assert tiers["elects_board"].missing


def test_concert_for_its_target_and_dates_only(small):
    for person, share in (("p1", 0.2), ("p2", 0.18), ("p3", 0.15)):
        small.holds(person, "a", share)
        small.holds(person, "b", share)
    small.concert(["p1", "p2", "p3"], "a", valid_from="2020-01-01", valid_to="2025-01-01")
    view = small.view()
    answer = controllers(view, "名a")
    assert {line.name for line in answer.computed} == {"名p1", "名p2", "名p3"}
    assert {(line.by, line.joint, round(line.voting_ratio, 9)) for line in answer.computed} == {
        ("concert", True, 0.53)
    }
    assert answer.computed[0].wedge == pytest.approx(0)
    assert found(view, "名b")[1] == []
    assert found(small.view(day=dt.date(2025, 1, 1)), "名a")[1] == []


def test_entrusted_votes_general_partners_and_votes_that_differ(small):
    small.holds("p1", "a", 0.3)
    small.holds("p2", "a", 0.25, votes_entrusted_to=small.node("p1")[1])
    small.holds("p3", "b", 0.01, partner="general")
    small.holds("p4", "b", 0.99, partner="limited")
    small.holds("p5", "c", 0.22, voting_ratio=0.62)
    small.holds("p6", "c", 0.78, voting_ratio=0.38)
    view = small.view()
    assert [(line.name, line.by) for line in controllers(view, "名a").computed] == [("名p1", "entrustment")]
    assert [(line.name, line.by) for line in controllers(view, "名b").computed] == [
        ("名p3", "general_partner")
    ]
    assert [(line.name, line.by) for line in controllers(view, "名c").computed] == [("名p5", "votes")]


def test_shares_held_through_a_subsidiary_do_not_vote(small):
    small.holds("p1", "a", 0.45)
    small.holds("b", "a", 0.15)
    small.holds("a", "b", 1.0)
    small.holds("p2", "a", 0.4)
    (line,) = controllers(small.view(), "名a").computed
    assert (line.name, line.by, line.voting_ratio) == (
        "名p1",
        "majority_less_own_shares",
        pytest.approx(0.45 / 0.85),
    )


def test_what_cannot_be_said_is_not_said(small):
    small.holds("p1", "a")
    small.holds("p2", "a", 0.3)
    small.holds("p3", "b", 0.3)
    small.holds("x", "c", 0.3)
    small.holds("y", "c", 0.3)
    small.holds("p4", "c", 0.4)
    small.holds("p1", "d", share_min=0.4, share_max=0.6)
    small.holds("p2", "d", 0.4)
    for company in ("e", "f"):
        small.holds("p1", company)
        small.holds(company, "g", 0.5)
    view = small.view()
    for company in ("名a", "名b", "名c", "名d", "名g"):
        answer = controllers(view, company)
        assert answer.status == "not_determinable", company
        assert "control_not_determinable" in [finding.code for finding in answer.findings]


def test_disclosed_beside_computed(small):
    small.holds("p1", "a", 0.6)
    small.g.edge("CONTROLS", small.node("p2"), small.node("a"), ratio=0.4)
    small.g.edge("CONTROLS", small.node("p2"), small.node("b"), ratio=0.4)
    small.holds("p1", "c", 0.6)
    view = small.view()
    assert [f.code for f in controllers(view, "名a").findings] == ["controllers_differ"]
    alone = controllers(view, "名b")
    assert [(line.name, line.ratio) for line in alone.disclosed] == [("名p2", 0.4)]
    assert "disclosed_not_computable" in [f.code for f in alone.findings]
    assert [f.code for f in controllers(view, "名c").findings] == ["controller_not_disclosed"]


# --- against a slow reference, and walls ------------------------------------------------------------------------------

KEYS = ("p0", "p1", "a", "b", "c", "d")
COMPANIES = KEYS[2:]
WALLS = ((), (), (), ("x",), ("y",), ("x", "y"))
stake = st.tuples(
    st.sampled_from(KEYS),
    st.sampled_from(COMPANIES),
    st.sampled_from((0.0, 0.1, 0.25, 0.3, 0.5, 0.51, 0.6, 1.0, None)),
    st.fixed_dictionaries(
        {
            "voting_ratio": st.sampled_from((None, None, None, 0.4, 0.7)),
            "partner": st.sampled_from((None, None, None, "general", "limited")),
            "share_min": st.sampled_from((None, None, 0.2)),
            "share_max": st.sampled_from((None, None, 0.6)),
            "votes_entrusted_to": st.sampled_from((None, None, None, *KEYS)),
            "valid_to": st.sampled_from((None, None, "2023-01-01")),
        }
    ),
    st.sampled_from(WALLS),
)
agreement = st.tuples(
    st.lists(st.sampled_from(KEYS), min_size=2, max_size=3, unique=True),
    st.sampled_from(COMPANIES),
    st.sampled_from(WALLS),
)


def walled(builder, stakes, agreements):
    """The rows as a loader stores them: an edge's ends are units of exactly the edge's compartments."""
    units = {}

    def unit(key, walls):
        if (key, walls) not in units:
            label = "Person" if key.startswith("p") else "Company"
            named = {"name": f"名{key}"} if not walls else {}
            units[key, walls] = builder.node(label, key, walls=walls, **named)
        return units[key, walls]

    for key in KEYS:
        unit(key, ())
    for holder, company, share, props, walls in stakes:
        proxy = props["votes_entrusted_to"]
        more = {**props, "votes_entrusted_to": unit(proxy, walls)[1] if proxy else None}
        builder.edge(
            "HOLDS", unit(holder, walls), unit(company, walls), walls=walls, share_ratio=share, **more
        )
    for i, (parties, target, walls) in enumerate(agreements):
        roles = {"parties": [unit(p, walls) for p in parties], "target": [unit(target, walls)]}
        builder.part("ConcertAgreement", f"ca{i}", roles, walls=walls, name="协议")
    return builder


def everything(view):
    for key in KEYS:
        for question in (owners, controllers) if key in COMPANIES else ():
            yield key, question(view, f"名{key}").model_dump_json()
        yield key, holdings(view, f"名{key}").model_dump_json()
    for i in range(3):
        yield i, owners(view, "名a", section="terminals", page=Page(1 + i, None, "k")).model_dump_json()


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stakes=st.lists(stake, max_size=10),
    agreements=st.lists(agreement, max_size=2),
    who=st.sampled_from(((), ("x",), ("y",), ("x", "y"))),
)
def test_walls_leave_no_trace(builder, stakes, agreements, who):
    builder = walled(type(builder)(), stakes, agreements)
    hidden = builder.projection().view(frozenset(who), DAY)
    fresh = builder.without(who).projection().view(None, DAY)
    assert list(everything(hidden)) == list(everything(fresh))


@settings(max_examples=100, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes=st.lists(stake, max_size=12))
def test_owners_agree_with_dense_algebra(builder, stakes):
    plain = [(h, c, s, {**p, "share_min": None, "share_max": None, "valid_to": None, "votes_entrusted_to": None}, ())
             for h, c, s, p, _ in {(h, c): (h, c, s, p, w) for h, c, s, p, w in stakes}.values()]  # fmt: skip
    view = walled(type(builder)(), plain, []).projection().view(None, DAY)
    w = np.zeros((len(KEYS), len(KEYS)))
    for holder, company, share, _, _ in plain:
        w[KEYS.index(holder), KEYS.index(company)] = share or 0.0
    for target in COMPANIES:
        answer = owners(view, f"名{target}")
        at = KEYS.index(target)
        opened = w.copy()
        opened[:, [k for k in range(len(KEYS)) if opened[:, k].sum() > 1 + 1e-9]] = 0
        if answer.state == "overstated":
            assert w[:, at].sum() > 1
            continue
        if abs(np.linalg.det(np.eye(len(KEYS)) - opened)) < 1e-9:
            continue  # a closed ring: the kernel's own tests say what it gives
        column = np.linalg.inv(np.eye(len(KEYS)) - opened)[:, at]
        for line in answer.terminals:
            assert line.integrated_ratio == pytest.approx(column[KEYS.index(line.name[1:])], abs=1e-9)
        total = sum(line.integrated_ratio for line in answer.terminals) + answer.unknown_ratio
        assert total == pytest.approx(1, abs=1e-9)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes=st.lists(stake, max_size=10), agreements=st.lists(agreement, max_size=2))
def test_control_of_all_beside_the_publics_is_that_of_one_by_one(builder, stakes, agreements):
    projection = walled(type(builder)(), stakes, agreements).projection()
    for clearance in (frozenset(), frozenset({"x"}), None):
        view = projection.view(clearance, DAY)
        whole = control(view)
        for key in COMPANIES:
            row = view.resolve(f"名{key}")
            one = Controlled.of(view, row)
            number = whole.controller.item(row)
            agreed = one.ballot.agreements
            rows = (
                () if number < 0 else (number,) if number < view.size else agreed[number - view.size].members
            )
            assert one.controllers == rows
            assert one.gathered == pytest.approx(whole.gathered.item(row), abs=1e-12)
