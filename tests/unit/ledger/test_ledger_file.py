"""The ledger's file: private, durable, refused with words where it cannot be used, one owner."""

from __future__ import annotations

import os
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bulksender.errors import LedgerError, RunBusy
from bulksender.ledger import Ledger, RunState, ledger_path
from bulksender.ledger.schema import SCHEMA_VERSION

if TYPE_CHECKING:
    from conftest import Desk

OWNER = """
import sys, time
from pathlib import Path
from bulksender.ledger import Ledger
with Ledger(Path(sys.argv[1])) as ledger, ledger.owning(sys.argv[2]):
    print("owned", flush=True)
    time.sleep(60)
"""


def pragma(ledger: Ledger, name: str) -> object:
    with ledger.reading() as connection:
        return connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()


@contextmanager
def owning_elsewhere(path: Path, run_id: str) -> Iterator[subprocess.Popen[str]]:
    """Another process that owns a run, until it is killed."""
    command = [sys.executable, "-c", OWNER, str(path), run_id]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:
        try:
            assert child.stdout is not None
            assert child.stdout.readline() == "owned\n"
            yield child
        finally:
            child.kill()


@pytest.mark.skipif(os.name != "posix", reason="file modes are POSIX's")
def test_the_ledger_and_what_sqlite_puts_beside_it_are_their_owners_alone(tmp_path: Path) -> None:
    path = tmp_path / "new" / "folder" / "ledger.db"
    before = os.umask(0)
    try:
        with Ledger(path):
            modes = {file.name: file.stat().st_mode & 0o777 for file in path.parent.glob("ledger*")}
    finally:
        os.umask(before)
    assert modes == {"ledger.db": 0o600, "ledger.db-wal": 0o600, "ledger.db-shm": 0o600}


def test_a_commit_is_on_the_disk_when_it_returns(tmp_path: Path) -> None:
    with Ledger(tmp_path / "ledger.db") as ledger:
        assert pragma(ledger, "journal_mode") == "wal"
        assert pragma(ledger, "synchronous") == 2  # FULL
        assert pragma(ledger, "foreign_keys") == 1


