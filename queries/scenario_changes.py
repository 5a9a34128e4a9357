"""情景: what a scenario says, as a file or a body declares it, and the View that it makes of another."""

from __future__ import annotations

import hashlib
import json
import math
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated, Any, Final, Literal, NamedTuple

import numpy as np
import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError

from graph.errors import Ambiguous, DataError, GuanxiError, InvalidInput, NotFound
from graph.schema import edge_model
from graph.view import View
from queries.exposure import two_parts
from queries.models import Answer, EntityId, Records
from queries.risk import Shocked
from queries.scenario_view import Added, Overlay, ScenarioView, Thing, Value
from queries.statements import refs

MOST_CHANGES: Final = 200
MOST_NAME: Final = 64

EdgeType = Literal["HOLDS", "CONTROLS", "OFFICER_OF", "LENDS_TO", "SUPPLIES", "GUARANTEES", "PLEDGES"]


class _Declared(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, populate_by_name=True)


Named = Annotated[str, Field(min_length=1, max_length=200)]
Values = dict[str, float | str]


class ScenarioShock(_Declared):
    """Who is hit, and how hard."""

    id: Named = Field(description="A company or person: an id, a code, or a name that one thing has.")
    size: float = Field(1.0, ge=0, le=1, allow_inf_nan=False, description="From 0 to 1; 1 is a default.")


class _Edge(_Declared):
    type: EdgeType = Field(
        description="GUARANTEES goes from guarantor to debtor, PLEDGES from pledgor to pledgee; the others as in the "
        "data model."
    )
    source: Named = Field(alias="from")
    target: Named = Field(alias="to")


class AddEdge(_Edge):
    """An edge that there is not."""

    action: Literal["add"]
    values: Values = Field(default_factory=dict, description="Its fields, as in the data model.")


class RemoveEdge(_Edge):
    """An edge that goes: all between the two ends, or that of an id or class.

    With a guarantee goes its guarantor; the debt that it stood for is owed as before.
    """

    action: Literal["remove"]
    id: Named | None = Field(None, description="Of the guarantee or pledge.")
    which: Named | None = Field(
        None,
        alias="class",
        description="What tells it from others between the same ends: office, share class, item.",
    )


class ChangeEdge(_Edge):
    """An edge with other values."""

    action: Literal["change"]
    id: Named | None = None
    which: Named | None = Field(None, alias="class")
    values: Values = Field(min_length=1)


class ChangeShock(_Declared):
    """A shock that is there in the scenario alone, or is of another size there."""

    action: Literal["shock"]
    id: Named
    size: float = Field(1.0, ge=0, le=1, allow_inf_nan=False)


Change = Annotated[AddEdge | RemoveEdge | ChangeEdge | ChangeShock, Field(discriminator="action")]


class Scenario(_Declared):
    """What if: shocks, and what is other than on record. Nothing of it is stored in the graph."""

    name: str = Field("", max_length=MOST_NAME)
    note: str = Field("", max_length=2000)
    shocks: list[ScenarioShock] = Field(
        default_factory=list, max_length=MOST_CHANGES, description="Before and after the changes."
    )
    changes: list[Change] = Field(default_factory=list, max_length=MOST_CHANGES)

    @property
    def hash(self) -> str:
        """What tells it from others: 12 hexadecimal digits."""
        said = self.model_dump_json(by_alias=True, exclude={"name", "note"})
        return hashlib.blake2b(said.encode(), digest_size=6).hexdigest()


def read_scenario(file: Path) -> Scenario:
    """The scenario of a YAML or JSON file.

    Raises:
        DataError: The file is not there or not as it must be; the error says where.
    """
    try:
        text = file.read_text(encoding="utf-8")
        found = json.loads(text) if file.suffix == ".json" else yaml.safe_load(text)
        return Scenario.model_validate(found)
    except (OSError, ValueError, yaml.YAMLError) as error:
        raise DataError(f"{file}: {_said(error)}", hint="docs/api.md, Scenario") from error


def _said(error: Exception) -> str:
    if not isinstance(error, ValidationError):
        return str(error)
    return "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors()[:5])


# --- what may be changed -------------------------------------------------------------------------------------------

