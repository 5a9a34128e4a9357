"""Names: one normal form for all spellings, keys that join what the law holds equal, pinyin as people type it."""

import ast
import re
import unicodedata
from pathlib import Path

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from opencc import OpenCC
from pypinyin import lazy_pinyin

from graph import names
from graph.readings import CHARACTERS, SURNAMES, WORDS

TO_SIMPLIFIED = OpenCC("t2s")
TO_TRADITIONAL = OpenCC("s2t")
HAN = st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5)
SIMPLIFIED = st.sampled_from("恒瑞医药股份有限公司重庆长安汽车银行厦门集团科技北京上海一二三")
MIXED = st.text(
    st.one_of(
        HAN,
        SIMPLIFIED,
        st.sampled_from(" 　\t\u200b（）()【】·•.,-ABCabc１２３ＡＢéßﬁİ㈱Ⅲ臺灣"),
        st.characters(),
    )
)


@given(MIXED)
@example("İ\u0307 ß")
@example("\u1100\u200b\u1161")
@example("A\u200b\u0301")
def test_normal_form_is_idempotent(name: str) -> None:
    once = names.normal_form(name)
    assert names.normal_form(once) == once


@given(MIXED)
def test_normal_form_holds_no_invisible_character_and_no_idle_space(name: str) -> None:
    normal = names.normal_form(name)
    assert not [c for c in normal if unicodedata.category(c) in {"Cc", "Cf", "Cs", "Zl", "Zp"}]
    assert normal == normal.strip()
    assert not re.search(r"\s\s|[\u4e00-\u9fff] | [\u4e00-\u9fff]", normal)


@given(st.text(HAN, max_size=30))
def test_normal_form_equals_opencc_character_by_character(name: str) -> None:
    assert names.normal_form(name) == "".join(TO_SIMPLIFIED.convert(character) for character in name)


@given(st.text(SIMPLIFIED, min_size=1, max_size=20))
def test_traditional_and_simplified_are_one_name(name: str) -> None:
    assert names.normal_form(TO_TRADITIONAL.convert(name)) == names.normal_form(name)


@pytest.mark.parametrize(
    ("written", "normal"),
    [
        ("ＩＤＧ 资本", "idg资本"),
        ("恒 瑞", "恒瑞"),
        ("臺灣積體電路製造股份有限公司", "台湾积体电路制造股份有限公司"),
        ("上海医药【集团】有限公司", "上海医药(集团)有限公司"),
        ("上海医药（集团）有限公司", "上海医药(集团)有限公司"),
        ("Le  Peigné", "le peigné"),
        ("乔治•阿玛尼", "乔治·阿玛尼"),
        ("恒\u200b瑞\ufeff", "恒瑞"),
        ("A\tB\nC", "a b c"),
        ("Co., Ltd.", "co.,ltd."),
        ("＊ST东南", "*st东南"),
        ("", ""),
    ],
)
def test_normal_form_of_known_spellings(written: str, normal: str) -> None:
    assert names.normal_form(written) == normal


@pytest.mark.parametrize(
    ("name", "stem", "suffix"),
    [
        ("江苏恒瑞医药股份有限公司", "江苏恒瑞医药", "股份有限公司"),
        ("宁波西铁供应链管理有限公司", "宁波西铁供应链管理", "有限公司"),
        ("中国中信集团有限责任公司", "中国中信", "集团有限责任公司"),
        ("杭州兴梓企业管理咨询合伙企业（有限合伙）", "杭州兴梓企业管理咨询", "合伙企业(有限合伙)"),
        ("湖北省汉川市钢丝绳厂", "湖北省汉川市钢丝绳", "厂"),
        ("Agilent Technologies, Inc.", "agilent technologies", "inc"),
        ("Foo Co., Ltd.", "foo", "co.,ltd"),
        ("CommerzVentures GmbH", "commerzventures", "gmbh"),
        ("Evotec AG", "evotec", "ag"),
        ("VGI Global Media Plc", "vgi global media", "plc"),
        ("Prada S.p.A.", "prada", "s.p.a"),
        ("公司", "公司", ""),
        ("恒瑞", "恒瑞", ""),
        ("NASA", "nasa", ""),
        ("", "", ""),
    ],
)
def test_legal_form(name: str, stem: str, suffix: str) -> None:
    assert names.legal_form(name) == (stem, suffix)


