"""本公司往来: products held, revenue, exposure, coverage and acquaintance, over all companies."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from graph.view import View
from queries.exposure import matches, parts
from queries.group_totals import clients
from queries.indicators_ground import FEN, Columns, Ground, objects, texts_of
from queries.risk_positions import positions

Rows = NDArray[np.int64]


def columns(ground: Ground) -> Columns:
    """What the firm has with each company."""
    return {**_products(ground), **_exposure(ground), **_people(ground)}


def _products(ground: Ground) -> Columns:
    view = ground.view
    owned = view.arrays("OWNS_PRODUCT")
    company, product = owned.start.astype(np.int64), owned.end.astype(np.int64)
    line = texts_of(view, "Product", "category")
    called = {row: view.name(row) for row in np.unique(product).tolist()}
    products = ground.lists(company, product, [called[row] for row in product.tolist()])
    lines = objects([sorted(set(held)) for held in ground.lists(company, product, line[product].tolist())])
    sold = {name for name in line[view.rows("Product")].tolist() if name is not None}
    depth = np.array([len(held) for held in lines], np.float64) / (len(sold) or np.nan)
    revenue = ground.sum(company, owned["revenue"], FEN)
    return {
        "client": clients(view)[ground.rows],
        "products": products,
        "product_lines": lines,
        "product_count": np.array([len(held) for held in products], np.int64),
        "product_depth": depth,
        "firm_revenue": np.where(ground.count(company) == 0, 0.0, revenue),
    }


def _exposure(ground: Ground) -> Columns:
    found = positions(ground.view)
    amount = ground.sum(found.client, found.amount, FEN)
    none = ground.count(found.client) == 0
    net = ground.sum(found.client, np.where(np.isnan(found.amount), np.nan, found.net), FEN)
    return {"exposure": np.where(none, 0.0, amount), "exposure_net": np.where(none, 0.0, net)}


def _people(ground: Ground) -> Columns:
    view = ground.view
    covers = view.arrays("COVERS")
    pairs = np.unique(covers.end.astype(np.int64) * view.size + covers.start.astype(np.int64))
    company, contact = parts(view, "Contact", "client")
    return {
        "staff": ground.count(pairs // max(view.size, 1)),
        "contacts": ground.count(company),
        "relationship": _relationship(ground, company, contact),
    }


def _relationship(ground: Ground, client: Rows, contact: Rows) -> NDArray[np.float64]:
    """The strongest stated acquaintance of a member of staff with an officer or a contact, either way round."""
    view = ground.view
    people, companies = _people_at(view)
    people, companies = np.concatenate([people, contact]), np.concatenate([companies, client])
    known, strength = _known_to_staff(view)
    left, right = matches(known, people, view.size)
    return ground.most(companies[right], strength[left])


def _people_at(view: View) -> tuple[Rows, Rows]:
    officers = view.arrays("OFFICER_OF")
    return officers.start.astype(np.int64), officers.end.astype(np.int64)


def _known_to_staff(view: View) -> tuple[Rows, NDArray[np.float64]]:
    """Whom staff know, and how well."""
    facts = view.arrays("KNOWS")
    start, end = facts.start.astype(np.int64), facts.end.astype(np.int64)
    from_staff, to_staff = view.of_kind(start, "Employee"), view.of_kind(end, "Employee")
    strength = facts["strength"]
    return np.concatenate([end[from_staff], start[to_staff]]), np.concatenate(
        [strength[from_staff], strength[to_staff]]
    )
