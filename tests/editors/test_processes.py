"""The bed's child processes end, whatever they do. Each test has a process of its own for it: a run ends all it has."""

from __future__ import annotations

import subprocess
import sys
import textwrap
from pathlib import Path

HERE = Path(__file__).parent


def in_a_process(body: str, temporary: Path) -> str:
    """What a program prints that has `processes` and `bed` imported and the paths `tmp` and `log`."""
    head = f"""
    import os, subprocess, sys, time
    from pathlib import Path
    sys.path.insert(0, {str(HERE)!r})
    import bed, processes
    tmp = Path({str(temporary)!r}); log = tmp / "log"
    """
    program = textwrap.dedent(head) + textwrap.dedent(body)
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 0, done.stderr
    return done.stdout


def test_a_command_that_fails_shows_the_end_of_its_output(tmp_path: Path) -> None:
    printed = in_a_process(
        """
        try:
            processes.run("baking", ["sh", "-c", "echo no flour; exit 3"], limit=30, log=log)
        except processes.StepFailed as failure:
            print(failure)
        """,
        tmp_path,
    )
    assert printed == "baking: sh ended with exit code 3\n    no flour\n"


def test_a_command_that_does_not_end_is_ended_with_its_children(tmp_path: Path) -> None:
    printed = in_a_process(
        """
        try:
            processes.run("waiting", ["sh", "-c", "sleep 300 & sleep 300"], limit=0.3, log=log)
        except processes.StepFailed as failure:
            print(str(failure).strip())
        import psutil
        print([each for each in psutil.process_iter(["cmdline", "ppid"]) if each.info["ppid"] == os.getpid()])
        """,
        tmp_path,
    )
    assert printed == "waiting: not done after 0 s\n[]\n"


def test_a_process_that_left_its_parent_is_ended_with_the_rest(tmp_path: Path) -> None:
    printed = in_a_process(
        """
        processes.adopt_orphans()
        subprocess.run(["sh", "-c", "setsid sleep 300 >/dev/null 2>&1 &"], check=True)
        print(len(processes.end_descendants()), len(processes.end_descendants()))
        """,
        tmp_path,
    )
    assert printed == "1 0\n"


def test_a_server_that_ends_at_its_start_says_why(tmp_path: Path) -> None:
    printed = in_a_process(
        """
        command = ["sh", "-c", "echo port taken; exit 1"]
        where = {"port": processes.free_port(), "cwd": tmp, "env": dict(os.environ)}
        try:
            with processes.server("the oven", command, limit=30, log=log, **where):
                print("not reached")
        except processes.StepFailed as failure:
            print(failure)
        """,
        tmp_path,
    )
    assert printed == "the oven ended with exit code 1 at its start\n    port taken\n"


def test_a_machine_without_chromium_and_compilers_is_told_what_to_install(tmp_path: Path) -> None:
    (tmp_path / "npm").touch(mode=0o755)
    printed = in_a_process(
        """
        os.environ.pop("CI", None)
        os.environ["PATH"] = str(tmp)
        bed.FONT_FOLDERS = ()
        try:
            bed.prepare(tmp / "cache")
        except processes.StepFailed as failure:
            print(str(failure).splitlines()[1].strip())
        """,
        tmp_path,
    )
    assert printed == (
        "sudo apt-get update && sudo apt-get install -y --no-install-recommends chromium fonts-dejavu-core "
        "build-essential pkg-config libkrb5-dev libsecret-1-dev libx11-dev libxkbfile-dev\n"
    )
