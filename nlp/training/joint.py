"""Joint fine-tuning: one encoder, a head a task, batches of all tasks in turn."""

from __future__ import annotations

import json
import logging
import time
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, cast

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from nlp import marks as marking
from nlp.datasets import EventText, LabelledText, Span, TaggedText
from nlp.encoder import Vectors, Vocabulary, load_vectors
from nlp.shared import ALSO, ARGUMENT, NAME, NEGATIVE, RELATION, SUBJECT, TRIGGERS
from nlp.training import linear
from nlp.training.export import (
    SharedHead,
    activation_scales,
    export_encoder,
    export_head,
    late_scales,
    watched,
)
from nlp.training.finetune import LONGEST, Feeder, Prepared
from nlp.training.network import Crf, Encoder, LabelHead, MarkedLabelHead, MarkedTagHead, TagHead
from nlp.training.sources import load
from nlp.training.stages import SEED, Folders, encoder_file, read_vocabulary
from nlp.viterbi import encode, legal_steps, tag_count

log = logging.getLogger(__name__)

CHARACTERS = 1_600
"""Of one batch, about."""

MOST_TEXTS = 48

ROUNDS = {
    "cluener": 1.0,
    "resume": 1.5,
    "finner": 0.4,
    "finese": 0.4,
    "finfe": 0.5,
    "news_sentiment": 0.7,
    "finre": 1.0,
    "fewfc": 1.0,
}
"""Which part of a task's texts an epoch takes: every text of the main tasks, fewer where more text helps less."""


@dataclass(frozen=True)
class JointRecipe:
    """How the shared model is trained."""

    epochs: int = 12
    encoder_rate: float = 2e-3
    """At 0 the encoder stays as it is."""
    head_rate: float = 8e-3
    weight_decay: float = 0.01
    dropout: float = 0.2
    """Of the vectors and in the encoder's blocks."""
    average: float = 0.999
    """What is shipped is the exponential mean of the weights over the steps, of this decay."""
    start: str = "pretrain"
    """Whose encoder it starts from."""


AFTERWARDS = ("finre", "finese")
"""Tasks whose heads go on, each alone: they learn slowest, and longer for all would over-fit the others."""

ALONE = JointRecipe(epochs=18, encoder_rate=0.0, head_rate=6e-3, average=0.998, start=NAME)
"""How they go on: the encoder stays as it is."""


@dataclass(frozen=True)
class Part:
    """One head and what its description says."""

    name: str
    head: SharedHead
    labels: tuple[str, ...]
    marks: tuple[str, ...] = ()
    many: bool = False

    @property
    def about(self) -> dict[str, Any]:
        """Its entry in shared.json."""
        kind = "tagging" if isinstance(self.head, TagHead | MarkedTagHead) else "labels"
        return {"kind": kind, "labels": self.labels, "marks": self.marks, "many": self.many}


@dataclass(frozen=True)
class Marked:
    """Marks of a text, and the tags of what belongs to them or the label of what they are to each other."""

    marks: tuple[Span, ...]
    answer: NDArray[np.int64]


@dataclass
class Job:
    """Texts of one task, and the answers of those of its heads that it has."""

    name: str
    texts: list[str]
    parts: list[Part]
    tags: dict[str, dict[int, NDArray[np.int64]]] = field(default_factory=dict)
    """By head and number of the text; a text that is not labelled for a head has none."""
    labels: Tensor = field(default_factory=lambda: torch.empty(0))
    marked: list[list[Marked]] = field(default_factory=list)

    def loss(self, hidden: Tensor, mask: Tensor, rows: Sequence[int]) -> Tensor:
        """The sum of its heads' losses on some of its texts."""
        return torch.stack([self._loss(part, hidden, mask, rows) for part in self.parts]).sum()

    def _loss(self, part: Part, hidden: Tensor, mask: Tensor, rows: Sequence[int]) -> Tensor:
        head = part.head
        if isinstance(head, TagHead):
            return self._tag_loss(head, self.tags[part.name], hidden, mask, rows)
        if isinstance(head, LabelHead):
            return _label_loss(head(hidden, mask).float(), self.labels[list(rows)])
        asked = [(place, one) for place, row in enumerate(rows) for one in self.marked[row]]
        if not asked:
            return hidden.new_zeros(())
        lengths = [len(self.texts[row]) for row in rows]
        states, wide_mask, kinds, places = marked_tensors(hidden, lengths, asked, part.marks)
        output = head(states, wide_mask, kinds, places).float()
        if isinstance(head, MarkedLabelHead):
            return _label_loss(output, torch.tensor([int(one.answer[0]) for _, one in asked]))
        cuts = [marking.window(one.marks, lengths[place]) for place, one in asked]
        answers = [one.answer[start:end] for (_, one), (start, end) in zip(asked, cuts, strict=True)]
        return head.crf.loss(output, _padded_tags(answers, states.shape[1]), wide_mask)

    def _tag_loss(
        self,
        head: TagHead,
        tags: dict[int, NDArray[np.int64]],
        hidden: Tensor,
        mask: Tensor,
        rows: Sequence[int],
    ) -> Tensor:
        places = [place for place, row in enumerate(rows) if row in tags]
        if not places:
            return hidden.new_zeros(())
        gold = _padded_tags([tags[rows[place]] for place in places], mask.shape[1])
        return head.crf.loss(head(hidden[places]).float(), gold, mask[places])


