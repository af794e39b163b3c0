"""Breakpoints in chunks that are loaded already, at no cost: functions are given code with probes.

The chunk's text is compiled again with probes for the breakpoints in force, and each function whose instructions
differ exchanges them with its new version (``protos.py``), so that closures that exist run the new code. A function
that has a frame on the stack of any coroutine keeps its code; until it is left, the line hook finds its breakpoints
(``late.py``).

Called by the script's own thread alone, at points where nothing runs Lua; the Lua half (``lua/swap.lua``) keeps the
chunks and gathers addresses.

Invariants: a breakpoint has its probe in all loads of its chunk or in none; where anything is not as expected the line
hook stays, and nobody is told.
"""

import itertools
import os
import sys
import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass

from ..runtime.process_memory import ProcessMemory, UnreadableMemoryError
from ..runtime.service_threads import ServiceTimer
from .breakpoints import BreakpointTable, source_of_file
from .bytecode import Function, compiled
from .developer_log import note
from .late import GivenProbe, LoadedChunk, Span
from .probes import Place
from .protos import (
    Proto,
    Stacks,
    SwapRefusedError,
    UnexpectedFunctionError,
    active_code,
    colours_agree,
    exchange,
    functions_of,
    verify,
)
from .swap_trial import exchange_works

# Loads of one chunk name, of all, and the size of their texts: the Lua half keeps as many functions alive.
MAX_LOADS_OF_CHUNK = 8
MAX_LOADS = 1000
MAX_SIZE = 16 * 1024 * 1024
# what is not as expected so often stays as it is
MAX_FAILURES = 3

# "0" leaves all breakpoints in loaded chunks to the line hook
_SETTING = "LLMSPELL_FAST_TIER"


@dataclass(slots=True, eq=False)
class _Load:
    """A load of a chunk; the Lua half knows its function by the number. ``text`` is that of its new version,
    ``is_sent`` whether the Lua half has it."""

    number: int
    chunk: LoadedChunk
    text: bytes = b""
    functions: Function | None = None  # of that text
    is_sent: bool = False
    is_refused: bool = False
    failures: int = 0

    def failed(self) -> None:
        """What the Lua half has may be of an attempt that another one has interrupted: it gets the text again."""
        self.failures += 1
        self.is_refused = self.failures >= MAX_FAILURES
        self.is_sent = False


@dataclass(frozen=True, slots=True)
class _Attempt:
    """Loads of one chunk that are to get the same probes."""

    chunk_name: str
    wanted: Mapping[Place, GivenProbe]
    loads: Sequence[_Load]

    @property
    def lacks_probes(self) -> bool:
        return any(not load.chunk.has_probe(at) for load in self.loads for at in self.wanted)


@dataclass(frozen=True, slots=True)
class _Pair:
    """A function of a loaded chunk, its new version, and what the compiler says of both."""

    old: Proto
    new: Proto
    before: Function
    after: Function
    chunk_name: bytes

    @property
    def span(self) -> Span:
        return self.after.first_line, self.after.last_line


def is_wanted() -> bool:
    return os.environ.get(_SETTING) != "0"


