"""PDF: text in order, headings, tables; and what is encrypted, damaged, scanned or made to do harm."""

from __future__ import annotations

import datetime as dt
import io
import zlib

import announcements
from hypothesis import given, settings
from hypothesis import strategies as st
from PIL import Image
from reportlab.lib.pagesizes import A4
from reportlab.lib.pdfencrypt import StandardEncryption
from reportlab.lib.utils import ImageReader
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.cidfonts import UnicodeCIDFont
from reportlab.pdfgen.canvas import Canvas

from ingest.documents import SourceDocument, Unreadable, read
from ingest.documents.worker import Limits, Worker


def canvas_pdf(draw, pages=1, **options):
    """A PDF drawn by hand."""
    file = io.BytesIO()
    canvas = Canvas(file, pagesize=A4, **options)
    for number in range(pages):
        canvas.setFont(announcements.font(), 10)
        draw(canvas, number)
        canvas.showPage()
    canvas.save()
    return file.getvalue()


def raw_pdf(content: bytes, extra: bytes = b"") -> bytes:
    """A PDF with one page whose content stream is given as it is stored; no cross-reference table."""
    return (
        b"%%PDF-1.4\n1 0 obj<</Type/Catalog/Pages 2 0 R>>endobj\n2 0 obj<</Type/Pages/Kids[3 0 R]/Count 1>>endobj\n"
        b"3 0 obj<</Type/Page/Parent 2 0 R/MediaBox[0 0 600 800]/Contents 4 0 R>>endobj\n"
        b"4 0 obj<</Length %d%s>>stream\n%s\nendstream endobj\ntrailer<</Root 1 0 R>>\n"
        % (len(content), extra, content)
    )


def only(worker, data, name="a.pdf"):
    (item,) = worker.read("pdf", data, name)
    return item


# --- what is read ---------------------------------------------------------------------------------------------


def test_an_announcement_is_text_headings_tables_and_a_date(folder):
    (item,) = read(folder / "2-pledge.pdf")
    assert item.title == "云岭重工股份有限公司关于控股股东部分股份质押的公告"
    assert item.published == dt.date(2026, 5, 20)
    headings = [item.text[h.start : h.end] for h in item.headings]
    assert headings == [item.title, "一、股东股份质押的基本情况", "二、备查文件"]
    assert (
        "云岭控股集团有限公司将其持有的公司3,000万股股份质押给南岭电力投资有限公司，用于自身生产经营。\n"
        in item.text
    )
    (table,) = item.tables
    assert table.rows[1][:3] == ("云岭控股集团有限公司", "是", "3,000万股")
    for row, (start, end) in zip(table.rows, table.lines, strict=True):
        assert item.text[start:end] == "\t".join(row)


def test_lines_of_a_paragraph_are_joined_also_over_pages(tmp_path):
    long = "公司主营业务收入同比增长，毛利率保持稳定，" * 120 + "完毕。"
    parts = [
        announcements.text("第一段结束。"),
        announcements.text(long),
        announcements.text("另起一段。"),
    ]
    (item,) = read(announcements.write(tmp_path / "a.pdf", parts, header="云岭重工年度报告"))
    assert item.text == f"第一段结束。\n{long}\n另起一段。\n"
    assert len(item.pages) > 1


def test_running_headers_and_page_numbers_are_dropped(tmp_path):
    (item,) = read(announcements.long_report(tmp_path / "a.pdf", 4))
    assert "年度报告全文" not in item.text
    assert len(item.tables) == 4
    assert [item.text[h.start : h.end] for h in item.headings][1] == "2、其他重要事项说明"
    assert all(item.text[p : p + 2] != "" for p in item.pages)


def test_merged_cells_stand_at_each_place_they_cover(tmp_path):
    table = announcements.grid([["甲", "合并", ""], ["", "乙", "丙"], ["丁", "戊", "己"]], [80, 80, 80])
    table.setStyle([("SPAN", (1, 0), (2, 0)), ("SPAN", (0, 0), (0, 1))])
    (item,) = read(announcements.write(tmp_path / "a.pdf", [table]))
    assert item.tables[0].rows == (("甲", "合并", "合并"), ("甲", "乙", "丙"), ("丁", "戊", "己"))
    assert item.text == "甲\t合并\n\t乙\t丙\n丁\t戊\t己\n"


def test_a_page_that_lies_on_its_side_is_turned(worker):
    def draw(canvas, _):
        canvas.translate(A4[0], 0)
        canvas.rotate(90)
        for n, text in enumerate(("证券代码说明第一行文字", "证券代码说明第二行文字")):
            canvas.drawString(100, 400 - 30 * n, text)

    item = only(worker, canvas_pdf(draw))
    assert item.text.split() == ["证券代码说明第一行文字", "证券代码说明第二行文字"]


def test_a_watermark_across_the_page_is_left_out(worker):
    def draw(canvas, _):
        canvas.drawString(100, 700, "公司董事会保证公告内容真实准确完整。")
        canvas.rotate(45)
        canvas.drawString(500, 200, "内部资料")

    assert only(worker, canvas_pdf(draw)).text == "公司董事会保证公告内容真实准确完整。\n"


