"""Events that are read beside feeds and other documents, over both databases: joined, moved, and taken back again."""

import datetime as dt
import random

import pytest

from ingest.readings import withdraw_document, write
from nlp.found import Mention, Quantity
from queries.documents import told_by
from tests.readings import Text
from tests.service.test_readings import BANK, GROUP, RIVER, TODAY, WORLD, Desk, put

BID = {
    "id": "E1", "name": "澄江医药中标", "kind": "bid_won", "date": "2024-03-01", "amount": "2e8", "text": "中标公告",
    "subjects": "river",
}  # fmt: skip


class Reader(Desk):
    """A desk that reads on the View of the documents' walls."""

    def read(self, *documents, walls=()):
        self.projection.refresh()
        return write(self.store, documents, self.options, self.projection.view(frozenset(walls), TODAY))

    def events(self, clearance=frozenset()):
        view = self.view(clearance)
        rows = view.rows("Event").tolist()
        return sorted((view.props(row)["amount"], len(told_by(view, row))) for row in rows)


@pytest.fixture
def reader(store, settings, tmp_path):
    put(store, tmp_path / "world", WORLD)
    return Reader(store, settings, tmp_path)


def bid(key="n1", amount=2e8, **more):
    text = Text(key, "澄江医药中标设备项目。", dt.date(2024, 3, 2), **more)
    return text.event("bid_won", "中标", [text.name("澄江医药", RIVER)], amount=amount).read()


def test_what_is_read_is_a_witness_of_what_a_feed_lists_and_goes_without_it(reader, store, tmp_path):
    put(store, tmp_path / "feed", {"Event": [BID]})
    clean = reader.digest()
    reader.read(bid(), bid("n2"))
    reader.read(bid("secret", compartments=("deal:a",)), walls=("deal:a",))
    assert reader.events() == [(2e8, 2)]
    assert reader.events(frozenset({"deal:a"})) == [(2e8, 3)]
    assert reader.digest() == reader.fresh()
    before, version = reader.counted(), store.version()
    assert reader.read(bid("n2"), bid()).changed == 0
    assert ({**reader.counted(), "Load": 0}, store.version()) == ({**before, "Load": 0}, version)
    # without a View nothing is known of feeds, and what stands stays
    assert reader.write(bid()).changed == 0
    withdraw_document(store, "secret", reader.options, ("deal:a",))
    for key in ("n1", "n2"):
        withdraw_document(store, key, reader.options)
    assert reader.digest() == reader.fresh() == clean


def test_a_public_document_tells_nothing_of_a_walled_event(reader, store, tmp_path):
    put(store, tmp_path / "feed", {"Event": [{**BID, "compartments": "deal:a"}]})
    reader.read(bid())
    assert reader.events() == [(2e8, 1)]
    assert reader.events(frozenset({"deal:a"})) == [(2e8, 0), (2e8, 1)]


def test_a_feed_that_comes_later_is_joined_when_the_document_is_read_again(reader, store, tmp_path):
    reader.read(bid(basis="1"), bid("n2", basis="1"))
    put(store, tmp_path / "feed", {"Event": [BID]})
    assert reader.events() == [(2e8, 0), (2e8, 2)]
    assert reader.read(bid(basis="1"), bid("n2", basis="1")).changed == 2
    assert reader.events() == [(2e8, 2)]
    assert reader.digest() == reader.fresh()
    again = reader.read(bid(basis="1"), bid("n2", basis="1"))
    assert (again.changed, again.documents) == (0, 2)


def bought(key, month, amount):
    text = Text(key, f"截至上月末，澄江医药累计回购{month}万股。", dt.date(2024, month, 2))
    return text.event("buy_back", "回购", [text.name("澄江医药", RIVER)], amount=amount).read()


