"""Mentions are linked to the graph's companies and people as a careful reader would, and walls hold."""

from __future__ import annotations

import datetime as dt
from collections.abc import Sequence
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from graph.ids import entity_handle, record_handle
from graph.names import normal_form
from graph.projection import Projection
from graph.tables import SourceInfo, Tables
from graph.view import View
from nlp.folded import fold
from nlp.found import Mention
from nlp.linking import Linker
from nlp.name_index import NameIndex, Way, _keys_of_full, build

TODAY = dt.date(2024, 6, 30)


class World:
    """Companies, people and ties, each stated by a record, some behind walls."""

    def __init__(self) -> None:
        self.nodes: list[tuple[str, dict[str, Any]]] = []
        self.edges: list[tuple[str, str, str, str, str, dict[str, Any]]] = []

    def node(
        self, label: str, key: str, *, walls: Sequence[str] = (), source: str = "native", **props: Any
    ) -> Any:
        handle = entity_handle(source, label, key, sorted(walls))
        self.nodes.append(
            (label, {"id": handle, "key": key, "rank_key": "", **_said(source, key, walls), **props})
        )
        return label, handle

    def edge(self, kind: str, start: Any, end: Any, *, walls: Sequence[str] = (), **props: Any) -> None:
        key = f"{kind}{len(self.edges)}"
        self.edges.append((kind, *start, *end, {**_said("native", key, walls), **props}))

    def without(self, cleared: frozenset[str]) -> World:
        """What a fresh load would hold that never saw the hidden records."""
        fresh = World()
        fresh.nodes = [n for n in self.nodes if cleared.issuperset(n[1].get("compartments", ()))]
        there = {n[1]["id"] for n in fresh.nodes}
        fresh.edges = [
            e
            for e in self.edges
            if cleared.issuperset(e[5].get("compartments", ())) and {e[2], e[4]} <= there
        ]
        return fresh

    def view(self, clearance: frozenset[str] | None = None) -> View:
        names = sorted({n[1]["source"] for n in self.nodes} | {"native"})
        sources = [SourceInfo(name, 10 * (i + 1), name) for i, name in enumerate(names)]
        return Projection.of(Tables.from_rows(self.nodes, self.edges, sources=sources)).view(clearance, TODAY)


def _said(source: str, key: str, walls: Sequence[str]) -> dict[str, Any]:
    system = {
        "source": source, "record": record_handle(source, "test", key, sorted(walls)),
        "stated": "2024-01-01", "known_from": "2024-01-05",
    }  # fmt: skip
    return {**system, "compartments": sorted(walls)} if walls else system


@pytest.fixture(scope="module")
def world() -> World:
    w = World()
    river = w.node("Company", "river", name="江州澄江医药股份有限公司", short_name="澄江医药", code="600001.SH",
                   former_names=["江州制药厂"], aliases=["澄药"])  # fmt: skip
    w.node("Company", "bank", name="青禾银行股份有限公司", short_name="青禾银行", code="601002.SH")
    w.node("Company", "farm", name="北湖农业发展股份有限公司", short_name="农产品", code="000061.SZ")
    w.node("Company", "class", name="白石实业股份有限公司", short_name="白石A", code="000003.SZ")
    w.node("Company", "classb", name="白石实业股份有限公司", short_name="白石B", code="200003.SZ", source="b")
    w.node("Company", "bracket", name="远山保险(集团)股份有限公司", short_name="远山保险")
    near = w.node("Company", "near", name="苏州明月科技有限公司", short_name="明月科技", region="江苏")
    far = w.node("Company", "far", name="成都明月科技有限公司", short_name="明月科技", region="四川")
    w.node("Company", "young", name="武汉新芽软件有限公司", short_name="新芽软件", founded="2020-05-01")
    w.node("Company", "old", name="长沙新芽软件有限公司", short_name="新芽软件", founded="2001-05-01")
    chips = w.node("Industry", "芯片", name="芯片", scheme="测试")
    w.edge("IN_INDUSTRY", near, chips)
    chair = w.node("Person", "chair", name="周澄")
    w.edge("OFFICER_OF", chair, river, office="董事长")
    w.edge("OFFICER_OF", w.node("Person", "boss", name="吴白石"), far, office="董事长")
    for number in (1, 2):
        w.edge("OFFICER_OF", w.node("Person", f"twin{number}", name="李安"), river, office="董事")
    return w


