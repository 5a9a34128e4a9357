"""Introductions: the closest of our staff first, each once, and nothing that walls hide."""

from __future__ import annotations

import contextlib
import itertools
import json

import networkx as nx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api import auth, cli, connections_commands, console, examples
from api.app import create_app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import Ambiguous, InvalidInput, NotFound
from graph.ids import entity_handle
from queries import introductions as question
from queries import paths as pathfinding
from queries.introductions import Introductions, decides, introductions
from queries.tie_costs import tie_costs

DAY = "2024-06-30"


def viewed(builder, *walls):
    return builder.projection().view(clearance=frozenset(walls), as_of=console.date("as-of", DAY))


class Firm:
    """Staff, a target with a chair, and ways between them."""

    def __init__(self, builder):
        self.builder = builder
        self.target = builder.node("Company", "target", name="目标公司")
        self.chair = builder.node("Person", "chair", name="周澄")
        self.one, self.other, self.third = (
            builder.node("Employee", key, name=name)
            for key, name in (("1", "冯一"), ("2", "冯二"), ("3", "冯三"))
        )
        builder.edge("OFFICER_OF", self.chair, self.target, office="董事长")

    def ask(self, *walls, **more):
        return introductions(viewed(self.builder, *walls), "目标公司", **more)


@pytest.fixture
def firm(builder):
    return Firm(builder)


def staff(found):
    return [path.staff.name for path in found.paths]


def test_a_good_acquaintance_comes_before_coverage_and_boards(firm):
    bridge = firm.builder.node("Company", "bridge", name="桥梁公司")
    firm.builder.edge("OFFICER_OF", firm.chair, bridge, office="独立董事")
    firm.builder.edge("COVERS", firm.other, firm.target, role="lead")
    firm.builder.edge("COVERS", firm.third, bridge, role="lead")
    firm.builder.edge("COVERS", firm.third, bridge, role="member")
    firm.builder.edge("KNOWS", firm.one, firm.chair, strength=0.9)
    found = firm.ask()
    assert set(staff(found)) == {"冯一", "冯二", "冯三"}
    assert staff(found)[0] == "冯一"
    assert [path.cost for path in found.paths] == [1.3, 2.0, 2.0]
    first = found.paths[0]
    assert (first.decision_maker.name, first.decision_maker.office, first.decision_maker.role) == (
        "周澄",
        "董事长",
        "高管",
    )
    assert first.decision_maker.records
    assert first.sentence == "冯一可引荐周澄（董事长）：冯一与周澄相识。"
    assert first.sentence_en == "冯一 can introduce us to 周澄 (董事长): 冯一 knows 周澄."
    assert [edge.type for edge in first.edges] == ["KNOWS"]
    assert first.edges[0].records
    assert found.decision_makers == 1
    assert found.truncated is None


def test_a_weak_acquaintance_costs_more(firm):
    firm.builder.edge("KNOWS", firm.one, firm.chair, strength=0.0)
    firm.builder.edge("KNOWS", firm.other, firm.chair, strength=1.0)
    firm.builder.edge("KNOWS", firm.third, firm.chair)
    found = firm.ask()
    assert staff(found) == ["冯二", "冯三", "冯一"]
    assert [path.cost for path in found.paths] == [1.0, 3.0, 4.0]


def test_ownership_and_control_lead_on(firm):
    parent = firm.builder.node("Company", "parent", name="母公司")
    owner = firm.builder.node("Person", "owner", name="李安")
    firm.builder.edge("HOLDS", parent, firm.target, share_ratio=0.6)
    firm.builder.edge("CONTROLS", owner, firm.target)
    firm.builder.edge("CONTROLS", owner, parent)
    firm.builder.edge("COVERS", firm.one, parent, role="lead")
    found = firm.ask()
    assert [path.decision_maker.name for path in found.paths] == ["李安"]
    assert found.paths[0].decision_maker.role == "实际控制人"
    assert found.paths[0].sentence.endswith("冯一负责客户母公司；李安控制母公司。")
    assert found.decision_makers == 2


def test_a_contact_is_somebody_to_be_introduced_to(firm):
    contact = firm.builder.part("Contact", "c", {"client": [firm.target]}, name="郑联", title="财务经理")
    firm.builder.edge("KNOWS", firm.one, contact, strength=1.0)
    (path,) = firm.ask().paths
    assert (path.decision_maker.name, path.decision_maker.role, path.decision_maker.office) == (
        "郑联",
        "联系人",
        "财务经理",
    )


def test_staff_come_first_and_only_first(firm):
    firm.builder.edge("KNOWS", firm.one, firm.chair, strength=1.0)
    firm.builder.edge("KNOWS", firm.other, firm.one, strength=1.0)
    assert staff(firm.ask()) == ["冯一"], "to ask a colleague is no introduction"
    firm.builder.edge("KNOWS", firm.chair, firm.third, strength=1.0)
    assert set(staff(firm.ask())) == {"冯一", "冯三"}, "who is known knows, too"


