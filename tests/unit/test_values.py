"""Values: what cells of real files say becomes typed, or is dropped with a reason."""

import contextlib
import datetime as dt
import itertools
from collections import Counter
from pathlib import Path
from typing import Any

import openpyxl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.names import normal_form
from ingest import parties, values
from ingest.investors import INVESTORS
from ingest.values import ValueDropped

CURRENCIES = {"元": "CNY", "人民币": "CNY", "元人民币": "CNY", "美元": "USD", "港币": "HKD", "欧元": "EUR"}


# --- amounts -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "value", "currency"),
    [
        ("500万元人民币", 5_000_000, "CNY"),
        ("3.5亿人民币", 350_000_000, "CNY"),
        ("222.2222万元人民币", 2_222_222, "CNY"),
        ("1000万美元", 10_000_000, "USD"),
        ("12 万元 美元", 120_000, "USD"),
        ("20万人民币元", 200_000, "CNY"),
        ("1亿港币", 100_000_000, "HKD"),
        ("１２３万元", 1_230_000, "CNY"),
        ("一百万", 1_000_000, "CNY"),
        ("三千五百万元", 35_000_000, "CNY"),
        ("十二万", 120_000, "CNY"),
        ("1亿2000万", 120_000_000, "CNY"),
        ("一亿二千万元", 120_000_000, "CNY"),
        ("3万亿", 3_000_000_000_000, "CNY"),
        ("$2.5M", 2_500_000, "USD"),
        ("USD 10,000", 10_000, "USD"),
        ("￥1,234.56", 1234.56, "CNY"),
        ("-300万元", -3_000_000, "CNY"),
        ("1e6", 1_000_000, "CNY"),
        ("0", 0, "CNY"),
        ("0万亿元", 0, "CNY"),
        (1234, 1234, "CNY"),
    ],
)
def test_exact_amounts(text: str | int, value: float, currency: str) -> None:
    amount = values.parse_amount(text)
    assert (amount.value, amount.low, amount.high, amount.currency) == (value, value, value, currency)
    assert amount.yuan == (value if currency == "CNY" else None)


@pytest.mark.parametrize(
    ("text", "low", "high"),
    [
        ("数千万人民币", 10_000_000, 100_000_000),
        ("数亿美元", 100_000_000, 1_000_000_000),
        ("千万级人民币", 10_000_000, 100_000_000),
        ("近千万人民币", None, 10_000_000),
        ("过亿人民币", 100_000_000, None),
        ("超1亿元", 100_000_000, None),
        ("500万元以上", 5_000_000, None),
        ("100-500万", 1_000_000, 5_000_000),
        ("1000万至2000万元", 10_000_000, 20_000_000),
    ],
)
def test_vague_amounts_are_intervals(text: str, low: float | None, high: float | None) -> None:
    amount = values.parse_amount(text)
    assert (amount.value, amount.low, amount.high) == (None, low, high)
    assert amount.note
    assert amount.yuan is None


@pytest.mark.parametrize(
    "text",
    [
        "万人民币",
        "人民币",
        "未披露",
        "&nbsp;",
        "",
        "abc",
        "nan",
        "inf",
        "1000万美元人民币",
        "5-3万",
        True,
        None,
        "1-2-3",
        "1e99",
        "--5",
    ],
)
def test_what_is_no_amount(text: Any) -> None:
    with pytest.raises(ValueDropped, match="not an amount") as caught:
        values.parse_amount(text, field="金额")
    assert caught.value.field == "金额"
    assert caught.value.value is text
    assert "金额" in str(caught.value)


def test_a_column_s_unit_counts_only_for_bare_numbers() -> None:
    assert values.parse_amount("5000", unit="万元").value == 50_000_000
    assert values.parse_amount(222.2222, unit="万元").value == 2_222_222
    assert values.parse_amount("5000万", unit="万元").value == 50_000_000
    assert values.parse_amount("1.5", unit="亿元", currency="USD").currency == "USD"
    with pytest.raises(KeyError):
        values.parse_amount("1", unit="斤")


