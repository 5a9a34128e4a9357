"""Events that documents tell, beside each other and beside what feeds list: witnesses, plans that go on, pledges."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from ingest.event_rows import ALONE, joined, placed
from ingest.feed_events import FeedEvents
from ingest.joining import Joining
from ingest.own_parties import parties
from ingest.plan_progress import key_of_row, placed_progress
from ingest.read_figures import PLEDGE, PLEDGING
from ingest.read_pledges import pledge_rows, pledging
from ingest.said import Row, said_of


def types_together(rules: Joining) -> list[str]:
    """Types of events of which it matters what other documents tell."""
    return sorted({*PLEDGING, *rules.progress.types})


def is_together(row: Row, rules: Joining) -> bool:
    """Whether it matters for a row, or for others, what other documents tell."""
    return row["kind"] == "event" and row["type"] in types_together(rules) and bool(row.get("subject"))


def beside_feeds(row: Row, feeds: FeedEvents, rules: Joining) -> Row:
    """The row of a claim with what feeds list of which it tells.

    Where the View of the feeds is not that of those who may see the claim, of what it told of before.
    """
    if row["kind"] != "event":
        return row
    if not feeds.sees(tuple(filter(None, row.get("compartments", "").split(";")))):
        return placed(row, ALONE)
    found = {"Event": feeds.told_by(said_of(row))}
    pledge = pledging(row, rules.pledges)
    if pledge is not None and pledge.type == PLEDGE:
        found["Pledge"] = feeds.pledged(pledge.parties, pledge.day, pledge.figures)
    return placed(joined(row, {makes: feed for makes, feed in found.items() if feed is not None}), ALONE)


def _own_keys(rows: Sequence[Row]) -> dict[tuple[str, str], str]:
    """The key under which a party that readings have made is told of, by wall and id."""
    return {
        (row.get("compartments", ""), party.id): party.key
        for row in rows
        for party in parties(said_of(row))
        if party.id and party.key
    }


class Together:
    """All rows that matter to each other, in their places."""

    def __init__(self, rows: Sequence[Row], rules: Joining) -> None:
        self._rules = rules
        mine = [row for row in rows if is_together(row, rules)]
        self._places = placed_progress(mine, rules.progress)
        keys = _own_keys(mine)
        self._pledges = {
            key: tuple(
                {name: keys.get(("", text)) or keys.get((key[1], text), text) for name, text in one.items()}
                for one in some
            )
            for key, some in pledge_rows(mine, rules.pledges).items()
        }

    def placed(self, row: Row) -> Row:
        """A row in its place."""
        if not is_together(row, self._rules):
            return row
        key = key_of_row(row)
        return placed(row, replace(self._places.get(key, ALONE), pledges=self._pledges.get(key, ())))
