"""Guarantee circles: planted ones are found with amounts; burdens, breaking, groups, unknown amounts, walls, pages."""

import datetime as dt
import io
import itertools
import json

import networkx as nx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console

from api import auth, show_risk_circles
from api.app import create_app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import InvalidInput
from graph.ids import entity_handle
from graph.projection import Projection
from ingest.world import write_world
from ingest.world.tables import tables_of
from queries.paging import Page
from queries.risk_circles import guarantee_circles

DAY = dt.date(2024, 6, 30)


class Small:
    """Companies and persons by short names: `p…` is a person, all else a company."""

    def __init__(self, builder):
        self.g = builder
        self.nodes = {}

    def node(self, key, walls=(), **props):
        if (key, walls) not in self.nodes:
            label = "Person" if key.startswith("p") else "Company"
            self.nodes[key, walls] = self.g.node(label, key, name=f"名{key}", walls=walls, **props)
        return self.nodes[key, walls]

    def holds(self, holder, company, share):
        self.g.edge("HOLDS", self.node(holder), self.node(company), share_ratio=share)

    def guarantee(self, guarantor, debtor, amount=None, walls=(), **props):
        roles = {"guarantor": guarantor, "debtor": debtor, "creditor": "bank"}
        key = f"G{len(self.g.nodes)}"
        parts = {role: [self.node(name, walls)] for role, name in roles.items()}
        self.g.part("Guarantee", key, parts, name=key, amount=amount, walls=walls, **props)

    def ask(self, clearance=frozenset(), **wanted):
        return guarantee_circles(self.g.projection().view(clearance, DAY), **wanted)


@pytest.fixture
def small(builder):
    return Small(builder)


def named(parties):
    return [one.name[1:] for one in parties]


# --- the demo world --------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def world(tmp_path_factory):
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, 250)
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    view = Projection.of(tables_of(folder)).view(None, dt.date.fromisoformat(truth["as_of"]))
    return guarantee_circles(view, page=Page(500), most_chains=500), truth


def handle(label, native):
    return entity_handle("native", label, native, ())


def stated(edges):
    return {(e.guarantee, e.guarantor, e.debtor, e.amount) for e in edges}


def planted(entry):
    return {
        (
            handle("Guarantee", e["id"]),
            *(handle("Company", e[end]) for end in ("guarantor", "debtor")),
            e["amount"],
        )
        for e in entry["edges"]
    }


def test_every_planted_circle_is_found_with_its_amounts_and_no_other(world):
    answer, truth = world
    entries = [*truth["guarantee_circles"], *truth["mutual_pairs"]]
    assert answer.total == len(entries) == len(answer.circles) > 0
    for entry in entries:
        members = {handle("Company", native) for native in entry["members"]}
        (circle,) = (c for c in answer.circles if {m.id for m in c.members} == members)
        assert stated(circle.edges) == planted(entry)
        assert circle.total_amount == entry["total_amount"]
        assert circle.kind == ("mutual_pair" if len(members) == 2 else "circle")
        assert all(edge.records for edge in circle.edges)
        assert circle.breaking.exact


def test_every_planted_chain_is_found(world):
    answer, truth = world
    assert truth["guarantee_chains"]
    for entry in truth["guarantee_chains"]:
        members = [handle("Company", native) for native in entry["members"]]
        (chain,) = (c for c in answer.chains.lines if [m.id for m in c.members] == members)
        assert stated(chain.edges) == planted(entry)
        assert chain.total_amount == entry["total_amount"]


def test_every_planted_overlap_with_a_group_is_found_and_no_other(world):
    answer, truth = world
    found = [(c, overlap) for c in answer.circles for overlap in c.groups]
    assert len(found) == len(truth["circle_overlaps_group"]) > 0
    for entry in truth["circle_overlaps_group"]:
        owner = handle("Person", entry["owner"])
        (overlap,) = (o for _, o in found if [one.id for one in o.controllers] == [owner])
        assert {m.id for m in overlap.members} == {handle("Company", native) for native in entry["owned"]}


# --- by hand ---------------------------------------------------------------------------------------------------------


