"""The models that are shipped: the recipe of each, its training, its figures and its card."""

from __future__ import annotations

import json
import logging
import time
from dataclasses import asdict
from typing import cast

import numpy as np
import torch
from torch import Tensor

from nlp.datasets import Example, LabelledText, TaggedText, TextPair
from nlp.encoder import load_vectors
from nlp.evaluate import Figures, class_figures, evaluate, label_set_figures, name_figures
from nlp.shared import NAME
from nlp.training.baseline import label_sets, names_by_list, predictions
from nlp.training.finetune import LONGEST, Prepared, Recipe, Start, argument_examples, make, ship
from nlp.training.joint import AFTERWARDS, ALONE
from nlp.training.network import Embedding
from nlp.training.sources import SOURCES, load
from nlp.training.stages import SEED, Folders, encoder_file

log = logging.getLogger(__name__)

VECTORS_ALONE = "vectors"

RECIPES = {
    "cluener": Recipe(epochs=4),
    "resume": Recipe(epochs=4),
    "finner": Recipe(),
    "news_sentiment": Recipe(encoder_rate=1e-3, head_rate=2e-3),
    "finese": Recipe(epochs=3),
    "finfe": Recipe(epochs=4, encoder_rate=1e-3, head_rate=2e-3),
    "finre": Recipe(epochs=6),
    "fewfc_trigger": Recipe(epochs=6),
    "fewfc_argument": Recipe(epochs=6),
    "stsb": Recipe(epochs=40, batch=64, head_rate=1e-3, start=VECTORS_ALONE),
}
SHIPPED = ("stsb",)
"""Models of their own that ship beside the shared one; the others can be trained to compare."""

SAMPLE = 256
"""Training texts that fix the int8 scales."""


def task_of(name: str) -> str:
    """The task that a model belongs to."""
    return name.partition("_")[0] if name.startswith("fewfc") else name


def read_encoder(name: str, folders: Folders) -> dict[str, Tensor] | None:
    """The encoder's weights of the model `name`; none for "vectors"."""
    if name == VECTORS_ALONE:
        return None
    stored: dict[str, Tensor] = torch.load(encoder_file(name, folders))
    return stored


