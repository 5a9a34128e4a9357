"""HTML: the article, its title, date and site; fragments, hidden text, tables, encodings."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from ingest.documents import SourceDocument, Unreadable
from ingest.documents.document import CannotRead
from ingest.documents.html import read

SENTENCE = (
    "云岭重工股份有限公司晚间公告称，公司收到中标通知书，中标金额为12.36亿元，占公司上年营业收入的比例较高。"
)
PAGE = f"""<!doctype html><html><head><meta charset="utf-8"><title>云岭重工中标12亿元项目 - 山谷财经</title>
<meta property="og:title" content="云岭重工中标12亿元项目"><meta property="og:site_name" content="山谷财经">
<meta property="article:published_time" content="2026-07-08T20:15:00+08:00">
<script>var a = "脚本里的字";</script><style>.x {{}}</style></head><body>
<div class="nav"><a href="/">首页</a> <a href="/s">股票</a> <a href="/f">基金</a></div>
<article><h1>云岭重工中标12亿元项目</h1>{"".join(f"<p>{SENTENCE}第{n}段。</p>" for n in range(6))}
<p style="display: none">看不见的字</p><p hidden>也看不见的字</p><div aria-hidden="true">还是看不见的字</div>
<table><tr><th>股东名称</th><th>持股比例</th></tr><tr><td>云岭控股</td><td>35.2%</td></tr></table>
<p>公司表示，该项目不影响业务独立性，敬请投资者注意风险。</p></article>
<div class="footer"><a href="/about">关于我们</a> 版权所有</div></body></html>"""


def one(data):
    (item,) = read(data if isinstance(data, bytes) else data.encode(), "a.html")
    return item


def test_article_with_title_date_and_site():
    item = one(PAGE)
    assert item.title == "云岭重工中标12亿元项目"
    assert item.published == dt.date(2026, 7, 8)
    assert item.publisher == "山谷财经"
    assert item.text.startswith("云岭重工中标12亿元项目\n云岭重工股份有限公司晚间公告称")
    assert item.text.count(SENTENCE) == 6
    assert item.tables[0].rows == (("股东名称", "持股比例"), ("云岭控股", "35.2%"))
    for absent in ("首页", "版权所有", "脚本里的字", "看不见的字"):
        assert absent not in item.text


@pytest.mark.parametrize("charset", ["gb2312", "gbk", "gb18030", "utf-8", "big5"])
def test_the_stated_charset_is_read(charset):
    body = "<p>臺灣積體電路公司公告</p>" if charset == "big5" else f"<p>{SENTENCE}</p>"
    head = f'<meta http-equiv="Content-Type" content="text/html; charset={charset}">'
    page = f"<html><head>{head}</head><body>{body}</body></html>"
    text = one(page.encode(charset)).text
    assert body[3:-4] in text


def test_a_fragment_is_kept_whole():
    item = one("<p>甲公司<b>公告</b>：</p><ul><li>其一</li><li>其二</li></ul>结束<br>了")
    assert item.text == "甲公司公告：\n其一\n其二\n结束\n了\n"


def test_spans_of_a_table_are_spread():
    item = one(
        "<table><tr><td rowspan=2>股东名称</td><td colspan=2>质押</td></tr><tr><td>状态</td><td>数量</td></tr>"
        "<tr><td>甲</td><td>质押</td><td>3</td></tr></table>"
    )
    assert item.tables[0].rows == (
        ("股东名称", "质押", "质押"),
        ("股东名称", "状态", "数量"),
        ("甲", "质押", "3"),
    )


def test_offsets_of_tables_and_headings_index_the_text():
    item = one(
        "<h2>一、情况</h2><p>正文</p><table><tr><td>a</td><td>b</td></tr><tr><td>c</td><td>d</td></tr></table>"
    )
    assert [item.text[h.start : h.end] for h in item.headings] == ["一、情况"]
    assert [item.text[a:b] for a, b in item.tables[0].lines] == ["a\tb", "c\td"]


@pytest.mark.parametrize(
    "page",
    ["<html><body></body></html>", "<html><script>x</script></html>", "<!-- nichts -->", "<p hidden>x</p>"],
)
def test_nothing_visible_is_said(page):
    with pytest.raises(CannotRead):
        one(page)


def test_harm_ends_as_a_report(worker):
    deep = "<div>" * 200_000 + "深"
    wide = (
        '<table><tr><td colspan="99999" rowspan="99999">x</td><td>y</td></tr>'
        + "<tr><td>z</td></tr>" * 2000
        + "</table>"
    )
    laughs = (
        '<!DOCTYPE html [<!ENTITY a "哈哈">'
        + "".join(f'<!ENTITY a{n} "{"&a;" * 9}">' for n in range(9))
        + "]><p>&a8;</p>"
    )
    for data in (deep, wide, laughs):
        (item,) = worker.read("html", data.encode(), "a.html")
        assert isinstance(item, SourceDocument | Unreadable)


TAGS = ("<p>", "</p>", "<table>", "<tr>", "<td rowspan=3>", "公", "<!--", "&#0;", "<html>", "</div>", "<svg>")


@settings(max_examples=60)
@given(st.binary(max_size=300) | st.lists(st.sampled_from(TAGS)).map(lambda x: "".join(x).encode()))
def test_any_bytes_end_in_documents_or_reports(worker, data):
    for item in worker.read("html", data, "a.html"):
        assert isinstance(item, SourceDocument | Unreadable)


def test_a_day_that_the_text_tells_of_is_not_the_day_of_publication():
    body = "<p>2019年5月6日，公司成立，注册资本一亿元。</p><p>© 2025</p>"
    page = f"<html><head><title>公司历史</title></head><body>{body}</body></html>"
    assert one(page).published is None
