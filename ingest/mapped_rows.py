"""Rows of a mapped file into records: the declarations of a mapping, compiled once into functions over a row."""

from __future__ import annotations

import datetime as dt
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal, TypeAlias

from pydantic import Field

from graph.names import is_latin, looks_like_company, normal_form
from graph.schema import FieldDef, Kind, TypeDef, edge_model, edge_types, node_types
from graph.statements import EdgeStatement, Finding, NodeStatement, Ref, Scalar
from ingest.investors import GIVEN_NAMES
from ingest.mapped_values import (
    UNUSABLE,
    ColumnOrSpec,
    LeftOutError,
    Strict,
    Value,
    ValueSpec,
    converter,
    joined_key,
    key_part,
    reason,
    splitter,
)

Env: TypeAlias = Mapping[str, Value]
Label: TypeAlias = Literal["Company", "Person"]


# --- declarations ----------------------------------------------------------------------------------------------


class TypeSpec(Strict):
    """Whether a party is a company or a person, where that depends on the row.

    A name that is listed, or has a company's form, is believed before the value: sources mistype.
    """

    by: str = Field(
        "", description="A value whose map says it; where it says nothing, the form of the name does."
    )
    map: dict[str, Label] = Field(default_factory=dict, description="What each text of that value means.")
    name: str = Field(description="The value that holds the party's name.")
    default: Label = Field(description="What a name is whose form tells nothing.")
    companies: tuple[str, ...] = Field((), description="Names of companies that look like no company's.")
    people: tuple[str, ...] = Field((), description="Names of people that look like no person's.")


FieldMap: TypeAlias = dict[str, str | ValueSpec]
KeySpec: TypeAlias = str | tuple[str, ...]


class NodeSpec(Strict):
    """A node that a row names."""

    type: str | TypeSpec = Field(description="A node type, or how the row tells a company from a person.")
    key: KeySpec | dict[str, KeySpec] = Field(
        description="The values that make its key; per type where it depends."
    )
    primary: bool = Field(
        default=False, description="Whether the row is about it, rather than naming it beside something."
    )
    each: str = Field("", description="The list that gives one such node an item.")
    fields: FieldMap | dict[str, FieldMap] = Field(
        default_factory=dict, description="Schema field: value; per type where it depends."
    )
    valid_from: str = Field("", description="The value that says since when.")
    valid_to: str = Field("", description="The value that says until when.")


class EdgeSpec(Strict):
    """An edge between two nodes of the row."""

    type: str = Field(description="An edge type.")
    start: str = Field(alias="from", description="The node it goes from, by its name in this file's nodes.")
    end: str = Field(alias="to", description="The node it goes to.")
    each: str = Field("", description="The list that gives one such edge an item, where its nodes have none.")
    fields: FieldMap = Field(default_factory=dict, description="Schema field: value.")
    valid_from: str = Field("", description="The value that says since when.")
    valid_to: str = Field("", description="The value that says until when.")


class RowSpec(Strict):
    """What a row says."""

    values: dict[str, ColumnOrSpec] = Field(default_factory=dict, description="Values of the row, by name.")
    lists: dict[str, dict[str, ColumnOrSpec]] = Field(
        default_factory=dict, description="Lists in the row: values that have an item each, side by side."
    )
    nodes: dict[str, NodeSpec] = Field(
        description="The nodes that the row names, each with a name for edges."
    )
    edges: tuple[EdgeSpec, ...] = Field((), description="The edges between them.")


class MisdeclaredError(Exception):
    """A declaration that cannot work: where it stands and what is wrong with it."""


def _fail(place: str, message: str) -> Any:
    raise MisdeclaredError(f"{place}: {message}")


# --- a row at work ---------------------------------------------------------------------------------------------


@dataclass(slots=True)
class Row:
    """One row while its values are read: the body, what has been read, and what was wrong."""

    body: Mapping[str, str]
    file: str
    line: int
    env: dict[str, Value] = field(default_factory=dict)
    items: dict[str, list[dict[str, Value]]] = field(default_factory=dict)
    problems: dict[tuple[str, str], Finding] = field(default_factory=dict)

    def problem(self, code: str, column: str, text: str, message: str) -> None:
        """Note that a value is left out; one cell is noted once."""
        finding = Finding(code, message, self.file, self.line, column, text)
        self.problems.setdefault((column, text), finding)

    def environments(self, each: str) -> Sequence[dict[str, Value]]:
        """The values to work with: once for the row, or once an item."""
        return self.items[each] if each else (self.env,)


Read: TypeAlias = Callable[[Row, Env], Value]