def _padded_tags(tags: Sequence[NDArray[np.int64]], length: int) -> Tensor:
    table = np.zeros((len(tags), length), np.int64)
    for row, some in enumerate(tags):
        table[row, : len(some)] = some
    return torch.from_numpy(table)


def _label_loss(scores: Tensor, gold: Tensor) -> Tensor:
    if gold.is_floating_point():
        return nn.functional.binary_cross_entropy_with_logits(scores, gold, reduction="sum") / len(gold)
    return nn.functional.cross_entropy(scores, gold, label_smoothing=0.05)


def marked_tensors(
    hidden: Tensor, lengths: Sequence[int], asked: Sequence[tuple[int, Marked]], names: Sequence[str]
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """States, mask, kinds and places of marks: `asked` names the row of the batch and the marks in its text."""
    cuts = [marking.window(one.marks, lengths[place]) for place, one in asked]
    longest = max(end - start for start, end in cuts)
    mask = np.zeros((len(asked), longest), np.float32)
    kinds = np.zeros(mask.shape, np.int64)
    places = np.zeros((*mask.shape, marking.measured(names)), np.int64)
    rows = []
    for number, ((place, one), (start, end)) in enumerate(zip(asked, cuts, strict=True)):
        marks = marking.with_between(one.marks) if marking.BETWEEN in names else one.marks
        mask[number, : end - start] = 1
        kinds[number, : end - start] = marking.kinds(marks, names, start, end)
        places[number, : end - start] = marking.places(marks, start, end)
        rows.append(nn.functional.pad(hidden[place, start:end], (0, 0, 0, longest - end + start)))
    return torch.stack(rows), torch.from_numpy(mask), torch.from_numpy(kinds), torch.from_numpy(places)


def _ordered(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(labels)))


def _crf(labels: int) -> Crf:
    return Crf(*[torch.from_numpy(table) for table in legal_steps(labels)])


def _places(names: Sequence[str]) -> int:
    return marking.measured(names) * marking.CLASSES


def _tag_part(name: str, labels: tuple[str, ...]) -> Part:
    return Part(name, TagHead(_crf(len(labels)), tag_count(len(labels))), labels)


def _marked_part(name: str, labels: tuple[str, ...], marks: tuple[str, ...]) -> Part:
    head = MarkedTagHead(_crf(len(labels)), tag_count(len(labels)), len(marks), _places(marks))
    return Part(name, head, labels, marks)


def tag_job(name: str, examples: Sequence[TaggedText]) -> Job:
    """Entities."""
    labels = _ordered([span.label for e in examples for span in e.spans])
    texts = [e.text[:LONGEST] for e in examples]
    tags = {n: encode(len(t), e.spans, labels) for n, (t, e) in enumerate(zip(texts, examples, strict=True))}
    return Job(name, texts, [_tag_part(name, labels)], {name: tags})


def label_job(name: str, examples: Sequence[LabelledText]) -> Job:
    """One label a text."""
    labels = _ordered([e.label for e in examples])
    gold = torch.tensor([labels.index(e.label) for e in examples])
    return Job(
        name, [e.text[:LONGEST] for e in examples], [Part(name, LabelHead(len(labels)), labels)], labels=gold
    )


COMMON = 20
"""Triggers with the same several types from which on these are a label of their own."""


