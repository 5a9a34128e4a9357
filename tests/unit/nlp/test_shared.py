"""The shared reader: one pass for all heads, the same in any batch, window or section, with honest probabilities."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import DataError, NotFound
from nlp import marks as marking
from nlp import shared as module
from nlp import states
from nlp.datasets import Span
from nlp.encoder import Vocabulary
from nlp.shared import LIVE, SharedReader, heads_of, relation_of
from nlp.tagger import MODELS, SECTION
from nlp.wide import BUCKETS, Wide, load_wide, marked_characters, runs

SENTENCE = "云岭证券股份有限公司公告，股东赵一鸣昨日质押股份三百万股，并起诉上海江海集团。"
PAIR = (Span(0, 10, ""), Span(SENTENCE.index("上海"), SENTENCE.index("上海") + 6, ""))

any_text = st.text(
    alphabet=st.one_of(
        st.sampled_from("中国证券公司质押收购股份赵一鸣在上海 \t\n\u3000\x00\x1b\u200b😀👨‍👩‍👧"),
        st.characters(codec=None, exclude_categories=[]),
    ),
    max_size=80,
)


@pytest.fixture(scope="module")
def reader():
    return SharedReader(heads_of())


def near(one, other):
    """The same but for the last digit of a probability, which hangs on the batch."""
    places = [
        [(s.start, s.end, s.label) for s in spans] for found in (one, other) for spans in found.spans.values()
    ]
    sure = [[s.confidence for spans in found.spans.values() for s in spans] for found in (one, other)]
    shares = [
        [share for shares in found.labels.values() for share in shares.values()] for found in (one, other)
    ]
    half = len(places) // 2
    return (
        places[:half] == places[half:]
        and sure[0] == pytest.approx(sure[1], abs=2e-3)
        and shares[0] == pytest.approx(shares[1], abs=2e-3)
        and [(e.trigger.span, [a.span for a in e.arguments]) for e in one.events]
        == [(e.trigger.span, [a.span for a in e.arguments]) for e in other.events]
    )


def test_arguments_are_asked_for_the_chosen_triggers_alone(reader):
    asked = []

    def pledges(text, triggers):
        asked.append((text, triggers))
        return [trigger for trigger in triggers if trigger.label == "质押"]

    [whole], [chosen] = reader.read([SENTENCE]), reader.read([SENTENCE], choose=pledges)
    assert asked == [(SENTENCE, [event.trigger for event in whole.events])]
    assert chosen.events == tuple(e for e in whole.events if e.trigger.label == "质押")
    assert chosen.spans == whole.spans


def test_every_head_reads_a_plain_sentence(reader):
    [found] = reader.read([SENTENCE])
    assert "赵一鸣" in {SENTENCE[s.start : s.end] for s in found.spans["cluener"]}
    assert ("质押", "质押") in {
        (SENTENCE[e.trigger.start : e.trigger.end], e.trigger.label) for e in found.events
    }
    assert set(found.labels) == {"finese", "finfe", "news_sentiment"}
    assert sum(found.labels["news_sentiment"].values()) == pytest.approx(1, abs=1e-3)


@given(any_text)
@settings(max_examples=60, deadline=None)
def test_spans_lie_in_the_text_and_are_as_sure_as_a_probability(reader, text):
    [found] = reader.read([text])
    every = [s for spans in found.spans.values() for s in spans] + [
        a for e in found.events for a in e.arguments
    ]
    assert all(0 <= s.start < s.end <= len(text) for s in every)
    assert all(0 <= s.confidence <= 1.0001 for s in every)
    assert all(0 <= share <= 1 for shares in found.labels.values() for share in shares.values())


@given(st.lists(any_text, max_size=5))
@settings(max_examples=25, deadline=None)
def test_a_text_reads_the_same_beside_any_others(reader, texts):
    together = reader.read(texts)
    assert all(near(found, reader.read([text])[0]) for found, text in zip(together, texts, strict=True))


def test_windows_and_the_number_of_texts_held_at_once_change_nothing(reader, monkeypatch):
    text = SENTENCE * 30
    [whole] = reader.read([text])
    monkeypatch.setattr(states, "WINDOW", 100)
    assert near(reader.read([text])[0], whole)
    monkeypatch.setattr(states, "WINDOW", 4_000)
    assert near(reader.read([text])[0], whole)
    monkeypatch.setattr(states, "AT_ONCE", 50)
    assert [near(found, whole) for found in reader.read([text, text])] == [True, True]


def test_a_long_text_is_read_to_its_end(reader):
    text = (SENTENCE + "\n") * (SECTION // len(SENTENCE) + 200)
    [found] = reader.read([text])
    ends = [s.end for s in found.spans["cluener"]]
    assert max(ends) > len(text) - 2 * len(SENTENCE)
    assert max(event.trigger.end for event in found.events) > len(text) - 2 * len(SENTENCE)
    assert found.states is None


def test_an_empty_text_has_nothing(reader):
    [found] = reader.read([""])
    assert not any(found.spans.values())
    assert found.labels == {}
    assert reader.read([]) == []


def test_relations_of_pairs(reader):
    both = reader.read([SENTENCE, "无关", SENTENCE * 2])
    answers = reader.relations(both, [[PAIR, PAIR[::-1]], [], [PAIR]])
    assert [len(some) for some in answers] == [2, 0, 1]
    assert all(sum(shares.values()) == pytest.approx(1, abs=2e-3) for some in answers for shares in some)
    assert answers[0][0] != answers[0][1]
    with pytest.raises(ValueError, match="outside"):
        reader.relations(both[:1], [[(Span(0, 2, ""), Span(90, 99, ""))]])


def test_a_relation_in_a_long_text_needs_no_kept_states(reader):
    [kept] = reader.read([SENTENCE])
    wanted = reader.relations([kept], [[PAIR]])[0][0]
    kept.states = None
    assert reader.relations([kept], [[PAIR]])[0][0] == pytest.approx(wanted, abs=2e-3)


def test_two_places_are_unrelated_only_when_that_is_likely():
    assert relation_of({"unknown": 0.5, "持股": 0.3, "合作": 0.2}) == "持股"
    assert relation_of({"unknown": 0.7, "持股": 0.3}) == "unknown"


def test_only_what_is_asked_for_is_told():
    [found] = SharedReader(["fewfc_argument"]).read([SENTENCE])
    assert found.events
    assert found.spans == {}
    assert found.labels == {}
    assert set(LIVE) <= set(heads_of())


def test_an_unknown_head_and_a_damaged_model(tmp_path):
    with pytest.raises(NotFound, match="no head 'nothing'"):
        SharedReader(["nothing"])
    with pytest.raises(NotFound, match="there are: none"):
        SharedReader(["cluener"], tmp_path)
    (tmp_path / module.NAME).mkdir()
    (tmp_path / module.NAME / "shared.json").write_text('{"heads": {"cluener": {}}}')
    with pytest.raises(DataError, match="cannot be read"):
        SharedReader(["cluener"], tmp_path)


def test_the_shared_model_has_a_card():
    assert (MODELS / module.NAME / "CARD.md").exists()


def test_places_tell_left_from_right_and_near_from_far():
    [row] = marking.places((Span(5, 7, "x"),), 0, 200).T
    assert list(row[5:7]) == [0, 0]
    assert row[4] != row[7]
    assert len(set(row.tolist())) > 10
    assert row.max() < marking.CLASSES
    both = marking.places((Span(5, 7, "head"), Span(9, 10, "tail"), Span(7, 9, "between")), 0, 20)
    assert both.shape == (20, 2)
    assert both[9, 1] == marking.CLASSES


def test_what_lies_between_two_marks_is_marked():
    one, other = Span(5, 7, "tail"), Span(0, 2, "head")
    assert marking.with_between((one, other)) == (one, other, Span(2, 5, "between"))
    assert marking.with_between((one, Span(7, 8, "head"))) == (one, Span(7, 8, "head"))
    assert list(marking.kinds((one,), ("head", "tail"), 4, 9)) == [0, 2, 2, 0, 0]


def test_runs_count_one_to_three_characters():
    buckets, counts = runs(np.array([4, 5, 4, 5], np.int32))
    assert len(buckets) == 2 + 2 + 2
    assert counts.max() == pytest.approx(1 + np.log(2))
    assert len(runs(np.array([], np.int32))[0]) == 0


def test_a_linear_part_is_read_back_as_written(tmp_path):
    random = np.random.default_rng(0)
    weights = random.integers(-127, 127, (BUCKETS, 2)).astype(np.int8)
    ones = np.ones(BUCKETS, np.float32)
    wide = Wide(weights, np.array([0.1, 0.2], np.float32), np.zeros(2, np.float32), ones)
    wide.save(tmp_path / "wide.npz")
    ids = np.array([4, 9, 11], np.int32)
    assert load_wide(tmp_path / "wide.npz").scores(ids) == pytest.approx(wide.scores(ids))
    (tmp_path / "wide.npz").write_bytes(b"PK")
    with pytest.raises(DataError, match=r"wide\.npz"):
        load_wide(tmp_path / "wide.npz")


def test_marked_parts_stand_as_a_sign_and_are_named_behind():
    vocabulary = Vocabulary(np.arange(100, dtype=np.uint16), np.array([0]), 100)
    ids = marked_characters(vocabulary, "\x05\x06\x07\x08", (Span(1, 3, "a"),))
    sign = 100 + ord("a")
    assert list(ids) == [5, sign, 8, sign, 6, 7]
