"""相邻: what an entity is directly related to, a page at a time, with counts by type and direction."""

from __future__ import annotations

import datetime as dt
import functools
import itertools
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Annotated, Final, Literal

from pydantic import Field

from graph import schema
from graph.errors import InvalidInput
from graph.view import Fact, View
from queries.labels import relation_label
from queries.models import Answer, Cursor, Day, EntityId, PartyLine, Value
from queries.paging import Page, Position
from queries.profile import counted
from queries.profile_lines import RelationCount
from queries.statements import refs, who

Direction = Literal["out", "in"]
DIRECTIONS: Final[tuple[Direction, ...]] = ("out", "in")


def direction_of(text: str | None) -> Direction | None:
    """A direction as somebody typed it. Raises InvalidInput."""
    if text is None or text in DIRECTIONS:
        return text
    raise InvalidInput("direction", f"direction 应为 out 或 in / should be out or in, not {text!r}")


@dataclass(slots=True, kw_only=True)
class Neighbor(PartyLine):
    """A relation, with the entity at its other end."""

    type: Annotated[str, Field(description="Edge type of the data model.")]
    direction: Annotated[Direction, Field(description="out: from the entity asked about; in: to it.")]
    label: str
    label_en: str
    properties: dict[str, Value]
    valid_from: Day
    valid_to: Day
    start_unknown: Annotated[
        bool, Field(description="True where `valid_from` is merely the source's own date.")
    ]


class Neighbors(Answer):
    """A page of an entity's relations, by type as the schema declares them, outgoing ones first."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date | None
    known_at: dt.date | None
    counts: list[RelationCount]
    neighbors: list[Neighbor]
    next: Cursor


def neighbors(
    view: View,
    ref: str,
    *,
    edge_type: str | None = None,
    direction: Direction | None = None,
    page: Page | None = None,
) -> Neighbors:
    """What an entity is directly related to.

    Args:
        view: What the asker may see, on the day asked for.
        ref: An id of the entity, its code, or its name where only one thing has it.
        edge_type: Relations of this type alone.
        direction: Only those from it (`out`) or to it (`in`).
        page: How many, and behind which cursor.

    Raises:
        NotFound: No such entity, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: No such type, or the cursor is not valid.
    """
    page = page or Page()
    if edge_type is not None and edge_type not in schema.edge_types():
        known = ", ".join(schema.edge_types())
        raise InvalidInput("type", f"没有 {edge_type} 这种关系 / there is no such type; there are: {known}")
    row = view.resolve(ref)
    question = ("neighbors", view.id(row), edge_type or "", direction or "")
    shown, last = _from(view, row, _groups(edge_type, direction), page.after(*question), page.limit)
    return Neighbors(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        counts=counted(functools.partial(view.degree, row)),
        neighbors=[_neighbor(view, fact, side) for fact, side in shown],
        next=page.next(last, *question) if last is not None else None,
    )


Group = tuple[str, Direction]


def _groups(edge_type: str | None, direction: Direction | None) -> list[Group]:
    names = (edge_type,) if edge_type else tuple(schema.edge_types())
    return list(itertools.product(names, (direction,) if direction else DIRECTIONS))


def _from(
    view: View, row: int, groups: Sequence[Group], after: Position | None, limit: int
) -> tuple[list[tuple[Fact, Direction]], Position | None]:
    """At most `limit` facts behind `after`, and the position of the last where more follow.

    A position is the group (type and direction) and the View's place in its list; an empty place is its beginning.
    """
    start, place = 0, None
    if after is not None:
        start, place = list(map(_group_key, groups)).index(str(after[0])), str(after[1]) or None
    shown: list[tuple[Fact, Direction]] = []
    for group in groups[start:]:
        if len(shown) == limit and view.degree(row, *group):
            return shown, (_group_key(group), "")
        if len(shown) < limit:
            found = view.page(row, *group, place, limit - len(shown))
            shown += [(fact, group[1]) for fact in found.facts]
            if found.next is not None:
                return shown, (_group_key(group), found.next)
        place = None
    return shown, None


def _group_key(group: Group) -> str:
    return f"{group[0]} {group[1]}"


def _neighbor(view: View, fact: Fact, direction: Direction) -> Neighbor:
    label = relation_label(fact.type, direction)
    return Neighbor(
        **who(view, fact.other),
        type=fact.type,
        direction=direction,
        label=label.zh,
        label_en=label.en,
        properties=dict(fact.props),
        valid_from=fact.valid_from,
        valid_to=fact.valid_to,
        start_unknown=fact.start_unknown,
        records=refs(fact.records),
    )
