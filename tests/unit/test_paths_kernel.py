"""Paths against NetworkX, and the properties that make a path's order and limits independent of rows and walls."""

import itertools

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import paths as kernel
from graph.algorithms.paths import Cut, Limits


class World:
    """A small graph with its kernel form and its NetworkX form (the cheapest of parallel edges)."""

    def __init__(self, size, edges, node_key=None, edge_key=None):
        """Take edges (start, end, mask, cost)."""
        columns = [[edge[i] for edge in edges] for i in range(4)]
        self.start, self.end = (np.array(column, np.int32) for column in columns[:2])
        self.node_key = (
            np.arange(size, dtype=np.uint64) if node_key is None else np.array(node_key, np.uint64)
        )
        self.edge_key = (
            np.arange(len(edges), dtype=np.uint64) if edge_key is None else np.array(edge_key, np.uint64)
        )
        keyed = kernel.Keyed(self.node_key, self.edge_key)
        adjacency = kernel.adjacency(self.start, self.end, size)
        self.walk = kernel.walk(adjacency, keyed, np.array(columns[2], np.uint8))
        self.price = kernel.weights(np.array(columns[3], np.float64))
        self.space = kernel.scratch(size)
        self.size, self.edges = size, edges

    def graph(self):
        graph = nx.DiGraph()
        graph.add_nodes_from(range(self.size))
        for start, end, mask, cost in self.edges:
            for one, other, bit in ((start, end, 1), (end, start, 2)):
                if (
                    mask & bit
                    and start != end
                    and cost < graph.get_edge_data(one, other, {"cost": 99})["cost"]
                ):
                    graph.add_edge(one, other, cost=cost)
        return graph

    def order(self, path):
        return [int(self.node_key[node]) for node in path]

    def check_edges(self, path):
        """Every edge of a path leads from node to node in a direction that may be walked."""
        assert len(path.edges) == len(path.nodes) - 1
        for edge, step in zip(path.edges, itertools.pairwise(path.nodes), strict=True):
            start, end, mask, _ = self.edges[edge]
            assert (step == (start, end) and mask & 1) or (step == (end, start) and mask & 2)

    def blank(self):
        space = self.space
        return (
            not space.hops.any()
            and not space.mark.any()
            and bool((space.ahead == -1).all() and (space.behind == -1).all())
        )


@st.composite
def worlds(draw):
    size = draw(st.integers(2, 8))
    node = st.integers(0, size - 1)
    edge = st.tuples(node, node, st.sampled_from([0, 1, 2, 3, 3, 3]), st.sampled_from([1, 1.5, 2, 4]))
    edges = draw(st.lists(edge, max_size=22))
    keys = draw(st.permutations(range(size)))
    edge_keys = draw(st.permutations(range(len(edges))))
    return World(size, edges, keys, edge_keys)


pair = st.tuples(st.integers(0, 7), st.integers(0, 7))


@settings(max_examples=400, deadline=None)
@given(worlds(), pair)
def test_shortest_paths_are_those_of_networkx(world, ends):
    source, target = ends[0] % world.size, ends[1] % world.size
    graph = world.graph()
    expected = []
    if nx.has_path(graph, source, target):
        expected = sorted(nx.all_shortest_paths(graph, source, target), key=world.order)
    found = kernel.shortest_paths(world.walk, (source, target), world.price.cost, world.space, Limits())
    assert [path.nodes for path in found.paths] == expected
    assert found.cut is Cut.NOTHING
    length = kernel.shortest_length(world.walk, (source, target), world.space)
    assert length.hops == (len(expected[0]) - 1 if expected else -1)
    for path in found.paths:
        world.check_edges(path)
        assert path.cost == sum(round(graph[a][b]["cost"] * 1e6) for a, b in itertools.pairwise(path.nodes))
    assert world.blank()


