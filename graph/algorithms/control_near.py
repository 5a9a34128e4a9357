"""Control of one company, or of what a mask touches, from the part of the world that decides it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.algorithms.components import jit
from graph.algorithms.control import (
    Ballots,
    Concert,
    Control,
    Mask,
    Rows,
    Stakes,
    Votes,
    control_of_all,
    votes,
)

_ALL: Final = np.zeros(0, np.uint8)


@dataclass(frozen=True)
class ControlOf:
    """Who controls one company. `chain` goes from it to the set's last member; `group` is a concert group or -1."""

    company: int
    controller: int
    group: int
    chain: list[int]
    ballots: list[int]
    leader: int
    gathered: float
    weakest: float
    votable: float
    overstated: bool


def explain(control: Control, company: int) -> ControlOf:
    """The chain that proves who controls a company."""
    size, node = len(control.controller), company
    chain, ballots = [company], []
    while node < size and control.parent[node] >= 0:
        ballots.append(int(control.ballot[node]))
        node = int(control.parent[node])
        chain.append(node)
    controller = int(control.controller[company])
    return ControlOf(
        company=company,
        controller=controller if controller < size else -1,
        group=controller - size if controller >= size else -1,
        chain=[link for link in chain if link < size],
        ballots=[ballot for ballot in ballots if ballot >= 0],
        leader=int(control.leader[company]),
        gathered=float(control.gathered[company]),
        weakest=float(control.weakest[company]),
        votable=float(control.votable[company]),
        overstated=bool(control.overstated[company]),
    )


@dataclass(frozen=True)
class Near:
    """All that lies above some companies by votes held or cast, solved; numbers are places in `nodes` and `rows`.

    `nodes` are the whole's, the companies asked for first; `rows` the caller's rows of the votes in any of them.
    """

    votes: Votes
    control: Control
    nodes: Rows
    rows: Rows

    def explained(self, place: int) -> ControlOf:
        """The chain that proves who controls a company of the part, in the numbers of the whole."""
        found = explain(self.control, place)
        nodes, rows = self.nodes, self.rows
        return ControlOf(
            company=int(nodes[found.company]),
            controller=int(nodes[found.controller]) if found.controller >= 0 else -1,
            group=found.group,
            chain=[int(nodes[link]) for link in found.chain],
            ballots=[int(rows[ballot]) for ballot in found.ballots],
            leader=int(nodes[found.leader]) if found.leader >= 0 else -1,
            gathered=found.gathered,
            weakest=found.weakest,
            votable=found.votable,
            overstated=found.overstated,
        )


def near(world: Votes, companies: Rows, visible: Mask = _ALL, groups: Mask = _ALL) -> Near:
    """Who controls some companies, and everything above them, from what is above them alone."""
    nodes = _closure(world.ballots, companies, visible, _UP)
    part, rows = _part(world, nodes, visible)
    return Near(part, control_of_all(part, groups=groups), nodes, rows)


def control_of(world: Votes, company: int, visible: Mask = _ALL, groups: Mask = _ALL) -> ControlOf:
    """Who controls one company."""
    return near(world, np.array([company], np.int32), visible, groups).explained(0)


_UP: Final = 0
_DOWN: Final = 1


@jit
def _closure(ballots: Ballots, seeds: Rows, visible: Mask, way: int) -> Rows:
    """All that lies above (0) or below (1) the seeds by votes held or cast, the seeds first."""
    size = len(ballots.up_first) - 1
    seen = np.zeros(size, np.uint8)
    queue = np.empty(size, np.int32)
    count, at = 0, 0
    for node in seeds:
        if not seen[node]:
            seen[node], queue[count] = 1, node
            count += 1
    while at < count:
        node = queue[at]
        at += 1
        first, rows = (
            (ballots.up_first, ballots.up_row) if way == 0 else (ballots.down_first, ballots.down_row)
        )
        for place in range(first[node], first[node + 1]):
            row = rows[place]
            if len(visible) and not visible[row]:
                continue
            ends = (
                (ballots.caster[row], ballots.holder[row])
                if way == 0
                else (ballots.company[row], ballots.company[row])
            )
            for other in ends:
                if not seen[other]:
                    seen[other], queue[count] = 1, other
                    count += 1
    return queue[:count]