class CodeSwap:
    """``attempted`` is told after each attempt whether breakpoints remain without a probe."""

    def __init__(self, table: BreakpointTable, attempted: Callable[[bool], None], *, enabled: bool) -> None:
        self._table = table
        self._attempted = attempted
        self._enabled = enabled and sys.platform == "linux" and ProcessMemory.available()
        self._memory = ProcessMemory()
        self._numbers = itertools.count(1)
        self._loads: dict[int, _Load] = {}  # the oldest first
        self._of_name: dict[str, list[_Load]] = {}
        self._size = 0
        # of these chunks there are loads that are not known; the oldest first
        self._lost: dict[str, None] = {}
        self._planned: list[_Attempt] = []
        self._attempts: list[_Attempt] = []  # of those, what is still to be done

    def loaded(self, chunk: LoadedChunk) -> tuple[int, ...]:
        """A chunk is about to be loaded: the number under which the Lua half keeps its function, then those that it
        forgets."""
        name = chunk.chunk_name
        if not self._enabled or name in self._lost:
            return ()
        known = self._of_name.get(name, [])
        # functions of another text are none of the file as it is
        forgotten = [one for one in known if one.chunk.text != chunk.text]
        if len(known) - len(forgotten) >= MAX_LOADS_OF_CHUNK:
            self._lose(name)
            forgotten = list(known)
        for one in forgotten:
            self._forget(one)
        load = _Load(next(self._numbers), chunk)
        self._loads[load.number] = load
        self._of_name.setdefault(name, []).append(load)
        self._size += len(chunk.text)
        while len(self._loads) > MAX_LOADS or self._size > MAX_SIZE:
            # files are debugged more than cells and strings are, which come and go
            passing = (one for one in self._loads.values() if source_of_file(one.chunk.chunk_name) is None)
            oldest = next(passing, None) or next(iter(self._loads.values()))
            self._lose(oldest.chunk.chunk_name)
            self._forget(oldest)
            forgotten.append(oldest)
        return load.number, *(one.number for one in forgotten)

    def _forget(self, load: _Load) -> None:
        name = load.chunk.chunk_name
        del self._loads[load.number]
        self._of_name[name].remove(load)
        if not self._of_name[name]:
            del self._of_name[name]
        self._size -= len(load.chunk.text)

    def _lose(self, chunk_name: str) -> None:
        self._lost[chunk_name] = None
        if len(self._lost) > MAX_LOADS:
            del self._lost[next(iter(self._lost))]

    def plan(self) -> tuple[int | bytes, ...]:
        """What the Lua half is to load: number, chunk name and text of each; no text where it has that already."""
        self._attempts = []
        if not self._enabled:
            return ()
        chunks = self._table.wanted_probes()
        if not chunks:
            self._attempted(False)
            return ()
        if not exchange_works():
            self._enabled = False
            return ()
        flat: list[int | bytes] = []
        for chunk, wanted in chunks:
            loads = self._loads_for(chunk, wanted)
            if loads:
                self._attempts.append(_Attempt(chunk.chunk_name, wanted, loads))
            for load in loads:
                flat += [load.number, os.fsencode(chunk.chunk_name), b"" if load.is_sent else load.text]
                load.is_sent = True
        self._planned = list(self._attempts)
        self._tell_attempted()
        return tuple(flat)

    def _loads_for(self, chunk: LoadedChunk, wanted: Mapping[Place, GivenProbe]) -> Sequence[_Load]:
        """The loads of a chunk, with the texts of their new versions; none where functions must stay as they are."""
        loads = tuple(self._of_name.get(chunk.chunk_name, ()))
        if chunk.chunk_name in self._lost or not any(one.chunk is chunk for one in loads):
            return ()
        for load in loads:
            load.chunk.take_points(chunk)
            text = load.chunk.text_with(wanted)
            if text != load.text:
                load.text, load.functions, load.is_sent = text, compiled(text), False
                load.is_refused, load.failures = load.functions is None, 0
            if load.is_refused:
                return ()
        return loads

    def swap(self, addresses: bytes, threads: bytes, leaving: bytes) -> tuple[bool, bool]:
        """``addresses``: number, function and new function of each load, 0 where there is none; ``threads``: all
        coroutines that run code of scripts; ``leaving``: the one whose hook sees a function return, which counts as
        left, empty where there is none. Gives whether anything was exchanged, and whether a collection of garbage
        would help."""
        numbers = [int(one, 16) for one in addresses.split()]
        functions = {number: (old, new) for number, old, new in zip(*[iter(numbers)] * 3, strict=True)}
        stacks = Stacks([int(one, 16) for one in threads.split()], int(leaving, 16) if leaving else None)
        attempts, self._attempts = self._attempts, []
        swapped = wants_collection = False
        for attempt in attempts:
            try:
                spans, of_colour = self._swap(attempt, functions, stacks)
            except SwapRefusedError as refusal:
                note(__name__, "%s: not now: %s", attempt.chunk_name, refusal)
                continue
            except (UnexpectedFunctionError, UnreadableMemoryError) as problem:
                note(__name__, "%s: %s", attempt.chunk_name, problem)
                for load in attempt.loads:
                    load.failed()
                continue
            wants_collection = wants_collection or of_colour
            for load in attempt.loads if spans else ():
                self._table.exchanged(load.chunk, attempt.wanted, spans)
            swapped = swapped or bool(spans)
            if of_colour:
                self._attempts.append(attempt)
        self._tell_attempted()
        return swapped, wants_collection

    def _tell_attempted(self) -> None:
        self._attempted(any(one.lacks_probes for one in self._planned))

    def _swap(self, attempt: _Attempt, functions: dict[int, tuple[int, int]], stacks: Stacks) -> tuple[set[Span], bool]:
        """The spans of the functions that were exchanged, and whether others were not for their colour."""
        pairs = [pair for load in attempt.loads for pair in self._pairs(load, *functions.get(load.number, (0, 0)))]
        differing: dict[Span, list[_Pair]] = {}
        for pair in pairs:
            if _code_differs(pair.before, pair.after):
                differing.setdefault(pair.span, []).append(pair)
        active = active_code(self._memory, stacks, [one.old for of_span in differing.values() for one in of_span])
        idle = {span: some for span, some in differing.items() if not any(one.old.address in active for one in some)}
        ready = {span: some for span, some in idle.items() if all(colours_agree(one.old, one.new) for one in some)}
        chosen = [pair for of_span in ready.values() for pair in of_span]
        for pair in chosen:
            verify(self._memory, pair.old, pair.before, pair.chunk_name)
            verify(self._memory, pair.new, pair.after, pair.chunk_name)
        exchange([(pair.old, pair.new) for pair in chosen])
        return set(ready), len(ready) < len(idle)

    def _pairs(self, load: _Load, old: int, new: int) -> Iterator[_Pair]:
        before, after = load.chunk.functions(), load.functions
        if not old or not new or before is None or after is None:
            raise UnexpectedFunctionError(f"load {load.number}: there are no functions to exchange")
        protos = functions_of(self._memory, old), functions_of(self._memory, new)
        trees = list(before.tree()), list(after.tree())
        if not len(protos[0]) == len(protos[1]) == len(trees[0]) == len(trees[1]):
            raise UnexpectedFunctionError(f"load {load.number}: other functions than expected")
        name = os.fsencode(load.chunk.chunk_name)
        for one, other, was, becomes in zip(*protos, *trees, strict=True):
            if was.shape != becomes.shape:
                raise UnexpectedFunctionError(f"function at line {was.first_line}: a probe changes its shape")
            yield _Pair(one, other, was, becomes, name)


def _code_differs(one: Function, other: Function) -> bool:
    return one.code_bytes != other.code_bytes or one.constant_kinds != other.constant_kinds


class Retry:
    """Calls a function again and again while something remains to be done: soon at first, then more seldom."""

    FIRST_SECONDS, MOST_SECONDS = 0.05, 1.0

    def __init__(self, call: Callable[[], None]) -> None:
        self._call = call
        self._lock = threading.Lock()
        self._timer: ServiceTimer | None = None
        self._delay = self.FIRST_SECONDS

    def attempted(self, remains: bool) -> None:
        """An attempt was made."""
        with self._lock:
            if not remains:
                self._stop()
            elif self._timer is None:
                self._timer = ServiceTimer(self._delay, self._elapsed, name="swap")
                self._timer.start()
                self._delay = min(2 * self._delay, self.MOST_SECONDS)

    def stop(self) -> None:
        with self._lock:
            self._stop()

    def _stop(self) -> None:
        if self._timer is not None:
            self._timer.cancel()
        self._timer, self._delay = None, self.FIRST_SECONDS

    def _elapsed(self) -> None:
        with self._lock:
            if self._timer is not threading.current_thread():
                return
            self._timer = None
        self._call()
