"""The readers of the public formats, on sentences of our own; the split; errors that name the file."""

from __future__ import annotations

import json

import pytest

from graph.errors import DataError
from nlp.datasets import Event, EventText, LabelledText, Span, TaggedText, TextPair, in_dev, read


def written(tmp_path, text):
    path = tmp_path / "data.txt"
    path.write_text(text, encoding="utf-8")
    return path


def test_cluener(tmp_path):
    row = {
        "text": "云岭银行行长赵一鸣",
        "label": {"company": {"云岭银行": [[0, 3]]}, "name": {"赵一鸣": [[6, 8]]}},
    }
    [example] = read("cluener", written(tmp_path, json.dumps(row)))
    assert example == TaggedText("云岭银行行长赵一鸣", (Span(0, 4, "company"), Span(6, 9, "name")))


def test_resume(tmp_path):
    text = "赵 B-NAME\n鸣 E-NAME\n， O\n博 B-EDU\n士 E-EDU\n\n男 O\n"
    assert read("resume", written(tmp_path, text)) == [
        TaggedText("赵鸣，博士", (Span(0, 2, "NAME"), Span(3, 5, "EDU"))),
        TaggedText("男", ()),
    ]


def test_finner_marks_every_place_of_a_name_and_the_longer_name_first(tmp_path):
    row = [{"text": "云岭银行与云岭合作，云岭银行出资", "labels": ["云岭:公司", "云岭银行:公司"]}]
    [example] = read("finner", written(tmp_path, json.dumps(row)))
    assert [(s.start, s.end) for s in example.spans] == [(0, 4), (5, 7), (10, 14)]


def test_finese_joins_the_rows_of_one_text(tmp_path):
    text = "甲公司被罚，乙公司业绩下滑"
    rows = [
        ["1", text, "交易违规", "甲公司"],
        ["2", text, "业绩下滑", "乙公司"],
        ["3", "无事", "其他", "NaN"],
    ]
    assert read("finese", written(tmp_path, json.dumps(rows))) == [
        TaggedText(text, (Span(0, 3, "交易违规"), Span(6, 9, "业绩下滑"))),
        TaggedText("无事", ()),
    ]


def test_finre_marks_the_nearest_pair(tmp_path):
    [example] = read("finre", written(tmp_path, "甲\t乙\t持股\t甲说，甲持有乙\n\n"))
    assert example == LabelledText("甲说，甲持有乙", "持股", (Span(3, 4, "head"), Span(6, 7, "tail")))


def test_fewfc(tmp_path):
    row = {
        "id": "1",
        "content": "甲质押股份",
        "events": [
            {
                "type": "质押",
                "mentions": [
                    {"word": "甲", "span": [0, 1], "role": "sub-org"},
                    {"word": "质押", "span": [1, 3], "role": "trigger"},
                ],
            }
        ],
    }
    [example] = read("fewfc", written(tmp_path, json.dumps(row)))
    assert example == EventText(
        "甲质押股份", (Event("质押", Span(1, 3, "质押"), (Span(0, 1, "sub-org"),)),), frozenset({"质押"})
    )


def test_the_remaining_formats(tmp_path):
    assert read("stsb", written(tmp_path, "1||甲||乙||3.5\n")) == [TextPair("甲", "乙", 3.5)]
    assert read("finfe", written(tmp_path, '[["好", "1"], ["?", "x"]]')) == [LabelledText("好", "1")]
    table = "日期,公司,代码,正/负面,标题\n2020年1月1日,甲,1,0,甲亏损\n"
    assert read("news_sentiment", written(tmp_path, table)) == [LabelledText("甲亏损", "0")]


@pytest.mark.parametrize(
    ("task", "text"),
    [
        ("cluener", "no json"),
        ("cluener", "[]"),
        ("resume", "甲"),
        ("finre", "a\tb"),
        ("stsb", "1||2"),
        ("finner", "{}x"),
    ],
)
def test_a_file_in_another_format_is_named(tmp_path, task, text):
    path = written(tmp_path, text)
    with pytest.raises(DataError, match=str(path)):
        read(task, path)


def test_a_missing_file_and_a_binary_one(tmp_path):
    with pytest.raises(DataError, match="cannot be read"):
        read("cluener", tmp_path / "none.json")
    (tmp_path / "binary").write_bytes(b"\xff\xfe\x00")
    with pytest.raises(DataError, match="cannot be read"):
        read("cluener", tmp_path / "binary")


def test_the_split_goes_by_the_characters_alone():
    texts = [f"第{i}号公告" for i in range(2000)]
    share = sum(map(in_dev, texts)) / len(texts)
    assert 0.07 < share < 0.13
    assert all(in_dev(text) == in_dev(f" {text} ") for text in texts[:50])
    assert in_dev("ＡＢ１２") == in_dev("AB12")
