"""What `file-watcher` sees. The changes come from another thread, again and again until the watching has ended."""

import threading
from contextlib import contextmanager

import pytest
from llmspell_kernel.runtime.tools import ToolContext, file_watcher, run_tool
from llmspell_kernel.runtime.tools.output import ToolError


@contextmanager
def meanwhile(change):
    over = threading.Event()

    def go_on():
        number = 0
        while not over.wait(0.03):
            number += 1
            change(number)

    thread = threading.Thread(target=go_on, daemon=True)
    thread.start()
    yield
    over.set()
    thread.join(10)


def watch(folder, **parameters):
    parameters = {"operation": "watch", "input": [str(folder)], "debounce_ms": 20, "timeout_seconds": 30, **parameters}
    return run_tool("file-watcher", parameters, ToolContext((folder.resolve(),)))["result"]["events"]


def test_a_new_file(tmp_path):
    with meanwhile(lambda number: (tmp_path / f"{number}.txt").write_text("x")):
        event = watch(tmp_path, max_events=1)[0]
    assert event["event_type"] == "created"
    assert event["path"].startswith(str(tmp_path))
    assert event["timestamp"].endswith("+00:00")


def test_a_file_that_changes(tmp_path):
    (tmp_path / "a").write_text("")
    with meanwhile(lambda number: (tmp_path / "a").write_text("x" * number)):
        assert [one["event_type"] for one in watch(tmp_path, max_events=2)] == ["modified", "modified"]


def test_a_file_that_is_removed(tmp_path):
    for number in range(1, 400):
        (tmp_path / str(number)).touch()
    with meanwhile(lambda number: (tmp_path / str(number)).unlink(missing_ok=True)):
        assert watch(tmp_path, max_events=1)[0]["event_type"] == "deleted"


def test_one_file(tmp_path):
    (tmp_path / "a").write_text("")

    def change(number):
        (tmp_path / "b").write_text(str(number))
        (tmp_path / "a").write_text("x" * number)

    with meanwhile(change):
        assert {one["path"] for one in watch(tmp_path, input=[str(tmp_path / "a")], max_events=2)} == {
            str(tmp_path / "a")
        }


def test_only_what_fits_the_pattern(tmp_path):
    def change(number):
        (tmp_path / f"{number}.txt").write_text("x")
        (tmp_path / f"{number}.lua").write_text("x")

    with meanwhile(change):
        assert watch(tmp_path, pattern="*.lua", max_events=1)[0]["path"].endswith(".lua")


@pytest.mark.parametrize(("recursive", "seen"), [(True, {"deep"}), (False, {"flat"})])
def test_what_is_below(tmp_path, recursive, seen):
    (tmp_path / "below").mkdir()
    (tmp_path / "below" / "deep").write_text("")
    (tmp_path / "flat").write_text("")

    def change(number):
        (tmp_path / "below" / "deep").write_text("x" * number)
        if not recursive:
            (tmp_path / "flat").write_text("x" * number)

    with meanwhile(change):
        events = watch(tmp_path, recursive=recursive, max_events=2)
    assert {one["path"].rpartition("/")[2] for one in events} == seen


def test_links_are_not_followed(tmp_path, outside):
    (tmp_path / "link").symlink_to(outside)
    with meanwhile(lambda number: (outside / str(number)).write_text("x")):
        assert watch(tmp_path, timeout_ms=300) == []


def test_more_files_than_can_be_watched(tmp_path, monkeypatch):
    monkeypatch.setattr(file_watcher, "MAX_ENTRIES", 2)
    for number in range(3):
        (tmp_path / str(number)).touch()
    with pytest.raises(ToolError, match="more than 2 files are not watched"):
        watch(tmp_path)