@given(
    st.decimals(min_value=0, max_value=10**6, places=4),
    st.sampled_from([("", 1), ("万", 10**4), ("亿", 10**8)]),
    st.sampled_from(sorted(CURRENCIES)),
)
def test_amounts_round_trip(number: Any, scale: tuple[str, int], currency: str) -> None:
    amount = values.parse_amount(f"{number:f}{scale[0]}{currency}")
    assert amount.value == float(number * scale[1])
    assert amount.currency == CURRENCIES[currency]
    assert amount.currency_stated == (currency != "元")


@given(st.integers(0, 10**15))
def test_thousands_separators_are_understood(number: int) -> None:
    assert values.parse_number(f"{number:,}") == float(number)


@given(
    st.text(
        st.one_of(st.sampled_from("0123456789.,-十百千万亿一二两元数近以上下至美$"), st.characters()),
        max_size=12,
    )
)
def test_any_text_is_an_amount_or_dropped(text: str) -> None:
    with contextlib.suppress(ValueDropped):
        amount = values.parse_amount(text)
        ends = [end for end in (amount.low, amount.high) if end is not None]
        assert ends
        assert ends == sorted(ends)


# --- ratios ------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "unit", "value"),
    [
        ("21.9394", "%", 0.219394),
        ("21.94%", "", 0.2194),
        ("0.21", "", 0.21),
        ("100", "%", 1.0),
        ("百分之三十", "", 0.3),
        (0.5, "", 0.5),
        ("5‰", "", 0.005),
        ("0", "%", 0.0),
    ],
)
def test_exact_ratios(text: str | float, unit: str, value: float) -> None:
    assert values.parse_ratio(text, unit=unit) == values.Ratio(value, value, value)


@pytest.mark.parametrize(
    ("text", "unit", "low", "high"),
    [
        ("25%-50%", "", 0.25, 0.5),
        ("＞50%", "", 0.5, 1.0),
        ("≤5%", "", 0.0, 0.05),
        ("5%以上", "", 0.05, 1.0),
        ("25-50", "%", 0.25, 0.5),
    ],
)
def test_intervals_of_ratios(text: str, unit: str, low: float, high: float) -> None:
    assert values.parse_ratio(text, unit=unit) == values.Ratio(None, low, high)


@pytest.mark.parametrize(
    ("text", "unit", "reason"),
    [
        ("50", "", "over 100"),
        ("101%", "", "over 100"),
        ("-1%", "", "below 0"),
        ("x", "", "not a ratio"),
        ("nan", "", "not a ratio"),
        (True, "", "not a ratio"),
        ("50%-25%", "", "not a ratio"),
    ],
)
def test_what_is_no_ratio(text: Any, unit: str, reason: str) -> None:
    with pytest.raises(ValueDropped, match=reason):
        values.parse_ratio(text, unit=unit)


@given(st.decimals(min_value=0, max_value=100, places=6))
def test_ratios_stay_fractions(percent: Any) -> None:
    ratio = values.parse_ratio(f"{percent:f}%")
    assert ratio.value == ratio.low == ratio.high == pytest.approx(float(percent) / 100, abs=1e-12)
    assert 0 <= ratio.low <= 1


# --- dates -------------------------------------------------------------------------------------------------

FORMATS = (
    "{0:%Y-%m-%d}",
    "{0:%Y/%m/%d}",
    "{0:%Y%m%d}",
    "{0.year}年{0.month}月{0.day}日",
    "{0.year}/{0.month}/{0.day}",
    "{0:%Y.%m.%d}",
    "{0:%Y-%m-%d} 00:00:00",
    "{0:%Y-%m-%d}T12:30:00Z",
)


