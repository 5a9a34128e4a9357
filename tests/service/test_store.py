"""The store on both engines: what is written, how writers share it, how versions come out, and how it fails."""

import itertools
import os
import signal
import socket
import subprocess
import sys
import textwrap
import threading
import time
from contextlib import closing

import pytest

from graph.dialect import Engine, Index, Unique
from graph.errors import StoreConflict, StoreConstraint, StoreDown, StoreError, StoreTimeout
from graph.store import Store, Touched

RULES = [Unique("Thing"), Index("Thing", "name")]


@pytest.fixture(autouse=True)
def schema(store):
    store.ensure_schema(RULES, ["JOINS"])


def create_things(store, count):
    rows = [{"id": i, "name": f"名{i}", "ratio": i / 4, "tags": ["a", "b"]} for i in range(count)]
    store.write(lambda tx: tx.execute("UNWIND $rows AS r CREATE (t:Thing) SET t = r", rows=rows))


def in_threads(*actions):
    """Run the actions at once; an error in one of them is an error here."""
    errors = []

    def guarded(action):
        try:
            action()
        except BaseException as error:  # noqa: BLE001 - handed to the test's own thread
            errors.append(error)

    threads = [threading.Thread(target=guarded, args=(action,)) for action in actions]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    if errors:
        raise errors[0]
    assert not any(thread.is_alive() for thread in threads)


# --- Reading and writing ---


def test_the_engine_is_known(store, engine_settings):
    assert store.engine is (Engine.NEO4J if engine_settings.store_uri else Engine.ARCADEDB)


def test_what_is_written_is_read_back(store):
    create_things(store, 3)
    rows = store.read(
        "MATCH (t:Thing) WHERE t.id >= $least RETURN t.id AS id, t.name AS name ORDER BY id", least=1
    )
    assert rows == [{"id": 1, "name": "名1"}, {"id": 2, "name": "名2"}]
    (row,) = store.read("MATCH (t:Thing {id: 1}) RETURN properties(t) AS all")
    assert row["all"] == {"id": 1, "name": "名1", "ratio": 0.25, "tags": ["a", "b"]}


def test_a_write_returns_what_its_work_returns(store):
    create_things(store, 2)
    rows = store.write(
        lambda tx: tx.run(
            "MATCH (a:Thing {id: 0}), (b:Thing {id: 1}) CREATE (a)-[e:JOINS {n: 1}]->(b) RETURN e.n AS n"
        )
    )
    assert rows == [{"n": 1}]


def test_a_scan_streams_every_row_as_plain_values(store):
    create_things(store, 2500)
    rows = list(store.stream("MATCH (t:Thing) RETURN t.id, t.name, t.ratio, t.tags"))
    assert sorted(rows) == [(i, f"名{i}", i / 4, ["a", "b"]) for i in range(2500)]
    assert all(type(row) is tuple for row in rows)


def test_a_scan_that_nobody_finishes_gives_its_connection_back(store):
    create_things(store, 50)
    for _ in range(100):  # more than the pool has connections
        with closing(store.stream("MATCH (t:Thing) RETURN t.id")) as rows:
            next(rows)
    assert len(store.read("MATCH (t:Thing) RETURN t.id")) == 50


def test_work_that_fails_leaves_nothing(store):
    def work(tx):
        tx.execute("CREATE (:Thing {id: 1})")
        message = "changed my mind"
        raise LookupError(message)

    with pytest.raises(LookupError, match="changed my mind"):
        store.write(work)
    with pytest.raises(LookupError):
        store.commit(work, Touched())
    assert store.read("MATCH (t:Thing) RETURN t.id") == []
    assert store.version() == 0


def test_a_second_node_of_the_same_id_is_refused(store):
    create_things(store, 1)
    with pytest.raises(StoreConstraint):
        store.write(lambda tx: tx.execute("CREATE (:Thing {id: 0})"))
    assert len(store.read("MATCH (t:Thing) RETURN t.id")) == 1


