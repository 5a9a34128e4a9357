"""One encoder, run once a text, and many heads on it: entities, events, sentiment and relations in one pass.

    reader = SharedReader(["cluener", "fewfc_argument", "news_sentiment"])
    [found] = reader.read(["云岭实业公告，股东赵一鸣质押三百万股。"])
    found.spans["cluener"]           # (Scored(start=0, end=4, label="company", confidence=0.93), …)
    found.labels["news_sentiment"]   # {"0": 0.61, "1": 0.39}
    found.events                     # (FoundEvent(trigger=Scored(…, "质押", …), arguments=(Scored(…, "sub-per", …),)),)

| head | gives |
|---|---|
| `cluener` `resume` `finner` | `spans[head]`: what is named, labelled with its kind |
| `fewfc_trigger` `fewfc_further` | `spans[head]`: triggers, labelled with the type of their event; five types each |
| `fewfc_argument` | `events`: each trigger with its arguments, labelled with their role; runs the two others too |
| `finese` | `labels[head]`: probability of each type of negative event; `spans[head]`: their subjects, labelled so |
| `finfe` `news_sentiment` | `labels[head]`: probability of each label; an empty text has none |
| `finre` | `relations(found, pairs)`: for each pair (head, tail) of a text the probability of each relation |

Give some 64 texts at a time. A text may be of any length and hold anything; it reads the same beside any others.
Labels are of a text's first 464 characters; arguments are sought within 160 characters of their trigger.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.errors import DataError, NotFound
from nlp import marks as marking
from nlp.datasets import Span
from nlp.states import Encoded, Encoder, Floats, Unit, session
from nlp.tagger import MODELS, SECTION, WINDOW, Piece, batches, vectors_of
from nlp.viterbi import best_tags, confidences, decode, likeliest_span
from nlp.wide import Wide, load_wide, marked_characters

NAME: Final = "shared"
ARGUMENT: Final = "fewfc_argument"
TRIGGER: Final = "fewfc_trigger"
FURTHER: Final = "fewfc_further"
TRIGGERS: Final = (TRIGGER, FURTHER)
"""Two heads: the two files of FewFC label five types each, and leave those of the other unlabelled in their texts."""
RELATION: Final = "finre"
NEGATIVE: Final = "finese"
SUBJECT: Final = "finese_subject"
NEEDS: Final = {ARGUMENT: TRIGGERS, NEGATIVE: (SUBJECT,)}
"""Heads that another head works with."""

ALSO: Final = "+"
"""Between the labels of a span that has two: 投资+股份股权转让."""

LIVE: Final = ("cluener", ARGUMENT, "news_sentiment")
"""What is read of every text unless told otherwise."""

SURE: Final = 0.2
"""From this probability on a text has an event of a type (`finese`); chosen on the carved tenth."""

NETWORK_OF_ONE: Final = 0.5
NETWORK_OF_MANY: Final = 0.25
"""What the network's scores count beside the linear part's; a quarter for many labels, chosen on the carved tenth."""

UNRELATED: Final = "unknown"
UNRELATED_FROM: Final = 0.7
"""From this probability of `unknown` on, two places are not related (`finre`); chosen on the carved tenth."""

LONGEST_NAME: Final = 40
"""Characters of a subject that is looked for where none was likelier than one."""

KEPT: Final = 2_000
"""Of texts up to so long the states are kept where parts are to be asked about, 1 KB a character."""

DIGITS: Final = 4
"""Of a probability: beyond them it hangs on how texts are batched."""


@dataclass(frozen=True, order=True, slots=True)
class Scored:
    """Characters `start` to `end` of a text, what they are, and the probability of just these and this."""

    start: int
    end: int
    label: str
    confidence: float

    @property
    def span(self) -> Span:
        """The same without the probability."""
        return Span(self.start, self.end, self.label)


@dataclass(frozen=True, slots=True)
class FoundEvent:
    """A trigger, labelled with the type of event, and its arguments, labelled with their role."""

    trigger: Scored
    arguments: tuple[Scored, ...]


Choice = Callable[[str, Sequence[Scored]], Sequence[Scored]]
"""Of the triggers in a text, in order, those whose arguments are wanted; of a long text it is asked part by part."""


@dataclass(slots=True)
class Found:
    """What the heads found in one text; `states` are the encoder's, where `SharedReader.read` kept them."""

    text: str
    spans: dict[str, tuple[Scored, ...]]
    labels: dict[str, dict[str, float]]
    events: tuple[FoundEvent, ...] = ()
    states: Floats | None = field(default=None, repr=False, compare=False)


