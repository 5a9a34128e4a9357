"""Dates of Chinese text, as the days they mean; relative ones from the day the text was published."""

from __future__ import annotations

import datetime as dt
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from nlp.found import SENTENCE_ENDS, Mention, Period
from nlp.quantities import NUMERALS, chinese_number, plain

DIGIT: Final = "[〇零一二三四五六七八九]"
FULL_YEAR: Final = rf"(?:\d{{4}}|{DIGIT}{{4}})"
SMALL: Final = r"(?:\d{1,2}|[一二三四五六七八九十]{1,3})"
QUARTER: Final = "第?[一二三四1-4]季度|前[二两三23]季度|[一二三]季报"
HALF: Final = "上半年|下半年"

YEAR_WORDS: Final = {
    "今年": 0, "本年度": 0, "本年": 0, "去年": -1, "上一年度": -1, "上年度": -1, "上年": -1,
    "前年": -2, "明年": 1, "后年": 2,
}  # fmt: skip
MONTH_WORDS: Final = {"本月": 0, "上个月": -1, "上月": -1, "下个月": 1, "下月": 1}
DAY_WORDS: Final = {
    "今日": 0, "今天": 0, "今晚": 0, "今早": 0, "今晨": 0, "昨日": -1, "昨天": -1, "昨晚": -1, "前日": -2, "前天": -2,
    "明日": 1, "明天": 1, "后天": 2,
}  # fmt: skip
WEEK_WORDS: Final = {"本周": 0, "上周": -1, "下周": 1}
WEEKDAYS: Final = {name: number for number, name in enumerate("一二三四五六日")} | {"天": 6}

YEAR_PARTS: Final = (
    rf"(?P<half>{HALF})|(?P<quarter>{QUARTER}|[QqＱ][1-4]|[Hh][12])"
    r"|(?P<part>年?[底末初中](?![央国高])|年终|内(?![部外容]))"
)
MONTH_PARTS: Final = r"(?P<mpart>底|末|初|上旬|中旬|下旬)"
NOT_MONTH: Final = "(?![龄饼季嫂球亮光牙薪刊度])"
NOT_DAY: Final = "(?![内线均游涨元本方韩美志语系式圆常])"

