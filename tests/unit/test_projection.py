"""What a View shows equals what a graph loaded without the hidden records shows; catching up equals folding anew."""

import datetime as dt
import os
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import Ambiguous, NotFound
from graph.ids import entity_handle, record_handle
from graph.projection import InStore, Projection
from graph.saved import Folder
from graph.scan import (
    Shape,
    edges_query,
    nodes_query,
    silent,
    some_edges_query,
    some_nodes_query,
)
from graph.schema import edge_model, edge_types
from graph.store import Commit, Touched, cypher
from graph.tables import EDGE_PROPERTIES, LABELS, NODE_COLUMNS, SourceInfo, Tables
from graph.view import View

COMPARTMENTS = ("x", "y", "z")
DAY = dt.date(2024, 6, 1)
SOURCES = (
    SourceInfo("a", 1, "a"),
    SourceInfo("b", 2, "b"),
    SourceInfo("c", 2, "c"),
    SourceInfo("a2", 3, "a"),
)
NAMES = ("恒瑞医药股份有限公司", "恒瑞医药", "Hengrui Ltd", "恒瑞集团有限公司", "东方")
PEOPLE = ("孙飘扬", "王伟")
DATES = ("2023-01-01", "2024-01-01", "2024-12-31")


def optional(values):
    return st.none() | st.sampled_from(values)


def rare(values):
    """Values that often meet, and some that hardly ever do, so that not everything is joined to everything."""
    return optional(values) | st.integers(1, 30).map(lambda number: f"{values[0]}{number}")


def dates():
    return {"valid_from": optional(DATES), "valid_to": st.none() | st.none() | st.sampled_from(DATES)}


FIELDS = {
    "Company": {
        "name": rare(NAMES[:4]),
        "short_name": rare(("恒瑞医药", "东方", "*ST东方")),
        "former_names": st.none() | st.lists(st.sampled_from(NAMES[:3]), min_size=1, max_size=2, unique=True),
        "aliases": st.none() | st.just(["恒瑞"]),
        "uscc": rare(("U1", "U2")),
        "code": optional(("600276.SH", "600277.SH")),
        "registry_id": rare(("R1",)),
        "capital": optional((1.0, 2.0)),
    },
    "Person": {"name": rare(PEOPLE)},
    "Security": {"code": optional(("600276.SH", "600277.SH")), "name": optional(("恒瑞医药",))},
    "Industry": {
        "name": optional(("医药", "化学制药")),
        "code": optional(("S1", "S2")),
        "scheme": optional(("申万", "同花顺")),
    },
    "Concept": {"name": optional(("医药",)), "kind": optional(("theme", "chain_product"))},
}
EDGE_VALUES = {
    "HOLDS": {"share_ratio": optional((0.1, 0.5)), "share_class": optional(("A", "B"))},
    "OFFICER_OF": {"office": optional(("董事长", "监事"))},
    "CONTROLS": {"ratio": optional((0.3, 0.4))},
    "IN_INDUSTRY": {},
    "ISSUED": {},
    "SUPPLIES": {"amount": optional((1.0, 2.0)), "item": optional(("钢", "铁"))},
}


@dataclass
class World:
    """Rows as the store would hold them."""

    nodes: dict[str, tuple[str, dict[str, Any]]] = field(default_factory=dict)
    edges: list[tuple[str, str, str, str, str, dict[str, Any]]] = field(default_factory=list)

    def visible_to(self, clearance: frozenset[str]) -> "World":
        nodes = {i: n for i, n in self.nodes.items() if clearance.issuperset(n[1].get("compartments", ()))}
        edges = [
            e
            for e in self.edges
            if clearance.issuperset(e[5].get("compartments", ())) and e[2] in nodes and e[4] in nodes
        ]
        return World(nodes, edges)

    def tables(self, version: int = 0) -> Tables:
        return Tables.from_rows(self.nodes.values(), self.edges, sources=SOURCES, version=version)

    def projection(self) -> Projection:
        return Projection.of(self.tables())


