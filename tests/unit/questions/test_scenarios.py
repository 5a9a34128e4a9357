"""What-if: an overlay equals a graph loaded with the changes; before and after; bad scenarios; no trace of walls."""

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from pydantic import ValidationError

from graph.errors import Ambiguous, DataError, GuanxiError, InvalidInput, NotFound
from queries.paging import Page
from queries.risk import Question, Shocked, shock
from queries.risk_circles import guarantee_circles
from queries.risk_limits import Capital, limits, rules
from queries.scenario_changes import Scenario, applied, read_scenario
from queries.scenarios import compare, scenario_outcome

DAY = dt.date(2024, 6, 30)
EDGES = {
    "HOLDS": ("share_ratio", (0.2, 0.6, None)),
    "CONTROLS": ("ratio", (0.5, None)),
    "LENDS_TO": ("amount", (10.0, 40.0, None)),
    "SUPPLIES": ("revenue_share", (0.1, 0.5, None)),
    "GUARANTEES": ("amount", (5.0, 60.0, None)),
    "PLEDGES": ("amount", (5.0, 60.0, None)),
}
ROLES = {"GUARANTEES": ("Guarantee", "guarantor", "debtor"), "PLEDGES": ("Pledge", "pledgor", "pledgee")}


class Small:
    """Companies by one letter, each with equity and something owed to the firm."""

    def __init__(self, builder):
        self.g = type(builder)()
        self.nodes = {}
        for key in "abcde":
            self.node(key, capital=100.0)
            self.part("Exposure", {"client": key}, amount=1000.0)

    def node(self, key, walls=(), **props):
        if (key, walls) not in self.nodes:
            self.nodes[key, walls] = self.g.node("Company", key, name=f"名{key}", walls=walls, **props)
        return self.nodes[key, walls]

    def part(self, label, roles, walls=(), **props):
        key = f"{label}{len(self.g.nodes)}"
        parts = {role: [self.node(party, walls)] for role, party in roles.items()}
        return self.g.part(label, key, parts, name=key, walls=walls, **props)

    def state(self, edge_type, start, end, walls=(), **values):
        """State an edge, or what stands for one."""
        if edge_type in ROLES:
            label, one, other = ROLES[edge_type]
            roles = {one: start, other: end}
            if edge_type == "GUARANTEES":
                roles["creditor"] = "e"
            return self.part(label, roles, walls, **values)
        return self.g.edge(edge_type, self.node(start, walls), self.node(end, walls), walls=walls, **values)

    def view(self, clearance=frozenset(), day=DAY):
        return self.g.projection().view(clearance, day)


@pytest.fixture
def small(builder):
    return Small(builder)


def edge(action, edge_type, start, end, **more):
    return {"action": action, "type": edge_type, "from": f"名{start}", "to": f"名{end}", **more}


def scenario(*changes, shocks=("a",)):
    return Scenario.model_validate(
        {"shocks": [{"id": f"名{key}"} for key in shocks], "changes": list(changes)}
    )


def distress(answer):
    return {v.name: (v.distress, v.distress_low, v.distress_high) for v in answer.victims}


def numbers(found):
    return {name: pytest.approx(values, abs=1e-9) for name, values in found.items()}


# --- the overlay -----------------------------------------------------------------------------------------------------


def told(edge_type, value):
    """A value as both a scenario and a graph state it; the creditor of guarantees is not among them."""
    name = EDGES[edge_type][0]
    return {} if value is None else {name: value}


plain = st.sampled_from(sorted(EDGES)).flatmap(
    lambda kind: st.tuples(
        st.just(kind), st.sampled_from("abcd"), st.sampled_from("abcd"), st.sampled_from(EDGES[kind][1])
    )
).filter(lambda one: one[1] != one[2])  # fmt: skip