EXPRESSIONS: Final = (
    # 2026-03-05, 2026/3/5, 2026.3.5
    r"(?P<iso_year>\d{4})(?P<mark>[-/.])(?P<iso_month>\d{1,2})(?P=mark)(?P<iso_day>\d{1,2})(?![\d.%])"
    # 2026Q1, 2026H1
    r"|(?P<short_year>\d{4})年?(?P<short_part>[Qq][1-4]|[Hh][12])(?![\w])"
    # 1-6月, 1至9月, of a named year or not
    rf"|(?:(?P<span_year>{FULL_YEAR})年|(?P<span_word>今年|去年))?(?P<first_month>\d{{1,2}})(?:[-~—–至到]|月[-~—–至到])"
    rf"(?P<last_month>\d{{1,2}})月(?!\d|{DIGIT}|日)份?"
    # 2026年3月5日, 去年3月, 3月5日, 3月, 上半年, 三季度
    rf"|(?:(?P<year>{FULL_YEAR})年度?|(?P<year_word>{'|'.join(YEAR_WORDS)}))(?:同期(?P<same>))?"
    rf"(?:(?P<month>{SMALL})月(?:(?P<day>{SMALL})[日号]|份?{MONTH_PARTS}|份)?|{YEAR_PARTS})?"
    rf"|(?P<month_word>{'|'.join(MONTH_WORDS)})(?:(?P<word_day>{SMALL})[日号]|(?P<word_part>底|末|初|上旬|中旬|下旬))?"
    rf"|(?P<lone_month>{SMALL})月{NOT_MONTH}(?:(?P<month_day>{SMALL})[日号]|份?(?P<lone_part>底|末|初|上旬|中旬|下旬)|份|(?![内间来]))"
    rf"|(?P<lone_half>{HALF})|(?P<lone_quarter>{QUARTER})|(?P<lone_year_part>年底|年末|年初|年中|年内|本季度|上季度|一季报)"
    rf"|(?P<day_word>{'|'.join(DAY_WORDS)})"
    rf"|(?P<week>{'|'.join(WEEK_WORDS)})(?P<week_day>[一二三四五六日天末])?"
    r"|(?:周|星期)(?P<weekday>[一二三四五六日天])(?![年期岁边密])"
    rf"|(?P<lone_day>\d{{1,2}})日{NOT_DAY}"
    r"|(?P<open>近日|日前|近期|当日|当天|同日)"
)
EXPRESSION: Final = re.compile(EXPRESSIONS)
START: Final = re.compile(
    rf"(?<!\d)(?<!\d[.,])\d|(?<![{NUMERALS}])[〇零一二三四五六七八九十]|第(?=[一二三四1-4]季)"
    "|[今去明后](?=[年日天晚早晨])|本[年月周季]|上[年一个月周半季]|下[个月周半]|前[年日天二两三23]|昨[日天晚]"
    "|年[底末初中内]|周[一二三四五六日天]|星期|近[日期]|日前|当[日天]|同日"
)
PARTS_OF_YEAR: Final = {"底": (12, 1), "初": (1, 1), "中": (6, 2)}
"""First month and number of months of 年底, 年初, 年中."""
COUNTS_DAYS: Final = re.compile(r"(?:近|连续|连|前|第|过去|未来|最近|持续|每|约|达|共|为期|超|逾|历时)$")
"""Before a number of days or months, these make it a span, not a date."""


@dataclass
class _Known:
    """What a date without its year or month leans on: the day of publication, and dates named before."""

    published: dt.date | None
    year: int | None = None
    month: int | None = None
    stated: bool = True
    """Whether the text itself gives the year; one that was worked out says nothing of the next month named."""


def dates(text: str, published: dt.date | None) -> list[Mention]:
    """Mentions of kind date, in order, each with its period of days.

    What is relative (去年, 3月5日, 昨日) is read from `published`, and has no period without it; a month or a day may
    also lean on the year or month of a date before it in the sentence. A month or quarter without a year is the one
    nearest to `published`; a weekday is the last one. 末 is the last day, 底 the last ten days of a month or the last
    month of a year, 初 the first. Impossible dates (2月30日) and vague ones (近日) have no period.
    """
    read = plain(text)
    return [
        Mention(start, end, text[start:end], "date", 1.0 if period else 0.8, period=period)
        for start, end, period in _found(read, published)
    ]


def _found(text: str, published: dt.date | None) -> Iterator[tuple[int, int, Period | None]]:
    known = _Known(published)
    done = 0
    for candidate in START.finditer(text):
        start = candidate.start()
        if start < done:
            continue
        found = EXPRESSION.match(text, start)
        if not found or _is_count(text, found):
            continue
        if any(mark in SENTENCE_ENDS for mark in text[done:start]):
            known = _Known(published)
        done = found.end()
        yield start, done, _period(found, known)


def _is_count(text: str, found: re.Match[str]) -> bool:
    """5日 after 近 or 连续 counts days; 3月 likewise."""
    lone = found["lone_day"] or (found["lone_month"] and not found["month_day"])
    return bool(lone) and COUNTS_DAYS.search(text, max(found.start() - 2, 0), found.start()) is not None


def _period(found: re.Match[str], known: _Known) -> Period | None:
    """The days meant; None for those that are not in the calendar or that nothing resolves."""
    try:
        return _days(found, known)
    except (ValueError, OverflowError):
        return None


