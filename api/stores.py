"""The graph database as an operator sees it: its state, its sources, and how to end the embedded one."""

from __future__ import annotations

import os
import signal
import time
from typing import Any

from rich.console import Console
from rich.table import Table

from api.settings import ApiSettings
from graph import embedded
from graph.errors import StoreDown
from graph.store import Store

_SECONDS_TO_STOP = 30.0


def status(settings: ApiSettings) -> dict[str, Any]:
    """Which database answers, where it is, its version, and the sources loaded. Raises StoreDown."""
    with Store.open(settings) as store:
        sources = store.read(store.query("sources"))
        return {
            "engine": store.engine.value,
            "address": store.address().uri,
            "embedded": not settings.store_uri,
            "data_dir": str(settings.data_dir),
            "version": store.version(),
            "sources": sources,
        }


def show(console: Console, answer: dict[str, Any]) -> None:
    """For people."""
    console.print(
        f"{answer['engine']}  {answer['address']}  version {answer['version']}  {answer['data_dir']}"
    )
    table = Table("来源 source", "命名空间 namespace", "等级 rank", "名称 title")
    for source in answer["sources"]:
        table.add_row(*(str(source.get(name) or "") for name in ("id", "namespace", "rank", "title")))
    console.print(table)


def stop(settings: ApiSettings) -> bool:
    """End the embedded database of the data folder; whether one was running. Raises StoreDown if it does not end."""
    found = embedded.status(settings.data_dir)
    if found.state is None:
        return False
    os.kill(found.state.pid, signal.SIGTERM)
    deadline = time.monotonic() + _SECONDS_TO_STOP
    while embedded.status(settings.data_dir).running:
        if time.monotonic() > deadline:
            raise StoreDown(f"内嵌数据库未能停止 / the embedded store does not end; its log is {found.log}")
        time.sleep(0.1)
    return True
