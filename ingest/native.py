"""The native form: a CSV or JSON-lines file per type of the schema, its columns the fields of the type.

Generated from the schema: `Company.csv` with `id,name,…`, `HOLDS.jsonl` with `from,to,share_ratio,…`. On any
row stand, where wanted, `valid_from`, `valid_to`, `known_from`, `compartments` (separated by `;` or `|`,
other lists by `;`), `source` (who says it) and `key` (of the record; by default a node's id, an edge's ends,
class and start). `from_type` and `to_type` say what an edge's ends are, where the edge type leaves it open.
"""

from __future__ import annotations

import datetime as dt
import functools
import json
import math
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import replace
from hashlib import blake2b
from pathlib import Path
from typing import Any, Final, TypeAlias, cast

from graph import identifiers
from graph.errors import InvalidInput
from graph.schema import FieldDef, Identifier, Kind, TypeDef, edge_model, edge_types, node_types
from graph.statements import EdgeStatement, Finding, NodeStatement, Ref, Reject, SourceRecord
from ingest.readers import header, stem, text_rows
from ingest.source import Context

NAME: Final = "native"
_ON_ANY_ROW: Final = ("valid_from", "valid_to", "known_from", "compartments", "source", "key")
_ON_NODES: Final = ("id",)
_ON_EDGES: Final = ("from", "to", "from_type", "to_type")
_INTERVAL_ENDS: Final = (("share_min", "share_max"), ("voting_min", "voting_max"))

Parse: TypeAlias = Callable[[str], Any]


# --- values -------------------------------------------------------------------------------------------------


@functools.lru_cache(maxsize=65_536)
def _date(text: str) -> dt.date:
    try:
        return dt.date.fromisoformat(text)
    except ValueError:
        raise ValueError(f"{text!r} is not a date like 2024-01-31") from None


_WORDS_FOR: Final = {
    **dict.fromkeys(("true", "1", "yes", "y", "是"), True),
    **dict.fromkeys(("false", "0", "no", "n", "否"), False),
}


def _flag(text: str) -> bool:
    value = _WORDS_FOR.get(text.lower())
    if value is None:
        raise ValueError(f"{text!r} is neither true nor false")
    return value


def _count(text: str) -> int:
    try:
        value = float(text) if "_" not in text else math.nan
    except ValueError:
        value = math.nan
    if not value.is_integer() or abs(value) >= 2**53:
        raise ValueError(f"{text!r} is not a whole number")
    return int(value)


def _number(low: float, high: float) -> Parse:
    def parse(text: str) -> float:
        try:
            value = float(text)
        except ValueError:
            raise ValueError(f"{text!r} is not a number") from None
        if low <= value <= high and "_" not in text:
            return value
        raise ValueError(
            f"{text} is not between {low:g} and {high:g}"
            if math.isfinite(value)
            else f"{text!r} is not a number"
        )

    return parse


def split_list(text: str, separators: str = ";；") -> list[str]:
    """The items of a cell: a JSON list, or text between separators, without empty items and repeats."""
    if text.startswith("["):
        try:
            listed = json.loads(text)
        except ValueError:
            listed = None
        if isinstance(listed, list):
            return list(dict.fromkeys(s for item in listed if (s := str(item).strip())))
    for other in separators[1:]:
        text = text.replace(other, separators[0])
    return list(dict.fromkeys(s for item in text.split(separators[0]) if (s := item.strip())))


_OTHER_MARKETS: Final = re.compile(r"[0-9A-Z]{1,8}\.(?!S[HZS]$|BJ$)[A-Z]{1,4}")


def exchange_code(text: str) -> str:
    """A mainland share code, checked and suffixed, or another market's code as it stands (00700.HK).

    Raises:
        ValueError: neither.
    """
    upper = text.upper()
    return upper if _OTHER_MARKETS.fullmatch(upper) else identifiers.listing_code(text)


_IDENTIFIERS: Final[Mapping[Identifier, Parse]] = {
    Identifier.USCC: identifiers.uscc,
    Identifier.LEI: identifiers.lei,
    Identifier.CODE: exchange_code,
}


_PARSERS: Final[Mapping[Kind, Parse]] = {
    Kind.COUNT: _count,
    Kind.FLAG: _flag,
    Kind.DATE: _date,
    Kind.TEXTS: split_list,
    Kind.REFERENCES: split_list,
}


def field_parser(declared: FieldDef) -> Parse | None:
    """What turns a schema field's text into its value, raising ValueError; None where text stays text."""
    if declared.identifier is not None and declared.identifier in _IDENTIFIERS:
        return functools.lru_cache(maxsize=4096)(_IDENTIFIERS[declared.identifier])
    if declared.kind is Kind.NUMBER:
        largest = 1.7e308
        return _number(
            -largest if declared.low is None else declared.low,
            largest if declared.high is None else declared.high,
        )
    return _PARSERS.get(declared.kind)


