"""The store on both engines."""

from graph.dialect import Index, Unique
from graph.store import Touched


def test_what_is_written_is_read_back(store):
    store.ensure_schema([Unique("Thing"), Index("Thing", "name")], ["JOINS"])
    store.write(lambda tx: tx.execute("UNWIND range(1, 3) AS i CREATE (:Thing {id: i, name: '名' + i})"))
    assert store.read("MATCH (t:Thing) RETURN t.id AS id, t.name AS name ORDER BY id")[2] == {
        "id": 3,
        "name": "名3",
    }