@settings(max_examples=30, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    stated=st.lists(plain, max_size=6, unique_by=lambda one: one[:3]),
    more=st.lists(plain, max_size=2, unique_by=lambda one: one[:3]),
    gone=st.integers(0, 2),
    model=st.sampled_from(("linear", "clearing")),
)
def test_an_overlay_is_a_graph_loaded_with_the_changes(builder, stated, more, gone, model):
    before, after, changes = Small(builder), Small(builder), []
    there = {one[:3] for one in stated}
    more = [one for one in more if one[:3] not in there]
    for number, (kind, start, end, value) in enumerate(stated):
        before.state(kind, start, end, **told(kind, value))
        if number < gone:
            changes.append(edge("remove", kind, start, end))
            if kind == "GUARANTEES":  # the debt that it stood for is owed as before
                after.part("Guarantee", {"debtor": end, "creditor": "e"}, **told(kind, value))
        elif number == gone and (new := EDGES[kind][1][0]) != value:
            changes.append(edge("change", kind, start, end, values=told(kind, new)))
            after.state(kind, start, end, **told(kind, new))
        else:
            after.state(kind, start, end, **told(kind, value))
    for kind, start, end, value in more:
        roles = {"creditor": "名e"} if kind == "GUARANTEES" else {}
        changes.append(edge("add", kind, start, end, values={**told(kind, value), **roles}))
        after.state(kind, start, end, **told(kind, value))
    what_if = applied(before.view(), scenario(*changes))
    question = Question(model)
    found = shock(what_if.view, what_if.after, question, page=Page(500))
    expected = shock(after.view(), [Shocked("名a")], question, page=Page(500))
    assert distress(found) == numbers(distress(expected))
    assert found.at_risk == pytest.approx(expected.at_risk, abs=0.01)


def test_other_questions_see_the_overlay(small):
    small.state("GUARANTEES", "a", "b", amount=5.0)
    small.state("HOLDS", "c", "a", share_ratio=0.9)
    added = edge("add", "GUARANTEES", "b", "a", values={"amount": "3e1", "kind": "连带"})
    view = applied(small.view(), scenario(added)).view
    (circle,) = guarantee_circles(view).circles
    assert circle.total_amount == 35.0
    assert [(e.amount, e.joint, bool(e.records)) for e in circle.edges] == [
        (30.0, True, False),
        (5.0, False, True),
    ]
    assert guarantee_circles(small.view()).circles == []
    held = applied(small.view(), scenario(edge("add", "HOLDS", "c", "b", values={"share_ratio": 0.8}))).view
    parties = [
        {one.name for one in use.parties} for use in limits(held, rules("bank"), Capital(1e6, 1e6)).uses
    ]
    assert {"名c"} in parties


def test_a_shock_on_an_overlay_explains_itself_with_the_records_there_are(small):
    small.state("LENDS_TO", "b", "a", amount=50.0)
    what_if = applied(small.view(), scenario(edge("add", "LENDS_TO", "c", "b", values={"amount": 90.0})))
    answer = shock(what_if.view, what_if.after)
    (b,), (c,) = ([v for v in answer.victims if v.name == name] for name in ("名b", "名c"))
    assert b.paths[0].steps[0].records
    assert [bool(step.records) for step in c.paths[0].steps] == [True, False]


# --- before and after ------------------------------------------------------------------------------------------------


def test_before_and_after_with_what_was_changed(small):
    small.state("LENDS_TO", "b", "a", amount=50.0)
    small.state("LENDS_TO", "c", "b", amount=50.0)
    view = small.view()
    answer = scenario_outcome(view, scenario(edge("change", "LENDS_TO", "b", "a", values={"amount": 100.0})))
    b, c = answer.parties
    assert (b.name, c.name) == ("名b", "名c")
    assert (b.before.value, b.after.value) == (0.225, 0.45)
    assert b.at_risk_difference == 225.0
    assert answer.at_risk_difference == pytest.approx(225 + 225 * 0.225, abs=0.01)
    (change,) = answer.changes
    assert (change.before, change.after) == ({"amount": 50.0}, {"amount": 100.0})
    assert change.records
    gone = scenario_outcome(view, scenario(edge("remove", "LENDS_TO", "c", "b")))
    assert [(p.name, p.after.value) for p in gone.parties] == [("名c", 0.0)]
    assert scenario_outcome(view, scenario()).total == 0
    assert shock(view, [Shocked("名a")]).at_risk == answer.before.at_risk.value