@given(st.dates(dt.date(1800, 1, 1), dt.date(2200, 12, 31)), st.sampled_from(FORMATS))
def test_dates_round_trip(date: dt.date, form: str) -> None:
    assert values.parse_date(form.format(date)) == values.DateValue(date)
    assert (
        values.parse_date(date)
        == values.parse_date(dt.datetime.combine(date, dt.time(3)))
        == values.DateValue(date)
    )


@pytest.mark.parametrize(
    ("text", "date", "precision"),
    [
        ("2019-06", dt.date(2019, 6, 1), "month"),
        ("201906", dt.date(2019, 6, 1), "month"),
        ("2019年6月", dt.date(2019, 6, 1), "month"),
        ("2019", dt.date(2019, 1, 1), "year"),
        (20190603, dt.date(2019, 6, 3), "day"),
        ("二〇一九年十二月三十一日", dt.date(2019, 12, 31), "day"),
    ],
)
def test_precision_of_dates(text: str | int, date: dt.date, precision: str) -> None:
    parsed = values.parse_date(text)
    assert (parsed.date, parsed.precision, parsed.imprecise) == (date, precision, precision != "day")


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("2019-02-30", "no day of the calendar"),
        ("2019-13-01", "no day of the calendar"),
        ("0002-12-02", "not between 1800 and 2200"),
        ("2201-01-01", "not between 1800 and 2200"),
        (dt.date(1799, 12, 31), "not between 1800 and 2200"),
        ("未知", "not a date"),
        (43619, "not a date"),
        (True, "not a date"),
        ("2019-06/03", "not a date"),
        ("", "not a date"),
    ],
)
def test_what_is_no_date(text: Any, reason: str) -> None:
    with pytest.raises(ValueDropped, match=reason):
        values.parse_date(text)


# --- flags and placeholders --------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("text", "flag"),
    [
        ("是", True),
        ("否", False),
        ("Y", True),
        ("n", False),
        ("TRUE", True),
        (False, False),
        (1, True),
        (0.0, False),
        ("无", False),
    ],
)
def test_flags(text: Any, flag: bool) -> None:  # noqa: FBT001 - pytest passes it by name
    assert values.parse_flag(text) is flag


def test_what_is_no_flag() -> None:
    with pytest.raises(ValueDropped, match="neither yes nor no"):
        values.parse_flag("也许")


@pytest.mark.parametrize(
    "text",
    [
        "不详",
        "未披露",
        "未披露机构",
        "个人天使",
        " - ",
        "--",
        "—",
        "N/A",
        "null",
        "None",
        None,
        "",
        "&nbsp;",
        "投资方未披露",
        "（未披露）",
        "其他",
        "nan",
        float("nan"),
    ],
)
def test_placeholders(text: Any) -> None:
    assert values.is_placeholder(text)


@pytest.mark.parametrize("text", ["红杉资本", "0", 0, "1970-01-01", "无锡", "其他集团", "NA资本"])
def test_what_is_no_placeholder(text: Any) -> None:
    assert not values.is_placeholder(text)


def test_a_column_may_have_placeholders_of_its_own() -> None:
    assert values.is_placeholder("1970-01-01", extra=("1970-01-01",))


# --- lists -------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "name",
    [
        "Le Peigné",
        "Aviv Venture Capital",
        "Sequoia Capital China 红杉中国",
        "GGV纪源资本",
        "IDG资本",
        "经纬中国 Matrix Partners China",
        "Lightspeed Venture Partners",
        "Bill & Melinda Gates Foundation",
        "Plug and Play",
        "The Venture Reality Fund",
        "T. Rowe Price",
        "R/GA Accelerator",
        "Agilent Technologies, Inc.",
        "JP Morgan Chase & Co.",
        "Blackbird Ventures (Australia)",
        "刘谋（顶级主播 PDD）",
        "上海联硒企业管理中心（有限合伙）",
        "500 startups",
    ],
)
def test_one_name_stays_one(name: str) -> None:
    assert values.split_parties(name) == [name]


