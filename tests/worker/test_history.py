"""The execution history: what requests get, what is kept, what a faulty disk does to it, and several processes."""

import shutil
import sqlite3
import stat
import subprocess
import sys
import threading

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from llmspell_kernel.protocol.frames import pack
from llmspell_kernel.worker import history as history_module
from llmspell_kernel.worker import history_file, history_request
from llmspell_kernel.worker.history import History
from llmspell_kernel.worker.history_file import HistoryFile
from llmspell_kernel.worker.history_request import glob


@pytest.fixture
def path(tmp_path):
    return tmp_path / "projects" / "0123" / "history.sqlite"


@pytest.fixture
def warnings():
    return []


@pytest.fixture
def new_history(path, warnings):
    """A function that begins a session with the cells it is given (code, or code and output)."""
    begun = []

    def begin(*cells, at=path):
        history = History(at, warnings.append)
        begun.append(history)
        record(history, *cells)
        return history

    yield begin
    for history in begun:
        history.close(10)


def record(history, *cells, first=1):
    for number, cell in enumerate(cells, first):
        code, output = (cell, None) if isinstance(cell, str) else cell
        history.record(number, code)
        if output is not None:
            history.record_output(number, output)


def asked(history, hist_access_type, **fields):
    """The cells that a request gets."""
    reply = history.answer({"hist_access_type": hist_access_type, "raw": True, **fields})
    assert reply["status"] == "ok", reply
    return reply["history"]


def tail(history, n=100, **fields):
    return asked(history, "tail", n=n, **fields)


def codes(cells):
    return [cell[2] for cell in cells]


# What requests get ------------------------------------------------------------------------------------------

EARLIER = ("a = 1", ("print(a)", "1"), "a = 1")
LAST = ("b = 2", "a = 1")
CURRENT = (("c = 3", "3"), "return c")
ALL = [
    [1, 1, "a = 1"],
    [1, 2, "print(a)"],
    [1, 3, "a = 1"],
    [2, 1, "b = 2"],
    [2, 2, "a = 1"],
    [3, 1, "c = 3"],
    [3, 2, "return c"],
]


@pytest.fixture
def third_session(new_history):
    new_history(*EARLIER).close(10)
    new_history(*LAST).close(10)
    return new_history(*CURRENT)


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({"n": 0}, []),
        ({"n": 1}, ALL[-1:]),
        ({"n": 3}, ALL[-3:]),
        ({"n": 100}, ALL),
        ({"n": 10**30}, ALL),
        ({}, ALL),
        ({"n": None, "output": None, "raw": None}, ALL),
        ({"n": 1, "raw": False}, ALL[-1:]),
        ({"n": 2, "output": True}, [[3, 1, ["c = 3", "3"]], [3, 2, ["return c", None]]]),
    ],
)
def test_tail_has_the_newest_cells_oldest_first(third_session, fields, expected):
    assert asked(third_session, "tail", **fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ALL[5:]),
        ({"session": 0, "start": 0}, ALL[5:]),
        ({"session": 3}, ALL[5:]),
        ({"session": -1}, ALL[3:5]),
        ({"session": -2}, ALL[:3]),
        ({"session": -3}, []),
        ({"session": -(10**30)}, []),
        ({"session": 1}, ALL[:3]),
        ({"session": 4}, []),
        ({"session": 10**30}, []),
        ({"session": 1, "start": 2}, ALL[1:3]),
        ({"session": 1, "start": 2, "stop": 3}, ALL[1:2]),
        ({"session": 1, "start": 2, "stop": 2}, []),
        ({"session": 1, "start": 1, "stop": None}, ALL[:3]),
        ({"session": 1, "start": 1, "stop": 0}, ALL[:3]),
        ({"session": 1, "start": -1}, ALL[2:3]),
        ({"session": 1, "stop": -1}, ALL[:2]),
        ({"start": -1}, ALL[6:]),
        ({"start": -100}, ALL[5:]),
        ({"session": 1, "start": 2, "stop": 3, "output": True}, [[1, 2, ["print(a)", "1"]]]),
    ],
)
def test_range_has_the_cells_of_one_session(third_session, fields, expected):
    assert asked(third_session, "range", **fields) == expected


