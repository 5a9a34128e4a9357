"""Figures of a benchmark run: what was measured beside what was aimed at, as a table and as JSON."""

from __future__ import annotations

import datetime as dt
import importlib.metadata
import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

from rich.table import Table

RESULTS = Path(__file__).parent / "results"
LATEST = RESULTS / "latest.json"
PACKAGES = (
    "neo4j",
    "neo4j-rust-ext",
    "arcadedb-embedded",
    "fastapi",
    "uvicorn",
    "pydantic",
    "numpy",
    "numba",
)


@dataclass(frozen=True, slots=True)
class Figure:
    """One line of the table.

    With a `peer`, measured in the same run, `ratio` is how many times as good as the peer we are, and `target` the
    least that it shall be. Without one, `target` is the most that `value` shall be. No target: told for information.
    """

    name: str
    value: float
    unit: str
    target: float | None = None
    peer: float | None = None
    ratio: float | None = None

    @property
    def met(self) -> bool | None:
        """Whether the target is met; None where there is none."""
        if self.target is None:
            return None
        return self.value < self.target if self.ratio is None else self.ratio >= self.target


def against(name: str, value: float, peer: float, unit: str, target: float | None = None) -> Figure:
    """A figure, the larger the better, beside its peer's."""
    return Figure(name, value, unit, target, peer, value / peer)


def table(title: str, figures: Iterable[Figure]) -> Table:
    """The figures as people read them."""
    shown = Table(title=title, title_justify="left")
    for heading in ("", "value", "peer", "ratio", "target", ""):
        shown.add_column(heading, justify="left" if not heading else "right")
    for figure in figures:
        shown.add_row(*cells(figure))
    return shown


def cells(figure: Figure) -> tuple[str, str, str, str, str, str]:
    """The six cells of a figure's row."""
    return (
        figure.name,
        f"{number(figure.value)} {figure.unit}",
        "" if figure.peer is None else number(figure.peer),
        "" if figure.ratio is None else f"{number(figure.ratio)}",
        _aim(figure),
        {None: "", True: "met", False: "missed"}[figure.met],
    )


def _aim(figure: Figure) -> str:
    if figure.target is None:
        return ""
    return f"≥ {figure.target:g} ×" if figure.ratio is not None else f"< {figure.target:g} {figure.unit}"


def number(value: float) -> str:
    """Three significant digits, thousands separated."""
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.3g}"


def machine() -> dict[str, Any]:
    """Where a run takes place, and how busy that is with other work before it begins."""
    memory = os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 2**30
    return {
        "processor": _processor(),
        "cores": len(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else os.cpu_count(),
        "memory_gib": round(memory, 1),
        "system": platform.system(),
        "load_before": round(os.getloadavg()[0], 1),
        "versions": {"python": platform.python_version()}
        | {p: importlib.metadata.version(p) for p in PACKAGES},
    }


def _processor() -> str:
    info = Path("/proc/cpuinfo")
    for line in info.read_text().splitlines() if info.exists() else ():
        if line.startswith("model name"):
            return line.split(":", 1)[1].strip()
    return platform.processor() or platform.machine()


def save(size: str, figures: Sequence[Figure], about: Mapping[str, Any], *, complete: bool) -> None:
    """Write `latest.json`, the figures alone, and the size's own file, which says where and how they came about.

    Unless the run is `complete`, figures of the size's own file that it did not measure stay, each with its date.
    """
    RESULTS.mkdir(exist_ok=True)
    _write(LATEST, [asdict(figure) for figure in figures])
    path = RESULTS / f"{size}.json"
    date = dt.datetime.now().astimezone().date().isoformat()
    measured = {figure.name: asdict(figure) | {"date": date} for figure in figures}
    before = json.loads(path.read_text("utf-8"))["figures"] if path.exists() and not complete else []
    kept = [measured.pop(row["name"], row) for row in before]
    _write(path, {"size": size, "date": date, **about, "figures": [*kept, *measured.values()]})


def _write(path: Path, content: Any) -> None:
    path.write_text(json.dumps(content, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")


def read_figure(row: Mapping[str, Any]) -> Figure:
    """A figure as `save` wrote it."""
    return Figure(**{name: row[name] for name in ("name", "value", "unit", "target", "peer", "ratio")})
