"""BODS 0.4: statements in, nodes and edges with their history out."""

import datetime as dt
import json
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from graph.errors import InvalidInput
from graph.statements import Ref, Reject, SourceRecord
from ingest.bods import Bods
from ingest.source import Context

COMPANY = {"entityType": {"type": "registeredEntity"}, "name": "甲有限公司"}
PERSON = {"personType": "knownPerson", "names": [{"type": "legal", "fullName": "王某"}]}


def statement(record, kind, details, date="2020-01-01", status="new"):
    return {
        "statementId": f"{record}-{date}",
        "statementDate": date,
        "recordId": record,
        "recordType": kind,
        "recordStatus": status,
        "recordDetails": details,
        "publicationDetails": {"bodsVersion": "0.4", "publisher": {"name": "一处登记机关"}},
    }


def relation(interests, date="2020-01-01", status="new", party="p", **more):
    details = {"subject": "c", "interestedParty": party, "interests": interests, **more}
    return statement("r", "relationship", details, date, status)


def interest(kind, share=None, start=None, end=None, how="direct"):
    found = {"type": kind, "directOrIndirect": how, "share": share, "startDate": start, "endDate": end}
    return {name: value for name, value in found.items() if value is not None}


def read(folder: Path, statements, name="b.json"):
    path = folder / name
    text = (
        json.dumps(statements)
        if name.endswith(".json")
        else "".join(json.dumps(s) + "\n" for s in statements)
    )
    path.write_text(text, encoding="utf-8")
    role = Bods().role_for(path)
    found = list(role.read(path, Context()))
    for item in found:
        if isinstance(item, SourceRecord):
            assert role.record(item.body, item.line, Context(file=path.name)) == item
    return found


def edges(folder, *relations, parties=None):
    parties = parties or [statement("c", "entity", COMPANY), statement("p", "person", PERSON)]
    record = next(r for r in read(folder, [*parties, *relations]) if r.key == "r")
    return [(e.type, dict(e.props), e.valid_from, e.valid_to) for e in record.edges], record


def day(text):
    return dt.date.fromisoformat(text)


def test_a_company_with_everything(tmp_path):
    details = {
        **COMPANY,
        "alternateNames": ["甲"],
        "identifiers": [
            {"scheme": "XI-LEI", "id": "PY6ZZQWO2IZFZC3IOL08"},
            {"scheme": "CN-SAMR", "id": "913302040933533733"},
            {"scheme": "GB-COH", "id": "02723534"},
            {"scheme": "XI-LEI", "id": "PY6ZZQWO2IZFZC3IOL09"},
        ],
        "jurisdiction": {"code": "CN", "name": "China"},
        "foundingDate": "2014-03",
        "dissolutionDate": "2021-05-06",
        "addresses": [{"type": "registered", "address": "某路一号"}],
    }
    (record,) = read(tmp_path, [statement("c", "entity", details)])
    (node,) = record.nodes
    assert node.ref == Ref("Company", "c")
    assert node.props == {
        "name": "甲有限公司",
        "aliases": ["甲"],
        "lei": "PY6ZZQWO2IZFZC3IOL08",
        "uscc": "913302040933533733",
        "registry_id": "GB-COH:02723534",
        "country": "CN",
        "founded": day("2014-03-01"),
        "address": "某路一号",
    }
    assert node.valid_to == day("2021-05-06")
    assert record.stated == day("2020-01-01")
    assert [f.field for f in record.findings] == ["identifiers"]


@pytest.mark.parametrize(
    ("kind", "nature"), [("state", "state_body"), ("stateBody", "state_body"), ("arrangement", "arrangement")]
)
def test_natures(tmp_path, kind, nature):
    (record,) = read(tmp_path, [statement("c", "entity", {"entityType": {"type": kind}, "name": "某部"})])
    assert record.nodes[0].props == {"name": "某部", "nature": nature}


def test_of_people_only_the_name_is_kept(tmp_path):
    details = {
        **PERSON,
        "birthDate": "1990-06-12",
        "nationalities": [{"name": "Iraq", "code": "IQ"}],
        "addresses": [{"type": "service", "address": "secret street"}],
        "identifiers": [{"id": "7700225VH", "scheme": "IRL-TAXID"}],
        "taxResidencies": [{"code": "GB"}],
        "politicalExposure": {"status": "isPep"},
        "placeOfBirth": {"address": "secret town"},
        "deathDate": "2021-04-03",
    }
    (record,) = read(tmp_path, [statement("p", "person", details)])
    assert record.nodes[0].props == {"name": "王某"}
    for private in ("1990", "Iraq", "IQ", "secret", "7700225VH", "TAXID", "isPep", "2021-04-03"):
        assert private not in repr(record)


