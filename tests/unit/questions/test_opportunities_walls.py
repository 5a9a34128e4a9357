"""What a viewer is told of opportunities is what a graph would tell that never held what the viewer may not see."""

from __future__ import annotations

import datetime as dt

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.errors import GuanxiError
from queries.opportunities import Wanted, engine, opportunities, opportunity, opportunity_id
from queries.opportunity_funnel import funnel
from queries.opportunity_rules import opportunity_rules
from queries.paging import Page

DAY = dt.date(2024, 6, 30)
WALLS = ((), (), (), ("a",), ("b",), ("a", "b"))
VIEWERS = {"nobody": (), "a": ("a",), "b": ("b",), "ab": ("a", "b")}
PRODUCTS = ("现金管理", "公司债券承销", "衍生品与套期保值", "企业家财富管理")
KEYS = ("cash_management", "corporate_bond", "hedging", "owner_wealth")
COMPANIES, PEOPLE, STAFF = range(6), range(3), range(2)

numbers = st.integers(0, 5)
walls = st.sampled_from(WALLS)
company = st.fixed_dictionaries(
    {
        "name": st.sampled_from(("江河有限公司", "湖海股份有限公司", "山川集团有限公司", None)),
        "nature": st.sampled_from((None, "private", "state_body", "fund")),
        "client": st.sampled_from((True, None)),
        "code": st.sampled_from(("600001.SH", None, None)),
        "capital": st.sampled_from((1e6, 3e8, None)),
        "founded": st.sampled_from(("2001-01-01", "2023-06-01", None)),
    }
)
KINDS = ("buy_back", "reduction", "bid_won", "loss", "lockup_expiry", "executive_change", "pledge")
DATES = ("2024-06-20", "2024-05-01", "2023-12-01", "2024-07-20", "2020-01-01")
event = st.tuples(
    st.just("event"),
    numbers,
    st.sampled_from(KINDS),
    st.sampled_from(DATES),
    st.sampled_from((1e6, 5e8, None)),
    walls,
)
owned = st.tuples(st.just("owned"), numbers, st.integers(0, 3), walls)
held = st.tuples(st.just("held"), numbers, numbers, st.sampled_from((0.1, 0.6, 1.0)), walls)
supplied = st.tuples(st.just("supplied"), numbers, numbers, walls)
office = st.tuples(st.just("office"), st.integers(0, 2), numbers, walls)
cover = st.tuples(st.just("cover"), st.integers(0, 1), numbers, st.sampled_from(("lead", "member")), walls)
limit = st.tuples(st.just("limit"), numbers, st.sampled_from(((), ("hedging",))), walls)
said = st.tuples(
    st.just("said"), numbers, st.integers(0, 3),
    st.sampled_from(("accepted", "dismissed", "won", "lost", "snoozed", "assigned")), walls,
)  # fmt: skip
statement = st.one_of(event, event, owned, owned, held, supplied, office, cover, limit, said)


def built(builder, companies, statements):
    """The statements as a loader stores them: ends are units of exactly the statement's compartments."""
    units = {}

    def unit(label, number, wall, **props):
        key = (label, number, tuple(wall))
        if key not in units:
            units[key] = builder.node(label, f"{label}{number}", walls=wall, **props)
        return units[key]

    for number, (props, wall) in enumerate(companies):
        unit("Company", number, wall, **props)
    for number, name in enumerate(PRODUCTS):
        unit("Product", number, (), name=name)
    for nth, (kind, *rest, wall) in enumerate(statements):
        _state(builder, unit, (nth, kind, rest, wall))
    return builder


def _state(builder, unit, one):
    nth, kind, rest, wall = one
    a = unit("Person" if kind == "office" else "Employee" if kind == "cover" else "Company", rest[0], wall)
    if kind == "event":
        builder.part(
            "Event",
            f"e{nth}",
            {"subjects": [a]},
            name=rest[1],
            kind=rest[1],
            date=rest[2],
            amount=rest[3],
            walls=wall,
        )
    elif kind == "owned":
        product = unit("Product", rest[1], wall, name=PRODUCTS[rest[1]])
        builder.edge("OWNS_PRODUCT", a, product, walls=wall, revenue=1e5, valid_from="2023-01-01")
    elif kind == "held":
        builder.edge("HOLDS", a, unit("Company", rest[1], wall), walls=wall, share_ratio=rest[2])
    elif kind == "supplied":
        builder.edge("SUPPLIES", a, unit("Company", rest[1], wall), walls=wall)
    elif kind == "office":
        builder.edge("OFFICER_OF", a, unit("Company", rest[1], wall), walls=wall, office="董事长")
    elif kind == "cover":
        builder.edge("COVERS", a, unit("Company", rest[1], wall), walls=wall, role=rest[2])
    elif kind == "limit":
        builder.part("Restriction", f"r{nth}", {"party": [a]}, products=list(rest[1]), walls=wall)
    else:
        builder.node(
            "Decision", f"d{nth}", walls=wall, source="desk", about="x", client=a[1], product=KEYS[rest[1]],
            state=rest[2], who="feng", at=f"2024-06-1{nth % 10}T10:00:00+00:00", sources=["events", "chain"],
            until="2024-12-31", assignee=unit("Employee", 0, wall)[1], valid_from="2024-06-10",
            stated="2024-06-10",
        )  # fmt: skip


