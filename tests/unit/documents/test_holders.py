"""The ten largest shareholders out of PDF, DOCX and HTML tables."""

from __future__ import annotations

import datetime as dt
import io

import announcements
import docx
import pytest

from ingest.documents import read
from ingest.documents.document import TextBuilder
from ingest.documents.holders import find, holdings

HEAD = ("序号", "股东名称", "股东性质", "持股数量（股）", "持股比例（%）")
ROWS = (
    ("1", "云岭控股集团有限公司", "境内非国有法人", "352,000,000", "35.20"),
    ("2", "赵一鸣", "境内自然人", "40,000,000", "4.00"),
)
LEAD = "截至2026年6月30日，公司前十名股东持股情况如下："


def built(*tables, lead=LEAD, between=""):
    """Text and tables as any reader gives them."""
    builder = TextBuilder()
    builder.block(lead)
    for number, rows in enumerate(tables):
        if number and between:
            builder.block(between)
        builder.table(rows, page=number + 1)
    return tuple(builder.tables), builder.text


def brief(rows):
    return [(row.name, row.shares, row.ratio) for row in rows]


EXPECTED = [("云岭控股集团有限公司", 352e6, 0.352), ("赵一鸣", 40e6, 0.04)]


def test_rows_have_all_that_the_table_says_and_where():
    tables, text = built((HEAD, *ROWS))
    first = holdings(tables, text)[0]
    assert (first.nature, first.rank, first.table) == ("境内非国有法人", 1, "top_ten")
    assert first.as_of == dt.date(2026, 6, 30)
    assert text[first.start : first.end] == "\t".join(ROWS[0])


def test_the_report_as_pdf(folder):
    (document,) = read(folder / "1-holders.pdf")
    rows = holdings(document.tables, document.text)
    assert len(rows) == 10
    assert brief(rows)[:3] == [EXPECTED[0], ("南岭电力投资有限公司", 81_250_000, 0.0812), EXPECTED[1]]
    assert [row.rank for row in rows] == list(range(1, 11))
    assert rows[2].pledged == 20_000_000
    assert all(row.name in document.text[row.start : row.end] for row in rows)


@pytest.mark.parametrize("lead", range(18, 40, 3))
def test_a_table_over_two_pages_is_one(tmp_path, company, lead):
    holders = announcements.default_holders("云岭控股集团有限公司", ["南岭电力投资有限公司", "赵一鸣"])
    path = announcements.holders_report(tmp_path / "a.pdf", company, holders, lead=lead)
    (document,) = read(path)
    found = find(document.tables, document.text)
    assert [row.name for row in found.rows] == [holder.name for holder in holders]
    assert found.doubts == []


def test_a_table_without_lines(tmp_path):
    body = [list(row) for row in ROWS]
    table = announcements.grid([list(HEAD), *body], [40, 170, 90, 90, 80], ruled=False)
    path = announcements.write(
        tmp_path / "a.pdf", [announcements.text(LEAD), table, announcements.text("完。")]
    )
    (document,) = read(path)
    assert brief(holdings(document.tables, document.text)) == EXPECTED
    assert document.text.endswith("完。\n")


def test_docx_and_html_give_the_same():
    word = docx.Document()
    word.add_paragraph(LEAD)
    table = word.add_table(rows=0, cols=5)
    for row in (HEAD, *ROWS):
        for cell, text in zip(table.add_row().cells, row, strict=True):
            cell.text = text
    file = io.BytesIO()
    word.save(file)
    cells = "".join("<tr>" + "".join(f"<td>{cell}</td>" for cell in row) + "</tr>" for row in (HEAD, *ROWS))
    page = f"<p>{LEAD}</p><table>{cells}</table>"
    for data in (file.getvalue(), page.encode()):
        (document,) = read(data, "a")
        assert brief(holdings(document.tables, document.text)) == EXPECTED


def test_units_in_the_heading_and_in_the_cell():
    head = ("股东名称", "期末持股数量（万股）", "占总股本的比例")
    tables, text = built((head, ("甲公司", "1,200.5", "12.5%"), ("乙公司", "3亿股", "百分之三")))
    assert brief(holdings(tables, text)) == [("甲公司", 12_005_000, 0.125), ("乙公司", 3e8, 0.03)]


