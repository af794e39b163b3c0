"""Which connection files count as running kernels, and what is said about the others."""

import json
import socket
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelNotFoundError, discover_kernels, examine_kernel, find_kernel
from llmspell_kernel.protocol.connection import (
    ConnectionInfo,
    connection_file_path,
    kernels_directory,
    write_connection_file,
)

DEAD = ConnectionInfo(
    ip="127.0.0.1",
    shell_port=1,
    iopub_port=1,
    stdin_port=1,
    control_port=1,
    hb_port=1,
    key="key",
    kernel_id="dead",
    started="2026-01-02T03:04:05+00:00",
    ldp="1.0",
)


@pytest.fixture
def ended_pid() -> int:
    process = subprocess.Popen([sys.executable, "-c", ""])
    process.wait()
    return process.pid


@pytest.fixture
def mute_port() -> Iterator[int]:
    """A port where connections are taken and nothing is ever said."""
    with socket.create_server(("127.0.0.1", 0)) as server:
        yield server.getsockname()[1]


def test_no_kernels_folder_means_no_kernels() -> None:
    assert discover_kernels() == []


def test_answering_kernel_is_running(fake_kernel: Any) -> None:
    path = write_connection_file(fake_kernel.info)
    [found] = discover_kernels()
    assert (found.state, found.info, found.path) == ("running", fake_kernel.info, path)
    assert found.kernel_info == {"status": "ok"}


def test_file_of_a_dead_kernel_is_removed_with_a_reason(ended_pid: int) -> None:
    path = write_connection_file(DEAD._replace(pid=ended_pid))
    [found] = discover_kernels()
    assert found.state == "dead"
    assert found.reason == f"{path}: nothing listens at tcp://127.0.0.1:1 any more"
    assert not path.exists()


def test_reused_pid_does_not_revive_a_dead_kernel() -> None:
    write_connection_file(DEAD._replace(pid=1))
    assert [found.state for found in discover_kernels()] == ["dead"]


def test_dead_kernel_whose_port_is_taken_by_another_program_is_removed(ended_pid: int, mute_port: int) -> None:
    path = write_connection_file(
        DEAD._replace(pid=ended_pid, hb_port=mute_port, control_port=mute_port, shell_port=mute_port)
    )
    [found] = discover_kernels(timeout=0.2)
    assert (found.state, found.reason) == ("dead", f"{path}: its process (pid {ended_pid}) ended")
    assert not path.exists()


def test_kernel_that_hangs_is_kept_and_not_used(make_fake_kernel: Callable[..., Any]) -> None:
    kernel = make_fake_kernel(heartbeat=False)
    kernel.handlers.clear()
    path = write_connection_file(kernel.info)
    [found] = discover_kernels(timeout=0.2)
    assert (found.state, found.reason.split(": ", 1)[1]) == (
        "silent",
        "answers nothing within 0.2 s: it hangs, or another program has its ports",
    )
    assert path.exists()


def test_heartbeat_alone_is_not_believed(fake_kernel: Any) -> None:
    write_connection_file(fake_kernel.info._replace(key="a key that the kernel does not have"))
    [found] = discover_kernels(timeout=0.3)
    assert found.state == "silent"
    assert "answers the heartbeat but no signed request" in found.reason


def test_file_that_others_can_read_is_refused(fake_kernel: Any) -> None:
    path = write_connection_file(fake_kernel.info)
    path.chmod(0o644)
    [found] = discover_kernels()
    assert found.state == "refused"
    assert "must be 0600" in found.reason
    assert path.exists()


def test_half_written_file_is_refused_and_kept() -> None:
    kernels_directory().mkdir(parents=True)
    path = connection_file_path("half")
    path.touch(0o600)
    path.write_text(json.dumps({"ip": "127.0.0.1"}))
    [found] = discover_kernels()
    assert found.state == "refused"
    assert path.exists()


def test_dead_file_elsewhere_is_reported_and_not_removed(tmp_path: Path, ended_pid: int) -> None:
    path = write_connection_file(DEAD._replace(pid=ended_pid), tmp_path / "mine.json")
    assert examine_kernel(path).state == "dead"
    assert path.exists()


def test_several_kernels_cost_one_time_limit(make_fake_kernel: Callable[..., Any]) -> None:
    kernels = [make_fake_kernel() for _ in range(3)]
    for kernel in kernels:
        write_connection_file(kernel.info)
    assert [found.state for found in discover_kernels()] == ["running"] * 3


def test_kernel_is_found_by_its_id(make_fake_kernel: Callable[..., Any]) -> None:
    kernels = [make_fake_kernel() for _ in range(2)]
    for kernel in kernels:
        write_connection_file(kernel.info)
    assert find_kernel(kernels[1].info.kernel_id) == kernels[1].info


def test_unknown_id_names_the_running_ones(fake_kernel: Any) -> None:
    write_connection_file(fake_kernel.info)
    with pytest.raises(KernelNotFoundError) as caught:
        find_kernel("nosuch")
    assert str(caught.value) == f"no kernel with id 'nosuch' is running (running: {fake_kernel.info.kernel_id})"


def test_id_of_a_dead_kernel_says_that_it_is_dead(ended_pid: int) -> None:
    write_connection_file(DEAD._replace(pid=ended_pid))
    with pytest.raises(KernelNotFoundError, match=r"kernel 'dead' is not usable: .*nothing listens"):
        find_kernel("dead")
