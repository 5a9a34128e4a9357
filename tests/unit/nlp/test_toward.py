"""What a text says of one company is not taken for what it says of another."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.found import Candidate, Mention
from nlp.shared import SharedReader
from nlp.toward import sentiments

NAMES = ("澄江医药", "青禾化工", "白石实业")


def score_of(texts: list[str]) -> list[float]:
    """Good words against bad ones."""
    good, bad = ("涨", "增", "盈", "好"), ("跌", "亏", "罚", "诉")
    points = [sum(t.count(w) for w in good) - sum(t.count(w) for w in bad) for t in texts]
    return [max(-1.0, min(1.0, p / 2)) for p in points]


def named(text: str, *names: str) -> list[Mention]:
    """Each place of the names as a company of its own."""
    found = []
    for name in names or NAMES:
        link = Candidate(name, name, "Company", 1.0, "short_name")
        start = text.find(name)
        while start >= 0:
            found.append(Mention(start, start + len(name), name, "company", link=link))
            start = text.find(name, start + len(name))
    return sorted(found, key=lambda m: m.start)


def signs(text: str) -> dict[str, int]:
    """Whether it is good (1), bad (-1) or neither, for each company."""
    mentions = named(text)
    found = sentiments(text, mentions, score_of)
    return {mentions[number].text: (s.score > 0) - (s.score < 0) for number, s in found.items()}


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("澄江医药大涨，创新高", {"澄江医药": 1}),
        ("澄江医药大涨，青禾化工大跌", {"澄江医药": 1, "青禾化工": -1}),
        ("澄江医药大涨而青禾化工大跌", {"澄江医药": 1, "青禾化工": -1}),
        ("澄江医药净利增长，但青禾化工亏损，股价下跌", {"澄江医药": 1, "青禾化工": -1}),
        ("澄江医药、青禾化工和白石实业涨停", {"澄江医药": 1, "青禾化工": 1, "白石实业": 1}),
        ("澄江医药股价上涨，相比青禾化工好", {"澄江医药": 1, "青禾化工": -1}),
        ("澄江医药亏损，收到罚单。反观青禾化工，盈利大增", {"澄江医药": -1, "青禾化工": 1}),
        ("因亏损，澄江医药起诉青禾化工", {"澄江医药": -1, "青禾化工": -1}),
    ],
)
def test_each_company_gets_its_own_clauses(text: str, expected: dict[str, int]) -> None:
    assert signs(text) == expected


def test_a_company_that_is_only_spoken_of_is_less_sure() -> None:
    text = "澄江医药增持青禾化工"
    mentions = named(text)
    found = sentiments(text, mentions, score_of)
    assert found[0].score == found[1].score > 0
    assert found[1].confidence < found[0].confidence


def test_it_asks_the_model_once_and_not_at_all_without_a_company() -> None:
    asked: list[list[str]] = []

    def counted(texts: list[str]) -> list[float]:
        asked.append(texts)
        return score_of(texts)

    assert sentiments("大涨", [], counted) == {}
    assert sentiments("", [], counted) == {}
    assert asked == []
    text = "澄江医药大涨，青禾化工大跌，白石实业停牌"
    assert len(sentiments(text, named(text), counted)) == 3
    assert len(asked) == 1


def test_mentions_of_one_company_are_one() -> None:
    text = "澄江医药公告，公司亏损，青禾化工盈利"
    mentions = named(text, "澄江医药", "青禾化工")
    mentions.insert(1, Mention(7, 9, "公司", "company", antecedent=0))
    found = sentiments(text, mentions, score_of)
    assert {number: s.score for number, s in found.items()} == {0: -0.5, 2: 0.5}


@given(
    st.lists(st.sampled_from((*NAMES, "，", "。", "而", "但", "相比", "涨", "亏", "、", "\n")), max_size=20)
)
def test_any_text_gets_bounded_answers(parts: list[str]) -> None:
    text = "".join(parts)
    mentions = named(text)
    found = sentiments(text, mentions, score_of)
    assert len(found) == len({m.text for m in mentions})
    assert all(-1 <= s.score <= 1 and 0 <= s.confidence <= 1 for s in found.values())


def test_the_shipped_model_tells_two_companies_apart() -> None:
    model = SharedReader(["news_sentiment"])

    def shipped(texts: list[str]) -> list[float]:
        return [2 * labels["1"] - 1 for labels in model.labels_of("news_sentiment", texts)]

    text = "澄江医药一季度净利同比大增三倍，青禾化工因信披违规被证监会立案调查并预亏"
    found = sentiments(text, named(text), shipped)
    assert found[0].score > found[1].score
