"""A kernel with many clients, and one with a client that takes what it publishes and one that does not."""

import json
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, TypeAlias

import psutil  # type: ignore[import-untyped]
import zmq
from llmspell_kernel.client import KernelClient, start_kernel
from llmspell_kernel.protocol.connection import ConnectionInfo
from llmspell_kernel.protocol.wire import Signer, new_header

from .measure import Row, median_of, milliseconds

CLIENTS, EXECUTING = 100, 10
SECONDS = 5.0
ANSWER_LIMIT = 60.0
EXECUTE = {"code": "return 1", "silent": False, "store_history": True, "allow_stdin": False}
LOOK_EVERY = 50
LINE, LINES = 1_000, 100_000
FLOOD = f"local line = string.rep('x', {LINE - 1}) for _ = 1, {LINES} do print(line) end"

Socket: TypeAlias = "zmq.Socket[bytes]"
Context: TypeAlias = "zmq.Context[zmq.Socket[bytes]]"


def rows() -> Iterator[Row]:
    yield from _many_clients()
    yield from _slow_subscriber()


def _many_clients() -> Iterator[Row]:
    """Every client has its shell and its iopub connection; ten of them have always one request under way."""
    with _kernel() as (info, context):
        idle = _read_and_forget(context, info, CLIENTS)
        shells = [context.socket(zmq.DEALER) for _ in range(CLIENTS)]
        for shell in shells:
            shell.connect(info.endpoint("shell"))
            _ask(shell, info, "kernel_info_request", {})
            _answer(shell)
        before = _memory(info)
        times, elapsed = _keep_executing(shells[:EXECUTING], info)
        growth = _memory(info) - before
        for shell in shells:
            shell.close(0)
        idle.close(0)
    what = f"{CLIENTS} clients, {EXECUTING} of them executing `return 1`"
    yield Row(f"{what}: round trips per second", len(times) / elapsed, "/s")
    yield Row("  the median reply", milliseconds(median_of(times)), "ms")
    yield Row("  the slowest reply", milliseconds(max(times)), "ms")
    yield Row(f"  the kernel process has grown in {SECONDS:g} s by", growth, "MB")


def _keep_executing(shells: list[Socket], info: ConnectionInfo) -> tuple[list[float], float]:
    poller = zmq.Poller()
    begun: dict[Socket, float] = {}
    times = []

    def ask(shell: Socket) -> None:
        begun[shell] = time.perf_counter()
        _ask(shell, info, "execute_request", EXECUTE)

    _ask(shells[0], info, "execute_request", EXECUTE)  # starts the worker
    _answer(shells[0])
    for shell in shells:
        poller.register(shell, zmq.POLLIN)
    start = time.perf_counter()
    for shell in shells:
        ask(shell)
    while begun:
        ready = poller.poll(int(ANSWER_LIMIT * 1000))
        if not ready:
            raise TimeoutError(f"{len(begun)} requests have no reply after {ANSWER_LIMIT:g} s")
        for shell, _ in ready:
            shell.recv_multipart()
            times.append(time.perf_counter() - begun.pop(shell))
            if time.perf_counter() - start < SECONDS:
                ask(shell)
    return times, time.perf_counter() - start


def _slow_subscriber() -> Iterator[Row]:
    with _kernel() as (info, context):
        deaf, reader = _subscriber(context, info, 1), _subscriber(context, info, 0)
        shell = context.socket(zmq.DEALER)
        shell.connect(info.endpoint("shell"))
        _ask(shell, info, "execute_request", EXECUTE)
        _answer(shell)
        before = peak = _memory(info)
        start = time.perf_counter()
        _ask(shell, info, "execute_request", {**EXECUTE, "code": FLOOD})
        numbers = []
        while not shell.poll(0) or reader.poll(100):
            if not reader.poll(int(ANSWER_LIMIT * 1000)):
                raise TimeoutError(f"nothing was published within {ANSWER_LIMIT:g} s")
            numbers.append(_sequence_number(reader.recv_multipart()))
            finished = time.perf_counter()
            if len(numbers) % LOOK_EVERY == 0:  # a look costs as much as some messages
                peak = max(peak, _memory(info))
        for socket in (shell, reader, deaf):
            socket.close(0)
    size = LINE * LINES / 1e6
    what = f"print of {size:g} MB in {LINES:,} lines while one subscriber reads nothing"
    yield Row(what, size / (finished - start), "MB/s")
    lost = numbers[-1] - numbers[0] + 1 - len(numbers)
    yield Row(f"  of {len(numbers) + lost} messages the reading subscriber lost", lost, "")
    yield Row("  the kernel process has grown meanwhile by", peak - before, "MB")


@contextmanager
def _kernel() -> Iterator[tuple[ConnectionInfo, Context]]:
    context: Context = zmq.Context()
    context.set(zmq.MAX_SOCKETS, 4096)
    with tempfile.TemporaryDirectory(prefix="llmspell-bench-") as folder:
        # What a script may write per second is not what is measured.
        Path(folder, "llmspell.toml").write_text("[limits]\noutput_rate = 0\n")
        info = start_kernel(idle_timeout=60, cwd=Path(folder))
        try:
            yield info, context
        finally:
            context.destroy(linger=0)
            with KernelClient.connect(info) as client:
                client.shutdown()


def _read_and_forget(context: Context, info: ConnectionInfo, count: int) -> Socket:
    """So many subscribers whose messages are taken and thrown away in C: their reading is not what is measured."""
    # A SUB socket would ignore all connections to one endpoint but the first.
    subscribers, nobody = context.socket(zmq.XSUB), context.socket(zmq.XPUB)
    for _ in range(count):
        subscribers.connect(info.endpoint("iopub"))
    subscribers.send(b"\x01")
    nobody.bind("inproc://nobody")

    def read() -> None:
        try:
            zmq.proxy(subscribers, nobody)
        except zmq.ZMQError:
            nobody.close(0)

    threading.Thread(target=read, daemon=True).start()
    return subscribers


def _subscriber(context: Context, info: ConnectionInfo, waiting: int) -> Socket:
    subscriber = context.socket(zmq.SUB)
    subscriber.rcvhwm = waiting
    subscriber.subscribe(b"")
    subscriber.connect(info.endpoint("iopub"))
    return subscriber


def _ask(shell: Socket, info: ConnectionInfo, msg_type: str, content: dict[str, Any]) -> None:
    header = new_header(msg_type, "benchmark")
    shell.send_multipart(Signer(info.key.encode()).serialize(header, {}, content))


def _answer(shell: Socket) -> None:
    if not shell.poll(int(ANSWER_LIMIT * 1000)):
        raise TimeoutError(f"no reply within {ANSWER_LIMIT:g} s")
    shell.recv_multipart()


def _sequence_number(frames: list[bytes]) -> int:
    metadata = json.loads(frames[-2])
    return int(metadata["llmspell_sequence"])


def _memory(info: ConnectionInfo) -> float:
    """MB of the kernel process alone."""
    return float(psutil.Process(info.pid).memory_info().rss) / 1e6