@pytest.mark.parametrize(
    ("fields", "expected"),
    [
        ({}, ALL),
        ({"pattern": None}, ALL),
        ({"pattern": "*"}, ALL),
        ({"pattern": "print*"}, ALL[1:2]),
        ({"pattern": "*(a)"}, ALL[1:2]),
        ({"pattern": "a"}, []),
        ({"pattern": "A = 1"}, []),
        ({"pattern": "? = 2"}, ALL[3:4]),
        ({"pattern": "[bc]*"}, [ALL[3], ALL[5]]),
        ({"pattern": "[^a-c]*"}, [ALL[1], ALL[6]]),
        ({"pattern": "*=*", "n": 2}, [ALL[4], ALL[5]]),
        ({"pattern": "*=*", "n": 0}, []),
        ({"pattern": "a = *", "unique": True}, ALL[4:5]),
        ({"pattern": "*=*", "unique": True}, ALL[3:6]),
        ({"pattern": "*=*", "unique": True, "n": 2}, ALL[4:6]),
        ({"pattern": "a = *", "unique": False}, [ALL[0], ALL[2], ALL[4]]),
        ({"pattern": "c*", "output": True}, [[3, 1, ["c = 3", "3"]]]),
    ],
)
def test_search_has_the_cells_that_match(third_session, fields, expected):
    assert asked(third_session, "search", **fields) == expected


@pytest.mark.parametrize(
    ("field", "content"),
    [
        ("hist_access_type", {}),
        ("hist_access_type", {"hist_access_type": None}),
        ("hist_access_type", {"hist_access_type": "all"}),
        ("hist_access_type", {"hist_access_type": ["tail"]}),
        ("n", {"hist_access_type": "tail", "n": -1}),
        ("n", {"hist_access_type": "tail", "n": "1"}),
        ("n", {"hist_access_type": "tail", "n": 1.5}),
        ("n", {"hist_access_type": "tail", "n": True}),
        ("n", {"hist_access_type": "search", "pattern": "*", "n": {}}),
        ("output", {"hist_access_type": "tail", "n": 1, "output": 1}),
        ("raw", {"hist_access_type": "tail", "n": 1, "raw": "yes"}),
        ("session", {"hist_access_type": "range", "session": "0"}),
        ("start", {"hist_access_type": "range", "start": []}),
        ("stop", {"hist_access_type": "range", "stop": "end"}),
        ("pattern", {"hist_access_type": "search", "pattern": 1}),
        ("pattern", {"hist_access_type": "search", "pattern": "x" * 5000}),
        ("unique", {"hist_access_type": "search", "pattern": "*", "unique": 0}),
        ("hist_access_type", {"hist_access_type": "x" * 100_000}),
    ],
)
def test_a_faulty_request_is_refused_with_the_field(new_history, path, field, content):
    reply = new_history().answer(content)
    assert (reply["status"], reply["ename"]) == ("error", "RequestError")
    assert reply["evalue"].startswith(f"{field}: expected ")
    assert len(reply["evalue"]) < 200
    assert reply["traceback"] == [reply["evalue"]]
    assert not path.exists()


def test_tail_has_the_current_sessions_cells_last_as_in_ipython(new_history):
    first = new_history("of the first")
    tail(first)
    second = new_history("of the second")
    tail(second)
    assert codes(tail(first)) == ["of the second", "of the first"]
    assert codes(tail(second)) == ["of the first", "of the second"]


def test_before_its_first_cell_a_session_sees_those_before_it(new_history):
    new_history("earlier").close(10)
    session = new_history()
    assert codes(tail(session)) == ["earlier"]
    assert asked(session, "range", session=0) == []
    assert codes(asked(session, "range", session=-1)) == ["earlier"]


def test_a_project_without_history_has_none(new_history):
    assert tail(new_history()) == []


def test_sessions_at_the_same_time_have_numbers_of_their_own(new_history):
    numbers = [tail(new_history(name), 1)[0][0] for name in "abc"]
    assert numbers == [1, 2, 3]


