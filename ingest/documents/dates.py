"""落款日期: the day under which a document is signed."""

from __future__ import annotations

import datetime as dt
import re
from typing import Final

from ingest.documents.document import day

_SIGNED: Final = re.compile(
    r"^[ \t\u3000]*((?:[12]\d{3}|[一二][〇○零一二三四五六七八九]{3})\s*年"
    r"[ \d一二三四五六七八九十]{1,4}月[ \d一二三四五六七八九十]{1,4}日)[ \t\u3000]*$",
    re.MULTILINE,
)


def signed_on(text: str) -> dt.date | None:
    """The last line that is a date and nothing else; None where there is none."""
    found = _SIGNED.findall(text)
    return day("".join(found[-1].split())) if found else None
