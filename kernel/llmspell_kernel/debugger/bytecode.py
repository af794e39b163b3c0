"""What the compiler makes of a text: the functions of a dump (``string.dump``), as far as the debugger looks at them.

Invariant: the compiler is a Lua state of its own, of the same version as the script's; the same text gives the same
instructions there.
"""

import struct
import threading
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cache, cached_property
from typing import Any

from lupa.lua54 import LuaRuntime

# A number that no script contains by chance; it is too large to stand in an instruction.
MARK = 0x6C6C6D5370656C6C
_ABSOLUTE_LINE = -128
# signature, version, format, LUAC_DATA, three sizes, LUAC_INT, LUAC_NUM, number of upvalues: 64-bit Lua 5.4
_HEADER = 4 + 1 + 1 + 6 + 3 + 8 + 8 + 1
_SHORT_STRING, _LONG_STRING, _INTEGER, _FLOAT = 4, 20, 3, 19


@dataclass(frozen=True)
class Function:
    """A function of a dump. What costs time is read when it is asked for."""

    first_line: int
    last_line: int
    parameters: int
    is_vararg: int
    stack_size: int
    data: bytes
    code_at: int
    size: int
    constant_kinds: bytes
    upvalues: bytes  # three bytes each: in the stack, index, kind
    line_differences_at: int
    line_difference_count: int
    absolute_lines: Mapping[int, int]
    local_variables: int
    marks: tuple[int, ...]  # indices of constants that are the mark
    functions: tuple["Function", ...]

    @property
    def code_bytes(self) -> bytes:
        return self.data[self.code_at : self.code_at + 4 * self.size]

    @property
    def line_differences(self) -> bytes:
        return self.data[self.line_differences_at : self.line_differences_at + self.line_difference_count]

    @property
    def shape(self) -> tuple[object, ...]:
        """What other functions, and closures that exist, know of it."""
        return (
            self.first_line,
            self.last_line,
            self.parameters,
            self.is_vararg,
            self.upvalues,
            len(self.functions),
        )

    @cached_property
    def code(self) -> tuple[int, ...]:
        return struct.unpack_from(f"<{self.size}I", self.data, self.code_at)

    @cached_property
    def lines(self) -> tuple[int, ...]:
        lines, line = [], self.first_line
        for index, difference in enumerate(struct.unpack_from(f"<{self.size}b", self.data, self.line_differences_at)):
            line = self.absolute_lines[index] if difference == _ABSOLUTE_LINE else line + difference
            lines.append(line)
        return tuple(lines)

    def tree(self) -> Iterator["Function"]:
        """The function and all in it, in the order of the text."""
        stack = [self]
        while stack:
            function = stack.pop()
            yield function
            stack.extend(reversed(function.functions))


class _Reader:
    """Reads what string.dump of Lua 5.4 gives (ldump.c, lundump.c)."""

    def __init__(self, data: bytes) -> None:
        self.data = data
        self.at = _HEADER

    def number(self) -> int:
        value = 0
        while True:
            byte = self.data[self.at]
            self.at += 1
            value = value << 7 | byte & 0x7F
            if byte & 0x80:
                return value

    def skip(self, size: int) -> int:
        """Where that begins which is skipped."""
        self.at += size
        return self.at - size

    def skip_string(self) -> None:
        size = self.number()
        self.skip(max(size - 1, 0))

    def function(self) -> Function:
        self.skip_string()
        first_line, last_line = self.number(), self.number()
        header_at = self.skip(3)
        parameters, is_vararg, stack_size = self.data[header_at : header_at + 3]
        size = self.number()
        code_at = self.skip(4 * size)
        kinds, marks = bytearray(), []
        for index in range(self.number()):
            kinds.append(self.data[self.at])
            if self._constant_is_mark():
                marks.append(index)
        upvalue_count = self.number()
        upvalues_at = self.skip(3 * upvalue_count)
        functions = tuple(self.function() for _ in range(self.number()))
        line_difference_count = self.number()
        line_differences_at = self.skip(line_difference_count)
        absolute = {self.number(): self.number() for _ in range(self.number())}
        local_variables = self.number()
        for _ in range(local_variables):
            self.skip_string()
            self.number()
            self.number()
        for _ in range(self.number()):
            self.skip_string()
        return Function(
            first_line=first_line,
            last_line=last_line,
            parameters=parameters,
            is_vararg=is_vararg,
            stack_size=stack_size,
            data=self.data,
            code_at=code_at,
            size=size,
            constant_kinds=bytes(kinds),
            upvalues=self.data[upvalues_at : upvalues_at + 3 * upvalue_count],
            line_differences_at=line_differences_at,
            line_difference_count=line_difference_count,
            absolute_lines=absolute,
            local_variables=local_variables,
            marks=tuple(marks),
            functions=functions,
        )

    def _constant_is_mark(self) -> bool:
        kind = self.data[self.skip(1)]
        if kind in (_SHORT_STRING, _LONG_STRING):
            self.skip_string()
        elif kind in (_INTEGER, _FLOAT):
            (value,) = struct.unpack_from("<q", self.data, self.skip(8))
            return kind == _INTEGER and value == MARK
        return False


@cache
def _compiler() -> tuple[threading.Lock, Any]:
    lua = LuaRuntime(encoding=None, register_eval=False, register_builtins=False)
    dump = lua.eval(b"function(text) local f = load(text, '=late', 't') return f and string.dump(f) end")
    return threading.Lock(), dump


def compiled(text: bytes) -> Function | None:
    """The instructions of a text, None where the compiler refuses it."""
    lock, dump = _compiler()
    with lock:
        dumped = dump(text)
    return None if dumped is None else _Reader(dumped).function()
