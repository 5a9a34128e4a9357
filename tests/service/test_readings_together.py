"""Events that are read beside feeds and other documents, over both databases: joined, moved, and taken back again."""

import datetime as dt
import random
from dataclasses import replace

import pytest

from api.review_decisions import Verdict, decide
from ingest.readings import withdraw_document, write
from ingest.withdrawal import withdraw
from ingest.written import desk
from nlp.found import Mention, Quantity
from queries.documents import document, told_by
from queries.reviews import reviews
from tests.readings import Text
from tests.service.test_readings import BANK, GROUP, RIVER, TODAY, WORLD, Desk, put, settle

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


def bid(key="n1", amount=2e8, confidence=0.95, **more):
    text = Text(key, "澄江医药中标设备项目。", dt.date(2024, 3, 2), **more)
    river = text.name("澄江医药", RIVER)
    return text.event("bid_won", "中标", [river], amount=amount, confidence=confidence).read()


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


def pledged(key, month, kind="pledge", **more):
    trigger = {"pledge": "质押", "pledge_release": "解除质押"}[kind]
    text = Text(key, f"澄江集团将所持澄江医药1万股{trigger}，云州银行。", dt.date(2024, month, 2))
    group, river = text.name("澄江集团", GROUP), text.name("澄江医药", RIVER)
    start = text.text.index("1万股")
    text.mentions.append(Mention(start, start + 3, "1万股", "shares", quantity=Quantity(1e4, "shares")))
    others = [("company", river), ("shares", 2), ("pledgee", text.name("云州银行", BANK))]
    return text.event(kind, trigger, [group], others=others, **more).read()


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
    for one in documents:
        reader.write(one)
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


# --- what a person accepts goes the same way ---


def forget(reader, store):
    """Take back every decision, which stays as history when what it was about goes."""
    for (key,) in list(store.stream("MATCH (d:Decision) RETURN d.key")):
        withdraw(store, desk(), "desk", reader.options, key=key)


def test_an_accepted_pledge_is_a_pledge_until_it_is_released_rejected_or_withdrawn(reader, store):
    clean = reader.digest()
    reader.write(pledged("g1", 2, confidence=0.4))
    reader.write(pledged("g2", 4, "pledge_release"))
    assert [holding(reader, month) for month in (3, 5)] == [0, 0]
    settle(reader, "event", "accepted")
    assert [holding(reader, month) for month in (1, 3, 5)] == [0, 1, 0]
    withdraw_document(store, "g2", reader.options)  # what it ended is the accepted one
    assert [holding(reader, month) for month in (3, 5)] == [1, 1]
    reader.write(reduced())
    assert [shares(reader, month) for month in (2, 3)] == [[1e4], [6e3]]
    assert reader.write(reduced(), pledged("g1", 2, confidence=0.4)).changed == 0
    assert reader.digest() == reader.fresh()
    settle(reader, "event", "rejected")
    assert [holding(reader, month) for month in (2, 3)] == [0, 0]
    settle(reader, "event", "accepted")
    assert [shares(reader, month) for month in (2, 3)] == [[1e4], [6e3]]
    for key in ("g1", "g3"):
        withdraw_document(store, key, reader.options)
    assert [holding(reader, month) for month in (2, 3)] == [0, 0]
    forget(reader, store)
    assert reader.digest() == reader.fresh() == clean


def test_an_accepted_release_ends_a_pledge_and_a_rejected_one_opens_it_again(reader):
    reader.write(pledged("g1", 2))
    reader.write(pledged("g2", 4, "pledge_release", confidence=0.4))
    assert [holding(reader, month) for month in (3, 5)] == [1, 1]
    settle(reader, "event", "accepted")
    assert [holding(reader, month) for month in (3, 5)] == [1, 0]
    settle(reader, "event", "rejected")
    assert [holding(reader, month) for month in (3, 5)] == [1, 1]
    assert reader.digest() == reader.fresh()


