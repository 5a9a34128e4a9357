"""Alerts: which events raise them and how high, what is listed for whom, and nothing of what is walled."""

from __future__ import annotations

import datetime as dt
import json

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from typer.testing import CliRunner

from api import auth, examples
from api.app import create_app
from api.cli import app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import DataError, InvalidInput, NotFound
from graph.ids import entity_handle
from queries.alert_rise import due, raised
from queries.alert_rules import event_shocks
from queries.alerts import STATES, AlertLine, Alerts, One, Trace, Wanted, alert, alerts, decided
from queries.paging import Page
from queries.risk_channels import channels
from tests.unit.questions.conftest import GraphBuilder

DAY = dt.date(2024, 6, 30)
LONG_AGO = dt.date(2024, 1, 1)
TRACE = Trace(own_shock=0.0, channels=[], paths=[]).model_dump_json()


class Book:
    """A debtor whose default hits two guarantors, both clients; alerts and decisions as the loader writes them."""

    def __init__(self) -> None:
        self.g = GraphBuilder()
        self.debtor = self.g.node("Company", "debtor", name="青石建设有限公司")
        self.clients = {
            key: self.g.node("Company", key, name=f"客户{key}有限公司", client=True) for key in ("a", "b")
        }
        for key, client in self.clients.items():
            self.g.part(
                "FinancialReport", f"f{key}", {"company": [client]}, equity=1000.0, period_end="2023-12-31"
            )

    def guarantee(self, key, guarantor, amount, walls=()):
        roles = {"debtor": [self.debtor], "guarantor": [self.clients[guarantor]]}
        self.g.part("Guarantee", key, roles, amount=amount, kind="连带", walls=walls)

    def event(self, key, kind="default", subjects=None, walls=(), **props):
        roles = {"subjects": [self.debtor] if subjects is None else subjects}
        props = {"date": dt.date(2024, 6, 1), **props}
        return self.g.part("Event", key, roles, kind=kind, walls=walls, **props)[1]

    def alert(self, key, client, **props):
        distress, day = props.get("distress", 0.5), props.get("day", DAY)
        walls, source = props.get("walls", ()), props.get("source", "risk-alerts")
        return self.g.node(
            "Alert", key, walls=walls, source=source, event=self.g.nodes[0][1]["id"], kind="default",
            client=self.clients[client][1], raised=day, shock=1.0, distress=distress, distress_low=distress,
            distress_high=distress, net=0.0, rule="r", trace=TRACE, text="文", text_en="text",
        )[1]  # fmt: skip

    def decision(self, about, state, at, walls=(), reason=None):
        self.g.node(
            "Decision", f"{about}{state}{at}", walls=walls, source="desk", about=about, state=state, at=at,
            who="feng", reason=reason,
        )  # fmt: skip

    def view(self, clearance=frozenset(), day=DAY):
        return self.g.projection().view(clearance, day)

    def raised(self, event, clearance=frozenset()):
        found = raised(self.view(clearance), event, event_shocks(), channels())
        return None if found is None else {one.fields["client"]: one.fields for one in found}


@pytest.fixture
def book():
    return Book()


# --- what raises an alert --------------------------------------------------------------------------------------------


def test_clients_above_the_threshold_are_alerted_with_trace_and_range(book):
    book.guarantee("g1", "a", 500.0)
    book.guarantee("g2", "b", 50.0)
    (one,) = book.raised(book.event("e")).values()
    assert one["client"] == book.clients["a"][1]
    assert one["distress"] == pytest.approx(0.4)  # 500 × 0.8 ÷ 1000
    assert one["distress_low"] <= one["distress"] <= one["distress_high"]
    trace = Trace.model_validate_json(one["trace"])
    assert [share.channel for share in trace.channels] == ["guarantee"]
    assert trace.paths[0].steps[0].records
    assert one["rule"] == event_shocks().label


def test_a_client_that_is_hit_itself_is_alerted(book):
    found = book.raised(book.event("e", "customer_loss", [book.clients["a"]]))
    assert found[book.clients["a"][1]]["distress"] == event_shocks().kinds["customer_loss"].size


def test_the_amount_decides_where_it_is_lost_and_equity_is_known(book):
    event = book.event("e", "loss", [book.clients["a"]], amount=700.0)
    (one,) = book.raised(event).values()
    assert one["shock"] == one["distress"] == pytest.approx(0.7)
    assert book.raised(book.event("small", "loss", [book.clients["a"]], amount=1.0)) == {}


