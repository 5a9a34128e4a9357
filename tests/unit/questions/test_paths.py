"""Paths: planted ties are found, NetworkX agrees, limits say what they cut, bad input is refused by name."""

from __future__ import annotations

import contextlib
import itertools
import json
from concurrent.futures import ThreadPoolExecutor

import networkx as nx
import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api import auth, cli, connections_commands, console, examples
from api.app import create_app
from api.connections import PathsRequest
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import Ambiguous, DataError, InvalidInput, NotFound
from graph.ids import entity_handle
from queries import paths as question
from queries import tie_costs as costs
from queries.paths import MOST_PARTIES, PathQuestion, Paths, paths
from queries.tie_costs import TieCosts, tie_costs

DAY = "2024-06-30"
RIVER, GROUP, BANK, SUBSIDIARY = "澄江医药", "澄江集团有限公司", "云州银行股份有限公司", "澄江生物有限公司"


@pytest.fixture
def view(market_projection):
    return market_projection.view(clearance=frozenset(), as_of=console.date("as-of", DAY))


def ask(view, *parties, **more):
    return paths(view, PathQuestion(parties, **more))


def names(found):
    return [[node.name for node in path.nodes] for path in found.paths]


def viewed(builder, *walls):
    return builder.projection().view(clearance=frozenset(walls), as_of=console.date("as-of", DAY))


# --- planted ties ---


def test_a_path_names_what_it_walks_and_who_says_so(view):
    found = ask(view, RIVER, BANK)
    (path,) = found.paths
    assert [party.name for party in found.parties] == ["澄江医药股份有限公司", BANK]
    assert (path.length, path.cost, found.mode, found.truncated) == (1, 3.0, "shortest", None)
    (step,) = path.edges
    assert (step.type, step.direction, step.label) == ("LENDS_TO", "backward", "借入")
    assert step.start == found.parties[1].id
    assert step.end == found.parties[0].id
    assert step.properties == {"amount": 2e8}
    assert step.records


def test_the_wire_form_has_from_and_to(view):
    wire = json.loads(Paths.__pydantic_serializer__.to_json(ask(view, RIVER, BANK)))
    assert {"paths", "truncated"} <= wire.keys()
    assert wire["paths"][0].keys() == {"length", "cost", "nodes", "edges"}
    assert {"type", "from", "to", "direction", "properties", "records", "valid_from"} <= wire["paths"][0][
        "edges"
    ][0].keys()
    assert wire["paths"][0]["nodes"][0].keys() == {"id", "name", "kind"}


def test_a_guarantee_is_two_steps_through_the_guarantee(view):
    found = ask(view, RIVER, SUBSIDIARY, types=["PARTY_TO:Guarantee"])
    assert names(found) == [["澄江医药股份有限公司", "为澄江生物担保", SUBSIDIARY]]
    assert found.paths[0].cost == 3.0
    assert found.types == ["PARTY_TO:Guarantee"]
    assert len(ask(view, RIVER, SUBSIDIARY, types=["PARTY_TO"], limit=100).paths) == 26  # and 25 deals


def test_the_cheapest_come_in_order_of_declared_cost(view):
    found = ask(view, RIVER, "周澄", mode="cheapest", limit=2)
    assert [path.cost for path in found.paths] == [1.0, 2.5]
    assert found.truncated.by == "results"
    assert found.truncated.limit == 2
    assert "2" in found.truncated.text


def test_only_ties_between_parties_are_walked_unless_others_are_named(builder):
    industry = builder.node("Industry", "i", name="制药", scheme="测试")
    for name in ("甲公司", "乙公司"):
        builder.edge("IN_INDUSTRY", builder.node("Company", name, name=name), industry)
    view = viewed(builder)
    assert ask(view, "甲公司", "乙公司").paths == []
    assert names(ask(view, "甲公司", "乙公司", types=["IN_INDUSTRY", "HOLDS"])) == [
        ["甲公司", "制药", "乙公司"]
    ]


