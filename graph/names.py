"""Normal forms, join keys, kinds and pinyin of the names of companies, people and state bodies.

Every function is pure. Three keys serve three purposes; each is coarser than the one before it:

- `normal_form`: the same name in another script, width, case or punctuation is the same string;
- `legal_key`: the same *registered* name, although brackets or an equivalent legal suffix differ;
- `short_key`, `short_keys`: the same short name or brand, although spaces or exchange markers differ.
"""

import re
import unicodedata
from collections.abc import Iterator, Mapping
from functools import cache
from typing import Final

from opencc import OpenCC
from pypinyin.pinyin_dict import pinyin_dict

from graph.readings import CHARACTERS, SURNAMES, WORDS

_HAN_RANGES: Final = (
    (0x2E80, 0x2FE0),  # radicals, which NFKC turns into ideographs
    (0x3005, 0x3008),  # 々 〆 〇
    (0x3400, 0x4DC0),
    (0x4E00, 0xA000),
    (0xF900, 0xFB00),
    (0x20000, 0x33480),
)
_HAN: Final = "".join(rf"\U{first:08x}-\U{last - 1:08x}" for first, last in _HAN_RANGES)
_CJK: Final = _HAN + r"\u3040-\u30ff\uac00-\ud7a3"  # with kana and hangul, which are spaced like Han

_PUNCTUATION: Final = {
    "(": "([{〔【〖〘〚〈《<⟨",
    ")": ")]}〕】〗〙〛〉》>⟩",
    "-": "-‐‑‒–—―−⸺⸻─━﹣",
    "·": "·•‧∙⋅・●⚫◦᛫",
    "'": "'‘’‛′`´",
    '"': '"“”„‟″「」『』〝〞',
    ".": ".。",
    ",": ",、",
}

_SPACE_RUN: Final = re.compile(r"\s+")
# a space means something only between two words of an alphabet: 'Le Peigné', but 'IDG 资本' is 'IDG资本'
_IDLE_SPACE: Final = re.compile(rf"(?<![^\W_{_CJK}]) | (?![^\W_{_CJK}])")


def _han_characters() -> Iterator[str]:
    for first, last in _HAN_RANGES:
        yield from map(chr, range(first, last))


@cache
def _simplified() -> Mapping[str, str]:
    """Every ideograph that OpenCC's t2s changes, with what it becomes, found by asking OpenCC once.

    Single characters, not phrases: a phrase rule (乾 stays in 乾坤) would make the form of a character depend
    on its neighbours, and a search key for the first characters would no longer match the whole name.
    """
    converter = OpenCC("t2s")
    characters = [c for c in _han_characters() if unicodedata.is_normalized("NFKC", c)]
    converted = converter.convert("\n".join(characters)).split("\n")
    table = {old: new for old, new in zip(characters, converted, strict=True) if old != new}
    return {old: table.get(new, new) for old, new in table.items()}


@cache
def _folding() -> Mapping[int, str | None]:
    """The translate table of what NFKC and case folding leave to do, per character."""
    table: dict[int, str | None] = {ord(old): new for old, new in _simplified().items()}
    for unified, variants in _PUNCTUATION.items():
        table.update((ord(variant), unified) for variant in variants if variant != unified)
    return table


@cache
def _settled() -> frozenset[str]:
    """The characters that `normal_form` never touches: simplified ideographs, a-z and 0-9."""
    changed = _simplified()
    plain = (c for c in _han_characters() if c not in changed and unicodedata.is_normalized("NFKC", c))
    return frozenset("abcdefghijklmnopqrstuvwxyz0123456789").union(
        c for c in plain if unicodedata.category(c) == "Lo"
    )


_INVISIBLE: Final = frozenset({"Cc", "Cf", "Co", "Cn", "Cs"})


