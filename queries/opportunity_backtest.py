"""商机回测: what the engine ranked first on past days, from what was known then, against what clients took afterwards.

On each day the View has both its dates at that day. Ranked are all pairs of a client with a lead and a product that
it does not have; each member of staff gets the first ten of its clients. True is a pair that is taken in the window
after. Ties count in expectation.
"""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Final

import numpy as np
from pydantic import Field

from graph.view import View
from queries.group_totals import clients
from queries.models import Answer
from queries.opportunities import Engine
from queries.opportunity_model import Cases, Fitted, fit
from queries.opportunity_proposals import Desk, Flags, Floats, Proposals, Rows, Source, desk_of
from queries.opportunity_rules import Rates
from queries.risk_backtest_metrics import Interval, Ratio, over_worlds, precision

FIRST: Final = 10
WINDOW: Final = 180
HISTORY: Final = 4
"""Past windows that the weights are learned from."""

RANDOM: Final = "random"
POPULARITY: Final = "popularity"
ENGINE: Final = "engine"
UNLEARNED: Final = "engine_unlearned"
BASELINES: Final = (RANDOM, POPULARITY)

ViewOf = Callable[[dt.date], View]


class BacktestRow(Answer):
    """One metric of one way of ranking."""

    needs: str | None = Field(description="Hidden process of the demo world; null for a graph of one's own.")
    model: str = Field(description="random, popularity, a source alone, engine, engine_unlearned.")
    is_baseline: bool
    metric: str = Field(
        description="hit_rate@10: part of the first ten of each member of staff that came true; recall@10: part of "
        "what came true that stood among them; lift_over_popularity: hit_rate@10 over that of popularity."
    )
    product: str | None = Field(description="Recall of this product alone.")
    left_out: bool = Field(description="Whether what is known of the product's owners was left out.")
    value: float | None
    low: float | None = Field(description="95 % interval over worlds.")
    high: float | None
    worlds: int
    days: int
    pairs: int = Field(description="Pairs ranked, each on each day.")
    taken: int = Field(description="How many of them came true.")


# --- one day ---------------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Moment:
    """What was known on a day: the pairs, who looks after each, and what the sources say of them."""

    view: View
    desk: Desk
    company: Rows
    product: Rows
    manager: Rows
    features: Floats
    names: tuple[str, ...]
    """Of the features: a source, or source/rule."""

    def __len__(self) -> int:
        return len(self.company)


def moment(view: View, by: Engine, left_out: int | None = None) -> Moment:
    """Pairs of clients with a lead and products that they do not have, in the order of their ids.

    `left_out`: a product whose owners the sources may not know of.
    """
    desk = desk_of(view, by.catalogue)
    lead = _leads(view)
    own = clients(view)
    rows = np.array(sorted((row for row in lead if own[row]), key=view.id_key), np.int64)
    company = np.repeat(rows, desk.size)
    product = np.tile(np.arange(desk.size), len(rows))
    free = ~desk.has(company, product)
    company, product = company[free], product[free]
    manager = np.array([lead[row] for row in company.tolist()], np.int64)
    asked = desk if left_out is None else _without(desk, left_out)
    features, names = _features(asked, by.sources, desk.keys(company, product))
    return Moment(view, desk, company, product, manager, features, names)


def _leads(view: View) -> Mapping[int, int]:
    """The member of staff who leads each client; the first by id where several do."""
    covers = view.arrays("COVERS")
    led = np.flatnonzero(covers.equals("role", "lead"))
    found: dict[int, int] = {}
    for staff, client in zip(covers.start[led].tolist(), covers.end[led].tolist(), strict=True):
        if client not in found or view.id_key(staff) < view.id_key(found[client]):
            found[client] = staff
    return found


def _without(desk: Desk, product: int) -> Desk:
    kept = desk.owned != product
    return Desk(desk.view, desk.catalogue, desk.owner[kept], desk.owned[kept], desk.holding[kept])


def _features(desk: Desk, sources: Sequence[Source], keys: Rows) -> tuple[Floats, tuple[str, ...]]:
    """Of each pair the largest strength by source, and by rule where a source has several."""
    columns: list[Floats] = []
    names: list[str] = []
    order = np.argsort(keys)
    for source in sources:
        found = source.propose(desk)
        found = found.taken((found.opens <= desk.day) & (desk.day < found.closes))
        columns.append(_strongest(desk, found, keys, order))
        names.append(source.name)
        rules = np.unique(found.rule)
        for rule in rules.tolist() if len(rules) > 1 else ():
            columns.append(_strongest(desk, found.taken(found.rule == rule), keys, order))
            names.append(f"{source.name}/{rule}")
    table = np.stack(columns, axis=1) if columns else np.zeros((len(keys), 0))
    return table, tuple(names)


