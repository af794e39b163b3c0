"""The request ``readMemory``: the bytes of a string that a variable holds.

A string's memory reference is a number for an address space of ours, in which each string has room for 2 GiB; so an
offset may be added to it. Strings cannot be changed in place: there is no ``writeMemory``.
"""

import base64
from collections.abc import Mapping
from typing import Any

from ..protocol.ldp import MAX_INTEGER, RequestError, integer_argument, object_argument
from ..runtime.values import text_bytes
from .script_requests import Request, Respond, ScriptRequests

MAX_COUNT = 16 * 1024 * 1024
# apart from the addresses of instructions, which are real ones
_STRINGS = 1 << 62
_ROOM_BITS = 31


def memory_reference(reference: int) -> str:
    """Of a string that the Lua half knows by a reference."""
    return f"0x{_STRINGS | reference << _ROOM_BITS:x}"


def address_argument(arguments: Mapping[str, Any], field: str = "memoryReference") -> int:
    """The address that a memory reference stands for. Raises RequestError."""
    text = arguments.get(field)
    try:
        if not isinstance(text, str):
            raise ValueError
        return int(text, 0)
    except ValueError:
        raise RequestError(f"{field}: expected a reference that was given before, got {text!r}") from None


def signed_argument(arguments: Mapping[str, Any], field: str) -> int:
    """An integer that may be negative; absent is 0. Raises RequestError."""
    value = arguments.get(field)
    if value is None:
        return 0
    if isinstance(value, bool) or not isinstance(value, int) or abs(value) > MAX_INTEGER:
        raise RequestError(f"{field}: expected an integer of at most 31 bits, got {value!r}")
    return value


def read_memory(script: ScriptRequests, request: Request, respond: Respond) -> None:
    arguments = object_argument(request, "arguments")
    address = address_argument(arguments)
    count = integer_argument(arguments, "count")
    if not _STRINGS < address < _STRINGS << 1:
        raise RequestError("memoryReference: there is no string at this address")
    reference, start = divmod(address - _STRINGS, 1 << _ROOM_BITS)
    offset = start + signed_argument(arguments, "offset")
    readable = min(count, MAX_COUNT)

    def finish(found: Mapping[str, Any]) -> dict[str, Any]:
        data = text_bytes(found["bytes"])
        left = found["size"] - max(offset, 0)
        if count > MAX_COUNT and left > MAX_COUNT:
            raise RequestError(f"count: {count} are more than {MAX_COUNT} bytes at once")
        body: dict[str, Any] = {"address": f"0x{address - start + max(offset, 0):x}"}
        if offset < 0:  # there is nothing before a string, and what follows is read from its beginning on
            return {"address": f"0x{address - start + offset:x}", "unreadableBytes": min(count, -offset)}
        if data:
            body["data"] = base64.b64encode(data).decode()
        if len(data) < count:
            body["unreadableBytes"] = count - len(data)
        return body

    script.ask_or_look(request, respond, "bytes", [reference, max(offset, 0), 0 if offset < 0 else readable], finish)
