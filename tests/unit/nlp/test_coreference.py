"""公司, 本公司, 该公司 and defined short forms stand for the right company."""

from __future__ import annotations

import hashlib
import json
import lzma
from pathlib import Path
from typing import Any

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from nlp.coreference import resolve
from nlp.found import Candidate, Mention

LINK = Candidate("0" * 24, "澄江医药股份有限公司", "Company", 1.0, "short_name")


def named(text: str, *names: str, link: Candidate | None = LINK) -> list[Mention]:
    """Each place of the names as a company; the first name is linked."""
    found = []
    for number, name in enumerate(names):
        start = text.find(name)
        while start >= 0:
            found.append(Mention(start, start + len(name), name, "company", link=None if number else link))
            start = text.find(name, start + len(name))
    return sorted(found, key=lambda m: m.start)


def meant(text: str, *names: str) -> list[tuple[str, str]]:
    """What stands for what."""
    found = resolve(text, named(text, *names))
    assert all(text[m.start : m.end] == m.text for m in found)
    return [(m.text, found[m.antecedent].text) for m in found if m.antecedent is not None]


@pytest.mark.parametrize(
    ("text", "names", "expected"),
    [
        ("澄江医药：公司拟回购股份", ["澄江医药"], [("公司", "澄江医药")]),
        ("澄江医药公告，占公司总股本1%", ["澄江医药"], [("公司", "澄江医药")]),
        ("澄江医药公告，本公司董事会通过", ["澄江医药"], [("本公司", "澄江医药")]),
        ("青禾化工与澄江医药签约。澄江医药表示，“公司将投产”", ["澄江医药", "青禾化工"], [("公司", "澄江医药")]),
        ("1、澄江医药公告，公司停牌。2、青禾化工公告，公司复牌。", ["澄江医药", "青禾化工"],
         [("公司", "澄江医药"), ("公司", "青禾化工")]),
        ("澄江医药拟收购青禾化工。该公司主营化肥。", ["澄江医药", "青禾化工"], [("该公司", "青禾化工")]),
        ("白石实业有限公司（以下简称“白石实业”或“公司”）公告，公司与白石实业的股东", [],
         [("公司", "白石实业有限公司"), ("白石实业", "白石实业有限公司")]),
        ("澄江医药（以下简称“上市公司”）停牌，上市公司将公告", ["澄江医药"], [("上市公司", "澄江医药")]),
        ("江州澄江医药股份有限公司公告，江州澄江已停产", ["江州澄江医药股份有限公司"], []),
    ],
)  # fmt: skip
def test_it_stands_for(text: str, names: list[str], expected: list[tuple[str, str]]) -> None:
    assert meant(text, *names) == expected


@pytest.mark.parametrize(
    "text",
    [
        "澄江医药称，子公司停产，分公司复工", "澄江医药与青禾化工公告，双方合作，其股价上涨",
        "澄江医药等17家上市公司披露",
        "澄江医药：公司法修订", "澄江医药与青禾化工（以下合称“两公司”）签约", "资料来源：公司公告", "公司今日停牌", "",
        "澄江医药对标的公司增资", "某某有限公司成立，该公司由澄江医药持股",
    ],
)  # fmt: skip
def test_it_stands_for_nobody(text: str) -> None:
    assert meant(text, "澄江医药") == []


def test_a_link_is_inherited_and_a_shorter_name_too() -> None:
    text = "澄江医药股份有限公司公告，澄江医药停产，公司股票停牌"
    found = resolve(text, [*named(text, "澄江医药股份有限公司"), Mention(13, 17, "澄江医药", "company")])
    assert [(m.text, m.antecedent, m.link) for m in found] == [
        ("澄江医药股份有限公司", None, LINK), ("澄江医药", 0, LINK), ("公司", 0, LINK),
    ]  # fmt: skip


PARTS = (
    "澄江医药",
    "公司",
    "本公司",
    "该公司",
    "（以下简称“公司”）",
    "，",
    "。",
    "\n",
    "1、",
    "子",
    "青禾有限公司",
)


@given(st.lists(st.sampled_from(PARTS), max_size=25))
@example(["澄江医药", "公司", "\n", "（以下简称“公司”）"])
def test_antecedents_are_earlier_companies(parts: list[str]) -> None:
    text = "".join(parts)
    found = resolve(text, named(text, "澄江医药"))
    for mention in found:
        assert text[mention.start : mention.end] == mention.text
        if mention.antecedent is not None:
            antecedent = found[mention.antecedent]
            assert antecedent.antecedent is None
            assert antecedent.end <= mention.start or antecedent.start < mention.start


# --- what was read and judged ----------------------------------------------------------------------------------------


@pytest.mark.real
def test_what_was_read_and_judged(shared_data: Path) -> None:
    """60 cases of newswire and filings, as found; the companies are given by their places, not by a model."""
    path = Path(__file__).parent / "data" / "coreference.jsonl"
    judged = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    right = []
    for item, text in _texts(shared_data, judged):
        start, end = item["antecedent"]
        companies = [Mention(a, b, text[a:b], "company", link=LINK) for a, b in item["companies"]]
        found = resolve(text, companies)
        mine = [
            m for m in found if (m.start, m.end) == (item["start"], item["end"]) and m.antecedent is not None
        ]
        for mention in mine:
            antecedent = found[mention.antecedent or 0]
            same = antecedent.text == text[start:end] or antecedent.end == end
            right.append(item["right"] and same)
    assert len(right) >= 54
    assert sum(right) / len(right) >= 0.95


def _texts(folder: Path, judged: list[dict[str, Any]]) -> Any:
    for name in sorted({item["file"] for item in judged}):
        wanted = {item["row"]: item for item in judged if item["file"] == name}
        with lzma.open(folder / "text" / name / f"{name}.jsonl.xz", "rt", encoding="utf-8") as lines:
            for number, line in enumerate(lines):
                if number in wanted:
                    document = json.loads(line)
                    text = f"{document['title']}\n{document['text']}"
                    assert hashlib.sha256(text.encode()).hexdigest() == wanted[number]["sha256"]
                    yield wanted[number], text
                if number >= max(wanted):
                    break


def test_a_form_beside_the_company_itself_is_found_once() -> None:
    """What is called 公牛 and what is called 公司 begin alike; no place is two mentions."""
    text = "云岭公牛股份有限公司（以下简称“公司”或“公牛”）公告，公司中标。公牛另称，公司盈利。"
    found = resolve(text, [Mention(0, 10, "云岭公牛股份有限公司", "company")])
    places = [(m.start, m.end) for m in found]
    assert len(places) == len(set(places))
    assert text.index("公牛另称") in {start for start, _ in places}
