"""The embedded store's server: one for all users of a folder, gone after the last, back after a crash."""

import os
import signal
import stat
import subprocess
import sys
import threading
import time
from contextlib import ExitStack
from pathlib import Path

import pytest

from graph.embedded import LOOPBACK, Files, attach, status
from graph.errors import StoreDown, StoreError
from graph.settings import Settings
from graph.store import Store, Touched


@pytest.fixture
def alone(tmp_path):
    """Settings of a store that no other test uses."""
    return Settings(
        data_dir=tmp_path,
        embedded_heap="512m",
        embedded_grace_seconds=0.3,
        store_down_seconds=20,  # a busy machine may need long to start a server
    )


def until(condition, seconds=20):
    deadline = time.monotonic() + seconds
    while not condition():
        assert time.monotonic() < deadline, "waited in vain"
        time.sleep(0.05)


def has_ended(pid):
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    # A server that this process has started stays in the table until it is reaped.
    return Path(f"/proc/{pid}/stat").exists() and " Z " in Path(f"/proc/{pid}/stat").read_text()


def kill_server(data_dir):
    pid = status(data_dir).state.pid
    os.kill(pid, signal.SIGKILL)
    until(lambda: has_ended(pid))


USER = """
import sys
from graph.settings import Settings
from graph.store import Store, Touched

with Store.open(Settings()) as store:
    {body}
"""


def another_process(settings, body, **options):
    environment = {
        **os.environ,
        "GUANXI_DATA_DIR": str(settings.data_dir),
        "GUANXI_EMBEDDED_HEAP": settings.embedded_heap,
        "GUANXI_EMBEDDED_GRACE_SECONDS": str(settings.embedded_grace_seconds),
        "GUANXI_STORE_DOWN_SECONDS": "20",
    }
    command = [sys.executable, "-c", USER.format(body=body)]
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, text=True, **options)  # noqa: S603


def test_processes_share_one_server_that_ends_after_the_last(alone):
    with Store.open(alone) as store:
        pid = status(alone.data_dir).state.pid
        store.write(lambda tx: tx.execute("CREATE (:Note {text: 'from here'})"))
        other = another_process(
            alone,
            "print(store.read('MATCH (n:Note) RETURN n.text AS t')[0]['t'], flush=True); sys.stdin.readline()",
            stdin=subprocess.PIPE,
        )
        assert other.stdout.readline() == "from here\n"
        assert status(alone.data_dir).state.pid == pid
    time.sleep(1.5)  # well beyond the grace time
    assert status(alone.data_dir).running
    other.communicate("done\n")
    until(lambda: has_ended(pid))
    assert not status(alone.data_dir).running
    with Store.open(alone) as store:  # what was written outlives the server
        assert store.read("MATCH (n:Note) RETURN n.text AS t") == [{"t": "from here"}]


def test_a_user_that_is_killed_does_not_keep_the_server(alone):
    with another_process(
        alone, "print('in', flush=True); sys.stdin.readline()", stdin=subprocess.PIPE
    ) as user:
        assert user.stdout.readline() == "in\n"
        pid = status(alone.data_dir).state.pid
        user.kill()
    until(lambda: has_ended(pid))


def test_users_that_come_at_once_start_one_server(alone):
    body = (
        "from graph.embedded import status; print(status(Settings().data_dir).state.pid, flush=True); input()"
    )
    with ExitStack() as stack:
        users = [stack.enter_context(another_process(alone, body, stdin=subprocess.PIPE)) for _ in range(4)]
        pids = {user.stdout.readline() for user in users}
        for user in users:
            user.stdin.write("\n")
            user.stdin.close()
    assert len(pids) == 1
    assert Files.of(alone.data_dir).log.read_text().count("ArcadeDB Server started") == 1


def test_a_user_that_comes_while_the_server_ends_gets_a_new_one(alone):
    for _ in range(3):
        with Store.open(alone) as store:
            store.write(lambda tx: tx.execute("CREATE (:Note)"))
        time.sleep(alone.embedded_grace_seconds + 0.2)
    with Store.open(alone) as store:
        assert store.read("MATCH (n:Note) RETURN count(n) AS n") == [{"n": 3}]


