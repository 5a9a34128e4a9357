"""The models that ship for one task each, run by onnxruntime: spans, labels and sentence vectors of Chinese text.

Most reading is done by the one encoder with many heads, `nlp.shared.SharedReader`:

    reader = SharedReader(["cluener", "fewfc_argument", "finese", "news_sentiment", "finre"])
    found = reader.read(texts)                # one `Found` a text: spans, labels, events, each with its probability
    found[0].spans["cluener"]                 # (Scored(start, end, label, confidence), …)
    found[0].labels["news_sentiment"]         # {"0": 0.61, "1": 0.39}
    found[0].events                           # (FoundEvent(trigger: Scored, arguments: (Scored, …)), …)
    reader.relations(found, pairs)            # by text, by pair (head, tail): {relation: probability}
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from functools import cached_property, lru_cache
from pathlib import Path

import numpy as np
import onnxruntime as ort
from numpy.typing import NDArray

from graph.errors import DataError, NotFound
from nlp.datasets import Span
from nlp.encoder import Vectors, load_vectors
from nlp.viterbi import best_tags, decode

MODELS = Path(__file__).parent / "models"

CONTEXT = 24
"""Characters that a window sees beyond each end; more than the network can look, so windows change nothing."""

WINDOW = 464
SECTION = 20_000
"""Longer texts are decoded in sections that end at a line or a sentence."""

BATCH_CHARACTERS = 512
"""What one run takes, padding included: more than this leaves the processor's cache and is slower."""
HEAD = 512
"""A text's label and vector come from its first characters."""


@lru_cache(maxsize=4)
def vectors_of(folder: Path) -> Vectors:
    """The embedding tables that all models of a folder share."""
    return load_vectors(folder / "vectors" / "vectors.npz")


def available(folder: Path = MODELS) -> tuple[str, ...]:
    """The names of the models in a folder."""
    return tuple(sorted(path.parent.name for path in folder.glob("*/model.onnx")))


@dataclass(frozen=True)
class Piece:
    """Characters `start` to `end` of text number `text`, of which `keep_start` to `keep_end` are wanted."""

    text: int
    start: int
    end: int
    keep_start: int
    keep_end: int


def windows(number: int, length: int) -> Iterator[Piece]:
    """Pieces that together cover a text of `length` characters, each with context."""
    for start in range(0, length, WINDOW):
        end = min(start + WINDOW, length)
        yield Piece(number, max(start - CONTEXT, 0), min(end + CONTEXT, length), start, end)


def batches(pieces: Sequence[Piece]) -> Iterator[list[Piece]]:
    """Pieces of like length together, at most `BATCH_CHARACTERS` with their padding."""
    batch: list[Piece] = []
    longest = 0
    for piece in sorted(pieces, key=lambda p: (p.end - p.start, p.text, p.start)):
        longest = max(longest, piece.end - piece.start)
        if batch and longest * (len(batch) + 1) > BATCH_CHARACTERS:
            yield batch
            batch, longest = [], piece.end - piece.start
        batch.append(piece)
    if batch:
        yield batch


