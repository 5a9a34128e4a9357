"""Tables of docs/real-data.md: who owns and controls the companies of the real files, as far as those say.

`python benchmarks/real_ownership.py ../shared/data/graph` loads every BODS file into a store of its own, and the
A-share file into another, and prints Markdown. Every figure is counted, none is typed.
"""

from __future__ import annotations

import argparse
import datetime as dt
import sys
import tempfile
from collections import Counter
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from graph.errors import GuanxiError
from graph.projection import Projection
from graph.settings import Settings
from graph.store import Store
from graph.view import View
from ingest.loader import LoadOptions, load
from ingest.mapping import load_mapping
from queries.beneficial_owners import beneficial_owners
from queries.controllers import Controllers, controllers
from queries.owners import owners
from queries.regimes import regime as named

TODAY = dt.date(2026, 11, 22)
TIERS = ("> 50 %", "30–50 %", "≤ 30 %", "unknown")


@contextmanager
def loaded(mapping: str, files: list[Path]) -> Iterator[View]:
    """The operator's view of a store that holds these files and nothing else."""
    with tempfile.TemporaryDirectory(prefix="guanxi-real-") as folder:
        settings = Settings(data_dir=Path(folder), embedded_heap="1g", embedded_grace_seconds=0.5)
        with Store.open(settings) as store:
            load(
                store,
                load_mapping(mapping),
                files,
                LoadOptions(today=TODAY, rejects=Path(folder), salt="figures"),
            )
            yield Projection.open(store, settings).view(None, TODAY)


# --- BODS ------------------------------------------------------------------------------------------------------------


def bods_rows(folder: Path) -> Iterator[str]:
    """A line of the table for each company that is held or controlled in a file."""
    for path in sorted(folder.glob("*.json")):
        with loaded("bods", [path]) as view:
            held = set(view.arrays("HOLDS").end.tolist()) | set(view.arrays("CONTROLS").end.tolist())
            companies = sorted(held, key=view.id_key)
            for row in companies:
                yield f"| {path.stem} | {_company(view, view.id(row))} |"
            if not companies:
                yield f"| {path.stem} | nothing is held in it | | | | | |"


def _company(view: View, company: str) -> str:
    owned, controlled = owners(view, company), controllers(view, company)
    ends = "; ".join(
        f"{t.name} {_range(t.integrated_min, t.integrated_max)} ({t.stopped_because})"
        for t in owned.terminals
    )
    computed = "; ".join(f"{c.name} ({c.by})" for c in controlled.computed) or controlled.status
    disclosed = "; ".join(c.name for c in controlled.disclosed) or "–"
    found = [_beneficial(view, company, regime) for regime in ("cn", "eu")]
    unknown = "–" if owned.unknown_ratio is None else f"{owned.unknown_ratio:.0%}"
    return " | ".join([owned.company.name, ends or owned.state, unknown, computed, disclosed, *found])


def _beneficial(view: View, company: str, regime: str) -> str:
    answer = beneficial_owners(view, company, named(regime))
    return "; ".join(owner.name for owner in answer.beneficial_owners) or "–"


def _range(low: float | None, high: float | None) -> str:
    if low is None or high is None:
        return "?"
    return f"{low:.4g}" if high - low < 1e-9 else f"{low:.4g}–{high:.4g}"


# --- A shares --------------------------------------------------------------------------------------------------------


def ashare_rows(folder: Path) -> Iterator[str]:
    """Companies by type of disclosed controller and by its ratio, and what could be computed."""
    with loaded("ashare_2019", [folder / "astock20190123.json"]) as view:
        listed = view.stating("Company", "code").tolist()  # the others are controllers of these
        answers = [controllers(view, view.id(row)) for row in listed]
    counts = Counter((nature(answer), tier(answer)) for answer in answers)
    for kind in sorted({kind for kind, _ in counts}, key=lambda kind: -sum(counts[kind, t] for t in TIERS)):
        line = [counts[kind, t] for t in TIERS]
        yield f"| {kind} | {' | '.join(map(str, line))} | {sum(line)} |"
    whole = [sum(n for (_, t), n in counts.items() if t == wanted) for wanted in TIERS]
    yield f"| all | {' | '.join(map(str, whole))} | {sum(whole)} |"
    found = Counter(finding.code for answer in answers for finding in answer.findings)
    computed = sum(bool(answer.computed) for answer in answers)
    yield f"\nComputed: {computed}. Findings: {', '.join(f'{code} {n}' for code, n in sorted(found.items()))}."


def nature(answer: Controllers) -> str:
    """The type of the disclosed controller, as the source words it; several of one company together."""
    if not answer.disclosed:
        stated = any(finding.code == "controller_stated_unknown" for finding in answer.findings)
        return "stated to be unknown or none (不详)" if stated else "nothing said"
    return " + ".join(sorted({line.nature or "no type given" for line in answer.disclosed}))


def tier(answer: Controllers) -> str:
    """The tier of the disclosed ratio; a joint one counts once, several of their own are added up."""
    ratios = [line.ratio for line in answer.disclosed]
    if not ratios or None in ratios:
        return "unknown"
    joint = any(line.joint for line in answer.disclosed)
    ratio = max(r for r in ratios if r is not None) if joint else sum(r for r in ratios if r is not None)
    return TIERS[0] if ratio > 0.5 else TIERS[1] if ratio > 0.3 else TIERS[2]


def main() -> int:
    """Print both tables."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("folder", type=Path)
    folder = parser.parse_args().folder
    try:
        print("| file | company | ends at | unknown | computed | disclosed | beneficial owners, cn | eu |")
        print("|---|---|---|---:|---|---|---|---|")
        for row in bods_rows(folder / "bods"):
            print(row, flush=True)
        print(f"\n| type of controller | {' | '.join(TIERS)} | all |\n|---|{'---:|' * 5}")
        for row in ashare_rows(folder / "ashare_2019"):
            print(row, flush=True)
    except GuanxiError as error:
        print(f"{error} {error.hint}", file=sys.stderr)
        return 2
    return 0


if __name__ == "__main__":
    sys.exit(main())
