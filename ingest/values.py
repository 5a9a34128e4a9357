"""Typed values out of the cells of source files: amounts, ratios, dates, flags, and what stands for nothing.

Every parser returns a typed value or raises `ValueDropped`, which the loader turns into a finding: the value
is lost, its row is not. A placeholder (未披露) is no bad value: ask `is_placeholder` before parsing.
"""

import datetime as dt
import html
import math
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass
from decimal import Decimal
from functools import cache
from typing import Final, Literal

from graph.errors import DataError
from graph.names import normal_form
from ingest.parties import is_doubtful_party, split_offices, split_parties

__all__ = [
    "Amount",
    "Cell",
    "DateValue",
    "Precision",
    "Ratio",
    "ValueDropped",
    "is_doubtful_party",
    "is_placeholder",
    "parse_amount",
    "parse_date",
    "parse_flag",
    "parse_number",
    "parse_ratio",
    "split_offices",
    "split_parties",
]

Cell = str | int | float | bool | dt.date | dt.datetime | None
"""What CSV, XLSX and JSON readers deliver."""


class ValueDropped(DataError):  # noqa: N818 - named by what is wrong, like all of graph/errors.py
    """A cell's value is unusable: `field` of the source, the `value` as read, and the `reason`."""

    def __init__(self, field: str, value: object, reason: str) -> None:
        super().__init__(f"{field}: {value!r} {reason}")
        self.field = field
        self.value = value
        self.reason = reason


def _tidy(value: Cell) -> str:
    """Half-width text without white space, entities or thousands separators' variants."""
    text = unicodedata.normalize("NFKC", html.unescape(str(value)))
    return "".join(text.split())


# --- placeholders ------------------------------------------------------------------------------------------

_PLACEHOLDERS: Final = """
    不详 未详 未知 未披露 未公开 未透露 不公开 不披露 保密 暂无 暂未披露 暂未公开 无 无数据 空 缺失 待定
    待披露 待查 未填 未填写 不明 不适用 未披露机构 未披露投资方 未披露投资人 未披露投资者 未披露投资机构
    未透露机构 未透露投资方 未透露投资人 未公开机构 投资方未披露 投资方未透露 投资方未知 投资人未披露
    投资人未透露 投资机构未披露 投资机构未透露 机构未披露 未知机构 未知投资方 未知投资者 未知投资人
    神秘投资方 神秘投资人 匿名 匿名投资者 匿名投资人 匿名投资方 个人 个人天使 个人投资 个人投资者
    个人投资人 天使投资人 天使投资者 天使投资 自然人 自然人投资者 个人股东 自然人股东 其他 其它
    其他投资者 其他投资人 其他投资方 其他机构 其他个人 其他股东 其他投资机构 其它投资者 其它投资人
    其它投资方 其它股东 其它投资机构 等 等机构 多家机构 多家投资机构 数家机构 多位投资人 多名投资人
    知名投资人 知名投资机构 知名机构 某投资机构 某机构 某知名机构 投资机构 投资人 投资方 老股东 原股东
    原有股东 现有股东 公众 公众股东 社会公众 社会公众股 n/a na #n/a nan null none nil unknown
    undisclosed unspecified notdisclosed notavailable tbd tba anonymous
"""


@cache
def _placeholders() -> frozenset[str]:
    return frozenset(map(normal_form, _PLACEHOLDERS.split())) | {
        "notdisclosed",
        "notavailable",
        "angelinvestor",
    }


_NO_WORD: Final = re.compile(r"[\W_]*")
_BRACKETED: Final = re.compile(r"\((.+)\)")


def is_placeholder(value: Cell, extra: Iterable[str] = ()) -> bool:
    """Tell whether a cell says that nothing is known (不详, 未披露, 个人天使, -, N/A) or says nothing at all.

    Two companies with 未披露 for an investor share nothing, so a placeholder never becomes a node. `extra` is
    the placeholders of one source or column, such as '1970-01-01' for a date that a system never set.
    """
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return True
    text = normal_form(html.unescape(str(value))).replace(" ", "")
    inner = _BRACKETED.fullmatch(text)
    bare = inner[1] if inner else text
    if _NO_WORD.fullmatch(bare) or bare in _placeholders():
        return True
    return any(normal_form(word).replace(" ", "") == bare for word in extra)


# --- numbers -----------------------------------------------------------------------------------------------

