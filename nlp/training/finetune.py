"""Fine-tuning of the pre-trained encoder for one task, and what is shipped of it."""

from __future__ import annotations

import json
import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import cast

import numpy as np
import torch
from torch import Tensor, nn

from nlp.datasets import EventText, Example, LabelledText, Span, TaggedText, TextPair
from nlp.encoder import Vectors
from nlp.training.export import activation_scales, export, export_embedding
from nlp.training.network import Classifying, Crf, Embedding, Encoder, Tagging
from nlp.viterbi import encode, legal_steps, tag_count

log = logging.getLogger(__name__)

LONGEST = 256
"""Characters of a text that training sees."""


@dataclass(frozen=True)
class Recipe:
    """How one model is trained."""

    epochs: int = 5
    batch: int = 32
    encoder_rate: float = 2e-3
    head_rate: float = 8e-3
    weight_decay: float = 0.01
    start: str = "pretrain"
    """Whose encoder it starts from: another model's, or "vectors" for none."""
    frozen: bool = False
    """Whether the encoder stays as it is and only the head learns."""


@dataclass(frozen=True)
class Start:
    """What a training starts from: tables, the pre-trained encoder's weights (or none), recipe and seed."""

    vectors: Vectors
    pretrained: dict[str, Tensor] | None
    recipe: Recipe
    seed: int


@dataclass(frozen=True)
class Prepared:
    """A text cut to `LONGEST`, with its marks by kind."""

    text: str
    marks: tuple[Span, ...]


class Feeder:
    """Batches of texts as tensors."""

    def __init__(self, vectors: Vectors, marks: Sequence[str]) -> None:
        self.vectors = vectors
        self.marks = tuple(marks)

    def tensors(self, texts: Sequence[Prepared]) -> tuple[Tensor, Tensor, Tensor | None]:
        """Vectors, mask, and marks where the model takes them."""
        embedded, mask = self.vectors.embed([text.text for text in texts])
        if not self.marks:
            return torch.from_numpy(embedded), torch.from_numpy(mask), None
        kinds = np.zeros(mask.shape, np.int64)
        for row, text in enumerate(texts):
            for mark in text.marks:
                kinds[row, mark.start : mark.end] = 1 + self.marks.index(mark.label)
        return torch.from_numpy(embedded), torch.from_numpy(mask), torch.from_numpy(kinds)


def shuffled_batches(lengths: Sequence[int], size: int, random: np.random.Generator) -> Iterator[list[int]]:
    """Numbers in batches of like length, in random order."""
    order = random.permutation(len(lengths))
    groups = []
    for start in range(0, len(order), size * 20):
        pool = sorted(order[start : start + size * 20], key=lambda i: lengths[i])
        groups += [pool[i : i + size] for i in range(0, len(pool), size)]
    for number in random.permutation(len(groups)):
        yield [int(i) for i in groups[number]]


