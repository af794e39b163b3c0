"""A kernel process from its connection file to its end: files, signals, who started it."""

import contextlib
import gc
import json
import os
import signal
import socket
import sys
import time
from collections.abc import Callable

import zmq

from ..protocol.connection import (
    CHANNELS,
    ConnectionFileError,
    ConnectionInfo,
    announce,
    home_path,
    new_kernel_id,
    new_key,
    read_connection_file,
    remove_connection_file,
    update_connection_file,
)
from ..protocol.frames import pack
from ..protocol.ldp import LDP_VERSION
from ..protocol.project import project_root
from .channels import bind_channels
from .kernel import Kernel

MAX_DESCRIPTORS = 65_536


def run_kernel(zygote: socket.socket, connection_file: str | None, idle_timeout: float | None) -> int:
    """Bind, announce, serve, clean up. Gives the exit code."""
    given = connection_file or None
    _allow_descriptors()
    try:
        channels, info = bind_channels(_connection(given))
    except (ConnectionFileError, zmq.ZMQError) as error:
        print(f"llmspell-kernel: {error}", file=sys.stderr)  # noqa: T201
        return 1
    try:
        if given is None:
            path = announce(info)
        else:
            path = given
            update_connection_file(path, info)
    except ConnectionFileError as error:
        print(f"llmspell-kernel: {error}", file=sys.stderr)  # noqa: T201
        channels.close()
        return 1
    try:
        kernel = Kernel(channels, info, zygote, folder=os.getcwd(), home=home_path())
        wake = _handle_signals(kernel)
        gc.enable()
        gc.freeze()
        if given is None:
            print(json.dumps({"connection_file": path, "kernel_id": info.kernel_id}), flush=True)  # noqa: T201
        # Not earlier: two processes that import at once delay each other, most where two processors share one core.
        zygote.sendall(pack({"type": "warm"}))
        kernel.serve(wake, idle_timeout=idle_timeout, still_wanted=_starter_lives() if given else lambda: True)
    except OSError as error:
        print(f"llmspell-kernel: {error}", file=sys.stderr)  # noqa: T201
        return 1
    finally:
        _remove_if_ours(path, info)
        zygote.close()  # ends the workers too
        channels.close()
        _remove_sockets(info)
    return 0


def _remove_if_ours(path: str, info: ConnectionInfo) -> None:
    """Another kernel may have been started with the same file meanwhile."""
    with contextlib.suppress(ConnectionFileError):
        if read_connection_file(path, template=True).kernel_id == info.kernel_id:
            remove_connection_file(path)


def _remove_sockets(info: ConnectionInfo) -> None:
    if info.transport != "ipc":
        return
    for channel in CHANNELS:
        with contextlib.suppress(OSError):
            os.unlink(info.endpoint(channel).removeprefix("ipc://"))


def _allow_descriptors() -> None:
    """As many as this process may have: a client takes five, a session one."""
    try:
        import resource
    except ImportError:  # Windows knows no such limit
        return
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    if hard == resource.RLIM_INFINITY or soft < hard:
        wanted = MAX_DESCRIPTORS if hard == resource.RLIM_INFINITY else min(hard, MAX_DESCRIPTORS)
        with contextlib.suppress(ValueError, OSError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (max(soft, wanted), hard))


def _connection(given: str | None) -> ConnectionInfo:
    if given is not None and os.path.lexists(given):
        info = read_connection_file(given, template=True)
    else:
        info = ConnectionInfo("127.0.0.1", 0, 0, 0, 0, 0, new_key())
    return ConnectionInfo(
        **{
            **info.to_json(),
            "key": info.key,
            "kernel_id": info.kernel_id or new_kernel_id(),
            "pid": os.getpid(),
            "started": time.strftime("%Y-%m-%dT%H:%M:%S+00:00", time.gmtime()),
            "ldp": LDP_VERSION,
            "project": project_root(os.getcwd()),
        }
    )


def _handle_signals(kernel: Kernel) -> int:
    """SIGTERM ends the kernel, SIGINT interrupts what runs, as Jupyter expects. Gives what a signal makes readable."""
    reading, writing = os.pipe()
    os.set_blocking(writing, False)
    signal.set_wakeup_fd(writing, warn_on_full_buffer=False)
    signal.signal(signal.SIGTERM, lambda *_: kernel.stop())
    signal.signal(signal.SIGINT, lambda *_: None)  # what ``serve`` reads makes it interrupt
    with contextlib.suppress(AttributeError, ValueError):
        signal.signal(signal.SIGHUP, signal.SIG_IGN)
    return reading


def _starter_lives() -> Callable[[], bool]:
    """Whether the process that started us (Jupyter's kernel manager) still runs; without it nobody can stop us."""
    parent = os.getppid()
    return lambda: parent == 1 or os.getppid() == parent