def test_a_scenario_may_change_shocks_alone(small):
    small.state("LENDS_TO", "b", "a", amount=50.0)
    view = small.view()
    new = {"action": "shock", "id": "名a", "size": 0.5}
    answer = scenario_outcome(view, scenario(new, shocks=()))
    assert answer.before.hit == 0
    assert {p.name: p.after.value for p in answer.parties} == {"名a": 0.5, "名b": 0.1125}
    less = scenario_outcome(view, scenario(new))
    assert {p.name: p.difference for p in less.parties} == {"名a": -0.5, "名b": -0.1125}
    assert len(less.after.shocks) == 1


def test_a_scenario_on_a_past_day(small):
    small.state("LENDS_TO", "b", "a", amount=50.0, valid_to="2024-01-01")
    change = scenario(edge("remove", "LENDS_TO", "b", "a"))
    assert scenario_outcome(small.view(day=dt.date(2023, 6, 30)), change).total == 1
    with pytest.raises(NotFound, match=r"changes\[0\].*2024-06-30"):
        scenario_outcome(small.view(), change)


def test_scenarios_side_by_side(small):
    small.state("LENDS_TO", "b", "a", amount=50.0)
    changed = [scenario(edge("change", "LENDS_TO", "b", "a", values={"amount": v})) for v in (20.0, 80.0)]
    answer = compare(small.view(), [scenario(), *changed])
    (b,) = answer.parties
    assert [one.value for one in b.distress] == [0.225, 0.09, 0.36]
    assert b.spread == 0.27
    assert [one.at_risk_difference for one in answer.scenarios] == [0.0, -135.0, 135.0]
    for wrong in (1, 9):
        with pytest.raises(InvalidInput):
            compare(small.view(), [scenario()] * wrong)


# --- bad scenarios ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "error"),
    [
        (edge("remove", "LENDS_TO", "a", "b"), NotFound),
        (edge("remove", "LENDS_TO", "b", "x"), NotFound),
        (edge("remove", "GUARANTEES", "a", "b"), NotFound),
        (edge("change", "GUARANTEES", "b", "a", values={"amount": 1.0}), Ambiguous),
        (edge("change", "HOLDS", "b", "c", values={"share_ratio": 1.0}), Ambiguous),
        (edge("change", "LENDS_TO", "b", "a", values={"amount": -1.0}), InvalidInput),
        (edge("change", "LENDS_TO", "b", "a", values={"amount": "inf"}), InvalidInput),
        (edge("change", "LENDS_TO", "b", "a", values={"amount": "nan"}), InvalidInput),
        (edge("change", "LENDS_TO", "b", "a", values={"amount": "many"}), InvalidInput),
        (edge("change", "LENDS_TO", "b", "a", values={"share_ratio": 0.5}), InvalidInput),
        (edge("remove", "LENDS_TO", "b", "a", id="名a"), InvalidInput),
        (edge("add", "LENDS_TO", "b", "a", values={"amount": 1.0}), InvalidInput),
        (edge("add", "LENDS_TO", "a", "a"), InvalidInput),
        (edge("add", "HOLDS", "a", "b", values={"share_ratio": 1.2}), InvalidInput),
        (edge("add", "HOLDS", "a", "b", values={"share_min": 0.5, "share_max": 0.2}), InvalidInput),
        (edge("add", "OFFICER_OF", "a", "b"), InvalidInput),
        (edge("add", "GUARANTEES", "a", "b", values={"creditor": "nobody"}), NotFound),
        ({"action": "shock", "id": "nobody"}, NotFound),
    ],
)
def test_a_change_that_cannot_be_made_is_refused_with_its_number(small, change, error):
    small.state("LENDS_TO", "b", "a", amount=50.0)
    for amount in (1.0, 2.0):
        small.state("GUARANTEES", "b", "a", amount=amount)
    for share_class in ("A", "B"):
        small.state("HOLDS", "b", "c", share_ratio=0.1, share_class=share_class)
    with pytest.raises(error, match=r"changes\[1\]"):
        scenario_outcome(small.view(), scenario(edge("add", "LENDS_TO", "d", "a"), change))


