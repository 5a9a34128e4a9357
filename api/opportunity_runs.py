"""What the service does about opportunities: it keeps the engine, and writes what people decide."""

from __future__ import annotations

import datetime as dt
import logging
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from api.settings import ApiSettings
from graph.errors import DataError, InvalidInput
from graph.ids import entity_handle, key_of, record_handle
from graph.store import Store
from graph.view import View
from graph.view_types import RecordRef
from ingest.feedback import write_feedback
from ingest.loader import LoadOptions
from ingest.written import DESK
from queries.catalogue import Reloaded, catalogue
from queries.opportunities import Engine, actionable, engine
from queries.opportunity_answer import FeedbackLine, Opportunity
from queries.opportunity_feedback import ASSIGNED, decided
from queries.opportunity_rules import opportunity_rules
from queries.statements import party
from queries.text_library import Library

_log = logging.getLogger("guanxi.api")


class Engines:
    """The engine of the settings; made anew when a file of its changes, the last good one while a file is broken."""

    def __init__(self, settings: ApiSettings) -> None:
        self._catalogue = Reloaded(catalogue, settings.product_catalogue)
        self._rules = Reloaded(opportunity_rules, settings.opportunity_rules)
        self._told = _library(settings) if settings.opportunity_descriptions else None
        self._parts = self._catalogue.current(), self._rules.current()
        self._made = engine(*self._parts, self._told)
        self._misfit: DataError | None = None

    def current(self) -> Engine:
        """The engine in force."""
        parts = self._catalogue.current(), self._rules.current()
        if parts[0] is not self._parts[0] or parts[1] is not self._parts[1]:
            self._parts = parts
            try:
                self._made, self._misfit = engine(*parts, self._told), None
            except DataError as error:
                self._misfit = error
                _log.warning("the engine stays as it was: %s", error)
        return self._made

    @property
    def problem(self) -> DataError | None:
        """Why the engine in force is not what the files now say, where it is not."""
        return self._catalogue.problem or self._rules.problem or self._misfit


def _library(settings: ApiSettings) -> Library:
    from api.document_search import library_of  # noqa: PLC0415  # loads a model; only where it is wanted

    return library_of(settings)


Said = tuple[str, str | None, dt.date | None, float | None]
"""State, reason, until, amount."""


@dataclass(frozen=True, slots=True)
class Desk:
    """Where a decision is written, on what is seen there, by whom."""

    store: Store
    view: View
    by: Engine
    who: str
    options: LoadOptions


def feedback(desk: Desk, ref: str, said: Said) -> Opportunity:
    """Write what somebody decided on an opportunity; returns it as it then is.

    Raises:
        NotFound: There is none, or none that this viewer may see.
        InvalidInput: It has expired, its stage does not allow it, or a reason or day is missing.
        StoreError: The store could not be written to.
    """
    state, reason, until, amount = said
    view = desk.view
    found = actionable(view, ref, by=desk.by)
    following = decided(found.stage, state, reason, until, view.as_of)
    if amount is not None and following not in ("accepted", "won", "lost"):
        raise InvalidInput("amount", "此阶段不记金额 / an amount goes with accepted, won or lost only")
    fields = {
        "state": following,
        "reason": (reason or "").strip(),
        "amount": amount,
        "until": until.isoformat() if until else None,
    }
    line = _written(desk, found, fields)
    return found.model_copy(update={"stage": following, "returned": False, "history": [*found.history, line]})


def assign(desk: Desk, ref: str, to: str) -> Opportunity:
    """Give an opportunity to a member of staff; returns it as it then is.

    Raises:
        NotFound, Ambiguous: There is no such opportunity or member of staff that this viewer may see.
        InvalidInput: It has expired, or `to` is no member of staff.
        StoreError: The store could not be written to.
    """
    view = desk.view
    found = actionable(view, ref, by=desk.by)
    row = view.resolve(to)
    if view.kind(row) != "Employee":
        raise InvalidInput("to", f"{to!r} 不是员工 / {to!r} is no member of staff")
    line = _written(desk, found, {"state": ASSIGNED, "assignee": view.id(row)})
    shown = party(view, row)
    line.assignee = shown
    return found.model_copy(update={"assigned_to": shown, "history": [*found.history, line]})


def _written(desk: Desk, found: Opportunity, fields: Mapping[str, Any]) -> FeedbackLine:
    """Write a decision, and give the line that shows it."""
    at = dt.datetime.now(dt.UTC).isoformat(timespec="milliseconds")
    before = found.history[-1].id if found.history else ""
    parts = (
        found.id,
        before,
        desk.who,
        *(str(fields.get(n) or "") for n in ("state", "reason", "until", "amount", "assignee")),
    )
    key = key_of(*parts)
    row = {
        **fields, "id": key, "about": found.id, "client": found.company.id, "product": found.product.key,
        "sources": ";".join(dict.fromkeys(why.source for why in found.why)),
        "evidence": ";".join(found.rests_on), "who": desk.who, "at": at, "compartments": found.compartments,
    }  # fmt: skip
    write_feedback(desk.store, row, desk.options)
    until = fields.get("until")
    return FeedbackLine(
        id=entity_handle(DESK, "Decision", key, found.compartments),
        state=fields["state"],
        reason=fields.get("reason") or None,
        until=dt.date.fromisoformat(until) if until else None,
        amount=fields.get("amount"),
        assignee=None,
        who=desk.who,
        at=dt.datetime.fromisoformat(at),
        records=[
            RecordRef(record_handle(DESK, "Decision", key, found.compartments), DESK, desk.options.today)
        ],
    )
