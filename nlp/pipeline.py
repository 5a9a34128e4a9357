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
from nlp.shared import Found, SharedReader

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


def write(doc: Doc, found: Found, entities: str) -> None:
    """What was found in a document: entities, spans by head, categories and events."""
    for name, scored in found.spans.items():
        spans = doc_spans(doc, (one.span for one in scored))
        doc.spans[name] = spans
        if name == entities:
            doc.set_ents(spans)
        sure = {(one.start, one.end): one.confidence for one in scored}
        for span in spans:
            span._.confidence = sure.get((span.start_char, span.end_char))
    for name, shares in found.labels.items():
        doc.cats |= {f"{name}:{label}": share for label, share in shares.items()}
    doc._.events = found.events


class Component:
    """A component that reads documents with some heads of the shared encoder."""

    def __init__(self, nlp: Language, name: str, heads: Sequence[str], entities: str, threads: int) -> None:
        self.name = name
        self.vocab = nlp.vocab
        self._entities = entities
        self._reader = SharedReader(list(dict.fromkeys(heads)), threads=threads)
        if not Doc.has_extension("events"):
            Doc.set_extension("events", default=())
        if not DocSpan.has_extension("confidence"):
            DocSpan.set_extension("confidence", default=None)

    def __call__(self, doc: Doc) -> Doc:
        """Read one document."""
        self._read([doc])
        return doc

    def pipe(self, stream: Iterable[Doc], *, batch_size: int = BATCH) -> Iterator[Doc]:
        """Read documents, `batch_size` at a time."""
        yield from in_batches(stream, batch_size, self._read)

    def _read(self, docs: Sequence[Doc]) -> None:
        for doc, found in zip(docs, self._reader.read([doc.text for doc in docs]), strict=True):
            write(doc, found, self._entities)


@Language.factory(
    "guanxi_entities",
    assigns=["doc.ents", "doc.spans", "doc.cats", "doc._.events", "span._.confidence"],
    default_config={"entities": "cluener", "heads": [], "threads": 1},
)
class Entities(Component):
    """`Doc.ents` by the head `entities`; what further `heads` of `nlp.shared` find, in the same run of the encoder.

    Spans are in `Doc.spans[head]`, each with `span._.confidence`; probabilities of labels in `Doc.cats["head:label"]`;
    events in `Doc._.events`.
    """

    def __init__(self, nlp: Language, name: str, entities: str, heads: list[str], threads: int) -> None:
        super().__init__(nlp, name, [entities, *heads], entities, threads)


@Language.factory(
    "guanxi_labels", assigns=["doc.cats"], default_config={"heads": ["news_sentiment"], "threads": 1}
)
class Labels(Component):
    """`Doc.cats["head:label"]`, the probabilities of labels of whole texts, where no entities are wanted."""

    def __init__(self, nlp: Language, name: str, heads: list[str], threads: int) -> None:
        super().__init__(nlp, name, heads, "", threads)


def load(entities: str = "cluener", heads: Sequence[str] = (), threads: int = 1) -> Language:
    """A Chinese pipeline: entities, and what further heads of the shared encoder find.

    spaCy refuses texts of more than a million characters (`max_length`); `nlp.shared.SharedReader` reads any length.
    """
    language = spacy.blank(
        "zh", config={"nlp": {"tokenizer": {"@tokenizers": "guanxi.CharacterTokenizer.v1"}}}
    )
    language.add_pipe(
        "guanxi_entities", config={"entities": entities, "heads": list(heads), "threads": threads}
    )
    return language