# --- a type's files -----------------------------------------------------------------------------------------

_SYSTEM_PARSERS: Final[Mapping[str, Parse | None]] = {
    "valid_from": _date,
    "valid_to": _date,
    "known_from": _date,
    "compartments": lambda text: tuple(sorted(split_list(text, ";；|"))),
    "source": None,
    "key": None,
}


class _UnusableRowError(Exception):
    """A row without what it needs; the reason."""


class NativeRole:
    """The files of one type: a parser per column, run over each row."""

    def __init__(self, type_def: TypeDef) -> None:
        self.type_def = type_def
        self.is_node = type_def.name in node_types()
        self._parsers: dict[str, Parse | None] = {
            **dict.fromkeys(_ON_NODES if self.is_node else _ON_EDGES),
            **{f.name: field_parser(f) for f in type_def.fields},
            **_SYSTEM_PARSERS,
        }
        self._intervals = tuple(pair for pair in _INTERVAL_ENDS if type_def.has(pair[0]))
        self._upper_ends = frozenset({"valid_to", *(high for _, high in self._intervals)})
        self._statements = self._node_statements() if self.is_node else self._edge_statements()

    @property
    def name(self) -> str:
        """The type's name."""
        return self.type_def.name

    @property
    def columns(self) -> tuple[str, ...]:
        """Every column that a file of this type may have."""
        return tuple(self._parsers)

    @property
    def needed(self) -> tuple[str, ...]:
        """The columns that a file of this type must have."""
        return _ON_NODES if self.is_node else _ON_EDGES[:2]

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date | None:  # noqa: ARG002
        """What the caller says: a native file has no date of its own, its rows may have `valid_from`."""
        return override

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        """Every row as a record or a reject. Raises InvalidInput for a column that the type does not have."""
        self._check_columns(path)
        context = replace(context, file=context.file or path.name)
        record = self.record
        for item in text_rows(path):
            if item.__class__ is Reject:
                yield item
            else:
                line, row = cast("tuple[int, dict[str, str]]", item)
                yield record(row, line, context)

    def _check_columns(self, path: Path) -> None:
        columns = [c for c in header(path) if c]
        unknown = [c for c in columns if c not in self._parsers]
        missing = [c for c in self.needed if c not in columns]
        if not unknown and not missing:
            return
        what = f"unknown column {', '.join(unknown)}" if unknown else f"no column {', '.join(missing)}"
        raise InvalidInput(
            "file", f"{path.name}: {what}", hint=f"{self.name} has: {', '.join(self.columns)}."
        )

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        """The record of one row; a value that its field cannot have is left out with a finding."""
        values: dict[str, Any] = {}
        findings: tuple[Finding, ...] = ()
        try:
            parsers = self._parsers
            for column, text in body.items():
                parse = parsers[column]
                if parse is None:
                    values[column] = text
                else:
                    try:
                        values[column] = parse(text)
                    except ValueError as error:
                        findings += (Finding("bad_value", str(error), context.file, line, column, text),)
            if not self._upper_ends.isdisjoint(values):
                findings += self._reversed(values, body, line, context)
            return self._statements(body, values, findings, line, context)
        except KeyError as error:
            return Reject(context.file, line, f"unknown column {error.args[0]}")
        except _UnusableRowError as error:
            return Reject(context.file, line, str(error), values.get("key", "") or values.get("id", ""))

    def _reversed(
        self, values: dict[str, Any], body: Mapping[str, str], line: int, context: Context
    ) -> tuple[Finding, ...]:
        """Drop ends that lie before their start: the end of a period, both ends of an interval of ratios."""
        found: list[Finding] = []
        for low, high in (*self._intervals, ("valid_from", "valid_to")):
            start, end = values.get(low), values.get(high)
            if start is not None and end is not None and start > end:
                del values[high]
                if low != "valid_from":
                    del values[low]
                message = f"{high} {end} lies before {low} {start}"
                found.append(Finding("reversed_interval", message, context.file, line, high, body[high]))
        return tuple(found)

    # --- statements: built once per type, so that a row costs no look at the schema ---

    def _node_statements(self) -> Callable[..., SourceRecord]:
        label = self.type_def.name
        references = tuple(f for f in self.type_def.fields if f.refers_to)

        def statements(
            body: Mapping[str, str],
            values: dict[str, Any],
            findings: tuple[Finding, ...],
            line: int,
            context: Context,
        ) -> SourceRecord:
            identity = values.pop("id", "")
            if not identity:
                raise _UnusableRowError("no id")
            take = values.pop
            valid_from, valid_to = take("valid_from", None), take("valid_to", None)
            known_from, compartments = take("known_from", None), take("compartments", ())
            source, key = take("source", NAME), take("key", identity)
            ref = Ref(label, identity)
            edges = _parties(values, references, ref, valid_from, valid_to) if references else ()
            node = NodeStatement(ref, values, True, valid_from, valid_to)  # noqa: FBT003  # primary, positional for speed
            return SourceRecord(
                key, body, (node,), edges, source, line, compartments, context.stated, known_from,
                findings=findings,
            )  # fmt: skip

        return statements

    def _edge_statements(self) -> Callable[..., SourceRecord]:
        name = self.type_def.name
        model = edge_model(name)
        starts, ends = model.joins
        classes = model.classes
        only_start, only_end = (kinds[0] if len(kinds) == 1 else "" for kinds in model.joins)

        def statements(
            body: Mapping[str, str],
            values: dict[str, Any],
            findings: tuple[Finding, ...],
            line: int,
            context: Context,
        ) -> SourceRecord:
            take = values.pop
            start, end = take("from", ""), take("to", "")
            if not start or not end:
                raise _UnusableRowError("no from" if not start else "no to")
            start_label = _label(take("from_type", only_start), starts)
            end_label = _label(take("to_type", only_end), ends)
            valid_from, valid_to = take("valid_from", None), take("valid_to", None)
            known_from, compartments = take("known_from", None), take("compartments", ())
            source = take("source", NAME)
            key = take("key", "") or _edge_key(body, classes)
            edge = EdgeStatement(
                name, Ref(start_label, start), Ref(end_label, end), values, valid_from, valid_to
            )
            return SourceRecord(
                key, body, (), (edge,), source, line, compartments, context.stated, known_from,
                findings=findings,
            )  # fmt: skip

        return statements


