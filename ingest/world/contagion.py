"""违约传染: a history of defaults with a hidden process behind it, for back-tests; see docs/world.md.

Three families of processes differ in form from every model of the risk questions; in two more worlds connections do not
matter. Time goes by in weeks. A company fails at most once, state bodies and banks never.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass
from typing import Final, Literal, NamedTuple, get_args

import numpy as np

from graph.errors import InvalidInput
from ingest.world import text
from ingest.world.files import Columns, Files
from ingest.world.kept import Floats, Kept, column, companies, days, ends, numbers
from ingest.world.market import Market
from ingest.world.news import KINDS
from ingest.world.text import NEVER, NOW
from ingest.world.vocabulary import INDUSTRIES, Flags, Ints

Process = Literal["threshold", "hazard", "liquidity", "null", "industry"]
PROCESSES: Final[tuple[Process, ...]] = get_args(Process)

READ: Final = ("Company", "FinancialReport", "HOLDS", "Guarantee", "LENDS_TO", "SUPPLIES")
"""The types whose rows the process works on; `Files` keeps them for it."""

EVENT: Final = "default"
"""The kind of event that a process makes. News do not invent others of the kind beside it."""

_SINCE: Final = text.day("2018-01-01")
_WEEK: Final = 7
_YEAR: Final = 365.0
_MAJORITY: Final = 0.5
_LONGEST_REPORT_LAG: Final = 15
_EQUITY_UNKNOWN: Final = 1e7
_BANK: Final = "商业银行"
_NEVER_REACHED: Final = 2.0
"""A part of its counterparties that no firm's reach."""
_TIES: Final = ("guarantee", "loan", "customer", "supplier", "parent", "subsidiary")


def check(process: str) -> Process:
    """The process of a name. Raises InvalidInput for a name that there is not."""
    for known in PROCESSES:
        if process == known:
            return known
    raise InvalidInput("process", f"there is no process {process!r}", hint=f"one of {', '.join(PROCESSES)}")


# --- hidden parameters -----------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Base:
    """Failures from a firm's own causes: a yearly rate by industry and size, and bad years."""

    rate: float = 0.012
    industry_spread: float = 0.35
    size_slope: float = 0.25
    cycle: float = 0.25


@dataclass(frozen=True)
class Threshold:
    """A firm fails when so many of its counterparties, each counted once, failed within the lag."""

    base: Base = Base()
    immune: float = 0.15
    least_part: float = 0.05
    most_part: float = 0.7
    lag_days: int = 365
    longest_delay_weeks: int = 26


@dataclass(frozen=True)
class Hazard:
    """The rate of a firm is multiplied by the failures around it, less as time goes by, by hidden strengths of ties."""

    base: Base = Base()
    guarantee: float = 300.0
    loan: float = 150.0
    customer: float = 250.0
    supplier: float = 80.0
    parent: float = 200.0
    subsidiary: float = 80.0
    power: float = 0.5
    noise: float = 0.6
    decay_days: float = 150.0


@dataclass(frozen=True)
class Liquidity:
    """A buffer that accidents, guarantees called and receivables lost draw down, and that fills up again."""

    base: Base = Base()
    least_buffer: float = 0.05
    most_buffer: float = 0.3
    refill_weekly: float = 0.01
    accidents: float = 2.4
    receivable_part: float = 0.5
    pooled_cash: float = 0.3
    recovery_alpha: float = 2.0
    recovery_beta: float = 3.0
    longest_delay_weeks: int = 30


@dataclass(frozen=True)
class Null:
    """Own causes alone, the same for all industries, at the rate that the others reach with contagion."""

    base: Base = Base(rate=0.032, industry_spread=0.0)


@dataclass(frozen=True)
class Industry:
    """Own causes alone that differ by industry: who is tied is often of one industry, and fails with no contagion."""

    base: Base = Base(rate=0.032)


Parameters = Threshold | Hazard | Liquidity | Null | Industry