def test_a_state_body_is_an_end_of_the_road(view):
    one, other = "国有第01企业有限公司", "国有第02企业有限公司"
    assert ask(view, one, other).paths == []
    assert ask(view, one, other).truncated is None
    assert ask(view, one, other, through_state_bodies=True).paths[0].length == 2
    assert ask(view, one, "云州市国资委").paths[0].length == 1
    assert ask(view, one, "云州市国资委", mode="cheapest").paths[0].length == 1
    assert len(ask(view, one, other, mode="joining").joined.parts) == 2
    assert len(ask(view, one, other, "云州市国资委").joined.parts) == 1, "it is one of the parties"


def test_our_own_staff_join_two_clients_only_where_that_is_asked_for(builder):
    banker = builder.node("Employee", "e", name="冯经理")
    for key in "甲乙":
        builder.edge("COVERS", banker, builder.node("Company", key, name=f"{key}公司"), role="lead")
    view = viewed(builder)
    assert ask(view, "甲公司", "乙公司").paths == []
    assert ask(view, "甲公司", "冯经理").paths[0].length == 1
    assert names(ask(view, "甲公司", "乙公司", types=["COVERS"])) == [["甲公司", "冯经理", "乙公司"]]


def test_what_was_no_longer_or_not_yet_true_joins_nobody(market_projection):
    early = market_projection.view(clearance=None, as_of=console.date("as-of", "2014-12-31"))
    late = market_projection.view(clearance=None, as_of=console.date("as-of", DAY))
    assert ask(early, RIVER, "周澄", types=["HOLDS"]).paths == []
    (path,) = ask(late, RIVER, "周澄", types=["HOLDS"]).paths
    assert path.edges[0].properties == {"share_ratio": 0.05}


def test_holdings_below_the_ratio_or_of_unknown_size_are_left_out(view):
    assert ask(view, RIVER, "周澄", types=["HOLDS"], min_ratio=0.05).paths
    assert ask(view, RIVER, "周澄", types=["HOLDS"], min_ratio=0.06).paths == []
    assert ask(view, RIVER, "吴白", types=["HOLDS"], min_ratio=0.0).paths == []
    assert ask(view, RIVER, "吴白", types=["HOLDS"]).paths


def test_forward_walks_along_edges_only(view):
    assert ask(view, GROUP, SUBSIDIARY, types=["HOLDS"], direction="forward").paths[0].length == 2
    assert ask(view, SUBSIDIARY, GROUP, types=["HOLDS"], direction="forward").paths == []
    assert ask(view, SUBSIDIARY, GROUP, types=["HOLDS"]).paths[0].length == 2


def chain(builder, length):
    nodes = [builder.node("Company", f"c{i}", name=f"链上第{i}公司") for i in range(length + 1)]
    for one, other in itertools.pairwise(nodes):
        builder.edge("HOLDS", one, other, share_ratio=1.0)
    return viewed(builder)


@pytest.mark.parametrize("mode", ["shortest", "cheapest"])
def test_more_hops_than_asked_for_are_a_cut(builder, mode):
    view = chain(builder, 16)
    found = ask(view, "链上第0公司", "链上第15公司", mode=mode)
    assert [path.length for path in found.paths] == [15]
    found = ask(view, "链上第0公司", "链上第16公司", mode=mode)
    assert (found.paths, found.truncated.by, found.truncated.limit) == ([], "hops", 15)
    assert ask(view, "链上第0公司", "链上第3公司", mode=mode, max_hops=2).truncated.by == "hops"


