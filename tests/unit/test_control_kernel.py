"""Control against brute force from the definition, and cases from the law and the literature worked by hand."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.algorithms import control as kernel
from graph.algorithms import control_near as nearby

TIE = 1e-9


def world_of(size, rows, groups=(), keys=None):
    """Votes from (holder, company, ratio[, caster[, general]])."""
    rows = [(*row, row[0], 0)[:5] if len(row) == 3 else (*row, 0)[:5] for row in rows]
    holder, company, ratio, caster, general = ([row[i] for row in rows] for i in range(5))
    stakes = kernel.Stakes(
        np.array(holder, np.int32),
        np.array(company, np.int32),
        np.array(ratio, np.float64),
        np.array(caster, np.int32),
        np.array(general, np.uint8),
    )
    key = np.arange(size, dtype=np.uint64) if keys is None else np.array(keys, np.uint64)
    return kernel.votes(stakes, key, kernel.concert_of(groups))


class BruteForce:
    """The definition, set by set, with nothing clever."""

    def __init__(self, size, rows, groups=()):
        rows = [(*row, row[0], 0)[:5] if len(row) == 3 else (*row, 0)[:5] for row in rows]
        self.size, self.groups = size, groups
        self.partners = {c: sum(r[4] for r in rows if r[1] == c) for c in range(size)}
        self.rows = [(h, c, (g / self.partners[c] if self.partners[c] else w), k) for h, c, w, k, g in rows]
        self.dead = {i for i, (h, c, _, k) in enumerate(self.rows) if c in (h, k)}
        while True:
            alone = [self.controlled_by({c}) for c in range(size)]
            more = {i for i, (h, c, _, k) in enumerate(self.rows) if {h, k} & alone[c]} | self.dead
            if more == self.dead:
                break
            self.dead = more
        self.alone = alone

    def votable(self, company):
        stated = sum(w for h, c, w, k in self.rows if c == company)
        dead = sum(self.rows[i][2] for i in self.dead if self.rows[i][1] == company)
        return (stated if stated > 1 + TIE else 1) - dead

    def votes_in(self, company, voters):
        return sum(
            w
            for i, (h, c, w, k) in enumerate(self.rows)
            if c == company and k in voters and i not in self.dead
        )

    def controlled_by(self, parties, members=(), targets=()):
        inside = set()
        while True:
            more = set()
            for company in range(self.size):
                voters = parties | inside | (set(members) if company in targets else set())
                votes = self.votes_in(company, voters)
                if company not in parties and votes > TIE and 2 * votes - self.votable(company) > TIE:
                    more.add(company)
            if more <= inside:
                return inside
            inside |= more

    def controller(self, company):
        tops = [p for p in range(self.size) if company in self.alone[p]]
        tops = [p for p in tops if not any(p in self.alone[q] for q in range(self.size))]
        assert len(tops) <= 1
        top = tops[0] if tops else company
        for number, (members, targets) in enumerate(self.groups):
            bound = set(members).union(*(self.alone[m] for m in members))
            if top in self.controlled_by(set(), bound, targets):
                return self.size + number
        return top if top != company else -1


@st.composite
def worlds(draw):
    size = draw(st.integers(1, 7))
    node = st.integers(0, size - 1)
    ratio = st.sampled_from([0.1, 0.2, 0.25, 0.3, 0.4, 0.5, 0.51, 0.6, 1.0])
    rows = []
    for company in range(size):
        for holder in draw(st.lists(node, max_size=4)):
            caster = draw(st.one_of(st.just(holder), st.just(holder), st.just(holder), node))
            general = draw(st.sampled_from([0] * 12 + [1]))
            rows.append((holder, company, draw(ratio), caster, general))
    groups = draw(
        st.lists(
            st.tuples(
                st.lists(node, min_size=1, max_size=3, unique=True),
                st.lists(node, min_size=1, max_size=2, unique=True),
            ),
            max_size=3,
        )
    )
    return size, rows, groups


@settings(max_examples=500, deadline=None)
@given(worlds())
def test_controllers_agree_with_brute_force(world):
    size, rows, groups = world
    truth = BruteForce(size, rows, groups)
    found = kernel.control_of_all(world_of(size, rows, groups))
    expected = [truth.controller(company) for company in range(size)]
    assert found.controller.tolist() == expected
    assert found.votable.tolist() == pytest.approx([truth.votable(c) for c in range(size)], abs=1e-9)
    for company in range(size):
        check_chain(found, truth, company, size)


def check_chain(found, truth, company, size):
    """Every link casts votes in the one below, and the set's votes are what is said."""
    controller = found.controller[company]
    said = nearby.explain(found, company)
    assert (said.controller, said.group) == (
        (controller, -1) if controller < size else (-1, controller - size)
    )
    if controller < 0:
        assert said.chain == [company]
        return
    assert len(set(said.chain)) == len(said.chain)
    for link, above in zip(said.chain, said.chain[1:], strict=False):
        assert truth.votes_in(link, {above}) > 0
    if controller < size:
        inside = truth.alone[controller] | {controller}
        assert said.chain[-1] == controller
    else:
        members, targets = truth.groups[controller - size]
        bound = set(members).union(*(truth.alone[m] for m in members))
        assert said.chain[-1] in targets
        inside = truth.controlled_by(set(), bound, targets) | (bound if company in targets else set())
    part = truth.votes_in(company, inside) / truth.votable(company)
    assert found.gathered[company] == pytest.approx(part, abs=1e-9)
    assert found.weakest[company] == pytest.approx(
        min(found.gathered[k] for k in said.chain if found.controller[k] == controller), abs=1e-9
    )


