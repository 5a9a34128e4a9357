"""Loading on both engines: what stands in the store after first, repeated, corrected, shuffled and killed loads."""

import csv
import datetime as dt
import json
import random
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping
from dataclasses import replace
from pathlib import Path

import pytest

from graph.errors import NotFound, Refused
from graph.projection import Projection
from graph.schema import node_types
from graph.statements import EdgeStatement, Finding, NodeStatement, Ref, Reject, SourceRecord
from graph.store import Store
from ingest.loader import LoadOptions, load
from ingest.native import Native
from ingest.source import Context
from ingest.withdrawal import refold, withdraw
from ingest.world import write_world

TODAY = dt.date(2026, 11, 22)


@pytest.fixture
def options(tmp_path) -> LoadOptions:
    return LoadOptions(today=TODAY, rejects=tmp_path / "rejects")


def write_csv(folder: Path, name: str, rows: list[dict[str, str]]) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    path = folder / f"{name}.csv"
    columns = list(dict.fromkeys(column for row in rows for column in row))
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.DictWriter(file, columns)
        writer.writeheader()
        writer.writerows(rows)
    return path


def nodes_of(store: Store) -> dict[tuple[str, str], dict[str, object]]:
    """Every node of the graph itself, by label and id."""
    rows = store.read("MATCH (n) RETURN labels(n)[0] AS label, properties(n) AS p")
    return {(row["label"], row["p"]["id"]): row["p"] for row in rows if row["label"] in node_types()}


def edges_of(store: Store) -> list[tuple[str, str, str, str]]:
    """Every edge: type, the keys it joins, its properties."""
    rows = store.read("MATCH (a)-[e]->(b) RETURN type(e) AS kind, a.key AS a, b.key AS b, properties(e) AS p")
    return sorted((r["kind"], r["a"], r["b"], json.dumps(r["p"], sort_keys=True)) for r in rows)


def picture(store: Store) -> tuple[object, object]:
    return nodes_of(store), edges_of(store)


def simple(folder: Path) -> list[Path]:
    return [
        write_csv(
            folder,
            "Company",
            [{"id": "a", "name": "甲"}, {"id": "b", "name": "乙"}, {"id": "c", "name": "丙"}],
        ),
        write_csv(folder, "Person", [{"id": "p", "name": "张三"}]),
        write_csv(
            folder,
            "HOLDS",
            [
                {"from": "p", "to": "a", "share_ratio": "0.6"},
                {"from": "a", "to": "b", "share_ratio": "0.7"},
                {"from": "b", "to": "c", "share_ratio": "0.8"},
            ],
        ),
    ]


def counts(report) -> tuple[int, int, int, int]:
    for file in report.files:
        assert file.read == file.written + file.unchanged + file.rejected
    return tuple(report.total(n) for n in ("read", "written", "unchanged", "rejected"))


def test_what_stands_in_the_store(store, tmp_path, options):
    report = load(store, Native(), simple(tmp_path)[::-1], options)
    assert counts(report) == (7, 7, 0, 0)
    nodes = {(label, p["key"]): p["name"] for (label, _), p in nodes_of(store).items()}
    assert nodes == {
        ("Company", "a"): "甲",
        ("Company", "b"): "乙",
        ("Company", "c"): "丙",
        ("Person", "p"): "张三",
    }
    edges = [(kind, a, b, json.loads(p)["share_ratio"]) for kind, a, b, p in edges_of(store)]
    assert edges == [("HOLDS", "a", "b", 0.7), ("HOLDS", "b", "c", 0.8), ("HOLDS", "p", "a", 0.6)]
    assert len(store.read("MATCH (r:Record) RETURN r.id AS id")) == 7


def test_the_second_time_writes_nothing_but_its_load(store, tmp_path, options):
    files = simple(tmp_path)
    load(store, Native(), files, options)
    before, version = picture(store), store.version()
    assert counts(load(store, Native(), files, options)) == (7, 0, 7, 0)
    assert picture(store) == before
    assert store.version() == version
    assert len(store.read("MATCH (l:Load) RETURN l.id AS id")) == 6


