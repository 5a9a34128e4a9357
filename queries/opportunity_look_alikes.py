"""相似客户来源: clients of the same industry, alike in size, stage, place in the graph and description, have a product.

Likeness is Gower's (1971): the mean over aspects that are known of both; within an aspect the mean over features, each
1 less the distance in its span. It is worked out on what everyone may see, in sums whose order is fixed, so that no
figure depends on what else is in the graph's rows.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from typing import Any, Final, Protocol

import numpy as np
from numpy.typing import NDArray

from graph.recent import Recent
from graph.view import View
from queries.company_facts import Facts, company_facts
from queries.group_totals import clients
from queries.labels import Label
from queries.opportunity_proposals import (
    Desk,
    Evidence,
    Floats,
    Proposals,
    Rows,
    company_rows,
    facts_of_product,
    public_desk,
    spreading,
)
from queries.opportunity_rules import LookAlikeRule, OpportunityRules
from queries.opportunity_text import percent_text
from queries.statements import refs


class Told(Protocol):
    """Vectors of texts, as `queries.text_library.Library` has them."""

    def vectors(self, texts: Sequence[str]) -> Any:
        """Vectors of texts, in their order."""


SPANS: Final = {
    "size": {"capital": 4.0, "total_assets": 4.0, "revenue": 4.0, "market_value": 4.0},
    "position": {"group_size": 2.0, "subsidiaries": 2.0, "bonds": 1.0},
}
"""Features by aspect, on a scale of powers of ten: the distance at which two companies have nothing in common."""

TIES: Final = (
    ("HOLDS", "in"),
    ("HOLDS", "out"),
    ("SUPPLIES", "in"),
    ("SUPPLIES", "out"),
    ("OFFICER_OF", "in"),
)
"""Whose number is a feature of the place in the graph, on the same scale, with a span of 2."""

_AGES: Final = 20.0
_CHUNK: Final = 256
_LONGEST: Final = 300
_UNRELATED: Final = 0.5
"""A cosine at which two descriptions have nothing in common."""


@dataclass(frozen=True)
class Crowd:
    """Clients in order of their ids: rows, industry (a code), features by aspect (clients, features), NaN unknown."""

    rows: Rows
    industry: Rows
    aspects: tuple[Floats, ...]
    vectors: NDArray[np.float32]
    owns: Floats
    """(clients, products), 1 where a client has one."""

    @property
    def digest(self) -> bytes:
        """A hash of all."""
        made = blake2b(digest_size=16)
        for column in (self.rows, self.industry, *self.aspects, self.vectors, self.owns):
            made.update(np.ascontiguousarray(column).tobytes())
        return made.digest()


class LookAlikes:
    """相似客户: what clients alike have."""

    name = "look_alikes"
    label = Label("相似客户", "look-alikes")

    def __init__(self, rules: OpportunityRules, told: Told | None = None) -> None:
        self._rule = rules.look_alikes
        self._told = told
        self._kept = Recent(4)
        self.version = rules.label if told is None else f"{rules.label}+told"

    def propose(self, desk: Desk) -> Proposals:
        """What enough of a client's neighbours have and it has not; all of them as everyone may see them."""
        public = public_desk(desk)
        crowd = _crowd(public, self._told)
        company, product, share, nearest, holders = self._kept.get(
            crowd.digest, lambda: _proposed(crowd, self._rule)
        )
        found = Proposals.lasting(
            (company, product),
            {"strength": share, "urgency": self._rule.urgency, "evidence": nearest, "detail": holders},
        )
        return found.taken(spreading(desk)[found.product])

    def explain(self, desk: Desk, proposals: Proposals, at: int) -> Evidence:
        """How many of the clients alike have it, and the likest of them."""
        public = public_desk(desk)
        view, place = desk.view, proposals.product.item(at)
        company, nearest, holders = (
            c.item(at) for c in (proposals.company, proposals.evidence, proposals.detail)
        )
        product = desk.catalogue.products[place]
        share = percent_text(proposals.strength.item(at))
        facts = facts_of_product(public, nearest, place)
        return Evidence(
            rule=f"look-alikes@{self.version}",
            text=Label(
                f"与{view.name(company)}同行业且规模、阶段、股权位置相近的客户中有{holders}家（加权{share}）持有"
                f"{product.name.zh}，最相近的是{view.name(nearest)}。",
                f"{holders} of the clients like {view.name(company)} in industry, size, stage and place "
                f"({share}, weighted) have {product.name.en}; the likest is {view.name(nearest)}.",
            ),
            records=tuple(refs(record for fact in facts for record in fact.records)),
            things=(view.id(nearest),),
            compartments=frozenset(),
        )


