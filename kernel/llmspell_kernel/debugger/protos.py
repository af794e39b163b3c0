"""Lua's own structs for functions (``Proto``), coroutines and their frames, read from this process' memory; and the
exchange of what two functions consist of.

Source of the offsets: lobject.h, lstate.h and lgc.h of Lua 5.4, 64 bits. ``lua/swap.lua`` and ``swap.py`` say when
functions are exchanged; here is what makes that safe:

- Nothing runs Lua meanwhile, so no instruction, no allocation and no step of the collector comes between.
- Everything that is written was read before and agrees with what the compiler says of the same text.
- A function keeps its identity, its nested functions and its upvalues; what is exchanged are its instructions, its
  constants and what they say of lines and locals.
- The collector must not lose the constants: one that has looked at the one function already and not at the other would
  free those that change sides. See ``colours_agree``.

Invariant: reads fail instead of crashing; nothing is written unless all of it may be.
"""

import ctypes
import struct
from bisect import bisect_right
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import NamedTuple

from ..runtime.process_memory import ProcessMemory
from .bytecode import Function

MAX_FUNCTIONS = 50_000
# of all coroutines together
MAX_FRAMES = 20_000

_CLOSURE_TAG, _CLOSURE_PROTO, _CLOSURE_SIZE = 6, 24, 32
_PROTO_TAG = 10
# Proto: next; tt, marked, numparams, is_vararg, maxstacksize; sizes of upvalues, k, code, lineinfo, p, locvars,
# abslineinfo; linedefined, lastlinedefined; k, code, p, upvalues, lineinfo, abslineinfo, locvars, source, gclist
_PROTO = struct.Struct("<Q5B3x9i4x9Q")
# what two functions exchange: maxstacksize; the sizes of k, code and lineinfo; of locvars and abslineinfo; k and code;
# lineinfo, abslineinfo and locvars
_EXCHANGED = ((12, 13), (20, 32), (36, 44), (56, 72), (88, 112))
_TVALUE_SIZE, _UPVALUE_SIZE, _ABSOLUTE_LINE_SIZE, _LOCAL_SIZE = 16, 16, 8, 16
_TAG_BITS = 0x3F  # without the one of what is collectable
_STRING_TEXT = 24
_AGE_BITS, _BLACK_BIT, _OLD = 7, 1 << 5, 4
# lua_State: next, tt, marked, top, l_G, ci; CallInfo: func, top, previous, next, savedpc, callstatus
_THREAD_TAG, _THREAD_HEAD = 8, struct.Struct("<QBB6xQQQ")
_FRAME = struct.Struct("<QQQQQ22xH")
_FRAME_IS_C, _FRAME_HAS_HOOK, _FRAME_CALLED_FINALIZER = 1 << 1, 1 << 3, 1 << 7
_TAG_OF_THREAD_VALUE = 72


class SwapRefusedError(Exception):
    """Functions cannot be exchanged now; the message says why, for a log."""


class UnexpectedFunctionError(Exception):
    """Memory holds something else than it should; the message says what, for a log."""


class _Fields(NamedTuple):
    next: int
    tag: int
    marked: int
    parameters: int
    is_vararg: int
    stack_size: int
    upvalue_count: int
    constant_count: int
    size: int
    line_difference_count: int
    function_count: int
    local_count: int
    absolute_line_count: int
    first_line: int
    last_line: int
    constants: int
    code: int
    functions: int
    upvalues: int
    line_differences: int
    absolute_lines: int
    locals: int
    source: int
    gray_list: int


@dataclass(frozen=True, slots=True)
class Proto:
    """A function of a loaded chunk, as its struct was when it was read."""

    address: int
    image: bytes
    fields: _Fields


def functions_of(memory: ProcessMemory, closure: int) -> list[Proto]:
    """The function of a closure and all in it, in the order of the text."""
    head = memory.read(closure, _CLOSURE_SIZE)
    if head[8] & _TAG_BITS != _CLOSURE_TAG:
        raise UnexpectedFunctionError("what should be a function is none")
    found: list[Proto] = []
    stack = [int.from_bytes(head[_CLOSURE_PROTO:], "little")]
    while stack:
        address = stack.pop()
        image = memory.read(address, _PROTO.size)
        fields = _Fields(*_PROTO.unpack(image))
        if fields.tag & _TAG_BITS != _PROTO_TAG:
            raise UnexpectedFunctionError("what should be a Proto is none")
        found.append(Proto(address, image, fields))
        count = fields.function_count
        if not 0 <= count <= MAX_FUNCTIONS - len(found) - len(stack):
            raise UnexpectedFunctionError("too many functions")
        if count:
            nested = struct.unpack(f"<{count}Q", memory.read(fields.functions, 8 * count))
            stack.extend(reversed(nested))
    return found


