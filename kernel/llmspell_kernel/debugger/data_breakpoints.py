"""Data breakpoints: stops when a variable, or a field of a table, has been given another value.

The Lua half watches (``lua/data_breakpoints.lua``); here are the requests, and what is in force for it to fetch.

Invariant: what a client is told to be watched is watched until it is told its end.
"""

import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any, Protocol

from ..protocol.ldp import RequestError, integer_argument, list_argument, response, text_argument
from ..runtime.values import Value
from .breakpoint import Breakpoint
from .breakpoints import BreakpointTable

Respond = Callable[[dict[str, Any]], None]
Request = Mapping[str, Any]

MAX_WATCHED = 100
# Measured: 1 µs for each line, call and return, for a local 2.5 µs, since its frame is looked for each time. Programs
# that do little on a line ran 40 to 230 times slower (a local: 140 to 550), one that works with strings 14 (31) times.
_COST = "watched after each line: the script runs tens to hundreds of times slower meanwhile"


class AskOrLook(Protocol):
    """``Debugger.ask_or_look``"""

    def __call__(
        self,
        request: Request,
        respond: Respond,
        command: str,
        arguments: list[Value],
        finish: Callable[[Any], dict[str, Any]],
    ) -> None: ...


@dataclass(frozen=True, slots=True)
class _Watched:
    data_id: str
    breakpoint: Breakpoint
    message: str | None  # why it is not watched
    client: str

    @property
    def described(self) -> dict[str, Any]:
        message = self.message or _COST
        return {"id": self.breakpoint.id, "verified": self.message is None, "message": message}


class DataBreakpoints:
    """Those of a session. ``is_debugged`` says whether somebody could let a stopped script go on."""

    def __init__(
        self,
        table: BreakpointTable,
        send_event: Callable[[str, dict[str, Any]], None],
        apply: Callable[[], None],
        ask_or_look: AskOrLook,
        is_debugged: Callable[[], bool],
    ) -> None:
        self._table, self._send_event, self._apply = table, send_event, apply
        self._ask_or_look, self._is_debugged = ask_or_look, is_debugged
        self._lock = threading.Lock()
        self._known: set[str] = set()
        self._watched: list[_Watched] = []

    def info(self, request: Request, respond: Respond) -> None:
        """``dataBreakpointInfo``: what a variable is called in ``setDataBreakpoints``."""
        arguments = request.get("arguments") or {}
        reference = integer_argument(arguments, "variablesReference", default=0)
        name, frame = text_argument(arguments, "name"), integer_argument(arguments, "frameId", default=0)
        self._ask_or_look(request, respond, "dataBreakpointInfo", [reference, name, frame], self._found)

    def _found(self, found: Mapping[str, Any]) -> dict[str, Any]:
        if found.get("id") is None:
            return {"dataId": None, "description": found["text"]}
        data_id = str(found["id"])
        self._known.add(data_id)
        return {"dataId": data_id, "description": found["text"], "accessTypes": ["write"], "canPersist": False}

    def set(self, request: Request, respond: Respond) -> None:
        """``setDataBreakpoints``"""
        arguments = request.get("arguments")
        if not isinstance(arguments, dict):
            raise RequestError("arguments: expected an object")
        requests = list_argument(arguments, "breakpoints")
        if len(requests) > MAX_WATCHED:
            raise RequestError(f"breakpoints: {len(requests)} are more than {MAX_WATCHED}")
        for index, one in enumerate(requests):
            _check(one, f"breakpoints[{index}]")
        if requests and not self._is_debugged():
            raise RequestError("nobody debugs this session: attach first")
        with self._lock:
            kept: dict[str, dict[tuple[object, ...], Breakpoint]] = {}
            own = [one for one in self._watched if one.client == request["client"]]
            for one in own:
                kept.setdefault(one.data_id, {})[one.breakpoint.key] = one.breakpoint
            others = [one for one in self._watched if one not in own]
            own = [self._parsed(one, kept.setdefault(one["dataId"], {}), request["client"]) for one in requests]
            self._watched = [*others, *own]
            described = [one.described for one in own]
        self._apply()
        respond(response(request, {"breakpoints": described}))

    def _parsed(self, request: Mapping[str, Any], kept: dict[tuple[object, ...], Breakpoint], client: str) -> _Watched:
        parsed = self._table.parse({**request, "line": 0, "column": None, "logMessage": None}, kept)
        message = parsed.complaint
        if request["dataId"] not in self._known:
            message = f"dataId: {request['dataId']!r} is not known: ask dataBreakpointInfo for it"
        elif request.get("accessType") not in (None, "write"):
            message = f"accessType: {request['accessType']!r}: only 'write' can be seen"
        return _Watched(request["dataId"], parsed, message, client)

    def clear(self, client: str) -> None:
        """A client has left; the caller has the script's thread take over what remains."""
        with self._lock:
            self._watched = [one for one in self._watched if one.client != client]

    # For the Lua half ---------------------------------------------------------------------------------------

    def in_force(self) -> Sequence[Mapping[str, Any]]:
        with self._lock:
            return [
                {
                    "id": one.breakpoint.id,
                    "target": int(one.data_id),
                    "condition": one.breakpoint.condition,
                    "hit_operator": one.breakpoint.hit_operator,
                    "hit_count": one.breakpoint.hit_count,
                    "ignore_count": one.breakpoint.ignore_count,
                }
                for one in self._watched
                if one.message is None and one.breakpoint.enabled
            ]

    def ended(self, number: int, text: bytes) -> None:
        """What a breakpoint watches is no more."""
        message = text.decode("utf-8", "replace")
        with self._lock:
            before = [one for one in self._watched if one.breakpoint.id == number]
            self._watched = [replace(one, message=message) if one in before else one for one in self._watched]
        if before:
            body = {"id": number, "verified": False, "message": message}
            self._send_event("breakpoint", {"reason": "changed", "breakpoint": body})
            self._send_event("output", {"category": "console", "output": f"data breakpoint: {message}\n"})


def _check(value: object, field: str) -> None:
    """Raises RequestError where a data breakpoint has a field of a wrong type."""
    if not isinstance(value, dict):
        raise RequestError(f"{field}: expected an object")
    if not isinstance(value.get("dataId"), str):
        raise RequestError(f"{field}.dataId: expected a string, got {value.get('dataId')!r}")
    for name in ("accessType", "condition", "hitCondition"):
        if not isinstance(value.get(name), str | None):
            raise RequestError(f"{field}.{name}: expected a string, got {value[name]!r}")
