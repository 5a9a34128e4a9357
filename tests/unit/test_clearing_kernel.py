"""Clearing: published examples, guarantees worked by hand, and the properties of the greatest clearing vector."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy.optimize import linprog

from graph.algorithms import clearing as kernel

GENERAL, JOINT = kernel.Kind.GENERAL, kernel.Kind.JOINT


def columns(rows, width):
    return [np.array([row[i] for row in rows]) for i in range(width)]


def debts_of(rows, mask=None):
    debtor, creditor, amount = columns(rows, 3)
    return kernel.Debts(debtor.astype(np.int32), creditor.astype(np.int32), amount.astype(float), mask)


def guarantees_of(rows, mask=None, keys=None):
    """From (guarantor, debtor, creditor, amount, kind)."""
    guarantor, debtor, creditor, amount, kind = columns(rows, 5)
    return kernel.Guarantees(
        guarantor.astype(np.int32),
        debtor.astype(np.int32),
        creditor.astype(np.int32),
        amount.astype(float),
        kind.astype(np.uint8),
        np.array(range(len(rows)) if keys is None else keys, np.uint64),
        mask,
    )


def cleared(assets, debts, guarantees=(), keys=None, **more):
    key = np.arange(len(assets)) if keys is None else np.array(keys)
    return kernel.clear(
        np.array(assets, float), key.astype(np.uint64), debts_of(debts), guarantees_of(guarantees), **more
    )


def matrix_rows(matrix):
    return [(i, j, x) for i, row in enumerate(matrix) for j, x in enumerate(row) if x]


def test_two_nodes_that_owe_each_other_and_have_nothing():
    """Without cash from outside every (x, x) clears (Eisenberg and Noe 2001 on uniqueness); the greatest is (1, 1)."""
    found = cleared([0, 0], [(0, 1, 1), (1, 0, 1)])
    assert found.paid.tolist() == [1, 1]
    assert found.wave.tolist() == [0, 0]


def test_three_nodes_in_two_waves():
    """The example of github.com/siebenbrunner/NetworkValuation, an implementation of Eisenberg and Noe.

    Its page prints payments of 19.5455, 26.3636 and 10. The first must be a slip for 24.5455, as the second shows:
    26.3636 is 10 + 24.5455 x 20 / 30. With 2 paying in full, p0 = 20 + 5 p1 / 29 and p1 = 10 + 2 p0 / 3.
    """
    matrix = [[0, 20, 10], [5, 0, 24], [10, 0, 0]]
    found = cleared([10, 10, 10], matrix_rows(matrix), tolerance=1e-13)
    paid = np.zeros(3)
    np.add.at(paid, [row[0] for row in matrix_rows(matrix)], found.paid)
    assert paid[1:] == pytest.approx([26.3636, 10], abs=5e-5)
    assert paid[0] == pytest.approx((20 + 50 / 29) / (1 - 10 / 87))
    # Even if all others pay, 0 has 25 of 30; 1 then has 26.4 of 29.
    assert found.wave.tolist() == [1, 2, 0]
    assert found.converged


def test_waves_follow_the_chain():
    found = cleared([1, 0, 0, 5], [(0, 1, 2), (1, 2, 2), (2, 3, 1.5), (3, 0, 0)])
    assert found.wave.tolist() == [1, 2, 3, 0]
    assert found.paid.tolist() == [1, 1, 1, 0]
    assert found.open.tolist() == [1, 1, 0.5, 0]
    assert found.equity.tolist() == [0, 0, 0, 6]


# Nodes of the hand-worked cases: 0 debtor, 1 creditor, 2 and 3 guarantors, 4 a creditor of 2.


def test_a_guarantee_is_called_for_the_shortfall_only():
    for kind in (GENERAL, JOINT):
        found = cleared([60, 0, 100], [(0, 1, 100)], [(2, 0, 1, 100, kind)])
        assert found.called.tolist() == [40]
        assert found.open.tolist() == [0]
        assert found.available[1] == 100
        assert found.equity.tolist() == [0, 100, 60]
        assert found.wave.tolist() == [1, 0, 0]


def test_a_solvent_debtor_calls_nobody():
    found = cleared([100, 0, 100], [(0, 1, 100)], [(2, 0, 1, 100, JOINT)])
    assert found.called.tolist() == [0]
    assert found.rounds == 0


def test_a_guarantor_answers_up_to_its_amount():
    found = cleared([60, 0, 100], [(0, 1, 100)], [(2, 0, 1, 25, JOINT)])
    assert found.called.tolist() == [25]
    assert found.open.tolist() == pytest.approx([15])


def test_guarantors_share_in_proportion_and_the_creditor_never_gets_more():
    found = cleared([40, 0, 100, 100], [(0, 1, 100)], [(2, 0, 1, 60, JOINT), (3, 0, 1, 30, JOINT)])
    assert found.called == pytest.approx([40, 20])
    assert found.available[1] == pytest.approx(100)


def test_what_one_guarantor_can_not_pay_the_other_is_called_for():
    found = cleared(
        [40, 0, 10, 100], [(0, 1, 100)], [(2, 0, 1, 60, JOINT), (3, 0, 1, 60, JOINT)], tolerance=1e-14
    )
    # 2 pays its 10; then 3 owes the other 50, and 2 stays liable for as much as 3 is.
    assert found.called_paid == pytest.approx([10, 50])
    assert found.called == pytest.approx([50, 50])
    assert found.available[1] == pytest.approx(100)
    assert found.wave.tolist() == [1, 0, 2, 0]


def test_general_after_joint():
    debts = [(0, 1, 100)]
    both = [(2, 0, 1, 100, GENERAL), (3, 0, 1, 100, JOINT)]
    found = cleared([40, 0, 100, 100], debts, both)
    assert found.called.tolist() == [0, 60]
    found = cleared([40, 0, 100, 25], debts, both, tolerance=1e-14)
    assert found.called == pytest.approx([35, 60])
    assert found.called_paid == pytest.approx([35, 25])
    assert found.wave.tolist() == [1, 0, 0, 2]


def test_a_call_ruins_the_guarantor_and_its_creditors_share_pro_rata():
    # 2 owes 4 50 and has 60; the call of 40 makes it 90: each gets two thirds.
    found = cleared([60, 0, 60, 0, 0], [(0, 1, 100), (2, 4, 50)], [(2, 0, 1, 100, JOINT)], tolerance=1e-14)
    assert found.owed[2] == pytest.approx(90)
    assert found.called_paid == pytest.approx([80 / 3])
    assert found.paid == pytest.approx([60, 100 / 3])
    assert found.open == pytest.approx([40 / 3, 50 / 3])
    assert found.wave.tolist() == [1, 0, 2, 0, 0]


def test_mutual_guarantees_pass_a_default_on():
    """互保: 0 and 2 guarantee each other's loan from 1; neither could carry both."""
    debts = [(0, 1, 100), (2, 1, 100)]
    mutual = [(2, 0, 1, 100, JOINT), (0, 2, 1, 100, JOINT)]
    assert cleared([30, 0, 110], debts).wave.tolist() == [1, 0, 0]
    found = cleared([30, 0, 110], debts, mutual, tolerance=1e-14)
    assert found.wave.tolist() == [1, 0, 2]
    assert found.available[1] == pytest.approx(140)  # all that there is