# --- the crowd ---


def _crowd(desk: Desk, told: Told | None) -> Crowd:
    view = desk.view
    rows = np.flatnonzero(clients(view))
    rows = rows[company_rows(view, rows)]
    rows = rows[np.argsort(np.array(view.ids(rows), "U24"))]
    order = np.argsort(rows)
    facts = company_facts(view, rows[order]).taken(np.argsort(order))
    place = np.full(view.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    owns = np.zeros((len(rows), desk.size))
    owned = place[desk.owner] >= 0
    owns[place[desk.owner[owned]], desk.owned[owned]] = 1.0
    return Crowd(
        rows,
        _codes([names[0] if names else "" for names in facts.values("industries")]),
        (_size(facts), _stage(facts), _position(view, rows, facts)),
        _descriptions(view, rows, told),
        owns,
    )


def _codes(texts: Sequence[str | None]) -> Rows:
    codes: Rows = np.unique(np.array([text or "" for text in texts], np.str_), return_inverse=True)[1]
    return codes.astype(np.int64)


def _powers(values: Any, span: float) -> Floats:
    """Values above zero as powers of ten, in spans."""
    with np.errstate(divide="ignore", invalid="ignore"):
        found: Floats = np.where(values > 0, np.log10(values), np.nan) / span
    return found


def _size(facts: Facts) -> Floats:
    return np.stack([_powers(facts.columns[name], span) for name, span in SPANS["size"].items()], axis=1)


def _stage(facts: Facts) -> Floats:
    """Life cycle and listing as codes far apart, so that two that differ have nothing in common; age in spans."""
    cycle = np.array([text is not None for text in facts.values("life_cycle")])
    codes = np.where(cycle, _codes(facts.values("life_cycle")).astype(np.float64), np.nan)
    listed = np.array([float(bool(value)) for value in facts.values("listed")])
    return np.stack([codes, listed, facts.columns["age_years"].astype(np.float64) / _AGES], axis=1)


def _position(view: View, rows: Rows, facts: Facts) -> Floats:
    columns = [_powers(facts.columns[name] + 1.0, span) for name, span in SPANS["position"].items()]
    for kind, direction in TIES:
        found = view.arrays(kind)
        ends = found.start if direction == "out" else found.end
        columns.append(_powers(np.bincount(ends, minlength=view.size)[rows] + 1.0, 2.0))
    return np.stack(columns, axis=1)


def _descriptions(view: View, rows: Rows, told: Told | None) -> NDArray[np.float32]:
    """Vectors of what is told of each client in whole numbers, so that products are exact; zeros where nothing is."""
    if told is None:
        return np.zeros((len(rows), 0), np.float32)
    texts = [str(view.value(row, "description") or "")[:_LONGEST] for row in rows.tolist()]
    vectors = told.vectors(texts)
    made = [vectors.vector(at) for at in range(len(texts))]
    return np.array(made, np.float32).reshape(len(rows), -1) if made else np.zeros((0, 0), np.float32)


# --- likeness ---

_Found = tuple[Rows, Rows, Floats, Rows, Rows]


def _proposed(crowd: Crowd, rule: LookAlikeRule) -> _Found:
    """Company, product, weighted share of the neighbours that have it, the likest of them, how many they are."""
    parts = [
        _of_chunk(crowd, rule, members[start : start + _CHUNK], others)
        for code in np.unique(crowd.industry).tolist()
        for members in [np.flatnonzero(crowd.industry == code)]
        for others in [members[crowd.owns[members].any(axis=1)]]
        if len(others)
        for start in range(0, len(members), _CHUNK)
    ]
    kinds = (np.int64, np.int64, np.float64, np.int64, np.int64)
    company, product, share, nearest, holders = (
        np.concatenate([np.zeros(0, kind), *(part[at] for part in parts)]) for at, kind in enumerate(kinds)
    )
    return company, product, share, nearest, holders


def _of_chunk(crowd: Crowd, rule: LookAlikeRule, members: Rows, others: Rows) -> _Found:
    alike = likeness(crowd, members, others)
    alike[members[:, None] == others[None, :]] = -1.0
    order = np.argsort(-alike, axis=1, kind="stable")[:, : rule.neighbours]
    near = np.take_along_axis(alike, order, axis=1)
    near = np.where(near >= rule.least_likeness, near, 0.0)
    shape = (len(members), crowd.owns.shape[1])
    share: Floats = np.zeros(shape)
    total: Floats = np.zeros(len(members))
    holders: Rows = np.zeros(shape, np.int64)
    nearest: Rows = np.full(shape, -1, np.int64)
    for at in range(order.shape[1]):  # a fixed order of sums
        neighbour, weight = others[order[:, at]], near[:, at]
        has = (crowd.owns[neighbour] > 0) & (weight > 0)[:, None]
        share += np.where(has, weight[:, None], 0.0)
        holders += has
        nearest = np.where(has & (nearest < 0), neighbour[:, None], nearest)
        total += weight
    share = np.round(share / np.where(total > 0, total, 1.0)[:, None], 6).astype(np.float64)
    good = (holders >= rule.least_holders) & (share >= rule.least_share) & (crowd.owns[members] == 0)
    member, product = np.nonzero(good)
    return crowd.rows[members[member]], product, share[good], crowd.rows[nearest[good]], holders[good]


def likeness(crowd: Crowd, members: Rows, others: Rows) -> Floats:
    """How alike clients of one industry are, (members, others), from 0 to 1."""
    total, known = np.ones((len(members), len(others))), np.ones((len(members), len(others)))
    for aspect in crowd.aspects:
        found, told = _of_aspect(aspect[members], aspect[others])
        total += found
        known += told
    if crowd.vectors.shape[1]:
        found, told = _of_texts(crowd.vectors[members], crowd.vectors[others])
        total += found
        known += told
    return np.round(total / known, 6)


def _of_aspect(mine: Floats, theirs: Floats) -> tuple[Floats, Floats]:
    """The mean of what is known of both, 0 where nothing is; and whether anything is."""
    shape = (len(mine), len(theirs))
    total, known = np.zeros(shape), np.zeros(shape)
    for at in range(mine.shape[1]):
        apart = np.abs(mine[:, at, None] - theirs[None, :, at])
        told = ~np.isnan(apart)
        total += np.where(told, np.maximum(0.0, 1.0 - np.nan_to_num(apart, nan=1.0)), 0.0)
        known += told
    return np.divide(total, known, out=np.zeros(shape), where=known > 0), (known > 0).astype(np.float64)


def _of_texts(mine: NDArray[np.float32], theirs: NDArray[np.float32]) -> tuple[Floats, Floats]:
    products = (mine @ theirs.T).astype(np.float64)
    lengths = np.sqrt(np.square(mine).sum(axis=1, dtype=np.float64))[:, None] * np.sqrt(
        np.square(theirs).sum(axis=1, dtype=np.float64)
    )
    told = lengths > 0
    cosine = np.divide(products, lengths, out=np.zeros(products.shape), where=told)
    alike = np.clip((cosine - _UNRELATED) / (1 - _UNRELATED), 0.0, 1.0)
    return np.where(told, alike, 0.0), told.astype(np.float64)
