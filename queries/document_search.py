"""搜文档: documents by the words of a query and by its meaning, joined; each hit with the passage that answers.

score = (1 - m) · words + m · meaning, with m = `MEANING_WEIGHT`. `words` is BM25 over character bigrams and words, as a
share of the most that the query's words could give; its statistics are of the documents that the viewer may see,
published by the day. `meaning` is the cosine of the query with the likest passage, (cosine - zero) / (1 - zero), where
zero is what the query has with unrelated sentences.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Annotated, ClassVar, Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from graph.algorithms.words import WordIndex, terms_of
from graph.columns import day_number
from graph.errors import InvalidInput
from graph.schema import PARTIES
from graph.view import View
from graph.view_types import RecordRef
from queries.models import Answer, Cursor, Day, EntityId, Party, PartyLine
from queries.paging import Page, Position
from queries.statements import newest_first, of_units, party, refs, who
from queries.text_library import Library, Passage, Passages, passages, passages_of

MEANING_WEIGHT: Final = 0.1
"""Of meaning in the joined score; chosen on one half of the pairs of docs/search.md and measured on the other."""

MEANING_FLOOR: Final = 0.5
"""Without any of the query's words a document is a hit from this likeness on."""

LONGEST_QUERY: Final = 200
MOST_LINKED: Final = 20
SNIPPET: Final = 160
"""Characters of a snippet."""

_BEFORE: Final = 20
"""Characters of a snippet before its first highlight."""

_EVENT: Final = "Event"
_LINKS: Final = (("MENTIONS", "out"), ("ABOUT", "out"), ("PARTY_TO", "in"))
"""Facts that link a document to a party, seen from the document."""

By = Literal["both", "words", "meaning"]
_WEIGHTS: Final[dict[By, float]] = {"both": MEANING_WEIGHT, "words": 0.0, "meaning": 1.0}


def by_of(text: str) -> By:
    """What to search by, as somebody typed it. Raises InvalidInput."""
    for by in _WEIGHTS:
        if text == by:
            return by
    raise InvalidInput(
        "by", f"by 应为 both、words 或 meaning / should be both, words or meaning, not {text!r}"
    )


Span = Annotated[tuple[int, int], Field(description="Offset of the first character, offset behind the last.")]


@dataclass(frozen=True)
class Wanted:
    """Which documents: `entity` (id, code or name) is linked to it; published from one day to another, inclusive."""

    entity: str | None = None
    kinds: tuple[str, ...] = ()
    since: dt.date | None = None
    until: dt.date | None = None
    by: By = "both"
    stories: bool = False
    """One document of each story alone: of those that are nearly the same, the one that answers best."""


class Snippet(Answer):
    """A part of a document's text."""

    text: str
    start: int = Field(description="Offset of its first character in the document's text.")
    end: int = Field(description="Offset behind its last character in the document's text.")
    highlights: list[Span] = Field(
        description="Where the query's words stand, as offsets within the snippet."
    )


@dataclass(slots=True, kw_only=True)
class LinkedParty(PartyLine):
    """Whom or what a document is about or names; `relations` are the edge types that say so."""

    relations: list[str]