def _strongest(desk: Desk, found: Proposals, keys: Rows, order: Rows) -> Floats:
    strength = np.zeros(len(keys))
    wanted = desk.keys(found.company, found.product)
    place = np.minimum(np.searchsorted(keys, wanted, sorter=order), len(keys) - 1)
    at = order[place]
    there = keys[at] == wanted
    np.maximum.at(strength, at[there], found.strength[there])
    return strength


# --- what came true --------------------------------------------------------------------------------------------------


Pairs = frozenset[tuple[str, str]]
"""Ids of clients with keys of products."""


def taken(view: View, by: Engine, since: int) -> Pairs:
    """What was taken after a day (a number), and is held on the day of the View."""
    desk = desk_of(view, by.catalogue)
    start = view.arrays("OWNS_PRODUCT").valid_from[desk.holding]
    late = np.flatnonzero(start > since)
    keys = [product.key for product in by.catalogue.products]
    return frozenset(
        (view.id(owner), keys[product])
        for owner, product in zip(desk.owner[late].tolist(), desk.owned[late].tolist(), strict=True)
    )


def came_true(at: Moment, by: Engine, true: Pairs) -> Flags:
    """Which pairs of a day are among those taken."""
    keys = [product.key for product in by.catalogue.products]
    return np.array(
        [
            (at.view.id(company), keys[product]) in true
            for company, product in zip(at.company.tolist(), at.product.tolist(), strict=True)
        ],
        np.bool_,
    )


# --- what is learned -------------------------------------------------------------------------------------------------


def learn(
    past: Sequence[tuple[Moment, Flags]], names: Sequence[str], by: Engine, left_out: int | None = None
) -> Fitted:
    """The model fitted on past days, over the features that today's sources have; not on a product left out."""
    parts = []
    for at, true in past:
        kept = np.flatnonzero(at.product != (-1 if left_out is None else left_out))
        parts.append(Cases(at.product[kept], _aligned(at, names)[kept], true[kept]))
    return fit(Cases.joined(parts), len(by.catalogue.products), prior_weights(names, by.rules.rates))


def _aligned(at: Moment, names: Sequence[str]) -> Floats:
    """The features of a day by names that may differ from its own; 0 where it has none of the name."""
    places = {name: number for number, name in enumerate(at.names)}
    columns = [at.features[:, places[n]] if n in places else np.zeros(len(at)) for n in names]
    return np.stack(columns, axis=1) if columns else np.zeros((len(at), 0))


def prior_weights(names: Sequence[str], rates: Rates) -> Floats:
    """Before there is history: a source's declared rate of take-up against half the least of all; rules add nothing."""
    least = min(rate.mean for rate in rates.take_up.values()) / 2
    return np.array(
        [0.0 if "/" in name else np.log(rates.take_up[name].mean / least) for name in names], np.float64
    )


# --- a world replayed ------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Plan:
    """On which days, days of a window, past windows to learn from, and whether to leave out each product in turn."""

    days: Sequence[dt.date]
    window: int = WINDOW
    history: int = HISTORY
    leave_out: bool = True


@dataclass
class Replay:
    """One world or graph replayed: by way of ranking and metric the sums by day; how many were ranked and came true."""

    ratios: dict[tuple[str, str], list[tuple[float, float]]] = field(default_factory=dict)
    by_product: dict[tuple[str, str, bool], list[tuple[float, float]]] = field(default_factory=dict)
    days: int = 0
    pairs: int = 0
    taken: int = 0

    def add(self, model: str, metric: str, sums: tuple[float, float]) -> None:
        """The sums of one day."""
        self.ratios.setdefault((model, metric), []).append(sums)

    def value(self, model: str, metric: str) -> float:
        """Over all days."""
        return _ratio(self.ratios[model, metric])


def _ratio(sums: Sequence[tuple[float, float]]) -> float:
    return Ratio(np.array([top for top, _ in sums]), np.array([bottom for _, bottom in sums])).value


class _History:
    """Past days of one world, each looked at once."""

    def __init__(self, view_of: ViewOf, by: Engine, window: int) -> None:
        self._view_of = view_of
        self._by = by
        self._window = dt.timedelta(days=window)
        self._kept: dict[dt.date, tuple[Moment, Flags]] = {}

    def on(self, day: dt.date) -> tuple[Moment, Flags]:
        """What was known on a day, and which of its pairs came true in the window after it."""
        if day not in self._kept:
            at = moment(self._view_of(day), self._by)
            later = self._view_of(day + self._window)
            self._kept[day] = at, came_true(at, self._by, taken(later, self._by, at.desk.day))
        return self._kept[day]

    def before(self, day: dt.date, windows: int) -> list[tuple[Moment, Flags]]:
        """The days before whose windows are over on a day, with what came true."""
        return [self.on(day - step * self._window) for step in range(1, windows + 1)]


