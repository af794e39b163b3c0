"""The host half of the global `Comm`: which comms are open, and their messages (messaging protocol 5.5, "Custom
Messages").

Invariants: at most MAX_OPEN comms are open; what is sent or told to a script is about a comm that is open, or that was
until this very message.
"""

import os
from collections.abc import Mapping
from typing import Any, cast

from ..host import Host, HostError
from ..values import Value

MAX_OPEN = 10_000
MAX_NAME_BYTES = 1024


def register(host: Host) -> None:
    comms = Comms()
    host.register("Comm.register", comms.register)
    host.register("Comm.unregister", comms.unregister)
    host.register("Comm.open", comms.open)
    host.register("Comm.send", comms.send)
    host.register("Comm.close", comms.close)
    host.register("Comm.arrive", comms.arrive)
    host.register("Comm.receive", comms.receive)
    host.register("Comm.list", comms.list)


class Comms:
    """The comms of one runtime."""

    def __init__(self) -> None:
        self._targets: set[str] = set()
        self._open: dict[str, str] = {}  # targets by comm id
        self._arrived: Value = None

    def register(self, _host: Host, target: str) -> None:
        """From now on a client may open comms with this target."""
        _refuse_long_name("Comm.register", target)
        self._targets.add(target)

    def unregister(self, _host: Host, target: str) -> None:
        self._targets.discard(target)

    def open(self, host: Host, target: str, data: Value, metadata: Value) -> Value:
        """Open a comm to the clients; gives its id."""
        _refuse_long_name("Comm.open", target)
        if host.context.publish is None:
            raise HostError(
                "Comm.open: there is no front-end to talk to: this script runs without a kernel (as with "
                "'llmspell run'); run it in a notebook or another client of a kernel"
            )
        if len(self._open) >= MAX_OPEN:
            raise HostError(f"Comm.open: {MAX_OPEN} comms are open, the limit; close some with comm:close()")
        comm_id = os.urandom(16).hex()
        content = {"target_name": target, "data": data, "metadata": metadata}
        _publish(host, "Comm.open", "comm_open", comm_id, content)
        self._open[comm_id] = target
        return comm_id

    def send(self, host: Host, data: Value, metadata: Value, comm_id: str) -> None:
        if comm_id not in self._open:
            raise HostError("'send': the comm is closed")
        _publish(host, "comm:send", "comm_msg", comm_id, {"data": data, "metadata": metadata})

    def close(self, host: Host, data: Value, comm_id: str) -> None:
        """Close a comm. Nothing happens when a message of a client has closed it."""
        if comm_id in self._open:
            _publish(host, "comm:close", "comm_close", comm_id, {"data": data})
            del self._open[comm_id]

    def list(self, _host: Host, target: str | None) -> Value:
        return {comm_id: name for comm_id, name in list(self._open.items()) if target in (None, name)}

    def arrive(self, host: Host, msg_type: str, content: Mapping[str, Value]) -> bool:
        """Take a client's message; True when the script is to be told of it. Raises HostError for a malformed one."""
        comm_id = _field(msg_type, content, "comm_id")
        target = self._open.get(comm_id)
        if msg_type == "comm_open":
            if target is not None:
                return False  # an id is one comm's
            target = _field(msg_type, content, "target_name")
            if target not in self._targets or len(self._open) >= MAX_OPEN:
                _publish(host, "comm:close", "comm_close", comm_id, {"data": {}})
                return False
            self._open[comm_id] = target
        elif target is None:
            return False
        elif msg_type == "comm_close":
            del self._open[comm_id]
        elif msg_type != "comm_msg":
            raise HostError(f"{msg_type} is no message of a comm (known: comm_open, comm_msg, comm_close)")
        self._arrived = {
            "type": msg_type,
            "id": comm_id,
            "target": target,
            "data": {} if content.get("data") is None else content["data"],
            "metadata": {} if content.get("metadata") is None else content["metadata"],
        }
        return True

    def receive(self, _host: Host) -> Value:
        """The message that arrived last, once."""
        message, self._arrived = self._arrived, None
        return message


def _publish(host: Host, function: str, msg_type: str, comm_id: str, content: Mapping[str, Value]) -> None:
    from ..bundles import readable
    from .display import refuse_too_large

    if host.context.publish is None:
        return
    given = {name: value for name, value in content.items() if value is not None}
    readable_content = cast("dict[str, Any]", readable({"comm_id": comm_id, **given}))
    refuse_too_large(function, readable_content)
    host.context.publish(msg_type, readable_content)


def _refuse_long_name(function: str, target: str) -> None:
    if len(target.encode("utf-8", "surrogateescape")) > MAX_NAME_BYTES:
        raise HostError(f"{function}: the target's name is longer than {MAX_NAME_BYTES} bytes")


def _field(msg_type: str, content: Mapping[str, Value], name: str) -> str:
    value = content.get(name)
    if not isinstance(value, str) or not value:
        raise HostError(f"{msg_type}: {name}: expected a string that is not empty")
    return value