# --- what the process works on ---------------------------------------------------------------------------------------


class _Firms(NamedTuple):
    """Companies by number: equity in yuan, industry, day of founding, whether one may fail."""

    equity: Floats
    industry: Ints
    founded: Ints
    mortal: Flags


class _Ties(NamedTuple):
    """From who fails to who is hit, as company numbers; kind is a place in `_TIES`; amount in yuan; days, half-open."""

    kind: Ints
    source: Ints
    target: Ints
    amount: Floats
    start: Ints
    end: Ints

    def live(self, day: int) -> Flags:
        """Which hold on a day."""
        return (self.start <= day) & (day < self.end)


def _firms(rng: np.random.Generator, market: Market, kept: Kept) -> _Firms:
    """Equity is that of the newest report, else the registered capital; a planted firm's industry is drawn."""
    equity = np.full(market.size, _EQUITY_UNKNOWN)
    founded, mortal = np.full(market.size, _SINCE), np.zeros(market.size, np.bool_)
    public = [not wall for wall in column(kept, "Company", "compartments")]
    company = companies(column(kept, "Company", "id"))[public]
    capital = numbers(column(kept, "Company", "capital"))[public]
    equity[company] = np.where(np.isnan(capital), _EQUITY_UNKNOWN, capital)
    founded[company] = days(column(kept, "Company", "founded"), _SINCE)[public]
    nature = np.array(column(kept, "Company", "nature"))[public]
    banks = np.array([_BANK in name for name in column(kept, "Company", "name")])[public]
    mortal[company] = (nature != "state_body") & ~banks
    reporting = companies(column(kept, "FinancialReport", "company"))
    # reports of one company stand in the order of their years, so that the newest is the last one written
    equity[reporting] = numbers(column(kept, "FinancialReport", "equity"))
    industry = rng.integers(0, len(INDUSTRIES), market.size)
    industry[market.members.start :] = market.industry
    return _Firms(np.maximum(equity, 1.0), industry, founded, mortal)


def _ties(kept: Kept, equity: Floats) -> _Ties:
    parts = [*_credit(kept), *_trade(kept), *_ownership(kept, equity)]
    kind, source, target, amount, start, end = (
        np.concatenate([part[place] for part in parts]) for place in range(len(_Ties._fields))
    )
    there = (source >= 0) & (target >= 0) & (source != target) & ~np.isnan(amount)
    return _Ties(*(values[there] for values in (kind, source, target, amount, start, end)))


def _part(kept: Kept, name: str, kind: str, pair: tuple[Ints, Ints], amount: Floats) -> _Ties:
    start = days(column(kept, name, "valid_from"), _SINCE)
    end = days(column(kept, name, "valid_to"), NOW + 1)
    place = np.full(len(amount), _TIES.index(kind))
    return _Ties(place, *pair, amount, start, end)


def _credit(kept: Kept) -> list[_Ties]:
    debtor, guarantor = ends(kept, "Guarantee", ("debtor", "guarantor"))
    guaranteed = numbers(column(kept, "Guarantee", "amount"))
    lender, borrower = ends(kept, "LENDS_TO", ("from", "to"))
    lent = numbers(column(kept, "LENDS_TO", "amount"))
    return [
        _part(kept, "Guarantee", "guarantee", (debtor, guarantor), guaranteed),
        _part(kept, "LENDS_TO", "loan", (borrower, lender), lent),
    ]


def _trade(kept: Kept) -> list[_Ties]:
    supplier, customer = ends(kept, "SUPPLIES", ("from", "to"))
    sold = numbers(column(kept, "SUPPLIES", "amount"))
    return [
        _part(kept, "SUPPLIES", "customer", (customer, supplier), sold),
        _part(kept, "SUPPLIES", "supplier", (supplier, customer), sold),
    ]