def verify(memory: ProcessMemory, proto: Proto, function: Function, chunk_name: bytes) -> None:
    """Raises UnexpectedFunctionError where memory does not hold what the compiler makes of the text."""
    fields = proto.fields
    sizes = (
        (fields.first_line, function.first_line),
        (fields.last_line, function.last_line),
        (fields.parameters, function.parameters),
        (fields.is_vararg, function.is_vararg),
        (fields.stack_size, function.stack_size),
        (fields.upvalue_count, len(function.upvalues) // 3),
        (fields.constant_count, len(function.constant_kinds)),
        (fields.size, function.size),
        (fields.line_difference_count, function.line_difference_count),
        (fields.function_count, len(function.functions)),
        (fields.local_count, function.local_variables),
        (fields.absolute_line_count, len(function.absolute_lines)),
    )
    if any(one != other for one, other in sizes):
        raise UnexpectedFunctionError(f"function at line {function.first_line}: sizes differ: {sizes}")
    if fields.size and memory.read(fields.code, 4 * fields.size) != function.code_bytes:
        raise UnexpectedFunctionError(f"function at line {function.first_line}: instructions differ")
    if fields.line_difference_count:
        differences = memory.read(fields.line_differences, fields.line_difference_count)
        if differences != function.line_differences:
            raise UnexpectedFunctionError(f"function at line {function.first_line}: lines differ")
    kinds = _array(memory, fields.constants, fields.constant_count, _TVALUE_SIZE)[8::_TVALUE_SIZE]
    if bytes(kind & _TAG_BITS for kind in kinds) != function.constant_kinds:
        raise UnexpectedFunctionError(f"function at line {function.first_line}: constants differ")
    upvalues = _array(memory, fields.upvalues, fields.upvalue_count, _UPVALUE_SIZE)
    described = b"".join(upvalues[at + 8 : at + 11] for at in range(0, len(upvalues), _UPVALUE_SIZE))
    if described != function.upvalues:
        raise UnexpectedFunctionError(f"function at line {function.first_line}: upvalues differ")
    absolute = _array(memory, fields.absolute_lines, fields.absolute_line_count, _ABSOLUTE_LINE_SIZE)
    if dict(struct.iter_unpack("<ii", absolute)) != function.absolute_lines:
        raise UnexpectedFunctionError(f"function at line {function.first_line}: numbers of lines differ")
    _array(memory, fields.locals, fields.local_count, _LOCAL_SIZE)
    if memory.read(fields.source + _STRING_TEXT, len(chunk_name) + 1) != chunk_name + b"\0":
        raise UnexpectedFunctionError(f"function at line {function.first_line}: it is not of this chunk")


def _array(memory: ProcessMemory, address: int, count: int, size: int) -> bytes:
    return memory.read(address, count * size) if count else b""


def colours_agree(one: Proto, other: Proto) -> bool:
    """Whether the collector loses nothing when two functions that are both referred to exchange their constants.

    Black means: its constants are marked, and it is not looked at again. Two that are not black are both looked at
    later, each with what it has then. Of two that are black all constants are marked; in generational mode there are
    besides some that are black and young or just grown old, which are looked at once more: those are refused.
    """
    mine, its = one.fields.marked, other.fields.marked
    if not (mine | its) & _BLACK_BIT:
        return True
    return bool(mine & its & _BLACK_BIT) and mine & _AGE_BITS == its & _AGE_BITS and mine & _AGE_BITS in (0, _OLD)


def exchange(pairs: Sequence[tuple[Proto, Proto]]) -> None:
    """Give each of two functions the other's instructions, constants, lines and locals. They were verified."""
    for one, other in pairs:
        for start, end in _EXCHANGED:
            ctypes.memmove(one.address + start, other.image[start:end], end - start)
            ctypes.memmove(other.address + start, one.image[start:end], end - start)


@dataclass(frozen=True, slots=True)
class Stacks:
    """The coroutines that may have frames. In the hook of ``leaving`` a function returns: it runs no instruction more,
    and its frame is none."""

    threads: Sequence[int]
    leaving: int | None = None


def active_code(memory: ProcessMemory, stacks: Stacks, functions: Sequence[Proto]) -> set[int]:
    """The addresses of those functions that have a frame on the stack of one of the coroutines.

    Raises SwapRefusedError where there are too many frames, and where Lua code may be about to run that no frame
    tells of: in a coroutine that is not among these, and below a finalizer, which a call may have begun with.
    """
    by_code = sorted(((one.fields.code, one) for one in functions), key=lambda pair: pair[0])
    starts = [start for start, _ in by_code]
    known = set(stacks.threads)
    found: set[int] = set()
    left = MAX_FRAMES
    for thread in known:
        for counter in _frames(memory, thread, stacks, known, left):
            left -= 1
            index = bisect_right(starts, counter) - 1
            if index >= 0 and counter <= starts[index] + 4 * by_code[index][1].fields.size:
                found.add(by_code[index][1].address)
        if left <= 0:
            raise SwapRefusedError("too many frames")
    return found


def _frames(memory: ProcessMemory, thread: int, stacks: Stacks, known: set[int], limit: int) -> Iterator[int]:
    """Where the Lua frames of a coroutine are in their instructions; 0 for others."""
    _, tag, _, top, _, address = _THREAD_HEAD.unpack(memory.read(thread, _THREAD_HEAD.size))
    if tag != _THREAD_TAG:
        raise UnexpectedFunctionError("what should be a coroutine is none")
    is_top, is_leaving = True, thread == stacks.leaving
    while address and limit > 0:
        limit -= 1
        function, _, previous, _, counter, status = _FRAME.unpack(memory.read(address, _FRAME.size))
        if status & _FRAME_CALLED_FINALIZER:
            raise SwapRefusedError("a finalizer runs")
        if is_leaving and status & _FRAME_HAS_HOOK:
            is_leaving = False
            yield 0
        elif not status & _FRAME_IS_C:
            yield counter
        else:
            if is_top and (resumed := _first_argument(memory, function, top)) and resumed not in known:
                raise SwapRefusedError("a coroutine runs that is not known")
            yield 0
        address, is_top = previous, False


def _first_argument(memory: ProcessMemory, function: int, top: int) -> int:
    """The coroutine that a C function is called with, which coroutine.resume runs; 0 for other arguments."""
    if function + _TVALUE_SIZE >= top:
        return 0
    value, tag = struct.unpack("<QB7x", memory.read(function + _TVALUE_SIZE, _TVALUE_SIZE))
    return value if tag == _TAG_OF_THREAD_VALUE else 0