def _visible(text: str) -> str:
    """Drop control, zero-width and unassigned characters; a control that is white space becomes a space."""
    if text.isprintable():
        return text
    spaced = _SPACE_RUN.sub(" ", text)
    return "".join(c for c in spaced if unicodedata.category(c) not in _INVISIBLE)


def _fold_once(text: str) -> str:
    compatible = unicodedata.normalize("NFKC", _visible(text))
    folded = unicodedata.normalize("NFKC", compatible.casefold()).translate(_folding())
    return _IDLE_SPACE.sub("", _SPACE_RUN.sub(" ", folded).strip())


def normal_form(name: str) -> str:
    """Give the form in which spellings of one name are equal; applying it twice changes nothing.

    NFKC (full-width to half-width), invisible characters removed, case folded, Traditional to Simplified
    (OpenCC t2s by character), brackets, quotes, dashes and interpuncts unified. White space stays, as a
    single space, only between two words of an alphabet.
    """
    settled = _settled()
    while not settled.issuperset(name):
        folded = _fold_once(name)
        if folded == name:
            break
        name = folded
    return name


# --- legal names -------------------------------------------------------------------------------------------

# The alternatives are tried by the earliest start, so the longest suffix wins.
_CHINESE_SUFFIX: Final = (
    r"(?:\(?集团\)?)?(?:股份有限责任公司|股份有限公司|有限责任公司|有限责任总公司|股份公司|有限公司|总公司|分公司|子公司|公司)"
    r"|\(?集团\)?"
    r"|(?:合伙企业|企业|事务所|中心)?\((?:有限合伙|普通合伙|特殊普通合伙|特殊的普通合伙|个人独资|个体工商户"
    r"|有限公司|有限责任公司|股份有限公司)\)"
    r"|有限合伙企业|普通合伙企业|合伙企业|有限合伙"
    r"|专业合作社|合作社|联合社|总厂|分厂|厂"
)
_LATIN_SUFFIX: Final = (
    r"(?:& ?)?co\.?,?(?: ?(?:ltd|limited|inc|llc|kg))?|company(?: limited)?"
    r"|(?:pte|pty|pvt|private)\.? ?(?:ltd|limited)"
    r"|ltd|limited|inc|incorporated|corp|corporation|l\.?l\.?c|l\.?l\.?p|l\.?p|p\.?l\.?c"
    r"|gmbh(?: ?& ?co\.?,? ?kg(?:aa)?)?|kgaa|s\.?a\.?s|s\.?a\.?r\.?l|s\.?r\.?l|s\.?p\.?a|s\.?a|a\.?g|s\.?e"
    r"|n\.?v|b\.?v|a/s|a\.?b|oyj|oy|k\.?k|sdn\.? ?bhd|bhd|pjsc|jsc|株式会社"
)
_LEGAL_FORM: Final = re.compile(
    rf"(?P<stem>.+?)"
    rf"(?:(?P<chinese>{_CHINESE_SUFFIX})"
    rf"|(?:[ ,.]+|(?=&)|(?<=[{_CJK})]))(?P<latin>{_LATIN_SUFFIX})\.?)",
)


def _split_legal(normal: str) -> tuple[str, str]:
    match = _LEGAL_FORM.fullmatch(normal)
    if match is None:
        return normal, ""
    return match["stem"].rstrip(" ,"), match["chinese"] or match["latin"]


def legal_form(name: str) -> tuple[str, str]:
    """Split a registered name into (stem, legal suffix), both in normal form; the suffix may be empty.

    `legal_form('江苏恒瑞医药股份有限公司') == ('江苏恒瑞医药', '股份有限公司')`. The longest known suffix is
    taken and the stem is never empty.
    """
    return _split_legal(normal_form(name))


