"""Mapping files: what they may say, and what rows become."""

import datetime as dt
import re
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import InvalidInput
from graph.statements import EdgeStatement, NodeStatement, Ref, Reject, SourceRecord
from ingest.mapping import MappedSource, MappingSpec, available_mappings, load_mapping
from ingest.source import Context

DOCS = Path(__file__).parents[2] / "docs" / "mappings.md"

BASE = """
name: test
title: 测试
source: test
kind: stream
files:
  rows:
    pattern: 'rows*.csv'
    key: code
    values:
      code: {column: code, kind: code, pad: true}
      name: {column: name, kind: name, optional: true}
    nodes:
      company: {type: Company, primary: true, key: code, fields: {code: code, short_name: name}}
"""


def changed(**into):
    spec = yaml.safe_load(BASE)
    for path, value in into.items():
        *parents, last = path.split("__")
        place = spec
        for parent in parents:
            place = place[parent]
        place[last] = value
    return spec


def source(spec):
    return MappedSource(MappingSpec.model_validate(spec), "x")


def read(folder, spec, text, **context):
    path = folder / "rows.csv"
    path.write_text(text, encoding="utf-8")
    mapping = source(spec)
    role = mapping.role_for(path)
    found = list(role.read(path, Context(**context)))
    for item in found:
        if isinstance(item, SourceRecord):
            again = role.record(item.body, item.line, Context(file=path.name, stated=context.get("stated")))
            assert again == item, "a stored body must say what its row said"
    return found


# --- the documented example --------------------------------------------------------------------------------------


def test_the_example_in_the_docs_does_what_it_says(tmp_path):
    blocks = re.findall(r"```(?:\w*)\n(.*?)```", DOCS.read_text(encoding="utf-8"), re.DOTALL)
    csv_text, mapping = blocks[0], blocks[1]
    (tmp_path / "holders.yaml").write_text(mapping, encoding="utf-8")
    path = tmp_path / "holders.csv"
    path.write_text(csv_text, encoding="utf-8")
    loaded = load_mapping(tmp_path / "holders.yaml")
    assert (loaded.name, loaded.namespace, loaded.snapshot, loaded.rank) == ("holders", "holders", True, 50)
    (record,) = loaded.role_for(path).read(path, Context())
    assert record.stated == dt.date(2023, 12, 31)
    assert record.nodes == (
        NodeStatement(Ref("Company", "600276.SH"), {"code": "600276.SH", "short_name": "恒瑞医药"}),
        NodeStatement(
            Ref("Company", "甲集团有限公司"),
            {"name": "甲集团有限公司", "nature": "state_owned"},
            primary=False,
        ),
        NodeStatement(Ref("Person", "600276.SH|王某"), {"name": "王某"}, primary=False),
    )
    assert [(e.type, e.start.key, e.end.key, dict(e.props)) for e in record.edges] == [
        ("HOLDS", "甲集团有限公司", "600276.SH", {"share_ratio": 0.2411}),
        ("HOLDS", "600276.SH|王某", "600276.SH", {"share_ratio": 0.035}),
    ]


# --- rows ------------------------------------------------------------------------------------------------------


def test_codes_are_padded_and_bad_ones_leave_no_key(tmp_path):
    found = read(tmp_path, yaml.safe_load(BASE), "code,name,age\n1,平安银行,3\n99,不详,4\nabc,x,5\n,y,6\n")
    assert found[0].key == "000001.SZ"
    assert found[0].body == {"code": "1", "name": "平安银行"}, "unmapped columns are never kept"
    assert found[1].nodes[0].props == {"code": "000099.SZ"}, "a placeholder is no name"
    assert [type(item) for item in found[2:]] == [Reject, Reject]
    assert found[2].reason.startswith("no usable key: code is 'abc'; exchange code 'abc' is not")
    assert found[3].reason == "no usable key: code is ''"
    assert [item.line for item in found[2:]] == [4, 5]


def test_bad_values_become_findings_and_leave_the_rest(tmp_path):
    values = {
        "code": {"column": "code", "kind": "code"},
        "capital": {"column": "capital", "kind": "money", "unit": "万元"},
        "founded": {"column": "founded", "kind": "date"},
        "uscc": {"column": "uscc", "kind": "uscc"},
        "nature": {"column": "nature", "map": {"国企": "state_owned", "无": None}},
    }
    fields = {name: name for name in values}
    spec = changed(files__rows__values=values, files__rows__nodes__company__fields=fields)
    text = (
        "code,capital,founded,uscc,nature\n"
        "600276,100,2020-02-30,913302040933533734,国企\n"
        "600276,数千万,2020年2月,913302040933533733,外企\n"
        "600276,100万美元,1999,,无\n"
    )
    first, second, third = read(tmp_path, spec, text)
    assert first.nodes[0].props == {"code": "600276.SH", "capital": 1e6, "nature": "state_owned"}
    assert [(f.code, f.field, f.value, f.line) for f in first.findings] == [
        ("bad_value", "founded", "2020-02-30", 2),
        ("bad_value", "uscc", "913302040933533734", 2),
    ]
    assert second.nodes[0].props == {
        "code": "600276.SH", "founded": dt.date(2020, 2, 1), "uscc": "913302040933533733",
    }  # fmt: skip
    assert [f.code for f in second.findings] == ["not_exact", "unmapped_value"]
    assert [f.code for f in third.findings] == ["not_in_yuan"]
    assert third.nodes[0].props == {"code": "600276.SH", "founded": dt.date(1999, 1, 1)}


