"""Search of documents: words and meaning, filters, stories, pages, days, and walls byte for byte."""

from __future__ import annotations

import contextlib
import datetime as dt
import io
import json
from typing import Any

import pytest
from fastapi.testclient import TestClient
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from rich.console import Console
from typer.testing import CliRunner

from api import auth, document_search_commands, show_document_search
from api.app import create_app
from api.cli import app
from api.live import FixedGraph
from api.settings import ApiSettings
from graph.errors import InvalidInput, NotFound
from nlp.embedding import ShippedEmbedder
from queries.document_search import Wanted, by_of, search_documents
from queries.paging import Page
from queries.similar_companies import similar_companies
from queries.text_library import PASSAGE, Library, passages

TODAY = dt.date(2024, 6, 30)


@pytest.fixture(scope="module")
def embedder() -> ShippedEmbedder:
    return ShippedEmbedder()


@pytest.fixture
def library(embedder) -> Library:
    return Library(embedder)


@pytest.fixture
def news(builder):
    """Six documents on three companies, one behind a wall, one of tomorrow."""
    g = builder
    river, steel, bank = (
        g.node("Company", key, name=name)
        for key, name in (("river", "甲江医药有限公司"), ("steel", "丙山钢铁有限公司"), ("bank", "丁湖银行"))
    )
    said = (
        ("n1", "甲江医药新药获批", "甲江医药的一款抗癌新药获得上市批准。", "news", 2, river),
        ("n2", "钢价走低", "丙山钢铁宣布下调螺纹钢的产量。", "news", 3, steel),
        ("n3", "甲江医药新药获批上市", "甲江医药的一款抗癌新药获得上市批准！", "news", 4, river),
        ("n4", "", "丁湖银行关于召开股东大会的公告，ＡＢＣ项目。", "announcement", 5, bank),
    )
    for key, title, text, kind, day, party in said:
        same = {"alike": ["story:1"]} if key in {"n1", "n3"} else {}
        document = g.node(
            "Document", key, name=title or None, text=text, kind=kind, published=dt.date(2024, 3, day), **same
        )
        g.edge("ABOUT", document, party)
    g.node("Document", "n5", name="明日新药", text="抗癌新药", published=dt.date(2025, 1, 1))
    secret = g.node(
        "Document", "n6", name="新药收购", text="拟收购抗癌新药", walls=("a",), published=dt.date(2024, 3, 9)
    )
    g.edge("ABOUT", secret, g.node("Company", "river", name="甲江医药有限公司", walls=("a",)), walls=("a",))
    return g


@pytest.fixture
def view(news):
    return news.projection().view(clearance=frozenset(), as_of=TODAY)


def titles(answer) -> list[str]:
    return [hit.title for hit in answer.documents]


def test_words_and_meaning_are_parts_of_the_score(view, library):
    answer = search_documents(view, "抗癌新药获批上市", library)
    best = answer.documents[0]
    assert titles(answer)[:2] == ["甲江医药新药获批上市", "甲江医药新药获批"]
    assert 0 < best.words < 1
    assert 0 < best.meaning <= 1
    assert best.score == pytest.approx(0.9 * best.words + 0.1 * best.meaning)
    assert [party.name for party in best.parties] == ["甲江医药有限公司"]
    assert best.parties[0].relations == ["ABOUT"]
    assert best.records
    assert best.parties[0].records


def test_meaning_finds_what_shares_no_word(view, library):
    query = "钢厂调低生产"
    assert titles(search_documents(view, query, library, Wanted(by="words"))) == []
    assert titles(search_documents(view, query, library))[:1] == ["钢价走低"]


def test_by_words_alone_needs_a_word(view, library):
    answer = search_documents(view, "abc", library, Wanted(by="words"))
    [hit] = answer.documents
    assert hit.snippet is not None
    assert [hit.snippet.text[a:b] for a, b in hit.snippet.highlights] == ["ＡＢＣ"]
    assert hit.meaning == 0
    assert hit.title == hit.id or hit.title


def test_highlights_are_offsets_of_title_and_snippet(view, library):
    hit = search_documents(view, "新药上市", library).documents[0]
    assert [hit.title[a:b] for a, b in hit.title_highlights] == ["新药", "上市"]
    assert hit.snippet is not None
    assert [hit.snippet.text[a:b] for a, b in hit.snippet.highlights] == ["新药", "上市"]


