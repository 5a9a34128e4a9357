"""Texts sent to the API become documents that every part can write and answer with."""

from __future__ import annotations

import pytest

from api.reading import SentDocument
from ingest.documents.document import printable, with_title


@pytest.mark.parametrize("text", ["\ud800甲江重工\x00中标\x1b[31m5亿元", "", "甲江重工🚀中标\n项目"])
def test_whatever_is_sent_can_be_written_and_offsets_stay(text):
    sent = SentDocument(text=text, title="坏\x07标题").document()
    assert sent.text.encode()
    assert sent.text == with_title("坏 标题", printable(text))
    assert len(printable(text)) == len(text)
