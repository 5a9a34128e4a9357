"""生命周期: the stage of every company's life by the signs of its cash flows, with hysteresis over years."""

from __future__ import annotations

import functools
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Final, Literal, Self, get_args

import numpy as np
from numpy.typing import NDArray
from pydantic import Field, model_validator

from graph.columns import day_number
from graph.view import View
from queries.declared import Declared, read, shipped
from queries.indicators_reports import YEAR, Reports, Rows, reports
from queries.labels import Label
from queries.stakes import Flags, Floats

Stage = Literal["introduction", "growth", "mature", "shake_out", "decline"]
STAGES: Final[tuple[Stage, ...]] = get_args(Stage)
UNKNOWN: Final = -1

LABELS: Final = {
    "introduction": Label("导入期", "introduction"),
    "growth": Label("成长期", "growth"),
    "mature": Label("成熟期", "mature"),
    "shake_out": Label("震荡期", "shake-out"),
    "decline": Label("衰退期", "decline"),
}

FLOWS: Final = ("operating_cash_flow", "investing_cash_flow", "financing_cash_flow")

Signs = Annotated[str, Field(pattern=r"^[+-]{3}$")]
Years = Annotated[int, Field(ge=0, le=100)]


# --- what is declared ----------------------------------------------------------------------------------------------


class FallBack(Declared):
    """One line of the fall-back without reports; every condition that is given must hold."""

    stage: Stage
    round: tuple[str, ...] = ()
    round_within_years: Years | None = None
    listed: bool | None = None
    listed_under_years: Years | None = None
    age_under_years: Years | None = None
    age_from_years: Years | None = None


class LifeCycleRules(Declared):
    """Patterns of signs by stage, how a stage changes, and what is said without reports."""

    version: str
    patterns: dict[Stage, tuple[Signs, ...]]
    years_to_change: Annotated[int, Field(ge=1, le=5)]
    magnitude: Annotated[float, Field(gt=0, le=1)]
    stale_years: Annotated[int, Field(ge=1, le=20)]
    fallback: tuple[FallBack, ...]

    @model_validator(mode="after")
    def _complete(self) -> Self:
        said = [signs for patterns in self.patterns.values() for signs in patterns]
        if len(said) != len(set(said)) or len(said) != 2**3:
            raise ValueError(f"each of the 8 patterns of signs must stand once, not {sorted(said)}")
        return self

    @property
    def by_signs(self) -> NDArray[np.int8]:
        """The number of the stage by the number of the signs: 4 for operating, 2 for investing, 1 for financing in."""
        table = np.zeros(8, np.int8)
        for stage, patterns in self.patterns.items():
            for signs in patterns:
                table[int(signs.replace("+", "1").replace("-", "0"), 2)] = STAGES.index(stage)
        return table


def life_cycle_rules(file: Path | None = None) -> LifeCycleRules:
    """The rules that come with guanxi, or those of a file. Raises DataError that says where it is wrong."""
    return _shipped() if file is None else read(LifeCycleRules, file, "mend the file of the life cycle")


@functools.cache
def _shipped() -> LifeCycleRules:
    return read(LifeCycleRules, shipped("life_cycle.yaml"), "mend the file of the life cycle")


# --- stages of all companies ---------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Stages:
    """Stages as numbers of `STAGES`, -1 for none.

    By place of `Reports`: the stage that a yearly report's signs show, the stage in force after it, and whether its
    flows are large enough to change the stage at once. By row: the stage in force after the last report that shows
    one, and the place of that report.
    """

    shown: NDArray[np.int8]
    after: NDArray[np.int8]
    large: Flags
    of_row: NDArray[np.int8]
    last: Rows


def stages(view: View) -> Stages:
    """Stages by cash flows of all companies with yearly reports, by the shipped rules. Kept by View."""
    return view.foundation("life cycle", lambda: stages_of(reports(view), life_cycle_rules(), view.size))