@settings(max_examples=300, deadline=None)
@given(worlds(), pair, st.integers(1, 6), st.sampled_from([2, 4, 15]))
def test_cheapest_paths_are_those_of_networkx(world, ends, most, hops):
    source, target = ends[0] % world.size, ends[1] % world.size
    if source == target:
        return
    graph = world.graph()
    every = list(nx.all_simple_paths(graph, source, target, cutoff=hops))
    cost = {tuple(p): sum(round(graph[a][b]["cost"] * 1e6) for a, b in itertools.pairwise(p)) for p in every}
    every.sort(key=lambda path: (cost[tuple(path)], world.order(path)))
    found = kernel.cheapest_paths(world.walk, (source, target), world.price, world.space, Limits(hops, most))
    assert [path.nodes for path in found.paths] == every[:most]
    assert [path.cost for path in found.paths] == [cost[tuple(path)] for path in every[:most]]
    assert (found.cut is Cut.RESULTS) == (len(every) > most)
    enough = kernel.cheapest_paths(
        world.walk, (source, target), world.price, world.space, Limits(hops, most), prove_more=False
    )
    assert enough.paths == found.paths
    assert enough.work <= found.work
    assert enough.cut is (Cut.NOTHING if len(every) >= most else found.cut)
    for path in found.paths:
        world.check_edges(path)
    assert world.blank()


@settings(max_examples=300, deadline=None)
@given(worlds(), st.lists(st.integers(0, 7), min_size=1, max_size=5))
def test_joining_subgraph_is_a_tree_within_twice_the_least_cost(world, parties):
    parties = sorted({party % world.size for party in parties})
    graph = nx.Graph()
    graph.add_nodes_from(range(world.size))
    for start, end, mask, cost in world.edges:
        if mask and start != end and cost < graph.get_edge_data(start, end, {"cost": 99})["cost"]:
            graph.add_edge(start, end, cost=cost)
    found = kernel.joining(world.walk, np.array(parties, np.int32), world.price, world.space)
    tree = nx.Graph()
    tree.add_nodes_from(found.nodes.tolist())
    for edge in found.edges.tolist():
        assert world.edges[edge][2]
        tree.add_edge(*world.edges[edge][:2])
    assert nx.is_forest(tree)
    assert tree.number_of_edges() == len(found.edges)
    assert all(node in parties for node in tree if tree.degree[node] <= 1)
    for one, other in itertools.combinations(parties, 2):
        assert nx.has_path(tree, one, other) == nx.has_path(graph, one, other)
    assert found.cost <= 2 * least_steiner(graph, parties) * 1e6 + 1
    assert world.blank()


def least_steiner(graph, parties):
    """Try every set of further nodes."""
    total = 0
    for component in nx.connected_components(graph):
        inside = [party for party in parties if party in component]
        others = sorted(component - set(inside))
        best = None
        for count in range(len(others) + 1):
            for more in itertools.combinations(others, count):
                part = graph.subgraph([*inside, *more])
                if inside and nx.is_connected(part):
                    cost = sum(d["cost"] for _, _, d in nx.minimum_spanning_edges(part, weight="cost"))
                    best = cost if best is None else min(best, cost)
        total += best or 0
    return total


def answers(world, ends, parties, work):
    """Everything that can be asked, in terms of keys."""
    node, edge = world.node_key, world.edge_key
    shortest = kernel.shortest_paths(world.walk, ends, world.price.cost, world.space, Limits(work=work))
    cheapest = kernel.cheapest_paths(world.walk, ends, world.price, world.space, Limits(4, 5, work))
    joined = kernel.joining(world.walk, parties, world.price, world.space, budget=work)
    length = kernel.shortest_length(world.walk, ends, world.space, budget=work)
    return (
        [
            ([int(node[n]) for n in p.nodes], [int(edge[e]) for e in p.edges], p.cost)
            for p in shortest.paths + cheapest.paths
        ],
        (shortest.cut, shortest.work, cheapest.cut, cheapest.work, length),
        (
            node[joined.nodes].tolist(),
            edge[joined.edges].tolist(),
            joined.part,
            joined.cost,
            joined.cut,
            joined.work,
        ),
    )


@settings(max_examples=300, deadline=None)
@given(
    worlds(),
    pair,
    st.lists(st.integers(0, 7), min_size=1, max_size=4),
    st.sampled_from([3, 10, 30, 10**6]),
    st.data(),
)
def test_neither_hidden_edges_nor_row_numbers_show(world, ends, parties, work, data):
    """Not in an answer, and not in where a budget cuts it."""
    size = world.size
    new = data.draw(st.permutations(range(size)))
    shown = [i for i in data.draw(st.permutations(range(len(world.edges)))) if world.edges[i][2]]
    edges = [(new[world.edges[i][0]], new[world.edges[i][1]], *world.edges[i][2:]) for i in shown]
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = int(world.node_key[node])
    fresh = World(size, edges, keys, [int(world.edge_key[i]) for i in shown])
    source, target = ends[0] % size, ends[1] % size
    moved = np.array([new[p % size] for p in parties], np.int32)
    one = answers(world, (source, target), np.array([p % size for p in parties], np.int32), work)
    assert one == answers(fresh, (new[source], new[target]), moved, work)