@given(MIXED)
def test_legal_form_never_leaves_an_empty_stem(name: str) -> None:
    stem, suffix = names.legal_form(name)
    assert stem or not names.normal_form(name).strip(" ,")
    assert suffix in names.normal_form(name)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("恒瑞有限责任公司", "恒瑞有限公司"),
        ("中国光大集团股份公司", "中国光大集团股份有限公司"),
        ("清源科技（厦门）股份有限公司", "清源科技厦门股份有限公司"),
        ("Foo Company Limited", "Foo Co., Ltd."),
        ("Foo Limited", "FOO LTD."),
        ("Foo, Inc.", "Foo Incorporated"),
        ("Whirlpool Corporation", "Whirlpool Corp."),
    ],
)
def test_equivalent_legal_names_have_one_key(one: str, other: str) -> None:
    assert names.legal_key(one) == names.legal_key(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("江苏恒瑞医药有限公司", "江苏恒瑞医药股份有限公司"),
        ("江苏恒瑞医药集团有限公司", "江苏恒瑞医药有限公司"),
        ("恒瑞公司", "恒瑞有限公司"),
        ("Foo Ltd", "Foo Inc"),
        ("Foo Ltd", "Fooltd"),
        ("恒瑞合伙企业（有限合伙）", "恒瑞合伙企业（普通合伙）"),
    ],
)
def test_different_legal_persons_keep_different_keys(one: str, other: str) -> None:
    assert names.legal_key(one) != names.legal_key(other)


@pytest.mark.parametrize(
    ("name", "keys"),
    [
        ("万科A", ("万科a", "万科")),
        ("*ST东南", ("东南",)),
        ("S*ST佳通", ("佳通",)),
        ("ST 康美", ("康美",)),
        ("XD贵州茅", ("贵州茅",)),
        ("N邵阳液", ("邵阳液",)),
        ("百济神州-U", ("百济神州",)),
        ("退市海润", ("海润",)),
        ("TCL科技", ("tcl科技",)),
        ("恒瑞医药", ("恒瑞医药",)),
    ],
)
def test_listed_short_names_lose_the_exchange_s_markers(name: str, keys: tuple[str, ...]) -> None:
    assert names.short_keys(name, listed=True) == keys


def test_a_brand_keeps_letters_that_look_like_markers() -> None:
    assert names.short_key("DR钻戒") == "dr钻戒"
    assert names.short_key("N多寿司") == "n多寿司"
    assert names.short_keys("万科A") == ("万科a",)
    assert names.short_key("500 startups") == names.short_key("500startups")


@pytest.mark.parametrize("name", ["Le Peigné", "IDG", "ＩＤＧ", "500 startups"])
def test_latin_names(name: str) -> None:
    assert names.is_latin(name)


@pytest.mark.parametrize("name", ["IDG资本", "恒瑞", "123", "", "アルファ", "Founders 기금"])
def test_names_that_are_not_latin(name: str) -> None:
    assert not names.is_latin(name)


@pytest.mark.parametrize(
    "name",
    [
        "江苏恒瑞医药股份有限公司",
        "中国银行",
        "清华大学",
        "国务院国资委",
        "Accel Partners",
        "Evotec AG",
        "真格基金",
        "苏州市人民政府",
    ],
)
def test_organisations_are_recognised(name: str) -> None:
    assert names.looks_like_company(name)


@pytest.mark.parametrize("name", ["孙飘扬", "Ben Horowitz", "欧阳修", "邹节明家族", ""])
def test_people_are_no_organisations(name: str) -> None:
    assert not names.looks_like_company(name)


@pytest.mark.parametrize(
    "name",
    [
        "国务院国有资产监督管理委员会",
        "上海市国资委",
        "中华人民共和国财政部",
        "山西省财政厅",
        "安庆市财政局",
        "苏州市人民政府",
        "广州开发区管委会",
        "中华人民共和国教育部",
        "国家体育总局",
        "湖南省国有文化资产监督管理委员会",
    ],
)
def test_state_bodies_are_recognised(name: str) -> None:
    assert names.looks_like_state_body(name)


