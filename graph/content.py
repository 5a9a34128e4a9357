"""Numbers that stand for what rows state: equal for equal content, whatever the order or process."""

from __future__ import annotations

from collections.abc import Mapping

import numpy as np

from graph.columns import Array, Field, text_hash
from graph.identity import Hashes, mix
from graph.schema import Kind


def same_text(text: str, size: int) -> Hashes:
    """The number of one text, `size` times."""
    return np.full(size, text_hash(text), np.uint64)


def handle_numbers(handles: Array) -> Hashes:
    """A number for each handle."""
    return mix(handles["hi"], handles["lo"])


def _field_numbers(field: Field, rows: Array) -> Hashes:
    """A number for each value; 0 where there is none."""
    values = field.column.take(rows)
    if field.kind in (Kind.TEXT, Kind.TEXTS) and field.pool is not None:
        return _text_numbers(field, values)
    if field.kind is Kind.REFERENCE:
        found = handle_numbers(values)
    elif field.kind is Kind.NUMBER:
        found = (values + 0.0).view(np.uint64)
    else:
        found = values.astype(np.int64).view(np.uint64)
    return np.where(field.stated(rows), mix(found, np.ones(len(found), np.uint64)), np.uint64(0))


def _text_numbers(field: Field, codes: Array) -> Hashes:
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


def with_fields(start: Hashes, fields: Mapping[str, Field], rows: Array) -> Hashes:
    """Mix every stated value in under its field's name; a field that a row lacks leaves no trace."""
    out = start
    for name in sorted(fields):
        found = _field_numbers(fields[name], rows)
        named = mix(same_text(name, len(rows)), found)
        out = np.where(found == 0, out, out + named)
    return mix(out, start)