@pytest.mark.parametrize("mode", ["shortest", "cheapest", "joining"])
def test_a_budget_of_work_says_that_it_cut(builder, mode, monkeypatch):
    hub = builder.node("Company", "hub", name="枢纽公司")
    for i in range(60):
        builder.edge("HOLDS", hub, builder.node("Company", f"c{i}", name=f"第{i}公司"), share_ratio=0.5)
    far = builder.node("Company", "far", name="远方公司")
    builder.edge("HOLDS", builder.node("Company", "mid", name="中间公司"), far, share_ratio=0.5)
    view = viewed(builder)
    whole = ask(view, "第1公司", "第2公司", mode=mode)
    assert whole.truncated is None
    monkeypatch.setitem(question._WORK, mode, 1)
    found = ask(view, "第1公司", "第2公司", mode=mode)
    assert found.truncated.by == "work"
    assert found.truncated.limit == 1
    assert found.paths == []


def test_several_parties_are_joined_by_a_tree(view):
    found = ask(view, RIVER, "周澄", BANK, "静默科技有限公司")
    assert found.mode == "joining"
    assert found.paths == []
    tree = found.joined
    by_name = {party.name: party.id for party in found.parties}
    assert sorted(map(len, tree.parts)) == [1, 3]
    assert [by_name["静默科技有限公司"]] in tree.parts
    graph = nx.Graph((edge.start, edge.end) for edge in tree.edges)
    assert nx.is_tree(graph)
    assert set(graph) | {by_name["静默科技有限公司"]} == {node.id for node in tree.nodes}
    assert tree.cost == pytest.approx(sum(edge.cost for edge in tree.edges))


def test_two_parties_may_be_joined_as_well(view):
    tree = ask(view, RIVER, SUBSIDIARY, mode="joining").joined
    assert [edge.type for edge in tree.edges] == ["HOLDS"]


# --- ready-made filters ---


def test_shared_officers(view):
    found = ask(view, RIVER, GROUP, filter="shared_officers")
    assert names(found) == [["澄江医药股份有限公司", "周澄", GROUP]]
    assert {edge.properties["office"] for edge in found.paths[0].edges} == {"董事长", "董事"}


def test_shared_addresses_differ_in_writing_only(builder):
    for key, address in (
        ("甲", "云州市 文昌路８号"),
        ("乙", "云州市文昌路8号"),
        ("丙", "云州市文昌路9号"),
        ("丁", " "),
    ):
        builder.node("Company", key, name=f"{key}公司", address=address)
    view = viewed(builder)
    found = ask(view, "甲公司", "乙公司", filter="shared_addresses")
    (step,) = found.paths[0].edges
    assert (step.type, step.label, len(step.records)) == ("SHARED_ADDRESS", "同一地址", 2)
    assert step.properties["address"] in ("云州市 文昌路８号", "云州市文昌路8号")
    assert ask(view, "甲公司", "丙公司", filter="shared_addresses").paths == []
    assert ask(view, "甲公司", "乙公司").paths == [], "an address joins only where it is asked for"
    assert ask(view, "乙公司", "甲公司", types=["SHARED_ADDRESS"], direction="forward").paths


def test_the_address_of_a_registration_agent_joins_nobody(builder):
    for i in range(tie_costs().most_at_one_address + 1):
        builder.node("Company", f"{i}", name=f"第{i}公司", address="集群注册大厦")
    assert ask(viewed(builder), "第1公司", "第2公司", filter="shared_addresses").paths == []


def test_shared_investors_by_holding_and_by_deal(builder):
    fund = builder.node("Company", "fund", name="青松基金")
    one, other, third, above = (builder.node("Company", k, name=f"{k}公司") for k in "甲乙丙丁")
    builder.edge("HOLDS", fund, one, share_ratio=0.1)
    builder.edge("HOLDS", fund, other, share_ratio=0.2)
    builder.edge("HOLDS", above, fund, share_ratio=0.9)
    builder.edge("HOLDS", above, third, share_ratio=0.9)
    builder.part("Deal", "d", {"target": [third], "investors": [fund]}, name="天使轮")
    view = viewed(builder)
    assert names(ask(view, "甲公司", "乙公司", filter="shared_investors")) == [
        ["甲公司", "青松基金", "乙公司"]
    ]
    found = ask(view, "甲公司", "丙公司", filter="shared_investors")
    assert names(found) == [["甲公司", "青松基金", "天使轮", "丙公司"]]
    assert ask(view, "甲公司", "乙公司", filter="shared_investors", min_ratio=0.15).paths == []
    assert names(ask(view, "青松基金", "丙公司", filter="shared_investors")) == [
        ["青松基金", "丁公司", "丙公司"]
    ]


