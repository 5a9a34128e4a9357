"""Times the name search on synthetic company names: build, bytes, and each class of query, one thread.

Run `python benchmarks/search_kernel.py --entries 1000000`; `--brands FILE` takes brands from a list of short names,
one a line, and `--compare` also times the plain alternatives on the same names.
"""

import argparse
import json
import re
import tempfile
import time
from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path
from typing import Final

import numpy as np
from numpy.typing import NDArray
from rapidfuzz import fuzz, process

from graph import names
from graph.algorithms import search as kernel


def _words(text: str) -> tuple[str, ...]:
    return tuple(text.split())


CITIES: Final = _words(
    """
    北京 上海 深圳 广州 杭州 南京 苏州 成都 武汉 天津 重庆 西安 江苏 浙江 广东 山东 河北 河南 湖南 湖北
    四川 福建 厦门 宁波 青岛 大连 长沙 合肥 郑州 济南 无锡 常州 佛山 东莞 珠海 中山 惠州 温州 嘉兴 绍兴
    金华 台州 南通 徐州 扬州 烟台 潍坊 临沂 沈阳 哈尔滨 长春 昆明 贵阳
    """
)
TRADES: Final = _words(
    """
    科技 信息科技 网络科技 生物科技 医药 生物医药 贸易 国际贸易 实业 投资 投资管理 资产管理 建筑工程
    建设工程 房地产开发 物业管理 文化传媒 广告 餐饮管理 商贸 电子 电子科技 机械 机械设备 新材料 新能源
    环保科技 化工 食品 农业发展 物流 供应链管理 汽车销售 教育科技 医疗器械 软件 智能科技 半导体 置业 服饰
    """
)
FORMS: Final = _words("有限公司 有限公司 有限公司 有限责任公司 股份有限公司 集团有限公司 合伙企业(有限合伙)")
CHARACTERS: Final = "".join(
    _words(
        """
        恒瑞安泰华盛康达中天海洋宏远鑫鼎金龙飞翔博雅德信诚和顺昌隆兴旺嘉美佳欣悦明辉光耀星辰云创智慧联合
        众力强胜凯旋百川润泽丰茂林森木源流清泉玉石珍宝瑶琳琅春秋夏冬雪梅兰竹菊松柏青山绿水红日紫荆东南西
        北方圆正大公平一三九千万亿通途捷迅速锐利奇异卓越超群伦比邻里仁义礼孝忠勇刚毅坚韧启航程
        """
    )
)
LATIN: Final = _words(
    "sequoia china capital partners global alpha summit river stone bridge harbor union pacific dragon"
)


class Names:
    """Synthetic names: city, a brand of two to four characters, trade, legal form; a few Latin, with codes."""

    def __init__(self, entries: int, brands: Sequence[str], seed: int = 7) -> None:
        draw = np.random.default_rng(seed)
        self.text: list[str] = []
        self.kind = np.empty(entries, np.uint8)
        self.owner = np.empty(entries, np.int32)
        self.prior = np.empty(entries, np.uint8)
        owner = 0
        while len(self.text) < entries:
            self._add_owner(draw, brands, owner, entries)
            owner += 1
        self.owners = owner
        self.stable_id = np.array(draw.permutation(owner), np.uint64)[self.owner] + np.uint64(1 << 40)
        spoken = self.kind != kernel.NameKind.CODE
        self.pinyin = [names.pinyin(t) if s else "" for t, s in zip(self.text, spoken, strict=True)]
        self.initials = [names.initials(t) if s else "" for t, s in zip(self.text, spoken, strict=True)]

    def _add_owner(self, draw: np.random.Generator, brands: Sequence[str], owner: int, room: int) -> None:
        brand = brands[int(draw.integers(len(brands)))]
        pick = draw.random()
        trade = TRADES[int(len(TRADES) * draw.random() ** 2)]
        city = CITIES[int(len(CITIES) * draw.random() ** 2)]
        full = f"{city}{brand}{trade}{FORMS[int(draw.integers(len(FORMS)))]}"
        if pick < 0.02:
            full = " ".join([*(LATIN[int(i)] for i in draw.integers(len(LATIN), size=3)), "ltd"])
        forms = [(full, kernel.NameKind.FULL)]
        if pick > 0.9:
            forms.append((f"{brand}{trade}"[:4], kernel.NameKind.SHORT))
        if pick > 0.95:
            forms.append((f"{draw.integers(10**6):06d}.sh", kernel.NameKind.CODE))
        for text, kind in forms[: room - len(self.text)]:
            row = len(self.text)
            self.text.append(names.normal_form(text))
            self.kind[row], self.owner[row], self.prior[row] = kind, owner, pick > 0.995

    def entries(self) -> kernel.NameEntries:
        """The names as the index takes them; one set in a hundred is walled."""
        sets = (np.arange(len(self.text)) % 100 == 0).astype(np.uint32)
        return kernel.NameEntries(
            self.text, self.pinyin, self.initials, self.owner, self.stable_id, self.kind, sets, self.prior
        )