@dataclass(slots=True, kw_only=True)
class LinkedEvent(PartyLine):
    """An event that a document tells: what, when, and of whom, as far as the viewer may see it."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    date: Day
    subjects: Annotated[list[Party], Field(description="In order of name, then of id.")]


class DocumentHit(Answer):
    """A document that answers, and why."""

    id: EntityId
    title: str
    title_highlights: list[Span]
    kind: str | None = Field(description="news, announcement, report, filing …; null where unknown.")
    published: Day
    publisher: str | None
    score: float = Field(description="The joined score; hits are in descending order of it, then by id.")
    words: float = Field(description="BM25 as a share of the most that the query's words could give.")
    meaning: float = Field(
        description="Likeness of the likest passage: 0 as for unrelated texts, 1 for the same."
    )
    snippet: Snippet | None = Field(description="The passage that answers best; null without a text.")
    parties: list[LinkedParty] = Field(description="Companies and persons, in order of name, then of id.")
    parties_total: int
    topics: list[LinkedParty] = Field(description="Industries, concepts and products, in the same order.")
    topics_total: int
    events: list[LinkedEvent] = Field(description="Events that it tells, the newest first, then by id.")
    events_total: int
    records: list[RecordRef]


class DocumentSearch(Answer):
    """A page of documents, the best first."""

    query: str
    as_of: dt.date | None
    known_at: dt.date | None
    documents: list[DocumentHit]
    total: int = Field(description="How many documents answer.")
    next: Cursor


def search_documents(
    view: View, query: str, library: Library, wanted: Wanted | None = None, *, page: Page | None = None
) -> DocumentSearch:
    """Find documents by what they say.

    Args:
        view: What the asker may see, on the day asked for; documents published later are not there.
        query: Words, or a sentence.
        library: Vectors and words of texts.
        wanted: Which documents.
        page: How many, and behind which cursor.

    Raises:
        InvalidInput: The query is empty or too long, the days are the wrong way round, or the cursor is not valid.
        NotFound: No such entity, or none that may be seen.
        Ambiguous: Several things have its name.
    """
    page, wanted = page or Page(limit=20), wanted or Wanted()
    text = _checked(query, wanted)
    found = documents(view, library)
    asked = Asked(found, text, library, wanted.by)
    ranking = _Ranking(view, found, asked.score)
    chosen = np.flatnonzero(_chosen(view, found, wanted) & asked.hits)
    if wanted.stories:
        chosen = ranking.best_of_each(chosen)
    question = ("documents", text, *map(str, (wanted.entity, *sorted(set(wanted.kinds)), wanted.since)),
                *map(str, (wanted.until, wanted.by, wanted.stories)))  # fmt: skip
    shown, following = ranking.page(chosen, page, question)
    return DocumentSearch(
        query=text,
        as_of=view.as_of,
        known_at=view.known_at,
        documents=_hits(view, found, asked, shown),
        total=len(chosen),
        next=following,
    )


def _checked(query: str, wanted: Wanted) -> str:
    text = query.strip()
    if not text:
        raise InvalidInput("q", "查询不能为空 / the query must not be empty")
    if len(text) > LONGEST_QUERY:
        raise InvalidInput(
            "q", f"查询最长 {LONGEST_QUERY} 字 / a query has at most {LONGEST_QUERY} characters"
        )
    if wanted.since and wanted.until and wanted.since > wanted.until:
        raise InvalidInput("from", f"from {wanted.since} 晚于 to {wanted.until} / from is later than to")
    return text


# --- The documents that a viewer has -------------------------------------------------------------------------------


@dataclass(frozen=True)
class Documents:
    """The visible documents published by the day, `rows`; document `i` has text number `which[i]`."""

    rows: NDArray[np.int64]
    published: NDArray[np.int64]
    which: NDArray[np.int64]
    texts: list[tuple[str, str]]
    """Title and text, each pair once."""
    numbers: NDArray[np.int64]
    """Where each of them is in the index of words."""
    index: WordIndex
    weights: NDArray[np.int64]
    """How many of the documents have each text of the index."""
    passages: Passages
    shared: tuple[NDArray[np.int64], NDArray[np.int64]]
    """Documents and the keys that they share with what is nearly the same."""

    @cached_property
    def stories(self) -> NDArray[np.int64]:
        """The number of each document's story: the same text, or keys shared, however far around."""
        count = len(self.rows)
        owners = np.concatenate([np.arange(count), self.shared[0]])
        keys = np.concatenate([self.which, len(self.texts) + self.shared[1]]) + count
        size = int(keys.max(initial=count)) + 1
        joined = coo_array((np.ones(len(keys), np.int8), (owners, keys)), shape=(size, size))
        _, labels = connected_components(joined, directed=False)
        found: NDArray[np.int64] = labels[:count].astype(np.int64)
        return found


def documents(view: View, library: Library) -> Documents:
    """The documents that a viewer has on a day, made once for all who see the same; new texts are read."""
    return view.foundation(("documents", library), lambda: _documents(view, library))


def _documents(view: View, library: Library) -> Documents:
    titles, bodies = (_by_row(view, name) for name in ("name", "text"))
    days = dict(zip(*(column.tolist() for column in view.column("Document", "published")), strict=True))
    last = day_number(view.as_of)
    rows = [
        row
        for row in view.rows("Document").tolist()
        if (row in titles or row in bodies) and days.get(row, last) <= last
    ]
    places: dict[tuple[str, str], int] = {}
    which = [places.setdefault((titles.get(row, ""), bodies.get(row, "")), len(places)) for row in rows]
    index, numbers = library.words([f"{title}\n{text}" for title, text in places])
    weights = np.bincount(numbers[which] if which else numbers, minlength=len(index)).astype(np.int64)
    return Documents(
        rows=np.array(rows, np.int64),
        published=np.array([days.get(row, np.iinfo(np.int64).min) for row in rows], np.int64),
        which=np.array(which, np.int64),
        texts=list(places),
        numbers=numbers,
        index=index,
        weights=weights,
        passages=passages_of(library, list(places)),
        shared=_shared(view, rows),
    )


def _by_row(view: View, name: str) -> dict[int, str]:
    found = view.property_texts("Document", name)
    return {
        row: found.texts[which]
        for row, which in zip(found.rows.tolist(), found.which.tolist(), strict=True)
        if found.texts[which].strip()
    }


