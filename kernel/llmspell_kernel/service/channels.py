"""The kernel's five ZeroMQ sockets, bound as a connection file says (or wherever there is room)."""

import os
import threading
from typing import NamedTuple

import zmq

from ..protocol.connection import ConnectionInfo
from ..protocol.wire import MAX_FRAME_BYTES

# Messages that wait for a subscriber that does not read; beyond this ZeroMQ drops that subscriber's.
IOPUB_WAITING = 5_000
# Replies that wait for one client; beyond this they are dropped and counted.
REPLIES_WAITING = 4_096
# Requests of one client that wait to be read; beyond this the client's own queue grows.
REQUESTS_WAITING = 512
# A connection whose peer takes nothing for this long is closed and what waits for it freed. A peer that reads again
# connects anew by itself and sees the gap in the sequence. (TCP tells of it; over ipc ZMTP's heartbeat does.)
STALLED_MS = 20_000
MAX_SUBSCRIPTION_BYTES = 4096


class Channels(NamedTuple):
    """Bound sockets; all but the heartbeat's are used by one thread."""

    context: "zmq.Context[zmq.Socket[bytes]]"
    shell: "zmq.Socket[bytes]"
    control: "zmq.Socket[bytes]"
    stdin: "zmq.Socket[bytes]"
    iopub: "zmq.Socket[bytes]"

    def close(self) -> None:
        """Give waiting messages a moment to leave, then close everything; ends the heartbeat's thread too."""
        for socket in (self.shell, self.control, self.stdin, self.iopub):
            socket.close(linger=500)
        self.context.term()


def bind_channels(info: ConnectionInfo) -> tuple[Channels, ConnectionInfo]:
    """Bind all five; gives the sockets and the connection with the ports that were really bound."""
    context: zmq.Context[zmq.Socket[bytes]] = zmq.Context(io_threads=1)

    def make(kind: int) -> "zmq.Socket[bytes]":
        socket = context.socket(kind)
        socket.linger = 500
        socket.setsockopt(zmq.MAXMSGSIZE, MAX_FRAME_BYTES)
        socket.setsockopt(zmq.TCP_MAXRT, STALLED_MS)
        return socket

    shell, control, stdin = make(zmq.ROUTER), make(zmq.ROUTER), make(zmq.ROUTER)
    for socket in (shell, control, stdin):
        # a client that reconnects with its identity takes the place of its dead connection
        socket.setsockopt(zmq.ROUTER_HANDOVER, 1)
        # a message to a client that is gone or reads nothing is an error that can be counted
        socket.setsockopt(zmq.ROUTER_MANDATORY, 1)
        socket.setsockopt(zmq.SNDHWM, REPLIES_WAITING)
        socket.setsockopt(zmq.RCVHWM, REQUESTS_WAITING)
    iopub = make(zmq.XPUB)
    iopub.setsockopt(zmq.XPUB_VERBOSE, 1)  # every subscription is seen, so that each is welcomed
    iopub.setsockopt(zmq.MAXMSGSIZE, MAX_SUBSCRIPTION_BYTES)  # nothing else comes in there
    if info.transport == "ipc":
        iopub.setsockopt(zmq.HEARTBEAT_IVL, STALLED_MS // 2)
        iopub.setsockopt(zmq.HEARTBEAT_TIMEOUT, STALLED_MS)
    iopub.setsockopt(zmq.XPUB_NODROP, 1)  # a full subscriber is noticed first, see Outgoing.publish
    iopub.set_hwm(IOPUB_WAITING)
    heartbeat = make(zmq.ROUTER)
    bound = info.with_ports(
        {
            "shell": _bind(shell, info, info.shell_port),
            "control": _bind(control, info, info.control_port),
            "stdin": _bind(stdin, info, info.stdin_port),
            "iopub": _bind(iopub, info, info.iopub_port),
            "hb": _bind(heartbeat, info, info.hb_port),
        }
    )
    threading.Thread(target=_echo, args=(heartbeat,), name="llmspell-heartbeat", daemon=True).start()
    return Channels(context, shell, control, stdin, iopub), bound


def _bind(socket: "zmq.Socket[bytes]", info: ConnectionInfo, port: int) -> int:
    if info.transport == "ipc":
        if port == 0:
            port = next(number for number in range(1, 1 << 16) if not os.path.exists(f"{info.ip}-{number}"))
        socket.bind(f"ipc://{info.ip}-{port}")
        return port
    host = f"[{info.ip}]" if ":" in info.ip else info.ip
    if port:
        socket.bind(f"tcp://{host}:{port}")
        return port
    return int(socket.bind_to_random_port(f"tcp://{host}"))


def _echo(heartbeat: "zmq.Socket[bytes]") -> None:
    """Answer every ping, in libzmq, whatever the other threads do."""
    try:
        zmq.proxy(heartbeat, heartbeat)
    except zmq.ContextTerminated:
        heartbeat.close(linger=0)
