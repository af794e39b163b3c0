"""Requests that set variables, complete names, cancel evaluations, and show what the project's State holds.

Each takes the requests of the script's thread, what else it needs, the request, and where its answer goes.
"""

import re
from collections.abc import Callable, Mapping
from typing import Any

from ..protocol.ldp import RequestError, integer_argument, response, text_argument
from ..runtime.values import Value
from .host_values import FIRST_REFERENCE
from .inspection import evaluated, visible
from .script_requests import ScriptRequests

Request = Mapping[str, Any]
Tell = Callable[[str], None]
Respond = Callable[[dict[str, Any]], None]

_BASE = r"[A-Za-z_]\w*(?:\s*[.:]\s*[A-Za-z_]\w*|\s*\[\s*(?:\"[^\"\\]*\"|'[^'\\]*'|[\w.+-]+)\s*\])*"
_CHAIN = re.compile(rf"(?:(?P<base>{_BASE})\s*(?P<separator>[.:])\s*)?(?P<prefix>[A-Za-z_]\w*)?$", re.ASCII)
# the key of a field that is not written to its end; its quotation mark may have begun already
_SUBSCRIPT = re.compile(rf"(?P<base>{_BASE})\s*\[\s*(?:(?P<quote>[\"'])(?P<prefix>[^\"'\\]*))?$", re.ASCII)
# A name that is longer is not looked for: each of its letters might begin a chain.
_MAX_CHAIN = 1000
_STRING = re.compile(r"\"(?:[^\"\\]|\\.)*\"|'(?:[^'\\]|\\.)*'")


def is_hexadecimal(arguments: Mapping[str, Any]) -> bool:
    """Whether a client wants integers in hexadecimal (DAP ``ValueFormat``). Raises RequestError."""
    wanted = arguments.get("format")
    if wanted is None:
        return False
    if not isinstance(wanted, dict):
        raise RequestError("format: expected an object")
    value = wanted.get("hex", False)
    if not isinstance(value, bool):
        raise RequestError("format.hex: expected true or false")
    return value


_FRAME_FORMAT = ("parameters", "parameterTypes", "parameterNames", "parameterValues", "line", "module")


