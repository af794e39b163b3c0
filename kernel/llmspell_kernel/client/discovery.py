"""Which kernels run: connection files, each verified before it is believed.

Invariant: a kernel counts as running only after it echoed a heartbeat and answered a signed ``kernel_info_request``
with a rightly signed reply. Only files of kernels that are certainly dead are removed.
"""

import contextlib
import errno
import os
import secrets
import socket
import stat
import time
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import zmq

from llmspell_kernel.client.channels import configure
from llmspell_kernel.client.errors import KernelError, KernelNotFoundError
from llmspell_kernel.client.process import is_running
from llmspell_kernel.protocol.connection import (
    CHANNELS,
    Channel,
    ConnectionFileError,
    ConnectionInfo,
    connection_file_path,
    connection_files,
    kernels_directory,
    private_folder,
    read_connection_file,
    remove_connection_file,
)
from llmspell_kernel.protocol.wire import JsonObject, Signer, WireError, new_header

PROBE_LIMIT = 2.0
LISTEN_CHECK_LIMIT = 0.5

State = Literal["running", "dead", "silent", "refused"]


@dataclass(frozen=True, slots=True)
class DiscoveredKernel:
    """What was found out about one connection file.

    ``state``: ``running`` (answered a signed request); ``dead`` (its file was removed); ``silent`` (its process or
    port exists but it did not answer in time; the file is kept); ``refused`` (the file cannot be trusted or read).
    ``reason`` says why, for a person; it is empty for a running kernel.
    """

    path: Path
    state: State
    reason: str = ""
    info: ConnectionInfo | None = None
    kernel_info: JsonObject | None = None


def discover_kernels(*, timeout: float = PROBE_LIMIT) -> list[DiscoveredKernel]:
    """Look at every connection file in the kernels folder; takes at most about ``timeout`` seconds in all."""
    try:
        if os.path.isdir(kernels_directory()):
            private_folder(kernels_directory())
        paths = connection_files()
    except ConnectionFileError as error:
        raise KernelError(str(error)) from error
    return [_remove_if_dead(found) for found in _examine(paths, timeout)]


def look_at_kernel(kernel_id: str, *, timeout: float = PROBE_LIMIT) -> DiscoveredKernel | None:
    """The same for one kernel of the kernels folder, or None when it has no connection file."""
    path = connection_file_path(kernel_id)
    return _remove_if_dead(examine_kernel(path, timeout=timeout)) if os.path.lexists(path) else None


def examine_kernel(path: Path, *, timeout: float = PROBE_LIMIT) -> DiscoveredKernel:
    """The same for one connection file, which may lie anywhere and is never removed."""
    return next(iter(_examine([path], timeout)))


def find_kernel(kernel_id: str, *, timeout: float = PROBE_LIMIT) -> ConnectionInfo:
    """The running kernel with this id; raises KernelNotFoundError saying what is there instead."""
    found = discover_kernels(timeout=timeout)
    running = [each.info for each in found if each.state == "running" and each.info is not None]
    for info in running:
        if info.kernel_id == kernel_id:
            return info
    for each in found:
        if each.path.stem.endswith(f"-{kernel_id}"):
            raise KernelNotFoundError(f"kernel {kernel_id!r} is not usable: {each.reason}")
    known = ", ".join(sorted(info.kernel_id or "?" for info in running)) or "none"
    raise KernelNotFoundError(f"no kernel with id {kernel_id!r} is running (running: {known})")


def _remove_if_dead(found: DiscoveredKernel) -> DiscoveredKernel:
    if found.state == "dead":
        with contextlib.suppress(OSError):
            remove_connection_file(found.path)
        if found.info is not None and found.info.transport == "ipc":
            _remove_sockets(found.info)
    return found


def _remove_sockets(info: ConnectionInfo) -> None:
    """What a kernel that was killed has left of its ``ipc`` endpoints."""
    for channel in CHANNELS:
        path = info.endpoint(channel).removeprefix("ipc://")
        with contextlib.suppress(OSError):
            if os.path.isabs(path) and stat.S_ISSOCK(os.lstat(path).st_mode):
                os.unlink(path)


