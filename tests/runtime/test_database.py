"""Opening a private sqlite file: modes, what is refused, several processes at once, and what errors say."""

import errno
import os
import re
import sqlite3
import stat
import subprocess
import sys

import pytest
from llmspell_kernel.runtime import database
from llmspell_kernel.runtime.database import DatabaseFileError, Schema, database_errors, open_database

SCHEMA = Schema(1, ("CREATE TABLE notes (text BLOB NOT NULL)",))


@pytest.fixture
def path(tmp_path):
    return tmp_path / "folder" / "notes.sqlite"


@pytest.fixture
def opened(path):
    """A function that opens the file; what it opened is closed after the test."""
    connections = []

    def open_it(schema=SCHEMA, busy_seconds=5.0):
        connections.append(open_database(path, schema, busy_seconds))
        return connections[-1]

    yield open_it
    for connection in connections:
        connection.close()


def test_folder_and_files_belong_to_the_user_alone(path, opened):
    opened().execute("INSERT INTO notes VALUES (x'00')")
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_a_file_and_folder_that_others_could_read_are_made_private(path, opened):
    opened().close()
    path.chmod(0o644)
    path.parent.chmod(0o755)
    opened()
    assert (stat.S_IMODE(path.stat().st_mode), stat.S_IMODE(path.parent.stat().st_mode)) == (0o600, 0o700)


def test_a_file_that_is_there_is_opened_with_what_it_holds(opened):
    opened().execute("INSERT INTO notes VALUES (x'01')")
    assert opened().execute("SELECT text FROM notes").fetchall() == [(b"\x01",)]


@pytest.mark.parametrize("target", ["elsewhere", "missing"])
def test_a_link_in_place_of_the_file_is_refused(path, opened, target):
    path.parent.mkdir()
    (path.parent / "elsewhere").touch()
    path.symlink_to(path.parent / target)
    with pytest.raises(DatabaseFileError, match=rf"{re.escape(str(path))}: expected a regular file"):
        opened()
    assert not (path.parent / "missing").exists()


def test_a_link_in_place_of_the_folder_is_refused(path, opened, tmp_path):
    (tmp_path / "elsewhere").mkdir()
    path.parent.symlink_to(tmp_path / "elsewhere")
    with pytest.raises(DatabaseFileError, match=rf"{re.escape(str(path.parent))}: expected a folder"):
        opened()


def test_a_newer_schema_is_refused_and_left_as_it_is(path, opened):
    opened(Schema(7, SCHEMA.statements)).close()
    with pytest.raises(DatabaseFileError, match=rf"{re.escape(str(path))} was written by a newer version .*schema 7"):
        opened()
    assert opened(Schema(7, ())).execute("PRAGMA user_version").fetchone() == (7,)


def test_a_file_that_is_no_database_is_named_with_what_to_do(path, opened):
    path.parent.mkdir()
    path.write_bytes(b"no database" * 100)
    with pytest.raises(DatabaseFileError, match=rf"{re.escape(str(path))}: file is not a database; move it away"):
        opened()


def test_a_lock_held_too_long_is_told_as_such(path, opened):
    opened().execute("BEGIN IMMEDIATE")
    waiting = opened(busy_seconds=0)
    with (
        pytest.raises(DatabaseFileError, match=rf"{re.escape(str(path))} is in use by another process"),
        database_errors(path, 0),
    ):
        waiting.execute("BEGIN IMMEDIATE")


@pytest.mark.parametrize(
    ("code", "told"),
    [
        (sqlite3.SQLITE_FULL, "the disk is full"),
        (sqlite3.SQLITE_IOERR_WRITE, "a limit on the size of files"),
        (sqlite3.SQLITE_CORRUPT, "move it away"),
        (sqlite3.SQLITE_READONLY, "as sqlite says it"),
    ],
)
def test_errors_of_sqlite_are_told_for_a_person(path, code, told):
    error = sqlite3.OperationalError("as sqlite says it")
    error.sqlite_errorcode = code
    with pytest.raises(DatabaseFileError, match=rf"{re.escape(str(path))}.*{told}"), database_errors(path, 1):
        raise error


def test_errors_of_the_system_are_told_with_the_file(path):
    with pytest.raises(DatabaseFileError, match=re.escape(str(path))), database_errors(path, 1):
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_another_process_that_is_just_making_the_file_is_waited_for(path, opened, monkeypatch):
    path.parent.mkdir()
    other = sqlite3.connect(path, isolation_level=None)
    other.execute("BEGIN IMMEDIATE")
    monkeypatch.setattr(database.time, "sleep", lambda _: other.execute("COMMIT"))
    opened().execute("INSERT INTO notes VALUES (x'00')")
    other.close()


FIRST_OPENERS = """
import multiprocessing, sys
from pathlib import Path
from llmspell_kernel.runtime.database import Schema, open_database

schema = Schema(1, ("CREATE TABLE notes (text BLOB NOT NULL)",))

def open_and_write(path, together):
    together.wait()
    open_database(path, schema, 20).execute("INSERT INTO notes VALUES (x'00')")

if __name__ == "__main__":
    for attempt in range(5):
        path = Path(sys.argv[1]) / str(attempt) / "notes.sqlite"
        together = multiprocessing.Barrier(6)
        openers = [multiprocessing.Process(target=open_and_write, args=(path, together)) for _ in range(6)]
        for opener in openers:
            opener.start()
        for opener in openers:
            opener.join()
        print(*(opener.exitcode for opener in openers))
"""


def test_processes_that_open_a_new_file_at_once_all_get_it(tmp_path):
    script = tmp_path / "openers.py"
    script.write_text(FIRST_OPENERS)
    done = subprocess.run([sys.executable, script, tmp_path], capture_output=True, text=True, timeout=100, check=False)
    assert done.stdout.splitlines() == ["0 0 0 0 0 0"] * 5, done.stderr
    for attempt in range(5):
        connection = open_database(tmp_path / str(attempt) / "notes.sqlite", SCHEMA, 5)
        assert connection.execute("SELECT count(*) FROM notes").fetchone() == (6,)
        connection.close()
