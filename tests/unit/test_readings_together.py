"""Events that are read, beside what feeds list and what other documents tell: witnesses, plans that go on, pledges."""

import datetime as dt
import json

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ids import entity_handle
from ingest.event_rows import joins
from ingest.feed_events import FeedEvents
from ingest.joining import joining
from ingest.plan_progress import placed_progress
from ingest.read_pledges import pledge_rows
from ingest.reading_rows import believed, rows_of
from ingest.said import event_name
from ingest.told_together import Together, beside_feeds
from ingest.written import reading
from nlp.found import Mention, Quantity
from queries.documents import document, told_by
from queries.timeline import timeline
from tests.readings import Shelf, Text

TODAY = dt.date(2024, 12, 31)
COMPANIES = [
    {"id": "river", "name": "澄江医药股份有限公司", "short_name": "澄江医药", "code": "600001.SH"},
    {"id": "group", "name": "澄江集团有限公司"},
    {"id": "bank", "name": "云州银行股份有限公司"},
    {"id": "port", "name": "云州港务集团有限公司"},
]


def ref(key, label="Company"):
    return entity_handle("native", label, key), label


RIVER, GROUP, BANK, PORT = (ref(key) for key in ("river", "group", "bank", "port"))


def figure(text, words, value, unit):
    """A figure of a text, by number."""
    start = text.text.index(words)
    kind = {"shares": "shares", "ratio": "ratio"}[unit]
    text.mentions.append(Mention(start, start + len(words), words, kind, quantity=Quantity(value, unit)))
    return len(text.mentions) - 1


def bid(key="n1", day=dt.date(2024, 3, 2), amount=2e8, *, tenderer=False, **more):
    text = Text(
        key, f"澄江医药中标云州港务集团的设备项目{'' if amount is None else '，金额约'}。", day, **more
    )
    river = text.name("澄江医药", RIVER)
    others = [("tenderer", text.name("云州港务集团", PORT))] if tenderer else []
    return text.event("bid_won", "中标", [river], amount=amount, others=others).read()


def listed(number=1, day="2024-03-01", amount=2e8, **more):
    row = {"id": f"E{number}", "name": "澄江医药中标", "kind": "bid_won", "date": day}
    return (
        row | {"text": "中标公告", "subjects": "river"} | ({"amount": repr(amount)} if amount else {}) | more
    )


def world(**more):
    return {"Company": COMPANIES, **more}


def together(world_, documents):
    """All of it folded, the documents told of what the world's feeds list."""
    shelf = Shelf(world_)
    feeds = shelf.projection()
    rows = [rows_of(one, believed(), {}) for one in documents]
    claims = [
        beside_feeds(claim, FeedEvents(feeds.view(frozenset(one.compartments), TODAY)), joining())
        for one, row in zip(documents, rows, strict=True)
        for claim in row.claims
    ]
    placed = Together(claims, joining())
    shelf._state(
        reading(),
        {
            "Document": [row.document for row in rows],
            "Mention": [mention for row in rows for mention in row.mentions],
            "Claim": list(map(placed.placed, claims)),
        },
    )
    return shelf.projection()


def events(view):
    """By event its amount and how many documents tell it."""
    rows = view.rows("Event").tolist()
    return sorted((view.props(row).get("amount", 0), len(told_by(view, row))) for row in rows)


# --- what feeds list ---


@pytest.mark.parametrize(
    ("known", "document", "expected"),
    [
        (listed(), bid(), [(2e8, 1)]),
        (listed(amount=2.01e8), bid(), [(2.01e8, 1)]),  # rounded by the newswire
        (listed(), bid(amount=None), [(2e8, 1)]),
        (listed(), bid(amount=3e8), [(2e8, 0), (3e8, 1)]),
        (listed(), bid(day=dt.date(2024, 3, 6)), [(2e8, 1)]),
        (listed(), bid(day=dt.date(2024, 3, 7)), [(2e8, 0), (2e8, 1)]),
        (listed(), bid(day=dt.date(2024, 3, 3), amount=None), [(0, 1), (2e8, 0)]),
        (
            listed(subjects="river;port"),
            bid(day=dt.date(2024, 3, 5), amount=None, tenderer=True),
            [(2e8, 1)],
        ),
        (listed(subjects="river;bank"), bid(amount=None, tenderer=True), [(0, 1), (2e8, 0)]),
        (listed(subjects="port"), bid(), [(2e8, 0), (2e8, 1)]),
        (listed(kind="contract"), bid(), [(2e8, 0), (2e8, 1)]),
    ],
)
def test_what_a_feed_lists_is_told_once(known, document, expected):
    view = together(world(Event=[known]), [document]).view(frozenset(), TODAY)
    assert events(view) == expected
    event = view.resolve(entity_handle("native", "Event", "E1"))
    assert view.props(event)["text"] == "中标公告"