def test_a_cell_recorded_again_is_another_one(new_history):
    session = new_history(("old", "result"))
    assert tail(session, output=True) == [[1, 1, ["old", "result"]]]
    record(session, "new")
    assert tail(session, output=True) == [[1, 1, ["new", None]]]


def test_an_output_that_comes_after_its_cell_was_written_is_added(new_history):
    session = new_history("slow")
    assert tail(session, output=True) == [[1, 1, ["slow", None]]]
    session.record_output(1, "at last")
    assert tail(session, output=True) == [[1, 1, ["slow", "at last"]]]


def test_an_output_of_a_cell_that_was_not_recorded_is_nobodys(new_history):
    session = new_history("one")
    session.record_output(7, "x")
    assert tail(session, output=True) == [[1, 1, ["one", None]]]


def test_cells_of_the_session_that_are_not_written_yet_are_answered(new_history, monkeypatch):
    session = new_history("written")
    tail(session)
    monkeypatch.setattr(HistoryFile, "write", lambda *_: (_ for _ in ()).throw(ZeroDivisionError))
    record(session, ("waits", "x"), first=2)
    assert tail(session, output=True) == [[1, 1, ["written", None]], [1, 2, ["waits", "x"]]]
    assert asked(session, "range", start=2) == [[1, 2, "waits"]]
    assert asked(session, "range", start=-1) == [[1, 2, "waits"]]
    assert asked(session, "search", pattern="w*", n=1) == [[1, 2, "waits"]]


# Limits -----------------------------------------------------------------------------------------------------


def test_long_code_and_output_are_cut_and_say_so(new_history, monkeypatch):
    monkeypatch.setattr(history_module, "MAX_CODE", 10)
    monkeypatch.setattr(history_module, "MAX_OUTPUT", 10)
    session = new_history(("x" * 10, "y" * 10), ("x" * 11, "y" * 11))
    assert [cell[2] for cell in tail(session, output=True)] == [
        ["x" * 10, "y" * 10],
        ["x" * 10 + "\n-- … (cut by the history: 11 characters)", "y" * 10 + " … (cut by the history: 11 characters)"],
    ]


def test_a_reply_has_no_more_cells_than_the_limit(new_history, monkeypatch):
    monkeypatch.setattr(history_request, "MAX_REPLY_CELLS", 2)
    session = new_history("a", "b", "c")
    assert codes(tail(session, 3)) == ["b", "c"]
    assert codes(asked(session, "search", pattern="*")) == ["b", "c"]
    assert codes(asked(session, "range")) == ["a", "b"]


def test_a_reply_has_no_more_text_than_the_limit(new_history, monkeypatch):
    monkeypatch.setattr(history_request, "MAX_REPLY_BYTES", 1000)
    session = new_history(*(name * 400 for name in "abc"))
    assert [code[0] for code in codes(tail(session))] == ["b", "c"]
    assert [code[0] for code in codes(asked(session, "range"))] == ["a", "b"]


def test_the_largest_reply_fits_in_a_frame(new_history):
    session = new_history(*("\0" * history_module.MAX_CODE for _ in range(10)))
    cells = tail(session)
    assert len(cells) == 7
    assert pack({"type": "reply"}, {"history": cells})


def test_the_oldest_cells_are_forgotten_when_there_are_many(new_history, monkeypatch):
    monkeypatch.setattr(history_file, "MAX_CELLS", 4)
    new_history("a", "b", "c").close(10)
    session = new_history("d", "e")
    assert codes(tail(session)) == ["b", "c", "d", "e"]
    assert asked(session, "range", session=-1, start=0) == [[1, 2, "b"], [1, 3, "c"]]


def test_the_oldest_cells_are_forgotten_when_they_take_much_room(new_history, monkeypatch):
    monkeypatch.setattr(history_file, "MAX_FILE_BYTES", 200_000)
    for _ in range(5):
        session = new_history(*(f"{number} " + "x" * 10_000 for number in range(10)))
        session.close(10)
    kept = tail(new_history())
    assert 1 < len(kept) < 20
    assert kept[-1][:2] == [5, 10]


