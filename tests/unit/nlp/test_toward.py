"""What a text says of one company is not taken for what it says of another."""

from __future__ import annotations

from collections.abc import Sequence

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.found import Candidate, Event, Mention, Sentiment
from nlp.reader import Reader, Text
from nlp.shared import SharedReader
from nlp.toward import Place, sentiments

NAMES = ("澄江医药", "青禾化工", "白石实业")


def score(text: str) -> float:
    """Good words against bad ones."""
    good, bad = ("涨", "增", "盈", "好"), ("跌", "亏", "罚", "诉")
    points = sum(text.count(w) for w in good) - sum(text.count(w) for w in bad)
    return max(-1.0, min(1.0, points / 2))


def read(text: str, mentions: list[Mention], events: Sequence[Event] = ()) -> dict[int, Sentiment]:
    """The sentiment toward each company, by those words."""

    def score_of(parts: Sequence[Sequence[Place]]) -> list[float]:
        return [score("".join(text[start:end] for start, end in part)) for part in parts]

    return sentiments(text, mentions, events, score(text), score_of)


def event(text: str, kind: str, trigger: str, detail: str | None = None) -> Event:
    """An event in the text's only sentence."""
    place = text.index(trigger)
    return Event(kind, (place, place + len(trigger)), 0, len(text), 0.9, "rule", detail=detail)


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
    found = read(text, mentions)
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
    found = read(text, mentions)
    assert found[0].score == found[1].score > 0
    assert found[1].confidence < found[0].confidence


def test_it_asks_the_model_once_and_not_at_all_without_two_companies() -> None:
    asked: list[Sequence[Sequence[Place]]] = []

    def counted(parts: Sequence[Sequence[Place]]) -> list[float]:
        asked.append(parts)
        return [0.0] * len(parts)

    assert sentiments("大涨", [], (), 0.5, counted) == {}
    assert sentiments("", [], (), 0.5, counted) == {}
    text = "澄江医药大涨，创新高"
    assert sentiments(text, named(text), (), 0.5, counted)[0].score == 0.5
    assert asked == []
    text = "澄江医药大涨，青禾化工大跌，白石实业停牌"
    assert len(sentiments(text, named(text), (), 0.5, counted)) == 3
    assert asked == [[((0, 6),), ((7, 13),), ((14, 20),)]]


def test_mentions_of_one_company_are_one() -> None:
    text = "澄江医药公告，公司亏损，青禾化工盈利"
    mentions = named(text, "澄江医药", "青禾化工")
    mentions.insert(1, Mention(7, 9, "公司", "company", antecedent=0))
    found = read(text, mentions)
    assert {number: s.score for number, s in found.items()} == {0: -0.5, 2: 0.5}


@given(
    st.lists(st.sampled_from((*NAMES, "，", "。", "而", "但", "相比", "涨", "亏", "、", "\n")), max_size=20)
)
def test_any_text_gets_bounded_answers(parts: list[str]) -> None:
    text = "".join(parts)
    mentions = named(text)
    found = read(text, mentions)
    assert len(found) == len({m.text for m in mentions})
    assert all(-1 <= s.score <= 1 and 0 <= s.confidence <= 1 for s in found.values())


def pledged(text: str, *events: Event) -> dict[str, float]:
    """The score toward each company of a text with a pledge and other events."""
    mentions = named(text)
    found = read(text, mentions, [event(text, "pledge", "质押"), *events])
    return {mentions[number].text: s.score for number, s in found.items()}


def test_a_plain_pledge_is_no_good_news() -> None:
    """However it is worded; bad news it may be, and good news beside it stays good."""
    assert pledged("澄江医药控股股东增加质押") == {"澄江医药": 0}
    assert pledged("澄江医药控股股东质押股份被诉") == {"澄江医药": -0.5}
    text = "澄江医药中标好项目，控股股东质押股份"
    assert pledged(text, event(text, "bid_won", "中标"))["澄江医药"] > 0
    assert pledged(text, event(text, "bid_won", "中标", "denied"))["澄江医药"] == 0
    both = pledged("澄江医药盈利大增，青禾化工控股股东增加质押")
    assert both["澄江医药"] > 0 == both["青禾化工"]


def test_a_pledge_in_passing_is_not_what_a_text_is_about() -> None:
    news = "澄江医药盈利大增，海外市场的订单多，新厂投产，市场份额创新高"
    text = f"{news}。控股股东质押"
    aside = Event("pledge", (len(text) - 2, len(text)), len(news) + 1, len(text), 0.9, "rule")
    found = read(text, named(text), [aside])
    assert found[0].score > 0


def test_a_pledge_that_did_not_happen_says_nothing() -> None:
    text = "澄江医药盈利大增，无股份质押"
    denied = event(text, "pledge", "质押", "denied")
    assert read(text, named(text), [denied])[0].score > 0


def test_the_reader_takes_no_plain_pledge_for_good_news() -> None:
    texts = ["云岭重工：控股股东质押5000万股公司股份", "云岭重工股东拟质押不超过1000万股"]
    for reading in Reader().read([Text(text) for text in texts]):
        assert reading.toward
        assert all(s.score <= 0 for s in reading.toward.values())


TWO = "澄江医药一季度净利同比大增三倍，青禾化工因信披违规被证监会立案调查并预亏"


def test_the_shipped_model_tells_two_companies_apart() -> None:
    model = SharedReader(["news_sentiment"])
    [one] = model.read([TWO], keep=True)

    def shipped(parts: Sequence[Sequence[Place]]) -> list[float]:
        return [2 * labels["1"] - 1 for labels in model.labels_of_parts("news_sentiment", one, parts)]

    found = sentiments(TWO, named(TWO), (), 0.0, shipped)
    assert found[0].score > 0 > found[1].score


def test_parts_of_a_text_read_alike_whether_its_states_were_kept_or_not() -> None:
    model = SharedReader(["news_sentiment"])
    parts = [[(0, 15)], [(16, len(TWO)), (20, 30)], [(0, 5), (len(TWO) - 3, len(TWO))]]
    [kept], [again] = model.read([TWO], keep=True), model.read([TWO])
    assert kept.states is not None
    assert again.states is None
    wanted = [one["1"] for one in model.labels_of_parts("news_sentiment", kept, parts)]
    found = [one["1"] for one in model.labels_of_parts("news_sentiment", again, parts)]
    assert found == pytest.approx(wanted, abs=2e-3)


def test_a_long_text_keeps_no_states_and_is_asked_about_all_the_same() -> None:
    model = SharedReader(["news_sentiment"])
    text = "。".join([TWO] * 60)
    [long] = model.read([text], keep=True)
    assert long.states is None
    first, second, whole = model.labels_of_parts(
        "news_sentiment", long, [[(0, 15)], [(16, len(TWO))], [(0, len(text))]]
    )
    assert first["1"] > second["1"]
    assert sum(whole.values()) == pytest.approx(1, abs=2e-3)
