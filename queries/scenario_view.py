"""情景视图: a View with edges added, removed or changed, which the store and everybody else know nothing of."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Final, NamedTuple, TypeVar

import numpy as np
from numpy.typing import NDArray

from graph.columns import HANDLE, LONG_AGO, OPEN, handle_text, text_hash
from graph.recent import Recent
from graph.schema import Kind, edge_types
from graph.view import FactArrays, PropertyTexts, View
from graph.view_types import Fact, RecordRef

K = TypeVar("K")
Rows = NDArray[np.int64]
Value = float | str

_FOUNDATIONS_KEPT: Final = 24


class Added(NamedTuple):
    """A fact that only the scenario states; `label` tells it from all others."""

    start: int
    end: int
    values: Mapping[str, Value]
    label: str


@dataclass
class Edits:
    """What becomes of the facts of one type, by their places in the arrays of the View below."""

    removed: set[int] = field(default_factory=set)
    changed: dict[int, dict[str, Value]] = field(default_factory=dict)
    added: list[Added] = field(default_factory=list)


class Thing(NamedTuple):
    """A guarantee or pledge that only the scenario states."""

    kind: str
    handle: tuple[int, int]
    name: str
    values: Mapping[str, Value]


@dataclass
class Overlay:
    """All that a scenario changes: facts by type, values of things by row, and things beyond the last row."""

    facts: dict[str, Edits] = field(default_factory=dict)
    values: dict[int, dict[str, Value]] = field(default_factory=dict)
    things: list[Thing] = field(default_factory=list)

    def of(self, edge_type: str) -> Edits:
        """The edits of a type."""
        return self.facts.setdefault(edge_type, Edits())


class OverlaidFacts(FactArrays):
    """The facts of a type as a scenario has them: those left of the View below, then those added."""

    def __init__(self, view: View, below: FactArrays, edits: Edits) -> None:
        self.type = below.type
        self._view = view
        self._below = below
        self._edits = edits
        self._left = np.setdiff1d(np.arange(len(below)), sorted(edits.removed))
        self._columns: dict[str, NDArray[Any]] = {}
        self.start = self._with(below.start[self._left], [one.start for one in edits.added])
        self.end = self._with(below.end[self._left], [one.end for one in edits.added])
        self.statement = self._with(below.statement[self._left], [-1] * len(edits.added))

    @staticmethod
    def _with(left: NDArray[Any], added: Sequence[Any]) -> NDArray[Any]:
        return np.concatenate([left, np.array(added, left.dtype)])

    def _places(self) -> dict[int, Mapping[str, Value]]:
        """The changed facts by their places here."""
        return {int(np.searchsorted(self._left, at)): values for at, values in self._edits.changed.items()}

    def column(self, name: str) -> NDArray[Any]:
        """The values of a field."""
        if name not in self._columns:
            absent = _absent(self.type, name)
            added = [one.values.get(name, absent) for one in self._edits.added]
            found = self._with(self._below.column(name)[self._left], added)
            for place, values in self._places().items():
                found[place] = values.get(name, found[place])
            self._columns[name] = found
        return self._columns[name]

    @property
    def class_key(self) -> NDArray[Any]:
        """What tells facts between the same two ends apart."""
        return self._with(
            self._below.class_key[self._left], [text_hash(one.label) for one in self._edits.added]
        )

    def equals(self, name: str, value: str) -> NDArray[np.bool_]:
        """Where a text field has a value."""
        found = self._below.equals(name, value)[self._left]
        return self._with(found, [one.values.get(name) == value for one in self._edits.added])

    def texts(self, name: str) -> list[str | None]:
        """The values of a text field."""
        below = self._below.texts(name)
        added = [str(one.values[name]) if name in one.values else None for one in self._edits.added]
        return [*(below[at] for at in self._left.tolist()), *added]

    def records(self, i: int) -> tuple[RecordRef, ...]:
        """The records of one of them; none of what only the scenario states."""
        return self._below.records(self._left.item(i)) if i < len(self._left) else ()

    def handles(self, rows: NDArray[Any]) -> NDArray[Any]:
        """The handles of the best records of some of them; 0 for what only the scenario states."""
        there = rows < len(self._left)
        found = np.zeros(len(rows), HANDLE)
        found[there] = self._below.handles(self._left[rows[there]])
        return found

    def fact(self, i: int) -> Fact:
        """One of them as a fact."""
        if i < len(self._left):
            fact = self._below.fact(self._left.item(i))
            return replace(fact, props={**fact.props, **self._places().get(i, {})})
        one = self._edits.added[i - len(self._left)]
        return Fact(
            type=self.type,
            start=one.start,
            end=one.end,
            props=one.values,
            valid_from=None,
            valid_to=None,
            start_unknown=False,
            records=(),
            other=one.end,
        )


def _absent(edge_type: str, name: str) -> float:
    """What a column holds where nothing is stated."""
    if name in ("valid_from", "valid_to"):
        return LONG_AGO if name == "valid_from" else OPEN
    kind = edge_types()[edge_type].field(name).kind
    return {Kind.NUMBER: np.nan, Kind.COUNT: LONG_AGO, Kind.DATE: LONG_AGO}.get(kind, -1)


class ScenarioView(View):
    """A View with an overlay. Nothing that it works out is shared with other views."""

    def __init__(self, below: View, overlay: Overlay) -> None:
        super().__init__(below.snapshot, below.viewpoint)
        self._under = below
        self._overlay = overlay
        self._last = below.size
        self._made = Recent(_FOUNDATIONS_KEPT)
        self._overlaid: dict[str, FactArrays] = {}

    def public(self) -> View:
        """Itself: what others worked out holds for the graph as it is."""
        return self

    def foundation(self, key: Hashable, make: Callable[[], K]) -> K:
        """What `make` gives, kept for this scenario alone."""
        return self._made.get(key, make)

    @property
    def size(self) -> int:
        """How many rows there are, with those of the scenario."""
        return self._last + len(self._overlay.things)

    # --- facts ---

    def arrays(self, edge_type: str) -> FactArrays:
        """All facts of a type, as the scenario has them."""
        below = self._under.arrays(edge_type)
        edits = self._overlay.facts.get(edge_type)
        if edits is None:
            return below
        if edge_type not in self._overlaid:
            self._overlaid[edge_type] = OverlaidFacts(self, below, edits)
        return self._overlaid[edge_type]

    # --- entities ---

    def _thing(self, row: int) -> Thing | None:
        return self._overlay.things[row - self._last] if row >= self._last else None

    def exists(self, row: int) -> bool:
        """Whether a row is an entity here."""
        return self._last <= row < self.size or super().exists(row)

    def exist(self, rows: NDArray[Any]) -> NDArray[np.bool_]:
        """Of many rows, which are entities here."""
        below = rows < self._last
        found = ~below
        found[below] = super().exist(rows[below])
        return found

    def existing(self) -> NDArray[np.bool_]:
        """For every row whether it is an entity here."""
        return np.concatenate([self._under.existing(), np.ones(len(self._overlay.things), np.bool_)])

    def rows(self, kind: str) -> Rows:
        """The entities of a type."""
        more = [self._last + at for at, thing in enumerate(self._overlay.things) if thing.kind == kind]
        return np.concatenate([self._under.rows(kind), np.array(more, np.int64)])

    def id(self, row: int) -> str:
        """The id of an entity; one of the scenario's has one made of what the scenario says."""
        thing = self._thing(row)
        return handle_text(*thing.handle) if thing else super().id(row)

    def id_key(self, row: int) -> tuple[int, int]:
        """A pair of numbers that orders as the id does."""
        thing = self._thing(row)
        return thing.handle if thing else super().id_key(row)

    def _id_keys(self) -> NDArray[np.uint64]:
        own = np.array([thing.handle[0] for thing in self._overlay.things], np.uint64)
        return np.concatenate([self._under.id_keys(), own])

    def ids(self, rows: NDArray[Any]) -> list[str]:
        """The ids of many rows."""
        return [self.id(row) for row in rows.tolist()]

    def of_kind(self, rows: NDArray[Any], kind: str) -> NDArray[np.bool_]:
        """Of many rows, which are of a type."""
        found = np.zeros(len(rows), np.bool_)
        below = rows < self._last
        found[below] = super().of_kind(rows[below], kind)
        found[~below] = [self._overlay.things[row - self._last].kind == kind for row in rows[~below].tolist()]
        return found

    def kind(self, row: int) -> str:
        """The type of an entity."""
        thing = self._thing(row)
        return thing.kind if thing else super().kind(row)

    def name(self, row: int) -> str:
        """What a person calls it."""
        thing = self._thing(row)
        return thing.name if thing else super().name(row)

    def value(self, row: int, name: str) -> Any:
        """One property, as the scenario has it, or None."""
        thing = self._thing(row)
        if thing:
            return thing.values.get(name)
        changed = self._overlay.values.get(row, {})
        return changed[name] if name in changed else super().value(row, name)

    def visible_units(self, row: int) -> list[int]:
        """The visible units of an entity; what only the scenario states has none."""
        return [] if self._thing(row) else super().visible_units(row)

    def _stated_here(self, kind: str, name: str) -> dict[int, Value]:
        """What the scenario says of a property, by row."""
        found = {
            row: values[name]
            for row, values in self._overlay.values.items()
            if name in values and self.kind(row) == kind
        }
        for at, thing in enumerate(self._overlay.things):
            if thing.kind == kind and name in thing.values:
                found[self._last + at] = thing.values[name]
        return dict(sorted(found.items()))

    def column(self, kind: str, name: str) -> tuple[Rows, NDArray[Any]]:
        """A number of all entities of a type that have one; rows ascend."""
        rows, values = self._under.column(kind, name)
        here = self._stated_here(kind, name)
        if not here:
            return rows, values
        kept = ~np.isin(rows, list(here))
        rows = np.concatenate([rows[kept], np.array(list(here), np.int64)])
        values = np.concatenate([values[kept], np.array(list(here.values()), values.dtype)])
        order = np.argsort(rows)
        return rows[order], values[order]

    def property_texts(self, kind: str, name: str) -> PropertyTexts:
        """A text property of all entities of a type that have one."""
        below = self._under.property_texts(kind, name)
        here = self._stated_here(kind, name)
        if not here:
            return below
        kept = ~np.isin(below.rows, list(here))
        count = len(below.texts)
        return PropertyTexts(
            np.concatenate([below.rows[kept], np.array(list(here), np.int64)]),
            np.concatenate([below.which[kept], np.arange(count, count + len(here))]),
            [*below.texts, *map(str, here.values())],
        )
