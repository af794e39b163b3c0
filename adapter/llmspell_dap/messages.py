"""The messages that a client sends, checked, and those that it gets, built.

Invariant: nothing that a client sends is used before its type was checked, and the error names the field.
"""

import json
import os
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NoReturn, TypeVar

Json = dict[str, Any]
T = TypeVar("T")

MAX_INTEGER = 2**31 - 1
# The message of a request that a client took back, as DAP has it.
CANCELLED = "cancelled"
_KINDS = {
    bool: "a boolean",
    int: "an integer",
    float: "a number",
    str: "a string",
    list: "an array",
    dict: "an object",
}


class RequestFailedError(Exception):
    """A request answered with an error response. ``show_user``: the client should put it before the user."""

    def __init__(self, message: str, *, show_user: bool = False, error_id: int = 1000) -> None:
        super().__init__(message)
        self.show_user = show_user
        self.error_id = error_id


class FieldError(RequestFailedError):
    """A field that is missing or has a wrong value; the message begins with its name."""

    def __init__(self, message: str) -> None:
        super().__init__(message, error_id=1001)


class MalformedMessageError(Exception):
    """A body that is no DAP request; ``seq`` and ``command`` are what could be read of it."""

    def __init__(self, message: str, seq: int = 0, command: str = "") -> None:
        super().__init__(message)
        self.seq = seq
        self.command = command


@dataclass(frozen=True, slots=True)
class Fields:
    """A JSON object whose members are read by name and type; ``where`` is its own name in errors."""

    values: Mapping[str, object]
    where: str = "arguments"

    def fail(self, name: str, expected: str) -> NoReturn:
        if name not in self.values:
            raise FieldError(f"{self.where}.{name}: expected {expected}, but it is missing")
        value = self.values[name]
        found = "null" if value is None else _KINDS.get(type(value), type(value).__name__)
        if isinstance(value, bool | int | float | str) and len(shown := json.dumps(value)) <= 40:
            found = shown
        raise FieldError(f"{self.where}.{name}: expected {expected}, found {found}")

    def has(self, name: str) -> bool:
        """Whether there is a value; null counts as none, as clients use it so."""
        return self.values.get(name) is not None

    def text(self, name: str) -> str:
        value = self.values.get(name)
        return value if isinstance(value, str) else self.fail(name, "a string")

    def integer(self, name: str, least: int = 0, most: int = MAX_INTEGER) -> int:
        value = self.values.get(name)
        if isinstance(value, int) and not isinstance(value, bool) and least <= value <= most:
            return value
        return self.fail(name, f"an integer from {least} to {most}")

    def boolean(self, name: str, default: bool) -> bool:
        if not self.has(name):
            return default
        value = self.values[name]
        return value if isinstance(value, bool) else self.fail(name, "true or false")

    def choice(self, name: str, choices: tuple[str, ...], default: str) -> str:
        if not self.has(name):
            return default
        value = self.values[name]
        if isinstance(value, str) and value in choices:
            return value
        return self.fail(name, " or ".join(repr(choice) for choice in choices))

    def path(self, name: str) -> str:
        value = self.text(name)
        return value if is_path(value) else self.fail(name, "a path")

    def nested(self, name: str) -> "Fields":
        value = self.values.get(name)
        if not isinstance(value, dict):
            self.fail(name, "an object")
        return Fields(value, f"{self.where}.{name}")

    def items(self, name: str) -> list[object]:
        value = self.values.get(name)
        return value if isinstance(value, list) else self.fail(name, "an array")

    def objects(self, name: str) -> list["Fields"]:
        rows = enumerate(self.items(name))
        found = []
        for index, row in rows:
            if not isinstance(row, dict):
                raise FieldError(f"{self.where}.{name}[{index}]: expected an object")
            found.append(Fields(row, f"{self.where}.{name}[{index}]"))
        return found

    def texts(self, name: str) -> list[str]:
        found = []
        for index, value in enumerate(self.items(name)):
            if not isinstance(value, str):
                raise FieldError(f"{self.where}.{name}[{index}]: expected a string")
            found.append(value)
        return found

    def optional(self, name: str, read: Callable[[str], T]) -> T | None:
        """``read(name)`` when there is a value, else None: ``fields.optional("cwd", fields.path)``."""
        return read(name) if self.has(name) else None


def is_path(text: str) -> bool:
    """Whether the system could have a file of this name at all."""
    try:
        return b"\0" not in os.fsencode(text) and text != ""
    except UnicodeEncodeError:
        return False


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose frame is right; its arguments are checked by who handles it."""

    seq: int
    command: str
    arguments: Fields


@dataclass(frozen=True, slots=True)
class Response:
    """A client's answer to a request of the adapter."""

    request_seq: int
    success: bool
    message: str
    body: Json