@pytest.mark.parametrize(
    ("wanted", "found"),
    [
        (Wanted(kinds=("announcement",)), 0),
        (Wanted(entity="甲江医药有限公司"), 2),
        (Wanted(since=dt.date(2024, 3, 4)), 1),
        (Wanted(until=dt.date(2024, 3, 2)), 1),
        (Wanted(stories=True), 1),
        (Wanted(), 2),
    ],
)
def test_filters(view, library, wanted, found):
    answer = search_documents(view, "抗癌新药获批上市", library, wanted)
    assert sum("新药" in title for title in titles(answer)) == found


def test_the_story_is_told_by_the_best_document(view, library):
    answer = search_documents(view, "甲江医药新药获批上市", library, Wanted(stories=True, by="words"))
    assert titles(answer) == ["甲江医药新药获批上市"]


def test_what_is_published_later_is_not_there(news, library):
    later = news.projection().view(clearance=frozenset(), as_of=dt.date(2025, 1, 2))
    assert "明日新药" in titles(search_documents(later, "新药", library))
    today = news.projection().view(clearance=frozenset(), as_of=TODAY)
    assert "明日新药" not in titles(search_documents(today, "新药", library))
    early = news.projection().view(as_of=TODAY, known_at=dt.date(2020, 1, 1))
    assert search_documents(early, "新药", library).total == 0


def test_pages_join_to_the_whole(view, library):
    whole = search_documents(view, "公告新药产量", library).documents
    seen: list[Any] = []
    cursor = None
    for _ in range(10):
        page = search_documents(view, "公告新药产量", library, page=Page(1, cursor))
        seen += page.documents
        cursor = page.next
        if cursor is None:
            break
    assert seen == whole
    assert len(whole) > 2


def test_a_cursor_belongs_to_its_question(view, library):
    cursor = search_documents(view, "新药", library, page=Page(1)).next
    with pytest.raises(InvalidInput, match="cursor"):
        search_documents(view, "旧药", library, page=Page(1, cursor))


@pytest.mark.parametrize(
    ("query", "wanted"),
    [(" ", Wanted()), ("药" * 201, Wanted()), ("药", Wanted(since=TODAY, until=dt.date(2020, 1, 1)))],
)
def test_what_cannot_be_asked(view, library, query, wanted):
    with pytest.raises(InvalidInput):
        search_documents(view, query, library, wanted)


def test_an_unknown_entity_and_an_unknown_way(view, library):
    with pytest.raises(NotFound):
        search_documents(view, "药", library, Wanted(entity="没有"))
    with pytest.raises(InvalidInput):
        by_of("sound")
    assert by_of("words") == "words"


def test_nothing_to_search(builder, library):
    view = builder.projection().view(as_of=TODAY)
    assert search_documents(view, "药", library).documents == []


def test_the_passage_that_answers_is_shown(builder, library):
    text = "大盘上涨，成交放量。" * 60 + "某公司的抗癌新药获批。" + "天气晴好，气温回升。" * 60
    builder.node("Document", "long", text=text)
    view = builder.projection().view(as_of=TODAY)
    [hit] = search_documents(view, "抗癌新药", library, Wanted(by="words")).documents
    assert hit.snippet is not None
    assert "抗癌新药" in hit.snippet.text
    assert text[hit.snippet.start : hit.snippet.end] == hit.snippet.text
    assert hit.title == hit.id
    [by_meaning] = search_documents(view, text[310:330], library, Wanted(by="meaning")).documents
    assert by_meaning.snippet is not None
    assert by_meaning.words > 0


@given(st.text(max_size=900))
def test_passages_cover_a_text(text):
    parts = passages(text)
    assert "".join(text[part.start : part.end] for part in parts) == text
    assert all(0 < part.end - part.start <= PASSAGE for part in parts)


# --- walls ---------------------------------------------------------------------------------------------------------

WALLS = ((), (), ("a",), ("b",), ("a", "b"))
VIEWERS = {"nobody": (), "a": ("a",), "ab": ("a", "b")}
SENTENCES = ("抗癌新药获批。", "钢厂减产，钢价走低。", "银行下调利率。", "新药收购", "ABC 新药", None)
document = st.tuples(
    st.integers(0, 5),
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(SENTENCES),
            "text": st.sampled_from(SENTENCES),
            "kind": st.sampled_from(("news", "report", None)),
            "published": st.sampled_from(("2024-01-01", "2024-02-01", "2031-01-01", None)),
            "alike": st.sampled_from((["1"], ["1", "2"], ["2"], None)),
        }
    ),
    st.sampled_from(WALLS),
)
company = st.tuples(
    st.integers(0, 3),
    st.fixed_dictionaries(
        {
            "name": st.sampled_from(("甲江有限公司", "乙河有限公司", "丙山有限公司", None)),
            "description": st.sampled_from(("生产抗癌药。", "生产钢材。", "销售药品。" * 80, None)),
            "nature": st.sampled_from((None, None, "state_body")),
        }
    ),
    st.sampled_from(WALLS),
)
link = st.tuples(
    st.sampled_from(("ABOUT", "IN_INDUSTRY", "HAS_CONCEPT")),
    st.integers(0, 5),
    st.integers(0, 3),
    st.sampled_from(WALLS),
)


