"""Dates as days: full, partial and relative ones, the impossible, what only looks like a date, offsets, time."""

from __future__ import annotations

import datetime as dt
import time
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.dates import dates
from nlp.found import SENTENCE_ENDS

PUBLISHED = dt.date(2026, 5, 17)
"""A Sunday."""
DATE_CHARACTERS = (
    "0123456789０１-/.年月日号今去前昨本上下半第季度一二三四十〇底末初中旬周星期Qq1H至同期近。\n "
)


def only(text, published=PUBLISHED):
    """The one date of a text: its words, first day and the day after the last."""
    [found] = dates(text, published)
    period = found.period
    return found.text, period and period.start.isoformat(), period and period.end.isoformat()


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("2026年3月5日", "2026-03-05", "2026-03-06"),
        ("2026-03-05", "2026-03-05", "2026-03-06"),
        ("2026/3/5", "2026-03-05", "2026-03-06"),
        ("2026.3.5", "2026-03-05", "2026-03-06"),
        ("二〇二六年三月五日", "2026-03-05", "2026-03-06"),
        ("２０２６年３月５日", "2026-03-05", "2026-03-06"),
        ("2026年3月", "2026-03-01", "2026-04-01"),
        ("2025年12月", "2025-12-01", "2026-01-01"),
        ("2025年", "2025-01-01", "2026-01-01"),
        ("2025年度", "2025-01-01", "2026-01-01"),
        ("2025年底", "2025-12-01", "2026-01-01"),
        ("2025年末", "2025-12-31", "2026-01-01"),
        ("2026Q1", "2026-01-01", "2026-04-01"),
        ("2026年前三季度", "2026-01-01", "2026-10-01"),
        ("2026年1-3月", "2026-01-01", "2026-04-01"),
        ("1937年7月7日", "1937-07-07", "1937-07-08"),
        ("2024年2月29日", "2024-02-29", "2024-03-01"),
        ("2025年10月下旬", "2025-10-21", "2025-11-01"),
        ("2025年二月末", "2025-02-28", "2025-03-01"),
    ],
)
def test_dates_with_their_year_need_no_day_of_publication(text, start, end):
    assert only(text, None) == (text, start, end)
    assert only(text) == (text, start, end)


@pytest.mark.parametrize(
    ("text", "start", "end"),
    [
        ("3月5日", "2026-03-05", "2026-03-06"),
        ("3月", "2026-03-01", "2026-04-01"),
        ("12月31日", "2025-12-31", "2026-01-01"),
        ("6月18日", "2026-06-18", "2026-06-19"),
        ("去年", "2025-01-01", "2026-01-01"),
        ("去年12月", "2025-12-01", "2026-01-01"),
        ("今年上半年", "2026-01-01", "2026-07-01"),
        ("今年前三季度", "2026-01-01", "2026-10-01"),
        ("明年年底", "2027-12-01", "2028-01-01"),
        ("上月末", "2026-04-30", "2026-05-01"),
        ("本月", "2026-05-01", "2026-06-01"),
        ("本月14日", "2026-05-14", "2026-05-15"),
        ("昨日", "2026-05-16", "2026-05-17"),
        ("今日", "2026-05-17", "2026-05-18"),
        ("前三季度", "2026-01-01", "2026-10-01"),
        ("第三季度", "2026-07-01", "2026-10-01"),
        ("三季度", "2026-07-01", "2026-10-01"),
        ("上半年", "2026-01-01", "2026-07-01"),
        ("年底", "2025-12-01", "2026-01-01"),
        ("年内", "2026-01-01", "2027-01-01"),
        ("上季度", "2026-01-01", "2026-04-01"),
        ("5日", "2026-05-05", "2026-05-06"),
        ("18日", "2026-05-18", "2026-05-19"),
        ("周三", "2026-05-13", "2026-05-14"),
        ("上周五", "2026-05-08", "2026-05-09"),
        ("下周", "2026-05-18", "2026-05-25"),
        ("1-4月", "2026-01-01", "2026-05-01"),
    ],
)
def test_relative_dates_are_read_from_the_day_of_publication_and_unresolved_without(text, start, end):
    assert only(text) == (text, start, end)
    assert only(text, None) == (text, None, None)


@pytest.mark.parametrize(
    "text",
    ["近日", "日前", "去年同期", "2月30日", "2026年2月30日", "13月5日", "9999年", "0000年", "2026年0月"],
)
def test_vague_and_impossible_dates_have_no_period(text):
    assert only(text) == (text, None, None)


@pytest.mark.parametrize(
    "text",
    [
        "5日内",
        "近5日",
        "连续3日",
        "50日均线",
        "周期",
        "两年",
        "20000年",
        "版本5.17",
        "3个月",
        "二十年",
        "近3月",
        "100年",
        "",
    ],
)
def test_what_only_looks_like_a_date_is_none(text):
    assert dates(text, PUBLISHED) == []


def test_a_day_leans_on_the_month_and_a_month_on_the_year_before_it_in_the_sentence():
    text = "2019年3月15日起诉，20日立案，4月2日开庭。5日宣判"
    assert [str(found.period.start) for found in dates(text, PUBLISHED)] == [
        "2019-03-15", "2019-03-20", "2019-04-02", "2026-05-05",
    ]  # fmt: skip


def test_a_quarter_long_past_is_last_years():
    [found] = dates("三季度", dt.date(2026, 1, 20))
    assert found.period.start == dt.date(2025, 7, 1)


@given(st.text() | st.text(DATE_CHARACTERS), st.none() | st.dates())
def test_offsets_index_the_text_as_given_and_periods_have_days(text, published):
    found = dates(text, published)
    for mention in found:
        assert text[mention.start : mention.end] == mention.text
        assert mention.period is None or mention.period.start < mention.period.end
        assert not set(SENTENCE_ENDS) & set(mention.text)
    assert all(one.end <= two.start for one, two in pairwise(found))


@given(st.dates(max_value=dt.date(9999, 12, 30), min_value=dt.date(1000, 1, 1)))
def test_a_full_date_is_read_as_written(day):
    for text in (f"{day.year}年{day.month}月{day.day}日", day.isoformat()):
        [found] = dates(text, None)
        assert (found.text, found.period.start, found.period.end) == (text, day, day + dt.timedelta(1))


@pytest.mark.parametrize("part", ["1", "2026", "2026-", "一", "1月", "去年", "年", "1-1月", "周一", "前"])
def test_time_grows_with_length_alone(part):
    """A pattern that backtracks over such a text would take hours."""
    text = part * (100_000 // len(part))
    begin = time.perf_counter()
    dates(text, PUBLISHED)
    assert time.perf_counter() - begin < 10