def test_a_session_number_is_not_given_twice_when_all_its_cells_are_forgotten(new_history, monkeypatch):
    monkeypatch.setattr(history_file, "MAX_CELLS", 1)
    first = new_history("a")
    tail(first)
    new_history("b").close(10)
    record(first, "c", first=2)
    first.close(10)
    assert tail(new_history("d")) == [[3, 1, "d"]]


def test_what_waits_is_limited_and_told(new_history, path, warnings, monkeypatch):
    monkeypatch.setattr(history_module, "MAX_WAITING", 3)
    path.parent.mkdir(parents=True)
    path.write_bytes(b"no database" * 100)
    session = new_history("a", "b", "c", "d", "e")
    assert codes(tail(session)) == ["c", "d", "e"]
    (told,) = [text for text in warnings if "too many cells" in text]
    assert str(path) in told
    path.unlink()


def test_what_is_remembered_of_a_session_is_limited(new_history, monkeypatch):
    monkeypatch.setattr(history_module, "MAX_REMEMBERED", 3)
    session = new_history("a", "b", "c", "d", "e")
    assert codes(tail(session)) == ["a", "b", "c", "d", "e"]
    assert sorted(session._memory.records) == [3, 4, 5]


def test_a_cell_that_is_larger_than_what_is_remembered_still_gets_its_output(new_history, monkeypatch):
    monkeypatch.setattr(history_module, "MAX_REMEMBERED_CHARACTERS", 3)
    session = new_history("a", "large")
    tail(session)
    session.record_output(2, "x")
    assert tail(session, output=True)[-1] == [1, 2, ["large", "x"]]


# The thread and the file ------------------------------------------------------------------------------------


def test_nothing_is_made_before_it_is_needed(new_history, path):
    new_history()
    assert not path.parent.exists()
    assert not any(thread.name == "llmspell-history" for thread in threading.enumerate())


def test_file_and_folder_belong_to_the_user_alone(new_history, path):
    tail(new_history("x = 1"))
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700
    assert {stat.S_IMODE(file.stat().st_mode) for file in path.parent.iterdir()} == {0o600}


def test_what_waits_is_written_in_one_go_by_another_thread(new_history, monkeypatch):
    written = []
    write = HistoryFile.write

    def watched(file, records):
        written.append((threading.get_ident(), len(records)))
        write(file, records)

    monkeypatch.setattr(HistoryFile, "write", watched)
    monkeypatch.setattr(history_module, "GATHER_SECONDS", 60)
    session = new_history(*("x" for _ in range(100)))
    session.close(10)
    ((thread, count),) = written
    assert count == 100
    assert thread != threading.get_ident()


def test_after_close_a_session_answers_from_its_memory(new_history):
    new_history("earlier").close(10)
    session = new_history("a")
    session.close(10)
    record(session, "b", first=2)
    assert codes(tail(session)) == ["a", "b"]
    reply = session.answer({"hist_access_type": "range", "session": -1})
    assert (reply["ename"], reply["evalue"]) == ("HistoryError", f"{session._path} is closed")


def test_a_thread_that_cannot_be_started_is_told_and_the_memory_answers(new_history, path, warnings, monkeypatch):
    def refuse(_thread):
        raise RuntimeError("can't start new thread")

    with monkeypatch.context() as patched:
        patched.setattr(threading.Thread, "start", refuse)
        session = new_history("a", "b")
        assert codes(tail(session)) == ["a", "b"]
        assert warnings == [f"history: {path} is not written: can't start new thread"]
    record(session, "c", first=3)
    session.close(10)
    assert codes(tail(new_history())) == ["a", "b", "c"]


def test_a_file_that_does_not_answer_in_time_is_not_waited_for(new_history, monkeypatch):
    let_go = threading.Event()
    session = new_history("a")
    monkeypatch.setattr(HistoryFile, "connect", lambda _file: let_go.wait(20))
    monkeypatch.setattr(history_module, "ANSWER_SECONDS", 0.05)
    record(session, "b", first=2)
    assert codes(tail(session)) == ["a", "b"]
    reply = session.answer({"hist_access_type": "range", "session": 9})
    assert reply["evalue"].startswith(f"{session._path} was not read within")
    monkeypatch.undo()
    let_go.set()


