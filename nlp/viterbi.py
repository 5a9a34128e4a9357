"""Tag sequences: the BIOES scheme, which steps it allows, and the best sequence under a CRF (Viterbi)."""

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
        for tag in range(tags):
            new[tag] = score[0] + steps[0, tag]
        for before in range(1, tags):
            for tag in range(tags):
                value = score[before] + steps[before, tag]
                if value > new[tag]:
                    new[tag] = value
                    came_from[place, tag] = before
        for tag in range(tags):
            score[tag] = new[tag] + emissions[place, tag]
    result = np.empty(length, np.int64)
    result[length - 1] = np.argmax(score + last)
    for place in range(length - 1, 0, -1):
        result[place - 1] = came_from[place, result[place]]
    return result