@pytest.mark.parametrize(
    ("share", "props"),
    [
        ({"exact": 76.5}, {"share_ratio": 0.765}),
        ({"minimum": 25, "exclusiveMaximum": 50}, {"share_min": 0.25, "share_max": 0.5}),
        ({"exclusiveMinimum": 75, "maximum": 100}, {"share_min": 0.75, "share_max": 1.0}),
        ({"minimum": 50, "maximum": 50}, {"share_ratio": 0.5}),
        ({"exact": 120}, {}),
        ({"minimum": 60, "maximum": 40}, {}),
        (None, {}),
    ],
)
def test_shares(tmp_path, share, props):
    found, record = edges(tmp_path, relation([interest("shareholding", share, "2019-01-01")]))
    assert found == [("HOLDS", props, day("2019-01-01"), None)]
    assert bool(record.findings) == (share is not None and not props)


def test_capital_votes_and_income_are_one_holding(tmp_path):
    found, _ = edges(
        tmp_path,
        relation(
            [
                interest("shareholding", {"exact": 40}, "2019-01-01"),
                interest("votingRights", {"minimum": 50, "maximum": 75}, "2019-06-01"),
                interest("rightsToProfitOrIncome", {"exact": 10}, "2019-01-01", "2019-09-01"),
            ]
        ),
    )
    votes = {"voting_min": 0.5, "voting_max": 0.75}
    assert found == [
        ("HOLDS", {"share_ratio": 0.4, "income_ratio": 0.1}, day("2019-01-01"), day("2019-06-01")),
        ("HOLDS", {"share_ratio": 0.4, "income_ratio": 0.1, **votes}, day("2019-06-01"), day("2019-09-01")),
        ("HOLDS", {"share_ratio": 0.4, **votes}, day("2019-09-01"), None),
    ]


def test_offices_and_control(tmp_path):
    kinds = (
        "boardMember",
        "boardChair",
        "seniorManagingOfficial",
        "trustee",
        "settlor",
        "otherInfluenceOrControl",
    )
    found, _ = edges(tmp_path, relation([interest(kind) for kind in kinds]))
    assert found == [
        *(("OFFICER_OF", {"office": office}, None, None) for office in ("董事", "董事长", "高级管理人员")),
        ("CONTROLS", {"nature": "trustee; settlor; otherInfluenceOrControl"}, None, None),
    ]
    entities = [statement("c", "entity", COMPANY), statement("p", "entity", COMPANY)]
    found, _ = edges(tmp_path, relation([interest("boardMember")]), parties=entities)
    assert found == [("CONTROLS", {"nature": "boardMember"}, None, None)]


def test_indirect_interests(tmp_path):
    indirect = interest("shareholding", {"exact": 30}, "2019-01-01", how="indirect")
    found, record = edges(tmp_path, relation([indirect], componentRecords=["x", "y"]))
    assert found == []
    assert [f.code for f in record.findings] == ["indirect_evidence"]
    found, _ = edges(tmp_path, relation([indirect]))
    assert found == [("CONTROLS", {"nature": "indirect shareholding", "ratio": 0.3}, day("2019-01-01"), None)]
    both = [indirect, interest("shareholding", {"exact": 5}, "2019-02-01")]
    found, _ = edges(tmp_path, relation(both, componentRecords=["x"]))
    assert found == [("HOLDS", {"share_ratio": 0.05}, day("2019-02-01"), None)]


def test_unknown_interests_are_holdings_of_unknown_size(tmp_path):
    for interests in ([], [{"directOrIndirect": "unknown"}], [interest("unknownInterest")]):
        found, record = edges(tmp_path, relation(interests))
        assert found == [("HOLDS", {}, None, None)]
        assert [f.code for f in record.findings] == ["interest_unspecified"]


def shares(exact, start=None, **more):
    return [interest("shareholding", {"exact": exact}, start, **more)]


