"""A title in round figures and the text below it tell one event; what differs stays two."""

from __future__ import annotations

import datetime as dt
from dataclasses import replace

import pytest

from nlp.event_rules import events
from nlp.event_title import with_title
from nlp.event_union import union
from nlp.found import Event, Mention, Quantity
from nlp.quantities import quantities

NAME = "云岭重工"
DAY = dt.date(2026, 3, 5)


def told(text: str) -> list[Event]:
    """The events of a text whose companies are those of one name."""
    starts = [n for n in range(len(text)) if text.startswith(NAME, n)]
    named = [Mention(n, n + len(NAME), NAME, "company") for n in starts]
    mentions = sorted([*named, *quantities(text)], key=lambda m: m.start)
    return with_title(text, union(events(text, mentions, DAY), mentions), mentions)


@pytest.mark.parametrize(
    ("title", "body", "value"),
    [
        ("中标12亿元项目\n", "中标城际铁路项目，金额12.36亿元。", 12.36e8),
        ("中标12.36亿元项目\n", "中标城际铁路项目，金额12亿元。", 12.36e8),
        ("中标逾12亿元项目\n", "中标城际铁路项目，金额12.96亿元。", 12.96e8),
        ("中标12亿元项目\n", "中标城际铁路项目，金额12亿元。", 12e8),
        ("中标12亿元项目】", "中标城际铁路项目，金额123600万元。", 12.36e8),
    ],
)
def test_the_finer_figure_stands(title: str, body: str, value: float) -> None:
    """Rounded to the last digit of the rounder one, or beyond it where it says so."""
    start = "【" if title.endswith("】") else ""
    [event] = told(f"{start}{NAME}{title}{NAME}{body}")
    assert event.amount is not None
    assert next(a.text for a in event.arguments if a.role == "amount") in f"{title}{body}"
    assert event.amount.value == pytest.approx(value)


@pytest.mark.parametrize("figure", ["13.1亿元", "1.2亿元", "12亿美元", "11.4亿元"])
def test_other_figures_are_other_events(figure: str) -> None:
    """Nor do sums in two currencies agree."""
    assert len(told(f"{NAME}中标12亿元项目\n{NAME}中标城际铁路项目，金额{figure}。")) == 2


def test_what_the_text_denies_is_not_what_the_title_tells() -> None:
    """And without a title nothing is joined."""
    text = f"{NAME}中标12亿元项目\n{NAME}中标城际铁路项目，金额12.36亿元。"
    mentions = [Mention(0, 4, NAME, "company")]
    first = Event("bid_won", (4, 6), 0, 12, 0.9, "rule:bid", subjects=(0,), amount=Quantity(12e8, "CNY"))
    below = replace(first, trigger=(18, 20), start=14, end=40)
    assert len(with_title(text, [first, below], mentions)) == 1
    assert len(with_title(text, [first, replace(below, detail="denied")], mentions)) == 2
    assert len(with_title(text.replace("\n", "。"), [first, below], mentions)) == 2
