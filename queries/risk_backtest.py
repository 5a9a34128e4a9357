"""风险回测: what models said on past days, from what was known then, against what followed in the window.

On each day the View has both its dates at that day. In distress is whom an event struck in the window before, as far as
known; scored is every company that no event has struck yet; hit is whom one strikes in the window after.
"""

from __future__ import annotations

import csv
import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Final, NamedTuple

import numpy as np
from numpy.typing import NDArray
from pydantic import Field

from graph.columns import day_number
from graph.errors import DataError, InvalidInput, NotFound
from graph.view import View
from queries import risk_backtest_metrics as metrics
from queries import stakes
from queries.exposure import exposures, parts
from queries.models import Answer
from queries.risk_backtest_metrics import Interval, Ratio
from queries.risk_backtest_scores import BASE_RATE, BASELINES, BY_CHANNEL, Moment, channels_in, model_scores
from queries.risk_channels import Channels
from queries.risk_models import Model, Sampling
from queries.stakes import Floats

Rows = NDArray[np.int64]

PRECISION_AT: Final = (10, 50)
SAMPLING: Final = Sampling(0, 500)
_PLACES: Final = 6
_FEWEST_DAYS_TO_FIT: Final = 2
_COLUMNS: Final = ("party", "date", "kind")


class Happened(NamedTuple):
    """An event: whom it struck (an id, code or unambiguous name), on which day, of which kind."""

    party: str
    date: dt.date
    kind: str


Told = Callable[[View], Sequence[Happened]]
"""What a View of a past day knows of events."""


@dataclass(frozen=True)
class Plan:
    """What to replay: days, the window in days before and after each, models, and whether to leave channels out."""

    days: Sequence[dt.date]
    parameters: Channels
    models: Sequence[Model]
    window: int = 180
    ablation: bool = True
    sampling: Sampling = SAMPLING


class Key(NamedTuple):
    """Which score: a model or baseline, and the channel that was left out."""

    model: str
    left_out: str | None = None


@dataclass(frozen=True)
class Replay:
    """One world or graph replayed: metrics by score, each by day; how many were scored and hit."""

    ratios: Mapping[Key, Mapping[str, Ratio]]
    days: int
    scored: int
    hit: int


class BacktestRow(Answer):
    """One metric of one score."""

    process: str | None = Field(
        description="The hidden process of the demo world; null for a graph of one's own."
    )
    model: str
    is_baseline: bool
    channel_left_out: str | None
    metric: str = Field(
        description="auc, precision@k, brier, brier_skill, reliability_slope; auc_over_best_baseline: less the AUC of "
        "the baseline named in `against`; auc_change: less the AUC with all channels."
    )
    value: float | None
    low: float | None = Field(
        description="95 % interval: over worlds, or over days resampled where there is one."
    )
    high: float | None
    against: str | None = None
    worlds: int
    days: int = Field(description="Days replayed in all worlds together.")
    scored: int = Field(description="Companies scored, each on each day.")
    hit: int = Field(description="How many of them were hit in the window.")


# --- events ----------------------------------------------------------------------------------------------------------


def happened(view: View, kinds: Sequence[str]) -> list[Happened]:
    """Events of some kinds that a View knows of, by the day and the id of whom they struck."""
    rows, days = view.column("Event", "date")
    day = dict(zip(rows.tolist(), days.tolist(), strict=True))
    told = view.property_texts("Event", "kind")
    kind = dict(zip(told.rows.tolist(), (told.texts[at] for at in told.which.tolist()), strict=True))
    subjects = parts(view, "Event", "subjects")
    pairs = zip(subjects.party.tolist(), subjects.thing.tolist(), strict=True)
    found = [
        Happened(view.id(party), _EPOCH + dt.timedelta(days=day[event]), kind[event])
        for party, event in pairs
        if event in day and kind.get(event) in kinds
    ]
    return sorted(found, key=lambda event: (event.date, event.party))


_EPOCH: Final = dt.date(1970, 1, 1)


def read_events(file: Path) -> list[Happened]:
    """Events of a CSV file with the columns party, date and kind. Raises DataError that says which line is wrong."""
    try:
        with file.open(encoding="utf-8-sig", newline="") as handle:
            reader = csv.DictReader(handle)
            if missing := [name for name in _COLUMNS if name not in (reader.fieldnames or ())]:
                raise DataError(f"{file}: no column {', '.join(missing)}", hint="columns: party,date,kind")
            return [_event(file, reader.line_num, row) for row in reader]
    except (OSError, UnicodeDecodeError) as error:
        raise DataError(
            f"{file}: {error}", hint="a CSV file in UTF-8 with the columns party,date,kind"
        ) from error