def _converted(row: Row, column: str, text: str, convert: Callable[[str], Value]) -> Value:
    try:
        return convert(text)
    except UNUSABLE as error:
        code = error.code if isinstance(error, LeftOutError) else "bad_value"
        row.problem(code, column, text, reason(error))
        return None


def _split(row: Row, column: str, text: str, split: Callable[[str], list[str]]) -> list[str]:
    try:
        return split(text)
    except UNUSABLE as error:
        row.problem("bad_value", column, text, reason(error))
        return []


@dataclass(frozen=True)
class Names:
    """The names that declarations of one row may use, and what they stand for."""

    spec: RowSpec
    placeholders: tuple[str, ...]

    def value(self, name: str, each: str, place: str) -> ValueSpec:
        """The value of a name, where items of the list `each` are at hand."""
        found = self.spec.lists.get(each, {}).get(name) or self.spec.values.get(name)
        return found or _fail(place, f"no value is called {name}; there are {', '.join(self.known(each))}")

    def known(self, each: str) -> tuple[str, ...]:
        """All names of values, those of the list `each` included."""
        return (*self.spec.values, *self.spec.lists.get(each, {}))

    def kind(self, name: str, each: str, place: str) -> Any:
        """The kind of a value; what is made from another is a name if that one is."""
        spec = self.value(name, each, place)
        return self.kind(spec.of, each, place) if spec.of and spec.map is None else spec.kind

    def check_list(self, each: str, place: str) -> None:
        """Raise if there is no such list."""
        if each and each not in self.spec.lists:
            _fail(place, f"no list is called {each}")

    # --- reading one value ---

    def reader(self, spec: ValueSpec, each: str, place: str) -> Read:
        """The function that reads a value that stands alone."""
        sources = [s for s in ("column", "of", "several") if getattr(spec, s)]
        sources += ["const"] if spec.const is not None else []
        if len(sources) != 1:
            _fail(place, "needs exactly one of column, of, const, several")
        if spec.several:
            self.check_list(spec.several, place)
            return lambda row, _: len(row.items[spec.several]) > 1 or None
        if spec.const is not None:
            return lambda _, __: spec.const
        text = self._text(spec, each, place)
        read = self._list(spec, text) if spec.many else self._single(spec, text)
        return self._with_fallback(read, spec.fallback, each, place) if spec.fallback else read

    def _with_fallback(self, read: Read, name: str, each: str, place: str) -> Read:
        self.value(name, each, place)

        def either(row: Row, env: Env) -> Value:
            value = read(row, env)
            return env.get(name) if value is None else value

        return either

    def _text(self, spec: ValueSpec, each: str, place: str) -> Callable[[Row, Env], str]:
        if spec.column:
            column = spec.column
            return lambda row, _: row.body.get(column, "")
        self.value(spec.of, each, place)
        name = spec.of
        return lambda _, env: "" if env.get(name) is None else str(env[name])

    def _single(self, spec: ValueSpec, text_of: Callable[[Row, Env], str]) -> Read:
        convert = converter(spec, self.placeholders)
        named = spec.column or spec.of

        def read(row: Row, env: Env) -> Value:
            text = text_of(row, env)
            return _converted(row, named, text, convert) if text else None

        return read

    def _list(self, spec: ValueSpec, text_of: Callable[[Row, Env], str]) -> Read:
        convert, split = converter(spec, self.placeholders), splitter(spec)
        named = spec.column or spec.of

        def read(row: Row, env: Env) -> Value:
            text = text_of(row, env)
            parts = _split(row, named, text, split) if text else []
            values = (_converted(row, named, part, convert) for part in parts)
            return list(dict.fromkeys(str(value) for value in values if value is not None))

        return read

    # --- reading lists ---

    def items_reader(self, each: str) -> Callable[[Row], list[dict[str, Value]]]:
        """The function that reads a list: its values side by side, an item a dictionary."""
        specs = self.spec.lists[each]
        place = f"lists.{each}"
        split = {n: s for n, s in specs.items() if s.many}
        if not split:
            _fail(place, "none of its values is split, so it has no items")
        columns = {n: (s.column, splitter(s), converter(s, self.placeholders)) for n, s in split.items()}
        derived = {n: self.reader(s, each, f"{place}.{n}") for n, s in specs.items() if not s.many}

        def read(row: Row) -> list[dict[str, Value]]:
            parts = {
                name: _split(row, column, text, cut) if (text := row.body.get(column, "")) else []
                for name, (column, cut, _) in columns.items()
            }
            items: list[dict[str, Value]] = []
            for number in range(_length(row, each, parts)):
                item = dict(row.env)
                for name, (column, _, convert) in columns.items():
                    text = _item(parts[name], number)
                    item[name] = _converted(row, column, text, convert) if text else None
                for name, derive in derived.items():
                    item[name] = derive(row, item)
                items.append(item)
            return [item for item in items if any(item[name] is not None for name in columns)]

        return read


