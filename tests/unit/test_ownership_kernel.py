"""Integrated ownership against dense linear algebra and against published examples worked by hand."""

import itertools

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import ownership as kernel
from graph.algorithms.ownership import State, Stop
from graph.algorithms.ownership_paths import largest_paths
from graph.algorithms.ownership_world import solve_world
from graph.algorithms.paths import Cut, Limits

PERSON = 1


def graph_of(size, lines, stop=(), bounds=None):
    """Holdings from (holder, company, share) and nodes that stop as persons."""
    reasons = np.zeros(size, np.uint8)
    reasons[list(stop)] = PERSON
    holder, company, share = ([line[i] for line in lines] for i in range(3))
    columns = np.array(holder, np.int32), np.array(company, np.int32), np.array(share, np.float64)
    return kernel.holdings(*columns, reasons, bounds)


def as_dict(lines, values=None):
    return dict(zip(lines.node.tolist(), (lines.share if values is None else values).tolist(), strict=True))


def reference(graph_lines, size, target, stop):
    """V's column of the target by one dense solve over the whole graph, straight from the definition."""
    w = np.zeros((size, size))
    for holder, company, share in graph_lines:
        w[holder, company] += share
    stops = {node for node in range(size) if stop[node] and node != target}
    stops |= {node for node in range(size) if not w[:, node].any() and node != target}
    over = {node for node in range(size) if w[:, node].sum() > 1 + 1e-9}
    for node in stops | over:
        w[:, node] = 0
    v = np.linalg.inv(np.eye(size) - w)
    through = [node for node in range(size) if node not in stops | over]
    unknown = sum(v[k, target] * (1 - w[:, k].sum()) for k in through)
    return w, v, stops | over, unknown


@st.composite
def worlds(draw, *, overstated=False):
    """Small graphs with loops and self-holdings whose companies leak at least a little."""
    size = draw(st.integers(1, 9))
    stop = [draw(st.booleans()) and draw(st.booleans()) for _ in range(size)]
    lines = []
    for company in range(size):
        holders = draw(st.lists(st.integers(0, size - 1), max_size=4))
        parts = [draw(st.integers(1, 100)) for _ in holders]
        total = draw(st.sampled_from([0.3, 0.9, 0.97, 0.999, *([1.4] if overstated else [])]))
        lines += [(h, company, total * p / sum(parts)) for h, p in zip(holders, parts, strict=True)]
    return size, lines, stop


@settings(max_examples=300, deadline=None)
@given(worlds(overstated=True), st.data())
def test_owners_agree_with_dense_algebra(world, data):
    size, lines, stop = world
    target = data.draw(st.integers(0, size - 1))
    owners = kernel.owners_of(graph_of(size, lines, np.flatnonzero(stop)), target)
    w, v, stops, unknown = reference(lines, size, target, stop)
    if target in stops:
        assert owners.state is State.OVERSTATED
        assert np.isnan(owners.unknown)
        assert not len(owners.terminals.node)
        return
    column = v[:, target]
    ends = {i: column[i] for i in range(size) if i in stops and column[i] > 0}
    middle = {i: column[i] for i in range(size) if i not in stops and i != target and column[i] > 0}
    assert as_dict(owners.terminals) == pytest.approx(ends, abs=1e-9)
    assert as_dict(owners.intermediates) == pytest.approx(middle, abs=1e-9)
    assert owners.unknown == pytest.approx(unknown, abs=1e-9)
    assert owners.terminals.share.sum() + owners.unknown == pytest.approx(1, abs=1e-9)
    corrected = {i: column[i] / v[i, i] for i in middle}
    assert as_dict(owners.intermediates, owners.intermediates.corrected) == pytest.approx(corrected, abs=1e-9)
    assert owners.itself == pytest.approx(column[target], abs=1e-9)
    assert as_dict(owners.terminals, owners.terminals.direct) == pytest.approx(
        {i: w[i, target] for i in ends}, abs=1e-9
    )


@settings(max_examples=300, deadline=None)
@given(worlds(overstated=True), st.data())
def test_holdings_agree_with_owners(world, data):
    size, lines, stop = world
    graph = graph_of(size, lines, np.flatnonzero(stop))
    holder = data.draw(st.integers(0, size - 1))
    held = kernel.holdings_of(graph, holder)
    for company in range(size):
        owners = kernel.owners_of(graph, company)
        place = np.flatnonzero(held.node == company)
        if company == holder:
            assert not len(place)
            continue
        if owners.state is State.OVERSTATED:
            direct = dict(zip(owners.direct[0].tolist(), owners.direct[1].tolist(), strict=True))
            found = held.direct[place].tolist() if len(place) else [0.0]
            assert found == pytest.approx([direct.get(holder, 0.0)], abs=1e-9)
            continue
        expected = {**as_dict(owners.terminals), **as_dict(owners.intermediates)}.get(holder, 0.0)
        found = held.share[place].tolist() if len(place) else [0.0]
        assert found == pytest.approx([expected], abs=1e-9)
        if len(place):
            y = {
                **as_dict(owners.terminals, owners.terminals.corrected),
                **as_dict(owners.intermediates, owners.intermediates.corrected),
            }
            assert held.corrected[place].tolist() == pytest.approx([y.get(holder, 0.0)], abs=1e-9)


