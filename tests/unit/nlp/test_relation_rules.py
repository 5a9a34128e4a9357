"""Relations by rule: type and direction of each sentence form, offices and figures, denial, the names of FinRE."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from nlp.found import RELATION_TYPES, Mention
from nlp.quantities import quantities
from nlp.relation_rules import of_finre, relations

A, B, PERSON = "甲方集团", "乙方股份", "张三"


def named(text):
    """The three names where they stand, with figures."""
    kinds = {A: "company", B: "company", PERSON: "person"}
    found = [
        Mention(start, start + len(name), name, kind)
        for name, kind in kinds.items()
        for start in range(len(text))
        if text.startswith(name, start)
    ]
    return sorted([*found, *quantities(text)], key=lambda m: (m.start, m.end))


def read(text):
    """Relations as (type, subject, object)."""
    mentions = named(text)
    return {(r.type, mentions[r.subject].text, mentions[r.object].text) for r in relations(text, mentions)}


@pytest.mark.parametrize(
    ("text", "relation"),
    [
        (f"{A}持有{B}5.2%股份", ("holds", A, B)),
        (f"{A}为{B}的第二大股东", ("holds", A, B)),
        (f"{B}的实际控制人{PERSON}", ("controls", PERSON, B)),
        (f"{A}是{B}的控股股东", ("controls", A, B)),
        (f"{B}董事长{PERSON}表示", ("officer_of", PERSON, B)),
        (f"{PERSON}出任{B}总经理", ("officer_of", PERSON, B)),
        (f"{B}聘任{PERSON}为总经理", ("officer_of", PERSON, B)),
        (f"{PERSON}辞去{B}董事职务", ("officer_of", PERSON, B)),
        (f"{A}全资子公司{B}", ("subsidiary_of", B, A)),
        (f"{B}系{A}的控股子公司", ("subsidiary_of", B, A)),
        (f"{A}拟以3亿元收购{B}51%股权", ("acquires", A, B)),
        (f"{B}被{A}收购", ("acquires", A, B)),
        (f"{B}获{A}投资", ("invests_in", A, B)),
        (f"{B}完成B轮融资，由{A}领投", ("invests_in", A, B)),
        (f"{A}为{B}1亿元贷款提供担保", ("guarantees", A, B)),
        (f"{A}向{B}供货", ("supplies", A, B)),
        (f"{B}向{A}采购零件", ("supplies", A, B)),
        (f"{B}的供应商{A}", ("supplies", A, B)),
        (f"{A}与{B}签署合作协议", ("cooperates_with", A, B)),
        (f"{A}的竞争对手{B}", ("competes_with", A, B)),
        (f"{A}起诉{B}", ("sues", A, B)),
        (f"{B}遭{A}起诉", ("sues", A, B)),
        (f"{A}向{B}提供2亿元借款", ("lends_to", A, B)),
    ],
)
def test_a_sentence_form_gives_its_relation_in_the_right_direction(text, relation):
    assert relation in read(text)
    assert (relation[0], relation[2], relation[1]) not in read(text)


def test_offices_figures_and_changes_are_kept():
    [held] = relations(f"{A}持有{B}5.2%股份", named(f"{A}持有{B}5.2%股份"))
    assert held.quantity.value == 0.052
    text = f"{PERSON}辞去{B}董事职务"
    [left] = relations(text, named(text))
    assert (left.detail, left.office) == ("resigned", "董事")


def test_a_denied_relation_is_hardly_sure():
    text = f"{A}否认收购{B}"
    [found] = relations(text, named(text))
    assert found.detail == "denied"
    assert found.confidence < 0.3


def test_names_of_two_sentences_have_no_relation():
    assert read(f"{A}表示。收购{B}") == set()


@given(st.text("甲方集团乙股份张三收购持有的、与被董事长子公司。 5%"))
def test_relations_are_between_mentions_of_their_sentence(text):
    mentions = named(text)
    for found in relations(text, mentions):
        assert found.subject != found.object
        for number in (found.subject, found.object):
            assert found.start <= mentions[number].start < found.end


@pytest.mark.parametrize(
    ("name", "meaning"),
    [
        ("持股", ("holds", False, None)),
        ("被持股", ("holds", True, None)),
        ("被拟收购", ("acquires", True, "planned")),
        ("unknown", ("other", False, None)),
    ],
)
def test_finre_names_become_ours(name, meaning):
    assert of_finre(name) == meaning


def test_a_passive_finre_name_is_its_active_one_swapped():
    shared = os.environ.get("GUANXI_SHARED_DATA") or Path(__file__).parents[4] / "shared" / "data"
    path = Path(shared) / "text" / "finre" / "relation2id.txt"
    if not path.exists():
        pytest.skip(f"{path} is absent")
    names = [line.split()[0] for line in path.read_text(encoding="utf-8").splitlines() if line.strip()]
    assert len(names) == 44
    for name in names:
        kind, swapped, detail = of_finre(name)
        assert kind in RELATION_TYPES
        if name.startswith("被"):
            active = of_finre(name.removeprefix("被"))
            assert (kind, not swapped, detail) == active