def _length(row: Row, each: str, parts: Mapping[str, list[str]]) -> int:
    """Items of parallel lists: the first decides; another that is shorter, but not of one item, is a finding."""
    first, *others = parts.values()
    for other in others:
        if len(other) not in {len(first), 1, 0}:
            row.problem("uneven_lists", each, "", f"a list of {len(other)} beside a list of {len(first)}")
    return len(first)


def _item(parts: list[str], number: int) -> str:
    """An item of a list; a list of one item holds for all of them."""
    if len(parts) == 1:
        return parts[0]
    return parts[number] if number < len(parts) else ""


# --- checking fields -------------------------------------------------------------------------------------------

_TEXT_KINDS: Final = frozenset({"text", "name", "code", "uscc", "lei", "registry_id", "currency"})
_GIVES: Final[Mapping[Kind, frozenset[str]]] = {
    Kind.TEXT: _TEXT_KINDS,
    Kind.NUMBER: frozenset({"number", "ratio", "money", "count"}),
    Kind.COUNT: frozenset({"count"}),
    Kind.FLAG: frozenset({"flag", "unknown"}),
    Kind.DATE: frozenset({"date"}),
}


def _check_field(declared: FieldDef, spec: ValueSpec, kind: str, place: str, *, many: bool) -> None:
    if declared.refers_to:
        _fail(place, "refers to a node: declare the node, and an edge PARTY_TO with this role")
    if (declared.kind is Kind.TEXTS) != many:
        _fail(place, "a list needs a value that is split, and only a list may have one")
    if many or spec.several or spec.const is not None or spec.map is not None:
        return
    if kind not in _GIVES[declared.kind]:
        _fail(place, f"holds a {declared.kind}; a value of kind {kind} gives none")


def _bounded(declared: FieldDef, read: Read, named: str) -> Read:
    low, high = declared.low, declared.high
    if low is None and high is None:
        return read

    def checked(row: Row, env: Env) -> Value:
        value = read(row, env)
        if isinstance(value, float | int) and not (
            (low is None or low <= value) and (high is None or value <= high)
        ):
            row.problem("bad_value", named, str(value), f"{value} is no possible {declared.name}")
            return None
        return value

    return checked


class Fields:
    """The fields of one statement of one type, each with what reads it."""

    def __init__(self, names: Names, type_def: TypeDef, fields: FieldMap, each: str, place: str) -> None:
        self._reads = [
            (name, self._reader(names, type_def, name, value, each, f"{place}.{name}"))
            for name, value in fields.items()
        ]

    @staticmethod
    def _reader(  # noqa: PLR0913, PLR0917  # a declaration's place in the file takes this many words
        names: Names, type_def: TypeDef, name: str, value: str | ValueSpec, each: str, place: str
    ) -> Read:
        if not type_def.has(name):
            known = ", ".join(f.name for f in type_def.fields)
            _fail(place, f"{type_def.name} has no such field; it has {known}")
        declared = type_def.field(name)
        if isinstance(value, str):
            spec = names.value(value, each, place)
            many = spec.many and value not in names.spec.lists.get(each, {})
            _check_field(declared, spec, names.kind(value, each, place), place, many=many)
            key = value
            return _bounded(declared, lambda _, env: env.get(key), spec.column or value)
        _check_field(declared, value, value.kind, place, many=value.many)
        return _bounded(declared, names.reader(value, each, place), value.column or name)

    def read(self, row: Row, env: Env) -> dict[str, Scalar]:
        """The fields that have a value."""
        found = ((name, read(row, env)) for name, read in self._reads)
        return {name: value for name, value in found if value is not None and value != []}


def _date_reader(names: Names, name: str, each: str, place: str) -> Callable[[Env], dt.date | None]:
    if not name:
        return lambda _: None
    if names.kind(name, each, place) != "date":
        _fail(place, f"{name} is no date")

    def read(env: Env) -> dt.date | None:
        value = env.get(name)
        return value if isinstance(value, dt.date) else None

    return read


def key_reader(
    names: Names, spec: KeySpec, each: str, place: str, *, as_written: bool = False
) -> Callable[[Env], str]:
    """The function that makes a key of values; empty where one of them is missing.

    A node's key has names in their normal form; a record's key has them `as_written`, so that no two rows share one.
    """
    parts = (spec,) if isinstance(spec, str) else spec
    kinds = [(part, names.kind(part, each, place)) for part in parts]
    if as_written:
        kinds = [(part, "text") for part, _ in kinds]

    def read(env: Env) -> str:
        values = [env.get(part) for part, _ in kinds]
        if None in values:
            return ""
        return joined_key([key_part(value, kind) for value, (_, kind) in zip(values, kinds, strict=True)])

    return read