def _examine(paths: Iterable[Path], timeout: float) -> list[DiscoveredKernel]:
    results: dict[Path, DiscoveredKernel] = {}
    candidates: dict[Path, ConnectionInfo] = {}
    for path in paths:
        results[path] = DiscoveredKernel(path, "silent")
        try:
            info = read_connection_file(path)
        except ConnectionFileError as error:
            results[path] = DiscoveredKernel(path, "refused", str(error))
            continue
        if _nobody_listens(info):
            reason = f"{path}: nothing listens at {info.endpoint('hb')} any more"
            results[path] = DiscoveredKernel(path, "dead", reason, info)
            continue
        candidates[path] = info
    for path, (beats, kernel_info) in _probe(candidates, timeout).items():
        info = candidates[path]
        if kernel_info is not None and beats:
            results[path] = DiscoveredKernel(path, "running", "", info, kernel_info)
        elif info.pid is not None and not is_running(info.pid) and not beats:
            reason = f"{path}: its process (pid {info.pid}) ended"
            results[path] = DiscoveredKernel(path, "dead", reason, info)
        else:
            what = "answers nothing"
            if beats or kernel_info is not None:
                answered, missing = ("the heartbeat", "no signed request") if beats else ("requests", "no heartbeat")
                what = f"answers {answered} but {missing}"
            reason = f"{path}: {what} within {timeout:g} s: it hangs, or another program has its ports"
            results[path] = DiscoveredKernel(path, "silent", reason, info)
    return list(results.values())


def _nobody_listens(info: ConnectionInfo) -> bool:
    if info.transport == "ipc":
        return _nobody_listens_at(info.endpoint("hb").removeprefix("ipc://"))
    host = info.endpoint("hb").removeprefix("tcp://").rpartition(":")[0].strip("[]")
    try:
        socket.create_connection((host, info.hb_port), LISTEN_CHECK_LIMIT).close()
    except OSError as error:
        return error.errno == errno.ECONNREFUSED
    return False


def _nobody_listens_at(path: str) -> bool:
    # A relative path is one in the kernel's folder, which we do not know.
    if not hasattr(socket, "AF_UNIX") or not os.path.isabs(path):
        return False
    with socket.socket(socket.AF_UNIX) as probe:
        probe.settimeout(LISTEN_CHECK_LIMIT)
        try:
            probe.connect(path)
        except OSError as error:
            return error.errno in (errno.ECONNREFUSED, errno.ENOENT)
    return False


@dataclass(slots=True)
class _Probe:
    signer: Signer
    request: str
    beats: bool = False
    kernel_info: JsonObject | None = None


def _probe(candidates: dict[Path, ConnectionInfo], timeout: float) -> dict[Path, tuple[bool, JsonObject | None]]:
    """Whether each kernel echoed its heartbeat, and the content of its kernel_info_reply, asked all at once."""
    if not candidates:
        return {}
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context()
    poller = zmq.Poller()
    probes: dict[Path, _Probe] = {}
    waiting: dict[zmq.Socket[bytes], tuple[Path, Channel]] = {}

    def open_socket(path: Path, channel: Channel, kind: int) -> "zmq.Socket[bytes]":
        opened = context.socket(kind)
        configure(opened, candidates[path], channel)
        opened.connect(candidates[path].endpoint(channel))
        poller.register(opened, zmq.POLLIN)
        waiting[opened] = (path, channel)
        return opened

    try:
        for path, info in candidates.items():
            header = new_header("kernel_info_request", secrets.token_hex(16))
            probe = probes[path] = _Probe(Signer(info.key.encode("utf-8")), str(header["msg_id"]))
            open_socket(path, "hb", zmq.REQ).send(b"ping")
            open_socket(path, "control", zmq.DEALER).send_multipart(probe.signer.serialize(header, {}, {}))
        deadline = time.monotonic() + timeout
        while not all(probe.beats and probe.kernel_info is not None for probe in probes.values()):
            left = deadline - time.monotonic()
            if left <= 0:
                break
            for ready, _ in poller.poll(int(left * 1000) + 1):
                path, channel = waiting[ready]
                _take(probes[path], channel, ready.recv_multipart())
    finally:
        context.destroy(linger=0)
    return {path: (probe.beats, probe.kernel_info) for path, probe in probes.items()}


def _take(probe: _Probe, channel: Channel, frames: list[bytes]) -> None:
    if channel == "hb":
        probe.beats = True
        return
    # What is wrongly signed is no answer; the deadline decides.
    with contextlib.suppress(WireError):
        message = probe.signer.deserialize(frames)
        if message.msg_type == "kernel_info_reply" and message.parent_header.get("msg_id") == probe.request:
            probe.kernel_info = message.content()
