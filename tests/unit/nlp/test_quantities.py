"""Money, shares and ratios as values: units, bounds, ranges, what only looks like a figure, offsets, time."""

from __future__ import annotations

import time
from decimal import Decimal
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.found import SENTENCE_ENDS
from nlp.quantities import chinese_number, quantities

FIGURE_CHARACTERS = (
    "0123456789０１９,.，．万亿千百十元股%％成至-~约近超不过以上一两三零点美港币$¥ 数余分之手个。\n"
)


def only(text):
    """The one figure of a text: its words, value, unit, low and high."""
    [found] = quantities(text)
    quantity = found.quantity
    return found.text, quantity.value, quantity.unit, quantity.low, quantity.high


@pytest.mark.parametrize(
    ("text", "words", "value", "unit"),
    [
        ("作价1,234.56万元收购", "1,234.56万元", 12_345_600, "CNY"),
        ("三千五百万元", "三千五百万元", 35_000_000, "CNY"),
        ("两亿元", "两亿元", 2e8, "CNY"),
        ("八点五亿元", "八点五亿元", 8.5e8, "CNY"),
        ("3亿5000万元", "3亿5000万元", 3.5e8, "CNY"),
        ("1.2万亿元", "1.2万亿元", 1.2e12, "CNY"),
        ("3千万元", "3千万元", 3e7, "CNY"),
        ("6630 万元", "6630 万元", 6.63e7, "CNY"),
        ("3亿余元", "3亿余元", 3e8, "CNY"),
        ("300多万元", "300多万元", 3e6, "CNY"),
        ("￥１２．５万", "￥１２．５万", 125_000, "CNY"),
        ("人民币3.5亿元", "人民币3.5亿元", 3.5e8, "CNY"),
        ("1824亿元人民币", "1824亿元人民币", 1.824e11, "CNY"),
        ("RMB 200万", "RMB 200万", 2e6, "CNY"),
        ("1.2亿美元", "1.2亿美元", 1.2e8, "USD"),
        ("US$1,234.5 million", "US$1,234.5 million", 1.2345e9, "USD"),
        ("$12.5亿", "$12.5亿", 1.25e9, "USD"),
        ("HK$3亿", "HK$3亿", 3e8, "HKD"),
        ("500万港元", "500万港元", 5e6, "HKD"),
        ("2200万欧元", "2200万欧元", 2.2e7, "EUR"),
        ("30亿日元", "30亿日元", 3e9, "JPY"),
        ("7万英镑", "7万英镑", 7e4, "GBP"),
        ("40万亿韩元", "40万亿韩元", 4e13, "KRW"),
        ("2000万股", "2000万股", 2e7, "shares"),
        ("十二万股", "十二万股", 1.2e5, "shares"),
        ("1.37亿股", "1.37亿股", 1.37e8, "shares"),
        ("5,798,556股", "5,798,556股", 5_798_556, "shares"),
        ("买入股票20手", "20手", 2000, "shares"),
        ("5.2%", "5.2%", 0.052, "ratio"),
        ("５．２％", "５．２％", 0.052, "ratio"),
        ("百分之五", "百分之五", 0.05, "ratio"),
        ("三成", "三成", 0.3, "ratio"),
        ("三成五", "三成五", 0.35, "ratio"),
        ("5‰", "5‰", 0.005, "ratio"),
        ("增长-3%", "-3%", -0.03, "ratio"),
        ("四分之一", "四分之一", 0.25, "ratio"),
    ],
)
def test_a_figure_is_its_value_in_units(text, words, value, unit):
    assert only(text) == (words, value, unit, None, None)


