"""产品空白与往来: what a company has not of what the firm sells, and what the desk last did about it."""

from __future__ import annotations

import datetime as dt

import numpy as np

from graph.view import View
from queries.customer_360_lines import Reason, Touches, TouchLine, WhiteLine, WhiteSpaceSummary
from queries.opportunities import Engine, Opportunities
from queries.opportunity_eligibility import Verdict, verdicts, why_not
from queries.opportunity_feedback import tracks
from queries.opportunity_proposals import Desk, Rows, desk_of
from queries.opportunity_white_space import groups

_NO_TOUCHES = Reason(
    code="no_touches",
    text="没有跟进记录；资料不含拜访记录",
    text_en="no decision is on record; the sources tell of no visits",
)


def white_space(view: View, row: int, by: Engine, open_now: Opportunities) -> WhiteSpaceSummary:
    """The catalogue less what a company, given by row, has; what its group has first."""
    desk = desk_of(view, by.catalogue)
    every = np.arange(desk.size)
    company = np.full(desk.size, row, np.int64)
    has = desk.has(company, every)
    found = verdicts(desk, company, every)
    nearby = _in_group(desk, row)
    wanted = {one.product.key for one in open_now.opportunities}
    lines = [
        _line(desk, row, (place, found.item(place)), (nearby.item(place), wanted))
        for place in np.flatnonzero(~has).tolist()
    ]
    sold = [product.line.zh for product in desk.catalogue.products]
    return WhiteSpaceSummary(
        catalogue=by.catalogue.label,
        held=int(has.sum()),
        lines_held=len({sold[place] for place in np.flatnonzero(has).tolist()}),
        lines=len(set(sold)),
        products=sorted(lines, key=lambda line: (-line.in_group, desk.catalogue.places[line.key])),
    )


def _in_group(desk: Desk, row: int) -> Rows:
    """By product how many other companies of the group have it."""
    group = groups(desk.view)
    near = (group[desk.owner] == group[row]) & (desk.owner != row)
    pairs = np.unique(desk.keys(desk.owner[near], desk.owned[near]))
    return np.bincount(pairs % desk.size, minlength=desk.size).astype(np.int64)


def _line(desk: Desk, row: int, judged: tuple[int, int], known: tuple[int, set[str]]) -> WhiteLine:
    (place, verdict), (in_group, wanted) = judged, known
    product = desk.catalogue.products[place]
    why = None if verdict == Verdict.GOOD else why_not(desk, (row, place), verdict)
    return WhiteLine(
        key=product.key,
        name=product.name.zh,
        name_en=product.name.en,
        line=product.line.zh,
        line_en=product.line.en,
        verdict="eligible" if why is None else "restricted" if why.code == "restricted" else "not_eligible",
        reason=why.reason.zh if why else None,
        reason_en=why.reason.en if why else None,
        in_group=in_group,
        opportunity=product.key in wanted,
    )


def touches(view: View, row: int, by: Engine, limit: int) -> Touches:
    """Decisions of the desk on opportunities of a company, given by row, the newest first, then by id."""
    desk = desk_of(view, by.catalogue)
    decided = tracks(desk)
    found = [
        (one, product)
        for place, product in enumerate(desk.catalogue.products)
        if (track := decided.get((row, place))) is not None
        for one in track.history
    ]
    found.sort(key=lambda pair: (pair[0].at, pair[0].id), reverse=True)
    lines = [
        TouchLine(
            id=one.id,
            at=dt.datetime.fromisoformat(one.at),
            who=one.who,
            state=one.state,
            product=product.name.zh,
            reason=one.reason,
            records=list(one.records),
        )
        for one, product in found[:limit]
    ]
    return Touches(lines=lines, total=len(found), unknown=[] if found else [_NO_TOUCHES])
