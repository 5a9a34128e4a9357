"""Masked characters: the encoder learns to say which character stood where a span of 1 to 3 was masked."""

from __future__ import annotations

import logging
import math
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor, nn

from nlp.encoder import FIRST_CHARACTER, MASK, MASK_BIGRAM, PAD, Vocabulary
from nlp.training.corpus import SEPARATOR, SHARES, Corpus
from nlp.training.network import HIDDEN, Encoder

log = logging.getLogger(__name__)

LENGTH = 160
BATCH = 32
MASKED = 0.2
RATE = 2e-3
WARM_UP = 60
SAVE_EVERY = 250
REPORT_EVERY = 100


class Masked(nn.Module):
    """The embedding tables, the encoder, and the guess at masked characters, tied to the table."""

    def __init__(self, characters: NDArray[np.float32], bigrams: NDArray[np.float32]) -> None:
        super().__init__()
        self.characters = nn.Embedding.from_pretrained(torch.from_numpy(characters), freeze=False)
        self.bigrams = nn.Embedding.from_pretrained(torch.from_numpy(bigrams), freeze=False, sparse=True)
        self.encoder = Encoder(characters.shape[1] + 2 * bigrams.shape[1], dropout=0.0)
        self.guess = nn.Sequential(
            nn.Linear(HIDDEN, HIDDEN), nn.GELU(), nn.LayerNorm(HIDDEN), nn.Linear(HIDDEN, characters.shape[1])
        )
        self.bias = nn.Parameter(torch.zeros(len(characters)))

    def forward(self, characters: Tensor, left: Tensor, right: Tensor, places: Tensor) -> Tensor:
        """Scores of every character at each of `places` (indices into the flattened batch)."""
        vectors = torch.cat([self.characters(characters), self.bigrams(left), self.bigrams(right)], dim=2)
        mask = (characters != PAD).to(vectors.dtype)
        hidden = self.encoder(vectors, mask).flatten(0, 1)[places]
        return nn.functional.linear(self.guess(hidden), self.characters.weight, self.bias)


Table = NDArray[np.float32]


@dataclass(frozen=True)
class Text:
    """What is learned from, and its ids."""

    corpus: Corpus
    vocabulary: Vocabulary


@dataclass(frozen=True)
class Batch:
    """Ids as the network sees them, and the characters that were masked."""

    characters: Tensor
    left: Tensor
    right: Tensor
    places: Tensor
    answers: Tensor


def rows_of(corpus: Corpus, vocabulary: Vocabulary, count: int, seed: int) -> NDArray[np.uint16]:
    """`count` rows of `LENGTH` character ids, each from one place, mixed by `SHARES`, in a seeded order."""
    random = np.random.default_rng(seed)
    starts = np.concatenate([[0], corpus.ends[:-1] + 1])
    rows = []
    for number, name in enumerate(corpus.names):
        documents = np.flatnonzero(corpus.source == number)
        first, last = starts[documents[0]], corpus.ends[documents[-1]]
        candidates = np.arange(first, last - LENGTH, LENGTH)
        wanted = min(int(count * SHARES[name]), len(candidates))
        chosen = np.sort(random.choice(candidates, wanted, replace=False))
        places = chosen[:, None] + np.arange(LENGTH)
        text = corpus.text[places.ravel()]
        ids = np.where(text == SEPARATOR, np.uint16(PAD), vocabulary.character_ids[text])
        rows.append(ids.reshape(places.shape))
    table = np.concatenate(rows)
    return table[random.permutation(len(table))]


