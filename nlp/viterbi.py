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
    inside = np.where(tags == OUTSIDE, -1, (tags - 1) % 4)
    starts = np.flatnonzero((inside == BEGIN) | (inside == SINGLE))
    ends = np.flatnonzero((inside == END) | (inside == SINGLE)) + 1
    return tuple(
        Span(int(start), int(end), labels[(int(tags[start]) - 1) // 4])
        for start, end in zip(starts, ends, strict=True)
    )


@nb.njit(cache=True, nogil=True)
def best_tags(
    emissions: NDArray[np.float32],
    steps: NDArray[np.float32],
    first: NDArray[np.float32],
    last: NDArray[np.float32],
) -> NDArray[np.int64]:
    """The tags of the highest score, shape (length,), for emissions (length, tags), length at least 1."""
    length, tags = emissions.shape
    came_from = np.zeros((length, tags), np.int16)
    score = first + emissions[0]
    new = np.empty(tags, np.float32)
    for place in range(1, length):
        origin = came_from[place]
        new[:] = score[0] + steps[0]
        for before in range(1, tags):
            known, row = score[before], steps[before]
            # Tags in the inner loop, without a branch: the compiler makes vectors of it.
            for tag in range(tags):
                value = known + row[tag]
                better = value > new[tag]
                new[tag] = value if better else new[tag]
                origin[tag] = before if better else origin[tag]
        score[:] = new + emissions[place]
    result = np.empty(length, np.int64)
    result[length - 1] = np.argmax(score + last)
    for place in range(length - 1, 0, -1):
        result[place - 1] = came_from[place, result[place]]
    return result


@nb.njit(cache=True, nogil=True)
def confidences(
    emissions: NDArray[np.float32],
    crf: tuple[NDArray[np.float32], NDArray[np.float32], NDArray[np.float32]],
    path: NDArray[np.int64],
    spans: NDArray[np.int64],
) -> NDArray[np.float64]:
    """The probability, under the CRF, of the tags that `path` has in each span, shape (spans,).

    `spans` are (spans, 2), from the first place to before the second; `crf` the tables of `best_tags`. Forward and
    backward sums, scaled at each place.
    """
    steps, first, last = crf
    length, tags = emissions.shape
    weight = np.exp(steps)
    turned = np.ascontiguousarray(weight.T)
    local = np.empty((length, tags), np.float32)
    forward = np.zeros((length, tags), np.float32)
    backward = np.zeros((length, tags), np.float32)
    scale = np.empty(length, np.float32)
    for place in range(length):
        local[place] = np.exp(emissions[place] - emissions[place].max())
        row = forward[place]
        if place == 0:
            row[:] = np.exp(first)
        else:
            for before in range(tags):
                known = forward[place - 1, before]
                for tag in range(tags):
                    row[tag] += known * weight[before, tag]
        row *= local[place]
        scale[place] = row.sum()
        row /= scale[place]
    backward[length - 1] = np.exp(last)
    whole = (forward[length - 1] * backward[length - 1]).sum()
    for place in range(length - 2, -1, -1):
        row = backward[place]
        for after in range(tags):
            known = local[place + 1, after] * backward[place + 1, after] / scale[place + 1]
            for tag in range(tags):
                row[tag] += known * turned[after, tag]
    result = np.empty(len(spans))
    for number in range(len(spans)):
        start, end = spans[number]
        share = forward[start, path[start]]
        for place in range(start + 1, end):
            share *= weight[path[place - 1], path[place]] * local[place, path[place]] / scale[place]
        result[number] = share * backward[end - 1, path[end - 1]] / whole
    return result