def test_order_of_rows_and_repetition_do_not_matter(store, tmp_path, options):
    rows = [{"id": f"k{i % 40}", "name": f"公司{i % 55}", "website": f"w{i % 7}"} for i in range(200)]
    load(store, Native(), [write_csv(tmp_path / "1", "Company", rows)], options)
    first = picture(store)
    again = load(store, Native(), [write_csv(tmp_path / "1", "Company", rows)], options)
    assert again.total("written") == 0
    random.Random(3).shuffle(rows)  # noqa: S311 - an order, not a secret
    shuffled = write_csv(tmp_path / "2", "Company", rows)
    load(store, Native(), [shuffled], options)
    assert picture(store) == first
    assert load(store, Native(), [shuffled], options).total("written") == 0


def test_a_corrected_file_supersedes_what_it_corrects(store, tmp_path, options):
    load(store, Native(), simple(tmp_path), options)
    fixed = [
        write_csv(tmp_path / "2", "HOLDS", [{"from": "a", "to": "b", "share_ratio": "0.71"}]),
        write_csv(tmp_path / "2", "Company", [{"id": "a", "name": "甲新"}]),
    ]
    report = load(store, Native(), fixed, options)
    assert counts(report) == (2, 2, 0, 0)
    assert ("HOLDS", "a", "b", 0.71) in [
        (k, a, b, json.loads(p)["share_ratio"]) for k, a, b, p in edges_of(store)
    ]
    assert len(edges_of(store)) == 3
    assert [p["name"] for p in nodes_of(store).values() if p["key"] == "a"] == ["甲新"]
    past = store.read(
        "MATCH (p:Past) RETURN p.kind AS kind, p.type AS type, p.known_to AS known_to ORDER BY kind"
    )
    assert past == [
        {"kind": "edge", "type": "HOLDS", "known_to": "2026-11-22"},
        {"kind": "node", "type": "Company", "known_to": "2026-11-22"},
    ]


@pytest.mark.parametrize(
    "sites", [("one.cn", "two.cn"), ("two.cn", "one.cn")]
)  # either may outrank the other
def test_what_a_correction_replaced_is_what_was_known_before(store, settings, tmp_path, options, sites):
    days = (dt.date(2025, 3, 1), TODAY)
    for day, site in zip(days, sites, strict=True):
        rows = [{"id": "a", "name": "甲有限公司", "website": site}]
        file = write_csv(tmp_path / site, "Company", rows)
        load(store, Native(), [file], replace(options, today=day))
    projection = Projection.open(store, settings)
    known = [dt.date(2025, 2, 28), days[0], TODAY - dt.timedelta(days=1), TODAY, None]
    views = [projection.view(as_of=TODAY, known_at=day) for day in known]
    seen = [[view.value(row, "website") for row in view.rows("Company")] for view in views]
    assert seen == [[], [sites[0]], [sites[0]], [sites[1]], [sites[1]]]


def test_what_a_better_source_outranks_is_what_was_known_before(store, settings, tmp_path, options):
    days, sites = (dt.date(2025, 3, 1), TODAY), ("one.cn", "two.cn")
    for day, site in zip(days, sites, strict=True):
        rows = [{"id": "a", "name": "甲有限公司", "website": site, "source": site}]
        file = write_csv(tmp_path / site, "Company", rows)
        load(store, Native(), [file], replace(options, today=day, stated=day))
    projection = Projection.open(store, settings)
    views = [
        projection.view(as_of=TODAY, known_at=day) for day in (days[0], TODAY - dt.timedelta(days=1), TODAY)
    ]
    seen = [[view.value(row, "website") for row in view.rows("Company")] for view in views]
    assert seen == [[sites[0]], [sites[0]], [sites[1]]]