@pytest.fixture(scope="module")
def linker(world: World) -> Linker:
    return Linker(world.view())


def linked(linker: Linker, text: str, *mentions: Mention, **more: Any) -> dict[str, str]:
    """What each linked mention's characters are linked to."""
    found = linker.link(text, mentions, **more)
    assert all(text[m.start : m.end] == m.text for m in found)
    return {m.text: m.link.name for m in found if m.link}


def company(text: str, name: str) -> Mention:
    start = text.index(name)
    return Mention(start, start + len(name), name, "company")


def person(text: str, name: str) -> Mention:
    start = text.index(name)
    return Mention(start, start + len(name), name, "person")


RIVER = "江州澄江医药股份有限公司"


@pytest.mark.parametrize(
    ("text", "surface"),
    [
        ("江州澄江医药股份有限公司今日公告。", "江州澄江医药股份有限公司"),
        ("澄江医药：上半年净利增长", "澄江医药"),
        ("澄江醫藥：上半年淨利增長", "澄江醫藥"),
        ("收购澄江医药100%股权", "澄江医药"),
        ("江州制药厂宣布停产", "江州制药厂"),
        ("江州澄江医药宣布停产", "江州澄江医药"),
        ("澄江医药股份有限公司公告", "澄江医药股份有限公司"),
        ("据悉，澄药（600001）大涨", "澄药"),
        ("ＳＴ澄江：公告", "ＳＴ澄江"),
        ("异动股600001.SH今日涨停", "600001.SH"),
        ("SH600001公告，拟回购股份", "SH600001"),
        ("證券代碼：600001", "600001"),
        ("江州 澄江医药 股份有限公司公告", "江州 澄江医药 股份有限公司"),
    ],
)
def test_a_company_is_found_by_every_name(linker: Linker, text: str, surface: str) -> None:
    assert linked(linker, text) == {surface: RIVER}


@pytest.mark.parametrize(
    "text",
    [
        "今年农产品价格上涨", "水果、农产品、水产品出口增加", "青禾银行业协会成立", "青禾银行保险监管",
        "澄江医药集团有限公司公告",
        "他住在明月科技园", "", "\u0000\ud800", "no company here", "澄江医\n药公告", "新澄江医药科技有限公司",
    ],
)  # fmt: skip
def test_a_word_or_a_longer_name_is_no_company(linker: Linker, text: str) -> None:
    assert linked(linker, text) == {}


def test_a_name_that_is_a_word_needs_a_code_a_heading_or_a_list_of_companies(linker: Linker) -> None:
    farm = "北湖农业发展股份有限公司"
    assert linked(linker, "农产品：一季度亏损") == {"农产品": farm}
    assert linked(linker, "他买了农产品（000061.SZ）") == {"农产品": farm}
    assert linked(linker, "澄江医药、农产品涨停") == {"澄江医药": RIVER, "农产品": farm}
    text = "本地农产品公告称停牌"
    assert linked(linker, text, company(text, "农产品")) == {"农产品": farm}


def test_a_group_is_called_so_without_its_legal_form() -> None:
    keys = dict(_keys_of_full("青禾风电集团股份有限公司", Way.FULL, frozenset()))
    assert keys["青禾风电集团"] == keys["青禾风电"] == Way.STEM


def test_what_models_see_in_other_languages_is_left_out(linker: Linker) -> None:
    text = "The startup was acquired by 澄江医药 for $1.2 billion in January, people familiar with the matter said."
    found = linker.link(text, [Mention(0, 11, text[:11], "product")])
    assert [m.kind for m in found] == ["company"]


def test_a_mention_that_holds_two_names_hides_neither(linker: Linker) -> None:
    text = "澄江医药向其控股子公司青禾银行增资"
    assert set(linked(linker, text, company(text, "澄江医药向其控股子公司青禾银行"))) >= {"澄江医药"}


