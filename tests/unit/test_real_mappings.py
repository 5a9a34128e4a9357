"""The mappings that come along, on the real files they are made for: every row counted, nothing personal kept."""

import collections
import dataclasses
import functools
from pathlib import Path

import pytest

from graph.errors import InvalidInput
from graph.names import looks_like_state_body
from graph.statements import Reject, SourceRecord
from ingest.mapping import load_mapping
from ingest.readers import rows
from ingest.source import Context

pytestmark = pytest.mark.real

SALT = "a salt for tests only"


@dataclasses.dataclass(frozen=True)
class Expected:
    """What a file gives: rows, rejected rows, nodes by type, edges by type, findings by code and column."""

    role: str
    read: int
    nodes: dict[str, int]
    edges: dict[str, int]
    rejected: int = 0
    findings: dict[tuple[str, str], int] = dataclasses.field(default_factory=dict)


FILES = {
    "ashare_2019/astock20190123.json": Expected(
        "companies",
        2185,
        {"Company": 2549, "Person": 2431, "Concept": 1122, "Security": 2185, "Industry": 66},
        {"CONTROLS": 3100, "HAS_CONCEPT": 17944, "IN_INDUSTRY": 2185, "ISSUED": 2185},
        findings={("uneven_lists", "controllers"): 2},
    ),
    "ashare_2019/topmanager20190121.csv": Expected(
        "executives", 30034, {"Company": 3598, "Person": 27508}, {"OFFICER_OF": 31968}
    ),
    "ashare_import/stock.csv": Expected(
        "stocks", 3188, {"Company": 3188, "Security": 3188}, {"ISSUED": 3188}
    ),
    "ashare_import/executive.csv": Expected("executives", 20872, {"Person": 20872}, {}),
    "ashare_import/executive_stock.csv": Expected(
        "offices", 24775, {"Person": 20872, "Company": 2868}, {"OFFICER_OF": 29073}
    ),
    "ashare_import/concept.csv": Expected("concepts", 163, {"Concept": 163}, {}),
    "ashare_import/stock_concept.csv": Expected(
        "stock_concepts", 9442, {"Company": 2716, "Concept": 163}, {"HAS_CONCEPT": 9442}
    ),
    "ashare_import/industry.csv": Expected("industries", 49, {"Industry": 49}, {}),
    "ashare_import/stock_industry.csv": Expected(
        "stock_industries", 2908, {"Company": 2903, "Industry": 49}, {"IN_INDUSTRY": 2908}
    ),
    "industry_chain/company.json": Expected(
        "companies",
        4654,
        {"Company": 4654, "Security": 4586},
        {"ISSUED": 4654},
        findings={("bad_value", "time"): 81, ("unmapped_value", "location"): 1},
    ),
    "industry_chain/company_industry.json": Expected(
        "company_industries", 4430, {"Company": 4430, "Industry": 335}, {"IN_INDUSTRY": 4430}
    ),
    "industry_chain/industry.json": Expected("industries", 511, {"Industry": 511}, {}),
    "industry_chain/industry_industry.json": Expected(
        "industry_parents", 480, {"Industry": 511}, {"IN_INDUSTRY": 480}
    ),
    "industry_chain/industry_up.json": Expected("upstream", 335, {"Industry": 335}, {"UPSTREAM_OF": 5256}),
    "industry_chain/product.json": Expected("products", 95559, {"Concept": 95473}, {}, rejected=1),
    "registry_deals/registry_10k.xlsx": Expected(
        "registry",
        10000,
        {"Company": 10000, "Person": 9993},
        {"OFFICER_OF": 10000},
        findings={
            ("bad_value", "统一信用代码"): 24,
            ("bad_value", "工商注册id"): 31,
            ("bad_value", "注册资金"): 6,
            ("not_in_yuan", "注册资金"): 195,
        },
    ),
    "registry_deals/invest_events_2k.xlsx": Expected(
        "deals",
        2000,
        {"Company": 3586, "Deal": 2000, "Person": 35},
        {"PARTY_TO": 4856},
        findings={("bad_value", "融资时间"): 2},
    ),
    "registry_deals/invest_institutions_1k.xlsx": Expected(
        "investors", 1000, {"Company": 956, "Person": 44}, {}
    ),
}

FORBIDDEN = {
    "高管薪酬", "高管性别", "高管国籍", "高管学历", "高管毕业学校", "gender", "age:int", "birthDate", "nationalities",
}  # fmt: skip


@functools.cache
def load(path: Path, name: str) -> list[SourceRecord | Reject]:
    role = load_mapping(name).role_for(path)
    return list(role.read(path, Context(stated=role.stated(path), salt=SALT)))


def records(path: Path, name: str) -> list[SourceRecord]:
    return [row for row in load(path, name) if isinstance(row, SourceRecord)]


@pytest.mark.parametrize("file", FILES)
def test_every_row_is_a_record_or_a_reject(shared_data, file):
    want, path, name = FILES[file], shared_data / "graph" / file, file.partition("/")[0]
    mapping = load_mapping(name)
    role = mapping.role_for(path)
    assert role.name == want.role
    found = load(path, name)
    kept = [row for row in found if isinstance(row, SourceRecord)]
    assert len(found) == sum(1 for _ in rows(path, role.spec.format.form())) == want.read
    assert len(found) - len(kept) == want.rejected
    assert (
        dict(collections.Counter(label for label, _ in {n.ref for r in kept for n in r.nodes})) == want.nodes
    )
    assert dict(collections.Counter(e.type for r in kept for e in r.edges)) == want.edges
    assert dict(collections.Counter((f.code, f.field) for r in kept for f in r.findings)) == want.findings
    assert {r.source for r in kept} == {mapping.source}
    assert not FORBIDDEN & {column for r in kept for column in r.body}
    for record in kept[:500]:
        again = role.record(record.body, record.line, Context(stated=record.stated, file=path.name))
        assert again == record, "a stored body must say what its row said"