def _ownership(kept: Kept, equity: Floats) -> list[_Ties]:
    """Majorities, both ways; the amount is the part of the subsidiary's equity."""
    parent, child = ends(kept, "HOLDS", ("from", "to"))
    share = numbers(column(kept, "HOLDS", "share_ratio"))
    parent = np.where(share > _MAJORITY, parent, -1)
    value = share * equity[child]
    return [
        _part(kept, "HOLDS", "parent", (parent, child), value),
        _part(kept, "HOLDS", "subsidiary", (child, parent), value),
    ]


# --- the processes ---------------------------------------------------------------------------------------------------


class _History:
    """Who has failed on which day; goes on week by week."""

    def __init__(self, rng: np.random.Generator, firms: _Firms, base: Base) -> None:
        self._rng = rng
        self._founded, self._mortal = firms.founded, firms.mortal
        self.day: Ints = np.full(len(firms.equity), NEVER)
        factor = np.exp(rng.normal(0, base.industry_spread, len(INDUSTRIES)))[firms.industry]
        size = np.log10(firms.equity)
        size = (size - size.mean()) / size.std()
        rate = factor * np.exp(-base.size_slope * size)
        self.rate: Floats = base.rate * rate / rate[firms.mortal].mean()
        self._phase, self._cycle = rng.uniform(0, 2 * np.pi), base.cycle

    def season(self, week: int) -> float:
        """By what good and bad years multiply rates: a wave of five years."""
        return 1 + self._cycle * float(np.sin(self._phase + 2 * np.pi * (week - _SINCE) / (5 * _YEAR)))

    def at_risk(self, week: int) -> Flags:
        """Who is there, may fail, and has not."""
        there: Flags = self._mortal & (self.day == NEVER) & (self._founded <= week)
        return there

    def strike(self, week: int, rate: Floats) -> Flags:
        """Draw who is struck in a week at yearly rates."""
        chance = 1 - np.exp(-rate * self.season(week) * _WEEK / _YEAR)
        struck: Flags = self._rng.random(len(rate)) < chance
        return struck

    def fail(self, week: int, failing: Flags) -> Ints:
        """Note failures on a day of the week; gives those who failed."""
        found = np.flatnonzero(failing & self.at_risk(week))
        self.day[found] = np.minimum(week + self._rng.integers(0, _WEEK, len(found)), NOW)
        return found


def _weeks() -> range:
    return range(_SINCE, NOW, _WEEK)


def _own_causes(rng: np.random.Generator, firms: _Firms, _: _Ties, given: Null | Industry) -> Ints:
    history = _History(rng, firms, given.base)
    for week in _weeks():
        history.fail(week, history.strike(week, history.rate))
    return history.day


def _threshold(rng: np.random.Generator, firms: _Firms, ties: _Ties, given: Threshold) -> Ints:
    size = len(firms.equity)
    history = _History(rng, firms, given.base)
    part = rng.uniform(given.least_part, given.most_part, size)
    part[rng.random(size) < given.immune] = _NEVER_REACHED
    delay = rng.integers(1, given.longest_delay_weeks + 1, size) * _WEEK
    due = np.full(size, NOW + 1)
    for week in _weeks():
        history.fail(week, history.strike(week, history.rate) | (due <= week))
        recent = (history.day != NEVER) & (history.day > week - given.lag_days)
        pairs = np.unique(np.stack([ties.source, ties.target])[:, ties.live(week)], axis=1)
        partners = np.bincount(pairs[1], minlength=size)
        failed = np.bincount(pairs[1], recent[pairs[0]], minlength=size)
        reached = (failed > 0) & (failed >= part * partners) & (due > NOW)
        due[reached] = week + delay[reached]
    return history.day


