"""商机的措辞: days and amounts in sentences, in Chinese and in English."""

from __future__ import annotations

import datetime as dt
from typing import Final

from queries.labels import Label

_UNITS: Final = ((1e8, "亿元"), (1e4, "万元"))


def day_text(day: dt.date | None) -> Label:
    """A day as people write it."""
    if day is None:
        return Label("日期不详", "an unknown day")
    return Label(f"{day.year}年{day.month}月{day.day}日", day.isoformat())


def money_text(amount: float | None) -> Label | None:
    """Yuan as people write them; None where there is no amount."""
    if amount is None:
        return None
    for size, unit in _UNITS:
        if abs(amount) >= size:
            return Label(f"{amount / size:,.2f}{unit}", f"CNY {amount:,.0f}")
    return Label(f"{amount:,.0f}元", f"CNY {amount:,.0f}")


def percent_text(part: float) -> str:
    """A fraction of 1 as people write it."""
    return f"{part:.0%}"