def test_a_search_that_takes_too_long_is_an_error(new_history, monkeypatch):
    monkeypatch.setattr(history_module, "_READ_SECONDS", -1)
    reply = new_history("a").answer({"hist_access_type": "search", "pattern": "*"})
    assert (reply["status"], reply["ename"]) == ("error", "HistoryError")
    assert "ask for fewer cells with 'n'" in reply["evalue"]


# Faults -----------------------------------------------------------------------------------------------------


def garbage(path):
    path.write_bytes(b"no database" * 100)
    return path.unlink


def lock(path):
    HistoryFile(path, lambda: None).connect().close()
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("BEGIN IMMEDIATE")
    return holder.close


def lock_wholly(path):
    holder = sqlite3.connect(path, isolation_level=None)
    holder.execute("PRAGMA locking_mode = EXCLUSIVE")
    holder.execute("BEGIN EXCLUSIVE")
    return holder.close


def folder_instead(path):
    path.mkdir()
    return path.rmdir


def link_instead(path):
    path.symlink_to(path.parent / "elsewhere")
    return path.unlink


def file_instead_of_folder(path):
    path.parent.rmdir()
    path.parent.touch()
    return path.parent.unlink


def newer_schema(path):
    def set_version(version):
        connection = HistoryFile(path, lambda: None).connect() if version != 1 else sqlite3.connect(path)
        connection.execute(f"PRAGMA user_version = {version}")
        connection.close()

    set_version(99)
    return lambda: set_version(1)


FAULTS = [garbage, lock, lock_wholly, folder_instead, link_instead, file_instead_of_folder, newer_schema]


@pytest.mark.parametrize("fault", FAULTS, ids=lambda fault: fault.__name__)
def test_a_file_that_cannot_be_written_is_told_once_and_written_when_it_can(
    new_history, path, warnings, monkeypatch, fault
):
    monkeypatch.setattr(history_file, "BUSY_SECONDS", 0.05)
    path.parent.mkdir(parents=True, mode=0o700)
    repair = fault(path)
    try:
        session = new_history("a", ("b", "2"), "c")
        assert tail(session, 2, output=True) == [[0, 2, ["b", "2"]], [0, 3, ["c", None]]]
        record(session, "d", first=4)
        assert codes(asked(session, "range", start=2)) == ["b", "c", "d"]
        assert codes(asked(session, "search", pattern="[ad]")) == ["a", "d"]
        assert len(warnings) == 1
        assert warnings[0].startswith("history: ")
        assert str(path.parent) in warnings[0]
    finally:
        repair()
    session.close(10)
    assert codes(tail(new_history())) == ["a", "b", "c", "d"]


def test_it_is_tried_again_without_being_asked(new_history, path, monkeypatch):
    written = threading.Event()
    write = HistoryFile.write

    def watched(file, records):
        write(file, records)
        written.set()

    monkeypatch.setattr(HistoryFile, "write", watched)
    monkeypatch.setattr(history_module, "RETRY_SECONDS", 0.05)
    path.parent.mkdir(parents=True)
    repair = garbage(path)
    tail(new_history("a"))
    repair()
    assert written.wait(20), "not written within 20 s of the repair"


def test_another_sessions_cells_are_an_error_when_the_file_cannot_be_read(new_history, path):
    path.parent.mkdir(parents=True)
    repair = garbage(path)
    reply = new_history("a").answer({"hist_access_type": "range", "session": -1})
    assert (reply["status"], reply["ename"]) == ("error", "HistoryError")
    assert f"{path}: file is not a database" in reply["evalue"]
    repair()


def remove_file(path):
    path.unlink()


def remove_folder(path):
    shutil.rmtree(path.parent)


def replace_folder(path):
    other = HistoryFile(path.parent.with_name("other") / path.name, lambda: None)
    other.write([history_file.Record(1, 0.0, "of another", None)])
    other.disconnect()
    shutil.rmtree(path.parent)
    other.path.parent.rename(path.parent)


