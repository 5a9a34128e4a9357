"""集团空白来源: what the rest of a group, by computed control, has of the firm's products and one company lacks.

A group is all companies under the same ultimate controllers; the state joins nobody, so below a state body each highest
company has a group of its own (公司法 2023 art. 265(4)).
"""

from __future__ import annotations

from collections import deque
from typing import Final

import numpy as np

from graph.view import View
from queries import stakes
from queries.group_realm import below_state, whole
from queries.labels import Label
from queries.opportunity_proposals import (
    Desk,
    Evidence,
    Flags,
    Proposals,
    Rows,
    company_rows,
    facts_of_product,
    spreading,
)
from queries.opportunity_rules import OpportunityRules
from queries.statements import refs

_MOST_ABOVE: Final = 200
"""So many parties above a company are looked at for the compartments of a link of control."""


class WhiteSpace:
    """集团空白: a product that others of the group have."""

    name = "white_space"
    label = Label("集团空白", "group white space")

    def __init__(self, rules: OpportunityRules) -> None:
        self._rule = rules.white_space
        self.version = rules.label

    def propose(self, desk: Desk) -> Proposals:
        """Every product that a group has, to each of its companies that has it not."""
        view = desk.view
        group = groups(view)
        owners = np.unique(np.stack([group[desk.owner], desk.owner]), axis=1)
        size = np.bincount(owners[0], minlength=view.size + 1)
        pairs, which, count = np.unique(
            desk.keys(group[desk.owner], desk.owned), return_inverse=True, return_counts=True
        )
        member = np.flatnonzero(_in_groups(group, owners[0]))
        member = member[company_rows(view, member)]
        at, company = _members_by(pairs // desk.size, group, member)
        product = (pairs % desk.size)[at]
        lacks = ~desk.has(company, product) & spreading(desk)[product]
        at, company, product = at[lacks], company[lacks], product[lacks]
        first, newest = _holders(desk, which, len(pairs))
        return Proposals.lasting(
            (company, product),
            {
                "strength": count[at] / (size[pairs[at] // desk.size] + 1.0),
                "urgency": self._rule.urgency,
                "evidence": first[at],
                "detail": count[at],
                "dated": newest[at],
            },
        )

    def explain(self, desk: Desk, proposals: Proposals, at: int) -> Evidence:
        """Who of the group has it."""
        view, company = desk.view, proposals.company.item(at)
        holder, count = proposals.evidence.item(at), proposals.detail.item(at)
        product = desk.catalogue.products[proposals.product.item(at)]
        facts = facts_of_product(desk, holder, proposals.product.item(at))
        more = f"等{count}家" if count > 1 else ""
        more_en = f" and {count - 1} more" if count > 1 else ""
        walls = {name for fact in facts for name in fact.compartments} | link_walls(view, company, holder)
        return Evidence(
            rule=f"group-white-space@{self.version}",
            text=Label(
                f"与{view.name(company)}同属一个集团的{view.name(holder)}{more}已持有{product.name.zh}，本公司没有。",
                f"{view.name(holder)}{more_en} of the same group has {product.name.en}; this company has not.",
            ),
            records=tuple(refs(record for fact in facts for record in fact.records)),
            things=(view.id(holder),),
            compartments=frozenset(walls),
        )


def _in_groups(group: Rows, wanted: Rows) -> Flags:
    flags: Flags = np.isin(group, np.unique(wanted))
    return flags


def _members_by(labels: Rows, group: Rows, member: Rows) -> tuple[Rows, Rows]:
    """For each label and each member of that group: the place of the label, and the member."""
    order = np.argsort(group[member], kind="stable")
    member = member[order]
    begin = np.searchsorted(group[member], labels)
    end = np.searchsorted(group[member], labels, "right")
    count = end - begin
    at = np.repeat(np.arange(len(labels)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return at, member[np.repeat(begin, count) + offset]


def _holders(desk: Desk, which: Rows, size: int) -> tuple[Rows, Rows]:
    """Of each group and product the holder with the smallest id, and the newest day on which one came to have it."""
    view = desk.view
    order = np.lexsort((view.id_keys()[desk.owner], which))
    first = np.zeros(size, np.int64)
    first[which[order][::-1]] = desk.owner[order][::-1]
    newest = np.full(size, np.iinfo(np.int64).min)
    np.maximum.at(newest, which, view.arrays("OWNS_PRODUCT").valid_from[desk.holding].astype(np.int64))
    return first, newest


# --- groups ---


def groups(view: View) -> Rows:
    """By row a number of the group it belongs to; one of its own where nobody controls it. Kept by View."""
    return view.foundation("opportunity groups", lambda: _groups(view))


def _groups(view: View) -> Rows:
    controller = stakes.control(view).controller.astype(np.int64)
    found = np.where(controller >= 0, controller, np.arange(view.size))
    realm, bodies = whole(view), set(stakes.state_bodies(view).tolist())
    for number in np.unique(controller[controller >= 0]).tolist():
        if _of_state(view, number, bodies, realm.agreements):
            members = np.flatnonzero(controller == number)
            found[members] = members
            _label_below(view, members.item(0), found)
    labels: Rows = np.unique(found, return_inverse=True)[1].astype(np.int64)
    return labels


def _of_state(view: View, number: int, bodies: set[int], agreements: tuple[tuple[int, ...], ...]) -> bool:
    tops = (number,) if number < view.size else agreements[number - view.size]
    return all(top in bodies for top in tops)


def _label_below(view: View, row: int, found: Rows) -> None:
    """Give the companies of a state body the groups that are left when it gathers no votes itself."""
    realm = below_state(view, row)
    places = realm.control.controller[: len(realm.nodes)] >= 0
    for place in np.flatnonzero(places & (realm.cast_in < 0)).tolist():
        tops = realm.tops(place)
        found[realm.nodes.item(place)] = realm.nodes.item(min(tops))


# --- walls ---


def link_walls(view: View, one: int, other: int) -> set[str]:
    """What one must be cleared for to know that two companies are of one group; nothing where the public knows."""
    public = view.public()
    if public.exists(one) and public.exists(other) and groups(public)[one] == groups(public)[other]:
        return set()
    return _above(view, one) | _above(view, other)


def _above(view: View, company: int) -> set[str]:
    """Compartments of all holdings and agreements above a company."""
    named: set[str] = set()
    seen, waiting = {company}, deque([company])
    while waiting and len(seen) <= _MOST_ABOVE:
        row = waiting.popleft()
        for kind, direction in (("HOLDS", "in"), ("PARTY_TO", "out")):
            for fact in view.facts(row, kind, direction):
                if kind == "PARTY_TO" and view.kind(fact.other) != "ConcertAgreement":
                    continue
                named.update(fact.compartments)
                if kind == "HOLDS" and fact.other not in seen:
                    seen.add(fact.other)
                    waiting.append(fact.other)
    return named
