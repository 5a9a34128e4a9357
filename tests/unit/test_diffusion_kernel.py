"""DebtRank against dense loops from the definitions, published cases, and the properties that must hold."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import diffusion as kernel

SHOCK = st.sampled_from([0.0, 0.05, 0.3, 0.5, 1.0])


def net_of(size, rows, keys=None, mask=None, edge_keys=None):
    source, target = (np.array([row[i] for row in rows], np.int32) for i in (0, 1))
    weight = np.array([row[2] for row in rows], np.float64)
    key = np.arange(size, dtype=np.uint64) if keys is None else np.array(keys, np.uint64)
    edge_key = np.arange(len(rows)) if edge_keys is None else edge_keys
    edges = kernel.index(source, target, key, np.array(edge_key, np.uint64))
    return kernel.network(edges, weight, mask)


def shock_of(sizes):
    node = np.flatnonzero(np.array(sizes)).astype(np.int32)
    return kernel.Shock(node, np.array(sizes, np.float64)[node])


def dense(size, rows):
    matrix = np.zeros((size, size))
    for source, target, weight in rows:
        if source != target:
            matrix[source, target] += weight
    return matrix


def slow_linear(size, rows, shock, rounds):
    """The recursion as it is printed."""
    matrix = dense(size, rows)
    before, now = np.zeros(size), np.array(shock, float)
    for _ in range(rounds):
        before, now = now, np.minimum(1, now + matrix.T @ (now - before))
    return now


def slow_original(size, rows, shock):
    matrix = np.zeros((size, size))
    for source, target, weight in rows:
        if source != target:
            matrix[source, target] += min(1, weight)
    distress = np.array(shock, float)
    state = np.where(distress > 0, "D", "U")
    while "D" in state:
        active = state == "D"
        more = np.minimum(1, distress + matrix.T @ (distress * active))
        state = np.where(active, "I", np.where((more > 0) & (state != "I"), "D", state))
        distress = more
    return distress


@st.composite
def worlds(draw, most=8):
    size = draw(st.integers(1, most))
    node = st.integers(0, size - 1)
    weight = st.sampled_from([0.0, 0.1, 0.25, 0.4, 0.7, 1.0, 1.6])
    rows = draw(st.lists(st.tuples(node, node, weight), max_size=18))
    return size, rows, draw(st.lists(SHOCK, min_size=size, max_size=size))


@settings(max_examples=100, deadline=None)
@given(worlds())
def test_linear_is_the_printed_recursion(world):
    size, rows, shock = world
    rounds = 60
    net = net_of(size, rows)
    spread = kernel.linear_debtrank(net, shock_of(shock), tolerance=0.0, most_rounds=rounds)
    assert spread.by_row(size) == pytest.approx(slow_linear(size, rows, shock, rounds), abs=1e-12)
    assert spread.distress.max(initial=0) <= 1
    assert spread.node.tolist() == sorted(spread.node.tolist())


@settings(max_examples=80, deadline=None)
@given(worlds())
def test_original_is_the_printed_states(world):
    size, rows, shock = world
    spread = kernel.original_debtrank(net_of(size, rows), shock_of(shock), tolerance=0.0)
    assert spread.by_row(size) == pytest.approx(slow_original(size, rows, shock), abs=1e-12)
    assert spread.converged
    assert spread.distress.max(initial=0) <= 1


@settings(max_examples=100, deadline=None)
@given(worlds(), st.sampled_from([kernel.linear_debtrank, kernel.original_debtrank]))
def test_shares_and_own_shock_add_up(world, model):
    size, rows, shock = world
    net = net_of(size, rows)
    spread = model(net, shock_of(shock), tolerance=1e-9)
    shares = kernel.attribution(net, spread)
    for place, node in enumerate(spread.node.tolist()):
        at = slice(shares.first[place], shares.first[place + 1])
        assert shares.own[place] == shock[node]
        assert shares.own[place] + shares.share[at].sum() == pytest.approx(spread.distress[place], abs=1e-9)
        assert (shares.share[at] >= 0).all()
        # Before the cap the inflow is the distress itself.
        if spread.distress[place] < 1:
            assert shares.inflow[at] == pytest.approx(shares.share[at], abs=1e-9)
        for edge, source in zip(shares.edge[at].tolist(), shares.source[at].tolist(), strict=True):
            assert rows[edge][:2] == (source, node)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_linear_is_monotone_in_the_shock_and_in_the_edges(world, data):
    size, rows, shock = world
    limits = {"tolerance": 0.0, "most_rounds": 80}
    base = kernel.linear_debtrank(net_of(size, rows), shock_of(shock), **limits).by_row(size)
    node = data.draw(st.integers(0, size - 1))
    more = [max(s, 0.6) if at == node else s for at, s in enumerate(shock)]
    assert (
        kernel.linear_debtrank(net_of(size, rows), shock_of(more), **limits).by_row(size) >= base - 1e-12
    ).all()
    if rows:
        gone = data.draw(st.integers(0, len(rows) - 1))
        less = net_of(size, rows[:gone] + rows[gone + 1 :])
        assert (kernel.linear_debtrank(less, shock_of(shock), **limits).by_row(size) <= base + 1e-12).all()


@settings(max_examples=80, deadline=None)
@given(worlds(), st.data())
def test_masked_is_fresh_to_the_bit(world, data):
    size, rows, shock = world
    keep = np.array([data.draw(st.booleans()) for _ in rows], bool)
    numbers = np.flatnonzero(keep)
    masked = net_of(
        size, [row if k else (*row[:2], np.nan) for row, k in zip(rows, keep, strict=True)], mask=keep
    )
    fresh = net_of(size, [rows[n] for n in numbers], edge_keys=numbers)
    for model in (kernel.linear_debtrank, kernel.original_debtrank):
        one, other = model(masked, shock_of(shock)), model(fresh, shock_of(shock))
        assert one.node.tolist() == other.node.tolist()
        assert one.distress.tobytes() == other.distress.tobytes()
        shares = kernel.attribution(masked, one), kernel.attribution(fresh, other)
        assert shares[0].share.tobytes() == shares[1].share.tobytes()
        assert shares[0].edge.tolist() == numbers[shares[1].edge].tolist()


@settings(max_examples=80, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_row_numbers_do_not_show(world, random):
    size, rows, shock = world
    new = list(range(size))
    random.shuffle(new)
    order = list(range(len(rows)))
    random.shuffle(order)
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    moved = [(new[rows[n][0]], new[rows[n][1]], rows[n][2]) for n in order]
    second = net_of(size, moved, keys=keys, edge_keys=order)
    first = net_of(size, rows)
    at = np.array(new, np.int32)
    moved_shock = kernel.Shock(at[shock_of(shock).node], shock_of(shock).size)
    for model in (kernel.linear_debtrank, kernel.original_debtrank):
        one, other = model(first, shock_of(shock)), model(second, moved_shock)
        assert at[one.node].tolist() == other.node.tolist()
        assert one.distress.tobytes() == other.distress.tobytes()
        shares = kernel.attribution(first, one), kernel.attribution(second, other)
        assert shares[0].edge.tolist() == np.array(order)[shares[1].edge].tolist()
        assert shares[0].share.tobytes() == shares[1].share.tobytes()


@pytest.mark.parametrize("seed", range(4))
def test_few_edges_or_all_of_them_give_the_same_bits(seed):
    draw = np.random.default_rng(seed)
    size, count = 300, 900
    rows = list(
        zip(*draw.integers(0, size, (2, count)).tolist(), (draw.random(count) * 0.5).tolist(), strict=True)
    )
    net = net_of(size, rows)
    shock = np.zeros(size)
    shock[draw.integers(0, size, 5)] = 0.8
    seeds = shock_of(shock)
    spread = kernel.linear_debtrank(net, seeds)
    work = kernel.space(size)
    places = kernel._seeded(net.index, seeds, work)
    active = places
    while len(active):  # only whole rounds
        kernel._pull(net.ahead.first, net.behind, kernel.TOLERANCE, 1.0, work)
        active = kernel._active(work.pending, kernel.TOLERANCE)
    assert spread.by_row(size).tobytes() == work.distress.tobytes()
    assert spread.converged
    assert 0 < spread.residual <= kernel.TOLERANCE


def test_one_space_serves_many_questions():
    net = net_of(4, [(0, 1, 0.5), (1, 2, 0.5), (2, 3, 1.0)])
    work = kernel.space(4)
    fresh = [kernel.linear_debtrank(net, shock_of(s)) for s in ([1, 0, 0, 0], [0, 0.5, 0, 0])]
    for _ in range(2):
        for one, s in zip(fresh, ([1, 0, 0, 0], [0, 0.5, 0, 0]), strict=True):
            assert (
                kernel.linear_debtrank(net, shock_of(s), work=work).by_row(4).tolist()
                == one.by_row(4).tolist()
            )
    with pytest.raises(ValueError, match=r"shock to row 1 is 2\.0"):
        kernel.linear_debtrank(net, kernel.Shock(np.array([0, 1], np.int32), np.array([1.0, 2.0])), work=work)
    assert not any(array.any() for array in work[:3])


def ring_of_three_banks():
    """Three banks in a ring, from the authors' own worked exercise (github.com/paolobarucca/neva, Exercise6.m).

    Liabilities 1 to 2 of 4, 2 to 3 of 3, 3 to 1 of 2; external assets 20, 20, 10 and liabilities 17, 18, 8, so that
    equity is 1, 3 and 3; the leverage of a lender towards a borrower is the loan over the lender's equity.
    """
    equity = np.array([20 + 2 - 17 - 4, 20 + 4 - 18 - 3, 10 + 3 - 8 - 2], float)
    assert equity.tolist() == [1, 3, 3]
    return [(0, 1, 4 / equity[1]), (1, 2, 3 / equity[2]), (2, 0, 2 / equity[0])]


def test_ring_of_three_banks_amplifies_until_all_default():
    rows = ring_of_three_banks()
    spread = kernel.linear_debtrank(net_of(3, rows), shock_of([0.05, 0, 0]))
    # Around the ring a loss grows by 4/3 x 1 x 2: unstable, so all default (Bardoscia and others 2015, "unstable").
    assert spread.by_row(3).tolist() == [1, 1, 1]
    assert spread.converged


def test_stable_limit_is_the_closed_form():
    """Where the spectral radius is below 1 and nobody defaults, h = (I - W')^-1 h(1) (Bardoscia and others 2015)."""
    rows = [(0, 1, 0.5), (1, 2, 0.4), (2, 0, 0.5)]
    spread = kernel.linear_debtrank(net_of(3, rows), shock_of([0.5, 0, 0]), tolerance=1e-13)
    assert spread.by_row(3) == pytest.approx([0.5 / 0.9, 0.25 / 0.9, 0.1 / 0.9], abs=1e-12)


PUBLISHED = {
    "a": ([1, 0, 0], 0.9285714),
    "c": ([0, 0, 1], 0.6642857),
    "b": ([0, 1, 0], 0.2500000),
    "10 % each": ([0.1, 0.1, 0.1], 0.1607),
}
"""Shocks and the additional stress that is printed for them."""


@pytest.mark.parametrize(("shock", "additional"), PUBLISHED.values(), ids=PUBLISHED)
def test_the_three_banks_of_network_risk_measures(shock, additional):
    """DebtRank of 2012 as printed in the README of the R package NetworkRiskMeasures (Cinelli and Silva).

    Exposures a→b 1, b→a 10, b→c 3, c→a 3, c→b 2; buffers 2, 5, 2; sizes 10, 100, 30.
    """
    exposures = {(0, 1): 1, (1, 0): 10, (1, 2): 3, (2, 0): 3, (2, 1): 2}
    buffer, size = [2, 5, 2], np.array([10, 100, 30]) / 140
    rows = [(debtor, lender, amount / buffer[lender]) for (lender, debtor), amount in exposures.items()]
    found = kernel.original_debtrank(net_of(3, rows), shock_of(shock))
    stress = dict(zip(found.node.tolist(), found.distress.tolist(), strict=True))
    more = sum(size[bank] * (stress.get(bank, 0.0) - shock[bank]) for bank in range(3))
    assert more == pytest.approx(additional, abs=5e-5)


def test_original_stops_in_a_circle_and_so_understates():
    """Bardoscia and others 2015: the original prevents second rounds, and so understates losses with circles."""
    rows = [(0, 1, 0.5), (1, 2, 0.4), (2, 0, 0.5)]
    spread = kernel.original_debtrank(net_of(3, rows), shock_of([0.5, 0, 0]))
    assert spread.by_row(3) == pytest.approx([0.55, 0.25, 0.1])
    assert spread.rounds == 3


def test_original_a_larger_shock_may_do_less_harm():
    # A small shock of its own makes 1 pass on before the large one arrives, which it then keeps to itself.
    rows = [(0, 1, 1.0), (1, 2, 1.0)]
    net = net_of(3, rows)
    assert kernel.original_debtrank(net, shock_of([1, 0, 0])).by_row(3).tolist() == [1, 1, 1]
    assert kernel.original_debtrank(net, shock_of([1, 0.1, 0])).by_row(3).tolist() == [1, 1, 0.1]


def test_original_removing_an_edge_may_raise_distress():
    rows = [(0, 1, 1.0), (1, 2, 1.0), (2, 3, 1.0), (0, 2, 0.1)]
    shock = shock_of([1, 0, 0, 0])
    assert kernel.original_debtrank(net_of(4, rows), shock).by_row(4)[3] == pytest.approx(0.1)
    assert kernel.original_debtrank(net_of(4, rows[:3]), shock).by_row(4)[3] == 1


def test_at_the_cap_shares_are_in_proportion_to_the_inflow():
    net = net_of(3, [(0, 2, 1.5), (1, 2, 0.5)])
    spread = kernel.linear_debtrank(net, shock_of([1, 1, 0.2]))
    shares = kernel.attribution(net, spread, np.array([2], np.int32))
    assert shares.inflow.tolist() == [1.5, 0.5]
    assert shares.share == pytest.approx([0.6, 0.2])
    assert shares.own.tolist() == [0.2]


def test_a_circle_that_never_rests_says_so():
    net = net_of(2, [(0, 1, 1.0), (1, 0, 1.0)])
    spread = kernel.linear_debtrank(net, shock_of([0.001, 0]), most_rounds=50)
    assert (spread.rounds, spread.converged) == (50, False)
    assert spread.residual == pytest.approx(0.001)


@settings(max_examples=100, deadline=None)
@given(worlds(), st.data())
def test_sensitivity_is_the_sum_over_walks_and_bounds_the_capped_run(world, data):
    size, rows, _ = world
    target = data.draw(st.integers(0, size - 1))
    net = net_of(size, [(s, t, w / 4) for s, t, w in rows])
    found = kernel.sensitivity(net, target, tolerance=1e-14, most_rounds=400)
    if found.converged:
        truth = np.linalg.inv(np.eye(size) - dense(size, rows) / 4)[:, target]
        values = np.zeros(size)
        values[found.node] = found.value
        truth[target] = 0
        assert values == pytest.approx(truth, abs=1e-9)
    worst = kernel.threats(net, target, 3, tolerance=1e-12)
    alone = [
        (-kernel.linear_debtrank(net, shock_of(np.eye(size)[n]), tolerance=1e-12).by_row(size)[target], n)
        for n in range(size)
        if n != target
    ]
    best = [pair for pair in sorted(alone) if pair[0] < 0][:3]
    assert worst.distress == pytest.approx([-pair[0] for pair in best], abs=1e-9)
    assert worst.certain


def test_threats_by_hand():
    net = net_of(4, [(0, 3, 0.2), (1, 0, 2.0), (2, 3, 0.5), (2, 1, 0.1)])
    worst = kernel.threats(net, 3, 3)
    assert worst.node.tolist() == [2, 0, 1]
    # 2 hurts 3 directly by 0.5 and through 1 and 0 by 0.1 x 2 x 0.2; 1 ruins 0, which the cap keeps at 1.
    assert worst.distress == pytest.approx([0.54, 0.2, 0.2])
    assert worst.bound == pytest.approx([0.54, 0.2, 0.4])


def test_impacts_are_single_runs_whatever_the_workers():
    draw = np.random.default_rng(1)
    size, count = 200, 500
    rows = list(zip(*draw.integers(0, size, (2, count)).tolist(), draw.random(count).tolist(), strict=True))
    net = net_of(size, rows)
    value = draw.random((size, 2))
    shocks = [kernel.Shock(np.array([n], np.int32), np.ones(1)) for n in range(100)]
    shocks.append(kernel.Shock(np.array([7, 3], np.int32), np.array([0.5, 1.0])))
    seen = []
    many = kernel.impacts(net, shocks, value, workers=3, progress=seen.append)
    one = kernel.impacts(net, shocks, value, workers=1)
    assert many.loss.tobytes() == one.loss.tobytes()
    assert seen[-1] == len(shocks)
    for place in (0, 50, 100):
        spread = kernel.linear_debtrank(net, shocks[place])
        induced = spread.distress - spread.shock
        assert many.loss[place] == pytest.approx(induced @ value[spread.node])
        assert many.hit[place] == (induced > 0.01).sum()
        assert many.rounds[place] == spread.rounds
    assert kernel.impacts(net, [], value).loss.shape == (0, 2)


@pytest.mark.parametrize(
    ("rows", "message"),
    [
        ([(0, 1, -0.5)], "edge 0 weighs -0.5"),
        ([(0, 1, 0.5), (1, 0, np.nan)], "edge 1 weighs nan"),
        ([(0, 1, np.inf)], "edge 0 weighs inf"),
        ([(0, 5, 0.5)], "target 0 is row 5"),
        ([(0, 1, 0.5), (-1, 0, 0.5)], "source 1 is row -1"),
    ],
)
def test_bad_edges_are_named(rows, message):
    with pytest.raises(ValueError, match=message):
        net_of(2, rows)


@pytest.mark.parametrize(
    ("node", "size", "message"),
    [
        ([0], [1.5], "shock to row 0 is 1.5"),
        ([1], [-0.1], "shock to row 1 is -0.1"),
        ([1], [np.nan], "shock to row 1 is nan"),
        ([2], [0.5], "shock 0 is row 2"),
        ([1, 1], [0.5, 0.5], "row 1 is shocked twice"),
        ([1], [0.5, 0.5], "1 shocked rows and 2 sizes"),
    ],
)
def test_bad_shocks_are_named(node, size, message):
    net = net_of(2, [(0, 1, 0.5)])
    shock = kernel.Shock(np.array(node, np.int32), np.array(size))
    for model in (kernel.linear_debtrank, kernel.original_debtrank):
        with pytest.raises(ValueError, match=message):
            model(net, shock)


def test_bad_arguments_are_named():
    net = net_of(2, [(0, 1, 0.5)])
    with pytest.raises(ValueError, match="node 0 is row 9"):
        kernel.attribution(net, kernel.linear_debtrank(net, shock_of([1, 0])), np.array([9], np.int32))
    with pytest.raises(ValueError, match="shock 0 is row 7"):
        kernel.sensitivity(net, 7)
    with pytest.raises(ValueError, match="expected 2 rows"):
        kernel.impacts(net, [], np.ones((3, 1)))
    with pytest.raises(ValueError, match="2 weights for 1 edges"):
        kernel.network(net.index, np.ones(2))
