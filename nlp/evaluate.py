"""Measure a shipped model on a labelled file: `python -m nlp.evaluate TASK FILE` prints one line of JSON."""

from __future__ import annotations

import argparse
import json
import sys
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from pathlib import Path
from typing import cast

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
from nlp.tagger import MODELS, Classifier, SentenceEncoder, Tagger

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


def _tagged(
    examples: Sequence[Example], task: str, folder: Path
) -> tuple[list[TaggedText], list[tuple[Span, ...]]]:
    tagged = cast("list[TaggedText]", list(examples))
    return tagged, Tagger(task, folder).spans([example.text for example in tagged])


def _spans(task: str, examples: Sequence[Example], folder: Path) -> Figures:
    tagged, found = _tagged(examples, task, folder)
    return tagging_figures([example.spans for example in tagged], found)


def _name_sets(task: str, examples: Sequence[Example], folder: Path) -> Figures:
    tagged, found = _tagged(examples, task, folder)
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


UNRELATED = "unknown"


def _classes(task: str, examples: Sequence[Example], folder: Path) -> Figures:
    labelled = cast("list[LabelledText]", list(examples))
    classifier = Classifier(task, folder)
    marks = [example.marks for example in labelled] if classifier.model.marks else None
    found = [label for label, _ in classifier.best([example.text for example in labelled], marks)]
    none = UNRELATED if task == "finre" else None
    return class_figures([example.label for example in labelled], found, none)


def _similarity(task: str, examples: Sequence[Example], folder: Path) -> Figures:
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


def _events(task: str, examples: Sequence[Example], folder: Path) -> Figures:
    """Triggers, then the arguments of the triggers that were found."""
    told = cast("list[EventText]", list(examples))
    texts = [example.text for example in told]
    triggers = Tagger(f"{task}_trigger", folder).spans(texts)
    gold = [sorted({event.trigger for event in example.events}) for example in told]
    asked = [(number, trigger) for number, found in enumerate(triggers) for trigger in found]
    answers = Tagger(f"{task}_argument", folder).spans(
        [texts[number] for number, _ in asked], [(trigger,) for _, trigger in asked]
    )
    arguments: list[set[object]] = [set() for _ in told]
    for (number, trigger), spans in zip(asked, answers, strict=True):
        arguments[number] |= {(trigger.label, span) for span in spans}
    return {
        "trigger": tagging_figures(gold, triggers),
        "argument": f1_figures(zip(map(argument_labels, told), arguments, strict=True)),
    }


MEASURES: dict[str, Callable[[str, Sequence[Example], Path], Figures]] = {
    "cluener": _spans,
    "resume": _spans,
    "finner": _name_sets,
    "finese": _name_sets,
    "finfe": _classes,
    "news_sentiment": _classes,
    "finre": _classes,
    "fewfc": _events,
    "stsb": _similarity,
}


def evaluate(task: str, examples: Sequence[Example], folder: Path = MODELS) -> Figures:
    """The task's figures on examples; `NotFound` for an unknown task or one without a model."""
    if task not in MEASURES:
        raise NotFound(f"no task {task!r}; there are: {', '.join(MEASURES)}", hint="name one of these")
    return {"task": task, "n": len(examples), **MEASURES[task](task, examples, folder)}


def main(arguments: Sequence[str] | None = None) -> int:
    """The command line; errors go to stderr with exit code 1."""
    parser = argparse.ArgumentParser(prog="python -m nlp.evaluate", description=__doc__)
    parser.add_argument("task", help=", ".join(READERS))
    parser.add_argument("file", type=Path, help="a file in the task's public format")
    parser.add_argument(
        "--carved", action="store_true", help="only the texts that the split keeps out of training"
    )
    given = parser.parse_args(arguments)
    try:
        if given.task not in READERS:
            evaluate(given.task, [])
        examples = read(given.task, given.file)
        if given.carved:
            examples = [example for example in examples if in_dev(example.text)]
        figures = evaluate(given.task, examples)
    except GuanxiError as error:
        print(f"错误 / Error: {error}\n{error.hint}", file=sys.stderr)  # noqa: T201 - a command line
        return 1
    print(json.dumps(figures, ensure_ascii=False))  # noqa: T201 - its product
    return 0


if __name__ == "__main__":
    sys.exit(main())