def test_an_event_of_nobody_known_waits(book):
    assert book.raised(book.event("e", subjects=[])) is None


def test_due_are_events_of_kinds_that_shock_up_to_the_day_and_not_screened(book):
    first = book.event("first")
    book.event("bid", "bid_won")
    book.event("ahead", date=dt.date(2024, 7, 1))
    walled = book.event("walled", walls=["x"])
    rules, view = event_shocks(), book.view(None)
    assert [(one.handle, one.compartments) for one in due(view, rules, LONG_AGO, ())] == [
        (first, ()),
        (walled, ("x",)),
    ]
    assert [one.handle for one in due(view, rules, LONG_AGO, {first})] == [walled]
    assert due(view, rules, DAY, ()) == []  # all was told before


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(st.sampled_from("ab"), st.sampled_from((100.0, 900.0)), st.sampled_from(((), ("x",)))),
        max_size=5,
    )
)
def test_an_alert_on_the_public_view_is_that_of_a_graph_without_walled_records(guarantees):
    book = Book()
    event = book.event("e")
    for at, (client, amount, walls) in enumerate(guarantees):
        book.guarantee(f"g{at}", client, amount, walls)
    found = book.raised(event)
    book.g = book.g.without(())
    assert json.dumps(book.raised(event)) == json.dumps(found)


@pytest.mark.parametrize(
    "text",
    ["a: [", "version: 1", "threshold: 2", "kinds: {default: {size: 2}}"],
)
def test_a_file_of_rules_that_is_wrong_is_refused(tmp_path, text):
    path = tmp_path / "rules.yaml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(DataError, match=r"rules\.yaml"):
        event_shocks(path)


# --- what is listed --------------------------------------------------------------------------------------------------


def ids(answer):
    return [one.id for one in answer.alerts]


def test_the_newest_come_first_then_the_hardest_hit_in_pages(book):
    old = book.alert("1", "a", day=dt.date(2024, 6, 1), distress=0.9)
    soft, hard = book.alert("2", "a", distress=0.2), book.alert("3", "b", distress=0.8)
    view = book.view()
    assert ids(alerts(view)) == [hard, soft, old]
    first = alerts(view, page=Page(2, None, "k"))
    assert ids(first) + ids(alerts(view, page=Page(2, first.next, "k"))) == [hard, soft, old]
    assert first.total == 3


def test_states_and_staff_choose(book):
    a, b = book.alert("1", "a"), book.alert("2", "b")
    staff = book.g.node("Employee", "e", name="冯经理")
    book.g.edge("COVERS", staff, book.clients["b"], role="lead")
    book.decision(a, "acknowledged", "2024-06-30T08:00:00.000+00:00")
    book.decision(a, "dismissed", "2024-06-30T09:00:00.000+00:00", reason="已代偿")
    view = book.view()
    assert ids(alerts(view, Wanted(state="dismissed"))) == [a]
    assert ids(alerts(view, Wanted(state="new"))) == [b]
    assert ids(alerts(view, Wanted(client="客户b有限公司"))) == [b]
    assert ids(alerts(view, Wanted(covered_by="冯经理"))) == [b]
    assert ids(alerts(view, Wanted(client="客户a有限公司", covered_by="冯经理"))) == []
    assert [line.reason for line in alert(view, a).alert.history] == [None, "已代偿"]
    with pytest.raises(InvalidInput):
        alerts(view, Wanted(state="open"))


def test_rows_of_files_are_no_alerts(book):
    stray = book.alert("1", "a", source="native")
    assert ids(alerts(book.view())) == []
    with pytest.raises(NotFound):
        alert(book.view(), stray)
    with pytest.raises(NotFound):
        alert(book.view(), book.clients["a"][1])


@pytest.mark.parametrize(
    ("state", "wanted", "reason", "allowed"),
    [
        ("new", "acknowledged", None, True),
        ("new", "dismissed", None, False),
        ("new", "dismissed", " ", False),
        ("new", "dismissed", "已代偿", True),
        ("acknowledged", "acknowledged", None, False),
        ("closed", "dismissed", "已代偿", False),
        ("closed", "acknowledged", None, True),
        ("new", "new", None, False),
    ],
)
def test_what_may_be_decided(book, state, wanted, reason, allowed):
    one = book.alert("1", "a")
    if state != "new":
        book.decision(one, state, "2024-06-30T08:00:00.000+00:00")
    found: AlertLine = alert(book.view(), one).alert
    assert found.state == state
    assert found.state in STATES
    if allowed:
        assert decided(found, wanted, reason) == wanted
    else:
        with pytest.raises(InvalidInput):
            decided(found, wanted, reason)


