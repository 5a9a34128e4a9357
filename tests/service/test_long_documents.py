"""A document with a long text and very many links: written, read back, dated anew and withdrawn."""

import datetime as dt
from dataclasses import replace

import pytest

from graph import upserts
from graph.scan import Shape, many_edges_query, some_edges_query
from ingest.loader import ensure_graph_schema
from ingest.readings import withdraw_document
from tests.readings import Text
from tests.service.test_readings import GROUP, WORLD, Desk, put

CLAIMS = 400
CHARACTERS = 60_000


def report(claims=CLAIMS, published=dt.date(2024, 3, 1)):
    """An article that tells so many events of two companies, each with an amount of its own."""
    said = [f"集团{i:04}将股份质押{i:04}给云州银行，融资{i + 1}亿元。" for i in range(claims)]
    text = "".join(said)
    told = Text("long", text + "其余从略。" * ((CHARACTERS - len(text)) // 5), published)
    begin = 0
    for i in range(claims):
        group = told.name(f"集团{i:04}", GROUP)
        told.event("pledge", f"质押{i:04}", [group], amount=1e8 * (i + 1))
        # in a sentence of its own: each event of the whole text would hold all of it
        told.events[-1] = replace(told.events[-1], start=begin, end=begin + len(said[i]))
        begin += len(said[i])
    return told.read()


@pytest.fixture
def at_desk(store, settings, tmp_path):
    put(store, tmp_path / "world", WORLD)
    return Desk(store, settings, tmp_path)


def test_a_document_of_more_than_a_thousand_links_is_written_read_back_and_withdrawn(at_desk):
    clean = at_desk.digest()
    done = at_desk.write(report())
    assert (done.mentions, done.claims, done.made) == (CLAIMS, CLAIMS, CLAIMS)
    whole = at_desk.digest()
    view = at_desk.view()
    (document,) = view.rows("Document").tolist()
    for edge_type in ("MENTIONS", "STATES", "ABOUT"):
        told = view.facts(document, edge_type, "out")
        assert sum(len(fact.records) for fact in told) == CLAIMS
    at_desk.write(report(CLAIMS // 2))
    assert len(at_desk.view().rows("Event")) == CLAIMS // 2
    at_desk.write(report())
    assert at_desk.digest() == at_desk.fresh() == whole
    withdraw_document(at_desk.store, "long", at_desk.options)
    assert at_desk.digest() == at_desk.fresh() == clean


# --- the two ways to find stored edges ---

COUNT = 40
HOLDS = ("HOLDS", "Person", "Company")


@pytest.fixture
def hub(store):
    """One person who holds shares of many companies, twice of each; gives the rows of half of these edges."""
    ensure_graph_schema(store)
    companies = [{"id": f"c{i}"} for i in range(COUNT)]
    edges = [
        {
            "a": "p",
            "b": row["id"],
            "e": {"record": f"r{n}", "note": row["id"]} | ({"stated": "2024"} if n else {}),
        }
        for row in companies
        for n in (0, 1)
    ]

    def work(tx):
        tx.execute(upserts.create_nodes("Person"), rows=[{"id": "p"}])
        tx.execute(upserts.create_nodes("Company"), rows=companies)
        tx.execute(upserts.create_edges(*HOLDS), rows=edges)

    store.write(work)
    return [{"a": "p", "b": f"c{i}", "record": f"r{i % 2}", "stated": "2024" * (i % 2)} for i in range(COUNT)]


def given(rows, *, walking):
    if not walking:
        return {"rows": rows}
    keyed = {upserts.edge_key(row["record"], row["stated"], row["b"]): row for row in rows}
    return {"starts": [{"id": "p", "rows": keyed}]}


def edges(store):
    found = store.read("MATCH (a:Person)-[e:HOLDS]->(b:Company) RETURN b.id AS b, properties(e) AS e")
    return sorted((row["b"], row["e"]["record"], row["e"].get("valid_to")) for row in found)


@pytest.mark.parametrize("walking", [False, True])
def test_edges_of_given_records_are_taken_whether_walked_or_looked_up(store, hub, walking):
    query = upserts.take_edges(*HOLDS, walking=walking)
    taken = store.write(lambda tx: tx.run(query, **given(hub, walking=walking)))
    assert sorted((row["b"], row["edge"]["record"], row["edge"]["note"]) for row in taken) == sorted(
        (row["b"], row["record"], row["b"]) for row in hub
    )
    assert edges(store) == sorted((f"c{i}", f"r{1 - i % 2}", None) for i in range(COUNT))


@pytest.mark.parametrize("walking", [False, True])
def test_edges_of_given_records_are_dated_whether_walked_or_looked_up(store, hub, walking):
    rows = [row | {"set": {"valid_to": f"day {i}"}} for i, row in enumerate(hub)]
    query = upserts.date_edges(*HOLDS, walking=walking)
    store.write(lambda tx: tx.execute(query, **given(rows, walking=walking)))
    dated = [(f"c{i}", f"r{n}", f"day {i}" if n == i % 2 else None) for i in range(COUNT) for n in (0, 1)]
    assert sorted(edges(store), key=str) == sorted(dated, key=str)


@pytest.mark.usefixtures("hub")
def test_edges_between_pairs_are_the_same_whether_walked_or_looked_up(store):
    pairs = [["p", f"c{i}"] for i in range(0, COUNT, 3)]
    looked_up = store.read(some_edges_query(Shape(*HOLDS)), pairs=pairs)
    walked = store.read(
        many_edges_query(Shape(*HOLDS)), starts=[{"id": "p", "ends": {end: True for _, end in pairs}}]
    )
    assert len(looked_up) == 2 * len(pairs)
    assert sorted(map(repr, looked_up)) == sorted(map(repr, walked))


@pytest.mark.usefixtures("hub")
def test_holding_nodes_changes_nothing(store):
    before = store.read("MATCH (n:Person) RETURN properties(n) AS n")
    store.write(lambda tx: tx.execute(upserts.hold_nodes("Person"), ids=["p", "nobody"]))
    assert store.read("MATCH (n:Person) RETURN properties(n) AS n") == before