def test_making_the_schema_again_changes_nothing(store):
    create_things(store, 1)
    store.ensure_schema(RULES, ["JOINS"])
    assert len(store.read("MATCH (t:Thing) RETURN t.id")) == 1
    assert store.read("MATCH (n) WHERE NOT n:Thing AND NOT n:Counter RETURN n.id") == []


def test_a_wrong_statement_is_an_error_that_is_not_tried_again(store):
    began = time.monotonic()
    with pytest.raises(StoreError):
        store.read("MATCH (t:Thing RETURN t")
    with pytest.raises(StoreError):
        list(store.stream("MATCH (t:Thing RETURN t"))
    with pytest.raises(StoreError):
        store.write(lambda tx: tx.execute("MATCH (t:Thing RETURN t"))
    assert time.monotonic() - began < 2


def test_every_statement_file_is_one_documented_statement():
    for name in ("commit", "commits", "counter", "version"):
        text = Store.query(name)
        assert text.startswith("// ")
        assert ";" not in "\n".join(line for line in text.splitlines() if not line.startswith("//"))


# --- Writers at the same time ---


def test_no_increment_of_four_writers_is_lost(store):
    create_things(store, 1)
    increment = "MATCH (t:Thing {id: 0}) SET t.locked = true WITH t SET t.count = coalesce(t.count, 0) + 1"

    def writer():
        for _ in range(25):
            store.write(lambda tx: tx.execute(increment))

    in_threads(*[writer] * 4)
    assert store.read("MATCH (t:Thing {id: 0}) RETURN t.count AS count") == [{"count": 100}]


def test_writers_that_merge_the_same_nodes_all_succeed(store):
    rows = [{"id": i} for i in range(200)]

    def writer():
        store.write(lambda tx: tx.execute("UNWIND $rows AS r MERGE (t:Thing {id: r.id})", rows=rows))

    in_threads(*[writer] * 4)
    assert store.read("MATCH (t:Thing) RETURN count(t) AS count") == [{"count": 200}]


def test_a_conflict_that_does_not_end_becomes_an_error(store, settings):
    create_things(store, 1)
    impatient = settings.model_copy(update={"store_retry_seconds": 0.2, "store_transaction_seconds": 2.0})
    change = "MATCH (t:Thing {id: 0}) SET t.count = coalesce(t.count, 0) + 1"

    with Store.open(impatient) as other:

        def work(tx):
            tx.execute(change)
            # Neo4j lets the second writer wait for the first one's lock, ArcadeDB finds out at the end.
            if store.engine is Engine.ARCADEDB:
                store.write(lambda tx: tx.execute(change))
            else:
                other.write(lambda tx: tx.execute(change))

        with pytest.raises((StoreConflict, StoreTimeout)):
            other.write(work)


# --- Versions ---


def test_a_commit_says_what_it_touched(store):
    assert store.version() == 0
    first = store.commit(
        lambda tx: tx.run("CREATE (t:Thing {id: 1}) RETURN t.id AS id"),
        lambda rows: Touched([f"Thing {row['id']}" for row in rows]),
        load="l1",
    )
    second = store.commit(
        lambda tx: tx.execute("MATCH (t:Thing {id: 1}) CREATE (t)-[:JOINS]->(t)"),
        Touched([], ["JOINS Thing 1 Thing 1"]),
    )
    third = store.commit(lambda tx: tx.execute("CREATE (:Thing {id: 2})"), Touched(bulk=True))
    assert (first.version, second.version, third.version) == (1, 2, 3) == (1, 2, store.version())
    assert first.result == [{"id": 1}]
    commits = store.commits_since(0)
    assert [(c.version, c.load) for c in commits] == [(1, "l1"), (2, ""), (3, "")]
    assert [c.touched for c in commits] == [
        Touched(("Thing 1",)),
        Touched((), ("JOINS Thing 1 Thing 1",)),
        Touched(bulk=True),
    ]
    assert store.commits_since(2) == commits[2:]
    assert store.commits_since(3) == []


