"""Tags and tiers over both databases: written once, ended when they no longer hold, kept in history, walls held."""

from __future__ import annotations

import datetime as dt
import json

import pytest

from api import profile_runs
from api.profile_runs import Running, run
from graph.projection import Projection
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.withdrawal import refold, withdraw
from ingest.written import tag_rules, tier_rules
from queries.client_tiers import client_tiers
from queries.rule_sets import rules_of
from queries.tags import tags

FIRST, LATER = dt.date(2024, 6, 30), dt.date(2025, 8, 1)
RULES = rules_of()

WORLD = {
    "Company": [
        {"id": "client", "name": "澄江医药股份有限公司", "code": "600001.SH", "client": True},
        {"id": "other", "name": "远山贸易有限公司", "client": True},
        {"id": "prospect", "name": "青石建设有限公司", "code": "600002.SH"},
    ],
    "FinancialReport": [
        {
            "id": "f1", "company": "client", "period_end": "2023-12-31", "period_months": 12,
            "total_assets": 100, "total_liabilities": 80, "revenue": 20000000000,
        },
        {
            "id": "secret", "company": "other", "period_end": "2023-12-31", "period_months": 12,
            "total_assets": 100, "total_liabilities": 90, "compartments": "deal:a",
        },
    ],
    "Event": [{"id": "e1", "kind": "default", "date": "2024-06-01", "subjects": "client"}],
}  # fmt: skip


def put(store, folder, world, day=FIRST):
    """Load rows in the native form."""
    folder.mkdir(exist_ok=True)
    paths = []
    for label, rows in world.items():
        paths.append(folder / f"{label}.jsonl")
        paths[-1].write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    load(store, Native(), paths, LoadOptions(today=day, rejects=folder / "rejects"))


class Office:
    """A store with its projection, on a day."""

    def __init__(self, store, settings):
        self.store, self.settings = store, settings
        self.projection = Projection.open(store, settings)

    def options(self, day):
        return LoadOptions(today=day, rejects=self.settings.data_dir / "rejects")

    def run(self, day=FIRST, **how):
        by = Running(self.store, self.projection, RULES, self.options(day), **how)
        report = run(by, lambda _name, _done: None)
        self.projection.refresh()
        return report

    def history(self, name="澄江医药股份有限公司", day=FIRST, who=frozenset(), known_at=None):
        view = self.projection.view(who, day, known_at)
        return [(p.tag, p.since, p.until) for p in tags(view, name, RULES).history]

    def moves(self, day=FIRST):
        found = client_tiers(self.projection.view(frozenset(), day), "澄江医药股份有限公司", RULES)
        return [(move.tier, move.before, move.since) for move in found.history]


@pytest.fixture
def office(store, settings, tmp_path):
    put(store, tmp_path / "world", WORLD)
    return Office(store, settings)


def test_what_holds_is_written_once(office):
    first = office.run()
    assert (first.companies, first.tags_ended, first.tiers_moved) == (2, 0, 2)
    assert {tag for tag, *_ in office.history()} == {
        "listed", "mature", "defaulted", "high_leverage", "dormant", "uncovered_listed"
    }  # fmt: skip
    version = office.store.version()
    again = office.run()
    assert (again.tags_begun, again.tags_ended, again.tiers_moved) == (0, 0, 0)
    assert office.store.version() == version
    assert office.history("青石建设有限公司") == []


def test_what_no_longer_holds_ends_and_stays_in_history(office, store, tmp_path):
    office.run()
    world = {"FinancialReport": [{**WORLD["FinancialReport"][0], "total_liabilities": 20, "revenue": 5}]}
    put(store, tmp_path / "later", world, LATER)
    report = office.run(LATER)
    assert report.tags_ended == 2  # the default is more than a year old, the leverage has fallen
    ended = {tag: until for tag, _, until in office.history(day=LATER) if until}
    assert ended == {"defaulted": LATER, "high_leverage": LATER}
    before = office.history(day=dt.date(2024, 12, 31))
    assert ("defaulted", FIRST, None) in before
    assert ("high_leverage", FIRST, None) in office.history(day=LATER, known_at=FIRST)
    assert not office.store.read("MATCH (p:Past {type: 'Tag'}) RETURN p.id AS id")
    assert office.moves(LATER)[-1] == ("C", None, FIRST)
    assert [move[0] for move in office.moves(LATER)] == ["D", "C"]


def test_everybody_may_be_tagged(office):
    assert office.run(everybody=True).companies == 3
    assert ("listed", FIRST, None) in office.history("青石建设有限公司")


def test_a_walled_run_writes_within_its_wall_what_the_public_one_does_not_know(office):
    office.run()
    public = office.history("远山贸易有限公司")
    office.run(compartments=("deal:a",))
    assert office.history("远山贸易有限公司") == public
    team = office.history("远山贸易有限公司", who=frozenset({"deal:a"}))
    assert set(team) - set(public) == {("high_leverage", FIRST, None)}
    stored = office.store.read("MATCH (t:Tag) WHERE t.tag = 'high_leverage' RETURN t.compartments AS walls")
    assert sorted((row["walls"] or [] for row in stored), key=len) == [[], ["deal:a"]]


def test_a_run_that_is_stopped_goes_on(office, monkeypatch):
    monkeypatch.setattr(profile_runs, "BATCH", 1)
    written = profile_runs.writing.write_tags
    calls = []

    def stop(*given):
        calls.append(written(*given))
        if len(calls) == 2:
            raise KeyboardInterrupt

    monkeypatch.setattr(profile_runs.writing, "write_tags", stop)
    with pytest.raises(KeyboardInterrupt):
        office.run()
    monkeypatch.setattr(profile_runs.writing, "write_tags", written)
    office.projection.refresh()
    office.run()
    found = office.history()
    assert len(found) == len(set(found)) == 6
    assert not office.store.read("MATCH (p:Past) RETURN p.id AS id")


def test_tags_are_withdrawn_and_refolded_like_any_source(office):
    office.run()
    before = office.history()
    refold(office.store, tag_rules(), office.options(FIRST))
    office.projection.refresh()
    assert office.history() == before
    withdraw(office.store, tag_rules(), "tag-rules", office.options(FIRST))
    office.projection.refresh()
    assert office.history() == []
    assert office.moves()
    withdraw(office.store, tier_rules(), "tier-rules", office.options(FIRST))
    office.projection.refresh()
    assert office.moves() == []