def frame_format(arguments: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the names of frames are to tell (DAP ``StackFrameFormat``). Raises RequestError."""
    wanted = arguments.get("format") or {}
    is_hexadecimal(arguments)
    for name in _FRAME_FORMAT:
        if not isinstance(wanted.get(name, False), bool):
            raise RequestError(f"format.{name}: expected true or false")
    return dict(wanted)


def set_variable(script: ScriptRequests, tell: Tell, request: Request, respond: Respond) -> None:
    """``setVariable``: the value is an expression, evaluated in the frame that the variable was shown for."""
    arguments = request.get("arguments") or {}
    reference = integer_argument(arguments, "variablesReference")
    name, value = text_argument(arguments, "name"), _expression_argument(arguments)
    if reference > FIRST_REFERENCE:
        raise RequestError(f"'{name}' is shown as the host holds it; State.save and an agent's methods change that")
    sent: list[Value] = [reference, name, value, is_hexadecimal(arguments)]
    script.ask_or_look(request, respond, "setVariable", sent, lambda shown: _set(tell, name, shown))


def set_expression(script: ScriptRequests, tell: Tell, request: Request, respond: Respond) -> None:
    """``setExpression``: assigns to what could stand left of a ``=`` in the frame."""
    arguments = request.get("arguments") or {}
    target, value = text_argument(arguments, "expression"), _expression_argument(arguments)
    frame = integer_argument(arguments, "frameId", default=0)
    sent: list[Value] = [target, value, frame, is_hexadecimal(arguments)]
    script.ask(request, respond, "setExpression", sent, lambda shown: _set(tell, target, shown))


def _expression_argument(arguments: Mapping[str, Any]) -> str:
    """The new value. Raises RequestError for none: a field that was left empty is not to become nil."""
    value = text_argument(arguments, "value")
    if not value.strip():
        raise RequestError('value: expected an expression, found nothing (a text stands in quotes: "")')
    return value


def _set(tell: Tell, name: str, shown: Mapping[str, Any]) -> dict[str, Any]:
    if shown.get("unchecked"):
        tell(f"'{name}' is set; whether it is <const> or <close> cannot be told without its chunk's text")
    body = evaluated([shown])
    return {"value": body.pop("result"), **body}


def completions(script: ScriptRequests, request: Request, respond: Respond) -> None:
    """``completions``: names that the frame sees, and fields; nothing of the script runs for them."""
    arguments = request.get("arguments") or {}
    text, column = text_argument(arguments, "text"), integer_argument(arguments, "column")
    frame = integer_argument(arguments, "frameId", default=0)
    number = integer_argument(arguments, "line", default=1)
    lines = text.split("\n")
    if not 1 <= number <= len(lines):
        raise RequestError(f"line: {number} is not between 1 and {len(lines)}")
    before = lines[number - 1].encode("utf-16-le", "surrogatepass")[: 2 * max(column - 1, 0)]
    code = before.decode("utf-16-le", "replace")
    nearest = max(0, len(code) - _MAX_CHAIN)
    found = _SUBSCRIPT.search(code, nearest)
    if found is not None and not _is_in_string(code[: found.start("quote") if found["quote"] else found.end()]):
        _complete_key(script, request, respond, frame, found)
        return
    found = None if _is_in_string(code) else _CHAIN.search(code, nearest)
    base, separator, prefix = ("", "", "") if found is None else (found[name] or "" for name in _GROUPS)
    if found is None or (not base and _is_inside_chain(found)):
        respond(response(request, {"targets": []}))
        return
    start = len(before) // 2 - len(prefix) + 1

    def finish(listed: Any) -> dict[str, Any]:
        return {
            "targets": [
                {
                    "label": one["label"],
                    "type": "method" if separator == ":" else one["kind"],
                    "start": start,
                    "length": len(prefix),
                }
                for one in listed or []
            ]
        }

    script.ask_or_look(request, respond, "completions", [base, separator, prefix, frame], finish)


def _complete_key(script: ScriptRequests, request: Request, respond: Respond, frame: int, found: re.Match[str]) -> None:
    """The keys of a table that are strings, each as what ends its brackets."""
    written, quote = found["prefix"] or "", found["quote"] or ""
    start = len(found.string[: len(found.string) - len(written)].encode("utf-16-le", "surrogatepass")) // 2 + 1
    length = len(written.encode("utf-16-le", "surrogatepass")) // 2

    def finish(listed: Any) -> dict[str, Any]:
        return {
            "targets": [
                {
                    "label": visible(one["label"]),
                    "text": f"{'' if quote else DEFAULT_QUOTE}{visible(one['label'])}{quote or DEFAULT_QUOTE}]",
                    "type": one["kind"],
                    "start": start,
                    "length": length,
                }
                for one in listed or []
            ]
        }

    script.ask_or_look(request, respond, "completions", [found["base"], "[", written, frame], finish)


def _is_in_string(code: str) -> bool:
    """Whether a string that begins in this line goes on at its end."""
    rest = _STRING.sub("", code)
    return '"' in rest or "'" in rest


DEFAULT_QUOTE = '"'
_GROUPS = ("base", "separator", "prefix")


def _is_inside_chain(found: re.Match[str]) -> bool:
    """A name after a dot whose left side only a call could tell, or within a number or a name of other letters."""
    before = found.string[: found.start()].rstrip()
    touching = found.string[: found.start()][-1:]
    return (before.endswith((".", ":")) and not before.endswith(("..", "::"))) or touching.isalnum()


def cancel(script: ScriptRequests, request: Request, respond: Respond) -> None:
    """``cancel {requestId}``: ends an evaluation, or takes back a request that waits. One that is answered already
    needs no cancelling."""
    arguments = request.get("arguments") or {}
    number = integer_argument(arguments, "requestId", default=0)
    if number:
        script.cancel(number, request["client"])
    respond(response(request, {}))
