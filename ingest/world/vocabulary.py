"""The words that the demo world's names are made of, and the codes that cannot be anybody's.

Cities are invented. A brand is two or three syllables out of a list that no listed company's name is made of in
this way (a test on real names checks the whole product), so that a registered name, city + brand + trade + legal
form, names nobody. People's names combine common surnames and given names: some real person will bear each of
them, as with every Chinese name, but not at these companies.

Codes validate and cannot exist: the administrative division 99xxxx of the unified social credit code is not
assigned (GB/T 2260), and neither are the exchange code ranges 607-609 (Shanghai) and 307-309 (Shenzhen).
"""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Flags = NDArray[np.bool_]

_CITY_CHARACTERS = (
    "岚浦泠川砚州沅麓霁港檀汀鹭屿瑶津漪湾朔峦枫澜鹤汀墨渚望岫锦岫云岫沧渚梧汀椿港桐麓"
    "湄麓澜峤溪岫翠峤玄渚素汀雁浔霜浦昙州琅渚璧港絮川驼峤麟浦萤州蘅川茗屿黛州鸢港榛麓"
)
CITIES = tuple(a + b for a, b in zip(_CITY_CHARACTERS[::2], _CITY_CHARACTERS[1::2], strict=True))

SYLLABLES = tuple(
    "翀珩璟琰澹栩峥铄锴骁骐骞翮翊翎羿昶晔晗晞暄曜弈彧恪愔懋攸旻昀桢棣槿樾歆毓沅洵浔滢漪濯灏炜焱煜熠燊璇瑄瑾璞瓒甄砚磬祺稷穆竑笙筠筱箴"
    "缙羲翾芃苒茂荃菡萱葳蓁蔺蘅衍觅谌谟赟跃轩辰迦遐郗鄞酆钰铎镕闳陟霏靖韫韶颀飏骅鸢麒黎黛"
)

INDUSTRIES: tuple[tuple[str, str, tuple[str, ...]], ...] = (
    ("采掘", "上游资源", ("煤业", "矿业", "有色金属")),
    ("石油化工", "上游资源", ("石化", "化工", "橡胶", "塑料")),
    ("钢铁冶炼", "上游资源", ("钢铁", "特种钢")),
    ("建筑材料", "上游资源", ("水泥", "玻璃")),
    ("电力公用", "公用事业", ("电力", "燃气", "水务")),
    ("新材料", "制造", ("新材料", "复合材料")),
    ("机械设备", "制造", ("机械", "装备", "机器人", "仪器")),
    ("电子元件", "制造", ("电子", "光学", "传感器")),
    ("半导体", "制造", ("半导体", "集成电路")),
    ("新能源设备", "制造", ("新能源", "光伏", "电池")),
    ("汽车及零部件", "制造", ("汽车", "汽车零部件")),
    ("医药生物", "医药", ("医药", "生物", "医疗器械")),
    ("农林牧渔", "消费", ("农业", "种业")),
    ("食品饮料", "消费", ("食品", "饮料", "乳业")),
    ("纺织服装", "消费", ("纺织", "服饰")),
    ("家用电器", "消费", ("家电", "家居")),
    ("轻工包装", "消费", ("纸业", "包装")),
    ("建筑工程", "建筑地产", ("建筑工程", "园林工程")),
    ("房地产", "建筑地产", ("房地产", "物业")),
    ("交通运输", "服务", ("物流", "港务", "航空", "供应链")),
    ("商业贸易", "服务", ("商贸", "零售", "进出口")),
    ("软件服务", "信息", ("软件", "信息技术", "数据", "云计算")),
    ("通信设备", "信息", ("通信", "通信设备")),
    ("传媒旅游", "服务", ("传媒", "旅游", "教育")),
    ("环保检测", "公用事业", ("环保", "检测")),
    ("综合投资", "服务", ("控股", "投资", "实业")),
)
"""Industry, its sector, and the words for its trade in a company's name."""

UPSTREAM: tuple[tuple[str, str], ...] = (
    ("采掘", "钢铁冶炼"), ("采掘", "电力公用"), ("采掘", "石油化工"), ("石油化工", "新材料"),
    ("石油化工", "纺织服装"), ("石油化工", "轻工包装"), ("钢铁冶炼", "机械设备"),
    ("钢铁冶炼", "汽车及零部件"), ("钢铁冶炼", "建筑工程"), ("建筑材料", "建筑工程"),
    ("建筑工程", "房地产"), ("电力公用", "钢铁冶炼"), ("新材料", "电子元件"), ("新材料", "新能源设备"),
    ("新材料", "半导体"), ("机械设备", "汽车及零部件"), ("机械设备", "采掘"), ("电子元件", "通信设备"),
    ("电子元件", "家用电器"), ("半导体", "电子元件"), ("半导体", "通信设备"), ("新能源设备", "电力公用"),
    ("新能源设备", "汽车及零部件"), ("石油化工", "医药生物"), ("农林牧渔", "食品饮料"),
    ("农林牧渔", "纺织服装"), ("轻工包装", "食品饮料"), ("食品饮料", "商业贸易"), ("纺织服装", "商业贸易"),
    ("家用电器", "商业贸易"), ("医药生物", "商业贸易"), ("交通运输", "商业贸易"), ("软件服务", "通信设备"),
    ("软件服务", "传媒旅游"), ("通信设备", "软件服务"), ("环保检测", "石油化工"),
    ("汽车及零部件", "交通运输"), ("机械设备", "环保检测"), ("综合投资", "房地产"),
    ("商业贸易", "传媒旅游"),
)  # fmt: skip
"""Which industry supplies which."""

