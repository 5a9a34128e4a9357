"""情感走势: how texts speak of an entity, month by month."""

from __future__ import annotations

import datetime as dt
from collections import defaultdict
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

from pydantic import ConfigDict, Field

from graph.view import View
from queries.documents import Naming, mean, of_entity
from queries.models import Answer, EntityId, Line
from queries.statements import refs

_NEUTRAL: Final = 0.1
"""A sentiment this near to 0 is neither good nor bad."""


@dataclass(slots=True, kw_only=True)
class Month(Line):
    """The documents of one month that speak of the entity, each counted once."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    month: Annotated[dt.date, Field(description="Its first day.")]
    mean: Annotated[float, Field(description="Mean sentiment toward the entity, from -1 to 1.")]
    documents: int
    good: int
    bad: int


class SentimentOverTime(Answer):
    """Sentiment toward an entity by month, the newest first."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date | None
    known_at: dt.date | None
    months: list[Month]
    mean: float | None = Field(description="Over all documents; null where none speaks of it.")
    documents: int


def sentiment(view: View, ref: str) -> SentimentOverTime:
    """Sentiment toward an entity over time, of documents published up to the day asked for.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
    """
    row = view.resolve(ref)
    months: dict[dt.date, list[Naming]] = defaultdict(list)
    for document, naming in of_entity(view, row).items():
        day = view.value(document, "published")
        if naming.toward and isinstance(day, dt.date):
            months[day.replace(day=1)].append(naming)
    every = [mean(naming.toward) or 0.0 for some in months.values() for naming in some]
    return SentimentOverTime(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        months=[_month(month, months[month]) for month in sorted(months, reverse=True)],
        mean=mean(every),
        documents=len(every),
    )


def _month(month: dt.date, told: list[Naming]) -> Month:
    values = [mean(naming.toward) or 0.0 for naming in told]
    records = sorted({record for naming in told for record in naming.records}, key=lambda record: record.id)
    return Month(
        month=month,
        mean=mean(values) or 0.0,
        documents=len(values),
        good=sum(value > _NEUTRAL for value in values),
        bad=sum(value < -_NEUTRAL for value in values),
        records=refs(records),
    )
