"""协同过滤来源: what clients with alike products have, by alternating least squares on implicit feedback.

Hu, Koren, Volinsky, Collaborative Filtering for Implicit Feedback Datasets (2008), as the library `implicit` has it: in
one thread, from a fixed seed, over clients in order of their ids, on what everyone may see.
"""

from __future__ import annotations

from hashlib import blake2b

import numpy as np
from scipy.sparse import csr_matrix
from threadpoolctl import threadpool_limits

from graph.recent import Recent
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
)
from queries.opportunity_rules import CollaborativeRule, OpportunityRules
from queries.statements import refs

_Found = tuple[Rows, Rows, Floats, Rows]


class Collaborative:
    """协同过滤: what clients with alike products have."""

    name = "collaborative"
    label = Label("协同过滤", "collaborative filtering")

    def __init__(self, rules: OpportunityRules) -> None:
        self._rule = rules.collaborative
        self._kept = Recent(4)
        self.version = rules.label

    def propose(self, desk: Desk) -> Proposals:
        """The best few products of each client among those that it has not."""
        public = public_desk(desk)
        rows, owned = _owned(public)
        key = blake2b(rows.tobytes() + owned.tobytes(), digest_size=16).digest()
        client, product, score, like = self._kept.get(key, lambda: _best(owned, self._rule))
        return Proposals.lasting(
            (rows[client], product),
            {"strength": score, "urgency": self._rule.urgency, "evidence": rows[like]},
        )

    def explain(self, desk: Desk, proposals: Proposals, at: int) -> Evidence:
        """The client with the most products in common that has it."""
        public = public_desk(desk)
        view, place = desk.view, proposals.product.item(at)
        company, like = proposals.company.item(at), proposals.evidence.item(at)
        product, score = desk.catalogue.products[place], proposals.strength.item(at)
        facts = facts_of_product(public, like, place)
        return Evidence(
            rule=f"collaborative@{self.version}",
            text=Label(
                f"产品组合与{view.name(company)}相近的客户（如{view.name(like)}）持有{product.name.zh}，偏好得分{score:.2f}。",
                f"clients with products like those of {view.name(company)} (as {view.name(like)}) have "
                f"{product.name.en}; preference {score:.2f}.",
            ),
            records=tuple(refs(record for fact in facts for record in fact.records)),
            things=(view.id(like),),
            compartments=frozenset(),
        )


def _owned(desk: Desk) -> tuple[Rows, Floats]:
    """Clients with a product in order of their ids, and what they have, (clients, products)."""
    view = desk.view
    rows = np.unique(desk.owner)
    rows = rows[company_rows(view, rows)]
    rows = rows[np.argsort(np.array(view.ids(rows), "U24"))]
    place = np.full(view.size, -1, np.int64)
    place[rows] = np.arange(len(rows))
    owned = np.zeros((len(rows), desk.size))
    known = place[desk.owner] >= 0
    owned[place[desk.owner[known]], desk.owned[known]] = 1.0
    return rows, owned


def _best(owned: Floats, rule: CollaborativeRule) -> _Found:
    """Client, product, score, and the client with the most in common that has it; by place."""
    nothing = np.zeros(0, np.int64), np.zeros(0, np.int64), np.zeros(0), np.zeros(0, np.int64)
    if len(owned) < rule.fewest_clients:
        return nothing
    scores = np.where(owned > 0, -1.0, preferences(owned, rule))
    order = np.argsort(-scores, axis=1, kind="stable")[:, : rule.each]
    client, nth = np.nonzero(np.take_along_axis(scores, order, axis=1) >= rule.least_score)
    product = order[client, nth]
    like = [_likest(owned, c, p) for c, p in zip(client.tolist(), product.tolist(), strict=True)]
    found = np.array(like, np.int64)
    good = found >= 0
    return client[good], product[good], scores[client, product][good], found[good]


def preferences(owned: Floats, rule: CollaborativeRule) -> Floats:
    """Scores from 0 to 1, (clients, products)."""
    from implicit.als import AlternatingLeastSquares  # noqa: PLC0415  # loads BLAS; only where the source is on

    with threadpool_limits(1):  # type: ignore[no-untyped-call]
        model = AlternatingLeastSquares(  # type: ignore[no-untyped-call]
            factors=rule.factors, regularization=rule.regularization, alpha=rule.confidence,
            iterations=rule.iterations, num_threads=1, random_state=rule.seed, use_gpu=False,
        )  # fmt: skip
        model.fit(csr_matrix(owned.astype(np.float32)), show_progress=False)
        scores = np.asarray(model.user_factors @ model.item_factors.T, np.float64)
    found: Floats = np.round(np.clip(scores, 0.0, 1.0), 4).astype(np.float64)
    return found


def _likest(owned: Floats, client: int, product: int) -> int:
    """Of those that have a product the one with the most products in common, then the fewest others, then by id."""
    holders = np.flatnonzero(owned[:, product])
    if not len(holders):
        return -1
    common = owned[holders] @ owned[client]
    order = np.lexsort((holders, owned[holders].sum(axis=1), -common))
    return int(holders[order[0]])
