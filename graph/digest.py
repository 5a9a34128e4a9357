"""One hash of a whole graph, equal for equal graphs whatever the order, engine or day of loading."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.columns import Array, Field, text_hash
from graph.fold import Fold
from graph.identity import Hashes, mix
from graph.schema import Kind
from graph.tables import LABELS, Edges, Tables

_TOLD: Final = "\x1e"


def digest_of(tables: Tables, fold: Fold) -> str:
    """The hash of everything that is believed: units and what they state, entities, facts, validity, witnesses.

    Each row becomes a number that depends on its content only; the numbers are sorted and hashed. Days on which
    we were told are left out.
    """
    rows = [_units(tables, fold)]
    rows += [_statements(tables, fold, name) for name in tables.edges]
    return blake2b(np.sort(np.concatenate(rows)).tobytes(), digest_size=16).hexdigest()


def _text(text: str, size: int) -> Hashes:
    return np.full(size, text_hash(text), np.uint64)


def _handles(handles: Array) -> Hashes:
    return mix(handles["hi"], handles["lo"])


def _names(texts: list[str]) -> Hashes:
    return np.array([text_hash(text) for text in texts] or [0], np.uint64)


def _sets(tables: Tables) -> Hashes:
    return _names([_TOLD.join(names) for names in tables.sets.names])


def _sources(tables: Tables) -> Hashes:
    return _names([source.name for source in tables.sources])


def _field(field: Field, rows: Array) -> Hashes:
    """A number for each value; 0 where there is none."""
    values = field.column.take(rows)
    if field.kind in (Kind.TEXT, Kind.TEXTS) and field.pool is not None:
        return _texts(field, values)
    if field.kind is Kind.REFERENCE:
        found = _handles(values)
    elif field.kind is Kind.NUMBER:
        found = (values + 0.0).view(np.uint64)
    else:
        found = values.astype(np.int64).view(np.uint64)
    return np.where(field.stated(rows), mix(found, np.ones(len(found), np.uint64)), np.uint64(0))


def _texts(field: Field, codes: Array) -> Hashes:
    pool = field.pool
    if pool is None or not len(codes):
        return np.zeros(len(codes), np.uint64)
    used = np.unique(codes)
    texts = pool.texts() if 2 * len(used) > len(pool) else pool
    hashes = np.zeros(len(pool) + 1, np.uint64)
    for code in used.tolist():
        if code >= 0:
            hashes[code] = text_hash(texts[code])
    return hashes[codes]


def _with_fields(start: Hashes, fields: dict[str, Field], rows: Array) -> Hashes:
    """Mix every stated value in under its field's name; a field that a row lacks leaves no trace."""
    out = start
    for name in sorted(fields):
        found = _field(fields[name], rows)
        named = mix(_text(name, len(rows)), found)
        out = np.where(found == 0, out, out + named)
    return mix(out, start)


def _units(tables: Tables, fold: Fold) -> Hashes:
    units = tables.units
    alive = np.flatnonzero(fold.entity >= 0)
    parts: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    for number in np.unique(units.label[alive]).tolist():
        rows = alive[units.label[alive] == number]
        out = mix(_text(LABELS[number], len(rows)), _handles(units.handle[rows]))
        out = mix(out, _handles(units.handle[fold.canonical[fold.entity[rows]]]))
        out = mix(out, _sets(tables)[units.set[rows]])
        out = mix(out, _sources(tables)[units.source[rows]])
        out = mix(out, _handles(units.record[rows]))
        for name in ("stated", "valid_from", "valid_to"):
            out = mix(out, getattr(units, name)[rows].astype(np.int64))
        parts.append(_with_fields(out, dict(units.fields[LABELS[number]]), units.local[rows]))
    return np.concatenate(parts)


def _statements(tables: Tables, fold: Fold, name: str) -> Hashes:
    edges: Edges = tables.edges[name]
    rows = fold.adjacency[name].out.items
    out = _text(name, len(rows))
    for end in (edges.start, edges.end):
        unit = end.take(rows)
        out = mix(out, _handles(tables.units.handle[unit]))
        out = mix(out, _handles(tables.units.handle[fold.canonical[fold.entity[unit]]]))
    out = mix(out, _sets(tables)[edges.set.take(rows)])
    out = mix(out, _sources(tables)[edges.source.take(rows)])
    out = mix(out, _handles(edges.record.take(rows)))
    for column in (edges.stated, edges.valid_from, edges.valid_to, edges.start_unknown):
        out = mix(out, column.take(rows).astype(np.int64))
    return _with_fields(out, dict(edges.fields), rows)
