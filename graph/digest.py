"""One hash of a whole graph, equal for equal graphs whatever the order, engine or day of loading."""

from __future__ import annotations

from hashlib import blake2b
from typing import Final

import numpy as np
from numpy.typing import NDArray

from graph.columns import text_hash
from graph.content import handle_numbers, same_text, with_fields
from graph.fold import Fold
from graph.identity import Hashes, mix
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


def _names(texts: list[str]) -> Hashes:
    return np.array([text_hash(text) for text in texts] or [0], np.uint64)


def _sets(tables: Tables) -> Hashes:
    return _names([_TOLD.join(names) for names in tables.sets.names])


def _sources(tables: Tables) -> Hashes:
    return _names([source.name for source in tables.sources])


def _units(tables: Tables, fold: Fold) -> Hashes:
    units = tables.units
    alive = np.flatnonzero(fold.entity >= 0)
    parts: list[NDArray[np.uint64]] = [np.zeros(0, np.uint64)]
    for number in np.unique(units.label[alive]).tolist():
        rows = alive[units.label[alive] == number]
        out = mix(same_text(LABELS[number], len(rows)), handle_numbers(units.handle[rows]))
        out = mix(out, handle_numbers(units.handle[fold.canonical[fold.entity[rows]]]))
        out = mix(out, _sets(tables)[units.set[rows]])
        out = mix(out, _sources(tables)[units.source[rows]])
        out = mix(out, handle_numbers(units.record[rows]))
        for name in ("stated", "valid_from", "valid_to"):
            out = mix(out, getattr(units, name)[rows].astype(np.int64))
        parts.append(with_fields(out, units.fields[LABELS[number]], units.local[rows]))
    return np.concatenate(parts)


def _statements(tables: Tables, fold: Fold, name: str) -> Hashes:
    edges: Edges = tables.edges[name]
    rows = fold.adjacency[name].out.items
    out = same_text(name, len(rows))
    for end in (edges.start, edges.end):
        unit = end.take(rows)
        out = mix(out, handle_numbers(tables.units.handle[unit]))
        out = mix(out, handle_numbers(tables.units.handle[fold.canonical[fold.entity[unit]]]))
    out = mix(out, _sets(tables)[edges.set.take(rows)])
    out = mix(out, _sources(tables)[edges.source.take(rows)])
    out = mix(out, handle_numbers(edges.record.take(rows)))
    for column in (edges.stated, edges.valid_from, edges.valid_to, edges.start_unknown):
        out = mix(out, column.take(rows).astype(np.int64))
    return with_fields(out, edges.fields, rows)
