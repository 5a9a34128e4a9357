"""Words that the chapters of a brief share: shares, amounts, lists of the profile."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final, cast

from api.brief_pages import UNKNOWN
from api.show import money
from queries.customer_360_lines import Customer360
from queries.models import Section

SENTENCE: Final = 120
SHORT: Final = 40
"""So many characters of a sentence, and of a name, are printed."""

SHOWN: Final = 5e-5
"""Smaller shares would be printed as 0.00%."""


def section(whole: Customer360, name: str) -> Section[Any]:
    """A section of the profile."""
    return cast("dict[str, Section[Any]]", whole.sections)[name]


def identity(whole: Customer360) -> Mapping[str, Any]:
    """Its properties by name."""
    return {line.field: line.value for line in whole.sections["identity"].lines}


def chinese(text: str) -> str:
    """The Chinese half of a text in both languages."""
    return text.split(" / ", 1)[0]


def part(value: float | None) -> str:
    """A fraction of 1 in %."""
    return UNKNOWN if value is None else f"{value:.2%}"


def yuan(value: float) -> str:
    """An amount that is known."""
    return money(value) if value else "0 元"
