"""Strongest shock paths against every simple path."""

from itertools import pairwise

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import diffusion, paths
from graph.algorithms import shock_paths as kernel


def net_of(size, rows, keys=None, mask=None, edge_keys=None):
    source, target = (np.array([row[i] for row in rows], np.int32) for i in (0, 1))
    weight = np.array([row[2] for row in rows], np.float64)
    key = np.arange(size, dtype=np.uint64) if keys is None else np.array(keys, np.uint64)
    edge_key = np.arange(len(rows)) if edge_keys is None else edge_keys
    edges = diffusion.index(source, target, key, np.array(edge_key, np.uint64))
    return diffusion.network(edges, weight, mask)


def shock_of(sizes):
    node = np.flatnonzero(np.array(sizes)).astype(np.int32)
    return diffusion.Shock(node, np.array(sizes, np.float64)[node])


def every_path(size, rows, shock, goal):
    """Strength of every simple path, strongest first; of parallel edges the strongest."""
    graph = nx.DiGraph()
    graph.add_nodes_from(range(size))
    for source, target, weight in rows:
        if weight > 0 and source != target:
            best = max(min(1, weight), graph.get_edge_data(source, target, {"w": 0})["w"])
            graph.add_edge(source, target, w=best)
    found = []
    for start, own in enumerate(shock):
        if own and start == goal:
            found.append(own)
        elif own:
            for path in nx.all_simple_paths(graph, start, goal):
                product = own * np.prod([graph[a][b]["w"] for a, b in pairwise(path)])
                found.append(product)
    return sorted(found, reverse=True)


@st.composite
def worlds(draw):
    size = draw(st.integers(1, 6))
    node = st.integers(0, size - 1)
    rows = draw(st.lists(st.tuples(node, node, st.sampled_from([0.0, 0.2, 0.5, 0.9, 1.0, 2.0])), max_size=12))
    shock = draw(st.lists(st.sampled_from([0.0, 0.3, 1.0]), min_size=size, max_size=size))
    return size, rows, shock


def strength_of(path, rows, shock):
    product = shock[path.nodes[0]]
    for edge, ends in zip(path.edges, zip(path.nodes, path.nodes[1:], strict=False), strict=True):
        assert rows[edge][:2] == ends
        product *= min(1, rows[edge][2])
    return product


@settings(max_examples=200, deadline=None)
@given(worlds(), st.data())
def test_the_strongest_of_every_path(world, data):
    size, rows, shock = world
    net = net_of(size, rows)
    found = kernel.strongest_paths(net, shock_of(shock))
    goal = data.draw(st.integers(0, size - 1))
    truth = every_path(size, rows, shock, goal)
    for row in range(size):
        best = every_path(size, rows, shock, row)[:1]
        path = found.path(row)
        assert (row in found.node) == bool(best) == (path is not None)
        if path:
            assert path.strength == pytest.approx(best[0], abs=1e-4)
            assert strength_of(path, rows, shock) == pytest.approx(path.strength)
            assert path.nodes[-1] == row
    listed, cut = kernel.strongest_into(net, shock_of(shock), goal, paths.Limits(paths=200))
    assert cut == paths.Cut.NOTHING
    assert [path.strength for path in listed] == pytest.approx(truth, abs=1e-4)
    for path in listed:
        assert strength_of(path, rows, shock) == pytest.approx(path.strength)
    few, _ = kernel.strongest_into(net, shock_of(shock), goal, paths.Limits(paths=2))
    assert few == listed[:2]


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data(), st.randoms(use_true_random=False))
def test_masked_and_moved_are_fresh(world, data, random):
    size, rows, shock = world
    keep = np.array([data.draw(st.booleans()) for _ in rows], bool)
    numbers = np.flatnonzero(keep).tolist()
    new = list(range(size))
    random.shuffle(new)
    random.shuffle(numbers)
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    moved = [(new[rows[n][0]], new[rows[n][1]], rows[n][2]) for n in numbers]
    given_shock = shock_of(shock)
    worlds_ = [
        (net_of(size, rows, mask=keep), given_shock, list(range(size)), list(range(len(rows)))),
        (
            net_of(size, moved, keys=keys, edge_keys=numbers),
            diffusion.Shock(np.array(new, np.int32)[given_shock.node], given_shock.size),
            keys,
            numbers,
        ),
    ]
    answers = []
    for net, moved_shock, node_of, edge_of in worlds_:
        found = kernel.strongest_paths(net, moved_shock)
        lists = [found.path(row) for row in range(size)]
        into = [kernel.strongest_into(net, moved_shock, row, paths.Limits(paths=3))[0] for row in range(size)]
        by_node = {}
        for row in range(size):
            named = [
                p and ([node_of[n] for n in p.nodes], [edge_of[e] for e in p.edges], p.strength)
                for p in [lists[row], *into[row]]
            ]
            by_node[node_of[row]] = named
        answers.append(by_node)
    assert answers[0] == answers[1]


def test_by_hand():
    net = net_of(4, [(0, 1, 0.5), (1, 3, 0.8), (0, 2, 0.9), (2, 3, 0.4), (0, 3, 0.3)])
    shock = shock_of([0.5, 0, 0, 0.1])
    listed, cut = kernel.strongest_into(net, shock, 3, paths.Limits(paths=3))
    assert [path.nodes for path in listed] == [[0, 1, 3], [0, 2, 3], [0, 3]]
    assert [path.strength for path in listed] == pytest.approx([0.2, 0.18, 0.15])
    assert listed[0].edges == [0, 1]
    assert cut == paths.Cut.RESULTS
    assert kernel.strongest_paths(net, shock).path(3).nodes == [0, 1, 3]
    assert kernel.strongest_paths(net, shock, least=0.3).node.tolist() == [0, 2]
    assert kernel.strongest_paths(net, shock, least=0.3).path(1) is None
    assert kernel.strongest_into(net, shock, 1, paths.Limits(), least=0.3) == ([], paths.Cut.NOTHING)


def test_bad_input_is_named():
    net = net_of(2, [(0, 1, 0.5)])
    with pytest.raises(ValueError, match="shock 0 is row 4"):
        kernel.strongest_paths(net, diffusion.Shock(np.array([4], np.int32), np.ones(1)))
    with pytest.raises(ValueError, match="shocks are one from 0 to 1"):
        kernel.strongest_paths(net, diffusion.Shock(np.array([0], np.int32), np.array([2.0])))
    with pytest.raises(ValueError, match="least strength is 0"):
        kernel.strongest_paths(net, shock_of([1, 0]), least=0)
    with pytest.raises(ValueError, match="node 0 is row 9"):
        kernel.strongest_into(net, shock_of([1, 0]), 9, paths.Limits())