@pytest.mark.parametrize(
    ("remove", "expected"),
    [
        (remove_file, [[1, 1, "a"], [1, 2, "b"]]),
        (remove_folder, [[1, 1, "a"], [1, 2, "b"]]),
        (replace_folder, [[1, 1, "of another"], [2, 1, "a"], [2, 2, "b"]]),
    ],
)
def test_a_file_that_is_taken_away_while_in_use_is_told_and_gets_the_sessions_cells(
    new_history, path, warnings, remove, expected
):
    session = new_history("a")
    tail(session)
    remove(path)
    record(session, "b", first=2)
    assert tail(session) == expected
    assert warnings == [
        f"history: {path} was removed or replaced while in use; this session's cells go to the new file"
    ]
    session.close(10)
    assert tail(new_history()) == expected


def test_a_full_disk_is_told_and_what_waited_is_written_when_there_is_room(new_history, path, warnings):
    session = new_history("a")
    tail(session)
    session._file.connect().execute("PRAGMA max_page_count = 8")  # what sqlite then says is what it says of a full disk
    record(session, "b" * 100_000, first=2)
    assert [code[0] for code in codes(tail(session))] == ["a", "b"]
    (told,) = warnings
    assert f"{path}: the disk is full" in told
    session.close(10)
    assert [code[0] for code in codes(tail(new_history()))] == ["a", "b"]


def test_a_fault_of_ours_is_told_and_the_history_goes_on(new_history, warnings, monkeypatch):
    with monkeypatch.context() as patched:
        patched.setattr(HistoryFile, "write", lambda _file, records: records[1000])
        session = new_history("a")
        assert codes(tail(session)) == ["a"]
        assert "internal error: IndexError" in warnings[0]
    session.close(10)
    assert codes(tail(new_history())) == ["a"]


FILE_SIZE_LIMIT = """
import resource, sys
from pathlib import Path
from llmspell_kernel.worker.history import History

history = History(Path(sys.argv[1]), lambda text: print("warned:", text))

def tail():
    reply = history.answer({"hist_access_type": "tail", "n": 100})
    return [code[:2] for _, _, code in reply["history"]]

for number in range(1, 4):
    history.record(number, str(number))
print(tail())
limit = resource.getrlimit(resource.RLIMIT_FSIZE)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(sys.argv[2]), limit[1]))
for number in range(4, 8):
    history.record(number, str(number) + " " * 50_000)
    tail()
print(tail())
resource.setrlimit(resource.RLIMIT_FSIZE, limit)
history.close(10)
print("closed")
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs a limit on the size of files")
@pytest.mark.parametrize("limit", [0, 4096, 60_000, 100_000])
def test_a_limit_on_the_size_of_files_is_told_and_nothing_is_lost(new_history, path, limit):
    done = subprocess.run(
        [sys.executable, "-c", FILE_SIZE_LIMIT, str(path), str(limit)],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    before, warned, after, closed = done.stdout.splitlines()
    assert before == "['1', '2', '3']"
    assert warned.startswith(f"warned: history: {path}: ")
    assert "a limit on the size of files" in warned
    assert after == "['1', '2', '3', '4 ', '5 ', '6 ', '7 ']"
    assert closed == "closed"
    assert [code[0] for code in codes(tail(new_history()))] == list("1234567")


READ_ONLY_FOLDER = """
import os, sys
from pathlib import Path
from llmspell_kernel.worker.history import History

import sqlite3  # before the user changes: another one need not be able to read the library
os.chdir(sys.argv[1])
is_root = os.geteuid() == 0  # whom no mode keeps out
os.chmod(".", 0o500)
if is_root:
    os.chown(".", 12345, 12345)
    os.seteuid(12345)
history = History(Path("history.sqlite"), lambda text: print("warned:", text))
history.record(1, "a")
print(history.answer({"hist_access_type": "tail", "n": 1}))
if is_root:
    os.seteuid(0)
    os.chown(".", 0, 0)
os.chmod(".", 0o700)
history.record(2, "b")
history.close(10)
print(os.path.exists("history.sqlite"))
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs the modes of files")
def test_a_folder_that_cannot_be_written_is_told(tmp_path):
    done = subprocess.run(
        [sys.executable, "-c", READ_ONLY_FOLDER, str(tmp_path)], capture_output=True, text=True, timeout=60, check=False
    )
    assert done.returncode == 0, done.stderr
    warned, answered, written = done.stdout.splitlines()
    assert warned.startswith("warned: history: history.sqlite: Permission denied.")
    assert answered == "{'status': 'ok', 'history': [[0, 1, 'a']]}"
    assert written == "True"


