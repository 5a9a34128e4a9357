"""What the tests of the models share."""

from __future__ import annotations

import pytest

from nlp.tagger import Tagger, available


@pytest.fixture(scope="session")
def tagger():
    """The entities model that ships with the package."""
    assert "cluener" in available()
    return Tagger("cluener")