def test_of_two_that_fit_as_well_none_is_chosen_and_else_the_nearer():
    twins = [listed(1), listed(2)]
    view = together(world(Event=twins), [bid()]).view(frozenset(), TODAY)
    assert events(view) == [(2e8, 0), (2e8, 0), (2e8, 1)]
    near = [listed(1, "2024-03-02"), listed(2, "2024-02-28")]
    view = together(world(Event=near), [bid()]).view(frozenset(), TODAY)
    assert len(told_by(view, view.resolve(entity_handle("native", "Event", "E1")))) == 1


def test_ten_articles_are_ten_witnesses_of_what_a_feed_lists():
    articles = [bid(f"n{i}", dt.date(2024, 3, 1 + i % 3), None if i == 9 else 2e8) for i in range(9)]
    view = together(world(Event=[listed()]), articles).view(frozenset(), TODAY)
    assert events(view) == [(2e8, 9)]
    (fact,) = view.facts(view.resolve("600001.SH"), "PARTY_TO", "out")
    assert sorted({record.source for record in fact.records}) == ["native", "reading"]


def test_a_witness_never_changes_the_id_of_what_a_feed_lists_and_its_claim_names_it():
    for number in range(8):
        view = together(world(Event=[listed(number)]), [bid(f"n{number}")]).view(frozenset(), TODAY)
        (row,) = view.rows("Event").tolist()
        assert view.id(row) == entity_handle("native", "Event", f"E{number}")
        (teller,) = told_by(view, row)
        assert [claim.event.id for claim in document(view, teller.id).claims] == [view.id(row)]


def acquisition(amount=5e8):
    text = Text("a1", "澄江集团收购云州港务集团。", dt.date(2024, 3, 2))
    group, port = text.name("澄江集团", GROUP), text.name("云州港务集团", PORT)
    return text.event("acquisition", "收购", [group], amount=amount, others=[("target", port)]).read()


def test_an_acquisition_that_a_feed_lists_as_a_deal_is_a_witness_of_the_deal():
    deal = {"id": "D1", "kind": "acquisition", "date": "2024-03-01", "target": "port", "investors": "group"}
    view = together(world(Deal=[deal]), [acquisition()]).view(frozenset(), TODAY)
    assert not view.rows("Event").size
    (row,) = view.rows("Deal").tolist()
    assert view.props(row)["amount"] == 5e8
    assert {(f.props["role"], view.name(f.other)) for f in view.facts(row, "PARTY_TO", "in")} == {
        ("target", "云州港务集团有限公司"),
        ("investors", "澄江集团有限公司"),
    }
    assert all(len(fact.records) == 2 for fact in view.facts(row, "PARTY_TO", "in"))
    other = together(world(Deal=[deal | {"target": "bank"}]), [acquisition()]).view(frozenset(), TODAY)
    assert (len(other.rows("Event")), len(other.rows("Deal"))) == (1, 1)


def test_denied_news_is_no_witness():
    text = Text("n1", "澄江医药否认中标。", dt.date(2024, 3, 1))
    text.event("bid_won", "中标", [text.name("澄江医药", RIVER)], detail="denied")
    view = together(world(Event=[listed()]), [text.read()]).view(frozenset(), TODAY)
    assert events(view) == [(0, 1), (2e8, 0)]


def plan(day=dt.date(2024, 3, 2)):
    text = Text("a1", "澄江集团拟收购云州港务集团。", day)
    group, port = text.name("澄江集团", GROUP), text.name("云州港务集团", PORT)
    others = [("target", port)]
    return text.event("acquisition", "收购", [group], amount=5e8, others=others, detail="planned").read()


