"""The kernel: its start, its round trip, its memory, beside ipykernel's on the same machine at the same time."""

import json
import os
import secrets
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import zmq
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.protocol.connection import ConnectionInfo, read_connection_file
from llmspell_kernel.protocol.wire import Message, Signer, new_header

from .measure import Row, interleaved, median_of, milliseconds, proportional_set_size, running, timed

STARTS = 12
ROUND_TRIPS = 300
ANSWER_LIMIT = 10.0  # seconds
BATCHES = 10
EXECUTE = {"code": "return 1", "silent": False, "store_history": True, "allow_stdin": False}
EXECUTE_PYTHON = {**EXECUTE, "code": "1"}
RECONNECT_MS = 2  # a client of a kernel that is starting tries again after so long


def rows() -> Iterator[Row]:
    """Start-up first: it is to meet a quiet machine."""
    command = [str(Path(sys.executable).with_name("llmspell-kernel"))]
    _start_to_answer(command, "kernel_info_request", {})  # leaves the bytecode behind
    empty, started, executed, python_started, python_executed = (
        min(times)
        for times in interleaved(
            STARTS,
            _empty_python,
            lambda: _start_to_answer(command, "kernel_info_request", {}),
            lambda: _start_to_answer(command, "execute_request", EXECUTE),
            lambda: _ipykernel_to_answer("kernel_info_request", {}),
            lambda: _ipykernel_to_answer("execute_request", EXECUTE_PYTHON),
        )
    )
    yield Row(f"exec of llmspell-kernel → kernel_info_reply, best of {STARTS}", milliseconds(started), "ms", 100)
    yield Row("  the same, relative to python -c pass", started / empty, "×", 5)
    yield Row("  the same, relative to ipykernel", started / python_started, "×")
    yield Row("  python -c pass", milliseconds(empty), "ms")
    yield Row("  ipykernel", milliseconds(python_started), "ms")
    yield Row("exec of llmspell-kernel → first execute_reply", milliseconds(executed), "ms")
    yield Row("  the same, relative to python -c pass", executed / empty, "×")
    yield Row("  the same, relative to ipykernel", executed / python_executed, "×")
    yield Row("  ipykernel", milliseconds(python_executed), "ms")
    info = start_kernel()
    with KernelClient.connect(info) as client, _ipykernel() as (python, python_pid):
        try:
            _execute(info, EXECUTE, 1)  # starts the worker
            _execute(python, EXECUTE_PYTHON, 1)
            ours, theirs = (
                median_of([one for times in batches for one in times]) for batches in _interleaved_batches(info, python)
            )
            yield Row("execute_request `return 1`, median", milliseconds(ours), "ms", 1.5)
            yield Row("  the same, relative to ipykernel", ours / theirs, "×")
            yield Row("  ipykernel, `1`", milliseconds(theirs), "ms")
            size = proportional_set_size(info.pid) if info.pid else None
            python_size = proportional_set_size(python_pid)
            if size is not None and python_size is not None:
                yield Row("kernel, zygote and an idle worker, PSS", size, "MB", 40)
                yield Row("  the same, relative to ipykernel", size / python_size, "×")
                yield Row("  ipykernel", python_size, "MB")
        finally:
            client.shutdown()


def _empty_python() -> float:
    return timed(lambda: subprocess.run([sys.executable, "-c", "pass"], check=True))


def _start_to_answer(command: list[str], msg_type: str, content: dict[str, Any]) -> float:
    begun = time.perf_counter()
    with running(command) as process:
        assert process.stdout is not None
        ready = json.loads(process.stdout.readline())
        info = read_connection_file(Path(ready["connection_file"]))
        with _Shell(info) as shell:
            shell.ask(msg_type, content)
            elapsed = time.perf_counter() - begun
        process.terminate()
        process.wait(ANSWER_LIMIT)
    return elapsed


def _ipykernel_to_answer(msg_type: str, content: dict[str, Any]) -> float:
    begun = time.perf_counter()
    with _ipykernel() as (info, _), _Shell(info) as shell:
        shell.ask(msg_type, content)
        return time.perf_counter() - begun


@contextmanager
def _ipykernel() -> Iterator[tuple[ConnectionInfo, int]]:
    """A Python kernel on Unix sockets, started as Jupyter starts it; it may not listen yet."""
    with tempfile.TemporaryDirectory(prefix="llmspell-bench-") as folder:
        info = ConnectionInfo(os.path.join(folder, "socket"), 1, 2, 3, 4, 5, secrets.token_hex(32), transport="ipc")
        path = Path(folder, "connection.json")
        path.write_text(json.dumps(info.to_json()))
        with running([sys.executable, "-m", "ipykernel_launcher", "-f", str(path)]) as process:
            yield info, process.pid


def _interleaved_batches(ours: ConnectionInfo, theirs: ConnectionInfo) -> list[list[list[float]]]:
    """Round trips of both kernels in turns, so that a slow moment of the machine hits both."""
    results: list[list[list[float]]] = [[], []]
    for _ in range(BATCHES):
        results[0].append(_execute(ours, EXECUTE, ROUND_TRIPS // BATCHES))
        results[1].append(_execute(theirs, EXECUTE_PYTHON, ROUND_TRIPS // BATCHES))
    return results


def _execute(info: ConnectionInfo, content: dict[str, Any], count: int) -> list[float]:
    with _Shell(info) as shell:
        return [timed(lambda: shell.ask("execute_request", content)) for _ in range(count)]


class _Shell:
    """The shell channel alone, without threads of its own, so that only the kernel is timed."""

    def __init__(self, info: ConnectionInfo) -> None:
        self._signer = Signer(info.key.encode())
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
        self._socket.reconnect_ivl = RECONNECT_MS
        self._socket.connect(info.endpoint("shell"))

    def __enter__(self) -> "_Shell":
        return self

    def __exit__(self, *_: object) -> None:
        self._context.destroy(linger=0)

    def ask(self, msg_type: str, content: dict[str, Any]) -> Message:
        header = new_header(msg_type, "benchmark")
        self._socket.send_multipart(self._signer.serialize(header, {}, content))
        while self._socket.poll(int(ANSWER_LIMIT * 1000)):
            reply = self._signer.deserialize(self._socket.recv_multipart())
            if reply.parent_header.get("msg_id") == header["msg_id"]:
                return reply
        raise TimeoutError(f"{msg_type}: no reply within {ANSWER_LIMIT:g} s")
