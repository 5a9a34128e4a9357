"""What the tests of documents share: the announcements made once, and a worker that is kept."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from ingest.documents.worker import Limits, Worker

sys.path.insert(0, str(Path(__file__).parents[2]))

import announcements


@pytest.fixture(scope="session")
def company():
    return announcements.Listed("云岭重工股份有限公司", "600001")


@pytest.fixture(scope="session")
def folder(tmp_path_factory, company):
    """The three announcements."""
    place = tmp_path_factory.mktemp("announcements")
    announcements.three_announcements(place, company, "云岭控股集团有限公司", "南岭电力投资有限公司")
    return place


@pytest.fixture(scope="session")
def worker():
    with Worker(Limits(memory=2 << 30, processor=20, clock=60)) as started:
        yield started
