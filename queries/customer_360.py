"""客户全景（全）: the profile with all that other questions say of a company, as one answer.

Each part is the answer of its own question, or a function of the View beside; none knows of another viewer.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

from graph.view import View
from queries.client_tiers import client_tiers
from queries.controllers import controllers
from queries.customer_360_business import touches, white_space
from queries.customer_360_gaps import missing
from queries.customer_360_lines import Customer360, IndicatorLine, TrendPoint
from queries.customer_360_people import deciders
from queries.customer_360_told import events_told, risk_summary
from queries.group import group
from queries.indicators import Indicator, Point, indicators
from queries.indicators_reports import YEAR
from queries.life_cycle import life_cycle
from queries.opportunities import Engine, Wanted, opportunities
from queries.owners import company_row, owners
from queries.paging import MAX_LIMIT, Page
from queries.profile import profile
from queries.profile_lines import Profile
from queries.rule_sets import Rules
from queries.similar_companies import similar_companies
from queries.statements import refs
from queries.tags import tags
from queries.text_library import Library

LINES: Final = 10
"""So many lines a list of the whole page shows; each goes on under the route of its own question."""

TREND: Final = 12
SIMILAR: Final = 5


@dataclass(frozen=True, slots=True)
class Means:
    """What an answer depends on beside the View: the engine of opportunities, the rules, vectors of texts if wanted."""

    engine: Engine
    rules: Rules
    library: Library | None = None


def customer_360(view: View, ref: str, by: Means, *, page: Page | None = None) -> Customer360:
    """Everything known of a company.

    Args:
        view: What the asker may see, on the day asked for.
        ref: The company: an id, a code, or a name that one thing has.
        by: The engine, the rules and, where similar companies are wanted, the vectors.
        page: How many lines each list shows, and the key of the cursors with which each goes on under its own route.

    Raises:
        NotFound, Ambiguous: As `View.resolve`.
        InvalidInput: It is no company.
        DataError: A rule cannot be evaluated.
    """
    page = page or Page(LINES)
    row = company_row(view, ref)
    own = view.id(row)
    base = _profile(view, own, page)
    found = indicators(view, own)
    open_now = opportunities(view, Wanted(company=own), by=by.engine, page=page)
    controlled = controllers(view, own)
    parts: dict[str, Any] = {
        "life_cycle": life_cycle(view, own),
        "tags": tags(view, own, by.rules),
        "tiers": client_tiers(view, own, by.rules),
        "owners": owners(view, own, page=page),
        "group": group(view, own, page=page),
        "deciders": deciders(view, row, controlled, page.limit),
        "events": events_told(view, row, base),
        "risk": risk_summary(view, row, by.engine),
        "white_space": white_space(view, row, by.engine, open_now),
        "touches": touches(view, row, by.engine, page.limit),
    }
    return Customer360(
        id=own,
        name=base.name,
        kind=base.kind,
        as_of=view.as_of,
        known_at=view.known_at,
        sections=base.sections,
        relations=base.relations,
        indicators_version=found.version,
        indicators=[_indicator(one) for one in found.indicators],
        controllers=controlled,
        opportunities=open_now,
        similar=_similar(view, own, by.library, page),
        missing=missing(view.as_of, base, controlled),
        findings=found.findings,
        **parts,
    )


def _profile(view: View, own: str, page: Page) -> Profile:
    """The profile, with all of its properties whatever the page is: other parts read them."""
    base = profile(view, own, page=page)
    every = profile(view, own, section="identity", page=Page(MAX_LIMIT)).sections
    return base.model_copy(update={"sections": {**base.sections, **every}})


def _similar(view: View, own: str, library: Library | None, page: Page) -> Any:
    if library is None:
        return None
    return similar_companies(view, own, library, page=Page(SIMILAR, None, page.key))


# --- indicators with trend ------------------------------------------------------------------------------------------


def _indicator(one: Indicator) -> IndicatorLine:
    return IndicatorLine(
        id=one.id,
        name=one.name,
        name_en=one.name_en,
        unit=one.unit,
        source=one.source,
        value=one.value,
        period_end=one.period_end,
        months=one.months,
        reason=one.reason,
        reason_en=one.reason_en,
        trend=[_point(point) for point in one.trend[:TREND]],
        change=_change(one),
        records=refs(record for given in one.inputs for record in given.records),
    )


def _point(point: Point) -> TrendPoint:
    return TrendPoint(period_end=point.period_end, months=point.months, value=point.value)


def _change(one: Indicator) -> float | None:
    """The newest value less that of the like period a year before."""
    before = next(_year_before(one), None)
    if one.value is None or before is None or before.value is None:
        return None
    return round(one.value - before.value, 9)


def _year_before(one: Indicator) -> Iterator[Point]:
    if not one.trend:
        return
    newest = one.trend[0]
    for point in one.trend[1:]:
        apart = (newest.period_end.year - point.period_end.year) * YEAR
        apart += newest.period_end.month - point.period_end.month
        if apart == YEAR and point.months == newest.months:
            yield point
