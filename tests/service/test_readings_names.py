"""Whom readings make of a name, over both databases: named when read anew, and with either document withdrawn."""

import dataclasses
import datetime as dt

import pytest

from api.review_decisions import Verdict, decide
from ingest.readings import withdraw_document
from nlp.placed import candidate
from queries.reviews import Wanted, reviews
from tests.readings import Text
from tests.service.test_readings import BANK, RIVER, WORLD, Desk, put, table

FUND, MAN = "远山投资有限公司", "赵远山"
SPRING, SUMMER = dt.date(2024, 3, 31), dt.date(2024, 6, 30)


@pytest.fixture
def reader(store, settings, tmp_path):
    put(store, tmp_path / "world", WORLD)
    return Desk(store, settings, tmp_path)


def filing(desk, key, day, basis):
    """A table of holders, with those companies linked that stand."""
    document = table(key, day, (FUND, 0.05), (MAN, 0.02))
    (rows,) = document.holdings
    view = desk.view()
    known = [fact.other for fact in view.history(view.resolve(RIVER[0]), "HOLDS", "in")]
    links = {
        view.name(row): candidate(view, row, "name", 1.0) for row in known if view.kind(row) == "Company"
    }
    holders = tuple(dataclasses.replace(one, link=links.get(one.name)) for one in rows.holders)
    return dataclasses.replace(document, holdings=(dataclasses.replace(rows, holders=holders),), basis=basis)


def holders(desk):
    view = desk.view()
    return {view.name(fact.other) for fact in view.facts(view.resolve(RIVER[0]), "HOLDS", "in")}


def test_holders_keep_their_names_on_a_new_basis_and_without_either_document(reader, store):
    clean = reader.digest()
    reader.write(filing(reader, "spring", SPRING, "1"))
    first = reader.digest()
    again = filing(reader, "spring", SPRING, "2")
    assert again.holdings[0].holders[0].link is not None
    reader.write(again)
    assert holders(reader) == {FUND, MAN}
    assert reader.write(filing(reader, "spring", SPRING, "2")).changed == 0
    assert reader.digest() == reader.fresh() == first
    reader.write(filing(reader, "summer", SUMMER, "1"))
    assert holders(reader) == {FUND, MAN}
    withdraw_document(store, "spring", reader.options)
    assert holders(reader) == {FUND, MAN}
    assert reader.digest() == reader.fresh()
    withdraw_document(store, "summer", reader.options)
    assert reader.digest() == reader.fresh() == clean


def test_what_is_told_and_what_is_accepted_of_a_holder_names_it(reader, store):
    reader.write(filing(reader, "spring", SPRING, "1"))
    view = reader.view()
    fund = view.resolve(FUND)
    text = Text("news", f"{FUND}质押股份，或向云州银行借款。", dt.date(2024, 5, 6))
    found, bank = text.name(FUND, (view.id(fund), "Company")), text.name("云州银行", BANK)
    text.event("pledge", "质押", [found])
    text.relation("lends_to", bank, found, confidence=0.5)
    reader.write(text.read())
    withdraw_document(store, "spring", reader.options)
    view = reader.view()
    (line,) = reviews(view, Wanted(kind="relation")).reviews
    decide(store, view, line, Verdict(state="accepted", who="feng"), reader.options)
    view = reader.view()
    (loan,) = view.facts(view.resolve(BANK[0]), "LENDS_TO", "out")
    assert view.name(loan.other) == FUND
    assert reader.digest() == reader.fresh()