def test_edges_to_nowhere_are_rejected_with_a_line_and_load_once_their_nodes_are_there(
    store, tmp_path, options
):
    holds = write_csv(tmp_path, "HOLDS", [{"from": "a", "to": "b"}, {"from": "a", "to": "z"}])
    companies = write_csv(tmp_path, "Company", [{"id": "a", "name": "甲"}, {"id": "b", "name": "乙"}])
    report = load(store, Native(), [holds, companies], options)
    assert counts(report) == (4, 3, 0, 1)
    rejects = [json.loads(line) for line in Path(report.files[-1].rejects_file).read_text().splitlines()]
    assert [(r["file"], r["line"], "z" in r["reason"]) for r in rejects] == [("HOLDS.csv", 3, True)]
    load(store, Native(), [write_csv(tmp_path / "2", "Company", [{"id": "z", "name": "终"}])], options)
    assert counts(load(store, Native(), [holds], options)) == (2, 1, 1, 0)


def test_a_reference_that_leads_nowhere_is_a_finding_and_is_made_good_later(store, tmp_path, options):
    load(store, Native(), [write_csv(tmp_path, "Company", [{"id": "a", "name": "甲"}])], options)
    guarantee = write_csv(
        tmp_path, "Guarantee", [{"id": "g", "debtor": "a", "guarantor": "b", "amount": "5"}]
    )
    report = load(store, Native(), [guarantee], options)
    assert report.files[0].findings["edge_to_nowhere"] == 1
    assert [(k, a, b) for k, a, b, _ in edges_of(store)] == [("PARTY_TO", "a", "g")]
    assert load(store, Native(), [guarantee], options).total("unchanged") == 1
    load(store, Native(), [write_csv(tmp_path / "2", "Company", [{"id": "b", "name": "乙"}])], options)
    assert load(store, Native(), [guarantee], options).total("written") == 1
    assert [(k, a, b) for k, a, b, _ in edges_of(store)] == [("PARTY_TO", "a", "g"), ("PARTY_TO", "b", "g")]


def test_walled_rows_stand_apart_and_never_supersede(store, tmp_path, options):
    rows = [
        {"id": "a", "name": "甲"},
        {"id": "a", "name": "秘密名", "compartments": "deal:x"},
        {"id": "s", "name": "目标公司", "compartments": "deal:x"},
    ]
    holds = [
        {"from": "a", "to": "s", "share_ratio": "0.4", "compartments": "deal:x"},
        {"from": "a", "to": "s", "share_ratio": "0.1"},
    ]
    report = load(
        store, Native(), [write_csv(tmp_path, "Company", rows), write_csv(tmp_path, "HOLDS", holds)], options
    )
    assert counts(report) == (5, 4, 0, 1)
    found = {(p["key"], tuple(p.get("compartments", ()))): p["name"] for p in nodes_of(store).values()}
    assert found == {("a", ()): "甲", ("a", ("deal:x",)): "秘密名", ("s", ("deal:x",)): "目标公司"}


def test_withdrawing_takes_out_what_only_that_source_said(store, tmp_path, options):
    load(store, Native(), simple(tmp_path), options)
    before = picture(store)
    other = [
        write_csv(
            tmp_path / "2",
            "Company",
            [{"id": "a", "name": "别名", "source": "other"}, {"id": "n", "name": "新", "source": "other"}],
        ),
        write_csv(
            tmp_path / "2", "HOLDS", [{"from": "a", "to": "n", "share_ratio": "0.2", "source": "other"}]
        ),
    ]
    load(store, Native(), other, options)
    assert picture(store) != before
    assert withdraw(store, Native(), "other", options).records == 3
    names = {p["key"]: p["name"] for p in nodes_of(store).values()}
    assert names == {"a": "甲", "b": "乙", "c": "丙", "p": "张三"}
    assert edges_of(store) == before[1]
    with pytest.raises(NotFound):
        withdraw(store, Native(), "other", options)
    load(store, Native(), other, options)
    assert {p["key"] for p in nodes_of(store).values()} == {"a", "b", "c", "p", "n"}


