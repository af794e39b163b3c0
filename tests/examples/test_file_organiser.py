"""The file organiser: what it plans, moves, keeps and takes back, and what it says of wrong arguments."""

import os
import re
import signal
import subprocess

import pytest


@pytest.fixture
def organiser(application):
    return application("10_file_organiser")


def files_of(folder):
    return {str(path.relative_to(folder)): path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def folders_of(folder):
    return {str(path.relative_to(folder)) for path in folder.rglob("*") if path.is_dir()}


WAYS = {
    "kind": {
        "other/NOTES",
        "programs/hello.lua",
        "documents/invoice-0042 (copy).txt",
        "documents/invoice-0042.txt",
        "documents/kick-off.md",
        "documents/lisbon.txt",
        "tables/sales.csv",
        "images/square.svg",
    },
    "content": {
        "other/NOTES",
        "other/hello.lua",
        "duplicates/invoice-0042 (copy).txt",
        "invoices/invoice-0042.txt",
        "meetings/kick-off.md",
        "travel/lisbon.txt",
        "other/sales.csv",
        "other/square.svg",
    },
    "date": {
        "2021/2021-03/NOTES",
        "2021/2021-03/hello.lua",
        "2021/2021-03/invoice-0042 (copy).txt",
        "2021/2021-03/invoice-0042.txt",
        "2021/2021-03/kick-off.md",
        "2021/2021-03/lisbon.txt",
        "2021/2021-03/sales.csv",
        "2021/2021-03/square.svg",
    },
}
IN_MARCH_2021 = 1615800000
STAYS = "letters/keep.txt"


@pytest.mark.parametrize("by", WAYS)
def test_it_moves_what_it_has_planned_and_takes_it_back(organiser, by):
    run, folder = organiser
    inbox = folder / "inbox"
    for path in inbox.iterdir():
        os.utime(path, (IN_MARCH_2021, IN_MARCH_2021))
    before, folders = files_of(inbox), folders_of(inbox)

    planned = run("plan", "inbox", "--by", by)
    assert planned.returncode == 0
    assert set(re.findall(r"-> (.*)", planned.stdout)) == WAYS[by]
    assert files_of(inbox) == before

    applied = run("apply", "inbox", "--by", by)
    assert (applied.returncode, applied.stderr) == (0, "")
    assert applied.stdout.startswith("8 of 8 files moved")
    after = files_of(inbox)
    assert set(after) == WAYS[by] | {STAYS}
    assert sorted(after.values()) == sorted(before.values())

    undone = run("undo", "inbox")
    assert (undone.returncode, undone.stdout) == (0, "8 of 8 files moved back\n")
    assert files_of(inbox) == before
    assert folders_of(inbox) == folders
    assert run("undo", "inbox").stdout.startswith("there is nothing to undo")


def test_runs_are_taken_back_one_by_one(organiser):
    run, folder = organiser
    run("apply", "inbox")
    (folder / "inbox" / "late.csv").write_text("a\n")
    run("apply", "inbox")
    assert len(re.findall("^2.*files$", run("log", "inbox").stdout, re.MULTILINE)) == 2
    assert run("undo", "inbox").stdout == "1 of 1 files moved back\n"
    assert (folder / "inbox" / "late.csv").read_text() == "a\n"
    assert run("undo", "inbox").stdout == "8 of 8 files moved back\n"
    assert run("log", "inbox").stdout.startswith("no run has moved files")


def test_what_is_there_is_not_overwritten(organiser):
    run, folder = organiser
    target = folder / "inbox" / "tables"
    target.mkdir()
    (target / "sales.csv").write_text("older\n")
    assert run("apply", "inbox").returncode == 0
    assert (target / "sales.csv").read_text() == "older\n"
    assert (target / "sales (2).csv").read_text().startswith("region")


def test_a_file_that_has_taken_the_old_place_is_kept_and_the_rest_is_moved_back(organiser):
    run, folder = organiser
    run("apply", "inbox")
    (folder / "inbox" / "sales.csv").write_text("new\n")
    undone = run("undo", "inbox")
    assert undone.returncode == 1
    assert undone.stdout.startswith("7 of 8 files moved back\n")
    assert "sales.csv is there already" in undone.stdout
    assert (folder / "inbox" / "sales.csv").read_text() == "new\n"
    (folder / "inbox" / "sales.csv").unlink()
    assert run("undo", "inbox").stdout == "1 of 1 files moved back\n"


def test_folders_are_made_elsewhere_when_asked(organiser):
    run, folder = organiser
    assert run("apply", "inbox", "--into", "sorted").returncode == 0
    assert set(files_of(folder / "sorted")) == WAYS["kind"]
    assert set(files_of(folder / "inbox")) == {STAYS}


def test_a_run_that_is_killed_can_be_taken_back(organiser, command):
    run, folder = organiser
    inbox = folder / "inbox"
    for number in range(300):
        (inbox / f"{number}.csv").write_text(str(number))
    before = files_of(inbox)
    process = subprocess.Popen(
        [command, "run", "main.lua", "--", "apply", "inbox", "--log", "info"],
        cwd=folder,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.PIPE,
        text=True,
    )
    for _ in range(20):
        assert "moved" in process.stderr.readline()
    process.send_signal(signal.SIGKILL)
    process.communicate(timeout=60)
    assert 20 <= len(set(before) - set(files_of(inbox))) < 308
    assert run("undo", "inbox").returncode == 0
    assert files_of(inbox) == before


def test_an_empty_folder_needs_no_move(organiser):
    run, folder = organiser
    (folder / "empty").mkdir()
    assert run("plan", "empty").stdout == "0 files to move\n"
    assert run("apply", "empty").stdout.startswith("0 of 0 files moved\n")
    assert run("log", "empty").stdout.startswith("no run has moved files")


WRONG = [
    ([], "which command?"),
    (["sort", "inbox"], "unknown command 'sort'"),
    (["plan"], "which folder?"),
    (["plan", "inbox", "other"], "'other' is too much"),
    (["plan", "inbox", "--by", "colour"], "--by: expected kind, date or content, got 'colour'"),
    (["plan", "inbox", "--log", "loud"], "--log: unknown level 'loud'"),
    (["plan", "inbox", "--to", "x"], "unknown option '--to'"),
    (["plan", "nosuch"], "'nosuch': no such file or folder"),
    (["plan", "main.lua"], "'main.lua' is no folder"),
    (["plan", "/etc"], "outside the allowed folders"),
]


@pytest.mark.parametrize(("arguments", "problem"), WRONG, ids=[problem for _, problem in WRONG])
def test_wrong_arguments_are_told_with_the_usage(organiser, arguments, problem):
    run, _ = organiser
    done = run(*arguments)
    assert (done.returncode, done.stdout) == (2, "")
    first, *rest = done.stderr.splitlines()
    assert first.startswith("organiser: ")
    assert problem in first
    assert rest[0].startswith("usage: ")
    assert "traceback" not in done.stderr