def relation_of(shares: Mapping[str, float]) -> str:
    """The relation that two places are taken to have, for the probabilities of all."""
    if shares[UNRELATED] >= UNRELATED_FROM:
        return UNRELATED
    return max((label for label in shares if label != UNRELATED), key=shares.__getitem__)


class Head:
    """One head: its network, its labels, and its CRF or linear part where it has one."""

    def __init__(self, name: str, about: dict[str, Any], folder: Path, threads: int) -> None:
        self.name = name
        self.labels: tuple[str, ...] = tuple(about["labels"])
        self.marks: tuple[str, ...] = tuple(about["marks"])
        self.many: bool = about["many"]
        self.tagging: bool = about["kind"] == "tagging"
        self._network = session(folder / f"{name}.onnx", threads)
        if self.tagging:
            with np.load(folder / f"{name}.crf.npz") as stored:
                self._crf = stored["steps"], stored["first"], stored["last"]
        wide = folder / f"{name}.wide.npz"
        self.wide: Wide | None = load_wide(wide) if wide.exists() else None

    def run(self, states: Floats, **more: NDArray[Any]) -> Floats:
        """The network's output for states (batch, length, width) and what else it takes."""
        return np.asarray(self._network.run(None, {"hidden": states, **more})[0], np.float32)

    def spans(self, emissions: Floats, shift: int) -> tuple[Scored, ...]:
        """The best spans under the CRF for emissions (length, tags), moved by `shift`."""
        path = best_tags(emissions, *self._crf)
        found = decode(path, self.labels)
        if not found:
            return ()
        places = np.array([(span.start, span.end) for span in found])
        sure = confidences(emissions, self._crf, path, places)
        return tuple(
            Scored(span.start + shift, span.end + shift, label, round(float(p), DIGITS))
            for span, p in zip(found, sure, strict=True)
            for label in span.label.split(ALSO)
        )

    def one_span(self, emissions: Floats) -> Scored:
        """The likeliest span, for what must be named somewhere."""
        start, end, sure = likeliest_span(emissions, self._crf, LONGEST_NAME)
        return Scored(start, end, self.labels[0], round(float(sure), DIGITS))

    def probabilities(self, scores: Floats, wide: Floats | None) -> dict[str, float]:
        """Of each label: each for itself where a text may have many, else of one among all.

        Where there is a linear part, it counts as much as the network, three times as much where there are many labels.
        """
        share = NETWORK_OF_MANY if self.many else NETWORK_OF_ONE
        mixed = scores if wide is None else share * scores + (1 - share) * wide
        if self.many:
            shares = 1 / (1 + np.exp(-mixed))
        else:
            powers = np.exp(mixed - mixed.max())
            shares = powers / powers.sum()
        return {label: round(float(p), DIGITS) for label, p in zip(self.labels, shares, strict=True)}


@dataclass(frozen=True, slots=True)
class _Asked:
    """Marks of a text, and the states of characters `start` to `end` of it, which are read with them."""

    marks: tuple[Span, ...]
    start: int
    end: int
    states: Floats


def _place(trigger: tuple[Unit, Scored]) -> tuple[int, Scored]:
    unit, span = trigger
    return unit.offset, span