@settings(max_examples=300, deadline=None)
@given(worlds(), st.data())
def test_masked_equals_fresh_equals_recomputed_equals_one_by_one(world, data):
    size, rows, groups = world
    keep = np.array([data.draw(st.booleans()) for _ in rows], np.uint8)
    shown = np.array([data.draw(st.booleans()) for _ in groups], np.uint8)
    whole = world_of(size, rows, groups)
    masked = kernel.control_of_all(whole, keep, shown)
    left = [row for row, kept in zip(rows, keep, strict=True) if kept]
    lone = [(g if kept else ([], [])) for g, kept in zip(groups, shown, strict=True)]
    fresh = kernel.control_of_all(world_of(size, left, lone))
    public = kernel.control_of_all(whole)
    everything = np.ones(len(rows), np.uint8), np.ones(len(groups), np.uint8)
    again = nearby.recomputed(whole, public, (everything[0], keep), (everything[1], shown))
    for name in ("controller", "leader", "parent", "gathered", "weakest", "votable", "overstated", "steps"):
        np.testing.assert_allclose(getattr(masked, name), getattr(fresh, name), atol=1e-12, err_msg=name)
        np.testing.assert_allclose(getattr(masked, name), getattr(again, name), atol=1e-12, err_msg=name)
    np.testing.assert_array_equal(masked.ballot, again.ballot)
    np.testing.assert_allclose(masked.weight, again.weight, atol=1e-12)
    for company in range(size):
        one = nearby.control_of(whole, company, keep, shown)
        assert one == nearby.explain(masked, company)


@settings(max_examples=200, deadline=None)
@given(worlds(), st.randoms(use_true_random=False))
def test_row_numbers_do_not_show(world, random):
    size, rows, groups = world
    new = list(range(size))
    random.shuffle(new)
    moved = [(new[h], new[c], w, new[k], g) for h, c, w, k, g in rows]
    random.shuffle(moved)
    moved_groups = [([new[m] for m in members], [new[t] for t in targets]) for members, targets in groups]
    first = kernel.control_of_all(world_of(size, rows, groups))
    keys = [0] * size
    for node in range(size):
        keys[new[node]] = node
    second = kernel.control_of_all(world_of(size, moved, moved_groups, keys))
    for node in range(size):
        for name in ("controller", "parent", "leader"):
            one, other = getattr(first, name)[node], getattr(second, name)[new[node]]
            assert (new[one] if 0 <= one < size else one) == other, name


def test_chain_of_majorities_and_the_weakest_link():
    found = kernel.control_of_all(world_of(4, [(0, 1, 0.6), (1, 2, 0.51), (2, 3, 0.9)]))
    assert found.controller.tolist() == [-1, 0, 0, 0]
    said = nearby.explain(found, 3)
    assert said.chain == [3, 2, 1, 0]
    assert said.ballots == [2, 1, 0]
    assert (said.gathered, said.weakest) == (0.9, 0.51)


def test_half_is_no_majority_whatever_the_rounding():
    assert kernel.control_of_all(world_of(2, [(0, 1, 0.5)])).controller[1] == -1
    # In floats 0.1 + 0.2 + 0.2 is above a half.
    assert kernel.control_of_all(world_of(2, [(0, 1, 0.1), (0, 1, 0.2), (0, 1, 0.2)])).controller[1] == -1
    assert kernel.control_of_all(world_of(2, [(0, 1, 0.50001)])).controller[1] == 0