def trigger_labels(examples: Sequence[EventText]) -> list[tuple[Span, ...]]:
    """For each text its triggers: one of several types, 投资+股份股权转让, where that is common, else of its first."""
    by_text: list[dict[tuple[int, int], set[str]]] = [{} for _ in examples]
    for triggers, example in zip(by_text, examples, strict=True):
        for event in example.events:
            triggers.setdefault((event.trigger.start, event.trigger.end), set()).add(event.type)
    often = Counter(ALSO.join(sorted(types)) for triggers in by_text for types in triggers.values())
    return [
        tuple(
            Span(*place, label if often[label := ALSO.join(sorted(types))] >= COMMON else min(types))
            for place, types in sorted(triggers.items())
        )
        for triggers in by_text
    ]


def event_job(examples: Sequence[EventText]) -> Job:
    """Triggers, by a head for the types of each file, and their arguments: each of a trigger's types is asked alone."""
    texts = [e.text[:LONGEST] for e in examples]
    job = Job("fewfc", texts, [])
    files = sorted({e.types for e in examples}, key=lambda types: -sum(e.types == types for e in examples))
    if len(files) > len(TRIGGERS):
        raise ValueError(
            f"{len(files)} files of events label types of their own, but there are heads for {len(TRIGGERS)}; "
            "add one to nlp.shared.TRIGGERS"
        )
    for name, types in zip(TRIGGERS, files, strict=False):
        rows = [n for n, e in enumerate(examples) if e.types == types]
        found = trigger_labels([examples[n] for n in rows])
        labels = _ordered([span.label for spans in found for span in spans])
        job.parts.append(_tag_part(name, labels))
        job.tags[name] = {
            n: encode(len(texts[n]), spans, labels) for n, spans in zip(rows, found, strict=True)
        }
    roles = _ordered([a.label for e in examples for event in e.events for a in event.arguments])
    for text, example in zip(texts, examples, strict=True):
        arguments: dict[Span, set[Span]] = {}
        for event in example.events:
            if event.trigger.end <= len(text):
                arguments.setdefault(event.trigger, set()).update(event.arguments)
        job.marked.append(
            [
                Marked((trigger,), encode(len(text), _within((trigger,), found, len(text)), roles))
                for trigger, found in sorted(arguments.items())
            ]
        )
    job.parts.append(_marked_part(ARGUMENT, roles, _ordered([t for types in files for t in types])))
    return job


def _within(marks: Sequence[Span], spans: Iterable[Span], length: int) -> list[Span]:
    """Spans that the window of some marks holds whole: half a span would be tags that BIOES bans."""
    start, end = marking.window(marks, length)
    return sorted(span for span in spans if start <= span.start and span.end <= end)


def negative_job(examples: Sequence[TaggedText]) -> Job:
    """Types of negative events, and the subjects of each type that a text has."""
    labels = _ordered([span.label for e in examples for span in e.spans])
    texts = [e.text[:LONGEST] for e in examples]
    gold = np.zeros((len(texts), len(labels)), np.float32)
    marked = []
    for row, (text, example) in enumerate(zip(texts, examples, strict=True)):
        types = _ordered([span.label for span in example.spans])
        gold[row, [labels.index(label) for label in types]] = 1
        whole = len(text)
        marked.append(
            [
                Marked(
                    (Span(0, whole, label),), encode(whole, _as_subjects(example.spans, label), ("subject",))
                )
                for label in types
            ]
        )
    parts = [
        Part(NEGATIVE, LabelHead(len(labels)), labels, many=True),
        _marked_part(SUBJECT, ("subject",), labels),
    ]
    return Job(NEGATIVE, texts, parts, labels=torch.from_numpy(gold), marked=marked)


def _as_subjects(spans: Sequence[Span], label: str) -> list[Span]:
    return [Span(span.start, span.end, "subject") for span in spans if span.label == label]


ENDS = ("head", "tail")
RELATION_MARKS = (*ENDS, marking.BETWEEN)


def relation_job(examples: Sequence[LabelledText]) -> Job:
    """Pairs, by their text."""
    labels = _ordered([e.label for e in examples])
    by_text: dict[str, list[Marked]] = {}
    for example in examples:
        if len(example.marks) == len(ENDS) and max(mark.end for mark in example.marks) <= LONGEST:
            answer = np.array([labels.index(example.label)])
            by_text.setdefault(example.text[:LONGEST], []).append(Marked(example.marks, answer))
    head = MarkedLabelHead(len(labels), len(RELATION_MARKS), _places(RELATION_MARKS))
    part = Part(RELATION, head, labels, RELATION_MARKS)
    return Job(RELATION, list(by_text), [part], marked=list(by_text.values()))


