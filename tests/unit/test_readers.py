"""Readers: every format and encoding, and files that break off or were never whole."""

import datetime as dt
import gzip
import json
import lzma
from pathlib import Path

import openpyxl
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from graph.errors import InvalidInput
from graph.statements import Reject
from ingest.readers import Format, header, rows, stem, text_rows

CSV = "代码,名称,备注\n600276,恒瑞医药,一\n000001,平安银行,二\n"
WANT = [
    (2, {"代码": "600276", "名称": "恒瑞医药", "备注": "一"}),
    (3, {"代码": "000001", "名称": "平安银行", "备注": "二"}),
]


def write(folder: Path, name: str, content: bytes | str) -> Path:
    path = folder / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return path


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gbk", "gb18030", "utf-16"])
def test_encodings(tmp_path, encoding):
    path = write(tmp_path, "a.csv", CSV.encode(encoding))
    assert list(rows(path)) == WANT
    assert header(path) == ("代码", "名称", "备注")


def test_encoding_is_found_out_however_late_it_shows(tmp_path):
    plain = "".join(f"{i},x,y\n" for i in range(200_000))
    path = write(tmp_path, "a.csv", ("代码,名称,备注\n" + plain + "1,恒瑞,三\n").encode("gb18030"))
    assert list(rows(path))[-1] == (200_002, {"代码": "1", "名称": "恒瑞", "备注": "三"})


@pytest.mark.parametrize("delimiter", [",", ";", "\t", "|"])
def test_delimiters(tmp_path, delimiter):
    assert list(rows(write(tmp_path, "a.csv", CSV.replace(",", delimiter)))) == WANT


@pytest.mark.parametrize(("suffix", "opener"), [(".gz", gzip.open), (".xz", lzma.open)])
def test_compressed(tmp_path, suffix, opener):
    path = tmp_path / f"a.csv{suffix}"
    with opener(path, "wb") as file:
        file.write(CSV.encode("gb18030"))
    assert list(rows(path)) == WANT
    assert stem(path) == "a"


def test_quotes_line_ends_blank_lines_and_chosen_columns(tmp_path):
    text = 'a,b,c\r\n"x, ""1""","two\nlines",\r\n\r\n 2 ,,3\r\n'
    path = write(tmp_path, "a.csv", text)
    assert list(rows(path)) == [(2, {"a": 'x, "1"', "b": "two\nlines"}), (5, {"a": "2", "c": "3"})]
    assert list(rows(path, columns=["c", "a"])) == [(2, {"a": 'x, "1"'}), (5, {"c": "3", "a": "2"})]
    assert next(rows(path, columns=["b"])) == (2, {"b": "two\nlines"})


def lines_of(found):
    return [item.line if isinstance(item, Reject) else item[0] for item in found]


def rejected(found):
    return [item.line for item in found if isinstance(item, Reject)]


def test_wrong_width_is_one_reject(tmp_path):
    found = list(rows(write(tmp_path, "a.csv", "a,b\n1,2\n1\n1,2,3\n1,2,,\n4,5\n")))
    assert lines_of(found) == [2, 3, 4, 5, 6]
    assert rejected(found) == [3, 4]
    assert found[1].reason == "1 columns where the header has 2"


def test_an_open_quote_costs_its_line_only(tmp_path):
    found = list(rows(write(tmp_path, "a.csv", 'a,b\n1,2\n"3,4\n5,6\n7,"8\n')))
    assert [item for item in found if not isinstance(item, Reject)] == [
        (2, {"a": "1", "b": "2"}),
        (4, {"a": "5", "b": "6"}),
    ]
    assert rejected(found) == [3, 5]


def test_nul_and_undecodable_bytes_are_rejects(tmp_path):
    found = list(rows(write(tmp_path, "a.csv", b"a,b\n1,2\n3,\x004\n\xff\xff,6\n7,8\n")))
    assert lines_of(found) == [2, 3, 4, 5]
    assert rejected(found) == [3, 4]


