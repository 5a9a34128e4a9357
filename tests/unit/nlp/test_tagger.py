"""The shipped tagger: offsets of the text as given, the same result in any batch, window or section."""

from __future__ import annotations

import subprocess
import sys

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graph.errors import DataError, NotFound
from nlp import tagger as module
from nlp.datasets import Span
from nlp.tagger import MODELS, SECTION, WINDOW, Classifier, Model, Tagger, available, sections, windows

SENTENCE = "赵一鸣先生，中国国籍，博士，现任云岭证券股份有限公司董事长，曾任上海江海集团总裁。"

any_text = st.text(
    alphabet=st.one_of(
        st.sampled_from("中国证券公司董事长王小明在上海 \t\n\u3000\x00\x1b\u200b😀👨‍👩‍👧"),
        st.characters(codec=None, exclude_categories=[]),
    ),
    max_size=120,
)


@pytest.fixture(scope="module")
def tagger():
    """A tagging model of its own, where one ships; `test_shared` holds the shared one to the same."""
    if "resume" not in available():
        pytest.skip("no tagging model of its own ships")
    return Tagger("resume")


def names(text, spans):
    return {(text[span.start : span.end], span.label) for span in spans}


def test_a_plain_sentence_is_read(tagger):
    found = names(SENTENCE, tagger.spans([SENTENCE])[0])
    assert ("赵一鸣", "NAME") in found
    assert ("云岭证券股份有限公司", "ORG") in found


@given(any_text)
@settings(max_examples=150, deadline=None)
def test_spans_lie_in_the_text_in_order_and_apart(tagger, text):
    [spans] = tagger.spans([text])
    places = [place for span in spans for place in (span.start, span.end)]
    assert places == sorted(places)
    assert all(0 <= span.start < span.end <= len(text) for span in spans)


@given(st.lists(any_text, max_size=6))
@settings(max_examples=40, deadline=None)
def test_a_text_reads_the_same_beside_any_others(tagger, texts):
    assert tagger.spans(texts) == [tagger.spans([text])[0] for text in texts]


def test_spaces_and_emoji_shift_the_offsets_as_they_stand(tagger):
    text = f" 😀\n\u3000{SENTENCE}"
    shifted = {Span(s.start + 4, s.end + 4, s.label) for s in tagger.spans([SENTENCE])[0]}
    assert Span(text.index("赵一鸣"), text.index("赵一鸣") + 3, "NAME") in shifted
    assert ("赵一鸣", "NAME") in names(text, tagger.spans([text])[0])


@pytest.mark.parametrize("length", [0, 1, WINDOW - 1, WINDOW, WINDOW + 1, 5 * WINDOW + 3])
def test_windows_cover_each_character_once(length):
    covered = [place for piece in windows(0, length) for place in range(piece.keep_start, piece.keep_end)]
    assert covered == list(range(length))


def test_windows_change_nothing(tagger, monkeypatch):
    text = SENTENCE * 40
    whole = tagger.spans([text])[0]
    monkeypatch.setattr(module, "WINDOW", 100)
    assert tagger.spans([text])[0] == whole
    monkeypatch.setattr(module, "WINDOW", 4000)
    assert tagger.spans([text])[0] == whole


def test_sections_end_at_sentences_and_lose_nothing():
    text = SENTENCE * 2000
    parts = list(sections(text))
    assert "".join(text[start:end] for start, end in parts) == text
    assert all(text[start:end].endswith("。") for start, end in parts)
    assert all(end - start <= SECTION for start, end in parts)
    assert len(list(sections("好" * (3 * SECTION)))) == 3


def test_a_long_text_reads_as_its_sentences_do(tagger):
    text = (SENTENCE + "\n") * 1200
    assert len(text) > SECTION
    spans = tagger.spans([text])[0]
    step = len(SENTENCE) + 1
    middle = [Span(s.start % step, s.end % step, s.label) for s in spans if 5 * step <= s.start < 6 * step]
    late = [
        Span(s.start % step, s.end % step, s.label) for s in spans if 1100 * step <= s.start < 1101 * step
    ]
    assert middle == late
    assert middle


def test_an_unknown_model_and_one_of_another_kind():
    with pytest.raises(NotFound, match="no model 'nothing'"):
        Model("nothing")
    with pytest.raises(DataError, match="not for labels"):
        Classifier("stsb")


def test_a_damaged_model_is_named(tmp_path):
    (tmp_path / "broken").mkdir()
    (tmp_path / "broken" / "model.onnx").write_bytes(b"no onnx")
    (tmp_path / "broken" / "model.json").write_text('{"kind": "tagging", "labels": [], "marks": []}')
    with pytest.raises(DataError, match="broken"):
        Tagger("broken", tmp_path)


def test_each_model_has_a_card_and_all_are_small():
    files = [path for path in MODELS.rglob("*") if path.is_file()]
    assert sum(path.stat().st_size for path in files) < 50_000_000
    assert all((MODELS / name / "CARD.md").exists() for name in available())


WITHOUT_TORCH = """
import sys
from importlib.abc import MetaPathFinder

class NoTorch(MetaPathFinder):
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ModuleNotFoundError(name)

sys.meta_path.insert(0, NoTorch())
import nlp.evaluate, nlp.pipeline
nlp.pipeline.load()("好")
"""


def test_reading_needs_no_torch():
    done = subprocess.run([sys.executable, "-c", WITHOUT_TORCH], check=False)  # noqa: S603 - our interpreter
    assert done.returncode == 0
