"""How many threads linear algebra may take: one for what is small, all for what is large."""

from __future__ import annotations

import functools
from contextlib import AbstractContextManager
from typing import Any, Final

from threadpoolctl import ThreadpoolController

_LARGE: Final = 1000
"""From so many rows on a matrix is worth more than one thread: below, they cost more to wake than they do."""


@functools.cache
def _libraries() -> ThreadpoolController:
    """The BLAS libraries of this process; looked for once."""
    return ThreadpoolController()  # type: ignore[no-untyped-call]


def threads_for(rows: int) -> AbstractContextManager[Any]:
    """Inside the block, linear algebra takes as many threads as a matrix of so many rows is worth."""
    limited: AbstractContextManager[Any] = _libraries().limit(
        limits=1 if rows < _LARGE else None, user_api="blas"
    )
    return limited