@pytest.mark.parametrize(
    "name",
    [
        "中央汇金投资有限责任公司",
        "武汉国有资产经营有限公司",
        "北京国有资本经营管理中心",
        "清华大学",
        "江阴市华士镇华西新市村村民委员会",
        "财政部长",
        "孙飘扬",
        "国投创业",
    ],
)
def test_owned_by_the_state_is_not_the_state(name: str) -> None:
    assert not names.looks_like_state_body(name)


@pytest.mark.parametrize(
    ("name", "full", "letters"),
    [
        ("恒瑞医药", "hengruiyiyao", "hryy"),
        ("重庆长安汽车", "chongqingchanganqiche", "cqcaqc"),
        ("重慶啤酒", "chongqingpijiu", "cqpj"),
        ("厦门银行", "xiamenyinhang", "xmyh"),
        ("乾照光电", "qianzhaoguangdian", "qzgd"),
        ("东阿阿胶", "dongeejiao", "deej"),
        ("绿地控股", "lvdikonggu", "ldkg"),
        ("TCL科技", "tclkeji", "tclkj"),
        ("IDG 资本", "idgziben", "idgzb"),
        ("Le Peigné", "lepeigne", "lp"),
        ("Sequoia Capital", "sequoiacapital", "sc"),
        ("*ST东南", "stdongnan", "stdn"),
        ("", "", ""),
    ],
)
def test_pinyin(name: str, full: str, letters: str) -> None:
    assert names.pinyin(name) == full
    assert names.initials(name) == letters


@pytest.mark.parametrize(
    ("name", "full", "letters"),
    [
        ("单伟建", "shanweijian", "swj"),
        ("解直锟", "xiezhikun", "xzk"),
        ("尉迟恭", "yuchigong", "ycg"),
        ("孙飘扬", "sunpiaoyang", "spy"),
    ],
)
def test_pinyin_of_people(name: str, full: str, letters: str) -> None:
    assert names.pinyin(name, person=True) == full
    assert names.initials(name, person=True) == letters


@given(MIXED)
def test_pinyin_is_what_a_keyboard_types(name: str) -> None:
    assert not re.search(r"[\s\u4e00-\u9fa5A-Z]", names.pinyin(name))


@given(st.text(st.characters(min_codepoint=0x4E00, max_codepoint=0x9FA5), max_size=1))
def test_a_lone_character_reads_as_pypinyin_says_unless_listed(character: str) -> None:
    simplified = names.normal_form(character) if character != "乾" else character
    expected = CHARACTERS.get(simplified) or "".join(lazy_pinyin(simplified))
    assert names.pinyin(character) == expected


def test_every_listed_reading_changes_something() -> None:
    usual = {word: "".join(names._readings()[ord(c)] for c in word) for word in {*WORDS, *SURNAMES}}
    assert not [word for word, readings in WORDS.items() if usual[word] == "".join(readings)]
    assert all(len(word) == len(readings) for word, readings in (WORDS | SURNAMES).items())
    assert not [c for c, reading in CHARACTERS.items() if lazy_pinyin(c) == [reading]]


@pytest.mark.real
def test_the_real_controllers(shared_data: Path) -> None:
    lines = (shared_data / "graph/ashare_2019/astock20190123.json").read_text(encoding="utf-8").splitlines()
    controllers = [name for line in lines for name in ast.literal_eval(line)["controller"]]
    bodies = {name for name in controllers if names.looks_like_state_body(name)}
    assert controllers.count("国务院国有资产监督管理委员会") == 69
    assert "国务院国有资产监督管理委员会" in bodies
    assert 150 < len(bodies) < 250
    assert not [name for name in bodies if names.legal_form(name)[1]]


@pytest.mark.real
def test_pinyin_agrees_with_pypinyin_on_real_short_names(shared_data: Path) -> None:
    path = shared_data / "names/company_short_form_28w.txt"
    short_names = path.read_text(encoding="utf-8").split()[::10]
    han = [name for name in short_names if re.fullmatch(r"[\u4e00-\u9fa5]+", name)]
    differing = [name for name in han if names.pinyin(name) != "".join(lazy_pinyin(name))]
    assert len(han) > 20_000
    # where they differ it is mostly pypinyin that reads 长 zhang, 都 dou and 晟 cheng in names
    assert len(differing) / len(han) < 0.02