def test_each_member_of_staff_once_and_more_are_a_cut(firm):
    for who, strength in ((firm.one, 0.9), (firm.other, 0.8), (firm.third, 0.7)):
        firm.builder.edge("KNOWS", who, firm.chair, strength=strength)
        firm.builder.edge("COVERS", who, firm.target, role="lead")
    found = firm.ask(limit=2)
    assert staff(found) == ["冯一", "冯二"]
    assert (found.truncated.by, found.truncated.limit) == ("results", 2)
    assert firm.ask(limit=3).truncated is None


def test_too_many_steps_and_too_much_work_are_cuts(firm, monkeypatch):
    firm.builder.edge("COVERS", firm.one, firm.target, role="lead")
    found = firm.ask(max_hops=1)
    assert (found.paths, found.truncated.by, found.truncated.limit) == ([], "hops", 1)
    assert firm.ask(max_hops=2).paths
    monkeypatch.setattr(question, "_WORK", 1)
    assert firm.ask().truncated.by == "work"


def test_a_state_body_introduces_nobody(firm):
    state = firm.builder.node("Company", "state", name="云州市国资委", nature="state_body")
    sister = firm.builder.node("Company", "sister", name="兄弟公司")
    for company in (firm.target, sister):
        firm.builder.edge("CONTROLS", state, company)
    firm.builder.edge("COVERS", firm.one, sister, role="lead")
    found = firm.ask()
    assert found.paths == []
    assert found.decision_makers == 1


def test_nobody_and_nothing(builder):
    builder.node("Company", "c", name="目标公司")
    found = introductions(viewed(builder), "目标公司")
    assert (found.paths, found.decision_makers, found.truncated) == ([], 0, None)
    with pytest.raises(NotFound):
        introductions(viewed(builder), "没有")


@pytest.mark.parametrize(
    ("more", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 21}, "limit"),
        ({"max_hops": 0}, "max_hops"),
        ({"max_hops": 16}, "max_hops"),
    ],
)
def test_numbers_out_of_range_are_refused(firm, more, field):
    with pytest.raises(InvalidInput) as refused:
        firm.ask(**more)
    assert refused.value.field == field


def test_only_a_company_has_decision_makers(firm):
    with pytest.raises(InvalidInput) as refused:
        introductions(viewed(firm.builder), "周澄")
    assert refused.value.field == "id"


@pytest.mark.parametrize("office", ["董事长", "董事长兼总经理", "董事、总经理", "法定代表人"])
def test_offices_that_decide(office):
    assert decides(office)


@pytest.mark.parametrize("office", ["副董事长", "副总经理", "董事", "董事长助理", "监事", ""])
def test_offices_that_do_not(office):
    assert not decides(office)


# --- over HTTP and on the command line ---


def test_the_route_and_the_command_agree(market_projection, tokens, monkeypatch):
    @contextlib.contextmanager
    def looking(_as_name, as_of, _known_at):
        yield market_projection.view(None, console.date("as-of", as_of)), "k"

    monkeypatch.setattr(connections_commands, "looking", looking)
    secret = auth.add_token(tokens, "operator", operator=True)
    settings = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    with TestClient(create_app(settings, FixedGraph(market_projection))) as client:
        headers = {"Authorization": f"Bearer {secret}"}
        path, day = "/v1/entities/600001.SH/introductions", {"as_of": DAY}
        response = client.get(path, params=day, headers=headers)
        assert response.status_code == 200, response.text
        for bad, status in ({"limit": "0"}, 422), ({"max_hops": "16"}, 422), ({"kind": "x"}, 422):
            assert client.get(path, params=bad, headers=headers).status_code == status
        assert client.get("/v1/entities/none/introductions", headers=headers).status_code == 404
    printed = CliRunner().invoke(cli.app, ["introductions", "600001", "--json", "--as-of", DAY])
    assert json.loads(printed.stdout) == response.json()
    shown = CliRunner().invoke(cli.app, ["introductions", "600001", "--as-of", DAY]).stdout
    assert "冯经理可引荐周澄" in shown
    none = CliRunner().invoke(cli.app, ["introductions", "600002", "--as-of", DAY]).stdout
    assert "没有可用的引荐路径" in none


def test_the_example_is_an_answer():
    Introductions.model_validate_json(json.dumps(examples.INTRODUCTIONS))


# --- against NetworkX, and walls ---

LABELS = ("Company", "Company", "Company", "Person", "Person", "Employee", "Employee", "Contact")
STAFF = (5, 6)
tie = st.one_of(
    st.tuples(
        st.just("HOLDS"), st.integers(0, 4), st.integers(0, 2), st.sampled_from(({}, {"share_ratio": 0.3}))
    ),
    st.tuples(
        st.just("OFFICER_OF"),
        st.integers(3, 4),
        st.integers(0, 2),
        st.sampled_from(({"office": "董事"}, {"office": "董事长"})),
    ),
    st.tuples(st.just("PARTY_TO"), st.integers(0, 2), st.just(7), st.just({"role": "client"})),
    st.tuples(st.just("CONTROLS"), st.integers(0, 4), st.integers(0, 2), st.just({})),
    st.tuples(st.just("COVERS"), st.integers(5, 6), st.integers(0, 2), st.just({"role": "lead"})),
    st.tuples(
        st.just("KNOWS"), st.integers(3, 7), st.integers(3, 7), st.sampled_from(({}, {"strength": 0.5}))
    ),
)
ties = st.lists(st.tuples(tie, st.sampled_from(((), (), ("a",)))), max_size=14)