_CHINESE_DIGITS: Final = dict(
    zip("〇零○一壹二贰两三叁四肆五伍六陆七柒八捌九玖", map(int, "0001122233445566778899"), strict=True)
)
_SMALL_SCALES: Final = {"十": 10, "拾": 10, "百": 100, "佰": 100, "千": 1000, "仟": 1000}
_LARGE_SCALES: Final = {
    "万": 10**4,
    "萬": 10**4,
    "亿": 10**8,
    "億": 10**8,
    "k": 10**3,
    "thousand": 10**3,
    "m": 10**6,
    "mn": 10**6,
    "million": 10**6,
    "bn": 10**9,
    "b": 10**9,
    "billion": 10**9,
}
_NUMBER_TOKEN: Final = re.compile(r"\d+(?:\.\d*)?|\.\d+|[a-z]+|.")
_LARGEST: Final = Decimal("1e30")  # more than all money there is; beyond it lies float's infinity
_PLAIN_NUMBER: Final = re.compile(r"(?:\d+(?:\.\d*)?|\.\d+)(?:e[+-]?\d{1,2})?", re.ASCII)
_THOUSANDS: Final = re.compile(r"(?<=\d),(?=\d{3}(?!\d))")
_SCALE_AT_END: Final = re.compile(r"(?:[十拾百佰千仟万萬亿億]+|[a-z]+)$")


class _NotANumberError(Exception):
    """The text is not a number; a signal inside this module."""


def _scaled(text: str) -> Decimal:
    """Evaluate '3.5亿', '1亿2000万', '三千五百万', '2.5m': digits and scales in their order."""
    # None is 'nothing stands here', which a scale reads as one (万 alone, 百万), while 0 stays 0
    total: Decimal | None = None
    section: Decimal | None = None
    number: Decimal | None = None
    for token in _NUMBER_TOKEN.findall(text):
        if token in _CHINESE_DIGITS:
            number = (number or Decimal(0)) * 10 + Decimal(_CHINESE_DIGITS[token])
        elif token in _SMALL_SCALES:
            section = (section or Decimal(0)) + (Decimal(1) if number is None else number) * _SMALL_SCALES[
                token
            ]
            number = None
        elif token in _LARGE_SCALES:
            part = _sum(section, number)
            scaled_before = (Decimal(1) if total is None else total) * _LARGE_SCALES[token]  # 万亿
            total = (
                scaled_before if part is None else (total or Decimal(0)) + part * _LARGE_SCALES[token]
            )  # 亿…万
            section = number = None
        elif number is None and _PLAIN_NUMBER.fullmatch(token):
            number = Decimal(token)
        else:
            raise _NotANumberError
    value = _sum(total, section, number) or Decimal(0)
    if value > _LARGEST:
        raise _NotANumberError
    return value


def _sum(*parts: Decimal | None) -> Decimal | None:
    """Add what stands there; None where nothing does."""
    present = [part for part in parts if part is not None]
    return sum(present, start=Decimal(0)) if present else None


def _number(text: str) -> Decimal:
    """Evaluate a number with an optional sign, thousands separators and scales."""
    bare = _THOUSANDS.sub("", text)
    sign = -1 if bare.startswith("-") else 1
    bare = bare[1:] if bare[:1] in {"+", "-"} else bare
    if not bare or bare[0] in _LARGE_SCALES:
        raise _NotANumberError  # '万人民币': a unit that lost its number
    number = Decimal(bare) if _PLAIN_NUMBER.fullmatch(bare) else _scaled(bare)
    if number > _LARGEST:
        raise _NotANumberError
    return sign * number


def _with_unit(text: str, unit: int) -> Decimal:
    """Evaluate a number; the column's unit counts only where the text has no scale of its own."""
    scaled = _SCALE_AT_END.search(text) or any(scale in text for scale in "万萬亿億")
    return _number(text) * (1 if scaled else unit)


# --- intervals ---------------------------------------------------------------------------------------------

_AT_LEAST: Final = re.compile(
    r"^(?:不低于|不少于|不小于|至少|大于等于|超过|大于|多于|高于|超|过|逾|上|>=|≥|>)|(?:及?以上|起|多|余|\+)$"
)
_AT_MOST: Final = re.compile(
    r"^(?:不超过|不高于|不多于|不大于|至多|最多|小于等于|小于|低于|少于|不足|不到|接近|将近|近|<=|≤|<)"
    r"|(?:及?以下|以内)$"
)
_ABOUT: Final = re.compile(r"^(?:大约|合计约|约合|约|~)|(?:左右|上下)$")
_SEVERAL: Final = re.compile(r"^(?:数|几)(?=[十百千万亿])")
_MAGNITUDE: Final = re.compile(r"级别?$")
_RANGE: Final = re.compile(r"(?<=[^-~至到])(?:[-~]+|至|到)(?=[^-~至到])")


