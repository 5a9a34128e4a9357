"""Announcements as exchanges publish them, made by the tests: PDFs about companies given by name.

The Chinese font is made here too: a real embedded TrueType font with Unicode names for its glyphs, whose glyphs are
all one box, so that no large file and no download is needed. What a reader extracts is what stands here.
"""

from __future__ import annotations

import io
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any

from fontTools.fontBuilder import FontBuilder
from fontTools.pens.ttGlyphPen import TTGlyphPen
from reportlab.lib import colors
from reportlab.lib.pagesizes import A4
from reportlab.lib.styles import ParagraphStyle
from reportlab.pdfbase import pdfmetrics
from reportlab.pdfbase.ttfonts import TTFont
from reportlab.platypus import Paragraph, SimpleDocTemplate, Spacer, Table

FONT = "GuanxiBoxes"


@dataclass(frozen=True, slots=True)
class Listed:
    """A listed company: its full name and its code."""

    name: str
    code: str


@dataclass(frozen=True, slots=True)
class Holder:
    """One row of a holders table: shares in single shares, ratio in percent, as printed."""

    name: str
    nature: str
    ratio: str
    shares: str
    pledged: str = "-"


def default_holders(controller: str, others: Sequence[str]) -> tuple[Holder, ...]:
    """Ten holders: the first holds 35.2 %, the others less and less; the third pledges half."""
    names = [controller, *others][:10]
    names += [f"云岭第{number}号私募证券投资基金" for number in range(len(names) + 1, 11)]
    shares = [352_000_000, 81_250_000, 40_000_000, *(9_000_000 - 700_000 * i for i in range(7))]
    return tuple(
        Holder(
            name,
            "境内非国有法人" if place < 2 else "境内自然人" if len(name) < 5 else "其他",
            f"{count / 10_000_000:.2f}%",
            f"{count:,}",
            "20,000,000" if place == 2 else "-",
        )
        for place, (name, count) in enumerate(zip(names, shares, strict=False))
    )


# --- the three announcements ---------------------------------------------------------------------------------


def holders_report(
    path: Path,
    company: Listed,
    holders: Sequence[Holder],
    day: str = "2026年6月30日",
    *,
    lead: int = 0,
) -> Path:
    """A half-year report's section on shareholders; `lead` lines before it push the table over a page's end."""
    head = ["序号", "股东名称", "股东性质", "持股比例", "持股数量（股）", "质押或冻结数量"]
    body = [[str(i), h.name, h.nature, h.ratio, h.shares, h.pledged] for i, h in enumerate(holders, 1)]
    parts: list[Any] = [
        title(f"{company.name}2026年半年度报告摘要"),
        heading("一、公司基本情况"),
        *(
            text(f"公司股票简称及代码在报告期内没有变更，股票代码为{company.code}。第{i}项说明。")
            for i in range(lead)
        ),
        text(
            f"{company.name}（以下简称“公司”）董事会及全体董事保证本报告内容不存在任何虚假记载、误导性陈述或者重大遗漏，"
            "并对其内容的真实性、准确性和完整性承担法律责任。报告期内公司生产经营情况正常，主营业务没有发生重大变化。"
        ),
        heading("二、股东情况"),
        text(f"截至{day}，公司前十名股东持股情况如下："),
        grid([head, *body], [30, 130, 80, 55, 85, 85]),
        text("上述股东中，第一大股东为公司控股股东，与其他股东之间不存在关联关系。"),
    ]
    return write(path, parts, header=f"{company.name}2026年半年度报告摘要")


def pledge_announcement(
    path: Path,
    company: Listed,
    holder: str,
    pledgee: str,
    *,
    shares: str = "3,000万股",
) -> Path:
    """A controlling shareholder pledges part of its shares."""
    head = ["股东名称", "是否为控股股东", "本次质押数量", "质押起始日", "质权人", "质押用途"]
    row = [holder, "是", shares, "2026年5月18日", pledgee, "自身生产经营"]
    parts = [
        text(f"证券代码：{company.code}        证券简称：{company.name[:4]}        公告编号：2026-031"),
        title(f"{company.name}关于控股股东部分股份质押的公告"),
        text(
            "本公司及董事会全体成员保证信息披露的内容真实、准确、完整，没有虚假记载、误导性陈述或重大遗漏。"
        ),
        text(
            f"{company.name}（以下简称“公司”）近日接到控股股东{holder}的通知，获悉其将所持有的公司部分股份办理了质押。"
        ),
        heading("一、股东股份质押的基本情况"),
        text(f"2026年5月18日，{holder}将其持有的公司{shares}股份质押给{pledgee}，用于自身生产经营。"),
        grid([head, row], [90, 70, 75, 85, 90, 75]),
        heading("二、备查文件"),
        text("1.质押登记证明。"),
        text(f"{company.name}董事会"),
        text("2026年5月20日"),
    ]
    return write(path, parts)


def bid_announcement(
    path: Path,
    company: Listed,
    customer: str,
    *,
    project: str = "南岭抽水蓄能电站机电设备采购项目",
    amount: str = "12.36亿元",
) -> Path:
    """A company is told that it won a bid, and signs the contract."""
    parts = [
        text(f"证券代码：{company.code}        证券简称：{company.name[:4]}        公告编号：2026-047"),
        title(f"{company.name}关于收到中标通知书的公告"),
        text(
            "本公司及董事会全体成员保证信息披露的内容真实、准确、完整，没有虚假记载、误导性陈述或重大遗漏。"
        ),
        heading("一、中标项目概况"),
        text(
            f"{company.name}（以下简称“公司”）于2026年7月8日收到{customer}发出的中标通知书，确认公司为{project}的中标单位，"
            f"中标金额为{amount}。2026年7月20日，公司与{customer}签署了该项目的合同。"
        ),
        heading("二、对公司的影响"),
        text("该项目的履行预计对公司本年度及未来的经营业绩产生积极影响，不影响公司业务的独立性。"),
        text(f"{company.name}董事会"),
        text("2026年7月21日"),
    ]
    return write(path, parts)