KILLED = """
import sys
from pathlib import Path
from llmspell_kernel.worker import history as history_module
from llmspell_kernel.worker.history import History

history_module.GATHER_SECONDS = 0.0
history = History(Path(sys.argv[1]), print)
number = 0
while True:
    number += 1
    history.record(number, f"cell {number} " + "x" * 5000)
    if number % 10 == 0:
        history.answer({"hist_access_type": "tail", "n": 1})
        print(number, flush=True)
"""


@pytest.mark.skipif(sys.platform == "win32", reason="needs kill -9")
def test_a_process_killed_while_it_writes_leaves_all_that_was_written(new_history, path):
    with subprocess.Popen([sys.executable, "-c", KILLED, str(path)], stdout=subprocess.PIPE, text=True) as writer:
        seen = [int(writer.stdout.readline()) for _ in range(20)]
        writer.kill()
        seen += [int(line) for line in writer.stdout.read().splitlines(keepends=True) if line.endswith("\n")]
    numbers = [number for _, number, _ in tail(new_history(), 10_000)]
    assert numbers == list(range(1, len(numbers) + 1))
    assert len(numbers) >= seen[-1]
    connection = sqlite3.connect(path)
    assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    connection.close()


WRITER = """
import sys
from pathlib import Path
from llmspell_kernel.worker.history import History

history = History(Path(sys.argv[1]), print)
for number in range(1, 201):
    history.record(number, f"{sys.argv[2]} {number}")
    history.record_output(number, f"result {number}")
    if number % 20 == 0:
        history.answer({"hist_access_type": "tail", "n": 1})
history.close(60)
"""


def test_processes_that_write_at_once_lose_nothing(new_history, path):
    writers = [
        subprocess.Popen(
            [sys.executable, "-c", WRITER, str(path), name], stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        for name in "abcd"
    ]
    for writer in writers:
        warned, errors = writer.communicate(timeout=100)
        assert (writer.returncode, warned) == (0, b""), errors
    reader = new_history()
    seen = set()
    for session in range(1, 5):
        cells = asked(reader, "range", session=session, output=True)
        name = cells[0][2][0].split()[0]
        seen.add(name)
        assert cells == [[session, n, [f"{name} {n}", f"result {n}"]] for n in range(1, 201)]
    assert seen == set("abcd")


# Any text and any pattern -----------------------------------------------------------------------------------

text = st.lists(st.integers(0, 0x10FFFF).map(chr) | st.sampled_from("\0\n\r\ud800\udc00\udfff\ufffe\uffff😀'\"%_"))
text = text.map("".join)


@given(code=text, output=st.none() | text)
@settings(max_examples=100, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_any_code_and_output_come_back_as_they_were(path, code, output):
    first = History(path, pytest.fail)
    record(first, (code, output))
    assert tail(first, 1, output=True)[0][1:] == [1, [code, output]]
    first.close(10)
    second = History(path, pytest.fail)
    assert tail(second, 1, output=True)[0][1:] == [1, [code, output]]
    literal = "".join(f"[{character}]" if character in "*?[" else character for character in code)
    assert code in codes(asked(second, "search", pattern=literal))
    second.close(10)


@given(pattern=st.text("ab-^]![*?é", max_size=12), code=st.text("ab-^]![*?é\n", max_size=12))
@settings(max_examples=1500, deadline=None)
def test_a_pattern_means_what_it_means_to_sqlite(pattern, code):
    connection = sqlite3.connect(":memory:")
    (matches,) = connection.execute("SELECT ? GLOB ?", (code, pattern)).fetchone()
    connection.close()
    assert (glob(pattern).match(code) is not None) == bool(matches)


def test_no_pattern_makes_a_search_go_back_and_forth():
    assert glob("*a" * 1000 + "b").match("a" * 100_000) is None