# Company Law (2023) art. 7: a 有限责任公司 may call itself 有限公司, a 股份有限公司 may call itself 股份公司.
_EQUIVALENT: Final = {
    "有限责任公司": "有限公司",
    "有限责任总公司": "有限总公司",
    "股份有限责任公司": "股份有限公司",
    "股份公司": "股份有限公司",
    "特殊的普通合伙": "特殊普通合伙",
    "limited": "ltd",
    "company": "co",
    "incorporated": "inc",
    "corporation": "corp",
    "private": "pte",
    "pvt": "pte",
}
_EQUIVALENT_PATTERN: Final = re.compile(
    "|".join(
        rf"\b{word}\b" if word.isascii() else f"{word}$"
        for word in sorted(_EQUIVALENT, key=len, reverse=True)
    )
)
_UNSPOKEN: Final = str.maketrans("", "", "()\"',.·")


def _canonical_suffix(suffix: str) -> str:
    spaced = suffix.replace("co.", "co ").replace("co,", "co ")
    bare = _SPACE_RUN.sub(" ", spaced.translate(_UNSPOKEN)).strip()
    return _EQUIVALENT_PATTERN.sub(lambda match: _EQUIVALENT[match[0]], bare)


def legal_key(name: str) -> str:
    """Give the key on which two records of one registered name join.

    The suffix is made canonical, never dropped: 有限责任公司 equals 有限公司 because Company Law art. 7
    offers both for one form, while 恒瑞医药有限公司 and 恒瑞医药股份有限公司 are two different legal persons
    (often a parent and its listed subsidiary) and keep different keys. Brackets, quotes, commas, stops and
    interpuncts are ignored, as registers and filings write them differently.
    """
    stem, suffix = _split_legal(normal_form(name))
    bare = stem.translate(_UNSPOKEN)
    if not suffix:
        return bare
    # without a gap 'Foo Ltd' and the brand 'fooltd' would be one key
    gap = " " if suffix.isascii() and "(" not in suffix else ""
    return f"{bare}{gap}{_canonical_suffix(suffix)}"


# --- short names -------------------------------------------------------------------------------------------

# What an exchange puts before or after a listed short name: ST/*ST (risk warning), S (share reform pending),
# XD/XR/DR (ex-dividend, ex-rights, both), N (first day), C (days two to five), 退市/退 (delisting),
# -U/-W/-V/-D (unprofitable, weighted votes, VIE, depositary receipt).
_MARKER_BEFORE: Final = re.compile(rf"(?:s?\*?st|xd|xr|dr|[ncs]|退市)(?=[{_HAN}]{{2}})")
_MARKER_AFTER: Final = re.compile(rf"(?<=[{_HAN}]{{2}})(?:-[uwvd]{{1,3}}|退)$")
_SHARE_CLASS: Final = re.compile(rf"(?<=[{_HAN}])[ab]$")


def short_key(name: str, *, listed: bool = False) -> str:
    """Give the key of a short name or brand: the normal form without spaces.

    With `listed` the name is an exchange's short name and loses the exchange's markers (*ST东南 is 东南).
    They stay for brands, where the same letters belong to the name (DR钻戒). A share class stays too: 万科A
    is the name of a security. `short_keys` offers the key without it beside.
    """
    key = normal_form(name).replace(" ", "")
    if not listed:
        return key
    return _MARKER_AFTER.sub("", _MARKER_BEFORE.sub("", key, count=1) if _MARKER_BEFORE.match(key) else key)


def short_keys(name: str, *, listed: bool = False) -> tuple[str, ...]:
    """Give every key a short name answers to, the strictest first.

    A listed name with a share class answers to the name with and without it: 万科A to ('万科a', '万科').
    """
    key = short_key(name, listed=listed)
    without_class = _SHARE_CLASS.sub("", key) if listed else key
    return (key,) if without_class == key else (key, without_class)


# --- kinds of names ----------------------------------------------------------------------------------------

_HAS_CJK: Final = re.compile(f"[{_CJK}]")
_HAS_LATIN: Final = re.compile(r"[A-Za-z\u00c0-\u024f\uff21-\uff3a\uff41-\uff5a]")

