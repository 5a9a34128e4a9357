"""The planted truths of the demo world, loaded into both databases: every controller and owner is found."""

import datetime as dt
import json

import pytest

from graph.errors import NotFound
from graph.ids import entity_handle
from graph.projection import Projection
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.world import write_world
from queries.controllers import controllers
from queries.owners import owners
from queries.paths import PathQuestion, paths

COMPANIES = 250


@pytest.fixture
def world(store, settings, tmp_path):
    """A view on the loaded world by clearance and day, and what is true in it."""
    folder = tmp_path / "world"
    write_world(folder, COMPANIES)
    files = sorted(path for path in folder.iterdir() if path.suffix == ".csv")
    options = LoadOptions(today=dt.date(2026, 11, 22), rejects=tmp_path / "rejects")
    load(store, Native(), files, options)
    truth = json.loads((folder / "truth.json").read_text("utf-8"))
    projection = Projection.open(store, settings)

    def view(day=truth["as_of"], walls=()):
        return projection.view(frozenset(walls), dt.date.fromisoformat(day))

    return view, truth


def ids(view, *natives, walls=()):
    """The ids that native ids have in a view."""
    found = []
    for native in natives:
        label = "Person" if native.startswith("P") else "Company"
        try:
            found.append(view.id(view.resolve(entity_handle("native", label, native, ()))))
        except NotFound:
            found.append(view.id(view.resolve(entity_handle("native", label, native, walls))))
    return found


def day_within(entry, today):
    """A day on which an entry is true: its last."""
    if not entry["valid_to"]:
        return today
    return (dt.date.fromisoformat(entry["valid_to"]) - dt.timedelta(days=1)).isoformat()


def every_planted_controller_is_found_with_its_chain(view, truth):
    for entry in truth["controllers"]:
        seen = view(day_within(entry, truth["as_of"]))
        answer = controllers(seen, *ids(seen, entry["company"]))
        assert {line.id for line in answer.computed} == set(ids(seen, *entry["controllers"])), entry
        if answer.computed:
            assert answer.computed[0].by == entry["by"], entry
        proof = {(link.holder, link.company) for line in answer.computed for link in line.chain}
        assert proof >= {tuple(ids(seen, *pair)) for pair in entry["chain"]}, entry


def every_controller_of_the_market_is_found(view, truth):
    seen = view()
    for company, controller in truth["market_controllers"].items():
        answer = controllers(seen, *ids(seen, company))
        assert [line.id for line in answer.computed] == ids(seen, *filter(None, [controller])), company


def every_planted_owner_is_found(view, truth):
    seen = view()
    for entry in truth["owners"]:
        answer = owners(seen, *ids(seen, entry["company"]))
        (owner,) = ids(seen, entry["owner"])
        (line,) = [line for line in (*answer.terminals, *answer.intermediates) if line.id == owner]
        assert line.integrated_ratio == pytest.approx(entry["integrated_ratio"], abs=1e-9)
        total = sum(line.integrated_ratio for line in answer.terminals) + answer.unknown_ratio
        assert total == pytest.approx(1, abs=1e-9)


def behind_a_wall_control_is_another(view, truth):
    for entry in truth["walled_controllers"]:
        walls = entry["compartments"]
        cleared = view(walls=walls)
        (company,) = ids(cleared, entry["company"], walls=walls)
        found = {line.id for line in controllers(cleared, company).computed}
        assert found == set(ids(cleared, *entry["controllers"])), entry
        try:
            public = controllers(view(), company)
        except NotFound:
            continue
        assert not found & {line.id for line in public.computed}


def disclosed_and_computed_differ_where_planted(view, truth):
    seen = view()
    for entry in truth["disclosures"]:
        answer = controllers(seen, *ids(seen, entry["company"]))
        codes = {finding.code for finding in answer.findings}
        differs = {"controllers_differ", "controller_not_disclosed", "disclosed_not_confirmed"} & codes
        assert bool(differs) == (entry["status"] != "right"), entry


def a_planted_chain_is_a_path(view, truth):
    seen = view()
    entry = next(e for e in truth["controllers"] if e["scenario"] == "deep_chain")
    ends = ids(seen, entry["controllers"][0], entry["company"])
    answer = paths(seen, PathQuestion(ends))
    assert [path.length for path in answer.paths] == [15]


def test_every_planted_truth_is_found(world):
    """One load for all: loading takes longer than asking."""
    for check in (
        every_planted_controller_is_found_with_its_chain,
        every_controller_of_the_market_is_found,
        every_planted_owner_is_found,
        behind_a_wall_control_is_another,
        disclosed_and_computed_differ_where_planted,
        a_planted_chain_is_a_path,
    ):
        check(*world)
