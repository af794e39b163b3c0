"""The instructions of Lua 5.4 as text, written as ``luac -l`` writes them: operands, and what they stand for.

Invariant: the text of an instruction says its opcode and all its operands; jump targets are named by the caller.
"""

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from .dump import Constant, Function

# fmt: off
_NAMES = (
    "MOVE", "LOADI", "LOADF", "LOADK", "LOADKX", "LOADFALSE", "LFALSESKIP", "LOADTRUE", "LOADNIL", "GETUPVAL",
    "SETUPVAL", "GETTABUP", "GETTABLE", "GETI", "GETFIELD", "SETTABUP", "SETTABLE", "SETI", "SETFIELD", "NEWTABLE",
    "SELF", "ADDI", "ADDK", "SUBK", "MULK", "MODK", "POWK", "DIVK", "IDIVK", "BANDK", "BORK", "BXORK", "SHRI", "SHLI",
    "ADD", "SUB", "MUL", "MOD", "POW", "DIV", "IDIV", "BAND", "BOR", "BXOR", "SHL", "SHR", "MMBIN", "MMBINI", "MMBINK",
    "UNM", "BNOT", "NOT", "LEN", "CONCAT", "CLOSE", "TBC", "JMP", "EQ", "LT", "LE", "EQK", "EQI", "LTI", "LEI", "GTI",
    "GEI", "TEST", "TESTSET", "CALL", "TAILCALL", "RETURN", "RETURN0", "RETURN1", "FORLOOP", "FORPREP", "TFORPREP",
    "TFORCALL", "TFORLOOP", "SETLIST", "CLOSURE", "VARARG", "VARARGPREP", "EXTRAARG",
)
# by the operator that C of MMBIN stands for (ltm.h); the first are no operators
_EVENTS = (
    "index", "newindex", "gc", "mode", "len", "eq", "add", "sub", "mul", "mod", "pow", "div", "idiv", "band", "bor",
    "bxor", "shl", "shr", "unm", "bnot", "lt", "le", "concat",
)
# fmt: on
_JUMP_BIAS = 2**24 - 1
_WIDE_BIAS = 2**16 - 1
_SIGNED_BIAS = 127
# what C counts to before an EXTRAARG is needed
_MORE = 2**8
MAX_CONSTANT = 60

_ESCAPES = {
    0x22: '\\"',
    0x5C: "\\\\",
    **{7: "\\a", 8: "\\b", 9: "\\t", 10: "\\n", 11: "\\v", 12: "\\f", 13: "\\r"},
}

Target = Callable[[int], str]  # names the instruction of an index


@dataclass(frozen=True, slots=True)
class _Operands:
    """The fields of an instruction (lopcodes.h)."""

    word: int

    @property
    def a(self) -> int:
        return self.word >> 7 & 0xFF

    @property
    def k(self) -> int:
        return self.word >> 15 & 1

    @property
    def b(self) -> int:
        return self.word >> 16 & 0xFF

    @property
    def c(self) -> int:
        return self.word >> 24

    @property
    def sb(self) -> int:
        return self.b - _SIGNED_BIAS

    @property
    def sc(self) -> int:
        return self.c - _SIGNED_BIAS

    @property
    def ck(self) -> str:
        """C, and a k where it is a constant's index."""
        return f"{self.c}{'k' if self.k else ''}"

    @property
    def bx(self) -> int:
        return self.word >> 15

    @property
    def sbx(self) -> int:
        return self.bx - _WIDE_BIAS

    @property
    def ax(self) -> int:
        return self.word >> 7

    @property
    def sj(self) -> int:
        return self.ax - _JUMP_BIAS


# which operands an opcode has, where that is not A, B and C
_OPERANDS = {
    **dict.fromkeys(("MOVE", "LOADNIL", "GETUPVAL", "SETUPVAL", "UNM", "BNOT", "NOT", "LEN", "CONCAT"), ("a", "b")),
    **dict.fromkeys(("LOADI", "LOADF"), ("a", "sbx")),
    **dict.fromkeys(("LOADK", "FORLOOP", "FORPREP", "TFORPREP", "TFORLOOP", "CLOSURE"), ("a", "bx")),
    **dict.fromkeys(("LOADKX", "LOADFALSE", "LFALSESKIP", "LOADTRUE", "CLOSE", "TBC", "RETURN1", "VARARGPREP"), ("a",)),
    **dict.fromkeys(
        ("SETTABUP", "SETTABLE", "SETI", "SETFIELD", "SELF", "TAILCALL", "RETURN"),
        ("a", "b", "ck"),
    ),
    **dict.fromkeys(("ADDI", "SHRI", "SHLI"), ("a", "b", "sc")),
    "MMBINI": ("a", "sb", "c", "k"),
    "MMBINK": ("a", "b", "c", "k"),
    "JMP": ("sj",),
    **dict.fromkeys(("EQ", "LT", "LE", "EQK", "TESTSET"), ("a", "b", "k")),
    **dict.fromkeys(("EQI", "LTI", "LEI", "GTI", "GEI"), ("a", "sb", "k")),
    "TEST": ("a", "k"),
    "RETURN0": (),
    **dict.fromkeys(("TFORCALL", "VARARG"), ("a", "c")),
    "EXTRAARG": ("ax",),
}
_THREE = ("a", "b", "c")
# What the comment of an opcode says, part by part: what a part shows, and the operand that tells it. A part with a "?"
# is there only where the k of the instruction is set.
_COMMENTS = {
    "LOADK": ("constant bx",),
    "LOADKX": ("constant extra",),
    "LOADNIL": ("more b", "out"),
    **dict.fromkeys(("GETUPVAL", "SETUPVAL"), ("upvalue b",)),
    "GETTABUP": ("upvalue b", "constant c"),
    "SETTABUP": ("upvalue a", "constant b", "?constant c"),
    **dict.fromkeys(("GETFIELD", "ADDK", "SUBK", "MULK", "MODK", "POWK", "DIVK", "IDIVK"), ("constant c",)),
    **dict.fromkeys(("BANDK", "BORK", "BXORK"), ("constant c",)),
    **dict.fromkeys(("SETTABLE", "SETI", "SELF"), ("?constant c",)),
    "SETFIELD": ("constant b", "?constant c"),
    "NEWTABLE": ("large c",),
    "SETLIST": ("?large c",),
    "EQK": ("constant b",),
    "MMBIN": ("event c",),
    "MMBINI": ("event c", "?flip"),
    "MMBINK": ("event c", "constant b", "?flip"),
    "CALL": ("count b", "in", "count c", "out"),
    "TAILCALL": ("count b", "in"),
    "RETURN": ("count b", "out"),
    "VARARG": ("count c", "out"),
    "CLOSURE": ("function bx",),
    "FORPREP": ("exit",),
}