def fit(
    model: nn.Module,
    encoder: Encoder | None,
    lengths: Sequence[int],
    loss_of: Callable[[list[int]], Tensor],
    start: Start,
) -> list[float]:
    """Train in place; the mean loss of each epoch."""
    recipe = start.recipe
    torch.manual_seed(start.seed)
    random = np.random.default_rng(start.seed)
    inner = [] if encoder is None else list(encoder.parameters())
    known = {id(p) for p in inner}
    groups = [
        {"params": inner, "lr": recipe.encoder_rate},
        {"params": [p for p in model.parameters() if id(p) not in known], "lr": recipe.head_rate},
    ]
    for parameter in inner:
        parameter.requires_grad_(not recipe.frozen)
    optimizer = torch.optim.AdamW(groups, weight_decay=recipe.weight_decay, betas=(0.9, 0.98))
    steps = recipe.epochs * -(-len(lengths) // recipe.batch)
    warm = max(steps // 10, 1)
    schedule = torch.optim.lr_scheduler.LambdaLR(
        optimizer, lambda step: min((step + 1) / warm, max((steps - step) / max(steps - warm, 1), 0.02))
    )
    history = []
    model.train()
    if encoder is not None:
        encoder.train(not recipe.frozen)
    for epoch in range(recipe.epochs):
        losses = []
        for batch in shuffled_batches(lengths, recipe.batch, random):
            optimizer.zero_grad()
            loss = loss_of(batch)
            loss.backward()
            nn.utils.clip_grad_norm_(model.parameters(), 1.0)
            optimizer.step()
            schedule.step()
            losses.append(loss.item())
        history.append(round(float(np.mean(losses)), 4))
        log.info("epoch %d: loss %.4f", epoch + 1, history[-1])
    model.eval()
    return history


@dataclass(frozen=True)
class Made:
    """A trained network and what its description says."""

    model: Tagging | Classifying | Embedding
    kind: str
    labels: tuple[str, ...]
    marks: tuple[str, ...]
    losses: list[float]


def _encoder(start: Start, marks: int) -> Encoder:
    encoder = Encoder(start.vectors.width, marks)
    if start.pretrained is not None:
        own = {name: value for name, value in start.pretrained.items() if not name.startswith("marks.")}
        encoder.load_state_dict(own, strict=False)
    nn.init.normal_(encoder.marks.weight, std=0.2)
    with torch.no_grad():
        encoder.marks.weight[0] = 0
    return encoder


def _ordered(labels: Sequence[str]) -> tuple[str, ...]:
    return tuple(sorted(set(labels)))


def make_tagging(
    examples: Sequence[TaggedText],
    start: Start,
) -> Made:
    """Train a tagging network."""
    torch.manual_seed(start.seed)
    labels = _ordered([span.label for e in examples for span in e.spans])
    marks = _ordered([span.label for e in examples for span in e.marks])
    encoder = _encoder(start, len(marks))
    legal = [torch.from_numpy(table) for table in legal_steps(len(labels))]
    model = Tagging(encoder, Crf(*legal), tag_count(len(labels)))
    feeder = Feeder(start.vectors, marks)
    texts = [Prepared(e.text[:LONGEST], e.marks) for e in examples]
    tags = [encode(len(t.text), e.spans, labels) for t, e in zip(texts, examples, strict=True)]

    def loss_of(batch: list[int]) -> Tensor:
        embedded, mask, kinds = feeder.tensors([texts[i] for i in batch])
        gold = np.zeros(mask.shape, np.int64)
        for row, number in enumerate(batch):
            gold[row, : len(tags[number])] = tags[number]
        with torch.autocast("cpu", torch.bfloat16):
            emissions = model(embedded, mask, kinds)
        return model.crf.loss(emissions.float(), torch.from_numpy(gold), mask)

    losses = fit(model, encoder, [len(t.text) for t in texts], loss_of, start)
    return Made(model, "tagging", labels, marks, losses)


def make_classifying(
    examples: Sequence[LabelledText],
    start: Start,
) -> Made:
    """Train a classifying network."""
    torch.manual_seed(start.seed)
    labels = _ordered([e.label for e in examples])
    marks = _ordered([span.label for e in examples for span in e.marks])
    encoder = _encoder(start, len(marks))
    model = Classifying(encoder, len(labels), len(marks))
    feeder = Feeder(start.vectors, marks)
    texts = [_around_marks(e) for e in examples]
    gold = torch.tensor([labels.index(e.label) for e in examples])

    def loss_of(batch: list[int]) -> Tensor:
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(*feeder.tensors([texts[i] for i in batch]))
        return nn.functional.cross_entropy(scores.float(), gold[batch], label_smoothing=0.05)

    losses = fit(model, encoder, [len(t.text) for t in texts], loss_of, start)
    return Made(model, "classifying", labels, marks, losses)


def _around_marks(example: LabelledText) -> Prepared:
    start = max(max((mark.end for mark in example.marks), default=0) - LONGEST + 8, 0)
    moved = tuple(
        Span(mark.start - start, mark.end - start, mark.label)
        for mark in example.marks
        if mark.start >= start
    )
    return Prepared(example.text[start : start + LONGEST], moved)


TEMPERATURE = 0.05


def make_embedding(
    examples: Sequence[TextPair],
    start: Start,
) -> Made:
    """Train a sentence encoder by order (CoSENT): the more alike a pair, the higher it must score."""
    torch.manual_seed(start.seed)
    model = Embedding(start.vectors.width)
    feeder = Feeder(start.vectors, ())
    gold = torch.tensor([e.score for e in examples])

    def loss_of(batch: list[int]) -> Tensor:
        sides = [
            [Prepared(getattr(examples[i], side)[:LONGEST], ()) for i in batch] for side in ("left", "right")
        ]
        left, right = (model(*feeder.tensors(side)) for side in sides)
        likeness = (left * right).sum(1) / TEMPERATURE
        wanted = gold[batch]
        gap = (likeness[:, None] - likeness[None, :])[wanted[:, None] < wanted[None, :]]
        return torch.logsumexp(torch.cat([gap, gap.new_zeros(1)]), 0)

    losses = fit(model, None, [len(e.left) for e in examples], loss_of, start)
    return Made(model, "embedding", (), (), losses)


def trigger_examples(examples: Sequence[EventText]) -> list[TaggedText]:
    """Triggers as spans labelled with the event type."""
    return [TaggedText(e.text, tuple(sorted({event.trigger for event in e.events}))) for e in examples]


def argument_examples(examples: Sequence[EventText]) -> list[TaggedText]:
    """For each trigger its arguments as spans labelled with the role; the trigger is marked."""
    made = []
    for example in examples:
        by_trigger: dict[Span, set[Span]] = {}
        for event in example.events:
            by_trigger.setdefault(event.trigger, set()).update(event.arguments)
        for trigger, arguments in sorted(by_trigger.items()):
            made.append(TaggedText(example.text, tuple(sorted(arguments)), (trigger,)))
    return made


def make(
    name: str,
    examples: Sequence[Example],
    start: Start,
) -> Made:
    """Train the model `name` on examples of its task."""
    if name == "fewfc_trigger":
        return make_tagging(trigger_examples(cast("list[EventText]", examples)), start)
    if name == "fewfc_argument":
        return make_tagging(argument_examples(cast("list[EventText]", examples)), start)
    if isinstance(examples[0], TaggedText):
        return make_tagging(cast("list[TaggedText]", examples), start)
    if isinstance(examples[0], TextPair):
        return make_embedding(cast("list[TextPair]", examples), start)
    return make_classifying(cast("list[LabelledText]", examples), start)


def ship(made: Made, vectors: Vectors, sample: Sequence[Prepared], folder: Path) -> None:
    """Write the network as ONNX, its CRF and its description; `sample` fixes the int8 scales."""
    folder.mkdir(parents=True, exist_ok=True)
    feeder = Feeder(vectors, made.marks)
    batches = [feeder.tensors(sample[i : i + 16]) for i in range(0, len(sample), 16)]
    if isinstance(made.model, Embedding):
        export_embedding(made.model, folder / "model.onnx")
    else:
        scales = activation_scales(made.model.encoder, batches)
        export(made.model, scales, folder / "model.onnx", marked=bool(made.marks))
    if isinstance(made.model, Tagging):
        steps, first, last = (table.detach().numpy() for table in made.model.crf.tables())
        np.savez_compressed(folder / "crf.npz", steps=steps, first=first, last=last)
    about = {"kind": made.kind, "labels": made.labels, "marks": made.marks}
    (folder / "model.json").write_text(
        json.dumps(about, ensure_ascii=False, indent=1) + "\n", encoding="utf-8"
    )
