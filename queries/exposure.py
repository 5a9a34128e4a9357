"""敞口网络: whose distress hits whom, through which channel and by how much; made of facts, kept by View."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace
from enum import IntEnum, IntFlag
from functools import cached_property
from typing import Any, Final, NamedTuple

import numpy as np
from numpy.typing import NDArray

from graph.algorithms import diffusion
from graph.columns import text_hash
from graph.view import FactArrays, View
from graph.view_types import RecordRef
from queries import stakes
from queries.exposure_equity import Equity, equity_of, revenue_of
from queries.owners import PLACES
from queries.risk_channels import CHANNELS, Channels
from queries.stakes import Flags, Floats
from queries.statements import of_units

Rows = NDArray[np.int64]
Keys = NDArray[np.uint64]
Three = NDArray[np.float64]
"""Low, central and high by edge: an array of three rows."""


class Origin(IntEnum):
    """What an edge was made of: a fact of a type, or a thing with the parts in it (a guarantee, a pledge)."""

    HOLDS = 0
    CONTROLS = 1
    LENDS_TO = 2
    SUPPLIES = 3
    OFFICER_OF = 4
    THING = 5


class Unknown(IntFlag):
    """What no source states of an edge, so that its weight is a range."""

    AMOUNT = 1
    EQUITY = 2
    SHARE = 4


class Part(NamedTuple):
    """Edges of one channel; `fact` and `second` are rows of their origin's facts, or of the View, -1 for none."""

    channel: str
    source: Rows
    target: Rows
    weight: Three
    unknown: NDArray[np.uint8]
    origin: Origin
    fact: Rows
    key: Keys
    second: Rows | None = None


@dataclass(frozen=True)
class Exposures:
    """The network of a View: arrays by edge, and the sorted index that the kernels walk.

    `weight` is low, central and high; `channel` a place in `CHANNELS`. `left_out` counts edges at a state body.
    """

    view: View
    parameters: Channels
    source: NDArray[np.int32]
    target: NDArray[np.int32]
    channel: NDArray[np.uint8]
    weight: Three
    unknown: NDArray[np.uint8]
    origin: NDArray[np.uint8]
    fact: NDArray[np.int32]
    second: NDArray[np.int32]
    index: diffusion.Index
    equity: Equity
    left_out: int

    def __len__(self) -> int:
        return len(self.source)

    @cached_property
    def central(self) -> diffusion.Network:
        """The network with the default parameters."""
        return diffusion.network(self.index, self.weight[1])

    @cached_property
    def low(self) -> diffusion.Network:
        """The network with the low parameters where something is unknown."""
        return diffusion.network(self.index, self.weight[0])

    @cached_property
    def high(self) -> diffusion.Network:
        """The network with the high parameters where something is unknown."""
        return diffusion.network(self.index, self.weight[2])

    def less(self, parameters: Channels) -> Exposures:
        """The same edges, those of channels that are not enabled without weight."""
        off = np.array([not parameters.channels[name].enabled for name in CHANNELS])[self.channel]
        weight, unknown = np.where(off, 0.0, self.weight), np.where(off, np.uint8(0), self.unknown)
        return replace(self, parameters=parameters, weight=weight, unknown=unknown)

    def records(self, edge: int) -> list[RecordRef]:
        """The records that an edge rests on, each once."""
        return list(dict.fromkeys(self._records(edge)))

    def _records(self, edge: int) -> Iterator[RecordRef]:
        origin = Origin(self.origin.item(edge))
        for fact in (self.fact.item(edge), self.second.item(edge)):
            if fact < 0:
                continue
            if origin is not Origin.THING:
                yield from self.view.arrays(origin.name).fact(fact).records
            else:
                yield from of_units(self.view, fact)


