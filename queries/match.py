"""名单匹配: a list of names and identifiers joined to the graph, with a reason, candidates, or none for each."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from typing import Annotated, Any, Final

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, WithJsonSchema
from rapidfuzz import fuzz

from graph import identifiers, names
from graph.claims import Claim, claim_hash
from graph.view import View
from queries.labels import Label
from queries.models import Answer, Party

MAX_ITEMS = 5000
MAX_TEXT = 200
CANDIDATES = 5
NEAR: Final = 0.6
"""Least likeness of a candidate's name; below it a reader finds no resemblance."""

_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f-\x9f\ud800-\udfff]")

REASONS: Final = {
    "uscc": Label("统一社会信用代码一致", "same unified social credit code"),
    "lei": Label("法人机构识别编码一致", "same LEI"),
    "code": Label("证券代码一致", "same exchange code"),
    "registry_id": Label("工商注册号一致", "same registration number"),
    "legal_name": Label("全称一致", "same registered name"),
    "former_name": Label("曾用名一致", "same former name"),
    "short_name": Label("简称唯一对应", "unique short name"),
    "alias": Label("别名唯一对应", "unique other name"),
    "near": Label("名称相近", "a similar name"),
}
"""Why an entity is the one asked for, strongest first."""


def _clean(text: str) -> str:
    if _CONTROL.search(text):
        raise ValueError("含有控制字符 / contains control characters")
    return text.strip()


Text = Annotated[str, Field(max_length=MAX_TEXT), AfterValidator(_clean)]


