"""Large things are made once, the least used go, and one that is being made holds up nobody else."""

from __future__ import annotations

import threading
from concurrent.futures import ThreadPoolExecutor

import pytest

from graph.recent import Recent


def test_made_once_and_the_least_used_goes():
    recent, made = Recent(2), []
    for key in ("a", "b", "a", "c", "a", "b"):
        assert recent.get(key, lambda key=key: made.append(key) or key) == key
    assert made == ["a", "b", "c", "b"]


def test_nothing_is_kept_of_what_failed():
    recent = Recent(2)
    with pytest.raises(ZeroDivisionError):
        recent.get("a", lambda: 1 // 0)
    assert recent.get("a", lambda: None) is None
    assert recent.get("a", lambda: 1) is None, "nothing is something, too"


def test_threads_wait_for_what_they_want_alone():
    recent, begun, go = Recent(4), threading.Event(), threading.Event()

    def slow():
        begun.set()
        assert go.wait(10)
        return object()

    with ThreadPoolExecutor(3) as pool:
        first = pool.submit(recent.get, "slow", slow)
        assert begun.wait(10)
        second = pool.submit(recent.get, "slow", object)
        assert pool.submit(recent.get, "other", lambda: 7).result(10) == 7
        go.set()
        assert first.result(10) is second.result(10)
