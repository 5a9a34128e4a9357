"""Writes the measured figures into docs/benchmarks.md, between its markers: `python benchmarks/report.py`.

A size's table comes from `benchmarks/results/SIZE.json` and stands between `<!-- figures SIZE -->` and `<!-- end -->`;
sizes that have not been measured are left as they stand.
"""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from figures import RESULTS, cells, number, read_figure

PAGE = Path(__file__).parent.parent / "docs" / "benchmarks.md"
_SECTION = re.compile(r"<!-- figures (\w+) -->\n.*?<!-- end -->\n", re.DOTALL)


def main() -> None:
    """Bring the page up to date."""
    before = PAGE.read_text("utf-8")
    after = _SECTION.sub(_section, before)
    PAGE.write_text(after, "utf-8")
    print(f"{PAGE}: {'changed' if after != before else 'unchanged'}", file=sys.stderr)


def _section(found: re.Match[str]) -> str:
    size = found[1]
    path = RESULTS / f"{size}.json"
    if not path.exists():
        return found[0]
    text = measured(json.loads(path.read_text("utf-8")))
    return f"<!-- figures {size} -->\n{text}\n<!-- end -->\n"


def measured(result: Mapping[str, Any]) -> str:
    """What one file of results says, in Markdown."""
    return "\n\n".join([_where(result), _world(result), _table(result)])


def _where(result: Mapping[str, Any]) -> str:
    versions = ", ".join(f"{name} {version}" for name, version in result["versions"].items())
    return (
        f"{result['date']}; {result['cores']} cores ({result['processor']}), {result['memory_gib']:g} GiB, "
        f"{result['system']}; load average before the run {result['load_before']:g}; "
        f"store: {result['engine']}; {versions}."
    )


def _world(result: Mapping[str, Any]) -> str:
    counts = ", ".join(f"{number(count)} {name}" for name, count in result["world"].items())
    return f"World: {counts}."


def _table(result: Mapping[str, Any]) -> str:
    rows = ["| | value | peer | ratio | target | |", "|---|--:|--:|--:|--:|---|"]
    for measured_figure in result["figures"]:
        shown = list(cells(read_figure(measured_figure)))
        if measured_figure["date"] != result["date"]:
            shown[0] += f" ({measured_figure['date']})"
        rows.append(f"| {' | '.join(shown)} |")
    return "\n".join(rows)


if __name__ == "__main__":
    main()
