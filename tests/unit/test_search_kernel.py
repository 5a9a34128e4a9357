"""The name search against a slow reference that reads as its definition does, and its known examples."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from itertools import permutations, product
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from rapidfuzz.distance import OSA

from graph import names
from graph.algorithms import search, search_arrays, search_scan
from graph.algorithms.search import Match, NameKind, QueryForms

READINGS = {
    "恒": "heng",
    "瑞": "rui",
    "西": "xi",
    "安": "an",
    "先": "xian",
    "言": "yan",
    "t": "t",
    "l": "l",
    "𬭊": "",
}
OWNERS = 6
SETS = 4
EVERYONE = search.SearchScope(np.ones(SETS, np.uint8))


@dataclass(frozen=True)
class Entry:
    text: str
    owner: int
    kind: int = NameKind.FULL
    set_number: int = 0
    prior: int = 0

    @property
    def tokens(self) -> list[str]:
        if self.kind == NameKind.CODE:
            return []
        return [READINGS[c] for c in self.text if READINGS.get(c)]


def stable_id(owner: int) -> int:
    return (owner * 7 + 3) % 11  # an order other than the rows'


def columns(entries: Sequence[Entry]) -> search.NameEntries:
    def column(values: list[int], dtype: type) -> np.ndarray:
        return np.array(values, dtype)

    return search.NameEntries(
        [e.text for e in entries],
        ["".join(e.tokens) for e in entries],
        ["".join(token[0] for token in e.tokens) for e in entries],
        column([e.owner for e in entries], np.int32),
        column([stable_id(e.owner) for e in entries], np.uint64),
        column([e.kind for e in entries], np.uint8),
        column([e.set_number for e in entries], np.uint32),
        column([e.prior for e in entries], np.uint8),
    )


def index_of(entries: Sequence[Entry]) -> search.SearchIndex:
    return search.attach(search.build(columns(entries)))


# --- the reference ------------------------------------------------------------------------------------------


def units(text: str) -> tuple[int, ...]:
    return tuple(np.frombuffer("".join(text.split()).encode("utf-16-le"), np.uint16).tolist())


def near(query: tuple[int, ...], candidate: tuple[int, ...]) -> bool:
    return OSA.distance(query, candidate) <= 1


def text_match(query: str, entry: Entry) -> Match | None:
    asked, name = units(query), units(entry.text)
    prefixes = [name[:stop] for stop in range(len(name) + 1)]
    parts = [name[start:stop] for start in range(len(name)) for stop in range(start, len(name) + 1)]
    if entry.kind == NameKind.CODE:
        return Match.CODE_EXACT if asked == name else Match.CODE_PREFIX if asked in prefixes else None
    shortest = (5, 6) if query.isascii() else (3, 4)
    rules = [
        (Match.NAME_EXACT, lambda: asked == name),
        (Match.NAME_PREFIX, lambda: asked in prefixes),
        (Match.NAME_INFIX, lambda: asked in parts and (len(asked) > 1 or not query.isascii())),
        (Match.NAME_WORDS, lambda: len(query.split()) > 1 and all(units(w) in parts for w in query.split())),
        (Match.FUZZY_EXACT, lambda: len(asked) >= shortest[0] and near(asked, name)),
        (Match.FUZZY_PREFIX, lambda: len(asked) >= shortest[1] and any(near(asked, p) for p in prefixes)),
        (Match.FUZZY_INFIX, lambda: len(asked) >= shortest[1] and any(near(asked, p) for p in parts)),
    ]
    return next((match for match, holds in rules if holds()), None)


def sound_match(letters: str, tokens: list[str]) -> Match | None:
    if not letters or not tokens:
        return None
    spelled = ["".join(tokens[start:]) for start in range(len(tokens))]
    heads = ["".join(token[0] for token in tokens[start:]) for start in range(len(tokens))]
    inside = len(letters) >= 3
    rules = [
        (Match.INITIALS_EXACT, heads[0] == letters),
        (Match.PINYIN_EXACT, spelled[0] == letters),
        (Match.PINYIN_PREFIX, spelled[0].startswith(letters)),
        (Match.INITIALS_PREFIX, heads[0].startswith(letters)),
        (Match.PINYIN_INFIX, inside and any(s.startswith(letters) for s in spelled)),
        (Match.INITIALS_INFIX, inside and any(h.startswith(letters) for h in heads)),
    ]
    return next((match for match, holds in rules if holds), None)


@dataclass(frozen=True)
class Asking:
    """A query and all that limits its answer."""

    query: str
    allowed: tuple[int, ...] = (1,) * SETS
    visible: tuple[int, ...] = (1,) * OWNERS
    kinds: tuple[int, ...] = (1, 1)
    removed: frozenset[int] = field(default_factory=frozenset)
    limit: int = 100
    after: tuple[float, int] | None = None

    @property
    def scope(self) -> search.SearchScope:
        return search.SearchScope(
            np.array(self.allowed, np.uint8),
            np.array(self.visible, np.uint8),
            np.arange(OWNERS, dtype=np.uint8) % 2,
            np.array(self.kinds, np.uint8),
        )

    def sees(self, entry: Entry) -> bool:
        return bool(
            self.allowed[entry.set_number] and self.visible[entry.owner] and self.kinds[entry.owner % 2]
        )


Hit = tuple[int, float, Match, NameKind, str]


def reference(entries: Sequence[Entry], asking: Asking) -> list[Hit]:
    best: dict[int, tuple[float, tuple[int, ...], Hit]] = {}
    for number, entry in enumerate(entries):
        if number in asking.removed or not asking.sees(entry):
            continue
        letters = QueryForms.of(asking.query).letters
        found = [
            m for m in (text_match(asking.query, entry), sound_match(letters, entry.tokens)) if m is not None
        ]
        if not found:
            continue
        match = max(found)
        score = match << 24 | entry.prior << 16 | 4095 - len(units(entry.text)) << 4 | 15 - entry.kind
        hit = (entry.owner, score / (1 << 28), match, NameKind(entry.kind), "".join(entry.text.split()))
        ranked = (-score, units(entry.text), hit)
        best[entry.owner] = min(best.get(entry.owner, ranked), ranked)
    hits = sorted((hit for _, _, hit in best.values()), key=lambda hit: (-hit[1], stable_id(hit[0])))
    if asking.after:
        last = (-asking.after[0], asking.after[1])
        hits = [hit for hit in hits if (-hit[1], stable_id(hit[0])) > last]
    return hits[: asking.limit]


def answer(index: search.SearchIndex, entries: Sequence[Entry], asking: Asking) -> list[Hit]:
    hits = search.search(index, QueryForms.of(asking.query), asking.scope, asking.limit, asking.after)
    return [
        (owner, score, Match(match), NameKind(kind), "".join(entries[entry].text.split()))
        for owner, score, match, kind, entry in zip(
            hits.owner.tolist(), hits.score.tolist(), hits.match, hits.kind, hits.entry.tolist(), strict=True
        )
    ]


# --- strategies ---------------------------------------------------------------------------------------------

texts = st.text(st.sampled_from([*READINGS, " "]), max_size=8)
entry_strategy = st.builds(
    Entry,
    texts,
    st.integers(0, OWNERS - 1),
    st.sampled_from([0, 1, 1, 2, 3, 4]),
    st.integers(0, SETS - 1),
    st.sampled_from([0, 0, 1, 200]),
)
alike_strategy = st.builds(
    Entry, st.text("恒瑞西", min_size=3, max_size=5), st.integers(0, 2), st.just(1), st.integers(0, 1)
)
worlds = st.lists(entry_strategy, max_size=14) | st.lists(alike_strategy, min_size=4, max_size=10)


@st.composite
def queries(draw: st.DrawFn, entries: Sequence[Entry]) -> str:
    """A part of a name, of its pinyin or initials, perhaps with an error; or anything at all."""
    entry = draw(st.sampled_from(entries)) if entries else Entry("恒瑞", 0)
    said = draw(
        st.sampled_from([entry.text, "".join(entry.tokens), "".join(t[0] for t in entry.tokens)])
        | texts
        | st.text("hengruixaytl", max_size=8)
    )
    start = draw(st.integers(0, max(0, len(said) - 1)))
    said = said[start : draw(st.integers(start + 1, len(said) + 1))]
    at = draw(st.integers(0, len(said)))
    other = draw(st.sampled_from("恒瑞西te "))
    error = draw(st.sampled_from(["none", "wrong", "missing", "extra", "swapped"]))
    changed = {
        "none": said,
        "wrong": said[:at] + other + said[at + 1 :],
        "missing": said[:at] + said[at + 1 :],
        "extra": said[:at] + other + said[at:],
        "swapped": said[:at] + said[at : at + 2][::-1] + said[at + 2 :],
    }[error]
    return changed if changed.strip() else "恒"


def masks(size: int) -> st.SearchStrategy[tuple[int, ...]]:
    """Mostly open: a mask that hides nearly everything leaves nothing to compare."""
    open_bits = st.sampled_from([1, 1, 1, 0])
    return st.just((1,) * size) | st.tuples(*[open_bits] * size)


@st.composite
def cases(draw: st.DrawFn) -> tuple[list[Entry], Asking]:
    entries = draw(worlds)
    query = draw(queries(entries))
    everything = reference(entries, Asking(query))
    cursors = [None, None, (0.3, 5), *((score, stable_id(owner)) for owner, score, *_ in everything)]
    asking = Asking(
        query,
        draw(masks(SETS)),
        draw(masks(OWNERS)),
        draw(masks(2)),
        frozenset(draw(st.sets(st.integers(0, len(entries)), max_size=2))),
        draw(st.sampled_from([1, 2, 100, 100])),
        draw(st.sampled_from(cursors)),
    )
    return entries, asking


def flags(removed: frozenset[int], size: int) -> np.ndarray:
    return np.array([number in removed for number in range(size)], np.uint8)


# --- properties ---------------------------------------------------------------------------------------------


@settings(deadline=None, max_examples=300)
@given(cases())
def test_the_answer_is_the_references(case: tuple[list[Entry], Asking]) -> None:
    entries, asking = case
    index = search.attach(search.build(columns(entries)), removed=flags(asking.removed, len(entries)))
    assert answer(index, entries, asking) == reference(entries, asking)


@settings(deadline=None, max_examples=200)
@given(cases())
def test_what_a_viewer_may_not_see_changes_nothing(case: tuple[list[Entry], Asking]) -> None:
    entries, asking = case
    masked = search.attach(search.build(columns(entries)), removed=flags(asking.removed, len(entries)))
    visible = [e for n, e in enumerate(entries) if n not in asking.removed and asking.sees(e)]
    assert answer(masked, entries, asking) == answer(
        index_of(visible), visible, replace(asking, removed=frozenset())
    )


@settings(deadline=None, max_examples=200)
@given(cases(), st.integers(0, 14), st.integers(0, 14))
def test_segments_answer_as_one_index(case: tuple[list[Entry], Asking], one: int, two: int) -> None:
    entries, asking = case
    low, high = sorted((min(one, len(entries)), min(two, len(entries))))
    parts = [
        search.build(columns(entries[begin:end]), first_entry=begin)
        for begin, end in ((0, low), (low, high), (high, len(entries)))
    ]
    index = search.attach(*parts, removed=flags(asking.removed, len(entries)))
    assert answer(index, entries, asking) == reference(entries, asking)


@settings(deadline=None, max_examples=80)
@given(worlds, st.data())
def test_pages_join_to_the_whole(entries: list[Entry], data: st.DataObject) -> None:
    query = data.draw(queries(entries))
    index = index_of(entries)
    whole = answer(index, entries, Asking(query))
    pages: list[Hit] = []
    after = None
    while page := answer(index, entries, Asking(query, limit=2, after=after)):
        pages += page
        after = (page[-1][1], stable_id(page[-1][0]))
    assert pages == whole


@settings(deadline=None, max_examples=60)
@given(worlds, st.randoms(), st.data())
def test_the_order_of_entries_does_not_matter(
    entries: list[Entry], random: st.DataObject, data: st.DataObject
) -> None:
    query = Asking(data.draw(queries(entries)))
    shuffled = list(entries)
    random.shuffle(shuffled)
    assert answer(index_of(entries), entries, query) == answer(index_of(shuffled), shuffled, query)


def test_of_names_that_score_alike_an_owner_keeps_the_first_by_text() -> None:
    names_of_one = [Entry("恒西西", 0), Entry("恒恒恒", 0), Entry("恒瑞瑞", 0)]
    for entries, cut in product(permutations(names_of_one), range(4)):
        parts = [search.build(columns(entries[:cut])), search.build(columns(entries[cut:]), first_entry=cut)]
        assert [hit[4] for hit in answer(search.attach(*parts), entries, Asking("恒"))] == ["恒恒恒"]


# --- known names --------------------------------------------------------------------------------------------

KNOWN = [
    ("江苏恒瑞医药股份有限公司", 0, NameKind.FULL, 1),
    ("恒瑞医药", 0, NameKind.SHORT, 1),
    ("600276.sh", 0, NameKind.CODE, 1),
    ("江苏豪森药业集团有限公司", 1, NameKind.FULL, 0),
    ("豪森药业", 1, NameKind.ALIAS, 0),
    ("连云港恒瑞医药商贸有限公司", 2, NameKind.FULL, 0),
    ("重庆长安汽车股份有限公司", 3, NameKind.FULL, 1),
    ("长安汽车", 3, NameKind.SHORT, 1),
    ("江陵汽车", 3, NameKind.FORMER, 1),
    ("sequoia capital china", 4, NameKind.FULL, 0),
    ("红杉中国", 4, NameKind.ALIAS, 0),
    ("tcl科技集团股份有限公司", 5, NameKind.FULL, 1),
    ("600210.sh", 5, NameKind.CODE, 1),
]


@pytest.fixture(scope="module")
def known() -> search.SearchIndex:
    spoken = [kind != NameKind.CODE for _, _, kind, _ in KNOWN]
    texts = [text for text, _, _, _ in KNOWN]
    return search.attach(
        search.build(
            search.NameEntries(
                texts,
                [names.pinyin(text) if speak else "" for text, speak in zip(texts, spoken, strict=True)],
                [names.initials(text) if speak else "" for text, speak in zip(texts, spoken, strict=True)],
                np.array([owner for _, owner, _, _ in KNOWN], np.int32),
                np.array([b"%012d" % owner for _, owner, _, _ in KNOWN], "S12"),
                np.array([kind for _, _, kind, _ in KNOWN], np.uint8),
                np.zeros(len(KNOWN), np.uint32),
                np.array([prior for _, _, _, prior in KNOWN], np.uint8),
            )
        )
    )


@pytest.mark.parametrize(
    ("query", "text", "match"),
    [
        ("江苏恒瑞医药股份有限公司", "江苏恒瑞医药股份有限公司", Match.NAME_EXACT),
        ("恒瑞医药", "恒瑞医药", Match.NAME_EXACT),
        ("江陵汽车", "江陵汽车", Match.NAME_EXACT),
        ("红杉中国", "红杉中国", Match.NAME_EXACT),
        ("600276.sh", "600276.sh", Match.CODE_EXACT),
        ("600276", "600276.sh", Match.CODE_PREFIX),
        ("6002", "600276.sh", Match.CODE_PREFIX),
        ("江苏恒瑞", "江苏恒瑞医药股份有限公司", Match.NAME_PREFIX),
        ("恒瑞医药商贸", "连云港恒瑞医药商贸有限公司", Match.NAME_INFIX),
        ("江苏 集团", "江苏豪森药业集团有限公司", Match.NAME_WORDS),
        ("sequoia china", "sequoia capital china", Match.NAME_WORDS),
        ("sequoia capital", "sequoia capital china", Match.NAME_PREFIX),
        ("hengruiyiyao", "恒瑞医药", Match.PINYIN_EXACT),
        ("hengrui", "恒瑞医药", Match.PINYIN_PREFIX),
        ("henru", None, None),
        ("hengruiy", "恒瑞医药", Match.PINYIN_PREFIX),
        ("changanqiche", "长安汽车", Match.PINYIN_EXACT),
        ("haosenyaoye", "豪森药业", Match.PINYIN_EXACT),
        ("lianyungang", "连云港恒瑞医药商贸有限公司", Match.PINYIN_PREFIX),
        ("yiyaoshangmao", "连云港恒瑞医药商贸有限公司", Match.PINYIN_INFIX),
        ("hryy", "恒瑞医药", Match.INITIALS_EXACT),
        ("jshr", "江苏恒瑞医药股份有限公司", Match.INITIALS_PREFIX),
        ("yysm", "连云港恒瑞医药商贸有限公司", Match.INITIALS_INFIX),
        ("tclkj", "tcl科技集团股份有限公司", Match.INITIALS_PREFIX),
        ("tclkeji", "tcl科技集团股份有限公司", Match.PINYIN_PREFIX),
        ("scc", "sequoia capital china", Match.INITIALS_EXACT),
        ("恒端医药", "恒瑞医药", Match.FUZZY_EXACT),
        ("恒医药", "恒瑞医药", Match.FUZZY_EXACT),
        ("恒瑞瑞医药", "恒瑞医药", Match.FUZZY_EXACT),
        ("瑞恒医药", "恒瑞医药", Match.FUZZY_EXACT),
        ("江苏恒端医药", "江苏恒瑞医药股份有限公司", Match.FUZZY_PREFIX),
        ("恒端医药商贸", "连云港恒瑞医药商贸有限公司", Match.FUZZY_INFIX),
        ("豪森药叶集团", "江苏豪森药业集团有限公司", Match.FUZZY_INFIX),
        ("seqouia capital", "sequoia capital china", Match.FUZZY_PREFIX),
        ("600277", None, None),
    ],
)
def test_known_queries(known: search.SearchIndex, query: str, text: str | None, match: Match | None) -> None:
    hits = search.search(known, QueryForms.of(query), EVERYONE)
    if text is None:
        assert hits.owner.size == 0
        return
    assert (KNOWN[hits.entry[0]][0], Match(hits.match[0])) == (text, match)
    assert NameKind(hits.kind[0]) == KNOWN[hits.entry[0]][2]


def test_an_owner_is_found_once_by_its_best_name(known: search.SearchIndex) -> None:
    hits = search.search(known, QueryForms.of("恒瑞"), EVERYONE)
    assert hits.owner.tolist() == [0, 2]
    assert [KNOWN[entry][0] for entry in hits.entry] == ["恒瑞医药", "连云港恒瑞医药商贸有限公司"]
    assert np.all(np.diff(hits.score) < 0)


def test_a_listed_company_comes_first_within_its_tier(known: search.SearchIndex) -> None:
    hits = search.search(known, QueryForms.of("有限公司"), EVERYONE)
    assert hits.owner.tolist() == [0, 3, 5, 1, 2]


def test_a_byte_cursor_resumes_behind_its_hit(known: search.SearchIndex) -> None:
    first = search.search(known, QueryForms.of("有限公司"), EVERYONE, limit=2)
    after = (float(first.score[-1]), b"%012d" % first.owner[-1])
    rest = search.search(known, QueryForms.of("有限公司"), EVERYONE, after=after)
    assert first.owner.tolist() + rest.owner.tolist() == [0, 3, 5, 1, 2]


def test_mapped_arrays_answer_as_those_in_memory(tmp_path: Path) -> None:
    entries = [Entry("恒瑞西安", 0), Entry("恒安", 1, NameKind.SHORT), Entry("6002.sh", 1, NameKind.CODE)]
    for name, array in search.build(columns(entries)).items():
        np.save(tmp_path / name, array)
    mapped = search.attach({path.stem: np.load(path, mmap_mode="r") for path in tmp_path.glob("*.npy")})
    for query in ("恒", "安", "hengan", "ha", "恒端西安", "6002"):
        assert answer(mapped, entries, Asking(query)) == reference(entries, Asking(query)) != []


def test_every_reading_of_the_names_module_is_a_token() -> None:
    readings = set(names._readings().values())
    spelled = {*search_arrays.SYLLABLES, *search_arrays.LETTERS}
    assert readings <= spelled


@pytest.mark.parametrize(
    ("pinyin", "initials", "tokens"),
    [
        ("xian", "x", ["xian"]),
        ("xian", "xa", ["xi", "an"]),
        ("fangan", "fa", ["fang", "an"]),
        ("fangan", "fg", ["fan", "gan"]),
        ("xianggang", "xg", ["xiang", "gang"]),
        ("tclkeji", "tclkj", ["t", "c", "l", "ke", "ji"]),
        ("sequoiacapital", "sc", ["s", "c"]),
        ("", "", []),
    ],
)
def test_pinyin_is_cut_by_its_initials(pinyin: str, initials: str, tokens: list[str]) -> None:
    trie = search_arrays.make_trie()
    cut, start = search_arrays.cut_sounds(
        tuple(trie),
        tuple(search._spoken([pinyin] * 2)),
        tuple(search._spoken([initials] * 2)),
        np.array([1, 0]),
    )
    spelled = ["".join(search_arrays.LETTERS[c - 1] for c in trie.letters[code] if c) for code in cut]
    assert spelled == tokens * 2
    assert start.tolist() == [0, len(tokens), 2 * len(tokens)]


def test_constants_that_numba_freezes_agree() -> None:
    assert search_scan.START == search_arrays.START
    assert search_scan.END == search_arrays.END
    assert search_scan.LONGEST_TOKEN == search_arrays.LONGEST_TOKEN
    assert search_scan.INITIAL_CODES == search_arrays.INITIAL_CODES


def test_every_tier_has_a_subject_and_a_place() -> None:
    assert len(search_scan._SUBJECT) == len(search_scan._PLACE) == len(Match)
    words = {"EXACT": search_scan.WHOLE, "PREFIX": search_scan.BEGINNING}
    for match in Match:
        subject, _, place = match.name.partition("_")
        assert search_scan._PLACE[match] == words.get(place, search_scan.ANYWHERE)
        expected = "WORDS" if match is Match.NAME_WORDS else subject
        assert search_scan._SUBJECT[match] == getattr(search_scan, expected)


# --- worst cases --------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def alike() -> tuple[search.SearchIndex, list[Entry]]:
    entries = [
        Entry(
            f"{'恒瑞西安先言'[n % 6]}{'恒瑞西安先言'[n // 6 % 6]}{'瑞' * (n % 9)}西安",
            n % OWNERS,
            set_number=n % SETS,
        )
        for n in range(20_000)
    ]
    return index_of(entries), entries


@pytest.mark.parametrize(
    "query", ["西安", "安", "恒", "瑞瑞", "xa", "xian", "x", "西安" * 30, "a" * 60, "瑞瑞 西安", "恒恒恒恒"]
)
def test_common_queries_stay_exact(alike: tuple[search.SearchIndex, list[Entry]], query: str) -> None:
    index, entries = alike
    asking = Asking(query, allowed=(0, 0, 1, 0))
    unlike = list(dict.fromkeys(e for e in entries if asking.sees(e)))
    assert [hit[:4] for hit in answer(index, entries, asking)] == [
        hit[:4] for hit in reference(unlike, asking)
    ]


# --- refusals -----------------------------------------------------------------------------------------------


@pytest.mark.parametrize("query", ["", "  ", "\0", "恒" * 257])
def test_a_query_must_have_characters_but_not_too_many(known: search.SearchIndex, query: str) -> None:
    with pytest.raises(ValueError, match="give at"):
        search.search(known, QueryForms.of(query), EVERYONE)


def test_a_limit_below_one_is_refused(known: search.SearchIndex) -> None:
    with pytest.raises(ValueError, match="limit 0"):
        search.search(known, QueryForms.of("恒"), EVERYONE, limit=0)


def test_kinds_without_owner_kinds_are_refused(known: search.SearchIndex) -> None:
    with pytest.raises(ValueError, match="both or neither"):
        search.search(known, QueryForms.of("恒"), replace(EVERYONE, kinds=np.ones(2, np.uint8)))


@pytest.mark.parametrize("name", ["allowed", "owner_visible", "owner_kind"])
def test_a_mask_shorter_than_the_index_is_refused(name: str) -> None:
    index = index_of([Entry("恒瑞", 3, set_number=2)])
    masks = {"allowed": 3, "owner_visible": 4, "owner_kind": 4, "kinds": 1} | {name: 2}
    scope = search.SearchScope(**{mask: np.ones(size, np.uint8) for mask, size in masks.items()})
    with pytest.raises(ValueError, match=f"`{name}` has 2 values"):
        search.search(index, QueryForms.of("恒"), scope)


def test_warming_up_leaves_every_kernel_ready() -> None:
    search.warm_up()
    assert search_scan.scan.signatures
    assert search_arrays.make_grams.signatures


def test_arrays_of_another_format_are_refused() -> None:
    arrays = search.build(columns([Entry("恒瑞", 0)]))
    arrays["header"] = arrays["header"] + np.array([1, 0, 0], np.uint32)
    with pytest.raises(ValueError, match="rebuild"):
        search.attach(arrays)


def test_columns_must_fit_together() -> None:
    good = columns([Entry("恒瑞", 0), Entry("西安", 1)])
    with pytest.raises(ValueError, match="differ in length"):
        replace(good, text=["恒瑞"])
    with pytest.raises(ValueError, match="kind 16"):
        replace(good, kind=np.array([1, 16], np.uint8))
    with pytest.raises(ValueError, match="negative"):
        replace(good, owner=np.array([0, -1], np.int32))
    with pytest.raises(TypeError, match="S12"):
        search.build(replace(good, stable_id=np.array(["a", "b"])))


def test_marks_that_are_no_part_of_a_name_are_dropped() -> None:
    entries = [Entry("恒\0瑞\uffff", 0), Entry("西 安", 1)]
    index = index_of(entries)
    assert search.search(index, QueryForms.of("恒瑞"), EVERYONE).match.tolist() == [Match.NAME_EXACT]
    assert search.search(index, QueryForms.of("西安"), EVERYONE).match.tolist() == [Match.NAME_EXACT]
