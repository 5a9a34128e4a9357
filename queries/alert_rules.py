"""事件冲击规则: how hard each kind of event hits, and from which distress on a client is alerted; data, not code."""

from __future__ import annotations

import functools
import hashlib
from importlib.resources.abc import Traversable
from pathlib import Path
from typing import Annotated, Final, Self

from pydantic import Field, model_validator

from queries.declared import Declared, Wording, read, shipped
from queries.risk_models import Model

RULE: Final = "event-shock"

Part = Annotated[float, Field(ge=0, le=1, allow_inf_nan=False)]


class Span(Declared):
    """A fraction of 1 with the least and the most that it may be."""

    size: Part
    low: Part
    high: Part

    @model_validator(mode="after")
    def _ordered(self) -> Self:
        if not self.low <= self.size <= self.high:
            raise ValueError(f"low {self.low}, size {self.size} and high {self.high} must ascend")
        return self

    @property
    def values(self) -> tuple[float, float, float]:
        """Low, size, high."""
        return self.low, self.size, self.high


class EventShock(Span):
    """How hard one kind of event hits; `lost` is the part of its amount that is lost, where amounts decide."""

    name: Wording
    lost: Span | None = None
    reason: Wording

    def sizes(self, amount: float | None, equity: float | None) -> tuple[float, float, float]:
        """Low, central and high shock of a party with an equity, by an event with an amount, both in yuan."""
        if self.lost is None or amount is None or amount < 0 or equity is None or not equity > 0:
            return self.values
        low, size, high = (min(1.0, amount * part / equity) for part in self.lost.values)
        return low, size, high


class EventShocks(Declared):
    """All kinds of events that shock, and when a client is alerted."""

    version: str
    model: Model
    threshold: Annotated[float, Field(gt=0, le=1)]
    lookback_days: Annotated[int, Field(ge=0, le=3650)]
    kinds: dict[str, EventShock]

    @property
    def label(self) -> str:
        """Name, version and a hash of all numbers: what an alert gives as its rule."""
        text = self.model_dump_json()
        return f"{RULE} {self.version}+{hashlib.blake2b(text.encode(), digest_size=6).hexdigest()}"


def event_shocks(file: Path | None = None) -> EventShocks:
    """The rules that come with guanxi, or a firm's own file. Raises DataError that says where it is wrong."""
    return _shipped() if file is None else _read(file)


@functools.cache
def _shipped() -> EventShocks:
    return _read(shipped("event_shocks.yaml"))


def _read(file: Traversable | Path) -> EventShocks:
    return read(EventShocks, file, "mend the file of event shocks")
