"""标签: what the rules conclude of a company now, with evidence, and what they concluded before."""

from __future__ import annotations

import datetime as dt
import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Annotated, ClassVar, Final

import numpy as np
from numpy.typing import NDArray
from pydantic import ConfigDict, Field

from graph.view import View
from graph.view_types import RecordRef
from queries import indicators_records
from queries.company_facts import Facts, all_facts, company_facts
from queries.indicators_standing import written
from queries.labels import Label
from queries.models import Answer, EntityId, Line, Value
from queries.owners import company_row
from queries.rule_sets import CATEGORIES, Conclusion, Rules, RuleSet
from queries.statements import of_units, refs

CATEGORY_LABELS: Final = {
    "basic": Label("基本", "basic"),
    "behaviour": Label("行为", "behaviour"),
    "risk": Label("风险", "risk"),
    "need": Label("需求", "need"),
    "value": Label("价值", "value"),
}

Rows = NDArray[np.int64]
Key = tuple[str, str]
"""Category and tag."""


class Evidence(Answer):
    """A fact that a rule read, its value, and the records behind it."""

    fact: str = Field(description="Name of the fact, as the documentation of the rules has it.")
    value: Value | None
    records: list[RecordRef]


@dataclass(slots=True, kw_only=True)
class TagLine(Line):
    """A tag that the rules conclude now."""

    category: Annotated[str, Field(description=", ".join(CATEGORIES))]
    tag: str
    name: str
    name_en: str
    since: Annotated[
        dt.date | None, Field(description="Day from which it is on file; null where it is not yet.")
    ]
    rule: Annotated[str, Field(description="Rule set, version and hash.")]
    rows: Annotated[list[str], Field(description="Rows of the rules that concluded it.")]
    evidence: list[Evidence]


@dataclass(slots=True, kw_only=True)
class TagPeriod(Line):
    """A tag as it was written: from when to when, by which rule, on what evidence."""

    __pydantic_config__: ClassVar[ConfigDict] = ConfigDict(extra="forbid")

    id: EntityId
    category: str
    tag: str
    name: str
    since: dt.date
    until: Annotated[
        dt.date | None, Field(description="First day on which it no longer held; null while it does.")
    ]
    rule: str
    evidence: list[Evidence]
    compartments: Annotated[
        list[str], Field(description="On what was seen with these alone it was concluded.")
    ]


class Tags(Answer):
    """What the rules say of a company on the day, by category and in the order of the rules; and what is on file."""

    id: EntityId
    name: str
    kind: str
    as_of: dt.date
    known_at: dt.date | None
    rules: list[str] = Field(description="The rule sets in force.")
    tags: list[TagLine]
    history: list[TagPeriod] = Field(description="As written by the runs, the newest first.")


def tags(view: View, ref: str, rules: Rules) -> Tags:
    """The tags of a company.

    Raises:
        NotFound, Ambiguous, InvalidInput: As `owners.company_row`.
        DataError: A rule cannot be evaluated.
    """
    row = company_row(view, ref)
    facts = company_facts(view, np.array([row]))
    history = [_period(view, one) for one in stretches(view, row)]
    lines = [
        line
        for one in rules.concluding("tags")
        for found in concluded(one, facts)
        for line in _lines(view, row, one, (found, facts), history)
    ]
    return Tags(
        id=view.id(row),
        name=view.name(row),
        kind=view.kind(row),
        as_of=view.as_of,
        known_at=view.known_at,
        rules=[one.label for one in rules.concluding("tags")],
        tags=lines,
        history=history,
    )


# --- what rules conclude -------------------------------------------------------------------------------------------


def concluded(one: RuleSet, facts: Facts) -> Iterator[dict[Key, list[Conclusion]]]:
    """Of each company its tags, by category and then by row, with the rows that concluded each."""
    for conclusions in one.conclude(facts):
        found: dict[Key, list[Conclusion]] = {}
        for conclusion in sorted(conclusions, key=_place):
            found.setdefault(key_of(conclusion), []).append(conclusion)
        yield found


def _place(conclusion: Conclusion) -> tuple[int, int]:
    return CATEGORIES.index(conclusion.outputs["category"]), conclusion.row.place


