"""Measure the shipped models on a labelled file: `python -m nlp.evaluate TASK FILE` prints one line of JSON.

A task is read by the model of its own where one ships, else, or with `--shared`, by the shared encoder's head.
"""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import Protocol, cast

import numpy as np
from scipy.stats import spearmanr

from graph.errors import GuanxiError, NotFound
from nlp.datasets import (
    READERS,
    EventText,
    Example,
    LabelledText,
    Span,
    TaggedText,
    TextPair,
    in_dev,
    read,
)
from nlp.shared import ARGUMENT, NEGATIVE, RELATION, UNRELATED, SharedReader, heads_of, relation_of
from nlp.tagger import MODELS, Classifier, SentenceEncoder, Tagger, available

Figures = dict[str, object]


def f1_figures(pairs: Iterable[tuple[set[object], set[object]]]) -> Figures:
    """Micro precision, recall and F1 over (gold, found) sets."""
    right = found = gold = 0
    for wanted, got in pairs:
        right += len(wanted & got)
        found += len(got)
        gold += len(wanted)
    precision = right / found if found else 0.0
    recall = right / gold if gold else 0.0
    f1 = 2 * precision * recall / (precision + recall) if right else 0.0
    return {"precision": round(precision, 4), "recall": round(recall, 4), "f1": round(f1, 4)}