def replay(view_of: ViewOf, by: Engine, plan: Plan) -> Replay:
    """Rank on each day, and compare with what came true."""
    found = Replay()
    history = _History(view_of, by, plan.window)
    for day in plan.days:
        at, true = history.on(day)
        past = history.before(day, plan.history)
        found.days += 1
        found.pairs += len(at)
        found.taken += int(true.sum())
        scores = dict(_scores(at, past, by))
        for model, score in scores.items():
            found.add(model, "hit_rate@10", hits(at, score, true))
            found.add(model, "recall@10", recall(at, score, true))
        for model in (POPULARITY, ENGINE):
            for product in range(at.desk.size):
                _product(
                    found, (model, by.catalogue.products[product].key), (at, scores[model], true), product
                )
        if plan.leave_out and day == max(plan.days):
            _leave_out(found, by, at, past, true)
    return found


def _scores(at: Moment, past: Sequence[tuple[Moment, Flags]], by: Engine) -> Iterator[tuple[str, Floats]]:
    """Every way of ranking, with the score that it gives each pair."""
    yield RANDOM, np.zeros(len(at))
    alone = learn(past, (), by)
    yield POPULARITY, alone.base[at.product]
    for source in by.sources:
        names = [name for name in at.names if name.partition("/")[0] == source.name]
        yield source.name, _said(at, names, learn(past, names, by))
    yield UNLEARNED, _said(at, at.names, Fitted(alone.base, prior_weights(at.names, by.rules.rates)))
    yield ENGINE, _said(at, at.names, learn(past, at.names, by))


def _said(at: Moment, names: Sequence[str], fitted: Fitted) -> Floats:
    return fitted.probability(at.product, _aligned(at, names))


def _groups(at: Moment) -> Iterator[Rows]:
    """The pairs of each member of staff."""
    order = np.argsort(at.manager, kind="stable")
    starts = np.flatnonzero(np.diff(at.manager[order], prepend=-1))
    yield from np.split(order, starts[1:])


def hits(at: Moment, score: Floats, true: Flags) -> tuple[float, float]:
    """Hits among the first ten of each member of staff, and how many those are."""
    sums = [precision(score[group], true[group], FIRST) for group in _groups(at)]
    return sum(top for top, _ in sums), sum(bottom for _, bottom in sums)


def recall(at: Moment, score: Floats, true: Flags) -> tuple[float, float]:
    """Hits among the first ten of each member of staff, and how many there were in all."""
    return hits(at, score, true)[0], float(true.sum())


def _product(
    found: Replay,
    key: tuple[str, str],
    ranked: tuple[Moment, Floats, Flags],
    product: int,
    *,
    left_out: bool = False,
) -> None:
    """Recall of one product: its hits among the first ten of each member of staff."""
    at, score, true = ranked
    own = true & (at.product == product)
    found.by_product.setdefault((*key, left_out), []).append(recall(at, score, own))


def _leave_out(
    found: Replay, by: Engine, at: Moment, past: Sequence[tuple[Moment, Flags]], true: Flags
) -> None:
    """Each product in turn as if nobody were known to have it: what the sources still find of it."""
    for product, declared in enumerate(by.catalogue.products):
        if (true & (at.product == product)).any():
            blind = moment(at.view, by, product)
            fitted = learn(past, blind.names, by, product)
            score = _said(blind, blind.names, fitted)
            _product(found, (ENGINE, declared.key), (blind, score, true), product, left_out=True)


# --- rows ------------------------------------------------------------------------------------------------------------


def rows(replays: Sequence[Replay], needs: str | None = None) -> list[BacktestRow]:
    """All metrics over worlds, with intervals."""
    first = replays[0]
    made = []
    for model, metric in first.ratios:
        made.append(
            _row(replays, needs, model, metric, over_worlds([r.value(model, metric) for r in replays]))
        )
    for model in dict.fromkeys(model for model, _ in first.ratios):
        lifts = [_lift(r, model) for r in replays]
        if model not in BASELINES:
            made.append(_row(replays, needs, model, "lift_over_popularity", over_worlds(lifts)))
    for key in sorted({key for r in replays for key in r.by_product}):
        values = [v for r in replays if key in r.by_product and not np.isnan(v := _ratio(r.by_product[key]))]
        if values:
            row = _row(replays, needs, key[0], "recall@10", over_worlds(values))
            made.append(row.model_copy(update={"product": key[1], "left_out": key[2]}))
    return made


def _lift(found: Replay, model: str) -> float:
    base = found.value(POPULARITY, "hit_rate@10")
    return found.value(model, "hit_rate@10") / base if base else float("nan")


def _row(
    replays: Sequence[Replay], needs: str | None, model: str, metric: str, value: Interval
) -> BacktestRow:
    return BacktestRow(
        needs=needs,
        model=model,
        is_baseline=model in BASELINES,
        metric=metric,
        product=None,
        left_out=False,
        value=_number(value.value),
        low=_number(value.low),
        high=_number(value.high),
        worlds=len(replays),
        days=sum(r.days for r in replays),
        pairs=sum(r.pairs for r in replays),
        taken=sum(r.taken for r in replays),
    )


def _number(value: float) -> float | None:
    return None if np.isnan(value) else round(value, 6)
