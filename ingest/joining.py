"""What `ingest/data/stories.yaml` declares: when what several documents and feeds tell is the same thing."""

from __future__ import annotations

import functools
import re
from importlib import resources
from typing import Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field

DealRole = Literal["target", "investors"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class AsDeal(_Declared):
    """How feeds list an event as a deal: its kind, and the roles of its parties."""

    kind: str
    subject: DealRole
    others: dict[str, DealRole]


class Listed(_Declared):
    """When an event that is read is one that a feed lists."""

    days: int = Field(ge=0)
    days_bare: int = Field(ge=0)
    tolerance: float = Field(ge=0, lt=1)
    never: frozenset[str]
    completed: re.Pattern[str]
    deals: dict[str, AsDeal]


class Progress(_Declared):
    """When a figure is one of a plan that goes on, and which roles tell one plan from another, by type."""

    days: int = Field(ge=0)
    words: re.Pattern[str]
    types: dict[str, tuple[str, ...]]


class Pledges(_Declared):
    """Which events of pledging make a pledge, and when two are the same."""

    days: int = Field(ge=0)
    loan: re.Pattern[str]
    never: frozenset[str]
    sums: re.Pattern[str]
    left: re.Pattern[str]


class Joining(_Declared):
    """All of it."""

    version: str
    listed: Listed
    progress: Progress
    pledges: Pledges


@functools.cache
def joining() -> Joining:
    """What is declared."""
    file = resources.files("ingest") / "data" / "stories.yaml"
    return Joining.model_validate(yaml.safe_load(file.read_text(encoding="utf-8")))
