"""Cascades against the exact probability on small graphs, and the properties of shared draws."""

from itertools import product

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import cascade as kernel
from graph.algorithms import diffusion


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


def counts(found, size):
    by_row = np.zeros(size, int)
    by_row[found.node] = found.count
    return by_row


def reached(size, rows, sources):
    seen = set(sources)
    while more := {t for s, t in rows if s in seen} - seen:
        seen |= more
    return np.isin(np.arange(size), list(seen))


def exact(size, rows, shock):
    """Sum over every set of edges that fires and every set of nodes that falls of itself."""
    total = np.zeros(size)
    chances = [min(1, row[2]) for row in rows] + list(shock)
    for fired in product((0, 1), repeat=len(chances)):
        chance = np.prod([c if f else 1 - c for c, f in zip(chances, fired, strict=True)])
        if chance:
            edges = [row[:2] for row, f in zip(rows, fired, strict=False) if f]
            total += chance * reached(size, edges, [n for n in range(size) if fired[len(rows) + n]])
    return total


@st.composite
def worlds(draw, most=7):
    size = draw(st.integers(1, most))
    node = st.integers(0, size - 1)
    weight = st.sampled_from([0.0, 0.1, 0.4, 0.8, 1.0, 3.0])
    rows = draw(st.lists(st.tuples(node, node, weight), max_size=14))
    shock = draw(st.lists(st.sampled_from([0.0, 0.0, 0.5, 1.0]), min_size=size, max_size=size))
    return size, rows, shock, draw(st.integers(0, 2**64 - 1))


def test_frequencies_are_the_exact_probabilities():
    rows = [(0, 1, 0.5), (0, 2, 0.3), (1, 3, 0.6), (2, 3, 0.9), (3, 0, 1.0), (3, 4, 0.2), (4, 1, 2.0)]
    shock = [0.9, 0, 0, 0, 0.1]
    truth = exact(5, rows, shock)
    found = kernel.cascades(net_of(5, rows), shock_of(shock), kernel.Draws(3, 40_000))
    assert found.node.tolist() == [0, 1, 2, 3, 4]
    assert found.mean == pytest.approx(truth, abs=0.011)
    assert (np.abs(found.mean - truth) < 4.5 * found.error).all()
    assert found.error == pytest.approx(np.sqrt(found.mean * (1 - found.mean) / 40_000))
    assert ((found.low <= found.mean) & (found.mean <= found.high)).all()


def test_intervals_cover_as_often_as_they_say():
    rows = [(0, 1, 0.3)]
    inside = 0
    for seed in range(400):
        found = kernel.cascades(net_of(2, rows), shock_of([1, 0]), kernel.Draws(seed, 100))
        inside += bool(found.low[1] <= 0.3 <= found.high[1])
    assert 0.91 <= inside / 400 <= 0.985


def test_wilson_by_hand():
    """Brown, Cai and DasGupta 2001: with no success of n the interval is [0, z^2 / (n + z^2)]."""
    low, high = kernel.wilson(np.array([0, 10, 5]), 10)
    square = kernel.Z95**2
    assert (low[0], high[0]) == (0, pytest.approx(square / (10 + square)))
    assert (low[1], high[1]) == (pytest.approx(10 / (10 + square)), 1)
    assert (low[2], high[2]) == (pytest.approx(0.2366, abs=1e-4), pytest.approx(0.7634, abs=1e-4))


@settings(max_examples=150, deadline=None)
@given(worlds(), st.data())
def test_shared_draws_are_monotone_in_shocks_and_edges(world, data):
    size, rows, shock, seed = world
    draws = kernel.Draws(seed, 60)
    numbers = list(range(len(rows)))
    base = counts(kernel.cascades(net_of(size, rows), shock_of(shock), draws), size)
    assert base.max(initial=0) <= 60
    node = data.draw(st.integers(0, size - 1))
    more = [1.0 if at == node else s for at, s in enumerate(shock)]
    assert (counts(kernel.cascades(net_of(size, rows), shock_of(more), draws), size) >= base).all()
    if rows:
        gone = data.draw(st.integers(0, len(rows) - 1))
        less = net_of(size, rows[:gone] + rows[gone + 1 :], edge_keys=numbers[:gone] + numbers[gone + 1 :])
        assert (counts(kernel.cascades(less, shock_of(shock), draws), size) <= base).all()


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_masked_is_fresh(world, data):
    size, rows, shock, seed = world
    keep = np.array([data.draw(st.booleans()) for _ in rows], bool)
    numbers = np.flatnonzero(keep)
    fresh = net_of(size, [rows[n] for n in numbers], edge_keys=numbers)
    one, other = (
        kernel.cascades(net, shock_of(shock), kernel.Draws(seed, 50))
        for net in (net_of(size, rows, mask=keep), fresh)
    )
    assert counts(one, size).tolist() == counts(other, size).tolist()