@pytest.mark.parametrize("name", ["a b.db", "d#e.db", "a?b.db", "c%41.db", "ü.db", "x:y@z.db"])
def test_the_ledger_is_the_file_that_was_named_whatever_its_name(tmp_path: Path, name: str) -> None:
    if os.name == "nt" and set(name) & set('?:"'):
        pytest.skip("no such names there")
    with Ledger(tmp_path / name):
        pass
    assert [path.name for path in tmp_path.iterdir() if path.is_file()] == [name]
    with closing(sqlite3.connect(tmp_path / name)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (SCHEMA_VERSION,)


def test_a_ledger_keeps_its_runs_when_it_is_opened_again(desk: Desk) -> None:
    run = desk.plan(7)
    desk.ledger.close()
    with Ledger(desk.path) as ledger:
        found = ledger.run(run.id)
        assert (found.hash, found.job, found.facts) == (run.hash, run.job, run.facts)
        assert found.counts() == {"READY": 7}


def test_a_ledger_of_a_newer_bulksender_is_refused_and_left_as_it_is(tmp_path: Path) -> None:
    path = tmp_path / "ledger.db"
    with Ledger(path):
        pass
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 99")
    with pytest.raises(LedgerError, match="newer bulksender"):
        Ledger(path)
    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (99,)


def garbage(path: Path) -> None:
    path.write_bytes(b"name,mobile\nAda,+6591234567\n" * 400)


def folder(path: Path) -> None:
    path.mkdir()


def damaged(path: Path) -> None:
    """A SQLite file whose pages behind the first are overwritten."""
    with Ledger(path):
        pass
    content = path.read_bytes()
    path.write_bytes(content[:4096] + b"\x55" * (len(content) - 4096))


@pytest.mark.parametrize("make", [garbage, folder, damaged])
def test_a_file_that_is_no_ledger_is_refused_by_name(
    tmp_path: Path, make: Callable[[Path], None]
) -> None:
    path = tmp_path / "ledger.db"
    make(path)
    with pytest.raises(LedgerError) as raised, Ledger(path) as ledger:
        ledger.newest()
    assert str(path) in str(raised.value)
    assert "6591234567" not in str(raised.value)


def test_a_file_that_is_no_ledger_is_not_changed(tmp_path: Path) -> None:
    path = tmp_path / "contacts.csv"
    garbage(path)
    before = path.read_bytes()
    with pytest.raises(LedgerError):
        Ledger(path)
    assert path.read_bytes() == before


def test_a_place_that_cannot_be_is_refused_by_name(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("")
    with pytest.raises(LedgerError, match="cannot be created"):
        Ledger(tmp_path / "file" / "ledger.db")


@pytest.mark.parametrize(
    ("url", "path"),
    [
        ("ledger.db", "ledger.db"),
        ("/var/ledger.db", "/var/ledger.db"),
        ("sqlite:///ledger.db", "ledger.db"),
        ("sqlite:////var/ledger.db", "/var/ledger.db"),
    ],
)
def test_a_ledgers_url_means_a_file(url: str, path: str) -> None:
    assert ledger_path(url) == Path(path)


@pytest.mark.parametrize("url", ["postgresql://host/db", "sqlite://", "sqlite:///", "http://x/y"])
def test_a_url_that_is_no_sqlite_file_is_refused(url: str) -> None:
    with pytest.raises(LedgerError):
        ledger_path(url)


def test_a_scratch_ledger_leaves_nothing_behind() -> None:
    with Ledger.scratch() as ledger:
        path = ledger.path
        assert path.exists()
    assert not path.parent.exists()


def test_a_run_is_found_by_the_beginning_of_its_id(desk: Desk) -> None:
    run = desk.plan(1)
    assert desk.ledger.run(run.id).no == run.no
    assert desk.ledger.run(run.id[:6]).no == run.no


def test_the_beginning_of_several_ids_is_refused(desk: Desk) -> None:
    for _ in range(3):
        desk.plan(1)
    with pytest.raises(LedgerError, match="Several runs"):
        desk.ledger.run("")


@pytest.mark.parametrize("wrong", ["zzzzzzzzzzz", "%", "_", "'"])
def test_an_id_that_no_run_has_is_refused(desk: Desk, wrong: str) -> None:
    desk.plan(1)
    with pytest.raises(LedgerError, match="There is no run"):
        desk.ledger.run(wrong)


def test_the_newest_run_of_a_state_is_found(desk: Desk) -> None:
    desk.plan(1)
    second, third = desk.plan(1), desk.plan(1, approve=False)
    newest, sending = desk.ledger.newest(), desk.ledger.newest(RunState.SENDING)
    assert newest is not None
    assert sending is not None
    assert (newest.id, sending.id) == (third.id, second.id)
    assert desk.ledger.newest(RunState.FINISHED) is None


def test_a_run_that_another_process_owns_is_busy_until_that_one_is_killed(desk: Desk) -> None:
    run, other = desk.plan(1), desk.plan(1)
    with owning_elsewhere(desk.path, run.id) as child:
        with pytest.raises(RunBusy, match=run.id), desk.ledger.owning(run.id):
            pass
        with desk.ledger.owning(other.id):
            pass  # another run is free
        child.send_signal(signal.SIGKILL)
        child.wait()
        with desk.ledger.owning(run.id):
            pass


@pytest.mark.skipif(os.name != "posix", reason="links need rights elsewhere")
def test_a_run_is_busy_under_every_name_of_its_ledger(desk: Desk) -> None:
    run = desk.plan(1)
    link = desk.path.with_name("link.db")
    link.symlink_to(desk.path)
    with (
        owning_elsewhere(desk.path, run.id),
        Ledger(link) as ledger,
        pytest.raises(RunBusy),
        ledger.owning(run.id),
    ):
        pass


def test_a_run_can_be_owned_again_after_it_was_given_back(desk: Desk) -> None:
    run = desk.plan(1)
    for _ in range(2):
        with desk.ledger.owning(run.id), pytest.raises(RunBusy), desk.ledger.owning(run.id):
            pass


def test_a_plan_is_owned_while_it_is_made(desk: Desk) -> None:
    with desk.ledger.plan(desk.job()) as run:
        with pytest.raises(RunBusy), desk.ledger.owning(run.id):
            pass
        run.seal(desk.facts())
    with desk.ledger.owning(run.id):
        pass


def test_a_connection_that_an_interrupt_has_spoilt_is_replaced(desk: Desk) -> None:
    run = desk.plan(3)
    with desk.ledger.reading() as connection:
        connection.invalidate()  # as SQLAlchemy does when Ctrl-C comes in the middle of a statement
    assert desk.ledger.run(run.id).counts() == {"READY": 3}
    run.end()


_INTERRUPTED = """
import os, signal, sys, threading, time
from pathlib import Path
from bulksender.ledger import Ledger
from bulksender.model import Encoding, Message
from bulksender.settings import Job, SheetOptions

messages = [Message(n, f"+65{n:08}", "Hi " * 20, 1, Encoding.GSM7) for n in range(1, 300_000)]
began = threading.Event()

def interrupt():
    began.wait()
    time.sleep(0.2)
    os.kill(os.getpid(), signal.SIGINT)

threading.Thread(target=interrupt).start()
with Ledger(Path(sys.argv[1]), patience=5) as ledger:
    try:
        with ledger.plan(Job(sheet=SheetOptions(path="x.csv"), template="Hi")) as run:
            began.set()
            run.add(messages, [])
    except KeyboardInterrupt:
        print("interrupted", ledger.newest())
"""


def test_ctrl_c_in_the_middle_of_a_statement_leaves_no_lock_and_no_plan(tmp_path: Path) -> None:
    script = [sys.executable, "-c", _INTERRUPTED, str(tmp_path / "ledger.db")]
    ended = subprocess.run(script, capture_output=True, text=True, check=False)
    assert (ended.returncode, ended.stdout) == (0, "interrupted None\n"), ended.stderr


def test_a_snapshot_that_is_broken_off_is_over(desk: Desk) -> None:
    run = desk.plan(3)
    with pytest.raises(KeyboardInterrupt), desk.ledger.snapshot() as connection:
        connection.exec_driver_sql("SELECT * FROM message").fetchone()
        raise KeyboardInterrupt
    assert not desk.ledger.driver.in_transaction
    run.end()
