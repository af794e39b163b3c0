"""Where a loaded chunk reaches a statement that carries no probe.

A breakpoint that is set when its chunk is loaded already is found by line events. Their lines are those of
instructions, not of statements: the end of a loop comes back to its first line, a call over several lines to its
name, and a function's first line has no instruction. So the instruction is looked up that the statement begins with:
the text is compiled once as it was loaded and once with a mark where the probe would stand.

Invariant: a trigger is an instruction of the chunk as it was loaded; where that cannot be shown there is none.
"""

from collections.abc import Iterator, Mapping, Set
from dataclasses import dataclass
from functools import cached_property

from .bytecode import MARK, Function, compiled
from .probes import Place, Placement, Probe, instrument, place

# LOADK "", LOADK mark, SHL, MMBIN, TEST, JMP
_MARK_INSTRUCTIONS = 6
_OP_LOADK, _OP_JMP, _OP_FORLOOP, _OP_FORPREP, _OP_TFORPREP, _OP_TFORLOOP = 3, 56, 73, 74, 75, 77
_OP_VARARGPREP = 81
_JUMP_BIAS = 2**24 - 1
# what is compiled for the breakpoints of one loaded chunk; a 2,000-line file may have some 800
MAX_COMPILED_BYTES = 50_000_000


Span = tuple[int, int]  # the first and last line of a function; functions of one line have the same


@dataclass(frozen=True, slots=True)
class Trigger:
    """An instruction: the lines on which its function begins and ends (0 and 0: the chunk itself), the instruction's
    index and line. ``exact``: a line event on this line in this function is always this instruction's."""

    first_line: int
    last_line: int
    index: int
    line: int
    exact: bool

    @property
    def function(self) -> Span:
        return self.first_line, self.last_line


@dataclass(frozen=True, slots=True)
class GivenProbe:
    """A probe that a loaded function was given, or is to be given."""

    probe: Probe
    function: Span


class LoadedChunk:
    """A chunk that was loaded from a source: its original text, and the probes that its code has."""

    def __init__(
        self,
        chunk_name: str,
        text: bytes,
        probes: Mapping[Place, Probe] | None = None,
        placement: Placement | None = None,
    ) -> None:
        self.chunk_name = chunk_name
        self.text = text
        self._loaded_with = dict(probes or {})
        self._given: dict[Place, GivenProbe] = {}
        # of the probes and of what was looked for; `_seen` was joined last
        self._points = self._seen = placement or Placement({}, {})
        self._triggers: dict[Place, Trigger | None] = {}
        self._functions: Function | None = None

    def has_probe(self, at: Place) -> bool:
        return at in self._loaded_with or at in self._given

    def was_loaded_with(self, at: Place) -> bool:
        return at in self._loaded_with

    @property
    def given(self) -> Mapping[Place, "GivenProbe"]:
        """The probes that its functions were given later."""
        return self._given

    def without_probes(self) -> None:
        """The compiler has refused them."""
        self._loaded_with, self._functions = {}, None

    def exchanged(self, wanted: Mapping[Place, "GivenProbe"], spans: Set[Span]) -> None:
        """The functions of these lines have what is wanted there, beside what they were loaded with."""
        kept = {at: one for at, one in self._given.items() if one.function not in spans}
        new = {at: one for at, one in wanted.items() if one.function in spans and at not in self._loaded_with}
        self._given = kept | new
        self._triggers = {
            at: one for at, one in self._triggers.items() if one is not None and one.function not in spans
        }
        self._functions = None

    def take_points(self, other: "LoadedChunk") -> None:
        """Know the places that were looked for in a chunk of the same text."""
        if other is not self and other._points is not self._seen:
            self._points, self._seen = _joined(other._points, self._points), other._points

    def text_with(self, given: Mapping[Place, "GivenProbe"]) -> bytes:
        """The text of its code if that had these probes, at places that ``find`` has looked for."""
        return self._instrumented({at: one.probe for at, one in given.items()})

    def _instrumented(self, probes: Mapping[Place, Probe]) -> bytes:
        return instrument(self.text, {**probes, **self._loaded_with}, self._points)

    def has_line(self, line: int, text: bytes) -> bool:
        """Whether a line of the source, as its text is now, is the one that was loaded."""
        return _line(self.text, line) == _line(text, line)

    @cached_property
    def placement(self) -> Placement:
        return place(self.text)

    def functions(self) -> Function | None:
        """What its code is; None where that cannot be told."""
        if self._functions is None:
            self._functions = compiled(self.text_with(self._given))
        return self._functions

    def trigger(self, at: Place) -> Trigger | None:
        """What ``find`` has found."""
        return self._triggers.get(at)

    def find(self, at: Place, placement: Placement | None = None) -> Trigger | str:
        """Where the statement begins that stands at a point of the placement; why it cannot be told. Without one: at a
        place that was looked for before."""
        if placement is not None and placement is not self._seen:
            self._points, self._seen = _joined(placement, self._points), placement
        if at not in self._triggers:
            if len(self._triggers) * len(self.text) > MAX_COMPILED_BYTES:
                return "the file is loaded already, and has too many breakpoints for its size"
            self._triggers[at] = self._find(at)
        return self._triggers[at] or "the file is loaded already, and this statement has no code of its own there"

    def _find(self, at: Place) -> Trigger | None:
        loaded = self.functions()
        if loaded is None or not any(one.place == at for one in self._points.points.get(at[0], ())):
            return None
        probes = {place: one.probe for place, one in self._given.items()}
        marked = compiled(self._instrumented({**probes, at: Probe(MARK)}))
        return None if marked is None else _trigger(loaded, marked)