def _label(label: str, allowed: tuple[str, ...]) -> str:
    if label and label not in allowed:
        raise _UnusableRowError(f"unknown type {label}; allowed here: {', '.join(allowed)}")
    return label


def _edge_key(body: Mapping[str, str], classes: tuple[str, ...]) -> str:
    """The ends, the class and the start of an edge, joined so that no two different edges share a key."""
    parts = [body["from"], body["to"]]
    for name in classes:
        parts.append(body.get(name, ""))  # noqa: PERF401  # faster than a comprehension for one class or none
    parts.append(body.get("valid_from", ""))
    key = "|".join(parts)
    if key.count("|") >= len(parts):
        key = "|".join(part.replace("\\", "\\\\").replace("|", "\\|") for part in parts)
    return key


def _parties(
    values: dict[str, Any],
    references: tuple[FieldDef, ...],
    node: Ref,
    start: dt.date | None,
    end: dt.date | None,
) -> tuple[EdgeStatement, ...]:
    """Take the reference fields out of the values: what each names is PARTY_TO the node in that role."""
    edges: list[EdgeStatement] = []
    for reference in references:
        named = values.pop(reference.name, ())
        label = reference.refers_to[0] if len(reference.refers_to) == 1 else ""
        role = {"role": reference.name}
        keys = (named,) if isinstance(named, str) else named
        edges.extend(EdgeStatement("PARTY_TO", Ref(label, key), node, role, start, end) for key in keys)
    return tuple(edges)


# --- the source ---------------------------------------------------------------------------------------------


def _folded(name: str) -> str:
    return name.replace("_", "").replace("-", "").casefold()


@functools.cache
def _roles() -> Mapping[str, NativeRole]:
    types = (*node_types().values(), *edge_types().values())
    return {_folded(t.name): NativeRole(t) for t in types}


class Native:
    """The source `native`: what is handed over in the schema's own terms."""

    name = NAME
    title = "原生格式 native form"
    source = NAME
    namespace = NAME
    rank = 50
    snapshot = False

    @property
    def fingerprint(self) -> str:
        """A hash of every type's columns."""
        listed = "\n".join(f"{role.name}: {','.join(role.columns)}" for role in _roles().values())
        return blake2b(listed.encode(), digest_size=16).hexdigest()

    def role_for(self, path: Path) -> NativeRole:
        """The type that a file is named after, in any case. Raises InvalidInput."""
        return self.role(stem(path))

    def role(self, name: str) -> NativeRole:
        """The role of a type, in any case. Raises InvalidInput."""
        role = _roles().get(_folded(name))
        if role is None:
            names = ", ".join(r.name for r in _roles().values())
            raise InvalidInput(
                "file", f"{name}: no type has this name", hint=f"Name files after a type: {names}."
            )
        return role