def _shared(view: View, rows: Sequence[int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    """Which documents have which keys in common with what is nearly the same."""
    keys: dict[str, int] = {}
    stating = set(view.stating("Document", "alike").tolist())
    pairs = [
        (place, keys.setdefault(key, len(keys)))
        for place, row in enumerate(rows)
        if row in stating
        for key in view.value(row, "alike") or ()
    ]
    found = np.array(pairs, np.int64).reshape(-1, 2)
    return found[:, 0], found[:, 1]


# --- Scores --------------------------------------------------------------------------------------------------------


class Asked:
    """A query beside all documents of a viewer: scores by document."""

    def __init__(self, found: Documents, query: str, library: Library, by: By) -> None:
        self.keys = np.unique(terms_of([query]).key)
        words = found.index.scores(self.keys.tolist(), found.weights)[found.numbers]
        if by == "words" or not found.texts:
            meaning, self.nearest = np.zeros(len(words)), np.zeros(len(words), np.int64)
        else:
            vector = library.vector(query)
            cosine, self.nearest = found.passages.best(vector)
            meaning = library.contrast(vector, cosine)
        weight = _WEIGHTS[by]
        score = (1 - weight) * words + weight * meaning
        hits = (words > 0) & (by != "meaning") | (meaning >= MEANING_FLOOR)
        self.words, self.meaning, self.score = (each[found.which] for each in (words, meaning, score))
        self.hits = hits[found.which]


def _chosen(view: View, found: Documents, wanted: Wanted) -> NDArray[np.bool_]:
    """Which documents the filters leave."""
    chosen = np.ones(len(found.rows), np.bool_)
    if wanted.since is not None:
        chosen &= found.published >= day_number(wanted.since)
    if wanted.until is not None:
        chosen &= (found.published <= day_number(wanted.until)) & (found.published != np.iinfo(np.int64).min)
    if wanted.kinds:
        kinds = view.property_texts("Document", "kind")
        good = [place for place, kind in enumerate(kinds.texts) if kind in wanted.kinds]
        chosen &= np.isin(found.rows, kinds.rows[np.isin(kinds.which, good)])
    if wanted.entity is not None:
        chosen &= np.isin(found.rows, _linked(view, view.resolve(wanted.entity)))
    return chosen


def _linked(view: View, row: int) -> NDArray[np.int64]:
    """What is linked to an entity as documents are."""
    runs = (view.run(row, kind, "in" if direction == "out" else "out") for kind, direction in _LINKS)
    return np.concatenate([np.zeros(0, np.int64), *(run.other for run in runs if run is not None)])


@dataclass(frozen=True)
class _Ranking:
    """Documents by descending score, then by id; the places are those in `found`."""

    view: View
    found: Documents
    score: NDArray[np.float64]

    def ordered(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """Places as they are listed."""
        ids = self.view.id_keys()[self.found.rows[places]]
        return places[np.lexsort((ids, -self.score[places]))]

    def best_of_each(self, places: NDArray[np.int64]) -> NDArray[np.int64]:
        """The best of each story."""
        ordered = self.ordered(places)
        _, first = np.unique(self.found.stories[ordered], return_index=True)
        return ordered[first]

    def page(
        self, places: NDArray[np.int64], page: Page, question: Sequence[str]
    ) -> tuple[list[int], str | None]:
        """The places of one page, and the cursor of the page behind it."""
        after = page.after(*question)
        if after is not None:
            places = self._behind(places, after)
        if len(places) > page.limit:
            least = -np.partition(-self.score[places], page.limit)[page.limit]
            places = places[self.score[places] >= least]
        shown: list[int] = self.ordered(places)[: page.limit].tolist()
        more = len(places) > page.limit
        return shown, page.next(self._position(shown[-1]), *question) if more else None

    def _position(self, place: int) -> Position:
        return -self.score.item(place), self.view.id(self.found.rows.item(place))

    def _behind(self, places: NDArray[np.int64], after: Position) -> NDArray[np.int64]:
        value = float(after[0] or 0)
        same = places[-self.score[places] == value]
        later = [place for place in same.tolist() if self._position(place) > after]
        return np.concatenate([places[-self.score[places] > value], np.array(later, np.int64)])


# --- What is shown of a hit ----------------------------------------------------------------------------------------


Spans = list[tuple[int, int, int]]
"""Where words stand in a text, in order: start, end, word."""


def _hits(view: View, found: Documents, asked: Asked, shown: Sequence[int]) -> list[DocumentHit]:
    texts = [found.texts[found.which.item(place)] for place in shown]
    spans = _spans([part for text in texts for part in text], asked.keys)
    marked = zip(shown, spans[::2], spans[1::2], strict=True)
    return [_hit(view, found, asked, place, (title, text)) for place, title, text in marked]


def _hit(view: View, found: Documents, asked: Asked, place: int, spans: tuple[Spans, Spans]) -> DocumentHit:
    """A hit; `spans` are where the query's words stand in its title and in its text."""
    row, which = found.rows.item(place), found.which.item(place)
    title, text = found.texts[which]
    linked, events = _linked_to(view, row), _events(view, row)
    parties = [line for line in linked if line.kind in PARTIES]
    topics = [line for line in linked if line.kind not in PARTIES]
    return DocumentHit(
        id=view.id(row),
        title=title or view.id(row),
        title_highlights=_joined(spans[0]),
        kind=view.value(row, "kind"),
        published=view.value(row, "published"),
        publisher=view.value(row, "publisher"),
        score=asked.score.item(place),
        words=asked.words.item(place),
        meaning=asked.meaning.item(place),
        snippet=_snippet(text, spans[1], asked.nearest.item(which)) if text else None,
        parties=parties[:MOST_LINKED],
        parties_total=len(parties),
        topics=topics[:MOST_LINKED],
        topics_total=len(topics),
        events=[_event(view, event) for event in events[:MOST_LINKED]],
        events_total=len(events),
        records=refs(of_units(view, row)),
    )


def _linked_to(view: View, row: int) -> list[LinkedParty]:
    """Whom and what a document is about or names, but for events, in order of name, then of id."""
    relations: dict[int, dict[str, list[RecordRef]]] = {}
    for kind, direction in _LINKS:
        for fact in view.facts(row, kind, direction):
            if view.kind(fact.other) == _EVENT:
                continue
            relations.setdefault(fact.other, {}).setdefault(kind, []).extend(fact.records)
    lines = [
        LinkedParty(
            **who(view, other),
            relations=list(by_kind),
            records=refs(record for records in by_kind.values() for record in records),
        )
        for other, by_kind in relations.items()
    ]
    return sorted(lines, key=lambda line: (line.name, line.id))


def _events(view: View, row: int) -> list[int]:
    """The events that a document tells, the newest first, then by id."""
    rows = {fact.other for fact in view.facts(row, "ABOUT", "out") if view.kind(fact.other) == _EVENT}
    return sorted(rows, key=lambda event: newest_first(view.value(event, "date"), view.id(event)))


def _event(view: View, row: int) -> LinkedEvent:
    facts = view.facts(row, "PARTY_TO", "in")
    subjects = {fact.other for fact in facts if fact.props.get("role") == "subjects"}
    parties = [party(view, one) for one in subjects]
    return LinkedEvent(
        **who(view, row),
        date=view.value(row, "date"),
        subjects=sorted(parties, key=lambda one: (one.name, one.id)),
        records=refs(of_units(view, row)),
    )


def _spans(texts: Sequence[str], keys: NDArray[np.uint64]) -> list[Spans]:
    """Where words stand in texts."""
    found = terms_of(texts)
    there = np.flatnonzero(np.isin(found.key, keys))
    spans: list[Spans] = [[] for _ in texts]
    columns = (found.text[there], found.start[there], found.end[there], found.key[there])
    for text, start, end, key in sorted(zip(*(column.tolist() for column in columns), strict=True)):
        spans[text].append((start, end, key))
    return spans


def _joined(spans: Iterable[tuple[int, int, int]]) -> list[Span]:
    """Spans in order, those that touch made one."""
    joined: list[Span] = []
    for start, end, _ in spans:
        if joined and start <= joined[-1][1]:
            joined[-1] = (joined[-1][0], max(end, joined[-1][1]))
        else:
            joined.append((start, end))
    return joined


def _snippet(text: str, spans: Spans, nearest: int) -> Snippet:
    """From the passage with most of the words, of equals the nearest in meaning, as far as a snippet goes."""
    parts = passages(text)

    def worth(number: int) -> tuple[int, bool, int]:
        part = parts[number]
        return _distinct(spans, part), number == nearest, -number

    part = parts[max(range(len(parts)), key=worth)]
    starts = [max(start - _BEFORE, part.start) for start, _, _ in spans if part.start <= start < part.end]
    best = max(
        starts,
        key=lambda start: (_distinct(spans, Passage(start, start + SNIPPET)), -start),
        default=part.start,
    )
    end = min(best + SNIPPET, part.end)
    inside = _joined(span for span in spans if best <= span[0] and span[1] <= end)
    return Snippet(
        text=text[best:end],
        start=best,
        end=end,
        highlights=[(start - best, stop - best) for start, stop in inside],
    )


def _distinct(spans: Iterable[tuple[int, int, int]], part: Passage) -> int:
    """How many different words a part of a text has."""
    return len({key for start, end, key in spans if part.start <= start and end <= part.end})