@pytest.mark.parametrize(
    ("more", "is_witness"),
    [
        ({}, True),  # a deal is dated by its announcement
        ({"date": "2024-03-05"}, True),  # which the newswire knew of before
        ({"stage": "已公告"}, True),
        ({"name": "澄江集团收购云州港务", "stage": "未完成"}, True),
        ({"stage": "已完成"}, False),
        ({"name": "澄江集团完成收购云州港务集团"}, False),
        ({"stage": "Completed"}, False),
    ],
)
def test_a_plan_is_a_witness_of_a_deal_that_is_announced_and_not_of_one_that_is_done(more, is_witness):
    deal = {"id": "D1", "kind": "acquisition", "date": "2024-03-01", "target": "port", "investors": "group"}
    view = together(world(Deal=[deal | more]), [plan()]).view(frozenset(), TODAY)
    assert view.rows("Event").size == (not is_witness)


@pytest.mark.parametrize(
    ("more", "is_witness"),
    [
        ({"date": "2024-03-02"}, True),  # its day is that of the announcement
        ({"date": "2024-03-01"}, True),
        ({"date": "2024-03-04"}, False),  # it happened after the plan was told
        ({"date": "2024-03-04", "detail": "planned"}, True),
        ({"date": "2024-03-02", "name": "收购交割"}, False),
    ],
)
def test_a_plan_is_a_witness_of_an_event_unless_that_happened_later(more, is_witness):
    known = {"id": "E1", "kind": "acquisition", "amount": "500000000", "subjects": "group", "name": "收购"}
    view = together(world(Event=[known | more]), [plan()]).view(frozenset(), TODAY)
    assert len(view.rows("Event")) == (1 if is_witness else 2)
    assert len(told_by(view, view.resolve(entity_handle("native", "Event", "E1")))) == is_witness


def test_an_event_that_is_a_plan_in_the_feed_is_not_the_deed_that_is_told():
    known = {
        "id": "E1",
        "kind": "acquisition",
        "amount": "500000000",
        "subjects": "group",
        "detail": "planned",
    }
    deed = acquisition()
    view = together(world(Event=[known | {"date": "2024-03-02"}]), [deed]).view(frozenset(), TODAY)
    assert len(view.rows("Event")) == 2


WALLS = ((), (), ("a",), ("a", "b"))
CLEARANCES = (frozenset(), frozenset("a"), frozenset("ab"))
feed = st.tuples(st.integers(1, 4), st.sampled_from((None, 2e8, 5e8)), st.sampled_from(WALLS))
article = st.tuples(st.integers(1, 5), st.sampled_from((None, 2e8, 5e8)), st.sampled_from(WALLS))


def answers(view):
    lines = timeline(view, "600001.SH").model_dump_json()
    shown = [
        (view.id(row), json.dumps(view.props(row), default=str), told_by(view, row))
        for row in view.rows("Event").tolist()
    ]
    return lines, sorted(shown, key=lambda one: one[0])


@settings(max_examples=15, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(feed, max_size=3), st.lists(article, max_size=4))
def test_a_viewer_is_answered_as_by_a_graph_without_what_is_hidden(feeds, articles):
    rows = [
        (walls, listed(number, f"2024-03-0{day}", amount, compartments=";".join(walls)))
        for number, (day, amount, walls) in enumerate(feeds)
    ]
    documents = [
        bid(f"n{number}", dt.date(2024, 3, day), amount, compartments=walls)
        for number, (day, amount, walls) in enumerate(articles)
    ]
    whole = together(world(Event=[row for _, row in rows]), documents)
    for clearance in CLEARANCES:
        seen = [row for walls, row in rows if clearance.issuperset(walls)]
        told = [one for one in documents if clearance.issuperset(one.compartments)]
        fresh = together(world(Event=seen), told)
        assert answers(whole.view(clearance, TODAY)) == answers(fresh.view(clearance, TODAY))


# --- how far an event is so ---


HOW = {None: "收购", "planned": "收购（计划）", "terminated": "收购（终止）", "rumoured": "收购（传闻）"}