def _typo(draw: np.random.Generator, text: str) -> str:
    at = int(draw.integers(len(text)))
    other = CHARACTERS[int(draw.integers(len(CHARACTERS)))]
    return [text[:at] + other + text[at + 1 :], text[:at] + text[at + 1 :], text[:at] + other + text[at:]][
        int(draw.integers(3))
    ]


def query_classes(data: Names, count: int, seed: int = 11) -> dict[str, list[str]]:
    """Queries of every class, drawn from the names."""
    draw = np.random.default_rng(seed)
    full = np.flatnonzero(data.kind == kernel.NameKind.FULL)
    short = np.flatnonzero(data.kind == kernel.NameKind.SHORT)

    def drawn(rows: NDArray[np.int64], change: Callable[[str], str]) -> list[str]:
        return [change(data.text[int(row)]) for row in draw.choice(rows, count)]

    def brand(text: str) -> str:
        return text[2:5]

    return {
        "full name": drawn(full, str),
        "short name": drawn(short, str),
        "prefix": drawn(full, lambda t: t[: int(draw.integers(2, 7))]),
        "brand inside": drawn(full, brand),
        "brand of two": drawn(full, lambda t: t[2:4]),
        "two words": drawn(full, lambda t: f"{t[2:4]} {t[5:7]}"),
        "full name, one error": drawn(full, lambda t: _typo(draw, t)),
        "city+brand+trade, one error": drawn(full, lambda t: _typo(draw, t[:7])),
        "short name, one error": drawn(short, lambda t: _typo(draw, t)),
        "pinyin of short": drawn(short, names.pinyin),
        "pinyin prefix": drawn(short, lambda t: names.pinyin(t)[:6]),
        "pinyin inside": drawn(full, lambda t: names.pinyin(t[2:5])),
        "initials of short": drawn(short, names.initials),
        "initials inside": drawn(full, lambda t: names.initials(t)[2:6]),
        "code prefix": [f"{draw.integers(10**4):04d}" for _ in range(count)],
        "latin": drawn(full, lambda _: " ".join(LATIN[int(i)] for i in draw.integers(len(LATIN), size=2))),
        "latin, one error": drawn(full, lambda _: _typo(draw, LATIN[int(draw.integers(len(LATIN)))])),
        "nothing like it": ["".join(draw.choice(list(CHARACTERS), 6)) for _ in range(count)],
        **{f"worst: {q[:12]}": [q] * 5 for q in WORST},
    }


WORST: Final = (
    "公司",
    "有限公司",
    "科技",
    "科技有限公司",
    "科技有现公司",
    "有限公同",
    "技有限公司科",
    "有限 公司",
    "司",
    "中",
    "a",
    "yx",
    "gs",
    "yxgs",
    "gsgs",
    "sy",
    "shi",
    "youxiangongsi",
    "youxiangongsixx",
    "shanghai",
    "6",
    "x" * 60,
    "科" * 60,
    "有限公司" * 15,
    "北京恒瑞科技有限公司" * 6,
    "xianxianxianxianxianxianxianxianxianxianxianxianxianxianxian",
)


def _timed(run: Callable[[], object]) -> float:
    """Milliseconds of this thread's processor time, which other programs on the machine do not stretch."""
    start = time.thread_time()
    run()
    return (time.thread_time() - start) * 1e3