def test_burdens_totals_and_the_cheapest_break(small):
    small.node("a", capital=200.0)
    for guarantor, debtor, amount in (("a", "b", 50.0), ("b", "c", 30.0), ("c", "a", 40.0), ("b", "a", 25.0)):
        small.guarantee(guarantor, debtor, amount, kind="连带")
    small.guarantee("a", "outside", 1e6)
    (circle,) = small.ask().circles
    assert (circle.total_amount, circle.net_amount) == (145.0, 95.0)
    burdens = {m.name[1:]: (m.given, m.received, m.net, m.burden) for m in circle.members}
    assert burdens["a"] == (50.0, 65.0, -15.0, 0.25)
    assert burdens["c"] == (40.0, 30.0, 10.0, None)
    assert circle.breaking.amount == 50.0
    effects = {(e.guarantor_name[1:], e.debtor_name[1:]): (e.in_break, e.left, e.freed) for e in circle.edges}
    assert effects == {
        ("a", "b"): (True, [], 3),
        ("c", "a"): (False, [2], 1),
        ("b", "c"): (False, [2], 1),
        ("b", "a"): (False, [3], 0),
    }
    (pair,) = circle.mutual_pairs
    assert {pair.given, pair.received} == {50.0, 25.0}
    assert pair.net == 25.0
    assert all(edge.joint and edge.records for edge in circle.edges)


def test_unknown_and_negative_amounts_are_said(small):
    small.guarantee("a", "b")
    small.guarantee("b", "a", 7.0)
    small.guarantee("b", "a", -3.0)
    answer = small.ask()
    (circle,) = answer.circles
    assert (circle.total_amount, circle.net_amount, circle.unknown_amounts) == (7.0, 7.0, 2)
    assert {f.code for f in answer.findings} == {"unknown_amounts", "amounts_refused"}
    assert {m.name[1:]: m.unknown_given for m in circle.members} == {"a": 1, "b": 1}


def test_a_person_and_the_company_that_it_controls_are_one_group_and_the_state_makes_none(small):
    small.node("state", nature="state_body")
    for company in ("x", "y"):
        small.holds("state", company, 1.0)
    small.holds("p1", "z", 0.8)
    for guarantor, debtor in itertools.pairwise("xyzx"):
        small.guarantee(guarantor, debtor, 1.0)
    small.guarantee("z", "p1", 1.0)
    small.guarantee("p1", "z", 1.0)
    (circle,) = small.ask().circles
    assert [(named(o.controllers), sorted(named(o.members))) for o in circle.groups] == [
        (["p1"], ["p1", "z"])
    ]


def test_a_company_below_the_state_has_a_group_of_its_own(small):
    small.node("state", nature="state_body")
    small.holds("state", "top", 1.0)
    small.holds("top", "sub", 1.0)
    small.holds("state", "other", 1.0)
    for guarantor, debtor in itertools.pairwise(("top", "sub", "other", "top")):
        small.guarantee(guarantor, debtor, 1.0)
    (circle,) = small.ask().circles
    assert [sorted(named(o.members)) for o in circle.groups] == [["sub", "top"]]


def test_a_guarantee_that_is_over_makes_no_circle(small):
    small.guarantee("a", "b", 1.0)
    small.guarantee("b", "a", 1.0, valid_to="2024-01-01")
    assert small.ask().total == 0
    assert [f.code for f in Small(type(small.g)()).ask().findings] == ["no_guarantees"]


def test_chains_are_the_longest_and_touch_no_circle(small):
    for guarantor, debtor in itertools.pairwise("abcde"):
        small.guarantee(guarantor, debtor, 2.0)
    answer = small.ask(chain_edges=4)
    (chain,) = answer.chains.lines
    assert named(chain.members) == list("abcde")
    assert (chain.length, chain.total_amount, answer.chains.total) == (4, 8.0, 1)
    assert small.ask(chain_edges=5).chains.lines == []
    small.guarantee("c", "b", 1.0)
    assert small.ask(chain_edges=2).chains.lines == []


