"""标签与分层的写入: tags and moves of tiers, written by the loader as records of the sources of their rules."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from graph.store import Store
from ingest.alerts import write_rows
from ingest.loader import LoadOptions
from ingest.written import tag_rules, tier_rules

Fields = Mapping[str, Any]


def write_tags(store: Store, rows: Sequence[Fields], options: LoadOptions) -> int:
    """Write tags begun or ended, each with `id`, fields of the type, `compartments`; returns how many changed.

    Raises:
        StoreError: The store could not be written to; what is written stays, and writing again is safe.
    """
    return write_rows(store, tag_rules(), "Tag", rows, options)


def write_tiers(store: Store, rows: Sequence[Fields], options: LoadOptions) -> int:
    """Write moves of tiers, likewise."""
    return write_rows(store, tier_rules(), "Tier", rows, options)