def built(builder: Any, documents: Any, companies: Any, links: Any) -> Any:
    """As a loader stores them: an edge's ends are units of exactly the edge's compartments."""
    units: dict[tuple[str, str, Any], Any] = {}

    def unit(label: str, number: int, walls: Any, **props: Any) -> Any:
        key = (label, str(number), walls)
        if key not in units:
            units[key] = builder.node(label, str(number), walls=walls, **props)
        return units[key]

    for number, props, walls in documents:
        unit("Document", number, walls, **props)
    for number, props, walls in companies:
        unit("Company", number, walls, **props)
    for kind, one, other, walls in links:
        if kind == "ABOUT":
            builder.edge(kind, unit("Document", one, walls), unit("Company", other, walls), walls=walls)
        else:
            label = "Industry" if kind == "IN_INDUSTRY" else "Concept"
            group = unit(label, one % 3, walls, name=f"{label}{one % 3}")
            builder.edge(kind, unit("Company", other, walls), group, walls=walls)
    return builder


def answers(view: Any, library: Library, ids: list[str]) -> list[bytes]:
    """Every question, and its answer as the wire would have it."""
    found: list[bytes] = []

    def ask(question: Any, *args: Any, **options: Any) -> str | None:
        try:
            answer = question(view, *args, **options)
        except (NotFound, InvalidInput) as error:
            found.append(str(error).encode())
            return None
        found.append(answer.model_dump_json().encode())
        return answer.next

    for query in ("新药获批", "钢", "abc 药", "癌症药物得到批准"):
        for wanted in (Wanted(), Wanted(by="words"), Wanted(by="meaning"), Wanted(stories=True)):
            ask(search_documents, query, library, wanted)
        for entity in ids[:3]:
            ask(search_documents, query, library, Wanted(entity=entity))
        cursor = ask(search_documents, query, library, page=Page(1))
        while cursor is not None:
            cursor = ask(search_documents, query, library, page=Page(1, cursor))
    for ref in ids:
        for blend in (True, False):
            ask(similar_companies, ref, library, blend=blend)
        cursor = ask(similar_companies, ref, library, page=Page(1))
        while cursor is not None:
            cursor = ask(similar_companies, ref, library, page=Page(1, cursor))
    return found


@settings(max_examples=25, deadline=None, suppress_health_check=list(HealthCheck))
@given(
    said=st.tuples(
        st.lists(document, min_size=1, max_size=10), st.lists(company, max_size=6), st.lists(link, max_size=8)
    ),
    who=st.sampled_from(sorted(VIEWERS)),
)
def test_walls_leave_no_trace(builder, embedder, said, who):
    graph = built(type(builder)(), *said)
    ids = sorted(unit["id"] for _, unit in graph.nodes)
    walled, cleared = graph.projection(), frozenset(VIEWERS[who])
    shared = Library(embedder)
    answers(walled.view(as_of=TODAY), shared, [])  # the operator has asked before, of everything
    seen = answers(walled.view(clearance=cleared, as_of=TODAY), shared, ids)
    fresh = graph.without(cleared).projection()
    assert seen == answers(fresh.view(as_of=TODAY), Library(embedder), ids)


def test_the_test_would_notice_a_leak(news, library):
    projection = news.projection()
    ids = sorted(unit["id"] for _, unit in news.nodes)
    public, cleared = (projection.view(clearance=frozenset(who), as_of=TODAY) for who in ((), ("a",)))
    assert answers(public, library, ids) != answers(cleared, library, ids)


# --- surfaces ------------------------------------------------------------------------------------------------------


@pytest.fixture
def client(news, tmp_path):
    tokens = tmp_path / "tokens.json"
    secret = auth.add_token(tokens, "somebody", ())
    made = ApiSettings(data_dir=tmp_path, token_file=tokens, cursor_key="k")
    with TestClient(create_app(made, FixedGraph(news.projection()))) as client:
        client.headers["Authorization"] = f"Bearer {secret}"
        yield client


