"""The models as components of a spaCy pipeline: `Doc.ents`, `Doc.spans`, `Doc.cats`, in batches with `nlp.pipe`."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from itertools import islice

import spacy
from spacy.language import Language
from spacy.tokens import Doc
from spacy.tokens import Span as DocSpan
from spacy.util import filter_spans, registry
from spacy.vocab import Vocab

from nlp.datasets import Span
from nlp.tagger import Classifier, Tagger

BATCH = 64


class CharacterTokenizer:
    """One token a character, spaces and control characters included: `doc.text` is the text, offset for offset.

    spaCy's own Chinese tokenizer drops spaces. A lone surrogate, which no text file can hold and spaCy cannot
    store, becomes U+FFFD in its place.
    """

    def __init__(self, vocab: Vocab) -> None:
        self.vocab = vocab

    def __call__(self, text: str) -> Doc:
        """The document of a text."""
        words = ["\ufffd" if "\ud800" <= character <= "\udfff" else character for character in text]
        return Doc(self.vocab, words=words, spaces=[False] * len(words))

    def to_bytes(self, **_: object) -> bytes:
        """Nothing to keep: a tokenizer has no state."""
        return b""

    def from_bytes(self, _: bytes, **__: object) -> CharacterTokenizer:
        """As `to_bytes`."""
        return self

    def to_disk(self, *_: object, **__: object) -> None:
        """As `to_bytes`."""

    def from_disk(self, *_: object, **__: object) -> CharacterTokenizer:
        """As `to_bytes`."""
        return self


@registry.tokenizers("guanxi.CharacterTokenizer.v1")
def make_tokenizer() -> Callable[[Language], CharacterTokenizer]:
    """What a spaCy configuration names as `@tokenizers`."""

    def of(language: Language) -> CharacterTokenizer:
        return CharacterTokenizer(language.vocab)

    return of


def doc_spans(doc: Doc, spans: Iterable[Span]) -> list[DocSpan]:
    """Spans of characters as spans of tokens; where tokens are wider, whole tokens, the longest first."""
    made = [doc.char_span(s.start, s.end, label=s.label, alignment_mode="expand") for s in spans]
    return list(filter_spans([span for span in made if span is not None]))


def in_batches(stream: Iterable[Doc], size: int, read: Callable[[Sequence[Doc]], None]) -> Iterator[Doc]:
    """Documents in their order, read `size` at a time."""
    docs = iter(stream)
    while batch := list(islice(docs, size)):
        read(batch)
        yield from batch


@Language.factory(
    "guanxi_entities",
    assigns=["doc.ents", "doc.spans"],
    default_config={"entities": "cluener", "spans": [], "threads": 1},
)
class Entities:
    """Named entities: `Doc.ents` by the model `entities`, `Doc.spans[name]` by each further model of `spans`."""

    def __init__(self, nlp: Language, name: str, entities: str, spans: list[str], threads: int) -> None:
        self.name = name
        self.vocab = nlp.vocab
        self._entities = Tagger(entities, threads=threads)
        self._spans = {model: Tagger(model, threads=threads) for model in spans}

    def __call__(self, doc: Doc) -> Doc:
        """Read one document."""
        self._read([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = BATCH) -> Iterator[Doc]:
        """Read documents, `batch_size` at a time."""
        yield from in_batches(stream, batch_size, self._read)

    def _read(self, docs: Sequence[Doc]) -> None:
        texts = [doc.text for doc in docs]
        for doc, spans in zip(docs, self._entities.spans(texts), strict=True):
            doc.set_ents(doc_spans(doc, spans))
        for name, tagger in self._spans.items():
            for doc, spans in zip(docs, tagger.spans(texts), strict=True):
                doc.spans[name] = doc_spans(doc, spans)


@Language.factory(
    "guanxi_labels", assigns=["doc.cats"], default_config={"models": ["news_sentiment"], "threads": 1}
)
class Labels:
    """Labels of whole texts: `Doc.cats["model:label"]` is the probability of a label."""

    def __init__(self, nlp: Language, name: str, models: list[str], threads: int) -> None:
        self.name = name
        self.vocab = nlp.vocab
        self._classifiers = {model: Classifier(model, threads=threads) for model in models}

    def __call__(self, doc: Doc) -> Doc:
        """Read one document."""
        self._read([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = BATCH) -> Iterator[Doc]:
        """Read documents, `batch_size` at a time."""
        yield from in_batches(stream, batch_size, self._read)

    def _read(self, docs: Sequence[Doc]) -> None:
        texts = [doc.text for doc in docs]
        for name, classifier in self._classifiers.items():
            for doc, row in zip(docs, classifier.probabilities(texts), strict=True):
                doc.cats |= {
                    f"{name}:{label}": float(p)
                    for label, p in zip(classifier.labels, row, strict=True)
                    if row.any()
                }


def load(
    entities: str = "cluener", spans: Sequence[str] = (), labels: Sequence[str] = (), threads: int = 1
) -> Language:
    """A Chinese pipeline of the shipped models: entities, further span models, and labels of whole texts.

    spaCy refuses texts of more than a million characters (`max_length`); `nlp.tagger.Tagger` reads any length.
    """
    language = spacy.blank(
        "zh", config={"nlp": {"tokenizer": {"@tokenizers": "guanxi.CharacterTokenizer.v1"}}}
    )
    language.add_pipe(
        "guanxi_entities", config={"entities": entities, "spans": list(spans), "threads": threads}
    )
    if labels:
        language.add_pipe("guanxi_labels", config={"models": list(labels), "threads": threads})
    return language
