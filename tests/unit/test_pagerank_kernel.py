"""Personalised PageRank against NetworkX, a dense solve, and hidden and moved rows."""

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import diffusion
from graph.algorithms import pagerank as kernel


def net_of(size, rows, keys=None, mask=None, edge_keys=None):
    source, target = (np.array([row[i] for row in rows], np.int32) for i in (0, 1))
    weight = np.array([row[2] for row in rows], np.float64)
    key = np.arange(size, dtype=np.uint64) if keys is None else np.array(keys, np.uint64)
    edge_key = np.arange(len(rows)) if edge_keys is None else edge_keys
    edges = diffusion.index(source, target, key, np.array(edge_key, np.uint64))
    return diffusion.network(edges, weight, mask)


def start_of(parts):
    node = np.flatnonzero(np.array(parts)).astype(np.int32)
    return diffusion.Shock(node, np.array(parts, np.float64)[node])


def dense(size, rows, parts, damping):
    """The definition as a linear system."""
    matrix = np.zeros((size, size))
    for source, target, weight in rows:
        if source != target:
            matrix[source, target] += weight
    out = matrix.sum(1)
    start = np.array(parts, float) / sum(parts)
    matrix = np.where(out[:, None] > 0, matrix / np.where(out, out, 1)[:, None], start)
    return np.linalg.solve(np.eye(size) - damping * matrix.T, (1 - damping) * start)


@st.composite
def worlds(draw):
    size = draw(st.integers(1, 9))
    node = st.integers(0, size - 1)
    rows = draw(st.lists(st.tuples(node, node, st.sampled_from([0.0, 0.5, 1.0, 3.0])), max_size=25))
    parts = draw(st.lists(st.sampled_from([0.0, 0.0, 1.0, 2.0]), min_size=size, max_size=size))
    parts[draw(node)] = 1.0
    return size, rows, parts


@settings(max_examples=120, deadline=None)
@given(worlds(), st.sampled_from([0.5, 0.85, 0.99]))
def test_is_the_solution_of_the_definition(world, damping):
    size, rows, parts = world
    found = kernel.personalised_pagerank(
        net_of(size, rows), start_of(parts), damping=damping, most_sweeps=5000
    )
    assert np.abs(found.by_row(size) - dense(size, rows, parts, damping)).sum() < 1e-9
    assert found.value.sum() == pytest.approx(1)
    assert found.converged
    assert found.error <= 1e-9


@pytest.mark.parametrize("seed", range(3))
def test_equals_networkx(seed):
    draw = np.random.default_rng(seed)
    size, count = 400, 1200
    source, target = draw.integers(0, size, (2, count))
    target = np.where(source == target, (target + 1) % size, target)
    pairs = np.unique(np.stack([source, target], 1), axis=0)
    rows = [(s, t, w) for (s, t), w in zip(pairs.tolist(), draw.random(len(pairs)).tolist(), strict=True)]
    graph = nx.DiGraph()
    graph.add_nodes_from(range(size))
    graph.add_weighted_edges_from(rows)
    parts = np.zeros(size)
    parts[draw.integers(0, size, 5)] = 1
    expected = nx.pagerank(
        graph, personalization={n: p for n, p in enumerate(parts.tolist()) if p}, tol=1e-14, max_iter=1000
    )
    found = kernel.personalised_pagerank(net_of(size, rows), start_of(parts)).by_row(size)
    assert found == pytest.approx([expected[n] for n in range(size)], abs=1e-9)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data(), st.randoms(use_true_random=False))
def test_masked_and_moved_are_fresh_to_the_bit(world, data, random):
    size, rows, parts = world
    keep = np.array([data.draw(st.booleans()) for _ in rows], bool)
    numbers = np.flatnonzero(keep).tolist()
    new = list(range(size))
    random.shuffle(new)
    random.shuffle(numbers)
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    moved = [(new[rows[n][0]], new[rows[n][1]], rows[n][2]) for n in numbers]
    one = kernel.personalised_pagerank(net_of(size, rows, mask=keep), start_of(parts))
    other = kernel.personalised_pagerank(
        net_of(size, moved, keys=keys, edge_keys=numbers),
        diffusion.Shock(np.array(new, np.int32)[start_of(parts).node], start_of(parts).size),
    )
    assert np.array(new)[one.node].tolist() == other.node.tolist()
    assert one.value.tobytes() == other.value.tobytes()


def test_more_edges_may_lower_a_rank():
    """Why it is no risk model: what a node passes on is shared out, so a second edge takes from the first."""
    alone = kernel.personalised_pagerank(net_of(3, [(0, 1, 1.0)]), start_of([1, 0, 0])).by_row(3)
    shared = kernel.personalised_pagerank(net_of(3, [(0, 1, 1.0), (0, 2, 1.0)]), start_of([1, 0, 0])).by_row(
        3
    )
    assert shared[1] < alone[1]


def test_bad_input_is_named():
    net = net_of(2, [(0, 1, 0.5)])
    with pytest.raises(ValueError, match="personalisation 0 is row 3"):
        kernel.personalised_pagerank(net, diffusion.Shock(np.array([3], np.int32), np.ones(1)))
    with pytest.raises(ValueError, match="not all 0"):
        kernel.personalised_pagerank(net, diffusion.Shock(np.array([0], np.int32), np.zeros(1)))
    with pytest.raises(ValueError, match="1 rows and 2 parts"):
        kernel.personalised_pagerank(net, diffusion.Shock(np.array([0], np.int32), np.ones(2)))
    with pytest.raises(ValueError, match="damping is 1"):
        kernel.personalised_pagerank(net, start_of([1, 0]), damping=1)
    slow = net_of(2, [(0, 1, 1.0), (1, 0, 1.0)])
    assert not kernel.personalised_pagerank(slow, start_of([1, 0]), damping=0.99, most_sweeps=3).converged