class MatchItem(BaseModel):
    """What is known of one client; any one field is enough."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    name: Text = Field("", description="Full, short or former name.")
    uscc: Text = Field("", description="Unified social credit code (统一社会信用代码).")
    lei: Text = Field("", description="Legal entity identifier.")
    code: Text = Field("", description="Exchange code.")
    registry_id: Text = Field("", description="Registration number (工商注册号).")


def _as_item(value: Any) -> Any:
    return {"name": value} if isinstance(value, str) else value


_Item = Annotated[
    MatchItem,
    BeforeValidator(_as_item),
    WithJsonSchema({"anyOf": [{"type": "string", "maxLength": MAX_TEXT}, MatchItem.model_json_schema()]}),
]


class MatchRequest(BaseModel):
    """A list to join to the graph."""

    model_config = ConfigDict(extra="forbid")

    items: list[_Item] = Field(
        min_length=1, max_length=MAX_ITEMS, description="Names, or objects with a name and identifiers."
    )


class Candidate(Party):
    """An entity that may be meant."""

    reason: str = Field(description="uscc, lei, code, registry_id, legal_name, former_name … or near.")
    score: float = Field(description="Likeness of the names, from 0 to 1; 1 for an equal identifier or name.")


class MatchResult(Answer):
    """What became of one item."""

    item: MatchItem
    status: str = Field(description="matched, candidates (a person has to choose) or none.")
    entity: Party | None
    reason: str | None = Field(description="Why it is the entity.")
    reason_text: str | None = Field(description="The same in words, Chinese and English.")
    candidates: list[Candidate]
    notes: list[str] = Field(
        description="What is wrong with the item: a failed check digit, a contradiction."
    )


class MatchAnswer(Answer):
    """A result for each item, in the order asked."""

    results: list[MatchResult]
    matched: int
    candidates: int
    none: int


def match(view: View, items: Sequence[MatchItem]) -> MatchAnswer:
    """Join names and identifiers of companies to the graph.

    An equal identifier beats an equal registered name, that a former one, that a short name which only one
    company has. A name whose company has another credit code than the one asked for is a candidate, not a match.
    """
    results = [_result(view, item) for item in items]
    count = dict.fromkeys(("matched", "candidates", "none"), 0)
    for result in results:
        count[result.status] += 1
    return MatchAnswer(results=results, **count)


@dataclass(frozen=True, slots=True)
class _Evidence:
    """Companies that one field of an item names."""

    reason: str
    rows: tuple[int, ...]


_PARSERS: Final[dict[str, tuple[Claim, Callable[[str], str]]]] = {
    "uscc": (Claim.USCC, identifiers.uscc),
    "lei": (Claim.LEI, identifiers.lei),
    "code": (Claim.CODE, identifiers.listing_code),
    "registry_id": (Claim.REGISTRY, identifiers.registration_id),
}


def _result(view: View, item: MatchItem) -> MatchResult:
    notes: list[str] = []
    evidence = [e for e in (*_identified(view, item, notes), *_named(view, item.name)) if e.rows]
    if not evidence:
        near = _near(view, item.name)
        return _outcome(view, item, None, near, notes)
    best = evidence[0]
    if len(best.rows) == 1 and not _contradicted(view, item, best, notes):
        notes.extend(_disagreements(view, best, evidence[1:]))
        return _outcome(view, item, best, [], notes)
    return _outcome(view, item, None, [(row, best.reason, 1.0) for row in best.rows], notes)


def _identified(view: View, item: MatchItem, notes: list[str]) -> Iterator[_Evidence]:
    for reason, (claim, parse) in _PARSERS.items():
        stated = getattr(item, reason)
        if not stated:
            continue
        try:
            key = parse(stated)
        except ValueError as error:
            notes.append(f"{REASONS[reason].zh.removesuffix('一致')}无效，未采用 / not used: {error}")
            continue
        yield _Evidence(reason, _claimants(view, claim, key))


def _claimants(view: View, claim: Claim, key: str) -> tuple[int, ...]:
    """The companies that claim an identifier or name, in order of id."""
    rows = view.claimants(claim, claim_hash(claim, key)) if key else ()
    return tuple(sorted((row for row in rows if view.kind(row) == "Company"), key=view.id))


def _named(view: View, name: str) -> Iterator[_Evidence]:
    """Companies of that name; a name that is itself an identifier is read as one."""
    if not name:
        return
    for reason, (claim, parse) in _PARSERS.items():
        if key := _parsed(parse, name):
            yield _Evidence(reason, _claimants(view, claim, key))
    legal, short = names.legal_key(name), names.short_key(name)
    for reason, claim, key in (
        ("legal_name", Claim.LEGAL, legal),
        ("former_name", Claim.FORMER, legal),
        ("short_name", Claim.SHORT, short),
        ("alias", Claim.ALIAS, short),
    ):
        yield _Evidence(reason, _claimants(view, claim, key))


def _parsed(parse: Callable[[str], str], text: str) -> str:
    try:
        return parse(text)
    except ValueError:
        return ""  # most names are no identifiers


def _contradicted(view: View, item: MatchItem, best: _Evidence, notes: list[str]) -> bool:
    """Whether the entity found by name has another credit code than the one asked for."""
    if best.reason in _PARSERS:
        return False
    wanted, known = _parsed(identifiers.uscc, item.uscc), view.props(best.rows[0]).get("uscc")
    if not wanted or not known or wanted == known:
        return False
    notes.append(f"名称一致但统一社会信用代码不同 / same name, but its credit code is {known}")
    return True


def _disagreements(view: View, best: _Evidence, others: Sequence[_Evidence]) -> Iterator[str]:
    """What weaker fields say of somebody else."""
    for other in others:
        if len(other.rows) == 1 and other.rows[0] != best.rows[0]:
            name = view.name(other.rows[0])
            yield f"{REASONS[other.reason].zh}，但指向 {name} / {REASONS[other.reason].en}, but of {name}"


def _near(view: View, name: str) -> list[tuple[int, str, float]]:
    """Companies of similar names, the most similar first."""
    stem = names.legal_form(name)[0] if name else ""
    if not stem:
        return []
    wanted = names.normal_form(name)
    found = []
    for hit in view.search(stem, CANDIDATES, ("Company",)).hits:
        matched = names.normal_form(hit.matched)
        likeness = max(fuzz.ratio(wanted, matched), fuzz.ratio(stem, names.legal_form(matched)[0])) / 100
        if likeness >= NEAR:
            found.append((hit.row, "near", round(likeness, 4)))
    return sorted(found, key=lambda candidate: (-candidate[2], view.id(candidate[0])))


def _outcome(
    view: View,
    item: MatchItem,
    best: _Evidence | None,
    candidates: Sequence[tuple[int, str, float]],
    notes: list[str],
) -> MatchResult:
    return MatchResult(
        item=item,
        status="matched" if best else "candidates" if candidates else "none",
        entity=_party(view, best.rows[0]) if best else None,
        reason=best.reason if best else None,
        reason_text=str(REASONS[best.reason]) if best else None,
        candidates=[
            Candidate(**_party(view, row).model_dump(), reason=reason, score=score)
            for row, reason, score in candidates[:CANDIDATES]
        ],
        notes=notes,
    )


def _party(view: View, row: int) -> Party:
    return Party(id=view.id(row), name=view.name(row), kind=view.kind(row))
