"""Alerts over both databases: each written once, nothing lost when a run is stopped, decisions kept, walls held."""

from __future__ import annotations

import datetime as dt
import json
import time

import pytest
from fastapi.testclient import TestClient

from api import alert_runs, auth
from api.alert_runs import Screening, decide, screen
from api.app import create_app
from api.settings import ApiSettings
from graph.projection import Projection
from ingest import alerts as writing
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.withdrawal import refold, withdraw
from ingest.written import desk, risk_alerts
from queries.alert_rules import event_shocks
from queries.alerts import Wanted, alert, alerts
from queries.risk_channels import channels

TODAY = dt.date(2024, 6, 30)

WORLD = {
    "Company": [
        {"id": "debtor", "name": "青石建设有限公司"},
        {"id": "client", "name": "澄江医药股份有限公司", "client": True},
        {"id": "other", "name": "远山贸易有限公司", "client": True},
        {"id": "hidden", "name": "无名投资有限公司", "compartments": "deal:a"},
    ],
    "Employee": [{"id": "e", "name": "冯经理"}],
    "FinancialReport": [
        {"id": "f1", "company": "client", "equity": 1000, "period_end": "2023-12-31"},
        {"id": "f2", "company": "other", "equity": 1000, "period_end": "2023-12-31"},
    ],
    "Guarantee": [
        {
            "id": "g1",
            "debtor": "debtor",
            "guarantor": "client",
            "creditor": "other",
            "amount": 400,
            "kind": "连带",
        },
        {
            "id": "g2",
            "debtor": "debtor",
            "guarantor": "other",
            "amount": 900,
            "kind": "连带",
            "compartments": "deal:a",
        },
    ],
    "Event": [
        {"id": "e1", "kind": "default", "date": "2024-06-20", "subjects": "debtor"},
        {"id": "e2", "kind": "bid_won", "date": "2024-06-20", "subjects": "debtor"},
        {
            "id": "old",
            "kind": "default",
            "date": "2020-01-01",
            "subjects": "debtor",
            "known_from": "2020-01-02",
        },
        {
            "id": "walled",
            "kind": "default",
            "date": "2024-06-21",
            "subjects": "debtor",
            "compartments": "deal:a",
        },
    ],
    "COVERS": [{"from": "e", "to": "client", "role": "lead"}],
}


def put(store, folder, world, day=TODAY):
    """Load rows in the native form."""
    folder.mkdir(exist_ok=True)
    paths = []
    for label, rows in world.items():
        paths.append(folder / f"{label}.jsonl")
        paths[-1].write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    load(store, Native(), paths, LoadOptions(today=day, rejects=folder / "rejects"))


class Desk:
    """A store with its projection, as the service has them."""

    def __init__(self, store, settings, day=TODAY):
        self.store, self.day = store, day
        self.projection = Projection.open(store, settings)
        self.options = LoadOptions(today=day, rejects=settings.data_dir / "rejects")

    def run(self, since=None):
        by = Screening(self.store, self.projection, event_shocks(), channels(), self.options)
        report = screen(by, lambda _name, _done: None, since)
        self.projection.refresh()
        return report

    def view(self, clearance=frozenset()):
        self.projection.refresh()
        return self.projection.view(clearance, self.day)

    def listed(self, clearance=frozenset(), **wanted):
        return alerts(self.view(clearance), Wanted(**wanted)).alerts


@pytest.fixture
def at_desk(store, settings, tmp_path):
    put(store, tmp_path / "world", WORLD)
    return Desk(store, settings)


def named(found):
    return sorted((one.client.name, one.event.id, tuple(one.compartments)) for one in found)


def test_an_event_alerts_once_and_a_second_run_writes_nothing(at_desk):
    first = at_desk.run()
    assert (first.events, first.alerts) == (2, 3)
    version = at_desk.store.version()
    loads = at_desk.store.read("MATCH (l:Load) RETURN count(*) AS n")
    again = at_desk.run()
    assert (again.events, again.alerts) == (0, 0)
    assert at_desk.store.version() == version
    assert at_desk.store.read("MATCH (l:Load) RETURN count(*) AS n") == loads
    (one,) = at_desk.listed()
    assert one.client.name == "澄江医药股份有限公司"
    assert one.distress == pytest.approx(0.32)  # 400 × 0.8 ÷ 1000
    assert one.distress_low <= one.distress <= one.distress_high
    assert [staff.name for staff in one.covered_by] == ["冯经理"]
    assert one.trace.paths[0].steps[0].records
    assert [c.channel for c in one.trace.channels] == ["guarantee"]


def test_who_is_not_cleared_sees_no_alert_of_a_walled_event_and_the_public_one_does_not_know_of_it(at_desk):
    at_desk.run()
    public, team = at_desk.listed(), at_desk.listed(frozenset({"deal:a"}))
    assert {tuple(one.compartments) for one in public} == {()}
    assert {(one.client.name, tuple(one.compartments)) for one in team} == {
        ("澄江医药股份有限公司", ()),
        ("澄江医药股份有限公司", ("deal:a",)),
        ("远山贸易有限公司", ("deal:a",)),
    }
    assert at_desk.listed(frozenset({"deal:b"})) == public