def _part(world: Votes, nodes: Rows, visible: Mask) -> tuple[Votes, Rows]:
    """The votes in `nodes` (closed upwards) as a world of its own, and the rows they were."""
    ballots, place = world.ballots, np.full(world.size, -1, np.int32)
    place[nodes] = np.arange(len(nodes))
    lengths = ballots.up_first[nodes + 1] - ballots.up_first[nodes]
    within = np.arange(lengths.sum()) - np.repeat(np.cumsum(lengths) - lengths, lengths)
    rows = ballots.up_row[np.repeat(ballots.up_first[nodes], lengths) + within]
    if len(visible):
        rows = rows[visible[rows] > 0]
    stakes = Stakes(
        place[ballots.holder[rows]],
        place[ballots.company[rows]],
        ballots.votes[rows],
        place[ballots.caster[rows]],
        ballots.general[rows],
    )
    return votes(stakes, world.key[nodes], _part_of_concert(world.concert, place)), rows


def _part_of_concert(concert: Concert, place: Rows) -> Concert:
    """The groups with the members and targets that are in the part; groups keep their numbers."""
    members, targets = place[concert.member] >= 0, place[concert.target] >= 0
    return Concert(
        _compacted(concert.member_first, members),
        place[concert.member[members]],
        _compacted(concert.target_first, targets),
        place[concert.target[targets]],
    )


def _compacted(first: NDArray[np.int64], kept: NDArray[np.bool_]) -> NDArray[np.int64]:
    """Where lists begin when only the kept items are left."""
    before = np.concatenate([[0], np.cumsum(kept)]).astype(np.int64)
    found: NDArray[np.int64] = before[first]
    return found


def _write(wide: Control, part: Control, chosen: Rows, nodes: Rows, rows: Rows) -> None:
    """Write the lines `chosen` of a part's answer into an answer of the whole."""
    size, count = len(wide.controller), len(nodes)
    lookup = np.concatenate([nodes, [-1]]).astype(np.int32)
    for name in ("controller", "leader", "parent"):
        found = getattr(part, name)[chosen]
        getattr(wide, name)[nodes[chosen]] = np.where(
            found >= count, found - count + size, lookup[np.minimum(found, count)]
        )
    row_lookup = np.concatenate([rows, [-1]]).astype(np.int32)
    wide.ballot[nodes[chosen]] = row_lookup[part.ballot[chosen]]
    wide.weight[rows] = part.weight
    for name in ("gathered", "weakest", "votable", "overstated", "steps"):
        getattr(wide, name)[nodes[chosen]] = getattr(part, name)[chosen]


def recomputed(
    world: Votes, before: Control, masks: tuple[Mask, Mask], groups: tuple[Mask, Mask] = (_ALL, _ALL)
) -> Control:
    """The answer under another mask, computed only where the masks differ and below.

    Args:
        world: The votes.
        before: The answer of `control_of_all` under the first of the masks.
        masks: Rows visible then and now.
        groups: Concert groups visible then and now.
    """
    touched = _touched(world, masks, groups)
    either = _ALL if any(not len(mask) for mask in masks) else np.maximum(masks[0], masks[1])
    below = _closure(world.ballots, touched, either, _DOWN)
    nodes = _closure(world.ballots, below, masks[1], _UP)
    if 2 * len(nodes) > world.size:
        return control_of_all(world, masks[1], groups[1])
    part, rows = _part(world, nodes, masks[1])
    after = Control(**{name: value.copy() for name, value in vars(before).items()})
    # `_closure` lists the seeds first, so the lines that may have changed are the first of the part.
    after.weight[_differs(masks, len(after.weight))] = 0.0
    _write(after, control_of_all(part, groups=groups[1]), np.arange(len(below), dtype=np.int32), nodes, rows)
    return after


def _touched(world: Votes, masks: tuple[Mask, Mask], groups: tuple[Mask, Mask]) -> Rows:
    """Companies in which a vote or a concert agreement appears or disappears."""
    concert = world.concert
    rows = _differs(masks, len(world.ballots.votes))
    agreements = np.repeat(_differs(groups, len(concert.target_first) - 1), np.diff(concert.target_first))
    return np.concatenate([world.ballots.company[rows], concert.target[agreements]])


def _differs(masks: tuple[Mask, Mask], size: int) -> NDArray[np.bool_]:
    then, now = ((mask if len(mask) else np.ones(size, np.uint8)).astype(np.bool_) for mask in masks)
    return then ^ now