def test_joint_controllers_share_one_ratio(tmp_path):
    spec = changed(
        files__rows__values__ratio={"column": "ratio", "kind": "ratio", "unit": "%"},
        files__rows__lists={"owners": {"owner": {"column": "owners", "split": "、", "kind": "name"}}},
    )
    spec["files"]["rows"]["nodes"]["owner"] = {
        "type": {"name": "owner", "default": "Person"},
        "each": "owners",
        "key": {"Company": "owner", "Person": ["code", "owner"]},
        "fields": {"name": "owner"},
    }
    spec["files"]["rows"]["edges"] = [
        {
            "type": "CONTROLS",
            "from": "owner",
            "to": "company",
            "fields": {"ratio": "ratio", "joint": {"several": "owners"}},
        }
    ]
    text = "code,ratio,owners\n600276,21.5,甲、乙有限公司、甲\n600277,101,丙\n600278,,不详\n"
    first, second, third = read(tmp_path, spec, text)
    assert first.edges == (
        EdgeStatement(
            "CONTROLS",
            Ref("Person", "600276.SH|甲"),
            Ref("Company", "600276.SH"),
            {"ratio": 0.215, "joint": True},
        ),
        EdgeStatement(
            "CONTROLS",
            Ref("Company", "乙有限公司"),
            Ref("Company", "600276.SH"),
            {"ratio": 0.215, "joint": True},
        ),
    )
    assert second.edges[0].props == {}
    assert [f.field for f in second.findings] == ["ratio"]
    assert (third.edges, len(third.nodes)) == ((), 1)


def test_short_lists_and_their_finding(tmp_path):
    lists = {
        "owners": {
            "owner": {"column": "owners", "split": "、", "kind": "name"},
            "weight": {"column": "weights", "split": "、", "kind": "number"},
        }
    }
    spec = changed(files__rows__lists=lists)
    spec["files"]["rows"]["nodes"]["owner"] = {"type": "Company", "each": "owners", "key": "owner"}
    spec["files"]["rows"]["edges"] = [
        {"type": "SUPPLIES", "from": "owner", "to": "company", "fields": {"amount": "weight"}}
    ]
    text = "code,owners,weights\n600276,甲、乙、丙,1、2\n600277,甲、乙,7\n600278,甲、-、乙,1、2、-3\n"
    first, second, third = read(tmp_path, spec, text)
    assert [e.props.get("amount") for e in first.edges] == [1.0, 2.0, None]
    assert [f.code for f in first.findings] == ["uneven_lists"]
    assert [e.props.get("amount") for e in second.edges] == [7.0, 7.0], "one item holds for all"
    assert [e.props for e in third.edges] == [{"amount": 1.0}, {}], "a negative amount is none"
    assert [f.value for f in third.findings] == ["-3.0"]


def test_salted_columns_leave_nothing_behind(tmp_path):
    spec = changed(files__rows__salted=["person"])
    spec["files"]["rows"]["values"]["person"] = "person"
    spec["files"]["rows"]["nodes"]["person"] = {"type": "Person", "key": "person"}
    spec["files"]["rows"]["edges"] = [{"type": "OFFICER_OF", "from": "person", "to": "company"}]
    text = "code,person\n600276,secret-id\n600277,secret-id\n"
    first, second = read(tmp_path, spec, text, salt="one salt of many")
    (other, _) = read(tmp_path, spec, text, salt="another salt yet")
    assert "secret-id" not in repr(first)
    assert first.edges[0].start == second.edges[0].start != other.edges[0].start
    with pytest.raises(InvalidInput, match="salt"):
        read(tmp_path, spec, text)


def test_rows_without_a_key_column_are_keyed_by_what_they_say(tmp_path):
    spec = yaml.safe_load(BASE)
    del spec["files"]["rows"]["key"]
    first, same, other = read(tmp_path, spec, "x,code,name\n1,600276,甲\n2,600276,甲\n3,600276,乙\n")
    assert first.key == same.key != other.key


def test_record_keys_tell_apart_what_node_keys_join(tmp_path):
    spec = changed(files__rows__key="name", files__rows__nodes__company__key="name")
    found = read(
        tmp_path, spec, "code,name\n600276,腾讯科技（深圳）有限公司\n600276,腾讯科技(深圳)有限公司\n"
    )
    assert len({r.key for r in found}) == 2
    assert len({r.nodes[0].ref for r in found}) == 1


