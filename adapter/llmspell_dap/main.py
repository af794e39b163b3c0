"""``llmspell-dap``: the debug adapter as a program, over stdio or on a TCP port of this machine.

Invariant: with stdio nothing but DAP reaches standard output.
"""

import argparse
import asyncio
import contextlib
import ipaddress
import logging
import os
import queue
import signal
import socket
import sys
import threading
from collections.abc import Sequence
from pathlib import Path

from llmspell_kernel.version import __version__

from llmspell_dap.connection import Connection, TrafficLog, serve_stream

READ_BYTES = 64 * 1024
# A client that has left no more than this unread is ready for more output.
LOW_BYTES = 64 * 1024
# How long the last answers may take to be read by a client that is about to end.
FLUSH_LIMIT = 1.0
MAX_CONNECTIONS = 16
CLOSE_LIMIT = 2.0


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the adapter; returns the process's exit code."""
    options = _parser().parse_args(arguments)
    logging.basicConfig(stream=sys.stderr, level=logging.WARNING, format="llmspell-dap: %(message)s")
    try:
        log = TrafficLog(options.log) if options.log is not None else None
    except OSError as error:
        print(f"llmspell-dap: --log: {options.log}: {error.strerror}", file=sys.stderr)  # noqa: T201
        return 2
    if options.port is None:
        return asyncio.run(_serve_stdio(log))
    try:
        host = _loopback(options.host)
        return asyncio.run(_serve_tcp(host, options.port, log))
    except (OSError, ValueError) as error:
        print(f"llmspell-dap: cannot listen on {options.host}:{options.port}: {error}", file=sys.stderr)  # noqa: T201
        return 2


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        prog="llmspell-dap", description="The debug adapter of LLMSpell scripts (Debug Adapter Protocol)."
    )
    parser.add_argument("--version", action="version", version=f"llmspell-dap {__version__}")
    parser.add_argument("--port", type=_port, help="listen on this TCP port (0: any free one) instead of stdio")
    parser.add_argument("--host", default="127.0.0.1", help="a loopback address to listen on (default: %(default)s)")
    parser.add_argument("--log", type=Path, metavar="FILE", help="append every message to FILE, as JSON lines")
    return parser


def _port(text: str) -> int:
    if not text.isdecimal() or int(text) > 65_535:
        raise argparse.ArgumentTypeError(f"expected a port from 0 to 65535, found {text!r}")
    return int(text)


def _loopback(host: str) -> str:
    """The address to listen on; raises ValueError for one that other machines can reach.

    DAP has no authentication: who can connect can run code as this user.
    """
    addresses = {str(row[4][0]) for row in socket.getaddrinfo(host, None, type=socket.SOCK_STREAM)}
    outside = sorted(each for each in addresses if not ipaddress.ip_address(each.split("%")[0]).is_loopback)
    if outside:
        raise ValueError(f"{outside[0]} can be reached from other machines, and DAP has no password")
    return min(addresses, key=lambda address: (":" in address, address))


def _stop_on_signals(stop: asyncio.Event) -> None:
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM):
        # Windows has no such handlers; there Ctrl+C ends the process.
        with contextlib.suppress(NotImplementedError):
            loop.add_signal_handler(number, stop.set)


class _StdioWriter:
    """Writes from a thread: a client that does not read must not stop the adapter."""

    def __init__(self, descriptor: int, broken: asyncio.Event) -> None:
        self._descriptor = descriptor
        self._broken = broken
        self._loop = asyncio.get_running_loop()
        self._queue: queue.SimpleQueue[bytes | None] = queue.SimpleQueue()
        self._lock = threading.Lock()
        self._unread = 0
        self._is_low = asyncio.Event()
        self._is_low.set()
        self._thread = threading.Thread(target=self._run, name="llmspell-dap-stdout", daemon=True)
        self._thread.start()

    def write(self, data: bytes) -> None:
        with self._lock:
            self._unread += len(data)
            if self._unread > LOW_BYTES:
                self._is_low.clear()
        self._queue.put(data)

    def unread(self) -> int:
        return self._unread

    async def drain(self) -> None:
        await self._is_low.wait()

    def finish(self) -> None:
        self._queue.put(None)
        self._thread.join(FLUSH_LIMIT)

    def _run(self) -> None:
        while (data := self._queue.get()) is not None:
            rest = memoryview(data)
            try:
                while rest:
                    rest = rest[os.write(self._descriptor, rest) :]
            except OSError:
                # The loop is closed when the process ends anyway.
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._broken.set)
                return
            with self._lock:
                was_low, self._unread = self._unread <= LOW_BYTES, self._unread - len(data)
                is_low = self._unread <= LOW_BYTES
            if is_low and not was_low:
                with contextlib.suppress(RuntimeError):
                    self._loop.call_soon_threadsafe(self._note_low)

    def _note_low(self) -> None:
        with self._lock:
            if self._unread <= LOW_BYTES:
                self._is_low.set()


class _StdinReader:
    """Reads in a thread, on every platform and whatever standard input is, without holding up the end."""

    def __init__(self, descriptor: int) -> None:
        self._descriptor = descriptor
        self._loop = asyncio.get_running_loop()
        self._data: asyncio.Queue[bytes] = asyncio.Queue()
        threading.Thread(target=self._run, name="llmspell-dap-stdin", daemon=True).start()

    async def read(self) -> bytes:
        return await self._data.get()

    def _run(self) -> None:
        while True:
            try:
                data = os.read(self._descriptor, READ_BYTES)
            except OSError:
                data = b""
            # The loop is closed when the process ends anyway.
            with contextlib.suppress(RuntimeError):
                self._loop.call_soon_threadsafe(self._data.put_nowait, data)
            if not data:
                return


async def _serve_stdio(log: TrafficLog | None) -> int:
    # What a library prints must not get between the messages.
    private_stdout = os.dup(1)
    os.dup2(2, 1)
    stop = asyncio.Event()
    _stop_on_signals(stop)
    writer = _StdioWriter(private_stdout, stop)
    connection = Connection(writer.write, writer.unread, writer.drain, log)
    await serve_stream(connection, _StdinReader(0).read, stop)
    writer.finish()
    return 0 if connection.failure is None else 1


async def _serve_tcp(host: str, port: int, log: TrafficLog | None) -> int:
    stop = asyncio.Event()
    _stop_on_signals(stop)
    clients: set[asyncio.Task[None]] = set()

    async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        if task is None or len(clients) >= MAX_CONNECTIONS:
            writer.close()
            return
        clients.add(task)
        try:
            connection = Connection(writer.write, writer.transport.get_write_buffer_size, writer.drain, log)
            await serve_stream(connection, lambda: reader.read(READ_BYTES), stop)
            if connection.failure is not None:
                logging.warning("a connection was closed: %s", connection.failure)
        finally:
            clients.discard(task)
            writer.close()
            with contextlib.suppress(OSError, TimeoutError):
                await asyncio.wait_for(writer.wait_closed(), FLUSH_LIMIT)

    server = await asyncio.start_server(serve, host, port, limit=READ_BYTES)
    bound = server.sockets[0].getsockname()
    print(f"llmspell-dap listening on {bound[0]}:{bound[1]}", flush=True)  # noqa: T201
    await stop.wait()
    server.close()
    if clients:
        await asyncio.wait(clients, timeout=CLOSE_LIMIT)
    return 0


if __name__ == "__main__":
    sys.exit(main())
