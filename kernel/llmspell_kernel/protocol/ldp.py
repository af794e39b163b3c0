"""LDP: the Debug Adapter Protocol's messages inside ``debug_request``, ``debug_reply`` and ``debug_event``."""

from collections.abc import Mapping, Sequence
from typing import Any

LDP_VERSION = "1.0"

# What a session's debugger can do; the adapter adds its own.
BREAKPOINT_CAPABILITIES: Mapping[str, bool] = {
    "supportsConfigurationDoneRequest": True,
    "supportsConditionalBreakpoints": True,
    "supportsFunctionBreakpoints": True,
    "supportsDataBreakpoints": True,
    "supportsHitConditionalBreakpoints": True,
    "supportsLogPoints": True,
    "supportsEvaluateForHovers": True,
    "supportsSetVariable": True,
    "supportsSetExpression": True,
    "supportsCompletionsRequest": True,
    "supportsCancelRequest": True,
    "supportsClipboardContext": True,
    "supportsValueFormattingOptions": True,
    "supportsDelayedStackTraceLoading": True,
    "supportsExceptionFilterOptions": True,
    "supportsExceptionInfoRequest": True,
    "supportsTerminateRequest": True,
    "supportTerminateDebuggee": True,
    "supportSuspendDebuggee": True,
}

# What it can do besides: the adapter announces such a flag when it has the request.
FURTHER_CAPABILITIES: Mapping[str, bool] = {
    "supportsModulesRequest": True,
    "supportsBreakpointLocationsRequest": True,
    "supportsStepInTargetsRequest": True,
    "supportsSteppingGranularity": True,
    "supportsLoadedSourcesRequest": True,
    "supportsTerminateThreadsRequest": True,
    "supportsReadMemoryRequest": True,
    "supportsDisassembleRequest": True,
    "supportsRestartFrame": True,
    "supportsSingleThreadExecutionRequests": True,
}
SOURCE_CAPABILITIES: Mapping[str, Sequence[Any]] = {
    "supportedChecksumAlgorithms": ("SHA256", "MD5"),
    "additionalModuleColumns": (
        {"attributeName": "kind", "label": "Kind", "type": "string"},
        {"attributeName": "hash", "label": "Hash", "type": "string"},
    ),
}

# How the breakpoint of a line may be found; without a mode it is a probe, and a hook only until the probe can be there.
BREAKPOINT_MODES: Mapping[str, Sequence[Mapping[str, Any]]] = {
    "breakpointModes": (
        {
            "mode": "probe",
            "label": "Probe",
            "description": "Found by a probe in the code alone, which costs nothing elsewhere; in a function that is"
            " active it is in force when the function has been left.",
            "appliesTo": ["source"],
        },
        {
            "mode": "hook",
            "label": "Line hook",
            "description": "Found by a hook that follows the lines, which is slow; the code stays as it was compiled.",
            "appliesTo": ["source"],
        },
    )
}

MAX_INTEGER = 2**31 - 1

_CONDITION = "A Lua expression over err, the error's value, and the names of the frame; for example: err.code == 404"


def _exception_filter(name: str, label: str, description: str, *, default: bool = False) -> Mapping[str, Any]:
    return {
        "filter": name,
        "label": label,
        "description": description,
        "default": default,
        "supportsCondition": True,
        "conditionDescription": _CONDITION,
    }


EXCEPTION_FILTERS: Sequence[Mapping[str, Any]] = (
    _exception_filter("raised", "Raised Errors", "Stop where any error is raised."),
    _exception_filter("caught", "Caught Errors", "Stop where an error is raised that will be caught."),
    _exception_filter("uncaught", "Uncaught Errors", "Stop where an error ends the script.", default=True),
    _exception_filter("syntax", "Syntax Errors", "Stop where a text is loaded or required that does not compile."),
    _exception_filter("tool", "Tool Errors", "Stop where a tool, or another call into the host, raises an error."),
)
EXCEPTION_CAPABILITIES: Mapping[str, Sequence[Mapping[str, Any]]] = {"exceptionBreakpointFilters": EXCEPTION_FILTERS}


class RequestError(ValueError):
    """A request that is refused; the message is for the person and names the field."""


def response(request: Mapping[str, Any], body: Mapping[str, Any]) -> dict[str, Any]:
    return {
        "type": "response",
        "request_seq": request.get("seq", 0),
        "success": True,
        "command": request["command"],
        "body": dict(body),
    }


def error_response(request: Mapping[str, Any], message: str) -> dict[str, Any]:
    return {
        "type": "response",
        "request_seq": request.get("seq", 0),
        "success": False,
        "command": request.get("command", ""),
        "message": message,
        "body": {"error": {"id": 1, "format": message.replace("{", "(").replace("}", ")"), "showUser": True}},
    }


def text_argument(arguments: Mapping[str, Any], field: str) -> str:
    value = arguments.get(field)
    if not isinstance(value, str):
        raise RequestError(f"{field}: expected a string, got {_kind(value)}")
    return value


def integer_argument(arguments: Mapping[str, Any], field: str, default: int | None = None) -> int:
    """An integer from 0 to 2³¹-1; absent or null is ``default`` where there is one."""
    value = arguments.get(field)
    if value is None and default is not None:
        return default
    if isinstance(value, bool) or not isinstance(value, int):
        raise RequestError(f"{field}: expected an integer, got {_kind(value)}")
    if not 0 <= value <= MAX_INTEGER:
        raise RequestError(f"{field}: {value} is not between 0 and {MAX_INTEGER}")
    return value


def path_argument(arguments: Mapping[str, Any], field: str, name: str = "") -> str:
    """A path; ``name`` is what the error calls it, where that is not the field alone."""
    value = arguments.get(field)
    if not isinstance(value, str) or not value or "\0" in value:
        raise RequestError(f"{name or field}: expected a path, got {value!r}")
    return value


def object_argument(arguments: Mapping[str, Any], field: str) -> Mapping[str, Any]:
    """An object; absent or null is an empty one."""
    value = arguments.get(field)
    if value is None:
        return {}
    if not isinstance(value, dict):
        raise RequestError(f"{field}: expected an object")
    return value


def list_argument(arguments: Mapping[str, Any], field: str, *, optional: bool = False) -> list[Any]:
    value = arguments.get(field)
    if value is None and optional:
        return []
    if not isinstance(value, list):
        raise RequestError(f"{field}: expected a list, got {_kind(value)}")
    return value


def _kind(value: object) -> str:
    return {type(None): "nothing", str: "a string", dict: "an object", list: "a list", bool: "a boolean"}.get(
        type(value), "a number"
    )
