"""The memory that a script's Lua values may take, kept by lupa's allocator.

Lua turns an allocation that fails into a script error, except where Python is on the stack: a failure while lupa gives
values to Lua ends the process (from Python), or leaves the interpreter locked for ever (back from a call of Lua's).

Invariant: the limit is in force only while a script runs, and no value is given to Lua then that does not fit. So
Python calls Lua without a limit, Lua has it set before it calls the script, and functions for Lua that give strings
ask ``admits`` first, or are wrapped by ``overdrawing``.
"""

import ctypes
import sys
from collections.abc import Callable
from typing import Any

from .configuration import MIB, size_text

# Lua's own words; it keeps this string, so that handing it over needs no memory.
NOT_ENOUGH = b"not enough memory"
# What a request may use when the values of earlier ones take all that is allowed: it may be the one that drops them.
_RESERVE = 256 * 1024
# With more than this part of the limit in use, garbage is collected before a script runs.
_TIGHT = 0.75
# What a value takes in Lua beside the bytes of a string, and its place on the stack.
_VALUE_SIZE = 64
# Lua keeps these places on the stack free for a function that it calls; for more the stack grows, at most by this.
_FREE_PLACES = 15
_STACK_SIZE = 16 * MIB
# A string of this size is tried first: the process, where Python's own values count too, may be at its limit.
_TRIED_SIZE = MIB


class MemoryLimit:
    """``lua`` is a LuaRuntime made with ``max_memory=0``. Used by the thread that runs it."""

    def __init__(self, lua: Any, limit: int, chunk: Callable[..., Any]) -> None:
        self.limit = limit
        self._lua = lua
        self._in_force = 0  # bytes; 0 while no script runs
        self._raised = False
        self._run = chunk(self._set)

    def run(self, function: Any, *arguments: Any) -> Any:
        """Call a Lua function under the limit; ``make_room`` comes before, ``lift`` after it."""
        return self._run(function, *arguments)

    def make_room(self) -> None:
        """Before a script runs: what earlier ones left behind goes first, when there is little room.

        Lua collects its garbage when an allocation fails, except when it is the buffer of string.rep, table.concat
        and their like: these fail at once.
        """
        if self._lua.get_memory_used() > _TIGHT * self.limit:
            self._lua.gccollect()

    def _set(self) -> None:
        self._in_force = max(self.limit, self._lua.get_memory_used() + _RESERVE)
        self._raised = False
        self._lua.set_max_memory(self._in_force)

    def lift(self) -> None:
        """After a script has run."""
        self._in_force = 0
        self._lua.set_max_memory(0)

    def release(self) -> None:
        """After a script that had not enough: what it held goes now, also back to the system."""
        self._lua.gccollect()
        # the C library keeps what many small values took (measured: 500 of 1000 MiB); giving it back takes 40 ms
        if sys.platform == "linux" and (trim := getattr(ctypes.CDLL(None), "malloc_trim", None)) is not None:
            trim(0)

    def explain(self, message: str) -> str | None:
        """Lua's message with what to do about it; None when it is about something else."""
        if not message.endswith(NOT_ENOUGH.decode()):
            return None
        return f"{message}: a session may use {size_text(self.limit)} (limits.memory in llmspell.toml)"

    def overdrawing(self, function: Callable[..., Any]) -> Callable[..., Any]:
        """``function`` for Lua code of ours to call, which keeps none of its results: they may exceed the limit."""

        def call(*arguments: Any) -> Any:
            result = function(*arguments)
            self.admits(result, always=True)
            return result

        return call

    def admits(self, result: Any, more_values: int = 0, *, always: bool = False) -> bool:
        """Make room for what Lua is given in return; False when it does not fit, then give it NOT_ENOUGH instead.

        ``more_values``: that Lua code of ours makes of it. ``always``: grant what does not fit, until the next call.
        """
        if not self._in_force:
            return True
        values = result if isinstance(result, tuple) else (result,)
        size = (len(values) + more_values) * _VALUE_SIZE
        for one in values:
            if isinstance(one, bytes):
                size += len(one)
        lua = self._lua
        free = self._in_force - lua.get_memory_used() - size
        if free >= _STACK_SIZE and size < _TRIED_SIZE and not self._raised:
            return True  # as nearly always
        if free < 0 and not always:
            lua.gccollect()
            free = self._in_force - lua.get_memory_used() - size
            if free < 0:
                return False
        if size >= _TRIED_SIZE and not always and not _is_free(size):
            return False
        stack = _STACK_SIZE if len(values) > _FREE_PLACES else 0
        if free < stack:
            lua.set_max_memory(self._in_force - min(free, 0) + stack)
            self._raised = True
        elif self._raised:
            lua.set_max_memory(self._in_force)
            self._raised = False
        return True


def _is_free(size: int) -> bool:
    try:
        bytes(size)  # zeroed memory is not touched before it is used: this costs next to nothing
    except MemoryError:
        return False
    return True