def _joined(one: Placement, other: Placement) -> Placement:
    """The points of both, which are of the same text."""
    points = dict(other.points)
    for line, of_line in one.points.items():
        found = {point.place: point for point in (*points.get(line, ()), *of_line)}
        points[line] = tuple(sorted(found.values(), key=lambda point: point.offset))
    return Placement(points, one.continuations)


def _line(text: bytes, line: int) -> bytes | None:
    lines = text.splitlines()
    return lines[line - 1] if line <= len(lines) else None


def _trigger(loaded: Function, marked: Function) -> Trigger | None:
    pair = next(_marked_functions(loaded, marked), None)
    if pair is None:
        return None
    function, other = pair
    index = _index_of_mark(other)
    if index is None or index >= len(function.code):
        return None
    after = index + _MARK_INSTRUCTIONS
    if function.lines[index] != other.lines[after] or function.lines[:index] != other.lines[:index]:
        return None
    if any((one ^ two) & 0x7F for one, two in zip(function.code[:index], other.code[:index], strict=True)):
        return None
    return _announced(function, index)


def _marked_functions(loaded: Function, marked: Function) -> Iterator[tuple[Function, Function]]:
    pairs = [(loaded, marked)]
    while pairs:
        one, other = pairs.pop()
        if other.marks:
            yield one, other
        pairs.extend(zip(one.functions, other.functions, strict=False))


def _index_of_mark(function: Function) -> int | None:
    [mark, *_] = function.marks
    for index, instruction in enumerate(function.code):
        if instruction & 0x7F == _OP_LOADK and instruction >> 15 == mark:
            return index - 1
    return None


def _jump_target(index: int, instruction: int) -> int | None:
    operation, wide = instruction & 0x7F, instruction >> 15
    if operation == _OP_JMP:
        return index + 1 + (instruction >> 7) - _JUMP_BIAS
    if operation in (_OP_FORLOOP, _OP_TFORLOOP):
        return index + 1 - wide
    if operation == _OP_FORPREP:
        return index + 2 + wide
    if operation == _OP_TFORPREP:
        return index + 1 + wide
    return None


def _announced(function: Function, index: int) -> Trigger | None:
    lines = function.lines
    line = lines[index]
    targets = {_jump_target(at, instruction) for at, instruction in enumerate(function.code)}
    # hooks of a vararg function begin behind its first instruction
    first = 1 if function.code[0] & 0x7F == _OP_VARARGPREP else 0

    def has_event(at: int) -> bool:
        return at >= first and (at == first or lines[at - 1] != line or at in targets)

    if not has_event(index):
        return None
    exact = all(at == index or other != line or not has_event(at) for at, other in enumerate(lines))
    return Trigger(function.first_line, function.last_line, index, line, exact)