def by_label(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> dict[str, Figures]:
    """`f1_figures` for each label."""
    labels = sorted({span.label for spans in gold for span in spans})
    return {
        label: f1_figures(
            ({s for s in wanted if s.label == label}, {s for s in got if s.label == label})
            for wanted, got in zip(gold, found, strict=True)
        )
        for label in labels
    }


def tagging_figures(gold: Sequence[Sequence[Span]], found: Sequence[Sequence[Span]]) -> Figures:
    """Exact spans with their labels."""
    whole = f1_figures((set(wanted), set(got)) for wanted, got in zip(gold, found, strict=True))
    return {**whole, "labels": by_label(gold, found)}


def _names(text: str, spans: Iterable[Span]) -> set[object]:
    return {(span.label, text[span.start : span.end]) for span in spans}


def name_figures(examples: Sequence[TaggedText], found: Sequence[Sequence[Span]]) -> Figures:
    """Sets of (label, words) of each text: for data whose labels have no offsets."""
    return f1_figures(
        (_names(example.text, example.spans), _names(example.text, spans))
        for example, spans in zip(examples, found, strict=True)
    )


def class_figures(gold: Sequence[str], found: Sequence[str], none: str | None = None) -> Figures:
    """Accuracy, macro F1, and micro F1 over the labels other than `none`."""
    counts = Counter(zip(gold, found, strict=True))
    scores = []
    for label in sorted(set(gold)):
        right = counts[label, label]
        total = sum(n for (g, f), n in counts.items() if label in {g, f})
        scores.append(2 * right / (total + right) if right else 0.0)
    figures: Figures = {
        "accuracy": round(sum(counts[label, label] for label in set(gold)) / max(len(gold), 1), 4),
        "macro_f1": round(float(np.mean(scores)), 4) if scores else 0.0,
    }
    if none is not None:
        pairs = zip(gold, found, strict=True)
        figures |= f1_figures((set[object]({g} - {none}), set[object]({f} - {none})) for g, f in pairs)
    return figures


Spans = tuple[Span, ...]


class Reader(Protocol):
    """What is measured."""

    def spans(self, name: str, texts: Sequence[str]) -> list[Spans]:
        """Spans of each text."""

    def best(self, name: str, texts: Sequence[str], marks: Sequence[Spans]) -> list[str]:
        """The likeliest label of each text, or of what is marked in it."""

    def events(self, texts: Sequence[str]) -> list[list[tuple[Span, Spans]]]:
        """Triggers of each text, each with its arguments."""


class OwnModels:
    """A model for each task."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def spans(self, name: str, texts: Sequence[str]) -> list[Spans]:
        """As `Reader`."""
        return Tagger(name, self._folder).spans(texts)

    def best(self, name: str, texts: Sequence[str], marks: Sequence[Spans]) -> list[str]:
        """As `Reader`."""
        classifier = Classifier(name, self._folder)
        given = marks if classifier.model.marks else None
        return [label for label, _ in classifier.best(texts, given)]

    def events(self, texts: Sequence[str]) -> list[list[tuple[Span, Spans]]]:
        """As `Reader`."""
        triggers = self.spans("fewfc_trigger", texts)
        asked = [(number, trigger) for number, found in enumerate(triggers) for trigger in found]
        answers = Tagger("fewfc_argument", self._folder).spans(
            [texts[number] for number, _ in asked], [(trigger,) for _, trigger in asked]
        )
        events: list[list[tuple[Span, Spans]]] = [[] for _ in texts]
        for (number, trigger), spans in zip(asked, answers, strict=True):
            events[number].append((trigger, spans))
        return events


AT_ONCE = 64


class SharedModel:
    """The heads of the shared encoder."""

    def __init__(self, folder: Path) -> None:
        self._folder = folder

    def spans(self, name: str, texts: Sequence[str]) -> list[Spans]:
        """As `Reader`."""
        reader = SharedReader([name], self._folder)
        return [
            tuple(found.span for found in text.spans[name])
            for start in range(0, len(texts), AT_ONCE)
            for text in reader.read(texts[start : start + AT_ONCE])
        ]

    def best(self, name: str, texts: Sequence[str], marks: Sequence[Spans]) -> list[str]:
        """As `Reader`."""
        reader = SharedReader([name], self._folder)
        best: list[str] = []
        for start in range(0, len(texts), AT_ONCE):
            found = reader.read(texts[start : start + AT_ONCE])
            if name != RELATION:
                best += [max(text.labels[name], key=text.labels[name].__getitem__) for text in found]
                continue
            pairs = [[(ends[0], ends[1])] if len(ends) > 1 else [] for ends in marks[start : start + AT_ONCE]]
            answers = reader.relations(found, pairs)
            best += [relation_of(some[0]) if some else UNRELATED for some in answers]
        return best

    def events(self, texts: Sequence[str]) -> list[list[tuple[Span, Spans]]]:
        """As `Reader`."""
        reader = SharedReader([ARGUMENT], self._folder)
        return [
            [(event.trigger.span, tuple(a.span for a in event.arguments)) for event in text.events]
            for start in range(0, len(texts), AT_ONCE)
            for text in reader.read(texts[start : start + AT_ONCE])
        ]


def _tagged(examples: Sequence[Example], task: str, reader: Reader) -> tuple[list[TaggedText], list[Spans]]:
    tagged = cast("list[TaggedText]", list(examples))
    return tagged, reader.spans(task, [example.text for example in tagged])


def _spans(task: str, examples: Sequence[Example], reader: Reader) -> Figures:
    tagged, found = _tagged(examples, task, reader)
    return tagging_figures([example.spans for example in tagged], found)


def _name_sets(task: str, examples: Sequence[Example], reader: Reader) -> Figures:
    tagged, found = _tagged(examples, task, reader)
    labels = label_set_figures(
        [{span.label for span in example.spans} for example in tagged],
        [{span.label for span in spans} for spans in found],
    )
    return {
        **name_figures(tagged, found),
        "labels_of_text": labels,
        "spans": tagging_figures([e.spans for e in tagged], found),
    }


def label_set_figures(gold: Sequence[set[str]], found: Sequence[set[str]]) -> Figures:
    """Which labels a text has at all, wherever they stand."""
    return f1_figures(
        (set[object](wanted), set[object](got)) for wanted, got in zip(gold, found, strict=True)
    )


def _classes(task: str, examples: Sequence[Example], reader: Reader) -> Figures:
    labelled = cast("list[LabelledText]", list(examples))
    found = reader.best(task, [e.text for e in labelled], [e.marks for e in labelled])
    none = UNRELATED if task == RELATION else None
    return class_figures([example.label for example in labelled], found, none)


def similarity_figures(task: str, examples: Sequence[Example], folder: Path) -> Figures:
    """Whether pairs come in the right order of likeness."""
    pairs = cast("list[TextPair]", list(examples))
    encoder = SentenceEncoder(task, folder)
    left, right = (
        encoder.encode([pair.left for pair in pairs]),
        encoder.encode([pair.right for pair in pairs]),
    )
    likeness = (left * right).sum(1)
    dice = [_dice(pair.left, pair.right) for pair in pairs]
    gold = [pair.score for pair in pairs]
    return {
        "spearman": round(float(spearmanr(likeness, gold).statistic), 4),
        "character_dice": round(float(spearmanr(dice, gold).statistic), 4),
    }


def _dice(left: str, right: str) -> float:
    common = (Counter(left) & Counter(right)).total()
    return 2 * common / max(len(left) + len(right), 1)


def argument_labels(example: EventText) -> set[object]:
    """The arguments of a text's events: event type, role and place."""
    return {(event.type, span) for event in example.events for span in event.arguments}


def _of_type(example: EventText, type_: str) -> EventText:
    return EventText(example.text, tuple(event for event in example.events if event.type == type_))


def _events(_: str, examples: Sequence[Example], reader: Reader) -> Figures:
    """Triggers, and the arguments of the triggers that were found; both for each type.

    Of types that a text's file does not label at all, nothing counts: whether what was found is right is not known.
    """
    told = cast("list[EventText]", list(examples))
    found = [
        [(trigger, spans) for trigger, spans in events if trigger.label in example.types]
        for example, events in zip(told, reader.events([example.text for example in told]), strict=True)
    ]
    gold = [sorted({event.trigger for event in example.events}) for example in told]
    arguments: list[set[object]] = [
        {(trigger.label, span) for trigger, spans in events for span in spans} for events in found
    ]
    types = sorted({event.type for example in told for event in example.events})
    by_type = {
        type_: f1_figures(
            (
                argument_labels(_of_type(example, type_)),
                {a for a in some if cast("tuple[str, Span]", a)[0] == type_},
            )
            for example, some in zip(told, arguments, strict=True)
        )
        for type_ in types
    }
    return {
        "trigger": tagging_figures(gold, [[trigger for trigger, _ in events] for events in found]),
        "argument": {
            **f1_figures(zip(map(argument_labels, told), arguments, strict=True)),
            "labels": by_type,
        },
    }


MEASURES: dict[str, Callable[[str, Sequence[Example], Reader], Figures]] = {
    "cluener": _spans,
    "resume": _spans,
    "finner": _name_sets,
    "finese": _name_sets,
    "finfe": _classes,
    "news_sentiment": _classes,
    "finre": _classes,
    "fewfc": _events,
}
SIMILARITY = "stsb"


def reader_of(task: str, folder: Path, *, shared: bool = False) -> Reader:
    """The task's own model, or the shared one where that is asked for or there is no other."""
    names = {task, ARGUMENT} if task == "fewfc" else {task}
    own = bool(names & set(available(folder))) and task != NEGATIVE
    if not own and not names & set(heads_of(folder)):
        raise NotFound(f"no model for {task!r}", hint="make models trains them")
    return SharedModel(folder) if shared or not own else OwnModels(folder)


def evaluate(
    task: str, examples: Sequence[Example], folder: Path = MODELS, *, shared: bool = False
) -> Figures:
    """The task's figures on examples; `NotFound` for an unknown task or one without a model."""
    if task not in {*MEASURES, SIMILARITY}:
        raise NotFound(f"no task {task!r}; there are: {', '.join(READERS)}", hint="name one of these")
    if task == SIMILARITY:
        return {"task": task, "n": len(examples), **similarity_figures(task, examples, folder)}
    reader = reader_of(task, folder, shared=shared)
    return {"task": task, "n": len(examples), **MEASURES[task](task, examples, reader)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; errors go to stderr with exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluate", description=__doc__)
    parser.add_argument("task", help=", ".join(READERS))
    parser.add_argument("file", type=Path, help="a file in the task's public format")
    parser.add_argument(
        "--carved", action="store_true", help="only the texts that the split keeps out of training"
    )
    parser.add_argument(
        "--shared", action="store_true", help="the shared encoder's head, not a model of the task alone"
    )
    given = parser.parse_args(arguments)
    try:
        if given.task not in READERS:
            evaluate(given.task, [])
        examples = read(given.task, given.file)
        if given.carved:
            examples = [example for example in examples if in_dev(example.text)]
        figures = evaluate(given.task, examples, shared=given.shared)
    except GuanxiError as error:
        print(f"错误 / Error: {error}\n{error.hint}", file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print(json.dumps(figures, ensure_ascii=False))  # noqa: T201 - its product
    return 0


if __name__ == "__main__":
    sys.exit(main())