def test_an_emoji_is_no_part_of_a_name(linker: Linker) -> None:
    text = "🚀澄江医药🚀中标"
    assert linked(linker, text, Mention(0, 5, "🚀澄江医药", "company")) == {"澄江医药": RIVER}


def test_a_registered_name_of_another_legal_person_is_not_linked(linker: Linker) -> None:
    assert linked(linker, "澄江医药有限公司公告") == {}
    assert linked(linker, "远山保险（集团）股份有限公司公告") == {
        "远山保险（集团）股份有限公司": "远山保险(集团)股份有限公司"
    }


def test_context_decides_between_namesakes(linker: Linker) -> None:
    near, far = "苏州明月科技有限公司", "成都明月科技有限公司"
    assert linked(linker, "明月科技：公司在江苏的芯片工厂投产") == {"明月科技": near}
    assert linked(linker, "明月科技董事长吴白石表示")["明月科技"] == far
    assert linked(linker, "明月科技的四川工厂投产，明月科技公告") == {"明月科技": far}


def test_without_a_lead_nobody_is_linked_and_the_candidates_are_kept(linker: Linker) -> None:
    [mention] = linker.link("明月科技：上半年增长", [])
    assert mention.link is None
    assert {c.name for c in mention.candidates} == {"苏州明月科技有限公司", "成都明月科技有限公司"}
    assert [c.id for c in mention.candidates] == sorted(c.id for c in mention.candidates)


def test_a_company_founded_later_is_not_meant(linker: Linker) -> None:
    text = "新芽软件：上半年增长"
    assert linked(linker, text) == {}
    assert linked(linker, text, published=dt.date(2010, 1, 1)) == {"新芽软件": "长沙新芽软件有限公司"}


def test_given_mentions_are_linked_by_what_the_text_calls_them_elsewhere(linker: Linker) -> None:
    text = "江州澄江医药股份有限公司公告，澄江已停产，海星公司未受影响"
    start = text.index("，澄江") + 1
    found = linker.link(text, [Mention(start, start + 2, "澄江", "company"), company(text, "海星公司")])
    assert [(m.text, m.link.name if m.link else None) for m in found] == [
        (RIVER, RIVER), ("澄江", RIVER), ("海星公司", None),
    ]  # fmt: skip


def test_a_part_of_a_linked_name_goes_and_other_kinds_stay(linker: Linker) -> None:
    text = "澄江医药在2020年获1亿元"
    place = Mention(0, 2, "澄江", "place")
    money = Mention(text.index("1亿"), len(text), "1亿元", "money")
    assert [m.text for m in linker.link(text, [place, money])] == ["澄江医药", "1亿元"]


def test_people_are_linked_through_a_company_of_the_text(linker: Linker) -> None:
    text = "澄江医药：董事长周澄辞职，李安接任"
    found = linker.link(text, [person(text, "李安")])
    by_text = {m.text: m for m in found}
    assert by_text["周澄"].link is not None
    assert by_text["周澄"].kind == "person"
    assert by_text["李安"].link is None
    assert len(by_text["李安"].candidates) == 2
    alone = "昨日周澄在北京"
    [mention] = linker.link(alone, [person(alone, "周澄")])
    assert mention.link is None
    assert [c.name for c in mention.candidates] == ["周澄"]


def test_shares_of_two_classes_are_told_apart(linker: Linker) -> None:
    for text in ("白石A：公告", "白石B：公告"):
        [mention] = linker.link(text, [])
        assert mention.link is not None


def test_the_index_holds_the_names_and_nothing_of_one_character(world: World) -> None:
    index = build(world.view())
    assert set(index.called("澄江医药").values()) == {Way.SHORT}
    assert index.called("澄") == {}
    assert [
        text for hit in index.hits("关于澄江医药的") for text in ["关于澄江医药的"[hit.start : hit.end]]
    ] == ["澄江医药"]


# --- offsets ---------------------------------------------------------------------------------------------------------

