"""The native form: columns of the schema in, records out."""

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import InvalidInput
from graph.schema import edge_types, node_types
from graph.statements import EdgeStatement, NodeStatement, Ref, Reject, SourceRecord
from ingest.native import Native
from ingest.source import Context


def load(path: Path) -> list[SourceRecord | Reject]:
    return list(Native().role_for(path).read(path, Context()))


def write(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text, encoding="utf-8")
    return path


def test_company_row(tmp_path):
    path = write(
        tmp_path,
        "company.csv",
        "id,name,uscc,code,former_names,founded,capital,client\n"
        "c1,宁波西铁供应链管理有限公司,913302040933533733,600276,甲公司;乙公司;甲公司,2014-03-12,5000000,是\n",
    )
    (record,) = load(path)
    assert record == SourceRecord(
        key="c1",
        body={
            "id": "c1",
            "name": "宁波西铁供应链管理有限公司",
            "uscc": "913302040933533733",
            "code": "600276",
            "former_names": "甲公司;乙公司;甲公司",
            "founded": "2014-03-12",
            "capital": "5000000",
            "client": "是",
        },
        nodes=(
            NodeStatement(
                Ref("Company", "c1"),
                {
                    "name": "宁波西铁供应链管理有限公司",
                    "uscc": "913302040933533733",
                    "code": "600276.SH",
                    "former_names": ["甲公司", "乙公司"],
                    "founded": dt.date(2014, 3, 12),
                    "capital": 5e6,
                    "client": True,
                },
            ),
        ),
        edges=(),
        source="native",
        line=2,
    )


def test_edge_row_with_everything(tmp_path):
    path = write(
        tmp_path,
        "HOLDS.csv",
        "from,to,share_ratio,share_class,valid_from,valid_to,known_from,compartments,source,key,votes_entrusted_to\n"
        "p1,c1,0.25,A,2020-01-01,2021-01-01,2020-02-01,deal-b|deal-a,filing,k1,p2\n",
    )
    (record,) = load(path)
    assert (record.key, record.source, record.compartments) == ("k1", "filing", ("deal-a", "deal-b"))
    assert record.known_from == dt.date(2020, 2, 1)
    assert record.edges == (
        EdgeStatement(
            "HOLDS",
            Ref("", "p1"),
            Ref("Company", "c1"),
            {"share_ratio": 0.25, "share_class": "A", "votes_entrusted_to": "p2"},
            dt.date(2020, 1, 1),
            dt.date(2021, 1, 1),
        ),
    )


def test_default_edge_key_tells_facts_apart(tmp_path):
    text = "from,to,share_class,valid_from\na|b,c,,\na,b|c,,\na,b,A,\na,b,B,\na,b,A,2020-01-01\n"
    keys = [record.key for record in load(write(tmp_path, "HOLDS.csv", text))]
    assert len(set(keys)) == 5
    assert keys[2] == "a|b|A|"


def test_reference_fields_become_parties(tmp_path):
    path = write(
        tmp_path,
        "Guarantee.csv",
        "id,debtor,creditor,guarantor,amount,valid_from\ng1,c1,c2,p1,100,2020-01-01\n",
    )
    (record,) = load(path)
    assert record.nodes[0].props == {"amount": 100.0}
    assert [(e.type, e.start, e.end, e.props, e.valid_from) for e in record.edges] == [
        ("PARTY_TO", Ref("", key), Ref("Guarantee", "g1"), {"role": role}, dt.date(2020, 1, 1))
        for key, role in (("c1", "debtor"), ("c2", "creditor"), ("p1", "guarantor"))
    ]


def test_json_lines_with_lists_and_numbers(tmp_path):
    row = {"id": "a1", "parties": ["p1", "p2"], "target": "c1", "valid_from": "2020-01-01", "name": None}
    path = write(tmp_path, "ConcertAgreement.jsonl", json.dumps(row) + "\n")
    (record,) = load(path)
    assert [(e.start, e.props["role"]) for e in record.edges] == [
        (Ref("", "p1"), "parties"),
        (Ref("", "p2"), "parties"),
        (Ref("Company", "c1"), "target"),
    ]
    role = Native().role("CONCERT_AGREEMENT")
    assert role.record(record.body, record.line, Context()) == record


