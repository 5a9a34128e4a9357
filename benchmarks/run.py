"""`make bench`: every figure beside its target, as a table, and in `benchmarks/results/latest.json`.

`python benchmarks/run.py --size 10k|100k|1m` makes a world of so many companies and measures, in this order: the
first load and loading again, the projection, questions over HTTP, then ownership, control and paths, which need no
store. Progress goes to standard error. The store is the embedded one, or with `--store URI` a Neo4j, whose content is
deleted; its user and password are those of `GUANXI_STORE_USER` and `GUANXI_STORE_PASSWORD`.
"""

from __future__ import annotations

import argparse
import re
import shutil
import signal
import sys
import tempfile
from collections.abc import Callable, Mapping
from pathlib import Path
from types import FrameType

import figures
import load
import opportunities
import over_http
import projection
import reading
import risk
import structure
from figures import Figure
from ground import Ground, log
from rich.console import Console

from graph.store import Store

Suite = Callable[[Ground], list[Figure]]

SUITES: Mapping[str, Suite] = {
    "load": load.run,
    "projection": projection.run,
    "http": over_http.run,
    "structure": structure.run,
    "risk": risk.run,
    "reading": reading.run,
    "opportunities": opportunities.run,
}
"""In the order in which they run: each leaves what the next one needs. Another suite is another line here."""

FEW_COMPANIES = 20_000
"""Up to here loading is so short that three rounds of it, and their medians, say more than one."""

SMALLEST = 2_000
"""Companies of the smallest world that a run makes sense on."""

_SIZES = {"": 1, "k": 1_000, "m": 1_000_000}


def main() -> int:
    """Run what the command line asks for; 1 when a target is missed."""
    asked = _arguments()
    # So that `with` blocks end what they started when we are told to end.
    signal.signal(signal.SIGTERM, _end)
    folder = asked.keep or Path(tempfile.mkdtemp(prefix="guanxi-bench-"))
    folder.mkdir(parents=True, exist_ok=True)
    companies = _companies(asked.size)
    ground = Ground(companies, folder.resolve(), asked.store or "", 3 if companies <= FEW_COMPANIES else 1)
    about = figures.machine()
    found: list[Figure] = []
    try:
        about |= {"world": ground.world().counts, "engine": _engine(ground)}
        for name in asked.suite:
            found += SUITES[name](ground)
            # Now, not at the end: what took an hour to measure shall not be lost with the suite after it.
            figures.save(asked.size, found, about, complete=False)
        figures.save(asked.size, found, about, complete=set(asked.suite) == set(SUITES))
    finally:
        if not asked.keep:
            shutil.rmtree(folder, ignore_errors=True)
    Console().print(figures.table(f"guanxi, {companies:,} companies", found))
    missed = [figure.name for figure in found if figure.met is False]
    log(
        f"{len(missed)} of {sum(f.target is not None for f in found)} targets missed: {', '.join(missed) or 'none'}"
    )
    return int(bool(missed))


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument(
        "--size", default="100k", type=_size, help="companies: 10k, 100k, 1m or any such number"
    )
    parser.add_argument(
        "--suite", action="append", choices=list(SUITES), help="run this one alone; repeatable"
    )
    parser.add_argument(
        "--keep", type=Path, metavar="FOLDER", help="keep the data here, and use what is there"
    )
    parser.add_argument("--store", metavar="URI", help="measure this Neo4j; all that is in it is deleted")
    asked = parser.parse_args()
    asked.suite = [name for name in SUITES if name in (asked.suite or SUITES)]
    return asked


def _size(text: str) -> str:
    if not re.fullmatch(r"\d+[km]?", text):
        raise argparse.ArgumentTypeError(f"{text!r} is not a size like 10k, 100k or 1m")
    if _companies(text) < SMALLEST:
        raise argparse.ArgumentTypeError(
            f"{text} companies are too few to change 1,000 rows three times; give 2k or more"
        )
    return text


def _companies(size: str) -> int:
    digits = size.rstrip("km")
    return int(digits) * _SIZES[size[len(digits) :]]


def _engine(ground: Ground) -> str:
    with Store.open(ground.settings("engine")) as store:
        engine = str(store.engine)
    ground.forget("engine")
    return engine


def _end(number: int, _frame: FrameType | None) -> None:
    log("told to end")
    sys.exit(128 + number)


if __name__ == "__main__":
    sys.exit(main())