_FIRM_WORDS: Final = """
    accelerator advisers advisors alliance angel angels associates authority bancorp bank capital
    catalyst club collective companies company corporation council endeavors enterprise enterprises
    entertainment equity exchange finance financial foundation fund funds gmbh group growth healthcare
    holding holdings inc incubator industries innovation innovations institute insurance intl invest
    investment investments investors labs limited llc llp ltd management media network networks office
    partner partners partnership plc securities services society solutions syndicate systems
    technologies technology trust university vc venture ventures
"""
LATIN_FIRM_WORDS: Final = frozenset(_FIRM_WORDS.split())
_ORGANISATION: Final = re.compile(
    r"(?:基金|银行|集团|大学|学院|研究院|设计院|研究总院|研究所|委员会|管委会|国资委|政府|财政[部厅局]|国务院|证券|保险|信托|资本"
    r"|投资|创投|控股|理事会|基金会|协会|促进会|联合会|学会|商会|工会|合作社|总社|通讯社|日报社|旅行社|出版社|信用社|经济社|保险社"
    r"|事务所|医院|门诊部|工作室|俱乐部|电视台|联社|交易所|中心|局|办公室|持股会|计划|公司|厂)(?:\(.+\))?$"
)


def is_latin(name: str) -> bool:
    """Tell whether a name is written in the Latin alphabet alone (digits and punctuation aside)."""
    return bool(_HAS_LATIN.search(name)) and not _HAS_CJK.search(name)


def looks_like_company(name: str) -> bool:
    """Tell whether a name is that of an organisation rather than of a person.

    True for a legal suffix, Chinese or Latin, for the closing word of a fund, bank, university, committee or
    state body, and for a Latin name that ends in a firm's word (Partners, Ventures). False means 'no sign
    of it', not 'a person'.
    """
    normal = normal_form(name)
    stem, suffix = _split_legal(normal)
    if suffix or _ORGANISATION.search(stem) or _is_state_body(normal):
        return True
    return is_latin(normal) and normal.rpartition(" ")[2].strip(".,)") in LATIN_FIRM_WORDS


_STATE_BODY: Final = re.compile(
    r"国资委|国有[^公司]{0,6}资产(?:监督|监管)?(?:管理|管)?[^公司]{0,14}(?:委员会|办公室|局)|国资[局办]|公有资产管理(?:委员会|办公室|局)"
    r"|人民政府|(?:省|市|区|县|州|旗|乡|镇)政府$|国务院|人民代表大会|街道办事处|(?<!村)(?<!居)(?:管理委员会|管委会)$|管理区$"
    r"|中央军(?:事)?委|中国共产党|中共.+[部委]$|中国人民银行$|新疆生产建设兵团(?:.*师)?$|财政[部厅局所](?!长)|发展和?改革委(?:员会)?$"
    r"|(?:教育|国防|外交|商务|水利|交通运输|农业农村|农业|科学技术|科技|公安|司法|民政|卫生|文化|铁道|工业和信息化|国家安全"
    r"|住房和城乡建设|人力资源和社会保障|自然资源|生态环境|退役军人事务|应急管理)部$"
    r"|^国家.{2,10}总局$|(?:监督管理|税务|烟草专卖|外汇管理|统计|海关|粮食|知识产权)(?:总局|总署|局|署)$"
    r"|(?:教育|卫生|交通运输|交通|水利|水务|农业|农垦|林业|商务|科技|科学技术|公安|民政|文化|国土资源|经济贸易"
    r"|住房和城乡建设|新闻出版)(?:厅|局|委员会)$"
)


def _is_state_body(normal: str) -> bool:
    return bool(_STATE_BODY.search(normal)) and not _split_legal(normal)[1]


def looks_like_state_body(name: str) -> bool:
    """Tell whether a name is that of a state organ: 国资委, 财政部, a 人民政府, a bureau, a 管委会.

    Sharing one makes no related party (Company Law art. 265(4)). A company the state owns (中央汇金, 国投)
    is a company and therefore False.
    """
    return _is_state_body(normal_form(name))