def bought(key, detail, amount=5e8):
    """Nearly the same text, on the same day, of the same parties, whatever of them it tells."""
    text = Text(f"{key}{detail}", f"据悉，澄江集团收购云州港务集团，详情见公告{key}。", on(3))
    group, port = text.name("澄江集团", GROUP), text.name("云州港务集团", PORT)
    others = [("target", port)]
    return text.event("acquisition", "收购", [group], amount=amount, others=others, detail=detail).read()


@pytest.mark.parametrize("amount", [5e8, None])
def test_a_plan_its_end_a_rumour_and_the_deed_are_events_apart_each_with_its_witnesses(amount):
    documents = [bought(key, detail, amount) for key in "ab" for detail in HOW]
    for order in (documents, documents[::-1]):
        view = together(world(), order).view(frozenset(), TODAY)
        rows = view.rows("Event").tolist()
        assert sorted(view.name(row) for row in rows) == sorted(HOW.values())
        for row in rows:
            detail = view.props(row).get("detail")
            assert view.name(row) == HOW[detail]
            tellers = {entity_handle("reading", "Document", f"{key}{detail}") for key in "ab"}
            assert {teller.id for teller in told_by(view, row)} == tellers


def test_the_timeline_says_that_a_plan_is_one():
    view = together(world(), [bought("a", "planned")]).view(frozenset(), TODAY)
    shown = timeline(view, GROUP[0]).model_dump_json()
    assert "收购（计划）" in shown


def test_a_resignation_and_an_appointment_in_one_text_are_two_events():
    text = Text("n1", "澄江医药公告，总经理辞任，董事会聘任新总经理，任期三年。", on(3))
    river = text.name("澄江医药", RIVER)
    text.event("executive_change", "辞任", [river], detail="resigned")
    text.event("executive_change", "聘任", [river], detail="appointed")
    view = together(world(), [text.read()]).view(frozenset(), TODAY)
    names = sorted(view.name(row) for row in view.rows("Event").tolist())
    assert names == ["高管变动（任职）", "高管变动（离任）"]


def test_what_is_simply_so_bears_the_name_of_its_type():
    assert [event_name("negative", "被立案调查"), event_name("pledge", "standing")] == [
        "负面事件",
        "质押（存量）",
    ]


# --- plans that go on ---


def progress(key, month, amount, words="累计回购", *, shares=None, **more):
    text = Text(key, f"截至上月末，澄江医药{words}股份1万股。", month, **more)
    river = text.name("澄江医药", RIVER)
    others = [("shares", figure(text, "1万股", shares, "shares"))] if shares else []
    return text.event("buy_back", "回购", [river], amount=amount, others=others).read()


def on(month, day=2):
    return dt.date(2024, month, day)


PLAN = [progress("p1", on(1), 1e8), progress("p2", on(2), 1.5e8), progress("p3", on(3), 3e8)]


def test_reports_of_a_plan_are_one_event_of_which_the_latest_figure_stands():
    for reports in (PLAN, PLAN[::-1]):
        view = together(world(), reports).view(frozenset(), TODAY)
        assert events(view) == [(3e8, 3)]
        (row,) = view.rows("Event").tolist()
        assert view.props(row)["date"] == on(3)


@pytest.mark.parametrize(
    ("more", "expected"),
    [
        (progress("p4", on(4), 2e8), [(2e8, 1), (3e8, 3)]),  # less: another plan
        (progress("p4", on(6), 4e8), [(3e8, 3), (4e8, 1)]),  # too late
        (progress("p4", on(4), 4e8, "拟回购"), [(3e8, 3), (4e8, 1)]),  # no report of progress
        (progress("p4", on(3, 20), 1.5e8), [(3e8, 4)]),  # an old figure told again
        (progress("p4", on(3), 1.5e8), [(3e8, 4)]),
        (progress("p4", on(4), None, shares=1e6), [(0, 1), (3e8, 3)]),  # nothing to compare
    ],
)
def test_what_is_no_progress_of_the_plan_is_an_event_of_its_own(more, expected):
    assert events(together(world(), [*PLAN, more]).view(frozenset(), TODAY)) == expected


def test_a_plan_goes_on_by_shares_where_no_sum_is_told():
    reports = [progress("p1", on(1), 1e8, shares=1e6), progress("p2", on(2), None, shares=2e6)]
    assert len(together(world(), reports).view(frozenset(), TODAY).rows("Event")) == 1