def stages_of(found: Reports, rules: LifeCycleRules, size: int) -> Stages:
    """Stages from reports: pure."""
    shown, large = _shown(found, rules)
    after = np.full(len(shown), UNKNOWN, np.int8)
    state = np.full(size, UNKNOWN, np.int8)
    before, run = state.copy(), np.zeros(size, np.int64)
    month, last = np.full(size, -(10**6), np.int64), np.full(size, -1, np.int64)
    for places in _by_ordinal(found, shown):
        company, stage = found.company[places], shown[places]
        gap = found.month[places] - month[company]
        same = (gap == YEAR) & (before[company] == stage)
        run[company] = np.where(same, run[company] + 1, 1)
        state[company[gap > rules.stale_years * YEAR]] = UNKNOWN
        change = (state[company] == UNKNOWN) | large[places] | (run[company] >= rules.years_to_change)
        state[company[change]] = stage[change]
        after[places] = state[company]
        before[company], month[company], last[company] = stage, found.month[places], places
    return Stages(shown, after, large, state, last)


def _shown(found: Reports, rules: LifeCycleRules) -> tuple[NDArray[np.int8], Flags]:
    flows = np.stack([found.figures[name] for name in FLOWS])
    known = found.used & (found.months == YEAR) & ~np.isnan(flows).any(axis=0)
    signs = ((flows > 0) * np.array([[4], [2], [1]])).sum(axis=0)
    shown = np.where(known, rules.by_signs[signs], np.int8(UNKNOWN)).astype(np.int8)
    assets: Floats = found.figures["total_assets"]
    large: Flags = known & (assets > 0) & (np.abs(flows) >= rules.magnitude * assets).all(axis=0)
    return shown, large


def _by_ordinal(found: Reports, shown: NDArray[np.int8]) -> list[Rows]:
    """Places of reports that show a stage: the first of each company, then the second of each, and so on."""
    places = np.flatnonzero(shown != UNKNOWN)
    company = found.company[places]
    fresh = np.ones(len(places), np.bool_)
    fresh[1:] = company[1:] != company[:-1]
    start = np.maximum.accumulate(np.where(fresh, np.arange(len(places)), 0))
    ordinal = np.arange(len(places)) - start
    return [places[ordinal == n] for n in range(int(ordinal.max(initial=-1)) + 1)]


# --- the fall-back -------------------------------------------------------------------------------------------------


@dataclass(frozen=True)
class Standing:
    """What the fall-back reads, by company: listed, years since listing and founding, last round and years since."""

    listed: Flags
    listed_years: Floats
    age_years: Floats
    round: NDArray[np.object_]
    round_years: Floats


def fallback(rules: LifeCycleRules, of: Standing) -> NDArray[np.int16]:
    """The line of the fall-back that applies to each company, -1 for none."""
    found = np.full(len(of.listed), UNKNOWN, np.int16)
    for number, line in reversed(list(enumerate(rules.fallback))):
        found[_applies(line, of)] = number
    return found


def _applies(line: FallBack, of: Standing) -> Flags:
    holds = np.ones(len(of.listed), np.bool_)
    if line.round:
        holds &= np.isin(of.round.astype(str), line.round)
    for limit, values in (
        (line.round_within_years, of.round_years),
        (line.listed_under_years, of.listed_years),
        (line.age_under_years, of.age_years),
    ):
        if limit is not None:
            holds &= values < limit
    if line.listed is not None:
        holds &= of.listed == line.listed
    if line.age_from_years is not None:
        holds &= of.age_years >= line.age_from_years
    return holds


def current(view: View, rules: LifeCycleRules, found: Reports, of: Stages, rows: Rows) -> NDArray[np.int8]:
    """The stage in force of companies by their reports, -1 where these are too old or none."""
    if not len(found.month):
        return np.full(len(rows), UNKNOWN, np.int8)
    today = view.as_of.year * YEAR + view.as_of.month - 1
    last = of.last[rows]
    fresh = (last >= 0) & (today - found.month[np.maximum(last, 0)] <= rules.stale_years * YEAR)
    return np.where(fresh, of.of_row[rows], np.int8(UNKNOWN)).astype(np.int8)


def years_since(view: View, days: NDArray[np.float64]) -> Floats:
    """Years from days (NaN where unknown) to the day of the View; NaN also for what lies ahead."""
    gone = (day_number(view.as_of) - days) / 365.25
    found: Floats = np.where(gone >= 0, gone, np.nan)
    return found
