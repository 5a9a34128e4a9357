"""Readings as records: what a claim makes, what waits, and which events are one, whatever the order and batches."""

import dataclasses
import datetime as dt
import itertools
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ids import entity_handle
from ingest import stories
from ingest.read_documents import Holder, HoldersTable
from ingest.reading_rows import believed, claims_of, rows_of, waits
from ingest.said import Correction, corrected, made, said_of
from ingest.source import Context
from ingest.written import reading
from nlp.found import Candidate, Quantity
from tests.readings import Shelf, Text

WORLD = {
    "Company": [
        {"id": "river", "name": "澄江医药股份有限公司", "short_name": "澄江医药", "code": "600001.SH"},
        {"id": "group", "name": "澄江集团有限公司"},
    ],
    "Person": [{"id": "chair", "name": "周澄"}],
    "OFFICER_OF": [{"from": "chair", "to": "river", "office": "董事"}],
}
RIVER, GROUP = (entity_handle("native", "Company", key) for key in ("river", "group"))
CHAIR = entity_handle("native", "Person", "chair")


def told(kind, ends=((GROUP, "Company"), (RIVER, "Company")), **more):
    text = Text("n1", "澄江集团与澄江医药。")
    first, second = text.name("澄江集团", ends[0]), text.name("澄江医药", ends[1])
    return text.relation(kind, first, second, **more).read()


def follows(read):
    (said,) = claims_of(read)
    return made(said)


@pytest.mark.parametrize(
    ("kind", "ends", "more", "makes", "values"),
    [
        ("holds", "CC", {"value": Quantity(0.3, "ratio")}, "HOLDS", {"share_ratio": "0.3"}),
        ("holds", "CC", {"value": Quantity(0.3, "ratio", 0.2, 0.3)}, "HOLDS", {"share_min": "0.2", "share_max": "0.3"}),
        ("holds", "CC", {"value": Quantity(2e8, "CNY")}, "HOLDS", {"amount": "200000000.0"}),
        ("holds", "CC", {"value": Quantity(2e8, "USD")}, "HOLDS", {}),
        ("controls", "PC", {"value": Quantity(0.5, "ratio")}, "CONTROLS", {"ratio": "0.5"}),
        ("officer_of", "PC", {"office": "董事长"}, "OFFICER_OF", {"office": "董事长"}),
        ("officer_of", "CC", {"office": "董事长"}, "", None),
        ("supplies", "CC", {"value": Quantity(5e6, "CNY")}, "SUPPLIES", {"amount": "5000000.0"}),
        ("lends_to", "CC", {}, "LENDS_TO", {}),
        ("guarantees", "CC", {"value": Quantity(5e7, "CNY")}, "Guarantee", {"amount": "50000000.0"}),
        ("subsidiary_of", "CC", {}, "RELATES", {"kind": "subsidiary_of"}),
        ("other", "CC", {"detail": "合作"}, "RELATES", {"kind": "other", "detail": "合作"}),
        ("holds", "CP", {}, "", None),
    ],
)  # fmt: skip
def test_a_relation_makes_the_edge_of_its_type(kind, ends, more, makes, values):
    parties = {"C": [(GROUP, "Company"), (RIVER, "Company")], "P": [(CHAIR, "Person")] * 2}
    out = follows(told(kind, [parties[end][i] for i, end in enumerate(ends)], **more))
    assert out.makes == makes
    if values is not None:
        assert values.items() <= out.rows[-1].items()
        assert not {"share_ratio", "share_min", "amount"} & set(out.rows[-1]) - set(values)


def test_a_guarantee_that_several_tell_of_is_owed_once():
    documents = [told("guarantees", value=Quantity(amount, "CNY")) for amount in (5e7, 5e7, 9e7)]
    documents = [dataclasses.replace(one, key=f"n{i}") for i, one in enumerate(documents)]
    view = Shelf(WORLD, documents).projection().view()
    found = view.rows("Guarantee").tolist()
    assert sorted(view.value(row, "amount") for row in found) == [5e7, 9e7]
    assert sorted(len(view.facts(row, "PARTY_TO", "in")[0].records) for row in found) == [1, 2]