# --- nodes -----------------------------------------------------------------------------------------------------


def _typist(
    names: Names, spec: str | TypeSpec, each: str, place: str
) -> tuple[Callable[[Env], str], Sequence[str]]:
    """What tells a node's type, and the types that it can tell."""
    if isinstance(spec, str):
        if spec not in node_types():
            _fail(place, f"no node type is called {spec}; there are {', '.join(node_types())}")
        return lambda _: spec, (spec,)
    for used in filter(None, (spec.by, spec.name)):
        names.value(used, each, place)
    by_name = _by_name(spec)

    def tell(env: Env) -> str:
        told = spec.map.get(str(env.get(spec.by))) if spec.by else None
        return by_name(str(env.get(spec.name)), told)

    return tell, ("Company", "Person")


def _by_name(spec: TypeSpec) -> Callable[[str, str | None], str]:
    """Names that are listed first, then a company's form, then what the row says, then a person's form."""
    companies, people = frozenset(map(normal_form, spec.companies)), frozenset(map(normal_form, spec.people))

    def tell(name: str, told: str | None) -> str:
        normal = normal_form(name)
        if normal in people:
            return "Person"
        if normal in companies or looks_like_company(name):
            return "Company"
        if told is not None:
            return told
        first, *rest = normal.split(" ")
        return "Person" if rest and is_latin(name) and first in GIVEN_NAMES else spec.default

    return tell


@dataclass(frozen=True, slots=True)
class Placed:
    """A node of a row, with the values that made it."""

    ref: Ref
    env: dict[str, Value]


class NodeMaker:
    """Makes the nodes of one declaration."""

    def __init__(self, names: Names, name: str, spec: NodeSpec) -> None:
        place = f"nodes.{name}"
        self.each = spec.each
        names.check_list(spec.each, place)
        self._primary = spec.primary
        self._type, self.labels = _typist(names, spec.type, spec.each, f"{place}.type")
        per_label = _per_label(spec.fields, self.labels)
        self._keys = {
            label: key_reader(names, key, spec.each, f"{place}.key")
            for label, key in _per_label(spec.key, self.labels).items()
        }
        self._fields = {
            label: Fields(names, node_types()[label], fields, spec.each, f"{place}.fields")
            for label, fields in per_label.items()
        }
        self._from = _date_reader(names, spec.valid_from, spec.each, f"{place}.valid_from")
        self._to = _date_reader(names, spec.valid_to, spec.each, f"{place}.valid_to")

    def place(self, row: Row) -> list[Placed | None]:
        """The nodes, an item each; None where an item gives no key."""
        return [self._place(env) for env in row.environments(self.each)]

    def _place(self, env: dict[str, Value]) -> Placed | None:
        label = self._type(env)
        key = self._keys[label](env)
        return Placed(Ref(label, key), env) if key else None

    def statement(self, row: Row, placed: Placed) -> NodeStatement:
        """What the row says of one of them."""
        env = placed.env
        props = self._fields[placed.ref.label].read(row, env)
        return NodeStatement(placed.ref, props, self._primary, self._from(env), self._to(env))


def _per_label(declared: Any, labels: Sequence[str]) -> dict[str, Any]:
    """A declaration by type: as it stands where it names types, else the same for all."""
    if isinstance(declared, dict) and declared and set(declared) <= set(labels):
        return {label: declared.get(label, {}) for label in labels}
    return dict.fromkeys(labels, declared)


# --- edges -----------------------------------------------------------------------------------------------------


