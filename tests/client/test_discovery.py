"""Which connection files count as running kernels, and what is said about the others."""

import contextlib
import json
import os
import socket
import stat
import subprocess
import sys
import threading
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from llmspell_kernel.client import KernelError, KernelNotFoundError, discover_kernels, examine_kernel, find_kernel
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


def test_planted_link_is_refused(fake_kernel: Any, tmp_path: Path) -> None:
    elsewhere = write_connection_file(fake_kernel.info, tmp_path / "elsewhere.json")
    kernels_directory().mkdir(parents=True)
    path = connection_file_path("planted")
    path.symlink_to(elsewhere)
    [found] = discover_kernels()
    assert (found.state, found.reason) == ("refused", f"{path}: is a symbolic link")
    assert elsewhere.exists()


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a file away")
def test_file_of_another_user_is_refused(fake_kernel: Any) -> None:
    path = write_connection_file(fake_kernel.info)
    os.chown(path, 65_534, -1)
    [found] = discover_kernels()
    assert (found.state, found.reason) == ("refused", f"{path}: belongs to another user (uid 65534)")


@pytest.mark.skipif(os.name != "posix" or os.geteuid() != 0, reason="only root can give a folder away")
def test_folder_of_another_user_is_refused(fake_kernel: Any) -> None:
    write_connection_file(fake_kernel.info)
    os.chown(kernels_directory(), 65_534, -1)
    with pytest.raises(KernelError, match=r"kernels: belongs to another user .uid 65534"):
        discover_kernels()


def test_folder_that_others_can_enter_is_tightened(fake_kernel: Any) -> None:
    write_connection_file(fake_kernel.info)
    kernels_directory().chmod(0o777)
    assert [found.state for found in discover_kernels()] == ["running"]
    assert stat.S_IMODE(kernels_directory().stat().st_mode) == 0o700


def test_program_that_speaks_another_protocol_is_no_kernel() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]

        def greet() -> None:
            # ends with OSError when the server is closed
            with contextlib.suppress(OSError):
                while True:
                    connection, _ = server.accept()
                    connection.sendall(b"HTTP/1.1 400 Bad Request\r\n\r\n" * 100)
                    connection.close()

        thread = threading.Thread(target=greet)
        thread.start()
        path = write_connection_file(DEAD._replace(pid=os.getpid(), hb_port=port, control_port=port, shell_port=port))
        [found] = discover_kernels(timeout=0.5)
        server.shutdown(socket.SHUT_RDWR)
    thread.join(10)
    assert (found.state, "another program has its ports" in found.reason, path.exists()) == ("silent", True, True)


def test_sockets_of_a_dead_kernel_are_removed_with_its_file(tmp_path: Path) -> None:
    info = DEAD._replace(transport="ipc", ip=str(tmp_path / "socket"), pid=os.getpid())
    path = write_connection_file(info)
    left = Path(info.endpoint("hb").removeprefix("ipc://"))
    with socket.socket(socket.AF_UNIX) as bound:
        bound.bind(str(left))
    [found] = discover_kernels()
    assert found.state == "dead"
    assert not path.exists()
    assert not left.exists()


def test_what_is_no_socket_is_not_removed_with_a_dead_kernel(tmp_path: Path) -> None:
    info = DEAD._replace(transport="ipc", ip=str(tmp_path / "file"))
    write_connection_file(info)
    kept = Path(info.endpoint("hb").removeprefix("ipc://"))
    kept.write_text("precious")
    discover_kernels()
    assert kept.read_text() == "precious"


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