def exposures(view: View, parameters: Channels, without: Sequence[str] = ()) -> Exposures:
    """The exposure network of a View under a firm's parameters, kept by View, less some channels.

    Raises:
        InvalidInput: There is no channel of a name in `without`.
    """
    found = view.foundation(("exposures", parameters.hash), lambda: _exposures(view, parameters))
    return found.less(parameters.without(*without)) if without else found


def _exposures(view: View, parameters: Channels) -> Exposures:
    maker = _Maker(view, parameters, equity_of(view))
    parts = [part for make in _MAKERS for part in make(maker) if parameters.channels[part.channel].enabled]
    source = _joined_up([part.source for part in parts]).astype(np.int32)
    target = _joined_up([part.target for part in parts]).astype(np.int32)
    weight = np.concatenate([np.zeros((3, 0)), *(part.weight for part in parts)], axis=1)
    states = np.zeros(view.size, np.bool_)
    states[stakes.state_bodies(view)] = True
    at_state = states[source] | states[target]
    kept = np.flatnonzero(~at_state & (source != target) & (weight[2] > 0))
    sizes = [len(part.source) for part in parts]
    keys = [diffusion.mixed(part.key ^ np.uint64(text_hash(part.channel))) for part in parts]
    source, target = source[kept], target[kept]
    return Exposures(
        view=view,
        parameters=parameters,
        source=source,
        target=target,
        channel=np.repeat([CHANNELS.index(p.channel) for p in parts], sizes)[kept].astype(np.uint8),
        weight=weight[:, kept],
        unknown=_joined_up([part.unknown for part in parts])[kept].astype(np.uint8),
        origin=np.repeat([int(part.origin) for part in parts], sizes)[kept].astype(np.uint8),
        fact=_joined_up([part.fact for part in parts])[kept].astype(np.int32),
        second=_joined_up([_second(part) for part in parts])[kept].astype(np.int32),
        index=diffusion.index(source, target, view.id_keys(), _joined_keys(keys)[kept]),
        equity=maker.equity,
        left_out=int(at_state.sum()),
    )


def _second(part: Part) -> Rows:
    return np.full(len(part.source), -1, np.int64) if part.second is None else part.second


def _joined_up(arrays: list[Rows] | list[NDArray[np.uint8]]) -> Rows:
    return np.concatenate([np.zeros(0, np.int64), *arrays])


def _joined_keys(arrays: list[Keys]) -> Keys:
    return np.concatenate([np.zeros(0, np.uint64), *arrays])


# --- weights -------------------------------------------------------------------------------------------------------


def _thrice(values: Floats) -> Three:
    """The same value in the three runs."""
    return np.stack([values, values, values])


def _weights(ratio: Three, factor: Three, unknown: tuple[float, float, float]) -> Three:
    """Ratio times factor: the default factor where the ratio is one number, else the parameters of each run."""
    exact = ratio[0] == ratio[2]
    filled = np.where(np.isnan(ratio), np.array(unknown)[:, None], ratio)
    return filled * np.where(exact, factor[1:2], factor)


def _flags(amount: Floats, equity: Floats | None = None, kind: Unknown = Unknown.AMOUNT) -> NDArray[np.uint8]:
    found = np.where(np.isnan(amount), np.uint8(kind), np.uint8(0))
    if equity is not None:
        found |= np.where(np.isnan(equity), np.uint8(Unknown.EQUITY), np.uint8(0))
    return found


@dataclass(frozen=True)
class _Maker:
    """What the makers of channels share."""

    view: View
    parameters: Channels
    equity: Equity

    def factor(self, channel: str, name: str) -> Three:
        """Low, default and high of a parameter, for any number of edges."""
        return np.array(self.parameters.values(channel, name))[:, None]

    def unknown(self, channel: str, name: str = "unknown") -> tuple[float, float, float]:
        """Low, default and high of what stands for a missing ratio."""
        return self.parameters.values(channel, name)

    def over_equity(
        self, channel: str, amount: Floats, holder: Rows, factor: Three, most: float = np.inf
    ) -> Three:
        """Weights of an amount over the equity of those who are hit; the ratio counts as at most `most`."""
        ratio = np.minimum(_positive(amount) / self.equity.above_zero[holder], most)
        return _weights(_thrice(ratio), factor, self.unknown(channel))

    def dense(self, kind: str, name: str) -> Floats:
        """A number by row, NaN where it is not stated or below zero."""
        found = np.full(self.view.size, np.nan)
        rows, values = self.view.column(kind, name)
        found[rows] = values
        return _positive(found)

    def key(self, rows: Rows) -> Keys:
        """Stable keys of things."""
        return self.view.id_keys()[rows]