@pytest.mark.parametrize(
    ("column", "text", "left"),
    [
        ("share_ratio", "1.2", {}),
        ("share_ratio", "nan", {}),
        ("share_ratio", "5%", {}),
        ("share_ratio", "0_1", {}),
        ("amount", "-1", {}),
        ("amount", "1e400", {}),
        ("share_ratio", "1", {"share_ratio": 1.0}),
    ],
)
def test_bad_value_is_dropped_with_a_finding(tmp_path, column, text, left):
    (record,) = load(write(tmp_path, "HOLDS.csv", f"from,to,{column}\na,b,{text}\n"))
    assert record.edges[0].props == left
    assert [(f.field, f.value, f.line) for f in record.findings] == ([] if left else [(column, text, 2)])


def test_failed_check_digit_keeps_the_company(tmp_path):
    (record,) = load(write(tmp_path, "Company.csv", "id,name,uscc\nc1,甲,913302040933533734\n"))
    assert record.nodes[0].props == {"name": "甲"}
    assert record.findings[0].field == "uscc"


def test_reversed_intervals_are_dropped(tmp_path):
    text = "from,to,share_min,share_max,valid_from,valid_to\na,b,0.5,0.25,2021-01-01,2020-01-01\n"
    (record,) = load(write(tmp_path, "HOLDS.csv", text))
    assert record.edges[0].props == {}
    assert (record.edges[0].valid_from, record.edges[0].valid_to) == (dt.date(2021, 1, 1), None)
    assert [f.field for f in record.findings] == ["share_max", "valid_to"]


@pytest.mark.parametrize(
    ("name", "text", "reason"),
    [
        ("Company.csv", "id,name\n,甲\n", "no id"),
        ("HOLDS.csv", "from,to\n,b\n", "no from"),
        ("HOLDS.csv", "from,to\na,\n", "no to"),
        ("HOLDS.csv", "from,to,from_type\na,b,Goat\n", "unknown type Goat"),
        ("HOLDS.csv", "from,to\na,b,c\n", "3 columns where the header has 2"),
        ("HOLDS.jsonl", '{"from":"a","to":"b"}\n{"from":"a","to":"b","goat":1}\n', "unknown column goat"),
    ],
)
def test_rejects(tmp_path, name, text, reason):
    *_, reject = load(write(tmp_path, name, text))
    assert isinstance(reject, Reject)
    assert (reject.file, reject.line) == (name, 2)
    assert reason in reject.reason


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("Goat.csv", "id\n1\n", "no type"),
        ("Company.csv", "id,goat\n1,2\n", "unknown column goat"),
        ("Company.csv", "name\n甲\n", "no column id"),
        ("HOLDS.csv", "from,share_ratio\na,1\n", "no column to"),
        ("Company.csv", "", "empty"),
    ],
)
def test_refusals_name_what_is_wrong(tmp_path, name, text, message):
    with pytest.raises(InvalidInput, match=message):
        load(write(tmp_path, name, text))


@pytest.mark.parametrize("name", [*node_types(), *edge_types()])
def test_every_type_has_a_role_that_reads_all_of_its_columns(tmp_path, name):
    role = Native().role_for(Path(f"{name.lower()}.csv"))
    assert role.name == name
    needed = dict.fromkeys(role.needed, "x")
    path = write(tmp_path, f"{name}.csv", f"{','.join(needed)}\n{','.join(needed.values())}\n")
    (record,) = load(path)
    assert isinstance(record, SourceRecord)
    assert not record.findings


@given(st.dictionaries(st.sampled_from(Native().role("HOLDS").columns), st.text(min_size=1)))
def test_any_text_gives_a_record_or_a_reject(body):
    role = Native().role("HOLDS")
    made = role.record(body, 2, Context(file="HOLDS.csv"))
    assert isinstance(made, SourceRecord | Reject)
    if isinstance(made, SourceRecord):
        assert made.body == body
        assert body["from"] == made.edges[0].start.key
