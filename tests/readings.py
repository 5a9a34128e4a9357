"""Readings made by hand: a text in which the parts that matter are found by their words."""

import datetime as dt

from ingest.read_documents import ReadDocument
from nlp.found import Argument, Candidate, Event, Mention, Period, Quantity, Reading, Relation, Sentiment

DAY = dt.date(2024, 3, 1)


class Text:
    """A text being read by hand."""

    def __init__(self, key, text, published=DAY, **more):
        self.key, self.text, self.published, self.more = key, text, published, more
        self.mentions, self.relations, self.events, self.toward = [], [], [], {}

    def name(self, words, link=None, candidates=(), kind="company", antecedent=None, toward=None):
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

    def relation(self, kind, subject, object_, confidence=0.95, value=None, office=None, detail=None):
        """Find a relation between two names."""
        self.relations.append(
            Relation(kind, subject, object_, 0, len(self.text), confidence, "relations@1", detail,
                     value, office)
        )  # fmt: skip
        return self

    def event(self, kind, trigger, subjects, confidence=0.95, amount=None, day=None, others=(), detail=None):
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
