"""The demo world is what it says it is: reproducible, whole, within the schema's bounds, and true to what it plants."""

from __future__ import annotations

import csv
import datetime as dt
import hashlib
import json
from collections import Counter, defaultdict
from collections.abc import Iterator
from itertools import combinations
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from graph import identifiers, names
from graph.errors import InvalidInput
from graph.schema import FieldDef, Kind, edge_model, edge_types, node_types
from ingest.world import BENCHMARK_TYPES, SMALLEST, circles, plants, vocabulary, write_world
from ingest.world.files import HEADERS
from ingest.world.news import KINDS

COMPANIES = 300
AS_OF = "2026-06-30"
Row = dict[str, str]


class World:
    """A written world, read back."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.rows: dict[str, list[Row]] = {}
        for path in sorted(folder.glob("*.csv")):
            with path.open(encoding="utf-8", newline="") as handle:
                self.rows[path.stem] = list(csv.DictReader(handle))
        self.truth: dict[str, Any] = json.loads((folder / "truth.json").read_text(encoding="utf-8"))
        self.types: dict[str, str] = {
            row["id"]: kind for kind, rows in self.rows.items() if kind in node_types() for row in rows
        }

    def visible(
        self, kind: str, clearance: frozenset[str] = frozenset(), as_of: str = AS_OF
    ) -> Iterator[Row]:
        """Rows of a type that a viewer sees on a day."""
        for row in self.rows.get(kind, []):
            begun = row.get("valid_from", "") <= as_of
            over = bool(row.get("valid_to")) and row["valid_to"] <= as_of
            if begun and not over and set(filter(None, row.get("compartments", "").split(";"))) <= clearance:
                yield row


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("world")
    write_world(folder, COMPANIES, 7)
    return World(folder)


@pytest.fixture(scope="module")
def larger(tmp_path_factory: pytest.TempPathFactory) -> World:
    folder = tmp_path_factory.mktemp("larger")
    write_world(folder, 2000, 7)
    return World(folder)


def _digest(folder: Path) -> str:
    files = sorted(folder.iterdir())
    return hashlib.sha256(b"".join(path.name.encode() + path.read_bytes() for path in files)).hexdigest()


# --- the files ------------------------------------------------------------------------------------------------------


def test_same_seed_same_bytes_and_another_seed_other_bytes(tmp_path: Path) -> None:
    for name, seed in (("a", 3), ("b", 3), ("c", 4)):
        write_world(tmp_path / name, COMPANIES, seed)
    assert _digest(tmp_path / "a") == _digest(tmp_path / "b")
    assert _digest(tmp_path / "a") != _digest(tmp_path / "c")
    for kind in ("Company", "Person", "HOLDS", "Event"):
        assert (tmp_path / "a" / f"{kind}.csv").read_bytes() != (tmp_path / "c" / f"{kind}.csv").read_bytes()


def test_every_type_of_the_native_form_is_written_with_columns_of_the_schema(world: World) -> None:
    assert set(world.rows) == set(HEADERS)
    for kind, header in HEADERS.items():
        type_def = {**node_types(), **edge_types()}[kind]
        system = {"valid_from", "valid_to", "known_from", "compartments", "source"}
        ends = {"id"} if kind in node_types() else {"from", "to"}
        assert set(header) <= ends | system | {f.name for f in type_def.fields}
        assert len(set(header)) == len(header)


def test_summary_counts_what_the_files_hold(tmp_path: Path) -> None:
    seen: dict[str, int] = {}
    summary = write_world(tmp_path, COMPANIES, 11, progress=seen.__setitem__)
    read = World(tmp_path)
    assert dict(summary.counts) == {kind: len(rows) for kind, rows in read.rows.items()} == seen
    assert summary.nodes == sum(len(rows) for kind, rows in read.rows.items() if kind in node_types())
    assert summary.edges == sum(len(rows) for kind, rows in read.rows.items() if kind in edge_types())
    assert {path.name for path in summary.files} == {path.name for path in tmp_path.iterdir()}


def test_counts_scale_and_degrees_are_skewed(tmp_path: Path) -> None:
    summary = write_world(tmp_path, 4000, 7, for_benchmark=True)
    read = World(tmp_path)
    assert set(summary.counts) == set(BENCHMARK_TYPES)
    assert len({row["id"] for row in read.rows["Company"]}) == 4000
    assert not [kind for kind in read.truth if "guarantee" in kind]
    assert 2.5 <= summary.edges / 4000 <= 4.0
    degree = Counter(row["from"] for row in read.rows["HOLDS"])
    assert degree.most_common(1)[0][1] > 100 * (len(read.rows["HOLDS"]) / len(degree)) / 3


def test_refuses_a_world_too_small_and_a_negative_seed(tmp_path: Path) -> None:
    with pytest.raises(InvalidInput, match=str(SMALLEST)) as refused:
        write_world(tmp_path / "none", SMALLEST - 1)
    assert refused.value.field == "companies"
    with pytest.raises(InvalidInput, match="negative"):
        write_world(tmp_path / "none", 1000, -1)
    assert not (tmp_path / "none").exists()
    write_world(tmp_path / "least", SMALLEST)


# --- references and values --------------------------------------------------------------------------------------------


def test_ids_are_unique_within_a_compartment_set(world: World) -> None:
    for kind in node_types():
        keys = Counter((row["id"], row.get("compartments", "")) for row in world.rows.get(kind, []))
        assert [key for key, count in keys.items() if count > 1] == []


def test_edges_join_what_the_schema_allows(world: World) -> None:
    for kind in edge_types():
        starts, ends = edge_model(kind).joins
        for row in world.rows.get(kind, []):
            assert world.types[row["from"]] in starts, (kind, row)
            assert world.types[row["to"]] in ends, (kind, row)


def test_no_edge_is_stated_twice_from_the_same_day(world: World) -> None:
    for kind in edge_types():
        classes = edge_model(kind).classes
        keys = Counter(
            tuple(row.get(field, "") for field in ("from", "to", "valid_from", "compartments", *classes))
            for row in world.rows.get(kind, [])
        )
        assert [key for key, count in keys.items() if count > 1] == []


def _references(field: FieldDef, cell: str) -> list[str]:
    return [ref for ref in (cell.split(";") if field.kind is Kind.REFERENCES else [cell]) if ref]


def test_reference_fields_name_nodes_of_allowed_types(world: World) -> None:
    checked = 0
    for kind, type_def in {**node_types(), **edge_types()}.items():
        for field in type_def.fields:
            for row in world.rows.get(kind, []) if field.refers_to else []:
                for ref in _references(field, row.get(field.name, "")):
                    assert world.types[ref] in field.refers_to, (kind, field.name, row)
                    checked += 1
    assert checked > 100


def _parse(field: FieldDef, cell: str) -> None:
    if field.kind is Kind.DATE:
        dt.date.fromisoformat(cell)
    elif field.kind is Kind.COUNT:
        int(cell)
    elif field.kind is Kind.FLAG:
        assert cell in ("true", "false")
    elif field.kind is Kind.NUMBER:
        value = float(cell)
        assert field.low is None or value >= field.low
        assert field.high is None or value <= field.high


def test_every_cell_parses_within_the_schema_s_bounds(world: World) -> None:
    for kind, type_def in {**node_types(), **edge_types()}.items():
        for row in world.rows.get(kind, []):
            for field in type_def.fields:
                if cell := row.get(field.name, ""):
                    _parse(field, cell)


def test_intervals_of_validity_and_of_shares_are_the_right_way_round(world: World) -> None:
    for kind, rows in world.rows.items():
        for row in rows:
            if row.get("valid_from") and row.get("valid_to"):
                assert row["valid_from"] < row["valid_to"], (kind, row)
            if row.get("known_from") and kind != "Event":
                assert row.get("valid_from", "") <= row["known_from"] <= AS_OF, (kind, row)
            if row.get("share_min"):
                assert float(row["share_min"]) <= float(row["share_max"])


def test_identifiers_validate_and_belong_to_nobody(world: World) -> None:
    codes = [row["uscc"] for row in world.rows["Company"] if row["uscc"]]
    assert all(identifiers.uscc(code) == code and code[2:4] == "99" for code in codes)
    listed = [row["code"] for row in world.rows["Company"] if row["code"]]
    assert listed
    assert all(identifiers.listing_code(code) == code for code in listed)
    assert all(code[:3] in {"607", "608", "609", "307", "308", "309"} for code in listed)
    leis = [row["lei"] for row in world.rows["Company"] if row["lei"]]
    assert all(identifiers.lei(code) == code for code in leis)
    duplicates = {code for code, count in Counter(codes).items() if count > 1}
    planted = [pair["ids"][0] for pair in world.truth["same"] if pair["by"] == "uscc"]
    assert duplicates == {row["uscc"] for row in world.rows["Company"] if row["id"] in planted}


def test_registered_names_are_unique_except_where_planted(tmp_path: Path) -> None:
    write_world(tmp_path, 20_000, 5, for_benchmark=True)
    read = World(tmp_path)
    ids = defaultdict(set)
    for row in read.rows["Company"]:
        if row["name"]:
            ids[names.legal_key(row["name"])].add(row["id"])
    planted = {
        tuple(sorted(pair["ids"])) for pair in read.truth["same"] if pair["by"] in {"uscc", "legal_name"}
    }
    assert {tuple(sorted(group)) for group in ids.values() if len(group) > 1} == planted


def test_documents_say_what_their_mentions_point_at(world: World) -> None:
    said = {row["id"]: row["text"] for row in world.rows["Document"]}
    assert len(world.rows["MENTIONS"]) > 20
    for row in world.rows["MENTIONS"]:
        assert said[row["from"]][int(row["start"]) : int(row["end"])] == row["text"]


def test_events_have_several_wordings_that_name_their_parties() -> None:
    for kind in KINDS:
        assert len(set(kind.wordings)) >= 2
        assert all("{a}" in wording and ("{b}" in wording) == kind.second for wording in kind.wordings)


def test_reports_balance(world: World) -> None:
    assert len(world.rows["FinancialReport"]) > 30
    for row in world.rows["FinancialReport"]:
        figure = {name: int(row[name]) for name in row if name.startswith(("total_", "current_", "equity"))}
        assert figure["total_assets"] == figure["total_liabilities"] + figure["equity"]
        assert figure["current_assets"] <= figure["total_assets"]
        assert figure["current_liabilities"] <= figure["total_liabilities"]


# --- ownership, checked independently ---------------------------------------------------------------------------------


def _most(row: Row, field: str = "share") -> float:
    return float(row[f"{field}_ratio"] or row.get(f"{field}_max") or 0)


def test_stated_holders_never_exceed_the_whole_except_where_planted(world: World) -> None:
    days = sorted({row[end] for row in world.rows["HOLDS"] for end in ("valid_from", "valid_to") if row[end]})
    overstated = {entry["company"]: entry["sum"] for entry in world.truth["overstated"]}
    everything = frozenset({"deal:alpha", "deal:beta"})
    for day in [*days[:: max(1, len(days) // 40)], AS_OF]:
        held: dict[str, float] = defaultdict(float)
        for row in world.visible("HOLDS", everything, day):
            held[row["to"]] += _most(row)
        over = {company: total for company, total in held.items() if total > 1 + 1e-9}
        assert over == pytest.approx({c: s for c, s in overstated.items() if held[c] > 0})


class Votes:
    """Who casts which votes, and the least majority fixpoint by brute force: obviously right, and slow."""

    def __init__(self, world: World, clearance: frozenset[str], as_of: str) -> None:
        self.alias: dict[str, str] = {pair["ids"][1]: pair["ids"][0] for pair in world.truth["same"]}
        self.cast: dict[str, dict[str, float]] = defaultdict(lambda: defaultdict(float))
        self.general: dict[str, set[str]] = defaultdict(set)
        self.below: dict[str, set[str]] = {}
        partnerships = {self.one(row["to"]) for row in world.rows["HOLDS"] if row["partner"]}
        for row in world.visible("HOLDS", clearance, as_of):
            holder, company = self.one(row["from"]), self.one(row["to"])
            if row["partner"] == "general":
                self.general[company].add(holder)
            elif company not in partnerships:
                votes = float(row["voting_ratio"] or row["share_ratio"] or row["share_min"] or 0)
                self.cast[company][self.one(row["votes_entrusted_to"] or holder)] += votes
        self.agreements = [
            (self.one(row["target"]), frozenset(map(self.one, row["parties"].split(";"))))
            for row in world.visible("ConcertAgreement", clearance, as_of)
        ]

        self.holdings: dict[str, set[str]] = defaultdict(set)
        for company, holders in [*self.cast.items(), *self.general.items()]:
            for holder in holders:
                self.holdings[holder].add(company)

    def one(self, party: str) -> str:
        """The id that stands for all ids of one party."""
        return self.alias.get(party, party)

    def controlled_by(self, parties: frozenset[str]) -> set[str]:
        """Everything that the parties control together."""
        controlled: set[str] = set()
        while True:
            # only where the parties hold something can they win
            near = {
                company for party in parties | controlled for company in self.holdings[party]
            } - controlled
            more = {company for company in near if self._wins(parties, controlled, company)}
            if not more:
                return controlled
            controlled |= more

    def _wins(self, parties: frozenset[str], controlled: set[str], company: str) -> bool:
        ours = parties | controlled
        if self.general.get(company, set()) & ours:
            return True
        agreed = next((members for target, members in self.agreements if target == company), frozenset())
        # joint parties act as one only where an agreement says so
        blocks = [frozenset({p}) for p in parties if p not in agreed]
        if parties & agreed:
            blocks.append(parties & agreed if agreed <= parties else frozenset())
        votes = self.cast.get(company, {})
        silent = sum(
            share for holder, share in votes.items() if holder == company or holder in self._below(company)
        )
        through = sum(
            share
            for holder, share in votes.items()
            if holder in controlled and holder not in self._below(company)
        )
        best = max((sum(votes.get(p, 0.0) for p in block) for block in blocks), default=0.0)
        return best + through > (1 - silent) / 2 + 1e-9 and silent < 1

    def _below(self, company: str) -> set[str]:
        """What a company controls by plain majorities, itself apart."""
        if company not in self.below:
            self.below[company] = self._search_below(company)
        return self.below[company]

    def _search_below(self, company: str) -> set[str]:
        below: set[str] = set()
        while True:
            ours = below | {company}
            near = {c for party in ours for c in self.holdings.get(party, set())} - ours
            more = {c for c in near if sum(self.cast.get(c, {}).get(party, 0) for party in ours) > 0.5 + 1e-9}
            if not more:
                return below
            below |= more


def _computed(votes: Votes, candidates: list[frozenset[str]]) -> dict[str, set[frozenset[str]]]:
    """For every company, who controls it and is controlled by nobody itself."""
    found: dict[str, set[frozenset[str]]] = defaultdict(set)
    for parties in candidates:
        for company in votes.controlled_by(parties) - parties:
            found[company].add(parties)
    return {
        company: {p for p in controllers if not any(found.get(member) for member in p)}
        for company, controllers in found.items()
    }


def _candidates(votes: Votes) -> list[frozenset[str]]:
    single = {holder for cast in votes.cast.values() for holder in cast}
    single |= {holder for general in votes.general.values() for holder in general}
    return [*(frozenset({party}) for party in sorted(single)), *(members for _, members in votes.agreements)]


def _fixpoint(world: World, clearance: frozenset[str], as_of: str) -> dict[str, set[frozenset[str]]]:
    votes = Votes(world, clearance, as_of)
    return _computed(votes, _candidates(votes))


def test_planted_controllers_are_what_a_brute_force_fixpoint_finds(world: World) -> None:
    by_day = {day: _fixpoint(world, frozenset(), day) for day in ("2020-01-01", AS_OF)}
    assert len(world.truth["controllers"]) >= 40
    for entry in world.truth["controllers"]:
        for day, found in by_day.items():
            if entry["valid_from"] <= day and (not entry["valid_to"] or day < entry["valid_to"]):
                expected = {frozenset(entry["controllers"])} if entry["controllers"] else set()
                rings = {company for ring in world.truth["circular"] for company in ring["members"]}
                if entry["company"] not in rings:
                    assert found.get(entry["company"], set()) == expected, entry


def test_market_controllers_are_what_a_brute_force_fixpoint_finds(world: World) -> None:
    found = _fixpoint(world, frozenset(), AS_OF)
    market = world.truth["market_controllers"]
    assert len(market) > 100
    for company, controller in market.items():
        assert found.get(company, set()) == ({frozenset({controller})} if controller else set()), company


def test_nobody_comes_near_a_majority_of_a_company_without_controller(larger: World) -> None:
    held: dict[str, float] = defaultdict(float)
    for row in larger.visible("HOLDS"):
        held[row["to"]] += _most(row)
    market = larger.truth["market_controllers"]
    stated = [held[company] for company, controller in market.items() if not controller and held[company]]
    assert len(stated) > 20
    assert max(stated) <= 0.45 + 1e-9


def test_a_wall_hides_a_controller_and_clearance_shows_it(world: World) -> None:
    public = _fixpoint(world, frozenset(), AS_OF)
    for entry in world.truth["walled_controllers"]:
        cleared = _fixpoint(world, frozenset(entry["compartments"]), AS_OF)
        expected = {frozenset(entry["controllers"])}
        assert cleared[entry["company"]] == expected
        assert public.get(entry["company"], set()) != expected


def test_walls_list_exactly_the_walled_rows(world: World) -> None:
    walled = {
        (row["compartments"], kind, *((row["id"],) if "id" in row else (row["from"], row["to"])))
        for kind, rows in world.rows.items()
        for row in rows
        if row.get("compartments")
    }
    assert walled == {(wall, *entry) for wall, entries in world.truth["walls"].items() for entry in entries}
    assert set(world.truth["walls"]) == {"deal:alpha", "deal:beta", "deal:alpha;deal:beta"}
    # what is public never points at what is only behind a wall
    hidden = {row["id"] for row in world.rows["Company"] if row["compartments"]} - {
        row["id"] for row in world.rows["Company"] if not row["compartments"]
    }
    assert hidden
    for kind, rows in world.rows.items():
        for row in rows:
            if not row.get("compartments"):
                assert not hidden & {part for cell in row.values() for part in cell.split(";")}, (kind, row)


def test_planted_look_through_shares_solve_the_linear_system(world: World) -> None:
    votes = Votes(world, frozenset(), AS_OF)
    rows = list(world.visible("HOLDS"))
    parties = sorted({votes.one(row[end]) for row in rows for end in ("from", "to")})
    place = {party: n for n, party in enumerate(parties)}
    direct = np.zeros((len(parties), len(parties)))
    rings = {company for ring in world.truth["circular"] for company in ring["members"]}
    for row in rows:
        if row["to"] not in rings:
            direct[place[votes.one(row["from"])], place[votes.one(row["to"])]] += float(
                row["share_ratio"] or 0
            )
    integrated = np.linalg.solve(np.eye(len(parties)) - direct, np.eye(len(parties)))
    assert len(world.truth["owners"]) >= 20
    for entry in world.truth["owners"]:
        company = place[votes.one(entry["company"])]
        found = integrated[place[entry["owner"]], company]
        assert found == pytest.approx(entry["integrated_ratio"], abs=1e-9), entry


def test_chains_are_stated_stakes_that_lead_to_the_company(world: World) -> None:
    stated = {(row["from"], row["to"]) for row in world.rows["HOLDS"]}
    alias = dict(pair["ids"] for pair in world.truth["same"])
    for entry in [*world.truth["controllers"], *world.truth["walled_controllers"]]:
        for holder, company in entry["chain"]:
            assert (holder, company) in stated or (alias[holder], company) in stated
        if entry["chain"]:
            assert entry["chain"][-1][1] == entry["company"] or entry["company"] in {
                c for _, c in entry["chain"]
            }


# --- what else is planted ---------------------------------------------------------------------------------------------


def _components(edges: list[tuple[str, str]]) -> set[frozenset[str]]:
    """Strongly connected components of two or more, by reachability of every pair."""
    after: dict[str, set[str]] = defaultdict(set)
    for a, b in edges:
        after[a].add(b)

    def reach(start: str) -> set[str]:
        seen: set[str] = set()
        frontier = set(after[start])
        while frontier:
            seen |= frontier
            frontier = set().union(*(after[node] for node in frontier if node in after)) - seen
        return seen

    reached = {node: reach(node) for node in list(after)}
    groups = {
        frozenset(other for other in reached if other in reached[node] and node in reached[other])
        for node in reached
    }
    return {group for group in groups if len(group) > 1}


def test_guarantee_circles_are_those_planted_and_no_others(larger: World) -> None:
    world = larger
    edges = [(row["guarantor"], row["debtor"]) for row in world.rows["Guarantee"]]
    planted = world.truth["guarantee_circles"] + world.truth["mutual_pairs"]
    assert _components(edges) == {frozenset(entry["members"]) for entry in planted}
    # what the page promises, and why there can be no other circle
    ours = {edge["id"] for entry in planted + world.truth["guarantee_chains"] for edge in entry["edges"]}
    drawn = [row for row in world.rows["Guarantee"] if row["id"] not in ours and row["guarantor"][0] == "C"]
    assert len(drawn) > 50
    assert all(int(row["guarantor"][1:]) < int(row["debtor"][1:]) for row in drawn)
    stated = {
        row["id"]: (row["guarantor"], row["debtor"], int(row["amount"])) for row in world.rows["Guarantee"]
    }
    for entry in planted + world.truth["guarantee_chains"]:
        assert sum(edge["amount"] for edge in entry["edges"]) == entry["total_amount"]
        for edge in entry["edges"]:
            assert stated[edge["id"]] == (edge["guarantor"], edge["debtor"], edge["amount"])


def test_disclosures_are_right_wrong_and_missing_as_listed(world: World) -> None:
    stated = defaultdict(set)
    for row in world.visible("CONTROLS"):
        stated[row["to"]].add(row["from"])
    found = _fixpoint(world, frozenset(), AS_OF)
    kinds = set()
    for entry in world.truth["disclosures"]:
        disclosed, computed = set(entry["disclosed"]), set(entry["computed"])
        assert stated.get(entry["company"], set()) == disclosed
        assert set().union(*found.get(entry["company"], set())) == computed
        kinds.add(entry["status"])
        assert entry["status"] == (
            "missing" if not disclosed else "right" if disclosed == computed else "wrong"
        )
    assert kinds == {"right", "wrong", "missing"}


def test_namesakes_share_a_name_and_not_an_id(world: World) -> None:
    called = {row["id"]: row["name"] for row in world.rows["Person"]}
    for entry in world.truth["namesakes"]:
        assert len(set(entry["persons"])) == len(entry["persons"]) == 5
        assert {called[person] for person in entry["persons"]} == {entry["name"]}


def test_one_company_under_two_ids_agrees_on_what_joins_it(world: World) -> None:
    row = {r["id"]: r for r in world.rows["Company"] if not r["compartments"]}
    for entry in world.truth["same"]:
        first, second = (row[i] for i in entry["ids"])
        assert first["source"] != second["source"]
        if entry["by"] == "uscc":
            assert first["uscc"] == second["uscc"] != ""
        elif entry["by"] == "legal_name":
            assert first["name"] != second["name"]
            assert names.legal_key(first["name"]) == names.legal_key(second["name"])
        else:
            assert second["name"] in first["former_names"].split(";")


def test_every_scenario_is_documented() -> None:
    for scenario in (*plants.SCENARIOS, *plants.WALLED, *circles.SCENARIOS):
        assert scenario.__doc__
    page = (Path(__file__).parents[2] / "docs" / "world.md").read_text(encoding="utf-8")
    assert all(f"`{s.__name__}`" in page for s in (*plants.SCENARIOS, *plants.WALLED, *circles.SCENARIOS))


# --- names that are nobody's ------------------------------------------------------------------------------------------


def test_different_numbers_have_different_brands() -> None:
    numbers = np.array([0, 1, 2, 10_000, 11_000, 11_500, 400_000, vocabulary.BRANDS - 1])
    for seed in (0, 7, 12345):
        brands = vocabulary.brands(numbers, seed)
        assert len(set(brands)) == len(brands)
    assert not set(vocabulary.SYLLABLES) & set("".join(vocabulary.TRADES))
    for table in (vocabulary.CITIES, vocabulary.SYLLABLES, vocabulary.TRADES):
        assert all(a != b for a, b in combinations(table, 2))