def firm_of(builder, drawn):
    units = {}

    def unit(number, walls):
        if (number, walls) not in units:
            units[number, walls] = builder.node(
                LABELS[number], f"{number}", walls=walls, name=f"第{number}号"
            )
        return units[number, walls]

    for number in range(len(LABELS)):
        unit(number, ())
    for (kind, start, end, props), walls in drawn:
        builder.edge(kind, unit(start, walls), unit(end, walls), walls=walls, **props)
    return builder


def cost_of(kind, props):
    table = tie_costs()
    if kind == "HOLDS" and props:
        return next(step.cost for step in table.holding if props["share_ratio"] >= step.at_least)
    if kind == "KNOWS" and props:
        return (table.acquaintance.weakest + table.acquaintance.strongest) / 2
    return table.ties["PARTY_TO:Contact" if kind == "PARTY_TO" else kind].cost


def as_networkx(drawn):
    """The ways that an introduction may take, none of them to staff, and the decision makers of company 0."""
    graph, makers = nx.DiGraph(), set()
    graph.add_nodes_from(range(len(LABELS)))
    for (kind, start, end, props), _ in drawn:
        for one, other in ((start, end), (end, start)):
            known = graph.get_edge_data(one, other, {"cost": 99})["cost"]
            if other not in STAFF and cost_of(kind, props) < known:
                graph.add_edge(one, other, cost=cost_of(kind, props))
        if end == 0 and start != 0 and (kind == "CONTROLS" or props.get("office") == "董事长"):
            makers.add(start)
        if kind == "PARTY_TO" and start == 0:
            makers.add(end)
    return graph, makers


@settings(max_examples=120, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=ties)
def test_the_cheapest_way_of_each_is_that_of_networkx(builder, drawn):
    best = {}  # facts of one type, ends and class are one: the first statement's values may not be the ones shown
    for (kind, start, end, props), _ in drawn:
        best.setdefault((kind, start, end, props.get("office")), props)
    unique = [((kind, start, end, props), ()) for (kind, start, end, _), props in best.items()]
    graph, makers = as_networkx(unique)
    expected = {}
    for who in STAFF:
        ways = nx.single_source_dijkstra_path_length(graph, who, weight="cost")
        reached = [ways[maker] for maker in makers if maker in ways]
        if reached:
            expected[f"第{who}号"] = pytest.approx(min(reached), abs=1e-6)
    target = entity_handle("native", "Company", "0")
    found = introductions(viewed(firm_of(type(builder)(), unique)), target)
    assert {path.staff.name: path.cost for path in found.paths} == expected
    assert [path.cost for path in found.paths] == sorted(path.cost for path in found.paths)
    for path in found.paths:
        assert path.nodes[0].id == path.staff.id
        assert path.nodes[-1].id == path.decision_maker.id
        assert sum(node.kind == "Employee" for node in path.nodes) == 1
        for (one, other), edge in zip(itertools.pairwise(path.nodes), path.edges, strict=True):
            assert {one.id, other.id} == {edge.start, edge.end}


@settings(max_examples=80, deadline=None, suppress_health_check=list(HealthCheck))
@given(drawn=ties, limit=st.sampled_from((1, 5)), work=st.sampled_from((4, 12, 1000)))
def test_walls_leave_no_trace(builder, drawn, limit, work):
    builder = firm_of(type(builder)(), drawn)
    walled, fresh = viewed(builder), viewed(builder.without(()), "a")
    ids = sorted({node["id"] for _, node in builder.nodes})
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(question, "_WORK", work)
        assert [answered(walled, one, limit) for one in ids] == [answered(fresh, one, limit) for one in ids]


def answered(view, ref, limit):
    try:
        return Introductions.__pydantic_serializer__.to_json(introductions(view, ref, limit=limit))
    except (NotFound, Ambiguous, InvalidInput) as error:
        return type(error).__name__, str(error)


def test_commands_ask_what_routes_ask_by_default():
    """The commands repeat the numbers, for they start without importing the questions."""
    defaults = connections_commands.introductions.__kwdefaults__
    assert (defaults["limit"], defaults["max_hops"]) == (question.DEFAULT_LIMIT, question.DEFAULT_HOPS)
    defaults = connections_commands.paths.__kwdefaults__
    assert (defaults["limit"], defaults["max_hops"]) == (pathfinding.DEFAULT_PATHS, pathfinding.MOST_HOPS)
