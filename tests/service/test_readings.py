"""Readings into the store: once, superseded, withdrawn, reviewed; one event told by many."""

import datetime as dt
import itertools
import json
import random
import time

import pytest
from fastapi.testclient import TestClient

from api import auth
from api.app import create_app
from api.review_decisions import Verdict, decide
from api.settings import ApiSettings
from graph.errors import InvalidInput
from graph.ids import entity_handle
from graph.projection import Projection
from ingest import readings
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.read_documents import Holder, HoldersTable
from ingest.readings import withdraw_document, write
from ingest.withdrawal import refold, withdraw
from ingest.written import desk, reading
from nlp.found import Candidate, Quantity
from queries.reviews import Wanted, review, reviews
from tests.readings import Text

TODAY = dt.date(2024, 6, 30)
WORLD = {
    "Company": [
        {"id": "river", "name": "澄江医药股份有限公司", "short_name": "澄江医药", "code": "600001.SH"},
        {"id": "group", "name": "澄江集团有限公司"},
        {"id": "bank", "name": "云州银行股份有限公司"},
        {"id": "old", "name": "澄江集团实业有限公司"},
    ],
    "Person": [{"id": "chair", "name": "周澄"}],
    "OFFICER_OF": [{"from": "chair", "to": "river", "office": "董事"}],
}


def ref(key, label="Company"):
    return entity_handle("native", label, key), label


RIVER, GROUP, BANK, OLD = (ref(key) for key in ("river", "group", "bank", "old"))
CHAIR = ref("chair", "Person")


def put(store, folder, world):
    folder.mkdir(exist_ok=True)
    paths = []
    for label, rows in world.items():
        paths.append(folder / f"{label}.jsonl")
        paths[-1].write_text("\n".join(json.dumps(row, ensure_ascii=False) for row in rows), encoding="utf-8")
    load(store, Native(), paths, options(folder))


def options(folder, today=TODAY):
    return LoadOptions(today=today, rejects=folder / "rejects")


class Desk:
    """A store with its projection."""

    def __init__(self, store, settings, folder):
        self.store, self.settings, self.options = store, settings, options(folder)
        self.projection = Projection.open(store, settings)

    def write(self, *documents):
        return write(self.store, documents, self.options)

    def view(self, clearance=frozenset()):
        self.projection.refresh()
        return self.projection.view(clearance, TODAY)

    def digest(self):
        self.projection.refresh()
        return self.projection.digest()

    def fresh(self):
        """The digest of a projection built anew."""
        elsewhere = self.settings.model_copy(update={"data_dir": self.settings.data_dir / "fresh"})
        return Projection.open(self.store, elsewhere).digest()

    def counted(self):
        return {
            label: self.store.read(f"MATCH (n:{label}) RETURN count(*) AS n")[0]["n"]
            for label in ("Record", "Document", "Claim", "Event", "Past", "Company", "Load")
        }


@pytest.fixture
def at_desk(store, settings, tmp_path):
    put(store, tmp_path / "world", WORLD)
    return Desk(store, settings, tmp_path)


def pledge(
    key,
    text="澄江集团将所持澄江医药股份质押给云州银行，融资2亿元。",
    published=dt.date(2024, 3, 1),
    amount=2e8,
    **more,
):
    told = Text(key, text, published, **more)
    group = told.name("澄江集团", GROUP, toward=-0.4)
    river = told.name("澄江医药", RIVER)
    bank = told.name("云州银行", BANK)
    told.relation("holds", group, river, value=Quantity(0.31, "ratio"))
    told.event("pledge", "质押", [group], amount=amount, others=[("security", river), ("pledgee", bank)])
    return told.read(-0.3)