def answers(projection, clearance, ids, by):
    """All that may be asked, as it would go over the wire."""
    view = projection.view(clearance, DAY)

    def said(ask):
        try:
            return ask().model_dump_json()
        except GuanxiError as error:
            return type(error).__name__, error.message

    yield "all", said(lambda: opportunities(view, by=by))
    yield "funnel", said(lambda: funnel(view, by=by))
    cursor = None
    for _ in range(4):
        page = opportunities(view, by=by, page=Page(2, cursor, "k"))
        yield "page", page.model_dump_json()
        cursor = page.next
        if cursor is None:
            break
    for wanted in (
        Wanted(stage="dismissed"),
        Wanted(unassigned=True),
        Wanted(source="chain"),
        Wanted(product="hedging"),
    ):
        yield str(wanted), said(lambda wanted=wanted: opportunities(view, wanted, by=by))
    for ref in ids:
        yield ref, said(lambda ref=ref: opportunities(view, Wanted(company=ref), by=by))
        yield ref, said(lambda ref=ref: opportunities(view, Wanted(manager=ref), by=by))
        for key in KEYS:
            yield ref + key, said(lambda ref=ref, key=key: opportunity(view, opportunity_id(ref, key), by=by))


@pytest.fixture(scope="module")
def by():
    """An engine that proposes a lot: every source, with little asked of neighbours."""
    rules = opportunity_rules().model_dump(by_alias=True)
    rules["sources"] = ["events", "white_space", "look_alikes", "collaborative", "chain"]
    rules["look_alikes"] |= {"least_holders": 1, "least_share": 0.1, "least_likeness": 0.3}
    rules["collaborative"] |= {"fewest_clients": 2, "least_score": 0.01}
    rules["chain"]["good_products"] = 1
    return engine(rules=type(opportunity_rules()).model_validate(rules))


@settings(max_examples=40, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    companies=st.lists(st.tuples(company, walls), min_size=3, max_size=6),
    statements=st.lists(statement, min_size=4, max_size=22),
    who=st.sampled_from(sorted(VIEWERS)),
)
def test_walls_leave_no_trace(builder, by, companies, statements, who):
    graph = built(type(builder)(), companies, statements)
    ids = sorted({unit["id"] for label, unit in graph.nodes if label in ("Company", "Employee")})
    cleared = VIEWERS[who]
    walled = list(answers(graph.projection(), frozenset(cleared), ids, by))
    fresh = list(answers(graph.without(cleared).projection(), None, ids, by))
    assert walled == fresh


def test_the_test_would_notice_a_leak(builder, by):
    statements = [("event", 0, "buy_back", "2024-06-20", 1e8, ("a",)), ("owned", 1, 0, ())]
    companies = [({"name": "江河有限公司", "code": "600001.SH"}, ()), ({"name": "湖海股份有限公司"}, ())]
    graph = built(builder, companies, statements)
    projection = graph.projection()
    assert list(answers(projection, frozenset(), [], by)) != list(answers(projection, frozenset("a"), [], by))


def test_feedback_behind_a_wall_teaches_nobody(builder, by):
    companies = [({"name": "江河有限公司", "code": "600001.SH"}, ())]
    statements = [("event", 0, "bid_won", "2024-06-20", 1e8, ()), ("said", 0, 2, "won", ("a",))]
    graph = built(builder, companies, statements).projection()
    wanted = Wanted(product="corporate_bond")
    outside, inside = (
        opportunities(graph.view(frozenset(cleared), DAY), wanted, by=by).opportunities[0].score
        for cleared in ("", "a")
    )
    assert outside == inside