def _positive(amount: Floats) -> Floats:
    """An amount below zero says nothing."""
    return np.where(amount < 0, np.nan, amount)


def _everywhere(facts: FactArrays) -> Rows:
    return np.arange(len(facts), dtype=np.int64)


# --- capital, control ----------------------------------------------------------------------------------------------


def _equity(maker: _Maker) -> Iterator[Part]:
    """股权价值、股东支持."""
    facts = maker.view.arrays("HOLDS")
    holder, company = facts.start.astype(np.int64), facts.end.astype(np.int64)
    share = _share(facts)
    stake = share * np.maximum(maker.equity.value[company], 0.0)
    value = np.where(np.isnan(stake), _positive(facts["amount"]), stake)
    ratio = value / maker.equity.above_zero[holder]
    weight = _weights(ratio, maker.factor("equity_value", "loss"), maker.unknown("equity_value"))
    most = maker.parameters.values("equity_value", "double_leverage")[1]
    fact, key = _everywhere(facts), facts.class_key
    unknown = _flags(value[1], maker.equity.above_zero[holder])
    weight = _at_most(weight, holder, most)
    yield Part("equity_value", company, holder, weight, unknown, Origin.HOLDS, fact, key)
    support = maker.factor("equity_support", "support")
    weight = _weights(share, support, maker.unknown("equity_support", "unknown_share"))
    unknown = _flags(np.where(share[0] == share[2], share[1], np.nan), kind=Unknown.SHARE)
    yield Part("equity_support", holder, company, weight, unknown, Origin.HOLDS, fact, key)


def _at_most(weight: Three, target: Rows, most: float) -> Three:
    """Weights scaled down where the central ones on one target add up to more; the three keep their order."""
    totals = np.bincount(target, weight[1], minlength=int(target.max(initial=0)) + 1)
    # A total depends on the order of its terms in its last bits; what a reader sees must not.
    scale = np.round(most / np.maximum(totals, most), PLACES)
    return weight * scale[target]


def _share(facts: FactArrays) -> Three:
    """Share held, or the ends and the middle of the interval that is stated."""
    share, low, high = facts["share_ratio"], facts["share_min"], facts["share_max"]
    low, high = np.where(low > high, np.nan, low), np.where(low > high, np.nan, high)
    bounded = np.isnan(share) & ~(np.isnan(low) & np.isnan(high))
    low, high = np.where(np.isnan(low), 0.0, low), np.where(np.isnan(high), 1.0, high)
    return np.stack(
        [
            np.where(bounded, low, share),
            np.where(bounded, (low + high) / 2, share),
            np.where(bounded, high, share),
        ]
    )


class _Ties(NamedTuple):
    """Who controls whom by how many votes."""

    controller: Rows
    company: Rows
    votes: Floats
    origin: Origin
    fact: Rows
    key: Keys


def _control(maker: _Maker) -> Iterator[Part]:
    """实际控制、集团: steps of computed control, and what is disclosed beside them."""
    found = list(_ties(maker))
    controlled = np.bincount(np.concatenate([ties.controller for ties in found]), minlength=maker.view.size)
    for ties in found:
        votes, unknown = _thrice(ties.votes), _flags(ties.votes, kind=Unknown.SHARE)
        for channel, source, target in (
            ("control", ties.controller, ties.company),
            ("group", ties.company, ties.controller),
        ):
            weight = _weights(votes, maker.factor(channel, "factor"), maker.unknown(channel, "unknown_votes"))
            part = weight if channel == "control" else weight / controlled[ties.controller]
            yield Part(channel, source, target, part, unknown, ties.origin, ties.fact, ties.key)