@pytest.mark.parametrize(
    ("relations", "want"),
    [
        # each update brings a start of its own
        (
            [
                (shares(60, "2019-05-01"), "2019-06-01", "new"),
                (shares(70, "2020-05-01"), "2020-06-01", "updated"),
            ],
            [(0.6, "2019-05-01", "2020-05-01"), (0.7, "2020-05-01", None)],
        ),
        # the start is that of the interest, whose share changed since
        (
            [
                (shares(60, "2019-05-01"), "2019-06-01", "new"),
                (shares(70, "2019-05-01"), "2020-06-01", "updated"),
            ],
            [(0.6, "2019-05-01", "2020-06-01"), (0.7, "2020-06-01", None)],
        ),
        # nothing changed
        (
            [
                (shares(60, "2019-05-01"), "2019-06-01", "new"),
                (shares(60, "2019-05-01"), "2020-06-01", "updated"),
            ],
            [(0.6, "2019-05-01", None)],
        ),
        # no starts at all
        (
            [(shares(60), "2019-06-01", "new"), (shares(70), "2020-06-01", "updated")],
            [(0.6, "2019-06-01", "2020-06-01"), (0.7, "2020-06-01", None)],
        ),
        # closed, with and without a day of its own; statements out of order
        (
            [
                (shares(60, "2019-05-01"), "2021-06-01", "closed"),
                (shares(60, "2019-05-01"), "2019-06-01", "new"),
            ],
            [(0.6, "2019-05-01", "2021-06-01")],
        ),
        (
            [
                (shares(60, "2019-05-01"), "2019-06-01", "new"),
                (shares(60, "2019-05-01", end="2021-03-01"), "2021-06-01", "closed"),
            ],
            [(0.6, "2019-05-01", "2021-03-01")],
        ),
        ([(shares(60, "2019-05-01"), "2021-06-01", "closed")], [(0.6, "2019-05-01", "2021-06-01")]),
        # an update that no longer has the interest
        (
            [
                (shares(60, "2019-05-01"), "2019-06-01", "new"),
                ([interest("trustee")], "2020-06-01", "updated"),
            ],
            [(0.6, "2019-05-01", "2020-06-01")],
        ),
    ],
)
def test_successive_statements_are_a_history(tmp_path, relations, want):
    found, record = edges(tmp_path, *(relation(*r) for r in relations))
    holdings = [
        (p["share_ratio"], f and f.isoformat(), t and t.isoformat()) for k, p, f, t in found if k == "HOLDS"
    ]
    assert holdings == want
    assert record.stated == max(day(date) for _, date, _ in relations)


def test_names_that_changed(tmp_path):
    renamed = {**COMPANY, "name": "乙有限公司"}
    found = read(
        tmp_path,
        [statement("c", "entity", COMPANY), statement("c", "entity", renamed, "2021-01-01", "updated")],
        "b.jsonl",
    )
    assert [r.nodes[0].props for r in found] == [{"name": "乙有限公司", "former_names": ["甲有限公司"]}]


def test_parties_that_are_not_named(tmp_path):
    anonymous = {
        "personType": "anonymousPerson",
        "unspecifiedPersonDetails": {"reason": "noPersons", "description": "x y"},
    }
    found = read(
        tmp_path,
        [
            statement("c", "entity", COMPANY),
            statement("p", "person", anonymous),
            relation([interest("shareholding")]),
            statement(
                "s", "relationship", {"subject": "c", "interestedParty": {"reason": "noBeneficialOwners"}}
            ),
        ],
    )
    company, person, to_person, undisclosed = found
    assert company.nodes[0].props["controller_unknown"] is True
    assert (person.nodes, person.edges, to_person.edges, undisclosed.edges) == ((), (), (), ())
    assert [r.findings[0].code for r in found[1:]] == ["unspecified_party"] * 3
    assert "noPersons" in person.findings[0].message
    assert "x y" not in repr(found)


def test_a_party_of_another_file_keeps_its_type_open(tmp_path):
    (record,) = read(tmp_path, [relation(shares(10))])
    assert record.nodes == ()
    assert (record.edges[0].start, record.edges[0].end) == (Ref("", "p"), Ref("Company", "c"))


@pytest.mark.parametrize(
    ("broken", "reason"),
    [
        ({"statementType": "ownershipOrControlStatement"}, "older BODS"),
        ({"recordType": "goat", "recordId": "x"}, "unknown record type"),
        ({"recordType": "entity"}, "no recordId"),
        ({"recordType": "entity", "recordId": "x"}, "no recordDetails"),
    ],
)
def test_what_is_no_statement_is_a_reject(tmp_path, broken, reason):
    reject, record = read(tmp_path, [broken, statement("c", "entity", COMPANY)])
    assert isinstance(reject, Reject)
    assert reason in reject.reason
    assert record.key == "c"


def test_roles():
    assert Bods().role("statements").name == "statements"
    with pytest.raises(InvalidInput, match="no role goat"):
        Bods().role("goat")


JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False) | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3)
    | st.dictionaries(
        st.sampled_from(
            [
                *("type", "name", "names", "fullName", "alternateNames", "entityType", "identifiers", "id", "scheme"),
                *("subject", "interestedParty", "interests", "share", "exact", "minimum", "startDate", "reason"),
            ]
        ),
        inner,
        max_size=4,
    ),
    max_leaves=12,
)  # fmt: skip


@given(st.lists(st.tuples(st.sampled_from(["entity", "person", "relationship"]), JSON, JSON), max_size=4))
def test_any_details_give_records_or_rejects(tmp_path_factory, parts):
    made = [statement(f"i{n % 2}", kind, details, date) for n, (kind, details, date) in enumerate(parts)]
    found = read(tmp_path_factory.mktemp("b"), made, "b.jsonl")
    assert all(isinstance(item, SourceRecord | Reject) for item in found)