characters = st.text(
    st.sampled_from("江州澄江医药股份有限公司（集团）㈱ﬁ①Ａ醫藥 \u3000\n\t\u200b\ud800é😀:：，。600001"),
    max_size=60,
)


@given(characters)
def test_folding_keeps_the_way_back(text: str) -> None:
    folded = fold(text)
    assert len(folded.text) == len(folded.starts) == len(folded.ends)
    for place in range(len(folded.text)):
        start, end = folded.span(place, place + 1)
        assert 0 <= start < end <= len(text)
        assert folded.text[place] in (normal_form(text[start:end]) or " \n")
    assert all(a <= b for a, b in zip(folded.starts, folded.starts[1:], strict=False))


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    characters,
    st.lists(
        st.tuples(
            st.integers(0, 60), st.integers(1, 8), st.sampled_from(("company", "person", "place", "money"))
        ),
        max_size=4,
    ),
)
def test_offsets_index_the_text_as_given(
    linker: Linker, text: str, spans: list[tuple[int, int, str]]
) -> None:
    given_ = [
        Mention(start, min(start + size, len(text)), text[start : start + size], kind)  # type: ignore[arg-type]
        for start, size, kind in spans
        if start < len(text)
    ]
    found = linker.link(text, given_)
    assert all(text[m.start : m.end] == m.text and m.start < m.end for m in found)
    assert [m.start for m in found] == sorted(m.start for m in found)


# --- walls -----------------------------------------------------------------------------------------------------------

WALLS = ((), (), ("a",), ("b",), ("a", "b"))
NAMES = ("江河科技有限公司", "湖海科技股份有限公司", "北京江河科技有限公司")
facts = st.fixed_dictionaries(
    {
        "name": st.sampled_from((*NAMES, None)),
        "short_name": st.sampled_from(("江河科技", "湖海科技", "江河", None)),
        "code": st.sampled_from(("600001.SH", "600002.SH", None)),
        "former_names": st.sampled_from((None, ["江河", "湖海科技"])),
    }
)
statements = st.lists(
    st.tuples(st.integers(0, 3), facts, st.sampled_from(WALLS), st.sampled_from(("registry", "desk"))),
    max_size=7,
)
offices = st.lists(
    st.tuples(st.integers(0, 3), st.sampled_from(("李安", "王平川")), st.sampled_from(WALLS)), max_size=4
)
TEXTS = (
    "江河科技：董事长李安增持",
    "江河科技(600001)、湖海科技涨停",
    "北京江河科技有限公司与江河科技有限公司签约，总经理王平川出席",
    "收购江河股权",
)  # fmt: skip


def _hidden(walls: Sequence[tuple[Any, ...]], people: Sequence[tuple[Any, ...]]) -> World:
    w = World()
    units: dict[tuple[Any, ...], Any] = {}
    for number, props, walled, source in walls:
        key = (number, walled, source)
        if key not in units:
            told = {k: v for k, v in props.items() if v}
            units[key] = w.node("Company", str(number), walls=walled, source=source, **told)
    for place, (number, name, walled) in enumerate(people):
        end = units.get((number, walled, "desk"))
        if end is not None:
            w.edge(
                "OFFICER_OF",
                w.node("Person", f"p{place}", walls=walled, name=name),
                end,
                walls=walled,
                office="董事长",
            )
    return w


@settings(max_examples=25, deadline=None)
@given(statements, offices)
def test_a_viewer_gets_what_a_graph_without_the_hidden_records_gives(walls: Any, people: Any) -> None:
    whole = _hidden(walls, people)
    for cleared in (frozenset(), frozenset("a"), frozenset("ab")):
        seen, fresh = Linker(whole.view(cleared)), Linker(whole.without(cleared).view(None))
        for text in TEXTS:
            mentions = [Mention(0, 4, text[:4], "company")]
            assert seen.link(text, mentions) == fresh.link(text, mentions)


def test_the_index_is_made_once_for_views_that_see_the_same(world: World) -> None:
    view = world.view()
    assert NameIndex.of(view) is NameIndex.of(view)