def _event(file: Path, line: int, row: Mapping[str, str]) -> Happened:
    try:
        date = dt.date.fromisoformat((row["date"] or "").strip())
    except ValueError:
        raise DataError(f"{file}, line {line}: {row['date']!r} is no date", hint="YYYY-MM-DD") from None
    party = (row["party"] or "").strip()
    if not party:
        raise DataError(f"{file}, line {line}: no party", hint="an id, code or unambiguous name")
    return Happened(party, date, (row["kind"] or "").strip())


def unknown(view: View, events: Sequence[Happened]) -> list[str]:
    """Parties of events that a View does not know, sorted."""
    return sorted(party for party in {event.party for event in events} if _row_of(view, party) is None)


def quarter_days(first: dt.date, last: dt.date) -> list[dt.date]:
    """First days of quarters from one day to another."""
    years = range(first.year, last.year + 1)
    days = (dt.date(year, month, 1) for year in years for month in (1, 4, 7, 10))
    return [day for day in days if first <= day <= last]


# --- one world -------------------------------------------------------------------------------------------------------


class _Day(NamedTuple):
    """A day replayed: whom it is about was hit or not, and the scores of the same companies."""

    day: dt.date
    hit: NDArray[np.bool_]
    scores: Mapping[Key, Floats]


def replay(view_on: Callable[[dt.date], View], told: Told, truth: Sequence[Happened], plan: Plan) -> Replay:
    """Replay the days of a plan.

    Args:
        view_on: The View of a past day, with both dates at it.
        told: What such a View knows of events.
        truth: All events, as known in the end.
        plan: Days, window, models.

    Raises:
        InvalidInput: On no day was anybody scored and somebody hit.
    """
    days = [found for day in plan.days if (found := _replayed(view_on(day), told, truth, plan, day))]
    if not any(day.hit.any() for day in days):
        raise InvalidInput(
            "events",
            "没有任何一天有可评分且随后出险的公司 / on no day was a company known and hit in the window after",
            hint="were things known that early? see known_from; or replay with hindsight",
        )
    keys = list(dict.fromkeys(key for day in days for key in day.scores))
    return Replay(
        {key: _measured(key, days, plan.window) for key in keys},
        len(days),
        sum(len(day.hit) for day in days),
        sum(int(day.hit.sum()) for day in days),
    )


def _replayed(view: View, told: Told, truth: Sequence[Happened], plan: Plan, day: dt.date) -> _Day | None:
    """Scores of all at risk on a day; None where nobody is."""
    window = dt.timedelta(days=plan.window)
    known = [event for event in told(view) if event.date <= day]
    shocked = _rows(view, [event for event in known if event.date > day - window])
    before = _rows(view, [event for event in truth if event.date <= day])
    after = _rows(view, [event for event in truth if day < event.date <= day + window])
    at_risk = np.setdiff1d(_companies(view, day), before)
    if not len(at_risk):
        return None
    moment = Moment(view, exposures(view, plan.parameters), shocked, _rows(view, known), plan.sampling)
    scores = {key: score[at_risk] for key, score in _scores(moment, plan)}
    return _Day(day, np.isin(at_risk, after), scores)


def _rows(view: View, events: Sequence[Happened]) -> Rows:
    """Rows of those struck, each once; without whom the View does not know."""
    found = {_row_of(view, party) for party in {event.party for event in events}}
    return np.array(sorted(row for row in found if row is not None), np.int64)


def _row_of(view: View, party: str) -> int | None:
    """The row of a party, None where the View does not know it. Raises Ambiguous."""
    try:
        return view.resolve(party)
    except NotFound:
        return None


def _companies(view: View, day: dt.date) -> Rows:
    """Companies that are there, but for state bodies."""
    rows, founded = view.column("Company", "founded")
    later = rows[founded > day_number(day)]
    return np.setdiff1d(view.rows("Company"), np.concatenate([later, stakes.state_bodies(view)]))


def _scores(moment: Moment, plan: Plan) -> Iterator[tuple[Key, Floats]]:
    for name, score in BASELINES.items():
        yield Key(name), score(moment)
    there = channels_in(moment.found)
    for model in plan.models:
        whole = model_scores(moment, model)
        yield Key(model), whole
        for channel in plan.parameters.channels if plan.ablation and model in BY_CHANNEL else ():
            yield Key(model, channel), model_scores(moment, model, channel) if channel in there else whole


