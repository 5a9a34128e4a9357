"""表格线: tables out of the lines that are drawn around cells. Pure: lines and boxes in, cells out; y grows upward."""

from __future__ import annotations

from bisect import bisect_left
from collections import defaultdict
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Final, NamedTuple

SNAP: Final = 2.0
"""Points that lines drawn as one may lie apart; corners may miss each other by as much again."""

MOST_LINES: Final = 3_000
"""Lines of one page; a page with more is a drawing, not a table."""


class Rule(NamedTuple):
    """A straight line across (`at` is y) or down (`at` is x), from `low` to `high`."""

    at: float
    low: float
    high: float


class Cell(NamedTuple):
    """A cell: the rows and columns of the grid that it covers (half-open)."""

    top: int
    bottom: int
    left: int
    right: int


@dataclass(frozen=True, slots=True)
class Grid:
    """A ruled table: `xs` from left to right, `ys` from top to bottom, and its cells."""

    xs: tuple[float, ...]
    ys: tuple[float, ...]
    cells: tuple[Cell, ...]

    def holds(self, x: float, y: float) -> bool:
        """Whether a point lies in it."""
        return self.xs[0] - SNAP <= x <= self.xs[-1] + SNAP and self.ys[-1] - SNAP <= y <= self.ys[0] + SNAP

    def place(self, x: float, y: float) -> tuple[int, int]:
        """Row and column of the grid at a point."""
        column = sum(edge <= x for edge in self.xs[1:-1])
        row = sum(edge >= y for edge in self.ys[1:-1])
        return row, column

    @property
    def shape(self) -> tuple[int, int]:
        """Rows and columns."""
        return len(self.ys) - 1, len(self.xs) - 1


def grids(across: Iterable[Rule], down: Iterable[Rule]) -> list[Grid]:
    """The tables of a page from top to bottom: lines that meet, with at least two columns or two rows of cells."""
    level, upright = _joined(across), _joined(down)
    if len(level) + len(upright) > MOST_LINES:
        return []
    found = [_grid(a, d) for a, d in _connected(level, upright)]
    return sorted((g for g in found if g is not None), key=lambda g: (-g.ys[0], g.xs[0]))


def _joined(rules: Iterable[Rule]) -> list[Rule]:
    """Lines that lie on one another or follow on, as one."""
    done: list[Rule] = []
    for group in _snapped(rules):
        current: Rule | None = None
        for rule in sorted(group, key=lambda r: r.low):
            if current is not None and rule.low <= current.high + 2 * SNAP:
                current = current._replace(high=max(current.high, rule.high))
                continue
            done += [current] if current else []
            current = rule
        done += [current] if current else []
    return done


def _snapped(rules: Iterable[Rule]) -> Iterable[list[Rule]]:
    groups: list[list[Rule]] = []
    for rule in sorted(rules):
        if groups and rule.at - groups[-1][-1].at <= SNAP:
            groups[-1].append(rule._replace(at=groups[-1][0].at))
        else:
            groups.append([rule])
    return groups


def _meet(across: Rule, down: Rule) -> bool:
    slack = 2 * SNAP
    return (
        across.low - slack <= down.at <= across.high + slack
        and down.low - slack <= across.at <= down.high + slack
    )


def _connected(across: Sequence[Rule], down: Sequence[Rule]) -> Iterable[tuple[list[Rule], list[Rule]]]:
    """Groups of lines that hang together by where they meet."""
    parent = list(range(len(across) + len(down)))

    def root(number: int) -> int:
        while parent[number] != number:
            parent[number] = parent[parent[number]]
            number = parent[number]
        return number

    for i, level in enumerate(across):
        for j, upright in enumerate(down, len(across)):
            if _meet(level, upright):
                parent[root(j)] = root(i)
    groups: dict[int, tuple[list[Rule], list[Rule]]] = defaultdict(lambda: ([], []))
    for i, level in enumerate(across):
        groups[root(i)][0].append(level)
    for j, upright in enumerate(down, len(across)):
        groups[root(j)][1].append(upright)
    return groups.values()


def _grid(across: Sequence[Rule], down: Sequence[Rule]) -> Grid | None:
    xs = _edges(rule.at for rule in down)
    ys = _edges(rule.at for rule in across)[::-1]
    if len(xs) < 2 or len(ys) < 2 or len(xs) + len(ys) < 5:  # noqa: PLR2004 - one box is a frame, not a table
        return None
    return Grid(tuple(xs), tuple(ys), tuple(_cells(xs, ys, across, down)))


def _edges(places: Iterable[float]) -> list[float]:
    edges: list[float] = []
    for place in sorted(places):
        if not edges or place - edges[-1] > 2 * SNAP:
            edges.append(place)
    return edges


def _cells(
    xs: Sequence[float], ys: Sequence[float], across: Sequence[Rule], down: Sequence[Rule]
) -> Iterable[Cell]:
    """Fields of the grid, joined where no line parts them."""
    level, upright = _by_edge(across, sorted(ys)), _by_edge(down, xs)
    rows, columns = len(ys) - 1, len(xs) - 1
    taken = [[False] * columns for _ in range(rows)]
    for row in range(rows):
        for column in range(columns):
            if taken[row][column]:
                continue
            right = column + 1
            while (
                right < columns
                and not taken[row][right]
                and not _parted(upright, xs[right], (ys[row] + ys[row + 1]) / 2)
            ):
                right += 1
            bottom = row + 1
            while bottom < rows and not _parted(level, ys[bottom], (xs[column] + xs[column + 1]) / 2):
                bottom += 1
            for taken_row in taken[row:bottom]:
                taken_row[column:right] = [True] * (right - column)
            yield Cell(row, bottom, column, right)


def _by_edge(rules: Iterable[Rule], edges: Sequence[float]) -> dict[float, list[Rule]]:
    found: dict[float, list[Rule]] = defaultdict(list)
    for rule in rules:
        place = bisect_left(edges, rule.at - 2 * SNAP)
        found[edges[min(place, len(edges) - 1)]].append(rule)
    return found


def _parted(rules: dict[float, list[Rule]], edge: float, middle: float) -> bool:
    return any(rule.low - SNAP <= middle <= rule.high + SNAP for rule in rules.get(edge, ()))
