"""Documents as questions show them: what they say, who else tells it, what they say of an entity over time."""

import datetime as dt
import io

import pytest
from fastapi.testclient import TestClient
from rich.console import Console

from api import auth, show_documents
from api.app import create_app
from api.settings import ApiSettings
from graph.errors import NotFound
from graph.ids import entity_handle
from nlp.found import Quantity
from queries.documents import document, documents, story
from queries.paging import Page
from queries.reviews import reviews
from queries.sentiment import sentiment
from queries.timeline import timeline
from tests.readings import Shelf, Text

TODAY = dt.date(2024, 6, 30)
WORLD = {
    "Company": [
        {"id": "river", "name": "澄江医药股份有限公司", "short_name": "澄江医药", "code": "600001.SH"},
        {"id": "group", "name": "澄江集团有限公司"},
        {"id": "bank", "name": "云州银行股份有限公司"},
        {"id": "secret", "name": "秘密资本有限公司", "compartments": "deal:a"},
    ],
    "Person": [{"id": "chair", "name": "周澄"}],
}
WALL = ("deal:a",)


def ref(key, label="Company", walls=()):
    return entity_handle("native", label, key, walls), label


RIVER, GROUP, BANK, CHAIR = ref("river"), ref("group"), ref("bank"), ref("chair", "Person")
SECRET = ref("secret", walls=WALL)
WORDS = "3月1日，澄江集团将所持澄江医药股份质押给云州银行，融资2亿元，用于补充流动资金。"


def pledge(key, text=WORDS, day=dt.date(2024, 3, 2), toward=-0.5, amount=2e8, **more):
    told = Text(key, text, day, title="澄江集团质押股份", publisher="云州日报", **more)
    group = told.name("澄江集团", GROUP, toward=toward)
    river = told.name("澄江医药", RIVER)
    bank = told.name("云州银行", BANK)
    told.relation("cooperates_with", group, bank, detail="银企合作")
    told.relation("holds", group, river, confidence=0.6, value=Quantity(0.31, "ratio"))
    told.event(
        "pledge", "质押", [group], amount=amount, day=dt.date(2024, 3, 1),
        others=[("security", river), ("pledgee", bank)],
    )  # fmt: skip
    return told.read(toward)


def praise(key, day, toward):
    told = Text(key, f"澄江集团{day:%m%d}获评先进。", day)
    told.name("澄江集团", GROUP, toward=toward)
    return told.read(toward)


def whisper(key="secret", day=dt.date(2024, 3, 2)):
    told = Text(key, WORDS, day, compartments=WALL)
    secret = told.name("流动资金", SECRET)
    group = told.name("澄江集团", GROUP, toward=-1.0)
    told.relation("acquires", secret, group)
    told.event("pledge", "质押", [group], amount=2e8, day=dt.date(2024, 3, 1), others=[("by", secret)])
    return told.read(-1.0)


DOCUMENTS = (
    pledge("n1"),
    pledge("n2", f"快讯：{WORDS}", dt.date(2024, 3, 3), toward=-0.1),
    praise("p1", dt.date(2024, 4, 2), 0.8),
    praise("p2", dt.date(2024, 4, 20), 0.4),
    praise("later", dt.date(2024, 9, 1), 0.4),
)


@pytest.fixture(scope="module")
def view():
    return Shelf(WORLD, DOCUMENTS).projection().view(frozenset(), TODAY)


def of(key, walls=()):
    return entity_handle("reading", "Document", key, walls)


def test_a_document_shows_what_it_says_where_and_of_whom(view):
    shown = document(view, of("n1"))
    assert (shown.key, shown.title, shown.publisher, shown.sentiment) == (
        "n1",
        "澄江集团质押股份",
        "云州日报",
        -0.5,
    )
    assert [(m.text, m.entity.name) for m in shown.mentions] == [
        ("澄江集团", "澄江集团有限公司"),
        ("澄江医药", "澄江医药股份有限公司"),
        ("云州银行", "云州银行股份有限公司"),
    ]
    assert all(shown.text[m.start : m.end] == m.text for m in shown.mentions)
    assert {(c.type, c.state, c.makes) for c in shown.claims} == {
        ("cooperates_with", "made", "RELATES"),
        ("holds", "waiting", None),
        ("pledge", "made", "Event"),
    }
    assert all(shown.text[c.start : c.end] == c.text for c in shown.claims)
    assert all(c.records for c in shown.claims)
    (event,) = shown.events
    assert (event.kind, event.amount, event.documents_total) == ("pledge", 2e8, 2)
    assert {party.id for party in event.documents} == {of("n1"), of("n2")}
    assert [party.id for party in shown.story] == [of("n2")]


def test_a_document_that_may_not_be_seen_is_none(view):
    walled = Shelf(WORLD, [*DOCUMENTS, whisper()]).projection()
    for looking in (view, walled.view(frozenset(), TODAY)):
        with pytest.raises(NotFound) as raised:
            document(looking, of("secret", WALL))
        assert of("secret", WALL) in str(raised.value)
    assert document(walled.view(frozenset(WALL), TODAY), of("secret", WALL)).claims
    with pytest.raises(NotFound):
        document(view, GROUP[0])


