"""What the questions are about: companies drawn from the world's files, the busiest ones, and queries for names."""

from __future__ import annotations

import csv
import random
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path

from ground import World

from graph import names
from graph.ids import entity_handle
from ingest.native import Native

SEED = 11
HUBS = 50
_COMMON = "公司有限责任股份集团"


@dataclass(frozen=True, slots=True)
class Subject:
    """A public company of the world."""

    id: str
    name: str
    code: str


def rows(path: Path) -> Iterator[dict[str, str]]:
    """The rows of a file in the native form."""
    with path.open(encoding="utf-8", newline="") as file:
        yield from csv.DictReader(file)


def company_id(key: str) -> str:
    """The id of a company by its native key."""
    return entity_handle(Native.namespace, "Company", key)


def draw(world: World, count: int) -> list[Subject]:
    """So many public companies, none twice, in random order; all there are where they are fewer."""
    chosen: list[Subject] = []
    chance = random.Random(SEED)
    public = (row for row in rows(world.file("Company")) if not row["compartments"])
    for number, row in enumerate(public):
        subject = Subject(company_id(row["id"]), row["name"], row["code"])
        if number < count:
            chosen.append(subject)
        elif (place := chance.randrange(number + 1)) < count:
            chosen[place] = subject
    chance.shuffle(chosen)
    return chosen


def hubs(world: World) -> list[str]:
    """Ids of the companies at most ends of edges, the busiest first."""
    ends: Counter[str] = Counter()
    for name in ("HOLDS", "OFFICER_OF", "CONTROLS", "SUPPLIES"):
        for row in rows(world.file(name)):
            ends.update(key for key in (row["from"], row["to"]) if key.startswith("C"))
    return [company_id(key) for key, _ in ends.most_common(HUBS)]


def queries(subjects: list[Subject]) -> Mapping[str, list[str]]:
    """Queries by sort, no two alike, each about a subject of its own."""
    sorts: dict[str, list[str]] = {sort: [] for sort in _SORTS}
    asked: set[str] = set()
    for number, subject in enumerate(subjects):
        sort = list(_SORTS)[number % len(_SORTS)]
        query = _SORTS[sort](subject)
        if query and query not in asked:
            asked.add(query)
            sorts[sort].append(query)
    coded = [subject.code for subject in subjects if subject.code]
    return {**sorts, "code": coded}


def _exact(subject: Subject) -> str:
    return subject.name


def _prefix(subject: Subject) -> str:
    return subject.name[:4]


def _infix(subject: Subject) -> str:
    return subject.name[2:5]


def _pinyin(subject: Subject) -> str:
    return names.pinyin(subject.name[:5]).replace(" ", "")


def _initials(subject: Subject) -> str:
    return names.initials(subject.name[:6])


def _one_error(subject: Subject) -> str:
    place = min(3, len(subject.name) - 1)
    return subject.name[:place] + "龘" + subject.name[place + 1 :]


_SORTS = {
    "exact": _exact,
    "prefix": _prefix,
    "infix": _infix,
    "pinyin": _pinyin,
    "initials": _initials,
    "one error": _one_error,
}