def test_truncated_gzip_keeps_what_stands_before(tmp_path):
    whole = gzip.compress("".join(f"{i},{i * 7919}\n" for i in range(50_000)).encode())
    path = write(tmp_path, "a.csv.gz", gzip.compress(b"a,b\n") + whole[: len(whole) // 2])
    *before, last = rows(path)
    assert isinstance(last, Reject)
    assert "breaks off" in last.reason
    assert len(before) > 10_000
    assert last.line == len(before) + 2
    assert not rejected(before)


def test_truncated_csv(tmp_path):
    found = list(rows(write(tmp_path, "a.csv", CSV.encode()[:-8])))
    assert found[0] == WANT[0]
    assert rejected(found) == [3]


@pytest.mark.parametrize(
    ("name", "content", "field", "message"),
    [
        ("missing.csv", None, "file", "does not exist"),
        ("a.pdf", "x", "file", "unknown kind"),
        ("a.csv", "", "file", "empty"),
        ("a.csv", "a,a\n1,2\n", "file", "twice"),
        ("a.xlsx", "not a workbook", "file", "not a readable"),
        ("a.json", "", "file", "empty"),
        ("a.json", '{"a": 1,\n "b": 2}', "file", "neither"),
    ],
)
def test_refusals(tmp_path, name, content, field, message):
    path = tmp_path / name
    if content is not None:
        write(tmp_path, name, content)
    with pytest.raises(InvalidInput, match=message) as caught:
        list(rows(path))
    assert caught.value.field == field


def test_missing_column_is_named_with_those_present(tmp_path):
    with pytest.raises(InvalidInput, match="no column 价格") as caught:
        list(rows(write(tmp_path, "a.csv", CSV), columns=["代码", "价格"]))
    assert "名称" in caught.value.hint


# --- JSON ------------------------------------------------------------------------------------------------------

OBJECTS = [{"a": 1, "b": ["x", "y"]}, {"a": 2, "b": []}]


@pytest.mark.parametrize(
    ("name", "text", "lines"),
    [
        ("a.jsonl", "".join(json.dumps(o) + "\n" for o in OBJECTS), [1, 2]),
        ("a.json", "".join(json.dumps(o) + "\n" for o in OBJECTS), [1, 2]),
        ("a.json", "".join(f"{o!r}\n" for o in OBJECTS), [1, 2]),
        ("a.json", json.dumps(OBJECTS), [1, 1]),
        ("a.json", json.dumps(OBJECTS, indent=1), [2, 9]),
        ("a.json", json.dumps({"meta": 1, "rows": OBJECTS}, indent=1), [1, 2]),
    ],
)
def test_json_forms(tmp_path, name, text, lines):
    found = list(rows(write(tmp_path, name, text)))
    assert [item[1] for item in found] == OBJECTS
    assert lines_of(found) == lines
    assert [item[1] for item in text_rows(tmp_path / name)] == [{"a": "1", "b": '["x", "y"]'}, {"a": "2"}]


def test_named_list_and_the_object_itself(tmp_path):
    path = write(tmp_path, "a.json", json.dumps({"one": [{"a": 1}], "two": [{"a": 2}]}))
    assert list(rows(path, Format(items="two"))) == [(1, {"a": 2})]
    assert list(rows(path, Format(items="."))) == [(1, {"one": [{"a": 1}], "two": [{"a": 2}]})]


def test_large_array_is_read_in_pieces(tmp_path):
    many = [{"n": i, "text": "字" * 50} for i in range(30_000)]
    assert [item[1] for item in rows(write(tmp_path, "a.json", json.dumps(many, ensure_ascii=False)))] == many


@pytest.mark.parametrize(
    "broken",
    ['{"a": 1', "[1, 2]", '{"a": "\\ud800"}', '{"a": "\\u0000"}', "[" * 5000, "nonsense"],
)
def test_broken_json_line_is_one_reject(tmp_path, broken):
    found = list(rows(write(tmp_path, "a.jsonl", f'{{"a": 0}}\n{broken}\n{{"a": 2}}\n')))
    assert lines_of(found) == [1, 2, 3]
    assert rejected(found) == [2]


def test_truncated_array(tmp_path):
    text = json.dumps([{"a": i} for i in range(100)], indent=0)
    *before, last = rows(write(tmp_path, "a.json", text[: len(text) // 2]))
    assert [item[1]["a"] for item in before] == list(range(len(before)))
    assert isinstance(last, Reject)
    assert len(before) == 49 or len(before) == 50
    assert last.line > 3 * len(before)


# --- XLSX ------------------------------------------------------------------------------------------------------


def test_workbook(tmp_path):
    book = openpyxl.Workbook()
    book.active.title = "空"
    sheet = book.create_sheet("数据")
    for row in (
        ("代码", "日", "数", None),
        (276, dt.date(2020, 1, 2), 1.5, "x"),
        (None,) * 4,
        ("000001", None, 2.0),
    ):
        sheet.append(row)
    path = tmp_path / "a.xlsx"
    book.save(path)
    assert list(rows(path, Format(sheet="数据"))) == [
        (2, {"代码": "276", "日": "2020-01-02", "数": "1.5"}),
        (4, {"代码": "000001", "数": "2"}),
    ]
    with pytest.raises(InvalidInput, match="no sheet 表") as caught:
        list(rows(path, Format(sheet="表")))
    assert caught.value.field == "sheet"
    with pytest.raises(InvalidInput, match="empty"):
        list(rows(path))


# --- whatever bytes there are ------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", ["a.csv", "a.json", "a.jsonl", "a.xlsx", "a.csv.gz", "a.json.xz"])
@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None, max_examples=150)
@given(
    content=st.binary(max_size=300)
    | st.text(alphabet='a,"\n\r;\t[]{}:\\u0139eE.-"恒', max_size=120).map(lambda t: t.encode("gb18030"))
    | st.lists(st.text(max_size=8)).map(lambda parts: ("a,b\n" + "\n".join(parts)).encode(errors="replace"))
)
@example(content=b'a,b\n"' + b"x\n" * 50)
@example(content=b"\xef\xbb\xbf")
@example(content=b"{'a': '\\d'}\n")
def test_any_bytes_give_rows_or_rejects_or_a_refusal(tmp_path, name, content):
    path = write(tmp_path, name, content)
    for compress, suffix in ((gzip.compress, ".gz"), (lzma.compress, ".xz")):
        if name.endswith(suffix) and len(content) % 2:
            path.write_bytes(compress(content)[: -(len(content) % 5) or None])
    try:
        found = list(rows(path))
    except InvalidInput:
        return
    before = 0
    for item in found:
        if isinstance(item, Reject):
            assert item.reason
        else:
            assert isinstance(item[1], dict)
        line = lines_of([item])[0]
        assert line >= before
        before = line