def _ties(maker: _Maker) -> Iterator[_Ties]:
    view, found = maker.view, stakes.control(maker.view)
    alone = np.flatnonzero((found.parent >= 0) & (found.parent < view.size))
    parent = found.parent[alone].astype(np.int64)
    ballot = found.ballot[alone].astype(np.int64)
    yield _Ties(parent, alone, found.gathered[alone], Origin.HOLDS, ballot, maker.key(parent))
    member, company, agreement = _in_concert(view, found.parent)
    yield _Ties(member, company, found.gathered[company], Origin.THING, agreement, maker.key(member))
    facts = view.arrays("CONTROLS")
    computed = np.concatenate([parent * view.size + alone, member * view.size + company])
    start, end = facts.start.astype(np.int64), facts.end.astype(np.int64)
    only = np.flatnonzero(~np.isin(start * view.size + end, computed))
    start, end = start[only], end[only]
    yield _Ties(start, end, facts["ratio"][only], Origin.CONTROLS, only, ~maker.key(start))


def _in_concert(view: View, parent: NDArray[np.int32]) -> tuple[Rows, Rows, Rows]:
    """Members of concert groups, the companies that these control together, and the agreement."""
    found: list[tuple[int, int, int]] = []
    agreements = stakes.ballot(view).agreements
    for row in np.flatnonzero(parent >= view.size).tolist():
        agreement = agreements[parent.item(row) - view.size]
        found += [(member, row, agreement.agreements[0]) for member in agreement.members]
    member, company, thing = np.array(found, np.int64).reshape(-1, 3).T
    return member, company, thing


def _shared_controller(maker: _Maker) -> Iterator[Part]:
    """同一控制人: companies of one controller that is no state body, pair by pair."""
    view, found = maker.view, stakes.control(maker.view)
    states = stakes.state_bodies(view)
    of_state = [
        view.size + number
        for number, agreement in enumerate(stakes.ballot(view).agreements)
        if not set(states.tolist()).isdisjoint(agreement.members)
    ]
    computed = np.flatnonzero((found.controller >= 0) & ~np.isin(found.controller, [*states, *of_state]))
    facts = view.arrays("CONTROLS")
    disclosed = np.flatnonzero(~np.isin(facts.start, states))
    wide: list[tuple[Any, Any, Origin, Any]] = [
        (found.controller[computed], computed, Origin.HOLDS, found.ballot[computed]),
        (facts.start[disclosed], facts.end[disclosed], Origin.CONTROLS, disclosed),
    ]
    for sharer, company, origin, fact in wide:
        controller = sharer.astype(np.int64)
        key = _controller_keys(maker)[controller]
        yield from _shared(
            maker,
            "shared_controller",
            controller,
            company.astype(np.int64),
            origin,
            fact.astype(np.int64),
            key,
        )


def _controller_keys(maker: _Maker) -> Keys:
    """Stable keys by number of a controller: those of rows, then of each concert group's first member."""
    firsts = [agreement.members[0] for agreement in stakes.ballot(maker.view).agreements]
    keys = maker.view.id_keys()
    return np.concatenate([keys, ~keys[np.array(firsts, np.int64)]])


def _shared_officer(maker: _Maker) -> Iterator[Part]:
    """同一高管: companies in which one person has an office, pair by pair."""
    facts = maker.view.arrays("OFFICER_OF")
    order = np.lexsort((facts.class_key, facts.end, facts.start))
    person, company = facts.start[order].astype(np.int64), facts.end[order].astype(np.int64)
    first = np.ones(len(order), np.bool_)
    first[1:] = (person[1:] != person[:-1]) | (company[1:] != company[:-1])
    person, company, fact = person[first], company[first], order[first]
    yield from _shared(maker, "shared_officer", person, company, Origin.OFFICER_OF, fact, maker.key(person))