def job_of(task: str, examples: Sequence[Any]) -> Job:
    """The job of a task."""
    made: dict[str, Callable[[Sequence[Any]], Job]] = {
        "fewfc": event_job,
        "finese": negative_job,
        "finre": relation_job,
    }
    if task in made:
        return made[task](examples)
    return tag_job(task, examples) if isinstance(examples[0], TaggedText) else label_job(task, examples)


def schedule(jobs: Sequence[Job], random: np.random.Generator) -> list[tuple[Job, list[int]]]:
    """The batches of an epoch: `ROUNDS` of each task's texts, batches of like length, all tasks mixed."""
    made: list[tuple[Job, list[int]]] = []
    for job in jobs:
        rounds = ROUNDS.get(job.name, 1.0)
        order = np.concatenate([random.permutation(len(job.texts)) for _ in range(int(np.ceil(rounds)))])
        order = order[: int(rounds * len(job.texts))]
        for start in range(0, len(order), 1_000):
            pool = sorted(
                (int(n) for n in order[start : start + 1_000]), key=lambda n: (len(job.texts[n]), n)
            )
            batch: list[int] = []
            for number in pool:
                if (batch and (len(batch) + 1) * len(job.texts[number]) > CHARACTERS) or len(
                    batch
                ) == MOST_TEXTS:
                    made.append((job, batch))
                    batch = []
                batch.append(number)
            made.append((job, batch))
    return [made[n] for n in random.permutation(len(made))]


def fit(
    jobs: Sequence[Job], encoder: Encoder, vectors: Vectors, recipe: JointRecipe
) -> list[dict[str, float]]:
    """Train in place; the mean loss of each task by epoch."""
    torch.manual_seed(SEED)
    random = np.random.default_rng(SEED)
    feeder = Feeder(vectors, ())
    heads = nn.ModuleList(part.head for job in jobs for part in job.parts)
    groups = [
        {"params": list(encoder.parameters()), "lr": recipe.encoder_rate},
        {"params": list(heads.parameters()), "lr": recipe.head_rate},
    ]
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))
    plan = [schedule(jobs, random) for _ in range(recipe.epochs)]
    steps = sum(map(len, plan))
    warm = max(steps // 20, 1)
    rates = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max((steps - step) / max(steps - warm, 1), 0.02))
    )
    history = []
    learning = nn.ModuleList([encoder, heads])
    mean = AveragedModel(learning, multi_avg_fn=_averaging(recipe.average))
    learning.train()
    if not recipe.encoder_rate:
        encoder.requires_grad_(requires_grad=False).eval()
    for epoch, batches in enumerate(plan):
        losses: dict[str, list[float]] = {job.name: [] for job in jobs}
        for job, rows in batches:
            optimizer.zero_grad()
            embedded, mask, _ = feeder.tensors([Prepared(job.texts[row], ()) for row in rows])
            with torch.autocast("cpu", torch.bfloat16):
                loss = job.loss(encoder(embedded, mask), mask, rows)
            loss.backward()
            nn.utils.clip_grad_norm_([*encoder.parameters(), *heads.parameters()], 1.0)
            optimizer.step()
            rates.step()
            mean.update_parameters(learning)
            losses[job.name].append(loss.item())
        history.append({name: round(float(np.mean(some)), 4) for name, some in losses.items() if some})
        log.info("epoch %d of %d: %s", epoch + 1, recipe.epochs, history[-1])
    learning.load_state_dict(mean.module.state_dict())
    learning.eval()
    return history


def _averaging(decay: float) -> Callable[[Any, Any, Any], None]:
    """An exponential mean whose first steps weigh less, so that it does not stay where training began."""

    def average(means: Any, values: Any, steps: Any) -> None:
        kept = min(decay, (1 + int(steps)) / (10 + int(steps)))
        torch._foreach_lerp_(means, values, 1 - kept)

    return average


SAMPLE = 24
"""Texts of each task that fix the int8 scales."""


