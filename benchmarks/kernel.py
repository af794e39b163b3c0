"""The kernel: its start, its round trip, its memory."""

import json
import subprocess
import sys
import time
from collections.abc import Iterator
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
EXECUTE = {"code": "return 1", "silent": False, "store_history": True, "allow_stdin": False}


def rows() -> Iterator[Row]:
    """Start-up first: it is to meet a quiet machine."""
    command = [str(Path(sys.executable).with_name("llmspell-kernel"))]
    _start_to_answer(command, "kernel_info_request", {})  # leaves the bytecode behind
    empty, started, executed = interleaved(
        STARTS,
        _empty_python,
        lambda: _start_to_answer(command, "kernel_info_request", {}),
        lambda: _start_to_answer(command, "execute_request", EXECUTE),
    )
    yield Row(f"exec of llmspell-kernel → kernel_info_reply, best of {STARTS}", milliseconds(min(started)), "ms", 100)
    yield Row("  the same, relative to python -c pass", min(started) / min(empty), "×", 5)
    yield Row("  python -c pass", milliseconds(min(empty)), "ms")
    yield Row("exec of llmspell-kernel → first execute_reply", milliseconds(min(executed)), "ms")
    info = start_kernel()
    with KernelClient.connect(info) as client:
        _execute(info, 1)  # starts the worker
        yield Row("execute_request `return 1`, median", milliseconds(median_of(_execute(info, ROUND_TRIPS))), "ms", 1.5)
        size = proportional_set_size(info.pid) if info.pid else None
        if size is not None:
            yield Row("kernel, zygote and an idle worker, PSS", size, "MB", 40)
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


def _execute(info: ConnectionInfo, count: int) -> list[float]:
    with _Shell(info) as shell:
        return [timed(lambda: shell.ask("execute_request", EXECUTE)) for _ in range(count)]


class _Shell:
    """The shell channel alone, without threads of its own, so that only the kernel is timed."""

    def __init__(self, info: ConnectionInfo) -> None:
        self._signer = Signer(info.key.encode())
        self._context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
        self._socket = self._context.socket(zmq.DEALER)
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