def test_a_person_among_shared_investors_stands_as_one(builder):
    person = builder.node("Person", "p", name="李安")
    builder.edge("HOLDS", person, builder.node("Company", "c", name="甲公司"), share_ratio=0.1)
    builder.node("Person", "q", name="王平")
    view = viewed(builder)
    assert names(ask(view, "李安", "甲公司", filter="shared_investors")) == [["李安", "甲公司"]]
    assert ask(view, "王平", "甲公司", filter="shared_investors").paths == []


def test_a_shared_state_investor_joins_nobody(builder):
    state = builder.node("Company", "s", name="云州市国资委", nature="state_body")
    for key in "甲乙":
        builder.edge("HOLDS", state, builder.node("Company", key, name=f"{key}公司"), share_ratio=0.5)
    view = viewed(builder)
    assert ask(view, "甲公司", "乙公司", filter="shared_investors").paths == []
    assert ask(view, "甲公司", "乙公司", filter="shared_investors", through_state_bodies=True).paths


# --- what is refused ---


BAD = [
    ({"parties": []}, "parties"),
    ({"parties": [RIVER]}, "parties"),
    ({"parties": [f"第{i}公司" for i in range(MOST_PARTIES + 1)]}, "parties"),
    ({"parties": [RIVER, "600001.SH"]}, "parties"),
    ({"parties": [RIVER, BANK], "mode": "longest"}, "mode"),
    ({"parties": [RIVER, BANK, GROUP], "mode": "shortest"}, "mode"),
    ({"parties": [RIVER, BANK], "types": ["LOVES"]}, "types"),
    ({"parties": [RIVER, BANK], "filter": "shared_hobbies"}, "filter"),
    ({"parties": [RIVER, BANK], "filter": "shared_officers", "types": ["HOLDS"]}, "types"),
    ({"parties": [RIVER, BANK], "filter": "shared_officers", "direction": "forward"}, "direction"),
    ({"parties": [RIVER, BANK], "direction": "out"}, "direction"),
    ({"parties": [RIVER, BANK], "max_hops": 0}, "max_hops"),
    ({"parties": [RIVER, BANK], "max_hops": 16}, "max_hops"),
    ({"parties": [RIVER, BANK], "limit": 0}, "limit"),
    ({"parties": [RIVER, BANK], "limit": 101}, "limit"),
    ({"parties": [RIVER, BANK], "min_ratio": 1.5}, "min_ratio"),
    ({"parties": [RIVER, BANK], "min_ratio": -0.1}, "min_ratio"),
]


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_what_cannot_be_asked_is_refused_by_name(view, asked, field):
    with pytest.raises(InvalidInput) as refused:
        paths(view, PathQuestion(**asked))
    assert refused.value.field == field


def test_all_that_is_not_found_is_named(view):
    with pytest.raises(NotFound) as refused:
        ask(view, RIVER, "no such", "nor this")
    assert refused.value.fields == ("parties.1", "parties.2")


def test_an_ambiguous_party_is_refused_with_candidates(builder):
    for key in "甲乙":
        builder.node("Person", key, name="李安")
    builder.node("Company", "c", name="某公司")
    with pytest.raises(Ambiguous):
        ask(viewed(builder), "李安", "某公司")


def test_an_empty_graph_has_no_parties(builder):
    with pytest.raises(NotFound):
        ask(viewed(builder), "甲", "乙")


def test_parties_without_any_tie_are_not_joined(builder):
    for key in "甲乙":
        builder.node("Company", key, name=f"{key}公司")
    view = viewed(builder)
    for mode in ("shortest", "cheapest"):
        found = ask(view, "甲公司", "乙公司", mode=mode)
        assert (found.paths, found.truncated) == ([], None)
    assert len(ask(view, "甲公司", "乙公司", mode="joining").joined.parts) == 2


