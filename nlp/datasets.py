"""Readers of the public data sets in their own formats, and the split that keeps a tenth of each unseen."""

from __future__ import annotations

import csv
import hashlib
import json
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from graph.errors import DataError

DEV_SHARE = 10
"""One text in so many is carved off for measuring and never trained on."""


@dataclass(frozen=True, order=True)
class Span:
    """Characters `start` to `end` (exclusive) of a text, and what they are."""

    start: int
    end: int
    label: str


@dataclass(frozen=True)
class TaggedText:
    """A text with its spans; `marks` are spans given as input (a trigger, when its arguments are asked)."""

    text: str
    spans: tuple[Span, ...]
    marks: tuple[Span, ...] = ()


@dataclass(frozen=True)
class LabelledText:
    """A text with one label; `marks` name the parts that the label is about (the two ends of a relation)."""

    text: str
    label: str
    marks: tuple[Span, ...] = ()


@dataclass(frozen=True)
class TextPair:
    """Two sentences and how alike they are, 0 (nothing in common) to 5 (the same)."""

    left: str
    right: str
    score: float

    @property
    def text(self) -> str:
        """The sentence that the split goes by."""
        return self.left


@dataclass(frozen=True)
class Event:
    """An event of a text: its type, its trigger, and its arguments by role."""

    type: str
    trigger: Span
    arguments: tuple[Span, ...] = field(default=())


@dataclass(frozen=True)
class EventText:
    """A text with the events that it tells; `types` are those that its file labels at all."""

    text: str
    events: tuple[Event, ...]
    types: frozenset[str] = frozenset()


Example = TaggedText | LabelledText | TextPair | EventText


def in_dev(text: str) -> bool:
    """Whether a text belongs to the carved split: decided by its characters alone, spaces and width aside."""
    plain = "".join(unicodedata.normalize("NFKC", text).split())
    digest = hashlib.blake2b(plain.encode("utf-8", "surrogatepass"), digest_size=8).digest()
    return int.from_bytes(digest, "big") % DEV_SHARE == 0


def read(task: str, path: Path) -> list[Example]:
    """All examples of `path` in the public format of `task`; `DataError` names the file when it is not that."""
    try:
        return list(READERS[task](path))
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(f"{path}: cannot be read: {error}", hint="give a UTF-8 file that exists") from error
    except (ValueError, KeyError, TypeError, IndexError, AttributeError) as error:
        raise DataError(
            f"{path}: not in the public format of {task}: {type(error).__name__}: {error}",
            hint="docs/nlp.md lists the formats",
        ) from error