compartment_sets = st.sampled_from([(), (), (), ("x",), ("y",), ("x", "y"), ("x", "y", "z")])


@st.composite
def nodes(draw):
    label = draw(st.sampled_from([*(["Company"] * 4), *(["Person"] * 3), *FIELDS]))
    source = draw(st.sampled_from(SOURCES))
    key, walls = draw(st.sampled_from("12345")), draw(compartment_sets)
    wanted = {**FIELDS[label], "stated": optional(DATES), **dates()}
    props = {name: value for name, s in wanted.items() if (value := draw(s)) is not None}
    handle = entity_handle(source.namespace, label, key, walls)
    record = record_handle(source.name, label, key, walls)
    base = {"id": handle, "source": source.name, "key": key, "record": record}
    if walls:
        base["compartments"] = list(walls)
    return label, {**base, **props}


def joinable(edge_type, world):
    starts, ends = edge_model(edge_type).joins
    ids = {label: sorted(i for i, n in world.nodes.items() if n[0] == label) for label in LABELS}
    first = [(label, i) for label in starts for i in ids[label]]
    second = [(label, i) for label in ends for i in ids[label]]
    return first, second


@st.composite
def edges(draw, world):
    kinds = [t for t in EDGE_VALUES if all(joinable(t, world))]
    if not kinds:
        return None
    edge_type = draw(st.sampled_from(kinds))
    first, second = joinable(edge_type, world)
    (start_label, start), (end_label, end) = draw(st.sampled_from(first)), draw(st.sampled_from(second))
    wanted = {
        **EDGE_VALUES[edge_type],
        "stated": optional(DATES),
        **dates(),
        "start_unknown": optional((True,)),
    }
    props = {name: value for name, s in wanted.items() if (value := draw(s)) is not None}
    walls = draw(
        st.sampled_from(
            [(), ("x",), *(tuple(world.nodes[i][1].get("compartments", ())) for i in (start, end))]
        )
    )
    if walls:
        props["compartments"] = list(walls)
    source = draw(st.sampled_from(SOURCES)).name
    record = record_handle(source, edge_type, str(draw(st.integers(0, 5))), walls)
    return edge_type, start_label, start, end_label, end, {"source": source, "record": record, **props}


@st.composite
def worlds(draw, most_nodes=9, most_edges=8):
    world = World()
    for label, props in draw(st.lists(nodes(), min_size=1, max_size=most_nodes)):
        world.nodes[props["id"]] = (label, props)
    for _ in range(draw(st.integers(0, most_edges))):
        edge = draw(edges(world))
        if edge is not None:
            world.edges.append(edge)
    return world


# --- everything that a View shows ---


REFS = ("600276", "600276.SH", "恒瑞医药", "恒瑞", "孙飘扬", "U1", "R1", "医药", "东方", "nothing", *NAMES)
QUERIES = ("恒瑞", "hr", "600276", "孙飘扬", "医药", "dongfang", "恒端医药")


def outcome(function, *args):
    try:
        return function(*args)
    except NotFound as error:
        return ("not found", str(error))
    except Ambiguous as error:
        return ("ambiguous", str(error), error.candidates, error.hint)


def shown_fact(view, fact):
    return (
        fact.type, view.id(fact.start), view.id(fact.end), list(fact.props.items()), fact.valid_from, fact.valid_to,
        fact.start_unknown, fact.records, view.id(fact.other), fact.compartments,
    )  # fmt: skip


def pages(view, row, edge_type, direction):
    after, out = None, []
    while True:
        page = view.page(row, edge_type, direction, after, 2)
        out.append(([shown_fact(view, f) for f in page.facts], page.total, page.next))
        after = page.next
        if after is None:
            return out


def shown_facts(view, row):
    return {
        (edge_type, direction): (
            [shown_fact(view, f) for f in view.facts(row, edge_type, direction)],
            [shown_fact(view, f) for f in view.history(row, edge_type, direction)],
            view.degree(row, edge_type, direction),
            pages(view, row, edge_type, direction),
        )
        for edge_type in EDGE_VALUES
        for direction in ("out", "in")
    }