def test_sixty_of_thirty_is_eighteen():
    owners = kernel.owners_of(graph_of(3, [(0, 1, 0.6), (1, 2, 0.3)], stop=[0]), 2)
    assert as_dict(owners.terminals) == pytest.approx({0: 0.18})
    assert as_dict(owners.intermediates) == pytest.approx({1: 0.3})
    assert owners.unknown == pytest.approx(0.3 * 0.4 + 0.7)
    assert owners.terminals.layers.tolist() == [2]


def test_cross_holding_pair_after_brioschi_buzzacchi_colombo():
    """Two companies hold 20 % and 30 % of each other (the two-company system of Brioschi et al. 1989).

    With a = 0.3 (1 holds of 2) and b = 0.2 (2 holds of 1), V = [[1, a], [b, 1]] / (1 - ab). A person with the other
    80 % of 1 owns 0.8 / (1 - 0.06) of it; one with the other 70 % of 2 owns b * 0.7 / (1 - 0.06).
    """
    graph = graph_of(4, [(0, 1, 0.3), (1, 0, 0.2), (2, 0, 0.8), (3, 1, 0.7)], stop=[2, 3])
    first = kernel.owners_of(graph, 0)
    assert as_dict(first.terminals) == pytest.approx({2: 0.8 / 0.94, 3: 0.2 * 0.7 / 0.94}, abs=1e-12)
    assert first.unknown == pytest.approx(0, abs=1e-12)
    assert first.itself == pytest.approx(1 / 0.94, abs=1e-12)
    assert as_dict(first.intermediates) == pytest.approx({1: 0.2 / 0.94}, abs=1e-12)
    # Corrected for self-holding (Baldone, Brioschi and Paleari 1998): 2's share in 1 is its direct 20 % again.
    assert as_dict(first.intermediates, first.intermediates.corrected) == pytest.approx({1: 0.2}, abs=1e-12)


def test_own_shares_leave_the_rest_to_others():
    """With 10 % in its own hands, an owner of 90 % owns everything (self-holding, V = 1 / 0.9)."""
    owners = kernel.owners_of(graph_of(2, [(0, 0, 0.1), (1, 0, 0.9)], stop=[1]), 0)
    assert as_dict(owners.terminals) == pytest.approx({1: 1.0})
    assert owners.itself == pytest.approx(1 / 0.9)
    assert owners.direct[0].tolist() == [0, 1]


@pytest.mark.parametrize("size", [1, 2, 3, 40])
def test_closed_ring_is_circular(size):
    lines = [(i, (i + 1) % size, 1.0) for i in range(size)]
    owners = kernel.owners_of(graph_of(size + 1, [*lines, (0, size, 0.5)]), 0)
    assert owners.state is State.CIRCULAR
    assert owners.unknown == 1.0
    assert owners.intermediates.node.tolist() == list(range(1, size))
    below = kernel.owners_of(graph_of(size + 1, [*lines, (0, size, 0.5)]), size)
    assert below.state is State.SOLVED
    assert (below.circular, below.unknown) == pytest.approx((0.5, 1.0))
    held = kernel.holdings_of(graph_of(size + 1, [*lines, (0, size, 0.5)]), 0)
    assert held.node.tolist() == ([1, size] if size > 1 else [1])
    assert held.direct[-1] == 0.5
    assert held.share[-1] == 0.5


def test_overstated_company_shows_its_lines_and_stops_look_through():
    graph = graph_of(4, [(0, 2, 0.8), (1, 2, 0.3), (2, 3, 0.5)], stop=[0, 1])
    direct = kernel.owners_of(graph, 2)
    assert direct.state is State.OVERSTATED
    assert [a.tolist() for a in direct.direct] == [[0, 1], [0.8, 0.3]]
    below = kernel.owners_of(graph, 3)
    assert as_dict(below.terminals) == {2: 0.5}
    assert below.terminals.stop.tolist() == [Stop.OVERSTATED]
    assert kernel.holdings_of(graph, 0).node.tolist() == [2]