@settings(max_examples=100, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_row_numbers_do_not_show(world, random):
    size, rows, shock, seed = world
    new = list(range(size))
    random.shuffle(new)
    order = list(range(len(rows)))
    random.shuffle(order)
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    moved = [(new[rows[n][0]], new[rows[n][1]], rows[n][2]) for n in order]
    value = np.random.default_rng(0).random(size)
    moved_value = value[keys]
    at = np.array(new, np.int32)
    given_shock = shock_of(shock)
    draws = kernel.Draws(seed, 50)
    one = kernel.cascades(net_of(size, rows), given_shock, draws, value=value)
    other = kernel.cascades(
        net_of(size, moved, keys=keys, edge_keys=order),
        diffusion.Shock(at[given_shock.node], given_shock.size),
        draws,
        value=moved_value,
    )
    assert at[one.node].tolist() == other.node.tolist()
    assert one.count.tolist() == other.count.tolist()
    assert one.loss.tobytes() == other.loss.tobytes()


def test_workers_and_slices_do_not_show():
    draw = np.random.default_rng(2)
    rows = list(zip(*draw.integers(0, 100, (2, 300)).tolist(), (draw.random(300) / 2).tolist(), strict=True))
    net, shock = net_of(100, rows), shock_of([1, 0.5] + [0] * 98)
    value = draw.random(100)
    whole = kernel.cascades(net, shock, kernel.Draws(9, 300), value=value, workers=1)
    many = kernel.cascades(net, shock, kernel.Draws(9, 300), value=value, workers=4)
    assert whole.count.tolist() == many.count.tolist()
    assert whole.loss.tobytes() == many.loss.tobytes()
    halves = [kernel.cascades(net, shock, kernel.Draws(9, 150, start), value=value) for start in (0, 150)]
    assert np.concatenate([half.size for half in halves]).tolist() == whole.size.tolist()
    assert whole.size.sum() == whole.count.sum()
    other = kernel.cascades(net, shock, kernel.Draws(10, 300))
    assert other.size.tolist() != whole.size.tolist()


def test_the_two_hashes_are_one():
    bits = np.array([0, 1, 2**63, 2**64 - 1], np.uint64)
    expected = (diffusion.mixed(bits) >> np.uint64(11)) / 2.0**53
    assert [kernel._draw(value) for value in bits] == expected.tolist()
    # The first outputs of SplitMix64 with state 1234567, as its public test vectors give them.
    state = (1234567 + np.arange(3, dtype=np.uint64) * np.uint64(0x9E3779B97F4A7C15)).astype(np.uint64)
    assert diffusion.mixed(state).tolist() == [6457827717110365317, 3203168211198807973, 9817491932198370423]


@pytest.mark.parametrize(
    ("shock", "draws", "message"),
    [
        (([0], [1.5]), (1, 10), "shock to row 0 is 1.5"),
        (([5], [1.0]), (1, 10), "shock 0 is row 5"),
        (([0, 0], [1.0, 1.0]), (1, 10), "row 0 is shocked twice"),
        (([0], [1.0, 0.5]), (1, 10), "1 shocked rows"),
        (([0], [1.0]), (1, 0), "at least one run"),
        (([0], [1.0]), (-1, 10), "no negative number"),
    ],
)
def test_bad_input_is_named(shock, draws, message):
    net = net_of(2, [(0, 1, 0.5)])
    given_shock = diffusion.Shock(np.array(shock[0], np.int32), np.array(shock[1]))
    with pytest.raises(ValueError, match=message):
        kernel.cascades(net, given_shock, kernel.Draws(*draws))
    with pytest.raises(ValueError, match="1 values for 2 nodes"):
        kernel.cascades(net, shock_of([1, 0]), kernel.Draws(1, 1), value=np.ones(1))
