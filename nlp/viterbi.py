"""Tag sequences: the BIOES scheme, which steps it allows, the best sequence under a CRF and how sure it is."""

from __future__ import annotations

from collections.abc import Sequence

import numba as nb
import numpy as np
from numpy.typing import NDArray

from nlp.datasets import Span

OUTSIDE = 0
BEGIN, INSIDE, END, SINGLE = range(4)
POSITIONS = "BIES"
"""Tag 1 + 4 * label + position: begin, inside, end, single."""

Table = NDArray[np.float32]


def tag_count(labels: int) -> int:
    """How many tags a number of labels needs."""
    return 1 + len(POSITIONS) * labels


def legal_steps(labels: int) -> tuple[NDArray[np.bool_], NDArray[np.bool_], NDArray[np.bool_]]:
    """Which tag may follow which (tags, tags), which may come first, which last."""
    position = np.concatenate([[-1], np.tile(np.arange(4), labels)])
    label = np.concatenate([[-1], np.repeat(np.arange(labels), 4)])
    is_open = (position == BEGIN) | (position == INSIDE)
    goes_on = (position == INSIDE) | (position == END)
    same = label[:, None] == label[None, :]
    legal = np.where(is_open[:, None], goes_on[None, :] & same, ~goes_on[None, :])
    return legal, ~goes_on, ~is_open


def encode(length: int, spans: Sequence[Span], labels: Sequence[str]) -> NDArray[np.int64]:
    """The tags of a text; where spans overlap, the longer one is kept, then the earlier."""
    tags = np.zeros(length, np.int64)
    for span in sorted(spans, key=lambda s: (s.start - s.end, s.start)):
        if span.end > length or span.label not in labels or tags[span.start : span.end].any():
            continue
        base = 1 + 4 * labels.index(span.label)
        if span.end - span.start == 1:
            tags[span.start] = base + SINGLE
        else:
            tags[span.start : span.end] = base + INSIDE
            tags[span.start] = base + BEGIN
            tags[span.end - 1] = base + END
    return tags


def decode(tags: NDArray[np.int64], labels: Sequence[str]) -> tuple[Span, ...]:
    """The spans of a legal tag sequence, in order."""
    found: list[Span] = []
    begun = 0
    places = np.flatnonzero(tags != OUTSIDE)
    for place, tag in zip(places.tolist(), tags[places].tolist(), strict=True):
        label, part = divmod(tag - 1, 4)
        if part in {BEGIN, SINGLE}:
            begun = place
        if part in {END, SINGLE}:
            found.append(Span(begun, place + 1, labels[label]))
    return tuple(found)


