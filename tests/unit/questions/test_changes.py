"""What changed between two days: who came, left, changed; control; owners; and what bad input gets."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import InvalidInput, NotFound
from queries.changes import SECTIONS, changes, on_day
from queries.controllers import controllers
from queries.owners import owners
from queries.paging import Page

EARLY, LATE = dt.date(2021, 6, 30), dt.date(2024, 6, 30)
SALE = "2022-05-01"


@pytest.fixture
def sold(builder):
    """A majority sold, a stake that shrank, one that stayed, an office that changed hands."""
    company = builder.node("Company", "X", name="X")
    other = builder.node("Company", "Y", name="Y")
    people = {name: builder.node("Person", name, name=name) for name in ("seller", "buyer", "less", "same")}
    hold = lambda who, share, **when: builder.edge("HOLDS", people[who], company, share_ratio=share, **when)  # noqa: E731
    hold("seller", 0.6, valid_to=SALE)
    hold("buyer", 0.6, valid_from=SALE)
    hold("less", 0.2, valid_to=SALE)
    hold("less", 0.1, valid_from=SALE)
    hold("same", 0.05)
    builder.edge("HOLDS", company, other, share_ratio=0.5)
    builder.edge("OFFICER_OF", people["seller"], company, office="董事长", valid_to=SALE)
    builder.edge("OFFICER_OF", people["buyer"], company, office="董事长", valid_from=SALE)
    builder.edge("OFFICER_OF", people["same"], company, office="监事")
    builder.edge("CONTROLS", people["seller"], company, ratio=0.6, valid_to=SALE)
    builder.edge("CONTROLS", people["buyer"], company, ratio=0.6, valid_from=SALE)
    return builder


def asked(builder, ref="X", early=EARLY, late=LATE, **more):
    view = builder.projection().view(as_of=late)
    return changes(on_day(view, early), view, ref, **more)


def lines(section):
    return [(line.change, line.name) for line in section.lines]


def test_a_sale_of_control(sold):
    answer = asked(sold)
    assert lines(answer.holders) == [("came", "buyer"), ("left", "seller"), ("changed", "less")]
    (_, _, less) = answer.holders.lines
    assert (less.before.share_ratio, less.after.share_ratio) == (0.2, 0.1)
    assert [(o.change, o.name, o.office) for o in answer.officers.lines] == [
        ("came", "buyer", "董事长"), ("left", "seller", "董事长"),
    ]  # fmt: skip
    assert lines(answer.disclosed) == [("came", "buyer"), ("left", "seller")]
    control = answer.control
    assert control.changed
    assert [p.name for p in control.before.controllers] == ["seller"]
    assert [p.name for p in control.after.controllers] == ["buyer"]
    assert control.before.records != control.after.records
    assert [(t.name, t.integrated_before, t.integrated_after) for t in answer.terminals.lines] == [
        ("buyer", None, 0.6), ("seller", 0.6, None), ("less", 0.2, 0.1),
    ]  # fmt: skip
    assert all(line.records for line in answer.terminals.lines)
    assert (answer.owned_before.unknown_ratio, answer.owned_after.unknown_ratio) == (0.15, 0.25)
    assert answer.findings == []


def test_below_the_company_only_the_owners_through_layers_changed(sold):
    answer = asked(sold, "Y")
    assert answer.holders.total == answer.officers.total == 0
    assert not answer.control.changed
    assert answer.control.after.status == "none"
    assert [(t.name, t.integrated_before, t.integrated_after) for t in answer.terminals.lines] == [
        ("buyer", None, 0.3), ("seller", 0.3, None), ("less", 0.1, 0.05),
    ]  # fmt: skip


def test_between_two_days_of_the_same_facts_nothing_changed(sold):
    answer = asked(sold, early=dt.date(2023, 1, 1))
    assert all(getattr(answer, name).total == 0 for name in SECTIONS)
    assert not answer.control.changed


def test_a_company_that_came_to_be_in_between(builder):
    person = builder.node("Person", "p", name="p")
    company = builder.node("Company", "X", name="X", valid_from="2022-01-01", valid_to="2025-01-01")
    builder.edge("HOLDS", person, company, share_ratio=1.0, valid_from="2022-01-01")
    answer = asked(builder)
    assert (answer.there_before, answer.there_after) == (False, True)
    assert lines(answer.holders) == lines(answer.terminals) == [("came", "p")]
    assert (answer.control.changed, answer.control.before.status) == (True, "not_there")
    assert answer.owned_before.state == "not_there"
    assert [f.code for f in answer.findings] == ["not_there"]
    gone = asked(builder, company[1], LATE, dt.date(2026, 1, 1))
    assert (gone.there_before, gone.there_after) == (True, False)
    assert lines(gone.holders) == [("left", "p")]
    with pytest.raises(NotFound):
        asked(builder, company[1], dt.date(2019, 1, 1), dt.date(2020, 1, 1))


def test_pages_of_one_list(sold):
    whole = asked(sold).holders.lines
    seen, cursor = [], None
    while True:
        answer = asked(sold, section="holders", page=Page(1, cursor, "k"))
        assert answer.officers.lines == []
        assert answer.officers.total == 2
        seen += answer.holders.lines
        cursor = answer.holders.next
        if cursor is None:
            break
    assert seen == whole
    first = asked(sold, section="holders", page=Page(1, None, "k")).holders.next
    with pytest.raises(InvalidInput):
        asked(sold, section="officers", page=Page(1, first, "k"))
    with pytest.raises(InvalidInput):
        asked(sold, early=dt.date(2021, 1, 1), section="holders", page=Page(1, first, "k"))


def test_what_bad_input_gets(sold):
    for early in (LATE, dt.date(2030, 1, 1)):
        with pytest.raises(InvalidInput) as error:
            asked(sold, early=early)
        assert error.value.field == "from"
    with pytest.raises(InvalidInput):
        asked(sold, "seller")
    with pytest.raises(InvalidInput):
        asked(sold, section="nothing")
    with pytest.raises(NotFound):
        asked(sold, "nobody")


def test_an_empty_graph_and_days_before_any_data(builder, sold):
    with pytest.raises(NotFound):
        asked(type(builder)())
    answer = asked(sold, early=dt.date(1900, 1, 1), late=dt.date(1900, 1, 2))
    assert not answer.control.changed


def test_what_was_told_later_is_not_yet_a_change(sold):
    view = sold.projection().view(as_of=LATE, known_at=dt.date(2023, 1, 1))
    with pytest.raises(NotFound):
        changes(on_day(view, EARLY), view, "X")


dates = st.sampled_from(({}, {"valid_from": SALE}, {"valid_to": SALE}, {"valid_from": "2023-01-01"}))
held = st.lists(
    st.tuples(st.integers(0, 4), st.integers(0, 2), st.sampled_from((0.2, 0.3, 0.51, 0.6)), dates), max_size=8
)


@settings(max_examples=60, deadline=None, suppress_health_check=list(HealthCheck))
@given(stakes=held)
def test_the_difference_is_that_of_the_two_answers(builder, stakes):
    builder = type(builder)()
    companies = [builder.node("Company", f"C{n}", name=f"C{n}") for n in range(3)]
    parties = [*companies, *(builder.node("Person", f"p{n}", name=f"p{n}") for n in range(2))]
    for holder, company, share, when in stakes:
        builder.edge("HOLDS", parties[holder], companies[company], share_ratio=share, **when)
    after = builder.projection().view(as_of=LATE)
    before = on_day(after, EARLY)
    for name in ("C0", "C1", "C2"):
        answer = changes(before, after, name)
        was, now = ({c.name for c in controllers(view, name).computed} for view in (before, after))
        assert answer.control.changed == (was != now)
        assert {c.name for c in answer.control.after.controllers} == now
        old, new = (
            {t.name: t.integrated_ratio for t in owners(view, name).terminals} for view in (before, after)
        )
        different = {n for n in old.keys() | new.keys() if n not in old or n not in new or old[n] != new[n]}
        assert {t.name for t in answer.terminals.lines} == different