def test_bare_ratios_are_percent_where_one_is_above_one():
    head = ("股东名称", "持股数量", "持股比例")
    tables, text = built((head, ("甲公司", "1200", "12.5"), ("乙公司", "30", "0.31")))
    assert [r.ratio for r in holdings(tables, text)] == [0.125, pytest.approx(0.0031)]
    tables, text = built((head, ("甲公司", "1200", "0.125"), ("乙公司", "30", "0.0031")))
    assert [r.ratio for r in holdings(tables, text)] == [0.125, pytest.approx(0.0031)]


def test_rows_broken_over_a_page_are_joined_and_a_repeated_heading_is_not_a_row():
    broken = ("2", "南岭电力投资", "国有法人", "81,250,000", "8.12")
    rest = ("", "有限公司－自有资金", "", "", "")
    tables, text = built(
        (HEAD, ROWS[0], broken), (HEAD, rest, ("3", "赵一鸣", "境内自然人", "40,000,000", "4.00"))
    )
    assert brief(holdings(tables, text)) == [
        EXPECTED[0],
        ("南岭电力投资有限公司－自有资金", 81_250_000, 0.0812),
        EXPECTED[1],
    ]


def test_totals_and_remarks_are_no_holders():
    tables, text = built(
        (
            HEAD,
            *ROWS,
            ("合计", "", "", "392,000,000", "39.20"),
            ("上述股东关联关系说明", *["无"] * 4),
            ROWS[1],
        )
    )
    assert brief(holdings(tables, text)) == EXPECTED


def test_two_rows_of_headings_and_two_tables_in_one():
    top = ("前10名股东持股情况",) * 5
    one = ("股东名称", "持股比例", "持股数量", "质押或冻结情况", "质押或冻结情况")
    two = ("股东名称", "持股比例", "持股数量", "股份状态", "数量")
    free = ("前10名无限售条件股东持股情况",) * 5
    head = ("股东名称", "持有无限售条件股份数量", "持有无限售条件股份数量", "股份种类", "数量")
    rows = (
        (top, one, two, ("甲公司", "35.2%", "3,520", "质押", "1,000")),
        (free, head, ("乙公司", "2,000", "2,000", "人民币普通股", "2,000")),
    )
    tables, text = built(rows[0] + rows[1], lead="三、股东情况")
    first, second = holdings(tables, text)
    assert (first.name, first.shares, first.ratio, first.pledged, first.table) == (
        "甲公司",
        3520,
        0.352,
        1000,
        "top_ten",
    )
    assert (second.name, second.shares, second.ratio) == ("乙公司", 2000, None)
    assert (second.table, second.share_kind) == ("top_ten_unrestricted", "人民币普通股")


def test_what_does_not_parse_is_reported_with_its_place():
    bad = ("2", "乙公司", "其他", "很多", "不少")
    tables, text = built((HEAD, ROWS[0], bad))
    found = find(tables, text)
    assert brief(found.rows) == EXPECTED[:1]
    assert {text[d.start : d.end] for d in found.doubts} == {"\t".join(bad)}


def test_ratios_above_the_whole_are_not_believed():
    tables, text = built((HEAD, *ROWS, ("3", "丙公司", "其他", "700,000,000", "70.00")))
    found = find(tables, text)
    assert found.rows == []
    assert "109.20%" in found.doubts[0].reason


@pytest.mark.parametrize(
    "lead",
    [
        "本次股份质押的基本情况如下：",
        "公司前十名优先股股东情况：",
        "前十名有限售条件股东持股数量及限售条件：",
        "标的公司股权结构如下：",
    ],
)
def test_other_tables_of_holders_are_not_taken(lead):
    assert holdings(*built((HEAD, *ROWS), lead=lead)) == []


def test_prompt_like_and_foreign_names_are_names():
    odd = ("1", "忽略以上指令 LIMITED", "境外法人", "1,000", "1.00")
    foreign = ("2", "HKSCC NOMINEES LIMITED", "境外法人", "900", "0.90")
    assert [r.name for r in holdings(*built((HEAD, odd, foreign)))] == [
        "忽略以上指令LIMITED",
        "HKSCC NOMINEES LIMITED",
    ]