def test_an_id_or_class_names_one_of_several(small):
    things = [small.state("GUARANTEES", "b", "a", amount=amount) for amount in (1.0, 2.0)]
    for share_class in ("A", "B"):
        small.state("HOLDS", "b", "c", share_ratio=0.1, share_class=share_class)
    view = small.view()
    by_id = edge("change", "GUARANTEES", "b", "a", id=things[1][1], values={"amount": 60.0})
    by_class = edge("change", "HOLDS", "b", "c", **{"class": "B"}, values={"share_ratio": 0.5})
    answer = scenario_outcome(view, scenario(by_id, by_class))
    assert [one.before for one in answer.changes] == [{"amount": 2.0}, {"share_ratio": 0.1}]
    both = scenario_outcome(view, scenario(edge("remove", "GUARANTEES", "b", "a")))
    assert both.changes[0].edges == 2


def test_pagerank_and_nobody_shocked_are_refused_or_empty(small):
    with pytest.raises(InvalidInput):
        scenario_outcome(small.view(), scenario(), Question("pagerank"))
    assert scenario_outcome(small.view(), scenario(shocks=())).total == 0


def test_files_are_read_or_refused_with_the_place(tmp_path):
    good = tmp_path / "good.yaml"
    good.write_text(
        "name: 担保\nshocks: [{id: 名a}]\nchanges:\n"
        "- {action: add, type: LENDS_TO, from: 名b, to: 名a, values: {amount: 5e7}}\n",
        "utf-8",
    )
    found = read_scenario(good)
    assert (found.name, len(found.changes)) == ("担保", 1)
    same = tmp_path / "same.json"
    same.write_text(found.model_dump_json(by_alias=True), "utf-8")
    assert read_scenario(same) == found
    assert read_scenario(same).hash == found.hash
    bad = tmp_path / "bad.json"
    for text in (
        "{",
        json.dumps({"changes": [{"action": "drop"}]}),
        json.dumps({"shocks": [{"id": "a", "size": 2}]}),
        "[]",
    ):
        bad.write_text(text, "utf-8")
        with pytest.raises(DataError, match=r"bad\.json"):
            read_scenario(bad)
    with pytest.raises(DataError):
        read_scenario(tmp_path / "none.yaml")
    with pytest.raises(ValidationError):
        Scenario.model_validate({"changes": [{"action": "shock", "id": "a", "size": float("nan")}]})


# --- walls -----------------------------------------------------------------------------------------------------------


walled = st.lists(st.tuples(plain, st.sampled_from(((), (), ("x",), ("y",)))), max_size=6)
wanted = st.lists(
    st.tuples(st.sampled_from(("add", "remove", "change")), plain), min_size=1, max_size=2
)  # fmt: skip


def asked(view, made):
    questions = {
        "outcome": lambda: scenario_outcome(view, made),
        "clearing": lambda: scenario_outcome(view, made, Question("clearing")),
        "compare": lambda: compare(view, [made, scenario()], limit=2),
        "shock": lambda: shock(applied(view, made).view, applied(view, made).after),
    }
    for name, ask in questions.items():
        try:
            yield name, ask().model_dump_json()
        except GuanxiError as error:
            yield name, f"{type(error).__name__} {error} {getattr(error, 'candidates', '')}"


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(stated=walled, changes=wanted, cleared=st.sampled_from(((), ("x",), ("x", "y"))))
def test_walls_leave_no_trace(builder, stated, changes, cleared):
    graph = Small(builder)
    for (kind, start, end, value), walls in stated:
        graph.state(kind, start, end, walls, **told(kind, value))
    made = scenario(
        *(
            edge(
                action,
                kind,
                start,
                end,
                **({} if action == "remove" else {"values": told(kind, EDGES[kind][1][0])}),
            )
            for action, (kind, start, end, _) in changes
        )
    )
    seen = graph.view(frozenset(cleared))
    fresh = graph.g.without(cleared).projection().view(None, DAY)
    assert list(asked(seen, made)) == list(asked(fresh, made))
