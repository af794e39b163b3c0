"""The kernel's process: command line, connection files, who started it, when it ends."""

import json
import os
import signal
import socket
import subprocess
import sys
import textwrap

import pytest
from jupyter_client.manager import KernelManager
from llmspell_kernel.client import KernelClient
from llmspell_kernel.client.process import wait_for_end
from llmspell_kernel.protocol.connection import read_connection_file


@pytest.mark.parametrize(
    ("arguments", "code", "text"),
    [
        (["--version"], 0, "llmspell-kernel "),
        (["--help"], 0, "usage: llmspell-kernel"),
        (["--nosuch"], 2, "unknown option '--nosuch'"),
        (["-f"], 2, "-f needs a value"),
        (["--idle-timeout", "soon"], 2, "expected a number of seconds, got 'soon'"),
        (["--idle-timeout", "nan"], 2, "expected a number of seconds, got 'nan'"),
        (["--idle-timeout=-1"], 2, "expected a number of seconds, got '-1'"),
        (["file.json"], 2, "unknown option 'file.json'"),
    ],
)
def test_exit_code_and_text_of(kernel_process, arguments, code, text):
    process = kernel_process(*arguments)
    out, err = process.communicate(timeout=20)
    assert process.returncode == code
    assert text in (err if code else out)
    assert (out if code else err) == ""


def test_ready_line_names_the_connection_file(kernel_process, home):
    process = kernel_process()
    ready = json.loads(process.stdout.readline())
    info = read_connection_file(home / "kernels" / f"llmspell-kernel-{ready['kernel_id']}.json")
    assert ready["connection_file"] == str(home / "kernels" / f"llmspell-kernel-{ready['kernel_id']}.json")
    assert info.pid == process.pid
    with KernelClient.connect(info) as client:
        client.shutdown()
    assert process.wait(10) == 0


def test_idle_kernel_ends(kernel_process, home):
    process = kernel_process("--idle-timeout", "0.1")
    assert process.wait(15) == 0
    assert list((home / "kernels").glob("*.json")) == []


def free_ports(count):
    sockets = [socket.create_server(("127.0.0.1", 0)) for _ in range(count)]
    ports = [one.getsockname()[1] for one in sockets]
    for one in sockets:
        one.close()
    return ports


@pytest.mark.parametrize("given", [True, False], ids=["given", "zero"])
def test_ports_of_a_connection_file(kernel_process, tmp_path, given):
    ports = free_ports(5) if given else [0] * 5
    names = ("shell_port", "iopub_port", "stdin_port", "control_port", "hb_port")
    content = {
        "ip": "127.0.0.1",
        "transport": "tcp",
        "signature_scheme": "hmac-sha256",
        "key": "0123456789abcdef0123456789abcdef",
        **dict(zip(names, ports, strict=True)),
    }
    path = tmp_path / "connection.json"
    path.write_text(json.dumps(content))
    path.chmod(0o600)
    process = kernel_process("-f", path)
    for _ in range(1000):  # nothing announces a kernel that was started with -f; its pid in the file does
        if "pid" in json.loads(path.read_text() or "{}"):
            break
        assert process.poll() is None, process.stderr.read()
        try:
            process.wait(0.02)
        except subprocess.TimeoutExpired:
            continue
    info = read_connection_file(path)
    bound = [getattr(info, name) for name in names]
    assert bound == ports if given else all(bound)
    with KernelClient.connect(info) as client:
        assert client.execute("1", timeout=20)["status"] == "ok"
        client.shutdown()
    assert process.wait(10) == 0
    assert not path.exists()


@pytest.mark.parametrize("text", ["{", "[]", '{"key": 1}', '{"shell_port": "x"}'])
def test_faulty_connection_file_is_named(kernel_process, tmp_path, text):
    path = tmp_path / "connection.json"
    path.write_text(text)
    path.chmod(0o600)
    process = kernel_process("-f", path)
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "connection.json" in err
    assert "Traceback" not in err


def test_connection_file_in_a_missing_folder_is_refused(kernel_process, tmp_path):
    process = kernel_process("-f", tmp_path / "nosuch" / "connection.json")
    _, err = process.communicate(timeout=20)
    assert process.returncode == 1
    assert "Traceback" not in err


@pytest.fixture
def kernelspec(tmp_path, monkeypatch):
    """Jupyter's kernelspec for the kernel, where jupyter_client finds it."""
    folder = tmp_path / "jupyter" / "kernels" / "llmspell"
    folder.mkdir(parents=True)
    command = [os.path.join(os.path.dirname(sys.executable), "llmspell-kernel"), "-f", "{connection_file}"]
    (folder / "kernel.json").write_text(
        json.dumps({"argv": command, "display_name": "LLMSpell", "language": "lua", "interrupt_mode": "message"})
    )
    monkeypatch.setenv("JUPYTER_PATH", str(tmp_path / "jupyter"))
    monkeypatch.setenv("JUPYTER_RUNTIME_DIR", str(tmp_path / "runtime"))
    return "llmspell"


def test_restart_through_jupyter_client_gives_a_new_state(kernelspec):
    manager = KernelManager(kernel_name=kernelspec)
    manager.start_kernel()
    client = manager.client()
    try:
        client.start_channels()
        client.wait_for_ready(timeout=20)
        client.execute_interactive("x = 1", timeout=20)
        manager.restart_kernel(now=False)
        client.wait_for_ready(timeout=20)
        assert client.execute_interactive("assert(x == nil)", timeout=20)["content"]["status"] == "ok"
    finally:
        client.stop_channels()
        manager.shutdown_kernel(now=False)
    assert not manager.is_alive()


def test_kernel_ends_with_the_process_that_started_it(kernelspec):
    starter = textwrap.dedent("""
        import sys
        from jupyter_client.manager import KernelManager
        manager = KernelManager(kernel_name="llmspell")
        manager.start_kernel()
        client = manager.client()
        client.start_channels()
        client.wait_for_ready(timeout=20)
        client.execute("while true do print('x') end")
        print(manager.provisioner.pid, flush=True)
        sys.stdin.read()
    """)
    process = subprocess.Popen(
        [sys.executable, "-c", starter],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
        start_new_session=True,
    )
    try:
        kernel = int(process.stdout.readline())
    finally:
        process.send_signal(signal.SIGKILL)
        process.communicate(timeout=10)
    assert wait_for_end(kernel, 15), "the kernel outlived its starter by 15 s"