def parse_message(body: bytes) -> Request | Response:
    """Read a message from the client; raises MalformedMessageError."""
    try:
        message = json.loads(body.decode("utf-8"), parse_constant=_refuse_constant)
    except UnicodeDecodeError as error:
        raise MalformedMessageError(f"the message is not UTF-8: byte {error.start} is wrong") from None
    except RecursionError:
        raise MalformedMessageError("the message is not usable: its JSON is nested too deep") from None
    except ValueError as error:
        raise MalformedMessageError(f"the message is not JSON: {error}") from None
    if not isinstance(message, dict):
        raise MalformedMessageError(f"expected a JSON object, found {_KINDS.get(type(message), 'null')}")
    fields = Fields(message, "message")
    if message.get("type") == "response":
        # Nothing of it can be wrong in a way that the client would want to be told.
        number, answer = message.get("request_seq"), message.get("body")
        return Response(
            number if isinstance(number, int) else 0,
            message.get("success") is True,
            str(message.get("message") or ""),
            answer if isinstance(answer, dict) else {},
        )
    seq = message.get("seq")
    known_seq = seq if isinstance(seq, int) and not isinstance(seq, bool) and 0 <= seq <= MAX_INTEGER else 0
    command = message.get("command")
    known_command = command if isinstance(command, str) else ""
    try:
        fields.integer("seq")
        if fields.text("type") != "request":
            fields.fail("type", "'request'")
        fields.text("command")
        arguments = fields.nested("arguments").values if fields.has("arguments") else {}
    except FieldError as error:
        raise MalformedMessageError(str(error).removeprefix("message."), known_seq, known_command) from None
    return Request(known_seq, known_command, Fields(arguments))


def _refuse_constant(name: str) -> NoReturn:
    raise ValueError(f"{name} is no JSON")


@dataclass(frozen=True, slots=True)
class ClientFeatures:
    """What ``initialize`` says about the client."""

    lines_start_at_1: bool
    columns_start_at_1: bool
    path_format: str
    variable_type: bool
    memory_references: bool
    progress: bool
    invalidated_event: bool
    memory_event: bool
    start_debugging: bool
    run_in_terminal: bool
    ansi_styling: bool
    configuration_done: bool
    # VS Code takes the start of a completion for an index of JavaScript, whatever columnsStartAt1 says
    counts_completions_from_0: bool

    @classmethod
    def read(cls, fields: Fields) -> "ClientFeatures":
        fields.text("adapterID")
        return cls(
            lines_start_at_1=fields.boolean("linesStartAt1", True),
            columns_start_at_1=fields.boolean("columnsStartAt1", True),
            path_format=fields.choice("pathFormat", ("path", "uri"), "path"),
            variable_type=fields.boolean("supportsVariableType", False),
            memory_references=fields.boolean("supportsMemoryReferences", False),
            progress=fields.boolean("supportsProgressReporting", False),
            invalidated_event=fields.boolean("supportsInvalidatedEvent", False),
            memory_event=fields.boolean("supportsMemoryEvent", False),
            start_debugging=fields.boolean("supportsStartDebuggingRequest", False),
            run_in_terminal=fields.boolean("supportsRunInTerminalRequest", False),
            ansi_styling=fields.boolean("supportsANSIStyling", False),
            # DAP has no flag of a client for it; all of today send the request.
            configuration_done=fields.boolean("supportsConfigurationDoneRequest", True),
            counts_completions_from_0=fields.optional("clientID", fields.text) == "vscode",
        )


@dataclass(frozen=True, slots=True)
class SourceSpec:
    """A source that the client names: by its path, or by a reference that it got (0 means none)."""

    path: str | None
    reference: int
    name: str | None

    @classmethod
    def read(cls, fields: Fields) -> "SourceSpec":
        found = cls(
            path=fields.optional("path", fields.path),
            reference=fields.optional("sourceReference", fields.integer) or 0,
            name=fields.optional("name", fields.text),
        )
        if found.path is None and not found.reference:
            fields.fail("path", "a path (or a sourceReference)")
        return found


def response(request_seq: int, command: str, body: Json) -> Json:
    """A response to a request that succeeded; the sender adds ``seq``."""
    answer = {"type": "response", "request_seq": request_seq, "success": True, "command": command}
    return {**answer, "body": body} if body else answer


def error_response(request_seq: int, command: str, error: RequestFailedError) -> Json:
    """A response to a request that failed."""
    text = str(error)
    described: Json = {"id": error.error_id, "format": text, "showUser": error.show_user}
    if "{" in text:
        # In ``format`` braces name variables.
        described |= {"format": "{_message}", "variables": {"_message": text}}
    return {
        "type": "response",
        "request_seq": request_seq,
        "success": False,
        "command": command,
        "message": text,
        "body": {"error": described},
    }


def event(name: str, body: Json | None = None) -> Json:
    """An event; the sender adds ``seq``."""
    return {"type": "event", "event": name, **({"body": body} if body else {})}