def instruction_text(function: Function, index: int, target: Target) -> str:
    """The instruction at an index: opcode, operands, and behind a semicolon what they stand for."""
    word = function.code[index]
    number = word & 0x7F
    if number >= len(_NAMES):
        return f"OP_{number}"
    name, operands = _NAMES[number], _Operands(word)
    values = " ".join(str(getattr(operands, one)) for one in _OPERANDS.get(name, _THREE))
    comment = _comment(function, index, name, operands, target)
    return " ".join(filter(None, (name, values, comment and f"; {comment}")))


def _comment(function: Function, index: int, name: str, operands: _Operands, target: Target) -> str:
    parts = []
    for part in _COMMENTS.get(name, ()):
        if part.startswith("?") and not operands.k:
            continue
        kind, _, operand = part.removeprefix("?").partition(" ")
        if not operand:
            parts.append(kind)
            continue
        value = _extra(function, index) if operand == "extra" else getattr(operands, operand)
        if kind == "large":
            value += _extra(function, index) * _MORE
        parts.append(_SHOWN[kind](function, value))
    jump = jump_target(index, operands.word)
    if jump is not None:
        parts.append(f"to {target(jump)}")
    return " ".join(parts)


def _constant(function: Function, number: int) -> str:
    return constant_text(function.constants[number]) if number < len(function.constants) else "?"


def _upvalue(function: Function, number: int) -> str:
    name = function.upvalues[number].name if number < len(function.upvalues) else None
    return "-" if name is None else name.decode("utf-8", "backslashreplace")


def _event(_: Function, number: int) -> str:
    return f"__{_EVENTS[number]}" if number < len(_EVENTS) else "?"


def _count(_: Function, number: int) -> str:
    return "all" if number == 0 else str(number - 1)


def _inner(function: Function, number: int) -> str:
    if number >= len(function.functions):
        return "?"
    inner = function.functions[number]
    return f"function of lines {inner.first_line} to {inner.last_line}"


_SHOWN: Mapping[str, Callable[[Function, int], str]] = {
    "constant": _constant,
    "upvalue": _upvalue,
    "event": _event,
    "count": _count,
    "function": _inner,
    "large": lambda _, number: str(number),
    "more": lambda _, number: str(number + 1),
}


def jump_target(index: int, word: int) -> int | None:
    """The index that an instruction may jump to; None for one that does not jump."""
    number, at = word & 0x7F, _Operands(word)
    match _NAMES[number] if number < len(_NAMES) else "":
        case "JMP":
            return index + 1 + at.sj
        case "FORLOOP" | "TFORLOOP":
            return index + 1 - at.bx
        case "FORPREP":
            return index + 2 + at.bx
        case "TFORPREP":
            return index + 1 + at.bx
    return None


def constant_text(value: Constant) -> str:
    """A constant as a literal; of long strings the beginning."""
    if value is None:
        return "nil"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return str(value)
    if isinstance(value, float):
        text = f"{value:.14g}"
        return text if text.strip("-0123456789") else f"{text}.0"
    shown = value[:MAX_CONSTANT].decode("utf-8", "surrogateescape")
    if len(value) > MAX_CONSTANT:
        shown = value[:MAX_CONSTANT].decode("utf-8", "ignore")
    return f'"{"".join(map(_escaped, shown))}"' + ("…" if len(value) > MAX_CONSTANT else "")


def _escaped(character: str) -> str:
    code = ord(character)
    if code in _ESCAPES:
        return _ESCAPES[code]
    if 0xDC80 <= code <= 0xDCFF:
        return f"\\{code - 0xDC00:03d}"
    return f"\\{code:03d}" if code < 0x20 or code == 0x7F else character


def _extra(function: Function, index: int) -> int:
    following = function.code[index + 1] if index + 1 < len(function.code) else 0
    return _Operands(following).ax if following & 0x7F == len(_NAMES) - 1 else 0