def test_threads_share_a_view(view):
    pairs = list(itertools.permutations((RIVER, GROUP, BANK, SUBSIDIARY, "周澄", "吴白"), 2))
    asked = [PathQuestion(pair, mode=mode) for pair in pairs for mode in question.MODES]
    alone = [paths(view, one) for one in asked]
    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(lambda one: paths(view, one), asked * 5)) == alone * 5


# --- over HTTP and on the command line ---


@pytest.fixture
def client(market_projection, tokens):
    secret = auth.add_token(tokens, "public")
    settings = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    with TestClient(
        create_app(settings, FixedGraph(market_projection)), raise_server_exceptions=False
    ) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        client.params = {"as_of": DAY}
        yield client


def test_the_route_gives_the_answer_of_the_question(client, view):
    response = client.post("/v1/paths", json={"parties": [RIVER, BANK]})
    assert response.status_code == 200, response.text
    assert response.content == Paths.__pydantic_serializer__.to_json(ask(view, RIVER, BANK))
    again = client.post(
        "/v1/paths", json={"parties": [RIVER, BANK]}, headers={"If-None-Match": response.headers["etag"]}
    )
    assert again.status_code == 304


@pytest.mark.parametrize(("asked", "field"), BAD)
def test_the_route_refuses_by_name(client, asked, field):
    response = client.post("/v1/paths", json=asked)
    assert response.status_code == 422, response.text
    assert response.json()["errors"][0]["field"].startswith(field)


def test_unknown_and_hidden_parties_are_the_same_404(client):
    hidden = entity_handle("native", "Company", "secret", ["deal:alpha"])
    answers = [client.post("/v1/paths", json={"parties": [RIVER, one]}) for one in (hidden, "f" * 24, "没有")]
    assert {response.status_code for response in answers} == {404}
    assert len({response.content for response in answers}) == 1
    assert answers[0].json()["errors"][0]["field"] == "parties.1"


@pytest.fixture
def run(market_projection, monkeypatch):
    @contextlib.contextmanager
    def looking(_as_name, as_of, known_at):
        yield (
            market_projection.view(None, console.date("as-of", as_of), console.date("known-at", known_at)),
            "k",
        )

    monkeypatch.setattr(connections_commands, "looking", looking)
    monkeypatch.setenv("COLUMNS", "100")
    return lambda *arguments: CliRunner().invoke(cli.app, [str(a) for a in arguments])


@pytest.mark.parametrize(
    ("arguments", "words"),
    [
        ((RIVER, BANK), ("借入", BANK)),
        ((RIVER, GROUP, "--mode", "cheapest", "--limit", 1), ("股东", "45.21%", "仅列出前 1 条")),
        ((RIVER, BANK, "周澄", "静默科技有限公司"), ("第 1 组", "并非全部相连")),
        (("国有第01企业有限公司", "国有第02企业有限公司"), ("没有找到路径",)),
    ],
)
def test_the_command_shows_paths_in_chinese_first(run, arguments, words):
    result = run("paths", *arguments, "--as-of", DAY)
    assert result.exit_code == 0, result.output
    for word in words:
        assert word in result.stdout


def test_the_command_prints_the_json_of_the_route(run, client):
    printed = run("paths", GROUP, BANK, "--type", "HOLDS", "--type", "LENDS_TO", "--json", "--as-of", DAY)
    body = {"parties": [GROUP, BANK], "types": ["HOLDS", "LENDS_TO"]}
    assert json.loads(printed.stdout) == client.post("/v1/paths", json=body).json()


def test_the_command_refuses_with_a_message(run):
    for arguments, word in (
        ((RIVER,), "parties"),
        ((RIVER, "no such"), "找不到"),
        ((RIVER, BANK, "--mode", "x"), "mode"),
    ):
        result = run("paths", *arguments)
        assert (result.exit_code, result.stdout) == (2, "")
        assert word in result.stderr