def test_a_reading_becomes_a_document_with_mentions_claims_an_edge_and_an_event(at_desk):
    report = at_desk.write(pledge("n1", title="澄江集团质押", publisher="云州日报"))
    assert (report.documents, report.mentions, report.claims, report.made, report.waiting) == (1, 3, 2, 2, 0)
    view = at_desk.view()
    group, river = view.resolve("澄江集团有限公司"), view.resolve("600001.SH")
    assert view.id(group) == GROUP[0]
    (stake,) = view.facts(group, "HOLDS", "out")
    assert (stake.other, stake.props["share_ratio"], stake.records[0].source) == (river, 0.31, "reading")
    (event,) = {fact.other for fact in view.facts(group, "PARTY_TO", "out")}
    props = view.props(event)
    assert (props["kind"], props["amount"], props["date"]) == ("pledge", 2e8, dt.date(2024, 3, 1))
    assert props["text"] == "澄江集团将所持澄江医药股份质押给云州银行，融资2亿元。"
    assert not {"same", "like", "figure"} & set(props)
    assert {(view.name(f.other), f.props["role"]) for f in view.facts(event, "ABOUT", "out")} == {
        ("澄江医药股份有限公司", "security"),
        ("云州银行股份有限公司", "pledgee"),
    }
    (document,) = {fact.other for fact in view.facts(group, "MENTIONS", "in")}
    assert view.props(document)["sentiment"] == -0.3
    assert at_desk.digest() == at_desk.fresh()


def test_reading_again_writes_nothing_but_its_load(at_desk):
    at_desk.write(pledge("n1"), pledge("n2"))
    before, version = at_desk.counted(), at_desk.store.version()
    report = at_desk.write(pledge("n2"), pledge("n1"))
    after = at_desk.counted()
    assert report.changed == report.taken_back == 0
    assert {**after, "Load": 0} == {**before, "Load": 0}
    assert after["Load"] > before["Load"]
    assert at_desk.store.version() == version


def test_a_document_of_the_same_basis_is_left_alone_only_if_it_stands_whole(at_desk, monkeypatch):
    at_desk.write(pledge("n1", basis="1"))
    before, digest = at_desk.counted(), at_desk.digest()
    assert at_desk.write(pledge("n1", amount=3e8, basis="1")).changed == 0
    assert at_desk.counted() == before
    withdraw_document(at_desk.store, "n1", at_desk.options)
    files = readings._files
    with monkeypatch.context() as stopped:  # as if it had been killed after the first file
        stopped.setattr(readings, "_files", lambda *given: [next(files(*given))])
        at_desk.write(pledge("n1", basis="1"))
    assert not at_desk.counted()["Claim"]
    assert at_desk.write(pledge("n1", basis="1")).changed > 0
    assert at_desk.digest() == at_desk.fresh() == digest
    assert at_desk.write(pledge("n1", amount=3e8, basis="2")).changed > 0


def test_a_new_reading_supersedes_and_takes_back_what_it_does_not_repeat(at_desk):
    clean = at_desk.digest()
    at_desk.write(pledge("n1"))
    other = Text("n1", "澄江集团将所持澄江医药股份质押给云州银行，融资2亿元。")
    group = other.name("澄江集团", GROUP)
    river = other.name("澄江医药", RIVER)
    other.relation("holds", group, river, value=Quantity(0.29, "ratio"))
    report = at_desk.write(other.read())
    assert report.taken_back == 2  # the event, and the mention of the bank
    view = at_desk.view()
    row = view.resolve(GROUP[0])
    assert [fact.props["share_ratio"] for fact in view.facts(row, "HOLDS", "out")] == [0.29]
    assert not view.rows("Event").size
    assert at_desk.digest() == at_desk.fresh()
    assert withdraw_document(at_desk.store, "n1", at_desk.options) > 0
    assert at_desk.digest() == at_desk.fresh() == clean
    assert at_desk.counted()["Claim"] == at_desk.counted()["Document"] == 0


def test_ten_articles_tell_one_event_with_ten_witnesses(at_desk):
    words = "澄江集团将所持澄江医药股份质押给云州银行，融资2亿元。"
    articles = [
        pledge(f"n{i}", f"{'快讯：' * (i % 2)}{words}据悉，第{i}次。", dt.date(2024, 3, 1 + i % 3))
        for i in range(9)
    ]
    silent = pledge("n9", f"{words}本报讯。", dt.date(2024, 3, 2), amount=None)
    at_desk.write(*articles, silent)
    view = at_desk.view()
    (event,) = view.rows("Event").tolist()
    assert len(view.facts(event, "ABOUT", "in")) == 10
    (fact,) = view.facts(event, "PARTY_TO", "in")
    assert len(fact.records) == 10
    at_desk.write(
        pledge("other", "澄江集团再将澄江医药股份质押给云州银行，融资5亿元。", dt.date(2024, 3, 2), 5e8)
    )
    assert len(at_desk.view().rows("Event")) == 2
    assert at_desk.digest() == at_desk.fresh()


