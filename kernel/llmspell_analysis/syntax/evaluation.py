"""Evaluates a configuration file that is written in Lua, as luacheck's is.

Anybody may have written it: it runs in a Lua state of its own, without files, processes, `require`, metatables or
anything that could run long outside of Lua's own instructions, which are counted; its memory is limited. What it
sets comes back as text. Invariant: nothing of Python is in that state.
"""

from __future__ import annotations

import json
import re
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

_EVALUATOR = Path(__file__).with_suffix(".lua")
_MAX_MEMORY = 32 * 1024 * 1024
_MAX_INSTRUCTIONS = 5_000_000
_MAX_VALUES = 20_000
_MAX_DEPTH = 12
_PLACE = re.compile(r"\A\S*?:(\d+): (.*)\Z", re.DOTALL)


class EvaluationError(ValueError):
    """The file cannot be evaluated. `line` is 1-based, 0 where Lua does not say one."""

    def __init__(self, message: str, line: int = 0) -> None:
        super().__init__(message)
        self.line = line


@dataclass(frozen=True, slots=True)
class LuaTable:
    """A table as it was at the end: values 1 to n, and those with names."""

    items: tuple[Any, ...] = ()
    fields: dict[str, Any] = field(default_factory=dict)


def evaluate(text: bytes) -> dict[str, Any]:
    """The globals that a file sets, and the fields of the table that it returns. Raises EvaluationError."""
    import lupa.lua54 as lua

    state = lua.LuaRuntime(encoding=None, register_eval=False, register_builtins=False, max_memory=_MAX_MEMORY)
    try:
        run = state.execute(_EVALUATOR.read_bytes(), _MAX_INSTRUCTIONS, _MAX_VALUES, _MAX_DEPTH)
        answer = run(text, b"=configuration")
    except (lua.LuaError, MemoryError) as error:
        raise EvaluationError(str(error).partition("\n")[0]) from error
    document, problem = answer if isinstance(answer, tuple) else (answer, None)
    if problem is not None:
        message = problem.decode("utf-8", "replace")
        place = _PLACE.match(message)
        raise EvaluationError(place[2], int(place[1])) if place is not None else EvaluationError(message)
    return {_text(key): _value(each) for key, each in json.loads(document)["fields"].items()}


def _value(value: Any) -> Any:
    if not isinstance(value, dict):
        return _text(value) if isinstance(value, str) else value
    return LuaTable(
        tuple(_value(each) for each in value["list"]),
        {_text(key): _value(each) for key, each in value["fields"].items()},
    )


def _text(escaped: str) -> str:
    """Each character stands for a byte."""
    return escaped.encode("latin-1").decode("utf-8", "replace")