def _shared(  # noqa: PLR0913, PLR0917 - columns of one table
    maker: _Maker, channel: str, sharer: Rows, company: Rows, origin: Origin, fact: Rows, key: Keys
) -> Iterator[Part]:
    """An edge each way between two companies with the same sharer, but for sharers with too many."""
    sharers, which, count = np.unique(sharer, return_inverse=True, return_counts=True)
    few = count[which] <= maker.parameters.values(channel, "most")[1]
    at = np.flatnonzero(few)
    one, other = matches(which[at], which[at], len(sharers))
    apart = one != other
    one, other = at[one[apart]], at[other[apart]]
    weight = _thrice(maker.parameters.values(channel, "factor")[1] / (count[which[one]] - 1))
    nothing = np.zeros(len(one), np.uint8)
    yield Part(
        channel, company[one], company[other], weight, nothing, origin,
        fact[one], key[one], fact[other],
    )  # fmt: skip


def matches(left: Rows, right: Rows, size: int) -> tuple[Rows, Rows]:
    """Places of all pairs, one of each list, that name the same number from 0 to below `size`."""
    order = np.argsort(right, kind="stable")
    first = np.concatenate([[0], np.cumsum(np.bincount(right, minlength=size))])
    begin, count = first[left], first[left + 1] - first[left]
    one = np.repeat(np.arange(len(left)), count)
    within = np.arange(count.sum()) - np.repeat(np.cumsum(count) - count, count)
    return one, order[np.repeat(begin, count) + within]


# --- credit, trade -------------------------------------------------------------------------------------------------


def _loans(maker: _Maker) -> Iterator[Part]:
    """借款."""
    facts = maker.view.arrays("LENDS_TO")
    lender, borrower = facts.start.astype(np.int64), facts.end.astype(np.int64)
    amount = _positive(facts["amount"])
    weight = maker.over_equity("loan", amount, lender, maker.factor("loan", "lgd"))
    unknown = _flags(amount, maker.equity.above_zero[lender])
    yield Part(
        "loan", borrower, lender, weight, unknown, Origin.LENDS_TO, _everywhere(facts), facts.class_key
    )


def _supply(maker: _Maker) -> Iterator[Part]:
    """供应: both ways."""
    facts = maker.view.arrays("SUPPLIES")
    supplier, customer = facts.start.astype(np.int64), facts.end.astype(np.int64)
    amount, totals = _positive(facts["amount"]), revenue_of(maker.view)
    for channel, source, target, stated, total in (
        ("customer", customer, supplier, facts["revenue_share"], totals.revenue),
        ("supplier", supplier, customer, facts["cost_share"], totals.cost),
    ):
        share = np.where(np.isnan(stated), np.minimum(amount / total[target], 1.0), stated)
        weight = _weights(_thrice(share), maker.factor(channel, "irreplaceable"), maker.unknown(channel))
        unknown = _flags(share, kind=Unknown.SHARE)
        yield Part(
            channel, source, target, weight, unknown, Origin.SUPPLIES, _everywhere(facts), facts.class_key
        )


class Parts(NamedTuple):
    """Who plays one part in things of one type: pairs of the party's row and the thing's."""

    party: Rows
    thing: Rows


def parts(view: View, kind: str, role: str) -> Parts:
    """The parties in a role of things of a type."""
    facts = view.arrays("PARTY_TO")
    chosen = np.flatnonzero(view.of_kind(facts.end, kind) & facts.equals("role", role))
    return Parts(facts.start[chosen].astype(np.int64), facts.end[chosen].astype(np.int64))


def two_parts(view: View, kind: str, roles: tuple[str, str]) -> tuple[Rows, Rows, Rows]:
    """Pairs of the parties in two roles of the same thing, and the thing."""
    one, other = parts(view, kind, roles[0]), parts(view, kind, roles[1])
    left, right = matches(one.thing, other.thing, view.size)
    return one.party[left], other.party[right], one.thing[left]