_RATIOS: Final = frozenset({
    "share_ratio", "share_min", "share_max", "voting_ratio", "ratio", "cost_share", "revenue_share",
})  # fmt: skip
_AMOUNTS: Final = frozenset({"amount", "shares"})
_FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "HOLDS": frozenset({"share_ratio", "share_min", "share_max", "voting_ratio", "amount", "share_class"}),
    "CONTROLS": frozenset({"ratio"}),
    "OFFICER_OF": frozenset({"office"}),
    "LENDS_TO": frozenset({"amount"}),
    "SUPPLIES": frozenset({"amount", "cost_share", "revenue_share", "item"}),
    "GUARANTEES": frozenset({"amount", "kind"}),
    "PLEDGES": frozenset({"amount", "ratio", "shares"}),
}


class _Shape(NamedTuple):
    """A type of things that stands for an edge: the roles of its ends, and those that it may have beside."""

    kind: str
    roles: tuple[str, str]
    others: frozenset[str]


_THINGS: Final[Mapping[str, _Shape]] = {
    "GUARANTEES": _Shape("Guarantee", ("guarantor", "debtor"), frozenset({"creditor"})),
    "PLEDGES": _Shape("Pledge", ("pledgor", "pledgee"), frozenset({"security"})),
}
_PARTIES: Final = ("Company", "Person")


def _checked(edge_type: str, values: Mapping[str, Value], allowed: frozenset[str]) -> dict[str, Value]:
    """Values as columns take them. Raises InvalidInput."""
    found: dict[str, Value] = {}
    for name, value in values.items():
        if name not in allowed:
            raise InvalidInput(
                "values",
                f"{edge_type} 没有可改的 {name} / {edge_type} has no {name} that a scenario may set",
                hint=f"one of {', '.join(sorted(allowed))}",
            )
        found[name] = _number(name, value) if name in _RATIOS | _AMOUNTS else str(value)
    low, high = found.get("share_min"), found.get("share_max")
    if isinstance(low, float) and isinstance(high, float) and low > high:
        raise InvalidInput("values", "share_min 大于 share_max / share_min is above share_max")
    return found


def _number(name: str, value: Value) -> float:
    try:
        number = float(value)  # YAML takes 5e7 for a text
    except ValueError:
        raise InvalidInput("values", f"{name} 应为数字 / {name} should be a number, not {value!r}") from None
    most = 1.0 if name in _RATIOS else math.inf
    if not 0 <= number <= most or math.isinf(number):
        span = "0 – 1" if name in _RATIOS else "≥ 0"
        raise InvalidInput("values", f"{name} 应为 {span} / {name} should be {span}, not {value}")
    return number


# --- what a scenario makes of a View -------------------------------------------------------------------------------


class Applied(Answer):
    """A change as it was understood."""

    action: str
    type: str | None
    source: EntityId
    source_name: str
    target: EntityId | None
    target_name: str | None
    edges: int
    before: dict[str, float | str | None]
    after: dict[str, float | str | None]
    records: Records


@dataclass(frozen=True)
class WhatIf:
    """A View under a scenario; shocks with and without it; what was changed."""

    view: View
    before: list[Shocked]
    after: list[Shocked]
    applied: list[Applied]


def applied(view: View, scenario: Scenario) -> WhatIf:
    """The View that a scenario makes of another.

    Raises:
        NotFound, Ambiguous: A change names a party or an edge that there is not, or not for this viewer on the day;
            or several edges where one is meant.
        InvalidInput: A value or an end that the type cannot have; an edge to be added that is there already.
    """
    work = _Work(view, Overlay())
    said = []
    for number, change in enumerate(scenario.changes):
        try:
            said.append(work.apply(number, change))
        except GuanxiError as error:
            error.message = f"changes[{number}]: {error.message}"
            error.args = (error.message,)
            raise
    sizes = {one.id: one.size for one in scenario.shocks}
    rows = {view.resolve(ref): ref for ref in sizes}
    for change in scenario.changes:
        if isinstance(change, ChangeShock):
            sizes[rows.setdefault(view.resolve(change.id), change.id)] = change.size
    structural = any(not isinstance(change, ChangeShock) for change in scenario.changes)
    return WhatIf(
        ScenarioView(view, work.overlay) if structural else view,
        [Shocked(one.id, one.size) for one in scenario.shocks],
        [Shocked(ref, size) for ref, size in sizes.items()],
        said,
    )


class _Found(NamedTuple):
    """Edges that a change means: places among the facts of a type, or rows of things; and their texts."""

    places: list[int]
    parts: list[int]
    """Of things: the places among PARTY_TO of what makes the `from` end a part of them."""