def key_of(conclusion: Conclusion) -> Key:
    """Category and tag that a row concluded."""
    return conclusion.outputs["category"], conclusion.outputs["tag"]


def _lines(
    view: View,
    row: int,
    one: RuleSet,
    of: tuple[Mapping[Key, list[Conclusion]], Facts],
    history: Iterable[TagPeriod],
) -> Iterator[TagLine]:
    found, facts = of
    since = {(p.category, p.tag): p.since for p in history if p.until is None and set_of(p.rule) == one.name}
    for key, conclusions in found.items():
        evidence = evidence_of(view, row, facts, 0, conclusions)
        said = conclusions[0].outputs
        yield TagLine(
            category=key[0],
            tag=key[1],
            name=said["name"],
            name_en=said["name_en"],
            since=since.get(key),
            rule=one.label,
            rows=[conclusion.row.id for conclusion in conclusions],
            evidence=evidence,
            records=refs(record for item in evidence for record in item.records),
        )


def evidence_of(
    view: View, row: int, facts: Facts, place: int, conclusions: Iterable[Conclusion]
) -> list[Evidence]:
    """The facts that rows read of a company, each once; `place` is that of the company in `facts`."""
    names = dict.fromkeys(name for conclusion in conclusions for name in conclusion.row.reads)
    return [
        Evidence(
            fact=name,
            value=facts.value(place, name),
            records=indicators_records.behind(view, row, name),
        )
        for name in names
    ]


def set_of(rule: str) -> str:
    """The rule set of a rule's label."""
    return rule.split(" ", 1)[0]


# --- what is on file -----------------------------------------------------------------------------------------------


def periods(view: View) -> Mapping[int, list[int]]:
    """Rows of written tags by company, those begun last first, then by id. Kept by View."""
    return view.foundation("tag periods", lambda: written(view, "Tag"))


@dataclass(frozen=True, slots=True)
class Stretch:
    """A tag on file: the row that says that it began, and the one that says that it ended, if one does."""

    begun: int
    ended: int | None


def stretches(view: View, row: int) -> list[Stretch]:
    """The tags on file of a company, given by row, those begun last first."""
    begun: list[int] = []
    ended: dict[tuple[object, ...], int] = {}
    for one in periods(view).get(row, []):
        if view.value(one, "until") is None:
            begun.append(one)
        else:
            ended[_stretch_key(view, one)] = one
    return [Stretch(one, ended.get(_stretch_key(view, one))) for one in begun]


def _stretch_key(view: View, row: int) -> tuple[object, ...]:
    """What the records of a beginning and of its end have in common."""
    said = (view.value(row, name) for name in ("category", "tag", "since"))
    return (*said, set_of(str(view.value(row, "rule"))), *compartments_of(view, row))


def _period(view: View, of: Stretch) -> TagPeriod:
    props = view.props(of.begun)
    until = None if of.ended is None else view.value(of.ended, "until")
    said_by = [of.begun] if of.ended is None else [of.begun, of.ended]
    return TagPeriod(
        id=view.id(of.begun),
        category=props["category"],
        tag=props["tag"],
        name=props["name"],
        since=props["since"],
        until=until,
        rule=props["rule"],
        evidence=read_evidence(props.get("evidence")),
        compartments=compartments_of(view, of.begun),
        records=refs(record for row in said_by for record in of_units(view, row)),
    )


def read_evidence(text: str | None) -> list[Evidence]:
    """Evidence as it was written."""
    return [Evidence.model_validate(item) for item in json.loads(text or "[]")]


def evidence_text(found: Iterable[Evidence]) -> str:
    """Evidence as it is written."""
    return json.dumps([item.model_dump(mode="json") for item in found], ensure_ascii=False)


def compartments_of(view: View, row: int) -> list[str]:
    """The compartments of what states a thing."""
    return sorted({name for unit in view.units(row) for name in unit.compartments})


# --- companies that rules are run on -------------------------------------------------------------------------------


def scope(view: View, *, everybody: bool) -> Rows:
    """The companies that a run is about: clients, or all, in the order of their ids."""
    facts = all_facts(view)
    rows = facts.rows if everybody else facts.rows[facts.columns["client"]]
    return rows[np.argsort(np.array(view.ids(rows), np.str_), kind="stable")] if len(rows) else rows