@dataclass(frozen=True, slots=True)
class _Bounds:
    low: Decimal | None
    high: Decimal | None
    note: str = ""


def _bounds(text: str, unit: int) -> _Bounds:
    """Read a number, an interval, or the words that make one of a number."""
    first, *others = _RANGE.split(text)
    if others:
        return _between(first, others, unit)
    if _SEVERAL.match(text) or _MAGNITUDE.search(text):
        scale = _scaled(_MAGNITUDE.sub("", _SEVERAL.sub("", text)))
        return _Bounds(scale, scale * 10, "an order of magnitude")
    if _AT_LEAST.search(text):
        return _Bounds(_at_end(_AT_LEAST.sub("", text), unit), None, "at least")
    if _AT_MOST.search(text):
        return _Bounds(None, _at_end(_AT_MOST.sub("", text), unit), "at most")
    number = _with_unit(_ABOUT.sub("", text), unit)
    return _Bounds(number, number, "approximate" if _ABOUT.search(text) else "")


def _at_end(text: str, unit: int) -> Decimal:
    """Evaluate the number of '近千万', where a scale alone stands for one of it."""
    return _scaled(text) if _SCALE_AT_END.fullmatch(text) else _with_unit(text, unit)


def _between(first: str, others: list[str], unit: int) -> _Bounds:
    """Read '100-500万' as one to five million: the first end borrows the scale of the last."""
    if len(others) > 1:
        raise _NotANumberError
    last = others[0]
    scale = _SCALE_AT_END.search(last)
    borrowed = first + scale[0] if scale and not _SCALE_AT_END.search(first) else first
    low, high = _with_unit(borrowed, unit), _with_unit(last, unit)
    if low > high:
        raise _NotANumberError
    return _Bounds(low, high, "an interval")


# --- amounts -----------------------------------------------------------------------------------------------

_CURRENCY_NAMES: Final = {
    "CNY": "人民币元 人民币 元人民币 rmb¥ rmb cny ¥",
    "USD": "美元 美金 usd us$ $",
    "HKD": "港元 港币 港幣 港圆 香港元 hkd hk$",
    "EUR": "欧元 eur €",
    "GBP": "英镑 gbp £",
    "JPY": "日元 日圆 日币 jpy jp¥",
    "TWD": "新台币元 新台币 台币 twd nt$ ntd",
    "MOP": "澳门元 澳门币 mop",
    "KRW": "韩元 韩圆 韩币 krw ₩",
    "SGD": "新加坡元 新加坡币 新元 坡币 sgd s$",
    "AUD": "澳大利亚元 澳元 澳币 aud a$",
    "CAD": "加拿大元 加元 加币 cad c$",
    "NZD": "新西兰元 纽元 nzd",
    "CHF": "瑞士法郎 瑞郎 chf",
    "SEK": "瑞典克朗 sek",
    "NOK": "挪威克朗 nok",
    "DKK": "丹麦克朗 dkk",
    "RUB": "俄罗斯卢布 卢布 rub",
    "INR": "印度卢比 卢比 inr ₹",
    "IDR": "印尼盾 idr",
    "THB": "泰铢 thb",
    "MYR": "马来西亚林吉特 林吉特 马币 myr",
    "PHP": "菲律宾比索 php",
    "VND": "越南盾 vnd",
    "BRL": "巴西雷亚尔 雷亚尔 brl",
    "ZAR": "南非兰特 兰特 zar",
    "AED": "迪拉姆 aed",
    "SAR": "沙特里亚尔 里亚尔 sar",
    "ILS": "新谢克尔 谢克尔 ils ₪",
}
_CURRENCIES: Final = {name: code for code, names in _CURRENCY_NAMES.items() for name in names.split()}
_CURRENCY: Final = re.compile("|".join(map(re.escape, sorted(_CURRENCIES, key=len, reverse=True))))
_MONEY_WORD: Final = re.compile(r"(?<=[\d十百千万亿数几多余])[元圆整]+")