def test_over_http(client, view, library, tmp_path):
    asked = {"q": "抗癌新药", "as_of": "2024-06-30"}
    response = client.get("/v1/search/documents", params=asked)
    assert response.status_code == 200
    assert response.json() == json.loads(search_documents(view, "抗癌新药", library).model_dump_json())
    assert list(tmp_path.rglob("vectors/**/*.npy"))
    one = client.get("/v1/search/documents", params={**asked, "limit": 1}).json()
    two = client.get("/v1/search/documents", params={**asked, "limit": 1, "cursor": one["next"]})
    assert two.json()["documents"] == response.json()["documents"][1:2]
    filters = {
        "entity": "甲江医药有限公司",
        "kind": "news",
        "from": "2024-03-03",
        "to": "2024-03-31",
        "stories": "true",
    }
    assert client.get("/v1/search/documents", params={**asked, **filters}).json()["total"] == 1


@pytest.mark.parametrize(
    ("params", "field"),
    [({"q": " "}, "q"), ({"q": "药", "by": "x"}, "by"), ({"q": "药", "from": "1"}, "from")],
)
def test_what_http_refuses(client, params, field):
    response = client.get("/v1/search/documents", params=params)
    assert response.status_code == 422
    assert field in response.text


def test_at_a_terminal(view, library):
    console = Console(width=120, record=True, file=io.StringIO())
    show_document_search.documents(console, search_documents(view, "抗癌新药获批", library, page=Page(1)))
    show_document_search.documents(console, search_documents(view, "zzz", library, Wanted(by="words")))
    shown = console.export_text()
    assert "甲江医药新药获批" in shown
    assert "--cursor" in shown
    assert "没有相关文档" in shown


def test_an_event_is_no_party_and_reads_as_what_happened_to_whom_and_when(news, library):
    river, group = (
        news.node("Company", key, name=name)
        for key, name in (("river", "甲江医药有限公司"), ("g", "戊海集团"))
    )
    told = news.node("Document", "n7", name="戊海集团拟收购甲江医药", text="戊海集团拟收购甲江医药。")
    done = news.part("Event", "e1", {"subjects": [group]}, name="收购（计划）", date=dt.date(2024, 3, 6))
    for other in (river, group, done, news.node("Industry", "i", name="制药")):
        news.edge("ABOUT", told, other)
    walled = news.part("Event", "e2", {"subjects": [group]}, name="收购（终止）", walls=("a",))
    news.edge("ABOUT", told, walled, walls=("a",))

    view = news.projection().view(clearance=frozenset(), as_of=TODAY)
    answer = search_documents(view, "戊海集团收购", library)
    hit = answer.documents[0]
    assert [party.name for party in hit.parties] == ["戊海集团", "甲江医药有限公司"]
    assert [topic.name for topic in hit.topics] == ["制药"]
    assert [(one.name, one.date, one.subjects[0].name) for one in hit.events] == [
        ("收购（计划）", dt.date(2024, 3, 6), "戊海集团")
    ]
    fresh = news.without([]).projection().view(clearance=frozenset(), as_of=TODAY)
    assert answer == search_documents(fresh, "戊海集团收购", library)
    cleared = news.projection().view(clearance=frozenset({"a"}), as_of=TODAY)
    assert search_documents(cleared, "戊海集团收购", library).documents[0].events_total == 2

    console = Console(width=80, record=True, file=io.StringIO())
    show_document_search.documents(console, answer)
    shown = console.export_text()
    assert "主体 parties: 戊海集团、甲江医药有限公司\n" in shown
    assert "事件 events: 收购（计划） 戊海集团 2024-03-06\n" in shown


@pytest.fixture
def command(news, tmp_path, monkeypatch):
    """Runs a command over the six documents and gives what it prints."""
    monkeypatch.setenv("GUANXI_DATA_DIR", str(tmp_path))
    projection = news.projection()

    @contextlib.contextmanager
    def looking(*asked: str | None):
        day = dt.date.fromisoformat(asked[1]) if asked[1] else TODAY
        yield projection.view(clearance=frozenset(), as_of=day), "k"

    monkeypatch.setattr(document_search_commands, "looking", looking)
    return lambda *words: CliRunner().invoke(app, list(words))


def test_the_commands_print_the_same_answers(command, view, library):
    done = command("search-documents", "抗癌新药", "--kind", "news", "--json")
    asked = Wanted(kinds=("news",))
    assert json.loads(done.stdout) == json.loads(
        search_documents(view, "抗癌新药", library, asked).model_dump_json()
    )
    assert "甲江医药新药获批" in command("search-documents", "抗癌新药").stdout
    assert json.loads(command("similar", "甲江医药有限公司", "--json").stdout)["described"] is False
    assert json.loads(command("vectors", "--json").stdout)["documents"] == 4
    assert command("search-documents", "药", "--by", "x").exit_code == 2