def test_refolding_makes_the_same_graph(store, tmp_path, options):
    write_world(tmp_path / "world", companies=250, seed=5)
    load(store, Native(), sorted((tmp_path / "world").glob("*.csv")), options)
    nodes, edges = picture(store)
    version = store.version()
    report = refold(store, Native(), options)
    assert (report.unreadable, report.records > 0) == (0, True)
    assert edges_of(store) == edges
    assert nodes_of(store) == nodes
    assert store.version() == version + 1


# --- snapshots ---


class Register:
    """A dated snapshot of holdings, a JSON line each: holder, company, ratio."""

    name = title = source = namespace = "register"
    rank = 10
    snapshot = True
    fingerprint = "1"

    def role_for(self, _path: Path) -> "RegisterRole":
        return RegisterRole()

    def role(self, _name: str) -> "RegisterRole":
        return RegisterRole()


class RegisterRole:
    name = "holdings"

    def stated(self, path: Path, override: dt.date | None = None) -> dt.date:
        return override or dt.date.fromisoformat(path.stem)

    def read(self, path: Path, context: Context) -> Iterator[SourceRecord | Reject]:
        for line, text in enumerate(path.read_text().splitlines(), 1):
            yield self.record(json.loads(text), line, context)

    def record(self, body: Mapping[str, str], line: int, context: Context) -> SourceRecord | Reject:
        if "company" not in body:
            return Reject(context.file, line, "no company", body.get("holder", ""))
        holder, company = Ref("Company", body["holder"]), Ref("Company", body["company"])
        nodes = tuple(NodeStatement(ref, {"name": ref.key}, primary=False) for ref in (holder, company))
        edge = EdgeStatement("HOLDS", holder, company, {"share_ratio": float(body["ratio"])})
        key = f"{holder.key}|{company.key}"
        findings: tuple[Finding, ...] = ()
        return SourceRecord(
            key, dict(body), nodes, (edge,), "register", line, (), context.stated, findings=findings
        )


def snapshot(folder: Path, day: str, holdings: dict[tuple[str, str], float]) -> Path:
    folder.mkdir(exist_ok=True)
    path = folder / f"{day}.jsonl"
    rows = [{"holder": h, "company": c, "ratio": str(r)} for (h, c), r in holdings.items()]
    path.write_text("\n".join(json.dumps(row) for row in rows) + "\n")
    return path


A, B, C = ("x", "a"), ("x", "b"), ("y", "c")
SNAPSHOTS = {
    "2019-01-01": {A: 0.3, B: 0.5, C: 0.2},
    "2020-01-01": {A: 0.35, B: 0.5},
    "2021-01-01": {A: 0.35, B: 0.5, C: 0.2},
}


def spans(store: Store) -> list[tuple[str, str, float, str, str | None]]:
    found = [(a, b, json.loads(p)) for _, a, b, p in edges_of(store)]
    return sorted((a, b, p["share_ratio"], p["valid_from"], p.get("valid_to")) for a, b, p in found)


def test_a_snapshot_closes_what_it_no_longer_lists(store, tmp_path, options):
    for day, holdings in SNAPSHOTS.items():
        report = load(store, Register(), [snapshot(tmp_path, day, holdings)], options)
        assert report.total("closed") == (1 if day == "2020-01-01" else 0)
    expected = [
        ("x", "a", 0.3, "2019-01-01", "2020-01-01"),
        ("x", "a", 0.35, "2020-01-01", None),
        ("x", "b", 0.5, "2019-01-01", None),
        ("y", "c", 0.2, "2019-01-01", "2020-01-01"),
        ("y", "c", 0.2, "2021-01-01", None),
    ]
    assert spans(store) == expected
    for day, holdings in SNAPSHOTS.items():
        assert load(store, Register(), [snapshot(tmp_path, day, holdings)], options).total("written") == 0
    assert spans(store) == expected


