"""What DAP demands of each message of an adapter, checked as the messages come: every test's conversation is judged.

Invariant: a rule needs nothing but the messages that were sent and received before.
"""

from collections.abc import Callable, Iterator
from typing import Any

Json = dict[str, Any]

MAX_REFERENCE = 2**31 - 1
EVENTS = {
    "breakpoint": {"reason", "breakpoint"},
    "capabilities": {"capabilities"},
    "continued": {"threadId"},
    "exited": {"exitCode"},
    "initialized": set(),
    "invalidated": set(),
    "loadedSource": {"reason", "source"},
    "memory": {"memoryReference", "offset", "count"},
    "module": {"reason", "module"},
    "output": {"output"},
    "process": {"name"},
    "progressEnd": {"progressId"},
    "progressStart": {"progressId", "title"},
    "progressUpdate": {"progressId"},
    "stopped": {"reason"},
    "terminated": set(),
    "thread": {"reason", "threadId"},
}
# What a client must have announced for an event or a request of the adapter.
ANNOUNCED = {
    "invalidated": "supportsInvalidatedEvent",
    "memory": "supportsMemoryEvent",
    "progressStart": "supportsProgressReporting",
    "progressUpdate": "supportsProgressReporting",
    "progressEnd": "supportsProgressReporting",
    "runInTerminal": "supportsRunInTerminalRequest",
    "startDebugging": "supportsStartDebuggingRequest",
}
# Fields of bodies that must be there.
BODIES = {
    "breakpointLocations": {"breakpoints"},
    "completions": {"targets"},
    "dataBreakpointInfo": {"dataId", "description"},
    "disassemble": {"instructions"},
    "evaluate": {"result", "variablesReference"},
    "exceptionInfo": {"exceptionId", "breakMode"},
    "loadedSources": {"sources"},
    "locations": {"source", "line"},
    "modules": {"modules"},
    "readMemory": {"address"},
    "scopes": {"scopes"},
    "setBreakpoints": {"breakpoints"},
    "setDataBreakpoints": {"breakpoints"},
    "setExpression": {"value"},
    "setFunctionBreakpoints": {"breakpoints"},
    "setVariable": {"value"},
    "source": {"content"},
    "stackTrace": {"stackFrames"},
    "stepInTargets": {"targets"},
    "threads": {"threads"},
    "variables": {"variables"},
}
REFERENCES = ("variablesReference", "frameId", "sourceReference", "threadId", "id", "locationReference")


class ProtocolRules:
    """One conversation."""

    def __init__(self) -> None:
        self.findings: list[str] = []
        self._client: Json = {}
        self._pending: dict[int, Json] = {}
        self._sequence = 0
        self._initialize_answered = False
        self._ended = False
        self._breakpoints: set[int] = set()

    def sent(self, message: Json) -> None:
        """The client has sent a message."""
        if message.get("type") == "request":
            self._pending[message["seq"]] = message
            if message["command"] == "initialize":
                self._client = message.get("arguments", {})

    def sent_nonsense(self, seq: int) -> None:
        """The client has sent what is no message; ``seq`` is what can be read of it, 0 for nothing."""
        self._pending[seq] = {"command": ""}

    def received(self, message: Json) -> None:
        """The adapter has sent a message."""
        self._sequence += 1
        if message.get("seq") != self._sequence:
            self._find(message, f"seq is not {self._sequence}")
        judge: dict[str, Callable[[Json], None]] = {
            "response": self._response,
            "event": self._event,
            "request": self._request,
        }
        judge.get(message.get("type", ""), lambda m: self._find(m, "no type of message"))(message)
        for field, value in _fields(message.get("body")):
            if field in REFERENCES and isinstance(value, int) and not 0 <= value <= MAX_REFERENCE:
                self._find(message, f"{field} {value} is no reference")
            if field in ("line", "column") and (not isinstance(value, int) or value < 0):
                self._find(message, f"{field} {value!r} is no place")

    def _response(self, message: Json) -> None:
        asked = self._pending.pop(message.get("request_seq", -1), None)
        if asked is None:
            self._find(message, "answers nothing that waits for an answer")
            return
        if asked["command"] != message.get("command"):
            self._find(message, f"answers {asked['command']}")
        if message.get("success") is not True:
            error = message.get("body", {}).get("error", {})
            if not message.get("message") or not isinstance(error.get("id"), int) or not error.get("format"):
                self._find(message, "an error without message, id and format")
            return
        body, arguments = message.get("body", {}), asked.get("arguments", {})
        self._lacks(message, BODIES.get(asked["command"], set()), body)
        if asked["command"] == "initialize":
            self._initialize_answered = True
        if asked["command"] == "restart":
            self._ended = False
        if asked["command"].endswith("Breakpoints"):
            wanted = arguments.get("breakpoints", arguments.get("lines", []))
            if asked["command"] != "setExceptionBreakpoints" and len(wanted) != len(body.get("breakpoints", [])):
                self._find(message, f"{len(wanted)} breakpoints were asked for")
            self._breakpoints |= {each.get("id") for each in body.get("breakpoints", [])}
        if "type" in {name for name, _ in _fields(body.get("variables"))} and not self._announced(
            "supportsVariableType"
        ):
            self._find(message, "type is not announced")

    def _event(self, message: Json) -> None:
        name, body = message.get("event", ""), message.get("body", {})
        if name not in EVENTS:
            self._find(message, "no event of DAP")
            return
        self._lacks(message, EVENTS[name], body)
        self._is_announced(message, name)
        if not self._initialize_answered and name != "output":
            self._find(message, "an event before the answer to initialize")
        if self._ended:
            self._find(message, "an event after terminated")
        self._ended |= name == "terminated"
        if name == "breakpoint" and body.get("breakpoint", {}).get("id") not in self._breakpoints:
            self._find(message, "a breakpoint that the client does not know")
        if not set(body.get("hitBreakpointIds", [])) <= self._breakpoints:
            self._find(message, "hits a breakpoint that the client does not know")

    def _request(self, message: Json) -> None:
        self._is_announced(message, message.get("command", ""))

    def _is_announced(self, message: Json, name: str) -> None:
        if name in ANNOUNCED and not self._announced(ANNOUNCED[name]):
            self._find(message, f"the client has not announced {ANNOUNCED[name]}")

    def _announced(self, feature: str) -> bool:
        return self._client.get(feature) is True

    def _lacks(self, message: Json, fields: set[str], body: Json) -> None:
        missing = fields - body.keys()
        if missing:
            self._find(message, f"lacks {', '.join(sorted(missing))}")

    def _find(self, message: Json, problem: str) -> None:
        self.findings.append(f"{problem}: {str(message)[:300]}")


def _fields(value: object) -> Iterator[tuple[str, object]]:
    """The members of all objects in a value."""
    waiting = [value]
    while waiting:
        each = waiting.pop()
        if isinstance(each, dict):
            yield from each.items()
            waiting.extend(each.values())
        elif isinstance(each, list):
            waiting.extend(each)
