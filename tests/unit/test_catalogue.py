"""The product catalogue: what it must say, what a broken file gets, and what stays in force meanwhile."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import yaml

from api.opportunity_runs import Engines
from api.settings import ApiSettings
from graph.errors import DataError
from graph.names import short_key
from ingest.world.firm import PRODUCTS
from queries.catalogue import Reloaded, catalogue, reads
from queries.company_facts import fact_names
from queries.declared import shipped
from queries.opportunities import engine
from queries.opportunity_rules import opportunity_rules


@pytest.fixture
def whole():
    """The shipped catalogue as data that a test may break."""
    return yaml.safe_load(shipped("products.yaml").read_text(encoding="utf-8"))


def written(path: Path, data) -> Path:
    path.write_text(yaml.safe_dump(data, allow_unicode=True), encoding="utf-8")
    return path


def test_every_product_of_the_firm_is_in_it():
    found = catalogue()
    assert all(short_key(name) in found.by_name for name, _ in PRODUCTS)
    for product in found.products:
        assert product.eligible
        assert product.law
        assert {fact for condition in product.eligible for fact in condition.facts} <= set(fact_names())


def test_what_an_expression_reads():
    text = "listed and events_90.pledge > 0 and nature != 'fund' and len(industries) > 1 and (pledge_ratio ?? 0) < 0.5"
    assert reads(text) == ("events_90.pledge", "industries", "listed", "nature", "pledge_ratio")


def _without_eligibility(data):
    data["products"][3]["eligible"] = []


def _unknown_fact(data):
    data["products"][3]["eligible"][0]["when"] = "stars > 3"


def _no_expression(data):
    data["products"][3]["eligible"][0]["when"] = "listed =="


def _twice(data):
    data["products"][3]["key"] = data["products"][0]["key"]


def _one_name(data):
    data["products"][3]["names"] = data["products"][0]["names"]


def _revenue(data):
    data["products"][3]["revenue"]["least"] = 1e12


def _misspelt(data):
    data["products"][3]["eligibel"] = data["products"][3].pop("eligible")


@pytest.mark.parametrize(
    ("spoil", "place"),
    [
        (_without_eligibility, "products.3.eligible"),
        (_unknown_fact, r"products.3.eligible.0.when[\s\S]*stars"),
        (_no_expression, "products.3.eligible.0.when"),
        (_twice, "ipo"),
        (_one_name, "重复"),
        (_revenue, "products.3.revenue"),
        (_misspelt, "products.3.eligible"),
    ],
)
def test_a_broken_file_is_refused_by_file_and_place(tmp_path, whole, spoil, place):
    spoil(whole)
    path = written(tmp_path / "firm.yaml", whole)
    with pytest.raises(DataError, match=place) as error:
        catalogue(path)
    assert "firm.yaml" in str(error.value)


def test_the_last_good_catalogue_stays_in_force(tmp_path, whole):
    path = written(tmp_path / "firm.yaml", whole)
    kept = Reloaded(catalogue, path)
    good = kept.current()
    path.write_text("products: [", encoding="utf-8")
    assert kept.current() is good
    assert kept.problem is not None
    assert "firm.yaml" in str(kept.problem)
    path.unlink()
    assert kept.current() is good
    whole["version"] = "firm-2"
    os.utime(written(path, whole), ns=(1, 1))
    assert kept.current().version == "firm-2"
    assert kept.problem is None


def test_an_engine_whose_files_do_not_fit_any_more_stays_as_it_was(tmp_path, whole):
    path = written(tmp_path / "firm.yaml", whole)
    engines = Engines(ApiSettings(data_dir=tmp_path, product_catalogue=path))
    before = engines.current()
    whole["products"] = [product for product in whole["products"] if product["key"] != "abs"]
    written(path, whole)
    assert engines.current() is before
    assert engines.problem is not None
    with pytest.raises(DataError, match="abs"):
        engine(catalogue(path), opportunity_rules())


def test_rules_are_refused_by_place(tmp_path):
    rules = yaml.safe_load(shipped("opportunity_rules.yaml").read_text(encoding="utf-8"))
    rules["events"][2]["closes"] = -5
    with pytest.raises(DataError, match=r"events\.2"):
        opportunity_rules(written(tmp_path / "rules.yaml", rules))
    rules["events"][2]["closes"] = 90
    rules["events"][2]["id"] = rules["events"][1]["id"]
    with pytest.raises(DataError, match="重复"):
        opportunity_rules(written(tmp_path / "rules.yaml", rules))