@given(st.dictionaries(st.sampled_from(["code", "name"]), st.text(min_size=1)))
def test_any_body_gives_a_record_or_a_reject(body):
    made = source(yaml.safe_load(BASE)).role("rows").record(body, 2, Context())
    assert isinstance(made, SourceRecord | Reject)


# --- which day, which file -------------------------------------------------------------------------------------


def test_dates():
    day = dt.date(2019, 1, 23)
    named = source(changed(date={"filename": r"\d{8}"})).role("rows")
    assert named.stated(Path("rows20190123.csv")) == day
    assert named.stated(Path("rows.csv"), day) == day
    with pytest.raises(InvalidInput, match="holds no date"):
        named.stated(Path("rows20191399.csv"))
    assert source(changed(date=day)).role("rows").stated(Path("rows.csv")) == day
    assert source(changed()).role("rows").stated(Path("rows.csv")) is None


def test_a_file_is_known_by_its_name_or_its_columns(tmp_path):
    mapping = source(changed())
    other = tmp_path / "other.csv"
    other.write_text("code,name\n", encoding="utf-8")
    assert mapping.role_for(other).name == "rows"
    other.write_text("x\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="none of its files") as caught:
        mapping.role_for(other)
    assert "rows*.csv (code)" in caught.value.hint
    wrong = tmp_path / "rows1.csv"
    wrong.write_text("x\n", encoding="utf-8")
    with pytest.raises(InvalidInput, match="no column code"):
        list(mapping.role_for(wrong).read(wrong, Context()))


# --- mistakes in a mapping -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"colour": 1}, "colour: unknown key"),
        ({"files__rows__values__code": {"colum": "code"}}, "files.rows.values.code.colum: unknown key"),
        ({"kind": "dump"}, "kind: "),
        ({"files": {}}, "files: "),
        ({"files__rows__values__code": {"column": "code", "kind": "colour"}}, "values.code.kind"),
        ({"files__rows__values__code": {}}, "values.code: needs exactly one of"),
        ({"files__rows__key": "cod"}, "files.rows.key: no value is called cod"),
        ({"files__rows__nodes__company__type": "Goat"}, "nodes.company.type: no node type is called Goat"),
        ({"files__rows__nodes__company__fields": {"colour": "code"}}, "Company has no such field"),
        ({"files__rows__nodes__company__fields": {"name": "colour"}}, "no value is called colour"),
        ({"files__rows__nodes__company__fields": {"capital": "code"}}, "holds a number; a value of kind code"),
        ({"files__rows__nodes__company__fields": {"former_names": "name"}}, "a list needs a value that is split"),
        ({"files__rows__nodes__company__each": "things"}, "no list is called things"),
        ({"files__rows__nodes__company__valid_from": "code"}, "code is no date"),
        ({"files__rows__edges": [{"type": "LIKES", "from": "company", "to": "x"}]}, "no edge type is called LIKES"),
        ({"files__rows__edges": [{"type": "HOLDS", "from": "company", "to": "x"}]}, "no node is called x"),
        (
            {"files__rows__edges": [{"type": "OFFICER_OF", "from": "company", "to": "company"}]},
            "cannot stand at a Company",
        ),
        ({"files__rows__salted": ["x"]}, "no value reads the column x"),
        ({"files__rows__lists": {"a": {"b": "c"}}}, "none of its values is split"),
    ],
)  # fmt: skip
def test_mistakes_are_named_with_their_place(tmp_path, change, message):
    path = tmp_path / "test.yaml"
    path.write_text(yaml.safe_dump(changed(**change), allow_unicode=True), encoding="utf-8")
    with pytest.raises(InvalidInput, match=re.escape(message)) as caught:
        load_mapping(path)
    assert caught.value.field == "mapping"
    assert "test.yaml" in caught.value.message


def test_unknown_mappings_are_refused_with_those_there_are(tmp_path):
    with pytest.raises(InvalidInput, match="no mapping goat") as caught:
        load_mapping("goat")
    assert all(name in caught.value.hint for name in available_mappings())
    (tmp_path / "bad.yaml").write_text("a: [", encoding="utf-8")
    with pytest.raises(InvalidInput, match="not YAML"):
        load_mapping(tmp_path / "bad.yaml")


def test_everything_that_comes_along_loads_and_says_what_it_is():
    assert set(available_mappings()) == {
        "ashare_2019", "ashare_import", "industry_chain", "registry_deals", "native", "bods", "risk-alerts", "desk",
        "reading", "tag-rules", "tier-rules",
    }  # fmt: skip
    for name, title in available_mappings().items():
        loaded = load_mapping(name)
        assert (loaded.name, loaded.title) == (name, title)
        assert loaded.namespace
        assert loaded.fingerprint == load_mapping(name).fingerprint
    fingerprints = {load_mapping(name).fingerprint for name in available_mappings()}
    assert len(fingerprints) == len(available_mappings())