def test_a_smaller_figure_between_begins_a_plan_and_breaks_none():
    single = progress("day", on(2, 20), 1e7)  # what was bought on one day, told in the same words
    view = together(world(), [*PLAN, single]).view(frozenset(), TODAY)
    assert events(view) == [(1e7, 1), (3e8, 3)]


def test_two_holders_have_two_plans():
    def reduction(key, month, holder, amount):
        text = Text(key, "澄江集团与云州银行累计减持澄江医药股份。", on(month))
        river, holder = text.name("澄江医药", RIVER), text.name(*holder)
        return text.event("reduction", "减持", [river], amount=amount, others=[("holder", holder)]).read()

    group, bank = ("澄江集团", GROUP), ("云州银行", BANK)
    reports = [reduction("r1", 1, group, 1e8), reduction("r2", 2, bank, 2e8), reduction("r3", 2, group, 3e8)]
    assert events(together(world(), reports).view(frozenset(), TODAY)) == [(2e8, 1), (3e8, 2)]


def test_a_walled_report_goes_with_the_public_plan_and_moves_nothing_of_it():
    walled = [progress(f"w{i}", on(i, 10), i * 1e8, compartments=("a",)) for i in (1, 2, 5)]
    whole = together(world(), [*PLAN, *walled])
    public = together(world(), PLAN)
    assert answers(whole.view(frozenset(), TODAY)) == answers(public.view(frozenset(), TODAY))
    # 5e8 in May is behind the wall, and too late for the public plan
    assert events(whole.view(frozenset("a"), TODAY)) == [(3e8, 5), (5e8, 1)]


def test_the_place_of_a_report_does_not_depend_on_the_order():
    rows = [claim for one in PLAN for claim in rows_of(one, believed(), {}).claims]
    rules = joining().progress
    assert placed_progress(rows, rules) == placed_progress(rows[::-1], rules)


# --- pledges ---


THIRD = on(3)


def pledge(key="g1", day=THIRD, shares=3e6, kind="pledge", *, pledgee=True, **more):
    trigger = {"pledge": "质押", "pledge_release": "解除质押"}[kind]
    words, walls = more.pop("words", ""), more.pop("walls", ())
    text = Text(
        key, f"澄江集团将所持澄江医药{words}1万股{trigger}，云州银行，借款。", day, compartments=walls
    )
    group, river, bank = (
        text.name(*one) for one in (("澄江集团", GROUP), ("澄江医药", RIVER), ("云州银行", BANK))
    )
    others = [("company", river), ("shares", figure(text, "1万股", shares, "shares"))]
    others += [("pledgee", bank)] if pledgee else []
    return text.event(kind, trigger, [group], others=others, **more).read()


def release(key, day, shares=3e6, **more):
    return pledge(key, day, shares, "pledge_release", **more)


def part_release(key, day, shares, left, *, words="剩余仍质押", walls=()):  # noqa: PLR0913  # a number each
    """A release of some of the shares that says how many stay pledged."""
    text = Text(key, f"澄江集团所持澄江医药1万股解除质押，{words}2万股。", day, compartments=walls)
    group, river = text.name("澄江集团", GROUP), text.name("澄江医药", RIVER)
    others = [("company", river), ("shares", figure(text, "1万股", shares, "shares"))]
    figure(text, "2万股", left, "shares")
    return text.event("pledge_release", "解除质押", [group], others=others).read()


def pledges(projection, clearance=frozenset()):
    """Of each pledge of the spring shares, first day, and the day on which it ends."""
    out = set()
    for view in (projection.view(clearance, on(month, 20)) for month in (3, 4, 5)):
        for row in view.rows("Pledge").tolist():
            (fact,) = (f for f in view.facts(row, "PARTY_TO", "in") if f.props["role"] == "pledgor")
            out.add((view.props(row)["shares"], fact.valid_from, fact.valid_to))
    return sorted(out, key=str)