def test_examples_are_requests_and_answers():
    Paths.model_validate_json(json.dumps(examples.PATHS))
    for example in examples.PATHS_REQUESTS.values():
        PathsRequest.model_validate(example["value"]).question()


# --- declared costs ---


def test_a_strong_tie_is_short():
    table = tie_costs()
    tie = {name: declared.cost for name, declared in table.ties.items()}
    large = next(step.cost for step in table.holding if step.at_least == 0.2)
    order = [
        tie["CONTROLS"], large, 2 * tie["OFFICER_OF"], 2 * tie["PARTY_TO:Guarantee"], tie["SUPPLIES"],
        2 * tie["IN_INDUSTRY"],
    ]  # fmt: skip
    assert order == sorted(set(order))


@pytest.mark.parametrize(
    "change",
    [
        {"ties": {}},
        {"holding": [{"from": 0.0, "cost": 1}, {"from": 0.5, "cost": 2}]},
        {"holding": [{"from": 0.5, "cost": 1}]},
        {"acquaintance": {"weakest": 1, "strongest": 2}},
        {"colour": "red"},
    ],
)
def test_a_table_that_says_nonsense_is_refused(change):
    whole = tie_costs().model_dump(by_alias=True)
    TieCosts.model_validate(whole)
    with pytest.raises(ValueError, match="TieCosts"):
        TieCosts.model_validate({**whole, **change})


def test_a_damaged_file_is_an_error_that_says_where(tmp_path, monkeypatch):
    (tmp_path / "data").mkdir()
    (tmp_path / "data" / "tie_costs.yaml").write_text("ties: {}", encoding="utf-8")
    monkeypatch.setattr(costs, "shipped", lambda name: tmp_path / "data" / name)
    with pytest.raises(DataError, match="tie_costs"):
        tie_costs.__wrapped__()


# --- against NetworkX ---

LABELS = ("Company", "Company", "Company", "Company", "Company", "Person", "Person", "Guarantee")
tie = st.one_of(
    st.tuples(st.just("HOLDS"), st.integers(0, 6), st.integers(0, 4)),
    st.tuples(st.just("OFFICER_OF"), st.integers(5, 6), st.integers(0, 4)),
    st.tuples(st.just("LENDS_TO"), st.integers(0, 6), st.integers(0, 6)),
    st.tuples(st.just("SUPPLIES"), st.integers(0, 4), st.integers(0, 4)),
    st.tuples(st.just("PARTY_TO"), st.integers(0, 6), st.just(7)),
)
when = st.sampled_from((None, None, {"valid_to": "2020-01-01"}, {"valid_from": "2030-01-01"}))
wall = st.sampled_from(((), (), ("a",)))


