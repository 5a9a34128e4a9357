"""The API over both databases: what it answers while the database is away, and how it comes back by itself."""

from __future__ import annotations

import contextlib
import csv
import datetime as dt
import socket
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from fastapi.testclient import TestClient
from pydantic import SecretStr

from api import auth
from api.app import create_app
from api.settings import ApiSettings
from graph.ids import entity_handle
from graph.store import Store
from ingest.loader import LoadOptions, load
from ingest.native import Native

SOON = 10.0
BOUNDED = 8.0


class Line:
    """A way to a database that can be cut: a proxy on loopback that passes bytes on, until it does not."""

    def __init__(self, port: int) -> None:
        self._target = ("127.0.0.1", port)
        self._listener = self._listen(0)
        self.port: int = self._listener.getsockname()[1]
        self._open: list[socket.socket] = []
        self._accept()

    @staticmethod
    def _listen(port: int) -> socket.socket:
        listener = socket.socket()
        listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        listener.bind(("127.0.0.1", port))
        listener.listen()
        return listener

    def _accept(self) -> None:
        threading.Thread(target=self._serve, args=(self._listener,), daemon=True).start()

    def _serve(self, listener: socket.socket) -> None:
        while True:
            try:
                here, _ = listener.accept()
            except OSError:
                return
            there = socket.create_connection(self._target)
            self._open += [here, there]
            for pair in ((here, there), (there, here)):
                threading.Thread(target=self._pass_on, args=pair, daemon=True).start()

    @staticmethod
    def _pass_on(source: socket.socket, target: socket.socket) -> None:
        with contextlib.suppress(OSError):
            while data := source.recv(65536):
                target.sendall(data)
        for end in (source, target):
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)

    def cut(self) -> None:
        """End every connection and take no more."""
        with contextlib.suppress(OSError):
            self._listener.shutdown(socket.SHUT_RDWR)
        self._listener.close()
        for end in self._open:
            with contextlib.suppress(OSError):
                end.shutdown(socket.SHUT_RDWR)
            end.close()
        self._open.clear()

    def mend(self) -> None:
        """Take connections again, at the same port."""
        self._listener = self._listen(self.port)
        self._accept()


@pytest.fixture
def line(store: Store) -> Iterator[Line]:
    line = Line(urlsplit(store.address().uri).port or 7687)
    yield line
    line.cut()


@pytest.fixture
def companies(store: Store, tmp_path: Path) -> Callable[..., None]:
    """Loads companies by name."""

    def load_them(*names: str) -> None:
        path = tmp_path / "Company.csv"
        with path.open("w", newline="", encoding="utf-8") as file:
            csv.writer(file).writerows([["id", "name"], *([name, name] for name in names)])
        options = LoadOptions(today=dt.datetime.now(dt.UTC).date(), rejects=tmp_path / "rejects")
        load(store, Native(), [path], options)

    return load_them


@pytest.fixture
def client(store: Store, line: Line, companies: Callable[..., None], tmp_path: Path) -> Iterator[TestClient]:
    companies("澄江医药股份有限公司")
    address = store.address()
    settings = ApiSettings(
        data_dir=tmp_path / "api",
        store_uri=f"bolt://127.0.0.1:{line.port}",
        store_user=address.user,
        store_password=SecretStr(address.password),
        store_database=address.database,
        store_down_seconds=0.5,
    )
    secret = auth.add_token(settings.tokens_path, "operator", operator=True)
    headers = {"Authorization": f"Bearer {secret}"}
    with TestClient(create_app(settings), headers=headers, raise_server_exceptions=False) as client:
        yield client


def ask(client: TestClient, path: str, **params: Any) -> Any:
    """One question, answered within a bounded time whatever happens."""
    began = time.monotonic()
    response = client.get(path, params=params)
    assert time.monotonic() - began < BOUNDED
    return response


def until(condition: Callable[[], bool]) -> None:
    deadline = time.monotonic() + SOON
    while not condition():
        assert time.monotonic() < deadline, "it did not happen"
        time.sleep(0.05)


def test_the_database_goes_and_comes_back(client, line, companies):
    company = entity_handle("native", "Company", "澄江医药股份有限公司")
    paths = [f"/v1/entities/{company}{suffix}" for suffix in ("", "/profile", "/neighbors", "/timeline")]
    assert [ask(client, path).status_code for path in paths] == [200] * 4
    assert ask(client, "/readyz").status_code == 200

    line.cut()
    until(lambda: ask(client, "/readyz").status_code == 503)
    for path in (*paths, "/readyz", "/v1/search"):
        response = ask(client, path, **({"q": "澄江"} if path.endswith("search") else {}))
        assert response.status_code == 503
        assert response.headers["content-type"] == "application/problem+json"
        assert int(response.headers["retry-after"]) > 0
        assert response.json()["type"] == "urn:guanxi:problem:store-down"
    assert ask(client, "/healthz").status_code == 200
    assert "guanxi_store_up 0" in ask(client, "/metrics").text
    companies("白石化工有限公司")

    line.mend()
    until(lambda: ask(client, "/readyz").status_code == 200)
    assert [ask(client, path).status_code for path in paths] == [200] * 4
    until(lambda: ask(client, "/v1/search", q="白石化工").json()["hits"] != [])


def test_a_change_is_seen_soon(client, companies):
    assert ask(client, "/v1/search", q="青禾药房").json()["hits"] == []
    companies("青禾药房有限公司")
    until(lambda: bool(ask(client, "/v1/search", q="青禾药房").json()["hits"]))


def test_a_record_is_read_from_the_database(client):
    company = ask(client, "/v1/entities/澄江医药股份有限公司").json()
    (record,) = company["records"]
    assert record["body"]["name"] == "澄江医药股份有限公司"
    again = ask(client, f"/v1/records/{record['id']}").json()
    assert again == record


def test_it_starts_before_the_database(store, line, companies, tmp_path):
    companies("先行有限公司")
    address = store.address()
    line.cut()
    settings = ApiSettings(
        data_dir=tmp_path / "api",
        store_uri=f"bolt://127.0.0.1:{line.port}",
        store_user=address.user,
        store_password=SecretStr(address.password),
        store_database=address.database,
        store_down_seconds=0.2,
    )
    secret = auth.add_token(settings.tokens_path, "reader")
    with TestClient(create_app(settings), headers={"Authorization": f"Bearer {secret}"}) as client:
        assert ask(client, "/v1/search", q="先行").status_code == 503
        line.mend()
        until(lambda: ask(client, "/readyz").status_code == 200)
        assert len(ask(client, "/v1/search", q="先行").json()["hits"]) == 1