def _days(found: re.Match[str], known: _Known) -> Period | None:
    if found["iso_year"]:
        known.stated = True
        return _dated(int(found["iso_year"]), int(found["iso_month"]), int(found["iso_day"]), known)
    if found["short_year"]:
        return _part_of_year(int(found["short_year"]), found["short_part"])
    if found["year"] or found["year_word"]:
        return _with_year(found, known)
    if found["first_month"]:
        return _months_named(found, known)
    return _without_year(found, known)


def _without_year(found: re.Match[str], known: _Known) -> Period | None:
    if found["month_word"]:
        return _relative_month(found, known)
    if found["lone_month"]:
        return _lone_month(found, known)
    if found["lone_day"]:
        return _lone_day(int(found["lone_day"]), known)
    return _relative(found, known)


def _relative(found: re.Match[str], known: _Known) -> Period | None:
    """What only the day of publication resolves."""
    published = known.published
    part = found["lone_half"] or found["lone_quarter"] or found["lone_year_part"]
    if part and known.year and part not in {"本季度", "上季度", "年内"}:
        return _part_of_year(known.year, part)
    if published is None or found["open"]:
        return None
    if part:
        return _part_near(part, published)
    if found["day_word"]:
        return _one_day(published + dt.timedelta(DAY_WORDS[found["day_word"]]))
    if found["week"]:
        return _week(WEEK_WORDS[found["week"]], found["week_day"], published)
    back = (published.weekday() - WEEKDAYS[found["weekday"]]) % 7
    return _one_day(published - dt.timedelta(back))


def _small(digits: str) -> int:
    value = int(digits) if digits[0].isdecimal() else chinese_number(digits)
    if value is None:
        raise ValueError(digits)
    return int(value)


def _one_day(day: dt.date) -> Period:
    return Period(day, day + dt.timedelta(1))


def _dated(year: int, month: int, day: int, known: _Known) -> Period:
    period = _one_day(dt.date(year, month, day))
    known.year, known.month = year, month
    return period