def test_the_same_documents_in_any_order_and_any_batches_give_the_same_graph(at_desk, store):
    days = itertools.cycle((1, 2, 4, 6))
    articles = [
        pledge(
            f"n{i}",
            f"据报道{i % 3}，澄江集团将所持澄江医药股份质押给云州银行，金额{i % 2}。",
            dt.date(2024, 3, next(days)),
            (2e8, None, 5e8, None)[i % 4],
        )  # fmt: skip  # noqa: RUF028
        for i in range(8)
    ]
    at_desk.write(*articles)
    wanted = at_desk.digest()
    order = random.Random(3)  # noqa: S311 - an order, not a secret
    for turn in range(2):
        for article in articles:
            withdraw_document(store, article.key, at_desk.options)
        order.shuffle(articles)
        step = (1, 3)[turn]
        for begin in range(0, len(articles), step):
            at_desk.write(*articles[begin : begin + step])
        assert (at_desk.digest(), at_desk.fresh()) == (wanted, wanted)
    refold(store, reading(), at_desk.options)
    assert at_desk.digest() == at_desk.fresh() == wanted


def test_what_is_read_behind_a_wall_stays_there(at_desk):
    public = at_desk.digest()
    at_desk.write(pledge("secret", compartments=("deal:a",)))
    view = at_desk.view()
    row = view.resolve(GROUP[0])
    assert not view.facts(row, "HOLDS", "out")
    assert not view.rows("Event").size
    team = at_desk.view(frozenset({"deal:a"}))
    assert team.facts(team.resolve(GROUP[0]), "HOLDS", "out")
    at_desk.write(pledge("n1"))
    assert len(at_desk.view(frozenset({"deal:a"})).rows("Event")) == 1
    assert at_desk.digest() == at_desk.fresh()
    withdraw_document(at_desk.store, "secret", at_desk.options, ("deal:a",))
    withdraw_document(at_desk.store, "n1", at_desk.options)
    assert at_desk.digest() == public


def test_refolding_what_was_read_about_keeps_what_was_read(at_desk, store):
    at_desk.write(pledge("n1"))
    before = at_desk.digest()
    refold(store, Native(), at_desk.options)
    assert at_desk.digest() == at_desk.fresh() == before


# --- tables of holders ---


def table(key, day, *holders):
    company = Candidate(RIVER[0], "澄江医药", "Company", 1.0, "code")
    rows = tuple(Holder(name, 0, 1, i, None, ratio) for i, (name, ratio) in enumerate(holders, 1))
    return Text(key, "十大股东。", day, holdings=(HoldersTable(company, day, rows),)).read()


def test_a_table_of_holders_holds_until_the_next_whatever_the_order(at_desk):
    days = [dt.date(2023, 12, 31), dt.date(2024, 3, 31), dt.date(2024, 6, 30)]
    tables = [
        table("y", days[0], ("周澄", 0.1), ("远山投资有限公司", 0.05)),
        table("q", days[1], ("周澄", 0.2)),
        table("h", days[2], ("周澄", 0.2), ("远山投资有限公司", 0.01)),
    ]
    at_desk.write(*tables)
    wanted = at_desk.digest()
    view = at_desk.view()
    held = view.history(view.resolve(RIVER[0]), "HOLDS", "in")
    assert sorted((f.props["share_ratio"], f.valid_from, f.valid_to) for f in held) == [
        (0.01, days[2], None), (0.05, days[0], days[1]), (0.1, days[0], days[1]), (0.2, days[1], days[2]),
        (0.2, days[2], None),
    ]  # fmt: skip
    assert at_desk.write(*tables).changed == 0
    withdraw_document(at_desk.store, "q", at_desk.options)
    view = at_desk.view()
    held = view.history(view.resolve(RIVER[0]), "HOLDS", "in")
    assert (0.05, days[2]) in [(f.props["share_ratio"], f.valid_to) for f in held]
    at_desk.write(tables[1])
    assert at_desk.digest() == at_desk.fresh() == wanted


# --- reviews ---


def doubtful(key="d1", **more):
    told = Text(key, "澄江集团或持有澄江三成股份，云州银行质押。", **more)
    group = told.name("澄江集团", GROUP)
    open_ = told.name("有澄江", candidates=[(RIVER[0], "Company", 0.6), (OLD[0], "Company", 0.4)])
    bank = told.name("云州银行", BANK)
    told.relation("holds", group, open_, confidence=0.7, value=Quantity(0.3, "ratio"))
    told.event("pledge", "质押", [bank], confidence=0.4)
    return told.read()


