"""Readings made by hand: a text in which the parts that matter are found by their words."""

import datetime as dt

from graph.projection import Projection
from graph.statements import Reject
from graph.tables import SourceInfo, Tables
from ingest.native import Native
from ingest.plan import Batch, Known, Planner, plan_record
from ingest.read_documents import ReadDocument
from ingest.reading_rows import believed, rows_of
from ingest.source import Context
from ingest.written import desk, reading
from nlp.found import Argument, Candidate, Event, Mention, Period, Quantity, Reading, Relation, Sentiment

DAY = dt.date(2024, 3, 1)
TOLD = dt.date(2024, 6, 1)


class Text:
    """A text being read by hand."""

    def __init__(self, key, text, published=DAY, **more):
        self.key, self.text, self.published, self.more = key, text, published, more
        self.mentions, self.relations, self.events, self.toward = [], [], [], {}

    def name(self, words, link=None, candidates=(), kind="company", antecedent=None, toward=None):  # noqa: PLR0913, PLR0917
        """Find a name; `link` is (id, type) of what it means. Returns its number."""
        start = self.text.index(words)
        linked = Candidate(link[0], words, link[1], 0.97, "short_name") if link else None
        open_ = tuple(Candidate(id_, words, type_, score, "name") for id_, type_, score in candidates)
        self.mentions.append(
            Mention(start, start + len(words), words, kind, 0.95, link=linked, candidates=open_,
                    antecedent=antecedent)
        )  # fmt: skip
        number = len(self.mentions) - 1
        if toward is not None:
            self.toward[number] = Sentiment(toward, 0.9)
        return number

    def relation(self, kind, subject, object_, confidence=0.95, value=None, office=None, detail=None):  # noqa: PLR0913, PLR0917
        """Find a relation between two names."""
        self.relations.append(
            Relation(kind, subject, object_, 0, len(self.text), confidence, "relations@1", detail,
                     value, office)
        )  # fmt: skip
        return self

    def event(self, kind, trigger, subjects, confidence=0.95, amount=None, day=None, others=(), detail=None):  # noqa: PLR0913, PLR0917
        """Find an event by its trigger; `others` are (role, number)."""
        start = self.text.index(trigger)
        period = Period(day, day + dt.timedelta(days=1)) if day else None
        arguments = tuple(self._argument(role, number) for role, number in others)
        money = Quantity(amount, "CNY") if amount else None
        self.events.append(
            Event(kind, (start, start + len(trigger)), 0, len(self.text), confidence, "events@1", arguments,
                  tuple(subjects), money, period, detail)
        )  # fmt: skip
        return self

    def _argument(self, role, number):
        found = self.mentions[number]
        return Argument(role, found.start, found.end, found.text, number)

    def read(self, score=None):
        """What was read."""
        sentiment = None if score is None else Sentiment(score, 0.9)
        reading = Reading(
            self.text, self.published, tuple(self.mentions), tuple(self.relations), tuple(self.events),
            sentiment, self.toward,
        )  # fmt: skip
        return ReadDocument(self.key, reading, **self.more)


class Shelf:
    """Native rows, readings and decisions as a store would hold them, folded in memory."""

    def __init__(self, world, documents=(), decisions=()):
        self.nodes, self.edges, self.records = [], [], {}
        self._state(Native(), world)
        rows = [rows_of(one, believed(), {}) for one in documents]
        self._state(
            reading(),
            {
                "Document": [one.document for one in rows],
                "Mention": [row for one in rows for row in one.mentions],
                "Claim": [row for one in rows for row in one.claims],
            },
        )
        self._state(desk(), {"Decision": decisions})

    def _state(self, source, rows):
        known, batch = Known(None, complete=True), Batch()
        for name, listed in rows.items():
            role = source.role(name)
            planner = Planner(source.namespace, name, source.rank, TOLD, "", "", known)
            for number, row in enumerate(listed, 1):
                record = role.record(row, number, Context())
                assert not isinstance(record, Reject), record
                planner.add(plan_record(record, name), batch)
        self.nodes += [(label, row) for label, made in batch.new_nodes.items() for row in made.values()]
        self.edges += [
            (kind, start, row["a"], end, row["b"], row["e"])
            for (kind, start, end), made in batch.edges.items()
            for row in made
        ]
        self.records.update((row["id"], row) for row in batch.records)

    def projection(self):
        """All of it, ready to be asked."""
        sources = [SourceInfo(s.name, s.rank, s.namespace) for s in (Native(), reading(), desk())]
        tables = Tables.from_rows(self.nodes, self.edges, sources=sources)
        return Projection.of(tables, lambda handles: [self.records[h] for h in handles if h in self.records])
