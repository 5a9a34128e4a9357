"""The shared encoder's output for texts of any length, as one table for a few texts at a time."""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Final

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from nlp.encoder import Vectors
from nlp.tagger import CONTEXT, WINDOW, Piece, batches, sections

Floats = NDArray[np.float32]

AT_ONCE: Final = 65_536
"""Characters whose states are held at a time, 1 KB each."""


@dataclass(frozen=True, slots=True)
class Unit:
    """Characters `start` to `end` of text `text`, decoded as one; its states begin at row `offset` of the table."""

    text: int
    start: int
    end: int
    offset: int

    @property
    def rows(self) -> slice:
        """Where its states are."""
        return slice(self.offset, self.offset + self.end - self.start)


@dataclass(frozen=True, slots=True)
class Encoded:
    """Units and the states of all their characters, (characters, width)."""

    texts: Sequence[str]
    units: tuple[Unit, ...]
    states: Floats

    def of(self, start: int, end: int) -> Floats:
        """States of characters `start` to `end` of the only text, which lie in one unit."""
        unit = self.units[bisect_right(self.units, start, key=lambda u: u.start) - 1]
        return self.states[unit.offset + start - unit.start : unit.offset + end - unit.start]


def session(path: Path, threads: int) -> ort.InferenceSession:
    """A network, on so many threads a run."""
    options = ort.SessionOptions()
    options.intra_op_num_threads = threads
    options.inter_op_num_threads = 1
    # Fused, the sum before a layer normalisation and the normalisation take five times as long as apart.
    return ort.InferenceSession(
        str(path), options, providers=["CPUExecutionProvider"], disabled_optimizers=["SkipLayerNormFusion"]
    )


class Encoder:
    """Texts to states."""

    def __init__(self, path: Path, vectors: Vectors, threads: int) -> None:
        self.vectors = vectors
        self._network = session(path, threads)
        self.width = int(self._network.get_outputs()[0].shape[2])

    def encode(self, texts: Sequence[str]) -> Iterator[Encoded]:
        """States of all texts, in order; of a long text in several parts that end at a sentence."""
        units: list[Unit] = []
        size = 0
        for number, text in enumerate(texts):
            for start, end in sections(text):
                if units and size + end - start > AT_ONCE:
                    yield self._encoded(texts, units)
                    units, size = [], 0
                units.append(Unit(number, start, end, size))
                size += end - start
        if units:
            yield self._encoded(texts, units)

    def places(self, text: str, places: Iterable[tuple[int, int]]) -> Encoded:
        """States of some places (start, end) of a text, as in the whole; places near to each other are one unit."""
        units: list[Unit] = []
        for start, end in sorted(places):
            if units and start <= units[-1].end + 2 * CONTEXT:
                units[-1] = replace(units[-1], end=max(end, units[-1].end))
            else:
                offset = units[-1].rows.stop if units else 0
                units.append(Unit(0, start, end, offset))
        return self._encoded([text], units)

    def part(self, text: str, start: int, end: int) -> Floats:
        """States of characters `start` to `end` of a text, as in the whole, (end - start, width)."""
        return self._encoded([text], [Unit(0, start, end, 0)]).states

    def _encoded(self, texts: Sequence[str], units: Sequence[Unit]) -> Encoded:
        states = np.empty((sum(unit.end - unit.start for unit in units), self.width), np.float32)
        for batch in batches(list(_windows(texts, units))):
            parts = [texts[units[piece.text].text][piece.start : piece.end] for piece in batch]
            embedded, mask = self.vectors.embed(parts)
            rows = np.asarray(self._network.run(None, {"vectors": embedded, "mask": mask})[0])
            for row, piece in zip(rows, batch, strict=True):
                unit = units[piece.text]
                first = unit.offset + piece.keep_start - unit.start
                kept = row[piece.keep_start - piece.start : piece.keep_end - piece.start]
                states[first : first + len(kept)] = kept
        return Encoded(texts, tuple(units), states)


def _windows(texts: Sequence[str], units: Sequence[Unit]) -> Iterator[Piece]:
    """Pieces that cover the units, each with context; `Piece.text` is the number of the unit."""
    for number, unit in enumerate(units):
        length = len(texts[unit.text])
        for start in range(unit.start, unit.end, WINDOW):
            end = min(start + WINDOW, unit.end)
            yield Piece(number, max(start - CONTEXT, 0), min(end + CONTEXT, length), start, end)