def _hazard(rng: np.random.Generator, firms: _Firms, ties: _Ties, given: Hazard) -> Ints:
    history = _History(rng, firms, given.base)
    strengths = np.array([getattr(given, name) for name in _TIES])[ties.kind]
    relative = np.minimum(ties.amount / firms.equity[ties.target], 1.0) ** given.power
    strength = strengths * relative * np.exp(rng.normal(0, given.noise, len(strengths)))
    excited = np.zeros(len(strength))
    for week in _weeks():
        around = np.bincount(ties.target, strength * excited, minlength=len(firms.equity))
        failed = history.fail(week, history.strike(week, history.rate * (1 + around)))
        excited *= np.exp(-_WEEK / given.decay_days)
        excited[np.isin(ties.source, failed) & ties.live(week)] = 1.0
    return history.day


def _liquidity(rng: np.random.Generator, firms: _Firms, ties: _Ties, given: Liquidity) -> Ints:
    history, size = _History(rng, firms, given.base), len(firms.equity)
    full = firms.equity * rng.uniform(given.least_buffer, given.most_buffer, size)
    buffer = full.copy()
    parts = dict.fromkeys(_TIES, 0.0) | {
        "guarantee": 1.0, "loan": 1.0, "customer": given.receivable_part, "parent": given.pooled_cash,
    }  # fmt: skip
    claim = ties.amount * np.array([parts[name] for name in _TIES])[ties.kind]
    claim *= 1 - rng.beta(given.recovery_alpha, given.recovery_beta, len(claim))
    delay = rng.integers(1, given.longest_delay_weeks + 1, len(claim)) * _WEEK
    due = np.full(len(claim), NEVER)
    for week in _weeks():
        accident = history.strike(week, given.accidents * history.rate)
        buffer -= np.where(accident, full * rng.uniform(0.3, 1.5, size), 0.0)
        called = due == week
        buffer -= np.bincount(ties.target[called], claim[called], minlength=size)
        failed = history.fail(week, buffer <= 0)
        hit = np.isin(ties.source, failed) & ties.live(week)
        due[hit] = week + delay[hit]
        buffer = np.minimum(buffer + given.refill_weekly * full, full)
    return history.day


_RUNS: Final[Mapping[Process, tuple[Parameters, Callable[..., Ints]]]] = {
    "threshold": (Threshold(), _threshold),
    "hazard": (Hazard(), _hazard),
    "liquidity": (Liquidity(), _liquidity),
    "null": (Null(), _own_causes),
    "industry": (Industry(), _own_causes),
}


# --- what is written -------------------------------------------------------------------------------------------------


def write(files: Files, market: Market, seed: int, process: Process) -> dict[str, object]:
    """Write the defaults of a process as events, and give its parameters for the truth."""
    parameters, run = _RUNS[process]
    rng = text.generator(seed, f"contagion {process}")
    firms = _firms(rng, market, files.kept)
    day = run(rng, firms, _ties(files.kept, firms.equity), parameters)
    failed = np.flatnonzero(day != NEVER)
    failed = failed[np.argsort(day[failed], kind="stable")]
    if len(failed):
        files.columns("Event", _events(rng, files.kept, failed, day[failed]))
    return {"name": process, "since": text.dates(np.array([_SINCE]))[0], **asdict(parameters)}


def _events(rng: np.random.Generator, kept: Kept, failed: Ints, day: Ints) -> Columns:
    kind = next(kind for kind in KINDS if kind.name == EVENT)
    ids = text.ids("C", failed)
    told = zip(*(column(kept, "Company", name) for name in ("id", "name", "compartments")), strict=True)
    names = {key: name for key, name, wall in told if not wall}
    size = len(failed)
    return {
        "id": text.ids("ED", np.arange(size)),
        "name": [names[key] + kind.title for key in ids],
        "kind": [EVENT] * size,
        "date": text.dates(day),
        "text": [f"{names[key]}未能按期兑付到期债务，构成实质违约。" for key in ids],
        "subjects": ids,
        "known_from": text.dates(np.minimum(day + rng.integers(0, _LONGEST_REPORT_LAG, size), NOW)),
        "source": ["news"] * size,
    }
