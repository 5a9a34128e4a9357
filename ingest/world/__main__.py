"""`python -m ingest.world FOLDER --companies N --seed S`: write a demo world."""

from __future__ import annotations

import argparse
import sys
import time
from pathlib import Path

from graph.errors import GuanxiError
from ingest.world import write_world
from ingest.world.contagion import PROCESSES
from ingest.world.needs import NEEDS


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(
        prog="python -m ingest.world", description="Write a demo world in the native form."
    )
    parser.add_argument("folder", type=Path)
    parser.add_argument("--companies", type=int, default=1000)
    parser.add_argument("--seed", type=int, default=7)
    parser.add_argument(
        "--for-benchmark", action="store_true", help="only companies, persons and the ties among them"
    )
    parser.add_argument(
        "--process",
        choices=PROCESSES,
        help="the hidden process that makes defaults; by default news invent them",
    )
    parser.add_argument(
        "--needs", choices=NEEDS, help="the hidden process that makes what clients take; by default drawn"
    )
    return parser.parse_args()


def main() -> int:
    """Write the world that the command line asks for; 2 when it cannot be."""
    asked = _arguments()
    began = time.perf_counter()
    try:
        summary = write_world(
            asked.folder,
            asked.companies,
            asked.seed,
            for_benchmark=asked.for_benchmark,
            process=asked.process,
            needs=asked.needs,
        )
    except GuanxiError as error:
        print(f"{error}", file=sys.stderr)  # noqa: T201  # the program's own message to its user
        return 2
    for name, count in summary.counts.items():
        print(f"{name:18}{count:>10}")  # noqa: T201  # the program's output
    seconds = time.perf_counter() - began
    print(f"{summary.nodes} nodes, {summary.edges} edges, {seconds:.1f} s")  # noqa: T201  # the program's output
    return 0


if __name__ == "__main__":
    sys.exit(main())