def test_guarantees_of_debts_that_are_not_here_are_not_called():
    found = cleared([0, 0, 10], [(0, 1, 10)], [(2, 1, 0, 10, JOINT)])
    assert found.matched.tolist() == [False]
    assert found.called.tolist() == [0]


def test_debts_of_a_pair_are_one_claim():
    found = cleared([30, 0, 100], [(0, 1, 20), (0, 1, 40)], [(2, 0, 1, 15, JOINT)])
    assert found.paid == pytest.approx([10, 20])
    assert found.open == pytest.approx([5, 10])


AMOUNT = st.sampled_from([0.0, 1.0, 2.0, 5.0, 10.0])


@st.composite
def systems(draw):
    size = draw(st.integers(2, 6))
    node = st.integers(0, size - 1)
    assets = draw(st.lists(AMOUNT, min_size=size, max_size=size))
    debts = draw(st.lists(st.tuples(node, node, AMOUNT), max_size=8))
    lines = []
    for _ in range(draw(st.integers(0, 5)) if debts else 0):
        debtor, creditor, _ = draw(st.sampled_from(debts))
        guarantor = draw(node)
        if guarantor not in (debtor, creditor):
            lines.append((guarantor, debtor, creditor, draw(AMOUNT), draw(st.sampled_from([GENERAL, JOINT]))))
    return assets, debts, lines


LIMITS = {"tolerance": 1e-13, "most_rounds": 5000}


@settings(max_examples=300, deadline=None)
@given(systems())
def test_it_clears(system):
    assets, debts, lines = system
    found = cleared(assets, debts, lines, **LIMITS)
    # Where money only goes round, the way down may have no end; then it must say so.
    if not found.converged:
        return
    owed, available = np.zeros(len(assets)), np.array(assets, float)
    for (debtor, creditor, amount), paid in zip(debts, found.paid, strict=True):
        if debtor != creditor:
            owed[debtor] += amount
            available[creditor] += paid
            assert paid <= amount
    for line, called, paid in zip(lines, found.called, found.called_paid, strict=True):
        owed[line[0]] += called
        available[line[2]] += paid
        assert paid <= called + 1e-9
        assert called <= line[3]
    assert found.owed == pytest.approx(owed)
    assert found.available == pytest.approx(available)
    # Limited liability, priority of debt.
    assert found.paid_part * owed == pytest.approx(np.minimum(owed, available), abs=1e-8)
    # Nobody gets more than its claim; what is open is what is missing.
    for pair in {row[:2] for row in debts if row[0] != row[1]}:
        claim = sum(row[2] for row in debts if row[:2] == pair)
        got = sum(p for row, p in zip(debts, found.paid, strict=True) if row[:2] == pair)
        got += sum(p for row, p in zip(lines, found.called_paid, strict=True) if row[1:3] == pair)
        still = sum(p for row, p in zip(debts, found.open, strict=True) if row[:2] == pair)
        assert got <= claim + 1e-9
        assert got + still == pytest.approx(claim, abs=1e-9)
    # No money is made or lost.
    assert found.equity.sum() == pytest.approx(sum(assets), abs=1e-7)