def test_a_font_that_is_not_embedded_is_read_too(worker):
    pdfmetrics.registerFont(UnicodeCIDFont("STSong-Light"))

    def draw(canvas, _):
        canvas.setFont("STSong-Light", 12)
        canvas.drawString(100, 700, "云岭重工股份有限公司中标公告")

    assert only(worker, canvas_pdf(draw)).text == "云岭重工股份有限公司中标公告\n"


# --- what is not ----------------------------------------------------------------------------------------------


def test_encrypted_is_said(worker):
    locked = canvas_pdf(lambda c, _: c.drawString(100, 700, "密"), encrypt=StandardEncryption("secret"))
    item = only(worker, locked)
    assert isinstance(item, Unreadable)
    assert item.reason == "encrypted"


def test_scanned_pages_are_reported_one_by_one_and_the_others_read(worker):
    picture = ImageReader(Image.new("L", (60, 80), 200))

    def draw(canvas, number):
        if number == 1:
            canvas.drawString(100, 700, "这一页有文字。")
        else:
            canvas.drawImage(picture, 0, 0, *A4)
            canvas.drawString(500, 20, str(number))

    *scanned, document = worker.read("pdf", canvas_pdf(draw, 3), "a.pdf")
    assert [item.place for item in scanned] == ["page 1", "page 3"]
    assert all("scanned" in item.reason for item in scanned)
    assert document.text == "这一页有文字。\n"
    assert len(document.pages) == 3


def test_all_pages_empty_is_said(worker):
    assert "empty" in only(worker, canvas_pdf(lambda *_: None)).reason


def test_damaged_files_are_reported_or_read_in_part(worker, folder):
    whole = (folder / "1-holders.pdf").read_bytes()
    cuts = [whole[: len(whole) // n] for n in (2, 4, 40)] + [whole[:100] + whole[900:], b"%PDF-1.7\n%%EOF"]
    for data in cuts:
        for item in worker.read("pdf", data, "a.pdf"):
            assert isinstance(item, SourceDocument) or item.reason


@settings(max_examples=40)
@given(st.lists(st.tuples(st.integers(0, 6000), st.binary(min_size=1, max_size=30)), max_size=8))
def test_any_bytes_in_a_pdf_end_in_documents_or_reports(worker, folder, patches):
    data = bytearray((folder / "3-bid.pdf").read_bytes())
    for place, patch in patches:
        data[place : place + len(patch)] = patch
    for item in worker.read("pdf", bytes(data), "a.pdf"):
        assert isinstance(item, SourceDocument | Unreadable)


def test_too_many_pages_are_refused(worker):
    kids = b"3 0 R " * 2500
    many = raw_pdf(b"").replace(b"[3 0 R]/Count 1", b"[" + kids + b"]/Count 2500")
    assert "2500 pages" in only(worker, many).reason


def test_a_stream_that_unpacks_to_gigabytes_ends_as_a_report():
    packer = zlib.compressobj(9)
    start = packer.compress(b"0 0 m 9 9 l S\n" * 75_000) + packer.flush(zlib.Z_FULL_FLUSH)
    block = packer.compress(b"0 0 m 9 9 l S\n" * 75_000) + packer.flush(zlib.Z_FULL_FLUSH)
    bomb = start + block * 1500
    data = raw_pdf(bomb, b"/Filter/FlateDecode")
    with Worker(Limits(memory=1 << 30, processor=3, clock=30)) as worker:
        item = only(worker, data)
        assert isinstance(item, Unreadable)
        assert item.reason
        following = only(worker, canvas_pdf(lambda c, _: c.drawString(100, 700, "下一份文件照常读取。")))
    assert following.text == "下一份文件照常读取。\n"


def test_a_reader_that_does_not_end_is_ended():
    # half a second is less than it takes to start
    with Worker(Limits(clock=0.05)) as worker:
        item = only(worker, canvas_pdf(lambda c, _: c.drawString(100, 700, "文字")))
    assert item.reason == "reading it takes longer than 0.05 s"


def test_folder_goes_on_after_what_cannot_be_read(tmp_path, folder):
    (tmp_path / "sub").mkdir()
    (tmp_path / "a.pdf").write_bytes(b"%%PDF-1.4 broken")
    (tmp_path / "b.png").write_bytes(b"\x89PNG\r\n\x1a\n")
    (tmp_path / "c.txt").write_text("公司公告。")
    (tmp_path / ".hidden").write_text("不读")
    (tmp_path / "sub" / "d.pdf").write_bytes((folder / "3-bid.pdf").read_bytes())
    items = list(read(tmp_path))
    assert [item.file for item in items] == ["a.pdf", "b.png", "c.txt", "sub/d.pdf"]
    assert [isinstance(item, Unreadable) for item in items] == [True, True, False, False]
    (missing,) = read(tmp_path / "none.pdf")
    assert missing.file == "none.pdf"
