"""What the Lua half tells of frames and values, as the types of DAP."""

import os
import re
from collections.abc import Callable, Mapping, Sequence
from types import MappingProxyType
from typing import Any

from .memory import memory_reference

_SURROGATE = re.compile("[\udc80-\udcff]")


def visible(text: str) -> str:
    """Bytes that are no UTF-8 (surrogates of ``surrogateescape``) written as Lua escapes."""
    return _SURROGATE.sub(lambda match: f"\\x{ord(match[0]) - 0xDC00:02X}", text)


def stack_frame(
    frame: Mapping[str, Any],
    place: Mapping[str, Any] | None,
    function_name: Callable[[str, int], str | None],
    shown: Mapping[str, Any] = MappingProxyType({}),
) -> dict[str, Any]:
    """DAP ``StackFrame``; ``place`` is where a client finds what its chunk was loaded from, None where there is none.

    ``function_name`` gives what the text calls the function that begins in a line of a chunk; how it was called is
    what Lua knows. ``shown`` is what its name is to tell more (DAP ``StackFrameFormat``).
    """
    if frame.get("label"):
        # what a callback was called from, or a line of the coroutine that it was called from
        hint = "subtle" if frame.get("is_place") else "label"
        place = {"id": frame["id"], "name": visible(frame["label"]), "line": 0, "column": 0}
        return place | {"canRestart": False, "presentationHint": hint}
    name = function_name(frame["source"], frame["first"]) if frame["what"] == "Lua" else None
    body: dict[str, Any] = {
        "id": frame["id"],
        "name": visible((name or frame["name"]) + _more_of(frame, shown)),
        "line": max(frame["line"], 0),
        "column": frame.get("column") or (1 if frame["line"] > 0 else 0),
    }
    if frame.get("pointer"):
        body["instructionPointerReference"] = hex(frame["pointer"])
    if not frame.get("can_restart"):
        body["canRestart"] = False
    chunk_name = frame["source"]
    if frame.get("native"):
        body["presentationHint"] = "subtle"
    elif place is not None:
        body["source"] = {"name": source_name(chunk_name), **place}
    else:
        body["source"] = {"name": source_name(chunk_name), "presentationHint": "deemphasize"}
    return body


def _more_of(frame: Mapping[str, Any], shown: Mapping[str, Any]) -> str:
    more = ""
    if shown.get("parameters"):
        parts = [
            " ".join(one[kind] for kind in ("type", "name") if shown.get(_PARAMETER_PARTS[kind]))
            for one in _given(frame)
        ]
        if shown.get("parameterValues"):
            texts = [one["text"] for one in _given(frame)]
            parts = [f"{part} = {text}" if part else text for part, text in zip(parts, texts, strict=True)]
        more += f"({', '.join(part for part in parts if part)})"
    if shown.get("module") and not frame.get("native"):
        more += f" {source_name(frame['source'])}"
    if shown.get("line") and frame["line"] > 0:
        more += f" line {frame['line']}"
    return more


_PARAMETER_PARTS = {"type": "parameterTypes", "name": "parameterNames"}


def _given(frame: Mapping[str, Any]) -> Sequence[Mapping[str, Any]]:
    return frame.get("parameters") or []


def source_name(chunk_name: str) -> str:
    """What a chunk's source is called: a file's own name, ``cell 3``, or the beginning of the text."""
    if chunk_name.startswith("@"):
        return os.path.basename(chunk_name[1:])
    return visible(chunk_name.removeprefix("=").partition("\n")[0][:60])


def scope(entry: Mapping[str, Any]) -> dict[str, Any]:
    """DAP ``Scope``."""
    body = {
        "name": entry["name"],
        "variablesReference": entry["reference"],
        "expensive": bool(entry.get("expensive")),
    }
    if entry.get("hint") in ("locals", "returnValue"):
        body["presentationHint"] = entry["hint"]
    return _with_more(body, entry)


def variable(entry: Mapping[str, Any]) -> dict[str, Any]:
    """DAP ``Variable``."""
    body: dict[str, Any] = {
        "name": visible(entry["name"]),
        "value": visible(entry["text"]),
        "type": entry["type"],
        "variablesReference": entry["reference"],
    }
    if entry.get("evaluate_name"):
        body["evaluateName"] = visible(entry["evaluate_name"])
    return _with_more(body, entry)


def evaluated(entries: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """The body of an ``evaluate`` response; several values are shown side by side."""
    if len(entries) == 1:
        entry = entries[0]
        body = {"result": visible(entry["text"]), "variablesReference": entry["reference"]}
        if "type" in entry:  # the text of several values for the clipboard has none
            body["type"] = entry["type"]
        return _with_more(body, entry)
    return {
        "result": visible("\t".join(one["text"] for one in entries)),
        "variablesReference": entries[0]["all"] if entries else 0,
    }


def watched(expressions: Sequence[str], results: Sequence[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Watch expressions with what each came to: a value or an error."""
    return [
        {"expression": expression, "error": visible(result["error"])}
        if "error" in result
        else {"expression": expression, **evaluated(result["values"] or [])}
        for expression, result in zip(expressions, results, strict=True)
    ]


def _with_more(body: dict[str, Any], entry: Mapping[str, Any]) -> dict[str, Any]:
    if entry.get("indexed") is not None:
        body["indexedVariables"] = entry["indexed"]
        body["namedVariables"] = entry["named"]
    if entry.get("location"):
        body["valueLocationReference"] = entry["location"]
    if entry.get("declared"):
        body["declarationLocationReference"] = entry["declared"]
    if entry.get("memory"):
        body["memoryReference"] = memory_reference(entry["memory"])
    if entry.get("constant"):
        body["presentationHint"] = {"attributes": ["constant", "readOnly"]}
    return body
