"""What the public sees of a world's files, as tables of the projection: for back-tests, without a store in between.

Ids are those that the native loader makes. Rows behind a wall are left out.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Iterable, Mapping, Sequence
from pathlib import Path
from typing import Any, Final

from graph.ids import entity_handle, record_handle
from graph.schema import FieldDef, Kind, edge_model, edge_types, node_types
from graph.tables import SourceInfo, Tables, TablesBuilder
from ingest.native import Native

Columns = Mapping[str, Sequence[str]]
Labels = Mapping[str, str]

_SYSTEM: Final = ("valid_from", "valid_to", "known_from")


def tables_of(folder: Path, kinds: Iterable[str] | None = None) -> Tables:
    """The public rows of a folder of native files of some types (None: of all), and who is party to what.

    An edge or part whose other end is in none of the files is left out.
    """
    wanted = None if kinds is None else frozenset(kinds)
    read = {
        path.stem: columns
        for path in sorted(folder.glob("*.csv"))
        if (wanted is None or path.stem in wanted) and (columns := _public(path))
    }
    nodes = {name: columns for name, columns in read.items() if name in node_types()}
    labels = {key: name for name, columns in nodes.items() for key in columns["id"]}
    sources = {source for columns in read.values() for source in columns.get("source", ())}
    builder = TablesBuilder(
        [SourceInfo(name, Native.rank, Native.namespace) for name in sorted({*sources, Native.name})]
    )
    for name, columns in nodes.items():
        _add_nodes(builder, name, columns, labels)
    for name, columns in read.items():
        if name in edge_types():
            _add_edges(builder, name, columns, labels)
    return builder.finish(version=1)


def _public(path: Path) -> Columns | None:
    """The columns of a file without the rows behind a wall; None where no row is left."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        rows = list(reader)
    if "compartments" in names:
        wall = names.index("compartments")
        rows = [row for row in rows if not row[wall]]
    return dict(zip(names, zip(*rows, strict=True), strict=True)) if rows else None


def _handle(key: str, labels: Labels) -> str | None:
    label = labels.get(key)
    return None if label is None else entity_handle(Native.namespace, label, key, ())


def _add_nodes(builder: TablesBuilder, label: str, columns: Columns, labels: Labels) -> None:
    keys = columns["id"]
    ids = [entity_handle(Native.namespace, label, key, ()) for key in keys]
    system = _system(label, columns, keys)
    fields = node_types()[label].fields
    builder.add_nodes(
        label, {"id": ids, "key": keys, **system, **_values(fields, columns, labels)}, len(keys)
    )
    for field in fields:
        if field.kind in (Kind.REFERENCE, Kind.REFERENCES) and field.name in columns:
            _add_parties(builder, field.name, columns[field.name], {"b": ids, **system}, labels)


def _add_parties(
    builder: TablesBuilder,
    role: str,
    named: Sequence[str],
    node: Mapping[str, Sequence[Any]],
    labels: Labels,
) -> None:
    """What a node's field names is PARTY_TO it."""
    parts = [
        (place, handle)
        for place, listed in enumerate(named)
        for key in listed.split(";")
        if (handle := _handle(key, labels))
    ]
    if parts:
        columns = {name: [values[place] for place, _ in parts] for name, values in node.items()}
        columns |= {"a": [handle for _, handle in parts], "role": [role] * len(parts)}
        builder.add_edges("PARTY_TO", columns, len(parts))


def _add_edges(builder: TablesBuilder, name: str, columns: Columns, labels: Labels) -> None:
    places = [
        place
        for place, ends in enumerate(zip(columns["from"], columns["to"], strict=True))
        if all(end in labels for end in ends)
    ]
    if not places:
        return
    chosen = {column: [values[place] for place in places] for column, values in columns.items()}
    nothing = [""] * len(places)
    parts = ["from", "to", *edge_model(name).classes, "valid_from"]
    keys = ["|".join(row) for row in zip(*(chosen.get(part, nothing) for part in parts), strict=True)]
    ends = {
        side: [_handle(key, labels) for key in chosen[given]] for side, given in (("a", "from"), ("b", "to"))
    }
    values = _values(edge_types()[name].fields, chosen, labels)
    builder.add_edges(name, {**ends, **_system(name, chosen, keys), **values}, len(keys))


def _system(role: str, columns: Columns, keys: Sequence[str]) -> dict[str, Sequence[Any]]:
    sources = columns.get("source", [Native.name] * len(keys))
    records = [record_handle(source, role, key, ()) for source, key in zip(sources, keys, strict=True)]
    dates = {name: [value or None for value in columns[name]] for name in _SYSTEM if name in columns}
    return {"source": sources, "record": records, **dates}


def _values(fields: Sequence[FieldDef], columns: Columns, labels: Labels) -> dict[str, list[Any]]:
    parsers: Mapping[Kind, Callable[[str], Any]] = {
        **_PARSERS,
        Kind.REFERENCE: lambda key: _handle(key, labels),
    }
    return {
        field.name: [parsers[field.kind](value) if value else None for value in columns[field.name]]
        for field in fields
        if field.name in columns and field.kind in parsers
    }


_PARSERS: Final[Mapping[Kind, Callable[[str], Any]]] = {
    Kind.TEXT: str,
    Kind.TEXTS: lambda value: value.split(";"),
    Kind.NUMBER: float,
    Kind.COUNT: int,
    Kind.FLAG: lambda value: value == "true",
    Kind.DATE: str,
}
