"""The names and codes by which entities are searched: entries of the index, and hits as a View gives them."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from graph.view import Searcher, SearchPage

if TYPE_CHECKING:
    from graph.view import View


class NameSearcher(Searcher):
    """Search over the names of a snapshot."""

    def search(
        self, view: View, query: str, limit: int, kinds: Sequence[str], after: str | None
    ) -> SearchPage:
        """Hits among what the view may see."""
        raise NotImplementedError