@settings(max_examples=60, deadline=None)
@given(systems())
def test_without_guarantees_it_is_the_solution_of_the_linear_programme(system):
    """Eisenberg and Noe (2001): what maximises the sum of payments under limited liability is a clearing vector."""
    assets, debts, _ = system
    size = len(assets)
    matrix = np.zeros((size, size))
    for debtor, creditor, amount in debts:
        matrix[debtor, creditor] += amount * (debtor != creditor)
    found = cleared(assets, debts, **LIMITS)
    owed = matrix.sum(1)
    part = matrix / np.where(owed, owed, 1)[:, None]
    best = linprog(
        -np.ones(size), np.eye(size) - part.T, assets, bounds=list(zip([0] * size, owed, strict=True))
    )
    if found.converged:
        assert found.paid_part * owed == pytest.approx(best.x, abs=1e-7)


@settings(max_examples=200, deadline=None)
@given(systems(), st.data())
def test_more_assets_never_hurt(system, data):
    assets, debts, lines = system
    node = data.draw(st.integers(0, len(assets) - 1))
    more = [a + 3 * (at == node) for at, a in enumerate(assets)]
    one, other = cleared(assets, debts, lines, **LIMITS), cleared(more, debts, lines, **LIMITS)
    if one.converged and other.converged:
        assert (other.paid_part >= one.paid_part - 1e-8).all()


@settings(max_examples=150, deadline=None)
@given(systems(), st.data(), st.randoms(use_true_random=False))
def test_masked_and_moved_are_fresh_to_the_bit(system, data, random):
    assets, debts, lines = system
    size = len(assets)
    shown = [np.array([data.draw(st.booleans()) for _ in rows], bool) for rows in (debts, lines)]
    one = kernel.clear(
        np.array(assets),
        np.arange(size, dtype=np.uint64),
        debts_of(debts, shown[0]),
        guarantees_of(lines, shown[1]),
    )
    new = list(range(size))
    random.shuffle(new)
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    kept = [np.flatnonzero(mask).tolist() for mask in shown]
    random.shuffle(kept[0])
    random.shuffle(kept[1])
    other = kernel.clear(
        np.array(assets)[keys],
        np.array(keys, np.uint64),
        debts_of([(new[debts[n][0]], new[debts[n][1]], debts[n][2]) for n in kept[0]]),
        guarantees_of([(*(new[x] for x in lines[n][:3]), *lines[n][3:]) for n in kept[1]], keys=kept[1]),
    )
    for name in ("paid_part", "owed", "equity", "wave"):
        assert getattr(one, name).tobytes() == getattr(other, name)[new].tobytes(), name
    for name, rows in (("paid", 0), ("open", 0), ("called", 1), ("called_paid", 1)):
        assert getattr(one, name)[kept[rows]].tobytes() == getattr(other, name).tobytes(), name
        assert not getattr(one, name)[~shown[rows]].any()


@pytest.mark.parametrize(
    ("assets", "debts", "lines", "message"),
    [
        ([-1, 0], [], [], "assets of row 0 is -1"),
        ([np.nan, 0], [], [], "assets of row 0 is nan"),
        ([1, 0], [(0, 1, -2)], [], "debt 0 is -2"),
        ([1, 0], [(0, 1, 2), (0, 1, np.nan)], [], "debt 1 is nan"),
        ([1, 0], [(0, 2, 2)], [], "creditor 0 is row 2"),
        ([1, 0, 0], [(0, 1, 2)], [(2, 0, 1, -1, JOINT)], "guarantee 0 is -1"),
        ([1, 0, 0], [(0, 1, 2)], [(7, 0, 1, 1, JOINT)], "guarantor of guarantee 0 is row 7"),
        (
            [1, 0, 0],
            [(0, 1, 2)],
            [(0, 0, 1, 1, JOINT)],
            "guarantee 0 is by the debtor or the creditor itself",
        ),
        ([1, 0, 0], [(0, 1, 2)], [(2, 0, 1, 1, 5)], "guarantee 0 is of an unknown kind"),
    ],
)
def test_bad_input_is_named(assets, debts, lines, message):
    with pytest.raises(ValueError, match=message):
        cleared(assets, debts, lines)


def test_too_few_rounds_are_said():
    found = cleared([1, 1, 0], [(0, 1, 100), (1, 0, 99), (1, 2, 3)], most_rounds=2)
    assert (found.rounds, found.converged) == (2, False)
    assert found.residual > 0
