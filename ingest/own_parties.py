"""Parties that readings themselves have made of a name: whoever tells of one names it, so that each keeps its name.

A party of another source is told of by its id and named by that source. One that only readings name would lose its
name with the one reading that made it, were the others to say no more than its id.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any, Final

from ingest.read_documents import ReadDocument
from ingest.said import End, Part, Said
from ingest.written import READING
from nlp.found import Candidate

MADE: Final = ("Company", "Person")
"""Types of what readings make of a name."""


@dataclass(frozen=True, slots=True)
class Origin:
    """Of what readings have made the key, and the name that stands under it."""

    key: str
    name: str


Origins = Mapping[str, Origin]
"""By id."""


def origins(nodes: Iterable[Mapping[str, Any]]) -> dict[str, Origin]:
    """Those of stored nodes that readings have made of a name; not those that only tell of another's id."""
    own = (node for node in nodes if node["source"] == READING and node.get("name"))
    return {node["id"]: Origin(node["key"], node["name"]) for node in own}


def links(read: ReadDocument) -> Iterator[Candidate]:
    """Everybody whom a document names for sure."""
    yield from (mention.link for mention in read.reading.mentions if mention.link is not None)
    for table in read.holdings:
        yield table.company
        yield from (holder.link for holder in table.holders if holder.link is not None)


def parties(said: Said) -> Iterator[End | Part]:
    """The parties of a claim."""
    yield from (end for end in (said.subject, said.object) if end is not None)
    yield from said.parts


def named(said: Said, made: Origins) -> Said:
    """A claim that names those of its parties which readings have made."""
    subject = own_end(said.subject, made)
    if said.kind == "holding" and subject.key:
        # as when the table was read first, and nobody was there to link the holder to
        subject = replace(subject, id=None)
    return replace(
        said,
        subject=subject,
        object=None if said.object is None else own_end(said.object, made),
        parts=tuple(_part(part, made) for part in said.parts),
    )


def own_end(end: End, made: Origins) -> End:
    """A party, under its key where readings have made it."""
    origin = made.get(end.id or "")
    return end if origin is None else replace(end, key=origin.key, called=_other(origin.name, end.name))


def _part(part: Part, made: Origins) -> Part:
    origin = made.get(part.id or "")
    return part if origin is None else replace(part, key=origin.key, called=_other(origin.name, part.text))


def _other(name: str, words: str) -> str:
    return "" if name == words else name