def test_what_was_acknowledged_survives_a_kill_of_the_server(alone):
    """Kill -9 at a random moment of writing: every commit that was acknowledged is there, none is there in part."""
    acknowledged = []

    with Store.open(alone) as store:
        store.ensure_schema([], ["NEXT"])
        stop = threading.Event()

        def write():
            number = 0
            while not stop.is_set():
                number += 1

                def work(tx, number=number):
                    tx.execute(
                        "UNWIND range(1, 50) AS i CREATE (:Note {of: $n, i: i})-[:NEXT]->(:Note {of: $n})",
                        n=number,
                    )

                try:
                    store.commit(work, Touched([f"Note {number}"]))
                except StoreDown:
                    continue  # nobody can say whether it took place
                acknowledged.append(number)

        writer = threading.Thread(target=write)
        writer.start()
        for _ in range(3):
            so_far = len(acknowledged)
            until(lambda so_far=so_far: len(acknowledged) > so_far + 5)
            kill_server(alone.data_dir)
        so_far = len(acknowledged)
        until(lambda: len(acknowledged) > so_far)
        stop.set()
        writer.join(30)

        counts = {
            row["of"]: row["n"] for row in store.read("MATCH (n:Note) RETURN n.of AS of, count(n) AS n")
        }
        edges = {
            row["of"]: row["n"]
            for row in store.read("MATCH (n:Note)-[:NEXT]->() RETURN n.of AS of, count(n) AS n")
        }
        commits = store.commits_since(0)
    assert set(acknowledged) <= counts.keys()
    assert set(counts.values()) == {100}
    assert edges == dict.fromkeys(counts, 50)
    assert [c.version for c in commits] == list(range(1, len(commits) + 1))
    assert sorted(c.touched.nodes[0] for c in commits) == sorted(f"Note {n}" for n in counts)


def test_a_crash_while_nobody_is_there_is_recovered_from(alone):
    with Store.open(alone) as store:
        store.write(lambda tx: tx.execute("CREATE (:Note {text: 'kept'})"))
        kill_server(alone.data_dir)
    until(lambda: not status(alone.data_dir).running)  # its last threads may hold its lock for a moment
    assert Files.of(alone.data_dir).state.exists()  # the dead server's word
    with Store.open(alone) as store:
        assert store.read("MATCH (n:Note) RETURN n.text AS t") == [{"t": "kept"}]


def test_a_server_that_is_asked_to_end_does_so_in_order(alone):
    with Store.open(alone) as store:
        pid = status(alone.data_dir).state.pid
        store.write(lambda tx: tx.execute("CREATE (:Note)"))
        os.kill(pid, signal.SIGTERM)
        until(lambda: has_ended(pid))
        assert store.read("MATCH (n:Note) RETURN count(n) AS n") == [{"n": 1}]  # and is back when needed
        assert status(alone.data_dir).state.pid != pid


def test_secrets_are_for_the_owner_alone(alone):
    with attach(alone) as embedded:
        files = Files.of(alone.data_dir)
        assert stat.S_IMODE(files.password.stat().st_mode) == 0o600
        assert stat.S_IMODE(files.root.stat().st_mode) == 0o700
        assert len(embedded.auth[1]) >= 32
        assert embedded.auth[1] not in files.log.read_text()
        assert embedded.auth[1] not in Path(f"/proc/{status(alone.data_dir).state.pid}/cmdline").read_text()


def test_a_wrong_password_is_no_reason_to_try_again(alone):
    with attach(alone) as embedded:
        wrong = Settings(store_uri=embedded.uri, store_user="root", store_password="wrong")
        began = time.monotonic()
        with Store.open(wrong) as store, pytest.raises(StoreError, match="refuses the user"):
            store.version()
        assert time.monotonic() - began < 2


def listening_addresses(pid):
    """Addresses that a process listens on, from the kernel's tables."""
    sockets = {str(entry.readlink()) for entry in Path(f"/proc/{pid}/fd").iterdir() if entry.is_symlink()}
    found = set()
    for table in ("tcp", "tcp6"):
        for line in Path(f"/proc/{pid}/net/{table}").read_text().splitlines()[1:]:
            columns = line.split()
            if columns[3] == "0A" and f"socket:[{columns[9]}]" in sockets:
                found.add(columns[1].split(":")[0])
    return found


@pytest.mark.skipif(sys.platform != "linux", reason="reads the kernel's tables of sockets")
def test_the_server_listens_on_loopback_only(alone):
    with attach(alone) as embedded:
        addresses = listening_addresses(status(alone.data_dir).state.pid)
        assert embedded.uri.startswith(f"bolt://{LOOPBACK}:")
    assert addresses
    assert addresses <= {"0100007F", "0000000000000000FFFF00000100007F"}


def test_a_server_that_cannot_start_says_why(alone):
    files = Files.of(alone.data_dir)
    (files.root / "databases").write_text("in the way")
    began = time.monotonic()
    with pytest.raises(StoreDown) as caught:
        attach(alone)
    assert time.monotonic() - began < alone.embedded_start_seconds
    assert str(files.log) in caught.value.hint
    assert "databases" in caught.value.message


def test_the_status_of_no_store(alone):
    found = status(alone.data_dir)
    assert (found.running, found.uri, found.state) == (False, "", None)
    assert not found.log.exists()