def _json_lines(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                yield json.loads(line)


def _cluener(path: Path) -> Iterator[TaggedText]:
    for row in _json_lines(path):
        spans = {
            Span(start, end + 1, label)
            for label, names in row.get("label", {}).items()
            for places in names.values()
            for start, end in places
        }
        yield TaggedText(row["text"], tuple(sorted(spans)))


def _resume(path: Path) -> Iterator[TaggedText]:
    """Characters with BMES tags, a blank line between sentences."""
    characters: list[str] = []
    tags: list[str] = []
    with path.open(encoding="utf-8") as lines:
        for line in [*lines, "\n"]:
            if line.strip():
                character, tag = line.split()
                characters.append(character)
                tags.append(tag)
            elif characters:
                yield TaggedText("".join(characters), spans_of_bmes(tags))
                characters, tags = [], []


def spans_of_bmes(tags: Iterable[str]) -> tuple[Span, ...]:
    """The spans of a BMES (or BIOES) tag sequence: a span that does not end as it began is no span."""
    spans = []
    start, label = -1, ""
    for place, tag in enumerate(tags):
        prefix, _, name = tag.partition("-")
        if prefix == "S":
            spans.append(Span(place, place + 1, name))
        if prefix == "B":
            start, label = place, name
        elif prefix == "E" and start >= 0 and name == label:
            spans.append(Span(start, place + 1, name))
            start = -1
        elif prefix not in {"M", "I"} or name != label:
            start = -1
    return tuple(spans)


def occurrences(text: str, part: str) -> Iterator[tuple[int, int]]:
    """Where `part` stands in `text`, left to right, without overlaps."""
    start = text.find(part) if part else -1
    while start >= 0:
        yield start, start + len(part)
        start = text.find(part, start + len(part))


def _spans_of_names(text: str, names: Iterable[tuple[str, str]]) -> tuple[Span, ...]:
    """Every occurrence of each (name, label); a longer name takes the characters first."""
    taken = [False] * len(text)
    spans = []
    for name, label in sorted(set(names), key=lambda pair: (-len(pair[0]), pair)):
        for start, end in occurrences(text, name):
            if not any(taken[start:end]):
                taken[start:end] = [True] * (end - start)
                spans.append(Span(start, end, label))
    return tuple(sorted(spans))


def _finner(path: Path) -> Iterator[TaggedText]:
    """FinNER of FinCUGE: entities as "text:type", without offsets."""
    for row in json.loads(path.read_text(encoding="utf-8")):
        text = row["text"]
        names = [name_label.rpartition(":")[::2] for name_label in row["labels"]]
        yield TaggedText(text, _spans_of_names(text, names))


NO_EVENT = "其他"


def _finese(path: Path) -> Iterator[TaggedText]:
    """FinESE of FinCUGE: rows (id, text, event type, subject); rows of one text are joined."""
    by_text: dict[str, list[tuple[str, str]]] = {}
    for _, text, event_type, subject in json.loads(path.read_text(encoding="utf-8")):
        names = by_text.setdefault(text, [])
        if event_type != NO_EVENT and subject in text:
            names.append((subject, event_type))
    for text, names in by_text.items():
        yield TaggedText(text, _spans_of_names(text, names))


def _finfe(path: Path) -> Iterator[LabelledText]:
    for text, label in json.loads(path.read_text(encoding="utf-8")):
        if label in {"0", "0.5", "1"}:
            yield LabelledText(text, label)


def _news_sentiment(path: Path) -> Iterator[LabelledText]:
    """A table with the columns 正/负面 (1 or 0) and 标题."""
    with path.open(encoding="utf-8-sig", newline="") as lines:
        for row in csv.DictReader(lines):
            yield LabelledText(row["标题"].strip(), row["正/负面"].strip())


def _finre(path: Path) -> Iterator[LabelledText]:
    """Head, tail, relation, sentence by tabs; the ends are marked where they first stand apart."""
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                head, tail, label, text = line.rstrip("\n").split("\t")
                yield LabelledText(text, label, relation_marks(text, head, tail))


def relation_marks(text: str, head: str, tail: str) -> tuple[Span, ...]:
    """The nearest pair of places of two names that do not overlap, labelled head and tail."""
    pairs = [
        (abs(one[0] - other[0]), one, other)
        for one in occurrences(text, head)
        for other in occurrences(text, tail)
        if one[1] <= other[0] or other[1] <= one[0]
    ]
    if pairs:
        _, one, other = min(pairs)
        return (Span(*one, "head"), Span(*other, "tail"))
    return tuple(
        Span(*place, label)
        for name, label in ((head, "head"), (tail, "tail"))
        for place in list(occurrences(text, name))[:1]
    )


def _fewfc(path: Path) -> Iterator[EventText]:
    """FewFC: each of its files labels some types of events and leaves all others in its texts unlabelled."""
    rows = list(_json_lines(path))
    types = frozenset(event["type"] for row in rows for event in row["events"])
    for row in rows:
        events = []
        for event in row["events"]:
            spans = [
                Span(mention["span"][0], mention["span"][1], mention["role"]) for mention in event["mentions"]
            ]
            trigger = next(Span(s.start, s.end, event["type"]) for s in spans if s.label == "trigger")
            arguments = tuple(sorted(s for s in spans if s.label != "trigger"))
            events.append(Event(event["type"], trigger, arguments))
        yield EventText(row["content"], tuple(events), types)


def _stsb(path: Path) -> Iterator[TextPair]:
    with path.open(encoding="utf-8") as lines:
        for line in lines:
            if line.strip():
                _, left, right, score = line.strip().split("||")
                yield TextPair(left, right, float(score))


READERS: dict[str, Callable[[Path], Iterator[Example]]] = {
    "cluener": _cluener,
    "resume": _resume,
    "finner": _finner,
    "finese": _finese,
    "finfe": _finfe,
    "news_sentiment": _news_sentiment,
    "finre": _finre,
    "fewfc": _fewfc,
    "stsb": _stsb,
}
