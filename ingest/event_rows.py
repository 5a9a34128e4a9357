"""The row of an event's claim, as it stands beside what feeds list and what other documents tell."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Final

from ingest.feed_events import Feed
from ingest.joining import AsDeal, joining
from ingest.read_roles import DECIDED, FIGURES, JOINS, STATES
from ingest.said import Row, Said, claim_row, said_of
from nlp.found import EVENT_TYPES

_KEPT: Final = (FIGURES, JOINS, DECIDED)


@dataclass(frozen=True, slots=True)
class Place:
    """Where an event stands among others: the key of its plan, and what else its claim states.

    `surpassed`: by its day the plan was told to have come to more, so that it gives neither figure, day nor words.
    """

    plan: str = ""
    surpassed: bool = False
    pledges: tuple[Row, ...] = ()


ALONE: Final = Place()


def joined(row: Row, feeds: Mapping[str, Feed]) -> Row:
    """A row that says which things that feeds list it tells of, by what it would make."""
    kept = {name: text for name, text in row.items() if name != JOINS}
    listed = {makes: [feed.label, feed.id] for makes, feed in sorted(feeds.items())}
    return kept | ({JOINS: json.dumps(listed)} if listed else {})


def joins(row: Row, makes: str) -> Feed | None:
    """The thing that a feed lists of which a row tells, where it would make one of its own."""
    found = json.loads(row.get(JOINS, "{}")).get(makes)
    return Feed(*found) if found else None


def placed(row: Row, place: Place) -> Row:
    """The row of an event in its place, whatever place it had before."""
    said = said_of(row)
    base = claim_row(said, waits="waits" in row) | {name: row[name] for name in _KEPT if name in row}
    if base.get("makes") == "Event":
        base |= _in_place(base, said, place)
    return decided_row(base)


def decided_row(row: Row) -> Row:
    """A row; of what a person has accepted without the claim itself, which has a record of its own."""
    if DECIDED not in row:
        return row
    states = [state for state in json.loads(row[STATES]) if state["type"] != "STATES"]
    return row | {STATES: json.dumps(states, ensure_ascii=False)}


def _in_place(row: Row, said: Said, place: Place) -> Row:
    """What an event makes and states where it stands."""
    states: list[Row] = [_event_in(place, state) for state in json.loads(row[STATES])]
    feed = joins(row, "Event")
    if feed is not None:
        states = list(_told_of(feed, said, states))
    states += place.pledges
    makes = row["makes"] if feed is None else feed.label
    return {STATES: json.dumps(states, ensure_ascii=False), "makes": makes}


def _event_in(place: Place, state: Row) -> Row:
    if state["type"] != "Event":
        return state
    if place.plan:
        state = state | {"same": json.dumps([*json.loads(state["same"]), place.plan])}
    return {name: text for name, text in state.items() if not place.surpassed or name not in _FLEETING}


_FLEETING: Final = ("amount", "date", "text")


def _told_of(feed: Feed, said: Said, states: Sequence[Row]) -> Iterator[Row]:
    """The same said of what a feed lists."""
    for state in states:
        if state["type"] == "Event" and feed.label == "Deal":
            yield _deal(feed, said, state, joining().listed.deals[said.type])
        elif state["type"] == "Event":
            yield state | {"id": feed.id}
        elif state["type"] != "ABOUT":
            yield state
        elif feed.label == "Event":
            yield state | {end: feed.id for end in ("from", "to") if state[end] == said.key}


def _deal(feed: Feed, said: Said, event: Row, declared: AsDeal) -> Row:
    """A deal with the parties that the event has in its roles."""
    parties: dict[str, list[str]] = {declared.subject: json.loads(event["subjects"])}
    for part in said.parts:
        role = declared.others.get(part.role)
        if role and part.ref and (part.kind == "Company" or (role == "investors" and part.kind == "Person")):
            parties.setdefault(role, []).append(part.ref)
    row = {"type": "Deal", "id": feed.id, "name": EVENT_TYPES[said.type], "kind": declared.kind}
    row |= {name: event[name] for name in ("date", "amount") if name in event}
    row |= {"investors": json.dumps(parties["investors"])} if "investors" in parties else {}
    return row | ({"target": parties["target"][0]} if "target" in parties else {})