@pytest.mark.parametrize(
    ("text", "names"),
    [
        ("鼎珮投资集团 国投创业 君联资本 新湖投资", ["鼎珮投资集团", "国投创业", "君联资本", "新湖投资"]),
        ("腾讯、阿里巴巴，百度;京东|美团/小米", ["腾讯", "阿里巴巴", "百度", "京东", "美团", "小米"]),
        (
            "Lightspeed Venture Partners Accel Partners Sway Ventures",
            ["Lightspeed Venture Partners", "Accel Partners", "Sway Ventures"],
        ),
        (
            "祥峰资本 Magma Venture Zohar Zisapel Amiti Ventures",
            ["祥峰资本", "Magma Venture", "Zohar Zisapel", "Amiti Ventures"],
        ),
        ("YC DCM Trinity Ventures", ["YC", "DCM", "Trinity Ventures"]),
        ("Founders Fund Slow Ventures Tiger老虎基金", ["Founders Fund", "Slow Ventures", "Tiger老虎基金"]),
        ("Nokia 小米科技", ["Nokia", "小米科技"]),
        ("ROTH Capital Partners 高盛 ROTH Capital Partners", ["ROTH Capital Partners", "高盛"]),
        (
            "First Access Entertainment Seth Bernstein 个人天使",
            ["First Access Entertainment", "Seth Bernstein", "个人天使"],
        ),
        ("Foo, Inc., Bar; 高盛", ["Foo, Inc.", "Bar", "高盛"]),
        ("", []),
        (" 、 ", []),
    ],
)
def test_lists_of_parties(text: str, names: list[str]) -> None:
    assert values.split_parties(text) == names


def test_known_names_decide_where_latin_words_join() -> None:
    text = "Quux Zork Blarg 高盛"
    assert values.split_parties(text, known={"Zork Blarg"}) == ["Quux", "Zork Blarg", "高盛"]
    assert values.split_parties(text, known={"quux zork"}) == ["Quux Zork", "Blarg", "高盛"]
    assert values.split_parties("Quux 高盛", known={"Quux 高盛"}) == ["Quux 高盛"]


def test_doubtful_parties_are_named() -> None:
    assert values.split_parties("Quux Zork") == ["Quux Zork"]
    assert values.is_doubtful_party("Quux Zork")
    assert not values.is_doubtful_party("Quux Zork", known={"Quux Zork"})
    assert values.is_doubtful_party("Gmb H")
    assert not [
        name
        for name in ("Accel Partners", "红杉资本", "Seth Bernstein", "BlackRock")
        if values.is_doubtful_party(name)
    ]


def cheapest_cut(words: list[str]) -> float:
    """Try every cut of a run: the slow, obviously right way."""
    prices = []
    for count in range(len(words)):
        for cuts in itertools.combinations(range(1, len(words)), count):
            ends = [0, *cuts, len(words)]
            prices.append(sum(parties._cost(words[a:b], frozenset()) for a, b in itertools.pairwise(ends)))
    return min(prices)


LATIN_WORDS = [
    "Accel",
    "Partners",
    "Union",
    "Square",
    "Ventures",
    "Capital",
    "Seth",
    "DCM",
    "The",
    "&",
    "83",
    "Fund",
    "China",
    "BlackRock",
]


@given(st.lists(st.sampled_from(LATIN_WORDS), min_size=1, max_size=7))
def test_a_run_of_latin_words_is_cut_at_the_least_cost(words: list[str]) -> None:
    cut = parties._cut_run(words, frozenset())
    assert " ".join(cut) == " ".join(words)
    assert sum(parties._cost(name.split(), frozenset()) for name in cut) == pytest.approx(
        cheapest_cut(words), abs=1e-4
    )


@given(
    st.lists(
        st.sampled_from(
            sorted(INVESTORS | {"红杉资本", "高盛", "IDG资本", "上海联硒企业管理中心（有限合伙）"})
        ),
        unique_by=normal_form,
        max_size=6,
    )
)
def test_splitting_undoes_joining(names: list[str]) -> None:
    assert values.split_parties("、".join(names)) == names