_UNITS: Final = {
    "元": 1,
    "千元": 10**3,
    "万元": 10**4,
    "百万元": 10**6,
    "千万元": 10**7,
    "亿元": 10**8,
}


@dataclass(frozen=True, slots=True)
class Amount:
    """An amount of money in its currency's own unit (元, not 万元).

    An exact amount has `value == low == high`. '数千万' (tens of millions) is an interval: `value` is None,
    `low` and `high` are the bounds that the words give, None where they give none.
    """

    value: float | None
    low: float | None
    high: float | None
    currency: str
    currency_stated: bool
    text: str
    note: str = ""

    @property
    def yuan(self) -> float | None:
        """The exact value in yuan, or None where it is an interval or stated in another currency."""
        return self.value if self.currency == "CNY" else None


def _take_currency(text: str) -> tuple[str, str | None]:
    """Split the currency off: '1000万美元' is ('1000万', 'USD')."""
    found = {_CURRENCIES[name] for name in _CURRENCY.findall(text)}
    if len(found) > 1:
        raise _NotANumberError
    return _MONEY_WORD.sub("", _CURRENCY.sub("", text)), next(iter(found), None)


def parse_amount(value: Cell, *, field: str = "amount", unit: str = "元", currency: str = "CNY") -> Amount:
    """Read an amount of money: '500万元人民币', '1000万美元', '数千万人民币', '1,234.5' with a `unit`.

    Args:
        value: the cell.
        field: the column, for the finding.
        unit: the unit of a number that names none: 元, 千元, 万元, 百万元, 千万元, 亿元.
        currency: ISO 4217 code that counts where the text names no currency.

    Raises:
        ValueDropped: no number, an endless one, or two currencies.
        KeyError: an unknown `unit`, a fault of the mapping.
    """
    scale = _UNITS[unit]
    try:
        number, stated = _take_currency(_tidy(value).casefold())
        bounds = _bounds(_only_text(value, number), scale)
    except _NotANumberError:
        raise ValueDropped(field, value, "is not an amount of money") from None
    low, high = (None if end is None else float(end) for end in (bounds.low, bounds.high))
    return Amount(
        value=low if low == high else None,
        low=low,
        high=high,
        currency=stated or currency,
        currency_stated=stated is not None,
        text=str(value).strip(),
        note=bounds.note,
    )


def _only_text(value: Cell, text: str) -> str:
    """Refuse a flag: Python would read True as the number 1."""
    if isinstance(value, bool):
        raise _NotANumberError
    return text


def parse_number(value: Cell, *, field: str = "number") -> float:
    """Read a plain number; thousands separators, full-width digits and 万/亿 are understood.

    Raises:
        ValueDropped: anything else, infinities among it.
    """
    try:
        return float(_number(_only_text(value, _tidy(value).casefold())))
    except _NotANumberError:
        raise ValueDropped(field, value, "is not a number") from None


# --- ratios ------------------------------------------------------------------------------------------------

_RATIO_UNITS: Final = {"": Decimal(1), "1": Decimal(1), "%": Decimal("0.01"), "‰": Decimal("0.001")}
_OF_HUNDRED: Final = re.compile(r"百分之(.+)")
_OF_THOUSAND: Final = re.compile(r"千分之(.+)")
_ROUNDING: Final = Decimal("1e-9")


@dataclass(frozen=True, slots=True)
class Ratio:
    """A ratio as a fraction in [0, 1]; exact where `value` is set, else between `low` and `high`."""

    value: float | None
    low: float
    high: float


def parse_ratio(value: Cell, *, field: str = "ratio", unit: str = "") -> Ratio:
    """Read a ratio as a fraction: '21.94%', '21.9394' with unit '%', '0.21', '25%-50%', '＞50%', '百分之三'.

    Args:
        value: the cell.
        field: the column, for the finding.
        unit: '%' or '‰' where a bare number is counted in it; empty where it is a fraction.

    Raises:
        ValueDropped: no number, a negative ratio, or one over 100 %.
        KeyError: an unknown `unit`, a fault of the mapping.
    """
    text = _OF_THOUSAND.sub(r"\1‰", _OF_HUNDRED.sub(r"\1%", _tidy(value).casefold()))
    scale = _RATIO_UNITS[next((sign for sign in "%‰" if sign in text), unit)]
    try:
        bounds = _bounds(_only_text(value, text.replace("%", "").replace("‰", "")), 1)
    except _NotANumberError:
        raise ValueDropped(field, value, "is not a ratio") from None
    low = Decimal(0) if bounds.low is None else bounds.low * scale
    high = Decimal(1) if bounds.high is None else bounds.high * scale
    if min(low, high) < 0:
        raise ValueDropped(field, value, "is below 0")
    if max(low, high) > 1 + _ROUNDING:
        raise ValueDropped(field, value, "is over 100 %")
    ends = float(min(low, Decimal(1))), float(min(high, Decimal(1)))
    return Ratio(ends[0] if low == high else None, *ends)


