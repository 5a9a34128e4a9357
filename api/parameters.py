"""The parameters of the routes, each a model, so that a wrong or unknown one is refused by name."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from typing import Annotated, Any, Literal

from fastapi import Path
from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field

from queries.models import EXAMPLE_ID
from queries.paging import DEFAULT_LIMIT, MAX_LIMIT, Page

_ISO_DATE = re.compile(r"\d{4}-\d{2}-\d{2}", re.ASCII)
MAX_QUERY = 200
MAX_REF = 200
MAX_CURSOR = 2000


def _iso(value: Any) -> Any:
    """Refuse what pydantic would also take for a date: a number of seconds, a time."""
    if isinstance(value, str) and not _ISO_DATE.fullmatch(value):
        raise ValueError("应为 YYYY-MM-DD 形式的日期 / should be a date as YYYY-MM-DD")
    return value


def printable(text: str) -> str:
    """Refuse control characters and the halves of broken ones: no name has any."""
    if any(unicodedata.category(c) in ("Cc", "Cs") for c in text):
        raise ValueError("含有控制字符 / contains control characters")
    return text


def _spoken(text: str) -> str:
    if not text.strip():
        raise ValueError("不能为空 / must not be empty")
    return printable(text)


Date = Annotated[dt.date | None, BeforeValidator(_iso)]
Ref = Annotated[
    str,
    Path(
        description="Id of the entity, its code, or its name where only one thing has it.",
        max_length=MAX_REF,
        examples=[EXAMPLE_ID, "600276.SH"],
    ),
    AfterValidator(printable),
]
Handle = Annotated[
    str, Path(description="Handle of the record.", max_length=MAX_REF), AfterValidator(printable)
]


class Read(BaseModel):
    """What every reading question may be asked for."""

    model_config = ConfigDict(extra="forbid")

    as_of: Date = Field(None, description="Answer as it was true on this day.", examples=["2024-06-30"])
    known_at: Date = Field(
        None, description="Answer from what had been told by this day only.", examples=["2024-12-31"]
    )


class Paged(Read):
    """The same, of a list."""

    limit: int = Field(DEFAULT_LIMIT, ge=1, le=MAX_LIMIT, description="Most items of the page.")
    cursor: str | None = Field(None, max_length=MAX_CURSOR, description="`next` of the page before.")

    def page(self, key: str) -> Page:
        """The page asked for; `key` signs cursors."""
        return Page(self.limit, self.cursor, key)


class Search(Paged):
    """Parameters of a search."""

    q: Annotated[str, AfterValidator(_spoken)] = Field(
        max_length=MAX_QUERY,
        description="Name, short or former name, code, pinyin or initials; one wrong character is forgiven.",
        examples=["恒瑞", "hengrui", "600276"],
    )
    limit: int = Field(20, ge=1, le=100, description="Most hits of the page.")
    kind: list[str] = Field(
        default_factory=list, max_length=30, description="Entities of this type alone; may be repeated."
    )


class Profile(Paged):
    """Parameters of a profile."""

    section: str | None = Field(
        None, max_length=40, description="One section alone, to page through it.", examples=["holders"]
    )
    limit: int = Field(20, ge=1, le=MAX_LIMIT, description="Most lines of a section.")


class Neighbors(Paged):
    """Parameters of the neighbours."""

    type: str | None = Field(
        None, max_length=40, description="Relations of this edge type alone.", examples=["HOLDS"]
    )
    direction: Literal["out", "in"] | None = Field(None, description="Relations from the entity or to it.")