def sections(text: str) -> Iterator[tuple[int, int]]:
    """Parts of a text of at most `SECTION` characters, cut after a line or a sentence where there is one."""
    start = 0
    while len(text) - start > SECTION:
        limit = start + SECTION
        cut = max(text.rfind(end, start + SECTION // 2, limit) for end in "\n。")
        end = cut + 1 if cut >= 0 else limit
        yield start, end
        start = end
    if start < len(text):
        yield start, len(text)


class Model:
    """One network of `nlp/models`: `NotFound` for a name without a model, `DataError` for a damaged one."""

    def __init__(self, name: str, folder: Path = MODELS, threads: int = 1) -> None:
        self.name = name
        self.folder = folder
        if name not in available(folder):
            raise NotFound(
                f"no model {name!r}; there are: {', '.join(available(folder)) or 'none'}",
                hint="make models trains them",
            )
        options = ort.SessionOptions()
        options.intra_op_num_threads = threads
        options.inter_op_num_threads = 1
        try:
            about = json.loads((folder / name / "model.json").read_text(encoding="utf-8"))
            self.kind: str = about["kind"]
            self.labels: tuple[str, ...] = tuple(about["labels"])
            self.marks: tuple[str, ...] = tuple(about["marks"])
            self._session = ort.InferenceSession(
                str(folder / name / "model.onnx"), options, providers=["CPUExecutionProvider"]
            )
        except Exception as error:
            raise DataError(
                f"{folder / name}: the model cannot be read: {error}", hint="install the package again"
            ) from error

    @cached_property
    def vectors(self) -> Vectors:
        """The embedding tables."""
        return vectors_of(self.folder)

    def _marks(self, piece: Piece, marks: Sequence[Span], width: int) -> NDArray[np.int64]:
        row = np.zeros(width, np.int64)
        for mark in marks:
            first, last = max(mark.start - piece.start, 0), max(mark.end - piece.start, 0)
            row[first : min(last, piece.end - piece.start)] = 1 + self.marks.index(mark.label)
        return row

    def run(
        self, texts: Sequence[str], pieces: Sequence[Piece], marks: Sequence[Sequence[Span]] | None = None
    ) -> NDArray[np.float32]:
        """The network's output for pieces of texts, taken as one batch."""
        embedded, mask = self.vectors.embed([texts[p.text][p.start : p.end] for p in pieces])
        feed = {"vectors": embedded, "mask": mask}
        if self.marks:
            given = marks or [()] * len(texts)
            feed["marks"] = np.stack([self._marks(p, given[p.text], mask.shape[1]) for p in pieces])
        return np.asarray(self._session.run(None, feed)[0], np.float32)


class Tagger:
    """Spans of texts: company, person, … as the model's labels name them."""

    def __init__(self, name: str, folder: Path = MODELS, threads: int = 1) -> None:
        self.model = Model(name, folder, threads)
        if self.model.kind != "tagging":
            raise DataError(
                f"the model {name!r} is for {self.model.kind}, not for tagging", hint="name a tagging model"
            )
        with np.load(folder / name / "crf.npz") as stored:
            self._steps, self._first, self._last = stored["steps"], stored["first"], stored["last"]

    @property
    def labels(self) -> tuple[str, ...]:
        """What a span can be."""
        return self.model.labels

    def spans(
        self, texts: Sequence[str], marks: Sequence[Sequence[Span]] | None = None
    ) -> list[tuple[Span, ...]]:
        """The spans of each text, in order, without overlaps; offsets index the text as given."""
        found: list[tuple[Span, ...]] = [()] * len(texts)
        short = [number for number, text in enumerate(texts) if 0 < len(text) <= SECTION]
        for number, emissions in self._emissions(texts, short, marks):
            found[number] = self._decode(emissions)
        for number, text in enumerate(texts):
            if len(text) > SECTION:
                found[number] = self._long(text, marks[number] if marks else ())
        return found

    def _long(self, text: str, marks: Sequence[Span]) -> tuple[Span, ...]:
        spans: list[Span] = []
        for start, end in sections(text):
            first, last = max(start - CONTEXT, 0), min(end + CONTEXT, len(text))
            moved = [
                Span(m.start - first, m.end - first, m.label)
                for m in marks
                if m.end > first and m.start < last
            ]
            [(_, emissions)] = self._emissions([text[first:last]], [0], [moved])
            inner = self._decode(emissions[start - first : end - first])
            spans += [Span(span.start + start, span.end + start, span.label) for span in inner]
        return tuple(spans)

    def _decode(self, emissions: NDArray[np.float32]) -> tuple[Span, ...]:
        return decode(best_tags(emissions, self._steps, self._first, self._last), self.labels)

    def _emissions(
        self, texts: Sequence[str], wanted: Sequence[int], marks: Sequence[Sequence[Span]] | None
    ) -> Iterator[tuple[int, NDArray[np.float32]]]:
        """Emissions of the wanted texts, (length, tags), as soon as all windows of a text are through."""
        pieces = [piece for number in wanted for piece in windows(number, len(texts[number]))]
        waiting = {number: -(-len(texts[number]) // WINDOW) for number in wanted}
        parts: dict[int, NDArray[np.float32]] = {}
        for batch in batches(pieces):
            result = self.model.run(texts, batch, marks)
            for row, piece in zip(result, batch, strict=True):
                number = piece.text
                if number not in parts:
                    parts[number] = np.empty((len(texts[number]), row.shape[1]), np.float32)
                kept = row[piece.keep_start - piece.start : piece.keep_end - piece.start]
                parts[number][piece.keep_start : piece.keep_end] = kept
                waiting[number] -= 1
                if not waiting[number]:
                    yield number, parts.pop(number)


def heads(texts: Sequence[str], marks: Sequence[Sequence[Span]] | None) -> Iterator[Piece]:
    """The characters of each text that its label is read from: the first, or those around its marks."""
    for number, text in enumerate(texts):
        places = [mark.end for mark in marks[number]] if marks else []
        start = max(max(places, default=0) - HEAD + CONTEXT, 0)
        end = min(start + HEAD, len(text))
        if end:
            yield Piece(number, start, end, start, end)


class Classifier:
    """One label of each text, with its probability."""

    def __init__(self, name: str, folder: Path = MODELS, threads: int = 1) -> None:
        self.model = Model(name, folder, threads)
        if self.model.kind != "classifying":
            raise DataError(
                f"the model {name!r} is for {self.model.kind}, not for labels", hint="name another model"
            )

    @property
    def labels(self) -> tuple[str, ...]:
        """What a text can be."""
        return self.model.labels

    def probabilities(
        self, texts: Sequence[str], marks: Sequence[Sequence[Span]] | None = None
    ) -> NDArray[np.float32]:
        """Probability of each label, (texts, labels); an empty text gets none, zeros."""
        result = np.zeros((len(texts), len(self.labels)), np.float32)
        for batch in batches(list(heads(texts, marks))):
            scores = self.model.run(texts, batch, marks)
            powers = np.exp(scores - scores.max(axis=1, keepdims=True))
            result[[piece.text for piece in batch]] = powers / powers.sum(axis=1, keepdims=True)
        return result

    def best(
        self, texts: Sequence[str], marks: Sequence[Sequence[Span]] | None = None
    ) -> list[tuple[str, float]]:
        """The likeliest label and its probability; ("", 0.0) for an empty text."""
        table = self.probabilities(texts, marks)
        return [(self.labels[row.argmax()], float(row.max())) if row.any() else ("", 0.0) for row in table]


class SentenceEncoder:
    """Texts as unit vectors whose product says how alike two texts are."""

    def __init__(self, name: str, folder: Path = MODELS, threads: int = 1) -> None:
        self.model = Model(name, folder, threads)
        if self.model.kind != "embedding":
            raise DataError(
                f"the model {name!r} is for {self.model.kind}, not for vectors", hint="name another model"
            )
        self.size = len(self.model.run(["。"], [Piece(0, 0, 1, 0, 1)])[0])

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Unit vectors, (texts, size); zeros for an empty text."""
        result = np.zeros((len(texts), self.size), np.float32)
        for batch in batches(list(heads(texts, None))):
            result[[piece.text for piece in batch]] = self.model.run(texts, batch)
        return result
