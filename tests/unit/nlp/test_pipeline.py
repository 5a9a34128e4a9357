"""The spaCy components: spaces are kept, offsets hold, batches equal single calls, entry points are found."""

from __future__ import annotations

import pytest
import spacy
from hypothesis import given, settings
from hypothesis import strategies as st

from nlp.pipeline import CharacterTokenizer, load

SENTENCE = "云岭证券 股份有限公司董事长赵一鸣\n昨日在北京会见了李文博。"


TOKENIZER = CharacterTokenizer(spacy.blank("xx").vocab)


@pytest.fixture(scope="module")
def language():
    return load()


@given(st.text(alphabet=st.characters(codec="utf-8", exclude_categories=[]), max_size=60))
@settings(max_examples=200, deadline=None)
def test_the_tokenizer_keeps_every_character(text):
    doc = TOKENIZER(text)
    assert doc.text == text
    assert [token.idx for token in doc] == list(range(len(text)))


def test_a_lone_surrogate_keeps_its_place():
    assert TOKENIZER("a\ud800b").text == "a\ufffdb"


def test_entities_index_the_text(language):
    doc = language(SENTENCE)
    assert doc.text == SENTENCE
    assert ("赵一鸣", "name") in {(entity.text, entity.label_) for entity in doc.ents}
    assert all(SENTENCE[e.start_char : e.end_char] == e.text for e in doc.ents)


def test_batches_equal_single_documents(language):
    texts = [SENTENCE, "", " \n", "李文博任上海江海集团总裁", SENTENCE * 30]
    piped = list(language.pipe(texts, batch_size=3))
    assert [[e.text for e in doc.ents] for doc in piped] == [
        [e.text for e in language(t).ents] for t in texts
    ]
    assert [doc.text for doc in piped] == texts


def test_further_heads_read_in_the_same_run():
    doc = load(heads=["resume", "fewfc_argument", "news_sentiment"])(
        "赵一鸣先生，中国国籍，博士，现任云岭证券股份有限公司董事长"
    )
    assert {span.label_ for span in doc.spans["resume"]} >= {"NAME", "TITLE"}
    assert all(0 < span._.confidence <= 1 for span in doc.spans["resume"])
    assert sum(doc.cats.values()) == pytest.approx(1, abs=1e-3)
    assert isinstance(doc._.events, tuple)


def test_labels_alone():
    language = spacy.blank("zh")
    language.add_pipe("guanxi_labels")
    doc = language("公司净利润大幅增长")
    assert set(doc.cats) == {"news_sentiment:0", "news_sentiment:1"}
    assert not doc.ents


def test_a_pipeline_is_stored_and_loaded(language, tmp_path):
    language.to_disk(tmp_path / "stored")
    again = spacy.load(tmp_path / "stored")
    assert [e.text for e in again(SENTENCE).ents] == [e.text for e in language(SENTENCE).ents]


def test_with_a_tokenizer_of_words_entities_are_whole_tokens():
    other = spacy.blank("zh")
    other.add_pipe("guanxi_entities")
    doc = other("赵一鸣任 董事长")
    assert all(doc.text[e.start_char : e.end_char] == e.text for e in doc.ents)