def test_a_pledge_that_is_read_is_a_pledge():
    told = [pledge(amount=2e8), pledge("g2", on(3, 4), pledgee=False)]
    view = together(world(), told).view(frozenset(), TODAY)
    (row,) = view.rows("Pledge").tolist()
    assert {(f.props["role"], view.id(f.other)) for f in view.facts(row, "PARTY_TO", "in")} == {
        ("pledgor", GROUP[0]),
        ("security", RIVER[0]),
        ("pledgee", BANK[0]),
    }
    assert {"shares": 3e6, "amount": 2e8}.items() <= view.props(row).items()
    assert len(view.rows("Event")) == 1


@pytest.mark.parametrize(
    "told",
    [
        pledge(detail="planned"),
        pledge(detail="standing"),
        pledge(words="累计"),
        pledge(shares=0),
        pledge(confidence=0.5),
    ],
)
def test_a_plan_or_a_sum_or_what_is_not_sure_is_no_pledge(told):
    assert not together(world(), [told]).view(frozenset(), TODAY).rows("Pledge").size


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([release("r1", on(8))], [(3e6, on(3), on(8))]),
        ([release("r1", on(8)), release("r2", on(8, 3))], [(3e6, on(3), on(8))]),
        ([release("r1", on(8), 2e6)], [(3e6, on(3), None)]),  # a part of it
        ([release("r1", on(2))], [(3e6, on(3), None)]),  # of another, earlier one
        ([pledge("g2", on(5)), release("r1", on(8))], [(3e6, on(3), None), (3e6, on(5), None)]),
        ([pledge("g2", on(5), 4e6), release("r1", on(8))], [(3e6, on(3), on(8)), (4e6, on(5), None)]),
    ],
)
def test_a_release_ends_the_one_pledge_that_it_fits(told, expected):
    assert pledges(together(world(), [pledge(), *told])) == expected


@pytest.mark.parametrize(
    ("told", "expected"),
    [
        ([part_release("r1", on(4), 1e6, 2e6)], [(2e6, on(4), None), (3e6, on(3), on(4))]),
        # what is left is released later, at once or in parts
        (
            [part_release("r1", on(4), 1e6, 2e6), release("r2", on(5), 2e6)],
            [(2e6, on(4), on(5)), (3e6, on(3), on(4))],
        ),
        (
            [part_release("r1", on(4), 1e6, 2e6), part_release("r2", on(5), 1.5e6, 5e5)],
            [(2e6, on(4), on(5)), (3e6, on(3), on(4)), (5e5, on(5), None)],
        ),
        # told twice
        (
            [part_release("r1", on(4), 1e6, 2e6), part_release("r2", on(4, 3), 1e6, 2e6)],
            [(2e6, on(4), None), (3e6, on(3), on(4))],
        ),
        # what is left is of all pledges together
        ([part_release("r1", on(4), 1e6, 9e6)], [(3e6, on(3), None)]),
        ([part_release("r1", on(4), 1e6, 2e6, words="买入")], [(3e6, on(3), None)]),
        # of another of two pledges
        (
            [pledge("g2", on(3, 20), 5e6), part_release("r1", on(4), 1e6, 4e6)],
            [(3e6, on(3), None), (4e6, on(4), None), (5e6, on(3, 20), on(4))],
        ),
        # it fits two
        (
            [pledge("g2", on(3, 20), 3e6), part_release("r1", on(4), 1e6, 2e6)],
            [(3e6, on(3), None), (3e6, on(3, 20), None)],
        ),
    ],
)
def test_a_release_of_a_part_leaves_what_it_says_is_left(told, expected):
    for documents in ([pledge(), *told], [*told[::-1], pledge()]):
        assert pledges(together(world(), documents)) == sorted(expected, key=str)


def test_what_is_left_keeps_parties_and_loan_and_is_shown_as_an_event_too():
    told = [pledge(amount=2e8), part_release("r1", on(4), 1e6, 2e6)]
    view = together(world(), told).view(frozenset(), on(5))
    (row,) = view.rows("Pledge").tolist()
    assert {"shares": 2e6, "amount": 2e8}.items() <= view.props(row).items()
    assert {f.props["role"] for f in view.facts(row, "PARTY_TO", "in")} == {"pledgor", "security", "pledgee"}
    assert len(view.rows("Event")) == 2


