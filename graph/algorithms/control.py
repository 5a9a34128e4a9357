"""Who controls whom: the least majority fixpoint over single parties and declared concert groups (实际控制).

A controlling set, a party or a group that acts in concert (一致行动人), controls every company in which it and all
that it already controls cast more than half of the votes, strictly (Company Law 2023 art. 265); the least such
family, so that a ring does not control itself. In detail:

- Shares that a company holds or votes in itself, or through companies that it controls, have no vote: they leave the
  votes gathered and the votes there are (art. 116, 141; votes entrusted to such a company are no more its own will
  than its shares are). That depends on who controls whom, so it is settled first, by companies taken as single
  parties: all that are found dead in a round die together and stay dead, and the fixpoint is taken again until no
  more die. So no company controls what controls it, and two with a majority of each other control neither.
- The votes there are: 1, or what is stated where more than 1 is stated, less the dead. Unstated votes count.
- Entrusted votes (表决权委托) are cast by whom they are entrusted to; the share is still its holder's, and dead if
  that holder's votes are.
- A partnership is controlled by its general partners: each has an equal vote, everybody else none.
- Two different single parties can not both gather a majority of the same votes, so each company has at most one
  ultimate single controller. A concert group gathers its members' votes, and those of what each member controls
  alone, in its target companies only; and the votes of all that the group controls, everywhere. Where a single
  party has a majority it is the controller; else the first group in the caller's order that controls the company,
  or the company that controls it alone.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import group, jit, strong_components

TOLERANCE: Final = 1e-9
"""A majority by less is a tie: ratios are compared within this everywhere."""

Floats = NDArray[np.float64]
Rows = NDArray[np.int32]
Mask = NDArray[np.uint8]
_ALL: Final = np.zeros(0, np.uint8)


class Ballots(NamedTuple):
    """Votes by company and by who casts them; rows are the caller's.

    `up_*` lists by company, `down_*` by caster. `general` marks general partners.
    """

    up_first: NDArray[np.int64]
    up_row: Rows
    down_first: NDArray[np.int64]
    down_row: Rows
    holder: Rows
    caster: Rows
    company: Rows
    votes: Floats
    general: Mask


class Concert(NamedTuple):
    """Concert groups: members of group g are `member[member_first[g]:member_first[g + 1]]`, targets likewise."""

    member_first: NDArray[np.int64]
    member: Rows
    target_first: NDArray[np.int64]
    target: Rows


@dataclass(frozen=True)
class Votes:
    """All votes of a version of the graph; `key` orders nodes where votes do not."""

    ballots: Ballots
    concert: Concert
    key: NDArray[np.uint64]

    @property
    def size(self) -> int:
        """Number of nodes."""
        return len(self.key)


@dataclass(frozen=True)
class Control:
    """Who controls each company; arrays are as long as there are nodes.

    `controller` is -1 for nobody, below `size` a node and from `size` on a concert group (number less size): the
    ultimate one. `parent` is the next step of the chain that proves it: of those in the controlling set that were
    found earlier, the one that casts most votes in the company, or the set itself (a group's number plus size).
    `ballot` is the caller's row of the largest of those votes, -1 for a group. `gathered` is the set's part of the
    votes there are, and `weakest` the least such part along the chain up to the controller. Where nobody controls,
    `leader` is the single party that with all it controls alone casts most votes, and `gathered` its part (elsewhere
    the ultimate single controller, also below a group). `votable` is what is left of the votes when the dead are
    gone; `overstated` marks companies with more than 1 stated. `steps` is the length of the chain. `weight` is by the
    caller's row: the votes that count, 0 where they are hidden, dead or no partner's.
    """

    controller: Rows
    leader: Rows
    parent: Rows
    ballot: Rows
    gathered: Floats
    weakest: Floats
    votable: Floats
    overstated: Mask
    steps: Rows
    weight: Floats


class _Live(NamedTuple):
    """Votes that count, by row, and the votes there are, by company."""

    weight: Floats
    votable: Floats
    overstated: Mask


@jit
def _live_votes(ballots: Ballots, visible: Mask, size: int) -> _Live:
    weight = np.zeros(len(ballots.votes))
    votable = np.ones(size)
    overstated = np.zeros(size, np.uint8)
    for company in range(size):
        partners = 0
        stated = 0.0
        for place in range(ballots.up_first[company], ballots.up_first[company + 1]):
            row = ballots.up_row[place]
            if len(visible) == 0 or visible[row]:
                partners += ballots.general[row]
                stated += ballots.votes[row]
        for place in range(ballots.up_first[company], ballots.up_first[company + 1]):
            row = ballots.up_row[place]
            if len(visible) == 0 or visible[row]:
                weight[row] = ballots.general[row] / partners if partners else ballots.votes[row]
        if partners == 0 and stated > 1.0 + TOLERANCE:
            votable[company] = stated
            overstated[company] = 1
    return _Live(weight, votable, overstated)


@jit
def _bury(ballots: Ballots, live: _Live, rows: Rows) -> None:
    """Take votes out of what is cast and out of what there is."""
    for row in rows:
        live.votable[ballots.company[row]] -= live.weight[row]
        live.weight[row] = 0.0


@jit
def _own_rows(ballots: Ballots) -> Rows:
    found = np.empty(len(ballots.holder), np.int32)
    count = 0
    for row in range(len(ballots.holder)):
        if ballots.holder[row] == ballots.company[row] or ballots.caster[row] == ballots.company[row]:
            found[count] = row
            count += 1
    return found[:count]


@jit
def _majority(votes: float, votable: float) -> bool:
    return bool(2.0 * votes - votable > TOLERANCE and votes > TOLERANCE)


class _Alone(NamedTuple):
    """Scratch for what single parties control: entries count only where their stamp is the current one."""

    inside: NDArray[np.int64]
    heard: NDArray[np.int64]
    votes: Floats
    queue: Rows


@jit
def _controlled_alone(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    party: int, stamp: int, ballots: Ballots, live: _Live, within: Rows, scratch: _Alone
) -> int:
    """Mark with `stamp` the party and all that it controls alone, inside its own component if `within` numbers them.

    They are in `scratch.queue`, as many as are returned.
    """
    scratch.inside[party], scratch.queue[0] = stamp, party
    count, at = 1, 0
    while at < count:
        caster = scratch.queue[at]
        at += 1
        for place in range(ballots.down_first[caster], ballots.down_first[caster + 1]):
            row = ballots.down_row[place]
            company = ballots.company[row]
            if live.weight[row] <= 0.0 or scratch.inside[company] == stamp:
                continue
            if len(within) and within[company] != within[party]:
                continue
            if scratch.heard[company] != stamp:
                scratch.heard[company], scratch.votes[company] = stamp, 0.0
            scratch.votes[company] += live.weight[row]
            if _majority(scratch.votes[company], live.votable[company]):
                scratch.inside[company], scratch.queue[count] = stamp, company
                count += 1
    return count


@jit
def _newly_dead(ballots: Ballots, live: _Live, number: Rows, round_: int, scratch: _Alone) -> Rows:
    """Rows of votes held through companies that the company itself controls; only loops can hold any."""
    found = np.empty(64, np.int32)
    count = 0
    for company in range(len(number)):
        looped = False
        for place in range(ballots.up_first[company], ballots.up_first[company + 1]):
            row = ballots.up_row[place]
            within = number[ballots.holder[row]] == number[company]
            within |= number[ballots.caster[row]] == number[company]
            looped |= live.weight[row] > 0.0 and within
        if not looped:
            continue
        stamp = round_ * len(number) + company
        _controlled_alone(company, stamp, ballots, live, number, scratch)
        for place in range(ballots.up_first[company], ballots.up_first[company + 1]):
            row = ballots.up_row[place]
            own = scratch.inside[ballots.holder[row]] == stamp or scratch.inside[ballots.caster[row]] == stamp
            if live.weight[row] > 0.0 and own:
                if count == len(found):
                    larger = np.empty(2 * count, np.int32)
                    larger[:count] = found
                    found = larger
                found[count] = row
                count += 1
    return found[:count]


class _Sums(NamedTuple):
    """A sum by node, zero between uses, and the keys that decide between equals."""

    sums: Floats
    key: NDArray[np.uint64]


@jit
def _better(votes: float, most: float, node: int, best: int, key: NDArray[np.uint64]) -> bool:
    if votes <= TOLERANCE:
        return False
    if best < 0 or abs(votes - most) > TOLERANCE:
        return votes > most
    return bool(key[node] < key[best])


class _Forest(NamedTuple):
    """Disjoint sets: a top and all that it controls alone, as a list from the top on."""

    above: Rows
    next: Rows
    last: Rows
    size: Rows


@jit
def _top(node: int, above: Rows) -> int:
    top = node
    while above[top] != top:
        top = above[top]
    while above[node] != top:
        above[node], node = top, above[node]
    return top


@jit
def _leader(company: int, ballots: Ballots, live: _Live, above: Rows, scratch: _Sums) -> tuple[int, float]:
    """The top whose set casts most votes in a company (-1 for none), of equals the one with the smaller key."""
    best, most = -1, 0.0
    begin, end = ballots.up_first[company], ballots.up_first[company + 1]
    for place in range(begin, end):
        row = ballots.up_row[place]
        if live.weight[row] > 0.0:
            scratch.sums[_top(ballots.caster[row], above)] += live.weight[row]
    for place in range(begin, end):
        row = ballots.up_row[place]
        top = _top(ballots.caster[row], above)
        votes = scratch.sums[top]
        scratch.sums[top] = 0.0
        if top != company and _better(votes, most, top, best, scratch.key):
            best, most = top, votes
    return best, most


@jit
def _join(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    top: int, company: int, forest: _Forest, ballots: Ballots, queue: Rows, ends: Rows, queued: Mask
) -> None:
    """Put a company and its set under a top, and queue what may have got a majority by that.

    Only a company in which both sets cast votes can have, so it is enough to look below the smaller one.
    """
    smaller = company if forest.size[company] <= forest.size[top] else top
    stop_after = forest.last[smaller]
    node = smaller
    while True:
        for place in range(ballots.down_first[node], ballots.down_first[node + 1]):
            below = ballots.company[ballots.down_row[place]]
            if forest.above[below] == below and not queued[below]:
                queued[below] = 1
                queue[ends[1] % len(queue)] = below
                ends[1] += 1
        if node == stop_after:
            break
        node = forest.next[node]
    forest.above[company] = top
    forest.next[forest.last[top]] = company
    forest.last[top] = forest.last[company]
    forest.size[top] += forest.size[company]


@jit
def _single_tops(ballots: Ballots, live: _Live, scratch: _Sums) -> tuple[_Forest, Rows, Floats]:
    """The least fixpoint over single parties as disjoint sets, and who leads in each company with how many votes."""
    size = len(live.votable)
    above = np.arange(size).astype(np.int32)
    forest = _Forest(above, np.full(size, -1, np.int32), above.copy(), np.ones(size, np.int32))
    queue = np.empty(size + 1, np.int32)
    queued = np.ones(size, np.uint8)
    ends = np.zeros(2, np.int32)
    for node in range(size):
        queue[node] = node
    ends[1] = size
    while ends[0] < ends[1]:
        company = queue[ends[0] % len(queue)]
        ends[0] += 1
        if ends[0] >= len(queue):
            ends -= len(queue)
        queued[company] = 0
        if forest.above[company] != company:
            continue
        top, votes = _leader(company, ballots, live, forest.above, scratch)
        if top >= 0 and _majority(votes, live.votable[company]):
            _join(top, company, forest, ballots, queue, ends, queued)
    leader = np.full(size, -1, np.int32)
    most = np.zeros(size)
    for company in range(size):
        top = _top(company, forest.above)
        leader[company], most[company] = _leader(company, ballots, live, forest.above, scratch)
        if top != company:
            leader[company] = top
    return forest, leader, most


class _Proof(NamedTuple):
    """Chains as they are found: who was found in which set, what proves it, and how strong it is."""

    found_in: Rows
    parent: Rows
    ballot: Rows
    gathered: Floats
    weakest: Floats
    steps: Rows


@jit
def _strongest(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    company: int, stamp: int, proof: _Proof, ballots: Ballots, live: _Live, scratch: _Sums
) -> tuple[int, int, float]:
    """Of those found in the set so far, who casts most votes in a company; the row of the most; how many."""
    best, most, best_row, most_row = -1, 0.0, -1, 0.0
    begin, end = ballots.up_first[company], ballots.up_first[company + 1]
    for place in range(begin, end):
        row = ballots.up_row[place]
        if proof.found_in[ballots.caster[row]] == stamp:
            scratch.sums[ballots.caster[row]] += live.weight[row]
    for place in range(begin, end):
        caster = ballots.caster[ballots.up_row[place]]
        votes = scratch.sums[caster]
        scratch.sums[caster] = 0.0
        if _better(votes, most, caster, best, scratch.key):
            best, most = caster, votes
    for place in range(begin, end):
        row = ballots.up_row[place]
        if ballots.caster[row] == best and live.weight[row] > most_row:
            best_row, most_row = row, live.weight[row]
    return best, best_row, most


@jit
def _prove_singles(  # noqa: C901 - three loops in one kernel
    forest: _Forest, ballots: Ballots, live: _Live, most: Floats, scratch: _Sums
) -> _Proof:
    """Chains from every top down to all that it controls, a layer at a time, so that no order of rows shows."""
    size = len(live.votable)
    proof = _Proof(
        np.full(size, -1, np.int32),
        np.full(size, -1, np.int32),
        np.full(size, -1, np.int32),
        np.zeros(size),
        np.ones(size),
        np.zeros(size, np.int32),
    )
    queue, begin, end = np.empty(size, np.int32), 0, 0
    votes = np.zeros(size)
    due = np.zeros(size, np.uint8)
    for node in range(size):
        if live.votable[node] > TOLERANCE:
            proof.gathered[node] = most[node] / live.votable[node]
        if forest.above[node] == node:
            proof.found_in[node], due[node] = node, 1
            if forest.size[node] > 1:
                queue[end] = node
                end += 1
    while begin < end:
        layer_end = end
        for at in range(begin, layer_end):
            caster = queue[at]
            for place in range(ballots.down_first[caster], ballots.down_first[caster + 1]):
                row = ballots.down_row[place]
                company = ballots.company[row]
                if due[company] or _top(company, forest.above) != _top(caster, forest.above):
                    continue
                votes[company] += live.weight[row]
                if _majority(votes[company], live.votable[company]):
                    due[company] = 1
                    queue[end] = company
                    end += 1
        for at in range(layer_end, end):
            company = queue[at]
            top = _top(company, forest.above)
            proof.parent[company], proof.ballot[company], _ = _strongest(
                company, top, proof, ballots, live, scratch
            )
            above = proof.parent[company]
            proof.weakest[company] = min(proof.gathered[company], proof.weakest[above])
            proof.steps[company] = proof.steps[above] + 1
        for at in range(layer_end, end):
            proof.found_in[queue[at]] = _top(queue[at], forest.above)
        begin = layer_end
    return proof


class _Bound(NamedTuple):
    """Who is bound by a concert agreement and where it acts, by the number of the group."""

    party: Rows
    top: Rows
    target: Rows


@jit
def _bind(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    number: int,
    concert: Concert,
    forest: _Forest,
    ballots: Ballots,
    live: _Live,
    bound: _Bound,
    scratch: _Alone,
) -> None:
    for place in range(concert.target_first[number], concert.target_first[number + 1]):
        bound.target[concert.target[place]] = number
    for place in range(concert.member_first[number], concert.member_first[number + 1]):
        member = concert.member[place]
        bound.party[member] = number
        if forest.above[member] == member:
            bound.top[member] = number
            continue
        stamp = scratch.heard[-1] + 1
        scratch.heard[-1] = stamp
        count = _controlled_alone(member, stamp, ballots, live, np.empty(0, np.int32), scratch)
        for node in scratch.queue[:count]:
            bound.party[node] = number


@jit
def _is_bound(caster: int, number: int, bound: _Bound, above: Rows) -> bool:
    return bool(bound.party[caster] == number or bound.top[_top(caster, above)] == number)


@jit
def _group_votes(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    company: int, number: int, inside: Rows, bound: _Bound, above: Rows, ballots: Ballots, live: _Live
) -> tuple[float, float]:
    """Votes that a group gathers in a company: all, and those of its members in a target."""
    total, members = 0.0, 0.0
    acts = bound.target[company] == number
    for place in range(ballots.up_first[company], ballots.up_first[company + 1]):
        row = ballots.up_row[place]
        caster = ballots.caster[row]
        by_members = acts and _is_bound(caster, number, bound, above)
        if by_members:
            members += live.weight[row]
        if by_members or inside[caster] == number:
            total += live.weight[row]
    return total, members


class _GroupRun(NamedTuple):
    """Scratch of one group's fixpoint, valid where `heard` is its number; `proof.found_in` is by number too."""

    heard: Rows
    votes: Floats
    queue: Rows
    proof: _Proof


@jit
def _hear(company: int, votes: float, number: int, run: _GroupRun, live: _Live, end: int) -> int:  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    """Add votes gathered in a company; queue it at the moment when they are a majority."""
    if run.heard[company] != number:
        run.heard[company], run.votes[company] = number, 0.0
    before = _majority(run.votes[company], live.votable[company])
    run.votes[company] += votes
    if not before and _majority(run.votes[company], live.votable[company]):
        run.queue[end] = company
        return end + 1
    return end


@jit
def _run_group(  # noqa: C901, PLR0913, PLR0917 - a kernel takes arrays
    number: int,
    targets: Rows,
    bound: _Bound,
    above: Rows,
    ballots: Ballots,
    live: _Live,
    run: _GroupRun,
    scratch: _Sums,
) -> int:
    """All that a group controls, into `run.queue` (as many as are returned), with chains."""
    begin, end = 0, 0
    inside, size = run.proof.found_in, len(above)
    for target in targets:
        _, members = _group_votes(target, number, inside, bound, above, ballots, live)
        if run.heard[target] != number:
            end = _hear(target, members, number, run, live, end)
    layer_end = 0
    while True:
        for at in range(begin, layer_end):
            caster = run.queue[at]
            for place in range(ballots.down_first[caster], ballots.down_first[caster + 1]):
                row = ballots.down_row[place]
                company = ballots.company[row]
                if bound.target[company] == number and _is_bound(caster, number, bound, above):
                    continue  # counted with the members
                end = _hear(company, live.weight[row], number, run, live, end)
        if layer_end == end:
            break
        for at in range(layer_end, end):
            company = run.queue[at]
            _, members = _group_votes(company, number, inside, bound, above, ballots, live)
            parent, row, votes = _strongest(company, number, run.proof, ballots, live, scratch)
            if members > TOLERANCE and members >= votes - TOLERANCE:
                parent, row = size + number, -1
            run.proof.parent[company], run.proof.ballot[company] = parent, row
        for at in range(layer_end, end):
            inside[run.queue[at]] = number
        begin, layer_end = layer_end, end
    for company in run.queue[:end]:
        total, _ = _group_votes(company, number, inside, bound, above, ballots, live)
        parent = run.proof.parent[company]
        run.proof.gathered[company] = total / live.votable[company]
        weakest = 1.0 if parent >= size else run.proof.weakest[parent]
        run.proof.weakest[company] = min(run.proof.gathered[company], weakest)
        run.proof.steps[company] = 1 + (0 if parent >= size else run.proof.steps[parent])
    return end


@jit
def _keep_group(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    number: int, count: int, run: _GroupRun, forest: _Forest, group_of: Rows, proof: _Proof
) -> None:
    """Keep a group's chains where no single party has a majority and no earlier group controls."""
    for company in run.queue[:count]:
        if forest.above[company] == company and group_of[company] < 0:
            group_of[company] = number
    for company in run.queue[:count]:
        if group_of[_top(company, forest.above)] == number:
            proof.parent[company], proof.ballot[company] = (
                run.proof.parent[company],
                run.proof.ballot[company],
            )
            proof.gathered[company], proof.weakest[company] = (
                run.proof.gathered[company],
                run.proof.weakest[company],
            )
            proof.steps[company] = run.proof.steps[company]


@jit
def _run_groups(  # noqa: PLR0913, PLR0917 - a kernel takes arrays
    concert: Concert,
    allowed: Mask,
    forest: _Forest,
    ballots: Ballots,
    live: _Live,
    proof: _Proof,
    scratch: _Sums,
    alone: _Alone,
) -> Rows:
    """The first group that controls each top, -1 for none; its chains go into `proof`."""
    size = len(live.votable)
    group_of = np.full(size, -1, np.int32)
    bound = _Bound(np.full(size, -1, np.int32), np.full(size, -1, np.int32), np.full(size, -1, np.int32))
    own = _Proof(
        np.full(size, -1, np.int32),
        np.empty(size, np.int32),
        np.empty(size, np.int32),
        np.empty(size),
        np.empty(size),
        np.empty(size, np.int32),
    )
    run = _GroupRun(np.full(size, -1, np.int32), np.empty(size), np.empty(size, np.int32), own)
    for number in range(len(concert.member_first) - 1):
        if len(allowed) and not allowed[number]:
            continue
        _bind(number, concert, forest, ballots, live, bound, alone)
        targets = concert.target[concert.target_first[number] : concert.target_first[number + 1]]
        count = _run_group(number, targets, bound, forest.above, ballots, live, run, scratch)
        _keep_group(number, count, run, forest, group_of, proof)
    return group_of


@jit
def _settle(forest: _Forest, group_of: Rows) -> Rows:
    """The ultimate controller of each node: a group's number plus size, a top, or -1."""
    size = len(group_of)
    controller = np.full(size, -1, np.int32)
    for node in range(size):
        top = _top(node, forest.above)
        if group_of[top] >= 0:
            controller[node] = size + group_of[top]
        elif top != node:
            controller[node] = top
    return controller


def concert_of(groups: Sequence[tuple[Sequence[int], Sequence[int]]]) -> Concert:
    """Concert groups from pairs (members, target companies). Agreements of the same members belong in one group."""
    lists = [np.array([node for group_ in groups for node in group_[side]], np.int32) for side in (0, 1)]
    firsts = [np.cumsum([0, *(len(group_[side]) for group_ in groups)]).astype(np.int64) for side in (0, 1)]
    return Concert(firsts[0], lists[0], firsts[1], lists[1])


@dataclass(frozen=True)
class Stakes:
    """Votes as stated, by row; rows are the caller's.

    `ratio` is the share of all votes in the company (NaN: not stated), `caster` who they are entrusted to (else the
    holder), `general` 1 where the holder is a general partner of the partnership.
    """

    holder: Rows
    company: Rows
    ratio: Floats
    caster: Rows | None = None
    general: Mask | None = None


def votes(stakes: Stakes, key: NDArray[np.uint64], concert: Concert | None = None) -> Votes:
    """Index votes.

    Args:
        stakes: The votes.
        key: Stable key by node; decides between equals.
        concert: Concert groups, in the order in which they shall be preferred.

    Raises:
        ValueError: A ratio is negative or infinite, or a row is out of range.
    """
    caster = stakes.holder if stakes.caster is None else stakes.caster
    general = np.zeros(len(caster), np.uint8) if stakes.general is None else stakes.general
    ratio = np.where(np.isnan(stakes.ratio), 0.0, stakes.ratio)
    _check(stakes, caster, ratio, len(key))
    up, down = group(stakes.company, len(key)), group(caster, len(key))
    ballots = Ballots(*up, *down, stakes.holder, caster, stakes.company, ratio, general)
    return Votes(ballots, concert or concert_of([]), key)


def _check(stakes: Stakes, caster: Rows, ratio: Floats, size: int) -> None:
    least = np.minimum(np.minimum(stakes.holder, stakes.company), caster)
    largest = np.maximum(np.maximum(stakes.holder, stakes.company), caster)
    wrong = {
        "row out of range": (least < 0) | (largest >= size),
        "ratio negative or not finite": ~(ratio >= 0) | np.isinf(ratio),
    }
    for what, rows in wrong.items():
        if rows.any():
            raise ValueError(f"vote {int(np.flatnonzero(rows)[0])}: {what}; correct or leave out that vote")


def control_of_all(world: Votes, visible: Mask = _ALL, groups: Mask = _ALL) -> Control:
    """Who controls every company. `visible` (by row) and `groups` (by concert group) are 0 for what is left out."""
    ballots, size = world.ballots, world.size
    live = _live_votes(ballots, visible, size)
    alone = _Alone(
        np.full(size + 1, -1, np.int64),
        np.full(size + 1, -1, np.int64),
        np.empty(size),
        np.empty(size, np.int32),
    )
    _bury(ballots, live, _own_rows(ballots))
    _bury_all(ballots, live, alone, size)
    scratch = _Sums(np.zeros(size), world.key)
    forest, leader, most = _single_tops(ballots, live, scratch)
    proof = _prove_singles(forest, ballots, live, most, scratch)
    group_of = _run_groups(world.concert, groups, forest, ballots, live, proof, scratch, alone)
    return Control(
        controller=_settle(forest, group_of),
        leader=leader,
        parent=proof.parent,
        ballot=proof.ballot,
        gathered=proof.gathered,
        weakest=proof.weakest,
        votable=live.votable,
        overstated=live.overstated,
        steps=proof.steps,
        weight=live.weight,
    )


def _bury_all(ballots: Ballots, live: _Live, alone: _Alone, size: int) -> None:
    """Take out the votes that companies hold in themselves through what they control, until no more are found."""
    voting = live.weight > 0
    source = np.concatenate([ballots.caster[voting], ballots.holder[voting]])
    target = np.concatenate([ballots.company[voting], ballots.company[voting]])
    first, order = group(source, size)
    number, count = strong_components(first, target[order], _ALL)
    rounds = 0
    if count < size:
        dead = _newly_dead(ballots, live, number, rounds, alone)
        while len(dead):
            _bury(ballots, live, dead)
            rounds += 1
            dead = _newly_dead(ballots, live, number, rounds, alone)
    alone.heard[-1] = (rounds + 1) * size