def mask_rows(rows: NDArray[np.uint16], vocabulary: Vocabulary, random: np.random.Generator) -> Batch:
    """Mask spans of 1 to 3 characters and every bigram that touches one."""
    ids = rows.astype(np.int64)
    starts = random.random(ids.shape) < MASKED / 2
    widths = random.integers(1, 4, ids.shape)
    hidden = starts.copy()
    for step in (1, 2):
        hidden[:, step:] |= (starts & (widths > step))[:, :-step]
    hidden &= ids >= FIRST_CHARACTER
    seen = np.where(hidden, MASK, ids)
    edged = np.pad(ids, ((0, 0), (1, 1)))
    keys = edged[:, :-1] * vocabulary.size + edged[:, 1:]
    place = np.minimum(np.searchsorted(vocabulary.bigrams, keys), len(vocabulary.bigrams) - 1)
    pairs = np.where(vocabulary.bigrams[place] == keys, place + 2, 0)
    wide = np.pad(hidden, ((0, 0), (1, 1)))
    pairs = np.where(wide[:, :-1] | wide[:, 1:], MASK_BIGRAM, pairs)
    places = np.flatnonzero(hidden)
    return Batch(
        torch.from_numpy(seen),
        torch.from_numpy(np.ascontiguousarray(pairs[:, :-1])),
        torch.from_numpy(np.ascontiguousarray(pairs[:, 1:])),
        torch.from_numpy(places),
        torch.from_numpy(ids.ravel()[places]),
    )


def rate_at(step: int, steps: int) -> float:
    """Share of the top learning rate: a short rise, then a cosine to a twentieth."""
    if step < WARM_UP:
        return (step + 1) / WARM_UP
    return 0.05 + 0.95 * 0.5 * (1 + math.cos(math.pi * (step - WARM_UP) / max(steps - WARM_UP, 1)))


def _batches(rows: NDArray[np.uint16], first: int) -> Iterator[tuple[int, NDArray[np.uint16]]]:
    for step in range(first, len(rows) // BATCH):
        yield step, rows[step * BATCH : (step + 1) * BATCH]


def pretrain(text: Text, tables: tuple[Table, Table], checkpoint: Path, steps: int, seed: int) -> Masked:
    """Train for `steps`, going on from `checkpoint` where one lies; each step's masks depend on its number alone."""
    torch.manual_seed(seed)
    model = Masked(*tables)
    dense = [p for name, p in model.named_parameters() if name != "bigrams.weight"]
    optimizers: list[torch.optim.Optimizer] = [
        torch.optim.AdamW(dense, lr=RATE, weight_decay=0.01, betas=(0.9, 0.98)),
        torch.optim.SparseAdam([model.bigrams.weight], lr=RATE),
    ]
    first = 0
    if checkpoint.exists():
        stored = torch.load(checkpoint)
        model.load_state_dict(stored["model"])
        for optimizer, state in zip(optimizers, stored["optimizers"], strict=True):
            optimizer.load_state_dict(state)
        first = stored["step"]
    rows = rows_of(text.corpus, text.vocabulary, steps * BATCH + BATCH, seed)
    loss_sum = right_sum = 0.0
    model.train()
    for step, batch_rows in _batches(rows, first):
        if step >= steps:
            break
        torch.manual_seed(seed + step)
        batch = mask_rows(batch_rows, text.vocabulary, np.random.default_rng((seed, step)))
        for optimizer in optimizers:
            for group in optimizer.param_groups:
                group["lr"] = RATE * rate_at(step, steps)
            optimizer.zero_grad()
        with torch.autocast("cpu", torch.bfloat16):
            scores = model(batch.characters, batch.left, batch.right, batch.places)
        loss = nn.functional.cross_entropy(scores.float(), batch.answers)
        loss.backward()
        nn.utils.clip_grad_norm_(dense, 1.0)
        for optimizer in optimizers:
            optimizer.step()
        loss_sum += loss.item()
        right_sum += (scores.argmax(1) == batch.answers).float().mean().item()
        if (step + 1) % REPORT_EVERY == 0:
            log.info(
                "step %d of %d: loss %.3f, right %.3f",
                step + 1,
                steps,
                loss_sum / REPORT_EVERY,
                right_sum / REPORT_EVERY,
            )
            loss_sum = right_sum = 0.0
        if (step + 1) % SAVE_EVERY == 0 or step + 1 == steps:
            state = {
                "model": model.state_dict(),
                "optimizers": [o.state_dict() for o in optimizers],
                "step": step + 1,
            }
            torch.save(state, checkpoint.with_suffix(".new"))
            checkpoint.with_suffix(".new").replace(checkpoint)
    return model
