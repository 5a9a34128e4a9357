"""Documents a line: names of fields, compression, and lines that are none."""

from __future__ import annotations

import datetime as dt
import gzip
import json
import lzma
import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import DataError
from ingest.documents import SourceDocument, Unreadable, read
from ingest.documents.json_lines import FieldNames, field_names

GOOD = {"title": "云岭重工中标", "text": "公司今日公告。", "date": "2026-05-17", "kind": "flash/wire"}


def lines(*values):
    return "\n".join(v if isinstance(v, str) else json.dumps(v, ensure_ascii=False) for v in values).encode()


def test_fields_come_under_their_names():
    (item,) = read(lines(GOOD | {"id": 7, "url": "https://example.com/7", "source": "某社"}), "a.jsonl")
    assert item == SourceDocument(
        key="7",
        title="云岭重工中标",
        text="云岭重工中标\n公司今日公告。",
        kind="flash/wire",
        published=dt.date(2026, 5, 17),
        publisher="某社",
        url="https://example.com/7",
        file="a.jsonl",
        place="line 1",
    )


def test_a_bad_line_is_reported_with_its_number_and_the_rest_goes_on():
    bad = ["{broken", "[1]", '{"date": "2026-01-01"}', '{"text": 5e999999}x', '"text"', "null"]
    items = list(read(lines(GOOD, "", *bad, GOOD), "a.jsonl"))
    assert [type(item) for item in items] == [SourceDocument, *[Unreadable] * len(bad), SourceDocument]
    assert [item.place for item in items[1:-1]] == [f"line {n}" for n in range(3, 3 + len(bad))]
    assert all(item.reason and item.hint for item in items[1:-1])


@pytest.mark.parametrize("pack", [gzip.compress, lzma.compress])
def test_compressed_files_are_unpacked_as_they_are_read(tmp_path, pack):
    suffix = {gzip.compress: "gz", lzma.compress: "xz"}[pack]
    whole = tmp_path / f"a.jsonl.{suffix}"
    whole.write_bytes(pack(lines(*[GOOD | {"id": n} for n in range(50)])))
    assert [item.key for item in read(whole)] == [str(n) for n in range(50)]
    broken = tmp_path / f"b.jsonl.{suffix}"
    noise = [GOOD | {"id": n, "noise": os.urandom(400).hex()} for n in range(300)]
    broken.write_bytes(pack(lines(*noise))[:-400])
    *first, last = read(broken)
    assert len(first) > 20
    assert isinstance(last, Unreadable)
    assert "breaks off" in last.reason


def test_a_date_that_is_none_is_noted_and_the_document_kept():
    (item,) = read(lines(GOOD | {"date": "2026-02-31"}), "a.jsonl")
    assert item.published is None
    assert "2026-02-31" in item.notes[0]
    (old,) = read(lines(GOOD | {"date": "1931-09-18"}), "a.jsonl")
    assert old.published == dt.date(1931, 9, 18)


def test_halves_of_characters_and_nul_are_replaced_one_for_one():
    (item,) = read(b'{"text": "\\ud83d\\u0000\\u516c\\u53f8"}', "a.jsonl")
    assert item.text == "\ufffd 公司"


def test_names_of_fields_can_be_declared(tmp_path):
    names = FieldNames(text=("summary",), id=("nr",))
    (item,) = read(lines({"nr": "x", "summary": "公告", "text": "不读"}), "a.jsonl", names=names)
    assert (item.key, item.text) == ("x", "公告")
    file = tmp_path / "names.yaml"
    file.write_text("txt: [a]")
    with pytest.raises(DataError):
        field_names(file)


def test_lines_of_two_encodings():
    data = lines(GOOD) + b"\n" + json.dumps(GOOD, ensure_ascii=False).encode("gb18030")
    one, other = read(data, "a.jsonl")
    assert one.text == other.text
    assert one.key == other.key


@given(st.binary(max_size=500))
def test_any_bytes_give_documents_or_reports(data):
    assert all(isinstance(item, SourceDocument | Unreadable) for item in read(data, "a.jsonl"))


@pytest.mark.real
def test_the_shared_newswire_reads():
    folder = Path(os.environ.get("GUANXI_SHARED_DATA", "../shared/data"))
    file = folder / "text" / "raw_newswire" / "raw_newswire.jsonl.xz"
    if not file.is_file():
        pytest.skip(f"the shared text is not here: {file}")
    items = [item for item, _ in zip(read(file), range(500), strict=False)]
    assert all(isinstance(item, SourceDocument) and item.text for item in items)
