"""相似公司: companies whose description says alike things, with what else they have in common.

score = 0.7 · meaning + 0.15 · industries + 0.15 · concepts: the likeness of what is told of both companies, from 0 for
unrelated texts to 1 for the same, and the shares of their industries and of their concepts that they have in common
(Jaccard). The weights are ours, set by judgement and not learnt; `blend=False` gives the likeness alone. State bodies
are left out.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Final, Literal

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graph.errors import InvalidInput
from graph.view import View
from queries.labels import Label
from queries.models import Answer, Cursor, Line, Party, PartyLine
from queries.paging import Page, cut
from queries.stakes import state_bodies
from queries.statements import of_fields, party, refs, who
from queries.text_library import Library, Passages, passages_of

MEANING, INDUSTRIES, CONCEPTS = 0.7, 0.15, 0.15
"""Weights of the parts."""

LEAST_SCORE: Final = 0.3
"""Companies that score less are not listed."""

Shared = Literal["industry", "concept"]
_SHARED: Final[dict[Shared, str]] = {"industry": "IN_INDUSTRY", "concept": "HAS_CONCEPT"}
_SHARED_LABELS: Final[dict[Shared, Label]] = {
    "industry": Label("同属行业", "both in the industry"),
    "concept": Label("同有概念", "both have the concept"),
}


@dataclass(slots=True, kw_only=True)
class Reason(Line):
    """One thing that two companies have in common; the records are those of the other company."""

    code: Literal["description", "industry", "concept"]
    text: str
    text_en: str


@dataclass(slots=True, kw_only=True)
class SimilarCompany(PartyLine):
    """A company, how like it is, and why."""

    score: float
    meaning: float
    industries: float
    concepts: float
    reasons: list[Reason]


class SimilarCompanies(Answer):
    """A page of companies, the likest first, then by id."""

    company: Party
    described: bool = Field(
        description="Whether there is a description, an industry or a concept to compare it by."
    )
    as_of: dt.date | None
    known_at: dt.date | None
    companies: list[SimilarCompany]
    total: int
    next: Cursor


def similar_companies(
    view: View, ref: str, library: Library, *, blend: bool = True, page: Page | None = None
) -> SimilarCompanies:
    """Companies that are told alike.

    Args:
        view: What the asker may see, on the day asked for.
        ref: An id of the company, its code, or its name where only one thing has it.
        library: Vectors of texts.
        blend: Whether shared industries and concepts count beside the description.
        page: How many, and behind which cursor.

    Raises:
        NotFound: No such company, or none that may be seen.
        Ambiguous: Several things have the name.
        InvalidInput: It is no company, or the cursor is not valid.
    """
    page, row = page or Page(limit=20), view.resolve(ref)
    if view.kind(row) != "Company":
        raise InvalidInput(
            "id", f"{view.name(row)} 不是公司，是 {view.kind(row)} / is no company but a {view.kind(row)}"
        )
    told = companies_told(view, library)
    found = _scored(view, told, row, library, blend=blend)
    question = ("similar", view.id(row), str(blend))
    shown, following = cut(found, page, lambda one: (-one.score, view.id(one.row)), *question)
    return SimilarCompanies(
        company=party(view, row),
        described=row in told.places,
        as_of=view.as_of,
        known_at=view.known_at,
        companies=[_line(view, row, one) for one in shown],
        total=len(found),
        next=following,
    )


# --- What is told of companies -------------------------------------------------------------------------------------


@dataclass(frozen=True)
class CompaniesTold:
    """Companies of which something is told, state bodies apart; company `i` has text number `which[i]`."""

    rows: NDArray[np.int64]
    places: dict[int, int]
    """Where each row is among them; the state bodies too, of which there is a text and no place in lists."""
    which: NDArray[np.int64]
    listed: NDArray[np.bool_]
    texts: list[str]
    passages: Passages


def companies_told(view: View, library: Library) -> CompaniesTold:
    """What a viewer is told of companies on a day, made once for all who see the same; new texts are read."""
    return view.foundation(("companies told", library), lambda: _told(view, library))


def _told(view: View, library: Library) -> CompaniesTold:
    """A company's description, then its industries and concepts by name.

    Products are left out: the graph knows those of the firm that a client has, not what a company makes.
    """
    parts: dict[int, list[str]] = {}
    described = view.property_texts("Company", "description")
    for row, which in zip(described.rows.tolist(), described.which.tolist(), strict=True):
        parts[row] = [described.texts[which]]
    for edge_type in _SHARED.values():
        for row, names in _named(view, edge_type).items():
            parts.setdefault(row, []).extend(names)
    rows = np.array(sorted(parts), np.int64)
    places: dict[str, int] = {}
    which = [places.setdefault("\n".join(parts[row]), len(places)) for row in rows.tolist()]
    return CompaniesTold(
        rows=rows,
        places={row: place for place, row in enumerate(rows.tolist())},
        which=np.array(which, np.int64),
        listed=~np.isin(rows, state_bodies(view)),
        texts=list(places),
        passages=passages_of(library, [("", text) for text in places]),
    )


def _named(view: View, edge_type: str) -> dict[int, list[str]]:
    """By company the names of what it belongs to, in order."""
    facts = view.arrays(edge_type)
    companies = view.of_kind(facts.start, "Company")
    names = {row: view.name(row) for row in np.unique(facts.end[companies]).tolist()}
    found: dict[int, set[str]] = {}
    for start, end in zip(facts.start[companies].tolist(), facts.end[companies].tolist(), strict=True):
        found.setdefault(start, set()).add(names[end])
    return {row: sorted(each) for row, each in found.items()}


# --- Scores --------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class _Scored:
    row: int
    score: float
    meaning: float
    industries: float
    concepts: float


def _scored(view: View, told: CompaniesTold, row: int, library: Library, *, blend: bool) -> list[_Scored]:
    """The companies that are like enough, the likest first."""
    place = told.places.get(row)
    if place is None:
        return []
    meaning = _meaning(told, told.which.item(place), library)
    industries, concepts = (_in_common(view, told, row, edge_type) for edge_type in _SHARED.values())
    score = meaning
    if blend:
        score = MEANING * score + INDUSTRIES * industries + CONCEPTS * concepts
    good = told.listed & (score >= LEAST_SCORE)
    good[place] = False
    found = [
        _Scored(told.rows.item(i), score.item(i), meaning.item(i), industries.item(i), concepts.item(i))
        for i in np.flatnonzero(good).tolist()
    ]
    return sorted(found, key=lambda one: (-one.score, view.id_key(one.row)))


def _meaning(told: CompaniesTold, text: int, library: Library) -> NDArray[np.float64]:
    """The mean, over the passages told of one company, of the likest passage told of each other."""
    first = told.passages.first
    vectors = [told.passages.vectors.vector(place) for place in range(first.item(text), first.item(text + 1))]
    likeness = [library.contrast(vector, told.passages.best(vector)[0]) for vector in vectors]
    total = likeness[0]
    for each in likeness[1:]:
        total = total + each  # not np.sum: how it groups depends on how many companies there are
    found: NDArray[np.float64] = (total / len(likeness))[told.which]
    return found


def _in_common(view: View, told: CompaniesTold, row: int, edge_type: str) -> NDArray[np.float64]:
    """Of what either belongs to, the share that both do, 0 where neither belongs to anything; by company told."""
    facts = view.arrays(edge_type)
    pairs = np.unique(np.stack([facts.start, facts.end], axis=1), axis=0)
    mine = pairs[pairs[:, 0] == row, 1]
    counts = np.bincount(pairs[:, 0], minlength=view.size)
    shared = np.bincount(pairs[np.isin(pairs[:, 1], mine), 0], minlength=view.size)
    either = counts + len(mine) - shared
    found: NDArray[np.float64] = (shared / np.maximum(either, 1))[told.rows]
    return found


# --- What is shown -------------------------------------------------------------------------------------------------


def _line(view: View, row: int, one: _Scored) -> SimilarCompany:
    reasons = list(_reasons(view, row, one))
    return SimilarCompany(
        **who(view, one.row),
        score=one.score,
        meaning=one.meaning,
        industries=one.industries,
        concepts=one.concepts,
        reasons=reasons,
        records=refs(record for reason in reasons for record in reason.records),
    )


def _reasons(view: View, row: int, one: _Scored) -> Iterator[Reason]:
    if one.meaning > 0:
        yield Reason(
            code="description",
            text=f"业务描述相近（{one.meaning:.2f}）",
            text_en=f"told alike ({one.meaning:.2f})",
            records=of_fields(view.property_records(one.row), ("description",)),
        )
    for code, label in _SHARED_LABELS.items():
        mine = {fact.other for fact in view.facts(row, _SHARED[code], "out")}
        for fact in view.facts(one.row, _SHARED[code], "out"):
            if fact.other in mine:
                name = view.name(fact.other)
                yield Reason(
                    code=code,
                    text=f"{label.zh} {name}",
                    text_en=f"{label.en} {name}",
                    records=refs(fact.records),
                )