def pledged(key, month, kind="pledge"):
    trigger = {"pledge": "质押", "pledge_release": "解除质押"}[kind]
    text = Text(key, f"澄江集团将所持澄江医药1万股{trigger}，云州银行。", dt.date(2024, month, 2))
    group, river = text.name("澄江集团", GROUP), text.name("澄江医药", RIVER)
    start = text.text.index("1万股")
    text.mentions.append(Mention(start, start + 3, "1万股", "shares", quantity=Quantity(1e4, "shares")))
    others = [("company", river), ("shares", 2), ("pledgee", text.name("云州银行", BANK))]
    return text.event(kind, trigger, [group], others=others).read()


def holding(reader, month):
    """How many pledges hold in a month."""
    reader.projection.refresh()
    return len(reader.projection.view(frozenset(), dt.date(2024, month, 20)).rows("Pledge"))


def test_plans_and_pledges_are_the_same_in_any_order_and_without_what_is_withdrawn(reader, store):
    documents = [bought("b1", 1, 1e8), bought("b2", 2, 2e8), bought("b3", 3, 3e8), pledged("g1", 2)]
    documents.append(pledged("g2", 4, "pledge_release"))
    clean = reader.digest()
    reader.write(*documents)
    wanted = reader.digest()
    view = reader.projection.view(frozenset(), dt.date(2024, 3, 20))
    assert sorted(view.props(row).get("amount", 0) for row in view.rows("Event").tolist()) == [0, 0, 3e8]
    assert [holding(reader, month) for month in (1, 3, 4)] == [0, 1, 0]
    (fact,) = (
        f for f in view.history(view.resolve(GROUP[0]), "PARTY_TO", "out") if f.props["role"] == "pledgor"
    )
    assert (fact.valid_from, fact.valid_to) == (dt.date(2024, 2, 2), dt.date(2024, 4, 2))
    assert reader.write(*documents).changed == 0
    withdraw_document(store, "g2", reader.options)
    withdraw_document(store, "b1", reader.options)
    assert [holding(reader, month) for month in (1, 3, 4)] == [0, 1, 1]
    assert reader.digest() == reader.fresh()
    for key in ("b2", "b3", "g1"):
        withdraw_document(store, key, reader.options)
    assert reader.digest() == clean
    random.Random(5).shuffle(documents)  # noqa: S311 - an order, not a secret
    for document in documents:
        reader.write(document)
    assert reader.digest() == reader.fresh() == wanted


def reduced(key="g3", month=3):
    """Of what is pledged in February 4,000 shares are released, and the rest is said to stay pledged."""
    text = Text(key, "澄江集团所持澄江医药4千股解除质押，剩余仍质押6千股。", dt.date(2024, month, 2))
    group, river = text.name("澄江集团", GROUP), text.name("澄江医药", RIVER)
    for words, value in (("4千股", 4e3), ("6千股", 6e3)):
        start = text.text.index(words)
        quantity = Quantity(value, "shares")
        text.mentions.append(Mention(start, start + 3, words, "shares", quantity=quantity))
    return text.event(
        "pledge_release", "解除质押", [group], others=[("company", river), ("shares", 2)]
    ).read()


def shares(reader, month):
    """The shares pledged in a month."""
    reader.projection.refresh()
    view = reader.projection.view(frozenset(), dt.date(2024, month, 20))
    return [view.props(row)["shares"] for row in view.rows("Pledge").tolist()]


def test_a_release_of_a_part_leaves_the_rest_pledged_until_it_is_taken_back(reader, store):
    clean = reader.digest()
    reader.write(pledged("g1", 2))
    whole = reader.digest()
    reader.write(reduced())
    wanted = reader.digest()
    assert [shares(reader, month) for month in (1, 2, 3, 6)] == [[], [1e4], [6e3], [6e3]]
    assert reader.write(reduced(), pledged("g1", 2)).changed == 0
    withdraw_document(store, "g3", reader.options)
    assert [shares(reader, month) for month in (2, 3)] == [[1e4], [1e4]]
    assert reader.digest() == reader.fresh() == whole
    withdraw_document(store, "g1", reader.options)
    assert reader.digest() == clean
    reader.write(reduced())
    reader.write(pledged("g1", 2))
    assert reader.digest() == reader.fresh() == wanted