class _Work:
    """A scenario on its way into an overlay."""

    def __init__(self, view: View, overlay: Overlay) -> None:
        self.view = view
        self.overlay = overlay

    def apply(self, number: int, change: Change) -> Applied:
        """Make one change, and say what it did."""
        if isinstance(change, ChangeShock):
            row = self.view.resolve(change.id)
            return Applied(
                action="shock", type=None, source=self.view.id(row), source_name=self.view.name(row), target=None,
                target_name=None, edges=0, before={}, after={"size": change.size}, records=[],
            )  # fmt: skip
        ends = self._ends(change)
        if isinstance(change, AddEdge):
            return self._add(number, change, ends)
        found = self._found(change, ends)
        if isinstance(change, RemoveEdge):
            return self._remove(change, ends, found)
        return self._change(change, ends, found)

    def _ends(self, change: _Edge) -> tuple[int, int]:
        view = self.view
        source, target = view.resolve(change.source), view.resolve(change.target)
        if source == target:
            raise InvalidInput("to", f"{view.name(source)} 两端相同 / both ends are the same")
        starts, ends = (_PARTIES, _PARTIES) if change.type in _THINGS else edge_model(change.type).joins
        for name, row, kinds in (("from", source, starts), ("to", target, ends)):
            if view.kind(row) not in kinds:
                raise InvalidInput(
                    name,
                    f"{change.type} 的一端不能是 {view.name(row)} / an end of {change.type} cannot be a "
                    f"{view.kind(row)}",
                    hint=f"one of {', '.join(kinds)}",
                )
        return source, target

    # --- edges that there are ---

    def _found(self, change: RemoveEdge | ChangeEdge, ends: tuple[int, int]) -> _Found:
        shape = _THINGS.get(change.type)
        found = self._things(change, shape, ends) if shape else self._facts(change, ends)
        if not found.places:
            view = self.view
            raise NotFound(
                f"{view.as_of} 没有 {change.type}：{view.name(ends[0])} → {view.name(ends[1])} / there is no "
                f"{change.type} from {view.name(ends[0])} to {view.name(ends[1])} on {view.as_of}",
                fields=("from", "to"),
            )
        return found

    def _facts(self, change: RemoveEdge | ChangeEdge, ends: tuple[int, int]) -> _Found:
        if change.id is not None:
            raise InvalidInput(
                "id", f"{change.type} 没有编号 / a {change.type} has no id; class tells it from others"
            )
        return _Found(self._between(change.type, ends, change.which), [])

    def _between(self, edge_type: str, ends: tuple[int, int], which: str | None) -> list[int]:
        facts = self.view.arrays(edge_type)
        places: list[int] = np.flatnonzero((facts.start == ends[0]) & (facts.end == ends[1])).tolist()
        removed = self.overlay.of(edge_type).removed
        places = [place for place in places if place not in removed]
        names = edge_model(edge_type).classes
        if which is None or not names:
            return places
        texts = facts.texts(names[0])
        return [place for place in places if texts[place] == which]

    def _things(self, change: RemoveEdge | ChangeEdge, shape: _Shape, ends: tuple[int, int]) -> _Found:
        view = self.view
        one, other, thing = two_parts(view, shape.kind, shape.roles)
        rows = np.unique(thing[(one == ends[0]) & (other == ends[1])]).tolist()
        if change.id is not None:
            wanted = view.resolve(change.id)
            rows = [row for row in rows if row == wanted]
        facts, removed = view.arrays("PARTY_TO"), self.overlay.of("PARTY_TO").removed
        of_from = np.flatnonzero((facts.start == ends[0]) & facts.equals("role", shape.roles[0]))
        part = {facts.end.item(place): place for place in of_from.tolist() if place not in removed}
        rows = sorted((row for row in rows if row in part), key=view.id_key)
        return _Found(rows, [part[row] for row in rows])

    def _remove(self, change: RemoveEdge, ends: tuple[int, int], found: _Found) -> Applied:
        shape = _THINGS.get(change.type)
        said = self._applied(change, ends, found, after={})
        self.overlay.of("PARTY_TO" if shape else change.type).removed.update(
            found.parts if shape else found.places
        )
        return said

    def _change(self, change: ChangeEdge, ends: tuple[int, int], found: _Found) -> Applied:
        names = () if change.type in _THINGS else edge_model(change.type).classes
        values = _checked(change.type, change.values, _FIELDS[change.type].difference(names))
        if len(found.places) > 1:
            raise self._several(change, ends, found)
        said = self._applied(change, ends, found, after=values)
        (place,) = found.places
        overlay = self.overlay
        target = overlay.values if change.type in _THINGS else overlay.of(change.type).changed
        target[place] = {**target.get(place, {}), **values}
        return said

    def _several(self, change: ChangeEdge, ends: tuple[int, int], found: _Found) -> GuanxiError:
        view = self.view
        between = f"{view.name(ends[0])} → {view.name(ends[1])}"
        message = f"{between} 有多条 {change.type} / {len(found.places)} {change.type} fit"
        if change.type in _THINGS:
            ids = [view.id(row) for row in found.places]
            return Ambiguous(message, candidates=ids, hint="用 id 指明 / name one by `id`")
        texts = view.arrays(change.type).texts(edge_model(change.type).classes[0])
        named = sorted(str(texts[place]) for place in found.places)
        return Ambiguous(message, candidates=named, hint="用 class 指明 / name one by `class`")

    def _applied(
        self,
        change: RemoveEdge | ChangeEdge,
        ends: tuple[int, int],
        found: _Found,
        after: Mapping[str, Value],
    ) -> Applied:
        view = self.view
        names = sorted(after or _FIELDS[change.type])
        if change.type in _THINGS:
            stated = [{name: view.value(row, name) for name in names} for row in found.places]
            records = [
                ref for row in found.places for some in view.property_records(row).values() for ref in some
            ]
        else:
            facts = [view.arrays(change.type).fact(place) for place in found.places]
            stated = [{name: fact.props.get(name) for name in names} for fact in facts]
            records = [ref for fact in facts for ref in fact.records]
        before = stated[0] if len(stated) == 1 else {}
        return Applied(
            action=change.action,
            type=change.type,
            **self._who(ends),
            edges=len(found.places),
            before={name: value for name, value in before.items() if value is not None or name in after},
            after=dict(after),
            records=refs(records),
        )

    def _who(self, ends: tuple[int, int]) -> dict[str, Any]:
        view = self.view
        names = ("source", "target")
        return {
            key: value
            for name, row in zip(names, ends, strict=True)
            for key, value in ((name, view.id(row)), (f"{name}_name", view.name(row)))
        }

    # --- edges that there are not ---

    def _add(self, number: int, change: AddEdge, ends: tuple[int, int]) -> Applied:
        shape = _THINGS.get(change.type)
        others = shape.others if shape else frozenset()
        values = _checked(
            change.type,
            {name: value for name, value in change.values.items() if name not in others},
            _FIELDS[change.type] | others,
        )
        label = f"scenario {number} {change.type} {self.view.id(ends[0])} {self.view.id(ends[1])}"
        if shape:
            roles = {
                name: self.view.resolve(str(change.values[name])) for name in others & set(change.values)
            }
            self._add_thing(shape, ends, roles, values, label)
        else:
            self._add_fact(change, ends, values, label)
        return Applied(
            action="add",
            type=change.type,
            **self._who(ends),
            edges=1,
            before={},
            after=dict(change.values),
            records=[],
        )

    def _add_fact(self, change: AddEdge, ends: tuple[int, int], values: dict[str, Value], label: str) -> None:
        names = edge_model(change.type).classes
        which = str(values[names[0]]) if names and names[0] in values else None
        edits = self.overlay.of(change.type)
        there = self._between(change.type, ends, which)
        again = any((one.start, one.end) == ends and one.values.get(names[0] if names else "") == which
                    for one in edits.added)  # fmt: skip
        if there or again:
            raise InvalidInput(
                "changes",
                f"已有 {change.type} / there is a {change.type} between the two already",
                hint="用 change 修改 / use action: change",
            )
        edits.added.append(Added(*ends, values, label))

    def _add_thing(
        self,
        shape: _Shape,
        ends: tuple[int, int],
        roles: Mapping[str, int],
        values: dict[str, Value],
        label: str,
    ) -> None:
        overlay = self.overlay
        row = self.view.size + len(overlay.things)
        digest = hashlib.blake2b(label.encode(), digest_size=12).digest()
        handle = (int.from_bytes(digest[:8], "big"), int.from_bytes(digest[8:], "big"))
        overlay.things.append(Thing(shape.kind, handle, "假设 / supposed", values))
        for role, party in self._parts(shape, ends, roles):
            overlay.of("PARTY_TO").added.append(Added(party, row, {"role": role}, f"{label} {role}"))

    @staticmethod
    def _parts(shape: _Shape, ends: tuple[int, int], roles: Mapping[str, int]) -> Iterator[tuple[str, int]]:
        yield from zip(shape.roles, ends, strict=True)
        yield from sorted(roles.items())