def _sample(name: str, examples: list[Example]) -> list[Prepared]:
    chosen = examples[:: max(len(examples) // SAMPLE, 1)][:SAMPLE]
    if name == "fewfc_argument":
        chosen = list(argument_examples(chosen)[:SAMPLE])  # type: ignore[arg-type]
    made = []
    for example in chosen:
        texts = [example.left, example.right] if isinstance(example, TextPair) else [example.text]
        marks = getattr(example, "marks", ())
        made += [Prepared(text[:LONGEST], tuple(m for m in marks if m.end <= LONGEST)) for text in texts]
    return made


def train(name: str, folders: Folders, *, recipe: Recipe, share: float = 1.0) -> None:
    """Train and ship one model; `share` below 1 trains on that part only, for a learning curve."""
    started = time.monotonic()
    split = load(task_of(name), folders.data)
    examples = split.train
    if share < 1:
        chosen = np.random.default_rng(SEED).permutation(len(examples))[: int(share * len(examples))]
        examples = [examples[i] for i in sorted(chosen)]
    vectors = load_vectors(folders.models / "vectors" / "vectors.npz")
    log.info("%s: %d examples", name, len(examples))
    made = make(name, examples, Start(vectors, read_encoder(recipe.start, folders), recipe, SEED))
    torch.save(made.model.state_dict(), folders.scratch / f"{name}.pt")
    if not isinstance(made.model, Embedding):
        torch.save(made.model.encoder.state_dict(), encoder_file(name, folders))
    ship(made, vectors, _sample(name, examples), folders.models / name)
    (folders.scratch / f"{name}.json").write_text(
        json.dumps(
            {
                "recipe": asdict(recipe),
                "examples": len(examples),
                "losses": made.losses,
                "seconds": round(time.monotonic() - started),
                "threads": torch.get_num_threads(),
            }
        ),
        encoding="utf-8",
    )
    log.info("%s: shipped after %d s", name, time.monotonic() - started)


def _baseline(train_examples: list[Example], examples: list[Example]) -> Figures:
    labelled = cast("list[LabelledText]", examples)
    found = predictions(cast("list[LabelledText]", train_examples), labelled, SEED)
    none = "unknown" if any(e.label == "unknown" for e in labelled) else None
    return class_figures([e.label for e in labelled], found, none)


LABELS_OF_TEXT = ("finner", "finese")
"""Tasks in which a linear model can at least say which labels a text has."""


def _label_sets(train_examples: list[Example], examples: list[Example]) -> Figures:
    known, tagged = cast("list[TaggedText]", train_examples), cast("list[TaggedText]", examples)
    found = label_sets(known, tagged, SEED)
    return {
        **label_set_figures([{span.label for span in e.spans} for e in tagged], found),
        "with the name that is known and stands most often": name_figures(
            tagged, names_by_list(known, tagged, found)
        ),
    }


PARTS = {"fewfc": ("fewfc_trigger", "fewfc_argument")}
"""Tasks that take several models; they are measured together."""


def measure(name: str, folders: Folders) -> None:
    """Measure a shipped model on the carved split and the further file, and write its card."""
    task = task_of(name)
    results = figures(task, folders, shared=False)
    log.info("%s: %s", name, json.dumps(results, ensure_ascii=False))
    for part in PARTS.get(task, (name,)):
        notes = json.loads((folders.scratch / f"{part}.json").read_text(encoding="utf-8"))
        card(part, folders, results | linear_figures(task, folders), notes)


def figures(task: str, folders: Folders, *, shared: bool) -> dict[str, Figures]:
    """What the task's own model or the shared one reach."""
    split = load(task, folders.data)
    results = {"carved split": evaluate(task, split.dev, folders.models, shared=shared)}
    if split.other:
        results["further labelled file"] = evaluate(task, split.other, folders.models, shared=shared)
    return results


def linear_figures(task: str, folders: Folders) -> dict[str, Figures]:
    """What a linear model over TF-IDF reaches, found once and kept in the scratch folder."""
    path = folders.scratch / f"{task}.linear.json"
    if path.exists():
        stored: dict[str, Figures] = json.loads(path.read_text(encoding="utf-8"))
        return stored
    split = load(task, folders.data)
    results = {}
    for title, examples in (("carved split", split.dev), ("further file", split.other)):
        if examples and isinstance(examples[0], LabelledText):
            results[f"TF-IDF linear model, {title}"] = _baseline(split.train, examples)
        elif examples and task in LABELS_OF_TEXT:
            results[f"TF-IDF linear model, labels of text, {title}"] = _label_sets(split.train, examples)
    path.write_text(json.dumps(results, ensure_ascii=False), encoding="utf-8")
    return results


def measure_shared(folders: Folders) -> None:
    """Measure the shared model on every task it has a head for, and write its card."""
    notes = json.loads((folders.scratch / f"{NAME}.json").read_text(encoding="utf-8"))
    recipe = ", ".join(f"{key} {value}" for key, value in notes["recipe"].items())
    lines = [
        f"# {NAME}",
        "",
        "One encoder and a head for each task, trained together; `nlp/shared.py` says what each head gives.",
        "",
        f"Recipe: {recipe}; seed {SEED}; texts by task: {json.dumps(notes['examples'])}.",
        f"Then, the encoder fixed, {' and '.join(AFTERWARDS)} alone: {ALONE.epochs} epochs at {ALONE.head_rate}.",
        f"Loss of the last epoch by task: {json.dumps(notes['losses'][-1])}.",
        f"Trained in {notes['seconds']} s on a busy machine, threads: {notes['threads']}.",
        "",
        "A tenth of each training file, chosen by a hash of the text, is kept out of training. Weights: int8 (7 bits",
        "used), fixed activation scales, ONNX. The figures are of the shipped files.",
        "",
    ]
    for task in notes["examples"]:
        source = SOURCES[task]
        lines += [f"## {task}", "", f"Data: {', '.join(source.train)}. Licence: {source.licence}.", ""]
        results = figures(task, folders, shared=True)
        log.info("shared, %s: %s", task, json.dumps(results, ensure_ascii=False))
        for title, found in (results | linear_figures(task, folders)).items():
            lines += [f"### {title[:1].upper()}{title[1:]}", "", *_table(found), ""]
    text = "\n".join(lines).rstrip() + "\n"
    (folders.models / NAME / "CARD.md").write_text(text, encoding="utf-8")


def card(name: str, folders: Folders, results: dict[str, Figures], notes: dict[str, object]) -> None:
    """Write the model card."""
    source = SOURCES[task_of(name)]
    recipe = cast("dict[str, object]", notes["recipe"])
    settings = ", ".join(f"{key} {value}" for key, value in recipe.items() if key != "start")
    alone = recipe["start"] == VECTORS_ALONE
    start = "the vectors alone" if alone else f"the encoder of `{recipe['start']}`"
    lines = [
        f"# {name}",
        "",
        f"Data: {', '.join(source.train)}; a tenth, chosen by a hash of the text, is kept out of training.",
        f"Further labelled file, never trained on: {', '.join(source.other) or 'none'}.",
        f"Licence of the data: {source.licence}.",
        "",
        f"Recipe: starts from {start}; {settings}; seed {SEED}; {notes['examples']} examples.",
        f"Loss by epoch: {notes['losses']}.",
        f"Trained in {notes['seconds']} s on a busy machine, threads: {notes['threads']}.",
        "",
        "Weights: int8 (7 bits used), fixed activation scales, ONNX. The figures are of the shipped file.",
        "",
    ]
    for title, found in results.items():
        lines += [f"## {title[:1].upper()}{title[1:]}", "", *_table(found), ""]
    text = "\n".join(lines).rstrip() + "\n"
    (folders.models / name / "CARD.md").write_text(text, encoding="utf-8")


def _table(found: Figures) -> list[str]:
    """A line of plain figures, then a table for each group of them."""
    plain = {key: value for key, value in found.items() if not isinstance(value, dict)}
    lines = [", ".join(f"{key} {value}" for key, value in plain.items())]
    for title, group in found.items():
        if isinstance(group, dict) and all(isinstance(value, dict) for value in group.values()):
            lines += ["", f"| {title} | precision | recall | F1 |", "|---|---|---|---|"]
            lines += [f"| {k} | {v['precision']} | {v['recall']} | {v['f1']} |" for k, v in group.items()]
        elif isinstance(group, dict):
            lines += ["", f"{title}:", "", *_table(group)]
    return lines
