"""Both graph databases for the service tests: the embedded one, and a real Neo4j out of Maven Central.

Neo4j is built once, into `neo4j/target`, and started on a free loopback port; `GUANXI_TEST_NEO4J_URI` (with
`_USER` and `_PASSWORD`) names one to use instead, whose content the tests delete. Where there is neither, its
tests skip and say why, but with `CI=true` they fail. Workers of pytest-xdist have an embedded store each and share
one Neo4j, in turns.
"""

import hashlib
import os
import tempfile
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import NoReturn

import pytest

from graph.settings import Settings
from graph.store import Store
from tests.service.neo4j import server as neo4j_server
from tests.service.neo4j.server import exclusive


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark what lies in this folder as a service test."""
    for item in items:
        if item.path.is_relative_to(Path(__file__).parent):
            item.add_marker(pytest.mark.service)


def skip_or_fail(reason: str) -> NoReturn:
    if os.environ.get("CI") == "true":
        pytest.fail(f"{reason}; under CI=true these tests may not be skipped")
    pytest.skip(reason)


@pytest.fixture(scope="session")
def run_folder(tmp_path_factory) -> Path:
    """A folder that all workers of this run share."""
    base = tmp_path_factory.getbasetemp()
    return base.parent if "PYTEST_XDIST_WORKER" in os.environ else base


@pytest.fixture(scope="session")
def neo4j_settings(run_folder) -> Iterator[Settings]:
    """Settings that lead to the Neo4j of this run; its content is the `store` fixture's, which takes turns."""
    data = run_folder / "neo4j-client"
    given = os.environ.get("GUANXI_TEST_NEO4J_URI")
    if given:
        user = os.environ.get("GUANXI_TEST_NEO4J_USER", "neo4j")
        password = os.environ.get("GUANXI_TEST_NEO4J_PASSWORD", "")
        yield Settings(data_dir=data, store_uri=given, store_user=user, store_password=password)
        return
    try:
        neo4j_server.build()
    except neo4j_server.UnavailableError as error:
        skip_or_fail(f"{error}; give GUANXI_TEST_NEO4J_URI to use another one")
    hold, port = join_neo4j(run_folder)
    yield Settings(data_dir=data, store_uri=f"bolt://127.0.0.1:{port}")
    os.close(hold)


def join_neo4j(run_folder: Path) -> tuple[int, int]:
    """A hold on the Neo4j of this run, started if there is none, and its Bolt port.

    Neo4j reads a named pipe that every worker holds open, and ends when the last of them has let go of it.
    """
    pipe, output = run_folder / "neo4j.pipe", run_folder / "neo4j.log"
    with exclusive(run_folder / "neo4j.lock"):
        if not pipe.exists():
            os.mkfifo(pipe)
        try:
            hold = os.open(pipe, os.O_WRONLY | os.O_NONBLOCK)
        except OSError:  # nobody reads it
            hold = start_neo4j(run_folder, pipe, output)
        return hold, neo4j_server.announced_port(output)


def start_neo4j(run_folder: Path, pipe: Path, output: Path) -> int:
    home = Path(tempfile.mkdtemp(prefix="neo4j-", dir=run_folder))
    reader = os.open(pipe, os.O_RDONLY | os.O_NONBLOCK)
    hold = os.open(pipe, os.O_WRONLY)
    os.set_blocking(reader, True)
    server = neo4j_server.start(home, reader, output)
    os.close(reader)
    threading.Thread(target=server.wait, daemon=True).start()  # reaps it, should it end before this process
    return hold


@pytest.fixture(scope="session", params=["embedded", "neo4j"])
def engine_settings(request, tmp_path_factory) -> Settings:
    """Settings that lead to each of the two databases in turn."""
    if request.param == "neo4j":
        return request.getfixturevalue("neo4j_settings")
    data = tmp_path_factory.mktemp("embedded")
    return Settings(data_dir=data, embedded_heap="1g", embedded_grace_seconds=0.5)


@pytest.fixture(scope="session")
def shared_store(engine_settings) -> Iterator[Store]:
    """A store that stays open, so that its server does not start and end with every test."""
    with Store.open(engine_settings) as store:
        yield store


@pytest.fixture
def store(shared_store, engine_settings) -> Iterator[Store]:
    """A store without a node in it; what schema the tests before have made is still there."""
    place = hashlib.sha256(f"{engine_settings.store_uri} {engine_settings.data_dir}".encode()).hexdigest()[
        :16
    ]
    with exclusive(Path(tempfile.gettempdir()) / f"guanxi-test-{place}.lock"):
        empty(shared_store)
        yield shared_store


@pytest.fixture
def settings(store, engine_settings, tmp_path) -> Settings:
    """Settings for the emptied store with a data folder of the test's own for what is kept beside it."""
    uri, user, password, database = store.address()
    return Settings(
        data_dir=tmp_path / "data",
        store_uri=uri,
        store_user=user,
        store_password=password,
        store_database=database,
        embedded_heap=engine_settings.embedded_heap,
    )


def empty(store: Store) -> None:
    """Delete every node and edge, in transactions of bounded size."""
    deleted = True
    while deleted:
        rows = store.write(
            lambda tx: tx.run("MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS deleted")
        )
        deleted = bool(rows[0]["deleted"])