def _months(year: int, first: int, count: int) -> Period:
    """`count` months from month `first`; months beyond the year's run into the next."""
    last = first - 1 + count
    return Period(dt.date(year, first, 1), dt.date(year + last // 12, last % 12 + 1, 1))


def _month_part(year: int, month: int, part: str | None) -> Period:
    whole = _months(year, month, 1)
    if not part:
        return whole
    ten, twenty = dt.date(year, month, 11), dt.date(year, month, 21)
    if part == "末":
        return Period(whole.end - dt.timedelta(1), whole.end)
    if part in {"初", "上旬"}:
        return Period(whole.start, ten)
    return Period(ten, twenty) if part == "中旬" else Period(twenty, whole.end)


def _part_of_year(year: int, part: str) -> Period:
    """上半年, 前三季度, Q1, H1, 年底 … of a year."""
    if "末" in part or "终" in part:
        return _one_day(dt.date(year, 12, 31))
    number = next((_small(mark) for mark in part if mark in "一二两三四1234"), 0)
    if part[0] in "Hh" or "半年" in part:
        return _months(year, 1 if number == 1 or part.startswith("上") else 7, 6)
    if number:
        return _months(year, 1, 3 * number) if part.startswith("前") else _months(year, 3 * number - 2, 3)
    first, count = next((span for mark, span in PARTS_OF_YEAR.items() if mark in part), (1, 12))
    return _months(year, first, count)


def _part_near(part: str, published: dt.date) -> Period:
    """A half, a quarter or an end of the year that is nearest to a day."""
    if part in {"本季度", "上季度"}:
        quarter = (published.month - 1) // 3 + (part == "本季度")
        return _months(published.year - (quarter == 0), 3 * (quarter or 4) - 2, 3)
    if part == "年内":
        return _months(published.year, 1, 12)
    near = [_part_of_year(year, part) for year in _years_around(published)]
    return min(near, key=lambda period: _distance(period, published))


def _years_around(day: dt.date) -> range:
    return range(max(day.year - 1, dt.MINYEAR), min(day.year + 1, dt.MAXYEAR - 1) + 1)


def _distance(period: Period, day: dt.date) -> int:
    """Days between the middle of a period and a day, doubled."""
    return abs((period.start - day).days + (period.end - day).days)


def _year_of(found: re.Match[str], known: _Known) -> int | None:
    if found["year"]:
        digits = found["year"]
        return int(digits) if digits[0].isdecimal() else int(chinese_number(digits) or 0)
    return known.published.year + YEAR_WORDS[found["year_word"]] if known.published else None


def _with_year(found: re.Match[str], known: _Known) -> Period | None:
    year = _year_of(found, known)
    if year is None or found["same"] is not None:
        return None
    known.stated = True
    if found["day"]:
        return _dated(year, _small(found["month"]), _small(found["day"]), known)
    if found["month"]:
        period = _month_part(year, _small(found["month"]), found["mpart"])
        known.year, known.month = year, period.start.month
        return period
    part = found["half"] or found["quarter"] or found["part"]
    period = _part_of_year(year, part) if part else _months(year, 1, 12)
    known.year = year
    return period


def _months_named(found: re.Match[str], known: _Known) -> Period | None:
    """1-6月: whole months."""
    first, last = int(found["first_month"]), int(found["last_month"])
    year = known.year or (known.published.year if known.published else None)
    if found["span_year"]:
        year = _small(found["span_year"])
    elif found["span_word"] and known.published:
        year = known.published.year - (found["span_word"] == "去年")
    if year is None or first > last:
        return None
    return Period(dt.date(year, first, 1), _months(year, last, 1).end)


def _relative_month(found: re.Match[str], known: _Known) -> Period | None:
    if known.published is None:
        return None
    months = known.published.year * 12 + known.published.month - 1 + MONTH_WORDS[found["month_word"]]
    year, month = divmod(months, 12)
    if found["word_day"]:
        return _dated(year, month + 1, _small(found["word_day"]), known)
    known.year, known.month = year, month + 1
    return _month_part(year, month + 1, found["word_part"])


def _lone_month(found: re.Match[str], known: _Known) -> Period | None:
    """3月5日, 3月: of the year named before in the sentence, or the nearest."""
    month = _small(found["lone_month"])
    year = known.year if known.stated else None
    known.stated = year is not None
    if year is None:
        if known.published is None:
            return None
        year = _nearest_year(month, known.published)
    if found["month_day"]:
        return _dated(year, month, _small(found["month_day"]), known)
    period = _month_part(year, month, found["lone_part"])
    known.year, known.month = year, month
    return period


@lru_cache(maxsize=4096)
def _nearest_year(month: int, published: dt.date) -> int:
    return min(_years_around(published), key=lambda y: _distance(_months(y, month, 1), published))


def _lone_day(day: int, known: _Known) -> Period | None:
    """5日: of the month named before in the sentence, or the 5th nearest to publication."""
    if known.year and known.month:
        return _one_day(dt.date(known.year, known.month, day))
    if known.published is None:
        return None
    months = known.published.year * 12 + known.published.month - 1
    near = [_day_of_month(month, day) for month in (months - 1, months, months + 1)]
    days = [found for found in near if found is not None]
    published = known.published
    return _one_day(min(days, key=lambda found: abs((found - published).days))) if days else None


def _day_of_month(months: int, day: int) -> dt.date | None:
    """A day of the month that is so many months after year 0; None where the month has none such."""
    try:
        return dt.date(months // 12, months % 12 + 1, day)
    except ValueError:
        return None


def _week(shift: int, day: str | None, published: dt.date) -> Period:
    monday = published - dt.timedelta(published.weekday() - 7 * shift)
    if day is None:
        return Period(monday, monday + dt.timedelta(7))
    if day == "末":
        return Period(monday + dt.timedelta(5), monday + dt.timedelta(7))
    return _one_day(monday + dt.timedelta(WEEKDAYS[day]))