def shown_entity(view, row):
    return {
        "kind": view.kind(row), "name": view.name(row), "props": list(view.props(row).items()),
        "property_records": view.property_records(row), "units": view.units(row), "facts": shown_facts(view, row),
        "findings": view.findings(row),
    }  # fmt: skip


def hits(view, query, kinds=()):
    after, out = None, []
    while True:
        page = view.search(query, 2, kinds, after)
        out.append(([(h.id, h.name, h.kind, h.reason, h.matched, h.score) for h in page.hits], page.next))
        after = page.next
        if after is None:
            return out


def shown_arrays(view, edge_type):
    found = view.arrays(edge_type)
    return sorted(repr(shown_fact(view, found.fact(i))) for i in range(len(found)))


def dump(view: View) -> dict[str, Any]:
    rows = [row for label in LABELS for row in view.rows(label).tolist()]
    return {
        "entities": {view.id(row): shown_entity(view, row) for row in rows},
        "arrays": {edge_type: shown_arrays(view, edge_type) for edge_type in EDGE_VALUES},
        "resolved": {
            ref: found if isinstance(found := outcome(view.resolve, ref), tuple) else view.id(found)
            for ref in (*REFS, *(view.id(row) for row in rows))
        },
        "search": {query: hits(view, query) for query in QUERIES}
        | {"companies": hits(view, "恒瑞", ("Company",))},
    }


@pytest.fixture(params=[16, 0], ids=["one by one", "as arrays"], autouse=True)
def way(request, monkeypatch):
    """The two ways in which a View works through lists of facts; which one it takes must not show."""
    monkeypatch.setattr("graph.view._FEW", request.param)


def differences(one: Any, two: Any, path: str = "") -> Iterator[str]:
    """Where two dumps differ."""
    if isinstance(one, dict) and isinstance(two, dict):
        for key in {**one, **two}:
            yield from differences(one.get(key, "nothing"), two.get(key, "nothing"), f"{path}/{key}")
    elif one != two:
        yield f"{path}: {one!r} != {two!r}"


def assert_same(one: View, two: View) -> None:
    found = "\n".join(differences(dump(one), dump(two)))
    assert not found, found


slow = settings(
    max_examples=int(os.environ.get("GUANXI_TEST_EXAMPLES", "40")),
    deadline=None,
    suppress_health_check=list(HealthCheck),
)
clearances = st.frozensets(st.sampled_from(COMPARTMENTS))


@given(world=worlds(), clearance=clearances)
@slow
def test_a_view_shows_what_a_graph_without_the_hidden_records_shows(world, clearance):
    masked = world.projection().view(clearance, DAY)
    fresh = world.visible_to(clearance).projection().view(None, DAY)
    assert_same(masked, fresh)


@given(world=worlds(), clearance=clearances)
@slow
def test_hidden_ids_are_not_found_like_absent_ones(world, clearance):
    view = world.projection().view(clearance, DAY)
    hidden = set(world.nodes) - set(world.visible_to(clearance).nodes)
    absent = "0" * 24
    for handle in hidden:
        found = outcome(view.resolve, handle)
        assert found == tuple(t.replace(absent, handle) for t in outcome(view.resolve, absent))


@given(world=worlds(), order=st.randoms(use_true_random=False))
@slow
def test_order_of_loading_does_not_matter(world, order):
    shuffled = World(dict(order.sample(sorted(world.nodes.items()), len(world.nodes))), list(world.edges))
    order.shuffle(shuffled.edges)
    one, two = world.projection(), shuffled.projection()
    assert_same(one.view(None, DAY), two.view(None, DAY))
    assert one.digest() == two.digest()


@given(world=worlds(), clearance=clearances, day=st.sampled_from([dt.date.fromisoformat(d) for d in DATES]))
@slow
def test_as_of_shows_only_what_is_valid_then(world, clearance, day):
    masked = world.projection().view(clearance, day)
    assert_same(masked, world.visible_to(clearance).projection().view(None, day))
    for row in masked.rows("Company").tolist():
        for edge_type in EDGE_VALUES:
            for fact in masked.facts(row, edge_type, "in"):
                assert fact.valid_from is None or fact.valid_from <= day
                assert fact.valid_to is None or day < fact.valid_to