@settings(max_examples=25, suppress_health_check=[HealthCheck.too_slow])
@given(
    st.lists(
        st.tuples(
            st.sampled_from("ab"), st.sampled_from(((), ("x",), ("y",), ("x", "y"))), st.sampled_from((0.2, 0.5)),
            st.sampled_from((None, "acknowledged", "closed")), st.booleans(),
        ), max_size=6,
    )
)  # fmt: skip
def test_a_viewer_s_list_is_that_of_a_graph_without_what_is_hidden(found):
    book = Book()
    for at, (client, walls, distress, state, more) in enumerate(found):
        one = book.alert(str(at), client, walls=walls, distress=distress)
        if state:
            decision_walls = {*walls, "y"} if more else walls
            book.decision(one, state, "2024-06-30T08:00:00.000+00:00", walls=decision_walls)
    for clearance in ((), ("x",), ("x", "y")):
        whole = book.g.projection().view(frozenset(clearance), DAY)
        fresh = book.g.without(clearance).projection().view(frozenset(clearance), DAY)
        for wanted in (Wanted(), Wanted(state="new"), Wanted(client="客户a有限公司")):
            pages = [
                alerts(view, wanted, page=Page(1, None, "k")).model_dump_json() for view in (whole, fresh)
            ]
            assert pages[0] == pages[1]


def test_examples_are_answers():
    for route, model in (
        (("get", "/v1/alerts"), Alerts),
        (("get", "/v1/alerts/{id}"), One),
        (("post", "/v1/alerts/{id}/decision"), One),
    ):
        model.model_validate_json(json.dumps(examples.ANSWERS[route]))


# --- on the wire -----------------------------------------------------------------------------------------------------


@pytest.fixture
def ask(book, tokens):
    public, walled = book.alert("1", "a"), book.alert("2", "b", walls=["x"])
    secrets = {"public": auth.add_token(tokens, "public"), "team": auth.add_token(tokens, "team", ["x"])}
    api = ApiSettings(data_dir=tokens.parent, token_file=tokens, cursor_key="k")
    with TestClient(create_app(api, FixedGraph(book.g.projection()))) as client:

        def asked(path="", who="public", body=None, **params):
            headers = {"Authorization": f"Bearer {secrets[who]}"}
            path = f"/v1/alerts{path.format(public=public, walled=walled)}"
            if body is None:
                return client.get(path, params={"as_of": "2024-06-30", **params}, headers=headers)
            return client.post(path, json=body, headers=headers)

        yield asked


def test_the_list_over_http(ask):
    assert ask().content == ask().content
    assert ask().json()["total"] == 1
    assert ask(who="team").json()["total"] == 2
    assert ask(state="closed").json()["alerts"] == []
    assert ask("/{public}").json()["alert"]["state"] == "new"


def test_a_hidden_alert_and_an_absent_one_are_the_same(ask):
    absent = entity_handle("risk-alerts", "Alert", "none")
    for suffix, body in (("", None), ("/decision", {"state": "closed"})):
        hidden, none = ask("/{walled}" + suffix, body=body), ask(f"/{absent}{suffix}", body=body)
        assert hidden.status_code == none.status_code == 404
        assert hidden.json()["type"] == none.json()["type"]


@pytest.mark.parametrize(
    "params", [{"state": "open"}, {"cursor": "x"}, {"limit": 0}, {"surplus": 1}, {"client": "\x00"}]
)
def test_bad_parameters_are_refused(ask, params):
    assert ask(**params).status_code == 422


@pytest.mark.parametrize(
    "body", [{"state": "new"}, {"state": "dismissed"}, {"state": "closed", "who": "boss"}, {}]
)
def test_bad_decisions_are_refused(ask, body):
    assert ask("/{public}/decision", body=body).status_code == 422


def test_the_commands_are_there():
    shown = CliRunner().invoke(app, ["alerts", "--help"]).output
    assert all(command in shown for command in ("run", "list", "show", "decide"))
