"""What a person should look at about an entity: statements that conflict, and others that may be the same thing.

Everything is worked out from what the view sees, so nothing hidden shows through.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Final

import numpy as np

from graph.claims import Claim, claims_of_unit
from graph.names import legal_key
from graph.schema import Kind, edge_types
from graph.view_types import Finding, RecordRef

if TYPE_CHECKING:
    from graph.view import Run, View

TOLERANCE: Final = 1e-9
MOST_CANDIDATES: Final = 20
_TAGS: Final = {
    "uscc": "统一社会信用代码 / unified social credit code",
    "lei": "LEI",
    "code": "证券代码 / exchange code",
    "registry_id": "工商注册号 / registration number",
}
_IDENTIFYING: Final = (Claim.USCC, Claim.LEI, Claim.CODE, Claim.REGISTRY, Claim.LEGAL, Claim.FORMER)


def findings(view: View, row: int) -> list[Finding]:
    """All findings about an entity, in a fixed order."""
    return [
        *_two_identifiers(view, row),
        *_two_names(view, row),
        *_two_values(view, row),
        *alike(view, row),
    ]


def alike(view: View, row: int) -> list[Finding]:
    """The findings that name others which may be the same thing."""
    claims = _claims(view, row)
    return [*_same_identifier(view, row, claims), *_same_name(view, row, claims)]


def _claims(view: View, row: int) -> dict[Claim, set[int]]:
    """The hashes that the visible units of an entity claim, by kind."""
    found: dict[Claim, set[int]] = {}
    for unit in view.visible_units(row):
        for kind, value in claims_of_unit(view.snapshot.tables.units, unit):
            found.setdefault(kind, set()).add(value)
    return found


def _two_identifiers(view: View, row: int) -> Iterator[Finding]:
    for name, title in _TAGS.items():
        stated = view.stated(row, name)
        values = tuple(sorted({str(value) for value, _ in stated}))
        if len(values) > 1:
            message = f"两个{title}: {', '.join(values)}"
            yield Finding("two_identifiers", message, name, values, _records(stated))


def _records(stated: Sequence[tuple[object, RecordRef | None]]) -> tuple[RecordRef, ...]:
    return tuple(dict.fromkeys(ref for _, ref in stated if ref is not None))


def _two_names(view: View, row: int) -> Iterator[Finding]:
    """Two current legal names of a company, of which neither is known as an earlier one."""
    if view.kind(row) != "Company":
        return
    stated = view.stated(row, "name")
    former = {legal_key(name) for name in view.value(row, "former_names") or ()}
    by_key = {legal_key(str(name)): str(name) for name, _ in reversed(stated)}
    values = tuple(sorted(name for key, name in by_key.items() if key not in former))
    if len(values) > 1:
        message = f"两个全称 / two registered names: {', '.join(values)}"
        yield Finding("two_names", message, "name", values, _records(stated))


def _two_values(view: View, row: int) -> Iterator[Finding]:
    """Facts of which two statements give two numbers."""
    for edge_type, definition in edge_types().items():
        numbers = [f.name for f in definition.fields if f.kind is Kind.NUMBER]
        for direction in ("out", "in") if numbers else ():
            run = view.run(row, edge_type, direction)
            if run is None:
                continue
            for fact in np.flatnonzero(np.diff(run.first) > 1).tolist():
                for name in numbers:
                    yield from _numbers_differ(view, (edge_type, name, direction), run, fact)


def _numbers_differ(view: View, what: tuple[str, str, str], run: Run, fact: int) -> Iterator[Finding]:
    edge_type, name, _ = what
    statements = run.rows[run.first.item(fact) : run.first.item(fact + 1)]
    values = view.edge_column(edge_type, name, statements)
    known = values[~np.isnan(values)]
    if len(known) > 1 and known.max() - known.min() > TOLERANCE:
        other = run.other.item(fact)
        shown = tuple(dict.fromkeys(repr(v) for v in sorted(known.tolist())))
        title = f"{edge_type}.{name}"
        message = f"各来源数值不一致 / sources differ on {title} ({view.name(other)}): {', '.join(shown)}"
        records = view.statement_records(edge_type, statements)
        yield Finding("two_values", message, title, shown, records, (view.id(other),))


def _same_identifier(view: View, row: int, claims: Mapping[Claim, set[int]]) -> Iterator[Finding]:
    """Other entities of the type that claim an identifier of this one and yet were not joined to it."""
    for kind in _IDENTIFYING:
        values = claims.get(kind, set())
        also = (Claim.LEGAL, Claim.FORMER) if kind in (Claim.LEGAL, Claim.FORMER) else ()
        others = {r for value in values for r in view.claimants(kind, value, *also)}
        candidates = _others(view, row, others)
        if candidates:
            count = len(candidates)
            message = f"另有 {count} 个主体使用同一标识 / {count} others claim the same {kind.name.lower()}"
            yield Finding(
                "same_identifier", message, kind.name.lower(), candidates=candidates[:MOST_CANDIDATES]
            )


def _others(view: View, row: int, rows: set[int]) -> tuple[str, ...]:
    kind = view.kind(row)
    mine = sorted((r for r in rows if r != row and view.kind(r) == kind), key=view.id_key)
    return tuple(view.id(r) for r in mine)


def _same_name(view: View, row: int, claims: Mapping[Claim, set[int]]) -> Iterator[Finding]:
    """Persons of one name, and companies that only a short name could tell to be the same."""
    kind = view.kind(row)
    if kind not in ("Person", "Company"):
        return
    others = {r for value in claims.get(Claim.ANSWERS, ()) for r in view.claimants(Claim.ANSWERS, value)}
    others.discard(row)
    if not others:
        return
    if kind == "Company" and not short_only(view, row):
        others = {r for r in others if short_only(view, r)}
    candidates = _others(view, row, others)
    if candidates:
        message = f"可能相同的主体 {len(candidates)} 个 / possibly the same: {len(candidates)}"
        yield Finding("possibly_same", message, "name", candidates=candidates[:MOST_CANDIDATES])


def short_only(view: View, row: int) -> bool:
    """Whether nothing but a short name says which company it is."""
    known = ("uscc", "lei", "code", "registry_id", "name", "former_names")
    return all(view.value(row, name) is None for name in known)
