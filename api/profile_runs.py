"""What the service does about tags and tiers: it runs the rules over companies, and writes what began and ended."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any, Final

from pydantic import BaseModel

from graph.projection import Projection
from graph.store import Store
from graph.view import View
from ingest import profile_states as writing
from ingest.loader import LoadOptions
from queries.client_tiers import settle
from queries.company_facts import Facts, company_facts
from queries.indicators_standing import NO_TIER
from queries.rule_changes import last_tiers
from queries.rule_sets import Conclusion, Rules, RuleSet
from queries.tags import Key, compartments_of, concluded, evidence_of, evidence_text, scope, set_of, stretches

BATCH: Final = 5_000
"""Rows that are written together: a run that is stopped does at most so many again."""

Progress = Callable[[str, int], None]
Fields = dict[str, Any]


class ProfileRun(BaseModel):
    """What a run did."""

    rules: list[str]
    companies: int
    tags_begun: int
    tags_ended: int
    tiers_moved: int


@dataclass(frozen=True, slots=True)
class Running:
    """Over what the rules are run, and where what they conclude is written.

    Computed on what somebody with exactly these compartments sees, and written with them: the public View and no
    compartment by default.
    """

    store: Store
    projection: Projection
    rules: Rules
    options: LoadOptions
    compartments: tuple[str, ...] = ()
    everybody: bool = False


def run(by: Running, progress: Progress) -> ProfileRun:
    """Run all rules and write what changed; safe to stop at any moment and to run again.

    Raises:
        DataError: A rule cannot be evaluated; nothing more is written.
        StoreError: The store could not be written to; running again goes on where it stopped.
    """
    by.projection.refresh()
    view = by.projection.view(frozenset(by.compartments), by.options.today)
    facts = company_facts(view, scope(view, everybody=by.everybody))
    report = ProfileRun(
        rules=[one.label for one in by.rules.sets.values()],
        companies=len(facts), tags_begun=0, tags_ended=0, tiers_moved=0,
    )  # fmt: skip
    for one in by.rules.concluding("tags"):
        rows = _counted(_tag_rows(by, view, one, facts), report)
        for batch in _batches(rows):
            writing.write_tags(by.store, batch, by.options)
            progress("标签 tags", report.tags_begun + report.tags_ended)
    for one in by.rules.concluding("tier"):
        for batch in _batches(_tier_rows(by, view, one, facts)):
            report.tiers_moved += len(batch)
            writing.write_tiers(by.store, batch, by.options)
            progress("分层 tiers", report.tiers_moved)
    return report


def _batches(rows: Iterator[Fields]) -> Iterator[list[Fields]]:
    batch: list[Fields] = []
    for row in rows:
        batch.append(row)
        if len(batch) == BATCH:
            yield batch
            batch = []
    if batch:
        yield batch


def _counted(rows: Iterator[Fields], report: ProfileRun) -> Iterator[Fields]:
    for row in rows:
        if "until" in row:
            report.tags_ended += 1
        else:
            report.tags_begun += 1
        yield row


# --- tags ----------------------------------------------------------------------------------------------------------


def _tag_rows(by: Running, view: View, one: RuleSet, facts: Facts) -> Iterator[Fields]:
    """Tags that began, and those on file that ended."""
    above = _public_tags(by, view, one, facts)
    for place, (row, now) in enumerate(zip(facts.rows.tolist(), concluded(one, facts), strict=True)):
        own = {key: found for key, found in now.items() if key not in above.get(row, ())}
        open_now = _open(view, row, (one.name, by.compartments))
        for key, found in own.items():
            if key not in open_now:
                yield _begun(by, view, one, (facts, place), (key, found))
        for key, begun in open_now.items():
            if key not in own:
                yield _ended(by, view, begun)


def _public_tags(by: Running, view: View, one: RuleSet, facts: Facts) -> Mapping[int, frozenset[Key]]:
    """Of companies that everybody sees the tags that everybody's View concludes too: they need no wall."""
    if not by.compartments:
        return {}
    public = view.public()
    rows = facts.rows[public.exist(facts.rows)]
    return {
        row: frozenset(found)
        for row, found in zip(rows.tolist(), concluded(one, company_facts(public, rows)), strict=True)
    }


def _open(view: View, row: int, of: tuple[str, tuple[str, ...]]) -> dict[Key, int]:
    """What is on file of a rule set and compartments as still held, by category and tag."""
    found: dict[Key, int] = {}
    for one in stretches(view, row):
        ours = set_of(str(view.value(one.begun, "rule"))) == of[0] and compartments_of(view, one.begun) == [
            *of[1]
        ]
        if ours and one.ended is None:
            found.setdefault((view.value(one.begun, "category"), view.value(one.begun, "tag")), one.begun)
    return found


def _begun(
    by: Running, view: View, one: RuleSet, at: tuple[Facts, int], what: tuple[Key, list[Conclusion]]
) -> Fields:
    (facts, place), (key, found) = at, what
    row, day = facts.rows.item(place), by.options.today.isoformat()
    company, said = view.id(row), found[0].outputs
    return {
        "id": f"{one.name}/{company}/{key[0]}.{key[1]}/{day}",
        "company": company,
        "category": key[0],
        "tag": key[1],
        "name": f"{said['name']} / {said['name_en']}",
        "since": day,
        "rule": f"{one.label} {found[0].row.id}",
        "evidence": evidence_text(evidence_of(view, row, facts, place, found)),
        "valid_from": day,
        "compartments": list(by.compartments),
    }


def _ended(by: Running, view: View, begun: int) -> Fields:
    """That a tag ended, a record of its own: what was written is never changed, only followed."""
    props, day = view.props(begun), by.options.today.isoformat()
    return {
        **{name: str(props[name]) for name in _TAG_FIELDS if name in props},
        "id": f"{view.units(begun)[0].key}/{day}",
        "valid_from": day,
        "until": day,
        "compartments": list(by.compartments),
    }


_TAG_FIELDS: Final = ("company", "category", "tag", "name", "since", "rule")


# --- tiers ---------------------------------------------------------------------------------------------------------


def _tier_rows(by: Running, view: View, one: RuleSet, facts: Facts) -> Iterator[Fields]:
    """Moves to another tier, and out of all."""
    before = last_tiers(view, one.name, facts.rows, by.compartments)
    clients = facts.values("client")
    elsewhere = _public_tiers(by, view, one, facts)
    for place, found in enumerate(one.conclude(facts)):
        row, last = facts.rows.item(place), before[place]
        settled = settle(one, found, client=clients[place], before=last)
        if settled.tier == last or (last is None and settled.tier == elsewhere.get(row)):
            continue
        company, day = view.id(row), by.options.today.isoformat()
        yield {
            "id": f"{one.name}/{company}/{day}",
            "name": f"{last or '—'} → {settled.tier or '—'}",
            "company": company,
            "tier": settled.tier or NO_TIER,
            **({} if last is None else {"before": last}),
            "since": day,
            **({} if settled.score is None else {"score": settled.score}),
            "reason": settled.reason.zh,
            "reason_en": settled.reason.en,
            "rule": one.label,
            "evidence": evidence_text(evidence_of(view, row, facts, place, found)),
            "valid_from": day,
            "compartments": list(by.compartments),
        }


def _public_tiers(by: Running, view: View, one: RuleSet, facts: Facts) -> Mapping[int, str | None]:
    """The tiers on file for everybody, which a walled run does not repeat."""
    if not by.compartments:
        return {}
    return dict(zip(facts.rows.tolist(), last_tiers(view, one.name, facts.rows), strict=True))