# --- what was known ---


@given(world=worlds(), data=st.data(), clearance=clearances)
@slow
def test_known_at_shows_what_a_graph_of_what_was_known_shows(world, data, clearance):
    told = {i: data.draw(st.sampled_from(DATES)) for i in world.nodes}
    corrected = {i for i in world.nodes if told[i] < "2024-06-01" and data.draw(st.booleans())}
    first = {i: (label, {**p, "known_from": told[i]}) for i, (label, p) in world.nodes.items()}
    last = {i: (label, {**p, "known_from": "2024-06-01", "name": "新名"}) for i, (label, p) in first.items()}
    believed = [last[i] if i in corrected else first[i] for i in world.nodes]
    withdrawn = [(first[i][0], {**first[i][1], "known_to": "2024-06-01"}) for i in sorted(corrected)]
    edges = [(*e[:5], {**e[5], "known_from": data.draw(st.sampled_from(DATES))}) for e in world.edges]
    tables = Tables.from_rows([*believed, *withdrawn], edges, sources=SOURCES)
    for day in ("2023-06-01", "2024-01-01", "2024-12-31"):
        then = World({i: (last if i in corrected and day >= "2024-06-01" else first)[i] for i in world.nodes})
        then.nodes = {i: n for i, n in then.nodes.items() if n[1]["known_from"] <= day}
        there = (e for e in edges if e[5]["known_from"] <= day)
        then.edges = [e for e in there if e[2] in then.nodes and e[4] in then.nodes]
        shown = Projection.of(tables).view(clearance, DAY, dt.date.fromisoformat(day))
        assert_same(shown, then.visible_to(clearance).projection().view(None, DAY))


# --- catching up ---


@dataclass
class FakeStore:
    """Answers the statements that the projection asks of a store, from rows in memory."""

    world: World
    commits: list[Commit] = field(default_factory=list)
    past: list[tuple[str, str, str, str]] = field(default_factory=list)

    def version(self) -> int:
        return len(self.commits)

    def commits_since(self, version: int) -> list[Commit]:
        return self.commits[version:]

    def query(self, name: str) -> str:
        return cypher(name)

    def read(self, query: str, /, **_parameters: Any) -> list[dict[str, Any]]:
        if query == cypher("sources"):
            return [{"id": s.name, "rank": s.rank, "namespace": s.namespace} for s in SOURCES]
        assert query == cypher("birth")
        return [{"at": "2024-01-01T00:00:00Z"}]

    def stream(self, query: str, /, **parameters: Any) -> Iterator[Sequence[Any]]:
        if query == cypher("past"):
            return iter(self.past)
        found = self._nodes(query, parameters) or self._edges(query, parameters)
        return iter(found)

    def _nodes(self, query: str, parameters: Mapping[str, Any]) -> list[Sequence[Any]]:
        for label in LABELS:
            if query in (nodes_query(label), some_nodes_query(label)):
                wanted = parameters.get("ids", self.world.nodes)
                rows = [n for i, n in self.world.nodes.items() if n[0] == label and i in wanted]
                return [[p.get(name) for name in NODE_COLUMNS[label]] for _, p in rows]
        return []

    def _edges(self, query: str, parameters: Mapping[str, Any]) -> list[Sequence[Any]]:
        for edge_type in edge_types():
            mine = [e for e in self.world.edges if e[0] == edge_type]
            for start in edge_model(edge_type).joins[0]:
                if query == edges_query(edge_type, start):
                    return self._by_start([e for e in mine if e[1] == start])
            mine = [e for e in mine if query == some_edges_query(Shape(e[0], e[1], e[3]))]
            mine = [e for e in mine if [e[2], e[4]] in parameters["pairs"]]
            if mine:
                return [[e[2], *self._values(e)] for e in mine]
        return []

    @staticmethod
    def _values(edge) -> list[Any]:
        return [edge[4], *(edge[5].get(name) for name in EDGE_PROPERTIES[edge[0]])]

    def _by_start(self, mine) -> list[Sequence[Any]]:
        starts = dict.fromkeys(e[2] for e in mine)
        return [[start, [self._values(e) for e in mine if e[2] == start]] for start in starts]

    def commit(self, nodes: Sequence[str], edges: Sequence[str], *, bulk: bool = False) -> None:
        self.commits.append(Commit(len(self.commits) + 1, "", "", Touched(nodes, edges, bulk)))