def shown_graph(drawn):
    """What a path may be walked over, as NetworkX sees it."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(LABELS)))
    closed = drawn["state"] - set(drawn["ends"])
    for (_, start, end), dates, walls in drawn["ties"]:
        if not dates and (drawn["cleared"] or not walls) and not {start, end} & closed and start != end:
            graph.add_edge(start, end)
            if not drawn["forward"]:
                graph.add_edge(end, start)
    return graph


@settings(max_examples=150, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    drawn=st.fixed_dictionaries(
        {
            "ties": st.lists(st.tuples(tie, when, wall), max_size=16),
            "state": st.sets(st.integers(0, 4), max_size=2),
            "ends": st.permutations(range(8)).map(lambda order: order[:2]),
            "forward": st.booleans(),
            "cleared": st.booleans(),
        }
    )
)
def test_shortest_paths_are_those_of_networkx(builder, drawn):
    builder = type(builder)()
    nodes = [
        builder.node(
            label, f"{i}", name=f"第{i}号", **({"nature": "state_body"} if i in drawn["state"] else {})
        )
        for i, label in enumerate(LABELS)
    ]
    for (kind, start, end), dates, walls in drawn["ties"]:
        owns = [builder.node(LABELS[i], f"{i}", walls=walls) if walls else nodes[i] for i in (start, end)]
        builder.edge(kind, *owns, walls=walls, **(dates or {}))
    refs, (one, other) = [handle for _, handle in nodes], drawn["ends"]
    direction = "forward" if drawn["forward"] else "any"
    view = viewed(builder, *(("a",) if drawn["cleared"] else ()))
    found = ask(view, refs[one], refs[other], direction=direction, limit=100)
    graph, expected = shown_graph(drawn), []
    if nx.has_path(graph, one, other):
        expected = [[refs[node] for node in path] for path in nx.all_shortest_paths(graph, one, other)]
    assert [[node.id for node in path.nodes] for path in found.paths] == sorted(expected)
    assert found.truncated is None


# --- walls ---


def walled_graph(builder, drawn):
    """The statements as a loader stores them: an edge's ends are units of exactly the edge's compartments."""
    units = {}

    def unit(number, walls=(), source="native", **props):
        key = (number, walls, source)
        if key not in units or props:
            units[key] = builder.node(LABELS[number], f"{number}", walls=walls, source=source, **props)
        return units[key]

    for number, label in enumerate(LABELS):
        unit(number, name=f"第{number}号{label}")
    for number, walls in drawn["natures"]:
        unit(number, walls, "registry", name=f"第{number}号Company", nature="state_body")
    for number, walls in drawn["addresses"]:
        unit(number, walls, "map", name=f"第{number}号Company", address="文昌路8号")
    for (kind, start, end), dates, walls in drawn["ties"]:
        builder.edge(kind, unit(start, walls), unit(end, walls), walls=walls, **(dates or {}))
    return builder


def every_answer(view, ids, limit):
    for pair in list(itertools.combinations(ids, 2))[::3]:
        for more in ({}, {"mode": "cheapest"}, *({"filter": name} for name in question.FILTERS)):
            yield answered(view, PathQuestion(pair, limit=limit, **more))
    yield answered(view, PathQuestion(ids[:5], mode="joining"))
    yield answered(view, PathQuestion(ids[:3], mode="joining", types=["HOLDS", "SHARED_ADDRESS"]))


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    drawn=st.fixed_dictionaries(
        {
            "ties": st.lists(st.tuples(tie, when, st.sampled_from(((), (), ("a",), ("b",)))), max_size=14),
            "natures": st.lists(st.tuples(st.integers(0, 4), wall), max_size=2),
            "addresses": st.lists(st.tuples(st.integers(0, 4), wall), max_size=4),
        }
    ),
    limit=st.sampled_from((1, 10)),
    work=st.sampled_from((3, 8, 1000)),
    cleared=st.sampled_from(((), ("a",))),
)
def test_walls_leave_no_trace(builder, drawn, limit, work, cleared):
    builder = walled_graph(type(builder)(), drawn)
    walled, fresh = viewed(builder, *cleared), viewed(builder.without(cleared), "a", "b")
    ids = sorted({node["id"] for _, node in builder.nodes})
    with pytest.MonkeyPatch.context() as patch:
        for mode in question.MODES:
            patch.setitem(question._WORK, mode, work)
        assert list(every_answer(walled, ids, limit)) == list(every_answer(fresh, ids, limit))


def test_the_test_would_notice_a_leak(builder):
    """Somebody who may see more gets other answers, so that equality above says something."""
    drawn = {"ties": [(("HOLDS", 0, 1), None, ("a",))], "natures": [], "addresses": []}
    builder = walled_graph(type(builder)(), drawn)
    ids = [entity_handle("native", "Company", f"{i}") for i in (0, 1)]
    assert list(every_answer(viewed(builder), ids, 1)) != list(every_answer(viewed(builder, "a"), ids, 1))


def answered(view, asked):
    try:
        return Paths.__pydantic_serializer__.to_json(paths(view, asked))
    except (NotFound, Ambiguous, InvalidInput) as error:
        return type(error).__name__, str(error)