def test_a_commit_may_touch_very_much(store):
    touched = Touched([f"Company {i:024x}" for i in range(20_000)])
    store.commit(lambda _: None, touched)
    assert store.commits_since(0)[0].touched == Touched(tuple(touched.nodes))


def test_versions_of_many_writers_have_no_gap_and_no_double(store, settings):
    with Store.open(settings) as other:

        def writer(which, numbers):
            for number in numbers:
                which.commit(
                    lambda tx, n=number: tx.execute("CREATE (:Thing {id: $n})", n=n),
                    Touched([f"Thing {number}"]),
                )

        in_threads(*(lambda s=s, k=k: writer(s, range(k, 80, 4)) for k, s in enumerate([store, other] * 2)))
    commits = store.commits_since(0)
    assert [c.version for c in commits] == list(range(1, 81))
    assert {c.touched.nodes[0] for c in commits} == {f"Thing {n}" for n in range(80)}


def test_versions_become_visible_in_their_order(store, settings):
    """Whoever has seen version n never later finds a version up to n that it has not seen."""
    done = threading.Event()
    seen = []

    def write():
        try:
            with Store.open(settings) as other:
                in_threads(*(lambda s=s, k=k: commits(s, k) for k, s in enumerate([store, other])))
        finally:
            done.set()

    def commits(which, writer):
        for i in range(20):
            # One writer is quick, the other dawdles after its work: it began first and ends last.
            def work(tx, i=i):
                tx.execute("CREATE (:Thing {id: $id})", id=f"{writer} {i}")
                time.sleep(0.02 * writer)

            which.commit(work, Touched())

    def follow():
        known, deadline = 0, time.monotonic() + 45
        while not (done.is_set() and known == 40) and time.monotonic() < deadline:
            for commit in store.commits_since(known):
                seen.append(commit.version)
                known = commit.version

    in_threads(write, follow)
    assert seen == list(range(1, 41))


WRITER = """
import sys, time
from graph.settings import Settings
from graph.store import Store, Touched

with Store.open(Settings()) as store:
    def work(tx):
        tx.execute("CREATE (:Thing {id: 'killed'})")
    def dawdle(_):
        print("inside", flush=True)
        time.sleep(60)
    if sys.argv[1] == "before the version":
        store.commit(work, lambda _: dawdle(_) or Touched(["Thing killed"]))
    else:
        from graph import store as module
        take = module._take_version
        module._take_version = lambda *given: (take(*given), dawdle(None))[0]
        store.commit(work, Touched(["Thing killed"]))
"""


@pytest.mark.parametrize("moment", ["before the version", "after the version"])
def test_a_writer_killed_midway_leaves_nothing_and_holds_nobody_up(store, settings, moment):
    environment = {
        **os.environ,
        "GUANXI_DATA_DIR": str(settings.data_dir),
        "GUANXI_STORE_URI": settings.store_uri,
        "GUANXI_STORE_USER": settings.store_user,
        "GUANXI_STORE_PASSWORD": settings.store_password.get_secret_value(),
        "GUANXI_STORE_DATABASE": settings.store_database,
    }
    store.commit(lambda tx: tx.execute("CREATE (:Thing {id: 'before'})"), Touched(["Thing before"]))
    command = [sys.executable, "-c", textwrap.dedent(WRITER), moment]
    with subprocess.Popen(  # noqa: S603 - our own program
        command, env=environment, stdout=subprocess.PIPE, text=True
    ) as victim:
        assert victim.stdout.readline() == "inside\n"
        other = threading.Thread(
            target=lambda: store.commit(
                lambda tx: tx.execute("CREATE (:Thing {id: 'after'})"), Touched(["Thing after"])
            )
        )
        other.start()
        time.sleep(0.3)
        victim.send_signal(signal.SIGKILL)
    other.join(20)
    assert not other.is_alive()
    assert [c.touched.nodes for c in store.commits_since(0)] == [("Thing before",), ("Thing after",)]
    assert store.read("MATCH (t:Thing) RETURN t.id AS id ORDER BY id") == [{"id": "after"}, {"id": "before"}]


# --- A database that is away ---


