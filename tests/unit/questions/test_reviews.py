"""Reviews: what waits, for whom it may be meant, what was decided, and what of it a viewer sees."""

import datetime as dt

import pytest

from graph.errors import InvalidInput, NotFound
from graph.ids import entity_handle
from nlp.found import Quantity
from queries.documents import document
from queries.paging import Page
from queries.reviews import Wanted, decided, review, reviews
from tests.readings import Shelf, Text
from tests.unit.questions.test_documents import BANK, GROUP, RIVER, SECRET, TODAY, WALL, WORLD

TEXT = "澄江集团或将收购澄江，云州银行持有其3%股份，陌生公司旁观。"


def doubtful(key="d1", day=dt.date(2024, 3, 1), **more):
    told = Text(key, TEXT, day, title="传闻", **more)
    group = told.name("澄江集团", GROUP)
    open_ = told.name("收购澄江", candidates=[(RIVER[0], "Company", 0.6), (GROUP[0], "Company", 0.3)])
    bank = told.name("云州银行", BANK)
    stranger = told.name("陌生公司")
    told.relation("acquires", group, open_)
    told.relation("holds", bank, group, confidence=0.5, value=Quantity(0.03, "ratio"))
    told.relation("competes_with", group, stranger)
    return told.read()


def claim(key, walls=()):
    return entity_handle("reading", "Claim", key, walls)


ACQUIRES = "d1#relation|acquires|||0|6"


def decision(number, about, state, **more):
    return {
        "id": f"k{number}", "about": about, "state": state, "who": "feng", "reason": "已核实",
        "at": f"2024-06-0{number}T08:00:00.000+00:00", "source": "desk", **more,
    }  # fmt: skip


def seen(documents, decisions=(), clearance=frozenset()):
    return Shelf(WORLD, documents, decisions).projection().view(clearance, TODAY)


def test_what_is_not_sure_or_not_clear_waits_and_what_nobody_could_say_does_not():
    view = seen([doubtful()])
    found = reviews(view)
    assert [(one.kind, one.type, one.confidence, one.state) for one in found.reviews] == [
        ("relation", "acquires", 0.95, "waiting"),
        ("mention", "company", 0.6, "waiting"),
        ("relation", "holds", 0.5, "waiting"),
    ]
    assert found.total == 3
    first = found.reviews[0]
    assert first.id == claim(ACQUIRES)
    assert (first.subject.entity.name, first.object.entity, first.object.words) == (
        "澄江集团有限公司",
        None,
        "收购澄江",
    )
    assert [(c.entity.name, c.score) for c in first.object.choices] == [
        ("澄江医药股份有限公司", 0.6),
        ("澄江集团有限公司", 0.3),
    ]
    assert (first.document.name, first.published, first.makes) == ("传闻", dt.date(2024, 3, 1), None)
    assert first.text == TEXT
    states = {c.type: c.state for c in document(view, first.document.id).claims}
    assert states == {
        "acquires": "waiting",
        "holds": "waiting",
        "company": "waiting",
        "competes_with": "open",
    }
    assert not view.facts(view.resolve(GROUP[0]), "RELATES", "out")


def test_decisions_give_the_state_the_newest_last_in_the_history():
    about = claim(ACQUIRES)
    view = seen(
        [doubtful()],
        [decision(2, about, "corrected", correction='{"value": 1}'), decision(1, about, "rejected")],
    )
    one = review(view, about).review
    assert one.state == "corrected"
    assert [(line.state, line.who, line.correction) for line in one.history] == [
        ("rejected", "feng", None),
        ("corrected", "feng", {"value": 1}),
    ]
    assert [r.id for r in reviews(view, Wanted(state="corrected")).reviews] == [about]
    assert reviews(view, Wanted(state="waiting")).total == 2
    assert {c.state for c in document(view, one.document.id).claims} == {"corrected", "waiting", "open"}


def test_reviews_are_asked_by_kind_entity_and_document_and_page():
    view = seen([doubtful(), doubtful("d2", dt.date(2024, 3, 5))])
    assert reviews(view, Wanted(kind="mention")).total == 2
    assert (
        reviews(view, Wanted(entity=RIVER[0])).total == 4
    )  # perhaps it: of two mentions and two acquisitions
    assert reviews(view, Wanted(entity=BANK[0])).total == 2
    assert reviews(view, Wanted(document=entity_handle("reading", "Document", "d2"))).total == 3
    shown, cursor = [], None
    while True:
        page = reviews(view, page=Page(2, cursor, "k"))
        shown += page.reviews
        if page.next is None:
            break
        cursor = page.next
    assert [one.published.day for one in shown] == [5, 5, 5, 1, 1, 1]
    assert len({one.id for one in shown}) == 6


def test_an_unknown_state_and_an_absent_review_are_refused():
    view = seen([doubtful()])
    with pytest.raises(InvalidInput):
        reviews(view, Wanted(state="asleep"))
    for ref in (claim("nothing"), GROUP[0], claim("d1#relation|competes_with|||0|19")):
        with pytest.raises(NotFound):
            review(view, ref)


def test_what_may_be_decided_follows_from_the_state():
    view = seen([doubtful()], [decision(1, claim(ACQUIRES), "accepted")])
    one = review(view, claim(ACQUIRES)).review
    assert decided(one, "rejected") == "rejected"
    with pytest.raises(InvalidInput) as raised:
        decided(one, "accepted")
    assert "corrected" in str(raised.value.hint)


def test_what_is_read_and_decided_behind_a_wall_changes_nothing_for_others():
    walled = doubtful("d1", compartments=WALL)
    about = claim(ACQUIRES, WALL)
    whole = [doubtful("d3"), walled]
    decisions = [
        decision(1, about, "rejected", compartments="deal:a"),
        decision(2, claim("d3#mention|company|收购澄江"), "accepted"),
    ]
    outside = seen(whole, decisions)
    fresh = seen([doubtful("d3")], decisions[1:])
    assert repr(reviews(outside)) == repr(reviews(fresh))
    inside = seen(whole, decisions, frozenset(WALL))
    assert reviews(inside).total == 6
    assert review(inside, about).review.compartments == ["deal:a"]
    with pytest.raises(NotFound):
        review(outside, about)
    with pytest.raises(NotFound):
        reviews(outside, Wanted(entity=SECRET[0]))
