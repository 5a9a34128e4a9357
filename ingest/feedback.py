"""商机反馈: what people decide on opportunities, written by the loader as records of the desk."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from graph.store import Store
from ingest.alerts import write_decision
from ingest.loader import LoadOptions


def write_feedback(store: Store, row: Mapping[str, Any], options: LoadOptions) -> None:
    """Write one decision on an opportunity, with the fields of the type and `compartments`; its validity begins today.

    Raises:
        StoreError: The store could not be written to.
    """
    stated = {name: value for name, value in row.items() if value not in (None, "", [])}
    write_decision(store, {**stated, "valid_from": options.today.isoformat()}, options)