@nb.njit(cache=True, nogil=True, inline="always")
def _ends_and_starts(tags: int) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Tags after which something new comes (O, E, S), and tags that are something new (O, B, S): the legal steps.

    Of the others, I and E follow B and I of their own label alone; so most of all pairs of tags need no look.
    """
    labels = (tags - 1) // 4
    ends = np.zeros(1 + 2 * labels, np.int64)
    starts = np.zeros(1 + 2 * labels, np.int64)
    for label in range(labels):
        base = 1 + 4 * label
        ends[1 + label], starts[1 + label] = base + END, base + BEGIN
        ends[1 + labels + label] = starts[1 + labels + label] = base + SINGLE
    return ends, starts


@nb.njit(cache=True, nogil=True)
def _best_steps(
    known: Table, table: Table, edges: tuple[Table, Table], best: Table, origin: NDArray[np.int32]
) -> None:
    """For each tag of `table`'s columns the best score, from the rows' scores `known`, and its row.

    `edges` are the least and most of each row of the table. Rows that even by their best step stay behind what another
    reaches by its worst, which are most at most places, are not looked at.
    """
    size = len(known)
    least, most = edges
    reached = known[0] + least[0]
    for row in range(1, size):
        reached = max(reached, known[row] + least[row])
    for column in range(size):
        best[column] = known[0] + table[0, column]
        origin[column] = 0
    for row in range(1, size):
        if known[row] + most[row] < reached:
            continue
        for column in range(size):
            value = known[row] + table[row, column]
            better = value > best[column]
            best[column] = value if better else best[column]
            origin[column] = row if better else origin[column]


@nb.njit(cache=True, nogil=True)
def best_tags(
    emissions: NDArray[np.float32],
    steps: NDArray[np.float32],
    first: NDArray[np.float32],
    last: NDArray[np.float32],
) -> NDArray[np.int64]:
    """The tags of the highest score, shape (length,), for emissions (length, tags), length at least 1.

    Steps that BIOES bans are not looked at, whatever their score.
    """
    length, tags = emissions.shape
    ends, starts = _ends_and_starts(tags)
    size = len(ends)
    table = np.ascontiguousarray(steps[ends][:, starts])
    edges = np.array([row.min() for row in table]), np.array([row.max() for row in table])
    came_from = np.zeros((length, tags), np.int16)
    score = first + emissions[0]
    new = np.empty(tags, np.float32)
    known = np.empty(size, np.float32)
    best = np.empty(size, np.float32)
    # As wide as a score: the compiler makes vectors of the loop over it.
    origin = np.empty(size, np.int32)
    for place in range(1, length):
        for row in range(size):
            known[row] = score[ends[row]]
        _best_steps(known, table, edges, best, origin)
        for column in range(size):
            new[starts[column]] = best[column]
            came_from[place, starts[column]] = ends[origin[column]]
        for base in range(1, tags, 4):
            for tag in (base + INSIDE, base + END):
                begun = score[base + BEGIN] + steps[base + BEGIN, tag]
                going = score[base + INSIDE] + steps[base + INSIDE, tag]
                new[tag] = max(begun, going)
                came_from[place, tag] = base + (INSIDE if going > begun else BEGIN)
        for tag in range(tags):
            score[tag] = new[tag] + emissions[place, tag]
    result = np.empty(length, np.int64)
    result[length - 1] = np.argmax(score + last)
    for place in range(length - 1, 0, -1):
        result[place - 1] = came_from[place, result[place]]
    return result


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _forward(local: Table, weight: Table, first: Table) -> tuple[Table, Table]:
    """The share of each tag at each place by what stands up to it, (length, tags), and what each was scaled by."""
    length, tags = local.shape
    ends, starts = _ends_and_starts(tags)
    table = weight[ends][:, starts]
    forward = np.empty((length, tags), np.float32)
    scale = np.empty(length, np.float32)
    sums = np.empty(len(ends), np.float32)
    for place in range(length):
        row = forward[place]
        if place == 0:
            row[:] = np.exp(first)
        else:
            before = forward[place - 1]
            sums[:] = 0
            for end in range(len(ends)):
                known = before[ends[end]]
                for start in range(len(starts)):
                    sums[start] += known * table[end, start]
            for start in range(len(starts)):
                row[starts[start]] = sums[start]
            for base in range(1, tags, 4):
                for tag in (base + INSIDE, base + END):
                    row[tag] = before[base + BEGIN] * weight[base + BEGIN, tag]
                    row[tag] += before[base + INSIDE] * weight[base + INSIDE, tag]
        total = np.float32(0)
        for tag in range(tags):
            row[tag] *= local[place, tag]
            total += row[tag]
        scale[place] = total
        for tag in range(tags):
            row[tag] /= total
    return forward, scale


@nb.njit(cache=True, nogil=True, error_model="numpy")
def _backward(local: Table, weight: Table, last: Table, scale: Table) -> Table:
    """What stands behind each place, for each of its tags, (length, tags)."""
    length, tags = local.shape
    ends, starts = _ends_and_starts(tags)
    table = np.ascontiguousarray(weight[ends][:, starts].T)
    backward = np.empty((length, tags), np.float32)
    sums = np.empty(len(ends), np.float32)
    after = np.empty(tags, np.float32)
    backward[length - 1] = np.exp(last)
    for place in range(length - 2, -1, -1):
        row = backward[place]
        for tag in range(tags):
            after[tag] = local[place + 1, tag] * backward[place + 1, tag] / scale[place + 1]
        sums[:] = 0
        for start in range(len(starts)):
            known = after[starts[start]]
            for end in range(len(ends)):
                sums[end] += known * table[start, end]
        for end in range(len(ends)):
            row[ends[end]] = sums[end]
        for base in range(1, tags, 4):
            for tag in (base + BEGIN, base + INSIDE):
                row[tag] = weight[tag, base + INSIDE] * after[base + INSIDE]
                row[tag] += weight[tag, base + END] * after[base + END]
    return backward


@nb.njit(cache=True, nogil=True)
def _sums(emissions: Table, crf: tuple[Table, Table, Table]) -> tuple[Table, Table, Table, Table, Table]:
    """`_forward`, `_backward`, the weights of steps, of each place's tags, and what each place was scaled by."""
    steps, first, last = crf
    weight = np.exp(steps)
    local = np.empty(emissions.shape, np.float32)
    for place in range(len(emissions)):
        local[place] = np.exp(emissions[place] - emissions[place].max())
    forward, scale = _forward(local, weight, first)
    return forward, _backward(local, weight, last, scale), weight, local, scale


@nb.njit(cache=True, nogil=True)
def confidences(
    emissions: Table, crf: tuple[Table, Table, Table], path: NDArray[np.int64], spans: NDArray[np.int64]
) -> NDArray[np.float64]:
    """The probability, under the CRF, of the tags that `path` has in each span, shape (spans,).

    `spans` are (spans, 2), from the first place to before the second; `crf` the tables of `best_tags`. Forward and
    backward sums, scaled at each place.
    """
    forward, backward, weight, local, scale = _sums(emissions, crf)
    whole = (forward[-1] * backward[-1]).sum()
    result = np.empty(len(spans))
    for number in range(len(spans)):
        start, end = spans[number]
        share = forward[start, path[start]]
        for place in range(start + 1, end):
            share *= weight[path[place - 1], path[place]] * local[place, path[place]] / scale[place]
        result[number] = share * backward[end - 1, path[end - 1]] / whole
    return result


@nb.njit(cache=True, nogil=True)
def likeliest_span(emissions: Table, crf: tuple[Table, Table, Table], longest: int) -> tuple[int, int, float]:
    """The likeliest of all spans of the first label of at most `longest` characters, and its probability."""
    forward, backward, weight, local, scale = _sums(emissions, crf)
    whole = (forward[-1] * backward[-1]).sum()
    begin, inside, end, single = 1 + BEGIN, 1 + INSIDE, 1 + END, 1 + SINGLE
    best = (0, 1, 0.0)
    for start in range(len(emissions)):
        value = forward[start, single] * backward[start, single] / whole
        if value > best[2]:
            best = (start, start + 1, value)
        share, before = forward[start, begin], begin
        for place in range(start + 1, min(start + longest, len(emissions))):
            value = (
                share * weight[before, end] * local[place, end] / scale[place] * backward[place, end] / whole
            )
            if value > best[2]:
                best = (start, place + 1, value)
            share *= weight[before, inside] * local[place, inside] / scale[place]
            before = inside
    return best