def _about(folder: Path) -> dict[str, dict[str, Any]]:
    path = folder / NAME / "shared.json"
    if not path.exists():
        return {}
    heads: dict[str, dict[str, Any]] = json.loads(path.read_text(encoding="utf-8"))["heads"]
    return heads


def heads_of(folder: Path = MODELS) -> tuple[str, ...]:
    """The heads that ship in a folder."""
    return tuple(name for name in _about(folder) if name != SUBJECT)


class SharedReader:
    """The shared encoder and some of its heads.

    `NotFound` for a head that does not ship, `DataError` for a damaged file. `threads`: of one run.
    """

    def __init__(self, heads: Sequence[str] = LIVE, folder: Path = MODELS, threads: int = 1) -> None:
        known = heads_of(folder)
        unknown = [name for name in heads if name not in known]
        if unknown:
            raise NotFound(
                f"no head {unknown[0]!r}; there are: {', '.join(known) or 'none'}",
                hint="make models trains them",
            )
        self.heads = tuple(heads)
        needed = dict.fromkeys(
            [*heads, *(one for name, needs in NEEDS.items() if name in heads for one in needs)]
        )
        place = folder / NAME
        try:
            about = _about(folder)
            self._encoder = Encoder(place / "encoder.onnx", vectors_of(folder), threads)
            self._heads = {name: Head(name, about[name], place, threads) for name in needed}
        except DataError:
            raise
        except Exception as error:
            raise DataError(
                f"{place}: the models cannot be read: {error}", hint="install the package again"
            ) from error

    def labels(self, head: str) -> tuple[str, ...]:
        """What a head's spans or texts can be."""
        return self._heads[head].labels

    def read(self, texts: Sequence[str], *, keep: bool = False, choose: Choice | None = None) -> list[Found]:
        """All that the heads find in each text, in the order of the texts.

        `keep`: the states too of texts up to `KEPT` characters, for `labels_of_parts`. `choose`: the triggers that
        become events, all unless given; arguments are asked for each, the dearest question after the encoder's.
        """
        tagging = [n for n, h in self._heads.items() if (h.tagging and not h.marks) or n == NEGATIVE]
        found = [Found(text, {name: () for name in tagging if name in self.heads}, {}) for text in texts]
        for encoded in self._encoder.encode(texts):
            triggers = self._read_spans(encoded, found)
            if ARGUMENT in self._heads:
                self._read_events(encoded, _chosen(triggers, found, choose), found)
            self._read_labels(encoded, found)
            if NEGATIVE in self._heads:
                self._read_subjects(encoded, found)
            if RELATION in self._heads or keep:
                _keep_states(encoded, found, SECTION if RELATION in self._heads else KEPT)
        return found

    def labels_of_parts(
        self, head: str, found: Found, parts: Sequence[Sequence[tuple[int, int]]]
    ) -> list[dict[str, float]]:
        """The probability of each label of one head for parts of a text, each some places (start, end), none empty.

        The network alone judges, by its states of the whole text. The linear part counts the words of whole texts:
        of a few words it is sure of what most texts are.
        """
        first = [_first(part, WINDOW) for part in parts]
        if found.states is None:
            encoded = self._encoder.places(found.text, chain.from_iterable(first))
        else:
            encoded = Encoded([found.text], (Unit(0, 0, len(found.text), 0),), found.states)
        rows = [np.concatenate([encoded.of(*place) for place in part]) for part in first]
        model = self._heads[head]
        result: list[dict[str, float]] = [{}] * len(parts)
        for batch in batches([Piece(n, 0, len(row), 0, 0) for n, row in enumerate(rows)]):
            states, mask = _padded([rows[piece.text] for piece in batch])
            for piece, scores in zip(batch, model.run(states, mask=mask), strict=True):
                result[piece.text] = model.probabilities(scores, None)
        return result

    def relations(
        self, found: Sequence[Found], pairs: Sequence[Sequence[tuple[Span, Span]]]
    ) -> list[list[dict[str, float]]]:
        """For each pair (head, tail) of places in a text, whatever their labels, the probability of each relation.

        `found` is what this reader read. A place outside the text is a `ValueError`.
        """
        head = self._heads[RELATION]
        asked: list[_Asked] = []
        wide: list[Floats | None] = []
        for text, wanted in zip(found, pairs, strict=True):
            for one, other in wanted:
                ends = _ends(text.text, one, other)
                start, end = marking.window(ends, len(text.text))
                asked.append(_Asked(marking.with_between(ends), start, end, self._states(text, start, end)))
                wide.append(self._wide(head, text.text[start:end], _moved(ends, -start)))
        scores = iter(zip(_run_marked(head, asked), wide, strict=True))
        return [[head.probabilities(*next(scores)) for _ in wanted] for wanted in pairs]

    def _read_spans(self, encoded: Encoded, found: Sequence[Found]) -> list[tuple[Unit, Scored]]:
        """Spans of the heads without marks; the triggers among them, in order of place."""
        triggers: list[tuple[Unit, Scored]] = []
        for name, head in self._heads.items():
            if not head.tagging or head.marks:
                continue
            emissions = head.run(encoded.states[None])[0]
            for unit in encoded.units:
                spans = head.spans(emissions[unit.rows], unit.start)
                if name in self.heads:
                    found[unit.text].spans[name] += spans
                if name in TRIGGERS:
                    triggers += [(unit, span) for span in spans]
        return sorted(triggers, key=_place)

    def _read_events(
        self, encoded: Encoded, triggers: Sequence[tuple[Unit, Scored]], found: Sequence[Found]
    ) -> None:
        head = self._heads[ARGUMENT]
        asked = [
            _asked(
                encoded, unit, (Span(trigger.start - unit.start, trigger.end - unit.start, trigger.label),)
            )
            for unit, trigger in triggers
        ]
        for (unit, trigger), one, emissions in zip(triggers, asked, _run_marked(head, asked), strict=True):
            arguments = head.spans(emissions, unit.start + one.start)
            found[unit.text].events += (FoundEvent(trigger, arguments),)

    def _read_labels(self, encoded: Encoded, found: Sequence[Found]) -> None:
        """Labels of whole texts, from their first characters."""
        firsts = [unit for unit in encoded.units if unit.start == 0]
        for name, head in self._heads.items():
            if head.tagging or head.marks:
                continue
            pieces = [Piece(n, 0, min(unit.end, WINDOW), 0, 0) for n, unit in enumerate(firsts)]
            for batch in batches(pieces):
                states, mask = _padded([encoded.states[firsts[p.text].rows][: p.end] for p in batch])
                for piece, scores in zip(batch, head.run(states, mask=mask), strict=True):
                    text = found[firsts[piece.text].text]
                    text.labels[name] = head.probabilities(
                        scores, self._wide(head, text.text[: piece.end], ())
                    )

    def _read_subjects(self, encoded: Encoded, found: Sequence[Found]) -> None:
        """Who the negative events of a text happened to."""
        head = self._heads[SUBJECT]
        whose: list[tuple[Unit, str, float]] = []
        asked: list[_Asked] = []
        for unit in encoded.units:
            shares = found[unit.text].labels[NEGATIVE] if unit.start == 0 else {}
            for label, share in shares.items():
                if share >= SURE:
                    end = min(unit.end, WINDOW)
                    whose.append((unit, label, share))
                    asked.append(_Asked((Span(0, end, label),), 0, end, encoded.states[unit.rows][:end]))
        for (unit, label, share), emissions in zip(whose, _run_marked(head, asked), strict=True):
            found[unit.text].spans[NEGATIVE] += tuple(
                Scored(span.start, span.end, label, round(share * span.confidence, DIGITS))
                for span in head.spans(emissions, 0) or (head.one_span(emissions),)
            )

    def _wide(self, head: Head, text: str, marks: Sequence[Span]) -> Floats | None:
        if head.wide is None:
            return None
        return head.wide.scores(marked_characters(self._encoder.vectors.vocabulary, text, marks))

    def _states(self, text: Found, start: int, end: int) -> Floats:
        if text.states is not None:
            return text.states[start:end]
        return self._encoder.part(text.text, start, end)


