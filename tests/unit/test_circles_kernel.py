"""Guarantee circles against NetworkX and brute force, and cases worked by hand."""

from itertools import combinations

import networkx as nx
import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import circles as kernel
from graph.algorithms import diffusion

UNKNOWN = float("nan")


def index_of(size, rows, keys=None, edge_keys=None):
    source, target = (np.array([row[i] for row in rows], np.int32) for i in (0, 1))
    key = np.arange(size, dtype=np.uint64) if keys is None else np.array(keys, np.uint64)
    edge_key = np.arange(len(rows)) if edge_keys is None else edge_keys
    return diffusion.index(source, target, key, np.array(edge_key, np.uint64))


def found_in(size, rows, mask=None, **keys):
    return kernel.circles(index_of(size, rows, **keys), np.array([row[2] for row in rows], float), mask)


def acyclic(rows):
    graph = nx.DiGraph([row[:2] for row in rows])
    return nx.is_directed_acyclic_graph(graph)


@st.composite
def worlds(draw, most=8, edges=16):
    size = draw(st.integers(1, most))
    node = st.integers(0, size - 1)
    amount = st.sampled_from([0.0, 1.0, 2.0, 5.0, 8.0, UNKNOWN])
    return size, draw(st.lists(st.tuples(node, node, amount), max_size=edges))


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_circles_and_totals_are_the_definitions(world):
    size, rows = world
    found = found_in(size, rows)
    graph = nx.DiGraph([row[:2] for row in rows])
    expected = {frozenset(c) for c in nx.strongly_connected_components(graph) if len(c) > 1}
    assert {frozenset(found.members(c).tolist()) for c in range(len(found))} == expected
    for c in range(len(found)):
        members = found.members(c).tolist()
        inside = [n for n, (s, t, _) in enumerate(rows) if s != t and s in members and t in members]
        assert sorted(found.edges(c).tolist()) == inside
        known = {n: rows[n][2] for n in inside if not np.isnan(rows[n][2])}
        assert found.unknown[c] == len(inside) - len(known)
        assert found.gross[c] == pytest.approx(sum(known.values()))
        sums = {
            (a, b): sum(v for n, v in known.items() if rows[n][:2] == (a, b))
            for a in members
            for b in members
        }
        assert found.net[c] == pytest.approx(
            sum(abs(sums[a, b] - sums[b, a]) for a, b in combinations(members, 2))
        )
        pairs = {row[:2] for row in (rows[n] for n in inside)}
        assert found.pairs(c) == [p for p in combinations(members, 2) if p in pairs and p[::-1] in pairs]
        at = slice(found.first[c], found.first[c + 1])
        assert found.given[at] == pytest.approx([sum(sums[a, b] for b in members) for a in members])
        assert found.received[at] == pytest.approx([sum(sums[b, a] for b in members) for a in members])
    order = [(-found.gross[c], -len(found.members(c)), found.members(c)[0]) for c in range(len(found))]
    assert order == sorted(order)


def cheapest(rows, inside, weight):
    """Every set of edges."""
    best = np.inf
    for chosen in range(1 << len(inside)):
        spent = sum(weight[n] for at, n in enumerate(inside) if chosen >> at & 1)
        if spent < best and acyclic([rows[n] for at, n in enumerate(inside) if not chosen >> at & 1]):
            best = spent
    return best


@settings(max_examples=25, deadline=None)
@given(worlds(5, 8), st.booleans())
def test_breaking_is_the_cheapest_of_all_sets_or_says_so(world, exact):
    size, rows = world
    found = found_in(size, rows)
    for c in range(len(found)):
        inside = found.edges(c).tolist()
        known = [rows[n][2] for n in inside if not np.isnan(rows[n][2])]
        weight = {n: rows[n][2] if not np.isnan(rows[n][2]) else max(known, default=1.0) for n in inside}
        broken = kernel.breaking(found, c, exact_members=18 if exact else 0)
        assert broken.exact == exact
        assert acyclic([rows[n] for n in inside if n not in broken.edge])
        for back in broken.edge:  # nothing is removed in vain, but for parallel edges
            kept = [rows[n] for n in inside if n not in broken.edge or rows[n][:2] == rows[back][:2]]
            assert not acyclic(kept)
        spent, least = sum(weight[n] for n in broken.edge), cheapest(rows, inside, weight)
        assert spent == pytest.approx(least) if exact else spent >= least - 1e-9
        assert broken.amount == pytest.approx(np.nansum([rows[n][2] for n in broken.edge]))
        assert broken.unknown == sum(np.isnan(rows[n][2]) for n in broken.edge)
        assert sorted(broken.effects) == sorted(inside)
        for gone, left in broken.effects.items():
            rest = nx.DiGraph([rows[n][:2] for n in inside if n != gone])
            sizes = [len(part) for part in nx.strongly_connected_components(rest) if len(part) > 1]
            assert left == sorted(sizes, reverse=True)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data(), st.randoms(use_true_random=False))