def test_sum_of_one_within_rounding_is_no_finding():
    owners = kernel.owners_of(graph_of(3, [(0, 2, 0.7), (1, 2, 0.3 + 5e-10)], stop=[0, 1]), 2)
    assert owners.state is State.SOLVED
    assert owners.unknown == pytest.approx(0, abs=1e-12)
    assert owners.terminals.share.sum() == pytest.approx(1, abs=1e-12)


def test_ratio_of_zero_and_no_holdings_at_all():
    owners = kernel.owners_of(graph_of(2, [(0, 1, 0.0)], stop=[0]), 1)
    assert owners.unknown == 1.0
    assert not len(owners.terminals.node)
    assert kernel.owners_of(graph_of(1, []), 0).unknown == 1.0
    assert not len(kernel.holdings_of(graph_of(1, []), 0).node)


def test_company_without_data_is_a_terminal():
    owners = kernel.owners_of(graph_of(2, [(0, 1, 0.4)]), 1)
    assert owners.terminals.stop.tolist() == [Stop.NO_DATA]
    assert owners.unknown == pytest.approx(0.6)


@pytest.mark.parametrize(
    "bad",
    [[(0, 1, -0.1)], [(0, 1, np.inf)], [(0, 9, 0.1)], [(-1, 1, 0.1)]],
    ids=["negative", "infinite", "row", "minus"],
)
def test_bad_input_names_the_holding(bad):
    with pytest.raises(ValueError, match="holding 0"):
        graph_of(2, bad)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.data())
def test_masked_equals_built_without(world, data):
    size, lines, stop = world
    keep = np.array([data.draw(st.booleans()) for _ in lines], np.uint8)
    target = data.draw(st.integers(0, size - 1))
    masked = kernel.owners_of(graph_of(size, lines, np.flatnonzero(stop)), target, keep)
    left = [line for line, kept in zip(lines, keep, strict=True) if kept]
    fresh = kernel.owners_of(graph_of(size, left, np.flatnonzero(stop)), target)
    for one, other in zip(
        (*masked.terminals, *masked.intermediates), (*fresh.terminals, *fresh.intermediates), strict=True
    ):
        np.testing.assert_allclose(one, other, atol=1e-12)
    assert masked.unknown == pytest.approx(fresh.unknown, abs=1e-12)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.data())
def test_bounds_hold_for_every_choice_within_the_intervals(world, data):
    size, lines, stop = world
    shares = np.array([line[2] for line in lines])
    width = np.array([data.draw(st.floats(0, 0.5)) for _ in lines])
    low, high = np.maximum(shares - width, 0), np.minimum(shares + width, 1.0)
    known = np.array([data.draw(st.booleans()) for _ in lines], bool)
    low[known] = high[known] = shares[known]
    blank = [(a, b, s if k else np.nan) for (a, b, s), k in zip(lines, known, strict=True)]
    target = data.draw(st.integers(0, size - 1))
    stops = np.flatnonzero(stop)
    bounded = kernel.owners_of(graph_of(size, blank, stops, (low, high)), target)
    truth = kernel.owners_of(graph_of(size, lines, stops), target)
    for values, lines_of, least, most in (
        (truth.terminals.share, truth.terminals, bounded.terminals, bounded.terminals),
        (truth.intermediates.corrected, truth.intermediates, bounded.intermediates, bounded.intermediates),
    ):
        lows, highs = as_dict(least, least.low), as_dict(most, most.high)
        for node, value in zip(lines_of.node.tolist(), values.tolist(), strict=True):
            assert lows.get(node, 0.0) - 1e-9 <= value <= highs[node] + 1e-9
    assert bounded.unknown_bounds[0] - 1e-9 <= truth.unknown <= bounded.unknown_bounds[1] + 1e-9


def random_block(size, density, leak, seed=0):
    draw = np.random.default_rng(seed)
    w = draw.random((size, size)) * (draw.random((size, size)) < density)
    w[np.arange(size), (np.arange(size) + 1) % size] += 0.5  # one ring through all, so that it is one loop
    w *= (1 - leak) / w.sum(0)
    holder, company = np.nonzero(w)
    person = np.full(size, size)
    columns = np.concatenate([holder, person]), np.concatenate([company, np.arange(size)])
    share = np.concatenate([w[holder, company], np.full(size, leak / 2)])
    reasons = np.zeros(size + 1, np.uint8)
    reasons[size] = PERSON
    graph = kernel.holdings(columns[0].astype(np.int32), columns[1].astype(np.int32), share, reasons)
    return graph, np.linalg.inv(np.eye(size) - w)