def _measured(key: Key, days: Sequence[_Day], window: int) -> dict[str, Ratio]:
    """All metrics of one score; calibration only of what leaves no channel out."""
    ranked = {
        "auc": [metrics.auc(day.scores[key], day.hit) for day in days],
        **{
            f"precision@{k}": [metrics.precision(day.scores[key], day.hit, k) for day in days]
            for k in PRECISION_AT
        },
    }
    if key.left_out is None:
        ranked |= _calibration(key, days, dt.timedelta(days=window))
    return {name: Ratio(*np.array(pairs).T) for name, pairs in ranked.items()}


def _calibration(
    key: Key, days: Sequence[_Day], window: dt.timedelta
) -> dict[str, list[tuple[float, float]]]:
    """On each day with a map that is fitted on earlier days whose windows are over by then."""
    brier, skill, slope = [], [], []
    for day in days:
        earlier = [other for other in days if other.day + window <= day.day]
        if len(earlier) < _FEWEST_DAYS_TO_FIT:
            continue
        hits = np.concatenate([other.hit for other in earlier])
        seen = np.concatenate([other.scores[key] for other in earlier])
        said = metrics.calibrated(seen, hits).of(day.scores[key])
        error, rate = metrics.squares(said, day.hit), np.full(len(day.hit), hits.mean())
        plain = metrics.squares(rate, day.hit)
        brier.append((error, float(len(day.hit))))
        skill.append((plain - error, plain))
        slope.append(metrics.slope(said, day.hit))
    found = {"brier": brier, "brier_skill": skill, "reliability_slope": slope}
    return {name: pairs for name, pairs in found.items() if pairs}


# --- many worlds -----------------------------------------------------------------------------------------------------


def rows(replays: Sequence[Replay], process: str | None = None) -> list[BacktestRow]:
    """The table of one process: means over worlds, or one graph's values, each with its interval."""
    best = _best_baseline(replays)
    found = []
    for key in replays[0].ratios:
        found += [
            _row(replays, process, key, metric, _interval(replays, key, metric))
            for metric in replays[0].ratios[key]
        ]
        if key.left_out is not None:
            change = _difference(replays, key, Key(key.model))
            found.append(_row(replays, process, key, "auc_change", change, key.model))
        elif key.model not in BASELINES:
            gain = _difference(replays, key, best)
            found.append(_row(replays, process, key, "auc_over_best_baseline", gain, best.model))
    return found


def _best_baseline(replays: Sequence[Replay]) -> Key:
    """The baseline with the highest mean AUC."""
    means = {name: metrics.over_worlds(_values(replays, Key(name), "auc")).value for name in BASELINES}
    return Key(max(means, key=lambda name: (np.nan_to_num(means[name], nan=-1.0), name != BASE_RATE)))


def _values(replays: Sequence[Replay], key: Key, metric: str) -> list[float]:
    return [one.ratios[key][metric].value for one in replays]


def _interval(replays: Sequence[Replay], key: Key, metric: str) -> Interval:
    if len(replays) == 1:
        return metrics.over_days(replays[0].ratios[key][metric])
    return metrics.over_worlds(_values(replays, key, metric))


def _difference(replays: Sequence[Replay], key: Key, other: Key) -> Interval:
    """AUC less that of another score in the same world."""
    if len(replays) == 1:
        return metrics.over_days(replays[0].ratios[key]["auc"], replays[0].ratios[other]["auc"])
    pairs = zip(_values(replays, key, "auc"), _values(replays, other, "auc"), strict=True)
    return metrics.over_worlds([one - two for one, two in pairs])


def _row(  # noqa: PLR0913, PLR0917 - the columns of a row
    replays: Sequence[Replay],
    process: str | None,
    key: Key,
    metric: str,
    interval: Interval,
    against: str | None = None,
) -> BacktestRow:
    value, low, high = (None if np.isnan(one) else round(one, _PLACES) for one in interval)
    return BacktestRow(
        process=process,
        model=key.model,
        is_baseline=key.model in BASELINES,
        channel_left_out=key.left_out,
        metric=metric,
        value=value,
        low=low,
        high=high,
        against=against,
        worlds=len(replays),
        days=sum(one.days for one in replays),
        scored=sum(one.scored for one in replays),
        hit=sum(one.hit for one in replays),
    )