def stakes(desk, of=GROUP):
    view = desk.view()
    row = view.resolve(of[0])
    return [(view.id(f.other), f.props["share_ratio"]) for f in view.facts(row, "HOLDS", "out")]


def settle(desk, kind, state, **said):
    view = desk.view()
    (found,) = reviews(view, Wanted(kind=kind)).reviews
    verdict = Verdict(state=state, who="feng", **said)
    done = decide(desk.store, desk.view(frozenset(found.compartments)), found, verdict, desk.options)
    assert repr(review(desk.view(), found.id).review) == repr(done)
    return done


def test_an_accepted_claim_becomes_the_edge_and_goes_with_its_document(at_desk):
    clean = at_desk.digest()
    assert at_desk.write(doubtful()).waiting == 3
    assert not stakes(at_desk)
    settle(at_desk, "relation", "accepted", reason="已核实")
    assert stakes(at_desk) == [(RIVER[0], 0.3)]
    settle(at_desk, "relation", "corrected", object=OLD[0], value=0.25)
    assert stakes(at_desk) == [(OLD[0], 0.25)]
    at_desk.write(doubtful())  # reading it again changes nothing of it
    assert stakes(at_desk) == [(OLD[0], 0.25)]
    assert at_desk.digest() == at_desk.fresh()
    nothing = Text("d1", "澄江集团或持有澄江三成股份，云州银行质押。").read()
    at_desk.write(nothing)  # nor does another reading that no longer finds it: a person has said so
    assert stakes(at_desk) == [(OLD[0], 0.25)]
    withdraw_document(at_desk.store, "d1", at_desk.options)
    assert not stakes(at_desk)
    assert not reviews(at_desk.view()).total
    for (key,) in at_desk.store.stream("MATCH (d:Decision) RETURN d.key"):
        withdraw(at_desk.store, desk(), "desk", at_desk.options, key=key)
    assert at_desk.digest() == clean


def test_a_rejected_claim_makes_nothing_however_sure_it_is_read_later(at_desk):
    at_desk.write(doubtful())
    settle(at_desk, "event", "accepted")
    assert len(at_desk.view().rows("Event")) == 1
    settle(at_desk, "event", "rejected", reason="并非质押")
    assert not len(at_desk.view().rows("Event"))
    sure = Text("d1", "澄江集团或持有澄江三成股份，云州银行质押。")
    bank = sure.name("云州银行", BANK)
    sure.event("pledge", "质押", [bank], confidence=0.99)
    at_desk.write(sure.read())
    assert not len(at_desk.view().rows("Event"))
    with pytest.raises(InvalidInput):
        settle(at_desk, "event", "corrected")


def test_an_accepted_mention_is_a_mention(at_desk):
    at_desk.write(doubtful())
    settle(at_desk, "mention", "corrected", subject="澄江集团实业有限公司")
    view = at_desk.view()
    assert [f.props["text"] for f in view.facts(view.resolve(OLD[0]), "MENTIONS", "in")] == ["有澄江"]


def test_a_decision_over_http_names_the_viewer(at_desk, settings, tmp_path):
    at_desk.write(doubtful())
    (found,) = reviews(at_desk.view(), Wanted(kind="relation")).reviews
    api = ApiSettings(
        data_dir=tmp_path / "api",
        store_uri=settings.store_uri,
        store_user=settings.store_user,
        store_password=settings.store_password,
        store_database=settings.store_database,
    )
    headers = {"Authorization": f"Bearer {auth.add_token(api.tokens_path, 'reader')}"}
    with TestClient(create_app(api), headers=headers) as client:
        path = f"/v1/reviews/{found.id}"
        assert client.post(f"{path}/decision", json={"state": "corrected"}).status_code == 422
        assert (
            client.post(f"{path}/decision", json={"state": "corrected", "object": "没有"}).status_code == 404
        )
        said = client.post(f"{path}/decision", json={"state": "accepted", "reason": "年报"})
        assert said.status_code == 200, said.text
        assert said.json()["review"]["history"][0]["who"] == "reader"
        deadline = time.monotonic() + 20
        while client.get(path).json() != said.json():
            assert time.monotonic() < deadline
            time.sleep(0.1)
    assert stakes(at_desk) == [(RIVER[0], 0.3)]