@given(st.text(st.sampled_from(list("红杉 ()（）、,/&;ABab")), max_size=40))
def test_splitting_loses_no_letter(text: str) -> None:
    joined = "".join(values.split_parties(text))
    assert set(joined) - set(" \t") <= set(text)
    assert {c for c in text if c.isalnum()} <= set(joined) | {c.swapcase() for c in joined}


@pytest.mark.parametrize(
    ("text", "offices"),
    [
        ("董事长/董事", ["董事长", "董事"]),
        ("总经理,董事", ["总经理", "董事"]),
        ("副总经理, 董事会秘书, 财务总监", ["副总经理", "董事会秘书", "财务总监"]),
        ("董事、董事", ["董事"]),
        ("财务总监(代/兼)、董事", ["财务总监(代/兼)", "董事"]),
        ("Chief Executive Officer", ["Chief Executive Officer"]),
        ("", []),
    ],
)
def test_lists_of_offices(text: str, offices: list[str]) -> None:
    assert values.split_offices(text) == offices


# --- the real files ----------------------------------------------------------------------------------------


def column(path: Path, name: str) -> list[Any]:
    book = openpyxl.load_workbook(path, read_only=True)
    rows = book.worksheets[0].iter_rows(values_only=True)
    place = next(rows).index(name)
    found = [row[place] for row in rows]
    book.close()
    return found


def outcomes(parse: Any, cells: list[Any]) -> Counter[str]:
    def outcome(cell: Any) -> str:
        if values.is_placeholder(cell):
            return "placeholder"
        try:
            parse(cell)
        except ValueDropped:
            return "dropped"
        return "read"

    return Counter(map(outcome, cells))


@pytest.mark.real
def test_the_real_registry_s_capital_and_dates(shared_data: Path) -> None:
    registry = shared_data / "graph/registry_deals/registry_10k.xlsx"
    assert outcomes(values.parse_amount, column(registry, "注册资金")) == {
        "read": 9993,
        "dropped": 6,
        "placeholder": 1,
    }
    assert outcomes(values.parse_date, column(registry, "成立时间")) == {"read": 9888, "placeholder": 112}


@pytest.mark.real
def test_the_real_deals(shared_data: Path) -> None:
    deals = shared_data / "graph/registry_deals/invest_events_2k.xlsx"
    assert outcomes(values.parse_amount, column(deals, "金额")) == {"read": 979, "placeholder": 1021}
    assert outcomes(values.parse_date, column(deals, "融资时间")) == {"read": 1998, "dropped": 2}


@pytest.mark.real
def test_the_real_lists_of_investors(shared_data: Path) -> None:
    cells = column(shared_data / "graph/registry_deals/invest_events_2k.xlsx", "投资方")
    found = [name for cell in cells for name in values.split_parties(cell)]
    distinct = {normal_form(name): name for name in found if not values.is_placeholder(name)}
    assert len(found) > 3_000
    assert len(distinct) == pytest.approx(1_980, abs=30)
    assert len([name for name in distinct.values() if values.is_doubtful_party(name)]) <= 12
    assert {"le peigné", "union square ventures", "idg资本", "andreessen horowitz"} - {
        "le peigné"
    } <= distinct.keys()
    assert not {"ventures", "capital", "partners", "fund", "venture capital", "the"} & distinct.keys()


@pytest.mark.real
def test_the_real_institutions_stay_whole(shared_data: Path) -> None:
    names = column(shared_data / "graph/registry_deals/invest_institutions_1k.xlsx", "机构名称")
    cut = [name for name in names if values.split_parties(name) != [name]]
    assert len(names) == 1_000
    assert len(cut) <= 8
    assert not [name for name in names if values.split_parties(name, known=frozenset(names)) != [name]]