def test_the_public_alerts_are_those_of_a_store_that_never_held_the_walled_records(
    at_desk, store, settings, tmp_path
):
    at_desk.run()
    public = [repr(one) for one in at_desk.listed()]
    store.write(lambda tx: tx.execute("MATCH (n) DETACH DELETE n"))
    open_to_all = {k: [r for r in rows if "compartments" not in r] for k, rows in WORLD.items()}
    put(store, tmp_path / "fresh", open_to_all)
    fresh = Desk(store, settings.model_copy(update={"data_dir": tmp_path / "other"}))
    fresh.run()
    assert [repr(one) for one in fresh.listed()] == public


def test_a_run_that_is_stopped_midway_loses_nothing(at_desk, monkeypatch):
    monkeypatch.setattr(alert_runs, "BATCH", 1)
    whole = writing.write_screened

    def stop(*_):
        raise KeyboardInterrupt

    monkeypatch.setattr(writing, "write_screened", stop)
    with pytest.raises(KeyboardInterrupt):
        at_desk.run()
    monkeypatch.setattr(writing, "write_screened", whole)
    at_desk.projection.refresh()
    assert at_desk.run().events == 2
    assert len(at_desk.listed(None)) == 3
    assert len(at_desk.store.read("MATCH (a:Alert) RETURN a.id AS id")) == 3
    assert not at_desk.store.read("MATCH (p:Past) RETURN p.id AS id")


def test_a_later_event_is_found_however_long_the_service_stood_still(at_desk, store, settings, tmp_path):
    at_desk.run()
    later = {
        "Event": [
            *WORLD["Event"],
            {"id": "e3", "kind": "default", "date": "2023-01-01", "subjects": "debtor"},
        ]
    }
    put(store, tmp_path / "later", later, dt.date(2024, 12, 1))
    report = Desk(store, settings, dt.date(2025, 3, 1)).run()
    assert (report.events, report.alerts) == (1, 1)


def test_history_is_screened_where_that_is_asked_for(at_desk):
    assert at_desk.run().events == 2
    early = at_desk.run(dt.date(2020, 1, 1))
    assert (early.since, early.events, early.alerts) == (dt.date(2020, 1, 1), 1, 1)
    assert at_desk.run(dt.date(2024, 1, 1)).since == dt.date(2020, 1, 1)


def test_decisions_are_records_with_a_history(at_desk):
    at_desk.run()
    (one,) = at_desk.listed()
    said = decide(at_desk.store, one, ("acknowledged", None, "feng"), at_desk.options)
    now = alert(at_desk.view(), one.id).alert
    assert repr(now) == repr(said)
    assert (now.state, now.history[0].who, now.history[0].records[0].source) == (
        "acknowledged",
        "feng",
        "desk",
    )
    decide(at_desk.store, now, ("dismissed", "已代偿", "wang"), at_desk.options)
    (last,) = at_desk.listed(state="dismissed")
    assert [(line.state, line.who, line.reason) for line in last.history] == [
        ("acknowledged", "feng", None),
        ("dismissed", "wang", "已代偿"),
    ]
    assert not at_desk.listed(state="new")


def test_a_decision_on_a_walled_alert_stays_behind_its_wall(at_desk):
    at_desk.run()
    team = frozenset({"deal:a"})
    walled = next(one for one in at_desk.listed(team) if one.compartments)
    decide(at_desk.store, walled, ("closed", "交易终止", "li"), at_desk.options)
    assert alert(at_desk.view(team), walled.id).alert.state == "closed"
    (decision,) = at_desk.store.read("MATCH (d:Decision) RETURN d.compartments AS walls")
    assert decision["walls"] == ["deal:a"]


def test_alerts_are_withdrawn_and_refolded_like_any_source(at_desk):
    at_desk.run()
    before = [repr(one) for one in at_desk.listed(None)]
    refold(at_desk.store, risk_alerts(), at_desk.options)
    assert [repr(one) for one in at_desk.listed(None)] == before
    withdraw(at_desk.store, risk_alerts(), "risk-alerts", at_desk.options)
    assert not at_desk.listed(None)
    assert at_desk.run().alerts == 3
    assert desk().role("Decision").name == "Decision"


def test_a_decision_over_http_names_the_viewer(at_desk, settings, tmp_path):
    at_desk.run()
    (one,) = at_desk.listed()
    api = ApiSettings(
        data_dir=tmp_path / "api",
        store_uri=settings.store_uri,
        store_user=settings.store_user,
        store_password=settings.store_password,
        store_database=settings.store_database,
    )
    headers = {"Authorization": f"Bearer {auth.add_token(api.tokens_path, 'risk.officer')}"}
    with TestClient(create_app(api), headers=headers) as client:
        path = f"/v1/alerts/{one.id}"
        said = client.post(f"{path}/decision", json={"state": "acknowledged"})
        assert said.status_code == 200, said.text
        assert said.json()["alert"]["history"][0]["who"] == "risk.officer"
        deadline = time.monotonic() + 20
        while client.get(path).json() != said.json():
            assert time.monotonic() < deadline
            time.sleep(0.1)
        assert client.post(f"{path}/decision", json={"state": "acknowledged"}).status_code == 422