@pytest.mark.parametrize(
    ("confidence", "linked", "candidates", "waiting"),
    [
        (0.95, True, True, False),
        (0.5, True, True, True),
        (0.95, False, True, True),
        (0.95, False, False, False),
    ],
)
def test_a_claim_waits_where_it_is_not_sure_or_open_whom_it_means(confidence, linked, candidates, waiting):
    text = Text("n1", "澄江集团与澄江医药。")
    first = text.name("澄江集团", (GROUP, "Company"))
    choices = [(RIVER, "Company", 0.6)] if candidates else []
    second = text.name("澄江医药", (RIVER, "Company") if linked else None, choices)
    (said, *_) = claims_of(text.relation("cooperates_with", first, second, confidence).read())
    assert waits(said, believed()) is waiting


def test_what_stands_for_a_name_means_what_the_name_means():
    text = Text("n1", "澄江集团称，该公司增持。")
    first = text.name("澄江集团", (GROUP, "Company"))
    second = text.name("该公司", antecedent=first)
    (said,) = claims_of(text.event("increase", "增持", [second]).read())
    assert (said.subject.id, said.subject.name) == (GROUP, "该公司")


def test_a_claim_survives_its_row():
    text = Text("n1", "澄江集团与澄江医药质押。", compartments=("a", "b"))
    first = text.name("澄江集团", (GROUP, "Company"))
    second = text.name("澄江医药", candidates=[(RIVER, "Company", 0.6)])
    text.relation("holds", first, second, value=Quantity(0.3, "ratio", 0.1))
    text.event("pledge", "质押", [first], amount=3e7, day=dt.date(2024, 2, 1), others=[("security", second)])
    read = text.read()
    for said, row in zip(claims_of(read), rows_of(read, believed(), {}).claims, strict=True):
        assert said_of(json.loads(json.dumps(row))) == said
        record = reading().role("Claim").record(row, 1, Context())
        assert (record.key, record.compartments, record.stated) == (said.key, ("a", "b"), dt.date(2024, 3, 1))


def test_a_correction_says_who_and_what_instead():
    text = Text("n1", "澄江集团与澄江医药。")
    first = text.name("澄江集团", (GROUP, "Company"))
    second = text.name("澄江医药", candidates=[(RIVER, "Company", 0.6)])
    (said, *_) = claims_of(text.relation("holds", first, second).read())
    accepted = corrected(said, Correction())
    assert (accepted.object.id, made(accepted).makes) == (RIVER, "HOLDS")
    other = corrected(said, Correction(object=(GROUP, "Company", "澄江集团"), value=0.2, type="controls"))
    assert (other.object.id, other.quantity, other.type) == (GROUP, Quantity(0.2, "ratio"), "controls")


def test_holders_of_a_table_are_entities_or_are_made_of_their_names():
    company = Candidate(RIVER, "澄江医药", "Company", 1.0, "code")
    names = "澄江集团 周澄 远山投资有限公司"
    rows = [
        Holder("澄江集团", 0, 4, 1, 3e8, 0.3, link=Candidate(GROUP, "澄江集团", "Company", 1.0, "name")),
        Holder("周澄", 5, 7, 2, 1e8, 0.1),
        Holder("远山投资有限公司", 8, 16, 3, 5e7, 0.05),
    ]
    table = HoldersTable(company, dt.date(2023, 12, 31), tuple(rows))
    view = (
        Shelf(WORLD, [Text("r1", names, dt.date(2024, 4, 1), holdings=(table,)).read()]).projection().view()
    )
    facts = view.facts(view.resolve(RIVER), "HOLDS", "in")
    assert [(view.name(f.other), f.props["share_ratio"], f.valid_from) for f in facts] == [
        ("澄江集团有限公司", 0.3, dt.date(2023, 12, 31)),
        ("周澄", 0.1, dt.date(2023, 12, 31)),
        ("远山投资有限公司", 0.05, dt.date(2023, 12, 31)),
    ]
    assert view.id(facts[1].other) == CHAIR  # of that name and an officer of the company