def test_other_words_and_other_weeks_are_another_story():
    shelf = Shelf(
        WORLD, [pledge("n1"), pledge("n3", day=dt.date(2024, 5, 2)), praise("p", dt.date(2024, 3, 2), 0.5)]
    )
    shown = shelf.projection().view(frozenset(), TODAY)
    assert story(shown, shown.resolve(of("n1"))) == [shown.resolve(of("n1"))]


def test_documents_of_an_entity_page_newest_first(view):
    first = documents(view, "澄江集团有限公司", page=Page(3, None, "k"))
    rest = documents(view, "澄江集团有限公司", page=Page(3, first.next, "k"))
    assert [line.id for line in (*first.documents, *rest.documents)] == [
        of(k) for k in ("p2", "p1", "n2", "n1")
    ]
    assert (first.total, rest.next) == (4, None)
    assert [line.toward for line in first.documents] == [0.4, 0.8, -0.1]
    assert documents(view, "澄江医药").total == 2


def test_sentiment_by_month(view):
    found = sentiment(view, GROUP[0])
    assert [(m.month, m.mean, m.documents, m.good, m.bad) for m in found.months] == [
        (dt.date(2024, 4, 1), pytest.approx(0.6), 2, 2, 0),
        (dt.date(2024, 3, 1), pytest.approx(-0.3), 2, 0, 1),
    ]
    assert (found.mean, found.documents) == (pytest.approx(0.15), 4)
    assert not sentiment(view, RIVER[0]).months


def test_the_timeline_shows_an_event_with_its_sentence_and_who_tells_it(view):
    (event,) = [item for item in timeline(view, GROUP[0]).items if item.type == "Event"]
    assert event.properties["text"] in {WORDS, f"快讯：{WORDS}"}
    assert [party.id for party in event.documents] == [of("n2"), of("n1")]
    assert event.documents_total == 2
    assert len(event.records) == 2


def test_what_is_said_of_an_entity_by_its_id_changes_neither_its_id_nor_its_name(view):
    for key, name in ((GROUP[0], "澄江集团有限公司"), (BANK[0], "云州银行股份有限公司")):
        row = view.resolve(key)
        assert (view.id(row), view.name(row)) == (key, name)
        assert not view.findings(row)


def printed(show, answer, width=80):
    """What a person reads at a terminal."""
    console = Console(width=width, record=True, file=io.StringIO())
    show(console, answer)
    return console.export_text()


def test_a_list_without_a_line_says_in_words_that_there_is_nothing(view):
    bare = Text("bare", "今日无事。", dt.date(2024, 3, 2)).read()
    empty = Shelf(WORLD, [bare]).projection().view(frozenset(), TODAY)
    nobody = "没有您可查看的文档提及该主体 / no document that you may see names it"
    assert nobody in printed(show_documents.documents, documents(empty, GROUP[0]))
    assert nobody not in printed(show_documents.documents, documents(view, GROUP[0]))
    assert "没有您可查看的文档表明" in printed(show_documents.sentiment, sentiment(empty, GROUP[0]))
    assert "没有待审项 / nothing to review" in printed(show_documents.reviews, reviews(empty))
    shown = printed(show_documents.document, document(empty, of("bare")))
    assert "没有读出断言 / no claim was read in it" in shown
    assert "没有提及您可查看的主体" in shown


ROUTES = ("documents", "sentiment", "timeline", "profile")


@pytest.fixture
def ask(tmp_path):
    """Bytes of an answer to a viewer of a graph over HTTP."""

    class Graph:
        version, store_up = 0, True

        def view(self, viewer, as_of=None, known_at=None):
            return self.projection.view(clearance=viewer.visible, as_of=as_of, known_at=known_at)

        def check(self):
            pass

    graph = Graph()
    tokens = tmp_path / "tokens.json"
    secrets = {walls: auth.add_token(tokens, f"v{len(walls)}", walls) for walls in ((), WALL)}
    app = create_app(ApiSettings(data_dir=tmp_path, token_file=tokens, cursor_key="k"), graph)

    def asked(projection, walls, path):
        graph.projection = projection
        headers = {"Authorization": f"Bearer {secrets[walls]}"}
        response = client.get(f"/v1{path}", params={"as_of": "2024-06-30"}, headers=headers)
        return response.status_code, response.content, response.headers.get("etag")

    with TestClient(app) as client:
        yield asked


def test_answers_are_those_of_a_graph_that_never_held_the_walled_document(ask):
    whole = Shelf(WORLD, [*DOCUMENTS, whisper()])
    world = {**WORLD, "Company": [row for row in WORLD["Company"] if "compartments" not in row]}
    fresh = Shelf(world, DOCUMENTS)
    ids = [GROUP[0], RIVER[0], BANK[0], SECRET[0]]
    paths = [f"/entities/{one}/{name}" for one in ids for name in ROUTES]
    paths += [f"/documents/{of(one.key)}" for one in DOCUMENTS] + [
        f"/documents/{of('secret', WALL)}",
        "/reviews",
    ]
    seen, wanted = whole.projection(), fresh.projection()
    for path in paths:
        assert ask(seen, (), path) == ask(wanted, (), path), path
    assert ask(seen, WALL, f"/documents/{of('secret', WALL)}")[0] == 200
    assert ask(seen, WALL, f"/entities/{GROUP[0]}/sentiment") != ask(
        seen, (), f"/entities/{GROUP[0]}/sentiment"
    )