def test_an_open_or_corrected_pledgor_is_found_when_a_release_comes_later(reader, store):
    text = Text("o1", "澄江集将所持澄江医药1万股质押，云州银行。", dt.date(2024, 2, 2))
    group = text.name("澄江集", candidates=[(GROUP[0], "Company", 0.6), (BANK[0], "Company", 0.4)])
    river = text.name("澄江医药", RIVER)
    text.mentions.append(Mention(12, 15, "1万股", "shares", quantity=Quantity(1e4, "shares")))
    others = [("company", river), ("shares", 2)]
    reader.write(text.event("pledge", "质押", [group], others=others).read())
    settle(reader, "event", "accepted")
    assert shares(reader, 3) == [1e4]
    reader.write(pledged("g2", 4, "pledge_release"))
    assert [holding(reader, month) for month in (3, 5)] == [1, 0]
    settle(reader, "event", "corrected", subject=BANK[0])  # whose pledge the release does not end
    assert [holding(reader, month) for month in (3, 5)] == [1, 1]
    withdraw_document(store, "g2", reader.options)
    settle(reader, "event", "corrected", subject=GROUP[0])
    assert shares(reader, 3) == [1e4]
    assert reader.digest() == reader.fresh()


def test_what_is_accepted_is_a_witness_of_what_a_feed_lists(reader, store, tmp_path):
    put(store, tmp_path / "feed", {"Event": [BID]})
    clean = reader.digest()
    reader.read(bid(confidence=0.4))
    assert reader.events() == [(2e8, 0)]
    settle(reader, "event", "accepted")
    assert reader.events() == [(2e8, 1)]
    (row,) = reader.view().rows("Event").tolist()
    (teller,) = told_by(reader.view(), row)
    (claim,) = document(reader.view(), teller.id).claims
    assert claim.event.id == reader.view().id(row)
    assert reader.read(bid(confidence=0.4)).changed == 0
    settle(reader, "event", "corrected", value=3e8)  # another amount is another event
    assert reader.events() == [(2e8, 0), (3e8, 1)]
    settle(reader, "event", "rejected")
    assert reader.events() == [(2e8, 0)]
    withdraw_document(store, "n1", reader.options)
    forget(reader, store)
    assert reader.digest() == reader.fresh() == clean


def test_a_feed_that_comes_later_is_joined_by_what_was_accepted_when_the_document_is_read_again(
    reader, store, tmp_path
):
    reader.read(bid(confidence=0.4, basis="1"))
    settle(reader, "event", "accepted")
    put(store, tmp_path / "feed", {"Event": [BID]})
    assert reader.events() == [(2e8, 0), (2e8, 1)]
    reader.read(bid(confidence=0.4, basis="1"))
    assert reader.events() == [(2e8, 1)]
    assert reader.digest() == reader.fresh()


def test_the_same_acceptance_sent_twice_writes_nothing_the_second_time(reader, store):
    reader.write(pledged("g1", 2, confidence=0.4))
    (found,) = reviews(reader.view()).reviews
    view, verdict = reader.view(), Verdict(state="accepted", who="feng")
    decide(store, view, found, verdict, reader.options)
    before, version = reader.counted(), store.version()
    decide(store, view, found, verdict, reader.options)
    assert ({**reader.counted(), "Load": 0}, store.version()) == ({**before, "Load": 0}, version)
    assert holding(reader, 3) == 1


def test_what_is_accepted_behind_a_wall_moves_nothing_for_others(reader, store):
    reader.write(pledged("g1", 2))
    walled = pledged("w1", 4, "pledge_release", confidence=0.4)
    reader.read(replace(walled, compartments=("deal:a",)), walls=("deal:a",))
    view = reader.view(frozenset({"deal:a"}))
    (found,) = reviews(view).reviews
    decide(store, view, found, Verdict(state="accepted", who="feng"), reader.options)
    assert [holding(reader, month) for month in (3, 5)] == [1, 1]
    assert len(reader.view().rows("Event")) == 1
    assert len(reader.view(frozenset({"deal:a"})).rows("Event")) == 2
