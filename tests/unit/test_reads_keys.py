"""An id that comes twice in a batch with other content is reported; nothing is replaced without a word."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from api.reading import ReadRequest
from api.reads import Run, read
from ingest.documents import read as documents
from nlp.reader import LIVE
from tests.unit.questions.conftest import GraphBuilder


@pytest.fixture
def run() -> Run:
    return Run(GraphBuilder().projection().view(), LIVE)


def test_a_line_with_the_id_of_another_is_an_error_of_that_line(tmp_path: Path, run: Run) -> None:
    """With its number and its id; the same document again is none, and the rest goes on."""
    rows = [
        ("a", "云岭重工中标。"),
        ("a", "泠川实业亏损。"),
        ("a", "云岭重工中标。"),
        ("b", "海陵电子上市。"),
    ]
    lines = [json.dumps({"id": key, "text": text}, ensure_ascii=False) for key, text in rows]
    (tmp_path / "news.jsonl").write_text("\n".join(lines), encoding="utf-8")
    found = read(documents(tmp_path), run)
    assert [line.reading.text[:4] for line in found.documents] == ["云岭重工", "云岭重工", "海陵电子"]
    [clash] = found.unreadable
    assert (clash.file, clash.place) == ("news.jsonl", "line 2")
    assert "编号 a " in clash.reason
    assert "news.jsonl line 1" in clash.reason


def test_a_sent_document_with_the_key_of_another_is_named_by_its_place(run: Run) -> None:
    """So the API says which of a batch it was."""
    sent = [{"text": "云岭重工中标。", "key": "a"}, {"text": "泠川实业亏损。", "key": "a"}]
    request = ReadRequest.model_validate({"documents": sent})
    found = read([one.document(f"documents[{n}]") for n, one in enumerate(request.documents)], run)
    assert [line.key for line in found.documents] == ["a"]
    [clash] = found.unreadable
    assert clash.place == "documents[1]"
    assert "documents[0]" in clash.reason