def three_announcements(folder: Path, company: Listed, holder: str, partner: str) -> tuple[Path, ...]:
    """The three announcements about one company: `holder` controls and pledges, `partner` lends and buys."""
    folder.mkdir(parents=True, exist_ok=True)
    holders = default_holders(holder, [partner, "赵一鸣"])
    return (
        holders_report(folder / "1-holders.pdf", company, holders),
        pledge_announcement(folder / "2-pledge.pdf", company, holder, partner),
        bid_announcement(folder / "3-bid.pdf", company, partner),
    )


def long_report(path: Path, pages: int = 200) -> Path:
    """A report of about so many pages, each with running header, headings, paragraphs and a ruled table."""
    parts: list[Any] = []
    for number in range(1, pages + 1):
        parts += [
            heading(f"{number}、其他重要事项说明"),
            *(
                text(
                    f"报告期内第{number}项业务第{line}段说明：公司主营业务收入同比增长，"
                    + "毛利率保持稳定，" * 12
                )
                for line in range(5)
            ),
            grid(
                [["项目", "期末余额", "期初余额", "本期增加", "本期减少"]]
                + [
                    [f"科目{number}之{r}", *(f"{number * r * c:,}.00" for c in (7, 11, 13, 17))]
                    for r in range(1, 19)
                ],
                [95, 95, 95, 95, 95],
            ),
        ]
    return write(path, parts, header="云岭重工股份有限公司2026年年度报告全文")


# --- pieces --------------------------------------------------------------------------------------------------


def write(path: Path, parts: Iterable[Any], header: str = "", **options: Any) -> Path:
    """A PDF of flowing parts with a running header and page numbers."""

    def furniture(canvas: Any, document: Any) -> None:
        canvas.setFont(font(), 9)
        if header:
            canvas.drawString(60, A4[1] - 40, header)
        canvas.drawCentredString(A4[0] / 2, 30, str(document.page))

    document = SimpleDocTemplate(str(path), pagesize=A4, leftMargin=60, rightMargin=60, **options)
    document.build(list(parts), onFirstPage=furniture, onLaterPages=furniture)
    return path


def _style(size: int, **more: Any) -> ParagraphStyle:
    return ParagraphStyle(
        f"s{size}{sorted(more)}", fontName=font(), fontSize=size, leading=size * 1.6, wordWrap="CJK", **more
    )


def title(words: str) -> Paragraph:
    """A centred title in large type."""
    return Paragraph(words, _style(16, alignment=1, spaceAfter=12))


def heading(words: str) -> Paragraph:
    """A heading, a little larger than the text."""
    return Paragraph(words, _style(12, spaceBefore=8, spaceAfter=4))


def text(words: str) -> Paragraph:
    """A paragraph with its first line indented."""
    return Paragraph(words.replace("  ", "&nbsp;&nbsp;"), _style(10, firstLineIndent=20))


def grid(rows: Sequence[Sequence[str]], widths: Sequence[float], *, ruled: bool = True) -> Table:
    """A table, with lines around its cells or without any; long cells break over lines."""
    small = _style(9)
    cells = [[Paragraph(cell, small) for cell in row] for row in rows]
    table = Table(cells, colWidths=list(widths), repeatRows=1)
    if ruled:
        table.setStyle(
            [("GRID", (0, 0), (-1, -1), 0.5, colors.black), ("VALIGN", (0, 0), (-1, -1), "MIDDLE")]
        )
    return table


def spacer(height: float) -> Spacer:
    """Empty room of so many points."""
    return Spacer(1, height)


@cache
def font() -> str:
    """Register the font of boxes: ASCII half an em wide, all else one em."""
    codes = [*range(0x20, 0x7F), 0xA0, *range(0x2010, 0x2030), *range(0x3000, 0x30FF), *range(0x4E00, 0x9FA6)]
    codes += range(0xFF01, 0xFF5F)
    names = {code: f"u{code:04X}" for code in codes}
    order = [".notdef", *names.values()]
    wide = {names[code]: 500 if code < 0x100 else 1000 for code in codes}
    box = {500: _box(500), 1000: _box(1000)}
    builder = FontBuilder(1000, isTTF=True)
    builder.setupGlyphOrder(order)
    builder.setupCharacterMap(names)
    builder.setupGlyf({name: box[wide.get(name, 1000)] for name in order})
    builder.setupHorizontalMetrics({name: (wide.get(name, 1000), 50) for name in order})
    builder.setupHorizontalHeader(ascent=880, descent=-120)
    builder.setupNameTable({"familyName": FONT, "styleName": "Regular", "psName": FONT})
    builder.setupOS2(sTypoAscender=880, sTypoDescender=-120)
    builder.setupPost()
    file = io.BytesIO()
    builder.save(file)
    file.seek(0)
    pdfmetrics.registerFont(TTFont(FONT, file))
    return FONT


def _box(width: int) -> Any:
    pen = TTGlyphPen(None)
    for corner, step in (((50, -50), pen.moveTo), ((50, 800), pen.lineTo), ((width - 50, 800), pen.lineTo)):
        step(corner)
    pen.lineTo((width - 50, -50))
    pen.closePath()
    return pen.glyph()