def test_text_stands_as_it_is():
    text = " \u3000澄江集团\n\n 公告。 "
    read = Text("n1", text)
    read.name("澄江集团", (GROUP, "Company"))
    view = Shelf(WORLD, [read.read()]).projection().view()
    (row,) = view.rows("Document").tolist()
    assert view.value(row, "text") == text
    (fact,) = view.facts(row, "MENTIONS", "out")
    assert text[fact.props["start"] : fact.props["end"]] == "澄江集团"


# --- stories ---


def test_near_duplicates_share_keys_and_others_do_not():
    words = "澄江集团将所持澄江医药一千二百万股质押给云州银行，占公司总股本的百分之三。"
    day = dt.date(2024, 3, 1)
    one = set(stories.of_text(words, day))
    assert one & set(stories.of_text(f"快讯：{words}", day + dt.timedelta(days=3)))
    assert not one & set(stories.of_text(words, day + dt.timedelta(days=9)))
    assert not one & set(stories.of_text("白石化工与青禾药房签署长期供货合同，为期三年，金额约两亿元。", day))
    assert stories.of_text("短讯", day) == []


@given(st.integers(0, 100_000), st.integers(0, stories.WINDOW))
def test_days_near_each_other_share_a_window(number, apart):
    one, other = (dt.date.fromordinal(700_000 + number + n) for n in (0, apart))
    assert set(stories.windows(one)) & set(stories.windows(other))


TEXTS = (
    "据悉，澄江集团将所持澄江医药股份质押给云州银行，用于补充流动资金。",
    "快讯：澄江集团将所持澄江医药股份质押给云州银行，用于补充流动资金。",
    "澄江集团公告了一项新的质押，市场反应平淡，分析师认为影响有限。",
)
article = st.tuples(
    st.sampled_from(TEXTS),
    st.integers(1, 9),
    st.sampled_from((None, 2e8, 5e8)),
    st.sampled_from((None, 1, 2)),
    st.sampled_from(((), (), ("a",))),
)


def pledge(number, told_as):
    words, published, amount, day, walls = told_as
    text = Text(f"n{number}", words, dt.date(2024, 3, published), compartments=walls)
    group = text.name("澄江集团", (GROUP, "Company"))
    on = None if day is None else dt.date(2024, 3, day)
    return text.event("pledge", "质押", [group], amount=amount, day=on).read()


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(article, max_size=7), st.randoms(use_true_random=False))
def test_events_are_one_or_several_whatever_the_order(articles, order):
    documents = [pledge(number, told_as) for number, told_as in enumerate(articles)]
    shuffled = list(documents)
    order.shuffle(shuffled)
    one, other = (Shelf(WORLD, some).projection() for some in (documents, shuffled))
    assert one.digest() == other.digest()
    public = Shelf(WORLD, [d for d in documents if not d.compartments]).projection()
    assert events(one.view(frozenset())) == events(public.view(frozenset()))
    for view in (one.view(frozenset()), one.view(frozenset("a"))):
        for figures in (figures_of(view, row) for row in view.rows("Event").tolist()):
            assert len(figures - {None}) <= 1


def events(view):
    return sorted(
        (view.id(row), json.dumps(view.props(row), default=str, sort_keys=True))
        for row in view.rows("Event").tolist()
    )


def figures_of(view, row):
    return {value for value, _ in view.stated(row, "figure")}


def test_two_figures_are_two_events_and_who_tells_none_joins_the_nearest():
    near = [(TEXTS[0], 1, 2e8, None, ()), (TEXTS[1], 2, 2e8, None, ()), (TEXTS[2], 2, 5e8, None, ())]
    view = (
        Shelf(WORLD, itertools.starmap(pledge, enumerate([*near, (TEXTS[0], 2, None, None, ())])))
        .projection()
        .view()
    )
    assert sorted(len(view.facts(row, "ABOUT", "in")) for row in view.rows("Event").tolist()) == [1, 3]
