"""The stages before the tasks: corpus, vocabulary, vectors; each leaves its result in the scratch folder."""

from __future__ import annotations

import logging
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray

from nlp.datasets import TextPair
from nlp.encoder import Vectors, Vocabulary, quantize, save_vectors
from nlp.training import corpus as raw
from nlp.training import vectors as skipgram
from nlp.training.pretrain import Text, pretrain
from nlp.training.sources import SOURCES, load

log = logging.getLogger(__name__)

SEED = 20260101

STEPS = 6_500
"""Steps of pre-training."""


@dataclass(frozen=True)
class Folders:
    """Where the shared data lie, where intermediate results go, where the models are written."""

    data: Path
    scratch: Path
    models: Path


def measured_texts(data: Path) -> list[str]:
    """Every text that any task is measured on."""
    texts: list[str] = []
    for task in SOURCES:
        split = load(task, data)
        for example in [*split.dev, *split.other]:
            texts.append(example.text)
            if isinstance(example, TextPair):
                texts.append(example.right)
    return texts


def make_corpus(folders: Folders) -> None:
    """Read, clean and count the raw text."""
    corpus = raw.load(folders.data, measured_texts(folders.data))
    fold = raw.fold_table()
    vocabulary, characters, bigrams = skipgram.build_vocabulary(corpus, fold)
    np.save(folders.scratch / "text.npy", corpus.text)
    np.savez(
        folders.scratch / "corpus.npz", ends=corpus.ends, source=corpus.source, names=np.array(corpus.names)
    )
    np.savez(
        folders.scratch / "vocabulary.npz",
        character_ids=vocabulary.character_ids,
        bigrams=vocabulary.bigrams,
        size=vocabulary.size,
        fold=fold,
        character_counts=characters,
        bigram_counts=bigrams,
    )


def read_corpus(folders: Folders) -> raw.Corpus:
    """What `make_corpus` left."""
    text = np.load(folders.scratch / "text.npy", mmap_mode="r")
    with np.load(folders.scratch / "corpus.npz") as stored:
        return raw.Corpus(text, stored["ends"], stored["source"], tuple(stored["names"]))


def read_vocabulary(folders: Folders) -> tuple[Vocabulary, dict[str, NDArray[Any]]]:
    """The vocabulary, and with it the fold table and the counts."""
    with np.load(folders.scratch / "vocabulary.npz") as stored:
        arrays = dict(stored)
    return Vocabulary(arrays["character_ids"], arrays["bigrams"], int(arrays["size"])), arrays


def make_characters(folders: Folders) -> None:
    """Skip-gram vectors of the characters."""
    vocabulary, arrays = read_vocabulary(folders)
    words, _ = skipgram.words_of(vocabulary, arrays["fold"])
    table = skipgram.train_characters(
        read_corpus(folders), words, arrays["character_counts"], folders.scratch, SEED
    )
    np.save(folders.scratch / "characters.npy", table)


def make_bigrams(folders: Folders) -> None:
    """Skip-gram vectors of the bigrams."""
    vocabulary, arrays = read_vocabulary(folders)
    _, words = skipgram.words_of(vocabulary, arrays["fold"])
    table = skipgram.train_bigrams(
        read_corpus(folders), words, arrays["bigram_counts"], folders.scratch, SEED
    )
    np.save(folders.scratch / "bigrams.npy", table)


def ship_vectors(folders: Folders, characters: NDArray[np.float32], bigrams: NDArray[np.float32]) -> None:
    """Write the tables, as int8, where inference reads them."""
    vocabulary, _ = read_vocabulary(folders)
    path = folders.models / "vectors" / "vectors.npz"
    path.parent.mkdir(parents=True, exist_ok=True)
    save_vectors(path, Vectors(vocabulary, *quantize(characters), *quantize(bigrams)))


def make_vectors(folders: Folders) -> None:
    """Ship the skip-gram vectors."""
    ship_vectors(
        folders, np.load(folders.scratch / "characters.npy"), np.load(folders.scratch / "bigrams.npy")
    )


def encoder_file(name: str, folders: Folders) -> Path:
    """Where the encoder of a trained model is kept in float."""
    return folders.scratch / f"{name}.encoder.pt"


def make_encoder(folders: Folders) -> None:
    """Pre-train the encoder and its tables, and ship the tables; goes on from a checkpoint where one was left.

    Every model must be trained again after it, since the tables have changed.
    """
    vocabulary, _ = read_vocabulary(folders)
    tables = np.load(folders.scratch / "characters.npy"), np.load(folders.scratch / "bigrams.npy")
    checkpoint = folders.scratch / "pretrain.pt"
    model = pretrain(Text(read_corpus(folders), vocabulary), tables, checkpoint, STEPS, SEED)
    torch.save(model.encoder.state_dict(), encoder_file("pretrain", folders))
    ship_vectors(folders, model.characters.weight.detach().numpy(), model.bigrams.weight.detach().numpy())