def test_an_older_snapshot_neither_closes_nor_reopens(store, tmp_path, options):
    for day in ("2020-01-01", "2019-01-01"):
        report = load(store, Register(), [snapshot(tmp_path, day, SNAPSHOTS[day])], options)
        assert report.total("closed") == 0
    assert spans(store) == [
        ("x", "a", 0.3, "2019-01-01", "2020-01-01"),
        ("x", "a", 0.35, "2020-01-01", None),
        ("x", "b", 0.5, "2019-01-01", None),
        ("y", "c", 0.2, "2019-01-01", "2020-01-01"),
    ]
    assert (
        load(store, Register(), [snapshot(tmp_path, "2019-01-01", SNAPSHOTS["2019-01-01"])], options).total(
            "written"
        )
        == 0
    )


def test_a_snapshot_that_would_close_too_much_is_refused_unless_forced(store, tmp_path, options):
    load(store, Register(), [snapshot(tmp_path, "2019-01-01", SNAPSHOTS["2019-01-01"])], options)
    before = spans(store)
    small = snapshot(tmp_path, "2020-01-01", {A: 0.9})
    with pytest.raises(Refused, match="2 of 3"):
        load(store, Register(), [small], options)
    assert spans(store) == before
    forced = LoadOptions(today=TODAY, rejects=options.rejects, force=True)
    assert load(store, Register(), [small], forced).total("closed") == 2


def test_a_key_among_the_rejects_closes_nothing(store, tmp_path, options):
    class Keyed(RegisterRole):
        def record(self, body, line, context):
            said = super().record(body, line, context)
            return Reject(context.file, line, "broken", said.key) if body["ratio"] == "-1" else said

    class Source(Register):
        def role_for(self, _path):
            return Keyed()

    load(store, Source(), [snapshot(tmp_path, "2019-01-01", SNAPSHOTS["2019-01-01"])], options)
    broken = snapshot(tmp_path, "2020-01-01", {A: 0.3, B: -1})
    report = load(store, Source(), [broken], options)
    assert (report.total("closed"), report.total("rejected")) == (1, 1)
    assert [s for s in spans(store) if s[:2] == B] == [("x", "b", 0.5, "2019-01-01", None)]


def test_a_correction_of_the_same_day_is_no_history(store, tmp_path, options):
    load(store, Register(), [snapshot(tmp_path, "2019-01-01", {A: 0.3, B: 0.5})], options)
    load(store, Register(), [snapshot(tmp_path, "2019-01-01", {A: 0.31, B: 0.5})], options)
    assert spans(store) == [("x", "a", 0.31, "2019-01-01", None), ("x", "b", 0.5, "2019-01-01", None)]


# --- killed at any moment ---

KILLED = """
import datetime as dt, sys
from pathlib import Path
from graph.settings import Settings
from graph.store import Store
import ingest.loader
ingest.loader.BATCH = 50
from ingest.native import Native
settings = Settings.model_validate_json(sys.argv[1])
with Store.open(settings) as store:
    print("ready", flush=True)
    ingest.loader.load(store, Native(), sorted(Path(sys.argv[2]).glob("*.csv")),
        ingest.loader.LoadOptions(today=dt.date(2026, 11, 22), rejects=Path(sys.argv[3])))
"""


@pytest.mark.parametrize("after", [0.05, 0.4, 1.0])
def test_a_killed_load_is_finished_by_the_next(store, settings, tmp_path, options, after):
    world = tmp_path / "world"
    write_world(world, companies=300, seed=9)
    files = sorted(world.glob("*.csv"))
    given = settings.model_dump(mode="json") | {"store_password": settings.store_password.get_secret_value()}
    for name in ("cursor_key", "identity_salt"):
        given.pop(name, None)
    with subprocess.Popen(  # noqa: S603
        [sys.executable, "-c", KILLED, json.dumps(given), str(world), str(options.rejects)],
        stdout=subprocess.PIPE,
    ) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == b"ready\n"
        time.sleep(after)
        child.kill()
    load(store, Native(), files, options)
    finished = picture(store)
    assert load(store, Native(), files, options).total("written") == 0
    while store.write(lambda tx: tx.run("MATCH (n) WITH n LIMIT 20000 DETACH DELETE n RETURN count(*) AS d"))[
        0
    ]["d"]:
        pass
    load(store, Native(), files, options)
    assert picture(store) == finished