def test_circles_come_in_pages_by_amount(small):
    for number in range(5):
        small.guarantee(f"a{number}", f"b{number}", float(number % 3))
        small.guarantee(f"b{number}", f"a{number}", float(number % 3))
    whole = small.ask().circles
    assert [c.total_amount for c in whole] == sorted((c.total_amount for c in whole), reverse=True)
    view, found, cursor = small.g.projection().view(frozenset(), DAY), [], None
    while True:
        page = guarantee_circles(view, page=Page(2, cursor, "k"))
        found += page.circles
        assert page.total == 5
        if (cursor := page.next) is None:
            break
    assert found == whole
    with pytest.raises(InvalidInput):
        guarantee_circles(view, page=Page(2, "x", "k"))


def test_the_route_and_the_terminal_show_them(small, tokens):
    for guarantor, debtor in itertools.pairwise("abcab"):
        small.guarantee(guarantor, debtor, 3e8, kind="连带")
    small.guarantee("x", "y")
    settings = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    headers = {"Authorization": f"Bearer {auth.add_token(tokens, 'public')}"}
    with TestClient(create_app(settings, FixedGraph(small.g.projection()))) as client:

        def ask(**wanted):
            params = {"as_of": DAY.isoformat(), **wanted}
            return client.get("/v1/risk/guarantee-circles", params=params, headers=headers)

        assert ask().json() == small.ask().model_dump(mode="json")
        assert ask(chain_edges=1).json()["chains"]["total"] == 1
        assert ask(limit=0).status_code == ask(cursor="x").status_code == ask(surplus=1).status_code == 422
    console = Console(file=io.StringIO(), width=120)
    show_risk_circles.circles(console, small.ask(chain_edges=1))
    text = console.file.getvalue()
    assert all(
        part in text for part in ("担保圈 circle", "3.00 亿元", "名a → 名b", "未知 ?", "最小 smallest")
    )


# --- for all ---------------------------------------------------------------------------------------------------------


said = st.lists(
    st.tuples(
        st.sampled_from(("a", "b", "c", "d", "p1")),
        st.sampled_from(("a", "b", "c", "d", "p1")),
        st.sampled_from((1.0, 3.1, 20.0, None)),
        st.sampled_from(((), (), ("x",), ("y",), ("x", "y"))),
    ),
    max_size=9,
)
held = st.lists(st.tuples(st.sampled_from(("a", "b", "p1")), st.sampled_from(("c", "d"))), max_size=3)


def stated_in(builder, guarantees, holdings=()):
    graph = Small(type(builder)())
    for guarantor, debtor, amount, walls in guarantees:
        graph.guarantee(guarantor, debtor, amount, walls)
    for holder, company in holdings:
        graph.holds(holder, company, 0.6)
    return graph


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(guarantees=said, holdings=held, cleared=st.sampled_from(((), ("x",), ("y",), ("x", "y"))))
def test_walls_leave_no_trace(builder, guarantees, holdings, cleared):
    graph = stated_in(builder, guarantees, holdings).g
    seen = graph.projection().view(frozenset(cleared), DAY)
    fresh = graph.without(cleared).projection().view(None, DAY)
    for page in (Page(500), Page(1, None, "k")):
        one, other = (guarantee_circles(view, page=page, chain_edges=1) for view in (seen, fresh))
        assert one.model_dump_json() == other.model_dump_json()


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(guarantees=said)
def test_circles_are_the_strong_components_and_the_break_breaks_them(builder, guarantees):
    public = [(one, other, amount, ()) for one, other, amount, _ in guarantees]
    answer = stated_in(builder, public).ask()
    graph = nx.DiGraph((one, other) for one, other, *_ in public if one != other)
    expected = {frozenset(c) for c in nx.strongly_connected_components(graph) if len(c) > 1}
    assert {frozenset(named(c.members)) for c in answer.circles} == expected
    for circle in answer.circles:
        assert sum(m.net for m in circle.members) == pytest.approx(0, abs=0.01)
        assert sum(m.given for m in circle.members) == pytest.approx(circle.total_amount)
        kept = [(e.guarantor, e.debtor) for e in circle.edges if not e.in_break]
        assert nx.is_directed_acyclic_graph(nx.DiGraph(kept))