# --- pinyin ------------------------------------------------------------------------------------------------

_NEITHER_LETTER_NOR_DIGIT: Final = re.compile(r"[\W_]+")
_WORD: Final = re.compile("|".join(sorted(WORDS, key=len, reverse=True)))


_TONES: Final = dict.fromkeys((0x0300, 0x0301, 0x0304, 0x030C))


@cache
def _readings() -> Mapping[int, str]:
    """The first reading of every ideograph that pypinyin knows, or the one usual in companies' names."""
    first = {code: readings.partition(",")[0] for code, readings in pinyin_dict.items()}
    table = {code: _typed(reading) for code, reading in first.items()}
    table.update((ord(character), reading) for character, reading in CHARACTERS.items())
    return table


def _typed(syllable: str) -> str:
    """Spell a syllable with tone marks as people type it: lǜ is lv."""
    bare = unicodedata.normalize("NFD", syllable).translate(_TONES)
    return bare.replace("u\u0308", "v").replace("e\u0302", "e")


@cache
def _initial_letters() -> Mapping[int, str]:
    return {code: reading[:1] for code, reading in _readings().items()}


@cache
def _word_signs() -> frozenset[str]:
    """The characters whose reading some word changes: a name without one of them needs no word table."""
    usual = _readings()
    return frozenset(
        character
        for word, readings in WORDS.items()
        for character, reading in zip(word, readings, strict=True)
        if usual.get(ord(character)) != reading
    )


@cache
def _spoken_folding() -> Mapping[int, str | None]:
    """The folding table, but 乾 stays: simplified names use it for qián, where 干 is read gān."""
    return {code: new for code, new in _folding().items() if code != ord("乾")}


def _spoken_form(name: str) -> str:
    """Give the name in lower case and simplified characters, words of an alphabet apart."""
    if _settled().issuperset(name):
        return name
    decomposed = unicodedata.normalize("NFKD", _visible(name)).casefold()
    bare = (
        "".join(c for c in decomposed if not unicodedata.combining(c)) if not name.isascii() else decomposed
    )
    return _NEITHER_LETTER_NOR_DIGIT.sub(" ", bare.translate(_spoken_folding())).strip()


def _with_words_read(text: str, *, person: bool, letters: int | None) -> str:
    """Replace surnames and words by their reading, or by its first letters, and leave the rest as it is."""
    if person:
        for length in (2, 1):
            reading = SURNAMES.get(text[:length])
            if reading:
                return "".join(part[:letters] for part in reading) + text[length:]
        return text
    if _word_signs().isdisjoint(text):
        return text
    return _WORD.sub(lambda match: "".join(part[:letters] for part in WORDS[match[0]]), text)


def pinyin(name: str, *, person: bool = False) -> str:
    """Read a name: toneless syllables joined (ü as v), Latin letters and digits kept, all else left out.

    `pinyin('重庆长安汽车') == 'chongqingchanganqiche'`. With `person` the first characters are read as a
    surname (单 shan, 解 xie). Accents are dropped: 'Le Peigné' is 'lepeigne'.
    """
    text = _with_words_read(_spoken_form(name), person=person, letters=None)
    return text.translate(_readings()).replace(" ", "")


def initials(name: str, *, person: bool = False) -> str:
    """Give the first letter of every syllable: '恒瑞医药' is 'hryy', 'TCL科技' is 'tclkj'.

    A run of Latin letters beside Chinese stays whole, as people type it; a name of several Latin words gives
    the first letter of each: 'Sequoia Capital' is 'sc'.
    """
    spoken = _spoken_form(name)
    if " " in spoken and not _HAS_CJK.search(spoken):
        return "".join(word[0] for word in spoken.split())
    text = _with_words_read(spoken, person=person, letters=1)
    return text.translate(_initial_letters()).replace(" ", "")
