"""The world's files as tables of the projection, without a store in between: what a load of hours would lead to.

Ids are those that the native loader makes. The ends of an edge are the units that the files of nodes state.
"""

from __future__ import annotations

import csv
import gc
import random
from collections.abc import Callable, Iterator, Mapping, Sequence
from itertools import islice
from pathlib import Path
from typing import Any

from ground import World, log

from graph.ids import entity_handle, record_handle
from graph.schema import FieldDef, Kind, edge_model, edge_types, node_types
from graph.tables import SourceInfo, Tables, TablesBuilder
from ingest.native import Native

WALLS = {"deal:benchmark-5": 5, "deal:benchmark-50": 50}
"""Compartments with so many holdings each, which are added: viewers who see a little more than the public."""

BATCH = 50_000

Columns = dict[str, Sequence[str]]
Sets = list[tuple[str, ...]]

_SOURCES = ("registry", "filings", "deal_team", "native")
_SYSTEM = ("valid_from", "valid_to", "known_from")


def tables_of(world: World) -> Tables:
    """Every row of the world's files, and some walled holdings more."""
    builder = TablesBuilder([SourceInfo(name, Native.rank, Native.namespace) for name in _SOURCES])
    nodes = [path for path in world.files if path.stem in node_types()]
    edges = [path for path in world.files if path.stem in edge_types()]
    walled = _walled_keys(nodes)
    for path in nodes:
        for columns in _batches(path):
            _add_nodes(builder, path.stem, columns, walled)
    for path in edges:
        for columns in _batches(path):
            _add_edges(builder, path.stem, columns, walled)
    holdings = next(_batches(world.file("HOLDS")))
    for wall, count in WALLS.items():
        _add_edges(builder, "HOLDS", _walled_holdings(holdings, wall, count), walled)
    tables = builder.finish(version=1)
    gc.collect()
    log(f"  {len(tables.units):,} units, {sum(map(len, tables.edges.values())):,} statements")
    return tables


def _batches(path: Path) -> Iterator[Columns]:
    """The columns of a file, so many rows at a time."""
    with path.open(encoding="utf-8", newline="") as file:
        reader = csv.reader(file)
        names = next(reader)
        rows = list(islice(reader, BATCH))
        while rows:
            yield dict(zip(names, zip(*rows, strict=True), strict=True))
            rows = list(islice(reader, BATCH))


def _walled_keys(paths: Sequence[Path]) -> dict[str, tuple[str, ...]]:
    """The compartments of the nodes that the public does not see at all."""
    walled: dict[str, tuple[str, ...]] = {}
    for path in paths:
        for columns in _batches(path):
            sets = _sets(columns)
            walled |= {key: names for key, names in zip(columns["id"], sets, strict=True) if names}
    for path in paths:
        for columns in _batches(path):
            for key, names in zip(columns["id"], _sets(columns), strict=True):
                if not names:
                    walled.pop(key, None)
    return walled


def _sets(columns: Columns) -> Sets:
    found = columns.get("compartments")
    if found is None:
        return [()] * len(next(iter(columns.values())))
    return [tuple(sorted(text.split(";"))) if text else () for text in found]


# --- rows ---


def _add_nodes(
    builder: TablesBuilder, label: str, columns: Columns, walled: Mapping[str, tuple[str, ...]]
) -> None:
    keys, sets = columns["id"], _sets(columns)
    ids = [entity_handle(Native.namespace, label, key, s) for key, s in zip(keys, sets, strict=True)]
    system = _system(label, columns, keys, sets)
    builder.add_nodes(
        label, {"id": ids, "key": keys, **system, **_values(node_types()[label].fields, columns)}, len(keys)
    )
    for field in node_types()[label].fields:
        if field.kind in (Kind.REFERENCE, Kind.REFERENCES) and field.name in columns:
            _add_parties(builder, columns[field.name], field.name, {"b": ids, **system}, walled)


def _add_parties(
    builder: TablesBuilder,
    named: Sequence[str],
    role: str,
    node: Mapping[str, Sequence[Any]],
    walled: Mapping[str, tuple[str, ...]],
) -> None:
    """What a node's field names is PARTY_TO it."""
    parts = [(place, key) for place, text in enumerate(named) for key in text.split(";") if key]
    if not parts:
        return
    at = [place for place, _ in parts]
    columns: dict[str, list[Any]] = {name: [values[i] for i in at] for name, values in node.items()}
    columns |= {"a": [_end(key, walled) for _, key in parts], "role": [role] * len(parts)}
    builder.add_edges("PARTY_TO", columns, len(parts))


def _add_edges(
    builder: TablesBuilder, name: str, columns: Columns, walled: Mapping[str, tuple[str, ...]]
) -> None:
    nothing = [""] * len(columns["from"])
    parts = ["from", "to", *edge_model(name).classes, "valid_from"]
    keys = ["|".join(row) for row in zip(*(columns.get(part, nothing) for part in parts), strict=True)]
    ends = {
        side: [_end(key, walled) for key in columns[given]] for side, given in (("a", "from"), ("b", "to"))
    }
    values = _values(edge_types()[name].fields, columns)
    builder.add_edges(name, {**ends, **_system(name, columns, keys, _sets(columns)), **values}, len(keys))


def _end(key: str, walled: Mapping[str, tuple[str, ...]]) -> str:
    return entity_handle(
        Native.namespace, "Person" if key.startswith("P") else "Company", key, walled.get(key, ())
    )


def _system(role: str, columns: Columns, keys: Sequence[str], sets: Sets) -> dict[str, Sequence[Any]]:
    sources = columns.get("source", [Native.name] * len(keys))
    records = [
        record_handle(source, role, key, names)
        for source, key, names in zip(sources, keys, sets, strict=True)
    ]
    dates = {name: [text or None for text in columns[name]] for name in _SYSTEM if name in columns}
    return {"source": sources, "record": records, "compartments": [s or None for s in sets], **dates}


def _values(fields: Sequence[FieldDef], columns: Columns) -> dict[str, list[Any]]:
    return {
        f.name: [_PARSERS[f.kind](text) if text else None for text in columns[f.name]]
        for f in fields
        if f.name in columns and f.kind in _PARSERS
    }


_PARSERS: Mapping[Kind, Callable[[str], Any]] = {
    Kind.TEXT: str,
    Kind.TEXTS: lambda text: text.split(";"),
    Kind.NUMBER: float,
    Kind.COUNT: int,
    Kind.FLAG: lambda text: text == "true",
    Kind.DATE: str,
    Kind.REFERENCE: lambda key: _end(key, {}),
}


def _walled_holdings(columns: Columns, wall: str, count: int) -> Columns:
    """Holdings between random parties of the public's, each behind the wall."""
    chance = random.Random(wall)
    open_to_all = [i for i, text in enumerate(columns["compartments"]) if not text]
    chosen = chance.sample(open_to_all, 2 * count)
    return {
        "from": [columns["from"][i] for i in chosen[:count]],
        "to": [columns["to"][i] for i in chosen[count:]],
        "share_ratio": ["0.3"] * count,
        "compartments": [wall] * count,
        "source": ["deal_team"] * count,
    }