def _fastest(queries: Sequence[str], run: Callable[[str], object]) -> float:
    return min(_timed(partial(run, query)) for query in queries)


def compare(data: Names, queries: Sequence[str]) -> dict[str, float]:
    """The plain ways on the same names, milliseconds a query: what an index must beat."""
    joined = "\n".join(data.text)
    column = np.array(data.text, dtype=np.str_)

    def fuzzy(query: str) -> object:
        return process.extract(query, data.text, scorer=fuzz.partial_ratio, limit=20, score_cutoff=80)

    return {
        "re over one joined string": _fastest(queries, lambda q: re.findall(re.escape(q), joined)),
        "in, over a list": _fastest(queries, lambda q: [i for i, t in enumerate(data.text) if q in t]),
        "numpy.strings.find": _fastest(queries, lambda q: np.flatnonzero(np.strings.find(column, q) >= 0)),
        "rapidfuzz partial_ratio": _fastest(queries[:1], fuzzy),
    }


def main() -> None:
    """Print the table and, with --json, write the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--entries", type=int, default=1_000_000)
    parser.add_argument("--queries", type=int, default=200)
    parser.add_argument("--brands", type=Path)
    parser.add_argument("--compare", action="store_true")
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    draw = np.random.default_rng(3)
    if options.brands:
        brands = [
            b for b in map(names.normal_form, options.brands.read_text("utf-8-sig").split()) if len(b) < 7
        ]
    else:
        brands = ["".join(draw.choice(list(CHARACTERS), draw.integers(2, 5))) for _ in range(200_000)]
    data = Names(options.entries, brands)
    kernel.build(Names(10, brands).entries())  # compile
    entries = data.entries()
    start = time.thread_time()
    arrays = kernel.build(entries)
    figures: dict[str, object] = {
        "entries": options.entries,
        "average length": float(np.mean([len(t) for t in data.text])),
        "build s": time.thread_time() - start,
        "MB": sum(a.nbytes for a in arrays.values()) / 1e6,
    }
    print(json.dumps(figures, indent=1))
    with tempfile.TemporaryDirectory() as folder:
        for name, array in arrays.items():
            np.save(Path(folder, name), array)
        start = time.perf_counter()
        mapped = {path.stem: np.load(path, mmap_mode="r") for path in Path(folder).glob("*.npy")}
        index = kernel.attach(mapped)
        print(f"open mapped: {(time.perf_counter() - start) * 1e3:.1f} ms")
        classes = query_classes(data, options.queries)
        figures["classes"] = {
            f"{viewer}, {name}": row
            for viewer, allowed in {"sees 99 %": [1, 0], "sees 1 %": [0, 1]}.items()
            for name, row in time_classes(
                index, classes, kernel.SearchScope(np.array(allowed, np.uint8)), viewer
            ).items()
        }
    if options.compare:
        figures["compare"] = compare(data, classes["brand inside"][:5])
        print(json.dumps(figures["compare"], indent=1))
    if options.json:
        options.json.write_text(json.dumps(figures, indent=1, ensure_ascii=False), "utf-8")


def time_classes(
    index: kernel.SearchIndex, classes: dict[str, list[str]], scope: kernel.SearchScope, viewer: str
) -> dict[str, dict[str, float]]:
    """Milliseconds by class of query."""
    kernel.search(index, kernel.QueryForms.of("恒瑞"), scope)
    rows: dict[str, dict[str, float]] = {}
    print(f"\n{viewer:32} {'p50':>8} {'p95':>8} {'max':>8}  hits")
    for name, queries in classes.items():
        forms = [kernel.QueryForms.of(q) for q in queries if q.strip()]
        hits = [kernel.search(index, form, scope).owner.size for form in forms[:5]]
        took = np.array([_timed(partial(kernel.search, index, form, scope)) for form in forms])
        rows[name] = {
            "p50": float(np.median(took)),
            "p95": float(np.quantile(took, 0.95)),
            "max": float(took.max()),
        }
        row = rows[name]
        print(f"{name:32} {row['p50']:8.2f} {row['p95']:8.2f} {row['max']:8.2f}  {np.mean(hits):.1f}")
    return rows


if __name__ == "__main__":
    main()
