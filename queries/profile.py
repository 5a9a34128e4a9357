"""客户全景: everything that a client manager wants to know of a company or person before a meeting."""

from __future__ import annotations

import itertools
import typing
from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from graph import schema
from graph.errors import InvalidInput
from graph.view import View
from queries import profile_lines as lines
from queries.gaps import CONTROLLER_TEXTS, controller_status, said_unknown
from queries.labels import relation_label
from queries.listing import Taken
from queries.models import Section
from queries.paging import Page
from queries.sections import SECTIONS
from queries.statements import refs
from queries.subject import Subject

SECTION_LINES: Final = 20

_OF_COMPANY: Final = tuple(name for name in SECTIONS if name not in ("offices", "relatives", "parties"))
_OF_PERSON: Final = (
    "identity", "aliases", "offices", "holdings", "controls", "relatives", "guarantees", "loans", "pledges",
    "deals", "agreements", "events", "documents", "possibly_same",
)  # fmt: skip
_OF_OTHERS: Final = ("identity", "aliases", "parties", "events", "documents", "possibly_same")

_MODELS: Final[Mapping[str, type[Section[Any]]]] = {
    name: typing.get_args(hint)[0]
    for name, hint in typing.get_type_hints(lines.Sections, include_extras=True).items()
}
"""The class of each section; with another one pydantic would validate every line anew."""

_EMPTY: Final[Mapping[str, Section[Any]]] = {
    name: model(lines=[], total=0, next=None) for name, model in _MODELS.items() if name != "controllers"
}


def sections_of(kind: str) -> tuple[str, ...]:
    """The sections that a profile of that type has, in their order."""
    return {"Company": _OF_COMPANY, "Person": _OF_PERSON}.get(kind, _OF_OTHERS)


def profile(view: View, ref: str, *, section: str | None = None, page: Page | None = None) -> lines.Profile:
    """What a client manager wants to know of an entity before a meeting.

    Args:
        view: What the asker may see, on the day asked for.
        ref: An id of the entity, its code, or its name where only one thing has it.
        section: One section alone, to page through it; all of them where absent.
        page: How many lines a section shows, and behind which cursor (of one section) it begins.

    Raises:
        NotFound: No such entity, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: `section` is none of an entity of this type, or the cursor is not valid.
    """
    subject = Subject(view, view.resolve(ref), page or Page(SECTION_LINES))
    kind = view.kind(subject.row)
    sections = {name: _section(subject, name) for name in _chosen(kind, section, subject.page)}
    return lines.Profile(
        id=subject.id,
        name=view.name(subject.row),
        kind=kind,
        as_of=view.as_of,
        known_at=view.known_at,
        sections=cast("lines.Sections", sections),
        relations=counted(subject.total),
    )


def _chosen(kind: str, section: str | None, page: Page) -> tuple[str, ...]:
    known = sections_of(kind)
    if section is None:
        if page.cursor is not None:
            raise InvalidInput(
                "section", "cursor 需要与 section 一起使用 / a cursor needs the section it belongs to"
            )
        return known
    if section not in known:
        raise InvalidInput(
            "section", f"没有 {section} 这一部分 / there is no such section; there are: {', '.join(known)}"
        )
    return (section,)


def _section(subject: Subject, name: str) -> Section[Any]:
    page = subject.page
    after = None if page.cursor is None else page.after(*subject.question(name))
    listing = SECTIONS[name](subject)
    taken = listing.take(after, page.limit) if listing is not None else None
    if name == "controllers":
        return _controllers(subject, None if taken is None else _fields(subject, name, taken))
    if taken is None or not taken.total:
        return _EMPTY[name]
    return _MODELS[name](**_fields(subject, name, taken))


def _fields(subject: Subject, name: str, taken: Taken[Any]) -> dict[str, Any]:
    following = None if taken.last is None else subject.page.next(taken.last, *subject.question(name))
    return {"lines": taken.lines, "total": taken.total, "next": following}


_NOTHING: Final[Mapping[str, Any]] = {"lines": [], "total": 0, "next": None}


def _controllers(subject: Subject, fields: Mapping[str, Any] | None) -> lines.ControllerSection:
    status = controller_status(subject)
    text = CONTROLLER_TEXTS[status]
    return lines.ControllerSection(
        **(fields or _NOTHING),
        status=status.value,
        message=text.zh,
        message_en=text.en,
        records=refs(said_unknown(subject)),
    )


def counted(total: Callable[[str, str], int]) -> list[lines.RelationCount]:
    """How many relations of each type and direction there are; those that there are none of are left out."""
    found = []
    for edge_type, direction in _RELATIONS:
        if count := total(edge_type, direction):
            label = relation_label(edge_type, direction)
            found.append(
                lines.RelationCount(
                    type=edge_type, direction=direction, label=label.zh, label_en=label.en, count=count
                )
            )
    return found


_RELATIONS: Final = tuple(itertools.product(schema.edge_types(), ("out", "in")))
