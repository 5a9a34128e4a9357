"""The demo world: a fictional market of any size, the same for the same seed, with planted truths.

`write_world` writes a folder in the native form, a CSV per type, and `truth.json`. What the world contains and
what `truth.json` says is described in docs/world.md.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from graph.errors import DataError, InvalidInput
from ingest.world import contagion, credit, firm, market, news, parties, plants, text, ties, trade
from ingest.world import needs as wants
from ingest.world.cast import Cast, Row
from ingest.world.files import Files, Progress
from ingest.world.market import Holdings, Market
from ingest.world.vocabulary import Ints

SMALLEST = 250
"""The fewest companies of a world: the planted scenarios must fit, and leave room for a market."""

BENCHMARK_TYPES = (
    "Company",
    "Person",
    "HOLDS",
    "OFFICER_OF",
    "CONTROLS",
    "SUPPLIES",
    "RELATIVE_OF",
    "ConcertAgreement",
)
"""The types that a benchmark's world is limited to."""

_TRUTH_SAMPLE = 2_000
_GUARANTEE_TRUTHS = ("guarantee_circles", "mutual_pairs", "guarantee_chains", "circle_overlaps_group")


@dataclass(frozen=True, slots=True)
class WorldSummary:
    """What was written: rows by type, and the files, `truth.json` last."""

    counts: Mapping[str, int]
    files: tuple[Path, ...]

    @property
    def nodes(self) -> int:
        """Rows of all node files."""
        return sum(count for name, count in self.counts.items() if not name.isupper())

    @property
    def edges(self) -> int:
        """Rows of all edge files."""
        return sum(count for name, count in self.counts.items() if name.isupper())


def write_world(  # noqa: PLR0913 - what there is to choose about a world
    folder: Path,
    companies: int = 1000,
    seed: int = 7,
    progress: Progress | None = None,
    *,
    for_benchmark: bool = False,
    process: str | None = None,
    needs: str | None = None,
) -> WorldSummary:
    """Write the world of `companies` companies into `folder`, which is made if need be.

    The same arguments give the same bytes. `progress(type, rows)` is called as rows are written.
    `for_benchmark` leaves out all but companies, persons and the ties among them, about three a company.
    `process` names a hidden process that makes the world's defaults (see `ingest.world.contagion`), `needs` one that
    makes what clients take (see `ingest.world.needs`).
    Raises InvalidInput for a number of companies below `SMALLEST`, a negative seed, an unknown process, or a process
    in a world for benchmarks, which has no events.
    """
    if companies < SMALLEST:
        raise InvalidInput("companies", f"a world has at least {SMALLEST} companies, not {companies}")
    if seed < 0:
        raise InvalidInput("seed", f"a seed is not negative, and {seed} is")
    chosen = None if process is None else contagion.check(process)
    wanted_needs = None if needs is None else wants.check(needs)
    if (chosen or wanted_needs) and for_benchmark:
        raise InvalidInput("process", "a world for benchmarks has no events that a process could make")
    cast = Cast(seed)
    plants.play(cast, sets=max(1, min(companies // 1000, 25)))
    bulk = market.build(seed, companies, cast.companies, cast.people, cast.brands)
    stakes = market.holdings(bulk, seed)
    wanted = BENCHMARK_TYPES if for_benchmark else None
    hidden: dict[str, object] = {}
    read = {*(contagion.READ if chosen else ()), *(wants.READ if wanted_needs else ())}
    with Files(Path(folder), progress, wanted, tuple(sorted(read))) as files:
        for kind, rows in cast.rows.items():
            files.rows(kind, rows)
        parties.write(files, bulk, seed)
        ties.write(files, bulk, stakes, seed)
        trade.write(files, bulk, seed)
        credit.write(files, bulk, stakes, seed, len(cast.rows["Guarantee"]))
        book = firm.book(seed, _clients(cast, bulk))
        firm.write(files, book, bulk.person_count, seed, products=wanted_needs is None)
        news.write(files, bulk, seed, without=contagion.EVENT if chosen else None)
        if chosen:
            hidden["process"] = contagion.write(files, bulk, seed, chosen)
        if wanted_needs:
            hidden["needs"] = wants.write(files, bulk, book, seed, wanted_needs)
    truth = _write_truth(Path(folder), cast, bulk, stakes, wanted, hidden)
    return WorldSummary(files.counts, (*files.paths, truth))


def read_truth(folder: Path) -> dict[str, Any]:
    """What truth.json of a world says. Raises DataError where a folder has none."""
    path = folder / "truth.json"
    try:
        found: dict[str, Any] = json.loads(path.read_text(encoding="utf-8"))
    except (OSError, json.JSONDecodeError) as error:
        raise DataError(f"{path}: {error}", hint="a folder that `guanxi world FOLDER` wrote") from error
    return found


def _clients(cast: Cast, bulk: Market) -> Ints:
    """Company numbers of all clients, the planted ones first."""
    planted = [int(str(row["id"])[1:]) - 1 for row in cast.rows["Company"] if row.get("client")]
    return np.concatenate([np.array(planted, np.int64), bulk.numbers()[bulk.client]])


def _write_truth(  # noqa: PLR0913, PLR0917 - all that the truth is made of
    folder: Path,
    cast: Cast,
    bulk: Market,
    stakes: Holdings,
    wanted: tuple[str, ...] | None,
    hidden: Mapping[str, object],
) -> Path:
    path = folder / "truth.json"
    left_out = () if wanted is None or "Guarantee" in wanted else _GUARANTEE_TRUTHS
    truth: dict[str, object] = {
        "seed": cast.seed,
        "companies": bulk.size,
        "as_of": text.TODAY.isoformat(),
        **hidden,
        **{kind: entries for kind, entries in cast.truth.items() if kind not in left_out},
        "walls": _walls(cast.rows, wanted),
        "market_controllers": _market_controllers(bulk, stakes),
    }
    path.write_text(json.dumps(truth, ensure_ascii=False, indent=1) + "\n", encoding="utf-8")
    return path


def _walls(
    rows: Mapping[str, Iterable[Row]], wanted: tuple[str, ...] | None
) -> dict[str, list[list[object]]]:
    """Every walled row by compartments: [type, id] of a node, [type, from, to] of an edge."""
    walls: dict[str, list[list[object]]] = {}
    for kind, listed in rows.items():
        for row in listed:
            if "compartments" in row and (wanted is None or kind in wanted):
                ends = [row["id"]] if "id" in row else [row["from"], row["to"]]
                walls.setdefault(str(row["compartments"]), []).append([kind, *ends])
    return walls


def _market_controllers(bulk: Market, stakes: Holdings) -> dict[str, str | None]:
    """The ultimate controller today of the first members of the market; None where it is the company itself."""
    numbers = bulk.numbers()[:_TRUTH_SAMPLE]
    heads = ties.heads(bulk, stakes)[:_TRUTH_SAMPLE]
    controllers = text.party_ids(heads)
    own = np.asarray(heads == numbers).tolist()
    return {
        company: None if itself else controller
        for company, controller, itself in zip(text.ids("C", numbers), controllers, own, strict=True)
    }