def pair(edge):
    return f"{edge[0]} {edge[1]} {edge[2]} {edge[3]} {edge[4]}"


@st.composite
def changes(draw, world):
    """The world after some changes, and what a commit of them lists."""
    after = World(dict(world.nodes), list(world.edges))
    listed_nodes, listed_edges = set(), set()
    for label, props in draw(st.lists(nodes(), max_size=3)):
        after.nodes[props["id"]] = (label, props)
        listed_nodes.add(f"{label} {props['id']}")
    for edge in draw(st.lists(st.sampled_from(after.edges), max_size=2)) if after.edges else ():
        gone = pair(edge)
        after.edges = [e for e in after.edges if pair(e) != gone]
        listed_edges.add(gone)
    for _ in range(draw(st.integers(0, 3))):
        edge = draw(edges(after))
        if edge is not None:
            after.edges.append(edge)
            listed_edges.add(pair(edge))
    if after.nodes and draw(st.booleans()):
        victim = draw(st.sampled_from(sorted(after.nodes)))
        listed_edges |= {pair(e) for e in after.edges if victim in (e[2], e[4])}
        after.edges = [e for e in after.edges if victim not in (e[2], e[4])]
        listed_nodes.add(f"{after.nodes.pop(victim)[0]} {victim}")
    return after, sorted(listed_nodes), sorted(listed_edges)


@given(data=st.data(), clearance=st.none() | clearances)
@slow
def test_catching_up_equals_folding_anew(tmp_path_factory, data, clearance):
    world = data.draw(worlds())
    store = FakeStore(world)
    folder = Folder(tmp_path_factory.mktemp("projection"))
    origin = InStore(store, folder, silent)
    projection = Projection(origin, origin.opened())
    for _ in range(data.draw(st.integers(1, 4))):
        store.world, listed_nodes, listed_edges = data.draw(changes(store.world))
        store.commit(listed_nodes, listed_edges)
        assert projection.refresh()
        fresh = store.world.projection()
        assert projection.digest() == fresh.digest()
        assert_same(projection.view(clearance, DAY), fresh.view(clearance, DAY))
    compact = Projection.of(projection._current.live())
    assert_same(compact.view(clearance, DAY), fresh.view(clearance, DAY))
    reopened = Projection(origin, InStore(store, folder, silent).opened())
    assert_same(reopened.view(clearance, DAY), fresh.view(clearance, DAY))


def test_a_bulk_commit_is_followed_by_a_scan_and_old_versions_go(tmp_path: Path):
    props = {"id": entity_handle("a", "Company", "1"), "source": "a", "key": "1", "name": "甲有限公司"}
    store = FakeStore(World({props["id"]: ("Company", props)}))
    origin = InStore(store, Folder(tmp_path), silent)
    projection = Projection(origin, origin.opened())
    assert not projection.refresh()
    for number in range(4):
        store.world.nodes[props["id"]] = ("Company", {**props, "name": f"乙{number}有限公司"})
        store.commit([], [], bulk=True)
        assert projection.refresh()
        assert projection.view().name(projection.view().resolve(props["id"])) == f"乙{number}有限公司"
    assert sorted(p.name.split("-")[0] for p in (tmp_path / "projection").iterdir() if p.is_dir()) == [
        "3",
        "4",
    ]


def test_an_edge_to_nowhere_is_an_error_that_names_it():
    with pytest.raises(Exception, match="leads to"):
        Tables.from_rows([], [("HOLDS", "Company", "0" * 23 + "1", "Company", "0" * 23 + "2", {})])