def _chosen(
    triggers: Sequence[tuple[Unit, Scored]], found: Sequence[Found], choose: Choice | None
) -> list[tuple[Unit, Scored]]:
    """The triggers that somebody chose of each unit's."""
    if choose is None:
        return list(triggers)
    return [
        (unit, span)
        for unit, some in groupby(triggers, key=lambda trigger: trigger[0])
        for span in choose(found[unit.text].text, [span for _, span in some])
    ]


def _asked(encoded: Encoded, unit: Unit, marks: tuple[Span, ...]) -> _Asked:
    """Marks of a unit, counted from its start."""
    start, end = marking.window(marks, unit.end - unit.start)
    return _Asked(marks, start, end, encoded.states[unit.rows][start:end])


def _keep_states(encoded: Encoded, found: Sequence[Found], longest: int) -> None:
    """States of the texts of at most `longest` characters, which are whole in one unit.

    They stay in the table unless most of it belongs to other texts, which would be held with them.
    """
    kept = [u for u in encoded.units if u.end - u.start == len(found[u.text].text) <= longest]
    apart = 2 * sum(unit.end - unit.start for unit in kept) < len(encoded.states)
    for unit in kept:
        rows = encoded.states[unit.rows]
        found[unit.text].states = rows.copy() if apart else rows


