"""Starting a kernel and sharing a running one. Small programs act as the starting kernel."""

import subprocess
import sys
import threading
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelStartError, find_or_start_kernel, start_kernel
from llmspell_kernel.client.process import is_running
from llmspell_kernel.protocol.connection import ConnectionInfo, kernels_directory, write_connection_file


@pytest.fixture(autouse=True)
def outside_of_projects(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The fake kernels belong to no project."""
    monkeypatch.chdir(tmp_path)


def program(text: str) -> list[str]:
    return [sys.executable, "-c", text]


def announcing(path: Path) -> list[str]:
    """A program that announces a connection file as a kernel does when it is ready."""
    return program(f"import json; print(json.dumps({{'connection_file': {str(path)!r}}}), flush=True)")


def test_started_kernel_is_the_one_that_it_announced(fake_kernel: Any) -> None:
    path = write_connection_file(fake_kernel.info)
    assert start_kernel(command=announcing(path)) == fake_kernel.info


def test_kernel_that_fails_shows_the_end_of_its_stderr(llmspell_home: Path) -> None:
    with pytest.raises(KernelStartError) as caught:
        start_kernel(command=program("import sys; sys.exit('no port is free')"))
    assert "ended with exit code 1 before it was ready" in str(caught.value)
    assert str(caught.value).endswith("no port is free")
    assert str(llmspell_home / "logs") in str(caught.value)


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit for the size of files")
def test_disk_without_room_is_the_reason_of_a_kernel_that_could_say_nothing(llmspell_home: Path) -> None:
    code = """
import resource
from llmspell_kernel.client import KernelStartError, start_kernel
resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))  # stands for a full disk: nothing can be written
try:
    start_kernel()
except KernelStartError as error:
    print(error)
"""
    told = subprocess.run(program(code), check=True, timeout=60, capture_output=True, text=True).stdout
    assert "cannot be written: File too large" in told


def test_only_the_end_of_a_long_stderr_is_shown() -> None:
    with pytest.raises(KernelStartError) as caught:
        start_kernel(command=program("import sys; sys.exit('x' * 100_000 + 'the end')"))
    assert str(caught.value).endswith("the end")
    assert len(str(caught.value)) < 6_000


def test_kernel_that_does_not_get_ready_is_ended(tmp_path: Path) -> None:
    pid_file = tmp_path / "pid"
    text = f"import os, time; open({str(pid_file)!r}, 'w').write(str(os.getpid())); time.sleep(60)"
    with pytest.raises(KernelStartError, match=r"did not say within 2 s that it is ready"):
        start_kernel(command=program(text), timeout=2)
    assert not is_running(int(pid_file.read_text()))


def test_first_line_that_is_no_announcement_is_shown() -> None:
    with pytest.raises(KernelStartError, match=r"first line is not the announced JSON.*'hello'"):
        start_kernel(command=program("print('hello')"))


def test_announced_file_that_does_not_exist_is_named(tmp_path: Path) -> None:
    with pytest.raises(KernelStartError, match=r"gone\.json: no such connection file"):
        start_kernel(command=announcing(tmp_path / "gone.json"))


def test_program_that_cannot_be_started_is_named() -> None:
    with pytest.raises(KernelStartError, match="/nonexistent/python: No such file"):
        start_kernel(command=["/nonexistent/python"])


def test_old_logs_are_removed(llmspell_home: Path) -> None:
    for _ in range(13):
        with pytest.raises(KernelStartError):
            start_kernel(command=["/nonexistent/python"])
    assert len(list((llmspell_home / "logs").iterdir())) == 10


def test_running_kernel_is_shared(fake_kernel: Any) -> None:
    write_connection_file(fake_kernel.info)
    assert find_or_start_kernel(command=program("raise SystemExit('started')")) == fake_kernel.info


def test_kernel_is_started_when_none_runs(fake_kernel: Any, tmp_path: Path) -> None:
    path = write_connection_file(fake_kernel.info, tmp_path / "elsewhere.json")
    assert find_or_start_kernel(command=announcing(path)) == fake_kernel.info


def test_clients_that_start_at_once_share_one_kernel(
    fake_kernel: Any, tmp_path: Path, make_fake_kernel: Callable[..., Any]
) -> None:
    note = tmp_path / "starts"
    elsewhere = write_connection_file(fake_kernel.info, tmp_path / "draft.json")
    kernels_directory().mkdir(parents=True, mode=0o700)
    appear = kernels_directory() / f"llmspell-kernel-{fake_kernel.info.kernel_id}.json"
    command = program(
        f"import json, os; open({str(note)!r}, 'a').write('started\\n');"
        f"os.link({str(elsewhere)!r}, {str(appear)!r});"
        f"print(json.dumps({{'connection_file': {str(appear)!r}}}), flush=True)"
    )
    results: list[ConnectionInfo] = []
    threads = [threading.Thread(target=lambda: results.append(find_or_start_kernel(command=command))) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert results == [fake_kernel.info] * 4
    assert note.read_text() == "started\n"


def test_lock_of_a_failed_start_is_free_again(fake_kernel: Any) -> None:
    with pytest.raises(KernelStartError):
        find_or_start_kernel(command=program("raise SystemExit(3)"))
    path = write_connection_file(fake_kernel.info)
    assert find_or_start_kernel(command=announcing(path)) == fake_kernel.info


@pytest.mark.parametrize("folder", ["kernels", "logs"])
def test_file_in_the_place_of_a_folder_is_told(llmspell_home: Path, folder: str) -> None:
    llmspell_home.mkdir()
    (llmspell_home / folder).touch()
    with pytest.raises(KernelStartError, match=rf"{folder}: expected a folder, found a file"):
        find_or_start_kernel(command=program("raise SystemExit(3)"))