@pytest.mark.parametrize(
    ("size", "density"), [(60, 1.0), (400, 0.1), (1500, 0.001)], ids=["dense", "half", "sparse"]
)
def test_large_loops_agree_with_dense_algebra(size, density):
    graph, v = random_block(size, density, 0.05)
    solved = kernel.Upstream(graph, 3)
    for company in (3, 0, size - 1):
        assert solved.serves(company)
        owners = solved.owners(company)
        middle = owners.intermediates
        assert len(middle.node) == size - 1
        np.testing.assert_allclose(middle.share, v[middle.node, company], atol=1e-9)
        corrected = v[middle.node, company] / v[middle.node, middle.node]
        np.testing.assert_allclose(middle.corrected, corrected, atol=1e-9)
        assert owners.terminals.share.tolist() == pytest.approx([0.5], abs=1e-9)
        assert owners.unknown == pytest.approx(0.5, abs=1e-9)
    assert not solved.serves(size)
    held = kernel.holdings_of(graph, 5)
    np.testing.assert_allclose(held.share, np.delete(v[5], 5), atol=1e-9)


def keys(size):
    return np.arange(size, dtype=np.uint64)


@settings(max_examples=300, deadline=None)
@given(worlds(overstated=True))
def test_the_whole_world_agrees_with_one_company_at_a_time(world):
    size, lines, stop = world
    graph = graph_of(size, lines, np.flatnonzero(stop))
    solved = solve_world(graph, keys(size))
    for company in range(size):
        if solved.stop[company]:
            assert (
                dict(zip(solved.reasons.tolist(), solved.totals[company].tolist(), strict=True))[
                    solved.stop[company]
                ]
                == 1
            )
            continue
        owners = kernel.owners_of(graph, company)
        assert solved.unknown[company] == pytest.approx(owners.unknown, abs=1e-9)
        for place, reason in enumerate(solved.reasons):
            expected = owners.terminals.share[owners.terminals.stop == reason].sum()
            assert solved.totals[company, place] == pytest.approx(expected, abs=1e-9)
        found = {
            t: s
            for t, s in zip(solved.terminal[company].tolist(), solved.share[company].tolist(), strict=True)
            if t >= 0
        }
        true = as_dict(owners.terminals)
        assert set(found) <= set(true)
        for terminal, share in true.items():
            assert -1e-9 <= share - found.get(terminal, 0.0) <= solved.missing[company] + 1e-9
        if size <= 8:
            assert solved.missing[company] == pytest.approx(0, abs=1e-9)


@pytest.mark.parametrize(("size", "density"), [(60, 1.0), (1500, 0.001)], ids=["dense", "sparse"])
def test_the_whole_world_passes_large_loops(size, density):
    graph, _ = random_block(size, density, 0.05)
    solved = solve_world(graph, keys(size + 1))
    np.testing.assert_allclose(solved.unknown[:size], 0.5, atol=1e-9)
    np.testing.assert_array_equal(solved.terminal[:size, 0], size)
    np.testing.assert_allclose(solved.share[:size, 0], 0.5, atol=1e-9)


def test_the_world_knows_closed_rings():
    graph = graph_of(4, [(0, 1, 1.0), (1, 0, 1.0), (0, 2, 0.5), (3, 2, 0.4)], stop=[3])
    solved = solve_world(graph, keys(4))
    assert (solved.unknown[2], solved.circular[2]) == (pytest.approx(0.6), pytest.approx(0.5))
    assert solved.unknown[:2].tolist() == [1.0, 1.0]


def test_an_empty_world():
    assert not len(solve_world(graph_of(0, []), keys(0)).unknown)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.data())
def test_largest_paths_are_all_the_ways_an_owner_owns(world, data):
    size, lines, stop = world
    target, owner = data.draw(st.integers(0, size - 1)), data.draw(st.integers(0, size - 1))
    upstream = kernel.Upstream(graph_of(size, lines, np.flatnonzero(stop)), target)
    found, cut = largest_paths(upstream, (owner, target), keys(size), Limits(paths=1000))
    assert cut is Cut.NOTHING
    w, _, stops, _ = reference(lines, size, target, stop)
    expected = {(target,): 1.0} if owner == target else {}

    def follow(chain, share):
        for holder in np.flatnonzero(w[:, chain[0]]).tolist():
            if holder == owner != target:
                expected[(owner, *chain)] = share * w[holder, chain[0]]
            elif holder not in chain and holder not in stops:
                follow((holder, *chain), share * w[holder, chain[0]])

    follow((target,), 1.0)
    if owner == target:
        assert [tuple(chain.nodes) for chain in found] == [(target,)]
        return
    assert {tuple(chain.nodes): chain.share for chain in found} == pytest.approx(expected)
    shares = [chain.share for chain in found]
    assert all(one >= other * (1 - 1e-4) for one, other in itertools.pairwise(shares))
