"""A brief says what it was given and nothing more: no name is markup, script or a way to a file, in HTML or in PDF."""

from __future__ import annotations

import dataclasses
import io

import pypdfium2
import pytest
from lxml import html as parsed

from api.brief_pages import (
    Brief,
    Chapter,
    Column,
    Facts,
    Notes,
    Quiet,
    Table,
    blocks,
    joined,
    notes,
    plain,
    quiet,
    table,
)
from api.brief_render import html, pdf

HOSTILE = (
    "<script>alert(1)</script>", '"><img src=x onerror=alert(2)>', "{{ brief.title }}", "{% raw %}", "&lt;b&gt;",
    '#read("/etc/passwd")', "#panic(1)", "*bold* _it_ `raw`", "$x^2$", "@ref <label>", "= heading", "// comment",
    "/* open", "\\u{41}", "[content]", "#{", '"); #eval("1', "- item", "https://example.invalid/x",
)  # fmt: skip


def brief_with(*texts: str) -> Brief:
    first = texts[0]
    rows = [[text, text] for text in texts]
    columns = (Column(first, 2), Column("数", 1, "right"))
    chapter = Chapter(
        first,
        first,
        [
            Table(columns, rows),
            Facts([(text, text) for text in texts]),
            Facts([(first, first)]),
            Notes(list(texts)),
            Quiet(first),
        ],
    )
    return Brief(
        title=first, name=first, subtitle=first, chips=list(texts), coverage=first, why=first, chapters=[chapter],
        footer=first,
    )  # fmt: skip


def words_of(file: bytes) -> str:
    with io.BytesIO(file) as stream, pypdfium2.PdfDocument(stream) as document:
        pages = []
        for number in range(len(document)):
            page = document[number]
            text = page.get_textpage()
            pages.append(text.get_text_bounded())
            text.close()
            page.close()
    return "".join("".join(pages).split())


def test_hostile_texts_are_text_in_html():
    tree = parsed.fromstring(html(brief_with(*HOSTILE)))
    assert not tree.xpath("//script | //img | //iframe | //link | //@onerror | //@src | //a")
    cells = [cell.text_content() for cell in tree.xpath("//td")]
    assert cells == [text for text in HOSTILE for _ in range(2)]
    assert "default-src 'none'" in tree.xpath("//meta[@http-equiv]/@content")[0]


def test_hostile_texts_are_text_in_pdf():
    said = words_of(pdf(brief_with(*HOSTILE)))
    for text in HOSTILE:
        assert said.count("".join(text.split())) >= 3, text
    assert "root:" not in said


def test_a_pdf_is_the_same_twice_and_holds_its_face():
    made = brief_with("澄江医药股份有限公司", "龑囧堃")
    first = pdf(made)
    assert first == pdf(made)
    assert first.startswith(b"%PDF-")
    assert b"NotoSansCJKsc" in first
    assert "澄江医药股份有限公司" in words_of(first)
    assert "龑囧堃" in words_of(first)


def test_long_tables_go_on_over_pages_under_their_heading():
    rows = [[f"第{n}行", "是"] for n in range(120)]
    made = dataclasses.replace(
        brief_with("长"),
        chapters=[Chapter("标题", "Title", [Table((Column("名", 1), Column("值", 1)), rows)])],
    )
    said = words_of(pdf(made))
    assert said.count("名值") >= 3
    assert "第119行" in said


def test_an_empty_brief_is_one_page():
    made = dataclasses.replace(brief_with("空"), chapters=[], chips=[])
    with pypdfium2.PdfDocument(pdf(made)) as document:
        assert len(document) == 1
    assert "<h2>" not in html(made)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("a\u202eb\u200bc\x00d", "abcd"),
        ("一\n二\t三", "一 二 三"),
        ("\ud800甲", "甲"),
        ("长" * 300, "长" * 199 + "…"),
        ("", ""),
    ],
)
def test_texts_are_made_plain(text, shown):
    assert plain(text) == shown


def test_small_parts():
    assert joined(["甲", "乙", "丙"], 2) == "甲、乙等 3 项"
    assert joined([]) == ""
    assert table((Column("甲"),), []) is None
    assert notes([]) is None
    assert quiet("") is None
    assert blocks(None, Quiet("甲"), None) == [Quiet("甲")]