# --- dates -------------------------------------------------------------------------------------------------

Precision = Literal["day", "month", "year"]
_FIRST_YEAR: Final = 1800
_LAST_YEAR: Final = 2200
_DATE: Final = re.compile(
    r"(?P<year>\d{4})(?:"
    r"(?P<sep>[-/.])(?P<month>\d{1,2})(?:(?P=sep)(?P<day>\d{1,2}))?"
    r"|年(?:(?P<month2>\d{1,2})月(?:(?P<day2>\d{1,2})[日号])?)?"
    r"|(?P<month3>\d{2})(?P<day3>\d{2})?"
    r")?",
    re.ASCII,
)
_TIME_OF_DAY: Final = re.compile(
    r"(?<=[\d日号])[\sT]+\d{1,2}:\d{2}(?::\d{2}(?:\.\d+)?)?\s*(?:Z|[+-]\d{2}:?\d{2})?\s*$", re.ASCII
)
_DATE_MARK: Final = re.compile(r"([年月日号])")


@dataclass(frozen=True, slots=True)
class DateValue:
    """A day; where the source gives a month or a year only, its first day, and `precision` says so."""

    date: dt.date
    precision: Precision = "day"

    @property
    def imprecise(self) -> bool:
        """Whether the source did not give the day."""
        return self.precision != "day"


def _in_digits(text: str) -> str:
    """Turn 二〇一九年六月三日 into 2019年6月3日."""
    if not any(c in _CHINESE_DIGITS or c == "十" for c in text):
        return text
    parts = _DATE_MARK.split(text)
    return "".join(part if not part or _DATE_MARK.fullmatch(part) else str(_scaled(part)) for part in parts)


def parse_date(value: Cell, *, field: str = "date") -> DateValue:
    """Read a date: '2019-06-03', '2019/6/3', '20190603', '2019年6月3日', '2019-06', a spreadsheet's date.

    A time of day is left out.

    Raises:
        ValueDropped: not a date, a day that no calendar has, or a year before 1800 or after 2200.
    """
    if isinstance(value, dt.date):
        day = value.date() if isinstance(value, dt.datetime) else value
        return _plausible(DateValue(day), field, value)
    return _plausible(_written_date(value, field), field, value)


def _written_date(value: Cell, field: str) -> DateValue:
    plain = _TIME_OF_DAY.sub("", unicodedata.normalize("NFKC", str(value)))
    try:
        match = _DATE.fullmatch(_in_digits(_only_text(value, _tidy(plain))))
    except _NotANumberError:
        match = None
    if match is None:
        raise ValueDropped(field, value, "is not a date")
    month = match["month"] or match["month2"] or match["month3"]
    day = match["day"] or match["day2"] or match["day3"]
    precision: Precision = "day" if day else "month" if month else "year"
    try:
        return DateValue(dt.date(int(match["year"]), int(month or 1), int(day or 1)), precision)
    except ValueError:
        raise ValueDropped(field, value, "is no day of the calendar") from None


def _plausible(date: DateValue, field: str, value: Cell) -> DateValue:
    if not _FIRST_YEAR <= date.date.year <= _LAST_YEAR:
        raise ValueDropped(field, value, f"is not between {_FIRST_YEAR} and {_LAST_YEAR}")
    return date


# --- flags -------------------------------------------------------------------------------------------------

_TRUE: Final = frozenset({"是", "y", "yes", "t", "true", "1", "1.0", "有", "对", "√"})
_FALSE: Final = frozenset({"否", "n", "no", "f", "false", "0", "0.0", "无", "没有", "不是", "×"})


def parse_flag(value: Cell, *, field: str = "flag") -> bool:
    """Read 是/否, Y/N, true/false, 1/0.

    Raises:
        ValueDropped: anything else.
    """
    text = _tidy(value).casefold()
    if text not in _TRUE | _FALSE:
        raise ValueDropped(field, value, "is neither yes nor no")
    return text in _TRUE