def test_record_keys_repeat_only_where_rows_do(shared_data):
    for file, want in FILES.items():
        found = records(shared_data / "graph" / file, file.partition("/")[0])
        repeated = 1 if file.endswith("topmanager20190121.csv") else 0  # one executive stands there twice
        assert len({r.key for r in found}) == want.read - want.rejected - repeated, file


def test_dates(shared_data):
    stated = {
        file: load_mapping(file.partition("/")[0]).role_for(shared_data / "graph" / file).stated(Path(file))
        for file in FILES
    }
    assert str(stated["ashare_2019/astock20190123.json"]) == "2019-01-23"
    assert str(stated["ashare_2019/topmanager20190121.csv"]) == "2019-01-21"
    assert {str(day) for file, day in stated.items() if file.startswith("registry")} == {"2019-06-18"}
    assert None not in stated.values()


def test_controllers(shared_data):
    found = {r.key: r for r in records(shared_data / "graph/ashare_2019/astock20190123.json", "ashare_2019")}
    unknown = [r for r in found.values() if r.nodes[0].props.get("controller_unknown")]
    assert len(unknown) == 105
    assert not any(e.type == "CONTROLS" for r in unknown for e in r.edges)
    assert "601318.SH" in {r.key for r in unknown}
    edges = [e for r in found.values() for e in r.edges if e.type == "CONTROLS"]
    assert not any(e.type == "HOLDS" for r in found.values() for e in r.edges)
    assert max(e.props.get("ratio", 0) for e in edges) == pytest.approx(0.885821)
    assert sum(e.end.key == "600276.SH" and e.start.key == "600276.SH|孙飘扬" for e in edges) == 1
    sasac = [e for e in edges if e.start.key == "国务院国有资产监督管理委员会"]
    assert len(sasac) == 69
    nodes = {n.ref: n for r in found.values() for n in r.nodes}
    states = [n for n in nodes.values() if n.props.get("nature") == "state_body"]
    assert sum(looks_like_state_body(str(n.props["name"])) for n in states) >= len(states) - 3
    joint = [e for e in edges if e.end.key == "000005.SZ"]
    assert [(e.start.key, e.props["joint"], e.props["ratio"]) for e in joint] == [
        ("000005.SZ|丁芃", True, pytest.approx(0.219394)),
        ("000005.SZ|郑列列", True, pytest.approx(0.219394)),
    ]


def test_codes_regain_their_zeros(shared_data):
    found = records(shared_data / "graph/ashare_import/stock.csv", "ashare_import")
    assert sum(len(r.body["code"]) < 6 for r in found) == 1304
    assert all(len(r.key) == 9 for r in found)
    assert {r.body["code"]: r.key for r in found}["400"] == "000400.SZ"


def test_executives_ids_leave_no_trace(shared_data):
    path = shared_data / "graph/ashare_import/executive.csv"
    first, first_id = records(path, "ashare_import")[0], "dddbd3ad0f2e3fca80da88296298bb51"
    assert path.read_text(encoding="utf-8").splitlines()[1].startswith(first_id)
    assert first_id not in repr(first)
    offices = records(shared_data / "graph/ashare_import/executive_stock.csv", "ashare_import")
    assert offices[0].edges[0].start == first.nodes[0].ref
    with pytest.raises(InvalidInput, match="salt"):
        list(load_mapping("ashare_import").role_for(path).read(path, Context()))


def test_industries_meet_by_name(shared_data):
    chain = shared_data / "graph/industry_chain"
    known = {r.nodes[0].ref for r in records(chain / "industry.json", "industry_chain")}
    upstream = {n.ref for r in records(chain / "industry_up.json", "industry_chain") for n in r.nodes}
    assert {ref.key for ref in upstream - known} == {"其他建材iii", "其他能源设备iii"}, (
        "named nowhere else in the file"
    )


def test_deals_have_no_placeholders_for_parties(shared_data):
    found = records(shared_data / "graph/registry_deals/invest_events_2k.xlsx", "registry_deals")
    parties = collections.Counter(
        e.start.key for r in found for e in r.edges if e.props["role"] == "investors"
    )
    assert not {"未披露机构", "未披露", "个人天使", "未知", "无"} & set(parties)
    assert parties["深创投"] > 11
    amounts = {r.body["金额"]: r.nodes[0].props for r in found}
    assert amounts["3.5亿人民币"]["amount"] == 3.5e8
    assert amounts["数千万人民币"]["amount_stated"] == "数千万人民币"
    assert "amount" not in amounts["数千万人民币"]
    assert (amounts["1000万美元"]["currency"], "amount" in amounts["1000万美元"]) == ("USD", False)


def test_bods_examples(shared_data):
    bods, kinds = load_mapping("bods"), collections.Counter[str]()
    files = sorted((shared_data / "graph/bods").glob("*.json"))
    assert len(files) == 19
    for path in files:
        found = list(bods.role_for(path).read(path, Context()))
        assert found
        assert not any(isinstance(row, Reject) for row in found), path.name
        assert len(found) == len({row[1]["recordId"] for row in rows(path)})
        kinds.update(e.type for r in found for e in r.edges)
        assert not any(
            word in str(r.body) for r in found for word in ("birthDate", "nationalit", "TAXID", "York Road")
        )
    assert kinds == {"HOLDS": 36, "CONTROLS": 6, "OFFICER_OF": 3}