def chain(length):
    return World(length + 1, [(i, i + 1, 3, 1.0) for i in range(length)])


def test_most_hops_is_said_when_it_cuts():
    world = chain(16)
    found = kernel.shortest_paths(world.walk, (0, 16), world.price.cost, world.space, Limits())
    assert (found.paths, found.cut) == ([], Cut.HOPS)
    assert kernel.shortest_length(world.walk, (0, 15), world.space).hops == 15
    assert kernel.cheapest_paths(world.walk, (0, 16), world.price, world.space, Limits()).cut is Cut.HOPS


def test_budget_is_said_when_it_cuts():
    world = chain(10)
    assert kernel.shortest_length(world.walk, (0, 10), world.space, budget=5).cut is Cut.WORK
    assert (
        kernel.cheapest_paths(world.walk, (0, 10), world.price, world.space, Limits(work=5)).cut is Cut.WORK
    )
    parties = np.array([0, 10], np.int32)
    joined = kernel.joining(world.walk, parties, world.price, world.space, budget=5)
    assert (joined.cut, joined.part) == (Cut.WORK, [0, 1])


def test_direction_is_part_of_the_mask():
    world = World(3, [(0, 1, 1, 1.0), (2, 1, 2, 1.0)])
    assert kernel.shortest_length(world.walk, (0, 2), world.space).hops == 2
    assert kernel.shortest_length(world.walk, (2, 0), world.space).hops == -1


def test_cheap_detour_beats_a_dear_edge():
    world = World(4, [(0, 3, 3, 6.0), (0, 1, 3, 1.0), (1, 2, 3, 1.0), (2, 3, 3, 1.0)])
    found = kernel.cheapest_paths(world.walk, (0, 3), world.price, world.space, Limits(paths=5))
    assert [path.nodes for path in found.paths] == [[0, 1, 2, 3], [0, 3]]
    assert found.cut is Cut.NOTHING


@pytest.mark.parametrize("cost", [0.0, -1.0, np.nan, np.inf, 1e9])
def test_cost_that_is_no_cost_is_refused(cost):
    with pytest.raises(ValueError, match="cost"):
        kernel.weights(np.array([1.0, cost]))


def test_edge_to_a_node_that_is_not_there_is_refused():
    with pytest.raises(ValueError, match="outside"):
        kernel.adjacency(np.array([0], np.int32), np.array([5], np.int32), 2)


def test_empty_graph_and_a_node_to_itself():
    world = World(2, [])
    assert kernel.shortest_length(world.walk, (0, 1), world.space).hops == -1
    assert kernel.shortest_length(world.walk, (1, 1), world.space).hops == 0
    assert kernel.shortest_paths(world.walk, (1, 1), world.price.cost, world.space, Limits()).paths[
        0
    ].nodes == [1]
    assert kernel.cheapest_paths(world.walk, (0, 1), world.price, world.space, Limits()).paths == []
    assert world.blank()


def test_hub_with_two_hundred_thousand_edges_answers():
    size = 200_001
    leaves = np.arange(1, size, dtype=np.int32)
    start = np.zeros(size - 1, np.int32)
    keyed = kernel.Keyed(np.arange(size, dtype=np.uint64), np.arange(size - 1, dtype=np.uint64))
    walk = kernel.walk(kernel.adjacency(start, leaves, size), keyed, np.full(size - 1, 3, np.uint8))
    space = kernel.scratch(size)
    price = kernel.weights(np.ones(size - 1))
    assert kernel.shortest_length(walk, (5, 77), space).hops == 2
    found = kernel.cheapest_paths(walk, (5, 77), price, space, Limits(paths=3))
    assert [path.nodes for path in found.paths] == [[5, 0, 77]]
    every = kernel.shortest_paths(walk, (5, 77), price.cost, space, Limits())
    assert [path.nodes for path in every.paths] == [[5, 0, 77]]
    assert every.work < 100
