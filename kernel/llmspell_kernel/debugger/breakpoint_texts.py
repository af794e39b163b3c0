"""The texts of a breakpoint: conditions, hit conditions and log messages, read and checked.

Invariant: what is accepted here the compiler accepts.
"""

import re
import threading
from functools import cache
from typing import Any

from lupa.lua54 import LuaRuntime

_HIT_CONDITION = re.compile(r"\s*(==|>=|<=|>|<|%|=)?\s*(\d{1,9})\s*")
# Braces in strings and long comments of an expression do not end it.
_BRACE_OR_STRING = re.compile(
    r"""[{}] | "(?:\\.|[^"\\])*" | '(?:\\.|[^'\\])*' | \[(?P<level>=*)\[.*?\](?P=level)\]""", re.DOTALL | re.VERBOSE
)

LogPart = tuple[str, str]  # ("text", …) or ("expression", …)


class BreakpointError(ValueError):
    """A breakpoint's condition, hit condition or log message cannot be used; the message says why."""


@cache
def _compiler() -> tuple[threading.Lock, Any]:
    lua = LuaRuntime(encoding=None, register_eval=False, register_builtins=False, unpack_returned_tuples=True)
    check = lua.eval(b"function(code) local f, m = load(code, '=condition', 't') return f ~= nil, m or '' end")
    return threading.Lock(), check


def compiler_complaint(code: bytes) -> str | None:
    """What the compiler says against a chunk, None when it compiles."""
    lock, check = _compiler()
    with lock:
        ok, message = check(code)
    return None if ok else str(message.decode("utf-8", "replace")).removeprefix("condition:1: ")


def check_expression(expression: str) -> str | None:
    """The compiler's complaint about a Lua expression, None when it compiles."""
    return compiler_complaint(b"return " + expression.encode("utf-8", "surrogateescape"))


def parse_hit_condition(text: str) -> tuple[str, int]:
    """``5``, ``==5``, ``>=5``, ``>5``, ``<5``, ``<=5`` or ``%5`` as operator and number. Raises BreakpointError."""
    matched = _HIT_CONDITION.fullmatch(text)
    if matched is None:
        raise BreakpointError(f"hit condition {text!r}: expected a number, or ==, >=, >, <=, < or % and a number")
    operator, number = matched[1] or "==", int(matched[2])
    if operator == "%" and number == 0:
        raise BreakpointError("hit condition '%0': expected a number above 0")
    return ("==" if operator == "=" else operator), number


def parse_log_message(text: str) -> tuple[LogPart, ...]:
    """Split at ``{expression}``; braces nest, those in its strings do not count, ``\\{`` is a brace.

    Raises BreakpointError.
    """
    parts: list[LogPart] = []
    literal: list[str] = []
    index = 0
    while index < len(text):
        character = text[index]
        if character == "\\" and text[index + 1 : index + 2] in ("{", "}", "\\"):
            literal.append(text[index + 1])
            index += 2
            continue
        if character != "{":
            literal.append(character)
            index += 1
            continue
        end = _closing_brace(text, index)
        expression = text[index + 1 : end]
        complaint = check_expression(expression)
        if complaint:
            raise BreakpointError(f"log message: {{{expression}}}: {complaint}")
        if literal:
            parts.append(("text", "".join(literal)))
            literal = []
        parts.append(("expression", expression))
        index = end + 1
    if literal:
        parts.append(("text", "".join(literal)))
    return tuple(parts)


def _closing_brace(text: str, start: int) -> int:
    depth = 0
    for matched in _BRACE_OR_STRING.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(matched[0], 0)
        if depth == 0:
            return matched.start()
    raise BreakpointError(f"log message: the brace at column {start + 1} is not closed")
