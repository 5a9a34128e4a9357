"""Feedback on opportunities as records of the desk, on both engines: what it changes, and for whom."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from api.opportunity_runs import Desk, assign, feedback
from graph.errors import InvalidInput, NotFound
from graph.projection import Projection
from ingest.loader import LoadOptions, load
from ingest.native import Native
from queries.opportunities import Wanted, engine, opportunities, opportunity, opportunity_id

TODAY = dt.date(2024, 6, 30)

WORLD = {
    "Company": [
        {
            "id": "river",
            "name": "澄江医药股份有限公司",
            "code": "600001.SH",
            "listed_on": "2010-01-01",
            "client": True,
        },
        {"id": "lake", "name": "湖海股份有限公司", "code": "600002.SH", "listed_on": "2010-01-01"},
    ],
    "Employee": [{"id": "feng", "name": "冯经理"}, {"id": "wang", "name": "王经理"}],
    "COVERS": [{"from": "feng", "to": "river", "role": "lead"}],
    "Event": [
        {"id": "e1", "kind": "buy_back", "date": "2024-06-01", "amount": 300000000, "subjects": "river"},
        {"id": "old", "kind": "pledge", "date": "2023-01-01", "subjects": "river"},
        {
            "id": "secret",
            "kind": "acquisition",
            "date": "2024-06-01",
            "subjects": "lake",
            "compartments": "deal:a",
        },
    ],
}


class Office:
    """A store with its projection, on one day, as somebody sees it."""

    def __init__(self, store, settings, folder):
        self.store, self.folder, self.settings, self.by = store, folder, settings, engine()
        self.put(WORLD, TODAY)
        self.projection = Projection.open(store, settings)

    def put(self, world, day):
        self.folder.mkdir(exist_ok=True)
        paths = []
        for label, rows in world.items():
            paths.append(self.folder / f"{label}.jsonl")
            text = "\n".join(json.dumps(row, ensure_ascii=False) for row in rows)
            paths[-1].write_text(text, encoding="utf-8")
        load(self.store, Native(), paths, self.options(day))

    def options(self, day):
        return LoadOptions(today=day, rejects=self.settings.data_dir / "rejects")

    def view(self, clearance=frozenset(), day=TODAY):
        self.projection.refresh()
        return self.projection.view(clearance, day)

    def listed(self, clearance=frozenset(), day=TODAY, **wanted):
        return opportunities(self.view(clearance, day), Wanted(**wanted), by=self.by).opportunities

    def desk(self, clearance=frozenset(), day=TODAY):
        return Desk(self.store, self.view(clearance, day), self.by, "feng", self.options(day))

    def say(  # noqa: PLR0913  # what is said
        self, one, state, *, reason=None, until=None, amount=None, clearance=frozenset(), day=TODAY
    ):
        return feedback(self.desk(clearance, day), one.id, (state, reason, until, amount))


@pytest.fixture
def office(store, settings, tmp_path):
    return Office(store, settings, tmp_path / "world")


def of(listed, key):
    return next((one for one in listed if one.product.key == key), None)


def test_feedback_is_a_record_with_who_and_when(office):
    one = of(office.listed(), "buy_back")
    said = office.say(one, "accepted")
    now = opportunity(office.view(), one.id, by=office.by).opportunity
    assert now.history == said.history
    assert (now.stage, now.history[0].who, now.history[0].records[0].source) == ("accepted", "feng", "desk")
    won = office.say(now, "won", amount=250000.0)
    assert (won.stage, won.history[-1].amount) == ("won", 250000.0)
    assert not of(office.listed(), "buy_back")
    assert of(office.listed(stage="won"), "buy_back").history[-1].amount == 250000.0
    with pytest.raises(InvalidInput, match="won"):
        office.say(won, "snoozed", until=dt.date(2024, 9, 1))


def test_what_is_dismissed_comes_back_only_when_something_new_happens(office):
    one = of(office.listed(), "buy_back")
    with pytest.raises(InvalidInput, match="理由"):
        office.say(one, "dismissed")
    office.say(one, "dismissed", reason="已有经办券商")
    assert not of(office.listed(), "buy_back")
    later = dt.date(2024, 7, 20)
    assert not of(office.listed(day=later), "buy_back")
    new = {"id": "e2", "kind": "buy_back", "date": "2024-07-10", "amount": 100000000, "subjects": "river"}
    office.put({"Event": [*WORLD["Event"], new]}, later)
    back = of(office.listed(day=later), "buy_back")
    assert (back.stage, back.returned, len(back.history)) == ("new", True, 1)


def test_snoozed_until_a_day(office):
    one = of(office.listed(), "buy_back")
    for until in (None, TODAY):
        with pytest.raises(InvalidInput, match="日期"):
            office.say(one, "snoozed", until=until)
    office.say(one, "snoozed", until=dt.date(2024, 8, 1))
    assert not of(office.listed(day=dt.date(2024, 7, 31)), "buy_back")
    assert of(office.listed(day=dt.date(2024, 8, 1)), "buy_back").stage == "new"


def test_acceptance_recalibrates_reproducibly(office):
    before = of(office.listed(), "equity_incentive").score
    office.say(of(office.listed(), "equity_incentive"), "dismissed", reason="不需要")
    prior = office.by.rules.rates.take_up["events"]
    view = office.view()
    learned = opportunities(view, Wanted(stage="dismissed"), by=office.by).opportunities[0].score
    assert learned.take_up == pytest.approx(before.take_up * prior.after(0, 1) / prior.mean)
    again = Projection.open(office.store, office.settings).view(frozenset(), TODAY)
    assert opportunities(again, Wanted(stage="dismissed"), by=office.by).opportunities[0].score == learned


def test_expired_and_hidden(office):
    view = office.view()
    pledge = opportunity_id(view.id(view.resolve("600001.SH")), "share_pledge")
    with pytest.raises(InvalidInput, match="过期"):
        feedback(office.desk(), pledge, ("accepted", None, None, None))
    hidden = of(office.listed(frozenset({"deal:a"})), "mna")
    for ref in (hidden.id, "0" * 24):
        with pytest.raises(NotFound):
            feedback(office.desk(), ref, ("accepted", None, None, None))


def test_feedback_behind_a_wall_stays_there(office):
    team = frozenset({"deal:a"})
    one = of(office.listed(team), "mna")
    assert one.compartments == ["deal:a"]
    public = [repr(one) for one in office.listed()]
    office.say(one, "accepted", clearance=team)
    assert of(office.listed(team), "mna").stage == "accepted"
    assert [repr(one) for one in office.listed()] == public
    (decision,) = office.store.read("MATCH (d:Decision) RETURN d.compartments AS walls")
    assert decision["walls"] == ["deal:a"]


def test_an_opportunity_is_given_to_somebody(office):
    one = of(office.listed(), "buy_back")
    with pytest.raises(InvalidInput):
        assign(office.desk(), one.id, "澄江医药股份有限公司")
    given = assign(office.desk(), one.id, "王经理")
    assert given.assigned_to.name == "王经理"
    assert of(office.listed(manager="王经理"), "buy_back").assigned_to.name == "王经理"
    assert not of(office.listed(manager="冯经理"), "buy_back")
    assert of(office.listed(manager="冯经理"), "employee_share_plan")