def test_masked_and_moved_are_fresh(world, data, random):
    size, rows = world
    keep = np.array([data.draw(st.booleans()) for _ in rows], bool)
    numbers = np.flatnonzero(keep).tolist()
    new = list(range(size))
    random.shuffle(new)
    random.shuffle(numbers)
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    moved = [(new[rows[n][0]], new[rows[n][1]], rows[n][2]) for n in numbers]
    one = found_in(size, rows, mask=keep)
    other = found_in(size, moved, keys=keys, edge_keys=numbers)
    assert np.array(new)[one.member].tolist() == other.member.tolist()
    assert one.edge.tolist() == np.array(numbers, int)[other.edge].tolist()
    for name in ("first", "given", "received", "edge_first", "mutual_first", "gross", "net", "unknown"):
        assert getattr(one, name).tobytes() == getattr(other, name).tobytes(), name
    for c in range(len(one)):
        for members in (18, 0):
            broken = [kernel.breaking(circles, c, exact_members=members) for circles in (one, other)]
            assert broken[0].edge == [numbers[n] for n in broken[1].edge]
            assert broken[0].effects == {numbers[n]: left for n, left in broken[1].effects.items()}
    lists = (
        kernel.chains(index_of(size, rows), keep, at_least=1),
        kernel.chains(index_of(size, moved, keys, numbers), at_least=1),
    )
    assert [[new[n] for n in chain.nodes] for chain in lists[0][0]] == [chain.nodes for chain in lists[1][0]]
    assert [chain.edges for chain in lists[0][0]] == [[numbers[n] for n in c.edges] for c in lists[1][0]]


def test_a_circle_of_three_with_a_mutual_pair_by_hand():
    # 0 -> 1 100, 1 -> 0 60 (互保), 1 -> 2 50, 2 -> 0 20, and 3 guarantees 0 from outside.
    rows = [(0, 1, 100), (1, 0, 60), (1, 2, 50), (2, 0, 20), (3, 0, 10)]
    found = found_in(4, rows)
    assert len(found) == 1
    assert found.members(0).tolist() == [0, 1, 2]
    assert found.pairs(0) == [(0, 1)]
    assert (found.gross[0], found.net[0]) == (230, 40 + 50 + 20)
    assert found.given.tolist() == [100, 110, 20]
    assert found.received.tolist() == [80, 100, 50]
    broken = kernel.breaking(found, 0)
    assert (broken.edge, broken.amount, broken.exact) == ([1, 3], 80, True)
    assert broken.effects == {0: [], 1: [3], 2: [2], 3: [2]}


def test_unknown_amounts_are_counted_and_not_taken_for_nothing():
    found = found_in(2, [(0, 1, UNKNOWN), (1, 0, 7)])
    assert (found.gross[0], found.unknown[0]) == (7, 1)
    broken = kernel.breaking(found, 0)
    assert broken.amount + broken.unknown > 0
    found = found_in(3, [(0, 1, UNKNOWN), (1, 2, 7), (2, 0, 9)])
    assert kernel.breaking(found, 0).edge == [1]
    found = found_in(2, [(0, 1, UNKNOWN), (1, 0, UNKNOWN)])
    assert (found.gross[0], kernel.breaking(found, 0).unknown) == (0, 1)


def test_large_circles_are_broken_by_the_heuristic_and_say_so():
    draw = np.random.default_rng(0)
    size = 60
    ring = [(n, (n + 1) % size, 5.0) for n in range(size)]
    more = [
        (int(a), int(b), float(w))
        for a, b, w in zip(*draw.integers(0, size, (2, 100)), draw.random(100), strict=True)
    ]
    rows = [row for row in ring + more if row[0] != row[1]]
    found = found_in(size, rows)
    broken = kernel.breaking(found, 0)
    assert not broken.exact
    assert acyclic([row for n, row in enumerate(rows) if n not in broken.edge])
    assert broken.amount < found.gross[0] / 3


def longest_by_brute_force(rows, size):
    graph = nx.MultiDiGraph()
    graph.add_nodes_from(range(size))
    graph.add_edges_from((s, t) for s, t, _ in rows if s != t)
    graph.remove_nodes_from([n for c in nx.strongly_connected_components(graph) if len(c) > 1 for n in c])
    length = dict.fromkeys(graph, 0)
    for node in nx.topological_sort(graph):
        for other in graph[node]:
            length[other] = max(length[other], length[node] + 1)
    return {node: length[node] for node in graph if not graph[node] and length[node]}


@settings(max_examples=150, deadline=None)
@given(worlds())
def test_chains_are_the_longest_paths_outside_circles(world):
    size, rows = world
    found, count = kernel.chains(index_of(size, rows), at_least=1)
    assert {c.nodes[-1]: len(c.edges) for c in found} == longest_by_brute_force(rows, size)
    assert count == len(found)
    for chain in found:
        assert [rows[n][:2] for n in chain.edges] == list(zip(chain.nodes, chain.nodes[1:], strict=False))
    assert [(-len(c.edges), c.nodes[-1]) for c in found] == sorted(
        (-len(c.edges), c.nodes[-1]) for c in found
    )
    few, whole = kernel.chains(index_of(size, rows), at_least=1, most=1)
    assert (few, whole) == (found[:1], count)
    assert all(len(c.edges) >= 3 for c in kernel.chains(index_of(size, rows))[0])


def test_bad_input_is_named():
    edges = index_of(2, [(0, 1), (1, 0)])
    with pytest.raises(ValueError, match="edge 1 has the amount -3"):
        kernel.circles(edges, np.array([1.0, -3.0]))
    with pytest.raises(ValueError, match="edge 0 has the amount inf"):
        kernel.circles(edges, np.array([np.inf, 1.0]))
    with pytest.raises(ValueError, match="1 amounts for 2 edges"):
        kernel.circles(edges, np.ones(1))
    with pytest.raises(ValueError, match="there is no circle 1; there are 1"):
        kernel.breaking(kernel.circles(edges, np.ones(2)), 1)
