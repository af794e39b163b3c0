"""Reads what ``string.dump`` of Lua 5.4 gives (ldump.c, lundump.c): a function, its instructions, constants and names.

Invariant: a dump of another version, or of another size of numbers, is refused and never misread. What costs time
is read when it is asked for.
"""

import struct
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from enum import IntEnum
from functools import cached_property

_SIGNATURE = b"\x1bLua\x54\x00\x19\x93\r\n\x1a\n"
# the sizes of an instruction, an integer and a float, and what tells how they are written
_SIZES = bytes((4, 8, 8)) + struct.pack("<qd", 0x5678, 370.5)
_ABSOLUTE_LINE = -128

Constant = None | bool | int | float | bytes


class _Kind(IntEnum):
    """The tags of constants (lobject.h)."""

    NIL, FALSE, TRUE = 0, 1, 17
    INTEGER, FLOAT = 3, 19
    SHORT_STRING, LONG_STRING = 4, 20


class DumpError(ValueError):
    """What was to be read is no dump of this Lua; the message says why."""


@dataclass(frozen=True, slots=True)
class Upvalue:
    """``name`` is None in a dump without debug information."""

    name: bytes | None
    in_stack: bool
    index: int


@dataclass(frozen=True, slots=True)
class LocalVariable:
    """Visible from the instruction ``start`` to the one before ``end``."""

    name: bytes
    start: int
    end: int


@dataclass(frozen=True)
class Function:
    """A function of a dump; its lines are 0 and 0 for the chunk itself."""

    source: bytes
    first_line: int
    last_line: int
    parameters: int
    is_vararg: bool
    registers: int
    size: int
    constants: tuple[Constant, ...]
    upvalues: tuple[Upvalue, ...]
    functions: tuple["Function", ...]
    locals: tuple[LocalVariable, ...]
    _code: bytes
    _line_differences: bytes
    _absolute_lines: Mapping[int, int]

    @cached_property
    def code(self) -> tuple[int, ...]:
        return struct.unpack(f"<{self.size}I", self._code)

    @cached_property
    def lines(self) -> tuple[int, ...]:
        """The line of each instruction; empty in a dump without debug information."""
        lines, line = [], self.first_line
        for index, (difference,) in enumerate(struct.iter_unpack("<b", self._line_differences)):
            line = self._absolute_lines[index] if difference == _ABSOLUTE_LINE else line + difference
            lines.append(line)
        return tuple(lines)

    def all_functions(self) -> Iterator["Function"]:
        """This one and those in it, outer ones first."""
        yield self
        for one in self.functions:
            yield from one.all_functions()


def read_dump(data: bytes) -> Function:
    """Raises DumpError."""
    if not data.startswith(_SIGNATURE):
        raise DumpError("this is no dump of Lua 5.4")
    if not data.startswith(_SIZES, len(_SIGNATURE)):
        raise DumpError("this dump was made where instructions, integers or floats have another size")
    try:
        # behind the header: the number of upvalues, which the function itself tells again
        return _Reader(data, len(_SIGNATURE) + len(_SIZES) + 1).function(b"")
    except (IndexError, ValueError, KeyError, struct.error) as error:
        raise DumpError("this dump is cut off or damaged") from error


class _Reader:
    def __init__(self, data: bytes, at: int) -> None:
        self._data = data
        self._at = at

    def _byte(self) -> int:
        self._at += 1
        return self._data[self._at - 1]

    def _number(self) -> int:
        value = 0
        while True:
            byte = self._byte()
            value = value << 7 | byte & 0x7F
            if byte & 0x80:
                return value

    def _bytes(self, size: int) -> bytes:
        found = self._data[self._at : self._at + size]
        if len(found) != size:
            raise IndexError
        self._at += size
        return found

    def _string(self) -> bytes | None:
        size = self._number()
        return None if size == 0 else self._bytes(size - 1)

    def _constant(self) -> Constant:
        kind = _Kind(self._byte())
        if kind is _Kind.INTEGER:
            return int.from_bytes(self._bytes(8), "little", signed=True)
        if kind is _Kind.FLOAT:
            (value,) = struct.unpack("<d", self._bytes(8))
            return float(value)
        if kind in (_Kind.SHORT_STRING, _Kind.LONG_STRING):
            return self._string() or b""
        return None if kind is _Kind.NIL else kind is _Kind.TRUE

    def function(self, outer_source: bytes) -> Function:
        source = self._string() or outer_source
        first_line, last_line = self._number(), self._number()
        parameters, is_vararg, registers = self._byte(), self._byte() != 0, self._byte()
        size = self._number()
        code = self._bytes(4 * size)
        constants = tuple(self._constant() for _ in range(self._number()))
        places = [(self._byte() != 0, self._byte(), self._byte()) for _ in range(self._number())]
        functions = tuple(self.function(source) for _ in range(self._number()))
        differences = self._bytes(self._number())
        absolute = {self._number(): self._number() for _ in range(self._number())}
        variables = tuple(
            LocalVariable(self._string() or b"", self._number(), self._number()) for _ in range(self._number())
        )
        names = [self._string() for _ in range(self._number())] or [None] * len(places)
        upvalues = tuple(
            Upvalue(name, in_stack, index) for name, (in_stack, index, _) in zip(names, places, strict=True)
        )
        return Function(
            source,
            first_line,
            last_line,
            parameters,
            is_vararg,
            registers,
            size,
            constants,
            upvalues,
            functions,
            variables,
            code,
            differences,
            absolute,
        )
