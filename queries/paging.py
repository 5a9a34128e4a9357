"""Pages of an answer: how many items, after which one; cursors name stable positions and are signed."""

from __future__ import annotations

import base64
import binascii
import bisect
import hashlib
import hmac
import json
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from typing import TypeVar

from graph.errors import InvalidInput

DEFAULT_LIMIT = 50
MAX_LIMIT = 500
_SIGNATURE_BYTES = 12

T = TypeVar("T")

Position = tuple[str | float | int | None, ...]
"""Where an item stands in its list: its sort key, ending in its stable id; never a row number."""


@dataclass(frozen=True, slots=True)
class Page:
    """A wish for one page: at most `limit` items after `cursor`; `key` signs and checks cursors.

    A cursor holds the position of the last item of the page before it and belongs to one question: another
    question or a changed letter makes it invalid. It holds nothing that its reader had not seen already.
    """

    limit: int = DEFAULT_LIMIT
    cursor: str | None = None
    key: str = ""

    def __post_init__(self) -> None:
        if not 1 <= self.limit <= MAX_LIMIT:
            raise InvalidInput(
                "limit", f"limit 应在 1 到 {MAX_LIMIT} 之间 / limit must be between 1 and {MAX_LIMIT}"
            )

    def signed(self, key: str) -> Page:
        """The same page with the key that its cursors are signed by."""
        return replace(self, key=key)

    def after(self, *question: str) -> Position | None:
        """The position that the page starts behind, None for the first page. Raises InvalidInput."""
        if self.cursor is None:
            return None
        try:
            sealed = base64.b64decode(
                self.cursor.encode() + b"=" * (-len(self.cursor) % 4), b"-_", validate=True
            )
        except (binascii.Error, ValueError):
            raise _bad_cursor() from None
        signature, body = sealed[:_SIGNATURE_BYTES], sealed[_SIGNATURE_BYTES:]
        if not hmac.compare_digest(signature, self._signature(question, body)):
            raise _bad_cursor()
        if base64.urlsafe_b64encode(sealed).decode().rstrip("=") != self.cursor:
            raise _bad_cursor()  # the unused bits of the last letter were changed
        return tuple(json.loads(body))

    def next(self, position: Position, *question: str) -> str:
        """The cursor of the page behind `position`."""
        body = json.dumps(position, ensure_ascii=False, separators=(",", ":")).encode()
        return base64.urlsafe_b64encode(self._signature(question, body) + body).decode().rstrip("=")

    def _signature(self, question: Sequence[str], body: bytes) -> bytes:
        asked = json.dumps(question, ensure_ascii=False).encode()
        return hmac.new(self.key.encode(), asked + b"\0" + body, hashlib.sha256).digest()[:_SIGNATURE_BYTES]


def cut(
    items: Sequence[T], page: Page, position: Callable[[T], Position], *question: str
) -> tuple[Sequence[T], str | None]:
    """One page of `items`, which ascend by `position`, and the cursor of the page behind it."""
    after = page.after(*question)
    start = 0 if after is None else bisect.bisect_right(items, after, key=position)
    chosen = items[start : start + page.limit]
    more = start + page.limit < len(items)
    return chosen, page.next(position(chosen[-1]), *question) if more else None


def _bad_cursor() -> InvalidInput:
    return InvalidInput(
        "cursor",
        "cursor 无效，或属于另一个查询 / the cursor is not valid, or belongs to another question",
        hint="从第一页重新开始，不带 cursor / start again at the first page, without a cursor",
    )
