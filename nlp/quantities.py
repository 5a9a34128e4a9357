"""Money, share quantities and ratios of Chinese text, as values with units."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace
from decimal import Decimal
from functools import cache
from importlib import resources
from typing import Final

import yaml

from nlp.found import Mention, MentionKind, Quantity

PLAIN: Final = str.maketrans(
    "０１２３４５６７８９．％－～￥＄（）＋∼〜　萬億圓約過餘幣數兩後減標",
    "0123456789.%-~¥$()+~~ 万亿元约过余币数两后减标",
)
"""Full-width and Traditional forms and their plain ones, one character each, so that offsets stay."""

CHINESE_DIGITS: Final = {
    **{character: value for value, character in enumerate("零一二三四五六七八九")},
    **{character: value for value, character in enumerate("〇壹贰叁肆伍陆柒捌玖")},
    "两": 2,
}
TENS: Final = {"十": 10, "百": 100, "千": 1000, "拾": 10, "佰": 100, "仟": 1000}
MYRIADS: Final = {"万": 10**4, "亿": 10**8}
NUMERALS: Final = "".join([*CHINESE_DIGITS, *TENS, *MYRIADS, "点"])

ARABIC: Final = r"\d{1,3}(?:,\d{3}){1,5}(?:\.\d{1,8})?(?!\d)|\d{1,18}(?:\.\d{1,8})?"
CHINESE: Final = f"[{NUMERALS}]{{1,24}}"
NUMBER: Final = f"(?:{ARABIC}|{CHINESE})"
LOOK_BACK: Final = 12
"""Characters before a figure that can hold its bound and its currency sign."""
SMALL_COUNT: Final = 100
"""Fewer 股 than this, written without 万 or 亿, count listed companies or strands, not shares."""
LOT: Final = 100
"""Shares in a 手 of the Shanghai and Shenzhen exchanges."""


def plain(text: str) -> str:
    """The text with full-width digits and signs made plain; every character keeps its place."""
    return text.translate(PLAIN)


def chinese_number(digits: str) -> Decimal | None:
    """The value of a Chinese numeral (三千五百万, 两亿, 一点五, 二〇二六); None where it is not one.

    A numeral that begins with a unit (百, 千万, 亿) means one of it.
    """
    whole, point, fraction = digits.partition("点")
    value = _digit_string(whole) if _only_digits(whole) else _with_units(whole)
    if value is None or not point:
        return value
    if not fraction or not _only_digits(fraction.rstrip("万亿")):
        return None
    scale = 1
    for mark in fraction[len(fraction.rstrip("万亿")) :]:
        scale *= MYRIADS[mark]
    decimals = fraction.rstrip("万亿")
    return (value + Decimal(_digits_of(decimals)).scaleb(-len(decimals))) * scale


def _only_digits(numeral: str) -> bool:
    return bool(numeral) and all(character in CHINESE_DIGITS for character in numeral)


def _digits_of(numeral: str) -> str:
    return "".join(str(CHINESE_DIGITS[character]) for character in numeral)


def _digit_string(numeral: str) -> Decimal:
    return Decimal(_digits_of(numeral))


def _with_units(numeral: str) -> Decimal | None:
    """三千五百万: sections below 万, each times its 万 or 亿; units that rise inside a section are no number."""
    total = section = digit = 0
    last_ten = 10**4
    seen = False
    for character in numeral:
        if character in CHINESE_DIGITS:
            if digit:
                return None
            digit = CHINESE_DIGITS[character]
            seen = True
            continue
        if character == "点":
            return None
        if character in TENS:
            if TENS[character] >= last_ten:
                return None
            section += (digit or 1) * TENS[character]
            last_ten = TENS[character]
        else:
            section += digit
            if section == 0 and not seen and total == 0:
                section = 1
            total = (total + section) * MYRIADS[character] if character == "亿" else total + section * 10**4
            section, last_ten = 0, 10**4
        digit, seen = 0, True
    return Decimal(total + section + digit) if seen else None


def number(digits: str) -> Decimal | None:
    """The value of an Arabic (1,234.56) or Chinese numeral."""
    return Decimal(digits.replace(",", "")) if digits[0].isdecimal() else chinese_number(digits)


@dataclass(frozen=True)
class Wording:
    """The words of quantities.yaml, and the expressions made of them."""

    scales: dict[str, int]
    currencies: dict[str, str]
    prefixes: dict[str, str]
    at_most: frozenset[str]
    at_least: frozenset[str]
    above: frozenset[str]
    below: frozenset[str]
    figure: re.Pattern[str]
    before: re.Pattern[str]
    before_ends: frozenset[str]
    after: re.Pattern[str]
    money_word: re.Pattern[str]
    money_word_after: re.Pattern[str]


def any_of(words: Iterable[str]) -> str:
    """An expression for any of the words, longest first."""
    return "|".join(re.escape(word) for word in sorted(words, key=lambda word: (-len(word), word)))


@cache
def wording() -> Wording:
    """What quantities.yaml declares."""
    declared = yaml.safe_load((resources.files("nlp") / "data" / "quantities.yaml").read_text("utf-8"))
    scales: dict[str, int] = declared["scales"]
    currencies = {word: code for code, words in declared["units"].items() for word in words}
    prefixes = {word: code for code, words in declared["prefixes"].items() for word in words}
    scale = any_of(scales)
    figure = (
        rf"(?P<one>{NUMBER}) ?(?P<one_scale>{scale})?(?P<rest>(?P<rest_number>{ARABIC})万)?"
        rf"(?:[-~—–至到]{{1,2}}(?P<two>{NUMBER}) ?(?P<two_scale>{scale})?)?"
        rf"[余多]?(?P<late_scale>{scale})?[余多]? ?"
        rf"(?P<unit>{any_of(currencies)}|股(?![东权价市民指债息比])|手(?![房机车续段法术里])|%|‰)?"
    )
    bounds = [*declared["at_most"], *declared["at_least"], *declared["about"]]
    bound = any_of(bounds)
    return Wording(
        scales,
        currencies,
        prefixes,
        frozenset(declared["at_most"]),
        frozenset(declared["at_least"]),
        frozenset(declared["above"]),
        frozenset(declared["below"]),
        re.compile(figure),
        re.compile(
            rf"(?:(?P<bound>{bound})为?)?(?P<sign>{any_of(prefixes)})? ?(?P<minus>(?<![\d%元股万亿])-)?$"
        ),
        frozenset(word[-1] for word in (*bounds, *prefixes, "为", " ", "-")),
        re.compile(any_of([*declared["above"], *declared["below"], *declared["around"]])),
        re.compile(rf"(?:{any_of(declared['money_words'])})[^，。；;!！?？\n]{{0,4}}$"),
        re.compile(any_of(declared["money_words_after"])),
    )


START: Final = re.compile(rf"(?<!\d)(?<!\d[.,])\d|(?<![{NUMERALS}\d])[{NUMERALS}数]")
FRACTION: Final = re.compile(rf"(?P<parts>[{NUMERALS}]{{1,6}})分之(?P<share>{NUMBER})")
TENTHS: Final = re.compile(
    "(?P<tenths>[一二两三四五六七八九1-9])成(?P<half>[一二三四五六七八九半])?"
    "(?![立为功员交本都长果熟就绩品分型套人年材因不份色语名家群婚])"
)
VAGUE: Final = re.compile(r"数[十百千万亿]{1,3}(?P<unit>[^\W\d_]{1,4})")
JOIN: Final = re.compile(r"(?:\(含\))?(?:[-~—–]{1,2}|至|到|(?P<and>[,，](?:且|并)?|且|并))")


@dataclass(frozen=True)
class _Piece:
    """A figure found: its characters, its value, and how the text bounds it."""

    start: int
    end: int
    kind: MentionKind
    unit: str
    value: Decimal | None
    low: Decimal | None = None
    high: Decimal | None = None
    confidence: float = 1.0


def quantities(text: str) -> list[Mention]:
    """Mentions of kind money, shares and ratio, in order; a vague one (数亿元) has no quantity.

    Money is in units of its currency, shares in single shares, ratios as fractions. `low` and `high` are set for ranges
    and for bounds (不超过, 至少, 以上). Percentage points are differences of ratios and are left out.
    """
    read = plain(text)
    return [_mention(text, piece) for piece in _joined(read, _pieces(read))]


def _mention(text: str, piece: _Piece) -> Mention:
    quantity = None
    if piece.value is not None:
        low, high = (None if bound is None else float(bound) for bound in (piece.low, piece.high))
        quantity = Quantity(float(piece.value), piece.unit, low, high)
    return Mention(
        piece.start, piece.end, text[piece.start : piece.end], piece.kind, piece.confidence, quantity
    )


def _pieces(text: str) -> Iterator[_Piece]:
    done = 0
    for start in START.finditer(text):
        if start.start() < done:
            continue
        piece = _piece(text, start.start(), done)
        if piece is not None:
            done = piece.end
            yield piece


def _piece(text: str, start: int, done: int) -> _Piece | None:
    if text[start] == "数":
        return _vague(text, start)
    if text.startswith("成", start + 1):
        tenths = TENTHS.match(text, start)
        return _tenths(text, tenths, done) if tenths else None
    fraction = FRACTION.match(text, start)
    return _fraction(text, fraction, done) if fraction else _figure(text, start, done)


def _vague(text: str, start: int) -> _Piece | None:
    """数千万元: money or shares of unknown size."""
    found = VAGUE.match(text, start)
    if not found:
        return None
    words = wording().currencies
    unit = next((w for w in sorted(words, key=len, reverse=True) if found["unit"].startswith(w)), None)
    if unit:
        return _Piece(start, found.start("unit") + len(unit), "money", words[unit], None, confidence=0.9)
    if found["unit"].startswith("股"):
        return _Piece(start, found.start("unit") + 1, "shares", "shares", None, confidence=0.9)
    return None


def _fraction(text: str, found: re.Match[str], done: int) -> _Piece | None:
    """百分之五, 三分之一."""
    parts, share = number(found["parts"]), number(found["share"])
    if not parts or share is None:
        return None
    piece = _Piece(found.start(), found.end(), "ratio", "ratio", share / parts)
    return _bounded(text, piece, done)


def _tenths(text: str, found: re.Match[str], done: int) -> _Piece | None:
    """三成, 三成五."""
    tenths = number(found["tenths"])
    if tenths is None:
        return None
    half = Decimal(5) if found["half"] == "半" else Decimal(CHINESE_DIGITS.get(found["half"] or "零", 0))
    value = (tenths * 10 + half) / 100
    return _bounded(text, _Piece(found.start(), found.end(), "ratio", "ratio", value), done)


def _figure(text: str, start: int, done: int) -> _Piece | None:
    words = wording()
    found = words.figure.match(text, start)
    if not found:
        return None
    unit = found["unit"]
    before = _before(text, start, done)
    sign = before["sign"] if before else None
    money_word = not unit and not sign and _scaled(found) and _beside_money_word(text, found, done)
    if not (unit or sign or money_word):
        return None
    values = _values(found)
    if values is None or (not sign and not _sound(text, found, values)):
        return None
    low, high = values
    kind, name, factor = _unit(unit, sign)
    end = found.end() if unit else len(found[0].rstrip(" 余多")) + start
    if kind == "money" and not unit and sign and text.startswith("元", end):
        end += 1
    minus = Decimal(-1) if before and before["minus"] and low == high else Decimal(1)
    confidence = 0.7 if money_word else 1.0
    if low == high:
        piece = _Piece(start, end, kind, name, low * factor * minus, confidence=confidence)
    else:
        one, two = low * factor, high * factor
        piece = _Piece(start, end, kind, name, (one + two) / 2, one, two, confidence)
    return _bounded(text, piece, done)


def _before(text: str, start: int, done: int) -> re.Match[str] | None:
    """The bound and the currency sign before a figure."""
    words = wording()
    if start == done or text[start - 1] not in words.before_ends:
        return None
    return words.before.search(text, max(start - LOOK_BACK, done), start)


def _scaled(found: re.Match[str]) -> bool:
    """Whether 万 or 亿 stands in or behind the figure."""
    return any(mark in found[0] for mark in MYRIADS)


def _beside_money_word(text: str, found: re.Match[str], done: int) -> bool:
    words, start = wording(), found.start()
    before = words.money_word.search(text, max(start - LOOK_BACK, done), start)
    return before is not None or words.money_word_after.match(text, found.end()) is not None


def _values(found: re.Match[str]) -> tuple[Decimal, Decimal] | None:
    """Both ends of a range, the same for a single figure; the first takes the scale of the second (3-5亿元)."""
    scales = wording().scales
    one, two = number(found["one"]), number(found["two"]) if found["two"] else None
    if one is None or (found["two"] and two is None):
        return None
    late = scales.get(found["late_scale"] or "", 1)
    second_scale = scales.get(found["two_scale"] or "", 1) * late
    if two is None:
        low = one * scales.get(found["one_scale"] or "", 1) * late
        if found["rest"]:
            low += (number(found["rest_number"]) or Decimal(0)) * 10**4
        return low, low
    first_scale = scales[found["one_scale"]] if found["one_scale"] else second_scale
    low, high = one * first_scale, two * second_scale
    return (low, high) if low <= high else None


def _sound(text: str, found: re.Match[str], values: tuple[Decimal, Decimal]) -> bool:
    """Whether the figure is what its unit says, not a word that looks so (三元, 两股, 二手)."""
    unit, low = found["unit"], values[0]
    chinese = not found["one"][0].isdecimal()
    if unit == "股":
        return (_scaled(found) or low >= SMALL_COUNT) and text[found.start() - 1 : found.start()] != "每"
    if unit == "手":
        return not chinese and "股" in text[max(found.start() - 40, 0) : found.end() + 40]
    if chinese and unit in wording().currencies:
        if found["one"][0] in CHINESE_DIGITS or found["one"][0] in "十拾":
            return len(found["one"]) > 1
        return _has_bound(text, found.start())
    return not (chinese and unit in {"%", "‰"})


def _has_bound(text: str, start: int) -> bool:
    """Whether 亿元 or 百万元 without a digit is one of it (近亿元, 过百万元)."""
    return text[max(start - 1, 0) : start] in {"近", "超", "逾", "过", "上", "约"}


def _unit(unit: str | None, sign: str | None) -> tuple[MentionKind, str, Decimal]:
    """Kind, name of the unit, and what one of it is."""
    words = wording()
    if unit == "股":
        return "shares", "shares", Decimal(1)
    if unit == "手":
        return "shares", "shares", Decimal(LOT)
    if unit in {"%", "‰"}:
        return "ratio", "ratio", Decimal("0.01" if unit == "%" else "0.001")
    if sign and (unit is None or unit.startswith("元")):
        return "money", words.prefixes[sign], Decimal(1)
    return "money", words.currencies[unit] if unit else "CNY", Decimal(1)


def _bounded(text: str, piece: _Piece, done: int) -> _Piece:
    """The figure with the words before and after it that bound it."""
    words = wording()
    start, end, low, high = piece.start, piece.end, piece.low, piece.high
    before = _before(text, start, done)
    if before:
        low = piece.value if before["bound"] in words.at_least else low
        high = piece.value if before["bound"] in words.at_most else high
        start = before.start() if before["bound"] or before["sign"] or before["minus"] else start
    after = words.after.match(text, end)
    if after:
        low = piece.value if after[0] in words.above else low
        high = piece.value if after[0] in words.below else high
        end = after.end()
    return replace(piece, start=start, end=end, low=low, high=high)


def _joined(text: str, pieces: Iterable[_Piece]) -> list[_Piece]:
    """Two figures of one unit with 至 or - between them are one range; 且 joins a lower and an upper bound."""
    joined: list[_Piece] = []
    for piece in pieces:
        whole = _range(text, joined[-1], piece) if joined else None
        if whole:
            joined[-1] = whole
        else:
            joined.append(piece)
    return joined


def _range(text: str, one: _Piece, two: _Piece) -> _Piece | None:
    if two.start - one.end > LOOK_BACK or (one.kind, one.unit) != (two.kind, two.unit):
        return None
    gap = JOIN.fullmatch(text, one.end, two.start)
    if not gap or one.value is None or two.value is None or one.value > two.value:
        return None
    bounds = one.low is not None and two.high is not None
    ends = one.high is None and two.low is None
    if not (bounds if gap["and"] else ends):
        return None
    middle = (one.value + two.value) / 2
    return replace(one, end=two.end, value=middle, low=one.value, high=two.value)
