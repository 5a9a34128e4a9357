"""Vectors of whole texts (句向量) behind one interface: the shipped encoder, or any sentence-transformers model.

A vector depends on its text alone, to the last bit: texts are encoded one at a time, because what a batch is padded
to changes the last bits, and what one viewer may not see must not show in the scores of another.
"""

from __future__ import annotations

import importlib
from collections.abc import Iterator, Sequence
from functools import cached_property
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from graph.errors import DataError
from nlp.tagger import MODELS, SentenceEncoder

SHIPPED: Final = "stsb"
"""The model that comes with guanxi."""

_CHUNK: Final = 1 << 20


class Embedder(Protocol):
    """Texts as vectors of length 1 whose product says how alike two texts are."""

    @property
    def fingerprint(self) -> str:
        """Changes whenever the model does: vectors of two fingerprints cannot be compared."""

    @property
    def size(self) -> int:
        """How many numbers a vector has."""

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, (texts, size); zeros for an empty text."""


def embedder(model: str = "") -> Embedder:
    """The embedder that a setting names.

    Args:
        model: Empty for the shipped one, else a sentence-transformers model: a folder, or the name of one that is
            already on this machine. Nothing is fetched from the network.

    Raises:
        DataError: The extra is not installed, or there is no such model on this machine, or it cannot be loaded.
    """
    return SentenceTransformerEmbedder(model) if model else ShippedEmbedder()


class ShippedEmbedder:
    """The encoder that comes with guanxi, run by onnxruntime on one thread."""

    def __init__(self, name: str = SHIPPED, folder: Path = MODELS) -> None:
        self._encoder = SentenceEncoder(name, folder)
        self._files = [folder / name / "model.onnx", folder / "vectors" / "vectors.npz"]
        self.size = self._encoder.size

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the model's files."""
        return hash_of(self._files)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, (texts, size); zeros for an empty text."""
        made = np.zeros((len(texts), self.size), np.float32)
        for row, text in enumerate(texts):
            made[row] = self._encoder.encode([text])[0]
        return made


class SentenceTransformerEmbedder:
    """A sentence-transformers model that is on this machine, run by torch."""

    def __init__(self, model: str) -> None:
        library, folder = _extra("sentence_transformers"), _folder_of(model)
        try:
            self._model = library.SentenceTransformer(str(folder), local_files_only=True)
            self.size = int(self._model.get_sentence_embedding_dimension() or 0)
        except Exception as error:
            raise DataError(
                f"句向量模型 {model!r} 无法加载 / the embedding model {model!r} cannot be loaded: {error}",
                hint="GUANXI_EMBEDDING_MODEL 应指向 sentence-transformers 模型目录 / name a folder that "
                "sentence-transformers wrote",
            ) from error
        self._files = sorted(path for path in folder.rglob("*") if path.is_file())

    @cached_property
    def fingerprint(self) -> str:
        """Hash of the model's files."""
        return hash_of(self._files)

    def encode(self, texts: Sequence[str]) -> NDArray[np.float32]:
        """Vectors of texts, (texts, size); zeros for an empty text."""
        made = np.zeros((len(texts), self.size), np.float32)
        for row, text in enumerate(texts):
            if text.strip():
                made[row] = self._model.encode(
                    [text], normalize_embeddings=True, show_progress_bar=False, convert_to_numpy=True
                )[0]
        return made


def _extra(name: str) -> Any:
    """A library that reading does without: hundreds of megabytes."""
    try:
        return importlib.import_module(name)
    except ImportError as error:
        raise DataError(
            f"GUANXI_EMBEDDING_MODEL 需要 {name} / needs {name}, which cannot be imported: {error}",
            hint="pip install 'guanxi[transformers]'",
        ) from error


def _folder_of(model: str) -> Path:
    """Where a model is on this machine."""
    if Path(model).is_dir():
        return Path(model)
    hub = _extra("huggingface_hub")
    try:
        return Path(hub.snapshot_download(model, local_files_only=True))
    except (OSError, ValueError) as error:
        raise DataError(
            f"本机没有句向量模型 {model!r} / the embedding model {model!r} is not on this machine",
            hint="先下载到文件夹并指明该文件夹；guanxi 不会自行联网下载 / put it into a folder and name that; "
            "guanxi fetches nothing by itself",
        ) from error


def hash_of(files: Sequence[Path]) -> str:
    """What files hold and are called, in the order given."""
    digest = blake2b(digest_size=8)
    for path in files:
        for chunk in _chunks(path):
            digest.update(chunk)
        digest.update(path.name.encode())
    return digest.hexdigest()


def _chunks(path: Path) -> Iterator[bytes]:
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            yield chunk