def test_a_release_of_a_part_behind_a_wall_reduces_no_pledge_of_others():
    walled = [pledge("w1", on(3, 12), 5e6, walls=("a",)), part_release("w2", on(4), 1e6, 2e6, walls=("a",))]
    public = [pledge(), part_release("r1", on(4), 1e6, 4e6)]
    whole, fresh = together(world(), [*public, *walled]), together(world(), public)
    assert pledges(whole) == pledges(fresh) == [(3e6, on(3), None)]
    assert answers(whole.view(frozenset(), TODAY)) == answers(fresh.view(frozenset(), TODAY))
    # what everybody may see reduces the walled pledge, for those who see both
    assert pledges(whole, frozenset("a")) == [
        (3e6, on(3), None), (4e6, on(4), None), (5e6, on(3, 12), on(4)),
    ]  # fmt: skip


def test_a_walled_release_ends_no_pledge_of_others():
    told = [pledge(), pledge("g2", on(4), 4e6, walls=("a",)), release("r1", on(6), walls=("a",))]
    told += [release("r2", on(7), 4e6)]
    whole = together(world(), told)
    assert pledges(whole) == [(3e6, on(3), None)]
    assert pledges(whole, frozenset("a")) == [(3e6, on(3), None), (4e6, on(4), on(7))]


def test_a_pledge_that_a_feed_lists_is_counted_once():
    row = {"id": "P1", "pledgor": "group", "security": "river", "shares": "3e6", "valid_from": "2024-03-01"}
    view = together(world(Pledge=[row]), [pledge()]).view(frozenset(), TODAY)
    assert len(view.rows("Pledge")) == 1
    other = together(world(Pledge=[row | {"shares": "9e6"}]), [pledge()]).view(frozenset(), TODAY)
    assert len(other.rows("Pledge")) == 2
    over = together(world(Pledge=[row | {"valid_to": "2024-05-01"}]), [pledge()])
    assert not over.view(frozenset(), TODAY).rows("Pledge").size
    assert len(over.view(frozenset(), on(4)).rows("Pledge")) == 1


def test_pledges_do_not_depend_on_the_order():
    told = [pledge(), pledge("g2", on(3, 5)), release("r1", on(8)), pledge("g3", on(9), 5e6)]
    rows = [claim for one in told for claim in rows_of(one, believed(), {}).claims]
    rules = joining().pledges
    assert pledge_rows(rows, rules) == pledge_rows(rows[::-1], rules)
    assert joins(rows[0], "Event") is None


told = st.one_of(
    st.tuples(st.just("progress"), st.integers(1, 6), st.sampled_from((1e8, 2e8)), st.sampled_from(WALLS)),
    st.tuples(
        st.sampled_from(("pledge", "pledge_release")),
        st.integers(1, 6),
        st.sampled_from((3e6, 4e6)),
        st.sampled_from(WALLS),
    ),
)


def document_of(number, one):
    kind, month, value, walls = one
    if kind == "progress":
        return progress(f"n{number}", on(month), value, compartments=walls)
    return pledge(f"n{number}", on(month), value, kind, walls=walls)


def everything(view):
    """All events and pledges with what is said of their parties."""
    shown = []
    for row in (*view.rows("Event").tolist(), *view.rows("Pledge").tolist()):
        facts = [
            (f.props.get("role"), view.id(f.other), f.valid_from) for f in view.facts(row, "PARTY_TO", "in")
        ]
        shown.append((view.id(row), json.dumps(view.props(row), default=str), str(sorted(facts, key=str))))
    return sorted(shown)


@settings(max_examples=20, deadline=None, suppress_health_check=list(HealthCheck))
@given(st.lists(told, max_size=7), st.randoms(use_true_random=False))
def test_plans_and_pledges_show_nothing_of_what_is_hidden_whatever_the_order(tellings, order):
    documents = [document_of(number, one) for number, one in enumerate(tellings)]
    whole = together(world(), documents)
    order.shuffle(documents)
    assert together(world(), documents).digest() == whole.digest()
    for clearance in CLEARANCES:
        seen = [one for one in documents if clearance.issuperset(one.compartments)]
        fresh = together(world(), seen)
        for day in (on(3, 20), TODAY):
            assert everything(whole.view(clearance, day)) == everything(fresh.view(clearance, day))
