"""关系链来源: prospects near a good client: its suppliers, customers, investors, other companies of its officers.

State bodies lead nowhere.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
from numpy.typing import NDArray

from graph.view import Fact, View
from queries.group_totals import clients
from queries.labels import Label
from queries.opportunity_proposals import Desk, Evidence, Flags, Proposals, Rows, company_rows, without_state
from queries.opportunity_rules import ChainRules, OpportunityRules, Relation
from queries.statements import refs


@dataclass(frozen=True)
class Links:
    """Pairs of a prospect and a good client, with the newest day of what ties them."""

    prospect: Rows
    client: Rows
    day: Rows


_SAID: Final[dict[Relation, Label]] = {
    "supplier": Label("{a}是优质客户{b}的供应商", "{a} supplies {b}, a good client"),
    "customer": Label("{a}是优质客户{b}的采购方", "{a} buys from {b}, a good client"),
    "investor": Label("{a}投资了优质客户{b}", "{a} has invested in {b}, a good client"),
    "officer": Label("{a}与优质客户{b}有共同的高管{c}", "{a} and {b}, a good client, share the officer {c}"),
}


class Chain:
    """关系链: prospects near good clients."""

    name = "chain"
    label = Label("关系链", "chain of a good client")

    def __init__(self, rules: OpportunityRules) -> None:
        self._rules = rules.chain
        self.version = rules.label

    def propose(self, desk: Desk) -> Proposals:
        """For each relation, what its rules say."""
        good = self.good(desk)
        parts = []
        for relation in _SAID:
            found = _nearest(desk.view, _links(desk.view, good, relation, self._rules))
            prospect, client, count, day = found
            for number, rule in enumerate(self._rules.rules):
                if rule.relation != relation:
                    continue
                place = np.full(len(prospect), desk.catalogue.places[rule.product], np.int64)
                by: dict[str, NDArray[Any] | float] = {
                    "rule": np.full(len(prospect), number),
                    "strength": rule.strength * count / (count + 1.0),
                    "urgency": rule.urgency,
                    "evidence": client,
                    "detail": count,
                    "dated": day,
                }
                parts.append(Proposals.lasting((prospect, place), by))
        return Proposals.joined(parts)

    def good(self, desk: Desk) -> Flags:
        """优质客户: by row whether it has enough products."""
        pairs = np.unique(np.stack([desk.owner, desk.owned]), axis=1)
        counts = np.bincount(pairs[0], minlength=desk.view.size)
        flags: Flags = counts >= self._rules.good_products
        return flags

    def explain(self, desk: Desk, proposals: Proposals, at: int) -> Evidence:
        """Which good client, and by which tie."""
        view, rule = desk.view, self._rules.rules[proposals.rule.item(at)]
        prospect, client = proposals.company.item(at), proposals.evidence.item(at)
        ties = list(_ties(view, prospect, client, rule.relation))
        names = {"a": view.name(prospect), "b": view.name(client), "c": _person(view, ties, rule.relation)}
        said, count = _SAID[rule.relation], proposals.detail.item(at)
        more = Label(f"（另有{count - 1}家）", f" ({count - 1} more)") if count > 1 else Label("", "")
        owned = view.facts(client, "OWNS_PRODUCT", "out")
        return Evidence(
            rule=f"{rule.id}@{self.version}",
            text=Label(
                f"{said.zh.format(**names)}{more.zh}：{rule.why.zh}。",
                f"{said.en.format(**names)}{more.en}: {rule.why.en}.",
            ),
            records=tuple(refs(record for fact in ties for record in fact.records)),
            things=(view.id(client),),
            compartments=frozenset(_walls(ties, owned, self._rules.good_products)),
        )


def _walls(ties: list[Fact], owned: list[Fact], enough: int) -> set[str]:
    """What one must be cleared for to know of the tie, and that the client is a good one."""
    least = min(
        (set(fact.compartments) for fact in ties),
        key=lambda names: (len(names), sorted(names)),
        default=set(),
    )
    products = sorted((fact.compartments for fact in owned), key=lambda names: (len(names), names))[:enough]
    return least | {name for names in products for name in names}


# --- relations ---


def _links(view: View, good: Flags, relation: Relation, rules: ChainRules) -> Links:
    """Prospects in a relation to good clients: no clients themselves, and no state bodies."""
    found = _INVOLVED[relation](view, good, rules)
    client = clients(view)
    keep = company_rows(view, found.prospect) & ~client[found.prospect] & without_state(view, found.client)
    keep &= found.prospect != found.client
    return Links(found.prospect[keep], found.client[keep], found.day[keep])


def _suppliers(view: View, good: Flags, _: ChainRules) -> Links:
    facts = view.arrays("SUPPLIES")
    at = np.flatnonzero(good[facts.end])
    return _of(facts.start[at], facts.end[at], facts.valid_from[at])


def _customers(view: View, good: Flags, _: ChainRules) -> Links:
    facts = view.arrays("SUPPLIES")
    at = np.flatnonzero(good[facts.start])
    return _of(facts.end[at], facts.start[at], facts.valid_from[at])


def _investors(view: View, good: Flags, _: ChainRules) -> Links:
    """Holders, and investors in deals whose target the client was."""
    held = view.arrays("HOLDS")
    at = np.flatnonzero(good[held.end])
    parts = view.arrays("PARTY_TO")
    target, investor = (np.flatnonzero(parts.equals("role", role)) for role in ("target", "investors"))
    target = target[good[parts.start[target]] & view.of_kind(parts.end[target], "Deal")]
    one, other = _joined(parts.end[investor], parts.end[target])
    return _of(
        np.concatenate([held.start[at], parts.start[investor[one]]]),
        np.concatenate([held.end[at], parts.start[target[other]]]),
        np.concatenate([held.valid_from[at], parts.valid_from[investor[one]]]),
    )


def _officers(view: View, good: Flags, rules: ChainRules) -> Links:
    facts = view.arrays("OFFICER_OF")
    pairs = np.unique(np.stack([facts.start, facts.end]), axis=1)
    offices = np.bincount(pairs[0], minlength=view.size)
    usable = np.flatnonzero(offices[facts.start] <= rules.most_offices)
    near = usable[good[facts.end[usable]]]
    one, other = _joined(facts.start[usable], facts.start[near])
    return _of(facts.end[usable[one]], facts.end[near[other]], facts.valid_from[usable[one]])


_INVOLVED: Final = {
    "supplier": _suppliers,
    "customer": _customers,
    "investor": _investors,
    "officer": _officers,
}


def _of(prospect: Rows, client: Rows, day: Rows) -> Links:
    return Links(prospect.astype(np.int64), client.astype(np.int64), day.astype(np.int64))


def _joined(left: Rows, right: Rows) -> tuple[Rows, Rows]:
    """Places in left and right that have the same value, each pair once."""
    order = np.argsort(right, kind="stable")
    begin = np.searchsorted(right[order], left)
    count = np.searchsorted(right[order], left, "right") - begin
    one = np.repeat(np.arange(len(left)), count)
    offset = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return one, order[np.repeat(begin, count) + offset]


def _nearest(view: View, links: Links) -> tuple[Rows, Rows, Rows, Rows]:
    """Of each prospect the good client with the smallest id, how many there are, and the newest day."""
    order = np.lexsort((view.id_keys()[links.client], links.prospect))
    prospect, client, day = links.prospect[order], links.client[order], links.day[order]
    pairs = np.unique(np.stack([prospect, client]), axis=1)
    rows, first = np.unique(prospect, return_index=True)
    count = np.bincount(np.searchsorted(rows, pairs[0]), minlength=len(rows))
    newest = np.maximum.reduceat(day, first) if len(first) else day
    return rows, client[first], count, newest


# --- how it is told ---


def _ties(view: View, prospect: int, client: int, relation: Relation) -> Iterator[Fact]:
    """The facts that tie a prospect to a client."""
    if relation in ("supplier", "customer"):
        way = "out" if relation == "supplier" else "in"
        yield from (fact for fact in view.facts(prospect, "SUPPLIES", way) if fact.other == client)
    elif relation == "investor":
        yield from (fact for fact in view.facts(prospect, "HOLDS", "out") if fact.other == client)
        deals = {f.other for f in view.facts(client, "PARTY_TO", "out") if f.props.get("role") == "target"}
        for fact in view.facts(prospect, "PARTY_TO", "out"):
            if fact.other in deals and fact.props.get("role") == "investors":
                yield fact
    else:
        people = {fact.other for fact in view.facts(client, "OFFICER_OF", "in")}
        yield from (fact for fact in view.facts(prospect, "OFFICER_OF", "in") if fact.other in people)


def _person(view: View, ties: list[Fact], relation: Relation) -> str:
    return view.name(ties[0].start) if relation == "officer" and ties else ""
