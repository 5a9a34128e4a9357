"""DOCX: paragraphs, headings, tables; bombs, damage and other archives."""

from __future__ import annotations

import datetime as dt
import io
import zipfile

import docx
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import SourceDocument, Unreadable, read


@pytest.fixture(scope="module")
def announcement():
    document = docx.Document()
    document.add_heading("云岭重工股份有限公司公告", 0)
    document.add_heading("一、股东情况", 1)
    document.add_paragraph("截至2026年6月30日，公司前十名股东持股情况如下：")
    table = document.add_table(rows=2, cols=3)
    for row, cells in zip(
        table.rows, (("股东名称", "持股数量", "持股比例"), ("赵一鸣", "300万股", "3%")), strict=True
    ):
        for cell, text in zip(row.cells, cells, strict=True):
            cell.text = text
    document.add_paragraph("2026年7月8日")
    file = io.BytesIO()
    document.save(file)
    return file.getvalue()


def test_paragraphs_headings_and_tables_in_their_order(announcement):
    (item,) = read(announcement, "a.docx")
    assert item.title == "云岭重工股份有限公司公告"
    assert item.published == dt.date(2026, 7, 8)
    assert item.text.split("\n")[2:5] == [
        "截至2026年6月30日，公司前十名股东持股情况如下：",
        "股东名称\t持股数量\t持股比例",
        "赵一鸣\t300万股\t3%",
    ]
    assert [(item.text[h.start : h.end], h.level) for h in item.headings] == [
        (item.title, 1),
        ("一、股东情况", 1),
    ]
    assert item.tables[0].rows[1] == ("赵一鸣", "300万股", "3%")


def test_bytes_decide_not_the_name(announcement):
    (item,) = read(announcement, "a.txt")
    assert isinstance(item, SourceDocument)


def repacked(data, **parts):
    file = io.BytesIO()
    with zipfile.ZipFile(io.BytesIO(data)) as old, zipfile.ZipFile(file, "w", zipfile.ZIP_DEFLATED) as new:
        for name in old.namelist():
            if name not in parts:
                new.writestr(name, old.read(name))
        for name, content in parts.items():
            new.writestr(name, content)
    return file.getvalue()


def test_zip_bombs_are_refused_before_anything_is_unpacked(announcement):
    (item,) = read(repacked(announcement, **{"word/media/a.bin": bytes(20 << 20)}), "a.docx")
    assert isinstance(item, Unreadable)
    assert "zip bomb" in item.reason


def test_entities_are_not_expanded(announcement):
    with zipfile.ZipFile(io.BytesIO(announcement)) as old:
        xml = old.read("word/document.xml").decode()
    entities = '<!DOCTYPE x [<!ENTITY a "哈哈哈哈哈哈哈哈哈哈">' + "".join(
        f'<!ENTITY a{n + 1} "{f"&a{n or str()};" * 10}">' for n in range(9)
    )
    bomb = xml.replace("<w:document", f"{entities}]><w:document", 1).replace("一、股东情况", "&a9;")
    (item,) = read(repacked(announcement, **{"word/document.xml": bomb}), "a.docx")
    assert isinstance(item, Unreadable) or len(item.text) < 10_000


def test_other_archives_and_old_word_are_refused_with_a_hint():
    empty = io.BytesIO()
    with zipfile.ZipFile(empty, "w") as new:
        new.writestr("xl/workbook.xml", "<x/>")
    for data in (
        empty.getvalue(),
        b"PK\x03\x04rest",
        b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(600),
        b"{\\rtf1 x}",
    ):
        (item,) = read(data, "a.docx")
        assert isinstance(item, Unreadable)
        assert item.reason
        assert item.hint


@settings(max_examples=40)
@given(
    st.lists(st.tuples(st.integers(0, 36_000), st.binary(min_size=1, max_size=20)), max_size=6),
    st.integers(100, 40_000),
)
def test_damage_ends_in_documents_or_reports(worker, announcement, patches, cut):
    data = bytearray(announcement)
    for place, patch in patches:
        data[place : place + len(patch)] = patch
    for item in worker.read("docx", bytes(data[:cut]), "a.docx"):
        assert isinstance(item, SourceDocument | Unreadable)