def _guarantees(maker: _Maker) -> Iterator[Part]:
    """担保."""
    debtor, guarantor, thing = two_parts(maker.view, "Guarantee", ("debtor", "guarantor"))
    joint = joint_guarantees(maker.view)[thing]
    factor = np.where(joint, maker.factor("guarantee", "joint"), maker.factor("guarantee", "general"))
    amount = maker.dense("Guarantee", "amount")[thing]
    weight = maker.over_equity("guarantee", amount, guarantor, factor, most=1.0)
    unknown = _flags(amount, maker.equity.above_zero[guarantor])
    yield Part("guarantee", debtor, guarantor, weight, unknown, Origin.THING, thing, maker.key(thing))


def joint_guarantees(view: View) -> Flags:
    """连带: by row whether a guarantee is joint; one of no stated kind is not (民法典 art. 686)."""
    kinds = view.property_texts("Guarantee", "kind")
    joint = np.array(["连带" in text or text == "joint" for text in kinds.texts], np.bool_)
    found = np.zeros(view.size, np.bool_)
    found[kinds.rows[joint[kinds.which]]] = True
    return found


def _pledges(maker: _Maker) -> Iterator[Part]:
    """质押: the loan, and the shares."""
    view = maker.view
    pledgor, pledgee, thing = two_parts(view, "Pledge", ("pledgor", "pledgee"))
    loan = maker.dense("Pledge", "amount")
    weight = maker.over_equity("pledge_loan", loan[thing], pledgee, maker.factor("pledge_loan", "lgd"), 1.0)
    unknown = _flags(loan[thing], maker.equity.above_zero[pledgee])
    yield Part("pledge_loan", pledgor, pledgee, weight, unknown, Origin.THING, thing, maker.key(thing))
    pledgor, security, thing = two_parts(view, "Pledge", ("pledgor", "security"))
    issuer = _issuers(view)[security]
    there = issuer >= 0
    pledgor, issuer, thing = pledgor[there], issuer[there], thing[there]
    amount = np.where(np.isnan(loan[thing]), _pledged_value(maker, issuer, thing), loan[thing])
    weight = maker.over_equity("pledge_value", amount, pledgor, maker.factor("pledge_value", "call"), 1.0)
    unknown = _flags(amount, maker.equity.above_zero[pledgor])
    yield Part("pledge_value", issuer, pledgor, weight, unknown, Origin.THING, thing, maker.key(thing))


def _pledged_value(maker: _Maker, issuer: Rows, thing: Rows) -> Floats:
    market = maker.dense("Company", "market_value")[issuer]
    worth = np.where(np.isnan(market), np.maximum(maker.equity.value[issuer], 0.0), market)
    ratio = maker.dense("Pledge", "ratio")[thing]
    with np.errstate(divide="ignore", invalid="ignore"):
        counted = maker.dense("Pledge", "shares")[thing] / maker.dense("Company", "total_shares")[issuer]
    counted = np.where(np.isfinite(counted), np.minimum(counted, 1.0), np.nan)
    return np.where(np.isnan(ratio), counted, ratio) * worth


def _issuers(view: View) -> Rows:
    """By row whose shares something is: a company's own, or the issuer's of a security; -1 for none."""
    found = np.full(view.size, -1, np.int64)
    companies = view.rows("Company")
    found[companies] = companies
    facts = view.arrays("ISSUED")
    order = np.argsort(view.id_keys()[facts.start], kind="stable")[::-1]
    found[facts.end[order]] = facts.start[order]
    return found


_MAKERS: Final[tuple[Callable[[_Maker], Iterator[Part]], ...]] = (
    _equity, _control, _guarantees, _loans, _supply, _pledges, _shared_controller, _shared_officer,
)  # fmt: skip