def _first(places: Sequence[tuple[int, int]], size: int) -> list[tuple[int, int]]:
    """The first `size` characters of some places."""
    kept: list[tuple[int, int]] = []
    for start, end in places:
        if size <= 0:
            break
        kept.append((start, min(end, start + size)))
        size -= end - start
    return kept


def _run_marked(head: Head, asked: Sequence[_Asked]) -> list[Floats]:
    """The head's output for each of some marks: scores, or emissions of its characters."""
    results: list[Floats | None] = [None] * len(asked)
    for batch in batches([Piece(n, one.start, one.end, 0, 0) for n, one in enumerate(asked)]):
        some = [asked[piece.text] for piece in batch]
        states, mask = _padded([one.states for one in some])
        marks = np.zeros(mask.shape, np.int64)
        places = np.zeros((*mask.shape, marking.measured(head.marks)), np.int64)
        for row, one in enumerate(some):
            marks[row, : one.end - one.start] = marking.kinds(one.marks, head.marks, one.start, one.end)
            places[row, : one.end - one.start] = marking.places(one.marks, one.start, one.end)
        output = head.run(states, mask=mask, marks=marks, places=places)
        for one, piece, row_output in zip(some, batch, output, strict=True):
            results[piece.text] = row_output[: one.end - one.start] if head.tagging else row_output
    return [result for result in results if result is not None]


def _padded(rows: Sequence[Floats]) -> tuple[Floats, Floats]:
    """Rows of different length as one batch, and which places hold characters."""
    longest = max(len(row) for row in rows)
    table = np.zeros((len(rows), longest, rows[0].shape[1]), np.float32)
    mask = np.zeros((len(rows), longest), np.float32)
    for number, row in enumerate(rows):
        table[number, : len(row)] = row
        mask[number, : len(row)] = 1
    return table, mask


def _moved(marks: Sequence[Span], by: int) -> tuple[Span, ...]:
    return tuple(Span(mark.start + by, mark.end + by, mark.label) for mark in marks)


def _ends(text: str, one: Span, other: Span) -> tuple[Span, Span]:
    if not (0 <= one.start < one.end <= len(text) and 0 <= other.start < other.end <= len(text)):
        raise ValueError(f"{one} or {other} is outside of a text of {len(text)} characters")
    return Span(one.start, one.end, "head"), Span(other.start, other.end, "tail")
