"""How fast a store takes and gives nodes and edges, by form of statement: the figures of docs/decisions/store.md.

`python benchmarks/store_rates.py` measures an embedded store in a temporary folder, and with `GUANXI_STORE_URI`
that database, which has to be empty. Each rate is in thousands of items per second.
"""

import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterable
from pathlib import Path

from graph.dialect import Unique
from graph.settings import Settings
from graph.store import Store, Touched

N = int(sys.argv[1]) if len(sys.argv) > 1 else 20_000
HUB = 100_000
Rows = list[dict[str, object]]


def main() -> None:
    """Measure everything on one store."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings() if Settings().store_uri else Settings(data_dir=Path(folder), embedded_heap="2g")
        with Store.open(settings) as store:
            print(store.engine)
            store.ensure_schema([Unique(label) for label in "ABCDEFGHP"], ["Q", "T", "U", "V", "W", "X"])
            warm_up(store)
            measure_nodes(store)
            measure_edges(store)
            measure_finding(store)
            measure_scans(store)
            measure_threads(store)
            measure_reads(store)


def nodes(first: int, count: int) -> Rows:
    """Rows of nodes with five properties."""
    return [
        {
            "id": f"{i:024x}",
            "name": f"测试股份有限公司{i}",
            "source": "demo",
            "key": str(i),
            "stated": "2024-01-01",
        }
        for i in range(first, first + count)
    ]


def edges(count: int, shift: int = 7) -> Rows:
    """Rows of edges with four properties between nodes that look random."""
    return [
        {
            "a": f"{i % N:024x}",
            "b": f"{(i * shift + 1) % N:024x}",
            "p": {"record": f"{i:024x}", "source": "demo", "share_ratio": 0.25, "stated": "2024-01-01"},
        }
        for i in range(count)
    ]


def in_batches(rows: Rows, size: int) -> Iterable[Rows]:
    """The rows in lists of at most `size`."""
    return (rows[start : start + size] for start in range(0, len(rows), size))


def load(store: Store, query: str, rows: Rows, size: int = 5000) -> None:
    """Write the rows in versioned transactions of `size` rows."""
    for batch in in_batches(rows, size):
        store.commit(lambda tx, batch=batch: tx.execute(query, rows=batch), Touched(bulk=True))


def rate(what: str, count: int, action: Callable[[], object]) -> None:
    """Print how many items a second an action does."""
    began = time.perf_counter()
    action()
    print(f"{what:72} {count / (time.perf_counter() - began) / 1000:8.1f} k/s", flush=True)


CREATE = "UNWIND $rows AS r CREATE (n:{0}) SET n = r"
MERGE = "UNWIND $rows AS r MERGE (n:{0} {{id: r.id}}) SET n = r"
ENDS = "UNWIND $rows AS r MATCH (a:A {id: r.a}), (b:B {id: r.b}) "


def warm_up(store: Store) -> None:
    """Have Java compile what the measurements use."""
    load(store, CREATE.format("P"), nodes(0, N), 2000)
    load(store, MERGE.format("P"), nodes(0, N), 2000)
    ends = "UNWIND $rows AS r MATCH (a:P {id: r.a}), (b:P {id: r.b}) "
    load(store, ends + "CREATE (a)-[e:Q]->(b) SET e = r.p", edges(N), 2000)
    exhaust(store, "MATCH (a:P)-[e:Q]->(b:P) RETURN a.id, b.id, e.record")


def measure_nodes(store: Store) -> None:
    """CREATE and MERGE, by batch size."""
    rate("CREATE nodes, batch 5000", N, lambda: load(store, CREATE.format("A"), nodes(0, N)))
    rate("MERGE new nodes, batch 5000", N, lambda: load(store, MERGE.format("B"), nodes(0, N)))
    rate("MERGE known nodes, batch 5000", N, lambda: load(store, MERGE.format("B"), nodes(0, N)))
    for label, size in (("C", 1000), ("D", 10_000)):
        rate(
            f"MERGE new nodes, batch {size}",
            N,
            lambda s=size, n=label: load(store, MERGE.format(n), nodes(0, N), s),
        )


def measure_edges(store: Store) -> None:
    """Edges, by form of the statement and batch size."""
    spelt = "{record: r.p.record, source: r.p.source, share_ratio: r.p.share_ratio, stated: r.p.stated}"
    forms = {
        "T": "CREATE (a)-[e:T]->(b) SET e = r.p",
        "U": f"CREATE (a)-[e:U {spelt}]->(b)",
        "V": "MERGE (a)-[e:V {record: r.p.record}]->(b) SET e = r.p",
    }
    for form in forms.values():
        rate(f"edges, batch 5000: {form[:48]}", N, lambda f=form: load(store, ENDS + f, edges(N)))
    for size in (1000, 10_000):
        rate(f"edges CREATE SET, batch {size}", N, lambda s=size: load(store, ENDS + forms["T"], edges(N), s))
    hub: Rows = [{**row, "b": f"{0:024x}"} for row in edges(HUB)]
    rate(
        "edges CREATE SET into one hub",
        HUB,
        lambda: load(store, ENDS + "CREATE (a)-[e:W]->(b) SET e = r.p", hub),
    )


def measure_finding(store: Store) -> None:
    """Look up edges by both ends, and nodes by id."""
    wanted = [{"a": row["a"], "b": row["b"]} for row in edges(1000)]
    hub: Rows = [{"a": row["a"], "b": f"{0:024x}"} for row in edges(1000)]
    path = "UNWIND $rows AS r MATCH (a:A {id: r.a})-[e:%s]->(b:B {id: r.b}) RETURN e.record AS record"
    apart = "UNWIND $rows AS r MATCH (a:A {id: r.a}) MATCH (a)-[e:%s]->(b) WHERE b.id = r.b RETURN e.record AS record"
    both = "UNWIND $rows AS r MATCH (a:A {id: r.a}), (b:B {id: r.b}) MATCH (a)-[e:%s]->(b) RETURN e.record AS record"
    for form, query in {
        "(a)-[e]->(b) in one pattern": path,
        "from a, then WHERE b.id": apart,
        "a, b, then e": both,
    }.items():
        rate(f"find 1000 edges: {form}", 1000, lambda q=query: store.read(q % "U", rows=wanted))
        rate(f"find 1000 edges at the hub: {form}", 1000, lambda q=query: store.read(q % "W", rows=hub))
    ids = [row["a"] for row in wanted]
    rate(
        "find 1000 nodes by UNWIND",
        1000,
        lambda: store.read("UNWIND $ids AS i MATCH (n:A {id: i}) RETURN n.name AS x", ids=ids),
    )
    rate(
        "find 1000 nodes by IN",
        1000,
        lambda: store.read("MATCH (n:A) WHERE n.id IN $ids RETURN n.name AS x", ids=ids),
    )


def exhaust(store: Store, query: str, **parameters: object) -> int:
    """Read a scan to its end."""
    return sum(1 for _ in store.stream(query, **parameters))


def measure_scans(store: Store) -> None:
    """Read all nodes and edges, by form of what is returned."""
    fields = "n.id, n.name, n.source, n.key, n.stated"
    scans = {
        "nodes, 5 columns": f"MATCH (n:A) RETURN {fields}",
        "nodes, one list column": f"MATCH (n:A) RETURN [{fields}]",
        "nodes, properties(n)": "MATCH (n:A) RETURN properties(n)",
        "nodes, n": "MATCH (n:A) RETURN n",
        "nodes, one collect of lists": f"MATCH (n:A) RETURN collect([{fields}])",
    }
    for what, query in scans.items():
        rate(f"scan {what}", N, lambda q=query: exhaust(store, q))
    ends = "MATCH (a:A)-[e:U]->(b:B) RETURN a.id, b.id, e.record, e.source, e.share_ratio, e.stated"
    rate("scan edges with both ends' ids, labels given", N, lambda: exhaust(store, ends))
    bare = "MATCH (a)-[e:U]->(b) RETURN a.id, b.id, e.record, e.source, e.share_ratio, e.stated"
    rate("scan edges with both ends' ids, no labels", N, lambda: exhaust(store, bare))
    parts = f"MATCH (n:A) WITH right(n.id, 2) AS part, collect([{fields}]) AS rows RETURN rows"
    rate("scan nodes, a row of lists per part of 1/256", N, lambda: exhaust(store, parts))
    columns = "a.id, b.id, e.record, e.source, e.share_ratio, e.stated"
    ends_of_part = (
        f"MATCH (a:A)-[e:U]->(b:B) WITH right(a.id, 2) AS part, collect([{columns}]) AS rows RETURN rows"
    )
    rate("scan edges, a row of lists per part of 1/256", N, lambda: exhaust(store, ends_of_part))
    collected = (
        "MATCH (a:A)-[e:U]->(b:B) RETURN a.id, collect([b.id, e.record, e.source, e.share_ratio, e.stated])"
    )
    rate("scan edges, a row per start node", N, lambda: exhaust(store, collected))


def measure_threads(store: Store) -> None:
    """Two writers at a time."""

    def half(label: str, part: int) -> None:
        load(store, CREATE.format(label), nodes(part * N // 2, N // 2))

    def edge_half(part: int) -> None:
        query = ENDS + "CREATE (a)-[e:X]->(b) SET e = r.p"
        load(store, query, edges(N)[part * N // 2 : (part + 1) * N // 2])

    rate("CREATE nodes, 2 threads, 2 labels", N, lambda: both(lambda: half("E", 0), lambda: half("F", 1)))
    rate("CREATE nodes, 2 threads, 1 label", N, lambda: both(lambda: half("G", 0), lambda: half("G", 1)))
    rate("CREATE edges, 2 threads", N, lambda: both(lambda: edge_half(0), lambda: edge_half(1)))


def both(*actions: Callable[[], None]) -> None:
    """Run the actions at the same time."""
    threads = [threading.Thread(target=action) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def measure_reads(store: Store) -> None:
    """Latency of one lookup."""
    times = []
    for row in nodes(0, 500):
        began = time.perf_counter()
        store.read("MATCH (n:A {id: $id}) RETURN n.name AS name", id=row["id"])
        times.append(time.perf_counter() - began)
    times.sort()
    print(f"{'one node by id, p50 and p95':72} {times[250] * 1000:6.2f} {times[475] * 1000:6.2f} ms")


if __name__ == "__main__":
    main()
