"""What every answer is made of: parties, lines with the records behind them, sections that page."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import Annotated, ClassVar, Generic, TypeVar

from pydantic import BaseModel, ConfigDict, Field

from graph.view_types import RecordRef

EXAMPLE_ID = "0b51f1f3c2a94e6d8f7a2c31"

EntityId = Annotated[str, Field(description="Permanent id of an entity.", examples=[EXAMPLE_ID])]
Cursor = Annotated[
    str | None, Field(description="Pass it as `cursor` to get what follows; null where nothing does.")
]
Ratio = Annotated[float | None, Field(description="Fraction of 1; null where unknown.")]
Money = Annotated[float | None, Field(description="Yuan; null where unknown.")]
Day = Annotated[dt.date | None, Field(description="ISO date; null where unknown or still open.")]
Value = str | int | float | bool | dt.date | list[str]


class Answer(BaseModel):
    """Base of everything that answers a question: immutable, with no field beyond those declared."""

    model_config = ConfigDict(frozen=True, extra="forbid")


Records = Annotated[list[RecordRef], Field(description="The records that say so, the best one first.")]


class Party(Answer):
    """An entity by id, name and type."""

    id: EntityId
    name: str
    kind: str = Field(description="Its type in the data model: Company, Person …")


@dataclass(slots=True, kw_only=True)
class Line:
    """One statement of an answer, with the records behind it.

    Lines are plain dataclasses: an answer has many, what is in them comes from the View as it is, and pydantic
    describes and writes them as it does models, but makes them in a third of the time.
    """

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    records: Records


@dataclass(slots=True, kw_only=True)
class PartyLine(Line):
    """A statement about another entity."""

    id: EntityId
    name: str
    kind: Annotated[str, Field(description="Its type in the data model: Company, Person …")]


class Finding(Answer):
    """Something about the data that its reader should know: a conflict, a doubt, a repair."""

    code: str
    message: str
    records: Records


L = TypeVar("L")


class Section(Answer, Generic[L]):
    """The first lines of a list, how many there are in all, and where to go on."""

    lines: list[L]
    total: int = Field(description="How many lines there are in all.")
    next: Cursor


@dataclass(slots=True, kw_only=True)
class FieldLine(Line):
    """One property: its name in the data model, what people call it, its value."""

    field: str
    label: Annotated[str, Field(description="Chinese name of the property.")]
    label_en: str
    value: Value
    unit: Annotated[str, Field(description="Unit of a number (CNY, shares, fraction of 1 …), else empty.")]


@dataclass(slots=True, kw_only=True)
class AliasLine(Line):
    """A name that it answers to."""

    name: str
    usage: Annotated[str, Field(description="legal_name, short_name, former_name, alias.")]


@dataclass(slots=True, kw_only=True)
class SimilarLine(PartyLine):
    """An entity that may be the same; nothing is concluded from it."""

    reason: str
