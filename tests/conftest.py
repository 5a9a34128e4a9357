"""Fixtures that every test may use."""

import os
from pathlib import Path

import pytest
from hypothesis import settings

# a first example pays for tables built once, and a shared machine has slow moments: time is benchmarked elsewhere
settings.register_profile("guanxi", deadline=None)
# where a change is judged, the same examples for everybody; at a desk new ones at every run
settings.register_profile("ci", deadline=None, derandomize=True)
settings.load_profile("ci" if os.environ.get("CI") == "true" else "guanxi")


@pytest.fixture(scope="session")
def shared_data() -> Path:
    """The folder of real data sets, named by GUANXI_SHARED_DATA or beside the repository; skips without it."""
    beside = Path(__file__).resolve().parents[2] / "shared" / "data"
    folder = Path(os.environ.get("GUANXI_SHARED_DATA", beside))
    if not folder.is_dir():
        pytest.skip(f"the real data sets are not at {folder}; set GUANXI_SHARED_DATA to their folder")
    return folder