class Wire:
    """A connection to the database that a test can cut, freeze and mend."""

    def __init__(self, uri):
        host, port = uri.rsplit("/", 1)[1].split(":")
        self.target = (host, int(port))
        self.listener = None
        self.pairs = []
        self.flowing = threading.Event()
        self.flowing.set()
        self.port = 0
        self.mend()

    def mend(self):
        self.listener = socket.create_server(("127.0.0.1", self.port))
        self.port = self.listener.getsockname()[1]
        threading.Thread(target=self._accept, args=(self.listener,), daemon=True).start()

    def cut(self):
        # Shut down first: closing alone does not wake the thread that waits in accept.
        for end in (self.listener, *itertools.chain.from_iterable(self.pairs)):
            with closing(end):
                try:
                    end.shutdown(socket.SHUT_RDWR)
                except OSError:
                    continue  # the other side was quicker
        self.pairs.clear()

    def _accept(self, listener):
        while True:
            try:
                near, _ = listener.accept()
            except OSError:
                return
            far = socket.create_connection(self.target)
            self.pairs.append((near, far))
            for source, sink in ((near, far), (far, near)):
                threading.Thread(target=self._pump, args=(source, sink), daemon=True).start()

    def _pump(self, source, sink):
        try:
            while data := source.recv(1 << 16):
                self.flowing.wait()
                sink.sendall(data)
            sink.shutdown(socket.SHUT_WR)
        except OSError:
            return  # cut


@pytest.fixture
def wire(settings):
    wire = Wire(settings.store_uri)
    yield wire
    wire.flowing.set()
    wire.cut()


@pytest.fixture
def wired(wire, settings):
    """A store behind the wire that gives up early."""
    quick = settings.model_copy(
        update={
            "store_uri": f"bolt://127.0.0.1:{wire.port}",
            "store_down_seconds": 1.0,
            "store_acquire_seconds": 1.0,
            "store_connect_seconds": 1.0,
        }
    )
    with Store.open(quick) as store:
        yield store


def operations(store):
    return [
        lambda: store.read("RETURN 1 AS one"),
        lambda: list(store.stream("RETURN 1")),
        lambda: store.write(lambda tx: tx.run("RETURN 1 AS one")),
        lambda: store.commit(lambda tx: tx.run("RETURN 1 AS one"), Touched()),
        store.version,
    ]


def test_a_database_that_is_away_is_reported_soon_and_found_again(wire, wired):
    for operation in operations(wired):
        operation()
    wire.cut()
    for operation in operations(wired):
        began = time.monotonic()
        with pytest.raises(StoreDown):
            operation()
        assert time.monotonic() - began < 4
    wire.mend()
    for operation in operations(wired):
        operation()


def test_a_connection_that_broke_meanwhile_is_not_noticed(wire, wired):
    for operation in operations(wired):
        wire.cut()
        wire.mend()
        operation()


def test_a_store_can_be_opened_while_its_database_is_away(wire, settings):
    wire.cut()
    away = settings.model_copy(
        update={
            "store_uri": f"bolt://127.0.0.1:{wire.port}",
            "store_down_seconds": 0.5,
            "store_connect_seconds": 0.5,
        }
    )
    with Store.open(away) as store:
        with pytest.raises(StoreDown):
            store.version()
        wire.mend()
        assert store.version() == 0


def test_a_frozen_database_is_reported_too(wire, wired, monkeypatch):
    monkeypatch.setattr("graph.store._IDLE_CHECK_SECONDS", 0.0)
    assert wired.version() == 0
    wire.flowing.clear()
    began = time.monotonic()
    with pytest.raises(StoreDown):
        wired.version()
    assert time.monotonic() - began < 6
    wire.flowing.set()
    assert wired.version() == 0


def test_a_scan_cut_in_the_middle_is_an_error_and_not_an_end(wire, wired, store):
    create_things(store, 30_000)
    rows = wired.stream("MATCH (t:Thing) RETURN t.id, t.name")
    next(rows)
    wire.cut()
    with pytest.raises(StoreDown):
        list(rows)
