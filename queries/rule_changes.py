"""规则试运行: what a changed rule file would change before it is switched on: who enters or leaves each tag or tier."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Annotated, Final

from pydantic import BaseModel, ConfigDict, Field

from graph.errors import NotFound
from graph.view import View
from queries.client_tiers import moves, settle
from queries.company_facts import Facts, company_facts
from queries.indicators_standing import NO_TIER
from queries.models import Answer, Party
from queries.rule_sets import CATEGORIES, Band, RuleBook, RuleSet
from queries.statements import party
from queries.tags import Key, Rows, concluded, scope, set_of

MOST_LISTED: Final = 100
"""Most companies listed of one change; the counts are of all."""

Count = Annotated[int, Field(ge=0)]


class RuleSetLine(Answer):
    """A rule set in force."""

    set: str
    name: str
    name_en: str
    concludes: str = Field(description="tags or tier")
    rule: str = Field(description="Name, version and hash: what a conclusion gives as its rule.")
    file: str
    rows: int
    reads: list[str] = Field(description="The facts that it reads.")
    tags: list[str] = Field(description="What it can conclude: category.tag, or the tiers from the highest.")


class RuleSets(Answer):
    """The rule sets in force, and what is wrong with the files where they could not be read again."""

    sets: list[RuleSetLine]
    problem: str | None = Field(description="Null where the files as they are now are in force.")


def rule_sets(book: RuleBook) -> RuleSets:
    """The rule sets in force. Raises DataError where there never were good ones."""
    rules = book.current()
    return RuleSets(
        sets=[_set_line(one) for one in rules.sets.values()],
        problem=None if book.problem is None else str(book.problem),
    )


def _set_line(one: RuleSet) -> RuleSetLine:
    said = [
        f"{row.says['category']}.{row.says['tag']}" for row in one.checked.rows.values() if "tag" in row.says
    ]
    return RuleSetLine(
        set=one.name,
        name=one.spec.name.zh,
        name_en=one.spec.name.en,
        concludes=one.spec.concludes,
        rule=one.label,
        file=one.file,
        rows=len(one.checked.rows),
        reads=list(one.reads),
        tags=list(dict.fromkeys(said)) or [band.tier for band in one.spec.bands],
    )


# --- dry runs ------------------------------------------------------------------------------------------------------


class DryRunRequest(BaseModel):
    """Body of a dry run: the changed rule file, and for a tier other bands where they change too."""

    model_config = ConfigDict(extra="forbid")

    rules: dict[str, object] = Field(description="The decision model, JDM as an editor writes it.")
    bands: tuple[Band, ...] | None = Field(None, description="Of a set that concludes a tier: its bands.")
    everybody: bool = Field(default=False, description="All companies, not clients alone.")


class TagChange(Answer):
    """What happens to one tag."""

    category: str
    tag: str
    name: str
    name_en: str
    before: Count
    after: Count
    entering: list[Party] = Field(description=f"At most {MOST_LISTED}, by id.")
    entering_total: Count
    leaving: list[Party] = Field(description=f"At most {MOST_LISTED}, by id.")
    leaving_total: Count


class TierChange(Answer):
    """Companies that would be in another tier."""

    before: str | None
    after: str | None
    companies: list[Party] = Field(description=f"At most {MOST_LISTED}, by id.")
    total: Count


class TierCount(Answer):
    """How many companies a tier has."""

    tier: str | None
    before: Count
    after: Count


class DryRun(Answer):
    """What would change, on the day of the View; nothing is written."""

    set: str
    now: str = Field(description="The rules in force.")
    then: str = Field(description="The changed rules.")
    companies: Count = Field(description="How many companies were looked at.")
    changed: Count = Field(description="How many of them something changes for.")
    tags: list[TagChange] = Field(description="Tags that somebody enters or leaves, by category and tag.")
    tiers: list[TierCount] = Field(description="All tiers, the highest first; none last.")
    moves: list[TierChange]


def dry_run(view: View, now: RuleSet, then: RuleSet, *, everybody: bool = False) -> DryRun:
    """What another version of a rule set would change.

    Args:
        view: What the asker may see, on the day asked for.
        now: The set in force.
        then: The changed one.
        everybody: All companies, not clients alone.

    Raises:
        NotFound: The two conclude different things.
        DataError: A rule cannot be evaluated.
    """
    if now.spec.concludes != then.spec.concludes:
        raise NotFound(f"{then.name}: 得出的结论不同 / it concludes something else than the set in force")
    facts = company_facts(view, scope(view, everybody=everybody))
    compare = _tags if now.spec.concludes == "tags" else _tiers
    return compare(view, now, then, facts)


@dataclass(slots=True)
class _Moved:
    """Rows of companies that have a tag before and after, enter it, leave it."""

    name: str
    name_en: str
    before: int
    after: int
    entering: list[int]
    leaving: list[int]


def _tags(view: View, now: RuleSet, then: RuleSet, facts: Facts) -> DryRun:
    found: dict[Key, _Moved] = {}
    touched = 0
    pairs = zip(facts.rows.tolist(), concluded(now, facts), concluded(then, facts), strict=True)
    for row, before, after in pairs:
        touched += before.keys() != after.keys()
        for key in before.keys() | after.keys():
            said = (after.get(key) or before[key])[0].outputs
            moved = found.setdefault(key, _Moved(said["name"], said["name_en"], 0, 0, [], []))
            moved.before += key in before
            moved.after += key in after
            if key not in before:
                moved.entering.append(row)
            elif key not in after:
                moved.leaving.append(row)
    order = sorted(found, key=lambda key: (CATEGORIES.index(key[0]), key[1]))
    return DryRun(
        set=now.name,
        now=now.label,
        then=then.label,
        companies=len(facts),
        changed=touched,
        tags=[
            _tag_change(view, key, found[key]) for key in order if found[key].entering or found[key].leaving
        ],
        tiers=[],
        moves=[],
    )


def _tag_change(view: View, key: Key, moved: _Moved) -> TagChange:
    return TagChange(
        category=key[0],
        tag=key[1],
        name=moved.name,
        name_en=moved.name_en,
        before=moved.before,
        after=moved.after,
        entering=[party(view, row) for row in moved.entering[:MOST_LISTED]],
        entering_total=len(moved.entering),
        leaving=[party(view, row) for row in moved.leaving[:MOST_LISTED]],
        leaving_total=len(moved.leaving),
    )


def _tiers(view: View, now: RuleSet, then: RuleSet, facts: Facts) -> DryRun:
    found: dict[tuple[str | None, str | None], list[int]] = {}
    for row, before, after in zip(
        facts.rows.tolist(), _settled(view, now, facts), _settled(view, then, facts), strict=True
    ):
        found.setdefault((before, after), []).append(row)
    tiers = [*dict.fromkeys(band.tier for one in (now, then) for band in one.spec.bands), None]
    place = {tier: at for at, tier in enumerate(tiers)}
    order = sorted(
        (pair for pair in found if pair[0] != pair[1]), key=lambda pair: (place[pair[0]], place[pair[1]])
    )
    return DryRun(
        set=now.name,
        now=now.label,
        then=then.label,
        companies=len(facts),
        changed=sum(len(found[pair]) for pair in order),
        tags=[],
        tiers=[
            TierCount(
                tier=tier,
                before=sum(len(rows) for pair, rows in found.items() if pair[0] == tier),
                after=sum(len(rows) for pair, rows in found.items() if pair[1] == tier),
            )
            for tier in tiers
        ],
        moves=[
            TierChange(
                before=pair[0],
                after=pair[1],
                companies=[party(view, row) for row in found[pair][:MOST_LISTED]],
                total=len(found[pair]),
            )
            for pair in order
        ],
    )


def _settled(view: View, one: RuleSet, facts: Facts) -> Iterator[str | None]:
    """The tier of each company, after the last move on file."""
    last = last_tiers(view, one.name, facts.rows)
    clients = facts.values("client")
    for parts, client, before in zip(one.conclude(facts), clients, last, strict=True):
        yield settle(one, parts, client=client, before=before).tier


def last_tiers(view: View, name: str, rows: Rows, compartments: tuple[str, ...] = ()) -> list[str | None]:
    """Of each company the tier that it moved to last by a rule set, on what some compartments show; None for none."""
    every = moves(view)
    return [_last(view, every.get(row, []), name, compartments) for row in rows.tolist()]


def _last(view: View, moved: list[int], name: str, compartments: tuple[str, ...]) -> str | None:
    for row in moved:
        of = {unit.compartments for unit in view.units(row)}
        if set_of(str(view.value(row, "rule"))) == name and of == {compartments}:
            tier = str(view.value(row, "tier"))
            return None if tier == NO_TIER else tier
    return None
