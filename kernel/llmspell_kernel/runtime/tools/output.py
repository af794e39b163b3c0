"""What a tool answers, and the one rule that makes a Lua table of it.

Three styles exist. `envelope`: the answer's own fields (operation, success, result, …) are the table's fields and
the JSON text is kept as `_raw_text`. `text_meta`: `text` is the answer and `metadata.response` an envelope. `raw`:
`text` is JSON, `data` what it says, `metadata.response` an envelope. Plain JSON without the fields of an envelope
gives `data` and `text`.

Invariant: `metadata` is always the metadata of the run; nothing a tool answers can take its place.
"""

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from ..values import Value

ENVELOPE_KEYS = frozenset({"operation", "success", "result"})


class ToolError(Exception):
    """The tool cannot do what it was asked; the message says what, why and what to do. `code` is for programs."""

    def __init__(self, message: str, code: str = "execution_failed") -> None:
        super().__init__(message)
        self.code = code


@dataclass(frozen=True, slots=True)
class ToolOutput:
    """A tool's answer. `content` is the JSON value of the envelope, raw and json styles; `text` that of text_meta."""

    style: Literal["envelope", "text_meta", "raw", "json"]
    content: Value = None
    text: str = ""
    metadata: Mapping[str, Value] = field(default_factory=dict)
    media: tuple[Value, ...] = ()


def envelope(operation: str, result: Value, message: str | None = None, **extra: Value) -> ToolOutput:
    """A success in envelope style. `extra` are further fields beside result."""
    return ToolOutput("envelope", _envelope(operation, result, message, extra))


def double_envelope(outer: str, operation: str, result: Value) -> ToolOutput:
    """A success whose envelope is the result of another: its answer stands at ``result.result``."""
    return envelope(outer, _envelope(operation, result, None, {}))


def failure(operation: str, message: str, code: str, **extra: Value) -> ToolOutput:
    """A failure that is answered instead of raised."""
    error: Value = {"message": message, "code": code}
    return ToolOutput("envelope", {"operation": operation, "success": False, "error": error, **extra})


def text_meta(operation: str, text: str, result: Value, message: str | None = None) -> ToolOutput:
    """A success whose answer is text, with the structure in the metadata."""
    response = _envelope(operation, result, message, {})
    return ToolOutput("text_meta", text=text, metadata={"operation": operation, "response": response})


def raw(operation: str, value: Value) -> ToolOutput:
    """A success whose answer is a JSON value as it is."""
    response = _envelope(operation, value, None, {})
    return ToolOutput("raw", value, metadata={"operation": operation, "response": response})


def plain_json(value: Value) -> ToolOutput:
    """A success that is JSON but no envelope."""
    return ToolOutput("json", value)


def lua_table(output: ToolOutput, execution_time_ms: int) -> dict[str, Value]:
    """The table a script sees (the rule of this module)."""
    table = _body(output)
    table["metadata"] = {"execution_time_ms": execution_time_ms, **output.metadata}
    if output.media:
        table["media"] = list(output.media)
    return table


def _body(output: ToolOutput) -> dict[str, Value]:
    match output.style:
        case "text_meta":
            # A file that is read may hold JSON; its text stays the answer whatever keys that JSON has.
            body: dict[str, Value] = {"text": output.text}
            if (data := _json_container(output.text)) is not None:
                body["data"] = data
            return body
        case "raw":
            return {"text": json_text(output.content), "data": output.content}
    text = json_text(output.content)
    if isinstance(output.content, dict) and not ENVELOPE_KEYS.isdisjoint(output.content):
        return {**output.content, "_raw_text": text}
    return {"data": output.content, "text": text}


def json_text(value: Value) -> str:
    """Compact JSON. NaN and infinities become null, bytes that are not UTF-8 stay as they are."""
    try:
        return json.dumps(value, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    except ValueError:
        return json.dumps(finite(value), ensure_ascii=False, separators=(",", ":"))


def finite(value: Value) -> Value:
    """The value with null in place of NaN and infinities, which JSON does not have."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, list):
        return [finite(item) for item in value]
    if isinstance(value, dict):
        return {key: finite(item) for key, item in value.items()}
    return value


def _json_container(text: str) -> Value:
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        value: Value = json.loads(text)
        json.dumps(value, ensure_ascii=False).encode("utf-8", "surrogateescape")
    except (ValueError, RecursionError):
        return None
    return value


def _envelope(operation: str, result: Value, message: str | None, extra: Mapping[str, Value]) -> dict[str, Value]:
    body: dict[str, Value] = {"operation": operation, "success": True}
    if message is not None:
        body["message"] = message
    body["result"] = result
    return {**body, **extra}