def test_votes_of_all_that_is_controlled_add_up():
    """Two subsidiaries with 30 % each give a majority that no single line shows (La Porta et al. 1999, pyramids)."""
    found = kernel.control_of_all(world_of(4, [(0, 1, 0.8), (0, 2, 0.7), (1, 3, 0.3), (2, 3, 0.3)]))
    assert found.controller.tolist() == [-1, 0, 0, 0]
    assert found.gathered[3] == pytest.approx(0.6)
    assert found.parent[3] == 1  # of equals the smaller key


def test_own_shares_have_no_vote():
    """Art. 116: of 100 votes 30 are the company's own; 36 of the other 70 are a majority."""
    found = kernel.control_of_all(world_of(2, [(1, 1, 0.3), (0, 1, 0.36)]))
    assert found.controller[1] == 0
    assert found.gathered[1] == pytest.approx(0.36 / 0.7)


def test_shares_held_through_a_subsidiary_have_no_vote():
    """Art. 141: company 1 controls 2, so the 40 % that 2 holds in 1 do not vote, and 31 % of 60 % decide."""
    found = kernel.control_of_all(world_of(3, [(1, 2, 0.8), (2, 1, 0.4), (0, 1, 0.31)]))
    assert found.controller.tolist() == [-1, 0, 0]
    assert found.votable[1] == pytest.approx(0.6)


@pytest.mark.parametrize("size", [2, 3, 5])
def test_a_ring_does_not_control_itself(size):
    found = kernel.control_of_all(world_of(size, [(i, (i + 1) % size, 1.0) for i in range(size)]))
    assert (found.controller == -1).all()


def test_concert_acts_for_its_target_only():
    """0 and 1 agree on 2: together 60 % there, and what 2 holds follows; their 60 % in 4 do not add up."""
    rows = [(0, 2, 0.35), (1, 2, 0.25), (2, 3, 0.7), (0, 4, 0.3), (1, 4, 0.3)]
    found = kernel.control_of_all(world_of(5, rows, [([0, 1], [2])]))
    assert found.controller.tolist() == [-1, -1, 5, 5, -1]
    said = nearby.explain(found, 3)
    assert (said.group, said.chain) == (0, [3, 2])
    both = kernel.control_of_all(world_of(5, rows, [([0, 1], [2, 4])]))
    assert both.controller.tolist() == [-1, -1, 5, 5, 5]


def test_entrusted_votes_and_general_partners():
    entrusted = kernel.control_of_all(world_of(3, [(0, 2, 0.4, 1), (1, 2, 0.2)]))
    assert entrusted.controller[2] == 1
    partnership = kernel.control_of_all(world_of(3, [(0, 2, 0.01, 0, 1), (1, 2, 0.99)]))
    assert partnership.controller[2] == 0
    two = kernel.control_of_all(world_of(3, [(0, 2, 0.01, 0, 1), (1, 2, 0.99, 1, 1)]))
    assert two.controller[2] == -1


def test_votes_entrusted_to_a_subsidiary_do_not_turn_the_tables():
    """0 holds a majority of 2, and 2 votes for 1 in 0: each would control the other, so neither votes there."""
    rows = [(0, 0, 0.81), (1, 0, 0.1, 2), (0, 2, 0.55), (1, 2, 0.25)]
    found = kernel.control_of_all(world_of(3, rows))
    assert found.controller.tolist() == [-1, -1, 1]
    assert found.votable.tolist() == pytest.approx([0.09, 1, 0.45])


def test_overstated_votes_need_a_majority_of_what_is_stated():
    found = kernel.control_of_all(world_of(3, [(0, 2, 0.6), (1, 2, 0.6)]))
    assert (found.controller[2], found.overstated[2], found.votable[2]) == (-1, 1, pytest.approx(1.2))


def test_empty_and_bad_input():
    assert not len(kernel.control_of_all(world_of(0, [])).controller)
    assert kernel.control_of_all(world_of(1, [])).controller.tolist() == [-1]
    with pytest.raises(ValueError, match="vote 0: ratio"):
        world_of(2, [(0, 1, -0.5)])
    with pytest.raises(ValueError, match="vote 0: row"):
        world_of(2, [(0, 7, 0.5)])


def test_a_chain_of_a_hundred_thousand_is_no_burden():
    size = 100_000
    rows = np.arange(size - 1, dtype=np.int32)
    stakes = kernel.Stakes(rows, rows + 1, np.full(size - 1, 0.6))
    found = kernel.control_of_all(kernel.votes(stakes, np.arange(size, dtype=np.uint64)))
    assert (found.controller[1:] == 0).all()
    assert found.steps[-1] == size - 1
