"""A text read whole: mentions with values and links, events, relations and sentiment, in one pass of the shared models.

    reader = Reader(view)            # without a view nothing is linked
    for reading in reader.pipe([Text("…", dt.date(2026, 3, 5)), …]): …

Rules and models read side by side; where both tell one event, it is one, the surer of the two.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Final

from graph.view import View
from nlp import coreference, event_rules, relation_rules
from nlp.capitals import without_terms
from nlp.dates import dates
from nlp.embedding import hash_of
from nlp.event_models import model_events, most_special, negative_events
from nlp.event_title import with_title
from nlp.event_union import union
from nlp.found import Event, Mention, MentionKind, Reading, Relation, Sentiment
from nlp.language import is_chinese
from nlp.linking import Linker
from nlp.mention_edges import edged
from nlp.named_things import named_things
from nlp.quantities import quantities
from nlp.relation_models import model_relations
from nlp.shared import NAME, Found, SharedReader
from nlp.tagger import MODELS
from nlp.toward import Place, sentiments

LIVE: Final = ("cluener", "fewfc_argument", "news_sentiment")
"""What a stream of news is read for: entities, events, sentiment."""

FULL: Final = (*LIVE, "finner", "finese", "finre")
"""All that there is: also industries and products, negative events with their subject, relations by the model."""

BATCH: Final = 64

PARTS: Final = 128
"""Parts of a text that are judged at a time: the states of all of a long text's do not fit into memory."""

LEAST: Final = 0.3
"""Events that are less sure are left out: so much is the rules' precision still worth a reader's time."""
_NO_NEWS: Final = frozenset({"denied", "standing"})
"""What did not happen, and states that go on, are no events."""

DATA: Final = Path(__file__).parent / "data"

_SENTIMENT: Final = "news_sentiment"
_GOOD: Final = "1"
_GOOD_HEADLINES: Final = 0.775
"""Share of good news among the headlines that the model learnt from; of what is told of two companies it is a half."""

_KINDS: Final[dict[str, MentionKind]] = {
    "company": "company",
    "name": "person",
    "position": "office",
    "government": "government",
    "organization": "organisation",
    "address": "place",
    "scene": "place",
    "book": "product",
    "game": "product",
    "movie": "product",
    "公司": "company",
    "人物": "person",
    "头衔/职务": "office",
    "政府机构": "government",
    "其他机构": "organisation",
    "国家/地区": "place",
    "地址": "place",
    "产品": "product",
    "行业/领域": "industry",
}
"""The kind of mention that a label of the models means; labels that are none (会议, 政策) are left out."""


@cache
def reader_version() -> str:
    """A hash of the models and of the rules' data: equal where equal texts read alike."""
    return hash_of(sorted([*(MODELS / NAME).iterdir(), *(MODELS / "vectors").iterdir(), *DATA.iterdir()]))


@dataclass(frozen=True, slots=True)
class Text:
    """A text to read, and the day it was published, which words such as 昨日 count from."""

    text: str
    published: dt.date | None = None


class Reader:
    """The models and rules together, on what a View shows.

    Raises:
        NotFound, DataError: A model that does not ship, or cannot be read.
    """

    def __init__(self, view: View | None = None, heads: Sequence[str] = LIVE, threads: int = 1) -> None:
        self._models = SharedReader(heads, threads=threads)
        self.linker = None if view is None else Linker(view)

    def read(self, texts: Sequence[Text]) -> list[Reading]:
        """What each text tells, in their order."""
        found = self._models.read(
            [text.text for text in texts], keep=_SENTIMENT in self._models.heads, choose=most_special
        )
        return [self._reading(text, one) for text, one in zip(texts, found, strict=True)]

    def pipe(self, texts: Iterable[Text], size: int = BATCH) -> Iterator[Reading]:
        """The same of a stream, `size` texts at a time."""
        stream = iter(texts)
        while batch := list(islice(stream, size)):
            yield from self.read(batch)

    def _reading(self, text: Text, found: Found) -> Reading:
        mentions = self._mentions(text, found)
        told = self._events(text, mentions, found)
        score = _sentiment(found)
        return Reading(
            text=text.text,
            published=text.published,
            mentions=tuple(mentions),
            relations=tuple(self._relations(text.text, mentions, found)),
            events=tuple(event for event in told if event.detail not in _NO_NEWS),
            sentiment=score,
            toward={} if score is None else self._toward(found, mentions, told, score.score),
        )

    def _mentions(self, text: Text, found: Found) -> list[Mention]:
        seen = ("cluener", "finner") if is_chinese(text.text) else ()
        named = _without_overlaps([m for name in seen for one in _entities(found, name) for m in edged(one)])
        if self.linker is not None:
            named = self.linker.link(text.text, named, text.published)
        named = without_terms(text.text, named)
        values = [*quantities(text.text), *dates(text.text, text.published), *named_things(text.text)]
        return coreference.resolve(text.text, _without_overlaps([*named, *values]))

    @staticmethod
    def _events(text: Text, mentions: Sequence[Mention], found: Found) -> list[Event]:
        told = event_rules.events(text.text, mentions, text.published)
        found_by_models = [*model_events(found, mentions), *negative_events(found, mentions)]
        every = with_title(text.text, union([*told, *found_by_models], mentions), mentions)
        return [event for event in every if event.confidence >= LEAST]

    def _relations(self, text: str, mentions: Sequence[Mention], found: Found) -> list[Relation]:
        told = list(relation_rules.relations(text, mentions))
        if "finre" in self._models.heads:
            told += model_relations(self._models, found, mentions, told)
        return told

    def _toward(
        self, found: Found, mentions: Sequence[Mention], events: Sequence[Event], whole: float
    ) -> dict[int, Sentiment]:
        def scores(parts: Sequence[Sequence[Place]]) -> list[float]:
            return [
                _even(_score(one))
                for some in _few_at_a_time(parts)
                for one in self._models.labels_of_parts(_SENTIMENT, found, some)
            ]

        return sentiments(found.text, mentions, events, whole, scores)


def _entities(found: Found, head: str) -> Iterator[Mention]:
    for span in found.spans.get(head, ()):
        if kind := _KINDS.get(span.label):
            yield Mention(
                span.start, span.end, found.text[span.start : span.end], kind, confidence=span.confidence
            )


def _without_overlaps(mentions: Sequence[Mention]) -> list[Mention]:
    """In order of place; of two that overlap the one given first stays."""
    taken: list[Mention] = []
    ends: set[int] = set()
    for mention in mentions:
        places = range(mention.start, mention.end)
        if ends.isdisjoint(places):
            taken.append(mention)
            ends.update(places)
    return sorted(taken, key=lambda m: (m.start, m.end))


def _few_at_a_time(parts: Sequence[Sequence[Place]]) -> Iterator[Sequence[Sequence[Place]]]:
    for first in range(0, len(parts), PARTS):
        yield parts[first : first + PARTS]


def _sentiment(found: Found) -> Sentiment | None:
    labels = found.labels.get(_SENTIMENT) if is_chinese(found.text) else None
    return Sentiment(_score(labels), max(labels.values())) if labels else None


def _score(labels: Mapping[str, float]) -> float:
    """From -1 to 1."""
    return round(2 * labels[_GOOD] - 1, 4) if labels else 0.0


def _even(score: float) -> float:
    """The score of a part of a text, which is as likely bad as good (Saerens, Latinne and Decaestecker 2002)."""
    good = (1 + score) / 2 * (1 - _GOOD_HEADLINES)
    bad = (1 - score) / 2 * _GOOD_HEADLINES
    return round((good - bad) / (good + bad), 4)