TRADES: tuple[str, ...] = tuple(trade for _, _, trades in INDUSTRIES for trade in trades)
TRADE_INDUSTRY: Ints = np.array([i for i, (_, _, trades) in enumerate(INDUSTRIES) for _ in trades], np.int64)
HOLDING_TRADE = TRADES.index("控股")

_STRIDE = 5
TRADES_A_CITY = 12
GROUP_LIMIT = len(CITIES) * TRADES_A_CITY
"""The most companies that one brand can name."""

SURNAMES = tuple(
    "王李张刘陈杨黄赵吴周徐孙马朱胡林郭何高罗郑梁谢宋唐许邓冯韩曹曾彭萧蔡潘田董袁于余叶蒋杜苏魏程吕丁沈任姚卢傅钟姜崔谭廖范汪陆金石戴贾韦夏邱方侯邹熊孟秦白江阎薛尹段雷黎史龙陶贺顾毛郝龚邵万钱严"
)
GIVEN = tuple(
    "伟芳娜敏静丽强磊军洋勇艳杰涛明超霞平刚桂兰建华文斌宇浩凯欣怡子涵梓轩雨晨思远志国庆春海燕玉梅红波辉鹏飞云龙俊峰佳琪雪婷博嘉诚晓东立新永康少华安宁振家祥瑞德正"
)

BRANDS = len(SYLLABLES) ** 2 + len(SYLLABLES) ** 3
"""How many different brands there are."""


def brands(numbers: Ints, seed: int) -> list[str]:
    """The brands of the given numbers; different numbers below `BRANDS` have different brands.

    The first ones have two syllables. The seed shuffles by an affine map, a bijection as the factor and the
    number of brands have no common divisor.
    """
    base = len(SYLLABLES)
    short = base**2
    factor = 7919  # prime, and larger than the number of syllables
    two = (numbers * factor + seed * 31) % short
    three = ((numbers - short) * factor + seed * 31) % base**3
    return [
        SYLLABLES[a // base] + SYLLABLES[a % base]
        if number < short
        else SYLLABLES[b // short] + SYLLABLES[b // base % base] + SYLLABLES[b % base]
        for number, a, b in zip(numbers.tolist(), two.tolist(), three.tolist(), strict=True)
    ]


def member_city(home: Ints, member: Ints) -> Ints:
    """The city of a brand's n-th company; `member` is below `GROUP_LIMIT`."""
    return (home + member // TRADES_A_CITY) % len(CITIES)


def member_trade(line: Ints, member: Ints) -> Ints:
    """The trade of a brand's n-th company; together with the city, unique within the brand."""
    return (line + member % TRADES_A_CITY * _STRIDE) % len(TRADES)


# --- codes -----------------------------------------------------------------------------------------------------

_ALPHABET = np.array(list("0123456789ABCDEFGHJKLMNPQRTUWXY"))
_USCC_WEIGHTS = np.array([3**i % 31 for i in range(17)], np.int64)  # GB 32100-2015
_WRITTEN_X = 10
_ORGANISATION_WEIGHTS = np.array([3, 7, 9, 10, 5, 8, 4, 2], np.int64)  # GB 11714-1997


def _digits(numbers: Ints, width: int) -> Ints:
    return numbers[:, None] // 10 ** np.arange(width - 1, -1, -1, dtype=np.int64) % 10


def credit_codes(numbers: Ints, *, organ: bool = False) -> list[str]:
    """Unified social credit codes (统一社会信用代码) of an unassigned division, both check digits right.

    `organ` gives the codes of state organs (11) instead of enterprises (91). `numbers` are below 10**8.
    """
    size = len(numbers)
    body = np.empty((size, 18), np.int64)
    body[:, 0] = 1 if organ else 9
    body[:, 1] = 1
    body[:, 2:8] = (9, 9, 0, 1, 0, 1)
    body[:, 8:16] = _digits(numbers, 8)
    organisation = (11 - body[:, 8:16] @ _ORGANISATION_WEIGHTS % 11) % 11
    body[:, 16] = np.where(organisation == _WRITTEN_X, np.flatnonzero(_ALPHABET == "X")[0], organisation)
    body[:, 17] = (31 - body[:, :17] @ _USCC_WEIGHTS % 31) % 31
    return ["".join(row) for row in _ALPHABET[body].tolist()]


LISTING_LIMIT = 6000
"""The most listed companies that the unused exchange code ranges can number."""


def listing_code(number: int) -> str:
    """The n-th exchange code of ranges in which nothing is listed."""
    thousand, rest = divmod(number % LISTING_LIMIT, 1000)
    return (
        f"{607 + thousand // 2}{rest:03d}.SH" if thousand % 2 == 0 else f"{307 + thousand // 2}{rest:03d}.SZ"
    )


def entity_identifier(number: int) -> str:
    """A legal entity identifier (LEI, ISO 17442) of an issuer prefix that is not assigned."""
    body = f"ZZ9900DEMO{number:08d}"
    value = int("".join(str(int(c, 36)) for c in body + "00"))
    return f"{body}{98 - value % 97:02d}"