class EdgeMaker:
    """Makes the edges of one declaration."""

    def __init__(self, names: Names, spec: EdgeSpec, nodes: Mapping[str, NodeMaker], number: int) -> None:
        place = f"edges.{number}"
        if spec.type not in edge_types():
            _fail(place, f"no edge type is called {spec.type}; there are {', '.join(edge_types())}")
        for end in (spec.start, spec.end):
            if end not in nodes:
                _fail(place, f"no node is called {end}; there are {', '.join(nodes)}")
        self.type, self.start, self.end = spec.type, spec.start, spec.end
        model = edge_model(spec.type)
        self._joins, self._classes = model.joins, model.classes
        for end, allowed in zip((spec.start, spec.end), self._joins, strict=True):
            if not set(nodes[end].labels) & set(allowed):
                _fail(place, f"{spec.type} cannot stand at a {' or '.join(nodes[end].labels)}")
        self.each = self._list_of(names, spec, nodes, place)
        self._fields = Fields(names, edge_types()[spec.type], spec.fields, self.each, f"{place}.fields")
        self._from = _date_reader(names, spec.valid_from, self.each, f"{place}.valid_from")
        self._to = _date_reader(names, spec.valid_to, self.each, f"{place}.valid_to")

    @staticmethod
    def _list_of(names: Names, spec: EdgeSpec, nodes: Mapping[str, NodeMaker], place: str) -> str:
        names.check_list(spec.each, place)
        lists = {each for each in (spec.each, nodes[spec.start].each, nodes[spec.end].each) if each}
        if len(lists) > 1:
            _fail(place, f"its nodes come from different lists: {', '.join(sorted(lists))}")
        return next(iter(lists), "")

    def statements(self, row: Row, placed: Mapping[str, list[Placed | None]]) -> Iterator[EdgeStatement]:
        """The edges of a row between the nodes that it has."""
        starts, ends = placed[self.start], placed[self.end]
        for number, env in enumerate(row.environments(self.each)):
            start, end = (
                nodes[number if len(nodes) > 1 else 0] if nodes else None for nodes in (starts, ends)
            )
            if start is None or end is None:
                continue
            if start.ref.label not in self._joins[0] or end.ref.label not in self._joins[1]:
                message = f"{self.type} cannot go from a {start.ref.label} to a {end.ref.label}; the edge is left out"
                row.problem("impossible_edge", self.type, f"{start.ref.key} → {end.ref.key}", message)
                continue
            props = self._fields.read(row, env)
            yield EdgeStatement(self.type, start.ref, end.ref, props, self._from(env), self._to(env))

    def identity(self, edge: EdgeStatement) -> tuple[Any, ...]:
        """What makes two edges of a row one fact."""
        classes = (edge.props.get(c) for c in self._classes)
        return (edge.type, edge.start, edge.end, *classes, edge.valid_from)


# --- rows ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, slots=True)
class Said:
    """What a row says, and the values by which its record is kept."""

    nodes: tuple[NodeStatement, ...]
    edges: tuple[EdgeStatement, ...]
    env: Env
    findings: tuple[Finding, ...]


class RowMaker:
    """Makes statements of rows. Raises MisdeclaredError for a declaration that cannot work."""

    def __init__(self, spec: RowSpec, placeholders: tuple[str, ...]) -> None:
        names = Names(spec, placeholders)
        self.names = names
        self.columns = _columns(spec)
        self._values = [(n, names.reader(v, "", f"values.{n}")) for n, v in spec.values.items()]
        self._lists = [(each, names.items_reader(each)) for each in spec.lists]
        self._nodes = {name: NodeMaker(names, name, node) for name, node in spec.nodes.items()}
        self._edges = [EdgeMaker(names, edge, self._nodes, n) for n, edge in enumerate(spec.edges, 1)]

    def say(self, body: Mapping[str, str], file: str, line: int) -> Said:
        """The statements of one row."""
        row = Row(body, file, line)
        for name, read in self._values:
            row.env[name] = read(row, row.env)
        for each, read_items in self._lists:
            row.items[each] = read_items(row)
        placed = {name: maker.place(row) for name, maker in self._nodes.items()}
        nodes: dict[Ref, NodeStatement] = {}
        for name, maker in self._nodes.items():
            for node in placed[name]:
                if node is not None and node.ref not in nodes:
                    nodes[node.ref] = maker.statement(row, node)
        edges: dict[tuple[Any, ...], EdgeStatement] = {}
        for edge_maker in self._edges:
            for edge in edge_maker.statements(row, placed):
                edges.setdefault(edge_maker.identity(edge), edge)
        return Said(tuple(nodes.values()), tuple(edges.values()), row.env, tuple(row.problems.values()))


def _columns(spec: RowSpec) -> dict[str, bool]:
    """The columns that any declaration reads, and whether a file must have them."""
    specs = [*spec.values.values(), *(v for values in spec.lists.values() for v in values.values())]
    statements: tuple[NodeSpec | EdgeSpec, ...] = (*spec.nodes.values(), *spec.edges)
    for statement in statements:
        fields: Any = statement.fields
        nested = [f for f in fields.values() if isinstance(f, dict)]
        flat = [v for group in (fields, *nested) for v in group.values()]
        specs += [v for v in flat if isinstance(v, ValueSpec)]
    columns: dict[str, bool] = {}
    for value in specs:
        if value.column:
            columns[value.column] = columns.get(value.column, False) or not value.optional
    return columns
