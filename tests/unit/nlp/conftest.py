"""What the tests of the models share."""

from __future__ import annotations

import pytest

from nlp.datasets import Span
from nlp.shared import SharedReader


class Entities:
    """The entities of the shared model, as spans."""

    def __init__(self) -> None:
        self._reader = SharedReader(["cluener"])

    def spans(self, texts: list[str]) -> list[tuple[Span, ...]]:
        """The entities of each text."""
        return [tuple(one.span for one in found.spans["cluener"]) for found in self._reader.read(texts)]


@pytest.fixture(scope="session")
def tagger() -> Entities:
    """The entities of the model that ships with the package."""
    return Entities()