@pytest.mark.parametrize(
    ("text", "words", "value", "low", "high"),
    [
        ("3亿元至5亿元", "3亿元至5亿元", 4e8, 3e8, 5e8),
        ("3-5亿元", "3-5亿元", 4e8, 3e8, 5e8),
        ("5000万-1亿元", "5000万-1亿元", 7.5e7, 5e7, 1e8),
        ("10.5%-12%", "10.5%-12%", 0.1125, 0.105, 0.12),
        ("不低于1亿元（含）且不超过2亿元", "不低于1亿元（含）且不超过2亿元", 1.5e8, 1e8, 2e8),
        ("30%以上", "30%以上", 0.3, 0.3, None),
        ("不超过5%", "不超过5%", 0.05, None, 0.05),
        ("至少100万股", "至少100万股", 1e6, 1e6, None),
        ("超过人民币1亿元", "超过人民币1亿元", 1e8, 1e8, None),
        ("逾3亿元", "逾3亿元", 3e8, 3e8, None),
        ("50万元以下", "50万元以下", 5e5, None, 5e5),
        ("约6.45亿元", "约6.45亿元", 6.45e8, None, None),
        ("近亿元", "近亿元", 1e8, None, None),
        ("七成以上", "七成以上", 0.7, 0.7, None),
    ],
)
def test_ranges_and_bounds(text, words, value, low, high):
    found = only(text)
    assert (found[0], found[3], found[4]) == (words, low, high)
    assert found[1] == pytest.approx(value)


@pytest.mark.parametrize(
    "text",
    [
        "五个百分点", "提升2.46个百分点", "三元股份", "两股力量", "5股涨停", "前10股东", "第3股权", "一成不变",
        "二手房", "多元化", "完成三成员小组", "A股", "", "千里之外", "百万雄师", "200810年", "万一",
    ],
)  # fmt: skip
def test_what_only_looks_like_a_figure_is_none(text):
    assert quantities(text) == []


def test_a_vague_sum_is_money_without_a_value():
    [found] = quantities("完成数千万元A轮融资")
    assert (found.text, found.kind, found.quantity) == ("数千万元", "money", None)


def test_a_sum_without_currency_is_money_after_a_word_for_money_and_less_sure():
    [found] = quantities("作价7.16亿收购")
    assert (found.text, found.kind, found.quantity.unit) == ("7.16亿", "money", "CNY")
    assert found.confidence < 1
    assert quantities("人口7.16亿") == []


def test_figures_do_not_reach_over_the_end_of_a_sentence():
    assert [found.text for found in quantities("不超过。5亿元；至\n3亿元")] == ["5亿元", "3亿元"]


@pytest.mark.parametrize(
    ("numeral", "value"),
    [
        ("十", 10),
        ("一百零五", 105),
        ("二〇二六", 2026),
        ("一亿零三百万", 103_000_000),
        ("一点二亿", 120_000_000),
    ],
)
def test_chinese_numerals(numeral, value):
    assert chinese_number(numeral) == Decimal(value)


@pytest.mark.parametrize("numeral", ["点", "点五", "百千", "三四百", "一点", "十点点"])
def test_what_is_no_chinese_numeral(numeral):
    assert chinese_number(numeral) is None


@given(st.text() | st.text(FIGURE_CHARACTERS))
def test_offsets_index_the_text_as_given(text):
    found = quantities(text)
    for mention in found:
        assert text[mention.start : mention.end] == mention.text
        assert not set(SENTENCE_ENDS) & set(mention.text)
    assert all(one.end <= two.start for one, two in pairwise(found))


@given(st.integers(0, 10**12))
def test_a_sum_in_yuan_is_read_as_written(amount):
    assert only(f"{amount:,}元")[1] == amount
    assert only(f"{amount}元")[1] == amount


@pytest.mark.parametrize(
    "part", ["1", "1,111", "一", "一亿", "1万", "1-", "约1", "百分之", "不超过", "1万元至", "近"]
)
def test_time_grows_with_length_alone(part):
    """A pattern that backtracks over such a text would take hours."""
    text = part * (200_000 // len(part))
    begin = time.perf_counter()
    quantities(text)
    assert time.perf_counter() - begin < 10