def ship(jobs: Sequence[Job], encoder: Encoder, vectors: Vectors, folder: Path) -> None:
    """Write the encoder, its heads, and what describes them."""
    folder.mkdir(parents=True, exist_ok=True)
    feeder = Feeder(vectors, ())
    samples = {job.name: list(range(0, len(job.texts), max(len(job.texts) // SAMPLE, 1))) for job in jobs}
    batches = [feeder.tensors([Prepared(job.texts[n], ()) for n in samples[job.name]]) for job in jobs]
    export_encoder(encoder, activation_scales(encoder, batches), folder / "encoder.onnx")
    about = {}
    for job, (embedded, mask, _) in zip(jobs, batches, strict=True):
        with torch.no_grad():
            hidden = encoder(embedded, mask)
        for part in job.parts:
            scales = _scales(job, part, hidden, samples[job.name])
            export_head(part.head, scales, folder / f"{part.name}.onnx")
            if isinstance(part.head, TagHead | MarkedTagHead):
                steps, first, last = (table.detach().numpy() for table in part.head.crf.tables())
                np.savez_compressed(folder / f"{part.name}.crf.npz", steps=steps, first=first, last=last)
            about[part.name] = part.about
    text = json.dumps({"heads": about}, ensure_ascii=False, indent=1) + "\n"
    (folder / "shared.json").write_text(text, encoding="utf-8")


def _scales(job: Job, part: Part, hidden: Tensor, rows: Sequence[int]) -> list[float]:
    head = part.head
    if isinstance(head, TagHead):
        return watched(head, [head.output], [], lambda: cast("None", head(hidden)))
    if isinstance(head, LabelHead):
        return []
    asked = [(place, one) for place, row in enumerate(rows) for one in job.marked[row]]
    tensors = marked_tensors(hidden, [len(job.texts[row]) for row in rows], asked, part.marks)
    return late_scales(head, lambda: cast("None", head(*tensors)))


def ship_linear(job: Job, vocabulary: Vocabulary, folder: Path) -> None:
    """Fit and write the linear part of the labels of a job; a job without labels has none."""
    for part in job.parts:
        if isinstance(part.head, LabelHead):
            texts = [(text, ()) for text in job.texts]
            gold = job.labels.numpy().astype(np.int64)
        elif isinstance(part.head, MarkedLabelHead):
            pairs = [(text, one) for text, some in zip(job.texts, job.marked, strict=True) for one in some]
            texts = [(text, one.marks) for text, one in pairs]  # type: ignore[misc]
            gold = np.array([int(one.answer[0]) for _, one in pairs])
        else:
            continue
        linear.fit(vocabulary, texts, gold).save(folder / f"{part.name}.wide.npz")
        log.info("%s: linear part over %d texts", part.name, len(texts))


TASKS = tuple(ROUNDS)


def _jobs(folders: Folders, share: float) -> list[Job]:
    jobs = []
    for task in TASKS:
        examples = load(task, folders.data).train
        chosen = np.random.default_rng(SEED).permutation(len(examples))[: int(share * len(examples))]
        jobs.append(job_of(task, [examples[n] for n in sorted(chosen)]))
    return jobs


def train_linear(folders: Folders) -> None:
    """Fit the linear parts of all heads of labels; they need the vocabulary alone, not the encoder."""
    vocabulary, _ = read_vocabulary(folders)
    folder = folders.models / NAME
    folder.mkdir(parents=True, exist_ok=True)
    for job in _jobs(folders, 1.0):
        ship_linear(job, vocabulary, folder)


def train(folders: Folders, recipe: JointRecipe, share: float = 1.0) -> None:
    """Train and ship the shared encoder with all its heads; `share` below 1 takes that part of each task's texts."""
    started = time.monotonic()
    torch.manual_seed(SEED)
    vectors = load_vectors(folders.models / "vectors" / "vectors.npz")
    jobs = _jobs(folders, share)
    encoder = Encoder(vectors.width, dropout=recipe.dropout)
    if recipe.start != "vectors":
        stored = torch.load(encoder_file(recipe.start, folders))
        encoder.load_state_dict({k: v for k, v in stored.items() if not k.startswith("marks.")}, strict=False)
    losses = fit(jobs, encoder, vectors, recipe)
    for task in AFTERWARDS:
        fit([job for job in jobs if job.name == task], encoder, vectors, ALONE)
    torch.save(encoder.state_dict(), encoder_file(NAME, folders))
    state = {part.name: part.head.state_dict() for job in jobs for part in job.parts}
    torch.save(state, folders.scratch / f"{NAME}.pt")
    ship(jobs, encoder, vectors, folders.models / NAME)
    notes = {
        "recipe": asdict(recipe),
        "examples": {job.name: len(job.texts) for job in jobs},
        "losses": losses,
        "seconds": round(time.monotonic() - started),
        "threads": torch.get_num_threads(),
    }
    (folders.scratch / f"{NAME}.json").write_text(json.dumps(notes), encoding="utf-8")
    log.info("shared: shipped after %d s", notes["seconds"])
